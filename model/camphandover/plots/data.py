"""From what users pass to a plot to the shares that it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from camphandover.results.batch import Batch
from camphandover.results.shares import control_shares

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


def of_scenario(shares: xr.Dataset, scenario: str | None) -> xr.Dataset:
    """The shares of one scenario; its name may be left out if there is only one."""
    if "scenario" not in shares.dims:
        return shares
    names = [str(name) for name in shares["scenario"].values]
    if scenario is None:
        if len(names) > 1:
            raise ValueError(f"scenario= is needed, one of {', '.join(names)}")
        scenario = names[0]
    return chosen(shares, "scenario", scenario)


def chosen(shares: xr.Dataset, dim: str, label: str) -> xr.Dataset:
    """The shares at one label of a dimension, or ValueError that lists the labels."""
    if dim not in shares.dims:
        return shares
    labels = [str(value) for value in shares[dim].values]
    if label not in labels:
        raise ValueError(f"{dim} {label!r} is not in the data; there is {', '.join(labels)}")
    return shares.sel({dim: label})


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
    un = shares["share"].sel(holder="minusma").to_numpy()
    gone = np.flatnonzero(un <= 0.5)
    if len(un) == 0 or not un[0] > 0.5 or len(gone) == 0:
        return None
    day: np.datetime64 = shares["date"].to_numpy()[gone[0]]
    return day


def caption(shares: xr.Dataset) -> str:
    """Number of runs behind the shares, and the seed if it is known."""
    n = shares["n"].to_numpy()
    n = n[n > 0]
    if len(n) == 0:
        return "no runs"
    low, high = int(n.min()), int(n.max())
    runs = f"{high} runs" if low == high else f"{low} to {high} runs"
    each = " of each scenario" if shares.sizes.get("scenario", 1) > 1 else ""
    seed = f", seed {shares.attrs['seed']}" if "seed" in shares.attrs else ""
    return f"{runs}{each}{seed}"


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """The given axes, or those of a new figure (size in inches), without pyplot's global state."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").add_subplot()
