"""Scenario files: inheritance, clauses, resolved values, digest, explain, diff, schema."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from camphandover import facts
from camphandover.scenario import (
    Difference,
    Scenario,
    ScenarioError,
    diff,
    differences,
    explain,
    load,
    load_stored,
)
from camphandover.scenario.jsonschema import json_schema

TEXTS = {"title": "A title", "question": "A question?"}
CAMPS = {camp.place: camp for camp in facts.load().camps}
LATER = [place for place, camp in CAMPS.items() if camp.phase != 1]
RANGED = next(p for p in facts.load().parameters.values() if p.low < p.high)


def write(folder: Path, **files: str) -> Path:
    """Write `name="text"` files; the path of the first."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.yaml"


def test_a_scenario_of_two_lines_has_the_defaults() -> None:
    scenario = load(TEXTS)
    assert scenario.name == "scenario"
    assert (scenario.window.start, scenario.window.end) == (date(2023, 8, 1), date(2023, 12, 31))
    assert scenario.mandate_end == date(2023, 12, 31)
    assert list(scenario.camps) == list(CAMPS)
    assert scenario.forces == {"army": 1, "wagner": 1, "separatists": 1, "gsim": 1}
    assert scenario.airpower.scale == 1
    assert scenario.politics.truce is None
    assert scenario.parameters == {}
    for place, clause in scenario.camps.items():
        assert clause.exit == CAMPS[place].planned
        assert (clause.receiver, clause.equipment) == ("army", "orderly")
        assert (clause.notice_army, clause.notice_separatists) == (45, 45)
        assert clause.early_exit
        assert not clause.buffer
        assert clause.perimeter == 0
        assert clause.spread is clause.destroyed is clause.p_leave is None


def test_child_beats_parent_and_keeps_the_rest(tmp_path: Path) -> None:
    child = write(
        tmp_path,
        child="extends: parent\ntitle: Child\nhandover: {all: {notice: {army: 3}}}\n",
        parent="title: P\nquestion: Why?\nforces: {wagner: 0}\n"
        "handover: {all: {notice: {army: 7, separatists: 8}, receiver: race}}\n",
    )
    scenario = load(child)
    assert (scenario.name, scenario.title, scenario.question) == ("child", "Child", "Why?")
    assert scenario.forces["wagner"] == 0
    kidal = scenario.camps["Kidal"]
    assert (kidal.notice_army, kidal.notice_separatists, kidal.receiver) == (3, 8, "race")


