"""The folder of a batch: what lies in it, how it is begun, written and finished.

manifest.json        written last: a folder that has it is a finished batch
control.zarr         holders by scenario, replicate, place, slot, date
series.zarr          daily figures of the sides and of the conflict by scenario, replicate, date
people.zarr          daily figures of the places by scenario, replicate, date, place
events/<block>.parquet   ledgers
parameters.parquet   one record of parameters for each scenario
scenarios/<name>.yaml    the resolved scenarios
charts/              drawn from the above
"""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from camphandover.ensemble import cubes, ledgers
from camphandover.ensemble.cubes import PEOPLE, SERIES, UNKNOWN, war_names, write_whole
from camphandover.ensemble.plan import BLOCK, FORMAT, BatchError, Block, Plan, Record, file_name

MANIFEST = "manifest.json"
UNFINISHED = "unfinished.json"
CONTROL = "control.zarr"
SERIES_GROUP = "series.zarr"
PEOPLE_GROUP = "people.zarr"
EVENTS = "events"
PARAMETERS = "parameters.parquet"
SCENARIOS = "scenarios"
CHARTS = "charts"
_OURS = (CONTROL, SERIES_GROUP, PEOPLE_GROUP, EVENTS, PARAMETERS, SCENARIOS, CHARTS, UNFINISHED)
WAR = tuple(war_names())
_WAY_OUT = "Nothing was changed. Give another folder with --out (out= in Python), or delete"

Manifest = dict[str, Any]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a finished batch.

    Errors:
        BatchError if the folder holds none, or one that this version does not understand.
    """
    path = folder / MANIFEST
    if not path.is_file():
        what = "an unfinished batch" if (folder / UNFINISHED).is_file() else "no batch"
        what = what if folder.exists() else "not there"
        verb = "is" if what == "not there" else "holds"
        raise BatchError(
            f"{folder} {verb} {what} (there is no {MANIFEST}). `camphandover run` makes one."
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        known = manifest["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path} is damaged ({error}). Delete {folder} and run the batch again."
        raise BatchError(message) from error
    if not known:
        message = f"{folder} is of format {manifest['format']}, this version reads {FORMAT}."
        raise BatchError(f"{message} Open it with version {manifest.get('package')}.")
    return dict(manifest)


def prepare(folder: Path, plan: Plan) -> Manifest | None:
    """Make sure that a batch may be written to a folder.

    Returns:
        The manifest if the folder already holds this very batch, finished; else `None`, and the
        folder is empty or holds what users put there beside an unfinished batch, now removed.
    Errors:
        BatchError if the folder holds a different batch or is not ours to write to.
    """
    if folder.exists() and not folder.is_dir():
        raise BatchError(f"{folder} is a file, and a folder is needed: give another with --out.")
    if (folder / MANIFEST).exists():
        manifest = read_manifest(folder)
        if manifest["content"] == plan.content:
            return manifest
        differences = "\n".join(f"  - {line}" for line in _differences(manifest, plan))
        raise BatchError(f"{folder} holds another batch:\n{differences}\n{_WAY_OUT} {folder}.")
    if (folder / UNFINISHED).is_file():
        _remove_unfinished(folder)
    elif folder.exists() and any(folder.iterdir()):
        raise BatchError(f"{folder} is not empty and holds no batch. {_WAY_OUT} what is in it.")
    return None


def _remove_unfinished(folder: Path) -> None:
    """Remove what an unfinished batch left, its marker last."""
    for name in _OURS:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _differences(manifest: Manifest, plan: Plan) -> list[str]:
    """What a stored batch and a plan differ in, one line each."""
    lines = []
    for key in ("seed", "runs"):
        if manifest[key] != getattr(plan, key):
            lines.append(f"{key} {manifest[key]} there, {getattr(plan, key)} asked for")
    there = {entry["name"]: entry["digest"] for entry in manifest["scenarios"]}
    asked = {scenario.name: scenario.digest() for scenario in plan.scenarios}
    lines.extend(f"scenario {name} only there" for name in there if name not in asked)
    lines.extend(f"scenario {name} only asked for" for name in asked if name not in there)
    changed = [name for name in asked if there.get(name, asked[name]) != asked[name]]
    lines.extend(f"scenario {name} has changed since" for name in changed)
    if list(there) != list(asked) and set(there) == set(asked):
        lines.append("the scenarios stand in another order")
    for key, what in {
        "theatre": "the facts or parameters have changed since",
        "core": "the code of the rules has changed since",
        "model": "another model class ran it",
    }.items():
        if manifest[key] != getattr(plan, key):
            lines.append(what)
    return lines or ["it was cut into other blocks"]


def create(folder: Path, plan: Plan) -> Layout:
    """Begin a batch: the marker, empty cubes, the parameters and the resolved scenarios."""
    from camphandover import theatre

    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / UNFINISHED, {"format": FORMAT, "content": plan.content})
    facts = theatre.load()
    cubes.create(folder / CONTROL, plan, cubes.control_variables(plan, facts.places))
    cubes.create(folder / SERIES_GROUP, plan, cubes.series_variables(plan))
    cubes.create(folder / PEOPLE_GROUP, plan, cubes.people_variables(plan, facts.places))
    (folder / EVENTS).mkdir()
    _write_parameters(folder / PARAMETERS, plan, facts.parameters)
    (folder / SCENARIOS).mkdir()
    for scenario in plan.scenarios:
        path = folder / SCENARIOS / f"{file_name(scenario.name)}.yaml"
        write_whole(path, scenario.to_yaml().encode())
    return Layout(folder, plan, tuple(place.name for place in facts.places))


def _write_parameters(path: Path, plan: Plan, parameters: Any) -> None:
    """One record of parameters for each scenario: the best value, or what the scenario sets."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {"scenario": pa.array(plan.names)}
    for name, parameter in parameters.items():
        values = [scenario.parameters.get(name, parameter.best) for scenario in plan.scenarios]
        columns[name] = pa.array(values, pa.float64())
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd", version="2.6")
    write_whole(path, sink.getvalue().to_pybytes())


