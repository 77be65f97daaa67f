"""A user's model in a batch: each replicate is what a new model gives, stepped to the end.

Each kind of user code is run in each way that a batch can be made.
"""

from __future__ import annotations

import importlib
import sys
import weakref
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, ClassVar

import mesa
import numpy as np
import pytest
from distributed import Client, LocalCluster

import camphandover as ch
from camphandover.agents.commanders import SeparatistCommander
from camphandover.agents.model import Record
from camphandover.batch import cubes
from camphandover.batch.identity import identity_of
from camphandover.batch.plan import BLOCK, DEFAULT_MODEL
from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.errors import BatchError
from user_models import MODELS, SCENARIO, Collecting, Drawing, EventInInit, Remembering, Stepping

RUNS, FEW, SEED = BLOCK + 4, 12, 7
"""Replicates: more than one block, and where one is enough."""
TESTS = Path(__file__).parents[1]
USERS = [name for name in MODELS if name != "without user code"]


@cache
def war() -> ch.Scenario:
    return ch.load_scenario(SCENARIO, "war")


@cache
def stepped(name: str) -> tuple[Record, ...]:
    """The truth: a new model for each replicate, stepped to the end of its window."""
    records = []
    for replicate in range(RUNS):
        model = MODELS[name](war(), SEED, replicate)
        while not model.finished:
            model.step()
        records.append(model.record())
    return tuple(records)


def assert_same(batch: ch.Batch, name: str) -> None:
    """All arrays of the batch and its ledger are those of the models that were stepped."""
    assert batch.failures == []
    records = stepped(name)[: batch.runs]
    control = batch.control.isel(scenario=0).transpose("replicate", "place", "slot", "date")
    assert np.array_equal(control, [record.control for record in records])
    for data, figures, part in (
        (batch.series, cubes.SERIES, "series"),
        (batch.people, cubes.PEOPLE, "people"),
    ):
        for figure in figures:
            told = data[figure].isel(scenario=0).to_numpy()
            right = np.array([getattr(record, part)[figure] for record in records])
            unit = figures[figure][0]
            right = np.rint(right) if unit == "persons" else right
            assert np.array_equal(told, right.astype(np.float32)), figure
    for figure in cubes.WAR:
        right = np.array([record.war[figure] for record in records], np.float32)
        right = np.rint(right) if cubes.WAR[figure][0] == "persons" else right
        assert np.array_equal(batch.series[f"war_{figure}"].isel(scenario=0), right), figure
    events = batch.events
    for replicate, record in enumerate(records):
        mine = events[events["replicate"] == replicate]
        assert np.array_equal(mine["amount"], record.events["amount"], equal_nan=True)
        assert np.array_equal(mine["cause"].fillna(-1).astype(int), record.events["cause"])


def can_import_from(folder: str) -> None:
    sys.path.insert(0, folder)


