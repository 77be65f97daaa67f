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

    from camphandover.ensemble.records import Records
    from camphandover.scenario import Scenario
    from camphandover.theatre import Parameter

FORMAT = 5
READABLE = (4, FORMAT)
"""Formats that are read; only batches of `FORMAT` are written."""
BLOCK = 50
"""Replicates of a block: enough that storing costs little, few enough to share out evenly."""
MAX_SEED = 2**64 - 1
MAX_NAME = 60
DEFAULT_MODEL = "camphandover.model:NorthernMali"
"""What `identity_of` says of the model itself, without loading it."""
LEDGERS = ("full", "changes", "none")
"""How much of the ledger is kept: all, changes of control with the chains of their causes, none."""


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

    def use_parameters(self, values: Mapping[str, float]) -> None:
        """Take these parameters from the next `run` on; called if replicates differ in them."""


Model = Callable[["Scenario", int], Runner]
"""Makes a runner from a scenario and a seed: `NorthernMali` or a subclass of it."""


def northern_mali(scenario: Scenario, seed: int) -> Runner:
    """The model, imported when the first one is made."""
    from camphandover.model import NorthernMali

    made: Runner = NorthernMali(scenario, seed)
    return made


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
        evidence: Set of parameters, `prior` or `hindcast`.
        sampled: Whether each replicate draws its parameters; what a scenario sets is fixed.
        ledger: How much of the ledger is kept, one of `LEDGERS`.
        records: Given records of parameters, which the replicates take in turn; what a scenario
            sets is fixed.
    """

    scenarios: tuple[Scenario, ...]
    runs: int
    seed: int
    theatre: str
    core: str
    model: str
    evidence: str = "hindcast"
    sampled: bool = False
    ledger: str = "full"
    records: Records | None = None

    @property
    def is_varied(self) -> bool:
        """Whether the replicates of a scenario differ in their parameters."""
        return self.sampled or self.records is not None

    def draw(self, replicate: int) -> int:
        """The number whose luck a replicate has: its own, unless records are paired."""
        return replicate if self.records is None else self.records.draw(replicate)

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
        parts += [first, stop, self.evidence, self.sampled, self.ledger]
        parts += [self.records.digest if self.records else None]
        return Block(scenario, first, stop, _hash(parts)[:16])

    @cached_property
    def content(self) -> str:
        """Hash of all that decides the content of the batch."""
        return _hash([self.names, [block.name for block in self.blocks]])

    def identity(self) -> dict[str, Any]:
        """All that decides the content of the batch but the number of runs."""
        scenarios = [{"name": one.name, "digest": one.digest()} for one in self.scenarios]
        return {
            "format": FORMAT,
            "seed": self.seed,
            "scenarios": scenarios,
            "theatre": self.theatre,
            "core": self.core,
            "model": self.model,
            "evidence": self.evidence,
            "sampled": self.sampled,
            "ledger": self.ledger,
            "records": self.records.told() if self.records else None,
        }

    def parameters(self, scenario: int, first: int, stop: int) -> list[dict[str, float]]:
        """Values of all parameters in replicates `first` to `stop` (exclusive) of a scenario."""
        from camphandover import theatre
        from camphandover.ensemble.sampling import sample

        register = theatre.load().parameters
        best = {name: parameter.known(self.evidence)[1] for name, parameter in register.items()}
        own = self.scenarios[scenario].parameters
        if self.records is not None:
            return [{**best, **self.records.of(r), **own} for r in range(first, stop)]
        if not self.sampled:
            return [{**best, **own}] * (stop - first)
        drawn = sample(register, self.evidence, self.seed, first, stop)
        rows = range(stop - first)
        return [{**best, **{name: float(drawn[name][i]) for name in drawn}, **own} for i in rows]


def make_plan(
    scenarios: Sequence[Scenario],
    runs: int,
    seed: int,
    model: Model | str,
    *,
    evidence: str | None = None,
    sampled: bool = False,
    fixed: Mapping[str, float] | None = None,
    ledger: str = "full",
    records: Records | None = None,
) -> Plan:
    """Plan a batch.

    Args:
        scenarios: At least one; their names differ.
        runs: Replicates of each scenario, at least 1.
        seed: 0 to 2**64 - 1.
        model: Makes the runner of a scenario, or what `identity_of` says of it.
        evidence: Set of parameters, `prior` or `hindcast`; that of the records, or `hindcast`, if
            not given.
        sampled: Whether each replicate draws its parameters from their ranges.
        fixed: Parameters that have this value in every scenario and run.
        ledger: How much of the ledger is kept, one of `LEDGERS`.
        records: Given records of parameters.
    Errors:
        BatchError if a value is out of range, two scenarios share a name, there is no such
        parameter, or two sources of parameters are given.
    """
    from camphandover import theatre

    evidence = _evidence(evidence, sampled, records)

    check_whole("runs", runs, 1, 2**31 - 1)
    check_whole("seed", seed, 0, MAX_SEED)
    _check_choice("evidence", evidence, ("hindcast", "prior"))
    _check_choice("ledger", ledger, LEDGERS)
    if not scenarios:
        raise BatchError("There is no scenario to run: name at least one.")
    names = [scenario.name for scenario in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BatchError(f"Two scenarios are named {', '.join(twice)}: give each its own name.")
    facts = theatre.load()
    values = _check_parameters(fixed or {}, facts.parameters)
    if evidence == "prior" and not sampled and records is None:
        # Without sampling the set is its best values, which the scenarios then show.
        bests = {name: p.prior[1] for name, p in facts.parameters.items() if p.prior is not None}
    else:
        bests = {}
    chosen = tuple(
        one.model_copy(update={"parameters": {**bests, **one.parameters, **values}})
        for one in scenarios
    )
    what = model if isinstance(model, str) else identity_of(model)
    return Plan(
        chosen, runs, seed, facts.digest, code_digest(), what, evidence, sampled, ledger, records
    )


def _evidence(asked: str | None, sampled: bool, records: Records | None) -> str:
    """The set of parameters, of which records say themselves which it is."""
    if records is None:
        return "hindcast" if asked is None else asked
    if sampled:
        raise BatchError(
            f"the records {records.name} and sampled parameters exclude each other: leave one out."
        )
    if asked not in (None, records.evidence):
        raise BatchError(
            f"evidence is {asked!r}, and the records {records.name} are of the set "
            f"{records.evidence!r}: leave evidence out."
        )
    return records.evidence


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise BatchError(f"{name} is {value!r}: one of {', '.join(known)} is needed.")


def _check_parameters(
    fixed: Mapping[str, float], register: Mapping[str, Parameter]
) -> dict[str, float]:
    """Hold fixed parameters to the register's names and ranges."""
    from camphandover.theatre.errors import close_matches

    for name, value in fixed.items():
        if name not in register:
            hint = close_matches(name, list(register))
            raise BatchError(f"There is no parameter {name!r}: {hint}.")
        low, high = register[name].widest
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not low <= value <= high
        ):
            unit = register[name].unit
            raise BatchError(f"{name} is {value!r}: {low:g} to {high:g} is right ({unit}).")
    return {name: float(value) for name, value in fixed.items()}


