"""Runs on tables made of files only: what training, evaluation and cross-validation leave behind, from a seed."""

import numpy as np
from fake_runs import add_history, run_folder

from aimodels.config.schema import Evaluate
from aimodels.evaluation.scoring import score_rows
from aimodels.evaluation.shown import answered, hardest, random_choice
from aimodels.runs.atomic import write_json
from aimodels.runs.evaluations import EvaluationFolder
from aimodels.runs.folder import CROSS_VALIDATION
from aimodels.runs.predictions import Predictions

COLUMNS = ("bill length (mm)", "island", "sex", "Größe", "body mass", "day")


def table_run(runs_dir, *, task="regression", class_names=(), unit="g", stem="fake", columns=COLUMNS):  # noqa: PLR0913
    """A run on a table of these columns, before its first epoch."""
    run = run_folder(runs_dir, stem=stem, class_names=class_names)
    named = [{"name": name, "options": {"kind": "number"}} for name in columns]
    write_json(
        run.signature_file,
        {
            "input": {"kind": "table", "columns": named, "missing": []},
            "task": task,
            "class_names": list(class_names),
            "unit": unit if task == "regression" else None,
        },
    )
    return run


def some_rows(num_rows, *, columns=COLUMNS, seed=0):
    """Values as text, some of them missing."""
    random = np.random.default_rng(seed)
    return [
        {name: "" if random.random() < 0.05 else f"{random.normal(40, 9):.1f}" for name in columns}
        for _ in range(num_rows)
    ]


def numbers_answered(num_rows, *, seed=0, noise=0.4):
    """Targets of a mean of 4,200 and the predictions of a model that knows most of it."""
    random = np.random.default_rng(seed)
    targets = random.normal(4200, 800, size=num_rows)
    return targets, targets + noise * 800 * random.standard_normal(num_rows) * (targets / 4200) ** 2


def labels_answered(num_rows, *, num_classes, seed=0):
    """Sets of labels and the probabilities of a model that is mostly right."""
    random = np.random.default_rng(seed)
    targets = (random.random((num_rows, num_classes)) < 0.4).astype(np.int64)
    logits = 2.5 * (targets - 0.5) + random.normal(size=targets.shape)
    return targets, (1 / (1 + np.exp(-logits))).astype(np.float32)


def add_numbers(run, *, targets, predictions, name="test", rows=None):
    """The evaluation of predicted numbers."""
    targets, predictions = np.asarray(targets, np.float64), np.asarray(predictions, np.float64)
    answers = Predictions(
        examples=_names(len(targets)),
        targets=targets,
        predictions=predictions,
        losses=(targets - predictions) ** 2,
        probabilities=np.zeros((len(targets), 0), np.float32),
        task="regression",
    )
    return _add(run, answers, name=name, rows=rows)


def add_classes(run, *, targets, probabilities, threshold=0.5, name="test", rows=None):  # noqa: PLR0913
    """The evaluation of answers of one class per row."""
    targets, probabilities = np.asarray(targets, np.int64), np.asarray(probabilities, np.float32)
    binary = probabilities.shape[1] == 2
    predictions = (probabilities[:, 1] >= threshold).astype(np.int64) if binary else probabilities.argmax(axis=1)
    answers = Predictions(
        examples=_names(len(targets)),
        targets=targets,
        predictions=predictions,
        losses=-np.log(probabilities[np.arange(len(targets)), targets].astype(np.float64) + 1e-9),
        probabilities=probabilities,
        task="binary" if binary else "multiclass",
    )
    return _add(run, answers, name=name, rows=rows, **({"threshold": threshold} if binary else {}))


def add_labels(run, *, targets, probabilities, name="test", rows=None):
    """The evaluation of answers of any number of labels per row."""
    targets, probabilities = np.asarray(targets, np.int64), np.asarray(probabilities, np.float32)
    answers = Predictions(
        examples=_names(len(targets)),
        targets=targets,
        predictions=(probabilities >= 0.5).astype(np.int64),
        losses=np.abs(targets - probabilities).mean(axis=1).astype(np.float64),
        probabilities=probabilities,
        task="multilabel",
    )
    return _add(run, answers, name=name, rows=rows)


