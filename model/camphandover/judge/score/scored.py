"""One scenario of a batch beside the record: what is scored, all forecasts of it, their losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from camphandover import facts
from camphandover.batch.batch import Batch
from camphandover.batch.cubes import HOLDERS, SLOTS
from camphandover.errors import BatchError
from camphandover.facts.codes import Holder
from camphandover.judge.score import baselines, rules
from camphandover.judge.score.baselines import Baseline, Units
from camphandover.known.record import UNKNOWN, Record
from camphandover.libraries import xr
from camphandover.measure.runs import Window, first_day, scenario_window
from camphandover.measure.shares import control_shares, in_parts

MODEL = "model"
SPLITS = {
    "all": "all places",
    "changed": "places that change hands, as is known afterwards",
    "kidal": "Kidal region",
}
"""Groups of places and what they are called."""
TAKERS = (Holder.ARMY, Holder.SEPARATISTS, Holder.GSIM)
"""To whom a slot can fall."""
EXIT = "UN gone"


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
    dates = [first_day(np.isin(holders[..., one.unit, :], one.targets)) for one in events]
    return np.stack(dates, axis=-1)


def counted(holders: np.ndarray, events: Sequence[Event]) -> np.ndarray:
    """Runs by the date that an event has in them.

    Args:
        holders: Codes, shape (run, unit, day).
    Returns:
        Shape (event, day + 1).
    """
    counts = np.zeros((len(events), holders.shape[-1] + 1))
    np.add.at(counts, (np.arange(len(events)), first_days(holders, events)), 1)
    return counts


def plain_masses(
    plain: Mapping[str, Baseline], units: Units, events: Sequence[Event]
) -> dict[str, np.ndarray]:
    """By baseline that says something of dates, chances of dates, shape (event, day + 1).

    One that names holders is sure of its dates; the base rate says nothing of them.
    """
    masses = {}
    for name, one in plain.items():
        if one.path is not None:
            masses[name] = np.eye(units.n_days + 1)[first_days(one.path, events)]
        elif one.chain is not None:
            mass = [
                baselines.arrival(one.chain, units.now[e.unit], e.targets, units.n_days)
                for e in events
            ]
            masses[name] = np.array(mass)
    return masses


@dataclass(frozen=True, eq=False)
class Scored:
    """Forecasts of one scenario's window beside what came true.

    Attributes:
        batch: Where the runs are.
        scenario: One of its scenarios.
        record: What came true.
        window: Days that both have and that are scored; the origin is the day before the first.
        slots: Of `SLOTS`.
        confidence: Whether days count by the confidence of the record.
    """

    batch: Batch
    scenario: str
    record: Record
    window: Window
    slots: tuple[str, ...]
    confidence: bool

    @cached_property
    def units(self) -> Units:
        """The slots: those that the record knows on the origin, and the batch has.

        Errors:
            BatchError if there is none.
        """
        past = self.record.holders[..., : self.record.index(self.window.first)]
        is_there = np.isin(self.record.places, self.batch.control["place"])
        is_asked = np.isin(SLOTS, self.slots)
        place, slot = np.nonzero((past[..., -1] != UNKNOWN) & is_there[:, None] & is_asked)
        if len(place) == 0:
            raise BatchError(
                f"{self.record.source} tells of no place on {self._origin}; choose a later first "
                "day."
            )
        return Units(
            places=tuple(facts.load().places[i] for i in place),
            slots=tuple(SLOTS[i] for i in slot),
            past=past[place, slot],
            first=self.window.first,
            n_days=self.window.n_days,
        )

    @property
    def _origin(self) -> date:
        return self.window.first - timedelta(days=1)

    def _of_units(self, data: xr.DataArray | xr.Dataset, *dims: str) -> Any:
        """What is scored of the holders of all slots, of runs, of their shares or of the record."""

        names = [place.name for place in self.units.places]
        at = {"place": xr.DataArray(names, dims="unit")}
        at["slot"] = xr.DataArray(list(self.units.slots), dims="unit")
        return data.sel(at).transpose(*dims)

    def _control(self, first: date, last: date) -> xr.DataArray:
        control = self.batch.control.sel(scenario=self.scenario, slot=list(self.slots))
        return control.sel(date=slice(first.isoformat(), last.isoformat()))

    @cached_property
    def _record(self) -> xr.DataArray:
        days = slice(self.window.first.isoformat(), self.window.last.isoformat())
        (only,) = self._of_units(self.record.control.sel(date=days), "replicate", "unit", "date")
        found: xr.DataArray = only
        return found

    @property
    def truth(self) -> np.ndarray:
        """Codes of the holders of the record, shape (unit, day)."""
        return self._record.to_numpy()

    @cached_property
    def weights(self) -> np.ndarray:
        """Of the days by the confidence of the record, 1 if that is off; same shape."""
        found = self._record["weight"].to_numpy()
        return found if self.confidence else np.ones(found.shape)

    def _counts(self, first: date, last: date) -> tuple[np.ndarray, int]:
        """Runs by holder, shape (unit, day, holder), and how many runs there are."""
        shares = control_shares(self._control(first, last))
        shares = self._of_units(shares, "unit", "date", "holder")
        n = shares["n"].to_numpy()
        if not n.min() > 0:
            raise BatchError("all runs of the scenario failed: there is nothing to score.")
        return np.rint(shares["share"].to_numpy() * n[..., None]), int(n.max())

    @cached_property
    def _of_runs(self) -> tuple[np.ndarray, int]:
        return self._counts(*self.window)

    @property
    def n(self) -> int:
        """Runs that did not fail."""
        return self._of_runs[1]

    @property
    def agreement(self) -> float:
        """Share of runs and slots that are as the record has them on the origin; nan if the
        scenario begins later."""
        if scenario_window(self.batch, self.scenario).first > self._origin:
            return float("nan")
        counts, n = self._counts(self._origin, self._origin)
        return float(counts[np.arange(len(counts)), 0, self.units.now].mean() / n)

    @cached_property
    def _baselines(self) -> dict[str, Baseline]:
        return baselines.baselines(self.units)

    @cached_property
    def p(self) -> dict[str, np.ndarray]:
        """By forecast, the model first, probabilities, shape (unit, day, holder)."""
        plain = {name: one.p for name, one in self._baselines.items()}
        return {MODEL: rules.smoothed(self._of_runs[0]), **plain}

    @cached_property
    def losses(self) -> dict[str, np.ndarray]:
        """By forecast, losses, shape (unit, day, measure)."""
        return {name: rules.losses(p, self.truth) for name, p in self.p.items()}

    @cached_property
    def splits(self) -> dict[str, np.ndarray]:
        """By group, which slots belong to it, shape (unit,)."""
        path = np.column_stack([self.units.now, self.truth])
        return {
            "all": np.ones(len(path), bool),
            "changed": (np.diff(path, axis=1) != 0).any(axis=1),
            "kidal": np.array([baselines.is_kidal_region(place) for place in self.units.places]),
        }

    def blocks(self, units: np.ndarray) -> rules.Blocks:
        """What is resampled together of some slots, given by their numbers."""
        chosen = [self.units.places[unit] for unit in units]
        return rules.blocks([place.region for place in chosen], [place.name for place in chosen])

    # --- dates -----------------------------------------------------------------------

    @cached_property
    def events(self) -> list[Event]:
        """Events that may happen."""
        return possible_events(self.units)

    @cached_property
    def event_units(self) -> np.ndarray:
        """The slot of each event, shape (event,)."""
        return np.array([event.unit for event in self.events], np.intp)

    @cached_property
    def dates(self) -> np.ndarray:
        """Their dates in the record, shape (event,)."""
        return first_days(self.truth, self.events)

    @property
    def happened(self) -> np.ndarray:
        """Which events happen in the record within the window, shape (event,)."""
        came: np.ndarray = self.dates < self.units.n_days
        return came

    @cached_property
    def event_weights(self) -> np.ndarray:
        """Confidence of the record on the date of each event, or on the last day; (event,)."""
        day = np.minimum(self.dates, self.units.n_days - 1)
        return np.asarray(self.weights[self.event_units, day])

    @cached_property
    def given(self) -> np.ndarray:
        """Which events come in the record on the very day on which the scenario has the UN leave,
        whatever happens: it was told when, so it is no forecast. Shape (event,)."""
        camps = self.batch.scenario(self.scenario).camps
        told = np.zeros(len(self.events), bool)
        for i, event in enumerate(self.events):
            clause = camps.get(self.units.places[event.unit].name)
            if clause is not None and self.units.slots[event.unit] == "camp":
                is_set = clause.spread == 0 and not clause.early_exit
                day = self.window.first + timedelta(days=int(self.dates[i]))
                told[i] = is_set and clause.exit == day
        return told

    @cached_property
    def masses(self) -> dict[str, np.ndarray]:
        """By forecast that says something of dates, chances of dates, shape (event, day + 1)."""
        counts = np.zeros((len(self.events), self.units.n_days + 1))
        for part in in_parts(self._control(*self.window)):
            codes = self._of_units(part, "replicate", "unit", "date").to_numpy()
            counts += counted(codes[(codes >= 0).all(axis=(1, 2))], self.events)
        mass = counts / counts.sum(axis=1, keepdims=True)
        return {MODEL: mass, **plain_masses(self._baselines, self.units, self.events)}
