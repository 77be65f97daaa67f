"""Batches: planned, run, stored, refused, reused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import camphandover as ch
from batches import FIRST_EXIT, Scripted, Sleepy, Unlucky, contents, made, short
from camphandover import facts, scenario
from camphandover.batch import cubes
from camphandover.batch.batch import make_plan
from camphandover.batch.identity import identity_of
from camphandover.batch.plan import (
    BLOCK,
    DEFAULT_MODEL,
    default_folder,
    file_name,
)
from camphandover.batch.settings import RunSettings
from camphandover.charts.planned import KEY_BASES, chart_files
from camphandover.errors import BatchError

# --- plan --------------------------------------------------------------------------------


def test_blocks_hold_every_replicate_once():
    plan = make_plan(RunSettings([made("one"), made("two")], 2 * BLOCK + 7, 1, model=Scripted))
    held = [(b.scenario, r) for b in plan.blocks for r in range(b.first, b.stop)]
    assert held == [(s, r) for s in range(2) for r in range(2 * BLOCK + 7)]
    assert len({block.name for block in plan.blocks}) == len(plan.blocks) == 6


def test_more_runs_keep_the_full_blocks():
    few = make_plan(RunSettings([made("one")], BLOCK + 5, 1, model=Scripted))
    many = make_plan(RunSettings([made("one")], 3 * BLOCK, 1, model=Scripted))
    assert few.blocks[0] == many.blocks[0]
    assert few.blocks[1].name != many.blocks[1].name


def test_all_that_decides_content_is_in_the_name():
    def name(form=None, seed=1, model=Scripted):
        return (
            make_plan(RunSettings([made("one", **(form or {}))], 5, seed, model=model))
            .blocks[0]
            .name
        )

    assert name() == name()
    assert name({"title": "Another title"}) == name()
    others = [name(seed=2), name(model=Sleepy), name({"airpower": {"scale": 0.5}})]
    assert len({name(), *others}) == 4


def test_the_model_itself_is_known_by_its_name():
    assert identity_of(ch.NorthernMali) == DEFAULT_MODEL


def test_bound_arguments_are_part_of_the_model():
    def name(**bound):
        return (
            make_plan(RunSettings([made("one")], 5, 1, model=partial(Scripted, **bound)))
            .blocks[0]
            .name
        )

    class Mine:
        """A user's commander."""

    names = [
        name(),
        name(commanders={"gsim": Mine}),
        name(commanders={"army": Mine}),
        name(times=2),
    ]
    assert len(set(names)) == 4
    assert name(commanders={"gsim": Mine}) == names[1]


def test_out_of_range():
    for runs, seed, what in [(0, 1, "runs"), (1.5, 1, "runs"), (1, -1, "seed"), (1, 2**64, "seed")]:
        with pytest.raises(BatchError, match=f"{what} is .*needed"):
            make_plan(RunSettings([made("one")], runs, seed, model=Scripted))
    with pytest.raises(BatchError, match="one"):
        make_plan(RunSettings([made("one"), made("one")], 1, 1, model=Scripted))
    with pytest.raises(BatchError, match="no scenario"):
        make_plan(RunSettings([], 1, 1, model=Scripted))


def test_default_folder():
    assert default_folder(["early"], True) == Path("runs/library")
    assert default_folder(["early"], False) == Path("runs/early")
    assert default_folder(["early", "late"], False) == Path("runs/early+late")
    assert default_folder(["early", "a b/c"], False).name.startswith("early+a_b_c~")
    long = [f"scenario-number-{i}" for i in range(9)]
    assert len(default_folder(long, False).name) <= 60
    assert default_folder(long, False) != default_folder([*long[:-1], "other"], False)


def test_plain_names_are_those_of_their_files():
    for name in ("on-schedule", "v1-no-hold-or-leave", "kidal_late", "a.b", "-x", "5", "été"):
        assert file_name(name) == name
    for name in ("Kidal late", "Kidal", "con", "nul.x", ".x", "x.", "..", "a+b", "", "E\u0301"):
        assert file_name(name) != name


ALIKE = st.sampled_from(
    ["a", "b", "a+b", "a b", "a_b", "A_B", "A", "library", ".", "..", ".a", "a.", "a:b", "a/b",
     "CON", "nul", "con.yaml", "x[Kidal.shift=1]", "x[Kidal.shift=-1]", "é", "e\u0301", "É",
     "ß", "ss", "SS", "\u0131", "i", "İ", "\udc80", "a\0b", "x" * 300, "x" * 300 + "y", "é" * 120]
)  # fmt: skip
NAMES = st.lists(st.text(max_size=300) | ALIKE, min_size=1, max_size=4)


