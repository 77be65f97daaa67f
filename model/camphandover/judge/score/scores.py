"""Scores of forecasts of holders: arrays in, arrays out. The formulas are scoringrules'.

Shapes: probabilities (..., holder), what came true (...) as codes of holders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from camphandover.errors import BatchError
from camphandover.facts.codes import Holder

if TYPE_CHECKING:
    from types import ModuleType

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
