"""The chart of forecasts from rolling origins: losses by horizon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from camphandover.charts import axis
from camphandover.charts.axis import line_key
from camphandover.charts.registry import chart
from camphandover.charts.scores import STYLES, UNITS
from camphandover.charts.style import INK
from camphandover.judge.score.hindcast import Hindcast
from camphandover.judge.score.rolled import AS_IT_IS, PLAIN
from camphandover.judge.score.scored import MODEL, SPLITS

OTHER = "#a2418f"
"""Colour of the runs that are never weighed: that of no side."""
LOOKS = {
    MODEL: STYLES[MODEL],
    MODEL + AS_IT_IS: (INK, (0, (1, 1.5)), 1.4),
    PLAIN: (OTHER, "-", 1.6),
    PLAIN + AS_IT_IS: (OTHER, (0, (1, 1.5)), 1.4),
    **{name: look for name, look in STYLES.items() if name not in (MODEL, "base rate")},
}
"""Colour, line and width of each forecast; the base rate is far above all others."""
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
APART = 0.012
"""Between forecasts at a horizon, as a part of the width, so that their intervals can be told."""


@chart()
def plot_score_by_horizon(
    found: Hindcast, split: str = "all", ax: Axes | None = None, *, measure: str = "log"
) -> Axes:
    """What the model and other forecasts lose so many days after their origins; lower is better.

    Whiskers are 95 % intervals from resampling regions and runs of origins.

    Args:
        found: From `ch.hindcast`.
        split: `all`, `changed` or `kidal`.
        ax: Axes to draw on; new ones if not given.
        measure: `log`, `brier` or `rps`.
    Errors:
        ValueError for another split or measure.
    """
    for what, name, known in (("split", split, SPLITS), ("measure", measure, UNITS)):
        if name not in known:
            raise ValueError(f"{what} {name!r} is not one of {', '.join(known)}")
    ax = axis.framed(ax, 7.2, 4.6)
    rows = found.table.query("split == @split and measure == @measure")
    at = np.arange(len(found.horizons))
    for i, (name, (colour, line, width)) in enumerate(LOOKS.items()):
        own = rows[rows["forecast"] == name]
        x = at[: len(own)] + (i - len(LOOKS) / 2) * APART * len(at)
        ax.vlines(x, own["low"], own["high"], colour, linewidth=0.9, alpha=0.5)
        ax.plot(x, own["score"], color=colour, linestyle=line, linewidth=width, marker="o", ms=3)
    ax.set_xticks(at, [f"+{horizon}" for horizon in found.horizons])
    ax.set_xlabel("days after the origin", fontsize=9, color=INK)
    ax.set_yscale("log")  # what is half as far from it is a skill of a half, wherever it is
    ticks = [tick for tick in TICKS if ax.get_ylim()[0] <= tick <= ax.get_ylim()[1]]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylabel(f"{UNITS[measure]}, lower is better", fontsize=9, color=INK)
    axis.title(ax, found.scenario, f"forecasts from {len(found.origins)} origins, {SPLITS[split]}")
    keys = [
        line_key(name, color=colour, linestyle=line, linewidth=width)
        for name, (colour, line, width) in LOOKS.items()
    ]
    axis.stack_legends(ax, [keys[:4], keys[4:]])
    axis.note(ax, f"{found.particles} runs from each origin, seed {found.seed}")
    return ax


def draw_hindcast(found: Hindcast, folder: Path) -> list[Path]:
    """The chart of all places and of the Kidal region as PNG files.

    Args:
        found: From `ch.hindcast`.
        folder: Where to; made if it is not there.
    Returns:
        The files.
    """
    splits = [split for split in ("all", "kidal") if split in set(found.table["split"])]
    drawn = {f"hindcast-{split}": plot_score_by_horizon(found, split) for split in splits}
    return axis.save_all(drawn, folder)
