"""How the loop is driven: steps per call from Python, and XLA; chosen from the work in one step."""

from dataclasses import dataclass
from typing import Any

import keras

from aimodels.config.schema import Train
from aimodels.training.schedules import Steps

# Measured on 2 cores: Python, data hand-over and metrics cost about 1 ms per call, whatever the model.
CALL_SECONDS = 1e-3
# Sustained, far below the peak: small layers, and the backward pass counted as two forward passes.
FLOPS_PER_SECOND = {"cpu": 1.2e11, "gpu": 1e13}
# Ctrl-C, the progress line and the search for NaN wait for the end of a call.
LONGEST_CALL_SECONDS = 0.25
MOST_STEPS = 256


@dataclass(frozen=True)
class Speed:
    """The choices and their reasons."""

    steps_per_execution: int
    xla: bool
    reasons: dict[str, str]


def choose_speed(model: keras.Model, train: Train, *, steps: Steps, kind: str, xla_faster_on: tuple[str, ...]) -> Speed:
    """Choose what the config left at `auto`. `kind` is "cpu" or "gpu"."""
    step_seconds = CALL_SECONDS / 10 + 3 * flops_per_example(model) * train.batch_size / FLOPS_PER_SECOND[kind]
    reasons = {}
    if isinstance(train.steps_per_execution, int):
        number = train.steps_per_execution
    else:
        number = min(MOST_STEPS, steps.per_epoch, max(1, round(LONGEST_CALL_SECONDS / step_seconds)))
        reasons["steps_per_execution"] = f"{number}: a step is about {step_seconds * 1e3:.1f} ms"
    xla = train.xla
    if xla == "auto":
        xla = kind in xla_faster_on
        reasons["xla"] = f"{'on' if xla else 'off'}: as measured for this architecture on {kind}"
    return Speed(steps_per_execution=number, xla=xla, reasons=reasons)


def flops_per_example(model: keras.Model) -> float:
    """Floating-point operations of one forward pass: two per weight and position it is used at."""
    return float(sum(2 * _weights(layer) * _positions(layer) for layer in model._flatten_layers(include_self=False)))


def _weights(layer: keras.Layer) -> int:
    kernel = getattr(layer, "kernel", None)
    return 0 if kernel is None else int(keras.ops.size(kernel))


def _positions(layer: keras.Layer) -> int:
    """At how many places a kernel is used: height times width for a convolution, 1 for a dense layer."""
    if not isinstance(layer, keras.layers.Conv1D | keras.layers.Conv2D | keras.layers.Conv3D):
        return 1
    positions = 1
    shape: tuple[Any, ...] = layer.output.shape
    for size in shape[1:-1]:
        positions *= size or 1
    return positions
