"""The table at the end of a batch: who has the key bases, and how long the army had Kidal."""

from __future__ import annotations

import json
import math
import textwrap
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.batch.files import write_whole
from camphandover.charts.planned import KEY_BASES
from camphandover.facts.codes import Holder
from camphandover.measure.intervals import Interval, mean_interval, share_interval
from camphandover.measure.shares import AT_ONCE

if TYPE_CHECKING:
    import xarray as xr

    from camphandover.batch.batch import Batch

DAYS_AT = "Kidal"
WIDTH = 120


@dataclass(frozen=True)
class Row:
    """What the table says of one scenario.

    Attributes:
        scenario: Its name.
        n: Runs that did not fail.
        date: The last day of its window.
        army: By key base, the chance that its camp is the army's on that date.
        days: Days to that date on which the army had the camp of Kidal; the mean over runs.
    """

    scenario: str
    n: int
    date: date
    army: dict[str, Interval]
    days: Interval


@dataclass(frozen=True)
class Table:
    """The table of a batch."""

    runs: int
    seed: int
    rows: tuple[Row, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be known first: that not all rows are of one date."""
        counts = Counter(row.date for row in self.rows)
        if len(counts) < 2:
            return ()
        dates = ", ".join(f"{n} on {day:%d %B %Y}" for day, n in sorted(counts.items()))
        return (
            f"the windows differ, and each scenario is judged on its own last day ({dates}): "
            "only rows of one date can be compared.",
        )

    def __str__(self) -> str:
        """Aligned plain text of at most 120 columns."""
        return _text(self)

    def to_dict(self) -> dict[str, Any]:
        """The same numbers as JSON holds them; what cannot be estimated is null."""
        return {
            "runs": self.runs,
            "seed": self.seed,
            "date": _common_date(self).isoformat(),
            "warnings": list(self.warnings),
            "scenarios": [
                {
                    "scenario": row.scenario,
                    "runs": row.n,
                    "date": row.date.isoformat(),
                    "army_holds_camp": {p: _bounds(i, "share") for p, i in row.army.items()},
                    "days_army_held_kidal": _bounds(row.days, "mean"),
                }
                for row in self.rows
            ],
        }

    def write_json(self, path: Path) -> None:
        """Write the numbers to a file."""
        write_whole(path, (json.dumps(self.to_dict(), indent=1) + "\n").encode())


def end_table(batch: Batch) -> Table:
    """The table of a batch, with 95 % intervals: Wilson's of a chance, Student's t of a mean."""
    rows = []
    for entry in batch.manifest["scenarios"]:
        last = date.fromisoformat(entry["window"][1])
        control = batch.control.sel(scenario=entry["name"], slot="camp")
        rows.append(_row(entry["name"], control.sel(date=slice(None, last.isoformat())), last))
    return Table(batch.runs, batch.seed, tuple(rows))


def _row(name: str, control: xr.DataArray, last: date) -> Row:
    """One scenario, from its camps' holders, dimensions (replicate, place, date)."""
    n, counts, days = 0, np.zeros(len(KEY_BASES), np.int64), []
    for first in range(0, control.sizes["replicate"], AT_ONCE):
        part = control.isel(replicate=slice(first, first + AT_ONCE)).load()
        codes = part.sel(place=list(KEY_BASES)).transpose("replicate", "place", "date").to_numpy()
        codes = codes[codes[:, 0, -1] >= 0]
        held = codes == Holder.ARMY
        n += len(codes)
        counts += held[:, :, -1].sum(axis=0)
        days.append(held[:, KEY_BASES.index(DAYS_AT)].sum(axis=-1).astype(float))
    army = {place: share_interval(int(counts[i]), n) for i, place in enumerate(KEY_BASES)}
    return Row(name, n, last, army, _not_negative(mean_interval(np.concatenate(days))))


def _not_negative(interval: Interval) -> Interval:
    """The interval without its part below zero, where no number of days lies."""
    return interval._replace(low=0.0 if interval.low < 0 else interval.low)


def _bounds(interval: Interval, name: str) -> dict[str, float | None]:
    values = {name: interval.value, "low": interval.low, "high": interval.high}
    return {key: None if math.isnan(value) else value for key, value in values.items()}


def _common_date(table: Table) -> date:
    """The date of most rows, the later one if two are as frequent."""
    counts = Counter(row.date for row in table.rows)
    return max(counts, key=lambda day: (counts[day], day))


def _text(table: Table) -> str:
    day = _common_date(table)
    header = ["Scenario", *KEY_BASES, f"Days at {DAYS_AT}"]
    body = [[_name(row, table), *cells(row)] for row in table.rows]
    lines = [
        *(line for text in table.warnings for line in textwrap.wrap(f"WARNING: {text}", WIDTH)),
        *[""] * bool(table.warnings),
        f"Chance in % that the army holds the camp on {day:%d %B %Y} [95 % interval],",
        f"and mean days to that date on which it held the camp of {DAYS_AT}. "
        f"{table.runs} runs of each scenario, seed {table.seed}.",
        "",
        *_aligned([header, *body]),
    ]
    lines += [f"* on {row.date}, the last day of {row.scenario}" for row in _elsewhen(table)]
    lines += [
        f"! of {row.scenario} only {row.n} runs of {table.runs} did not fail"
        for row in table.rows
        if row.n < table.runs
    ]
    return "\n".join(lines)


def cells(row: Row) -> list[str]:
    """The figures of a row as texts: a chance for each key base, in per cent, and the days."""
    return [*(_percent(row.army[place]) for place in KEY_BASES), _days(row.days)]


def _elsewhen(table: Table) -> list[Row]:
    """Rows of another date than most."""
    return [row for row in table.rows if row.date != _common_date(table)]


def _name(row: Row, table: Table) -> str:
    """The scenario with the marks that the footnotes explain."""
    return row.scenario + "*" * (row in _elsewhen(table)) + "!" * (row.n < table.runs)


def _percent(interval: Interval) -> str:
    if math.isnan(interval.value):
        return "-"
    value, low, high = (math.floor(share * 100 + 0.5) for share in interval)
    return f"{value} [{low}-{high}]"


def _days(interval: Interval) -> str:
    if math.isnan(interval.value):
        return "-"
    digits = 1 if interval.value < 10 else 0
    value, low, high = (f"{days:.{digits}f}" for days in interval)
    return value if math.isnan(interval.low) else f"{value} [{low}-{high}]"


def _shortened(name: str, width: int) -> str:
    """A name without its middle: points of a sweep differ at their end."""
    begin = (width - 3) // 3
    return f"{name[:begin]}...{name[len(name) - (width - 3 - begin) :]}"


def _aligned(rows: list[list[str]]) -> list[str]:
    """Names to the left, figures to the right, a rule below the header, at most 120 columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    gap = 2 if sum(widths) + 2 * (len(widths) - 1) <= WIDTH else 1
    room = WIDTH - sum(widths[1:]) - gap * (len(widths) - 1)
    widths[0] = min(widths[0], max(room, 8))
    lines = []
    for row in rows:
        name = row[0]
        if len(name) > widths[0]:
            name = _shortened(name, widths[0])
        cells = [name.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append((" " * gap).join(cells).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return lines
