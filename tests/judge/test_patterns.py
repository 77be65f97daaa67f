"""Patterns P1-P14: every quantity by hand at each bound; shares; real runs read slowly."""

from __future__ import annotations

import itertools
import json
import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import typer
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import BufferReader
from typer.testing import CliRunner

import camphandover as ch
from batches import Scripted, Unlucky, made
from camphandover import facts, scenario
from camphandover.batch.ledgers import encode
from camphandover.cli import patterns as cli_patterns
from camphandover.cli.main import Commands
from camphandover.core.ledger import ROW, Kind
from camphandover.errors import BatchError, PatternError
from camphandover.facts.codes import Holder, Mission, Side, Slot
from camphandover.judge.patterns.met import WHOLE, parts_set
from camphandover.judge.patterns.patterns import joint_of, pattern_values, patterns
from camphandover.known.record import read_record
from camphandover.measure.outcomes import Window
from camphandover.measure.patterns.data import FILE, VALUES
from camphandover.measure.patterns.data import patterns as definitions
from camphandover.measure.patterns.runs import Runs, events_of
from camphandover.measure.patterns.values import MEASURES, measure
from camphandover.say.patterns import bounds

PLACES = tuple(place.name for place in facts.load().places)
PATTERNS = {pattern.name: pattern for pattern in definitions()}
PARTS = {(p.name, part.name): part for p in definitions() for part in p.parts}
FIRST, LAST = date(2023, 8, 1), date(2024, 1, 31)
DAYS = (LAST - FIRST).days + 1
ARMY, SEP, GSIM, UN, NOBODY, JOINT = Holder
POSTS = ("Bourem", "Bamba", "Taoussa", "Lere", "Dioura")
"""The five bases of the army that the record has raided."""


# --- a run by hand -----------------------------------------------------------------------


def hour(when: str) -> float:
    """Hours since 1970 of `10-31 08:00`, or of an hour of January 2024 as `01-15`."""
    text = f"{'2024' if when.startswith('01') else '2023'}-{when}"
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1)).total_seconds() / 3600


