"""The facts: they load, every check fires on a broken copy, and they are those of RULES."""

import heapq
import re
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from camphandover import facts
from camphandover.errors import TheatreError
from camphandover.facts.records import ORIGIN
from camphandover.facts.registry import RULES

FACTS = facts.load()
PARAMETERS = FACTS.parameters
FILES = sorted(p.name for p in facts.FOLDER.iterdir() if p.suffix in (".csv", ".yaml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the package data to break."""
    copy = tmp_path / "theatre"
    shutil.copytree(facts.FOLDER, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copy


def replace(folder: Path, file: str, old: str, new: str) -> None:
    """Replace a text that stands once in a file, by a regular expression."""
    path = folder / file
    text, n = re.subn(old, new, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert n == 1, f"{old!r} stands {n} times in {file}"
    path.write_text(text, encoding="utf-8")


def test_another_folder_gives_the_same_facts(folder: Path) -> None:
    assert facts.load(folder) == FACTS
    assert facts.load(str(folder)).digest == FACTS.digest
    assert facts.load() is FACTS


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("roads.csv", "paved in 1986", "paved in 1987"),
        ("parameters.yaml", "^# Every number", "# Each number"),
        ("map/rivers.geojson", "FeatureCollection", "Feature Collection"),
    ],
)
def test_digest_follows_every_file(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    changed = re.sub(old, new, text, flags=re.MULTILINE)
    (folder / file).write_text(changed, encoding="utf-8")
    assert changed != text
    assert facts.load(folder).digest != FACTS.digest
    assert re.fullmatch("[0-9a-f]{64}", FACTS.digest)


# Each case: file, text to find (a regular expression that matches once), what to write instead,
# where the fault is, and words of the message.
BROKEN = {
    "unknown place in values": ("values.csv", "^Kidal,", "Kidall,", "row 2", "mean Kidal"),
    "unknown place in roads": ("roads.csv", "^Gao,Bourem,95", "Gao,Bouren,95", "row 9", "Bourem"),
    "unknown place in camps": ("camps.csv", "^Ber,2", "Berr,2", "row 3", "'Berr'"),
    "unknown convoy destination": (
        *("camps.csv", ",Mopti-Sevare,2023-08-04", ",Mopti,2023-08-04"),
        *("row 2", "Mopti-Sevare"),
    ),
    "unknown place in history": (
        *("control_history.csv", "^2023-12-28,Timbuktu", "2023-12-28,Timbuctu"),
        *("row 96", "Timbuktu"),
    ),
    "unknown place in events": (
        *("events.csv", "^2023-08-03,Ogossagou", "2023-08-03,Ogosagou"),
        *("row 3", "Ogossagou"),
    ),
    "unknown place of a unit": (
        *("order_of_battle.csv", "^army,garrison,Gao", "army,garrison,Gaou"),
        *("row 2", "Gao"),
    ),
    "unknown place of a depot": ("depots.csv", "^army,Gao", "army,Gaou", "row 4", "Gao"),
    "place twice": ("places.csv", "^Tessalit,20", "Kidal,20", "row 3", "in row 2"),
    "place out of Mali": ("places.csv", "^Kidal,18.4435", "Kidal,48.4435", "row 2", "10 to 25"),
    "unknown terrain": (
        "places.csv",
        "0,1,plain,,gazetteer,plain,Two",
        "0,1,fog,,x,y,Two",
        "",
        "fog",
    ),
    "flag neither 0 nor 1": ("values.csv", "^Kidal,1,0.7,1", "Kidal,1,0.7,2", "row 2", "0, 1"),
    "symbolic value above 1": ("values.csv", "^Kidal,1,", "Kidal,1.5,", "row 2", "from 0 to 1"),
    "value not a number": ("values.csv", "^Kidal,1,", "Kidal,nan,", "row 2", "symbolic is 'nan'"),
    "shares above 1": ("values.csv", "0.1,0.6,0.2,J(.*\n)Tess", r"0.3,0.6,0.2,J\1Tess", "", "1.1"),
    "place without values": ("values.csv", "^Dioura,.*\n", "", "", "Dioura has no row"),
    "values twice": ("values.csv", "^(Dioura,.*\n)", r"\1\1", "row 35", "stands twice"),
    "evidence unknown": ("values.csv", "(^Kidal.*),J,", r"\1,K,", "row 2", "L, E, H, J"),
    "source empty": ("depots.csv", "^(army,Gao,J),.*$", r"\1,", "row 4", "source is empty"),
    "road twice, turned round": (
        *("roads.csv", "^(Gao,Bourem,95,track.*\n)", r"\1Bourem,Gao,95,track,,,x,\n"),
        *("row 10", "in row 9"),
    ),
    "road to itself": ("roads.csv", "^Gao,Bourem,95,track", "Gao,Gao,95,track", "row 9", "itself"),
    "road shorter than straight": (
        *("roads.csv", "^Gao,Bourem,95,track", "Gao,Bourem,80,track"),
        *("row 9", "straight line"),
    ),
    "road of no length": ("roads.csv", "^Gao,Bourem,95,track", "Gao,Bourem,0,track", "row 9", "km"),
    "road of unknown kind": (
        *("roads.csv", "^Gao,Bourem,95,track", "Gao,Bourem,95,rail"),
        *("row 9", "paved"),
    ),
    "place that only the river reaches": (
        *("roads.csv", "^Mopti-Sevare,Ogossagou,101,track", "Mopti-Sevare,Ogossagou,101,river"),
        *("", "Ogossagou"),
    ),
    "camp without the flag": (
        "places.csv",
        "(^Ber,.*,33170),1,0",
        r"\1,0,0",
        "row 12",
        "minusma_camp",
    ),
    "camp twice": ("camps.csv", "^Ber,2", "Ogossagou,2", "row 3", "stands twice"),
    "camps out of order": (
        "camps.csv",
        "2023-12-28,army",
        "2023-11-28,army",
        "row 13",
        "closing order",
    ),
    "exit unlike the record": (
        "camps.csv",
        "2023-10-31,separatists",
        "2023-11-01,separatists",
        "row 9",
        "",
    ),
    "plan before the start": ("camps.csv", ",2023-11-15,", ",2022-11-15,", "row 9", "planned_date"),
    "date that is none": ("camps.csv", ",2023-11-15,", ",2023-11-31,", "row 9", "2023-11-31"),
    "unknown phase": ("camps.csv", "^Ber,2,1,", "Ber,2,3,", "row 3", "phase"),
    "history out of order": (
        *("control_history.csv", "^2023-12-28,Timbuktu", "2023-12-12,Timbuktu"),
        *("row 96", "before 2023-12-22"),
    ),
    "history after its end": (
        *("control_history.csv", "^2023-12-28,Timbuktu", "2024-01-28,Timbuktu"),
        *("row 96", "2023-12-31"),
    ),
    "broken chain": (
        *(
            "control_history.csv",
            "^2023-12-28,Timbuktu,un_camp,minusma",
            "2023-12-28,Timbuktu,un_camp,gsim",
        ),
        *("row 96", "controller_before is gsim"),
    ),
    "initial row twice": (
        *("control_history.csv", "^(2023-08-01,Timbuktu,town,.*\n)", r"\1\1"),
        *("row 20", "controller_before is empty"),
    ),
    "no initial row": (
        *("control_history.csv", "^2023-08-01,Timbuktu,un_camp.*\n", ""),
        *("", "no initial row"),
    ),
    "place without a record": (
        "control_history.csv",
        "^2023-08-01,Gossi,.*\n",
        "",
        "",
        "Gossi has no row",
    ),
    "unknown controller": (
        *("control_history.csv", "^2023-08-01,Gossi,town,,army", "2023-08-01,Gossi,town,,police"),
        *("row 27", "'police'"),
    ),
    "events out of order": ("events.csv", "^2023-12-28,", "2023-12-11,", "row 78", "before"),
    "event after the record": ("events.csv", "^2023-12-28,", "2024-12-28,", "row 78", "2023-12-31"),
    "force range turned round": (
        "forces.csv",
        "^gsim,1000,6000",
        "gsim,6500,6000",
        "row 5",
        "rising",
    ),
    "unit kind of another side": (
        *("order_of_battle.csv", "^army,garrison,Gao", "army,wagner,Gao"),
        *("row 2", "garrison, manoeuvre"),
    ),
    "unit in a hostile slot": (
        *("order_of_battle.csv", "^army,garrison,Gao,town", "army,garrison,Kidal,town"),
        *("row 2", "held by separatists"),
    ),
    "open guerrillas": (
        *("order_of_battle.csv", "^gsim,group,Ber,country", "gsim,group,Ber,camp"),
        *("", "country for gsim"),
    ),
    "hidden army": (
        *("order_of_battle.csv", "^army,garrison,Gao,town", "army,garrison,Gao,country"),
        *("row 2", "else camp or town"),
    ),
    "unit too large": (
        *("order_of_battle.csv", "^army,garrison,Gao,town,5,120", "army,garrison,Gao,town,5,170"),
        *("row 2", "men_garrison"),
    ),
    "units too small": (
        *(
            "order_of_battle.csv",
            "^army,garrison,Gao,town,5,120,12",
            "army,garrison,Gao,town,5,120,7",
        ),
        *("row 2", "vehicles_garrison"),
    ),
    "too many in all": (
        *("order_of_battle.csv", "^army,garrison,Gao,town,5", "army,garrison,Gao,town,50"),
        *("", "strength_army"),
    ),
    "side without supply": ("depots.csv", "(^gsim,.*\n)+", "", "", "gsim has no depot"),
    "depot twice": ("depots.csv", "^(army,Gao,.*\n)", r"\1\1", "row 5", "stands twice"),
    "calendar out of order": ("calendar.csv", "^2023-09-11", "2023-08-02", "row 4", "before"),
    "ladder known too late": ("calendar.csv", "^2023-08-01", "2023-08-02", "", "rung of the start"),
    "rung above the ladder": ("calendar.csv", "rung,,,3,", "rung,,,6,", "row 4", "from 0 to 5"),
    "known only later": ("calendar.csv", "^2023-09-16", "2023-09-18", "row 6", "2023-09-17"),
    "known after the record": (
        "calendar.csv",
        "^2023-12-20,blockade,separatists,Menaka",
        "2024-01-01,blockade,separatists,Menaka",
        "row 10",
        "2023-12-31",
    ),
    "blockade by nobody": ("calendar.csv", "blockade,gsim,", "blockade,,", "row 3", "side"),
    "blockade by the army": ("calendar.csv", "blockade,gsim,", "blockade,army,", "row 3", "gsim"),
    "rung of a side": (
        "calendar.csv",
        "^2023-09-11,rung,,",
        "2023-09-11,rung,gsim,",
        "row 4",
        "side",
    ),
    "two rungs on a day": (
        *("calendar.csv", "^(2023-09-11,rung,,,3,.*\n)", r"\1\1"),
        *("row 5", "stands twice"),
    ),
    "unknown kind of event": ("calendar.csv", "charter,,", "pact,,", "row 6", "victim_aid"),
    "blockade nowhere": (
        "calendar.csv",
        "blockade,gsim,Timbuktu",
        "blockade,gsim,",
        "row 3",
        "place",
    ),
    "blockade of an unknown place": (
        *("calendar.csv", "blockade,gsim,Timbuktu", "blockade,gsim,Timbuctu"),
        *("row 3", "Timbuktu"),
    ),
    "partner twice": ("partners.csv", "^niger,0.6", "burkina,0.6", "row 3", "stands twice"),
    "partner nowhere": ("partners.csv", ",Gossi,", ",Gosi,", "row 2", "Gossi"),
    "threat above 1": ("partners.csv", "^burkina,0.9", "burkina,1.9", "row 2", "from 0 to 1"),
    "place without people": ("people.csv", "^Dioura,.*\n", "", "", "Dioura has no row"),
    "unknown place of people": ("people.csv", "^Dioura,", "Diora,", "row 34", "Dioura"),
    "unknown legitimacy": (
        "people.csv",
        "^Dioura,8000,north",
        "Dioura,8000,south",
        "row 34",
        "capital",
    ),
    "units under an unknown switch": (
        *("order_of_battle.csv", "130,20,french", "130,20,german"),
        *("row 74", "french"),
    ),
    "column missing": ("depots.csv", "^side,place", "side,site", "row 1", "no column 'place'"),
    "column twice": ("depots.csv", "evidence,source", "evidence,source,source", "row 1", "twice"),
    "row too long": ("depots.csv", "^army,Gao,J", "army,Gao,J,J", "row 4", "5 cells"),
    "quote not closed": ("depots.csv", "^army,Gao,J,", 'army,Gao,J,"', "", "end of data"),
    "parameter twice": ("parameters.yaml", "^ied_delay: ", "ied_rate: ", "ied_rate, line", "twice"),
    "key twice": ("parameters.yaml", "^speed_sd: {", "speed_sd: {low: 0.3, ", "speed_sd", "twice"),
    "key unknown": ("parameters.yaml", "^speed_sd: {", "speed_sd: {bets: 1, ", "speed_sd", "best"),
    "key missing": (
        "parameters.yaml",
        "^(speed_sd.*)low: 0.3, ",
        r"\1",
        "speed_sd",
        "low is missing",
    ),
    "not snake_case": ("parameters.yaml", "^speed_sd", "speedSd", "speedSd", "snake_case"),
    "number as text": (
        *("parameters.yaml", "^(speed_sd.*)low: 0.3", r'\1low: "0.3"'),
        *("speed_sd", "a number such as"),
    ),
    "number as a word": (
        "parameters.yaml",
        "^(speed_sd.*)low: 0.3",
        r"\1low: .nan",
        "speed_sd",
        "number",
    ),
    "number of minutes": (
        "parameters.yaml",
        "^(speed_sd.*)high: 0.3",
        r"\1high: 12:30",
        "speed_sd",
        "12:30",
    ),
    "range turned round": (
        "parameters.yaml",
        "^(desertion:.*)high: 0.001",
        r"\1high: 0.0002",
        "desertion",
        "best",
    ),
    "fixed with a range": (
        "parameters.yaml",
        "^(speed_sd.*)high: 0.3",
        r"\1high: 0.4",
        "speed_sd",
        "triangular",
    ),
    "triangular without a range": (
        *("parameters.yaml", "^(speed_sd.*)fixed", r"\1triangular"),
        *("speed_sd", "fixed without a range"),
    ),
    "wide but not on the log scale": (
        *("parameters.yaml", "^(ied_rate.*)log-triangular", r"\1triangular"),
        *("ied_rate", "log-triangular"),
    ),
    "narrow on the log scale": (
        *("parameters.yaml", "^(ied_air_cover.*)triangular", r"\1log-triangular"),
        *("ied_air_cover", "triangular"),
    ),
    "unknown distribution": (
        "parameters.yaml",
        "^(speed_sd.*)fixed",
        r"\1normal",
        "speed_sd",
        "'normal'",
    ),
    "unknown rule": ("parameters.yaml", "^(speed_sd.*)R1.4", r"\1R1.8", "speed_sd", "'R1.8'"),
    "unknown evidence": (
        "parameters.yaml",
        "^(speed_sd.*)evidence: J",
        r"\1evidence: X",
        "speed_sd",
        "'X'",
    ),
    "no source": (
        "parameters.yaml",
        '^(speed_sd.*)"RULES"',
        r'\1""',
        "speed_sd",
        "source is empty",
    ),
    "chance above 1": (
        "parameters.yaml",
        "^(reenter_p.*)high: 1,",
        r"\1high: 1.2,",
        "reenter_p",
        "0 and 1",
    ),
    "nested value": (
        "parameters.yaml",
        "^(speed_sd.*)best: 0.3",
        r"\1best: [0.3]",
        "speed_sd",
        "one value",
    ),
    "parameter not a mapping": (
        "parameters.yaml",
        "^speed_sd: .*",
        "speed_sd: 3",
        "speed_sd",
        "mapping",
    ),
    "not YAML": ("parameters.yaml", "^speed_sd: {", "speed_sd: {{", "", "not YAML"),
    "strength missing": ("parameters.yaml", "^strength_un: .*\n", "", "", "strength_un is missing"),
    "template missing": ("parameters.yaml", "^men_wagner: .*\n", "", "", "no parameter men_wagner"),
}


@pytest.mark.parametrize(("file", "old", "new", "where", "words"), BROKEN.values(), ids=BROKEN)
def test_each_check_fires(folder, file, old, new, where, words) -> None:
    replace(folder, file, old, new)
    with pytest.raises(TheatreError) as caught:
        facts.load(folder)
    told = [f for f in caught.value.faults if f.where.startswith(where) and words in str(f)]
    assert told, str(caught.value)
    assert all(fault.what and fault.right for fault in caught.value.faults)


@pytest.mark.parametrize("file", FILES)
def test_missing_empty_and_binary_files_are_faults(folder: Path, file: str) -> None:
    for content in (None, b"", b"\xff\xfe\x00"):
        if content is None:
            (folder / file).unlink()
        else:
            (folder / file).write_bytes(content)
        with pytest.raises(TheatreError, match=re.escape(file)):
            facts.load(folder)


def test_all_faults_are_told_together(folder: Path) -> None:
    replace(folder, "depots.csv", "^army,Gao,J", "army,Gao,X")
    replace(folder, "values.csv", "^Kidal,1,", "Kidal,9,")
    replace(folder, "parameters.yaml", "^(speed_sd.*)R1.4", r"\1R0.0")
    with pytest.raises(TheatreError) as caught:
        facts.load(folder)
    assert {fault.file for fault in caught.value.faults} == {
        *("depots.csv", "values.csv", "parameters.yaml")
    }
    assert str(caught.value).count("\n") == len(caught.value.faults) - 1


def test_a_long_report_is_cut(folder: Path) -> None:
    text = (folder / "values.csv").read_text(encoding="utf-8")
    (folder / "values.csv").write_text(text.replace(",J,", ",,"), encoding="utf-8")
    text = (folder / "order_of_battle.csv").read_text(encoding="utf-8")
    (folder / "order_of_battle.csv").write_text(text.replace(",J,", ",,"), encoding="utf-8")
    with pytest.raises(TheatreError, match=r"\.\.\. and \d+ more") as caught:
        facts.load(folder)
    assert len(caught.value.faults) > 40


def test_numbers_are_read_as_written(folder: Path) -> None:
    replace(folder, "parameters.yaml", "^(buffer_km.*)best: 20", r"\1best: 020")
    assert facts.load(folder).parameters["buffer_km"].best == 20.0


def test_index_is_the_row_and_suggests_names() -> None:
    for row, place in enumerate(FACTS.places):
        assert FACTS.index(place.name) == row
    for kind in (KeyError, TheatreError):
        with pytest.raises(kind, match="did you mean Tessalit"):
            FACTS.index("Tesalit")


def shortest(start: str) -> dict[str, float]:
    """Kilometres by land from a place to all others."""
    roads = [(r.a, r.b, r.km) for r in FACTS.roads if r.kind != "river"]
    km, heap = {start: 0.0}, [(0.0, start)]
    while heap:
        so_far, here = heapq.heappop(heap)
        if so_far > km[here]:
            continue
        for a, b, leg in roads:
            for at, to in ((a, b), (b, a)):
                if at == here and so_far + leg < km.get(to, float("inf")):
                    km[to] = so_far + leg
                    heapq.heappush(heap, (km[to], to))
    return km


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        ("Ber", "Timbuktu", 57),
        ("Gao", "Bourem", 95),
        ("Gao", "Tabankort", 205),
        ("Gao", "Anefis", 240),
        ("Anefis", "Kidal", 113),
        ("Kidal", "Gao", 350),
        ("Anefis", "Aguelhok", 185),
        ("Tessalit", "Gao", 550),
    ],
)
def test_anchor_distances(a: str, b: str, km: float) -> None:
    """RULES R1.3: within 10 %. Gao-Tarkint and Aguelhok-Tessalit are below the straight line."""
    assert shortest(a)[b] == pytest.approx(km, rel=0.1)
    assert shortest(a)[b] == shortest(b)[a]


def test_all_places_are_connected_by_land() -> None:
    assert set(shortest("Bamako")) == {place.name for place in FACTS.places}


def test_order_of_battle() -> None:
    """RULES R1.2; and at Gao a column of 70 vehicles or more, but not yet one of 90."""
    men, vehicles = Counter(), Counter()
    there = [group for group in FACTS.units if not group.when]
    assert {group.side for group in FACTS.units if group.when == "french"} == {"partners"}
    for group in there:
        men[group.side] += group.units * group.men
        vehicles[group.side] += group.units * group.vehicles
    assert men == {
        **{"army": 5000, "wagner": 400, "separatists": 2500, "gsim": 1500, "minusma": 13800}
    }
    assert vehicles["separatists"] == pytest.approx(300, rel=0.05)
    mobile = Counter()
    for group in FACTS.units:
        if group.kind in ("manoeuvre", "wagner"):
            mobile[group.place] += group.units * group.vehicles
    assert 70 <= mobile["Gao"] < PARAMETERS["column_vehicles"].best
    assert max(mobile, key=mobile.__getitem__) == "Gao"
    assert mobile.total() - mobile["Bamako"] >= 119


def test_every_army_post_has_a_garrison() -> None:
    posts = {c.place for c in FACTS.history if c.before is None and c.after == "army"}
    manned = {group.place for group in FACTS.units if group.kind == "garrison"}
    assert manned == posts
    tessalit = [g for g in FACTS.units if (g.side, g.place) == ("army", "Tessalit")]
    assert [(g.slot, g.units * g.men) for g in tessalit] == [("camp", 50)]


def test_camps() -> None:
    assert [c.place for c in FACTS.camps if c.liquidation] == ["Gao"]
    assert {c.place for c in FACTS.camps if c.phase == 1} == {
        "Ogossagou",
        "Ber",
        "Goundam",
        "Menaka",
    }
    kidal = next(c for c in FACTS.camps if c.place == "Kidal")
    assert (kidal.planned, kidal.actual) == (date(2023, 11, 15), date(2023, 10, 31))
    assert (kidal.troops, kidal.convoy_destination) == (848, "Gao")
    assert {c.place for c in FACTS.camps} == {p.name for p in FACTS.places if p.un_camp}


@pytest.mark.parametrize(
    ("name", "camp", "town"),
    [
        ("Kidal", "minusma", "separatists"),
        ("Tessalit", "minusma", "separatists"),
        ("Gao", "minusma", "army"),
        ("Bourem", "army", "army"),
        ("Bamba", "army", "army"),
        ("Anefis", "separatists", "separatists"),
        ("Tinzaouaten", "separatists", "separatists"),
        ("Ogossagou", "minusma", "nobody"),
        ("Tarkint", "nobody", "nobody"),
        ("Talataye", "nobody", "nobody"),
    ],
)
def test_initial_holders(name: str, camp: str, town: str) -> None:
    place = FACTS.places[FACTS.index(name)]
    assert (place.camp_holder, place.town_holder) == (camp, town)


def test_symbolic_values_are_those_of_the_rules() -> None:
    """RULES R5.1; Bamako, outside the contest, is the exception."""
    given = {
        **{"Kidal": 1, "Gao": 0.8, "Timbuktu": 0.8, "Tessalit": 0.6, "Aguelhok": 0.5},
        **{"Menaka": 0.5, "Ber": 0.4, "Bourem": 0.4, "Bamako": 1},
    }
    for place in FACTS.places:
        if place.name in given:
            assert place.symbolic == given[place.name]
        else:
            assert 0.1 <= place.symbolic <= 0.3
    core = {place.name for place in FACTS.places if place.separatist_core}
    assert core == {place.name for place in FACTS.places if place.region == "Kidal"}


@pytest.mark.parametrize(
    ("name", "values", "evidence", "rule"),
    [
        ("ied_rate", (0.3, 1, 2), "H", "R1.5"),
        ("attrition_exponent", (0.3, 0.5, 1), "L", "R2.2"),
        ("break_garrison", (0.06, 0.12, 0.25), "J", "R2.3"),
        ("desertion", (0.0001, 0.0003, 0.001), "J", "R1.7"),
        ("influence_decay_km", (15, 30, 60), "L", "R4.1"),
        ("w_symbolic_separatists", (1, 2, 4), "J", "R5.1"),
        ("raid_interval_gsim", (12, 25, 45), "H", "R5.2"),
        ("clear_insurgent", (0.005, 0.02, 0.08), "H", "R6.2"),
        ("early_base", (-7.5, -5, -2.5), "J", "R6.3"),
        ("strength_separatists", (2000, 2500, 4000), "E", "R1.2"),
    ],
)
def test_parameters_of_the_rules(name, values, evidence, rule) -> None:
    p = PARAMETERS[name]
    assert (p.name, p.low, p.best, p.high, p.evidence, p.rule) == (name, *values, evidence, rule)


def test_every_chapter_one_two_five_six_rule_with_numbers_has_parameters() -> None:
    covered = {p.rule for p in PARAMETERS.values()}
    assert covered <= RULES
    without_numbers = {"R1.3", "R5.5", "R5.6", "R5.8"}
    wanted = {rule for rule in RULES if rule[1] in "1256"} - without_numbers
    assert wanted <= covered


def test_the_calendar_is_what_was_known_by_the_forecast_origin_and_what_came_later() -> None:
    assert [(k.date, k.what, k.side, k.place, k.rung) for k in FACTS.calendar] == [
        (date(2023, 8, 1), "rung", None, None, 2),
        (date(2023, 8, 8), "blockade", "gsim", "Timbuktu", None),
        (date(2023, 9, 11), "rung", None, None, 3),
        (date(2023, 9, 13), "victim_aid", None, None, None),
        (date(2023, 9, 16), "charter", None, None, None),
        (date(2023, 10, 2), "rung", None, None, 4),
        *(
            (date(2023, 12, 20), "blockade", "separatists", place, None)
            for place in ("Kidal", "Gao", "Menaka")
        ),
    ]
    assert {k.evidence for k in FACTS.calendar if k.date > ORIGIN} == {"H"}
    told = {(e["date"], e["place"]) for e in FACTS.events if e["kind"] == "blockade"}
    assert ("2023-08-08", "Timbuktu") in told


def test_people_agree_with_the_places_where_those_are_known() -> None:
    for place in FACTS.places:
        assert place.residents > 0
        if place.population is not None:
            assert place.residents == place.population, place.name
    assert [p.name for p in FACTS.places if p.legitimacy == "capital"] == ["Bamako"]


def test_partners_of_the_charter() -> None:
    assert [(p.name, p.ecowas) for p in FACTS.partners] == [("burkina", False), ("niger", True)]


def test_where_the_islamic_state_raids_is_that_of_the_rules() -> None:
    named = {"Menaka", "Ansongo", "Labbezanga"}  # and Tessit, which is no place of the data
    assert {p.name for p in FACTS.places if p.islamic_state} == named


def test_a_file_is_read_for_its_facts_and_its_digest_and_the_package_s_files_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts.load()
    opened: Counter[str] = Counter()
    plain = Path.open

    def counting(path: Path, *args: Any, **options: Any) -> Any:
        opened[path.name] += 1
        return plain(path, *args, **options)

    monkeypatch.setattr(Path, "open", counting)
    facts.load()
    assert not opened
    facts.load(facts.FOLDER)
    assert {opened[path.name] for path in facts.FOLDER.glob("*.csv")} == {2}
    assert opened["parameters.yaml"] == 2


def test_import_stays_light() -> None:
    code = (
        "import sys; from camphandover import facts; facts.load();"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'xarray', 'mesa', 'numba'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
