"""The folder of a batch: what lies in it, how it is begun, continued and finished.

batch.json           what decides the content, but for the number of runs; written first
control.zarr         holders by scenario, replicate, place, slot, date
series.zarr          daily figures of the sides and of the conflict by scenario, replicate, date
people.zarr          daily figures of the places by scenario, replicate, date, place
events/<block>.parquet       ledgers
parameters/<block>.parquet   one record of parameters for each replicate, if they differ
parameters.parquet   one record for each scenario, if not
records.json         given records of parameters, if they were taken from a file
blocks/<block>.json  what the files of a block must be; written after them: then the block is there
scenarios/<name>.yaml    the resolved scenarios
manifest.json        written last: a folder that has it is a finished batch
origins/<name>.json  what was known, from which runs of scenarios go on (`origins`)
charts/              drawn from the above

A batch that is cut off goes on with the blocks that are there. A finished one grows: chunks past
its last replicate are not seen before the manifest says so, and what the manifest does not name
any more goes after it (`tidy`).
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from camphandover import facts
from camphandover.batch import cubes
from camphandover.batch.files import Stamp, fault_of, parquet, stamp, write_json, write_whole
from camphandover.batch.plan import FORMAT, READABLE, Block, Plan, file_name
from camphandover.errors import BatchError
from camphandover.libraries import pa

MANIFEST = "manifest.json"
IDENTITY = "batch.json"
EVENTS = "events"
PARAMETERS = "parameters"
ONE_RECORD = "parameters.parquet"
RECORDS = "records.json"
BLOCKS = "blocks"
SCENARIOS = "scenarios"
CHARTS = "charts"
LIBRARIES = ("numpy", "numba", "scipy", "mesa", "xarray", "zarr", "pyarrow")
LOCK = ".lock"
OPEN = ".open.json"
"""There while the batch is being written: workers elsewhere know the folder by it."""
_GROUPS = tuple(dict.fromkeys(cube.group for cube in cubes.CUBES))
_FOLDERS = (EVENTS, PARAMETERS, BLOCKS, SCENARIOS, *_GROUPS)
_FILES = (IDENTITY, MANIFEST, ONE_RECORD, RECORDS, OPEN)
_OF_A_BLOCK = re.compile(
    rf"({EVENTS}|{PARAMETERS})/[0-9a-f]{{16}}\.parquet|{BLOCKS}/[0-9a-f]{{16}}\.json|"
    + "|".join(rf"{re.escape(cube.group)}/{cube.name}/c(/[0-9]+)+" for cube in cubes.CUBES)
)
_UNFINISHED = re.compile(
    rf"(({'|'.join(map(re.escape, _FOLDERS))})/.+|{'|'.join(map(re.escape, _FILES))})"
    r"\.[0-9]+-[0-9]+\.part"
)
_WAY_OUT = "Nothing was changed. Give another folder with --out (out= in Python), or delete"

_CHANGED = {
    "theatre": "the facts or parameters have changed since",
    "core": "the code of the rules has changed since",
    "model": "another model ran it, or its code or what that uses has changed since",
}
"""What is told of a batch whose identity differs there."""

Manifest = dict[str, Any]


class Marker(NamedTuple):
    """What is known of a block that is there.

    Attributes:
        files: Stamp of each file by its path in the folder.
        failures: Replicates that raised.
        scenario, first: Its scenario's position and its first replicate.
    """

    files: dict[str, Stamp]
    failures: list[dict[str, Any]]
    scenario: int
    first: int


@dataclass
class Content:
    """What a block is made of, before it is written.

    Attributes:
        files: Bytes by path in the folder of the batch.
        failures: Replicates that raised: scenario, replicate, seed, error, traceback.
        model_seconds: Spent in the model, by the clock.
    """

    files: dict[str, bytes]
    failures: list[dict[str, Any]] = field(default_factory=list)
    model_seconds: float = 0.0


# --- reading -----------------------------------------------------------------------------


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a finished batch.

    Errors:
        BatchError if the folder holds none, or one that this version does not understand.
    """
    path = folder / MANIFEST
    if not path.is_file():
        what = "an unfinished batch" if (folder / IDENTITY).is_file() else "no batch"
        what = what if folder.exists() else "not there"
        verb = "is" if what == "not there" else "holds"
        raise BatchError(
            f"{folder} {verb} {what} (there is no {MANIFEST}). `camphandover run` makes one."
        )
    return _read(path)


