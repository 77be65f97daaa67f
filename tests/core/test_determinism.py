"""The same seed gives the same bytes: forked, interpreted, under any hash seed; and shared pasts.

The golden file `tests/golden/on-schedule-2023-0.json` pins one run in words. When a rule or a fact
is meant to change what happens, renew it with `uv run python tests/renew_golden.py`.
"""

import ast
import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import renew_golden
from camphandover.agents.model import NorthernMali, Record
from camphandover.core import state as st
from camphandover.core.compiled import interpreted
from camphandover.core.ledger import Kind
from camphandover.core.rules.strategy import place_order
from camphandover.core.sources import DECIDES, PACKAGE

compiled_only = pytest.mark.skipif(interpreted(), reason="compares compiled with interpreted runs")

PARTS = ("control", "series", "events")


def digests(record: Record) -> dict[str, str]:
    """SHA-256 of each part of a record."""
    return {name: hashlib.sha256(getattr(record, name).tobytes()).hexdigest() for name in PARTS}


# --- forks


@pytest.mark.parametrize("day", [0, 1, 40, 75, 110, 152])
def test_fork_equals_the_straight_run(day: int) -> None:
    straight = NorthernMali("on-schedule", seed=2023, replicate=1).run()
    model = NorthernMali("on-schedule", seed=2023, replicate=1)
    for _ in range(day):
        model.step()
    fork = model.fork()
    assert fork.day == model.day
    assert digests(fork.run()) == digests(straight)
    assert digests(model.run()) == digests(straight)
    for table, one, other in zip(st.State._fields, fork.state, model.state, strict=True):
        assert one.tobytes() == other.tobytes(), table


def test_a_fork_is_independent() -> None:
    model = NorthernMali("on-schedule", seed=2023, replicate=1)
    for _ in range(30):
        model.step()
    untouched = digests(model.fork().run())
    fork = model.fork()
    fork.base("Kidal").set_handover(receiver="separatists")
    assert digests(fork.run()) != untouched
    assert digests(model.run()) == untouched


def test_reset_leaves_nothing_of_the_run_before() -> None:
    used = NorthernMali("to-separatists", seed=5)
    used.run(3)
    for _ in range(2):
        assert digests(used.run(7)) == digests(NorthernMali("to-separatists", seed=5).run(7))


# --- compiled and interpreted, and the hash seed

AUTUMN = """title: Five weeks of war
question: Do compiled and interpreted rules agree to the bit?
extends: on-schedule
window: {start: 2023-09-20, end: 2023-10-20}
"""
TELL = """
import hashlib, json, sys
from camphandover.agents.model import NorthernMali
told = []
for source, days in json.loads(sys.argv[1]):
    model = NorthernMali(source, seed=77, replicate=2)
    for _ in range(days):
        model.step()
    record = model.record()
    parts = [getattr(record, name).tobytes() for name in ("control", "series", "events")]
    told.append([hashlib.sha256(part).hexdigest() for part in parts])
print(json.dumps(told))
"""


def autumn(folder: Path) -> str:
    """A scenario that begins in open war, so that a short run has all kinds of fights."""
    file = folder / "autumn.yaml"
    file.write_text(AUTUMN.replace("on-schedule", str(LIBRARY / "on-schedule.yaml")))
    return str(file)


LIBRARY = Path(__file__).parents[2] / "scenarios"


