"""A sensitivity analysis as text for the terminal and as HTML for a notebook."""

from __future__ import annotations

import math
import textwrap
from html import escape
from typing import TYPE_CHECKING, Any

from camphandover.judge.study.sensitivity_tables import n_top
from camphandover.say.tabular import aligned, for_notebook, html_table

if TYPE_CHECKING:
    from camphandover.judge.study.sensitivity import Sensitivity

WIDTH = 120
SHOWN = 15
"""Parameters shown of each outcome if nothing else is asked for."""
NAMES = 2
"""Columns that hold names; figures follow."""
SAME = "It is the same at all points: no parameter asked for changes it."
BY_CHANCE = 0.025
"""Chance that the interval of a parameter without effect lies above its luck."""
SHARES = ("share of runs",)
"""Units of outcomes that are told with three digits."""


def as_text(found: Sensitivity, top: int = SHOWN) -> str:
    """Plain text of at most 120 columns.

    Args:
        found: The analysis.
        top: How many parameters of each outcome are shown.
    """
    lines = []
    for paragraph in preface(found):
        lines += textwrap.wrap(paragraph, WIDTH)
    for outcome in found.outcomes:
        lines += ["", *textwrap.wrap(_title(outcome), WIDTH)]
        rows = _rows(found, outcome.name, top)
        lines += aligned(rows, NAMES) if rows else [SAME]
        for paragraph in remarks(found, outcome.name) if rows else []:
            lines += textwrap.wrap(paragraph, WIDTH)
    return "\n".join(lines)


def as_html(found: Sensitivity, top: int = SHOWN) -> str:
    """The same as paragraphs and tables."""
    parts = [f"<p>{escape(paragraph)}</p>" for paragraph in preface(found)]
    for outcome in found.outcomes:
        rows = _rows(found, outcome.name, top)
        if not rows:
            parts.append(f"<p>{escape(_title(outcome))}: {escape(SAME)}</p>")
            continue
        parts.append(html_table(_title(outcome), rows[0], rows[1:]))
        parts += [f"<p>{escape(paragraph)}</p>" for paragraph in remarks(found, outcome.name)]
    return for_notebook(parts)


def preface(found: Sensitivity) -> list[str]:
    """What was done, and what the columns mean."""
    s = found
    sizes = {"morris": "trajectories", "sobol": "base points"}
    told = [
        f"{s.scenario}, {s.window}: {s.problem.n} parameters of the set {s.problem.evidence}, "
        f"{s.method} with {s.size} {sizes[s.method]}, {s.n_points:,} points x {s.draws} draws = "
        f"{s.runs:,} runs, seed {s.seed}."
    ]
    if s.problem.left_out:
        told.append(f"Fixed by the scenario and left out: {', '.join(s.problem.left_out)}.")
    if s.n_failed:
        told.append(
            f"{s.n_failed} runs failed; the mean of the point's other draws stands for each."
        )
    meanings = {
        "morris": "mu*: mean absolute change of the outcome between the outermost levels of the "
        "parameter (its 12.5 and 87.5 % quantiles), others anywhere [95 % interval]. mu: the same "
        "with its sign [95 % interval]. sigma: how much the change varies with the other "
        "parameters. Luck: the mu* that a parameter without effect would have.",
        "sobol": "ST: share of the outcome's variance that is there because of the parameter, "
        "alone or with others [95 % interval]. S1: because of it alone. Luck: the part of ST that "
        "is luck of the draws.",
    }
    return [*told, f"{meanings[s.method]} *: the interval lies above luck."]


def _title(outcome: Any) -> str:
    return f"{outcome.name} - {outcome.title} ({outcome.unit})"


def _rows(found: Sensitivity, outcome: str, top: int) -> list[list[str]]:
    """Header and rows of the first parameters; none if the outcome does not vary."""
    table = found.select(outcome)
    if not (table[found.index] > 0).any():
        return []
    is_morris = found.method == "morris"
    head = ["mu*", "mu", "sigma"] if is_morris else ["ST", "S1"]
    rows = [["Parameter", "", "Rule", "Evidence", *head, "Luck"]]
    form = _form(table.iloc[0]["unit"]) if is_morris else _thousandth
    for row in table.head(top).itertuples():
        value, half = getattr(row, found.index), getattr(row, f"{found.index}_conf")
        cells = [row.parameter, "*" if row.stands_out else "", row.rule, row.evidence]
        cells.append(_bounded(value, half, form))
        if is_morris:
            cells += [_bounded(row.mu, row.mu_conf, form), form(row.sigma)]
        else:
            cells.append(_bounded(row.S1, row.S1_conf, form))
        rows.append([*cells, form(row.luck)])
    return rows


def remarks(found: Sensitivity, outcome: str) -> list[str]:
    """How many stand out, how much is luck, and whether a larger design would change it."""
    table = found.select(outcome)
    noise = next(found.noise[found.noise["outcome"] == outcome].itertuples())
    form = _form(noise.unit) if found.method == "morris" else _thousandth
    told = [f"{int(table['stands_out'].sum())} of {len(table)} parameters stand out."]
    by_chance = round(BY_CHANCE * int((table["luck"] > 0).sum()))
    if by_chance:
        told[0] = told[0].replace(".", f"; by chance alone about {by_chance} would.")
    if math.isnan(noise.sd_draws):
        told.append("With one draw of each point it is not known how much is luck: take more.")
    else:
        told.append(
            f"Mean {_form(noise.unit)(noise.mean)}; standard deviation between points "
            f"{_form(noise.unit)(noise.sd_points)}, between draws of a point "
            f"{_form(noise.unit)(noise.sd_draws)}: {100 * noise.share_luck:.0f} % of the variance "
            f"between points is luck. A dummy that changes nothing but all luck would have "
            f"{form(noise.dummy)}."
        )
    return [" ".join(told), _converged(found, outcome)]


def _converged(found: Sensitivity, outcome: str) -> str:
    """Of growing parts of the design, how many of the first ten are those of the whole one."""
    stable = found.stability[found.stability["outcome"] == outcome]
    first = n_top(found.problem.n)
    parts = ", ".join(f"{row.top_shared:.0%} with {row.size}" for row in stable.itertuples())
    text = f"Of the first {first} parameters are there: {parts}."
    halves = stable.dropna(subset="top_shared_halves")
    if len(halves):
        last = halves.iloc[-1]
        text += (
            f" Two separate designs of {last['size']} have {last['top_shared_halves']:.0%} "
            "in common."
        )
    return text


def _form(unit: str) -> Any:
    """How figures of a unit are told."""
    return _thousandth if unit in SHARES else _short


def _thousandth(value: float) -> str:
    return "-" if math.isnan(value) else _nonnegative_zero(f"{value:.3f}")


def _short(value: float) -> str:
    """Two digits after the point of small numbers, none of large ones."""
    if math.isnan(value):
        return "-"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return _nonnegative_zero(f"{value:,.{digits}f}")


def _nonnegative_zero(text: str) -> str:
    return text.removeprefix("-") if not text.strip("-0.,") else text


def _bounded(value: float, half: float, form: Any) -> str:
    if math.isnan(half):
        return str(form(value))
    return f"{form(value)} [{form(value - half)}, {form(value + half)}]"