class World:
    """One run, made up: who holds what at first, and what happens then."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.holders = {(place, slot): ARMY for place in PLACES for slot in (0, 1)}
        for place in ("Kidal", "Tessalit", "Aguelhok", "Anefis"):
            self.holders[place, 1] = SEP
            self.holders[place, 0] = SEP if place == "Anefis" else UN
        self.holders["Ber", 0] = UN
        self.last = dict(self.holders)
        self.men = np.full((DAYS, len(Side)), 1000.0)
        self.dead = np.zeros((DAYS, len(Side)))
        self.residents = np.full((DAYS, len(PLACES)), 1000.0)

    def write(  # noqa: PLR0913 - a row of the ledger, by its cells
        self, at: float, kind: Kind, side: int = -1, place: str = "", slot: int = -1,
        before: int = -1, after: int = -1, mission: int = -1, entity: int = -1,
        amount: float = 0.0, cause: int = -1,
    ) -> int:  # fmt: skip
        where = PLACES.index(place) if place else -1
        self.rows.append(
            (
                at,
                amount,
                math.nan,
                cause,
                entity,
                kind,
                where,
                side,
                -1,
                slot,
                before,
                after,
                mission,
            )
        )
        return len(self.rows) - 1

    def change(self, at: float, place: str, to: Holder, slot: int = 0, cause: int = -1) -> int:
        """A change of control, in the order of time for each slot."""
        before = self.last[place, slot]
        self.last[place, slot] = to
        return self.write(at, Kind.CONTROL, 0, place, slot, before, to, cause=cause)

    def runs(self, first: date = FIRST, last: date = LAST) -> Runs:
        """What the patterns see of it, by way of the bytes that a batch stores."""
        ledger = np.array(self.rows, ROW) if self.rows else np.empty(0, ROW)
        table = pq.read_table(BufferReader(encode("made", PLACES, 0, [ledger])))
        days = slice((first - FIRST).days, (last - FIRST).days + 1)
        return Runs(
            first=0,
            window=Window(first, last),
            is_valid=np.array([True]),
            events=events_of(table, 0, 1),
            control=self._control()[None, :, :, days],
            men=self.men[None, days],
            dead=self.dead[None, days],
            residents=self.residents[None, days],
        )

    def _control(self) -> np.ndarray:
        cube = np.empty((len(PLACES), 2, DAYS), np.int8)
        for (place, slot), holder in self.holders.items():
            cube[PLACES.index(place), slot] = holder
        start = hour("08-01") / 24
        for row in sorted((row for row in self.rows if row[5] == Kind.CONTROL), key=lambda r: r[0]):
            cube[row[6], row[9], int(row[0] / 24 - start) :] = row[11]
        return cube


def raid(world: World, place: str, at: float, held: float = 3.0, gone: float = 0.0) -> None:
    """An entry into a base; the raiders leave after `held` hours, the army is back `gone` later."""
    world.write(at, Kind.BATTLE, Side.SEPARATISTS, place)
    world.change(at, place, SEP)
    if gone:
        world.change(at + held, place, NOBODY)
    if math.isfinite(held):
        world.change(at + held + gone, place, ARMY)


RECORD: dict[str, Any] = {
    "ber": 0, "ber_dead": 7, "eased": 40, "town_days": 0, "bourem": 0, "bourem_hours": 3.0,
    "bourem_empty": 0.0, "raids": 5, "entered": 5, "kept": 0, "aircraft": 2, "drones": 0,
    "departs": 0, "march": 5.4,
    "halt": 34.0, "tessalit": ARMY, "aguelhok": SEP, "kidal": SEP, "early": 15, "convoy": 7.5,
    "mines": 6, "un_dead": 0, "fall": 0, "hold": 14.0, "men": 0.9, "emptied": 0.7, "attacks": 2,
    "gsim_kept": 0, "aguelhok_day": 0, "blockade": 0, "capitals": 0, "posts": 0, "partners": 0,
}  # fmt: skip
"""What the record has, as `build` takes it."""


def build(**changed: Any) -> World:
    """A run as the record has it, but for what is changed."""
    q = {**RECORD, **changed}
    world = World()
    _august(world, q)
    _raids(world, q)
    _column(world, q)
    _camps(world, q)
    _convoy(world, q)
    _late(world, q)
    return world


def _august(world: World, q: dict[str, Any]) -> None:
    if q["ber"] is not None:
        world.change(hour("08-13 08:00") + 24 * q["ber"], "Ber", ARMY)
    world.write(hour("08-12 09:00"), Kind.LOSSES, Side.ARMY, "Ber", amount=q["ber_dead"] - 1)
    world.write(hour("08-20 23:00"), Kind.LOSSES, Side.WAGNER, "Ber", amount=1)
    world.write(hour("08-21 01:00"), Kind.LOSSES, Side.ARMY, "Ber", amount=50)  # too late
    world.write(hour("08-12 09:00"), Kind.LOSSES, Side.SEPARATISTS, "Ber", amount=50)
    world.write(hour("08-12 09:00"), Kind.LOSSES, Side.ARMY, "Gao", amount=50)
    if q["eased"] is not None:
        at = hour("08-08") + 24 * q["eased"]
        world.write(at + 5, Kind.BLOCKADE_EASED, Side.GSIM, "Timbuktu")
        world.write(at + 500, Kind.BLOCKADE_EASED, Side.GSIM, "Timbuktu")
    world.write(hour("08-10"), Kind.BLOCKADE_EASED, Side.GSIM, "Gao")
    for day in range(q["town_days"]):
        world.change(hour("08-25 10:00") + 48 * day, "Timbuktu", GSIM, 1)
        world.change(hour("08-26 10:00") + 48 * day, "Timbuktu", ARMY, 1)


def _raids(world: World, q: dict[str, Any]) -> None:
    if q["bourem"] is not None:
        at = hour("09-12 06:00") + 24 * q["bourem"]
        raid(world, "Bourem", at, q["bourem_hours"], gone=q["bourem_empty"])
    for i in range(1, q["raids"]):  # Bourem is the first of the series
        place, at = POSTS[i % 5], hour("09-17 05:00") + 48 * i
        if i < q["entered"]:
            raid(world, place, at, 72.0 if i <= q["kept"] else 4.0)
        else:
            world.write(at, Kind.BATTLE, Side.SEPARATISTS, place)
    for i in range(q["aircraft"] + q["drones"]):
        kind = Kind.AIRCRAFT_HIT if i == 0 else Kind.AIRCRAFT_LOST
        world.write(hour("09-09") + 30 * i, kind, 0, "Gao", amount=float(i < q["aircraft"]))
    world.write(hour("08-31 23:00"), Kind.AIRCRAFT_LOST, 0, "Gao", amount=1)
    world.write(hour("10-11 00:00"), Kind.AIRCRAFT_LOST, 0, "Gao", amount=1)


def _column(world: World, q: dict[str, Any]) -> None:
    left = hour("10-02 06:00") + 24 * q["departs"]
    world.write(left, Kind.DEPART, 0, "Gao", mission=Mission.OFFENSIVE, entity=3)
    world.write(left - 99, Kind.DEPART, 0, "Gao", mission=Mission.RELIEF, entity=4)
    taken = left + 24 * q["march"]
    world.change(taken, "Anefis", ARMY, 1)
    if math.isfinite(q["halt"]):
        world.write(taken + 24 * q["halt"], Kind.ARRIVE, 0, "Kidal", entity=3)
        world.write(taken + 24 * q["halt"] + 500, Kind.ARRIVE, 0, "Kidal", entity=3)
    world.write(taken - 50, Kind.ARRIVE, 0, "Kidal", entity=3)
    world.write(taken + 50, Kind.ARRIVE, Side.SEPARATISTS, "Kidal", entity=9)


def _camps(world: World, q: dict[str, Any]) -> None:
    for place, at, to in (
        ("Tessalit", hour("10-21 08:00"), q["tessalit"]),
        ("Aguelhok", hour("10-23 08:00"), q["aguelhok"]),
    ):
        world.change(at, place, NOBODY)
        if to != NOBODY:
            world.change(at + 6, place, to)
    left = hour("11-15 08:00") - 24 * q["early"]
    world.change(left, "Kidal", NOBODY)
    fall = hour("11-14 10:00") + 24 * q["fall"]
    if q["kidal"] != NOBODY:
        entered = left + 6 if q["hold"] == RECORD["hold"] else fall - 24 * q["hold"]
        world.change(entered, "Kidal", q["kidal"])
    world.change(fall, "Kidal", ARMY)
    world.men[int((fall - hour("08-01")) // 24) :, Side.SEPARATISTS] = 1000 * q["men"]
    towns = [PLACES.index(name) for name in ("Kidal", "Tessalit", "Aguelhok", "Anefis")]
    world.residents[(date(2023, 11, 7) - FIRST).days, towns] = 1000 * (1 - q["emptied"])


def _convoy(world: World, q: dict[str, Any]) -> None:
    left = hour("11-15 08:00") - 24 * q["early"]
    gone = world.write(left, Kind.EXIT, Side.MINUSMA, "Kidal")
    convoy = {"side": Side.MINUSMA, "mission": Mission.CONVOY}
    other = world.write(left - 240, Kind.DEPART, place="Tessalit", entity=50, **convoy)
    world.write(left + 9, Kind.IED, Side.MINUSMA, "Anefis", entity=50, amount=9, cause=other)
    if q["convoy"] is None:
        return
    own = world.write(left, Kind.DEPART, place="Kidal", entity=40, cause=gone, **convoy)
    for i in range(q["mines"]):
        amount = 2.0 + q["un_dead"]
        world.write(
            left + 20 * i + 9, Kind.IED, Side.MINUSMA, "Anefis", entity=41, amount=amount, cause=own
        )
    world.write(left + 24 * q["convoy"], Kind.ARRIVE, Side.MINUSMA, "Gao", entity=40, cause=own)
    world.dead[int((left - hour("08-01")) // 24) :, Side.MINUSMA] += q["un_dead"]
    world.dead[:, Side.MINUSMA] += 5.0  # before the convoy was on the road


def _late(world: World, q: dict[str, Any]) -> None:
    for i in range(q["attacks"]):
        world.write(hour("11-24 05:00") + i, Kind.BATTLE, Side.GSIM, ("Niafunke", "Goundam")[i % 2])
    world.write(hour("10-14 23:00"), Kind.BATTLE, Side.GSIM, "Niafunke")
    world.write(hour("12-16 00:00"), Kind.BATTLE, Side.GSIM, "Niafunke")
    at = hour("11-24 06:00")
    world.change(at, "Niafunke", GSIM)
    world.change(at + (72 if q["gsim_kept"] else 71), "Niafunke", ARMY)
    world.change(hour("12-20 09:00") + 24 * q["aguelhok_day"], "Aguelhok", ARMY)
    world.write(hour("08-08"), Kind.BLOCKADE, Side.GSIM, "Timbuktu")
    if q["blockade"] is not None:
        world.write(hour("12-20") + 24 * q["blockade"], Kind.BLOCKADE, Side.SEPARATISTS, "Menaka")
    world.change(hour("11-14 12:00"), "Kidal", ARMY, 1)
    for place in ("Gao", "Douentza", "Mopti-Sevare")[: q["capitals"]]:
        world.change(hour("12-31 10:00"), place, NOBODY, 1)
    for place in ("Hombori", "Gossi")[: q["posts"]]:
        world.change(hour("12-30 10:00"), place, SEP)
    for _ in range(q["partners"]):
        world.write(hour("12-31 23:00"), Kind.HELP_ARRIVES, Side.PARTNERS, "Gossi", entity=90)
    world.write(hour("12-01"), Kind.HELP_ARRIVES, Side.PARTNERS, "Gossi", amount=2)  # drones
    world.write(hour("01-01"), Kind.HELP_ARRIVES, Side.PARTNERS, "Gossi", entity=91)


def measured(world: World, **window: date) -> dict[str, float]:
    return {name: float(v[0]) for name, v in measure(world.runs(**window), PATTERNS).items()}


def is_met(values: dict[str, float], pattern: str, part: str) -> bool:
    bound = PARTS[pattern, part]
    return bound.low <= values[bound.value] <= bound.high


# --- the record, and each bound ----------------------------------------------------------


def test_the_record_meets_every_part_of_every_pattern():
    values = measured(build())
    assert {key: is_met(values, *key) for key in PARTS} == dict.fromkeys(PARTS, True)
    expected = {
        "P1_day_off": 0, "P1_army_dead": 7, "P2_eased_day": 40, "P2_army_share": 1,
        "P3_day_off": 0, "P3_hours_lost": 3, "P3_hours_held": 3, "P4_raids": 5, "P4_entered": 5,
        "P4_held": 0, "P5_aircraft": 2, "P6_departs": 0, "P6_days": 5.4, "P7_halt": 34,
        "P8_Tessalit": ARMY, "P8_Aguelhok": SEP, "P8_Kidal": SEP, "P9_early": 15,
        "P9_convoy_days": 7.5, "P9_ieds": 6, "P9_convoy_dead": 0, "P10_day_off": 0,
        "P10_kept": 0.9, "P11_emptied": 0.7, "P12_attacks": 2, "P12_held": 0, "P13_day_off": 0,
        "P13_blockade_day": 0, "P14_capitals_lost": 0, "P14_posts_lost": 0, "P14_partner_units": 0,
    }  # fmt: skip
    assert {name: values[name] for name in expected} == pytest.approx(expected)
    # The camp of Kidal: 31 October 14:00 to 14 November 10:00.
    assert values["P10_hold"] == pytest.approx(14 - 4 / 24)


def test_the_record_of_control_is_measured_as_runs_are():
    """What the patterns read from control alone, read from the dated record day by day."""
    control = read_record().control.isel(replicate=0)
    world = World()
    for (i, place), slot in itertools.product(enumerate(PLACES), (0, 1)):
        told = control.sel(place=place).isel(slot=slot).to_numpy()
        world.holders[place, slot] = world.last[place, slot] = Holder(told[0])
        for day in np.flatnonzero(np.diff(told)) + 1:
            world.change(hour("08-01") + 24 * day, place, Holder(told[day]), slot)
        assert PLACES[i] == control["place"][i]
    values = measured(world, last=date(2023, 12, 31))
    expected = {
        "P1_day_off": 0, "P2_army_share": 1, "P8_Tessalit": ARMY, "P8_Aguelhok": SEP,
        "P8_Kidal": SEP, "P10_day_off": 0, "P10_hold": 14, "P14_capitals_lost": 0,
        "P14_posts_lost": 0, "P14_un_camps_lost": 0,
    }  # fmt: skip
    assert {name: values[name] for name in expected} == pytest.approx(expected)


BOUNDS: list[tuple[str, str, str, list[tuple[Any, float, bool]]]] = [
    ("P1", "days_off", "ber", [(-6, -6, False), (-5, -5, True), (5, 5, True), (6, 6, False)]),
    ("P1", "days_off", "ber", [(None, math.nan, False)]),
    ("P1", "army_dead", "ber_dead", [(2, 2, False), (3, 3, True), (25, 25, True), (26, 26, False)]),
    ("P2", "eased_after", "eased", [(29, 29, False), (30, 30, True), (80, 80, True)]),
    ("P2", "eased_after", "eased", [(81, 81, False), (None, math.nan, False)]),
    ("P2", "army_has_town", "town_days", [(1, 145 / 146, False), (2, 144 / 146, False)]),
    ("P3", "days_off", "bourem", [(-15, -15, False), (-14, -14, True), (14, 14, True)]),
    ("P3", "days_off", "bourem", [(15, 15, False), (None, math.nan, False)]),
    ("P3", "hours_held", "bourem_hours", [(0.5, 0.5, False), (1.0, 1, True), (12.0, 12, True)]),
    ("P3", "hours_held", "bourem_hours", [(12.5, 12.5, False), (math.inf, math.inf, False)]),
    ("P3", "hours_lost", "bourem_empty", [(0.0, 3, True), (21.0, 24, True), (21.5, 24.5, False)]),
    ("P4", "raids", "raids", [(3, 3, False), (4, 4, True), (8, 8, True), (9, 9, False)]),
    ("P4", "entered", "entered", [(3, 0.6, True), (2, 0.4, False)]),
    ("P4", "held", "kept", [(1, 0.2, False), (0, 0, True)]),
    ("P5", "aircraft", "aircraft", [(0, 0, False), (1, 1, True), (4, 4, True), (5, 5, False)]),
    ("P6", "departs", "departs", [(-11, -11, False), (-10, -10, True), (13, 13, True)]),
    ("P6", "departs", "departs", [(14, 14, False)]),
    ("P6", "days_to_Anefis", "march", [(3.9, 3.9, False), (4.0, 4, True), (9.0, 9, True)]),
    ("P6", "days_to_Anefis", "march", [(9.1, 9.1, False)]),
    ("P7", "days", "halt", [(14.9, 14.9, False), (15.0, 15, True), (55.0, 55, True)]),
    ("P7", "days", "halt", [(55.1, 55.1, False)]),
    ("P8", "Tessalit", "tessalit", [(ARMY, 0, True), (SEP, 1, False), (NOBODY, 4, False)]),
    ("P8", "Aguelhok", "aguelhok", [(SEP, 1, True), (ARMY, 0, False), (GSIM, 2, False)]),
    ("P8", "Kidal", "kidal", [(SEP, 1, True), (ARMY, 0, False), (NOBODY, 4, False)]),
    ("P9", "days_early", "early", [(4, 4, False), (5, 5, True), (25, 25, True), (26, 26, False)]),
    ("P9", "convoy_days", "convoy", [(4.9, 4.9, False), (5.0, 5, True), (11.0, 11, True)]),
    ("P9", "convoy_days", "convoy", [(11.1, 11.1, False), (None, math.nan, False)]),
    ("P9", "mines", "mines", [(2, 2, False), (3, 3, True), (10, 10, True), (11, 11, False)]),
    ("P9", "convoy_dead", "un_dead", [(3, 3, True), (4, 4, False)]),
    ("P10", "days_off", "fall", [(-15, -15, False), (-14, -14, True), (14, 14, True)]),
    ("P10", "days_off", "fall", [(15, 15, False)]),
    ("P10", "days_held", "hold", [(4.9, 4.9, False), (5.0, 5, True)]),
    ("P10", "men_kept", "men", [(0.69, 0.69, False), (0.7, 0.7, True), (1.2, 1.2, True)]),
    ("P11", "emptied", "emptied", [(0.49, 0.49, False), (0.5, 0.5, True), (0.85, 0.85, True)]),
    ("P11", "emptied", "emptied", [(0.86, 0.86, False)]),
    ("P12", "attacks", "attacks", [(0, 0, False), (1, 1, True), (9, 9, True)]),
    ("P12", "bases_held", "gsim_kept", [(0, 0, True), (1, 1, False)]),
    ("P13", "days_off", "aguelhok_day", [(-26, -26, False), (-25, -25, True), (25, 25, True)]),
    ("P13", "days_off", "aguelhok_day", [(26, 26, False)]),
    ("P13", "blockade", "blockade", [(-20, -20, False), (-19, -19, True), (26, 26, True)]),
    ("P13", "blockade", "blockade", [(27, 27, False), (None, math.nan, False)]),
    ("P14", "capitals_lost", "capitals", [(0, 0, True), (1, 1, False), (3, 3, False)]),
    ("P14", "posts_lost", "posts", [(0, 0, True), (2, 2, False)]),
    ("P14", "partner_units", "partners", [(0, 0, True), (1, 1, False)]),
]
"""Pattern, part, what is changed of the record, and what is then measured and met."""


@pytest.mark.parametrize(("pattern", "part", "what", "cases"), BOUNDS)
def test_each_part_at_its_bounds(pattern, part, what, cases):
    for given_value, expected, met in cases:
        values = measured(build(**{what: given_value}))
        assert values[PARTS[pattern, part].value] == pytest.approx(expected, nan_ok=True), (
            given_value
        )
        assert is_met(values, pattern, part) is met, given_value


def test_every_part_is_tried_both_ways():
    tried = {(pattern, part, met) for pattern, part, _, cases in BOUNDS for *_, met in cases} | {
        (*key, True) for key in PARTS
    }
    assert tried == {(*key, met) for key in PARTS for met in (True, False)}


def test_the_hold_of_kidal_at_its_upper_bound():
    # The UN gone by 1 October, the separatists in at once.
    for days, met in ((35.0, True), (35.1, False)):
        values = measured(build(early=45, hold=days))
        assert values["P10_hold"] == pytest.approx(days)
        assert is_met(values, "P10", "days_held") is met
    assert measured(build(kidal=NOBODY))["P10_hold"] == 0  # they never had it


def test_nothing_happens():
    values = measured(World())
    nothing = {name for name, value in values.items() if math.isnan(value)}
    assert nothing == {
        "P1_day_off", "P2_eased_day", "P3_day_off", "P3_hours_lost", "P3_hours_held",
        "P4_entered_share", "P6_departs", "P6_days", "P7_halt", "P7_to_capture", "P8_Tessalit",
        "P8_Aguelhok", "P8_Kidal", "P9_early", "P9_convoy_days", "P9_ieds", "P9_convoy_dead",
        "P10_day_off", "P10_hold", "P10_kept", "P13_day_off", "P13_blockade_day",
    }  # fmt: skip


def test_a_raid_that_comes_back_keeps_the_base_and_a_town_follows_its_camp():
    world = build(entered=4, raids=5)
    at = hour("10-05 06:00")
    world.write(at, Kind.BATTLE, Side.SEPARATISTS, "Hombori")
    world.change(at, "Hombori", SEP)
    world.change(at + 2, "Hombori", NOBODY)
    back = world.change(at + 8, "Hombori", SEP)
    world.change(at + 17.9, "Hombori", SEP, Slot.TOWN, cause=back)
    world.change(at + 88, "Hombori", ARMY)
    values = measured(world)
    assert (values["P4_entered"], values["P4_held"]) == (5, 1)
    # The army's base in a town whose camp the UN still has.
    world.holders["Ansongo", 0] = UN
    world.change(at + 1, "Ansongo", SEP, Slot.TOWN)
    world.change(at + 5, "Ansongo", ARMY, Slot.TOWN)
    assert measured(world)["P4_entered"] == 6


def test_of_several_raids_on_bourem_the_nearest_counts():
    world = build(bourem=-13, bourem_hours=20.0)
    raid(world, "Bourem", hour("09-14 06:00"), 2.0, gone=6.0)
    values = measured(world)
    assert (values["P3_day_off"], values["P3_hours_held"], values["P3_hours_lost"]) == (2, 2, 8)


def test_a_base_that_gsim_finds_empty_is_held_and_one_it_never_took_from_the_army_is_not():
    world = build()
    at = hour("11-01 06:00")
    world.change(at, "Gossi", NOBODY)
    world.change(at + 30, "Gossi", GSIM)
    assert measured(world)["P12_held"] == 1
    world = build(tessalit=GSIM)
    assert measured(world)["P12_held"] == 0


def test_manned_aircraft_only_and_the_dead_of_the_convoy_only():
    values = measured(build(drones=2))
    assert (values["P5_aircraft"], values["P5_aircraft_and_drones"]) == (2, 4)
    world = build(un_dead=1, mines=3)
    world.dead[(date(2023, 11, 20) - FIRST).days :, Side.MINUSMA] += 9  # no mine on that day
    assert measured(world)["P9_convoy_dead"] == 1


# --- windows, definitions, what a scenario sets --------------------------------------------


def test_patterns_outside_the_window_are_not_asked():
    values = measured(build(), last=date(2023, 12, 31))
    assert math.isnan(values["P13_day_off"])
    assert values["P14_capitals_lost"] == 0
    values = measured(build(), last=date(2023, 12, 30))
    assert math.isnan(values["P14_capitals_lost"])
    values = measured(build(), first=date(2023, 8, 2))
    assert math.isnan(values["P11_emptied"])
    assert values["P4_raids"] == 5


def test_the_definitions_are_whole_and_agree_with_the_record():
    assert list(PATTERNS) == [f"P{i}" for i in range(1, 15)] == list(MEASURES)
    used = {part.value for part in PARTS.values()}
    used |= {v for p in definitions() for read in p.readings.values() for v in read}
    counts = {"P4_raids", "P4_entered", "P4_held"}  # of which shares are made
    assert used | counts == set(VALUES)
    known = {name: pattern.known for name, pattern in PATTERNS.items()}
    assert [name for name in known if known[name] != "none"] == ["P1", "P2", "P3", "P4", "P5"]
    days = {name: PATTERNS[name].dates["record"] for name in ("P1", "P3", "P6", "P10", "P13")}
    found = {name: str(np.datetime64(day, "D")) for name, day in days.items()}
    assert found == {
        "P1": "2023-08-13", "P3": "2023-09-12", "P6": "2023-10-02", "P10": "2023-11-14",
        "P13": "2023-12-20",
    }  # fmt: skip
    capitals = {PLACES[i] for i in PATTERNS["P14"].places["capitals"]}
    towns = {"Kidal", "Gao", "Timbuktu", "Menaka", "Mopti-Sevare", "Douentza", "Bamako"}
    assert capitals == towns
    assert bounds(PARTS["P6", "departs"]) == "22 Sep to 15 Oct"
    assert bounds(PARTS["P8", "Kidal"]) == "separatists"
    assert bounds(PARTS["P10", "men_kept"]) == "at least 70 %"
    assert bounds(PARTS["P9", "convoy_dead"]) == "at most 3"
    assert bounds(PARTS["P12", "bases_held"]) == "none"


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("P1", "places", "camp"), "Berr", "no place 'Berr' (did you mean Ber"),
        (("P1", "parts", "days_off", "value"), "P1_day", "nothing measures 'P1_day'"),
        (("P1", "parts", "days_off", "low"), 9, "bounds 9.0 to 5.0"),
        (("P1", "parts", "days_off", "set_by"), {"exit": "Bourem"}, "'Bourem' has no camp"),
        (("P1", "dates", "record"), {"history": ["Ber", "un_camp", "gsim"]}, "no such date"),
        (("P1", "window", "from"), date(2024, 1, 1), "ends before it begins"),
        (("P4", "places", "posts"), {"group": "army bases outside"}, "region is given or missing"),
        (("P6", "parts", "departs", "since"), "recrd", "since 'recrd'"),
        (("P1", "parts", "days_off", "from"), date(2023, 8, 1), "belong together"),
        (("P9", "places", "to"), {"convoy": "Ansongo"}, "no convoy of 'Ansongo'"),
        (("P3", "readings", "7 days"), {"P3_days": [1, 2]}, "nothing measures"),
        (("P1", "needed"), 2, "less than or equal to 1"),
        (("P1", "parts", "days_off", "lower"), 2, "Extra inputs"),
    ],
)
def test_faults_of_the_file_are_told(tmp_path: Path, path: tuple[str, ...], value: Any, told: str):
    content = yaml.safe_load(FILE.read_text())
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    file = tmp_path / "patterns.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(PatternError) as error:
        definitions(file)
    assert told in str(error.value)
    assert path[0] in str(error.value)


KIDAL = {"camps": {"Kidal": {"receiver": "separatists"}}}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"extends": "on-schedule"}, set()),
        ({"extends": "historical"}, {("P1", "days_off"), ("P9", "days_early")}),
        ({"extends": "on-schedule", "handover": KIDAL}, {("P8", "Kidal")}),
        ({"extends": "on-schedule", "structure": {"race": False}}, {("P8", "Tessalit")}),
        ({"extends": "on-schedule", "handover": {"all": {"receiver": "joint"}}}, set()),
        (
            {"extends": "on-schedule", "handover": {"camps": {"Kidal": {"shift": -10}}}},
            {("P9", "days_early")},
        ),
        # Later than planned, or fixed on the day of the plan: then the run earns it, or fails.
        ({"extends": "on-schedule", "handover": {"camps": {"Kidal": {"shift": 10}}}}, set()),
        (
            {"extends": "on-schedule", "handover": {"later": {"spread": 0, "early_exit": False}}},
            set(),
        ),
    ],
)
def test_what_a_scenario_sets_itself(form: dict[str, Any], expected: set[tuple[str, str]]):
    resolved = scenario.load({"title": "A test", "question": "What is set?", **form}, "test")
    assert parts_set(resolved, definitions()) == expected


# --- shares ------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 12).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([True, False, None]), min_size=n, max_size=n),
            min_size=1,
            max_size=5,
        )
    )
)
def test_no_pattern_is_rarer_than_all_of_them(columns: list[list[bool | None]]):
    n = len(columns[0])
    index = pd.MultiIndex.from_product([["one"], range(n)], names=["scenario", "replicate"])
    table = pd.DataFrame(
        {(f"P{i}", WHOLE): pd.array(column, dtype="boolean") for i, column in enumerate(columns)},
        index=index,
    )
    table.columns.names = ["pattern", "part"]
    joint, counts = joint_of(table)
    row = joint.iloc[0]
    asked = [column for column in columns if any(cell is not None for cell in column)]
    full = [cells for cells in zip(*asked, strict=True) if None not in cells] if asked else []
    assert row["n_patterns"] == len(asked)
    assert row["n"] == len(full)
    if not full:
        assert math.isnan(row["share"])
        return
    assert counts["runs"].sum() == row["n"]
    assert row["mean_met"] == pytest.approx(np.mean([sum(cells) for cells in full]))
    assert 0 <= row["low"] <= row["share"] <= row["high"] <= 1
    for cells in zip(*full, strict=True):
        assert row["share"] <= np.mean(cells)


# --- real runs ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> ch.Batch:
    """20 runs of the historical dates until the end of January, and of the plan."""
    form = {"title": "A test", "question": "What is met?"}
    window = {"window": {"start": "2023-08-01", "end": "2024-01-31"}}
    long = scenario.load({**form, **window, "extends": "historical"}, "long")
    plan = scenario.load({**form, "extends": "on-schedule"}, "plan")
    folder = tmp_path_factory.mktemp("patterns") / "batch"
    return ch.run([long, plan], 20, 7, folder, progress=False)


def plain_events(batch: ch.Batch) -> pd.DataFrame:
    """The ledgers of `long` with texts for names, hours since 1970 and days."""
    e = batch.events
    e = e[e["scenario"] == "long"].copy()
    for name in ("kind", "side", "place", "slot", "before", "after", "mission"):
        e[name] = e[name].astype("object").where(e[name].notna(), "")
    e["h"] = (e["time"] - pd.Timestamp("1970-01-01")) / pd.Timedelta(hours=1)
    e["day"] = e["time"].dt.normalize()
    return e


def slow(  # noqa: C901 - spelled out on purpose
    batch: ch.Batch, events: pd.DataFrame, replicate: int
) -> dict[str, float]:
    """The values of one run of `long`, read row by row and without the package's help."""
    e = events[events["replicate"] == replicate]
    of = {kind: e[e["kind"] == kind] for kind in e["kind"].unique()}
    none = e.iloc[:0]
    control = of.get("control", none).sort_values(["h", "row"])
    ours = ("army", "wagner")

    def rows(kind: str, **where: Any) -> pd.DataFrame:
        found = of.get(kind, none)
        for column, value in where.items():
            found = found[found[column].isin([value] if isinstance(value, str) else value)]
        return found

    def off(found: pd.DataFrame, day: str) -> float:
        return math.nan if found.empty else (found["day"].min() - pd.Timestamp(day)).days

    def span(found: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
        return found[(found["day"] >= first) & (found["day"] <= last)]

    def gains(place: str, who: str, slots: tuple[str, ...] = ("camp", "town")) -> pd.DataFrame:
        here = control[(control["place"] == place) & (control["after"] == who)]
        return here[here["slot"].isin(slots)]

    def stay(row: Any) -> tuple[float, float]:
        later = control[
            (control["place"] == row.place) & (control["slot"] == row.slot)
            & ((control["h"] > row.h) | ((control["h"] == row.h) & (control["row"] > row.row)))
        ]  # fmt: skip
        back = later[later["after"] == "army"]
        held = later["h"].iloc[0] - row.h if len(later) else math.inf
        return held, (back["h"].iloc[0] - row.h if len(back) else math.inf)

    out: dict[str, float] = {}
    out["P1_day_off"] = off(gains("Ber", "army", ("camp",)), "2023-08-13")
    dead = rows("losses", place="Ber", side=ours)
    out["P1_army_dead"] = dead[dead["day"] <= "2023-08-20"]["amount"].sum()
    out["P2_eased_day"] = off(rows("blockade_eased", place="Timbuktu"), "2023-08-08")
    cube = batch.control.sel(scenario="long", replicate=replicate)
    town = cube.sel(place="Timbuktu", slot="town", date=slice("2023-08-08", "2023-12-31"))
    out["P2_army_share"] = float((town == 0).mean())
    lost = control[(control["before"] == "army") & (control["after"] == "separatists")]
    bourem = [r for r in lost.itertuples() if r.place == "Bourem" and r.slot == "camp"]
    bourem.sort(key=lambda r: (abs((r.day - pd.Timestamp("2023-09-12")).days), r.h))
    if bourem:
        out["P3_day_off"] = (bourem[0].day - pd.Timestamp("2023-09-12")).days
        out["P3_hours_held"], out["P3_hours_lost"] = stay(bourem[0])
    posts = [p.name for p in facts.load().places if p.army_base and p.region != "Kidal"]
    raids = span(rows("battle", side="separatists", place=posts), "2023-09-12", "2023-10-10")
    out["P4_raids"] = len(raids)
    changed = set(control["row"])
    entered = span(lost[lost["place"].isin(posts)], "2023-09-12", "2023-10-10")
    own = entered[(entered["slot"] == "camp") | ~entered["cause"].isin(changed)]
    own = own[~own["cause"].isin(changed)]
    out["P4_entered"] = len(own.drop_duplicates(["place", "day"]))
    air = span(rows("aircraft_lost"), "2023-09-01", "2023-10-10")
    hit = span(rows("aircraft_hit"), "2023-09-01", "2023-10-10")
    out["P5_aircraft"] = (air["amount"] > 0).sum() + len(hit)
    column = rows("depart", mission="offensive", side=ours, place="Gao")
    out["P6_departs"] = off(column, "2023-10-02")
    anefis = gains("Anefis", "army")["h"].min()
    out["P6_days"] = (anefis - column["h"].min()) / 24
    before = rows("arrive", place="Kidal", side=ours)
    out["P7_halt"] = (before[before["h"] >= anefis]["h"].min() - anefis) / 24
    for place in ("Tessalit", "Aguelhok", "Kidal"):
        here = control[(control["place"] == place) & (control["slot"] == "camp")]
        left = here[here["before"] == "minusma"]
        if len(left):
            settled = here[here["h"] <= left["h"].iloc[0] + 36]["after"].iloc[-1]
            out[f"P8_{place}"] = Holder[settled.upper()]
    gone = rows("exit", place="Kidal")
    out["P9_early"] = -off(gone, "2023-11-15")
    convoy = rows("depart", mission="convoy", place="Kidal")
    if len(convoy):
        number = convoy["row"].iloc[0]
        there = rows("arrive", place="Gao")
        there = there[there["cause"] == number]
        out["P9_convoy_days"] = (there["h"].min() - convoy["h"].iloc[0]) / 24
        out["P9_ieds"] = (rows("ied")["cause"] == number).sum()
    kidal = gains("Kidal", "army", ("camp",))
    out["P10_day_off"] = off(kidal, "2023-11-14")
    if len(kidal):
        theirs = gains("Kidal", "separatists", ("camp",))
        theirs = theirs[theirs["h"] < kidal["h"].iloc[0]]
        out["P10_hold"] = (kidal["h"].iloc[0] - theirs["h"].max()) / 24 if len(theirs) else 0
        men = batch.series["men"].sel(scenario="long", replicate=replicate, side="separatists")
        out["P10_kept"] = float(men.sel(date=kidal["day"].iloc[0]) / men[0])
    people = batch.people["residents"].sel(scenario="long", replicate=replicate)
    people = people.sel(place=["Kidal", "Tessalit", "Aguelhok", "Anefis"]).sum("place")
    out["P11_emptied"] = 1 - float(people.sel(date="2023-11-07") / people[0])
    out["P12_attacks"] = len(span(rows("battle", side="gsim"), "2023-10-15", "2023-12-15"))
    kept = set()
    for row in span(control[control["after"] == "gsim"], "2023-10-15", "2023-12-15").itertuples():
        earlier = control[(control["place"] == row.place) & (control["slot"] == row.slot)]
        earlier = earlier[earlier["h"] <= row.h]
        if stay(row)[0] >= 72 and (earlier["before"] == "army").any():
            kept.add(row.place)
    out["P12_held"] = len(kept)
    out["P13_day_off"] = off(gains("Aguelhok", "army", ("camp",)), "2023-12-20")
    out["P13_blockade_day"] = off(rows("blockade", side="separatists"), "2023-12-20")
    last = cube.sel(date="2023-12-31")
    capitals = ["Kidal", "Gao", "Timbuktu", "Menaka", "Mopti-Sevare", "Douentza", "Bamako"]
    out["P14_capitals_lost"] = int((last.sel(place=capitals, slot="town") != 0).sum())
    out["P14_posts_lost"] = int((last.sel(place=posts, slot="camp") == 1).sum())
    help_ = rows("help_arrives")
    out["P14_partner_units"] = (help_["entity"].notna() & (help_["day"] <= "2023-12-31")).sum()
    return out


def test_real_runs_against_a_slow_reading(real: ch.Batch):
    values = pattern_values(real, "long").droplevel("scenario")
    events = plain_events(real)
    for replicate in range(real.runs):
        expected = slow(real, events, replicate)
        got = values.loc[replicate]
        for name, value in expected.items():
            assert got[name] == pytest.approx(value, nan_ok=True, rel=1e-6), (replicate, name)
        missing = {"P3_day_off", "P8_Kidal", "P9_ieds", "P10_hold"} - set(expected)
        assert got[sorted(missing)].isna().all()
    assert values["P3_day_off"].notna().any()
    assert values["P10_hold"].notna().any()


def wholes_of(found: Any) -> pd.DataFrame:
    """Which run meets which pattern as a whole."""
    table = found.met.xs(WHOLE, axis="columns", level="part")
    return table.rename_axis(columns=None)


def test_tables_of_real_runs(real: ch.Batch):
    found = patterns(real)
    table = wholes_of(found)
    assert list(table) == list(PATTERNS)
    assert (table.dtypes == "boolean").all()
    assert table.loc["plan", "P13"].isna().all()
    assert not table.loc["long"].isna().any().any()
    wholes = found.shares[found.shares["part"] == WHOLE].set_index(["scenario", "pattern"])
    for (name, pattern), row in wholes.iterrows():
        is_met = table.loc[name, pattern].dropna()
        assert row["n"] == len(is_met)
        if row["n"]:
            assert row["share"] == pytest.approx(is_met.mean())
            assert 0 <= row["low"] <= row["share"] <= row["high"] <= 1
    # P9 of the historical dates: as early as the record by decree, so without that part.
    long = found.met.loc["long"]
    rest = long["P9"][["convoy_days", "mines", "convoy_dead"]].all(axis=1)
    assert (long["P9", WHOLE] == rest).all()
    assert long["P9", "days_early"].all()
    joint = found.joint.set_index("scenario")
    assert joint.loc["long", "n_patterns"] == 14
    assert joint.loc["plan", "n_patterns"] == 13
    for name in ("long", "plan"):
        own = wholes.loc[name]
        assert joint.loc[name, "share"] <= own[own["n"] > 0]["share"].min()
    differences = found.differences.set_index(["pattern", "part"])
    assert set(differences["scenario"]) == {"plan"}
    assert ("P13", WHOLE) not in differences.index
    pair = differences.loc[("P5", WHOLE)]
    own = table.loc["plan", "P5"].mean() - table.loc["long", "P5"].mean()
    assert pair["difference"] == pytest.approx(own)
    assert pair["low"] <= pair["difference"] <= pair["high"]
    # P9 is compared without the part that one of the two sets.
    both = [
        found.met.loc[name]["P9"][["convoy_days", "mines", "convoy_dead"]].all(axis=1).mean()
        for name in ("plan", "long")
    ]
    assert differences.loc[("P9", WHOLE), "difference"] == pytest.approx(both[0] - both[1])


def test_text_html_json_and_chart(real: ch.Batch, tmp_path: Path):
    found = patterns(real, against="plan")
    assert found.scenarios == ("plan", "long")
    text = str(found)
    assert max(map(len, text.splitlines())) <= 120
    for told in ("P14 The end of 2023", "* The scenario itself sets", "- The scenario's window",
                 "All of them together", "P9 days early in long", "until Kidal falls"):  # fmt: skip
        assert told in text
    html = found._repr_html_()
    assert html.count("<table>") == 4
    assert "P9  The UN leaves Kidal early" in html
    found.write_json(tmp_path / "p.json")
    stored = json.loads((tmp_path / "p.json").read_text())
    assert len(stored["patterns"]) == 14
    assert stored["patterns"][0]["parts"][0]["low"] == -5
    assert len(stored["shares"]) == 2 * (14 + len(PARTS))
    ax = ch_plot(found)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["plan", "long"]
    assert len(ax.get_yticklabels()) == 15
    written = [text.get_text() for text in ax.texts]
    assert len(written) == 30
    share = found.shares.query("scenario == 'plan' and pattern == 'P1' and part == 'all'")
    assert written[0] == f"{math.floor(100 * share['share'].iloc[0] + 0.5)}"
    assert sum(text.endswith("*") for text in written) == 2


def ch_plot(found: Any) -> Any:
    from camphandover.charts.patterns import plot_patterns

    return plot_patterns(found)


def test_many_scenarios_are_told_without_intervals_and_in_several_tables(real: ch.Batch):
    from dataclasses import replace

    one = patterns(real, "plan")
    assert one.against is None
    assert one.differences.empty
    assert "differs from" not in str(one)
    names = [f"a-very-long-name-of-number-{i}" for i in range(12)]
    tables = {
        name: pd.concat([getattr(one, name).assign(scenario=other) for other in names])
        for name in ("shares", "joint", "counts", "readings")
    }
    many = replace(one, scenarios=tuple(names), **tables)
    text = str(many)
    assert max(map(len, text.splitlines())) <= 120
    assert "intervals are +-" in text
    assert text.count("All of them together") > 1


# --- batches that are not as they should be ----------------------------------------------


def test_failed_runs_are_missing(tmp_path: Path):
    forms = [
        made(name, window={"start": "2023-08-01", "end": "2023-12-31"}) for name in ("one", "b")
    ]
    batch = ch.run(forms, 6, 1, tmp_path / "batch", progress=False, model=Unlucky)
    found = patterns(batch, ["one", "b"])
    table = wholes_of(found)
    assert table.loc[("one", 3)].isna().all()
    assert not table.loc[("one", 2), "P1":"P12"].isna().any()
    assert found.joint.set_index("scenario")["n"].to_dict() == {"one": 5, "b": 6}
    assert set(found.differences["n"]) == {5}
    assert "Of one only 5 runs of 6 did not fail." in str(found)
    # The UN leaves Kidal on day 10 + replicate, 11 August and after: 96 days ahead of plan.
    early = pattern_values(batch, "b")["P9_early"].tolist()
    assert early == [96 - replicate for replicate in range(6)]


def test_a_growing_batch_shows_its_own_runs_only(tmp_path: Path):
    form = made("one", window={"start": "2023-08-01", "end": "2023-12-31"})
    for runs in (60, 3):
        batch = ch.run(form, runs, 1, tmp_path / str(runs), progress=False, model=Scripted)
        values = pattern_values(batch)
        assert len(values) == runs
        assert values.index.get_level_values("replicate").tolist() == list(range(runs))


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)
    app.command()(cli_patterns.patterns)
    app.command()(lambda: None)
    return app


