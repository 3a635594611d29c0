"""The contract of export formats, held by every file in the folder: what is exported answers like the run."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from table_runs import INPUT, MULTILABEL, NUM_SAMPLES, REGRESSION, some_rows, untrained_table_run
from text_runs import TEXTS, untrained_text_run

from aimodels import discovery
from aimodels.data.dataset import Target, Texts
from aimodels.data.raw_columns import raw
from aimodels.errors import ConfigError, FailedError, UsageError
from aimodels.events import Event, Warned, listening
from aimodels.exporting import HARD_TEXTS, ExportRequest, examples_of, export_run
from aimodels.prediction.arguments import arguments_of
from aimodels.prediction.outputs import Outputs
from aimodels.prediction.table_answering import RawRows
from aimodels.runs.folder import RunFolder
from aimodels.verification.clean_process import Ways
from aimodels.verification.hard_rows import hard_rows

NAMES = discovery.names("formats")
pytestmark = pytest.mark.tensorflow


def exported(run: RunFolder, format: str, folder: Path, **request: Any) -> Any:
    return export_run(run, ExportRequest(format=format, folder=folder, **request))


def test_there_are_formats() -> None:
    assert {"saved_model", "keras"} <= set(NAMES)


@pytest.fixture
def run(request: pytest.FixtureRequest) -> RunFolder:
    """A run for images, one for texts and one for rows."""
    found: RunFolder = request.getfixturevalue(request.param)
    return found


# Each process loads TensorFlow anew: every format and every kind of data once, the others with the slow tests.
ALWAYS = {"images": NAMES, "texts": ["saved_model"], "rows": ["saved_model"]}
RUNS = {"images": "trained_run", "texts": "text_run", "rows": "table_run"}
CASES = [
    pytest.param(name, run, marks=[] if name in ALWAYS[data] else pytest.mark.slow, id=f"{data}-{name}")
    for data, run in RUNS.items()
    for name in NAMES
]


@pytest.mark.parametrize(("name", "run"), CASES, indirect=["run"])
def test_an_export_answers_like_the_run_in_a_clean_process(name: str, run: RunFolder, tmp_path: Path) -> None:
    result = exported(run, name, tmp_path)
    assert result.max_abs_diff <= 1e-5
    num_kept = {"image": 32, "text": len(TEXTS) + len(HARD_TEXTS), "table": NUM_SAMPLES + len(hard_rows(INPUT))}
    assert result.num_verified == num_kept[run.signature["input"]["kind"]]
    assert result.path.exists()
    assert result.num_bytes > 0
    assert [path.name for path in result.path.parent.iterdir()] == [result.path.name]


def test_versions_count_up_and_none_is_written_over(trained_run: RunFolder, tmp_path: Path) -> None:
    paths = [exported(trained_run, "keras", tmp_path, num_verified=0).path.name for _ in range(2)]
    assert paths == ["1.keras", "2.keras"]
    assert exported(trained_run, "keras", tmp_path, num_verified=0, version=7).path.name == "7.keras"
    with pytest.raises(UsageError, match="version 7 exists already") as caught:
        exported(trained_run, "keras", tmp_path, version=7)
    assert caught.value.code == "AM603"
    assert "to get 8" in caught.value.help


def test_an_export_that_answers_otherwise_is_not_kept(
    trained_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.formats import keras as format
    from aimodels.prediction.predict import Predictor

    def shifted(path: Path, asked: Any, *, outputs: Outputs) -> Ways:
        probabilities = Predictor(trained_run).answer(asked).probabilities
        return {"the network": {"probabilities": probabilities + np.float32(1e-3)}}

    monkeypatch.setattr(format, "verify", shifted)
    with pytest.raises(FailedError, match="does not answer like") as caught:
        exported(trained_run, "keras", tmp_path)
    assert caught.value.code == "AM601"
    assert not list((tmp_path / "keras").iterdir())


def test_an_export_that_does_not_load_is_not_kept(
    trained_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.formats import keras as format

    monkeypatch.setattr(format, "export", lambda run, path, checkpoint: path.write_bytes(b"broken"))
    with pytest.raises(FailedError, match="does not load or answer in a clean process") as caught:
        exported(trained_run, "keras", tmp_path)
    assert caught.value.code == "AM602"
    assert caught.value.notes
    assert not list((tmp_path / "keras").iterdir())


def test_a_format_that_does_not_exist_is_refused(trained_run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no format is called "saved_modle"') as caught:
        exported(trained_run, "saved_modle", tmp_path)
    assert caught.value.problems[0].suggestions[0].replace == "saved_model"


@pytest.fixture(scope="module")
def saved_model(trained_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(trained_run, "saved_model", tmp_path_factory.mktemp("saved"), num_verified=0).path


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS, indirect=True)
def test_a_saved_model_holds_every_weight_once(run: RunFolder, tmp_path: Path) -> None:
    path = exported(run, "saved_model", tmp_path, num_verified=0).path
    weights = sum(4 * int(np.prod(weight.shape)) for weight in run.model().weights)
    # Two weights of the same bytes are no smaller than that; what is besides is a few kilobytes of names.
    stored = sum(file.stat().st_size for file in (path / "variables").iterdir())
    assert weights < stored < 1.1 * weights + 4096


def test_the_tool_of_tensorflow_runs_a_saved_model(saved_model: Path, trained_run: RunFolder, tmp_path: Path) -> None:
    from aimodels.prediction.predict import Predictor

    images = np.random.default_rng(0).integers(0, 256, size=(3, 28, 28, 1), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    command = [str(Path(sys.executable).with_name("saved_model_cli")), "run", "--dir", str(saved_model)]
    command += ["--tag_set", "serve", "--signature_def", "serving_default"]
    command += ["--inputs", f"images={tmp_path / 'images.npy'}", "--outdir", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    expected = Predictor(trained_run).answer(images)
    np.testing.assert_allclose(np.load(tmp_path / "probabilities.npy"), expected.probabilities, atol=1e-5)
    assert [label.decode() for label in np.load(tmp_path / "label.npy", allow_pickle=True)] == expected.labels


def test_encoded_files_are_decoded_and_resized_as_in_training(saved_model: Path, trained_run: RunFolder) -> None:
    import tensorflow as tf

    from aimodels.preprocessing.images import decode

    photo = np.random.default_rng(1).integers(0, 256, size=(50, 40, 3), dtype=np.uint8)
    encoded = [tf.io.encode_jpeg(photo), tf.io.encode_png(photo)]
    loaded = tf.saved_model.load(str(saved_model))
    answers = loaded.signatures["encoded"](encoded=tf.stack(encoded))
    pixels = tf.stack([decode(file, input=trained_run.input) for file in encoded])
    expected = loaded.signatures["serving_default"](images=pixels)
    np.testing.assert_allclose(answers["probabilities"], expected["probabilities"], atol=1e-6)


def test_the_classes_stand_beside_a_saved_model(saved_model: Path) -> None:
    assert (saved_model / "assets.extra" / "labels.txt").read_text().split() == [str(digit) for digit in range(10)]
    assert json.loads((saved_model / "assets.extra" / "signature.json").read_text())["task"] == "multiclass"


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def text_model(text_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(text_run, "saved_model", tmp_path_factory.mktemp("saved"), num_verified=0).path


def test_texts_are_verified_on_the_test_split_if_it_can_be_read(tmp_path: Path) -> None:
    run = untrained_text_run(tmp_path / "runs")
    for name in ("neg", "pos"):
        (tmp_path / "texts" / name).mkdir(parents=True)
        for number in range(10):
            (tmp_path / "texts" / name / f"{number}.txt").write_text(f"{name} {number}")
    chosen = examples_of(run, most=3)
    assert [text[:4] for text in chosen.strings[:3]] == ["neg ", "neg ", "pos "]
    assert chosen.strings[3:] == HARD_TEXTS


def test_a_saved_model_says_that_it_takes_strings_and_gives_probabilities(text_model: Path) -> None:
    import tensorflow as tf

    signature = meta_graph(text_model).signature_def["serving_default"]
    told = {
        name: (tf.dtypes.as_dtype(tensor.dtype), [size.size for size in tensor.tensor_shape.dim])
        for name, tensor in (*signature.inputs.items(), *signature.outputs.items())
    }
    assert told == {
        "text": (tf.string, [-1]),
        "probabilities": (tf.float32, [-1, 2]),
        "label": (tf.string, [-1]),
    }


def meta_graph(model: Path) -> Any:
    """What a SavedModel holds."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    [only] = SavedModel.FromString((model / "saved_model.pb").read_bytes()).meta_graphs
    return only


