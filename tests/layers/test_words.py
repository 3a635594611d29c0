"""Texts to the numbers of their words: what is a word in which script, and that every saved form reads the same."""

import json
import os
import string
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.tensorflow

VOCABULARY = ["film", "good", "dont", "\x85", "a\u2028b", "istanbul", "größe", "好", "ครั", "not good"]
# What people and machines write: scripts, marks, emoji, broken and invisible characters.
TEXTS = [
    "A good film",
    "The good film",
    "",
    "好 film, 好!",
    "สวัสดีครับ",
    "GRÖSSE größe İstanbul ISTANBUL",
    "not\x00good\u2028film\x85dont",
    "don't <br /> good<br>film",
    "👩🏽‍🚀 ★★★☆☆",
]


def words(text: str | bytes, **rules: object) -> list[str]:
    """The words of one text."""
    import tensorflow as tf

    from aimodels.layers.words import Rules, Words

    [found] = Words(Rules(**rules)).words_of(tf.constant([text], tf.string)).to_list()
    return [word.decode() for word in found]


def layer(**rules: object) -> object:
    from aimodels.layers.words import Rules, Words

    return Words(Rules(**rules), words=VOCABULARY, stop_words=["the"])


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "sentence": ("It was GOOD, wasn't it?", "it was good wasnt it"),
        "typographic": ("\u201cDon\u2019t\u201d \u2014 he said\u2026", "dont he said"),
        "quotes": ("'hello' rock'n'roll well-known", "hello rocknroll well known"),
        "breaks": ("good.<br /><br />Bad<br>ugly<BR/>end", "good bad ugly end"),
        "not a break": ("<b>bold</b> broken", "b bold b broken"),
        "numbers": ("$5.20 is 10% of 52", "5 20 is 10 of 52"),
        "umlauts": ("Größe ÄÖÜ Straße", "größe äöü straße"),
        "greek": ("ΟΔΟΣ ΣΑΣ", "οδος σας"),
        "turkish": ("İstanbul ISPARTA ışık", "istanbul isparta ışık"),
        "chinese": ("我喜欢这部电影，很好看！", "我 喜 欢 这 部 电 影 很 好 看"),
        "japanese": ("ラーメンは2杯。すごーーい", "ラ ー メ ン は 2 杯 す ご ー ー い"),
        "thai": ("หนังดี", "ห นั ง ดี"),
        "lao": ("ດີ ຫຼາຍ", "ດີ ຫຼ າ ຍ"),
        "khmer": ("ល្អ", "ល្ អ"),
        "burmese": ("ကောင်း", "ကော င်း"),
        "korean": ("정말 좋은 영화!", "정말 좋은 영화"),
        "hindi": ("फिल्म अच्छी है।", "फिल्म अच्छी है"),
        "mixed scripts": ("iPhone很好用very", "iphone 很 好 用 very"),
        "emoji": ("good👍🏽👍 👩🏽\u200d🚀❤️ 🇩🇪🇫🇷", "good 👍🏽 👍 👩🏽\u200d🚀 ❤️ 🇩🇪 🇫🇷"),
        "stars": ("★★☆", "★ ★ ☆"),
        "combining": ("cafe\u0301", "cafe\u0301"),
        "invisible": ("co\u00adop\u200eera\ufefftion", "cooperation"),
        "joiner inside a word": ("می\u200cخواهم", "می\u200cخواهم"),
        "nothing": (" \t\n ...", ""),
    }.values(),
)
def test_the_words_of_a_text(text: str, expected: str) -> None:
    assert words(text) == expected.split()


def test_all_white_space_and_all_control_characters_separate_words() -> None:
    import tensorflow as tf

    from aimodels.layers.words import Rules, Words

    separators = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if chr(code).isspace() or unicodedata.category(chr(code)) in ("Cc", "Zs", "Zl", "Zp")
    ]
    assert {"\0", "\x0b", "\x1e", "\x85", "\xa0", "\u2028", "\u3000"} <= set(separators)
    found = Words(Rules(punctuation="keep")).words_of(tf.constant([f"a{one}b" for one in separators])).to_list()
    assert [one for one, parts in zip(separators, found, strict=True) if parts != [b"a", b"b"]] == []


def test_every_ascii_punctuation_mark_separates_but_the_apostrophe() -> None:
    assert {mark: words(f"a{mark}b") for mark in string.punctuation} == {
        mark: ["ab"] if mark == "'" else ["a", "b"] for mark in string.punctuation
    }


