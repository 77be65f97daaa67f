"""The facts as frozen records: a model for each table, whose fields are its columns.

A model reads the cells of a row as text, and says what a cell has to be. How rows and files agree
with each other is checked in `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from camphandover.errors import close_matches

KINDS_OF_SIDE = {
    "army": ("garrison", "manoeuvre"),
    **{"wagner": ("wagner",), "separatists": ("group",), "gsim": ("group",)},
    **{"minusma": ("un",), "partners": ("partner",)},
}
SIDES = tuple(KINDS_OF_SIDE)
START = date(2023, 8, 1)
"""Day of the initial rows of the record and of the order of battle."""
ORIGIN = date(2023, 9, 17)
"""Forecast origin T0: what happened later may inform no forecast."""
RECORD = (START, date(2023, 12, 31))


def wrong(what: str, right: str) -> PydanticCustomError:
    """What a validator raises: what is wrong, and what would be right."""
    return PydanticCustomError("wrong", "{what}", {"what": what, "right": right})


def _cell(form: str, read: Callable[[str], Any]) -> BeforeValidator:
    """Reads a cell of a form; any other stays the text that it is, and so of the wrong type."""
    pattern = re.compile(form, re.ASCII)

    def value(cell: Any) -> Any:
        return read(cell) if isinstance(cell, str) and pattern.fullmatch(cell) else cell

    return BeforeValidator(value)


def _side(side: str) -> str:
    if side not in SIDES:
        raise wrong(f"side is {side!r}", "one of " + ", ".join(SIDES))
    return side


def _known(name: str, info: ValidationInfo) -> str:
    """The name of a place of the theatre, if its places are given."""
    if info.context and name not in info.context:
        raise wrong(f"no place is named {name!r}", close_matches(name, info.context))
    return name


def _from(first: date, last: date) -> Any:
    return Field(ge=first, le=last, description=f"a day from {first} to {last}")


_NUMBER = _cell(r"-?\d+(\.\d+)?", float)
_WHOLE = _cell(r"\d+", int)
_DATE = _cell(r"\d{4}-\d\d-\d\d", date.fromisoformat)
At = Annotated[str, AfterValidator(_known)]
Flag = Annotated[bool, _cell("[01]", lambda cell: cell == "1")]
Day = Annotated[date, _DATE]
Share = Annotated[float, Field(ge=0, le=1), _NUMBER]
Count = Annotated[int, Field(ge=0, le=100_000), _WHOLE]
Persons = Annotated[int, Field(ge=0, le=10_000_000), _WHOLE]
Closure = Annotated[date, _from(START, date(2024, 1, 31)), _DATE]
Side = Annotated[str, AfterValidator(_side)]
Evidence = Literal["L", "E", "H", "J"]
Confidence = Literal["high", "medium", "low"]
Controller = Literal["army", "separatists", "gsim", "minusma", "joint", "isgs", "contested", "none"]


class Record(BaseModel):
    """A row of a table; an empty cell is an absent value."""

    model_config = ConfigDict(strict=True, frozen=True, validate_by_name=True, defer_build=True)
    file: ClassVar[str]


class Sourced(Record):
    """A row that tells what it rests on: `evidence` by the letters of RULES, and its source."""

    evidence: Evidence
    source: str


class Site(Record):
    """A place as the gazetteers have it; `Place` tells the attributes."""

    file = "places.csv"
    name: str
    lat: Annotated[float, Field(ge=10, le=25), _NUMBER]
    lon: Annotated[float, Field(ge=-12.5, le=6), _NUMBER]
    region: str
    population: Persons | None = Field(default=None, alias="population_estimate")
    un_camp: Flag = Field(alias="minusma_camp")
    army_base: Flag = Field(alias="army_base_before")
    terrain: Literal["desert", "river", "mountain", "plain"] = Field(alias="elevation_or_terrain")


class Worth(Record):
    """What a place is worth to the sides, and whom its people side with."""

    symbolic: Share
    route_value: Share
    airstrip: Flag
    separatist_core: Flag
    corridor: Flag
    centre: Flag
    islamic_state: Flag
    support_army: Share
    support_separatists: Share
    support_gsim: Share

    @model_validator(mode="after")
    def _shares(self) -> Worth:
        total = self.support_army + self.support_separatists + self.support_gsim
        if total > 1.0 + 1e-9:
            raise wrong(f"the shares of support make {total:g}", "at most 1")
        return self


class Value(Worth, Sourced):
    """A row of values.csv."""

    file = "values.csv"
    name: At = Field(alias="place")


class Inhabited(Record):
    """Who lives at a place."""

    residents: Persons
    legitimacy: Literal["north", "capital"]


class People(Inhabited, Sourced):
    """A row of people.csv."""

    file = "people.csv"
    name: At = Field(alias="place")


class Place(Site, Worth, Inhabited):
    """A base or town with its two slots, camp and town.

    Attributes:
        lat, lon: Position, decimal degrees WGS84.
        population: Persons by the gazetteers, None where unknown.
        residents: People who live there on 1 August 2023, known or judged.
        legitimacy: Which legitimacy of the state counts there, `north` or `capital` (R7.3).
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

    camp_holder: str
    town_holder: str


