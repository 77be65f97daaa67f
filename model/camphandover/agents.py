"""Mesa agents: commanders that decide, and units and bases as views on their rows."""

from typing import TYPE_CHECKING, Any, ClassVar

import mesa

from camphandover import ledger as log
from camphandover import state as st
from camphandover.rules.strategy import garrison_need, place_order

if TYPE_CHECKING:
    from camphandover.model import NorthernMali


class Column:
    """Descriptor: an agent's attribute that reads a cell of its row; it cannot be assigned."""

    def __init__(self, doc: str, cell: str | None = None) -> None:
        self.__doc__ = doc
        self.cell = cell

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the attribute's name as the cell's, unless another was given."""
        self.name = name
        self.cell = self.cell or name

    def __get__(self, agent: Any, owner: type | None = None) -> Any:
        """The cell's value as a plain Python number."""
        if agent is None:
            return self
        return agent.table[self.cell][agent.row].item()

    def __set__(self, agent: Any, value: Any) -> None:
        """Refuse: rows change through documented methods."""
        raise AttributeError(
            f"{self.name} is a view on the state; "
            f"use a method of {type(agent).__name__} to change it"
        )


class View(mesa.Agent):
    """An agent whose attributes are the cells of one row of a table."""

    model: "NorthernMali"
    table_name: ClassVar[str]

    def __init__(self, model: "NorthernMali", row: int) -> None:
        super().__init__(model)
        self.row = row

    @property
    def table(self) -> Any:
        """The table that holds the row."""
        return getattr(self.model.state, self.table_name)


class Unit(View):
    """A unit of a side (R1.2): a view on a row of `state.units`."""

    table_name = "units"
    men = Column("Fit men.")
    vehicles = Column("Vehicles.")
    quality = Column("Quality e of R1.2.")
    supply = Column("Stock, days.")

    @property
    def side(self) -> str:
        """Name of its side."""
        return st.Side(int(self.table["side"][self.row])).name.lower()

    @property
    def kind(self) -> str:
        """Kind of unit."""
        return st.Kind(int(self.table["kind"][self.row])).name.lower()

    @property
    def place(self) -> str:
        """Name of the place where it is, or that it passed last."""
        return self.model.world.places[int(self.table["place"][self.row])]

    @property
    def home(self) -> str:
        """Name of the place to which it returns."""
        return self.model.world.places[int(self.table["home"][self.row])]

    @property
    def on_the_road(self) -> bool:
        """Whether it marches with a column."""
        column = int(self.table["column"][self.row])
        return column >= 0 and self.model.state.columns["status"][column] == st.MOVING

    def reinforce(self, men: int) -> None:
        """Add recruits; they are booked as such (I1).

        Raises:
            ValueError: a negative number.
        """
        if men < 0:
            raise ValueError(f"men is {men}: a number of recruits, 0 or more, is right")
        self.table["men"][self.row] += men
        side = int(self.table["side"][self.row])
        self.model.state.sides["recruited"][side] += men
        hour, place = float(self.model.day * st.HOURS), int(self.table["place"][self.row])
        log.note(
            self.model.ledger,
            hour,
            log.REINFORCED,
            side,
            place,
            self.row,
            float(men),
            float("nan"),
            -1,
        )


class Base(View):
    """A place with its two slots: a view on a row of `state.places`."""

    table_name = "places"
    symbolic = Column("Symbolic value, 0-1.")
    airstrip = Column("1 when it has a strip.")
    un_camp = Column("1 when the UN had a camp here on 1 August 2023.")

    @property
    def name(self) -> str:
        """The place's name."""
        return self.model.world.places[self.row]

    @property
    def camp_holder(self) -> str:
        """Who holds the camp."""
        return st.Holder(int(self.table["camp_holder"][self.row])).name.lower()

    @property
    def town_holder(self) -> str:
        """Who holds the town."""
        return st.Holder(int(self.table["town_holder"][self.row])).name.lower()

    def men_of(self, side: str) -> int:
        """Fit men of a side who are here and not on the road."""
        return sum(
            unit.men
            for unit in self.model.units
            if unit.side == side and unit.place == self.name and not unit.on_the_road
        )

    def set_handover(self, receiver: str | None = None, exit_day: int | None = None) -> None:
        """Change who is to receive the camp, or the day (since 1970) on which the UN leaves.

        An intervention between days: it works from the next day on.

        Raises:
            ValueError: the UN has no camp here any more, or the receiver is unknown.
        """
        row = self.table[self.row]
        if not row.un_camp or row.exit_hour < st.NEVER:
            raise ValueError(f"the UN has no camp at {self.name} now")
        if receiver is not None:
            names = {kind.name.lower(): kind for kind in st.Receiver}
            if receiver not in names:
                raise ValueError(f"receiver is {receiver!r}: {', '.join(names)} are right")
            row.receiver = names[receiver]
        if exit_day is not None:
            row.plan_day = row.exit_day = exit_day


