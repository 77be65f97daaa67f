"""Blocks computed again and compared with what is stored."""

from __future__ import annotations

import json
from functools import partial

import pytest
from typer.testing import CliRunner

import camphandover as ch
from batches import Scripted, Unlucky, made, short
from camphandover.batch.files import stamp
from camphandover.cli.main import app
from camphandover.errors import BatchError


def call(*arguments: str):
    return CliRunner().invoke(app, ["verify", *arguments])


@pytest.fixture
def stored(tmp_path):
    """A batch of the stand-in: two scenarios, two blocks each."""
    return ch.run([made("one"), short("two")], 70, 3, tmp_path / "b", model=Scripted)


def test_the_same_bytes(stored):
    found = ch.verify(stored, blocks=9, model=Scripted)
    assert (len(found.blocks), found.all_blocks, found.differences) == (4, 4, [])


def test_a_sample_is_drawn_by_its_seed(stored):
    def chosen(seed):
        return [block.name for _, block in ch.verify(stored, 2, Scripted, seed).blocks]

    assert chosen(1) == chosen(1)
    assert len(chosen(1)) == 2
    assert len({tuple(chosen(seed)) for seed in range(12)}) > 2


def test_failures_are_part_of_it(tmp_path):
    batch = ch.run(made("one"), 6, 8, tmp_path / "b", model=Unlucky)
    assert ch.verify(batch, model=Unlucky).differences == []


def test_sampled_parameters_are_drawn_again(tmp_path):
    batch = ch.run(made("one"), 70, 8, tmp_path / "b", model=Scripted, sample_parameters=True)
    assert ch.verify(batch, model=Scripted).differences == []


@pytest.mark.parametrize("with_checksum", [False, True])
def test_another_result_is_found_even_if_its_checksum_is_right(stored, with_checksum):
    name = "control.zarr/control/c/1/0/0/0/0"
    path = stored.folder / name
    data = path.read_bytes()
    path.write_bytes(data + b"\0")
    if with_checksum:
        block = next(b for b in stored.manifest["blocks"] if b["scenario"] == "two")
        marker = stored.folder / "blocks" / f"{block['name']}.json"
        content = json.loads(marker.read_text())
        content["files"][name] = stamp(data + b"\0")
        marker.write_text(json.dumps(content))
    (difference,) = ch.verify(stored, blocks=4, model=Scripted).differences
    assert name in difference
    assert "differs" in difference


def test_what_cannot_be_computed_here_is_said(stored, monkeypatch):
    with pytest.raises(BatchError, match=r"run by batches:Scripted.*ch.verify\(batch, model="):
        ch.verify(stored)
    with pytest.raises(BatchError, match="blocks is 0"):
        ch.verify(stored, 0, model=Scripted)
    monkeypatch.setattr("camphandover.batch.verify.code_digest", lambda: "0" * 64)
    with pytest.raises(BatchError, match="the code of the rules changed since"):
        ch.verify(stored, model=Scripted)


def test_another_scenario_file_is_said(stored):
    path = stored.folder / "scenarios" / "one.yaml"
    path.write_text(path.read_text().replace("scale: 1.0", "scale: 0.5"))
    with pytest.raises(BatchError, match=r"one.yaml is not the scenario that was run"):
        ch.verify(stored, model=Scripted)


def test_bound_arguments_are_part_of_the_model(tmp_path):
    class Mine(Scripted):
        """A user's model."""

        def __init__(self, of, seed, extra=0):
            super().__init__(of, seed)

    batch = ch.run(made("one"), 3, 8, tmp_path / "b", model=partial(Mine, extra=1))
    assert ch.verify(batch, model=partial(Mine, extra=1)).differences == []
    with pytest.raises(BatchError, match="not by"):
        ch.verify(batch, model=partial(Mine, extra=2))


def test_the_command(tmp_path):
    batch = ch.run("on-schedule", 60, 5, tmp_path / "b")
    result = call(str(batch.folder), "--blocks", "1", "--choose", "3")
    assert result.exit_code == 0, result.output
    assert "1 of 2 blocks computed again: the same bytes." in result.stdout
    path = batch.folder / "series.zarr/sides/c/0/1/0/0/0"
    path.write_bytes(path.read_bytes()[:-1])
    result = call(str(batch.folder))
    assert result.exit_code == 1
    assert "2 of 2 blocks computed again: not the same" in result.stderr
    assert str(path) in result.stderr
    assert "Traceback" not in result.output
    assert call(str(tmp_path / "nowhere")).exit_code == 2
