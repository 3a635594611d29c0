"""Wrong configs: each gives the right code at the right line and column, with the right suggestion."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from aimodels.config.loading import load
from aimodels.errors import ConfigError, Problem

DATA = "data: {name: mnist}\n"
MODEL = "model: {name: cnn}\n"
BOTH = DATA + MODEL  # two lines: whatever follows is on line 3


@dataclass(frozen=True)
class Wrong:
    """A config with one mistake and what must be said about it. `suggestion`: what to write instead, if anything."""

    text: str
    code: str
    line: int
    column: int
    suggestion: str = ""
    says: str = ""
    overrides: tuple[str, ...] = ()


def over(*overrides: str) -> tuple[str, ...]:
    return overrides


WRONG = {
    # unknown keys
    "close spelling": Wrong(BOTH + "train:\n  epoch: 10", "AM101", 4, 3, "epochs"),
    "close spelling at the top": Wrong(BOTH + "trian: {}", "AM101", 3, 1, "train"),
    "one letter too many": Wrong(BOTH + "data2: 1\n", "AM101", 3, 1, "data"),
    "dash for underscore": Wrong(BOTH + "train: {batch-size: 8}", "AM101", 3, 9, "batch_size"),
    "capital letters": Wrong(BOTH + "train: {Epochs: 8}", "AM101", 3, 9, "epochs"),
    "run together": Wrong(BOTH + "train: {batchsize: 8}", "AM101", 3, 9, "batch_size"),
    "alias in its section": Wrong(BOTH + "train: {optimizer: {lr: 0.1}}", "AM101", 3, 21, "learning_rate"),
    "alias lr at the top": Wrong(BOTH + "lr: 0.1", "AM101", 3, 1, "train.optimizer.learning_rate"),
    "alias bs": Wrong(BOTH + "bs: 8", "AM101", 3, 1, "train.batch_size"),
    "alias num_train_epochs": Wrong(BOTH + "train: {num_train_epochs: 3}", "AM101", 3, 9, "epochs"),
    "alias max_epochs": Wrong(BOTH + "max_epochs: 3", "AM101", 3, 1, "train.epochs"),
    "alias opt": Wrong(BOTH + "train: {opt: adam}", "AM101", 3, 9, "optimizer"),
    "alias wd": Wrong(BOTH + "train: {wd: 0.1}", "AM101", 3, 9, "train.optimizer.weight_decay"),
    "alias val_split": Wrong(BOTH + "val_split: 0.1", "AM101", 3, 1, "data.validation"),
    "alias metrics": Wrong(BOTH + "metrics: [accuracy]", "AM101", 3, 1, "evaluate"),
    "alias of another dataset": Wrong("data: {name: image_folder, source: y}\n" + MODEL, "AM101", 1, 28, "path"),
    "nothing near": Wrong(
        BOTH + "train: {zzz: 1}", "AM101", 3, 9, says="keys allowed under `train`: accumulate, augment, batch"
    ),
    "null under an unknown key": Wrong(BOTH + "train:\n  epoch:", "AM101", 4, 3, "epochs"),
    "close spelling elsewhere": Wrong(BOTH + "learning_rte: 1", "AM101", 3, 1, "train.optimizer.learning_rate"),
    "key of another optimizer": Wrong(
        BOTH + "train: {optimizer: {name: sgd, beta_1: 0.5}}", "AM101", 3, 32, says="a key of adam and adamw only"
    ),
    "misspelt required key": Wrong(DATA + "modle: {name: cnn}", "AM101", 2, 1, "model"),
    "key of no clip": Wrong(BOTH + "train: {optimizer: {clip: {nrom: 1}}}", "AM101", 3, 28, "norm"),
    # keys in the wrong section
    "wrong section": Wrong(f"data:\n  name: mnist\n  batch_size: 8\n{MODEL}", "AM103", 3, 3, "train.batch_size"),
    "one level too high": Wrong(
        BOTH + "train: {learning_rate: 0.1}", "AM103", 3, 9, "train.optimizer.learning_rate"
    ),
    "patience": Wrong(BOTH + "train: {patience: 3}", "AM103", 3, 9, "train.early_stopping.patience"),
    "option of the model": Wrong(BOTH + "train: {kernel: 3}", "AM103", 3, 9, "model.kernel"),
    # wrong values
    "text for a number": Wrong(
        BOTH + 'train:\n  optimizer: {learning_rate: "fast"}',
        "AM102", 4, 30, says='must be a number above 0, found the text "fast"',
    ),
    "quoted number": Wrong(BOTH + "train: {epochs: '3'}", "AM102", 3, 17, says='found the text "3"'),
    "fraction for a whole number": Wrong(BOTH + "train: {epochs: 1.5}", "AM102", 3, 17, says="found 1.5"),
    "yes is a text": Wrong(BOTH + "train: {deterministic: yes}", "AM102", 3, 24, says="must be true or false"),
    "below the range": Wrong(BOTH + "train: {epochs: 0}", "AM102", 3, 17, says="must be a whole number, 1 or more"),
    "above the range": Wrong(BOTH + "train: {augment: {flip: both, crop: 1.5}}", "AM102", 3, 37, says="0 and below 1"),
    "at the open end": Wrong(BOTH + "train: {label_smoothing: 1}", "AM102", 3, 26, says="at least 0 and below 1"),
    "infinite": Wrong(BOTH + "train: {optimizer: {learning_rate: .inf}}", "AM102", 3, 36, says="found inf"),
    "wrong choice": Wrong(
        BOTH + "train: {precision: flaot32}", "AM102", 3, 20, "float32", says="must be float32, mixed_float16,"
    ),
    "wrong choice with nothing near": Wrong(BOTH + "train: {strategy: xyz}", "AM102", 3, 19, says="not one of them"),
    "union of a word and booleans": Wrong(
        BOTH + "train: {xla: foo}", "AM102", 3, 14, says="`train.xla` must be auto, true or false"
    ),
    "union of a word and a number": Wrong(
        BOTH + "train: {steps_per_execution: 0}", "AM102", 3, 30, says="auto or a whole number, 1 or more, found 0"
    ),
    "union of words and a mapping": Wrong(
        BOTH + "train: {class_weights: blanced}", "AM102", 3, 24, "balanced", says="or a mapping, each value a number"
    ),
    "number where a section is the longer form": Wrong(
        BOTH + "train: {batch_size: 0}", "AM102", 3, 21, says="1 or more or a section with `tokens`, found 0"
    ),
    "inside a mapping": Wrong(
        BOTH + "train: {class_weights: {a: 1, b: -1}}", "AM102", 3, 34, says="`train.class_weights.b` must be a number"
    ),
    "item of a list": Wrong(
        f"{DATA}model: {{name: cnn, filters: [8, 0]}}", "AM102", 2, 33, says="`model.filters[1]` must be a whole number"
    ),
    "empty list": Wrong(f"{DATA}model: {{name: cnn, filters: []}}", "AM102", 2, 29, says="found an empty list"),
    "value for a list": Wrong(BOTH + "evaluate: {top_k: 3}", "AM102", 3, 19, says="must be a list"),
    "list for a section": Wrong(BOTH + "train: [1]", "AM102", 3, 8, says="must be a section"),
    "value for a section": Wrong(BOTH + "train: 5", "AM102", 3, 8, says="must be a section"),
    "number for an optimizer": Wrong(BOTH + "train: {optimizer: 5}", "AM102", 3, 20, says="sgd, adam, adamw"),
    "unknown optimizer": Wrong(BOTH + "train: {optimizer: adma}", "AM102", 3, 20, "adam", says="did you mean"),
    "unknown schedule": Wrong(
        BOTH + "train:\n  optimizer:\n    schedule: {name: cosin}", "AM102", 5, 22, "cosine"
    ),
    "two ways to clip": Wrong(
        BOTH + "train: {optimizer: {clip: {norm: 1, value: 2}}}", "AM102", 3, 37, says="found `norm` and `value`"
    ),
    "number for a clip": Wrong(BOTH + "train: {optimizer: {clip: 3}}", "AM102", 3, 27, says="{norm: ...}, {global_n"),
    "wrong form of a text": Wrong(BOTH + "train: {max_time: soon}", "AM102", 3, 19, says="for example `max_time: 30m`"),
    "rule about several keys": Wrong(
        f"{DATA}model: {{name: cnn, filters: [8], pool: [2, 2]}}", "AM102", 2, 40, says="`pool` must have 1 to 1"
    ),
    "wide characters before the caret": Wrong(
        BOTH + 'train: {class_weights: {"数字": 1, "猫": -1}}', "AM102", 3, 39, says="class_weights.猫"
    ),
    # plug-ins
    "unknown dataset": Wrong("data: {name: mnits}\n" + MODEL, "AM104", 1, 14, "mnist"),
    "unknown model in short": Wrong(DATA + "model: clp", "AM104", 2, 8, "mlp"),
    "no such module": Wrong(DATA + "model: {name: my.model}", "AM301", 2, 15, says="no module 'my'"),
    "path for a module": Wrong(DATA + "model: {name: ./my.py}", "AM301", 2, 15, says="is not the dotted path"),
    "module that is no plug-in": Wrong(DATA + "model: {name: os.path}", "AM302", 2, 15, says="it has no Options"),
    # missing keys
    "no model": Wrong(DATA, "AM109", 1, 1, says="the key `model` is missing"),
    "no name": Wrong("data: {source: auto}\n" + MODEL, "AM109", 1, 1, says="`data.name` is missing"),
    "null for a required key": Wrong("data:\n" + MODEL, "AM109", 2, 1, says="the key `data` is missing"),
    "option without a default": Wrong("data: image_folder\n" + MODEL, "AM109", 1, 1, says="`path: photos`"),
    # the YAML itself
    "tab": Wrong(BOTH + "train:\n\tepochs: 3", "AM105", 4, 1),
    "tab after spaces": Wrong(BOTH + "train:\n  epochs: 3\n  \tbatch_size: 8", "AM105", 5, 3),
    "duplicate": Wrong(BOTH + "train:\n  epochs: 3\n  epochs: 4", "AM106", 5, 3, says="first on line 4"),
    "duplicate at the top": Wrong(BOTH + DATA, "AM106", 3, 1),
    "beyond 64 bits": Wrong(BOTH + "train: {epochs: 0xffffffffffffffffff}", "AM102", 3, 17, says="too large"),
    "thousands of digits": Wrong(BOTH + f"train: {{epochs: 0x{'f' * 3900}}}", "AM102", 3, 17, says="a whole number"),
    "too many layers": Wrong(DATA + f"model: {{name: mlp, hidden: {[1] * 999}}}", "AM102", 2, 28, says="100 or less"),
    "indent": Wrong(BOTH + "train:\n  epochs: 3\n   batch_size: 8", "AM107", 5, 14, says="indented wrongly"),
    "two colons": Wrong(BOTH + "name: a: b", "AM107", 3, 8),
    "open quote": Wrong(BOTH + 'name: "a', "AM107", 3, 7, says="never closed"),
    "open bracket": Wrong(BOTH + "evaluate: {top_k: [1, 2", "AM107", 3, 19),
    "second document": Wrong(BOTH + "---\n" + BOTH, "AM107", 3, 1, says="second document"),
    "unknown alias": Wrong(BOTH + "name: *x", "AM107", 3, 7),
    "control character": Wrong(BOTH + "name: a\x07", "AM107", 3, 8, says="U+0007"),
    "list for a key": Wrong(BOTH + "? [a]\n: 1", "AM107", 3, 3),
    "impossible escape": Wrong(BOTH + 'name: "\\ud800"', "AM107", 3, 7, says="stands for no character"),
    "empty file": Wrong("", "AM112", 1, 1, says="found nothing"),
    "comments only": Wrong("# nothing\n", "AM112", 1, 1, says="found nothing"),
    "list for mapping": Wrong("- data", "AM112", 1, 1, says="found a list"),
    "text for mapping": Wrong("data", "AM112", 1, 1, says="found a single value"),
    "Python tag": Wrong(BOTH + "name: !!python/name:os.system x", "AM113", 3, 7),
    "value against its tag": Wrong(BOTH + "seed: !!int fast", "AM113", 3, 7),
    "alias inside itself": Wrong(BOTH + "name: &a [*a]", "AM114", 3, 7),
    # overrides
    "override: wrong value": Wrong(BOTH, "AM102", 1, 14, says="a whole number", overrides=over("train.epochs=ten")),
    "override: alias": Wrong(BOTH, "AM101", 1, 1, "train.optimizer.learning_rate", overrides=over("lr=0.1")),
    "override: spelling": Wrong(BOTH, "AM101", 1, 7, "epochs", overrides=over("train.epoch=3")),
    "override: unset a misspelt key": Wrong(BOTH, "AM101", 1, 7, "epochs", overrides=over("train.epoch=null")),
    "override: unknown section": Wrong(BOTH, "AM101", 1, 1, "train", overrides=over("trian.epochs=3")),
    "override: section": Wrong(BOTH, "AM103", 1, 6, "train.batch_size", overrides=over("data.batch_size=3")),
    "override: no equals sign": Wrong(BOTH, "AM108", 1, 1, overrides=over("train.epochs")),
    "override: empty part": Wrong(BOTH, "AM108", 1, 1, overrides=over("train..epochs=3")),
    "override: not YAML": Wrong(BOTH, "AM107", 1, 17, overrides=over("train.epochs=[1,")),
    "override: nested": Wrong(
        BOTH, "AM101", 1, 29, says="adamw only", overrides=over("train.optimizer={name: sgd, beta_1: 1}")
    ),
    "override: a key below a value": Wrong(BOTH, "AM102", 1, 6, overrides=over("seed.x=3"), says="found a mapping"),
    "override: another name": Wrong(
        f"{DATA}model: {{name: cnn, filters: [8], kernel: 5}}", "AM115", 1, 12,
        says="unset them too: model.filters=null model.kernel=null", overrides=over("model.name=mlp"),
    ),
}  # fmt: skip


def problems_of(text: str, *, overrides: tuple[str, ...] = ()) -> tuple[Problem, ...]:
    path = Path("wrong.yaml")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path, overrides=overrides)
    return raised.value.problems


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_told_once_where_it_is(wrong: Wrong) -> None:
    [problem] = problems_of(wrong.text, overrides=wrong.overrides)
    place = problem.place
    assert place is not None
    said = " ".join([problem.message, problem.label, problem.help, *problem.notes])
    assert (problem.code, place.line, place.column) == (wrong.code, wrong.line, wrong.column), said
    assert [suggestion.replace for suggestion in problem.suggestions] == (
        [wrong.suggestion] if wrong.suggestion else []
    )
    assert wrong.says in said
    assert place.source == (f"override {wrong.overrides[0]}" if wrong.overrides else "wrong.yaml")
    assert problem.message
    assert problem.help


def test_all_mistakes_are_told_in_the_order_of_lines() -> None:
    text = (
        "data: {name: mnits, bs: 3}\nmodel: {name: mlp, hidden: 3}\ntrain: {epochs: 0, optimizer: {name: adma, xyz: 1}}"
    )
    problems = problems_of(text, overrides=("train.xla=maybe", "epochs"))
    told = [(problem.code, problem.path) for problem in problems]
    assert told == [
        ("AM104", "data.name"),
        ("AM102", "model.hidden"),
        ("AM102", "train.epochs"),
        ("AM102", "train.optimizer.name"),
        ("AM101", "train.optimizer.xyz"),
        ("AM102", "train.xla"),
        ("AM108", ""),
    ]


def test_the_nearest_choice_comes_first() -> None:
    [problem] = problems_of(BOTH + "train: {precision: mixed_float32}")
    assert problem.message.startswith("`train.precision` must be mixed_float16, ")


def test_a_file_that_is_not_utf8_is_shown_where_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(BOTH.encode() + "name: café".encode("latin-1"))
    with pytest.raises(ConfigError) as raised:
        load(path)
    [problem] = raised.value.problems
    assert problem.place is not None
    assert (problem.code, problem.place.line, problem.place.column) == ("AM111", 3, 10)


def test_aliases_of_aliases_are_stopped() -> None:
    levels = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 10))
    [problem] = problems_of(f"a0: &a0 [1]\n{levels}")
    assert problem.code == "AM114"


BERT = "data: imdb\nmodel:\n  name: bert\n  encoder: minilm\n"


@pytest.mark.parametrize(
    ("text", "overrides", "place", "other"),
    [
        (f"{BERT}  freeze: all\n", ("model.lora.rank=4",), ("override model.lora.rank=4", 1, 12), ("wrong.yaml", 5)),
        (f"{BERT}  lora: {{}}\n", ("model.freeze=2",), ("override model.freeze=2", 1, 14), ("wrong.yaml", 5)),
        (
            f"{BERT}  freeze: all\n",
            ("model.unfreeze_every=1",),
            ("override model.unfreeze_every=1", 1, 22),
            ("wrong.yaml", 5),
        ),
        (f"{BERT}  freeze: all\n  lora: {{}}\n", (), ("wrong.yaml", 6, 9), None),
        (BERT, ("model.lora.rank=4", "model.freeze=2"), ("override model.lora.rank=4", 1, 12), None),
    ],
)
def test_what_keys_say_together_is_told_at_the_override(
    text: str, overrides: tuple[str, ...], place: tuple[str, int, int], other: tuple[str, int] | None
) -> None:
    [problem] = problems_of(text, overrides=overrides)
    assert problem.place is not None
    assert (problem.place.source, problem.place.line, problem.place.column) == place
    found = problem.other_place
    assert (None if found is None else (found.source, found.line)) == other


def test_only_keys_that_are_set_are_named() -> None:
    [problem] = problems_of(f"{BERT}  freeze: all\n  lora: {{}}\n")
    assert "unfreeze_every" not in problem.message
    [problem] = problems_of(f"{BERT}  freeze: 2\n  unfreeze_every: 1\n  lora: {{}}\n")
    assert "leave out `freeze` and `unfreeze_every`" in problem.message


def test_a_repeated_key_shows_both_places() -> None:
    [problem] = problems_of(BOTH + "train:\n  epochs: 3\n  epochs: 4")
    assert problem.other_place is not None
    assert (problem.other_place.line, problem.other_place.column) == (4, 3)


def test_options_of_a_broken_module_are_told(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "broken_model.py").write_text("def build(:\n", encoding="utf-8")
    [problem] = problems_of(DATA + "model: own.broken_model")
    assert problem.code == "AM309"
    assert "SyntaxError" in problem.message
