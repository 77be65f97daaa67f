"""Why a base changed hands, and where two scenarios part: ledgers and worlds of known causes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import date, datetime
from string import Formatter
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import camphandover as ch
from batches import Scripted, Unlucky, made, short
from camphandover import facts
from camphandover.batch.cubes import HOLDERS, SIDES
from camphandover.batch.ledgers import MISSIONS
from camphandover.cli import why as cli_why
from camphandover.cli.main import Commands
from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.kinds import Words
from camphandover.core.ledger import ROW, Kind
from camphandover.errors import BatchError
from camphandover.facts.codes import Holder, Mission, Side, Slot
from camphandover.judge.alternatives import alternatives_of
from camphandover.judge.diverge import diverge
from camphandover.judge.why import why, why_summary
from camphandover.measure.events import (
    KINDS,
    MARKS,
    NATURES,
    PARTS,
    RELATED,
    Event,
    cause_name,
    nature,
    sentence,
    when,
)
from camphandover.measure.notation import chance
from camphandover.measure.run_ledger import RunLedger, read_run
from worlds import DAY, World, add_column, add_unit, compiled_only, see, small_world

PLACES = [place.name for place in facts.load().places]
START = np.datetime64("2023-08-11", "h").astype(float)
NO = -1


def row(day: float, hour: float, kind: Kind, cause: int = NO, **cells: Any) -> tuple[Any, ...]:
    """A row of the ledger, `day` days after 11 August 2023; cells by name."""
    codes = {
        "place": PLACES.index(cells["place"]) if "place" in cells else NO,
        "side": Side[cells["side"].upper()] if "side" in cells else NO,
        "about": Side[cells["about"].upper()] if "about" in cells else NO,
        "slot": Slot[cells["slot"].upper()] if "slot" in cells else NO,
        "before": Holder[cells["before"].upper()] if "before" in cells else NO,
        "after": Holder[cells["after"].upper()] if "after" in cells else NO,
        "mission": Mission[cells["mission"].upper()] if "mission" in cells else NO,
    }
    given = {"hour": START + 24 * day + hour, "kind": kind, "cause": cause, "p": math.nan}
    given |= {"amount": 0.0, "entity": NO, **codes}
    given |= {name: cells[name] for name in ("amount", "p", "entity") if name in cells}
    return tuple(given[name] for name in ROW.names)


def camp(place: str, before: str, after: str, **cells: Any) -> dict[str, Any]:
    """Cells of a change of control of a camp."""
    return {"place": place, "slot": "camp", "before": before, "after": after, **cells}


END = 24 - 1e-3
"""Hour at which the rules close a day."""

KIDAL = [
    row(0, 0, Kind.CLAUSE, **camp("Kidal", "minusma", "army", side="minusma", amount=25)),
    row(10, 8, Kind.EXIT, 0, place="Kidal", side="minusma", amount=-15, p=0.04),
    row(10, 8, Kind.CONTROL, 1, **camp("Kidal", "minusma", "nobody", side="minusma")),
    row(10, 14, Kind.ENTER, 2, place="Kidal", side="separatists"),
    row(10, 14, Kind.CONTROL, 3, **camp("Kidal", "nobody", "separatists", side="separatists")),
    row(12, 0, Kind.RUNG, amount=3),
    row(20, 0, Kind.ORDER, 5, place="Kidal", side="army", mission="offensive", amount=120, p=0.31),
    row(20, 0, Kind.DEPART, 6, place="Gao", side="army", mission="offensive", amount=700),
    row(25, 10, Kind.BATTLE, 7, place="Kidal", side="army", amount=690),
    row(25, 11, Kind.BROKEN, 8, place="Kidal", side="separatists", amount=40),
    row(25, 11, Kind.CONTROL, 9, **camp("Kidal", "separatists", "army", side="army")),
]
"""Rows 0 to 10: a clause, an early exit, an empty camp, and the army's column."""

OTHERS = [
    # 11: GSIM raids Ber, leaves it, and the army comes back
    row(3, 0, Kind.ORDER, place="Ber", side="gsim", mission="raid", amount=150, p=0.5),
    row(3, 0, Kind.DEPART, 11, place="Goundam", side="gsim", mission="raid", amount=140),
    row(4, 9, Kind.BATTLE, 12, place="Ber", side="gsim", amount=140, p=0.7),
    row(4, 10, Kind.BROKEN, 13, place="Ber", side="army", amount=9),
    row(4, 10, Kind.CONTROL, 14, **camp("Ber", "army", "gsim", side="gsim")),
    row(4, 20, Kind.LEAVE, 15, place="Ber", side="gsim", amount=10),
    row(4, 20, Kind.CONTROL, 16, **camp("Ber", "gsim", "nobody", side="gsim")),
    row(5, 2, Kind.ENTER, 16, place="Ber", side="army", p=0.9),
    row(5, 2, Kind.CONTROL, 18, **camp("Ber", "nobody", "army", side="army")),
    # 20: the Islamic State drives the army out of Menaka
    row(6, 7, Kind.RAID_FROM_OUTSIDE, place="Menaka", amount=100, p=0.01, entity=1),
    row(6, 8, Kind.BROKEN, 20, place="Menaka", side="army", amount=12),
    row(6, 8, Kind.CONTROL, 21, **camp("Menaka", "army", "nobody")),
    # 23: Tessalit is handed, on the day of its plan, to those who have come there
    row(1, 0, Kind.CLAUSE, **camp("Tessalit", "minusma", "army", side="minusma", amount=14)),
    row(8, 0, Kind.ORDER, 23, place="Tessalit", side="army", mission="occupy", amount=300),
    row(8, 0, Kind.DEPART, 24, place="Gao", side="army", mission="occupy", amount=300),
    row(11, 6, Kind.ARRIVE, 25, place="Tessalit", side="army", amount=296),
    row(15, 8, Kind.EXIT, 23, place="Tessalit", side="minusma", amount=0),
    row(15, 8, Kind.CONTROL, 27, **camp("Tessalit", "minusma", "army", side="army")),
    # 29: they march off, and the ledger does not say why the camp passes to others
    row(17, 0, Kind.DEPART, 28, place="Tessalit", side="army", mission="occupy", amount=290),
    row(17, END, Kind.CONTROL, **camp("Tessalit", "army", "separatists", side="separatists")),
    # 31: separatists and GSIM clash; a scenario's truce; the army gives up Bourem
    row(2, 0, Kind.RELATION, amount=0, p=0.02),
    row(18, 0, Kind.TRUCE, amount=1),
    row(19, END, Kind.ABANDON, place="Bourem", side="army", amount=1),
    row(19, END, Kind.CONTROL, 33, **camp("Bourem", "army", "nobody", side="army")),
    row(19, END, Kind.CONTROL, 34, side="army", place="Bourem", slot="town", before="army",
        after="nobody"),
]  # fmt: skip
NOISE = [
    row(4, 11, Kind.LOSSES, 13, place="Ber", side="army", about="gsim", amount=5),
    row(4, 15, Kind.CLAIM_LOSSES, 36, place="Ber", side="gsim", about="army", amount=11),
]
"""Rows 36 and 37: beside all chains."""


