"""How fast the model is on this machine: `uv run python tests/benchmarks/bench.py`.

One run prints all figures beside what is to be reached. `--quick` takes a minute less and is
rougher; `--json FILE` writes the figures as well. Nothing else should run meanwhile.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import camphandover as ch
from camphandover import ledger as log
from camphandover import state as st
from camphandover.model import NorthernMali
from camphandover.rules import REGISTRY

SCENARIO, SEED = "on-schedule", 2023
CORES = os.cpu_count() or 1
FIRST_RUN = "from camphandover.model import NorthernMali; NorthernMali().run(0)"
RULE_DAYS = (20, 75, 120)
"""Days of the window on whose state each rule is timed: peace, war, late war."""

Figures = dict[str, Any]


def seconds_of(work: Callable[[], Any]) -> float:
    """Wall seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median_run(model: NorthernMali, runs: int) -> float:
    """Median seconds of a run, ledger and cube recorded, after one to warm up."""
    model.run(0)
    return statistics.median(seconds_of(lambda r=r: model.run(r)) for r in range(1, runs + 1))


def one_core(runs: int) -> Figures:
    """One run on one core, and the same with ten times as many units."""
    model = NorthernMali(SCENARIO, SEED)
    units = int((model.world.state.units["men"] > 0).sum())
    days = model.world.last - model.world.first + 1
    single = median_run(model, runs)
    tenfold = median_run(NorthernMali(SCENARIO, SEED, times=10), max(5, runs // 10))
    return {
        "run_ms": 1e3 * single,
        "units": units,
        "days": days,
        "unit_days_per_second": units * days / single,
        "tenfold_units_ms": 1e3 * tenfold,
        "tenfold_units_ratio": tenfold / single,
    }


def all_cores(runs: int) -> Figures:
    """The same runs on a thread for each core: runs per second, and how busy the cores are."""

    def work(worker: int) -> None:
        model = models[worker]
        for replicate in range(runs):
            model.run(worker * runs + replicate)

    models = [NorthernMali(SCENARIO, SEED) for _ in range(CORES)]
    work(0)
    with ThreadPoolExecutor(CORES) as pool:
        busy = time.process_time()
        wall = seconds_of(lambda: list(pool.map(work, range(CORES))))
        busy = time.process_time() - busy
    return {
        "cores": CORES,
        "runs_per_second": CORES * runs / wall,
        "core_utilisation": busy / (wall * CORES),
    }


class Timed(NorthernMali):
    """A model that knows how long its thread was in compiled code."""

    inside: dict[int, float] = {}  # noqa: RUF012  one book for all models, by thread

    def _play(self, start: int, last: int) -> None:
        began = time.thread_time()
        super()._play(start, last)
        me = threading.get_ident()
        Timed.inside[me] = Timed.inside.get(me, 0.0) + time.thread_time() - began


def batch(runs: int) -> Figures:
    """A stored batch: what the wall time of all cores goes to."""
    with tempfile.TemporaryDirectory() as folder:
        busy = time.process_time()
        done = ch.run(SCENARIO, runs=runs, seed=SEED, out=Path(folder) / "batch", model=Timed)
        busy = time.process_time() - busy
        told = json.loads((done.folder / "manifest.json").read_text(encoding="utf-8"))
    Timed.inside.pop(threading.get_ident(), None)  # the warm-up, on this thread
    wall = float(told["wall_seconds"])
    compiled = sum(Timed.inside.values())
    return {
        "batch_runs": runs,
        "batch_wall_seconds": wall,
        "batch_warm_up_seconds": float(told["warm_up_seconds"]),
        "batch_model_seconds": float(told["model_seconds"]),
        "batch_compiled_seconds": compiled,
        "batch_core_utilisation": busy / ((wall + told["warm_up_seconds"]) * CORES),
        "batch_share_outside_compiled": 1.0 - compiled / (wall * CORES),
        "batch_cpu_outside_compiled": 1.0 - compiled / busy,
        "batch_runs_per_second": runs / wall,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def in_new_process(*command: str, **environment: str) -> float:
    """Wall seconds of a program from its start to its end."""
    env = {**os.environ, **environment}
    return seconds_of(
        lambda: subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    )


def starts(repeats: int) -> Figures:
    """First compile (an empty cache), warm start, and `camphandover --help`, each a process."""
    program = str(Path(sys.executable).parent / "camphandover")
    with tempfile.TemporaryDirectory() as cache:
        cold = in_new_process(sys.executable, "-c", FIRST_RUN, CAMPHANDOVER_CACHE=cache)
        warm = [
            in_new_process(sys.executable, "-c", FIRST_RUN, CAMPHANDOVER_CACHE=cache)
            for _ in range(repeats)
        ]
    helps = [in_new_process(program, "--help") for _ in range(repeats + 1)]
    return {
        "first_start_seconds": cold,
        "warm_start_seconds": min(warm),
        "first_compile_seconds": cold - min(warm),
        "help_seconds": min(helps),
    }


def repeated(function: Any) -> Any:
    """A compiled loop that plays one rule `n` times on a state that it changes."""
    import numba

    @numba.njit(nogil=True)
    def go(state, params, clock, key, ledger, n):
        for _ in range(n):
            function(state, params, clock, key, ledger)
            ledger.used[0] = 0
            state.queue[0].used = 0

    return go


def rules(repeats: int) -> Figures:
    """Microseconds per call of each rule, mean over some days; dearest first.

    A rule that acts once and then finds nothing to do counts mostly for its search.
    """
    model = NorthernMali(SCENARIO, SEED, replicate=3)
    spent = dict.fromkeys(REGISTRY, 0.0)
    loops = {name: repeated(rule.function) for name, rule in REGISTRY.items()}
    for day in RULE_DAYS:
        while model.day < model.world.first + day:
            model.step()
        kept = st.copy_state(model.state)
        clock = st.Clock(model.day, model.world.first, model.world.last)
        scratch = log.new_ledger(len(model.ledger.rows))
        for name, go in loops.items():
            go(model.state, model.params, clock, model.key, scratch, 1)
            st.restore(model.state, kept)
            began = time.perf_counter()
            go(model.state, model.params, clock, model.key, scratch, repeats)
            each = (time.perf_counter() - began) / repeats
            spent[name] += 1e6 * each / len(RULE_DAYS)
            st.restore(model.state, kept)
    return {"rules_us": dict(sorted(spent.items(), key=lambda item: -item[1]))}


LINES = (
    ("one run on one core, ms", "run_ms", "{:.2f}", "5 or less"),
    ("unit-days per second, millions", "unit_days_per_second", "{:.1f}", ""),
    ("runs per second on all cores", "runs_per_second", "{:.0f}", ""),
    ("  cores busy", "core_utilisation", "{:.0%}", "85 % or more"),
    ("batch, runs", "batch_runs", "{:d}", ""),
    ("  wall seconds", "batch_wall_seconds", "{:.1f}", ""),
    ("  seconds to warm up", "batch_warm_up_seconds", "{:.1f}", ""),
    ("  runs per second", "batch_runs_per_second", "{:.0f}", ""),
    ("  cores busy", "batch_core_utilisation", "{:.0%}", "85 % or more"),
    ("  wall time outside compiled code", "batch_share_outside_compiled", "{:.0%}", "below 20 %"),
    ("  of its own CPU time (busy machine)", "batch_cpu_outside_compiled", "{:.0%}", ""),
    ("peak memory, MB", "peak_memory_mb", "{:.0f}", ""),
    ("first compile, s", "first_compile_seconds", "{:.1f}", "under 40"),
    ("warm start with one run, s", "warm_start_seconds", "{:.1f}", ""),
    ("camphandover --help, s", "help_seconds", "{:.2f}", "under 0.5"),
    ("ten times the units, ms", "tenfold_units_ms", "{:.1f}", ""),
    ("  ratio to one run", "tenfold_units_ratio", "{:.1f}", "11 or less"),
)


def show(figures: Figures) -> None:
    """The figures as a table, and the rules by cost."""
    print(f"{SCENARIO}, {figures['units']} units, {figures['days']} days, {CORES} cores")
    for label, key, form, goal in LINES:
        value = figures[key] / 1e6 if key == "unit_days_per_second" else figures[key]
        print(
            f"{label:<36}{form.format(value):>10}   {'to reach: ' + goal if goal else ''}".rstrip()
        )
    spent = figures["rules_us"]
    print(f"microseconds per call of a rule (all: {sum(spent.values()):.1f})")
    for name, value in spent.items():
        print(f"  {value:8.2f}  {REGISTRY[name].number:<5} {name}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, rougher figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    options = parser.parse_args()
    quick = options.quick
    figures: Figures = {}
    figures |= one_core(20 if quick else 200)
    figures |= all_cores(50 if quick else 500)
    figures |= batch(200 if quick else 2000)
    figures |= rules(1000 if quick else 5000)
    figures |= starts(1 if quick else 3)
    figures |= {"numpy": np.__version__, "python": sys.version.split()[0]}
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
