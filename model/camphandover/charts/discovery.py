"""Charts of a handover search: the trade-off of its boxes, a box among the points, the levers."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from camphandover import inputs
from camphandover.batch.store import CHARTS
from camphandover.charts.axis import below, frame, note
from camphandover.charts.data import axes_or_new
from camphandover.charts.files import save
from camphandover.charts.palette import FAINT, INK, PAPER
from camphandover.charts.style import styled
from camphandover.judge.study.discover.boxes import Box, Condition
from camphandover.judge.study.discover.losses import SHARE
from camphandover.judge.study.discover.retest import VERDICTS
from camphandover.judge.study.factors import Factor
from camphandover.measure.notation import signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from camphandover.judge.study.discover.discover import Discovery

COLOURS = "cividis_r"
"""Of shares; readable by the colour-blind and in grey."""
DPI = 130
JITTER = 0.32
"""Half the width over which points of one category are spread."""
TITLE = 76
"""Letters of a line above the axes."""
EDGE = "#D55E00"
"""Of boxes."""


@styled
def trade_off(found: Discovery, ax: Axes | None = None) -> Axes:
    """What the first box was chosen from: how pure a box is against how many losses it holds.

    Args:
        found: What `ch.discover` gave.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes: coverage to the right, density upwards, coloured by the number of conditions.
        The figures are those of the search, which flatter; the diamond is the re-test.
    """
    ax = axes_or_new(ax, 6.6, 4.8)
    frame(ax)
    _title(ax, found, "coverage and density of boxes")
    table = found.trade_off
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    ax.set_xlim(-0.02, 1.04)
    ax.set_ylim(-0.02, 1.04)
    ax.set_xlabel("coverage: part of all losses in the box", fontsize=8, color=INK)
    ax.set_ylabel("density: share of its runs that are losses", fontsize=8, color=INK)
    ax.axhline(found.overall.value, color=FAINT, linewidth=0.9, linestyle=":")
    keys = [Line2D([], [], color=FAINT, linewidth=0.9, linestyle=":", label="all points")]
    if len(table):
        line = table.sort_values("coverage", kind="stable")
        if found.method == "prim":
            ax.plot(line["coverage"], line["density"], color=FAINT, linewidth=0.8, zorder=1)
        most = max(int(table["conditions"].max()), 1)
        drawn = ax.scatter(
            table["coverage"], table["density"], c=table["conditions"], cmap=COLOURS, vmin=0,
            vmax=most, s=30, edgecolor=INK, linewidth=0.5, zorder=2,
        )  # fmt: skip
        bar = _bar(ax, drawn, "conditions")
        bar.set_ticks(range(most + 1))
    if found.found:
        row = found.boxes.iloc[0]
        ax.plot([row["coverage"]], [row["density"]], "o", ms=12, mfc="none", mec=EDGE, mew=1.8)
        inside = found.retest[found.retest["stratum"] == "inside"].iloc[0]
        bounds = [inside["low"], inside["high"]]
        ax.plot([row["coverage"]] * 2, bounds, color=EDGE, linewidth=1.8)
        ax.plot([row["coverage"]], [inside["share"]], "D", color=EDGE, ms=6)
        keys += [
            Line2D([], [], color=EDGE, marker="o", ms=9, mfc="none", mew=1.8, lw=0, label="chosen"),
            Line2D([], [], color=EDGE, marker="D", ms=5, label="re-tested, 95 % interval"),
        ]
    ax.legend(handles=keys, ncols=3, **below(ax, 38))
    note(ax, _caption(found), 56)
    return ax


@styled
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
    across, up = _pair(found, here)
    ax = axes_or_new(ax, 6.8, 5.2)
    frame(ax)
    _title(ax, found, f"box {box}" if found.found else "no box was found")
    points = found.points[found.points[SHARE].notna()]
    others = Box(tuple(one for one in here.conditions if one.factor not in (across, up)))
    bright = others.inside(points)
    rng = np.random.default_rng(0)
    x, y = (_positions(points[one.name], one, rng) for one in (across, up))
    options: dict[str, Any] = {"cmap": COLOURS, "vmin": 0, "vmax": 1, "edgecolor": INK}
    share = points[SHARE].to_numpy(dtype=float)
    ax.scatter(x[~bright], y[~bright], c=share[~bright], s=9, alpha=0.25, lw=0, **_only(options))
    drawn = ax.scatter(x[bright], y[bright], c=share[bright], s=22, linewidth=0.3, **options)
    bar = _bar(ax, drawn, "share of the point's runs in which it is lost")
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1))
    _axes(ax, across, up)
    if here.conditions:
        _draw_box(ax, here, across, up)
        said = "; ".join(map(str, here.conditions))
        verdict = VERDICTS[str(found.boxes.iloc[box - 1]["verdict"])]
        text = "\n".join(textwrap.wrap(f"Lost more often if {said}. {verdict}", 100))
        ax.annotate(
            text, (0, 0), xycoords="axes fraction", xytext=(-30, -34), textcoords="offset points",
            va="top", fontsize=8, color=INK, annotation_clip=False,
        )  # fmt: skip
        lines = text.count("\n") + 1
    else:
        lines = 0
    note(ax, _caption(found), 38 + 11.5 * lines)
    return ax


@styled
def robust_grid(found: Discovery, ax: Axes | None = None) -> Axes:
    """Receivers by timing: the share of runs in which the base is lost, over all else.

    Args:
        found: What `ch.discover` gave.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes: a row for each receiver (of each camp), a column for each part of the range of
        the exit; in a cell the share with its 95 % interval.
    """
    table = found.robust
    rows = list(dict.fromkeys(zip(table["camp"], table["receiver"], strict=True)))
    rows.sort(key=lambda key: (key[0], _mean(table, key)))
    ax = axes_or_new(ax, 6.8, 1.7 + 0.45 * len(rows))
    _title(ax, found, "over all other levers and all unknowns")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=8, colors=INK)
    n_columns = 0
    for i, key in enumerate(rows):
        cells = table[(table["camp"] == key[0]) & (table["receiver"] == key[1])]
        cells = cells.sort_values("from_shift")
        n_columns = max(n_columns, len(cells))
        for j, row in enumerate(cells.itertuples()):
            _cell(ax, j, i, row)
    ax.set_xlim(0, n_columns)
    ax.set_ylim(len(rows), 0)
    one_camp = len({camp for camp, _ in rows}) == 1
    names = [receiver if one_camp else f"{camp}: {receiver}" for camp, receiver in rows]
    ax.set_yticks(np.arange(len(rows)) + 0.5, names)
    first = (
        table[table["camp"] == rows[0][0]].drop_duplicates("from_shift").sort_values("from_shift")
    )
    spans = [f"{signed(row.from_shift)} to {signed(row.to_shift)}" for row in first.itertuples()]
    spans = spans if one_camp else [f"part {j + 1}" for j in range(n_columns)]
    ax.set_xticks(np.arange(len(spans)) + 0.5, spans)
    of = rows[0][0] if one_camp else "the camp"
    ax.set_xlabel(f"exit from {of}, days from its plan", fontsize=8, color=INK)
    note(ax, _caption(found), 34)
    return ax


@styled
def draw_discovery(found: Discovery, folder: str | Path | None = None) -> list[Path]:
    """Draw the charts of a search.

    Args:
        found: What `ch.discover` gave.
        folder: Where to; `charts` in its folder if not given.
    Returns:
        The files, PNG.
    """
    folder = found.out / CHARTS if folder is None else inputs.path("folder", folder)
    drawn = {"trade-off": trade_off(found), "robust": robust_grid(found)}
    for number in range(1, max(len(found.found), 1) + 1):
        drawn[f"box-{number}"] = box_scatter(found, number)
    files = []
    for name, ax in drawn.items():
        path = folder / f"{name}.png"
        files.append(save(ax, path, DPI, bbox_inches="tight", pad_inches=0.15))
    return files


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
    """Where points stand along an axis; those of a category are spread."""
    if not factor.is_category:
        spread = rng.uniform(-JITTER, JITTER, len(column)) if factor.is_whole else 0.0
        return np.asarray(column.to_numpy(dtype=float) + spread)
    at = np.array([factor.options.index(value) for value in column], dtype=float)
    return at + rng.uniform(-JITTER, JITTER, len(at))


def _only(options: dict[str, Any]) -> dict[str, Any]:
    """Options of points without an edge."""
    return {key: value for key, value in options.items() if key != "edgecolor"}


def _axes(ax: Axes, across: Factor, up: Factor) -> None:
    for factor, axis, limit in ((across, ax.xaxis, ax.set_xlim), (up, ax.yaxis, ax.set_ylim)):
        axis.set_label_text(factor.label, fontsize=8, color=INK)
        if factor.is_category:
            axis.set_ticks(range(len(factor.options)), list(factor.options))
            limit(-0.5, len(factor.options) - 0.5)
        else:
            margin = 0.03 * (factor.high - factor.low)
            limit(factor.low - margin, factor.high + margin)


def _draw_box(ax: Axes, box: Box, across: Factor, up: Factor) -> None:
    """Rectangles around what the two conditions allow: one for each run of categories."""
    by_factor = {one.factor: one for one in box.conditions}
    for left, right in _spans(across, by_factor.get(across), ax.get_xlim()):
        for low, high in _spans(up, by_factor.get(up), ax.get_ylim()):
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
        if spans and spans[-1][1] == i - 0.5:
            spans[-1] = (spans[-1][0], i + 0.5)
        else:
            spans.append((i - 0.5, i + 0.5))
    return spans


def _cell(ax: Axes, across: int, down: int, row: Any) -> None:
    """A cell of the grid in the colour of its share."""
    import matplotlib as mpl

    if np.isnan(row.share):
        return
    colour = mpl.colormaps[COLOURS](row.share)
    ax.add_patch(Rectangle((across, down), 1, 1, facecolor=colour, edgecolor=PAPER, linewidth=2))
    text = f"{100 * row.share:.0f} %  [{100 * row.low:.0f} to {100 * row.high:.0f}]"
    ink = INK if np.dot(colour[:3], (0.299, 0.587, 0.114)) > 0.5 else PAPER
    ax.text(across + 0.5, down + 0.5, text, ha="center", va="center", fontsize=8, color=ink)


def _mean(table: Any, key: tuple[str, str]) -> float:
    here = table[(table["camp"] == key[0]) & (table["receiver"] == key[1])]
    return float(here["share"].mean())


def _bar(ax: Axes, drawn: Any, label: str) -> Any:
    figure = ax.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(drawn, ax=ax, shrink=0.75, pad=0.02)
    bar.set_label(label, fontsize=8, color=INK)
    bar.ax.tick_params(labelsize=8, colors=INK)
    bar.outline.set_visible(False)
    return bar


def _title(ax: Axes, found: Discovery, what: str) -> None:
    text = f"{found.scenario}: when is {found.loss.place} lost? {what[0].upper()}{what[1:]}"
    ax.set_title("\n".join(textwrap.wrap(text, TITLE)), loc="left", color=INK, fontsize=11, pad=8)


def _caption(found: Discovery) -> str:
    runs = int(found.points["runs"].max())
    return (
        f"lost: {found.loss}\n{len(found.points)} points, {runs} run{'s' * (runs != 1)} each, "
        f"seed {found.seed}"
    )