@pytest.fixture(scope="module")
def processes() -> Iterator[Client]:
    """Two processes with a thread each."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.run(can_import_from, str(TESTS))
        yield client


@pytest.fixture(scope="module")
def dask() -> Iterator[Client]:
    """A worker with two threads."""
    with (
        LocalCluster(1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def run(name: str, out: Path, runs: int = RUNS, **options: Any) -> ch.Batch:
    options = {"progress": False, **options}
    return ch.run(war(), runs, SEED, out, model=MODELS[name], **options)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_on_threads(name: str, workers: int, tmp_path: Path) -> None:
    runs = RUNS if workers > 1 else FEW
    assert_same(run(name, tmp_path / "b", runs, workers=workers), name)


@pytest.mark.parametrize("name", MODELS)
def test_on_processes(name: str, tmp_path: Path, processes: Client) -> None:
    assert_same(run(name, tmp_path / "b", cluster=processes), name)


@pytest.mark.parametrize("name", MODELS)
def test_on_dask(name: str, tmp_path: Path, dask: Client) -> None:
    assert_same(run(name, tmp_path / "b", FEW, cluster=dask), name)


@pytest.mark.parametrize("name", MODELS)
def test_grown_reused_and_verified(name: str, tmp_path: Path) -> None:
    run(name, tmp_path / "b", runs=3)
    batch = run(name, tmp_path / "b", runs=FEW)
    assert_same(batch, name)
    assert run(name, tmp_path / "b", runs=FEW).reused
    assert ch.verify(batch, blocks=9, model=MODELS[name]).differences == []


@pytest.mark.parametrize("name", MODELS)
def test_resumed(name: str, tmp_path: Path) -> None:
    def halt(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(name, tmp_path / "b", workers=1, progress=halt)
    batch = run(name, tmp_path / "b")
    assert batch.manifest["sessions"][-1]["reused"] > 0
    assert_same(batch, name)


def same(one: Record, other: Record) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("day", [1, 11, 25])
def test_forked(name: str, day: int) -> None:
    """The fork remembers what the model does: both go on as the one that was never forked."""
    model = MODELS[name](war(), SEED, 5)
    model.run_for(day)
    twin = model.fork()
    assert type(twin) is type(model)
    assert same(twin.run(), stepped(name)[5])
    assert same(model.run(), stepped(name)[5])
    assert twin.steps == model.steps


@pytest.mark.parametrize("name", MODELS)
def test_reset(name: str) -> None:
    """What `run(replicate)` gives does not depend on what was run before, or it is refused."""
    model = MODELS[name](war(), SEED)
    if type(model).__init__ is not ch.NorthernMali.__init__:
        with pytest.raises(TypeError, match=r"__init__ of its own.*make a new .* or move .* setup"):
            model.run(4)
        return
    model.run_for(20)
    for replicate in (4, 2, 4):
        assert same(model.run(replicate), stepped(name)[replicate])


@pytest.mark.parametrize("name", USERS)
def test_each_kind_of_user_code_does_something(name: str) -> None:
    plain = stepped("without user code")
    assert sum(not same(a, b) for a, b in zip(stepped(name), plain, strict=True)) > RUNS / 2


@pytest.mark.parametrize("name", ["memory", "change in __init__", "without user code"])
def test_sampled_parameters_reach_a_user_s_model(name: str, tmp_path: Path) -> None:
    batch = run(name, tmp_path / "b", runs=4, sample_parameters=True)
    for replicate in range(4):
        values = batch.parameters.loc[("war", replicate)].to_dict()
        varied = war().model_copy(update={"parameters": values})
        record = MODELS[name](varied, SEED, replicate).run()
        stored = batch.control.isel(scenario=0, replicate=replicate)
        assert np.array_equal(stored.transpose("place", "slot", "date"), record.control)


# --- what is refused


class Leaking(SeparatistCommander):
    """Remembers on its class, which outlives the replicate."""

    raids = 0

    def decide(self) -> None:
        if Leaking.raids < 2:
            Leaking.raids += 1
            self.order_raid("Kidal", "Bourem", men=200)


def test_a_model_whose_replicates_depend_on_one_another_is_refused(tmp_path: Path) -> None:
    model = partial(ch.NorthernMali, commanders={"separatists": Leaking})
    with pytest.raises(BatchError, match=r"replicate 0 twice and the results differ.*outlives"):
        ch.run(war(), 5, SEED, tmp_path / "b", model=model, progress=False)
    assert not (tmp_path / "b" / "manifest.json").exists()


class Standing(ch.NorthernMali):
    """Forgets to play the day."""

    def step(self) -> None:
        """Nothing."""


def test_a_step_that_plays_no_day_is_said(tmp_path: Path) -> None:
    batch = ch.run(war(), 2, SEED, tmp_path / "b", model=Standing, progress=False)
    assert [failure["replicate"] for failure in batch.failures] == [0, 1]
    assert "must call super().step()" in batch.failures[0]["error"]


def test_a_model_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match=r"model\(scenario, seed, replicate\)"):
        ch.run(war(), 2, SEED, tmp_path / "b", model=lambda scenario: None, progress=False)


def without_replicate(scenario: Any, seed: int) -> ch.NorthernMali:
    return ch.NorthernMali(scenario, seed)


def of_another_third(scenario: Any, seed: int, men: int = 100) -> ch.NorthernMali:
    return ch.NorthernMali(scenario, seed)


def of_the_first(scenario: Any, seed: int, replicate: int) -> ch.NorthernMali:
    return ch.NorthernMali(scenario, seed)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (without_replicate, "takes no replicate"),
        (of_another_third, "takes no replicate"),
        (of_the_first, "made replicate 0 where 1 was asked for"),
        (lambda scenario, seed, replicate: None, r"made None, which has no run\(\)"),
        ("on-schedule", "a class or function that makes a model is needed"),
        (ch.NorthernMali(SCENARIO), "a class or function that makes a model is needed"),
    ],
    ids=["no replicate", "another third", "the first", "nothing", "text", "an object"],
)
def test_a_model_that_would_not_play_its_replicates_is_refused(
    model: Any, words: str, tmp_path: Path
) -> None:
    with pytest.raises(BatchError, match=words):
        ch.run(war(), 3, SEED, tmp_path / "b", model=model, progress=False)


class Late(SeparatistCommander):
    """Leaks from the third replicate on only."""

    known: ClassVar[set[int]] = set()

    def decide(self) -> None:
        if self.model.replicate >= 2 or self.known:
            self.known.add(self.model.replicate)
            self.order_raid("Kidal", "Bourem", men=100 + len(self.known))


def test_a_leak_of_later_replicates_is_found_by_their_block(tmp_path: Path) -> None:
    model = partial(ch.NorthernMali, commanders={"separatists": Late})
    with pytest.raises(BatchError, match=r"replicate 0 twice and the results differ"):
        ch.run(war(), 6, SEED, tmp_path / "b", model=model, progress=False)


class Poisoning(ch.NorthernMali):
    """Changes the scenario that it is given, in one replicate."""

    def __init__(self, scenario: Any, seed: int, replicate: int) -> None:
        if replicate == 1:
            scenario.parameters["ied_rate"] = 3.0
        super().__init__(scenario, seed, replicate)


def test_a_scenario_is_each_replicates_own(tmp_path: Path) -> None:
    batch = ch.run(war(), 4, SEED, tmp_path / "b", model=Poisoning, progress=False)
    plain = stepped("without user code")
    control = batch.control.isel(scenario=0).transpose("replicate", "place", "slot", "date")
    for replicate in (0, 2, 3):
        assert np.array_equal(control[replicate], plain[replicate].control)


class Shortened(ch.NorthernMali):
    """Gives a record of another window."""

    def record(self) -> Record:
        record = super().record()
        return record._replace(control=record.control[..., :1])


class Writing(ch.NorthernMali):
    """Writes more into the ledger on a day than there is room for."""

    def step(self) -> None:
        super().step()
        if self.steps == 30:
            for _ in range(5000):
                self.politics.set_truce(False)


@pytest.mark.parametrize(
    ("kind", "words"), [(Shortened, "no record of the 30 days"), (Writing, "wrote too many")]
)
def test_a_record_that_is_not_whole_is_a_failure(kind: Any, words: str, tmp_path: Path) -> None:
    batch = ch.run(war(), 2, SEED, tmp_path / "b", model=kind, progress=False)
    assert len(batch.failures) == 2
    assert words in batch.failures[0]["error"]


class DecidesLate(ch.NorthernMali):
    """Replaces the doctrine of a side in `setup`: the doctrine is silent from the first day."""

    def setup(self) -> None:
        self.commanders["separatists"].decide = lambda: None  # type: ignore[method-assign]


def test_a_decision_that_is_set_in_setup_replaces_the_doctrine() -> None:
    record = DecidesLate(war(), SEED).run()
    orders = record.events[record.events["kind"] == log.ORDER]
    assert not (orders["side"] == st.SEPARATISTS).any()
    assert (stepped("without user code")[0].events["kind"] == log.ORDER).any()


def test_parameters_are_not_taken_within_setup() -> None:
    class Late(ch.NorthernMali):
        def setup(self) -> None:
            self.use_parameters({"ied_rate": 1.0})

    with pytest.raises(RuntimeError, match="would act on the next replicate"):
        Late(war(), SEED)


def test_a_step_of_the_instance_is_gone_with_a_reset() -> None:
    model = ch.NorthernMali(war(), SEED)
    model.step = lambda: None  # type: ignore[method-assign]
    assert same(model.run(0), stepped("without user code")[0])


@pytest.mark.parametrize(
    "kind", ["attribute", "default", "of an agent", "reference", "step", "observed"]
)
def test_what_would_act_on_the_forked_model_is_refused(kind: str) -> None:
    model: Any = ch.NorthernMali(war(), SEED)
    if kind == "attribute":
        model.rule = lambda: model.units
    elif kind == "default":
        model.rule = lambda mine=model: mine.units
    elif kind == "of an agent":
        agent = model.base("Kidal")
        agent.rules = {"enter": partial(max, key=lambda unit: agent)}
    elif kind == "reference":
        model.first = weakref.ref(model.base("Kidal"))
    elif kind == "step":
        model.step = lambda: model.politics
    else:
        model.observe("time", "changed", model.record)
    with pytest.raises(TypeError, match="cannot be forked"):
        model.fork()


def test_an_event_that_would_act_on_the_forked_model_is_refused() -> None:
    model = ch.NorthernMali(war(), SEED)

    def give() -> None:
        model.base("Kidal").set_handover(receiver="separatists")

    event = model.schedule_event(give, at=5)
    with pytest.raises(TypeError, match=r"cannot be forked while .*give is scheduled"):
        model.fork()
    event.cancel()
    model.fork()


def test_what_user_code_holds_and_cannot_be_copied_is_said(tmp_path: Path) -> None:
    model = ch.NorthernMali(war(), SEED)
    with (
        (tmp_path / "log").open("w") as model.log,  # type: ignore[attr-defined]
        pytest.raises(TypeError, match=r"cannot be forked: cannot pickle"),
    ):
        model.fork()


# --- what a model is known by


CELL = """
from functools import partial
import camphandover as ch
from camphandover.agents import SeparatistCommander

