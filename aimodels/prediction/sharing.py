"""Which of some examples each of several workers answers, and how the chief gets the answers of all of them."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.distribution.cluster import Cluster
from aimodels.distribution.crew import Crew
from aimodels.distribution.meeting import meet
from aimodels.errors import FailedError, UserError

Positions = npt.NDArray[np.int64]

MESSAGE_BYTES = 16 * 2**20
# So many messages a worker may be ahead of the chief, who keeps those that it has not looked at yet.
MESSAGES_AHEAD = 8
GO_ON, DONE = b"go on", b"done"
LOST = "AM421"


@dataclass(frozen=True)
class WorkerPart:
    """How many examples one of several workers has answered, for the chief."""

    worker: int
    num_answered: int


class Share:
    """The part of this process in what several workers answer together; everything, where there is one process.

    Every worker asks for the same examples in the same order. They come in pieces, which are dealt out in turn, so that
    each piece is answered once, and in the same way whoever does it.
    """

    def __init__(self, crew: Crew | None = None) -> None:
        self._crew = crew
        self._num_dealt = 0
        self._num_gathered = 0
        self._num_answered = 0

    @property
    def size(self) -> int:
        """How many workers there are."""
        return 1 if self._crew is None else self._crew.cluster.size

    @property
    def index(self) -> int:
        """Which of them this is."""
        return 0 if self._crew is None else self._crew.cluster.index

    @property
    def is_chief(self) -> bool:
        """Whether this one gets all answers."""
        return self.index == 0

    @property
    def part(self) -> "WorkerPart":
        """What this worker has done so far."""
        return WorkerPart(self.index, self._num_answered)

    def deal(self, pieces: Sequence[Positions]) -> "Deal":
        """Deal out pieces of some examples, each the positions of some of them; it goes on where it ended before."""
        first = self._num_dealt
        self._num_dealt += len(pieces)
        owners = (np.arange(first, self._num_dealt) % self.size).tolist()
        dealt = Deal(self, tuple(pieces), tuple(owners))
        self._num_answered += sum(map(len, dealt.mine))
        return dealt

    def check(self) -> None:
        """Every worker must still be there: without one, the work of the others is in vain.

        Raises:
            FailedError: one is lost.
        """
        if self._crew is not None and self._crew.lost is not None:
            raise _lost(self._crew, self._crew.lost)

    def gather(self, message: bytes) -> list[bytes]:
        """What every worker says, in their order; for all but the chief, what it says itself.

        Raises:
            FailedError: a worker is lost.
        """
        if self._crew is None:
            return [message]
        found = self._crew.gather(message)
        self._num_gathered += 1
        if self._num_gathered % MESSAGES_AHEAD == 0:
            if self.is_chief:
                self._crew.tell(GO_ON)
            elif self._num_gathered > MESSAGES_AHEAD:
                self._crew.hear()
        return [message] if found is None else found

    def gather_notes(self, notes: Mapping[int, str]) -> dict[int, str]:
        """The notes of every worker about the examples at some positions; for all but the chief, its own."""
        found: dict[int, str] = {}
        for message in self.gather(json.dumps(list(notes.items())).encode()):
            found |= {int(position): str(note) for position, note in json.loads(message)}
        return found

    def finish(self) -> None:
        """Wait until the chief has everything."""
        if self._crew is None:
            return
        if self.is_chief:
            with suppress(FailedError):  # whoever is lost now has done its part
                self._crew.tell(DONE)
        else:
            while self._crew.hear() != DONE:
                pass


@dataclass(frozen=True)
class Deal:
    """Which worker answers which pieces of some examples; every worker knows it of all of them."""

    share: Share
    pieces: tuple[Positions, ...]
    owners: tuple[int, ...]

    @property
    def mine(self) -> list[Positions]:
        """The pieces of this worker."""
        return self._of(self.share.index)

    def complete(self, rows: Mapping[str, npt.NDArray[Any]]) -> None:
        """Fill in what the other workers answered: arrays [N, ...] with the rows of this worker's pieces filled in.

        All but the chief only hand over their own.

        Raises:
            FailedError: a worker is lost.
        """
        if self.share.size == 1:
            return
        places = [np.concatenate([np.empty(0, np.int64), *self._of(index)]) for index in range(self.share.size)]
        row_bytes = sum(array[:1].nbytes for array in rows.values())
        step = max(1, MESSAGE_BYTES // max(1, row_bytes))
        for start in range(0, max(map(len, places)), step):
            own = places[self.share.index][start : start + step]
            messages = self.share.gather(_packed({name: array[own] for name, array in rows.items()}))
            for index, message in enumerate(messages[1:], start=1):
                theirs = places[index][start : start + step]
                for name, values in _unpacked(message).items():
                    rows[name][theirs] = values

    def _of(self, index: int) -> list[Positions]:
        return [piece for piece, owner in zip(self.pieces, self.owners, strict=True) if owner == index]


def _packed(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _unpacked(message: bytes) -> dict[str, npt.NDArray[Any]]:
    with np.load(io.BytesIO(message), allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


@contextmanager
def together(cluster: Cluster | None, facts: Mapping[str, Any]) -> Iterator[Share]:
    """This worker's share while the block runs, in which all workers answer; everything where there is no cluster.

    Nobody leaves before the chief has everything. `facts` are what all workers must have in common.

    Raises:
        UserError: a worker is missing, brings something else, or is lost.
    """
    if cluster is None:
        yield Share()
        return
    with meet(cluster, facts) as crew:
        share = Share(crew)
        try:
            yield share
            share.finish()
        except UserError as error:
            if error.code == LOST and crew.lost is not None:
                raise _lost(crew, crew.lost) from error
            crew.close()  # it says itself what is wrong: none is lost to another
            if error.code == LOST:
                raise _ended() from error
            raise


def _ended() -> FailedError:
    return FailedError(
        "another worker has ended before all was answered, with an error of its own",
        code=LOST,
        help="its output says which; mend that, and start all workers again",
    )


def _lost(crew: Crew, index: int) -> FailedError:
    return FailedError(
        f"{crew.cluster.describe(index)} was lost while the workers were answering: it failed, was killed, hangs, or "
        "its machine cannot be reached any more",
        code=LOST,
        help="what it said says more; start all workers again",
    )