class Road(Record):
    """An undirected road or river leg between two places; `km` along it (RULES R1.3)."""

    file = "roads.csv"
    a: At = Field(alias="from")
    b: At = Field(alias="to")
    km: Annotated[float, Field(ge=1, le=2000), _NUMBER]
    kind: Literal["paved", "track", "piste", "river"] = Field(alias="class")
    source: str

    @model_validator(mode="after")
    def _ends(self) -> Road:
        if self.a == self.b:
            raise wrong(f"leads from {self.a} to itself", "two different places")
        return self


class Camp(Record):
    """A UN camp and its closing (RULES R6.1).

    Attributes:
        phase: 1 or 2; None for the sites of the end of the mission.
        troops: Persons, None where no figure is known.
        planned: Last day of the announced window.
        actual: Day of the exit; None where the date is not known.
        convoy_destination: Place to which the road convoy goes, None if no convoy is reported.
        liquidation: Whether guards stay after the mandate's end (R6.6).
    """

    file = "camps.csv"
    place: At
    phase: Annotated[Literal[1, 2], _WHOLE] | None = None
    troops: Count | None = Field(default=None, alias="troops_estimate")
    planned: Closure = Field(alias="planned_date")
    actual: Closure | None = Field(default=None, alias="actual_date")
    convoy_destination: At | None = None
    liquidation: Flag


class UnitGroup(Sourced):
    """Some equal units at one place on 1 August 2023 (RULES R1.2).

    Attributes:
        slot: `camp`, `town`, or `country`: hidden in the countryside around the place.
        units: How many units.
        men, vehicles: Of each unit.
        when: Empty, or the switch of a scenario with which they are there (`french`).
    """

    file = "order_of_battle.csv"
    side: Side
    kind: str
    place: At
    slot: Literal["camp", "town", "country"]
    units: Count
    men: Annotated[int, Field(ge=1, le=100_000), _WHOLE]
    vehicles: Count
    when: Literal["", "french"] = ""

    @model_validator(mode="after")
    def _of_its_side(self) -> UnitGroup:
        kinds = KINDS_OF_SIDE[self.side]
        if self.kind not in kinds:
            raise wrong(f"kind is {self.kind!r}", "one of " + ", ".join(kinds))
        if (self.slot == "country") != (self.side == "gsim"):
            what = f"slot is {self.slot} for {self.side}"
            raise wrong(what, "country for gsim, else camp or town")
        return self


class Depot(Sourced):
    """Where a side's supply comes from (RULES R1.6)."""

    file = "depots.csv"
    side: Side
    place: At


