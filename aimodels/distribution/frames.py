"""What workers say to each other on a connection: frames of a kind, a length and some bytes."""

import enum
import socket
import struct
from dataclasses import dataclass

HEADER = struct.Struct("!4sBQ")
MAGIC = b"aim1"
# A machine that vanishes is noticed after half a minute, whether or not something is on its way to it.
IDLE_SECONDS, PROBE_SECONDS, NUM_PROBES = 10, 5, 4
UNHEARD_MILLISECONDS = 30_000


class Kind(enum.IntEnum):
    """What a frame is for."""

    HELLO = 1
    WELCOME = 2
    VERDICT = 3
    MESSAGE = 4
    LOST = 5
    GOODBYE = 6
    ALIVE = 7


@dataclass(frozen=True)
class Frame:
    """One thing said on a connection."""

    kind: Kind
    content: bytes = b""


class NotOurs(OSError):
    """Something else than a worker of ours speaks on a connection."""


def header_of(head: bytes) -> tuple[Kind, int]:
    """The kind of a frame and the length of its content, in bytes.

    Raises:
        NotOurs: these are no first bytes of a frame.
    """
    magic, number, length = HEADER.unpack(head)
    if magic != MAGIC or number not in list(Kind):
        raise NotOurs("something else than a worker speaks there")
    return Kind(number), length


def send(connection: socket.socket, frame: Frame) -> None:
    """Send one frame, whole.

    Raises:
        OSError: the connection is gone.
    """
    connection.sendall(HEADER.pack(MAGIC, frame.kind, len(frame.content)))
    connection.sendall(frame.content)


def receive(connection: socket.socket) -> Frame:
    """Wait for one frame.

    Raises:
        OSError: the connection is gone; `EOFError` where the other side closed it.
    """
    kind, length = header_of(_exactly(connection, HEADER.size))
    return Frame(kind, _exactly(connection, length))


def _exactly(connection: socket.socket, length: int) -> bytes:
    found = bytearray(length)
    view = memoryview(found)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise EOFError("the connection was closed")
        view = view[count:]
    return bytes(found)


def keep_alive(connection: socket.socket) -> None:
    """Let the system notice that the machine at the other end is gone, and send small frames at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, IDLE_SECONDS),
        (socket.TCP_KEEPINTVL, PROBE_SECONDS),
        (socket.TCP_KEEPCNT, NUM_PROBES),
        (socket.TCP_USER_TIMEOUT, UNHEARD_MILLISECONDS),
        (socket.TCP_NODELAY, 1),
    ):
        connection.setsockopt(socket.IPPROTO_TCP, option, value)
