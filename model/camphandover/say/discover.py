"""What a search found as plain sentences for the terminal, and as HTML for a notebook."""

from __future__ import annotations

import math
import textwrap
from html import escape
from typing import TYPE_CHECKING, Any

from camphandover.judge.study.discover.losses import Share, told
from camphandover.judge.study.discover.retest import (
    CONFIRMED,
    FAILS,
    HOLDS,
    INSIDE,
    OUTSIDE,
    UNTESTED,
    WEAKER,
    WITHOUT,
)
from camphandover.judge.study.levers import lever
from camphandover.judge.study.levers_words import PARAMETER, RECEIVER, TIMING, Factor
from camphandover.measure.intervals import Interval
from camphandover.say.tabular import aligned, for_notebook, html_table

if TYPE_CHECKING:
    from camphandover.judge.study.discover.discover import Discovery

WIDTH = 110
SHOWN = 8
"""Factors of which the text tells."""
VERDICTS = {
    HOLDS: "It holds up.",
    WEAKER: "It holds up, but is weaker than it looked.",
    FAILS: "It does not hold up: on fresh runs the base is not surely lost more often in it.",
    UNTESTED: "It could not be tested: such points are too rare.",
}
FIXED_DATE = (
    "The date is fixed, so an early exit leaves everybody more time to take the base, or to take "
    "it back, than a late one. --after DAYS asks so many days after each exit instead."
)


GIVEN = (
    "A camp that is given to a joint unit or to the separatists counts as lost while they have "
    "it: such a handover is a loss by its own terms, not a defeat."
)


def as_text(found: Discovery) -> str:
    """Plain text of at most 110 columns."""
    lines: list[str] = []
    for paragraph in _preface(found):
        lines += textwrap.wrap(paragraph, WIDTH)
    title, header, body = _factors(found)
    lines += ["", *textwrap.wrap(title, WIDTH), *aligned([header, *body])]
    for number in range(1, len(found.found) + 1):
        lines += ["", *_wrapped(_box(found, number))]
    if not found.found:
        lines += ["", *textwrap.wrap(_nothing(found), WIDTH)]
    title, header, body = _robust(found)
    lines += ["", *textwrap.wrap(title, WIDTH), *aligned([header, *body])]
    return "\n".join(lines)


def as_html(found: Discovery) -> str:
    """The same as paragraphs, lists and tables."""
    parts = [f"<p>{escape(paragraph)}</p>" for paragraph in _preface(found)]
    for number in range(1, len(found.found) + 1):
        head, items, tail = _box(found, number)
        entries = "".join(f"<li>{escape(item)}</li>" for item in items)
        parts.append(f"<p>{escape(head)}</p><ul>{entries}</ul><p>{escape(tail)}</p>")
    if not found.found:
        parts.append(f"<p>{escape(_nothing(found))}</p>")
    for title, header, body in (_factors(found), _robust(found)):
        parts.append(html_table(title, header, body))
    return for_notebook(parts)


def headline(found: Discovery, number: int) -> str:
    """A box in a line, for charts and reports."""
    row = found.boxes.iloc[number - 1]
    return f"{row['conditions']}: {row['verdict']}"


# --- paragraphs --------------------------------------------------------------------------


def _preface(found: Discovery) -> list[str]:
    design, all_ = found.design, found.overall
    camps = [camp.place for camp in design.camps]
    runs = max(int(found.points["runs"].max()), 1)
    first = (
        f"When is {found.loss.place} lost? Scenario {found.scenario}; it counts as lost if "
        f"{found.loss}. Varied are exit, receiver and notice of {', '.join(camps)}, and "
        f"{sum(one.kind == PARAMETER for one in design.factors)} uncertain parameters of the set "
        f"{design.evidence}, all drawn anew at each of {all_.points} points; {runs} runs a point, "
        f"seed {found.seed}."
    )
    second = f"It is lost in {told(all_)} of all runs (95 % interval)."
    if found.un_there > 0:
        second += f" In {_percent(found.un_there)} the UN still has it, which is no loss."
    if not math.isnan(found.luck):
        second += (
            f" {_percent(found.luck)} of the variance of the outcome is luck, which no condition "
            "tells."
        )
    if found.failed:
        second += f" {found.failed} runs failed and are left out."
    paragraphs = [first, second, *design.notes]
    if _is_given(found):
        paragraphs.append(GIVEN)
    if found.loss.on is not None and any(one.kind == TIMING for one in design.factors):
        paragraphs.append(FIXED_DATE)
    return paragraphs


def _is_given(found: Discovery) -> bool:
    """Whether the base may be handed to somebody to whom it then counts as lost."""
    name = lever(RECEIVER, found.loss.place)
    if name not in found.points:
        return False
    receivers = set(found.points[name])
    return any(one in receivers and one in found.loss.lost_to for one in ("joint", "separatists"))


