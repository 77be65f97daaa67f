"""A sensitivity analysis in words: what decides each outcome, and how much of it is luck."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from camphandover.judge.study.sensitivity import Sensitivity, n_top
from camphandover.measure.notation import bounded, number
from camphandover.say.document import Block, Column, Document, Paragraph, table

SHOWN = 15
"""Parameters shown of each outcome if nothing else is asked for."""
NAMES = 4
"""Columns that tell what a parameter is; figures follow."""
SAME = "It is the same at all points: no parameter asked for changes it."
BY_CHANCE = 0.025
"""Chance that the interval of a parameter without effect lies above its luck."""
SHARES = ("share of runs",)
"""Units of outcomes that are told with three digits."""
SIZES = {"morris": "trajectories", "sobol": "base points"}
COLUMNS = {
    "morris": {"mu*": "mu_star", "mu": "mu", "sigma": "sigma", "Luck": "luck"},
    "sobol": {"ST": "ST", "S1": "S1", "Luck": "luck"},
}
"""Heads of figures and their columns; those that have one stand with their interval."""
MEANINGS = {
    "morris": "mu*: mean absolute change of the outcome between the outermost levels of the "
    "parameter (its 12.5 and 87.5 % quantiles), others anywhere [95 % interval]. mu: the same "
    "with its sign [95 % interval]. sigma: how much the change varies with the other "
    "parameters. Luck: the mu* that a parameter without effect would have.",
    "sobol": "ST: share of the outcome's variance that is there because of the parameter, "
    "alone or with others [95 % interval]. S1: because of it alone. Luck: the part of ST that "
    "is luck of the draws.",
}


def document(found: Sensitivity, top: int = SHOWN) -> Document:
    """The analysis.

    Args:
        found: The analysis.
        top: How many parameters of each outcome are shown.
    """
    return [*_preface(found), *(_of_outcome(found, one, top) for one in found.outcomes)]


def data(found: Sensitivity) -> dict[str, Any]:
    """The numbers by the names that JSON has."""
    return {
        "scenario": found.scenario,
        "method": found.method,
        "size": found.size,
        "points": found.n_points,
        "draws": found.draws,
        "runs": found.runs,
        "seed": found.seed,
        "evidence": found.problem.evidence,
        "window": list(found.window),
        "failed": found.n_failed,
        "fixed_by_scenario": found.problem.left_out,
        **{name: getattr(found, name) for name in ("table", "convergence", "stability", "noise")},
    }


def _preface(found: Sensitivity) -> list[Block]:
    """What was done, and what the columns mean."""
    s = found
    told = [
        f"{s.scenario}, {s.window}: {s.problem.n} parameters of the set {s.problem.evidence}, "
        f"{s.method} with {s.size} {SIZES[s.method]}, {s.n_points:,} points x {s.draws} draws = "
        f"{s.runs:,} runs, seed {s.seed}."
    ]
    if s.problem.left_out:
        told.append(f"Fixed by the scenario and left out: {', '.join(s.problem.left_out)}.")
    if s.n_failed:
        told.append(
            f"{s.n_failed} runs failed; the mean of the point's other draws stands for each."
        )
    told.append(f"{MEANINGS[s.method]} *: the interval lies above luck.")
    return [Paragraph(text) for text in told]


def _of_outcome(found: Sensitivity, outcome: Any, top: int) -> Block:
    """The first parameters of an outcome, with remarks; a sentence if it does not vary."""
    title = f"{outcome.name} - {outcome.title} ({outcome.unit})"
    rows = found.select(outcome.name)
    if not (rows[found.index] > 0).any():
        return Paragraph(f"{title}: {SAME}")
    form = _form(outcome.unit) if found.method == "morris" else _thousandth
    columns = COLUMNS[found.method]
    figures = [Column(head, form=lambda cell: bounded(cell, form)) for head in columns]
    body = [
        [row["parameter"], "*" if row["stands_out"] else "", row["rule"], row["evidence"]]
        + [_with_interval(row, name) for name in columns.values()]
        for row in rows.head(top).to_dict("records")
    ]
    heads: list[str | Column] = ["Parameter", "", "Rule", "Evidence", *figures]
    return table(title, heads, body, NAMES, _remarks(found, outcome.name, form))


def _with_interval(row: dict[str, Any], name: str) -> tuple[float, float, float]:
    """A figure with its bounds; without any if it has none."""
    value, half = row[name], row.get(f"{name}_conf", math.nan)
    return value, value - half, value + half


def _remarks(found: Sensitivity, outcome: str, form: Callable[[float], str]) -> tuple[str, ...]:
    """How many stand out, how much is luck, and whether a larger design would change it."""
    rows = found.select(outcome)
    noise = next(found.noise[found.noise["outcome"] == outcome].itertuples())
    by_chance = round(BY_CHANCE * int((rows["luck"] > 0).sum()))
    chance = f"; by chance alone about {by_chance} would" if by_chance else ""
    told = f"{int(rows['stands_out'].sum())} of {len(rows)} parameters stand out{chance}."
    if math.isnan(noise.sd_draws):
        luck = "With one draw of each point it is not known how much is luck: take more."
    else:
        mean, points, draws = map(_form(noise.unit), (noise.mean, noise.sd_points, noise.sd_draws))
        luck = (
            f"Mean {mean}; standard deviation between points {points}, between draws of a point "
            f"{draws}: {100 * noise.share_luck:.0f} % of the variance between points is luck. A "
            f"dummy that changes nothing but all luck would have {form(noise.dummy)}."
        )
    return f"{told} {luck}", _converged(found, outcome)


def _converged(found: Sensitivity, outcome: str) -> str:
    """Of growing parts of the design, how many of the first ten are those of the whole one."""
    stable = found.stability[found.stability["outcome"] == outcome]
    parts = ", ".join(f"{row.top_shared:.0%} with {row.size}" for row in stable.itertuples())
    text = f"Of the first {n_top(found.problem.n)} parameters are there: {parts}."
    halves = stable.dropna(subset="top_shared_halves")
    if len(halves):
        last = halves.iloc[-1]
        shared = f"{last['top_shared_halves']:.0%}"
        text += f" Two separate designs of {last['size']} have {shared} in common."
    return text


def _form(unit: str) -> Callable[[float], str]:
    """How figures of a unit are told."""
    return _thousandth if unit in SHARES else _short


def _thousandth(value: float) -> str:
    return number(value, 3)


def _short(value: float) -> str:
    """Two digits after the point of small numbers, none of large ones."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 1000 else number(value, 1 if size >= 10 else 2)
