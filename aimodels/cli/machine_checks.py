"""What `doctor` looks at: Python, packages, devices, memory, disk, the folder of runs, the data cache, the terminal."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from aimodels.cli import terminal
from aimodels.cli.console import Console
from aimodels.cli.formatting import size
from aimodels.events import phase
from aimodels.runs.checking import Check
from aimodels.runs.environment import cpu_model, usable_cores

OLDEST, NEWEST = (3, 11), (3, 13)
LITTLE_DISK = 2e9
LITTLE_MEMORY = 2e9
TENSORFLOW_SECONDS = 180
# A process of its own: what TensorFlow writes while it loads, or a crash in it, stays there.
LIST_DEVICES = """
import json, tensorflow as tf
devices = [
    {"type": d.device_type, "name": d.name, **tf.config.experimental.get_device_details(d)}
    if d.device_type == "GPU" else {"type": d.device_type, "name": d.name}
    for d in tf.config.list_physical_devices()
]
print(json.dumps({"version": tf.__version__, "cuda": tf.test.is_built_with_cuda(), "devices": devices}, default=str))
"""


def check_machine(console: Console) -> Iterator[Check]:
    """Look at everything, the slow part last."""
    yield _python()
    yield from _packages()
    yield Check("cpu", "ok", f"{cpu_model() or 'unknown'}, {usable_cores()} of {os.cpu_count()} cores usable")
    yield _memory()
    yield _runs_dir(console.runs_dir)
    yield _disk(console.runs_dir)
    yield _data_cache()
    yield _terminal(console)
    yield from _devices()


def _python() -> Check:
    here = sys.version_info[:2]
    message = f"{sys.version.split()[0]} at {sys.executable}"
    if OLDEST <= here <= NEWEST:
        return Check("python", "ok", message)
    return Check("python", "error", message, help="use Python 3.11, 3.12 or 3.13")


def _packages() -> Iterator[Check]:
    for name in _required():
        try:
            yield Check(name, "ok", version(name))
        except PackageNotFoundError:
            yield Check(name, "error", "is not installed", help="install again: pip install aimodels")


def _required() -> list[str]:
    """The packages that aimodels depends on, from its own metadata, without extras."""
    try:
        lines = requires("aimodels") or []
    except PackageNotFoundError:
        lines = ["tensorflow", "keras", "numpy", "pydantic", "pyyaml", "rich", "typer", "matplotlib", "scikit-learn"]
    plain = [line for line in lines if "extra ==" not in line]
    return [line.partition(";")[0].split("[")[0].rstrip("0123456789.,<>=!~ ") for line in plain]


def _memory() -> Check:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return Check("memory", "ok", "unknown on this system")
    sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
    free, total = sizes.get("MemAvailable", 0), sizes.get("MemTotal", 0)
    message = f"{size(free)} available of {size(total)}"
    if free < LITTLE_MEMORY:
        return Check("memory", "warning", message, help="close other programs, or use a smaller train.batch_size")
    return Check("memory", "ok", message)


def _runs_dir(runs_dir: Path) -> Check:
    existing = _nearest_existing(runs_dir)
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return Check(
            "runs", "error", f"cannot write in {existing}: {error.strerror}", help="choose another: --runs-dir"
        )
    return Check("runs", "ok", f"{runs_dir.absolute()} can be written")


def _disk(runs_dir: Path) -> Check:
    usage = shutil.disk_usage(_nearest_existing(runs_dir))
    message = f"{size(usage.free)} free of {size(usage.total)}"
    if usage.free < LITTLE_DISK:
        return Check(
            "disk", "warning", message, help="remove runs: aimodels runs rm NAME; or choose another --runs-dir"
        )
    return Check("disk", "ok", message)


def _nearest_existing(path: Path) -> Path:
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.is_dir())


def _data_cache() -> Check:
    from aimodels.data.downloading import cache_folder

    folder = cache_folder()
    if not folder.is_dir():
        return Check("data cache", "ok", f"{folder} (empty; data is downloaded when first used)")
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    names = ", ".join(path.name for path in files[:5]) + (" ..." if len(files) > 5 else "")
    return Check("data cache", "ok", f"{folder} ({names or 'empty'})")


def _terminal(console: Console) -> Check:
    color = terminal.wants_color(console.stderr, choice=console.shared.color, environ=console.environ)
    parts = [
        "progress live" if console.live else "progress in plain lines",
        "colours" if color else "no colours",
        "Unicode" if terminal.speaks_unicode(console.stderr) else "ASCII only",
        f"{terminal.width(console.stderr, environ=console.environ)} columns",
    ]
    return Check("terminal", "ok", ", ".join(parts))


def _devices() -> Iterator[Check]:
    with phase("loading TensorFlow"):
        try:
            done = subprocess.run(
                [sys.executable, "-c", LIST_DEVICES],
                capture_output=True,
                text=True,
                timeout=TENSORFLOW_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            yield Check("devices", "error", f"TensorFlow did not load within {TENSORFLOW_SECONDS} s")
            return
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        yield Check("devices", "error", f"TensorFlow does not load: {last}", help="install again: pip install aimodels")
        return
    yield from _found_devices(json.loads(done.stdout.strip().splitlines()[-1]))


def _found_devices(found: dict[str, Any]) -> Iterator[Check]:
    gpus = [device for device in found["devices"] if device["type"] == "GPU"]
    names = ", ".join(f"gpu:{number} {gpu.get('device_name', '')}".strip() for number, gpu in enumerate(gpus))
    if gpus:
        yield Check("devices", "ok", f"TensorFlow {found['version']}: cpu, {names}")
    elif shutil.which("nvidia-smi"):
        advice = "install TensorFlow's CUDA libraries: pip install 'aimodels[gpu]'"
        message = "this machine has an NVIDIA driver, and TensorFlow finds only the CPU"
        yield Check("devices", "warning", message, help=advice)
    else:
        yield Check("devices", "ok", f"TensorFlow {found['version']}: cpu")
