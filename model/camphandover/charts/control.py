"""Charts of control: stacked shares at a base, in panels, and the likeliest holders by date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from camphandover import inputs
from camphandover.batch.batch import Batch
from camphandover.batch.store import CHARTS
from camphandover.charts import axis, given, style
from camphandover.charts.axis import PANEL_SIZE, Key, line_key, words
from camphandover.charts.given import Data, labels_of
from camphandover.charts.keydates import key_dates, known_text, mark_key_dates, mark_known
from camphandover.charts.planned import MANY, chart_files, is_current
from camphandover.charts.registry import chart
from camphandover.charts.style import FAINT, INK, PAPER
from camphandover.measure.outcomes import KEY_BASES
from camphandover.measure.shares import control_shares

STEPS = ((0.95, 1.0, "95 % or more"), (0.75, 0.7, "75-95 %"), (0.5, 0.42, "50-75 %"))
"""Shares of runs from which a colour has a strength, the strength, and what the key says."""
WEAKEST = (0.2, "under 50 %")
EXIT = "UN gone in half of the runs"
DIFFER: dict[str, Any] = {"fill": True, "facecolor": (1, 1, 1, 0.75), "edgecolor": INK}
DIFFER |= {"hatch": "//////", "linewidth": 0}
"""Of the share of runs in which another one has a base than by the record."""
BASE_AROUND, GRID_AROUND = (0.75, 0.2, 0.68, 0.95), (1.75, 0.15, 0.62, 0.95)
"""Inches around the panels of one base, and around those of a grid, which has names at the left."""
BASE_SHEET = ((3.1, 1.75), BASE_AROUND, (0.25, 0.4), 8.0)
GRID_SHEET = ((1.4, 0.92), GRID_AROUND, (0.12, 0.12), 8.9)
"""Sizes as `panels` of `axis` takes them; so wide that a legend has one line."""
BASE_COLUMNS = 3
NAME = 17
"""Letters of a scenario's name in a line at the left of a grid."""
HIGHEST, ROW = 13.0, 0.19
"""Inches of all rows of a heat map of many scenarios at most, and of a row where there is room."""
WIDTHS, NARROW, POINTS_GAP = {1: 7.0, 2: 4.2, 3: 2.8}, 1.9, 0.15
"""Inches of its columns by their number, of more of them, and between them."""
POINTS_SIZE, POINTS_NAME = 7.5, 150.0
"""Size of its names and most room of one, points."""
LINE, EVERY = 0.15, (1, 2, 5, 10, 20, 50, 100)
"""Least inches from one name to the next; where rows are lower, of how many one is named."""


# --- stacked shares ----------------------------------------------------------------------