def _read(path: Path) -> dict[str, Any]:
    """A JSON file of a batch that has a format."""
    folder = path.parent
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = content["format"] in READABLE
    except (OSError, ValueError, KeyError, TypeError) as error:
        way = f"Delete {folder}, or give another folder"
        if path.name == MANIFEST:  # all that it tells can be found out again
            way = "Delete it and run the same command again: nothing is computed twice"
        raise BatchError(f"{path} is damaged ({error}). {way}.") from error
    if not known:
        reads = " and ".join(map(str, READABLE))
        raise BatchError(
            f"{folder} is of format {content['format']}, this version reads {reads}. "
            f"Delete {folder}, give another folder, or use the version that made it "
            f"({content.get('package', 'an older one')})."
        )
    return dict(content)


def read_marker(folder: Path, name: str) -> Marker | None:
    """What is known of a block; `None` if it is not there, or its marker is damaged."""
    try:
        content = json.loads((folder / BLOCKS / f"{name}.json").read_text(encoding="utf-8"))
        files = {path: Stamp(*stamped) for path, stamped in content["files"].items()}
        return Marker(files, list(content["failures"]), content["scenario"], content["first"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def markers(folder: Path, blocks: Iterable[Block]) -> dict[Block, Marker]:
    """Of those blocks that are there, what their files must be."""
    there = {path.stem for path in (folder / BLOCKS).glob("*.json")}
    read = ((block, read_marker(folder, block.name)) for block in blocks if block.name in there)
    return {block: marker for block, marker in read if marker is not None}


def damages(
    folder: Path, held: Mapping[Block, Marker], workers: int
) -> list[tuple[Block, str, str]]:
    """Files that are not what was written: block, path in the folder, and what is wrong.

    Args:
        held: The blocks with their markers.
        workers: Threads that read and hash.
    """
    wanted = [
        (block, path, expected)
        for block, marker in held.items()
        for path, expected in marker.files.items()
    ]
    with ThreadPoolExecutor(workers) as pool:
        faults = pool.map(lambda one: fault_of(folder / one[1], one[2]), wanted)
        found = zip(wanted, faults, strict=True)
        return [(block, path, fault) for (block, path, _), fault in found if fault is not None]


# --- writing -----------------------------------------------------------------------------


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; it is free again when the process ends, however it ends.

    Errors:
        BatchError if another process holds it.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        with lock:
            yield
    except Timeout:
        raise BatchError(
            f"{folder} is being written by another process. Wait for it, or give another folder "
            "with --out (out= in Python)."
        ) from None


def check_usable(folder: Path, plan: Plan) -> bool:
    """Make sure that a batch may be written to a folder.

    Returns:
        Whether the folder holds this very batch, finished; else it is new, or holds this batch
        unfinished or with fewer runs.
    Errors:
        BatchError if the folder holds a different batch, more runs, or is not ours to write to.
    """
    if folder.exists() and not folder.is_dir():
        raise BatchError(f"{folder} is a file, and a folder is needed: give another with --out.")
    if (folder / IDENTITY).is_file():
        runs = read_manifest(folder)["runs"] if (folder / MANIFEST).is_file() else 0
        differences = _differences(_read(folder / IDENTITY), plan)
        if runs > plan.runs:
            differences.insert(0, f"runs {runs} there, {plan.runs} asked for")
        if differences:
            listed = "\n".join(f"  - {line}" for line in differences)
            raise BatchError(f"{folder} holds another batch:\n{listed}\n{_WAY_OUT} {folder}.")
        return bool(runs == plan.runs)
    if (folder / MANIFEST).is_file():
        read_manifest(folder)  # of another format: say so
    if folder.exists() and any(path.name != LOCK for path in folder.iterdir()):
        raise BatchError(f"{folder} is not empty and holds no batch. {_WAY_OUT} what is in it.")
    return False


def _differences(stored: dict[str, Any], plan: Plan) -> list[str]:
    """What a stored batch and a plan differ in, one line each."""
    one, other = (
        {**told, "parameters": _source_of_parameters(told)} for told in (stored, plan.identity())
    )
    lines = []
    if one["format"] != FORMAT:
        lines.append(f"it is of format {one['format']}, this version writes {FORMAT}")
    for key in ("seed", "evidence", "ledger", "parameters"):
        if one[key] != other[key]:
            lines.append(f"{key} {one[key]} there, {other[key]} asked for")
    if one["records"] != other["records"] and one["parameters"] == other["parameters"]:
        lines.append("the records of parameters have changed since")
    there, asked = (
        {entry["name"]: entry["digest"] for entry in told["scenarios"]} for told in (one, other)
    )
    lines.extend(f"scenario {name} only there" for name in there if name not in asked)
    lines.extend(f"scenario {name} only asked for" for name in asked if name not in there)
    changed = [name for name in asked if there.get(name, asked[name]) != asked[name]]
    lines.extend(f"scenario {name} has changed since" for name in changed)
    if list(there) != list(asked) and set(there) == set(asked):
        lines.append("the scenarios stand in another order")
    return lines + [what for key, what in _CHANGED.items() if one[key] != other[key]]


def _source_of_parameters(identity: dict[str, Any]) -> str:
    records = identity["records"]
    if records is not None:
        return f"of the records {records['name']}"
    return "sampled" if identity["sampled"] else "at their best value"


def begin(folder: Path, plan: Plan) -> None:
    """Write what a batch needs beside its blocks; what is there already is written again."""
    write_json(folder / OPEN, {"content": plan.content})
    write_json(folder / IDENTITY, {**plan.identity(), "package": version("camphandover")})
    cubes.create(folder, plan, facts.load().places)
    if plan.records is not None:
        plan.records.write(folder / RECORDS)
    if not plan.is_varied:
        records = [plan.parameters(i, 0, 1)[0] for i in range(len(plan.scenarios))]
        data = parameter_table({"scenario": plan.names}, records)
        write_whole(folder / ONE_RECORD, data)
    for scenario in plan.scenarios:
        path = folder / SCENARIOS / f"{file_name(scenario.name)}.yaml"
        write_whole(path, scenario.to_yaml().encode())


def shrink(folder: Path, plan: Plan) -> None:
    """Describe a finished batch anew if it was to grow and that was cut off."""
    if (folder / OPEN).exists():
        begin(folder, plan)
        (folder / OPEN).unlink()


def scenario_file(folder: Path, name: str) -> Path:
    """Where a batch keeps a scenario to be read; an older batch may name its file otherwise."""
    path = folder / SCENARIOS / f"{file_name(name)}.yaml"
    before = path.with_name(re.sub(r"[^\w.+-]", "_", name) + ".yaml")
    return before if not path.is_file() and os.path.isfile(before) else path


def parameter_table(keys: dict[str, list[Any]], records: list[dict[str, float]]) -> bytes:
    """Records of parameters as the bytes of a Parquet file, a column for each parameter."""

    columns = {name: pa.array([row[name] for row in records], pa.float64()) for name in records[0]}
    return parquet(pa.table({**keys, **columns}))


def forget(folder: Path, blocks: Iterable[Block]) -> None:
    """Take away the markers of blocks: they are to be computed again."""
    for block in blocks:
        (folder / BLOCKS / f"{block.name}.json").unlink(missing_ok=True)


def forget_overlapping(folder: Path, todo: Iterable[Block]) -> None:
    """Take away the markers of other blocks whose files a block to come will replace.

    A block that was the last of a smaller batch, and not full, has the chunk of a full one.
    """
    chunks = {(block.scenario, block.first): block.name for block in todo}
    for path in (folder / BLOCKS).glob("*.json"):
        marker = read_marker(folder, path.stem)
        if marker and chunks.get((marker.scenario, marker.first), path.stem) != path.stem:
            path.unlink(missing_ok=True)


def write_block(folder: Path, block: Block, content: Content) -> None:
    """Write a block: its files, then its marker."""
    for path, data in content.files.items():
        write_whole(folder / path, data)
    marker = {
        "scenario": block.scenario,
        "first": block.first,
        "stop": block.stop,
        "files": {path: stamp(data) for path, data in content.files.items()},
        "failures": content.failures,
    }
    write_json(folder / BLOCKS / f"{block.name}.json", marker)


def finish(folder: Path, plan: Plan, session: dict[str, Any]) -> None:
    """Write the manifest, which makes the batch a finished one.

    Args:
        session: What this call did: runs computed and reused, workers, engine, seconds.
    """
    before = read_manifest(folder)["sessions"] if (folder / MANIFEST).is_file() else []
    held = markers(folder, plan.blocks).values()
    manifest: Manifest = {
        **plan.identity(),
        "package": version("camphandover"),
        "runs": plan.runs,
        "window": [plan.start.isoformat(), plan.end.isoformat()],
        "scenarios": [
            {
                "name": scenario.name,
                "title": scenario.title,
                "digest": scenario.digest(),
                "window": [scenario.window.start.isoformat(), scenario.window.end.isoformat()],
                "yaml": scenario.to_yaml(),
                "origin": plan.origin_name(i),
            }
            for i, scenario in enumerate(plan.scenarios)
        ],
        "failures": [failure for marker in held for failure in marker.failures],
        "sessions": [*before, session],
        "blocks": [
            {"name": b.name, "scenario": plan.names[b.scenario], "first": b.first, "stop": b.stop}
            for b in plan.blocks
        ],
    }
    write_json(folder / MANIFEST, manifest)
    (folder / OPEN).unlink(missing_ok=True)


def tidy(folder: Path, held: Mapping[Block, Marker]) -> None:
    """Take away what a smaller batch, or a writer that was cut off, has left in the folder.

    Other programs read the folder as it lies there: a file that the manifest does not name would
    be counted by them. It goes once the manifest stands, so that nothing is lost by a kill at any
    time. Only files of the form in which blocks are written go, and unfinished ones; charts and a
    user's own files stay.

    Args:
        folder: Of a batch whose manifest stands, held for this process (`writing`).
        held: All blocks of the manifest.
    """
    named = {path for marker in held.values() for path in marker.files}
    named |= {f"{BLOCKS}/{block.name}.json" for block in held}
    for path in _files(folder):
        inside = path.relative_to(folder).as_posix()
        is_left = _OF_A_BLOCK.fullmatch(inside) and inside not in named
        if is_left or _UNFINISHED.fullmatch(inside):
            with suppress(OSError):
                path.unlink()
                _prune(path.parent, folder)


def _files(folder: Path) -> Iterator[Path]:
    """Files in which leftovers may be, found before any is taken away."""
    yield from [path for path in folder.iterdir() if path.is_file()]
    for name in _FOLDERS:
        for where, _, files in [*os.walk(folder / name)]:
            yield from (Path(where, file) for file in files)


def _prune(emptied: Path, folder: Path) -> None:
    """Take away folders that are empty now, upwards."""
    while emptied != folder:
        emptied.rmdir()  # raises, and so ends it, at the first that holds something
        emptied = emptied.parent


def new_session(**figures: Any) -> dict[str, Any]:
    """What is noted of one call that computed something, with the time and the machine."""
    machine = {
        "platform": platform.platform(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"finished": now, **figures, "machine": machine}
