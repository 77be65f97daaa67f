"""Which parameters decide an outcome: Morris' screening and Sobol's indices of a scenario."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from camphandover import inputs
from camphandover.batch.names import check_known
from camphandover.batch.settings import takes
from camphandover.errors import BatchError
from camphandover.judge.study.indices import MAIN, indices_of, noise_of
from camphandover.judge.study.settings import SensitivitySettings
from camphandover.judge.study.study import (
    Problem,
    Study,
    by_point,
    check_extra,
    morris_design,
    problem_of,
    sobol_design,
)
from camphandover.libraries import pd
from camphandover.measure.outcomes import Asked, Window, parse_all, without_failures
from camphandover.measure.outcomes import values as values_of
from camphandover.scenario import Scenario
from camphandover.told import Told

NO_EXTRA = 'Sensitivity analysis needs SALib: pip install "camphandover[analysis]".'
DESIGNS = {"morris": ("trajectories", morris_design), "sobol": ("points", sobol_design)}
"""By method, the setting that is the size of its design, and what makes it."""
PARTS = {"morris": (0.25, 0.5, 0.75, 1.0), "sobol": (0.125, 0.25, 0.5, 1.0)}
"""Parts of a design for which the indices are told; those of Sobol's are powers of two."""
LEAST = {"morris": 2, "sobol": 4}
"""Of trajectories or base points, for which there are indices."""
MOST = 10
"""Factors, at most, whose ranks are held against those of a smaller design."""


@dataclass(frozen=True, eq=False)
class Sensitivity(Told):
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

    words = "camphandover.say.sensitivity"

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


@takes(SensitivitySettings)
def sensitivity(settings: SensitivitySettings) -> Sensitivity:
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
    from camphandover import facts
    from camphandover.batch.batch import load_all

    method, seed, draws = settings.method, settings.seed, settings.draws
    check_known("method", method, tuple(DESIGNS))
    check_extra(NO_EXTRA, "SALib")
    scenario = _one(load_all(settings.scenario))
    window = Window(scenario.window.start, scenario.window.end)
    places = [place.name for place in facts.load().places]
    wanted = parse_all(settings.outcomes, window, places)
    problem = problem_of(scenario, settings.evidence, settings.parameters, settings.groups)
    what, design = DESIGNS[method]
    size = int(getattr(settings, what))
    points = design(problem, size, seed)
    made = {"method": method, "size": size, "seed": seed}
    records = problem.records(points, f"{method} of {scenario.name}", made=made)
    out = default_folder(scenario.name, method) if settings.out is None else settings.out
    study = Study((scenario,), problem.evidence, inputs.path("out", out), settings)
    batch = study.run(records, draws, seed)
    values = by_point(values_of(batch, scenario.name, wanted, window), records.n)
    of_outcome = dict(zip(wanted, without_failures(values), strict=True))
    return Sensitivity(
        scenario=scenario.name,
        method=method,
        outcomes=tuple(wanted),
        size=size,
        n_points=records.n,
        draws=draws,
        seed=seed,
        problem=problem,
        window=window,
        folder=batch.folder,
        reused=batch.reused,
        n_failed=len(batch.failures),
        **_tables(method, problem, points, of_outcome, size, seed),
    )


def default_folder(scenario: str, method: str) -> Path:
    """Where the runs land when no folder is given."""
    from camphandover.batch.plan import file_name

    return Path("runs", f"sensitivity-{file_name(scenario)}-{method}")


def _one(scenarios: list[Scenario]) -> Scenario:
    if len(scenarios) != 1:
        names = ", ".join(one.name for one in scenarios)
        raise BatchError(f"one scenario is needed, and there are {len(scenarios)}: {names}.")
    return scenarios[0]


# --- tables ------------------------------------------------------------------------------


