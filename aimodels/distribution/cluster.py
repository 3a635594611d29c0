"""Which processes train together, and which of them this one is, from what the environment says."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aimodels.distribution.slurm import port_of, slurm_tasks
from aimodels.errors import UsageError

ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/]+):(?P<port>\d{1,5})")
TF_CONFIG, SLURM = "TF_CONFIG", "Slurm"
LAUNCH = "aimodels launch"
# Set by `aimodels launch` for the workers that it starts: how many they are.
LAUNCHED = "AIMODELS_LAUNCHED"
NUMBER = "{index}"
MEETING_SECONDS = 60.0
SILENT_SECONDS = 60.0
LIKE = """like this: {"cluster": {"worker": ["gpu1:12345", "gpu2:12345"]}, "task": {"type": "worker", "index": 0}}"""


@dataclass(frozen=True)
class Address:
    """Where a worker is reached. An IPv6 address stands in brackets: `[::1]:12345`."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Self | None:
        """The address that a text is, or None where it is none."""
        match = ADDRESS.fullmatch(text)
        if match is None or not 0 < int(match["port"]) < 65_536:
            return None
        return cls(host=match["host"].strip("[]"), port=int(match["port"]))


@dataclass(frozen=True)
class Cluster:
    """The workers that train together, as `host:port`, and which of them this process is.

    `source` is where that was read. The workers wait `wait_seconds` for each other, and one that nothing is heard of
    for `silent_seconds` is lost.
    """

    workers: tuple[str, ...]
    index: int
    source: str
    wait_seconds: float = MEETING_SECONDS
    silent_seconds: float = SILENT_SECONDS

    @property
    def size(self) -> int:
        """How many workers there are."""
        return len(self.workers)

    @property
    def reason(self) -> str:
        """Why these workers train together, for whoever reads it."""
        return f"{self.source} {'started' if self.source == LAUNCH else 'names'} {self.size} workers"

    @property
    def is_chief(self) -> bool:
        """Whether this is worker 0, which alone writes the run folder."""
        return self.index == 0

    @property
    def tf_config(self) -> str:
        """The same as TensorFlow reads it, from the variable `TF_CONFIG`."""
        return json.dumps({"cluster": {"worker": self.workers}, "task": {"type": "worker", "index": self.index}})

    def address(self, index: int) -> Address:
        """Where a worker is reached."""
        found = Address.of(self.workers[index])
        if found is None:
            raise ValueError(f"no address of a worker: {self.workers[index]}")
        return found

    def describe(self, index: int) -> str:
        """A worker as messages name it: `worker 1 (gpu08:12345)`."""
        return f"worker {index} ({self.workers[index]})"


