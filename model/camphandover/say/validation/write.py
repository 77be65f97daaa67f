"""Writes the page of validation, and the charts that it shows.

What is said stands in `camphandover.say.validation.page`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from camphandover import inputs
from camphandover.batch.files import write_whole
from camphandover.say.validation.page import page
from camphandover.say.validation.sources import FORECAST, Runs, Sources, sources

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from camphandover.batch.batch import Batch

OUT = "model/VALIDATION.md"
DPI = 110


def write_validation(
    hindcast: Batch | str | Path,
    prior: Batch | str | Path,
    variants: Batch | str | Path | None = None,
    out: str | Path = OUT,
    pictures: str | Path | None = None,
) -> Path:
    """Write the page that holds the model to the record: scores, patterns, claims, failures.

    Args:
        hindcast, prior: Batches of `full-model` and `on-schedule` with these sets of parameters
            and full ledgers, or their folders.
        variants: A batch of `full-model` and variants of it.
        out: The page, Markdown.
        pictures: Folder for its charts; none are drawn if not given.
    Returns:
        The page's file.
    Errors:
        BatchError if a batch is not what is needed; nothing is written then.
    """
    found = sources(hindcast, prior, variants)
    target = inputs.path("out", out)
    shown, folder = {}, None
    if pictures is not None:
        folder = inputs.path("pictures", pictures)
        shown = _draw(found, folder, target)
    text = page(found, target.as_posix(), shown, None if folder is None else folder.as_posix())
    write_whole(target, text.encode())
    return target


def _draw(found: Sources, folder: Path, out: Path) -> dict[str, str]:
    """The charts: by title, the path from the page's folder."""
    from camphandover.charts.files import save

    shown = {}
    for runs in found.sets:
        for kind, what, figure in _figures(runs):
            file = folder / f"validation-{kind}-{runs.name}.png"
            save(figure, file, DPI)
            path = os.path.relpath(file.absolute(), out.absolute().parent)
            shown[f"{what}, {FORECAST}, set {runs.name}"] = Path(path).as_posix()
    return shown


def _figures(runs: Runs) -> list[tuple[str, str, Figure]]:
    """Reliability, and losses by day in the Kidal region."""
    from camphandover.charts.scores import plot_reliability, plot_score_by_day
    from camphandover.charts.style import Chart, own_style

    with own_style():
        reliability = Chart(figsize=(5.6, 5.6), layout="constrained")
        plot_reliability(runs.score, reliability.add_subplot(), scenario=FORECAST)
        by_day = Chart(figsize=(8.4, 4.8), layout="constrained")
        plot_score_by_day(runs.score, "kidal", by_day.add_subplot(), scenario=FORECAST)
    return [
        ("reliability", "Reliability", reliability),
        ("by-day", "Log score by day in the Kidal region", by_day),
    ]
