"""Boxes: conditions under which a base is lost, how much they tell, and what may be chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from camphandover.judge.study.discover.losses import SHARE, share_of
from camphandover.judge.study.factors import Factor
from camphandover.libraries import pd

MOST_CONDITIONS = 4
"""Conditions of a box that people can keep in mind."""
P_CONDITION = 0.01
"""A condition stays in a box if its quasi-p is at most this: 0.05 is common (Bryant and Lempert
2010), but a box is the best of many that were tried."""
LEAST_MASS = 0.05
"""Part of the points that a box, or a leaf, holds at least."""
STEPS = 40
"""Parts of equal mass between which a bound is moved."""


@dataclass(frozen=True)
class Condition:
    """A condition on one factor; bounds are included.

    Attributes:
        p: Its quasi-p: the chance that the box without it is as bad as the box.
    """

    factor: Factor
    low: float = -math.inf
    high: float = math.inf
    among: tuple[str, ...] = ()
    p: float = math.nan

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Whether it holds at each point."""
        column = frame[self.factor.name]
        if self.factor.is_category:
            return np.asarray(column.isin(self.among))
        values = column.to_numpy(dtype=float)
        return np.asarray((values >= self.low) & (values <= self.high))

    def __str__(self) -> str:
        """In plain words."""
        return self.factor.told(self.low, self.high, self.among)


@dataclass(frozen=True)
class Box:
    """Points at which all of some conditions hold."""

    conditions: tuple[Condition, ...]

    def inside(self, frame: pd.DataFrame) -> np.ndarray:
        """Whether each point lies in it."""
        held = [condition.holds(frame) for condition in self.conditions]
        return np.asarray(np.logical_and.reduce([np.ones(len(frame), dtype=bool), *held]))

    def without(self, condition: Condition) -> Box:
        """The box without one of its conditions."""
        return Box(tuple(one for one in self.conditions if one is not condition))

    def only_not(self, condition: Condition, frame: pd.DataFrame) -> np.ndarray:
        """Points at which all conditions hold but this one."""
        return np.asarray(self.without(condition).inside(frame) & ~condition.holds(frame))


def bounded(factor: Factor, low: float, high: float) -> Condition:
    """A condition with bounds that the factor can take: whole days."""
    if factor.is_whole:
        low = low if math.isinf(low) else math.ceil(low)
        high = high if math.isinf(high) else math.floor(high)
    return Condition(factor, float(low), float(high))


def worth(frame: pd.DataFrame, inside: np.ndarray) -> float:
    """The weighted relative accuracy of some of the points."""
    share = frame[SHARE].to_numpy(dtype=float)
    return float(share[inside].sum() - share.mean() * inside.sum()) / len(share)


def is_better(box: Box, frame: pd.DataFrame) -> bool:
    """Whether it has conditions, and losses are more frequent in it than among all points."""
    return bool(box.conditions) and worth(frame, box.inside(frame)) > 0


def polished(box: Box, frame: pd.DataFrame) -> Box:
    """The box with its bounds moved, one at a time, to where it tells most.

    A trajectory takes one way through many bounds, and the best box on it lies beside a better
    one. No condition is added, and no box becomes smaller than the least.
    """
    value, before = worth(frame, box.inside(frame)), -math.inf
    while value > before:
        before = value
        for i in range(len(box.conditions)):
            for other in _moved(box.conditions[i], frame):
                tried = Box((*box.conditions[:i], other, *box.conditions[i + 1 :]))
                inside = tried.inside(frame)
                if inside.mean() >= LEAST_MASS and worth(frame, inside) > value:
                    box, value = tried, worth(frame, inside)
    return box


def _moved(condition: Condition, frame: pd.DataFrame) -> list[Condition]:
    """A condition with another bound, or with a receiver more or less."""
    factor = condition.factor
    if factor.is_category:
        sets = [set(condition.among) ^ {name} for name in factor.options]
        kept = [tuple(name for name in factor.options if name in one) for one in sets if one]
        return [
            Condition(factor, among=among) for among in kept if len(among) < len(factor.options)
        ]
    levels = np.arange(1, STEPS) / STEPS
    cuts = np.unique(np.quantile(frame[factor.name].to_numpy(dtype=float), levels))
    low, high = condition.low, condition.high
    lows = [bounded(factor, cut, high) for cut in cuts if math.isfinite(low) and cut <= high]
    highs = [bounded(factor, low, cut) for cut in cuts if math.isfinite(high) and cut >= low]
    return [*lows, *highs]


def weakest(box: Box, frame: pd.DataFrame) -> Condition | None:
    """The condition to do without: one that may be chance, or one too many; `None` if all are good.

    Of several it is the one without which the box tells most.
    """
    weak = [condition for condition in box.conditions if condition.p > P_CONDITION]
    if not weak and len(box.conditions) > MOST_CONDITIONS:
        weak = list(box.conditions)
    return max(weak, key=lambda one: worth(frame, box.without(one).inside(frame)), default=None)


def with_p(box: Box, frame: pd.DataFrame) -> Box:
    """The box with the quasi-p of each condition: a one-sided binomial test of the runs in the
    box against the share of losses without that condition.

    Runs of one point count as fewer, as in `share_of`. The test is blind to how many conditions
    were tried, which is why boxes are re-tested.

    Source: Bryant & Lempert 2010.
    """
    from scipy.stats import binomtest

    within = share_of(frame, box.inside(frame))
    trials = round(within.effective)
    tested = []
    for condition in box.conditions:
        chance = share_of(frame, box.without(condition).inside(frame)).value
        found = binomtest(int(within.value * trials), trials, chance, alternative="greater")
        tested.append(replace(condition, p=float(found.pvalue)))
    return Box(tuple(tested))


def chosen(
    frame: pd.DataFrame, boxes: Sequence[Box], density: float | None
) -> tuple[int, pd.DataFrame]:
    """Position of the best box, and the trade-off of all."""

    share = frame[SHARE].to_numpy(dtype=float)
    insides = [box.inside(frame) for box in boxes]
    table = pd.DataFrame(
        {
            "coverage": [float(share[inside].sum() / share.sum()) for inside in insides],
            "density": [float(share[inside].mean()) for inside in insides],
            "mass": [float(inside.mean()) for inside in insides],
            "conditions": [len(box.conditions) for box in boxes],
        }
    )
    dense = table[table["density"] >= density] if density is not None else table.iloc[:0]
    if len(dense):
        best = int(dense["coverage"].idxmax())
    elif density is not None:
        best = int(table["density"].idxmax())
    else:
        best = int(np.argmax([worth(frame, inside) for inside in insides]))
    table["chosen"] = np.arange(len(table)) == best
    return best, table


def narrowed(box: Box, side: Condition) -> Box:
    """The box with one more condition, which is joined with one on the same factor."""
    conditions = []
    for one in box.conditions:
        if one.factor is not side.factor:
            conditions.append(one)
        elif one.factor.is_category:
            side = replace(side, among=tuple(name for name in side.among if name in one.among))
        else:
            side = replace(side, low=max(one.low, side.low), high=min(one.high, side.high))
    return Box((*conditions, side))
