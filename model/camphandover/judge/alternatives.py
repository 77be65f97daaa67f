"""What a commander could have chosen instead: the run is played again up to that morning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from camphandover.batch.plan import DEFAULT_MODEL
from camphandover.measure.events import Event

if TYPE_CHECKING:
    import numpy as np

    from camphandover.batch.batch import Batch


class Alternative(NamedTuple):
    """A target that a commander could have chosen, and the chance of that."""

    place: str
    p: float


def alternatives_of(
    batch: Batch, scenario: str, replicate: int, choices: Sequence[Event], wanted: bool = True
) -> tuple[dict[int, tuple[Alternative, ...]], str]:
    """What else commanders could have chosen in a run.

    Args:
        choices: Orders with their chance.
        wanted: Whether the run is to be played again at all.
    Returns:
        The alternatives by row of the choice, the most likely first, without a choice that came
        out otherwise; and why those of some are not known, empty if they are.
    """
    events = sorted({event.row: event for event in choices}.values(), key=lambda event: event.time)
    if not events:
        return {}, ""
    unknown = _why_no_replay(batch, wanted)
    found = {} if unknown else _replayed(batch, scenario, replicate, events)
    if not unknown and len(found) < len(events):
        unknown = "playing the run again did not lead to the same choice"
    return found, unknown


def _why_no_replay(batch: Batch, wanted: bool) -> str:
    """Why the run cannot be played again here; empty if it can."""
    from camphandover import facts
    from camphandover.batch.plan import code_digest

    manifest = batch.manifest
    if not wanted:
        return "it was not asked for"
    if manifest["model"] != DEFAULT_MODEL:
        return "a model of the user's own ran this batch"
    if batch.is_varied:
        return "each run of this batch has parameters of its own"
    if manifest["core"] != code_digest() or manifest["theatre"] != facts.load().digest:
        return "other code or other facts made this batch"
    return ""


def _replayed(
    batch: Batch, scenario: str, replicate: int, events: Sequence[Event]
) -> dict[int, tuple[Alternative, ...]]:
    """The alternatives of choices, which are in the order of time."""
    from camphandover.agents.model import NorthernMali

    model = NorthernMali(batch.scenario(scenario), batch.seed, replicate)
    found = {}
    for event in events:
        today = (event.time.date() - date(1970, 1, 1)).days
        while model.day < today:
            model.step()
        chances = _chances_of_targets(model, event)
        chosen = chances.pop(str(event.place), math.nan)
        if math.isclose(chosen, event.p or 0.0, rel_tol=1e-9):
            ranked = sorted(chances.items(), key=lambda item: -item[1])
            found[event.row] = tuple(Alternative(place, p) for place, p in ranked)
    return found


def _chances_of_targets(model: Any, order: Event) -> dict[str, float]:
    """Chance of each target that was feasible when an order was given, by place.

    Args:
        model: A `NorthernMali` that is about to play the day of the order; it is not changed.
    Source: RULES R5.1 (P ~ exp U).
    """
    import numpy as np

    utilities = np.full(len(model.world.places), -np.inf)
    if order.mission == "raid":
        _weigh_raids(model, order, utilities)
    else:
        _weigh_objectives(model, order, utilities)
    weights = np.exp(utilities)
    total = float(weights.sum())
    names = model.world.places
    return {names[i]: float(weights[i]) / total for i in np.flatnonzero(weights > 0.0)}


def _weigh_raids(model: Any, order: Event, utilities: np.ndarray) -> None:
    """Write the utilities of a group's targets on the morning of its order."""
    from camphandover.facts.codes import Side

    doctrine = _doctrine()
    state, clock, ledger = _copied(model)
    doctrine.morning(state, model.params, clock, model.key, ledger)
    side = int(Side[str(order.side).upper()])
    doctrine.weigh_raids(state, model.params, clock, model.key, side, utilities)


def _weigh_objectives(model: Any, order: Event, utilities: np.ndarray) -> None:
    """Write the utilities of the objectives of the army's column, as it sets out or goes on."""
    from camphandover.facts.codes import Status

    doctrine = _doctrine()
    state, clock, ledger = _copied(model)
    doctrine.morning(state, model.params, clock, model.key, ledger)
    if order.entity is None:  # it has not set out yet
        base = doctrine.assembly_base(state)
        power = float(state.presence["mobile_power"][0, base])
        doctrine.weigh_objectives(state, model.params, clock, model.key, base, power, utilities)
        return
    doctrine.carry_out(state, model.params, clock, model.key, ledger)
    for c, column in enumerate(state.columns):
        if column.status == Status.PAUSED:
            power = doctrine.gather_column(state, model.params, c)
            if column.lead == order.entity:
                stop = int(column.stop)
                doctrine.weigh_objectives(
                    state, model.params, clock, model.key, stop, power, utilities
                )