class Mine(SeparatistCommander):
    def decide(self):
        self.order_raid("Kidal", "Bourem", men={men})

model = partial(ch.NorthernMali, commanders={{"separatists": Mine}})
"""


def cell(men: int) -> Any:
    """The model of a notebook's cell, which has no file."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(CELL.format(men=men), "<cell>", "exec"), names)
    return names["model"]


def closing_over(men: Any) -> Any:
    class Mine(SeparatistCommander):
        def decide(self) -> None:
            self.order_raid("Kidal", "Bourem", men=men)

    return partial(ch.NorthernMali, commanders={"separatists": Mine})


class Factory:
    """A callable object."""

    def __init__(self, men: int) -> None:
        self.men = men

    def __call__(self, scenario: ch.Scenario, seed: int, replicate: int) -> ch.NorthernMali:
        made: ch.NorthernMali = closing_over(self.men)(scenario, seed, replicate)
        return made


def by_default(men: int) -> Any:
    def model(scenario: Any, seed: int, replicate: int, men: int = men) -> Any:
        return closing_over(men)(scenario, seed, replicate)

    return model


@pytest.mark.parametrize("make", [cell, closing_over, Factory, by_default])
def test_the_code_and_what_it_holds_are_part_of_the_model(make: Any) -> None:
    assert identity_of(make(100)) == identity_of(make(100))
    assert identity_of(make(100)) != identity_of(make(199))


