"""What the patterns look at of a block of runs, as plain arrays; read block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from camphandover import facts
from camphandover.batch.batch import Batch
from camphandover.batch.cubes import OF_SIDES
from camphandover.batch.names import check_holders
from camphandover.core.ledger import Kind
from camphandover.errors import BatchError
from camphandover.facts.codes import Holder, Mission, Side, Slot
from camphandover.libraries import pa, xr
from camphandover.measure.run_ledger import block_table, blocks_of
from camphandover.measure.runs import Window, scenario_window

KINDS = (
    Kind.DEPART, Kind.ARRIVE, Kind.IED, Kind.BATTLE, Kind.CONTROL, Kind.EXIT, Kind.LOSSES,
    Kind.AIRCRAFT_LOST, Kind.AIRCRAFT_HIT, Kind.BLOCKADE, Kind.BLOCKADE_EASED, Kind.HELP_ARRIVES,
)  # fmt: skip
"""Kinds of row that a pattern reads; all others are dropped at once."""
MS_PER_HOUR = 3_600_000
NONE = -1
SIDES_OF_ARMY = (int(Side.ARMY), int(Side.WAGNER))


Events = Any  # of NumPy's record arrays, whose fields type checkers do not know
"""Rows of the ledgers of some runs by kind, and of a kind as they were written, run by run.

Columns: `run`, position of the run in its block; `row`, number of the row in its ledger; `hour`
since 1970; `entity`, 0 or more where the row is about a unit; `amount`, men, days or what the kind
counts; `cause`, row that caused it; and the codes `kind` of `ledger.Kind`, `side`, `place`, `slot`,
`before`, `after` and `mission` of `camphandover.facts.codes`. -1 is none.
"""


@dataclass(frozen=True)
class Runs:
    """Some runs of a scenario: what the patterns look at.

    Attributes:
        first: Replicate of the first run.
        window: Dates of the scenario.
        is_valid: False for a run that failed; shape (run,).
        events: Ledgers.
        control: Holders at the end of each day, int8, shape (run, place, slot, day).
        men: Fit men at the end of each day, shape (run, day, side).
        dead: Dead since the first day, same shape.
        residents: People at home at the end of each day, shape (run, day, place).
    """

    first: int
    window: Window
    is_valid: np.ndarray
    events: Events
    control: np.ndarray
    men: np.ndarray
    dead: np.ndarray
    residents: np.ndarray

    @property
    def n(self) -> int:
        """Number of runs."""
        return len(self.is_valid)

    def index(self, day: int) -> int:
        """Position of a day since 1970 along the days."""
        return day - self.start

    @property
    def start(self) -> int:
        """First day, days since 1970."""
        return (self.window.first - date(1970, 1, 1)).days


def check_full(batch: Batch) -> None:
    """Refuse a batch that did not keep all of its ledgers, or is of an older format."""
    if batch.ledger != "full":
        raise BatchError(
            f"{batch.folder} was run with --ledger {batch.ledger}: the patterns need the full "
            "ledger. Run it into another folder with --ledger full, which is the default."
        )
    check_holders(batch)


def read_runs(batch: Batch, scenario: str) -> Iterator[Runs]:
    """The runs of a scenario block by block, so that memory does not grow with their number.

    Errors:
        BatchError if the batch did not keep the full ledger, or a file is damaged.
    """
    check_full(batch)
    window = scenario_window(batch, scenario)
    dates = slice(window.first.isoformat(), window.last.isoformat())
    control = batch.control.sel(scenario=scenario, date=dates)
    # The figures of the sides lie in one chunk, which is to be read once.
    sides = batch._group(OF_SIDES.group)[OF_SIDES.name]
    sides = sides.sel(scenario=scenario, date=dates, figure=["men", "dead"])
    residents = batch.people["residents"].sel(scenario=scenario, date=dates)
    for block in blocks_of(batch, scenario):
        first, stop = block["first"], min(block["stop"], batch.runs)
        if first >= stop:
            continue
        part = {"replicate": slice(first, stop)}
        holders = _loaded(control.isel(part), "place", "slot", "date")
        men, dead = np.moveaxis(_loaded(sides.isel(part), "figure", "date", "side"), 1, 0)
        yield Runs(
            first=first,
            window=window,
            is_valid=(holders >= 0).all(axis=(1, 2, 3)),
            events=events_of(block_table(batch, block), first, stop),
            control=holders,
            men=men,
            dead=dead,
            residents=_loaded(residents.isel(part), "date", "place"),
        )


def _loaded(data: xr.DataArray, *rest: str) -> np.ndarray:
    """Values by replicate; loaded before they are transposed, which is quicker."""
    values: np.ndarray = data.load().transpose("replicate", *rest).to_numpy()
    return values


def events_of(table: pa.Table, first: int, stop: int) -> Events:
    """The rows of a block's Parquet file that the patterns need.

    Args:
        table: As `batch.ledgers.encode` writes it.
        first: First replicate of the block. stop: The one after the last wanted.
    """
    kind = _codes(table, "kind", {kind.label: int(kind) for kind in Kind})
    replicate = table["replicate"].to_numpy()
    rows = np.flatnonzero(np.isin(kind, KINDS) & (replicate < stop))
    rows = rows[np.argsort(kind[rows], kind="stable")]
    time = table["time"].to_numpy().astype("datetime64[ms]").astype(np.int64)
    columns = {name: _codes(table, name, of) for name, of in _vocabularies().items()}
    columns |= {"kind": kind, "run": (replicate - first).astype(np.int64)}
    columns |= {"hour": time / MS_PER_HOUR}
    for name in ("row", "entity", "amount", "cause"):
        columns[name] = table[name].fill_null(NONE).to_numpy()
    names = list(columns)
    return np.rec.fromarrays([columns[name][rows] for name in names], names=names)


def _vocabularies() -> dict[str, dict[str, int]]:
    """By column, the names in the file and the codes that they stand for."""
    places = {place.name: code for code, place in enumerate(facts.load().places)}
    side, slot, holder, mission = (
        {code.name.lower(): int(code) for code in codes} for codes in (Side, Slot, Holder, Mission)
    )
    return {
        "side": side, "place": places, "slot": slot, "before": holder, "after": holder,
        "mission": mission,
    }  # fmt: skip


def _codes(table: pa.Table, column: str, code_of: dict[str, int]) -> np.ndarray:
    """A column of names as codes, int16; no name is -1."""
    parts = []
    for chunk in table[column].chunks:
        found = [code_of.get(name, NONE) for name in chunk.dictionary.to_pylist()]
        lookup = np.array([*found, NONE], np.int16)  # a null is -1 and so finds the last one
        parts.append(lookup[chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False)])
    return np.concatenate(parts) if parts else np.empty(0, np.int16)
