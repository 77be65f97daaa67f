"""The report of a batch: one file, whole, true to the batch."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

import camphandover as ch
from batches import Scripted, Unlucky, made, short
from camphandover.cli.main import app
from camphandover.errors import BatchError
from camphandover.judge.end_table import end_table
from camphandover.say.report import page, rendered

WILD = "<b>Who</b> & \"why\" <script>alert('x')</script>?"
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """What a browser would find: texts, addresses, tags that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def batch(tmp_path_factory) -> ch.Batch:
    """Three scenarios, one with another window and one with a question full of signs."""
    scenarios = [made("one"), short("two"), made("wild", title="A <i>title</i>", question=WILD)]
    out = tmp_path_factory.mktemp("report") / "b"
    return ch.run(scenarios, 12, 3, out, model=Scripted)


@pytest.fixture(scope="module")
def read(batch) -> Page:
    return Page(page(batch))


def test_it_needs_nothing_else(read):
    assert read.open == []
    assert "script" not in read.tags
    assert "link" not in read.tags
    for address in read.addresses:
        assert address.startswith(("data:image/png;base64,", "#"))
    for address in read.addresses:
        if address.startswith("#"):
            assert address[1:] in {
                "asked",
                "holders",
                "time",
                "ground",
                "differences",
                "maps",
                "caveats",
                "files",
            }
        else:
            data = base64.b64decode(address.partition(",")[2], validate=True)
            assert data.startswith(b"\x89PNG")


def test_every_part_is_there(read, batch):
    pictures = [address for address in read.addresses if address.startswith("data:")]
    assert len(pictures) == 6 + 2 + 2 + 3
    for name in batch.scenarios:
        assert name in read.text
        assert batch.scenario(name).to_yaml() in read.text
    assert f"12 runs of\neach, seed {batch.seed}" in read.text
    assert "What these runs cannot say" in read.text
    assert batch.manifest["core"] in read.text


def test_texts_of_users_are_texts(read):
    assert WILD in read.text
    assert "A <i>title</i>" in read.text


def test_figures_are_those_of_the_table(read, batch):
    for row in end_table(batch).rows:
        low, high = (round(100 * bound) for bound in row.army["Kidal"][1:])
        assert f"{round(100 * row.army['Kidal'].value)} [{low}, {high}]" in read.text
    days = ch.compare(batch, "two", "one").select("days_held", "Kidal", "minusma").iloc[0]
    assert f"{days.difference:.1f}" in read.text


def test_what_differs_is_told(tmp_path):
    changed = made("other", airpower={"scale": 0.5}, handover={"camps": {"Kidal": {"shift": 9}}})
    told = Page(page(ch.run([made("one"), changed], 3, 3, tmp_path / "b", model=Scripted))).text
    assert "airpower.scale: 1 -> 0.5" in told
    assert "Kidal: exit 2023-11-15 -> 2023-11-24" in told
    assert "Nothing differs in any run." in told


def test_one_scenario_has_nothing_to_compare(tmp_path):
    told = Page(page(ch.run(made("one"), 3, 3, tmp_path / "b", model=Scripted)))
    assert "Run by run" not in told.text
    assert "#differences" not in told.addresses


def test_caveats_follow_the_batch(tmp_path):
    def of(name: str, **options) -> str:
        stored = ch.run(made("one"), 100, 8, tmp_path / name, **options)
        documents = ("asked", "holders", "time", "ground", "differences", "maps", "failures")
        said = dict.fromkeys((*documents, "files", "pasts", "warnings"), ())
        return " ".join(Page(rendered({"batch": stored, "base": "one", **said})).text.split())

    plain = of("plain", model=Scripted)
    assert "about 10 percentage points" in plain
    assert "same parameters" in plain
    assert "knows events after 17 September 2023" in plain
    assert "runs failed" not in plain
    sampled = of("sampled", model=Scripted, sample_parameters=True, evidence="prior")
    assert "drew its parameters" in sampled
    assert "no number of this set" in sampled
    assert "1 runs failed" in of("unlucky", model=Unlucky)


def test_failed_runs_are_listed(tmp_path):
    told = Page(page(ch.run([made("one"), made("two")], 6, 8, tmp_path / "b", model=Unlucky))).text
    assert "one, replicate 3: ZeroDivisionError: no men left" in told
    assert "5 pairs" in told


def test_the_command(batch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str):
        return CliRunner().invoke(app, ["report", str(batch.folder), *arguments])

    assert call().exit_code == 0
    text = (batch.folder / "report.html").read_text(encoding="utf-8")
    assert text == page(batch)
    assert call("--out", "r.html", "--against", "two").exit_code == 0
    assert "What differs from two" in Path("r.html").read_text(encoding="utf-8")
    for arguments, words in {
        ("--against", "three"): "no scenario 'three'; it holds one, two, wild",
        ("--out", "nowhere/r.html"): "--out nowhere/r.html: its folder is not there",
    }.items():
        result = call(*arguments)
        assert result.exit_code == 2
        assert re.search(re.escape(words), result.stderr)
    with pytest.raises(BatchError):
        page(batch, "three")
