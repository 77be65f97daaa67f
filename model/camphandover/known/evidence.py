"""How likely the record is in a scenario: what filters of their own luck estimate, and how surely.

A filter's estimate of the evidence is unbiased, so the mean of several is; its logarithm, of which
people speak, is not quite, and one lucky filter may carry it. So errors are by the jackknife, which
grows with the distance of the best filter from the others.

Source: Del Moral 2004; Kass, Raftery 1995 (Bayes factors); Efron, Stein 1981 (jackknife).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from camphandover.known.filter import Filter, Unmet
from camphandover.known.news import Look, looks_of
from camphandover.known.particles import Particles, Values
from camphandover.scenario import Scenario

STREAM = 0xE71D
"""Keeps the luck of a filter apart from every other use of the seed."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """What one filter found.

    Attributes:
        parts: Log evidence of each kind of news of each look, given all before it, shape
            (look, kind).
        unmet: What the record says that none of its particles met.
    """

    parts: np.ndarray
    unmet: tuple[Unmet, ...]

    @property
    def log_evidence(self) -> float:
        """Of all looks."""
        return float(self.parts.sum())


def in_its_own_past(
    scenario: Scenario, until: date, record: str | None = None, claims: bool = False
) -> Scenario:
    """A scenario of which the record is known until a day, with its own settings in the past.

    Args:
        record: The text of a record of one's own; that of the package if not given.
        claims: Whether captures of hours and claims are told, too.
    """
    about = {"until": until, "record": record, "own_past": True, "claims": claims}
    return scenario.model_copy(update={"known": scenario.known.model_copy(update=about)})


def looks_at(scenario: Scenario, first: date | None = None) -> list[Look]:
    """The looks at the record until the day until which a scenario knows it.

    Args:
        first: All slots are looked at on the day before it, too, if it is given.
    """
    is_later = first is not None and first != scenario.window.start
    return looks_of(scenario, *([first - timedelta(days=1)] if first and is_later else []))


def estimate(
    scenario: Scenario,
    told: Sequence[Look],
    n: int,
    seed: int,
    values: Sequence[Values] | None = None,
) -> Estimate:
    """Play one filter on this thread.

    Args:
        scenario: As of `in_its_own_past`.
        told: As of `looks_at`.
        n: Particles.
        seed: Of all draws.
        values: Parameters of each particle, if they differ.
    """
    with Particles(scenario, n, seed, values, workers=1) as swarm:
        found = Filter(swarm, seed)
        for _ in found.run(told):
            pass
        unmet = tuple(one for one in found.unmet if not one.n)
        return Estimate(np.array([stage.by_kind for stage in found.stages]), unmet)


def luck_of(seed: int, *address: int) -> int:
    """A seed for each filter: scenarios that are compared have the same ones, in pairs."""
    return int(np.random.SeedSequence([seed, STREAM, *address]).generate_state(1, np.uint64)[0])


# --- several filters as one --------------------------------------------------------------


def log_mean(logs: np.ndarray) -> np.ndarray:
    """Logarithm of the mean of numbers given by their logarithms, over the first axis."""
    top = logs.max(axis=0)
    found: np.ndarray = top + np.log(np.exp(logs - top).mean(axis=0))
    return found


def pooled(parts: np.ndarray) -> np.ndarray:
    """Log evidence of each part of the news, given those before it, by several filters together.

    Parts add up to the logarithm of the mean of the filters' estimates. The first row is of all
    filters, the others leave out one each: what the jackknife needs.

    Args:
        parts: In the order in which they were weighed, shape (filter, part).
    Returns:
        Shape (filter + 1, part).
    """
    logs = np.cumsum(parts, axis=1)
    n = len(logs)
    sums = [logs, *(np.delete(logs, k, axis=0) for k in range(n))] if n > 1 else [logs]
    return np.array([np.diff(log_mean(some), prepend=0.0) for some in sums])


def jackknife(values: np.ndarray) -> tuple[float, float]:
    """A value of all filters and its standard error.

    Args:
        values: Of all, then without each of them, shape (filter + 1,).
    """
    without = values[1:]
    n = len(without)
    if n < 2:
        return float(values[0]), math.nan
    return float(values[0]), math.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
