"""What a filter leaves: of each particle the turns by which it is played again, and how it went."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from camphandover.core.draws import Turn
from camphandover.known.filter import Filter, Stage, Unmet
from camphandover.known.news import EPOCH, looks_of
from camphandover.known.particles import Swarm
from camphandover.scenario import Scenario
from camphandover.told import Told

AFTER = 1
"""Stage of the luck that a replicate has after the day if there are more replicates than
particles; a day in 1970, so no look's."""


@dataclass(frozen=True, eq=False)
class Origin(Told):
    """What was known on a day, as particles: runs whose past is likely by the record.

    Attributes:
        name: Hash of all that decides it.
        first: First day of the runs.
        until: Last day that is known; from the next one runs go on.
        n: Particles.
        effective: Effective number of particles on the day, before they were resampled.
        stages: What was done, look by look.
        unmet: What the record says that the particles hardly met, by look.
    """

    words: ClassVar[str] = "camphandover.say.origin"

    name: str
    first: date
    until: date
    n: int
    effective: float
    stages: tuple[Stage, ...]
    unmet: tuple[Unmet, ...]

    @property
    def narrowest(self) -> tuple[float, date]:
        """The fewest effective particles that any look left, and its day.

        What the runs tell is about as sure as so many independent runs that meet the record.
        """
        left = [(stage.effective, stage.day) for stage in self.stages]
        return min(*left, (self.effective, self.until))

    @property
    def log_evidence(self) -> float:
        """Of the record until the day, an estimate, nats."""
        return math.fsum(stage.log_evidence for stage in self.stages)

    @cached_property
    def _paths(self) -> np.ndarray:
        """Slot of each particle's ancestor at each stage and after the last, (stage + 1, n)."""
        paths = [np.arange(self.n)]
        for stage in reversed(self.stages):
            paths.append(paths[-1] if stage.parents is None else stage.parents[paths[-1]])
        return np.array(paths[::-1])

    @cached_property
    def lineages(self) -> tuple[int, ...]:
        """How many particles have descendants on the day: before each stage, and after the last."""
        return tuple(len(np.unique(row)) for row in self._paths)

    def ancestors(self, days: int) -> int:
        """How many particles of some days before the day have descendants on it."""
        since = self.until - timedelta(days=days)
        return self.lineages[sum(stage.day <= since for stage in self.stages)]

    @cached_property
    def hardly_met(self) -> dict[str, tuple[Unmet, ...]]:
        """What the record says that the particles hardly met, or not at all, with its looks."""
        found: dict[str, tuple[Unmet, ...]] = {}
        for one in self.unmet:
            found[one.what] = (*found.get(one.what, ()), one)
        return found

    @property
    def impossible(self) -> tuple[str, ...]:
        """What of it no particle met at any look."""
        return tuple(what for what, looks in self.hardly_met.items() if not any(k.n for k in looks))

    def root(self, replicate: int) -> int:
        """The replicate whose luck, and parameters, a replicate begins with."""
        return int(self._paths[0, replicate % self.n])

    def turns(self, replicate: int = 0) -> tuple[Turn, ...]:
        """Whose luck a replicate has from which day on.

        Replicate r goes on from particle r; of more replicates than particles, from particle r
        modulo their number, with luck of its own after the day.
        """
        path = self._paths[:, replicate % self.n]
        turns = [Turn((self.first - EPOCH).days, int(path[0]), 0)]
        for stage, before, after in zip(self.stages, path[:-1], path[1:], strict=True):
            if before != after:
                look = (stage.day - EPOCH).days
                turns.append(Turn(look + 1, int(after), look))
        if replicate >= self.n:
            turns.append(Turn((self.until - EPOCH).days + 1, replicate, AFTER))
        return tuple(turns)

    # --- kept as a file

    def to_bytes(self) -> bytes:
        """As JSON, with its checksum."""
        content = {
            "name": self.name,
            "first": self.first.isoformat(),
            "until": self.until.isoformat(),
            "particles": self.n,
            "effective": self.effective,
            "stages": [_stage_data(stage) for stage in self.stages],
            "unmet": [[one.day.isoformat(), one.what, one.share, one.n] for one in self.unmet],
        }
        return _checked(content)

    @classmethod
    def from_bytes(cls, data: bytes) -> Origin:
        """As `to_bytes` gave it.

        Raises:
            ValueError: it is damaged.
        """
        try:
            content = json.loads(data)
            sha256 = content.pop("sha256")
            if json.loads(_checked(content))["sha256"] != sha256:
                raise ValueError("its checksum differs")
            day = date.fromisoformat
            return cls(
                name=content["name"],
                first=day(content["first"]),
                until=day(content["until"]),
                n=content["particles"],
                effective=content["effective"],
                stages=tuple(map(_stage, content["stages"])),
                unmet=tuple(Unmet(day(when), *about) for when, *about in content["unmet"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error


def _checked(content: dict[str, Any]) -> bytes:
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return (json.dumps({**content, "sha256": digest}) + "\n").encode()


def _stage_data(stage: Stage) -> dict[str, Any]:
    parents = None if stage.parents is None else stage.parents.tolist()
    about = {"day": stage.day.isoformat(), "by_kind": stage.by_kind.tolist(), "parents": parents}
    return {**vars(stage), **about}


def _stage(data: dict[str, Any]) -> Stage:
    parents = None if data["parents"] is None else np.array(data["parents"])
    day, by_kind = date.fromisoformat(data["day"]), np.array(data["by_kind"])
    return Stage(**{**data, "day": day, "by_kind": by_kind, "parents": parents})


def condition(scenario: Scenario, swarm: Swarm, seed: int, name: str = "") -> Origin:
    """Condition runs of a scenario's past on what was known.

    Args:
        scenario: With `known.until`.
        swarm: Its particles on the first day.
        seed: Of resampling.
        name: Of the origin.
    """
    to_come = looks_of(scenario)
    filter_ = Filter(swarm, seed)
    effective = math.nan
    for _ in filter_.run(to_come, to_come[-1]):
        effective = filter_.effective_heirs
    return Origin(
        name=name,
        first=scenario.window.start,
        until=to_come[-1].day,
        n=swarm.n,
        effective=effective,
        stages=tuple(filter_.stages),
        unmet=tuple(filter_.unmet),
    )
