"""Which run meets which pattern and part: the measured values held to the bounds.

A part that holds because the scenario says so earns it nothing and is not counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from camphandover import facts
from camphandover.batch.batch import Batch
from camphandover.facts.codes import Holder
from camphandover.libraries import pd
from camphandover.measure.patterns.data import Part, Pattern, day_number
from camphandover.measure.runs import scenario_window
from camphandover.scenario import Scenario

WHOLE = "all"
"""Name, beside those of its parts, of the pattern as a whole."""
Set = Collection[tuple[str, str]]
"""Parts, as (pattern, part), that are not counted: the scenario sets what they measure."""
FIXED = {"separatists": Holder.SEPARATISTS}
"""Receivers who have the camp whatever happens on the ground, and what holder that is. The army
and the first one have to be there; a joint unit and nobody are no holder of the record."""


def parts_set(scenario: Scenario, patterns: Iterable[Pattern]) -> frozenset[tuple[str, str]]:
    """Parts, as (pattern, part), that hold because the scenario says so.

    - The day of an exit: the scenario's own day lies within the bounds, and either nothing may
      move it (no spread, no early exit), or it is not the announced plan.
    - The holder after an exit: the scenario gives the camp to the one whom the record has, or,
      without a race, to the army.

    Args:
        scenario: As it was run, resolved.
        patterns: The definitions.
    """
    sets = {"exit": _sets_exit, "receiver": _sets_holder}
    return frozenset(
        (pattern.name, part.name)
        for pattern in patterns
        for part in pattern.parts
        for clause, camp in part.set_by.items()
        if sets[clause](scenario, camp, part, pattern)
    )


def _sets_exit(scenario: Scenario, camp: str, part: Part, pattern: Pattern) -> bool:
    clause = scenario.camps[camp]
    day, dates = day_number(clause.exit), pattern.dates
    # What the part would measure if the UN left on that day: days ahead of plan, or off.
    value = dates["plan"] - day if "plan" in dates else day - dates["record"]
    if not part.low <= value <= part.high:
        return False
    planned = {known.place: known.planned for known in facts.load().camps}[camp]
    return (clause.spread == 0 and not clause.early_exit) or clause.exit != planned


def _sets_holder(scenario: Scenario, camp: str, part: Part, pattern: Pattern) -> bool:
    receiver = scenario.camps[camp].receiver
    holder = FIXED.get(receiver)
    if holder is None and not scenario.structure.race:
        holder = Holder.JOINT if receiver == "joint" else Holder.ARMY
    return holder is not None and part.low == part.high == holder


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

    window = scenario_window(batch, scenario)
    missing = ~is_valid(values, batch, scenario)
    columns: dict[tuple[str, str], pd.arrays.BooleanArray] = {}
    for pattern in patterns:
        no_answer = missing | (not pattern.is_within(window))
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
        (pattern.name, reading): np.all([_in(valid, v, *b) for v, b in bounds.items()], axis=0)
        for pattern in patterns
        if pattern.is_within(window)
        for reading, bounds in pattern.readings.items()
    }


def is_most_frequent(
    values: pd.DataFrame, batch: Batch, scenario: str, pattern: Pattern
) -> bool | None:
    """Whether the record's outcome is the most frequent one of the runs; None if none is asked.

    The outcome is what the parts measure together, rounded; the record's is the middle of their
    bounds. Of two that are as frequent both are.
    """
    columns = [part.value for part in pattern.parts]
    valid = values.loc[is_valid(values, batch, scenario), columns]
    is_asked = pattern.is_modal and pattern.is_within(scenario_window(batch, scenario))
    if not is_asked or valid.empty:
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
    return np.asarray(values[name].between(low, high).to_numpy())