class Commander(mesa.Agent):
    """Decides for one side. The doctrine of these classes is compiled; subclass and write
    `decide()` in plain Python to take over: it is called at the beginning of every day.
    """

    model: "NorthernMali"

    def __init__(self, model: "NorthernMali", side: st.Side) -> None:
        super().__init__(model)
        self.side = side

    @property
    def name(self) -> str:
        """Name of the side."""
        return self.side.name.lower()

    @property
    def writes_orders(self) -> bool:
        """Whether a subclass has written `decide()`: then the compiled doctrine is silent."""
        return type(self).decide is not Commander.decide

    @property
    def escalation(self) -> int:
        """Rung of the ladder (R7.1) as it binds behaviour today."""
        conflict = self.model.state.conflict[0]
        return int(conflict.rung - conflict.truce)

    def decide(self) -> None:
        """Turn what the commander can see into orders; override it.

        See `bases`, `own_units()`, `order_raid()`, `order_transfer()`.
        """

    def own_units(self) -> list[Unit]:
        """The side's units that have men."""
        return [unit for unit in self.model.units if unit.side == self.name]

    def order_raid(self, origin: str, target: str, men: int, vehicles: int = 50) -> None:
        """Send a raid of at most these men and vehicles from `origin` against `target`."""
        self._order(st.RAID, origin, target, men, vehicles, 1)

    def order_assault(self, origin: str, target: str, men: int, vehicles: int = 1000) -> None:
        """Send an offensive column that means to take and keep each hostile base on its road."""
        self._order(st.OFFENSIVE, origin, target, men, vehicles, 0)

    def order_occupation(self, origin: str, target: str, men: int, vehicles: int = 1000) -> None:
        """Send men to stand in a place, and fight for it if they must."""
        self._order(st.OCCUPY, origin, target, men, vehicles, 0)

    def order_transfer(self, origin: str, target: str, men: int, vehicles: int = 1000) -> None:
        """Move men between places; they turn back if the target is the enemy's."""
        self._order(st.TRANSFER, origin, target, men, vehicles, 0)

    def need_at(self, place: str) -> float:
        """Men that the garrison rule (R5.4) keeps at a place."""
        return float(garrison_need(self.model.state, self.model.params, self._row(place)))

    def _row(self, place: str) -> int:
        return self.model.theatre.index(place)

    def _order(
        self, mission: int, origin: str, target: str, men: int, vehicles: int, surprise: int
    ) -> None:
        model = self.model
        here, there = self._row(origin), self._row(target)
        row = log.note(
            model.ledger,
            float(model.day * st.HOURS),
            log.ORDER,
            int(self.side),
            there,
            -1,
            float(men),
            float("nan"),
            -1,
        )
        if row < len(model.ledger.rows):
            model.ledger.rows["mission"][row] = mission
        place_order(model.state, int(self.side), mission, here, there, men, vehicles, surprise, row)


class ArmyCommander(Commander):
    """The Malian army: garrisons, reliefs, the race for camps and the offensive (R5.3, R5.4)."""


class WagnerCommander(Commander):
    """Wagner: its teams march under the army's orders unless a subclass decides (R1.2)."""


class SeparatistCommander(Commander):
    """The separatists (CMA, CSP): raids by tempo and utility, entry into left camps."""


class GsimCommander(Commander):
    """GSIM: complex attacks by tempo and utility (R5.1, R5.2)."""


class UnCommander(Commander):
    """The UN mission: leaves each camp by plan, early, or at the deadline (R6.1-R6.6)."""


class PartnersCommander(Commander):
    """Partners under the charter of 16 September 2023; none is deployed until R8.1 asks."""


COMMANDERS: dict[st.Side, type[Commander]] = {
    st.Side.ARMY: ArmyCommander,
    st.Side.WAGNER: WagnerCommander,
    st.Side.SEPARATISTS: SeparatistCommander,
    st.Side.GSIM: GsimCommander,
    st.Side.MINUSMA: UnCommander,
    st.Side.PARTNERS: PartnersCommander,
}
