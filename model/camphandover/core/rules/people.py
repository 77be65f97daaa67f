"""R4.3, R4.6: grievance and recruits, and people who flee and come back."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Key
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.rules.movement import whereabouts
from camphandover.core.rules.offensive import offensive_out
from camphandover.core.rules.presence import support_for
from camphandover.core.state import GSIM, HOURS, SEPARATISTS, Clock, State, days_with_fights

ONE = 1.0 - 1e-9
QUARTERS = 4
"""Steps of a place's people at which the ledger tells that they have left."""


@compiled
def clipped(x: float):
    """A number held between 0 and 1."""
    return min(1.0, max(0.0, x))


@compiled
def active_share(params: Params, grievance: float, legitimacy: float, deterred: float):
    """Share f of adults who would rebel: H (1 - L) - R P > T over uniform traits H and R.

    Args:
        grievance: What harm adds to everybody's H, may be negative.
        legitimacy: L of the state, 0 to 1. deterred: P, the risk that people see, 0 to 1.
    Returns:
        The share, 0 to 1; it falls in `legitimacy` and in `deterred`.
    Source: Epstein 2002; RULES R4.3. The integral over the unit square is closed.
    """
    worth = 1.0 - legitimacy
    if worth <= 0.0:
        return 0.0
    top = 1.0 + grievance - params.grievance_threshold / worth
    slope = deterred / worth
    if slope <= 1e-12:
        return clipped(top)
    full = clipped((top - 1.0) / slope)  # traits R up to here: all rebel
    none = clipped(top / slope)  # from here on: nobody does
    return full + top * (none - full) - 0.5 * slope * (none * none - full * full)


@compiled
def legitimacy_at(state: State, place: int):
    """Legitimacy of the state among the people of a place, 0 to 1. Source: RULES R7.3."""
    war = state.conflict[0]
    base = war.legitimacy_capital if state.people[place].capital else war.legitimacy
    return clipped(base + war.rally)


@compiled
def adults(state: State, params: Params, place: int):
    """Adult men at home who could still join an armed group; those who have joined were of them."""
    spot = state.people[place]
    return max(0.0, params.adult_men * (spot.residents + spot.recruited) - spot.recruited)


@compiled
def estimate_active(state: State, params: Params, place: int):
    """Share of a place's adults who would rebel today, given yesterday's. Source: RULES R4.3."""
    spot = state.people[place]
    rebels = max(1.0, spot.active * adults(state, params, place))
    risk = 1.0 - math.exp(-params.deterrence * state.presence[0, place].inside / rebels)
    harm = 0.0
    if state.switches[0].loop:
        harm = state.switches[0].harm * math.log1p(spot.harm_army)
        harm -= math.log1p(spot.harm_separatists + spot.harm_gsim)
    return active_share(params, params.harm_gain * harm, legitimacy_at(state, place), risk)


@compiled
def nearest_group(state: State, params: Params, place: int, bloc: int):
    """Unit of an armed group that recruits of a place join, -1 when none is near enough."""
    best = -1
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.side != bloc + 1 or unit.men <= 0 or unit.column >= 0:
            continue
        km = state.routes[place, unit.place].km
        if km <= params.recruit_km and (
            best < 0 or km < state.routes[place, state.units[best].place].km
        ):
            best = u
    return best


@compiled
def join(state: State, params: Params, ledger: Ledger, place: int, bloc: int, hour: float):
    """A band of recruits joins the nearest unit of a group, if one is near.

    Returns:
        Men who joined.
    Source: RULES R4.3, I1.
    """
    spot = state.people[place]
    n = int(min(params.recruit_band, adults(state, params, place)))
    u = nearest_group(state, params, place, bloc)
    if u < 0 or n <= 0:
        return 0
    state.units[u].men += n
    state.sides[bloc + 1].recruited += n
    spot.residents -= n
    spot.recruited += n
    cause = state.places[place].town_cause
    log.note(ledger, hour, log.RECRUITED, bloc + 1, place, u, float(n), math.nan, cause)
    return n


