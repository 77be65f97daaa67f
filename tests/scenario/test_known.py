"""The key `known`: what is refused because it is past, what is taken, and a record of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from camphandover import facts
from camphandover.facts import Change
from camphandover.scenario import Scenario, ScenarioError, diff, load, load_points
from camphandover.scenario.jsonschema import json_schema
from camphandover.scenario.past import changed_clauses, past_of
from camphandover.scenario.resolve import resolution

HEAD = "title: T\nquestion: Q\nknown: {until: 2023-10-20}\n"
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A file below the head of a scenario that goes on from 20 October."""

    def written(text: str, name: str = "a", head: str = HEAD) -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(head + text)
        return path

    return written


def faults(path: Path) -> list[tuple[int, str, str]]:
    """Line, message and hint of each fault."""
    with pytest.raises(ScenarioError) as caught:
        load(path)
    return [(one.line or 0, one.message, one.hint) for one in caught.value.problems]


FORCES = ("army", "wagner", "separatists", "gsim")
SETTINGS = {
    **{
        f"forces: {{{side}: 0.5}}": f"forces.{side}: 0.5 would act on 2023-08-01" for side in FORCES
    },
    "foreign: {wagner: false}": "foreign.wagner: false would act on 2023-08-01",
    "foreign: {french: true}": "foreign.french: true would act on 2023-08-01",
    "politics: {rung: 1}": "politics.rung: 1 would act on 2023-08-01",
    "politics: {record: false}": "politics.record: false would act on 2023-08-01",
    "politics: {relations: merged}": "politics.relations: merged would act on 2023-08-01",
    "politics: {victim_aid: false}": "politics.victim_aid: false would act on 2023-09-13",
    "alliance: {charter: false}": "alliance.charter: false would act on 2023-09-16",
    "politics: {truce: 2023-10-20}": "truce: 2023-10-20",
    "alliance: {sanctions_end: 2023-10-20}": "sanctions_end: 2023-10-20",
    "handover: {mandate_end: 2023-10-20}": "mandate_end: 2023-10-20",
}


@pytest.mark.parametrize("text", SETTINGS)
def test_a_setting_that_acts_before_the_day_is_refused_by_its_name_at_its_line(
    text: str, write: Write
):
    ((line, message, _),) = faults(write(f"\n{text}\n"))
    assert line == 5
    assert message.startswith(SETTINGS[text])
    assert "all is known until 2023-10-20" in message


@pytest.mark.parametrize("text", SETTINGS)
def test_the_same_is_taken_in_a_past_of_its_own_and_without_a_day(text: str, write: Write):
    own = write(text, head=HEAD.replace("20}", "20, own_past: true}"))
    assert past_of(load(own)) == load(own)
    load(write(text, head="title: T\nquestion: Q\n"))


TAKEN = (
    "airpower: {scale: 0.5}",
    "population: {harm: nil, loop: false}",
    "blockade: {active: false}",
    "reporting: {perfect: true}",
    "structure: {hold_or_leave: false, symbolic_utility: false, race: false}",
    "alliance: {reliable: true, joint_force: true, intervention: true}",
    "alliance: {sanctions_end: 2023-10-21}",
    "politics: {truce: 2023-10-21, relations_fixed: true}",
    "parameters: {ladder_up: 0.02}",
    "handover: {mandate_end: 2023-11-30}",
    "handover: {camps: {Kidal: {receiver: joint, exit: 2023-10-21}}}",
    "handover: {camps: {Kidal: {exit: plan}, Ber: {receiver: army}}}",
    "handover: {all: {receiver: joint, buffer: true}, later: {exit: 2023-12-01}}",
    "handover: {all: {exit: actual}}",
    "forces: {army: 1.0}",
    "politics: {relations: tacit}",
)


@pytest.mark.parametrize("text", TAKEN)
def test_what_acts_after_the_day_or_changes_nothing_is_taken(text: str, write: Write):
    found = load(write(text))
    past = past_of(found)
    assert past.camps == past_of(load(write("", "b"))).camps
    assert past.parameters == found.parameters
    assert past.airpower.scale == 1.0


@pytest.mark.parametrize(("until", "what"), [("2023-09-12", True), ("2023-09-13", False)])
def test_what_is_decided_on_a_day_is_past_from_that_day_on(until: str, what: bool, write: Write):
    path = write("politics: {victim_aid: false}", head=HEAD.replace("2023-10-20", until))
    if what:
        assert not load(path).politics.victim_aid
    else:
        assert len(faults(path)) == 1


# --- clauses