def test_the_command(real: ch.Batch, app: typer.Typer, tmp_path: Path):
    out = tmp_path / "p.json"
    chart = real.folder / "charts" / "patterns.png"
    chart.unlink(missing_ok=True)
    arguments = ["patterns", str(real.folder), "--scenario", "plan", "--json", str(out)]
    result = CliRunner().invoke(app, [*arguments, "--no-charts"])
    assert result.exit_code == 0, result.output
    assert "Patterns P1-P14" in result.output
    assert json.loads(out.read_text())["scenarios"] == ["plan"]
    assert not chart.exists()
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert chart.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("ledger", ["changes", "none"])
def test_a_batch_without_full_ledgers_is_refused(tmp_path: Path, app: typer.Typer, ledger: str):
    form = made("one", window={"start": "2023-08-01", "end": "2023-12-31"})
    folder = tmp_path / "batch"
    batch = ch.run(form, 2, 1, folder, progress=False, model=Scripted, ledger=ledger)
    for ask in (pattern_values, patterns):
        with pytest.raises(BatchError, match="need the full ledger"):
            ask(batch)
    result = CliRunner().invoke(app, ["patterns", str(folder)])
    assert result.exit_code == 2
    assert f"--ledger {ledger}" in result.output


def test_names_that_are_not_there_are_refused(real: ch.Batch):
    with pytest.raises(BatchError, match="no scenario is named 'lon'"):
        pattern_values(real, "lon")
    with pytest.raises(BatchError, match="no scenario is named 'x'"):
        patterns(real, against="x")
    with pytest.raises(BatchError, match="it is not among plan"):
        patterns(real, "plan", against="long")
    with pytest.raises(BatchError, match="name at least one"):
        pattern_values(real, [])