def told_elsewhere(
    jobs: list[tuple[str, int]], *environments: dict[str, str]
) -> list[list[list[str]]]:
    """Digests of short runs played by other Python processes, one for each environment."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TELL, json.dumps(jobs)],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        for environment in environments
    ]
    told = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return [json.loads(text) for text in told]


def told_here(jobs: list[tuple[str, int]]) -> list[list[str]]:
    """Digests of the same runs played by this process."""
    told = []
    for source, days in jobs:
        model = NorthernMali(source, seed=77, replicate=2)
        for _ in range(days):
            model.step()
        told.append(list(digests(model.record()).values()))
    return told


@compiled_only
def test_compiled_equals_interpreted(tmp_path: Path) -> None:
    jobs = [(autumn(tmp_path), 20), ("on-schedule", 20)]
    assert told_elsewhere(jobs, {"NUMBA_DISABLE_JIT": "1"}) == [told_here(jobs)]
    model = NorthernMali(jobs[0][0], seed=77, replicate=2)
    for _ in range(20):
        model.step()
    kinds = set(model.record().events["kind"].tolist())
    assert len(kinds) > 15, "a run in which little happens would prove little"


@compiled_only
def test_the_hash_seed_changes_nothing() -> None:
    jobs = [("negotiated", 153), ("on-schedule", 153)]
    seeds = [{"PYTHONHASHSEED": "0"}, {"PYTHONHASHSEED": "4711"}]
    assert told_elsewhere(jobs, *seeds) == [told_here(jobs)] * 2


# --- scenarios with a shared past

REPLICATES = range(12)
LATER_CAMPS = ("Kidal", "Tessalit", "Aguelhok", "Ansongo", "Douentza", "Mopti-Sevare", "Bamako")
LATER_CAMPS += ("Timbuktu", "Gao")


@cache
def model(name: str) -> NorthernMali:
    return NorthernMali(name, seed=2023)


def first_notice(name: str, replicate: int, camps: tuple[str, ...]) -> int:
    """First day of the window (0 is its first) on which a clause of these camps can matter.

    A clause is announced its notice before the plan or, if earlier, the drawn exit; trucks are
    asked for from `early_window` days before the exit.
    """
    drawn = model(name)
    drawn.reset(replicate)
    drawn.step()
    rows = drawn.state.places[[drawn.theatre.index(camp) for camp in camps]]
    exits = np.minimum(rows["plan_day"], rows["exit_day"])
    notice = np.maximum(rows["notice_army"], rows["notice_separatists"])
    lead = np.maximum(notice, drawn.params.early_window)
    return int((exits - lead).min()) - drawn.world.first


def assert_same_until(a: Record, b: Record, first: int, days: int) -> None:
    """Cube, series and ledger rows of the first days are the same bytes."""
    assert a.control[:, :, :days].tobytes() == b.control[:, :, :days].tobytes()
    assert a.series[:days].tobytes() == b.series[:days].tobytes()
    until = (first + days) * 24.0
    rows = [record.events[record.events["hour"] < until] for record in (a, b)]
    assert rows[0].tobytes() == rows[1].tobytes()


def compare(name: str, other: str, camps: tuple[str, ...]) -> tuple[int, int, int]:
    """Runs compared, days shared in all, and runs that differ later."""
    runs = shared = differ = 0
    for replicate in REPLICATES:
        days = min(first_notice(n, replicate, camps) for n in (name, other))
        if days < 1:
            continue
        a, b = model(name).run(replicate), model(other).run(replicate)
        assert_same_until(a, b, model(name).world.first, days)
        runs, shared = runs + 1, shared + days
        differ += a.control.tobytes() != b.control.tobytes()
    return runs, shared, differ


def test_kidal_alone_to_the_separatists_shares_the_past_of_on_schedule() -> None:
    runs, shared, differ = compare("on-schedule", "kidal-only-to-separatists", ("Kidal",))
    assert runs == len(REPLICATES)
    assert shared / runs > 40
    assert differ > runs / 2


def test_early_shares_the_past_of_on_schedule() -> None:
    runs, shared, differ = compare("on-schedule", "early", LATER_CAMPS)
    assert runs > 3
    assert shared >= runs
    assert differ == runs


def test_the_exits_are_drawn_alike_in_scenarios_that_differ_elsewhere() -> None:
    exits = []
    for name in ("on-schedule", "to-separatists", "joint-unit"):
        model(name).reset(4)
        model(name).step()
        exits.append(model(name).state.places["exit_day"].tolist())
    assert exits[0] == exits[1] == exits[2]


# --- the luck of one place is not that of another


def with_a_convoy(replicate: int, men: int, days: int) -> tuple[np.ndarray, NorthernMali]:
    """Ledger rows of some days; when `men` > 0 they march out from Tessalit on the first day."""
    played = NorthernMali("on-schedule", seed=2023, replicate=replicate)
    tessalit, aguelhok = (played.theatre.index(name) for name in ("Tessalit", "Aguelhok"))
    if men:
        units = played.state.units
        row = np.flatnonzero((units["side"] == st.SEPARATISTS) & (units["men"] == 0))[0]
        units["place"][row] = units["home"][row] = tessalit
        units["slot"][row] = st.COUNTRY
        units["men"][row] = men
        units["supply"][row] = 5.0
        sides = played.state.sides
        sides["recruited"][st.SEPARATISTS] += men
        call = (st.SEPARATISTS, st.TRANSFER, tessalit, aguelhok, 1, 100, 0, -1)
        place_order(played.now(), *(int(value) for value in call))
    for _ in range(days):
        played.step()
    return played.record().events, played


def far_from(played: NorthernMali, names: tuple[str, ...], km: float) -> np.ndarray:
    """Places at least so far by road from all of these."""
    here = [played.theatre.index(name) for name in names]
    return np.flatnonzero((played.state.routes["km"][here] >= km).all(axis=0))


OF_ALL_PLACES = (Kind.ABUSE, Kind.ABUSE_SELECTIVE, Kind.CIVILIANS, Kind.STRIKE, Kind.LOSSES,
                 Kind.CLAIM_LOSSES, Kind.SILENCE, Kind.REVISION)  # fmt: skip
"""What happens at one place because it was chosen among all: Tessalit may be chosen instead."""


def in_order(rows: np.ndarray) -> np.ndarray:
    """Rows by what they tell: of two columns that act in one hour either may be noted first."""
    keys = ("amount", "slot", "entity", "place", "side", "kind")
    return rows[np.lexsort([*(rows[key] for key in keys), np.round(rows["hour"], 3)])]


def test_a_convoy_at_tessalit_leaves_the_luck_of_gao() -> None:
    """Five men 400 km away change influence at Gao by less than a millionth, and no draw."""
    days, compared = 40, 0
    for replicate in range(8):
        plain, played = with_a_convoy(replicate, 0, days)
        other, _ = with_a_convoy(replicate, 5, days)
        assert len(other) > len(plain), "the convoy has rows of its own"
        far = far_from(played, ("Tessalit", "Aguelhok"), 400.0)
        assert played.theatre.index("Gao") in far
        rows = [
            in_order(
                events[np.isin(events["place"], far) & ~np.isin(events["kind"], OF_ALL_PLACES)]
            )
            for events in (plain, other)
        ]
        compared += len(rows[0])
        for column in ("kind", "side", "slot", "before", "after", "entity"):
            assert np.array_equal(rows[0][column], rows[1][column], equal_nan=True), column
        for column in ("hour", "p", "amount"):
            assert np.allclose(rows[0][column], rows[1][column], rtol=1e-6, equal_nan=True), column
    assert compared > 200


# --- the golden run


def test_golden_run() -> None:
    """On a change that is meant: `uv run python tests/renew_golden.py`, and read the difference."""
    kept = json.loads(renew_golden.FILE.read_text(encoding="utf-8"))
    now = renew_golden.golden()
    assert now["control"] == kept["control"]
    assert now["on_the_last_day"] == kept["on_the_last_day"]
    assert len(kept["control"]) > 20
    assert renew_golden.HOW in kept["what"]


# --- where compiled code is kept

HAS_NO_CACHE = """
import os, sys, time
from camphandover.core import compiled
from camphandover.core.sources import cache_dir
folder = cache_dir()
if "announced" in sys.argv:
    compiled.announce(), compiled.announce()
