"""What a linear model sees of a table: the network's own encodings, as a matrix with a row per example."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.encodings import CATEGORIES, NUMBERS, TEXT

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Encoded = Mapping[str, Any]

# A narrow matrix is handled faster without its zeros being left out.
DENSE_UP_TO = 128


@dataclass(frozen=True)
class LinearFeatures:
    """How encoded rows become a matrix: numbers with mean 0 and deviation 1, a 0 or 1 per value of a category, and how
    often each word occurs in a text. Values and words that the training rows do not have take no part."""

    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    num_values: tuple[int, ...]
    num_words: Mapping[str, int]

    @property
    def size(self) -> int:
        """How many columns the matrix has."""
        return len(self.mean) + sum(self.num_values) + sum(self.num_words.values())

    def matrix(self, chunks: Sequence[Encoded]) -> Any:
        """The matrix of the rows of some chunks, [n, size]: dense where it is narrow, otherwise sparse."""
        from scipy.sparse import vstack

        matrix = vstack([self._of(chunk) for chunk in chunks], format="csr")
        return matrix.toarray() if self.size <= DENSE_UP_TO else matrix

    def _of(self, chunk: Encoded) -> "csr_matrix":
        from scipy.sparse import csr_matrix, hstack

        parts = [csr_matrix((chunk[NUMBERS] - self.mean) / self.deviation)] if NUMBERS in chunk else []
        parts += [_one_hot(chunk[CATEGORIES][:, number], size=size) for number, size in enumerate(self.num_values)]
        parts += [_word_counts(chunk[name], size=size) for name, size in self.num_words.items()]
        return hstack(parts, format="csr")


def fit_features(chunks: Sequence[Encoded]) -> LinearFeatures:
    """What the encoded training rows say about the columns of the matrix."""
    numbers, categories = _stacked(chunks, NUMBERS), _stacked(chunks, CATEGORIES)
    deviation = numbers.std(axis=0, dtype=np.float64)
    texts = [name for name in chunks[0] if name.startswith(TEXT)]
    return LinearFeatures(
        mean=numbers.mean(axis=0, dtype=np.float64),
        deviation=np.where(deviation > 0, deviation, 1.0),
        num_values=tuple(int(ids.max()) + 1 for ids in categories.T),
        num_words={name: 1 + max(int(chunk[name].ids.max()) for chunk in chunks) for name in texts},
    )


def cells_per_row(chunk: Encoded) -> float:
    """How many numbers other than 0 a row has in the matrix, about."""
    texts = [len(part.ids) / (len(part.starts) - 1) for name, part in chunk.items() if name.startswith(TEXT)]
    others = [part.shape[1] for name, part in chunk.items() if not name.startswith(TEXT)]
    return max(1.0, float(sum(texts) + sum(others)))


def _stacked(chunks: Sequence[Encoded], key: str) -> npt.NDArray[Any]:
    """The rows of every chunk; without columns where there are none of this kind."""
    return np.concatenate([chunk[key] for chunk in chunks]) if key in chunks[0] else np.zeros((1, 0))


def _one_hot(ids: npt.NDArray[np.int32], *, size: int) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    known = np.flatnonzero(ids < size)
    return csr_matrix((np.ones(len(known)), (known, ids[known])), shape=(len(ids), size))


def _word_counts(encoded: Any, *, size: int) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    shape = (len(encoded.starts) - 1, max(size, int(encoded.ids.max()) + 1))
    counts = csr_matrix((np.ones(len(encoded.ids)), encoded.ids, encoded.starts), shape=shape)
    counts.sum_duplicates()
    return counts[:, :size]
