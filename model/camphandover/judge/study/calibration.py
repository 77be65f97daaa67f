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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover import inputs
from camphandover.batch.plan import MAX_SEED
from camphandover.batch.records import Records
from camphandover.errors import BatchError
from camphandover.inputs import choice, whole
from camphandover.judge.study import emulator, targets
from camphandover.judge.study.targets import Measured, Targets

if TYPE_CHECKING:
    from camphandover.batch.run import Progress
    from camphandover.judge.study.design import Problem
    from camphandover.scenario import Scenario

SCREENING = "screening"
"""Step that finds the parameters that matter."""
MOST_OF_STEP = 2**24
"""Points, or draws, of a step."""
CANDIDATES = 2**16
"""Points at which a surface is asked where the next wave shall be."""
FAVOUR = 1.0
"""Standard deviations of the surface that count in a candidate's favour."""
STREAM = 0xCA11
"""Keeps the choice of points apart from every other use of the seed."""


@dataclass(frozen=True)
class Budget:
    """How much is computed.

    Attributes:
        trajectories, screening_draws: Of the screening, and runs of each of its points.
        factors: Parameters that stay uncertain after it.
        points: Points of each wave, the last one's among them.
        draws: Runs of each of these points; as many entries as waves.
        accepted: Records that are accepted.
        test_draws: Runs of each accepted record in the test.
    """

    trajectories: int = 8
    screening_draws: int = 4
    factors: int = 30
    points: tuple[int, ...] = (1024, 512, 384, 384)
    draws: tuple[int, ...] = (6, 10, 12, 24)
    accepted: int = 100
    test_draws: int = 10

    def checked(self) -> Budget:
        """The same in Python's own whole numbers, held to what makes sense.

        Errors:
            BatchError that names the number.
        """
        if len(self.points) != len(self.draws) or len(self.points) == 0:
            raise BatchError(
                f"{len(self.points)} numbers of points and {len(self.draws)} of draws: one of "
                "each is needed for every wave."
            )
        points = tuple(whole("points", n, 1, MOST_OF_STEP) for n in self.points)
        return Budget(
            trajectories=whole("trajectories", self.trajectories, 2, 10_000),
            screening_draws=whole("screening_draws", self.screening_draws, 1, MOST_OF_STEP),
            factors=whole("factors", self.factors, 1, 1000),
            points=points,
            draws=tuple(whole("draws", n, 1, MOST_OF_STEP) for n in self.draws),
            accepted=whole("accepted", self.accepted, 1, points[-1]),
            test_draws=whole("test_draws", self.test_draws, 1, MOST_OF_STEP),
        )


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
class Calibration:
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

    targets: Targets
    records: Records
    screened: dict[str, float]
    waves: tuple[Wave, ...]
    before: Measured
    after: Measured
    marginals: dict[str, dict[str, tuple[float, float, float]]] = field(default_factory=dict)

    def __str__(self) -> str:
        """Tables of targets and parameters, with intervals."""
        from camphandover.say.calibration import text_of

        return text_of(self)


def calibrate(
    scenarios: Sequence[Any] | None = None,
    evidence: str = "hindcast",
    seed: int = 2023,
    out: str | Path | None = None,
    budget: Budget | None = None,
    *,
    workers: int | None = None,
    cluster: Any = None,
    model: Any = None,
    keep: bool = False,
    progress: Progress | bool | None = None,
    say: Callable[[str], None] | None = None,
) -> Calibration:
    """Find parameter records that retell the record, and write them to `<out>/<evidence>.json`.

    What is done is kept, step by step: the same call goes on where it was cut off.

    Args:
        scenarios: Those in which the targets are measured; by the set if not given. For `prior`
            they are cut at the forecast origin.
        evidence: The set: `prior`, which may know nothing after 17 September 2023, or `hindcast`.
        seed: Of points and luck.
        out: Folder; `runs/calibrate-<evidence>` if not given.
        budget: How much is computed.
        workers, cluster, model, progress, say: As of `camphandover.run`.
        keep: Whether the batches of the steps stay (about 50 kB a run).
    Errors:
        BatchError for faulty arguments, or if the folder holds another calibration.
    """
    from camphandover.batch.batch import load_all
    from camphandover.judge.study.design import problem_of

    emulator.check_extra()
    budget = (budget or Budget()).checked()
    seed = whole("seed", seed, 0, MAX_SEED)
    choice("evidence", evidence, targets.SCENARIOS)
    given = load_all(list(scenarios or targets.SCENARIOS[evidence]))
    chosen = targets.scenarios_of(evidence, given)
    folder = inputs.path("out", f"runs/calibrate-{evidence}" if out is None else out)
    asked = targets.targets_of(evidence, chosen)
    engine = _Engine(
        chosen, asked, seed, folder, keep, say or _nothing,
        {"workers": workers, "cluster": cluster, "model": model, "progress": progress},
    )  # fmt: skip
    screened = _screen(engine, problem_of(chosen[0], evidence), budget)
    problem = problem_of(chosen[0], evidence, names=list(screened))
    points, values, waves = _waves(engine, problem, budget)
    accepted, threshold = _accept(asked, points, values, budget)
    made = _made(engine, budget, problem, threshold, waves)
    records = _records(problem, accepted, evidence, made)
    records.write(folder / f"{evidence}.json")
    before, after = _tested(engine, problem, accepted, budget)
    return Calibration(
        asked, records, screened, waves, before, after, _marginals(problem, accepted)
    )


