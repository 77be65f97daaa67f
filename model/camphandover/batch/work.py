"""One block: its replicates are run, and their results become the bytes of its files.

What comes out depends on the plan and the block alone: not on who computes it, when, or where.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover import facts
from camphandover.batch import cubes, ledgers, store
from camphandover.batch.plan import BLOCK, Block, Model, Plan
from camphandover.batch.replicates import Replicates, content_of, depends
from camphandover.batch.store import Content

if TYPE_CHECKING:
    from camphandover.agents.model import Record

_HERE = threading.local()
"""Of each thread, what plays the scenario that it works on."""


def compute(
    plan: Plan, block: Block, model: Model, given_up: Mapping[int, str] | None = None
) -> Content:
    """Run the replicates of a block; one that raises is recorded, and the others go on.

    Args:
        model: Makes a replicate of a scenario.
        given_up: Replicates not to be run, with what is known of why.
    """
    plays, results, content = _plays(plan, model, block), _Results(plan, block), Content({})
    parameters = plan.parameters(block.scenario, block.first, block.stop)
    first: tuple[int, bytes] | None = None

    def played(row: int) -> Record:
        of = block.scenario, block.first + row
        values = parameters[row] if plan.is_varied else None
        return plays.run(plan.draw(*of), values, plan.turns(*of))

    def fails(row: int, error: str, lines: str) -> None:
        about = {"scenario": plan.names[block.scenario], "replicate": block.first + row}
        content.failures.append({**about, "seed": plan.seed, "error": error, "traceback": lines})

    for row in range(block.size):
        if given_up and block.first + row in given_up:
            fails(row, given_up[block.first + row], "")
            continue
        began = time.perf_counter()
        try:
            record = played(row)
            content.model_seconds += time.perf_counter() - began
            results.put(row, record)
            if first is None and not plays.is_ours:
                first = row, content_of(record)
        except Exception as error:
            results.clear(row)
            lines = "".join(traceback.format_exception(error))
            fails(row, f"{type(error).__name__}: {error}", lines)
    if first is not None and block.size > 1 and content_of(played(first[0])) != first[1]:
        raise depends(model, block.first + first[0])
    content.files = results.files()
    if plan.is_varied:
        keys: dict[str, list[Any]] = {
            "scenario": [plan.names[block.scenario]] * block.size,
            "replicate": list(range(block.first, block.stop)),
        }
        data = store.parameter_table(keys, parameters)
        content.files[f"{store.PARAMETERS}/{block.name}.parquet"] = data
    return content


def _plays(plan: Plan, model: Model, block: Block) -> Replicates:
    key = (plan.content, block.scenario)
    if getattr(_HERE, "key", None) != key:
        _HERE.plays = Replicates(model, plan.scenarios[block.scenario], plan.seed)
        _HERE.key = key
    plays: Replicates = _HERE.plays
    return plays


class _Results:
    """Room for the results of one block: whole chunks, filled replicate by replicate."""

    def __init__(self, plan: Plan, block: Block) -> None:
        """Everything unknown at first."""
        self.plan, self.block = plan, block
        self.places = tuple(place.name for place in facts.load().places)
        self._days = plan.days(block.scenario)
        self.arrays: dict[cubes.Cube, np.ndarray] = {
            cube: np.full((BLOCK, *cube.shape(plan, len(self.places))), cube.unknown, cube.dtype)
            for cube in cubes.CUBES
        }
        self.ledgers: list[np.ndarray] = [ledgers.EMPTY] * block.size

    def put(self, row: int, record: Record) -> None:
        """Take over the results of a replicate, which the runner may overwrite later."""
        n_days = self._days.stop - self._days.start
        if not hasattr(record, "control") or record.control.shape[-1] != n_days:
            raise ValueError(
                f"the model gave no record of the {n_days} days of its scenario's window: "
                "run() returns what record() gives"
            )
        self.arrays[cubes.CONTROL][row, :, :, self._days] = record.control
        for cube, series in (
            (cubes.OF_SIDES, record.series),
            (cubes.OF_WAR, record.war),
            (cubes.OF_PEOPLE, record.people),
        ):
            values = self.arrays[cube]
            plain = np.asarray(series)  # a record array hands out its fields slowly
            for i, (name, (unit, _)) in enumerate(cube.figures.items()):
                values[row, i, self._days] = plain[name]
                if unit == "persons":  # whole persons take half the room
                    np.rint(values[row, i], out=values[row, i])
        if self.plan.ledger != "none":
            self.ledgers[row] = np.array(record.events)

    def clear(self, row: int) -> None:
        """Forget a replicate that failed."""
        for cube, values in self.arrays.items():
            values[row] = cube.unknown
        self.ledgers[row] = ledgers.EMPTY

    def files(self) -> dict[str, bytes]:
        """The bytes of the block's files."""
        block = self.block
        files = {cube.path(block): cubes.chunk(values) for cube, values in self.arrays.items()}
        if self.plan.ledger != "none":
            scenario = self.plan.names[block.scenario]
            files[f"{store.EVENTS}/{block.name}.parquet"] = ledgers.encode(
                scenario, self.places, block.first, self.ledgers, self.plan.ledger
            )
        return files
