"""How the loop is driven: steps per call from Python, and XLA; chosen from the work in one step."""

from dataclasses import dataclass
from typing import Any

import keras

from aimodels.config.schema import Train
from aimodels.distribution.strategy import Placement
from aimodels.errors import ConfigError, Problem
from aimodels.layers.encoder_embeddings import EncoderEmbeddings
from aimodels.layers.positions import LearnedPositions
from aimodels.training.schedules import Steps

# Rough estimates, in seconds and per second; they choose how steps are bundled and change no result.
# What Python, the hand-over of a batch and the metrics cost per call, whatever the model.
CALL_SECONDS = 1e-3
# Sustained, far below the peak: small layers, and the backward pass counted as two forward passes.
FLOPS_PER_SECOND = {"cpu": 1.2e11, "gpu": 1e13}
# Ctrl-C, the progress line and the search for NaN wait for the end of a call.
LONGEST_CALL_SECONDS = 0.25
MOST_STEPS = 256
# Compiling takes seconds and saves fractions of a millisecond per step; here the two are about even.
LEAST_STEPS_FOR_XLA = 8_000


@dataclass(frozen=True)
class Speed:
    """The choices and their reasons."""

    steps_per_execution: int
    xla: bool
    reasons: dict[str, str]


@dataclass(frozen=True)
class Work:
    """What one step computes: the network, on so many examples of so many positions each (words of a text)."""

    model: keras.Model
    examples_per_step: float
    positions: float = 1.0

    @property
    def flops(self) -> float:
        """Floating-point operations of one step; the backward pass of what trains counts as two forward passes."""
        forward, trained = (
            flops_per_example(self.model, positions=self.positions, only_trained=only) for only in (False, True)
        )
        return (forward + 2 * trained) * self.examples_per_step


def choose_speed(
    work: Work, train: Train, *, steps: Steps, placement: Placement, xla_faster_on: tuple[str, ...]
) -> Speed:
    """Choose what the config left at `auto`.

    Raises:
        ConfigError: something was asked for that this model or strategy cannot do.
    """
    reasons: dict[str, str] = {}
    number = _choose_steps(work, train, steps=steps, placement=placement, reasons=reasons)
    xla = _choose_xla(work.model, train, placement=placement, xla_faster_on=xla_faster_on)
    if train.xla == "auto":
        reasons["xla"] = f"{'on' if xla else 'off'}: measured on {placement.kind}"
        if xla and steps.total < LEAST_STEPS_FOR_XLA:
            xla = False
            reasons["xla"] = f"off: compiling is not repaid in {steps.total:,} steps"
    return Speed(steps_per_execution=number, xla=xla, reasons=reasons)


def _choose_steps(work: Work, train: Train, *, steps: Steps, placement: Placement, reasons: dict[str, str]) -> int:
    wanted = train.steps_per_execution
    if isinstance(wanted, int):
        return wanted
    # Logical devices of one CPU share its cores.
    at_once = placement.num_replicas if placement.kind == "gpu" else 1
    step_seconds = CALL_SECONDS / 10 + work.flops / FLOPS_PER_SECOND[placement.kind] / at_once
    number = min(MOST_STEPS, steps.per_epoch, max(1, round(LONGEST_CALL_SECONDS / step_seconds)))
    reasons["steps_per_execution"] = f"{number}: a step is about {step_seconds * 1e3:.1f} ms"
    every = train.checkpoint.every_steps
    if every is not None and every < number:
        reasons["steps_per_execution"] = f"{every}: the state is kept after so many steps"
        return every
    return number


def _choose_xla(model: keras.Model, train: Train, *, placement: Placement, xla_faster_on: tuple[str, ...]) -> bool:
    incapable = [layer.name for layer in model._flatten_layers() if not layer.supports_jit]
    if train.xla == "auto":
        return placement.kind in xla_faster_on and placement.num_replicas == 1 and not incapable
    if train.xla and placement.num_replicas > 1:
        raise _refused("train.xla", "XLA compiles steps of one device only")
    if train.xla and incapable:
        raise _refused("train.xla", f"XLA cannot compile the layer {incapable[0]!r}")
    if train.xla and train.deterministic and placement.kind == "gpu":
        raise _refused("train.xla", "XLA on a GPU does not repeat its results: set train.deterministic=false as well")
    return train.xla


def _refused(path: str, reason: str) -> ConfigError:
    message = f"`{path}` cannot be as asked for: {reason}"
    return ConfigError([Problem(code="AM310", message=message, path=path, help="leave it at auto")], source="train")


def flops_per_example(model: keras.Model, *, positions: float = 1.0, only_trained: bool = False) -> float:
    """Floating-point operations of one forward pass: two per weight and position it is used at.

    `positions` is how many of these a text has; every matrix of a text network is taken to be used at each of them.
    """
    layers = [each for each in model._flatten_layers(include_self=False) if each.trainable or not only_trained]
    return float(sum(2 * _weights(layer) * _positions(layer) * positions for layer in layers))


def _weights(layer: keras.Layer) -> int:
    """The numbers in the layer's own matrices; a table of embeddings or positions is looked up, not multiplied."""
    if isinstance(layer, keras.layers.Embedding | LearnedPositions | EncoderEmbeddings):
        return 0
    return sum(int(keras.ops.size(weight)) for weight in layer._trainable_variables if len(weight.shape) > 1)


def _positions(layer: keras.Layer) -> int:
    """At how many places a kernel is used: height times width for a convolution, 1 for a dense layer."""
    if not isinstance(layer, keras.layers.Conv1D | keras.layers.Conv2D | keras.layers.Conv3D):
        return 1
    positions = 1
    shape: tuple[Any, ...] = layer.output.shape
    for size in shape[1:-1]:
        positions *= size or 1
    return positions
