"""R2.1-R2.4: how a base or a column is attacked, what it costs, and who breaks."""

import math
from typing import NamedTuple

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled, declare
from camphandover.core.draws import (
    Decision,
    binomial,
    erlang,
    from_table,
    lognormal,
    poisson,
    uniform,
)
from camphandover.core.now import Now, hostile, note
from camphandover.core.parameters import Params, nearest_whole
from camphandover.core.rules import movement, presence

TABLE_GARRISON, TABLE_RAIDER, TABLE_MANOEUVRE, TABLE_SEPARATISTS, TABLE_GSIM = range(5)
"""Rows of `params.breakpoints` (R2.3)."""


@compiled
def in_party(now: Now, u: int, c: int, place: int, bloc: int, hidden: bool = False):
    """Whether a unit is in a party: column `c`, or (c = -1) those of `bloc` inside `place`.

    Args:
        hidden: Whether those who hide in the country around are of the party too.
    """
    unit = now.units[u]
    if unit.men <= 0:
        return False
    if c >= 0:
        return unit.column == c
    return (
        unit.place == place
        and (hidden or unit.slot != st.COUNTRY)
        and st.bloc_of(unit.side) == bloc
        and movement.at_rest(now, unit)
    )


@compiled
def first_in(now: Now, place: int, bloc: int):
    """First unit of a bloc that is at rest at a place or around it, -1 when there is none."""
    for u in range(len(now.units)):
        if in_party(now, u, -1, place, bloc, True):
            return u
    return -1


class Party(NamedTuple):
    """Who fights together: column `c`, or (c = -1) those of `bloc` inside `place`."""

    c: int
    place: int
    bloc: int
    men: int
    power: float
    """N e q m of R2.2."""
    vehicles: int
    since: int
    """Day on which its oldest unit came: so old are the works of a base."""
    kind: int
    """Garrison when garrisons are half of the men, else that of the largest other unit."""
    first: int
    """First unit, -1 when there is none."""


declare(Party, Party(-1, 0, 0, 0, 0.0, 0, 0, 0, -1))


@compiled
def muster(now: Now, c: int, place: int, bloc: int):
    """The party of a column, or (c = -1) of those of a bloc inside a place. Source: RULES R2.2."""
    men = vehicles = 0
    power = 0.0
    since = 10**9
    garrison = best = kind = 0
    first = -1
    for u in range(len(now.units)):
        if not in_party(now, u, c, place, bloc):
            continue
        unit = now.units[u]
        if first < 0:
            first = u
        men += unit.men
        vehicles += unit.vehicles
        power += presence.unit_power(now.params, unit) * now.sides[unit.side].morale
        since = min(since, unit.since)
        if unit.kind == st.GARRISON:
            garrison += unit.men
        elif unit.men > best:
            best = unit.men
            kind = unit.kind
    if 2 * garrison >= men:
        kind = st.GARRISON
    return Party(c, place, bloc, men, power, vehicles, since, kind, first)


class Force(NamedTuple):
    """One side of a fight: its men, the power of one man, the share of casualties it breaks at."""

    men: int
    worth: float
    breaks: float


declare(Force, Force(0, 0.0, 0.0))


@compiled
def posture_of(now: Now, place: int, since: int, raiders: bool):
    """Posture factor p of a defender. Source: RULES R2.2, R2.6; QJM posture values (Dupuy)."""
    if raiders:
        return now.params.posture_raider
    if now.places[place].un_camp:
        return now.params.posture_camp
    if now.day - since >= now.params.fortified_after_days:
        return now.params.posture_fortified
    if now.day - since >= now.params.prepared_after_days:
        return now.params.posture_prepared
    return now.params.posture_hasty


@compiled
def p_surprise(now: Now, place: int, defender: int):
    """Chance that people do not tell the defender of an approach. Source: RULES R2.1, R4.2.

    Who was seen from the air (R3.3) has no surprise left when it arrives.
    """
    return math.exp(-now.params.information_surprise * presence.information(now, place, defender))


@compiled
def breakpoint_table(kind: int, side: int, attacking: bool):
    """Which breakpoint distribution a party draws from. Source: RULES R2.3."""
    if kind == st.MANOEUVRE or kind == st.WAGNER_TEAM or kind == st.PARTNER:
        return TABLE_MANOEUVRE
    if kind == st.GROUP:
        if attacking and side != st.GSIM:
            return TABLE_RAIDER
        return TABLE_GSIM if side == st.GSIM else TABLE_SEPARATISTS
    return TABLE_GARRISON


@compiled
def breakpoint(params: Params, table: int, morale: float, u: float):
    """Share of casualties at which a party breaks. Source: RULES R2.3; Helmbold 1971."""
    share = from_table(params.breakpoints[table], u)
    return share * (params.break_morale_base + params.break_morale_slope * morale)


