"""A tiny pretrained encoder with random weights, in the layout of Hugging Face's folders: 2 blocks, 16 numbers a piece.

Its tensors have the names that each family's own files have, written out here a second time, so that what reads them is
held against something else than itself.
"""

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

SPECIAL = ("[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (
    "the a and of to is was it in this that film movie good bad great awful not very but plot actor story one two time "
    "best worst love hate boring fun never again see well made end all so cat dog sat on mat red green blue yes no"
).split()
PREFIXES = ("un", "re", "dis", "over", "pre")
ENDINGS = ("##ing", "##ed", "##en", "##er", "##ly", "##est", "##ness", "##ful")
BLOCKS, SIZE, HEADS, FEED_FORWARD, EMBEDDING = 2, 16, 2, 32, 8

Tensors = dict[str, NDArray[np.float32]]


def tiny_vocabulary(*, lower: bool = True) -> tuple[str, ...]:
    """Some 200 pieces: special ones, letters, digits, marks, words, endings; capital letters too unless `lower`."""
    letters = string.ascii_lowercase + ("" if lower else string.ascii_uppercase)
    characters = [*letters, *string.digits, *"éüßжλ中文"]
    words = [word for word in WORDS if len(word) > 1]
    return (
        *SPECIAL,
        *string.punctuation,
        *characters,
        *(f"##{one}" for one in characters),
        *words,
        *PREFIXES,
        *ENDINGS,
    )


