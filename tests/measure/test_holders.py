"""Each holder is told apart, from the clause to the charts; batches of format 4 stay readable.

`golden/format-4.zip` was stored when a joint unit and nobody were one holder, `other`: two weeks
of the plan (`short`), and the same with Ber given to a joint unit (`joint`), three runs of each.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from typer.testing import CliRunner

import camphandover as ch
from batches import contents
from camphandover import facts, scenario
from camphandover.batch.cubes import HOLDERS
from camphandover.charts.style import COLOURS, LABELS, STACK
from camphandover.cli.main import app
from camphandover.errors import BatchError
from camphandover.facts.codes import Holder, Receiver
from camphandover.judge.end_table import end_table
from camphandover.judge.score.rules import ORDER
from camphandover.known.record import as_record
from camphandover.measure.notation import named
from camphandover.measure.patterns.data import HOLDERS as IN_PATTERNS
from worlds import compiled_only

GOLDEN = Path(__file__).parents[1] / "golden" / "format-4.zip"
EXIT = "2023-08-10"
MEANT = {"army": "army", "separatists": "separatists", "joint": "joint", "empty": "nobody"}
"""Holder whom a clause means to have the camp; that of `race` means nobody in particular."""
WHERE = {"army": "Menaka", "separatists": "Kidal", "joint": "Kidal", "empty": "Ogossagou"}
"""A camp that this holder has on the day of the exit in some run."""


def handed(receiver: str) -> scenario.Scenario:
    """Four camps left on 10 August without notice, in a war in which joint units come apart."""
    clause = {"exit": EXIT, "spread": 0, "early_exit": False, "receiver": receiver}
    clause |= {"notice": {"army": 0, "separatists": 0}, "joint_unit": {"p_leave": 0.95}}
    camps = ("Kidal", "Tessalit", "Menaka", "Ogossagou")
    form = {
        "title": f"To {receiver}",
        "question": "Who has it?",
        "extends": "on-schedule",
        "window": {"end": "2023-09-30"},
        "handover": {"camps": dict.fromkeys(camps, clause)},
    }
    return scenario.load(form, receiver)


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    receivers = [receiver.name.lower() for receiver in Receiver]
    out = tmp_path_factory.mktemp("holders") / "b"
    return ch.run([handed(name) for name in receivers], runs=10, seed=3, out=out, progress=False)


@pytest.fixture
def old(tmp_path):
    with zipfile.ZipFile(GOLDEN) as stored:
        stored.extractall(tmp_path / "old")
    return ch.open_batch(tmp_path / "old")


def words(drawn) -> set[str]:
    """Texts of all legends of a chart."""
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    return {text.get_text() for legend in figure.findobj(Legend) for text in legend.texts}


def charts(batch, name: str, place: str, day: str) -> dict[str, set[str]]:
    """What the legends of the charts of control tell."""
    plots = ch.plots
    drawn = {
        "control": plots.control_over_time(batch, place, scenario=name),
        "heatmap": plots.control_heatmap(batch, name),
        "grid": plots.control_grid(batch, [place], [name]),
        "map": plots.control_map(batch, day, name),
        "maps": plots.map_sequence(batch, [day], name),
        "falls": plots.fall_dates(batch, place, scenario=name),
    }
    return {kind: words(one) for kind, one in drawn.items()}


# --- one name for each ---------------------------------------------------------------------


def test_all_that_names_holders_names_all_of_them():
    assert HOLDERS == tuple(holder.name.lower() for holder in Holder) == facts.HOLDERS
    assert set(HOLDERS) == set(get_args(IN_PATTERNS)) == set(STACK) - {"other"}
    assert set(ORDER) == set(Holder)
    for told in (COLOURS.__getitem__, LABELS.__getitem__, named):
        assert len({told(holder) for holder in HOLDERS}) == len(HOLDERS)


def test_a_record_can_tell_a_joint_unit():
    history = facts.load().history
    change = history[-1].model_copy(
        update={"place": "Kidal", "object": "un_camp", "after": "joint"}
    )
    record = as_record([*history, change], change.date, "a test")
    assert record.holders[record.places.index("Kidal"), 0, -1] == Holder.JOINT


# --- a batch ---------------------------------------------------------------------------------


@compiled_only
def test_each_receiver_has_a_holder_of_its_own_in_the_clause(batch):
    clauses = batch.events[(batch.events["kind"] == "clause") & (batch.events["place"] == "Kidal")]
    meant = clauses.groupby("scenario", observed=True)["after"].unique()
    assert {name: after.tolist() for name, after in meant.items() if name != "race"} == {
        name: [holder] for name, holder in MEANT.items()
    }
    assert meant["race"].isna().all()


@compiled_only
@pytest.mark.parametrize("receiver", MEANT)
def test_each_receiver_has_a_holder_of_its_own_in_all_results(batch, receiver):
    holder, place = MEANT[receiver], WHERE[receiver]
    assert batch.control.attrs["flag_meanings"].split() == list(batch.holders) == list(HOLDERS)
    control = batch.control.sel(scenario=receiver, place=place, slot="camp", date=EXIT)
    has = control == Holder[holder.upper()]
    assert has.any()
    share = ch.control_shares(batch)["share"].sel(scenario=receiver, place=place, slot="camp")
    assert share.sel(date=EXIT, holder=holder) == has.mean()
    rows = batch.events[(batch.events["kind"] == "control") & (batch.events["place"] == place)]
    assert holder in set(rows.loc[rows["scenario"] == receiver, "after"])
    other = next(name for name in batch.scenarios if name != receiver)
    told = ch.compare(batch, receiver, other, places=place, date=EXIT)
    assert told.select("holds", place, holder)["mean_a"].item() == has.mean()
    assert told.select("fell", place, holder)["mean_a"].item() >= has.mean()
    found = charts(batch, receiver, place, EXIT)
    assert LABELS[holder] in found["control"] & found["grid"]
    assert any(label.startswith(f"{LABELS[holder]}: ") for label in found["falls"])
    for kind in ("heatmap", "map", "maps"):
        assert (LABELS["joint"] in found[kind]) == (receiver == "joint")
        assert LABELS["nobody"] in found[kind]  # at Tarkint


@compiled_only
def test_the_ledger_tells_every_change_of_the_cube(batch):
    """Also that of a joint unit that comes apart: to who is there, or to nobody."""
    changes = batch.events[(batch.events["kind"] == "control")].sort_values("time", kind="stable")
    seen = set()
    first = {place.name: (place.camp_holder, place.town_holder) for place in facts.load().places}
    dates = pd.DatetimeIndex(batch.control["date"].to_numpy())
    keys = ["scenario", "replicate", "place", "slot"]
    for (name, run, place, slot), rows in changes.groupby(keys, observed=True):
        held = np.full(len(dates), first[place][slot == "town"], object)
        for row in rows.itertuples():
            assert row.before == held[-1]
            held[dates >= row.time.normalize()] = row.after
            seen.add((row.before, row.after))
        cube = batch.control.sel(scenario=name, replicate=run, place=place, slot=slot).to_numpy()
        assert [HOLDERS[code] for code in cube] == held.tolist()
    assert {("minusma", "joint"), ("minusma", "nobody"), ("joint", "nobody")} <= seen
    assert {before for before, _ in seen} == set(HOLDERS)


# --- a batch of format 4 ---------------------------------------------------------------------


def test_a_batch_of_format_4_is_read_with_its_own_holders(old):
    assert old.manifest["format"] == 4
    assert old.holders == ("army", "separatists", "gsim", "minusma", "other")
    shares = ch.control_shares(old)
    assert tuple(shares["holder"].to_numpy()) == old.holders
    ber = shares["share"].sel(scenario="joint", place="Ber", slot="camp", date="2023-08-16")
    assert ber.sel(holder="other") == 1
    assert [row.army["Ber"].value for row in end_table(old).rows] == [1, 0]
    told = ch.compare(old, "short", "joint")
    assert set(told.select("fell")["who"]) == set(old.holders) - {"minusma"}
    assert told.select("holds", "Ber", "other")["mean_b"].item() == 1
    assert "other" in str(told)


def test_charts_of_format_4_call_its_holder_neither_joint_nor_nobody(old):
    for kind, found in charts(old, "joint", "Ber", "2023-08-16").items():
        assert any(LABELS["other"] in label for label in found), kind
        assert not {LABELS["joint"], LABELS["nobody"]} & found
    falls = ch.plots.fall_dates(old, "Ber", "other", "joint")
    assert "fall to a joint unit or nobody" in falls.get_title(loc="left")
    with pytest.raises(ValueError, match="'nobody' takes no base; there is army"):
        ch.plots.fall_dates(old, "Ber", "nobody", "joint")


def test_why_tells_format_4_as_it_was_stored(old):
    told = ch.why(old, "joint", 0, "Ber")
    assert [(change.before, change.after) for change in told.changes] == [("minusma", "other")]
    assert "a joint unit or nobody took over the camp at Ber from the UN" in " ".join(
        str(told).split()
    )
    assert ch.why(old, "joint", 0, "Tarkint").first_holder == "other"
    assert ch.why_summary(old, "joint", "Ber", to="other").fell == 3
    with pytest.raises(BatchError, match="no holder is named 'nobody'"):
        ch.why_summary(old, "joint", "Ber", to="nobody")


def test_commands_read_format_4(old):
    for command in ("plot", "report", "compare {} short joint", "why {} --scenario joint "
                    "--replicate 0 --place Ber"):  # fmt: skip
        arguments = command.format(old.folder).split()
        arguments += [] if str(old.folder) in arguments else [str(old.folder)]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output


def test_a_batch_of_format_4_is_not_grown(old):
    before = contents(old.folder)
    again = [old.scenario(name) for name in old.scenarios]
    with pytest.raises(BatchError, match="of format 4, this version writes 5"):
        ch.run(again, runs=5, out=old.folder, ledger="changes", progress=False)
    with pytest.raises(BatchError, match="cannot be verified here"):
        ch.verify(old)
    assert contents(old.folder) == before


def test_format_4_is_not_held_to_the_record(old):
    with pytest.raises(BatchError, match="minusma, other; what is held to the record needs"):
        ch.score(old)
