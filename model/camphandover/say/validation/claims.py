"""What is claimed of raids: in the record beside the runs, on the page of validation.

Claims are held against claims; the truth of the record is not known, and that of the model is not
looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from camphandover.measure.claims_record import CLAIMS, ClaimOnRecord, claim_values, claims_on_record
from camphandover.measure.intervals import LEVEL, Interval, mean_interval
from camphandover.say.validation.sources import FORECAST, Runs
from camphandover.say.validation.text import Table, bounded, day, number

if TYPE_CHECKING:
    import pandas as pd

WHOSE = {"army": "The army's dead", "separatists": "The separatists' dead"}
TOLD = {"army": "as the army tells", "separatists": "as the separatists tell"}


@dataclass(frozen=True)
class ClaimRow:
    """One of the four numbers, in the record and in the runs.

    Attributes:
        record: What the record says of it.
        runs: By set, raids with such a claim in a run, and the mean of ln(1 + dead) over raids.
    """

    record: ClaimOnRecord
    runs: dict[str, tuple[Interval, Interval]]

    @property
    def title(self) -> str:
        """`The army's dead, as the separatists tell`."""
        whose, teller = CLAIMS[self.record.name]
        return f"{WHOSE[whose]}, {TOLD[teller]}"

    @property
    def on_record(self) -> Interval:
        """Mean of ln(1 + dead) in the record with the interval of Student's t over its raids."""
        from scipy.special import stdtrit

        n, mean = self.record.n, self.record.mean
        if n < 2:
            return Interval(mean, math.nan, math.nan)
        half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * self.record.sd / math.sqrt(n)
        return Interval(mean, mean - half, mean + half)

    def is_outside(self, of: str) -> bool:
        """Whether the mean of a set's runs lies outside the record's interval."""
        there, (_, ours) = self.on_record, self.runs[of]
        return bool(ours.value < there.low or ours.value > there.high)


def claim_rows(sets: Iterable[Runs], until: date) -> list[ClaimRow]:
    """The four claims of raids: in the record, and in the runs of each set."""
    values = {runs.name: claim_values(runs.batch, FORECAST) for runs in sets}
    return [
        ClaimRow(one, {name: pooled(table, one.name) for name, table in values.items()})
        for one in claims_on_record(until)
    ]


def pooled(table: pd.DataFrame, name: str) -> tuple[Interval, Interval]:
    """Raids with a claim in a run, and the mean of ln(1 + dead) over all raids of all runs.

    A ratio of sums over runs, since raids of one run hang together; its interval is that of
    linearisation (Cochran 1977, Sampling Techniques).
    """
    n, total = table[f"{name}_n"].to_numpy(), table[f"{name}_sum"].to_numpy()
    raids = mean_interval(n)
    if not n.sum() > 0:
        return raids, Interval(math.nan, math.nan, math.nan)
    mean = float(total.sum() / n.sum())
    error = mean_interval((total - mean * n) / n.mean())
    return raids, Interval(mean, mean + error.low, mean + error.high)


def claim_table(rows: Iterable[ClaimRow]) -> Table:
    """Geometric means of what was claimed, in the record and in the runs."""
    body = []
    header = ["Claim", "Raids in the record", "Last", "Record"]
    for i, one in enumerate(rows):
        cells = [one.title, str(one.record.n), day(one.record.last)]
        cells.append(dead(one.on_record))
        for name, (raids, mean) in one.runs.items():
            if i == 0:
                header += [f"{name}: raids in a run", f"{name}: dead"]
            cells += [bounded(raids, 1), dead(mean) + " **outside**" * one.is_outside(name)]
        body.append(cells)
    return Table(header, body)


def dead(logs: Interval) -> str:
    """Geometric mean of (1 + dead), less 1, with its interval; nobody dies fewer than 0."""
    value, low, high = (max(math.expm1(part), 0.0) for part in logs)
    if math.isnan(low):
        return f"{number(value, 1)} [no interval]"
    return f"{number(value, 1)} [{number(low, 1)}, {number(high, 1)}]"