def _box(found: Discovery, number: int) -> tuple[str, list[str], str]:
    """What is said of a box: the head, its conditions, and how it did when re-tested."""
    row = found.boxes.iloc[number - 1]
    share = Interval(row["density"], row["low"], row["high"])
    fresh = found.retest[found.retest["box"].isin([0, number])]
    inside = fresh[fresh["stratum"] == INSIDE].iloc[0]
    outside = fresh[fresh["stratum"] == OUTSIDE].iloc[0]
    besides = ", outside the boxes above," if number > 1 else ""
    head = (
        f"Box {number}: {_of(inside)} of fresh runs lose it{besides} if"
        if inside["verdict"] != UNTESTED
        else f"Box {number}: {told(share)} of the searched runs lose it{besides} if"
    )
    items = []
    for one in found.conditions[found.conditions["box"] == number].itertuples():
        without = fresh[(fresh["stratum"] == WITHOUT) & (fresh["condition"] == one.condition)]
        items.append(one.condition + _tested(one, without))
    tail = (
        f"The search found {told(share)}; it covers {_percent(row['coverage'])} of all losses "
        f"with {_percent(row['mass'])} of the points. Re-tested with seed {found.fresh_seed}: "
        f"{_of(inside)} in {inside['points']} new points inside, {_of(outside)} in "
        f"{outside['points']} outside all boxes; difference {_points(inside)}. "
        f"{VERDICTS[row['verdict']]}"
    )
    if found.wanted is not None and share.value < found.wanted:
        tail += f" No box with conditions that are sure reaches {_percent(found.wanted)}."
    return head, items, tail


def _tested(condition: Any, without: Any) -> str:
    """` (quasi-p 0.001; where only this fails: 31 % [20 to 44], confirmed)`."""
    p = "quasi-p < 0.001" if condition.p < 0.001 else f"quasi-p {condition.p:.3f}"
    if without.empty:
        return f" ({p})"
    row = without.iloc[0]
    verdict = "confirmed" if condition.verdict == CONFIRMED else condition.verdict
    return f" ({p}; where only this does not hold {_of(row)}: {verdict})"


def _nothing(found: Discovery) -> str:
    value = found.overall.value
    if value in (0.0, 1.0):
        return f"It is lost in {'no' if value == 0 else 'every'} run: there is nothing to find."
    return (
        "No condition was found under which it is surely lost more often: what is varied here "
        "tells too little."
    )


def _factors(found: Discovery) -> tuple[str, list[str], list[list[str]]]:
    """The surest factors."""
    by_name = {factor.name: factor for factor in found.design.factors}
    title = (
        "What matters by itself, the surest first (rho: rank correlation with the share of losses; "
        "q: adjusted for how many were tried)"
    )
    body = [
        [_named(by_name[row.factor]), row.kind, _rho(row.rho), f"{row.q:.2g}"]
        for row in found.factors.head(SHOWN).itertuples()
    ]
    return title, ["Factor", "Kind", "rho", "q"], body


def _named(factor: Factor) -> str:
    if factor.kind != PARAMETER:
        return factor.label
    return textwrap.shorten(f"{factor.name} ({factor.unit})", 70, placeholder="...)")


def _robust(found: Discovery) -> tuple[str, list[str], list[list[str]]]:
    """Receivers by timing."""
    title = (
        "Which handover is robust, over all other levers and unknowns; the best first. Mostly: "
        "points in % whose chance of a loss is above one half. One in ten: chance that the worst "
        "tenth of the points exceeds (both without the luck of single runs)"
    )
    body = [
        [
            row.camp,
            row.receiver,
            _days(row.from_shift, row.to_shift),
            str(row.points),
            told(Share(row.share, row.low, row.high, row.points, 0)),
            _percent(row.mostly_lost),
            _percent(row.bad),
        ]
        for row in found.robust.itertuples()
    ]
    header = ["Camp", "Receiver", "Exit, days from plan", "Points", "Lost", "Mostly", "One in ten"]
    return title, header, body


def _days(first: int, last: int) -> str:
    return signed(first) if first == last else f"{signed(first)} to {signed(last)}"


def signed(days: int) -> str:
    """`-30`, `0`, `+15`."""
    return f"{days:+d}" if days else "0"


def _of(row: Any) -> str:
    return told(Interval(row["share"], row["low"], row["high"]))


def _points(row: Any) -> str:
    """`+21 points [+12 to +30]`."""
    values = [100 * row[name] for name in ("difference", "difference_low", "difference_high")]
    if math.isnan(values[0]):
        return "-"
    return f"{values[0]:+.0f} points [{values[1]:+.0f} to {values[2]:+.0f}]"


def _percent(share: float) -> str:
    if math.isnan(share):
        return "-"
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def _rho(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:+.2f}"


def _wrapped(box: tuple[str, list[str], str]) -> list[str]:
    head, items, tail = box
    lines = textwrap.wrap(head, WIDTH)
    for item in items:
        lines += textwrap.wrap(item, WIDTH, initial_indent="  - ", subsequent_indent="    ")
    return [*lines, *textwrap.wrap(tail, WIDTH)]
