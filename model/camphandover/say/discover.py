"""What a search found: when a base is lost, its boxes, and which handover is robust."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from typing import Any

from camphandover.judge.study.discover.discover import Discovery
from camphandover.judge.study.discover.retest import (
    CONFIRMED,
    INSIDE,
    OUTSIDE,
    UNTESTED,
    VERDICTS,
    WITHOUT,
)
from camphandover.judge.study.factors import Factor, Kind
from camphandover.judge.study.levers import lever
from camphandover.measure.notation import (
    bounded,
    interval_of,
    number,
    percent_interval,
    signed,
)
from camphandover.say.document import Block, Column, Document, Items, Paragraph, table

SHOWN = 8
"""Factors of which the text tells."""
LONGEST = 70
"""Letters of a factor."""
FIXED_DATE = (
    "The date is fixed, so an early exit leaves everybody more time to take the base, or to take "
    "it back, than a late one. --after DAYS asks so many days after each exit instead."
)
GIVEN = (
    "A camp that is given to a joint unit or to the separatists counts as lost while they have "
    "it: such a handover is a loss by its own terms, not a defeat."
)
TABLES = ("boxes", "conditions", "retest", "factors", "robust", "trade_off")
"""Those that JSON holds: all but the points."""


def document(found: Discovery) -> Document:
    """What was searched, what matters, the boxes, and which handover is robust."""
    boxes = [block for i in range(len(found.found)) for block in _box(found, i + 1)]
    return [
        *map(Paragraph, _preface(found)),
        _factors(found),
        *(boxes or [Paragraph(_nothing(found))]),
        _robust(found),
    ]


def data(found: Discovery) -> dict[str, Any]:
    """The numbers by the names that JSON has, without the points."""
    return {
        "scenario": found.scenario,
        "lost_if": str(found.loss),
        "camps": [camp.place for camp in found.design.camps],
        "evidence": found.design.evidence,
        "method": found.method,
        "wanted_density": found.wanted,
        "seed": found.seed,
        "fresh_seed": found.fresh_seed,
        "points": found.overall.points,
        "runs": found.overall.runs,
        "failed": found.failed,
        "share": found.overall.value,
        "low": found.overall.low,
        "high": found.overall.high,
        "un_there": found.un_there,
        "luck": found.luck,
        **{name: getattr(found, name) for name in TABLES},
    }


# --- paragraphs --------------------------------------------------------------------------


def _preface(found: Discovery) -> list[str]:
    design = found.design
    camps = ", ".join(camp.place for camp in design.camps)
    runs = max(int(found.points["runs"].max()), 1)
    told = [
        f"When is {found.loss.place} lost? Scenario {found.scenario}; it counts as lost if "
        f"{found.loss}. Varied are exit, receiver and notice of {camps}, and "
        f"{sum(one.kind == Kind.PARAMETER for one in design.factors)} uncertain parameters of the "
        f"set {design.evidence}, all drawn anew at each of {found.overall.points} points; {runs} "
        f"runs a point, seed {found.seed}."
    ]
    second = f"It is lost in {_share(found.overall)} of all runs (95 % interval)."
    if found.un_there > 0:
        second += f" In {_percent(found.un_there)} the UN still has it, which is no loss."
    if not math.isnan(found.luck):
        second += (
            f" {_percent(found.luck)} of the variance of the outcome is luck, which no condition "
            "tells."
        )
    if found.failed:
        second += f" {found.failed} runs failed and are left out."
    told += [second, *design.notes]
    if _is_given(found):
        told.append(GIVEN)
    if found.loss.on is not None and any(one.kind == Kind.TIMING for one in design.factors):
        told.append(FIXED_DATE)
    return told


def _is_given(found: Discovery) -> bool:
    """Whether the base may be handed to somebody to whom it then counts as lost."""
    receivers = set(found.points.get(lever(Kind.RECEIVER, found.loss.place), ()))
    return bool(receivers & set(found.loss.lost_to) & {"joint", "separatists"})


def _box(found: Discovery, i: int) -> list[Block]:
    """What is said of a box: the head, its conditions, and how it did when re-tested."""
    row = found.boxes.iloc[i - 1]
    fresh = found.retest[found.retest["box"].isin([0, i])]
    inside = fresh[fresh["stratum"] == INSIDE].iloc[0]
    outside = fresh[fresh["stratum"] == OUTSIDE].iloc[0]
    searched = _share(interval_of(row, "density"))
    lost = (
        f"{_of(inside)} of fresh runs"
        if inside["verdict"] != UNTESTED
        else (f"{searched} of the searched runs")
    )
    besides = ", outside the boxes above," if i > 1 else ""
    items = []
    for one in found.conditions[found.conditions["box"] == i].itertuples():
        without = fresh[(fresh["stratum"] == WITHOUT) & (fresh["condition"] == one.condition)]
        items.append(one.condition + _tested(one, without))
    difference = [100 * inside[f"difference{end}"] for end in ("", "_low", "_high")]
    points = " points" if not math.isnan(difference[0]) else ""
    tail = (
        f"The search found {searched}; it covers {_percent(row['coverage'])} of all losses "
        f"with {_percent(row['mass'])} of the points. Re-tested with seed {found.fresh_seed}: "
        f"{_of(inside)} in {inside['points']} new points inside, {_of(outside)} in "
        f"{outside['points']} outside all boxes; difference "
        f"{bounded(difference, _signed)}{points}. {VERDICTS[row['verdict']]}"
    )
    if found.wanted is not None and row["density"] < found.wanted:
        tail += f" No box with conditions that are sure reaches {_percent(found.wanted)}."
    return [
        Paragraph(f"Box {i}: {lost} lose it{besides} if"),
        Items(tuple(items)),
        Paragraph(tail),
    ]


def _tested(condition: Any, without: Any) -> str:
    """` (quasi-p 0.001; where only this does not hold 31 [20, 44] %: confirmed)`."""
    p = "quasi-p < 0.001" if condition.p < 0.001 else f"quasi-p {condition.p:.3f}"
    if without.empty:
        return f" ({p})"
    verdict = "confirmed" if condition.verdict == CONFIRMED else condition.verdict
    return f" ({p}; where only this does not hold {_of(without.iloc[0])}: {verdict})"


def _nothing(found: Discovery) -> str:
    value = found.overall.value
    if value in (0.0, 1.0):
        return f"It is lost in {'no' if value == 0 else 'every'} run: there is nothing to find."
    return (
        "No condition was found under which it is surely lost more often: what is varied here "
        "tells too little."
    )


# --- tables ------------------------------------------------------------------------------


def _factors(found: Discovery) -> Block:
    """The surest factors."""
    by_name = {factor.name: factor for factor in found.design.factors}
    title = (
        "What matters by itself, the surest first (rho: rank correlation with the share of losses; "
        "q: adjusted for how many were tried)"
    )
    rows = [
        (_named(by_name[row.factor]), row.kind, row.rho, row.q)
        for row in found.factors.head(SHOWN).itertuples()
    ]
    rho = Column("rho", form=lambda value: "-" if math.isnan(value) else f"{value:+.2f}")
    q = Column("q", form=lambda value: f"{value:.2g}")
    return table(title, ["Factor", "Kind", rho, q], rows, 2)


def _named(factor: Factor) -> str:
    if factor.kind != Kind.PARAMETER:
        return factor.label
    return textwrap.shorten(f"{factor.name} ({factor.unit})", LONGEST, placeholder="...)")


def _robust(found: Discovery) -> Block:
    """Receivers by timing."""
    title = (
        "Which handover is robust, over all other levers and unknowns; the best first. Lost: share "
        "of runs in % [95 % interval]. Mostly: points in % whose chance of a loss is above one "
        "half. One in ten: chance that the worst tenth of the points exceeds (both without the "
        "luck of single runs)"
    )
    rows = [
        (
            row["camp"],
            row["receiver"],
            " to ".join(dict.fromkeys((signed(row["from_shift"]), signed(row["to_shift"])))),
            row["points"],
            interval_of(row, "share"),
            row["mostly_lost"],
            row["bad"],
        )
        for row in found.robust.to_dict("records")
    ]
    lost = Column("Lost", form=percent_interval)
    shares = [Column(name, form=_percent) for name in ("Mostly", "One in ten")]
    return table(
        title, ["Camp", "Receiver", "Exit, days from plan", "Points", lost, *shares], rows, 3
    )


# --- numbers -----------------------------------------------------------------------------


def _share(interval: Iterable[float]) -> str:
    """A share with its interval in a sentence: `44 [35, 53] %`."""
    text = percent_interval(list(interval)[:3])
    return text if text == "-" else f"{text} %"


def _of(row: Any) -> str:
    return _share(interval_of(row, "share"))


def _signed(points: float) -> str:
    return "-" if math.isnan(points) else f"{points:+.0f}"


def _percent(share: float) -> str:
    if 0 < share < 0.005:
        return "< 1 %"
    return "-" if math.isnan(share) else f"{number(100 * share)} %"
