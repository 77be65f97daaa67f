"""The origins of a batch: what was known, from which its runs go on.

An origin is one file of the batch's folder, `origins/<name>.json`, named by the hash of what
decides it. Scenarios that share their past share it; a batch in a folder beside this one that has
it lends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from camphandover.agents.model import NorthernMali
from camphandover.batch.files import write_whole
from camphandover.batch.identity import name_of
from camphandover.batch.plan import DEFAULT_MODEL, Model, Plan
from camphandover.batch.replicates import fresh
from camphandover.core.draws import Turn
from camphandover.errors import BatchError
from camphandover.known.news import EPOCH, Seen
from camphandover.known.origin import Origin, condition
from camphandover.known.particles import OF_RECORD, Particles, Swarm, Values, said_in, seen_in
from camphandover.scenario import Scenario

FOLDER = "origins"


def condition_plan(
    plan: Plan, model: Model, workers: int | None = None, folder: Path | None = None
) -> bool:
    """Give a plan the origins of its scenarios; those that a folder holds, or one beside it, are
    read.

    Args:
        workers: Threads.
        folder: Of the batch.
    Returns:
        Whether one of them had to be made.
    """
    is_made = False
    for scenario in range(len(plan.scenarios)):
        name = plan.origin_name(scenario)
        if name is None or name in plan.origins:
            continue
        origin = None if folder is None else _stored(folder, name)
        if origin is None:
            swarm = _swarm(plan, scenario, model, workers)
            origin = condition(plan.scenarios[scenario], swarm, plan.seed, name)
            is_made = True
        if folder is not None:
            _write(folder, origin)
        plan.origins[name] = origin
    return is_made


def _path(folder: Path, name: str) -> Path:
    return folder / FOLDER / f"{name}.json"


def read_origin(folder: Path, name: str) -> Origin:
    """An origin of a finished batch.

    Errors:
        BatchError if it is damaged or missing.
    """
    try:
        return Origin.from_bytes(_path(folder, name).read_bytes())
    except (OSError, ValueError) as error:
        raise BatchError(
            f"{_path(folder, name)} is damaged or missing ({error}). Run the batch's command "
            "again: it computes what is missing."
        ) from error


def _stored(folder: Path, name: str) -> Origin | None:
    """An origin of the folder, or of a batch beside it; None if there is no sound one."""
    beside = sorted(folder.absolute().parent.glob(f"*/{FOLDER}/{name}.json"))
    for path in (_path(folder, name), *beside):
        try:
            found = Origin.from_bytes(path.read_bytes())
        except (OSError, ValueError):
            continue
        if found.name == name:
            return found
    return None


def _write(folder: Path, origin: Origin) -> None:
    path, data = _path(folder, origin.name), origin.to_bytes()
    if not path.is_file() or path.read_bytes() != data:
        write_whole(path, data)


def _swarm(plan: Plan, scenario: int, model: Model, workers: int | None) -> Swarm:
    """The particles of a scenario's past on its first day, played by a model."""
    what, n = plan.scenarios[scenario], plan.scenarios[scenario].known.particles
    values = plan.own_parameters(scenario, range(n)) if plan.is_varied else None
    if plan.model == DEFAULT_MODEL:
        return Particles(what, n, plan.seed, values, workers)
    return Models(model, what, n, plan.seed, values)


class Models:
    """Particles that a user's model plays, day by day; a `Swarm`.

    A copy is played again from the first day, along the turns of its parent: what user code
    remembers is then as it would be.
    """

    def __init__(
        self, model: Model, scenario: Scenario, n: int, seed: int, values: Sequence[Values] | None
    ) -> None:
        self.model, self.scenario, self.seed, self.values = model, scenario, seed, values
        self._turns = [(Turn((scenario.window.start - EPOCH).days, i, 0),) for i in range(n)]
        self._models = [self._made(turns) for turns in self._turns]
        self._before = self._said

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self._models)

    def _made(self, turns: tuple[Turn, ...]) -> NorthernMali:
        root, scenario = turns[0].replicate, self.scenario
        if self.values is not None:
            changed = {"parameters": dict(self.values[root])}
            scenario = scenario.model_copy(update=changed, deep=True)
        made: Any = fresh(self.model, scenario, self.seed, root)
        if not isinstance(made, NorthernMali):
            raise BatchError(
                f"model {name_of(self.model)} is no NorthernMali, whose runs alone can go on from "
                "what was known: leave known_until out."
            )
        made.follow(turns)
        return made

    def play(self, last: int) -> None:
        """Play all of them to the end of a day, days since 1970-01-01."""
        self._before = self._said
        for model in self._models:
            _play(model, last)

    def see(self) -> Seen:
        """What a look finds in them."""
        models = self._models
        parameters = {name: np.array([one.params[name] for one in models]) for name in OF_RECORD}
        places = np.stack([one.state.places for one in models])
        return seen_in(places, self._said - self._before, parameters)

    @property
    def _said(self) -> np.ndarray:
        return said_in(np.stack([one.state.sides for one in self._models]))

    def copy(self, parents: np.ndarray, stage: int) -> None:
        """Put a copy of its parent into each slot whose parent is not itself."""
        before = list(self._turns)
        for slot in np.flatnonzero(parents != np.arange(self.n)):
            turns = (*before[parents[slot]], Turn(stage + 1, int(slot), stage))
            self._turns[slot] = turns
            self._models[slot] = self._made(turns)
            _play(self._models[slot], stage)
        self._before = self._before[parents]


def _play(model: NorthernMali, last: int) -> None:
    """Play a model to the end of a day."""
    while model.day <= last:
        today = model.day
        model.step()
        if model.day == today:
            raise RuntimeError(f"{type(model).__name__}.step() played no day")
