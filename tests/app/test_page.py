"""The page: edits and their files, the live model, the pair, the server, all in a real browser."""

from __future__ import annotations

import asyncio
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import camphandover as ch
from camphandover import scenario
from camphandover.app import edit as editing
from camphandover.app import figures, live, server
from camphandover.app.edit import Edit, Parent
from camphandover.app.pair import run_pair
from camphandover.cli.serve import serve
from camphandover.errors import BatchError, ScenarioError
from camphandover.measure.events import event_of
from worlds import compiled_only

MISSING = Path("there-is-no-such-folder")
PNG = b"\x89PNG"


def parent(name: str = "on-schedule") -> Parent:
    return editing.parents(MISSING)[name]


def edit(name: str = "on-schedule", place: str = "Kidal", **texts: str) -> Edit:
    return Edit(name).with_camp(place, **texts)


def clause_of(change: Edit) -> Any:
    """What the file of an edit holds for Kidal."""
    content = yaml.safe_load(editing.to_yaml(change, parent(change.parent)))
    return content.get("handover", {}).get("camps", {}).get("Kidal")


# --- edits -------------------------------------------------------------------------------


def test_an_edit_holds_only_what_differs():
    change = edit(
        when="2023-12-10", receiver="separatists", notice_army="45", notice_separatists=" "
    )
    content = yaml.safe_load(editing.to_yaml(change, parent()))
    kidal = {"exit": date(2023, 12, 10), "receiver": "separatists"}
    assert content == {
        "title": "on-schedule, but Kidal exit 2023-12-10, receiver separatists",
        "extends": "on-schedule",
        "handover": {"camps": {"Kidal": kidal}},
    }


def test_an_edit_changes_nothing_else():
    before, after = parent().scenario, editing.resolve(edit(notice_army="7"), parent())
    assert [str(change) for change in editing.changes(after, before)] == [
        "Kidal: notice_army 45 -> 7"
    ]
    assert after.name == "on-schedule-edited"


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"when": "2023-11-15"},
        {"when": "plan"},
        {"when": "+0"},
        {"receiver": "army"},
        {"notice_army": "45", "notice_separatists": " 45 "},
    ],
)
def test_what_is_as_in_the_parent_is_left_out(texts):
    assert clause_of(edit(**texts)) is None
    assert editing.resolve(edit(**texts), parent()).digest() == parent().scenario.digest()


@pytest.mark.parametrize("name", ["on-schedule", "early", "historical", "un-stays-to-june-2024"])
@pytest.mark.parametrize("text", ["2023-10-05", "+11", "-9", "plan", "actual"])
def test_the_date_is_what_was_asked_for_whatever_the_parent_shifts(name, text):
    base = parent(name)
    camp = next(camp for camp in ch.NorthernMali().theatre.camps if camp.place == "Kidal")
    before = base.scenario.camps["Kidal"].exit
    expected = {"plan": camp.planned, "actual": camp.actual}.get(text)
    if text[0] in "+-":
        expected = before + timedelta(int(text))
    after = editing.resolve(edit(name, when=text), base).camps["Kidal"]
    assert after.exit == (expected or date.fromisoformat(text))
    assert after.model_dump(exclude={"exit"}) == base.scenario.camps["Kidal"].model_dump(
        exclude={"exit"}
    )


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"when": "31 Oct"}, "Kidal: exit: '31 Oct' is not an exit"),
        ({"when": "2023-13-01"}, "month must be in 1..12"),
        ({"when": "2025-01-01"}, "after the window ends on 2023-12-31 (an exit from 2023-08-01"),
        ({"when": "-200"}, "before the window starts"),
        ({"when": "+9999"}, "too large (at most 365)"),
        ({"receiver": "the-moon"}, "'the-moon' is not allowed"),
        ({"notice_army": "soon"}, "Kidal, notice: army: 'soon' has the wrong type"),
        ({"notice_separatists": "-1"}, "too small (at least 0)"),
    ],
)
def test_bad_input_is_told_in_the_words_of_the_scenario_package(texts, expected):
    with pytest.raises(ScenarioError) as caught:
        editing.resolve(edit(**texts), parent())
    (message,) = editing.messages(caught.value)
    assert expected in message
    assert "scenario." not in message