@chart()
def control_over_time(
    data: Data, place: str, slot: str = "camp", scenario: str | None = None, ax: Axes | None = None
) -> Axes:
    """Who has a base, day by day: shares of runs, stacked.

    A dashed line marks the day by which the UN is gone in half of the runs. Of a batch, dotted
    lines mark the UN's plan, the end of its mandate, and the known events that bear on the base.
    Of runs that go on from what was known the past is drawn by the record, up to a full line; the
    share of runs that differ from it is hatched.

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
    shares = given.inside_window(given.some_shares(data, scenario=scenario, place=place, slot=slot))
    is_own = ax is None
    ax = axis.axes_or_new(ax, 7, 3.8)
    _draw_stack(ax, shares)
    gap = axis.TITLE_GAP
    if isinstance(data, Batch) and shares.sizes["date"]:
        found = key_dates(data.scenario(str(shares["scenario"].values)), place, slot)
        gap += mark_key_dates(ax, found)
    axis.title(ax, axis.scenario_of(shares), f"who holds the {slot} of {place}?", gap)
    ax.set_ylabel("share of runs", fontsize=8, color=INK)
    if is_own:
        axis.stack_legends(ax, _stack_keys([shares]))
        axis.note(ax, given.caption(shares))
    return ax


@chart("control", "who holds a base over time; a panel for each scenario if there are several")
def _control(
    data: Data, place: str, slot: str = "camp", scenarios: Sequence[str] | None = None
) -> Axes | Figure:
    """A base in one scenario, or a panel for each of several."""
    names = list(scenarios or labels_of(given.known(data), "scenario"))
    if len(names) == 1:
        return control_over_time(data, place, slot, names[0])
    return base_figure(
        given.some_shares(data, scenario=names, place=[place], slot=[slot]), place, slot
    )


@chart(leaves="control-{base}", title="Who holds the camp of {}, by scenario")
def base_figure(data: Data, place: str, slot: str = "camp") -> Figure:
    """Control over time of one base: a panel for each scenario; a row for each if they are many.

    Args:
        data: A batch, its `control`, or its `control_shares`.
        place: Name of the base.
        slot: `camp` or `town`.
    Returns:
        The figure; see `control_over_time`, and for more than 24 scenarios `control_heatmap`.
    Errors:
        ValueError for a name that the data do not hold.
    """
    names = labels_of(given.known(data), "scenario")
    here = given.some_shares(data, scenario=names, place=[place], slot=slot)
    if len(names) > MANY:
        return _points(here, [place], f"Who most probably holds the {slot} of {place}?")
    here = given.inside_window(here.isel(place=0))
    n_columns = min(BASE_COLUMNS, len(names))
    figure, panels = axis.panels(len(names), n_columns, *_roomy(BASE_SHEET, here))
    _draw_stacks(panels, n_columns, [here.sel(scenario=name) for name in names], here)
    for ax, name in zip(panels, names, strict=True):
        axis.heading(ax, style.fitted(name, 9, axis.room_of(ax)), size=PANEL_SIZE)
    n_rows = -(-len(names) // n_columns)
    panels[(n_rows - 1) // 2 * n_columns].set_ylabel("share of runs", fontsize=9, color=INK)
    axis.head(figure, BASE_AROUND[0], f"Who holds the {slot} of {place}?", size=13)
    axis.foot(figure, BASE_AROUND[0] / 4, given.caption(here), 7.5)
    return figure


@chart("grid", "who holds each base over time, scenarios by bases")
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
    there = labels_of(given.known(data), "place")
    keys = [name for name in KEY_BASES if name in there] or there
    bases = keys if places is None else list(places)
    names = labels_of(given.known(data), "scenario") if scenarios is None else list(scenarios)
    for dim, wanted in (("place", bases), ("scenario", names)):
        if not wanted:
            raise ValueError(f"there is no {dim} to draw")
    shares = given.some_shares(data, scenario=names, place=bases, slot=slot)
    if len(names) > MANY:
        return _points(shares, bases, f"Who most probably holds the {slot} of each base?")
    n_columns = len(bases)
    figure, panels = axis.panels(len(names) * n_columns, n_columns, *_roomy(GRID_SHEET, shares))
    shares = given.inside_window(shares)
    cells = [(name, base) for name in names for base in bases]
    stacks = [shares.sel(scenario=name, place=base) for name, base in cells]
    _draw_stacks(panels, n_columns, stacks, shares, every=2)
    for ax, (name, base) in zip(panels, cells, strict=True):
        ax.set_gid(f"{name}/{base}")
        ax.set_yticks([0, 0.5, 1])
        ax.tick_params(labelsize=7)
        ax.xaxis.label.set_fontsize(7)
        if base == bases[0]:
            _name_scenario(ax, name)
        if name == names[0]:
            axis.heading(ax, base, 4, PANEL_SIZE)
    question = f"Who holds the {slot} of each base? Share of runs by date"
    axis.head(figure, GRID_AROUND[0], question)
    axis.foot(figure, GRID_AROUND[1], given.caption(shares))
    return figure


def _draw_stacks(
    panels: Sequence[Axes],
    n_columns: int,
    stacks: Sequence[xr.Dataset],
    shares: xr.Dataset,
    every: int = 1,
) -> None:
    """Stacks in panels with common dates, labels at the edges of the figure only, one legend."""
    days = shares["date"].to_numpy()
    stacks = [given.inside_window(one) for one in stacks]
    for i, (ax, one) in enumerate(zip(panels, stacks, strict=True)):
        _draw_stack(ax, one)
        if len(days):
            axis.dates(ax, days, every)
        is_lowest = i + n_columns >= len(panels)
        ax.tick_params(labelbottom=is_lowest, labelleft=i % n_columns == 0)
        ax.set_xlabel(ax.get_xlabel() if is_lowest else "")
    corner = (len(panels) - 1) // n_columns * n_columns
    axis.stack_legends(panels[corner], _stack_keys(stacks))


def _draw_stack(ax: Axes, shares: xr.Dataset) -> None:
    """Stack the shares of one scenario, place and slot; mark the UN's median exit."""
    axis.frame(ax)
    ax.set(ylim=(0, 1), yticks=[0, 0.25, 0.5, 0.75, 1])
    ax.yaxis.set_major_formatter(axis.PERCENT)
    if shares.sizes["date"] == 0:
        axis.empty(ax)
        return
    edges = axis.dates(ax, shares["date"].to_numpy())
    stack(ax, edges, dict(zip(labels_of(shares, "holder"), _heights(shares), strict=True)))
    if (differing := _differing(shares)).any():
        ax.stairs(differing, edges, gid="differ", **DIFFER)
    mark_known(ax, shares)
    exit_day = given.median_exit(shares)
    if exit_day is not None:
        ax.axvline(date2num(exit_day), color=PAPER, linewidth=2.2)
        ax.axvline(date2num(exit_day), color=INK, linewidth=1.1, linestyle=axis.DASHED)


