"""What `tokenizer.json` says: the pieces and the rules of BERT's tokenizer; anything else is refused by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aimodels.encoders.added_pieces import special_pieces, with_added
from aimodels.encoders.encoder import PieceRules
from aimodels.encoders.folder_files import TOKENIZER, read_json
from aimodels.encoders.tokenizer_settings import SAVE_AGAIN, TokenizerSettings, contradiction, other_way
from aimodels.encoders.vocabulary import pieces_by_id, same_pieces
from aimodels.errors import EncoderError

LONGEST_WORD = 100
NO_RULES = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}


@dataclass(frozen=True)
class Pieces:
    """The piece of each id, how a text becomes pieces, and the file that says so."""

    vocabulary: tuple[str, ...]
    rules: PieceRules
    path: Path


def read_tokenizer_file(settings: TokenizerSettings) -> Pieces:
    """Pieces and rules of a folder with `tokenizer.json`.

    Raises:
        EncoderError: it is broken, not of BERT's kind, or another file of the folder says something else.
    """
    path = settings.folder / TOKENIZER
    document = read_json(path)
    model, normalizer = _model(document, path=path), _normalizer(document, path=path)
    _expect_type(document, "pre_tokenizer", "BertPreTokenizer", path=path)
    pieces = pieces_by_id(model["vocab"], path=path)
    same_pieces(settings.folder, pieces)
    added = _added(document, path=path)
    vocabulary = with_added(pieces, added, path=path)
    around = _around(document, path=path)
    lower = bool(normalizer["lowercase"])
    strip = lower if normalizer["strip_accents"] is None else bool(normalizer["strip_accents"])
    named = {"unk_token": str(model.get("unk_token") or "[UNK]"), "cls_token": around.start, "sep_token": around.end}
    _expect_same_rules(settings, lower=lower, strip=strip, chinese=bool(normalizer["handle_chinese_chars"]))
    _expect_same_names(settings, named=named)
    special = [*named.values(), settings.named("pad_token"), settings.named("mask_token"), *settings.additional]
    rules = PieceRules(
        lower=lower,
        strip_accents=strip,
        clean=bool(normalizer["clean_text"]),
        chinese_characters=bool(normalizer["handle_chinese_chars"]),
        longest_word=_longest(model, path=path),
        prefix=str(model.get("continuing_subword_prefix", "##")),
        unknown=named["unk_token"],
        start=around.start,
        end=around.end,
        padding=settings.named("pad_token"),
        mask=settings.named("mask_token"),
        special=special_pieces(added, named=special if not added else ()),
    )
    return Pieces(vocabulary=vocabulary, rules=rules, path=path)


def _model(document: Mapping[str, Any], *, path: Path) -> Mapping[str, Any]:
    model = document.get("model")
    if not isinstance(model, dict):
        raise EncoderError(f"{path} lacks `model`", code="AM344", help=SAVE_AGAIN)
    # Early versions of the format did not say the type; only this one has a longest word.
    kind = model.get("type", "WordPiece" if "max_input_chars_per_word" in model else None)
    if kind != "WordPiece":
        raise other_way(path, f"model: {kind}", expected="WordPiece")
    if not isinstance(model.get("vocab"), dict):
        raise EncoderError(f"{path} lacks `model.vocab`", code="AM344", help=SAVE_AGAIN)
    return model


def _normalizer(document: Mapping[str, Any], *, path: Path) -> Mapping[str, Any]:
    """The switches of BERT's normalizer; all off where there is none."""
    stated = document.get("normalizer")
    if stated is None:
        return NO_RULES
    if isinstance(stated, dict) and stated.get("type") == "Sequence":
        inner = stated.get("normalizers")
        stated = inner[0] if isinstance(inner, list) and len(inner) == 1 else stated
    kind = stated.get("type") if isinstance(stated, dict) else stated
    if kind != "BertNormalizer":
        raise other_way(path, f"normalizer: {kind}", expected="BertNormalizer")
    switches = {key: stated.get(key) for key in NO_RULES}
    wrong = [
        key
        for key, value in switches.items()
        if not isinstance(value, bool) and (key, value) != ("strip_accents", None)
    ]
    if wrong:
        message = f"{path}: `normalizer.{wrong[0]}` must be true or false, got {switches[wrong[0]]!r}"
        raise EncoderError(message, code="AM344", help=SAVE_AGAIN)
    return switches


