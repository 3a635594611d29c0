"""Runs made of files only: what training and evaluation leave behind, without either, from a seed."""

from pathlib import Path

import numpy as np

from aimodels.config.schema import ArchitectureOptions, Config, DatasetOptions, Evaluate
from aimodels.data import thumbnails
from aimodels.data.dataset import Provenance, Split
from aimodels.evaluation.chosen import Chosen
from aimodels.evaluation.evaluate import EvaluationRequest, measure
from aimodels.prediction.predict import Answers
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import RunFolder

STEPS_PER_EPOCH = 40


def run_folder(runs_dir, *, stem="fake", class_names=("0", "1", "2")):
    """A run that ended before its first epoch did."""
    run = RunFolder.create(runs_dir, stem=stem)
    run.plot_data.mkdir(parents=True)
    facts = {"name": run.name, "status": "finished", "data_fingerprint": "abc123", "steps_per_epoch": STEPS_PER_EPOCH}
    write_json(run.run_file, facts)
    image = {"height": 8, "width": 8, "channels": 1, "resize": "stretch"}
    write_json(run.signature_file, {"input": image, "class_names": list(class_names)})
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


def add_start(run, *, images, labels, counts):
    """What training leaves behind before its first step."""
    class_names = run.signature["class_names"]
    names = [class_names[label] for label in labels]
    write_json(run.plot_data / "samples.json", {"images": thumbnails.encode(images), "labels": names})
    write_json(run.plot_data / "class_balance.json", {"class_names": class_names, "splits": counts})


class FakePredictor:
    """Gives the answers that it was made with, whatever it is asked."""

    def __init__(self, probabilities, *, class_names):
        self.answers = Answers(probabilities, tuple(class_names))
        self.class_names = tuple(class_names)

    def answer(self, examples, *, batch_size):
        assert len(examples) == len(self.answers.probabilities)
        return self.answers

    def decode(self, files):
        return np.stack([np.full((8, 8, 1), int(path.stem), np.uint8) for path in files.paths])


def add_evaluation(run, *, examples, targets, probabilities, name="test", **request):
    """An evaluation of these answers."""
    split = Split(name="test", examples=examples, targets=targets)
    chosen = Chosen(name=name, split=split, provenance=Provenance(f"{len(targets)} fake images", fingerprint="abc123"))
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


def complete_run(runs_dir: Path, *, class_names=("cat", "dog", "eel"), num_examples=200, seed=0, stem="fake"):
    """A run with everything that any figure reads."""
    run = run_folder(runs_dir, stem=stem, class_names=class_names)
    add_history(run, seed=seed)
    targets, probabilities = answers(num_examples, num_classes=len(class_names), seed=seed)
    images = np.random.default_rng(seed).integers(256, size=(num_examples, 8, 8, 1), dtype=np.uint8)
    counts = np.bincount(targets, minlength=len(class_names))
    splits = {"train": (counts * 9).tolist(), "validation": counts.tolist(), "test": counts.tolist()}
    add_start(run, images=images[:16], labels=targets[:16], counts=splits)
    add_evaluation(run, examples=images, targets=targets, probabilities=probabilities)
    return run
