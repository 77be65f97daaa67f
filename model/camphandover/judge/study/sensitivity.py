"""Which parameters decide an outcome: Morris' screening and Sobol's indices of a scenario."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover import inputs
from camphandover.batch.files import write_json
from camphandover.batch.names import check_known
from camphandover.batch.plan import MAX_SEED, Model, file_name
from camphandover.errors import BatchError
from camphandover.inputs import whole
from camphandover.judge.study.design import (
    Problem,
    by_point,
    check_extra,
    morris_design,
    problem_of,
    records_of_points,
    run_points,
    sobol_design,
)
from camphandover.judge.study.indices import MAIN
from camphandover.judge.study.sensitivity_tables import plain, tables
from camphandover.measure.outcomes import Asked, Window, parse_all, without_failures
from camphandover.measure.outcomes import values as values_of

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.batch.records import Records
    from camphandover.batch.run import Progress, Say
    from camphandover.scenario import Scenario

METHODS = tuple(MAIN)
TIMED = 6
"""Runs by which the time of a design is guessed."""
OVERHEAD = 1.25
"""Time of a stored run on several threads over its share of one thread's time (measured on two)."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What decides the outcomes of a scenario.

    `table` has a row for each outcome and parameter, in the order of their ranks:

    - `outcome`, `unit`, `rank`, `parameter`, `rule`, `evidence` (L, E, H or J), `low`, `high`.
    - Morris: `mu_star`, mean absolute change of the outcome between the outermost levels of the
      parameter (its quantiles of 12.5 and 87.5 %) while all others are anywhere;
      `mu_star_conf`, half-width of its 95 % interval; `mu` and `mu_conf`, the mean change with its
      sign; `sigma`, its standard deviation: large beside `mu_star` if the effect depends on others.
    - Sobol: `ST`, the share of the outcome's variance that is there because of the parameter,
      alone or with others; `S1`, because of it alone; `ST_conf`, `S1_conf` as above.
    - `luck`: the `mu_star` that a parameter without effect would have because its change
      reshuffles the luck of the runs; of Sobol, the part of `ST` that is such luck.
    - `stands_out`: whether the interval lies above `luck`; false where that is not known. Of
      parameters without effect, about one in forty does by chance.

    `convergence` has the same index, its half-width and rank for growing parts of the design, by
    `size` (trajectories or base points) and `runs`. `stability` tells for each part which share of
    the first parameters (ten, or a third of few) are those of the whole design (`top_shared`), the
    rank correlation of all (`spearman`), and which share two separate designs of this size have in
    common (`top_shared_halves`). `noise` has for each outcome the fields of `indices.Noise`.

    Attributes:
        scenario: Its name.
        method: `morris` or `sobol`.
        outcomes: What was asked for.
        size: Trajectories, or base points.
        n_points: Points of the design.
        draws: Runs of each point, with the same luck at all points.
        seed: Of the design and of all draws.
        problem: The factors.
        window: Dates of the scenario.
        folder: Of the batch.
        reused: Whether all runs were stored already.
        n_failed: Runs that failed; the mean of the point's other draws stands for them.
        table, convergence, stability, noise: See above.
    """

    scenario: str
    method: str
    outcomes: tuple[Asked, ...]
    size: int
    n_points: int
    draws: int
    seed: int
    problem: Problem
    window: Window
    folder: Path
    reused: bool
    n_failed: int
    table: pd.DataFrame
    convergence: pd.DataFrame
    stability: pd.DataFrame
    noise: pd.DataFrame

    @property
    def index(self) -> str:
        """The index that ranks the parameters: `mu_star` or `ST`."""
        return MAIN[self.method]

    @property
    def runs(self) -> int:
        """All runs."""
        return self.n_points * self.draws

    def outcome(self, name: str | None = None) -> Asked:
        """One of the outcomes; the first if no name is given.

        Errors:
            BatchError if there is none of that name.
        """
        names = [one.name for one in self.outcomes]
        if name is None:
            return self.outcomes[0]
        check_known("outcome", name, names)
        return self.outcomes[names.index(name)]

    def select(self, outcome: str | None = None) -> pd.DataFrame:
        """Rows of the table of one outcome, by rank; of the first if no name is given."""
        return self.table[self.table["outcome"] == self.outcome(outcome).name]

    def __repr__(self) -> str:
        """What it is, in a line."""
        return (
            f"Sensitivity({self.scenario}: {self.method}, {self.problem.n} parameters, "
            f"{self.runs} runs, seed {self.seed}, in {str(self.folder)!r})"
        )

    def __str__(self) -> str:
        """Plain text of at most 120 columns."""
        from camphandover.say.sensitivity import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from camphandover.say.sensitivity import as_html

        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """The same numbers as JSON holds them; what is not known is null."""
        return {
            "scenario": self.scenario,
            "method": self.method,
            "size": self.size,
            "points": self.n_points,
            "draws": self.draws,
            "runs": self.runs,
            "seed": self.seed,
            "evidence": self.problem.evidence,
            "window": [self.window.first.isoformat(), self.window.last.isoformat()],
            "failed": self.n_failed,
            "fixed_by_scenario": list(self.problem.left_out),
            **{
                name: [
                    {str(key): plain(value) for key, value in row.items()}
                    for row in getattr(self, name).to_dict("records")
                ]
                for name in ("table", "convergence", "stability", "noise")
            },
        }

    def write_json(self, path: str | Path) -> None:
        """Write the numbers to a file."""
        write_json(inputs.path("path", path), self.to_dict())


def sensitivity(
    scenario: Any,
    outcomes: str | Sequence[str] = (),
    method: str = "morris",
    *,
    trajectories: int = 20,
    points: int = 256,
    draws: int = 5,
    seed: int = 2023,
    evidence: str = "hindcast",
    parameters: Sequence[str] = (),
    groups: Sequence[str] = (),
    out: str | Path | None = None,
    workers: int | None = None,
    cluster: Any = None,
    model: Model | None = None,
    progress: Progress | bool | None = None,
    say: Say | None = None,
) -> Sensitivity:
    """Which parameters decide the outcomes of a scenario.

    All parameters that have a range vary together, over all of their ranges; what the scenario
    fixes stays fixed. Every point of the design meets the same draws. Runs that are stored are
    not computed again, and more `draws` add to them.

    Args:
        scenario: One scenario, as `camphandover.run` takes it.
        outcomes: Forms such as `held:Kidal:army` (`measure.outcomes.forms`); days on which the army
            holds Kidal and Tessalit, and the dead, if not given.
        method: `morris`, to find the few parameters that matter among many; `sobol`, for the
            shares of variance of few.
        trajectories: Of Morris' design; a trajectory has a point more than there are parameters.
        points: Base points of Sobol's design, a power of two; each takes two runs more than there
            are parameters.
        draws: Runs of each point; at least two tell how much is luck.
        seed: Of the design and of all draws.
        evidence: Set of parameters: `hindcast` or `prior`.
        parameters: Names of those that vary; all if neither they nor `groups` are given.
        groups: Rules, such as `R1.5` or `R1`, whose parameters vary.
        out: Folder of the batch; `runs/sensitivity-<scenario>-<method>` if not given.
        workers, cluster, model, progress: As of `camphandover.run`.
        say: Called with what should be read: before the first run, how many there will be and how
            long they will take.
    Returns:
        The indices; `print` shows them.
    Errors:
        BatchError if something asked for cannot be, the folder holds something else, or SALib is
        not installed; ScenarioError for a faulty scenario.
    """
    from camphandover.batch.batch import load_all

    check_known("method", method, METHODS)
    check_extra()
    seed = whole("seed", seed, 0, MAX_SEED)
    draws = whole("draws", draws, 1, 2**31 - 1)
    what, size = ("trajectories", trajectories) if method == "morris" else ("points", points)
    size = whole(what, size, 2, 2**24)
    spec = _one(load_all(scenario))
    window = Window(spec.window.start, spec.window.end)
    wanted = tuple(parse_all(outcomes, window, _places()))
    problem = problem_of(spec, evidence, parameters, groups)
    design = {"morris": morris_design, "sobol": sobol_design}[method](problem, size, seed)
    made = {"method": method, "size": size, "seed": seed}
    records = records_of_points(problem, design, f"{method} of {spec.name}", made)
    batch = run_points(
        spec, records, draws, seed, out if out is not None else default_folder(spec.name, method),
        workers=workers, cluster=cluster, model=model, say=say,
        progress=_telling(progress, say, spec, records, seed, model, workers),
    )  # fmt: skip
    values = by_point(values_of(batch, spec.name, wanted, window), records.n)
    values = without_failures(values)
    return Sensitivity(
        scenario=spec.name,
        method=method,
        outcomes=wanted,
        size=size,
        n_points=records.n,
        draws=draws,
        seed=seed,
        problem=problem,
        window=window,
        folder=batch.folder,
        reused=batch.reused,
        n_failed=len(batch.failures),
        **tables(method, problem, design, dict(zip(wanted, values, strict=True)), size, seed),
    )


def default_folder(scenario: str, method: str) -> Path:
    """Where the runs land when no folder is given."""
    return Path("runs", f"sensitivity-{file_name(scenario)}-{method}")


def _one(scenarios: list[Scenario]) -> Scenario:
    if len(scenarios) != 1:
        names = ", ".join(one.name for one in scenarios)
        raise BatchError(f"one scenario is needed, and there are {len(scenarios)}: {names}.")
    return scenarios[0]


def _places() -> list[str]:
    from camphandover import facts

    return [place.name for place in facts.load().places]


# --- what is told before the first run ----------------------------------------------------


def _telling(
    progress: Progress | bool | None,
    say: Say | None,
    scenario: Scenario,
    records: Records,
    seed: int,
    model: Model | None,
    workers: int | None,
) -> Progress | bool | None:
    """The progress asked for, which first says how many runs there are and how long they take."""
    from camphandover.core import compiled

    if say is None or not callable(progress):
        return progress
    told = False

    def tell(done: int, total: int) -> None:
        nonlocal told
        if not told and done < total:
            compiled.announce(say)
            seconds = _seconds_a_run(scenario, records, seed, model, workers)
            left = total - done
            of = f", {done:,} of {total:,} are there" if done else ""
            say(f"{left:,} runs to make{of}: about {_duration(left * seconds)}.")
            told = True
        progress(done, total)

    return tell


def _seconds_a_run(
    scenario: Scenario, records: Records, seed: int, model: Model | None, workers: int | None
) -> float:
    """Time of a run that takes other parameters than the last, from a few of them."""
    import os

    from camphandover.batch.plan import northern_mali
    from camphandover.batch.replicates import replicates_of

    plays = replicates_of(model or northern_mali, scenario, seed)
    plays.run(0)
    began = time.perf_counter()
    for row in range(TIMED):
        plays.run(0, {**records.of(row), **scenario.parameters})
    one = (time.perf_counter() - began) / TIMED
    return one * OVERHEAD / (workers or os.cpu_count() or 1)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{round(minutes)} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
