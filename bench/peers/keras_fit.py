"""What a Keras user writes by hand: a network, NumPy arrays scaled to 0..1, `compile` with its defaults, `fit`.

Knows nothing of aimodels. Prints one JSON document: parameters, examples, and when each epoch ended.
"""

import argparse
import json
import time
from typing import Any

import keras
import numpy as np


def build(network: str) -> keras.Model:
    """The networks of configs/image/mnist_cnn.yaml and mnist_mlp.yaml."""
    layers = keras.layers
    if network == "mlp":
        body = [layers.Flatten(), layers.Dense(128, activation="relu")]
    else:
        body = [
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
        ]
    return keras.Sequential([keras.Input((28, 28, 1)), *body, layers.Dense(10)])


def read(path: str, limit: int | None) -> tuple[Any, Any]:
    """The training digits: float32 [N, 28, 28, 1] from 0 to 1, and their classes."""
    if path == "auto":
        (images, labels), _ = keras.datasets.mnist.load_data()
    else:
        with np.load(path) as arrays:
            images, labels = arrays["x_train"], arrays["y_train"]
    return images[:limit, :, :, None].astype("float32") / 255.0, labels[:limit]


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=["cnn", "mlp"])
    parser.add_argument("--data", default="auto", help="an .npz file in the layout of Keras's mnist.npz")
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    x, y = read(options.data, options.limit)
    model = build(options.network)
    model.compile(
        optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    ended: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ended.append(time.time()))
    model.fit(x, y, batch_size=options.batch_size, epochs=options.epochs, verbose=0, callbacks=[clock])
    print(json.dumps({"num_parameters": model.count_params(), "num_examples": len(x), "epochs_ended_at": ended}))


if __name__ == "__main__":
    main()
