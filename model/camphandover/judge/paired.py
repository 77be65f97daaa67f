"""Statistics of pairs: the same run of two scenarios, which share their random numbers.

Replicate r of two scenarios of a batch shares all draws (common random numbers), so whatever the
scenarios do not change cancels in the difference a[r] - b[r], and fewer runs are needed than of
two independent batches.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from camphandover.measure.intervals import LEVEL, Interval, mean_interval

BISECTIONS = 60
"""Halvings of an interval of length 2 to below the rounding of floating-point numbers."""
MOST_RUNS = 2**62


@dataclass(frozen=True)
class Paired:
    """How one outcome differs between the pairs of A and B.

    Attributes:
        n: Number of pairs.
        mean_a: Mean of A; of 0/1 outcomes, a share.
        mean_b: Mean of B.
        difference: Mean of a - b with its 95 % interval.
        p_a_better: Share of pairs in which A is better, plus half of the ties, with its 95 %
            score interval.
        ties: Share of pairs in which A and B are equal.
        sd_a: Standard deviation of A over runs; nan for a single pair, like all below.
        sd_b: Standard deviation of B.
        sd_difference: Standard deviation of a - b over pairs.
    """

    n: int
    mean_a: float
    mean_b: float
    difference: Interval
    p_a_better: Interval
    ties: float
    sd_a: float
    sd_b: float
    sd_difference: float

    @property
    def variance_reduction(self) -> float:
        """(var a + var b) / var(a - b): how many times the runs independent batches would need.

        inf if the difference is the same in all pairs and A or B varies; 1 if nothing varies.
        """
        unpaired, paired = self.sd_a**2 + self.sd_b**2, self.sd_difference**2
        if paired == 0:
            return math.inf if unpaired > 0 else 1.0
        return unpaired / paired

    @property
    def correlation(self) -> float:
        """Pearson's correlation of a and b over the pairs; nan if A or B does not vary."""
        spread = self.sd_a * self.sd_b
        if not spread > 0:
            return math.nan
        covariance = (self.sd_a**2 + self.sd_b**2 - self.sd_difference**2) / 2
        return min(1.0, max(-1.0, covariance / spread))

    def runs_needed(self, half_width: float) -> int | None:
        """Pairs (runs of each scenario) that bring the interval of the difference to +- this.

        Args:
            half_width: Half the width wanted, in the unit of the outcome, above 0.
        Returns:
            The smallest n with t(n - 1) * sd_difference / sqrt(n) <= half_width, at least 2; None
            if a single pair leaves the standard deviation unknown.
        Errors:
            ValueError if the half-width is not above 0.
        """
        return _fewest(self.sd_difference, half_width, lambda n: n - 1)

    def runs_needed_unpaired(self, half_width: float) -> int | None:
        """Runs of each scenario that two independent batches need for the same half-width.

        Welch's interval with equal numbers of runs; see `runs_needed`.
        """
        variances = self.sd_a**2 + self.sd_b**2
        squares = self.sd_a**4 + self.sd_b**4
        ratio = variances**2 / squares if squares > 0 else 1.0
        return _fewest(math.sqrt(variances), half_width, lambda n: ratio * (n - 1))


def paired_means(a: np.ndarray, b: np.ndarray, *, less_is_better: bool = False) -> Paired:
    """Compare a quantity in pairs; the interval of the difference is Student's t.

    Args:
        a: Values of A, shape (pair,); at least one.
        b: Values of B, in the same order.
        less_is_better: Whether A is better where its value is the smaller one.
    Returns:
        The statistics. If all differences are equal, their interval has no width; of a single
        pair the bounds are nan.
    Errors:
        ValueError if the shapes differ or there is no pair.
    """
    a, b = _checked(a, b)
    d = a - b
    if len(d) > 1 and np.ptp(d) == 0:
        difference = Interval(float(d[0]), float(d[0]), float(d[0]))
    else:
        difference = mean_interval(d)
    return _paired(a, b, difference, less_is_better)


