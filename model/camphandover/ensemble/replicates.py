"""The replicates of one scenario, as a batch plays them.

A user's model is made anew for each replicate: what `Model(scenario, seed, replicate)` and `step()`
until `finished` do, a batch does. The model of this package, whose `run(replicate)` leaves nothing
behind, is made once for many.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from camphandover.ensemble.identity import is_ours, name_of
from camphandover.ensemble.plan import BatchError, Model, Plan, Record, Runner
from camphandover.scenario import Scenario

FORMS = ((0, 0, 0), (0, 0))
"""Arguments that a model takes: scenario, seed and replicate, or without the replicate, which its
`run` is then given."""


class Replicates(Protocol):
    """Plays replicates of one scenario with one seed."""

    def run(self, replicate: int, values: Mapping[str, float] | None = None) -> Record:
        """Play one, with these parameters if they are given."""


class _Fresh:
    """Makes a model for each replicate."""

    def __init__(self, model: Model, scenario: Scenario, seed: int) -> None:
        _form_of(model)
        self.model, self.scenario, self.seed = model, scenario, seed

    def run(self, replicate: int, values: Mapping[str, float] | None = None) -> Record:
        scenario = self.scenario
        if values is not None:
            scenario = scenario.model_copy(update={"parameters": dict(values)})
        return fresh(self.model, scenario, self.seed, replicate).run()


class _Reused:
    """Makes the model of this package once."""

    def __init__(self, model: Model, scenario: Scenario, seed: int) -> None:
        self.make = partial(model, scenario, seed)
        self.made: Any = None

    def run(self, replicate: int, values: Mapping[str, float] | None = None) -> Record:
        made: Any = self.made or self.make()
        self.made = None  # one that raises is not used again
        if values is not None:
            made.use_parameters(values)
        record: Record = made.run(replicate)
        self.made = made
        return record


def replicates_of(model: Model, scenario: Scenario, seed: int) -> Replicates:
    """What plays replicates of a scenario; for one thread.

    Errors:
        BatchError if the model does not take what a batch gives it.
    """
    return (_Reused if is_ours(model) else _Fresh)(model, scenario, seed)


def fresh(model: Model, scenario: Scenario, seed: int, replicate: int) -> Runner:
    """A replicate of a model, made anew.

    Errors:
        BatchError if the model takes none of `FORMS`.
    """
    if len(_form_of(model)) == 3:
        return model(scenario, seed, replicate)
    made: Any = model(scenario, seed)
    return _Bound(partial(made.run, replicate))


class _Bound(NamedTuple):
    """A model with the replicate that it is to run."""

    run: Callable[[], Record]


def _form_of(model: Model) -> tuple[int, ...]:
    """Which arguments a model takes, of `FORMS`."""
    try:
        signature = inspect.signature(model)
    except (TypeError, ValueError):  # a callable that does not tell: it is tried
        return FORMS[0]
    for form in FORMS:
        with suppress(TypeError):
            signature.bind(*form)
            return form
    raise BatchError(
        f"model {name_of(model)} takes {signature}, and a batch makes each replicate by "
        "model(scenario, seed, replicate)."
    )


def check(plan: Plan, model: Model) -> None:
    """Play two replicates of a user's model, and the first of them again: is it the same?

    With the model of this package it only compiles. What fails here fails again, and is recorded,
    in the batch.

    Errors:
        BatchError if a replicate depends on what ran before it.
    """
    plays = replicates_of(model, plan.scenarios[0], plan.seed)
    values = plan.parameters(0, 0, min(2, plan.runs)) if plan.is_varied else []

    def played(row: int) -> bytes:
        record = plays.run(plan.draw(row), values[row] if values else None)
        tables = (record.series, record.war, record.people, record.events)
        columns = (np.asarray(one)[name] for one in tables for name in one.dtype.names or ())
        return b"".join(column.tobytes() for column in (record.control, *columns))

    same = True
    with suppress(Exception):
        first = played(0)
        if not is_ours(model):
            for row in range(1, min(2, plan.runs)):
                played(row)
            same = played(0) == first
    if not same:
        raise BatchError(
            f"{name_of(model)} played replicate 0 twice and the results differ: something outlives "
            "a replicate (an attribute of a class, a global, Python's own random generator). Keep "
            "it on the commander or the model, which are new in each replicate, and draw from "
            "their `random`."
        )
