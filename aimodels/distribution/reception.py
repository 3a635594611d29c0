"""Where the chief of a cluster lets the other workers in, before they train."""

import errno
import json
import selectors
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aimodels.distribution.cluster import Address, Cluster
from aimodels.distribution.frames import HEADER, Frame, Kind, NotOurs, header_of, send
from aimodels.errors import MachineError, UsageError

# A config with some ten thousand columns.
LONGEST_HELLO = 1 << 24
READ_AT_ONCE = 1 << 16
GIVING_UP_SECONDS = 5.0
# Those who start together come together.
LATECOMERS_SECONDS = 2.0


@dataclass(frozen=True)
class Guest:
    """A worker that has come to the chief, and what it brings."""

    index: int
    connection: socket.socket
    facts: Mapping[str, Any]


class Reception:
    """Where the chief lets the others in, and takes no notice of whatever else calls: probes, scanners, browsers."""

    def __init__(self, cluster: Cluster) -> None:
        self.guests: dict[int, Guest] = {}
        self.doubled: UsageError | None = None
        self._cluster = cluster
        self._listener = listen(cluster)
        self._heard: dict[socket.socket, bytearray] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)

    def receive(self, *, seconds: float) -> None:
        """Let workers in until all are there, or the time is over; soon, where two say that they are the same one or
        one that it cannot take part: so that the others, who are on their way, hear of it too."""
        ends_at = time.monotonic() + seconds
        while len(self.guests) < self._cluster.size - 1:
            if self._is_troubled:
                ends_at = min(ends_at, time.monotonic() + LATECOMERS_SECONDS)
            remaining = ends_at - time.monotonic()
            if remaining <= 0:
                return
            for key, _ in self._selector.select(remaining):
                if key.fileobj is self._listener:
                    self._let_in()
                elif isinstance(key.fileobj, socket.socket):
                    self._listen(key.fileobj)

    @property
    def _is_troubled(self) -> bool:
        return self.doubled is not None or any("problem" in guest.facts for guest in self.guests.values())

    def _let_in(self) -> None:
        with suppress(OSError):  # it has hung up already
            connection, _ = self._listener.accept()
            connection.setblocking(False)  # noqa: FBT003  # its only parameter, which takes no name
            self._heard[connection] = bytearray()
            self._selector.register(connection, selectors.EVENT_READ)

    def _listen(self, connection: socket.socket) -> None:
        try:
            heard = connection.recv(READ_AT_ONCE)
            if not heard:
                raise EOFError
            self._heard[connection] += heard
            guest = _guest(connection, self._heard[connection], cluster=self._cluster)
        except BlockingIOError:
            return
        except (OSError, EOFError, ValueError, LookupError, TypeError):
            self._forget(connection)
            return
        if guest is not None:
            self._welcome(guest)

    def _welcome(self, guest: Guest) -> None:
        """Let a worker know that it has found the chief, and has only to wait."""
        try:
            send(guest.connection, Frame(Kind.WELCOME))
        except OSError:
            self._forget(guest.connection)
            return
        if guest.index in self.guests:
            self.doubled = _two_are_one(self._cluster, guest.index)
        else:
            self.guests[guest.index] = guest

    def _forget(self, connection: socket.socket) -> None:
        """A worker that has gone may come again."""
        self.guests = {index: guest for index, guest in self.guests.items() if guest.connection is not connection}
        self._selector.unregister(connection)
        del self._heard[connection]
        connection.close()

    def refuse(self, verdict: Frame) -> None:
        """Tell everyone who is there that nothing comes of it, and why."""
        for connection in self._heard:
            with suppress(OSError):
                connection.settimeout(GIVING_UP_SECONDS)
                send(connection, verdict)

    def hand_over(self) -> dict[int, socket.socket]:
        """The connections of the workers, which are no longer closed with this."""
        for guest in self.guests.values():
            del self._heard[guest.connection]
            guest.connection.settimeout(None)
        return {index: guest.connection for index, guest in self.guests.items()}

    def close(self) -> None:
        """Listen no more, and send away whoever is still there."""
        self._selector.close()
        self._listener.close()
        for connection in self._heard:
            connection.close()


def _guest(connection: socket.socket, heard: bytearray, *, cluster: Cluster) -> Guest | None:
    """The worker that a connection is from, or None where it has not yet said all.

    Raises:
        ValueError, LookupError, TypeError, OSError: it is from no worker of this cluster.
    """
    if len(heard) < HEADER.size:
        return None
    kind, length = header_of(bytes(heard[: HEADER.size]))
    if kind != Kind.HELLO or length > LONGEST_HELLO or len(heard) > HEADER.size + length:
        raise NotOurs("something else than a worker calls")
    if len(heard) < HEADER.size + length:
        return None
    facts = dict(json.loads(heard[HEADER.size :]))
    index = facts.pop("index")
    if index not in range(1, cluster.size):
        raise NotOurs(f"there is no worker {index} for this chief")
    return Guest(index=index, connection=connection, facts=facts)


def listen(cluster: Cluster) -> socket.socket:
    """A socket that listens at this worker's port: for this machine alone where its address is a loopback one.

    Raises:
        MachineError: the port cannot be used.
    """
    address = cluster.address(cluster.index)
    try:
        if _is_loopback(address):
            family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
            host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
            return socket.create_server((host, address.port), family=family, backlog=cluster.size)
        if socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", address.port), family=socket.AF_INET6, backlog=cluster.size, dualstack_ipv6=True
            )
        return socket.create_server(("", address.port), backlog=cluster.size)
    except OSError as error:
        raise _port_error(cluster, error) from error


def _two_are_one(cluster: Cluster, index: int) -> UsageError:
    return UsageError(
        f"two processes say that they are {cluster.describe(index)}",
        code="AM413",
        help=f"give each worker a number of its own, from 0 to {cluster.size - 1} ({cluster.source})",
    )


def _is_loopback(address: Address) -> bool:
    return address.host in ("localhost", "::1") or address.host.startswith("127.")


def _port_error(cluster: Cluster, error: OSError) -> MachineError:
    port = cluster.address(cluster.index).port
    who = cluster.describe(cluster.index)
    if error.errno == errno.EADDRINUSE:
        return MachineError(
            f"port {port} of {who} is in use by another process",
            code="AM420",
            help=f"`ss -ltnp 'sport = :{port}'` names it: end it if it is left from an earlier training, "
            f"or give the workers other ports ({cluster.source})",
        )
    return MachineError(
        f"{who} cannot listen at port {port}: {error.strerror or error}",
        code="AM420",
        help=f"give the workers ports from 1024 to 65535 ({cluster.source})",
    )
