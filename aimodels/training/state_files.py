"""States as files, `<epoch>-<step>-<hash>.safetensors`: whole or not there, and proved by the hash of their content."""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from aimodels.encoders.safetensors_files import save_tensors
from aimodels.errors import FailedError
from aimodels.events import warn
from aimodels.runs.atomic import TEMPORARY, cannot_write, flush
from aimodels.runs.folder import RunFolder
from aimodels.training.state import Position, State

SUFFIX = ".safetensors"
NAME = re.compile(rf"(\d+)-(\d+)-([0-9a-f]{{16}}){re.escape(SUFFIX)}")
DIGITS = 16
FORMAT = "aimodels.state/1"


def write_state(state: State, run: RunFolder, *, keep: int) -> Path:
    """Write a state, make sure that it would survive a power cut, and remove all older ones but `keep` - 1.

    Raises:
        MachineError: the disk is full or the folder cannot be written.
    """
    # What the state says of these files must not be more than is on the disk.
    for name, size in state.sizes.items():
        if size:
            flush(run.path / name)
    folder = run.states
    partial = folder / f".{state.position.epoch}-{state.position.step}.{os.getpid()}{TEMPORARY}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            save_tensors(state.values, partial, metadata={"format": FORMAT, "state": json.dumps(state.told())})
            flush(partial)
            path = folder / f"{state.position.epoch}-{state.position.step}-{_digest(partial)}{SUFFIX}"
            partial.replace(path)
            flush(folder)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    except SafetensorError as error:
        raise cannot_write(folder, OSError(None, str(error))) from error
    _remove_older(path, keep=keep)
    return path


def _remove_older(newest: Path, *, keep: int) -> None:
    others = [path for path in state_files(newest.parent) if path != newest]
    superseded = [path for path in others if position_of(path) >= position_of(newest)]
    rest = [path for path in others if path not in superseded]
    for path in (*superseded, *rest[: max(0, len(rest) - keep + 1)]):
        path.unlink(missing_ok=True)


def state_files(folder: Path) -> list[Path]:
    """The files of a folder that are states, the oldest first."""
    found = [path for path in folder.glob(f"*{SUFFIX}") if NAME.fullmatch(path.name)]
    return sorted(found, key=position_of)


def position_of(path: Path) -> Position:
    """How far the training was."""
    epoch, step, _ = path.stem.split("-")
    return Position(int(epoch), int(step))


@dataclass(frozen=True)
class KeptState:
    """A state that was read, and its file."""

    path: Path
    state: State


def expect_states(run: RunFolder) -> None:
    """Make sure that a run that has trained has states: it would begin again, and what it gave would be lost.

    Raises:
        FailedError: it has none.
    """
    epochs = run.history().get("epoch", []) if run.history_file.exists() else []
    # Killed early, a run has none yet: the first may still have been written when the second epoch ended.
    if len(epochs) <= 2 or state_files(run.states):
        return
    raise FailedError(
        f"{run.name} has trained {len(epochs)} epochs and {run.states} holds no state: they were removed",
        code="AM403",
        help="put back a copy of the run, or train anew, without --resume",
    )


def newest_state(run: RunFolder) -> State | None:
    """The newest state that is whole; None where none was kept. Those that are broken are told, and passed over.

    Raises:
        FailedError: all of them are broken.
    """
    found = newest_kept(run)
    return found.state if found else None


def newest_kept(run: RunFolder) -> KeptState | None:
    """The same, with its file.

    Raises:
        FailedError: all of them are broken.
    """
    files = state_files(run.states)
    if not files:
        return None
    for number in reversed(range(len(files))):
        state = read_state(files[number])
        if state is not None:
            return KeptState(files[number], state)
        if number:
            warn(
                "AM404",
                f"the state {files[number].name} of {run.name} is broken; training goes on from the one before, "
                f"{files[number - 1].name}",
                help="what was done since is done again; look after the disk that it was on",
            )
    raise FailedError(
        f"no state of {run.name} can be read: all {len(files)} files in {run.states} are broken",
        code="AM403",
        help="put back a copy of the run, or train anew, without --resume",
    )


def read_state(path: Path) -> State | None:
    """The state in a file; None where its content is not what its name says."""
    try:
        if not path.stem.endswith(_digest(path)):
            return None
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                return None
            values = {name: file.get_tensor(name) for name in file.keys()}  # the file is no mapping
        return State.of(json.loads(metadata["state"]), values=values)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None


def _digest(path: Path) -> str:
    """The first digits of the hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]