class Told(Scripted):
    """Writes the ledger above in every run of every scenario."""

    rows: ClassVar[list[tuple[Any, ...]]] = [*KIDAL, *OTHERS, *NOISE]

    def ledger(self, replicate: int) -> list[tuple[Any, ...]]:
        return self.rows

    def run(self, replicate: int) -> Any:
        record = super().run(replicate)
        record.events = np.array(self.ledger(replicate), ROW)
        return record


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """One scenario, 120 runs in three blocks, the same ledger in all."""
    folder = tmp_path_factory.mktemp("why") / "b"
    return ch.run(short("one"), runs=120, out=folder, model=Told)


def told(explained, change: int = 0) -> list[str]:
    """Sentences of a change's chain."""
    return [step.sentence for step in explained.changes[change].steps]


def flat(shown: object) -> str:
    """A text without its line breaks."""
    return " ".join(str(shown).split())


def rows_of(explained, change: int = 0) -> list[int]:
    return [step.event.row for step in explained.changes[change].steps]


# --- sentences ---------------------------------------------------------------------------

FULL = Event(
    7, datetime(2023, 10, 31, 8), "", "army", "gsim", "Kidal", "camp", "minusma", "army", "raid",
    1, 2.0, 0.25, 3,
)  # fmt: skip


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.label)
def test_every_kind_of_row_has_a_sentence(kind):
    bare = Event(0, datetime(2023, 10, 31), kind.label)
    missions = [mission.name.lower() for mission in Mission]
    for event in (FULL._replace(kind=kind.label), bare, bare._replace(place="Kidal", amount=1.0)):
        for mission in missions:
            of_mission = event._replace(mission=mission)
            for causes in ((), (of_mission._replace(row=3, kind="order"),)):
                text = sentence(of_mission, causes)
                assert text.startswith("On 31 October 2023")
                assert text.endswith(".")
                assert "{" not in text
                assert (" %)." in text) == (event.p is not None)
                assert nature(of_mission, causes) in NATURES
                assert cause_name(of_mission, causes)


def test_there_is_no_sentence_for_what_is_no_kind():
    with pytest.raises(ValueError, match="'eclipse'"):
        sentence(FULL._replace(kind="eclipse"))


def marks_of(words: Words) -> Iterator[str]:
    """What words of the table ask of an event: marks, parts and choices."""
    for marks, text in [("", words)] if isinstance(words, str) else words:
        yield from filter(None, marks.split(", "))
        for _, name, form, _ in Formatter().parse(text):
            if name is not None:
                yield name
                yield from marks_of(form or "")


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.label)
def test_the_words_of_a_kind_name_only_what_can_be_asked_of_an_event(kind):
    row = kind.row
    assert getattr(log, kind.name) == kind == row.code
    for mark in [
        mark for words in (row.sentence, row.chance, row.short) for mark in marks_of(words)
    ]:
        if not {mark} & {*MARKS, *PARTS, *Event._fields}:
            what, name = mark.split()
            assert what in RELATED
            names = {"nobody", "anyone", "nothing", *KINDS, *HOLDERS, *SIDES, *MISSIONS}
            assert name in names
    with pytest.raises(AttributeError, match="ECLIPSE"):
        _ = log.ECLIPSE


CONTROL = Event(
    9, datetime(2023, 10, 31, 8), "control", "army", None, "Kidal", "camp", "minusma", "army"
)
TO_NOBODY = CONTROL._replace(after="nobody")
LATE = datetime(2023, 10, 31, 23, 59, 56)


@pytest.mark.parametrize(
    ("event", "causes", "text"),
    [
        (
            Event(1, datetime(2023, 10, 31, 8), "exit", "minusma", place="Kidal", amount=-15.0,
                  p=0.04),
            (),
            "On 31 October 2023 at 08:00 the UN left its camp at Kidal, 15 days before the plan "
            "(chance of it that day: 4 %).",
        ),
        (
            Event(1, datetime(2023, 10, 1), "clause", place="Kidal", after=None, amount=31.0),
            (),
            "On 1 October 2023 it became known that the UN was to leave its camp at Kidal on 1 "
            "November 2023 and leave it to whoever is there first.",
        ),
        (
            Event(1, datetime(2023, 10, 1), "order", "separatists", place="Ber", mission="raid",
                  amount=80.0, p=0.6),
            (Event(0, datetime(2023, 10, 1), "order", "gsim", place="Ber", mission="raid"),),
            "On 1 October 2023 the separatists joined the attack of GSIM on Ber with up to 80 men "
            "(chance that they attack together: 60 %).",
        ),
        (
            Event(1, datetime(2023, 10, 1, 5, 59), "withdraw", "separatists", place="Anefis",
                  p=0.8),
            (),
            "On 1 October 2023 at 05:59 the separatists left Anefis rather than fight (chance of "
            "it: 80 %).",
        ),
        (
            Event(1, datetime(2023, 10, 1), "rung", amount=2.0, p=0.011),
            (Event(0, datetime(2023, 9, 1), "rung", amount=3.0),),
            "On 1 October 2023 the conflict went down to rung 2, clashes (chance of it that day: "
            "1.1 %).",
        ),
        (
            Event(1, datetime(2023, 10, 1), "aircraft_lost", "army", "gsim", "Ber", amount=0.0,
                  p=0.005),
            (),
            "On 1 October 2023 the army lost a drone to GSIM at Ber (chance of it: 0.5 %).",
        ),
        (
            Event(1, datetime(2023, 10, 1), "clause", place="Kidal", after="nobody", amount=31.0),
            (),
            "On 1 October 2023 it became known that the UN was to leave its camp at Kidal on 1 "
            "November 2023 and leave it empty.",
        ),
        (
            CONTROL._replace(after="joint"),
            (FULL._replace(kind="exit"), FULL._replace(kind="clause", after="joint")),
            "On 31 October 2023 at 08:00 a joint unit took over the camp at Kidal from the UN.",
        ),
        (
            TO_NOBODY._replace(before="joint"),
            (FULL._replace(kind="joint_end"),),
            "On 31 October 2023 at 08:00 the camp at Kidal stood empty: the joint unit had left "
            "it.",
        ),
        (
            TO_NOBODY,
            (FULL._replace(kind="exit"), FULL._replace(kind="clause")),
            "On 31 October 2023 at 08:00 the camp at Kidal stood empty: nobody took it over at "
            "once.",
        ),
        (
            TO_NOBODY._replace(time=LATE, before="gsim"),
            (CONTROL._replace(after="gsim"),),
            "At the end of 31 October 2023 the camp at Kidal stood empty: no men of GSIM were left "
            "there.",
        ),
        (
            CONTROL._replace(before="joint"),
            (FULL._replace(kind="joint_end"),),
            "On 31 October 2023 at 08:00 the army took over the camp at Kidal, which the joint "
            "unit had left.",
        ),
        (
            CONTROL._replace(time=LATE, before="gsim"),
            (),
            "At the end of 31 October 2023 the camp at Kidal passed from GSIM to the army, the "
            "only armed side that stood there.",
        ),
        (
            CONTROL._replace(time=datetime(2023, 10, 31), before="nobody"),
            (CONTROL,),
            "On 31 October 2023 scattered men of the army came back into the camp at Kidal, which "
            "nobody held.",
        ),
        (
            CONTROL._replace(before="separatists"),
            (FULL._replace(kind="depart"),),
            "On 31 October 2023 at 08:00 the army took the camp at Kidal from the separatists "
            "unopposed.",
        ),
    ],
)  # fmt: skip
def test_sentences_say_what_the_rule_did(event, causes, text):
    assert sentence(event, causes) == text


