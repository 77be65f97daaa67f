"""What a user may say of batches that go on from what was known, and is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import camphandover as ch
from camphandover.cli.main import app
from camphandover.errors import BatchError, ScenarioError

ASKED = {"title": "A", "question": "B", "extends": "on-schedule"}
SWEEP = {**ASKED, "sweep": {"grid": {"known.until": ["2023-09-10", "2023-09-20"]}}}


def told(*arguments: str | Path) -> str:
    """What the command says of arguments that are wrong."""
    result = CliRunner().invoke(app, ["run", *map(str, arguments)])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("settings", [{"particles": 50}, {"history": "mine.csv"}])
def test_what_acts_on_the_known_past_alone_needs_one(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = Path(ch.__file__).parent / "facts" / "control_history.csv"
    (tmp_path / "mine.csv").write_bytes(record.read_bytes())
    ((name, value),) = settings.items()
    message = f"{name} is given, and nothing is known: give known_until"
    with pytest.raises(BatchError, match=message):
        ch.run("on-schedule", 2, out="b", progress=False, **settings)
    assert message in told("on-schedule", "--runs", "2", "--out", "b", f"--{name}", str(value))
    assert not (tmp_path / "b").exists()


def test_a_sweep_of_the_day_and_the_argument_exclude_each_other(tmp_path):
    assert [str(point.known.until) for point in ch.load_points(SWEEP, "s")] == [
        "2023-09-10",
        "2023-09-20",
    ]
    with pytest.raises(ScenarioError, match="until: the sweep sets it, and it is given beside"):
        ch.load_points(SWEEP, "s", {"until": "2023-09-15"})
    others = ch.load_points(SWEEP, "s", {"particles": 50})
    assert {point.known.particles for point in others} == {50}
    file = tmp_path / "s.yaml"
    days = "sweep:\n  grid:\n    known.until: [2023-09-10, 2023-09-20]\n"
    file.write_text(f"title: A\nquestion: B\nextends: on-schedule\n{days}")
    said = told(file, "--known-until", "2023-09-15", "--out", tmp_path / "b")
    assert "s.yaml:6:19: until: the sweep sets it, and it is given beside the file" in said


def test_what_an_origin_does_not_take_is_told_in_its_name():
    with pytest.raises(TypeError, match=r"^origin\(\) got an unexpected keyword argument 'seeds'"):
        ch.origin("on-schedule", seeds=3)
    with pytest.raises(BatchError, match="goes on from nothing that is known"):
        ch.origin("on-schedule")
