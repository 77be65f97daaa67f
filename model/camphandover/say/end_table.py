"""The table at the end of a batch in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from camphandover.judge.end_table import DAYS_AT, Row, Table
from camphandover.measure.intervals import Interval
from camphandover.measure.notation import bounded, listed, number, percent_interval
from camphandover.measure.outcomes import KEY_BASES
from camphandover.say import origin as say_origin
from camphandover.say.document import Block, Column, Document, Paragraph, table

DAY = "%d %B %Y"


def document(found: Table) -> Document:
    """What it shows, and a row for each scenario; what is of another date or failed is marked."""
    title = (
        f"Chance in % that the army holds the camp on {found.date:{DAY}} [95 % interval], and mean "
        f"days to that date on which it held the camp of {DAYS_AT}. {found.runs} runs of each "
        f"scenario, seed {found.seed}."
    )
    elsewhen = [row for row in found.rows if row.date != found.date]
    failed = [row for row in found.rows if row.n < found.runs]
    notes = since(found)
    notes += [f"* on {row.date}, the last day of {row.scenario}" for row in elsewhen]
    notes += [
        f"! of {row.scenario} only {row.n} runs of {found.runs} did not fail" for row in failed
    ]
    body = [
        [row.scenario + "*" * (row in elsewhen) + "!" * (row in failed), *figures(row)]
        for row in found.rows
    ]
    warned: list[Block] = [Paragraph(warning, "warning") for warning in warnings(found)]
    known = say_origin.told(found.pasts, len(found.rows))
    shown = table("", ["Scenario", *columns()], body, notes=notes)
    return [*warned, *known, Paragraph(title), shown]


def since(found: Table) -> list[str]:
    """From when days count, if some are known."""
    return [
        f"Days are those after {past.origin.until:{DAY}}, until which all is known"
        + (f": {listed(past.scenarios)}." if len(past.scenarios) < len(found.rows) else ".")
        for past in found.pasts
    ]


def columns() -> list[Column]:
    """The figures of a row: a chance for each key base, and the days."""
    chances = [Column(place, form=percent_interval) for place in KEY_BASES]
    return [*chances, Column(f"Days at {DAYS_AT}", form=_days)]


def figures(row: Row) -> Sequence[Interval]:
    """What stands in these columns."""
    return [*(row.army[place] for place in KEY_BASES), row.days]


def _days(interval: Interval) -> str:
    return bounded(interval, lambda days: number(days, 1 if interval.value < 10 else 0))


def warnings(found: Table) -> list[str]:
    """What must be known first: that not all rows are of one date."""
    counts = Counter(row.date for row in found.rows)
    if len(counts) < 2:
        return []
    dates = ", ".join(f"{n} on {day:{DAY}}" for day, n in sorted(counts.items()))
    return [
        f"the windows differ, and each scenario is judged on its own last day ({dates}): "
        "only rows of one date can be compared."
    ]


def data(found: Table) -> dict[str, Any]:
    """The numbers by their names in JSON."""
    known = say_origin.pasts_data(found.pasts)
    return {
        "runs": found.runs,
        "seed": found.seed,
        "date": found.date,
        "warnings": warnings(found),
        "scenarios": [
            {
                "scenario": row.scenario,
                "runs": row.n,
                "first": row.first,
                "date": row.date,
                "army_holds_camp": {p: _bounds(i, "share") for p, i in row.army.items()},
                "days_army_held_kidal": _bounds(row.days, "mean"),
            }
            for row in found.rows
        ],
        **({"known": known} if known else {}),
    }


def _bounds(interval: Interval, name: str) -> dict[str, float]:
    return {name: interval.value, "low": interval.low, "high": interval.high}
