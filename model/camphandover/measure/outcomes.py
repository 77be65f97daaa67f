"""Outcomes of a scenario run by run: one number for each replicate, place and holder or side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from camphandover.batch.cubes import SIDES
from camphandover.errors import BatchError
from camphandover.measure.shares import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from camphandover.batch.batch import Batch

CIVILIANS = "civilians"
LOSERS = (*SIDES, CIVILIANS)
"""Whose dead are counted: the men of each side, and civilians killed by anybody."""


class Window(NamedTuple):
    """Dates from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def n_days(self) -> int:
        """Number of dates."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        """`2023-08-01 to 2023-12-31`."""
        return f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Outcomes:
    """What came of each replicate of a scenario within a window.

    Attributes:
        is_valid: False for a replicate that failed, whose other values mean nothing; shape
            (replicate,).
        days_held: Days of the window at whose end the holder had the slot; shape (replicate,
            place, holder), in the order of `Batch.holders`.
        holds: Whether the holder had it at the end of the chosen date; same shape.
        days_to_fall: Days of the window before the first one at whose end the holder had it: 0
            if it had it on the first day already, the whole window if it never had it (censored);
            same shape.
        dead: Dead within the window; shape (replicate, loser), in the order of `LOSERS`.
        displaced: Displaced people, in Mali and abroad, on the last day; shape (replicate,).
    """

    is_valid: np.ndarray
    days_held: np.ndarray
    holds: np.ndarray
    days_to_fall: np.ndarray
    dead: np.ndarray
    displaced: np.ndarray


def scenario_window(batch: Batch, scenario: str) -> Window:
    """First and last date of a scenario of the batch."""
    entries = {entry["name"]: entry["window"] for entry in batch.manifest["scenarios"]}
    first, last = entries[scenario]
    return Window(date.fromisoformat(first), date.fromisoformat(last))


def common_window(batch: Batch, a: str, b: str) -> Window:
    """The dates that two scenarios of a batch both have.

    Errors:
        BatchError if there is none.
    """
    one, other = scenario_window(batch, a), scenario_window(batch, b)
    window = Window(max(one.first, other.first), min(one.last, other.last))
    if window.n_days < 1:
        raise BatchError(
            f"{a} and {b} have no date in common and cannot be compared: {a} is {one}, {b} {other}."
        )
    return window


def outcomes(
    batch: Batch, scenario: str, window: Window, places: Sequence[str], slot: str, day: date
) -> Outcomes:
    """Read the outcomes of all replicates of a scenario.

    Some replicates are read at a time, so that memory does not grow with the days of all.

    Args:
        batch: Where they are stored.
        scenario: One of its scenarios.
        window: Dates that the scenario has.
        places: Places of the batch, in the order wanted.
        slot: `camp` or `town`.
        day: Date of `holds`, within the window.
    """
    parts = [
        _part(batch, scenario, window, places, slot, day, slice(first, first + AT_ONCE))
        for first in range(0, batch.runs, AT_ONCE)
    ]
    fields = Outcomes.__dataclass_fields__
    return Outcomes(*(np.concatenate([getattr(p, name) for p in parts]) for name in fields))


def _part(
    batch: Batch,
    scenario: str,
    window: Window,
    places: Sequence[str],
    slot: str,
    day: date,
    replicates: slice,
) -> Outcomes:
    """The outcomes of some replicates."""
    dates = slice(window.first.isoformat(), window.last.isoformat())
    control = batch.control.sel(scenario=scenario, slot=slot, date=dates)
    control = control.isel(replicate=replicates).load()
    codes = control.sel(place=list(places)).transpose("replicate", "place", "date").to_numpy()
    days_held, days_to_fall = by_holder(codes, len(batch.holders))
    chosen = codes[..., (day - window.first).days, None]
    accrued = {name: batch.series[name] for name in ("dead", "war_civilians_killed")}
    began = scenario_window(batch, scenario).first
    men, civilians = (
        _accrued(series.sel(scenario=scenario).isel(replicate=replicates), window, began)
        for series in accrued.values()
    )
    last = batch.series[["war_displaced", "war_abroad"]].sel(
        scenario=scenario, date=window.last.isoformat()
    )
    last = last.isel(replicate=replicates).load()
    displaced = last["war_displaced"].to_numpy().astype(float) + last["war_abroad"].to_numpy()
    return Outcomes(
        is_valid=(codes >= 0).all(axis=(1, 2)),
        days_held=days_held,
        holds=chosen == np.arange(len(batch.holders), dtype=codes.dtype),
        days_to_fall=days_to_fall,
        dead=np.concatenate([men, civilians[:, None]], axis=1),
        displaced=displaced,
    )


def by_holder(codes: np.ndarray, n_holders: int) -> tuple[np.ndarray, np.ndarray]:
    """Days held and days to the fall.

    Args:
        codes: Holders, int8, shape (replicate, place, day).
        n_holders: How many holders there are codes for.
    Returns:
        `days_held` and `days_to_fall` of `Outcomes`, int32, shape (replicate, place, holder).
    """
    held = np.zeros((*codes.shape[:-1], n_holders), dtype=np.int32)
    to_fall = np.zeros_like(held)
    for holder in range(n_holders):
        has = codes == holder
        held[..., holder] = has.sum(axis=-1)
        to_fall[..., holder] = first_day(has)
    return held, to_fall


def first_day(has: np.ndarray) -> np.ndarray:
    """Position of the first day on which something is true, the number of days if none is.

    Args:
        has: Shape (..., day).
    Returns:
        Shape (...).
    """
    return np.where(has.any(axis=-1), has.argmax(axis=-1), has.shape[-1])


def _accrued(series: xr.DataArray, window: Window, began: date) -> np.ndarray:
    """What a count since a scenario's first day grew by within the window, replicates first."""
    dates = [window.last]
    if began < window.first:
        dates.insert(0, window.first - timedelta(days=1))
    stored = series.sel(date=np.array(dates, dtype="datetime64[ns]")).load()
    rest = [dim for dim in stored.dims if dim not in ("replicate", "date")]
    counts = stored.transpose("date", "replicate", *rest).to_numpy().astype(float)
    grown: np.ndarray = counts[-1] - counts[0] if len(dates) > 1 else counts[-1]
    return grown
