"""The live model: one run played day by day, who has what so far, and the ledger in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import mesa
import numpy as np

from camphandover.agents.model import EPOCH, NorthernMali
from camphandover.batch.cubes import HOLDERS, SIDES
from camphandover.batch.ledgers import MISSIONS, MS_PER_HOUR, SLOTS
from camphandover.core import state as st
from camphandover.core.ledger import Kind
from camphandover.measure.events import NATURES, Event, nature, sentence, when
from camphandover.scenario import Scenario

UNSEEN_IF_NIL = (Kind.LOSSES, Kind.ABUSE, Kind.ABUSE_SELECTIVE)
"""Kinds of row that say nothing if nobody died."""


@dataclass(frozen=True)
class Line:
    """A row of the ledger as the page shows it.

    Attributes:
        row: Its number.
        when: Date and hour.
        what: What happened.
        why: What the row that caused it says; of a root, what decided it.
    """

    row: int
    when: str
    what: str
    why: str


class LiveModel(NorthernMali):
    """The model as the page plays it: always of the scenario that is chosen when it is made.

    Args:
        start: Gives the scenario and the seed.
        replicate: Number of the run.
    """

    def __init__(self, start: Callable[[], tuple[Scenario, int]], replicate: int = 0) -> None:
        scenario, seed = start()
        super().__init__(scenario, seed, replicate)

    @property
    def scenario(self) -> Any:
        """Mesa's own scenario, which SolaraViz wants to see; ours is `scenario_spec`."""
        return self._scenario

    @scenario.setter
    def scenario(self, scenario: Any) -> None:
        mesa.Model.scenario.fset(self, scenario)

    def _advance_time(self, until: float) -> None:
        """Let Mesa's clock stand still once the window is over, so that a step does nothing."""
        if not self.finished:
            super()._advance_time(until)


def days_played(model: NorthernMali) -> int:
    """Days of the window that have been played."""
    return int(model.day) - model.world.first


def today(model: NorthernMali) -> date:
    """The day at whose end the model stands; the first day if none has been played."""
    played = max(days_played(model), 1)
    return (EPOCH + timedelta(days=model.world.first + played - 1)).date()


def status(model: NorthernMali) -> str:
    """Which run this is and how far it is, in a line."""
    played, total = days_played(model), model.control.shape[-1]
    return (
        f"{model.scenario_spec.name}, run {model.replicate}, seed {model.seed_value}: "
        f"{moment(model)}, {played} of {total} days played"
    )


def moment(model: NorthernMali) -> str:
    """Where the model stands: `evening of 3 August 2023`, or `before` the first day."""
    day = today(model)
    return f"{'evening of' if days_played(model) else 'before'} {day.day} {day:%B %Y}"


def holders(model: NorthernMali, slot: st.Slot = st.Slot.CAMP) -> dict[str, str]:
    """Who has the slot of each place now."""
    codes = model.state.places["camp_holder" if slot is st.Slot.CAMP else "town_holder"]
    return {
        place: st.Holder(int(code)).name.lower()
        for place, code in zip(model.world.places, codes, strict=True)
    }


def codes(model: NorthernMali, place: str, slot: st.Slot = st.Slot.CAMP) -> np.ndarray:
    """Holder codes of a slot at the end of each day so far."""
    row = model.theatre.index(place)
    found: np.ndarray = model.control[row, slot, : days_played(model)]
    return found


def shares(model: NorthernMali, slot: st.Slot = st.Slot.CAMP) -> np.ndarray:
    """Share of the places whose slot each holder has, shape (holder, day)."""
    played = model.control[:, slot, : days_played(model)]
    return np.array([(played == holder).mean(axis=0) for holder in st.Holder])


def ledger(model: NorthernMali, limit: int = 100, changes_only: bool = False) -> list[Line]:
    """The last rows of the ledger, the latest first.

    Args:
        model: The model; an intervention for the day to come is left out, and so is a fight
            without dead.
        limit: How many at most.
        changes_only: Only changes of control.
    """
    rows = model.ledger.rows[: int(model.ledger.used[0])]
    seen = rows["hour"] < model.day * st.HOURS
    seen &= ~((rows["amount"] == 0) & np.isin(rows["kind"], UNSEEN_IF_NIL))
    if changes_only:
        seen &= rows["kind"] == int(Kind.CONTROL)
    numbers = np.flatnonzero(seen)
    latest = numbers[np.lexsort((numbers, rows["hour"][numbers]))][::-1][:limit]
    return [_line(model, int(number)) for number in latest]


def _line(model: NorthernMali, number: int) -> Line:
    event, *causes = _chain(model, number)
    why = _told(causes[0], causes[1:]) if causes else _capital(NATURES[nature(event)])
    return Line(number, f"{event.time:%Y-%m-%d %H:%M}", _told(event, causes), why)


def _told(event: Event, causes: list[Event]) -> str:
    """The sentence of an event without its date."""
    text = sentence(event, causes).removeprefix(f"{when(event.time)} ").removesuffix(".")
    return _capital(text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _chain(model: NorthernMali, number: int) -> list[Event]:
    """An event and what led to it, the direct cause first."""
    events = []
    while number >= 0:
        event = event_at(model, number)
        events.append(event)
        number = -1 if event.cause is None else event.cause
    return events


def event_at(model: NorthernMali, number: int) -> Event:
    """A row of the running model's ledger as the results know it."""
    row = model.ledger.rows[number]

    def named(field: str, names: Sequence[str]) -> str | None:
        code = int(row[field])
        return names[code] if code >= 0 else None

    return Event(
        row=number,
        time=EPOCH + timedelta(milliseconds=round(float(row["hour"]) * MS_PER_HOUR)),
        kind=Kind(int(row["kind"])).label,
        side=named("side", SIDES),
        about=named("about", SIDES),
        place=named("place", model.world.places),
        slot=named("slot", SLOTS),
        before=named("before", HOLDERS),
        after=named("after", HOLDERS),
        mission=named("mission", MISSIONS),
        entity=int(row["entity"]) if row["entity"] >= 0 else None,
        amount=float(row["amount"]),
        p=None if np.isnan(row["p"]) else float(row["p"]),
        cause=int(row["cause"]) if row["cause"] >= 0 else None,
    )
