"""A comparison in words and tables."""

from __future__ import annotations

from functools import partial
from typing import Any

from camphandover.judge.cautions import Pasts, Unbegun
from camphandover.judge.compare import DECIDES, Comparison
from camphandover.libraries import pd
from camphandover.measure.notation import (
    NONE,
    bounded,
    counted,
    day,
    interval_of,
    number,
    percent,
    percent_interval,
)
from camphandover.measure.outcomes import UNITS, by_label
from camphandover.say.document import Block, Column, Document, Paragraph, Table, table

DAY = "%d %B %Y"
SAME = "There is no row to show: all is the same in all runs, or nearly nil."
NAMED = 3
"""Camps that are named; of more it is told how many they are."""
MOST_GAIN = 9999
"""A larger variance reduction that is not infinite says no more than this."""


def document(comparison: Comparison) -> Document:
    """What is compared, what the columns mean, and a table for each outcome with a row to show."""
    c = comparison
    compared = f"A = {c.a}, B = {c.b}: {counted(c.n, 'pair')} of runs, seed {c.seed}, {c.window}."
    if c.n < c.runs:
        compared += f" Left out are {c.runs - c.n} of {c.runs} runs, which failed in A or B."
    pasts = c.cautions.pasts
    if pasts is not None and pasts.is_shared:
        compared += (
            f" Both are known until {pasts.until[0]:{DAY}} and share that past, so a pair is one "
            "run until then; only the days after it are compared."
        )
    widths = ", ".join(_half_width(unit, width) for unit, width in c.half_width.items())
    columns = (
        "A - B: mean difference of the pairs [95 % interval]. A better: chance in % that A is the "
        "better one of a pair for the holder or side of the row, half of the ties counted [95 % "
        "interval]. Gain: how many times as many runs two independent batches would need (the "
        "variance reduction). Runs: of each scenario, paired and unpaired, for an interval of +- "
        f"{widths}. Rows that are the same in all runs, or nearly nil in both, are left out."
    )
    warned = [Paragraph(warning, "warning") for warning in c.warnings]
    labels = dict.fromkeys(c.table["outcome"])
    beside = {told for label, told in DECIDES.items() if label in labels}
    tables = [_section(c, label) for label in labels if label not in beside]
    shown: list[Block] = [one for one in tables if one.rows] or [Paragraph(SAME)]
    return [*warned, Paragraph(compared), Paragraph(columns), *shown]


def _half_width(unit: str, width: float) -> str:
    words = {"days": counted(width, "day"), "share": f"{counted(100 * width, 'point')} of a chance"}
    return words.get(unit, f"{width:g} {unit}")


def _section(c: Comparison, label: str) -> Table:
    """The rows of an outcome that say something; those of `fell` stand beside `days_to_fall`."""
    rows, outcome = c.telling(label), by_label()[label]
    last = [Column("Runs", form=_whole), Column("Unpaired", form=_whole)]
    keys = ["runs_needed", "runs_needed_unpaired"]
    heading = outcome.headed(
        days=c.window.n_days, slot=c.slot,
        date=f"{c.date:{DAY}}", last=f"{c.window.last:{DAY}}",
    )  # fmt: skip
    title = f"{heading}; {'more' if outcome.better == 'more' else 'fewer'} is better"
    if label == "days_to_fall":
        title += ". Fell to it: in % of the runs, and the median date"
        dated = partial(day, none=NONE)
        last = [Column("Fell: A", form=percent), Column("B", form=percent)]
        last += [Column("Date: A", form=dated), Column("B", form=dated)]
        keys = ["mean_a_fell", "mean_b_fell", "median_a", "median_b"]
        fell = c.select("fell")[["place", "who", "mean_a", "mean_b"]]
        rows = rows.merge(fell, on=["place", "who"], suffixes=("", "_fell"))
    names = {"place": "Place", "who": "Holder" if "place" in outcome.axes else "Side"}
    named = {key: name for key, name in names.items() if (rows[key] != "").any()}
    header: list[str | Column] = [*named.values(), *figures(outcome.unit), *last]
    body = [
        [*(row[key] for key in named), *values(row), *(row[key] for key in keys)]
        for row in rows.to_dict("records")
    ]
    return table(title, header, body, names=len(named))


def figures(unit: str) -> list[Column]:
    """The columns that are the same for all outcomes: A, B, A - B, A better, Gain."""
    plain = percent if unit == "share" else partial(number, digits=UNITS[unit].digits)
    signed = (lambda share: number(100 * share, 1)) if unit == "share" else plain
    return [
        Column("A", form=plain),
        Column("B", form=plain),
        Column("A - B", form=lambda interval: bounded(interval, signed)),
        Column("A better", form=percent_interval),
        Column("Gain", form=_gain),
    ]


