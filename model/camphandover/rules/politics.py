"""What of the escalation ladder (R7.1) comes from outside, and the truce of a scenario (R6.6 S6).

The ladder itself follows the record in `escalation.csv` until its own rule stands here.
"""

import math

from camphandover import ledger as log
from camphandover.draws import Decision, Key, uniform
from camphandover.ledger import Ledger
from camphandover.parameters import Params
from camphandover.rules import rule
from camphandover.state import HOURS, Clock, State


@rule("R7.1", writes=("conflict.rung", "conflict.rung_cause"))
def follow_record(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Raise escalation to a rung that the record dates to today. Source: RULES R7.1 (events)."""
    war = state.conflict[0]
    for i in range(len(state.calendar)):
        step = state.calendar[i]
        if step.day == clock.day and step.rung > war.rung:
            war.rung = step.rung
            war.rung_cause = log.note(
                ledger,
                float(clock.day * HOURS),
                log.RUNG,
                -1,
                -1,
                -1,
                float(step.rung),
                math.nan,
                -1,
            )


@rule("R6.6", writes=("conflict.truce", "conflict.truce_cause"))
def keep_truce(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """An imposed truce begins on its day and is breached with a daily hazard.

    Source: RULES R6.6 (S6, breach hazard), R7.2.
    """
    war = state.conflict[0]
    hour = float(clock.day * HOURS)
    if war.truce_day == clock.day:
        war.truce = 1
        war.truce_cause = log.note(ledger, hour, log.TRUCE, -1, -1, -1, 1.0, math.nan, -1)
    elif war.truce:
        chance = params.perimeter_breach
        if uniform(key, Decision.TRUCE_BREACH, 0, clock.day) < chance:
            war.truce = 0
            log.note(ledger, hour, log.BREACH, -1, -1, -1, 0.0, chance, war.truce_cause)
