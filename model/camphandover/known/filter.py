"""A particle filter: runs are weighed by what the record says, and copies of the likely go on.

Source: Gordon, Salmond, Smith 1993 (bootstrap filter); Del Moral 2004 (the estimate of the
evidence is unbiased, with resampling at times that the weights decide, too).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from camphandover.known.news import (
    KINDS,
    Look,
    agrees,
    log_likelihood,
    log_likelihood_of_fresh,
)
from camphandover.known.particles import Swarm

HARDLY = 0.01
"""Share of the particles' weight below which what the record says counts as hardly met."""
RESAMPLE_BELOW = 0.5
"""Share of the particles below which their effective number leads to resampling."""
STREAM = 0xF117
"""Keeps the draws of resampling apart from every other use of the seed."""


@dataclass(frozen=True)
class Unmet:
    """What the record says that the particles hardly met.

    Attributes:
        day: Of the look.
        what: What the record says.
        share: Share of the particles, by weight before the look, that are so.
        n: How many are.
    """

    day: date
    what: str
    share: float
    n: int


@dataclass(frozen=True, eq=False)
class Stage:
    """What a filter did on the day of a look.

    Attributes:
        day: Of the look.
        by_kind: Log evidence of each kind of its news (`news.KINDS`), given those before it and all
            looks before, shape (kind,).
        effective: Effective number of particles after it.
        parents: Slot from which each slot has its particle, shape (particle,); None if all kept
            theirs.
        told: How many things the record said.
        agreement: Mean share of them, by weight before the look, that a particle was as.
    """

    day: date
    by_kind: np.ndarray
    effective: float
    parents: np.ndarray | None
    told: int
    agreement: float

    @property
    def log_evidence(self) -> float:
        """Of the look, given those before it."""
        return float(self.by_kind.sum())


class Filter:
    """Weighs the particles of a swarm look by look.

    Args:
        swarm: On the first day of the looks' record.
        seed: Of the draws of resampling, by the day of the look.

    Attributes:
        weights: Of the particles, sum 1, shape (particle,).
        stages: What was done so far.
        unmet: What the record says that the particles hardly met (`HARDLY`).
    """

    def __init__(self, swarm: Swarm, seed: int) -> None:
        self.swarm, self.seed = swarm, seed
        self._logs = np.full(swarm.n, -math.log(swarm.n))
        self._fresh = np.zeros(swarm.n)
        self.stages: list[Stage] = []
        self.unmet: list[Unmet] = []

    @property
    def weights(self) -> np.ndarray:
        """Of the particles, sum 1."""
        return weights_of(self._logs)

    @property
    def log_evidence(self) -> float:
        """Of all looks so far."""
        return math.fsum(stage.log_evidence for stage in self.stages)

    def run(self, looks: Iterable[Look], last: Look | None = None) -> Iterator[Look]:
        """Play to each look and weigh; yields it then, before the particles may be resampled.

        Args:
            looks: In the order of their days.
            last: The look after which all particles are to weigh the same, if one is.
        """
        for look in looks:
            self.swarm.play(look.number)
            self._weigh(look)
            yield look
            if look is last:
                self._resample(look, self.heirs(look))
            elif self.effective < RESAMPLE_BELOW * self.swarm.n:
                self._resample(look, self._drawn(self._logs, look))

    @property
    def effective(self) -> float:
        """Effective number of particles: 1 / sum of squared weights."""
        return effective_number(self.weights)

    @property
    def effective_heirs(self) -> float:
        """The same if what is fresh weighs, too: of the runs that go on."""
        return effective_number(weights_of(self._logs + self._fresh))

    def _weigh(self, look: Look) -> None:
        seen, before = self.swarm.see(), self.weights
        likely = log_likelihood(look, seen)
        self._fresh = log_likelihood_of_fresh(look, seen).sum(axis=0)
        met = np.array([agrees(one, look, seen) for one in look.told])
        for one, right in zip(look.told, met, strict=True):
            share = float(before[right].sum())
            if share < HARDLY:
                self.unmet.append(Unmet(look.day, str(one), share, int(right.sum())))
        by_kind, kinds = np.zeros(len(KINDS)), look.kinds
        for kind in np.unique(kinds):
            logs = self._logs + likely[kinds == kind].sum(axis=0)
            top = logs.max()
            by_kind[kind] = top + math.log(np.exp(logs - top).sum())
            self._logs = logs - by_kind[kind]
        agreement = float((met.mean(axis=0) * before).sum()) if len(met) else math.nan
        told = len(look.told) + len(look.claims)
        self.stages.append(Stage(look.day, by_kind, self.effective, None, told, agreement))

    def heirs(self, look: Look) -> np.ndarray:
        """Slot of the particle that each slot would go on with from the day of a look, all weighing
        the same: then what is fresh weighs, too.

        Args:
            look: The last one; its day decides the draws.
        Returns:
            Shape (particle,).
        """
        return self._drawn(self._logs + self._fresh, look)

    def _drawn(self, logs: np.ndarray, look: Look) -> np.ndarray:
        if not np.ptp(logs) > 0.0:
            return np.arange(self.swarm.n)
        return resampled(weights_of(logs), [self.seed, STREAM, look.number])

    @property
    def roots(self) -> np.ndarray:
        """The particle of the first day from which each one comes, shape (particle,)."""
        return self.ancestors(date.min)

    def ancestors(self, since: date) -> np.ndarray:
        """The particle before the looks from a day on from which each comes, shape (particle,)."""
        found = np.arange(self.swarm.n)
        for stage in self.stages:
            if stage.parents is not None and stage.day >= since:
                found = found[stage.parents]
        return found

    def _resample(self, look: Look, parents: np.ndarray) -> None:
        self.swarm.copy(parents, look.number)
        self._logs = np.full(self.swarm.n, -math.log(self.swarm.n))
        if (parents != np.arange(self.swarm.n)).any():
            self.stages[-1] = replace(self.stages[-1], parents=parents)


def weights_of(logs: np.ndarray) -> np.ndarray:
    """Weights of sum 1 from their logarithms, up to a constant."""
    found = np.exp(logs - logs.max())
    return np.asarray(found / found.sum())


def effective_number(weights: np.ndarray) -> float:
    """1 / sum of squared weights."""
    return float(1.0 / (weights**2).sum())


def resampled(weights: np.ndarray, seed: list[int]) -> np.ndarray:
    """Systematic resampling in place: a particle that goes on keeps its slot.

    Further copies of the likely take the slots of those that end, in an order that is drawn, so
    that the first slots are as good a sample as any.

    Args:
        weights: Sum 1, shape (particle,).
        seed: Decides the draws.
    Returns:
        The parent of each slot, shape (particle,).
    Source: Carpenter, Clifford, Fearnhead 1999 (systematic).
    """
    n = len(weights)
    draws = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
    points = (np.arange(n) + draws.random()) / n
    chosen = np.searchsorted(np.cumsum(weights) / weights.sum(), points, side="right")
    copies = np.bincount(np.minimum(chosen, n - 1), minlength=n)
    parents = np.arange(n)
    extra = np.repeat(parents, np.maximum(copies - 1, 0))
    parents[copies == 0] = draws.permutation(extra)
    return parents
