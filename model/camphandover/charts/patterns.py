"""Chart of the patterns: the share of runs that meets each, scenarios side by side."""

from __future__ import annotations

import math

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from camphandover.charts import axis
from camphandover.charts.registry import chart
from camphandover.charts.style import FAINT, INK, NO_DATA, PAPER, adopted
from camphandover.judge.patterns.met import WHOLE
from camphandover.judge.patterns.patterns import Patterns
from camphandover.measure.notation import SET, percent
from camphandover.measure.notation import broken_name as broken

COLOURS = "cividis"
"""Of matplotlib: one that the colour-blind read as others do, and that rises in lightness."""
CELL, LEFT, RIGHT, BELOW = (0.78, 0.3), 2.55, 0.15, 0.62
"""Width and height of a cell, and around the cells, inches; names stand at the left."""
TITLE, LINE = 0.42, 0.15
"""Height of the title and of a line of a scenario's name, inches."""
NARROWEST = 5.2
"""Least width of the figure, inches: its title has one line."""
DARK = 0.55
"""Share below which a cell is dark and its number is written in white."""
ALL = "all of them together"


@chart()
def plot_patterns(patterns: Patterns, ax: Axes | None = None) -> Axes:
    """The share of runs that meets each pattern: patterns by scenarios, the share in each cell.

    A share that is not what is needed is underlined; a star marks a pattern of which the scenario
    sets a part itself. A cell without a share is grey.

    Args:
        patterns: What `ch.patterns` gave.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes: rows are the patterns and all of them together, columns the scenarios.
    """
    shares, is_set, needed = _cells(patterns)
    n_rows, n_columns = shares.shape
    heads = [broken(name) for name in patterns.scenarios]
    is_own = ax is None
    if ax is None:
        size = (CELL[0] * n_columns, CELL[1] * n_rows)
        around = (LEFT, RIGHT, TITLE + LINE * max(map(len, heads)), BELOW)
        _, (ax,) = axis.panels(1, 1, size, around, narrowest=NARROWEST)
    else:
        adopted(ax)
    ax.imshow(
        np.ma.masked_invalid(shares), vmin=0, vmax=1, aspect="auto", interpolation="nearest",
        cmap=matplotlib.colormaps[COLOURS].with_extremes(bad=NO_DATA),
    )  # fmt: skip
    for row, column in np.ndindex(shares.shape):
        share, star = float(shares[row, column]), SET * bool(is_set[row, column])
        _write(ax, (row, column), share, star, bool(share < needed[row]))
    labels = [f"{p.name}  {p.title}" for p in patterns.definitions]
    ax.set_yticks(range(n_rows), [*labels, ALL])
    ax.set_xticks(range(n_columns), ["\n".join(head) for head in heads])
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelsize=8, colors=INK)
    ax.spines[:].set_visible(False)
    ax.set_xticks(np.arange(1, n_columns) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, n_rows) - 0.5, minor=True)
    ax.grid(which="minor", color=PAPER, linewidth=1.5)
    ax.tick_params(which="minor", length=0)
    ax.axhline(n_rows - 1.5, color=INK, linewidth=1)
    if is_own:
        _around(ax, patterns)
    return ax


def _cells(patterns: Patterns) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares and whether they are marked, shape (row, scenario), and the share needed by row."""
    names = list(patterns.scenarios)
    table = patterns.shares[patterns.shares["part"] == WHOLE]
    table = table.pivot(index="pattern", columns="scenario", values=["share", "is_set"])
    table = table.loc[[p.name for p in patterns.definitions]]
    joint = patterns.joint.set_index("scenario").loc[names, "share"].to_numpy(dtype=float)
    return (
        np.vstack([table["share"][names].to_numpy(dtype=float), joint]),
        np.vstack([table["is_set"][names].to_numpy(dtype=bool), np.zeros(len(names), bool)]),
        np.array([*(p.needed for p in patterns.definitions), np.nan]),
    )


def _write(ax: Axes, at: tuple[int, int], share: float, star: str, too_few: bool) -> None:
    """The share in its cell (row and column), underlined if it is not enough."""
    row, column = at
    if math.isnan(share):
        ax.text(column, row, "-", ha="center", va="center", fontsize=8, color=FAINT)
        return
    colour = PAPER if share < DARK else INK
    text = f"{percent(share)}{star}"
    ax.text(column, row, text, ha="center", va="center", fontsize=8.5, color=colour)
    if too_few:
        ax.plot([column - 0.17, column + 0.17], [row + 0.33] * 2, color=colour, linewidth=1)


def _around(ax: Axes, patterns: Patterns) -> None:
    """Title above, what the signs mean below."""
    figure = axis.figure_of(ax)
    axis.head(figure, 0.12, "Share of runs, in %, that meets each pattern of 2023", 0.1, 11)
    joint = patterns.joint["n_patterns"]
    asked = f"{joint.min()}" if joint.min() == joint.max() else f"{joint.min()} to {joint.max()}"
    signs = "underlined: fewer than needed"
    if patterns.shares["is_set"].any():
        signs += f"; {SET} the scenario sets a part of it, which is not counted"
    runs = f"all of {asked} patterns; {patterns.runs} runs each, seed {patterns.seed}"
    for text, up in ((signs, 0.42), (runs, 0.26)):
        axis.head(figure, 0.12, text, figure.get_figheight() - up, 7, color=FAINT)
