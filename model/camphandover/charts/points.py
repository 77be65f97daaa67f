"""Chart of many scenarios, such as the points of a sweep: a row for each, by date."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from camphandover.charts.axis import dates, frame
from camphandover.charts.control import draw_colours, heatmap_legend, mark_exits
from camphandover.charts.data import caption, inside_window
from camphandover.charts.palette import FAINT, INK
from camphandover.charts.style import Chart, styled
from camphandover.charts.textsize import fitted, text_size

HIGHEST, ROW = 13.0, 0.19
"""Inches of all rows at most, and of a row where there is room."""
WIDTHS = {1: 7.0, 2: 4.2, 3: 2.8}
"""Inches of a column, by their number; of more columns `NARROW`."""
NARROW = 1.9
GAP = 0.15
"""Inches between columns."""
SIZE = 7.5
"""Of the names, points."""
NAME = 150.0
"""Most room of a name, points."""
LINE = 0.15
"""Least inches from one name to the next; where rows are lower, not all are named."""
STEPS = (1, 2, 5, 10, 20, 50, 100)
"""Of which rows one is named."""
ABOVE, BELOW, RIGHT = 0.8, 1.3, 0.2
"""Inches around the columns; names stand at the left."""


@styled
def points_figure(shares: xr.Dataset, places: Sequence[str], question: str) -> Figure:
    """Who most probably has each base by date: a column for each base, a row for each scenario.

    Args:
        shares: Of one slot, dimensions (scenario, place, date, holder).
        places: Names of the bases.
        question: The title.
    Returns:
        The figure; scenarios from top to bottom, the paler the colour, the less certain.
    """
    shares = inside_window(shares.sel(place=list(places)))
    names = [str(name) for name in shares["scenario"].values]
    pattern, short = told_apart(names)
    short = [fitted(name, SIZE, NAME) for name in short]
    left = 0.25 + max(text_size(name, SIZE)[0] for name in short) / 72
    figure, columns = _columns(len(names), len(places), left)
    panels = [shares.sel(place=place, drop=True).rename(scenario="place") for place in places]
    for ax, place, panel in zip(columns, places, panels, strict=True):
        _draw(ax, panel)
        ax.set_title(place if len(panels) > 1 else "", loc="left", fontsize=9, color=INK, pad=4)
        ax.set_yticks([])
    every = _named(len(names))
    columns[0].set_yticks(range(0, len(names), every), short[::every], fontsize=SIZE)
    height, width = figure.get_figheight(), figure.get_figwidth()
    heatmap_legend(columns[0], panels)
    words: dict[str, Any] = {"x": 0.12 / width, "va": "top"}
    figure.text(y=1 - 0.12 / height, s=question, fontsize=12, color=INK, **words)
    rows = fitted(f"rows: {pattern}", 8, 72 * (width - 0.24))
    figure.text(y=1 - 0.36 / height, s=rows, fontsize=8, color=FAINT, **words)
    right, low = 1 - RIGHT / width, 0.1 / height
    figure.text(right, low, caption(shares), ha="right", fontsize=7, color=FAINT)
    return figure


def told_apart(names: Sequence[str]) -> tuple[str, list[str]]:
    """What names have in common, and what is left of each.

    Returns:
        `sweep[Kidal.shift=…]`, and `-30`, `0`, ... of points; `scenario`, and the names if they
        have nothing in common.
    """
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    begin = "".join(letters[0] for letters in same)
    begin = begin[: max(begin.rfind(sign) for sign in "[=,") + 1]
    end = "]" if begin and all(name.endswith("]") for name in names) else ""
    left = [name[len(begin) : len(name) - len(end)] for name in names]
    return (f"{begin}…{end}", left) if begin and all(left) else ("scenarios", list(names))


def _named(n_rows: int) -> int:
    """Of so many rows every which one is named."""
    height = min(ROW, HIGHEST / n_rows)
    return next((step for step in STEPS if step * height >= LINE), STEPS[-1])


def _columns(n_rows: int, n_columns: int, left: float) -> tuple[Figure, list[Axes]]:
    """A figure with axes beside each other, laid out by hand."""
    column = WIDTHS.get(n_columns, NARROW)
    width = left + RIGHT + n_columns * column + (n_columns - 1) * GAP
    high = min(ROW * n_rows, HIGHEST)
    height = ABOVE + BELOW + high
    figure = Chart(figsize=(width, height))
    boxes = [
        ((left + i * (column + GAP)) / width, BELOW / height, column / width, high / height)
        for i in range(n_columns)
    ]
    return figure, [figure.add_axes(box) for box in boxes]


def _draw(ax: Axes, shares: xr.Dataset) -> None:
    """The colours of one base, whose scenarios stand where a heat map has its places."""
    frame(ax)
    ax.tick_params(axis="y", length=0)
    if shares.sizes["date"]:
        edges = dates(ax, shares["date"].to_numpy(), every=1 + (ax.bbox.width < 250))
        draw_colours(ax, shares, edges)
        mark_exits(ax, shares)
