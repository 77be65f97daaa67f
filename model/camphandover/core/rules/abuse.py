"""R4.2, R4.5: violence against civilians, selective where people tell, else indiscriminate."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, exponential, negative_binomial, poisson, uniform
from camphandover.core.now import Now, note
from camphandover.core.parameters import Params
from camphandover.core.rules import KILLS, harm, presence, rule

OUTSIDERS = 3
"""Number of the Islamic State among the perpetrators, after the armed blocs 0 to 2."""
PERPETRATORS = 4


@compiled
def zone_of(params: Params, phi: float):
    """Zone of control 1-5 of a bloc with this share of influence. Source: Kalyvas; RULES R4.1."""
    if phi > params.zone_full:
        return 1
    if phi > params.zone_parity:
        return 2
    if phi >= 1.0 - params.zone_parity:
        return 3
    return 4 if phi >= 1.0 - params.zone_full else 5


@compiled
def selective_violence(params: Params, phi: float, info: float):
    """Rate of selective violence: two humps over control, none at parity and at the ends.

    Args:
        phi: Share of influence of the perpetrator. info: What people tell it, 0 to 1.
    Source: Kalyvas 2006; RULES R4.2.
    """
    zone = zone_of(params, phi)
    return info * (1.0 - phi) if zone == 2 or zone == 4 else 0.0


@compiled
def unrestrained(now: Now, place: int, bloc: int):
    """How much more often a bloc does violence where the UN has left. Source: RULES R4.5."""
    if bloc == OUTSIDERS or not now.places[place].un_left:
        return 1.0
    return now.params.abuse_un_army if bloc == st.STATE else now.params.abuse_un_insurgents


@compiled
def abuse_weight(now: Now, place: int, bloc: int):
    """Weights of a place for a bloc's violence, the UN's restraint apart.

    Returns:
        (selective, indiscriminate).
    Indiscriminate violence goes where control is contested and nobody tells.
    Source: RULES R4.2, R4.5.
    """
    if not harm.is_populated(now, place):
        return 0.0, 0.0
    if bloc == OUTSIDERS:
        return 0.0, float(now.places[place].islamic_state)
    phi = now.presence[bloc, place].phi
    info = presence.information(now, place, bloc)
    selective = selective_violence(now.params, phi, info)
    return selective, (1.0 - info) * phi * (1.0 - phi)


@compiled
def own_deaths(now: Now, day: int, bloc: int):
    """Dead of a bloc's sides within the days that count, up to yesterday. Source: RULES R4.5."""
    dead = 0
    for back in range(1, int(now.params.abuse_days) + 1):
        for side in range(st.N_SIDES):
            if st.bloc_of(side) == bloc:
                dead += now.recent[st.today(day - back), side].dead
    return dead


@compiled
def abuse_rate(now: Now, day: int, bloc: int):
    """Expected events of a day. Source: RULES R4.5; ACLED 2023 (anchors, Wagner being there)."""
    if bloc == OUTSIDERS:
        return now.params.abuse_islamic_state * now.params.abuse_north
    if bloc == st.REBELS:
        return 0.0  # no rate is known for the separatists
    rate = now.params.abuse_gsim
    if bloc == st.STATE:
        rate = now.params.abuse_army
        if not now.switches.wagner:
            rate /= now.params.abuse_wagner
        if now.switches.french:
            rate *= now.params.abuse_french
    rate *= now.params.abuse_north
    told = phis = free = weights = 0.0
    for p in range(len(now.places)):
        phi = now.presence[bloc, p].phi
        told += phi * presence.information(now, p, bloc)
        phis += phi
        selective, blind = abuse_weight(now, p, bloc)
        weights += selective + blind
        free += (selective + blind) * unrestrained(now, p, bloc)
    if weights <= 0.0:
        return 0.0
    info = told / phis
    told_usual = now.params.abuse_told_army if bloc == st.STATE else now.params.abuse_told_gsim
    usual = (1.0 + now.params.abuse_losses * now.params.abuse_usual) * (1.0 - told_usual)
    lately = 1.0 + now.params.abuse_losses * own_deaths(now, day, bloc)
    return rate * lately * (1.0 - info) / usual * free / weights


@compiled
def perpetrator(now: Now, bloc: int):
    """Side to which violence of a bloc is booked; -1 for the Islamic State."""
    if bloc == OUTSIDERS:
        return -1
    if bloc == st.STATE:
        return st.WAGNER if now.switches.wagner else st.ARMY
    return st.GSIM


@compiled
def commit(now: Now, bloc: int, event: int):
    """One event: where, of which kind, and how many it kills.

    The places race for it, each with a clock of its own as fast as its weight: what changes the
    weight of one place does not touch the luck of the others. Source: RULES R4.2, R4.5.
    """
    who = bloc * 64 + event % 64
    place = -1
    first = math.inf
    chance = math.nan
    for p in range(len(now.places)):
        selective, blind = abuse_weight(now, p, bloc)
        if selective + blind <= 0.0:
            continue
        weight = (selective + blind) * unrestrained(now, p, bloc)
        u = uniform(now.key, Decision.ABUSE_PLACE, p * 256 + who, now.day)
        when = exponential(1.0 / weight, u)
        if when < first:
            first = when
            place = p
            chance = selective / (selective + blind)
    if place < 0:
        return
    kind = log.ABUSE
    if uniform(now.key, Decision.ABUSE_KIND, place * 256 + who, now.day) < chance:
        kind = log.ABUSE_SELECTIVE
    else:
        chance = 1.0 - chance
    side = perpetrator(now, bloc)
    dead = negative_binomial(
        now.params.abuse_deaths,
        now.params.abuse_dispersion,
        uniform(now.key, Decision.ABUSE_DEATHS, who, now.day),
    )
    hour = float(now.day * st.HOURS + st.HOURS // 2)
    row = note(now, hour, kind, side, place, amount=dead, p=chance)
    harm.kill_civilians(now, place, side, dead, hour, row)


@rule("R4.5", KILLS)
def abuse_people(now: Now):
    """Violence against civilians by the army with Wagner, by GSIM and by the Islamic State.

    More after own losses, less where people tell; more where the UN has left.
    Source: RULES R4.5, R4.2.
    """
    for bloc in range(PERPETRATORS):
        rate = abuse_rate(now, now.day, bloc)
        if rate <= 0.0:
            continue
        n = poisson(rate, uniform(now.key, Decision.ABUSE_EVENTS, bloc, now.day))
        for event in range(n):
            commit(now, bloc, event)