def stack(ax: Axes, edges: np.ndarray, shares: Mapping[str, np.ndarray]) -> None:
    """Areas of holders on each other.

    Args:
        ax: Axes with dates.
        edges: Of the days, shape (date + 1,).
        shares: By holder, shape (date,).
    """
    bottom = np.zeros(len(edges) - 1)
    for holder in (name for name in style.STACK if name in shares):
        top = bottom + shares[holder]
        if shares[holder].any():
            ax.stairs(
                top, edges, baseline=bottom, fill=True, color=style.COLOURS[holder],
                label=style.LABELS[holder], linewidth=0,
            )  # fmt: skip
        bottom = top


def _stack_keys(stacks: Sequence[xr.Dataset]) -> list[list[Key]]:
    """Rows of the legend: the holders who have the slot in a run, and the UN's exit; the past, if
    it is known, and where runs differ from it."""
    has = [(_heights(one) > 0).any(axis=1) for one in stacks]
    seen = np.array(labels_of(stacks[0], "holder"))[np.any(has, axis=0)]
    keys: list[Key] = [*axis.holder_patches(seen)]
    if any(given.median_exit(one) is not None for one in stacks):
        keys.append(line_key(EXIT, linewidth=1.1, linestyle=axis.DASHED))
    past = _past_keys(stacks)
    if any(_differing(one).any() for one in stacks):
        past.append(Patch(label="runs that differ from the record", **DIFFER))
    return [keys, past] if past else [keys]


def _past_keys(panels: Sequence[xr.Dataset]) -> list[Key]:
    """The key of the day until which all is known, if any is."""
    days = np.concatenate([given.known_days(one) for one in panels])
    text = f"{known_text(days)}; up to there by the record" if (~np.isnat(days)).any() else ""
    return [line_key(text, linewidth=1.6)] if text else []


def _heights(shares: xr.Dataset) -> np.ndarray:
    """What is drawn of one scenario, place and slot: shares of runs, and of the past that is known
    the one who had it by the record; shape (holder, date)."""
    heights = shares["share"].transpose("holder", "date").to_numpy().copy()
    codes, _ = given.by_record(shares, "date")
    heights[:, codes >= 0] = np.eye(len(heights))[codes[codes >= 0]].T
    return heights


def _differing(shares: xr.Dataset) -> np.ndarray:
    """Share of runs that differ from the record, of one scenario, place and slot, shape (date,)."""
    codes, agree = given.by_record(shares, "date")
    return np.where(codes >= 0, 1.0 - agree, 0.0)


def _roomy(sheet: tuple[Any, Any, Any, Any], shares: xr.Dataset) -> tuple[Any, Any, Any, Any]:
    """The sizes of a sheet, with room for a row more of the legend if the past is known."""
    size, (left, right, above, below), gaps, narrowest = sheet
    more = axis.LEGEND_ROW / 72 if len(given.known_days(shares)) else 0.0
    return size, (left, right, above, below + more), gaps, narrowest


