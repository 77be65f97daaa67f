"""The table at the end of a batch: who has the key bases, and how long the army had Kidal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from camphandover.batch.batch import Batch
from camphandover.measure.intervals import Interval, mean_interval, share_interval
from camphandover.measure.outcomes import KEY_BASES, REGISTRY, measure
from camphandover.measure.past import Past, pasts_of
from camphandover.measure.runs import Scope, judged_window
from camphandover.told import Warned

HOLDER = "army"
DAYS_AT = "Kidal"


@dataclass(frozen=True)
class Row:
    """What the table says of one scenario.

    Attributes:
        scenario: Its name.
        n: Runs that did not fail.
        first: The first day that counts: that of its window, or the day after all that is known.
        date: The last day of its window.
        army: By key base, the chance that its camp is the army's on that date.
        days: Days from the first one to that date on which the army had the camp of Kidal;
            the mean over runs.
    """

    scenario: str
    n: int
    first: date
    date: date
    army: dict[str, Interval]
    days: Interval


@dataclass(frozen=True)
class Table(Warned):
    """The table of a batch; `pasts` are those from which its scenarios go on."""

    words: ClassVar[str] = "camphandover.say.end_table"

    runs: int
    seed: int
    rows: tuple[Row, ...]
    pasts: tuple[Past, ...] = ()

    @property
    def date(self) -> date:
        """The date of most rows, the later one if two are as frequent."""
        counts = Counter(row.date for row in self.rows)
        return max(counts, key=lambda day: (counts[day], day))


def end_table(batch: Batch) -> Table:
    """The table of a batch, with 95 % intervals: Wilson's of a chance, Student's t of a mean."""
    rows = tuple(_row(batch, name) for name in batch.scenarios)
    return Table(batch.runs, batch.seed, rows, pasts_of(batch))


def _row(batch: Batch, name: str) -> Row:
    """One scenario."""
    window = judged_window(batch, name)
    wanted = [(REGISTRY[outcome], window.last) for outcome in ("holds", "held")]
    is_valid, found = measure(batch, name, wanted, Scope(window, KEY_BASES))
    holds, held = (values[is_valid][:, :, batch.holders.index(HOLDER)] for values in found)
    n = len(holds)
    army = {place: share_interval(k, n) for place, k in zip(KEY_BASES, holds.sum(0), strict=True)}
    days = mean_interval(held[:, KEY_BASES.index(DAYS_AT)])
    # No number of days lies below zero.
    return Row(name, n, *window, army, days._replace(low=0.0 if days.low < 0 else days.low))