@pytest.mark.parametrize(
    "value",
    [{"b": [1, (2.5, None)]}, {3, "x"}, np.arange(3), np.float32(2), Path("a"), range(4), b"x"],
    ids=lambda value: type(value).__name__,
)
def test_values_that_code_closes_over_are_known_by_their_content(value: Any) -> None:
    import copy

    assert identity_of(closing_over(value)) == identity_of(closing_over(copy.deepcopy(value)))
    assert identity_of(closing_over(value)) != identity_of(closing_over([value]))


def test_a_batch_of_an_edited_cell_is_not_reused(tmp_path: Path) -> None:
    options: dict[str, Any] = {"out": tmp_path / "b", "progress": False}
    first = ch.run(war(), 2, SEED, model=cell(100), **options)
    assert not first.reused
    assert ch.run(war(), 2, SEED, model=cell(100), **options).reused
    with pytest.raises(BatchError, match=r"another model ran it, or its code or what that uses"):
        ch.run(war(), 2, SEED, model=cell(199), **options)
    with pytest.raises(BatchError, match="not by"):
        ch.verify(first, model=cell(199))


def modules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A commander whose module imports one in a function, which imports another one."""
    monkeypatch.syspath_prepend(str(folder))
    for name in ("bottom", "middle", "top"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (folder / "bottom.py").write_text("MEN = 100\n")
    (folder / "middle.py").write_text("import bottom\n\ndef men():\n    return bottom.MEN\n")
    (folder / "top.py").write_text(
        "from camphandover.agents import SeparatistCommander\n"
        "class Late(SeparatistCommander):\n"
        "    def decide(self):\n"
        "        import middle\n"
        "        self.order_raid('Kidal', 'Bourem', men=middle.men())\n"
    )
    late = importlib.import_module("top").Late
    return partial(ch.NorthernMali, commanders={"separatists": late})


def test_a_module_of_the_project_that_code_imports_is_part_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imported at the top, in a function, or by another module of the project."""
    model = modules(tmp_path, monkeypatch)
    before = identity_of(model)
    assert identity_of(model) == before
    (tmp_path / "bottom.py").write_text("MEN = 199\n")
    assert identity_of(model) == before, "what is in memory runs, not what is on the disk"
    sys.modules["bottom"].MEN = 199
    assert identity_of(model) != before


