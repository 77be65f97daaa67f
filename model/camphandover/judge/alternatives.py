"""What a commander could have chosen instead: the run is played again up to that morning."""

from __future__ import annotations

import math
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from camphandover.batch.plan import DEFAULT_MODEL
from camphandover.say.sentences import Event

if TYPE_CHECKING:
    import numpy as np

    from camphandover.batch.batch import Batch


class Alternative(NamedTuple):
    """A target that a commander could have chosen, and the chance of that."""

    place: str
    p: float


def why_no_replay(batch: Batch, wanted: bool) -> str:
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


def replayed(
    batch: Batch, scenario: str, replicate: int, choices: dict[int, Event]
) -> dict[int, tuple[Alternative, ...]]:
    """The alternatives of choices, by row; a choice that comes out otherwise is left out.

    Args:
        choices: Orders with their chance, in the order of time.
    """
    from camphandover.agents.model import NorthernMali

    model = NorthernMali(batch.scenario(scenario), batch.seed, replicate)
    found = {}
    for row, event in choices.items():
        today = (event.time.date() - date(1970, 1, 1)).days
        while model.day < today:
            model.step()
        chances = _chances_of_targets(model, event)
        chosen = chances.pop(str(event.place), math.nan)
        if math.isclose(chosen, event.p or 0.0, rel_tol=1e-9):
            ranked = sorted(chances.items(), key=lambda item: -item[1])
            found[row] = tuple(Alternative(place, p) for place, p in ranked)
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

    doctrine, now = _doctrine(), _copied(model)
    doctrine.prepare(now)
    side = int(Side[str(order.side).upper()])
    for target in range(len(utilities)):
        utilities[target] = doctrine.weigh_target(now, side, target)[0]


def _weigh_objectives(model: Any, order: Event, utilities: np.ndarray) -> None:
    """Write the utilities of the objectives of the army's column, as it sets out or goes on."""
    from camphandover.facts.codes import Status

    doctrine, now = _doctrine(), _copied(model)
    doctrine.prepare(now)
    if order.entity is None:  # it has not set out yet
        base = doctrine.assembly_base(now)
        power = float(now.presence["mobile_power"][0, base])
        for target in range(len(utilities)):
            utilities[target] = doctrine.weigh_objective(now, base, power, target)
        return
    doctrine.attack(now)
    for c, column in enumerate(now.columns):
        if column.status == Status.PAUSED:
            power = doctrine.regroup(now, c)
            if column.lead == order.entity:
                stop = int(column.stop)
                for target in range(len(utilities)):
                    utilities[target] = doctrine.weigh_objective(now, stop, power, target)


def _copied(model: Any) -> Any:
    """The model's day, played aside: its state copied, its ledger empty."""
    from camphandover.core import state as st
    from camphandover.core.ledger import new_ledger
    from camphandover.core.now import at

    run = st.copy_state(model.state), model.params, model.key, new_ledger(len(model.ledger.rows))
    return at(*run, model.world.first, model.world.last, int(model.day))


class _Doctrine(NamedTuple):
    """The parts of a day that choices are made of; see `_doctrine`."""

    prepare: Any
    attack: Any
    regroup: Any
    weigh_target: Any
    weigh_objective: Any
    assembly_base: Any


@cache
def _doctrine() -> _Doctrine:
    """The day up to the orders, and how targets are weighed, as functions that Python can call.

    What they give is used only if the chance of what was chosen comes out as it was stored.
    """
    import numba

    from camphandover.core import day
    from camphandover.core.compiled import callable_from_python, interpreted
    from camphandover.core.rules import offensive, strategy

    def prepare(now):  # type: ignore[no-untyped-def]
        day.prepare_attacks(now)

    def attack(now):  # type: ignore[no-untyped-def]
        day.order_attacks(now)

    phases = [phase if interpreted() else numba.njit(phase) for phase in (prepare, attack)]
    parts = (
        offensive.regroup,
        strategy.weigh_target,
        offensive.weigh_objective,
        offensive.assembly_base,
    )
    return _Doctrine(*phases, *map(callable_from_python, parts))