def test_letters_become_small_as_unicode_says() -> None:
    import tensorflow as tf

    from aimodels.layers.words import Rules, Words

    # Latin, Greek, Cyrillic, Armenian, Georgian and more; scripts above got new letters with every version of Unicode.
    large = [chr(code) for code in range(0x80, 0x2C00) if unicodedata.category(chr(code)) == "Lu"]
    assert len(large) > 800
    found = Words(Rules()).words_of(tf.constant(large)).to_list()
    different = {
        one: parts[0].decode() for one, parts in zip(large, found, strict=True) if parts[0].decode() != one.lower()
    }
    # Unicode makes it an i with a second dot above, which no Turkish text holds.
    assert different == {"İ": "i"}


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (b"caf\xe9 noir", ["caf", "noir"]),
        (b"\xff\xfe", []),
        (b"a\xed\xa0\x80b", ["a", "b"]),
        (b"a\xc0\x80b", ["a", "b"]),
        (b"good \xf0\x9f\x91", ["good"]),
        ("a\ufffdb", ["a", "b"]),
    ],
)
def test_bytes_that_are_not_utf_8_separate_words(broken: bytes | str, expected: list[str]) -> None:
    assert words(broken) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"punctuation": "split"}, "don ' t stop ! 👍🏽 ( good )"),
        ({"punctuation": "keep"}, "don't stop! 👍🏽 (good)"),
        ({"punctuation": "keep", "lower": False}, "Don't stop! 👍🏽 (GOOD)"),
        ({"split": "characters"}, "d o n t s t o p 👍🏽 g o o d"),
        ({"split": "whitespace"}, "dont stop 👍🏽 good"),
        ({"split": "characters", "punctuation": "keep"}, "d o n ' t s t o p ! 👍🏽 ( g o o d )"),
    ],
)
def test_the_rules_do_what_they_say(rules: dict[str, object], expected: str) -> None:
    assert words("Don't stop!👍🏽 (GOOD)", **rules) == expected.split()


def test_without_white_space_in_a_script_its_characters_stay_together_if_so_ruled() -> None:
    assert words("我喜欢 电影👍", split="whitespace") == ["我喜欢", "电影👍"]


def test_html_breaks_stay_what_they_are_if_so_ruled() -> None:
    assert words("good.<br />bad", html_breaks=False) == ["good", "br", "bad"]
    assert words("good.<br />bad", punctuation="keep") == ["good.", "bad"]
    assert words("good.<BR>bad", punctuation="keep", lower=False) == ["good.", "bad"]


def test_ngrams_stand_behind_their_last_word() -> None:
    assert words("not very good", ngrams=2) == ["not", "very", "not very", "good", "very good"]
    assert words("a b c", ngrams=3) == ["a", "b", "a b", "c", "b c", "a b c"]
    assert words("a", ngrams=3) == ["a"]
    assert words("", ngrams=3) == []


def test_ngrams_end_at_the_end_of_their_text() -> None:
    import tensorflow as tf

    from aimodels.layers.words import Rules, Words

    found = Words(Rules(ngrams=3)).words_of(tf.constant(["a b", "", "c", "d e"])).to_list()
    assert found == [[b"a", b"b", b"a b"], [], [b"c"], [b"d", b"e", b"d e"]]


def test_stop_words_are_gone_before_ngrams_are_made() -> None:
    from aimodels.layers.words import Rules, Words

    reader = Words(Rules(ngrams=2), words=["not", "good", "not good"], stop_words=["the", "a"])
    np.testing.assert_array_equal(reader(["the not a good"]), [[2, 3, 4]])


def test_numbers_of_words_of_unknown_ones_and_padding() -> None:
    ids = layer()(["Good film", "", "the film was not GOOD film", "the"])
    assert ids.dtype == "int32"
    np.testing.assert_array_equal(ids, [[3, 2, 0, 0, 0], [1, 0, 0, 0, 0], [2, 1, 1, 3, 2], [1, 0, 0, 0, 0]])


def test_the_end_that_is_kept() -> None:
    text = ["good film dont film the good"]
    np.testing.assert_array_equal(layer(max_length=3)(text), [[3, 2, 4]])
    np.testing.assert_array_equal(layer(max_length=3, keep="end")(text), [[4, 2, 3]])


def test_a_batch_of_none_and_of_one() -> None:
    assert layer()([]).shape == (0, 1)
    np.testing.assert_array_equal(layer()([""]), [[1]])
    np.testing.assert_array_equal(layer()(["good"]), [[3]])


def test_the_literal_unknown_word_is_unknown() -> None:
    np.testing.assert_array_equal(layer(punctuation="keep", lower=False)(["[UNK] good"]), [[1, 3]])


def test_a_text_of_a_megabyte_is_read_at_once() -> None:
    for text in ("a" * 1_000_000, "good " * 200_000, "好" * 333_000, "\0" * 1_000_000, b"\xff" * 1_000_000):
        assert layer()([text]).shape[1] <= 400


