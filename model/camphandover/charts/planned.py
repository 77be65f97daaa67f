"""Which charts a batch leaves in its folder, and under which names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from camphandover.batch.plan import file_name
from camphandover.batch.store import MANIFEST
from camphandover.measure.outcomes import KEY_BASES

MANY = 24
"""Scenarios above which there is no panel, and no chart, for each: a row of a heat map instead."""


def chart_files(folder: Path, scenarios: Iterable[str]) -> dict[Path, tuple[str, str]]:
    """The charts of a batch: one for each key base, and for each scenario if they are not many.

    Args:
        folder: Where they lie.
        scenarios: Their names.
    Returns:
        By file, what it shows: ("base", place) or ("heatmap", scenario).
    """
    bases = {folder / f"control-{file_name(p.lower())}.png": ("base", p) for p in KEY_BASES}
    names = list(scenarios)
    names = names if len(names) <= MANY else []
    maps = {folder / f"heatmap-{file_name(s)}.png": ("heatmap", s) for s in names}
    return {**bases, **maps}


def is_current(chart: Path, batch: Path) -> bool:
    """Whether a chart is there and was drawn since the batch in this folder was finished."""
    made = (batch / MANIFEST).stat().st_mtime
    return chart.exists() and chart.stat().st_mtime >= made
