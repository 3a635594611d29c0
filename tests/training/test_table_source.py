"""Rows for the loop, from memory and from disk: everyone once an epoch, each with its own target."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from aimodels.architectures import mlp
from aimodels.config.columns import CategoryColumn, NumberColumn, TextColumn
from aimodels.config.schema import DatasetOptions, config_class
from aimodels.data.dataset import Column, Dataset, Provenance, Split, TableInput, Target
from aimodels.data.rows import Rows, rows_of

if TYPE_CHECKING:
    import pyarrow

pytestmark = pytest.mark.tensorflow

COUNT = 300
INPUT = TableInput(
    (Column("size", NumberColumn()), Column("colour", CategoryColumn()), Column("remark", TextColumn())),
    missing=("NA",),
)


@dataclass(frozen=True)
class OnDisk:
    """A store that does not say that it is in memory."""

    rows: Rows
    rows_at_once: int = 50

    def __len__(self) -> int:
        return len(self.rows)

    def table(self, positions: np.ndarray, *, columns: tuple[str, ...] | None = None) -> "pyarrow.Table":
        return self.rows.store.table(positions, columns=columns)

    def name_of(self, position: int) -> str:
        return self.rows.name_of(position)


def table() -> Rows:
    import pyarrow

    random = np.random.default_rng(0)
    return rows_of(
        pyarrow.table(
            {
                "size": pyarrow.array(np.arange(COUNT, dtype=np.float64)),
                "colour": [f"c{number % 7}" for number in range(COUNT)],
                "remark": [" ".join(random.choice(list("abc"), size=number % 5)) for number in range(COUNT)],
            }
        )
    )


def dataset(*, task: str = "regression", on_disk: bool = False, weights: bool = False) -> Dataset:
    rows = table()
    if on_disk:
        rows = Rows(OnDisk(rows), rows.positions)
    numbers = np.arange(COUNT)
    targets = {
        "regression": numbers * 10.0 + 5.0,
        "binary": (numbers % 4 == 0).astype(np.int64),
        "multilabel": np.stack([numbers % 2, numbers % 3 == 0], axis=1).astype(np.int64),
    }[task]
    names = {"regression": (), "binary": ("no", "yes"), "multilabel": ("odd", "third")}[task]
    of_rows = (numbers % 5 + 1).astype(np.float32) if weights else None
    train = Split("train", rows, targets, weights=of_rows)
    return Dataset(
        input=INPUT,
        target=Target(task, names),
        train=train,
        validation=train.take(range(40), name="validation"),
        test=None,
        provenance=Provenance("numbers", "0"),
    )


def batches(data: Dataset, **train: object) -> object:
    from aimodels.preprocessing import columns
    from aimodels.training.batching import Batches
    from aimodels.training.target_scale import target_scale

    asked = {"seed": 5, "data": {"name": "x"}, "model": {"name": "mlp"}, "train": {"batch_size": 16, **train}}
    config = config_class(DatasetOptions, mlp.Options).model_validate(asked)
    fitted = columns.fit(columns.Options(), input=data.input, train=data.train)
    return Batches(data, config, one_hot=False, scale=target_scale(data, config.train), reading=fitted)


def seen(result: object) -> list[tuple[float, ...]]:
    """Per example in order: its scaled size, its target, its weight."""
    found = []
    for tensors, *rest in result:
        columns = [tensors["numbers"].numpy()[:, 0], *(each.numpy().ravel() for each in rest)]
        found += list(zip(*(column.tolist() for column in columns), strict=True))
    return found


@pytest.mark.parametrize("on_disk", [False, True])
def test_everyone_comes_once_with_their_own_target(on_disk: bool) -> None:
    found = np.array(seen(batches(dataset(on_disk=on_disk)).epoch(0)))
    assert len(np.unique(found[:, 0])) == len(found) == COUNT
    # Size and target were both numbered through, and both are scaled to deviation 1.
    np.testing.assert_allclose(found[:, 0], found[:, 1], atol=1e-5)


@pytest.mark.parametrize("on_disk", [False, True])
def test_keras_is_told_how_many_batches_come(on_disk: bool) -> None:
    made = batches(dataset(on_disk=on_disk))
    assert int(made.epoch(0).cardinality()) == made.steps_per_epoch == -(-COUNT // 16)


@pytest.mark.parametrize("on_disk", [False, True])
def test_the_order_is_a_function_of_seed_and_epoch(on_disk: bool) -> None:
    one, other = (batches(dataset(on_disk=on_disk)) for _ in range(2))
    assert seen(one.epoch(0)) != seen(one.epoch(1))
    assert seen(other.epoch(1)) == seen(one.epoch(1))


def test_memory_and_disk_hold_the_same_tensors() -> None:
    in_memory, on_disk = (batches(dataset(on_disk=on_disk)).validation() for on_disk in (False, True))
    for (one, *_), (other, *_) in zip(in_memory, on_disk, strict=True):
        assert set(one) == set(other) == {"numbers", "categories", "text_0"}
        for name in one:
            np.testing.assert_array_equal(one[name].numpy(), other[name].numpy())


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_small_window_shows_everyone_too(on_disk: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from aimodels.training import table_source

    monkeypatch.setattr(table_source, "WINDOW_BYTES", 1)
    found = seen(batches(dataset(on_disk=on_disk)).epoch(0))
    assert len({size for size, *_ in found}) == COUNT


def test_weights_of_rows_and_classes_are_multiplied() -> None:
    weighted = batches(dataset(task="binary", weights=True), class_weights={"yes": 10.0})
    for tensors, targets, weights in weighted.epoch(0):
        sizes = tensors["numbers"].numpy()[:, 0] * np.arange(COUNT).std() + np.arange(COUNT).mean()
        of_rows = np.round(sizes) % 5 + 1
        np.testing.assert_allclose(weights.numpy(), np.where(targets.numpy()[:, 0] == 1, 10.0, 1.0) * of_rows)


def test_over_sampling_evens_the_classes_out() -> None:
    sampled = batches(dataset(task="binary"), sampling="over")
    targets = np.concatenate([targets.numpy().ravel() for _, targets in sampled.epoch(0)])
    assert targets.mean() == 0.5
    assert len(targets) == 450
    assert sampled.steps_per_epoch == -(-450 // 16)


def test_several_labels_are_a_row_each() -> None:
    for _, targets in batches(dataset(task="multilabel")).epoch(0):
        assert targets.shape[1] == 2
        assert targets.dtype == "float32"


def test_the_files_of_a_source_go_with_it() -> None:
    made = batches(dataset(on_disk=True))
    folder = made.train.folder
    assert sorted(path.name for path in folder.iterdir()) == ["categories.bin", "numbers.bin", "text_0.bin"]
    del made
    assert not folder.exists()