def _names(num_rows):
    return tuple(f"penguins.csv row {row}" for row in range(1, num_rows + 1))


def _add(run, answers, *, name, rows, **facts):
    class_names, unit = run.signature["class_names"], run.signature["unit"]
    scores = score_rows(answers, class_names=class_names, unit=unit, options=Evaluate())
    report = {"name": name, "split": name, "task": answers.task, **scores.as_document(), **facts}
    if rows is None:
        rows = some_rows(len(answers), columns=[column["name"] for column in run.signature["input"]["columns"]])
    choices = {"top_losses": hardest(answers, limit=16), "predictions": random_choice(len(answers), limit=16, seed=0)}
    examples = {
        choice: {
            "rows": [rows[place % len(rows)] for place in places],
            **answered(answers, positions=places, class_names=class_names),
        }
        for choice, places in choices.items()
    }
    folder = EvaluationFolder(run.evaluation(name))
    folder.write(report=report, text="as text\n", predictions=answers, examples=examples)
    return folder


def add_importance(folder, *, columns=COLUMNS, metric="rmse", baseline=310.5):
    """The importance of columns, halved from one to the next."""
    found = [{"name": name, "mean": 200 / 2**place, "std": 20 / 2**place} for place, name in enumerate(columns)]
    document = {"metric": metric, "baseline": baseline, "num_rows": 200, "repeats": 5, "columns": found}
    write_json(folder.importance_file, document)


def add_by_feature(folder, *, columns=COLUMNS, error="absolute error", seed=0):
    """The error of each column: numbers in ten bins, every third column by value."""
    random = np.random.default_rng(seed)
    documents = []
    for place, name in enumerate(columns):
        kind = "category" if place % 3 == 1 else "number"
        labels = ["Biscoe", "Dream", "Torgersen", "missing"] if kind == "category" else _bins(10)
        counts = random.integers(1, 50, size=len(labels)).tolist()
        errors = (200 + 20 * place * random.standard_normal(len(labels))).clip(1)
        scaled = (errors / (1000 if error == "share wrong" else 1)).tolist()
        documents.append({"name": name, "kind": kind, "labels": labels, "counts": counts, "errors": scaled})
    write_json(folder.by_feature_file, {"error": error, "columns": documents})


def _bins(num_bins):
    return [f"{30 + 2.5 * place:.1f} to {32.5 + 2.5 * place:.1f}" for place in range(num_bins)]


def number_column(name, *, train, validation=None, missing=(0, 0), num_bins=20):
    """A column of numbers as training notes it."""
    train = np.asarray(train, np.float64)
    edges = np.histogram_bin_edges(train, bins=num_bins) if len(train) else np.zeros(0)
    splits = {"train": train, "validation": train[:0] if validation is None else np.asarray(validation, np.float64)}
    if validation is None:
        del splits["validation"]
    noted = {
        split: {
            "count": len(values) + holes,
            "missing": holes,
            "edges": edges.tolist(),
            "counts": np.histogram(values, bins=edges)[0].tolist() if len(edges) else [],
        }
        for (split, values), holes in zip(splits.items(), missing, strict=False)
    }
    return {"name": name, "kind": "number", "splits": noted}


def category_column(name, *, values, train, validation, missing=(0, 0), others=(0, 0)):  # noqa: PLR0913
    """A column of categories as training notes it, from the counts of its values."""
    noted = {
        split: {
            "count": sum(counts) + rare + holes,
            "missing": holes,
            "values": list(values),
            "counts": list(counts),
            "others": rare,
        }
        for split, counts, holes, rare in zip(
            ("train", "validation"), (train, validation), missing, others, strict=True
        )
    }
    return {"name": name, "kind": "category", "splits": noted}


