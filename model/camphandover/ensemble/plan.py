"""What a batch is made of: scenarios, replicates, and the blocks that they are cut into."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from camphandover.scenario import Scenario

FORMAT = 2
BLOCK = 50
"""Replicates of a block: enough that storing costs little, few enough to share out evenly."""
MAX_SEED = 2**64 - 1
MAX_NAME = 60


class BatchError(Exception):
    """A batch cannot be planned, stored or opened; the text says why and what to do."""


class Record(Protocol):
    """What one run gives back (`camphandover.model.Record`)."""

    @property
    def control(self) -> np.ndarray:
        """Holders, shape (place, slot, day)."""

    @property
    def series(self) -> np.ndarray:
        """Daily figures of the sides, shape (day, side)."""

    @property
    def war(self) -> np.ndarray:
        """Daily figures of the conflict, shape (day,)."""

    @property
    def people(self) -> np.ndarray:
        """Daily figures of the places, shape (day, place)."""

    @property
    def events(self) -> np.ndarray:
        """Rows of the ledger."""


class Runner(Protocol):
    """What runs the replicates of one scenario, one after the other."""

    def run(self, replicate: int) -> Record:
        """Run one replicate from the scenario's first day."""


Model = Callable[["Scenario", int], Runner]
"""Makes a runner from a scenario and a seed: `NorthernMali` or a subclass of it."""


@dataclass(frozen=True)
class Block:
    """Replicates `first` to `stop` (exclusive) of one scenario.

    Attributes:
        scenario: Position of the scenario in the plan.
        first: First replicate, a multiple of the block size.
        stop: One past the last replicate.
        name: Short hash of all that decides the content.
    """

    scenario: int
    first: int
    stop: int
    name: str

    @property
    def size(self) -> int:
        """Number of replicates."""
        return self.stop - self.first


@dataclass(frozen=True)
class Plan:
    """A batch before it is run.

    Attributes:
        scenarios: The resolved scenarios, in the order asked for.
        runs: Replicates of each scenario.
        seed: Seed of all draws.
        theatre: Digest of the facts and parameters.
        core: Digest of the sources of the model.
        model: What runs a replicate: `module:name`, with a hash of the source if it is a user's.
    """

    scenarios: tuple[Scenario, ...]
    runs: int
    seed: int
    theatre: str
    core: str
    model: str

    @property
    def names(self) -> list[str]:
        """Names of the scenarios."""
        return [scenario.name for scenario in self.scenarios]

    @property
    def start(self) -> date:
        """First day of any scenario."""
        return min(scenario.window.start for scenario in self.scenarios)

    @property
    def end(self) -> date:
        """Last day of any scenario."""
        return max(scenario.window.end for scenario in self.scenarios)

    @property
    def n_days(self) -> int:
        """Days from `start` to `end`, both included."""
        return (self.end - self.start).days + 1

    def days(self, scenario: int) -> slice:
        """Where the days of a scenario lie among the days of the batch."""
        window = self.scenarios[scenario].window
        return slice((window.start - self.start).days, (window.end - self.start).days + 1)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks: scenario by scenario, replicates ascending."""
        return tuple(
            self._block(scenario, first)
            for scenario in range(len(self.scenarios))
            for first in range(0, self.runs, BLOCK)
        )

    def _block(self, scenario: int, first: int) -> Block:
        stop = min(first + BLOCK, self.runs)
        what = self.scenarios[scenario]
        parts = [FORMAT, what.name, what.digest(), self.theatre, self.core, self.model, self.seed]
        parts += [first, stop]
        return Block(scenario, first, stop, _hash(parts)[:16])

    @cached_property
    def content(self) -> str:
        """Hash of all that decides the content of the batch."""
        return _hash([self.names, [block.name for block in self.blocks]])


def make_plan(scenarios: Sequence[Scenario], runs: int, seed: int, model: Model) -> Plan:
    """Plan a batch.

    Args:
        scenarios: At least one; their names differ.
        runs: Replicates of each scenario, at least 1.
        seed: 0 to 2**64 - 1.
        model: Makes the runner of a scenario.
    Errors:
        BatchError if a value is out of range or two scenarios share a name.
    """
    from camphandover import theatre

    check_whole("runs", runs, 1, 2**31 - 1)
    check_whole("seed", seed, 0, MAX_SEED)
    if not scenarios:
        raise BatchError("There is no scenario to run: name at least one.")
    names = [scenario.name for scenario in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BatchError(f"Two scenarios are named {', '.join(twice)}: give each its own name.")
    facts = theatre.load().digest
    return Plan(tuple(scenarios), runs, seed, facts, code_digest(), _identity(model))


def code_digest() -> str:
    """SHA-256 (hex) of the sources of the model: all that stands below the ensembles."""
    package = Path(__file__).resolve().parents[1]
    above = ("__init__.py", "app.py", "cli.py", "cli_batch.py")
    files = [path for path in package.glob("*.py") if path.name not in above]
    files += [*package.glob("rules/**/*.py"), *package.glob("theatre/**/*.py")]
    names = {path.relative_to(package).as_posix(): path.read_bytes() for path in files}
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(name.encode() + b"\0" + names[name] + b"\0")
    return digest.hexdigest()


def check_whole(name: str, value: Any, low: int, high: int) -> None:
    """Hold a whole number to its range.

    Errors:
        BatchError that names the value, what it is, and the range.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BatchError(f"{name} is {value!r}: a whole number from {low} to {high} is needed.")


def file_name(name: str) -> str:
    """A scenario's name as part of a file's name."""
    return re.sub(r"[^\w.+-]", "_", name)


def default_folder(names: Sequence[str], whole_library: bool) -> Path:
    """Where a batch lands when no folder is given: below `runs` in the working directory."""
    if whole_library:
        return Path("runs", "library")
    joined = "+".join(file_name(name) for name in names)
    if len(joined) > MAX_NAME:
        joined = f"{file_name(names[0])[:30]}+{len(names) - 1}-more-{_hash(list(names))[:6]}"
    return Path("runs", joined)


def _identity(value: Any) -> str:
    """What a model, or an argument bound to it, is: names, and hashes of users' own sources."""
    if isinstance(value, partial):
        return f"{_identity(value.func)}{_identity(value.args)}{_identity(value.keywords)}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_identity(value[key])}' for key in sorted(value))}}}"
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(_identity, value))})"
    if not hasattr(value, "__qualname__"):
        return repr(value)
    name = f"{value.__module__}:{value.__qualname__}"
    sources = [_source(part) for part in getattr(value, "__mro__", [value])]
    own = [source for source in sources if source]
    return f"{name}#{_hash(own)[:12]}" if own else name


def _source(value: Any) -> str:
    """Source of the module of a user's class or function, or its own if there is no file."""
    if value.__module__.split(".")[0] in ("camphandover", "mesa", "builtins"):
        return ""
    for part in (sys.modules.get(value.__module__), value):
        with suppress(OSError, TypeError):
            return inspect.getsource(part)  # type: ignore[arg-type]
    return ""


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
