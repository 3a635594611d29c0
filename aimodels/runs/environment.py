"""Where a run was made: Python, packages, machine, devices, code version, command line. Imports nothing heavy."""

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("aimodels", "tensorflow", "keras", "numpy", "scikit-learn", "matplotlib", "pillow", "pydantic", "PyYAML")
GIT_SECONDS = 5


def environment() -> dict[str, Any]:
    """What `env.json` says. Devices are listed only where TensorFlow is already loaded."""
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "packages": package_versions(),
        "cpu": {"model": cpu_model(), "cores": os.cpu_count(), "usable_cores": usable_cores()},
        "devices": devices(),
        "git": git_state(Path.cwd()),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "folder": str(Path.cwd()),
    }


def package_versions() -> dict[str, str | None]:
    """The installed version of each package that shapes results, from metadata; None for one that is not there."""
    return {package: _version(package) for package in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def usable_cores() -> int:
    """Cores that this process may use, which containers and schedulers limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model() -> str:
    """The processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [text.partition(":")[2].strip() for text in lines if text.startswith("model name")]
    return names[0] if names else platform.processor()


def devices() -> list[dict[str, str]] | None:
    """The devices that TensorFlow sees, or None while it is not loaded."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return None
    found = []
    for device in tensorflow.config.list_physical_devices():
        details = tensorflow.config.experimental.get_device_details(device) if device.device_type == "GPU" else {}
        found.append({"name": device.name, "type": device.device_type, "model": details.get("device_name", "")})
    return found


def git_state(folder: Path) -> dict[str, Any] | None:
    """The commit of the code around a folder and whether it has uncommitted changes; None outside a repository."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit.strip(), "dirty": bool(changes)}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
