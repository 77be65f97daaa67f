"""The replicates of one scenario, as a batch plays them.

A user's model is made anew for each replicate: what `Model(scenario, seed, replicate)` and `step()`
until `finished` do, a batch does. The model of this package, whose `run(replicate)` leaves nothing
behind, is made once for many.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.batch.identity import is_ours, name_of
from camphandover.batch.plan import Model, Plan, Runner
from camphandover.errors import BatchError
from camphandover.scenario import Scenario

if TYPE_CHECKING:
    from camphandover.agents.model import Record
    from camphandover.core.draws import Turn

FORMS = ((0, 0, 0), (0, 0))
"""Arguments that a model takes: scenario, seed and replicate, or without the replicate, which its
`run` is then given."""


class Replicates:
    """Plays replicates of one scenario with one seed; for one thread.

    Errors:
        BatchError if the model does not take what a batch gives it.
    """

    def __init__(self, model: Model, scenario: Scenario, seed: int) -> None:
        self.model, self.scenario, self.seed = model, scenario, seed
        self.is_ours = is_ours(model)
        self.made: Any = None  # the model of this package, which is made once
        if not self.is_ours:
            _form_of(model)

    def run(
        self,
        replicate: int,
        values: Mapping[str, float] | None = None,
        turns: tuple[Turn, ...] = (),
    ) -> Record:
        """Play one, with these parameters if they are given, along these turns of its luck."""
        if not self.is_ours:
            changed = {} if values is None else {"parameters": dict(values)}
            scenario = self.scenario.model_copy(update=changed, deep=True)
            one: Any = fresh(self.model, scenario, self.seed, replicate)
            if turns:
                one.follow(turns)
            played: Record = one.run()
            return played
        made: Any = self.made or self.model(self.scenario, self.seed)
        self.made = None  # one that raises is not used again
        if values is not None:
            made.use_parameters(values)
        record: Record = made.run(replicate, turns) if turns else made.run(replicate)
        self.made = made
        return record


def fresh(model: Model, scenario: Scenario, seed: int, replicate: int) -> Runner:
    """A replicate of a model, made anew.

    Errors:
        BatchError if the model takes none of `FORMS`.
    """
    form = _form_of(model)
    made: Any = model(scenario, seed, replicate) if len(form) == 3 else model(scenario, seed)
    if not callable(getattr(made, "run", None)):
        raise BatchError(f"model {name_of(model)} made {made!r}, which has no run().")
    if len(form) == 3:
        if getattr(made, "replicate", replicate) != replicate:
            raise BatchError(
                f"model {name_of(model)} made replicate {made.replicate} where {replicate} was "
                "asked for: hand the replicate on."
            )
        return made  # type: ignore[no-any-return]
    if hasattr(made, "reset"):
        raise BatchError(
            f"model {name_of(model)} takes no replicate, and what it does to the model would be "
            "gone with its reset: take (scenario, seed, replicate) and hand all three on."
        )
    return SimpleNamespace(run=partial(made.run, replicate))


def _form_of(model: Model) -> tuple[int, ...]:
    """Which arguments a model takes, of `FORMS`."""
    if not callable(model):
        raise BatchError(f"model is {model!r}: a class or function that makes a model is needed.")
    try:
        signature = inspect.signature(model)
    except (TypeError, ValueError):  # a callable that does not tell: it is tried
        return FORMS[0]
    for form in FORMS:
        with suppress(TypeError):
            taken = signature.bind(*form).arguments
            names = [name for name, value in taken.items() if not isinstance(value, tuple)]
            if len(form) == 2 or len(names) < 3 or names[2] == "replicate":
                return form
    raise BatchError(
        f"model {name_of(model)} takes {signature}, and a batch makes each replicate by "
        "model(scenario, seed, replicate)."
    )


def check(plan: Plan, model: Model) -> None:
    """Play two replicates of a user's model, and the first of them again: is it the same?

    With the model of this package it only compiles. A replicate that fails here fails again in its
    block, which records it; what no replicate can do is told now.

    Errors:
        BatchError if a replicate depends on what ran before it.
    """
    plays = Replicates(model, plan.scenarios[0], plan.seed)
    values = plan.parameters(0, 0, min(2, plan.runs)) if plan.is_varied else [None, None]
    rows = [0] if plays.is_ours else [*range(min(2, plan.runs)), 0]
    try:
        played = [
            content_of(plays.run(plan.draw(0, row), values[row], plan.turns(0, row)))
            for row in rows
        ]
    except BatchError:
        raise
    except Exception:
        return
    if played[-1] != played[0]:
        raise depends(model, 0)


def depends(model: Model, replicate: int) -> BatchError:
    """What to say of a model of which a replicate is not the same again."""
    return BatchError(
        f"{name_of(model)} played replicate {replicate} twice and the results differ: something "
        "outlives a replicate (an attribute of a class, a global, Python's own random generator). "
        "Keep it on the commander or the model, which are new in each replicate, and draw from "
        "their `random`."
    )


def content_of(record: Record) -> bytes:
    """All bytes of a record, but for what lies between the columns of a row."""
    tables = (record.series, record.war, record.people, record.events)
    columns = (np.asarray(one)[name] for one in tables for name in one.dtype.names or ())
    return b"".join(column.tobytes() for column in (record.control, *columns))