PROGRAM = r"""
import sys
import tensorflow as tf
sys.modules["aimodels"] = sys.modules["keras"] = None
model = tf.saved_model.load(sys.argv[1])
ask = model.signatures["serving_default"]
for texts in ([b"two good hours"], [b"\xff\xfe \xc3(", b"", b"two good hours"], []):
    answers = ask(text=tf.constant(texts, dtype=tf.string))
    print(answers["probabilities"].numpy().round(5).tolist(), answers["label"].numpy().tolist())
"""


def test_plain_tensorflow_asks_a_saved_model_about_raw_text_even_if_it_is_not_utf8(
    text_model: Path, text_run: RunFolder
) -> None:
    from aimodels.prediction.predict import Predictor

    command = [sys.executable, "-I", "-c", PROGRAM, str(text_model)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    answers = Predictor(text_run).answer(Texts(("two good hours", "(", "")))
    good, broken, empty = answers.probabilities.round(5).tolist()
    labels = [label.encode() for label in answers.labels]
    assert told == [f"{[good]} {[labels[0]]}", f"{[broken, empty, good]} {[labels[1], labels[2], labels[0]]}", "[] []"]


@pytest.mark.slow
def test_the_tool_of_tensorflow_runs_a_saved_model_on_text(
    text_model: Path, text_run: RunFolder, tmp_path: Path
) -> None:
    from aimodels.prediction.predict import Predictor

    tool = str(Path(sys.executable).with_name("saved_model_cli"))
    where = ["--dir", str(text_model), "--tag_set", "serve", "--signature_def", "serving_default"]
    texts = ["--input_exprs", "text=['two good hours', '']", "--outdir", str(tmp_path)]
    subprocess.run([tool, "run", *where, *texts], check=True, capture_output=True)
    expected = Predictor(text_run).answer(Texts(("two good hours", "")))
    np.testing.assert_allclose(np.load(tmp_path / "probabilities.npy"), expected.probabilities, atol=1e-5)
    assert [label.decode() for label in np.load(tmp_path / "label.npy", allow_pickle=True)] == expected.labels


def test_a_keras_file_for_texts_loads_as_its_format_says(
    text_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras
    import tensorflow as tf

    from aimodels.formats import keras as format

    monkeypatch.chdir(exported(text_run, "keras", tmp_path, num_verified=0).path.parent)
    program = [line for line in (format.__doc__ or "").splitlines() if line.startswith("    ")]
    assert "    register_layers()" in program
    known: dict[str, Any] = {"keras": keras, "tf": tf}
    exec(textwrap.dedent("\n".join(program)), known)
    assert known["logits"].shape == (1, 1)


def test_a_recurrent_layer_exported_where_a_gpu_is_runs_without_one(
    text_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Keras gives a function of its own the name of this module.
    monkeypatch.setattr(sys.modules["keras.src.backend.tensorflow.rnn"], "_is_gpu_available", lambda: True)
    path = exported(text_run, "saved_model", tmp_path, num_verified=0).path
    operations = {node.op for function in meta_graph(path).graph_def.library.function for node in function.node_def}
    assert "LookupTableFindV2" in operations
    assert not [name for name in operations if "Cudnn" in name]


# --- rows of a table --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("verified_here")
@pytest.mark.parametrize(
    ("name", "target"), [("saved_model", REGRESSION), ("keras", REGRESSION), ("saved_model", MULTILABEL)]
)
def test_an_export_for_rows_answers_like_the_run_whatever_is_predicted(
    name: str, target: Target, tmp_path: Path
) -> None:
    result = exported(untrained_table_run(tmp_path / "runs", target), name, tmp_path)
    assert result.max_abs_diff <= 1e-5
    assert result.num_verified == NUM_SAMPLES + len(hard_rows(INPUT))


@pytest.fixture(scope="module")
def regression_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return untrained_table_run(tmp_path_factory.mktemp("regression") / "runs", REGRESSION)


def test_rows_whose_file_is_gone_are_verified_on_the_first_of_the_training(table_run: RunFolder) -> None:
    heard: list[Event] = []
    with listening(heard.append):
        chosen = examples_of(table_run, most=5)
    wanted = raw(some_rows(NUM_SAMPLES).table().slice(0, 5), input=INPUT)
    for name, values in wanted.items():
        np.testing.assert_array_equal(chosen.columns[name][:5], values)
    assert len(chosen) == 5 + len(hard_rows(INPUT))
    assert [event.code for event in heard if isinstance(event, Warned)] == ["AM604"]


@pytest.mark.parametrize(("shift", "is_kept"), [(0.5e-5, True), (2e-5, False)])
def test_a_number_is_compared_as_a_share_of_itself(
    shift: float, is_kept: bool, regression_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.formats import keras as format
    from aimodels.prediction.predict import Predictor

    values = Predictor(regression_run).answer(examples_of(regression_run, most=NUM_SAMPLES)).values
    largest = np.abs(values).max()
    assert largest > max(1, values.std())
    found = values + np.where(np.abs(values) == largest, np.float32(shift) * largest, 0)
    monkeypatch.setattr(format, "verify", lambda path, asked, *, outputs: {"the network": {"value": found}})
    if is_kept:
        assert exported(regression_run, "keras", tmp_path).max_abs_diff == pytest.approx(shift, rel=0.1)
    else:
        with pytest.raises(FailedError, match="differs by"):
            exported(regression_run, "keras", tmp_path)


def test_labels_that_do_not_follow_from_the_threshold_are_found(
    table_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.formats import keras as format
    from aimodels.prediction.predict import Predictor

    answers = Predictor(table_run).answer(examples_of(table_run, most=NUM_SAMPLES))
    labels = np.array([label.encode() for label in answers.labels], dtype=object)
    named = {"probabilities": answers.probabilities, "label": labels}
    monkeypatch.setattr(format, "verify", lambda path, asked, *, outputs: {"serving_default": named})
    assert exported(table_run, "keras", tmp_path).max_abs_diff == 0
    labels[3] = b"yes" if labels[3] == b"no" else b"no"
    with pytest.raises(FailedError, match="labels that do not follow from its probabilities") as caught:
        exported(table_run, "keras", tmp_path)
    assert caught.value.code == "AM601"


@pytest.fixture(scope="module")
def table_model(table_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(table_run, "saved_model", tmp_path_factory.mktemp("saved"), num_verified=0).path


def asked(model: Path, rows: RawRows) -> dict[str, Any]:
    """What a SavedModel answers when it is asked with named columns."""
    import tensorflow as tf

    arguments = arguments_of(tuple(rows.columns))
    given = {arguments[name]: tf.constant(values.tolist()) for name, values in rows.columns.items()}
    return tf.saved_model.load(str(model)).signatures["serving_default"](**given)


def test_a_saved_model_answers_a_thousand_rows_with_holes_like_the_run(table_model: Path, table_run: RunFolder) -> None:
    from aimodels.prediction.predict import Predictor

    rows = some_rows(1000)
    answers = asked(table_model, RawRows(raw(rows.table(), input=INPUT)))
    wanted = Predictor(table_run).answer(rows)
    np.testing.assert_allclose(answers["probabilities"], wanted.probabilities, atol=1e-5)
    assert [label.decode() for label in answers["label"].numpy()] == wanted.labels
    assert len(set(wanted.labels)) == 2


def test_a_column_that_is_left_out_is_asked_for(table_model: Path) -> None:
    rows = RawRows(raw(some_rows(2).table(), input=INPUT))
    with pytest.raises(TypeError, match="missing a required argument: 'a_b'"):
        asked(table_model, RawRows({name: values for name, values in rows.columns.items() if name != "a/b"}))


def test_what_columns_are_called_and_the_threshold_stand_beside_a_saved_model(tmp_path: Path) -> None:
    run = untrained_table_run(tmp_path / "runs", threshold=0.25)
    result = exported(run, "saved_model", tmp_path, num_verified=0)
    told = json.loads((result.path / "assets.extra" / "signature.json").read_text())
    assert told["threshold"] == 0.25
    assert {column["name"]: column["argument"] for column in told["input"]["columns"]} == {
        "bill length (mm)": "bill_length_mm",
        "class": "class_",
        "a/b": "a_b",
        "Größe": "Gro_e",
        "remark": "remark",
    }
    [signature] = result.signature
    assert [column["dtype"] for column in signature["columns"][:2]] == ["float32", "string"]
    assert signature["outputs"].endswith("yes from a probability of 0.25 on")


def test_a_number_has_no_labels(regression_run: RunFolder, tmp_path: Path) -> None:
    result = exported(regression_run, "saved_model", tmp_path, num_verified=0)
    assert result.signature[0]["outputs"] == "value float32 (N), in g"
    assert not (result.path / "assets.extra" / "labels.txt").exists()
    assert "threshold" not in json.loads((result.path / "assets.extra" / "signature.json").read_text())


# --- the threshold ----------------------------------------------------------------------------------------------------


def test_a_threshold_decides_in_the_run_and_in_its_export_alike(tmp_path: Path) -> None:
    import tensorflow as tf

    from aimodels.prediction.predict import Predictor

    run, texts = untrained_text_run(tmp_path / "runs"), Texts(TEXTS)
    before = Predictor(run).answer(texts)
    middle = float(np.median(before.probabilities[:, 1]))
    for threshold, labels in ((middle, {"neg", "pos"}), (0.999, {"neg"})):
        run.update(threshold={"value": threshold, "metric": "f1", "on": "validation", "score": 1.0})
        answers = Predictor(run).answer(texts)
        expected = (before.probabilities[:, 1] >= threshold).astype(int)
        assert answers.predictions.tolist() == expected.tolist()
        model = tf.saved_model.load(str(exported(run, "saved_model", tmp_path, num_verified=0).path))
        told = model.signatures["serving_default"](text=tf.constant(TEXTS))["label"].numpy()
        assert [label.decode() for label in told] == answers.labels == [("neg", "pos")[which] for which in expected]
        assert set(answers.labels) == labels
