"""The past of a scenario that goes on from what was known on a day."""

from __future__ import annotations

from camphandover.scenario.known import exits_known
from camphandover.scenario.resolve import full_model
from camphandover.scenario.resolved import Clause, Scenario


def past_of(scenario: Scenario) -> Scenario:
    """What holds until the day: scenarios of one past have it in common.

    The full model with the exits as they were planned, and the parameters of the scenario; the
    scenario itself if nothing is known, or its own settings hold in the past, too.
    """
    known = scenario.known
    if known.until is None or known.own_past:
        return scenario
    window = scenario.window.model_copy(update={"end": known.until})
    about = {"window": window, "known": known, "parameters": scenario.parameters}
    return full_model().model_copy(update={"name": "past", **about})


def changed_clauses(scenario: Scenario) -> dict[str, Clause]:
    """Clauses of camps that the UN still held on the day and that differ from those before it."""
    before, gone = past_of(scenario).camps, exits_known(scenario.known)
    return {
        place: clause
        for place, clause in scenario.camps.items()
        if place not in gone and clause != before[place]
    }
