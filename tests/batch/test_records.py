"""Given records of parameters: their file, the runs that take them, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import camphandover as ch
from batches import Scripted, contents, made
from camphandover.batch.batch import make_plan
from camphandover.batch.plan import BLOCK
from camphandover.batch.records import find_records, read_records, records_of
from camphandover.batch.settings import RunSettings
from camphandover.cli import main as cli
from camphandover.errors import BatchError

RATES = [{"ied_rate": 0.3}, {"ied_rate": 0.4}, {"ied_rate": 0.5}]


def of_rates(**options):
    return records_of("rates", "hindcast", RATES, **options)


def stored(tmp_path: Path, **changes) -> Path:
    path = tmp_path / "records.json"
    of_rates().write(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    records = records_of("mine", "prior", RATES, True, {"rule": "the best three"})
    records.write(tmp_path / "mine.json")
    back = read_records(tmp_path / "mine.json")
    assert back.digest == records.digest
    assert (back.name, back.evidence, back.is_paired) == ("mine", "prior", True)
    assert back.made == {"rule": "the best three"}
    assert np.array_equal(back.values, records.values)


def test_each_part_of_the_content_changes_the_digest() -> None:
    other = [*RATES[:2], {"ied_rate": 0.6}]
    all_of_them = [
        of_rates(),
        of_rates(is_paired=True),
        records_of("rates", "prior", RATES),
        records_of("rates", "hindcast", other),
        records_of("rates", "hindcast", [{"ied_delay": r["ied_rate"]} for r in RATES]),
    ]
    assert len({records.digest for records in all_of_them}) == len(all_of_them)
    assert records_of("renamed", "hindcast", RATES).digest == of_rates().digest


def test_replicates_take_the_records_in_turn_and_paired_ones_share_draws() -> None:
    records = of_rates()
    assert [records.of(r)["ied_rate"] for r in range(5)] == [0.3, 0.4, 0.5, 0.3, 0.4]
    assert [records.draw(r) for r in range(5)] == [0, 1, 2, 3, 4]
    assert [of_rates(is_paired=True).draw(r) for r in range(7)] == [0, 0, 0, 1, 1, 1, 2]


def test_a_batch_runs_with_them_and_stores_them(tmp_path: Path) -> None:
    batch = ch.run(made("a"), 7, out=tmp_path / "b", model=Scripted, parameters=of_rates())
    assert batch.is_varied
    assert batch.parameters.loc["a"]["ied_rate"].tolist() == [0.3, 0.4, 0.5] * 2 + [0.3]
    vehicles = batch.series["vehicles"].isel(scenario=0, date=0, side=0).to_numpy()
    assert vehicles == pytest.approx([30, 40, 50, 30, 40, 50, 30])
    assert ch.verify(batch, model=Scripted).differences == []


def test_paired_records_meet_the_same_luck(tmp_path: Path) -> None:
    batch = ch.run(
        made("a"), 6, out=tmp_path / "b", model=Scripted, parameters=of_rates(is_paired=True)
    )
    control = batch.control.isel(scenario=0).sel(place="Kidal", slot="camp")
    exits = (control == 3).sum("date").to_numpy()
    assert exits.tolist() == [10, 10, 10, 11, 11, 11]  # Scripted: day 10 + the draw


def test_a_larger_batch_keeps_the_runs_of_a_smaller_one(tmp_path: Path) -> None:
    def run(out: Path, runs: int):
        return ch.run(made("a"), runs, out=out, model=Scripted, parameters=of_rates())

    run(tmp_path / "grown", BLOCK)
    grown = run(tmp_path / "grown", 2 * BLOCK)
    assert contents(grown.folder) == contents(run(tmp_path / "fresh", 2 * BLOCK).folder)


def test_what_a_scenario_fixes_stays_fixed(tmp_path: Path) -> None:
    fixed = made("fixed", parameters={"ied_rate": 1.5})
    batch = ch.run(
        [fixed, made("free")], 3, out=tmp_path / "b", model=Scripted, parameters=of_rates()
    )
    assert set(batch.parameters.loc["fixed"]["ied_rate"]) == {1.5}
    assert batch.parameters.loc["free"]["ied_rate"].tolist() == [0.3, 0.4, 0.5]


def test_the_records_decide_the_blocks_and_are_told_if_they_differ(tmp_path: Path) -> None:
    ways = [None, of_rates(), of_rates(is_paired=True)]
    plans = [make_plan(RunSettings([made("a")], 10, 1, parameters=way)) for way in ways]
    assert len({plan.blocks[0].name for plan in plans}) == len(plans)
    ch.run(made("a"), 3, out=tmp_path / "b", model=Scripted, parameters=of_rates())
    with pytest.raises(BatchError, match="parameters of the records rates there, at their best"):
        ch.run(made("a"), 3, out=tmp_path / "b", model=Scripted)
    changed = of_rates(is_paired=True)
    with pytest.raises(BatchError, match="the records of parameters have changed since"):
        ch.run(made("a"), 3, out=tmp_path / "b", model=Scripted, parameters=changed)


def test_verify_refuses_changed_records(tmp_path: Path) -> None:
    batch = ch.run(made("a"), 3, out=tmp_path / "b", model=Scripted, parameters=of_rates())
    path = batch.folder / "records.json"
    path.write_text(path.read_text().replace("0.3", "0.35"))
    with pytest.raises(BatchError, match="holds other records than were run"):
        ch.verify(batch, model=Scripted)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": 9}, "not a file of parameter records of format 1"),
        ({"evidence": "posterior"}, "hindcast or prior"),
        ({"parameters": ["ied_rat"]}, "there is no parameter 'ied_rat'.*ied_rate"),
        ({"parameters": ["ied_rate", "ied_rate"]}, "each once"),
        ({"records": []}, "at least one record"),
        ({"records": [[0.3], [0.4, 0.5]]}, "record 2 has not one value"),
        ({"records": [[0.3], [99.0]]}, "record 2: ied_rate is 99.0"),
        ({"records": [[True]]}, "record 1: ied_rate is True"),
        ({"records": [["0.3"]]}, "record 1: ied_rate is '0.3'"),
        ({"made": 3}, "made is a mapping"),
    ],
)
def test_a_faulty_file_is_refused_with_its_place(tmp_path: Path, changes, told: str) -> None:
    with pytest.raises(BatchError, match=told):
        read_records(stored(tmp_path, **changes))


def test_no_file_and_no_json_are_told(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match="a file of parameter records is needed"):
        find_records(tmp_path / "nothing.json")
    (tmp_path / "text.json").write_text("ied_rate: 0.3")
    with pytest.raises(BatchError, match="is not a file of parameter records"):
        find_records(tmp_path / "text.json")


def test_two_sources_of_parameters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match="exclude each other"):
        make_plan(RunSettings([made("a")], 1, 1, sample_parameters=True, parameters=of_rates()))
    with pytest.raises(BatchError, match="of the set 'hindcast'"):
        make_plan(RunSettings([made("a")], 1, 1, evidence="prior", parameters=of_rates()))
    path = stored(tmp_path)
    arguments = ["run", "on-schedule", "--parameters", str(path), "--sample-parameters"]
    got = CliRunner().invoke(cli.app, [*arguments, "--out", str(tmp_path / "b")])
    assert got.exit_code == 2
    assert "exclude each other" in got.output


def test_real_runs_take_them(tmp_path: Path) -> None:
    rare, often = ({"ied_rate": rate} for rate in (0.16, 1.5))
    records = records_of("two", "hindcast", [rare, often], is_paired=True)
    batch = ch.run("historical", 20, out=tmp_path / "b", parameters=records, ledger="full")
    events = batch.events
    ieds = events[events["kind"] == "ied"].groupby(events["replicate"] % 2).size()
    assert ieds[1] > 1.5 * ieds[0]
