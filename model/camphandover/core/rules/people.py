"""R4.3, R4.6: grievance and recruits, and people who flee and come back."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.now import Now, is_nearer, note
from camphandover.core.parameters import Params
from camphandover.core.rules import ALL, movement, offensive, presence, rule

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
def legitimacy_at(now: Now, place: int):
    """Legitimacy of the state among the people of a place, 0 to 1. Source: RULES R7.3."""
    base = now.conflict.legitimacy_capital if now.people[place].capital else now.conflict.legitimacy
    return clipped(base + now.conflict.rally)


@compiled
def adults(now: Now, place: int):
    """Adult men at home who could still join an armed group; those who have joined were of them."""
    spot = now.people[place]
    return max(0.0, now.params.adult_men * (spot.residents + spot.recruited) - spot.recruited)


@compiled
def estimate_active(now: Now, place: int):
    """Share of a place's adults who would rebel today, given yesterday's. Source: RULES R4.3."""
    spot = now.people[place]
    rebels = max(1.0, spot.active * adults(now, place))
    risk = 1.0 - math.exp(-now.params.deterrence * now.presence[st.STATE, place].inside / rebels)
    harm = 0.0
    if now.switches.loop:
        harm = now.switches.harm * math.log1p(spot.harm_army)
        harm -= math.log1p(spot.harm_separatists + spot.harm_gsim)
    return active_share(now.params, now.params.harm_gain * harm, legitimacy_at(now, place), risk)


@compiled
def nearest_group(now: Now, place: int, bloc: int):
    """Unit of an armed group that recruits of a place join, -1 when none is near enough."""
    best = -1
    for u, unit in enumerate(now.units):
        if unit.side != st.leader_of(bloc) or unit.men <= 0 or unit.column >= 0:
            continue
        km = now.routes[place, unit.place].km
        if km <= now.params.recruit_km and (
            best < 0 or km < now.routes[place, now.units[best].place].km
        ):
            best = u
    return best


@compiled
def join(now: Now, place: int, bloc: int, hour: float):
    """A band of recruits joins the nearest unit of a group, if one is near.

    Returns:
        Men who joined.
    Source: RULES R4.3, I1.
    """
    spot = now.people[place]
    n = int(min(now.params.recruit_band, adults(now, place)))
    u = nearest_group(now, place, bloc)
    if u < 0 or n <= 0:
        return 0
    now.units[u].men += n
    now.sides[st.leader_of(bloc)].recruited += n
    spot.residents -= n
    spot.recruited += n
    cause = now.places[place].town_cause
    note(now, hour, log.RECRUITED, st.leader_of(bloc), place, cause, entity=u, amount=n)
    return n


@rule(
    "R4.3",
    people="harm_army harm_separatists harm_gsim harm_others active calm residents recruited "
    "pool_separatists pool_gsim",
    units="men",
    sides="recruited",
    conflict="harmed",
)
def nurse_grievance(now: Now):
    """Harm is half forgotten in a half-life; where more would rebel than at first, men join.

    Recruits are split by support; those who favour nobody join nobody. On the first day the
    share who would rebel is taken as the level of calm. Source: RULES R4.3, R4.4, R7.4.
    """
    kept = 0.5 ** (1.0 / now.params.harm_half_life)
    hour = now.end - 1.0
    harmed = total = 0.0
    for p, spot in enumerate(now.people):
        spot.harm_army *= kept
        spot.harm_separatists *= kept
        spot.harm_gsim *= kept
        spot.harm_others *= kept
        total += spot.residents
        if spot.harm_army >= 1.0:
            harmed += spot.residents
        if now.day == now.first:
            for _ in range(60):  # the share deters itself: find the level at which it rests
                spot.active = 0.5 * (spot.active + estimate_active(now, p))
            spot.calm = spot.active
        spot.active = estimate_active(now, p)
        if not now.switches.loop:
            continue
        more = max(0.0, spot.active - spot.calm)
        willing = now.params.recruit_rate * adults(now, p) * more
        willing *= 1.0 - now.params.aid_recruits * spot.aided
        spot.pool_separatists += willing * presence.support_for(now, p, st.REBELS)
        spot.pool_gsim += willing * presence.support_for(now, p, st.JIHADISTS)
        if spot.pool_separatists >= now.params.recruit_band:
            spot.pool_separatists -= join(now, p, st.REBELS, hour)
        if spot.pool_gsim >= now.params.recruit_band:
            spot.pool_gsim -= join(now, p, st.JIHADISTS, hour)
    now.conflict.harmed = harmed / total if total > 0.0 else 0.0


@compiled
def column_threatens(now: Now, place: int, c: int, where: int):
    """Whether the army's offensive, at `where`, is near a place that is not the army's."""
    if c < 0 or now.places[place].town_holder == st.STATE:
        return False
    return now.routes[where, place].air_km <= now.params.displace_column_km


@compiled
def feel_threats(now: Now, days: int, c: int, where: int):
    """Note for each place what drives people out today: fights, the column, a blockade."""
    for p, spot in enumerate(now.people):
        spot.siege = -1
        spot.threatened = int(
            st.days_with_fights(now.places[p].fights, days) > 0
            or column_threatens(now, p, c, where)
        )
    for q in range(len(now.places)):
        if now.places[q].siege < 0:
            continue
        for p in range(len(now.places)):
            if now.routes[q, p].km <= now.params.siege_km:
                now.people[p].siege = q


@compiled
def quiet_host(now: Now, place: int):
    """Nearest other place by road where nothing drives people out today, -1 when there is none."""
    best = -1
    for q in range(len(now.places)):
        if (
            q != place
            and not now.people[q].threatened
            and now.people[q].siege < 0
            and now.people[q].start > 0.0
            and is_nearer(now, place, q, best)
        ):
            best = q
    return best


@compiled
def leave_home(now: Now, place: int, n: float):
    """People of a place flee: a share abroad, the rest to the nearest quiet place.

    Source: RULES R4.6 (people are conserved over places and abroad).
    """
    spot = now.people[place]
    abroad = len(now.places)
    host = quiet_host(now, place)
    out = n if host < 0 else now.params.displace_abroad * n
    spot.residents -= n
    spot.away += n
    now.away[place, abroad].people += out
    now.conflict.abroad += out
    if host >= 0:
        now.away[place, host].people += n - out
        now.people[host].hosted += n - out


@compiled
def come_home(now: Now, place: int):
    """A share of those who fled a place comes back from wherever they are. Source: RULES R4.6."""
    spot = now.people[place]
    back = 0.0
    for q in range(len(now.places) + 1):
        n = now.params.displace_return * now.away[place, q].people
        if n <= 0.0:
            continue
        now.away[place, q].people -= n
        back += n
        if q < len(now.places):
            now.people[q].hosted -= n
        else:
            now.conflict.abroad -= n
    spot.away -= back
    spot.residents += back


@rule("R4.6", people="residents away hosted told threatened siege", away=ALL, conflict="abroad")
def displace(now: Now):
    """People flee from fights, from the army's column and from blockades, and come back later.

    The base hazard is weighed by the influence that is not the army's: it does not empty the
    capital. Source: RULES R4.6.
    """
    hour = now.end - 1.0
    c = offensive.offensive_out(now)
    where = movement.whereabouts(now, c, hour) if c >= 0 else -1
    days = int(now.params.displace_clash_days)
    feel_threats(now, days, c, where)
    for p, spot in enumerate(now.people):
        hazard = now.params.displace_base * (1.0 - now.presence[st.STATE, p].phi)
        cause = -1
        if spot.siege >= 0:
            hazard += now.params.displace_siege
            cause = now.places[spot.siege].siege_cause
        if spot.threatened:
            if st.days_with_fights(now.places[p].fights, days) > 0:
                hazard += now.params.displace_clash
                cause = now.places[p].town_cause
            if column_threatens(now, p, c, where):
                hazard += now.params.displace_column
                cause = now.columns[c].cause
        elif spot.away > 1.0 and spot.siege < 0:
            come_home(now, p)
        leaving = min(1.0, hazard) * spot.residents
        if leaving >= 1.0:
            leave_home(now, p, leaving)
        share = spot.away / spot.start if spot.start > 0.0 else 0.0
        quarters = int(QUARTERS * share / ONE)
        if quarters > spot.told:
            spot.told = quarters
            note(now, hour, log.DISPLACED, place=p, cause=cause, amount=spot.away)
