"""Which run meets which pattern and part: the measured values held to the bounds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import numpy as np

from camphandover.measure.outcomes import Window, scenario_window
from camphandover.measure.patterns.data import Pattern

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.batch.batch import Batch

WHOLE = "all"
"""Name, beside those of its parts, of the pattern as a whole."""
Set = Collection[tuple[str, str]]
"""Parts, as (pattern, part), that are not counted: the scenario sets what they measure."""


def is_within(window: Window, pattern: Pattern) -> bool:
    """Whether a window holds the dates of a pattern."""
    return window.first <= pattern.first and pattern.last <= window.last


def met(
    values: pd.DataFrame, batch: Batch, scenario: str, patterns: Iterable[Pattern], is_set: Set
) -> pd.DataFrame:
    """Which runs of a scenario meet which pattern and part.

    Args:
        values: Of this scenario alone, index (scenario, replicate).
        batch: That they are of.
        scenario: Its name.
        patterns: The definitions.
        is_set: Parts that are not counted: the pattern is met by its others if what these measure
            happened at all.
    Returns:
        The same index; columns (pattern, part), of each pattern first `all`; nullable booleans,
        missing where the run failed or the window does not hold the pattern, and `all` also where
        no part is left.
    """
    import pandas as pd

    window = scenario_window(batch, scenario)
    missing = ~is_valid(values, batch, scenario)
    columns: dict[tuple[str, str], pd.arrays.BooleanArray] = {}
    for pattern in patterns:
        no_answer = missing | (not is_within(window, pattern))
        counted = [(pattern.name, part.name) not in is_set for part in pattern.parts]
        held = [_in(values, part.value, part.low, part.high) for part in pattern.parts]
        happened = [values[part.value].notna().to_numpy() for part in pattern.parts]
        whole = np.all([np.where(*w) for w in zip(counted, held, happened, strict=True)], axis=0)
        nothing_left = no_answer | (not any(counted))
        columns[pattern.name, WHOLE] = pd.arrays.BooleanArray(whole, nothing_left)
        for part, is_met in zip(pattern.parts, held, strict=True):
            columns[pattern.name, part.name] = pd.arrays.BooleanArray(is_met, no_answer.copy())
    table = pd.DataFrame(columns, index=values.index)
    table.columns.names = ["pattern", "part"]
    return table


def readings_met(
    values: pd.DataFrame, batch: Batch, scenario: str, patterns: Iterable[Pattern]
) -> dict[tuple[str, str], np.ndarray]:
    """By pattern and name of a reading, which runs that did not fail meet it so read."""
    window = scenario_window(batch, scenario)
    valid = values[is_valid(values, batch, scenario)]
    return {
        (pattern.name, reading.name): np.all(
            [_in(valid, value, low, high) for value, (low, high) in reading.bounds.items()], axis=0
        )
        for pattern in patterns
        if is_within(window, pattern)
        for reading in pattern.readings
    }


def is_most_frequent(
    values: pd.DataFrame, batch: Batch, scenario: str, pattern: Pattern
) -> bool | None:
    """Whether the record's outcome is the most frequent one of the runs; None if none is asked.

    The outcome is what the parts measure together, rounded; the record's is the middle of their
    bounds. Of two that are as frequent both are.
    """
    window = scenario_window(batch, scenario)
    columns = [part.value for part in pattern.parts]
    valid = values.loc[is_valid(values, batch, scenario), columns]
    if not pattern.is_modal or not is_within(window, pattern) or valid.empty:
        return None
    outcomes, counts = np.unique(valid.fillna(-1).round().to_numpy(), axis=0, return_counts=True)
    record = [round((part.low + part.high) / 2) for part in pattern.parts]
    ours = counts[(outcomes == record).all(axis=1)]
    return bool(ours.size and ours.max() == counts.max())


def is_valid(values: pd.DataFrame, batch: Batch, scenario: str) -> np.ndarray:
    """Which of the runs of a scenario did not fail, shape (run,)."""
    failed = [f["replicate"] for f in batch.failures if f["scenario"] == scenario]
    valid: np.ndarray = ~np.isin(values.index.get_level_values("replicate").to_numpy(), failed)
    return valid


def _in(values: pd.DataFrame, name: str, low: float, high: float) -> np.ndarray:
    """Where a value lies within bounds; nan lies within none."""
    column = values[name].to_numpy()
    inside: np.ndarray = (column >= low) & (column <= high)
    return inside
