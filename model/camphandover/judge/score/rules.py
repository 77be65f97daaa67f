"""Scores of forecasts and their intervals: arrays in, arrays out. The formulas are scoringrules'.

Forecasts of holders: probabilities (..., holder), what came true (...) as codes of holders.

Forecasts of dates: a date is the number of days after the first one that is scored; an event that
does not happen by the last scored day has the number of days as its date (censored), in the record
and in every forecast alike. A mass, chances of dates, has one more entry than there are days.

Intervals: days of one place, and places of one region, hang together, as a war that comes to Kidal
comes to Anefis. So regions are drawn with replacement, each with all its places and days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from camphandover.errors import BatchError
from camphandover.facts.codes import Holder
from camphandover.measure.intervals import LEVEL, Interval, share_interval

MEASURES = ("brier", "log", "rps")
"""Of each forecast of a holder; smaller is better for all."""
PSEUDO_COUNT = 0.5
"""Added to the runs of each holder (RULES, section 10): nothing is impossible after few runs."""
ORDER = {
    Holder.ARMY: 0,
    Holder.MINUSMA: 1,
    Holder.JOINT: 1,
    Holder.NOBODY: 1,
    Holder.SEPARATISTS: 2,
    Holder.GSIM: 2,
}
"""The ordered collapse of holders (RULES, section 10): army < UN, joint unit, nobody < separatists,
GSIM."""
N_BINS = 5
CENTRAL = (0.5, 0.9)
"""Chances of the central intervals of dates whose coverage is told."""
RESAMPLES = 4000
SEED = 2023
"""Of the resampling: the same scores have the same intervals."""
FEWEST = 3
"""With fewer regions places are the blocks, and with fewer places there is no interval."""


def library() -> ModuleType:
    """The library of scores; it takes seconds to import, so it is when it is used.

    Errors:
        BatchError that tells how to install it.
    """
    try:
        import scoringrules
    except ImportError:
        raise BatchError(
            "scores need the library scoringrules: pip install 'camphandover[analysis]'."
        ) from None
    module: ModuleType = scoringrules
    return module


# --- holders -----------------------------------------------------------------------------


def smoothed(counts: np.ndarray) -> np.ndarray:
    """Probabilities from counts of runs.

    Args:
        counts: Runs by holder, shape (..., holder).
    Returns:
        (count + .5) / (S + 3) with S runs and six holders, same shape.
    Source: RULES, section 10; Jeffreys' prior of a multinomial.
    """
    total = counts.sum(axis=-1, keepdims=True) + PSEUDO_COUNT * counts.shape[-1]
    p: np.ndarray = (counts + PSEUDO_COUNT) / total
    return p


def losses(p: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """What each forecast loses by each of `MEASURES`.

    Args:
        p: Probabilities of the holders, shape (..., holder), above 0.
        truth: Codes of the holders that came true, shape (...).
    Returns:
        Multiclass Brier score, 0 to 2; log score, nats; ranked probability score on the ordered
        collapse, 0 to 2; shape (..., measure).
    Source: Gneiting & Raftery 2007, Strictly proper scoring rules; Epstein 1969, A scoring
    system for probability forecasts of ranked categories.
    """
    rules = library()
    came = np.eye(p.shape[-1])[truth]
    brier = rules.brier_score(came, p, backend="numpy").sum(axis=-1)
    p_came = np.take_along_axis(p, truth[..., None].astype(np.intp), axis=-1)[..., 0]
    log = rules.log_score(np.ones(p_came.shape), p_came, backend="numpy")
    rps = rules.rps_score(collapsed(came), collapsed(p), onehot=True, backend="numpy")
    return np.stack([brier, log, rps], axis=-1)


def collapsed(p: np.ndarray) -> np.ndarray:
    """Probabilities of the ordered classes, shape (..., class), from those of the holders."""
    classes = np.zeros((*p.shape[:-1], 1 + max(ORDER.values())))
    for holder, order in ORDER.items():
        classes[..., order] += p[..., holder]
    return classes


class Reliability(NamedTuple):
    """How often what was given a probability came true, by bins of the probability.

    Attributes:
        edges: Of the bins, shape (bin + 1,).
        n: Forecasts in each bin, shape (bin,).
        weight: Sum of their weights by unit, shape (unit, bin).
        p: Sum of their weighted probabilities, same shape.
        came: Sum of the weights of those that came true, same shape.
    """

    edges: np.ndarray
    n: np.ndarray
    weight: np.ndarray
    p: np.ndarray
    came: np.ndarray


def reliability(p: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> Reliability:
    """Sort the probabilities of all holders into five bins.

    Args:
        p: Probabilities, shape (unit, day, holder).
        truth: Codes of the holders that came true, shape (unit, day).
        weights: Of the days, same shape.
    """
    edges = np.linspace(0.0, 1.0, N_BINS + 1)
    n_units = len(p)
    bins = np.clip(np.digitize(p, edges) - 1, 0, N_BINS - 1)
    cell = (np.arange(n_units)[:, None, None] * N_BINS + bins).ravel()
    weight = np.broadcast_to(weights[..., None], p.shape)
    came = np.eye(p.shape[-1])[truth]

    def summed(values: np.ndarray) -> np.ndarray:
        total = np.bincount(cell, values.ravel(), n_units * N_BINS)
        return total.reshape(n_units, N_BINS)

    counted = np.bincount(bins[weight > 0], minlength=N_BINS)
    return Reliability(edges, counted, summed(weight), summed(weight * p), summed(weight * came))


# --- dates -------------------------------------------------------------------------------


def crps(mass: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of dates, in days, of forecasts clipped at the window.

    Args:
        mass: Chance of each date, shape (event, day + 1).
        truth: Dates that came true, clipped likewise, shape (event,).
    Returns:
        Shape (event,); the distance in days where the forecast is sure of one date.
    Source: Gneiting & Raftery 2007, Strictly proper scoring rules.
    """
    days = np.broadcast_to(np.arange(mass.shape[-1], dtype=float), mass.shape)
    scored: np.ndarray = library().crps_ensemble(
        truth.astype(float), days, ens_w=mass, estimator="qd", sorted_ensemble=True,
        backend="numpy",
    )  # fmt: skip
    return scored


