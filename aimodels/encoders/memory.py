"""Whether an encoder fits into this machine's memory: an estimate before any weight is read."""

import math
from pathlib import Path

from aimodels.encoders.encoder import EncoderShape
from aimodels.errors import MachineError

FLOAT_BYTES = 4
# To train: the weight, its gradient, two numbers of Adam. To load: the weight, and what was read of it.
COPIES_TO_TRAIN = 4
COPIES_TO_LOAD = 2
# Control groups say this, or "max", where there is no limit.
NO_LIMIT = 1 << 60


def bytes_needed(shape: EncoderShape, *, trains: bool = True) -> int:
    """The least that an encoder of these sizes takes; what a batch takes comes on top.

    `trains`: whether its weights are trained, all of them or some.
    """
    numbers = sum(math.prod(sizes) for sizes in shape.weights.values())
    return numbers * FLOAT_BYTES * (COPIES_TO_TRAIN if trains else COPIES_TO_LOAD)


def expect_fits(
    shape: EncoderShape, *, name: str, trains: bool = True, advice: str = "", system: Path = Path("/")
) -> None:
    """Make sure that there is memory for an encoder.

    `advice` is what else would help, besides a smaller encoder; `system` is where `proc` and `sys` are.

    Raises:
        MachineError: there is not.
    """
    needed, available = bytes_needed(shape, trains=trains), available_bytes(system)
    if available is None or needed <= available:
        return
    numbers = sum(math.prod(sizes) for sizes in shape.weights.values())
    what = "train" if trains else "load"
    message = (
        f"the encoder {name} needs at least {_size(needed)} of memory to {what}, and {_size(available)} are available"
    )
    told = "each with its gradient and two numbers of Adam" if trains else "each twice while they are loaded"
    raise MachineError(
        message,
        code="AM352",
        help="; ".join(part for part in ("take a smaller encoder, or a machine with more memory", advice) if part),
        notes=(f"{numbers:,} weights of {FLOAT_BYTES} bytes, {told}",),
    )


def available_bytes(system: Path = Path("/")) -> int | None:
    """Memory that this process may still take: the machine's, or the limit of its control group if that is less.

    None where the system does not say.
    """
    found = [_of_machine(system), *_of_control_groups(system)]
    known = [value for value in found if value is not None]
    return min(known) if known else None


def _of_machine(system: Path) -> int | None:
    for line in _lines(system / "proc/meminfo"):
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return None


def _of_control_groups(system: Path) -> list[int | None]:
    """What the control group of this process and those above it leave, in both versions of control groups."""
    found: list[int | None] = []
    for line in _lines(system / "proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if controllers == "":
            place, limit, used, reclaimable = "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            place, limit = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
            used, reclaimable = "memory.usage_in_bytes", "total_inactive_file"
        else:
            continue
        top = system / place
        folder = top / group.strip("/")
        # In a container the group's own path is often not to be seen; its files then lie at the top.
        while folder != top.parent:
            found.append(_left(folder / limit, folder / used, folder / "memory.stat", reclaimable))
            folder = folder.parent
    return found


def _left(limit_file: Path, used_file: Path, facts_file: Path, reclaimable: str) -> int | None:
    """What is left below a limit; pages of files that can be dropped at once count as free."""
    limit, used = _number(limit_file), _number(used_file)
    if limit is None or used is None or limit >= NO_LIMIT:
        return None
    facts = dict(line.split()[:2] for line in _lines(facts_file) if len(line.split()) == 2)
    return max(0, limit - used + int(facts.get(reclaimable, 0)))


def _number(path: Path) -> int | None:
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].strip().isdecimal() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"
