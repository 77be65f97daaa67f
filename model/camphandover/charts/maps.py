"""Maps: who most probably holds each base at a date, at several dates, from week to week."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from camphandover import inputs
from camphandover.batch.files import write_whole
from camphandover.charts import axis, given
from camphandover.charts.axis import LEGEND_ROW, day_text, figure_of
from camphandover.charts.control import holder_colours, likeliest, likeliest_rows
from camphandover.charts.geography import LAND, draw_ground, ground_keys, is_on_map
from camphandover.charts.given import Data, Day
from camphandover.charts.labels import Box, Label, place_labels
from camphandover.charts.registry import chart
from camphandover.charts.style import COLOURS, FAINT, INK, NO_DATA, adopted, text_size
from camphandover.errors import BatchError
from camphandover.measure.notation import percent
from camphandover.measure.outcomes import KEY_BASES

if TYPE_CHECKING:
    from matplotlib.animation import AbstractMovieWriter
    from matplotlib.collections import PathCollection
    from matplotlib.text import Text

SIZE, AROUND = (7.6, 6.6), (0.15, 0.15, 0.42, 0.85)
"""Width and height of a map, and around it left, right, above and below, for legends: inches."""
PANEL, GAPS, COLUMNS = (3.35, 2.93), (0.12, 0.3), 3
"""The same of a map in a sequence; between such maps; how many stand abreast."""
PANELS = 6
"""Maps of a sequence if no dates are given."""
LEGENDS = 9
"""Points from a map to its legends."""
KEY_RADIUS, RADIUS, SMALL = 6.5, 4.0, 0.75
"""Radius of the discs of key bases and of others, points; how much smaller in a sequence."""
KEY_SIZE, OTHER_SIZE = 8.5, 6.5
"""Size of the names of key bases and of others, points."""
WIDEST = "100 %"
SUFFIXES = (".gif", ".mp4")
PER_SECOND, LAST, FILM_DPI = 3, 5, 90
"""Pictures a second, those for which the last day stays, and their dots an inch."""
MOST_STEP = 10_000


class BaseMap:
    """A map on axes, whose date can be changed."""

    def __init__(
        self, ax: Axes, shares: xr.Dataset, *, detailed: bool = True, percents: bool = True
    ) -> None:
        """Draw the ground and the bases, as yet without holders.

        Args:
            ax: The axes, at their place in the figure.
            shares: Of one scenario and slot, with `lat` and `lon` of the places.
            detailed: Whether there is room for the names of all places, and for shares.
            percents: Whether key bases have the holder's share of runs beside their name.
        Errors:
            ValueError if the places have no position.
        """
        if not {"lat", "lon"} <= set(shares.coords):
            raise ValueError("the data hold no lat and lon of the places")
        self.ax, self.detailed, self.percents = ax, detailed, detailed and percents
        lon, lat = shares["lon"].to_numpy(), shares["lat"].to_numpy()
        names = [str(name) for name in shares["place"].values]
        # Key bases come last, so that they lie on top.
        on_map = np.flatnonzero(is_on_map(lon, lat))
        self.rows = sorted(on_map, key=lambda row: names[row] in KEY_BASES)
        self.names = [names[row] for row in self.rows]
        self.off = [name for name in names if name not in self.names]
        draw_ground(ax, detailed=detailed)
        self.at = np.column_stack([lon, lat])[self.rows]
        self.discs = self._draw_discs()
        self.texts = self._name_bases()

    def _radius(self, name: str) -> float:
        radius = KEY_RADIUS if name in KEY_BASES else RADIUS
        return radius if self.detailed else radius * SMALL

    def _draw_discs(self) -> PathCollection:
        areas = [(2 * self._radius(name)) ** 2 for name in self.names]
        lon, lat = self.at.T
        return self.ax.scatter(lon, lat, s=areas, c=NO_DATA, linewidths=1.3, zorder=4, gid="bases")

    def _name_bases(self) -> dict[str, Text]:
        """Names beside the discs, those of the key bases first; where there is no room, none."""
        is_named = [self.detailed or name in KEY_BASES for name in self.names]
        order = [row for row in reversed(range(len(self.names))) if is_named[row]]
        self.ax.apply_aspect()
        points = self.ax.transData.transform(self.at) * 72 / figure_of(self.ax).dpi
        labels = [self._label(name, *at) for name, at in zip(self.names, points, strict=True)]
        taken = [labels[row].disc for row in range(len(labels)) if not is_named[row]]
        edge = Box(*(float(at) for at in axis.points_of(self.ax)))
        places = place_labels([labels[row] for row in order], edge, taken)
        texts: dict[str, Text] = {}
        for row, offset in zip(order, places, strict=True):
            if offset is None:
                continue
            name = self.names[row]
            is_key = name in KEY_BASES
            texts[name] = self.ax.annotate(
                name, (self.at[row, 0], self.at[row, 1]), xytext=offset,
                textcoords="offset points", va="bottom", zorder=5, annotation_clip=True,
                fontsize=self._size(name), color=INK if is_key else FAINT,
                weight="bold" if is_key else "normal",
                path_effects=[withStroke(linewidth=2, foreground=LAND)],
            )  # fmt: skip
        return texts

    def _size(self, name: str) -> float:
        return KEY_SIZE if self.detailed and name in KEY_BASES else OTHER_SIZE

    def _label(self, name: str, x: float, y: float) -> Label:
        is_key = name in KEY_BASES
        text = f"{name} {WIDEST}" if is_key and self.percents else name
        size = text_size(text, self._size(name), "bold" if is_key else "normal")
        return Label(float(x), float(y), self._radius(name), *size, must=is_key)

    def show(self, shares: xr.Dataset) -> None:
        """Colour the bases as they are at a date.

        Args:
            shares: Of the places that the map was made of, at one date, with a dimension `date`.
        """
        best, share = (found[self.rows, 0] for found in likeliest(shares))
        holders = [str(holder) for holder in shares["holder"].values]
        rims = [to_rgb(COLOURS[holders[code]] if code >= 0 else FAINT) for code in best]
        self.discs.set_facecolor([tuple(rgb) for rgb in holder_colours(shares)[self.rows, 0]])
        self.discs.set_edgecolor(rims)
        for name, its in zip(self.names, share, strict=True):
            if self.percents and name in KEY_BASES and name in self.texts:
                self.texts[name].set_text(name if np.isnan(its) else f"{name} {percent(its)} %")


@chart("map", "who most probably holds each base at a date")
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
    beside their name. Roads are drawn straight; Bamako lies off the map. On a day of the past that
    is known the holder is that by the record, and the share is of runs in which it is so.

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
    shares = given.chosen_date(given.some_shares(data, scenario=scenario, slot=slot), date)
    ax = _map_axes() if ax is None else adopted(ax)
    drawn = BaseMap(ax, shares)
    _show(drawn, shares, slot)
    _around(drawn, shares)
    return ax


def _map_axes() -> Axes:
    """Axes of a map in a figure of its own, laid out by hand so that labels know their room."""
    _, (ax,) = axis.panels(1, 1, SIZE, AROUND)
    return ax


def _show(drawn: BaseMap, shares: xr.Dataset, slot: str) -> None:
    """The bases at a date, and the title that tells it."""
    drawn.show(shares)
    when = day_text(shares["date"].values[0])
    question = f"who most probably holds each {slot} on {when}?"
    if given.is_past(shares).all():
        question = f"who held each {slot} on {when}, by the record?"
    axis.title(drawn.ax, axis.scenario_of(shares), question)


def _around(drawn: BaseMap, shares: xr.Dataset) -> None:
    """Below a map its legends, runs, seed, and which places lie off it."""
    _draw_legends(drawn.ax, shares)
    off = f"off the map: {', '.join(drawn.off)}; " if drawn.off else ""
    axis.note(drawn.ax, f"{off}{given.caption(shares)}", LEGENDS + 2 * LEGEND_ROW + 1)


def _draw_legends(ax: Axes, shares: xr.Dataset) -> None:
    """Three rows below the axes: holders at all dates that are shown, certainty, the ground."""
    axis.stack_legends(ax, [*likeliest_rows([shares]), ground_keys()], LEGENDS)


@chart("maps", "who most probably holds each base at several dates")
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
    shares = given.some_shares(data, scenario=scenario, slot=slot)
    days = _spread_dates(shares, PANELS) if dates is None else list(dates)
    if not days:
        raise ValueError("there is no date to draw")
    at = [given.chosen_date(shares, day) for day in days]
    n_columns = min(COLUMNS, len(at))
    left, right, above, below = AROUND
    wide = n_columns * PANEL[0] + (n_columns - 1) * GAPS[0]
    right += max(0.0, SIZE[0] - wide)  # the legends need the width of a single map
    figure, panels = axis.panels(
        len(at), n_columns, PANEL, (left, right, above + 0.15, below), GAPS
    )
    for ax, one in zip(panels, at, strict=True):
        BaseMap(ax, one, detailed=False).show(one)
        by = ", by the record" if given.is_past(one).all() else ""
        axis.heading(ax, f"{day_text(one['date'].values[0])}{by}", 3, axis.PANEL_SIZE)
    together = xr.concat(at, "date")
    _draw_legends(panels[(len(at) - 1) // n_columns * n_columns], together)
    question = axis.asked(axis.scenario_of(shares), f"who most probably holds each {slot}?")
    axis.head(figure, left, question, down=0.1)
    axis.foot(figure, left, given.caption(together), up=below - (LEGENDS + 2 * LEGEND_ROW + 8) / 72)
    return figure


def _spread_dates(shares: xr.Dataset, n: int) -> list[np.datetime64]:
    """At most so many dates from the first to the last one with runs, evenly apart."""
    days = given.inside_window(shares)["date"].to_numpy()
    if len(days) == 0:
        return []
    rows = np.unique(np.linspace(0, len(days) - 1, n).round().astype(int))
    return list(days[rows])


@chart("animation", "the map from week to week: a GIF, or with ffmpeg an MP4")
def animate_map(
    data: Data,
    path: str | Path,
    scenario: str | None = None,
    step: int = 7,
    slot: str = "camp",
) -> Path:
    """Write the maps of a scenario, one after the other; see `control_map`.

    Args:
        data: A batch, its `control`, or its `control_shares`.
        path: The file: a GIF, or with ffmpeg an MP4, by its suffix. It is written whole.
        scenario: Its name; may be left out if the data hold one.
        step: Days from one picture to the next, at least 1; the last day is always there.
        slot: `camp` or `town`.
    Returns:
        The file.
    Errors:
        ValueError for a name that the data do not hold, a step below 1, or no run on any date;
        BatchError if the file can be neither, or ffmpeg is not there.
    """
    path = inputs.path("path", path)
    writer = _writer(path)
    step = inputs.whole("step", step, 1, MOST_STEP)
    shares = given.inside_window(given.some_shares(data, scenario=scenario, slot=slot))
    n_days = shares.sizes["date"]
    if n_days == 0:
        raise ValueError("there is no run on any date")
    rows = [*range(0, n_days - 1, step), *[n_days - 1] * LAST]
    drawn = BaseMap(_map_axes(), shares)
    _around(drawn, shares.isel(date=np.unique(rows)))
    with TemporaryDirectory() as room:
        # The writers of matplotlib know the format by the name.
        film = Path(room, path.name)
        with writer.saving(figure_of(drawn.ax), str(film), FILM_DPI):
            for row in rows:
                _show(drawn, shares.isel(date=[row]), slot)
                writer.grab_frame()
        write_whole(path, film.read_bytes())
    return path


def _writer(path: Path) -> AbstractMovieWriter:
    """What writes a file of this kind."""
    from matplotlib.animation import FFMpegWriter, PillowWriter

    if path.suffix.lower() not in SUFFIXES:
        raise BatchError(f"{path}: a name that ends in {' or '.join(SUFFIXES)} is needed.")
    if path.suffix.lower() == ".gif":
        return PillowWriter(fps=PER_SECOND)
    if not FFMpegWriter.isAvailable():
        raise BatchError(
            f"{path}: an MP4 needs ffmpeg, which is not on this machine. Install it, or give a "
            "name that ends in .gif."
        )
    return FFMpegWriter(fps=PER_SECOND)
