"""Why a base changed hands, in words: in one run, and counted over many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from camphandover.judge.why import Change, Explanation, Step, WhySummary
from camphandover.measure.events import NATURES, base_name, long_day, sentence, when
from camphandover.measure.intervals import share_interval
from camphandover.measure.notation import chance, named, percent_interval
from camphandover.say.document import Block, Column, Document, Paragraph, Table, table
from camphandover.say.plain import fields

SHOWN = 5
"""Alternatives that the text names; the others are counted."""
STEPS = (
    Column("", "figure", "{:>4}".format),
    Column("", "name", "{:7}".format),
    Column("", "prose"),
)
"""A step's number and nature stand in the margin."""


def document(found: Explanation | WhySummary) -> Document:
    """What came of one run, or of many."""
    return _of_many(found) if isinstance(found, WhySummary) else _of_one(found)


def data(found: Explanation | WhySummary) -> dict[str, Any]:
    """The same as JSON holds it."""
    return _data_of_many(found) if isinstance(found, WhySummary) else _data_of_one(found)


def _of_one(explained: Explanation) -> Document:
    """What the base went through, then each change; a step that is told is not told again."""
    blocks: list[Block] = [Paragraph(_preface(explained))]
    seen: set[int] = set()
    until = explained.known_until
    for i, change in enumerate(explained.changes, start=1):
        known = [step for step in change.steps if step.number in seen]
        rows = _rows([step for step in change.steps if step.number not in seen], until)
        seen |= {step.number for step in change.steps}
        blocks.append(Table(STEPS, rows, _heading(explained, i, change, known)))
    if explained.unknown:
        untold = f"What else commanders could have chosen is not told: {explained.unknown}."
        blocks.append(Paragraph(untold))
    return blocks


def _data_of_one(explained: Explanation) -> dict[str, Any]:
    found = fields(explained) | {"holder": explained.holder, "window": list(explained.window)}
    found["alternatives_unknown"] = found.pop("unknown")
    found["changes"] = [
        {
            "time": change.time.isoformat(),
            "before": change.before,
            "after": change.after,
            "root": change.root.nature,
            "steps": [_data_of(step) for step in change.steps],
        }
        for change in explained.changes
    ]
    return found


def _data_of(step: Step) -> dict[str, Any]:
    event = step.event
    of_step = ("number", "nature", "sentence", "alternatives", "note")
    of_event = {"row": event.row, "time": event.time.isoformat(), "kind": event.kind, "p": event.p}
    return {name: getattr(step, name) for name in of_step} | of_event


def note(step: Step) -> str:
    """What the ledger tells beside the chain, in words; may be empty."""
    aside = step.aside
    if aside is None:
        return ""
    if aside.what == "backwards":
        return "By its hour this was before the step above, which the ledger names as its cause."
    if aside.what == "left":
        assert aside.event is not None
        return f"The last that left there: {_lower(sentence(aside.event, aside.causes))}"
    who = named(str(step.event.after))
    if aside.event is None:
        return (
            f"No men of {who} had come there since the first day: those that stood there had been "
            "there before."
        )
    how = " by air" if aside.event.kind == "airlift" else ""
    return f"Men of {who} stood there; the last had come{how} {_lower(when(aside.event.time))}."


def _preface(explained: Explanation) -> str:
    x = explained
    last = long_day(x.date or x.window.last)
    run = f"{x.scenario}, replicate {x.replicate}, seed {x.seed}: {base_name(x.place, x.slot)}."
    if x.known_until is not None:
        run += f" Known until {long_day(x.known_until)}: the run is one that the record has chosen."
    had = f"{_upper(named(x.first_holder))} had it on {long_day(x.window.first)}"
    if not x.n_changes:
        never = "It never changed hands in this run."
        not_yet = "It had not changed hands by then."
        return f"{run} {had} and still has it on {last}. {never if x.date is None else not_yet}"
    times = "once" if x.n_changes == 1 else f"{x.n_changes} times"
    told = " The last change is told." if x.n_changes > len(x.changes) else ""
    return f"{run} {had}; it changed hands {times}, and {named(x.holder)} has it on {last}.{told}"