def test_a_worker_with_another_module_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: Client
) -> None:
    model = modules(tmp_path, monkeypatch)
    options: dict[str, Any] = {"model": model, "cluster": processes, "progress": False}
    with pytest.raises(BatchError, match=r"have no module 'top'"):
        ch.run(war(), 2, SEED, tmp_path / "a", **options)
    processes.run(can_import_from, str(tmp_path))
    assert not ch.run(war(), 2, SEED, tmp_path / "b", **options).failures
    importlib.import_module("bottom").MEN = 199
    with pytest.raises(BatchError, match=r"a worker has another .*start the workers with the same"):
        ch.run(war(), 2, SEED, tmp_path / "c", **options)


def test_a_model_whose_content_cannot_be_told_is_never_taken_for_a_stored_one() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    model = closing_over(numbers())
    assert identity_of(model) != identity_of(model)


def code(text: str, **names: Any) -> Any:
    """The object `made` of a cell that has no file."""
    space: dict[str, Any] = {"__name__": "__main__", **names}
    exec(compile(text, "<cell>", "exec"), space)
    return space["made"]


EDITS = {
    "enum as key": "from enum import Enum\nclass P(Enum):\n A = 1\n"
    " def men(self): return MEN[self]\nMEN = {P.A: 100}\ndef made(): return P.A.men()",
    "default of a dataclass": "from dataclasses import dataclass, field\n@dataclass\nclass made:\n"
    " men: list = field(default_factory=lambda: [100])",
    "dict subclass": "class D(dict):\n def men(self): return 100\nd = D(a=1)\n"
    "def made(): return d.men()",
    "named tuple": "from typing import NamedTuple\nclass T(NamedTuple):\n a: int\n"
    " def men(self): return 100\nt = T(1)\ndef made(): return t.men()",
    "enum of numbers": "from enum import IntEnum\nclass E(IntEnum):\n A = 1\n"
    " def men(self): return 100\ne = E.A\ndef made(): return e.men()",
    "default dict": "from collections import defaultdict\nd = defaultdict(lambda: 100)\n"
    "def made(): return d[1]",
    "order": "d = {'a' if 100 == 100 else 'b': 1, 'b' if 100 == 100 else 'a': 1}\n"
    "def made(): return list(d)",
    "attribute of a function": "def f(): return f.men\nf.men = 100\ndef made(): return f()",
    "bound method of a library": "men = {'x': 100}.get\ndef made(): return men('x')",
    "decorator": "from functools import update_wrapper\nclass By:\n def __init__(self, f):\n"
    "  self.f = f; update_wrapper(self, f)\n def __call__(self): return 100 * self.f()\n"
    "@By\ndef made(): return 1",
    "cached": "from functools import cache\n@cache\ndef f(): return 100\ndef made(): return f()",
    "object with any attribute": "class Any:\n def __getattr__(self, name): return len\n"
    " def men(self): return 100\nx = Any()\ndef made(): return x.men()",
    "long list": "x = 100\nfor _ in range(300): x = (x,)\ndef made(): return x",
}


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_of_anything_that_code_reaches_is_another_model(kind: str) -> None:
    before, edited = EDITS[kind], EDITS[kind].replace("100", "199", 1)
    if kind == "order":
        edited = before.replace("100 == 100", "0 == 100")
    assert identity_of(code(before)) != identity_of(code(edited))
    if kind != "long list":  # too deep to be told: never the same
        assert identity_of(code(before)) == identity_of(code(before))


