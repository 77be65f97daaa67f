"""Charts of rows with intervals: differences, what decides an outcome, accepted parameters."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from camphandover import inputs
from camphandover.batch.batch import Batch
from camphandover.batch.store import CHARTS
from camphandover.charts import axis, given
from camphandover.charts.axis import DASHED, Key, beside, day_text, heading, line_key
from camphandover.charts.registry import chart
from camphandover.charts.style import FAINT, INK, LUCK, PAPER, SURE, UNSURE, colour_of, name_of
from camphandover.judge.compare import Comparison, compare
from camphandover.judge.study.calibration import Calibration
from camphandover.judge.study.evidence import Evidence
from camphandover.judge.study.posterior import Posterior
from camphandover.judge.study.sensitivity import Sensitivity, n_top
from camphandover.libraries import pd
from camphandover.measure.notation import bounded, interval_of, number
from camphandover.measure.outcomes import UNITS, by_label

SHORT_NAMES, TITLE, QUESTION = 50, 60, 68
"""Letters of both scenarios' names, and of a line of the titles of differences and of sensitivity,
that have room."""
MARGIN = 0.06
"""Of the width of all intervals, the margin at both sides."""
THICK = 0.62
"""Of a bar, in rows."""
MOST_ROWS = 1000
LINES, APART = 6, 0.012
"""Parameters whose convergence is drawn if nothing else is asked for; between the points of two,
as a part of the axis."""
INDEX = {
    "morris": "mu*: mean absolute change of the outcome, {unit}",
    "sobol": "share of the outcome's variance",
}


def _minus(text: str) -> str:
    """With the sign of matplotlib's own ticks."""
    return text.replace("-", "\N{MINUS SIGN}")


def _nothing(ax: Axes, text: str) -> Axes:
    """Axes that say why they show nothing."""
    axis.empty(ax, text)
    ax.set_yticks([])
    return ax


# --- differences of two scenarios --------------------------------------------------------


@chart("difference", "a scenario against another one, run by run, with intervals")
def difference(
    data: Batch | Comparison,
    a: str | None = None,
    b: str | None = None,
    outcome: str = "days_held",
    places: str | Sequence[str] | None = None,
    ax: Axes | None = None,
    *,
    slot: str | None = None,
) -> Axes:
    """How scenario A differs from B: mean paired differences with 95 % intervals.

    A row for each base and holder (or side), in the colour of the holder; filled where the
    interval leaves out nil. Rows that are the same in all runs, or nearly nil in both, are left
    out. See `ch.compare` for the outcomes and their intervals.

    Args:
        data: A batch, or what `ch.compare` gave.
        a, b: Names of the scenarios of a batch; differences are A - B.
        outcome: `days_held`, `holds`, `days_to_fall`, `fell`, `dead` or `displaced`.
        places: Bases of a batch; the key bases if not given.
        ax: Where to draw; axes of a new figure if not given.
        slot: `camp` or `town` of a batch; the camp if not given.
    Returns:
        The axes: rows from top to bottom, along them the difference in days, percentage points,
        dead or people.
    Errors:
        ValueError for an unknown outcome or if a comparison is of other scenarios; BatchError if
        the batch cannot be compared so.
    """
    if outcome not in by_label():
        raise ValueError(f"outcome {outcome!r} is not known; there is {', '.join(by_label())}")
    comparison = _comparison(data, a, b, places=places, slot=slot)
    rows = list(comparison.telling(outcome).itertuples())
    is_own = ax is None
    ax = axis.framed(ax, 7.6, 1.75 + 0.25 * max(len(rows), 2))
    heading(ax, _question(comparison, outcome), 20)
    if rows:
        _draw_differences(ax, rows)
        _name_places(ax, rows)
        _say_directions(ax, comparison)
    else:
        _nothing(ax, "no difference to show")
    unit, better = by_label()[outcome].unit, by_label()[outcome].better
    of = f" of {comparison.window.n_days}" if unit == "days" else ""
    less = "; less is better" if better == "less" else ""
    of = ("percentage points" if unit == "share" else unit) + of
    text = f"mean difference of the pairs, {of}{less}"
    ax.set_xlabel(text, fontsize=8, color=INK)
    if is_own:
        if rows:
            dot = partial(line_key, marker="o", markersize=5)
            without = dot("95 % interval without 0", markerfacecolor=INK)
            axis.stack_legends(
                ax, [[without, dot("95 % interval with 0", markerfacecolor=PAPER)]], 46
            )
        axis.note(ax, _pairs(comparison), 30)
    return ax


