"""What the page draws of the live model, and figures as the bytes of an image."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap
from matplotlib.patches import StepPatch
from matplotlib.text import Annotation
from matplotlib.ticker import PercentFormatter

from camphandover.agents.model import NorthernMali
from camphandover.app import live
from camphandover.batch.cubes import HOLDERS
from camphandover.charts.axis import LEGEND_ROW, below, dates, frame, holder_patches
from camphandover.charts.geography import ground_keys
from camphandover.charts.maps import BaseMap
from camphandover.charts.palette import COLOURS, FAINT, INK, NO_DATA, STACK
from camphandover.charts.style import Chart, styled
from camphandover.charts.textsize import text_size
from camphandover.core import state as st
from camphandover.measure.outcomes import KEY_BASES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

DPI = 120
MAP_SIZE = (5.5, 4.78)
"""Inches of the map itself, on which names keep a size that can be read."""
DRAWN = [holder for holder in STACK if holder in HOLDERS]
"""Holders of a live model from the bottom of a stack to its top."""


def png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG."""
    sink = io.BytesIO()
    figure.savefig(sink, format="png", dpi=DPI)
    return sink.getvalue()


def control_png(model: NorthernMali) -> bytes:
    """The chart of control so far, as the bytes of a PNG."""
    return png(control_figure(model))


@styled
def control_figure(model: NorthernMali) -> Figure:
    """Who has the camps so far: the key bases day by day, below them the share of all places."""
    figure = Chart(figsize=(5.7, 5.68), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(1.25, 1), sharex=True)
    window = np.datetime64(model.world.first, "D") + np.arange(model.control.shape[-1])
    _draw_bases(upper, model)
    _draw_shares(lower, model)
    for ax in (upper, lower):
        frame(ax)
        edges = dates(ax, window)
        ax.axvspan(edges[live.days_played(model)], edges[-1], color=NO_DATA, linewidth=0)
    upper.set_xlabel("")
    upper.tick_params(axis="y", length=0)
    present = [holder for holder in DRAWN if holder in _present(model)]
    figure.legend(
        handles=holder_patches(present), loc="outside lower center", ncols=len(DRAWN),
        frameon=False, fontsize=8,
    )  # fmt: skip
    return figure


def _present(model: NorthernMali) -> set[str]:
    """Holders that have a camp now or had one on a day so far."""
    played = model.control[:, st.Slot.CAMP, : live.days_played(model)]
    seen = {st.Holder(int(code)).name.lower() for code in np.unique(played)}
    return seen | set(live.holders(model).values())


def _draw_bases(ax: Axes, model: NorthernMali) -> None:
    """A strip for each key base, coloured by the holder of its camp."""
    ax.set_title("Camps of the key bases", loc="left", fontsize=9.5, color=INK)
    start = float(model.world.first)
    n_days = live.days_played(model)
    if n_days:
        strips = np.array([live.codes(model, place) for place in KEY_BASES])
        colours = ListedColormap([COLOURS[holder.name.lower()] for holder in st.Holder])
        ax.imshow(
            strips, cmap=colours, vmin=-0.5, vmax=len(st.Holder) - 0.5, aspect="auto",
            extent=(start, start + n_days, len(KEY_BASES) - 0.5, -0.5), interpolation="nearest",
        )  # fmt: skip
    for row in range(1, len(KEY_BASES)):
        ax.axhline(row - 0.5, color="white", linewidth=2)
    ax.set_ylim(len(KEY_BASES) - 0.5, -0.5)
    ax.set_yticks(range(len(KEY_BASES)), KEY_BASES)


def _draw_shares(ax: Axes, model: NorthernMali) -> None:
    """Share of the camps that each holder has, stacked."""
    n_places = len(model.world.places)
    title = f"Share of the camps of all {n_places} places"
    ax.set_title(title, loc="left", fontsize=9.5, color=INK)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_yticks([0, 0.5, 1])
    shares = live.shares(model)
    edges = model.world.first + np.arange(shares.shape[1] + 1.0)
    bottom = np.zeros(shares.shape[1])
    for name in DRAWN if len(bottom) else ():
        top = bottom + shares[st.Holder[name.upper()]]
        area = StepPatch(top, edges, facecolor=COLOURS[name], linewidth=0)
        area.set_data(baseline=bottom)  # type: ignore[arg-type]
        ax.add_artist(area)
        bottom = top
    if not len(bottom):
        ax.text(
            0.5, 0.5, "no day played yet", transform=ax.transAxes, ha="center", color=FAINT,
            fontsize=9,
        )  # fmt: skip


class LiveMap:
    """The map of one run, on which only the colours of the bases change."""

    @styled
    def __init__(self, model: NorthernMali) -> None:
        """Draw the ground and the names, once for all models of these places."""
        width, height = MAP_SIZE
        self.figure = Chart(figsize=(width + 0.2, height + 0.9))
        whole = self.figure.get_size_inches()
        ax = self.figure.add_axes(
            (0.1 / whole[0], 0.55 / whole[1], width / whole[0], height / whole[1])
        )
        self.drawn = BaseMap(ax, certain(model))
        self.drawn.show(certain(model))
        for name, text in self.drawn.texts.items():
            _without_share(text, name)
        ax.set_title("Who has which camp now", loc="left", fontsize=9.5, color=INK)
        roads = ax.legend(handles=ground_keys(), ncols=5, **below(ax, 7 + LEGEND_ROW))
        ax.add_artist(roads)
        ax.legend(handles=holder_patches(DRAWN), ncols=len(DRAWN), **below(ax, 7))

    @styled
    def image(self, model: NorthernMali) -> bytes:
        """The model as it stands, as the bytes of a PNG."""
        self.drawn.show(certain(model))
        for name, text in self.drawn.texts.items():
            text.set_text(name)
        return png(self.figure)


def _without_share(text: Text, name: str) -> None:
    """Let a name that loses its `100 %` stay as close to its disc as it was."""
    if text.get_text() == name or not isinstance(text, Annotation):
        return
    width, _ = text_size(text.get_text(), text.get_fontsize(), "bold")
    x, y = text.xyann
    if x + width <= 0:
        text.set_horizontalalignment("right")
        text.xyann = (x + width, y)
    elif x < 0:
        text.set_horizontalalignment("center")
        text.xyann = (x + width / 2, y)


def certain(model: NorthernMali) -> xr.Dataset:
    """Who has each camp now, in the form of shares of runs: one run, so all of them or none."""
    holders = live.holders(model).values()
    share = np.array([[holder == name for name in HOLDERS] for holder in holders], float)
    places = model.theatre.places
    return xr.Dataset(
        {"share": (("place", "date", "holder"), share[:, None, :])},
        coords={
            "place": [place.name for place in places],
            "date": [np.datetime64(live.today(model), "ns")],
            "holder": list(HOLDERS),
            "lat": ("place", [place.lat for place in places]),
            "lon": ("place", [place.lon for place in places]),
        },
    )


@cache
def _map() -> LiveMap:
    """The one map of this process."""
    return LiveMap(NorthernMali())


@styled
def map_png(model: NorthernMali) -> bytes:
    """The map of the model as it stands, as the bytes of a PNG."""
    return _map().image(model)
