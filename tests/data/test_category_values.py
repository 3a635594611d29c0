"""The values of a category column and their ids."""

from typing import Any

import numpy as np

from aimodels.config.columns import CategoryColumn
from aimodels.data.category_values import CategoryValues, Strings, statistics_for, values_of
from aimodels.data.encodings import CategoryEncoding
from aimodels.events import Event, Warned, listening


def stripped(cells: Strings) -> Strings:
    found = np.array([cell.strip() for cell in cells], dtype=object)
    return np.where(found == b"NA", b"", found)


def values(*parts: list[str | None], **options: Any) -> CategoryValues:
    import pyarrow as pa

    section = CategoryColumn.model_validate(options)
    statistics = statistics_for(section)
    for part in parts:
        statistics.add(pa.chunked_array([pa.array(part, pa.string())]))
    return values_of("x", options=section, statistics=statistics, cleaned=stripped)


def test_by_count_and_then_by_alphabet_without_the_white_space() -> None:
    found = values(["b", "a ", "c", " c"], ["a", "c"])
    assert found.values == ("c", "a", "b")
    assert found.encoding == CategoryEncoding("x", num_ids=5, size=None, untrained=(0, 1))


def test_missing_and_rare_values_train_their_slots() -> None:
    assert values(["a", None, "b"]).untrained == (1,)
    assert values(["a", "NA", "b"]).untrained == (1,)
    assert values(["a", "", "b"]).values == ("a", "b")
    found = values(["a", "a", "b"], at_least=2)
    assert (found.values, found.untrained) == (("a",), (0,))
    assert values(["a", "a", "b", "b", "c"], most=2).untrained == (0,)


def test_many_values_get_vectors() -> None:
    ten, eleven = ([str(number) for number in range(count)] for count in (10, 11))
    assert values(ten).size is None
    assert values(eleven).size == 7
    assert values(eleven, encode="one_hot").size is None
    assert values(ten, encode="embedding", size=3).size == 3


def test_a_hundred_thousand_values() -> None:
    names = [f"value {number}" for number in range(150_000)]
    found = values(names, names[:1], most=200_000)
    assert len(found.values) == 150_000
    assert found.values[0] == "value 0"
    assert found.size == 600
    assert len(values(names).values) == 20_000


def test_more_values_than_fit_are_told(monkeypatch: Any) -> None:
    monkeypatch.setattr("aimodels.data.category_values.MOST_COUNTED", 3)
    events: list[Event] = []
    with listening(events.append):
        found = values(["a", "a", "b"], ["c", "d"], most=1)
    assert found.values == ("a",)
    [warning] = [event for event in events if isinstance(event, Warned)]
    assert warning.code == "AM338"
    assert 'column "x" holds more than 3 different values' in warning.message


def test_hashed_values_are_not_counted() -> None:
    found = values(["a", None], hash=100)
    assert found == CategoryValues("x", buckets=100, size=21)
    assert found.encoding.num_ids == 102


def test_what_tells_nothing() -> None:
    assert not values(["a", "a"]).tells
    assert not values([None, ""]).tells
    assert values(["a", None]).tells
    assert values(["a", "b"]).tells
