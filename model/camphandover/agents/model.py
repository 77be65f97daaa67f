"""The model as Mesa knows it: `NorthernMali` owns the state, one step is one day."""

import copy
import secrets
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from types import CellType, EllipsisType, FunctionType, MappingProxyType, MethodType
from typing import Any, NamedTuple, Self

import mesa
import numpy as np
from mesa.agent import AgentSet
from mesa.experimental.data_collection.dataset import DataRegistry
from mesa.time import Event, EventGenerator, EventList, Priority, Schedule

from camphandover.agents.commanders import COMMANDERS, Commander
from camphandover.agents.views import Base, People, Politics, Run, SideBooks, Unit, View, side_of
from camphandover.core import day as core
from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import make_ready
from camphandover.core.deploy import World, copy_params, deployed, go_on, redeploy
from camphandover.core.draws import MAX_REPLICATE, MAX_SEED, Turn, key_of
from camphandover.core.rules import books
from camphandover.errors import BatchError
from camphandover.facts import load as load_theatre
from camphandover.inputs import whole
from camphandover.scenario import Scenario
from camphandover.scenario import load as load_scenario

LEDGER_ROWS = 2048
ROWS_A_DAY = 16
"""Room of a new ledger: so many rows, and so many for each day of the window."""
EPOCH = datetime(1970, 1, 1)
MAX_TIMES = 1000
VIEWS: tuple[type[View], ...] = (Base, Unit, People, SideBooks, Politics)
STEPPING = ("step", "finished", "_play", "_do_step", "_wrapped_step", "_advance_time")
"""What a step goes through: a class that has one of these of its own is stepped day by day."""

CommanderMaker = Callable[["NorthernMali", st.Side], Commander]
"""Makes the commander of a side: a class of commanders."""


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


