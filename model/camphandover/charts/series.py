"""Charts of daily figures over all runs: losses as they are and as told, men, morale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from camphandover.batch.batch import Batch
from camphandover.batch.cubes import SERIES
from camphandover.charts import axis, given
from camphandover.charts.axis import Key, line_key
from camphandover.charts.keydates import mark_known
from camphandover.charts.registry import chart
from camphandover.charts.style import COLOURS, FAINT, INK, Chart, colour_of, name_of
from camphandover.measure.notation import listed
from camphandover.measure.past import with_past
from camphandover.measure.runs import AT_ONCE

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Shares of the runs below the edges of the bands and the median."""
CELLS = 8_000_000
"""Values held at a time, so that memory does not grow with the number of runs."""
OUTER, INNER = 0.16, 0.3
"""Opacity of the bands of 90 % and of 50 % of the runs."""


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
TELLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "truth": ("truth", {"color": FAINT}),
    "army": ("as the army tells", {"color": COLOURS["army"]}),
    "groups": (
        "as separatists and GSIM tell",
        {"color": COLOURS["separatists"], "gapcolor": COLOURS["gsim"], "linestyle": (0, (4, 2.5))},
    ),
}
"""Who tells, in words, and his line: the groups' one has the colours of both."""
FIGURES, DEAD = ("dead", "claimed_dead", "charged_dead"), "dead since the first day"
ROOM = 1.04
"""Height of the axis over that of the highest band."""
FIGHTING = ("army", "wagner", "separatists", "gsim")
"""Sides drawn if none is named: the UN's men would dwarf the others'."""
OF_ONE_MIND = ("army", "separatists", "gsim")
"""Sides drawn for morale, which Wagner shares with the army."""
SHARES, ZERO_TO_ONE = ("morale",), "0 to 1"
"""Figures that lie between 0 and 1, and what their axis says."""

Columns = Callable[[xr.Dataset], np.ndarray]
"""Figures of some replicates, shape (replicate, date, column), of their stored ones."""


# --- losses ------------------------------------------------------------------------------


@chart()
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
    series = _series(data, scenario, *FIGURES)
    is_own = ax is None
    ax = axis.framed(ax, 7, 4.2)
    found = _draw_losses([ax], [side], series)
    axis.title(ax, axis.scenario_of(series), f"{_dead_of(side)}, truth and claims")
    if is_own:
        _legends(ax, TELLERS.values(), handlelength=3, linewidth=2.2)
        axis.note(ax, given.runs_and_seed(found.n, given.seed_of(data)))
    return ax


@chart("losses", "the dead, as they are and as each side tells")
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
    series = _series(data, scenario, *FIGURES)
    figure = Chart(figsize=(7.8, 4.3), layout="constrained")
    panels = [axis.framed(ax) for ax in figure.subplots(1, len(CAMPS), sharey=True)]
    found = _draw_losses(panels, list(CAMPS), series)
    for ax, side in zip(panels, CAMPS, strict=True):
        axis.heading(ax, _dead_of(side), size=axis.PANEL_SIZE)
    text = axis.asked(axis.scenario_of(series), "losses, truth and claims")
    figure.suptitle(text, x=0.01, ha="left", fontsize=11)
    _legends(panels[0], TELLERS.values(), handlelength=3, linewidth=2.2)
    axis.note(panels[-1], given.runs_and_seed(found.n, given.seed_of(data)))
    made: Figure = figure
    return made


def _draw_losses(panels: Sequence[Axes], sides: Sequence[str], series: xr.Dataset) -> Bands:
    """The three lines of camps on axes with dates, from 0 to over the highest band of all."""
    drawn = []
    for ax, side in zip(panels, sides, strict=True):
        tellers = {"truth": "truth", "own": side, "enemy": CAMPS[side].enemy}
        lines = {f"{side}/{what}": TELLERS[who][1] for what, who in tellers.items()}
        drawn.append(_draw(ax, series, partial(_columns, CAMPS[side]), lines))
    top = max((float(one.levels.max()) for one in drawn if one.levels.size), default=0.0)
    panels[0].set_ylim(0, ROOM * top or 1)
    panels[0].set_ylabel(DEAD, fontsize=8, color=INK)
    return drawn[0]


def _columns(camp: Camp, part: xr.Dataset) -> np.ndarray:
    """All dead, those admitted, and those that the enemy claims; shape (replicate, date, 3)."""
    of = (camp.sides, camp.speakers, CAMPS[camp.enemy].speakers)
    told = [
        _ordered(part[name], sides).sum(axis=-1) for name, sides in zip(FIGURES, of, strict=True)
    ]
    return np.stack(told, axis=-1)


def _dead_of(side: str) -> str:
    return f"dead of {listed(name_of(one) for one in CAMPS[side].sides)}"


# --- forces ------------------------------------------------------------------------------


