"""Intervals of mean scores and of skill, by resampling whole blocks of places.

Days of one place, and places of one region, hang together: a war that comes to Kidal comes to
Anefis. So regions are drawn with replacement, each with all its places and days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from camphandover.measure.intervals import LEVEL, Interval

RESAMPLES = 4000
SEED = 2023
"""Of the resampling: the same scores have the same intervals."""
FEWEST = 3
"""With fewer regions places are the blocks, and with fewer places there is no interval."""


@dataclass(frozen=True)
class Blocks:
    """Which units are drawn together.

    Attributes:
        kind: `region`, `place`, or `none` if there are too few of both.
        of: Number of the block of each unit, shape (unit,).
        n: Number of blocks.
    """

    kind: str
    of: np.ndarray
    n: int

    @cached_property
    def draws(self) -> np.ndarray:
        """How often each block is drawn in each resample, shape (resample, block)."""
        rng = np.random.default_rng(SEED)
        even = np.full(self.n, 1 / self.n)
        drawn: np.ndarray = rng.multinomial(self.n, even, RESAMPLES).astype(float)
        return drawn

    def ratio(self, above: np.ndarray, below: np.ndarray) -> Interval:
        """The ratio of two sums over units with its 95 % interval, percentiles of the resamples.

        Args:
            above: Shape (unit,). below: Shape (unit,), at least 0.
        Returns:
            All nan if `below` sums to 0; the bounds are nan if there are too few blocks.
        """
        if not below.sum() > 0:
            return Interval(np.nan, np.nan, np.nan)
        value = float(above.sum() / below.sum())
        if self.kind == "none":
            return Interval(value, np.nan, np.nan)
        sums = (np.bincount(self.of, values, self.n) for values in (above, below))
        upper, lower = (self.draws @ total for total in sums)
        kept = lower > 0
        edges = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        low, high = np.quantile(upper[kept] / lower[kept], edges)
        return Interval(value, float(low), float(high))

    def skill(self, values: np.ndarray, reference: np.ndarray) -> Interval:
        """1 - S / S_ref: 1 is perfect, 0 no better than the reference, below 0 worse.

        Args:
            values: Sums of weighted losses by unit, shape (unit,).
            reference: Those of the reference, same weights.
        """
        value, low, high = self.ratio(values, reference)
        return Interval(1 - value, 1 - high, 1 - low)


def blocks(regions: Sequence[str], places: Sequence[str]) -> Blocks:
    """Blocks of units: regions, or places where there are too few regions.

    Args:
        regions: Region of each unit. places: Place of each unit.
    """
    for kind, names in (("region", regions), ("place", places)):
        known = list(dict.fromkeys(names))
        if len(known) >= FEWEST:
            return Blocks(kind, np.array([known.index(name) for name in names]), len(known))
    return Blocks("none", np.zeros(len(places), np.intp), 1)
