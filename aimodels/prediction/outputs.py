"""What a network answers: from its logits to outputs with names, and the ways in which it can be asked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Outputs:
    """What the outputs of a network mean."""

    task: str
    class_names: tuple[str, ...]

    def named(self, logits: Any) -> dict[str, Any]:
        """From logits [N, outputs] to `probabilities` float32 [N, classes] and `label` string [N]; in the graph."""
        import tensorflow as tf

        logits = tf.cast(logits, tf.float32)
        if self.task == "binary":
            positive = tf.sigmoid(logits)
            probabilities = tf.concat([1.0 - positive, positive], axis=1)
        else:
            probabilities = tf.nn.softmax(logits, axis=1)
        label = tf.gather(tf.constant(self.class_names), tf.argmax(probabilities, axis=1))
        return {"probabilities": probabilities, "label": label}


@dataclass(frozen=True)
class Endpoint:
    """One way to ask: a TensorFlow graph function from one raw tensor to named outputs, and what that tensor is."""

    function: Callable[[Any], dict[str, Any]]
    spec: "tf.TensorSpec"


@dataclass(frozen=True)
class Answers:
    """What the model says: `probabilities` float32 [N, classes], a column per class name.

    `num_words` int64 [N] is how many words each text has, those that are cut off included, and `num_unknown` int64 [N]
    how many of those read are not in the vocabulary; None for images.
    """

    probabilities: npt.NDArray[np.float32]
    class_names: tuple[str, ...]
    num_words: npt.NDArray[np.int64] | None = None
    num_unknown: npt.NDArray[np.int64] | None = None

    @cached_property
    def predictions(self) -> npt.NDArray[np.int64]:
        """The number of the most probable class, [N]."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @cached_property
    def labels(self) -> list[str]:
        """The name of the most probable class, one per example."""
        return [self.class_names[number] for number in self.predictions]