def _nothing(text: str) -> None:
    """Says nothing."""


@dataclass
class _Engine:
    """Runs points in all scenarios and keeps what the targets make of them."""

    scenarios: list[Scenario]
    asked: Targets
    seed: int
    folder: Path
    keep: bool
    say: Callable[[str], None]
    options: dict[str, Any]

    def measure(
        self, step: str, problem: Problem, points: np.ndarray, draws: int, seed: int
    ) -> Measured:
        """What the targets make of points, from the folder if it is there.

        All points of the screening meet the same luck, so that its effects are those of the
        parameters. Elsewhere each run has luck of its own: what is chosen on a few draws that all
        points share is chosen for these draws.
        """
        from camphandover.judge.study.design import records_of_points

        is_paired = step == SCREENING
        records = replace(records_of_points(problem, points, step), is_paired=is_paired)
        path = self.folder / f"{step}.npz"
        identity = self._identity(records, draws, seed)
        stored = Measured.load(path, identity)
        if stored is not None:
            return stored
        if path.exists():
            raise BatchError(
                f"{path} belongs to another calibration (other scenarios, seed, budget, rules or "
                f"facts). Give another folder (--out), or delete {self.folder}."
            )
        n_runs = records.n * draws * len(self.scenarios)
        self.say(f"{step}: {records.n} points x {draws} draws x {len(self.scenarios)} scenarios "
                 f"= {n_runs} runs")  # fmt: skip
        found = self._run(step, records, draws, seed)
        found.save(path, identity)
        return found

    def _identity(self, records: Records, draws: int, seed: int) -> str:
        from camphandover import facts
        from camphandover.batch.plan import code_digest

        what = [
            [one.digest() for one in self.scenarios], records.digest, draws, seed,
            facts.load().digest, code_digest(), targets.told(self.asked),
            [repr(pattern) for pattern, _ in self.asked.patterns],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(what, default=str).encode()).hexdigest()

    def _run(self, step: str, records: Records, draws: int, seed: int) -> Measured:
        import shutil

        from camphandover.batch.batch import run

        batch_folder = self.folder / f"{step}-runs"
        batch = run(
            self.scenarios, records.n * draws, seed, batch_folder, parameters=records,
            ledger="full", **self.options,
        )  # fmt: skip
        names = [one.name for one in self.scenarios]
        found = targets.measured(batch, self.asked, names, records.n)
        if not self.keep:
            shutil.rmtree(batch_folder)
        return found


def _screen(engine: _Engine, problem: Problem, budget: Budget) -> dict[str, float]:
    """The factors that move the targets most, each with how far: see `_importance`."""
    from camphandover.judge.study.design import morris_design
    from camphandover.judge.study.indices import morris_indices

    points = morris_design(problem, budget.trajectories, engine.seed)
    values = engine.measure(SCREENING, problem, points, budget.screening_draws, engine.seed)
    moved = [
        morris_indices(problem, points, row, engine.seed)["mu_star"].to_numpy()
        for row in responses(engine.asked, values)
    ]
    importance = _importance(np.array(moved))
    order = np.argsort(-importance, kind="stable")[: budget.factors]
    return {problem.names[i]: float(importance[i]) for i in order}


def _importance(moved: np.ndarray) -> np.ndarray:
    """How far each factor moves the targets beyond what half of the factors do by mere luck.

    Args:
        moved: Mean absolute effects, shape (target, factor).
    Returns:
        Root of the sum of squares over targets of what exceeds the target's median, (factor,).
    """
    beyond = np.maximum(moved - np.median(moved, axis=1, keepdims=True), 0.0)
    importance: np.ndarray = np.sqrt((beyond**2).sum(axis=0))
    return importance


def responses(asked: Targets, values: Measured) -> np.ndarray:
    """What surfaces are fitted to, shape (target, point): log odds of a pattern, distance of a
    claim."""
    odds = np.log((values.hits + 0.5) / (values.n - values.hits + 0.5))
    distances = [targets.claim_distance(claim, values, i) for i, claim in enumerate(asked.claims)]
    return np.concatenate([odds, np.array(distances).reshape(len(distances), values.n_points)])


