"""Dates of a scenario that matter at a base, and their marks on a chart."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.patheffects import withStroke

from camphandover import facts
from camphandover.charts import given
from camphandover.charts.axis import day_text, points_of, room_of
from camphandover.charts.style import FAINT, INK, PAPER, text_size
from camphandover.facts.checks import ORIGIN
from camphandover.scenario import Scenario

RUNGS = (
    "accord works", "talks frozen", "clashes", "war declared", "offensive", "accord ended",
)  # fmt: skip
"""What the rungs of escalation are called, from the lowest."""
SIZE, LEVEL, GAP = 6.5, 9.0, 4.0
"""Of the labels, between their rows above the axes, and least between two of a row, points."""
KNOWN_SIZE = 7.0
"""Of the name of the day until which all is known."""
SAFE = 0.9
"""Of the width of axes that are not laid out yet, how much is counted on."""


class KeyDate(NamedTuple):
    """A date with what it is."""

    day: date
    what: str


def key_dates(scenario: Scenario, place: str, slot: str = "camp") -> list[KeyDate]:
    """Dates inside a scenario's window that matter at a base, the first day left out.

    They are the UN's plan for the camp, the end of its mandate, a truce, and what is known from
    outside and counts in the scenario: rungs of escalation, a blockade of the place, the charter;
    until 17 September 2023, or the day until which all is known.

    Args:
        scenario: As it was run.
        place: Name of the base.
        slot: `camp` or `town`; only a camp has a plan.
    Returns:
        The dates, ascending.
    Source: RULES R5.6, R6.1, R7.1, R8; the theatre's calendar.
    """
    politics, window = scenario.politics, scenario.window
    found = [KeyDate(scenario.mandate_end, "mandate's end")]
    if slot == "camp" and place in scenario.camps:
        found.append(KeyDate(scenario.camps[place].exit, "UN's plan"))
    if politics.truce is not None:
        found.append(KeyDate(politics.truce, "truce"))
    climbs = politics.record and politics.rung is None
    until = scenario.known.until or ORIGIN
    for known in facts.load().calendar:
        if known.date > until:
            continue
        if known.what == "rung" and climbs and known.rung is not None:
            found.append(KeyDate(known.date, RUNGS[known.rung]))
        elif known.what == "blockade" and scenario.blockade.active and known.place == place:
            found.append(KeyDate(known.date, "blockade"))
        elif known.what == "charter" and scenario.alliance.charter:
            found.append(KeyDate(known.date, "charter"))
    return sorted(one for one in found if window.start < one.day <= window.end)


def mark_key_dates(ax: Axes, found: list[KeyDate], *, named: bool = True) -> float:
    """Fine dotted lines at key dates, and their names above the axes.

    Args:
        ax: Axes with dates.
        found: The dates, ascending.
        named: Whether there is room above the axes for names.
    Returns:
        Points above the axes that the names take.
    """
    room, (left, right) = room_of(ax) * SAFE, ax.get_xlim()
    down = ax.get_xaxis_transform()
    ends: list[float] = []
    for one in found:
        at = float(date2num(one.day))
        ax.vlines(at, 0, 1, PAPER, linewidth=1.4, alpha=0.5, transform=down)
        ax.vlines(at, 0, 1, INK, (0, (1, 2.5)), linewidth=0.8, alpha=0.75, transform=down)
        if named:
            text = f"{one.what} {day_text(one.day, '%b')}"
            _label(ax, (at - left) / (right - left), text, room, ends)
    return len(ends) * LEVEL


def mark_known(ax: Axes, data: xr.DataArray | xr.Dataset) -> None:
    """A line at the end of the day until which all is known, with a name where it has room.

    Args:
        ax: Axes with dates; with rows 0, 1, ..., if the days of several scenarios are known.
        data: What is drawn.
    """
    days = given.known_days(data)
    rows = np.flatnonzero(~np.isnat(days))
    if not len(rows):
        return
    at = date2num(days[rows]) + 1.0
    edge = [withStroke(linewidth=3.2, foreground=PAPER)]
    look: dict[str, Any] = {"color": INK, "linewidth": 1.6, "path_effects": edge, "gid": "known"}
    if len(days) > 1:
        ax.vlines(at, rows - 0.5, rows + 0.5, **look)
        return
    ax.axvline(at[0], **look)
    text, (_, low, _, high) = known_text(days), points_of(ax)
    (left, right), room = ax.get_xlim(), room_of(ax)
    side = 1 if (at[0] - left) / (right - left) * room < KNOWN_SIZE + 2 * GAP else -1
    if text_size(text, KNOWN_SIZE)[0] < high - low - GAP:
        ax.annotate(
            text, (at[0], 1), xycoords=("data", "axes fraction"), xytext=(side * GAP, -GAP),
            textcoords="offset points", ha="left" if side > 0 else "right", va="top",
            rotation=90, fontsize=KNOWN_SIZE, color=INK, path_effects=edge,
        )  # fmt: skip


def known_text(days: np.ndarray) -> str:
    """`known until 20 October 2023`, or of unlike days that each has its own."""
    known = np.unique(days[~np.isnat(days)])
    return f"known until {day_text(known[0])}" if len(known) == 1 else "known until the day marked"


def _label(ax: Axes, at: float, text: str, room: float, ends: list[float]) -> None:
    """A label over its line, or at the edge of the axes, in the lowest row in which it has room.

    Where the rows end is kept up to date in `ends`.
    """
    wide = text_size(text, SIZE)[0]
    half = wide / 2 / room
    begin = min(max(at * room - wide / 2, 0.0), room - wide)
    level = next((i for i, end in enumerate(ends) if begin >= end + GAP), len(ends))
    ends[level : level + 1] = [begin + wide]
    side = "left" if at < half else "right" if at > 1 - half else "center"
    ax.annotate(
        text, ({"left": 0, "right": 1}.get(side, at), 1), xycoords="axes fraction",
        xytext=(0, 2 + level * LEVEL), textcoords="offset points",
        ha=side, va="bottom", fontsize=SIZE, color=FAINT,
    )  # fmt: skip
