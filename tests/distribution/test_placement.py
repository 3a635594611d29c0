"""Why a strategy was chosen, in the words of `run.json`; of a TensorFlow that has any number of devices."""

import sys
from types import SimpleNamespace
from typing import Any, Literal
from unittest.mock import MagicMock

import pytest

from aimodels.config.schema import Train
from aimodels.distribution.strategy import place


def tensorflow_with(*, cpus: int, gpus: int) -> Any:
    """What the choice asks TensorFlow, of a machine with so many devices."""
    devices = {"CPU": cpus, "GPU": gpus}

    def logical(kind: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=f"/device:{kind}:{number}") for number in range(devices[kind])]

    details = SimpleNamespace(get_device_details=lambda device: {"device_name": "Model X"})
    config = SimpleNamespace(list_logical_devices=logical, get_visible_devices=logical, experimental=details)
    return SimpleNamespace(config=config, distribute=MagicMock())


@pytest.mark.parametrize(
    ("devices", "strategy", "told"),
    [
        ((1, 0), "auto", ("single: one CPU device", "CPU")),
        ((2, 0), "auto", ("single: CPU devices share work only where that is asked for", "CPU")),
        ((2, 0), "mirrored", ("mirrored: asked for", "2 logical CPUs")),
        ((1, 1), "auto", ("single: one GPU device", "GPU Model X")),
        ((1, 2), "auto", ("mirrored: 2 GPU devices", "2 x Model X")),
        ((1, 2), "single", ("single: asked for", "GPU Model X")),
    ],
)
def test_the_reason_says_what_there_is(
    devices: tuple[int, int],
    strategy: Literal["auto", "single", "mirrored"],
    told: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cpus, gpus = devices
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow_with(cpus=cpus, gpus=gpus))
    found = place(Train(strategy=strategy))
    assert (found.reason, found.device) == told
