"""Any dataset of texts as texts alone, and their pieces before any cut."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Dataset, Split, Target, TextInput, Texts
from aimodels.data.plurals import counted
from aimodels.events import Inferred, emit
from aimodels.preprocessing.words import by_chunk, words_layer

NONE = Target(task="none")


@dataclass(frozen=True)
class Pieces:
    """The ids of the pieces of texts: text n is `ids[starts[n]:starts[n + 1]]`; int32, int64."""

    ids: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]


def texts_alone(dataset: Dataset) -> Dataset:
    """The texts without their targets and without a test split; says what is not used.

    Both texts of a pair are texts of their own.
    """
    told = []
    if dataset.target != NONE:
        told.append("targets are not read: pre-training learns from the texts alone")
    if dataset.input.is_pair if isinstance(dataset.input, TextInput) else False:
        told.append("both texts of a pair are texts of their own")
    if dataset.test is not None:
        told.append(f"the test split is left out: {counted(len(dataset.test), 'text')}")
    if told:
        emit(Inferred(tuple(told)))
    validation = dataset.validation
    return replace(
        dataset,
        input=TextInput(),
        target=NONE,
        train=_alone(dataset.train),
        validation=None if validation is None else _alone(validation),
        test=None,
    )


def _alone(split: Split) -> Split:
    if not isinstance(split.examples, Texts):
        raise TypeError(f"{type(split.examples).__name__} are no texts")
    texts = Texts((*split.examples.strings, *split.examples.seconds))
    return Split(split.name, texts, np.zeros(len(texts), np.int64))


def pieces_of(fitted: keras.Model, split: Split) -> Pieces:
    """Every piece of the texts of a split, by the fitted preprocessing `wordpieces`; in bounded memory."""
    if not isinstance(split.examples, Texts):
        raise TypeError(f"{type(split.examples).__name__} are no texts")
    layer = words_layer(fitted)

    def numbers(texts: Any) -> tuple[Any, ...]:
        pieces = layer.words_of(texts)
        return pieces.flat_values, pieces.row_lengths()

    ids, lengths = (np.concatenate(parts) for parts in zip(*by_chunk(split.examples, numbers), strict=True))
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    return Pieces(ids=ids.astype(np.int32), starts=starts)
