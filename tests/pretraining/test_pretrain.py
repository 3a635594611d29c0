"""Continued pre-training from a config to an encoder, with a tiny one: what is written, measured, kept and refused."""

import json
import math
import random
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny_encoder import tiny_tensors, write_tiny_encoder

from aimodels.cli import main
from aimodels.config.loading import load
from aimodels.config.schema import Pretrain
from aimodels.encoders.finding import find_encoder
from aimodels.errors import ConfigError, EncoderError, UserError
from aimodels.events import EpochEnded, Event, Inferred, Warned, listening
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import bigger_is_better
from aimodels.runs.place import RunPlace

pytestmark = pytest.mark.tensorflow

SENTENCES = (
    "the film was very good",
    "the movie was not bad",
    "a cat sat on the mat",
    "never see this again",
    "great actor and good plot",
)
CONFIG = """
name: notes
seed: 4
data: {name: texts, path: notes.txt, validation: 0.2}
model: {name: bert, encoder: tiny, wordpieces: {max_length: 24}}
train: {epochs: 2, batch_size: 16, optimizer: {name: adam, learning_rate: 5e-3}}
"""

SHORT_CALLS = "train.steps_per_execution=2"


def notes() -> list[str]:
    chosen = random.Random(1)
    return [" ".join(chosen.choices(SENTENCES, k=chosen.randint(1, 8))) for _ in range(120)]


