"""What a Keras user writes by hand for a table of numbers: standardised NumPy arrays, `compile`, `fit`.

Knows nothing of aimodels. Prints one JSON document: parameters, examples, and when each epoch ended.
"""

import argparse
import json
import time

import keras
import numpy as np


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", help="a CSV file of numbers with a header; the last column is the class, 0 or 1")
    parser.add_argument("--hidden", type=int, nargs="+", required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    options = parser.parse_args()
    table = np.loadtxt(options.table, delimiter=",", skiprows=1, dtype=np.float32)
    x, y = table[:, :-1], table[:, -1:]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    layers = [keras.layers.Dense(units, activation="relu") for units in options.hidden]
    model = keras.Sequential([keras.Input((x.shape[1],)), *layers, keras.layers.Dense(1)])
    model.compile(
        optimizer="adam",
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
    )
    ended: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ended.append(time.time()))
    model.fit(x, y, batch_size=options.batch_size, epochs=options.epochs, verbose=0, callbacks=[clock])
    print(json.dumps({"num_parameters": model.count_params(), "num_examples": len(x), "epochs_ended_at": ended}))


if __name__ == "__main__":
    main()
