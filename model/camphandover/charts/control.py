"""Charts of control: stacked shares at one base, and all bases by date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.dates import date2num
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, StepPatch
from matplotlib.ticker import PercentFormatter

from camphandover.batch.batch import Batch
from camphandover.charts.axis import (
    LEGEND_AT,
    TITLE_GAP,
    dates,
    frame,
    holder_patches,
    no_runs,
    note,
    present_holders,
    scenario_of,
    stack_legends,
    title,
    words,
)
from camphandover.charts.data import (
    Data,
    axes_or_new,
    caption,
    inside_window,
    median_exit,
    median_exits,
    some_shares,
)
from camphandover.charts.keydates import key_dates, mark_key_dates
from camphandover.charts.palette import COLOURS, FAINT, INK, LABELS, NO_DATA, PAPER, STACK
from camphandover.charts.style import styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = ((0.95, 1.0, "95 % or more"), (0.75, 0.7, "75-95 %"), (0.5, 0.42, "50-75 %"))
"""Shares of runs from which a colour has a strength, the strength, and what the key says."""
WEAKEST = (0.2, "under 50 %")


@styled
def control_over_time(
    data: Data, place: str, slot: str = "camp", scenario: str | None = None, ax: Axes | None = None
) -> Axes:
    """Who has a base, day by day: shares of runs, stacked.

    A dashed line marks the day by which the UN is gone in half of the runs. Of a batch, dotted
    lines mark the UN's plan, the end of its mandate, and the known events that bear on the base.

    Args:
        data: A batch, its `control`, or its `control_shares`.
        place: Name of the place.
        slot: `camp` or `town`.
        scenario: Its name; may be left out if the data hold one.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes; `ax.figure.savefig(...)` keeps it.
    Errors:
        ValueError for a name that the data do not hold.
    """
    shares = inside_window(some_shares(data, scenario, place=place, slot=slot))
    is_own = ax is None
    ax = axes_or_new(ax, 7, 3.8)
    draw_stack(ax, shares)
    gap = TITLE_GAP
    if isinstance(data, Batch) and shares.sizes["date"]:
        found = key_dates(data.scenario(str(shares["scenario"].values)), place, slot)
        gap += mark_key_dates(ax, found)
    title(ax, scenario_of(shares), f"who holds the {slot} of {place}?", gap)
    ax.set_ylabel("share of runs", fontsize=8, color=INK)
    if is_own:
        _stack_legend(ax, shares)
        note(ax, caption(shares))
    return ax


def draw_stack(ax: Axes, shares: xr.Dataset) -> None:
    """Stack the shares of one scenario, place and slot; mark the UN's median exit."""
    frame(ax)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    if shares.sizes["date"] == 0:
        no_runs(ax)
        return
    days = shares["date"].to_numpy()
    edges = dates(ax, days)
    bottom = np.zeros(len(days))
    for holder in (name for name in STACK if name in shares["holder"].values):
        height = shares["share"].sel(holder=holder).to_numpy()
        top = bottom + height
        if height.any():
            area = StepPatch(top, edges, color=COLOURS[holder], label=LABELS[holder], fill=True)
            area.set_data(baseline=bottom)  # type: ignore[arg-type]
            area.set_linewidth(0)
            ax.add_artist(area)
        bottom = top
    exit_day = median_exit(shares)
    if exit_day is not None:
        ax.axvline(date2num(exit_day), color=PAPER, linewidth=2.2)
        ax.axvline(date2num(exit_day), color=INK, linewidth=1.1, linestyle=(0, (4, 2)))


def exit_key() -> Line2D:
    """Key of the legend for the UN's exit."""
    label = "UN gone in half of the runs"
    return Line2D([], [], color=INK, linewidth=1.1, linestyle=(0, (4, 2)), label=label)


def _stack_legend(ax: Axes, shares: xr.Dataset) -> None:
    keys: list[Patch | Line2D] = list(holder_patches(present_holders(shares["share"])))
    if shares.sizes["date"] and median_exit(shares) is not None:
        keys.append(exit_key())
    stack_legends(ax, [keys], LEGEND_AT)


@styled
def control_heatmap(
    data: Data, scenario: str | None = None, slot: str = "camp", ax: Axes | None = None
) -> Axes:
    """Who most probably has each base by date; the paler, the less certain.

    Args:
        data: A batch, its `control`, or its `control_shares`.
        scenario: Its name; may be left out if the data hold one.
        slot: `camp` or `town`.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes: places from north to south within regions, dates along.
    Errors:
        ValueError for a name that the data do not hold.
    """
    shares = inside_window(some_shares(data, scenario, slot=slot))
    shares = shares.isel(place=_north_to_south(shares))
    ax = axes_or_new(ax, 8.6, 1.75 + 0.2 * shares.sizes["place"])
    frame(ax)
    n_places = shares.sizes["place"]
    if shares.sizes["date"]:
        days = shares["date"].to_numpy()
        draw_colours(ax, shares, dates(ax, days))
        mark_exits(ax, shares)
    ax.set_yticks(range(n_places), [str(name) for name in shares["place"].values], fontsize=8)
    ax.tick_params(axis="y", length=0)
    _separate_regions(ax, shares)
    title(ax, scenario_of(shares), f"who most probably holds each {slot}?")
    heatmap_legend(ax, [shares])
    note(ax, caption(shares))
    return ax


