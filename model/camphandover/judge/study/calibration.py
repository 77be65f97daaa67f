"""Calibration: which parameters retell the record, as a set of accepted parameter records.

1. Screening: Morris' trajectories over all uncertain parameters; those that move the targets most
   stay uncertain, the others take their best value.
2. Waves: points of the uncertain ones; a response surface of every target smooths over their luck;
   the next wave goes where the surface, with its uncertainty in favour, expects the best fit
   (history matching: what is implausible even so is left out).
3. Acceptance (ABC by rejection): of the points of the last wave those with the best fit.
4. Test: the accepted records are run again with luck that none of them was chosen by.

Source: RULES section 10 (precedents [WeidS13], [Bhav14]); Craig et al. 1997 and Vernon et al. 2010
for history matching; Beaumont et al. 2002 for ABC.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from camphandover import inputs
from camphandover.batch.records import Records
from camphandover.batch.settings import takes
from camphandover.errors import BatchError
from camphandover.facts.records import ORIGIN, RECORD
from camphandover.inputs import choice
from camphandover.judge.study import emulator, targets
from camphandover.judge.study.indices import morris_indices
from camphandover.judge.study.posterior import Posterior, calibrate_by_filter
from camphandover.judge.study.settings import BUDGETS, Budget, CalibrateSettings, folder_of
from camphandover.judge.study.study import (
    TOLD,
    Problem,
    Study,
    candidates,
    check_extra,
    marginals_of,
    morris_design,
    problem_of,
)
from camphandover.judge.study.targets import Measured, Targets
from camphandover.told import Told

NO_EXTRA = 'Calibration needs scikit-learn and SALib: pip install "camphandover[analysis]".'
SCREENING = "screening"
"""Step that finds the parameters that matter."""
CANDIDATES = 2**16
"""Points at which a surface is asked where the next wave shall be."""
FAVOUR = 1.0
"""Standard deviations of the surface that count in a candidate's favour."""


@dataclass(frozen=True)
class Wave:
    """One wave of points.

    Attributes:
        n_points, draws: Its size.
        fit: Quantiles 5, 50 and 95 % of `log_fit` over its points.
        skill: Cross-validated R2 of the surfaces fitted to all points so far, by target.
    """

    n_points: int
    draws: int
    fit: tuple[float, float, float]
    skill: dict[str, float]


@dataclass(frozen=True)
class Calibration(Told):
    """A calibrated set and how it came about.

    Attributes:
        targets: What it was held to.
        records: The accepted records; their `made` tells the rule.
        screened: Factors that stayed uncertain, with how far they move the targets, falling.
        waves: The waves.
        before: Measured with the best values of all parameters, with the luck of the test.
        after: Measured with the accepted records and the same luck, chosen by none of them.
        marginals: By factor, quantiles 5, 50, 95 % over the accepted records and over the range.
    """

    words = "camphandover.say.calibration"

    targets: Targets
    records: Records
    screened: dict[str, float]
    waves: tuple[Wave, ...]
    before: Measured
    after: Measured
    marginals: dict[str, dict[str, tuple[float, float, float]]] = field(default_factory=dict)


@takes(CalibrateSettings)
def calibrate(settings: CalibrateSettings) -> Calibration | Posterior:
    """Find parameter records that retell the record, and write them to `<out>/<evidence>.json`.

    What is done is kept, step by step: the same call goes on where it was cut off.

    Args:
        scenarios: Those in which the targets are measured; by the set if not given. For `prior`
            they are cut at the forecast origin.
        evidence: The set: `prior`, which may know nothing after 17 September 2023, or `hindcast`.
        by: `patterns`, as above, or `filter`, by the evidence of the record (`posterior`).
        seed: Of points and luck.
        out: Folder; `runs/calibrate-<evidence>` if not given.
        budget: How much is computed.
        workers, cluster, model, progress, say: As of `camphandover.run`.
        keep: Whether the batches of the steps stay (about 50 kB a run).
    Errors:
        BatchError for faulty arguments, or if the folder holds another calibration.
    """
    from camphandover.batch.batch import load_all

    check_extra(NO_EXTRA, "sklearn", "SALib")
    evidence = choice("evidence", settings.evidence, targets.SCENARIOS)
    by = choice("by", settings.by, BUDGETS)
    budget = (settings.budget or BUDGETS[by]).checked()
    usual = targets.SCENARIOS[evidence][: 1 if by == "filter" else None]
    given = load_all(list(settings.scenarios or usual))
    chosen = targets.scenarios_of(evidence, given)
    folder = inputs.path("out", settings.out or folder_of(settings))
    study = Study(chosen, evidence, folder, settings, ledger="full")
    if by == "filter":
        if len(chosen) > 1 or settings.cluster is not None or settings.model is not None:
            raise BatchError("by filter takes one scenario, and neither cluster nor model.")
        until = ORIGIN if evidence == "prior" else min(RECORD[1], chosen[0].window.end)
        return calibrate_by_filter(study, until, budget, settings.seed)
    asked = targets.targets_of(evidence, chosen)
    steps = Steps(study, asked, budget, settings.seed, settings.keep)
    screened = _screen(steps, problem_of(chosen[0], evidence))
    problem = problem_of(chosen[0], evidence, names=list(screened))
    points, values, waves = _waves(steps, problem)
    accepted, threshold = _accept(steps, points, values)
    made = _made(steps, problem, threshold, waves)
    records = problem.records(accepted, evidence, is_paired=False, made=made)
    records.write(study.folder / f"{evidence}.json")
    before, after = _tested(steps, problem, accepted)
    marginals = marginals_of(problem, accepted)
    return Calibration(asked, records, screened, waves, before, after, marginals)