if "helped" in sys.argv:
    with compiled.helper_process():
        while not any(folder.rglob("*.nbc")):
            time.sleep(0.05)
if "forked" in sys.argv and os.fork() == 0:
    sys.exit()
if "forked" in sys.argv:
    os.wait()
assert folder.is_dir()
if "interrupted" in sys.argv:
    raise KeyboardInterrupt
"""


@compiled_only
@pytest.mark.parametrize("how", ["plain", "interrupted", "forked", "helped", "announced"])
def test_without_a_cache_nothing_is_left_behind(tmp_path: Path, how: str) -> None:
    passing, file = tmp_path / "passing", tmp_path / "file"
    passing.mkdir()
    file.touch()  # no folder can be made in a file, whoever asks
    environment = {
        **os.environ, "TMPDIR": str(passing), "XDG_CACHE_HOME": str(file),
        "CAMPHANDOVER_CACHE": str(file / "cache"),
    }  # fmt: skip
    environment.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, "-c", HAS_NO_CACHE, how]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert list(passing.iterdir()) == []
    if how == "announced":
        assert done.stderr.count("compiling the model") == 1
        assert f"not kept, since {file / 'cache'} and {file / 'camphandover'}" in done.stderr
        assert "Set CAMPHANDOVER_CACHE" in done.stderr
    assert (done.returncode == 0) == (how != "interrupted"), done.stderr


@pytest.mark.parametrize("setting", ["CAMPHANDOVER_CACHE", "XDG_CACHE_HOME"])
def test_compiled_code_is_kept_where_the_user_says(tmp_path: Path, setting: str) -> None:
    environment = {key: text for key, text in os.environ.items() if key != "CAMPHANDOVER_CACHE"}
    environment[setting] = str(tmp_path)
    code = "from camphandover.core.sources import cache_dir; print(cache_dir())"
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    kept = Path(told.stdout.strip())
    assert kept.is_dir()
    assert kept.parent == tmp_path / ("camphandover" if setting == "XDG_CACHE_HOME" else "")


USES_NUMBA = """
import numba
from numba.core.event import Listener, install_listener
from camphandover.agents.model import NorthernMali

