"""What `tokenizer.json` of an encoder must say, so that other programs cut texts into the same pieces."""

from collections.abc import Sequence
from typing import Any

from aimodels.encoders.encoder import PieceRules


def tokenizer_document(rules: PieceRules, *, vocabulary: Sequence[str]) -> dict[str, Any]:
    """The document for these rules and these pieces, which are in the order of their ids."""
    ids = {piece: number for number, piece in enumerate(vocabulary)}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_as_it_stands(piece, ids[piece]) for piece in rules.special if piece in ids],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": rules.clean,
            "handle_chinese_chars": rules.chinese_characters,
            "strip_accents": rules.strip_accents,
            "lowercase": rules.lower,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": _around(rules, start=ids[rules.start], end=ids[rules.end]),
        "decoder": {"type": "WordPiece", "prefix": rules.prefix, "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": rules.unknown,
            "continuing_subword_prefix": rules.prefix,
            "max_input_chars_per_word": rules.longest_word,
            "vocab": ids,
        },
    }


def _as_it_stands(piece: str, number: int) -> dict[str, Any]:
    """A piece that is found in a text wherever it stands, before anything is done to the text."""
    shared = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": number, "content": piece, **shared}


def _around(rules: PieceRules, *, start: int, end: int) -> dict[str, Any]:
    """Start and end around a text; a second text, and the end behind it, are of the segment 1."""
    first = {"SpecialToken": {"id": rules.start, "type_id": 0}}
    text, other = ({"Sequence": {"id": name, "type_id": segment}} for segment, name in enumerate("AB"))
    last, other_last = ({"SpecialToken": {"id": rules.end, "type_id": segment}} for segment in (0, 1))
    names = {rules.start: start, rules.end: end}
    return {
        "type": "TemplateProcessing",
        "single": [first, text, last],
        "pair": [first, text, last, other, other_last],
        "special_tokens": {name: {"id": name, "ids": [number], "tokens": [name]} for name, number in names.items()},
    }
