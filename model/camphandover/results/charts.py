"""Which charts a batch leaves in its folder, and under which names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from camphandover.ensemble.plan import file_name

KEY_BASES = ("Kidal", "Tessalit", "Aguelhok", "Ber", "Gao", "Timbuktu")
"""Places of which there is a chart, and a column in the table."""


def chart_files(folder: Path, scenarios: Iterable[str]) -> dict[Path, tuple[str, str]]:
    """The charts of a batch.

    Args:
        folder: Where they lie.
    Returns:
        By file, what it shows: ("base", place) or ("heatmap", scenario).
    """
    bases = {folder / f"control-{file_name(p.lower())}.png": ("base", p) for p in KEY_BASES}
    maps = {folder / f"heatmap-{file_name(s)}.png": ("heatmap", s) for s in scenarios}
    return {**bases, **maps}
