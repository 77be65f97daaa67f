"""From what users pass to a plot to what it draws."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from camphandover import inputs
from camphandover.batch.batch import Batch
from camphandover.measure.shares import control_shares

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Data = Batch | xr.DataArray | xr.Dataset


def as_shares(data: Data) -> xr.Dataset:
    """Shares of holders: those given, or counted from a batch or its control."""
    if isinstance(data, xr.Dataset):
        if "share" not in data:
            raise ValueError(f"no variable 'share' in {list(data)}: pass ch.control_shares(batch)")
        return data
    if isinstance(data, (Batch, xr.DataArray)):
        return control_shares(data)
    kind = type(data).__name__
    raise TypeError(f"a Batch, its control or its control_shares is needed, not {kind}")


def some_shares(data: Data, scenario: str | None, **labels: str) -> xr.Dataset:
    """The shares of one scenario at some labels; of nothing else are runs counted.

    Args:
        data: A batch, its `control`, or its `control_shares`.
        scenario: Its name; may be left out if the data hold one.
        labels: A label of a dimension, `slot="camp"`.
    Errors:
        ValueError for a name that the data do not hold.
    """
    held = data.control if isinstance(data, Batch) else data
    if isinstance(held, xr.DataArray):
        return control_shares(_some(held, scenario, labels))
    return _some(as_shares(held), scenario, labels)


def _some[Labelled: (xr.DataArray, xr.Dataset)](
    held: Labelled, scenario: str | None, labels: dict[str, str]
) -> Labelled:
    held = of_scenario(held, scenario)
    for dim, label in labels.items():
        held = chosen(held, dim, label)
    return held


def of_scenario[Labelled: (xr.DataArray, xr.Dataset)](
    held: Labelled, scenario: str | None
) -> Labelled:
    """The data of one scenario; its name may be left out if there is only one."""
    if "scenario" not in held.dims:
        return held
    names = [str(name) for name in held["scenario"].values]
    if scenario is None:
        if len(names) > 1:
            raise ValueError(f"scenario= is needed, one of {', '.join(names)}")
        scenario = names[0]
    return chosen(held, "scenario", scenario)


def chosen[Labelled: (xr.DataArray, xr.Dataset)](held: Labelled, dim: str, label: str) -> Labelled:
    """The data at one label of a dimension, or ValueError that lists the labels."""
    if dim not in held.dims:
        return held
    check_label(held, dim, label)
    return held.sel({dim: label})


def check_label(held: xr.DataArray | xr.Dataset, dim: str, label: str) -> None:
    """Refuse a label that a dimension does not have."""
    labels = [str(value) for value in held[dim].values]
    if label not in labels:
        raise ValueError(f"{dim} {label!r} is not in the data; there is {', '.join(labels)}")


def chosen_date(shares: xr.Dataset, day: date | str | np.datetime64) -> xr.Dataset:
    """The shares at one date; a ValueError tells on which dates there are runs."""
    days = inside_window(shares)["date"].to_numpy().astype("M8[D]")
    if len(days) == 0:
        raise ValueError("there is no run on any date")
    asked = inputs.day("date", day)
    wanted = np.flatnonzero(days == np.datetime64(asked))
    if len(wanted) == 0:
        raise ValueError(f"date '{asked}' is not in the data; there is {days[0]} to {days[-1]}")
    return inside_window(shares).isel(date=int(wanted[0]))


def inside_window(shares: xr.Dataset) -> xr.Dataset:
    """Only the dates on which there is any run."""
    other = [dim for dim in shares["n"].dims if dim != "date"]
    return shares.isel(date=np.flatnonzero((shares["n"] > 0).any(other).to_numpy()))


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


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """The given axes, or those of a new figure (size in inches), without pyplot's global state."""
    from camphandover.charts.style import Chart, adopted

    if ax is not None:
        return adopted(ax)
    return Chart(figsize=(width, height), layout="constrained").add_subplot()
