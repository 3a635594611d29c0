"""The one place where datasets are loaded: mistakes of a user's own are theirs, and thin splits are told."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aimodels import discovery
from aimodels.data.loading import load_dataset
from aimodels.errors import FailedError
from aimodels.events import Event, Warned, listening

OWN = """
import numpy as np
from aimodels.config.schema import DatasetOptions
from aimodels.data.dataset import Dataset, ImageInput, Provenance, Split, Target

class Options(DatasetOptions):
    pass

def load(options, *, seed):
    targets = np.array({targets})
    train = Split("train", np.zeros((len(targets), 2, 2, 1), np.uint8), targets)
    target = Target("multiclass", ("a", "b", "c"))
    dataset = Dataset(ImageInput(2, 2, 1), target, train, {validation}, None, Provenance("x", "0"))
    return {result}
"""


def loaded(tmp_path: Path, name: str, **parts: str) -> Any:
    (tmp_path / "own").mkdir()
    usual = {"targets": "[0, 1, 2]", "validation": "None", "result": "dataset"}
    text = OWN
    for key, value in {**usual, **parts}.items():
        text = text.replace(f"{{{key}}}", value)
    (tmp_path / "own" / f"{name}.py").write_text(text)
    plugin = discovery.plugin("datasets", f"own.{name}")
    return load_dataset(plugin.Options(name=f"own.{name}"), seed=0)


@pytest.fixture(autouse=True)
def forget_own() -> Iterator[None]:
    """Every test has modules of its own under the same names."""
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "own"]:
        del sys.modules[name]


def test_a_dataset_of_the_users_own_is_loaded(tmp_path: Path) -> None:
    assert len(loaded(tmp_path, "good").train) == 3


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"result": "1 / 0"}, r"load\(\) of the dataset own\.bad failed: ZeroDivisionError"),
        ({"result": "[1]"}, "must give an aimodels.data.dataset.Dataset, got list"),
        ({"targets": "[0, 1, 7]"}, "the train split has the target 7, and 3 class names mean 0 to 2"),
        ({"targets": "[0, -1, 1]"}, "the target -1"),
    ],
)
def test_its_mistakes_are_the_users_to_mend(parts: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(FailedError, match=message) as caught:
        loaded(tmp_path, "bad", **parts)
    assert (caught.value.code, caught.value.exit_code) == ("AM226", 1)


def test_the_line_of_the_mistake_is_told(tmp_path: Path) -> None:
    with pytest.raises(FailedError) as caught:
        loaded(tmp_path, "bad", result="1 / 0")
    assert "bad.py:" in caught.value.notes[0]


def test_classes_without_an_example_in_a_split_are_told_beforehand(tmp_path: Path) -> None:
    events: list[Event] = []
    with listening(events.append):
        loaded(tmp_path, "thin", validation='train.take([0, 0], name="validation")')
    (warned,) = [event for event in events if isinstance(event, Warned)]
    assert warned.code == "AM227"
    assert "2 of 3 classes have no example in the validation split: b, c" in warned.message


def test_leftover_places_of_a_split_are_drawn_not_given_by_the_alphabet() -> None:
    import numpy as np

    from aimodels.data.splitting import hold_out

    targets = np.repeat(np.arange(20), 5)
    chosen = [set(targets[hold_out(targets, share=0.1, seed=seed).held_out]) for seed in range(4)]
    assert all(len(classes) == 10 for classes in chosen)
    assert len({frozenset(classes) for classes in chosen}) == 4
