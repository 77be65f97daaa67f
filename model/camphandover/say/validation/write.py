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
from camphandover.say.validation.sources import FORECAST, Sources, sources

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch

OUT = "model/VALIDATION.md"
DPI = 110
CHARTS = {"reliability": "Reliability", "by-day": "Log score by day in the Kidal region"}


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
    from camphandover.charts.axis import save
    from camphandover.charts.scores import both_charts

    shown = {}
    for runs in found.sets:
        for kind, drawn in both_charts(runs.score, FORECAST).items():
            file = save(drawn, folder / f"validation-{kind}-{runs.name}.png", DPI)
            path = os.path.relpath(file.absolute(), out.absolute().parent)
            shown[f"{CHARTS[kind]}, {FORECAST}, set {runs.name}"] = Path(path).as_posix()
    return shown