def _heading(explained: Explanation, i: int, change: Change, known: Sequence[Step]) -> str:
    moved = f"{when(change.time)} from {named(change.before)} to {named(change.after)}"
    if len(explained.changes) > 1:
        moved = f"Change {i} of {len(explained.changes)}: {_lower(moved)}"
    begins = f", told above up to step {known[-1].number}" if known else ""
    root = f"{NATURES[change.root.nature]} (step {change.root.number}{begins})"
    return f"{moved}. Root cause: {root}."


def _rows(steps: Sequence[Step], until: date | None) -> tuple[tuple[int | str, str, str], ...]:
    """The steps, and between them the day of a past that is known, if they lie on both sides."""
    rows: list[tuple[int | str, str, str]] = [*map(_row, steps)]
    past = [step for step in steps if until is not None and step.event.time.date() <= until]
    if until is not None and 0 < len(past) < len(steps):
        mark = f"Known until {long_day(until)}: up to here the run was chosen by the record."
        rows.insert(steps.index(past[-1]) + 1, ("", "", mark))
    return tuple(rows)


def _row(step: Step) -> tuple[int, str, str]:
    """A step with its number and nature."""
    texts = (step.sentence, _instead(step), step.note)
    return step.number, step.nature, "\n".join(filter(None, texts))


def _instead(step: Step) -> str:
    """The alternatives of a choice in words; empty if they are not known."""
    others = step.alternatives
    if others is None:
        return ""
    if not others:
        return "No other target was feasible."
    told = [f"{one.place} {chance(one.p)}" for one in others[:SHOWN]]
    if rest := others[SHOWN:]:
        told.append(f"{len(rest)} more {chance(sum(one.p for one in rest))}")
    return f"Instead it could have been: {', '.join(told)}."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- over many runs ----------------------------------------------------------------------

TITLES = {
    "fell_to": "It fell to",
    "root": "Root causes",
    "direct": "What led to the fall directly",
    "chain": "What stands anywhere in the chain of causes",
}
"""Parts of a summary's table, and how they are headed."""
MOST_ROWS = 15
RUNS = ("runs", Column("share", form=percent_interval))
HOLDERS = (Column("holder", "name"), *RUNS)
CAUSES = (Column("cause", "name"), Column("decided by", "name"), *RUNS)


def _of_many(summary: WhySummary) -> Document:
    """What was counted; of each part the most frequent causes."""
    blocks: list[Block] = [Paragraph(_summed(summary))]
    for part, title in TITLES.items():
        rows = list(summary.table[summary.table["part"] == part].itertuples())
        is_holder = part == "fell_to"  # nothing decides who holds it but the causes
        header = HOLDERS if is_holder else CAUSES
        cells = [
            (
                row.cause,
                *(() if is_holder else (row.nature,)),
                row.runs,
                (row.share, row.low, row.high),
            )
            for row in rows[:MOST_ROWS]
        ]
        more = len(rows) - len(cells)
        if cells:
            notes = [f"... and {more} more"] if more else []
            blocks.append(table(title, header, cells, notes=notes))
    return blocks


def _data_of_many(summary: WhySummary) -> dict[str, Any]:
    """All rows of the table, and what they count."""
    found = fields(summary)
    found["causes"] = found.pop("table")
    return found


def _summed(summary: WhySummary) -> str:
    s = summary
    to = "an armed side that did not have it on the first day" if s.to is None else named(s.to)
    share = percent_interval(share_interval(s.fell, s.runs))
    until = "" if s.known_until is None else long_day(s.known_until)
    known = f" In {s.known} runs it fell by {until}, until which the record has chosen the runs."
    return (
        f"{s.scenario}, seed {s.seed}: {base_name(s.place, s.slot)} fell to {to} in {s.fell} of "
        f"{s.runs} runs, {share}. The first such fall of each run is counted. Shares in "
        "% [95 % interval] are of all runs for whom it fell to, else of the runs in which it fell."
        f"{known if until else ''}"
    )
