"""Where two scenarios part in one run, and what followed from it.

Run r of two scenarios shares all random draws, so it is one story up to the first event that the
scenarios make different. Events are compared by what happened, not by the numbers of their rows.
What was said is left aside: it is no event of the world, though some rules heed it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, ClassVar

from camphandover.batch.batch import Batch
from camphandover.errors import BatchError
from camphandover.judge.cautions import Pasts, pasts_between
from camphandover.libraries import pd
from camphandover.measure.events import KINDS, Event, sentence
from camphandover.measure.outcomes import Window, common_window
from camphandover.measure.run_ledger import RunLedger, check_full, check_run, read_run
from camphandover.scenario.diff import differences, grouped
from camphandover.told import Told

PLANNED = "clause"
"""Kind of row that tells what a scenario means to do; it differs because the scenarios do."""


@dataclass(frozen=True)
class RunEvent:
    """An event of one of the two runs.

    Attributes:
        run: `a` or `b`.
        event: The row.
        causes: What led to it, the direct cause first.
    """

    run: str
    event: Event
    causes: tuple[Event, ...]

    @property
    def sentence(self) -> str:
        """What happened."""
        return sentence(self.event, self.causes)


@dataclass(frozen=True, eq=False)
class Divergence(Told):
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
        pasts: What is known of their past; None if nothing is.
    """

    words: ClassVar[str] = "camphandover.say.diverge"
    width: ClassVar[int] = 100
    a: str
    b: str
    replicate: int
    seed: int
    window: Window
    settings: tuple[str, ...]
    clauses: tuple[RunEvent, ...]
    first: RunEvent | None
    first_a: RunEvent | None
    first_b: RunEvent | None
    counterpart: RunEvent | None
    said: RunEvent | None
    changes: pd.DataFrame
    origins: dict[tuple[str, int], str]
    ends: tuple[tuple[str, str, str, str], ...]
    n_same: int
    pasts: Pasts | None = None


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
    check_full(batch, "to find the first event that differs the full ledger is needed")
    window = common_window(batch, a, b)
    one, two = (
        _side(key, read_run(batch, name, replicate), window) for key, name in (("a", a), ("b", b))
    )
    one.set_apart(two)
    two.set_apart(one)
    first_a, first_b = (side.first(side.world) for side in (one, two))
    first = _earlier(first_a, first_b)
    said = _earlier(*(side.first(side.said) for side in (one, two)))
    if said is not None and first is not None and said.event.time >= first.event.time:
        said = None
    clauses = [side.told(event) for side in (one, two) for event in side.clauses]
    changes, origins = _changes(one, two)
    return Divergence(
        a=a,
        b=b,
        replicate=replicate,
        seed=batch.seed,
        window=window,
        settings=tuple(grouped(differences(batch.scenario(a), batch.scenario(b)))),
        clauses=tuple(
            sorted(clauses, key=lambda told: (told.event.time, told.event.place or "", told.run))
        ),
        first=first,
        first_a=first_a,
        first_b=first_b,
        counterpart=_counterpart(first, two if first is first_a else one),
        said=said,
        changes=changes,
        origins=origins,
        ends=tuple(_ends(one, two)),
        n_same=sum(_is_world(event) for event in one.events) - len(one.world),
        pasts=pasts_between(batch, a, b),
    )


def _is_world(event: Event) -> bool:
    return not KINDS[event.kind].is_said and event.kind != PLANNED


def _likeness(event: Event) -> tuple[Any, ...]:
    """What makes two events of two runs alike, whenever and however large they are."""
    return event.kind, *event[3:10]


def _content(event: Event) -> tuple[Any, ...]:
    """What makes two events of two runs the same: all but numbers of rows and chances.

    Times count to the minute, and amounts that are no whole numbers to three digits.
    """
    amount: float | None = event.amount
    if KINDS[event.kind].is_weighed:
        amount = None
    elif event.amount != round(event.amount):
        amount = float(f"{event.amount:.3g}")
    return event.time.replace(second=0, microsecond=0), *_likeness(event), amount


