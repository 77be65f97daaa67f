"""The parameters of one run: one record of a structured array, a field for each number."""

from collections.abc import Mapping
from typing import NewType

import numpy as np

from camphandover.compiled import declare
from camphandover.draws import quantile_grid
from camphandover.theatre import load

BREAKPOINTS = ("garrison", "raider", "manoeuvre", "separatists", "gsim")
"""Kinds of party with a breakpoint distribution of their own (R2.3), in the rows' order."""

TABLE_POINTS = 513

REGISTRY = load().parameters
PARAMETERS = np.dtype(
    [(name, "f8") for name in REGISTRY] + [("breakpoints", "f8", (len(BREAKPOINTS), TABLE_POINTS))]
)
Params = NewType("Params", np.record)
"""One record of `PARAMETERS`."""

declare(Params, np.zeros(1, PARAMETERS).view(np.recarray)[0])


def parameter_record(values: Mapping[str, float]) -> Params:
    """One record of all parameters: the best value, or the one in `values`; and R2.3's quantiles.

    Raises:
        KeyError: a name in `values` that the registry does not have.
    """
    from scipy.stats import beta

    unknown = sorted(set(values) - set(REGISTRY))
    if unknown:
        raise KeyError(f"no parameter is named {unknown[0]}; parameters.yaml lists them all")
    record = np.zeros(1, PARAMETERS).view(np.recarray)
    for name, parameter in REGISTRY.items():
        record[name] = values.get(name, parameter.best)
    grid = quantile_grid(TABLE_POINTS)
    for row, name in enumerate(BREAKPOINTS):
        mean = float(record[f"break_{name}"][0])
        concentration = float(record[f"break_{name}_conc"][0])
        record["breakpoints"][0, row] = beta.ppf(
            grid, mean * concentration, (1.0 - mean) * concentration
        )
    return Params(record[0])
