"""The vocabulary and the rules of an encoder, from each of the files that may say them."""

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_encoder import tiny_tokenizer, tiny_vocabulary, write_tiny_encoder

from aimodels.encoders.pieces import read_pieces
from aimodels.errors import EncoderError, UserError

FOLDER = Path("encoder")
Change = Callable[[dict[str, Any]], Any]


def change(file: str, alter: Change) -> None:
    """Change the JSON of a file of the folder."""
    path = FOLDER / file
    document = json.loads(path.read_text()) if path.is_file() else {}
    alter(document)
    path.write_text(json.dumps(document))


def says(**values: Any) -> Change:
    """A change: these keys with these values."""
    return lambda document: document.update(values)


def refused(code: str) -> str:
    """What is said of a folder that is refused with this code."""
    with pytest.raises(EncoderError) as told:
        read_pieces(FOLDER)
    assert told.value.code == code
    return told.value.message


def normalizer(**switches: Any) -> Change:
    return lambda document: document["normalizer"].update(switches)


def model(**values: Any) -> Change:
    return lambda document: document["model"].update(values)


def added(*tokens: dict[str, Any]) -> Change:
    return lambda document: document["added_tokens"].extend(tokens)


TOKEN = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}


@pytest.mark.parametrize(
    ("stated", "lower", "strip"),
    [
        ({"do_lower_case": True}, True, True),
        ({"do_lower_case": False}, False, False),
        ({"do_lower_case": True, "strip_accents": False}, True, False),
        ({"do_lower_case": False, "strip_accents": True}, False, True),
        ({"do_lower_case": True, "strip_accents": None}, True, True),
        ({}, True, True),
    ],
)
def test_settings_beside_a_vocabulary(stated: dict[str, Any], lower: bool, strip: bool) -> None:
    write_tiny_encoder(FOLDER)
    (FOLDER / "tokenizer_config.json").write_text(json.dumps(stated))
    rules = read_pieces(FOLDER).rules
    assert (rules.lower, rules.strip_accents, rules.chinese_characters) == (lower, strip, True)


def test_chinese_characters_may_stay_in_their_words() -> None:
    write_tiny_encoder(FOLDER)
    change("tokenizer_config.json", says(tokenize_chinese_chars=False))
    assert read_pieces(FOLDER).rules.chinese_characters is False


def test_a_vocabulary_alone_is_lower_cased_if_it_has_no_capitals() -> None:
    write_tiny_encoder(FOLDER)
    (FOLDER / "tokenizer_config.json").unlink()
    assert read_pieces(FOLDER).rules.lower is True
    (FOLDER / "vocab.txt").write_text("\n".join([*tiny_vocabulary(), "Berlin"]), encoding="utf-8")
    assert "'Berlin', and no file says whether texts keep them" in refused("AM358")


@pytest.mark.parametrize(
    ("switches", "found"),
    [
        ({}, (True, True, True, True)),
        ({"lowercase": False}, (False, False, True, True)),
        ({"strip_accents": False}, (True, False, True, True)),
        ({"lowercase": False, "strip_accents": True}, (False, True, True, True)),
        ({"clean_text": False}, (True, True, False, True)),
        ({"handle_chinese_chars": False}, (True, True, True, False)),
    ],
)
def test_the_switches_of_a_tokenizer_file(switches: dict[str, Any], found: tuple[bool, ...]) -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    (FOLDER / "tokenizer_config.json").unlink()
    change("tokenizer.json", normalizer(**switches))
    rules = read_pieces(FOLDER).rules
    assert (rules.lower, rules.strip_accents, rules.clean, rules.chinese_characters) == found


def test_no_normalizer_changes_nothing() -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    (FOLDER / "tokenizer_config.json").unlink()
    change("tokenizer.json", says(normalizer=None))
    rules = read_pieces(FOLDER).rules
    assert not any((rules.lower, rules.strip_accents, rules.clean, rules.chinese_characters))


def test_prefix_and_longest_word_of_a_tokenizer_file() -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    change("tokenizer.json", model(continuing_subword_prefix="@@", max_input_chars_per_word=7))
    rules = read_pieces(FOLDER).rules
    assert (rules.prefix, rules.longest_word) == ("@@", 7)


