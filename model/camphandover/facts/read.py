"""The CSV files of the theatre, turned into rows of records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from camphandover.errors import Fault
from camphandover.facts.records import (
    KINDS_OF_SIDE,
    KNOWN,
    LEGITIMACY,
    ROAD_KINDS,
    SIDES,
    WHEN,
    Camp,
    Change,
    Depot,
    Known,
    Parameter,
    Partner,
    Road,
    UnitGroup,
)
from camphandover.facts.registry import read_parameters
from camphandover.facts.tables import Row, read_table

OBJECTS = ("town", "army_camp", "un_camp", "separatist_camp")
CONTROLLERS = ("army", "separatists", "gsim", "minusma", "joint", "isgs", "contested", "none")
CONFIDENCE = ("high", "medium", "low")
EVIDENCE = ("L", "E", "H", "J")
TERRAIN = ("desert", "river", "mountain", "plain")
LAT = (10.0, 25.0)
LON = (-12.5, 6.0)
"""Bounds of Mali, degrees, with a margin."""
MANY = 100_000


@dataclass(frozen=True)
class Site:
    """A row of places.csv."""

    name: str
    lat: float
    lon: float
    region: str
    population: int | None
    un_camp: bool
    army_base: bool
    terrain: str


@dataclass(frozen=True)
class Value:
    """A row of values.csv."""

    place: str
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


@dataclass(frozen=True)
class People:
    """A row of people.csv."""

    place: str
    residents: int
    legitimacy: str


@dataclass(frozen=True)
class Strength:
    """Total strength of a force in forces.csv, persons; None where not known."""

    actor: str
    low: int | None
    best: int | None
    high: int | None


@dataclass
class Facts:
    """All files as read, each record with the row that it comes from; not yet checked together."""

    sites: list[tuple[Row, Site]] = field(default_factory=list)
    values: list[tuple[Row, Value]] = field(default_factory=list)
    roads: list[tuple[Row, Road]] = field(default_factory=list)
    camps: list[tuple[Row, Camp]] = field(default_factory=list)
    units: list[tuple[Row, UnitGroup]] = field(default_factory=list)
    depots: list[tuple[Row, Depot]] = field(default_factory=list)
    people: list[tuple[Row, People]] = field(default_factory=list)
    calendar: list[tuple[Row, Known]] = field(default_factory=list)
    partners: list[tuple[Row, Partner]] = field(default_factory=list)
    history: list[tuple[Row, Change]] = field(default_factory=list)
    events: list[tuple[Row, date]] = field(default_factory=list)
    strengths: list[tuple[Row, Strength]] = field(default_factory=list)
    parameters: dict[str, Parameter] = field(default_factory=dict)


def read_facts(folder: Path, faults: list[Fault]) -> Facts:
    """Read every file of the theatre's folder.

    Args:
        folder: The theatre's folder.
        faults: Takes what is wrong with single cells, rows and files.
    """

    def table(file: str, columns: str):
        return read_table(folder, file, columns.split(), faults)

    return Facts(
        sites=[(r, _site(r)) for r in table("places.csv", PLACES)],
        values=[(r, _value(r)) for r in table("values.csv", VALUES)],
        roads=[(r, _road(r)) for r in table("roads.csv", "from to km class source")],
        camps=[(r, _camp(r)) for r in table("camps.csv", CAMPS)],
        units=[(r, _unit_group(r)) for r in table("order_of_battle.csv", UNITS)],
        depots=[(r, _depot(r)) for r in table("depots.csv", "side place evidence source")],
        people=[(r, _people(r)) for r in table("people.csv", PEOPLE)],
        calendar=[(r, _known(r)) for r in table("calendar.csv", CALENDAR)],
        partners=[(r, _partner(r)) for r in table("partners.csv", PARTNERS)],
        history=[(r, change_of(r)) for r in table("control_history.csv", HISTORY)],
        events=[(r, _event(r)) for r in table("events.csv", EVENTS)],
        strengths=[(r, _strength(r)) for r in table("forces.csv", FORCES)],
        parameters=read_parameters(folder, faults),
    )


PLACES = (
    "name lat lon region population_estimate minusma_camp army_base_before elevation_or_terrain"
)
VALUES = (
    "place symbolic route_value airstrip separatist_core corridor centre islamic_state support_army"
    " support_separatists support_gsim evidence source"
)
CAMPS = "place phase liquidation troops_estimate planned_date actual_date convoy_destination"
UNITS = "side kind place slot units men vehicles when evidence source"
PEOPLE = "place residents legitimacy evidence source"
CALENDAR = "date what place rung evidence source"
PARTNERS = "partner own_threat ecowas crisis_until arrives_at evidence source"
HISTORY = "date place object controller_before controller_after how hours_held confidence"
EVENTS = "date place actor kind confidence"
FORCES = "actor total_low total_best total_high"


def _site(row: Row) -> Site:
    return Site(
        name=row.text("name"),
        lat=row.number("lat", *LAT),
        lon=row.number("lon", *LON),
        region=row.text("region"),
        population=_whole(row, "population_estimate", 100 * MANY),
        un_camp=row.flag("minusma_camp"),
        army_base=row.flag("army_base_before"),
        terrain=row.choice("elevation_or_terrain", TERRAIN),
    )


def _value(row: Row) -> Value:
    _sourced(row)
    return Value(
        place=row.text("place"),
        symbolic=row.number("symbolic", 0.0, 1.0),
        route_value=row.number("route_value", 0.0, 1.0),
        airstrip=row.flag("airstrip"),
        separatist_core=row.flag("separatist_core"),
        corridor=row.flag("corridor"),
        centre=row.flag("centre"),
        islamic_state=row.flag("islamic_state"),
        support_army=row.number("support_army", 0.0, 1.0),
        support_separatists=row.number("support_separatists", 0.0, 1.0),
        support_gsim=row.number("support_gsim", 0.0, 1.0),
    )


def _road(row: Row) -> Road:
    row.text("source")
    km = row.number("km", 1.0, 2000.0)
    return Road(row.text("from"), row.text("to"), km, row.choice("class", ROAD_KINDS))


def _camp(row: Row) -> Camp:
    phase = int(row.choice("phase", ("1", "2"))) if row.known("phase") else None
    return Camp(
        place=row.text("place"),
        phase=phase,
        troops=_whole(row, "troops_estimate", MANY),
        planned=row.day("planned_date"),
        actual=row.day("actual_date") if row.known("actual_date") else None,
        convoy_destination=row.cells["convoy_destination"] or None,
        liquidation=row.flag("liquidation"),
    )


def _unit_group(row: Row) -> UnitGroup:
    _sourced(row)
    side = row.choice("side", SIDES)
    kinds = KINDS_OF_SIDE.get(side, ())
    return UnitGroup(
        side=side,
        kind=row.choice("kind", kinds) if kinds else "",
        place=row.text("place"),
        slot=row.choice("slot", ("camp", "town", "country")),
        units=row.integer("units", 0, MANY),
        men=row.integer("men", 1, MANY),
        vehicles=row.integer("vehicles", 0, MANY),
        when=row.choice("when", WHEN),
    )


def _depot(row: Row) -> Depot:
    _sourced(row)
    return Depot(row.choice("side", SIDES), row.text("place"))


def _people(row: Row) -> People:
    _sourced(row)
    residents = row.integer("residents", 0, 100 * MANY)
    return People(row.text("place"), residents, row.choice("legitimacy", LEGITIMACY))


def _known(row: Row) -> Known:
    _sourced(row)
    what = row.choice("what", KNOWN)
    return Known(
        date=row.day("date"),
        what=what,
        place=row.text("place") if what == "blockade" else None,
        rung=row.integer("rung", 0, 5) if what == "rung" else None,
    )


def _partner(row: Row) -> Partner:
    _sourced(row)
    return Partner(
        name=row.text("partner"),
        own_threat=row.number("own_threat", 0.0, 1.0),
        ecowas=row.flag("ecowas"),
        crisis_until=row.day("crisis_until") if row.known("crisis_until") else None,
        arrives_at=row.text("arrives_at"),
    )


def change_of(row: Row) -> Change:
    """A row of a record of control as a change; faults are noted with their line."""
    before = (
        row.choice("controller_before", CONTROLLERS) if row.known("controller_before") else None
    )
    return Change(
        date=row.day("date"),
        place=row.text("place"),
        object=row.choice("object", OBJECTS),
        before=before,
        after=row.choice("controller_after", CONTROLLERS),
        how=row.text("how"),
        hours_held=row.number("hours_held", 0.0, MANY) if row.known("hours_held") else None,
        confidence=row.choice("confidence", CONFIDENCE),
    )


def _event(row: Row) -> date:
    row.text("kind")
    row.choice("confidence", CONFIDENCE)
    for column, value in row.cells.items():
        if "_killed_per_" in column and value:
            row.integer(column, 0, MANY)
    return row.day("date")


def _strength(row: Row) -> Strength:
    low, best, high = (_whole(row, f"total_{key}", MANY) for key in ("low", "best", "high"))
    return Strength(row.text("actor"), low, best, high)


def _whole(row: Row, column: str, high: int) -> int | None:
    return row.integer(column, 0, high) if row.known(column) else None


def _sourced(row: Row) -> None:
    row.choice("evidence", EVIDENCE)
    row.text("source")
