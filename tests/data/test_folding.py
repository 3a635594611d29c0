"""Folds: properties that hold for any classes, groups, number of parts and seed."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from test_splitting import SEEDS, a_split

from aimodels.config.schema import DatasetOptions, Fold
from aimodels.data.dataset import Dataset, Provenance, Split, Target, TextInput, Texts, target_of
from aimodels.data.folding import UNUSED, fold_numbers, folded, undivided
from aimodels.data.loading import load_dataset
from aimodels.data.splitting import FEW_OF_A_KIND
from aimodels.datasets import csv, mnist, text_table
from aimodels.errors import ConfigError
from aimodels.events import Warned, listening

TARGETS = st.lists(st.integers(0, 4), min_size=2, max_size=100).map(lambda labels: np.array(labels, dtype=np.int64))
PARTS = st.integers(2, 12)
GROUPED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20)), min_size=2, max_size=100)


def a_dataset(split: Split, *, test: Split | None = None, target: Target | None = None) -> Dataset:
    target = target or target_of([f"class {number}" for number in range(5)])
    return Dataset(TextInput(), target, split, None, test, Provenance("some examples", "abc"))


def options(number: int = 1, *, of: int = 5, validation: float = 0.0) -> DatasetOptions:
    return DatasetOptions(name="some", validation=validation, fold=Fold(number=number, of=of))


def labelled(num_examples: int, *, seed: int, num_labels: int = 3) -> Split:
    targets = np.random.default_rng(seed).integers(2, size=(num_examples, num_labels))
    return Split("train", np.zeros((num_examples, 1, 1, 1), np.uint8), targets)


@given(TARGETS, PARTS, SEEDS)
def test_every_example_is_tested_once_and_parts_are_of_one_size(targets, of, seed):
    assume(len(targets) >= of)
    sizes = np.bincount(fold_numbers(a_dataset(a_split(targets)), of=of, seed=seed), minlength=of + 1)
    assert sizes[0] == 0
    assert len(sizes) == of + 1
    assert sizes[1:].sum() == len(targets)
    assert np.ptp(sizes[1:]) <= 1


@given(TARGETS, PARTS, SEEDS)
def test_every_class_has_its_share_in_every_part(targets, of, seed):
    assume(len(targets) >= of)
    numbers = fold_numbers(a_dataset(a_split(targets)), of=of, seed=seed)
    for label in np.unique(targets):
        assert np.ptp(np.bincount(numbers[targets == label], minlength=of + 1)[1:]) <= 1


@given(GROUPED, PARTS, SEEDS)
def test_a_group_is_never_parted_and_no_part_is_empty(grouped, of, seed):
    targets, groups = np.array(grouped, np.int64).T
    assume(len(np.unique(groups)) >= of)
    split = Split("train", np.zeros((len(targets), 1, 1, 1), np.uint8), targets, groups=groups)
    numbers = fold_numbers(a_dataset(split), of=of, seed=seed)
    assert set(numbers) == set(range(1, of + 1))
    for group in np.unique(groups):
        assert len(set(numbers[groups == group])) == 1


@given(st.integers(10, 80), PARTS, SEEDS)
def test_groups_of_one_size_make_parts_of_one_size(num_groups, of, seed):
    assume(num_groups >= of)
    groups = np.repeat(np.arange(num_groups), 3)
    split = Split("train", np.zeros((len(groups), 1, 1, 1), np.uint8), np.zeros(len(groups)), groups=groups)
    dataset = a_dataset(split, target=Target("regression"))
    assert np.ptp(np.bincount(fold_numbers(dataset, of=of, seed=seed))[1:]) <= 3


@pytest.mark.parametrize("seed", range(5))
def test_classes_are_shared_out_as_far_as_groups_allow(seed):
    # Each group is of one class: 30 groups of the first, 10 of the second.
    groups = np.repeat(np.arange(40), 5)
    targets = np.repeat([0, 1], [150, 50])
    split = Split("train", np.zeros((200, 1, 1, 1), np.uint8), targets, groups=groups)
    numbers = fold_numbers(a_dataset(split, target=target_of(["a", "b"])), of=5, seed=seed)
    assert np.bincount(numbers[targets == 0])[1:].tolist() == [30] * 5
    assert np.bincount(numbers[targets == 1])[1:].tolist() == [10] * 5


@given(TARGETS, PARTS, SEEDS, st.floats(0, 0.5))
def test_a_fold_is_a_test_a_validation_and_a_training_part(targets, of, seed, validation):
    assume(len(targets) >= of)
    whole = a_dataset(a_split(targets))
    tested = []
    for number in range(1, of + 1):
        fold = folded(whole, options=options(number, of=of, validation=validation), seed=seed)
        splits = [split for split in (fold.train, fold.validation, fold.test) if split is not None]
        positions = [int(position) for split in splits for position in split.examples.reshape(-1)]
        assert sorted(positions) == list(range(len(targets)))
        tested += fold.test.examples.reshape(-1).tolist()
        assert len(fold.train) > 0
    assert sorted(tested) == list(range(len(targets)))


def test_the_parts_depend_on_the_seed_alone():
    whole = a_dataset(a_split(np.repeat(np.arange(5), 20)))
    first = fold_numbers(whole, of=5, seed=1)
    assert np.array_equal(first, fold_numbers(whole, of=5, seed=1))
    assert not np.array_equal(first, fold_numbers(whole, of=5, seed=2))


def test_numbers_are_dealt_out_at_random():
    train = Split("train", np.zeros((100, 1, 1, 1), np.uint8), np.arange(100.0))
    numbers = fold_numbers(a_dataset(train, target=Target("regression")), of=4, seed=0)
    assert np.bincount(numbers).tolist() == [0, 25, 25, 25, 25]
    assert (np.diff(numbers) == 0).sum() > 5
    fold = folded(a_dataset(train, target=Target("regression")), options=options(of=4, validation=0.2), seed=0)
    assert [len(fold.train), len(fold.validation), len(fold.test)] == [60, 15, 25]
    assert 30 < fold.validation.targets.mean() < 70


@given(st.integers(10, 100), SEEDS)
def test_label_combinations_are_shared_out(num_examples, seed):
    train = labelled(num_examples, seed=seed)
    target = Target("multilabel", ("a", "b", "c"))
    numbers = fold_numbers(a_dataset(train, target=target), of=3, seed=seed)
    for combination in np.unique(train.targets, axis=0):
        of_it = (train.targets == combination).all(axis=1)
        # Those that come seldom are dealt out together.
        assert of_it.sum() < FEW_OF_A_KIND or np.ptp(np.bincount(numbers[of_it], minlength=4)[1:]) <= 1
    fold = folded(a_dataset(train, target=target), options=options(of=3, validation=0.5), seed=seed)
    assert len(fold.validation) == round(0.5 * (len(fold.train) + len(fold.validation)))


def test_validation_never_parts_a_group():
    groups = np.repeat(np.arange(20), 5)
    split = Split("train", np.zeros((100, 1, 1, 1), np.uint8), np.tile([0, 1], 50), groups=groups)
    fold = folded(a_dataset(split, target=target_of(["a", "b"])), options=options(validation=0.25), seed=0)
    assert [len(fold.train), len(fold.validation), len(fold.test)] == [60, 20, 20]
    assert not set(fold.train.groups) & set(fold.validation.groups)
    assert not set(fold.test.groups) & (set(fold.train.groups) | set(fold.validation.groups))


@pytest.mark.parametrize(
    ("split", "fold", "code", "help"),
    [
        (a_split(np.array([0, 1, 0, 1, 0, 1])), options(6), "AM124", "1 to 5"),
        (a_split(np.array([0, 1, 0])), options(), "AM125", "3 folds or fewer"),
        (
            Split("train", np.zeros((9, 1, 1, 1), np.uint8), np.zeros(9, np.int64), groups=np.repeat([0, 1, 2], 3)),
            options(),
            "AM126",
            "3 folds or fewer",
        ),
    ],
)
def test_folds_that_cannot_be(split, fold, code, help):
    with pytest.raises(ConfigError) as caught:
        folded(a_dataset(split), options=fold, seed=0)
    assert caught.value.code == code
    assert help in caught.value.help


def test_a_rare_class_is_told_and_so_is_a_validation_split_of_nothing():
    heard = []
    whole = a_dataset(a_split(np.array([0] * 8 + [1] * 2)), target=target_of(["often", "rare"]))
    with listening(heard.append):
        fold = folded(whole, options=options(validation=0.01), seed=0)
    assert fold.validation is None
    warnings = {event.code: event.message for event in heard if isinstance(event, Warned)}
    assert "rare (2)" in warnings["AM127"]
    assert "no validation split" in warnings["AM222"]


def test_copies_of_what_is_learned_are_told():
    texts = Texts(tuple("abcdefgh" + "aaaa"))
    heard = []
    whole = a_dataset(Split("train", texts, np.array([0, 1] * 6)), target=target_of(["x", "y"]))
    with listening(heard.append):
        folds = [folded(whole, options=options(number, of=3), seed=0) for number in (1, 2, 3)]
    copies = [fold.provenance.counts.get("test examples with an exact copy in another split", 0) for fold in folds]
    assert sum(copies) > 0
    assert sum(isinstance(event, Warned) and event.code == "AM224" for event in heard) == sum(map(bool, copies))


def test_copies_in_a_test_split_that_is_not_used_are_not_told(tmp_path):
    (tmp_path / "texts").mkdir()
    for part, words in {"train": "abcdefgh", "test": "aabb"}.items():
        lines = [f"word {word},{'xy'[number % 2]}" for number, word in enumerate(words)]
        (tmp_path / "texts" / f"{part}.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    wanted = text_table.Options(
        name="text_table", path=str(tmp_path / "texts"), validation=0, fold=Fold(number=1, of=2)
    )
    heard = []
    with listening(heard.append):
        dataset = load_dataset(wanted, seed=0)
        load_dataset(wanted.model_copy(update={"fold": None}), seed=0)
    assert [event.code for event in heard if isinstance(event, Warned)] == ["AM224"]
    assert dataset.provenance.counts == {UNUSED: 4}


def test_a_fold_of_a_dataset_with_a_test_split_of_its_own():
    heard = []
    wanted = mnist.Options(name="mnist", source="sample", limit=400, fold=Fold(number=2, of=4))
    with listening(heard.append):
        dataset = load_dataset(wanted, seed=3)
    assert [len(dataset.train), len(dataset.validation), len(dataset.test)] == [270, 30, 100]
    assert dataset.provenance.counts[UNUSED] == 400
    assert dataset.provenance.description.endswith("fold 2 of 4")
    whole = load_dataset(wanted.model_copy(update={"fold": None}), seed=3)
    assert dataset.provenance.fingerprint == whole.provenance.fingerprint
    assert heard == []


TABLE = "amount,owner,day,kind\n" + "".join(
    f"{900 if row % 10 == 0 else row},{row // 6},2024-01-{1 + row // 3:02},{'ab'[row % 2]}\n" for row in range(60)
)


def table_fold(tmp_path, **more) -> Dataset:
    (tmp_path / "rows.csv").write_text(TABLE)
    wanted = {"name": "csv", "path": str(tmp_path / "rows.csv"), "target": "kind", "fold": Fold(number=1, of=5)}
    return load_dataset(csv.Options(**wanted | more), seed=0)


def test_outliers_are_left_out_of_what_is_learned_and_never_of_what_is_tested(tmp_path):
    columns = {"amount": {"kind": "number"}, "owner": {"kind": "ignore"}, "day": {"kind": "ignore"}}
    clean = {"outliers": {"name": "iqr"}}
    fold = table_fold(tmp_path, columns=columns, clean=clean, validation=0.25)
    dropped = fold.provenance.counts["training rows with outliers, dropped"]
    assert dropped > 0
    assert [len(fold.train) + dropped, len(fold.validation), len(fold.test)] == [36, 12, 12]
    assert fold.resolved.clean.outliers.name == "iqr"
    assert (fold.resolved.fold, fold.resolved.validation) == (Fold(number=1, of=5), 0.25)


def test_groups_of_a_table_stay_together(tmp_path):
    fold = table_fold(tmp_path, split={"by": "group", "column": "owner"}, validation=0.25)
    owners = [set(split.groups) for split in (fold.train, fold.validation, fold.test)]
    assert sum(map(len, owners)) == len(set.union(*owners)) == 10


def test_rows_in_the_order_of_time_are_not_dealt_out(tmp_path):
    with pytest.raises(ConfigError) as caught:
        table_fold(tmp_path, split={"by": "time", "column": "day"})
    assert caught.value.code == "AM129"


def test_copies_of_rows_are_told(tmp_path):
    (tmp_path / "rows.csv").write_text("amount,kind\n" + "1,a\n2,b\n" * 30)
    options = csv.Options(
        name="csv",
        path=str(tmp_path / "rows.csv"),
        target="kind",
        columns={"amount": {"kind": "number"}},
        fold=Fold(number=1, of=5),
    )
    fold = load_dataset(options, seed=0)
    assert fold.provenance.counts["test examples with an exact copy in another split"] == 12


def test_what_was_inferred_keeps_the_shares_and_the_fold_of_the_user():
    wanted = mnist.Options(name="mnist", source="sample", validation=0.3, fold=Fold(number=1, of=2))
    loaded = undivided(wanted)
    assert (loaded.validation, loaded.fold) == (0.0, None)
    whole = a_dataset(a_split(np.repeat(np.arange(5), 4)))
    fold = folded(Dataset(**{**vars(whole), "resolved": loaded}), options=wanted, seed=0)
    assert fold.resolved == wanted


def test_copies_of_pairs_are_equal_in_both_texts():
    texts = Texts(("a", "a", "b", "b") * 5, seconds=("x", "y", "z", "z") * 5)
    pairs = Texts(tuple(f"{number}" for number in range(20)), seconds=("same",) * 20)
    for examples, has_copies in ((texts, True), (pairs, False)):
        split = Split("train", examples, np.arange(20) % 2)
        heard: list[Warned] = []
        with listening(lambda event, heard=heard: heard.append(event)):
            fold = folded(a_dataset(split, target=target_of(["no", "yes"])), options=options(), seed=0)
        assert bool(fold.provenance.counts) is has_copies
        assert [event.code for event in heard] == ["AM224"] * has_copies
