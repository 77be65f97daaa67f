"""Which parts of a pattern a scenario sets itself, so that they earn it nothing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from camphandover import facts
from camphandover.facts.codes import Holder
from camphandover.measure.patterns.data import Part, Pattern, day_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from camphandover.scenario import Scenario

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
    parts = [part for pattern in patterns for part in pattern.parts if part.clause is not None]
    starts = {pattern.name: pattern for pattern in patterns}
    return frozenset(
        (part.pattern, part.name)
        for part in parts
        if (
            _sets_holder(scenario, part)
            if part.clause == "receiver"
            else _sets_exit(scenario, part, starts[part.pattern])
        )
    )


def _sets_exit(scenario: Scenario, part: Part, pattern: Pattern) -> bool:
    clause = scenario.camps[str(part.camp)]
    value = _value_of_exit(clause.exit, pattern)
    if not part.low <= value <= part.high:
        return False
    planned = {camp.place: camp.planned for camp in facts.load().camps}[str(part.camp)]
    is_fixed = clause.spread == 0 and not clause.early_exit
    return is_fixed or clause.exit != planned


def _value_of_exit(day: date, pattern: Pattern) -> float:
    """What the part would measure if the UN left on this day: days ahead of plan, or off."""
    if "plan" in pattern.dates:
        return pattern.dates["plan"] - day_number(day)
    return day_number(day) - pattern.dates["record"]


def _sets_holder(scenario: Scenario, part: Part) -> bool:
    holder = FIXED.get(scenario.camps[str(part.camp)].receiver)
    if holder is None and not scenario.structure.race:
        receiver = scenario.camps[str(part.camp)].receiver
        holder = Holder.JOINT if receiver == "joint" else Holder.ARMY
    return holder is not None and part.low == part.high == holder
