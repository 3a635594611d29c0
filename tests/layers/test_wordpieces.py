"""Texts to the pieces of their words: the same ids as the library that encoders were trained with, for every text."""

import functools
import itertools
import json
import string
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordpiece_reference import ids_of_layer, ids_of_reference, reference

from aimodels.encoders.encoder import PieceRules

pytestmark = pytest.mark.tensorflow

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CHARACTERS = (
    *string.ascii_letters,
    *string.digits,
    *string.punctuation,
    *"éÉüÜßςσΣıİΩκйЙ中文한한👍👩🚀ñ\u0301\u0307\u0303\u200d\ufe0f\u037e·—’`ﬁ\u1fef",
)
WORDS = ("film", "good", "great", "the", "##ing", "##ed", "un", "##aff", "##able", "istanbul", "cls", "sep")
VOCABULARY = (*SPECIAL, *CHARACTERS, *(f"##{one}" for one in CHARACTERS), *WORDS)
ODD = (
    "",
    " ",
    "\0",
    "\u0301",
    "a\u0301\u0323",
    unicodedata.normalize("NFD", "Ünïcödé ΐ 한국어 é"),
    unicodedata.normalize("NFC", "Ünïcödé ΐ 한국어 é"),
    "ΟΔΟΣ ΣΑΣ Σ",
    "İstanbul ISPARTA ışık",
    "unaffable goods",
    "我喜欢film这部\U0002b825电影，好",
    "👩🏽\u200d🚀❤️ 🇩🇪👍🏽",
    "[SEP]",
    "a[MASK]b [PAD] [UNK]",
    "[sep] [ SEP] [CL\x00S] [CLS[SEP]]",
    "[CLS][CLS] film[SEP]\u0301e",
    "\x01 \x02 a\x01b \x01[SEP] \x0199",
    "\ufffd a\ufffdb \ufeffc \ufffe \uffff \U0010ffff \U000e0100",
    "a≠b ≯ 2`3 x\u037ey ﬁn",
    "a\x85b\u2028c\u00a0d\u1680e\u180ef\u200bg\th\ri\x0bj\x1ck",
    "a" * 100 + " " + "b" * 101 + " " + "ab" * 50 + " " + "é" * 100 + " " + "e\u0301" * 100,
    "\U000e0041 \ue000 \u0378 \U0001fae8 \U0001e4ff \u0890",
    "don't — “stop”… $5.20 ^_^ a+b=c",
    "unaffable" * 30 + " zzzüüü",
)
RULES = {
    "uncased": {},
    "cased": {"lower": False, "strip_accents": False},
    "small letters with accents": {"strip_accents": False},
    "capital letters without accents": {"lower": False},
    "chinese words": {"chinese_characters": False},
    "not cleaned": {"clean": False},
    "short words": {"longest_word": 5},
}


def layer(vocabulary: tuple[str, ...] = VOCABULARY, *, rules: dict[str, Any] | None = None, **options: Any) -> Any:
    return layer_of(PieceRules(**(rules or {})), vocabulary, **options)


@functools.cache  # its tables take a while
def layer_of(rules: PieceRules, vocabulary: tuple[str, ...], *, is_pair: bool = False, **options: Any) -> Any:
    from aimodels.layers.wordpieces import Cut, Wordpieces

    cut = Cut(**{"max_length": 10_000, **options})
    return Wordpieces(rules, vocabulary=vocabulary, cut=cut, is_pair=is_pair)


def expect_same(texts: list[Any], *, rules: dict[str, Any] | None = None, **options: Any) -> None:
    """Our ids are the library's."""
    tokenizer = reference(PieceRules(**(rules or {})), VOCABULARY)
    direction = "right" if options.get("keep", "start") == "start" else "left"
    length = options.get("max_length", 10_000)
    tokenizer.enable_truncation(length, strategy="longest_first", direction=direction)
    wanted = ids_of_reference(tokenizer, texts, num_pieces=len(VOCABULARY))
    found = ids_of_layer(layer(rules=rules, **options), texts)
    different = {text: pair for text, *pair in zip(texts, found, wanted, strict=True) if pair[0] != pair[1]}
    assert different == {}


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_odd_texts_have_the_ids_of_the_library(rules: dict[str, Any]) -> None:
    expect_same(list(ODD), rules=rules)


