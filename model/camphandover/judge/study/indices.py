"""Sensitivity indices from values at the points of a design, and how much of them is luck.

The indices and their intervals are SALib's. Runs of one point differ by their luck. All points
meet the same luck, so a factor that does nothing has indices of exactly nil; one that does
anything also reshuffles the luck of some runs, which a mean over few draws does not smooth away.
How large an index that alone would give is the `luck` of the factor.
"""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import numpy as np

from camphandover.errors import BatchError
from camphandover.judge.study.study import LEVELS, Problem, derived
from camphandover.libraries import pd

STEP = LEVELS / (2.0 * (LEVELS - 1))
"""Step of a factor in a trajectory, as a part of the way between its outermost levels."""
MEAN_OF_NORMAL = math.sqrt(2.0 / math.pi)
"""Mean absolute value of a standard normal variate."""
RESAMPLES = 200
"""Bootstrap resamples behind an interval."""
MAIN = {"morris": "mu_star", "sobol": "ST"}
"""By method, the index that ranks the factors."""


class Noise(NamedTuple):
    """How much of what differs between points is luck.

    Attributes:
        mean: Of the outcome over all points.
        sd_points: Standard deviation between the means of points.
        sd_draws: Standard deviation between the draws of a point (root of the mean variance); nan
            if there is one draw.
        share_luck: Share of the variance between points that is luck of the draws.
        dummy: Index of a factor that changes nothing but the luck of all runs.
    """

    mean: float
    sd_points: float
    sd_draws: float
    share_luck: float
    dummy: float


def morris_indices(
    problem: Problem, points: np.ndarray, values: np.ndarray, seed: int = 0
) -> pd.DataFrame:
    """Mean elementary effects of each factor.

    Args:
        problem: The factors.
        points: As of `morris_design`, shape (point, factor).
        values: Outcome at each point, shape (point,) or (point, draw).
        seed: Of the resampling.
    Returns:
        A row for each factor, by name: `mu_star`, mean absolute change of the outcome between the
        outermost levels of the factor, and `mu_star_conf`, half-width of its 95 % interval; `mu`
        and `sigma`, mean and standard deviation of the change, and `mu_conf`, half-width of the
        interval of `mu`, Student's; `luck`, the `mu_star` that luck alone would give such a factor
        (nan without two draws).
    Errors:
        BatchError if a value is not a number.
    Source: Campolongo et al. 2007, An effective screening design for sensitivity analysis.
    """
    from SALib.analyze import morris
    from scipy.special import stdtrit

    draws = _checked(values)
    found = morris.analyze(
        problem.salib(), points, draws.mean(axis=1), num_levels=LEVELS,
        num_resamples=RESAMPLES, seed=derived(seed),
    )  # fmt: skip
    columns = ("mu_star", "mu_star_conf", "mu", "sigma")
    table = pd.DataFrame({name: np.asarray(found[name], dtype=float) for name in columns})
    effects = elementary_effects(points, draws)
    n = effects.shape[1]
    table.insert(3, "mu_conf", stdtrit(n - 1, 0.975) * table["sigma"] / math.sqrt(n))
    spread = _variance_of_mean(effects).mean(axis=1)
    table["luck"] = MEAN_OF_NORMAL * np.sqrt(spread)
    return table.set_axis(pd.Index(problem.names, name="parameter"))


