"""Runs that are weighed by the record and copied: their states, played on threads.

A particle is a state, its parameters and the key of its luck: nothing of its past is kept but its
turns, by which any run can play it again (`core.draws.Turn`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np

from camphandover import facts
from camphandover.core import day as core
from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import make_ready
from camphandover.core.deploy import deploy, redeploy
from camphandover.core.draws import Key, key_of
from camphandover.core.parameters import PARAMETERS, Params
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
    """One run without its past, taken out of the particles.

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

    def all(self, ledger: log.Ledger) -> tuple[Any, ...]:
        """What a run writes beside its state."""
        return ledger, self.control, self.series, self.war, self.people

    def room(self, used: int, n_days: int) -> log.Ledger:
        """A ledger with so many rows used and room for some days.

        Rules read only rows that they wrote on the same day, so older ones may be anybody's.
        """
        wanted = used + ROWS_A_DAY * n_days
        if wanted > len(self.ledger.rows):
            self.ledger = log.new_ledger(2 * wanted)
        self.ledger.used[0] = used
        return self.ledger


def said_in(sides: np.ndarray) -> np.ndarray:
    """Own and enemies' dead as each side has told so far, shape (run, side, 2).

    Args:
        sides: Tables of states, shape (run, side).
    """
    return np.stack([sides["claimed"], sides["charged"]], 2)


def seen_in(places: np.ndarray, said: np.ndarray, parameters: Mapping[str, np.ndarray]) -> Seen:
    """What a look finds in some runs.

    Args:
        places: Tables of their states, shape (run, place).
        said, parameters: As `Seen` has them.
    """
    return Seen(
        holders=np.stack([places["camp_holder"], places["town_holder"]], 2).astype(np.int8),
        changed=np.stack([places["camp_since"], places["town_since"]], 2),
        said=said,
        parameters=parameters,
    )


class Particles:
    """Particles of one past, of the rules of this package; a `Swarm`.

    Args:
        scenario: One whose past they play, to any day of its window.
        n: How many; particle i begins with the luck of replicate i.
        seed: Of all draws.
        values: Parameters of each, if they differ.
        workers: Threads; all cores if not given.

    Attributes:
        states: Side by side, first dimension particle.
        params: Records of parameters; `record_of` says which one each particle has.
        lucks: Key of each, shape (particle, 3).
        used: Rows that the ledger of each would have, shape (particle,).
        day: The next day that they play, days since 1970-01-01.
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
        self.states = st.tiled(world.state, n)
        self.params = np.empty(1 if values is None else n, PARAMETERS).view(np.recarray)
        self.params[:] = world.params
        for i, given in enumerate(values or ()):
            own = redeploy(world, scenario, theatre, 1, given)
            self.params[i] = own.params
            st.restore(_state(self.states, i), own.state)
        self.record_of = np.arange(n) % len(self.params)
        self.lucks = np.array([key_of(seed, i) for i in range(n)], np.int64)
        self.used = np.zeros(n, np.int64)
        self.workers = workers or os.cpu_count() or 1
        self._scratches = [Scratch(self.last - self.first + 1) for _ in range(self.workers)]
        self._before = said_in(self.states.sides)

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.used)

    def play(self, last: int) -> None:
        """Play all of them to the end of a day, days since 1970-01-01."""
        if last < self.day:
            return
        self._before, most = said_in(self.states.sides), int(self.used.max())
        bounds = np.linspace(0, self.n, self.workers + 1).astype(int)

        def some(worker: int) -> None:
            part, scratch = slice(*bounds[worker : worker + 2]), self._scratches[worker]
            ledger = scratch.room(most, last - self.day + 1)
            states = _state(self.states, part)
            what: tuple[Any, ...] = (self.record_of[part], self.lucks[part], self.used[part])
            days = (self.first, self.last, self.day, last)
            core.run_each(*(states, self.params, *what, *days, *scratch.all(ledger)))

        with self.pool() as pool:
            list(pool.map(some, range(self.workers)))
        _check_room(int(self.used.max()), min(len(one.ledger.rows) for one in self._scratches))
        self.day = last + 1

    def play_one(self, one: Particle, start: int, stop: int, scratch: Scratch) -> None:
        """Play the days `start` to `stop` of a fork; its days stand in `scratch`."""
        ledger = scratch.room(one.used, stop - start + 1)
        what = (one.state, one.params, self.first, self.last, start, stop, one.key)
        core.run(*what, *scratch.all(ledger))
        one.used = int(ledger.used[0])
        _check_room(one.used, len(ledger.rows))

    def see(self) -> Seen:
        """What a look finds in them."""
        parameters = {name: self.params[name][self.record_of] for name in OF_RECORD}
        said = said_in(self.states.sides) - self._before
        return seen_in(self.states.places, said, parameters)

    def copy(self, parents: np.ndarray, stage: int) -> None:
        """Put a copy of its parent into each slot whose parent is not itself."""
        slots = np.flatnonzero(parents != np.arange(self.n))
        for table in (*self.states, self.record_of, self.used, self._before):
            table[slots] = table[parents[slots]]
        for slot in slots:
            self.lucks[slot] = key_of(self.seed, int(slot), stage)

    def fork(self, particle: int) -> Particle:
        """An independent copy of one of them."""
        state = st.copy_state(_state(self.states, particle))
        params = Params(self.params[self.record_of[particle]])
        key = Key(*self.lucks[particle].tolist())
        return Particle(state, params, key, int(self.used[particle]))

    @contextmanager
    def pool(self) -> Iterator[ThreadPoolExecutor]:
        """Threads to play on."""
        with ThreadPoolExecutor(self.workers, thread_name_prefix="particles") as pool:
            yield pool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.states = st.tiled(st.empty_state(), 0)


def _state(states: st.State, which: int | slice) -> st.State:
    """The tables of one or some of them."""
    tables: tuple[Any, ...] = tuple(table[which] for table in states)
    return st.State(*tables)


def _check_room(used: int, room: int) -> None:
    if used > room:
        raise RuntimeError(f"more than {ROWS_A_DAY} things have happened on a day")
