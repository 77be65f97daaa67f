"""Why a base changed hands: the chain of causes behind each change, down to its root.

A chain is what the ledger says: each row names the one row that led to it. Of a commander's
choice the ledger holds the chance with which it was made; what else could have been chosen is
found by playing the run again up to that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover import inputs
from camphandover.batch.files import write_json
from camphandover.batch.plan import DEFAULT_MODEL
from camphandover.measure.outcomes import Window, scenario_window
from camphandover.say.sentences import (
    ARMED,
    NATURES,
    Event,
    base_name,
    day,
    ends_a_day,
    holder_name,
    nature,
    percent,
    sentence,
    when,
    wrapped,
)
from camphandover.say.tabular import for_notebook

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch

from camphandover.judge.alternatives import Alternative, replayed, why_no_replay
from camphandover.measure.run_ledger import RunLedger, check_base, check_run, read_run

WIDTH = 100
SIDES_OF = {
    "army": ("army", "wagner", "partners"),
    "separatists": ("separatists",),
    "gsim": ("gsim",),
}
"""Sides that hold bases under one name."""


# --- what is told ------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One event of a chain.

    Attributes:
        number: Of the step among all that are told; the same event has the same number.
        event: The row.
        sentence: What happened.
        nature: What decided it, a key of `sentences.NATURES`: empty where it followed by rule.
        alternatives: Of a choice, what else could have been chosen, the most likely first; None
            where that is not known, or nothing was chosen.
        note: What the ledger tells beside the chain, such as who stood where; may be empty.
    """

    number: int
    event: Event
    sentence: str
    nature: str
    alternatives: tuple[Alternative, ...] | None = None
    note: str = ""


@dataclass(frozen=True)
class Change:
    """A change of control with the chain that led to it.

    Attributes:
        time: When it happened.
        before: Who had the base, a name of `Holder` in small letters.
        after: Who has it then.
        steps: The chain in the order of time: the root first, the change itself last.
    """

    time: datetime
    before: str
    after: str
    steps: tuple[Step, ...]

    @property
    def root(self) -> Step:
        """What the chain begins with."""
        return self.steps[0]

    @property
    def names(self) -> tuple[str, str]:
        """Who had the base and who has it then, in words."""
        return holder_name(self.before), holder_name(self.after)


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a base is in the hands that it is in, in one run.

    Attributes:
        scenario, replicate, seed: The run.
        place, slot: The base.
        date: The date whose holder is explained; None for all changes.
        window: Dates of the scenario.
        first_holder: Who had the base on the first day.
        changes: The changes with their chains: all, or the last one up to the date.
        n_changes: How often it changed hands, up to the date if one was asked for.
        unknown: Why the alternatives of choices are not known; empty if they are.
    """

    scenario: str
    replicate: int
    seed: int
    place: str
    slot: str
    date: date | None
    window: Window
    first_holder: str
    changes: tuple[Change, ...]
    n_changes: int
    unknown: str = ""

    @property
    def holder(self) -> str:
        """Who has the base at the end of the date, or of the window."""
        return self.changes[-1].after if self.changes else self.first_holder

    def __str__(self) -> str:
        """Plain text of at most 100 columns."""
        return _text(self)

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        return _html(self)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return {
            "scenario": self.scenario,
            "replicate": self.replicate,
            "seed": self.seed,
            "place": self.place,
            "slot": self.slot,
            "date": None if self.date is None else self.date.isoformat(),
            "window": [self.window.first.isoformat(), self.window.last.isoformat()],
            "first_holder": self.first_holder,
            "holder": self.holder,
            "n_changes": self.n_changes,
            "alternatives_unknown": self.unknown,
            "changes": [
                {
                    "time": change.time.isoformat(),
                    "before": change.before,
                    "after": change.after,
                    "root": change.root.nature,
                    "steps": [step_dict(step) for step in change.steps],
                }
                for change in self.changes
            ],
        }

    def write_json(self, path: str | Path) -> None:
        """Write it to a file."""
        write_json(inputs.path("path", path), self.to_dict())


def step_dict(step: Step) -> dict[str, Any]:
    """A step as JSON holds it."""
    others = step.alternatives
    return {
        "number": step.number,
        "row": step.event.row,
        "time": step.event.time.isoformat(),
        "kind": step.event.kind,
        "nature": step.nature,
        "p": step.event.p,
        "sentence": step.sentence,
        "alternatives": None if others is None else [one._asdict() for one in others],
        "note": step.note,
    }


def why(
    batch: Batch,
    scenario: str,
    replicate: int,
    place: str,
    slot: str = "camp",
    date: date | str | None = None,
    *,
    alternatives: bool = True,
) -> Explanation:
    """Tell the chain of causes behind each change of control of a base in one run.

    Args:
        batch: A finished batch with a ledger, full or of changes.
        scenario: Name of one of its scenarios.
        replicate: Number of the run.
        place: The place.
        slot: `camp` or `town`.
        date: Explain who holds the base at the end of this date: the last change up to then. All
            changes if not given.
        alternatives: Whether to play the run again for what commanders could have chosen instead;
            it takes some seconds.
    Returns:
        The explanation; `print` shows it. Without `changes` if the base never changed hands.
    Errors:
        BatchError if a name, replicate or date cannot be, the run failed, or has no ledger.
    """
    replicate = check_run(batch, scenario, replicate)
    check_base(batch, place, slot)
    window = scenario_window(batch, scenario)
    until = None if date is None else day_within(date, window)
    run = read_run(batch, scenario, replicate)
    rows = [
        event
        for event in run.events.values()
        if (event.kind, event.place, event.slot) == ("control", place, slot)
        and (until is None or event.time.date() <= until)
    ]
    told = rows if until is None else rows[-1:]
    first = rows[0].before if rows else _first_holder(batch, scenario, replicate, place, slot)
    chains = [[*reversed(run.causes(event)), event] for event in told]
    own = batch.manifest["model"] != DEFAULT_MODEL
    choices = _choices(chains, own)
    others: dict[int, tuple[Alternative, ...]] = {}
    unknown = why_no_replay(batch, alternatives) if choices else ""
    if choices and not unknown:
        others = replayed(batch, scenario, replicate, choices)
        if len(others) < len(choices):
            unknown = "playing the run again did not lead to the same choice"
    return Explanation(
        scenario=scenario,
        replicate=replicate,
        seed=batch.seed,
        place=place,
        slot=slot,
        date=until,
        window=window,
        first_holder=str(first),
        changes=tuple(_changes(chains, run if batch.ledger == "full" else None, others, own)),
        n_changes=len(rows),
        unknown=unknown,
    )


def day_within(wanted: date | str, window: Window) -> date:
    """A date asked for, held to the scenario's window."""
    return inputs.day("date", wanted, *window)


