"""Worker processes on this machine: started together, heard together, stopped together."""

import ctypes
import queue
import random
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import IO, Self

from aimodels.distribution.cluster import LAUNCH, LAUNCHED, Cluster
from aimodels.distribution.threads import thread_limits
from aimodels.errors import MachineError
from aimodels.events import warn
from aimodels.runs.environment import usable_cores

# Below the ports that the system hands out by itself, one of which anybody may get in between.
PORTS = range(20_000, 32_000)
# Whoever loses a worker notices and says what to do; then it is asked to stop, and then it must.
NOTICING_SECONDS, STOPPING_SECONDS = 2.0, 10.0
LAST_WORDS_SECONDS = 5.0
SIGNALS_PASSED_ON = 2
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM)
SET_DEATH_SIGNAL = 1  # prctl(2)
GPUS = "nvidia[0-9]*"


@dataclass(frozen=True)
class Launch:
    """What to start, how often, and with which environment.

    The first worker, the chief, writes where this process writes; its stdout can be sent elsewhere. The lines of the
    others are given to `say`, each after the number of its worker.
    """

    program: Sequence[str]
    num_workers: int
    environment: Mapping[str, str]
    say: Callable[[str], None]
    stdout: IO[str] | None = None


@dataclass(frozen=True)
class WorkerEnd:
    """How a worker ended: by itself, or stopped because another one had failed."""

    index: int
    exit_code: int
    was_stopped: bool


@dataclass(frozen=True)
class LaunchEnd:
    """How all workers ended, in their order; `signal_number` is the first signal that was passed on, or 0."""

    workers: tuple[WorkerEnd, ...]
    signal_number: int = 0

    @property
    def worst(self) -> WorkerEnd:
        """The worker with the largest exit code, of those that ended by themselves."""
        own = [end for end in self.workers if not end.was_stopped]
        return max(own or self.workers, key=lambda end: end.exit_code)


def launch(request: Launch) -> LaunchEnd:
    """Start the workers with `TF_CONFIG` set, and wait until all have ended.

    As soon as one fails the others are stopped. Ctrl-C and SIGTERM are passed on, twice; by a third one all are killed.

    Raises:
        MachineError: no ports are free.
    """
    ports = free_ports(request.num_workers)
    addresses = tuple(f"127.0.0.1:{port}" for port in ports)
    environments = [
        _environment(request, Cluster(addresses, index=index, source=LAUNCH)) for index in range(request.num_workers)
    ]
    workers = _Workers(request)
    with workers.passing_signals_on(), workers:
        workers.start(environments)
        return workers.wait()


def free_ports(count: int) -> list[int]:
    """So many ports of this machine at which nobody listens.

    Raises:
        MachineError: there are not so many.
    """
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(PORTS, len(PORTS)):
            if len(found) == count:
                return found
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    raise MachineError(
        f"no {count} ports from {PORTS.start} to {PORTS.stop - 1} are free", code="AM420", help="start fewer workers"
    )


