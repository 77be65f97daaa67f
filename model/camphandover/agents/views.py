"""Mesa agents that are views on rows of the state: units, bases, people, sides, politics."""

import operator
from collections.abc import Callable
from datetime import date, timedelta
from enum import IntEnum
from typing import Any, ClassVar

import mesa
import numpy as np

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.deploy import World, day_number
from camphandover.core.draws import Key
from camphandover.core.now import Now, at
from camphandover.core.parameters import Params
from camphandover.errors import BatchError
from camphandover.facts import Theatre
from camphandover.inputs import day, shown, whole

MAX_MEN = 100_000
"""More than all sides of the conflict have together."""
MAX_DAYS_AHEAD = 3650


class Run(mesa.Model):
    """A run as its agents know it: the tables, what decides them, the next day, the ledger."""

    theatre: Theatre
    world: World
    state: st.State
    params: Params
    key: Key
    ledger: log.Ledger
    day: int

    def now(self) -> Now:
        """The day that comes next, as rules take it."""
        window = self.world.first, self.world.last
        found: Now = at(self.state, self.params, self.key, self.ledger, *window, int(self.day))
        return found

    def note(self, kind: int, **cells: float) -> int:
        """Write a row of what is done from outside between two days; returns its number."""
        return log.write(self.ledger, float(self.day * st.HOURS), int(kind), **cells)


def code_of[E: IntEnum](kind: type[E], name: Any, told: str) -> E:
    """The code of this name.

    Raises:
        ValueError: no such name; `told` is how the message begins.
    """
    codes = {code.name.lower(): code for code in kind}
    if not isinstance(name, str) or name.lower() not in codes:
        raise BatchError(f"{told} {name!r}: {', '.join(codes)} are right")
    return codes[name.lower()]


def side_of(name: Any) -> st.Side:
    """The side of this name.

    Raises:
        ValueError: no such side.
    """
    return code_of(st.Side, name, "no side is named")


Reading = Callable[["View", Any], Any]
"""What an attribute tells, from the agent and the cell of its row."""


def _named(kind: type[IntEnum]) -> Reading:
    return lambda agent, code: kind(code).name.lower()


def _place(agent: "View", code: int) -> str:
    return agent.model.world.places[code]


class Column:
    """Descriptor: an agent's attribute that reads a cell of its row; it cannot be assigned."""

    def __init__(self, doc: str, cell: str | None = None, reading: Reading | None = None) -> None:
        self.__doc__ = doc
        self.cell = cell
        self.reading = reading

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the attribute's name as the cell's, unless another was given."""
        self.name = name
        self.cell = self.cell or name

    def __get__(self, agent: Any, owner: type | None = None) -> Any:
        """The cell's value as a plain Python number, or what is read from it."""
        if agent is None:
            return self
        value = agent.table[self.cell][agent.row].item()
        return value if self.reading is None else self.reading(agent, value)

    def __set__(self, agent: Any, value: Any) -> None:
        """Refuse: rows change through documented methods."""
        raise AttributeError(
            f"{self.name} is a view on the state; "
            f"use a method of {type(agent).__name__} to change it"
        )


class View(mesa.Agent):
    """An agent whose attributes are the cells of one row of a table."""

    model: Run
    table_name: ClassVar[str]
    told: ClassVar[tuple[str, ...]]
    """Attributes that its `repr` tells."""

    def __init__(self, model: Run, row: int) -> None:
        super().__init__(model)
        self.row = row

    def __repr__(self) -> str:
        """What it is and how it stands."""
        told = ", ".join(f"{key} {getattr(self, key)}" for key in self.told)
        return f"{type(self).__name__}({getattr(self, 'name', f'row {self.row}')}: {told})"

    def remove(self) -> None:
        """Refuse: the row that the agent shows would stay and act on.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            f"{self!r} cannot be removed: it shows a row of the state, which would stay and act "
            "on. What is to be missing from the first day on is left out by the scenario"
        )

    @property
    def table(self) -> Any:
        """The table that holds the row."""
        return getattr(self.model.state, self.table_name)


class Unit(View):
    """A unit of a side (R1.2): a view on a row of `state.units`."""

    table_name = "units"
    told = ("side", "place", "men")
    side = Column("Name of its side.", reading=_named(st.Side))
    kind = Column("Kind of unit.", reading=_named(st.Kind))
    place = Column("Name of the place where it is, or that it passed last.", reading=_place)
    home = Column("Name of the place to which it returns.", reading=_place)
    men = Column("Fit men.")
    vehicles = Column("Vehicles.")
    quality = Column("Quality e of R1.2.")
    supply = Column("Stock, days.")

    @property
    def on_the_road(self) -> bool:
        """Whether it marches with a column."""
        column = int(self.table["column"][self.row])
        return column >= 0 and self.model.state.columns["status"][column] == st.MOVING

    def reinforce(self, men: int) -> None:
        """Add recruits; they are booked as such (I1).

        Raises:
            BatchError: no whole number from 0 to 100,000.
        """
        men = whole("men", men, 0, MAX_MEN)
        row = self.table[self.row]
        row.men += men
        self.model.state.sides["recruited"][row.side] += men
        self.model.note(log.REINFORCED, side=row.side, place=row.place, entity=self.row, amount=men)


class InPlace(View):
    """A view on a row of which each place has one."""

    @property
    def name(self) -> str:
        """The place's name."""
        return self.model.world.places[self.row]