def finish(
    folder: Path,
    plan: Plan,
    workers: int,
    seconds: dict[str, float],
    failures: Iterable[dict[str, Any]],
) -> Manifest:
    """Write the manifest, which makes the batch a finished one."""
    manifest: Manifest = {
        "format": FORMAT,
        "package": version("camphandover"),
        "content": plan.content,
        "seed": plan.seed,
        "runs": plan.runs,
        "window": [plan.start.isoformat(), plan.end.isoformat()],
        "scenarios": [
            {
                "name": scenario.name,
                "title": scenario.title,
                "digest": scenario.digest(),
                "window": [scenario.window.start.isoformat(), scenario.window.end.isoformat()],
            }
            for scenario in plan.scenarios
        ],
        "theatre": plan.theatre,
        "core": plan.core,
        "model": plan.model,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "workers": workers,
        **seconds,
        "machine": _machine(),
        "failures": list(failures),
        "blocks": [
            {"name": b.name, "scenario": plan.names[b.scenario], "first": b.first, "stop": b.stop}
            for b in plan.blocks
        ],
    }
    _write_json(folder / MANIFEST, manifest)
    (folder / UNFINISHED).unlink()
    return manifest


def _machine() -> dict[str, str]:
    libraries = ("numpy", "numba", "mesa", "xarray", "zarr", "pyarrow")
    return {
        "platform": platform.platform(),
        "processor": platform.machine(),
        "python": ".".join(map(str, sys.version_info[:3])),
        **{name: version(name) for name in libraries},
    }


def _write_json(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_whole(path, (text + "\n").encode())


def _unknown(names: Iterable[str], shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Arrays of nan."""
    return {name: np.full(shape, np.nan, dtype=np.float32) for name in names}


class BlockResults:
    """Room for the results of one block: whole chunks, filled replicate by replicate."""

    def __init__(self, plan: Plan, block: Block, n_places: int) -> None:
        """Everything unknown at first."""
        n_rows = min(BLOCK, plan.runs)
        self._days = plan.days(block.scenario)
        self.control = np.full(
            (n_rows, n_places, len(cubes.SLOTS), plan.n_days), UNKNOWN, dtype=np.int8
        )
        shape = (n_rows, plan.n_days)
        self.series = {**_unknown(SERIES, (*shape, len(cubes.SIDES))), **_unknown(WAR, shape)}
        self.people = _unknown(PEOPLE, (*shape, n_places))
        self.ledgers: list[np.ndarray] = [ledgers.EMPTY] * block.size

    def put(self, row: int, record: Record) -> None:
        """Take over the results of a replicate, which the runner may overwrite later."""
        self.control[row, :, :, self._days] = record.control
        for name in SERIES:
            self.series[name][row, self._days] = record.series[name]
        for name in WAR:
            self.series[name][row, self._days] = record.war[name.removeprefix("war_")]
        for name in PEOPLE:
            self.people[name][row, self._days] = record.people[name]
        self.ledgers[row] = np.array(record.events)

    def clear(self, row: int) -> None:
        """Forget a replicate that failed."""
        self.control[row] = UNKNOWN
        for values in (*self.series.values(), *self.people.values()):
            values[row] = np.nan
        self.ledgers[row] = ledgers.EMPTY


@dataclass(frozen=True)
class Layout:
    """Where the blocks of a plan are written."""

    folder: Path
    plan: Plan
    places: tuple[str, ...]

    def new_block(self, block: Block) -> BlockResults:
        """Room for the results of a block."""
        return BlockResults(self.plan, block, len(self.places))

    def write(self, block: Block, results: BlockResults) -> None:
        """Write a block: its events, then its chunks."""
        name = self.plan.names[block.scenario]
        path = self.folder / EVENTS / f"{block.name}.parquet"
        ledgers.write(path, name, self.places, block.first, results.ledgers)
        for variable, values in results.series.items():
            cubes.write_chunk(self.folder / SERIES_GROUP, variable, block, values)
        for variable, values in results.people.items():
            cubes.write_chunk(self.folder / PEOPLE_GROUP, variable, block, values)
        cubes.write_chunk(self.folder / CONTROL, "control", block, results.control)
