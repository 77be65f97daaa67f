"""Where two scenarios part in one run, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from camphandover.judge.cautions import Pasts
from camphandover.judge.diverge import Divergence, RunEvent
from camphandover.measure.events import base_name, long_day
from camphandover.measure.notation import NONE, named
from camphandover.say.document import Block, Column, Document, Items, Paragraph, Table
from camphandover.say.plain import fields

MOST_SETTINGS = 8
MOST_CHANGES = 20
MOST_CLAUSES = 4
COLUMNS = (
    *(Column(name, "name") for name in ("A", "B")),
    Column("Base", "text"),
    *(Column(name, "name") for name in ("From", "To", "Why A", "Why B")),
)


def document(divergence: Divergence) -> Document:
    """What is compared, where the two part, and which changes of control followed."""
    d = divergence
    head = f"A = {d.a}, B = {d.b}: replicate {d.replicate}, seed {d.seed}, {d.window}."
    same = f"{d.n_same} events are the same in both."
    if d.first is None:
        same = f"What happened is the same in both, event by event ({d.n_same} events)."
    blocks: list[Block] = [Paragraph(f"{head} {same}{_past(d.pasts)}"), *_lists(d)]
    if len(d.changes):
        blocks.append(_table(d))
    return blocks


def _past(pasts: Pasts | None) -> str:
    """Whether they were one run until a day."""
    if pasts is None:
        return ""
    if pasts.is_shared and pasts.until[0] is not None:
        day = long_day(pasts.until[0])
        return f" Known until {day}: up to there both are one run, chosen by the record."
    until = [
        f"{name} goes on from {'nothing' if day is None else f'what was known on {long_day(day)}'}"
        for name, day in zip("AB", pasts.until, strict=True)
    ]
    return f" {' and '.join(until)}: they share no past, so they differ by luck, too."


def data(divergence: Divergence) -> dict[str, Any]:
    """The same as JSON holds it."""
    found = fields(divergence)
    found["window"] = list(found["window"])
    found["same_events"] = found.pop("n_same")
    found["clauses"] = [_data_of(clause) for clause in divergence.clauses]
    for name in ("first", "first_a", "first_b", "counterpart", "said"):
        found[name] = found[name] and _data_of(found[name])
    changes = divergence.changes
    found["changes"] = changes.assign(
        **{
            name: [time.isoformat() if time == time else None for time in changes[name]]
            for name in ("time_a", "time_b")
        }
    )
    found["origins"] = [
        {"run": run, "row": row, "sentence": text}
        for (run, row), text in divergence.origins.items()
    ]
    found["ends"] = [
        dict(zip(("place", "slot", "a", "b"), end, strict=True)) for end in divergence.ends
    ]
    return found


def _data_of(told: RunEvent) -> dict[str, Any]:
    event = told.event
    times = {"run": told.run, "row": event.row, "time": event.time.isoformat()}
    return {**times, "kind": event.kind, "sentence": told.sentence}


def _lists(divergence: Divergence) -> Iterator[Items]:
    """The parts before the table, in their order."""
    d = divergence
    clauses = [_said(clause) for clause in d.clauses]
    yield from _items("What the scenarios set differently (A -> B):", d.settings, MOST_SETTINGS)
    yield from _items(
        "Clauses that became known at other times or with other contents:", clauses, MOST_CLAUSES
    )
    if d.said is not None:
        yield from _items("Before anything else, what was said differed:", [_said(d.said)])
    if d.first is not None:
        yield from _items("The first event that differs:", list(_first_told(d, d.first)))
    ends = [
        f"{base_name(place, slot)}: A {named(one)}, B {named(two)}"
        for place, slot, one, two in d.ends
    ]
    yield from _items(f"In other hands at the end of {long_day(d.window.last)}:", ends)


def _items(title: str, items: Sequence[str], most: int = MOST_CHANGES) -> Iterator[Items]:
    """A list, if there is something to list; how many are left out stands at its end."""
    more = [f"... and {len(items) - most} more"] if len(items) > most else []
    if items:
        yield Items((*items[:most], *more), title)


def _said(told: RunEvent) -> str:
    return f"{told.run.upper()}: {told.sentence}"


def _first_told(divergence: Divergence, first: RunEvent) -> Iterator[str]:
    """The first different event, and what the other run has in its place."""
    d = divergence
    other, own = ("B", d.first_b) if first.run == "a" else ("A", d.first_a)
    yield _said(first)
    if d.counterpart is not None:
        yield f"{other}, instead: {d.counterpart.sentence}"
    else:
        yield f"{other}: nothing like it."
    if own is not None and (d.counterpart is None or own.event != d.counterpart.event):
        yield f"{other}, the first that only it has: {own.sentence}"


def _table(divergence: Divergence) -> Table:
    """Changes of control that differ; marks tell what each descends from."""
    changes, rows = divergence.changes, []
    numbers: dict[tuple[str, int], int] = {}
    for row in changes.head(MOST_CHANGES).to_dict("records"):
        times, marks = [], []
        for key in "ab":
            time, origin = row[f"time_{key}"], row[f"origin_{key}"]
            there = time == time
            times.append(f"{time:%Y-%m-%d %H:%M}" if there else NONE)
            number = numbers.setdefault((key, int(origin)), len(numbers) + 1) if there else 0
            marks.append(f"[{number}]{'*' * bool(row[f'first_{key}'])}" if there else "")
        bases = [f"{row['place']} {row['slot']}", _short(row["before"]), _short(row["after"])]
        rows.append((*times, *bases, *marks))
    more = len(changes) - len(rows)
    notes = [f"... and {more} more"] if more else []
    notes.append("Why: the earliest event in the chain of causes that the other run has not:")
    for (key, origin), number in numbers.items():
        notes.append(f"[{number}] {key.upper()}: {divergence.origins[key, origin]}")
    n = [int(changes[f"time_{key}"].notna().sum()) for key in "ab"]
    of_first = [int(changes[f"first_{key}"].sum()) for key in "ab"]
    title = (
        f"Changes of control that the other run has not, or not then: {n[0]} in A, {n[1]} in B. "
        f"Of them {of_first[0]} and {of_first[1]} descend, cause by cause, from the run's first "
        "different event (*)."
    )
    return Table(COLUMNS, tuple(rows), title, tuple(notes))


def _short(holder: str) -> str:
    return re.sub("^(the|a) ", "", named(holder))
