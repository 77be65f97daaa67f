"""When a base counts as lost, at which share of the runs it is, and how sure that share is."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from camphandover import inputs
from camphandover.batch.cubes import HOLDERS, SLOTS
from camphandover.batch.names import check_known
from camphandover.batch.plan import Model, make_plan
from camphandover.errors import BatchError
from camphandover.measure.intervals import Interval, wilson

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.batch.batch import Batch
    from camphandover.batch.run import Progress, Say
    from camphandover.judge.study.levers import Design

UN = "minusma"
RUNS, LOST, UN_THERE, SHARE = "runs", "lost", "un_there", "share"
"""Columns of the outcome: runs that did not fail, those in which the base is lost, those in which
the UN still holds it, and the share that is lost."""
DIGITS = 10
"""Of the digest in a folder's name."""
NAMED = {"army": "the army", "separatists": "the separatists", "gsim": "GSIM", UN: "the UN"}
NAMED |= {"nobody": "nobody", "joint": "a joint unit"}


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
        names = [NAMED[name] for name in self.lost_to]
        who = " or ".join([", ".join(names[:-1]), names[-1]] if names[:-1] else names)
        if len(kept) == 1 and len(names) > 1:
            who = f"neither {NAMED[kept[0]]} nor the UN"
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


def make_loss(
    design: Design,
    place: str,
    slot: str,
    lost_to: Sequence[str] | None,
    unless: str,
    on: date | str | None,
    after: int | None,
) -> Loss:
    """Hold what is asked to what can be.

    Args:
        lost_to: Holders to whom the base is lost; if not given, all but `unless` and the UN.
        unless: The holder who keeps it.
        on: A date of the window; its last one if neither is given.
        after: Days after the exit from the place.
    Errors:
        BatchError that names what cannot be.
    """
    check_known("slot", slot, SLOTS)
    check_known("holder", unless, HOLDERS)
    takers = [name for name in HOLDERS if name != UN]
    for name in lost_to or ():
        check_known("holder", name, takers)
    losers = tuple(lost_to) if lost_to else tuple(name for name in takers if name != unless)
    window = design.base.window
    if after is not None:
        if on is not None:
            raise BatchError("a date and a number of days after the exit exclude each other.")
        if place not in [camp.place for camp in design.camps]:
            raise BatchError(
                f"{after} days after the exit: the handover of {place} is not varied; give a date."
            )
        return Loss(place, slot, losers, None, after)
    day = inputs.day("date", window.end if on is None else on, window.start, window.end)
    return Loss(place, slot, losers, day, None)


@dataclass(frozen=True)
class Runner:
    """How points are run.

    Attributes:
        design, loss: What is varied, and what is asked.
        out: Folder that takes the batches.
        runs: Runs of each point.
        workers, progress, say: As `camphandover.run` takes them.
        model: Makes the model of a point.
    """

    design: Design
    loss: Loss
    out: Path
    runs: int
    model: Model
    workers: int | None = None
    progress: Progress | bool | None = None
    say: Say | None = None

    def run(self, frame: pd.DataFrame, stem: str, seed: int) -> tuple[pd.DataFrame, Batch]:
        """Run the points and add the outcome to them.

        The folder is named by what is run, so that other points never meet stored ones of the
        same folder, and the same points are computed once.

        Returns:
            The points with `runs`, `lost`, `un_there` and `share`, and the batch.
        """
        from camphandover.batch.batch import run

        scenarios = self.design.scenarios(frame, stem[0])
        evidence = self.design.evidence
        plan = make_plan(scenarios, self.runs, seed, self.model, evidence=evidence, ledger="none")
        text = json.dumps(plan.identity(), sort_keys=True)
        folder = self.out / f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}"
        batch = run(
            scenarios, self.runs, seed, folder, self.workers, self.progress, self.model,
            evidence=evidence, ledger="none", say=self.say,
        )  # fmt: skip
        return frame.assign(**self._outcome(batch, frame)), batch

    def _outcome(self, batch: Batch, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        """Runs, losses and their share at each point."""
        control = batch.control.sel(place=self.loss.place, slot=self.loss.slot).load()
        codes = control.transpose("scenario", "replicate", "date").to_numpy()
        first = control["date"].to_numpy()[0].astype("M8[D]")
        wanted = np.array(self.loss.days(self.design, frame), dtype="M8[D]")
        at = (wanted - first).astype(int)
        codes = codes[np.arange(len(codes)), :, at]
        takers = [HOLDERS.index(name) for name in self.loss.lost_to]
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


def told(share: Share | Interval) -> str:
    """`41 % [38-44]`."""
    if math.isnan(share.value):
        return "-"
    value, low, high = (100 * part for part in share[:3])
    return f"{value:.0f} % [{low:.0f} to {high:.0f}]"


def plain(value: Any) -> Any:
    """A cell as JSON holds it: nan and infinite numbers are null, dates texts."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value if value is None else str(value)
