"""Progress on a terminal, played into a real pseudo-terminal."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import replace

import pytest
from recorded_events import STARTED, epoch

from aimodels.cli import live_lines
from aimodels.cli.formatting import sparkline
from aimodels.cli.live_lines import Progress
from aimodels.events import Step

PLAY = """
import sys
from recorded_events import recorded
from aimodels.cli.console import Console
from aimodels.cli.options import Shared
from aimodels.cli.views import view_for
from aimodels.events import Step, emit, listening

console = Console(Shared())
with view_for(console) as view, listening(view):
    for event in recorded():
        emit(event)
        if "fail" in sys.argv and isinstance(event, Step):
            raise KeyboardInterrupt
        if "out" in sys.argv and isinstance(event, Step):
            console.out("a result")
console.out("the end")
"""
SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"
COLOR = re.compile(r"\x1b\[[\d;]*m")
CODE = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


def played(root, *arguments, width=92, **environ):
    """Everything that a terminal of that width received."""
    terminal, program_side = pty.openpty()
    fcntl.ioctl(program_side, termios.TIOCSWINSZ, struct.pack("HHHH", 30, width, 0, 0))
    whole = os.environ | {"PYTHONPATH": f"{root}:{root / 'tests'}", "TERM": "xterm-256color"} | environ
    started = subprocess.Popen(
        [sys.executable, "-c", PLAY, *arguments],
        stdin=program_side,
        stdout=program_side,
        stderr=program_side,
        env=whole,
    )
    os.close(program_side)
    received = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other side has closed
            break
        if not part:
            break
        received += part
    os.close(terminal)
    started.wait()
    return received.decode()


def lines_of(received):
    """What stays on the lines of a terminal, as far as it is printed once."""
    return [line.rstrip("\r").rpartition("\r")[2] for line in CODE.sub("", received).split("\n")]


def test_a_training_on_a_terminal(root):
    received = played(root)
    lines = lines_of(received)
    assert "✓ loading TensorFlow 6.2s" in "\n".join(lines)
    assert any(line.startswith("mnist-cnn-002 · image classification · 10 classes") for line in lines)
    assert "    1    0.2412    0.9262    0.0713        0.9780   1.0e-03    6.1s  ★ best" in lines
    assert "best 0.9780 @ 1 · patience 1/3" in received
    assert received.count("warning[AM214]") == 1
    assert received.rstrip().endswith("the end")


@pytest.mark.parametrize("arguments", [[], ["fail"], ["out"]], ids=["well", "stopped", "with a result"])
def test_the_cursor_comes_back(root, arguments):
    received = played(root, *arguments)
    assert HIDE_CURSOR in received
    assert received.rindex(SHOW_CURSOR) > received.rindex(HIDE_CURSOR)


def test_a_result_is_not_mixed_with_what_is_redrawn(root):
    received = played(root, "out")
    assert "a result" in lines_of(received)


@pytest.mark.parametrize("width", [92, 80, 60])
def test_no_line_is_wider_than_the_terminal(root, width):
    drawn = [line for line in CODE.sub("", played(root, width=width)).split("\n") if "Ctrl-C" in line or "─" in line]
    assert drawn
    assert max(len(part) for line in drawn for part in line.split("\r")) <= width


def test_a_narrow_terminal_has_fewer_columns(root):
    received = played(root, width=60)
    assert "epoch      loss  accuracy  val_loss  val_accuracy\r\n" in received
    assert "lr " not in received


def test_no_colour_still_redraws(root):
    received = played(root, NO_COLOR="1")
    assert HIDE_CURSOR in received
    assert not COLOR.search(received)


@pytest.mark.parametrize(("environ", "width"), [({"CI": "1"}, 92), ({"TERM": "dumb"}, 92), ({}, 59)])
def test_what_cannot_redraw_gets_plain_lines(root, environ, width):
    received = COLOR.sub("", played(root, width=width, **environ))
    assert "\x1b" not in received
    assert "epoch 1/10  loss 0.2412" in received


def test_ascii_terminals_get_ascii_marks(root):
    received = played(root, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert received.isascii()
    received = COLOR.sub("", received)
    assert "[ok] loading TensorFlow" in received
    assert "* best" in received
    assert "\\u" not in received


# --- the lines by themselves --------------------------------------------------------------------------------------


def test_the_block_while_an_epoch_runs():
    step = Step(5, 531, 844, {"loss": 0.0312, "accuracy": 0.9902})
    ended = [epoch(number, is_best=number == 1, val_accuracy=0.9 + number / 100) for number in range(1, 5)]
    progress = Progress(run=STARTED, began_at=0.0, epoch_began_at=20.0, step=step, ended=ended)
    assert live_lines.block(progress, now=21.0, width=92) == [
        "─" * 92,
        "  5/10 ━━━━━━━━━━━━━━━━━━━─────────── 531/844   loss 0.0312  accuracy 0.9902     531 steps/s",
        "      elapsed 0:21 · epoch 0:01 left · run 0:31 left · best 0.9780 @ 1 · patience 1/3",
        "      loss █▃▂▁   val_accuracy ▁▃▆█                  Ctrl-C: save and stop · twice: stop now",
    ]


def test_the_rule_and_the_bar_fit_any_width():
    step = Step(5, 531, 844, {"loss": 0.0312, "accuracy": 0.9902})
    progress = Progress(run=STARTED, step=step, ended=[epoch(1, is_best=True, val_accuracy=0.9)])
    for width in range(60, 140):
        assert max(map(len, live_lines.block(progress, now=1.0, width=width))) <= width


def test_at_most_six_columns_and_those_that_matter():
    event = epoch(1, is_best=True, val_accuracy=0.9)
    many = {f"top_{number}": 0.5 for number in range(2, 9)}
    crowded = event.__class__(**(vars(event) | {"metrics": many | event.metrics}))
    assert live_lines.columns(crowded, width=200) == (
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
        "time",
    )
    assert live_lines.columns(crowded, width=79) == ("loss", "accuracy", "val_loss", "val_accuracy")


def test_sparklines_show_the_last_values():
    assert sparkline([1.0, 1.0]) == "▁▁"
    assert sparkline([float("nan"), 0.0, 1.0]) == "▁█"
    assert len(sparkline([float(value) for value in range(50)])) == 10


def test_huge_numbers_do_not_run_into_each_other():
    event = epoch(1, is_best=False, val_accuracy=0.5)
    huge = replace(event, metrics=dict.fromkeys(("loss", "mae", "val_loss"), 2.278723e17))
    assert live_lines.row(huge, names=("loss", "mae", "val_loss")).split() == ["1", *["2.27872e+17"] * 3]