def test_an_entry_of_a_camp_that_was_left_is_refused(write: Write):
    text = "handover:\n  camps:\n    Gao: {buffer: true}\n    Ber:\n      receiver: empty\n"
    ((line, message, hint),) = faults(write(text))
    assert (line, hint) == (8, "leave Ber out")
    assert message == "Ber: the UN left on 2023-08-13, and all is known until 2023-10-20"


def test_an_exit_from_a_camp_that_was_there_is_refused_at_its_line(write: Write):
    text = "handover:\n  camps:\n    Kidal:\n      receiver: joint\n      exit: 2023-10-20\n"
    ((line, message, hint),) = faults(write(text))
    assert (line, hint) == (8, "an exit from 2023-10-21 on")
    assert message == "Kidal: the UN would leave on 2023-10-20, and was there until 2023-10-20"


def test_a_clause_of_all_camps_is_told_once_at_its_line_and_only_of_those_still_open(write: Write):
    text = "handover:\n  later:\n    receiver: joint\n    exit: 2023-10-01\n"
    ((line, message, _),) = faults(write(text))
    assert line == 7
    n_open = len(load(write("", "b")).camps) - 4  # Ber, Goundam, Menaka, Ogossagou were left
    assert message.endswith(f"; {n_open - 1} more are wrong alike")
    assert message.startswith("Douentza: the UN would leave on 2023-10-01")


def test_what_acts_too_early_is_found_through_a_file_that_is_extended(write: Write):
    below = write("politics: {truce: 2023-10-01}\n", "below", "title: T\nquestion: Q\n")
    load(below)
    with pytest.raises(ScenarioError) as caught:
        load(write("extends: below\n"))
    (fault,) = caught.value.problems
    assert (Path(str(fault.file)).name, fault.line) == ("below.yaml", 3)
    # the day, too, may stand in the file that is extended
    write("", "day")
    ((line, message, _),) = faults(write("extends: day\nforces: {army: 2}\n", "c", ""))
    assert line == 2
    assert "forces.army" in message


def test_points_of_a_sweep_are_held_to_their_own_day(write: Write):
    days = "sweep: {grid: {known.until: [2023-10-20, 2023-11-05]}}\n"
    kidal = "handover: {camps: {Kidal: {receiver: joint}}}\n"
    points = load_points(write(days))
    assert [one.known.until for one in points] == [date(2023, 10, 20), date(2023, 11, 5)]
    ((_, message, _),) = faults(write(kidal + days))
    assert message.startswith("Kidal: the UN left on 2023-10-31, and all is known until 2023-11-05")
    assert "(known.until=2023-11-05)" in message


def test_a_day_outside_the_window_or_the_record_is_refused(write: Write):
    head = "title: T\nquestion: Q\n"
    for text, what in (
        ("known: {until: 2023-12-31}", "outside the window"),
        ("window: {start: 2023-10-01}\nknown: {until: 2023-09-30}", "outside the window"),
        ("window: {end: 2024-06-01}\nknown: {until: 2024-01-01}", "record of the package ends on"),
    ):
        ((_, message, _),) = faults(write(text, head=head))
        assert what in message
    load(write("known: {until: 2023-12-30}", head=head))


def test_only_clauses_that_change_of_camps_still_open_are_told_anew(write: Write):
    text = "handover: {all: {receiver: joint}, camps: {Gao: {receiver: army}}}\n"
    found = changed_clauses(load(write(text)))
    assert "Kidal" in found
    assert not {"Gao", "Ber", "Menaka"} & set(found)
    assert changed_clauses(load(write("", "b"))) == {}


# --- a record of one's own


def rows(*more: tuple[str, str, str, str]) -> list[Change]:
    """Kidal's camp and town at first, and what becomes of them: day, object, before, after."""
    first = (("2023-08-01", "un_camp", "", "minusma"), ("2023-08-01", "town", "", "separatists"))
    return [
        Change(
            date=date.fromisoformat(day),
            place="Kidal",
            object=of,
            before=before or None,
            after=after,
            how="told",
            hours_held=12.3456789 if before else None,
            confidence="low",
        )
        for day, of, before, after in (*first, *more)
    ]


OWN = rows(("2023-09-05", "un_camp", "minusma", "army"))


def own(tmp_path: Path, text: str | None = None) -> Path:
    (tmp_path / "records").mkdir(exist_ok=True)
    path = tmp_path / "records" / "mine.csv"
    path.write_text(facts.as_text(OWN) if text is None else text)
    return path


def with_own(write: Write, record: str, name: str = "a") -> Path:
    known = f"known:\n  until: 2023-10-20\n  record: {record}\n"
    return write(known, name, "title: T\nquestion: Q\n")


