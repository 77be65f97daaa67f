"""What a batch is made of: scenarios, replicates, and the blocks that they are cut into."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from camphandover import facts
from camphandover.batch.sampling import sample
from camphandover.scenario import Scenario
from camphandover.scenario.past import past_of

if TYPE_CHECKING:
    import numpy as np

    from camphandover.agents.model import Record
    from camphandover.batch.records import Records
    from camphandover.core.draws import Turn
    from camphandover.known.origin import Origin

FORMAT = 5
READABLE = (4, FORMAT)
"""Formats that are read; only batches of `FORMAT` are written."""
BLOCK = 50
"""Replicates of a block: enough that storing costs little, few enough to share out evenly."""
MAX_NAME = 60
MAX_PART = 200
"""Bytes of names within a file's name, which has room for 255."""
LIBRARY = "library"
DEFAULT_MODEL = "camphandover.agents.model:NorthernMali"
"""What `identity_of` says of the model itself, without loading it."""
DECIDED = ("theatre", "core", "model", "evidence", "sampled", "ledger")
"""What of a plan stands in the identity of its batch by its own name."""
LEDGERS = ("full", "changes", "none")
"""How much of the ledger is kept: all, changes of control with the chains of their causes, none."""


_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
"""What no file may be called on Windows."""


class Runner(Protocol):
    """One replicate of a scenario, before it is run."""

    def run(self) -> Record:
        """Play it to the end of the scenario's window."""


Model = Callable[..., Runner]
"""Makes one replicate from a scenario, a seed and its number: `NorthernMali`, a subclass of it, or
either with its own commanders (`functools.partial`)."""


def northern_mali(scenario: Scenario, seed: int, replicate: int = 0) -> Runner:
    """The model, imported when the first one is made."""
    from camphandover.agents.model import NorthernMali

    made: Runner = NorthernMali(scenario, seed, replicate)
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
    origins: dict[str, Origin] = field(default_factory=dict, compare=False, repr=False)
    """Of what was known, by name, once they are there: they follow from the rest."""

    @property
    def is_varied(self) -> bool:
        """Whether the replicates of a scenario differ in their parameters."""
        return self.sampled or self.records is not None

    def draw(self, scenario: int, replicate: int) -> int:
        """The number whose luck a replicate begins with: its own, unless records are paired, or it
        goes on from a particle."""
        if (origin := self._origin(scenario)) is not None:
            return origin.root(replicate)
        return replicate if self.records is None else self.records.draw(replicate)

    def turns(self, scenario: int, replicate: int) -> tuple[Turn, ...]:
        """Whose luck a replicate has later on, if it goes on from a particle."""
        origin = self._origin(scenario)
        return () if origin is None else origin.turns(replicate)

    def origin_name(self, scenario: int) -> str | None:
        """Hash of all that decides from which particles a scenario goes on; None if from none."""
        return self._origin_names[scenario]

    @cached_property
    def _origin_names(self) -> tuple[str | None, ...]:
        return tuple(
            None if one.known.until is None else self._name_of_past(one) for one in self.scenarios
        )

    def _name_of_past(self, scenario: Scenario) -> str:
        parts = [past_of(scenario).digest(), self.theatre, self.core, self.model, self.seed]
        parts += [self.evidence, self.sampled, self.records.digest if self.records else None]
        return _hash(parts)[:16]

    def _origin(self, scenario: int) -> Origin | None:
        """Its particles.

        Errors:
            KeyError if they are not there yet.
        """
        name = self.origin_name(scenario)
        return None if name is None else self.origins[name]

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
            **{name: getattr(self, name) for name in DECIDED},
            "records": self.records.told() if self.records else None,
        }

    def parameters(self, scenario: int, first: int, stop: int) -> list[dict[str, float]]:
        """Values of all parameters in replicates `first` to `stop` (exclusive) of a scenario."""
        origin = self._origin(scenario) if self.is_varied else None
        if origin is None:
            return self.own_parameters(scenario, range(first, stop))
        roots = [origin.root(replicate) for replicate in range(first, stop)]
        return self.own_parameters(scenario, roots, origin.n)

    def own_parameters(
        self, scenario: int, replicates: Sequence[int], among: int | None = None
    ) -> list[dict[str, float]]:
        """The same of replicates that begin on the first day with luck of their own.

        Args:
            among: If given they are some, in any order, of so many that are drawn together, once.
        """
        register = facts.load().parameters
        best = {name: parameter.known(self.evidence)[1] for name, parameter in register.items()}
        own = self.scenarios[scenario].parameters
        if self.records is not None:
            return [{**best, **self.records.of(r), **own} for r in replicates]
        if not self.sampled:
            return [{**best, **own}] * len(replicates)
        first, stop = (replicates[0], replicates[-1] + 1) if among is None else (0, among)
        drawn = _sampled(self.theatre, self.evidence, self.seed, first, stop)
        rows = (
            {name: float(values[r - first]) for name, values in drawn.items()} for r in replicates
        )
        return [{**best, **row, **own} for row in rows]


@lru_cache(maxsize=4)
def _sampled(
    theatre: str, evidence: str, seed: int, first: int, stop: int
) -> dict[str, np.ndarray]:
    """Drawn parameters of some replicates; those of particles are asked for by each block.

    Args:
        theatre: Digest of the facts, which hold the register.
    """
    return sample(facts.load().parameters, evidence, seed, first, stop)


def file_name(*names: str) -> str:
    """Names as one part of a file's name: other names, another part, on any file system.

    Plain names, of small letters, digits and `_.-`, stay as they are, and several are joined by
    `+`. Of all others the part is what can be read of them, then `~` and a hash.

    Args:
        names: At least one.
    Returns:
        At most `MAX_PART` bytes in UTF-8. Parts of different names differ, also where capitals
        do not count, and are no device of Windows.
    """
    joined = "+".join(names)
    if all(map(_is_plain, names)) and len(joined.encode()) <= MAX_PART:
        return joined
    return _told_apart(re.sub(r"[^\w.+-]", "_", joined), names)


def default_folder(names: Sequence[str], whole_library: bool) -> Path:
    """Where a batch lands when no folder is given: below `runs` in the working directory."""
    if whole_library:
        return Path("runs", LIBRARY)
    part = file_name(*names)
    if len(part) > MAX_NAME or part == LIBRARY:
        more = f"+{len(names) - 1}-more" if len(names) > 1 else ""
        part = _told_apart(re.sub(r"[^\w.-]", "_", names[0])[:30] + more, names)
    return Path("runs", part)


def _is_plain(name: str) -> bool:
    """Whether a name can be that of a file anywhere, and no other plain one is taken for it."""
    return bool(
        re.fullmatch(r"[\w-][\w.-]*(?<!\.)", name)
        and unicodedata.normalize("NFKC", name).casefold() == name
        and not _DEVICE.match(name)
    )


def _told_apart(text: str, names: Sequence[str]) -> str:
    """A text that may stand in a file's name, and the hash of the names that it stands for."""
    text = f"_{text}" if text.startswith(".") or _DEVICE.match(text) else text
    mark = f"~{_hash(list(names))[:16]}"
    return text.encode()[: MAX_PART - len(mark)].decode(errors="ignore") + mark


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
