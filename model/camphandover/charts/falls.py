"""Chart of the date on which a base falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from camphandover.batch.batch import Batch
from camphandover.batch.cubes import holders_of
from camphandover.charts import axis, given
from camphandover.charts.axis import Key, day_text, line_key
from camphandover.charts.keydates import mark_known
from camphandover.charts.registry import chart
from camphandover.charts.style import COLOURS, FAINT, INK, LABELS
from camphandover.measure.intervals import wilson
from camphandover.measure.notation import named
from camphandover.measure.past import with_past
from camphandover.measure.runs import AT_ONCE, NO_TAKER

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
        by: For each holder, the runs in which he has had it at the end of a date or of an earlier
            one, shape (date,).
        n: Runs that did not fail.
    """

    days: np.ndarray
    by: dict[str, np.ndarray]
    n: int


@chart("falls", "when a base falls, and to whom")
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
    the shares of several holders do not add up to one. A line marks the day until which all is
    known: runs are drawn as they are, which the record has chosen up to there.

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
    control = with_past(data, data.control) if isinstance(data, Batch) else data
    if not isinstance(control, xr.DataArray):
        raise TypeError(f"a Batch or its control is needed, not {type(data).__name__}")
    if "replicate" not in control.dims:
        raise ValueError(f"control has no dimension 'replicate', only {tuple(control.dims)}")
    control = given.at(control, scenario=scenario, place=place, slot=slot)
    takers = [name for name in holders_of(control) if name != NO_TAKER]
    if holder is not None and holder not in takers:
        raise ValueError(f"holder {holder!r} takes no base; there is {', '.join(takers)}")
    falls = _count(control)
    drawn = _drawn(falls, takers) if holder is None else [holder]
    ax = axis.framed(ax, 7, 4.0 + 0.12 * len(drawn))
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(axis.PERCENT)
    whom = "" if holder is None else f" to {named(holder)}"
    axis.title(ax, axis.scenario_of(control), f"when does the {slot} of {place} fall{whom}?")
    ax.set_ylabel("share of runs in which it has fallen", fontsize=8, color=INK)
    if len(falls.days):
        edges = axis.dates(ax, falls.days)
        mark_known(ax, control)
        keys: list[Key] = [_draw(ax, edges, falls, one) for one in drawn]
        keys.append(Patch(facecolor=FAINT, alpha=OPACITY, linewidth=0, label="95 % interval"))
        ax.legend(handles=keys, ncols=1, labelspacing=0.35, **axis.below(ax, axis.LEGEND_AT))
    else:
        axis.empty(ax)
    axis.note(ax, given.runs_and_seed(falls.n, given.seed_of(data)))
    return ax


def _count(control: xr.DataArray) -> Falls:
    """Count in how many runs each holder first has the slot by each date.

    Some replicates are read at a time, so that memory does not grow with their number.

    Args:
        control: Holders, dimensions (replicate, date); -1 outside the scenario's window and for
            replicates that failed.
    """
    n_dates, n = control.sizes["date"], 0
    holders = holders_of(control)
    by = np.zeros((len(holders), n_dates), dtype=np.int64)
    inside = np.zeros(n_dates, dtype=bool)
    for first in range(0, control.sizes["replicate"], AT_ONCE):
        part = control.isel(replicate=slice(first, first + AT_ONCE)).load()
        codes = part.transpose("replicate", "date").to_numpy()
        n += int((codes >= 0).any(axis=1).sum())
        inside |= (codes >= 0).any(axis=0)
        for holder in range(len(holders)):
            by[holder] += np.logical_or.accumulate(codes == holder, axis=1).sum(axis=0)
    days = control["date"].to_numpy()[inside]
    return Falls(days, dict(zip(holders, by[:, inside], strict=True)), n)


def _drawn(falls: Falls, takers: list[str]) -> list[str]:
    """Holders who take it in a run, without one who has it from the first day in all runs."""
    if not len(falls.days):
        return []
    return [one for one in takers if falls.by[one][-1] > 0 and falls.by[one][0] < falls.n]


def _draw(ax: Axes, edges: np.ndarray, falls: Falls, holder: str) -> Key:
    """Steps at the dates of the runs, and the band of the interval; the key of both."""
    by, colour = falls.by[holder], COLOURS[holder]
    low, high = wilson(by, falls.n)
    # Before the first fall the bands of all holders would lie on each other, at nil.
    begin = int(np.flatnonzero(by)[0]) if by[-1] else 0
    ax.fill_between(
        edges[begin:], np.append(low, low[-1])[begin:], np.append(high, high[-1])[begin:],
        step="post", color=colour, alpha=OPACITY, linewidth=0, gid=f"interval/{holder}",
    )  # fmt: skip
    ax.stairs(
        by / falls.n, edges, baseline=None, color=colour, linewidth=1.8, path_effects=EDGE,
        gid=f"fallen/{holder}",
    )  # fmt: skip
    return line_key(_told(falls, holder), colour, linewidth=1.8, path_effects=EDGE)


def _told(falls: Falls, holder: str) -> str:
    """`army: 87 of 100 runs by 31 Dec 2023, not in 13; median 20 Nov 2023`."""
    by = falls.by[holder]
    last = day_text(falls.days[-1], SHORT)
    text = f"{LABELS[holder]}: {by[-1]} of {falls.n} runs by {last}"
    if by[-1] < falls.n:
        text += f", not in {falls.n - by[-1]}"
    half = np.flatnonzero(2 * by >= falls.n)
    return text + (f"; median {day_text(falls.days[half[0]], SHORT)}" if len(half) else "")