def test_names_of_the_special_pieces() -> None:
    write_tiny_encoder(FOLDER)
    lines = (FOLDER / "vocab.txt").read_text(encoding="utf-8").replace("[UNK]", "<unk>").replace("[CLS]", "<s>")
    (FOLDER / "vocab.txt").write_text(lines, encoding="utf-8")
    (FOLDER / "tokenizer_config.json").write_text('{"do_lower_case": true, "unk_token": "<unk>"}')
    change("special_tokens_map.json", says(cls_token={"content": "<s>", "lstrip": False}))
    rules = read_pieces(FOLDER).rules
    assert (rules.unknown, rules.start, rules.end) == ("<unk>", "<s>", "[SEP]")
    assert set(rules.special) == {"<unk>", "<s>", "[SEP]", "[PAD]", "[MASK]"}


@pytest.mark.parametrize("tokenizer", ["vocab.txt", "tokenizer.json"])
def test_added_pieces_go_on_from_the_end(tokenizer: str) -> None:
    write_tiny_encoder(FOLDER, tokenizer=tokenizer)
    number = len(tiny_vocabulary())
    if tokenizer == "vocab.txt":
        change("tokenizer_config.json", says(added_tokens_decoder={str(number): {"content": "[NAME]"} | TOKEN}))
    else:
        change("tokenizer.json", added({"id": number, "content": "[NAME]"} | TOKEN))
    found = read_pieces(FOLDER)
    assert found.vocabulary == (*tiny_vocabulary(), "[NAME]")
    assert set(found.rules.special) == {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[NAME]"}


def test_the_older_file_of_added_pieces() -> None:
    write_tiny_encoder(FOLDER)
    change("special_tokens_map.json", says(additional_special_tokens=["[NAME]"]))
    change("added_tokens.json", says(**{"[NAME]": len(tiny_vocabulary())}))
    found = read_pieces(FOLDER)
    assert found.vocabulary[-1] == "[NAME]"
    assert "[NAME]" in found.rules.special
    change("added_tokens.json", says(word=len(tiny_vocabulary()) + 1))
    assert "the added piece 'word', of which it does not say how it is found" in refused("AM347")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lines_end_as_they_may(ending: str) -> None:
    write_tiny_encoder(FOLDER)
    pieces = [*tiny_vocabulary(), "\u2028", "\x85"]
    (FOLDER / "vocab.txt").write_bytes((ending.join(pieces) + ending).encode())
    assert read_pieces(FOLDER).vocabulary == tuple(pieces)


@pytest.mark.parametrize(
    ("alter", "what"),
    [
        (says(normalizer={"type": "NFKC"}), "normalizer: NFKC"),
        (
            says(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "BertNormalizer"}]}),
            "Sequence",
        ),
        (says(normalizer="lower"), "normalizer: lower"),
        (says(pre_tokenizer={"type": "Whitespace"}), "pre_tokenizer: Whitespace"),
        (says(pre_tokenizer=None), "pre_tokenizer: none"),
        (says(model={"type": "BPE", "vocab": {}, "merges": []}), "model: BPE"),
        (says(model={"type": "Unigram", "vocab": []}), "model: Unigram"),
        (says(post_processor=None), "post_processor: none"),
        (says(post_processor={"type": "RobertaProcessing"}), "post_processor: RobertaProcessing"),
        (says(post_processor={"type": "TemplateProcessing", "single": [], "pair": []}), "post_processor: Temp"),
        (added({"id": 186, "content": "word"} | TOKEN | {"single_word": True}), "single_word: true"),
        (added({"id": 186, "content": "word"} | TOKEN | {"normalized": True}), "normalized: true"),
    ],
)
def test_other_ways_of_cutting_are_refused_by_name(alter: Change, what: str) -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    change("tokenizer.json", alter)
    assert what in refused("AM347")


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ({"tokenizer_class": "BertJapaneseTokenizer"}, "tokenizer_class: BertJapaneseTokenizer"),
        ({"tokenizer_class": "PreTrainedTokenizerFast"}, "tokenizer_class: PreTrainedTokenizerFast"),
        ({"do_basic_tokenize": False}, "do_basic_tokenize: false"),
        ({"never_split": ["word"]}, "never_split: ['word']"),
    ],
)
def test_other_settings_are_refused_by_name(stated: dict[str, Any], what: str) -> None:
    write_tiny_encoder(FOLDER)
    change("tokenizer_config.json", says(**stated))
    assert what in refused("AM347")


