"""Batches that go on from what was known: their origins, what shares them, and the same bytes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

import camphandover as ch
from batches import contents
from camphandover import NorthernMali
from camphandover.core.draws import Turn
from camphandover.errors import BatchError
from worlds import compiled_only

pytestmark = compiled_only

UNTIL = date(2023, 8, 20)
N = 12
WINDOW = {"end": "2023-09-10"}
KNOWN = {"until": str(UNTIL), "particles": N}
BASE = {"title": "A base", "question": "What follows?", "window": WINDOW, "known": KNOWN}
GONE = {"handover": {"mandate_end": "2023-09-10", "camps": {"Menaka": {"receiver": "joint"}}}}
MENAKA_LEAVES = {"handover": {"mandate_end": "2023-09-10"}}


def scenarios() -> list[ch.Scenario]:
    """A base, and what would have followed of a joint unit at a camp that was still the UN's."""
    forms = (("base", MENAKA_LEAVES), ("joint", GONE))
    return [ch.load_scenario({**BASE, **form}).model_copy(update={"name": n}) for n, form in forms]


def played(folder: Path, **settings: object) -> ch.Batch:
    return ch.run(scenarios(), runs=20, out=folder, seed=5, progress=False, **settings)


@pytest.fixture(scope="module")
def batch(tmp_path_factory) -> ch.Batch:
    return played(tmp_path_factory.mktemp("known") / "b")


def test_scenarios_of_one_past_share_it_and_differ_only_after_it(batch):
    control = batch.control.to_numpy()
    days = batch.control["date"].to_numpy().astype("M8[D]")
    differ = (control[0] != control[1]).any(axis=(0, 1, 2))
    assert differ.any()
    assert days[differ].min() > np.datetime64(UNTIL)
    names = {entry["origin"] for entry in batch.manifest["scenarios"]}
    assert len(names) == len(list((batch.folder / "origins").iterdir())) == 1
    series = batch.series["dead"].sel(date=slice(None, str(UNTIL))).to_numpy()
    assert np.array_equal(series[0], series[1])


def test_the_un_left_the_camps_that_it_left_on_their_days(batch):
    control = batch.control.sel(slot="camp")
    for place, day in {
        "Ogossagou": "2023-08-03",
        "Ber": "2023-08-13",
        "Goundam": "2023-08-16",
    }.items():
        is_uns = (control.sel(place=place) == batch.holders.index("minusma")).to_numpy()
        left = (np.datetime64(day) - np.datetime64("2023-08-01")).astype(int)
        assert is_uns[..., :left].all()
        assert not is_uns[..., left:].any()
    still = control.sel(place="Menaka", date=slice(None, str(UNTIL))).to_numpy()
    assert (still == batch.holders.index("minusma")).all()


def test_one_worker_and_growth_give_the_same_bytes(batch, tmp_path):
    one = played(tmp_path / "one", workers=1)
    assert contents(one.folder) == contents(batch.folder)
    few = ch.run(scenarios(), runs=7, out=tmp_path / "grown", seed=5, progress=False)
    assert few.runs == 7
    grown = played(tmp_path / "grown")
    assert np.array_equal(grown.control.to_numpy(), batch.control.to_numpy())
    assert grown.events.equals(batch.events)


def test_more_runs_than_particles_go_on_with_luck_of_their_own(batch):
    control = batch.control.isel(scenario=0).to_numpy()
    days = batch.control["date"].to_numpy().astype("M8[D]")
    past = days <= np.datetime64(UNTIL)
    for r in range(N, batch.runs):
        assert np.array_equal(control[r][..., past], control[r - N][..., past])
    figures = batch.series["men"].isel(scenario=0).to_numpy()
    assert not np.array_equal(figures[N][~past], figures[0][~past])


