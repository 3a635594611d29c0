"""Encoders by their name on the hub, from a server of the tests' own; the hub's package is the real one."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import COMMIT, Hub, serving
from huggingface_hub import constants
from safetensors.numpy import load_file, save_file
from tiny_encoder import tiny_vocabulary, write_tiny_encoder

from aimodels.encoders.finding import find_encoder, is_at_hand
from aimodels.errors import EncoderError, FailedError, MachineError, MissingError, UserError
from aimodels.events import Downloaded, Event, listening

CACHE = Path("cache")
NEEDED = {"config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has the encoder org/tiny with some files that are not needed; its cache is in this folder."""
    folder = write_tiny_encoder(Path("served"))
    for name in ("README.md", "pytorch_model.bin", "tf_model.h5"):
        (folder / name).write_bytes(b"not needed")
    with serving("org/tiny", folder.absolute()) as found:
        monkeypatch.setenv("HF_ENDPOINT", found.address)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(CACHE.absolute()))
        yield found


def refused(name: str, kind: type[UserError], code: str) -> UserError:
    """The error for this name."""
    with pytest.raises(kind) as told:
        find_encoder(name)
    assert told.value.code == code
    return told.value


def test_an_encoder_is_downloaded_with_what_it_needs_and_nothing_else(hub: Hub) -> None:
    found = find_encoder("org/tiny")
    assert found.name == "org/tiny"
    assert found.folder is not None
    assert found.folder.is_relative_to(CACHE.absolute())
    assert COMMIT in str(found.folder)
    assert found.vocabulary == tiny_vocabulary()
    assert "block_2/outer/kernel" in found.weights()
    assert hub.downloaded == NEEDED


def test_it_is_downloaded_once(hub: Hub) -> None:
    first = find_encoder("org/tiny")
    hub.asked.clear()
    assert find_encoder("org/tiny") is first
    assert hub.asked == []


@pytest.mark.parametrize("revision", ["v2", COMMIT])
def test_a_revision_is_its_own_name(hub: Hub, revision: str) -> None:
    found = find_encoder(f"org/tiny@{revision}")
    assert found.name == f"org/tiny@{revision}"
    assert hub.downloaded == NEEDED
    assert any(line.endswith(f"/revision/{revision}") for line in hub.asked)


def test_an_encoder_is_at_hand_once_it_is_here(hub: Hub) -> None:
    assert not is_at_hand("org/tiny")
    assert hub.asked == []
    find_encoder("org/tiny")
    hub.asked.clear()
    assert is_at_hand("org/tiny")
    assert hub.asked == []
    # These are no names of the hub: they are there or missing.
    assert is_at_hand("random")
    assert is_at_hand("./nowhere")
    Path("org/other").mkdir(parents=True)
    assert is_at_hand("org/other")


def test_how_far_the_download_is(hub: Hub) -> None:
    heard: list[Event] = []
    with listening(heard.append):
        find_encoder("org/tiny")
    told = [event for event in heard if isinstance(event, Downloaded)]
    assert told
    assert {event.name for event in told} == {"org/tiny"}
    assert told[-1].done == told[-1].total == sum(len(hub.files[name]) for name in NEEDED)


def test_nothing_is_printed(hub: Hub, capfd: pytest.CaptureFixture[str]) -> None:
    find_encoder("org/tiny")
    refused("org/none", MissingError, "AM355")
    assert capfd.readouterr() == ("", "")


def test_weights_in_several_files(hub: Hub) -> None:
    tensors = load_file(hub.folder / "model.safetensors")
    (hub.folder / "model.safetensors").unlink()
    names = sorted(tensors)
    parts = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, some in parts.items():
        save_file({name: tensors[name] for name in some}, hub.folder / file)
    index = {"weight_map": {name: file for file, some in parts.items() for name in some}}
    (hub.folder / "model.safetensors.index.json").write_text(str(index).replace("'", '"'))
    assert len(find_encoder("org/tiny").weights()) == len(tensors)
    assert hub.downloaded == (NEEDED - {"model.safetensors"}) | {*parts, "model.safetensors.index.json"}
    hub.asked.clear()
    find_encoder("org/tiny")
    assert hub.asked == []


