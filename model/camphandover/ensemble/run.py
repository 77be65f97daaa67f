"""Running a plan: blocks on threads, each written when it is done.

The core releases the GIL, so threads use all cores. What is stored depends only on the plan:
not on the number of workers, nor on the order in which blocks finish.
"""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from camphandover.ensemble import store
from camphandover.ensemble.plan import BatchError, Block, Model, Plan, Runner, check_whole

Progress = Callable[[int, int], None]
"""Called with the replicates done and all replicates, from the thread that called `run`."""


@dataclass(frozen=True)
class Failure:
    """A replicate that raised; the others are kept."""

    scenario: str
    replicate: int
    seed: int
    error: str
    traceback: str


@dataclass
class Done:
    """What a worker says of a block that it has written."""

    size: int
    model_seconds: float
    failures: list[Failure] = field(default_factory=list)


class _Workshop(threading.local):
    """Of each thread, the runner of the scenario that it works on."""

    scenario = -1
    runner: Runner | None = None


def fill(
    plan: Plan,
    folder: Path,
    model: Model,
    workers: int | None = None,
    progress: Progress | None = None,
) -> store.Manifest:
    """Run a plan and store it.

    Args:
        plan: What to run.
        folder: Where to; a finished batch of the same content there is left as it is.
        model: Makes the runner of a scenario; one is made for each thread and scenario.
        workers: Threads; all cores of the machine if not given.
        progress: Told before the first run, which may have to compile, and of every block done.
    Returns:
        The manifest, of which `failures` lists the replicates that raised.
    Errors:
        BatchError if the folder holds something else or cannot be written.
    """
    workers = os.cpu_count() or 1 if workers is None else workers
    check_whole("workers", workers, 1, 4096)
    began = time.perf_counter()
    try:
        finished = store.prepare(folder, plan)
        if finished is not None:
            return finished
        layout = store.create(folder, plan)
        if progress is not None:
            progress(0, plan.runs * len(plan.scenarios))
        _warm_up(plan, model)
        warm = time.perf_counter() - began
        done = _run_blocks(plan, layout, model, workers, progress)
        seconds = {
            "warm_up_seconds": round(warm, 3),
            "wall_seconds": round(time.perf_counter() - began - warm, 3),
            "model_seconds": round(sum(part.model_seconds for part in done), 3),
        }
        failures = sorted(
            (failure for part in done for failure in part.failures),
            key=lambda failure: (plan.names.index(failure.scenario), failure.replicate),
        )
        return store.finish(folder, plan, workers, seconds, [vars(f) for f in failures])
    except OSError as error:
        message = f"{folder} cannot be written: {error}. Free space or give another folder (--out)."
        raise BatchError(message) from error


def _warm_up(plan: Plan, model: Model) -> None:
    """Compile before the threads start. What fails here fails again, and is recorded, there."""
    with suppress(Exception):
        model(plan.scenarios[0], plan.seed).run(0)


def _run_blocks(
    plan: Plan, layout: store.Layout, model: Model, workers: int, progress: Progress | None
) -> list[Done]:
    workshop = _Workshop()
    n_done, parts = 0, []
    with ThreadPoolExecutor(workers, thread_name_prefix="batch") as pool:
        futures: list[Future[Done]] = [
            pool.submit(_work, plan, layout, model, workshop, block) for block in plan.blocks
        ]
        try:
            for future in as_completed(futures):
                parts.append(future.result())
                n_done += parts[-1].size
                if progress is not None:
                    progress(n_done, plan.runs * len(plan.scenarios))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return parts


def _work(
    plan: Plan, layout: store.Layout, model: Model, workshop: _Workshop, block: Block
) -> Done:
    """Run one block and write it."""
    results = layout.new_block(block)
    done = Done(block.size, 0.0)
    for row, replicate in enumerate(range(block.first, block.stop)):
        began = time.perf_counter()
        try:
            record = _runner(plan, model, workshop, block.scenario).run(replicate)
            done.model_seconds += time.perf_counter() - began
            results.put(row, record)
        except Exception as error:
            workshop.runner = None
            results.clear(row)
            done.failures.append(_failure(plan, block, replicate, error))
    layout.write(block, results)
    return done


def _runner(plan: Plan, model: Model, workshop: _Workshop, scenario: int) -> Runner:
    if workshop.runner is None or workshop.scenario != scenario:
        workshop.runner = model(plan.scenarios[scenario], plan.seed)
        workshop.scenario = scenario
    return workshop.runner


def _failure(plan: Plan, block: Block, replicate: int, error: Exception) -> Failure:
    name = plan.scenarios[block.scenario].name
    what = f"{type(error).__name__}: {error}"
    lines = traceback.format_exception(error)
    return Failure(name, replicate, plan.seed, what, "".join(lines))