def test_extends_takes_a_relative_path(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    child = write(tmp_path / "sub", child="extends: ../base.yaml\n")
    write(tmp_path, base="title: Base\nquestion: Why?\n")
    assert load(child).title == "Base"


def test_extends_finds_the_library_from_another_folder(tmp_path: Path) -> None:
    assert load(write(tmp_path, mine="extends: early\n")).digest() == load("early").digest()


def test_the_nearer_file_wins_over_the_library(tmp_path: Path) -> None:
    child = write(tmp_path, mine="extends: early\n", early="title: Mine\nquestion: Why?\n")
    assert load(child).digest() == load(TEXTS).digest()


def test_camp_beats_later_beats_all() -> None:
    handover = {
        "all": {"receiver": "race", "perimeter": 5},
        "later": {"receiver": "joint"},
        "camps": {"Kidal": {"receiver": "empty"}, "Ber": {"receiver": "separatists"}},
    }
    camps = load({**TEXTS, "handover": handover}).camps
    assert camps["Menaka"].receiver == "race"
    assert camps["Ber"].receiver == "separatists"
    assert camps["Kidal"].receiver == "empty"
    assert {camps[place].receiver for place in LATER if place != "Kidal"} == {"joint"}
    assert {clause.perimeter for clause in camps.values()} == {5}


def test_a_parents_camp_beats_the_childs_all(tmp_path: Path) -> None:
    child = write(
        tmp_path,
        child="extends: parent\nhandover: {all: {receiver: race}}\n",
        parent="title: P\nquestion: Q\nhandover: {camps: {Kidal: {receiver: empty}}}\n",
    )
    camps = load(child).camps
    assert (camps["Kidal"].receiver, camps["Gao"].receiver) == ("empty", "race")


def test_null_takes_an_inherited_value_back(tmp_path: Path) -> None:
    child = write(
        tmp_path,
        child="extends: parent\npolitics: {truce: null}\nhandover: {all: {spread: null}}\n",
        parent="title: P\nquestion: Q\npolitics: {truce: 2023-09-17}\n"
        "handover: {all: {spread: 3}}\n",
    )
    assert load(child.with_stem("parent")).camps["Kidal"].spread == 3
    scenario = load(child)
    assert scenario.politics.truce is None
    assert scenario.camps["Kidal"].spread is None


def test_exit_plan_actual_date_and_shift() -> None:
    handover = {
        "camps": {
            "Kidal": {"exit": "actual", "shift": 2},
            "Tessalit": {"exit": "2023-11-05"},
            "Aguelhok": {"shift": -10},
            "Gao": {"exit": "actual"},
        }
    }
    camps = load({**TEXTS, "handover": handover}).camps
    assert camps["Kidal"].exit == date(2023, 11, 2)
    assert camps["Tessalit"].exit == date(2023, 11, 5)
    assert camps["Aguelhok"].exit == CAMPS["Aguelhok"].planned - timedelta(10)
    assert CAMPS["Gao"].actual is None
    assert camps["Gao"].exit == CAMPS["Gao"].planned


def test_camps_closed_before_a_late_window_stay_as_planned() -> None:
    camps = {"Menaka": {"shift": 1}}
    form = {**TEXTS, "window": {"start": "2023-10-01"}, "handover": {"camps": camps}}
    assert load(form).camps["Menaka"].exit == CAMPS["Menaka"].planned + timedelta(1)


def test_a_shorter_window_may_end_before_exits_that_the_parent_set(tmp_path: Path) -> None:
    """But exits that a file sets itself are held to its window, and so are a faulty parent's."""
    short = {**TEXTS, "extends": "negotiated", "window": {"end": "2023-09-30"}}
    assert load(short).camps["Kidal"].exit == date(2024, 1, 14)
    own = {"handover": {"camps": {"Kidal": {"shift": 60}}}}
    with pytest.raises(ScenarioError, match="Kidal on 2024-01-14, after the window ends"):
        load({**short, **own})
    parent = tmp_path / "parent.yaml"
    parent.write_text("extends: on-schedule\nhandover: {camps: {Kidal: {shift: 60}}}\n")
    with pytest.raises(ScenarioError, match="Kidal on 2024-01-14, after the window ends"):
        load({**TEXTS, "extends": str(parent)})


def test_camps_that_the_plan_closes_after_a_short_window_may_be_left_earlier() -> None:
    form = {**TEXTS, "window": {"end": "2023-09-10"}, "handover": {"later": {"shift": -30}}}
    assert load(form).camps["Kidal"].exit == CAMPS["Kidal"].planned - timedelta(30)


def test_guards_of_the_liquidation_may_stay_longer_than_the_mandate() -> None:
    long = {**TEXTS, "window": {"end": "2024-06-30"}}
    guarded = {"handover": {"camps": {"Gao": {"exit": "2024-06-30"}}}}
    assert load({**long, **guarded}).camps["Gao"].exit == date(2024, 6, 30)


def test_a_stored_scenario_is_read_though_a_file_may_no_longer_say_so() -> None:
    scenario = load(TEXTS)
    kidal = scenario.camps["Kidal"].model_copy(update={"exit": date(2024, 8, 1)})
    old = scenario.model_copy(update={"camps": {**scenario.camps, "Kidal": kidal}})
    assert load_stored(old.to_yaml(), "scenario") == old


def test_joint_unit_counts_only_for_a_joint_receiver() -> None:
    handover = {"all": {"joint_unit": {"p_leave": 0.4}}, "camps": {"Kidal": {"receiver": "joint"}}}
    camps = load({**TEXTS, "handover": handover}).camps
    assert (camps["Kidal"].p_leave, camps["Gao"].p_leave) == (0.4, None)


def test_yaml_words_and_numbers_are_not_bent(tmp_path: Path) -> None:
    path = write(tmp_path, odd="title: no\nquestion: 12:30\nforces: {wagner: 1e-1, gsim: 2}\n")
    scenario = load(path)
    assert (scenario.title, scenario.question) == ("no", "12:30")
    assert (scenario.forces["wagner"], scenario.forces["gsim"]) == (0.1, 2.0)


def test_an_alias_repeats_a_clause(tmp_path: Path) -> None:
    camps = "handover: {camps: {Kidal: &k {receiver: empty}, Gao: *k}}"
    path = write(tmp_path, alias=f"title: T\nquestion: Q\n{camps}\n")
    assert load(path).camps["Gao"].receiver == "empty"


def test_a_byte_order_mark_and_crlf_are_read(tmp_path: Path) -> None:
    path = tmp_path / "dos.yaml"
    path.write_bytes(b"\xef\xbb\xbftitle: T\r\nquestion: Q\r\n")
    assert load(path).title == "T"


def test_parameters_take_their_bounds() -> None:
    for value in (RANGED.low, RANGED.high):
        assert load({**TEXTS, "parameters": {RANGED.name: value}}).parameters[RANGED.name] == value


def test_dict_name_and_dates_from_python() -> None:
    scenario = load({**TEXTS, "window": {"end": date(2024, 1, 31)}}, name="mine")
    assert scenario.name == "mine"
    assert scenario.window.end == date(2024, 1, 31)


def test_frozen() -> None:
    scenario = load(TEXTS)
    with pytest.raises(ValidationError, match="frozen"):
        scenario.title = "other"  # type: ignore[misc]


def test_digest_counts_what_decides_results_and_only_that() -> None:
    base = load(TEXTS)
    assert len(base.digest()) == 64
    assert load({"title": "x", "question": "y"}, name="z").digest() == base.digest()
    assert load({**TEXTS, "handover": {"all": {"exit": "plan"}}}).digest() == base.digest()
    others = [
        {"window": {"end": "2023-12-30"}},
        {"handover": {"mandate_end": "2024-01-01"}},
        {"handover": {"camps": {"Kidal": {"spread": 10}}}},
        {"forces": {"wagner": 0.5}},
        {"airpower": {"scale": 0}},
        {"politics": {"truce": "2023-09-17"}},
        {"parameters": {RANGED.name: RANGED.high}},
    ]
    digests = {load({**TEXTS, **other}).digest() for other in others}
    assert len(digests | {base.digest()}) == len(others) + 1


clauses = st.fixed_dictionaries(
    {},
    optional={
        "exit": st.sampled_from(["plan", "actual", "2023-11-05", "2023-12-31"]),
        "shift": st.integers(0, 60) | st.integers(-20, 0),
        "spread": st.none() | st.floats(0, 180),
        "early_exit": st.booleans(),
        "receiver": st.sampled_from(["army", "race", "separatists", "joint", "empty"]),
        "notice": st.fixed_dictionaries({}, optional={"army": st.integers(0, 365)}),
        "equipment": st.sampled_from(["orderly", "accelerated"]),
        "destroyed": st.none() | st.floats(0, 1),
        "buffer": st.booleans(),
        "perimeter": st.floats(0, 500),
        "joint_unit": st.none() | st.fixed_dictionaries({"p_leave": st.floats(0, 1)}),
    },
)
forms = st.fixed_dictionaries(
    {
        "title": st.text(st.characters(codec="utf-8", exclude_categories=["C"])).filter(str.strip),
        "question": st.sampled_from(["Who: #1?", "no", "1e2", 'say "yes"', "a\\b", "- x"]),
        "handover": st.fixed_dictionaries(
            {},
            optional={
                "mandate_end": st.sampled_from(["2023-12-31", "2024-06-30", "2024-12-31"]),
                "all": clauses,
                "later": clauses,
                "camps": st.dictionaries(st.sampled_from(list(CAMPS)), clauses, max_size=3),
            },
        ),
    },
    optional={
        "window": st.sampled_from(
            [
                {"start": "2023-08-10"},
                {"start": "2023-10-01"},
                {"end": "2024-12-31"},
                {"start": "2023-10-01", "end": "2024-06-30"},
                {"end": "2023-11-05"},
            ]
        ),
        "forces": st.fixed_dictionaries({"gsim": st.floats(0, 100)}),
        "politics": st.sampled_from([{"truce": "2023-12-01"}, {}]),
        "parameters": st.fixed_dictionaries({RANGED.name: st.floats(RANGED.low, RANGED.high)}),
    },
)


@settings(max_examples=60, deadline=None)
@given(form=forms)
def test_standalone_yaml_loads_to_the_same_scenario(
    form: dict, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        scenario = load(form)
    except ScenarioError as error:
        of_dates = ("the UN would leave", "outside the window")
        if not all(any(text in p.message for text in of_dates) for p in error.problems):
            raise
        reject()
    path = tmp_path_factory.mktemp("standalone") / "scenario.yaml"
    path.write_text(scenario.to_yaml(), encoding="utf-8")
    again = load(path)
    assert "extends" not in path.read_text(encoding="utf-8").split("question")[1]
    assert again == scenario
    assert again.digest() == scenario.digest()
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


def test_explain_tells_each_origin(tmp_path: Path) -> None:
    child = write(
        tmp_path,
        child="extends: parent\nquestion: Why?\nhandover:\n  camps:\n    Gao: {exit: actual}\n",
        parent="title: P\nforces:\n  wagner: 0.5\n",
    )
    lines = [" ".join(line.split()) for line in explain(child).splitlines()]
    assert "child: P [parent.yaml:1]" in lines
    assert "Why? [child.yaml:2]" in lines
    assert "forces.wagner 0.5 parent.yaml:3" in lines
    assert "forces.army 1 default" in lines
    assert "exit actual child.yaml:5 Gao" in lines
    assert "receiver army default all" in lines
    assert f"Gao: the actual exit is not known; the plan counts, {CAMPS['Gao'].planned}." in lines
    for place in CAMPS:
        assert any(line.startswith(f"{place} {CAMPS[place].planned} ") for line in lines)


def test_explain_names_the_parameters_that_stand_in() -> None:
    text = explain("joint-unit")
    assert "sd -: the parameter exit_error_sd." in text
    assert "p_leave -: at a joint unit, the parameter joint_leave." in text
    assert "joint_leave" not in explain("early")
    assert {"exit_error_sd", "joint_leave"} <= set(facts.load().parameters)


def test_diff_is_effective_and_grouped() -> None:
    other = {**TEXTS, "title": "Other", "handover": {"all": {"exit": "plan", "shift": 0}}}
    assert diff(TEXTS, other) == ""
    other["handover"] = {"camps": {place: {"receiver": "race"} for place in ("Kidal", "Gao")}}
    other["window"] = {"end": "2024-01-31"}
    other["parameters"] = {RANGED.name: RANGED.high}
    assert diff(TEXTS, other).splitlines() == [
        "window.end: 2023-12-31 -> 2024-01-31",
        f"parameters.{RANGED.name}: - -> {RANGED.high:g}",
        "Kidal, Gao: receiver army -> race",
    ]
    assert str(differences(load(TEXTS), load(other))[-1]) == "Gao: receiver army -> race"
    assert Difference("Gao", "receiver", "army", "race") in differences(load(TEXTS), load(other))


def test_json_schema_knows_the_keys_and_requires_none() -> None:
    schema = json_schema()
    assert "required" not in schema
    assert schema["additionalProperties"] is False
    camps = schema["$defs"]["HandoverForm"]["properties"]["camps"]
    assert list(camps["properties"]) == list(CAMPS)
    bounds = schema["properties"]["parameters"]["properties"][RANGED.name]
    assert (bounds["minimum"], bounds["maximum"]) == (RANGED.low, RANGED.high)
    for model in [schema, *schema["$defs"].values()]:
        for name, field in model["properties"].items():
            assert field.get("description"), name


@pytest.mark.parametrize("name", ["on-schedule", "on-schedule.yaml"])
def test_load_by_name_and_by_path(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name.endswith(".yaml"):
        monkeypatch.chdir(Path(__file__).parents[2] / "scenarios")
    assert load(name).name == "on-schedule"


def test_the_library_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load("early").name == "early"
    with pytest.raises(ScenarioError, match="did you mean 'early'"):
        load("erly")