class NorthernMali(Run):
    """Northern Mali from the scenario's first day; `step()` plays one day.

    Args:
        scenario: A resolved scenario, or whatever `camphandover.load_scenario` takes.
        seed: 0 <= seed < 2**64; with the replicate it decides every draw. None, as Mesa's tools
            give it, draws one, which `seed_value` tells.
        replicate: Number of the run, 0 <= replicate < 2**32.
        commanders: Your own commander classes by side name, {"separatists": MyCommander}.
        times: How many times the order of battle stands in the field (benchmarks).
        rng: The seed under the name that Mesa's tools give it; it goes before `seed`.

    Raises:
        ScenarioError: the scenario cannot be read. ValueError: seed or replicate out of range.

    A scenario that goes on from what was known on a day is played along the turns of a particle:
    `follow(camphandover.origin(scenario, seed).turns(replicate))`, as a batch does it.

    A subclass that intervenes writes `setup()`, or `__init__`, or `step()`. The rules do not use
    Mesa's generators: a draw depends on what it decides (`draws.py`). Code of a user may draw from
    `random` and `rng`, which are seeded by seed and replicate; what it draws elsewhere, as from
    Python's global generator, belongs to no replicate. SolaraViz wants a Mesa scenario, which
    `app.live.LiveModel` has.
    """

    _event_list: EventList
    _default_schedule: EventGenerator

    def __init__(
        self,
        scenario: Any = "on-schedule",
        seed: int | None = 2023,
        replicate: int = 0,
        commanders: Mapping[str, CommanderMaker] | None = None,
        times: int = 1,
        *,
        rng: int | EllipsisType | None = ...,
    ) -> None:
        seed = seed if rng is ... else rng
        seed = secrets.randbits(64) if seed is None else whole("seed", seed, 0, MAX_SEED)
        self._is_seeded = True  # as far as Mesa goes, until the replicate begins
        super().__init__(rng=seed)
        make_ready()
        self.theatre = load_theatre()
        self.scenario_spec = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        self.seed_value = seed
        self.times = whole("times", times, 1, MAX_TIMES)
        self.world: World = deployed(self.scenario_spec, self.theatre, self.times)
        self.state = st.copy_state(self.world.state)
        n_days = self.world.last - self.world.first + 1
        n_places = len(self.world.places)
        self.control = books.Control(np.full((n_places, 2, n_days), -1, np.int8))
        series = np.zeros((n_days, len(st.Side)), books.SERIES)
        people = np.zeros((n_days, n_places), books.PLACES)
        self.series = books.Series(series.view(np.recarray))
        self.war_series = books.War(np.zeros(n_days, books.WAR).view(np.recarray))
        self.people_series = books.People(people.view(np.recarray))
        self.ledger = log.new_ledger((LEDGER_ROWS + ROWS_A_DAY * n_days) * self.times)
        self._makers = _checked_makers(commanders or {})
        self._ours: frozenset[str] = frozenset()
        self._is_beginning = False
        self._turns: tuple[Turn, ...] = ()
        self._begin(replicate)

    def follow(self, turns: Sequence[Turn]) -> None:
        """Play along the turns of a particle, by which its past is the one that was known.

        Args:
            turns: In the order of their days; the first one is of the replicate that this is.

        Raises:
            ValueError: they are of another replicate, or a day has been played.
        """
        if self.steps or (turns and turns[0].replicate != self.replicate):
            of = f"replicate {turns[0].replicate}" if turns else "nobody"
            raise ValueError(f"{self!r} cannot follow turns of {of}: they are for its first day")
        self._turns = tuple(turns)

    def setup(self) -> None:
        """What a subclass adds to a replicate before its first day: events, changes, collectors.

        Called when the model is made and by every `reset`, once all else is as on the first day.
        """

    def use_parameters(self, values: Mapping[str, float]) -> None:
        """Take other parameter values from the next `reset` or `run(replicate)` on.

        Args:
            values: What differs from the best values; the scenario's own are not added.

        Raises:
            KeyError: a name that the registry does not have.
            RuntimeError: within `setup`, which is too late for the replicate that begins.
        """
        if self._is_beginning:
            raise RuntimeError("use_parameters() within setup() would act on the next replicate")
        self.world = redeploy(self.world, self.scenario_spec, self.theatre, self.times, values)

    @property
    def scenario(self) -> Any:
        """The resolved scenario that is played."""
        return self.scenario_spec

    @scenario.setter
    def scenario(self, scenario: Any) -> None:
        """Take the scenario of its own kind that Mesa makes for every model, and no other one."""
        if isinstance(scenario, Scenario):
            raise AttributeError("a model keeps its scenario: make another model for another one")
        mesa.Model.scenario.fset(self, scenario)

    def __repr__(self) -> str:
        """Which run this is, and how far it is."""
        played, total = self.day - self.world.first, self.control.shape[-1]
        return (
            f"{type(self).__name__}({self.scenario_spec.name!r}, seed {self.seed_value}, replicate "
            f"{self.replicate}: {self.date:%Y-%m-%d}, {played} of {total} days played)"
        )

    # --- time

    @property
    def date(self) -> datetime:
        """The day that is being played or was played last, at 00:00; before that the first day."""
        n_days = min(max(self.steps, 1), self.control.shape[-1])
        return EPOCH + timedelta(days=self.world.first + n_days - 1)

    @property
    def finished(self) -> bool:
        """Whether the window's last day has been played."""
        return self.day > self.world.last

    def reset(self, replicate: int = 0, turns: Sequence[Turn] = ()) -> None:
        """Begin anew as another replicate: state, clock, events, generators, agents, commanders.

        What user code has put on the model is gone; `setup` puts it there again.

        Args:
            turns: As `follow` takes them.

        Raises:
            TypeError: a subclass has an `__init__` of its own, which cannot be done again.
        """
        if type(self).__init__ is not NorthernMali.__init__:
            name = type(self).__name__
            raise TypeError(
                f"{name} has an __init__ of its own, which reset() and run(replicate) cannot do "
                f"again: make a new {name} for each replicate, or move what it does to setup()"
            )
        self._begin(replicate)
        self.follow(turns)

    def _begin(self, replicate: int) -> None:
        """All as it is before the first day of a replicate, for the constructor and `reset`."""
        self.replicate = whole("replicate", replicate, 0, MAX_REPLICATE)
        for name in set(vars(self)) - self._ours if self._ours else ():
            delattr(self, name)
        self.key = key_of(self.seed_value, self.replicate)
        self._turns = ()
        self._arrived = -1
        self.params = copy_params(self.world.params)
        st.restore(self.state, self.world.state)
        self.ledger.used[0] = 0
        self.control[...] = -1
        for series in (self.series, self.war_series, self.people_series):
            np.asarray(series).view(np.uint8).fill(0)
        self.day = self.world.first
        self.running = True
        self._begin_mesa()
        self._ours = self._ours or frozenset(vars(self))
        if self._makers:
            self._populate()
        self._is_beginning = True
        try:
            self.setup()
        finally:
            self._is_beginning = False

    def _begin_mesa(self) -> None:
        """Generators of this seed and replicate, a clock at 0, no event, no agent, no observer."""
        self._seed = self.replicate << 64 | self.seed_value
        self._is_seeded = False
        self.step = self._wrapped_step  # type: ignore[method-assign]
        self.subscribers.clear()
        self.data_registry = DataRegistry()
        self._scheduled: list[Callable[..., Any]] = []
        self._datacollector: mesa.DataCollector | None = None
        self._set_clock(0)
        self._views: dict[type, list[Any]] = {}
        self._commanders: dict[str, Commander] = {}
        for agent in list(self._all_agents):
            self.deregister_agent(agent)
        self.agent_id_counter = 1

    def schedule_event(self, function: Callable[..., Any], **when: Any) -> Event:
        """Mesa's `schedule_event`, which would forget a function that nobody else holds."""
        self._scheduled.append(function)
        return super().schedule_event(function, **when)

    def schedule_recurring(self, function: Callable[..., Any], *when: Any, **how: Any) -> Any:
        """Mesa's `schedule_recurring`, which would forget a function that nobody else holds."""
        self._scheduled.append(function)
        return super().schedule_recurring(function, *when, **how)

    def _seed_generators(self) -> None:
        """Seed Mesa's generators when one is first used: no rule does."""
        if not self._is_seeded:
            self._is_seeded = True
            self._random.seed(self._seed)
            self.reset_rng(self._seed)

    @property
    def random(self) -> Random:
        """Mesa's generator of Python's kind, seeded by seed and replicate."""
        self._seed_generators()
        return self._random

    @random.setter
    def random(self, generator: Random) -> None:
        """Take the generator that Mesa makes for every model."""
        self._random = generator

    @property
    def rng(self) -> np.random.Generator:
        """Mesa's generator of NumPy's kind, seeded by seed and replicate."""
        self._seed_generators()
        return self._rng_of_numpy

    @rng.setter
    def rng(self, generator: np.random.Generator) -> None:
        """Take the generator that Mesa makes for every model."""
        self._rng_of_numpy = generator

    def _set_clock(self, steps: int) -> None:
        """Mesa's clock after so many steps, with no event but the next step."""
        events = self._event_list._events
        if len(events) == 1 and events[0] is self._default_schedule._current_event:
            self.steps, self.time = steps, float(steps)
            events[0].time = steps + 1.0
            return
        self._event_list = EventList()
        self._event_generators: set[EventGenerator] = set()
        self.steps, self.time = steps, float(steps)
        daily = Schedule(interval=1.0, start=steps + 1.0)
        self._default_schedule = EventGenerator(self, self._do_step, daily, Priority.HIGH).start()

    def step(self) -> None:
        """Play one day: commanders written in Python give their orders, then the rules run.

        Raises:
            RuntimeError: the window is over.
        """
        if self.finished:
            last = EPOCH + timedelta(days=self.world.last)
            raise RuntimeError(
                f"the window ended on {last:%Y-%m-%d}: call reset() or "
                "set a later `window.end` in the scenario"
            )
        self._make_room()
        self.begin_day()
        if self._commanders:
            deciding = [one.writes_orders for one in self._commanders.values()]
            self.state.sides["commanded"] = deciding
        for commander in self._commanders.values():
            if commander.writes_orders:
                commander.decide()
        self._play(self.day, self.day)

    def _make_room(self) -> None:
        """A ledger that is half full is copied into one of twice the size."""
        self._check_room()
        used, room = int(self.ledger.used[0]), len(self.ledger.rows)
        if 2 * used > room:
            self._enlarge(2 * room, used)

    def _enlarge(self, room: int, used: int) -> None:
        """A ledger of more room with the rows that are used."""
        rows, self.ledger = self.ledger.rows, log.new_ledger(room)
        self.ledger.rows[:used] = rows[:used]
        self.ledger.used[0] = used

    def _check_room(self) -> None:
        if log.overflowed(self.ledger):
            raise RuntimeError(
                f"{int(self.ledger.used[0])} things have happened, and the ledger has room for "
                f"{len(self.ledger.rows)}: user code wrote too many on one day"
            )

    def run(self, replicate: int | None = None, turns: Sequence[Turn] = ()) -> Record:
        """Play the window's remaining days and return the record: `step()` until `finished`.

        Where nothing but the compiled rules acts, all days are one call.

        Args:
            replicate: When given, the model is first reset to this replicate.
            turns: As `follow` takes them, for that replicate.

        Raises:
            RuntimeError: a `step()` of a subclass plays no day.
        """
        if replicate is not None:
            self.reset(replicate, turns)
        if self._needs_steps():
            while not self.finished:
                today = self.day
                self.step()
                if self.day == today:
                    name = type(self).__name__
                    raise RuntimeError(f"{name}.step() played no day: it must call super().step()")
        elif not self.finished:
            self._play_the_rest(as_reset=replicate is not None)
        return self.record()

    def _play_the_rest(self, as_reset: bool) -> None:
        """All days that are left in one call, again with more room if the ledger had too little.

        Args:
            as_reset: Whether the model is as `reset` leaves it, and so need not be kept.
        """
        start, used = self.day, int(self.ledger.used[0])
        luck = self.key, self.replicate, self._arrived
        before = None if as_reset else st.copy_state(self.state)
        self._play(start, self.world.last)
        while log.overflowed(self.ledger):
            self._enlarge(2 * int(self.ledger.used[0]), used)
            if before is None:
                self.reset(luck[1], self._turns)
            else:
                st.restore(self.state, before)
                self.key, self.replicate, self._arrived = luck
            self._play(start, self.world.last)
        self._set_clock(self.steps + self.day - start)

    def _needs_steps(self) -> bool:
        """Whether a step, commander, event or observer of a user acts between days."""
        mine = type(self)
        return (
            any(getattr(mine, name) is not getattr(NorthernMali, name) for name in STEPPING)
            or self.step != self._wrapped_step
            or any(commander.writes_orders for commander in self._commanders.values())
            or len(self._event_list) > 1
            or bool(self.subscribers)
        )

    def _play(self, start: int, stop: int) -> None:
        first, last = self.world.first, self.world.last
        for begin, end in self._stretches(start, stop):
            self.day = begin
            self.begin_day()
            what = (self.state, self.params, first, last, begin, end, self.key, self.ledger)
            core.run(*what, self.control, self.series, self.war_series, self.people_series)
        self.day = stop + 1
        self.running = not self.finished
        waiting = int(self.state.queue["waiting"][0])
        if waiting > len(self.state.tellings):
            raise RuntimeError(
                f"{waiting} claims wait to be said and the state has room for "
                f"{len(self.state.tellings)}"
            )

    def _stretches(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """The days from `start` to `stop` in parts, each of one luck and one scenario."""
        cuts = {turn.day for turn in self._turns} | {self._goes_on, start}
        begins = sorted(day for day in cuts if start <= day <= stop)
        yield from zip(begins, [*(day - 1 for day in begins[1:]), stop], strict=True)

    @property
    def _goes_on(self) -> int:
        """The day after the last one that is known; -1 if nothing is."""
        until = int(self.state.conflict["known_until"][0])
        return until + 1 if until >= 0 else -1

    def begin_day(self) -> None:
        """What changes before a day is played: the luck of a run that follows turns, and on the
        day after the past the scenario. `step` and `run` do it; done twice it is done once.

        Raises:
            BatchError: the run has a past and follows no particle.
        """
        if self._goes_on < 0 or self._arrived == self.day:
            return
        if not self._turns:
            raise BatchError(
                f"{self.scenario_spec.name} goes on from what was known on "
                f"{self.scenario_spec.known.until}, and this run follows no particle: let "
                "camphandover.run play it, or follow(camphandover.origin(scenario).turns(0))"
            )
        self._arrived = self.day
        for turn in self._turns[1:]:
            if turn.day == self.day:
                self.key = key_of(self.seed_value, turn.replicate, turn.stage)
                self.replicate = turn.replicate
                self._seed = turn.stage << 96 | turn.replicate << 64 | self.seed_value
                self._is_seeded = False
                if self._views:
                    self._seed_generators()
        if self.day == self._goes_on:
            go_on(self.state, self.params, self.scenario_spec, self.theatre)

    def record(self) -> Record:
        """Copies of what has been recorded so far.

        Raises:
            RuntimeError: user code wrote more into the ledger on one day than there is room for.
        """
        self._check_room()
        n = int(self.ledger.used[0])
        return Record(
            self.control.copy(),
            self.series.copy(),
            self.war_series.copy(),
            self.people_series.copy(),
            self.ledger.rows[:n].copy(),
        )

    def fork(self) -> Self:
        """An independent model in the same state: both go on alike until one is changed.

        All is copied: the clock, its events, the generators, and what commanders and subclasses
        remember.

        Raises:
            TypeError: an event calls a function that is no method of the model or of its agents,
                and would act on this model; or something that user code holds cannot be copied.
        """
        self._check_independent()
        known: dict[int, Any] = {
            id(kept): kept for kept in (self.theatre, self.scenario_spec, self.world)
        }
        known[id(self.params)] = copy_params(self.params)
        try:
            return copy.deepcopy(self, known)
        except TypeError as error:
            raise TypeError(f"{self!r} cannot be forked: {error}") from error

    def _check_independent(self) -> None:
        """Refuse to fork what user code holds and would act on this model from its copy."""
        due = [event.fn() for event in self._event_list._events if not event.CANCELED]
        loose = [what for what in due if what is not None and not isinstance(what, MethodType)]
        mine = {key: what for key, what in vars(self).items() if key not in self._ours}
        held = [mine, self._datacollector, self.step]
        held += [vars(agent) for agent in self._all_agents]
        acts = "would act on the model that is forked"
        if loose:
            name = getattr(loose[0], "__qualname__", repr(loose[0]))
            why = f" while {name} is scheduled: it is no method of the model or of an agent, "
            why += f"and {acts}"
        elif self.subscribers:
            why = " while it is observed: observe the fork"
        elif (found := _bound_to(self, held, {id(self)})) is not None:
            why = f": {found!r} holds the model or an agent, and {acts}; write it as a method"
        else:
            return
        raise TypeError(f"{self!r} cannot be forked{why}")

    # --- agents as views

    def _populate(self) -> None:
        """Make the agents, all at once and in one order, when the first of them is asked for."""
        if self._views:
            return
        self._seed_generators()  # sets of agents hold the generator itself
        for kind in VIEWS:
            n_rows = len(getattr(self.state, kind.table_name))
            self._views[kind] = [kind(self, row) for row in range(n_rows)]
        for side in st.Side:
            name = side.name.lower()
            commander = self._makers.get(name, COMMANDERS[side])(self, side)
            if not isinstance(commander, Commander):
                raise TypeError(f"commanders[{name!r}] made {commander!r}, which is no Commander")
            self._commanders[name] = commander

    def _own[V: View](self, kind: type[V]) -> list[V]:
        """The model's own agents of a kind, in the order of their rows."""
        self._populate()
        return self._views[kind]

    def register_agent(self, agent: mesa.Agent) -> None:
        """Take in an agent; called by Mesa. One of a user comes after the model's own."""
        if not isinstance(agent, View):
            self._populate()
        super().register_agent(agent)

    @property
    def agents(self) -> AgentSet:
        """All agents: bases, units (also those without men), people, sides, politics, commanders,
        and those of user code."""
        self._populate()
        return super().agents

    @property
    def agent_types(self) -> list[type]:
        """The types of all agents."""
        self._populate()
        found: list[type] = super().agent_types
        return found

    @property
    def agents_by_type(self) -> dict[type, AgentSet]:
        """All agents by their type."""
        self._populate()
        found: dict[type, Any] = super().agents_by_type
        return found

    @property
    def commanders(self) -> Mapping[str, Commander]:
        """The commanders by the name of their side."""
        self._populate()
        return MappingProxyType(self._commanders)

    @property
    def bases(self) -> AgentSet:
        """The places as agents, in the order of places.csv."""
        return AgentSet(self._own(Base), random=self.random)

    @property
    def units(self) -> AgentSet:
        """The units that have men, as agents."""
        units = self._own(Unit)
        return AgentSet([unit for unit in units if unit.men > 0], random=self.random)

    @property
    def populations(self) -> AgentSet:
        """The people of each place as one agent, in the order of places.csv."""
        return AgentSet(self._own(People), random=self.random)

    @property
    def sides(self) -> AgentSet:
        """The sides with their books, in the order of `state.Side`."""
        return AgentSet(self._own(SideBooks), random=self.random)

    @property
    def politics(self) -> Politics:
        """The conflict as a whole: escalation, truce, relations of the armed groups."""
        return self._own(Politics)[0]

    def people(self, place: str) -> People:
        """The people of a place.

        Raises:
            TheatreError: no such place; the message suggests one.
        """
        return self._own(People)[self.theatre.index(place)]

    def side(self, name: str) -> SideBooks:
        """The side of this name.

        Raises:
            ValueError: no such side.
        """
        return self._own(SideBooks)[side_of(name)]

    def base(self, place: str) -> Base:
        """The base of this name.

        Raises:
            TheatreError: no such place; the message suggests one.
        """
        return self._own(Base)[self.theatre.index(place)]

    # --- data by day

    @property
    def datacollector(self) -> mesa.DataCollector:
        """A user's own collector, or what the model records of each day anyhow: seed, replicate,
        who has each camp (`camp Kidal`), dead, rung, civilians killed, displaced people."""
        return daily_collector(self) if self._datacollector is None else self._datacollector

    @datacollector.setter
    def datacollector(self, collector: mesa.DataCollector) -> None:
        """Take a user's own collector."""
        self._datacollector = collector


def daily_collector(model: NorthernMali) -> mesa.DataCollector:
    """What the model has recorded of the days so far, as Mesa's tools read it."""
    n = int(model.day) - model.world.first
    names = [holder.name.lower() for holder in st.Holder]
    camps = model.control[:, st.Slot.CAMP, :n]
    values: dict[str, list[Any]] = {
        "seed": [model.seed_value] * n,
        "replicate": [model.replicate] * n,
    }
    for place, codes in zip(model.world.places, camps, strict=True):
        values[f"camp {place}"] = [names[code] for code in codes]
    war = model.war_series[:n]
    values["dead"] = model.series["dead"][:n].sum(axis=1).tolist()
    values |= {name: war[name].tolist() for name in ("rung", "civilians_killed", "displaced")}
    collector = mesa.DataCollector(dict.fromkeys(values, "date"))
    collector.model_vars.update(values)
    collector._collection_steps.extend(range(1, n + 1))
    return collector


def _bound_to(model: NorthernMali, value: Any, seen: set[int]) -> Any:
    """The first function or reference in a value that a copy of it would share with the model."""
    if id(value) in seen or isinstance(value, (MethodType, mesa.Agent, mesa.Model)):
        return None
    seen.add(id(value))
    if isinstance(value, weakref.ref):
        return value if _is_of(model, value()) else None
    parts: list[Any] = []
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if cell != CellType()]
        parts = [*cells, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
        if any(_is_of(model, part) for part in parts):
            return value
    elif isinstance(value, partial):
        parts = [value.func, value.args, value.keywords]
        if isinstance(value.func, FunctionType) and any(_is_of(model, one) for one in value.args):
            return None  # its arguments are copied with it
    elif isinstance(value, Mapping):
        parts = list(value.values())
    elif isinstance(value, (list, tuple, set, frozenset)):
        parts = list(value)
    elif isinstance(value, mesa.DataCollector):
        parts = [vars(value)]
    return next((one for part in parts if (one := _bound_to(model, part, seen)) is not None), None)


def _is_of(model: NorthernMali, value: Any) -> bool:
    """Whether something is the model, one of its agents, or a method of either."""
    owner = value.__self__ if isinstance(value, MethodType) else value
    return owner is model or (isinstance(owner, mesa.Agent) and owner.model is model)


def _checked_makers(commanders: Mapping[str, CommanderMaker]) -> dict[str, CommanderMaker]:
    """The makers of commanders by side, if the sides are known and each can be called."""
    for name, maker in commanders.items():
        side_of(name)
        if not callable(maker):
            raise TypeError(
                f"commanders[{name!r}] is {maker!r}: a class that makes a Commander is right, "
                "of which each replicate has its own"
            )
    return dict(commanders)
