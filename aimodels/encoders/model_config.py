"""What `config.json` of an encoder says: its family and its sizes; what is not understood is refused by name."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aimodels.encoders.encoder import Activation, EncoderShape, Family
from aimodels.encoders.families import FAMILIES
from aimodels.encoders.folder_files import CONFIG, read_json
from aimodels.errors import EncoderError

# gelu_fast and gelu_new are the same approximation with tanh, written in two ways.
ACTIVATIONS: dict[str, Activation] = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}
# How the architectures of old configs, which do not say `model_type`, begin.
ARCHITECTURES: dict[str, Family] = {"Bert": "bert", "DistilBert": "distilbert", "Electra": "electra"}
NEEDED = ("pieces", "positions", "size", "blocks", "heads", "feed_forward")
MOST = 10_000_000
MOST_BLOCKS = 10_000
SUPPORTED = ", ".join(f"{family} ({files.label})" for family, files in FAMILIES.items())
LABELS = ", ".join(files.label for files in FAMILIES.values())


@dataclass(frozen=True)
class ModelConfig:
    """The family of an encoder and its sizes."""

    family: Family
    shape: EncoderShape


def read_model_config(folder: Path, *, name: str) -> ModelConfig:
    """What the config of an encoder says.

    Raises:
        EncoderError: it is broken, of a family that is not supported, or asks for a part that is not.
    """
    path = folder / CONFIG
    document = read_json(path)
    family = _family(document, path=path, name=name)
    _refuse_unknown_parts(document, name=name)
    files = FAMILIES[family]
    found: dict[str, Any] = dict(files.defaults)
    for ours, theirs in files.sizes.items():
        if document.get(theirs) is not None:
            found[ours] = _value(ours, document[theirs], key=theirs, path=path)
    lacking = [files.sizes[key] for key in NEEDED if key not in found]
    if lacking:
        raise _wrong(path, f"lacks {', '.join(lacking)}")
    found.setdefault("segments", 0)
    found.setdefault("embedding", found["size"])
    shape = EncoderShape(**found | {"activation": _activation(found["activation"], name=name)})
    if shape.size % shape.heads:
        raise _wrong(path, f"{files.sizes['size']} must be a multiple of the heads, got {shape.size} and {shape.heads}")
    return ModelConfig(family=family, shape=shape)


def _family(document: Mapping[str, Any], *, path: Path, name: str) -> Family:
    stated = document.get("model_type")
    if stated is None:
        architectures = document.get("architectures")
        first = str(architectures[0]) if isinstance(architectures, list) and architectures else ""
        # The class of the model without a head is called BertModel, those with one BertFor...
        families = [family for start, family in ARCHITECTURES.items() if re.match(f"{start}(For|Model)", first)]
        if not families:
            raise _wrong(path, f"does not say `model_type`, which tells the family: {SUPPORTED}")
        return families[0]
    for family in FAMILIES:
        if stated == family:
            return family
    message = f"the encoder {name} is of the family {stated!r}, which is not supported"
    raise EncoderError(message, code="AM343", help=f"supported: {SUPPORTED}; MiniLM is one of bert")


def _refuse_unknown_parts(document: Mapping[str, Any], *, name: str) -> None:
    """Refuse what changes the network and is not built here.

    Raises:
        EncoderError: positions that are not absolute, a decoder, heads that were cut out.
    """
    positions = document.get("position_embedding_type") or "absolute"
    asked = {
        f"position_embedding_type: {positions}": positions != "absolute",
        "is_decoder: true": document.get("is_decoder") is True,
        "add_cross_attention: true": document.get("add_cross_attention") is True,
        "pruned_heads": bool(document.get("pruned_heads")),
    }
    for what, is_asked in asked.items():
        if is_asked:
            message = f"the encoder {name} asks for `{what}` in its {CONFIG}, which is not supported"
            raise EncoderError(message, code="AM345", help=f"take another encoder of {LABELS}; aimodels explain AM345")


def _activation(stated: str, *, name: str) -> Activation:
    if stated not in ACTIVATIONS:
        message = f"the encoder {name} has the activation {stated!r}, which is not supported"
        raise EncoderError(message, code="AM345", help=f"supported: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[stated]


def _value(ours: str, value: Any, *, key: str, path: Path) -> Any:
    """The value of a size, an activation or a share, if it can be one."""
    if ours == "activation":
        if not isinstance(value, str):
            raise _wrong(path, f"`{key}` must be a word, got {value!r}")
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if ours in ("epsilon", "dropout", "attention_dropout"):
        if not is_number or not (0 < value < 1 if ours == "epsilon" else 0 <= value < 1):
            raise _wrong(path, f"`{key}` must be a number from 0 to below 1, got {value!r}")
        return float(value)
    least, most = 0 if ours == "segments" else 1, MOST_BLOCKS if ours == "blocks" else MOST
    if not is_number or value != int(value) or not least <= value <= most:
        raise _wrong(path, f"`{key}` must be a whole number from {least} to {most:,}, got {value!r}")
    return int(value)


def _wrong(path: Path, what: str) -> EncoderError:
    return EncoderError(f"{path}: {what}", code="AM344", help="download or copy the encoder's files again")
