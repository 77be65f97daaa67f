"""R3.2, R4.3, R4.5: civilians killed, and who is blamed."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.state import SEPARATISTS, State, bloc_of


@compiled
def is_populated(state: State, params: Params, place: int):
    """Whether people live at a place. Source: RULES R3.2."""
    spot = state.people[place]
    return spot.residents + spot.hosted >= params.populated


@compiled
def kill_civilians(
    state: State, ledger: Ledger, place: int, side: int, dead: int, hour: float, cause: int
):
    """Book civilians killed by a side at a place. Source: RULES R3.2, R4.3 (harm), R4.5."""
    spot = state.people[place]
    dead = min(dead, int(spot.residents))
    if dead <= 0:
        return
    spot.residents -= dead
    spot.dead += dead
    if side < 0:
        spot.harm_others += dead
    elif bloc_of(side) == 0:
        spot.harm_army += dead
    elif side == SEPARATISTS:
        spot.harm_separatists += dead
    else:
        spot.harm_gsim += dead
    if side >= 0:
        state.sides[side].civilians += dead
    log.note(ledger, hour, log.CIVILIANS, side, place, -1, float(dead), math.nan, cause)
