"""One scenario of a batch beside the record: what is scored, all forecasts of it, their losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from camphandover import facts
from camphandover.batch.cubes import SLOTS
from camphandover.errors import BatchError
from camphandover.judge.score.baselines import Units, baselines, is_kidal_region
from camphandover.judge.score.bootstrap import Blocks, blocks
from camphandover.judge.score.dates import (
    Event,
    baseline_mass,
    ensemble_mass,
    first_days,
    possible_events,
)
from camphandover.judge.score.scores import losses, smoothed
from camphandover.known.record import UNKNOWN, Record
from camphandover.measure.outcomes import Window, scenario_window
from camphandover.measure.shares import control_shares

if TYPE_CHECKING:
    import xarray as xr

    from camphandover.batch.batch import Batch
    from camphandover.scenario import Scenario

MODEL = "model"
SPLITS = {
    "all": "all places",
    "changed": "places that change hands, as is known afterwards",
    "kidal": "Kidal region",
}
"""Groups of places and what they are called."""


@dataclass(frozen=True)
class Scored:
    """Forecasts of one scenario's window beside what came true.

    Attributes:
        scenario: Its name.
        window: The days that are scored; the origin is the day before the first one.
        n: Runs that did not fail.
        agreement: Share of runs and slots that are as the record has them on the origin; nan if
            the scenario begins later.
        units: The slots.
        truth: Codes of the holders of the record, shape (unit, day).
        weights: Of the days by the confidence of the record, 1 if that is off; same shape.
        p: By forecast, the model first, probabilities, shape (unit, day, holder).
        events: Events that may happen.
        dates: Their dates in the record, shape (event,).
        given: Whether the scenario gives the date of the event, as that of an exit on a set day:
            no forecast then; same shape.
        masses: By forecast that says something of dates, chances of dates, shape (event, day + 1).
    """

    scenario: str
    window: Window
    n: int
    agreement: float
    units: Units
    truth: np.ndarray
    weights: np.ndarray
    p: dict[str, np.ndarray]
    events: list[Event]
    dates: np.ndarray
    given: np.ndarray
    masses: dict[str, np.ndarray]

    @cached_property
    def losses(self) -> dict[str, np.ndarray]:
        """By forecast, losses, shape (unit, day, measure)."""
        return {name: losses(p, self.truth) for name, p in self.p.items()}

    @cached_property
    def splits(self) -> dict[str, np.ndarray]:
        """By group, which slots belong to it, shape (unit,)."""
        path = np.column_stack([self.units.now, self.truth])
        return {
            "all": np.ones(len(path), bool),
            "changed": (np.diff(path, axis=1) != 0).any(axis=1),
            "kidal": np.array([is_kidal_region(place) for place in self.units.places]),
        }

    @property
    def happened(self) -> np.ndarray:
        """Which events happen in the record within the window, shape (event,)."""
        came: np.ndarray = self.dates < self.units.n_days
        return came

    @cached_property
    def event_weights(self) -> np.ndarray:
        """Confidence of the record on the date of each event, or on the last day; (event,)."""
        day = np.minimum(self.dates, self.units.n_days - 1)
        return self.weights[self.event_units, day]

    @property
    def event_units(self) -> np.ndarray:
        """The slot of each event, shape (event,)."""
        return np.array([event.unit for event in self.events], np.intp)

    def blocks(self, units: np.ndarray) -> Blocks:
        """What is resampled together of some slots, given by their numbers."""
        chosen = [self.units.places[unit] for unit in units]
        return blocks([place.region for place in chosen], [place.name for place in chosen])


def scored(
    batch: Batch,
    scenario: str,
    record: Record,
    window: Window,
    slots: Sequence[str],
    confidence: bool,
) -> Scored:
    """Set the forecasts of a scenario, and the baselines, beside the record.

    Args:
        batch: Where the runs are.
        scenario: One of its scenarios.
        record: What came true.
        window: Days that both have, the first one after the origin.
        slots: Of `SLOTS`.
        confidence: Whether days count by the confidence of the record.
    Errors:
        BatchError if the record knows no slot of the batch on the origin.
    """
    where = _slots_known(batch, record, window, slots)
    units = _units(record, window, where)
    place, slot = where
    inside = slice(record.index(window.first), record.index(window.last) + 1)
    truth = record.holders[place, slot, inside]
    weights = record.weights[place, slot, inside] if confidence else np.ones(truth.shape)
    control = batch.control.sel(scenario=scenario, slot=list(slots))
    pick = _Pick(control, record, where, slots)
    days = control.sel(date=_dates(window.first, window.last))
    counts, n = _counts(days, pick)
    plain = baselines(units)
    events = possible_events(units)
    masses = {MODEL: ensemble_mass(days, events, pick)}
    for name, baseline in plain.items():
        mass = baseline_mass(baseline, units, events)
        if mass is not None:
            masses[name] = mass
    dates = first_days(truth, events)
    return Scored(
        scenario=scenario,
        window=window,
        n=n,
        agreement=_agreement(batch, scenario, control, pick, units, window.first),
        units=units,
        truth=truth,
        weights=weights,
        p={MODEL: smoothed(counts), **{name: b.p for name, b in plain.items()}},
        events=events,
        dates=dates,
        given=_given(batch.scenario(scenario), units, events, dates),
        masses=masses,
    )


def _slots_known(
    batch: Batch, record: Record, window: Window, slots: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Place and slot of what is scored: known on the origin, and in the batch."""
    in_batch = {str(name) for name in batch.control["place"].to_numpy()}
    wanted = [SLOTS.index(slot) for slot in slots]
    known = record.holders[..., record.index(window.first) - 1] != UNKNOWN
    known &= np.array([name in in_batch for name in record.places])[:, None]
    known &= np.isin(np.arange(len(SLOTS)), wanted)
    if not known.any():
        day = window.first - timedelta(days=1)
        raise BatchError(f"{record.source} tells of no place on {day}; choose a later first day.")
    place, slot = np.nonzero(known)
    return place, slot


