"""What is chosen on a machine with any devices, of a TensorFlow that is told which it has."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal
from unittest.mock import MagicMock

import pytest

from aimodels.config.schema import Train
from aimodels.distribution import precision
from aimodels.distribution.precision import choose_precision
from aimodels.distribution.strategy import cluster_for, place
from aimodels.distribution.tensorflow_start import choose_devices
from aimodels.errors import MachineError, UsageError
from aimodels.events import Event, Warned, listening


def tensorflow_with(*, cpus: int = 1, gpus: int = 0, capabilities: tuple[tuple[int, int], ...] = ()) -> Any:
    """What the choice asks TensorFlow, of a machine with so many devices; of GPUs of these capabilities, or of 8.0."""
    known = capabilities or ((8, 0),) * gpus
    kinds = {"CPU": cpus, "GPU": len(known)}
    devices = {
        kind: [SimpleNamespace(name=f"/device:{kind}:{number}") for number in range(count)]
        for kind, count in kinds.items()
    }
    visible = dict(devices)

    def details(device: Any) -> dict[str, object]:
        return {"device_name": "Model X", "compute_capability": known[devices["GPU"].index(device)]}

    def choose(chosen: list[Any], kind: str) -> None:
        visible[kind] = chosen

    config = SimpleNamespace(
        list_physical_devices=lambda kind: devices[kind],
        get_visible_devices=lambda kind: visible[kind],
        set_visible_devices=choose,
        list_logical_devices=lambda kind: visible[kind],
        experimental=SimpleNamespace(get_device_details=details, set_memory_growth=lambda device, *, enable: None),
    )
    return SimpleNamespace(config=config, distribute=MagicMock())


def chosen(train: Train) -> tuple[str, str, str]:
    """The strategy and its reason, the device and the number format of a training."""
    choose_devices(train.device)
    placement = place(train)
    return placement.reason, placement.device, choose_precision(train.precision, kind=placement.kind)


@pytest.mark.parametrize(
    ("devices", "strategy", "told"),
    [
        ((1, 0), "auto", ("single: one CPU device", "CPU")),
        ((2, 0), "auto", ("single: CPU devices share work only where that is asked for", "CPU")),
        ((2, 0), "mirrored", ("mirrored: asked for", "2 logical CPUs")),
        ((1, 0), "mirrored", ("mirrored: asked for, and one CPU device has nobody to share with", "CPU")),
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


@pytest.mark.parametrize(
    ("machine", "device", "found"),
    [
        ({}, "auto", ("single: one CPU device", "CPU", "float32")),
        ({}, "cpu", ("single: one CPU device", "CPU", "float32")),
        ({"gpus": 1}, "auto", ("single: one GPU device", "GPU Model X", "mixed_bfloat16")),
        ({"gpus": 1}, "gpu", ("single: one GPU device", "GPU Model X", "mixed_bfloat16")),
        ({"gpus": 4}, "auto", ("mirrored: 4 GPU devices", "4 x Model X", "mixed_bfloat16")),
        ({"gpus": 4}, "gpu:1,3", ("mirrored: 2 GPU devices", "2 x Model X", "mixed_bfloat16")),
        ({"gpus": 4}, "gpu:2", ("single: one GPU device", "GPU Model X", "mixed_bfloat16")),
        ({"gpus": 4}, "cpu", ("single: one CPU device", "CPU", "float32")),
        ({"capabilities": ((7, 5),)}, "auto", ("single: one GPU device", "GPU Model X", "float32")),
        ({"capabilities": ((9, 0), (7, 0))}, "auto", ("mirrored: 2 GPU devices", "2 x Model X", "float32")),
        ({"capabilities": ((9, 0), (7, 0))}, "gpu:0", ("single: one GPU device", "GPU Model X", "mixed_bfloat16")),
    ],
)
def test_one_config_takes_what_there_is(
    machine: dict[str, Any], device: str, found: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow_with(**machine))
    assert chosen(Train(device=device)) == found


@pytest.mark.parametrize(
    ("gpus", "device", "there"),
    [(0, "gpu", "only the CPU"), (0, "gpu:0", "only the CPU"), (2, "gpu:0,2", "gpu:0, gpu:1")],
)
def test_a_gpu_that_is_not_there_is_an_error(
    gpus: int, device: str, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow_with(gpus=gpus))
    with pytest.raises(MachineError, match=f"`{device}` was asked for, and TensorFlow finds {there}") as caught:
        choose_devices(device)
    assert (caught.value.code, caught.value.exit_code) == ("AM702", 5)


@pytest.mark.parametrize(
    ("asked", "kind", "machine", "flags", "warned"),
    [
        ("mixed_bfloat16", "cpu", {}, "fpu avx2", "this CPU does not compute in bfloat16"),
        ("mixed_float16", "cpu", {}, "fpu avx512_bf16", "this CPU does not compute in float16"),
        ("mixed_bfloat16", "cpu", {}, "fpu avx512_bf16", None),
        ("mixed_bfloat16", "cpu", {}, None, None),
        ("mixed_float16", "gpu", {"capabilities": ((7, 0), (8, 0))}, "fpu", None),
        (
            "mixed_bfloat16",
            "gpu",
            {"capabilities": ((7, 0), (8, 0))},
            "fpu",
            "some GPU here does not compute in bfloat16",
        ),
        ("float32", "cpu", {}, "fpu", None),
    ],
)
def test_mixed_precision_is_taken_when_asked_for_but_not_without_a_word(  # noqa: PLR0913
    asked: Any,
    kind: str,
    machine: dict[str, Any],
    flags: str | None,
    warned: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n", encoding="utf-8")
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow_with(**machine))
    heard: list[Event] = []
    with listening(heard.append):
        assert choose_precision(asked, kind=kind) == asked
    messages = [event.message for event in heard if isinstance(event, Warned) and event.code == "AM435"]
    assert len(messages) == (warned is not None)
    assert all(message.endswith(str(warned)) for message in messages)


def test_workers_compare_their_gpus_and_what_these_compute_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow_with(capabilities=((9, 0), (7, 5))))
    assert precision.hardware("auto") == {"gpus": 2, "precision": "float32"}
    assert precision.hardware("float32") == precision.hardware("auto")
    choose_devices("gpu:0")
    assert precision.hardware("auto") == {"gpus": 1, "precision": "mixed_bfloat16"}
    choose_devices("cpu")
    assert precision.hardware("auto") == {"gpus": 0, "precision": "float32"}


@pytest.mark.parametrize("strategy", ["single", "mirrored"])
def test_workers_that_were_launched_train_together_or_not_at_all(strategy: Literal["single", "mirrored"]) -> None:
    with pytest.raises(UsageError, match="each of the 2 workers that were launched") as caught:
        cluster_for(Train(strategy=strategy), {"AIMODELS_LAUNCHED": "2"})
    assert (caught.value.code, caught.value.exit_code) == ("AM429", 2)
    assert cluster_for(Train(strategy=strategy), {}) is None
