"""Charts of a sensitivity analysis: what decides an outcome, and whether the runs suffice."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from camphandover import inputs
from camphandover.batch.store import CHARTS
from camphandover.charts.axis import TITLE_SIZE, below, frame, note
from camphandover.charts.data import axes_or_new
from camphandover.charts.files import save
from camphandover.charts.palette import FAINT, INK
from camphandover.charts.style import styled
from camphandover.judge.study.sensitivity import n_top

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from camphandover.judge.study.sensitivity import Sensitivity

SURE, UNSURE = "#3B6A9C", "#C9D6E4"
"""Of a parameter that stands out from luck, and of one that does not: dark and pale of one hue."""
LUCK = "#D55E00"
ROW = 0.24
"""Height of a row, inches."""
AROUND = 1.75
"""Inches above and below the rows."""
THICK = 0.62
"""Of a bar, in rows."""
MOST_ROWS = 1000
LINES = 6
"""Parameters of which the convergence is drawn if nothing else is asked for."""
LONGEST = 68
"""Letters of a line of the title."""
APART = 0.012
"""Between the points of two parameters, as a part of the axis."""
DPI = 130
AXES = {
    "morris": "mu*: mean absolute change of the outcome, {unit}",
    "sobol": "share of the outcome's variance",
}


@styled
def plot_sensitivity(
    sensitivity: Sensitivity, outcome: str | None = None, top: int = 15, ax: Axes | None = None
) -> Axes:
    """Which parameters decide an outcome: bars by rank, with 95 % intervals and what luck gives.

    Bars are `mu_star` of Morris, or `ST` of Sobol with `S1` as a dot. They are dark where the
    interval lies above the luck of the parameter, which a short orange stroke marks; the dashed
    line is the index of a dummy that changes nothing but the luck of all runs.

    Args:
        sensitivity: What `ch.sensitivity` gave.
        outcome: Its name; the first if not given.
        top: How many parameters are shown.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes: rows from top to bottom; beside them `mu`, or `S1`.
    Errors:
        BatchError if there is no such outcome, or `top` is below 1.
    """
    top = inputs.whole("top", top, 1, MOST_ROWS)
    one = sensitivity.outcome(outcome)
    table = sensitivity.select(one.name).head(top)
    ax = axes_or_new(ax, 7.6, AROUND + ROW * max(len(table), 4))
    frame(ax)
    _title(ax, f"{sensitivity.scenario}: what decides the {one.title}?", 18)
    ax.set_xlabel(AXES[sensitivity.method].format(unit=one.unit), fontsize=8, color=INK)
    if not (table[sensitivity.index] > 0).any():
        _nothing_varies(ax)
        return ax
    floor = _noise(sensitivity, one.name)["dummy"]
    _draw_rows(ax, table, sensitivity)
    if math.isfinite(floor):
        line = ax.axvline(floor, color=LUCK, linewidth=1.1, linestyle=(0, (4, 2)), zorder=1)
        line.set_gid("dummy")
    ax.legend(handles=_keys(sensitivity, floor), ncols=2, **below(ax, 34))
    note(ax, _caption(sensitivity), 74)
    return ax


@styled
def plot_convergence(
    sensitivity: Sensitivity, outcome: str | None = None, top: int = LINES, ax: Axes | None = None
) -> Axes:
    """How the indices settle as the design grows: those of the first parameters, with intervals.

    Args:
        sensitivity: What `ch.sensitivity` gave.
        outcome: Its name; the first if not given.
        top: How many parameters are shown, those that rank first in the whole design.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes: along them the runs, upwards the index with its 95 % interval.
    Errors:
        BatchError if there is no such outcome, or `top` is not 1 to 8.
    """
    colours = matplotlib.color_sequences["petroff8"]
    top = inputs.whole("top", top, 1, len(colours))
    one = sensitivity.outcome(outcome)
    grown = sensitivity.convergence
    grown = grown[grown["outcome"] == one.name]
    names = list(sensitivity.select(one.name)["parameter"].head(top))
    ax = axes_or_new(ax, 7.6, 4.6)
    frame(ax)
    _title(ax, f"{sensitivity.scenario}: do the runs suffice for the {one.title}?", 6)
    ax.set_ylabel(AXES[sensitivity.method].format(unit=one.unit), fontsize=8, color=INK)
    ax.set_xlabel("runs", fontsize=8, color=INK)
    if not (grown[sensitivity.index] > 0).any():
        _nothing_varies(ax)
        return ax
    _draw_lines(ax, grown, names, sensitivity.index, colours)
    floor = _noise(sensitivity, one.name)["dummy"]
    keys = [
        Line2D([], [], color=colour, marker="o", markersize=4, label=name)
        for name, colour in zip(names, colours, strict=False)
    ]
    if math.isfinite(floor):
        ax.axhline(floor, color=FAINT, linewidth=1.0, linestyle=(0, (4, 2)))
        keys.append(
            Line2D([], [], color=FAINT, linestyle=(0, (4, 2)), label="dummy that changes all luck")
        )
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.legend(handles=keys, ncols=2, **below(ax, 40))
    note(ax, _stable(sensitivity, one.name), 46 + 12 * -(-len(keys) // 2))
    return ax


@styled
def draw_sensitivity(
    sensitivity: Sensitivity, folder: str | Path | None = None, top: int = 15
) -> list[Path]:
    """Draw both charts of each outcome.

    Args:
        sensitivity: What `ch.sensitivity` gave.
        folder: Where to; `charts` in the folder of the runs if not given.
        top: How many parameters are shown.
    Returns:
        The files, PNG: `sensitivity-<outcome>.png` and `convergence-<outcome>.png`.
    """
    folder = sensitivity.folder / CHARTS if folder is None else inputs.path("folder", folder)
    files = []
    for one in sensitivity.outcomes:
        name = one.name.replace(":", "-")
        for kind, ax in (
            ("sensitivity", plot_sensitivity(sensitivity, one.name, top)),
            ("convergence", plot_convergence(sensitivity, one.name)),
        ):
            files.append(save(ax, folder / f"{kind}-{name}.png", DPI))
    return files


def _draw_rows(ax: Axes, table: pd.DataFrame, found: Sensitivity) -> None:
    """Bars with their intervals and their luck, names at the left, numbers at the right."""
    index = found.index
    for at, row in enumerate(table.to_dict("records")):
        value, half = row[index], row[f"{index}_conf"]
        colour = SURE if row["stands_out"] else UNSURE
        (bar,) = ax.barh(at, value, THICK, color=colour, zorder=2)
        bar.set_gid(f"index/{row['parameter']}")
        if math.isfinite(half):
            bounds = [max(0.0, value - half), value + half]
            (line,) = ax.plot(bounds, [at, at], color=INK, linewidth=1.2, zorder=4)
            line.set_gid(f"interval/{row['parameter']}")
        if math.isfinite(row["luck"]):
            ends = [at - THICK / 2, at + THICK / 2]
            (stroke,) = ax.plot([row["luck"]] * 2, ends, color=LUCK, linewidth=2.0, zorder=5)
            stroke.set_gid(f"luck/{row['parameter']}")
        if found.method == "sobol":
            ax.plot([max(0.0, row["S1"])], [at], "o", color=INK, markersize=4.5, zorder=6)
        ax.text(
            1.01, at, _beside(row, found), transform=ax.get_yaxis_transform(), va="center",
            fontsize=7.5, color=INK,
        )  # fmt: skip
    names = [f"{r.parameter}  {r.rule} {r.evidence}" for r in table.itertuples()]
    ax.set_yticks(range(len(table)), names, fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(max(len(table), 4) - 0.4, -0.6)
    ax.set_xlim(left=0)
    head = "mean change" if found.method == "morris" else "S1"
    ax.text(
        1.01, 1.0, head, transform=ax.transAxes, va="bottom", fontsize=7.5, color=FAINT,
    )  # fmt: skip


def _beside(row: dict[str, Any], found: Sensitivity) -> str:
    """`+3.1` of Morris' mean change, `0.31` of a share."""
    if found.method == "sobol":
        return f"{row['S1'] + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")
    digits = 3 if row["unit"] == "share of runs" else 0 if abs(row["mu"]) >= 1000 else 1
    text = f"{round(row['mu'], digits) + 0.0:+,.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _keys(found: Sensitivity, floor: float) -> list[Patch | Line2D]:
    """The legend of the bars."""
    keys: list[Patch | Line2D] = [
        Patch(facecolor=SURE, label="stands out from luck"),
        Patch(facecolor=UNSURE, label="does not"),
        Line2D([], [], color=INK, linewidth=1.2, label="95 % interval"),
    ]
    if math.isfinite(floor):
        one = Line2D([], [], color=LUCK, marker="|", linestyle="", markersize=8)
        one.set(markeredgewidth=2.0, label="luck of the parameter")
        dashed = Line2D([], [], color=LUCK, linewidth=1.1, linestyle=(0, (4, 2)))
        dashed.set_label("dummy: changes all luck, nothing else")
        keys += [one, dashed]
    if found.method == "sobol":
        dot = Line2D([], [], color=INK, marker="o", linestyle="", markersize=4.5)
        dot.set_label("S1: because of it alone")
        keys.append(dot)
    return keys