def test_all_faults_of_all_camps_are_told():
    change = edit(when="x").with_camp("Gao", receiver="y").with_camp("Nowhere", receiver="army")
    with pytest.raises(ScenarioError) as caught:
        editing.resolve(change, parent())
    told = "\n".join(editing.messages(caught.value))
    assert all(word in told for word in ("Kidal: exit", "Gao: receiver", "unknown place 'Nowhere'"))


def test_an_undone_camp_is_as_if_it_had_never_been_edited():
    change = edit(when="+5").with_camp("Gao", receiver="joint").with_camp("Kidal", when="")
    assert list(change.camps) == ["Gao"]


def test_own_files_can_be_parents_and_hide_those_of_the_library(tmp_path):
    (tmp_path / "mine.yaml").write_text("extends: early\ntitle: Mine\n")
    (tmp_path / "delayed.yaml").write_text("extends: on-schedule\ntitle: Hidden\n")
    known = editing.parents(tmp_path)
    assert list(known)[:2] == ["on-schedule", "mine"]
    assert known["mine"].scenario.title == "Mine"
    assert known["delayed"].scenario.title == "Hidden"
    path, saved = editing.save(edit("mine", when="+1"), known["mine"], tmp_path, "child")
    assert yaml.safe_load(path.read_text())["extends"] == "mine"
    assert saved.camps["Kidal"].exit == known["mine"].scenario.camps["Kidal"].exit + timedelta(1)


def test_a_parent_with_a_sweep_is_its_file_without_it(tmp_path):
    sweep = "extends: on-schedule\nsweep:\n  grid:\n    handover.camps.Kidal.shift: [1, 2]\n"
    (tmp_path / "many.yaml").write_text(sweep)
    many = editing.parents(tmp_path)["many"]
    assert many.scenario.digest() == parent().scenario.digest()
    assert editing.resolve(edit("many", when="+3"), many).camps["Kidal"].exit == date(2023, 11, 18)


# --- known until a day -------------------------------------------------------------------

DAY = "2023-09-20"


def known_edit(until: str = DAY, name: str = "on-schedule", **kidal: str) -> Edit:
    return edit(name, **kidal).with_text("known_until", until)


def test_an_edit_says_until_which_day_all_is_known():
    change = known_edit(receiver="joint")
    assert yaml.safe_load(editing.to_yaml(change, parent())) == {
        "title": f"on-schedule, but known until {DAY}; Kidal receiver joint",
        "extends": "on-schedule",
        "known": {"until": date.fromisoformat(DAY)},
        "handover": {"camps": {"Kidal": {"receiver": "joint"}}},
    }
    assert "known" not in yaml.safe_load(editing.to_yaml(known_edit("none"), parent()))


def test_a_file_with_known_is_edited_and_saved(tmp_path):
    own = f"extends: on-schedule\nquestion: Who?\nknown:\n  until: {DAY}\n  particles: 300\n"
    (tmp_path / "mine.yaml").write_text(own)
    mine = editing.parents(tmp_path)["mine"]
    assert not editing.draft(known_edit(name="mine"), mine).is_new
    _, later = editing.save(known_edit("2023-10-01", "mine"), mine, tmp_path, "later")
    assert (later.known.until, later.known.particles) == (date(2023, 10, 1), 300)
    path, never = editing.save(known_edit("none", "mine"), mine, tmp_path, "never")
    assert never.known.until is None
    assert yaml.safe_load(path.read_text())["known"] == {"until": None}
    _, kidal = editing.save(edit("mine", when="+5"), mine, tmp_path, "kidal")
    assert kidal.known == mine.scenario.known


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (known_edit("soon"), "known: until: 'soon' is not a date"),
        (known_edit("2023-12-31"), "outside the window"),
        (known_edit(when="2023-09-10"), "Kidal: the UN would leave on 2023-09-10, and was there"),
        (known_edit().with_camp("Ber", receiver="joint"), "Ber: the UN left on 2023-08-13"),
        (known_edit(name="no-wagner"), "foreign.wagner: false would act on 2023-08-01"),
    ],
)
def test_what_would_change_the_past_is_a_fault_of_the_form(change, expected):
    drafted = editing.draft(change, parent(change.parent))
    assert drafted.scenario is None
    (fault,) = drafted.faults
    assert expected in fault


