"""How probable each holder is, by place and date."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from camphandover.batch.batch import Batch
from camphandover.batch.cubes import holders_of
from camphandover.libraries import xr
from camphandover.measure.intervals import wilson
from camphandover.measure.past import with_past
from camphandover.measure.runs import AT_ONCE


def control_shares(data: Batch | xr.DataArray) -> xr.Dataset:
    """Share of the runs in which each holder has a slot, with 95 % Wilson intervals.

    Args:
        data: A batch, or its `control` or a selection of it that keeps `replicate`.
    Returns:
        `share`, `low`, `high`, dimensions (scenario, place, slot, date, holder), and `n`, the
        runs behind them, without `holder`. Days outside a scenario's window are nan, n is 0.
        Of a batch that goes on from what was known, also what `past.with_past` adds.
    """

    control = data if isinstance(data, xr.DataArray) else with_past(data, data.control)
    if "replicate" not in control.dims:
        raise ValueError(f"control has no dimension 'replicate', only {tuple(control.dims)}")
    rest = [str(dim) for dim in control.dims if dim != "replicate"]
    holders = holders_of(control)
    counts = _counts(control, rest, len(holders))
    n = counts.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        share = counts / n[..., None]
    low, high = wilson(counts, n[..., None])
    dims = [*rest, "holder"]
    coords = {key: value for key, value in control.coords.items() if "replicate" not in value.dims}
    return xr.Dataset(
        {
            "share": (dims, share, {"long_name": "share of runs", "units": "1"}),
            "low": (dims, low, {"long_name": "lower bound, 95 % Wilson", "units": "1"}),
            "high": (dims, high, {"long_name": "upper bound, 95 % Wilson", "units": "1"}),
            "n": (rest, n, {"long_name": "number of runs", "units": "1"}),
        },
        coords={**coords, "holder": list(holders)},
        attrs={"seed": control.attrs["seed"]} if "seed" in control.attrs else {},
    )


def _counts(control: xr.DataArray, rest: list[str], n_holders: int) -> np.ndarray:
    """Runs by holder, shape (*rest, holder)."""
    sizes = [control.sizes[dim] for dim in rest]
    counts = np.zeros((*sizes, n_holders), dtype=np.int64)
    for part in in_parts(control):
        codes = part.transpose("replicate", *rest).to_numpy()
        for holder in range(n_holders):
            ones = (codes == holder).view(np.uint8)
            counts[..., holder] += np.add.reduce(ones, axis=0, dtype=np.uint8)
    return counts


def in_parts(control: xr.DataArray) -> Iterator[xr.DataArray]:
    """Some replicates of a cube at a time, so that memory does not grow with their number.

    They are loaded: xarray reads a Zarr array that is transposed before cell by cell.
    """
    for first in range(0, control.sizes["replicate"], AT_ONCE):
        yield control.isel(replicate=slice(first, first + AT_ONCE)).load()
