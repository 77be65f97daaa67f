"""Chart of the date on which a base falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import PercentFormatter

from camphandover.batch.batch import Batch
from camphandover.batch.cubes import holders_of
from camphandover.charts.axis import (
    LEGEND_AT,
    below,
    dates,
    day_text,
    frame,
    no_runs,
    note,
    scenario_of,
    title,
)
from camphandover.charts.data import axes_or_new, chosen, of_scenario, runs_and_seed, seed_of
from camphandover.charts.palette import COLOURS, FAINT, INK, LABELS
from camphandover.charts.style import styled
from camphandover.measure.intervals import wilson
from camphandover.measure.runs import AT_ONCE, NO_TAKER
from camphandover.say.sentences import holder_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHORT = "%b %Y"
"""Form of dates in the legend."""
EDGE = [withStroke(linewidth=2.6, foreground=INK)]
"""A thin dark edge of the lines: that of nobody is a light one."""
OPACITY = 0.2
"""Of the band of an interval."""


@dataclass(frozen=True)
class Falls:
    """In how many runs a base has fallen by each date.

    Attributes:
        days: Dates of the scenario, shape (date,).
        by: Runs in which the holder has had it at the end of that date or an earlier one, shape
            (holder, date).
        n: Runs that did not fail.
        holders: Their names.
    """

    days: np.ndarray
    by: np.ndarray
    n: int
    holders: tuple[str, ...]

    def to(self, holder: str) -> np.ndarray:
        """Runs in which this holder has had it by each date."""
        runs: np.ndarray = self.by[self.holders.index(holder)]
        return runs


@styled
def fall_dates(
    data: Batch | xr.DataArray,
    place: str,
    holder: str | None = None,
    scenario: str | None = None,
    slot: str = "camp",
    ax: Axes | None = None,
) -> Axes:
    """On which date a base first falls to a holder: share of the runs by then, with intervals.

    A run in which it has not fallen by the last day counts to the end as not fallen (censored);
    the legend tells how many those are. A base may fall to one holder and later to another, so
    the shares of several holders do not add up to one.

    Args:
        data: A batch, or its `control`.
        place: Name of the base.
        holder: `army`, `separatists`, `gsim`, `joint` or `nobody`; if not given, each who ever
            takes it and does not have it from the first day in all runs.
        scenario: Its name; may be left out if the data hold one.
        slot: `camp` or `town`.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes; upwards the share, with a band of the 95 % Wilson interval from the first fall on.
    Errors:
        ValueError for a name that the data do not hold.
    """
    control = _control(data, place, slot, scenario)
    takers = [name for name in holders_of(control) if name != NO_TAKER]
    if holder is not None and holder not in takers:
        raise ValueError(f"holder {holder!r} takes no base; there is {', '.join(takers)}")
    falls = count_falls(control)
    drawn = _drawn(falls) if holder is None else [holder]
    ax = axes_or_new(ax, 7, 4.0 + 0.12 * len(drawn))
    frame(ax)
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    whom = "" if holder is None else f" to {holder_name(holder)}"
    title(ax, scenario_of(control), f"when does the {slot} of {place} fall{whom}?")
    ax.set_ylabel("share of runs in which it has fallen", fontsize=8, color=INK)
    if len(falls.days):
        edges = dates(ax, falls.days)
        for one in drawn:
            _draw(ax, edges, falls, one)
        _legend(ax, falls, drawn)
    else:
        no_runs(ax)
    note(ax, runs_and_seed(falls.n, seed_of(data)))
    return ax


def _control(
    data: Batch | xr.DataArray, place: str, slot: str, scenario: str | None
) -> xr.DataArray:
    """Holders of the slot, dimensions (replicate, date)."""
    control = data.control if isinstance(data, Batch) else data
    if not isinstance(control, xr.DataArray):
        raise TypeError(f"a Batch or its control is needed, not {type(data).__name__}")
    if "replicate" not in control.dims:
        raise ValueError(f"control has no dimension 'replicate', only {tuple(control.dims)}")
    return chosen(chosen(of_scenario(control, scenario), "place", place), "slot", slot)


def count_falls(control: xr.DataArray) -> Falls:
    """Count in how many runs each holder first has the slot by each date.

    Some replicates are read at a time, so that memory does not grow with their number.

    Args:
        control: Holders, dimensions (replicate, date); -1 outside the scenario's window and for
            replicates that failed.
    """
    n_dates, n = control.sizes["date"], 0
    holders = holders_of(control)
    firsts = np.zeros((len(holders), n_dates), dtype=np.int64)
    inside = np.zeros(n_dates, dtype=bool)
    for first in range(0, control.sizes["replicate"], AT_ONCE):
        part = control.isel(replicate=slice(first, first + AT_ONCE)).load()
        codes = part.transpose("replicate", "date").to_numpy()
        n += int((codes >= 0).any(axis=1).sum())
        inside |= (codes >= 0).any(axis=0)
        for holder in range(len(holders)):
            has = codes == holder
            days = has.argmax(axis=1)[has.any(axis=1)]
            firsts[holder] += np.bincount(days, minlength=n_dates)
    days = control["date"].to_numpy()[inside]
    return Falls(days, firsts.cumsum(axis=1)[:, inside], n, holders)


def _drawn(falls: Falls) -> list[str]:
    """Holders who take it in a run, without one who has it from the first day in all runs."""
    if not len(falls.days):
        return []
    taken = {name: falls.to(name) for name in falls.holders if name != NO_TAKER}
    return [name for name, by in taken.items() if by[-1] > 0 and by[0] < falls.n]


def _draw(ax: Axes, edges: np.ndarray, falls: Falls, holder: str) -> None:
    """Steps at the dates of the runs, and the band of the interval."""
    by = falls.to(holder)
    low, high = wilson(by, falls.n)
    colour = COLOURS[holder]
    # Before the first fall the bands of all holders would lie on each other, at nil.
    begin = int(np.flatnonzero(by)[0]) if by[-1] else 0
    band = ax.fill_between(
        edges[begin:], np.append(low, low[-1])[begin:], np.append(high, high[-1])[begin:],
        step="post", color=colour, alpha=OPACITY, linewidth=0,
    )  # fmt: skip
    band.set_gid(f"interval/{holder}")
    steps = ax.stairs(
        by / falls.n, edges, baseline=None, color=colour, linewidth=1.8, path_effects=EDGE
    )
    steps.set_gid(f"fallen/{holder}")


def _legend(ax: Axes, falls: Falls, drawn: list[str]) -> None:
    """A line for each holder: in how many runs, the median date, and how many are left."""
    keys: list[Patch | Line2D] = [
        Line2D(
            [], [], color=COLOURS[one], linewidth=1.8, label=_told(falls, one), path_effects=EDGE
        )
        for one in drawn
    ]
    keys.append(Patch(facecolor=FAINT, alpha=OPACITY, linewidth=0, label="95 % interval"))
    ax.legend(handles=keys, ncols=1, labelspacing=0.35, **below(ax, LEGEND_AT))


def _told(falls: Falls, holder: str) -> str:
    """`army: 87 of 100 runs by 31 Dec 2023, not in 13; median 20 Nov 2023`."""
    by = falls.to(holder)
    last = day_text(falls.days[-1], SHORT)
    text = f"{LABELS[holder]}: {by[-1]} of {falls.n} runs by {last}"
    if by[-1] < falls.n:
        text += f", not in {falls.n - by[-1]}"
    half = np.flatnonzero(2 * by >= falls.n)
    return text + (f"; median {day_text(falls.days[half[0]], SHORT)}" if len(half) else "")