def test_the_letters_and_marks_of_most_scripts_are_read_as_the_library_reads_them() -> None:
    expect_same_words([*range(0x3400), *range(0xA640, 0xAC40), *range(0xF8FF, 0x10400), *range(0x1D100, 0x1D200)])


@pytest.mark.slow
@pytest.mark.parametrize("rules", [each for name, each in RULES.items() if name != "short words"])
def test_every_character_of_unicode_is_read_as_the_library_reads_it(rules: dict[str, Any]) -> None:
    # Nothing is assigned in planes 4 to 13, and the last two are for private use.
    codes = (*range(0x40000), *range(0xDFF00, 0xF0100), *range(0x10FF00, 0x110000))
    expect_same_words([code for code in codes if not 0xD800 <= code < 0xE000], **rules)


def expect_same_words(codes: list[int], **rules: Any) -> None:
    """Our words are the library's, with each character alone and between letters."""
    import tensorflow as tf

    tokenizer = reference(PieceRules(**rules), VOCABULARY)
    texts = [
        " ".join(f"a{chr(code)}B {chr(code)}" for code in codes[start : start + 512])
        for start in range(0, len(codes), 512)
    ]
    if not rules.get("clean", True):
        texts[0] = texts[0].replace("\x01", "\x02")  # marks special pieces; in no word of a vocabulary
    found = layer(rules=rules).parted(tf.constant(texts, tf.string)).to_list()
    for text, words in zip(texts, found, strict=True):
        parts = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
        assert [word.decode() for word in words if word] == [word for word, _ in parts]


# Fragments that meet each other in any order, among characters of every category but halves of surrogate pairs.
PARTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.sampled_from([*SPECIAL, *CHARACTERS, *ODD, *WORDS, "[", "]", "\u0301", "\u200d", "\x01", "\0", " "]),
    st.text(st.sampled_from(string.ascii_letters + "éÉ\u0301"), max_size=110),
)
SOME_TEXTS = st.lists(st.lists(PARTS, max_size=8).map("".join), min_size=1, max_size=40)


@settings(max_examples=30, deadline=None)
@given(SOME_TEXTS, st.sampled_from([each for name, each in RULES.items() if name != "not cleaned"]))
def test_any_text_has_the_ids_of_the_library(texts: list[str], rules: dict[str, Any]) -> None:
    expect_same(texts, rules=rules)


@settings(max_examples=20, deadline=None)
@given(SOME_TEXTS, st.sampled_from([4, 5, 8, 11, 20]), st.sampled_from(["start", "end"]))
def test_texts_are_cut_as_the_library_cuts_them(texts: list[str], max_length: int, keep: str) -> None:
    expect_same(texts, max_length=max_length, keep=keep)


@settings(max_examples=20, deadline=None)
@given(SOME_TEXTS, SOME_TEXTS, st.sampled_from([4, 5, 8, 11, 20]), st.sampled_from(["start", "end"]))
def test_pairs_are_cut_as_the_library_cuts_them(first: list[str], second: list[str], length: int, keep: str) -> None:
    expect_same(list(zip(first, second, strict=False)), max_length=length, keep=keep, is_pair=True)


def test_of_two_texts_the_longer_one_is_cut_first_whatever_their_lengths() -> None:
    pairs = [("a " * first, "b " * second) for first, second in itertools.product(range(10), repeat=2)]
    for max_length in (4, 5, 8, 9):
        for keep in ("start", "end"):
            expect_same(pairs, max_length=max_length, keep=keep, is_pair=True)


def test_of_pieces_that_begin_together_the_longer_special_one_is_found() -> None:
    import tensorflow as tf

    rules = PieceRules(special=(*SPECIAL, "<x", "<x>"))
    vocabulary = (*VOCABULARY, "<x", "<x>")
    wanted = ids_of_reference(reference(rules, vocabulary), ["a<x><x b<xx>"], num_pieces=0)
    read = layer(vocabulary, rules={"special": rules.special})
    assert read.ids_of(read.words_of(tf.constant(["a<x><x b<xx>"]))).to_list() == wanted


def test_bytes_that_are_not_utf_8_and_half_a_pair_of_surrogates_are_left_out() -> None:
    import tensorflow as tf

    read = layer()
    broken = [b"fi\xfflm", "go\ud83dod".encode("utf-8", "surrogatepass"), b"\xff\xfe", b"[SE\xffP]"]
    found = read.words_of(tf.constant(broken, tf.string)).to_list()
    assert found == read.words_of(tf.constant(["film", "good", "", "[SE\0P]"])).to_list()


