"""What all figures share: contract, colours, panels, names on axes, and files that are the same for the same numbers.

A figure is drawn in two steps. `read` takes numbers from a run's files; `draw` makes a picture of nothing but those
numbers, of one run or of several. So any picture can be drawn again from the JSON file beside it.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aimodels.events import warn
from aimodels.figure_style.fonts import families
from aimodels.runs.atomic import replacing
from aimodels.runs.evaluations import EvaluationFolder
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Axis = Literal["epoch", "step", "time"]
Format = Literal["png", "svg", "pdf"]

# Okabe and Ito, "Color Universal Design", 2008: told apart by readers of every colour vision. Yellow is left out,
# because it is too pale for a line on white, and black is kept for averages and references.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
RIGHT, WRONG = "#009E73", "#D55E00"
GREY = "#6b6b6b"
DPI = 144
MANY_EPOCHS = 15
LONGEST_NAME = 28

STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "aimodels",  # otherwise random, and two equal pictures would differ
    "text.hinting": "none",  # letters are as wide as they were measured, at any resolution
    "text.parse_math": False,  # a class called "$5 and $10" is not a formula
}
NO_DATES: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


_EVALUATIONS: ContextVar[dict[Path, EvaluationFolder] | None] = ContextVar("evaluations", default=None)


class NothingToDraw(Exception):
    """A figure has nothing to show for this run, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Series:
    """The numbers of one run, with the run's name."""

    name: str
    numbers: dict[str, Any]


@dataclass(frozen=True)
class CurveOptions:
    """How curves over the training are drawn. `metrics` without names means all of them."""

    x: Axis = "epoch"
    metrics: tuple[str, ...] = ()
    smooth: float = 0.0
    log_y: bool = False


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save in our style, whatever the user's matplotlib is set to, and without a window."""
    import matplotlib.style

    with matplotlib.style.context(["default", STYLE | {"font.family": families()}]):
        yield


def new_figure(*, width: float, height: float) -> "Figure":
    """An empty figure of this size in inches, which arranges its parts so that nothing overlaps."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: "Figure", path: Path, *, dpi: int = DPI) -> None:
    """Write a figure in the format of the path's suffix; the same figure gives the same bytes.

    Raises:
        MachineError: the disk is full or the folder cannot be written.
    """
    with warnings.catch_warnings(record=True) as heard, replacing(path) as partial:
        warnings.simplefilter("always")
        figure.savefig(partial, dpi=dpi, metadata=NO_DATES[path.suffix[1:]])
    if any("missing from" in str(warning.message) for warning in heard):
        warn(
            "AM522",
            "pictures show boxes in place of letters that their font does not have",
            help="the numbers beside it, in data/, have the names as they are",
        )


@contextmanager
def reading_once() -> Iterator[None]:
    """Let all figures that are drawn inside share what they read: `predictions.csv` may have a million lines."""
    token = _EVALUATIONS.set({})
    try:
        yield
    finally:
        _EVALUATIONS.reset(token)


def measured(run: RunFolder, *, split: str) -> EvaluationFolder:
    """The evaluation of that name.

    Raises:
        NothingToDraw: the run was not evaluated on that split.
    """
    path, known = run.evaluation(split), _EVALUATIONS.get()
    folder = EvaluationFolder(path) if known is None else known.setdefault(path, EvaluationFolder(path))
    if not folder.is_whole:
        raise NothingToDraw(f"{run.name} has no evaluation called {split}: aimodels eval {run.name} makes them")
    return folder


def same_classes(series: Sequence[Series]) -> list[str]:
    """The classes that all the runs have.

    Raises:
        NothingToDraw: they have different ones.
    """
    class_names: list[str] = series[0].numbers["class_names"]
    for other in series[1:]:
        if other.numbers["class_names"] != class_names:
            raise NothingToDraw(f"{series[0].name} and {other.name} have different classes")
    return class_names


def heading(series: Sequence[Series], text: str) -> str:
    """A figure's title: the run and what is shown; several runs are named in the legend."""
    split = series[0].numbers.get("split")
    what = f"{text} ({split})" if split else text
    return f"{series[0].name}: {what}" if len(series) == 1 else f"{what}, {len(series)} runs"


def short(name: str, *, longest: int = LONGEST_NAME) -> str:
    """A name as it fits on an axis: on one line, and with its middle left out if it is too long.

    >>> short("a rather long name", longest=9)
    'a ra…name'
    """
    line = " ".join(name.split())
    # Matplotlib leaves names that begin with an underscore out of legends.
    line = f" {line}" if line.startswith("_") else line
    if len(line) <= longest:
        return line
    half = (longest - 1) // 2
    return f"{line[: longest - 1 - half]}…{line[-half:]}"


def look(position: int) -> dict[str, Any]:
    """Colour and line of the curve at this position; the line changes when the colours are used up."""
    return {
        "color": COLOURS[position % len(COLOURS)],
        "linestyle": LINES[position // len(COLOURS) % len(LINES)],
    }


def number_epochs(axes: "Axes", *, last: int, first: int = 1) -> None:
    """An x axis of whole epochs, from the first to the last."""
    from matplotlib.ticker import MaxNLocator

    margin = min(0.02 * last, 0.5)
    axes.set_xlim(first - margin, last + margin)
    if last <= MANY_EPOCHS:
        axes.set_xticks(range(first, last + 1))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))


def legend_below(figure: "Figure", axes: "Axes", *, columns: int = 2) -> None:
    """A legend under the whole figure, where it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=min(columns, len(handles)))
