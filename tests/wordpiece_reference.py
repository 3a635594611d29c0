"""The tokenizer that encoders of BERT's shape were trained with, from the `tokenizers` library, and ours beside it."""

from collections.abc import Sequence
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from aimodels.encoders.encoder import PieceRules


def reference(rules: PieceRules, vocabulary: Sequence[str]) -> Tokenizer:
    """The library's tokenizer for the same rules."""
    numbers = {piece: number for number, piece in enumerate(vocabulary)}
    model = WordPiece(
        numbers,
        unk_token=rules.unknown,
        max_input_chars_per_word=rules.longest_word,
        continuing_subword_prefix=rules.prefix,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = BertNormalizer(
        clean_text=rules.clean,
        handle_chinese_chars=rules.chinese_characters,
        strip_accents=rules.strip_accents,
        lowercase=rules.lower,
    )
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single=f"{rules.start} $A {rules.end}",
        pair=f"{rules.start} $A {rules.end} $B:1 {rules.end}:1",
        special_tokens=[(piece, numbers[piece]) for piece in (rules.start, rules.end)],
    )
    tokenizer.add_special_tokens(list(rules.special))
    return tokenizer


def ids_of_reference(tokenizer: Tokenizer, texts: Sequence[Any], *, num_pieces: int) -> list[list[int]]:
    """Its ids of texts or pairs; those of a second text have the number of all pieces added, as ours have."""
    return [
        [number + num_pieces * kind for number, kind in zip(encoded.ids, encoded.type_ids, strict=True)]
        for encoded in tokenizer.encode_batch(list(texts))
    ]


def ids_of_layer(layer: Any, texts: Sequence[Any]) -> list[list[int]]:
    """Our ids of texts or pairs."""
    import tensorflow as tf

    sides = [tf.constant([text[side] for text in texts], tf.string) for side in (0, 1)] if layer.is_pair else None
    found = layer.ids_of(layer.words_of(sides or tf.constant(list(texts), tf.string)))
    ids: list[list[int]] = found.to_list()
    return ids