def _comparison(data: Batch | Comparison, a: str | None, b: str | None, **part: Any) -> Comparison:
    """The comparison given, or that of two scenarios of a batch, as `compare` takes its part."""
    part = {name: value for name, value in part.items() if value is not None}
    if isinstance(data, Batch):
        if a is None or b is None:
            raise ValueError(f"a= and b= are needed, two of {', '.join(data.scenarios)}")
        return compare(data, a, b, **part)
    if not isinstance(data, Comparison):
        raise TypeError(f"a Batch or a Comparison is needed, not {type(data).__name__}")
    if a not in (None, data.a) or b not in (None, data.b):
        raise ValueError(f"the comparison is of {data.a} and {data.b}, not of {a} and {b}")
    if part:
        raise ValueError(f"{next(iter(part))}= is that of the comparison: give it to ch.compare")
    return data


def _draw_differences(ax: Axes, rows: list[Any]) -> None:
    """Dots with their intervals, and the numbers at the right."""
    ax.axvline(0, color=FAINT, linewidth=0.9, zorder=0)
    ends = [0.0]
    for at, row in enumerate(rows):
        scale, digits = 100.0 if row.unit == "share" else 1.0, UNITS[row.unit].digits
        colour = colour_of(row.who)
        value, low, high = (scale * x for x in (row.difference, row.low, row.high))
        ends += [x for x in (value, low, high) if not math.isnan(x)]
        if not math.isnan(low):
            gid = f"interval/{row.place}/{row.who}"
            ax.plot([low, high], [at, at], color=colour, linewidth=1.8, gid=gid)
        face = colour if low > 0 or high < 0 else PAPER
        ax.plot(
            [value], [at], "o", color=colour, markersize=6, markerfacecolor=face,
            gid=f"difference/{row.place}/{row.who}",
        )  # fmt: skip
        beside(ax, at, _minus(bounded((value, low, high), partial(number, digits=digits))))
    margin = MARGIN * (max(ends) - min(ends)) or 1.0
    ax.set_xlim(min(ends) - margin, max(ends) + margin)
    ax.set_ylim(len(rows) - 0.5, -0.5)


def _name_places(ax: Axes, rows: list[Any]) -> None:
    """Holders at the rows, the base at the first of its rows, a thin line between bases."""
    axis.name_rows(ax, [name_of(row.who) for row in rows])
    for at, row in enumerate(rows):
        if at and rows[at - 1].place == row.place:
            continue
        if row.place:
            ax.annotate(
                row.place, (0, at), xycoords=("axes fraction", "data"), xytext=(-112, 0),
                textcoords="offset points", va="center", fontsize=9, weight="bold", color=INK,
            )  # fmt: skip
        if at:
            ax.axhline(at - 0.5, color=FAINT, linewidth=0.5, alpha=0.5)


def _say_directions(ax: Axes, comparison: Comparison) -> None:
    """On either side of nil, in which scenario there is more of it."""
    low, high = ax.get_xlim()
    a, b = _short_names(comparison)
    if high > 0:
        _above(ax, 1, f"more in {a} \N{RIGHTWARDS ARROW}", ha="right")
    if low < 0:
        _above(ax, 0, f"\N{LEFTWARDS ARROW} more in {b}")


def _above(ax: Axes, x: float, text: str, **options: Any) -> None:
    """A small text on the upper edge of axes."""
    ax.text(x, 1, text, transform=ax.transAxes, va="bottom", fontsize=7.5, color=FAINT, **options)