@compiled
def breaks_at(now: Now, kind: int, side: int, attacking: bool, decision: int, who: int, hour: int):
    """Breakpoint drawn for a party of this kind and side in fight `who`. Source: RULES R2.3."""
    table = breakpoint_table(kind, side, attacking)
    u = uniform(now.key, decision, who, hour)
    return breakpoint(now.params, table, now.sides[side].morale, u)


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
def force_of(
    now: Now, party: Party, side: int, attacking: bool, decision: int, who: int, hour: int
):
    """A party as it goes into a fight; `decision` draws its breakpoint."""
    breaks = breaks_at(now, party.kind, side, attacking, decision, who, hour)
    return Force(party.men, party.power / party.men, breaks)


@compiled
def force_of_unit(now: Now, u: int, breaks: float):
    """One unit as it goes into an ambush."""
    unit = now.units[u]
    worth = unit.quality * (1.0 + unit.loot) * now.sides[unit.side].morale
    return Force(unit.men, worth, breaks)


@compiled
def note_broken(now: Now, hour: float, party: Party, loss: int, p: float, cause: int):
    """Write that a defending party broke; returns the row."""
    side, first = now.units[party.first].side, party.first
    return note(now, hour, log.BROKEN, side, party.place, cause, entity=first, amount=loss, p=p)


@compiled
def noise(now: Now, decision: int, who: int, hour: int):
    """Noise g of an hour's attrition: gamma with mean 1. Source: RULES R2.2."""
    u = uniform(now.key, decision, who, hour)
    return erlang(int(now.params.attrition_noise_shape), 1.0, u)


@compiled
def casualties_of(now: Now, men: int, mean: float, decision: int, who: int, hour: int):
    """Casualties of an hour among so many men."""
    return min(men, poisson(mean, uniform(now.key, decision, who, hour)))


@compiled
def duel(
    now: Now, a: Force, d: Force, posture: float, surprised: int, longest: int, who: int, hour: int
):
    """Fight hour by hour until one side breaks or the hours are over.

    Args:
        a, d: Attacker and defender. posture: p of the defender.
        surprised: For how many hours the attacker has its surprise factor S.
        longest: Hours after which it ends undecided.
        who: Id of the fight for the draws. hour: Hour at which it begins.
    Returns:
        (1 attacker wins, 0 defender holds, -1 undecided; casualties of each; hours fought;
        probability of the outcome where a draw decided a double break, else nan).
    Source: RULES R2.2, R2.3.
    """
    left_a = a.men
    left_d = d.men
    outcome = -1
    lasted = longest
    p_tie = math.nan
    for h in range(longest):
        t = hour + h
        power_a = left_a * a.worth * (now.params.surprise_factor if h < surprised else 1.0)
        power_d = left_d * d.worth * posture
        noise_a = noise(now, Decision.NOISE_ATTACKER, who, t)
        noise_d = noise(now, Decision.NOISE_DEFENDER, who, t)
        lam_a, lam_d = attrition(
            now.params, left_a, left_d, power_a, power_d, posture, noise_a, noise_d
        )
        left_a -= casualties_of(now, left_a, lam_a, Decision.LOSS_ATTACKER, who, t)
        left_d -= casualties_of(now, left_d, lam_d, Decision.LOSS_DEFENDER, who, t)
        broken_a = a.men - left_a >= a.breaks * a.men
        broken_d = d.men - left_d >= d.breaks * d.men
        if not broken_a and not broken_d:
            continue
        outcome = int(broken_d)
        lasted = h + 1
        if broken_a and broken_d:
            p_tie = power_a / (power_a + power_d)
            outcome = int(uniform(now.key, Decision.DOUBLE_BREAK, who, t) < p_tie)
            p_tie = p_tie if outcome else 1.0 - p_tie
        break
    return outcome, a.men - left_a, d.men - left_d, lasted, p_tie


@compiled
def ambush(now: Now, prey: Force, hunter: Force, who: int, hour: int):
    """Fight an ambush hour by hour until one side breaks or its hours are over.

    Returns:
        (casualties of the prey, of the hunter; whether the prey broke).
    Source: Deitchman 1962; RULES R2.2, R2.3.
    """
    left_p = prey.men
    left_h = hunter.men
    broken = False
    for h in range(nearest_whole(now.params.ambush_hours)):
        t = hour + h
        noise_p = noise(now, Decision.NOISE_DEFENDER, who, t)
        noise_h = noise(now, Decision.NOISE_ATTACKER, who, t)
        power_p, power_h = left_p * prey.worth, left_h * hunter.worth
        lam_p, lam_h = ambush_attrition(
            now.params, left_p, left_h, power_p, power_h, noise_p, noise_h
        )
        left_p -= casualties_of(now, left_p, lam_p, Decision.LOSS_DEFENDER, who, t)
        left_h -= casualties_of(now, left_h, lam_h, Decision.LOSS_ATTACKER, who, t)
        broken = prey.men - left_p >= prey.breaks * prey.men
        if broken or hunter.men - left_h >= hunter.breaks * hunter.men:
            break
    return prey.men - left_p, hunter.men - left_h, broken


