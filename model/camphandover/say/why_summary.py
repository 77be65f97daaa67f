"""Which causes preceded the fall of a base, counted over many runs, in words."""

from __future__ import annotations

from typing import Any

from camphandover.judge.why import WhySummary
from camphandover.measure.events import base_name
from camphandover.measure.intervals import share_interval
from camphandover.measure.notation import named, percent_interval
from camphandover.say.document import Block, Column, Document, Paragraph, table
from camphandover.say.plain import fields

TITLES = {
    "fell_to": "It fell to",
    "root": "Root causes",
    "direct": "What led to the fall directly",
    "chain": "What stands anywhere in the chain of causes",
}
"""Parts of a summary's table, and how they are headed."""
MOST_ROWS = 15
HEADER = (
    Column("cause", "name"),
    Column("decided by", "name"),
    "runs",
    Column("share", form=percent_interval),
)


def document(summary: WhySummary) -> Document:
    """What was counted; of each part the most frequent causes."""
    blocks: list[Block] = [Paragraph(_preface(summary))]
    for part, title in TITLES.items():
        rows = list(summary.table[summary.table["part"] == part].itertuples())
        cells = [
            (row.cause, row.nature, row.runs, (row.share, row.low, row.high))
            for row in rows[:MOST_ROWS]
        ]
        more = len(rows) - len(cells)
        if cells:
            notes = [f"... and {more} more"] if more else []
            blocks.append(table(title, HEADER, cells, notes=notes))
    return blocks


def data(summary: WhySummary) -> dict[str, Any]:
    """All rows of the table, and what they count."""
    found = fields(summary)
    found["causes"] = found.pop("table")
    return found


def _preface(summary: WhySummary) -> str:
    s = summary
    to = "an armed side that did not have it on the first day" if s.to is None else named(s.to)
    share = percent_interval(share_interval(s.fell, s.runs))
    return (
        f"{s.scenario}, seed {s.seed}: {base_name(s.place, s.slot)} fell to {to} in {s.fell} of "
        f"{s.runs} runs, {share}. The first such fall of each run is counted. Shares in "
        "% [95 % interval] are of all runs for whom it fell to, else of the runs in which it fell."
    )
