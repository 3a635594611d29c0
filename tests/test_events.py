"""The stream of events: whoever listens hears, inside the block and not after it."""

import pytest

from aimodels.events import Event, PhaseEnded, PhaseStarted, Warned, emit, listening, phase, warn


def test_everyone_who_listens_hears_and_only_while_they_listen() -> None:
    first: list[Event] = []
    second: list[Event] = []
    with listening(first.append):
        with listening(second.append):
            warn("AM299", "both hear this")
        warn("AM299", "one hears this")
    warn("AM299", "nobody hears this")
    assert first == [Warned("AM299", "both hear this"), Warned("AM299", "one hears this")]
    assert second == [Warned("AM299", "both hear this")]


def test_a_listener_is_gone_after_an_exception() -> None:
    heard: list[Event] = []
    with pytest.raises(RuntimeError), listening(heard.append):
        raise RuntimeError
    emit(Event())
    assert heard == []


def test_a_phase_tells_its_beginning_and_its_seconds() -> None:
    heard: list[Event] = []
    with listening(heard.append), phase("reading data"):
        pass
    started, ended = heard
    assert started == PhaseStarted("reading data")
    assert isinstance(ended, PhaseEnded)
    assert ended.name == "reading data"
    assert 0 <= ended.seconds < 1