def draw_colours(ax: Axes, shares: xr.Dataset, edges: np.ndarray) -> None:
    """Colours of the likeliest holders: places from top to bottom, dates along."""
    extent = (edges[0], edges[-1], shares.sizes["place"] - 0.5, -0.5)
    ax.imshow(holder_colours(shares), extent=extent, aspect="auto", interpolation="nearest")


def likeliest(shares: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Index of the likeliest holder (-1 without runs) and its share, shape (place, date)."""
    share = shares["share"].transpose("place", "date", "holder").to_numpy()
    known = ~np.isnan(share).any(axis=-1)
    filled = np.where(known[..., None], share, -1.0)
    best = filled.argmax(axis=-1)
    return np.where(known, best, -1), np.where(known, filled.max(axis=-1), np.nan)


def strength(share: np.ndarray) -> np.ndarray:
    """Strength of the colour for the share of the likeliest holder, in steps of `STEPS`."""
    result = np.full(share.shape, WEAKEST[0])
    for least, value, _ in reversed(STEPS):
        result[share >= least] = value
    return result


def holder_colours(shares: xr.Dataset) -> np.ndarray:
    """Colour of the likeliest holder, the paler the less certain, shape (place, date, 3)."""
    best, share = likeliest(shares)
    palette = np.array([to_rgb(COLOURS[str(holder)]) for holder in shares["holder"].values])
    alpha = strength(np.nan_to_num(share))[..., None]
    colours = palette[best] * alpha + np.array(to_rgb(PAPER)) * (1 - alpha)
    return np.where((best >= 0)[..., None], colours, to_rgb(NO_DATA))


def _north_to_south(shares: xr.Dataset) -> np.ndarray:
    """Order of places: regions by their northernmost place, places by latitude."""
    if "lat" not in shares.coords:
        return np.arange(shares.sizes["place"])
    lat, region = shares["lat"].to_numpy(), shares["region"].to_numpy()
    north = {name: lat[region == name].max() for name in set(region)}
    rows = range(len(lat))
    return np.array(sorted(rows, key=lambda i: (-north[region[i]], str(region[i]), -lat[i])))


def _separate_regions(ax: Axes, shares: xr.Dataset) -> None:
    """Thin lines between places, thick ones between regions, their names at the right edge."""
    for row in range(1, shares.sizes["place"]):
        ax.axhline(row - 0.5, color=PAPER, linewidth=0.5)
    if "region" not in shares.coords:
        return
    regions = [str(name) for name in shares["region"].values]
    starts = [i for i, name in enumerate(regions) if i == 0 or name != regions[i - 1]]
    for start, stop in zip(starts, [*starts[1:], len(regions)], strict=True):
        if start:
            ax.axhline(start - 0.5, color=INK, linewidth=0.9)
        ax.text(
            1.008, (start + stop - 1) / 2, regions[start], transform=ax.get_yaxis_transform(),
            va="center", fontsize=7.5, color=FAINT,
        )  # fmt: skip


def mark_exits(ax: Axes, shares: xr.Dataset) -> None:
    """A tick at the UN's median exit from each camp."""
    days = median_exits(shares)
    rows = np.flatnonzero(~np.isnat(days))
    ax.vlines(date2num(days[rows]), rows - 0.5, rows + 0.5, INK, linewidth=1.4, gid="exits")


def heatmap_legend(ax: Axes, panels: Sequence[xr.Dataset]) -> None:
    """Rows below the chart: whose colour, how strong for which share of runs, the UN's exit.

    Args:
        ax: The axes below which they stand.
        panels: What is drawn: shares of one scenario and slot.
    """
    best = np.unique(np.concatenate([likeliest(one)[0].ravel() for one in panels]))
    names = [str(panels[0]["holder"].values[code]) for code in best[best >= 0]]
    legends: list[list[Patch] | list[Line2D]] = [
        [words("likeliest holder:"), *holder_patches(names)],
        [words("in this share of runs:"), *certainty_patches()],
    ]
    if not all(np.isnat(median_exits(one)).all() for one in panels):
        tick = Line2D([], [], color=INK, marker="|", markersize=9, markeredgewidth=1.4)
        tick.set(linewidth=0, label="UN gone in half of the runs")
        legends.append([tick])
    stack_legends(ax, legends, LEGEND_AT)


def certainty_patches() -> list[Patch]:
    """Keys of the legend for the strength of a colour."""
    greys = [(value, text) for _, value, text in STEPS] + [WEAKEST]
    return [Patch(facecolor=str(1 - value * 0.75), label=text) for value, text in greys]
