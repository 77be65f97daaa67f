"""What was known of the past of scenarios, beside the runs that go on from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from camphandover.known.record import UNKNOWN, Record, record_of
from camphandover.libraries import np, xr
from camphandover.measure.runs import known_until, scenario_window

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch
    from camphandover.known.origin import Origin


@dataclass(frozen=True, eq=False)
class Past:
    """A past that scenarios of a batch share.

    Attributes:
        scenarios: Their names.
        origin: What was known, as particles.
    """

    scenarios: tuple[str, ...]
    origin: Origin


def pasts_of(batch: Batch) -> tuple[Past, ...]:
    """The pasts from which scenarios of a batch go on, in the order of the batch."""
    found: dict[str, list[str]] = {}
    for entry in batch.manifest["scenarios"]:
        if entry.get("origin") is not None:
            found.setdefault(entry["origin"], []).append(entry["name"])
    pasts = []
    for names in found.values():
        origin = batch.origin(names[0])
        assert origin is not None
        pasts.append(Past(tuple(names), origin))
    return tuple(pasts)


def with_past[Labelled: (xr.DataArray, xr.Dataset)](batch: Batch, data: Labelled) -> Labelled:
    """Control or daily figures of a batch, with what was known of the past as coordinates.

    Args:
        batch: Where they are stored.
        data: Of all its scenarios.
    Returns:
        With `known_until`, dimension (scenario), no time where nothing is known; and if there are
        slots with `recorded`, the holder by the record, int8, dimensions (scenario, place, slot,
        date), `UNKNOWN` on days of which nothing is known. As it was if no scenario knows anything.
    """
    names = [str(name) for name in data["scenario"].to_numpy()]
    days = [known_until(batch, name) for name in names]
    if not any(days):
        return data
    coords = {"known_until": ("scenario", np.array(days, "datetime64[ns]"))}
    found = data.assign_coords(coords)
    if "slot" not in data.dims:
        return found
    dims = ("scenario", "place", "slot", "date")
    codes = np.full([data.sizes[dim] for dim in dims], UNKNOWN, np.int8)
    for i, (name, day) in enumerate(zip(names, days, strict=True)):
        record = None if day is None else record_of(batch.scenario(name))
        if record is not None:
            codes[i] = _on_dates(record, data, scenario_window(batch, name).first)
    return found.assign_coords(recorded=(dims, codes))


def _on_dates(record: Record, data: xr.DataArray | xr.Dataset, first: date) -> np.ndarray:
    """The holders of a record on the dates of data from a first one on, (place, slot, date)."""
    held = record.control.isel(replicate=0, drop=True).drop_vars("weight")
    held = held.sel(date=slice(str(first), None), place=data["place"].to_numpy())
    held = held.reindex(date=data["date"].to_numpy(), fill_value=UNKNOWN)
    codes: np.ndarray = held.transpose("place", "slot", "date").to_numpy()
    return codes