def pit(mass: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Where the truth lies in the forecast: the chance of an earlier date and half that of its
    own; shape (event,). Near 0 the truth was earlier than forecast, near 1 later."""
    own = np.take_along_axis(mass, truth[:, None], axis=1)[:, 0]
    rank: np.ndarray = np.take_along_axis(mass.cumsum(axis=1), truth[:, None], axis=1)[:, 0]
    return rank - own / 2


def quantiles(mass: np.ndarray, p: float) -> np.ndarray:
    """The first date by which an event has happened with a chance of at least p; shape (event,)."""
    reached: np.ndarray = (mass.cumsum(axis=1) >= p - 1e-12).argmax(axis=1)
    return reached


def central(mass: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the central interval of a chance, dates, each of shape (event,)."""
    return quantiles(mass, (1 - level) / 2), quantiles(mass, (1 + level) / 2)


def coverage(mass: np.ndarray, truth: np.ndarray) -> list[dict[str, Any]]:
    """How many dates lie in the central intervals, with 95 % Wilson bounds.

    Intervals of whole days, bounds included, cover somewhat more than their name says.
    """
    rows = []
    for level in CENTRAL:
        low, high = central(mass, level)
        inside, n = int(((low <= truth) & (truth <= high)).sum()), len(truth)
        share = share_interval(inside, n)
        row = {"level": level, "n": n, "inside": inside, "share": share.value}
        rows.append(row | {"low": share.low, "high": share.high})
    return rows


# --- intervals ---------------------------------------------------------------------------


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

    def resampled(self, values: np.ndarray) -> np.ndarray:
        """Sums of values of units, shape (unit,), in each resample, shape (resample,)."""
        sums: np.ndarray = self.draws @ np.bincount(self.of, values, self.n)
        return sums

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
        upper, lower = (self.resampled(values) for values in (above, below))
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


@dataclass(frozen=True)
class Crossed(Blocks):
    """Blocks of place crossed with blocks of time: what of both is drawn counts as often as the
    product says.

    Forecasts from origins that are nearer to each other than the horizon are of the same days, so
    runs of as many origins in a row are drawn together (circular moving blocks).

    Attributes:
        origin: Number of the origin of each unit, shape (unit,).
        n_origins: Number of origins.
        length: Origins of a block of time; with as many as there are, or more, all are in each
            resample, and intervals tell of places only.
    Source: Owen 2007, The pigeonhole bootstrap; Kuensch 1989; Politis & Romano 1992 (circular).
    """

    origin: np.ndarray
    n_origins: int
    length: int

    @cached_property
    def times(self) -> np.ndarray:
        """How often each origin is drawn in each resample, shape (resample, origin)."""
        rng, n = np.random.default_rng(SEED + 1), self.n_origins
        starts = rng.integers(n, size=(RESAMPLES, -(-n // self.length), 1))
        drawn = ((starts + np.arange(self.length)) % n).reshape(RESAMPLES, -1)[:, :n]
        cells = drawn + n * np.arange(RESAMPLES)[:, None]
        return np.bincount(cells.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n)

    def resampled(self, values: np.ndarray) -> np.ndarray:
        """Sums of values of units, shape (unit,), in each resample, shape (resample,)."""
        cells = np.bincount(self.origin * self.n + self.of, values, self.n_origins * self.n)
        sums: np.ndarray = ((self.times @ cells.reshape(-1, self.n)) * self.draws).sum(axis=1)
        return sums


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
