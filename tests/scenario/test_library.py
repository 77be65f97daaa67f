"""The scenario library: complete, distinct, short, and what RULES R6.6 asks of S0 to S6."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from camphandover import facts
from camphandover.judge.cautions import differ_in_window_only
from camphandover.scenario import Scenario, diff, library, load

FOLDER = Path(__file__).parents[2] / "scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))
VARIANTS = sorted(FOLDER.glob("variants/*.yaml"))
CAMPS = {camp.place: camp for camp in facts.load().camps}
PHASE_1 = [place for place, camp in CAMPS.items() if camp.phase == 1]
LATER = [place for place in CAMPS if place not in PHASE_1]
KIDAL_REGION = ["Kidal", "Tessalit", "Aguelhok"]


def shifts(scenario: Scenario, places: list[str]) -> set[int]:
    return {(scenario.camps[place].exit - CAMPS[place].planned).days for place in places}


def test_order_and_completeness() -> None:
    assert [file.stem for file in library()] == [
        "on-schedule",
        "on-schedule-to-april-2024",
        "on-schedule-to-2024",
        "historical",
        "historical-to-2024",
        "early",
        "delayed",
        "to-separatists",
        "joint-unit",
        "abandoned",
        "negotiated",
        "kidal-only-to-separatists",
        "un-stays-to-june-2024",
        "no-wagner",
        "french-support-stayed",
        "no-airpower",
        "airpower-doubled",
        "reliable-alliance",
        "ecowas-intervention-in-niger",
        "victim-aid-reaches",
        "no-blockade",
        "separatists-join-gsim",
        "separatists-fight-gsim",
        "on-20-october",
        "kidal-joint-on-20-october",
    ]
    assert sorted(library()) == FILES


@pytest.mark.parametrize("file", FILES + VARIANTS, ids=lambda file: file.stem)
def test_each_file_has_its_own_title_and_question(file: Path) -> None:
    scenario = load(file)
    assert scenario.name == file.stem
    text = file.read_text(encoding="utf-8")
    assert f"title: {scenario.title}\n" in text.replace('"', "")
    assert f"question: {scenario.question}\n" in text
    assert scenario.question.endswith("?")
    assert ("extends: " in text) == (file.stem != "on-schedule")
    assert len(text.splitlines()) <= 14


def test_no_two_files_share_title_question_or_digest() -> None:
    scenarios = [load(file) for file in FILES + VARIANTS]
    assert len({scenario.title for scenario in scenarios}) == len(scenarios)
    assert len({scenario.question for scenario in scenarios}) == len(scenarios)
    assert len({scenario.digest() for scenario in scenarios}) == len(scenarios)


@pytest.mark.parametrize("file", FILES + VARIANTS, ids=lambda file: file.stem)
def test_standalone_form_loads_to_the_same_digest(file: Path, tmp_path: Path) -> None:
    scenario = load(file)
    copy = tmp_path / file.name
    copy.write_text(scenario.to_yaml(), encoding="utf-8")
    assert load(copy) == scenario


def test_phase_1_is_the_same_in_all_but_the_historical_ones() -> None:
    base = load("on-schedule")
    for file in FILES:
        if not file.stem.startswith("historical"):
            scenario = load(file)
            assert all(scenario.camps[place] == base.camps[place] for place in PHASE_1)


def test_kidal_only_differs_in_one_camp() -> None:
    line = "Kidal: receiver army -> separatists"
    assert diff("on-schedule", "kidal-only-to-separatists") == line


def test_historical_uses_the_record_without_error() -> None:
    scenario = load("historical")
    for place, clause in scenario.camps.items():
        assert clause.exit == (CAMPS[place].actual or CAMPS[place].planned)
        assert (clause.spread, clause.early_exit) == (0, False)


def test_early() -> None:
    scenario = load("early")
    assert shifts(scenario, LATER) == {-30}
    for place in LATER:
        clause = scenario.camps[place]
        assert (clause.receiver, clause.notice_army, clause.notice_separatists) == ("race", 3, 3)


def test_delayed() -> None:
    scenario = load("delayed")
    assert shifts(scenario, LATER) == {45}
    assert all(scenario.camps[place].buffer for place in LATER)
    assert scenario.mandate_end == date(2023, 12, 31) + timedelta(45)
    assert scenario.window.end == date(2024, 4, 30)


def test_to_separatists() -> None:
    camps = load("to-separatists").camps
    got = {place for place, clause in camps.items() if clause.receiver == "separatists"}
    assert got == {"Kidal", "Tessalit", "Aguelhok"}


def test_joint_unit() -> None:
    camps = load("joint-unit").camps
    assert {(camps[place].receiver, camps[place].p_leave) for place in KIDAL_REGION} == {
        ("joint", None)
    }


def test_abandoned() -> None:
    scenario = load("abandoned")
    assert shifts(scenario, LATER) == {-15}
    for place in LATER:
        clause = scenario.camps[place]
        assert (clause.receiver, clause.notice_army, clause.notice_separatists) == ("empty", 0, 0)
        assert clause.destroyed == 0.9


def test_negotiated() -> None:
    scenario = load("negotiated")
    assert shifts(scenario, LATER) == {60}
    assert {scenario.camps[place].perimeter for place in LATER} == {20}
    assert scenario.mandate_end == date(2023, 12, 31) + timedelta(60)
    assert scenario.politics.truce == date(2023, 9, 17)


# --- the scenarios of the other systems


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("no-wagner", {"foreign.wagner: true -> false"}),
        (
            "french-support-stayed",
            {"foreign.wagner: true -> false", "foreign.french: false -> true"},
        ),
        ("no-airpower", {"airpower.scale: 1 -> 0"}),
        ("airpower-doubled", {"airpower.scale: 1 -> 2"}),
        ("reliable-alliance", {"alliance.reliable: false -> true"}),
        ("ecowas-intervention-in-niger", {"alliance.intervention: false -> true"}),
        (
            "victim-aid-reaches",
            {
                "parameters.aid_budget: - -> 3000",
                "parameters.aid_reach: - -> 0.8",
                "parameters.aid_recruits: - -> 0.23",
            },
        ),
        ("no-blockade", {"blockade.active: true -> false"}),
        (
            "separatists-join-gsim",
            {
                "politics.relations: tacit -> coordinated",
                "politics.relations_fixed: false -> true",
            },
        ),
        (
            "separatists-fight-gsim",
            {"politics.relations: tacit -> clash", "politics.relations_fixed: false -> true"},
        ),
        ("v1-no-hold-or-leave", {"structure.hold_or_leave: true -> false"}),
        ("v2-no-airpower", {"airpower.scale: 1 -> 0"}),
        ("v3-no-symbolic-utility", {"structure.symbolic_utility: true -> false"}),
        ("v4-no-race", {"structure.race: true -> false"}),
        (
            "v5-merged-groups",
            {"politics.relations: tacit -> merged", "politics.relations_fixed: false -> true"},
        ),
        ("v6-no-population-loop", {"population.loop: true -> false"}),
        ("v7-reliable-alliance", {"alliance.reliable: false -> true"}),
        ("v8-square-law", {"parameters.attrition_exponent: - -> 1"}),
        ("harm-nil", {"population.harm: positive -> nil"}),
        ("harm-negative", {"population.harm: positive -> negative"}),
    ],
)
def test_a_scenario_changes_what_its_name_says_and_nothing_else(name: str, lines: set[str]) -> None:
    base = "full-model" if name.startswith("v") and name[1].isdigit() else "on-schedule"
    assert set(diff(base, name).splitlines()) == lines


def test_historical_to_2024_is_the_historical_one_with_a_longer_window() -> None:
    longer = load("historical-to-2024")
    assert longer.window.end == date(2024, 12, 31)
    assert longer.camps == load("historical").camps
    assert diff("historical", "historical-to-2024") == "window.end: 2023-12-31 -> 2024-12-31"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_longer_scenario_has_a_base_of_the_same_window(file: Path) -> None:
    scenario, base = load(file), load("on-schedule")
    bases = [one for one in map(load, FILES) if differ_in_window_only(base, one)]
    (own,) = [one for one in bases if one.window == scenario.window]
    assert own in (base, scenario) or own.name in file.read_text(encoding="utf-8")
    due = [clause.exit for place, clause in scenario.camps.items() if place in KIDAL_REGION]
    assert max(due) < scenario.window.end, "it is not over before anything has happened"


def test_the_un_stays_to_june_2024() -> None:
    stays = load("un-stays-to-june-2024")
    assert stays.mandate_end == date(2024, 6, 30)
    assert stays.window.end > stays.mandate_end
    assert shifts(stays, LATER) == {181}
    assert all(stays.camps[place].exit <= stays.mandate_end for place in LATER)


def test_variants_are_found_by_name_and_not_run_by_default() -> None:
    assert load("v4-no-race").structure.race is False
    assert {file.parent.name for file in library()} == {"scenarios"}
