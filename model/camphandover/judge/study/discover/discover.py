"""Robust handover search: under which conditions a base is lost, whatever else is unknown.

Levers of the handover (when, in what order, to whom) and uncertain parameters are drawn together;
the conditions that are found are re-tested on fresh points and seeds. This is scenario discovery
(Bryant & Lempert 2010; Kwakkel's ema-workbench).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from camphandover import inputs
from camphandover.batch.batch import Batch
from camphandover.batch.names import check_known
from camphandover.batch.settings import RunSettings, takes
from camphandover.errors import BatchError
from camphandover.judge.study.discover.boxes import Box
from camphandover.judge.study.discover.losses import (
    LOST,
    RUNS,
    UN_THERE,
    Loss,
    Share,
    luck,
    make_loss,
    outcome,
    robust,
    share_of,
)
from camphandover.judge.study.discover.retest import (
    INSIDE,
    Stratum,
    fresh_points,
    fresh_seed,
    judged,
)
from camphandover.judge.study.discover.search import METHODS, find_boxes, screen
from camphandover.judge.study.levers import Design, luck_of_its_own, make_design
from camphandover.judge.study.settings import DiscoverSettings
from camphandover.judge.study.study import Study, check_extra
from camphandover.libraries import pd
from camphandover.told import Told

NO_EXTRA = (
    "The search needs packages that are not installed: run "
    '`pip install "camphandover[analysis]"` once.'
)
DIGITS = 10
"""Of the digest in a folder's name."""
OF_BOXES = ("box", "conditions", "coverage", "density", "low", "high", "mass", "points", "verdict")
OF_CONDITIONS = ("box", "condition", "factor", "at_least", "at_most", "among", "p", "verdict")


@dataclass(frozen=True, eq=False)
class Discovery(Told):
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
        retest: See `discover.retest.judged`.
        factors: See `discover.search.screen`.
        robust: See `discover.losses.robust`.
        trade_off: From which the first box was chosen: `coverage`, `density`, `mass`,
            `conditions`, `chosen`.
        points: The searched points: levers, parameters, `runs`, `lost`, `un_there`, `share`.
        fresh: The points of the re-test, with their `stratum`.
        out: Folder of the batches.
        reused: Whether nothing had to be computed.
        failed: Runs that failed and are left out.
    """

    words = "camphandover.say.discover"

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


@takes(DiscoverSettings)
def discover(settings: DiscoverSettings) -> Discovery:
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
    check_extra(NO_EXTRA, "ema_workbench", "sklearn")
    check_known("method", settings.method, METHODS)
    design = make_design(settings)
    search = _Search(settings, design, make_loss(design, settings))
    frame, batch = search.run(design.draw(settings.points, settings.seed), "search", settings.seed)
    valid = frame[frame[RUNS] > 0].reset_index(drop=True)
    if valid.empty:
        raise BatchError(f"All runs failed; {batch.folder / 'manifest.json'} tells why.")
    factors = screen(valid, design.factors)
    entering = set(factors.loc[factors["enters"], "factor"])
    chosen = [factor for factor in design.factors if factor.name in entering]
    found, trade_off = find_boxes(valid, chosen, settings.method, settings.boxes, settings.density)
    fresh, verdicts, batches = (
        frame.iloc[:0].assign(stratum=0),
        judged(frame, valid, [], 0),
        [batch],
    )
    if found:
        seed = fresh_seed(settings.seed)
        drawn = fresh_points(design, found, settings.retest, seed)
        fresh, again = search.run(drawn, "retest", seed)
        verdicts = judged(fresh, valid, found, settings.retest)
        batches.append(again)
    return Discovery(
        scenario=design.name, design=design, loss=search.loss, method=settings.method,
        wanted=settings.density, seed=settings.seed, fresh_seed=fresh_seed(settings.seed),
        overall=share_of(frame), un_there=float(frame[UN_THERE].sum() / frame[RUNS].sum()),
        luck=luck(valid), found=tuple(found), boxes=_boxes(valid, found, verdicts),
        conditions=_conditions(found, verdicts), retest=verdicts, factors=factors,
        robust=robust(design, search.loss, frame), trade_off=trade_off, points=frame, fresh=fresh,
        out=search.folder, reused=all(one.reused for one in batches),
        failed=sum(len(one.failures) for one in batches),
    )  # fmt: skip


@dataclass(frozen=True)
class _Search:
    """How points are run, and what is asked of the runs."""

    settings: DiscoverSettings
    design: Design
    loss: Loss

    @property
    def folder(self) -> Path:
        """Takes the batches."""
        from camphandover.batch.plan import file_name

        out, place = self.settings.out, self.settings.place
        if out is None:
            return Path("runs", f"discover-{file_name(self.design.name)}-{place}")
        return inputs.path("out", out)

    def run(self, frame: pd.DataFrame, stem: str, seed: int) -> tuple[pd.DataFrame, Batch]:
        """Run the points and add the outcome to them.

        The folder is named by what is run, so that other points never meet stored ones of the
        same folder, and the same points are computed once.

        Returns:
            The points with `runs`, `lost`, `un_there` and `share`, and the batch.
        """
        from camphandover.batch.batch import make_plan

        points, runs = self.design.scenarios(frame, stem[0]), self.settings.runs
        means = replace(self.settings, model=luck_of_its_own(self.settings.model))
        study = Study(points, self.design.evidence, self.folder, means)
        plan = make_plan(RunSettings(
            points, runs, seed, model=means.model, evidence=study.evidence, ledger=study.ledger
        ))  # fmt: skip
        text = json.dumps(plan.identity(), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
        batch = study.run(points, runs, seed, f"{stem}-{digest}")
        return frame.assign(**outcome(self.design, self.loss, frame, batch)), batch


def _boxes(frame: pd.DataFrame, found: Sequence[Box], verdicts: pd.DataFrame) -> pd.DataFrame:
    """What the search says of each box."""

    rows = []
    for number, box in enumerate(found, 1):
        inside = Stratum(INSIDE, number).among(found, frame)
        share = share_of(frame, inside)
        text = "; ".join(map(str, box.conditions))
        coverage = float(frame.loc[inside, LOST].sum() / frame[LOST].sum())
        mass = float(inside.mean())
        is_box = (verdicts["box"] == number) & (verdicts["stratum"] == INSIDE)
        verdict = str(verdicts.loc[is_box, "verdict"].iloc[0])
        rows.append((number, text, coverage, *share[:3], mass, share.points, verdict))
    return pd.DataFrame(rows, columns=list(OF_BOXES))


def _conditions(found: Sequence[Box], verdicts: pd.DataFrame) -> pd.DataFrame:
    """The conditions of all boxes."""

    rows = []
    for number, box in enumerate(found, 1):
        of_box = verdicts[verdicts["box"] == number].set_index("condition")["verdict"]
        for one in box.conditions:
            bounds = [end if math.isfinite(end) else math.nan for end in (one.low, one.high)]
            # a box of one condition is its condition
            verdict = str(of_box.get(str(one), of_box.iloc[0]))
            among = ", ".join(one.among)
            rows.append((number, str(one), one.factor.name, *bounds, among, one.p, verdict))
    return pd.DataFrame(rows, columns=list(OF_CONDITIONS))
