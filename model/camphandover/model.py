"""The model as Mesa knows it: `NorthernMali` owns the state, one step is one day."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import mesa
import numpy as np
from mesa.agent import AgentSet

from camphandover import day as core
from camphandover import ledger as log
from camphandover import state as st
from camphandover.agents import COMMANDERS, Commander
from camphandover.deployment import World, deploy, redeploy
from camphandover.draws import key_of
from camphandover.parameters import Params
from camphandover.rules import books
from camphandover.rules.books import PLACES, SERIES, WAR
from camphandover.scenario import Scenario
from camphandover.scenario import load as load_scenario
from camphandover.theatre import load as load_theatre
from camphandover.views import Base, People, Politics, SideBooks, Unit

LEDGER_ROWS = 2048
ROWS_A_DAY = 16
"""Room of a new ledger: so many rows, and so many for each day of the window."""
EPOCH = datetime(1970, 1, 1)


class Record(NamedTuple):
    """What one run leaves behind.

    Attributes:
        control: Holder codes at 24:00, int8, shape (place, slot, day).
        series: Daily series of the sides, record array of shape (day, side), fields of
            `rules.books.SERIES`.
        war: Daily series of the conflict, shape (day,), fields of `rules.books.WAR`.
        people: Daily series of the places, shape (day, place), fields of `rules.books.PLACES`.
        events: Ledger rows in order of writing, fields of `ledger.ROW`.
    """

    control: np.ndarray
    series: np.ndarray
    war: np.ndarray
    people: np.ndarray
    events: np.ndarray


class NorthernMali(mesa.Model):
    """Northern Mali from the scenario's first day; `step()` plays one day.

    Args:
        scenario: A resolved scenario, or whatever `camphandover.load_scenario` takes.
        seed: 0 <= seed < 2**64; with the replicate it decides every draw.
        replicate: Number of the run.
        commanders: Your own commander classes by side name, {"separatists": MyCommander}.
        times: How many times the order of battle stands in the field (benchmarks).

    Raises:
        ScenarioError: the scenario cannot be read. ValueError: seed or replicate out of range.

    Mesa's own random streams are not used by the rules: a draw depends on what it decides
    (`draws.py`), so a Mesa user's code may use `self.random` without changing a run.
    """

    def __init__(
        self,
        scenario: Any = "on-schedule",
        seed: int = 2023,
        replicate: int = 0,
        commanders: dict[str, type[Commander]] | None = None,
        times: int = 1,
    ) -> None:
        super().__init__(rng=seed & 0xFFFFFFFF)
        self.theatre = load_theatre()
        self.scenario_spec = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        self.seed_value = seed
        self.times = times
        self.world: World = deploy(self.scenario_spec, self.theatre, times)
        self.state = st.copy_state(self.world.state)
        self.params = self.world.params
        n_days = self.world.last - self.world.first + 1
        self.control = np.full((len(self.world.places), 2, n_days), -1, np.int8)
        self.series = np.zeros((n_days, len(st.Side)), SERIES).view(np.recarray)
        self.war_series = np.zeros(n_days, WAR).view(np.recarray)
        self.people_series = np.zeros((n_days, len(self.world.places)), PLACES).view(np.recarray)
        self.ledger = log.new_ledger((LEDGER_ROWS + ROWS_A_DAY * n_days) * times)
        self.commanders: dict[str, Commander] = {}
        for side in st.Side:
            kind = (commanders or {}).get(side.name.lower(), COMMANDERS[side])
            self.commanders[side.name.lower()] = kind(self, side)
        unknown = set(commanders or {}) - set(self.commanders)
        if unknown:
            raise ValueError(
                f"no side is named {sorted(unknown)[0]!r}: {', '.join(self.commanders)} are right"
            )
        self._bases: list[Base] | None = None
        self._units: list[Unit] | None = None
        self._people: list[People] | None = None
        self._sides: list[SideBooks] | None = None
        self._politics: Politics | None = None
        self.reset(replicate)

    def use_parameters(self, values: Mapping[str, float]) -> None:
        """Take other parameter values from the next `reset` or `run(replicate)` on.

        Args:
            values: What differs from the best values; the scenario's own are not added.

        Raises:
            KeyError: a name that the registry does not have.
        """
        self.world = redeploy(self.world, self.scenario_spec, self.theatre, self.times, values)

    # --- time

    @property
    def date(self) -> datetime:
        """The day that the next step will play, at 00:00."""
        return EPOCH + timedelta(days=int(self.day))

    @property
    def finished(self) -> bool:
        """Whether the window's last day has been played."""
        return self.day > self.world.last

    def reset(self, replicate: int = 0) -> None:
        """Back to the first day, as another replicate. Mesa's clock and events are not rewound."""
        self.key = key_of(self.seed_value, replicate)
        self.replicate = replicate
        self.params = self.world.params
        st.restore(self.state, self.world.state)
        self.ledger.used[0] = 0
        self.control[...] = -1
        for series in (self.series, self.war_series, self.people_series):
            np.asarray(series).view(np.uint8).fill(0)
        self.day = self.world.first
        self.running = True
        commanded = [self.commanders[side.name.lower()].writes_orders for side in st.Side]
        self.state.sides["commanded"] = commanded

    def step(self) -> None:
        """Play one day: commanders written in Python give their orders, then the rules run.

        Raises:
            RuntimeError: the window is over.
        """
        if self.finished:
            raise RuntimeError(
                f"the window ended on {self.date - timedelta(days=1):%Y-%m-%d}: call reset() or "
                "set a later `window.end` in the scenario"
            )
        self._make_room()
        for commander in self.commanders.values():
            if commander.writes_orders:
                commander.decide()
        self._play(self.day, self.day)

    def _make_room(self) -> None:
        """A ledger that is half full is copied into one of twice the size."""
        used = int(self.ledger.used[0])
        if 2 * used > len(self.ledger.rows):
            larger = log.new_ledger(2 * len(self.ledger.rows))
            larger.rows[:used] = self.ledger.rows[:used]
            larger.used[0] = used
            self.ledger = larger

    def run(self, replicate: int | None = None) -> Record:
        """Play the window's remaining days and return the record.

        With the compiled doctrine and no scheduled event all days are one call, and Mesa's clock
        (`time`, `steps`) stays where it is; else the model steps day by day.

        Args:
            replicate: When given, the model is first reset to this replicate.

        Raises:
            RuntimeError: the ledger has no room for what happened even after it was enlarged.
        """
        if replicate is not None:
            self.reset(replicate)
        if self._needs_steps():
            while not self.finished:
                self.step()
        elif not self.finished:
            self._play(self.day, self.world.last)
            if log.overflowed(self.ledger) and replicate is not None:
                self.ledger = log.new_ledger(2 * int(self.ledger.used[0]))
                return self.run(replicate)
        if log.overflowed(self.ledger):
            raise RuntimeError(
                f"{int(self.ledger.used[0])} things happened and the ledger has room for "
                f"{len(self.ledger.rows)}"
            )
        return self.record()

    def _needs_steps(self) -> bool:
        """Whether something happens between days: Python commanders, or events beside the step."""
        if any(commander.writes_orders for commander in self.commanders.values()):
            return True
        return len(self._event_list) > 1

    def _play(self, start: int, stop: int) -> None:
        core.run(
            self.state,
            self.params,
            self.world.first,
            self.world.last,
            start,
            stop,
            self.key,
            self.ledger,
            books.Control(self.control),
            books.Series(self.series),
            books.War(self.war_series),
            books.People(self.people_series),
        )
        self.day = stop + 1
        self.running = not self.finished
        waiting = int(self.state.queue["waiting"][0])
        if waiting > len(self.state.tellings):
            raise RuntimeError(
                f"{waiting} claims wait to be said and the state has room for "
                f"{len(self.state.tellings)}"
            )

    def record(self) -> Record:
        """Copies of what has been recorded so far."""
        n = min(int(self.ledger.used[0]), len(self.ledger.rows))
        return Record(
            self.control.copy(),
            self.series.copy(),
            self.war_series.copy(),
            self.people_series.copy(),
            self.ledger.rows[:n].copy(),
        )

    def fork(self) -> "NorthernMali":
        """An independent model in the same state: both go on alike until one is changed.

        Mesa's clock and its scheduled events begin anew in the fork; `date` tells the day.
        """
        kinds = {name: type(commander) for name, commander in self.commanders.items()}
        twin = NorthernMali(self.scenario_spec, self.seed_value, self.replicate, kinds, self.times)
        twin.params = Params(self.params.copy())
        st.restore(twin.state, self.state)
        twin.control[...] = self.control
        twin.series[...] = self.series
        twin.war_series[...] = self.war_series
        twin.people_series[...] = self.people_series
        n = int(self.ledger.used[0])
        if len(twin.ledger.rows) < n:
            twin.ledger = log.new_ledger(2 * n)
        twin.ledger.rows[:n] = self.ledger.rows[:n]
        twin.ledger.used[0] = n
        twin.day = self.day
        twin.running = self.running
        return twin

    # --- agents as views

    @property
    def bases(self) -> AgentSet:
        """The places as agents, in the order of places.csv."""
        if self._bases is None:
            self._bases = [Base(self, row) for row in range(len(self.state.places))]
        return AgentSet(self._bases, random=self.random)

    @property
    def units(self) -> AgentSet:
        """The units that have men, as agents."""
        if self._units is None:
            self._units = [Unit(self, row) for row in range(len(self.state.units))]
        return AgentSet([unit for unit in self._units if unit.men > 0], random=self.random)

    @property
    def populations(self) -> AgentSet:
        """The people of each place as one agent, in the order of places.csv."""
        if self._people is None:
            self._people = [People(self, row) for row in range(len(self.state.people))]
        return AgentSet(self._people, random=self.random)

    @property
    def sides(self) -> AgentSet:
        """The sides with their books, in the order of `state.Side`."""
        if self._sides is None:
            self._sides = [SideBooks(self, row) for row in range(len(self.state.sides))]
        return AgentSet(self._sides, random=self.random)

    @property
    def politics(self) -> Politics:
        """The conflict as a whole: escalation, truce, relations of the armed groups."""
        if self._politics is None:
            self._politics = Politics(self, 0)
        return self._politics

    def people(self, place: str) -> People:
        """The people of a place.

        Raises:
            TheatreError: no such place; the message suggests one.
        """
        row = self.theatre.index(place)
        return self.populations.to_list()[row]

    def side(self, name: str) -> SideBooks:
        """The side of this name.

        Raises:
            ValueError: no such side.
        """
        if name.upper() not in st.Side.__members__:
            names = ", ".join(side.name.lower() for side in st.Side)
            raise ValueError(f"no side is named {name!r}: {names} are right")
        return self.sides.to_list()[st.Side[name.upper()]]

    def base(self, place: str) -> Base:
        """The base of this name.

        Raises:
            TheatreError: no such place; the message suggests one.
        """
        row = self.theatre.index(place)
        return self.bases.to_list()[row]
