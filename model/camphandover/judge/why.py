"""Why a base changed hands: the chain of causes behind each change, and counts over all runs.

A chain is what the ledger says: each row names the one row that led to it. Of a commander's
choice the ledger holds the chance with which it was made; what else could have been chosen is
found by playing the run again up to that day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib import import_module
from typing import ClassVar, NamedTuple

from camphandover import inputs
from camphandover.batch.batch import Batch
from camphandover.batch.names import check_known
from camphandover.batch.plan import DEFAULT_MODEL
from camphandover.errors import BatchError
from camphandover.judge.alternatives import Alternative, alternatives_of
from camphandover.libraries import np, pa, pc, pd
from camphandover.measure import events, run_ledger
from camphandover.measure.events import ARMED, Event, nature
from camphandover.measure.intervals import share_interval
from camphandover.measure.notation import named
from camphandover.measure.outcomes import Window, scenario_window
from camphandover.measure.run_ledger import RunLedger
from camphandover.measure.runs import known_until
from camphandover.told import Told

SIDES_OF = {
    "army": ("army", "wagner", "partners"),
    "separatists": ("separatists",),
    "gsim": ("gsim",),
}
"""Sides that hold bases under one name."""


class Aside(NamedTuple):
    """What the ledger tells beside a chain.

    Attributes:
        what: `backwards`, that a step was before its cause by its hour: the rules of a day may
            find a reason that is some hours younger than what they do; `came`, who stood there
            when a camp was handed over; `left`, who had left when a base passed by itself.
        event: The last that came or left; None if nobody had come since the first day.
        causes: What led to it.
    """

    what: str
    event: Event | None = None
    causes: Sequence[Event] = ()


@dataclass(frozen=True)
class Step:
    """One event of a chain.

    Attributes:
        number: Of the step among all that are told; the same event has the same number.
        event: The row.
        causes: The steps before it in the chain, the direct cause first.
        nature: What decided it, a key of `events.NATURES`: empty where it followed by rule.
        alternatives: Of a choice, what else could have been chosen, the most likely first; None
            where that is not known, or nothing was chosen.
        aside: What the ledger tells beside the chain, such as who stood where.
    """

    number: int
    event: Event
    causes: tuple[Event, ...]
    nature: str
    alternatives: tuple[Alternative, ...] | None = None
    aside: Aside | None = None

    @property
    def sentence(self) -> str:
        """What happened."""
        return events.sentence(self.event, self.causes)

    @property
    def note(self) -> str:
        """What the ledger tells beside the chain, in words; may be empty."""
        return str(import_module(Explanation.words).note(self))


@dataclass(frozen=True)
class Change:
    """A change of control with the chain that led to it.

    Attributes:
        steps: The chain in the order of time: the root first, the change itself last.
    """

    steps: tuple[Step, ...]

    @property
    def time(self) -> datetime:
        """When it happened."""
        return self.steps[-1].event.time

    @property
    def before(self) -> str:
        """Who had the base, a name of `Holder` in small letters."""
        return str(self.steps[-1].event.before)

    @property
    def after(self) -> str:
        """Who has it then."""
        return str(self.steps[-1].event.after)

    @property
    def root(self) -> Step:
        """What the chain begins with."""
        return self.steps[0]


@dataclass(frozen=True, eq=False)
class Explanation(Told):
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
        known_until: Day of the past from which the run goes on; None if it has none.
    """

    words: ClassVar[str] = "camphandover.say.why"
    width: ClassVar[int] = 100
    scenario: str
    replicate: int
    seed: int
    place: str
    slot: str
    known_until: date | None
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
    replicate = run_ledger.check_run(batch, scenario, replicate)
    run_ledger.check_base(batch, place, slot)
    window = scenario_window(batch, scenario)
    until = None if date is None else inputs.day("date", date, *window)
    run = run_ledger.read_run(batch, scenario, replicate)
    rows = [
        event
        for event in run.events.values()
        if (event.kind, event.place, event.slot) == ("control", place, slot)
        and (until is None or event.time.date() <= until)
    ]
    first = rows[0].before if rows else _first_holder(batch, scenario, replicate, place, slot)
    chains = _chains(run, rows if until is None else rows[-1:], batch)
    chosen = [step.event for chain in chains for step in chain if step.nature == "choice"]
    others, unknown = alternatives_of(batch, scenario, replicate, chosen, alternatives)
    return Explanation(
        scenario=scenario,
        replicate=replicate,
        seed=batch.seed,
        place=place,
        slot=slot,
        date=until,
        window=window,
        first_holder=str(first),
        changes=tuple(
            Change(tuple(replace(s, alternatives=others.get(s.event.row)) for s in chain))
            for chain in chains
        ),
        n_changes=len(rows),
        unknown=unknown,
        known_until=known_until(batch, scenario),
    )