def expected_fit(asked: Targets, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """`log_fit` as a surface expects it, with `FAVOUR` standard deviations in favour, (point,)."""
    n = asked.n_patterns
    odds = mean[:n] + FAVOUR * sd[:n]
    shares = -np.logaddexp(0.0, -odds)
    distance = np.maximum(np.abs(mean[n:]) - FAVOUR * sd[n:], 0.0)
    fit: np.ndarray = shares.sum(axis=0) - 0.5 * (distance**2).sum(axis=0)
    return fit


def _waves(
    engine: _Engine, problem: Problem, budget: Budget
) -> tuple[np.ndarray, Measured, tuple[Wave, ...]]:
    """Points and what they gave, of the last wave, and how the waves went."""
    generator = _points(problem.n, engine.seed)
    points = next(generator)(budget.points[0])
    all_points: list[np.ndarray] = []
    all_values: list[Measured] = []
    waves: list[Wave] = []
    for number, (n, draws) in enumerate(zip(budget.points, budget.draws, strict=True), start=1):
        if all_points:
            surface = emulator.Surface(
                np.concatenate(all_points), responses(engine.asked, Measured.joined(all_values))
            )
            candidates = next(generator)(CANDIDATES)
            fit = expected_fit(engine.asked, *surface(candidates))
            points = candidates[np.argsort(-fit, kind="stable")[:n]]
        values = engine.measure(f"wave-{number}", problem, points, draws, engine.seed)
        all_points.append(points)
        all_values.append(values)
        waves.append(_wave(engine, np.concatenate(all_points), all_values, n, draws))
    return points, values, tuple(waves)


def _points(dimensions: int, seed: int) -> Iterator[Callable[[int], np.ndarray]]:
    """Scrambled Sobol points of the unit cube, anew for each wave."""
    from scipy.stats import qmc

    number = 0
    while True:
        rng = np.random.default_rng([seed, STREAM, number])

        def draw(n: int, rng: np.random.Generator = rng) -> np.ndarray:
            engine = qmc.Sobol(dimensions, scramble=True, rng=rng)
            return np.asarray(engine.random_base2(max(0, (n - 1).bit_length())))[:n]

        yield draw
        number += 1


def _wave(
    engine: _Engine, points: np.ndarray, values: Sequence[Measured], n: int, draws: int
) -> Wave:
    fit = targets.log_fit(engine.asked, values[-1])
    told = emulator.skill(points, responses(engine.asked, Measured.joined(values)), engine.seed)
    low, middle, high = (float(q) for q in np.quantile(fit, [0.05, 0.5, 0.95]))
    return Wave(n, draws, (low, middle, high), dict(zip(engine.asked.names, told, strict=True)))


def _accept(
    asked: Targets, points: np.ndarray, values: Measured, budget: Budget
) -> tuple[np.ndarray, float]:
    """The points of the best fit, best first, and the fit of the last of them."""
    fit = targets.log_fit(asked, values)
    order = np.argsort(-fit, kind="stable")[: budget.accepted]
    return points[order], float(fit[order[-1]])


def _tested(
    engine: _Engine, problem: Problem, accepted: np.ndarray, budget: Budget
) -> tuple[Measured, Measured]:
    """Best values and accepted records with luck that none of them was chosen by."""
    seed = engine.seed + 1
    after = engine.measure("test", problem, accepted, budget.test_draws, seed)
    best = np.array([[_probability_of_best(p.known(problem.evidence)) for p in problem.parameters]])
    n = budget.test_draws * len(accepted)
    return engine.measure("test-of-best", problem, best, n, seed), after


def _probability_of_best(known: tuple[float, float, float]) -> float:
    """Where in the distribution of a parameter its best value lies: the triangle's mode."""
    import math

    from camphandover.facts.registry import is_wide

    low, best, high = known
    if is_wide(low, high):
        low, best, high = math.log(low), math.log(best), math.log(high)
    return (best - low) / (high - low)


def _records(problem: Problem, accepted: np.ndarray, evidence: str, made: Any) -> Records:
    from camphandover.judge.study.design import records_of_points

    paired = records_of_points(problem, accepted, evidence, made)
    return Records(evidence, evidence, paired.names, paired.values, False, made)


def _made(
    engine: _Engine, budget: Budget, problem: Problem, threshold: float, waves: Sequence[Wave]
) -> dict[str, Any]:
    """How a set was made: JSON values that its file keeps."""
    from camphandover import facts
    from camphandover.batch.plan import code_digest

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
        "targets": targets.told(engine.asked),
        "scenarios": {one.name: one.digest() for one in engine.scenarios},
        "seed": engine.seed,
        "budget": {name: getattr(budget, name) for name in Budget.__dataclass_fields__},
        "waves": [[wave.n_points, wave.draws, [round(q, 3) for q in wave.fit]] for wave in waves],
        "uncertain": problem.names,
        "others": "the best values of the set",
        "core": code_digest(),
        "theatre": facts.load().digest,
    }


def _marginals(
    problem: Problem, accepted: np.ndarray
) -> dict[str, dict[str, tuple[float, float, float]]]:
    from camphandover.batch.sampling import quantile

    levels = np.array([0.05, 0.5, 0.95])
    found = {}
    for i, parameter in enumerate(problem.parameters):
        known = parameter.known(problem.evidence)
        at = np.quantile(accepted[:, i], levels)
        found[parameter.name] = {
            "accepted": tuple(map(float, quantile(at, *known))),
            "range": tuple(map(float, quantile(levels, *known))),
            "probability": tuple(map(float, at)),
        }
    return found  # type: ignore[return-value]