class Known(Sourced):
    """Something that happened outside the model's reach.

    Runs learn of what came by the forecast origin, 17 Sep 2023; of what came later only those
    that begin from what was known on a later day.

    Attributes:
        what: `rung` (escalation, RULES R7.1), `blockade` (R5.6), `victim_aid` (R7.4) or
            `charter` (R8).
        side: Who bars the roads, None if it is no blockade.
        place: Where, None if nowhere in particular.
        rung: Of the ladder, None if it is not about the ladder.
    """

    file = "calendar.csv"
    date: Annotated[Day, Field(le=RECORD[1], description=f"a day until {RECORD[1]}")]
    what: Literal["rung", "blockade", "victim_aid", "charter"]
    side: Literal["separatists", "gsim"] | None = None
    place: At | None = None
    rung: Annotated[int, Field(ge=0, le=5), _WHOLE] | None = None

    @model_validator(mode="after")
    def _told(self) -> Known:
        if self.date > ORIGIN and self.evidence != "H":
            raise wrong(f"evidence is {self.evidence}", f"H: it came after {ORIGIN}")
        for key, kind in (("side", "blockade"), ("place", "blockade"), ("rung", "rung")):
            if (getattr(self, key) is None) == (self.what == kind):
                there = "empty" if self.what == kind else getattr(self, key)
                raise wrong(f"{key} is {there} for a {self.what}", f"a {kind} has it, and no other")
        return self


class Partner(Sourced):
    """A state of the charter of 16 September 2023 (RULES R8.1).

    Attributes:
        own_threat: How hard its own war presses it, 0 to 1.
        ecowas: Whether ECOWAS threatens it.
        crisis_until: Last day on which a crisis around it may flare; None if none is expected.
        arrives_at: Place at which its troops would enter.
    """

    file = "partners.csv"
    name: str = Field(alias="partner")
    own_threat: Share
    ecowas: Flag
    crisis_until: Day | None = None
    arrives_at: At


class Change(Record):
    """One row of the dated record of control.

    Attributes:
        object: `town`, `army_camp`, `un_camp` or `separatist_camp`.
        before, after: Controllers; `before` is None in the initial rows. Besides the holders
            there are contested, none and isgs, which the model counts as nobody.
        how: handover, assault, raid-and-left, ...
        hours_held: How long `after` kept it, hours, None where not known.
        confidence: high, medium or low.
    """

    file = "control_history.csv"
    date: Day
    place: At
    object: Literal["town", "army_camp", "un_camp", "separatist_camp"]
    before: Controller | None = Field(default=None, alias="controller_before")
    after: Controller = Field(alias="controller_after")
    how: str
    hours_held: Annotated[float, Field(ge=0, le=100_000), _NUMBER] | None = None
    confidence: Confidence


class Event(Record):
    """A row of the record of events; the columns of the killed hold whole numbers."""

    model_config = ConfigDict(extra="allow")
    file = "events.csv"
    date: Annotated[date, _from(date(2023, 6, 30), RECORD[1]), _DATE]
    place: At | None = None
    actor: str
    kind: str
    confidence: Confidence

    @model_validator(mode="after")
    def _killed(self) -> Event:
        for column, cell in (self.model_extra or {}).items():
            if "_killed_per_" in column and not re.fullmatch(r"\d{1,5}", cell, re.ASCII):
                raise wrong(f"{column} is {cell!r}", "a whole number from 0 to 99999")
        return self


class Strength(Record):
    """Total strength of a force, persons; None where not known."""

    file = "forces.csv"
    actor: str
    low: Count | None = Field(default=None, alias="total_low")
    best: Count | None = Field(default=None, alias="total_best")
    high: Count | None = Field(default=None, alias="total_high")

    @model_validator(mode="after")
    def _rising(self) -> Strength:
        known = [n for n in (self.low, self.best, self.high) if n is not None]
        if known != sorted(known):
            raise wrong(f"total_low, total_best, total_high are {known}", "in rising order")
        return self


TABLES: dict[str, type[Record]] = {
    **{"sites": Site, "values": Value, "people": People, "roads": Road, "camps": Camp},
    **{"units": UnitGroup, "depots": Depot, "calendar": Known, "partners": Partner},
    **{"history": Change, "events": Event, "strengths": Strength},
}
"""The models of the files; the first one has the names of the places."""
