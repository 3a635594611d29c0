"""Runs for tables as training leaves them, with small networks of random weights that nobody trained."""

from pathlib import Path
from typing import Any

from aimodels.architectures import mlp
from aimodels.config.columns import CategoryColumn, DateColumn, NumberColumn, TextColumn
from aimodels.config.loading import to_yaml
from aimodels.config.schema import Config
from aimodels.data.dataset import Column, Dataset, Provenance, Split, TableInput, Target
from aimodels.data.rows import Rows, rows_of
from aimodels.datasets import csv
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import RunFolder
from aimodels.runs.signature import signature_of

INPUT = TableInput(
    (
        Column("bill length (mm)", NumberColumn()),
        Column("class", CategoryColumn()),
        Column("a/b", NumberColumn()),
        Column("Größe", DateColumn()),
        Column("remark", TextColumn()),
    ),
    missing=("NA",),
)
BINARY = Target("binary", ("no", "yes"))
MULTICLASS = Target("multiclass", ("a", "b", "c"))
MULTILABEL = Target("multilabel", ("wet", "cold", "windy"))
REGRESSION = Target("regression", unit="g")
NUM_SAMPLES = 20


def some_rows(num_rows: int) -> Rows:
    """Rows of the columns of `INPUT`, every seventh value missing."""
    import numpy as np
    import pyarrow

    random = np.random.default_rng(3)

    def column(values: Any, type: Any) -> Any:
        return pyarrow.array([None if random.random() < 1 / 7 else value for value in values], type)

    number, string = pyarrow.float64(), pyarrow.string()
    texts = random.choice(["x", "y", "zebra", ""], num_rows).tolist()
    table = pyarrow.table(
        {
            "bill length (mm)": column(random.normal(size=num_rows).tolist(), number),
            "class": column(texts, string),
            "a/b": column(random.normal(size=num_rows).tolist(), number),
            "Größe": column([f"2024-05-{day + 1:02d}" for day in random.integers(30, size=num_rows)], string),
            "remark": column([f"a {text} and {text}" for text in texts], string),
        }
    )
    return rows_of(table)


def untrained_table_run(runs_dir: Path, target: Target = BINARY, *, threshold: float | None = None) -> RunFolder:
    """A finished run whose network takes rows; `threshold` as if it had been chosen on the validation split."""
    import numpy as np

    network = _network(target.num_outputs)
    run = RunFolder.create(runs_dir, stem="rows")
    run.checkpoints.mkdir()
    run.plot_data.mkdir(parents=True)
    network.save(run.checkpoint("best"))
    train = Split("train", some_rows(0), np.zeros(0))
    dataset = Dataset(INPUT, target, train, None, None, Provenance("made up", fingerprint="0"))
    write_json(run.signature_file, signature_of(dataset))
    facts = {"architecture": "mlp", "dataset": "csv", "num_parameters": network.count_params()}
    facts |= {} if threshold is None else {"threshold": {"value": threshold, "metric": "f1", "on": "validation"}}
    write_json(run.run_file, {"name": run.name, "status": "finished", "schema": "aimodels/1", **facts})
    samples = {"rows": some_rows(NUM_SAMPLES).table().to_pylist(), "labels": ["?"] * NUM_SAMPLES}
    write_json(run.plot_data / "samples.json", samples)
    # The data is not there any more.
    data = csv.Options(name="csv", path=str(runs_dir.parent / "rows.csv"), target="what", unit=target.unit)
    run.resolved_file.write_text(to_yaml(Config(data=data, model=mlp.Options(name="mlp"))))
    return run


def _network(num_outputs: int) -> Any:
    """From a tensor per column to logits, with large weights, so that every column counts."""
    import keras
    import numpy as np

    from aimodels.preprocessing import columns

    keras.utils.set_random_seed(5)
    rows = some_rows(100)
    fitted = columns.fit(columns.Options(), input=INPUT, train=Split("train", rows, np.zeros(len(rows))))
    options = mlp.Options(name="mlp", hidden=(16,))
    core = mlp.build(options, tensors=fitted.output, num_outputs=num_outputs, columns=columns.columns(fitted))
    for weight in core.trainable_weights:
        weight.assign(3 * weight)
    return keras.Model(fitted.input, core(fitted.output), name="network")
