"""Events of a run: rows of the ledger by name, what decided them, and their words.

The words stand in the table of kinds (`core.kinds`), one row for each kind; here is what they are
put together from. Some rows can be told only with the rows that caused them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from camphandover.core.kinds import Kind, Words
from camphandover.measure.notation import chance, day, named


class Event(NamedTuple):
    """A row of the ledger as a batch stores it; what a row has not is None."""

    row: int
    time: datetime
    kind: str
    side: str | None = None
    about: str | None = None
    place: str | None = None
    slot: str | None = None
    before: str | None = None
    after: str | None = None
    mission: str | None = None
    entity: int | None = None
    amount: float = 0.0
    p: float | None = None
    cause: int | None = None


Causes = Sequence[Event]
"""What led to an event: its cause, the cause of that, and so on to the root."""

KINDS = {kind.label: kind.row for kind in Kind}
ARMED = ("army", "separatists", "gsim")
"""Holders that fight for bases."""
OUTSIDERS = "the Islamic State"
"""Who acts where a row of violence has no side."""
NOTHING = "nothing"
RUNGS = (
    "the accord works",
    "talks are frozen",
    "clashes",
    "declared war",
    "the army's offensive",
    "the accord has ended",
)
"""Rungs of the ladder of escalation (R7.1)."""
RELATIONS = ("fight each other", "avoid each other", "coordinate their attacks")
"""How separatists and GSIM stand to each other (R5.5)."""
NATURES = {
    "clause": "a clause of the scenario",
    "chance": "a chance draw",
    "choice": "a commander's choice",
    "known": "an event known from the calendar",
    "start": "how things stood on the first day",
    "unnamed": "something that the ledger does not name",
    "": "what went before",
}
"""What decides an event, and how that is said of a root."""


def event_of(cells: Mapping[str, Any]) -> Event:
    """The event of a stored row, by column; other columns are left out."""
    return Event(**{name: cells[name] for name in Event._fields})


def nature(event: Event, causes: Causes = (), own_commanders: bool = False) -> str:
    """What decided an event, a key of `NATURES`; empty where it follows from its cause by rule.

    Args:
        event: A row.
        causes: Rows that led to it, the direct cause first.
        own_commanders: Whether commanders written in Python may have given the run's orders.
    """
    if event.p is not None and event.kind == "order":
        return "chance" if _holds("joined", event, causes) else "choice"
    if event.p is not None and event.p < 1:
        return "chance"
    if event.cause is not None:
        return ""
    return "choice" if event.kind == "order" and own_commanders else KINDS[event.kind].root


def sentence(event: Event, causes: Causes = ()) -> str:
    """An event as a dated sentence.

    Args:
        event: A row.
        causes: Rows that led to it, the direct cause first; some rows are told better with them.
    Errors:
        ValueError if there is no sentence for the event's kind.
    """
    if event.kind not in KINDS:
        raise ValueError(f"there is no sentence for events of kind {event.kind!r}")
    row, likely = KINDS[event.kind], ""
    if event.p is not None:
        likely = f" ({_filled(row.chance, event, causes)}: {chance(event.p)})"
    return f"{when(event.time)} {_filled(row.sentence, event, causes)}{likely}."


def cause_name(event: Event, causes: Causes = ()) -> str:
    """A short name of a cause, alike in all runs: without date and numbers of men.

    Args:
        event: A row.
        causes: Rows that led to it, the direct cause first.
    """
    of = "" if event.side is None else " ({who})"
    name = KINDS[event.kind].short or event.kind.replace("_", " ") + of
    return _filled(name, event, causes)


def when(time: datetime) -> str:
    """`On 31 October 2023 at 08:00`; without the hour at midnight, where days begin and end."""
    if ends_a_day(time):
        return f"At the end of {long_day(time)}"
    return f"On {long_day(time)}" + (f" at {time:%H:%M}" if time.hour or time.minute else "")


def ends_a_day(time: datetime) -> bool:
    """Whether something happened as the rules closed a day."""
    return (time.hour, time.minute) >= (23, 59)


def long_day(time: Any) -> str:
    """`31 October 2023`."""
    return day(time, form="%B %Y")


def base_name(place: str | None, slot: str | None) -> str:
    """`the camp at Kidal` or `the town of Kidal`."""
    return f"the {slot} {'at' if slot == 'camp' else 'of'} {place}"


# --- what the words of the table are put together from -------------------------------------


class _Number(float):
    """A number that `{n:man|men}` counts."""

    def __format__(self, form: str) -> str:
        one, _, many = form.partition("|")
        if many:
            return f"{self:.0f} {one if round(self) == 1 else many}"
        return super().__format__(form or ".0f")


class _Choice(int):
    """A truth value that `{mark:yes|no}` chooses by."""

    def __format__(self, form: str) -> str:
        yes, no = form.split("|")
        return yes if self else no


def _cause(causes: Causes) -> str:
    """Kind of the direct cause."""
    return causes[0].kind if causes else NOTHING


def _who(side: str | None) -> str:
    return OUTSIDERS if side is None else named(side)


def _target(event: Event, causes: Causes) -> str | None:
    """Where men set out for, if that is not where they are."""
    if not causes or not (causes[0].kind == "order" or event.mission == "occupy"):
        return None
    return None if causes[0].place == event.place else causes[0].place


def _nth(names: Sequence[str], event: Event) -> Sequence[str]:
    n = round(event.amount)
    return names[n : n + 1] if n >= 0 else ()


def _partner(entity: int | None) -> str:
    """A partner's name by its row in the facts."""
    from camphandover import facts

    partners = facts.load().partners
    if entity is None or not 0 <= entity < len(partners):
        return "a partner"
    return named(partners[entity].name)


