"""Maps: who most probably holds each base at a date, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from camphandover.charts.axis import (
    LEGEND_ROW,
    day_text,
    holder_patches,
    note,
    scenario_of,
    stack_legends,
    title,
    words,
)
from camphandover.charts.control import certainty_patches, holder_colours, likeliest
from camphandover.charts.data import Data, caption, chosen_date, inside_window, some_shares
from camphandover.charts.geography import LAND, draw_ground, ground_keys, is_on_map
from camphandover.charts.labels import Box, Label, place_labels
from camphandover.charts.palette import COLOURS, FAINT, INK, NO_DATA
from camphandover.charts.planned import KEY_BASES
from camphandover.charts.style import Chart, adopted, styled
from camphandover.charts.textsize import text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.text import Text

Day = date | str | np.datetime64

WIDE, HIGH = 7.6, 6.6
"""Size of a map, inches."""
AROUND = {"left": 0.15, "right": 0.15, "top": 0.42, "bottom": 0.85}
"""Inches around a map; the legends stand below it."""
LEGENDS = 9
"""Points from a map to its legends."""
KEY_RADIUS, RADIUS, SMALL = 6.5, 4.0, 0.75
"""Radius of the discs of key bases and of others, points; how much smaller in a sequence."""
KEY_SIZE, SIZE = 8.5, 6.5
"""Size of the names of key bases and of others, points."""
WIDEST = "100 %"
PANEL = (3.35, 2.93)
"""Size of a map in a sequence, inches."""
COLUMNS = 3
GAPS = (0.12, 0.3)
"""Inches between the maps of a sequence, beside and below each other."""
PANELS = 6
"""Maps of a sequence if no dates are given."""


class BaseMap:
    """A map on axes, whose date can be changed."""

    def __init__(self, ax: Axes, shares: xr.Dataset, *, detailed: bool = True) -> None:
        """Draw the ground and the bases, as yet without holders.

        Args:
            ax: The axes, at their place in the figure.
            shares: Of one scenario and slot, with `lat` and `lon` of the places.
            detailed: Whether there is room for the names of all places, and for shares.
        Errors:
            ValueError if the places have no position.
        """
        if not {"lat", "lon"} <= set(shares.coords):
            raise ValueError("the data hold no lat and lon of the places")
        self.ax, self.detailed = ax, detailed
        lon, lat = shares["lon"].to_numpy(), shares["lat"].to_numpy()
        on_map = np.flatnonzero(is_on_map(lon, lat))
        names = [str(name) for name in shares["place"].values]
        # Key bases come last, so that they lie on top.
        self.rows = sorted(on_map, key=lambda row: names[row] in KEY_BASES)
        self.names = [names[row] for row in self.rows]
        self.off = [name for name in names if name not in self.names]
        draw_ground(ax, detailed=detailed)
        self.discs = self._draw_discs(lon[self.rows], lat[self.rows])
        self.texts = self._name_bases()

    def _radius(self, name: str) -> float:
        radius = KEY_RADIUS if name in KEY_BASES else RADIUS
        return radius if self.detailed else radius * SMALL

    def _draw_discs(self, lon: np.ndarray, lat: np.ndarray) -> PathCollection:
        areas = [(2 * self._radius(name)) ** 2 for name in self.names]
        discs = self.ax.scatter(lon, lat, s=areas, c=NO_DATA, linewidths=1.3, zorder=4)
        discs.set_gid("bases")
        return discs

    def _name_bases(self) -> dict[str, Text]:
        """Names beside the discs, those of the key bases first; where there is no room, none."""
        order = [row for row in reversed(range(len(self.names))) if self._is_named(row)]
        points = self._points()
        labels = [self._label(row, points) for row in order]
        rest = [row for row in range(len(self.names)) if row not in order]
        discs = [self._label(row, points) for row in rest]
        taken = [Box(d.x - d.radius, d.y - d.radius, d.x + d.radius, d.y + d.radius) for d in discs]
        at = np.asarray(self.discs.get_offsets())
        texts: dict[str, Text] = {}
        for row, offset in zip(order, place_labels(labels, self._edge(), taken), strict=True):
            if offset is None:
                continue
            name = self.names[row]
            is_key = name in KEY_BASES
            texts[name] = self.ax.annotate(
                name, (at[row, 0], at[row, 1]), xytext=offset,
                textcoords="offset points", va="bottom", zorder=5, annotation_clip=True,
                fontsize=self._size(name), color=INK if is_key else FAINT,
                weight="bold" if is_key else "normal",
                path_effects=[withStroke(linewidth=2, foreground=LAND)],
            )  # fmt: skip
        return texts

    def _is_named(self, row: int) -> bool:
        return self.detailed or self.names[row] in KEY_BASES

    def _size(self, name: str) -> float:
        return KEY_SIZE if self.detailed and name in KEY_BASES else SIZE

    def _points(self) -> np.ndarray:
        """Where the discs are, points, shape (base, 2)."""
        self.ax.apply_aspect()
        figure = self.ax.get_figure(root=True)
        assert figure is not None
        pixels = self.ax.transData.transform(self.discs.get_offsets())
        return np.asarray(pixels) * 72 / figure.dpi

    def _label(self, row: int, points: np.ndarray) -> Label:
        name = self.names[row]
        is_key = name in KEY_BASES
        text = f"{name} {WIDEST}" if is_key and self.detailed else name
        size = text_size(text, self._size(name), "bold" if is_key else "normal")
        x, y = points[row]
        return Label(float(x), float(y), self._radius(name), *size, must=is_key)

    def _edge(self) -> Box:
        """The map on the paper, points."""
        figure = self.ax.get_figure(root=True)
        assert figure is not None
        box = self.ax.get_window_extent()
        return Box(*(float(at) * 72 / figure.dpi for at in (box.x0, box.y0, box.x1, box.y1)))

    def show(self, shares: xr.Dataset) -> None:
        """Colour the bases as they are at a date.

        Args:
            shares: Of the places that the map was made of, at one date, with a dimension `date`.
        """
        best, share = likeliest(shares)
        faces = [tuple(rgb) for rgb in holder_colours(shares)[self.rows, 0].tolist()]
        holders = [str(holder) for holder in shares["holder"].values]
        rims = [
            to_rgb(COLOURS[holders[code]] if code >= 0 else FAINT) for code in best[self.rows, 0]
        ]
        self.discs.set_facecolor(faces)
        self.discs.set_edgecolor(rims)
        if self.detailed:
            for row, name in zip(self.rows, self.names, strict=True):
                if name in KEY_BASES and name in self.texts:
                    self.texts[name].set_text(f"{name} {_percent(share[row, 0])}".rstrip())


def _percent(share: float) -> str:
    """A share in whole percent; nothing without runs."""
    return "" if np.isnan(share) else f"{np.floor(100 * share + 0.5):.0f} %"


@styled
def control_map(
    data: Data,
    date: Day,
    scenario: str | None = None,
    slot: str = "camp",
    ax: Axes | None = None,
) -> Axes:
    """Northern Mali at the end of a day: who most probably holds each base, and how surely.

    A disc has the colour of the likeliest holder; its inside is the paler, the less certain that
    is, its rim keeps the full colour. Key bases are larger and have the holder's share of runs
    beside their name. Roads are drawn straight; Bamako lies off the map.

    Args:
        data: A batch, its `control`, or its `control_shares`.
        date: The day, `"2023-11-15"` or a date.
        scenario: Its name; may be left out if the data hold one.
        slot: `camp` or `town`.
        ax: Where to draw; axes of a new figure if not given.
    Returns:
        The axes, longitude and latitude in degrees.
    Errors:
        ValueError for a name or date that the data do not hold.
    """
    shares = chosen_date(some_shares(data, scenario, slot=slot), date)
    at = shares["date"].values
    shares = shares.expand_dims("date")
    ax = map_axes() if ax is None else adopted(ax)
    drawn = BaseMap(ax, shares)
    drawn.show(shares)
    when = day_text(at)
    title(ax, scenario_of(shares), f"who most probably holds each {slot} on {when}?")
    draw_legends(ax, shares, LEGENDS)
    note(ax, caption_of_map(drawn, shares), LEGENDS + 2 * LEGEND_ROW + 1)
    return ax


def map_axes() -> Axes:
    """Axes of a map in a figure of its own, laid out by hand so that labels know their room."""
    width = WIDE + AROUND["left"] + AROUND["right"]
    height = HIGH + AROUND["top"] + AROUND["bottom"]
    figure = Chart(figsize=(width, height))
    left, low = AROUND["left"] / width, AROUND["bottom"] / height
    return figure.add_axes((left, low, WIDE / width, HIGH / height))


def caption_of_map(drawn: BaseMap, shares: xr.Dataset) -> str:
    """Runs, seed, and which places lie off the map."""
    off = f"off the map: {', '.join(drawn.off)}; " if drawn.off else ""
    return f"{off}{caption(shares)}"


def draw_legends(ax: Axes, shares: xr.Dataset, points: float) -> None:
    """Three rows so many points below the axes: holders, certainty, the ground.

    Args:
        ax: The axes.
        shares: With all dates that are shown.
        points: Below the axes.
    """
    best, _ = likeliest(shares)
    names = [str(shares["holder"].values[code]) for code in np.unique(best[best >= 0])]
    rows: list[list[Patch] | list[Line2D]] = [
        [words("likeliest holder:"), *holder_patches(names)],
        [words("in this share of runs:"), *certainty_patches()],
        ground_keys(),
    ]
    stack_legends(ax, rows, points)


@styled
def map_sequence(
    data: Data,
    dates: Sequence[Day] | None = None,
    scenario: str | None = None,
    slot: str = "camp",
) -> Figure:
    """Maps of several dates beside each other; see `control_map`.

    Args:
        data: A batch, its `control`, or its `control_shares`.
        dates: The days; six from the first to the last one of the scenario if not given.
        scenario: Its name; may be left out if the data hold one.
        slot: `camp` or `town`.
    Returns:
        The figure.
    Errors:
        ValueError for a name or date that the data do not hold, or if there is no date.
    """
    shares = some_shares(data, scenario, slot=slot)
    days = spread_dates(shares, PANELS) if dates is None else list(dates)
    if not days:
        raise ValueError("there is no date to draw")
    at = [chosen_date(shares, day).expand_dims("date") for day in days]
    figure, panels = _panels(len(at))
    for ax, one in zip(panels, at, strict=True):
        BaseMap(ax, one, detailed=False).show(one)
        ax.set_title(day_text(one["date"].values[0]), loc="left", fontsize=9, color=INK, pad=3)
    together = xr.concat(at, "date")
    draw_legends(panels[len(at) - 1 - (len(at) - 1) % COLUMNS], together, LEGENDS)
    _around(figure, scenario_of(shares), f"who most probably holds each {slot}?", together)
    return figure


def _around(figure: Figure, scenario: str | None, question: str, shares: xr.Dataset) -> None:
    """Title and caption of a sequence."""
    width, height = figure.get_size_inches()
    left = AROUND["left"] / width
    text = f"{scenario}: {question}" if scenario else question[0].upper() + question[1:]
    figure.text(left, 1 - 0.1 / height, text, va="top", fontsize=12, color=INK)
    low = (AROUND["bottom"] - (LEGENDS + 2 * LEGEND_ROW + 8) / 72) / height
    right = 1 - left
    figure.text(right, low, caption(shares), ha="right", fontsize=7, color=FAINT)


def spread_dates(shares: xr.Dataset, n: int) -> list[np.datetime64]:
    """At most so many dates from the first to the last one with runs, evenly apart."""
    days = inside_window(shares)["date"].to_numpy()
    if len(days) == 0:
        return []
    rows = np.unique(np.linspace(0, len(days) - 1, n).round().astype(int))
    return list(days[rows])


def _panels(n: int) -> tuple[Figure, list[Axes]]:
    """A figure with so many maps, laid out by hand."""
    columns = min(COLUMNS, n)
    rows = -(-n // columns)
    least = WIDE + AROUND["left"] + AROUND["right"]
    width = AROUND["left"] + AROUND["right"] + columns * PANEL[0] + (columns - 1) * GAPS[0]
    top, bottom = AROUND["top"] + 0.15, AROUND["bottom"]
    height = top + bottom + rows * PANEL[1] + (rows - 1) * GAPS[1]
    figure = Chart(figsize=(max(width, least), height))
    whole = figure.get_figwidth()
    panels = []
    for i in range(n):
        row, column = divmod(i, columns)
        left = AROUND["left"] + column * (PANEL[0] + GAPS[0])
        low = height - top - (row + 1) * PANEL[1] - row * GAPS[1]
        box = (left / whole, low / height, PANEL[0] / whole, PANEL[1] / height)
        panels.append(figure.add_axes(box))
    return figure, panels
