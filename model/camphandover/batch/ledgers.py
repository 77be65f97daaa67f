"""The ledgers of a block as one Parquet file: names and times, no codes.

Written with fixed options and nothing of the moment, so that equal content is equal bytes.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from camphandover.batch.cubes import HOLDERS, SIDES
from camphandover.batch.files import parquet
from camphandover.core.ledger import ROW, Kind
from camphandover.facts.codes import Mission, Slot
from camphandover.libraries import pa

SLOTS = tuple(slot.name.lower() for slot in Slot)
MISSIONS = tuple(mission.name.lower() for mission in Mission)
EMPTY = np.empty(0, ROW)
MS_PER_HOUR = 3_600_000
_KINDS: dict[int, int] = {int(kind): row for row, kind in enumerate(Kind)}
_KIND_ROW = np.array([_KINDS.get(code, -1) for code in range(max(_KINDS) + 1)])


def encode(
    scenario: str,
    places: tuple[str, ...],
    first: int,
    ledgers: list[np.ndarray],
    keep: str = "full",
) -> bytes:
    """The ledgers of a block as the bytes of a Parquet file.

    Args:
        scenario: Name of the scenario.
        places: Names of the places, by code.
        first: First replicate of the block.
        ledgers: Rows of each replicate (`camphandover.core.ledger.ROW`), replicates ascending.
        keep: `full`, or `changes`: changes of control and the chains of their causes. A row
            keeps its number.
    """

    of = changes if keep == "changes" else lambda ledger: np.arange(len(ledger))
    told = table(scenario, places, first, ledgers, [of(ledger) for ledger in ledgers])
    names = [one.name for one in told.schema if pa.types.is_dictionary(one.type)]
    return parquet(told, compression_level=1, use_dictionary=names, write_statistics=False)


def table(
    scenario: str,
    places: tuple[str, ...],
    first: int,
    ledgers: list[np.ndarray],
    kept: list[np.ndarray],
) -> pa.Table:
    """Rows of ledgers as a table of names and times.

    Args:
        scenario, places, first, ledgers: As `encode` takes them.
        kept: Numbers of the rows of each ledger, ascending.
    """

    sizes = [len(numbers) for numbers in kept]
    rows = np.concatenate([ledger[numbers] for ledger, numbers in zip(ledgers, kept, strict=True)])
    columns = {
        "scenario": _names(np.zeros(len(rows), np.int32), (scenario,)),
        "replicate": pa.array(np.repeat(np.arange(first, first + len(sizes)), sizes), pa.int32()),
        "row": pa.array(np.concatenate(kept), pa.int32()),
        "time": pa.array(np.rint(rows["hour"] * MS_PER_HOUR).astype("i8").view("M8[ms]")),
        "kind": _names(_KIND_ROW[rows["kind"]], tuple(kind.label for kind in Kind)),
        "side": _names(rows["side"], SIDES),
        "about": _names(rows["about"], SIDES),
        "place": _names(rows["place"], places),
        "slot": _names(rows["slot"], SLOTS),
        "before": _names(rows["before"], HOLDERS),
        "after": _names(rows["after"], HOLDERS),
        "mission": _names(rows["mission"], MISSIONS),
        "entity": _numbers(rows["entity"]),
        "amount": pa.array(rows["amount"]),
        "p": pa.array(rows["p"], mask=np.isnan(rows["p"])),
        "cause": _numbers(rows["cause"]),
    }
    return pa.table(columns)


def changes(ledger: np.ndarray) -> np.ndarray:
    """Numbers, ascending, of the rows that change control and of all rows that led to them."""
    return with_causes(ledger, np.flatnonzero(ledger["kind"] == int(Kind.CONTROL)))


def with_causes(ledger: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Numbers, ascending, of some rows and of all rows that led to them."""
    kept = np.zeros(len(ledger), bool)
    kept[numbers] = True
    for row in numbers:
        cause = int(ledger["cause"][row])
        while cause >= 0 and not kept[cause]:
            kept[cause] = True
            cause = int(ledger["cause"][cause])
    return np.flatnonzero(kept)


def _names(codes: np.ndarray, names: tuple[str, ...]) -> pa.DictionaryArray:
    """Codes as names; a negative code is no name."""

    codes = codes.astype(np.int16)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), _dictionary(names))


@cache
def _dictionary(names: tuple[str, ...]) -> Any:

    return pa.array(names)


def _numbers(values: np.ndarray) -> pa.Array:
    """Whole numbers; a negative one is none."""

    return pa.array(np.ascontiguousarray(values), pa.int32(), mask=values < 0)