def elementary_effects(points: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Change of the outcome by each step of a trajectory, as if it led from end to end.

    Args:
        points: As of `morris_design`, shape (point, factor).
        values: Shape (point, draw).
    Returns:
        Shape (factor, trajectory, draw).
    """
    n_factors = points.shape[1]
    moved = np.diff(points.reshape(-1, n_factors + 1, n_factors), axis=1)
    changes = np.diff(values.reshape(-1, n_factors + 1, values.shape[1]), axis=1)
    factor = np.abs(moved).argmax(axis=2)
    direction = np.sign(np.take_along_axis(moved, factor[..., None], axis=2))
    order = np.argsort(factor, axis=1)
    effects = np.take_along_axis(changes * direction, order[..., None], axis=1) / STEP
    return effects.transpose(1, 0, 2)


def sobol_indices(problem: Problem, values: np.ndarray, seed: int = 0) -> pd.DataFrame:
    """Shares of the outcome's variance that each factor explains.

    Args:
        problem: The factors.
        values: Outcome at the points of `sobol_design`, shape (point,) or (point, draw).
        seed: Of the resampling.
    Returns:
        A row for each factor, by name: `ST`, the share of the variance that is there because of
        the factor, alone or with others, and `S1`, alone, with half-widths `ST_conf` and `S1_conf`
        of their 95 % intervals; `luck`, the part of `ST` that is luck of the draws (nan without
        two). All nan if the outcome is the same at all points.
    Errors:
        BatchError if a value is not a number.
    Source: Saltelli et al. 2010, Variance based sensitivity analysis of model output.
    """
    from SALib.analyze import sobol

    draws = _checked(values)
    columns = ("ST", "ST_conf", "S1", "S1_conf", "luck")
    index = pd.Index(problem.names, name="parameter")
    means = draws.mean(axis=1)
    if np.ptp(means) == 0.0:
        return pd.DataFrame(np.nan, index, list(columns))
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore")  # of a resample in which nothing varies
        found = sobol.analyze(
            problem.salib(), means, calc_second_order=False,
            num_resamples=RESAMPLES, seed=derived(seed),
        )  # fmt: skip
    table = pd.DataFrame({name: np.asarray(found[name], dtype=float) for name in columns[:-1]})
    base = draws.reshape(-1, problem.n + 2, draws.shape[1])
    spread = _variance_of_mean(base[:, 1:-1] - base[:, :1]).mean(axis=0)
    table["luck"] = spread / (2.0 * _base_variance(problem, means))
    return table.set_axis(index)


def indices_of(
    method: str, problem: Problem, points: np.ndarray, values: np.ndarray, seed: int
) -> pd.DataFrame:
    """The indices of a method, `morris` or `sobol`."""
    if method == "morris":
        return morris_indices(problem, points, values, seed)
    return sobol_indices(problem, values, seed)


def noise_of(method: str, problem: Problem, values: np.ndarray) -> Noise:
    """How much of an outcome is luck.

    Args:
        method: `morris` or `sobol`.
        problem: The factors.
        values: Outcome at the points of its design, shape (point, draw).
    """
    draws = _checked(values)
    means = draws.mean(axis=1)
    variance = float(means.var(ddof=1)) if method == "morris" else _base_variance(problem, means)
    of_mean = float(_variance_of_mean(draws).mean())
    share = of_mean / variance if variance > 0.0 else math.nan
    dummy = share if method == "sobol" else MEAN_OF_NORMAL * math.sqrt(2.0 * of_mean) / STEP
    sd_draws = math.sqrt(of_mean * draws.shape[1])
    return Noise(float(means.mean()), math.sqrt(variance), sd_draws, share, dummy)


def _checked(values: np.ndarray) -> np.ndarray:
    """Values of shape (point, draw); BatchError if one is not a number."""
    draws = np.asarray(values, dtype=float)
    draws = draws[:, None] if draws.ndim == 1 else draws
    if not np.isfinite(draws).all():
        raise BatchError(f"{int((~np.isfinite(draws)).sum())} values of the outcome are unknown.")
    return draws


def _variance_of_mean(values: np.ndarray) -> np.ndarray:
    """Variance of a mean over draws, the last axis; nan of a single one."""
    n = values.shape[-1]
    if n < 2:
        return np.full(values.shape[:-1], np.nan)
    variance: np.ndarray = values.var(axis=-1, ddof=1) / n
    return variance


def _base_variance(problem: Problem, means: np.ndarray) -> float:
    """Variance over the base points A and B, as SALib's estimators take it."""
    base = means.reshape(-1, problem.n + 2)
    return float(np.concatenate([base[:, 0], base[:, -1]]).var())
