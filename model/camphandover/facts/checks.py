"""All files of the theatre, and whether they agree with each other.

Each check notes its faults, none stops the others.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from camphandover.errors import Fault
from camphandover.facts import records as of
from camphandover.facts.holders import initial_holders
from camphandover.facts.records import ORIGIN, RECORD, START
from camphandover.facts.registry import FILE as REGISTER
from camphandover.facts.registry import Parameter, read_parameters
from camphandover.facts.tables import Row, Rows, read_table

__all__ = ["ORIGIN", "RECORD", "START", "Facts", "check_facts", "great_circle"]

EARTH_RADIUS = 6371.0
SHORTER = 0.995
"""A road may be shorter than the straight line by the rounding of positions only."""
STRENGTH = ("army", "wagner", "separatists", "gsim", "minusma")
"""Sides whose strength in all R1.2 bounds."""
ALLIES = {"wagner": "army", "partners": "army"}
"""Sides that stand in the slots of another one."""


class Facts:
    """All files as read, each record with the row that it comes from; not yet checked together.

    Attributes:
        parameters: The register, by name.
        faults: What is wrong with single cells, rows and files, and whatever the checks note.
    """

    def __init__(self, folder: Path) -> None:
        """Read every file of a folder."""
        self.faults: list[Fault] = []
        self._tables: dict[type[of.Record], Rows[Any]] = {}
        names: set[str] = set()
        for model in of.TABLES.values():
            self._tables[model] = read_table(folder / model.file, model, self.faults, names)
            if model is of.Site:
                _unique((row, site.name) for row, site in self.rows(of.Site))
                names = {site.name for site in self.all(of.Site) if not self.faults}
        self.parameters = read_parameters(folder, self.faults)

    def rows[R: of.Record](self, model: type[R]) -> Rows[R]:
        """The records of a table, each with its row."""
        return self._tables[model]

    def all[R: of.Record](self, model: type[R]) -> tuple[R, ...]:
        """The records of a table."""
        return tuple(record for _, record in self._tables[model])

    def fault(self, model: type[of.Record], what: str, right: str) -> None:
        """Note a fault of a whole table."""
        self.faults.append(Fault(model.file, "", what, right))


def check_facts(facts: Facts) -> None:
    """All checks of the theatre."""
    check_values(facts)
    check_roads(facts)
    check_camps(facts)
    check_history(facts)
    _in_order(((row, event.date) for row, event in facts.rows(of.Event)))
    if not facts.faults:
        check_units(facts)
        check_depots(facts)
        check_calendar(facts)


def check_values(facts: Facts) -> None:
    """Every place has one row of values and one of people."""
    model: type[of.Value] | type[of.People]
    for model in (of.Value, of.People):
        _unique((row, record.name) for row, record in facts.rows(model))
        told = {record.name for record in facts.all(model)}
        for site in facts.all(of.Site):
            if site.name not in told:
                facts.fault(model, f"{site.name} has no row", "one for each place")


def check_roads(facts: Facts) -> None:
    """No leg twice or shorter than the straight line; all places connected without the river."""
    sites = {site.name: site for site in facts.all(of.Site)}
    _unique(
        (row, " - ".join(sorted((road.a, road.b))) + (" by river" * (road.kind == "river")))
        for row, road in facts.rows(of.Road)
    )
    for row, road in facts.rows(of.Road):
        straight = great_circle(sites[road.a], sites[road.b])
        if road.km < SHORTER * straight:
            what = f"{road.km:g} km is shorter than the straight line"
            row.fault(what, f"{straight:.0f} or more")
    apart = sorted(set(sites) - reached(sites, facts.all(of.Road)))
    if apart:
        what = "no land road leads to " + ", ".join(apart)
        facts.fault(of.Road, what, "all places are connected without the river")


def reached(names: Iterable[str], roads: Iterable[of.Road]) -> set[str]:
    """The places that land roads connect with the first one."""
    neighbours = defaultdict(list)
    for road in roads:
        if road.kind != "river":
            neighbours[road.a].append(road.b)
            neighbours[road.b].append(road.a)
    todo = list(names)[:1]
    found = set(todo)
    while todo:
        new = set(neighbours[todo.pop()]) - found
        found |= new
        todo += new
    return found


def great_circle(a: of.Site | of.Place, b: of.Site | of.Place) -> float:
    """Straight line between two places, km."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat, half_lon = (lat_b - lat_a) / 2.0, math.radians(b.lon - a.lon) / 2.0
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2.0 * EARTH_RADIUS * math.asin(math.sqrt(h))


def check_camps(facts: Facts) -> None:
    """One row for each UN camp; closing dates in order and as the record of control has them."""
    _unique((row, camp.place) for row, camp in facts.rows(of.Camp))
    closed = {camp.place for camp in facts.all(of.Camp)}
    for row, site in facts.rows(of.Site):
        if site.un_camp != (site.name in closed):
            row.fault(f"minusma_camp is {site.un_camp:d}", "1 if camps.csv has the place, else 0")
    left = {
        change.place: change.date
        for change in facts.all(of.Change)
        if change.object == "un_camp" and change.before == "minusma"
    }
    closed_on = [
        (row, camp, camp.actual) for row, camp in facts.rows(of.Camp) if camp.actual is not None
    ]
    _in_order(((row, day) for row, _, day in closed_on), "camps in closing order")
    for row, camp, day in closed_on:
        if left.get(camp.place) != day:
            what = f"actual_date is {day}, the record has {left.get(camp.place)}"
            row.fault(what, "the day on which control_history.csv ends the UN's control")