def known_scenario(**kidal: str) -> Any:
    return editing.resolve(known_edit(**kidal), parent())


@compiled_only
def test_the_live_model_is_the_run_that_a_batch_goes_on_with(tmp_path):
    chosen = known_scenario()
    batch = ch.run(live.few(chosen), 2, out=tmp_path / "b", progress=False)
    model = live.LiveModel(lambda: (chosen, 2023), 1)
    assert live.ORIGINS.has(known_scenario(receiver="joint"), 2023)
    assert not live.ORIGINS.has(editing.resolve(known_edit("2023-09-21"), parent()), 2023)
    assert live.status(model) == (
        "on-schedule-edited, run 1, seed 2023, known until 20 September 2023: "
        "evening of 20 September 2023, 51 of 153 days played"
    )
    assert (live.is_new(model), live.is_at_origin(model)) == (True, True)
    maps = [figures.map_png(model)]
    while not model.finished:
        model.step()
    assert (live.is_new(model), live.is_at_origin(model)) == (False, False)
    control = batch.control.sel(scenario=chosen.name, replicate=1, slot="camp")
    assert np.array_equal(live.camps(model)["share"].argmax("holder"), control)
    assert live.days_known(made()) == 0
    assert figures.map_png(model) not in maps


@compiled_only
def test_the_chart_has_a_line_at_the_day_that_is_known():
    figure = figures.control_figure(live.LiveModel(lambda: (known_scenario(), 2023)))
    night = (date.fromisoformat(DAY) - date(1970, 1, 1)).days + 1
    lines = [[line.get_xdata() for line in ax.get_lines() if line.get_gid()] for ax in figure.axes]
    assert np.array(lines).shape[0] == len(figure.axes) == 2
    assert (np.array(lines) == night).all()
    unmarked = figures.control_figure(made()).axes
    assert not any(line.get_gid() for ax in unmarked for line in ax.get_lines())


@compiled_only
def test_a_pair_goes_on_from_one_past(tmp_path):
    edited, base = known_scenario(receiver="joint"), parent().scenario
    live.ORIGINS.of(edited, 2023)
    pair = run_pair(edited, base, 4, folder=tmp_path / "pair" / "b")
    batch = ch.open_batch(tmp_path / "pair" / "b")
    assert batch.origin(edited.name).n == batch.origin(base.name).n == 200
    one, other = (batch.control.sel(scenario=name) for name in (edited.name, base.name))
    same = (one == other).all(("replicate", "place", "slot")).to_series()
    assert same[:DAY].all()
    assert not same.all()
    assert pair.comparison.n == 4
    with pytest.raises(BatchError, match=f"nowhere after {DAY}"):
        run_pair(known_scenario(), base, 4)
    early = editing.resolve(
        known_edit("2023-10-20", "early", when="plan")
        .with_camp("Douentza", when="plan").with_camp("Tessalit", when="plan")
        .with_camp("Aguelhok", when="plan"),
        parent("early"),
    )  # fmt: skip
    with pytest.raises(ScenarioError, match="the UN would leave on"):
        run_pair(early, parent("early").scenario, 4)


# --- saving ------------------------------------------------------------------------------


def test_saving_leaves_a_file_that_loads_to_the_edited_scenario(tmp_path):
    change = Edit(title="Kidal: later", question='Does "joint" hold?').with_camp(
        "Kidal", when="+20", receiver="joint"
    )
    path, saved = editing.save(change, parent(), tmp_path / "new" / "folder", "kidal_2.yaml")
    assert path == tmp_path / "new" / "folder" / "kidal_2.yaml"
    assert (saved.title, saved.question) == ("Kidal: later", 'Does "joint" hold?')
    assert scenario.load(path).digest() == editing.resolve(change, parent()).digest()
    assert clause_of(change) == {"shift": 20, "receiver": "joint"}


