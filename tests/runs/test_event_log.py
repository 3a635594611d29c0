"""Events as JSON Lines."""

import io
import json

import pytest
from recorded_events import STARTED, recorded

from aimodels.events import EpochStarted, Step
from aimodels.runs.event_log import EventLog


def test_every_event_is_one_line_of_json(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    for event in recorded():
        log(event)
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    # The second step comes less than a second after the first.
    assert len(lines) == len(recorded()) - 1
    assert {"t", "type"} <= set(lines[0])
    started = next(line for line in lines if line["type"] == "run_started")
    assert started["num_train"] == STARTED.num_train
    assert started["t"].endswith("Z")


@pytest.mark.parametrize(("seconds", "expected"), [([0.0, 0.5, 0.9], 1), ([0.0, 0.5, 1.0], 2), ([0.0, 1.0, 2.0], 3)])
def test_steps_come_once_a_second(seconds, expected):
    times = iter(seconds)
    stream = io.StringIO()
    log = EventLog(stream, now=lambda: now[0])
    now = [0.0]
    for time in times:
        now[0] = time
        log(Step(1, 1, 2, {}))
    assert len(stream.getvalue().splitlines()) == expected


def test_what_is_no_step_is_never_left_out():
    stream = io.StringIO()
    log = EventLog(stream, now=lambda: 0.0)
    for number in range(5):
        log(EpochStarted(number))
    assert [json.loads(line)["epoch"] for line in stream.getvalue().splitlines()] == list(range(5))


def test_a_number_that_is_not_finite_is_null():
    stream = io.StringIO()
    EventLog(stream)(Step(1, 1, 2, {"loss": float("nan")}))
    assert json.loads(stream.getvalue())["metrics"] == {"loss": None}