def _name_scenario(ax: Axes, scenario: str) -> None:
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


# --- the likeliest holders ---------------------------------------------------------------


@chart("heatmap", "who most probably holds each base, by date")
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
    shares = given.inside_window(given.some_shares(data, scenario=scenario, slot=slot))
    shares = shares.isel(place=_north_to_south(shares))
    ax = axis.axes_or_new(ax, 8.6, 1.75 + 0.2 * shares.sizes["place"])
    _draw_likeliest(ax, shares)
    axis.name_rows(ax, labels_of(shares, "place"))
    _separate_regions(ax, shares)
    axis.title(ax, axis.scenario_of(shares), f"who most probably holds each {slot}?")
    _likeliest_legend(ax, [shares])
    axis.note(ax, given.caption(shares))
    return ax


@chart(leaves="heatmap-{scenario}", title="{}: the likeliest holder of each camp")
def heatmap_figure(data: Data, scenario: str) -> Figure:
    """The heat map of one scenario's camps, see `control_heatmap`, in a figure of a set size."""
    shares = given.some_shares(data, scenario=scenario, slot="camp")
    around = (1.25, 0.95, 0.4, 1.3)
    high = 1.85 - around[2] - around[3] + ROW * shares.sizes["place"]
    figure, (ax,) = axis.panels(1, 1, (9.0 - around[0] - around[1], high), around)
    control_heatmap(shares, scenario, ax=ax)
    return figure


def _points(shares: xr.Dataset, places: Sequence[str], question: str) -> Figure:
    """Who most probably has each base by date: a column for each base, a row for each scenario.

    Args:
        shares: Of one slot, dimensions (scenario, place, date, holder).
        places: Names of the bases.
        question: The title.
    Returns:
        The figure; scenarios from top to bottom, the paler the colour, the less certain.
    """
    shares = given.inside_window(shares)
    names = labels_of(shares, "scenario")
    pattern, short = told_apart(names)
    short = [style.fitted(name, POINTS_SIZE, POINTS_NAME) for name in short]
    left = 0.25 + max(style.text_size(name, POINTS_SIZE)[0] for name in short) / 72
    high = min(ROW * len(names), HIGHEST)
    figure, columns = axis.panels(
        len(places), len(places), (WIDTHS.get(len(places), NARROW), high),
        (left, 0.2, 0.8, 1.3), (POINTS_GAP, 0),
    )  # fmt: skip
    # A scenario stands where a heat map has a place.
    stacks = [shares.sel(place=place, drop=True).rename(scenario="place") for place in places]
    for ax, place, one in zip(columns, places, stacks, strict=True):
        _draw_likeliest(ax, one, every=1 + (ax.bbox.width < 250))
        axis.heading(ax, place if len(places) > 1 else "", 4, PANEL_SIZE)
        ax.set_yticks([])
    every = next((n for n in EVERY if n * high / len(names) >= LINE), EVERY[-1])
    columns[0].set_yticks(range(0, len(names), every), short[::every], fontsize=POINTS_SIZE)
    _likeliest_legend(columns[0], stacks)
    axis.head(figure, 0.12, question)
    rows = style.fitted(f"rows: {pattern}", 8, 72 * (figure.get_figwidth() - 0.24))
    axis.head(figure, 0.12, rows, 0.36, 8, color=FAINT)
    axis.foot(figure, 0.2, given.caption(shares))
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


def _draw_likeliest(ax: Axes, shares: xr.Dataset, every: int = 1) -> None:
    """Colours of the likeliest holders, places from top to bottom and dates along, and exits."""
    axis.frame(ax)
    ax.tick_params(axis="y", length=0)
    if not shares.sizes["date"]:
        return
    edges = axis.dates(ax, shares["date"].to_numpy(), every)
    extent = (edges[0], edges[-1], shares.sizes["place"] - 0.5, -0.5)
    ax.imshow(holder_colours(shares), extent=extent, aspect="auto", interpolation="nearest")
    days = given.median_exits(shares)
    rows = np.flatnonzero(~np.isnat(days))
    ax.vlines(date2num(days[rows]), rows - 0.5, rows + 0.5, INK, linewidth=1.4, gid="exits")
    mark_known(ax, shares)