def written(folder: Path, *, family: str = "bert", heads: bool = True) -> Path:
    """A config with its texts and its encoder, in the current folder."""
    Path("notes.txt").write_text("\n".join(notes()), encoding="utf-8")
    encoder = write_tiny_encoder(Path("tiny"), family=family)
    if not heads:
        sizes = json.loads((encoder / "config.json").read_text())
        save_file(tiny_tensors(sizes, heads=False), encoder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "notes.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def pretrained(folder: Path, *changes: str, **tiny: Any) -> RunFolder:
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow()

    from aimodels.pretraining.pretrain import pretrain

    return pretrain(load(written(folder, **tiny), overrides=changes), RunPlace(folder / "runs"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, list[Event]]:
    """A finished pre-training, which no test may change, and what was told."""
    folder, heard = tmp_path_factory.mktemp("pretraining"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with listening(heard.append):
            run = pretrained(folder)
    return run, heard


def test_perplexity_falls_from_the_first_line_of_the_history_to_the_last(whole: Any) -> None:
    history = whole[0].history()
    assert history["epoch"] == [0, 1, 2]
    assert math.isnan(history["perplexity"][0])
    assert history["val_perplexity"][0] > 2 * history["val_perplexity"][2]
    for before in ("", "val_"):
        losses, perplexities = history[f"{before}loss"][1:], history[f"{before}perplexity"][1:]
        assert perplexities == pytest.approx(np.exp(losses), rel=1e-5)
    told = [event.epoch for event in whole[1] if isinstance(event, EpochEnded)]
    assert told == [0, 1, 2]
    metrics = whole[0].metrics()
    assert metrics["before"]["all"]["val_loss"] == history["val_loss"][0]
    assert metrics["best"]["monitor"] == "val_loss"
    assert metrics["last"]["epoch"] == 2
    assert not bigger_is_better("val_perplexity")


def test_the_run_says_what_it_was(whole: Any) -> None:
    facts = whole[0].facts()
    assert (facts["kind"], facts["task"], facts["status"]) == ("pretraining", "text_pretraining", "finished")
    counts = facts["pretraining"]["splits"]["train"]
    assert counts["texts"] == 96
    assert counts["windows"] > counts["texts"] > counts["chopped"] > 0
    assert facts["choices"].keys() >= {"steps_per_execution"}
    samples = json.loads((whole[0].plot_data / "samples.json").read_text())
    assert "[MASK]" in " ".join(samples["texts"])
    assert len(samples["texts"]) == len(samples["labels"])


def test_the_encoder_is_the_one_it_began_with_trained_on(whole: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(whole[0].path.parent.parent)
    before, after = find_encoder("tiny"), find_encoder(str(whole[0].encoder))
    assert after.shape == before.shape
    assert after.vocabulary == before.vocabulary
    assert replace(after.rules, special=()) == replace(before.rules, special=())
    assert set(after.rules.special) == set(before.rules.special)
    was, now = before.weights(), after.weights()
    assert was.keys() == now.keys()
    carried = [name for name in was if np.array_equal(was[name], now[name])]
    forgotten = {name for name in was if name.endswith("key/bias")}  # by the softmax
    assert len(forgotten) == 2
    assert set(carried) == {"pooler/kernel", "pooler/bias", "nsp/kernel", "nsp/bias"} | forgotten


def test_a_model_trains_on_the_encoder(whole: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{text},{'good' if 'good' in text else 'bad'}" for text in notes()]
    Path("notes.csv").write_text("\n".join(["text,label", *rows]))
    Path("classes.yaml").write_text(
        f"data: {{name: text_table, path: notes.csv}}\n"
        f"model: {{name: bert, encoder: {whole[0].encoder}, wordpieces: {{max_length: 24}}}}\n"
        f"train: {{epochs: 1}}\npretrain: {{mask: 0.2}}\n"
    )
    assert main(["train", "classes.yaml", "--no-plots"]) == 0
    assert "AM398" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("eval",), ("predict", "--text", "hi"), ("export",)], ids=lambda words: words[0])
def test_an_encoder_answers_nothing(words: tuple[str, ...], whole: Any, capsys: pytest.CaptureFixture[str]) -> None:
    name, *options = words
    assert main([name, str(whole[0].path), *options]) == 2
    told = capsys.readouterr().err
    assert "AM560" in told
    assert f"model.encoder={whole[0].encoder}" in told


def test_commands_that_look_at_runs_know_it(whole: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run = whole[0]
    assert main(["doctor", str(run.path)]) == 0
    assert main(["runs", "show", str(run.path)]) == 0
    assert main(["plot", str(run.path), "-o", "drawn"]) == 0
    told = capsys.readouterr()
    assert {path.stem for path in Path("drawn").glob("*.png")} == {"history", "timing", "samples"}
    assert "aimodels eval" not in told.err
    assert main(["plot", str(run.path), "-o", "drawn", "--kind", "history", "--x", "time"]) == 0
    assert main(["plot", str(run.path), "--kind", "confusion_matrix"]) == 3
    assert "gives no answers" in capsys.readouterr().err


def test_the_command_shows_what_it_came_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path)
    assert main(["pretrain", "notes.yaml", "--dry-run"]) == 0
    assert "ready; nothing was trained" in capsys.readouterr().out
    assert not Path("runs").exists()
    assert main(["pretrain", "notes.yaml", "--epochs", "1", "model.pooling=cls", "model.wordpieces.keep=end"]) == 0
    told = capsys.readouterr()
    assert "aimodels train CONFIG model.encoder=runs/notes-001/encoder" in told.out
    assert "perplexity" in told.out
    assert "AM397" in told.err
    assert "model.wordpieces.keep, model.pooling" in told.err
    assert "epoch 0/1  val_loss" in told.err
    assert main(["pretrain", "notes.yaml", "--epochs", "1", "--json", "--no-plots"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["files"]["encoder"] == "encoder"
    assert document["metrics"]["before"]["all"]["val_perplexity"] > 1
    assert main(["check", "notes.yaml", "--build", "pretrain.mask=0.1"]) == 0
    assert "pre-training suit the data" in capsys.readouterr().out


@pytest.mark.slow
def test_the_same_seed_gives_the_same_encoder(tmp_path: Path) -> None:
    changes = ("train.epochs=1", "pretrain.whole_words=true")
    runs = [pretrained(tmp_path, *changes) for _ in range(2)]
    assert runs[0].history_file.read_text() == runs[1].history_file.read_text()
    first, second = (find_encoder(str(run.encoder)).weights() for run in runs)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_classes_and_a_test_split_are_left_out_and_said_so(tmp_path: Path) -> None:
    rows = [f"{text},{'good' if number % 2 else 'bad'}" for number, text in enumerate(notes())]
    Path("notes.csv").write_text("\n".join(["text,label", *rows]))
    heard: list[Event] = []
    with listening(heard.append):
        run = pretrained(tmp_path, "data={name: text_table, path: notes.csv}", "train.epochs=1")
    [told] = [event.lines for event in heard if isinstance(event, Inferred)]
    assert told == (
        "targets are not read: pre-training learns from the texts alone",
        "the test split is left out: 12 texts",
    )
    assert run.signature["task"] == "none"
    assert run.facts()["num_examples"] == {"train": 97, "validation": 11}


def test_heads_without_weights_begin_at_random_and_it_is_said(tmp_path: Path) -> None:
    run = pretrained(tmp_path, "train.epochs=1", heads=False)
    assert "begin at random" in run.facts()["choices"]["heads"]
    assert "mlm/bias" in find_encoder(str(run.encoder)).weights()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["distilbert", "electra"])
def test_every_family_can_be_trained(family: str, tmp_path: Path) -> None:
    run = pretrained(tmp_path, "train.epochs=1", family=family)
    assert find_encoder(str(run.encoder)).shape == find_encoder("tiny").shape
    with pytest.raises(ConfigError) as raised:
        pretrained(tmp_path, "pretrain.next_sentence=true", family=family)
    assert raised.value.code == "AM565"


def test_windows_too_small_for_two_halves_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        pretrained(tmp_path, "pretrain.next_sentence=true", "model.wordpieces.max_length=4")
    assert raised.value.code == "AM565"
    assert "at least 5" in raised.value.help


def test_random_weights_without_validation(tmp_path: Path) -> None:
    sizes = "{vocabulary: 120, blocks: 1, size: 8, heads: 2, feed_forward: 16, positions: 32}"
    run = pretrained(
        tmp_path,
        f"model={{name: bert, encoder: random, sizes: {sizes}, wordpieces: {{max_length: 24}}}}",
        "data.validation=0",
        "train.epochs=1",
        "train.batch_size={tokens: 400}",
    )
    assert list(run.history()) == ["epoch", "loss", "accuracy", "perplexity", "learning_rate"]
    assert run.history()["epoch"] == [1]
    assert find_encoder(str(run.encoder)).shape.size == 8


def test_halves_that_follow_are_learned_beside_the_pieces(tmp_path: Path) -> None:
    run = pretrained(tmp_path, "pretrain.next_sentence=true", "train.epochs=1")
    history = run.history()
    assert history["val_perplexity"][0] < math.exp(history["val_loss"][0])
    assert 0 <= history["next_accuracy"][1] <= 1
    was, now = find_encoder("tiny").weights(), find_encoder(str(run.encoder)).weights()
    assert not np.array_equal(was["nsp/kernel"], now["nsp/kernel"])
    assert not np.array_equal(was["embeddings/segment"], now["embeddings/segment"])


def test_ctrl_c_leaves_the_best_encoder_so_far(tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 1:
            signal.raise_signal(signal.SIGINT)

    with listening(interrupt):
        run = pretrained(tmp_path, "train.epochs=50")
    assert run.facts()["status"] == "interrupted"
    assert run.history()["epoch"] == [0, 1]
    assert find_encoder(str(run.encoder)).weights()


def test_what_was_learned_until_the_time_is_over_is_measured(tmp_path: Path) -> None:
    run = pretrained(tmp_path, "train.max_time=2s", "train.epochs=100000", "train.steps_per_execution=1")
    facts, history = run.facts(), run.history()
    assert facts["status"] == "stopped_early"
    assert "train.max_time" in facts["reason"]
    assert history["epoch"][-1] == facts["epochs_done"] >= 1
    assert history["val_perplexity"][-1] < history["val_perplexity"][0]
    assert len(run.timing()["epoch"]) == facts["epochs_done"]


def test_no_time_at_all_leaves_the_encoder_as_it_was(tmp_path: Path) -> None:
    run = pretrained(tmp_path, "train.max_time=0s")
    assert run.history()["epoch"] == [0]
    was, now = find_encoder("tiny").weights(), find_encoder(str(run.encoder)).weights()
    assert all(np.array_equal(was[name], now[name]) for name in was)


@pytest.mark.slow
def test_a_perplexity_that_rises_is_told(tmp_path: Path) -> None:
    heard: list[Event] = []
    with listening(heard.append):
        run = pretrained(
            tmp_path, "train.optimizer={name: sgd, learning_rate: 30.0, clip: {norm: 1.0}}", "train.epochs=1"
        )
    assert "AM561" in [event.code for event in heard if isinstance(event, Warned)]
    kept = [json.loads(line) for line in run.events_file.read_text(encoding="utf-8").splitlines()]
    assert "AM561" in [event.get("code") for event in kept]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (("model=mlp",), "AM562"),
        (("data={name: mnist, source: sample}",), "AM563"),
        (("train.folds=3",), "AM564"),
        (("model.wordpieces.max_length=600",), "AM360"),
        (("data.path=empty.csv",), "AM538"),
        (("data.path=short.csv", "pretrain.next_sentence=true"), "AM566"),
        (("train.monitor=auc",), "AM308"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_done_is_refused_before_a_folder_is_made(
    changes: tuple[str, ...], code: str, tmp_path: Path
) -> None:
    Path("empty.csv").write_text('text,n\n" ",1\n" ",2\n')
    Path("short.csv").write_text("text,n\nfilm,1\nmovie,2\ncat,3\n")
    with pytest.raises(UserError) as raised:
        pretrained(tmp_path, *changes)
    assert raised.value.code == code
    assert not (tmp_path / "runs").exists()


def test_training_needs_targets(tmp_path: Path) -> None:
    from aimodels.training.train import train

    with pytest.raises(ConfigError) as raised:
        train(load(written(tmp_path)), RunPlace(tmp_path / "runs"))
    assert raised.value.code == "AM395"


def test_an_encoder_needs_a_piece_that_hides(tmp_path: Path) -> None:
    from aimodels.pretraining.ability import expect_able

    encoder = find_encoder(str(write_tiny_encoder(tmp_path / "tiny")))
    without = replace(encoder, vocabulary=tuple(piece for piece in encoder.vocabulary if piece != "[MASK]"))
    expect_able(encoder, Pretrain(), max_length=20)
    with pytest.raises(EncoderError) as raised:
        expect_able(without, Pretrain(), max_length=20)
    assert raised.value.code == "AM567"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, 0], ids=["by a signal", "by the time"])
def test_a_pretraining_that_was_left_ends_as_the_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    from aimodels.pretraining.pretrain import pretrain
    from aimodels.runs.resuming import going_on
    from aimodels.training.stopping import StepWatcher, StopTraining

    end_of_step = StepWatcher.on_train_batch_end

    def leave(self: Any, batch: int, logs: Any = None) -> None:
        end_of_step(self, batch, logs)
        if self._epoch == 2 and batch:
            raise StopTraining("left", signal_number=number)

    path = written(tmp_path)
    whole = pretrain(load(path, overrides=[SHORT_CALLS]), RunPlace(tmp_path / "runs"))
    with monkeypatch.context() as patch:
        patch.setattr(StepWatcher, "on_train_batch_end", leave)
        left = RunFolder(pretrain(load(path, overrides=[SHORT_CALLS]), RunPlace(tmp_path / "runs")).path)
    assert left.facts()["status"] == ("interrupted" if number else "stopped_early")
    # The part of an epoch is the better one; what goes on is the whole one before.
    assert left.encoder_before.exists() == (number == 0)
    run = pretrain(going_on(left, left.config), RunPlace(tmp_path / "runs", resumed=left))
    assert run.facts()["status"] == "finished"
    assert not run.encoder_before.exists()
    assert run.history_file.read_bytes() == whole.history_file.read_bytes()
    name = "model.safetensors"
    assert (run.encoder / name).read_bytes() == (whole.encoder / name).read_bytes()