@pytest.mark.parametrize("name", ["BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "ElectraTokenizerFast"])
def test_the_classes_that_cut_as_bert_does(name: str) -> None:
    write_tiny_encoder(FOLDER)
    change("tokenizer_config.json", says(tokenizer_class=name))
    assert read_pieces(FOLDER).vocabulary == tiny_vocabulary()


def test_a_class_for_any_tokenizer_file() -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    change("tokenizer_config.json", says(tokenizer_class="PreTrainedTokenizerFast"))
    assert read_pieces(FOLDER).vocabulary == tiny_vocabulary()


def test_the_older_form_of_the_ends() -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    change("tokenizer.json", says(post_processor={"type": "BertProcessing", "sep": ["[SEP]", 4], "cls": ["[CLS]", 3]}))
    rules = read_pieces(FOLDER).rules
    assert (rules.start, rules.end) == ("[CLS]", "[SEP]")


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ({"do_lower_case": False}, "`do_lower_case` is false, and tokenizer.json says true"),
        ({"strip_accents": False}, "`strip_accents` is false, and tokenizer.json says true"),
        ({"tokenize_chinese_chars": False}, "`tokenize_chinese_chars` is false, and tokenizer.json says true"),
        ({"unk_token": "<unk>"}, "`unk_token` is '<unk>', and tokenizer.json says '[UNK]'"),
        ({"cls_token": "[SEP]"}, "`cls_token` is '[SEP]', and tokenizer.json says '[CLS]'"),
    ],
)
def test_files_that_contradict_each_other(stated: dict[str, Any], what: str) -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    change("tokenizer_config.json", says(**stated))
    assert what in refused("AM358")


def test_two_vocabularies_must_be_equal() -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    write_tiny_encoder(FOLDER)
    assert read_pieces(FOLDER).path == FOLDER / "tokenizer.json"
    lines = (FOLDER / "vocab.txt").read_text(encoding="utf-8")
    (FOLDER / "vocab.txt").write_text(lines.replace("\nfilm\n", "\nfilms\n"), encoding="utf-8")
    assert "differ, first at the id" in refused("AM358")
    (FOLDER / "vocab.txt").write_text(lines + "more\n", encoding="utf-8")
    assert "differ, first at the id 186" in refused("AM358")


