"""What the patterns measure: one number for each run and quantity.

Each function takes the runs of a block and the definition of its pattern, and gives columns of
`VALUES`, shape (run,). A quantity of something that did not happen is nan, which lies within no
bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from camphandover.core.ledger import Kind
from camphandover.facts.codes import Holder, Mission, Side, Slot
from camphandover.measure.patterns import events as ask
from camphandover.measure.patterns.data import VALUES, Pattern
from camphandover.measure.patterns.events import HOURS, MANY, of
from camphandover.measure.patterns.runs import SIDES_OF_ARMY, Events, Runs

Columns = dict[str, np.ndarray]
Measure = Callable[[Runs, Events, Pattern], Columns]


def measure(runs: Runs, patterns: Mapping[str, Pattern]) -> Columns:
    """All values of some runs, in the order of `VALUES`; nan for what the window does not hold.

    Args:
        runs: A block.
        patterns: Definitions by name.
    """
    changes = ask.changes_of(runs.events)
    columns = {name: np.full(runs.n, np.nan) for name in VALUES}
    for name, pattern in patterns.items():
        if pattern.is_within(runs.window):
            columns |= MEASURES[name](runs, changes, pattern)
    return {name: np.where(runs.is_valid, column, np.nan) for name, column in columns.items()}


def _ber(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    camp, record = pattern.place("camp"), pattern.dates["record"]
    losses = of(runs.events, Kind.LOSSES)
    ours = losses[(losses.place == camp) & np.isin(losses.side, SIDES_OF_ARMY)]
    until = record + int(pattern.numbers["days_after"])
    return {
        "P1_day_off": _off(ask.gains(changes, camp, Holder.ARMY, Slot.CAMP), record, runs),
        "P1_army_dead": ask.total(ask.between(ours, runs.start, until), runs.n),
    }


def _timbuktu(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    town, since = pattern.place("town"), pattern.dates["record"]
    eased = of(runs.events, Kind.BLOCKADE_EASED)
    days = slice(runs.index(since), runs.index(pattern.dates["until"]) + 1)
    held = runs.control[:, town, Slot.TOWN, days] == Holder.ARMY
    return {
        "P2_eased_day": _off(eased[eased.place == town], since, runs),
        "P2_army_share": held.mean(axis=1),
    }


def _bourem(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    camp, record = pattern.place("camp"), pattern.dates["record"]
    around = int(pattern.numbers["days_around"])
    entered = ask.bases_lost_to(changes, Holder.SEPARATISTS)
    here = entered[(entered.place == camp) & (entered.slot == Slot.CAMP)]
    chosen = ask.nearest(here, record, runs.n)

    def of_chosen(values: np.ndarray) -> np.ndarray:
        return np.where(chosen >= 0, np.append(values, np.nan)[chosen], np.nan)

    day = ask.day_of(entered.hour)
    is_back = ask.day_of(entered.hour + entered.army_back) == day
    is_near = np.abs(day - record) <= around
    return {
        "P3_day_off": of_chosen(ask.day_of(here.hour)) - record,
        "P3_hours_lost": of_chosen(here.army_back),
        "P3_hours_held": of_chosen(here.held),
        "P3_same_day": ask.how_many(entered[is_back & is_near], runs.n),
    }


def _raids(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    posts, span = pattern.places["posts"], (pattern.dates["first"], pattern.dates["last"])
    battles = of(runs.events, Kind.BATTLE)
    is_raid = (battles.side == Side.SEPARATISTS) & np.isin(battles.place, posts)
    entered = ask.bases_lost_to(changes, Holder.SEPARATISTS)
    entered = entered[np.isin(entered.place, posts)]
    is_kept = entered.kept >= pattern.numbers["held_hours"]
    raids = ask.how_many(ask.between(battles[is_raid], *span), runs.n)
    n_entered = ask.how_many(ask.between(entered, *span), runs.n)
    n_held = ask.how_many(ask.between(entered[is_kept], *span), runs.n)
    return {
        "P4_raids": raids,
        "P4_entered": n_entered,
        "P4_entered_share": np.where(raids > 0, n_entered / np.maximum(raids, 1), np.nan),
        "P4_held": n_held,
        "P4_held_share": n_held / np.maximum(n_entered, 1),
    }


def _aircraft(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    span = (pattern.dates["first"], pattern.dates["last"])
    lost = ask.between(of(runs.events, Kind.AIRCRAFT_LOST), *span)
    hit = ask.how_many(ask.between(of(runs.events, Kind.AIRCRAFT_HIT), *span), runs.n)
    is_manned = lost.amount > 0
    return {
        "P5_aircraft": ask.how_many(lost[is_manned], runs.n) + hit,
        "P5_aircraft_and_drones": ask.how_many(lost, runs.n) + hit,
    }


def _column(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    departs = of(runs.events, Kind.DEPART)
    is_column = (departs.mission == Mission.OFFENSIVE) & np.isin(departs.side, SIDES_OF_ARMY)
    left = ask.earliest(departs[is_column & (departs.place == pattern.place("from"))], runs.n)
    taken = ask.earliest(ask.gains(changes, pattern.place("to"), Holder.ARMY), runs.n)
    return {
        "P6_departs": ask.day_of(left) - pattern.dates["record"],
        "P6_days": (taken - left) / HOURS,
    }


def _halt(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    at, goal = pattern.place("at"), pattern.place("before")
    taken = ask.earliest(ask.gains(changes, at, Holder.ARMY), runs.n)
    arrives = of(runs.events, Kind.ARRIVE)
    is_there = (arrives.place == goal) & np.isin(arrives.side, SIDES_OF_ARMY)
    is_later = arrives.hour >= taken[arrives.run]  # false where it is nan
    captured = ask.earliest(ask.gains(changes, goal, Holder.ARMY), runs.n)
    return {
        "P7_halt": (ask.earliest(arrives[is_there & is_later], runs.n) - taken) / HOURS,
        "P7_to_capture": (captured - taken) / HOURS,
    }


def _camps(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    e, columns = changes, {}
    for name, place in zip(("Tessalit", "Aguelhok", "Kidal"), pattern.places["camps"], strict=True):
        here = e[(e.place == place) & (e.slot == Slot.CAMP)]
        left = ask.earliest(here[here.before == Holder.MINUSMA], runs.n)
        columns[f"P8_{name}"] = ask.holder_at(here, left + pattern.numbers["settle_hours"])
    return columns


def _exit(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    camp, to = pattern.place("camp"), pattern.place("to")
    e, n = runs.events, runs.n
    exits, departs = of(e, Kind.EXIT), of(e, Kind.DEPART)
    left = ask.day_of(ask.earliest(exits[exits.place == camp], n))
    convoy = departs[(departs.mission == Mission.CONVOY) & (departs.place == camp)]
    convoy_row = np.full(n, -1)
    convoy_row[convoy.run] = convoy.row

    def on_the_road(kind: Kind) -> Events:
        rows = of(e, kind)
        return rows[(rows.cause == convoy_row[rows.run]) & (rows.cause >= 0)]

    arrives, hits = on_the_road(Kind.ARRIVE), on_the_road(Kind.IED)
    arrived = ask.earliest(arrives[arrives.place == to], n)
    has_left = convoy_row >= 0
    return {
        "P9_early": pattern.dates["plan"] - left,
        "P9_convoy_days": (arrived - ask.earliest(convoy, n)) / HOURS,
        "P9_ieds": np.where(has_left, ask.how_many(hits, n), np.nan),
        "P9_convoy_dead": np.where(has_left, _dead_of_convoy(runs, hits), np.nan),
    }


def _dead_of_convoy(runs: Runs, hits: Events) -> np.ndarray:
    """The UN's dead of the days on which a convoy is hit, at most those whom the hits struck.

    A row of the ledger tells dead and wounded together; the series tells the dead of each day.
    """
    struck = np.zeros((runs.n, runs.window.n_days))
    days = ask.day_of(hits.hour).astype(int) - runs.start
    np.add.at(struck, (hits.run, days), hits.amount)
    dead = np.diff(runs.dead[:, :, Side.MINUSMA], axis=1, prepend=0.0)
    return np.minimum(struck, np.nan_to_num(dead)).sum(axis=1)


def _kidal(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    camp, n = pattern.place("camp"), runs.n
    taken = ask.earliest(ask.gains(changes, camp, Holder.ARMY, Slot.CAMP), n)
    before = ask.gains(changes, camp, Holder.SEPARATISTS, Slot.CAMP)
    since = ask.latest(before[before.hour < taken[before.run]], n)
    day = np.nan_to_num(ask.day_of(taken) - runs.start).astype(int)
    men = runs.men[:, :, Side.SEPARATISTS]
    kept = men[np.arange(n), day] / np.where(men[:, 0] > 0, men[:, 0], np.nan)
    is_taken = ~np.isnan(taken)
    return {
        "P10_day_off": ask.day_of(taken) - pattern.dates["record"],
        "P10_hold": np.where(is_taken & np.isnan(since), 0.0, (taken - since) / HOURS),
        "P10_kept": np.where(is_taken, kept, np.nan),
    }


def _towns(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    people = runs.residents[:, :, list(pattern.places["towns"])].sum(axis=2, dtype=float)
    day = runs.index(pattern.dates["record"])
    return {"P11_emptied": 1.0 - people[:, day] / np.where(people[:, 0] > 0, people[:, 0], np.nan)}


def _second_front(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    span = (pattern.dates["first"], pattern.dates["last"])
    battles = of(runs.events, Kind.BATTLE)
    attacks = ask.between(battles[battles.side == Side.GSIM], *span)
    kept = _kept(changes, Holder.GSIM, pattern.numbers["held_hours"])
    return {
        "P12_attacks": ask.how_many(attacks, runs.n),
        "P12_held": _places(ask.between(kept, *span), runs.n),
        "P12_held_ever": _places(kept, runs.n),
    }


def _kept(changes: Events, holder: Holder, hours: float) -> Events:
    """Stays of a holder, so many hours long, in what the army had lost to it or to another one."""
    e = changes
    return e[(e.after == holder) & e.is_lost & (e.held >= hours)]


def _places(events: Events, n: int) -> np.ndarray:
    """How many places the events of each run are about, shape (run,)."""
    seen = np.unique(events.run * MANY + events.place)
    return np.bincount(seen // MANY, minlength=n).astype(float)


def _aguelhok(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    taken = ask.gains(changes, pattern.place("camp"), Holder.ARMY, Slot.CAMP)
    blockades = of(runs.events, Kind.BLOCKADE)
    theirs = blockades[blockades.side == Side.SEPARATISTS]
    return {
        "P13_day_off": _off(taken, pattern.dates["record"], runs),
        "P13_blockade_day": _off(theirs, pattern.dates["blockade"], runs),
    }


def _end_of_year(runs: Runs, changes: Events, pattern: Pattern) -> Columns:
    day = pattern.dates["record"]
    last = runs.control[..., runs.index(day)]
    is_theirs = last[:, :, Slot.CAMP] == Holder.SEPARATISTS
    is_capital = list(pattern.places["capitals"])
    came = ask.between(of(runs.events, Kind.HELP_ARRIVES), runs.start, day)
    # Help that is no unit is drones.
    troops = came[(came.entity >= 0) & np.isin(came.place, pattern.places["north"])]
    return {
        "P14_capitals_lost": _count(last[:, is_capital, Slot.TOWN] != Holder.ARMY),
        "P14_posts_lost": _count(is_theirs[:, list(pattern.places["posts"])]),
        "P14_un_camps_lost": _count(is_theirs[:, list(pattern.places["camps"])]),
        "P14_partner_units": ask.how_many(troops, runs.n),
    }


def _count(mask: np.ndarray) -> np.ndarray:
    return mask.sum(axis=1).astype(float)


def _off(events: Events, record: int, runs: Runs) -> np.ndarray:
    """Calendar days from a day to the first of the events of each run."""
    off: np.ndarray = ask.day_of(ask.earliest(events, runs.n)) - record
    return off


MEASURES: dict[str, Measure] = {
    "P1": _ber,
    "P2": _timbuktu,
    "P3": _bourem,
    "P4": _raids,
    "P5": _aircraft,
    "P6": _column,
    "P7": _halt,
    "P8": _camps,
    "P9": _exit,
    "P10": _kidal,
    "P11": _towns,
    "P12": _second_front,
    "P13": _aguelhok,
    "P14": _end_of_year,
}
