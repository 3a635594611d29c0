"""From the vector of a text to its logits."""

from collections.abc import Sequence
from typing import Any

from keras import layers


def logits(flow: Any, *, dense: Sequence[int], dropout: float, num_outputs: int) -> Any:
    """Dense layers with ReLU, each with dropout before it, and the layer of the logits, [N, num_outputs]."""
    for number, units in enumerate(dense, start=1):
        if dropout:
            flow = layers.Dropout(dropout, name=f"dropout_{number}")(flow)
        flow = layers.Dense(units, activation="relu", name=f"dense_{number}")(flow)
    if dropout:
        flow = layers.Dropout(dropout, name="dropout")(flow)
    # float32 whatever the training precision: half-precision logits lose digits in the loss and in the answers.
    return layers.Dense(num_outputs, dtype="float32", name="logits")(flow)