MARKS: dict[str, Callable[[Event, Causes], bool]] = {
    "drawn": lambda event, causes: event.p is not None,
    "undrawn": lambda event, causes: event.p is None,
    "root": lambda event, causes: event.cause is None,
    "unled": lambda event, causes: _cause(causes) in (NOTHING, "control"),
    # one of a group that joins the attack of the other one (R5.5)
    "joined": lambda event, causes: (
        (event.kind, event.mission, _cause(causes)) == ("order", "raid", "order")
    ),
    "bound": lambda event, causes: _target(event, causes) is not None,
    "evening": lambda event, causes: ends_a_day(event.time),
    "later": lambda event, causes: event.time > causes[0].time,
    "lower": lambda event, causes: event.amount < causes[0].amount,
    "own": lambda event, causes: event.side == event.about,
    "no unit": lambda event, causes: event.entity is None,
    "town": lambda event, causes: event.slot == "town",
    "some": lambda event, causes: event.amount > 0,
    "hurt": lambda event, causes: event.amount >= 1,
    "nil": lambda event, causes: round(event.amount) == 0,
}
"""What may hold of an event, by the name that the table of kinds gives it."""
RELATED: dict[str, Callable[[Event, Causes], str | None]] = {
    "by": lambda event, causes: _cause(causes),
    "earlier": lambda event, causes: _cause(causes[1:]),
    "for": lambda event, causes: event.mission,
    "of": lambda event, causes: event.side or "nobody",
    "about": lambda event, causes: event.about or "nobody",
    "from": lambda event, causes: event.before,
    "to": lambda event, causes: event.after or "anyone",
}
"""What of an event a mark such as `by exit` is about."""
PARTS: dict[str, Callable[[Event, Causes], Any]] = {
    "base": lambda event, causes: base_name(event.place, event.slot),
    "who": lambda event, causes: _who(event.side),
    "about": lambda event, causes: _who(event.about),
    "outsiders": lambda event, causes: OUTSIDERS,
    "leader": lambda event, causes: _who(causes[0].side),
    "before": lambda event, causes: named(event.before or "nobody"),
    "after": lambda event, causes: named(event.after or "nobody"),
    "target": _target,
    "n": lambda event, causes: _Number(event.amount),
    "size": lambda event, causes: _Number(abs(event.amount)),
    "men": lambda event, causes: f"{_Number(event.amount):man|men} of {_who(event.side)}",
    "were": lambda event, causes: "was" if round(event.amount) == 1 else "were",
    "vehicles": lambda event, causes: f"{_Number(event.amount):vehicle|vehicles}",
    "share": lambda event, causes: chance(event.amount),
    "planned": lambda event, causes: long_day(event.time + timedelta(days=event.amount)),
    "hours": lambda event, causes: (
        f"{_Number((event.time - causes[0].time) / timedelta(hours=1)):hour|hours}"
    ),
    "rung": lambda event, causes: ", ".join([f"rung {event.amount:.0f}", *_nth(RUNGS, event)]),
    "relation": lambda event, causes: (
        "".join(_nth(RELATIONS, event)) or f"stand as {event.amount:.0f}"
    ),
    "partner": lambda event, causes: _partner(event.entity),
}
"""Parts of an event in words, by the name that the table of kinds gives them."""


class _Filling(dict[str, Any]):
    """What stands in the braces of a template, made when it is asked for."""

    def __init__(self, event: Event, causes: Causes) -> None:
        super().__init__()
        self.told = event, causes

    def __missing__(self, name: str) -> Any:
        if name in PARTS:
            return PARTS[name](*self.told)
        if name in Event._fields:
            return getattr(self.told[0], name)
        return _Choice(_holds(name, *self.told))


def _filled(words: Words, event: Event, causes: Causes) -> str:
    """Words of the table, said of an event."""
    if not isinstance(words, str):
        words = next(text for marks, text in words if _holds(marks, event, causes))
    return words.format_map(_Filling(event, causes))


def _holds(marks: str, event: Event, causes: Causes) -> bool:
    """Whether an event has all marks, with commas between them."""
    for mark in filter(None, marks.split(", ")):
        if mark in MARKS:
            has = MARKS[mark](event, causes)
        else:
            what, name = mark.split()
            has = RELATED[what](event, causes) == name
        if not has:
            return False
    return True