def _first_holder(batch: Batch, scenario: str, replicate: int, place: str, slot: str) -> str:
    """Who has a base at the end of the first day; it is the holder before if it never changes."""
    first = scenario_window(batch, scenario).first.isoformat()
    cell = batch.control.sel(scenario=scenario, place=place, slot=slot, date=first)
    return batch.holders[int(cell.sel(replicate=replicate))]


def _choices(chains: Sequence[Sequence[Event]], own: bool) -> dict[int, Event]:
    """The commanders' choices of all chains, by row, in the order of time."""
    found = {
        event.row: event
        for chain in chains
        for i, event in enumerate(chain)
        if nature(event, chain[:i][::-1], own) == "choice"
    }
    return dict(sorted(found.items(), key=lambda item: item[1].time))


def _changes(
    chains: Sequence[Sequence[Event]],
    run: RunLedger | None,
    others: dict[int, tuple[Alternative, ...]],
    own: bool,
) -> Iterator[Change]:
    """The changes with their steps; `run` is the whole ledger, if it is there."""
    numbers: dict[int, int] = {}
    for chain in chains:
        steps = []
        for i, event in enumerate(chain):
            causes = chain[:i][::-1]
            steps.append(
                Step(
                    number=numbers.setdefault(event.row, len(numbers) + 1),
                    event=event,
                    sentence=sentence(event, causes),
                    nature=nature(event, causes, own),
                    alternatives=others.get(event.row),
                    note=_note(run, event, causes),
                )
            )
        last = chain[-1]
        yield Change(last.time, str(last.before), str(last.after), tuple(steps))


# --- what the ledger tells beside the chain ----------------------------------------------


BACKWARDS = "By its hour this was before the step above, which the ledger names as its cause."
"""The rules of a day may find a reason that is some hours younger than what they do."""


def _note(run: RunLedger | None, event: Event, causes: Sequence[Event]) -> str:
    """Who stood there when a camp was handed over, or who had left when it passed by itself.

    Args:
        run: The whole ledger; None if the batch has kept only what led to changes of control.
    Source: RULES R6.4 (who is there has the camp), I2 (the only bloc that stands in a place).
    """
    if causes and event.time < causes[0].time:
        return BACKWARDS
    if run is None or event.kind != "control":
        return ""
    by = causes[0].kind if causes else None
    if by in ("exit", "joint_end") and event.after in ARMED:
        return _note_of_arrival(run, event)
    if by in (None, "control") and ends_a_day(event.time) and event.before in ARMED:
        return _note_of_departure(run, event)
    return ""


def _note_of_arrival(run: RunLedger, event: Event) -> str:
    who = holder_name(event.after)
    came = [
        earlier
        for earlier in run.events.values()
        if earlier.row < event.row
        and earlier.place == event.place
        and earlier.side in SIDES_OF[str(event.after)]
        and _comes_to_stay(run, earlier)
    ]
    if not came:
        return (
            f"No men of {who} had come there since the first day: those that stood there had been "
            "there before."
        )
    last = max(came, key=lambda earlier: earlier.time)
    how = " by air" if last.kind == "airlift" else ""
    return f"Men of {who} stood there; the last had come{how} {_lower(when(last.time))}."


