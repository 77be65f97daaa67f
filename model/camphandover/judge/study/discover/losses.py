"""When a base counts as lost, at which share of the runs it is, how sure that share is, and which
handover of it is robust."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from camphandover.batch.batch import Batch
from camphandover.batch.names import check_known
from camphandover.errors import BatchError
from camphandover.facts.codes import HOLDERS, Slot
from camphandover.inputs import day
from camphandover.judge.study.factors import Kind
from camphandover.judge.study.levers import Design, lever
from camphandover.judge.study.settings import DiscoverSettings
from camphandover.libraries import pd
from camphandover.measure.intervals import Interval, wilson
from camphandover.measure.notation import listed, named

UN = "minusma"
RUNS, LOST, UN_THERE, SHARE = "runs", "lost", "un_there", "share"
"""Columns of the outcome: runs that did not fail, those in which the base is lost, those in which
the UN still holds it, and the share that is lost."""
TIMINGS = 3
"""Parts of equal length into which the range of an exit is cut."""
MOSTLY = 0.5
"""A base is mostly lost at a point whose chance of a loss is above this."""
FEW, LEAST_SIZE = 5, 0.05
"""Points that a spread is told of at least; least size of the beta distribution: nearly all chances
are then 0 or 1."""
OF_ROBUST = ("camp", "receiver", "from_shift", "to_shift", "points", "share", "low", "high",
             "mostly_lost", "bad")  # fmt: skip
BADLY = 0.9
"""Part of the points below the bad one that is told."""


@dataclass(frozen=True)
class Loss:
    """When a base counts as lost.

    Attributes:
        place, slot: The base.
        lost_to: Holders to whom it is lost.
        on: The date at whose end it is asked; `None` if `after` counts.
        after: Days after the exit that a point sets for the place; `None` if `on` counts.
    """

    place: str
    slot: str
    lost_to: tuple[str, ...]
    on: date | None
    after: int | None

    def __str__(self) -> str:
        """`neither the army nor the UN has the camp of Kidal at the end of 31 December 2023`."""
        kept = [name for name in HOLDERS if name not in (*self.lost_to, UN)]
        names = [named(name) for name in self.lost_to]
        who = listed(names, "or")
        if len(kept) == 1 and len(names) > 1:
            who = f"neither {named(kept[0])} nor the UN"
        if self.on is not None:
            when = f"at the end of {self.on.day} {self.on:%B %Y}"
        else:
            when = f"{self.after} days after the day on which the UN is to leave"
        return f"{who} has the {self.slot} of {self.place} {when}"

    def days(self, design: Design, frame: pd.DataFrame) -> list[date]:
        """The date that counts at each point."""
        if self.on is not None:
            return [self.on] * len(frame)
        assert self.after is not None
        return [day + timedelta(self.after) for day in design.exits(frame, self.place)]


def make_loss(design: Design, settings: DiscoverSettings) -> Loss:
    """Hold what is asked to what can be.

    Args:
        design: What is varied.
        settings: Of the search. Without `lost_to` the base is lost to all but `unless` and the
            UN; without `date` and `after` the last date of the window counts.
    Errors:
        BatchError that names what cannot be.
    """
    place, slot, after = settings.place, settings.slot, settings.after
    check_known("slot", slot, [one.name.lower() for one in (Slot.CAMP, Slot.TOWN)])
    check_known("holder", settings.unless, HOLDERS)
    takers = [name for name in HOLDERS if name != UN]
    for name in settings.lost_to or ():
        check_known("holder", name, takers)
    losers = tuple(settings.lost_to or (name for name in takers if name != settings.unless))
    window = design.base.window
    if after is None:
        on = window.end if settings.date is None else settings.date
        return Loss(place, slot, losers, day("date", on, window.start, window.end), None)
    if settings.date is not None:
        raise BatchError("a date and a number of days after the exit exclude each other.")
    if place not in [camp.place for camp in design.camps]:
        raise BatchError(
            f"{after} days after the exit: the handover of {place} is not varied; give a date."
        )
    return Loss(place, slot, losers, None, after)


def outcome(design: Design, loss: Loss, frame: pd.DataFrame, batch: Batch) -> dict[str, np.ndarray]:
    """Runs, losses and their share at each point of a batch of a scenario for each of them."""
    control = batch.control.sel(place=loss.place, slot=loss.slot).load()
    codes = control.transpose("scenario", "replicate", "date").to_numpy()
    first = control["date"].to_numpy()[0].astype("M8[D]")
    at = (np.array(loss.days(design, frame), dtype="M8[D]") - first).astype(int)
    codes = codes[np.arange(len(codes)), :, at]
    takers = [HOLDERS.index(name) for name in loss.lost_to]
    runs, lost = (codes >= 0).sum(axis=1), np.isin(codes, takers).sum(axis=1)
    un_there = (codes == HOLDERS.index(UN)).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return {RUNS: runs, LOST: lost, UN_THERE: un_there, SHARE: lost / runs}


# --- how sure ----------------------------------------------------------------------------


class Share(NamedTuple):
    """A share of runs that come in points: the estimate, its bounds, points and runs, and how many
    independent runs would be as sure."""

    value: float
    low: float
    high: float
    points: int
    runs: int
    effective: float = math.nan


def share_of(frame: pd.DataFrame, inside: np.ndarray | None = None) -> Share:
    """The share of runs in which the base is lost, with a 95 % interval.

    Runs of one point have its levers and parameters in common, so they say less than as many runs
    of different points. The interval is Wilson's for the number of independent runs that would be
    as sure, between the number of points and that of runs.

    Args:
        frame: Points with `runs` and `lost`.
        inside: Which of them count; all if not given.
    Source: Korn & Graubard 1998; Dean & Pagano 2015, evaluating confidence interval methods for
    binomial proportions in clustered surveys.
    """
    lost = frame[LOST].to_numpy(dtype=float)
    runs = frame[RUNS].to_numpy(dtype=float)
    valid = runs > 0 if inside is None else (runs > 0) & inside
    lost, runs = lost[valid], runs[valid]
    n, total = len(runs), float(runs.sum())
    if n == 0:
        return Share(math.nan, math.nan, math.nan, 0, 0)
    p = float(lost.sum() / total)
    effective = float(n)
    spread = float(((lost - p * runs) ** 2).sum()) * n / max(n - 1, 1) / total**2
    if n > 1 and spread > 0:
        effective = min(max(p * (1 - p) / spread, n), total)
    low, high = wilson(np.asarray(p * effective), np.asarray(effective))
    return Share(p, float(low), float(high), n, int(total), effective)


def less(a: Share, b: Share) -> Interval:
    """The difference of two independent shares with Newcombe's hybrid score interval.

    Source: Newcombe 1998, interval estimation for the difference between independent proportions,
    method 10.
    """
    value = a.value - b.value
    down = math.hypot(a.value - a.low, b.high - b.value)
    up = math.hypot(a.high - a.value, b.value - b.low)
    return Interval(value, value - down, value + up)


def luck(frame: pd.DataFrame) -> float:
    """The part of the variance over runs that is luck: levers and parameters do not tell it.

    Returns:
        From 0 to 1; nan if no point has two runs, or all runs end the same way.
    Source: the one-way analysis of variance, of shares.
    """
    valid = frame[frame[RUNS] > 1]
    runs, share = valid[RUNS].to_numpy(dtype=float), valid[SHARE].to_numpy(dtype=float)
    p = share_of(valid).value
    if not len(valid) or not 0 < p < 1:
        return math.nan
    within = float(np.average(share * (1 - share) * runs / (runs - 1), weights=runs))
    return min(within / (p * (1 - p)), 1.0)


# --- which handover is robust ------------------------------------------------------------


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

    camps = [camp.place for camp in design.camps]
    told = [loss.place] if loss.place in camps else camps
    rows = [row for camp in told for row in _of_camp(design, frame, camp)]
    table = pd.DataFrame(rows, columns=list(OF_ROBUST))
    return table.sort_values(["camp", "mostly_lost", "share"], kind="stable", ignore_index=True)


def _of_camp(design: Design, frame: pd.DataFrame, camp: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a camp: its receivers by parts of the range of its exit."""
    shifts = frame[lever(Kind.TIMING, camp)].to_numpy(dtype=float)
    receivers = frame[lever(Kind.RECEIVER, camp)].to_numpy()
    timing = next((one for one in design.factors if one.name == lever(Kind.TIMING, camp)), None)
    if timing is None:
        edges = np.array([shifts[0], shifts[0] + 1])
    else:
        edges = np.floor(np.linspace(timing.low, timing.high + 1, TIMINGS + 1))
    for receiver in dict.fromkeys(receivers):
        for start, stop in pairwise(edges):
            here = (receivers == receiver) & (shifts >= start) & (shifts < stop)
            here &= frame[RUNS].to_numpy() > 0
            share = share_of(frame, here)
            part = (int(start), int(stop) - 1, share.points)
            yield (camp, str(receiver), *part, *share[:3], *over_points(frame[here]))


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
