"""An encoder written as a folder in Hugging Face's layout, which `find_encoder` and other programs read."""

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from aimodels.encoders.encoder import EncoderShape, Family, PieceRules, Weights
from aimodels.encoders.families import FAMILIES
from aimodels.encoders.folder_files import CONFIG, TOKENIZER, TOKENIZER_CONFIG, VOCABULARY, WEIGHTS
from aimodels.encoders.safetensors_files import save_tensors
from aimodels.encoders.tokenizer_document import tokenizer_document
from aimodels.encoders.weights import OF_THE_ENCODER, head_shapes, wanted_tensors
from aimodels.errors import FailedError, MachineError

# What other programs call the activations; `gelu_new` is the approximation with tanh.
ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_new", "relu": "relu", "silu": "silu"}
# The class of other programs that has the same heads, by family and by which heads there are.
ARCHITECTURES: dict[Family, dict[frozenset[str], str]] = {
    "bert": {
        frozenset(): "BertModel",
        frozenset({"mlm"}): "BertForMaskedLM",
        frozenset({"nsp"}): "BertForNextSentencePrediction",
        frozenset({"mlm", "nsp"}): "BertForPreTraining",
    },
    "distilbert": {frozenset(): "DistilBertModel", frozenset({"mlm"}): "DistilBertForMaskedLM"},
    "electra": {frozenset(): "ElectraModel", frozenset({"mlm"}): "ElectraForMaskedLM"},
}


def write_encoder(
    folder: Path, *, shape: EncoderShape, rules: PieceRules, vocabulary: Sequence[str], weights: Weights
) -> None:
    """Write an encoder, whole or not at all; an encoder that is there already is replaced.

    It becomes one of BERT; without segments of DistilBERT, with an embedding of another size of ELECTRA. `weights` are
    by canonical names, those of pooler and heads as far as there are any.

    Raises:
        FailedError: something else is in the folder.
        MachineError: the disk is full or the folder cannot be written.
        ValueError: a weight is missing, not known in that family, or of another shape.
    """
    family = _family(shape)
    tensors = _tensors(family, shape=shape, weights=weights)
    with _replacing(folder) as partial:
        save_tensors(tensors, partial / WEIGHTS, metadata={"format": "pt"})
        if not any(mark in piece for piece in vocabulary for mark in "\r\n"):
            text = "".join(f"{piece}\n" for piece in vocabulary)
            (partial / VOCABULARY).write_text(text, encoding="utf-8", newline="\n")
        _write_json(partial / TOKENIZER, tokenizer_document(rules, vocabulary=vocabulary))
        _write_json(partial / TOKENIZER_CONFIG, _tokenizer_config(rules, shape=shape))
        _write_json(partial / CONFIG, _config(family, shape=shape, weights=weights))


def _family(shape: EncoderShape) -> Family:
    if not shape.segments:
        epsilon = FAMILIES["distilbert"].defaults["epsilon"]
        if shape.epsilon != epsilon:
            raise ValueError(f"an encoder of DistilBERT has the epsilon {epsilon}, got {shape.epsilon}")
        return "distilbert"
    return "bert" if shape.embedding == shape.size else "electra"


def _tensors(family: Family, *, shape: EncoderShape, weights: Weights) -> Weights:
    """The weights by the names of the family's files."""
    files, shapes = FAMILIES[family], {**shape.weights, **head_shapes(shape)}
    lacking = [name for name in shape.weights if name not in weights]
    if lacking:
        raise ValueError(f"{len(lacking)} weights are missing, first {lacking[0]}")
    found: Weights = {}
    for weight in wanted_tensors(files, blocks=shape.blocks):
        if weight.ours not in weights:
            continue
        values = weights[weight.ours]
        if values.shape != shapes[weight.ours]:
            raise ValueError(f"{weight.ours} must be {shapes[weight.ours]}, got {values.shape}")
        theirs = weight.theirs[0]
        prefix = files.prefix if theirs.startswith((*OF_THE_ENCODER, "pooler.")) else ""
        found[prefix + theirs] = np.ascontiguousarray(values.T if weight.is_turned else values, dtype=np.float32)
    if len(found) != len(weights):
        raise ValueError(f"an encoder of {files.label} has {len(found)} of these weights: {', '.join(weights)}")
    return found


def _config(family: Family, *, shape: EncoderShape, weights: Weights) -> dict[str, Any]:
    heads = frozenset(name.partition("/")[0] for name in weights) & {"mlm", "nsp"}
    values = {key: getattr(shape, key) for key in FAMILIES[family].sizes}
    values["activation"] = ACTIVATIONS[shape.activation]
    return {
        "architectures": [ARCHITECTURES[family][heads]],
        "model_type": family,
        "pad_token_id": 0,
        "tie_word_embeddings": True,
        **{FAMILIES[family].sizes[key]: value for key, value in values.items()},
    }


def _tokenizer_config(rules: PieceRules, *, shape: EncoderShape) -> dict[str, Any]:
    return {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": rules.lower,
        "strip_accents": rules.strip_accents,
        "tokenize_chinese_chars": rules.chinese_characters,
        "unk_token": rules.unknown,
        "cls_token": rules.start,
        "sep_token": rules.end,
        "pad_token": rules.padding,
        "mask_token": rules.mask,
        "model_max_length": shape.positions,
    }


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder`, which takes its place when the block ends well and goes when it does not."""
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / CONFIG).is_file()):
            message = f"cannot write the encoder to {folder}: something else than an encoder is there"
            raise FailedError(message, code="AM357", help="name a folder that is not there yet")
        partial.mkdir(parents=True)
        try:
            yield partial
            _take_place(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def _take_place(partial: Path, folder: Path) -> None:
    """Put a whole folder under its final name; what was there goes only after that."""
    for path in (*partial.iterdir(), partial):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    if not folder.is_dir():
        partial.rename(folder)
        return
    former = folder.with_name(f".{folder.name}.{os.getpid()}.former")
    folder.rename(former)
    partial.rename(folder)
    shutil.rmtree(former, ignore_errors=True)


def _cannot_write(folder: Path, error: OSError) -> MachineError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        message = f"the disk is full: cannot write {folder}"
        return MachineError(message, code="AM704", help="free some space, or name another folder")
    message = f"cannot write {folder}: {error.strerror or error}"
    return MachineError(message, code="AM703", help="check the permissions of the folder, or name another one")