def mine(x):
    return x + 1

class Meanwhile(Listener):
    told = []
    def on_start(self, event):
        kept = numba.njit(cache=True)(mine).stats.cache_path
        self.told.append((kept, numba.config.CACHE_DIR))
    def on_end(self, event):
        self.on_start(event)

with install_listener("numba:compiler_lock", Meanwhile()):
    NorthernMali().step()
print(len(Meanwhile.told) > 100, *set(Meanwhile.told))
"""


@compiled_only
def test_the_compiled_code_of_others_lies_where_they_keep_it(tmp_path: Path) -> None:
    """Also of functions that are made while the core is compiled or loaded."""
    (tmp_path / "uses.py").write_text(USES_NUMBA)
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    command = [sys.executable, str(tmp_path / "uses.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"True ('{tmp_path / '__pycache__'}', '')"


def test_no_setting_of_numba_says_where_the_core_is_kept() -> None:
    """One that is set for a moment would be seen by other threads."""
    for file in PACKAGE.rglob("*.py"):
        assert "CACHE_DIR" not in file.read_text(encoding="utf-8"), file.name


IMPORTS_ALL = """
import sys
from importlib import import_module
from pkgutil import walk_packages
started, imported = [], []
processes = ("subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn")
sys.addaudithook(lambda event, args: event in processes and started.append((event, args)))
import camphandover
for module in walk_packages(camphandover.__path__, "camphandover."):
    try:
        import_module(module.name)
        imported.append(module.name)
    except ModuleNotFoundError as error:
        assert not error.name.startswith("camphandover"), error  # a library of an extra
print(started, len(imported) > 100)
"""


def test_importing_the_package_starts_no_process_and_compiles_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "CAMPHANDOVER_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-W", "ignore", "-c", IMPORTS_ALL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[] True", "")
    assert not (tmp_path / "cache").exists()


REACHES = """
import sys, camphandover.agents.model as model
model.NorthernMali().step()
print(*(module.__file__ for name, module in sys.modules.items() if name.startswith("camphandover")))
"""


def test_the_digest_is_of_all_that_a_run_reaches() -> None:
    command = [sys.executable, "-c", REACHES]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    reached = {Path(file).relative_to(PACKAGE).as_posix() for file in done.stdout.split()}
    assert "core/day.py" in reached
    assert {name for name in reached if not name.startswith(DECIDES)} == {"__init__.py"}


# --- the tests themselves

CLOCKS = {"perf_counter", "monotonic", "process_time", "thread_time", "timeit", "default_timer"}
CLOCKS |= {f"{name}_ns" for name in CLOCKS} | {"time_ns"}


def test_no_test_reads_a_clock() -> None:
    """What a test says does not depend on how fast the machine is, or how busy."""
    tests = Path(__file__).parents[1]
    for file in {*tests.rglob("*.py")} - {tests / "reached.py", tests / "benchmarks" / "bench.py"}:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = getattr(node, "attr", getattr(node, "id", getattr(node, "name", None)))
            assert named not in CLOCKS, f"{file.name}:{node.lineno} reads {named}"
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("time.time", "time"), file.name