def test_hours_are_told_where_they_mean_something():
    assert when(datetime(2023, 8, 1)) == "On 1 August 2023"
    assert when(datetime(2023, 8, 1, 9, 5, 30)) == "On 1 August 2023 at 09:05"
    assert when(LATE) == "At the end of 31 October 2023"


@pytest.mark.parametrize(
    ("p", "text"),
    [(0, "0 %"), (1e-5, "under 0.01 %"), (0.0042, "0.42 %"), (0.04, "4 %"), (0.0995, "10 %"),
     (0.345, "34 %"), (0.997, "99.7 %"), (0.9996, "over 99.9 %"), (1, "100 %")],
)  # fmt: skip
def test_chances_are_never_rounded_to_certainty(p, text):
    assert chance(p) == text


# --- chains ------------------------------------------------------------------------------


def test_each_change_is_told_from_its_root(batch):
    explained = why(batch, "one", np.int64(7), "Kidal")
    assert [(c.before, c.after) for c in explained.changes] == [
        ("minusma", "nobody"), ("nobody", "separatists"), ("separatists", "army"),
    ]  # fmt: skip
    assert rows_of(explained, 0) == [0, 1, 2]
    assert rows_of(explained, 1) == [0, 1, 2, 3, 4]
    assert rows_of(explained, 2) == [5, 6, 7, 8, 9, 10]
    assert told(explained, 2) == [
        "On 23 August 2023 the conflict was known to stand on rung 3, declared war.",
        "On 31 August 2023 the army sent its column of 120 vehicles to Kidal (chance of this "
        "choice among its targets: 31 %).",
        "On 31 August 2023 700 men of the army set out from Gao with the army's column, bound for "
        "Kidal.",
        "On 5 September 2023 at 10:00 690 men of the army attacked Kidal.",
        "On 5 September 2023 at 11:00 the separatists broke in the fight for Kidal, after 40 men "
        "killed or wounded.",
        "On 5 September 2023 at 11:00 the army took the camp at Kidal from the separatists.",
    ]
    assert explained.holder == "army"
    assert explained.first_holder == "minusma"


@pytest.mark.parametrize(
    ("place", "slot", "change", "root"),
    [
        ("Kidal", "camp", 0, "clause"),
        ("Kidal", "camp", 2, "known"),
        ("Ber", "camp", 0, "choice"),
        ("Ber", "camp", 2, "choice"),
        ("Menaka", "camp", 0, "chance"),
        ("Tessalit", "camp", 1, "unnamed"),
        ("Bourem", "camp", 0, "start"),
        ("Bourem", "town", 0, "start"),
    ],
)
def test_the_kind_of_root_is_told(batch, place, slot, change, root):
    explained = why(batch, "one", 0, place, slot)
    assert explained.changes[change].root.nature == root
    assert NATURES[root] in flat(explained)
    assert explained.to_dict()["changes"][change]["root"] == root


def test_natures_along_a_chain(batch):
    exit_early = why(batch, "one", 0, "Kidal").changes[0]
    assert [step.nature for step in exit_early.steps] == ["clause", "chance", ""]
    back = why(batch, "one", 0, "Ber").changes[2]
    assert [step.nature for step in back.steps] == [
        "choice", "", "chance", "", "", "", "chance", "",
    ]  # fmt: skip


def test_roots_of_other_kinds():
    bare = Event(0, datetime(2023, 9, 1), "truce")
    assert nature(bare) == "clause"
    assert nature(bare._replace(p=0.1, cause=3)) == "chance"
    assert nature(bare._replace(kind="blockade")) == "known"
    assert nature(bare._replace(kind="rung", p=0.01)) == "chance"
    assert nature(bare._replace(kind="order")) == "start"
    assert nature(bare._replace(kind="order"), own_commanders=True) == "choice"
    assert nature(bare._replace(kind="crisis", p=1.0)) == "clause"


def test_a_step_that_is_told_is_not_told_again(batch):
    text = str(why(batch, "one", 0, "Kidal"))
    assert text.count("it became known that") == 1
    assert "(step 1, told above up to step 3)" in flat(text)
    assert max(map(len, text.splitlines())) <= 100
    numbers = re.findall(r"^ {2,3}(\d+)  ", text, flags=re.M)
    assert numbers == [str(n) for n in range(1, 12)]


@pytest.mark.parametrize(
    ("day", "n", "holder", "rows"),
    [
        ("2023-08-20", 0, "minusma", []),
        ("2023-08-21", 2, "separatists", [0, 1, 2, 3, 4]),
        (date(2023, 9, 4), 2, "separatists", [0, 1, 2, 3, 4]),
        ("2023-09-05", 3, "army", [5, 6, 7, 8, 9, 10]),
    ],
)
def test_a_date_asks_who_holds_it_then(batch, day, n, holder, rows):
    # Scripted's cube, of which the first day is read, has the UN in Kidal until 21 August.
    explained = why(batch, "one", 0, "Kidal", date=day)
    assert explained.n_changes == n
    assert explained.holder == holder
    assert [rows_of(explained, i) for i in range(len(explained.changes))] == [rows] * bool(rows)
    assert str(day) in str(explained.to_dict()["date"])