def _chains(run: RunLedger, changes: Sequence[Event], batch: Batch) -> list[list[Step]]:
    """The steps of the chain of each change, as yet without alternatives."""
    own = batch.manifest["model"] != DEFAULT_MODEL
    numbers: dict[int, int] = {}
    chains = []
    for change in changes:
        links = [change, *run.causes(change)]
        steps: list[Step] = []
        while links:
            event = links.pop()
            causes = tuple(step.event for step in reversed(steps))
            number = numbers.setdefault(event.row, len(numbers) + 1)
            aside = _aside(run, event, causes, is_full=batch.ledger == "full")
            steps.append(Step(number, event, causes, nature(event, causes, own), aside=aside))
        chains.append(steps)
    return chains


def _first_holder(batch: Batch, scenario: str, replicate: int, place: str, slot: str) -> str:
    """Who has a base at the end of the first day; it is the holder before if it never changes."""
    first = scenario_window(batch, scenario).first.isoformat()
    cell = batch.control.sel(scenario=scenario, place=place, slot=slot, date=first)
    return batch.holders[int(cell.sel(replicate=replicate))]


def _aside(run: RunLedger, event: Event, causes: Sequence[Event], *, is_full: bool) -> Aside | None:
    """Who stood there when a camp was handed over, or who had left when it passed by itself.

    Args:
        is_full: Whether the ledger has kept more than what led to changes of control.
    Source: RULES R6.4 (who is there has the camp), I2 (the only bloc that stands in a place).
    """
    if causes and event.time < causes[0].time:
        return Aside("backwards")
    if not is_full or event.kind != "control":
        return None
    by = causes[0].kind if causes else None
    if by in ("exit", "joint_end") and event.after in ARMED:
        came = _last(run, event, event.after, lambda earlier: _comes_to_stay(run, earlier))
        return Aside("came", came)
    if by in (None, "control") and events.ends_a_day(event.time) and event.before in ARMED:
        left = _last(run, event, event.before, lambda earlier: earlier.kind == "depart")
        return left and Aside("left", left, run.causes(left))
    return None


def _last(
    run: RunLedger, event: Event, holder: str, is_wanted: Callable[[Event], bool]
) -> Event | None:
    """The last event at the place of another one, before it, of men of a holder."""
    earlier = (
        one
        for one in run.events.values()
        if (one.row < event.row and one.place == event.place)
        and one.side in SIDES_OF[holder]
        and is_wanted(one)
    )
    return max(earlier, key=lambda one: one.time, default=None)


def _comes_to_stay(run: RunLedger, event: Event) -> bool:
    """Whether men come to a place, other than on a raid, from which they mean to go home."""
    if event.kind == "arrive":
        return "raid" not in [cause.mission for cause in run.causes(event)[:1]]
    return event.kind == "airlift" or (event.kind == "help_arrives" and event.entity is not None)


# --- over many runs ----------------------------------------------------------------------

PARTS = ("fell_to", "root", "direct", "chain")


@dataclass(frozen=True, eq=False)
class WhySummary(Told):
    """What preceded the first fall of a base, counted over the runs of a scenario.

    `table` has one row for each cause:

    - `part`: `fell_to` (the holder, of all runs), `root` (what the chain begins with), `direct`
      (the row that led to the change of control), `chain` (what stands anywhere in the chain,
      once a run; the change itself is left out).
    - `cause`: its short name; `nature`: what decided it, a key of `events.NATURES`.
    - `runs`; `share` of the runs in which the base fell (of all for `fell_to`), with the bounds
      `low` and `high` of its 95 % Wilson interval.

    Attributes:
        scenario, seed, place, slot: What is asked about.
        to: Holder to whom it is to fall; None for the first armed one other than that of the
            first day.
        runs: Runs that did not fail.
        fell: Those of them in which it fell.
        table: See above.
        known_until: Day of the past from which the runs go on; None if they have none.
        known: Runs in which it fell until that day.
    """

    words: ClassVar[str] = "camphandover.say.why"
    width: ClassVar[int] = 100
    scenario: str
    seed: int
    place: str
    slot: str
    to: str | None
    runs: int
    fell: int
    table: pd.DataFrame
    known_until: date | None = None
    known: int = 0


