"""What all charts share: date axes, frames, legends of holders."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from camphandover.plots.palette import COLOURS, FAINT, INK, LABELS, STACK

SHORT, LONG = 45, 300
"""Days below which weeks get ticks, and from which not every month gets a label."""


def frame(ax: Axes) -> None:
    """No box, thin ink."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(FAINT)
    ax.tick_params(colors=INK, labelsize=8, length=3)


def dates(ax: Axes, days: np.ndarray) -> np.ndarray:
    """Put dates on the horizontal axis, each day from its 0:00 to 24:00.

    Args:
        ax: The axes.
        days: All days, ascending, shape (date,).
    Returns:
        The edges of the days, matplotlib's numbers, shape (date + 1,).
    """
    numbers = date2num(days)
    edges: np.ndarray = np.append(numbers, numbers[-1] + 1)
    ax.set_xlim(edges[0], edges[-1])
    ticks = _ticks(days.astype("M8[D]"))
    form = "%d %b" if len(days) < SHORT else "%b\n%Y" if _two_years(days) else "%b"
    ax.set_xticks(date2num(ticks), [f"{day.astype(object):{form}}" for day in ticks])
    ax.set_xlabel("" if _two_years(days) else str(days[0])[:4], fontsize=8, color=INK)
    return edges


def _ticks(days: np.ndarray) -> np.ndarray:
    """Mondays of a short window; else the first days of its months, or of its quarters."""
    if len(days) < SHORT:
        return np.array([day for day in days if day.astype(object).weekday() == 0] or days[:1])
    firsts = [day for day in days if day.astype(object).day == 1]
    step = 3 if len(days) > LONG else 1
    return np.array([day for day in firsts if (day.astype(object).month - 1) % step == 0])


def _two_years(days: np.ndarray) -> bool:
    return str(days[0])[:4] != str(days[-1])[:4]


def below(legend_at: Axes, points: float) -> dict[str, Any]:
    """Options that put a legend at the left edge of axes, so many points below them."""
    figure = legend_at.get_figure(root=True)
    assert figure is not None
    down = ScaledTranslation(0, -points / 72, figure.dpi_scale_trans)
    return {
        "loc": "upper left",
        "bbox_to_anchor": (0, 0),
        "bbox_transform": legend_at.transAxes + down,
        "borderaxespad": 0,
        "borderpad": 0,
        "frameon": False,
        "fontsize": 8,
        "handlelength": 1.6,
        "columnspacing": 1.4,
    }


def holder_patches(present: list[str]) -> list[Patch]:
    """Keys of the legend for holders, in the order of the stack from its top."""
    return [
        Patch(facecolor=COLOURS[holder], label=LABELS[holder])
        for holder in reversed(STACK)
        if holder in present
    ]


def present_holders(share: Any) -> list[str]:
    """Holders that have a slot in at least one run."""
    rest = [dim for dim in share.dims if dim != "holder"]
    seen = (share > 0).any(rest)
    return [str(holder) for holder in share["holder"].values if bool(seen.sel(holder=holder))]