def values(row: dict[str, Any]) -> list[Any]:
    """What stands in these columns."""
    better = interval_of(row, "p_a_better", "p_low", "p_high")
    difference = interval_of(row, "difference")
    return [row["mean_a"], row["mean_b"], difference, better, row["variance_reduction"]]


def texts(row: dict[str, Any]) -> list[str]:
    """A row in texts: outcome, place, whose it is, and these columns."""
    cells = zip(figures(row["unit"]), values(row), strict=True)
    outcome = row["outcome"].replace("_", " ")
    return [outcome, row["place"], row["who"], *(column.form(cell) for column, cell in cells)]


def _gain(value: float) -> str:
    if MOST_GAIN < value < float("inf"):
        return f"> {MOST_GAIN}"
    return number(value, 0 if value >= 100 else 1)


def _whole(value: Any) -> str:

    return NONE if pd.isna(value) else str(value)


# --- what must be known first ------------------------------------------------------------


def warnings(comparison: Comparison) -> list[str]:
    """That windows or pasts differ, a scenario has not begun, nothing differs; in sentences."""
    c, up_to = comparison, f"up to {comparison.window.last:{DAY}}"
    found = [_unlike_windows(c)] if c.windows[0] != c.windows[1] else []
    if c.cautions.pasts is not None and not c.cautions.pasts.is_shared:
        found.append(_unlike_pasts(c, c.cautions.pasts))
    found += [_unbegun(c, one) for one in c.cautions.unbegun]
    if (c.table["ties"] == 1).all():
        why = "what the two set differently has not begun by then, or changes none of it."
        if c.cautions.is_one_scenario:
            why = "but for the window the two are one scenario in effect."
        found.append(f"nothing that is compared differs in any pair of runs {up_to}: {why}")
    return found


def _unlike_windows(c: Comparison) -> str:
    """Up to when both are judged, and what to compare instead."""
    windows = dict(zip((c.a, c.b), c.windows, strict=True))
    told = "the windows differ: " + ", ".join(f"{name} is {own}" for name, own in windows.items())
    told += ", and only the dates of both are compared: both are judged up to "
    told += f"{c.window.last:{DAY}}"
    for name, window in windows.items():
        left = (window.last - c.window.last).days
        told += f", {name} {left} days before its last one" if left else ""
    if c.cautions.instead is None:
        return f"{told}."
    other, name, like = c.cautions.instead
    return f"{told}. {other} is {name} with the window of {like}: compare these two."


def _unlike_pasts(c: Comparison, pasts: Pasts) -> str:
    """That a pair does not share its luck."""
    told = zip((c.a, c.b), pasts.until, strict=True)
    how = ", ".join(
        f"{name} {'from nothing' if day is None else f'from what was known on {day:{DAY}}'}"
        for name, day in told
    )
    how = f"runs go on in {how}"
    if pasts.until[0] == pasts.until[1]:
        how = f"both are known until {pasts.until[0]:{DAY}}, with other settings, parameters or "
        how += "particles, or by another record"
    return (
        f"the two do not share their past ({how}): a pair is not of one luck, so pairing gains "
        f"nothing. Only the days from {c.window.first:{DAY}} on are compared."
    )


def _unbegun(c: Comparison, one: Unbegun) -> str:
    camps, by = one.camps, f"{one.day:{DAY}}"
    if one.n_left is not None:
        return (
            f"{one.scenario} is not done by {by}: in at least half of its runs the UN has left "
            f"{one.n_left} of the {len(camps)} camps that {c.a} and {c.b} hand over differently."
        )
    which = f"any of the {len(camps)} camps that the two hand over differently"
    if len(camps) == 1:
        which = f"{camps[0]}, the one camp that the two hand over differently,"
    elif len(camps) <= NAMED:
        which = f"any of the camps that the two hand over differently, {', '.join(camps)},"
    return (
        f"{one.scenario} has not begun by {by}: in no run has the UN left {which} by then; the "
        f"first of them is due on {one.due:{DAY}}."
    )


def data(comparison: Comparison) -> dict[str, Any]:
    """The numbers by their names in JSON; an infinite variance reduction is null."""
    c = comparison
    return {
        "a": c.a,
        "b": c.b,
        "runs": c.runs,
        "pairs": c.n,
        "seed": c.seed,
        "warnings": c.warnings,
        "window": list(c.window),
        "windows": {"a": list(c.windows[0]), "b": list(c.windows[1])},
        "known_until": None if c.cautions.pasts is None else list(c.cautions.pasts.until),
        "shares_past": c.cautions.pasts is not None and c.cautions.pasts.is_shared,
        "date": c.date,
        "slot": c.slot,
        "half_width": c.half_width,
        "outcomes": c.table,
    }
