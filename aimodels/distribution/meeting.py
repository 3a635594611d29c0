"""Before they train, the workers of a cluster meet at the chief's address and compare what they were started with."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import Any

from aimodels.distribution.cluster import SLURM, Cluster
from aimodels.distribution.crew import CHIEF, Crew
from aimodels.distribution.frames import Frame, Kind, NotOurs, keep_alive, receive, send
from aimodels.distribution.reception import Guest, Reception, listen
from aimodels.errors import FailedError, MachineError, UsageError, UserError
from aimodels.events import phase

BETWEEN_CALLS_SECONDS = 0.2
ONE_CALL_SECONDS = 5.0
# The chief may have started last, and has its verdict when its own time is over.
VERDICT_SECONDS = 10.0
# One that cannot take part tells the chief, who need not wait for it then.
TELLING_SECONDS = 5.0
LONGEST_VALUE = 60
WORDS = {
    "config": "another config",
    "config_sha256": "another config",
    "data": "other data",
    "data_fingerprint": "other data",
    "versions": "other versions",
    "hardware": "other devices",
    "workers": "another list of workers",
}
# A hash says no more than the values that it is of, where these are there.
HASHES = {"config_sha256": "config", "data_fingerprint": "data"}
ADVICE = {
    "config": "start every worker with the same config and the same changes of it",
    "config_sha256": "start every worker with the same config and the same changes of it",
    "data": "every worker must read the same files: compare them on the machines",
    "data_fingerprint": "every worker must read the same files: compare them on the machines",
    "hardware": "give every worker as many GPUs, or choose them with --device; GPUs of different ages agree with "
    "train.precision=float32",
    "versions": "install the same versions everywhere, such as those of constraints.txt",
    "workers": "every worker needs the same list, in the same order",
}
KINDS: Mapping[str, type[UserError]] = {kind.kind: kind for kind in (UsageError, FailedError, MachineError)}


def meet(cluster: Cluster, facts: Mapping[str, Any], *, timeout: float | None = None) -> Crew:
    """Wait until every worker is there, and make sure that all of them bring the same facts.

    `facts` is what JSON can hold: `config`, `data`, hashes of both, `versions` and whatever else must be equal.
    The port is free again when this returns, so that TensorFlow can listen there; the connections stay open.
    `timeout` in seconds; None: as long as the cluster says.

    Raises:
        FailedError: a worker did not come in time.
        UsageError: a worker brings other facts, or two say that they are the same one. All workers raise it.
        MachineError: the port of a worker cannot be used. All raise it whom the chief knows by then.
    """
    seconds = cluster.wait_seconds if timeout is None else timeout
    known = {"workers": list(cluster.workers), **json.loads(json.dumps(facts))}
    with phase("meeting the other workers"):
        return _host(cluster, known, seconds=seconds) if cluster.is_chief else _join(cluster, known, seconds=seconds)


def _host(cluster: Cluster, known: Mapping[str, Any], *, seconds: float) -> Crew:
    with closing(Reception(cluster)) as reception:
        reception.receive(seconds=seconds)
        problem = reception.doubled or _trouble(reception.guests) or _absent(cluster, reception.guests, seconds=seconds)
        problem = problem or _difference(cluster, known, guests=reception.guests)
        if problem is not None:
            reception.refuse(_verdict(problem))
            raise problem
        connections = reception.hand_over()
    # Nobody listens at the port from here on.
    for connection in connections.values():
        with suppress(OSError):  # gone since; the crew notices
            send(connection, _verdict(None))
    return Crew(cluster, connections)


def _join(cluster: Cluster, known: Mapping[str, Any], *, seconds: float) -> Crew:
    try:
        # TensorFlow will listen there: better to know now whether it can.
        listen(cluster).close()
    except MachineError as error:
        known, seconds = {"problem": _told(error)}, min(seconds, TELLING_SECONDS)
        with suppress(UserError):  # this one again, from the chief, or nobody is there yet
            _call(cluster, known, seconds=seconds)
        raise
    return _call(cluster, known, seconds=seconds)


def _call(cluster: Cluster, known: Mapping[str, Any], *, seconds: float) -> Crew:
    """Call at the chief's address until it answers, or the time is over."""
    hello = Frame(Kind.HELLO, json.dumps({"index": cluster.index, **known}).encode())
    ends_at = time.monotonic() + seconds
    while True:
        try:
            return Crew(cluster, {CHIEF: _admitted(cluster, hello, seconds=seconds)})
        except (OSError, EOFError, ValueError) as error:
            if time.monotonic() >= ends_at:
                raise _not_reached(cluster, error, seconds=seconds) from error
            time.sleep(BETWEEN_CALLS_SECONDS)


