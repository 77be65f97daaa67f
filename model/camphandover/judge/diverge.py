"""Where two scenarios part in one run, and what followed from it.

Run r of two scenarios shares all random draws, so it is one story up to the first event that the
scenarios make different. Events are compared by what happened, not by the numbers of their rows.
What was said is left aside: it is no event of the world, though some rules heed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover import inputs
from camphandover.batch.files import write_json
from camphandover.errors import BatchError
from camphandover.judge.why import WIDTH
from camphandover.measure.outcomes import Window, common_window
from camphandover.measure.run_ledger import RunLedger, check_run, read_run
from camphandover.say.sentences import Event, base_name, day, holder_name, sentence, wrapped
from camphandover.say.tabular import aligned, for_notebook, html_table

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.batch.batch import Batch

SAID = (
    "claim_losses",
    "silence",
    "revision",
    "claim_control",
    "denial",
    "confirmed",
    "unconfirmed",
)
"""Kinds of row that tell what was said, not what happened."""
PLANNED = "clause"
"""Kind of row that tells what a scenario means to do; it differs because the scenarios do."""
WEIGHED = ("stay", "exit", "request")
"""Kinds whose amount is a weight, a plan or a report: two that differ in it alone are the same."""


@dataclass(frozen=True)
class Told:
    """An event of one of the two runs.

    Attributes:
        run: `a` or `b`.
        event: The row.
        sentence: What happened.
    """

    run: str
    event: Event
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return {
            "run": self.run,
            "row": self.event.row,
            "time": self.event.time.isoformat(),
            "kind": self.event.kind,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, eq=False)
class Divergence:
    """Where the runs of two scenarios part.

    `changes` has one row for each change of control that is not the same in both, by date:
    `place`, `slot`, `before`, `after`; `time_a`, `time_b`, missing where there is none like it;
    `first_a`, `first_b`, whether it descends, cause by cause, from the run's first different
    event; `clause_a`, `clause_b`, whether from a clause that differs; `origin_a`, `origin_b`, row
    of the earliest event in its chain that the other run has not: with `origins` that is told.

    Attributes:
        a, b: Names of the scenarios.
        replicate, seed: The run.
        window: The dates that both have; nothing else is compared.
        settings: What the scenarios set differently, a line each.
        clauses: Clauses that became known in one run and not, or not so, in the other, by date.
        first: The first event of the world that is different, of either run; None if there is
            none.
        first_a, first_b: The first event of each run that the other one has not.
        counterpart: An event like `first` that the other run has at another time or size; or None.
        said: The first thing said that is different, if that was before `first`; or None.
        changes: See above.
        origins: The sentence of each origin, by run and row.
        ends: Bases that have another holder at the end of the window, with that of A and of B.
        n_same: Events of the world that both have.
    """

    a: str
    b: str
    replicate: int
    seed: int
    window: Window
    settings: tuple[str, ...]
    clauses: tuple[Told, ...]
    first: Told | None
    first_a: Told | None
    first_b: Told | None
    counterpart: Told | None
    said: Told | None
    changes: pd.DataFrame
    origins: dict[tuple[str, int], str]
    ends: tuple[tuple[str, str, str, str], ...]
    n_same: int

    def __str__(self) -> str:
        """Plain text of at most 100 columns."""
        return _text(self)

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        return _html(self)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        told = {name: getattr(self, name) for name in ("first", "first_a", "first_b")}
        told |= {"counterpart": self.counterpart, "said": self.said}
        return {
            "a": self.a,
            "b": self.b,
            "replicate": self.replicate,
            "seed": self.seed,
            "window": [self.window.first.isoformat(), self.window.last.isoformat()],
            "settings": list(self.settings),
            "clauses": [clause.to_dict() for clause in self.clauses],
            **{name: None if one is None else one.to_dict() for name, one in told.items()},
            "same_events": self.n_same,
            "changes": [
                {key: _plain(value) for key, value in row.items()}
                for row in self.changes.to_dict("records")
            ],
            "origins": [
                {"run": run, "row": row, "sentence": text}
                for (run, row), text in self.origins.items()
            ],
            "ends": [dict(zip(("place", "slot", "a", "b"), end, strict=True)) for end in self.ends],
        }

    def write_json(self, path: str | Path) -> None:
        """Write it to a file."""
        write_json(inputs.path("path", path), self.to_dict())


def diverge(batch: Batch, a: str, b: str, replicate: int) -> Divergence:
    """Find the first event that differs between two scenarios in one run, and what followed.

    Args:
        batch: A finished batch with the full ledger.
        a: Name of one scenario.
        b: Name of the other one.
        replicate: Number of the run.
    Returns:
        Where they part; `print` shows it.
    Errors:
        BatchError if a name or replicate cannot be, the run failed in either, the scenarios have
        no date in common, or the ledger is not full.
    """
    for name in (a, b):
        replicate = check_run(batch, name, replicate)
    if a == b:
        known = ", ".join(batch.scenarios)
        raise BatchError(f"A and B are both {a!r}: name two scenarios of {known}.")
    if batch.ledger != "full":
        raise BatchError(
            f"{batch.folder} was run with --ledger {batch.ledger}: to find the first event that "
            "differs the full ledger is needed."
        )
    window = common_window(batch, a, b)
    one, two = (_Side(key, read_run(batch, name, replicate), window) for key, name in _named(a, b))
    one.set_apart(two)
    two.set_apart(one)
    first, counterpart = _first_different(one, two)
    said = one.earlier(two, [_first(side, side.said) for side in (one, two)])
    if said is not None and first is not None and said.event.time >= first.event.time:
        said = None
    clauses = [side.told(event) for side in (one, two) for event in side.clauses]
    clauses.sort(key=lambda clause: (clause.event.time, clause.event.place or "", clause.run))
    changes, origins = _changes(one, two)
    return Divergence(
        a=a,
        b=b,
        replicate=replicate,
        seed=batch.seed,
        window=window,
        settings=_settings(batch, a, b),
        clauses=tuple(clauses),
        first=first,
        first_a=_first(one, one.world),
        first_b=_first(two, two.world),
        counterpart=counterpart,
        said=said,
        changes=changes,
        origins=origins,
        ends=tuple(_ends(one, two)),
        n_same=sum(_is_world(event) for event in one.events) - len(one.world),
    )


def _named(a: str, b: str) -> list[tuple[str, str]]:
    return [("a", a), ("b", b)]


def _is_world(event: Event) -> bool:
    return event.kind not in SAID and event.kind != PLANNED


def _content(event: Event) -> tuple[Any, ...]:
    """What makes two events of two runs the same: all but numbers of rows and chances.

    Times count to the minute, and amounts that are no whole numbers to three digits.
    """
    amount: float | None = event.amount
    if event.kind in WEIGHED:
        amount = None
    elif event.amount != round(event.amount):
        amount = float(f"{event.amount:.3g}")
    return (event.time.replace(second=0, microsecond=0), event.kind, *event[3:10], amount)


def _likeness(event: Event) -> tuple[Any, ...]:
    """What makes two events of two runs alike, whenever and however large they are."""
    return event.kind, *event[3:10]


class _Side:
    """One of the two runs: its events within the dates, and those that the other has not.

    Attributes:
        key: `a` or `b`.
        run: The whole ledger.
        events: Rows within the dates, in the order of time.
        world, clauses, said: Those of them that the other run has not.
        apart: Numbers of the rows of `world` and `clauses`.
    """

    def __init__(self, key: str, run: RunLedger, window: Window) -> None:
        self.key, self.run = key, run
        within = (e for e in run.events.values() if window.first <= e.time.date() <= window.last)
        self.events = sorted(within, key=lambda event: (event.time, event.row))
        self.world: list[Event] = []
        self.clauses: list[Event] = []
        self.said: list[Event] = []
        self.apart: set[int] = set()

    def set_apart(self, other: _Side) -> None:
        """Find the events that the other run has not."""
        there = Counter(_content(event) for event in other.events)
        for event in self.events:
            content = _content(event)
            if there[content] > 0:
                there[content] -= 1
            elif event.kind in SAID:
                self.said.append(event)
            else:
                (self.clauses if event.kind == PLANNED else self.world).append(event)
                self.apart.add(event.row)

    def told(self, event: Event) -> Told:
        """An event of this run with its sentence."""
        return Told(self.key, event, sentence(event, self.run.causes(event)))

    def earlier(self, other: _Side, two: Sequence[Told | None]) -> Told | None:
        """The earlier one of two events, of which the first counts if they are as early."""
        there = [one for one in two if one is not None]
        return min(there, key=lambda one: one.event.time, default=None)


def _first(side: _Side, events: Sequence[Event]) -> Told | None:
    return side.told(events[0]) if events else None


def _first_different(one: _Side, two: _Side) -> tuple[Told | None, Told | None]:
    """The first different event of either run, and one like it in the other run."""
    first = one.earlier(two, [_first(side, side.world) for side in (one, two)])
    if first is None:
        return None, None
    if first.event.place is None:  # of the conflict as a whole: the next one is another story
        return first, None
    other = two if first.run == one.key else one
    alike = _likeness(first.event)
    found = next((event for event in other.world if _likeness(event) == alike), None)
    return first, None if found is None else other.told(found)


# --- what followed -----------------------------------------------------------------------

DESCENT = ("time", "first", "clause", "origin")
"""Columns of the table that stand once for A and once for B."""
COLUMNS = ["place", "slot", "before", "after"]
COLUMNS += [f"{name}_{key}" for name in DESCENT for key in "ab"]


def _changes(one: _Side, two: _Side) -> tuple[pd.DataFrame, dict[tuple[str, int], str]]:
    """The table of changes of control that differ, and the sentences of their origins."""
    import pandas as pd

    rows, origins = [], {}
    for pair in _paired(one, two):
        event = next(event for event in pair if event is not None)
        row: dict[str, Any] = {
            "place": event.place,
            "slot": event.slot,
            "before": event.before,
            "after": event.after,
        }
        for side, of_side in zip((one, two), pair, strict=True):
            row |= _descent(side, of_side)
            origin = row[f"origin_{side.key}"]
            if origin is not None:
                told = side.told(side.run.events[origin]).sentence
                origins[side.key, origin] = told
        rows.append(row)
    rows.sort(key=lambda row: min(t for t in (row["time_a"], row["time_b"]) if t is not None))
    table = pd.DataFrame(rows, columns=COLUMNS)
    kinds: dict[str, Any] = {f"time_{key}": "datetime64[ms]" for key in "ab"}
    kinds |= {f"origin_{key}": "Int64" for key in "ab"}
    kinds |= {f"{name}_{key}": "boolean" for key in "ab" for name in ("first", "clause")}
    return table.astype(kinds), origins


def _paired(one: _Side, two: _Side) -> Iterator[tuple[Event | None, Event | None]]:
    """Changes of control that differ, those of A and of B that are alike side by side."""
    waiting: dict[tuple[Any, ...], list[Event]] = {}
    for event in two.world:
        if event.kind == "control":
            waiting.setdefault(_likeness(event), []).append(event)
    for event in one.world:
        if event.kind == "control":
            alike = waiting.get(_likeness(event), [])
            yield event, alike.pop(0) if alike else None
    for rest in waiting.values():
        for event in rest:
            yield None, event


def _descent(side: _Side, event: Event | None) -> dict[str, Any]:
    """When a change came about in a run and what it descends from, by column."""
    key = side.key
    if event is None:
        return {f"{name}_{key}": None for name in DESCENT}
    chain = [event, *side.run.causes(event)]
    first = side.world[0].row if side.world else None
    clauses = {clause.row for clause in side.clauses}
    apart = [link.row for link in chain if link.row in side.apart]
    return {
        f"time_{key}": event.time,
        f"first_{key}": any(link.row == first for link in chain),
        f"clause_{key}": any(link.row in clauses for link in chain),
        f"origin_{key}": apart[-1],
    }


def _ends(one: _Side, two: _Side) -> Iterator[tuple[str, str, str, str]]:
    """Bases that end in other hands: place, slot, holder in A and in B."""
    first: dict[tuple[str, str], str] = {}
    last: list[dict[tuple[str, str], str]] = [{}, {}]
    for held, side in zip(last, (one, two), strict=True):
        changes = [event for event in side.events if event.kind == "control"]
        for event in sorted(changes, key=lambda event: event.row):
            base = (str(event.place), str(event.slot))
            first.setdefault(base, str(event.before))
            held[base] = str(event.after)
    for base in sorted(first):
        of_a, of_b = (held.get(base, first[base]) for held in last)
        if of_a != of_b:
            yield *base, of_a, of_b


def _settings(batch: Batch, a: str, b: str) -> tuple[str, ...]:
    """What the scenarios set differently; camps with the same difference share a line."""
    from camphandover.scenario.diff import differences, shown

    grouped: dict[tuple[str, str, str], list[str]] = {}
    for change in differences(batch.scenario(a), batch.scenario(b)):
        values = (change.path, shown(change.before), shown(change.after))
        grouped.setdefault(values, []).append(change.place)
    return tuple(
        f"{', '.join(camps) + ': ' if any(camps) else ''}{path} {before} -> {after}"
        for (path, before, after), camps in grouped.items()
    )


# --- the text ----------------------------------------------------------------------------

MOST_SETTINGS = 8
MOST_CHANGES = 20
MOST_CLAUSES = 4


def _text(divergence: Divergence) -> str:
    lines: list[str] = []
    for paragraph in _paragraphs(divergence):
        lines += [*wrapped(paragraph, WIDTH), ""]
    settings = divergence.settings[:MOST_SETTINGS]
    if settings:
        lines.append("What the scenarios set differently (A -> B):")
        for line in settings:
            lines += wrapped(line, WIDTH, "  ", "    ")
        lines += _more(len(divergence.settings) - len(settings))
        lines.append("")
    for heading, texts, more in _listed(divergence):
        lines.append(heading)
        for text in texts:
            lines += wrapped(text, WIDTH, "  ", "    ")
        lines += [*_more(more), ""]
    table = _table(divergence)
    if table:
        lines += [*wrapped(_counted(divergence), WIDTH), *aligned(table)]
        lines += _more(len(divergence.changes) - MOST_CHANGES)
        for text in _footnotes(divergence):
            lines += wrapped(text, WIDTH, "  ", "      ")
    return "\n".join(lines).rstrip()


def _more(n: int) -> list[str]:
    return [f"  ... and {n} more"] if n > 0 else []


def _paragraphs(divergence: Divergence) -> list[str]:
    """What is compared, and what came of it."""
    d = divergence
    head = f"A = {d.a}, B = {d.b}: replicate {d.replicate}, seed {d.seed}, {d.window}."
    if d.first is None:
        return [f"{head} What happened is the same in both, event by event ({d.n_same} events)."]
    return [f"{head} {d.n_same} events are the same in both."]


def _listed(divergence: Divergence) -> Iterator[tuple[str, list[str], int]]:
    """The parts of the text in their order: heading, lines, how many lines are left out."""
    d = divergence
    if d.clauses:
        shown = d.clauses[:MOST_CLAUSES]
        texts = [f"{clause.run.upper()}: {clause.sentence}" for clause in shown]
        yield (
            "Clauses that became known at other times or with other contents:",
            texts,
            (len(d.clauses) - len(shown)),
        )
    if d.said is not None:
        yield "Before anything else, what was said differed:", [f"{d.said.run.upper()}: "
            f"{d.said.sentence}"], 0  # fmt: skip
    if d.first is not None:
        yield "The first event that differs:", _first_told(d), 0
    if d.ends:
        texts = [
            f"{base_name(place, slot)}: A {holder_name(one)}, B {holder_name(two)}"
            for place, slot, one, two in d.ends
        ]
        yield (
            f"In other hands at the end of {day(d.window.last)}:",
            texts[:MOST_CHANGES],
            max(0, len(texts) - MOST_CHANGES),
        )


def _first_told(divergence: Divergence) -> list[str]:
    """The first different event, and what the other run has in its place."""
    d = divergence
    assert d.first is not None
    other = "b" if d.first.run == "a" else "a"
    lines = [f"{d.first.run.upper()}: {d.first.sentence}"]
    own = d.first_b if other == "b" else d.first_a
    if d.counterpart is not None:
        lines.append(f"{other.upper()}, instead: {d.counterpart.sentence}")
    else:
        lines.append(f"{other.upper()}: nothing like it.")
    if own is not None and (d.counterpart is None or own.event != d.counterpart.event):
        lines.append(f"{other.upper()}, the first that only it has: {own.sentence}")
    return lines


def _shown_rows(divergence: Divergence) -> list[Any]:
    return list(divergence.changes.head(MOST_CHANGES).itertuples())


def _numbers(divergence: Divergence) -> dict[tuple[str, int], int]:
    """Numbers of the origins of the rows shown, in the order of the rows."""
    import pandas as pd

    found: dict[tuple[str, int], int] = {}
    for row in _shown_rows(divergence):
        for key, origin in (("a", row.origin_a), ("b", row.origin_b)):
            if not pd.isna(origin):
                found.setdefault((key, int(origin)), len(found) + 1)
    return found


def _table(divergence: Divergence) -> list[list[str]]:
    """Header and cells of the changes shown; empty if there is none."""
    import pandas as pd

    rows = _shown_rows(divergence)
    if not rows:
        return []
    numbers = _numbers(divergence)
    cells = [["A", "B", "Base", "From", "To", "Why A", "Why B"]]
    for row in rows:
        why = []
        for key in "ab":
            origin = getattr(row, f"origin_{key}")
            if pd.isna(origin):
                why.append("")
                continue
            mark = "*" if getattr(row, f"first_{key}") else ""
            why.append(f"[{numbers[key, int(origin)]}]{mark}")
        times = [_time(row.time_a), _time(row.time_b)]
        cells.append([*times, f"{row.place} {row.slot}", _short(row.before), _short(row.after)])
        cells[-1] += why
    return cells


def _counted(divergence: Divergence) -> str:
    """How many changes of control are not the same, and how many descend from the first event."""
    changes = divergence.changes
    n = [int(changes[f"time_{key}"].notna().sum()) for key in "ab"]
    of_first = [int(changes[f"first_{key}"].sum()) for key in "ab"]
    return (
        f"Changes of control that the other run has not, or not then: {n[0]} in A, {n[1]} in B. "
        f"Of them {of_first[0]} and {of_first[1]} descend, cause by cause, from the run's first "
        "different event (*)."
    )


def _short(holder: str) -> str:
    return {"minusma": "UN", "gsim": "GSIM", "joint": "joint unit"}.get(holder, holder)


def _time(time: Any) -> str:
    import pandas as pd

    return "-" if pd.isna(time) else f"{time:%Y-%m-%d %H:%M}"


def _footnotes(divergence: Divergence) -> list[str]:
    """The origins of the changes shown, and what the star means."""
    numbers = _numbers(divergence)
    lines = []
    if numbers:
        lines.append("Why: the earliest event in the chain of causes that the other run has not:")
    for origin, number in numbers.items():
        lines.append(f"[{number}] {origin[0].upper()}: {divergence.origins[origin]}")
    return lines


def _plain(value: Any) -> Any:
    """A cell as JSON holds it."""
    import pandas as pd

    if isinstance(value, str):
        return value
    if pd.isna(value):
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else value


def _html(divergence: Divergence) -> str:
    parts = [f"<p>{escape(paragraph)}</p>" for paragraph in _paragraphs(divergence)]
    lists = list(_listed(divergence))
    if divergence.settings:
        shown = list(divergence.settings[:MOST_SETTINGS])
        more = len(divergence.settings) - len(shown)
        lists.insert(0, ("What the scenarios set differently (A -> B):", shown, more))
    for heading, texts, more in lists:
        texts = [*texts, f"... and {more} more"] if more else texts
        items = "".join(f"<li>{escape(text)}</li>" for text in texts)
        parts.append(f"<p>{escape(heading)}</p><ul>{items}</ul>")
    table = _table(divergence)
    if table:
        parts.append(html_table(_counted(divergence), table[0], table[1:]))
        items = "".join(f"<li>{escape(text)}</li>" for text in _footnotes(divergence))
        parts.append(f"<ul>{items}</ul>")
    return for_notebook(parts)
