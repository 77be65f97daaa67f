"""R2.1-R2.4: how a base or a column is attacked, what it costs, and who breaks."""

import math

from camphandover.core.compiled import compiled
from camphandover.core.draws import (
    Decision,
    Key,
    binomial,
    erlang,
    from_table,
    lognormal,
    poisson,
    uniform,
)
from camphandover.core.parameters import Params
from camphandover.core.rules.movement import at_rest, lose_men
from camphandover.core.rules.presence import information, unit_power
from camphandover.core.state import (
    COUNTRY,
    GARRISON,
    GROUP,
    GSIM,
    HOURS,
    MANOEUVRE,
    N_SIDES,
    PARTNER,
    SEPARATISTS,
    WAGNER_TEAM,
    State,
    bloc_of,
    hostile,
    today,
)

TABLE_GARRISON, TABLE_RAIDER, TABLE_MANOEUVRE, TABLE_SEPARATISTS, TABLE_GSIM = range(5)
"""Rows of `params.breakpoints` (R2.3)."""


@compiled
def in_party(state: State, u: int, c: int, place: int, bloc: int):
    """Whether a unit fights in a party: column `c`, or (c = -1) those of `bloc` in `place`."""
    unit = state.units[u]
    if unit.men <= 0:
        return False
    if c >= 0:
        return unit.column == c
    return (
        unit.place == place
        and unit.slot != COUNTRY
        and bloc_of(unit.side) == bloc
        and at_rest(state, unit)
    )


@compiled
def muster(state: State, params: Params, c: int, place: int, bloc: int):
    """Strength of a party: men, power with morale, vehicles, day since when, kind, first unit.

    The works of a base are as old as its oldest unit; the kind is garrison when garrisons are
    half of the men, else that of the largest other unit.

    Returns:
        (men, power, vehicles, first day of arrival, kind, first unit or -1).
    Source: RULES R2.2 (N e q m).
    """
    men = 0
    power = 0.0
    vehicles = 0
    since = 10**9
    garrison = 0
    best = 0
    kind = 0
    first = -1
    for u in range(len(state.units)):
        if not in_party(state, u, c, place, bloc):
            continue
        unit = state.units[u]
        if first < 0:
            first = u
        men += unit.men
        vehicles += unit.vehicles
        power += unit_power(params, unit) * state.sides[unit.side].morale
        since = min(since, unit.since)
        if unit.kind == GARRISON:
            garrison += unit.men
        elif unit.men > best:
            best = unit.men
            kind = unit.kind
    if 2 * garrison >= men:
        kind = GARRISON
    return men, power, vehicles, since, kind, first


@compiled
def posture_of(state: State, params: Params, place: int, since: int, day: int, raiders: bool):
    """Posture factor p of a defender. Source: RULES R2.2, R2.6; QJM posture values (Dupuy)."""
    if raiders:
        return params.posture_raider
    if state.places[place].un_camp:
        return params.posture_camp
    if day - since >= params.fortified_after_days:
        return params.posture_fortified
    if day - since >= params.prepared_after_days:
        return params.posture_prepared
    return params.posture_hasty


@compiled
def p_surprise(state: State, params: Params, place: int, defender: int):
    """Chance that people do not tell the defender of an approach. Source: RULES R2.1, R4.2.

    Who was seen from the air (R3.3) has no surprise left when it arrives.
    """
    return math.exp(-params.information_surprise * information(state, params, place, defender))


@compiled
def breakpoint_table(kind: int, side: int, attacking: bool, mission: int):
    """Which breakpoint distribution a party draws from. Source: RULES R2.3."""
    if kind == MANOEUVRE or kind == WAGNER_TEAM or kind == PARTNER:
        return TABLE_MANOEUVRE
    if kind == GROUP:
        if attacking and side != GSIM:
            return TABLE_RAIDER
        return TABLE_GSIM if side == GSIM else TABLE_SEPARATISTS
    return TABLE_GARRISON


@compiled
def breakpoint(params: Params, table: int, morale: float, u: float):
    """Share of casualties at which a party breaks. Source: RULES R2.3; Helmbold 1971."""
    share = from_table(params.breakpoints[table], u)
    return share * (params.break_morale_base + params.break_morale_slope * morale)


