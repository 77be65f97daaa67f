"""Which charts a batch leaves in its folder, and under which names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from camphandover.batch.plan import file_name
from camphandover.batch.store import MANIFEST
from camphandover.charts.registry import Registered, charts

KEY_BASES = ("Kidal", "Tessalit", "Aguelhok", "Ber", "Gao", "Timbuktu")
"""Places of which there is a chart, and a column in the table."""

MANY = 24
"""Scenarios above which there is no panel, and no chart, for each: a row of a heat map instead."""


def chart_files(folder: Path, scenarios: Iterable[str]) -> dict[Path, tuple[Registered, str]]:
    """The charts of a batch: one for each key base, and for each scenario if they are not many.

    Args:
        folder: Where they lie.
        scenarios: Their names.
    Returns:
        By file, the chart and the base or scenario that it shows.
    """
    names = list(scenarios)
    of = {"base": KEY_BASES, "scenario": names if len(names) <= MANY else []}
    found = {}
    for one in charts():
        for each in of:
            for name in of[each] if f"{{{each}}}" in one.leaves else ():
                part = file_name(name.lower() if each == "base" else name)
                found[folder / f"{one.leaves.format_map({each: part})}.png"] = (one, name)
    return found


def is_current(chart: Path, batch: Path) -> bool:
    """Whether a chart is there and was drawn since the batch in this folder was finished."""
    made = (batch / MANIFEST).stat().st_mtime
    return chart.exists() and chart.stat().st_mtime >= made
