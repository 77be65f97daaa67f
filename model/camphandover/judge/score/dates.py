"""Dates of events: when a camp first is somebody's, when the UN is gone; forecasts scored by CRPS.

A date is the number of days after the first one that is scored. An event that does not happen by
the last scored day has the number of days as its date (censored), in the record and in every
forecast alike: nobody is asked what comes after the window. A run in which the holder has the
slot already on the first scored day has date 0. A mass has one more entry than there are days.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.batch.cubes import HOLDERS
from camphandover.facts.codes import Holder
from camphandover.judge.score.baselines import Baseline, Units, arrival
from camphandover.judge.score.scores import library
from camphandover.measure.intervals import wilson
from camphandover.measure.shares import AT_ONCE

if TYPE_CHECKING:
    import xarray as xr

TAKERS = (Holder.ARMY, Holder.SEPARATISTS, Holder.GSIM)
"""To whom a slot can fall."""
EXIT = "UN gone"
CENTRAL = (0.5, 0.9)
"""Chances of the central intervals whose coverage is told."""


@dataclass(frozen=True)
class Event:
    """Something that happens to a slot once or never: it first is a holder's, or the UN is gone.

    Attributes:
        unit: Which slot of those scored.
        what: `to army`, ..., or `UN gone`.
        targets: Codes of the holders with whom it has happened.
    """

    unit: int
    what: str
    targets: tuple[int, ...]


def possible_events(units: Units) -> list[Event]:
    """What may happen after the origin: each taker that has not the slot, and the UN's exit.

    All are scored, not only those that came: a forecast of what did not happen has to pay.
    """
    found = []
    for unit, now in enumerate(units.now):
        if now == Holder.MINUSMA:
            others = tuple(int(h) for h in Holder if h != Holder.MINUSMA)
            found.append(Event(unit, EXIT, others))
        found += [
            Event(unit, f"to {HOLDERS[taker]}", (int(taker),)) for taker in TAKERS if taker != now
        ]
    return found


def first_days(holders: np.ndarray, events: Sequence[Event]) -> np.ndarray:
    """The date of each event.

    Args:
        holders: Codes, shape (..., unit, day).
    Returns:
        Days after the first one, the number of days if never; shape (..., event).
    """
    n_days = holders.shape[-1]
    dates = np.empty((*holders.shape[:-2], len(events)), np.intp)
    units = np.array([event.unit for event in events], np.intp)
    for targets in {event.targets for event in events}:
        chosen = np.array([event.targets == targets for event in events])
        reached = np.logical_or.reduce([holders == target for target in targets])
        # argmax is 0 both where it is reached on the first day and where it never is.
        first = reached.argmax(axis=-1)
        first[~reached[..., 0] & (first == 0)] = n_days
        dates[..., chosen] = first[..., units[chosen]]
    return dates


def ensemble_mass(
    control: xr.DataArray, events: Sequence[Event], pick: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """The share of the runs that have each date of each event; some runs are read at a time.

    Args:
        control: Holders, dimensions (replicate, place, slot, date), of the days scored.
        events: What may happen.
        pick: Takes the slots scored out of an array of shape (place, slot, ...).
    Returns:
        Shape (event, day + 1).
    """
    n_dates = control.sizes["date"] + 1
    counts = np.zeros((len(events), n_dates))
    rows = np.arange(len(events))
    for first in range(0, control.sizes["replicate"], AT_ONCE):
        part = control.isel(replicate=slice(first, first + AT_ONCE)).load()
        codes = pick(part.transpose("place", "slot", "replicate", "date").to_numpy())
        codes = codes.swapaxes(0, 1)
        codes = codes[(codes >= 0).all(axis=(1, 2))]
        days = first_days(codes, events)
        cells = (rows * n_dates + days).ravel()
        counts += np.bincount(cells, minlength=counts.size).reshape(counts.shape)
    mass: np.ndarray = counts / counts.sum(axis=1, keepdims=True)
    return mass


def baseline_mass(baseline: Baseline, units: Units, events: Sequence[Event]) -> np.ndarray | None:
    """What a baseline says of the dates; None if it says nothing of them, as the base rate does.

    One that names holders is sure of its dates.

    Returns:
        Shape (event, day + 1).
    """
    if baseline.path is not None:
        return np.eye(units.n_days + 1)[first_days(baseline.path, events)]
    if baseline.chain is not None:
        now = units.now
        return np.array(
            [arrival(baseline.chain, now[e.unit], e.targets, units.n_days) for e in events]
        )
    return None


def crps(mass: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of dates, in days, of forecasts clipped at the window.

    Args:
        mass: Chance of each date, shape (event, day + 1).
        truth: Dates that came true, clipped likewise, shape (event,).
    Returns:
        Shape (event,); the distance in days where the forecast is sure of one date.
    Source: Gneiting & Raftery 2007, Strictly proper scoring rules.
    """
    days = np.broadcast_to(np.arange(mass.shape[-1], dtype=float), mass.shape)
    scored: np.ndarray = library().crps_ensemble(
        truth.astype(float), days, ens_w=mass, estimator="qd", sorted_ensemble=True,
        backend="numpy",
    )  # fmt: skip
    return scored


def pit(mass: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Where the truth lies in the forecast: the chance of an earlier date and half that of its
    own; shape (event,). Near 0 the truth was earlier than forecast, near 1 later."""
    own = np.take_along_axis(mass, truth[:, None], axis=1)[:, 0]
    rank: np.ndarray = np.take_along_axis(mass.cumsum(axis=1), truth[:, None], axis=1)[:, 0]
    return rank - own / 2


def quantiles(mass: np.ndarray, p: float) -> np.ndarray:
    """The first date by which an event has happened with a chance of at least p; shape (event,)."""
    reached: np.ndarray = (mass.cumsum(axis=1) >= p - 1e-12).argmax(axis=1)
    return reached


def central(mass: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the central interval of a chance, dates, each of shape (event,)."""
    return quantiles(mass, (1 - level) / 2), quantiles(mass, (1 + level) / 2)


def coverage(mass: np.ndarray, truth: np.ndarray) -> list[dict[str, Any]]:
    """How many dates lie in the central intervals, with 95 % Wilson bounds.

    Intervals of whole days, bounds included, cover somewhat more than their name says.
    """
    rows = []
    for level in CENTRAL:
        low, high = central(mass, level)
        inside, n = int(((low <= truth) & (truth <= high)).sum()), len(truth)
        bounds = wilson(inside, n)
        share = inside / n if n else np.nan
        rows.append(
            {"level": level, "n": n, "inside": inside, "share": share}
            | {"low": float(bounds[0]), "high": float(bounds[1])}
        )
    return rows
