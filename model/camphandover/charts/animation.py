"""The map as it changes from day to day, as a GIF or a film."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from camphandover import inputs
from camphandover.batch.files import write_whole
from camphandover.charts.axis import LEGEND_ROW, day_text, note, scenario_of, title
from camphandover.charts.data import Data, inside_window, some_shares
from camphandover.charts.maps import LEGENDS, BaseMap, caption_of_map, draw_legends, map_axes
from camphandover.charts.style import styled
from camphandover.errors import BatchError

if TYPE_CHECKING:
    from matplotlib.animation import AbstractMovieWriter

SUFFIXES = (".gif", ".mp4")
PER_SECOND = 3
"""Pictures a second."""
MOST_STEP = 10_000
LAST = 5
"""Pictures for which the last day stays."""
DPI = 90


@styled
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
    shares = inside_window(some_shares(data, scenario, slot=slot))
    n_days = shares.sizes["date"]
    if n_days == 0:
        raise ValueError("there is no run on any date")
    rows = [*range(0, n_days - 1, step), *[n_days - 1] * LAST]
    ax = map_axes()
    drawn = BaseMap(ax, shares)
    draw_legends(ax, shares.isel(date=np.unique(rows)), LEGENDS)
    note(ax, caption_of_map(drawn, shares), LEGENDS + 2 * LEGEND_ROW + 1)
    figure = ax.get_figure(root=True)
    assert figure is not None
    with TemporaryDirectory() as room:
        # The writers of matplotlib know the format by the name.
        film = Path(room, path.name)
        with writer.saving(figure, str(film), DPI):
            for row in rows:
                at = shares.isel(date=[row])
                drawn.show(at)
                when = day_text(at["date"].values[0])
                title(ax, scenario_of(at), f"who most probably holds each {slot} on {when}?")
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
