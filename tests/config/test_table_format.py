"""How a table is written: what may be said about it, and what cannot be meant."""

import pytest
from pydantic import ValidationError

from aimodels.config.table_format import TableFormat


def test_left_out_it_is_what_most_files_are():
    format = TableFormat()
    assert format.delimiters == (",", ";", "\t", "|")
    assert format.quote_character == '"'
    assert {"", "NA", "N/A", "nan", "null", "None", "?"} <= set(format.missing_words)


@pytest.mark.parametrize(
    ("written", "tried"), [(";", (";",)), ("tab", ("\t",)), ("\t", ("\t",)), ("|", ("|",)), ("^", ("^",))]
)
def test_a_delimiter_is_a_character_or_tab(written, tried):
    assert TableFormat(delimiter=written).delimiters == tried


@pytest.mark.parametrize("written", ["", "ab", "1", "x", "\n", " ", "§"])
def test_other_delimiters_are_refused(written):
    with pytest.raises(ValidationError):
        TableFormat(delimiter=written)


def test_a_decimal_comma_is_no_delimiter():
    assert "," not in TableFormat(decimal=",").delimiters
    with pytest.raises(ValidationError, match="between cells and before the decimals"):
        TableFormat(delimiter=",", decimal=",")
    with pytest.raises(ValidationError, match="between cells and around them"):
        TableFormat(delimiter="'", quote="'")


def test_a_decimal_mark_that_is_to_be_found_is_a_point_until_then():
    assert [TableFormat(decimal=mark).decimal_character for mark in ("auto", ".", ",")] == [".", ".", ","]
    assert TableFormat(delimiter=",").decimal == "auto"
    with pytest.raises(ValidationError, match="`[.]` cannot stand between cells"):
        TableFormat(delimiter=".")


def test_quotes_may_mean_nothing():
    assert TableFormat(quote="none").quote_character is None
    assert TableFormat(quote="'").quote_character == "'"


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "latin-1", "cp1252", "utf-16"])
def test_encodings_go_by_the_names_that_python_knows(name):
    assert TableFormat(encoding=name).encoding == name


@pytest.mark.parametrize("name", ["klingon", "", "hex", "rot13", "a\0b"])
def test_what_is_no_encoding_of_texts_is_refused(name):
    with pytest.raises(ValidationError, match="no encoding of texts"):
        TableFormat(encoding=name)


def test_an_empty_cell_is_missing_whatever_the_list_says():
    assert TableFormat(missing=(" -999 ", "x")).missing_words == ("", "-999", "x")
