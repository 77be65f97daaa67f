"""Statistics of pairs: the same run of two scenarios, which share their random numbers.

Replicate r of two scenarios of a batch shares all draws (common random numbers), so whatever the
scenarios do not change cancels in the difference a[r] - b[r], and fewer runs are needed than of
two independent batches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from camphandover.measure.intervals import LEVEL, Interval, mean_interval, score_interval, spread

MOST_RUNS = 2**62


@dataclass(frozen=True)
class Paired:
    """How outcomes differ between the pairs of A and B.

    All but `n` are of the shape of the outcomes: numbers if there is one.

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
    mean_a: Any
    mean_b: Any
    difference: Interval
    p_a_better: Interval
    ties: Any
    sd_a: Any
    sd_b: Any
    sd_difference: Any

    @property
    def variance_reduction(self) -> Any:
        """(var a + var b) / var(a - b): how many times the runs independent batches would need.

        inf if the difference is the same in all pairs and A or B varies; 1 if nothing varies.
        """
        unpaired, paired = self.sd_a**2 + self.sd_b**2, self.sd_difference**2
        same = np.where(unpaired > 0, np.inf, 1.0)
        return np.where(paired == 0, same, unpaired / np.where(paired == 0, 1.0, paired))[()]

    @property
    def correlation(self) -> Any:
        """Pearson's correlation of a and b over the pairs; nan if A or B does not vary."""
        product = self.sd_a * self.sd_b
        covariance = (self.sd_a**2 + self.sd_b**2 - self.sd_difference**2) / 2
        varies = product > 0
        ratio = np.clip(covariance / np.where(varies, product, 1.0), -1.0, 1.0)
        return np.where(varies, ratio, np.nan)[()]

    def runs_needed(self, half_width: float) -> Any:
        """Pairs (runs of each scenario) that bring the interval of the difference to +- this.

        Args:
            half_width: Half the width wanted, in the unit of the outcome, above 0.
        Returns:
            The smallest n with t(n - 1) * sd_difference / sqrt(n) <= half_width, at least 2; 0
            if a single pair leaves the standard deviation unknown.
        Errors:
            ValueError if the half-width is not above 0.
        """
        return _fewest(self.sd_difference, half_width, 1.0)

    def runs_needed_unpaired(self, half_width: float) -> Any:
        """Runs of each scenario that two independent batches need for the same half-width.

        Welch's interval with equal numbers of runs; see `runs_needed`.
        """
        variances = self.sd_a**2 + self.sd_b**2
        squares = self.sd_a**4 + self.sd_b**4
        ratio = np.where(squares > 0, variances**2 / np.where(squares > 0, squares, 1.0), 1.0)
        return _fewest(np.sqrt(variances), half_width, ratio)


def paired(
    a: np.ndarray, b: np.ndarray, *, less_is_better: bool = False, is_share: bool = False
) -> Paired:
    """Compare outcomes in pairs.

    Args:
        a: Values of A, shape (..., pair), at least one pair; of a share true (or 1) where it
            happens.
        b: Values of B, in the same order.
        less_is_better: Whether A is better where its value is the smaller one.
        is_share: Whether the interval of the difference is Tango's, of a share; else Student's t.
    Returns:
        The statistics. If all differences are equal, the interval of a mean has no width; of a
        single pair its bounds are nan.
    Errors:
        ValueError if the shapes differ or there is no pair.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape or not a.size:
        raise ValueError(f"two arrays of one shape are needed, not {a.shape}, {b.shape}")
    d, n = a - b, a.shape[-1]
    more, less = (a > b).sum(axis=-1), (a < b).sum(axis=-1)
    better, worse = (less, more) if less_is_better else (more, less)
    low, high = score_interval(better, worse, n)
    if is_share:
        difference = Interval(np.mean(d, axis=-1), *score_interval(more, less, n))
    else:
        difference = mean_interval(d)
    return Paired(
        n=n,
        mean_a=np.mean(a, axis=-1),
        mean_b=np.mean(b, axis=-1),
        difference=difference,
        p_a_better=Interval(0.5 + (better - worse) / (2 * n), (1 + low) / 2, (1 + high) / 2),
        ties=(n - more - less) / n,
        sd_a=spread(a),
        sd_b=spread(b),
        sd_difference=spread(d),
    )


paired_means: Callable[..., Paired] = paired
paired_shares: Callable[..., Paired] = partial(paired, is_share=True)


def _fewest(sd: np.ndarray, half_width: float, freedom: np.ndarray | float) -> Any:
    """The smallest n, at least 2, with t(freedom * (n - 1)) * sd / sqrt(n) <= half_width; or 0."""
    from scipy.special import stdtrit

    if not half_width > 0:
        raise ValueError(f"half-width {half_width!r}: a number above 0 is needed")
    known = np.where(np.isnan(sd), 0.0, sd)

    def is_enough(n: np.ndarray) -> np.ndarray:
        t = stdtrit(freedom * (n - 1), (1 + LEVEL) / 2)
        return np.asarray((t * known <= half_width * np.sqrt(n)) | (n >= MOST_RUNS))

    few, many = np.ones(np.shape(sd), np.int64), np.full(np.shape(sd), 2, np.int64)
    while not (found := is_enough(many)).all():
        few, many = np.where(found, few, many), np.where(found, many, 2 * many)
    while ((many - few) > 1).any():
        middle = few + (many - few) // 2
        found = is_enough(middle) & (middle > few)
        few, many = np.where(found, few, middle), np.where(found, middle, many)
    return np.where(np.isnan(sd), 0, many)[()]