@compiled
def attrition(
    params: Params,
    n_attack: float,
    n_defend: float,
    power_attack: float,
    power_defend: float,
    posture: float,
    noise_a: float,
    noise_d: float,
):
    """Expected casualties of one hour: lam_a and lam_d of R2.2.

    Args:
        n_attack, n_defend: Fit men of each party.
        power_attack: N e q m S of the attacker. power_defend: N e q m p of the defender.
        posture: p of the defender. noise_a, noise_d: g and g' with mean 1.
    Returns:
        Casualties of the attacker and of the defender, means of a Poisson count.
    Source: Helmbold; RULES R2.2.
    """
    w = params.attrition_exponent
    rate = params.attrition_rate
    lam_a = rate * n_attack ** (1.0 - w) * power_defend**w * noise_a
    lam_d = rate * n_defend ** (1.0 - w) * power_attack**w * posture ** (-w) * noise_d
    return lam_a, lam_d


@compiled
def ambush_attrition(
    params: Params,
    n_column: float,
    n_ambush: float,
    power_column: float,
    power_ambush: float,
    noise_c: float,
    noise_a: float,
):
    """Expected casualties of one hour of an ambush: blind fire against aimed fire.

    The column fires blind (w = blind exponent), the ambusher aimed (w = aimed exponent).
    Source: Deitchman 1962; RULES R2.2.
    """
    aimed = params.ambush_exponent_aimed
    blind = params.ambush_exponent_blind
    rate = params.attrition_rate
    lam_column = rate * n_column ** (1.0 - aimed) * power_ambush**aimed * noise_c
    lam_ambush = rate * n_ambush ** (1.0 - blind) * power_column**blind * noise_a
    return lam_column, lam_ambush


@compiled
def noise(params: Params, key: Key, decision: int, who: int, hour: int):
    """Noise g of an hour's attrition: gamma with mean 1. Source: RULES R2.2."""
    return erlang(int(params.attrition_noise_shape), 1.0, uniform(key, decision, who, hour))


@compiled
def duel(
    params: Params,
    key: Key,
    who: int,
    hour: int,
    n_attack: int,
    n_defend: int,
    attack: float,
    defend: float,
    posture: float,
    surprise: float,
    hours: int,
    theta_a: float,
    theta_d: float,
    longest: int,
):
    """Fight hour by hour until one side breaks or the hours are over.

    Args:
        who: Id of the fight for the draws. hour: Hour at which it begins.
        n_attack, n_defend: Men. attack, defend: Power of one man (e q m) on each side.
        posture: p. surprise: Factor S on the attacker. hours: How many hours S lasts.
        theta_a, theta_d: Breakpoints, shares of casualties.
        longest: Hours after which it ends undecided.
    Returns:
        (1 attacker wins, 0 defender holds, -1 undecided; casualties of each; hours fought;
        probability of the outcome where a draw decided a double break, else nan).
    Source: RULES R2.2, R2.3.
    """
    left_a = n_attack
    left_d = n_defend
    p_tie = math.nan
    for h in range(longest):
        t = hour + h
        s = surprise if h < hours else 1.0
        power_a = left_a * attack * s
        power_d = left_d * defend * posture
        noise_a = erlang(
            int(params.attrition_noise_shape), 1.0, uniform(key, Decision.NOISE_ATTACKER, who, t)
        )
        noise_d = erlang(
            int(params.attrition_noise_shape), 1.0, uniform(key, Decision.NOISE_DEFENDER, who, t)
        )
        lam_a, lam_d = attrition(
            params, left_a, left_d, power_a, power_d, posture, noise_a, noise_d
        )
        loss_a = min(left_a, poisson(lam_a, uniform(key, Decision.LOSS_ATTACKER, who, t)))
        loss_d = min(left_d, poisson(lam_d, uniform(key, Decision.LOSS_DEFENDER, who, t)))
        left_a -= loss_a
        left_d -= loss_d
        broken_a = n_attack - left_a >= theta_a * n_attack
        broken_d = n_defend - left_d >= theta_d * n_defend
        if broken_a and broken_d:
            p_tie = power_a / (power_a + power_d)
            won = uniform(key, Decision.DOUBLE_BREAK, who, t) < p_tie
            p_tie = p_tie if won else 1.0 - p_tie
            return int(won), n_attack - left_a, n_defend - left_d, h + 1, p_tie
        if broken_d:
            return 1, n_attack - left_a, n_defend - left_d, h + 1, p_tie
        if broken_a:
            return 0, n_attack - left_a, n_defend - left_d, h + 1, p_tie
    return -1, n_attack - left_a, n_defend - left_d, longest, p_tie


