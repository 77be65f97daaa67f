"""Running a plan: the blocks that are not there yet are computed, each written when it is done.

What is stored depends only on the plan: not on the engine, the number of workers, the order in
which blocks finish, or how often the batch was cut off.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from camphandover.batch import store
from camphandover.batch.origins import condition_plan
from camphandover.batch.plan import Block, Model, Plan
from camphandover.batch.progress import Progress, Say
from camphandover.batch.replicates import check
from camphandover.batch.work import compute
from camphandover.errors import CannotWrite
from camphandover.inputs import whole


@dataclass(frozen=True)
class Done:
    """What an engine says of a block that is written.

    Attributes:
        model_seconds: Spent in the model.
        returned: Whether the results came back from elsewhere and were written here.
    """

    block: Block
    model_seconds: float
    returned: bool = False


class Engine(Protocol):
    """Computes and writes blocks."""

    name: str
    model: Model
    workers: int

    def run(self, plan: Plan, folder: Path, todo: list[Block]) -> Generator[Done]:
        """Compute and write the blocks, in any order; yields each when it is written."""


def fill(
    plan: Plan,
    folder: Path,
    engine: Engine,
    progress: Progress | None = None,
    say: Say | None = None,
) -> bool:
    """Run what is missing of a plan, and finish the batch.

    Args:
        plan: What to run.
        folder: Where to.
        engine: Who computes.
        progress: Told before the first run, which may have to compile, and of every block done.
        say: Told of damaged blocks; a warning if not given.
    Returns:
        Whether everything was there already.
    Errors:
        BatchError if the folder holds something else, is written by another process, or cannot
        be written; what was computed stays, and the same call goes on from there.
    """
    began = time.perf_counter()
    try:
        store.check_usable(folder, plan)
        with store.writing(folder):
            is_finished = store.check_usable(folder, plan)
            todo = _missing(folder, plan, say or _warn)
            is_there = is_finished and not todo
            if is_there:
                is_there = not condition_plan(plan, engine.model, engine.workers, folder)
                store.shrink(folder, plan)
            else:
                _fill(plan, folder, engine, todo, progress, began)
            store.tidy(folder, store.markers(folder, plan.blocks))
            return is_there
    except OSError as error:
        reason = error.__cause__ if isinstance(error, CannotWrite) else error
        raise CannotWrite(
            f"{folder} cannot be written: {reason}. What was computed is kept: free space and run "
            "the same command again, or give another folder (--out)."
        ) from error


def _fill(
    plan: Plan,
    folder: Path,
    engine: Engine,
    todo: list[Block],
    progress: Progress | None,
    began: float,
) -> None:
    total = plan.runs * len(plan.scenarios)
    there = total - sum(block.size for block in todo)
    store.begin(folder, plan)
    store.forget_overlapping(folder, todo)
    tell = progress or (lambda done, total: None)
    tell(there, total)
    if todo:
        condition_plan(plan, engine.model, engine.workers, folder)
        check(plan, engine.model)  # compiles before threads start and workers of this machine look
    n_done, seconds, returned = there, 0.0, 0
    with closing(engine.run(plan, folder, todo)) as parts:
        for done in parts:
            n_done += done.block.size
            seconds += done.model_seconds
            returned += done.returned
            tell(n_done, total)
    session = store.new_session(
        engine=engine.name,
        workers=engine.workers,
        computed=total - there,
        reused=there,
        blocks_returned_through_the_cluster=returned,
        wall_seconds=round(time.perf_counter() - began, 3),
        model_seconds=round(seconds, 3),
    )
    store.finish(folder, plan, session)


def _missing(folder: Path, plan: Plan, say: Say) -> list[Block]:
    """Blocks that are not there, or not as they were written; of the latter the user is told."""
    held = store.markers(folder, plan.blocks)
    damaged = store.damages(folder, held, os.cpu_count() or 1)
    again = {block for block, _, _ in damaged}
    for block, path, fault in damaged:
        say(
            f"{folder / path} {fault}: replicates {block.first} to {block.stop - 1} of "
            f"{plan.names[block.scenario]} are computed again."
        )
    store.forget(folder, again)
    return [block for block in plan.blocks if block not in held or block in again]


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=5)


class Threads:
    """Computes blocks on threads of this process: the core releases the GIL.

    Args:
        model: Makes a replicate of a scenario.
        workers: Threads; all cores of the machine if not given.
    """

    name = "threads"

    def __init__(self, model: Model, workers: int | None = None) -> None:
        asked = os.cpu_count() or 1 if workers is None else workers
        self.workers = whole("workers", asked, 1, 4096)
        self.model = model

    def run(self, plan: Plan, folder: Path, todo: list[Block]) -> Generator[Done]:
        """Compute and write the blocks; yields each when it is written."""

        def work(block: Block) -> Done:
            content = compute(plan, block, self.model)
            store.write_block(folder, block, content)
            return Done(block, content.model_seconds)

        with ThreadPoolExecutor(self.workers, thread_name_prefix="batch") as pool:
            try:
                for future in as_completed([pool.submit(work, block) for block in todo]):
                    yield future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
