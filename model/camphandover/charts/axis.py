"""What all charts share: date axes, frames, titles, captions, legends of holders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from camphandover.charts.palette import COLOURS, FAINT, INK, LABELS, STACK
from camphandover.charts.textsize import in_lines, text_size

SHORTEST, SHORT, LONG = 14, 45, 300
"""Days below which days and weeks get ticks, and from which not every month gets a label."""
FEW = 5
"""Most ticks of the shortest windows."""
LEGEND_AT = 40
"""Points below the axes at which the legends begin, under ticks and label."""
LEGEND_ROW = 18
"""Points between the rows of legends."""
TITLE_SIZE = 11.0
TITLE_GAP = 6.0
"""Points between axes and title."""


def frame(ax: Axes) -> None:
    """No box, thin ink."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(FAINT)
    ax.tick_params(colors=INK, labelsize=8, length=3)


def dates(ax: Axes, days: np.ndarray, every: int = 1) -> np.ndarray:
    """Put dates on the horizontal axis, each day from its 0:00 to 24:00.

    Args:
        ax: The axes.
        days: All days, ascending, shape (date,).
        every: Of months with a tick, which ones keep it: 2 for every other one in narrow panels.
    Returns:
        The edges of the days, matplotlib's numbers, shape (date + 1,).
    """
    numbers = date2num(days)
    edges: np.ndarray = np.append(numbers, numbers[-1] + 1)
    ax.set_xlim(edges[0], edges[-1])
    ticks = _ticks(days.astype("M8[D]"), every)
    form = "%d %b" if len(days) < SHORT else "%b\n%Y" if _two_years(days) else "%b"
    ax.set_xticks(date2num(ticks), [f"{day.astype(object):{form}}" for day in ticks])
    ax.set_xlabel("" if _two_years(days) else str(days[0])[:4], fontsize=8, color=INK)
    return edges


def _ticks(days: np.ndarray, every: int) -> np.ndarray:
    """Days of a very short window, Mondays of a short one; else first days of months, quarters."""
    if len(days) < SHORTEST:
        return days[:: every * -(-len(days) // FEW)]
    if len(days) < SHORT:
        mondays = [day for day in days if day.astype(object).weekday() == 0]
        return np.array(mondays[::every])
    firsts = [day for day in days if day.astype(object).day == 1]
    step = 3 if len(days) > LONG else 1
    kept = [day for day in firsts if (day.astype(object).month - 1) % step == 0]
    return np.array(kept[::every])


def _two_years(days: np.ndarray) -> bool:
    return str(days[0])[:4] != str(days[-1])[:4]


def day_text(day: Any, form: str = "%B %Y") -> str:
    """`31 December 2023`, or with months and years in another form."""
    known = np.datetime64(day, "D").astype(object)
    return f"{known.day} {known:{form}}"


def title(ax: Axes, scenario: str | None, question: str, gap: float = TITLE_GAP) -> None:
    """The question above the axes, after the scenario if there is one; on two lines if need be.

    Args:
        ax: The axes.
        scenario: Its name.
        question: In lower case.
        gap: Points between axes and title.
    """
    text = f"{scenario}: {question}" if scenario else question[0].upper() + question[1:]
    figure = ax.get_figure(root=True)
    assert figure is not None
    room = ax.get_window_extent().width * 72 / figure.dpi
    if scenario and text_size(text, TITLE_SIZE)[0] > room:
        text = f"{in_lines(f'{scenario}:', TITLE_SIZE, room)}\n{question}"
    ax.set_title(text, loc="left", color=INK, fontsize=TITLE_SIZE, pad=gap)


def scenario_of(data: Any) -> str | None:
    """Name of the scenario of labelled data that are of one."""
    return str(data["scenario"].values) if "scenario" in data.coords else None


def note(ax: Axes, text: str, points: float = 27) -> None:
    """A small caption at the right, so many points below the axes."""
    ax.annotate(
        text, (1, 0), xycoords="axes fraction", xytext=(0, -points), textcoords="offset points",
        ha="right", va="top", fontsize=7, color=FAINT,
    )  # fmt: skip


def no_runs(ax: Axes) -> None:
    """Say that there is nothing to draw."""
    ax.set_xticks([])
    ax.text(0.5, 0.5, "no runs", transform=ax.transAxes, ha="center", color=FAINT)


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


def stack_legends(
    ax: Axes, rows: Sequence[Sequence[Patch | Line2D]], points: float, **options: Any
) -> None:
    """Legends of one line each, one below the other.

    Args:
        ax: The axes.
        rows: The keys of each line.
        points: How far below the axes the first one begins.
        options: Of the legends, in place of those of `below`.
    """
    for i, keys in enumerate(rows):
        settings = {**below(ax, points + i * LEGEND_ROW), **options}
        made = ax.legend(handles=list(keys), ncols=len(keys), **settings)
        if i < len(rows) - 1:
            ax.add_artist(made)


def words(text: str) -> Patch:
    """Words in a legend, without a sign."""
    return Patch(facecolor="none", edgecolor="none", label=text)


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