def why_summary(
    batch: Batch, scenario: str, place: str, slot: str = "camp", to: str | None = None
) -> WhySummary:
    """Count over all runs of a scenario which causes preceded the first fall of a base.

    The fall is the first change by which an armed side (army, separatists, GSIM) gets the base
    that did not have it on the first day: a camp that stands empty for a while has not fallen yet.

    Args:
        batch: A finished batch with a ledger, full or of changes.
        scenario: Name of one of its scenarios.
        place: The place.
        slot: `camp` or `town`.
        to: A holder: then the fall is the first change to it, be it `nobody`, `joint` (a joint
            unit) or the holder of the first day, who comes back.
    Returns:
        The counts; `print` shows them. The blocks of 50 runs are read one after the other.
    Errors:
        BatchError if a name cannot be, the batch has no ledger, or all runs failed.
    """
    check_known("scenario", scenario, batch.scenarios)
    run_ledger.check_base(batch, place, slot)
    if to is not None:
        check_known("holder", to, batch.holders)
    run_ledger.check_ledger(batch)
    failed = sum(failure["scenario"] == scenario for failure in batch.failures)
    if failed == batch.runs:
        raise BatchError(f"all {failed} runs of {scenario} failed and tell nothing.")
    counts: Counter[tuple[str, str, str]] = Counter()
    own = batch.manifest["model"] != DEFAULT_MODEL
    until, known = known_until(batch, scenario), 0
    for block in run_ledger.blocks_of(batch, scenario):
        for chain in _first_falls(run_ledger.block_table(batch, block), place, slot, to):
            counts.update(_counted(chain, own))
            known += until is not None and chain[0].time.date() <= until
    runs = batch.runs - failed
    fell = sum(n for (part, _, _), n in counts.items() if part == "fell_to")
    table = _shares(counts, runs, fell)
    return WhySummary(scenario, batch.seed, place, slot, to, runs, fell, table, until, known)


def _first_falls(table: pa.Table, place: str, slot: str, to: str | None) -> Iterator[list[Event]]:
    """The chain of the first fall in each run of a block: the fall first, the root last."""

    changed = (pc.field("kind") == "control") & (pc.field("place") == place)
    rows = table.filter(changed & (pc.field("slot") == slot))
    numbers = table["replicate"].to_numpy().astype(np.int64) << 32 | table["row"].to_numpy()
    causes = pc.fill_null(table["cause"], -1).to_numpy()
    fallen: set[int] = set()
    first: dict[int, str] = {}
    for cells in rows.select(["replicate", "row", "before", "after"]).to_pylist():
        replicate, after = cells["replicate"], cells["after"]
        holder = first.setdefault(replicate, cells["before"])
        is_fall = after == to if to is not None else after in ARMED and after != holder
        if is_fall and replicate not in fallen:
            fallen.add(replicate)
            chain = _positions(numbers, causes, replicate, cells["row"])
            yield [events.event_of(row) for row in table.take(chain).to_pylist()]


def _positions(numbers: np.ndarray, causes: np.ndarray, replicate: int, row: int) -> list[int]:
    """Where the rows of a chain stand in a block's table, which is ordered by run and row."""

    found: list[int] = []
    while row >= 0:
        number = (replicate << 32) | row
        at = int(np.searchsorted(numbers, number))
        if at == len(numbers) or numbers[at] != number:
            break
        found.append(at)
        row = int(causes[at]) if causes[at] < row else -1
    return found


def _counted(chain: Sequence[Event], own: bool) -> set[tuple[str, str, str]]:
    """What one run adds to the counts: part, name and nature of each cause.

    Args:
        chain: The fall first, the root last.
    """
    fall, causes = chain[0], chain[1:]
    told = [
        (events.cause_name(event, causes[i + 1 :]), nature(event, causes[i + 1 :], own))
        for i, event in enumerate(causes)
    ] or [("no cause in the ledger", nature(fall, (), own))]
    return {
        ("fell_to", named(str(fall.after)), ""),
        ("root", *told[-1]),
        ("direct", *told[0]),
        *(("chain", *one) for one in told),
    }


def _shares(counts: Counter[tuple[str, str, str]], runs: int, fell: int) -> pd.DataFrame:
    """The table of a summary."""

    ordered = sorted(counts.items(), key=lambda item: (PARTS.index(item[0][0]), -item[1], item[0]))
    rows = [
        (*cause, n, *share_interval(n, runs if cause[0] == "fell_to" else fell))
        for cause, n in ordered
    ]
    columns = ["part", "cause", "nature", "runs", "share", "low", "high"]
    return pd.DataFrame(rows, columns=columns)
