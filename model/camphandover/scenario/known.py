"""What a scenario knows of the record until a day, and what of it would come too late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover import facts
from camphandover.errors import Problem, TheatreError
from camphandover.facts.records import RECORD
from camphandover.scenario.read import Node, placed

if TYPE_CHECKING:
    from camphandover.scenario.resolved import Scenario
    from camphandover.scenario.schema import KnownForm

FIRST_DAY_ONLY = (
    *(f"forces.{side}" for side in ("army", "wagner", "separatists", "gsim")),
    *("foreign.wagner", "foreign.french"),
    *("politics.rung", "politics.record", "politics.relations"),
)
"""Settings that act on the first day, and never again."""
DECIDED = {"charter": "alliance.charter", "victim_aid": "politics.victim_aid"}
"""Settings that act on the day of such a row of the calendar."""
DATED = (("politics", "truce"), ("alliance", "sanctions_end"), ("mandate_end",))
"""Settings that are days on which something begins or ends."""
KEY = ("known", "record")
Wrong = tuple[tuple[str, ...], str, str]


def with_record(tree: Node, beside: Path | None) -> tuple[Node, list[Problem]]:
    """A file's tree with the text of its record in place of the path; the faults of the record.

    Args:
        beside: The scenario's file, if it is one.
    """
    node = tree.get(*KEY)
    if node is None or not isinstance(node.value, str):
        return tree, []
    try:
        if "\n" in node.value:
            changes = facts.changes_of(node.value)
        else:
            folder = Path.cwd() if beside is None else beside.parent
            changes = tuple(facts.read_changes(folder / Path(node.value).expanduser()))
    except TheatreError as error:
        hint = "a file of the form of control_history.csv"
        lines = [Problem.at(node.mark, f"record: {fault}", hint) for fault in error.faults]
        return placed(tree, KEY, None), lines
    text = None if changes == facts.load().history else facts.as_text(changes)
    return placed(tree, KEY, replace(node, value=text)), []


def changes_known(known: KnownForm) -> tuple[facts.Change, ...]:
    """The rows of the record that are known by the day."""
    rows = facts.changes_of(known.record)
    return tuple(row for row in rows if known.until is None or row.date <= known.until)


def exits_known(known: KnownForm) -> dict[str, date]:
    """The day on which the UN left each camp that it had left by the day, by place."""
    return {} if known.until is None else facts.exits(facts.changes_of(known.record), known.until)


def faults_known(scenario: Scenario, before: Scenario, set_in_camps: set[str]) -> Iterator[Wrong]:
    """What of a scenario would change something before the day: path, message, hint.

    Args:
        before: What holds until the day.
        set_in_camps: Camps that have an entry of their own in the file.
    """
    known, window = scenario.known, scenario.window
    if known.record is not None and "\n" not in known.record:
        yield KEY, "record: a point of a sweep cannot name a file", "write a file for each record"
        return
    if known.until is None:
        return
    last = window.end - timedelta(days=1)
    if not window.start <= known.until <= last:
        what = f"until: {known.until} is outside the window, after which nothing would be played"
        yield ("known", "until"), what, f"a day from {window.start} to {last}"
        return
    if known.record is None and known.until > RECORD[1]:
        what = f"until: the record of the package ends on {RECORD[1]}"
        yield ("known", "until"), what, "an earlier day, or a `record` that goes on"
        return
    if known.claims and known.record is not None:
        what = "claims: they are of the package's record of events, and the record is another one"
        yield ("known", "claims"), what, "leave `claims` or `record` out"
    if not known.own_past:
        yield from _settings(scenario, before, known.until)
        yield from _clauses(scenario, before, known.until, set_in_camps)


def _settings(scenario: Scenario, before: Scenario, until: date) -> Iterator[Wrong]:
    """Settings of the whole scenario that act before the day."""
    own, full = scenario.values(), before.values()
    acts: dict[str, Any] = dict.fromkeys(FIRST_DAY_ONLY, scenario.window.start)
    for row in facts.load().calendar:
        if row.what in DECIDED and row.date <= until:
            acts[DECIDED[row.what]] = row.date
    for name, day in acts.items():
        if own["", name] != full["", name]:
            value = own["", name]
            what = f"{name}: {_word(value)} would act on {day}, and all is known until {until}"
            yield tuple(name.split(".")), what, "leave it out, or say `own_past: true`"
    for *group, name in DATED:
        key = ".".join((*group, name))
        days = [values["", key] for values in (own, full) if values["", key] is not None]
        if own["", key] != full["", key] and min(days) <= until:
            what = f"{name}: {own['', key]} would change what was so on {min(days)}"
            what += f", and all is known until {until}"
            later = until + timedelta(days=1)
            hint = "leave it out" if min(days) == full["", key] else f"a day from {later} on"
            yield (*(group or ("handover",)), name), what, hint


def _clauses(scenario: Scenario, before: Scenario, until: date, own: set[str]) -> Iterator[Wrong]:
    """Clauses of camps that act before the day."""
    gone = exits_known(scenario.known)
    for place, clause in scenario.camps.items():
        path = ("handover", "camps", place)
        if place in gone:
            if place in own and clause != before.camps[place]:
                what = f"{place}: the UN left on {gone[place]}, and all is known until {until}"
                yield path, what, f"leave {place} out"
        elif clause.exit <= until and clause.exit != before.camps[place].exit:
            what = f"{place}: the UN would leave on {clause.exit}, and was there until {until}"
            yield (*path, "exit"), what, f"an exit from {until + timedelta(days=1)} on"


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