@dataclass(frozen=True)
class Steps:
    """Runs points step by step, and keeps what the targets make of them.

    Attributes:
        study: Scenarios, folder and means.
        asked: The targets.
        budget, seed: How much is computed, and the seed of points and luck.
        keep: Whether the batches stay.
    """

    study: Study
    asked: Targets
    budget: Budget
    seed: int
    keep: bool

    def measure(
        self, step: str, problem: Problem, points: np.ndarray, draws: int, seed: int
    ) -> Measured:
        """What the targets make of points, from the folder if it is there.

        All points of the screening meet the same luck, so that its effects are those of the
        parameters. Elsewhere each run has luck of its own: what is chosen on a few draws that all
        points share is chosen for these draws.

        Errors:
            BatchError if the folder holds another calibration.
        """
        records = problem.records(points, step, is_paired=step == SCREENING)
        folder, n_scenarios = self.study.folder, len(self.study.scenarios)
        path = folder / f"{step}.npz"
        identity = self._identity(records, draws, seed)
        stored = Measured.load(path, identity)
        if stored is not None:
            return stored
        if path.exists():
            raise BatchError(
                f"{path} belongs to another calibration (other scenarios, seed, budget, rules or "
                f"facts). Give another folder (--out), or delete {folder}."
            )
        if self.study.means.say is not None:
            n_runs = records.n * draws * n_scenarios
            self.study.means.say(
                f"{step}: {records.n} points x {draws} draws x {n_scenarios} scenarios "
                f"= {n_runs} runs"
            )
        found = self.run(step, records, draws, seed)
        found.save(path, identity)
        return found

    def _identity(self, records: Records, draws: int, seed: int) -> str:
        from camphandover import facts
        from camphandover.core.sources import code_digest

        what = [
            [one.digest() for one in self.study.scenarios], records.digest, draws, seed,
            facts.load().digest, code_digest(), targets.told(self.asked),
            [repr(pattern) for pattern, _ in self.asked.patterns],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(what, default=str).encode()).hexdigest()

    def run(self, step: str, records: Records, draws: int, seed: int) -> Measured:
        """What the targets make of records, whose runs go when they are measured."""
        import shutil

        batch = self.study.run(records, draws, seed, f"{step}-runs")
        names = [one.name for one in self.study.scenarios]
        found = targets.measured(batch, self.asked, names, records.n)
        if not self.keep:
            shutil.rmtree(batch.folder)
        return found


def _screen(steps: Steps, problem: Problem) -> dict[str, float]:
    """The factors that move the targets most, each with how far: see `importance`."""
    budget, seed = steps.budget, steps.seed
    points = morris_design(problem, budget.trajectories, seed)
    values = steps.measure(SCREENING, problem, points, budget.screening_draws, seed)
    moved = [
        morris_indices(problem, points, row, seed)["mu_star"].to_numpy()
        for row in responses(steps.asked, values)
    ]
    moves = importance(np.array(moved))
    order = np.argsort(-moves, kind="stable")[: budget.factors]
    return {problem.names[i]: float(moves[i]) for i in order}


def importance(moved: np.ndarray) -> np.ndarray:
    """How far each factor moves the targets beyond what half of the factors do by mere luck.

    Args:
        moved: Mean absolute effects, shape (target, factor).
    Returns:
        Root of the sum of squares over targets of what exceeds the target's median, (factor,).
    """
    beyond = np.maximum(moved - np.median(moved, axis=1, keepdims=True), 0.0)
    found: np.ndarray = np.sqrt((beyond**2).sum(axis=0))
    return found


