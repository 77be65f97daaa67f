"""Which causes preceded the fall of a base, counted over many runs."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover import inputs
from camphandover.batch.files import write_json
from camphandover.batch.plan import DEFAULT_MODEL
from camphandover.errors import BatchError
from camphandover.measure.intervals import Interval, share_interval
from camphandover.say.sentences import (
    ARMED,
    Event,
    base_name,
    cause_name,
    event_of,
    holder_name,
    nature,
    wrapped,
)
from camphandover.say.tabular import for_notebook, html_table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from camphandover.batch.batch import Batch

from camphandover.batch.names import check_known
from camphandover.measure.run_ledger import block_table, blocks_of, check_base, check_ledger

WIDTH = 100
PARTS = {
    "fell_to": "It fell to",
    "root": "Root causes",
    "direct": "What led to the fall directly",
    "chain": "What stands anywhere in the chain of causes",
}
"""Parts of a summary's table, and how they are headed."""
MOST_ROWS = 15


@dataclass(frozen=True, eq=False)
class WhySummary:
    """What preceded the first fall of a base, counted over the runs of a scenario.

    `table` has one row for each cause:

    - `part`: `fell_to` (the holder, of all runs), `root` (what the chain begins with), `direct`
      (the row that led to the change of control), `chain` (what stands anywhere in the chain,
      once a run; the change itself is left out).
    - `cause`: its short name; `nature`: what decided it, a key of `sentences.NATURES`.
    - `runs`; `share` of the runs in which the base fell (of all for `fell_to`), with the bounds
      `low` and `high` of its 95 % Wilson interval.

    Attributes:
        scenario, seed, place, slot: What is asked about.
        to: Holder to whom it is to fall; None for the first armed one other than that of the
            first day.
        runs: Runs that did not fail.
        fell: Those of them in which it fell.
        table: See above.
    """

    scenario: str
    seed: int
    place: str
    slot: str
    to: str | None
    runs: int
    fell: int
    table: pd.DataFrame

    def __str__(self) -> str:
        """Plain text of at most 100 columns; of each part the most frequent causes."""
        return _summary_text(self)

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        return _summary_html(self)

    def to_dict(self) -> dict[str, Any]:
        """The same numbers as JSON holds them, all rows of the table."""
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "place": self.place,
            "slot": self.slot,
            "to": self.to,
            "runs": self.runs,
            "fell": self.fell,
            "causes": self.table.to_dict("records"),
        }

    def write_json(self, path: str | Path) -> None:
        """Write the numbers to a file."""
        write_json(inputs.path("path", path), self.to_dict())


def why_summary(
    batch: Batch, scenario: str, place: str, slot: str = "camp", to: str | None = None
) -> WhySummary:
    """Count over all runs of a scenario which causes preceded the first fall of a base.

    The fall is the first change by which an armed side (army, separatists, GSIM) gets the base
    that did not have it on the first day: a camp that stands empty for a while has not fallen yet.

    Args:
        batch: A finished batch with a ledger, full or of changes.
        scenario: Name of one of its scenarios.
        place: The place.
        slot: `camp` or `town`.
        to: A holder: then the fall is the first change to it, be it `nobody`, `joint` (a joint
            unit) or the holder of the first day, who comes back.
    Returns:
        The counts; `print` shows them. The blocks of 50 runs are read one after the other.
    Errors:
        BatchError if a name cannot be, the batch has no ledger, or all runs failed.
    """
    check_known("scenario", scenario, batch.scenarios)
    check_base(batch, place, slot)
    if to is not None:
        check_known("holder", to, batch.holders)
    check_ledger(batch)
    failed = sum(failure["scenario"] == scenario for failure in batch.failures)
    if failed == batch.runs:
        raise BatchError(f"all {failed} runs of {scenario} failed and tell nothing.")
    counts: Counter[tuple[str, str, str]] = Counter()
    own = batch.manifest["model"] != DEFAULT_MODEL
    for block in blocks_of(batch, scenario):
        for chain in _first_falls(block_table(batch, block), place, slot, to):
            counts.update(_counted(chain, own))
    return _summary(batch, scenario, place, slot, to, batch.runs - failed, counts)


