"""What `tokenizer_config.json` and `special_tokens_map.json` say of how a text becomes pieces."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aimodels.encoders.folder_files import ADDED_TOKENS, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG, read_json
from aimodels.errors import EncoderError

# The classes that all cut texts as BERT does, and those that do whatever `tokenizer.json` says.
CLASSES = ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "RetriBertTokenizer")
ANY_CLASS = ("PreTrainedTokenizer", "TokenizersBackend")
# The names under which the files say the special pieces, and what BERT calls them where they do not.
NAMES = {
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "mask_token": "[MASK]",
}
SAVE_AGAIN = "write the tokenizer anew with transformers: aimodels explain AM347"


@dataclass(frozen=True)
class TokenizerSettings:
    """What the two files say; None where they do not say it. `special` are the names of NAMES, with others besides."""

    folder: Path
    lower: bool | None
    strip_accents: bool | None
    chinese_characters: bool | None
    names: Mapping[str, str]
    additional: tuple[str, ...]
    added: Mapping[int, Mapping[str, Any]]

    def named(self, key: str) -> str:
        """The piece that is called `unk_token`, `cls_token` and so on."""
        return self.names.get(key, NAMES[key])


def read_settings(folder: Path) -> TokenizerSettings:
    """What the files beside the vocabulary say.

    Raises:
        EncoderError: a file is broken, or asks for a way of cutting that is not BERT's.
    """
    config = _optional_json(folder / TOKENIZER_CONFIG)
    special = _optional_json(folder / SPECIAL_TOKENS)
    path = folder / TOKENIZER_CONFIG
    _refuse_other_ways(config, folder=folder)
    both = special | {key: value for key, value in config.items() if value is not None}
    listed = both.get("additional_special_tokens") or both.get("extra_special_tokens")
    others = [_piece(value, path=path) for value in listed] if isinstance(listed, list) else []
    named = {key: _piece(both[key], key=key, path=path) for key in NAMES if both.get(key) is not None}
    return TokenizerSettings(
        folder=folder,
        lower=_switch(config, "do_lower_case", path=path),
        strip_accents=_switch(config, "strip_accents", path=path),
        chinese_characters=_switch(config, "tokenize_chinese_chars", path=path),
        names=named,
        additional=tuple(others),
        added=_added(folder, config, special={*named.values(), *NAMES.values(), *others}),
    )


def _optional_json(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _refuse_other_ways(config: Mapping[str, Any], *, folder: Path) -> None:
    """Refuse by name what is not the way of BERT.

    Raises:
        EncoderError: another tokenizer class, no splitting into words, words that are never split.
    """
    stated = config.get("tokenizer_class")
    if isinstance(stated, str):
        plain = stated.removesuffix("Fast")
        if plain not in (*CLASSES, *(ANY_CLASS if (folder / TOKENIZER).is_file() else ())):
            raise other_way(folder / TOKENIZER_CONFIG, f"tokenizer_class: {stated}", expected=" or ".join(CLASSES[:3]))
    if config.get("do_basic_tokenize") is False:
        raise other_way(folder / TOKENIZER_CONFIG, "do_basic_tokenize: false", expected="true")
    if config.get("never_split"):
        raise other_way(folder / TOKENIZER_CONFIG, f"never_split: {config['never_split']}", expected="none")


def other_way(path: Path, found: str, *, expected: str) -> EncoderError:
    """The error for a way of cutting texts that is not understood."""
    message = f"{path} asks for `{found}`, which is not supported; expected {expected}"
    return EncoderError(message, code="AM347", help=f"{SAVE_AGAIN}; or take another encoder")


def contradiction(path: Path, what: str) -> EncoderError:
    """The error for two files of which at most one can be right."""
    message = f"{path}: {what}"
    return EncoderError(
        message, code="AM358", help="keep the one that the encoder was trained with; aimodels explain AM358"
    )


def _switch(config: Mapping[str, Any], key: str, *, path: Path) -> bool | None:
    value = config.get(key)
    if value is not None and not isinstance(value, bool):
        raise EncoderError(f"{path}: `{key}` must be true or false, got {value!r}", code="AM344", help=SAVE_AGAIN)
    return value


def _piece(value: Any, *, path: Path, key: str = "additional_special_tokens") -> str:
    """A piece that is written as a word, or as an object with its `content`."""
    content = value.get("content") if isinstance(value, dict) else value
    if not isinstance(content, str) or not content:
        raise EncoderError(f"{path}: `{key}` must be a piece, got {value!r}", code="AM344", help=SAVE_AGAIN)
    return content


def _added(folder: Path, config: Mapping[str, Any], *, special: Collection[str]) -> dict[int, Mapping[str, Any]]:
    """The added pieces by id, from `added_tokens_decoder` or from `added_tokens.json`."""
    listed: Mapping[str, Any] = config.get("added_tokens_decoder") or {}
    path = folder / TOKENIZER_CONFIG
    if not listed and (folder / ADDED_TOKENS).is_file():
        path = folder / ADDED_TOKENS
        plain = read_json(path)
        # This file does not say how a piece is found; the special ones are found as they stand.
        listed = {str(number): {"content": piece} | _found(piece, special) for piece, number in plain.items()}
    if not isinstance(listed, dict) or not all(
        key.isdecimal() and isinstance(one, dict) for key, one in listed.items()
    ):
        raise EncoderError(f"{path}: the added pieces must be named by their ids", code="AM344", help=SAVE_AGAIN)
    return {int(key): one for key, one in listed.items()}


def _found(piece: str, special: Collection[str]) -> dict[str, bool]:
    return {"special": True} if piece in special else {}
