"""R3.2, R4.3, R4.5: civilians killed, and who is blamed."""

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.now import Now, note


@compiled
def is_populated(now: Now, place: int):
    """Whether people live at a place. Source: RULES R3.2."""
    spot = now.people[place]
    return spot.residents + spot.hosted >= now.params.populated


@compiled
def kill_civilians(now: Now, place: int, side: int, dead: int, hour: float, cause: int):
    """Book civilians killed by a side at a place. Source: RULES R3.2, R4.3 (harm), R4.5."""
    spot = now.people[place]
    dead = min(dead, int(spot.residents))
    if dead <= 0:
        return
    spot.residents -= dead
    spot.dead += dead
    if side < 0:
        spot.harm_others += dead
    elif st.bloc_of(side) == st.STATE:
        spot.harm_army += dead
    elif side == st.SEPARATISTS:
        spot.harm_separatists += dead
    else:
        spot.harm_gsim += dead
    if side >= 0:
        now.sides[side].civilians += dead
    note(now, hour, log.CIVILIANS, side, place, cause, amount=dead)