def n_top(n_factors: int) -> int:
    """How many factors count as the first: ten, or a third of few."""
    return min(MOST, max(1, n_factors // 3))


def _tables(
    method: str,
    problem: Problem,
    design: np.ndarray,
    values: dict[Asked, np.ndarray],
    size: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """The tables of a `Sensitivity`, by the names of its attributes.

    Args:
        method: `morris` or `sobol`.
        problem: The factors.
        design: Points of the whole design.
        values: By outcome, values at the points, shape (point, draw).
        size: Trajectories or base points.
        seed: Of the resampling.
    """

    n = len(design) // size  # points of one trajectory or base point
    main: list[pd.DataFrame] = []
    grown: list[pd.DataFrame] = []
    stable: list[dict[str, Any]] = []
    noises: list[dict[str, Any]] = []

    for outcome, of_points in values.items():

        def part(first: int, stop: int, of: np.ndarray = of_points) -> pd.DataFrame:
            at = slice(first * n, stop * n)
            return _ranked(indices_of(method, problem, design[at], of[at], seed), method)

        parts = {k: part(0, k) for k in _sizes(method, size)}
        whole = parts[size]
        main.append(_told(whole, outcome, problem, method))
        for k, found in parts.items():
            grown.append(_grown(found, outcome, method, k, k * n * of_points.shape[1]))
            other = part(k, 2 * k) if 2 * k <= size else None
            stable.append({"outcome": outcome.name, "size": k, **_shared(found, whole, other)})
        noise = noise_of(method, problem, of_points)
        noises.append({"outcome": outcome.name, "unit": outcome.unit, **noise._asdict()})
    return {
        "table": pd.concat(main, ignore_index=True),
        "convergence": pd.concat(grown, ignore_index=True),
        "stability": pd.DataFrame(stable),
        "noise": pd.DataFrame(noises),
    }


def _sizes(method: str, size: int) -> list[int]:
    """Sizes of the parts of a design, growing to the whole."""
    return sorted({max(LEAST[method], math.ceil(part * size)) for part in PARTS[method]} | {size})


def _ranked(found: pd.DataFrame, method: str) -> pd.DataFrame:
    """Indices with ranks: 1 is the largest; equal ones keep the order of the register."""
    order = found[MAIN[method]].fillna(-1.0).rank(ascending=False, method="first")
    return found.assign(rank=order.astype(int))


def _told(found: pd.DataFrame, outcome: Asked, problem: Problem, method: str) -> pd.DataFrame:
    """Rows of `Sensitivity.table` of one outcome."""
    index = MAIN[method]
    ranges = [one.known(problem.evidence) for one in problem.parameters]
    is_above = found[index] - found[f"{index}_conf"] > found["luck"]
    told = found.assign(
        outcome=outcome.name,
        unit=outcome.unit,
        parameter=problem.names,
        rule=[one.rule for one in problem.parameters],
        evidence=[one.evidence for one in problem.parameters],
        low=[low for low, _, _ in ranges],
        high=[high for _, _, high in ranges],
        stands_out=is_above & (found[index] > 0.0),
    )
    head = ["outcome", "unit", "rank", "parameter", "rule", "evidence", "low", "high"]
    figures = [name for name in found.columns if name != "rank"]
    return told.sort_values("rank")[[*head, *figures, "stands_out"]]


def _grown(found: pd.DataFrame, outcome: Asked, method: str, size: int, runs: int) -> pd.DataFrame:
    """Rows of `Sensitivity.convergence` of one part of a design."""
    index = MAIN[method]
    kept = found[[index, f"{index}_conf", "rank"]].reset_index()
    return kept.assign(outcome=outcome.name, size=size, runs=runs)[
        ["outcome", "size", "runs", "parameter", index, f"{index}_conf", "rank"]
    ]


def _shared(
    found: pd.DataFrame, whole: pd.DataFrame, other: pd.DataFrame | None
) -> dict[str, float]:
    """How alike the ranks of two designs are."""

    n = n_top(len(whole))

    def first(of: pd.DataFrame) -> set[str]:
        return set(of.index[of["rank"] <= n])

    return {
        "top_shared": len(first(found) & first(whole)) / n,
        "spearman": float(found["rank"].corr(whole["rank"])),
        "top_shared_halves": math.nan if other is None else len(first(found) & first(other)) / n,
    }