def _comes_to_stay(run: RunLedger, event: Event) -> bool:
    """Whether men come to a place, other than on a raid, from which they mean to go home."""
    if event.kind == "arrive":
        return "raid" not in [cause.mission for cause in run.causes(event)[:1]]
    return event.kind == "airlift" or (event.kind == "help_arrives" and event.entity is not None)


def _note_of_departure(run: RunLedger, event: Event) -> str:
    left = [
        earlier
        for earlier in run.events.values()
        if earlier.row < event.row
        and (earlier.kind, earlier.place) == ("depart", event.place)
        and earlier.side in SIDES_OF[str(event.before)]
    ]
    if not left:
        return ""
    last = max(left, key=lambda earlier: earlier.time)
    return f"The last that left there: {_lower(sentence(last, run.causes(last)))}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


# --- the text ----------------------------------------------------------------------------

SHOWN = 5
"""Alternatives that the text names; the others are counted."""
NEVER = "It never changed hands in this run."
NOT_YET = "It had not changed hands by then."
MARGIN = 15


def _text(explained: Explanation) -> str:
    lines = wrapped(_preface(explained), WIDTH)
    seen: set[int] = set()
    for i, change in enumerate(explained.changes, start=1):
        known = [step for step in change.steps if step.number in seen]
        lines += ["", *wrapped(_heading(explained, i, change, known), WIDTH)]
        for step in change.steps:
            if step.number not in seen:
                seen.add(step.number)
                lines += _step_lines(step)
    if explained.unknown:
        lines += ["", *wrapped(_unknown(explained), WIDTH)]
    return "\n".join(lines)


def _preface(explained: Explanation) -> str:
    x = explained
    base = base_name(x.place, x.slot)
    run = f"{x.scenario}, replicate {x.replicate}, seed {x.seed}: {base}."
    last = x.date or x.window.last
    had = f"{_upper(holder_name(x.first_holder))} had it on {day(x.window.first)}"
    if not x.n_changes:
        until = f"still has it on {day(last)}"
        return f"{run} {had} and {until}. {NEVER if x.date is None else NOT_YET}"
    times = "once" if x.n_changes == 1 else f"{x.n_changes} times"
    then = f"it changed hands {times}, and {x.changes[-1].names[1]} has it on {day(last)}"
    told = " The last change is told." if x.n_changes > len(x.changes) else ""
    return f"{run} {had}; {then}.{told}"


def _heading(explained: Explanation, i: int, change: Change, known: Sequence[Step]) -> str:
    one = f"Change {i} of {len(explained.changes)}: " if len(explained.changes) > 1 else ""
    before, after = change.names
    moved = f"{_lower(when(change.time))} from {before} to {after}"
    moved = moved if one else _upper(moved)
    begins = f", told above up to step {known[-1].number}" if known else ""
    return f"{one}{moved}. Root cause: {NATURES[change.root.nature]} ({_root(change)}{begins})."


def _root(change: Change) -> str:
    return f"step {change.root.number}"


def _step_lines(step: Step) -> list[str]:
    """A step with its number and nature in the margin."""
    head = f"{step.number:4}  {step.nature:7}"
    texts = [text for text in (step.sentence, _instead(step), step.note) if text]
    lines = [line for text in texts for line in wrapped(text, WIDTH - MARGIN)]
    return [f"{head if i == 0 else '':{MARGIN}}{line}" for i, line in enumerate(lines)]


def _instead(step: Step) -> str:
    """The alternatives of a choice in words; empty if they are not known."""
    others = step.alternatives
    if others is None:
        return ""
    if not others:
        return "No other target was feasible."
    named = [f"{one.place} {percent(one.p)}" for one in others[:SHOWN]]
    rest = others[SHOWN:]
    if rest:
        named.append(f"{len(rest)} more {percent(sum(one.p for one in rest))}")
    return f"Instead it could have been: {', '.join(named)}."


def _unknown(explained: Explanation) -> str:
    return f"What else commanders could have chosen is not told: {explained.unknown}."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _html(explained: Explanation) -> str:
    parts = [f"<p>{escape(_preface(explained))}</p>"]
    for i, change in enumerate(explained.changes, start=1):
        rows = []
        for step in change.steps:
            told = " ".join(text for text in (step.sentence, _instead(step), step.note) if text)
            cells = (str(step.number), step.nature, told)
            rows.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
        heading = escape(_heading(explained, i, change, ()))
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        parts.append(f"<table><caption>{heading}</caption><tbody>{body}</tbody></table>")
    if explained.unknown:
        parts.append(f"<p>{escape(_unknown(explained))}</p>")
    return for_notebook(parts)