def test_what_never_changed_is_said(batch):
    explained = why(batch, "one", 0, "Gao")
    assert explained.changes == ()
    assert explained.holder == "army"
    assert str(explained) == (
        "one, replicate 0, seed 2023: the camp at Gao. The army had it on 11 August 2023 and still "
        "has it on\n30 September 2023. It never changed hands in this run."
    )
    before = flat(why(batch, "one", 0, "Kidal", date="2023-08-20"))
    assert "The UN had it on 11 August 2023 and still has it on 20 August 2023." in before


def test_who_stood_there_is_noted_beside_the_chain(batch):
    explained = why(batch, "one", 0, "Tessalit")
    handed, passed = (change.steps[-1].note for change in explained.changes)
    assert handed == ("Men of the army stood there; the last had come on 22 August 2023 at 06:00.")
    assert passed.startswith("The last that left there: on 28 August 2023 290 men of the army")
    assert handed in flat(explained)


def test_those_who_were_there_from_the_first_day(tmp_path):
    class There(Told):
        rows: ClassVar = [OTHERS[12], (*OTHERS[16][:3], 0, *OTHERS[16][4:]), OTHERS[17]]

        def ledger(self, replicate):
            events = np.array(self.rows, ROW)
            events["cause"] = [-1, 0, 1]
            return list(events)

    found = ch.run(short("one"), runs=1, out=tmp_path / "b", model=There)
    note = why(found, "one", 0, "Tessalit").changes[0].steps[-1].note
    assert note.startswith("No men of the army had come there since the first day")


def test_a_step_that_goes_back_in_time_is_marked(tmp_path):
    class Hasty(Told):
        rows: ClassVar = [
            row(4, 20, Kind.LEAVE, place="Ber", side="gsim"),
            row(4, 9, Kind.ENTER, 0, place="Ber", side="army", p=0.9),
            row(4, 9, Kind.CONTROL, 1, **camp("Ber", "nobody", "army", side="army")),
        ]

    found = ch.run(short("one"), runs=1, out=tmp_path / "b", model=Hasty, ledger="changes")
    notes = [step.note for step in why(found, "one", 0, "Ber").changes[0].steps]
    assert notes[0] == notes[2] == ""
    assert "before the step above" in notes[1]


def test_a_ledger_of_changes_is_enough(batch, tmp_path):
    brief = ch.run(short("one"), runs=2, out=tmp_path / "b", model=Told, ledger="changes")
    for place in ("Kidal", "Ber", "Tessalit"):
        one, other = (why(of, "one", 1, place) for of in (batch, brief))
        assert [told(one, i) for i in range(len(one.changes))] == [
            told(other, i) for i in range(len(other.changes))
        ]
        assert all(not step.note for change in other.changes for step in change.steps)


def test_only_the_file_of_the_runs_block_is_read(batch, tmp_path):
    copy = ch.run(short("one"), runs=120, out=tmp_path / "b", model=Told)
    for block in copy.manifest["blocks"][::2]:
        (copy.folder / "events" / f"{block['name']}.parquet").unlink()
    assert told(why(copy, "one", 60, "Kidal")) == told(why(batch, "one", 60, "Kidal"))
    with pytest.raises(BatchError, match="is missing"):
        why(copy, "one", 3, "Kidal")


def test_a_ledger_that_goes_in_circles_ends():
    events = [FULL._replace(row=1, cause=2), FULL._replace(row=2, cause=1)]
    run = RunLedger(events)
    assert [event.row for event in run.causes(run.events[2])] == [1]
    assert run.causes(run.events[1]) == []


def test_notebook_and_json(batch, tmp_path):
    explained = why(batch, "one", 0, "Kidal")
    html = explained._repr_html_()
    assert html.count("<table>") == html.count("</table>") == 3
    assert "700 men of the army set out from Gao" in html
    explained.write_json(tmp_path / "w.json")
    stored = json.loads((tmp_path / "w.json").read_text())
    assert stored == explained.to_dict()
    step = stored["changes"][0]["steps"][1]
    assert (step["kind"], step["p"], step["nature"]) == ("exit", 0.04, "chance")


def test_the_alternatives_of_a_users_model_are_not_known(batch):
    explained = why(batch, "one", 0, "Kidal")
    assert "a model of the user's own ran this batch" in str(explained)
    assert explained.changes[2].steps[1].alternatives is None
    assert why(batch, "one", 0, "Tessalit").unknown == ""
    assert "not asked for" in why(batch, "one", 0, "Kidal", alternatives=False).unknown


FAULTS = [
    (("two", 0, "Kidal"), {}, "no scenario is named 'two'.*one"),
    (("one", 120, "Kidal"), {}, "a whole number from 0 to 119"),
    (("one", -1, "Kidal"), {}, "a whole number from 0 to 119"),
    (("one", True, "Kidal"), {}, "a whole number from 0 to 119"),
    (("one", 0, "Kidahl"), {}, "no place is named 'Kidahl': did you mean 'Kidal'"),
    (("one", 0, "Kidal", "tent"), {}, "no slot is named 'tent'.*camp, town"),
    (("one", 0, "Kidal"), {"date": "2023-10-01"}, "2023-08-11 to 2023-09-30"),
    (("one", 0, "Kidal"), {"date": "soon"}, "a day from 2023-08-11 to 2023-09-30"),
]


@pytest.mark.parametrize(("arguments", "options", "message"), FAULTS)
def test_faults_are_told(batch, arguments, options, message):
    with pytest.raises(BatchError, match=message):
        why(batch, *arguments, **options)


def test_a_run_without_a_story(tmp_path):
    failed = ch.run(short("one"), runs=5, out=tmp_path / "f", model=Unlucky)
    with pytest.raises(BatchError, match=r"replicate 3 of one failed .ZeroDivisionError"):
        why(failed, "one", 3, "Kidal")
    none = ch.run(short("one"), runs=2, out=tmp_path / "n", model=Told, ledger="none")
    for ask in (lambda: why(none, "one", 0, "Kidal"), lambda: why_summary(none, "one", "Kidal")):
        with pytest.raises(BatchError, match=r"--ledger none.*--ledger changes"):
            ask()