@compiled
def share_losses(
    state: State,
    c: int,
    place: int,
    bloc: int,
    men: int,
    dead: int,
    wounded: int,
    captured: int,
    missing: int,
    back: float,
    return_day: int,
    cause: int,
):
    """Spread a party's losses over its units by their men; whole men, nobody lost on the way.

    Args:
        back: Share of the missing who find their way back, on `return_day`.
        cause: Row of the rout in the ledger.
    """
    for u in range(len(state.units)):
        if men <= 0:
            return
        if not in_party(state, u, c, place, bloc):
            continue
        n = state.units[u].men
        d = min(n, round(dead * n / men))
        w = min(n - d, round(wounded * n / men))
        k = min(n - d - w, round(captured * n / men))
        m = min(n - d - w - k, round(missing * n / men))
        lose_men(state, u, d, w, k, m)
        if m > 0:
            state.units[u].missing += round(m * back)
            state.units[u].return_day = return_day
            state.units[u].missing_cause = cause
        men -= n
        dead -= d
        wounded -= w
        captured -= k
        missing -= m


@compiled
def mark_contact(state: State, place: int, day: int, bloc: int, other: int, hour: float, row: int):
    """Remember that two blocs fought at a place: the army calls its aircraft to its contacts.

    Source: RULES R6.3 (fights), R3.1 (contact), R7.1 (attacks).
    """
    spot = state.places[place]
    spot.fights |= 1
    if bloc != 0 and other != 0:
        return
    if hour < spot.contact:
        spot.contact = hour
        spot.contact_cause = row
    if bloc == 1 or other == 1:
        state.recent[today(day), SEPARATISTS].attacks += 1


@compiled
def mark_fight(state: State, place: int, day: int, c: int, bloc: int):
    """Remember the units that were in a fight. Source: RULES R1.6 (use of stock)."""
    for u in range(len(state.units)):
        if in_party(state, u, c, place, bloc) or in_party(state, u, -1, place, bloc):
            state.units[u].fought = day


@compiled
def casualties(
    state: State,
    params: Params,
    key: Key,
    c: int,
    place: int,
    bloc: int,
    n: int,
    loss: int,
    who: int,
    hour: int,
):
    """Book a party's casualties: killed and wounded. Source: RULES R2.2 (killed share)."""
    dead = binomial(loss, params.killed_share, uniform(key, Decision.KILLED, who, hour))
    share_losses(state, c, place, bloc, n, dead, loss - dead, 0, 0, 0.0, 0, -1)


@compiled
def perceived(
    params: Params, key: Key, decision: int, side: int, place: int, day: int, power: float
):
    """An enemy's power as a commander sees it that day: the truth x log-normal error.

    Source: RULES R5.1.
    """
    u = uniform(key, decision, place * N_SIDES + side, day)
    return power * lognormal(1.0, params.perceive_sd, u)


@compiled
def defender_of(state: State, place: int, bloc: int):
    """Hostile bloc with most men standing inside a place, -1 when none does."""
    best = -1
    most = 0
    for other in range(3):
        if not hostile(state, bloc, other):
            continue
        men = 0
        for u in range(len(state.units)):
            if in_party(state, u, -1, place, other):
                men += state.units[u].men
        if men > most:
            best = other
            most = men
    return best


@compiled
def dawn(params: Params, day: int):
    """First hour of a day at which an attack can begin."""
    return float(day * HOURS) + params.dawn_hour


@compiled
def attack_hour(params: Params, key: Key, lead: int, arrive: float):
    """Hour at which a column that has arrived attacks: by day, and early enough to end by day."""
    day = int(arrive // HOURS)
    of_day = arrive - day * HOURS
    if params.dawn_hour <= of_day <= params.last_attack_hour:
        return arrive
    if of_day > params.last_attack_hour:
        day += 1
    u = uniform(key, Decision.ATTACK_HOUR, lead, day)
    return dawn(params, day) + u * (params.last_attack_hour - params.dawn_hour)
