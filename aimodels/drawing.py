"""From runs to pictures on disk: which figures there are, what each can show, and the files they become.

Beside each picture `<kind>.png` its numbers are kept in `data/<kind>.json`. Nothing here loads TensorFlow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from aimodels import discovery
from aimodels.errors import UsageError
from aimodels.events import PlotDrawn, emit
from aimodels.figure_style import DPI, CurveOptions, Format, NothingToDraw, Series, reading_once, save, styled
from aimodels.runs.atomic import write_json
from aimodels.runs.evaluations import EvaluationFolder, evaluations
from aimodels.runs.folder import CROSS_VALIDATION, PRETRAINING, RunFolder


@dataclass(frozen=True)
class DrawRequest:
    """What to draw and where to. No kinds means all that fit; no split the first one evaluated, test before validation.

    Without a folder, one run's pictures go where they belong in the run; several runs need a folder.
    """

    kinds: tuple[str, ...] = ()
    split: str | None = None
    curves: CurveOptions = CurveOptions()
    format: Format = "png"
    dpi: int = DPI
    folder: Path | None = None


@dataclass(frozen=True)
class Drawn:
    """One figure: where it is, or why it was left out (`skipped`)."""

    kind: str
    path: Path | None = None
    skipped: str = ""


@dataclass(frozen=True)
class _Picture:
    kind: str
    figure: Any
    series: tuple[Series, ...]
    path: Path


def kinds(source: Literal["training", "evaluation"] | None = None) -> tuple[str, ...]:
    """The figures there are, or those of them that show one side of a run."""
    every = discovery.names("figures")
    return tuple(kind for kind in every if source is None or discovery.plugin("figures", kind).SOURCE == source)


def draw_figures(runs: Sequence[RunFolder], request: DrawRequest) -> list[Drawn]:
    """Draw figures of one run, or of several laid over each other. Nothing is written before all are drawn.

    Raises:
        ConfigError: there is no figure of that name.
        UsageError: an option fits none of the figures, or several runs have no folder for their pictures.
        MachineError: a file cannot be written.
    """
    figures = {kind: discovery.plugin("figures", kind) for kind in request.kinds or kinds()}
    if not request.kinds:
        figures = {kind: figure for kind, figure in figures.items() if _is_worth_trying(figure, runs)}
    _expect_sense(runs, request, figures=figures)
    drawn = []
    with styled(), reading_once():
        results = [_draw(kind, figure, runs=runs, request=request) for kind, figure in figures.items()]
        for result in results:
            drawn.append(_save(result, dpi=request.dpi) if isinstance(result, _Picture) else result)
            emit(PlotDrawn(kind=drawn[-1].kind, path=str(drawn[-1].path or ""), skipped=drawn[-1].skipped))
    return drawn


def _is_worth_trying(figure: ModuleType, runs: Sequence[RunFolder]) -> bool:
    """Whether a figure that nobody named can show these runs at all."""
    if len(runs) > 1 and not figure.OVERLAYS:
        return False
    if figure.SOURCE == "evaluation" and all(_is_of(run, PRETRAINING) for run in runs):
        return False
    return hasattr(figure, "OF_FOLDS") or not all(_is_of(run, CROSS_VALIDATION) for run in runs)


def _is_of(run: RunFolder, kind: str) -> bool:
    return bool(run.facts().get("kind") == kind)


def _expect_sense(runs: Sequence[RunFolder], request: DrawRequest, *, figures: dict[str, ModuleType]) -> None:
    if len(runs) > 1 and request.folder is None:
        raise UsageError("pictures of several runs belong to none of them", code="AM523", help="name a folder with -o")
    if request.curves != CurveOptions() and not any(hasattr(figure, "Options") for figure in figures.values()):
        raise UsageError(
            f"--x, --metric, --smooth and --log-y shape none of these figures: {', '.join(figures)}",
            code="AM524",
            help="they are for `history`; add it to --kind, or leave the options away",
        )


def _draw(kind: str, figure: ModuleType, *, runs: Sequence[RunFolder], request: DrawRequest) -> _Picture | Drawn:
    """One picture in memory, or why there is none."""
    try:
        if len(runs) > 1 and not figure.OVERLAYS:
            raise NothingToDraw("it shows one run only")
        for run in runs:
            _expect_model(run, figure)
        splits = [_split(run, figure, wanted=request.split) for run in runs]
        series = tuple(
            Series(name=run.name, numbers=figure.read(run, split=split))
            for run, split in zip(runs, splits, strict=True)
        )
        options = {"options": request.curves} if hasattr(figure, "Options") else {}
        picture = figure.draw(series, **options)
    except NothingToDraw as nothing:
        return Drawn(kind=kind, skipped=nothing.reason)
    folder = request.folder or _home(runs[0], figure, split=splits[0])
    return _Picture(
        kind=kind, figure=picture, series=series, path=folder / f"{kind.rpartition('.')[2]}.{request.format}"
    )


def _expect_model(run: RunFolder, figure: ModuleType) -> None:
    """A cross-validation has no model of its own to be shown; its folds have. A pre-training answers nothing."""
    if _is_of(run, CROSS_VALIDATION) and not hasattr(figure, "OF_FOLDS"):
        raise NothingToDraw(f"{run.name} is a cross-validation; name a run of it: aimodels plot {run.fold(1).name}")
    if _is_of(run, PRETRAINING) and figure.SOURCE == "evaluation":
        raise NothingToDraw(f"{run.name} is a pre-training, which gives no answers that could be measured")


def _split(run: RunFolder, figure: ModuleType, *, wanted: str | None) -> str:
    if figure.SOURCE == "training":
        return "train"
    if wanted:
        return wanted
    there_are = evaluations(run)
    if not there_are:
        raise NothingToDraw(f"{run.name} was not evaluated yet: aimodels eval {run.name}")
    return there_are[0].name


def _home(run: RunFolder, figure: ModuleType, *, split: str) -> Path:
    return run.plots if figure.SOURCE == "training" else EvaluationFolder(run.evaluation(split)).plots


def _save(picture: _Picture, *, dpi: int) -> Drawn:
    save(picture.figure, picture.path, dpi=dpi)
    one, *others = picture.series
    every = [{"name": series.name, "numbers": series.numbers} for series in picture.series]
    numbers = {"series": every} if others else one.numbers
    write_json(picture.path.parent / "data" / f"{picture.path.stem}.json", numbers)
    return Drawn(kind=picture.kind, path=picture.path)
