"""What all charts share: axes, dates, panels, titles, captions, legends, files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from camphandover import inputs
from camphandover.batch.files import write_whole
from camphandover.charts import style
from camphandover.charts.style import FAINT, INK

Key = Patch | Line2D
"""A key of a legend."""
PERCENT, COUNT = "{x:.0%}", "{x:,g}"
"""Forms of the ticks of shares and of numbers."""
DASHED = (0, (4, 2))
SHORTEST, SHORT, LONG = 14, 45, 300
"""Days below which days and weeks get ticks, and from which not every month gets a label."""
FEW = 5
"""Most ticks of the shortest windows."""
LEGEND_AT, LEGEND_ROW = 40, 18
"""Points below the axes at which the legends begin, under ticks and label; between their rows."""
TITLE_SIZE, PANEL_SIZE, TITLE_GAP = 11.0, 9.0, 6.0
"""Of titles of axes and of panels, and between axes and title, points."""
DPI = 130
"""Of files."""


# --- axes --------------------------------------------------------------------------------


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """The given axes, or those of a new figure (size in inches), without pyplot's global state."""
    if ax is not None:
        return style.adopted(ax)
    found: Axes = style.Chart(figsize=(width, height), layout="constrained").add_subplot()
    return found


def framed(ax: Axes | None, width: float = 0, height: float = 0) -> Axes:
    """The given axes, or those of a new figure, without a box and in thin ink."""
    return frame(axes_or_new(ax, width, height))


def frame(ax: Axes) -> Axes:
    """No box, thin ink."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(FAINT)
    ax.tick_params(colors=INK, labelsize=8, length=3)
    return ax


def figure_of(ax: Axes) -> Figure:
    """The figure that axes are in."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def points_of(ax: Axes) -> np.ndarray:
    """Where axes lie on the paper, points: left, low, right, high."""
    box = ax.get_window_extent()
    return np.array([box.x0, box.y0, box.x1, box.y1]) * 72 / figure_of(ax).dpi


def room_of(ax: Axes) -> float:
    """Width of axes, points."""
    left, _, right, _ = points_of(ax)
    return float(right - left)


