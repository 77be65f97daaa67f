"""Whether the files agree with each other: each check notes its faults, none stops the others."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from camphandover.errors import Fault, close_matches
from camphandover.facts.holders import initial_holders
from camphandover.facts.read import Facts, Site
from camphandover.facts.records import Parameter, Place, Road, UnitGroup
from camphandover.facts.tables import Row

START = date(2023, 8, 1)
"""Day of the initial rows of the record and of the order of battle."""
ORIGIN = date(2023, 9, 17)
"""Forecast origin T0: what happened later may inform no forecast."""
RECORD = (START, date(2023, 12, 31))
EVENT_RECORD = (date(2023, 6, 30), date(2023, 12, 31))
CLOSURES = (START, date(2024, 1, 31))
EARTH_RADIUS = 6371.0
SHORTER = 0.995
"""A road may be shorter than the straight line by the rounding of positions only."""
STRENGTH = {
    "army": "army",
    "wagner": "wagner",
    "separatists": "separatists",
    "gsim": "gsim",
    "minusma": "un",
}
ALLIES = {"wagner": "army", "partners": "army"}
"""Sides that stand in the slots of another one."""


def check_facts(facts: Facts, faults: list[Fault]) -> None:
    """All checks of the theatre."""
    check_names(facts)
    if faults:
        return
    check_values(facts, faults)
    check_roads(facts, faults)
    check_camps(facts)
    check_history(facts, faults)
    check_events(facts)
    check_strengths(facts)
    if not faults:
        check_units(facts, faults)
        check_depots(facts, faults)
        check_calendar(facts, faults)


def check_names(facts: Facts) -> None:
    """Place names are unique in places.csv, and every other file uses those."""
    _unique((row, site.name) for row, site in facts.sites)
    names = {site.name for _, site in facts.sites}
    used: list[tuple[Row, str]] = []
    tables = (facts.values, facts.people, facts.camps, facts.units, facts.depots, facts.history)
    for table in tables:
        used += [(row, record.place) for row, record in table]
    used += [(row, name) for row, road in facts.roads for name in (road.a, road.b)]
    used += [(row, camp.convoy_destination or camp.place) for row, camp in facts.camps]
    used += [(row, known.place) for row, known in facts.calendar if known.place is not None]
    used += [(row, partner.arrives_at) for row, partner in facts.partners]
    used += [(row, row.cells["place"]) for row, _ in facts.events if row.known("place")]
    for row, name in used:
        if name not in names:
            row.fault(f"no place is named {name!r}", close_matches(name, names))


def check_values(facts: Facts, faults: list[Fault]) -> None:
    """Every place has one row of values and one of people; shares of sympathy make at most 1."""
    for file, table in (("values.csv", facts.values), ("people.csv", facts.people)):
        _unique((row, record.place) for row, record in table)
        told = {record.place for _, record in table}
        for _, site in facts.sites:
            if site.name not in told:
                faults.append(Fault(file, "", f"{site.name} has no row", "one for each place"))
    for row, value in facts.values:
        total = value.support_army + value.support_separatists + value.support_gsim
        if total > 1.0 + 1e-9:
            row.fault(f"the shares of support make {total:g}", "at most 1")


def check_roads(facts: Facts, faults: list[Fault]) -> None:
    """No leg twice or shorter than the straight line; all places connected without the river."""
    sites = {site.name: site for _, site in facts.sites}
    _unique(
        (row, " - ".join(sorted((road.a, road.b))) + (" by river" * (road.kind == "river")))
        for row, road in facts.roads
    )
    for row, road in facts.roads:
        if road.a == road.b:
            row.fault(f"leads from {road.a} to itself", "two different places")
        straight = great_circle(sites[road.a], sites[road.b])
        if road.km < SHORTER * straight:
            row.fault(
                f"{road.km:g} km is shorter than the straight line", f"{straight:.0f} or more"
            )
    apart = sorted(set(sites) - reached(sites, (road for _, road in facts.roads)))
    if apart:
        what = "no land road leads to " + ", ".join(apart)
        faults.append(Fault("roads.csv", "", what, "all places are connected without the river"))


def reached(names: Iterable[str], roads: Iterable[Road]) -> set[str]:
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


def great_circle(a: Site | Place, b: Site | Place) -> float:
    """Straight line between two places, km."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat, half_lon = (lat_b - lat_a) / 2.0, math.radians(b.lon - a.lon) / 2.0
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2.0 * EARTH_RADIUS * math.asin(math.sqrt(h))


def check_camps(facts: Facts) -> None:
    """One row for each UN camp; closing dates in order and as the record of control has them."""
    _unique((row, camp.place) for row, camp in facts.camps)
    closed = {camp.place for _, camp in facts.camps}
    for row, site in facts.sites:
        if site.un_camp != (site.name in closed):
            row.fault(f"minusma_camp is {site.un_camp:d}", "1 if camps.csv has the place, else 0")
    left = {
        change.place: change.date
        for _, change in facts.history
        if change.object == "un_camp" and change.before == "minusma"
    }
    last = date.min
    for row, camp in facts.camps:
        _within(row, "planned_date", camp.planned, CLOSURES)
        if camp.actual is None:
            continue
        _within(row, "actual_date", camp.actual, CLOSURES)
        if camp.actual < last:
            row.fault(f"actual_date {camp.actual} is before {last}", "camps in closing order")
        last = camp.actual
        if left.get(camp.place) != camp.actual:
            what = f"actual_date is {camp.actual}, the record has {left.get(camp.place)}"
            row.fault(what, "the day on which control_history.csv ends the UN's control")


