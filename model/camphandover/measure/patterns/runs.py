"""What the patterns look at of a block of runs, as plain arrays; read block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.batch.cubes import OF_SIDES
from camphandover.batch.names import check_holders
from camphandover.core.ledger import Kind
from camphandover.errors import BatchError
from camphandover.facts.codes import Holder, Mission, Side, Slot
from camphandover.measure.outcomes import Window, scenario_window
from camphandover.measure.run_ledger import block_table, blocks_of

if TYPE_CHECKING:
    import pyarrow as pa
    import xarray as xr

    from camphandover.batch.batch import Batch

KINDS = (
    Kind.DEPART, Kind.ARRIVE, Kind.IED, Kind.BATTLE, Kind.CONTROL, Kind.EXIT, Kind.LOSSES,
    Kind.AIRCRAFT_LOST, Kind.AIRCRAFT_HIT, Kind.BLOCKADE, Kind.BLOCKADE_EASED, Kind.HELP_ARRIVES,
)  # fmt: skip
"""Kinds of row that a pattern reads; all others are dropped at once."""
MS_PER_HOUR = 3_600_000
NONE = -1
SIDES_OF_ARMY = (int(Side.ARMY), int(Side.WAGNER))


@dataclass(frozen=True)
class Events:
    """Rows of the ledgers of some runs by kind, and of a kind as they were written, run by run.

    Codes are those of `camphandover.facts.codes` and `ledger.Kind`; -1 is none.

    Attributes:
        run: Position of the run in its block.
        row: Number of the row in its ledger.
        hour: Hours since 1970.
        entity: 0 or more where the row is about a unit.
        amount: Men, days or what the kind counts.
        cause: Row that caused it.
    """

    run: np.ndarray
    row: np.ndarray
    hour: np.ndarray
    kind: np.ndarray
    side: np.ndarray
    place: np.ndarray
    slot: np.ndarray
    before: np.ndarray
    after: np.ndarray
    mission: np.ndarray
    entity: np.ndarray
    amount: np.ndarray
    cause: np.ndarray

    def where(self, mask: np.ndarray) -> Events:
        """The rows of a mask."""
        return Events(*(getattr(self, field.name)[mask] for field in fields(self)))

    def of(self, kind: Kind) -> Events:
        """The rows of a kind, without a copy."""
        first, stop = np.searchsorted(self.kind, (int(kind), int(kind) + 1))
        return Events(*(getattr(self, field.name)[first:stop] for field in fields(self)))


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

    @property
    def end(self) -> int:
        """Last day, days since 1970."""
        return self.start + self.window.n_days - 1


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
        table: As `ensemble.ledgers.encode` writes it.
        first: First replicate of the block. stop: The one after the last wanted.
    """
    kind = _codes(table, "kind", [kind.label for kind in Kind], [int(kind) for kind in Kind])
    replicate = table["replicate"].to_numpy()
    rows = np.flatnonzero(np.isin(kind, KINDS) & (replicate < stop))
    rows = rows[np.argsort(kind[rows], kind="stable")]
    time = table["time"].to_numpy().astype("datetime64[ms]").astype(np.int64)
    codes = {name: _codes(table, name, *of)[rows] for name, of in _vocabularies().items()}
    return Events(
        run=(replicate[rows] - first).astype(np.int64),
        row=table["row"].to_numpy()[rows],
        hour=time[rows] / MS_PER_HOUR,
        kind=kind[rows],
        **codes,
        entity=_whole(table, "entity")[rows],
        amount=table["amount"].to_numpy()[rows],
        cause=_whole(table, "cause")[rows],
    )


def _vocabularies() -> dict[str, tuple[list[str], list[int]]]:
    """By column, the names in the file and the codes that they stand for."""
    from camphandover import facts

    places = [place.name for place in facts.load().places]

    def of(codes: Any) -> tuple[list[str], list[int]]:
        return [code.name.lower() for code in codes], [int(code) for code in codes]

    return {
        "side": of(Side),
        "place": (places, list(range(len(places)))),
        "slot": of(Slot),
        "before": of(Holder),
        "after": of(Holder),
        "mission": of(Mission),
    }


def _codes(table: pa.Table, column: str, names: list[str], codes: list[int]) -> np.ndarray:
    """A column of names as codes, int16; no name is -1."""
    code_of = dict(zip(names, codes, strict=True))
    parts = []
    for chunk in table[column].chunks:
        found = [code_of.get(name, NONE) for name in chunk.dictionary.to_pylist()]
        lookup = np.array([*found, NONE], np.int16)  # a null is -1 and so finds the last one
        parts.append(lookup[chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False)])
    return np.concatenate(parts) if parts else np.empty(0, np.int16)


def _whole(table: pa.Table, column: str) -> np.ndarray:
    """A column of whole numbers, nulls as -1."""
    import pyarrow.compute as pc

    filled: np.ndarray = pc.fill_null(table[column], NONE).to_numpy()
    return filled