def test_saving_replaces_nothing_unless_told_to(tmp_path):
    change = edit(when="+1")
    path, _ = editing.save(change, parent(), tmp_path, "mine")
    before = path.read_bytes()
    with pytest.raises(BatchError, match="is there already"):
        editing.save(edit(when="+2"), parent(), tmp_path, "mine")
    assert path.read_bytes() == before
    editing.save(edit(when="+2"), parent(), tmp_path, "mine", replace=True)
    assert "shift: 2" in path.read_text()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "no name"),
        ("../up", "no name"),
        ("a/b", "no name"),
        (".hidden", "no name"),
        ("with space", "no name"),
        ("n" * 61, "no name"),
        ("con", "no name"),
        ("on-schedule", "what the edit extends"),
        ("On-Schedule", "what the edit extends"),
        ("early", "of the library"),
        ("Early", "of the library"),
    ],
)
def test_a_wrong_name_is_refused(tmp_path, name, told):
    with pytest.raises(BatchError, match=told):
        editing.save(edit(when="+1"), parent(), tmp_path, name, replace=True)
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_replaced_that_the_edit_extends(tmp_path):
    (tmp_path / "grand.yaml").write_text("extends: early\n")
    (tmp_path / "mother.yaml").write_text("extends: grand\n")
    mother = editing.parents(tmp_path)["mother"]
    with pytest.raises(BatchError, match="what the edit extends"):
        editing.save(edit("mother", when="+1"), mother, tmp_path, "grand", replace=True)


def test_an_edit_without_effect_is_not_saved(tmp_path):
    with pytest.raises(BatchError, match="differs from on-schedule nowhere"):
        editing.save(edit(receiver="army"), parent(), tmp_path, "same")


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BatchError, match="cannot be written"):
        editing.save(edit(when="+1"), parent(), tmp_path / "file", "mine")


# --- the live model ----------------------------------------------------------------------


def made(days: int = 0, replicate: int = 0) -> live.LiveModel:
    model = live.LiveModel(lambda: (parent().scenario, 2023), replicate)
    for _ in range(days):
        model.step()
    return model


def test_the_live_model_begins_before_its_first_day():
    model = made()
    assert live.status(model) == (
        "on-schedule, run 0, seed 2023: before 1 August 2023, 0 of 153 days played"
    )
    assert live.ledger(model) == []
    now = live.camps_now(model)["share"].sel(place="Kidal")
    assert now.sel(holder="minusma") == now.sum() == 1


@compiled_only
def test_the_live_model_is_the_run_of_the_batch_and_tells_its_ledger(tmp_path):
    batch = ch.run("on-schedule", 2, out=tmp_path / "b", progress=False)
    model = made(200, replicate=1)
    assert "evening of 31 December 2023, 153 of 153 days played" in live.status(model)
    assert model.time == 153
    control = batch.control.sel(scenario="on-schedule", replicate=1, slot="camp")
    camps = live.camps(model)["share"]
    assert np.array_equal(camps.sel(place="Kidal").argmax("holder"), control.sel(place="Kidal"))
    events = batch.events[batch.events["replicate"] == 1].astype(object)
    stored = [event_of(row) for row in events.where(events.notna(), None).to_dict("records")]
    assert list(live.events(model, np.arange(len(stored))).events.values()) == stored
    assert (camps.sum("holder") == 1).all()


@compiled_only
def test_the_ledger_shows_nothing_of_days_to_come():
    model = made()
    for _ in range(40):
        model.step()
        latest = live.ledger(model, limit=1)[0]
        assert latest.when[:10] <= str(live.today(model))
        written = model.ledger.rows[: int(model.ledger.used[0])]["hour"]
        assert (written < 24 * model.day).all()
    model.politics.set_truce(True)
    assert live.ledger(model, limit=1)[0].when[:10] <= str(live.today(model))


