"""The number format of the layers: mixed precision where the hardware computes in it."""

from pathlib import Path
from typing import Any, NamedTuple

from aimodels.config.schema import Precision
from aimodels.events import warn

CPU_INFO = Path("/proc/cpuinfo")


class _Needed(NamedTuple):
    """What computes in a format: GPUs from this compute capability on, CPUs with one of these flags."""

    capability: tuple[int, int]
    flags: frozenset[str]


# CUDA C++ Programming Guide, "Compute Capabilities": tensor cores take float16 from 7.0 on, bfloat16 from 8.0 on.
NEEDED: dict[str, _Needed] = {
    "mixed_bfloat16": _Needed((8, 0), frozenset({"avx512_bf16", "amx_bf16"})),
    "mixed_float16": _Needed((7, 0), frozenset({"avx512_fp16", "amx_fp16"})),
}


def choose_precision(precision: Precision, *, kind: str) -> str:
    """The Keras dtype policy: as asked for, or bfloat16 where every GPU computes in it.

    A format that is asked for and that the hardware does not compute in is taken, with a warning.
    """
    if precision == "auto":
        return "mixed_bfloat16" if kind == "gpu" and _can("mixed_bfloat16", kind=kind) else "float32"
    if precision in NEEDED and not _can(precision, kind=kind):
        number = precision.removeprefix("mixed_")
        lacking = "this CPU does" if kind == "cpu" else "some GPU here does"
        warn(
            "AM435",
            f"`train.precision: {precision}` is asked for, and {lacking} not compute in {number}",
            help="no time is won here; train.precision=auto takes mixed precision where the hardware has it",
        )
    return precision


def hardware(precision: Precision) -> dict[str, object]:
    """What all workers of a training must have alike: how many GPUs they use, and in which format they compute."""
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    taken = choose_precision(precision, kind="gpu" if gpus else "cpu") if precision == "auto" else precision
    return {"gpus": len(gpus), "precision": taken}


def _can(precision: str, *, kind: str) -> bool:
    if kind == "cpu":
        flags = _cpu_flags()
        # Of a CPU that does not tell nothing is said.
        return not flags or bool(flags & NEEDED[precision].flags)
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    capabilities = [_capability(tf, gpu) for gpu in gpus]
    return bool(capabilities) and min(capabilities) >= NEEDED[precision].capability


def _capability(tf: Any, gpu: Any) -> tuple[int, int]:
    major, minor = tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0))
    return int(major), int(minor)


def _cpu_flags() -> frozenset[str]:
    """What Linux says that the CPU can do; nothing on other systems."""
    try:
        lines = CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split())