# --- over many runs ----------------------------------------------------------------------


class Mixed(Told):
    """Of four runs: one early exit, one exit by plan, one raid of two groups, one without a fall.

    The early one passes through an empty camp, which comes to GSIM at last.
    """

    def ledger(self, replicate):
        if replicate % 4 == 0:
            return [*KIDAL[:5], row(11, END, Kind.CONTROL, 4, **camp("Kidal", "separatists",
                "gsim", side="gsim"))]  # fmt: skip
        if replicate % 4 == 1:
            return [
                KIDAL[0],
                row(25, 8, Kind.EXIT, 0, place="Kidal", side="minusma", amount=0),
                row(25, 8, Kind.CONTROL, 1, **camp("Kidal", "minusma", "army", side="army")),
            ]
        if replicate % 4 == 2:
            raid = {"place": "Kidal", "mission": "raid", "amount": 90}
            return [
                row(2, 0, Kind.ORDER, side="gsim", p=0.4, **raid),
                row(2, 0, Kind.ORDER, 0, side="separatists", p=0.6, **raid),
                row(3, 9, Kind.CONTROL, 1, **camp("Kidal", "minusma", "separatists",
                    side="separatists")),
            ]  # fmt: skip
        return KIDAL[:3]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed") / "b"
    return ch.run(short("one"), runs=120, out=folder, model=Mixed)


def counted(summary, part: str) -> dict[str, int]:
    rows = summary.table[summary.table["part"] == part]
    return dict(zip(rows["cause"], rows["runs"], strict=True))


def test_causes_are_counted_once_a_run(mixed):
    found = why_summary(mixed, "one", "Kidal")
    assert (found.runs, found.fell) == (120, 90)
    assert counted(found, "fell_to") == {"the separatists": 60, "the army": 30}
    assert counted(found, "root") == {"clause on Kidal: to the army": 60, "order of GSIM: raid": 30}
    assert counted(found, "direct") == {
        "the separatists entered an empty base": 30,
        "UN exit from Kidal": 30,
        "order of the separatists: join an attack": 30,
    }
    assert counted(found, "chain") == {
        "clause on Kidal: to the army": 60,
        "UN exit from Kidal, hastened": 30,
        "camp of Kidal: the UN to nobody": 30,
        "the separatists entered an empty base": 30,
        "UN exit from Kidal": 30,
        "order of GSIM: raid": 30,
        "order of the separatists: join an attack": 30,
    }
    clause = found.table[found.table["part"] == "root"].iloc[0]
    # Wilson for 60 of 90 with z = 1.95996: centre (2/3 + z^2/180) / (1 + z^2/90) = .65985,
    # half width z / (1 + z^2/90) * sqrt(2/9/90 + z^2/4/90^2) = .09562.
    assert (clause.nature, clause.share) == ("clause", pytest.approx(2 / 3))
    assert clause.low == pytest.approx(0.65985 - 0.09562, abs=2e-5)
    assert clause.high == pytest.approx(0.65985 + 0.09562, abs=2e-5)


def test_a_summary_asks_for_a_holder(mixed):
    to_gsim = why_summary(mixed, "one", "Kidal", to="gsim")
    assert to_gsim.fell == 30
    assert counted(to_gsim, "direct") == {"camp of Kidal: nobody to the separatists": 30}
    empty = why_summary(mixed, "one", "Kidal", to="nobody")
    assert counted(empty, "direct") == {"UN exit from Kidal, hastened": 60}
    assert "fell to nobody in 60 of 120 runs" in flat(empty)
    never = why_summary(mixed, "one", "Kidal", to="minusma")
    assert (never.fell, len(never.table)) == (0, 0)
    assert "in 0 of 120 runs" in str(never)
    assert "<table>" not in never._repr_html_()


def test_a_fall_without_a_cause_counts(batch):
    found = why_summary(batch, "one", "Tessalit", to="separatists")
    root = found.table[found.table["part"] == "root"].iloc[0]
    assert (root.cause, root.nature, root.runs) == ("no cause in the ledger", "unnamed", 120)


def test_summary_text_notebook_and_json(mixed, tmp_path):
    found = why_summary(mixed, "one", "Kidal")
    text = str(found)
    assert max(map(len, text.splitlines())) <= 100
    assert re.search(r"order of GSIM: raid +choice +30 +33 \[24, 44\]", text)
    # a holder is no cause, and nobody decides it
    assert re.search(r"It fell to\nholder +runs +share\n-+\nthe separatists +60 +50 \[", text)
    assert re.search(r"Root causes\ncause +decided by +runs +share\n", text)
    assert found._repr_html_().count("<table>") == 4
    found.write_json(tmp_path / "s.json")
    stored = json.loads((tmp_path / "s.json").read_text())
    assert stored == found.to_dict()
    assert len(stored["causes"]) == len(found.table)


def test_failed_runs_are_not_counted(tmp_path):
    class Unwell(Mixed):
        def run(self, replicate):
            if replicate == 2:
                raise ZeroDivisionError("no men left")
            return super().run(replicate)

    found = why_summary(
        ch.run(short("one"), runs=8, out=tmp_path / "b", model=Unwell), "one", "Kidal"
    )
    assert (found.runs, found.fell) == (7, 5)


def test_faults_of_a_summary(mixed):
    for arguments, message in [
        (("two", "Kidal"), "no scenario"),
        (("one", "Kidel"), "did you mean 'Kidal'"),
        (("one", "Kidal", "camp", "gism"), "did you mean 'gsim'"),
    ]:
        with pytest.raises(BatchError, match=message):
            why_summary(mixed, *arguments)


# --- small worlds ------------------------------------------------------------------------

CAMP, HUB, BASE = 0, 1, 2


def un_camp(plan_in: int, replicate: int = 0, **values: float) -> World:
    """A UN camp in a separatist town, to be left in some days, and a separatist base near it."""
    world = small_world(
        [1, 0, 1], [(CAMP, HUB, 300.0), (CAMP, BASE, 40.0)], replicate=replicate, **values
    )
    spot = world.state.places[CAMP]
    spot.un_camp, spot.camp_holder, spot.early_exit = 1, st.UN_HOLDER, 1
    spot.notice_army = spot.notice_separatists = 45
    spot.plan_day = spot.exit_day = DAY + plan_in
    add_unit(world, st.MINUSMA, CAMP, 300)
    add_unit(world, st.SEPARATISTS, BASE, 120)
    return world


