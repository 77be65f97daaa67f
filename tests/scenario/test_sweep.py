"""Sweeps: points, names, values in effect, faults with their places, the commands, the schema."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from camphandover import facts
from camphandover.batch.plan import file_name
from camphandover.cli.main import app
from camphandover.scenario import Scenario, ScenarioError, diff, explain, load, load_points
from camphandover.scenario.jsonschema import json_schema

HEAD = "title: T\nquestion: Q\n"
TEXTS = {"title": "T", "question": "Q"}
KIDAL = next(camp for camp in facts.load().camps if camp.place == "Kidal")
SHIFT, RECEIVER, IED = "handover.camps.Kidal.shift", "handover.camps.Kidal.receiver", "ied_rate"
GRID = f"""\
title: When does Kidal fall?
question: How much do the date and the roads matter?
extends: on-schedule
sweep:
  grid:
    {SHIFT}: [-30, 0, 30]
    parameters.{IED}: [0.5, 1.0]
"""
LIST = f"""\
{HEAD}sweep:
  list:
    - {{{RECEIVER}: joint}}
    - {{{RECEIVER}: separatists, {SHIFT}: 15}}
    - politics.truce: 2023-09-20
      handover.mandate_end: 2023-12-30
"""


def write(folder: Path, text: str, name: str = "my-sweep") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(source: Any) -> list[tuple[int, int, str, str]]:
    """(line, column, message, hint) of every fault of a sweep."""
    with pytest.raises(ScenarioError) as caught:
        load_points(source)
    return [(p.line, p.column, p.message, p.hint) for p in caught.value.problems]


def names(scenarios: list[Scenario]) -> list[str]:
    return [scenario.name for scenario in scenarios]


# --- points ------------------------------------------------------------------------------


def test_a_scenario_without_a_sweep_is_its_only_point(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD)
    assert load_points(path) == [load(path)]
    assert load_points("early", "mine") == [load("early", "mine")]


def test_a_grid_is_all_combinations_the_last_key_fastest(tmp_path: Path) -> None:
    points = load_points(write(tmp_path, GRID))
    assert names(points) == [
        "my-sweep[Kidal.shift=-30,ied_rate=0.5]",
        "my-sweep[Kidal.shift=-30,ied_rate=1.0]",
        "my-sweep[Kidal.shift=0,ied_rate=0.5]",
        "my-sweep[Kidal.shift=0,ied_rate=1.0]",
        "my-sweep[Kidal.shift=30,ied_rate=0.5]",
        "my-sweep[Kidal.shift=30,ied_rate=1.0]",
    ]
    assert points[1].title == "When does Kidal fall? [Kidal.shift=-30, ied_rate=1.0]"
    assert {p.question for p in points} == {"How much do the date and the roads matter?"}
    effects = [(p.camps["Kidal"].exit, p.parameters[IED], p.camps["Gao"].exit) for p in points]
    gao = load("on-schedule").camps["Gao"].exit
    assert effects == [
        (KIDAL.planned + timedelta(shift), rate, gao)
        for shift in (-30, 0, 30)
        for rate in (0.5, 1.0)
    ]


def test_each_point_is_the_scenario_written_by_hand(tmp_path: Path) -> None:
    points = load_points(write(tmp_path, GRID))
    pairs = [(shift, rate) for shift in (-30, 0, 30) for rate in (0.5, 1.0)]
    for point, (shift, rate) in zip(points, pairs, strict=True):
        body = (
            f"handover: {{camps: {{Kidal: {{shift: {shift}}}}}}}\nparameters: {{{IED}: {rate}}}\n"
        )
        hand = load(write(tmp_path, f"{HEAD}extends: on-schedule\n{body}", "hand"))
        assert point.digest() == hand.digest()
    assert len({point.digest() for point in points}) == 6


def test_a_list_is_one_point_an_entry(tmp_path: Path) -> None:
    points = load_points(write(tmp_path, LIST))
    assert names(points) == [
        "my-sweep[Kidal.receiver=joint]",
        "my-sweep[Kidal.receiver=separatists,Kidal.shift=15]",
        "my-sweep[politics.truce=2023-09-20,mandate_end=2023-12-30]",
    ]
    kidal = [point.camps["Kidal"] for point in points]
    assert [clause.receiver for clause in kidal] == ["joint", "separatists", "army"]
    assert [(clause.exit - KIDAL.planned).days for clause in kidal] == [0, 15, 0]
    truces = [point.politics.truce for point in points]
    assert truces == [None, None, date(2023, 9, 20)]
    assert points[2].mandate_end == date(2023, 12, 30)


def test_a_dict_holds_the_same_sweep_as_a_file(tmp_path: Path) -> None:
    values: list[Any] = [date(2023, 10, 20), "actual", "2023-11-20"]
    data = {**TEXTS, "sweep": {"grid": {"handover.camps.Kidal.exit": values}}}
    points = load_points(data, name="mine")
    assert names(points) == [
        "mine[Kidal.exit=2023-10-20]",
        "mine[Kidal.exit=actual]",
        "mine[Kidal.exit=2023-11-20]",
    ]
    text = f"{HEAD}sweep: {{grid: {{handover.camps.Kidal.exit: [2023-10-20, actual, 2023-11-20]}}}}"
    assert load_points(write(tmp_path, text), name="mine") == points
    assert names(load_points(data))[1] == "scenario[Kidal.exit=actual]"


def test_values_of_every_part_of_a_file_can_vary() -> None:
    point = {
        "window.end": "2024-06-30",
        "handover.all.notice.army": 7,
        "handover.later.equipment": "accelerated",
        "handover.camps.Mopti-Sevare.joint_unit.p_leave": 0.25,
        "handover.camps.Mopti-Sevare.receiver": "joint",
        "forces.wagner": 0,
        "airpower.scale": 2,
        "structure.race": False,
    }
    (scenario,) = load_points({**TEXTS, "sweep": {"list": [point]}})
    assert scenario.window.end == date(2024, 6, 30)
    assert {clause.notice_army for clause in scenario.camps.values()} == {7}
    assert {clause.notice_separatists for clause in scenario.camps.values()} == {45}
    assert scenario.camps["Kidal"].equipment == "accelerated"
    assert scenario.camps["Menaka"].equipment == "orderly"
    assert scenario.camps["Mopti-Sevare"].p_leave == 0.25
    assert (scenario.forces["wagner"], scenario.airpower.scale) == (0, 2)
    assert not scenario.structure.race


def test_a_point_beats_the_file_and_keeps_the_rest_of_it(tmp_path: Path) -> None:
    own = (
        "handover: {camps: {Kidal: {shift: 5, receiver: race, notice: {army: 3, separatists: 4}}}}"
        "\npolitics: {truce: 2023-09-17}\n"
    )
    sweep = f"sweep:\n  grid:\n    {SHIFT}: [9]\n    politics.truce: [null, 2023-10-01]\n"
    points = load_points(write(tmp_path, HEAD + own + sweep))
    assert names(points)[0] == "my-sweep[Kidal.shift=9,politics.truce=null]"
    assert [point.politics.truce for point in points] == [None, date(2023, 10, 1)]
    kidal = points[0].camps["Kidal"]
    assert (kidal.exit - KIDAL.planned).days == 9
    assert (kidal.receiver, kidal.notice_army, kidal.notice_separatists) == ("race", 3, 4)


def test_a_value_below_null_makes_the_mapping(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        HEAD + "handover: {all: {receiver: joint, joint_unit: {p_leave: 0.9}}}\n"
    )
    text = "extends: base\nhandover: {all: {joint_unit: null}}\n"
    sweep = "sweep: {grid: {handover.all.joint_unit.p_leave: [0.1, 0.2]}}\n"
    points = load_points(write(tmp_path, text + sweep))
    assert [point.camps["Kidal"].p_leave for point in points] == [0.1, 0.2]


# --- names -------------------------------------------------------------------------------


def test_names_are_single_words_and_stay_apart_as_file_names(tmp_path: Path) -> None:
    for text in (GRID, LIST):
        found = names(load_points(write(tmp_path, text)))
        assert all(re.fullmatch(r"my-sweep\[[\w.=,-]+\]", name) for name in found)
        assert len({file_name(name) for name in found}) == len(found)


def test_the_labels_of_all_paths_differ() -> None:
    paths = json_schema()["properties"]["sweep"]["properties"]["list"]["items"]["properties"]
    short = [re.sub(r"^(handover\.camps|handover|parameters)\.", "", path) for path in paths]
    assert len(set(short)) == len(paths) > 500


def test_a_point_that_sets_much_is_called_by_its_number() -> None:
    camps = [camp.place for camp in facts.load().camps]
    many = {f"handover.camps.{place}.perimeter": 5 for place in camps}
    points = load_points({**TEXTS, "sweep": {"list": [{SHIFT: 3}, many]}}, "wide")
    assert names(points) == ["wide[Kidal.shift=3]", "wide[point-2]"]
    assert points[1].title == "T [point-2]"


def test_a_long_title_is_cut_for_the_label() -> None:
    sweep = {"list": [{SHIFT: 3}]}
    (point,) = load_points({"title": "x" * 300, "question": "Q", "sweep": sweep})
    assert len(point.title) == 300
    assert point.title.endswith("xxx... [Kidal.shift=3]")


# --- what a sweep is not -----------------------------------------------------------------


def test_a_sweep_is_not_inherited(tmp_path: Path) -> None:
    write(tmp_path, GRID)
    child = write(tmp_path, "extends: my-sweep\nforces: {wagner: 0}\n", "child")
    scenario = load(child)
    assert load_points(child) == [scenario]
    assert (scenario.title, scenario.parameters) == ("When does Kidal fall?", {})
    assert scenario.camps == load("on-schedule").camps
    swept = write(tmp_path, f"extends: my-sweep\nsweep: {{list: [{{{SHIFT}: 3}}]}}\n", "swept")
    assert names(load_points(swept)) == ["swept[Kidal.shift=3]"]


def test_faults_of_an_inherited_sweep_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "sweep: 5\n")
    assert load(write(tmp_path, "extends: my-sweep\n", "child")).title == "T"


def test_a_point_stored_and_read_again_is_a_plain_scenario(tmp_path: Path) -> None:
    for point in load_points(write(tmp_path, GRID)):
        text = point.to_yaml()
        assert "sweep" not in text.replace("my-sweep", "")
        assert load(write(tmp_path, text, "stored"), point.name) == point


def test_load_refuses_a_sweep_and_says_what_takes_it(tmp_path: Path) -> None:
    path = write(tmp_path, GRID)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column) == (str(path), 4, 1)
    assert problem.message == "a sweep of 6 points, not a single scenario"
    assert "`run`" in problem.hint
    assert "load_points" in problem.hint
    with pytest.raises(ScenarioError, match=r"scenario\.sweep: a sweep of 1 point, not"):
        load({**TEXTS, "sweep": {"list": [{SHIFT: 3}]}})


# --- faults ------------------------------------------------------------------------------

# name: (text below HEAD, which ends on line 2; line, column, message, hint)
CASES: dict[str, tuple[str, int, int, str, str]] = {
    "misspelt sweep": ("sweeps: {}", 3, 1, "unknown key 'sweeps'", "did you mean 'sweep'?"),
    "nothing": ("sweep:", 3, 7, "sweep: an empty value", "grid:"),
    "empty": ("sweep: {}", 3, 8, "sweep: it is empty", "`grid:`"),
    "a list": ("sweep: [1]", 3, 8, "sweep: a list has the wrong type", "`list:`"),
    "unknown kind": ("sweep:\n  gird: {a.b: [1]}", 4, 3, "unknown key 'gird'", "'grid'"),
    "both": (
        f"sweep:\n  grid: {{{SHIFT}: [1]}}\n  list: [{{{SHIFT}: 1}}]",
        *(5, 3, "a grid or a list, not both", "keep one"),
    ),
    "empty grid": ("sweep:\n  grid: {}", 4, 9, "grid: it is empty", "lists of values"),
    "grid is a list": ("sweep:\n  grid: [1]", 4, 9, "grid: a list has the wrong", "lists of"),
    "empty values": (f"sweep:\n  grid:\n    {SHIFT}: []", 5, 33, "list is empty", "a value"),
    "one value": (f"sweep:\n  grid:\n    {SHIFT}: 5", 5, 33, "5 is not a list of", f"{SHIFT}: ["),
    "nested keys": (
        "sweep:\n  grid:\n    handover: {all: {shift: [1]}}",
        *(5, 15, "a mapping is not a list", "the whole path as one key"),
    ),
    "a list as value": (
        f"sweep:\n  grid:\n    {SHIFT}: [[1]]",
        *(5, 34, "shift: a list has the wrong type", "single values"),
    ),
    "a value twice": (
        f"sweep:\n  grid:\n    {SHIFT}: [1, 2, 1]\n    forces.army: [1, 2]",
        *(5, 40, "1 stands twice", "keep one"),
    ),
    "empty list": ("sweep:\n  list: []", 4, 9, "list: it is empty", "on each line"),
    "list is a mapping": ("sweep:\n  list: {a: 1}", 4, 9, "list: a mapping", "on each line"),
    "empty point": (f"sweep:\n  list:\n  - {{{SHIFT}: 1}}\n  - {{}}", 6, 5, "point: it is", "path"),
    "no point": ("sweep:\n  list:\n  - 5", 5, 5, "point: 5 has the wrong type", "paths"),
    "nothing at a path": (f"sweep:\n  list:\n  - {SHIFT}:", 5, 32, "an empty value", "whole"),
    "title": ("sweep:\n  grid:\n    title: [A, B]", 5, 5, "cannot set this", "below window"),
    "extends": ("sweep:\n  list:\n  - extends: early", 5, 5, "cannot set this", "handover"),
    "sweep in sweep": ("sweep:\n  list:\n  - sweep.grid: 1", 5, 5, "cannot set this", "below"),
    "no path": ("sweep:\n  list:\n  - handover..shift: 1", 5, 5, "is not a path", "dots"),
    "no key": ('sweep:\n  list:\n  - "": 1', 5, 5, "'' is not a path", "dots"),
    "endless path": (f"sweep:\n  list:\n  - {'a.' * 500}a: 1", 5, 5, "is not a path", "dots"),
    "unknown group": (
        "sweep:\n  list:\n  - force.army: 1",
        5,
        5,
        "unknown key 'force'",
        "'forces'",
    ),
    "unknown path": (
        "sweep:\n  grid:\n    handover.al.shift: [1, 2, 3]",
        *(5, 5, "unknown key 'al'", "did you mean 'all'?"),
    ),
    "unknown leaf": (
        "sweep:\n  grid:\n    handover.camps.Kidal.shfit: [1, 2]",
        *(5, 5, "unknown key 'shfit'", "'shift'"),
    ),
    "unknown place": (
        "sweep:\n  grid:\n    handover.camps.Kidall.shift: [1, 2]",
        *(5, 5, "unknown place 'Kidall'", "'Kidal'"),
    ),
    "unknown parameter": (
        "sweep:\n  grid:\n    forces.army: [1]\n    parameters.ied_rat: [1, 2]",
        *(6, 5, "unknown parameter 'ied_rat'", "ied_rate"),
    ),
    "path through a value": (
        "sweep:\n  list:\n  - handover.all.shift.days: 1",
        *(5, 5, "shift: a mapping has the wrong type", "a whole number"),
    ),
    "path of a mapping": ("sweep:\n  list:\n  - handover.all: 1", 5, 19, "all: 1 has", "mapping"),
    "out of range": (
        f"sweep:\n  grid:\n    forces.army: [1, 2]\n    parameters.{IED}: [0.5, 99]",
        *(6, 32, "ied_rate: 99 is outside its range", "from "),
    ),
    "too large": (f"sweep:\n  list:\n  - {SHIFT}: 366", 5, 33, "366 is too large", "at most 365"),
    "no receiver": (f"sweep:\n  list:\n  - {RECEIVER}: armee", 5, 36, "'armee' is not", "'army'"),
    "no date": (
        "sweep:\n  grid:\n    window.end: [2023-12-01, 2023-13-01]",
        *(5, 30, "'2023-13-01' is not a date: month", "YYYY-MM-DD"),
    ),
    "date outside": (
        "sweep:\n  grid:\n    window.end: [2023-12-01, 2025-01-01]\n    forces.army: [1, 2]",
        *(5, 30, "window.end: 2025-01-01 is outside", "to 2024-12-31"),
    ),
    "shift outside": (
        f"sweep:\n  grid:\n    {SHIFT}: [-110, 5]\n    forces.army: [1, 2, 3]",
        *(5, 34, "Kidal on 2023-07-28, before the window starts on 2023-08-01 (Kidal.shift=-110"),
        "a shift from -106 to 46 days",
    ),
    "shift after the window": (
        f"sweep:\n  grid:\n    {SHIFT}: [0, 47]\n    forces.army: [1, 2]",
        *(5, 37, "Kidal on 2024-01-01, after the window ends on 2023-12-31 (Kidal.shift=47"),
        "a shift from -106 to 46 days",
    ),
    "many shifts after the window": (
        f"sweep:\n  grid:\n    {SHIFT}: {list(range(40, 100))}",
        *(5, 62, "on 2023-12-31 (Kidal.shift=47; 52 more are wrong alike)", "from -106 to 46 days"),
    ),
    "window that ends before the file's shift": (
        "handover: {camps: {Kidal: {shift: 30}}}\nsweep:\n  list:\n"
        "  - window.end: 2023-12-01\n  - window.end: 2023-12-20",
        *(3, 35, "Kidal on 2023-12-15, after the window ends on 2023-12-01 (window.end=2023-12-01"),
        "a shift from -106 to 16 days",
    ),
    "the file's value outside": (
        "politics: {truce: 2023-09-17}\nsweep:\n  grid:\n"
        "    window.start: [2023-08-01, 2023-10-01]\n    forces.army: [1, 2, 3]",
        *(3, 19, "truce: 2023-09-17 is outside the window (window.start=2023-10-01,", "10-01 to"),
    ),
    "too many in a grid": (
        f"sweep:\n  grid:\n    {SHIFT}: {list(range(15))}\n    forces.army: {list(range(14))}",
        *(4, 3, "the sweep has 210 points", "at most 200"),
    ),
    "too many in a list": (
        "sweep:\n  list:\n" + "".join(f"  - {{{SHIFT}: {i}}}\n" for i in range(201)),
        *(4, 3, "the sweep has 201 points", "at most 200"),
    ),
    "the same point": (
        f"sweep:\n  list:\n  - {{{SHIFT}: 1}}\n  - {{{SHIFT}: 2}}\n  - {{{SHIFT}: 1}}",
        *(7, 5, "the points Kidal.shift=1 and Kidal.shift=1 are one scenario", "leave one"),
    ),
    "the same effect": (
        f"sweep:\n  list:\n  - {SHIFT}: 0\n  - handover.camps.Kidal.exit: plan",
        *(6, 5, "Kidal.shift=0 and Kidal.exit=plan are one scenario in effect", "leave one"),
    ),
    "the same effect in a grid": (
        f"sweep:\n  grid:\n    {RECEIVER}: [army, joint]\n"
        "    handover.camps.Kidal.joint_unit.p_leave: [0.1, 0.2]",
        *(4, 3, "are one scenario in effect", "`list` sets each point by itself"),
    ),
    "one below the other": (
        f"sweep:\n  list:\n  - {SHIFT}: 0\n  - handover.all.joint_unit: null\n"
        "    handover.all.joint_unit.p_leave: 0.5",
        *(7, 5, "joint_unit.p_leave lies below handover.all.joint_unit", "keep one"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fault_is_told_once_at_its_place_in_the_sweep(case: str, tmp_path: Path) -> None:
    body, line, column, message, hint = CASES[case]
    path = write(tmp_path, f"{HEAD}{body}\n")
    ((at_line, at_column, said, remedy),) = faults(path)
    assert (at_line, at_column) == (line, column)
    assert message in said
    assert hint in remedy
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert [(p.line, p.message) for p in caught.value.problems] == [(line, said)]


def test_200_points_are_allowed() -> None:
    axes = {SHIFT: list(range(20)), "forces.army": list(range(10))}
    points = load_points({**TEXTS, "sweep": {"grid": axes}})
    assert len({point.digest() for point in points}) == 200


def test_faults_of_the_file_and_of_all_points_stand_together(tmp_path: Path) -> None:
    text = f"""\