def responses(asked: Targets, values: Measured) -> np.ndarray:
    """What surfaces are fitted to, shape (target, point): log odds of a pattern, distance of a
    claim."""
    odds = np.log((values.hits + 0.5) / (values.n - values.hits + 0.5))
    return np.concatenate([odds, targets.claim_distances(asked, values)])


def expected_fit(asked: Targets, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """`log_fit` as a surface expects it, with `FAVOUR` standard deviations in favour, (point,)."""
    n = asked.n_patterns
    odds = mean[:n] + FAVOUR * sd[:n]
    shares = -np.logaddexp(0.0, -odds)
    distance = np.maximum(np.abs(mean[n:]) - FAVOUR * sd[n:], 0.0)
    fit: np.ndarray = shares.sum(axis=0) - 0.5 * (distance**2).sum(axis=0)
    return fit


def _waves(steps: Steps, problem: Problem) -> tuple[np.ndarray, Measured, tuple[Wave, ...]]:
    """Points and what they gave, of the last wave, and how the waves went."""
    asked, budget, seed = steps.asked, steps.budget, steps.seed
    points = candidates(problem.n, budget.points[0], seed, 0)
    all_points: list[np.ndarray] = []
    all_values: list[Measured] = []
    waves: list[Wave] = []
    for number, (n, draws) in enumerate(zip(budget.points, budget.draws, strict=True)):
        if number:
            surface = emulator.Surface(
                np.concatenate(all_points), responses(asked, Measured.joined(all_values))
            )
            among = candidates(problem.n, CANDIDATES, seed, number)
            fit = expected_fit(asked, *surface(among))
            points = among[np.argsort(-fit, kind="stable")[:n]]
        all_points.append(points)
        all_values.append(steps.measure(f"wave-{number + 1}", problem, points, draws, seed))
        fit = targets.log_fit(asked, all_values[-1])
        told = responses(asked, Measured.joined(all_values))
        skill = emulator.skill(np.concatenate(all_points), told, seed)
        low, middle, high = (float(q) for q in np.quantile(fit, TOLD))
        by_name = dict(zip(asked.names, skill, strict=True))
        waves.append(Wave(n, draws, (low, middle, high), by_name))
    return points, all_values[-1], tuple(waves)


def _accept(steps: Steps, points: np.ndarray, values: Measured) -> tuple[np.ndarray, float]:
    """The points of the best fit, best first, and the fit of the last of them."""
    fit = targets.log_fit(steps.asked, values)
    order = np.argsort(-fit, kind="stable")[: steps.budget.accepted]
    return points[order], float(fit[order[-1]])


def _tested(steps: Steps, problem: Problem, accepted: np.ndarray) -> tuple[Measured, Measured]:
    """Best values and accepted records with luck that none of them was chosen by."""
    draws, seed = steps.budget.test_draws, steps.seed + 1
    after = steps.measure("test", problem, accepted, draws, seed)
    best = np.array([[_probability_of_best(known) for known in problem.ranges]])
    return steps.measure("test-of-best", problem, best, draws * len(accepted), seed), after


def _probability_of_best(known: tuple[float, float, float]) -> float:
    """Where in the distribution of a parameter its best value lies: the triangle's mode."""

    from camphandover.facts.registry import is_wide

    low, best, high = known
    if is_wide(low, high):
        low, best, high = math.log(low), math.log(best), math.log(high)
    return (best - low) / (high - low)


def _made(
    steps: Steps, problem: Problem, threshold: float, waves: Sequence[Wave]
) -> dict[str, Any]:
    """How a set was made: JSON values that its file keeps."""
    from camphandover import facts
    from camphandover.core.sources import code_digest

    budget = steps.budget
    return {
        "rule": (
            f"of the {budget.points[-1]} points of the last wave the {budget.accepted} with the "
            f"best fit were accepted: a fit of {threshold:.2f} or more"
        ),
        "fit": (
            "sum over patterns of ln((hits + 1/2) / (draws + 1)), and over claims of -z^2 / 2, z "
            "the distance of the model's mean of ln(1 + dead) from the record's in standard "
            f"deviations of a mean over as many raids, with a discrepancy of {targets.DISCREPANCY}"
        ),
        "threshold": round(threshold, 4),
        "targets": targets.told(steps.asked),
        "scenarios": {one.name: one.digest() for one in steps.study.scenarios},
        "seed": steps.seed,
        "budget": vars(budget),
        "waves": [[wave.n_points, wave.draws, [round(q, 3) for q in wave.fit]] for wave in waves],
        "uncertain": problem.names,
        "others": "the best values of the set",
        "core": code_digest(),
        "theatre": facts.load().digest,
    }
