"""Bars that scores must clear: `--min accuracy=0.97`, `--max log_loss=0.1`."""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from aimodels.errors import UsageError


@dataclass(frozen=True)
class Threshold:
    """What a metric must reach at least (`min`) or may reach at most (`max`)."""

    metric: str
    bound: Literal["min", "max"]
    wanted: float


@dataclass(frozen=True)
class Checked:
    """A threshold with what was measured; `got` is None where the split could not give that score."""

    metric: str
    bound: Literal["min", "max"]
    wanted: float
    got: float | None
    ok: bool

    def __str__(self) -> str:
        sign = ">=" if self.bound == "min" else "<="
        got = "not measured" if self.got is None else f"{self.got:.4f}"
        return f"{self.metric} {got}, wanted {sign} {self.wanted:g}"

    def as_document(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return asdict(self)


def parse(texts: Sequence[str], *, bound: Literal["min", "max"], known: Sequence[str]) -> list[Threshold]:
    """Thresholds as they are written on the command line, `metric=number`.

    Raises:
        UsageError: no metric has that name, or there is no finite number.
    """
    return [_parsed(text, bound=bound, known=known) for text in texts]


def _parsed(text: str, *, bound: Literal["min", "max"], known: Sequence[str]) -> Threshold:
    metric, _, number = (part.strip() for part in text.partition("="))
    if metric not in known:
        near = difflib.get_close_matches(metric, known, n=3, cutoff=0.5)
        raise UsageError(
            f"--{bound} {text}: no metric is called {metric or 'that'}",
            code="AM514",
            help=f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}",
        )
    try:
        wanted = float(number)
    except ValueError:
        wanted = math.nan
    if not math.isfinite(wanted):
        raise UsageError(
            f"--{bound} {text}: a number must follow the metric, got {number or 'nothing'}",
            code="AM514",
            help=f"write it so: --{bound} {metric}=0.97",
        )
    return Threshold(metric=metric, bound=bound, wanted=wanted)


def check(thresholds: Sequence[Threshold], *, metrics: Mapping[str, float]) -> list[Checked]:
    """Which thresholds the metrics clear. A score that is not there clears none."""
    checked = []
    for bar in thresholds:
        got = metrics[bar.metric]
        ok = got >= bar.wanted if bar.bound == "min" else got <= bar.wanted
        shown = None if math.isnan(got) else got
        checked.append(Checked(metric=bar.metric, bound=bar.bound, wanted=bar.wanted, got=shown, ok=ok))
    return checked
