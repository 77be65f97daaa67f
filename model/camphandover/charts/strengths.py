"""Chart of the forces: men, morale and other daily figures of the sides over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import xarray as xr
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import StrMethodFormatter

from camphandover.batch.batch import Batch
from camphandover.batch.cubes import SERIES
from camphandover.charts.axis import (
    LEGEND_AT,
    dates,
    frame,
    no_runs,
    note,
    scenario_of,
    stack_legends,
    title,
)
from camphandover.charts.bands import band_keys, bands, draw_bands, ordered, series_of
from camphandover.charts.data import axes_or_new, check_label, runs_and_seed, seed_of
from camphandover.charts.palette import INK, colour_of, name_of
from camphandover.charts.style import styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGHTING = ("army", "wagner", "separatists", "gsim")
"""Sides drawn if none is named: the UN's men would dwarf the others'."""
OF_ONE_MIND = ("army", "separatists", "gsim")
"""Sides drawn for morale, which Wagner shares with the army."""
SHARES = ("morale",)
"""Figures that lie between 0 and 1."""
ZERO_TO_ONE = "0 to 1"


@styled
def forces(
    data: Batch | xr.Dataset,
    figure: str = "men",
    scenario: str | None = None,
    sides: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A daily figure of each side over time: median, and bands of 50 % and 90 % of the runs.

    Args:
        data: A batch, or its `series`.
        figure: `men`, `morale`, `vehicles`, `supply`, `dead`, ...: those of `batch.series` that
            have sides.
        scenario: Its name; may be left out if the data hold one.
        sides: Of army, wagner, separatists, gsim, minusma, partners; if not given, the first
            four, of whom Wagner's morale is the army's and is left out.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes; upwards the figure in its unit.
    Errors:
        ValueError for a name that the data do not hold.
    """
    if figure not in SERIES:
        raise ValueError(f"figure {figure!r} is not in the data; there is {', '.join(SERIES)}")
    series = series_of(data, scenario, [figure])
    who = list(sides or (OF_ONE_MIND if figure in SHARES else FIGHTING))
    for side in who:
        check_label(series, "side", side)
    found = bands(series, lambda part: ordered(part[figure], who), len(who))
    is_own = ax is None
    ax = axes_or_new(ax, 7, 4.2)
    frame(ax)
    unit, meaning = SERIES[figure]
    if len(found.days):
        edges = dates(ax, found.days)
        for column, side in enumerate(who):
            draw_bands(ax, edges, found.levels[..., column], colour_of(side), side)
        ax.set_ylim(0, 1 if figure in SHARES else None)
    else:
        no_runs(ax)
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    title(ax, scenario_of(series), meaning.removesuffix(f", {ZERO_TO_ONE}"))
    ax.set_ylabel(ZERO_TO_ONE if unit == "1" else unit, fontsize=8, color=INK)
    if is_own:
        _legends(ax, who)
        note(ax, runs_and_seed(found.n, seed_of(data)))
    return ax


def _legends(ax: Axes, sides: list[str]) -> None:
    """Two rows below the chart: the sides, and what line and bands are."""
    who: list[Patch | Line2D] = [
        Line2D([], [], color=colour_of(side), linewidth=2.4, label=name_of(side)) for side in sides
    ]
    stack_legends(ax, [who, band_keys()], LEGEND_AT)
