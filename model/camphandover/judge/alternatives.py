"""What a commander could have chosen instead: the run is played again up to that morning."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from camphandover.batch.batch import Batch
from camphandover.batch.plan import DEFAULT_MODEL
from camphandover.libraries import np
from camphandover.measure.events import Event


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
    from camphandover.core.sources import code_digest

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
    model = batch.replay(scenario, replicate)
    found = {}
    for event in events:
        today = (event.time.date() - date(1970, 1, 1)).days
        while model.day < today:
            model.step()
        model.begin_day()
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

    names = model.world.places
    worth = _worth(model, order)
    weights = np.exp([worth(target) for target in range(len(names))])
    total = float(weights.sum())
    return {names[i]: float(weights[i]) / total for i in np.flatnonzero(weights > 0.0)}


def _worth(model: Any, order: Event) -> Callable[[int], float]:
    """What the rules say that a target was worth to the one who gave an order.

    The day is played aside up to the order. What comes of it is used only if the chance of what
    was chosen is as it was stored.
    """
    from camphandover.core import day
    from camphandover.core import state as st
    from camphandover.core.ledger import new_ledger
    from camphandover.core.now import at
    from camphandover.core.rules import offensive, strategy

    run = st.copy_state(model.state), model.params, model.key, new_ledger(len(model.ledger.rows))
    now = at(*run, model.world.first, model.world.last, int(model.day))
    day.prepare_attacks(now)
    if order.mission == "raid":
        side = int(st.Side[str(order.side).upper()])
        return lambda target: float(_callable(strategy.weigh_target)(now, side, target)[0])
    base, power = -1, 0.0
    if order.entity is None:  # the column has not set out yet
        base = _callable(offensive.assembly_base)(now)
        power = float(now.presence["mobile_power"][st.STATE, base])
    else:
        day.order_attacks(now)
        paused = (c for c, column in enumerate(now.columns) if column.status == st.PAUSED)
        for c in paused:
            power = _callable(offensive.regroup)(now, c)
            if now.columns[c].lead == order.entity:
                base = int(now.columns[c].stop)
                break
    if base < 0:
        return lambda target: -math.inf
    return lambda target: float(_callable(offensive.weigh_objective)(now, base, power, target))


@cache
def _callable(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule that Python can call."""
    from camphandover.core.compiled import callable_from_python

    return callable_from_python(rule)
