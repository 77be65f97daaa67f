"""Intervals, of numbers or of arrays of them: of shares of runs, of means over runs, of pairs."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, NamedTuple

from camphandover.libraries import np

LEVEL = 0.95
BISECTIONS = 60
"""Halvings of an interval of length 2 to below the rounding of floating-point numbers."""


class Interval(NamedTuple):
    """An estimate with its bounds; all nan if there is nothing to estimate from."""

    value: Any
    low: Any
    high: Any


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
    z = _normal(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = k / n
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        low = np.where(k == 0, np.where(n > 0, 0.0, np.nan), centre - half)
        high = np.where((k == n) & (n > 0), 1.0, centre + half)
    return low, high


def share_interval(successes: np.ndarray | int, trials: np.ndarray | int) -> Interval:
    """A share with its 95 % Wilson interval; of the shape of the arguments."""
    low, high = wilson(successes, trials)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.asarray(successes, dtype=float) / np.asarray(trials, dtype=float)
    return Interval(share[()], low[()], high[()])


def mean_interval(values: np.ndarray, level: float = LEVEL) -> Interval:
    """A mean over the last axis with the interval of Student's t.

    The bounds of a single value are nan; if all values are equal, the interval has no width.
    """
    from scipy.special import stdtrit

    values = np.asarray(values, dtype=float)
    n = values.shape[-1]
    if n == 0:
        return Interval(*[np.full(values.shape[:-1], np.nan)[()]] * 3)
    mean = np.mean(values, axis=-1)
    half = stdtrit(n - 1, (1 + level) / 2) * spread(values) / np.sqrt(n) if n > 1 else np.nan
    return Interval(mean, mean - half, mean + half)


def spread(values: np.ndarray) -> np.ndarray:
    """Standard deviation of samples along the last axis: exactly 0 if all values are equal, nan
    of a single one."""
    if values.shape[-1] < 2:
        return np.full(values.shape[:-1], np.nan)[()]
    return np.where(np.ptp(values, axis=-1) > 0, np.std(values, axis=-1, ddof=1), 0.0)[()]


def score_interval(
    wins: np.ndarray | int, losses: np.ndarray | int, n: int, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """Score interval of P(win) - P(loss) in pairs, of which the rest are ties.

    It is to matched pairs what Wilson's interval is to a single share: it lies in [-1, 1] and is
    not of width 0 when all pairs are alike.

    Args:
        wins: Pairs won.
        losses: Pairs lost, of the same shape.
        n: All pairs, at least 1.
        level: Probability that the interval covers the true difference.
    Returns:
        Lower and upper bound, of the shape of the arguments.
    Source: Tango 1998, Equivalence test and confidence interval for the difference in proportions
        for the paired-sample design, Statistics in Medicine 17.
    """
    won, lost = np.asarray(wins, dtype=float), np.asarray(losses, dtype=float)
    z = _normal(level)
    low = np.where(lost == n, -1.0, _root(won, lost, n, z))
    return low[()], np.where(won == n, 1.0, _root(won, lost, n, -z))[()]


def _normal(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _root(wins: np.ndarray, losses: np.ndarray, n: int, distance: float) -> np.ndarray:
    """The difference in [-1, 1] at which the score has fallen to a distance."""
    left, right = np.full(wins.shape, -1.0), np.full(wins.shape, 1.0)
    for _ in range(BISECTIONS):
        middle = (left + right) / 2
        is_left = _score(middle, wins, losses, n) > distance
        left, right = np.where(is_left, middle, left), np.where(is_left, right, middle)
    return np.asarray((left + right) / 2)


def _score(difference: np.ndarray, wins: np.ndarray, losses: np.ndarray, n: int) -> np.ndarray:
    """Standardised distance of wins - losses from n * difference, falling in the difference.

    The variance is that of the most likely chances among those that have this difference.
    """
    linear = (2 * n - wins + losses) * difference - wins - losses
    constant = -losses * difference * (1 - difference)
    root = np.sqrt(np.maximum(0.0, linear**2 - 8 * n * constant))
    p_loss = (root - linear) / (4 * n)
    variance = n * (2 * p_loss + difference * (1 - difference))
    distance = wins - losses - n * difference
    is_spread = variance > 0
    certain = np.where(distance == 0, 0.0, np.copysign(np.inf, distance))
    scaled = distance / np.sqrt(np.where(is_spread, variance, 1.0))
    return np.where(is_spread, scaled, certain)
