"""Rolling origins: one pass of runs over the record, and from each origin a fan of them.

A fan from an origin is what `Particles` that know the record until that day, weighed and copied,
would go on with: what comes later in the record is in no run of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from camphandover.core.draws import key_of
from camphandover.known.filter import Filter
from camphandover.known.news import Look
from camphandover.known.particles import Particle, Particles, Scratch


@dataclass(frozen=True, eq=False)
class Fan:
    """Runs that go on from an origin, all of the same weight.

    Attributes:
        look: That on the origin.
        parents: The particle from which each goes on, shape (run,).
        holders: Codes at the end of each day, the origin first, int8, shape (run, place, slot,
            day).
    """

    look: Look
    parents: np.ndarray
    holders: np.ndarray

    @property
    def origin(self) -> date:
        """The last day that the runs know."""
        return self.look.day


def weighed(
    chosen: Filter, particles: Particles, looks: Sequence[Look], days: dict[date, int]
) -> Iterator[Fan]:
    """A fan from each origin, of particles that a filter weighs meanwhile.

    Args:
        chosen: The filter of the particles.
        particles: On their first day; they know exits until the last origin.
        looks: In the order of their days, one of them on each origin.
        days: By origin, for how many days its fan goes on.
    """
    for look in chosen.run(looks):
        if look.day in days:
            yield fan(particles, look, chosen.heirs(look), days[look.day])


def unweighed(particles: Particles, looks: Sequence[Look], days: dict[date, int]) -> Iterator[Fan]:
    """The same of particles that never look at the record: only exits and rungs are its own."""
    for look in looks:
        if look.day in days:
            particles.play(look.number)
            yield fan(particles, look, np.arange(particles.n), days[look.day])


def fan(particles: Particles, look: Look, parents: np.ndarray, n_days: int) -> Fan:
    """Copies of particles that go on without them, as if nothing later were known.

    Args:
        particles: At the end of the day of the look.
        look: On the origin.
        parents: The particle that each copy is of, shape (run,); a copy of another slot's has luck
            of its own from now on, as `Particles.copy` gives it.
        n_days: How many days they play.
    """
    first, n_places = look.number - particles.first, particles.states.places.shape[1]
    holders = np.empty((len(parents), n_places, 2, n_days + 1), np.int8)

    def play(runs: Sequence[int]) -> None:
        scratch = Scratch(particles.last - particles.first + 1)
        for run in runs:
            one = _heir(particles, int(parents[run]), run, look.number)
            places = one.state.places
            holders[run, :, :, 0] = np.stack([places.camp_holder, places.town_holder], axis=1)
            if n_days:
                particles.play_one(one, look.number + 1, look.number + n_days, scratch)
                holders[run, :, :, 1:] = scratch.control[:, :, first + 1 : first + n_days + 1]

    with particles.pool() as pool:
        n = particles.workers
        list(pool.map(play, [range(i, len(parents), n) for i in range(n)]))
    return Fan(look, parents, holders)


def _heir(particles: Particles, parent: int, run: int, day: int) -> Particle:
    one = particles.fork(parent)
    if parent != run:
        one.key = key_of(particles.seed, run, day)
    war = one.state.conflict
    war.known_until = war.calendar_until = day
    return one


def retold(holders: np.ndarray, recorded: np.ndarray) -> np.ndarray:
    """What the record would say of runs: it goes on as it is until a run has news.

    Where a run is not as the record has it on the origin, one of them is wrong, and stays so until
    the slot changes hands in the run; from then on the record says what the run does.

    Args:
        holders: Codes of runs, the origin first, shape (run, ..., day).
        recorded: Codes of the record on the origin, shape (...).
    Returns:
        Codes, shape of `holders`.
    Source: R10.1.
    """
    is_news = np.maximum.accumulate(holders != holders[..., :1], axis=-1)
    return np.where(is_news, holders, recorded[..., None])
