"""Plain forecasts that the model has to beat. None of them sees a day after the forecast origin.

Each starts from the record's state on the origin, which the ensemble does not see: it runs from
the first day of its scenario, or from what was known on a day. A baseline that names a holder gives
it 95 % and spreads the rest evenly over the others, but for a joint unit, of which no record before
the origin has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from camphandover import facts
from camphandover.batch.cubes import HOLDERS
from camphandover.facts import Place
from camphandover.facts.codes import Holder

SURE = 0.95
"""Probability of the holder that a baseline names (RULES, section 10)."""
OF_JOINT = 0.01
"""What a joint unit gets of the rest where another holder gets 1, so that to tell it from nobody
makes no baseline worse."""
PRIOR_DAYS = 30.0
"""Weight of what all holders have in common in each row of the Markov chain, days at a slot.
Judgement: a holder seen for a month at one place counts as much as all others together."""
PSEUDO_COUNT = 0.5
TITLES = {
    "persistence": "all stays as it is on the origin",
    "base rate": "each holder as often as in the record before",
    "markov": "chances to change hands as in the record before",
    "army on plan": "the army gets every camp on the day planned",
    "separatists in Kidal": "the same, but separatists get the camps of the Kidal region",
}
"""The baselines by name, and what each of them says."""


@dataclass(frozen=True)
class Units:
    """The slots that are scored, each known on the origin.

    Attributes:
        places: Their places, of `facts.Place`.
        slots: `camp` or `town`.
        past: Holders on the days until the origin, which is the last; -1 where unknown; shape
            (unit, day).
        first: The first day that is scored, the one after the origin.
        n_days: Number of days that are scored.
    """

    places: tuple[Place, ...]
    slots: tuple[str, ...]
    past: np.ndarray
    first: date
    n_days: int

    @property
    def now(self) -> np.ndarray:
        """Holders on the origin, shape (unit,)."""
        state: np.ndarray = self.past[:, -1]
        return state


@dataclass(frozen=True)
class Baseline:
    """A forecast of holders.

    Attributes:
        p: Probabilities, shape (unit, day, holder).
        path: The holders that it names, shape (unit, day); None if it names none.
        chain: Daily chances of transition, shape (holder, holder); None if it is no chain.
    """

    p: np.ndarray
    path: np.ndarray | None = None
    chain: np.ndarray | None = None


def baselines(units: Units) -> dict[str, Baseline]:
    """All baselines, in the order of `TITLES`."""
    made = (
        _named(persistent(units)),
        base_rate(units),
        markov(units),
        _named(on_plan(units, Holder.ARMY)),
        _named(on_plan(units, Holder.SEPARATISTS)),
    )
    return dict(zip(TITLES, made, strict=True))


def is_kidal_region(place: Place) -> bool:
    """Whether a place is of the Kidal region as the rule book scores it: Kidal, Tessalit,
    Aguelhok, Anefis, the places of the separatists' core that lie on the roads to Kidal.

    Source: RULES, section 10; columns `separatist_core` and `corridor` of values.csv.
    """
    return place.separatist_core and place.corridor


def persistent(units: Units) -> np.ndarray:
    """The holders of the origin on all days, shape (unit, day)."""
    return np.repeat(units.now[:, None], units.n_days, axis=1)


def on_plan(units: Units, kidal_to: Holder) -> np.ndarray:
    """Each UN camp goes to the army on the day planned, which is the last day of the announced
    window; at once if that is past. What the UN does not hold stays as it is.

    Args:
        units: What is scored.
        kidal_to: Who gets the camps of the Kidal region.
    Returns:
        Holders, shape (unit, day).
    Source: `planned_date` of camps.csv.
    """
    planned = {camp.place: camp.planned for camp in facts.load().camps}
    path = persistent(units)
    for unit, (place, slot) in enumerate(zip(units.places, units.slots, strict=True)):
        if slot == "camp" and units.now[unit] == Holder.MINUSMA and place.name in planned:
            leaves = max((planned[place.name] - units.first).days, 0)
            path[unit, leaves:] = kidal_to if is_kidal_region(place) else Holder.ARMY
    return path


def _named(path: np.ndarray) -> Baseline:
    parts = np.ones((len(HOLDERS), len(HOLDERS))) - np.eye(len(HOLDERS))
    parts[:, Holder.JOINT] *= OF_JOINT
    rest = (1 - SURE) * parts / parts.sum(axis=1, keepdims=True)
    return Baseline((rest + SURE * np.eye(len(HOLDERS)))[path], path=path)


def base_rate(units: Units) -> Baseline:
    """Each holder with its share of all slots and days of the record until the origin, smoothed;
    the same at every slot on every day."""
    seen = np.bincount(units.past[units.past >= 0], minlength=len(HOLDERS)) + PSEUDO_COUNT
    shape = (len(units.places), units.n_days, len(HOLDERS))
    return Baseline(np.broadcast_to(seen / seen.sum(), shape).copy())


def markov(units: Units) -> Baseline:
    """A chain of holders from day to day, the same at every slot, from the state of the origin."""
    chain = transitions(units.past)
    p = np.empty((len(units.places), units.n_days, len(HOLDERS)))
    state = np.eye(len(HOLDERS))[units.now]
    for day in range(units.n_days):
        state = state @ chain
        p[:, day] = state
    return Baseline(p, chain=chain)


def transitions(past: np.ndarray) -> np.ndarray:
    """Daily chances of transition as the record until the origin has them, smoothed.

    Each holder's row is that of its own days at slots plus `PRIOR_DAYS` of what all holders have
    in common: the chance that a slot changes hands on a day, and the shares of those who come to
    it. Both are smoothed by half a count, so no change is impossible.

    Args:
        past: Holders, -1 where unknown, shape (unit, day).
    Returns:
        From the row's holder to the column's, shape (holder, holder); rows sum to 1.
    """
    n = len(HOLDERS)
    before, after = past[:, :-1].ravel(), past[:, 1:].ravel()
    known = (before >= 0) & (after >= 0)
    counts = np.zeros((n, n))
    np.add.at(counts, (before[known], after[known]), 1)
    moved = counts * (1 - np.eye(n))
    p_move = (moved.sum() + PSEUDO_COUNT) / (counts.sum() + 2 * PSEUDO_COUNT)
    comers = (1 - np.eye(n)) * (moved.sum(axis=0) + PSEUDO_COUNT)
    comers /= comers.sum(axis=1, keepdims=True)
    days = counts.sum(axis=1, keepdims=True)
    chain: np.ndarray = (moved + PRIOR_DAYS * p_move * comers) / (days + PRIOR_DAYS)
    chain[np.diag_indices(n)] = 1 - chain.sum(axis=1)
    return chain


def arrival(chain: np.ndarray, now: int, targets: Sequence[int], n_days: int) -> np.ndarray:
    """When a chain first is in one of some states.

    Args:
        chain: Daily chances, shape (holder, holder).
        now: State on the origin.
        targets: The states.
        n_days: Days after the origin.
    Returns:
        Chance of each day, and at the end that of none of them, shape (day + 1,).
    """
    absorbing = chain.copy()
    absorbing[list(targets)] = np.eye(len(chain))[list(targets)]
    state = np.eye(len(chain))[now]
    reached = np.zeros(n_days + 1)
    for day in range(n_days):
        state = state @ absorbing
        reached[day] = state[list(targets)].sum()
    reached[n_days] = 1.0
    return np.diff(reached, prepend=0.0)