def panels(
    n: int,
    n_columns: int,
    size: tuple[float, float],
    around: tuple[float, float, float, float],
    gaps: tuple[float, float] = (0, 0),
    narrowest: float = 0,
) -> tuple[Figure, list[Axes]]:
    """A figure with panels, laid out by hand: that is quick, and labels know their room.

    Args:
        n: Number of panels.
        n_columns: How many stand abreast.
        size: Width and height of a panel, inches.
        around: Inches around the panels: left, right, above, below.
        gaps: Inches between panels, beside and below each other.
        narrowest: Least width of the figure, inches; panels are wider if need be.
    """
    n_rows = -(-n // n_columns)
    left, right, above, below = around
    beside = left + right + (n_columns - 1) * gaps[0]
    wide, high = max(size[0], (narrowest - beside) / n_columns), size[1]
    width, height = (
        beside + n_columns * wide,
        above + below + n_rows * high + (n_rows - 1) * gaps[1],
    )
    figure = style.Chart(figsize=(width, height))
    grid = figure.add_gridspec(
        n_rows, n_columns, left=left / width, right=1 - right / width, top=1 - above / height,
        bottom=below / height, wspace=gaps[0] / wide, hspace=gaps[1] / high,
    )  # fmt: skip
    return figure, [figure.add_subplot(grid[i]) for i in range(n)]


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
    two_years = str(days[0])[:4] != str(days[-1])[:4]
    form = "%d %b" if len(days) < SHORT else "%b\n%Y" if two_years else "%b"
    ax.set_xticks(date2num(ticks), [f"{day.astype(object):{form}}" for day in ticks])
    ax.set_xlabel("" if two_years else str(days[0])[:4], fontsize=8, color=INK)
    return edges


def _ticks(days: np.ndarray, every: int) -> np.ndarray:
    """Days of a very short window, Mondays of a short one; else first days of months, quarters."""
    if len(days) < SHORTEST:
        return days[:: every * -(-len(days) // FEW)]
    known = days.astype(object)
    if len(days) < SHORT:
        return days[[day.weekday() == 0 for day in known]][::every]
    step = 3 if len(days) > LONG else 1
    return days[[day.day == 1 and (day.month - 1) % step == 0 for day in known]][::every]


def name_rows(ax: Axes, names: Sequence[str]) -> None:
    """Names at the left of rows 0, 1, ..., without ticks."""
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.tick_params(axis="y", length=0)


def beside(ax: Axes, at: float, text: str, x: float = 1.01, colour: str = INK) -> None:
    """A text at the right of a row."""
    ax.text(
        x, at, text, transform=ax.get_yaxis_transform(), va="center", fontsize=7.5, color=colour
    )


def empty(ax: Axes, text: str = "no runs", **look: Any) -> None:
    """Say why there is nothing to draw."""
    ax.set_xticks([])
    ax.text(0.5, 0.5, text, **{"transform": ax.transAxes, "ha": "center", "color": FAINT, **look})


# --- titles and captions -----------------------------------------------------------------


def day_text(day: Any, form: str = "%B %Y") -> str:
    """`31 December 2023`, or with months and years in another form."""
    known = np.datetime64(day, "D").astype(object)
    return f"{known.day} {known:{form}}"


def asked(scenario: str | None, question: str) -> str:
    """A question in lower case after the scenario's name, if there is one."""
    return f"{scenario}: {question}" if scenario else question[0].upper() + question[1:]


def title(ax: Axes, scenario: str | None, question: str, gap: float = TITLE_GAP) -> None:
    """The question above the axes, after the scenario if there is one; on two lines if need be.

    Args:
        ax: The axes.
        scenario: Its name.
        question: In lower case.
        gap: Points between axes and title.
    """
    text, room = asked(scenario, question), room_of(ax)
    if scenario and style.text_size(text, TITLE_SIZE)[0] > room:
        text = f"{style.in_lines(f'{scenario}:', TITLE_SIZE, room)}\n{question}"
    heading(ax, text, gap)


def heading(ax: Axes, text: str, gap: float = TITLE_GAP, size: float = TITLE_SIZE) -> None:
    """A text above the axes, so many points off."""
    ax.set_title(text, loc="left", color=INK, fontsize=size, pad=gap)


def head(
    figure: Figure, left: float, text: str, down: float = 0.12, size: float = 12, **look: Any
) -> None:
    """A title of a figure, so many inches from its left and its upper edge."""
    width, height = figure.get_size_inches()
    look = {"va": "top", "fontsize": size, "color": INK, **look}
    figure.text(left / width, 1 - down / height, text, **look)


def foot(figure: Figure, right: float, text: str, size: float = 7, up: float = 0.1) -> None:
    """The caption of a figure, so many inches from its right and its lower edge."""
    width, height = figure.get_size_inches()
    figure.text(1 - right / width, up / height, text, ha="right", fontsize=size, color=FAINT)


def scenario_of(data: Any) -> str | None:
    """Name of the scenario of labelled data that are of one."""
    return str(data["scenario"].values) if "scenario" in data.coords else None


def note(ax: Axes, text: str, points: float = 27) -> None:
    """A small caption at the right, so many points below the axes."""
    ax.annotate(
        text, (1, 0), xycoords="axes fraction", xytext=(0, -points), textcoords="offset points",
        ha="right", va="top", fontsize=7, color=FAINT,
    )  # fmt: skip


# --- legends -----------------------------------------------------------------------------


def below(legend_at: Axes, points: float) -> dict[str, Any]:
    """Options that put a legend at the left edge of axes, so many points below them."""
    down = ScaledTranslation(0, -points / 72, figure_of(legend_at).dpi_scale_trans)
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
    ax: Axes, rows: Sequence[Sequence[Key]], points: float = LEGEND_AT, **options: Any
) -> None:
    """Legends of one line each, one below the other.

    Args:
        ax: The axes.
        rows: The keys of each line.
        points: How far below the axes the first one begins.
        options: Of the legends, in place of those of `below`.
    """
    for i, keys in enumerate(rows):
        settings = {"ncols": len(keys), **below(ax, points + i * LEGEND_ROW), **options}
        made = ax.legend(handles=list(keys), **settings)
        if i < len(rows) - 1:
            ax.add_artist(made)


def line_key(label: str, color: str = INK, **look: Any) -> Line2D:
    """Key of the legend for a line or a sign."""
    return Line2D([], [], label=label, color=color, **look)


def words(text: str) -> Patch:
    """Words in a legend, without a sign."""
    return Patch(facecolor="none", edgecolor="none", label=text)


def holder_patches(present: Collection[str]) -> list[Patch]:
    """Keys of the legend for holders, in the order of the stack from its top."""
    return [
        Patch(facecolor=style.COLOURS[holder], label=style.LABELS[holder])
        for holder in reversed(style.STACK)
        if holder in present
    ]


# --- files -------------------------------------------------------------------------------


def save(drawn: Figure | Axes, path: Path, dpi: float = DPI, **options: Any) -> Path:
    """Write a chart whole or not at all, in the format that the file's name ends in.

    Args:
        drawn: A figure, or axes that stand for theirs.
        path: The file; its folder is made if it is not there.
        dpi: Dots per inch.
        options: As `savefig` takes them.
    Returns:
        The file.
    Errors:
        CannotWrite that names the file.
    """
    figure = drawn.get_figure(root=True)
    assert figure is not None
    data = BytesIO()
    figure.savefig(data, format=path.suffix[1:].lower(), dpi=dpi, **options)
    write_whole(path, data.getvalue())
    return path


def save_all(drawn: Mapping[str, Figure | Axes], folder: str | Path, **options: Any) -> list[Path]:
    """Write charts into a folder as PNG files of these names, see `save`."""
    folder = inputs.path("folder", folder)
    return [save(one, folder / f"{name}.png", **options) for name, one in drawn.items()]
