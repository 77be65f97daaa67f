"""Chart of the patterns: the share of runs that meets each, scenarios side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from camphandover.charts.palette import FAINT, INK, NO_DATA, PAPER
from camphandover.charts.style import Chart, adopted, styled
from camphandover.judge.patterns.met import WHOLE
from camphandover.say.patterns import SET
from camphandover.say.writers import broken_name as broken

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from camphandover.judge.patterns.patterns import Patterns

COLOURS = "cividis"
"""Of matplotlib: one that the colour-blind read as others do, and that rises in lightness."""
CELL = (0.78, 0.3)
"""Width and height of a cell, inches."""
LEFT, RIGHT, BOTTOM = 2.55, 0.15, 0.62
"""Inches around the cells; the patterns' names stand at the left."""
TITLE = 0.42
LINE = 0.15
"""Height of a line of a scenario's name, inches."""
NARROWEST = 5.2
"""Least width of the figure, inches: its title has one line."""
DARK = 0.55
"""Share below which a cell is dark and its number is written in white."""
CAPTION_TOP = 0.42
ALL = "all of them together"


@styled
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
    names = list(patterns.scenarios)
    heads = [broken(name) for name in names]
    is_own = ax is None
    if ax is None:
        ax = _new_axes(len(shares), len(names), max(map(len, heads)))
    else:
        adopted(ax)
    colours = _colour_map()
    ax.imshow(
        np.ma.masked_invalid(shares), cmap=colours, vmin=0, vmax=1, aspect="auto",
        interpolation="nearest",
    )  # fmt: skip
    for row, column in np.ndindex(shares.shape):
        _write(
            ax,
            row,
            column,
            float(shares[row, column]),
            bool(is_set[row, column]),
            float(needed[row]),
        )
    labels = [f"{p.name}  {p.title}" for p in patterns.definitions]
    ax.set_yticks(range(len(shares)), [*labels, ALL])
    ax.set_xticks(range(len(names)), ["\n".join(head) for head in heads])
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelsize=8, colors=INK)
    ax.spines[:].set_visible(False)
    ax.set_xticks(np.arange(1, len(names)) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, len(shares)) - 0.5, minor=True)
    ax.grid(which="minor", color=PAPER, linewidth=1.5)
    ax.tick_params(which="minor", length=0)
    ax.axhline(len(shares) - 1.5, color=INK, linewidth=1)
    if is_own:
        _around(ax, patterns)
    return ax


def _cells(patterns: Patterns) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares and whether they are marked, shape (row, scenario), and the share needed by row."""
    table = patterns.shares[patterns.shares["part"] == WHOLE].set_index(["pattern", "scenario"])
    keys = [[(p.name, name) for name in patterns.scenarios] for p in patterns.definitions]
    shares = np.array([[table.loc[key, "share"] for key in row] for row in keys], dtype=float)
    is_set = np.array([[table.loc[key, "is_set"] for key in row] for row in keys], dtype=bool)
    joint = patterns.joint.set_index("scenario").loc[list(patterns.scenarios), "share"]
    needed = np.array([*(p.needed for p in patterns.definitions), np.nan])
    return (
        np.vstack([shares, joint.to_numpy(dtype=float)]),
        np.vstack([is_set, np.zeros(len(joint), dtype=bool)]),
        needed,
    )


def _new_axes(n_rows: int, n_columns: int, n_lines: int) -> Axes:
    """Axes of a new figure with room for all names."""
    top = TITLE + LINE * n_lines
    width = max(NARROWEST, LEFT + RIGHT + CELL[0] * n_columns)
    height = top + BOTTOM + CELL[1] * n_rows
    figure = Chart(figsize=(width, height))
    box = (LEFT / width, BOTTOM / height, 1 - (LEFT + RIGHT) / width, 1 - (top + BOTTOM) / height)
    return figure.add_axes(box)


def _colour_map():  # type: ignore[no-untyped-def]
    """The colours of shares; grey where there is none."""
    from matplotlib import colormaps

    return colormaps[COLOURS].with_extremes(bad=NO_DATA)


def _write(ax: Axes, row: int, column: int, share: float, is_set: bool, needed: float) -> None:
    """The share in its cell, underlined if it is not enough."""
    if math.isnan(share):
        ax.text(column, row, "-", ha="center", va="center", fontsize=8, color=FAINT)
        return
    colour = PAPER if share < DARK else INK
    text = f"{math.floor(100 * share + 0.5)}{SET * is_set}"
    ax.text(column, row, text, ha="center", va="center", fontsize=8.5, color=colour)
    if share < needed:
        ax.plot([column - 0.17, column + 0.17], [row + 0.33] * 2, color=colour, linewidth=1)


def _around(ax: Axes, patterns: Patterns) -> None:
    """Title above, what the signs mean below."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches()
    title = "Share of runs, in %, that meets each pattern of 2023"
    figure.text(0.12 / width, 1 - 0.1 / height, title, va="top", fontsize=11, color=INK)
    joint = patterns.joint["n_patterns"]
    asked = f"{joint.min()}" if joint.min() == joint.max() else f"{joint.min()} to {joint.max()}"
    signs = "underlined: fewer than needed"
    if patterns.shares["is_set"].any():
        signs += f"; {SET} the scenario sets a part of it, which is not counted"
    runs = f"all of {asked} patterns; {patterns.runs} runs each, seed {patterns.seed}"
    for text, up in ((signs, CAPTION_TOP), (runs, CAPTION_TOP - 0.16)):
        figure.text(0.12 / width, up / height, text, va="top", fontsize=7, color=FAINT)
