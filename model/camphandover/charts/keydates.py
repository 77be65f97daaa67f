"""Dates of a scenario that matter at a base, and their marks on a chart."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.dates import date2num

from camphandover import facts
from camphandover.charts.axis import day_text
from camphandover.charts.palette import FAINT, INK, PAPER
from camphandover.charts.textsize import text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from camphandover.scenario import Scenario

RUNGS = {
    0: "accord works",
    1: "talks frozen",
    2: "clashes",
    3: "war declared",
    4: "offensive",
    5: "accord ended",
}
"""What the rungs of escalation are called."""
SIZE = 6.5
"""Of the labels, points."""
LEVEL = 9.0
"""Points between the rows of labels above the axes."""
SAFE = 0.9
"""Of the width of axes that are not laid out yet, how much is counted on."""
GAP = 4.0
"""Least space between two labels of a row, points."""


class KeyDate(NamedTuple):
    """A date with what it is."""

    day: date
    what: str


def key_dates(scenario: Scenario, place: str, slot: str = "camp") -> list[KeyDate]:
    """Dates inside a scenario's window that matter at a base, the first day left out.

    They are the UN's plan for the camp, the end of its mandate, a truce, and what is known from
    outside and counts in the scenario: rungs of escalation, a blockade of the place, the charter.

    Args:
        scenario: As it was run.
        place: Name of the base.
        slot: `camp` or `town`; only a camp has a plan.
    Returns:
        The dates, ascending.
    Source: RULES R5.6, R6.1, R7.1, R8; the theatre's calendar.
    """
    found = [KeyDate(scenario.mandate_end, "mandate's end")]
    if slot == "camp" and place in scenario.camps:
        found.append(KeyDate(scenario.camps[place].exit, "UN's plan"))
    if scenario.politics.truce is not None:
        found.append(KeyDate(scenario.politics.truce, "truce"))
    for known in facts.load().calendar:
        if known.what == "rung" and _climbs(scenario) and known.rung is not None:
            found.append(KeyDate(known.date, RUNGS[known.rung]))
        elif known.what == "blockade" and scenario.blockade.active and known.place == place:
            found.append(KeyDate(known.date, "blockade"))
        elif known.what == "charter" and scenario.alliance.charter:
            found.append(KeyDate(known.date, "charter"))
    window = scenario.window
    return sorted(one for one in found if window.start < one.day <= window.end)


def _climbs(scenario: Scenario) -> bool:
    """Whether the ladder follows what is known from outside."""
    return scenario.politics.record and scenario.politics.rung is None


def mark_key_dates(ax: Axes, found: list[KeyDate], *, named: bool = True) -> float:
    """Fine dotted lines at key dates, and their names above the axes.

    Args:
        ax: Axes with dates.
        found: The dates, ascending.
        named: Whether there is room above the axes for names.
    Returns:
        Points above the axes that the names take.
    """
    points = ax.get_window_extent().width * 72 / _dpi(ax) * SAFE
    left, right = ax.get_xlim()
    ends: list[float] = []
    for one in found:
        at = float(date2num(one.day))
        _line(ax, at)
        if named:
            text = f"{one.what} {day_text(one.day, '%b')}"
            level = _level((at - left) / (right - left) * points, text, points, ends)
            _label(ax, (at - left) / (right - left), text, points, level)
    return len(ends) * LEVEL


def _line(ax: Axes, at: float) -> None:
    down = ax.get_xaxis_transform()
    ax.vlines(at, 0, 1, PAPER, linewidth=1.4, alpha=0.5, transform=down)
    ax.vlines(at, 0, 1, INK, (0, (1, 2.5)), linewidth=0.8, alpha=0.75, transform=down)


def _level(at: float, text: str, points: float, ends: list[float]) -> int:
    """The lowest row in which a label has room; `ends`, where the rows end, is kept up to date."""
    wide = text_size(text, SIZE)[0]
    begin = min(max(at - wide / 2, 0.0), points - wide)
    level = next((i for i, end in enumerate(ends) if begin >= end + GAP), len(ends))
    ends[level : level + 1] = [begin + wide]
    return level


def _label(ax: Axes, at: float, text: str, points: float, level: int) -> None:
    """A label over its line, or at the edge of the axes if it would stick out."""
    half = text_size(text, SIZE)[0] / 2 / points
    side = "left" if at < half else "right" if at > 1 - half else "center"
    ax.annotate(
        text, ({"left": 0, "right": 1}.get(side, at), 1), xycoords="axes fraction",
        xytext=(0, 2 + level * LEVEL), textcoords="offset points",
        ha=side, va="bottom", fontsize=SIZE, color=FAINT,
    )  # fmt: skip


def _dpi(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return float(figure.dpi)
