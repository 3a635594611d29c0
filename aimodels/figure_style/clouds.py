"""Pairs of numbers in a plane: points while they can be told apart, above that how many lie in each hexagon."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.figure_style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
Span = tuple[float, float]
MOST_POINTS = 2_000
FEW_POINTS = 300
NUM_ACROSS = 48
NUM_UP = 28  # about NUM_ACROSS / sqrt(3), which makes the hexagons of a square panel regular
PALEST = 0.25
MARGIN = 0.04


def span(*values: Floats) -> Span:
    """A range that holds all the numbers, with a margin; never empty.

    >>> span(np.array([5.0]))
    (4.75, 5.25)
    """
    low, high = float(min(part.min() for part in values)), float(max(part.max() for part in values))
    margin = MARGIN * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin


def read_cloud(x: Floats, y: Floats, *, across: Span, up: Span) -> dict[str, Any]:
    """The points themselves or, of more than 2,000, the centres of the hexagons that hold any, and how many."""
    ranges = {"across": list(across), "up": list(up)}
    if len(x) <= MOST_POINTS:
        return {"x": x.tolist(), "y": y.tolist(), "counts": None, **ranges}
    steps = np.array([(across[1] - across[0]) / NUM_ACROSS, (up[1] - up[0]) / NUM_UP])
    corner = np.array([across[0], up[0]])
    centres, counts = np.unique(_nearest((np.stack([x, y], axis=1) - corner) / steps), axis=0, return_counts=True)
    places = centres * steps + corner
    return {"x": places[:, 0].tolist(), "y": places[:, 1].tolist(), "counts": counts.tolist(), **ranges}


def _nearest(points: Floats) -> Floats:
    """The centre nearest to each point ([N, 2]): they lie on whole numbers, and halfway between those."""
    whole, halfway = np.round(points), np.floor(points) + 0.5
    # A step up is sqrt(3) times as long as a step across.
    distances = [((points - centres) ** 2) @ np.array([1.0, 3.0]) for centres in (whole, halfway)]
    return np.where((distances[0] < distances[1])[:, None], whole, halfway)


def draw_cloud(figure: "Figure", axes: "Axes", cloud: dict[str, Any]) -> None:
    """The points, or the hexagons with a scale of their counts."""
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set(xlim=cloud["across"], ylim=cloud["up"])
    x, y, counts = cloud["x"], cloud["y"], cloud["counts"]
    if counts is None:
        few = len(x) <= FEW_POINTS
        size, alpha = (20, 0.75) if few else (12, 0.35)
        axes.scatter(x, y, s=size, color=COLOURS[0], alpha=alpha, linewidths=0, zorder=2)
        return
    hexagons = axes.hexbin(
        x,
        y,
        C=counts,
        reduce_C_function=np.sum,
        gridsize=(NUM_ACROSS, NUM_UP),
        extent=(*cloud["across"], *cloud["up"]),
        norm=LogNorm(vmin=1, vmax=max(2, *counts)),
        cmap=_blues(),
        linewidths=0.1,
    )
    bar = figure.colorbar(hexagons, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("examples")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    bar.ax.yaxis.set_minor_formatter(NullFormatter())


def _blues() -> "Colormap":
    """Matplotlib's Blues without the palest ones: a single example must be seen too."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["Blues"](np.linspace(PALEST, 1.0, 256)))
