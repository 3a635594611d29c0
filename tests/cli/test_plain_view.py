"""Progress in a log."""

import io
import itertools
import time
from dataclasses import replace

import pytest
from recorded_events import STARTED, WARNING, recorded

from aimodels.cli import plain_view
from aimodels.cli.console import Console
from aimodels.cli.options import Shared
from aimodels.cli.plain_view import PlainView
from aimodels.cli.views import view_for
from aimodels.events import Downloaded, EpochStarted, PhaseStarted, SignalReceived, Step, StoppedEarly, listening, warn

GOLDEN = """\
loading TensorFlow 6.2s
mnist.npz 50% of 11.5 MB
mnist.npz 100% of 11.5 MB
run runs/mnist-cnn-002 (task image_classification, seed 42)
data mnist: 54000 train, 6000 val, 10 classes; model cnn: 421642 parameters; device GPU 0
warning[AM214]: class 8 has 9 times fewer rows
  = help: class_weights: balanced
epoch 1/10  loss 0.2412  accuracy 0.9262  val_loss 0.0713  val_accuracy 0.9780  lr 1.0e-03  6.1s  best
epoch 2/10  loss 0.1206  accuracy 0.9262  val_loss 0.0713  val_accuracy 0.9710  lr 1.0e-03  6.1s
done mnist-cnn-002 in 41.2s: val_accuracy 0.9780 (epoch 1)
"""


@pytest.fixture
def made(monkeypatch):
    """Makes a console whose stderr is a text."""

    def make(shared=None, **environ):
        monkeypatch.setattr("sys.stderr", io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True))
        return Console(shared or Shared(), environ=environ)

    return make


def written(console):
    return console.stderr.buffer.getvalue().decode()


def test_a_training_in_a_log(made):
    console = made()
    seconds = itertools.count(step=2)
    with PlainView(console, now=lambda: float(next(seconds))) as view:
        for event in recorded():
            view(event)
    assert written(console) == GOLDEN


def test_what_is_read_in_a_moment_needs_no_lines(made):
    console = made()
    with PlainView(console, now=lambda: 0.0) as view:
        for tenth in range(11):
            view(Downloaded("reviews.csv", done=tenth, total=10))
    assert written(console) == ""


@pytest.mark.parametrize("progress", ["auto", "plain"])
def test_a_stream_that_is_no_terminal_gets_the_plain_view(made, progress):
    console = made(Shared(progress=progress), TERM="xterm", FORCE_COLOR="1")
    with view_for(console) as view:
        assert isinstance(view, PlainView)


def test_half_a_minute_of_silence_is_broken_by_a_step(made):
    console = made()
    now = [0.0]
    with PlainView(console, now=lambda: now[0]) as view:
        view(STARTED)
        view(EpochStarted(1))
        for second in range(0, 62, 10):
            now[0] = float(second)
            view(Step(1, second, 100, {"loss": 0.0702}))
    lines = written(console).splitlines()[2:]
    assert lines == ["epoch 1/10  30%  loss 0.0702  eta 1:10", "epoch 1/10  60%  loss 0.0702  eta 0:40"]


def test_a_long_phase_is_not_silent(made, monkeypatch):
    console = made()
    monkeypatch.setattr(plain_view, "SILENCE_SECONDS", 0.0)
    with PlainView(console) as view:
        view(PhaseStarted("compiling the first step"))
        give_up_at = time.monotonic() + 10
        while not written(console) and time.monotonic() < give_up_at:
            time.sleep(0.05)
    assert written(console).startswith("compiling the first step ...\n")


def test_a_download_of_unknown_length_says_nothing_at_first(made):
    console = made()
    with PlainView(console) as view:
        view(Downloaded("data.zip", done=5, total=0))
    assert written(console) == ""


def test_why_it_stopped_is_told(made):
    console = made()
    with PlainView(console) as view:
        view(SignalReceived("Ctrl-C"))
        view(StoppedEarly(3, reason="val_loss did not improve for 2 epochs"))
    assert written(console).splitlines() == [
        "Ctrl-C: saving and stopping; once more to stop now",
        "stopped early after epoch 3: val_loss did not improve for 2 epochs",
    ]


def test_no_progress_leaves_the_warnings(made):
    console = made(Shared(progress="none"))
    with view_for(console) as view:
        for event in recorded():
            view(event)
    assert written(console) == f"warning[AM214]: {WARNING.message}\n  = help: {WARNING.help}\n"


def test_quiet_shows_nothing(made):
    console = made(Shared(quiet=True))
    with view_for(console) as view, listening(view):
        warn("AM214", "few rows")
    assert written(console) == ""


def test_github_gets_warnings_beside_the_code(made):
    console = made(GITHUB_ACTIONS="true")
    with view_for(console) as view:
        view(WARNING)
    assert "::warning title=AM214::class 8 has 9 times fewer rows\n" in written(console)


def test_a_run_without_validation_says_so():
    _, data = plain_view.started_lines(replace(STARTED, num_validation=0))
    assert data.startswith("data mnist: 54000 train, no validation, 10 classes;")


def test_half_precision_is_said_beside_the_device():
    _, data = plain_view.started_lines(replace(STARTED, device="CPU", precision="mixed_bfloat16"))
    assert data.endswith("; device CPU, mixed_bfloat16")