def explained_world(world: World, folder, place: int = CAMP):
    """What `why` makes of the ledger that a small world has written."""

    class Played(Told):
        def ledger(self, replicate):
            return list(world.ledger.rows[: int(world.ledger.used[0])])

    batch = ch.run(made("small"), runs=1, out=folder, model=Played)
    return why(batch, "small", 0, PLACES[place])


def test_the_army_stands_in_the_camp_that_is_handed_over(tmp_path):
    world = un_camp(0)
    add_unit(world, st.ARMY, CAMP, 200, slot=st.TOWN)
    see(world).play("announce_handovers", "leave_camps")
    explained = explained_world(world, tmp_path / "b")
    (change,) = explained.changes
    assert [step.event.kind for step in change.steps] == ["clause", "exit", "control"]
    assert (change.before, change.after, change.root.nature) == ("minusma", "army", "clause")
    assert "on the day of the plan" in change.steps[1].sentence
    assert change.steps[2].note.startswith("No men of the army had come there")


def test_nobody_stands_there_and_the_separatists_come_from_their_base(tmp_path):
    world = un_camp(0)
    see(world).play("announce_handovers", "leave_camps")
    add_unit(world, st.SEPARATISTS, CAMP, 60, slot=st.COUNTRY)
    world.play("enter_vacated")
    explained = explained_world(world, tmp_path / "b")
    assert [(c.before, c.after) for c in explained.changes] == [
        ("minusma", "nobody"), ("nobody", "separatists"),
    ]  # fmt: skip
    kinds = [step.event.kind for step in explained.changes[1].steps]
    assert kinds == ["clause", "exit", "control", "enter", "control"]
    assert "entered the empty camp" in explained.changes[1].steps[3].sentence


def test_the_un_leaves_early_by_chance(tmp_path):
    for replicate in range(20):  # a chance of 1 - exp(-1) each
        world = un_camp(15, replicate, early_base=0.0, early_fights=0.0, early_refusal=0.0,
                        early_neighbour=0.0)  # fmt: skip
        see(world).play("announce_handovers", "leave_camps")
        if len(world.rows(Kind.EXIT)):
            break
    explained = explained_world(world, tmp_path / "b")
    leave = explained.changes[0].steps[1]
    assert leave.nature == "chance"
    assert leave.event.p == pytest.approx(1 - math.exp(-1))
    assert "15 days before the plan (chance of it that day: 63 %)" in leave.sentence


def test_a_raid_that_was_chosen_takes_a_weak_post(tmp_path):
    world = small_world([0, 1], [(0, 1, 60.0)])
    add_unit(world, st.ARMY, 0, 12)
    midnight = float(DAY * st.HOURS)
    order = log.write(world.ledger, midnight, log.ORDER, side=st.SEPARATISTS, place=0,
                      mission=st.RAID, amount=500.0, p=0.25)  # fmt: skip
    c = add_column(world, st.SEPARATISTS, st.RAID, st.ENGAGED, 0, 500)
    column = world.state.columns[c]
    column.act, column.cause, column.origin, column.target = midnight + 9, order, 1, 1
    world.state.units["home"][column.lead] = 1
    see(world).play("engage_columns")
    (change,) = explained_world(world, tmp_path / "b").changes
    assert [step.event.kind for step in change.steps] == ["order", "battle", "broken", "control"]
    assert change.root.nature == "choice"
    assert "(chance of this choice among its targets: 25 %)" in change.root.sentence


def test_a_post_that_starves_is_given_up(tmp_path):
    world = small_world([0, 0], [(0, 1, 60.0)])
    add_unit(world, st.ARMY, 0, 50, low_days=100, supply=0.0)
    add_unit(world, st.ARMY, 1, 50)
    world.state.places["symbolic"][1] = 1.0
    see(world).play("abandon_posts")
    explained = explained_world(world, tmp_path / "b")
    steps = explained.changes[0].steps
    assert [step.event.kind for step in steps] == ["abandon", "control"]
    assert "whose men had run short of supply" in steps[0].sentence
    assert steps[0].nature == "start"


# --- where two scenarios part ------------------------------------------------------------


def without(rows: list[tuple[Any, ...]], *numbers: int) -> list[tuple[Any, ...]]:
    """A ledger without some rows; the causes of the others keep their meaning."""
    events = np.array(rows, ROW)
    kept = [i for i in range(len(rows)) if i not in numbers]
    renumbered = {old: new for new, old in enumerate(kept)}
    events["cause"] = [renumbered.get(int(cause), NO) for cause in events["cause"]]
    return list(events[kept])


LATER = [
    row(0, 0, Kind.CLAUSE, **camp("Kidal", "minusma", "army", side="minusma", amount=40)),
    row(12, 0, Kind.RUNG, amount=3),
    row(40, 8, Kind.EXIT, 0, place="Kidal", side="minusma", amount=0),
    row(40, 8, Kind.CONTROL, 2, **camp("Kidal", "minusma", "army", side="army")),
    row(4, 15, Kind.CLAIM_LOSSES, NO, place="Ber", side="gsim", about="army", amount=12),
]


class Parting(Told):
    """`one` has the ledger above; `two` a later plan for Kidal; `same` is `one`, written otherwise;
    `talk` says something else; `raid` has no raid on Ber."""

    def ledger(self, replicate):
        if self.of.name == "two":
            return [*LATER[:4], *_shifted([*OTHERS, NOISE[0]], 4 - len(KIDAL)), LATER[4]]
        if self.of.name == "same":
            return without([row(60, 0, Kind.TALKS), *_shifted([*KIDAL, *OTHERS, *NOISE], 1)], 0)
        if self.of.name == "talk":
            return [*KIDAL, *OTHERS, NOISE[0], LATER[4], row(9, 0, Kind.TALKS, p=0.1)]
        if self.of.name == "raid":
            return without([*KIDAL, *OTHERS, *NOISE], *range(11, 20), 36, 37)
        return self.rows


def _shifted(rows: list[tuple[Any, ...]], by: int) -> list[tuple[Any, ...]]:
    """Rows that stand elsewhere in a ledger."""
    events = np.array(rows, ROW)
    events["cause"] = np.where(events["cause"] >= 0, events["cause"] + by, NO)
    return list(events)


