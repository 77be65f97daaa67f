"""What the model is to reach, and whether intervals show that it does.

The aims are set before the figures are known: skill over baselines in the Kidal region and on all
places, and how many patterns are met. Code decides from the interval alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from camphandover.measure.intervals import Interval

MET, NOT_SHOWN, MISSED = "met", "not shown", "missed"
"""Verdicts, from the best to the worst."""
HALF = 0.5
"""Share of the runs that is to meet a pattern."""
ROLLING_PERSISTENCE = 14
"""Days after an origin from which on a forecast is to be surely better than persistence."""
ROLLING_MOST = {("all", 7): 0.12, ("kidal", 14): 0.25}
"""Log score that a forecast may have at most, by places and days after its origin."""
N_PATTERNS = 12
"""Patterns, of fourteen, that are to be met by at least `HALF` of the runs."""


@dataclass(frozen=True)
class PatternCount:
    """How many patterns at least half of the runs meet.

    Attributes:
        asked: Patterns that the scenario's window holds.
        reached: Of those, met by at least half of the runs.
        sure: Of those, whose whole 95 % interval is at or above one half.
        possible: Of those, whose 95 % interval reaches one half.
    """

    asked: int
    reached: int
    sure: int
    possible: int

    @property
    def verdict(self) -> str:
        """Whether `N_PATTERNS` are met: by all of their intervals, by the shares only, or not."""
        if self.sure >= N_PATTERNS:
            return MET
        return NOT_SHOWN if self.reached >= N_PATTERNS else MISSED


def skill_verdict(skill: Interval) -> str:
    """Whether a skill is positive: its interval is above 0, its value only, or neither.

    Args:
        skill: Bounds are nan if there is no interval; then nothing is shown.
    """
    if not skill.value > 0:
        return MISSED
    return MET if skill.low > 0 else NOT_SHOWN


def rolling_verdict(days: int, skill: Interval) -> str:
    """Whether a forecast so many days ahead is better than persistence, as surely as it must be."""
    if days < ROLLING_PERSISTENCE and skill.value > 0:
        return MET
    return skill_verdict(skill)


def worst(verdicts: Iterable[str]) -> str:
    """The worst of several verdicts: an aim over all baselines is met if each is beaten."""
    order = (MET, NOT_SHOWN, MISSED)
    return order[max(order.index(verdict) for verdict in verdicts)]


def pattern_count(shares: Sequence[Interval]) -> PatternCount:
    """Count the patterns that at least half of the runs meet.

    Args:
        shares: Of each pattern, with its interval; nan where the pattern is not asked.
    """
    asked = [share for share in shares if not math.isnan(share.value)]
    return PatternCount(
        asked=len(asked),
        reached=sum(share.value >= HALF for share in asked),
        sure=sum(share.low >= HALF for share in asked),
        possible=sum(share.high >= HALF for share in asked),
    )
