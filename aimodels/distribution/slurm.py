"""What Slurm tells each task of a job step about the others, in the variables that `srun` sets."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aimodels.errors import UsageError

# A name has any number of bracketed ranges: rack[1-2]n[08-11].
NAME = r"(?:[^\s,\[\]]|\[[0-9,-]+\])+"
RANGE = re.compile(r"(\d+)(?:-(\d+))?")
TASKS = re.compile(r"(\d+)(?:\(x(\d+)\))?")
MOST_NODES = 65_536
# Below the ports that systems hand out by themselves, which begin at 32768.
FIRST_PORT = 12_000
JOBS_APART = 2_000
PORTS_PER_JOB = 10
HELP = "start the workers with `srun aimodels train ...`, which sets these variables; train.strategy=single uses one"


@dataclass(frozen=True)
class SlurmTasks:
    """The node of each task of the step, in the order of the tasks, and which task this is."""

    nodes: tuple[str, ...]
    index: int


def slurm_tasks(environment: Mapping[str, str]) -> SlurmTasks | None:
    """What the variables of a Slurm job say, or None where this process is no task of a step.

    Those of the step come before those of the job: `srun` may start fewer tasks, on some of the nodes.

    Raises:
        UsageError: they contradict each other.
    """

    def either(of_step: str, of_job: str) -> str:
        return environment.get(of_step) or environment.get(of_job, "")

    node_list = either("SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST")
    num_tasks = either("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")
    rank = environment.get("SLURM_PROCID", "")
    if not (node_list and num_tasks and rank):
        return None
    if not (num_tasks.isdecimal() and rank.isdecimal()):
        raise _error(f"SLURM_NTASKS={num_tasks} and SLURM_PROCID={rank} are not both whole numbers")
    nodes = expanded(node_list)
    counts = _counts(either("SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"), nodes=nodes, tasks=int(num_tasks))
    tasks = SlurmTasks(
        nodes=tuple(node for node, count in zip(nodes, counts, strict=True) for _ in range(count)), index=int(rank)
    )
    _check_place(tasks, here=environment.get("SLURMD_NODENAME", ""))
    return tasks


def expanded(node_list: str) -> tuple[str, ...]:
    """The names behind a compressed list of nodes, in its order.

    >>> expanded("gpu[08-10,12],login1")
    ('gpu08', 'gpu09', 'gpu10', 'gpu12', 'login1')

    Raises:
        UsageError: it is no list of nodes.
    """
    if not re.fullmatch(rf"{NAME}(?:,{NAME})*", node_list):
        raise _error(f"`{node_list}` is no list of nodes")
    names = itertools.chain.from_iterable(_names(part) for part in re.findall(NAME, node_list))
    found = tuple(itertools.islice(names, MOST_NODES + 1))
    if len(found) > MOST_NODES:
        raise _error(f"`{node_list}` names more than {MOST_NODES:,} nodes")
    return found


def _names(part: str) -> Iterator[str]:
    """The names of one entry; of several ranges the last changes fastest."""
    pieces = re.split(r"\[([^\]]*)\]", part)
    # The text inside brackets stands at the odd places.
    choices = [_numbers(piece) if place % 2 else (piece,) for place, piece in enumerate(pieces)]
    return map("".join, itertools.product(*choices))


def _numbers(ranges: str) -> tuple[str, ...]:
    """The numbers of `08-10,12`, as wide as the first of each range is written."""
    found: list[str] = []
    for text in ranges.split(","):
        match = RANGE.fullmatch(text)
        if match is None:
            raise _error(f"`[{ranges}]` is no range of nodes")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < first + MOST_NODES:
            raise _error(f"`[{ranges}]` is no range of nodes")
        found += [f"{number:0{len(match[1])}d}" for number in range(first, last + 1)]
    return tuple(found)


def _counts(text: str, *, nodes: tuple[str, ...], tasks: int) -> list[int]:
    """How many tasks each node has, from `2(x3),1`; without that text, the same number on each."""
    if not text:
        if tasks % len(nodes):
            raise _error(f"{tasks} tasks on {len(nodes)} nodes, and SLURM_TASKS_PER_NODE does not say how many on each")
        return [tasks // len(nodes)] * len(nodes)
    counts: list[int] = []
    for part in text.split(","):
        match = TASKS.fullmatch(part)
        if match is None or int(match[2] or 1) > MOST_NODES:
            raise _error(f"SLURM_TASKS_PER_NODE={text} says no number of tasks for each node")
        counts += [int(match[1])] * int(match[2] or 1)
    if len(counts) != len(nodes) or sum(counts) != tasks:
        raise _error(
            f"SLURM_TASKS_PER_NODE={text} is about {sum(counts)} tasks on {len(counts)} nodes, "
            f"and there are {tasks} tasks on {len(nodes)} nodes"
        )
    return counts


def _check_place(tasks: SlurmTasks, *, here: str) -> None:
    """Tasks are numbered node by node, unless `srun` was told to deal them out in another way."""
    expected = tasks.nodes[tasks.index : tasks.index + 1]
    if here in tasks.nodes and expected and expected[0] != here:
        raise _error(
            f"task {tasks.index} runs on {here}; with tasks in the order of the nodes it would be on {expected[0]}",
            help="start the workers with `srun --distribution=block ...`",
        )


def port_of(environment: Mapping[str, str]) -> int:
    """The port of the first task of a node: another one for each job, since jobs may share a node.

    `AIMODELS_PORT` says otherwise.

    Raises:
        UsageError: that is no port.
    """
    asked = environment.get("AIMODELS_PORT", "")
    if asked:
        if not (asked.isdecimal() and 0 < int(asked) < 65_536):
            raise _error(f"AIMODELS_PORT={asked} is no port", help="a whole number from 1 to 65535")
        return int(asked)
    job = environment.get("SLURM_JOB_ID", "0")
    return FIRST_PORT + int(job if job.isdecimal() else 0) % JOBS_APART * PORTS_PER_JOB


def _error(message: str, *, help: str = HELP) -> UsageError:
    return UsageError(f"the variables of Slurm do not fit together: {message}", code="AM416", help=help)