def _admitted(cluster: Cluster, hello: Frame, *, seconds: float) -> socket.socket:
    """The connection to the chief, once it has seen everyone.

    Raises:
        UserError: what it found wrong.
        OSError: nobody answers there yet; `EOFError` and `ValueError` where it is somebody else.
    """
    chief = cluster.address(CHIEF)
    connection = socket.create_connection((chief.host, chief.port), timeout=min(ONE_CALL_SECONDS, seconds))
    try:
        keep_alive(connection)
        send(connection, hello)
        if receive(connection).kind != Kind.WELCOME:
            raise NotOurs("another worker than the chief answers there")
        connection.settimeout(seconds + VERDICT_SECONDS)
        problem = json.loads(receive(connection).content)
        if problem is not None:
            raise _heard(problem)
    except BaseException:
        connection.close()
        raise
    return connection


def _verdict(problem: UserError | None) -> Frame:
    """What the chief tells the others: to begin, or the error that all of them end with."""
    return Frame(Kind.VERDICT, json.dumps(None if problem is None else _told(problem)).encode())


def _told(problem: UserError) -> dict[str, Any]:
    said = {"code": problem.code, "message": problem.message, "help": problem.help, "notes": list(problem.notes)}
    return {"kind": problem.kind, **said}


def _heard(told: Mapping[str, Any]) -> UserError:
    said = dict(told)
    return KINDS[said.pop("kind")](said.pop("message"), **said)


def _trouble(guests: Mapping[int, Guest]) -> UserError | None:
    """What keeps a worker from training that has come to say so, or None."""
    told = [guests[index].facts["problem"] for index in sorted(guests) if "problem" in guests[index].facts]
    return _heard(told[0]) if told else None


def _absent(cluster: Cluster, guests: Mapping[int, Guest], *, seconds: float) -> FailedError | None:
    missing = [cluster.describe(index) for index in range(1, cluster.size) if index not in guests]
    if not missing:
        return None
    chief = cluster.describe(CHIEF)
    return _too_late(cluster, f"{', '.join(missing)} did not come to the chief, {chief}, within {seconds:.0f} s")


def _not_reached(cluster: Cluster, error: Exception, *, seconds: float) -> FailedError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    chief = cluster.describe(CHIEF)
    return _too_late(
        cluster,
        f"the chief, {chief}, did not answer {cluster.describe(cluster.index)} within {seconds:.0f} s ({reason})",
    )


def _too_late(cluster: Cluster, message: str) -> FailedError:
    more = "; in a batch script put srun before the command" if cluster.source == SLURM else ""
    return FailedError(
        message,
        code="AM418",
        help=f"was each one started, and can it reach the chief's port?{more}; AIMODELS_WORKERS_WAIT=300 waits longer",
    )


def _difference(cluster: Cluster, known: Mapping[str, Any], *, guests: Mapping[int, Guest]) -> UsageError | None:
    """What a worker was started with and the chief was not, or None where all are alike."""
    ours = dict(_leaves(known))
    others = {index: dict(_leaves(guests[index].facts)) for index in sorted(guests)}
    differing = {index: _differing(ours, theirs) for index, theirs in others.items()}
    who = [index for index, keys in differing.items() if keys]
    if not who:
        return None
    first = differing[who[0]]
    topics = list(dict.fromkeys(key.partition(".")[0] for key in first))
    words = " and ".join(dict.fromkeys(WORDS.get(topic, f"another {topic}") for topic in topics))
    return UsageError(
        f"{cluster.describe(who[0])} was started with {words} than the chief; none of them begins",
        code="AM419",
        help="; ".join(dict.fromkeys(ADVICE.get(topic, f"`{topic}` must be the same everywhere") for topic in topics)),
        notes=[
            f"{key.removeprefix('config.')}: {_shown(others[index].get(key))} on worker {index}, "
            f"{_shown(ours.get(key))} on the chief"
            for index in who
            for key in differing[index]
        ],
    )


def _differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """The facts that are not the same; a hash only where nothing that it is of says more."""
    found = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
    topics = {key.partition(".")[0] for key in found}
    return [key for key in found if HASHES.get(key) not in topics]


def _leaves(facts: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every single fact with its dotted path."""
    for key, value in facts.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _shown(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