def check_history(facts: Facts, faults: list[Fault]) -> None:
    """In order of dates; one initial row for each object; each `before` is the last `after`."""
    holder: dict[tuple[str, str], str] = {}
    last = date.min
    for row, change in facts.history:
        _within(row, "date", change.date, RECORD)
        if change.date < last:
            row.fault(f"{change.date} is before {last}", "rows in order of their dates")
        last = change.date
        key = (change.place, change.object)
        known = holder.get(key)
        if known is None and change.date != START:
            row.fault(f"{change.object} of {change.place} has no initial row", f"one on {START}")
        elif change.before != known:
            what = f"controller_before is {change.before or 'empty'}"
            row.fault(what, f"{known or 'empty in the initial row'}, as the row before it has it")
        holder[key] = change.after
    recorded = {place for place, _ in holder}
    for _, site in facts.sites:
        if site.name not in recorded:
            what = f"{site.name} has no row"
            faults.append(Fault("control_history.csv", "", what, f"an initial one on {START}"))
        elif site.un_camp and (site.name, "un_camp") not in holder:
            what = f"{site.name} has no un_camp row"
            faults.append(Fault("control_history.csv", "", what, f"an initial one on {START}"))


def check_events(facts: Facts) -> None:
    """Events stand in order of their dates, within the record."""
    last = date.min
    for row, day in facts.events:
        _within(row, "date", day, EVENT_RECORD)
        if day < last:
            row.fault(f"{day} is before {last}", "rows in order of their dates")
        last = day


def check_strengths(facts: Facts) -> None:
    """The range of each force is ordered as far as it is known."""
    for row, force in facts.strengths:
        known = [n for n in (force.low, force.best, force.high) if n is not None]
        if known != sorted(known):
            row.fault("total_low, total_best, total_high are " + str(known), "in rising order")


def check_units(facts: Facts, faults: list[Fault]) -> None:
    """Units stand where their side or the UN holds the slot; sizes and totals as R1.2 has them."""
    holders = initial_holders([change for _, change in facts.history])
    men: dict[str, int] = dict.fromkeys(STRENGTH, 0)
    for row, group in facts.units:
        men[group.side] = men.get(group.side, 0) + group.units * group.men
        _check_slot(row, group, holders[group.place])
        _check_size(row, group, facts.parameters)
    for side, name in STRENGTH.items():
        strength = facts.parameters.get(f"strength_{name}")
        if strength is None:
            what = f"strength_{name} is missing"
            faults.append(Fault("parameters.yaml", "", what, "R1.2 gives it"))
        elif not strength.low <= men[side] <= strength.high:
            what = f"{side} has {men[side]} men in all"
            right = f"{strength.low:g} to {strength.high:g} (strength_{name})"
            faults.append(Fault("order_of_battle.csv", "", what, right))


def _check_slot(row: Row, group: UnitGroup, holders: tuple[str, str]) -> None:
    if (group.slot == "country") != (group.side == "gsim"):
        row.fault(f"slot is {group.slot} for {group.side}", "country for gsim, else camp or town")
    if group.slot == "country":
        return
    holder = holders[0] if group.slot == "camp" else holders[1]
    hosts = (ALLIES.get(group.side, group.side), "minusma")
    if holder not in hosts:
        what = f"{group.side} stands in the {group.slot} of {group.place}, held by {holder}"
        row.fault(what, "a slot of its own side, or a guest of the UN")


def _check_size(row: Row, group: UnitGroup, parameters: dict[str, Parameter]) -> None:
    """Within the template of its kind; a single detachment may be smaller."""
    template = f"group_{group.side}" if group.kind == "group" else group.kind
    for column, n in (("men", group.men), ("vehicles", group.vehicles)):
        size = parameters.get(f"{column}_{template}")
        if size is None:
            row.fault(f"there is no parameter {column}_{template}", "R1.2 gives it")
        elif n > size.high or (n < size.low and group.units > 1):
            row.fault(f"{n} {column} in a unit", f"{size.low:g} to {size.high:g} ({size.name})")


def check_depots(facts: Facts, faults: list[Fault]) -> None:
    """No depot twice, and every side that has units is supplied by its own or its ally's."""
    _unique((row, f"{depot.side} at {depot.place}") for row, depot in facts.depots)
    supplied = {depot.side for _, depot in facts.depots}
    fielded = {ALLIES.get(group.side, group.side) for _, group in facts.units if group.units}
    for side in sorted(fielded - supplied):
        faults.append(Fault("depots.csv", "", f"{side} has no depot", "one or more"))


def check_calendar(facts: Facts, faults: list[Fault]) -> None:
    """In order of dates, nothing after the forecast origin, the ladder known from the start on."""
    last = date.min
    for row, known in facts.calendar:
        if known.date < last:
            row.fault(f"{known.date} is before {last}", "rows in order of their dates")
        if known.date > ORIGIN:
            row.fault(f"{known.date} is after the forecast origin", f"until {ORIGIN}")
        last = known.date
    _unique((row, f"{k.what} of {k.date}") for row, k in facts.calendar if k.what == "rung")
    rungs = [known.date for _, known in facts.calendar if known.what == "rung"]
    if not rungs or rungs[0] > START:
        what = "the rung of the start is not known"
        faults.append(Fault("calendar.csv", "", what, f"a row on or before {START}"))
    _unique((row, partner.name) for row, partner in facts.partners)


def _within(row: Row, column: str, day: date, bounds: tuple[date, date]) -> None:
    if not bounds[0] <= day <= bounds[1]:
        row.fault(f"{column} is {day}", f"from {bounds[0]} to {bounds[1]}")


def _unique(keys: Iterable[tuple[Row, str]]) -> None:
    seen: dict[str, int] = {}
    for row, key in keys:
        if key in seen:
            row.fault(f"{key} stands twice", f"once: it is in row {seen[key]}")
        else:
            seen[key] = row.line
