"""Small multiples: who holds each base over time in each scenario."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from camphandover.batch.batch import Batch
from camphandover.charts.axis import LEGEND_AT, below, dates, holder_patches, present_holders
from camphandover.charts.control import draw_stack, exit_key
from camphandover.charts.data import (
    Data,
    as_shares,
    caption,
    check_label,
    chosen,
    inside_window,
    median_exit,
)
from camphandover.charts.palette import FAINT, INK
from camphandover.charts.planned import KEY_BASES, MANY
from camphandover.charts.points import points_figure
from camphandover.charts.style import Chart, styled

PANEL = (1.4, 0.92)
"""Width and height of a panel, inches."""
GAP = 0.12
"""Inches between panels."""
LEFT, RIGHT, TOP, BOTTOM = 1.75, 0.15, 0.62, 0.95
"""Inches around the panels; the names of the scenarios stand at the left."""
NARROWEST = 8.9
"""Least width of the figure, inches: its legend has one line."""
NAME = 17
"""Letters of a scenario's name in a line."""
MONTHS = 2
"""Of which months one has a tick."""


@styled
def control_grid(
    data: Data,
    places: Sequence[str] | None = None,
    scenarios: Sequence[str] | None = None,
    slot: str = "camp",
) -> Figure:
    """Who has each base over time: a row for each scenario, a column for each base.

    Of more than 24 scenarios a row is one of a heat map: the likeliest holder, not all shares. All
    panels have the same dates; a scenario is drawn within its own window only.

    Args:
        data: A batch, its `control`, or its `control_shares`.
        places: Names of bases, in the order wanted; the key bases if not given.
        scenarios: Names of scenarios, in the order wanted; all if not given.
        slot: `camp` or `town`.
    Returns:
        The figure.
    Errors:
        ValueError for a name that the data do not hold, or if nothing is asked for.
    """
    shares = _asked_for(data, places, scenarios, slot)
    names = [str(name) for name in shares["scenario"].values]
    bases = [str(name) for name in shares["place"].values]
    if len(names) > MANY:
        return points_figure(shares, bases, f"Who most probably holds the {slot} of each base?")
    figure, grid = _panels(len(names), len(bases))
    shares = inside_window(shares)
    for row, name in enumerate(names):
        for column, base in enumerate(bases):
            ax: Axes = grid[row, column]
            draw_stack(ax, inside_window(shares.sel(scenario=name, place=base)))
            ax.set_gid(f"{name}/{base}")
            _tidy(ax, shares, row == len(names) - 1, column == 0)
        _name(grid[row, 0], name)
    for ax, base in zip(grid[0], bases, strict=True):
        ax.set_title(base, loc="left", fontsize=9, color=INK, pad=4)
    _around(figure, grid[-1, 0], shares, slot)
    return figure


def _asked_for(
    data: Data, places: Sequence[str] | None, scenarios: Sequence[str] | None, slot: str
) -> xr.Dataset:
    """The shares of the scenarios and bases, with both dimensions even if they are one each."""
    held = data.control if isinstance(data, Batch) else data
    if isinstance(held, xr.DataArray):
        return as_shares(_part(held, places, scenarios, slot))
    return _part(as_shares(held), places, scenarios, slot)


def _part[Labelled: (xr.DataArray, xr.Dataset)](
    held: Labelled, places: Sequence[str] | None, scenarios: Sequence[str] | None, slot: str
) -> Labelled:
    for dim in ("scenario", "place"):
        if dim not in held.dims:
            held = held.expand_dims(dim)
    names = [str(name) for name in held["scenario"].values]
    bases = [str(name) for name in held["place"].values]
    keys = [name for name in KEY_BASES if name in bases]
    wanted = {
        "place": keys or bases if places is None else list(places),
        "scenario": names if scenarios is None else list(scenarios),
    }
    for dim, labels in wanted.items():
        if not labels:
            raise ValueError(f"there is no {dim} to draw")
        for label in labels:
            check_label(held, dim, label)
    return chosen(held.sel(wanted), "slot", slot)


def _panels(n_rows: int, n_columns: int) -> tuple[Figure, np.ndarray]:
    """A figure with a grid of panels; laid out by hand, which is quicker than by matplotlib."""
    gaps = (n_columns - 1) * GAP
    wide = max(PANEL[0], (NARROWEST - LEFT - RIGHT - gaps) / n_columns)
    width = LEFT + RIGHT + n_columns * wide + gaps
    height = TOP + BOTTOM + n_rows * PANEL[1] + (n_rows - 1) * GAP
    figure = Chart(figsize=(width, height))
    figure.subplots_adjust(
        left=LEFT / width,
        right=1 - RIGHT / width,
        top=1 - TOP / height,
        bottom=BOTTOM / height,
        wspace=GAP / wide,
        hspace=GAP / PANEL[1],
    )
    return figure, figure.subplots(n_rows, n_columns, squeeze=False)


def _tidy(ax: Axes, shares: xr.Dataset, is_lowest: bool, is_first: bool) -> None:
    """Common dates; labels at the edges of the figure only."""
    if shares.sizes["date"]:
        dates(ax, shares["date"].to_numpy(), every=MONTHS)
    ax.set_yticks([0, 0.5, 1])
    ax.tick_params(labelsize=7, labelbottom=is_lowest, labelleft=is_first)
    ax.set_xlabel(ax.get_xlabel() if is_lowest else "", fontsize=7)


def _name(ax: Axes, scenario: str) -> None:
    """A scenario's name to the left of its row."""
    ax.annotate(
        _broken(scenario), (0, 0.5), xycoords="axes fraction", xytext=(-36, 0),
        textcoords="offset points", ha="right", va="center", fontsize=8.5, color=INK,
    )  # fmt: skip


def _broken(name: str) -> str:
    """A name in lines, broken after hyphens, commas and brackets; too long a part is cut."""
    parts = name.replace("-", "-\0").replace(",", ",\0").replace("[", "\0[").split("\0")
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1] + part) > NAME:
            lines.append("")
        lines[-1] += part
    return "\n".join(f"{line[: NAME - 1]}…" if len(line) > NAME else line for line in lines)


def _around(figure: Figure, corner: Axes, shares: xr.Dataset, slot: str) -> None:
    """Title, legend and caption."""
    keys: list[Patch | Line2D] = list(holder_patches(present_holders(shares["share"])))
    panels = (
        inside_window(shares.isel(scenario=row, place=column))
        for row in range(shares.sizes["scenario"])
        for column in range(shares.sizes["place"])
    )
    if any(median_exit(panel) is not None for panel in panels):
        keys.append(exit_key())
    corner.legend(handles=keys, ncols=len(keys), **below(corner, LEGEND_AT))
    width, height = figure.get_size_inches()
    left = LEFT / width
    text = f"Who holds the {slot} of each base? Share of runs by date"
    figure.text(left, 1 - 0.12 / height, text, va="top", fontsize=12, color=INK)
    right, low = 1 - RIGHT / width, 0.1 / height
    figure.text(right, low, caption(shares), ha="right", fontsize=7, color=FAINT)
