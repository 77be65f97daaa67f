"""What users pass to the public functions: of every type that holds it, and of no other."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import date, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import camphandover as ch
from batches import Scripted, made, short
from camphandover.judge.study.settings import Budget

Three = IntEnum("Three", {"THREE": 3})
WHOLE = [3, np.int8(3), np.uint64(3), np.arange(5)[3], np.array(3), xr.DataArray(3), Three.THREE]
NO_WHOLE = [True, np.True_, 3.0, np.float64(3), "3", [3], np.arange(2), 10**30, -(10**30), 1j]
DAY = date(2023, 9, 15)
DAYS = [
    "2023-09-15", DAY, datetime(2023, 9, 15, 12), pd.Timestamp("2023-09-15 12:00"),
    pd.Timestamp("2023-09-15", tz="UTC"), np.datetime64("2023-09-15"),
    np.datetime64("2023-09-15T12", "ns"), xr.DataArray(np.datetime64("2023-09-15", "ns")),
]  # fmt: skip
NO_DAYS = ["15.09.2023", "20230915", "2023-W37-5", "2023-09-31", "", 20230915, 1.5, True, pd.NaT,
           np.datetime64("NaT", "D"), [DAY], "1800-01-01", date(3000, 1, 1)]  # fmt: skip
NO_PATHS = ["", b"there", 3, 1.5, True, ["there"], "~nobody-of-this-name/there"]


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> ch.Batch:
    folder = tmp_path_factory.mktemp("inputs") / "b"
    two = made("two", window={"start": "2023-08-11", "end": "2023-09-30"})
    return ch.run([short("one"), two], runs=5, out=folder, model=Scripted, progress=False)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def run(out: Any = "~/b", runs: Any = 1, **options: Any) -> ch.Batch:
    return ch.run(short("one"), runs, out=out, model=Scripted, progress=False, **options)


def discover(**options: Any) -> Any:
    """A search that goes no further than its whole numbers, if they are right."""
    return ch.discover("on-schedule", "Kidal", **{"method": "forest", **options})


def sensitivity(**options: Any) -> Any:
    """An analysis that goes no further than its whole numbers, if they are right."""
    return ch.sensitivity("on-schedule", **{"outcomes": "none", **options})


def search(**options: Any) -> Any:
    """A search that goes no further than its levers and its date, if they are right."""
    return ch.discover("on-schedule", "Kidal", out="", **options)


BEYOND = "|".join([
    "scenario 'none' is not", "no method is named 'forest'", "outcome 'none' is not known",
    "out is ''", "evidence is 'none'",
])  # fmt: skip
"""What the searches say when they have got past the argument in question."""

Call = Callable[[ch.Batch, Any], Any]
WHOLES: dict[str, Call] = {
    "run runs": lambda b, n: run(runs=n),
    "run seed": lambda b, n: run(seed=n),
    "run workers": lambda b, n: run(workers=n),
    "verify blocks": lambda b, n: ch.verify(b, n, Scripted),
    "verify chooser": lambda b, n: ch.verify(b, 1, Scripted, n),
    "why replicate": lambda b, n: ch.why(b, "one", n, "Kidal"),
    "diverge replicate": lambda b, n: ch.diverge(b, "one", "two", n),
    "calibrate seed": lambda b, n: ch.calibrate(seed=n, evidence="none"),
    "Budget trajectories": lambda b, n: Budget(trajectories=n).checked(),
    "Budget screening_draws": lambda b, n: Budget(screening_draws=n).checked(),
    "Budget factors": lambda b, n: Budget(factors=n).checked(),
    "Budget points": lambda b, n: Budget(points=(n,), draws=(1,), accepted=1).checked(),
    "Budget draws": lambda b, n: Budget(points=(9,), draws=(n,), accepted=1).checked(),
    "Budget accepted": lambda b, n: Budget(accepted=n).checked(),
    "Budget test_draws": lambda b, n: Budget(test_draws=n).checked(),
    "discover after": lambda b, n: discover(after=n),
    "discover runs": lambda b, n: discover(runs=n),
    "discover boxes": lambda b, n: discover(boxes=n),
    "discover seed": lambda b, n: discover(seed=n),
    "discover shift": lambda b, n: search(shift=(n, n)),
    "discover notice": lambda b, n: search(notice=(n, n)),
    "sensitivity trajectories": lambda b, n: sensitivity(trajectories=n),
    "sensitivity draws": lambda b, n: sensitivity(draws=n),
    "sensitivity seed": lambda b, n: sensitivity(seed=n),
    "animate_map step": lambda b, n: ch.plots.animate_map(b, "~/m.gif", "none", n),
    "load_scenario source": lambda b, n: ch.load_scenario(shifted(n)),
    "load_points source": lambda b, n: ch.load_points(
        {**shifted(0), "sweep": {"grid": {"handover.camps.Kidal.shift": [n]}}}
    ),
}
WANTED_WHOLE = (
    "whole number|two numbers of days|shift: .* (has the wrong type|is too (large|small))"
)
ELSEWHERE = {
    "discover points", "discover retest", "sensitivity points", "compare half_width",
    "discover density", "run fixed", "box_scatter box", "draw_sensitivity top",
    "plot_convergence top", "plot_sensitivity top", "draw_calibration folder",
    "draw_discovery folder", "draw_sensitivity folder", "calibrate out", "calibrate workers",
    "evidence particles", "evidence filters", "evidence seed", "evidence history",
    "evidence workers", "evidence fixed", "draw_evidence folder",
    "hindcast every", "hindcast first", "hindcast history", "hindcast horizon",
    "hindcast parameters", "hindcast particles", "hindcast seed", "hindcast until",
    "hindcast workers", "origin seed", "origin workers", "run history", "run known_until",
    "run particles",
    "discover scenario", "discover out", "discover workers", "sensitivity out",
    "sensitivity workers", "write_validation prior", "write_validation variants",
    "write_validation out", "write_validation pictures",
}  # fmt: skip
"""Arguments that other bounds or a long calculation keep out of the tables; the checks are the
same."""
DATES: dict[str, Call] = {
    "compare date": lambda b, day: ch.compare(b, "one", "two", date=day).date,
    "why date": lambda b, day: ch.why(b, "one", 0, "Kidal", date=day).date,
    "score first": lambda b, day: ch.score(b, first=day).about[0].window.first,
    "score last": lambda b, day: ch.score(b, first="2023-09-12", last=day).about[0].window.last,
    "control_map date": lambda b, day: ch.plots.control_map(b, day, "one"),
    "map_sequence dates": lambda b, day: ch.plots.map_sequence(b, [day], "one"),
    "discover date": lambda b, day: search(date=day),
    "load_scenario source": lambda b, day: (
        ch.load_scenario({**shifted(0), "window": {"end": day}}).window.end
    ),
}
PATHS: dict[str, Call] = {
    "Batch folder": lambda b, path: ch.Batch(path),
    "open_batch folder": lambda b, path: ch.open_batch(path),
    "verify batch": lambda b, path: ch.verify(path, 1, Scripted),
    "score batch": lambda b, path: ch.score(path),
    "score history": lambda b, path: ch.score(b, history=path),
    "run out": lambda b, path: run(path).folder,
    "run parameters": lambda b, path: run(parameters=path),
    "write_report path": lambda b, path: ch.write_report(b, path),
    "write_validation hindcast": lambda b, path: ch.write_validation(path, b),
    "animate_map path": lambda b, path: ch.plots.animate_map(b, path, "one", step=50),
    "draw_batch folder": lambda b, path: ch.plots.draw_batch(b, path),
    "Comparison.write_json path": lambda b, path: ch.compare(b, "one", "two").write_json(path),
}


def shifted(days: Any) -> dict[str, Any]:
    form = {"title": "T", "question": "Q?", "extends": "on-schedule"}
    return {**form, "handover": {"camps": {"Kidal": {"shift": days}}}}


def accepted(call: Call, batch: ch.Batch, value: Any) -> Any:
    """What a call gives for a value; that a search stops beyond the value is as good."""
    try:
        return call(batch, value)
    except ValueError as error:
        if re.search(BEYOND, str(error)):
            return None
        raise


@pytest.mark.parametrize("call", WHOLES.values(), ids=WHOLES)
def test_whole_numbers_of_all_types_are_taken(call: Call, batch: ch.Batch, home: Path) -> None:
    first, *others = [accepted(call, batch, value) for value in WHOLE]
    assert all(str(other) == str(first) for other in others)


@pytest.mark.parametrize("call", WHOLES.values(), ids=WHOLES)
@pytest.mark.parametrize("value", NO_WHOLE, ids=repr)
def test_what_is_no_whole_number_is_refused(
    call: Call, value: Any, batch: ch.Batch, home: Path
) -> None:
    with pytest.raises((ch.BatchError, ch.ScenarioError), match=WANTED_WHOLE):
        call(batch, value)


@pytest.mark.parametrize("call", DATES.values(), ids=DATES)
def test_days_of_all_types_are_taken(call: Call, batch: ch.Batch) -> None:
    first, *others = [accepted(call, batch, value) for value in DAYS]
    assert all(str(other) == str(first) for other in others)


@pytest.mark.parametrize("call", DATES.values(), ids=DATES)
@pytest.mark.parametrize("value", NO_DAYS, ids=repr)
def test_what_is_no_day_is_refused(call: Call, value: Any, batch: ch.Batch) -> None:
    with pytest.raises(ValueError, match=r"20\d\d-\d\d-\d\d"):
        call(batch, value)


@pytest.mark.parametrize("call", PATHS.values(), ids=PATHS)
def test_a_path_may_begin_at_home(call: Call, batch: ch.Batch, home: Path) -> None:
    texts = []
    for path in ("~/there.gif", Path("~/there.gif")):
        try:
            texts.append(str(call(batch, path)))
        except ValueError as error:
            texts.append(str(error))
    assert texts[0] == texts[1]
    assert (home / "there.gif").exists() or ("there.gif" in texts[0] and "~" not in texts[0])
    assert not Path("~").exists()


@pytest.mark.parametrize("call", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("value", NO_PATHS, ids=repr)
def test_what_is_no_path_is_refused(call: Call, value: Any, batch: ch.Batch) -> None:
    with pytest.raises(ch.BatchError, match="the path of a file or folder is needed"):
        call(batch, value)


def test_the_tables_hold_all_arguments_of_all_public_functions() -> None:
    kinds = re.compile(r"\bint\b|\bfloat\b|\bdate\b|\bDay\b|\bPath\b")
    homes = [(ch, name) for name in ch.__all__] + [(ch.plots, name) for name in ch.plots.__all__]
    functions = {name: getattr(home, name) for home, name in homes}
    found = {
        f"{name} {argument.name}"
        for name, function in functions.items()
        if inspect.isfunction(function)
        for argument in inspect.signature(function).parameters.values()
        if kinds.search(str(argument.annotation))
    }
    assert found - ELSEWHERE == (WHOLES | DATES | PATHS).keys() & found
    assert found >= ELSEWHERE


@pytest.mark.parametrize(
    "values",
    [range(3), (0, 1, 2), np.arange(3), pd.Series([0, 1, 2]), xr.DataArray([0, 1, 2])],
    ids=lambda values: type(values).__name__,
)
def test_a_sweep_takes_whatever_holds_values(values: Any) -> None:
    grid = {"grid": {"handover.camps.Kidal.shift": values}}
    points = ch.load_points({**shifted(0), "sweep": grid})
    assert [point.digest() for point in points] == [
        ch.load_scenario(shifted(days)).digest() for days in range(3)
    ]


def test_scenarios_hold_python_s_own_values() -> None:
    form = {**shifted(np.int16(5)), "parameters": {"ied_rate": np.float64(0.5)}}
    assert type(ch.load_scenario(form).parameters["ied_rate"]) is float
    assert ch.load_scenario({**form, "extends": Path("scenarios/on-schedule.yaml")})


@pytest.mark.parametrize("value", [True, "1", None, np.nan, np.inf, -1, 10**400])
def test_what_is_no_number_is_refused(value: Any, batch: ch.Batch) -> None:
    with pytest.raises(ch.BatchError, match=r"ied_rate is .*: a number from 0\.1 to 3"):
        run(fixed={"ied_rate": value})
    with pytest.raises(ch.BatchError, match=r"half-width of days is .*: a number above 0"):
        ch.compare(batch, "one", "two", half_width={"days": value})


def test_numbers_of_all_types_are_taken(batch: ch.Batch, home: Path) -> None:
    for value in (1, 1.0, np.float32(1), np.int64(1), np.array(1.0), xr.DataArray(1.0)):
        assert run(fixed={"ied_rate": value}).parameters["ied_rate"].item() == 1.0
        assert ch.compare(batch, "one", "two", half_width=value).half_width["days"] == 1.0