CHARACTERS = st.one_of(
    st.characters(codec="utf-8"), st.sampled_from("a 'b.\x85\u2028\u200d\ufe0f👍🏽🇩好ดี\u0301<br />İI")
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    texts=st.lists(st.one_of(st.text(CHARACTERS, max_size=30).map(str.encode), st.binary(max_size=20)), max_size=6),
    rules=st.fixed_dictionaries(
        {
            "punctuation": st.sampled_from(["strip", "split", "keep"]),
            "split": st.sampled_from(["auto", "whitespace", "characters"]),
            "ngrams": st.integers(1, 3),
            "max_length": st.integers(1, 9),
            "keep": st.sampled_from(["start", "end"]),
            "lower": st.booleans(),
        }
    ),
)
def test_a_text_reads_the_same_alone_and_among_others(texts: list[bytes], rules: dict[str, object]) -> None:
    reader = layer(**rules)
    together = np.asarray(reader(texts))
    for row, text in zip(together, texts, strict=True):
        [alone] = np.asarray(reader([text]))
        np.testing.assert_array_equal(row[: len(alone)], alone)
        assert not row[len(alone) :].any()
        assert alone.all()
        assert 1 <= len(alone) <= rules["max_length"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(text=st.text(CHARACTERS, max_size=40))
def test_no_word_holds_white_space_or_nothing(text: str) -> None:
    for word in words(text, punctuation="keep"):
        assert word.split() == [word]


def test_every_operation_is_placed_on_the_cpu() -> None:
    import tensorflow as tf

    traced = tf.function(layer(ngrams=2)).get_concrete_function(tf.TensorSpec([None], tf.string))
    outside = ("Placeholder", "Identity", "NoOp")
    elsewhere = {op.type for op in traced.graph.get_operations() if "CPU:0" not in op.device and op.type not in outside}
    assert len(traced.graph.get_operations()) > 20
    assert elsewhere == set()


def test_everything_is_in_its_config() -> None:
    from aimodels.layers.words import Words

    before = layer(ngrams=2, max_length=7)
    after = Words.from_config(json.loads(json.dumps(before.get_config())))
    assert after.get_config() == before.get_config()
    assert after.vocabulary == ("", "[UNK]", *VOCABULARY)
    np.testing.assert_array_equal(after(TEXTS), before(TEXTS))


def network() -> object:
    import keras

    text = keras.Input((), dtype="string", name="text")
    return keras.Model(text, layer(ngrams=2)(text))


def ran(program: str, *arguments: object, isolated: bool = False, **environment: str) -> list[list[int]]:
    """What a program of a process of its own printed as JSON."""
    command = [sys.executable, *(["-I"] if isolated else []), "-c", program, *map(str, arguments)]
    ended = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


READ_KERAS = """
import json, sys
import keras
import tensorflow as tf
import aimodels.layers.words
print(json.dumps(keras.saving.load_model(sys.argv[1])(tf.constant(json.loads(sys.argv[2]))).numpy().tolist()))
"""


# In these languages of a machine, ICU makes other letters small.
@pytest.mark.parametrize("language", ["tr_TR.UTF-8", pytest.param("lt_LT.UTF-8", marks=pytest.mark.slow)])
def test_the_saved_layer_reads_the_same_in_another_process_and_language(
    language: str, tmp_path: Path, root: Path
) -> None:
    model = network()
    model.save(tmp_path / "words.keras")
    texts = [*TEXTS, "ÌÍĨĮ III"]
    there = ran(
        READ_KERAS, tmp_path / "words.keras", json.dumps(texts), LC_ALL=language, LANG=language, PYTHONPATH=str(root)
    )
    np.testing.assert_array_equal(there, model(np.array(texts, dtype=object)))


READ_SAVED_MODEL = """
import json, sys
import tensorflow as tf
path, texts = sys.argv[1], json.loads(sys.argv[2])
loaded = tf.saved_model.load(path).signatures["serving_default"](text=tf.constant(texts))["ids"].numpy().tolist()
v1 = tf.compat.v1
with v1.Session(graph=tf.Graph()) as session:
    signature = v1.saved_model.load(session, ["serve"], path).signature_def["serving_default"]
    ids, text = signature.outputs["ids"].name, signature.inputs["text"].name
    batches = [texts, texts[:1], []]
    by_session = [session.run(ids, {text: [one.encode() for one in batch]}).tolist() for batch in batches]
assert "aimodels" not in sys.modules
print(json.dumps([loaded, *by_session]))
"""


@pytest.mark.slow
def test_plain_tensorflow_reads_an_export_by_both_its_loaders(tmp_path: Path) -> None:
    import keras
    import tensorflow as tf

    model = network()
    archive = keras.export.ExportArchive()
    archive.track(model.layers[-1])
    signature = [tf.TensorSpec([None], tf.string, name="text")]
    archive.add_endpoint("serving_default", lambda text: {"ids": model(text)}, input_signature=signature)
    archive.write_out(str(tmp_path / "saved"), verbose=False)
    expected = np.asarray(model(np.array(TEXTS, dtype=object))).tolist()
    loaded, by_session, one, none = ran(READ_SAVED_MODEL, tmp_path / "saved", json.dumps(TEXTS), isolated=True)
    assert loaded == by_session == expected
    assert one == np.asarray(model(np.array(TEXTS[:1], dtype=object))).tolist()
    assert none == []
