"""Uncertain parameters: one record for each replicate, the same for every scenario.

The points are those of one scrambled Sobol sequence, of which replicate r has point r: a larger
batch keeps the records of a smaller one. A parameter's column does not depend on which others
are fixed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from camphandover.facts import Parameter
from camphandover.facts.registry import is_wide

STREAM = 0x50A7
"""Keeps the scrambling apart from every other use of the batch's seed."""


def quantile(u: np.ndarray, low: float, best: float, high: float) -> np.ndarray:
    """Triangular quantiles; log-triangular for a range that `is_wide`.

    Args:
        u: Probabilities, 0 to 1, any shape.
        low, best, high: low <= best <= high.
    Returns:
        Values of the same shape, from `low` to `high`.
    Source: RULES, section 0.
    """
    if low == high:
        return np.full(np.shape(u), best)
    if is_wide(low, high):
        logs = _triangular(u, math.log(low), math.log(best), math.log(high))
        return np.clip(np.exp(logs), low, high)
    return np.asarray(np.clip(_triangular(u, low, best, high), low, high))


def _triangular(u: np.ndarray, low: float, mode: float, high: float) -> np.ndarray:
    width = high - low
    rising = low + np.sqrt(u * width * (mode - low))
    falling = high - np.sqrt((1.0 - u) * width * (high - mode))
    return np.where(u * width < mode - low, rising, falling)


def sample(
    parameters: Mapping[str, Parameter], evidence: str, seed: int, first: int, stop: int
) -> dict[str, np.ndarray]:
    """Values of the parameters of runs with a range, for replicates `first` to `stop` (exclusive).

    Args:
        parameters: The register.
        evidence: Set of parameters, `prior` or `hindcast`.
        seed: Of the batch.
    Returns:
        By name, arrays of shape (stop - first,).
    """
    ranges = {
        name: parameter.known(evidence)
        for name, parameter in parameters.items()
        if not parameter.is_of_record
    }
    uncertain = [name for name, (low, _, high) in ranges.items() if low < high]
    points = _sobol(len(uncertain), seed, first, stop)
    return {name: quantile(points[:, i], *ranges[name]) for i, name in enumerate(uncertain)}


def _sobol(dimensions: int, seed: int, first: int, stop: int) -> np.ndarray:
    """Points `first` to `stop` of the scrambled sequence, shape (stop - first, dimensions)."""
    from scipy.stats import qmc

    engine = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng([seed, STREAM]))
    head = engine.random(1)  # alone: SciPy warns of a first draw that is no power of two
    if first > 0:
        engine.fast_forward(first - 1)
        return np.asarray(engine.random(stop - first))
    if stop == 1:
        return np.asarray(head)
    return np.concatenate([head, engine.random(stop - 1)])