def likeliest(shares: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Index of the likeliest holder (-1 without runs) and its share, shape (place, date).

    Of the past that is known it is the holder by the record, and in which share of runs it is so.
    """
    share = shares["share"].transpose("place", "date", "holder").to_numpy()
    known = ~np.isnan(share).any(axis=-1)
    filled = np.where(known[..., None], share, -1.0)
    best = filled.argmax(axis=-1)
    codes, agree = given.by_record(shares, "place", "date")
    best, top = np.where(known, best, -1), np.where(known, filled.max(axis=-1), np.nan)
    return np.where(codes >= 0, codes, best), np.where(codes >= 0, agree, top)


def strength(share: np.ndarray) -> np.ndarray:
    """Strength of the colour for the share of the likeliest holder, in steps of `STEPS`."""
    at_least = [share >= least for least, _, _ in STEPS]
    return np.select(at_least, [value for _, value, _ in STEPS], WEAKEST[0])


def holder_colours(shares: xr.Dataset) -> np.ndarray:
    """Colour of the likeliest holder, the paler the less certain, shape (place, date, 3)."""
    best, share = likeliest(shares)
    palette = np.array([to_rgb(style.COLOURS[str(holder)]) for holder in shares["holder"].values])
    alpha = strength(np.nan_to_num(share))[..., None]
    colours = palette[best] * alpha + np.array(to_rgb(PAPER)) * (1 - alpha)
    return np.where((best >= 0)[..., None], colours, to_rgb(style.NO_DATA))


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
    regions = labels_of(shares, "region")
    starts = [i for i, name in enumerate(regions) if i == 0 or name != regions[i - 1]]
    for start, stop in zip(starts, [*starts[1:], len(regions)], strict=True):
        if start:
            ax.axhline(start - 0.5, color=INK, linewidth=0.9)
        axis.beside(ax, (start + stop - 1) / 2, regions[start], 1.008, FAINT)


def likeliest_rows(panels: Sequence[xr.Dataset]) -> list[list[Key]]:
    """Two rows of a legend: whose colour, and how strong for which share of runs.

    Args:
        panels: What is drawn: shares of one scenario and slot.
    """
    best = np.unique(np.concatenate([likeliest(one)[0].ravel() for one in panels]))
    names = [str(panels[0]["holder"].values[code]) for code in best[best >= 0]]
    is_past = all(given.is_past(one).all() for one in panels)
    whose = "holder by the record" if is_past else "likeliest holder"
    greys = [(value, text) for _, value, text in STEPS] + [WEAKEST]
    return [
        [words(f"{whose}:"), *axis.holder_patches(names)],
        [
            words("in this share of runs:"),
            *(Patch(facecolor=str(1 - value * 0.75), label=text) for value, text in greys),
        ],
    ]


def _likeliest_legend(ax: Axes, panels: Sequence[xr.Dataset]) -> None:
    """Rows below the chart: as `likeliest_rows`, and the UN's exit."""
    marks: list[Key] = []
    if not all(np.isnat(given.median_exits(one)).all() for one in panels):
        marks.append(line_key(EXIT, marker="|", markersize=9, markeredgewidth=1.4, linewidth=0))
    marks += _past_keys(panels)
    axis.stack_legends(ax, [*likeliest_rows(panels), *([marks] if marks else [])])


# --- the charts of a batch ---------------------------------------------------------------


@chart()
def draw_batch(
    batch: Batch, folder: str | Path | None = None, missing_only: bool = False
) -> list[Path]:
    """Draw the charts of a batch: one for each key base, one heat map for each scenario.

    Of more than 24 scenarios only those of the bases, where each scenario is a row.

    Args:
        batch: The batch.
        folder: Where to; `charts` in the batch's folder if not given.
        missing_only: Leave charts as they are that were drawn since the batch was finished.
    Returns:
        The files, PNG.
    """
    folder = batch.folder / CHARTS if folder is None else inputs.path("folder", folder)
    files = chart_files(folder, batch.scenarios)
    wanted = [path for path in files if not (missing_only and is_current(path, batch.folder))]
    shares = control_shares(batch) if wanted else None
    for path in wanted:
        drawn, name = files[path]
        axis.save(drawn(shares, name), path)
    return wanted