def _first_falls(table: pa.Table, place: str, slot: str, to: str | None) -> Iterator[list[Event]]:
    """The chain of the first fall in each run of a block: the fall first, the root last."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    changed = pc.and_(
        pc.equal(table["kind"], pa.scalar("control")),
        pc.and_(
            pc.equal(table["place"], pa.scalar(place)), pc.equal(table["slot"], pa.scalar(slot))
        ),
    )
    rows = table.filter(changed).select(["replicate", "row", "before", "after"]).to_pylist()
    numbers = table["replicate"].to_numpy().astype(np.int64) << 32 | table["row"].to_numpy()
    causes = pc.fill_null(table["cause"], -1).to_numpy()
    fallen: set[int] = set()
    first: dict[int, str] = {}
    for cells in rows:
        replicate = cells["replicate"]
        holder = first.setdefault(replicate, cells["before"])
        if replicate in fallen or not _is_fall(cells["after"], holder, to):
            continue
        fallen.add(replicate)
        chain = _positions(numbers, causes, replicate, cells["row"])
        yield [event_of(row) for row in table.take(chain).to_pylist()]


def _is_fall(after: str, first: str, to: str | None) -> bool:
    """Whether a change to `after` is the fall that is asked about."""
    return after == to if to is not None else after in ARMED and after != first


def _positions(numbers: np.ndarray, causes: np.ndarray, replicate: int, row: int) -> list[int]:
    """Where the rows of a chain stand in a block's table, which is ordered by run and row."""
    import numpy as np

    found: list[int] = []
    while row >= 0:
        number = (replicate << 32) | row
        at = int(np.searchsorted(numbers, number))
        if at == len(numbers) or numbers[at] != number:
            break
        found.append(at)
        row = int(causes[at]) if causes[at] < row else -1
    return found


def _counted(chain: Sequence[Event], own: bool) -> set[tuple[str, str, str]]:
    """What one run adds to the counts: part, name and nature of each cause.

    Args:
        chain: The fall first, the root last.
    """
    fall, causes = chain[0], chain[1:]
    named = [
        (cause_name(event, causes[i + 1 :]), nature(event, causes[i + 1 :], own))
        for i, event in enumerate(causes)
    ] or [("no cause in the ledger", nature(fall, (), own))]
    return {
        ("fell_to", holder_name(fall.after), ""),
        ("root", *named[-1]),
        ("direct", *named[0]),
        *(("chain", *one) for one in named),
    }


def _summary(
    batch: Batch,
    scenario: str,
    place: str,
    slot: str,
    to: str | None,
    runs: int,
    counts: Counter[tuple[str, str, str]],
) -> WhySummary:
    import pandas as pd

    fell = sum(n for (part, _, _), n in counts.items() if part == "fell_to")
    parts = list(PARTS)
    ordered = sorted(counts.items(), key=lambda item: (parts.index(item[0][0]), -item[1], item[0]))
    rows = []
    for (part, cause, what), n in ordered:
        share = share_interval(n, runs if part == "fell_to" else fell)
        rows.append(
            {"part": part, "cause": cause, "nature": what, "runs": n, "share": share.value}
            | {"low": share.low, "high": share.high}
        )
    columns = ["part", "cause", "nature", "runs", "share", "low", "high"]
    table = pd.DataFrame(rows, columns=columns)
    return WhySummary(scenario, batch.seed, place, slot, to, runs, fell, table)


def _summary_preface(summary: WhySummary) -> str:
    s = summary
    to = "to an armed side that did not have it on the first day" if s.to is None else ""
    to = to or f"to {holder_name(s.to)}"
    share = share_interval(s.fell, s.runs)
    return (
        f"{s.scenario}, seed {s.seed}: {base_name(s.place, s.slot)} fell {to} in {s.fell} of "
        f"{s.runs} runs, {_bounded(share)}. The first such fall of each run is counted. Shares in "
        "% [95 % interval] are of all runs for whom it fell to, else of the runs in which it fell."
    )


def _bounded(share: Interval) -> str:
    """`34 [28-41]`, in per cent."""
    if math.isnan(share.value):
        return "-"
    value, low, high = (math.floor(100 * part + 0.5) for part in share)
    return f"{value} [{low}-{high}]"


def _summary_parts(summary: WhySummary) -> Iterator[tuple[str, list[list[str]], int]]:
    """Heading, cells of the rows shown, and how many rows are not shown, for each part."""
    for part, heading in PARTS.items():
        rows = list(summary.table[summary.table["part"] == part].itertuples())
        cells = [
            [row.cause, row.nature, str(row.runs), _bounded(Interval(row.share, row.low, row.high))]
            for row in rows[:MOST_ROWS]
        ]
        yield heading, cells, max(0, len(rows) - MOST_ROWS)


def _summary_text(summary: WhySummary) -> str:
    lines = wrapped(_summary_preface(summary), WIDTH)
    if not summary.fell:
        return "\n".join(lines)
    shown = list(_summary_parts(summary))
    room = WIDTH - 32
    widest = min(room, max(len(cells[0]) for _, rows, _ in shown for cells in rows))
    for heading, rows, more in shown:
        lines += ["", heading]
        for name, what, runs, share in rows:
            short = textwrap.shorten(name, widest, placeholder=" ...")
            lines.append(f"  {short:{widest}}  {what:7} {runs:>5}  {share:>12}".rstrip())
        if more:
            lines.append(f"  ... and {more} more")
    return "\n".join(lines)


def _summary_html(summary: WhySummary) -> str:
    parts = [f"<p>{escape(_summary_preface(summary))}</p>"]
    for heading, rows, more in _summary_parts(summary):
        if not rows:
            continue
        title = heading + (f", {more} more not shown" if more else "")
        parts.append(html_table(title, ("cause", "decided by", "runs", "share"), rows))
    return for_notebook(parts)
