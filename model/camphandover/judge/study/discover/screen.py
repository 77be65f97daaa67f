"""Which levers and parameters matter, taken one by one: what conditions may be made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from camphandover.judge.study.discover.losses import SHARE
from camphandover.judge.study.levers_words import PARAMETER, Factor

if TYPE_CHECKING:
    import pandas as pd

MOST_PARAMETERS = 12
"""Parameters that a box may be made of: with hundreds, some would fit by chance."""
FALSE_FINDS = 0.05
"""Share of the parameters that pass the screening by chance alone (Benjamini and Hochberg)."""
P_LEVER = 0.05
"""A lever enters with at most this p."""
BANDS = 4
"""Of equal size, into which a factor's values are cut to see an effect that is not one-way."""


def screen(frame: pd.DataFrame, factors: Sequence[Factor]) -> pd.DataFrame:
    """How surely each factor matters for the share of losses, taken by itself.

    Args:
        frame: Points with the shares.
    Returns:
        A row for each factor, the surest first: `factor`, `kind`, the rank correlation `rho`
        (nan for a receiver), `p` (the smaller of Spearman's and, over bands, Kruskal and Wallis's,
        doubled), `q` (adjusted for the number of factors) and `enters`: levers, and what follows
        from them, whose p is small; of the hundreds of parameters the surest whose q is small.
    Source: Benjamini & Hochberg 1995, controlling the false discovery rate.
    """
    import pandas as pd
    from scipy.stats import false_discovery_control

    rows = []
    share = frame[SHARE].to_numpy(dtype=float)
    for factor in factors:
        rho, p = _association(frame[factor.name], share, factor)
        rows.append({"factor": factor.name, "kind": factor.kind.value, "rho": rho, "p": p})
    table = pd.DataFrame(rows)
    table["q"] = false_discovery_control(table["p"].to_numpy())
    table = table.sort_values("p", kind="stable", ignore_index=True)
    is_parameter = table["kind"] == PARAMETER.value
    sure = is_parameter & (table["q"] <= FALSE_FINDS)
    few = sure & (sure.cumsum() <= MOST_PARAMETERS)
    table["enters"] = few | (~is_parameter & (table["p"] <= P_LEVER))
    return table


def _association(column: pd.Series, share: np.ndarray, factor: Factor) -> tuple[float, float]:
    """(rank correlation, p) of a factor and the share."""
    import pandas as pd
    from scipy.stats import kruskal, spearmanr

    if np.ptp(share) == 0:
        return math.nan, 1.0
    bands = (
        column if factor.is_category else pd.qcut(column, BANDS, labels=False, duplicates="drop")
    )
    groups = [share[(bands == band).to_numpy()] for band in sorted(bands.unique())]
    p_bands = float(kruskal(*groups).pvalue) if len(groups) > 1 else 1.0
    if factor.is_category:
        return math.nan, p_bands
    found = spearmanr(column.to_numpy(dtype=float), share)
    p = min(1.0, 2 * min(float(found.pvalue), p_bands))
    return float(found.statistic), p if math.isfinite(p) else 1.0
