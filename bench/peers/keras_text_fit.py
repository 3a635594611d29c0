"""What a Keras user writes by hand for texts: everything padded to the longest length once, masks, `compile`, `fit`.

Knows nothing of aimodels. Prints one JSON document: parameters, examples, when each epoch ended, the test accuracy.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import keras
import reviews
from keras import layers


class Embedding(layers.Layer):
    """Token and learned position embeddings, added up."""

    def __init__(self, vocabulary: int, width: int, length: int) -> None:
        super().__init__()
        self.supports_masking = True
        self.tokens = layers.Embedding(vocabulary, width, mask_zero=True)
        self.positions = layers.Embedding(length, width)

    def call(self, ids: Any) -> Any:
        """From ids [batch, length] to vectors [batch, length, width]."""
        return self.tokens(ids) + self.positions(keras.ops.arange(keras.ops.shape(ids)[1]))

    def compute_mask(self, ids: Any, mask: Any = None) -> Any:
        """Where a word is."""
        return self.tokens.compute_mask(ids)


def lstm(options: argparse.Namespace) -> keras.Model:
    """Embedding(10000, 64), LSTM 64, LSTM 64, Dense 64: configs/text/imdb_lstm_published.yaml."""
    return keras.Sequential(
        [
            keras.Input((options.max_length,), dtype="int32"),
            layers.Embedding(options.vocabulary, 64, mask_zero=True),
            layers.LSTM(64, return_sequences=True),
            layers.LSTM(64),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )


def transformer(options: argparse.Namespace) -> keras.Model:
    """One pre-norm block, 64 wide, 4 heads, 128 inside, mean over the words: configs/text/imdb_transformer.yaml."""
    ids = keras.Input((options.max_length,), dtype="int32")
    flow = Embedding(options.vocabulary, 64, options.max_length)(ids)
    flow = layers.Dropout(options.dropout)(flow)
    normed = layers.LayerNormalization(epsilon=1e-6)(flow)
    attended = layers.MultiHeadAttention(4, 16)(normed, normed)
    flow = layers.Add()([flow, layers.Dropout(options.dropout)(attended)])
    normed = layers.LayerNormalization(epsilon=1e-6)(flow)
    inner = layers.Dense(64)(layers.Dense(128, activation="gelu")(normed))
    flow = layers.Add()([flow, layers.Dropout(options.dropout)(inner)])
    flow = layers.LayerNormalization(epsilon=1e-6)(flow)
    flow = layers.Dropout(options.dropout)(layers.GlobalAveragePooling1D()(flow))
    return keras.Model(ids, layers.Dense(1)(flow))


def main() -> None:
    """Train, measure on the test part if asked to, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=["lstm", "transformer"])
    parser.add_argument("--data", type=Path, required=True, help="the archive of the reviews")
    parser.add_argument("--vocabulary", type=int, required=True)
    parser.add_argument("--max-length", type=int, required=True)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--test", action="store_true")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    sizes = {"vocabulary": options.vocabulary, "max_length": options.max_length, "limit": options.limit}
    data = reviews.load(options.data, with_test=options.test, **sizes)
    model = {"lstm": lstm, "transformer": transformer}[options.network](options)
    model.compile(
        optimizer=keras.optimizers.Adam(options.learning_rate),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
    )
    ended: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ended.append(time.time()))
    model.fit(
        data.train.ids, data.train.targets, batch_size=options.batch_size, epochs=options.epochs, verbose=0,
        callbacks=[clock],
    )  # fmt: skip
    document = {
        "num_parameters": model.count_params(), "num_examples": len(data.train.ids), "epochs_ended_at": ended
    }  # fmt: skip
    if options.test:
        document["accuracy"] = model.evaluate(data.test.ids, data.test.targets, verbose=0, return_dict=True)["accuracy"]
    print(json.dumps(document))


if __name__ == "__main__":
    main()
