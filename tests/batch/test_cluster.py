"""Batches on a real Dask scheduler with real workers on loopback."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

import camphandover as ch
from batches import Deadly, Scripted, Slow, Unlucky, contents, made, short
from camphandover.batch import cluster as engine
from camphandover.cli.main import app
from camphandover.errors import BatchError

TESTS = Path(__file__).parents[1]
RUNS = 170
SECONDS = 60


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """A process of Dask's command line that can import the stand-ins."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(TESTS),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        "DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "5s",
    }
    command = [sys.executable, "-m", "dask", *arguments]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)


def stop(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Running:
    """A scheduler and its workers."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.folder = folder
        self.scheduler = start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--no-show", "--scheduler-file", str(self.file)),
        )
        self.workers: list[subprocess.Popen[bytes]] = []

    def add(self, *options: str) -> subprocess.Popen[bytes]:
        worker = start(
            *("worker", "--scheduler-file", str(self.file), "--host", "127.0.0.1"),
            *("--nthreads", "1", "--no-dashboard", "--local-directory", str(self.folder), *options),
        )
        self.workers.append(worker)
        return worker

    def address(self, n_workers: int) -> str:
        """Address of the scheduler, once so many workers are there."""
        from distributed import Client

        while not self.file.exists():
            assert self.scheduler.poll() is None
            time.sleep(0.05)
        with Client(scheduler_file=str(self.file), timeout=SECONDS) as client:
            if n_workers:
                client.wait_for_workers(n_workers, timeout=SECONDS)
            return str(client.scheduler.address)


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    here = Running(folder)
    try:
        yield here
    finally:
        stop(*here.workers, here.scheduler)


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Iterator[str]:
    """Address of a scheduler with two workers."""
    with running(tmp_path_factory.mktemp("dask")) as here:
        for _ in range(2):
            here.add("--no-nanny")
        yield here.address(2)


def local(out: Path, model=Scripted, runs: int = RUNS) -> ch.Batch:
    return ch.run([made("one"), short("two")], runs, 3, out, model=model)


def test_same_bytes_as_local_through_the_shared_folder(tmp_path, two):
    here = local(tmp_path / "local")
    there = ch.run(
        [made("one"), short("two")], RUNS, 3, tmp_path / "dask", model=Scripted, cluster=two
    )
    assert contents(there.folder) == contents(here.folder)
    (session,) = there.manifest["sessions"]
    assert (session["engine"], session["workers"]) == ("dask", 2)
    assert session["blocks_returned_through_the_cluster"] == 0
    assert not (there.folder / ".open.json").exists()


def test_same_bytes_as_local_without_a_shared_folder(tmp_path, two, monkeypatch):
    """The folder that workers are told of is one that they do not have."""
    real = engine.Cluster._token

    def elsewhere(self, plan, folder):
        return (str(tmp_path / "not" / "here"), real(self, plan, folder)[1])

    monkeypatch.setattr(engine.Cluster, "_token", elsewhere)
    here = local(tmp_path / "local")
    there = ch.run(
        [made("one"), short("two")], RUNS, 3, tmp_path / "dask", model=Scripted, cluster=two
    )
    assert contents(there.folder) == contents(here.folder)
    (session,) = there.manifest["sessions"]
    assert session["blocks_returned_through_the_cluster"] == 8


def test_a_cluster_goes_on_where_threads_were_cut_off(tmp_path, two):
    def halt(done, total):
        if done >= 100:
            raise KeyboardInterrupt

    out = tmp_path / "b"
    scenarios = [made("one"), short("two")]
    with pytest.raises(KeyboardInterrupt):
        ch.run(scenarios, RUNS, 3, out, workers=1, model=Scripted, progress=halt)
    batch = ch.run(scenarios, RUNS, 3, out, model=Scripted, cluster=two)
    assert batch.manifest["sessions"][-1]["reused"] >= 100
    assert contents(out) == contents(local(tmp_path / "local").folder)


def test_a_replicate_that_raises_is_recorded(tmp_path, two):
    batch = ch.run([made("one"), made("two")], 6, 8, tmp_path / "b", model=Unlucky, cluster=two)
    (failure,) = batch.failures
    assert (failure["scenario"], failure["replicate"]) == ("one", 3)
    assert "ZeroDivisionError: no men left" in failure["error"]
    assert (batch.control.sel(scenario="two").load() >= 0).all()


def test_a_worker_that_is_killed_costs_only_its_block(tmp_path):
    """One of two workers is killed in the middle; the bytes are those of an undisturbed batch."""
    with running(tmp_path) as here:
        victims = [here.add("--no-nanny") for _ in range(2)]
        address = here.address(2)
        killed = []

        def kill(done, total):
            if done and not killed:
                victims[0].send_signal(signal.SIGKILL)
                killed.append(done)

        out = tmp_path / "dask"
        scenarios = [made("one"), short("two")]
        batch = ch.run(scenarios, 400, 3, out, model=Slow, cluster=address, progress=kill)
        assert killed
        assert victims[0].wait(SECONDS) != 0
        assert killed[0] < 800
        assert batch.manifest["sessions"][0]["computed"] == 800
        assert not batch.failures
        assert contents(out) == contents(local(tmp_path / "local", Slow, 400).folder)


def test_a_replicate_that_kills_every_worker_is_recorded_and_the_others_finish(tmp_path):
    with running(tmp_path) as here:
        here.add("--nanny")
        here.add("--nanny")
        address = here.address(2)
        batch = ch.run(
            [made("one"), made("two")], 8, 8, tmp_path / "b", model=Deadly, cluster=address
        )
    (failure,) = batch.failures
    assert (failure["scenario"], failure["replicate"], failure["seed"]) == ("one", 3, 8)
    assert "every worker that ran it has died" in failure["error"]
    control = batch.control.load()
    assert (control.sel(scenario="one", replicate=3) == -1).all()
    assert (control.sel(scenario="one", replicate=[0, 1, 2, 4, 5, 6, 7]) >= 0).all()
    assert (control.sel(scenario="two") >= 0).all()


def test_the_real_model_gives_the_same_bytes(tmp_path, two):
    names = ["on-schedule", "kidal-only-to-separatists"]
    here = ch.run(names, 60, 2023, tmp_path / "local")
    result = CliRunner().invoke(
        app,
        ["run", *names, "--runs", "60", "--out", str(tmp_path / "dask"), "--cluster", two],
    )
    assert result.exit_code == 0, result.output
    assert contents(tmp_path / "dask") == contents(here.folder)


def test_no_scheduler_and_no_worker_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "CONNECT_SECONDS", 1)
    with pytest.raises(BatchError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"):
        ch.run(made("one"), 3, 1, tmp_path / "b", model=Scripted, cluster="tcp://127.0.0.1:9")
    with running(tmp_path) as here:
        address = here.address(0)
        with pytest.raises(BatchError, match=r"has no worker.*dask worker"):
            ch.run(made("one"), 3, 1, tmp_path / "b", model=Scripted, cluster=address)


def test_workers_with_other_rules_are_refused(tmp_path, two, monkeypatch):
    monkeypatch.setattr(engine, "code_digest", lambda: "0" * 64)
    with pytest.raises(BatchError, match=r"has other rules.*install the same version"):
        ch.run(made("one"), 3, 1, tmp_path / "b", model=Scripted, cluster=two)


def test_a_module_that_the_workers_lack_is_named(tmp_path, two, monkeypatch):
    file = tmp_path / "away_from_here.py"
    file.write_text("from batches import Scripted\nclass Mine(Scripted):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = importlib.import_module("away_from_here").Mine
    with pytest.raises(BatchError, match="have no module 'away_from_here'") as caught:
        ch.run(made("one"), 3, 3, tmp_path / "b", model=mine, cluster=two)
    assert f"client.upload_file('{file}')" in str(caught.value)
    assert "PYTHONPATH" in str(caught.value)
    from distributed import Client

    with Client(two) as client:
        client.upload_file(str(file))
        found = ch.run(made("one"), 3, 3, tmp_path / "b", model=mine, cluster=client)
    assert found.failures == []