def test_a_record_is_the_same_after_it_was_written():
    assert list(facts.changes_of(facts.as_text(OWN))) == OWN
    shipped = facts.load().history
    assert facts.changes_of(facts.as_text(shipped)) == shipped
    assert facts.changes_of(None) is shipped


def test_exits_are_those_of_the_record_by_the_day():
    assert facts.exits(OWN, date(2023, 9, 4)) == {}
    assert facts.exits(OWN, date(2023, 9, 5)) == {"Kidal": date(2023, 9, 5)}


def test_a_record_is_read_beside_the_file_and_held_to(tmp_path: Path, write: Write):
    own(tmp_path)
    path = with_own(write, "records/mine.csv")
    found = load(path)
    assert list(facts.changes_of(found.known.record)) == OWN
    path.write_text(path.read_text() + "handover: {camps: {Kidal: {receiver: joint}}}\n")
    ((_, message, _),) = faults(path)
    assert message.startswith("Kidal: the UN left on 2023-09-05")
    path.write_text(path.read_text().replace("Kidal", "Ber"))
    load(path)  # of which the record does not tell


def test_a_record_beside_a_file_that_is_extended_is_its_own(tmp_path: Path, write: Write):
    (tmp_path / "below").mkdir()
    own(tmp_path / "below")
    below = with_own(write, "records/mine.csv", "below/b")
    above = write("extends: below/b.yaml\n", "above", "")
    assert load(above).known == load(below).known
    back = write("extends: below/b.yaml\nknown: {record: null}\n", "back", "")
    assert load(back).known.record is None


def test_a_record_comes_through_yaml_json_and_a_mapping(tmp_path: Path, write: Write):
    path = own(tmp_path)
    found = load(with_own(write, "records/mine.csv"))
    again = tmp_path / "again.yaml"
    again.write_text(found.to_yaml())
    assert load(again).digest() == found.digest()
    about: dict[str, Any] = {"title": "T", "question": "Q"}
    for record in (str(path), facts.as_text(OWN)):
        given = load({**about, "known": {"until": "2023-10-20", "record": record}})
        assert given.digest() == found.digest()
    assert load({**about, "known": {"until": "2023-10-20"}}).digest() != found.digest()


def test_the_record_of_the_package_is_none_of_ones_own(tmp_path: Path, write: Write):
    own(tmp_path, facts.as_text(facts.load().history))
    assert load(with_own(write, "records/mine.csv")).known.record is None


@pytest.mark.parametrize(("text", "what"), [
    (None, "cannot be read: No such file"),
    ("", "mine.csv"),
    (facts.as_text([]), "has no rows"),
    (facts.as_text(OWN).replace("Kidal", "Kidall"), "Kidall"),
    (facts.as_text(OWN).replace("low", "sure"), "sure"),
    (facts.as_text(OWN[1:]), "controller_before"),
    (facts.as_text(rows(("2023-09-05", "un_camp", "gsim", "army"))), "controller_before is gsim"),
    (facts.as_text(OWN[::-1]), "2023-08-01"),
])  # fmt: skip
def test_a_record_with_faults_is_told_at_the_line_that_names_it(
    text: str | None, what: str, tmp_path: Path, write: Write
):
    if text is not None:
        own(tmp_path, text)
    found = faults(with_own(write, "records/mine.csv"))
    assert {line for line, _, _ in found} == {5}
    assert any(what in message for _, message, _ in found)
    assert all(message.startswith("record: mine.csv") for _, message, _ in found)


def test_a_point_of_a_sweep_names_no_file(tmp_path: Path, write: Write):
    own(tmp_path)
    ((line, message, _),) = faults(write("sweep: {grid: {known.record: [records/mine.csv]}}\n"))
    assert line == 4
    assert "cannot name a file" in message


# --- where else the key is met


def test_diff_and_explain_tell_the_day_and_the_record(tmp_path: Path, write: Write):
    own(tmp_path)
    lines = diff(with_own(write, "records/mine.csv"), write("", "b"))
    assert "known.record" in lines
    assert "known.until" not in lines
    assert all(len(line) < 200 for line in lines.splitlines())
    found = resolution(write("", "b"))
    assert found.scenario is not None
    assert found.scenario.known.until == date(2023, 10, 20)


def test_the_json_schema_has_the_key_with_its_words():
    schema = json_schema()
    text = json.dumps(schema)
    assert "Last day of which the record is known" in text
    form = schema["$defs"]["KnownForm"]["properties"]
    assert set(form) == {"until", "record", "particles", "claims", "own_past"}


def test_a_scenario_without_the_key_knows_nothing():
    found = load({"title": "T", "question": "Q"})
    assert found.known.until is None
    assert past_of(found) == found
    assert isinstance(found, Scenario)
