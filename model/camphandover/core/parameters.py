"""The parameters of one run: one record of a structured array, a field for each number."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NewType

import numpy as np

from camphandover.core.compiled import compiled, declare
from camphandover.core.draws import quantile_grid
from camphandover.facts import load

BREAKPOINTS = ("garrison", "raider", "manoeuvre", "separatists", "gsim")
"""Kinds of party with a breakpoint distribution of their own (R2.3), in the rows' order."""

TABLE_POINTS = 513

REGISTRY = load().parameters
PARAMETERS = np.dtype(
    [(name, "f8") for name in REGISTRY] + [("breakpoints", "f8", (len(BREAKPOINTS), TABLE_POINTS))]
)
Params = NewType("Params", np.record)
"""One record of `PARAMETERS`."""

ParamsTable = NewType("ParamsTable", np.recarray)
"""Some of them."""

declare(Params, np.zeros(1, PARAMETERS).view(np.recarray)[0])
declare(ParamsTable, np.zeros(1, PARAMETERS).view(np.recarray))


@compiled
def nearest_whole(value: float):
    """A sampled number that counts things or hours, as the nearest whole number."""
    return math.floor(value + 0.5)


def parameter_record(values: Mapping[str, float]) -> Params:
    """One record of all parameters: the best value, or the one in `values`; and R2.3's quantiles.

    Raises:
        KeyError: a name in `values` that the registry does not have.
    """
    unknown = sorted(set(values) - set(REGISTRY))
    if unknown:
        raise KeyError(f"no parameter is named {unknown[0]}; parameters.yaml lists them all")
    record = np.zeros(1, PARAMETERS).view(np.recarray)[0]
    for name, parameter in REGISTRY.items():
        record[name] = values.get(name, parameter.best)
    for row, name in enumerate(BREAKPOINTS):
        mean, concentration = float(record[f"break_{name}"]), float(record[f"break_{name}_conc"])
        record["breakpoints"][row] = _breakpoints(mean, concentration)
    return Params(record)


@lru_cache(maxsize=256)
def _breakpoints(mean: float, concentration: float) -> np.ndarray:
    """Quantiles of a beta distribution; kept, since most records of a design share them."""
    from scipy.special import betaincinv

    grid = quantile_grid(TABLE_POINTS)
    return np.asarray(betaincinv(mean * concentration, (1.0 - mean) * concentration, grid))