@compiled
def share_losses(
    now: Now, party: Party, dead: int, wounded: int, captured: int, missing: int, cause: int
):
    """Spread a party's losses over its units by their men; whole men, nobody lost on the way.

    A share of the missing finds its way back after some days.

    Args:
        cause: Row of the rout in the ledger.
    """
    men = party.men
    for u in range(len(now.units)):
        if men <= 0:
            return
        if not in_party(now, u, party.c, party.place, party.bloc):
            continue
        unit = now.units[u]
        n = unit.men
        d = min(n, round(dead * n / men))
        w = min(n - d, round(wounded * n / men))
        k = min(n - d - w, round(captured * n / men))
        m = min(n - d - w - k, round(missing * n / men))
        movement.lose_men(now, u, d, w, k, m)
        if m > 0:
            unit.missing += round(m * now.params.rout_return)
            unit.return_day = now.day + int(now.params.rout_return_days)
            unit.missing_cause = cause
        men -= n
        dead -= d
        wounded -= w
        captured -= k
        missing -= m


@compiled
def mark_contact(now: Now, place: int, bloc: int, other: int, hour: float, row: int):
    """Remember that two blocs fought at a place: the army calls its aircraft to its contacts.

    Source: RULES R6.3 (fights), R3.1 (contact), R7.1 (attacks).
    """
    spot = now.places[place]
    spot.fights |= 1
    if bloc != st.STATE and other != st.STATE:
        return
    if hour < spot.contact:
        spot.contact = hour
        spot.contact_cause = row
    if bloc == st.REBELS or other == st.REBELS:
        now.recent[st.today(now.day), st.SEPARATISTS].attacks += 1


@compiled
def mark_fight(now: Now, place: int, c: int, bloc: int):
    """Remember the units that were in a fight: a column's and those of a bloc inside a place.

    Source: RULES R1.6 (use of stock).
    """
    for u, unit in enumerate(now.units):
        if in_party(now, u, c, place, bloc) or in_party(now, u, -1, place, bloc):
            unit.fought = now.day


@compiled
def killed(now: Now, loss: int, who: int, hour: int):
    """How many of so many casualties are dead; the others are wounded. Source: RULES R2.2."""
    return binomial(loss, now.params.killed_share, uniform(now.key, Decision.KILLED, who, hour))


@compiled
def casualties(now: Now, party: Party, loss: int, who: int, hour: int):
    """Book a party's casualties: killed and wounded. Source: RULES R2.2 (killed share)."""
    dead = killed(now, loss, who, hour)
    share_losses(now, party, dead, loss - dead, 0, 0, -1)


@compiled
def lose_in_unit(now: Now, u: int, loss: int, who: int, hour: int):
    """Book one unit's casualties, killed and wounded, in a fight of today."""
    dead = killed(now, loss, who, hour)
    movement.lose_men(now, u, dead, loss - dead, 0, 0)
    now.units[u].fought = now.day


@compiled
def perceived(now: Now, decision: int, side: int, place: int, power: float):
    """An enemy's power as a commander sees it that day: the truth x log-normal error.

    Source: RULES R5.1.
    """
    u = uniform(now.key, decision, place * st.N_SIDES + side, now.day)
    return power * lognormal(1.0, now.params.perceive_sd, u)


@compiled
def defender_of(now: Now, place: int, bloc: int):
    """Hostile bloc with most men standing inside a place, -1 when none does."""
    best = -1
    most = 0
    for other in range(st.N_ARMED):
        if not hostile(now, bloc, other):
            continue
        men = 0
        for u, unit in enumerate(now.units):
            if in_party(now, u, -1, place, other):
                men += unit.men
        if men > most:
            best = other
            most = men
    return best


@compiled
def dawn(params: Params, day: int):
    """First hour of a day at which an attack can begin."""
    return float(day * st.HOURS) + params.dawn_hour


@compiled
def attack_hour(now: Now, lead: int, arrive: float):
    """Hour at which a column that has arrived attacks: by day, and early enough to end by day."""
    day = int(arrive // st.HOURS)
    of_day = arrive - day * st.HOURS
    if now.params.dawn_hour <= of_day <= now.params.last_attack_hour:
        return arrive
    if of_day > now.params.last_attack_hour:
        day += 1
    u = uniform(now.key, Decision.ATTACK_HOUR, lead, day)
    return dawn(now.params, day) + u * (now.params.last_attack_hour - now.params.dawn_hour)
