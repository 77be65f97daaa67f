"""Charts of a handover search: the trade-off of its boxes, a box among the points, the levers."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from camphandover import inputs
from camphandover.batch.store import CHARTS
from camphandover.charts import axis
from camphandover.charts.axis import line_key
from camphandover.charts.registry import chart
from camphandover.charts.style import FAINT, INK, LUCK, PAPER
from camphandover.judge.study.discover.boxes import Box, Condition
from camphandover.judge.study.discover.discover import Discovery
from camphandover.judge.study.discover.losses import SHARE
from camphandover.judge.study.discover.retest import VERDICTS
from camphandover.judge.study.factors import Factor
from camphandover.measure.notation import signed

COLOURS = "cividis_r"
"""Of shares; readable by the colour-blind and in grey."""
JITTER = 0.32
"""Half the width over which points of one category are spread."""
EDGE = LUCK
"""Of boxes."""


@chart()
def trade_off(found: Discovery, ax: Axes | None = None) -> Axes:
    """What the first box was chosen from: how pure a box is against how many losses it holds.

    Args:
        found: What `ch.discover` gave.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes: coverage to the right, density upwards, coloured by the number of conditions.
        The figures are those of the search, which flatter; the diamond is the re-test.
    """
    ax = axis.framed(ax, 6.6, 4.8)
    _title(ax, found, "coverage and density of boxes")
    table = found.trade_off
    for each in (ax.xaxis, ax.yaxis):
        each.set_major_formatter(axis.PERCENT)
    ax.set(xlim=(-0.02, 1.04), ylim=(-0.02, 1.04))
    ax.set_xlabel("coverage: part of all losses in the box", fontsize=8, color=INK)
    ax.set_ylabel("density: share of its runs that are losses", fontsize=8, color=INK)
    ax.axhline(found.overall.value, color=FAINT, linewidth=0.9, linestyle=":")
    keys = [line_key("all points", FAINT, linewidth=0.9, linestyle=":")]
    if len(table):
        line = table.sort_values("coverage", kind="stable")
        if found.method == "prim":
            ax.plot(line["coverage"], line["density"], color=FAINT, linewidth=0.8, zorder=1)
        most = max(int(table["conditions"].max()), 1)
        drawn = ax.scatter(
            table["coverage"], table["density"], c=table["conditions"], cmap=COLOURS, vmin=0,
            vmax=most, s=30, edgecolor=INK, linewidth=0.5, zorder=2,
        )  # fmt: skip
        _bar(ax, drawn, "conditions").set_ticks(range(most + 1))
    if found.found:
        row = found.boxes.iloc[0]
        at = [row["coverage"]]
        ax.plot(at, [row["density"]], "o", ms=12, mfc="none", mec=EDGE, mew=1.8)
        inside = found.retest[found.retest["stratum"] == "inside"].iloc[0]
        ax.plot(at * 2, [inside["low"], inside["high"]], color=EDGE, linewidth=1.8)
        ax.plot(at, [inside["share"]], "D", color=EDGE, ms=6)
        keys += [
            line_key("chosen", EDGE, marker="o", ms=9, mfc="none", mew=1.8, lw=0),
            line_key("re-tested, 95 % interval", EDGE, marker="D", ms=5),
        ]
    axis.stack_legends(ax, [keys], 38, ncols=3)
    axis.note(ax, _caption(found), 56)
    return ax


@chart()
def box_scatter(found: Discovery, box: int = 1, ax: Axes | None = None) -> Axes:
    """The searched points along the two most telling conditions of a box, and the box.

    Points that fail one of its other conditions are pale. Without a box, the two surest factors.

    Args:
        found: What `ch.discover` gave.
        box: Its number, from 1.
        ax: Where to draw; axes of a new figure if not given.
    Errors:
        BatchError if there is no box of this number.
    """
    if found.found:
        box = inputs.whole("box", box, 1, len(found.found))
    here = found.found[box - 1] if found.found else Box(())
    along = _pair(found, here)
    ax = axis.framed(ax, 6.8, 5.2)
    _title(ax, found, f"box {box}" if found.found else "no box was found")
    points = found.points[found.points[SHARE].notna()]
    others = Box(tuple(one for one in here.conditions if one.factor not in along))
    bright = others.inside(points)
    rng = np.random.default_rng(0)
    x, y = (_positions(points[one.name], one, rng) for one in along)
    share = points[SHARE].to_numpy(dtype=float)
    colours: dict[str, Any] = {"cmap": COLOURS, "vmin": 0, "vmax": 1}
    ax.scatter(x[~bright], y[~bright], c=share[~bright], s=9, alpha=0.25, lw=0, **colours)
    drawn = ax.scatter(
        x[bright], y[bright], c=share[bright], s=22, linewidth=0.3, edgecolor=INK, **colours
    )
    bar = _bar(ax, drawn, "share of the point's runs in which it is lost")
    bar.ax.yaxis.set_major_formatter(axis.PERCENT)
    for factor, each in zip(along, (ax.xaxis, ax.yaxis), strict=True):
        _name_factor(each, factor)
    n_lines = 0
    if here.conditions:
        _draw_box(ax, here, along)
        said = "; ".join(map(str, here.conditions))
        verdict = VERDICTS[str(found.boxes.iloc[box - 1]["verdict"])]
        text = textwrap.fill(f"Lost more often if {said}. {verdict}", 100)
        ax.annotate(
            text, (0, 0), xycoords="axes fraction", xytext=(-30, -34), textcoords="offset points",
            va="top", fontsize=8, color=INK, annotation_clip=False,
        )  # fmt: skip
        n_lines = text.count("\n") + 1
    axis.note(ax, _caption(found), 38 + 11.5 * n_lines)
    return ax


@chart()
def robust_grid(found: Discovery, ax: Axes | None = None) -> Axes:
    """Receivers by timing: the share of runs in which the base is lost, over all else.

    Args:
        found: What `ch.discover` gave.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes: a row for each receiver (of each camp), a column for each part of the range of
        the exit; in a cell the share with its 95 % interval.
    """
    rows = {key: rows.sort_values("from_shift") for key, rows in _by_receiver(found)}
    camps = list(dict.fromkeys(camp for camp, _ in rows))
    ax = axis.framed(ax, 6.8, 1.7 + 0.45 * len(rows))
    _title(ax, found, "over all other levers and all unknowns")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    for i, cells in enumerate(rows.values()):
        for j, row in enumerate(cells.itertuples()):
            _cell(ax, j, i, row)
    n_columns = max(map(len, rows.values()))
    ax.set(xlim=(0, n_columns), ylim=(len(rows), 0))
    if len(camps) == 1:
        names, of = [receiver for _, receiver in rows], camps[0]
        first = found.robust.drop_duplicates("from_shift").sort_values("from_shift")
        spans = [f"{signed(r.from_shift)} to {signed(r.to_shift)}" for r in first.itertuples()]
    else:
        names, of = [f"{camp}: {receiver}" for camp, receiver in rows], "the camp"
        spans = [f"part {j + 1}" for j in range(n_columns)]
    ax.set_yticks(np.arange(len(rows)) + 0.5, names)
    ax.set_xticks(np.arange(len(spans)) + 0.5, spans)
    ax.set_xlabel(f"exit from {of}, days from its plan", fontsize=8, color=INK)
    axis.note(ax, _caption(found), 34)
    return ax


@chart()
def draw_discovery(found: Discovery, folder: str | Path | None = None) -> list[Path]:
    """Draw the charts of a search.

    Args:
        found: What `ch.discover` gave.
        folder: Where to; `charts` in its folder if not given.
    Returns:
        The files, PNG.
    """
    drawn = {"trade-off": trade_off(found), "robust": robust_grid(found)}
    for number in range(1, max(len(found.found), 1) + 1):
        drawn[f"box-{number}"] = box_scatter(found, number)
    folder = found.out / CHARTS if folder is None else folder
    return axis.save_all(drawn, folder, bbox_inches="tight", pad_inches=0.15)


def _pair(found: Discovery, box: Box) -> tuple[Factor, Factor]:
    """The factors of the two axes: those of the surest conditions, then the surest ones of all;
    a category, if there is one, upwards."""
    by_name = {factor.name: factor for factor in found.design.factors}
    surest = sorted(box.conditions, key=lambda one: one.p)
    factors = [one.factor for one in surest]
    factors += [by_name[name] for name in found.factors["factor"]]
    across, up = list(dict.fromkeys(factors))[:2]
    return (up, across) if across.is_category and not up.is_category else (across, up)


def _positions(column: Any, factor: Factor, rng: np.random.Generator) -> np.ndarray:
    """Where points stand along an axis; those of a category, and of whole days, are spread."""
    at = column.map(factor.options.index) if factor.is_category else column
    is_spread = factor.is_category or factor.is_whole
    spread = rng.uniform(-JITTER, JITTER, len(column)) if is_spread else 0.0
    return np.asarray(at.to_numpy(dtype=float) + spread)


def _name_factor(each: Any, factor: Factor) -> None:
    """The name and the range of a factor on an axis."""
    each.set_label_text(factor.label, fontsize=8, color=INK)
    low, high, margin = factor.low, factor.high, 0.03 * (factor.high - factor.low)
    if factor.is_category:
        each.set_ticks(range(len(factor.options)), list(factor.options))
        low, high, margin = 0, len(factor.options) - 1, 0.5
    each.axes.set(**{f"{each.axis_name}lim": (low - margin, high + margin)})


def _draw_box(ax: Axes, box: Box, along: tuple[Factor, Factor]) -> None:
    """Rectangles around what the two conditions allow: one for each run of categories."""
    by_factor = {one.factor: one for one in box.conditions}
    across, up = (
        _spans(factor, by_factor.get(factor), ends)
        for factor, ends in zip(along, (ax.get_xlim(), ax.get_ylim()), strict=True)
    )
    for left, right in across:
        for low, high in up:
            edge = Rectangle((left, low), right - left, high - low, fill=False, gid="box")
            edge.set(edgecolor=EDGE, linewidth=2.0, zorder=3, clip_on=False)
            ax.add_patch(edge)


def _spans(
    factor: Factor, condition: Condition | None, ends: tuple[float, float]
) -> list[tuple[float, float]]:
    """What a condition allows along an axis."""
    if condition is None:
        return [ends]
    if not factor.is_category:
        half = 0.5 if factor.is_whole else 0.0
        return [(max(condition.low - half, ends[0]), min(condition.high + half, ends[1]))]
    spans: list[tuple[float, float]] = []
    for i, name in enumerate(factor.options):
        if name not in condition.among:
            continue
        begin = spans.pop()[0] if spans and spans[-1][1] == i - 0.5 else i - 0.5
        spans.append((begin, i + 0.5))
    return spans


def _by_receiver(found: Discovery) -> list[tuple[tuple[str, str], Any]]:
    """The cells of each camp and receiver; by camp, the safest receiver first."""
    groups = list(found.robust.groupby(["camp", "receiver"], sort=False))
    return sorted(groups, key=lambda group: (group[0][0], float(group[1]["share"].mean())))


def _cell(ax: Axes, across: int, down: int, row: Any) -> None:
    """A cell of the grid in the colour of its share."""
    if np.isnan(row.share):
        return
    colour = matplotlib.colormaps[COLOURS](row.share)
    ax.add_patch(Rectangle((across, down), 1, 1, facecolor=colour, edgecolor=PAPER, linewidth=2))
    text = f"{100 * row.share:.0f} %  [{100 * row.low:.0f} to {100 * row.high:.0f}]"
    ink = INK if np.dot(colour[:3], (0.299, 0.587, 0.114)) > 0.5 else PAPER
    ax.text(across + 0.5, down + 0.5, text, ha="center", va="center", fontsize=8, color=ink)


def _bar(ax: Axes, drawn: Any, label: str) -> Any:
    bar = axis.figure_of(ax).colorbar(drawn, ax=ax, shrink=0.75, pad=0.02)
    bar.set_label(label, fontsize=8, color=INK)
    bar.ax.tick_params(labelsize=8, colors=INK)
    bar.outline.set_visible(False)
    return bar


def _title(ax: Axes, found: Discovery, what: str) -> None:
    text = f"{found.scenario}: when is {found.loss.place} lost? {what[0].upper()}{what[1:]}"
    axis.heading(ax, textwrap.fill(text, 76), 8)


def _caption(found: Discovery) -> str:
    runs = int(found.points["runs"].max())
    return (
        f"lost: {found.loss}\n{len(found.points)} points, {runs} run{'s' * (runs != 1)} each, "
        f"seed {found.seed}"
    )
