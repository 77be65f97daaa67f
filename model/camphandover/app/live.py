"""The live model: one run played day by day, who has what so far, and the ledger in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
import xarray as xr

from camphandover.agents.model import EPOCH, NorthernMali
from camphandover.app import settings
from camphandover.batch import ledgers
from camphandover.batch.batch import origin
from camphandover.batch.cubes import HOLDERS
from camphandover.core import state as st
from camphandover.core.ledger import Kind
from camphandover.measure.events import (
    NATURES,
    Event,
    event_of,
    long_day,
    nature,
    sentence,
    when,
)
from camphandover.measure.run_ledger import RunLedger
from camphandover.scenario import Scenario
from camphandover.scenario.past import past_of

if TYPE_CHECKING:
    from camphandover.known.origin import Origin

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


class Origins:
    """Particles of each past that the page has asked for, kept from one model to the next."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], Origin] = {}

    def has(self, scenario: Scenario, seed: int) -> bool:
        """Whether a run of a scenario can begin at once."""
        return scenario.known.until is None or self._key(scenario, seed) in self._found

    def of(self, scenario: Scenario, seed: int) -> Origin | None:
        """The particles from which a scenario goes on, weighed now if need be; None if from none.

        Errors:
            BatchError if they cannot be weighed.
        """
        if scenario.known.until is None:
            return None
        key = self._key(scenario, seed)
        if key not in self._found:
            self._found[key] = origin(few(scenario), seed)
        return self._found[key]

    def _key(self, scenario: Scenario, seed: int) -> tuple[str, int]:
        return past_of(few(scenario)).digest(), seed


def few(scenario: Scenario) -> Scenario:
    """The scenario with as few particles as a page can wait for."""
    particles = min(scenario.known.particles, settings.PARTICLES)
    known = scenario.known.model_copy(update={"particles": particles})
    return scenario.model_copy(update={"known": known})


ORIGINS = Origins()
"""Those of this process."""


class LiveModel(NorthernMali):
    """The model as the page plays it: always of the scenario that is chosen when it is made.

    Of a scenario that goes on from what was known, the past is played at once.

    Args:
        start: Gives the scenario and the seed.
        replicate: Number of the run.

    Attributes:
        number: Of the run; `replicate` is that whose luck it begins with.
    """

    def __init__(self, start: Callable[[], tuple[Scenario, int]], replicate: int = 0) -> None:
        scenario, seed = start()
        known = ORIGINS.of(scenario, seed)
        super().__init__(scenario, seed, replicate if known is None else known.root(replicate))
        self.number = replicate
        if known is not None:
            self.follow(known.turns(replicate))
            while days_played(self) < days_known(self):
                self.step()

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


def days_known(model: NorthernMali) -> int:
    """Days of the window that are past: of those the record is known."""
    until = model.scenario_spec.known.until
    return 0 if until is None else (until - model.scenario_spec.window.start).days + 1


def is_new(model: NorthernMali) -> bool:
    """Whether no day has been played but those that are known."""
    return days_played(model) == days_known(model)


def is_at_origin(model: NorthernMali) -> bool:
    """Whether it stands at the end of the last day that is known."""
    return days_known(model) > 0 and is_new(model)


def today(model: NorthernMali) -> date:
    """The day at whose end the model stands; the first day if none has been played."""
    return (EPOCH + timedelta(days=max(int(model.day) - 1, model.world.first))).date()


def status(model: LiveModel) -> str:
    """Which run this is and how far it is, in a line."""
    played, total = days_played(model), model.control.shape[-1]
    until = model.scenario_spec.known.until
    past = "" if until is None else f", known until {long_day(until)}"
    return (
        f"{model.scenario_spec.name}, run {model.number}, seed {model.seed_value}{past}: "
        f"{'evening of' if played else 'before'} {long_day(today(model))}, "
        f"{played} of {total} days played"
    )


def camps_now(model: NorthernMali) -> xr.Dataset:
    """Who has each camp now: see `camps`."""
    return _shares(model, np.asarray(model.state.places["camp_holder"])[:, None], today(model))


def camps(model: NorthernMali) -> xr.Dataset:
    """Who has each camp at the end of each day so far.

    In the form of shares of runs: one run, so all of them or none; with the day that is known.
    """
    played = model.control[:, st.CAMP, : days_played(model)]
    shares = _shares(model, played, (EPOCH + timedelta(days=model.world.first)).date())
    until = model.scenario_spec.known.until
    return shares if until is None else shares.assign_coords(known_until=np.datetime64(until, "ns"))


def _shares(model: NorthernMali, codes: np.ndarray, first: date) -> xr.Dataset:
    """Codes of holders, shape (place, date), as shares."""
    share = (codes[..., None] == np.arange(len(HOLDERS))).astype(float)
    places = model.theatre.places
    return xr.Dataset(
        {"share": (("place", "date", "holder"), share)},
        coords={
            "place": [place.name for place in places],
            "date": np.datetime64(first, "ns") + np.arange(codes.shape[1]).astype("m8[D]"),
            "holder": list(HOLDERS),
            "lat": ("place", [place.lat for place in places]),
            "lon": ("place", [place.lon for place in places]),
        },
    )


def ledger(model: NorthernMali, limit: int = 100, changes_only: bool = False) -> list[Line]:
    """The last rows of the ledger, the latest first.

    Args:
        model: The model; an intervention for the day to come is left out, and so is a fight
            without dead.
        limit: How many at most.
        changes_only: Only changes of control.
    """
    rows = _rows(model)
    seen = rows["hour"] < model.day * st.HOURS
    seen &= ~((rows["amount"] == 0) & np.isin(rows["kind"], UNSEEN_IF_NIL))
    if changes_only:
        seen &= rows["kind"] == int(Kind.CONTROL)
    numbers = np.flatnonzero(seen)
    latest = numbers[np.lexsort((numbers, rows["hour"][numbers]))][::-1][:limit]
    run = events(model, latest)
    return [_line(run, run.events[int(number)]) for number in latest]


def events(model: NorthernMali, numbers: np.ndarray) -> RunLedger:
    """Rows of the running model's ledger as the results know them, with those that led to them."""
    rows = _rows(model)
    kept = ledgers.with_causes(rows, numbers)
    name, places = model.scenario_spec.name, model.world.places
    table = ledgers.table(name, tuple(places), model.replicate, [rows], [kept])
    return RunLedger(event_of(cells) for cells in table.to_pylist())


def _rows(model: NorthernMali) -> np.ndarray:
    return model.ledger.rows[: int(model.ledger.used[0])]


def _line(run: RunLedger, event: Event) -> Line:
    causes = run.causes(event)
    why = _told(run, causes[0]) if causes else _capital(NATURES[nature(event)])
    return Line(event.row, f"{event.time:%Y-%m-%d %H:%M}", _told(run, event), why)


def _told(run: RunLedger, event: Event) -> str:
    """The sentence of an event without its date."""
    told = sentence(event, run.causes(event)).removeprefix(f"{when(event.time)} ")
    return _capital(told.removesuffix("."))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