title: T
forces: {{army: two}}
sweep:
  list:
    - {{{SHIFT}: 1, parameters.{IED}: 99}}
    - {{{SHIFT}: 1}}
    - {{{SHIFT}: -110, forces.wagner: 2}}
    - {{{SHIFT}: one, forces.wagnr: 2}}
"""
    found = faults(write(tmp_path, text))
    assert [(line, column) for line, column, *_ in found] == [
        *((1, 1), (2, 16), (5, 60), (7, 36), (8, 36), (8, 41)),
    ]


def test_duplicates_are_told_beside_other_faults(tmp_path: Path) -> None:
    points = f"[{{{SHIFT}: 1}}, {{{SHIFT}: x}}, {{{SHIFT}: 1}}]"
    found = faults(write(tmp_path, f"{HEAD}sweep: {{list: {points}}}\n"))
    assert ["wrong type" in found[0][2], "one scenario" in found[1][2]] == [True, True]


@pytest.mark.parametrize(
    ("sweep", "place"),
    [
        ({"grid": {SHIFT: [1, "x"]}}, f"scenario.sweep.grid.{SHIFT}[1]"),
        ({"list": [{SHIFT: 1}, {"forces.armee": 1}]}, "scenario.sweep.list[1].forces.armee"),
        ({"list": [{SHIFT: 1}, {SHIFT: 1}]}, "scenario.sweep.list[1]"),
        ({"grid": {SHIFT: [1], 5: [1]}}, "scenario.sweep.grid"),
        ({"grid": {"forces.army": [float("nan")]}}, "scenario.sweep.grid.forces.army[0]"),
        ({"grid": {"forces.army": [object()]}}, "scenario.sweep.grid.forces.army[0]"),
        (None, "scenario.sweep"),
    ],
)
def test_a_dict_names_the_key_path(sweep: Any, place: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_points({**TEXTS, "sweep": sweep})
    assert place in {problem.file for problem in caught.value.problems}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
PATHS = st.sampled_from(
    [
        *(SHIFT, RECEIVER, "forces.army", "politics.truce", "window", "window.end", "title"),
        *("handover.all.joint_unit", "handover.all.joint_unit.p_leave", f"parameters.{IED}"),
        *(".", "", "x", "a.b.c"),
    ]
)
SETS = st.dictionaries(PATHS, VALUES | st.lists(VALUES, max_size=3), max_size=4)


@settings(max_examples=200, deadline=None)
@given(
    sweep=VALUES
    | st.fixed_dictionaries({}, optional={"grid": SETS, "list": st.lists(SETS, max_size=4)}),
    base=st.sampled_from([{}, {"forces": 1}, {"politics": {"truce": "2023-09-17"}}, {"title": 1}]),
)
def test_any_sweep_is_read_or_reported(sweep: Any, base: dict[str, Any]) -> None:
    data = {**TEXTS, **base, "sweep": sweep}
    try:
        points = load_points(data)
    except ScenarioError as error:
        points, report = [], str(error)
    else:
        report = "scenario: no fault"
    assert report.startswith("scenario")
    assert len(set(names(points))) == len({point.digest() for point in points}) == len(points)


# --- commands and schema -----------------------------------------------------------------


def test_validate_counts_the_points(tmp_path: Path) -> None:
    path = write(tmp_path, GRID)
    result = CliRunner().invoke(app, ["validate", str(path), "early"])
    assert (result.exit_code, result.stdout) == (0, f"ok {path} (6 points)\nok early\n")


def test_validate_reports_the_faults_of_a_sweep(tmp_path: Path) -> None:
    path = write(tmp_path, GRID.replace("1.0]", "99]"))
    result = CliRunner().invoke(app, ["validate", str(path)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{path}:7:32: ied_rate: 99 is outside its range\n")
    assert result.stderr.count("outside its range") == 1


def test_explain_shows_the_file_and_then_its_points(tmp_path: Path) -> None:
    path = write(tmp_path, GRID)
    lines = [" ".join(line.split()) for line in explain(path).splitlines()]
    assert "my-sweep: When does Kidal fall? [my-sweep.yaml:1]" in lines
    assert lines[-10] == "A sweep of 6 points over this [my-sweep.yaml:4]"
    assert lines[-1] == (
        "my-sweep[Kidal.shift=30,ied_rate=1.0] handover.camps.Kidal.shift=30, "
        "parameters.ied_rate=1.0 my-sweep.yaml:6, my-sweep.yaml:7"
    )
    assert "A sweep" not in explain("early")
    result = CliRunner().invoke(app, ["explain", str(path)])
    assert (result.exit_code, result.stdout) == (0, explain(path) + "\n")


def test_explain_reports_the_faults_of_a_sweep(tmp_path: Path) -> None:
    path = write(tmp_path, GRID.replace("[-30", "[-3000"))
    result = CliRunner().invoke(app, ["explain", str(path)])
    assert result.exit_code == 2
    assert f"{path}:6:34: shift: -3000 is too small" in result.stderr


@pytest.mark.parametrize("swap", [False, True])
def test_diff_takes_no_sweep(swap: bool, tmp_path: Path) -> None:
    path = write(tmp_path, GRID)
    both = ["early", str(path)] if swap else [str(path), "early"]
    result = CliRunner().invoke(app, ["diff", *both])
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{path}:4:1: a sweep of 6 points, not a single scenario" in result.stderr
    with pytest.raises(ScenarioError):
        diff(path, "early")


def at(schema: dict[str, Any], pointer: str) -> dict[str, Any]:
    """The part of a schema that a `$ref` points to."""
    for key in pointer.removeprefix("#/").split("/"):
        schema = schema[key]
    return schema


def test_the_schema_holds_every_path_of_a_sweep() -> None:
    schema = json_schema()
    sweep = schema["properties"]["sweep"]
    assert sweep["description"]
    assert [one["required"] for one in sweep["oneOf"]] == [["grid"], ["list"]]
    point = sweep["properties"]["list"]["items"]
    grid = sweep["properties"]["grid"]
    assert sweep["properties"]["list"]["maxItems"] == 200
    assert point["additionalProperties"] is grid["additionalProperties"] is False
    assert list(point["properties"]) == list(grid["properties"])
    for path, value in point["properties"].items():
        assert grid["properties"][path]["items"] == value
        assert grid["properties"][path]["type"] == "array"
        if "$ref" in value:
            assert at(schema, value["$ref"])["description"]
    ied = at(schema, point["properties"][f"parameters.{IED}"]["$ref"])
    assert ied["maximum"] == facts.load().parameters[IED].widest[1]
    assert "joint" in at(schema, point["properties"][RECEIVER]["$ref"])["enum"]
    assert not {"title", "question", "extends", "sweep"} & set(point["properties"])


def test_the_schema_and_the_reader_know_the_same_paths() -> None:
    values = json_schema()["properties"]["sweep"]["properties"]["list"]["items"]["properties"]
    for path in values:
        with pytest.raises(ScenarioError) as caught:
            load_points({**TEXTS, "sweep": {"list": [{path: "?"}]}})
        messages = [problem.message for problem in caught.value.problems]
        assert not any("unknown" in message or "path" in message for message in messages), path
