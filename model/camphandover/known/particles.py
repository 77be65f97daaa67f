"""Runs that are weighed by the record and copied: their states, played on threads.

A particle is a state, its parameters and the key of its luck: nothing of its past is kept but its
turns, by which any run can play it again (`core.draws.Turn`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np

from camphandover import facts
from camphandover.core import day as core
from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import make_ready
from camphandover.core.deploy import deploy, redeploy
from camphandover.core.draws import Key, key_of
from camphandover.core.parameters import Params
from camphandover.core.rules import books
from camphandover.facts.codes import Side
from camphandover.known.news import Seen
from camphandover.scenario import Scenario

ROWS_A_DAY = 1024
"""Room in the ledger for a day: a hundred times what days have needed."""
OF_RECORD = tuple(name for name, one in facts.load().parameters.items() if one.is_of_record)
Values = Mapping[str, float]


class Swarm(Protocol):
    """Runs that a filter plays, looks at and copies."""

    @property
    def n(self) -> int:
        """How many there are."""

    def play(self, last: int) -> None:
        """Play all of them to the end of a day, days since 1970-01-01."""

    def see(self) -> Seen:
        """What a look finds in them."""

    def copy(self, parents: np.ndarray, stage: int) -> None:
        """Put a copy of its parent into each slot whose parent is not itself.

        Args:
            parents: Slot of each one's parent, shape (n,).
            stage: The copies have the luck of their slot and of this stage.
        """


@dataclass
class Particle:
    """One run without its past.

    Attributes:
        state, params: Its own; parameters are not written.
        key: Its luck.
        used: Rows that its ledger would have.
    """

    state: st.State
    params: Params
    key: Key
    used: int = 0


@dataclass
class Scratch:
    """What a thread writes while it plays, and nobody reads: a ledger, and daily figures."""

    n_days: int
    ledger: log.Ledger = field(default_factory=lambda: log.new_ledger(16 * ROWS_A_DAY))

    def __post_init__(self) -> None:
        """Room for the days of the window."""
        n_places = len(facts.load().places)
        self.control = books.Control(np.full((n_places, 2, self.n_days), -1, np.int8))
        series = np.zeros((self.n_days, len(Side)), books.SERIES)
        people = np.zeros((self.n_days, n_places), books.PLACES)
        self.series = books.Series(series.view(np.recarray))
        self.war = books.War(np.zeros(self.n_days, books.WAR).view(np.recarray))
        self.people = books.People(people.view(np.recarray))

    def room(self, used: int, n_days: int) -> log.Ledger:
        """A ledger with so many rows used and room for some days.

        Rules read only rows that they wrote on the same day, so older ones may be anybody's.
        """
        wanted = used + ROWS_A_DAY * n_days
        if wanted > len(self.ledger.rows):
            self.ledger = log.new_ledger(2 * wanted)
        self.ledger.used[0] = used
        return self.ledger


class Particles:
    """Particles of one past, of the rules of this package; a `Swarm`.

    Args:
        scenario: One whose past they play, to any day of its window.
        n: How many; particle i begins with the luck of replicate i.
        seed: Of all draws.
        values: Parameters of each, if they differ.
        workers: Threads; all cores if not given.
    """

    def __init__(
        self,
        scenario: Scenario,
        n: int,
        seed: int,
        values: Sequence[Values] | None = None,
        workers: int | None = None,
    ) -> None:
        make_ready()
        theatre = facts.load()
        world = deploy(scenario, theatre)
        self.scenario, self.seed = scenario, seed
        self.first, self.last = world.first, world.last
        self.day = self.first
        self.particles = []
        for i in range(n):
            own = world if values is None else redeploy(world, scenario, theatre, 1, values[i])
            state = st.copy_state(own.state)
            self.particles.append(Particle(state, own.params, key_of(seed, i)))
        self.workers = workers or os.cpu_count() or 1

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.particles)

    def play(self, last: int) -> None:
        """Play all of them to the end of a day, days since 1970-01-01."""
        if last >= self.day:
            self._all(lambda one, scratch: self.play_one(one, self.day, last, scratch))
            self.day = last + 1

    def play_one(self, one: Particle, start: int, stop: int, scratch: Scratch) -> None:
        """Play the days `start` to `stop` of one of them; its days stand in `scratch`."""
        ledger = scratch.room(one.used, stop - start + 1)
        what = (one.state, one.params, self.first, self.last, start, stop, one.key, ledger)
        core.run(*what, scratch.control, scratch.series, scratch.war, scratch.people)
        if log.overflowed(ledger):
            raise RuntimeError(f"more than {ROWS_A_DAY} things have happened on a day")
        one.used = int(ledger.used[0])

    def see(self) -> Seen:
        """What a look finds in them."""
        places = [one.state.places for one in self.particles]
        slots = ("camp", "town")
        holders = np.array([[p[f"{slot}_holder"] for slot in slots] for p in places], np.int8)
        changed = np.array([[p[f"{slot}_since"] for slot in slots] for p in places])
        return Seen(
            holders=np.moveaxis(holders, 1, 2),
            changed=np.moveaxis(changed, 1, 2),
            parameters={
                name: np.array([float(one.params[name]) for one in self.particles])
                for name in OF_RECORD
            },
        )

    def copy(self, parents: np.ndarray, stage: int) -> None:
        """Put a copy of its parent into each slot whose parent is not itself."""
        for slot in np.flatnonzero(parents != np.arange(self.n)):
            one, parent = self.particles[slot], self.particles[parents[slot]]
            st.restore(one.state, parent.state)
            one.params, one.used = parent.params, parent.used
            one.key = key_of(self.seed, int(slot), stage)

    def fork(self, particle: int) -> Particle:
        """An independent copy of one of them."""
        one = self.particles[particle]
        return Particle(st.copy_state(one.state), one.params, one.key, one.used)

    @contextmanager
    def pool(self) -> Iterator[ThreadPoolExecutor]:
        """Threads to play on."""
        with ThreadPoolExecutor(self.workers, thread_name_prefix="particles") as pool:
            yield pool

    def _all(self, play: Callable[[Particle, Scratch], None]) -> None:
        """Play all particles, on threads; what comes out depends on no order."""

        def some(part: Sequence[Particle]) -> None:
            scratch = Scratch(self.last - self.first + 1)
            for one in part:
                play(one, scratch)

        parts = [self.particles[i :: self.workers] for i in range(self.workers)]
        with self.pool() as pool:
            list(pool.map(some, parts))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.particles.clear()