def code_digest() -> str:
    """SHA-256 (hex) of the sources of the model: all that stands below the ensembles."""
    package = Path(__file__).resolve().parents[1]
    files = [
        path for path in package.glob("*.py") if not path.stem.startswith(("__", "cli", "app"))
    ]
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


def identity_of(value: Any) -> str:
    """What a model, or an argument bound to it, is: names, and hashes of users' own sources."""
    if isinstance(value, partial):
        return f"{identity_of(value.func)}{identity_of(value.args)}{identity_of(value.keywords)}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {identity_of(value[key])}' for key in sorted(value))}}}"
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(identity_of, value))})"
    if not hasattr(value, "__qualname__"):
        return repr(value)
    name = f"{value.__module__}:{value.__qualname__}"
    sources = [_source(part) for part in getattr(value, "__mro__", [value])]
    own = [source for source in sources if source]
    return f"{name}#{_hash(own)[:12]}" if own else name


def _source(value: Any) -> str:
    """Source of the module of a user's class or function, or its own if there is no file."""
    package = value.__module__.split(".")[0]
    if package in ("camphandover", "mesa", *sys.stdlib_module_names) and package != "__main__":
        return ""
    for part in (sys.modules.get(value.__module__), value):
        with suppress(OSError, TypeError):
            return inspect.getsource(part)  # type: ignore[arg-type]
    return ""


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
