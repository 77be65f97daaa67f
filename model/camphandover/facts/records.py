"""The facts as frozen records: places, roads, camps, forces, history, parameters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from camphandover.errors import Fault, UnknownPlaceError, close_matches
from camphandover.facts.codes import Holder

HOLDERS = tuple(holder.name.lower() for holder in Holder)
SIDES = ("army", "wagner", "separatists", "gsim", "minusma", "partners")
KINDS_OF_SIDE = {
    "army": ("garrison", "manoeuvre"),
    "wagner": ("wagner",),
    "separatists": ("group",),
    "gsim": ("group",),
    "minusma": ("un",),
    "partners": ("partner",),
}
WHEN = ("", "french")
KNOWN = ("rung", "blockade", "victim_aid", "charter")
LEGITIMACY = ("north", "capital")
ROAD_KINDS = ("paved", "track", "piste", "river")
DISTRIBUTIONS = ("fixed", "triangular", "log-triangular")


@dataclass(frozen=True)
class Place:
    """A base or town with its two slots, camp and town.

    Attributes:
        lat, lon: Position, decimal degrees WGS84.
        population: Persons by the gazetteers, None where unknown.
        residents: People who live there on 1 August 2023, known or judged.
        legitimacy: Which legitimacy of the state counts there, of `LEGITIMACY` (R7.3).
        un_camp: Whether the UN has a camp there on 1 August 2023.
        army_base: Whether the army has a base there before August 2023.
        symbolic: Symbolic value, 0 to 1 (RULES R5.1).
        route_value: Worth as a junction or stage of a road, 0 to 1 (R5.1).
        separatist_core: Whether it belongs to the separatists' core, the Kidal region.
        corridor: Whether it lies on the Tilemsi and Kidal roads, where insurgents contest every
            convoy (R1.4: z = 1).
        centre: Whether it lies in the centre of Mali, GSIM's own ground (R5.5).
        islamic_state: Whether the Islamic State raids it (RULES, section 0).
        support_army, support_separatists, support_gsim: Shares of the people's sympathy.
        camp_holder, town_holder: Initial holders of the slots, of `HOLDERS`.
    """

    name: str
    lat: float
    lon: float
    region: str
    population: int | None
    un_camp: bool
    army_base: bool
    terrain: str
    symbolic: float
    route_value: float
    airstrip: bool
    separatist_core: bool
    corridor: bool
    centre: bool
    islamic_state: bool
    support_army: float
    support_separatists: float
    support_gsim: float
    residents: int
    legitimacy: str
    camp_holder: str
    town_holder: str


@dataclass(frozen=True)
class Road:
    """An undirected road or river leg between two places; `km` along it (RULES R1.3)."""

    a: str
    b: str
    km: float
    kind: str


@dataclass(frozen=True)
class Camp:
    """A UN camp and its closing (RULES R6.1).

    Attributes:
        phase: 1 or 2; None for the sites of the end of the mission.
        troops: Persons, None where no figure is known.
        planned: Last day of the announced window.
        actual: Day of the exit; None where the date is not known.
        convoy_destination: Place to which the road convoy goes, None if no convoy is reported.
        liquidation: Whether guards stay after the mandate's end (R6.6).
    """

    place: str
    phase: int | None
    troops: int | None
    planned: date
    actual: date | None
    convoy_destination: str | None
    liquidation: bool


@dataclass(frozen=True)
class UnitGroup:
    """Some equal units at one place on 1 August 2023 (RULES R1.2).

    Attributes:
        slot: `camp`, `town`, or `country`: hidden in the countryside around the place.
        units: How many units.
        men, vehicles: Of each unit.
        when: Empty, or the switch of a scenario with which they are there (`french`).
    """

    side: str
    kind: str
    place: str
    slot: str
    units: int
    men: int
    vehicles: int
    when: str


@dataclass(frozen=True)
class Depot:
    """Where a side's supply comes from (RULES R1.6)."""

    side: str
    place: str


