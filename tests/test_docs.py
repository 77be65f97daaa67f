"""The README and the manual do what they say: commands and Python run, with few replicates."""

from __future__ import annotations

import glob
import re
import shlex
import shutil
from pathlib import Path

import matplotlib as mpl
import pytest
from typer.testing import CliRunner

from camphandover.cli.main import app
from camphandover.measure import outcomes

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "README.md", ROOT / "model" / "MANUAL.md")
FEW = {
    "run": ["--runs", "2"],
    "sensitivity": ["--trajectories", "2", "--draws", "1"],
    "hindcast": ["--particles", "3", "--every", "28d"],
    "discover": ["--points", "60", "--runs", "1", "--retest", "10"],
    "evidence": ["--particles", "2", "--filters", "2", "--until", "2023-08-10"],
}
"""Options, by command, that make it short; the last one of an option counts."""
ELSEWHERE = {
    "pip install": "installs",
    "pytest": "this very command",
    "calibrate": "a quarter of an hour; test_calibration runs it",
    "dask": "another terminal; test_cluster starts a scheduler and workers",
    "--cluster": "likewise",
    "serve": "does not end by itself; test_page opens it",
    "mutate.py": "takes long, and is no part of CI",
    "jupyter": "does not end by itself; test_notebooks runs the notebooks",
}
"""What is not executed here, by a word of it, and why."""
SAVED = re.compile(r"[Ss]ave this as `([\w.-]+)`")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(doc: Path) -> list[tuple[str, str, str]]:
    """Language, content and the paragraph before it, of each fenced block."""
    text = doc.read_text()
    return [
        (m[1], m[2], text[: m.start()].rstrip().rsplit("\n\n", 1)[-1]) for m in FENCE.finditer(text)
    ]


def commands(doc: Path) -> list[str]:
    lines = [
        line for kind, body, _ in blocks(doc) if not kind for line in body.splitlines() if line
    ]
    return [line for line in lines if line.startswith(("uv run", "pip"))]


def is_elsewhere(command: str) -> bool:
    return any(word in command for word in ELSEWHERE)


def execute(command: str) -> None:
    words = shlex.split(command.removeprefix("uv run "))
    assert words[0] == "camphandover", command
    _, name, *rest = words
    rest = [found for word in rest for found in (sorted(glob.glob(word)) or [word])]
    for option, value in zip(FEW.get(name, [])[::2], FEW.get(name, [])[1::2], strict=True):
        if option in rest:
            at = rest.index(option)
            del rest[at : at + 2]
        rest += [option, value]
    if name == "run" and not any(word.startswith(("on-", "my-")) for word in rest):
        rest.append("--no-charts")  # of the whole library they would take long
    result = CliRunner().invoke(app, [name, *rest])
    assert result.exit_code == 0, f"{command}\n{result.output}\n{result.exception!r}"


def few(source: str) -> str:
    return re.sub(r"runs=\d+", "runs=2", source)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the library and what the README says to save; charts open no window."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(outcomes, "REGISTRY", dict(outcomes.REGISTRY))
    mpl.use("Agg")
    for kind, body, before in (block for doc in DOCS for block in blocks(doc)):
        if kind and (saved := SAVED.search(before)):
            (tmp_path / saved[1]).write_text(body)
    return tmp_path


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.stem)
def test_commands_and_python_do_what_is_said(doc, here):
    assert (here / "my-scenario.yaml").is_file()
    for kind, body, before in blocks(doc):
        if not kind:
            for line in body.splitlines():
                if line.startswith("uv run") and not is_elsewhere(line):
                    execute(line)
        elif kind == "python" and not SAVED.search(before):
            exec(compile(few(body), str(doc), "exec"), {"__name__": "__main__"})
        elif kind == "yaml" and "sweep:" in body:
            (here / "swept.yaml").write_text(f"extends: my-scenario.yaml\n{body}")
            execute("uv run camphandover validate swept.yaml")


def test_what_is_not_executed_is_still_said():
    said = [command for doc in DOCS for command in commands(doc)]
    for word in ELSEWHERE:
        assert any(word in command for command in said), word
    assert sum(not is_elsewhere(command) for command in said) > 20


def test_the_readme_is_one_page():
    assert len(DOCS[0].read_text().splitlines()) <= 70


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.stem)
def test_links_lead_somewhere(doc):
    headings = {
        other: {
            re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
            for line in other.read_text().splitlines()
            if line.startswith("#")
        }
        for other in DOCS
    }
    for target in re.findall(r"\]\(([^)\s]+)\)", doc.read_text()):
        if target.startswith("http"):
            continue
        path, _, heading = target.partition("#")
        file = (doc.parent / path).resolve() if path else doc
        assert file.exists(), target
        assert not heading or heading in headings[file], target
