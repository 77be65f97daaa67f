"""A chart of a calibration: where in their ranges the accepted parameters lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from camphandover import inputs
from camphandover.charts.axis import TITLE_SIZE
from camphandover.charts.data import axes_or_new
from camphandover.charts.files import save
from camphandover.charts.palette import FAINT, INK
from camphandover.charts.style import Chart, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from camphandover.judge.study.calibration import Calibration

ACCEPTED = "#3B6A9C"
ROW = 0.26
"""Height of a row, inches."""
AROUND = 1.6
"""Inches above and below the rows."""
DPI = 130


@styled
def plot_calibration(calibration: Calibration, ax: Axes | None = None) -> Axes:
    """Where in its range each uncertain parameter lies in the accepted records.

    A dot is the median, a line 5 to 95 %, both as probabilities of the range's distribution: a
    parameter of which the record tells nothing has its dot at one half and a line from 5 to 95 %.

    Args:
        calibration: What `ch.calibrate` gave.
        ax: Where to draw; axes of their own if not given.
    Returns:
        The axes.
    """
    names = list(calibration.screened)
    ax = axes_or_new(ax, 8.4, AROUND + ROW * len(names))
    at = np.array([calibration.marginals[name]["probability"] for name in names])
    rows = np.arange(len(names))
    ax.axvspan(0.05, 0.95, color=FAINT, alpha=0.25, linewidth=0)
    ax.axvline(0.5, color=FAINT, linewidth=1)
    ax.hlines(rows, at[:, 0], at[:, 2], color=ACCEPTED, linewidth=2)
    ax.plot(at[:, 1], rows, "o", color=ACCEPTED, markersize=5)
    for row, name in enumerate(names):
        low, middle, high = calibration.marginals[name]["accepted"]
        text = f"{middle:.3g} [{low:.3g}, {high:.3g}]"
        ax.text(1.02, row, text, va="center", fontsize=7.5, color=INK)
    ax.set_yticks(rows, names, fontsize=8)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.set_xlabel("probability in the parameter's range: median and 5 to 95 % of the records")
    evidence, n = calibration.targets.evidence, calibration.records.n
    ax.set_title(
        f"What {n} accepted records of the set {evidence} leave open;\n"
        "right: their values, median [5 %, 95 %]",
        fontsize=TITLE_SIZE,
        loc="left",
    )
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


@styled
def draw_calibration(calibration: Calibration, folder: str | Path) -> Path:
    """Write the chart to `folder/accepted.png` and return its path."""

    figure = Chart(
        figsize=(8.4, AROUND + ROW * len(calibration.screened)), layout="constrained", dpi=DPI
    )
    plot_calibration(calibration, figure.add_subplot())
    folder = inputs.path("folder", folder)
    return save(figure, folder / "accepted.png", DPI)