@compiled_only
def test_the_ledger_shows_the_latest_first():
    model = made(40)
    lines = live.ledger(model, limit=5000)
    assert [line.when for line in lines] == sorted((line.when for line in lines), reverse=True)
    assert len({line.row for line in lines}) == len(lines)
    assert all(line.why for line in lines)
    assert live.ledger(model, limit=3) == lines[:3]
    changes = live.ledger(model, limit=5000, changes_only=True)
    assert changes
    assert set(changes) < set(lines)
    assert "The army took over the camp at Ber from the UN" in {line.what for line in changes}


@compiled_only
def test_the_pictures_change_with_the_model():
    model = made()
    first = figures.map_png(model)
    assert first.startswith(PNG)
    assert figures.control_png(model).startswith(PNG)
    for _ in range(60):
        model.step()
    assert figures.map_png(model) != first
    assert figures.control_png(model) != figures.control_png(made())
    assert figures.map_png(made()) == first


# --- the pair ----------------------------------------------------------------------------


@compiled_only
def test_a_pair_is_the_comparison_of_a_batch_of_both(tmp_path):
    edited, base = editing.resolve(edit(when="-30"), parent()), parent().scenario
    told: list[tuple[int, int]] = []
    pair = run_pair(edited, base, 6, 5, tmp_path / "b", lambda *done: told.append(done))
    assert told[-1] == (12, 12)
    whole = ch.compare(ch.open_batch(tmp_path / "b"), edited.name, base.name)
    of_kidal = {"outcome": "days_held", "place": "Kidal", "who": "minusma"}
    row = pair.comparison.select(**of_kidal).iloc[0]
    assert row["difference"] == whole.select(**of_kidal).iloc[0]["difference"] < -10
    assert pair.comparison.n == 6
    assert pair.comparison.places[0] == "Kidal"
    assert figures.png(pair.figure).startswith(PNG)
    again = run_pair(edited, base, 6, 5)
    assert again.comparison.table.equals(pair.comparison.table)


@compiled_only
def test_a_pair_that_differs_in_no_run_has_no_figure():
    late = editing.resolve(known_edit("2023-12-29").with_camp("Gao", notice_army="7"), parent())
    pair = run_pair(late, parent().scenario, 2)
    assert (pair.comparison.places, pair.figure) == ((), None)


@pytest.mark.parametrize("runs", [0, 2001, None, 1.5])
def test_a_wrong_number_of_runs_is_refused(runs):
    with pytest.raises(BatchError, match="runs is"):
        run_pair(editing.resolve(edit(when="+1"), parent()), parent().scenario, runs)


def test_a_pair_of_equals_is_refused():
    with pytest.raises(BatchError, match="differs from on-schedule nowhere"):
        run_pair(editing.resolve(edit(), parent()), parent().scenario)


# --- the server --------------------------------------------------------------------------


def test_a_port_in_use_is_told():
    with server.listen(0) as listening:
        address, port = listening.getsockname()
        assert address == "127.0.0.1"
        with pytest.raises(BatchError, match=f"Port {port} is in use.*--port {port + 1}"):
            server.listen(port)


def test_a_missing_extra_is_told(monkeypatch):
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(server, "distribution", missing)
    with pytest.raises(BatchError, match="uv sync --extra page"):
        serve()


@pytest.mark.skipif(find_spec("solara") is None, reason="the extra `page` is not installed")
def test_a_file_in_place_of_the_folder_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("camphandover.app.settings.folder", Path("scenarios"))
    (tmp_path / "file").write_text("")
    with pytest.raises(BatchError, match="is a file"):
        serve(tmp_path / "file", port=0, open_browser=False)


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({b"host": b"127.0.0.1:80"}, True),
        ({b"host": b"localhost:80", b"origin": b"http://127.0.0.1:80"}, True),
        ({b"host": b"evil.example:80"}, False),
        ({b"host": b"127.0.0.1:80", b"origin": b"http://evil.example"}, False),
        ({b"host": b"127.0.0.1:80", b"origin": b"null"}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_other_sites_cannot_use_the_page(headers, is_own, kind):
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append("passed on")

    async def send(message: Any) -> None:
        seen.append(message.get("status") or message["type"])

    guard = server.OwnPagesOnly(app, 80)
    scope = {"type": kind, "headers": list(headers.items())}
    asyncio.run(guard(scope, None, send))
    refused = {"http": [403, "http.response.body"], "websocket": ["websocket.close"]}
    assert seen == (["passed on"] if is_own else refused[kind])


def test_nothing_else_needs_the_extra():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('solara', 'mesa.visualization'), None));"
        "import camphandover.cli, camphandover.cli.serve, camphandover.agents.model;"
        "import camphandover.app.pair, camphandover.app.figures, camphandover.app.server"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