@rule(
    "R4.3",
    writes=(
        "people.harm_army",
        "people.harm_separatists",
        "people.harm_gsim",
        "people.harm_others",
        "people.active",
        "people.calm",
        "people.pool_separatists",
        "people.pool_gsim",
        "people.residents",
        "people.recruited",
        "units.men",
        "sides.recruited",
        "conflict.harmed",
    ),
)
def nurse_grievance(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Harm is half forgotten in a half-life; where more would rebel than at first, men join.

    Recruits are split by support; those who favour nobody join nobody. On the first day the
    share who would rebel is taken as the level of calm. Source: RULES R4.3, R4.4, R7.4.
    """
    kept = 0.5 ** (1.0 / params.harm_half_life)
    hour = float((clock.day + 1) * HOURS) - 1.0
    harmed = 0.0
    total = 0.0
    for p in range(len(state.places)):
        spot = state.people[p]
        spot.harm_army *= kept
        spot.harm_separatists *= kept
        spot.harm_gsim *= kept
        spot.harm_others *= kept
        total += spot.residents
        if spot.harm_army >= 1.0:
            harmed += spot.residents
        if clock.day == clock.first:
            for _ in range(60):  # the share deters itself: find the level at which it rests
                spot.active = 0.5 * (spot.active + estimate_active(state, params, p))
            spot.calm = spot.active
        spot.active = estimate_active(state, params, p)
        if not state.switches[0].loop:
            continue
        more = max(0.0, spot.active - spot.calm)
        willing = params.recruit_rate * adults(state, params, p) * more
        willing *= 1.0 - params.aid_recruits * spot.aided
        spot.pool_separatists += willing * support_for(state, p, 1)
        spot.pool_gsim += willing * support_for(state, p, 2)
        if spot.pool_separatists >= params.recruit_band:
            spot.pool_separatists -= join(state, params, ledger, p, SEPARATISTS - 1, hour)
        if spot.pool_gsim >= params.recruit_band:
            spot.pool_gsim -= join(state, params, ledger, p, GSIM - 1, hour)
    state.conflict[0].harmed = harmed / total if total > 0.0 else 0.0


@compiled
def column_threatens(state: State, params: Params, place: int, c: int, where: int):
    """Whether the army's offensive, at `where`, is near a place that is not the army's."""
    if c < 0 or state.places[place].town_holder == 0:
        return False
    return state.routes[where, place].air_km <= params.displace_column_km


@compiled
def feel_threats(state: State, params: Params, days: int, c: int, where: int):
    """Note for each place what drives people out today: fights, the column, a blockade."""
    for p in range(len(state.places)):
        spot = state.people[p]
        spot.siege = -1
        spot.threatened = int(
            days_with_fights(state.places[p].fights, days) > 0
            or column_threatens(state, params, p, c, where)
        )
    for q in range(len(state.places)):
        if state.places[q].siege < 0:
            continue
        for p in range(len(state.places)):
            if state.routes[q, p].km <= params.siege_km:
                state.people[p].siege = q


@compiled
def quiet_host(state: State, place: int):
    """Nearest other place by road where nothing drives people out today, -1 when there is none."""
    best = -1
    for q in range(len(state.places)):
        if (
            q != place
            and not state.people[q].threatened
            and state.people[q].siege < 0
            and state.people[q].start > 0.0
            and (best < 0 or state.routes[place, q].km < state.routes[place, best].km)
        ):
            best = q
    return best


@compiled
def leave_home(state: State, params: Params, place: int, n: float):
    """People of a place flee: a share abroad, the rest to the nearest quiet place.

    Source: RULES R4.6 (people are conserved over places and abroad).
    """
    spot = state.people[place]
    abroad = len(state.places)
    host = quiet_host(state, place)
    out = n if host < 0 else params.displace_abroad * n
    spot.residents -= n
    spot.away += n
    state.away[place, abroad].people += out
    state.conflict[0].abroad += out
    if host >= 0:
        state.away[place, host].people += n - out
        state.people[host].hosted += n - out


@compiled
def come_home(state: State, params: Params, place: int):
    """A share of those who fled a place comes back from wherever they are. Source: RULES R4.6."""
    spot = state.people[place]
    back = 0.0
    for q in range(len(state.places) + 1):
        n = params.displace_return * state.away[place, q].people
        if n <= 0.0:
            continue
        state.away[place, q].people -= n
        back += n
        if q < len(state.places):
            state.people[q].hosted -= n
        else:
            state.conflict[0].abroad -= n
    spot.away -= back
    spot.residents += back


@rule(
    "R4.6",
    writes=(
        "people.residents",
        "people.away",
        "people.hosted",
        "people.told",
        "people.threatened",
        "people.siege",
        "away",
        "conflict.abroad",
    ),
)
def displace(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """People flee from fights, from the army's column and from blockades, and come back later.

    The base hazard is weighed by the influence that is not the army's: it does not empty the
    capital. Source: RULES R4.6.
    """
    hour = float((clock.day + 1) * HOURS) - 1.0
    c = offensive_out(state)
    where = whereabouts(state, c, hour) if c >= 0 else -1
    days = int(params.displace_clash_days)
    feel_threats(state, params, days, c, where)
    for p in range(len(state.places)):
        spot = state.people[p]
        hazard = params.displace_base * (1.0 - state.presence[0, p].phi)
        cause = -1
        if spot.siege >= 0:
            hazard += params.displace_siege
            cause = state.places[spot.siege].siege_cause
        if spot.threatened:
            if days_with_fights(state.places[p].fights, days) > 0:
                hazard += params.displace_clash
                cause = state.places[p].town_cause
            if column_threatens(state, params, p, c, where):
                hazard += params.displace_column
                cause = state.columns[c].cause
        elif spot.away > 1.0 and spot.siege < 0:
            come_home(state, params, p)
        leaving = min(1.0, hazard) * spot.residents
        if leaving >= 1.0:
            leave_home(state, params, p, leaving)
        share = spot.away / spot.start if spot.start > 0.0 else 0.0
        quarters = int(QUARTERS * share / ONE)
        if quarters > spot.told:
            spot.told = quarters
            log.note(ledger, hour, log.DISPLACED, -1, p, -1, spot.away, math.nan, cause)