def test_modules_of_a_package_are_followed_however_they_are_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that is called as a module of Python is, and one that is not yet loaded."""
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "own_package" / "inner"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").write_text("")
    for name in ("own_package.numbers", "own_package.late", "own_package.inner.types"):
        (tmp_path / f"{name.replace('.', '/')}.py").write_text("MEN = 100\n")
    (package / "made.py").write_text(
        "def men():\n    from . import types\n    from ..numbers import MEN\n"
        "    from own_package import late\n    return MEN + types.MEN + late.MEN\n"
    )
    men = importlib.import_module("own_package.inner.made").men
    for name in ("own_package.numbers", "own_package.late", "own_package.inner.types"):
        before = identity_of(men)
        assert identity_of(men) == before
        sys.modules[name].MEN = 199  # type: ignore[attr-defined]
        assert identity_of(men) != before


def test_the_names_of_models_are_readable() -> None:
    assert identity_of(ch.NorthernMali) == DEFAULT_MODEL
    assert identity_of(EventInInit).startswith("user_models:EventInInit#")
    assert identity_of(MODELS["memory"]).startswith("camphandover.agents.model:NorthernMali(...)#")
    assert len({identity_of(model) for model in MODELS.values()}) == len(MODELS)


# --- generators, clock and agents


def test_mesas_generators_are_seeded_by_seed_and_replicate() -> None:
    def drawn(model: ch.NorthernMali) -> tuple[float, float]:
        return model.random.random(), float(model.rng.random())

    pairs = [(7, 0), (7, 1), (8, 0)]
    assert len({drawn(ch.NorthernMali(war(), *pair)) for pair in pairs}) == 3
    model = ch.NorthernMali(war(), 7, 0)
    drawn(model)
    model.reset(1)
    assert drawn(model) == drawn(ch.NorthernMali(war(), 7, 1))


def test_a_reset_forgets_what_user_code_has_put_there() -> None:
    model = ch.NorthernMali(war(), SEED)
    model.mood = "bad"  # type: ignore[attr-defined]
    model.base("Kidal").mood = "worse"  # type: ignore[attr-defined]
    model.datacollector = Collecting(war()).datacollector
    fired: list[int] = []
    model.schedule_event(fired.append, at=3)
    model.reset()
    assert not hasattr(model, "mood")
    assert not hasattr(model.base("Kidal"), "mood")
    assert "camp Kidal" in model.datacollector.model_vars
    model.run_for(5)
    assert fired == []
    assert (model.steps, model.time) == (5, 5.0)


def test_the_number_of_agents_does_not_depend_on_what_was_looked_at() -> None:
    looked, blind = ch.NorthernMali(war(), SEED), ch.NorthernMali(war(), SEED)
    looked.units, looked.base("Kidal"), looked.commanders
    assert [repr(a) for a in looked.agents] == [repr(a) for a in blind.agents]
    assert [a.unique_id for a in looked.agents] == [a.unique_id for a in blind.agents]
    assert len(blind.agents) == sum(len(kind) for kind in blind.agents_by_type.values()) > 300


def test_an_event_fires_though_nobody_else_holds_its_function() -> None:
    model = ch.NorthernMali(war(), SEED)

    def schedule(told: list[int]) -> None:
        def tell() -> None:
            told.append(model.steps)

        model.schedule_event(tell, at=3)
        model.schedule_recurring(partial(tell), mesa.time.Schedule(interval=10.0))

    told: list[int] = []
    schedule(told)
    model.run()
    assert told == [3, 10, 20, 30]


def test_a_one_call_run_moves_mesas_clock() -> None:
    model = ch.NorthernMali(war(), SEED)
    model.run()
    assert (model.steps, model.time, model.running) == (30, 30.0, False)
    with pytest.raises(ValueError, match="past"):
        model.schedule_event(model.record, at=5)


def test_user_code_is_seen_however_it_comes() -> None:
    """An instance's own step, or an observer of the clock: then the model is stepped."""
    model = ch.NorthernMali(war(), SEED)
    days: list[float] = []

    def note(message: Any) -> None:
        days.append(model.time)

    model.observe("time", "changed", note)
    model.run()
    assert len(days) == 30


def test_memory_and_generator_of_commanders_are_new_in_each_replicate(tmp_path: Path) -> None:
    for kind, low in ((Remembering, 3), (Drawing, 1)):
        model = partial(ch.NorthernMali, commanders={"separatists": kind})
        batch = ch.run(war(), 6, SEED, tmp_path / kind.__name__, model=model, progress=False)
        orders = batch.events.query("kind == 'order' and side == 'separatists'")
        counts = orders.groupby("replicate").size()
        assert len(counts) == 6
        assert counts.min() >= low


def test_own_steps_are_played_in_a_batch(tmp_path: Path) -> None:
    batch = ch.run(war(), 3, SEED, tmp_path / "b", model=Stepping, progress=False)
    truces = batch.events.query("kind == 'truce'").groupby("replicate")["time"].first()
    assert [str(time)[:10] for time in truces] == ["2023-08-12"] * 3
