"""An origin in words: how many particles, what of the record none met, look by look."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from camphandover.known.filter import Stage, Unmet
from camphandover.known.origin import Origin
from camphandover.measure.past import Past
from camphandover.say.origin import sentence, told

FIRST, UNTIL = date(2023, 8, 1), date(2023, 9, 20)
WHAT = [f"{place} camp: army since 2023-08-03 (high)" for place in ("Ber", "Gao", "Lere", "Kidal")]


def stage(days: int, parents: list[int] | None) -> Stage:
    found = None if parents is None else np.array(parents)
    return Stage(FIRST + timedelta(days=days), np.array([-1.0, -0.25]), 2.5, found, 7, 0.9)


def origin(*unmet: tuple[int, str], n: int = 0) -> Origin:
    """Four particles; two of four weeks before have descendants, and one of the first day."""
    stages = (stage(2, [0, 0, 0, 0]), stage(30, None), stage(40, [0, 1, 1, 0]), stage(50, None))
    missed = tuple(Unmet(FIRST + timedelta(days=days), what, 0.002 * n, n) for days, what in unmet)
    return Origin("x", FIRST, UNTIL, 4, 2.5, stages, missed)


def test_lineages_are_counted_from_each_stage():
    found = origin()
    assert found.lineages == (1, 2, 2, 4, 4)
    assert found.ancestors(28) == 2
    assert found.ancestors(5) == 4


def test_what_no_particle_met_is_told_once_with_its_days():
    found = origin((2, WHAT[0]), (2, WHAT[1]), (9, WHAT[0]))
    assert found.impossible == (WHAT[0], WHAT[1])
    assert [one.day.day for one in found.hardly_met[WHAT[0]]] == [3, 10]
    text = sentence(found)
    assert text.startswith(
        "Goes on from what was known on 2023-09-20: 4 particles, effective number 2 before the "
        "last resampling, 2 ancestors of four weeks before."
    )
    assert "less than 1 %" not in text.lower()
    assert "impossible for the model in 2 rows: no particle met them" in text
    assert f"{WHAT[0]}, on 2023-08-03 to 2023-08-10, 2 looks; {WHAT[1]}, on 2023-08-03." in text


def test_of_many_rows_a_few_are_named_and_all_are_listed():
    found = origin(*((2, what) for what in WHAT))
    assert f"{WHAT[2]}, on 2023-08-03; and 1 more." in sentence(found)
    assert WHAT[3] not in sentence(found)
    assert f"- {WHAT[3]}, on 2023-08-03" in str(found)
    assert [one["what"] for one in found.to_dict()["unmet"]] == WHAT


def test_rows_that_few_particles_met_are_told_apart_from_impossible_ones():
    found = origin((2, WHAT[0]), (2, WHAT[1]), n=3)
    assert found.impossible == ()
    text = sentence(found)
    assert "Each row of the record was met by some particle." in text
    assert f"Less than 1 % of the particles met 2 rows: {WHAT[0]}, on 2023-08-03, met by 3;" in text
    assert [one["is_impossible"] for one in found.to_dict()["unmet"]] == [False, False]
    assert found.to_dict()["unmet"][0]["share"] == [0.006]


def test_that_each_row_was_met_is_said():
    assert sentence(origin()).endswith("Each row of the record was met by some particle.")
    assert "What no particle" not in str(origin())


def test_printed_it_is_a_table_of_the_looks():
    lines = str(origin()).splitlines()
    (row,) = [line for line in lines if line.startswith("2023-09-10")]
    assert row.split() == ["2023-09-10", "yes", "7", "90", "-1.25", "2", "2"]
    stages = origin().to_dict()["stages"]
    assert [one["resampled"] for one in stages] == [True, False, True, False]
    assert stages[0]["ancestors"] == 1


@pytest.mark.parametrize(
    ("names", "of", "begin"),
    [(["a", "b"], 2, "Goes on"), (["a", "b"], 3, "a and b go on"), (["a"], 3, "a goes on")],
)
def test_scenarios_are_named_if_not_all_share_the_past(names, of, begin):
    (paragraph,) = told([Past(tuple(names), origin())], of)
    assert paragraph.text.startswith(f"{begin} from what was known")


def test_origins_read_back_tell_the_same():
    found = origin((2, WHAT[0]))
    assert str(Origin.from_bytes(found.to_bytes())) == str(found)
    assert SimpleNamespace(**found.to_dict()).log_evidence == -5.0
