"""The layer that makes one vector of each text out of the vectors of its words, by the word in the config."""

from typing import Any, Literal

from aimodels.layers.attention_pooling import AttentionPooling
from aimodels.layers.class_token import ClassTokenPooling
from aimodels.layers.max_pooling import MaxPooling
from aimodels.layers.mean_pooling import MeanPooling

Pooling = Literal["mean", "max", "attention", "cls"]
LAYERS = {"mean": MeanPooling, "max": MaxPooling, "attention": AttentionPooling, "cls": ClassTokenPooling}


def pooling(kind: Pooling, *, prefix: str = "") -> Any:
    """From states [N, T, features] to [N, features]."""
    return LAYERS[kind](name=f"{prefix}pooling")