@chart("forces", "men of each side over time")
def forces(
    data: Batch | xr.Dataset,
    figure: str = "men",
    scenario: str | None = None,
    sides: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A daily figure of each side over time: median, and bands of 50 % and 90 % of the runs.

    Args:
        data: A batch, or its `series`.
        figure: `men`, `morale`, `vehicles`, `supply`, `dead`, ...: those of `batch.series` that
            have sides.
        scenario: Its name; may be left out if the data hold one.
        sides: Of army, wagner, separatists, gsim, minusma, partners; if not given, the first
            four, of whom Wagner's morale is the army's and is left out.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes; upwards the figure in its unit.
    Errors:
        ValueError for a name that the data do not hold.
    """
    if figure not in SERIES:
        raise ValueError(f"figure {figure!r} is not in the data; there is {', '.join(SERIES)}")
    series = _series(data, scenario, figure)
    who = list(sides or (OF_ONE_MIND if figure in SHARES else FIGHTING))
    for side in who:
        given.check_label(series, "side", side)
    is_own = ax is None
    ax = axis.framed(ax, 7, 4.2)
    lines = {side: {"color": colour_of(side)} for side in who}
    found = _draw(ax, series, lambda part: _ordered(part[figure], who), lines)
    if len(found.days):
        ax.set_ylim(0, 1 if figure in SHARES else None)
    unit, meaning = SERIES[figure]
    axis.title(ax, axis.scenario_of(series), meaning.removesuffix(f", {ZERO_TO_ONE}"))
    ax.set_ylabel(ZERO_TO_ONE if unit == "1" else unit, fontsize=8, color=INK)
    if is_own:
        _legends(ax, [(name_of(side), lines[side]) for side in who], linewidth=2.4)
        axis.note(ax, given.runs_and_seed(found.n, given.seed_of(data)))
    return ax


@chart("morale", "morale of each side over time")
def _morale(data: Batch | xr.Dataset, scenario: str | None = None) -> Axes:
    """Morale, see `forces`."""
    return forces(data, "morale", scenario)


# --- medians and bands -------------------------------------------------------------------


@dataclass(frozen=True)
class Bands:
    """Figures by day over all runs that did not fail.

    Attributes:
        days: Dates of the scenario, shape (date,).
        levels: Quantiles at `LEVELS`, shape (level, date, column).
        n: Number of runs.
    """

    days: np.ndarray
    levels: np.ndarray
    n: int


def _series(data: Batch | xr.Dataset, scenario: str | None, *names: str) -> xr.Dataset:
    """Daily figures of one scenario, by their names."""
    held = with_past(data, data.series) if isinstance(data, Batch) else data
    if not isinstance(held, xr.Dataset):
        raise TypeError(f"a Batch or its series is needed, not {type(data).__name__}")
    for name in names:
        if name not in held:
            known = ", ".join(str(known) for known in held)
            raise ValueError(f"figure {name!r} is not in the data; there is {known}")
    if "replicate" not in held.dims:
        raise ValueError(f"there is no dimension 'replicate', only {tuple(held.dims)}")
    return given.chosen(held[list(names)], "scenario", scenario)


def _bands(series: xr.Dataset, columns: Columns, n_columns: int) -> Bands:
    """Quantiles over the runs, day by day.

    Some replicates are read at a time, and of very many runs some dates at a time.

    Args:
        series: Daily figures of one scenario, with `replicate` and `date`; nan outside its window
            and for replicates that failed.
        columns: What is wanted of them.
        n_columns: How many columns that is.
    """
    n_runs, n_dates = series.sizes["replicate"], series.sizes["date"]
    at_once = max(1, CELLS // (n_runs * n_columns))
    levels = np.full((len(LEVELS), n_dates, n_columns), np.nan)
    n = 0
    for first in range(0, n_dates, at_once):
        dates = series.isel(date=slice(first, first + at_once))
        parts = [
            columns(dates.isel(replicate=slice(begin, begin + AT_ONCE)).load()).astype(np.float32)
            for begin in range(0, n_runs, AT_ONCE)
        ]
        values = np.concatenate(parts)
        values = values[~np.isnan(values).all(axis=(1, 2))]
        if len(values):
            known = np.flatnonzero(~np.isnan(values).any(axis=(0, 2)))
            levels[:, first + known] = np.quantile(values[:, known], LEVELS, axis=0)
            n = len(values)
    inside = ~np.isnan(levels[0, :, 0])
    return Bands(series["date"].to_numpy()[inside], levels[:, inside], n)


def _ordered(figure: xr.DataArray, sides: Sequence[str]) -> np.ndarray:
    """A figure of sides, shape (replicate, date, side)."""
    return np.asarray(figure.sel(side=list(sides)).transpose("replicate", "date", "side"))


def _draw(
    ax: Axes, series: xr.Dataset, columns: Columns, lines: Mapping[str, dict[str, Any]]
) -> Bands:
    """Medians as lines, and bands of 50 % and 90 % of the runs, in steps.

    A figure is that at the end of its day, and is drawn from 0:00 to 24:00 of it.

    Args:
        ax: The axes.
        series: Of one scenario.
        columns: What is drawn of them.
        lines: By column its name, by which line and bands are found again, and its style.
    """
    found = _bands(series, columns, len(lines))
    ax.yaxis.set_major_formatter(axis.COUNT)
    if not len(found.days):
        axis.empty(ax)
        return found
    edges = axis.dates(ax, found.days)
    mark_known(ax, series)
    for column, (name, style) in enumerate(lines.items()):
        levels = found.levels[..., column]
        held = np.concatenate([levels[:, :1], levels], axis=1)
        for low, high, opacity in ((0, 4, OUTER), (1, 3, INNER)):
            ax.fill_between(
                edges, held[low], held[high], step="pre", color=style["color"], alpha=opacity,
                linewidth=0, gid=f"band/{name}",
            )  # fmt: skip
        ax.plot(edges, held[2], drawstyle="steps-pre", linewidth=1.8, gid=f"median/{name}", **style)
    return found


def _legends(
    ax: Axes, lines: Iterable[tuple[str, dict[str, Any]]], linewidth: float, **options: Any
) -> None:
    """Two rows below the chart: the lines, and what line and bands are."""
    who = [line_key(label, linewidth=linewidth, **style) for label, style in lines]
    what: list[Key] = [
        line_key("median", FAINT, linewidth=1.8),
        Patch(facecolor=FAINT, alpha=OUTER + INNER, linewidth=0, label="50 % of runs"),
        Patch(facecolor=FAINT, alpha=OUTER, linewidth=0, label="90 % of runs"),
    ]
    axis.stack_legends(ax, [who, what], **options)
