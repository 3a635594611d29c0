"""From a number with mean 0 and deviation 1 back to the unit of the target."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="aimodels")
class Unscale(keras.layers.Layer):
    """`mean` + `deviation` times its input, float32 whatever the policy: mixed precision would round thousands."""

    def __init__(self, *, mean: float, deviation: float, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.mean = mean
        self.deviation = deviation

    def call(self, numbers: Any) -> Any:
        """[N, 1] to [N, 1]."""
        return numbers * self.deviation + self.mean

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The same shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What it is made of, for saving."""
        return {**super().get_config(), "mean": self.mean, "deviation": self.deviation}
