"""From what users pass to a plot to what it draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import xarray as xr

from camphandover import inputs
from camphandover.batch.batch import Batch
from camphandover.known.record import UNKNOWN
from camphandover.measure.past import with_past
from camphandover.measure.shares import control_shares

Data = Batch | xr.DataArray | xr.Dataset
Day = date | str | np.datetime64


def known(data: Data) -> xr.DataArray | xr.Dataset:
    """The control of a batch with what was known of the past, or what is given in its place:
    control, or shares of holders."""
    held = with_past(data, data.control) if isinstance(data, Batch) else data
    if not isinstance(held, (xr.DataArray, xr.Dataset)):
        kind = type(data).__name__
        raise TypeError(f"a Batch, its control or its control_shares is needed, not {kind}")
    if isinstance(held, xr.Dataset) and "share" not in held:
        raise ValueError(f"no variable 'share' in {list(held)}: pass ch.control_shares(batch)")
    return held


def some_shares(data: Data, **labels: str | Sequence[str] | None) -> xr.Dataset:
    """The shares at some labels; of nothing else are runs counted.

    Args:
        data: A batch, its `control`, or its `control_shares`.
        labels: Of dimensions, as `chosen` takes them: `slot="camp"`.
    Errors:
        ValueError for a name that the data do not hold.
    """
    held = known(data)
    if isinstance(held, xr.DataArray):
        return control_shares(at(held, **labels))
    return at(held, **labels)


def at[Labelled: (xr.DataArray, xr.Dataset)](
    held: Labelled, **labels: str | Sequence[str] | None
) -> Labelled:
    """The data at labels of several dimensions, see `chosen`."""
    for dim, label in labels.items():
        held = chosen(held, dim, label)
    return held


def chosen[Labelled: (xr.DataArray, xr.Dataset)](
    held: Labelled, dim: str, label: str | Sequence[str] | None
) -> Labelled:
    """The data at a label of a dimension, which goes, or at several labels, in their order.

    Without a label there must be only one. A ValueError lists the labels.
    """
    if dim not in held.dims:
        if label is None or isinstance(label, str):
            return held
        held = held.expand_dims(dim)
    if label is None:
        names = labels_of(held, dim)
        if len(names) > 1:
            raise ValueError(f"{dim}= is needed, one of {', '.join(names)}")
        label = names[0]
    for one in [label] if isinstance(label, str) else label:
        check_label(held, dim, one)
    return held.sel({dim: label if isinstance(label, str) else list(label)})


def labels_of(held: xr.DataArray | xr.Dataset, dim: str) -> list[str]:
    """The labels of a dimension, or the one of data that are of one."""
    return [str(value) for value in np.atleast_1d(held[dim].values)]


def check_label(held: xr.DataArray | xr.Dataset, dim: str, label: str) -> None:
    """Refuse a label that a dimension does not have."""
    labels = labels_of(held, dim)
    if label not in labels:
        raise ValueError(f"{dim} {label!r} is not in the data; there is {', '.join(labels)}")


def chosen_date(shares: xr.Dataset, day: Day) -> xr.Dataset:
    """The shares at one date, which stays a dimension; a ValueError tells when there are runs."""
    inside = inside_window(shares)
    days = inside["date"].to_numpy().astype("M8[D]")
    if len(days) == 0:
        raise ValueError("there is no run on any date")
    asked = inputs.day("date", day)
    wanted = np.flatnonzero(days == np.datetime64(asked))
    if len(wanted) == 0:
        raise ValueError(f"date '{asked}' is not in the data; there is {days[0]} to {days[-1]}")
    return inside.isel(date=wanted)


def inside_window(shares: xr.Dataset) -> xr.Dataset:
    """Only the dates on which there is any run."""
    other = [dim for dim in shares["n"].dims if dim != "date"]
    return shares.isel(date=np.flatnonzero((shares["n"] > 0).any(other).to_numpy()))


def known_days(data: xr.DataArray | xr.Dataset) -> np.ndarray:
    """Days until which all is known in the scenarios of some data, no time where nothing is."""
    nothing = np.array([], "datetime64[ns]")
    return (
        np.atleast_1d(data["known_until"].to_numpy()) if "known_until" in data.coords else nothing
    )


def is_past(shares: xr.Dataset) -> np.ndarray:
    """Which dates of the data of one scenario are of a past that is known, shape (date,)."""
    days, dates = known_days(shares), shares["date"].to_numpy()
    return dates <= days[0] if len(days) else np.zeros(len(dates), bool)


def by_record(shares: xr.Dataset, *dims: str) -> tuple[np.ndarray, np.ndarray]:
    """Who held slots by the record, and in which share of the runs it is so.

    Args:
        shares: Of one scenario and slot.
        dims: In the order wanted.
    Returns:
        The index of the holder, `UNKNOWN` on days of which nothing is known, and the share, which
        means nothing on these; both of shape dims.
    """
    share = shares["share"].transpose(*dims, "holder").to_numpy()
    if "recorded" not in shares.coords:
        return np.full(share.shape[:-1], UNKNOWN), np.zeros(share.shape[:-1])
    codes = shares["recorded"].transpose(*dims).to_numpy().astype(np.intp)
    agree = np.take_along_axis(share, np.maximum(codes, 0)[..., None], axis=-1)[..., 0]
    return codes, agree


def median_exit(shares: xr.Dataset) -> np.datetime64 | None:
    """First day on which the UN has left the slot in at least half of the runs.

    Args:
        shares: Of one scenario, place and slot.
    Returns:
        The day, or `None` if the UN was not there at first or does not leave.
    """
    (day,) = median_exits(shares.expand_dims("place"))
    return None if np.isnat(day) else day


def median_exits(shares: xr.Dataset) -> np.ndarray:
    """First day on which the UN has left each place in at least half of the runs.

    Args:
        shares: Of one scenario and slot.
    Returns:
        The days, shape (place,); no time where the UN was not there at first or does not leave.
    """
    un = shares["share"].sel(holder="minusma").transpose("place", "date").to_numpy()
    days = shares["date"].to_numpy()
    if not len(days):
        return np.full(len(un), np.datetime64("NaT", "ns"))
    rows, gone = np.arange(len(un)), un <= 0.5
    first = (~np.isnan(un)).argmax(axis=1)
    leaves = (un[rows, first] > 0.5) & gone.any(axis=1)
    return np.where(leaves, days[gone.argmax(axis=1)], np.datetime64("NaT", "ns"))


def caption(shares: xr.Dataset) -> str:
    """Number of runs behind the shares, and the seed if it is known."""
    each = " of each scenario" if shares.sizes.get("scenario", 1) > 1 else ""
    return runs_and_seed(shares["n"].to_numpy(), shares.attrs.get("seed"), each)


def runs_and_seed(n: np.ndarray | int, seed: int | None, each: str = "") -> str:
    """`100 runs, seed 2023`.

    Args:
        n: Numbers of runs; zeros say nothing.
        seed: Of all draws, if it is known.
        each: Words after the number.
    """
    known = np.atleast_1d(n)
    known = known[known > 0]
    if len(known) == 0:
        return "no runs"
    low, high = int(known.min()), int(known.max())
    runs = f"{high} run{'s' * (high != 1)}" if low == high else f"{low} to {high} runs"
    return f"{runs}{each}" + (f", seed {seed}" if seed is not None else "")


def seed_of(data: Data) -> int | None:
    """Seed of all draws, if the data tell it."""
    seed = data.seed if isinstance(data, Batch) else data.attrs.get("seed")
    return None if seed is None else int(seed)
