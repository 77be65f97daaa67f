"""R4.2, R4.5: violence against civilians, selective where people tell, else indiscriminate."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, exponential, negative_binomial, poisson, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.rules.harm import is_populated, kill_civilians
from camphandover.core.rules.presence import information
from camphandover.core.state import ARMY, GSIM, HOURS, N_SIDES, WAGNER, Clock, State, bloc_of, today

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
def unrestrained(state: State, params: Params, place: int, bloc: int):
    """How much more often a bloc does violence where the UN has left. Source: RULES R4.5."""
    if bloc == OUTSIDERS or not state.places[place].un_left:
        return 1.0
    return params.abuse_un_army if bloc == 0 else params.abuse_un_insurgents


@compiled
def abuse_weight(state: State, params: Params, place: int, bloc: int):
    """Weights of a place for a bloc's violence, the UN's restraint apart.

    Returns:
        (selective, indiscriminate).
    Indiscriminate violence goes where control is contested and nobody tells.
    Source: RULES R4.2, R4.5.
    """
    if not is_populated(state, params, place):
        return 0.0, 0.0
    if bloc == OUTSIDERS:
        return 0.0, float(state.places[place].islamic_state)
    phi = state.presence[bloc, place].phi
    info = information(state, params, place, bloc)
    selective = selective_violence(params, phi, info)
    return selective, (1.0 - info) * phi * (1.0 - phi)


@compiled
def own_deaths(state: State, params: Params, day: int, bloc: int):
    """Dead of a bloc's sides within the days that count, up to yesterday. Source: RULES R4.5."""
    dead = 0
    for back in range(1, int(params.abuse_days) + 1):
        for side in range(N_SIDES):
            if bloc_of(side) == bloc:
                dead += state.recent[today(day - back), side].dead
    return dead


@compiled
def abuse_rate(state: State, params: Params, day: int, bloc: int):
    """Expected events of a day. Source: RULES R4.5; ACLED 2023 (anchors, Wagner being there)."""
    if bloc == OUTSIDERS:
        return params.abuse_islamic_state * params.abuse_north
    if bloc == 1:
        return 0.0  # no rate is known for the separatists
    rate = params.abuse_gsim
    if bloc == 0:
        rate = params.abuse_army
        if not state.switches[0].wagner:
            rate /= params.abuse_wagner
        if state.switches[0].french:
            rate *= params.abuse_french
    rate *= params.abuse_north
    told = 0.0
    phis = 0.0
    free = 0.0
    weights = 0.0
    for p in range(len(state.places)):
        phi = state.presence[bloc, p].phi
        told += phi * information(state, params, p, bloc)
        phis += phi
        selective, blind = abuse_weight(state, params, p, bloc)
        weights += selective + blind
        free += (selective + blind) * unrestrained(state, params, p, bloc)
    if weights <= 0.0:
        return 0.0
    info = told / phis
    told_usual = params.abuse_told_army if bloc == 0 else params.abuse_told_gsim
    usual = (1.0 + params.abuse_losses * params.abuse_usual) * (1.0 - told_usual)
    now = 1.0 + params.abuse_losses * own_deaths(state, params, day, bloc)
    return rate * now * (1.0 - info) / usual * free / weights


@compiled
def perpetrator(state: State, bloc: int):
    """Side to which violence of a bloc is booked; -1 for the Islamic State."""
    if bloc == OUTSIDERS:
        return -1
    if bloc == 0:
        return WAGNER if state.switches[0].wagner else ARMY
    return GSIM


@compiled
def commit(
    state: State, params: Params, clock: Clock, key: Key, ledger: Ledger, bloc: int, event: int
):
    """One event: where, of which kind, and how many it kills.

    The places race for it, each with a clock of its own as fast as its weight: what changes the
    weight of one place does not touch the luck of the others. Source: RULES R4.2, R4.5.
    """
    who = bloc * 64 + event % 64
    place = -1
    first = math.inf
    chance = math.nan
    for p in range(len(state.places)):
        selective, blind = abuse_weight(state, params, p, bloc)
        if selective + blind <= 0.0:
            continue
        weight = (selective + blind) * unrestrained(state, params, p, bloc)
        u = uniform(key, Decision.ABUSE_PLACE, p * 256 + who, clock.day)
        when = exponential(1.0 / weight, u)
        if when < first:
            first = when
            place = p
            chance = selective / (selective + blind)
    if place < 0:
        return
    kind = log.ABUSE
    if uniform(key, Decision.ABUSE_KIND, place * 256 + who, clock.day) < chance:
        kind = log.ABUSE_SELECTIVE
    else:
        chance = 1.0 - chance
    side = perpetrator(state, bloc)
    dead = negative_binomial(
        params.abuse_deaths,
        params.abuse_dispersion,
        uniform(key, Decision.ABUSE_DEATHS, who, clock.day),
    )
    hour = float(clock.day * HOURS + HOURS // 2)
    row = log.note(ledger, hour, kind, side, place, -1, float(dead), chance, -1)
    kill_civilians(state, ledger, place, side, dead, hour, row)


@rule(
    "R4.5",
    writes=(
        "people.residents",
        "people.dead",
        "people.harm_army",
        "people.harm_separatists",
        "people.harm_gsim",
        "people.harm_others",
        "sides.civilians",
    ),
)
def abuse_people(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Violence against civilians by the army with Wagner, by GSIM and by the Islamic State.

    More after own losses, less where people tell; more where the UN has left.
    Source: RULES R4.5, R4.2.
    """
    for bloc in range(PERPETRATORS):
        rate = abuse_rate(state, params, clock.day, bloc)
        if rate <= 0.0:
            continue
        n = poisson(rate, uniform(key, Decision.ABUSE_EVENTS, bloc, clock.day))
        for event in range(n):
            commit(state, params, clock, key, ledger, bloc, event)