def date_column(name, *, count=(300, 30), missing=(0, 0)):
    """A column of dates as training notes it."""
    noted = {
        split: {"count": rows, "missing": holes}
        for split, rows, holes in zip(("train", "validation"), count, missing, strict=True)
    }
    return {"name": name, "kind": "date", "splits": noted}


def some_columns(*, seed=0):
    """Columns of each kind, with holes in some."""
    random = np.random.default_rng(seed)
    islands = {"values": ["Biscoe", "Dream", "Torgersen"], "train": [150, 110, 40], "validation": [14, 12, 4]}
    return [
        number_column(
            "bill length (mm)", train=random.normal(44, 5, 298), validation=random.normal(44, 5, 30), missing=(2, 0)
        ),
        category_column("island", **islands),
        category_column("sex", values=["female", "male"], train=[140, 150], validation=[12, 15], missing=(10, 3)),
        number_column("Größe", train=random.gamma(2, 9, 300), validation=random.gamma(2, 15, 30)),
        number_column("body mass", train=random.normal(4200, 800, 300), validation=random.normal(4200, 800, 30)),
        date_column("day", missing=(5, 1)),
    ]


def add_columns(run, columns, *, target=None):
    """What training notes of the columns before its first step."""
    write_json(run.plot_data / "columns.json", {"columns": columns, "target": target})


def add_folds(run, metrics, *, metric="accuracy", mode="max", baselines=None):
    """What a cross-validation leaves: the metrics of each of its parts."""
    names = list(metrics[0])
    values = {name: [part[name] for part in metrics if part[name] is not None] for name in names}
    document = {
        "metric": metric,
        "mode": mode,
        "folds": [{"number": number, "metrics": part} for number, part in enumerate(metrics, start=1)],
        "mean": {name: float(np.mean(found)) if found else None for name, found in values.items()},
        "std": {name: float(np.std(found, ddof=1)) if len(found) > 1 else None for name, found in values.items()},
        "baselines": baselines or {},
    }
    write_json(run.folds_file, document)


def some_folds(num_folds=5, *, seed=0):
    """Metrics as they usually look."""
    random = np.random.default_rng(seed)
    names = ("accuracy", "macro_f1", "roc_auc", "log_loss")
    return [
        {name: float(0.95 - 0.1 * place + 0.02 * random.standard_normal()) for place, name in enumerate(names)}
        for _ in range(num_folds)
    ]


def complete_table_run(runs_dir, *, task="regression", class_names=(), num_rows=200, seed=0, stem="fake"):  # noqa: PLR0913
    """A run on a table with everything that any figure of tables reads."""
    run = table_run(runs_dir, task=task, class_names=class_names, stem=stem)
    add_history(run, seed=seed)
    columns = some_columns(seed=seed)
    add_columns(run, columns, target=columns[4] if task == "regression" else None)
    if task == "regression":
        targets, predictions = numbers_answered(num_rows, seed=seed)
        folder = add_numbers(run, targets=targets, predictions=predictions)
    elif task == "multilabel":
        targets, probabilities = labels_answered(num_rows, num_classes=len(class_names), seed=seed)
        folder = add_labels(run, targets=targets, probabilities=probabilities)
    else:
        random = np.random.default_rng(seed)
        targets = random.integers(len(class_names), size=num_rows)
        weights = np.exp(random.normal(size=(num_rows, len(class_names))) + 3 * np.eye(len(class_names))[targets])
        probabilities = weights / weights.sum(axis=1, keepdims=True)
        folder = add_classes(run, targets=targets, probabilities=probabilities)
    add_importance(folder, metric="rmse" if task == "regression" else "log_loss")
    add_by_feature(folder, error="absolute error" if task == "regression" else "share wrong", seed=seed)
    return run


def cross_validation(runs_dir, metrics=None, *, stem="folds", **more):
    """A cross-validation: a run without a model of its own."""
    run = table_run(runs_dir, stem=stem)
    run.update(kind=CROSS_VALIDATION)
    add_folds(run, some_folds() if metrics is None else metrics, **more)
    return run
