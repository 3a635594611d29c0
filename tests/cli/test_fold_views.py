"""A cross-validation while it goes on: in a real pseudo-terminal, and in a log."""

import io

import pytest
import test_live_view
from test_live_view import CODE, HIDE_CURSOR, SHOW_CURSOR, lines_of, played

from aimodels.cli.console import Console
from aimodels.cli.options import Shared
from aimodels.cli.plain_view import SILENCE_SECONDS, PlainView
from aimodels.events import CrossValidationEnded, CrossValidationStarted, FoldEnded, FoldProgressed, FoldStarted

STARTED = CrossValidationStarted(
    run="penguins-001",
    path="runs/penguins-001",
    task="table_classification",
    seed=7,
    data="csv",
    num_examples=344,
    num_unused=0,
    num_classes=3,
    model="mlp",
    epochs=40,
    folds=2,
    jobs=2,
    threads=1,
)


def recorded():
    """A short cross-validation as the stream of its events."""
    return [
        STARTED,
        FoldStarted(1, 2),
        FoldStarted(2, 2),
        FoldProgressed(1, 2, epoch=3, epochs=40, metrics={"loss": 0.5, "val_accuracy": 0.9}),
        FoldEnded(1, 2, status="finished", seconds=6.1, metric="accuracy", value=0.98),
        FoldEnded(2, 2, status="interrupted", seconds=7.1),
        CrossValidationEnded("penguins-001", "interrupted", 1, 2, seconds=7.2, metric="accuracy", mean=0.98),
    ]


@pytest.fixture
def on_terminal(monkeypatch):
    program = test_live_view.PLAY.replace("recorded_events", "test_fold_views").replace(
        'if "out" in sys.argv and isinstance(event, Step):', "import time; time.sleep(0.3)\n        if 0:"
    )
    monkeypatch.setattr(test_live_view, "PLAY", program)


def test_folds_on_a_terminal(root, on_terminal):
    received = played(root, PYTHONPATH=f"{root}:{root / 'tests'}:{root / 'tests' / 'cli'}")
    lines = lines_of(received)
    assert "2 folds of 40 epochs, 2 at a time with 1 thread each" in lines
    assert "✓ fold 1/2  accuracy 0.9800  6.1s" in lines
    assert "✗ fold 2/2  interrupted  7.1s" in lines
    drawn = CODE.sub("", received)
    assert "fold 1/2  epoch 3/40  loss 0.5000  val_accuracy 0.9000" in drawn
    assert "fold 2/2  starting" in drawn
    assert received.rindex(SHOW_CURSOR) > received.rindex(HIDE_CURSOR)
    assert received.rstrip().endswith("the end")


def test_folds_in_a_log():
    console = Console(Shared(), environ={})
    console.stderr = io.StringIO()
    clock = [0.0]
    view = PlainView(console, now=lambda: clock[0])
    for event in recorded():
        view(event)
        clock[0] += SILENCE_SECONDS if isinstance(event, FoldStarted) and event.number == 2 else 1.0
    assert console.stderr.getvalue().splitlines()[3:] == [
        "fold 1/2 begins",
        "fold 2/2 begins",
        "fold 1/2  epoch 3/40  loss 0.5000  val_accuracy 0.9000",
        "fold 1/2  accuracy 0.9800  6.1s",
        "fold 2/2  interrupted  7.1s",
        "interrupted penguins-001 in 7.2s: accuracy 0.9800 (1 of 2 folds)",
    ]
