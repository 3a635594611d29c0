"""What was chosen, in a log and in the live view: a choice per line, nothing wider than a terminal of 80 columns."""

from dataclasses import replace

import pytest
from recorded_events import STARTED

from aimodels.cli import live_lines, plain_view
from aimodels.cli.choice_lines import choice_lines

COMMIT = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
CHOICES = {
    "strategy": "one device is there",
    "encoder": f"~/.cache/huggingface/hub/models--org--name/snapshots/{COMMIT}",
    "steps_per_execution": "1, because a step takes about 0.4 s and calling it next to nothing beside that, on 2 cores",
}
READING = "30,522 pieces known · 0.1% of those read are unknown · 41.5% of the texts are cut to 256 pieces (start kept)"


@pytest.mark.parametrize(
    "lines",
    [
        plain_view.started_lines(replace(STARTED, choices=CHOICES, reading=READING)),
        live_lines.header(replace(STARTED, choices=CHOICES, reading=READING), width=80)[1:],
    ],
    ids=["plain", "live"],
)
def test_every_choice_has_lines_of_its_own_that_fit(lines):
    text = "\n".join(lines)
    chosen = [line for line in lines if any(f"{name}: " in line for name in CHOICES)]
    assert len(chosen) == len(CHOICES)
    assert [line for line in chosen if sum(f"{name}: " in line for name in CHOICES) > 1] == []
    # What is not about the choices or the texts is one line in a log.
    assert [line for line in lines if len(line) > 80 and not line.startswith("data ")] == []
    assert "snapshots/1110a243…" in text
    assert COMMIT not in text
    assert " ".join(" ".join(CHOICES.values()).replace(COMMIT, "1110a243…").split()) in " ".join(
        text.replace("chosen ", "")
        .replace("strategy: ", "")
        .replace("encoder: ", "")
        .replace("steps_per_execution: ", "")
        .split()
    )
    assert "texts 30,522 pieces known" in " ".join(text.split())


def test_a_narrow_live_view_loses_nothing():
    lines = live_lines.header(replace(STARTED, choices=CHOICES, reading=READING), width=50)
    assert "on 2 cores" in lines[-1]
    assert max(len(line) for line in lines if "huggingface" not in line) <= 50


def test_words_that_look_like_numbers_are_no_hashes():
    told = "4096 tokens, 20260101 rows, deadbeef"
    assert choice_lines({"batch": told}, begin="") == [f"batch: {told}"]
