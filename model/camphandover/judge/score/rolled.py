"""Forecasts from many origins beside what came true: one place for what all tables are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

import numpy as np

from camphandover import facts
from camphandover.batch.cubes import HOLDERS, SLOTS
from camphandover.errors import BatchError
from camphandover.judge.score import baselines, rules
from camphandover.judge.score.baselines import Units
from camphandover.judge.score.scored import (
    SPLITS,
    Event,
    counted,
    first_days,
    plain_masses,
    possible_events,
)
from camphandover.known.record import UNKNOWN, Record
from camphandover.known.rolling import Fan, retold

AS_IT_IS = " as it is"
PLAIN = "unconditioned"
"""The runs that never look at the record."""
CRPS = "crps"


@dataclass(frozen=True, eq=False)
class Ahead:
    """Forecasts from one origin beside what came true.

    Attributes:
        origin: The last day that they know.
        units: The slots that are scored.
        horizons: Days after the origin that the record has.
        p: By forecast, the model first, probabilities, shape (unit, horizon, holder).
        truth: Codes of the holders of the record, shape (unit, horizon).
        weights: What each counts, same shape.
        events: What may happen after the origin.
        masses: By forecast, chances of dates, shape (event, day + 1).
        dates: Dates in the record, shape (event,).
        event_weights: What each counts, same shape.
    """

    origin: date
    units: Units
    horizons: tuple[int, ...]
    p: dict[str, np.ndarray]
    truth: np.ndarray
    weights: np.ndarray
    events: list[Event]
    masses: dict[str, np.ndarray]
    dates: np.ndarray
    event_weights: np.ndarray

    @cached_property
    def losses(self) -> dict[str, np.ndarray]:
        """By forecast, losses, shape (unit, horizon, measure)."""
        return {name: rules.losses(p, self.truth) for name, p in self.p.items()}

    @cached_property
    def crps(self) -> dict[str, np.ndarray]:
        """By forecast that says something of dates, their scores, shape (event,)."""
        return {name: rules.crps(mass, self.dates) for name, mass in self.masses.items()}


def ahead(
    record: Record,
    fans: Mapping[str, Fan],
    horizons: Sequence[int],
    slots: Sequence[str],
) -> Ahead:
    """Score the forecasts from one origin.

    Args:
        record: What came true.
        fans: The runs from this origin, the model's first.
        horizons: Days after the origin; those past the record are left out.
        slots: Of `SLOTS`.
    """
    one = next(iter(fans.values()))
    today, n_days = record.index(one.origin), one.holders.shape[-1] - 1
    place, slot = np.nonzero((record.holders[..., today] != UNKNOWN) & np.isin(SLOTS, slots))
    if len(place) == 0:
        raise BatchError(
            f"{record.source} tells of no place on {one.origin}: choose a later first origin."
        )
    units = Units(
        places=tuple(facts.load().places[i] for i in place),
        slots=tuple(SLOTS[i] for i in slot),
        past=record.holders[place, slot, : today + 1],
        first=one.origin + timedelta(days=1),
        n_days=n_days,
    )
    came = record.holders[place, slot, today + 1 : today + 1 + n_days]
    counts = record.weights[place, slot, today + 1 : today + 1 + n_days]
    paths = dict[str, np.ndarray]()
    for name, own in fans.items():
        holders = own.holders[:, place, slot]
        paths[name] = retold(holders, units.now)[..., 1:]
        paths[name + AS_IT_IS] = holders[..., 1:]
    kept = tuple(h for h in horizons if h <= n_days)
    days = np.array(kept, np.intp) - 1
    plain = baselines.baselines(units)
    p = {
        name: rules.smoothed((path[:, :, days, None] == np.arange(len(HOLDERS))).sum(axis=0))
        for name, path in paths.items()
    }
    events = possible_events(units)
    dates = first_days(came, events)
    unit = np.array([event.unit for event in events], np.intp)
    masses = {name: counted(path, events) / len(path) for name, path in paths.items()}
    return Ahead(
        origin=one.origin,
        units=units,
        horizons=kept,
        p=p | {name: base.p[:, days] for name, base in plain.items()},
        truth=came[:, days],
        weights=counts[:, days],
        events=events,
        masses=masses | plain_masses(plain, units, events),
        dates=dates,
        event_weights=counts[unit, np.minimum(dates, n_days - 1)],
    )


class Entries(NamedTuple):
    """What is averaged: one entry for each slot, or event, and origin.

    Attributes:
        losses: By forecast and measure, shape (entry,).
        weights: Shape (entry,).
        origin: Number of the origin of each, shape (entry,).
        unit: Number of its slot among `Rolled.units`, shape (entry,).
        p: By forecast, probabilities, shape (entry, holder); empty for events.
        truth: Codes that came true, shape (entry,); empty for events.
        happened: Which events happened on the days scored, shape (entry,); empty for holders.
    """

    losses: dict[tuple[str, str], np.ndarray]
    weights: np.ndarray
    origin: np.ndarray
    unit: np.ndarray
    p: dict[str, np.ndarray]
    truth: np.ndarray
    happened: np.ndarray

    def of(self, chosen: np.ndarray) -> Entries:
        """Some of them, given by a mask."""
        return Entries(
            {key: values[chosen] for key, values in self.losses.items()},
            self.weights[chosen], self.origin[chosen], self.unit[chosen],
            {name: values[chosen] for name, values in self.p.items()},
            *(part[chosen] if len(part) else part for part in (self.truth, self.happened)),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Rolled:
    """Forecasts from all origins.

    Attributes:
        record: What came true.
        origins: By day, ascending.
        every: Days from one to the next.
    """

    record: Record
    origins: Sequence[Ahead]
    every: int

    @cached_property
    def units(self) -> tuple[tuple[str, str], ...]:
        """Place and slot of all that is scored."""
        found = dict.fromkeys(
            (place.name, slot)
            for one in self.origins
            for place, slot in zip(one.units.places, one.units.slots, strict=True)
        )
        return tuple(found)

    def _units_of(self, one: Ahead) -> np.ndarray:
        names = zip(one.units.places, one.units.slots, strict=True)
        return np.array([self.units.index((place.name, slot)) for place, slot in names], np.intp)

    @cached_property
    def splits(self) -> dict[str, np.ndarray]:
        """By group of places, which slots belong to it, shape (unit,)."""
        known = {place.name: place for place in facts.load().places}
        first = self.record.index(self.origins[0].origin)
        turned = []
        for place, slot in self.units:
            path = self.record.holders[list(known).index(place), SLOTS.index(slot), first:]
            turned.append((np.diff(path) != 0).any())
        kidal = [baselines.is_kidal_region(known[place]) for place, _ in self.units]
        masks = (np.ones(len(turned), bool), np.array(turned), np.array(kidal))
        return dict(zip(SPLITS, masks, strict=True))

    def at(self, horizon: int) -> Entries:
        """All forecasts of the holders so many days after their origins."""
        found = [(i, one) for i, one in enumerate(self.origins) if horizon in one.horizons]
        names = list(found[0][1].p)
        where = [one.horizons.index(horizon) for _, one in found]
        pairs = [(one, h) for (_, one), h in zip(found, where, strict=True)]
        return Entries(
            losses={
                (name, measure): np.concatenate([one.losses[name][:, h, m] for one, h in pairs])
                for name in names
                for m, measure in enumerate(rules.MEASURES)
            },
            weights=np.concatenate([one.weights[:, h] for one, h in pairs]),
            origin=np.repeat([i for i, _ in found], [len(one.truth) for one, _ in pairs]),
            unit=np.concatenate([self._units_of(one) for one, _ in pairs]),
            p={name: np.concatenate([one.p[name][:, h] for one, h in pairs]) for name in names},
            truth=np.concatenate([one.truth[:, h] for one, h in pairs]),
            happened=np.zeros(0, bool),
        )

    def of_dates(self) -> Entries:
        """All forecasts of dates."""
        names = list(self.origins[0].masses)
        places = [self._units_of(one)[[event.unit for event in one.events]] for one in self.origins]
        return Entries(
            losses={
                (name, CRPS): np.concatenate([one.crps[name] for one in self.origins])
                for name in names
            },
            weights=np.concatenate([one.event_weights for one in self.origins]),
            origin=np.repeat(np.arange(len(self.origins)), [len(e.events) for e in self.origins]),
            unit=np.concatenate(places),
            p={},
            truth=np.zeros(0, np.int8),
            happened=np.concatenate([one.dates < one.units.n_days for one in self.origins]),
        )

    def blocks(self, entries: Entries, horizon: int) -> rules.Crossed:
        """What is resampled together of some entries, forecasts of so many days."""
        known = {place.name: place for place in facts.load().places}
        places = [self.units[unit][0] for unit in entries.unit]
        fixed = rules.blocks([known[name].region for name in places], places)
        length = -(-horizon // self.every)
        there, origin = np.unique(entries.origin, return_inverse=True)
        return rules.Crossed(fixed.kind, fixed.of, fixed.n, origin, len(there), length)

    @property
    def names(self) -> list[str]:
        """Of all forecasts, the model first."""
        return list(self.origins[0].p)