def check_history(facts: Facts) -> None:
    """Within the record's days; an initial row on its first one for each object; a sound chain."""
    check_chain(facts.rows(of.Change))
    for row, change in facts.rows(of.Change):
        if not RECORD[0] <= change.date <= RECORD[1]:
            row.fault(f"date is {change.date}", f"from {RECORD[0]} to {RECORD[1]}")
        elif change.before is None and change.date != START:
            row.fault(f"the initial row is of {change.date}", f"initial rows are of {START}")
    told = {(change.place, change.object) for change in facts.all(of.Change)}
    places = {place for place, _ in told}
    for site in facts.all(of.Site):
        needs_camp = site.un_camp and (site.name, "un_camp") not in told
        if site.name not in places or needs_camp:
            what = f"{site.name} has no {'un_camp ' * (site.name in places)}row"
            facts.fault(of.Change, what, f"an initial one on {START}")


def check_chain(history: Rows[of.Change]) -> None:
    """A record of control: in order of dates; each `before` is the last `after` of the object."""
    _in_order(((row, change.date) for row, change in history))
    holder: dict[tuple[str, str], str] = {}
    for row, change in history:
        key = (change.place, change.object)
        if key not in holder and change.before is not None:
            what = f"{change.object} of {change.place} has no initial row"
            row.fault(what, "controller_before is empty in the first row of each object")
        elif change.before != holder.get(key):
            what = f"controller_before is {change.before or 'empty'}"
            row.fault(what, f"{holder[key]}, controller_after of the row before it")
        holder[key] = change.after


def check_units(facts: Facts) -> None:
    """Units stand where their side or the UN holds the slot; sizes and totals as R1.2 has them."""
    holders = initial_holders(facts.all(of.Change))
    men: Counter[str] = Counter()
    for row, group in facts.rows(of.UnitGroup):
        men[group.side] += group.units * group.men
        _check_slot(row, group, holders[group.place])
        _check_size(row, group, facts.parameters)
    for side in STRENGTH:
        name = f"strength_{'un' if side == 'minusma' else side}"
        strength = facts.parameters.get(name)
        if strength is None:
            facts.faults.append(Fault(REGISTER, "", f"{name} is missing", "R1.2 gives it"))
        elif not strength.low <= men[side] <= strength.high:
            right = f"{strength.low:g} to {strength.high:g} ({name})"
            facts.fault(of.UnitGroup, f"{side} has {men[side]} men in all", right)


def _check_slot(row: Row, group: of.UnitGroup, holders: tuple[str, str]) -> None:
    holder = holders[0] if group.slot == "camp" else holders[1]
    hosts = (ALLIES.get(group.side, group.side), "minusma")
    if group.slot != "country" and holder not in hosts:
        what = f"{group.side} stands in the {group.slot} of {group.place}, held by {holder}"
        row.fault(what, "a slot of its own side, or a guest of the UN")


def _check_size(row: Row, group: of.UnitGroup, parameters: dict[str, Parameter]) -> None:
    """Within the template of its kind; a single detachment may be smaller."""
    template = f"group_{group.side}" if group.kind == "group" else group.kind
    for column, n in (("men", group.men), ("vehicles", group.vehicles)):
        size = parameters.get(f"{column}_{template}")
        if size is None:
            row.fault(f"there is no parameter {column}_{template}", "R1.2 gives it")
        elif n > size.high or (n < size.low and group.units > 1):
            row.fault(f"{n} {column} in a unit", f"{size.low:g} to {size.high:g} ({size.name})")


def check_depots(facts: Facts) -> None:
    """No depot twice, and every side that has units is supplied by its own or its ally's."""
    _unique((row, f"{depot.side} at {depot.place}") for row, depot in facts.rows(of.Depot))
    supplied = {depot.side for depot in facts.all(of.Depot)}
    fielded = {
        ALLIES.get(group.side, group.side) for group in facts.all(of.UnitGroup) if group.units
    }
    for side in sorted(fielded - supplied):
        facts.fault(of.Depot, f"{side} has no depot", "one or more")


def check_calendar(facts: Facts) -> None:
    """In order of dates, the ladder known from the start on, once a day; partners stand once."""
    _in_order(((row, known.date) for row, known in facts.rows(of.Known)))
    rungs = [(row, known.date) for row, known in facts.rows(of.Known) if known.what == "rung"]
    _unique((row, f"rung of {day}") for row, day in rungs)
    if not rungs or rungs[0][1] > START:
        what = "the rung of the start is not known"
        facts.fault(of.Known, what, f"a row on or before {START}")
    _unique((row, partner.name) for row, partner in facts.rows(of.Partner))


def _in_order(
    days: Iterable[tuple[Row, date]], right: str = "rows in order of their dates"
) -> None:
    last = date.min
    for row, day in days:
        if day < last:
            row.fault(f"{day} is before {last}", right)
        last = day


def _unique(keys: Iterable[tuple[Row, str]]) -> None:
    seen: dict[str, int] = {}
    for row, key in keys:
        if key in seen:
            row.fault(f"{key} stands twice", f"once: it is in row {seen[key]}")
        else:
            seen[key] = row.number
