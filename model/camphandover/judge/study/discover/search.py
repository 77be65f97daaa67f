"""Finding boxes among points: which factors matter, then PRIM, or the leaves of a small tree."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from camphandover.judge.study.discover.boxes import (
    LEAST_MASS,
    Box,
    Condition,
    bounded,
    chosen,
    is_better,
    narrowed,
    polished,
    weakest,
    with_p,
)
from camphandover.judge.study.discover.losses import SHARE
from camphandover.judge.study.factors import Factor, Kind
from camphandover.libraries import pd

METHODS = ("prim", "tree")
DEPTH = 3
"""Of the tree."""
MOST_PARAMETERS = 12
"""Parameters that a box may be made of: with hundreds, some would fit by chance."""
FALSE_FINDS = 0.05
"""Share of the parameters that pass the screening by chance alone (Benjamini and Hochberg)."""
P_LEVER = 0.05
"""A lever enters with at most this p."""
BANDS = 4
"""Of equal size, into which a factor's values are cut to see an effect that is not one-way."""


# --- which factors matter ----------------------------------------------------------------


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
    from scipy.stats import false_discovery_control

    rows = []
    share = frame[SHARE].to_numpy(dtype=float)
    for factor in factors:
        rho, p = _association(frame[factor.name], share, factor)
        rows.append({"factor": factor.name, "kind": factor.kind.value, "rho": rho, "p": p})
    table = pd.DataFrame(rows)
    table["q"] = false_discovery_control(table["p"].to_numpy())
    table = table.sort_values("p", kind="stable", ignore_index=True)
    is_parameter = table["kind"] == Kind.PARAMETER.value
    sure = is_parameter & (table["q"] <= FALSE_FINDS)
    few = sure & (sure.cumsum() <= MOST_PARAMETERS)
    table["enters"] = few | (~is_parameter & (table["p"] <= P_LEVER))
    return table


def _association(column: pd.Series, share: np.ndarray, factor: Factor) -> tuple[float, float]:
    """(rank correlation, p) of a factor and the share."""
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


# --- boxes -------------------------------------------------------------------------------


def find_boxes(
    frame: pd.DataFrame,
    factors: Sequence[Factor],
    method: str,
    n_boxes: int,
    density: float | None = None,
) -> tuple[list[Box], pd.DataFrame]:
    """Boxes in which the base is lost more often, the best first; a later one leaves out the
    points of those before it.

    A box is chosen by what it tells: its part of the points times how far its share of losses
    lies above that of all points (the weighted relative accuracy).

    Args:
        frame: Points with shares.
        factors: What conditions may be made of.
        method: `prim` or `tree`.
        n_boxes: How many at most.
        density: Share of losses that a box must reach; then the largest such box is chosen.
    Returns:
        The boxes, and the trade-off from which the first one was chosen: `coverage`, `density`,
        `mass`, `conditions`, `chosen`.
    Source: Friedman & Fisher 1999 (PRIM); Bryant & Lempert 2010, thinking inside the box; Lavrac,
    Flach & Zupan 1999 (weighted relative accuracy).
    """

    search = _prim if method == "prim" else _tree
    boxes: list[Box] = []
    trade_off = pd.DataFrame(columns=["coverage", "density", "mass", "conditions", "chosen"])
    rest = frame if factors else frame.iloc[:0]
    while len(boxes) < n_boxes and len(rest) * LEAST_MASS >= 1 and rest[SHARE].to_numpy().any():
        box, candidates = search(rest, factors, density)
        trade_off = trade_off if boxes else candidates
        if box is None:
            break
        boxes.append(box)
        rest = rest[~box.inside(rest)].reset_index(drop=True)
    return boxes, trade_off


def _prim(
    frame: pd.DataFrame, factors: Sequence[Factor], density: float | None
) -> tuple[Box | None, pd.DataFrame]:
    """The best box of a peeling and pasting, done anew without what its conditions do not need
    until all of them are good: a first try spends peels on chance."""
    while True:
        boxes = _peel(frame, factors)
        best, table = chosen(frame, boxes, density)
        box = boxes[best] if density is not None else polished(boxes[best], frame)
        box = with_p(box, frame)
        weak = weakest(box, frame)
        if weak is None:
            return (box if is_better(box, frame) else None), table
        factors = [one.factor for one in box.conditions if one is not weak]
        if not factors:
            return None, table