def paired_shares(a: np.ndarray, b: np.ndarray, *, less_is_better: bool = False) -> Paired:
    """Compare in pairs how often something happens; the interval of the difference is Tango's.

    Args:
        a: True (or 1) where it happens in A, shape (pair,); at least one.
        b: The same of B, in the same order.
        less_is_better: Whether A is better where it does not happen.
    Errors:
        ValueError if the shapes differ or there is no pair.
    """
    a, b = _checked(a, b)
    low, high = score_interval(int((a > b).sum()), int((a < b).sum()), len(a))
    return _paired(a, b, Interval(float(np.mean(a - b)), low, high), less_is_better)


def _checked(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.ndim != 1 or a.shape != b.shape or len(a) == 0:
        raise ValueError(f"two arrays of one length are needed, not of shapes {a.shape}, {b.shape}")
    return a, b


def _paired(a: np.ndarray, b: np.ndarray, difference: Interval, less_is_better: bool) -> Paired:
    n, more, less = len(a), int((a > b).sum()), int((a < b).sum())
    better, worse = (less, more) if less_is_better else (more, less)
    low, high = score_interval(better, worse, n)
    p = Interval(0.5 + (better - worse) / (2 * n), (1 + low) / 2, (1 + high) / 2)
    return Paired(
        n=n,
        mean_a=float(np.mean(a)),
        mean_b=float(np.mean(b)),
        difference=difference,
        p_a_better=p,
        ties=(n - more - less) / n,
        sd_a=_sd(a),
        sd_b=_sd(b),
        sd_difference=_sd(a - b),
    )


def _sd(values: np.ndarray) -> float:
    """Standard deviation of a sample; exactly 0 if all are equal, nan of a single value."""
    if len(values) < 2:
        return math.nan
    return float(np.std(values, ddof=1)) if np.ptp(values) > 0 else 0.0


def score_interval(wins: int, losses: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Score interval of P(win) - P(loss) in pairs, of which the rest are ties.

    It is to matched pairs what Wilson's interval is to a single share: it lies in [-1, 1] and is
    not of width 0 when all pairs are alike.

    Args:
        wins: Pairs won.
        losses: Pairs lost.
        n: All pairs, at least 1.
        level: Probability that the interval covers the true difference.
    Returns:
        Lower and upper bound.
    Source: Tango 1998, Equivalence test and confidence interval for the difference in proportions
        for the paired-sample design, Statistics in Medicine 17.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    low = -1.0 if losses == n else _root(lambda d: _score(d, wins, losses, n) > z)
    high = 1.0 if wins == n else _root(lambda d: _score(d, wins, losses, n) > -z)
    return low, high


def _root(is_below: Callable[[float], bool]) -> float:
    """Where in [-1, 1] a condition that holds at the left end ceases to hold."""
    left, right = -1.0, 1.0
    for _ in range(BISECTIONS):
        middle = (left + right) / 2
        left, right = (middle, right) if is_below(middle) else (left, middle)
    return (left + right) / 2


def _score(difference: float, wins: int, losses: int, n: int) -> float:
    """Standardised distance of wins - losses from n * difference, falling in the difference.

    The variance is that of the most likely chances among those that have this difference.
    """
    linear = (2 * n - wins + losses) * difference - wins - losses
    constant = -losses * difference * (1 - difference)
    root = math.sqrt(max(0.0, linear**2 - 8 * n * constant))
    p_loss = (root - linear) / (4 * n)
    variance = n * (2 * p_loss + difference * (1 - difference))
    distance = wins - losses - n * difference
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def _fewest(sd: float, half_width: float, freedom: Callable[[int], float]) -> int | None:
    """The smallest n, at least 2, with t(freedom(n)) * sd / sqrt(n) <= half_width."""
    from scipy.special import stdtrit

    if not half_width > 0:
        raise ValueError(f"half-width {half_width!r}: a number above 0 is needed")
    if math.isnan(sd):
        return None

    def is_enough(n: int) -> bool:
        return bool(stdtrit(freedom(n), (1 + LEVEL) / 2) * sd <= half_width * math.sqrt(n))

    few, many = 1, 2
    while not is_enough(many) and many < MOST_RUNS:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if is_enough(middle) else (middle, many)
    return many