def _question(comparison: Comparison, outcome: str) -> str:
    """What the chart shows; first of all what A and B are, if these stand for long names."""
    slot, last = comparison.slot, day_text(comparison.window.last)
    what = {
        "days_held": f"days with the {slot}",
        "holds": f"who has the {slot} on {day_text(comparison.date)}",
        "days_to_fall": f"days until it first has the {slot}",
        "fell": f"whether it ever has the {slot} by {last}",
        "dead": f"dead by {last}",
        "displaced": f"displaced people on {last}",
    }
    day, n_days = day_text(comparison.date), comparison.window.n_days
    told = by_label()[outcome].headed(slot=slot, days=n_days, date=day, last=last)
    short, long = _short_names(comparison), (comparison.a, comparison.b)
    lines = [f"{short[0]} minus {short[1]}:", what.get(outcome, told)]
    if short != long:
        names = (f"{letter} = {name}" for letter, name in zip(short, long, strict=True))
        lines = [*(textwrap.fill(one, TITLE) for one in names), *lines]
    return "\n".join(lines)


def _short_names(comparison: Comparison) -> tuple[str, str]:
    """The names of both scenarios, or A and B if there is no room for them."""
    names = comparison.a, comparison.b
    return names if len("".join(names)) <= SHORT_NAMES else ("A", "B")


def _pairs(comparison: Comparison) -> str:
    """Pairs, seed and dates."""
    text = given.runs_and_seed(comparison.n, comparison.seed).replace("run", "pair", 1)
    left_out = comparison.runs - comparison.n
    failed = f", {left_out} left out that failed" if left_out else ""
    return f"{text}{failed}; {comparison.window}"


# --- what decides an outcome -------------------------------------------------------------


@chart()
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
    ax = axis.framed(ax, 7.6, 1.75 + 0.24 * max(len(table), 4))
    question = f"{sensitivity.scenario}: what decides the {one.title}?"
    heading(ax, textwrap.fill(question, QUESTION), 18)
    ax.set_xlabel(INDEX[sensitivity.method].format(unit=one.unit), fontsize=8, color=INK)
    if not (table[sensitivity.index] > 0).any():
        return _nothing(ax, "the same at all points")
    floor = _dummy(sensitivity, one.name)
    _draw_parameters(ax, table, sensitivity)
    if math.isfinite(floor):
        ax.axvline(floor, color=LUCK, linewidth=1.1, linestyle=DASHED, zorder=1, gid="dummy")
    keys = _keys(sensitivity, floor)
    ax.legend(handles=keys, ncols=2, **axis.below(ax, 34))
    what = f"{sensitivity.size} {_points(sensitivity)} x {sensitivity.draws} draws"
    axis.note(
        ax,
        f"{sensitivity.method.capitalize()}, {sensitivity.problem.n} parameters, {what} = "
        f"{sensitivity.runs:,} runs, seed {sensitivity.seed}",
        74,
    )
    return ax


