"""Mesa agents that decide: a commander for each side, with what it can see and hear."""

from datetime import datetime, timedelta
from typing import NamedTuple

import mesa
import numpy as np

from camphandover.agents.views import MAX_DAYS_AHEAD, MAX_MEN, Run, Unit
from camphandover.core import ledger as log
from camphandover.core import now as moment
from camphandover.core import state as st
from camphandover.core.draws import Decision
from camphandover.core.rules.combat import perceived
from camphandover.core.rules.strategy import garrison_need, place_order
from camphandover.inputs import whole


class Claim(NamedTuple):
    """Something that was said and could be heard (R9).

    Attributes:
        kind: `claim_losses`, `revision`, `silence`, `claim_control`, `denial` or `confirmed`.
        time: When it became known.
        side: Who says it; None for observers.
        about: Whose losses it tells, or None.
        place: Where, as it was said.
        amount: Dead, for claims and revisions of losses; else nan.
        holder: Who has the place, as it was said; None if it is not about that.
    """

    kind: str
    time: datetime
    side: str | None
    about: str | None
    place: str
    amount: float
    holder: str | None


_SAID = ("CLAIM_LOSSES", "SILENCE", "REVISION", "CLAIM_CONTROL", "DENIAL", "CONFIRMED")
SAID = tuple(log.Kind[name] for name in _SAID)
"""Kinds of ledger row that anybody can hear; the others are the truth, which nobody is told."""


class Commander(mesa.Agent):
    """Decides for one side. The doctrine of these classes is compiled; subclass and write
    `decide()` in plain Python to take over: it is called at the beginning of every day.

    What the side can know comes from `own_units`, `sees`, `hears` and the bases' holders: enemies
    are seen with an error (R5.1), losses are known as they are told (R9). `self.model.state` is
    the truth, which no commander has.

    Each replicate makes a commander of its own, so that what one remembers (`self.raids += 1`)
    ends with its run; draws from `self.random` differ by seed and replicate. What all replicates
    are to share, such as a table, stands in an attribute of the class or comes with
    `functools.partial`, and is only read: a batch refuses a model whose replicates depend on one
    another.
    """

    model: Run

    def __init__(self, model: Run, side: st.Side) -> None:
        super().__init__(model)
        self.side = side

    @property
    def name(self) -> str:
        """Name of the side."""
        return self.side.name.lower()

    @property
    def writes_orders(self) -> bool:
        """Whether a subclass has written `decide()`: then the compiled doctrine is silent."""
        return getattr(self.decide, "__func__", None) is not Commander.decide

    def __repr__(self) -> str:
        """Its class and its side."""
        return f"{type(self).__name__}({self.name})"

    def remove(self) -> None:
        """Refuse: its side would go on with its orders.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"{self!r} cannot be removed: a side has one commander, who stays")

    @property
    def escalation(self) -> int:
        """Rung of the ladder (R7.1) as it binds behaviour today."""
        conflict = self.model.state.conflict[0]
        return int(conflict.rung) - int(conflict.truce > 0)

    def decide(self) -> None:
        """Turn what the commander can see into orders; override it.

        See `bases`, `own_units()`, `order_raid()`, `order_transfer()`.
        """

    def sees(self, place: str) -> dict[str, float]:
        """Power of the side's enemies at a place as it sees it today: truth x log-normal error.

        The error is the one with which the compiled doctrine chooses its targets (R5.1).

        Returns:
            Men x quality x supply effect by bloc (`army`, `separatists`, `gsim`); empty if no
            enemy is there.
        """
        model, row = self.model, self._row(place)
        hostile = getattr(moment.hostile, "py_func", moment.hostile)
        now, whose = model.now(), (int(Decision.PERCEPTION), int(self.side), row)
        seen = {}
        for other in range(st.N_BLOCS - 1):
            power = float(model.state.presence["power"][other, row])
            if power > 0.0 and hostile(now, int(st.BLOC_OF_SIDE[self.side]), other):
                seen[st.Holder(other).name.lower()] = float(perceived(now, *whose, power))
        return seen

    def hears(self, days: int = 7) -> list[Claim]:
        """What has become known in the last days: claims of losses and control, confirmations.

        Args:
            days: How far back to listen.
        """
        model = self.model
        days = whole("days", days, 0, MAX_DAYS_AHEAD)
        now = model.day * st.HOURS
        rows = model.ledger.rows[: int(model.ledger.used[0])]
        recent = (rows["hour"] < now) & (rows["hour"] >= now - days * st.HOURS)
        told = rows[recent & np.isin(rows["kind"], SAID)]
        return [self._claim(row) for row in told[np.argsort(told["hour"], kind="stable")]]

    def _claim(self, row: np.void) -> Claim:
        kind = log.Kind(int(row["kind"]))
        losses = kind in (log.Kind.CLAIM_LOSSES, log.Kind.REVISION)
        return Claim(
            kind=kind.label,
            time=datetime(1970, 1, 1) + timedelta(hours=float(row["hour"])),
            side=_side_name(row["side"]),
            about=_side_name(row["about"]),
            place=self.model.world.places[int(row["place"])],
            amount=float(row["amount"]) if losses else float("nan"),
            holder=None if row["after"] < 0 else st.Holder(int(row["after"])).name.lower(),
        )

    def own_units(self) -> list[Unit]:
        """The side's units that have men."""
        units = self.model.agents_by_type[Unit]
        return [unit for unit in units if unit.men > 0 and unit.side == self.name]

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
        return float(garrison_need(self.model.now(), self._row(place)))

    def _row(self, place: str) -> int:
        return self.model.theatre.index(place)

    def _order(
        self, mission: int, origin: str, target: str, men: int, vehicles: int, surprise: int
    ) -> None:
        model = self.model
        men = whole("men", men, 0, MAX_MEN)
        vehicles = whole("vehicles", vehicles, 0, MAX_MEN)
        here, there = self._row(origin), self._row(target)
        row = model.note(log.ORDER, side=self.side, place=there, amount=men, mission=mission)
        place_order(model.now(), int(self.side), mission, here, there, men, vehicles, surprise, row)


def _side_name(code: int) -> str | None:
    """Name of a side, None for a negative code."""
    return None if code < 0 else st.Side(int(code)).name.lower()


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
