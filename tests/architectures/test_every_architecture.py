"""The contract of architectures, held by every file in the folder."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from aimodels import discovery
from aimodels.data.encodings import CategoryEncoding, Encodings, TextEncoding

NAMES = discovery.names("architectures")
VOCABULARY = ("", "[UNK]", *(f"word{number}" for number in range(38)))
LONGEST = 9
OF_TEXT = ("words", "wordpieces")  # kinds whose tensors are ids, padded with 0
COLUMNS = Encodings(
    numbers=("length", "width", "depth"),
    categories=(
        CategoryEncoding("island", num_ids=5, untrained=(1,)),
        CategoryEncoding("breed", num_ids=30, size=4, untrained=(0, 1)),
        CategoryEncoding("sex", num_ids=4),
    ),
    texts=(
        TextEncoding("notes", key="text_0", vocabulary=VOCABULARY, max_length=LONGEST + 1),
        TextEncoding("title", key="text_1", vocabulary=VOCABULARY[:9], max_length=LONGEST + 3),
    ),
)
pytestmark = pytest.mark.tensorflow


@dataclass(frozen=True)
class Case:
    """An architecture and a kind of tensors that it takes."""

    module: ModuleType
    kind: str


CASES = [(name, kind) for name in NAMES for kind in discovery.plugin("architectures", name).ACCEPTS]


@pytest.fixture(params=CASES, ids=["-".join(case) for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    name, kind = request.param
    return Case(discovery.plugin("architectures", name), kind)


def built(case: Case, *, num_outputs: int) -> Any:
    """The network of its default options, or of the smallest that it must be told, on the smallest input it takes."""
    import keras

    tensors: Any
    if case.kind == "columns":
        tensors = {key: keras.KerasTensor((None, *shape), dtype=dtype) for key, (shape, dtype) in table_specs().items()}
        facts: dict[str, Any] = {"columns": COLUMNS}
    elif case.kind in OF_TEXT:
        tensors, facts = keras.KerasTensor((None, None), dtype="int32"), {"vocabulary": VOCABULARY}
    else:
        tensors, facts = keras.KerasTensor((None, *case.module.SMALLEST_INPUT), dtype="float32"), {}
    return case.module.build(options_of(case), tensors=tensors, num_outputs=num_outputs, **facts)


def options_of(case: Case) -> Any:
    return case.module.Options.model_validate(getattr(case.module, "SMALLEST_OPTIONS", {}))


def table_specs() -> dict[str, tuple[tuple[int | None, ...], str]]:
    """Shape of a row and type of each tensor of the table."""
    texts = {text.key: ((None,), "int32") for text in COLUMNS.texts}
    return {"numbers": ((3,), "float32"), "categories": ((len(COLUMNS.categories),), "int32"), **texts}


def random_examples(case: Case, *, count: int) -> Any:
    """Numbers of either sign, or ids of words with padding behind them, or a table of both and of categories."""
    random = np.random.default_rng(0)
    if case.kind == "columns":
        return {
            "numbers": random.normal(size=(count, 3)).astype("float32"),
            "categories": np.stack([random.integers(0, one.num_ids, size=count) for one in COLUMNS.categories], axis=1),
            **{text.key: random_ids(random, count=count, text=text) for text in COLUMNS.texts},
        }
    if case.kind in OF_TEXT:
        return random_ids(random, count=count, text=COLUMNS.texts[0])
    return random.normal(size=(count, *case.module.SMALLEST_INPUT)).astype("float32")


def random_ids(random: np.random.Generator, *, count: int, text: TextEncoding) -> npt.NDArray[np.int32]:
    """Ids of the words of texts, padded."""
    lengths = random.integers(1, LONGEST + 1, size=count)
    ids = random.integers(1, len(text.vocabulary), size=(count, LONGEST)).astype("int32")
    return np.where(np.arange(LONGEST) < lengths[:, np.newaxis], ids, 0).astype("int32")


def targets_of(examples: Any) -> npt.NDArray[np.int64]:
    """A class that can be told from an example: by the sign of its mean, by most of its words, in a table by both."""
    if isinstance(examples, dict):
        return targets_of(examples["numbers"]) & targets_of(examples["text_0"])
    if examples.dtype == np.int32:
        votes = np.where(examples > len(VOCABULARY) // 2, 1, -1) * (examples > 0)
        return (votes.sum(axis=1) > 0).astype("int64")
    return (examples.reshape(len(examples), -1).mean(axis=1) > 0).astype("int64")


def test_there_are_architectures() -> None:
    assert {"mlp", "cnn", "linear", "lstm", "transformer", "bert"} <= set(NAMES)


def test_it_accepts_preprocessings_that_exist(case: Case) -> None:
    assert set(case.module.ACCEPTS) <= set(discovery.names("preprocessing"))


@pytest.mark.parametrize("num_outputs", [1, 3])
def test_it_gives_logits(case: Case, num_outputs: int) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = built(case, num_outputs=num_outputs)
    for weights in model.trainable_variables:
        weights.assign(3 * weights)
    logits = np.asarray(model(random_examples(case, count=32)))
    assert logits.shape == (32, num_outputs)
    assert logits.dtype == np.float32
    # Probabilities would all lie between 0 and 1.
    assert not ((logits >= 0) & (logits <= 1)).all()


def test_it_is_not_compiled(case: Case) -> None:
    assert not built(case, num_outputs=2).compiled


def test_its_logits_are_float32_in_mixed_precision(case: Case) -> None:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = built(case, num_outputs=2)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.output.dtype == "float32"


def test_it_learns(case: Case) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = built(case, num_outputs=2)
    examples = random_examples(case, count=128)
    targets = targets_of(examples)
    model.compile(
        optimizer=keras.optimizers.Adam(2e-2),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,  # compiling would take longer than learning
    )
    losses = model.fit(examples, targets, epochs=15, batch_size=32, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]


def test_a_row_alone_gives_what_it_gives_in_a_batch(case: Case) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = built(case, num_outputs=2)
    examples = random_examples(case, count=6)
    together = np.asarray(model(examples))
    for row in range(6):
        alone = (
            {key: one[row : row + 1] for key, one in examples.items()} if case.kind == "columns" else examples[[row]]
        )
        np.testing.assert_allclose(np.asarray(model(alone))[0], together[row], rtol=1e-5, atol=1e-6)


def test_padding_and_the_order_of_the_columns_change_nothing() -> None:
    for name, kind in CASES:
        if kind != "columns":
            continue
        case = Case(discovery.plugin("architectures", name), kind)
        model, examples = with_large_weights(case), random_examples(case, count=6)
        together = np.asarray(model(examples))
        other = {key: examples[key] for key in sorted(examples, reverse=True)}
        other["text_0"] = np.pad(other["text_0"], [(0, 0), (0, 1)])
        other["text_1"] = np.pad(other["text_1"], [(0, 0), (0, 3)])
        np.testing.assert_allclose(np.asarray(model(other)), together, rtol=1e-5, atol=1e-6, err_msg=name)
        for key, one in examples.items():
            changed = {**examples, key: np.roll(one, 1, axis=0)}
            assert np.abs(np.asarray(model(changed)) - together).max() > 1e-3, f"{name} looks at {key}"


def with_large_weights(case: Case) -> Any:
    """A network in which every input counts."""
    import keras

    keras.utils.set_random_seed(0)
    model = built(case, num_outputs=2)
    for weights in model.trainable_variables:
        weights.assign(3 * weights)
    return model


def test_it_survives_a_save(case: Case, tmp_path: Path) -> None:
    import keras

    model = built(case, num_outputs=3)
    examples = random_examples(case, count=5)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(model(examples)), np.asarray(again(examples)))


def test_its_default_options_can_be_written_and_read(case: Case) -> None:
    options = options_of(case)
    assert case.module.Options.model_validate(options.model_dump()) == options