def test_a_name_that_the_hub_does_not_have(hub: Hub) -> None:
    told = refused("org/none", MissingError, "AM355")
    assert "the hub has no encoder org/none" in told.message
    assert "A folder of that name is not there either" in told.help
    assert hub.downloaded == set()


def test_a_revision_that_it_does_not_have(hub: Hub) -> None:
    assert "has no revision 'v9'" in refused("org/tiny@v9", MissingError, "AM355").message
    assert hub.downloaded == set()


def test_an_encoder_for_those_who_were_let_in(hub: Hub) -> None:
    hub.status, hub.error = 403, "GatedRepo"
    told = refused("org/tiny", FailedError, "AM356")
    assert "HF_TOKEN" in told.help


def test_one_that_is_not_shown_to_everyone(hub: Hub) -> None:
    hub.status = 401
    told = refused("org/tiny", MissingError, "AM355")
    assert "HTTP 401" in told.message
    assert "HF_TOKEN" in told.help


def test_a_hub_that_is_down(hub: Hub) -> None:
    hub.status = 400
    told = refused("org/tiny", FailedError, "AM354")
    assert "HTTP 400" in told.message
    assert str(Path("org/tiny").absolute()) in told.help


def test_an_encoder_without_weights_that_are_read(hub: Hub) -> None:
    (hub.folder / "model.safetensors").unlink()
    told = refused("org/tiny", MissingError, "AM355")
    assert "has no model.safetensors" in told.message
    assert "pytorch_model.bin" in told.notes[0]
    assert "AM341" in told.help
    assert hub.downloaded == set()


def test_files_of_another_encoder_are_refused_as_in_a_folder(hub: Hub) -> None:
    (hub.folder / "config.json").write_text('{"model_type": "roberta"}')
    refused("org/tiny", EncoderError, "AM343")


def test_nobody_answers(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the port of nobody
    told = refused("org/tiny", MachineError, "AM354")
    assert "cannot download the encoder org/tiny" in told.message
    assert f"there is no folder {Path('org/tiny').absolute()} either" in told.message
    assert f"put them into {Path('org/tiny').absolute()}" in told.help
    assert not list(CACHE.rglob("*.safetensors"))


def test_there_is_no_network(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    told = refused("org/tiny", MachineError, "AM354")
    assert "org/tiny: no network, or the name of its host is not known; " in told.message


def test_a_program_that_was_told_to_stay_offline(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    told = refused("org/tiny", MachineError, "AM354")
    assert "HF_HUB_OFFLINE" in told.message
    assert hub.asked == []


def test_offline_with_what_was_downloaded_before(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    first = find_encoder("org/tiny")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert find_encoder("org/tiny").folder == first.folder


def test_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    told = refused("org/tiny", MachineError, "AM353")
    assert "pip install 'aimodels[hub]'" in told.help
    assert str(Path("org/tiny").absolute()) in told.help


def test_the_cache_cannot_be_written(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("mine")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(Path("file/cache").absolute()))
    told = refused("org/tiny", MachineError, "AM354")
    assert "Not a directory" in told.message


PROGRAM = "from aimodels.encoders.finding import find_encoder; print(find_encoder('org/tiny').folder)"


def test_the_settings_of_a_shell_count(hub: Hub) -> None:
    environment = {**os.environ, "HF_ENDPOINT": hub.address, "HF_HOME": str(Path("home").absolute())}
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.stderr == ""
    assert Path(ended.stdout.strip()).is_relative_to(Path("home").absolute())


def test_a_download_that_breaks_off_leaves_no_encoder(hub: Hub) -> None:
    hub.breaks_off = True
    refused("org/tiny", MachineError, "AM354")
    hub.breaks_off = False
    assert "block_1/query/kernel" in find_encoder("org/tiny").weights()
