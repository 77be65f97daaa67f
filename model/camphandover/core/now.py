"""What every rule is called with: one day of one run, with all that it can read and write."""

import math
from typing import NamedTuple

import numpy as np

from camphandover.core.compiled import compiled, declare
from camphandover.core.draws import Key
from camphandover.core.ledger import NONE, RUNG, Ledger, new_ledger
from camphandover.core.parameters import PARAMETERS, Params
from camphandover.core.state import (
    ARMY,
    CAMP,
    CLASH,
    HOURS,
    JIHADISTS,
    REBELS,
    STATE,
    TOWN,
    State,
    empty_state,
)


class Now(NamedTuple):
    """One day of one run: the tables of its state, its parameters, its key, and its ledger.

    Tables of one row are that row: `now.conflict.rung`, `now.places[p].camp_holder`.
    """

    units: np.recarray
    columns: np.recarray
    places: np.recarray
    people: np.recarray
    away: np.recarray
    sides: np.recarray
    recent: np.recarray
    partners: np.recarray
    conflict: np.record
    switches: np.record
    presence: np.recarray
    shipments: np.recarray
    routes: np.recarray
    calendar: np.recarray
    orders: np.recarray
    queue: np.record
    tellings: np.recarray
    params: Params
    key: Key
    ledger: Ledger
    day: int
    """Days since 1970-01-01, as the window's `first` and `last` day."""
    first: int
    last: int
    start: float
    """Hours since 1970-01-01 at which the day begins, and at which it ends."""
    end: float


def at(state: State, params: Params, key: Key, ledger: Ledger, first: int, last: int, day: int):
    """A day of a run whose window goes from `first` to `last`; the tables are the state's own."""
    return Now(
        state.units,
        state.columns,
        state.places,
        state.people,
        state.away,
        state.sides,
        state.recent,
        state.partners,
        state.conflict[0],
        state.switches[0],
        state.presence,
        state.shipments,
        state.routes,
        state.calendar,
        state.orders,
        state.queue[0],
        state.tellings,
        params,
        key,
        ledger,
        day,
        first,
        last,
        float(day * HOURS),
        float((day + 1) * HOURS),
    )


declare(
    Now,
    at(
        empty_state(),
        Params(np.zeros(1, PARAMETERS).view(np.recarray)[0]),
        Key(0, 0, 0),
        new_ledger(1),
        0,
        0,
        0,
    ),
)


@compiled
def note(
    now: Now,
    hour: float,
    kind: int,
    side: int = NONE,
    place: int = NONE,
    cause: int = NONE,
    entity: int = NONE,
    amount: float = 0.0,
    p: float = math.nan,
    about: int = NONE,
    mission: int = NONE,
    slot: int = NONE,
    before: int = NONE,
    after: int = NONE,
):
    """Write a row of the ledger; returns its number. Past the capacity it is only counted."""
    ledger = now.ledger
    n = ledger.used[0]
    ledger.used[0] = n + 1
    if n < len(ledger.rows):
        row = ledger.rows[n]
        row.hour = hour
        row.kind = kind
        row.side = side
        row.place = place
        row.slot = slot
        row.before = before
        row.after = after
        row.mission = mission
        row.about = about
        row.entity = entity
        row.amount = amount
        row.p = p
        row.cause = cause
    return n


@compiled
def hostile(now: Now, bloc: int, other: int):
    """Whether two blocs fight when they touch: the army against either armed group, and these
    against each other while they clash. Source: RULES R5.5.
    """
    if bloc == STATE or other == STATE:
        return bloc != other and max(bloc, other) <= JIHADISTS
    groups = min(bloc, other) == REBELS and max(bloc, other) == JIHADISTS
    return groups and now.conflict.relation == CLASH


@compiled
def rung_now(now: Now):
    """Escalation as it binds behaviour: one rung lower while a truce holds. Source: RULES R7.2."""
    return now.conflict.rung - 1 if now.conflict.truce else now.conflict.rung


@compiled
def set_rung(now: Now, rung: int, cause: int, p: float = math.nan, side: int = NONE):
    """The conflict comes to a rung of escalation, with a ledger row. Source: RULES R7.1."""
    now.conflict.rung = rung
    now.conflict.rung_cause = note(now, now.start, RUNG, side, NONE, cause, amount=rung, p=p)


@compiled
def air_scale(now: Now):
    """Scale of the army's airpower: 0 when it has no aircraft at all. Source: RULES R3.1."""
    army = now.sides[ARMY]
    return army.air if army.planes + army.drones > 0.0 else 0.0


@compiled
def is_news(now: Now, day: int):
    """Whether what is known for a day is learnt today; what is older, on the first day.

    Of what came after the last day that is known nothing is ever learnt.
    """
    if day > now.conflict.calendar_until:
        return False
    return day == now.day or (day < now.day and now.day == now.first)


@compiled
def is_past(now: Now):
    """Whether the day is known from the record: then exits and rungs are data. Source: R10.1."""
    return now.day <= now.conflict.known_until


@compiled
def is_rung_known(now: Now):
    """Whether the rung of today is that of the record, and no event of the run moves it."""
    return is_past(now) and now.switches.record == 1


@compiled
def target_slot(now: Now, place: int, bloc: int):
    """Slot in which a hostile bloc of `bloc` holds this place, -1 when none does."""
    spot = now.places[place]
    if hostile(now, bloc, spot.camp_holder):
        return CAMP
    if hostile(now, bloc, spot.town_holder):
        return TOWN
    return -1


@compiled
def is_nearer(now: Now, place: int, p: int, best: int):
    """Whether the road from a place to `p` is shorter than to the best one yet, -1 none."""
    return best < 0 or now.routes[place, p].km < now.routes[place, best].km