# --- in a browser ------------------------------------------------------------------------

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
COMMAND = "import typer; from camphandover.cli.serve import serve; typer.run(serve)"
SOON, LONG = 20_000, 90_000
"""Milliseconds within which the page answers, and within which a pair is computed."""


def lacks() -> str:
    """What the test in the browser lacks here; in CI it lacks nothing, or it fails."""
    needed = {"solara": find_spec("solara"), "playwright": find_spec("playwright")}
    missing = [name for name, found in {**needed, "Chromium": CHROMIUM}.items() if not found]
    return "" if os.environ.get("CI") else ", ".join(missing)


@dataclass
class Served:
    """A page that is served."""

    process: subprocess.Popen[str]
    url: str = ""
    said: queue.Queue[str] = field(default_factory=queue.Queue)

    def wait_for(self, word: str) -> str:
        """The next line of the command that holds a word."""
        lines = [""]
        while word not in lines[-1]:
            try:
                lines.append(self.said.get(timeout=1))
            except queue.Empty:
                assert self.process.poll() is None, f"no {word!r} in {lines}"
        return lines[-1]


@pytest.fixture
def served(tmp_path) -> Iterator[Served]:
    """The page in a process of its own, far from the project's folder."""
    (tmp_path / "edits").mkdir()
    (tmp_path / "edits" / "broken.yaml").write_text("extends: early\nhandovr: {}\n")
    command = [sys.executable, "-c", COMMAND, str(tmp_path / "edits"), "--port", "0", "--no-open"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    page = Served(process)
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: [page.said.put(line) for line in process.stderr])
    reader.start()
    try:
        line = page.wait_for("The page is at")
        page.url = re.search(r"http://127\.0\.0\.1:\d+", line).group()
        yield page
    finally:
        process.kill()
        process.wait()
        reader.join()


