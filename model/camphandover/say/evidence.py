"""The words of evidence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from camphandover.judge.study.evidence import ALL, UNSURE, Evidence
from camphandover.known.news import KINDS
from camphandover.libraries import pd
from camphandover.measure.notation import (
    counted,
    interval_of,
    listed,
    number,
    percent_interval,
    with_interval,
)
from camphandover.say.document import Block, Column, Document, Paragraph, Table, table

NATS = with_interval(1)
WORST = 12
"""Things that no particle met, shown."""
OF_KINDS = "new rows of the record; changes in runs of which it says nothing"
READ = (
    "Read it beside the patterns. Evidence weighs all places alike and knows no reasons; a pattern "
    "asks whether runs retell one thing that matters. What makes the record likelier and breaks a "
    "pattern gains elsewhere: see the months and kinds of news. "
    "`camphandover patterns` of a batch of the same scenarios tells which patterns break."
)
MEANT = (
    "A difference is a log Bayes factor: 1 nat makes the record 2.7 times as likely, 3 nats 20 "
    "times, 5 nats 150 times (Kass and Raftery 1995: strong from 3, very strong from 5). Filters "
    "of one number share their luck in all cases, so differences are taken in pairs. Intervals are "
    "95 %, by the jackknife over filters."
)


def document(found: Evidence) -> Document:
    """The figures of each case, where they come from, and what no run met."""
    blocks: list[Block] = [Paragraph(_preface(found))]
    blocks += [Paragraph(text, "warning") for text in warnings(found)]
    blocks += [_totals(found), Paragraph(MEANT)]
    what = "Log Bayes factors" if len(found.table) > 1 else "Log evidence"
    blocks += [_parts(found, "kind", f"{what} by kind of news: {OF_KINDS}")]
    blocks += [_parts(found, "month", f"{what} by month")]
    return [*blocks, _unmet(found), Paragraph(READ)]


def _preface(found: Evidence) -> str:
    return (
        f"Log evidence of {found.source} from {found.first} to {found.until} "
        f"({counted(found.looks, 'look')}): {counted(found.n_filters, 'filter')} of "
        f"{counted(found.n_particles, 'particle')} for each case, seed {found.seed}. Exits of the "
        "UN and rungs of escalation are those of the record. More is better."
    )


def warnings(found: Evidence) -> tuple[str, ...]:
    """Which estimates are unsure, and what would help."""
    unsure = found.table[found.table["se"] > UNSURE]
    if unsure.empty:
        return ()
    needed = f"{int(unsure['needed'].max()):,}"
    return (
        f"The filters differ by much: the standard error is over {number(UNSURE)} nat for "
        f"{listed(unsure['case'])}. The mean of the estimates is then carried by one or two lucky "
        "filters, lies below the truth more often than above it, and intervals are too narrow. At "
        f"least {needed} particles a filter (--particles) would bring all below it.",
    )


def _totals(found: Evidence) -> Table:
    rows = [
        (
            row["case"],
            interval_of(row, "log_evidence"),
            row["se"],
            row["effective"],
            interval_of(row, "difference", "difference_low", "difference_high"),
            row["difference_se"],
        )
        for row in found.table.to_dict("records")
    ]
    first = found.table["case"][0]
    heads = [
        Column("Case", "name"),
        Column("Log evidence", form=NATS),
        Column("se", form=_one),
        Column("Filters that carry it", form=_one),
        Column(f"Against {first}", form=NATS),
        Column("se", form=_one),
    ]
    return table("", heads, rows)


def _one(value: float) -> str:
    return number(value, 1)


def _parts(found: Evidence, by: str, title: str) -> Table:
    """A row for each case, a column for each month or kind; differences if there are several."""
    other, is_many = "month" if by == "kind" else "kind", len(found.table) > 1
    news = found.news[found.news[other] == ALL]
    what = "difference" if is_many else "log_evidence"
    bounds = ("difference_low", "difference_high") if is_many else ("low", "high")
    keys = [*KINDS, ALL] if by == "kind" else list(dict.fromkeys(news["month"]))
    cases = list(found.table["case"])[is_many:]
    cells = {(row["case"], row[by]): interval_of(row, what, *bounds) for row in _rows(news)}
    rows = [(case, *(cells[case, key] for key in keys)) for case in cases]

    def shown(form: Callable[[Any], str]) -> Table:
        heads = [Column("Case", "name"), *(Column(key, form=form) for key in keys)]
        return table(title, heads, rows)

    return replace(shown(NATS), brief=shown(_value))


def _value(interval: Any) -> str:
    return number(interval.value, 1)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(row) for row in frame.to_dict("records")]


def _unmet(found: Evidence) -> Block:
    """What no particle met, the most of it: in the first case, and the least and most of all."""
    if found.unmet.empty:
        return Paragraph("All that the record says was met by some particle of each filter.")
    cases = list(found.table["case"])
    shares = found.unmet.pivot_table("share", ["what", "looks"], "case").reindex(columns=cases)
    shares = shares.fillna(0.0).reset_index()
    rows = [
        (row["what"], row["looks"], [row[of] for of in cases]) for row in shares.to_dict("records")
    ]
    rows.sort(key=lambda row: -row[1] * sum(row[2]))
    is_many = len(cases) > 1
    heads = [
        Column("The record says", "text"),
        Column("Looks"),
        Column(f"{cases[0]}" + " [least, most of all cases]" * is_many, form=percent_interval),
    ]
    title = "What the record says that no particle met: share of filters and looks, %"
    bounds = [(min(of), max(of)) if is_many else (math.nan, math.nan) for _, _, of in rows]
    told = [(what, n, (of[0], *both)) for (what, n, of), both in zip(rows, bounds, strict=True)]
    return table(title, heads, told[:WORST])