def find_cluster(environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that the environment describes: `TF_CONFIG`, else Slurm, else `AIMODELS_WORKERS` with Kubernetes.

    None where it describes none, or one of a single worker.

    Raises:
        UsageError: it describes one, and a worker is missing, there twice or without a port, or this one is not in it.
    """
    found = _of_tf_config(environment) or _of_slurm(environment) or _of_kubernetes(environment)
    if found is None or found.size == 1:
        return None
    return found


def _checked(
    workers: Sequence[Any], *, index: Any, source: str, environment: Mapping[str, str], numbered_by: str = ""
) -> Cluster:
    """The cluster of these workers; `numbered_by` says which of them this is, where `source` does not."""
    for number, worker in enumerate(workers):
        if not isinstance(worker, str) or not worker.strip():
            raise _error(
                "AM412", f"{source} names no address for worker {number}", help="a host and a port: gpu1:12345"
            )
        if Address.of(worker) is None:
            help = "a host and a port: gpu1:12345, 10.0.0.7:12345 or [fd00::7]:12345"
            raise _error("AM412", f"{source} gives worker {number} the address `{worker}`", help=help)
    twice = [worker for worker, count in Counter(workers).items() if count > 1]
    if twice:
        numbers = " and ".join(str(number) for number, worker in enumerate(workers) if worker == twice[0])
        help = "each worker needs an address of its own; on one machine, a port of its own"
        raise _error("AM413", f"{source} gives the workers {numbers} the same address, {twice[0]}", help=help)
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(workers):
        raise _error(
            "AM414",
            f"{numbered_by or source} says that this is worker {index}, and there are {len(workers)} workers",
            help=f"they count from 0; the last of {len(workers)} is {len(workers) - 1}",
        )
    return Cluster(
        tuple(workers),
        index=index,
        source=source,
        wait_seconds=_seconds(environment, "AIMODELS_WORKERS_WAIT", default=MEETING_SECONDS),
        silent_seconds=_seconds(environment, "AIMODELS_WORKERS_SILENT", default=SILENT_SECONDS),
    )


def _of_tf_config(environment: Mapping[str, str]) -> Cluster | None:
    text = environment.get("TF_CONFIG", "").strip()
    if not text:
        return None
    try:
        spec = json.loads(text)
    except ValueError as error:
        raise _unreadable(f"it is no JSON: {error}") from error
    cluster, task = (spec.get(key, {}) for key in ("cluster", "task")) if isinstance(spec, dict) else ([], [])
    if not isinstance(cluster, dict) or not isinstance(task, dict):
        raise _unreadable("`cluster` and `task` are not both objects")
    if not cluster:
        return None
    _check_roles([*cluster, task.get("type")])
    chiefs, others = (_listed(cluster, role) for role in ("chief", "worker"))
    if len(chiefs) > 1:
        raise _unreadable(f"it names {len(chiefs)} chiefs, and there is one at most")
    if "type" not in task or "index" not in task:
        raise _unreadable("`task` does not say which worker this is")
    index = int(task["index"]) if str(task["index"]).isdecimal() else task["index"]
    if task["type"] == "worker" and chiefs and isinstance(index, int):
        index += 1  # the chief is worker 0
    if task["type"] == "chief" and (not chiefs or index != 0):
        raise _error(
            "AM414", f"TF_CONFIG says that this is chief {index}, and there are {len(chiefs)} chiefs", help=LIKE
        )
    source = LAUNCH if LAUNCHED in environment else TF_CONFIG
    return _checked([*chiefs, *others], index=index, source=source, environment=environment)


def _check_roles(roles: Sequence[Any]) -> None:
    unknown = [str(role) for role in roles if role not in ("chief", "worker", None)]
    if unknown:
        raise _error(
            "AM415",
            f"TF_CONFIG has the role `{unknown[0]}`",
            help="every process of a training is a worker, or the chief: leave parameter servers and evaluators out",
        )


def _listed(cluster: Mapping[str, Any], role: str) -> list[Any]:
    found = cluster.get(role, [])
    if not isinstance(found, list):
        raise _unreadable(f"`cluster.{role}` is no list of addresses")
    return found


def _unreadable(reason: str) -> UsageError:
    return _error("AM411", f"the variable TF_CONFIG cannot be read: {reason}", help=f"{LIKE}; or unset it")


def _of_slurm(environment: Mapping[str, str]) -> Cluster | None:
    tasks = slurm_tasks(environment)
    if tasks is None or len(tasks.nodes) == 1:
        return None
    first, before = port_of(environment), Counter[str]()
    workers = []
    for node in tasks.nodes:
        workers.append(f"{node}:{first + before[node]}")
        before[node] += 1
    return _checked(workers, index=tasks.index, source=SLURM, environment=environment)


def _of_kubernetes(environment: Mapping[str, str]) -> Cluster | None:
    """Variables of a manifest; the number of the pod comes from a Job with indexed completion."""
    listed = environment.get("AIMODELS_WORKERS", "").strip()
    name = environment.get("AIMODELS_WORKERS_NAME", "").strip()
    if not listed and not name:
        return None
    if listed and name:
        raise _misfit("AIMODELS_WORKERS and AIMODELS_WORKERS_NAME are both set", help="set one of them")
    index = environment.get("JOB_COMPLETION_INDEX", "")
    if not index.isdecimal():
        given = f"is `{index}`" if index else "is not set"
        help = "a Job with `completionMode: Indexed` sets it; elsewhere set it to the number of the worker, from 0"
        raise _misfit(f"JOB_COMPLETION_INDEX {given}", help=help)
    workers = [part.strip() for part in listed.split(",")] if listed else _numbered(name, environment)
    source = "AIMODELS_WORKERS" if listed else "AIMODELS_WORKERS_NAME"
    numbered = "JOB_COMPLETION_INDEX"
    return _checked(workers, index=int(index), source=source, environment=environment, numbered_by=numbered)


def _numbered(name: str, environment: Mapping[str, str]) -> list[str]:
    count = environment.get("AIMODELS_WORKERS_COUNT", "")
    if not count.isdecimal() or int(count) < 1:
        help = "set it to the `completions` of the Job"
        given = f"is `{count}`, no number of workers" if count else "is not set"
        raise _misfit(f"AIMODELS_WORKERS_COUNT {given}", help=help)
    if NUMBER not in name:
        help = f"write {NUMBER} where the number of the worker stands: digits-{NUMBER}.digits:12345"
        raise _misfit(f"AIMODELS_WORKERS_NAME={name} gives every worker the same address", help=help)
    return [name.replace(NUMBER, str(number)) for number in range(int(count))]


def _seconds(environment: Mapping[str, str], name: str, *, default: float) -> float:
    text = environment.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise _misfit(f"{name}={text} is no number of seconds", help="a whole number, 1 or more: 300")
    return float(text)


def _misfit(message: str, *, help: str) -> UsageError:
    return _error("AM417", f"the variables for the workers do not fit together: {message}", help=help)


def _error(code: str, message: str, *, help: str) -> UsageError:
    return UsageError(message, code=code, help=help)
