"""Daily figures over all runs: median and bands, read in parts and drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from camphandover.batch.batch import Batch
from camphandover.charts.data import of_scenario
from camphandover.charts.palette import FAINT
from camphandover.measure.shares import AT_ONCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Shares of the runs below the edges of the bands and the median."""
CELLS = 8_000_000
"""Values held at a time, so that memory does not grow with the number of runs."""
OUTER, INNER = 0.16, 0.3
"""Opacity of the bands of 90 % and of 50 % of the runs."""

Columns = Callable[[xr.Dataset], np.ndarray]
"""Figures of some replicates, shape (replicate, date, column), of their stored ones."""


@dataclass(frozen=True)
class Bands:
    """Figures by day over all runs that did not fail.

    Attributes:
        days: Dates of the scenario, shape (date,).
        levels: Quantiles at `LEVELS`, shape (level, date, column).
        n: Number of runs.
    """

    days: np.ndarray
    levels: np.ndarray
    n: int


def series_of(data: Batch | xr.Dataset, scenario: str | None, names: list[str]) -> xr.Dataset:
    """Daily figures of one scenario.

    Args:
        data: A batch, or its `series`.
        scenario: Its name; may be left out if the data hold one.
        names: Of the figures.
    Errors:
        ValueError for a name that the data do not hold; TypeError for other data.
    """
    held = data.series if isinstance(data, Batch) else data
    if not isinstance(held, xr.Dataset):
        raise TypeError(f"a Batch or its series is needed, not {type(data).__name__}")
    for name in names:
        if name not in held:
            known = ", ".join(str(known) for known in held)
            raise ValueError(f"figure {name!r} is not in the data; there is {known}")
    return of_scenario(held[names], scenario)


def bands(series: xr.Dataset, columns: Columns, n_columns: int) -> Bands:
    """Quantiles over the runs, day by day.

    Some replicates are read at a time, and of very many runs some dates at a time.

    Args:
        series: Daily figures of one scenario, with `replicate` and `date`; nan outside its window
            and for replicates that failed.
        columns: What is wanted of them.
        n_columns: How many columns that is.
    Errors:
        ValueError if there is no dimension `replicate`.
    """
    if "replicate" not in series.dims:
        raise ValueError(f"there is no dimension 'replicate', only {tuple(series.dims)}")
    n_runs, n_dates = series.sizes["replicate"], series.sizes["date"]
    at_once = max(1, CELLS // (n_runs * n_columns))
    levels = np.full((len(LEVELS), n_dates, n_columns), np.nan)
    n = 0
    for first in range(0, n_dates, at_once):
        dates = slice(first, first + at_once)
        values = _read(series.isel(date=dates), columns)
        values = values[~np.isnan(values).all(axis=(1, 2))]
        if len(values):
            known = np.flatnonzero(~np.isnan(values).any(axis=(0, 2)))
            levels[:, first + known] = np.quantile(values[:, known], LEVELS, axis=0)
            n = len(values)
    inside = ~np.isnan(levels[0, :, 0])
    return Bands(series["date"].to_numpy()[inside], levels[:, inside], n)


def _read(series: xr.Dataset, columns: Columns) -> np.ndarray:
    """All replicates of some dates, shape (replicate, date, column)."""
    parts = []
    for first in range(0, series.sizes["replicate"], AT_ONCE):
        part = series.isel(replicate=slice(first, first + AT_ONCE)).load()
        parts.append(columns(part).astype(np.float32))
    return np.concatenate(parts)


def ordered(figure: xr.DataArray, sides: list[str]) -> np.ndarray:
    """A figure of sides, shape (replicate, date, side)."""
    values: np.ndarray = figure.sel(side=sides).transpose("replicate", "date", "side").to_numpy()
    return values


def draw_bands(
    ax: Axes, edges: np.ndarray, levels: np.ndarray, colour: str, name: str, style: str = "-"
) -> None:
    """The median as a line, and bands of 50 % and 90 % of the runs, in steps.

    A figure is that at the end of its day, and is drawn from 0:00 to 24:00 of it.

    Args:
        ax: Axes with dates.
        edges: Of the days, shape (date + 1,).
        levels: Quantiles of one column at `LEVELS`, shape (level, date).
        colour: Whose.
        name: Of the line and its bands, as they are found again.
        style: Of the line.
    """
    held = np.concatenate([levels[:, :1], levels], axis=1)
    for low, high, opacity in ((0, 4, OUTER), (1, 3, INNER)):
        area = ax.fill_between(
            edges, held[low], held[high], step="pre", color=colour, alpha=opacity, linewidth=0
        )
        area.set_gid(f"band/{name}")
    (line,) = ax.plot(edges, held[2], style, drawstyle="steps-pre", color=colour, linewidth=1.8)
    line.set_gid(f"median/{name}")


def band_keys() -> list[Patch | Line2D]:
    """Keys of the legend for line and bands."""
    return [
        Line2D([], [], color=FAINT, linewidth=1.8, label="median"),
        Patch(facecolor=FAINT, alpha=OUTER + INNER, linewidth=0, label="50 % of runs"),
        Patch(facecolor=FAINT, alpha=OUTER, linewidth=0, label="90 % of runs"),
    ]
