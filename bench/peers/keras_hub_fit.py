"""What a user of keras-hub writes to fine-tune an encoder: `BertTextClassifier`, padded to the longest length, `fit`.

Knows nothing of aimodels. Needs keras-hub 0.32.0, and safetensors, which its reader of such folders imports. Texts
become ids once, in tf.data, and stay in memory. Prints one JSON document: parameters, examples, when each step of each
epoch ended, the test accuracy if it was asked for.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
import reviews
import tensorflow as tf


def preset(encoder: Path, folder: Path) -> str:
    """The encoder's folder as keras-hub reads it: with a `vocab.txt`, also where there is only a `tokenizer.json`."""
    for path in encoder.resolve().iterdir():
        (folder / path.name).symlink_to(path)
    if not (encoder / "vocab.txt").exists():
        vocabulary = json.loads((encoder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
        pieces = sorted(vocabulary, key=vocabulary.__getitem__)
        (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
    return str(folder)


def batches(texts: list[str], targets: list[int], *, reading: Any, options: argparse.Namespace) -> tf.data.Dataset:
    """Ids and targets, read once and kept; in another order in every epoch."""
    raw = tf.data.Dataset.from_tensor_slices((texts, targets))
    read = raw.batch(256).map(lambda text, target: (reading(text), target)).unbatch().cache()
    known = read.apply(tf.data.experimental.assert_cardinality(len(texts)))
    return known.shuffle(len(texts), seed=options.seed).batch(options.batch_size).prefetch(tf.data.AUTOTUNE)


def classifier(options: argparse.Namespace) -> tuple[Any, Any]:
    """The network, compiled, and what makes ids of texts."""
    with tempfile.TemporaryDirectory(prefix="preset-") as name:
        folder = preset(options.encoder, Path(name))
        tokenizer = keras_hub.tokenizers.BertTokenizer.from_preset(folder, strip_accents=True)
        model = keras_hub.models.BertTextClassifier.from_preset(folder, num_classes=2, preprocessor=None)
    optimizer = keras.optimizers.AdamW(options.learning_rate, weight_decay=options.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    return model, keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=options.max_length)


def some(strings: list[str], targets: list[int], *, limit: int | None) -> tuple[list[str], list[int]]:
    """So many of the texts at random, for a faster epoch, or all."""
    if not limit:
        return strings, targets
    chosen = np.sort(np.random.default_rng(0).choice(len(strings), size=limit, replace=False))
    return [strings[number] for number in chosen], [targets[number] for number in chosen]


def arguments() -> argparse.Namespace:
    """What it was told on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, required=True, help="a folder in Hugging Face layout")
    parser.add_argument("--data", type=Path, required=True, help="the archive of the reviews")
    parser.add_argument("--max-length", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--weight-decay", type=float, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--test", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Train, measure on the test part if asked to, and print."""
    options = arguments()
    keras.utils.set_random_seed(options.seed)
    texts = reviews.texts_of(options.data)
    strings, targets = some(*texts["train"], limit=options.limit)
    model, reading = classifier(options)
    ended: list[list[float]] = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: ended.append([]),
        on_train_batch_end=lambda batch, logs: ended[-1].append(time.time()),
    )
    train = batches(strings, targets, reading=reading, options=options)
    model.fit(train, epochs=options.epochs, verbose=0, callbacks=[clock])
    document = {"num_parameters": model.count_params(), "num_examples": len(strings), "steps_ended_at": ended}
    if options.test:
        test = tf.data.Dataset.from_tensor_slices(texts["test"]).batch(options.batch_size)
        known = test.map(lambda text, target: (reading(text), target))
        document["accuracy"] = model.evaluate(known, verbose=0, return_dict=True)["accuracy"]
    print(json.dumps(document))


if __name__ == "__main__":
    main()