class Base(InPlace):
    """A place with its two slots: a view on a row of `state.places`."""

    table_name = "places"
    told = ("camp_holder", "town_holder")
    symbolic = Column("Symbolic value, 0-1.")
    airstrip = Column("1 when it has a strip.")
    un_camp = Column("1 when the UN had a camp here on 1 August 2023.")
    camp_holder = Column("Who holds the camp.", reading=_named(st.Holder))
    town_holder = Column("Who holds the town.", reading=_named(st.Holder))

    def men_of(self, side: str) -> int:
        """Fit men of a side who are here and not on the road.

        Raises:
            ValueError: no such side.
        """
        units, columns = self.model.state.units, self.model.state.columns
        here = units[(units["side"] == side_of(side)) & (units["place"] == self.row)]
        moving = (here["column"] >= 0) & (columns["status"][here["column"]] == st.MOVING)
        return int(here["men"][~moving].sum())

    def set_handover(
        self, receiver: str | None = None, exit_day: date | str | int | None = None
    ) -> None:
        """Change who is to receive the camp, or the day on which the UN leaves.

        An intervention between days: it works from the next day on.

        Args:
            receiver: `army`, `separatists`, `joint`, `empty` or `race`.
            exit_day: A date, its text, or whole days since 1970-01-01, not before the next day
                that is played.

        Raises:
            ValueError: the UN has no camp here any more, the receiver is unknown, or the day is
                past.
        """
        row = self.table[self.row]
        if not row.un_camp or row.exit_hour < st.NEVER:
            raise ValueError(f"the UN has no camp at {self.name} now")
        given = row.receiver if receiver is None else code_of(st.Receiver, receiver, "receiver is")
        if exit_day is not None:
            row.plan_day = row.exit_day = _day_from(exit_day, int(self.model.day))
        row.receiver = given


def _day_from(value: date | str | int, first: int) -> int:
    """A day as days since 1970, not before `first`."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = day_number(day("exit_day", value))
    if isinstance(value, bool) or not first <= number <= first + MAX_DAYS_AHEAD:
        earliest = date(1970, 1, 1) + timedelta(days=first)
        raise BatchError(
            f"exit_day is {shown(value)}: a day from {earliest} on, the next that is played, is "
            f"needed (as a number {first} or more)."
        )
    return number


class People(InPlace):
    """The people of a place as one agent (R4): a view on a row of `state.people`.

    A group, not persons: what it does is the average of many (grievance, flight, joining).
    """

    table_name = "people"
    told = ("residents", "hosted")
    residents = Column("People of the place who are at home.")
    away = Column("People of the place who are displaced, in Mali and abroad.")
    hosted = Column("Displaced people of other places.")
    killed = Column("Civilians killed here since the first day.", "dead")
    recruited = Column("Men of the place who have joined armed groups.")
    active = Column("Share of adults who would rebel, 0-1 (R4.3).")
    harm_by_army = Column(
        "Civilians killed by army and Wagner, half of them forgotten in a half-life.", "harm_army"
    )
    aided = Column("Share of victims whom aid reaches (R7.4).")

    @property
    def fuel_price(self) -> float:
        """Price of fuel over that before a blockade (R5.6)."""
        return float(np.exp(self.model.state.places["fuel"][self.row]))


class SideBooks(View):
    """A side as an agent: what it feels, has lost, and says; a view on a row of `state.sides`."""

    table_name = "sides"
    told = ("morale", "dead")
    morale = Column("Morale, 0-1 (R7.3).")
    dead = Column("Men dead since the first day.")
    wounded = Column("Men wounded since the first day.")
    recruited = Column("Men recruited since the first day.")
    claimed_dead = Column("Own dead since the first day, as the side tells (R9.1).", "claimed")
    charged_dead = Column("Enemies' dead since the first day, as the side tells.", "charged")
    civilians_killed = Column("Civilians that the side has killed.", "civilians")
    strikes = Column("Air strikes flown (R3.2).")
    aircraft = Column("Manned aircraft at hand (R3.4).", "planes")
    drones = Column("Drones at hand.")

    @property
    def name(self) -> str:
        """Name of the side."""
        return st.Side(self.row).name.lower()


class Politics(View):
    """The conflict as a whole (R5.5, R7): a view on the one row of `state.conflict`."""

    table_name = "conflict"
    told = ("rung", "truce", "relations")
    rung = Column("Rung of escalation: 0 the accord works, 3 declared war, 5 it has ended.")
    legitimacy = Column("Legitimacy of the state in the north without rally, 0-1 (R7.3).")
    abroad = Column("Displaced people abroad.")
    truce = Column("Whether a truce holds.", reading=lambda agent, code: bool(code))
    relations = Column(
        "How separatists and GSIM stand to each other: clash, tacit, coordinated or merged.",
        "relation",
        _named(st.Relation),
    )

    def set_truce(self, holds: bool) -> None:
        """Impose a truce, or end the one that holds: an intervention between days (R6.6)."""
        self.model.note(log.TRUCE if holds else log.BREACH, amount=holds)
        self.table["truce"][self.row] = int(holds)

    def set_relations(self, relations: str) -> None:
        """Change how separatists and GSIM stand to each other: an intervention (R5.5).

        Raises:
            ValueError: a relation that is not known.
        """
        relation = code_of(st.Relation, relations, "relations is")
        row = self.table[self.row]
        row.relation_cause = self.model.note(log.RELATION, amount=relation)
        row.relation = relation