@pytest.fixture
def browser() -> Iterator[Any]:
    """A headless Chromium with a fresh profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


class Visitor:
    """Somebody with the page in front of them, who notes what goes wrong."""

    def __init__(self, browser: Any, url: str, shots: Path) -> None:
        self.page = browser.new_page(viewport={"width": 1440, "height": 900})
        self.page.set_default_timeout(SOON)
        self.shots = shots
        self.wrong: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        self.page.on("requestfailed", lambda request: self.wrong.append(request.url))
        self.page.on("websocket", lambda opened: self.hosts.add(opened.url.split("/")[2]))
        self.page.on("response", self._response)
        self.page.goto(url)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.wrong.append(message.text)

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status} {response.url}")

    def sees(self, text: str, within: int = SOON) -> None:
        self.page.get_by_text(text).first.wait_for(timeout=within)

    def clicks(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def writes(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label)
        field.fill(text)
        field.press("Enter")

    def chooses(self, label: str, option: str) -> None:
        self.page.get_by_label(label).click(force=True)
        self.page.get_by_role("option", name=option, exact=True).click()

    def takes_a_picture(self, name: str, of: str = "") -> None:
        if of:
            self.page.locator(of).scroll_into_view_if_needed()
        path = self.shots / f"{name}.png"
        self.page.screenshot(path=path)
        assert path.stat().st_size > 20_000  # an empty page is much smaller
        shown = "images => images.every(image => image.complete && image.naturalWidth > 300)"
        assert self.page.eval_on_selector_all("img", shown)


@compiled_only
@pytest.mark.skipif(bool(lacks()), reason=f"not installed: {lacks()}")
def test_the_page_in_a_browser(served, browser, tmp_path):
    visitor = Visitor(browser, served.url, tmp_path)
    visitor.sees("on-schedule, run 0, seed 2023: before 1 August 2023, 0 of 153 days played")
    visitor.sees("Nothing has happened yet")
    visitor.takes_a_picture("first")

    visitor.clicks("Step")
    visitor.sees("evening of 1 August 2023, 1 of 153 days played")
    visitor.sees("it became known that the UN was to leave its camp")

    visitor.chooses("Start from", "broken")
    visitor.sees("unknown key 'handovr'")
    visitor.writes("UN leaves on", "in winter")
    visitor.sees("'in winter' is not an exit")
    visitor.writes("UN leaves on", "2023-12-10")
    visitor.chooses("Receiver", "separatists")
    visitor.sees("Kidal: exit 2023-11-15 -> 2023-12-10; Kidal: receiver army -> separatists")
    visitor.sees("Reset plays it from its beginning")
    visitor.clicks("Reset")
    visitor.sees("on-schedule-edited, run 0, seed 2023: before 1 August 2023")
    visitor.clicks("Step")
    visitor.sees("1 of 153 days played")
    visitor.takes_a_picture("edited")

    visitor.writes("Runs of each", "4")
    visitor.clicks("Run the pair")
    visitor.page.get_by_text("All figures").click(timeout=LONG)
    visitor.sees("A = on-schedule-edited, B = on-schedule: 4 pairs of runs, seed 2023")
    visitor.takes_a_picture("pair")

    visitor.writes("Name of the file", "../kidal")
    visitor.clicks("Save")
    visitor.sees("is no name for a file")
    visitor.writes("Name of the file", "kidal-in-december")
    visitor.clicks("Save")
    visitor.sees("Saved as")
    visitor.clicks("Save")
    visitor.sees("is there already")
    visitor.takes_a_picture("saved")

    path = tmp_path / "edits" / "kidal-in-december.yaml"
    content = yaml.safe_load(path.read_text())
    assert content["extends"] == "on-schedule"
    kidal = {"exit": date(2023, 12, 10), "receiver": "separatists"}
    assert content["handover"] == {"camps": {"Kidal": kidal}}
    changed = editing.changes(scenario.load(path), parent().scenario)
    assert {(change.place, change.path) for change in changed} == {
        ("Kidal", "exit"),
        ("Kidal", "receiver"),
    }
    visitor.chooses("Start from", "kidal-in-december")
    visitor.sees("Form: kidal-in-december with nothing changed")

    visitor.writes("Known until", "2023-10-20")
    visitor.clicks("Reset")
    visitor.sees("Weighing 200 runs by the record until 20 October 2023")
    visitor.takes_a_picture("weighing", ".ch-status")
    told = "known until 20 October 2023: evening of 20 October 2023, 81 of 153 days played"
    visitor.sees(told, LONG)
    visitor.clicks("Step")
    visitor.sees("evening of 21 October 2023, 82 of 153 days played")
    visitor.takes_a_picture("known", ".ch-status")
    visitor.writes("UN leaves on", "2023-10-11")
    visitor.sees("the UN would leave on 2023-10-11, and was there until 2023-10-20")
    visitor.takes_a_picture("past")
    visitor.clicks("Undo Kidal")
    visitor.chooses("Receiver", "joint: a mixed unit")
    visitor.writes("Runs of each", "3")
    visitor.sees("Both go on from what was known on 20 October 2023")
    visitor.clicks("Run the pair")
    earlier = visitor.page.get_by_text("This is the difference of an earlier edit")
    earlier.wait_for(state="hidden")
    visitor.page.get_by_text("All figures").click(timeout=LONG)
    visitor.sees("B = kidal-in-december: 3 pairs of runs")
    visitor.takes_a_picture("known-pair", ".ch-pair")

    assert visitor.wrong == []
    assert visitor.hosts == {served.url.removeprefix("http://")}
    listens_elsewhere = socket.socket().connect_ex((own_address(), int(served.url.split(":")[2])))
    assert listens_elsewhere != 0
    if os.name != "nt":
        served.process.send_signal(signal.SIGINT)
        served.wait_for("The page has ended")
        assert served.process.wait(20) == 0


def own_address() -> str:
    """An address of this machine by which others reach it; one of loopback if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.2"
        return str(probe.getsockname()[0])