@pytest.mark.parametrize(
    ("pieces", "what"),
    [
        (("[UNK]", "[PAD]", "[CLS]", "[SEP]"), r"the id 0 must be [PAD], found '[UNK]'"),
        (("\ufeff[PAD]", "[UNK]", "[CLS]", "[SEP]"), "lacks [PAD]"),
        (("[PAD]", "[CLS]", "[SEP]"), "lacks [UNK]"),
        (("[PAD]", "[UNK]", "a"), "lacks [CLS], [SEP]"),
        (("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "a"), "the piece 'a' is there twice, with the ids 4 and 6"),
        (("[PAD]", "[UNK]", "[CLS]", "[SEP]", "", "b"), "the piece with the id 4 is empty"),
        ((), "holds no pieces"),
    ],
)
def test_vocabularies_that_cannot_be_used(pieces: tuple[str, ...], what: str) -> None:
    write_tiny_encoder(FOLDER)
    (FOLDER / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
    assert what in refused("AM346")


def test_a_vocabulary_that_is_no_text() -> None:
    write_tiny_encoder(FOLDER)
    (FOLDER / "vocab.txt").write_bytes(b"[PAD]\n\xff\xfe\n")
    assert "is no text in UTF-8" in refused("AM346")


@pytest.mark.parametrize("number", [-1, 186, "7", None, 1.0, True, 3])
def test_ids_that_cannot_be(number: Any) -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    change("tokenizer.json", lambda document: document["model"]["vocab"].update(film=number))
    assert "the ids of its 186 pieces must be 0 to 185, each once" in refused("AM346")


@pytest.mark.parametrize(
    ("token", "what"),
    [
        ({"id": 190, "content": "late"} | TOKEN, "'late' is added as piece 190, and there are 186 before it"),
        ({"id": 10, "content": "other"} | TOKEN, "the piece 10 is '%', and 'other' is added in its place"),
    ],
)
def test_added_pieces_with_ids_that_cannot_be(token: dict[str, Any], what: str) -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    change("tokenizer.json", added(token))
    assert what in refused("AM358")


@pytest.mark.parametrize(
    ("file", "alter"),
    [
        ("tokenizer.json", says(model=None)),
        ("tokenizer.json", says(model={"type": "WordPiece", "vocab": [1]})),
        ("tokenizer.json", says(added_tokens={"a": 1})),
        ("tokenizer.json", says(added_tokens=[{"content": "x"}])),
        ("tokenizer.json", added({"id": 186} | TOKEN)),
        ("tokenizer.json", normalizer(lowercase="yes")),
        ("tokenizer.json", normalizer(clean_text=None)),
        ("tokenizer.json", model(max_input_chars_per_word=0)),
        ("tokenizer_config.json", says(do_lower_case="false")),
        ("tokenizer_config.json", says(unk_token=7)),
        ("tokenizer_config.json", says(additional_special_tokens=[{}])),
        ("tokenizer_config.json", says(added_tokens_decoder={"x": {}})),
        ("tokenizer_config.json", says(added_tokens_decoder={"5": "x"})),
        ("tokenizer_config.json", says(added_tokens_decoder=["x"])),
    ],
)
def test_values_that_cannot_be(file: str, alter: Change) -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    change(file, alter)
    assert file in refused("AM344")


@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
def test_files_that_are_cut_off(file: str, share: float) -> None:
    write_tiny_encoder(FOLDER, tokenizer="tokenizer.json")
    content = (FOLDER / file).read_bytes()
    (FOLDER / file).write_bytes(content[: int(len(content) * share)])
    assert f"{file} is no JSON" in refused("AM344")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(tiny_vocabulary()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
DOCUMENTS: dict[str, Any] = {
    "tokenizer.json": tiny_tokenizer(tiny_vocabulary()[:12], lower=True),
    "tokenizer_config.json": {
        "do_lower_case": True,
        "unk_token": "[UNK]",
        "never_split": None,
        "tokenizer_class": "BertTokenizer",
        "additional_special_tokens": ["[MASK]"],
        "added_tokens_decoder": {"5": {"content": "[MASK]"} | TOKEN},
    },
}


def places(document: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside a document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [way for key, value in inner for way in [(*before, key), *places(value, (*before, key))]]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=ANYTHING, has_tokenizer=st.booleans())
def test_whatever_stands_anywhere_it_is_understood_or_refused(
    data: st.DataObject, value: Any, has_tokenizer: bool
) -> None:
    documents = copy.deepcopy(DOCUMENTS)
    file = data.draw(st.sampled_from(sorted(DOCUMENTS)[not has_tokenizer :]))
    *way, last = data.draw(st.sampled_from(places(documents[file])))
    target = documents[file]
    for key in way:
        target = target[key]
    target[last] = value
    FOLDER.mkdir(exist_ok=True)
    for name, document in documents.items():
        (FOLDER / name).write_text(json.dumps(document))
    if not has_tokenizer:
        (FOLDER / "tokenizer.json").unlink()
    (FOLDER / "vocab.txt").write_text("\n".join(tiny_vocabulary()[:12]))
    with suppress(UserError):
        found = read_pieces(FOLDER)
        assert found.vocabulary[0] == "[PAD]"
        assert all(isinstance(piece, str) for piece in (*found.vocabulary, *found.rules.special, found.rules.mask))
