"""The tables of a sensitivity analysis: indices by rank, their convergence, and what is luck."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.judge.study.design import Problem
from camphandover.judge.study.indices import MAIN, indices_of, noise_of
from camphandover.measure.outcomes import Asked

if TYPE_CHECKING:
    import pandas as pd

PARTS = {"morris": (0.25, 0.5, 0.75, 1.0), "sobol": (0.125, 0.25, 0.5, 1.0)}
"""Parts of a design for which the indices are told; those of Sobol's are powers of two."""
LEAST = {"morris": 2, "sobol": 4}
"""Of trajectories or base points, for which there are indices."""
MOST = 10
"""Factors, at most, whose ranks are held against those of a smaller design."""


def n_top(n_factors: int) -> int:
    """How many factors count as the first: ten, or a third of few."""
    return min(MOST, max(1, n_factors // 3))


def tables(
    method: str,
    problem: Problem,
    design: np.ndarray,
    values: dict[Asked, np.ndarray],
    size: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """The tables of a `Sensitivity`, by the names of its attributes.

    Args:
        method: `morris` or `sobol`.
        problem: The factors.
        design: Points of the whole design.
        values: By outcome, values at the points, shape (point, draw).
        size: Trajectories or base points.
        seed: Of the resampling.
    """
    import pandas as pd

    n = len(design) // size  # points of one trajectory or base point
    main: list[pd.DataFrame] = []
    grown: list[pd.DataFrame] = []
    stable: list[dict[str, Any]] = []
    noises: list[dict[str, Any]] = []

    for outcome, of_points in values.items():

        def part(first: int, stop: int, of: np.ndarray = of_points) -> pd.DataFrame:
            at = slice(first * n, stop * n)
            return _ranked(indices_of(method, problem, design[at], of[at], seed), method)

        parts = {k: part(0, k) for k in _sizes(method, size)}
        whole = parts[size]
        main.append(_told(whole, outcome, problem, method))
        for k, found in parts.items():
            grown.append(_grown(found, outcome, method, k, k * n * of_points.shape[1]))
            other = part(k, 2 * k) if 2 * k <= size else None
            stable.append({"outcome": outcome.name, "size": k, **_shared(found, whole, other)})
        noise = noise_of(method, problem, of_points)
        noises.append({"outcome": outcome.name, "unit": outcome.unit, **noise._asdict()})
    return {
        "table": pd.concat(main, ignore_index=True),
        "convergence": pd.concat(grown, ignore_index=True),
        "stability": pd.DataFrame(stable),
        "noise": pd.DataFrame(noises),
    }


def _sizes(method: str, size: int) -> list[int]:
    """Sizes of the parts of a design, growing to the whole."""
    return sorted({max(LEAST[method], math.ceil(part * size)) for part in PARTS[method]} | {size})


def _ranked(found: pd.DataFrame, method: str) -> pd.DataFrame:
    """Indices with ranks: 1 is the largest; equal ones keep the order of the register."""
    order = found[MAIN[method]].fillna(-1.0).rank(ascending=False, method="first")
    return found.assign(rank=order.astype(int))


def _told(found: pd.DataFrame, outcome: Asked, problem: Problem, method: str) -> pd.DataFrame:
    """Rows of `Sensitivity.table` of one outcome."""
    index = MAIN[method]
    ranges = [one.known(problem.evidence) for one in problem.parameters]
    is_above = found[index] - found[f"{index}_conf"] > found["luck"]
    told = found.assign(
        outcome=outcome.name,
        unit=outcome.unit,
        parameter=problem.names,
        rule=[one.rule for one in problem.parameters],
        evidence=[one.evidence for one in problem.parameters],
        low=[low for low, _, _ in ranges],
        high=[high for _, _, high in ranges],
        stands_out=is_above & (found[index] > 0.0),
    )
    head = ["outcome", "unit", "rank", "parameter", "rule", "evidence", "low", "high"]
    figures = [name for name in found.columns if name != "rank"]
    return told.sort_values("rank")[[*head, *figures, "stands_out"]]


def _grown(found: pd.DataFrame, outcome: Asked, method: str, size: int, runs: int) -> pd.DataFrame:
    """Rows of `Sensitivity.convergence` of one part of a design."""
    index = MAIN[method]
    kept = found[[index, f"{index}_conf", "rank"]].reset_index()
    return kept.assign(outcome=outcome.name, size=size, runs=runs)[
        ["outcome", "size", "runs", "parameter", index, f"{index}_conf", "rank"]
    ]


def _shared(
    found: pd.DataFrame, whole: pd.DataFrame, other: pd.DataFrame | None
) -> dict[str, float]:
    """How alike the ranks of two designs are."""

    n = n_top(len(whole))

    def first(of: pd.DataFrame) -> set[str]:
        return set(of.index[of["rank"] <= n])

    return {
        "top_shared": len(first(found) & first(whole)) / n,
        "spearman": float(found["rank"].corr(whole["rank"])),
        "top_shared_halves": math.nan if other is None else len(first(found) & first(other)) / n,
    }


def plain(value: Any) -> Any:
    """A cell as JSON holds it."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return value
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if isinstance(value, (int, np.integer)) else number
