"""Answers are computed in float32, whatever precision the training computed in."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

MIXED = ("mixed_bfloat16", "mixed_float16")


def in_float32(model: "keras.Model") -> "keras.Model":
    """The same network with the same weights, computing in float32; the model itself if it does so already.

    Half precision rounds differently on every device and in every fused kernel, so a model exported with it would not
    answer as it did here. The weights of a mixed-precision network are float32 all along.
    """
    if not any(layer.dtype_policy.name in MIXED for layer in model._flatten_layers()):
        return model
    import keras

    serialized = keras.saving.serialize_keras_object(model)
    twin = keras.saving.deserialize_keras_object(_without_mixed(json.loads(json.dumps(serialized))))
    twin.set_weights(model.get_weights())
    return twin


def _without_mixed(value: Any) -> Any:
    """The serialized model with every mixed policy replaced by float32."""
    if isinstance(value, dict):
        return {key: "float32" if item in MIXED else _without_mixed(item) for key, item in value.items()}
    if isinstance(value, list):
        # Policies are values of mappings; a list may be a vocabulary, whose words are left alone.
        return [_without_mixed(item) for item in value]
    return value
