"""Batches that are cut off, grow, are damaged, or are written by two at once."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import camphandover as ch
from batches import Scripted, Sleepy, Unlucky, contents, made, short
from camphandover.batch import files, store
from camphandover.batch.plan import BLOCK
from camphandover.errors import BatchError
from camphandover.judge.end_table import end_table

TESTS = Path(__file__).parents[1]


def never(done: int, total: int) -> None:
    raise AssertionError("computed again")


def computed(batch: ch.Batch) -> int:
    """Runs that the last call computed."""
    return int(batch.manifest["sessions"][-1]["computed"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A batch that was never disturbed: two scenarios, four blocks each, the last not full."""
    out = tmp_path_factory.mktemp("whole") / "b"
    return ch.run([made("one"), short("two")], 3 * BLOCK + 20, 3, out, model=Scripted)


def again(out: Path, **options):
    """The same batch in another folder."""
    return ch.run([made("one"), short("two")], 3 * BLOCK + 20, 3, out, model=Scripted, **options)


# --- going on ----------------------------------------------------------------------------


def test_an_interrupted_batch_goes_on_where_it_was(tmp_path, whole):
    def stop(done, total):
        if done >= 3 * BLOCK:
            raise KeyboardInterrupt

    out = tmp_path / "b"
    with pytest.raises(KeyboardInterrupt):
        again(out, workers=1, progress=stop)
    with pytest.raises(BatchError, match="unfinished"):
        ch.open_batch(out)
    told = []
    batch = again(out, progress=lambda *n: told.append(n))
    assert told[0][0] >= 3 * BLOCK
    assert 0 < computed(batch) <= 340 - 3 * BLOCK
    assert contents(out) == contents(whole.folder)
    assert not list(out.rglob("*.part"))


def test_killed_at_any_moment_it_ends_with_the_same_bytes(tmp_path, whole):
    """A process is killed (SIGKILL) again and again, until one gets to the end."""
    code = (
        "import sys, camphandover as ch; from batches import Slow, made, short; "
        "ch.run([made('one'), short('two')], 170, 3, sys.argv[1], model=Slow)"
    )
    out, kills = tmp_path / "b", 0
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    for wait in np.linspace(0.0, 1.5, 12):
        process = subprocess.Popen([sys.executable, "-c", code, str(out)], env=environment)
        while not (out / "batch.json").exists() and process.poll() is None:
            time.sleep(0.02)
        try:
            process.wait(wait)
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    assert kills >= 2
    ch.run([made("one"), short("two")], 170, 3, out, model=_slow())
    mine, undisturbed = contents(out), contents(whole.folder)
    # Another class ran it, so its blocks have other names; their files are the same.
    assert sorted(_unnamed(mine)) == sorted(_unnamed(undisturbed))


def _slow():
    from batches import Slow

    return Slow


