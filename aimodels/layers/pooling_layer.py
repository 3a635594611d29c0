"""What layers that make one vector of each text have in common."""

from typing import Any

from aimodels.layers.plain_layer import PlainLayer


class PoolingLayer(PlainLayer):
    """From states [N, T, features], with a mask [N, T] that is true at words, to [N, features]."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True

    def compute_mask(self, sequence: Any, mask: Any = None) -> None:
        """There are no positions left."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[N, features]."""
        return (input_shape[0], input_shape[-1])
