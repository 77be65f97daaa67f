"""How each handover of a base fares over all unknowns: the levers, early or late, side by side."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from camphandover.judge.study.discover.losses import RUNS, SHARE, Loss, share_of
from camphandover.judge.study.levers import Design, lever
from camphandover.judge.study.levers_words import RECEIVER, TIMING

if TYPE_CHECKING:
    import pandas as pd

TIMINGS = 3
"""Parts of equal length into which the range of an exit is cut."""
MOSTLY = 0.5
"""A base is mostly lost at a point whose chance of a loss is above this."""
FEW, LEAST_SIZE = 5, 0.05
"""Points that a spread is told of at least; least size of the beta distribution: nearly all chances
are then 0 or 1."""
BADLY = 0.9
"""Part of the points below the bad one that is told."""


def robust(design: Design, loss: Loss, frame: pd.DataFrame) -> pd.DataFrame:
    """Receivers by timing: how often the base is lost, over all other levers and all unknowns.

    Points differ in their chance of a loss by levers and unknowns; how much, is told by a beta
    distribution with the mean and the spread of the shares, from which the luck of the few runs
    of a point is taken out.

    Args:
        frame: The searched points with their outcome.
    Returns:
        A row for each camp (that of the place, or each one varied), receiver and part of the range
        of its exit, the most robust first: `camp`, `receiver`, `from_shift`, `to_shift` (days from
        the plan), `points`, `share` with its interval `low`, `high`; `mostly_lost`, the part of
        the points with a chance above one half (Starr's domain criterion turned round), and
        `bad`, the chance that one point in ten exceeds; both nan if each point has one run.
    Source: Starr 1963; Lempert & Collins 2007, managing the risk of uncertain threshold responses;
    Skellam 1948 (beta-binomial by moments).
    """
    import pandas as pd

    camps = [camp.place for camp in design.camps]
    told = [loss.place] if loss.place in camps else camps
    rows = [{"camp": camp, **row} for camp in told for row in _of_camp(design, frame, camp)]
    table = pd.DataFrame(rows)
    return table.sort_values(["camp", "mostly_lost", "share"], kind="stable", ignore_index=True)


def _of_camp(design: Design, frame: pd.DataFrame, camp: str) -> list[dict[str, object]]:
    shifts = frame[lever(TIMING, camp)].to_numpy(dtype=float)
    receivers = frame[lever(RECEIVER, camp)].to_numpy()
    timing = next((one for one in design.factors if one.name == lever(TIMING, camp)), None)
    low, high = (timing.low, timing.high) if timing else (shifts[0], shifts[0])
    edges = (
        np.floor(np.linspace(low, high + 1, TIMINGS + 1)) if timing else np.array([low, low + 1])
    )
    rows: list[dict[str, object]] = []
    for receiver in dict.fromkeys(receivers):
        for start, stop in pairwise(edges):
            here = (receivers == receiver) & (shifts >= start) & (shifts < stop)
            here &= frame[RUNS].to_numpy() > 0
            share = share_of(frame, here)
            mostly, bad = over_points(frame[here])
            rows.append(
                {
                    "receiver": str(receiver),
                    "from_shift": int(start),
                    "to_shift": int(stop) - 1,
                    "points": share.points,
                    "share": share.value,
                    "low": share.low,
                    "high": share.high,
                    "mostly_lost": mostly,
                    "bad": bad,
                }
            )
    return rows


def over_points(frame: pd.DataFrame) -> tuple[float, float]:
    """(part of the points with a chance above `MOSTLY`, chance that one in ten exceeds)."""
    from scipy.stats import beta

    frame = frame[frame[RUNS] > 1]
    if len(frame) < FEW:
        return math.nan, math.nan
    share, runs = (frame[name].to_numpy(dtype=float) for name in (SHARE, RUNS))
    mean = float(share.mean())
    spread = float(share.var(ddof=1) - np.mean(share * (1 - share) / (runs - 1)))
    if not 0 < mean < 1 or spread <= 0:
        return float(mean > MOSTLY), mean
    size = max(mean * (1 - mean) / spread - 1, LEAST_SIZE)
    chances = beta(mean * size, (1 - mean) * size)
    return float(chances.sf(MOSTLY)), float(chances.ppf(BADLY))