def _unnamed(found: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """Files with the names of blocks left out; markers and identity, which hold them, too."""
    parts = [(Path(p).parts, data) for p, data in found.items()]
    return [
        ("events" if part[0] == "events" else "/".join(part), data)
        for part, data in parts
        if part[0] not in ("blocks", "batch.json")
    ]


def test_a_full_disk_loses_nothing_that_was_computed(tmp_path, whole, monkeypatch):
    out = tmp_path / "b"
    real, n = files.write_whole, 0

    def full(path, data):
        nonlocal n
        n += 1
        if n > 60:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_name(f"{path.name}.1-2.part").write_bytes(data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_whole", full)
        patch.setattr("camphandover.batch.cubes.write_whole", full)
        with pytest.raises(BatchError, match=r"No space left.*is kept.*same command") as caught:
            again(out, workers=1)
    assert str(out) in str(caught.value)
    there = len(list((out / "blocks").glob("*.json")))
    assert there >= 1
    batch = again(out)
    assert computed(batch) <= 340 - there * 20
    assert contents(out) == contents(whole.folder)


def test_more_runs_compute_only_what_is_missing(tmp_path, whole):
    out = tmp_path / "b"
    scenarios = [made("one"), short("two")]
    ch.run(scenarios, 2 * BLOCK, 3, out, model=Scripted)
    larger = again(out)
    assert computed(larger) == 2 * (BLOCK + 20)
    assert contents(out) == contents(whole.folder)
    assert len(larger.manifest["sessions"]) == 2
    assert larger.control.sizes["replicate"] == 3 * BLOCK + 20
    with pytest.raises(BatchError, match="runs 170 there, 100 asked for"):
        ch.run(scenarios, 2 * BLOCK, 3, out, model=Scripted)


def test_a_last_block_that_was_not_full_is_replaced(tmp_path):
    out = tmp_path / "b"
    ch.run(made("one"), 20, 3, out, model=Scripted)
    ch.run(made("one"), 60, 3, out, model=Scripted)
    fresh = ch.run(made("one"), 60, 3, tmp_path / "fresh", model=Scripted)
    assert contents(out) == contents(fresh.folder)
    opened = ch.open_batch(out)
    assert (opened.control.load() == fresh.control.load()).all()
    assert opened.events.equals(fresh.events)
    assert ch.run(made("one"), 60, 3, out, model=Scripted, progress=never).reused


def check_published(batch: ch.Batch) -> None:
    """The folder, read by other programs or file by file, holds what the manifest names."""
    folder = batch.folder
    of_blocks = [store.read_marker(folder, block["name"]) for block in batch.manifest["blocks"]]
    named = {path for marker in of_blocks for path in marker.files}
    named |= {f"blocks/{block['name']}.json" for block in batch.manifest["blocks"]}
    described = {"batch.json", "manifest.json", ".lock", "parameters.parquet"}
    for path in folder.rglob("*"):
        inside = path.relative_to(folder).as_posix()
        is_chunk = re.search("/(control|sides|war|people)/c/", inside)
        if path.is_file() and (is_chunk or not inside.endswith((".yaml", "zarr.json", "/c/0"))):
            assert inside in named | described
        assert path.is_file() or any(path.iterdir())
    key = ["scenario", "replicate", "row"]
    plain = pd.read_parquet(folder / "events")
    plain = plain.astype(batch.events.dtypes).astype(str).sort_values(key, ignore_index=True)
    assert plain.equals(batch.events.astype(str).sort_values(key, ignore_index=True))
    with xr.open_zarr(folder / "control.zarr", mask_and_scale=False, consolidated=False) as cube:
        assert cube["control"].shape == batch.control.shape
        assert (cube["control"].to_numpy() == batch.control.to_numpy()).all()


def cut_off(out: Path, runs: int, after: int) -> None:
    """A batch that is interrupted once so many runs are there, and its folder left as a kill does.

    A writer that was killed leaves a file that is not finished.
    """

    def stop(done: int, total: int) -> None:
        if done >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ch.run(made("one"), runs, 3, out, workers=1, model=Scripted, progress=stop)
    for name in (
        "events/0123456789abcdef.parquet",
        "control.zarr/control/c/0/0/0/0/0",
        "batch.json",
    ):
        path = out / f"{name}.123-456.part"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")


@pytest.mark.parametrize(
    "steps",
    [[20, 60, 120], [60, 120], [(120, 50), 120], [60, (170, 120), 170], [50, (120, 70), 50]],
    ids=str,
)
def test_a_published_folder_holds_what_its_manifest_names(tmp_path, steps):
    """Grown, resumed, or left as it was after a growth that was cut off: `(runs, cut off at)`."""
    out = tmp_path / "b"
    for step in steps:
        if isinstance(step, tuple):
            cut_off(out, *step)
        else:
            batch = ch.run(made("one"), step, 3, out, model=Scripted)
            assert batch.runs == step
            check_published(batch)
    fresh = ch.run(made("one"), steps[-1], 3, tmp_path / "fresh", model=Scripted)
    assert contents(out) == contents(fresh.folder)
    mine = {path: path.write_text("mine") for path in (
        out / "notes.txt", out / "notes.123-456.part", out / "events" / "my-own.csv",
        out / "charts" / "kidal.png", out / "charts" / "a.png.123-456.part",
    ) if not path.parent.mkdir(exist_ok=True)}  # fmt: skip
    ch.run(made("one"), steps[-1], 3, out, model=Scripted, progress=never)
    assert all(path.exists() for path in mine)


def test_nothing_goes_before_the_new_manifest_stands(tmp_path, monkeypatch):
    out = tmp_path / "b"
    small = ch.run(made("one"), 60, 3, out, model=Scripted)
    before = small.events

    def killed(*_):
        assert ch.open_batch(out).runs == 110
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("camphandover.batch.store.tidy", killed)
        with pytest.raises(KeyboardInterrupt):
            ch.run(made("one"), 110, 3, out, model=Scripted)
    left = pd.read_parquet(out / "events")
    assert len(left) > len(ch.open_batch(out).events) > len(before)
    check_published(ch.run(made("one"), 110, 3, out, model=Scripted, progress=never))


def test_a_batch_that_is_growing_can_still_be_read(tmp_path):
    out = tmp_path / "b"
    ch.run(made("one"), 2 * BLOCK, 3, out, model=Scripted)

    def stop(done, total):
        if done > 3 * BLOCK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ch.run(made("one"), 6 * BLOCK, 3, out, workers=1, model=Scripted, progress=stop)
    small = ch.open_batch(out)
    assert small.runs == small.control.sizes["replicate"] == 2 * BLOCK
    assert small.people.sizes["replicate"] == 2 * BLOCK
    assert (small.control.load() >= 0).all()
    assert set(small.events["replicate"]) == set(range(2 * BLOCK))


def test_an_unfinished_batch_is_not_replaced_by_another(tmp_path):
    out = tmp_path / "b"

    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        again(out, workers=1, progress=stop)
    before = contents(out)
    with pytest.raises(BatchError, match="seed 3 there, 4 asked for"):
        ch.run([made("one"), short("two")], 170, 4, out, model=Scripted)
    assert contents(out) == before


# --- damage ------------------------------------------------------------------------------


def spoil(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "changed":
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    elif how == "truncated":
        path.write_bytes(bytes(data[:-20]))
    else:
        path.unlink()


CHUNKS = {
    "control": "control.zarr/control/c/0/1/0/0/0",
    "sides": "series.zarr/sides/c/0/1/0/0/0",
    "war": "series.zarr/war/c/0/1/0/0",
    "people": "people.zarr/people/c/0/1/0/0/0",
    "events": "events",
    "marker": "blocks",
}


def victim(folder: Path, part: str) -> Path:
    """A file of the second block of the first scenario."""
    path = folder / CHUNKS[part]
    if not path.is_dir():
        return path
    block = ch.open_batch(folder).manifest["blocks"][1]
    (found,) = path.glob(f"{block['name']}.*")
    return found


def read_all(batch: ch.Batch, part: str) -> None:
    if part in ("control", "marker"):
        batch.control.load()
    elif part == "events":
        _ = batch.events
    elif part == "people":
        batch.people.load()
    else:
        batch.series.load()


@pytest.mark.parametrize("how", ["changed", "truncated", "missing"])
@pytest.mark.parametrize("part", CHUNKS)
def test_damage_is_never_served_and_is_computed_again(tmp_path, whole, part, how):
    out = tmp_path / "b"
    again(out)
    path = victim(out, part)
    spoil(path, how)
    if (part, how) == ("marker", "changed"):
        path.write_text(path.read_text().replace('"files"', '"flies"'))
    with pytest.raises(BatchError, match=r"same command|batch's command") as caught:
        read_all(ch.open_batch(out), part)
    assert path.name in str(caught.value)
    said = []
    batch = again(out, say=said.append)
    assert not batch.reused
    assert computed(batch) == BLOCK
    if part != "marker":
        (sentence,) = said
        assert str(path) in sentence
        assert "replicates 50 to 99 of one are computed again" in sentence
    assert contents(out) == contents(whole.folder)
    read_all(batch, part)


def test_damage_is_a_warning_without_somebody_to_tell(tmp_path):
    out = tmp_path / "b"
    ch.run(made("one"), 3, out=out, model=Scripted)
    spoil(out / "control.zarr/control/c/0/0/0/0/0", "changed")
    with pytest.warns(UserWarning, match="computed again"):
        ch.run(made("one"), 3, out=out, model=Scripted)


def test_a_damaged_manifest_can_be_made_again(tmp_path, whole):
    out = tmp_path / "b"
    again(out)
    (out / "manifest.json").write_text("{")
    with pytest.raises(BatchError, match=r"manifest.json is damaged.*Delete it and run"):
        again(out)
    (out / "manifest.json").unlink()
    batch = again(out, progress=lambda done, total: None)
    assert computed(batch) == 0
    assert contents(out) == contents(whole.folder)
    (out / "batch.json").write_text("{")
    with pytest.raises(BatchError, match=r"batch.json is damaged.*give another folder"):
        again(out)


def test_a_batch_of_an_older_format_is_said(tmp_path):
    out = tmp_path / "b"
    ch.run(made("one"), 3, out=out, model=Scripted)
    for name in ("manifest.json", "batch.json"):
        content = json.loads((out / name).read_text())
        (out / name).write_text(json.dumps({**content, "format": 2}))
    with pytest.raises(BatchError, match="format 2, this version reads 4"):
        ch.open_batch(out)
    with pytest.raises(BatchError, match="format 2, this version reads 4"):
        ch.run(made("one"), 3, out=out, model=Scripted)


# --- a batch of today's format that was stored before --------------------------------------------


def test_a_stored_batch_of_this_format_stays_readable(tmp_path):
    """Ber goes to a joint unit on 15 August; three runs to the end of August, the whole ledger."""
    with zipfile.ZipFile(TESTS / "golden" / "format-5.zip") as stored:
        stored.extractall(tmp_path / "b")
    batch = ch.open_batch(tmp_path / "b")
    about = (batch.manifest["format"], batch.runs, batch.ledger, batch.failures)
    assert about == (5, 3, "full", [])
    ber = batch.control.sel(scenario="joint", place="Ber", slot="camp").load()
    held = [batch.holders[code] for code in ber[0, [0, 13, 14, -1]].to_numpy()]
    assert held == ["minusma", "minusma", "joint", "joint"]
    end = {"scenario": "joint", "date": "2023-08-31"}
    assert batch.series["men"].sel(**end, side="army", replicate=1) == 4937
    assert batch.series["war_truce"].dims == ("scenario", "replicate", "date")
    assert batch.people["residents"].sel(**end, place="Kidal", replicate=2) == 30880
    assert len(batch.events) == 576
    changes = batch.events.query("kind == 'control' and place == 'Ber'")
    assert changes["row"].tolist() == [109, 67, 103]
    assert changes["cause"].tolist() == [106, 64, 100]
    assert changes["after"].tolist() == ["joint"] * 3
    assert batch.parameters.loc["joint"].notna().all()
    assert batch.scenario("joint").window.end.isoformat() == "2023-08-31"
    (row,) = end_table(batch).rows
    assert row.army["Ber"].value == 0
    assert "0 [0, 56]" in str(end_table(batch))


# --- two at once -------------------------------------------------------------------------


def test_a_second_writer_is_refused_and_harms_nothing(tmp_path, whole):
    out = tmp_path / "b"
    errors = []

    def second(done, total):
        if done and not errors:
            code = (
                "import sys, camphandover as ch; from batches import Scripted, made, short; "
                "ch.run([made('one'), short('two')], 170, 3, sys.argv[1], model=Scripted)"
            )
            environment = {**os.environ, "PYTHONPATH": str(TESTS)}
            command = [sys.executable, "-c", code, str(out)]
            ran = subprocess.run(command, env=environment, capture_output=True, text=True)
            errors.append((ran.returncode, ran.stderr))

    again(out, progress=second)
    ((status, text),) = errors
    assert status != 0
    assert "is being written by another process" in text
    assert contents(out) == contents(whole.folder)
    assert again(out, progress=never).reused


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "f"
    texts = [bytes([65 + i]) * 200_000 for i in range(4)]

    def write(data):
        for _ in range(20):
            files.write_whole(path, data)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            assert path.read_bytes() in texts
    for thread in threads:
        thread.join()
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


# --- failures ----------------------------------------------------------------------------


def test_failures_are_told_again_by_a_batch_that_is_there(tmp_path):
    first = ch.run(made("one"), 60, 8, tmp_path / "b", model=Unlucky)
    second = ch.run(made("one"), 60, 8, tmp_path / "b", model=Unlucky, progress=never)
    assert second.reused
    assert second.failures == first.failures
    assert [f["replicate"] for f in second.failures] == [3]
    larger = ch.run(made("one"), 120, 8, tmp_path / "b", model=Unlucky)
    assert [f["replicate"] for f in larger.failures] == [3]


# --- how much of the ledger --------------------------------------------------------------


def test_changes_are_the_changes_of_control_and_what_led_to_them(tmp_path):
    full = ch.run("on-schedule", 6, 2023, tmp_path / "full").events
    kept = ch.run("on-schedule", 6, 2023, tmp_path / "changes", ledger="changes").events
    key = ["replicate", "row"]
    rows = full.set_index(key)
    wanted = set()
    for (replicate, row), event in rows.iterrows():
        if event["kind"] != "control":
            continue
        at = row
        while at is not None and (replicate, at) not in wanted:
            wanted.add((replicate, at))
            cause = rows.loc[(replicate, at), "cause"]
            at = None if pd.isna(cause) else int(cause)
    assert set(map(tuple, kept[key].to_numpy())) == wanted
    assert len(wanted) < len(full) / 3
    same = rows.loc[[tuple(k) for k in kept[key].to_numpy()]].reset_index()
    assert same[kept.columns].astype(str).equals(kept.reset_index(drop=True).astype(str))


def test_no_ledger_is_said(tmp_path):
    batch = ch.run(made("one"), 3, out=tmp_path / "b", model=Scripted, ledger="none")
    assert not (batch.folder / "events").exists()
    assert (batch.control.load() >= 0).all()
    with pytest.raises(BatchError, match="--ledger none"):
        _ = batch.events
    with pytest.raises(BatchError, match="ledger is 'some': one of full, changes, none"):
        ch.run(made("one"), 3, out=tmp_path / "c", model=Scripted, ledger="some")


def test_claims_need_the_whole_ledger(tmp_path):
    batch = ch.run(made("one"), 3, out=tmp_path / "b", model=Scripted, ledger="changes")
    for table in (ch.claims, ch.control_reports):
        with pytest.raises(BatchError, match="ledger"):
            table(batch)


def test_order_of_blocks_does_not_matter(tmp_path):
    one = ch.run([made("one"), short("two")], 120, 9, tmp_path / "1", workers=1, model=Sleepy)
    two = ch.run([made("one"), short("two")], 120, 9, tmp_path / "3", workers=3, model=Sleepy)
    assert contents(one.folder) == contents(two.folder)