@chart()
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
    ax = axis.framed(ax, 7.6, 4.6)
    question = f"{sensitivity.scenario}: do the runs suffice for the {one.title}?"
    heading(ax, textwrap.fill(question, QUESTION))
    ax.set_ylabel(INDEX[sensitivity.method].format(unit=one.unit), fontsize=8, color=INK)
    ax.set_xlabel("runs", fontsize=8, color=INK)
    if not (grown[sensitivity.index] > 0).any():
        return _nothing(ax, "the same at all points")
    by_name = dict(zip(names, colours, strict=False))
    _draw_lines(ax, grown, by_name, sensitivity.index)
    keys = [line_key(name, colour, marker="o", markersize=4) for name, colour in by_name.items()]
    floor = _dummy(sensitivity, one.name)
    if math.isfinite(floor):
        ax.axhline(floor, color=FAINT, linewidth=1.0, linestyle=DASHED)
        keys.append(line_key("dummy that changes all luck", FAINT, linestyle=DASHED))
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.legend(handles=keys, ncols=2, **axis.below(ax, 40))
    axis.note(ax, _stable(sensitivity, one.name), 46 + 12 * -(-len(keys) // 2))
    return ax


@chart()
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
    drawn = {}
    for one in sensitivity.outcomes:
        name = one.name.replace(":", "-")
        drawn[f"sensitivity-{name}"] = plot_sensitivity(sensitivity, one.name, top)
        drawn[f"convergence-{name}"] = plot_convergence(sensitivity, one.name)
    return axis.save_all(drawn, sensitivity.folder / CHARTS if folder is None else folder)


def _draw_parameters(ax: Axes, table: pd.DataFrame, found: Sensitivity) -> None:
    """Bars with their intervals and their luck, names at the left, numbers at the right."""
    is_sobol = found.method == "sobol"
    for at, row in enumerate(table.to_dict("records")):
        name, value, half = row["parameter"], row[found.index], row[f"{found.index}_conf"]
        colour = SURE if row["stands_out"] else UNSURE
        ax.barh(at, value, THICK, color=colour, zorder=2, gid=f"index/{name}")
        if math.isfinite(half):
            bounds = [max(0.0, value - half), value + half]
            ax.plot(bounds, [at] * 2, color=INK, linewidth=1.2, zorder=4, gid=f"interval/{name}")
        if math.isfinite(row["luck"]):
            ends = [at - THICK / 2, at + THICK / 2]
            luck = [row["luck"]] * 2
            ax.plot(luck, ends, color=LUCK, linewidth=2.0, zorder=5, gid=f"luck/{name}")
        if is_sobol:
            ax.plot([max(0.0, row["S1"])], [at], "o", color=INK, markersize=4.5, zorder=6)
        beside(ax, at, _minus(number(row["S1"], 2)) if is_sobol else _mean_change(row))
    axis.name_rows(ax, [f"{r.parameter}  {r.rule} {r.evidence}" for r in table.itertuples()])
    ax.set_ylim(max(len(table), 4) - 0.4, -0.6)
    ax.set_xlim(left=0)
    _above(ax, 1.01, "S1" if is_sobol else "mean change")


def _mean_change(row: dict[str, Any]) -> str:
    """`+3.1`."""
    digits = 3 if row["unit"] == "share of runs" else 0 if abs(row["mu"]) >= 1000 else 1
    return _minus(f"{round(row['mu'], digits) + 0.0:+,.{digits}f}")


def _keys(found: Sensitivity, floor: float) -> list[Key]:
    """The legend of the bars."""
    keys: list[Key] = [
        Patch(facecolor=SURE, label="stands out from luck"),
        Patch(facecolor=UNSURE, label="does not"),
        line_key("95 % interval", linewidth=1.2),
    ]
    if math.isfinite(floor):
        stroke: dict[str, Any] = {"marker": "|", "markersize": 8, "markeredgewidth": 2.0}
        keys.append(line_key("luck of the parameter", LUCK, linestyle="", **stroke))
        label = "dummy: changes all luck, nothing else"
        keys.append(line_key(label, LUCK, linewidth=1.1, linestyle=DASHED))
    if found.method == "sobol":
        label = "S1: because of it alone"
        keys.append(line_key(label, marker="o", linestyle="", markersize=4.5))
    return keys


def _draw_lines(ax: Axes, grown: pd.DataFrame, colours: dict[str, Any], index: str) -> None:
    """A line for each parameter, its points a little apart from those of the others."""
    runs = grown["runs"].to_numpy(dtype=float)
    width = runs.max() - runs.min() or 1.0
    for at, (name, colour) in enumerate(colours.items()):
        rows = grown[grown["parameter"] == name]
        x = rows["runs"].to_numpy(dtype=float) + (at - (len(colours) - 1) / 2) * APART * width
        y, half = rows[index].to_numpy(), np.nan_to_num(rows[f"{index}_conf"].to_numpy())
        drawn = ax.errorbar(x, y, half, color=colour, marker="o", markersize=4, linewidth=1.3)
        drawn[0].set_gid(f"index/{name}")
    ax.set_xticks(sorted(set(runs)), [f"{int(n):,}" for n in sorted(set(runs))])


def _dummy(found: Sensitivity, outcome: str) -> float:
    """The index of the dummy, `nan` if there is none."""
    return float(found.noise.set_index("outcome").loc[outcome, "dummy"])


def _points(found: Sensitivity) -> str:
    return "trajectories" if found.method == "morris" else "base points"


def _stable(found: Sensitivity, outcome: str) -> str:
    """`with 5, 10 trajectories: 80 %, 90 % of the first 10 are those of the whole design`."""
    stable = found.stability[found.stability["outcome"] == outcome]
    sizes = ", ".join(str(size) for size in stable["size"])
    shares = ", ".join(f"{100 * share:.0f}" for share in stable["top_shared"])
    first = f"the first {n_top(found.problem.n)}"
    return f"with {sizes} {_points(found)}, {shares} % of {first} are those of the whole design"


# --- accepted parameters -----------------------------------------------------------------


@chart()
def plot_calibration(calibration: Calibration | Posterior, ax: Axes | None = None) -> Axes:
    """Where in its range each uncertain parameter lies in the accepted records.

    A dot is the median, a line 5 to 95 %, both as probabilities of the range's distribution: a
    parameter of which the record tells nothing has its dot at one half and a line from 5 to 95 %.

    Args:
        calibration: What `ch.calibrate` gave.
        ax: Where to draw; axes of their own if not given.
    Returns:
        The axes.
    """
    names = list(calibration.screened)
    ax = axis.axes_or_new(ax, 8.4, 1.6 + 0.26 * len(names))
    at = np.array([calibration.marginals[name]["probability"] for name in names])
    rows = np.arange(len(names))
    ax.axvspan(0.05, 0.95, color=FAINT, alpha=0.25, linewidth=0)
    ax.axvline(0.5, color=FAINT, linewidth=1)
    ax.hlines(rows, at[:, 0], at[:, 2], color=SURE, linewidth=2)
    ax.plot(at[:, 1], rows, "o", color=SURE, markersize=5)
    for row, name in enumerate(names):
        low, middle, high = calibration.marginals[name]["accepted"]
        beside(ax, row, f"{middle:.3g} [{low:.3g}, {high:.3g}]", 1.02)
    axis.name_rows(ax, names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.set_xlabel("probability in the parameter's range: median and 5 to 95 % of the records")
    evidence, n = calibration.records.evidence, calibration.records.n
    text = (
        f"What {n} accepted records of the set {evidence} leave open;\n"
        "right: their values, median [5 %, 95 %]"
    )
    ax.set_title(text, fontsize=axis.TITLE_SIZE, loc="left")
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax


@chart()
def draw_calibration(calibration: Calibration | Posterior, folder: str | Path) -> Path:
    """Write the chart to `folder/accepted.png` and return its path."""
    return axis.save(plot_calibration(calibration), inputs.path("folder", folder) / "accepted.png")


# --- evidence ----------------------------------------------------------------------------


@chart()
def plot_evidence(evidence: Evidence, ax: Axes | None = None) -> Axes:
    """How much likelier the record is in each case than in the first one: log Bayes factors.

    A row for each case with its 95 % interval, filled where that leaves out nil.

    Args:
        evidence: What `ch.evidence` gave, of at least two cases.
        ax: Where to draw; axes of their own if not given.
    Returns:
        The axes.
    """
    rows, first = evidence.table.to_dict("records")[1:], evidence.table["case"][0]
    if not rows:
        raise ValueError("there is one case only: nothing to hold against it")
    ax = axis.framed(ax, 7.6, 1.5 + 0.27 * max(len(rows), 2))
    ax.axvline(0, color=FAINT, linewidth=0.9, zorder=0)
    for at, row in enumerate(rows):
        value, low, high = interval_of(row, "difference", "difference_low", "difference_high")
        gid = f"interval/{row['case']}"
        ax.plot([low, high], [at, at], color=SURE, linewidth=1.8, gid=gid)
        face = SURE if low > 0 or high < 0 else PAPER
        ax.plot([value], [at], "o", color=SURE, markersize=6, markerfacecolor=face)
        beside(ax, at, _minus(bounded((value, low, high), partial(number, digits=1))))
    axis.name_rows(ax, [row["case"] for row in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    days = f"{day_text(evidence.first)} to {day_text(evidence.until)}"
    heading(ax, f"How much likelier the record of {days}\nis than in {first}", 20)
    _above(ax, 1, "likelier \N{RIGHTWARDS ARROW}", ha="right")
    _above(ax, 0, f"\N{LEFTWARDS ARROW} likelier in {first}")
    ax.set_xlabel("log Bayes factor, nats", fontsize=8, color=INK)
    n, particles = evidence.n_filters, evidence.n_particles
    axis.note(ax, f"{n} filters of {particles:,} particles each, seed {evidence.seed}; 95 %", 30)
    return ax


@chart()
def draw_evidence(evidence: Evidence, folder: str | Path) -> Path:
    """Write the chart to `folder/evidence.png` and return its path."""
    return axis.save(plot_evidence(evidence), inputs.path("folder", folder) / "evidence.png")
