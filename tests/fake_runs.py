"""Runs made of files only: what training and evaluation leave behind, without either, from a seed."""

from pathlib import Path

import numpy as np

from aimodels.config.schema import ArchitectureOptions, Config, DatasetOptions, Evaluate
from aimodels.data import thumbnails
from aimodels.data.dataset import Provenance, Split, Texts
from aimodels.data.rows import rows_of
from aimodels.evaluation.chosen import Chosen
from aimodels.evaluation.evaluate import EvaluationRequest, measure
from aimodels.prediction.predict import Answers
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import RunFolder

STEPS_PER_EPOCH = 40


IMAGE = {"kind": "image", "height": 8, "width": 8, "channels": 1, "resize": "stretch"}
TEXT = {"kind": "text"}
TABLE = {
    "kind": "table",
    "missing": ["NA"],
    "columns": [
        {"name": "bill length (mm)", "options": {"kind": "number"}},
        {"name": "island", "options": {"kind": "category"}},
        {"name": "seen", "options": {"kind": "date"}},
        {"name": "note", "options": {"kind": "text"}},
    ],
}
MAX_LENGTH = 60


def run_folder(runs_dir, *, stem="fake", class_names=("0", "1", "2"), input=IMAGE, task=None):
    """A run that ended before its first epoch did. Its task is that of as many classes, unless it is said."""
    run = RunFolder.create(runs_dir, stem=stem)
    run.plot_data.mkdir(parents=True)
    facts = {"name": run.name, "status": "finished", "data_fingerprint": "abc123", "steps_per_epoch": STEPS_PER_EPOCH}
    if input == TEXT:
        facts["words"] = {"vocabulary": 500, "max_length": MAX_LENGTH, "keep": "start"}
    write_json(run.run_file, facts)
    task = task or ("binary" if len(class_names) == 2 else "multiclass")
    unit = "g" if task == "regression" else None
    write_json(run.signature_file, {"input": input, "task": task, "class_names": list(class_names), "unit": unit})
    write_json(run.metrics_file, {"best": None, "last": None})
    # As if it had been read from config.resolved.yaml.
    run.__dict__["config"] = Config(
        data=DatasetOptions(name="fake"), model=ArchitectureOptions(name="fake"), evaluate=Evaluate(top_losses=16)
    )
    return run


def add_history(run, *, epochs=10, validation=True, seed=0):
    """Curves as they usually look."""
    random = np.random.default_rng(seed)
    losses = []
    for epoch in range(1, epochs + 1):
        loss = 0.9 * np.exp(-epoch / 4) + 0.02 + random.normal(0, 0.003)
        val_loss = 0.9 * np.exp(-epoch / 3) + 0.05 + 0.004 * epoch + random.normal(0, 0.006)
        metrics = {"loss": float(loss), "accuracy": float(1 - loss / 3)}
        if validation:
            metrics |= {"val_loss": float(val_loss), "val_accuracy": float(1 - val_loss / 3)}
        run.add_epoch(metrics | {"learning_rate": 1e-3 * 0.8**epoch}, epoch=epoch)
        run.add_timing(epoch=epoch, seconds=4 + random.random(), examples_per_second=9000 + 500 * random.random())
        losses.append(val_loss if validation else loss)
    best = int(np.argmin(losses))
    monitor = "val_loss" if validation else "loss"
    entry = {"epoch": best + 1, "monitor": monitor, "mode": "min", "value": float(losses[best])}
    write_json(run.metrics_file, {"best": entry, "last": {"epoch": epochs}})


def add_start(run, *, examples, labels, counts):
    """What training leaves behind before its first step."""
    class_names = run.signature["class_names"]
    names = [class_names[label] for label in labels]
    shown = (
        {"texts": list(examples.strings)} if isinstance(examples, Texts) else {"images": thumbnails.encode(examples)}
    )
    write_json(run.plot_data / "samples.json", shown | {"labels": names})
    write_json(run.plot_data / "class_balance.json", {"class_names": class_names, "splits": counts})


def add_lengths(run, *, texts, targets):
    """The histogram of the words per text that training leaves behind."""
    lengths = np.array([num_tokens(text) for text in texts.strings])
    edges = np.arange(0, lengths.max() + 11, 10)
    of_class = {
        name: {"edges": edges.tolist(), "counts": np.histogram(lengths[targets == k], bins=edges)[0].tolist()}
        for k, name in enumerate(run.signature["class_names"])
    }
    cut = {"train": float((lengths > MAX_LENGTH).mean())}
    names = run.signature["class_names"]
    document = {"max_length": MAX_LENGTH, "class_names": names, "splits": {"train": of_class}, "cut": cut}
    write_json(run.plot_data / "lengths.json", document)


def num_tokens(text):
    """As a preprocessing would count them."""
    return len(text.split())


