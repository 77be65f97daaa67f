"""How fast the model is on this machine: `uv run python tests/benchmarks/bench.py`.

One run prints all figures beside what is to be reached. `--quick` takes a minute less and is
rougher; `--json FILE` writes the figures as well. Nothing else should run meanwhile.
"""

import argparse
import json
import os
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
from camphandover.agents.model import NorthernMali
from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.now import at
from camphandover.core.rules import REGISTRY

SCENARIO, SEED = "on-schedule", 2023
CORES = os.cpu_count() or 1
FIRST_RUN = "from camphandover.agents.model import NorthernMali; NorthernMali().run(0)"
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


def stored(runs: int, **options: Any) -> tuple[float, float]:
    """A stored batch: its wall seconds, all that `run` does included, and the model's seconds."""
    with tempfile.TemporaryDirectory() as folder:
        wall = seconds_of(
            lambda: ch.run(SCENARIO, runs=runs, seed=SEED, out=Path(folder) / "b", **options)
        )
        told = json.loads((Path(folder) / "b" / "manifest.json").read_text(encoding="utf-8"))
    return wall, float(told["sessions"][0]["model_seconds"])


def threads(runs: int) -> Figures:
    """Stored batches on one thread and on all cores, and what their time goes to."""
    ch.run(SCENARIO, runs=1, out=Path(tempfile.mkdtemp()) / "b", model=Timed)  # libraries loaded
    figures: Figures = {"batch_runs": runs}
    for workers in sorted({1, CORES}):
        Timed.inside.clear()
        wall, _ = stored(runs, workers=workers, model=Timed)
        Timed.inside.pop(threading.get_ident(), None)  # the warm-up, on this thread
        compiled = sum(Timed.inside.values())
        which = "one" if workers == 1 else "all"
        figures |= {
            f"threads_{which}_runs_per_second": runs / wall,
            f"threads_{which}_overhead": wall * workers / compiled,
        }
    return figures


def cluster(runs: int) -> Figures:
    """A stored batch on a local Dask cluster, a worker with one thread for each core."""
    from distributed import Client, LocalCluster

    options = {"n_workers": CORES, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as here, Client(here) as client:
        stored(50 * CORES, cluster=client)  # every worker has loaded the model
        wall, seconds = stored(runs, cluster=client)
    return {
        "cluster_runs_per_second": runs / wall,
        "cluster_overhead": wall * CORES / seconds,
    }


PEAK = """
import resource, sys, tempfile, camphandover as ch
ch.run(sys.argv[1], runs=int(sys.argv[2]), out=tempfile.mkdtemp() + "/b")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def peak_memory(runs: int, many: int) -> Figures:
    """Peak memory of a batch and of a larger one, each in a process of its own, MB."""

    def peak(n: int) -> float:
        command = [sys.executable, "-c", PEAK, SCENARIO, str(n)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    few, more = peak(runs), peak(many)
    return {
        "memory_runs": runs,
        "memory_many_runs": many,
        "peak_memory_mb": few,
        "peak_memory_many_mb": more,
        "peak_memory_ratio": more / few,
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
    def go(now, n):
        for _ in range(n):
            function(now)
            now.ledger.used[0] = 0
            now.queue.used = 0

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
        scratch = log.new_ledger(len(model.ledger.rows))
        window = model.world.first, model.world.last
        now = at(model.state, model.params, model.key, scratch, *window, int(model.day))
        for name, go in loops.items():
            go(now, 1)
            st.restore(model.state, kept)
            began = time.perf_counter()
            go(now, repeats)
            each = (time.perf_counter() - began) / repeats
            spent[name] += 1e6 * each / len(RULE_DAYS)
            st.restore(model.state, kept)
    return {"rules_us": dict(sorted(spent.items(), key=lambda item: -item[1]))}


LINES = (
    ("one run on one core, ms", "run_ms", "{:.2f}", "5 or less"),
    ("unit-days per second, millions", "unit_days_per_second", "{:.1f}", ""),
    ("runs per second on all cores", "runs_per_second", "{:.0f}", ""),
    ("  cores busy", "core_utilisation", "{:.0%}", "85 % or more"),
    ("stored batch, runs", "batch_runs", "{:d}", ""),
    ("  runs per second, one thread", "threads_one_runs_per_second", "{:.0f}", ""),
    ("    overhead factor", "threads_one_overhead", "{:.2f}", "1.25 or less"),
    ("  runs per second, a thread a core", "threads_all_runs_per_second", "{:.0f}", ""),
    ("    overhead factor", "threads_all_overhead", "{:.2f}", "1.25 or less"),
    ("  runs per second, a dask worker a core", "cluster_runs_per_second", "{:.0f}", ""),
    ("    overhead factor", "cluster_overhead", "{:.2f}", ""),
    ("peak memory, MB", "peak_memory_mb", "{:.0f}", ""),
    ("  of a batch with so many runs", "memory_runs", "{:d}", ""),
    ("  with so many runs instead", "memory_many_runs", "{:d}", ""),
    ("  times as much memory", "peak_memory_ratio", "{:.2f}", "1.20 or less"),
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
            f"{label:<40}{form.format(value):>10}   {'to reach: ' + goal if goal else ''}".rstrip()
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
    parser.add_argument("--many", type=int, metavar="N", help="runs of the larger batch in memory")
    options = parser.parse_args()
    quick = options.quick
    figures: Figures = {}
    figures |= one_core(20 if quick else 200)
    figures |= all_cores(50 if quick else 500)
    figures |= threads(200 if quick else 2000)
    figures |= cluster(200 if quick else 2000)
    figures |= peak_memory(200 if quick else 2000, options.many or (1000 if quick else 10_000))
    figures |= rules(1000 if quick else 5000)
    figures |= starts(1 if quick else 3)
    figures |= {"numpy": np.__version__, "python": sys.version.split()[0]}
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