def _peel(frame: pd.DataFrame, factors: Sequence[Factor]) -> list[Box]:
    """All boxes of PRIM's trajectory.

    The shares are the library's y: a box's mean is then the share of its runs. Receivers go in as
    numbers, so that no order of a set of texts decides between equals.
    """

    x = pd.DataFrame(
        {
            factor.name: (
                pd.Categorical([factor.options.index(value) for value in frame[factor.name]])
                if factor.is_category
                else frame[factor.name].to_numpy(dtype=float)
            )
            for factor in factors
        }
    )
    # pasted limits compare with the data's own: a column of one value has none to give
    x = x.loc[:, [column for column in x if x[column].nunique() > 1]]
    if x.empty:
        return [Box(())]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The inplace keyword")  # its own use of pandas
        algorithm = _library()(x, frame[SHARE].to_numpy(dtype=float), mass_min=LEAST_MASS)
    found = algorithm.find_box()
    by_name = {factor.name: factor for factor in factors if factor.name in x}
    return [_box(limits, algorithm.box_init, by_name) for limits in found.box_lims]


def _library() -> Any:
    """The class `Prim`, without what its import says of packages that are not needed here, and
    without the colours that it sets for all charts."""
    import matplotlib as mpl

    with warnings.catch_warnings(), mpl.rc_context():
        warnings.filterwarnings("ignore", message="ipyparallel not installed")
        from ema_workbench.analysis.prim import Prim
    return Prim


def _box(limits: pd.DataFrame, widest: pd.DataFrame, factors: dict[str, Factor]) -> Box:
    """A box of the library: its limits in the rows 0 and 1, sets for categories."""
    conditions = []
    for name, factor in factors.items():
        low, high = limits.loc[0, name], limits.loc[1, name]
        least, most = widest.loc[0, name], widest.loc[1, name]
        if factor.is_category:
            if low != least:
                kept = tuple(factor.options[i] for i in sorted(low))
                conditions.append(Condition(factor, among=kept))
        elif low > least or high < most:
            conditions.append(
                bounded(
                    factor, low if low > least else -math.inf, high if high < most else math.inf
                )
            )
    return Box(tuple(conditions))


def _tree(
    frame: pd.DataFrame, factors: Sequence[Factor], density: float | None
) -> tuple[Box | None, pd.DataFrame]:
    """The best leaf of a small regression tree.

    Source: Breiman et al. 1984, classification and regression trees.
    """
    from sklearn.tree import DecisionTreeRegressor

    orders = {one.name: _by_share(frame, one) for one in factors if one.is_category}
    values = [
        np.array([orders[one.name].index(value) for value in frame[one.name]], dtype=float)
        if one.is_category
        else frame[one.name].to_numpy(dtype=float)
        for one in factors
    ]
    tree = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=LEAST_MASS, random_state=0)
    tree.fit(np.column_stack(values), frame[SHARE].to_numpy(dtype=float))
    boxes = _leaves(tree.tree_, factors, orders, 0, Box(()))
    best, table = chosen(frame, boxes, density)
    box = with_p(boxes[best], frame)
    while (weak := weakest(box, frame)) is not None:  # on the way to a leaf, and of no use in it
        box = with_p(box.without(weak), frame)
    return (box if is_better(box, frame) else None), table


def _by_share(frame: pd.DataFrame, factor: Factor) -> list[str]:
    """Receivers by their share of losses: a cut of this order is the best of all their subsets.

    Source: Breiman et al. 1984, section 4.2.2.
    """
    means = frame.groupby(factor.name)[SHARE].mean()
    return sorted(factor.options, key=lambda name: (float(means.get(name, 0.0)), name))


def _leaves(
    tree: Any, factors: Sequence[Factor], orders: dict[str, list[str]], node: int, box: Box
) -> list[Box]:
    """The leaves below a node as boxes."""
    if tree.children_left[node] < 0:
        return [box]
    factor, cut = factors[tree.feature[node]], float(tree.threshold[node])
    if factor.is_category:
        order = orders[factor.name]
        n_below = math.floor(cut) + 1
        sides = [
            Condition(factor, among=tuple(part)) for part in (order[:n_below], order[n_below:])
        ]
    else:
        sides = [bounded(factor, -math.inf, cut), bounded(factor, cut, math.inf)]
    children = (tree.children_left[node], tree.children_right[node])
    return [
        leaf
        for child, side in zip(children, sides, strict=True)
        for leaf in _leaves(tree, factors, orders, child, narrowed(box, side))
    ]