def test_a_batch_is_padded_with_0_to_its_longest_text_and_may_be_empty() -> None:
    import tensorflow as tf

    read = layer(max_length=6)
    ids = read(["the film", "", "the the the the the"])
    number = read.numbers
    start, end, the, film = number["[CLS]"], number["[SEP]"], number["the"], number["film"]
    np.testing.assert_array_equal(
        ids, [[start, the, film, end, 0, 0], [start, end, 0, 0, 0, 0], [start, the, the, the, the, end]]
    )
    assert read(tf.constant([], tf.string)).shape == (0, 1)
    pairs = layer(is_pair=True)
    assert pairs([tf.constant([], tf.string)] * 2).shape == (0, 1)


def test_the_ids_of_a_pair_say_which_text_a_piece_is_of() -> None:
    import tensorflow as tf

    read = layer(is_pair=True)
    ids = read([tf.constant(["the film"]), tf.constant(["good"])]).numpy()[0]
    known = [read.vocabulary[number] for number in ids % len(VOCABULARY)]
    assert known == ["[CLS]", "the", "film", "[SEP]", "good", "[SEP]"]
    assert (ids // len(VOCABULARY)).tolist() == [0, 0, 0, 0, 1, 1]


def test_pieces_are_counted_before_the_cut_with_the_special_ones() -> None:
    import tensorflow as tf

    single, pair = layer(max_length=4), layer(max_length=4, is_pair=True)
    texts = tf.constant(["", "the film", "the the the the"])
    assert single.num_tokens_of(single.words_of(texts)).numpy().tolist() == [2, 4, 6]
    assert pair.num_tokens_of(pair.words_of([texts, texts[::-1]])).numpy().tolist() == [7, 7, 7]


def test_unknown_words_are_unknown_in_both_texts_of_a_pair() -> None:
    import tensorflow as tf

    read = layer(is_pair=True)
    ids = read([tf.constant(["a \u20ac"]), tf.constant(["\u20ac a"])]).numpy()
    assert read.is_unknown(ids).tolist() == [[False, False, True, False, True, False, False]]


def test_augmentation_hides_by_the_mask_and_leaves_the_frame() -> None:
    import tensorflow as tf

    read, number = layer(is_pair=True), len(VOCABULARY)
    ids = read([tf.constant(["a b", ""]), tf.constant(["c", ""])])
    assert read.is_fixed(ids).numpy().tolist() == [
        [True, False, False, True, False, True],
        [True, True, True, True, True, True],
    ]
    mask = read.numbers["[MASK]"]
    assert read.hidden(ids).numpy()[0].tolist() == [mask] * 4 + [mask + number] * 2
    # An encoder need not have a piece that hides others.
    without = type(read)(read.rules, vocabulary=("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"))
    assert without.hidden(tf.constant([[4, 2]])).numpy().tolist() == [[1, 1]]


def saved(path: Path) -> Any:
    import keras
    import tensorflow as tf

    text = keras.Input((), dtype="string", name="text")
    model = keras.Model(text, layer(max_length=30)(text))
    model.save(path / "model.keras")
    archive = keras.export.ExportArchive()
    archive.track(model.layers[-1])
    archive.add_endpoint("serve", lambda text: {"ids": model(text)}, [tf.TensorSpec([None], tf.string, name="text")])
    archive.write_out(str(path / "exported"), verbose=False)
    return model


ASK = """
import json, sys
import tensorflow as tf
asked = json.loads(sys.stdin.read())
served = tf.saved_model.load(sys.argv[1])
print(json.dumps({"ids": served.serve(tf.constant(asked))["ids"].numpy().tolist(), "keras": "aimodels" in sys.modules}))
"""


@pytest.mark.slow
def test_every_saved_form_reads_the_same(tmp_path: Path) -> None:
    import keras
    import tensorflow as tf

    model = saved(tmp_path)
    texts = tf.constant(list(ODD), tf.string)
    wanted = model(texts).numpy().tolist()
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again(texts).numpy().tolist() == wanted
    assert again.layers[-1].get_config() == model.layers[-1].get_config()
    # In a process that has TensorFlow alone, where another language is set.
    ended = subprocess.run(
        [sys.executable, "-I", "-c", ASK, str(tmp_path / "exported")],
        input=json.dumps(ODD),
        env={"LC_ALL": "tr_TR.UTF-8", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ended.stdout) == {"ids": wanted, "keras": False}
