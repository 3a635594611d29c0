"""What a network answers: from its logits to outputs with names, and the ways in which it can be asked.

An export gives, by task (N examples, K classes):

| task       | `probabilities`   | `label`                                                              | `value`     |
|------------|-------------------|----------------------------------------------------------------------|-------------|
| binary     | float32 [N, 2]    | string [N]: the second class from `threshold` on, else the first one | -           |
| multiclass | float32 [N, K]    | string [N]: the most probable class                                  | -           |
| multilabel | float32 [N, K]    | string [N]: the classes from 0.5 on, joined by `|`; empty if none is | -           |
| regression | -                 | -                                                                    | float32 [N] |

The probabilities of an example add up to 1, but for multilabel, where each class is a question of its own. A `|`
in the name of one of several labels is written as `\\|` in `label`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.runs.predictions import BETWEEN, joined

if TYPE_CHECKING:
    import tensorflow as tf

EVEN = 0.5


@dataclass(frozen=True)
class Outputs:
    """What the outputs of a network mean. `threshold` is the probability from which the second of two is the answer."""

    task: str
    class_names: tuple[str, ...]
    threshold: float = EVEN

    def named(self, logits: Any) -> dict[str, Any]:
        """From logits [N, outputs] to the outputs of the task, in the graph; of regression, from the number [N, 1]."""
        import tensorflow as tf

        logits = tf.cast(logits, tf.float32)
        if self.task == "regression":
            return {"value": logits[:, 0]}
        if self.task == "binary":
            positive = tf.sigmoid(logits)
            probabilities = tf.concat([1.0 - positive, positive], axis=1)
        elif self.task == "multilabel":
            probabilities = tf.sigmoid(logits)
        else:
            probabilities = tf.nn.softmax(logits, axis=1)
        return {"probabilities": probabilities, "label": self._label(probabilities)}

    def answers(self, named: Mapping[str, npt.NDArray[Any]], **more: Any) -> "Answers":
        """The answers of what `named` gave, as arrays; `more` are the other fields of `Answers`."""
        values = named.get("value")
        size = (0, len(self.class_names)) if values is None else (len(values), 0)
        probabilities = named.get("probabilities", np.empty(size, dtype=np.float32))
        return Answers(probabilities, self.class_names, values=values, task=self.task, threshold=self.threshold, **more)

    def described(self, *, unit: str | None) -> str:
        """The named outputs for people; `unit` is that of the target."""
        if self.task == "regression":
            return f"value float32 (N){f', in {unit}' if unit else ''}"
        label = "label string (N)"
        if self.task == "binary":
            label += f": {self.class_names[1]} from a probability of {self.threshold:.4g} on"
        elif self.task == "multilabel":
            label += f": every class from a probability of {EVEN} on, joined by {BETWEEN}"
        return f"probabilities float32 (N, {len(self.class_names)}), {label}"

    def _label(self, probabilities: Any) -> Any:
        """The twin of `Answers.labels` in the graph."""
        import tensorflow as tf

        if self.task == "multilabel":
            chosen = probabilities >= EVEN
            every = tf.broadcast_to(tf.constant([joined([name]) for name in self.class_names]), tf.shape(chosen))
            return tf.strings.reduce_join(tf.ragged.boolean_mask(every, chosen), axis=1, separator=BETWEEN)
        names = tf.constant(self.class_names, dtype=tf.string)
        if self.task == "binary":
            return tf.gather(names, tf.cast(probabilities[:, 1] >= self.threshold, tf.int32))
        return tf.gather(names, tf.argmax(probabilities, axis=1))


@dataclass(frozen=True)
class Endpoint:
    """One way to ask: a TensorFlow graph function from raw tensors to named outputs, and what it takes: one tensor, or
    several by the name of each."""

    function: Callable[[Any], dict[str, Any]]
    spec: "tf.TensorSpec | dict[str, tf.TensorSpec]"


@dataclass(frozen=True)
class Answers:
    """What the model says: `probabilities` float32 [N, classes], a column per class name.

    `num_tokens` int64 [N] is how many words or pieces each text has, those cut off included, and `num_unknown` int64
    [N] how many of those read are not in the vocabulary; None where the examples are no texts. Of regression, `values`
    float32 [N] are the answers, in the unit of the target, and `probabilities` is [N, 0]. `problems` say what is wrong
    with examples that could not be read, by their positions, where that was asked for; their answers are NaN.
    """

    probabilities: npt.NDArray[np.float32]
    class_names: tuple[str, ...]
    num_tokens: npt.NDArray[np.int64] | None = None
    num_unknown: npt.NDArray[np.int64] | None = None
    values: npt.NDArray[np.float32] | None = None
    task: str = "multiclass"
    threshold: float = EVEN
    problems: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def predictions(self) -> npt.NDArray[np.int64]:
        """The number of the class that is the answer, [N]; for multilabel a 0 or 1 per class, [N, K]."""
        if self.task == "multilabel":
            return (self.probabilities >= EVEN).astype(np.int64)
        if self.task == "binary":
            # In float32, as the graph of an export compares.
            return (self.probabilities[:, 1] >= np.float32(self.threshold)).astype(np.int64)
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @cached_property
    def labels(self) -> list[str]:
        """The name of the class that is the answer, one per example; for multilabel all of them, joined by `|`."""
        if self.task == "multilabel":
            names = np.array(self.class_names, dtype=object)
            return [joined(names[row.astype(bool)]) for row in self.predictions]
        return [self.class_names[number] for number in self.predictions]
