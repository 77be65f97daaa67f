"""Charts of scores: reliability, and losses by day beside the baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from camphandover.batch.plan import file_name
from camphandover.charts import axis, given
from camphandover.charts.axis import line_key
from camphandover.charts.keydates import KeyDate, mark_key_dates
from camphandover.charts.registry import chart
from camphandover.charts.style import FAINT, INK, colour_of
from camphandover.judge.score.score import Score
from camphandover.judge.score.scored import MODEL, SPLITS
from camphandover.libraries import pd

STYLES: dict[str, tuple[str, Any, float]] = {
    MODEL: (INK, "-", 2.2),
    "persistence": (FAINT, "-", 1.2),
    "base rate": (FAINT, ":", 1.4),
    "markov": (colour_of("wagner"), "--", 1.3),
    "army on plan": (colour_of("army"), "-.", 1.4),
    "separatists in Kidal": (colour_of("separatists"), (0, (5, 1.5)), 1.4),
}
"""Colour, line and width of each forecast."""
NAMED = 8
"""Most dates of changes that get a name; the others are lines."""
UNITS = {"log": "log score, nats", "brier": "Brier score", "rps": "ranked probability score"}


@chart()
def plot_reliability(
    score: Score, ax: Axes | None = None, *, scenario: str | None = None, split: str = "all"
) -> Axes:
    """How often what the model gave a probability came true, in five bins.

    A point on the diagonal is right; whiskers are 95 % intervals from resampling regions. Beside
    each point stands from how many bases it comes.

    Args:
        score: From `ch.score`.
        ax: Axes to draw on; new ones if not given.
        scenario: Its name; may be left out if one was scored.
        split: `all`, `changed` or `kidal`.
    Errors:
        ValueError for a name that was not scored.
    """
    name, rows = _rows(score, score.reliability, scenario, split)
    rows = rows[rows["n"] > 0]
    ax = axis.framed(ax, 5.6, 5.4)
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)))
    for row in rows.to_dict("records"):
        if not np.isnan(row["low"]):
            ax.vlines(row["p"], row["low"], row["high"], INK, linewidth=1.1, alpha=0.6)
        last = row["p"] > 0.85
        ax.annotate(
            _slots(score, row["n_slots"]), (row["p"], row["came"]), xytext=(-7 if last else 7, -2),
            textcoords="offset points", ha="right" if last else "left", va="top",
            fontsize=7.5, color=FAINT,
        )  # fmt: skip
    ax.plot(rows["p"], rows["came"], "o", color=INK, markersize=6)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    ax.set_xlabel("probability that the model gave", fontsize=9, color=INK)
    ax.set_ylabel("share that came true", fontsize=9, color=INK)
    axis.title(ax, name, f"do its probabilities come true? ({_slots(score)})")
    axis.note(ax, f"{SPLITS[split]}, {_caption(score, name)}", 32)
    return ax


@chart()
def plot_score_by_day(
    score: Score,
    split: str = "kidal",
    ax: Axes | None = None,
    *,
    scenario: str | None = None,
    measure: str = "log",
) -> Axes:
    """What the model and each baseline lose on each day; lower is better.

    Args:
        score: From `ch.score`.
        split: `all`, `changed` or `kidal`.
        ax: Axes to draw on; new ones if not given.
        scenario: Its name; may be left out if one was scored.
        measure: `log`, `brier` or `rps`.
    Errors:
        ValueError for a name that was not scored.
    """
    name, rows = _rows(score, score.days, scenario, split)
    if measure not in UNITS:
        raise ValueError(f"measure {measure!r} is not scored by day; there is {', '.join(UNITS)}")
    ax = axis.framed(ax, 8.4, 4.6)
    if rows.empty:
        axis.empty(ax, "no place changes hands", color="black")
        return ax
    edges = axis.dates(ax, np.unique(rows["date"].to_numpy().astype("M8[D]")))
    for forecast in [*(one for one in STYLES if one != MODEL), MODEL]:
        values = rows[rows["forecast"] == forecast][measure].to_numpy()
        ax.stairs(values, edges, baseline=None, **_look(forecast))
    ax.set_ylim(0, None)
    ax.set_ylabel(f"{UNITS[measure]} (0 is best)", fontsize=9, color=INK)
    found = _turns(score, name, split)
    up = mark_key_dates(ax, found, named=len(found) <= NAMED)
    axis.title(ax, name, f"who is nearer to the record? {SPLITS[split]}, {_slots(score)}", up + 8)
    keys = [line_key(forecast, **_look(forecast)) for forecast in STYLES]
    axis.stack_legends(ax, [keys[:3], keys[3:]])
    axis.note(ax, _caption(score, name))
    return ax


def both_charts(score: Score, scenario: str, split: str = "kidal") -> dict[str, Axes]:
    """Reliability of a scenario, and its losses by day of a split, by their names in files."""
    square, wide = axis.axes_or_new(None, 5.6, 5.6), axis.axes_or_new(None, 8.4, 4.8)
    return {
        "reliability": plot_reliability(score, square, scenario=scenario),
        "by-day": plot_score_by_day(score, split, wide, scenario=scenario),
    }


def draw_scores(score: Score, folder: Path) -> list[Path]:
    """Both charts of each scenario as PNG files.

    Args:
        score: From `ch.score`.
        folder: Where to; made if it is not there.
    Returns:
        The files.
    """
    drawn: dict[str, Axes] = {}
    for name in score.scenarios:
        splits = set(score.days.loc[score.days["scenario"] == name, "split"])
        both = both_charts(score, name, "kidal" if "kidal" in splits else "all")
        drawn |= {f"score-{kind}-{file_name(name)}": ax for kind, ax in both.items()}
    return axis.save_all(drawn, folder)


def _rows(
    score: Score, table: pd.DataFrame, scenario: str | None, split: str
) -> tuple[str, pd.DataFrame]:
    """The scenario asked for, which may be left out if there is only one, and its rows."""
    known = ", ".join(score.scenarios)
    if scenario is None:
        if len(score.scenarios) > 1:
            raise ValueError(f"scenario= is needed, one of {known}")
        scenario = score.scenarios[0]
    if scenario not in score.scenarios:
        raise ValueError(f"scenario {scenario!r} was not scored; there is {known}")
    if split not in SPLITS:
        raise ValueError(f"split {split!r} is not one of {', '.join(SPLITS)}")
    return scenario, table[(table["scenario"] == scenario) & (table["split"] == split)]


def _look(forecast: str) -> dict[str, Any]:
    return dict(zip(("color", "linestyle", "linewidth"), STYLES[forecast], strict=True))


def _slots(score: Score, n: int | None = None) -> str:
    """`camps and towns`, or so many of them."""
    if score.slot == "both":
        return "camps and towns" if n is None else f"{n} camps, towns"
    return f"{score.slot}s" if n is None else f"{n} {score.slot}" + "s" * (n != 1)


def _caption(score: Score, scenario: str) -> str:
    about = next(one for one in score.about if one.scenario == scenario)
    return given.runs_and_seed(about.n, score.seed)


def _turns(score: Score, scenario: str, split: str) -> list[KeyDate]:
    """The changes of holder in the record, those of one day and holder together."""
    turns = score.turns[score.turns["scenario"] == scenario]
    if split == "kidal":
        turns = turns[turns["kidal"].astype(bool)]
    found = []
    for (day, after), rows in turns.groupby(["date", "after"], sort=True):
        places = ", ".join(dict.fromkeys(rows["place"]))
        found.append(KeyDate(day.date(), f"{places} to {after}"))
    return found