@dataclass(frozen=True)
class _Side:
    """One of the two runs: its events within the dates, and those that the other has not.

    Attributes:
        key: `a` or `b`.
        run: The whole ledger.
        events: Rows within the dates, in the order of time.
        world, clauses, said: Those of them that the other run has not.
    """

    key: str
    run: RunLedger
    events: list[Event]
    world: list[Event] = field(default_factory=list)
    clauses: list[Event] = field(default_factory=list)
    said: list[Event] = field(default_factory=list)

    def set_apart(self, other: _Side) -> None:
        """Find the events that the other run has not."""
        there = Counter(map(_content, other.events))
        for event in self.events:
            content = _content(event)
            there[content] -= 1
            if there[content] < 0:
                planned = self.clauses if event.kind == PLANNED else self.said
                (self.world if _is_world(event) else planned).append(event)

    def told(self, event: Event) -> RunEvent:
        """An event of this run with its causes."""
        return RunEvent(self.key, event, tuple(self.run.causes(event)))

    def first(self, events: Sequence[Event]) -> RunEvent | None:
        """The first of some events."""
        return self.told(events[0]) if events else None

    def changes(self) -> Iterator[Event]:
        """Changes of control that the other run has not."""
        return (event for event in self.world if event.kind == "control")

    def descent(self, event: Event | None) -> dict[str, Any]:
        """When a change came about and what it descends from, by column."""
        if event is None:
            return {}
        chain = [event.row, *(cause.row for cause in self.run.causes(event))]
        clauses = {clause.row for clause in self.clauses}
        apart = clauses | {own.row for own in self.world}
        found = {
            "time": event.time,
            "first": self.world[0].row in chain,
            "clause": not clauses.isdisjoint(chain),
            "origin": next(row for row in reversed(chain) if row in apart),
        }
        return {f"{name}_{self.key}": value for name, value in found.items()}


def _side(key: str, run: RunLedger, window: Window) -> _Side:
    within = (e for e in run.events.values() if window.first <= e.time.date() <= window.last)
    return _Side(key, run, sorted(within, key=lambda event: (event.time, event.row)))


def _earlier(*told: RunEvent | None) -> RunEvent | None:
    """The earlier one of two events, of which the first counts if they are as early."""
    there = [one for one in told if one is not None]
    return min(there, key=lambda one: one.event.time, default=None)


def _counterpart(first: RunEvent | None, other: _Side) -> RunEvent | None:
    """An event of the other run like the first different one.

    Of the conflict as a whole there is none: the next one is another story.
    """
    if first is None or first.event.place is None:
        return None
    alike = _likeness(first.event)
    return other.first([event for event in other.world if _likeness(event) == alike])


# --- what followed -----------------------------------------------------------------------

COLUMNS = {
    **dict.fromkeys(("place", "slot", "before", "after"), "str"),
    **dict.fromkeys(("time_a", "time_b"), "datetime64[ms]"),
    **dict.fromkeys(("first_a", "first_b", "clause_a", "clause_b"), "boolean"),
    **dict.fromkeys(("origin_a", "origin_b"), "Int64"),
}


def _changes(one: _Side, two: _Side) -> tuple[pd.DataFrame, dict[tuple[str, int], str]]:
    """The table of changes of control that differ, and the sentences of their origins."""

    rows = []
    for of_one, of_two in _paired(one, two):
        event = of_one or of_two
        assert event is not None
        row = {name: getattr(event, name) for name in ("place", "slot", "before", "after")}
        row |= one.descent(of_one) | two.descent(of_two)
        rows.append(row)
    rows.sort(key=lambda row: min(row[time] for time in ("time_a", "time_b") if time in row))
    origins = {
        (side.key, origin): side.told(side.run.events[origin]).sentence
        for row in rows
        for side in (one, two)
        if (origin := row.get(f"origin_{side.key}")) is not None
    }
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS), origins


def _paired(one: _Side, two: _Side) -> Iterator[tuple[Event | None, Event | None]]:
    """Changes of control that differ, those of A and of B that are alike side by side."""
    alike: dict[tuple[Any, ...], tuple[list[Event], list[Event]]] = defaultdict(lambda: ([], []))
    for i, side in enumerate((one, two)):
        for event in side.changes():
            alike[_likeness(event)][i].append(event)
    for pair in alike.values():
        yield from zip_longest(*pair)


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
