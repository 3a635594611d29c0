"""The state of a training at the end of a step: everything that it needs to go on, besides its config and its data.

What is random in a step is in it too: the seed generators of dropout are variables of the network, and the order of the
examples and their augmentation are functions of the epoch and the step.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from aimodels.distribution.crew import Crew
from aimodels.errors import FailedError
from aimodels.training.metric_values import Values, fits, metric_values, put_metric_values
from aimodels.training.progress import Progress, Watch


class Position(NamedTuple):
    """How far a training is: `epoch` epochs are done, and `step` steps of the one after."""

    epoch: int
    step: int = 0


class WeightsNotFinite(Exception):
    """A weight of the network is NaN or infinite."""


@dataclass(frozen=True)
class State:
    """What is kept. `values` are the variables of the network, of its optimizer, and of the metrics within an epoch.

    `measured` are the training metrics of an epoch whose steps are done, and whose validation is not. `sizes` says how
    many bytes the files of the run have that grow. `seconds` are those of the whole training so far, `epoch_seconds`
    those of the epoch that goes on. `frozen` tells weights that never train from others, if they are not in `values`.
    """

    position: Position
    progress: Progress
    values: Values = field(repr=False)
    measured: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    frozen: str = ""

    def told(self) -> dict[str, Any]:
        """Everything but the values, as JSON can say it."""
        return {key: value for key, value in vars(self).items() if key not in ("values", "progress", "position")} | {
            "position": list(self.position),
            "progress": asdict(self.progress),
        }

    @classmethod
    def of(cls, told: Mapping[str, Any], *, values: Values) -> "State":
        """The state from what `told` said."""
        progress = dict(told["progress"])
        for name in ("best", "stopping", "plateau"):
            progress[name] = progress[name] and Watch(**progress[name])
        known = dict(told) | {"position": Position(*told["position"]), "progress": Progress(**progress)}
        return cls(**known, values=values)


def values_of(model: keras.Model, *, within_epoch: bool, crew: Crew | None = None) -> Values:
    """A copy of every number that the next step depends on. Of several workers, all must call it.

    Raises:
        WeightsNotFinite: a weight of the network is NaN or infinite.
    """
    groups = {"network": network_variables(model), "optimizer": model.optimizer.variables}
    values = {
        _name(group, number): np.array(keras.ops.convert_to_numpy(variable), order="C")
        for group, variables in groups.items()
        for number, variable in enumerate(variables)
    }
    if not all(is_finite(value) for name, value in values.items() if name.startswith("network/")):
        raise WeightsNotFinite
    return values | metric_values(model, crew=crew) if within_epoch else values


def has_finite_weights(model: keras.Model) -> bool:
    """Whether no weight of the network is NaN or infinite."""
    return all(is_finite(keras.ops.convert_to_numpy(variable)) for variable in network_variables(model))


def is_finite(values: npt.NDArray[Any]) -> bool:
    """Whether none of the numbers is NaN or infinite."""
    # Of a sum in float64 the numbers of float32 cannot make an infinity.
    return values.dtype.kind != "f" or math.isfinite(values.sum(dtype=np.float64))


def network_variables(model: keras.Model) -> list[Any]:
    """The variables of the network, those of its seed generators with them, without those of its metrics."""
    measuring = {id(variable) for variable in model.metrics_variables}
    return [variable for variable in model.variables if id(variable) not in measuring]


def hash_of(model: keras.Model) -> str:
    """A hash of all weights."""
    told = hashlib.sha256()
    for weight in model.weights:
        told.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).data)
    return told.hexdigest()


def put_back(state: State, model: keras.Model) -> None:
    """Give the network and its optimizer the values that they had; `put_metrics_back` those of the metrics.

    Raises:
        FailedError: they are those of another network.
    """
    _put("network", network_variables(model), state.values)
    _put("optimizer", model.optimizer.variables, state.values)


def put_metrics_back(state: State, model: keras.Model, *, first: int = 0) -> None:
    """Go on measuring where the epoch was left; nothing where the state is one between two epochs.

    The replicas of this process are those from number `first` on.

    Raises:
        FailedError: the values are those of other metrics.
    """
    values = {name: value for name, value in state.values.items() if name.startswith("metrics/")}
    if values and not fits(values, model):
        raise _of_another("metrics", num_stored=len(values), num_here=len(model.metrics_variables))
    if values:
        put_metric_values(values, model, first=first)


def _put(group: str, variables: Sequence[Any], values: Values) -> None:
    stored = [name for name in values if name.startswith(f"{group}/")]
    shapes = [(tuple(variable.shape), keras.backend.standardize_dtype(variable.dtype)) for variable in variables]
    names = [_name(group, number) for number in range(len(variables))]
    if sorted(stored) != names or shapes != [(values[name].shape, str(values[name].dtype)) for name in names]:
        raise _of_another(group, num_stored=len(stored), num_here=len(names))
    for name, variable in zip(names, variables, strict=True):
        variable.assign(values[name])


def _of_another(group: str, *, num_stored: int, num_here: int) -> FailedError:
    return FailedError(
        f"the state that was kept is that of another {group}: {num_stored} arrays, and here are {num_here}, or "
        "of other shapes",
        code="AM406",
        help="go on with the versions of aimodels and Keras that the run began with (env.json), and with the same "
        "number of epochs if layers join later; or train anew, without --resume",
    )


def _name(group: str, number: int) -> str:
    # The names that Keras gives count the layers of a process.
    return f"{group}/{number:05d}"