def _environment(request: Launch, cluster: Cluster) -> dict[str, str]:
    """The environment of one worker. What the user limited already stays as it is."""
    limits = thread_limits(max(1, usable_cores() // cluster.size))
    environment = {**limits, **request.environment, "TF_CONFIG": cluster.tf_config, LAUNCHED: str(cluster.size)}
    if not cluster.is_chief:
        environment["PYTHONUNBUFFERED"] = "1"  # lines are heard as they are written
    share = gpu_share(gpus(request.environment), cluster=cluster)
    return environment | ({"CUDA_VISIBLE_DEVICES": ",".join(share)} if share else {})


def gpus(environment: Mapping[str, str], *, devices: Path = Path("/dev")) -> list[str]:
    """The GPUs that a process would see, by what `CUDA_VISIBLE_DEVICES` says or by the machine's device files."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [part.strip() for part in visible.split(",") if part.strip() not in ("", "-1")]
    return [str(number) for number in range(len(list(devices.glob(GPUS))))]


def gpu_share(found: Sequence[str], *, cluster: Cluster) -> list[str]:
    """The GPUs of one worker, as many as each of the others has. Empty where there are too few to share out."""
    each = len(found) // cluster.size
    if found and not each and cluster.is_chief:
        warn(
            "AM424",
            f"{cluster.size} workers see the same {len(found)} GPU{'s' if len(found) > 1 else ''}",
            help="GPUs add their gradients up only if each has one worker: fewer workers, or --device cpu",
        )
    return list(found[cluster.index * each : (cluster.index + 1) * each])


class _Workers:
    """The processes; whatever still runs when the block is left is killed."""

    def __init__(self, request: Launch) -> None:
        self._request = request
        self._ended: queue.Queue[int] = queue.Queue()
        self._stopped: set[int] = set()
        self._due: deque[tuple[float, signal.Signals]] = deque()
        self._signals: list[int] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        self._readers: list[threading.Thread] = []

    def start(self, environments: Sequence[Mapping[str, str]]) -> None:
        """Start a worker for each environment."""
        # A fork with threads around is asking for trouble: the processes first. A signal waits until all of them are
        # known, and reaches all of them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING_SIGNALS)
        try:
            for environment in environments:
                self._start(environment)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for index in range(len(self._processes)):
            threading.Thread(target=self._await, args=(index,), name=f"end of worker {index}", daemon=True).start()
            if index:
                reader = threading.Thread(target=self._read, args=(index,), name=f"worker {index}", daemon=True)
                reader.start()
                self._readers.append(reader)

    def _start(self, environment: Mapping[str, str]) -> None:
        is_chief = not self._processes
        self._processes.append(
            subprocess.Popen(
                self._request.program,
                stdin=subprocess.DEVNULL,
                stdout=self._request.stdout if is_chief else subprocess.PIPE,
                stderr=None if is_chief else subprocess.STDOUT,
                env=dict(environment),
                # A group of its own: Ctrl-C in the terminal reaches it through us, once.
                start_new_session=True,
                preexec_fn=_ending_with_parent(),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        for reader in self._readers:
            # Something that a worker started may hold its output open for ever.
            reader.join(timeout=LAST_WORDS_SECONDS)

    def _kill(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()

    def _await(self, index: int) -> None:
        self._processes[index].wait()
        self._ended.put(index)

    def _read(self, index: int) -> None:
        with self._processes[index].stdout or BytesIO() as output:
            for line in output:
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                self._request.say(f"[worker {index}] {text}")

    def wait(self) -> LaunchEnd:
        """Wait until all have ended, and stop those that are left when one fails."""
        running = set(range(len(self._processes)))
        while running:
            try:
                index = self._ended.get(timeout=self._seconds_until_due())
            except queue.Empty:
                self._stop(running, self._due.popleft()[1])
                continue
            running.discard(index)
            if self._processes[index].returncode and not self._signals and not self._due:
                self._due_from(time.monotonic())
        ends = [
            WorkerEnd(index, exit_code=_exit_code(process.returncode), was_stopped=index in self._stopped)
            for index, process in enumerate(self._processes)
        ]
        return LaunchEnd(tuple(ends), signal_number=self._signals[0] if self._signals else 0)

    def _due_from(self, failed_at: float) -> None:
        stop_at = failed_at + NOTICING_SECONDS
        self._due += [(stop_at, signal.SIGTERM), (stop_at + STOPPING_SECONDS, signal.SIGKILL)]

    def _seconds_until_due(self) -> float | None:
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def _stop(self, running: set[int], number: signal.Signals) -> None:
        self._stopped |= running
        self._send(number)

    def _send(self, number: int) -> None:
        for process in self._processes:
            process.send_signal(number)

    @contextmanager
    def passing_signals_on(self) -> Iterator[None]:
        """Hand the signals that this process gets to the workers, while the block runs; in the main thread only."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._handle) for number in STOPPING_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """The signal handler: once for saving and stopping, twice for leaving at once, then the end of patience."""
        self._signals.append(number)
        self._send(number if len(self._signals) <= SIGNALS_PASSED_ON else signal.SIGKILL)


def _exit_code(returncode: int) -> int:
    """What a shell would say of a process that ended by itself, or was ended by a signal."""
    return returncode if returncode >= 0 else 128 - returncode


def _ending_with_parent() -> Callable[[], None]:
    """What a new process does first: ask for SIGTERM should this one be killed, so that nothing trains on unseen, and
    take the signals that this one does not take while it starts processes."""
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(SET_DEATH_SIGNAL, int(signal.SIGTERM))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING_SIGNALS)

    return ask
