"""From the files of a table to a dataset: guessed where nothing is stated, read, cleaned, split."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.config.tables import TableDatasetOptions
from aimodels.data.class_counts import check_classes
from aimodels.data.dataset import Dataset, Provenance, Split, SplitName, Target, Targets
from aimodels.data.fingerprint import of_arrays
from aimodels.data.plurals import one_or_many
from aimodels.data.splitting import Splits, cut_down, left_out_by_limit
from aimodels.data.table_cleaning import cleaned
from aimodels.data.table_contents import Contents, contents, num_copies
from aimodels.data.table_findings import point_out
from aimodels.data.table_outliers import OUTLIERS, without_outliers
from aimodels.data.table_parts import parts_at
from aimodels.data.table_plan import TablePlan, plan_of, resolved, with_decimal_of
from aimodels.data.table_problems import listed
from aimodels.data.table_reading import TableFiles, read
from aimodels.data.table_splitting import divided, marks_of
from aimodels.data.table_targets import (
    as_classes,
    check_labels,
    check_numbers,
    class_names_of,
    class_numbers,
    labels,
    target_for,
)
from aimodels.data.table_told import tell_of_double_use, tell_of_strays, told
from aimodels.data.table_weights import weights_of
from aimodels.events import warn

COPIES = "rows with an exact copy in an earlier split"


@dataclass(frozen=True)
class Part:
    """The rows of the files of one split. `keys` (uint64 [N]) number every row that was read, `whole` are those that
    are left; `counts` say what was left out or changed."""

    name: SplitName
    where: str
    whole: Contents
    keys: npt.NDArray[np.uint64]
    counts: dict[str, int]


def as_dataset(options: TableDatasetOptions, *, seed: int) -> Dataset:
    """Read the rows, guess what is not stated, clean and split them.

    Raises:
        UserError: a file is not there or broken, a column is not there, or the rows cannot be learned from.
    """
    files = parts_at(options.path, validation=options.validation_path, test=options.test_path)
    sources = {name: TableFiles(paths, options.format, options.on_error) for name, paths in files.items()}
    plan = plan_of(options, sources["train"])
    if plan.task == "regression":
        plan.expect_numbers(on_error=options.on_error)
    tell_of_strays(plan, where=options.path)
    tell_of_double_use(plan, where=options.path)
    sources = {name: replace(source, format=with_decimal_of(plan, options.format)) for name, source in sources.items()}
    parts = {name: _read(name, source, plan=plan, options=options) for name, source in sources.items()}
    target = _target(parts["train"], plan=plan, options=options)
    own = {name: _split(part, target=target, plan=plan, options=options) for name, part in parts.items()}
    marks = _marks(parts["train"], plan=plan, options=options)
    shares: dict[SplitName, float] = {"test": options.test, "validation": options.validation}
    splits = divided(own, marks=marks, rule=options.split, shares=shares, seed=seed)
    splits, counts = _without_outliers(splits, plan=plan, options=options, seed=seed)
    counts = _sum_of([*(part.counts for part in parts.values()), counts, _copies(splits, parts, options)])
    counts |= left_out_by_limit(splits, options=options)
    kept = cut_down(splits, options=options, seed=seed)
    point_out(kept.train, columns=plan.features, task=target.task, seed=seed)
    return Dataset(
        input=plan.input,
        target=target,
        train=kept.train,
        validation=kept.validation,
        test=kept.test,
        provenance=Provenance(_description(options, parts, plan, target), _fingerprint(parts, plan), counts),
        resolved=resolved(options, plan=plan, target=target),
        inferred=told(plan),
    )


def _read(name: SplitName, source: TableFiles, *, plan: TablePlan, options: TableDatasetOptions) -> Part:
    where = options.path if name == "train" else ", ".join(map(str, source.paths[:1]))
    reading = read(source, kinds=plan.kinds)
    if name != "train":
        _tell_of_new_columns(where, reading.other_columns, plan=plan)
    features = set(plan.input.names)
    beside = [name for name in plan.kinds if name not in features]
    # What is learned from may also weigh the rows, or part them.
    needed = [name for name in (plan.roles.split, plan.roles.weights) if name]
    kept = list(dict.fromkeys([*beside, *needed]))
    whole = contents(reading.rows, kept=kept, compared=plan.compared)
    left, counts = cleaned(whole, targets=plan.roles.targets, clean=options.clean, where=where)
    return Part(name, where, left, whole.keys, reading.counts | counts)


def _tell_of_new_columns(where: str, others: Sequence[str], *, plan: TablePlan) -> None:
    new = [name for name in others if name not in plan.sample.table.column_names]
    if new:
        warn(
            "AM275",
            f"{where} has columns that the training table has not: {listed(new)}",
            help="they are ignored; a network sees only what it was trained on",
        )


def _target(train: Part, *, plan: TablePlan, options: TableDatasetOptions) -> Target:
    names: tuple[str, ...] = ()
    if plan.task == "multilabel":
        names = plan.roles.targets
    elif plan.task != "regression":
        names = class_names_of(as_classes(train.whole.columns[plan.roles.targets[0]]), where=train.where)
    return target_for(plan.task, asked=options.task, class_names=names, unit=options.unit)


def _split(part: Part, *, target: Target, plan: TablePlan, options: TableDatasetOptions) -> Split:
    columns = part.whole.columns.select(list(plan.roles.targets))
    targets: Targets
    if target.task == "regression":
        targets = np.asarray(columns.column(0).to_numpy(), dtype=np.float64)
        if part.name == "train":
            check_numbers(targets, where=part.where)
    elif target.task == "multilabel":
        targets = labels(columns, where=part.where)
        if part.name == "train":
            check_labels(targets, names=target.class_names, where=part.where)
    else:
        targets = class_numbers(as_classes(columns.column(0)), class_names=target.class_names, where=part.where)
        if part.name == "train":
            check_classes(targets, class_names=target.class_names, where=part.where)
    weights = weights_of(part.whole, column=options.weights, where=part.where) if options.weights else None
    groups = _marks(part, plan=plan, options=options) if options.split.by == "group" and part.name == "train" else None
    return Split(part.name, part.whole.rows, targets, weights=weights, groups=groups)


def _marks(part: Part, *, plan: TablePlan, options: TableDatasetOptions) -> npt.NDArray[np.int64] | None:
    if options.split.column is None:
        return None
    said = plan.chosen.columns.get(options.split.column)
    column, decimal = part.whole.columns[options.split.column], plan.format.decimal_character
    return marks_of(column, rule=options.split, options=said, where=part.where, decimal=decimal)


def _without_outliers(
    splits: Splits, *, plan: TablePlan, options: TableDatasetOptions, seed: int
) -> tuple[Splits, dict[str, int]]:
    train = without_outliers(splits.train, columns=plan.input.columns, options=options, seed=seed)
    return replace(splits, train=train), {OUTLIERS: len(splits.train) - len(train)}


def _copies(splits: Splits, parts: Mapping[SplitName, Part], options: TableDatasetOptions) -> dict[str, int]:
    """How many rows of validation and test are also in a split before their own."""
    by_store = {id(part.whole.rows.store): part.keys for part in parts.values()}
    count = num_copies([by_store[id(split.rows.store)][split.rows.positions] for split in splits])
    if count:
        warn(
            "AM224",
            f"{count:,} of the rows of {options.path} {one_or_many(count, 'is', 'are')}, value for value, also in an "
            "earlier split (train, validation, test)",
            help="scores on them say nothing about new rows; `data.clean: {duplicates: drop}` leaves copies out",
        )
    return {COPIES: count}


def _fingerprint(parts: Mapping[SplitName, Part], plan: TablePlan) -> str:
    """What was read: the rows of each file in every column that is used, whatever is left out later."""
    names = "\0".join(plan.compared).encode("utf-8", "surrogatepass")
    keys: dict[str, npt.NDArray[Any]] = {f"{name} rows": part.keys for name, part in parts.items()}
    return of_arrays(keys | {"columns": np.frombuffer(names, dtype=np.uint8)})


def _description(options: TableDatasetOptions, parts: Mapping[SplitName, Part], plan: TablePlan, target: Target) -> str:
    sizes = [f"{len(part.keys):,}{f' {name}' if len(parts) > 1 else ''}" for name, part in parts.items()]
    what = f"{len(target.class_names)} classes" if target.class_names else f"numbers of {plan.roles.targets[0]}"
    what = f"{len(target.class_names)} labels" if target.task == "multilabel" else what
    return f"{options.name} from {options.path}: {', '.join(sizes)} rows, {len(plan.features)} columns, {what}"


def _sum_of(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in counts:
        for what, number in each.items():
            found[what] = found.get(what, 0) + number
    return {what: number for what, number in found.items() if number}