@pytest.fixture(scope="module")
def parting(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parting") / "b"
    late = made("late", window={"start": "2023-10-01", "end": "2023-10-31"})
    two = made(
        "two",
        window={"start": "2023-08-11", "end": "2023-09-30"},
        handover={"camps": {"Kidal": {"shift": -60}}},
    )
    names = ("one", "same", "talk", "raid")
    return ch.run([*map(short, names), two, late], runs=2, out=folder, model=Parting)


def test_the_first_event_that_differs(parting):
    found = diverge(parting, "one", "two", 1)
    assert found.settings == ("Kidal: exit 2023-11-15 -> 2023-09-16",)
    assert [(c.run, c.event.kind, c.event.place) for c in found.clauses] == [
        ("a", "clause", "Kidal"), ("b", "clause", "Kidal"),
    ]  # fmt: skip
    assert (found.first.run, found.first.event.row) == ("a", 1)
    assert found.first == found.first_a
    assert found.counterpart.event.time == datetime(2023, 9, 20, 8)
    assert found.first_b == found.counterpart
    assert found.said is not None  # GSIM told of 12 dead in place of 11, days before
    assert found.said.event.kind == "claim_losses"


def test_what_followed_from_it(parting):
    changes = diverge(parting, "one", "two", 1).changes
    assert changes["place"].tolist() == ["Kidal"] * 4
    assert changes["after"].tolist() == ["nobody", "separatists", "army", "army"]
    assert changes["time_a"].isna().tolist() == [False, False, False, True]
    assert changes["time_b"].isna().tolist() == [True, True, True, False]
    # the army's column is sent by what was known from outside: not by the exit
    assert changes["first_a"].tolist()[:3] == [True, True, False]
    assert changes["clause_a"].tolist()[:3] == [True, True, False]
    assert changes["first_b"].tolist()[3]
    assert changes["origin_a"].tolist()[:3] == [0, 0, 6]
    assert pd.isna(changes["first_b"][0])
    assert {str(changes[name].dtype) for name in ("place", "slot", "before", "after")} == {"str"}


def test_origins_are_the_earliest_causes_that_differ(parting):
    found = diverge(parting, "one", "two", 1)
    assert found.origins["a", 6].startswith("On 31 August 2023 the army sent its column")
    text = flat(found)
    assert "3 in A, 1 in B. Of them 2 and 1 descend" in text
    assert "A: On 31 August 2023 the army sent its column of 120 vehicles to Kidal" in text
    assert found.ends == ()


def test_bases_that_end_in_other_hands(parting):
    found = diverge(parting, "one", "raid", 0)
    assert found.first.event.row == 11
    assert found.first_b is None
    assert found.counterpart is None
    assert found.ends == ()  # the army is back in Ber
    assert "B: nothing like it." in str(found)
    assert len(found.changes) == 3


def test_two_runs_that_are_the_same(parting):
    found = diverge(parting, "one", "same", 0)
    assert found.first is None
    assert found.changes.empty
    assert found.n_same == len(KIDAL) + len(OTHERS) + len(NOISE) - 3  # clauses, a claim
    assert "is the same in both, event by event" in flat(found)
    assert found.to_dict()["first"] is None
    found._repr_html_()


def test_what_was_said_before_is_told_apart(parting):
    found = diverge(parting, "one", "talk", 0)
    assert found.first.event.kind == "talks"
    assert found.first.run == "b"
    assert found.counterpart is None
    assert found.said.event.kind == "claim_losses"
    assert "Before anything else, what was said differed" in str(found)


def test_the_order_of_the_two_does_not_matter(parting):
    one, other = diverge(parting, "one", "two", 0), diverge(parting, "two", "one", 0)
    assert one.first.event == other.first.event
    assert other.first.run == "b"
    assert one.n_same == other.n_same


def test_divergence_in_a_notebook_and_as_json(parting, tmp_path):
    found = diverge(parting, "one", "two", 0)
    assert max(map(len, str(found).splitlines())) <= 100
    html = found._repr_html_()
    assert html.count("<table>") == 1
    assert html.count("<tr>") == 5
    found.write_json(tmp_path / "d.json")
    stored = json.loads((tmp_path / "d.json").read_text())
    assert stored == found.to_dict()
    assert stored["changes"][3]["time_a"] is None


def test_faults_of_a_divergence(parting, batch, tmp_path):
    for arguments, message in [
        (("one", "on", 0), "no scenario is named 'on'"),
        (("one", "two", 2), "a whole number from 0 to 1"),
        (("one", "one", 0), "both 'one'"),
        (("one", "late", 0), "no date in common"),
    ]:
        with pytest.raises(BatchError, match=message):
            diverge(parting, *arguments)
    brief = ch.run([short("one"), short("two")], runs=1, out=tmp_path / "b", model=Told,
                   ledger="changes")  # fmt: skip
    with pytest.raises(BatchError, match=r"--ledger changes.*full"):
        diverge(brief, "one", "two", 0)


# --- the commands ------------------------------------------------------------------------

app = typer.Typer(cls=Commands, rich_markup_mode=None)
app.command()(cli_why.why)
app.command()(cli_why.diverge)


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_command_why(batch, tmp_path):
    result = run("why", batch.folder, "--replicate", 7, "--place", "Kidal", "--date", "2023-08-30",
                 "--json", tmp_path / "w.json")  # fmt: skip
    assert result.exit_code == 0, result.output
    explained = why(batch, "one", 7, "Kidal", date="2023-08-30")
    assert result.stdout == f"{explained}\n"
    assert json.loads((tmp_path / "w.json").read_text()) == explained.to_dict()
    town = run("why", batch.folder, "--replicate", 7, "--place", "Bourem", "--slot", "town",
               "--scenario", "one", "--no-alternatives")  # fmt: skip
    assert "the town of Bourem was given up by the army with its camp" in flat(town.stdout)


def test_command_summary(mixed, tmp_path):
    result = run("why", mixed.folder, "--place", "Kidal", "--summary", "--to", "army", "--json",
                 tmp_path / "s.json")  # fmt: skip
    assert result.exit_code == 0, result.output
    found = why_summary(mixed, "one", "Kidal", to="army")
    assert result.stdout == f"{found}\n"
    assert json.loads((tmp_path / "s.json").read_text()) == found.to_dict()


def test_command_diverge(parting, tmp_path):
    result = run("diverge", parting.folder, "one", "two", "--replicate", 1, "--json",
                 tmp_path / "d.json")  # fmt: skip
    assert result.exit_code == 0, result.output
    found = diverge(parting, "one", "two", 1)
    assert result.stdout == f"{found}\n"
    assert json.loads((tmp_path / "d.json").read_text()) == found.to_dict()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--place", "Kidal", "--replicate", 0), "--scenario is needed, one of one, same"),
        (("--place", "Kidal", "--scenario", "one"), "--replicate is needed, a number from 0 to 1"),
        (("--place", "Kidal", "--scenario", "one", "--replicate", 5), "a whole number from 0 to 1"),
        (("--place", "Kidl", "--scenario", "one", "--replicate", 0), "did you mean 'Kidal'"),
        (("--place", "Kidal", "--scenario", "onne", "--replicate", 0), "did you mean 'one'"),
        (("--place", "Kidal", "--scenario", "one", "--replicate", 0, "--date", "2024-01-01"),
         "a day from"),
        (("--place", "Kidal", "--scenario", "one", "--replicate", 0, "--to", "army"),
         "--to goes with --summary only"),
        (("--place", "Kidal", "--scenario", "one", "--summary", "--replicate", 0),
         "--replicate goes without --summary only"),
        (("--place", "Kidal", "--scenario", "one", "--replicate", 0, "--json", "/nowhere/x.json"),
         "not there or not writable"),
    ],
)  # fmt: skip
def test_faults_end_the_command_with_status_2(parting, arguments, message):
    result = run("why", parting.folder, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_faults_end_diverge_with_status_2(parting):
    assert "--replicate is needed" in run("diverge", parting.folder, "one", "two").stderr
    result = run("diverge", parting.folder, "one", "tow", "--replicate", 0)
    assert (result.exit_code, "did you mean 'two'" in result.stderr) == (2, True)
    assert run("diverge", parting.folder / "no", "one", "two", "--replicate", 0).exit_code == 2


# --- the model itself --------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Few runs of the model itself."""
    folder = tmp_path_factory.mktemp("real") / "b"
    names = ["on-schedule", "kidal-only-to-separatists", "joint-unit"]
    return ch.run(names, runs=3, seed=11, out=folder)


@compiled_only
def test_every_chain_of_the_model_begins_with_a_root_and_goes_forward_in_time(real):
    n_changes = n_back = 0
    for name in real.scenarios:
        for replicate in range(real.runs):
            ledger = read_run(real, name, replicate)
            for event in ledger.events.values():
                causes = ledger.causes(event)
                root = causes[-1] if causes else event
                assert root.cause is None
                assert nature(root, ()) != ""
                if event.kind != "control":
                    continue
                n_changes += 1
                chain = [*reversed(causes), event]
                times = [link.time for link in chain]
                days = [time.date() for time in times]
                assert days == sorted(days)
                n_back += times != sorted(times)
                assert all(sentence(link, chain[:i][::-1]) for i, link in enumerate(chain))
    assert n_changes > 300
    # who enters a base on the day on which others leave it may be written with an earlier hour
    assert n_back < 0.02 * n_changes


@compiled_only
def test_what_the_model_holds_is_what_is_explained(real):
    for place in ("Kidal", "Ber", "Gao", "Tessalit"):
        for replicate in range(real.runs):
            explained = why(real, "on-schedule", replicate, place, alternatives=False)
            cube = real.control.sel(scenario="on-schedule", place=place, slot="camp")
            codes = cube.sel(replicate=replicate, date=slice(None, "2023-12-31")).to_numpy()
            assert Holder[explained.holder.upper()] == codes[-1]
            # changes within a day are not seen in the cube, which has the ends of days
            assert explained.n_changes >= np.count_nonzero(np.diff(codes))


@compiled_only
def test_all_choices_of_the_model_come_out_again(real):
    for name in real.scenarios:
        ledger = read_run(real, name, 1)
        choices = {
            event.row: event
            for event in ledger.events.values()
            if nature(event, ledger.causes(event)) == "choice"
        }
        assert {event.mission for event in choices.values()} == {"raid", "offensive"}
        found, unknown = alternatives_of(real, name, 1, list(choices.values()))
        assert unknown == ""
        assert set(found) == set(choices)
        for number, others in found.items():
            assert choices[number].place not in [place for place, _ in others]
            chances = [p for _, p in others]
            assert chances == sorted(chances, reverse=True)
            assert sum(chances) + choices[number].p == pytest.approx(1)


@compiled_only
def test_alternatives_are_told(real):
    for replicate in range(real.runs):
        explained = why(real, "on-schedule", replicate, "Kidal")
        assert explained.unknown == ""
        steps = [step for change in explained.changes for step in change.steps]
        assert all((step.nature == "choice") == (step.alternatives is not None) for step in steps)
        if any(step.alternatives for step in steps):
            assert "Instead it could have been: " in str(explained)
            return
    raise AssertionError("no choice led to the fall of Kidal in any run")


@compiled_only
def test_other_code_or_sampled_parameters_leave_alternatives_unknown(real, tmp_path):
    real.manifest["core"], core = "0" * 64, real.manifest["core"]
    try:
        explained = [why(real, "on-schedule", 0, place) for place in ("Kidal", "Ber", "Bourem")]
    finally:
        real.manifest["core"] = core
    assert any("other code or other facts" in str(one) for one in explained)
    sampled = ch.run("on-schedule", runs=1, seed=11, out=tmp_path / "b", sample_parameters=True)
    for event in read_run(sampled, "on-schedule", 0).events.values():
        if event.kind == "control":
            one = why(sampled, "on-schedule", 0, event.place, event.slot)
            if one.unknown:
                assert "parameters of its own" in one.unknown
                return
    raise AssertionError("no choice led to any change")


@compiled_only
def test_the_model_is_one_story_up_to_the_first_event_that_differs(real):
    found = diverge(real, "on-schedule", "kidal-only-to-separatists", 0)
    assert found.settings == ("Kidal: receiver army -> separatists",)
    assert {clause.event.place for clause in found.clauses} == {"Kidal"}
    known = min(clause.event.time for clause in found.clauses)
    assert found.first.event.time >= known
    before = [
        [
            event[1:]
            for event in read_run(real, name, 0).events.values()
            if event.time < known and not KINDS[event.kind].is_said
        ]
        for name in ("on-schedule", "kidal-only-to-separatists")
    ]
    assert before[0] == before[1]
    assert len(before[0]) > 100
    changes = found.changes
    assert (changes[["time_a", "time_b"]].min(axis=1) >= found.first.event.time).all()


@compiled_only
def test_a_summary_of_the_model_agrees_with_its_cube(real):
    found = why_summary(real, "on-schedule", "Kidal", to="army")
    cube = real.control.sel(scenario="on-schedule", place="Kidal", slot="camp").to_numpy()
    assert found.fell >= np.count_nonzero((cube == Holder.ARMY).any(axis=1))
    assert found.runs == real.runs
