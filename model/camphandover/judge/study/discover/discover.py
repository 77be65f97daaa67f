"""Robust handover search: under which conditions a base is lost, whatever else is unknown.

Levers of the handover (when, in what order, to whom) and uncertain parameters are drawn together;
the conditions that are found are re-tested on fresh points and seeds. This is scenario discovery
(Bryant & Lempert 2010; Kwakkel's ema-workbench).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover import inputs
from camphandover.batch.files import write_json
from camphandover.batch.names import check_known
from camphandover.batch.plan import MAX_SEED, Model, file_name
from camphandover.errors import BatchError
from camphandover.inputs import whole
from camphandover.judge.study.discover.boxes import Box
from camphandover.judge.study.discover.losses import (
    LOST,
    RUNS,
    SHARE,
    UN_THERE,
    Loss,
    Runner,
    Share,
    luck,
    make_loss,
    plain,
    share_of,
)
from camphandover.judge.study.levers import NOTICE, SHIFT, Design, luck_of_its_own, make_design

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.batch.run import Progress, Say

POINTS, RUNS_OF_POINT, RETEST = 1000, 4, 150
"""Points, runs of each, and fresh points inside each box and outside all, if not given."""
LEAST_POINTS, MOST_POINTS = 40, 100_000
MOST_BOXES = 5


@dataclass(frozen=True, eq=False)
class Discovery:
    """What a search found.

    Attributes:
        scenario: Name of the scenario whose handover is varied.
        design: What was varied.
        loss: When the base counts as lost.
        method: `prim` or `tree`.
        wanted: Share of losses that a box was to reach; `None` if none was asked for.
        seed: Of the search; the re-test has another one, `fresh_seed`.
        overall: Share of all runs in which the base is lost.
        un_there: Share of them in which the UN still has it.
        luck: Part of the variance that is luck, 0 to 1; nan if it cannot be told.
        found: The boxes.
        boxes: A row for each: `box`, `conditions` (text), `coverage`, the part of all losses in
            it, `density`, the share of its runs that are losses, with `low` and `high`, `mass`,
            its part of the points, `points`, `verdict` of the re-test. A later box leaves out the
            points of those before it. The figures of the search flatter a box: those of the
            re-test count.
        conditions: A row for each condition: `box`, `condition` (text), `factor`, `at_least`,
            `at_most`, `among`, `p` (quasi-p), `verdict`.
        retest: See `discover_retest.judged`.
        factors: See `discover_screen.screen`.
        robust: See `discover_robust.robust`.
        trade_off: From which the first box was chosen: `coverage`, `density`, `mass`,
            `conditions`, `chosen`.
        points: The searched points: levers, parameters, `runs`, `lost`, `un_there`, `share`.
        fresh: The points of the re-test, with their `stratum`.
        out: Folder of the batches.
        reused: Whether nothing had to be computed.
        failed: Runs that failed and are left out.
    """

    scenario: str
    design: Design
    loss: Loss
    method: str
    wanted: float | None
    seed: int
    fresh_seed: int
    overall: Share
    un_there: float
    luck: float
    found: tuple[Box, ...]
    boxes: pd.DataFrame
    conditions: pd.DataFrame
    retest: pd.DataFrame
    factors: pd.DataFrame
    robust: pd.DataFrame
    trade_off: pd.DataFrame
    points: pd.DataFrame
    fresh: pd.DataFrame
    out: Path
    reused: bool
    failed: int

    def __str__(self) -> str:
        """What was found, in plain sentences."""
        from camphandover.say.discover import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from camphandover.say.discover import as_html

        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """The same numbers as JSON holds them, without the points."""
        tables = {
            name: [
                {str(key): plain(value) for key, value in row.items()}
                for row in getattr(self, name).to_dict("records")
            ]
            for name in ("boxes", "conditions", "retest", "factors", "robust", "trade_off")
        }
        return {
            "scenario": self.scenario,
            "lost_if": str(self.loss),
            "camps": [camp.place for camp in self.design.camps],
            "evidence": self.design.evidence,
            "method": self.method,
            "wanted_density": self.wanted,
            "seed": self.seed,
            "fresh_seed": self.fresh_seed,
            "points": self.overall.points,
            "runs": self.overall.runs,
            "failed": self.failed,
            "share": plain(self.overall.value),
            "low": plain(self.overall.low),
            "high": plain(self.overall.high),
            "un_there": plain(self.un_there),
            "luck": plain(self.luck),
            **tables,
        }

    def write_json(self, path: str | Path) -> None:
        """Write the numbers to a file."""
        write_json(inputs.path("path", path), self.to_dict())


def discover(
    scenario: str | Path | Mapping[str, Any],
    place: str,
    *,
    lost_to: Sequence[str] | None = None,
    unless: str = "army",
    slot: str = "camp",
    date: date | str | None = None,
    after: int | None = None,
    camps: Sequence[str] | None = None,
    shift: tuple[int, int] = SHIFT,
    receivers: Sequence[str] | None = None,
    notice: tuple[int, int] = NOTICE,
    evidence: str = "hindcast",
    points: int = POINTS,
    runs: int = RUNS_OF_POINT,
    retest: int = RETEST,
    boxes: int = 2,
    density: float | None = None,
    method: str = "prim",
    seed: int = 2023,
    out: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | bool | None = None,
    model: Model | None = None,
    say: Say | None = None,
) -> Discovery:
    """Search for conditions under which a base is lost, and re-test them on fresh points.

    Each point sets the levers of the chosen camps and draws all uncertain parameters anew; its
    runs have luck of their own. Points are computed once: the same call again reads them.

    Args:
        scenario: A path, a name of the library, or a dict of the file's form.
        place: The base.
        lost_to: Holders to whom it is lost; if not given, all but `unless` and the UN.
        unless: The holder who keeps it.
        slot: `camp` or `town`.
        date: The date at whose end it is asked; the last one if not given.
        after: Instead of a date: days after the exit that the point sets for the place. At a
            fixed date an early exit leaves everybody more time than a late one.
        camps: UN camps whose handover is a lever; see `levers.make_design`.
        shift: Range of days added to a camp's plan.
        receivers: Who may get a camp; all if not given.
        notice: Range of days of notice.
        evidence: Set of parameters, `hindcast` or `prior`.
        points: Points of the search.
        runs: Runs of each point.
        retest: Fresh points inside each box, and as many outside all.
        boxes: How many boxes at most.
        density: Share of losses that a box must reach; if not given, a box is chosen that tells
            losses from the rest best.
        method: `prim`, or `tree` for the leaves of a small decision tree.
        seed: Of points and luck; the re-test has the next one.
        out: Folder of the batches; `runs/discover-<scenario>-<place>` if not given.
        workers, progress, model, say: As `camphandover.run` takes them.
    Errors:
        BatchError or ScenarioError that says what cannot be.
    """
    from camphandover.judge.study.discover.retest import STRATUM, fresh_points, fresh_seed, judged
    from camphandover.judge.study.discover.robust import robust
    from camphandover.judge.study.discover.rules import METHODS, check_extra, find_boxes
    from camphandover.judge.study.discover.screen import screen

    check_extra()
    points = whole("points", points, LEAST_POINTS, MOST_POINTS)
    runs = whole("runs", runs, 1, 1000)
    retest = whole("retest", retest, 10, MOST_POINTS)
    boxes = whole("boxes", boxes, 1, MOST_BOXES)
    seed = whole("seed", seed, 0, MAX_SEED)
    after = None if after is None else whole("after", after, 0, 365)
    if density is not None:
        density = inputs.number("density", density, 0, 1, above=True)
    check_known("method", method, METHODS)
    design = make_design(
        scenario, place, camps=camps, shift=shift, receivers=receivers, notice=notice,
        evidence=evidence, room=after or 0,
    )  # fmt: skip
    loss = make_loss(design, place, slot, lost_to, unless, date, after)
    folder = default_folder(design.name, place) if out is None else inputs.path("out", out)
    runner = Runner(
        design, loss, folder, runs, luck_of_its_own(model), workers, progress, say
    )  # fmt: skip
    frame, batch = runner.run(design.draw(points, seed), "search", seed)
    valid = frame[frame[RUNS] > 0].reset_index(drop=True)
    if valid.empty:
        raise BatchError(f"All runs failed; {batch.folder / 'manifest.json'} tells why.")
    factors = screen(valid, design.factors)
    entering = set(factors.loc[factors["enters"], "factor"])
    chosen = [factor for factor in design.factors if factor.name in entering]
    found, trade_off = find_boxes(valid, chosen, method, boxes, density)
    fresh = frame.iloc[:0].assign(**{STRATUM: 0})
    n_failed, is_reused = len(batch.failures), batch.reused
    verdicts = judged(fresh, valid, [], 0).iloc[:0]
    if found:
        drawn = fresh_points(design, found, retest, fresh_seed(seed))
        fresh, again = runner.run(drawn, "retest", fresh_seed(seed))
        verdicts = judged(fresh, valid, found, retest)
        n_failed, is_reused = n_failed + len(again.failures), is_reused and again.reused
    return Discovery(
        scenario=design.name, design=design, loss=loss, method=method,
        wanted=density, seed=seed,
        fresh_seed=fresh_seed(seed), overall=share_of(frame),
        un_there=float(frame[UN_THERE].sum() / frame[RUNS].sum()), luck=luck(valid),
        found=tuple(found), boxes=_boxes(valid, found, verdicts),
        conditions=_conditions(found, verdicts), retest=verdicts, factors=factors,
        robust=robust(design, loss, frame), trade_off=trade_off, points=frame, fresh=fresh,
        out=folder, reused=is_reused, failed=n_failed,
    )  # fmt: skip


def default_folder(scenario: str, place: str) -> Path:
    """Where the batches of a search land if no folder is given."""
    return Path("runs", f"discover-{file_name(scenario)}-{place}")


def _boxes(frame: pd.DataFrame, found: Sequence[Box], verdicts: pd.DataFrame) -> pd.DataFrame:
    """What the search says of each box."""
    import pandas as pd

    rows = []
    taken = np.zeros(len(frame), dtype=bool)
    losses = float(frame[LOST].sum())
    for number, box in enumerate(found, 1):
        inside = box.inside(frame) & ~taken
        taken |= inside
        share = share_of(frame, inside)
        of_box = verdicts[(verdicts["box"] == number) & (verdicts["stratum"] == "inside")]
        rows.append(
            {
                "box": number,
                "conditions": "; ".join(map(str, box.conditions)),
                "coverage": float(frame.loc[inside, LOST].sum()) / losses,
                "density": share.value,
                "low": share.low,
                "high": share.high,
                "mass": float(inside.mean()),
                "points": share.points,
                "verdict": str(of_box["verdict"].iloc[0]),
            }
        )
    columns = ["box", "conditions", "coverage", "density", "low", "high", "mass", "points"]
    return pd.DataFrame(rows, columns=[*columns, "verdict"])


def _conditions(found: Sequence[Box], verdicts: pd.DataFrame) -> pd.DataFrame:
    """The conditions of all boxes."""
    import pandas as pd

    rows = []
    for number, box in enumerate(found, 1):
        of_box = verdicts[verdicts["box"] == number].set_index("condition")["verdict"]
        for one in box.conditions:
            text = str(one)
            rows.append(
                {
                    "box": number,
                    "condition": text,
                    "factor": one.factor.name,
                    "at_least": one.low if math.isfinite(one.low) else math.nan,
                    "at_most": one.high if math.isfinite(one.high) else math.nan,
                    "among": ", ".join(one.among),
                    "p": one.p,
                    # a box of one condition is its condition
                    "verdict": str(of_box.get(text, of_box.iloc[0])),
                }
            )
    columns = ["box", "condition", "factor", "at_least", "at_most", "among", "p", "verdict"]
    return pd.DataFrame(rows, columns=columns)


__all__ = ["LOST", "RUNS", "SHARE", "UN_THERE", "Discovery", "default_folder", "discover"]
