"""Charts of losses: the truth against what each camp of the war says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import StrMethodFormatter

from camphandover.batch.batch import Batch
from camphandover.charts.axis import (
    LEGEND_AT,
    dates,
    frame,
    no_runs,
    note,
    scenario_of,
    stack_legends,
    title,
)
from camphandover.charts.bands import Bands, band_keys, bands, draw_bands, ordered, series_of
from camphandover.charts.data import axes_or_new, runs_and_seed, seed_of
from camphandover.charts.palette import COLOURS, FAINT, INK, listed, name_of
from camphandover.charts.style import Chart, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Camp(NamedTuple):
    """Sides whose losses are told by one of them, or who fight one enemy.

    Attributes:
        sides: All of them.
        speakers: Who tells their losses, and charges the enemy with his.
        enemy: Name of the camp that they fight.
    """

    sides: tuple[str, ...]
    speakers: tuple[str, ...]
    enemy: str


CAMPS = {
    "army": Camp(("army", "wagner", "partners"), ("army",), "groups"),
    "groups": Camp(("separatists", "gsim"), ("separatists", "gsim"), "army"),
}
"""The two camps: the army, which speaks for Wagner and the partners, and the armed groups."""
FIGURES = ["dead", "claimed_dead", "charged_dead"]
TOLD = ("truth", "own", "enemy")
"""Columns of the figures, as `_columns` makes them."""
STYLES: dict[str, dict[str, Any]] = {
    "truth": {"color": FAINT},
    "army": {"color": COLOURS["army"]},
    "groups": {
        "color": COLOURS["separatists"],
        "gapcolor": COLOURS["gsim"],
        "linestyle": (0, (4, 2.5)),
    },
}
"""Lines of those who tell: the groups' one has the colours of both."""
ROOM = 1.04
"""Height of the axis over that of the highest band."""
SMALL = (3.6, 3.1)
"""Width and height of a panel, inches."""


@styled
def losses(
    data: Batch | xr.Dataset,
    scenario: str | None = None,
    side: str = "army",
    ax: Axes | None = None,
) -> Axes:
    """Dead since the first day, as they are and as either camp tells them.

    Three lines, each with bands of 50 % and 90 % of the runs: all dead, in grey; the dead that the
    camp itself admits; those that its enemy claims to have killed, corrected as he does later.
    The enemy claims no dead of mines and accidents. What separatists and GSIM claim is of all
    their enemies: where they fight each other it holds what either claims of the other.

    Args:
        data: A batch, or its `series`.
        scenario: Its name; may be left out if the data hold one.
        side: Whose dead: `army`, with Wagner and the partners, for whom it speaks; or `groups`,
            separatists and GSIM together, since the army's claims are not told apart.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes; upwards the number of dead, medians of the runs.
    Errors:
        ValueError for a name that the data do not hold, or another side.
    Source: RULES R9.1, R9.2.
    """
    if side not in CAMPS:
        raise ValueError(f"side {side!r} is not known; there is {', '.join(CAMPS)}")
    series = series_of(data, scenario, FIGURES)
    is_own = ax is None
    ax = axes_or_new(ax, 7, 4.2)
    found = _draw(ax, series, side)
    _from_nil(ax, [found])
    title(ax, scenario_of(series), f"dead of {_sides_of(side)}, truth and claims")
    ax.set_ylabel("dead since the first day", fontsize=8, color=INK)
    if is_own:
        _legends(ax)
        note(ax, runs_and_seed(found.n, seed_of(data)))
    return ax


@styled
def losses_grid(data: Batch | xr.Dataset, scenario: str | None = None) -> Figure:
    """The losses of both camps beside each other, on one scale; see `losses`.

    Args:
        data: A batch, or its `series`.
        scenario: Its name; may be left out if the data hold one.
    Returns:
        The figure: the army's dead at the left, those of the groups at the right.
    Errors:
        ValueError for a name that the data do not hold.
    """
    series = series_of(data, scenario, FIGURES)
    figure = Chart(figsize=(2 * SMALL[0] + 0.6, SMALL[1] + 1.2), layout="constrained")
    panels = figure.subplots(1, len(CAMPS), sharey=True)
    drawn = []
    for ax, side in zip(panels, CAMPS, strict=True):
        drawn.append(_draw(ax, series, side))
        ax.set_title(f"dead of {_sides_of(side)}", loc="left", fontsize=9, color=INK)
    _from_nil(panels[0], drawn)
    panels[0].set_ylabel("dead since the first day", fontsize=8, color=INK)
    name = scenario_of(series)
    text = f"{name}: losses" if name else "Losses"
    figure.suptitle(f"{text}, truth and claims", x=0.01, ha="left", fontsize=11)
    _legends(panels[0])
    note(panels[-1], runs_and_seed(drawn[0].n, seed_of(data)))
    return figure


def _draw(ax: Axes, series: xr.Dataset, side: str) -> Bands:
    """The three lines of a camp on axes with dates."""
    found = bands(series, lambda part: _columns(part, CAMPS[side]), len(TOLD))
    frame(ax)
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    if not len(found.days):
        no_runs(ax)
        return found
    edges = dates(ax, found.days)
    tellers = {"truth": "truth", "own": side, "enemy": CAMPS[side].enemy}
    for column, (what, teller) in enumerate(tellers.items()):
        style = STYLES[teller]
        draw_bands(ax, edges, found.levels[..., column], style["color"], f"{side}/{what}")
        ax.lines[-1].set(**style)
    return found


def _from_nil(ax: Axes, drawn: list[Bands]) -> None:
    """Let the axis begin at 0 and hold all bands."""
    top = max((float(found.levels.max()) for found in drawn if found.levels.size), default=0.0)
    ax.set_ylim(0, ROOM * top or 1)


def _columns(part: xr.Dataset, camp: Camp) -> np.ndarray:
    """All dead, those admitted, and those that the enemy claims; shape (replicate, date, 3)."""
    speakers, against = list(camp.speakers), list(CAMPS[camp.enemy].speakers)
    told = [
        ordered(part["dead"], list(camp.sides)),
        ordered(part["claimed_dead"], speakers),
        ordered(part["charged_dead"], against),
    ]
    return np.stack([one.sum(axis=-1) for one in told], axis=-1)


def _sides_of(side: str) -> str:
    return listed([name_of(one) for one in CAMPS[side].sides])


def _legends(ax: Axes) -> None:
    """Two rows below the chart: who tells, and what line and bands are."""
    labels = {
        "truth": "truth",
        "army": "as the army tells",
        "groups": "as separatists and GSIM tell",
    }
    who: list[Patch | Line2D] = [
        Line2D([], [], linewidth=2.2, label=text, **STYLES[teller])
        for teller, text in labels.items()
    ]
    stack_legends(ax, [who, band_keys()], LEGEND_AT, handlelength=3)
