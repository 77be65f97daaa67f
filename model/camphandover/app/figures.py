"""What the page draws of the live model, and figures as the bytes of an image."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from camphandover.agents.model import NorthernMali
from camphandover.app import live
from camphandover.batch.cubes import HOLDERS
from camphandover.charts import axis
from camphandover.charts.control import holder_colours, stack
from camphandover.charts.geography import ground_keys
from camphandover.charts.keydates import mark_known
from camphandover.charts.maps import BaseMap
from camphandover.charts.style import INK, NO_DATA, Chart, styled
from camphandover.measure.outcomes import KEY_BASES

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120
MAP_SIZE = (5.5, 4.78)
"""Inches of the map itself, on which names keep a size that can be read."""


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
    camps, n_days = live.camps(model), live.days_played(model)
    window = np.datetime64(model.world.first, "D") + np.arange(model.control.shape[-1])
    edges = model.world.first + np.arange(n_days + 1.0)
    _draw_bases(upper, camps.sel(place=list(KEY_BASES)), edges)
    _draw_shares(lower, camps, edges)
    for ax in (upper, lower):
        axis.frame(ax)
        ends = axis.dates(ax, window)
        ax.axvspan(ends[n_days], ends[-1], color=NO_DATA, linewidth=0)
        mark_known(ax, camps)
    upper.set_xlabel("")
    upper.tick_params(axis="y", length=0)
    seen = [one["share"].any(("place", "date")) for one in (live.camps_now(model), camps)]
    present = np.array(HOLDERS)[(seen[0] | seen[1]).to_numpy()]
    figure.legend(
        handles=axis.holder_patches(present.tolist()),
        loc="outside lower center", ncols=len(HOLDERS), frameon=False, fontsize=8,
    )  # fmt: skip
    found: Figure = figure
    return found


def _draw_bases(ax: Axes, camps: xr.Dataset, edges: np.ndarray) -> None:
    """A strip for each key base, coloured by the holder of its camp."""
    ax.set_title("Camps of the key bases", loc="left", fontsize=9.5, color=INK)
    if len(edges) > 1:
        extent = (edges[0], edges[-1], len(KEY_BASES) - 0.5, -0.5)
        ax.imshow(holder_colours(camps), extent=extent, aspect="auto", interpolation="nearest")
    for row in range(1, len(KEY_BASES)):
        ax.axhline(row - 0.5, color="white", linewidth=2)
    ax.set_ylim(len(KEY_BASES) - 0.5, -0.5)
    ax.set_yticks(range(len(KEY_BASES)), KEY_BASES)


def _draw_shares(ax: Axes, camps: xr.Dataset, edges: np.ndarray) -> None:
    """Share of the camps that each holder has, stacked."""
    title = f"Share of the camps of all {camps.sizes['place']} places"
    ax.set_title(title, loc="left", fontsize=9.5, color=INK)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(axis.PERCENT)
    ax.set_yticks([0, 0.5, 1])
    shares = camps["share"].mean("place").transpose("holder", "date").to_numpy()
    stack(ax, edges, dict(zip(HOLDERS, shares, strict=True)))
    if len(edges) == 1:
        axis.empty(ax, "no day played yet", fontsize=9)


class LiveMap:
    """The map of one run, on which only the colours of the bases change."""

    @styled
    def __init__(self, model: NorthernMali) -> None:
        """Draw the ground and the names, once for all models of these places."""
        self.figure, (ax,) = axis.panels(1, 1, MAP_SIZE, (0.1, 0.1, 0.35, 0.55))
        self.drawn = BaseMap(ax, live.camps_now(model), percents=False)
        self.title = ax.set_title("", loc="left", fontsize=9.5, color=INK)
        axis.stack_legends(ax, [axis.holder_patches(HOLDERS), ground_keys()], 7)

    @styled
    def image(self, model: NorthernMali) -> bytes:
        """The model as it stands, as the bytes of a PNG."""
        self.drawn.show(live.camps_now(model))
        told = ", the last day that is known" if live.is_at_origin(model) else ""
        self.title.set_text(f"Who has which camp now{told}")
        return png(self.figure)


@cache
def _map() -> LiveMap:
    """The one map of this process."""
    return LiveMap(NorthernMali())


@styled
def map_png(model: NorthernMali) -> bytes:
    """The map of the model as it stands, as the bytes of a PNG."""
    return _map().image(model)