def _units(record: Record, window: Window, where: tuple[np.ndarray, np.ndarray]) -> Units:
    theatre = facts.load()
    place, slot = where
    return Units(
        places=tuple(theatre.places[theatre.index(record.places[i])] for i in place),
        slots=tuple(SLOTS[i] for i in slot),
        past=record.holders[place, slot, : record.index(window.first)],
        first=window.first,
        n_days=window.n_days,
    )


class _Pick:
    """Takes the slots that are scored out of arrays of holders of all places."""

    def __init__(
        self,
        control: xr.DataArray,
        record: Record,
        where: tuple[np.ndarray, np.ndarray],
        slots: Sequence[str],
    ) -> None:
        order = {str(name): i for i, name in enumerate(control["place"].to_numpy())}
        self._place = np.array([order[record.places[i]] for i in where[0]])
        self._slot = np.array([list(slots).index(SLOTS[i]) for i in where[1]])

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Shape (place, slot, ...) to (unit, ...)."""
        return values[self._place, self._slot]


def _counts(days: xr.DataArray, pick: _Pick) -> tuple[np.ndarray, int]:
    """Runs by holder, shape (unit, day, holder), and how many runs there are."""
    shares = control_shares(days).transpose("place", "slot", "date", ...)
    n = shares["n"].to_numpy()
    counts = np.rint(shares["share"].to_numpy() * n[..., None])
    if not n.min() > 0:
        raise BatchError("all runs of the scenario failed: there is nothing to score.")
    return pick(counts), int(n.max())


def _given(form: Scenario, units: Units, events: Sequence[Event], dates: np.ndarray) -> np.ndarray:
    """Which events come in the record on the very day on which the scenario has the UN leave,
    whatever happens: it was told when. Shape (event,)."""
    told = np.zeros(len(events), bool)
    for i, event in enumerate(events):
        clause = form.camps.get(units.places[event.unit].name)
        if clause is not None and units.slots[event.unit] == "camp":
            is_set = clause.spread == 0 and not clause.early_exit
            told[i] = is_set and clause.exit == units.first + timedelta(days=int(dates[i]))
    return told


def _agreement(
    batch: Batch,
    scenario: str,
    control: xr.DataArray,
    pick: _Pick,
    units: Units,
    first: date,
) -> float:
    """Share of runs and slots that are as the record has them on the origin."""
    origin = first - timedelta(days=1)
    if scenario_window(batch, scenario).first > origin:
        return float("nan")
    counts, n = _counts(control.sel(date=_dates(origin, origin)), pick)
    return float(counts[np.arange(len(counts)), 0, units.now].mean() / n)


def _dates(first: date, last: date) -> slice:
    return slice(first.isoformat(), last.isoformat())
