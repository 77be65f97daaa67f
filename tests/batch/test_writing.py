"""Results that cannot be written: no command ends in a traceback, and none loses what it found."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import camphandover as ch
from batches import Scripted
from camphandover.batch import files
from camphandover.cli.main import app
from camphandover.errors import CannotWrite

KIDAL = ("--place", "Kidal")
COMMANDS = {
    "run": ("run", "one.yaml", "--runs", "3"),
    "plot": ("plot", "b"),
    "plot control": ("plot", "b", "--kind", "control", *KIDAL),
    "plot map": ("plot", "b", "--kind", "map", "--date", "2023-11-15", "--scenario", "on-schedule"),
    "plot animation": ("plot", "b", "--kind", "animation", "--scenario", "on-schedule"),
    "compare": ("compare", "b", "on-schedule", "early", "--json", "found.json"),
    "why": ("why", "b", "--scenario", "early", "--replicate", "0", *KIDAL, "--no-alternatives",
            "--json", "found.json"),
    "why summary": ("why", "b", "--scenario", "early", "--summary", *KIDAL,
                    "--json", "found.json"),
    "diverge": ("diverge", "b", "on-schedule", "early", "--replicate", "0", "--json", "found.json"),
    "report": ("report", "b"),
    "score": ("score", "b"),
    "patterns": ("patterns", "b"),
    "validation": ("validation", "--hindcast", "b", "--prior", "b", "--out", "page.md"),
    "sensitivity": ("sensitivity", "on-schedule", "--trajectories", "2", "--draws", "1",
                    "--parameter", "ied_rate"),
    "discover": ("discover", "on-schedule", *KIDAL, "--points", "40", "--runs", "1",
                 "--retest", "10", "--boxes", "1"),
    "calibrate": ("calibrate", "--quick"),
    "evidence": ("evidence", "on-schedule", "early", "--particles", "2", "--filters", "2",
                 "--until", "2023-08-04", "--out", "b/charts"),
    "hindcast": ("hindcast", "--particles", "3", "--every", "28d", "--until", "2023-10-22"),
}  # fmt: skip
"""Every command that writes something, with its own place for it."""
WRITES_NOTHING = {"validate", "explain", "diff", "schema", "verify", "serve"}
FINDS = {
    "run": "runs/one/charts", "compare": "found.json", "why": "found.json",
    "why summary": "found.json", "diverge": "found.json", "score": "b/charts",
    "patterns": "b/charts", "evidence": "b/charts", "sensitivity": "charts", "discover": "charts",
    "hindcast": "charts",
}  # fmt: skip
"""Commands that print what they have found and then write it, with what they write."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("writing") / "b"
    return ch.run(["on-schedule", "early"], 3, out=folder, progress=False).folder


@pytest.fixture
def here(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(stored, tmp_path / "b")
    form = "title: One\nquestion: Why?\nextends: on-schedule\n"
    (tmp_path / "one.yaml").write_text(form.replace("on-schedule", str(SCENARIO)))
    return tmp_path


SCENARIO = Path(ch.__file__).parents[2] / "scenarios" / "on-schedule.yaml"


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def check_told(result: Result, path: str) -> None:
    """Status 1 or 2, what it was about, and no traceback."""
    assert result.exit_code in (1, 2), result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert path in result.stderr


def test_all_commands_are_tried() -> None:
    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert names == {arguments[0] for arguments in COMMANDS.values()} | WRITES_NOTHING


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"validation"}))
def test_a_full_disk_is_told(name: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    result = call(*COMMANDS[name])
    check_told(result, "cannot be written: ")
    assert "No space left on device" in result.stderr
    assert result.exit_code == 1
    assert not list(here.rglob("*.part"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_place_that_cannot_be_written_is_told(name: str, here: Path) -> None:
    """Where a folder is needed there is a file, and where a file is, a folder: root obeys, too."""
    for folder in (here / "found.json", here / "b" / "report.html", here / "page.md"):
        folder.mkdir()
    shutil.rmtree(here / "b" / "charts", ignore_errors=True)
    for file in (here / "b" / "charts", here / "runs"):
        file.touch()
    result = call(*COMMANDS[name])
    named = [file for file in ("found.json", "page.md") if file in COMMANDS[name]]
    check_told(result, named[0] if named else "/")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_missing_folder_is_told_or_made(name: str, here: Path) -> None:
    (here / "file").touch()
    arguments = [argument for argument in COMMANDS[name] if not argument.endswith(".json")]
    arguments = [argument for argument in arguments if argument not in ("--json", "--out")]
    option = "--json" if "--json" in COMMANDS[name] else "--out"
    target = "file/nowhere.json" if option == "--json" else "file/nowhere"
    result = call(*[one for one in arguments if one != "page.md"], option, target)
    check_told(result, "file")


@pytest.mark.parametrize("name", FINDS)
def test_what_was_found_is_printed_though_it_cannot_be_written(
    name: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = call(*COMMANDS[name])
    assert whole.exit_code == 0, whole.output
    replace = os.replace

    def refused(source: Path, target: Path) -> None:
        if target.name == "found.json" or target.parent.name == "charts":
            raise OSError(errno.EROFS, "Read-only file system")
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", refused)
    for chart in here.rglob("charts/*.png"):
        chart.unlink()
    result = call(*COMMANDS[name])
    assert result.stdout == whole.stdout
    assert result.exit_code == 1
    check_told(result, FINDS[name])
    assert "Read-only file system" in result.stderr


def test_charts_of_a_batch_that_is_read_only_may_lie_elsewhere(here: Path) -> None:
    (here / "b" / "charts").touch()
    for command in ("score", "patterns"):
        result = call(command, "b", "--out", "elsewhere")
        assert result.exit_code == 0, result.output
    assert len(list((here / "elsewhere").glob("*.png"))) == 5


def test_python_names_the_path(here: Path) -> None:
    batch = ch.open_batch(here / "b")
    (here / "file").touch()
    target = here / "file" / "x.gif"
    writers: list[Callable[[], object]] = [
        lambda: ch.compare(batch, "early", "on-schedule").write_json(target),
        lambda: ch.write_report(batch, target),
        lambda: ch.plots.draw_batch(batch, target),
        lambda: ch.plots.animate_map(batch, target, "early", step=100),
        lambda: ch.run("early", 1, out=target, model=Scripted, progress=False),
    ]
    for write in writers:
        with pytest.raises(CannotWrite, match=str(target)) as caught:
            write()
        assert isinstance(caught.value, ch.BatchError)
