"""The files of an encoder's folder: which are there, which are missing, and what stands in their JSON."""

import json
import shlex
from pathlib import Path
from typing import Any

from aimodels.errors import EncoderError, MissingError

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
SPECIAL_TOKENS = "special_tokens_map.json"
ADDED_TOKENS = "added_tokens.json"
VOCABULARY = "vocab.txt"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
OTHERS = (".h5", ".msgpack", ".onnx", ".keras", ".index", ".ot", ".gguf")
SHOWN = 12
# Whose the best known encoders are on the hub, by how their names begin.
OWNERS = {
    "bert-": "google-bert",
    "distilbert-": "distilbert",
    "electra-": "google",
    "all-minilm-": "sentence-transformers",
    "minilm-": "microsoft",
}
# Larger files are no JSON of an encoder; the vocabulary of a large multilingual one has some 5 MB.
MOST_BYTES = 200_000_000
# How a text of Git LFS begins, which stands for a large file until that is fetched (git-lfs, docs/spec.md).
POINTER = b"version https://git-lfs"


def expect_encoder_files(folder: Path, *, name: str) -> None:
    """Make sure that what every encoder needs is in the folder.

    Raises:
        MissingError: there is no such folder, it is a file, or a file is missing.
        EncoderError: the weights are there only in a form that is not read, or Git LFS has not fetched a file.
    """
    if folder.is_file():
        message = f"the encoder {name} is a file, and a folder is expected"
        help = f"name the folder that holds {CONFIG}, the vocabulary and {WEIGHTS}: model.encoder={folder.parent}"
        raise MissingError(message, code="AM340", help=help)
    if not folder.is_dir():
        message = f"there is no folder {name} with an encoder; looked for {folder.absolute()}"
        raise MissingError(message, code="AM340", help=_on_the_hub(name) or HOW_TO_HAVE_ONE)
    missing = [CONFIG] if not (folder / CONFIG).is_file() else []
    if not any((folder / file).is_file() for file in (VOCABULARY, TOKENIZER)):
        missing.append(f"{VOCABULARY} or {TOKENIZER}")
    if not any((folder / file).is_file() for file in (WEIGHTS, WEIGHTS_INDEX)):
        if not missing:
            _refuse_other_weights(folder, name=name)
        missing.append(WEIGHTS)
    if missing:
        message = f"the encoder {name} lacks {', '.join(missing)}"
        raise MissingError(message, code="AM340", help=HOW_TO_HAVE_ONE, notes=(f"in the folder: {listing(folder)}",))
    _refuse_pointers(folder, name=name)


HOW_TO_HAVE_ONE = (
    f"an encoder's folder holds {CONFIG}, {VOCABULARY} or {TOKENIZER}, and {WEIGHTS}, as Hugging Face lays them out; "
    "aimodels explain AM340"
)


def _on_the_hub(name: str) -> str:
    """What a bare name is called on the hub, if it may be meant."""
    if "/" in name or name.startswith((".", "~")):
        return ""
    owner = next((owner for begin, owner in OWNERS.items() if name.lower().startswith(begin)), None)
    known = f"{owner}/{name}" if owner else "google-bert/bert-base-uncased"
    said = f"did you mean model.encoder={known}?" if owner else f"such as {known};"
    return f"a name on the hub is owner/name: {said} else {HOW_TO_HAVE_ONE}"


def _refuse_other_weights(folder: Path, *, name: str) -> None:
    """Say which form the weights have, where they are there in another one.

    Raises:
        EncoderError: it is one of those that are known and not read.
    """
    files = sorted(file.name for file in folder.iterdir() if file.is_file())
    # training_args.bin, which holds no weights, is often left in a folder.
    pickles = [file for file in files if file.endswith(PICKLES) and not file.startswith("training")]
    if pickles:
        message = f"the weights of the encoder {name} are only there as {', '.join(pickles[:SHOWN])}, which is not read"
        help = f"such a file can run any program when it is opened; make {WEIGHTS} of it: aimodels explain AM341"
        raise EncoderError(message, code="AM341", help=help)
    others = [file for file in files if file.endswith(OTHERS)]
    if others:
        message = f"the weights of the encoder {name} are only there as {', '.join(others[:SHOWN])}, which is not read"
        raise EncoderError(message, code="AM342", help=f"make {WEIGHTS} of them: aimodels explain AM342")


def _refuse_pointers(folder: Path, *, name: str) -> None:
    """Name the files that are to be read and that Git LFS has not fetched.

    Raises:
        EncoderError: there are some.
    """
    is_whole = (folder / WEIGHTS).is_file()
    weights = [WEIGHTS] if is_whole else [WEIGHTS_INDEX, *sorted(path.name for path in folder.glob("*.safetensors"))]
    files = (CONFIG, TOKENIZER, TOKENIZER_CONFIG, SPECIAL_TOKENS, ADDED_TOKENS, VOCABULARY, *weights)
    pointers = [file for file in files if _is_pointer(folder / file)]
    if pointers:
        are = "is a pointer of Git LFS" if len(pointers) == 1 else "are pointers of Git LFS"
        message = f"{', '.join(pointers[:SHOWN])} of the encoder {name} {are}, not what it stands for"
        raise EncoderError(message, code="AM577", help=f"fetch the files: git -C {shlex.quote(str(folder))} lfs pull")


def _is_pointer(path: Path) -> bool:
    """Whether a file begins as a pointer does; one that cannot be read is told of by what reads it."""
    try:
        with path.open("rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:
        return False


def listing(folder: Path) -> str:
    """What is in a folder, in a line: some names, and how many there are besides."""
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in folder.iterdir())
    rest = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) + rest) or "nothing"


def read_json(path: Path, *, code: str = "AM344") -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        EncoderError: it cannot be read, or is no JSON object.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise EncoderError(f"{path} is too large for {path.name}", code=code, help=GET_IT_AGAIN)
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EncoderError(f"cannot read {path}: {error.strerror or error}", code=code, help=GET_IT_AGAIN) from error
    except (ValueError, RecursionError) as error:
        raise EncoderError(f"{path} is no JSON: {error}", code=code, help=GET_IT_AGAIN) from error
    if not isinstance(document, dict):
        found = type(document).__name__
        raise EncoderError(f"{path} must hold a JSON object, found {found}", code=code, help=GET_IT_AGAIN)
    return document


GET_IT_AGAIN = "it may be cut off, or a page of a web site in its place; download or copy it again"