def _copied(model: Any) -> tuple[Any, Any, Any]:
    """State, clock and an empty ledger for a day that is played aside."""
    from camphandover.core import state as st
    from camphandover.core.ledger import new_ledger

    clock = st.Clock(model.day, model.world.first, model.world.last)
    return st.copy_state(model.state), clock, new_ledger(len(model.ledger.rows))


class _Doctrine(NamedTuple):
    """The parts of a day that choices are made of; see `_doctrine`."""

    morning: Any
    carry_out: Any
    gather_column: Any
    weigh_raids: Any
    weigh_objectives: Any
    assembly_base: Any


@cache
def _doctrine() -> _Doctrine:
    """The day up to the orders, and how targets are weighed, as functions that Python can call.

    They follow `day.advance`, `strategy.choose_target` and `offensive.choose_objective`, whose
    draws are left out. What they give is used only if the chance of what was chosen comes out as
    it was stored.
    """
    import numba

    from camphandover.core import day as d
    from camphandover.core.compiled import callable_from_python, interpreted
    from camphandover.core.rules import offensive as off
    from camphandover.core.rules import strategy
    from camphandover.core.rules.presence import estimate_win, nerve
    from camphandover.core.rules.road import expected_days
    from camphandover.core.state import JOINT, UN_HOLDER, bloc_of, target_slot

    def morning(state, params, clock, key, ledger):  # type: ignore[no-untyped-def]
        d.open_day(state, params, clock, key, ledger)
        d.learn_events(state, params, clock, key, ledger)
        d.keep_truce(state, params, clock, key, ledger)
        d.draw_exits(state, params, clock, key, ledger)
        d.announce_handovers(state, params, clock, key, ledger)
        d.count_presence(state, params, clock, key, ledger)
        d.spread_influence(state, params, clock, key, ledger)
        d.ready_aircraft(state, params, clock, key, ledger)
        d.lose_core(state, params, clock, key, ledger)
        d.close_roads(state, params, clock, key, ledger)
        d.clear_transport(state, params, clock, key, ledger)
        d.order_race(state, params, clock, key, ledger)
        d.keep_garrisons(state, params, clock, key, ledger)
        d.relieve_posts(state, params, clock, key, ledger)
        d.send_home(state, params, clock, key, ledger)
        d.assemble_column(state, params, clock, key, ledger)

    def carry_out(state, params, clock, key, ledger):  # type: ignore[no-untyped-def]
        d.launch_offensive(state, params, clock, key, ledger)
        d.order_raids(state, params, clock, key, ledger)
        d.carry_out_orders(state, params, clock, key, ledger)

    def gather_column(state, params, c):  # type: ignore[no-untyped-def]
        place = state.columns[c].stop
        off.take_along(state, params, c, place)
        off.leave_garrison(state, params, c, place)
        power = 0.0
        for u in range(len(state.units)):
            unit = state.units[u]
            if unit.column == c:
                power += unit.men * unit.quality * (1.0 + unit.loot)
        return power

    def weigh_raids(state, params, clock, key, side, utilities):  # type: ignore[no-untyped-def]
        cap = strategy.vehicles_cap(state, params, side)
        reach = params.raid_days_max
        for target in range(len(state.places)):
            if target_slot(state, target, bloc_of(side)) < 0 or strategy.protected(state, target):
                continue
            u, origin, _, _ = strategy.weigh_target(
                state, params, clock, key, side, target, cap, reach
            )
            if origin >= 0:
                utilities[target] = u

    def weigh_objectives(state, params, clock, key, base, power, utilities):  # type: ignore[no-untyped-def]
        weights = state.sides[0]
        steady = weights.morale * nerve(state, params, 0, True, True)
        for target in range(len(state.places)):
            spot = state.places[target]
            if target_slot(state, target, 0) < 0 or target == base or spot.camp_holder == JOINT:
                continue
            if spot.camp_holder == UN_HOLDER and state.presence[0, target].inside > 0.0:
                continue
            defence = strategy.defence_of(state, params, clock, key, 0, target, clock.day)
            win = estimate_win(params, power * steady, defence, 0.0)
            days = expected_days(state, params, base, target, 0, params.column_vehicles, clock.day)
            utilities[target] = strategy.utility(
                weights,
                spot.symbolic,
                strategy.loot_of(state, params, target, 0, clock.day),
                spot.route_value,
                strategy.threat_of(state, params, target, 0),
                days,
                min(params.win_cap, max(1.0 - params.win_cap, win)),
                float(spot.core),
            )

    parts = (morning, carry_out, gather_column, weigh_raids, weigh_objectives)
    ready = [part if interpreted() else numba.njit(part) for part in parts]
    return _Doctrine._make([*ready, callable_from_python(off.assembly_base)])