def _draw_lines(ax: Axes, grown: pd.DataFrame, names: list[str], index: str, colours: Any) -> None:
    """A line for each parameter, its points a little apart from those of the others."""
    runs = grown["runs"].to_numpy(dtype=float)
    width = runs.max() - runs.min() or 1.0
    for at, (name, colour) in enumerate(zip(names, colours, strict=False)):
        rows = grown[grown["parameter"] == name]
        x = rows["runs"].to_numpy(dtype=float) + (at - (len(names) - 1) / 2) * APART * width
        y, half = rows[index].to_numpy(), np.nan_to_num(rows[f"{index}_conf"].to_numpy())
        drawn = ax.errorbar(x, y, half, color=colour, marker="o", markersize=4, linewidth=1.3)
        drawn[0].set_gid(f"index/{name}")
    ax.set_xticks(sorted(set(runs)), [f"{int(n):,}" for n in sorted(set(runs))])


def _title(ax: Axes, text: str, gap: float) -> None:
    """The question, on two lines if it is long, so many points above the axes."""
    lines = textwrap.fill(text, LONGEST)
    ax.set_title(lines, loc="left", color=INK, fontsize=TITLE_SIZE, pad=gap)


def _nothing_varies(ax: Axes) -> None:
    ax.text(
        0.5, 0.5, "the same at all points", transform=ax.transAxes, ha="center", color=FAINT
    )  # fmt: skip
    ax.set_xticks([])
    ax.set_yticks([])


def _noise(found: Sensitivity, outcome: str) -> dict[str, Any]:
    return dict(found.noise[found.noise["outcome"] == outcome].iloc[0])


def _caption(found: Sensitivity) -> str:
    what = "trajectories" if found.method == "morris" else "base points"
    return (
        f"{found.method.capitalize()}, {found.problem.n} parameters, {found.size} {what} x "
        f"{found.draws} draws = {found.runs:,} runs, seed {found.seed}"
    )


def _stable(found: Sensitivity, outcome: str) -> str:
    """`with 5, 10 trajectories: 80 %, 90 % of the first 10 are those of the whole design`."""
    stable = found.stability[found.stability["outcome"] == outcome]
    sizes = ", ".join(str(size) for size in stable["size"])
    shares = ", ".join(f"{100 * share:.0f}" for share in stable["top_shared"])
    what = "trajectories" if found.method == "morris" else "base points"
    first = n_top(found.problem.n)
    return f"with {sizes} {what}, {shares} % of the first {first} are those of the whole design"
