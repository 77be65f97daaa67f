"""Intervals: of a share of runs, and of a mean over runs."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate with its bounds; all nan if there is nothing to estimate from."""

    value: float
    low: float
    high: float


def wilson(
    successes: np.ndarray | int, trials: np.ndarray | int, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson score interval of a share.

    Args:
        successes: Number of successes, 0 to `trials`.
        trials: Number of trials; the interval of none is nan.
        level: Probability that the interval covers the true share.
    Returns:
        Lower and upper bound, in [0, 1], of the shape of the arguments.
    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    k, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    z = NormalDist().inv_cdf((1 + level) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = k / n
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        low = np.where(k == 0, np.where(n > 0, 0.0, np.nan), centre - half)
        high = np.where((k == n) & (n > 0), 1.0, centre + half)
    return low, high


def share_interval(successes: int, trials: int) -> Interval:
    """A share with its 95 % Wilson interval."""
    low, high = wilson(successes, trials)
    return Interval(successes / trials if trials else np.nan, float(low), float(high))


def mean_interval(values: np.ndarray, level: float = LEVEL) -> Interval:
    """A mean with the interval of Student's t; the bounds of a single value are nan."""
    from scipy.special import stdtrit

    n = len(values)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan)
    mean = float(np.mean(values))
    if n == 1:
        return Interval(mean, np.nan, np.nan)
    half = float(stdtrit(n - 1, (1 + level) / 2) * np.std(values, ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half)