def folded(part: str) -> str:
    """What a file system that minds neither capitals nor composition makes of a name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", part).casefold())


@given(one=NAMES, other=NAMES)
def test_different_names_are_different_files(one, other):
    parts = [file_name(*one), file_name(*other)]
    folders = [default_folder(names, False) for names in (one, other)]
    for part in [*parts, *(folder.name for folder in folders)]:
        assert len(part.encode()) <= 255 - len(
            "score-reliability-.png.1234567-140000000000000.part"
        )
        assert re.fullmatch(r"[^<>:\"/\\|?*\0-\x1f]+", part)
        assert part[0] != "."
        assert part[-1] not in ". "
        assert not re.match(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", folded(part))
    assert (folded(parts[0]) == folded(parts[1])) == (one == other)
    assert (folded(folders[0].name) == folded(folders[1].name)) == (one == other)
    assert all(folder != default_folder([], True) for folder in folders)


@pytest.mark.parametrize("pair", [("kidal late", "kidal_late"), ("A", "a"), ("x" * 260, "x" * 261)])
def test_scenarios_whose_names_are_alike_are_kept_apart(pair, tmp_path):
    both = [made(name, title=title) for name, title in zip(pair, ("First", "Second"), strict=True)]
    stored = ch.run(both, 2, 3, tmp_path / "b", model=Scripted)
    assert [stored.scenario(name).title for name in pair] == ["First", "Second"]
    files = (stored.folder / "scenarios").iterdir()
    assert sorted(scenario.load(file).title for file in files) == ["First", "Second"]
    assert ch.verify(stored, model=Scripted).differences == []
    assert len(chart_files(tmp_path, pair)) == len(KEY_BASES) + 2


def test_a_batch_whose_files_have_the_names_of_before_is_read(tmp_path):
    stored = ch.run(made("Kidal late"), 2, 3, tmp_path / "b", model=Scripted)
    (file,) = (stored.folder / "scenarios").iterdir()
    file.rename(file.with_name("Kidal_late.yaml"))
    again = ch.open_batch(stored.folder)
    assert again.scenario("Kidal late") == stored.scenario("Kidal late")
    assert ch.verify(again, model=Scripted).differences == []


# --- what is stored ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """Two scenarios of different windows, 60 runs each, so that a second block is not full."""
    out = tmp_path_factory.mktemp("batch") / "b"
    return ch.run([made("one"), short("brief")], runs=60, seed=5, out=out, model=Scripted)


def test_control_is_labelled_and_lazy(batch):
    control = ch.open_batch(batch.folder).control
    assert control.dims == ("scenario", "replicate", "place", "slot", "date")
    assert control.dtype == np.int8
    assert not control.variable._in_memory
    assert list(control.scenario.values) == ["one", "brief"]
    assert list(control.slot.values) == ["camp", "town"]
    assert control.place.values[0] == "Kidal"
    assert control.region.sel(place="Ber").item() == "Timbuktu"
    assert control.date.values[0] == np.datetime64("2023-08-01")
    assert control.date.values[-1] == np.datetime64("2023-12-31")
    assert control.attrs["flag_values"] == [0, 1, 2, 3, 4, 5]
    assert control.attrs["flag_meanings"] == "army separatists gsim minusma nobody joint"
    assert control.attrs["_FillValue"] == -1


def test_control_is_what_was_run(batch):
    control = batch.control.load()
    for replicate in (0, 1, 49, 50, 59):
        camp = control.sel(scenario="one", replicate=replicate, place="Kidal", slot="camp")
        day = FIRST_EXIT + replicate
        assert (camp[:day] == 3).all()
        assert (camp[day:] == replicate % 2).all()
    assert (control.sel(scenario="one").drop_sel(place="Kidal") == 0).all()


def test_days_outside_the_window_are_unknown(batch):
    camp = batch.control.load().sel(scenario="brief", place="Kidal", slot="camp", replicate=4)
    assert (camp.sel(date=slice(None, "2023-08-10")) == -1).all()
    assert (camp.sel(date=slice("2023-08-11", "2023-08-24")) == 3).all()
    assert (camp.sel(date=slice("2023-08-25", "2023-09-30")) == 0).all()
    assert (camp.sel(date=slice("2023-10-01", None)) == -1).all()
    supply = batch.series.supply.sel(scenario="brief", replicate=4, side="army").load()
    assert supply.sel(date="2023-08-11") == 0
    assert supply.sel(date="2023-09-30") == 50
    assert np.isnan(supply.sel(date="2023-08-10"))
    assert np.isnan(supply.sel(date="2023-10-01"))


def test_zarr_reads_what_was_written_by_hand(batch):
    plain = xr.open_zarr(batch.folder / "control.zarr", consolidated=False, chunks=None)
    camp = plain.control.sel(place="Kidal", slot="camp", replicate=59, scenario="one")
    assert camp.sel(date="2023-12-31") == 1
    assert {"lat", "lon", "region"} <= set(plain.coords)


def test_series_have_units(batch):
    series = batch.series
    assert series.men.dims == ("scenario", "replicate", "date", "side")
    assert series.men.attrs["units"] == "persons"
    men = series.men.sel(scenario="one", replicate=58, date="2023-10-05", side="separatists")
    assert men == 2058


def test_events_have_names_and_times(batch):
    events = batch.events
    assert len(events) == 2 * 60 * 2
    assert list(events.scenario.cat.categories) == ["one", "brief"]
    assert list(events.replicate[:4]) == [0, 0, 1, 1]
    leave = events[(events.scenario == "brief") & (events.replicate == 55)].iloc[1]
    assert leave.time == pd.Timestamp("2023-08-11 08:30") + pd.Timedelta(days=FIRST_EXIT + 55)
    names = ("kind", "side", "place", "slot", "before", "after")
    wanted = ["exit", "minusma", "Kidal", "camp", "minusma", "separatists"]
    assert [leave[name] for name in names] == wanted
    assert (leave.row, leave.cause, leave.entity, leave.amount, leave.p) == (1, 0, 7, 5, 0.25)
    clause = events.iloc[0]
    assert clause.kind == "clause"
    assert clause[["side", "place", "before", "after", "cause", "p", "entity"]].isna().all()


def test_parameters_and_scenarios(batch):
    parameters, known = batch.parameters, facts.load().parameters
    assert set(parameters.columns) == set(known)
    assert parameters.loc["one", "exit_error_sd"] == known["exit_error_sd"].best
    assert batch.scenario("brief").digest() == short("brief").digest()
    with pytest.raises(BatchError, match="one, brief"):
        batch.scenario("nowhere")


def test_set_parameters_are_in_their_record(tmp_path):
    made_so = made("set", parameters={"ied_rate": 1.5})
    stored = ch.run([made_so, made("plain")], runs=1, out=tmp_path / "b", model=Scripted)
    assert stored.parameters.loc["set", "ied_rate"] == 1.5
    assert stored.parameters.loc["plain", "ied_rate"] != 1.5


def test_manifest(batch):
    manifest = batch.manifest
    assert (manifest["seed"], manifest["runs"], manifest["failures"]) == (5, 60, [])
    (session,) = manifest["sessions"]
    assert (session["computed"], session["reused"], session["engine"]) == (120, 0, "threads")
    assert {"finished", "machine", "workers", "wall_seconds", "model_seconds"} <= set(session)
    for entry in manifest["scenarios"]:
        assert entry["yaml"] == batch.scenario(entry["name"]).to_yaml()
    assert [s["name"] for s in manifest["scenarios"]] == ["one", "brief"]
    assert manifest["scenarios"][1]["window"] == ["2023-08-11", "2023-09-30"]
    assert {"theatre", "core", "model", "evidence", "sampled", "ledger"} <= set(manifest)
    assert "2 scenarios x 60 runs, seed 5, 2023-08-01 to 2023-12-31" in repr(batch)


# --- same bytes --------------------------------------------------------------------------


def test_bytes_do_not_depend_on_workers_or_order(tmp_path):
    def stored(workers):
        out = tmp_path / str(workers)
        ch.run([made("one"), short("two")], 120, 9, out, workers=workers, model=Sleepy)
        return contents(out)

    assert stored(1) == stored(3)


def test_progress_reaches_the_end(tmp_path):
    told = []
    ch.run(made("one"), 120, out=tmp_path / "b", model=Scripted, progress=lambda *n: told.append(n))
    assert told[0] == (0, 120)
    assert told[-1] == (120, 120)
    assert sorted(told) == told
    assert len(told) == 1 + 3


# --- refuse, reuse, clean up -------------------------------------------------------------


def test_the_same_batch_is_not_computed_again(tmp_path):
    def never(done, total):
        raise AssertionError("computed again")

    first = ch.run(made("one"), 3, out=tmp_path / "b", model=Scripted)
    again = ch.run(made("one"), 3, out=tmp_path / "b", model=Scripted, progress=never)
    assert not first.reused
    assert again.reused
    assert again.manifest == first.manifest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 7}, "seed 2023 there, 7 asked for"),
        ({"runs": 2}, "runs 3 there, 2 asked for"),
        ({"ledger": "none"}, "ledger full there, none asked for"),
        ({"evidence": "prior"}, "evidence hindcast there, prior asked for"),
        ({"sample_parameters": True}, "parameters at their best value there, sampled asked for"),
        ({"fixed": {"ied_rate": 0.5}}, "scenario one has changed"),
        ({"scenarios": made("one", airpower={"scale": 0})}, "scenario one has changed"),
        ({"scenarios": made("two")}, "scenario two only asked for"),
        ({"model": Sleepy}, "another model ran it"),
    ],
)
def test_another_batch_is_not_overwritten(tmp_path, change, words):
    asked = {"scenarios": made("one"), "runs": 3, "seed": 2023, "model": Scripted}
    out = tmp_path / "b"
    ch.run(**asked, out=out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(BatchError, match=words) as caught:
        ch.run(**{**asked, **change}, out=out)
    assert "--out" in str(caught.value)
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_changed_code_is_another_batch(tmp_path, monkeypatch):
    ch.run(made("one"), 2, out=tmp_path / "b", model=Scripted)
    monkeypatch.setattr("camphandover.batch.batch.code_digest", lambda: "0" * 64)
    with pytest.raises(BatchError, match="code of the rules has changed"):
        ch.run(made("one"), 2, out=tmp_path / "b", model=Scripted)


def test_a_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(BatchError, match="not empty"):
        ch.run(made("one"), 2, out=tmp_path, model=Scripted)
    with pytest.raises(BatchError, match="is a file"):
        ch.run(made("one"), 2, out=tmp_path / "letter.txt", model=Scripted)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_damaged_manifest_is_said(tmp_path):
    ch.run(made("one"), 2, out=tmp_path / "b", model=Scripted)
    (tmp_path / "b" / "manifest.json").write_text("{")
    with pytest.raises(BatchError, match="damaged"):
        ch.open_batch(tmp_path / "b")


# --- failures ----------------------------------------------------------------------------


def test_one_failing_run_is_recorded_and_the_others_are_kept(tmp_path):
    batch = ch.run([made("one"), made("two")], 6, 8, tmp_path / "b", model=Unlucky)
    (failure,) = batch.failures
    assert (failure["scenario"], failure["replicate"], failure["seed"]) == ("one", 3, 8)
    assert failure["error"] == "ZeroDivisionError: no men left"
    assert 'raise ZeroDivisionError("no men left")' in failure["traceback"]
    control = batch.control.load()
    assert (control.sel(scenario="one", replicate=3) == -1).all()
    rest = control.sel(scenario="one", replicate=[0, 1, 2, 4, 5])
    assert (rest >= 0).all()
    assert (control.sel(scenario="two") >= 0).all()
    assert np.isnan(batch.series.men.sel(scenario="one", replicate=3)).all()
    events = batch.events
    assert set(events[events.scenario == "one"].replicate) == {0, 1, 2, 4, 5}
    assert "1 failed" in repr(batch)


def test_a_large_chunk_has_the_same_bytes_on_any_thread():
    values = np.random.default_rng(1).integers(0, 5_000, (50, 9, 153, 36)).astype(np.float32)
    with ThreadPoolExecutor(1) as pool:
        elsewhere = [pool.submit(cubes.chunk, values).result() for _ in range(3)]
    here = [cubes.chunk(values) for _ in range(3)]
    assert len({*here, *elsewhere}) == 1


# --- the real model ----------------------------------------------------------------------

REAL = ["on-schedule", "kidal-only-to-separatists"]


def test_real_bytes_do_not_depend_on_workers(tmp_path):
    one = ch.run(REAL, 12, 2023, tmp_path / "1", workers=1)
    two = ch.run(REAL, 12, 2023, tmp_path / "2", workers=2)
    assert not one.failures
    assert contents(one.folder) == contents(two.folder)
    assert len(one.events) > 100
    assert set(np.unique(one.control)) <= set(range(5))


def test_real_bytes_do_not_depend_on_the_hash_seed(tmp_path):
    code = "import sys, camphandover as ch; ch.run('on-schedule', 3, out=sys.argv[1], workers=1)"
    for seed in ("0", "1"):
        command = [sys.executable, "-c", code, str(tmp_path / seed)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(command, check=True, env=environment, cwd=Path(__file__).parents[2])
    assert contents(tmp_path / "0") == contents(tmp_path / "1")


def test_real_replicates_do_not_depend_on_their_number(tmp_path):
    few = ch.run("on-schedule", 4, 2023, tmp_path / "few").control.load()
    more = ch.run("on-schedule", 9, 2023, tmp_path / "more").control.load()
    xr.testing.assert_equal(few, more.isel(replicate=slice(4)))


def test_the_package_is_light():
    code = (
        "import sys, json, camphandover as ch; ch.__version__; dir(ch); "
        "print(json.dumps(sorted(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    heavy = {"numpy", "numba", "pandas", "xarray", "matplotlib", "mesa", "zarr", "pyarrow"}
    assert not heavy & set(json.loads(out.stdout))


def test_every_public_name_is_there():
    assert all(getattr(ch, name) is not None for name in ch.__all__)
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = ch.nothing_such