@dataclass(frozen=True)
class Known:
    """Something that happened outside the model's reach by the forecast origin, 17 Sep 2023.

    Attributes:
        what: `rung` (escalation, RULES R7.1), `blockade` (R5.6), `victim_aid` (R7.4) or
            `charter` (R8).
        place: Where, None if nowhere in particular.
        rung: Of the ladder, None if it is not about the ladder.
    """

    date: date
    what: str
    place: str | None
    rung: int | None


@dataclass(frozen=True)
class Partner:
    """A state of the charter of 16 September 2023 (RULES R8.1).

    Attributes:
        own_threat: How hard its own war presses it, 0 to 1.
        ecowas: Whether ECOWAS threatens it.
        crisis_until: Last day on which a crisis around it may flare; None if none is expected.
        arrives_at: Place at which its troops would enter.
    """

    name: str
    own_threat: float
    ecowas: bool
    crisis_until: date | None
    arrives_at: str


@dataclass(frozen=True)
class Change:
    """One row of the dated record of control.

    Attributes:
        object: `town`, `army_camp`, `un_camp` or `separatist_camp`.
        before, after: Controllers; `before` is None in the initial rows. Besides the holders
            there are contested, none and isgs, which the model counts as nobody.
        how: handover, assault, raid-and-left, ...
        hours_held: How long `after` kept it, hours, None where not known.
        confidence: high, medium or low.
    """

    date: date
    place: str
    object: str
    before: str | None
    after: str
    how: str
    hours_held: float | None
    confidence: str


WIDE = 5.0
"""A positive range wider than this ratio is sampled on the log scale (RULES, section 0)."""


def is_wide(low: float, high: float) -> bool:
    """Whether a range is sampled on the log scale. Source: RULES, section 0."""
    return low > 0.0 and high > WIDE * low * (1.0 + 1e-9)


@dataclass(frozen=True)
class Parameter:
    """A number of the rules with its range and where it comes from.

    Attributes:
        unit: What the number counts.
        low, best, high: The range to sample, and the value of a run that samples nothing.
        prior: The same three as they were set without events after 17 September 2023; `None` if
            they are the same. A hindsight value has them.
        distribution: `fixed`, `triangular`, or `log-triangular` (if high/low > 5).
        evidence: L literature, E event known on 17 Sep 2023, H hindsight, J judgement.
        rule: Number of its rule in RULES.
        source: Reference; tags in brackets are those of RULES.
        note: More to know; may be empty.
    """

    name: str
    unit: str
    low: float
    best: float
    high: float
    distribution: str
    evidence: str
    rule: str
    source: str
    note: str
    prior: tuple[float, float, float] | None = None

    def known(self, evidence: str) -> tuple[float, float, float]:
        """(low, best, high) of a set of parameters: `prior` or `hindcast`."""
        if evidence == "prior" and self.prior is not None:
            return self.prior
        return self.low, self.best, self.high

    @property
    def widest(self) -> tuple[float, float]:
        """Least and greatest value in either set."""
        values = (self.low, self.high, *(self.prior or ()))
        return min(values), max(values)


@dataclass(frozen=True)
class Theatre:
    """All facts of the model, checked.

    Attributes:
        events: Rows of the event record as text, by column name.
        digest: SHA-256 of all package data, hexadecimal.
    """

    places: tuple[Place, ...]
    roads: tuple[Road, ...]
    camps: tuple[Camp, ...]
    units: tuple[UnitGroup, ...]
    depots: tuple[Depot, ...]
    calendar: tuple[Known, ...]
    partners: tuple[Partner, ...]
    history: tuple[Change, ...]
    events: tuple[dict[str, str], ...]
    parameters: dict[str, Parameter]
    digest: str

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {place.name: row for row, place in enumerate(self.places)}

    def index(self, name: str) -> int:
        """Row of a place.

        Errors:
            UnknownPlaceError (a TheatreError and a KeyError) with the closest names.
        """
        row = self._rows.get(name)
        if row is None:
            right = close_matches(name, self._rows)
            raise UnknownPlaceError([Fault("places.csv", "", f"no place is named {name!r}", right)])
        return row