def write_tiny_encoder(
    folder: Path,
    *,
    family: str = "bert",
    lower: bool = True,
    tokenizer: str = "vocab.txt",
    seed: int = 0,
    **config: Any,
) -> Path:
    """Write an encoder of a family (bert, distilbert, electra) into `folder`, with `vocab.txt` or `tokenizer.json`.

    What `config` names stands in `config.json` in place of what is there otherwise (`max_position_embeddings=64`); the
    tensors, which come with the heads of pre-training, follow it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pieces = tiny_vocabulary(lower=lower)
    document = tiny_config(family, pieces=len(pieces)) | config
    (folder / "config.json").write_text(json.dumps(document, indent=2))
    names = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]"}
    names |= {"mask_token": "[MASK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower, **names}))
    if tokenizer == "vocab.txt":
        (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    else:
        (folder / "tokenizer.json").write_text(json.dumps(tiny_tokenizer(pieces, lower=lower)))
    save_file(tiny_tensors(document, seed=seed), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def tiny_config(family: str, *, pieces: int) -> dict[str, Any]:
    """What `config.json` of a family says."""
    if family == "distilbert":
        sizes = {"dim": SIZE, "n_layers": BLOCKS, "n_heads": HEADS, "hidden_dim": FEED_FORWARD}
        rates = {"activation": "gelu", "dropout": 0.1, "attention_dropout": 0.1, "sinusoidal_pos_embds": False}
        shared = {"model_type": family, "vocab_size": pieces, "max_position_embeddings": 512}
        return shared | {"architectures": ["DistilBertForMaskedLM"]} | sizes | rates
    named = {"bert": "BertForPreTraining", "electra": "ElectraForMaskedLM"}[family]
    return {
        "model_type": family,
        "architectures": [named],
        "vocab_size": pieces,
        "hidden_size": SIZE,
        "num_hidden_layers": BLOCKS,
        "num_attention_heads": HEADS,
        "intermediate_size": FEED_FORWARD,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    } | ({"embedding_size": EMBEDDING} if family == "electra" else {})


def tiny_tokenizer(pieces: tuple[str, ...], *, lower: bool) -> dict[str, Any]:
    """What `tokenizer.json` says about these pieces."""
    ids = {piece: number for number, piece in enumerate(pieces)}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    start, end = ({"SpecialToken": {"id": name, "type_id": 0}} for name in ("[CLS]", "[SEP]"))
    first, second = ({"Sequence": {"id": name, "type_id": kind}} for kind, name in enumerate("AB"))
    last = {"SpecialToken": {"id": "[SEP]", "type_id": 1}}
    normalizer = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": lower}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": ids[name], "content": name, **plain} for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        ],
        "normalizer": {"type": "BertNormalizer", **normalizer},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [start, first, end],
            "pair": [start, first, end, second, last],
            "special_tokens": {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in ("[CLS]", "[SEP]")},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        },
    }


def tiny_tensors(config: dict[str, Any], *, seed: int = 0, heads: bool = True) -> Tensors:
    """Random tensors under the names of the family's own files; dense kernels are [outputs, inputs].

    `heads`: with the heads of pre-training, and with the prefix that the files of whole models have.
    """
    shapes = _distilbert(config, heads=heads) if config["model_type"] == "distilbert" else _bert(config, heads=heads)
    generator = np.random.default_rng(seed)
    tensors = {}
    for name, shape in shapes.items():
        values = generator.normal(0.0, 0.2, shape)
        is_scale = name.endswith("weight") and ("LayerNorm" in name or "layer_norm" in name)
        tensors[name] = (1.0 + 0.1 * values if is_scale else values).astype(np.float32)
    return tensors


def _dense(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str, size: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (size,), f"{name}.bias": (size,)}


def _bert(config: dict[str, Any], *, heads: bool) -> dict[str, tuple[int, ...]]:
    size, inner, pieces = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    embedding, family = config.get("embedding_size", size), config["model_type"]
    prefix = f"{family}." if heads else ""
    shapes: dict[str, tuple[int, ...]] = {
        f"{prefix}embeddings.word_embeddings.weight": (pieces, embedding),
        f"{prefix}embeddings.position_embeddings.weight": (config["max_position_embeddings"], embedding),
        f"{prefix}embeddings.token_type_embeddings.weight": (config["type_vocab_size"], embedding),
        **_norm(f"{prefix}embeddings.LayerNorm", embedding),
    }
    if embedding != size:
        shapes |= _dense(f"{prefix}embeddings_project", size, embedding)
    for number in range(config["num_hidden_layers"]):
        block = f"{prefix}encoder.layer.{number}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= _dense(f"{block}.attention.{part}", size, size)
        shapes |= _norm(f"{block}.attention.output.LayerNorm", size)
        shapes |= _dense(f"{block}.intermediate.dense", inner, size) | _dense(f"{block}.output.dense", size, inner)
        shapes |= _norm(f"{block}.output.LayerNorm", size)
    if family == "bert":
        shapes |= _dense(f"{prefix}pooler.dense", size, size)
    if heads and family == "bert":
        shapes |= _dense("cls.predictions.transform.dense", size, size)
        shapes |= _norm("cls.predictions.transform.LayerNorm", size)
        shapes |= {"cls.predictions.bias": (pieces,)} | _dense("cls.seq_relationship", 2, size)
    if heads and family == "electra":
        shapes |= _dense("generator_predictions.dense", embedding, size)
        shapes |= _norm("generator_predictions.LayerNorm", embedding) | {"generator_lm_head.bias": (pieces,)}
    return shapes


def _distilbert(config: dict[str, Any], *, heads: bool) -> dict[str, tuple[int, ...]]:
    size, inner, pieces = config["dim"], config["hidden_dim"], config["vocab_size"]
    prefix = "distilbert." if heads else ""
    shapes: dict[str, tuple[int, ...]] = {
        f"{prefix}embeddings.word_embeddings.weight": (pieces, size),
        f"{prefix}embeddings.position_embeddings.weight": (config["max_position_embeddings"], size),
        **_norm(f"{prefix}embeddings.LayerNorm", size),
    }
    for number in range(config["n_layers"]):
        block = f"{prefix}transformer.layer.{number}"
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            shapes |= _dense(f"{block}.attention.{part}", size, size)
        shapes |= _norm(f"{block}.sa_layer_norm", size)
        shapes |= _dense(f"{block}.ffn.lin1", inner, size) | _dense(f"{block}.ffn.lin2", size, inner)
        shapes |= _norm(f"{block}.output_layer_norm", size)
    if heads:
        shapes |= _dense("vocab_transform", size, size) | _norm("vocab_layer_norm", size)
        shapes |= {"vocab_projector.bias": (pieces,)}
    return shapes
