"""The charts that a batch leaves in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from camphandover import inputs
from camphandover.batch.batch import Batch
from camphandover.batch.store import CHARTS
from camphandover.charts.axis import below, dates, holder_patches, present_holders
from camphandover.charts.control import control_heatmap, draw_stack, exit_key
from camphandover.charts.data import caption, chosen, inside_window, median_exit
from camphandover.charts.files import save
from camphandover.charts.palette import FAINT, INK
from camphandover.charts.planned import MANY, chart_files, is_current
from camphandover.charts.points import points_figure
from camphandover.charts.style import Chart, styled
from camphandover.charts.textsize import fitted
from camphandover.measure.shares import control_shares

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
DPI = 130
PANEL = (3.1, 1.75)
"""Width, if there are three abreast, and height of a panel, inches."""
NARROWEST = 8.0
"""Least width of a figure with panels, inches: its legend has one line."""
GAPS = (0.25, 0.4)
"""Inches between panels, beside and below each other."""
MARGINS = {"left": 0.75, "right": 0.2, "top": 0.68, "bottom": 0.95}
"""Inches around the panels; the legend stands below them, the title above."""
ROW = 0.19
"""Height of a place in a heat map, inches."""


def draw_batch(
    batch: Batch, folder: str | Path | None = None, missing_only: bool = False
) -> list[Path]:
    """Draw the charts of a batch: one for each key base, one heat map for each scenario.

    Of more than 24 scenarios only those of the bases, where each scenario is a row.

    Args:
        batch: The batch.
        folder: Where to; `charts` in the batch's folder if not given.
        missing_only: Leave charts as they are that were drawn since the batch was finished.
    Returns:
        The files, PNG.
    """
    folder = batch.folder / CHARTS if folder is None else inputs.path("folder", folder)
    files = chart_files(folder, batch.scenarios)
    wanted = [path for path in files if not (missing_only and is_current(path, batch.folder))]
    if wanted:
        shares = control_shares(batch)
        for path in wanted:
            kind, name = files[path]
            drawn = base_figure(shares, name) if kind == "base" else heatmap_figure(shares, name)
            save(drawn, path, DPI)
    return wanted


@styled
def base_figure(shares: xr.Dataset, place: str, slot: str = "camp") -> Figure:
    """Control over time of one base: a panel for each scenario; a row for each if they are many."""
    names = [str(name) for name in shares["scenario"].values]
    if len(names) > MANY:
        question = f"Who most probably holds the {slot} of {place}?"
        return points_figure(chosen(shares, "slot", slot), [place], question)
    here = inside_window(chosen(chosen(shares, "place", place), "slot", slot))
    n_columns = min(COLUMNS, len(names))
    n_rows = -(-len(names) // n_columns)
    figure, grid = _panels(n_rows, n_columns)
    for ax, name in zip(grid.flat, names, strict=False):
        draw_stack(ax, inside_window(here.sel(scenario=name)))
        ax.set_title(fitted(name, 9, _room(ax)), loc="left", fontsize=9, color=INK)
    _tidy(grid, len(names), here)
    grid[(n_rows - 1) // 2, 0].set_ylabel("share of runs", fontsize=9, color=INK)
    keys: list[Patch | Line2D] = list(holder_patches(present_holders(here["share"])))
    if any(median_exit(inside_window(here.sel(scenario=name))) is not None for name in names):
        keys.append(exit_key())
    grid[-1, 0].legend(handles=keys, ncols=len(keys), **below(grid[-1, 0], 40))
    inch = 1 / figure.get_figheight()
    left = MARGINS["left"] / figure.get_figwidth()
    title = f"Who holds the {slot} of {place}?"
    figure.text(left, 1 - 0.12 * inch, title, va="top", fontsize=13, color=INK)
    figure.text(1 - left / 4, 0.1 * inch, caption(here), ha="right", fontsize=7.5, color=FAINT)
    return figure


def _panels(n_rows: int, n_columns: int) -> tuple[Figure, np.ndarray]:
    """A figure with a grid of panels; laid out by hand, which is quicker than by matplotlib."""
    m = MARGINS
    gaps = m["left"] + m["right"] + (n_columns - 1) * GAPS[0]
    panel = max(PANEL[0], (NARROWEST - gaps) / n_columns)
    width = gaps + n_columns * panel
    height = m["top"] + m["bottom"] + n_rows * PANEL[1] + (n_rows - 1) * GAPS[1]
    figure = Chart(figsize=(width, height))
    figure.subplots_adjust(
        left=m["left"] / width,
        right=1 - m["right"] / width,
        top=1 - m["top"] / height,
        bottom=m["bottom"] / height,
        wspace=GAPS[0] / panel,
        hspace=GAPS[1] / PANEL[1],
    )
    return figure, figure.subplots(n_rows, n_columns, squeeze=False)


def _room(ax: Axes) -> float:
    """Width of a panel, points."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return float(ax.bbox.width * 72 / figure.dpi)


def _tidy(grid: np.ndarray, n_panels: int, shares: xr.Dataset) -> None:
    """Common dates, labels only at the edges, no empty panels."""
    panels: list[Axes] = list(grid.flat)
    n_columns = grid.shape[1]
    for i, ax in enumerate(panels[:n_panels]):
        if shares.sizes["date"]:
            dates(ax, shares["date"].to_numpy())
        is_lowest = i + n_columns >= n_panels
        ax.tick_params(labelbottom=is_lowest, labelleft=i % n_columns == 0)
        if not is_lowest:
            ax.set_xlabel("")
    for ax in panels[n_panels:]:
        ax.remove()


@styled
def heatmap_figure(shares: xr.Dataset, scenario: str) -> Figure:
    """The heat map of one scenario's camps."""
    width, height = 9.0, 1.85 + ROW * shares.sizes["place"]
    figure = Chart(figsize=(width, height))
    figure.subplots_adjust(
        left=1.25 / width, right=1 - 0.95 / width, top=1 - 0.4 / height, bottom=1.3 / height
    )
    control_heatmap(shares, scenario, ax=figure.add_subplot())
    return figure