def _expect_type(document: Mapping[str, Any], key: str, kind: str, *, path: Path) -> None:
    stated = document.get(key)
    found = stated.get("type") if isinstance(stated, dict) else stated
    if found != kind:
        raise other_way(path, f"{key}: {found or 'none'}", expected=kind)


def _longest(model: Mapping[str, Any], *, path: Path) -> int:
    value = model.get("max_input_chars_per_word", LONGEST_WORD)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f"{path}: `model.max_input_chars_per_word` must be a whole number above 0, got {value!r}"
        raise EncoderError(message, code="AM344", help=SAVE_AGAIN)
    return value


def _added(document: Mapping[str, Any], *, path: Path) -> dict[int, Mapping[str, Any]]:
    listed = document.get("added_tokens") or []
    is_list = isinstance(listed, list)
    if not is_list or not all(isinstance(one, dict) and isinstance(one.get("id"), int) for one in listed):
        raise EncoderError(f"{path}: `added_tokens` must be a list of pieces with ids", code="AM344", help=SAVE_AGAIN)
    return {one["id"]: one for one in listed}


@dataclass(frozen=True)
class _Around:
    """The pieces that every text begins and ends with."""

    start: str
    end: str


def _around(document: Mapping[str, Any], *, path: Path) -> _Around:
    """What is put around a text, if it is put there as BERT wants it: start text end, start text end text end."""
    stated = document.get("post_processor")
    kind = stated.get("type") if isinstance(stated, dict) else None
    if isinstance(stated, dict) and kind == "BertProcessing":
        found = [stated.get(key) for key in ("cls", "sep")]
        if all(isinstance(one, list) and one and isinstance(one[0], str) for one in found):
            return _Around(start=str(found[0][0]), end=str(found[1][0]))  # type: ignore[index]  # both are lists
    if isinstance(stated, dict) and kind == "TemplateProcessing":
        single, pair = _template(stated.get("single")), _template(stated.get("pair"))
        if len(single) == 3 and single[1] == "A:0":
            start, end = (single[0].removesuffix(":0"), single[2].removesuffix(":0"))
            if pair == [f"{start}:0", "A:0", f"{end}:0", "B:1", f"{end}:1"]:
                return _Around(start=start, end=end)
    raise other_way(path, f"post_processor: {kind or 'none'}", expected="[CLS] text [SEP], [CLS] text [SEP] text [SEP]")


def _template(items: Any) -> list[str]:
    """A template as words, `[CLS]:0 A:0 [SEP]:0`; empty where it is none."""
    found = []
    for item in items if isinstance(items, list) else []:
        [inner] = item.values() if isinstance(item, dict) and len(item) == 1 else [None]
        if not isinstance(inner, dict):
            return []
        found.append(f"{inner.get('id')}:{inner.get('type_id')}")
    return found


def _expect_same_rules(settings: TokenizerSettings, *, lower: bool, strip: bool, chinese: bool) -> None:
    """Refuse a `tokenizer_config.json` that says otherwise.

    Raises:
        EncoderError: it does.
    """
    pairs = {
        "do_lower_case": (settings.lower, lower),
        "tokenize_chinese_chars": (settings.chinese_characters, chinese),
        "strip_accents": (settings.strip_accents, strip),
    }
    for key, (stated, found) in pairs.items():
        if stated is not None and stated != found:
            what = f"`{key}` is {_word(stated)}, and {TOKENIZER} says {_word(found)}"
            raise contradiction(settings.folder / "tokenizer_config.json", what)


def _expect_same_names(settings: TokenizerSettings, *, named: Mapping[str, str]) -> None:
    for key, piece in named.items():
        if settings.names.get(key, piece) != piece:
            what = f"`{key}` is {settings.names[key]!r}, and {TOKENIZER} says {piece!r}"
            raise contradiction(settings.folder / "tokenizer_config.json", what)


def _word(value: bool) -> str:
    return "true" if value else "false"
