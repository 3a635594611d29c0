"""The workers of a training as they stay in touch: messages between the chief and the others, and who is gone.

Every worker has one connection to the chief, which stays open for the whole run. A worker that leaves says goodbye
first, so that an end of a connection without it is the loss of that worker. So is a silence: both ends give a sign of
life now and then, from a thread, which goes on while TensorFlow computes.
"""

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Self

from aimodels.distribution.cluster import Cluster
from aimodels.distribution.frames import Frame, Kind, NotOurs, keep_alive, receive, send
from aimodels.errors import FailedError

CHIEF = 0
GOODBYE_SECONDS = 1.0
# Of the silence after which a worker is lost.
SIGNS_OF_LIFE = 6
LONGEST_PAUSE_SECONDS = 1.0


def worker_lost(cluster: Cluster, index: int) -> FailedError:
    """The error of a training that lost a worker, for those that are left."""
    who = cluster.describe(index)
    return FailedError(
        f"{who} was lost: it died, was killed, hangs, or its machine cannot be reached any more",
        code="AM421",
        help="its own log says more; start all workers again, with --resume auto to go on from the last state",
    )


def _silence(peer: "_Peer") -> float:
    return time.monotonic() - peer.heard_at


class _Peer:
    """The other end of one connection: a thread reads it, so that an end is noticed whatever the program does."""

    def __init__(self, index: int, connection: socket.socket, *, crew: "Crew") -> None:
        self.index = index
        self.has_left = False
        self.heard_at = time.monotonic()
        self._connection = connection
        self._crew = crew
        self._sending = threading.Lock()
        # None: there is nothing more to come.
        self._inbox: queue.Queue[bytes | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name=f"worker {index}", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._connection.settimeout(None)
        keep_alive(self._connection)
        self._reader.start()

    def send(self, frame: Frame) -> None:
        """Send one frame; threads take turns."""
        with self._sending:
            send(self._connection, frame)

    def give_sign_of_life(self) -> None:
        """Let the other end know that this one is there; not needed while something else is being sent."""
        if self._sending.acquire(blocking=False):
            try:
                send(self._connection, Frame(Kind.ALIVE))
            finally:
                self._sending.release()

    def next_message(self) -> bytes | None:
        """Wait for a message; None where there is nothing more to come."""
        message = self._inbox.get()
        if message is None:
            self.end_inbox()  # for whoever asks again
        return message

    def end_inbox(self) -> None:
        """Whoever waits for a message waits no longer."""
        self._inbox.put(None)

    def _read(self) -> None:
        try:
            while not self.has_left:
                frame = receive(self._connection)
                self.heard_at = time.monotonic()
                self._take(frame)
        except (OSError, EOFError):
            self._crew.notice_loss(self.index)
        self.end_inbox()

    def _take(self, frame: Frame) -> None:
        match frame.kind:
            case Kind.MESSAGE:
                self._inbox.put(frame.content)
            case Kind.LOST:
                self._crew.notice_loss(json.loads(frame.content))
            case Kind.GOODBYE:
                self.has_left = True
            case Kind.ALIVE:
                pass
            case _:
                raise NotOurs(f"{frame.kind.name} at the wrong time")

    def say_goodbye(self) -> None:
        """Say that this end leaves, and that nothing more comes."""
        with suppress(OSError):
            self.send(Frame(Kind.GOODBYE))
            self._connection.shutdown(socket.SHUT_WR)

    def hang_up(self, *, until: float) -> None:
        """Close the connection, once the other end has left as well or `until` is over, by the monotonic clock."""
        if self._reader is not threading.current_thread():
            self._reader.join(timeout=max(0.0, until - time.monotonic()))
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class Crew:
    """The workers of one training, in touch: the chief with each of the others, each of the others with the chief.

    As a context manager it closes at the end of the block. An exception closes it without a goodbye, so that the
    others learn at once that this worker is lost to them.
    """

    def __init__(self, cluster: Cluster, connections: Mapping[int, socket.socket]) -> None:
        self.cluster = cluster
        self._lock = threading.Lock()
        self._is_closed = False
        self._lost: int | None = None
        self._on_lost: Callable[[int], None] | None = None
        self._peers = {index: _Peer(index, connections[index], crew=self) for index in sorted(connections)}
        self._closing = threading.Event()
        for peer in self._peers.values():
            peer.start()
        threading.Thread(target=self._stay_in_touch, name="signs of life", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close() if kind is None else self.abandon()

    @property
    def lost(self) -> int | None:
        """The worker that was lost first, or None."""
        return self._lost

    def tell(self, message: bytes, *, to: Collection[int] | None = None) -> None:
        """Send a message from the chief to every other worker, or to those of these numbers; each must `hear` it.

        Raises:
            FailedError: a worker is gone.
        """
        self._check_role(is_chief=True)
        for peer in self._peers.values():
            if to is None or peer.index in to:
                self._send(peer, message)

    def hear(self) -> bytes:
        """Wait for the next message of the chief.

        Raises:
            FailedError: a worker is gone.
        """
        self._check_role(is_chief=False)
        return self._next_message(self._peers[CHIEF])

    def gather(self, message: bytes) -> list[bytes] | None:
        """Send a message to the chief, which gets those of all workers, its own first, in the order of the workers.

        Every worker must call it. None for all but the chief.

        Raises:
            FailedError: a worker is gone.
        """
        if not self.cluster.is_chief:
            self._send(self._peers[CHIEF], message)
            return None
        return [message, *(self._next_message(peer) for peer in self._peers.values())]

    def watch(self, on_lost: Callable[[int], None]) -> None:
        """Call `on_lost` with the number of the first worker that is lost, once, from another thread.

        Where one was lost before, the call comes at once, from this thread.
        """
        with self._lock:
            self._on_lost = on_lost
            lost = self._lost
        if lost is not None:
            on_lost(lost)

    def close(self) -> None:
        """Leave after a goodbye: the normal end, which is no loss to the others."""
        if not self._begin_to_close():
            return
        for peer in self._peers.values():
            peer.say_goodbye()
        self._hang_up(until=time.monotonic() + GOODBYE_SECONDS)

    def abandon(self) -> None:
        """Leave without a goodbye: the others notice that this worker is lost."""
        if self._begin_to_close():
            self._hang_up(until=time.monotonic())

    def notice_loss(self, index: int) -> None:
        """Remember that a worker is lost and tell everyone: the others, whoever waits for a message, the watcher."""
        with self._lock:
            if self._is_closed or self._lost is not None:
                return
            self._lost = index
            on_lost = self._on_lost
        for peer in self._peers.values():
            if peer.index != index:
                with suppress(OSError):
                    peer.send(Frame(Kind.LOST, json.dumps(index).encode()))
            peer.end_inbox()
        if on_lost is not None:
            on_lost(index)

    def give_up_the_silent(self) -> None:
        """Lose whoever has been silent longest, now that an operation that all take part in has failed.

        TensorFlow has signs of life of its own and is less patient. Where the silent one is another worker's to hear,
        wait until it is told. Returns where nobody is lost.
        """
        silent = max((peer for peer in self._peers.values() if not peer.has_left), key=_silence, default=None)
        if silent is not None and _silence(silent) > 3 * LONGEST_PAUSE_SECONDS:
            self.notice_loss(silent.index)
        self._closing.wait(self.cluster.silent_seconds)

    def _stay_in_touch(self) -> None:
        """Give signs of life, and notice who gives none any more."""
        silent_seconds = self.cluster.silent_seconds
        pause = min(LONGEST_PAUSE_SECONDS, silent_seconds / SIGNS_OF_LIFE)
        looked_at = time.monotonic()
        while not self._closing.wait(pause):
            here = [peer for peer in self._peers.values() if not peer.has_left]
            before, looked_at = looked_at, time.monotonic()
            # Whoever did not run for a while itself could not hear the others.
            was_away = looked_at - before > silent_seconds / 2
            for peer in here:
                if was_away:
                    peer.heard_at = looked_at
                elif looked_at - peer.heard_at > silent_seconds:
                    self.notice_loss(peer.index)
                with suppress(OSError):  # that it is gone is noticed where it is read
                    peer.give_sign_of_life()

    def _begin_to_close(self) -> bool:
        with self._lock:
            is_first = not self._is_closed
            self._is_closed = True
        self._closing.set()
        return is_first

    def _hang_up(self, *, until: float) -> None:
        for peer in self._peers.values():
            peer.hang_up(until=until)

    def _send(self, peer: _Peer, message: bytes) -> None:
        if self._lost is not None or peer.has_left:
            raise self._gone(peer)
        try:
            peer.send(Frame(Kind.MESSAGE, message))
        except OSError as error:
            if not peer.has_left:
                self.notice_loss(peer.index)
            raise self._gone(peer) from error

    def _next_message(self, peer: _Peer) -> bytes:
        message = peer.next_message()
        if message is None:
            raise self._gone(peer)
        return message

    def _gone(self, peer: _Peer) -> FailedError:
        if self._lost is not None:
            return worker_lost(self.cluster, self._lost)
        return FailedError(
            f"{self.cluster.describe(peer.index)} has ended, and this worker has not",
            code="AM421",
            help="all workers do the same steps: were they started with the same config and the same --resume?",
        )

    def _check_role(self, *, is_chief: bool) -> None:
        if self.cluster.is_chief != is_chief:
            raise RuntimeError(f"worker {self.cluster.index} cannot {'tell' if is_chief else 'hear'} the others")