class FakePredictor:
    """Gives the answers that it was made with, whatever it is asked. Of a text every tenth word is unknown to it."""

    def __init__(self, probabilities, *, class_names):
        self.probabilities = probabilities
        self.class_names = tuple(class_names)

    def answer(self, examples, *, batch_size):
        assert len(examples) == len(self.probabilities)
        if not isinstance(examples, Texts):
            return Answers(self.probabilities, self.class_names)
        words = np.array([num_tokens(text) for text in examples.strings], np.int64)
        return Answers(self.probabilities, self.class_names, words, np.minimum(words, MAX_LENGTH) // 10)

    def decode(self, files):
        return np.stack([np.full((8, 8, 1), int(path.stem), np.uint8) for path in files.paths])


class TableFunction:
    """Answers rows by a function of their Arrow table: `values` of numbers, or `probabilities` of classes or labels."""

    def __init__(self, *, values=None, probabilities=None, class_names=("no", "yes"), **facts):
        self.values, self.probabilities, self.facts = values, probabilities, facts
        self.class_names = () if values else tuple(class_names)
        self.asked = []

    def answer(self, rows, *, batch_size=256):
        table = rows.table()
        self.asked.append(table.num_rows)
        if self.values:
            numbers = np.asarray(self.values(table), np.float32)
            return Answers(np.empty((len(numbers), 0), np.float32), (), values=numbers, task="regression")
        return Answers(self.probabilities(table), self.class_names, **self.facts)


def add_evaluation(run, *, examples, targets, probabilities, name="test", **request):
    """An evaluation of these answers."""
    split = Split(name="test", examples=examples, targets=targets)
    what = "texts" if isinstance(examples, Texts) else "images"
    chosen = Chosen(name=name, split=split, provenance=Provenance(f"{len(targets)} fake {what}", fingerprint="abc123"))
    predictor = FakePredictor(probabilities, class_names=run.signature["class_names"])
    return measure(run, chosen, predictor=predictor, request=EvaluationRequest(**request))


def answers(num_examples, *, num_classes, seed=0, skill=3.0):
    """Targets and probabilities of a model that is right more often the larger its skill is."""
    random = np.random.default_rng(seed)
    targets = random.integers(num_classes, size=num_examples)
    logits = random.normal(size=(num_examples, num_classes))
    logits[np.arange(num_examples), targets] += skill
    weights = np.exp(logits)
    return targets.astype(np.int64), (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def some_images(num_examples, *, seed=0):
    """Noise."""
    return np.random.default_rng(seed).integers(256, size=(num_examples, 8, 8, 1), dtype=np.uint8)


def some_texts(num_examples, *, seed=0):
    """Texts of 1 to some 150 words, a few of them very long, each called by its row."""
    random = np.random.default_rng(seed)
    lengths = 1 + random.gamma(2.0, 15.0, size=num_examples).astype(int)
    words = np.array("the film is not so bad as it looks but very long and Bartholomew's plot is thin".split())
    strings = [" ".join(random.choice(words, size=length)) for length in lengths]
    return Texts(tuple(strings), tuple(f"row {row}" for row in range(1, num_examples + 1)))


def some_rows(num_rows, *, seed=0):
    """Rows of the columns of TABLE with holes in them; a column that no network sees comes first."""
    import pyarrow as pa

    random = np.random.default_rng(seed)

    def holes(values):
        return [None if gap else value for value, gap in zip(values, random.random(num_rows) < 0.1, strict=True)]

    table = pa.table(
        {
            "id": pa.array([f"id {row}" for row in range(num_rows)]),
            "bill length (mm)": pa.array(holes(random.normal(43.0, 5.0, num_rows).round(1).tolist()), pa.float64()),
            "island": pa.array(holes(random.choice(["Biscoe", "Dream", "Torgersen"], num_rows).tolist())),
            "seen": pa.array(holes([f"20{random.integers(7, 10):02d}-11-{random.integers(1, 30):02d}"] * num_rows)),
            "note": pa.array(holes([" ".join(random.choice(["old", "new", "egg"], 4)) for _ in range(num_rows)])),
        }
    )
    return rows_of(table, names=tuple(f"penguins.csv row {row}" for row in range(1, num_rows + 1)))


def some_numbers(num_examples, *, seed=0, noise=300.0):
    """True masses, and answers that are off by some of the noise."""
    random = np.random.default_rng(seed)
    targets = random.normal(4200.0, 800.0, num_examples).round()
    return targets, (targets + random.normal(0.0, noise, num_examples)).astype(np.float32)


def some_labels(num_examples, *, num_classes, seed=0, skill=3.0):
    """Sets of labels, a 0 or 1 each, and the probability of each label."""
    random = np.random.default_rng(seed)
    targets = (random.random((num_examples, num_classes)) < 0.4).astype(np.int64)
    logits = random.normal(size=targets.shape) + skill * (targets - 0.5)
    return targets, (1 / (1 + np.exp(-logits))).astype(np.float32)


def complete_run(  # noqa: PLR0913  # what a test says of a run is what differs from the usual one
    runs_dir: Path, *, class_names=("cat", "dog", "eel"), num_examples=200, seed=0, stem="fake", input=IMAGE
):
    """A run with everything that any figure reads."""
    run = run_folder(runs_dir, stem=stem, class_names=class_names, input=input)
    add_history(run, seed=seed)
    targets, probabilities = answers(num_examples, num_classes=len(class_names), seed=seed)
    counts = np.bincount(targets, minlength=len(class_names))
    splits = {"train": (counts * 9).tolist(), "validation": counts.tolist(), "test": counts.tolist()}
    if input == TEXT:
        examples = some_texts(num_examples, seed=seed)
        add_lengths(run, texts=examples, targets=targets)
    else:
        examples = some_images(num_examples, seed=seed)
    first = Split("train", examples, targets).take(range(min(16, num_examples)))
    add_start(run, examples=first.examples, labels=first.targets, counts=splits)
    add_evaluation(run, examples=examples, targets=targets, probabilities=probabilities)
    return run
