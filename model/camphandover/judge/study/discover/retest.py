"""Boxes re-tested: on points and seeds that had no part in finding them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camphandover.inputs import MAX_SEED
from camphandover.judge.study.discover.boxes import Box, Condition
from camphandover.judge.study.discover.losses import Share, less, share_of
from camphandover.judge.study.levers import Design
from camphandover.libraries import pd

CHUNK = 2000
"""Points that are drawn at a time, of which those that are needed are run."""
MOST_CHUNKS = 20
PART = 3
"""For each condition there are so many times fewer points than inside the boxes."""
HOLDS, WEAKER, FAILS = "holds up", "holds up, but weaker", "does not hold up"
CONFIRMED, OPEN = "confirmed", "not confirmed"
UNTESTED = "not tested"
"""No fresh point was found where one is needed."""
VERDICTS = {
    HOLDS: "It holds up.",
    WEAKER: "It holds up, but is weaker than it looked.",
    FAILS: "It does not hold up: on fresh runs the base is not surely lost more often in it.",
    UNTESTED: "It could not be tested: such points are too rare.",
}
"""Verdicts of a box as its label in charts and texts."""
INSIDE, OUTSIDE, WITHOUT = "inside", "outside", "without"
STRATUM = "stratum"
COLUMNS = ("stratum", "box", "condition", "points", "runs", "share", "low", "high", "found",
           "difference", "difference_low", "difference_high", "verdict")  # fmt: skip


@dataclass(frozen=True)
class Stratum:
    """Points that are drawn afresh.

    Attributes:
        kind: `inside` a box, `outside` all of them, or `without` one condition of a box.
        box: Number of the box, from 1; 0 outside.
        condition: Number of the condition that does not hold, from 1; else 0.
        n: How many points are wanted.
    """

    kind: str
    box: int = 0
    condition: int = 0
    n: int = 0

    def among(self, boxes: Sequence[Box], frame: pd.DataFrame) -> np.ndarray:
        """Which points belong to it. Points of an earlier box belong to that one alone."""
        earlier = boxes if self.kind == OUTSIDE else boxes[: self.box - 1]
        taken = np.zeros(len(frame), dtype=bool)
        for box in earlier:
            taken |= box.inside(frame)
        if self.kind == OUTSIDE:
            return ~taken
        box = boxes[self.box - 1]
        if self.kind == INSIDE:
            return box.inside(frame) & ~taken
        return box.only_not(self.lacking(boxes), frame) & ~taken

    def lacking(self, boxes: Sequence[Box]) -> Condition:
        """The condition that does not hold."""
        return boxes[self.box - 1].conditions[self.condition - 1]


def strata(boxes: Sequence[Box], n: int) -> list[Stratum]:
    """What is drawn: `n` points inside each box, as many outside, fewer without each condition."""
    found = [Stratum(OUTSIDE, n=n)]
    for number, box in enumerate(boxes, 1):
        found.append(Stratum(INSIDE, number, n=n))
        if len(box.conditions) > 1:
            conditions = range(1, len(box.conditions) + 1)
            found += [Stratum(WITHOUT, number, one, max(n // PART, 2)) for one in conditions]
    return found


def fresh_seed(seed: int) -> int:
    """The seed of the re-test: another one, for points and for luck."""
    return seed + 1 if seed < MAX_SEED else 0


def fresh_points(design: Design, boxes: Sequence[Box], n: int, seed: int) -> pd.DataFrame:
    """New points of each stratum, drawn as the searched ones are and kept if they belong to it.

    A point may stand in two strata, which are different questions; it then stands there twice.

    Returns:
        Points with the column `stratum`, the position in `strata(boxes, n)`; fewer than wanted
        where they are very rare.
    """

    wanted = strata(boxes, n)
    kept: list[pd.DataFrame] = []
    missing = [stratum.n for stratum in wanted]
    for part in range(MOST_CHUNKS):
        if not any(missing):
            break
        drawn = design.draw(CHUNK, seed, part + 1)
        for i, stratum in enumerate(wanted):
            found = drawn[stratum.among(boxes, drawn)].head(missing[i])
            missing[i] -= len(found)
            kept.append(found.assign(**{STRATUM: i}))
    return pd.concat(kept).sort_values(STRATUM, kind="stable", ignore_index=True)


def judged(points: pd.DataFrame, frame: pd.DataFrame, boxes: Sequence[Box], n: int) -> pd.DataFrame:
    """What the re-test says.

    A box holds up if the base is lost surely more often inside it than outside all boxes: the
    95 % interval of the difference leaves out nil. It is weaker than it looked if the share
    that was found lies above the interval of the new one. A condition is confirmed if the box is
    surely worse than the points at which all its conditions hold but that one.

    Args:
        points: The fresh points with their outcome.
        frame: The searched points with theirs.
        boxes: What was found.
        n: As `fresh_points` took it.
    Returns:
        A row for each stratum: `stratum`, `box`, `condition` (text), `points`, `runs`, `share`,
        `low`, `high`; `found`, the share of the search; `difference` of the box from the
        outside, or from the points without the condition, `difference_low`, `difference_high`;
        `verdict`.
    """

    wanted = strata(boxes, n) if boxes else []
    shares = [share_of(points, (points[STRATUM] == i).to_numpy()) for i in range(len(wanted))]
    inside = {one.box: shares[i] for i, one in enumerate(wanted) if one.kind == INSIDE}
    rows = []
    for one, share in zip(wanted, shares, strict=True):
        found = share_of(frame, one.among(boxes, frame))
        text = str(one.lacking(boxes)) if one.kind == WITHOUT else ""
        against = {INSIDE: shares[0], OUTSIDE: None, WITHOUT: share}[one.kind]
        verdict = _verdict(one, inside.get(one.box), against, found)
        sizes = (share.points, share.runs)
        rows.append((one.kind, one.box, text, *sizes, *share[:3], found.value, *verdict))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _verdict(
    stratum: Stratum, box: Share | None, against: Share | None, found: Share
) -> tuple[float, float, float, str]:
    """The difference of a box from what it is held against, with its interval, and the verdict."""
    if box is None or against is None:
        return math.nan, math.nan, math.nan, ""
    value, low, high = less(box, against)
    if math.isnan(value):
        verdict = UNTESTED
    elif stratum.kind == WITHOUT:
        verdict = CONFIRMED if low > 0 else OPEN
    elif not low > 0:
        verdict = FAILS
    else:
        verdict = WEAKER if found.value > box.high else HOLDS
    return value, low, high, verdict