def test_a_replicate_is_the_model_along_the_turns_of_its_particle(batch):
    origin = batch.origin("joint")
    for r in (0, 3, N + 1):
        model = NorthernMali(batch.scenario("joint"), 5, origin.root(r))
        model.follow(origin.turns(r))
        while not model.finished:
            model.step()
        assert model.replicate == r
        assert np.array_equal(model.record().control, batch.control[1, r].to_numpy())
    assert origin.turns(0)[0] == Turn((date(2023, 8, 1) - date(1970, 1, 1)).days, origin.root(0), 0)


def test_a_run_that_follows_no_particle_is_refused():
    with pytest.raises(BatchError, match="follows no particle: let"):
        NorthernMali(scenarios()[0]).step()
    model = NorthernMali(scenarios()[0], replicate=1)
    with pytest.raises(ValueError, match="cannot follow turns of replicate 4"):
        model.follow([Turn(model.day, 4, 0)])


class Mine(NorthernMali):
    """A user's model, whose steps remember and draw."""

    def setup(self) -> None:
        self.drawn: list[float] = []

    def step(self) -> None:
        self.drawn.append(self.random.random())
        super().step()


def test_a_user_s_model_is_weighed_and_played_like_ours(batch, tmp_path):
    mine = played(tmp_path / "mine", model=Mine)
    assert not mine.failures
    assert np.array_equal(mine.control.to_numpy(), batch.control.to_numpy())
    assert ch.verify(mine, model=Mine).differences == []


def test_an_origin_is_lent_read_and_made_again_if_it_is_damaged(batch, tmp_path, monkeypatch):
    origin = next((batch.folder / "origins").iterdir())
    beside = tmp_path / "beside" / "origins" / origin.name
    beside.parent.mkdir(parents=True)
    beside.write_bytes(origin.read_bytes())
    with monkeypatch.context() as patch:
        patch.setattr("camphandover.batch.origins.condition", None)  # nothing is weighed
        lent = played(tmp_path / "lent")
    assert contents(lent.folder) == contents(batch.folder)
    beside.write_bytes(beside.read_bytes().replace(b'"particles": 12', b'"particles": 13'))
    own = lent.folder / "origins" / origin.name
    own.write_bytes(own.read_bytes()[:100])
    assert any(str(own) in line for line in ch.verify(lent).differences)
    with pytest.raises(BatchError, match=r"origins.*damaged or missing.*Run the batch's command"):
        lent.origin("base")
    again = played(tmp_path / "lent")
    assert not again.reused
    assert played(tmp_path / "lent").reused
    assert ch.verify(again).differences == []


def test_parameters_travel_with_the_particles(tmp_path):
    one = scenarios()[0]
    known = ch.run(one, runs=8, out=tmp_path / "k", seed=5, sample_parameters=True, progress=False)
    plain = ch.run(
        ch.load_scenario({"title": "p", "question": "q", "window": WINDOW}),
        runs=N, out=tmp_path / "p", seed=5, sample_parameters=True, progress=False,
    )  # fmt: skip
    origin = known.origin("base")
    assert len({origin.root(r) for r in range(8)}) < 8  # some were copied
    for r in range(8):
        root = plain.parameters.loc[("scenario", origin.root(r))]
        assert known.parameters.loc[("base", r)].equals(root)


def test_known_until_is_an_argument_too(batch, tmp_path):
    bare = [one.model_copy(update={"known": type(one.known)()}) for one in scenarios()]
    there = ch.run(
        bare, runs=20, out=tmp_path / "b", seed=5, progress=False,
        known_until=str(UNTIL), particles=N,
    )  # fmt: skip
    assert contents(there.folder) == contents(batch.folder)


def test_paired_records_have_no_luck_of_their_own(tmp_path):
    from camphandover.batch.records import Records

    records = Records(
        name="two", evidence="hindcast", paired=True, made={},
        parameters=["ied_rate"], records=[[0.4], [0.5]],
    )  # fmt: skip
    with pytest.raises(BatchError, match="share the luck of each draw"):
        ch.run(scenarios(), runs=4, out=tmp_path / "b", parameters=records, progress=False)
