"""A linear model: every input times a weight, summed. For classes this is logistic regression, for a number linear
regression (with `l2` ridge regression); the baseline that every other model should beat.

Each value of a category and each word has a weight per output of its own; a text gives the mean of its words' weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from aimodels.config.schema import ArchitectureOptions
from aimodels.config.words import WordsOptions
from aimodels.data.encodings import CATEGORIES, NUMBERS, CategoryEncoding, Encodings, TextEncoding, text_alone
from aimodels.preprocessing.images import Options as ImageOptions

if TYPE_CHECKING:
    import keras

ACCEPTS = ("columns", "images", "words")
SMALLEST_INPUT = (1, 1, 1)
# Its operations are too few to be worth joining.
XLA_FASTER_ON: dict[str, tuple[str, ...]] = {}


class Options(ArchitectureOptions):
    """The penalty, and how images and texts are read."""

    name: Literal["linear"] = "linear"
    l2: float = Field(0.0, ge=0, description="Penalty on the squared size of the weights, as in ridge regression.")
    images: ImageOptions = Field(ImageOptions(), description="How images become tensors.")
    words: WordsOptions = Field(WordsOptions(), description="How texts become words, and words become numbers.")


def build(
    options: Options,
    *,
    tensors: Any,
    num_outputs: int,
    vocabulary: tuple[str, ...] = (),
    columns: Encodings | None = None,
) -> "keras.Model":
    """From a tensor [batch, ...], ids of words [batch, T], or the tensors of a table's columns, to logits
    [batch, num_outputs]."""
    import keras
    from keras import layers

    from aimodels.layers.biased_sum import BiasedSum
    from aimodels.layers.joined_columns import inputs_of

    weights = _Weights(num_outputs, l2=options.l2)
    inputs: Any
    if columns is not None:
        inputs = inputs_of(tensors)
        parts = weights.of_columns(inputs, columns)
    else:
        inputs = keras.Input(tensors.shape[1:], dtype=tensors.dtype, name="tensors")
        text = text_alone(vocabulary, max_length=options.words.max_length)
        parts = [weights.of_words(inputs, text) if vocabulary else weights.of_numbers(layers.Flatten()(inputs))]
    return keras.Model(inputs, BiasedSum(name="logits")(parts), name="linear")


@dataclass(frozen=True)
class _Weights:
    """Layers that give, of each kind of input, the sum of its weights: [batch, num_outputs], float32 whatever the
    training precision."""

    num_outputs: int
    l2: float

    def of_columns(self, inputs: Mapping[str, Any], columns: Encodings) -> list[Any]:
        """One sum per tensor of a table."""
        parts = [self.of_numbers(inputs[NUMBERS])] if columns.numbers else []
        if columns.categories:
            parts.append(self.of_values(inputs[CATEGORIES], columns.categories))
        return parts + [self.of_words(inputs[text.key], text) for text in columns.texts]

    def of_numbers(self, numbers: Any) -> Any:
        """A matrix, [batch, F] to [batch, num_outputs]."""
        from keras import layers

        matrix = layers.Dense(
            self.num_outputs,
            use_bias=False,
            kernel_regularizer=self._penalty(),
            dtype="float32",
            name="numbers_weights",
        )
        return matrix(numbers)

    def of_values(self, ids: Any, categories: tuple[CategoryEncoding, ...]) -> Any:
        """A number per output and value: the same as a matrix behind one-hot inputs, without these."""
        from keras import layers, ops

        from aimodels.layers.category_vectors import CategoryVectors

        tables = tuple(replace(column, size=self.num_outputs) for column in categories)
        vectors = CategoryVectors(tables, l2=self.l2, dtype="float32", name="categories_weights")(ids)
        return ops.sum(
            layers.Reshape((len(categories), self.num_outputs), dtype="float32", name="by_column")(vectors), axis=1
        )

    def of_words(self, ids: Any, text: TextEncoding) -> Any:
        """The mean over the words of a text."""
        from aimodels.layers.embedding import Embedding
        from aimodels.layers.mean_pooling import MeanPooling

        table = Embedding(
            len(text.vocabulary),
            self.num_outputs,
            mask_zero=True,
            embeddings_regularizer=self._penalty(),
            dtype="float32",
            name=f"{text.prefix}weights",
        )
        pooling = MeanPooling(dtype="float32", name=f"{text.prefix}pooling")
        pooling.supports_jit = False  # XLA would compile every length of batch anew
        return pooling(table(ids))

    def _penalty(self) -> Any:
        from keras import regularizers

        return regularizers.L2(self.l2) if self.l2 else None
