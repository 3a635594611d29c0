"""Progress for a terminal: what is over is printed once and stays; what goes on is redrawn in place."""

import time
from collections.abc import Callable, Sequence
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.text import Text

from aimodels.cli import fold_lines, live_lines
from aimodels.cli.console import Console
from aimodels.cli.formatting import amount, seconds
from aimodels.cli.plain_view import resumed_line
from aimodels.cli.terminal import speaks_unicode
from aimodels.cli.views import WarningsView
from aimodels.events import (
    CrossValidationEnded,
    CrossValidationStarted,
    Downloaded,
    EpochEnded,
    EpochStarted,
    Event,
    FoldEnded,
    FoldProgressed,
    FoldStarted,
    Inferred,
    PhaseEnded,
    PhaseStarted,
    Resumed,
    RunEnded,
    RunStarted,
    SignalReceived,
    Step,
    StoppedEarly,
)

REDRAWN_PER_SECOND = 4
SHORTEST_PHASE_SECONDS = 0.1
STYLES = ((r"★ best|✓", "green"), (r"[━╸]+", "cyan"), (r"─+", "bright_black"))


class LiveView:
    """Draws events on stderr. Rich redraws from a thread of its own, so training never waits for the terminal."""

    def __init__(self, console: Console, *, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._rich = console.for_notes
        self._now = now
        self._frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if speaks_unicode(console.stderr) else "|/-\\"
        self._warnings = WarningsView(console)
        self._live: Live | None = None
        self._phases: dict[str, float] = {}
        self._downloads: dict[str, Downloaded] = {}
        self._folds: dict[int, str] = {}
        self._progress = live_lines.Progress()
        self._columns: tuple[str, ...] = ()
        self._shown_by: dict[type[Event], Callable[..., None]] = {
            Inferred: self._inferred,
            RunStarted: self._run_started,
            Resumed: self._resumed,
            PhaseStarted: self._phase_started,
            PhaseEnded: self._phase_ended,
            Downloaded: self._downloaded,
            EpochStarted: self._epoch_started,
            Step: self._stepped,
            EpochEnded: self._epoch_ended,
            StoppedEarly: self._stopped_early,
            SignalReceived: self._signal_received,
            RunEnded: self._run_ended,
            CrossValidationStarted: self._cross_validation_started,
            FoldStarted: self._fold_started,
            FoldProgressed: self._fold_progressed,
            FoldEnded: self._fold_ended,
            CrossValidationEnded: self._cross_validation_ended,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        self._warnings(event)
        show = self._shown_by.get(type(event))
        if show is not None:
            show(event)
            self._resume()

    def pause(self) -> None:
        """Clear what is redrawn and show the cursor; the next event brings it back."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _resume(self) -> None:
        if not self._lines():
            self.pause()
        elif self._live is None:
            self._live = Live(
                console=self._rich,
                get_renderable=self._drawn,
                refresh_per_second=REDRAWN_PER_SECOND,
                transient=True,
                redirect_stdout=False,
            )
            self._live.start(refresh=True)

    def _drawn(self) -> Group:
        return Group(*(_styled(line) for line in self._lines()))

    def _lines(self) -> list[str]:
        width, now = self._rich.width, self._now()
        # Copies: Rich reads these from its own thread while events change them.
        lines = [live_lines.download(event, width=width) for event in tuple(self._downloads.values())]
        for name, began_at in tuple(self._phases.items()):
            frame = self._frames[int(now * 10) % len(self._frames)]
            lines.append(f"{frame} {name} {seconds(now - began_at)}")
        lines += [f"{self._frames[int(now * 10) % len(self._frames)]} {told}" for told in tuple(self._folds.values())]
        return [*lines, *live_lines.block(self._progress, now=now, width=width)]

    def _print(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._rich.print(_styled(line))

    # --- one method per kind of event ---------------------------------------------------------------------

    def _run_started(self, event: RunStarted) -> None:
        self._progress = live_lines.Progress(run=event, began_at=self._now())
        self._print([*live_lines.header(event, width=self._rich.width), ""])

    def _resumed(self, event: Resumed) -> None:
        self._print([resumed_line(event), *event.notes, ""])

    def _inferred(self, event: Inferred) -> None:
        self._print([*event.lines, ""])

    def _phase_started(self, event: PhaseStarted) -> None:
        self._phases[event.name] = self._now()

    def _phase_ended(self, event: PhaseEnded) -> None:
        self._phases.pop(event.name, None)
        if event.seconds >= SHORTEST_PHASE_SECONDS:
            self._print([f"✓ {event.name} {seconds(event.seconds)}"])

    def _downloaded(self, event: Downloaded) -> None:
        self._downloads[event.name] = event
        if event.total and event.done >= event.total:
            del self._downloads[event.name]
            self._print([f"✓ {event.name} {amount(event.total, event.unit)}"])

    def _epoch_started(self, event: EpochStarted) -> None:
        self._progress.epoch_began_at = self._now()

    def _stepped(self, event: Step) -> None:
        self._progress.step = event

    def _epoch_ended(self, event: EpochEnded) -> None:
        if not self._progress.ended:
            self._columns = live_lines.columns(event, width=self._rich.width)
            self._print([live_lines.heading(self._columns)])
        self._progress.ended.append(event)
        self._print([live_lines.row(event, names=self._columns)])

    def _stopped_early(self, event: StoppedEarly) -> None:
        self._print([event.told])

    def _signal_received(self, event: SignalReceived) -> None:
        self._progress.stopping = True

    def _run_ended(self, event: RunEnded) -> None:
        self._phases.clear()
        self._downloads.clear()
        self._progress = live_lines.Progress()
        self._print([""])

    def _cross_validation_started(self, event: CrossValidationStarted) -> None:
        self._print([*fold_lines.started(event), ""])

    def _fold_started(self, event: FoldStarted) -> None:
        self._folds[event.number] = f"fold {event.number}/{event.of}  starting"

    def _fold_progressed(self, event: FoldProgressed) -> None:
        self._folds[event.number] = fold_lines.progressed(event)

    def _fold_ended(self, event: FoldEnded) -> None:
        self._folds.pop(event.number, None)
        mark = "✓" if event.status == "finished" else "✗"
        self._print([f"{mark} {fold_lines.ended(event)}"])

    def _cross_validation_ended(self, event: CrossValidationEnded) -> None:
        self._folds.clear()
        self._print([""])


def _styled(line: str) -> Text:
    text = Text(line, no_wrap=True, overflow="crop")
    for pattern, style in STYLES:
        text.highlight_regex(pattern, style)
    return text
