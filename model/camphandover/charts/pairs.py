"""Chart of the differences between two scenarios, taken run by run."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from camphandover.batch.batch import Batch
from camphandover.charts.axis import below, day_text, frame, note
from camphandover.charts.data import axes_or_new, runs_and_seed
from camphandover.charts.palette import FAINT, INK, PAPER, colour_of, name_of
from camphandover.charts.style import styled
from camphandover.judge.compare import Comparison, compare
from camphandover.measure.outcomes import by_label, filled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.25
"""Height of a row, inches."""
AROUND = 1.75
"""Inches above and below the rows."""
SCALE = {"days": 1.0, "share": 100.0, "dead": 1.0, "people": 1.0, "number": 1.0}
"""By unit of the outcome, what it is multiplied with for the axis."""
UNITS = {"share": "percentage points"}
DIGITS = {"days": 1, "share": 1, "dead": 1, "people": 0, "number": 1}
LONGEST = 50
"""Letters of both scenarios' names that have room on a line."""
WIDEST = 60
"""Letters of a line of the title."""
WIDER = 0.06
"""Of the width of all intervals, the margin at both sides."""


@styled
def difference(
    data: Batch | Comparison,
    a: str | None = None,
    b: str | None = None,
    outcome: str = "days_held",
    places: str | Sequence[str] | None = None,
    ax: Axes | None = None,
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
    Returns:
        The axes: rows from top to bottom, along them the difference in days, percentage points,
        dead or people.
    Errors:
        ValueError for an unknown outcome or if a comparison is of other scenarios; BatchError if
        the batch cannot be compared so.
    """
    if outcome not in by_label():
        raise ValueError(f"outcome {outcome!r} is not known; there is {', '.join(by_label())}")
    comparison = _comparison(data, a, b, places)
    rows = list(comparison.telling(outcome).itertuples())
    is_own = ax is None
    ax = axes_or_new(ax, 7.6, AROUND + ROW * max(len(rows), 2))
    frame(ax)
    ax.set_title(_question(comparison, outcome), loc="left", color=INK, fontsize=11, pad=20)
    if rows:
        _draw_rows(ax, rows)
        _name_rows(ax, rows)
        _say_directions(ax, comparison)
    else:
        ax.text(0.5, 0.5, "no difference to show", transform=ax.transAxes, ha="center", color=FAINT)
        ax.set_xticks([])
        ax.set_yticks([])
    ax.set_xlabel(_unit(comparison, outcome), fontsize=8, color=INK)
    if is_own:
        if rows:
            ax.legend(handles=_keys(), ncols=2, **below(ax, 46))
        note(ax, _caption(comparison), 30)
    return ax


def _comparison(
    data: Batch | Comparison, a: str | None, b: str | None, places: str | Sequence[str] | None
) -> Comparison:
    """The comparison given, or that of two scenarios of a batch."""
    if isinstance(data, Batch):
        if a is None or b is None:
            raise ValueError(f"a= and b= are needed, two of {', '.join(data.scenarios)}")
        return compare(data, a, b, places=places)
    if not isinstance(data, Comparison):
        raise TypeError(f"a Batch or a Comparison is needed, not {type(data).__name__}")
    if a not in (None, data.a) or b not in (None, data.b):
        raise ValueError(f"the comparison is of {data.a} and {data.b}, not of {a} and {b}")
    if places is not None:
        raise ValueError("places= are those of the comparison: give them to ch.compare")
    return data


def _draw_rows(ax: Axes, rows: list[Any]) -> None:
    """Dots with their intervals, and the numbers at the right."""
    ax.axvline(0, color=FAINT, linewidth=0.9, zorder=0)
    low, high = _limits(rows)
    ax.set_xlim(low, high)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    for at, row in enumerate(rows):
        scale, colour = SCALE[row.unit], colour_of(row.who)
        value, bounds = scale * row.difference, [scale * row.low, scale * row.high]
        if not math.isnan(row.low):
            (bar,) = ax.plot(bounds, [at, at], color=colour, linewidth=1.8)
            bar.set_gid(f"interval/{row.place}/{row.who}")
        face = colour if _leaves_out_nil(row) else PAPER
        (dot,) = ax.plot([value], [at], "o", color=colour, markersize=6, markerfacecolor=face)
        dot.set_gid(f"difference/{row.place}/{row.who}")
        ax.text(
            1.01, at, _numbers(row), transform=ax.get_yaxis_transform(), va="center",
            fontsize=7.5, color=INK,
        )  # fmt: skip


def _limits(rows: list[Any]) -> tuple[float, float]:
    """Ends of the axis: nil and all intervals, and a margin."""
    ends = [0.0]
    for row in rows:
        known = (row.difference, row.low, row.high)
        ends += [SCALE[row.unit] * value for value in known if not math.isnan(value)]
    margin = WIDER * (max(ends) - min(ends)) or 1.0
    return min(ends) - margin, max(ends) + margin


def _leaves_out_nil(row: Any) -> bool:
    """Whether the interval is there and does not hold 0."""
    return bool(row.low > 0 or row.high < 0)


def _numbers(row: Any) -> str:
    """`-3.1 [-4.9, -1.2]`."""
    scale, digits = SCALE[row.unit], DIGITS[row.unit]
    value, low, high = (
        f"{round(scale * x, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")
        for x in (row.difference, row.low, row.high)
    )
    return value if math.isnan(row.low) else f"{value} [{low}, {high}]"


def _name_rows(ax: Axes, rows: list[Any]) -> None:
    """Holders at the rows, the base at the first of its rows, a thin line between bases."""
    ax.set_yticks(range(len(rows)), [name_of(row.who) for row in rows], fontsize=8)
    ax.tick_params(axis="y", length=0)
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
        text = f"more in {a} \N{RIGHTWARDS ARROW}"
        ax.text(1, 1, text, transform=ax.transAxes, ha="right", **_SMALL)
    if low < 0:
        text = f"\N{LEFTWARDS ARROW} more in {b}"
        ax.text(0, 1, text, transform=ax.transAxes, ha="left", **_SMALL)


_SMALL: dict[str, Any] = {"va": "bottom", "fontsize": 7.5, "color": FAINT}


def _question(comparison: Comparison, outcome: str) -> str:
    """What the chart shows."""
    slot, last = comparison.slot, day_text(comparison.window.last)
    what = {
        "days_held": f"days with the {slot}",
        "holds": f"who has the {slot} on {day_text(comparison.date)}",
        "days_to_fall": f"days until it first has the {slot}",
        "fell": f"whether it ever has the {slot} by {last}",
        "dead": f"dead by {last}",
        "displaced": f"displaced people on {last}",
    }
    heading = filled(by_label()[outcome].heading, slot=slot, days=comparison.window.n_days)
    a, b = _short_names(comparison)
    return f"{_long_names(comparison)}{a} minus {b}:\n{what.get(outcome, heading)}"


def _short_names(comparison: Comparison) -> tuple[str, str]:
    """The names of both scenarios, or A and B if there is no room for them."""
    names = comparison.a, comparison.b
    return names if len("".join(names)) <= LONGEST else ("A", "B")


def _long_names(comparison: Comparison) -> str:
    """What A and B are, if they stand for the names, in lines of letters as wide as the axes."""
    short, long = _short_names(comparison), (comparison.a, comparison.b)
    if short == long:
        return ""
    return "".join(
        f"{textwrap.fill(f'{a} = {name}', WIDEST)}\n" for a, name in zip(short, long, strict=True)
    )


def _unit(comparison: Comparison, outcome: str) -> str:
    unit, better = by_label()[outcome].unit, by_label()[outcome].better
    of = f" of {comparison.window.n_days}" if unit == "days" else ""
    less = "; less is better" if better == "less" else ""
    return f"mean difference of the pairs, {UNITS.get(unit, unit)}{of}{less}"


def _keys() -> list[Line2D]:
    """Keys of the legend: what the signs mean; whose they are stands at the rows."""
    dot: dict[str, Any] = {"color": INK, "marker": "o", "markersize": 5}
    return [
        Line2D([], [], label="95 % interval without 0", markerfacecolor=INK, **dot),
        Line2D([], [], label="95 % interval with 0", markerfacecolor=PAPER, **dot),
    ]


def _caption(comparison: Comparison) -> str:
    """Pairs, seed and dates."""
    text = runs_and_seed(comparison.n, comparison.seed).replace("run", "pair", 1)
    left_out = comparison.runs - comparison.n
    failed = f", {left_out} left out that failed" if left_out else ""
    return f"{text}{failed}; {comparison.window}"
