"""Charts of scores: reliability, and losses by day beside the baselines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from camphandover.batch.plan import file_name
from camphandover.charts.axis import LEGEND_AT, dates, frame, note, stack_legends, title
from camphandover.charts.data import axes_or_new, runs_and_seed
from camphandover.charts.files import save
from camphandover.charts.keydates import KeyDate, mark_key_dates
from camphandover.charts.palette import ACTORS, COLOURS, FAINT, INK
from camphandover.charts.style import Chart, styled
from camphandover.judge.score.scored import MODEL, SPLITS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from camphandover.judge.score.score import Score

DPI = 130
STYLES: dict[str, tuple[str, Any, float]] = {
    MODEL: (INK, "-", 2.2),
    "persistence": (FAINT, "-", 1.2),
    "base rate": (FAINT, ":", 1.4),
    "markov": (ACTORS["wagner"], "--", 1.3),
    "army on plan": (COLOURS["army"], "-.", 1.4),
    "separatists in Kidal": (COLOURS["separatists"], (0, (5, 1.5)), 1.4),
}
"""Colour, line and width of each forecast."""
NAMED = 8
"""Most dates of changes that get a name; the others are lines."""
UNITS = {"log": "log score, nats", "brier": "Brier score", "rps": "ranked probability score"}


@styled
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
    name = _chosen(score, scenario)
    _check_split(split)
    ax = axes_or_new(ax, 5.6, 5.4)
    rows = score.reliability
    rows = rows[(rows["scenario"] == name) & (rows["split"] == split) & (rows["n"] > 0)]
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)))
    for row in rows.to_dict("records"):
        if not np.isnan(row["low"]):
            ax.vlines(row["p"], row["low"], row["high"], INK, linewidth=1.1, alpha=0.6)
        slots = _slots(score, row["n_slots"])
        last = row["p"] > 0.85
        ax.annotate(
            slots, (row["p"], row["came"]), xytext=(-7 if last else 7, -2),
            textcoords="offset points", ha="right" if last else "left", va="top",
            fontsize=7.5, color=FAINT,
        )  # fmt: skip
    ax.plot(rows["p"], rows["came"], "o", color=INK, markersize=6)
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    ax.set_aspect("equal")
    ax.set_xlabel("probability that the model gave", fontsize=9, color=INK)
    ax.set_ylabel("share that came true", fontsize=9, color=INK)
    frame(ax)
    title(ax, name, f"do its probabilities come true? ({_slots(score)})")
    note(ax, f"{SPLITS[split]}, {_caption(score, name)}", 32)
    return ax


@styled
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
    name = _chosen(score, scenario)
    _check_split(split)
    if measure not in UNITS:
        raise ValueError(f"measure {measure!r} is not scored by day; there is {', '.join(UNITS)}")
    ax = axes_or_new(ax, 8.4, 4.6)
    rows = score.days[(score.days["scenario"] == name) & (score.days["split"] == split)]
    frame(ax)
    if rows.empty:
        ax.set_xticks([])
        ax.text(0.5, 0.5, "no place changes hands", transform=ax.transAxes, ha="center")
        return ax
    edges = dates(ax, np.unique(rows["date"].to_numpy().astype("M8[D]")))
    for forecast in [*(one for one in STYLES if one != MODEL), MODEL]:
        colour, style, width = STYLES[forecast]
        values = rows[rows["forecast"] == forecast][measure].to_numpy()
        ax.stairs(values, edges, baseline=None, color=colour, linestyle=style, linewidth=width)
    ax.set_ylim(0, None)
    ax.set_ylabel(f"{UNITS[measure]} (0 is best)", fontsize=9, color=INK)
    found = _turns(score, name, split)
    up = mark_key_dates(ax, found, named=len(found) <= NAMED)
    title(ax, name, f"who is nearer to the record? {SPLITS[split]}, {_slots(score)}", up + 8)
    keys = [
        Line2D([], [], color=colour, linestyle=style, linewidth=width, label=forecast)
        for forecast, (colour, style, width) in STYLES.items()
    ]
    stack_legends(ax, [keys[:3], keys[3:]], LEGEND_AT)
    note(ax, _caption(score, name))
    return ax


@styled
def draw_scores(score: Score, folder: Path) -> list[Path]:
    """Both charts of each scenario as PNG files.

    Args:
        score: From `ch.score`.
        folder: Where to; made if it is not there.
    Returns:
        The files.
    """
    files = []
    for name in score.scenarios:
        split = "kidal" if _has(score.days, name, "kidal") else "all"
        for kind in ("reliability", "by-day"):
            figure = Chart(
                figsize=(5.6, 5.6) if kind == "reliability" else (8.4, 4.8), layout="constrained"
            )
            ax = figure.add_subplot()
            if kind == "reliability":
                plot_reliability(score, ax, scenario=name)
            else:
                plot_score_by_day(score, split, ax, scenario=name)
            path = folder / f"score-{kind}-{file_name(name)}.png"
            files.append(save(figure, path, DPI))
    return files


def _has(days: pd.DataFrame, scenario: str, split: str) -> bool:
    return bool(((days["scenario"] == scenario) & (days["split"] == split)).any())


def _chosen(score: Score, scenario: str | None) -> str:
    """The scenario asked for; it may be left out if there is only one."""
    known = ", ".join(score.scenarios)
    if scenario is None:
        if len(score.scenarios) > 1:
            raise ValueError(f"scenario= is needed, one of {known}")
        return score.scenarios[0]
    if scenario not in score.scenarios:
        raise ValueError(f"scenario {scenario!r} was not scored; there is {known}")
    return scenario


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise ValueError(f"split {split!r} is not one of {', '.join(SPLITS)}")


def _slots(score: Score, n: int | None = None) -> str:
    """`camps and towns`, or so many of them."""
    if score.slot == "both":
        return "camps and towns" if n is None else f"{n} camps, towns"
    return f"{score.slot}s" if n is None else f"{n} {score.slot}" + "s" * (n != 1)


def _caption(score: Score, scenario: str) -> str:
    about = next(one for one in score.about if one.scenario == scenario)
    return runs_and_seed(np.array([about.n]), score.seed)


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
