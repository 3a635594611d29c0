"""TensorFlow started quietly: its native log lines go to a file, the terminal stays ours, memory grows on demand."""

import atexit
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from aimodels.errors import MachineError
from aimodels.events import phase

STDERR = 2


class _Start:
    """What was decided when TensorFlow was loaded; it can be loaded once per process."""

    log: Path | None = None
    is_temporary: bool = False
    handler: logging.Handler | None = None


def start_tensorflow(*, log: Path | None = None, device: str = "auto") -> None:
    """Import TensorFlow with everything its native code prints sent to a log file, and choose the visible devices.

    `TF_CPP_MIN_LOG_LEVEL` alone lets several lines through, so the file descriptor itself is redirected, and Python's
    own `sys.stderr` moves to a copy of the terminal. `log` defaults to a temporary file, which is gone when the process
    ends in its own time, and is left by one that native code brought down.

    Raises:
        MachineError: `device` asks for a GPU that is not there.
    """
    if "tensorflow" not in sys.modules:
        _redirect(log)
        with phase("loading TensorFlow"):
            _import()
    choose_devices(device)


def move_log(log: Path) -> None:
    """Let the native log go on in another file, with what it holds so far (the run has its folder now)."""
    if _Start.log is None or _Start.log == log:
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:  # a run that goes on has one already
        file.write(_Start.log.read_bytes() if _Start.log.exists() else b"")
    _Start.log.unlink(missing_ok=True)
    _Start.is_temporary = False
    _point_stderr_at(log)


def _redirect(log: Path | None) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    separate_stderr()
    if log is None:
        descriptor, name = tempfile.mkstemp(prefix="aimodels-tensorflow-", suffix=".log")
        os.close(descriptor)
        log = Path(name)
        _Start.is_temporary = True
        atexit.register(_remove_temporary_log)
    log.parent.mkdir(parents=True, exist_ok=True)
    _point_stderr_at(log)


def _remove_temporary_log() -> None:
    if _Start.log is not None and _Start.is_temporary:
        _Start.log.unlink(missing_ok=True)


def separate_stderr() -> None:
    """Give Python's `sys.stderr` a descriptor of its own, so that descriptor 2 can be sent elsewhere."""
    try:
        is_descriptor_2 = sys.stderr.fileno() == STDERR
    except (AttributeError, OSError, ValueError):  # replaced by a test or a notebook: nothing of ours to save
        return
    if is_descriptor_2:
        sys.stderr.flush()
        sys.stderr = os.fdopen(
            os.dup(STDERR), "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace"
        )


def _point_stderr_at(log: Path) -> None:
    with log.open("ab") as file:
        os.dup2(file.fileno(), STDERR)
    _Start.log = log
    if _Start.handler is not None:
        _Start.handler.close()
    _Start.handler = handler = logging.FileHandler(log, encoding="utf-8", delay=True)
    for name in ("tensorflow", "absl", "jax"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False


def _import() -> None:
    import faulthandler

    # A native crash would otherwise end in the log alone.
    if hasattr(sys.stderr, "fileno") and not faulthandler.is_enabled():
        try:
            faulthandler.enable(file=sys.stderr)
        except (OSError, ValueError):  # a stream without a descriptor
            pass
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
        import tensorflow as tf  # noqa: F401  # the import is the point
    # TensorFlow's import installs its own handlers again.
    if _Start.log is not None:
        _point_stderr_at(_Start.log)
    keras.utils.disable_interactive_logging()


def choose_devices(device: str) -> None:
    """Make only the asked-for devices visible; GPU memory is taken as it is needed.

    Raises:
        MachineError: a GPU was asked for and is not there.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    wanted = _wanted(device, gpus)
    try:
        if wanted != tf.config.get_visible_devices("GPU"):
            tf.config.set_visible_devices(wanted, "GPU")
        for gpu in wanted:
            tf.config.experimental.set_memory_growth(gpu, enable=True)
    except RuntimeError as error:  # devices are fixed once the first operation has run
        raise MachineError(
            f"devices were chosen already in this process: {error}", code="AM705", help="start a new process"
        ) from error


def _wanted(device: str, gpus: list[Any]) -> list[Any]:
    if device == "auto":
        return gpus
    if device == "cpu":
        return []
    numbers = [int(number) for number in device[4:].split(",")] if ":" in device else list(range(len(gpus)))
    absent = [number for number in numbers if number >= len(gpus)]
    if absent or not gpus:
        found = ", ".join(f"gpu:{number}" for number in range(len(gpus))) or "only the CPU"
        raise MachineError(
            f"`{device}` was asked for, and TensorFlow finds {found}",
            code="AM702",
            help="use --device cpu or auto; for GPUs on Linux: pip install 'aimodels[gpu]', then aimodels doctor",
        )
    return [gpus[number] for number in numbers]
