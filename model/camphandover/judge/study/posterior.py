"""Calibration by the filter: parameter records as likely as the record makes them.

1. Points of all uncertain parameters; each has a filter of a few particles of its own, whose
   estimate of the evidence of the record is unbiased.
2. Points weighed by these estimates would be a sample of the posterior, but a filter of few
   particles is lucky by many nats now and then, and few points would be left. So a response
   surface smooths the log evidence over points; parameters that do not move it are left at
   their best values, and the next wave is drawn from the posterior that the surface tells.
3. The records are drawn from the posterior of the last surface. What is left of its luck and its
   error would count as knowledge; so the evidence is taken to the power that leaves as many
   effective points as records, if it is below 1 (a coarsened posterior).
4. Test: filters of fresh luck tell the evidence with the records and with the best values.

Source: Tran et al. 2013 (importance sampling by estimated likelihoods); Wilkinson 2014 and Drovandi
et al. 2018 (surfaces of them); Miller, Dunson 2019 (coarsening).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from camphandover import facts
from camphandover.batch.files import write_whole
from camphandover.batch.records import Records
from camphandover.core.sources import code_digest
from camphandover.errors import BatchError
from camphandover.judge.study import emulator
from camphandover.judge.study.settings import Budget
from camphandover.judge.study.study import Problem, Study, candidates, marginals_of, problem_of
from camphandover.known.evidence import (
    estimate,
    in_its_own_past,
    jackknife,
    looks_at,
    luck_of,
    pooled,
)
from camphandover.known.filter import effective_number
from camphandover.known.filter import weights_of as weights_by
from camphandover.scenario import Scenario
from camphandover.told import Told

CANDIDATES = 2**15
"""Points at which a surface is asked."""
CLIPPED = (0.1, 0.98)
"""Quantiles of the estimates to which those beyond are set: a surface is not to chase them."""
TEST = 2**16
"""Number of the first filter of the test: its luck is that of no wave."""


@dataclass(frozen=True)
class Drawn:
    """One wave of points.

    Attributes:
        n_points, particles: Its size.
        log_evidence: Quantiles 5, 50 and 95 % over its points.
        left: Effective number of its points, weighed by their own estimates.
        skill: Cross-validated R2 of the surface over all points so far.
    """

    n_points: int
    particles: int
    log_evidence: tuple[float, float, float]
    left: float
    skill: float


@dataclass(frozen=True)
class Posterior(Told):
    """Records drawn from the posterior of the parameters, and how they came about.

    Attributes:
        until: Last day of the record that was used.
        records: Their `made` tells the rule.
        screened: Parameters that stayed uncertain, with how far they move the log evidence.
        waves: The waves.
        power: To which the evidence was taken.
        left: Effective number of the points that the records were drawn from.
        before, after: Log evidence with the best values, and with the records, each with its
            standard error, by filters of luck that chose none of them.
        marginals: As of `Calibration`.
    """

    words = "camphandover.say.posterior"

    until: date
    records: Records
    screened: dict[str, float]
    waves: tuple[Drawn, ...]
    power: float
    left: float
    before: tuple[float, float]
    after: tuple[float, float]
    marginals: dict[str, dict[str, tuple[float, float, float]]]


def calibrate_by_filter(study: Study, until: date, budget: Budget, seed: int) -> Posterior:
    """Find parameter records by the evidence of the record, and write them to the study's folder.

    Args:
        study: Of one scenario.
        until: Last day of the record that may be used.
        budget: `points` of each wave, `draws` particles of each point's filter, `factors` that
            stay uncertain, `accepted` records, `test_draws` filters of the test.
        seed: Of points and luck.
    Errors:
        BatchError if the folder holds another calibration.
    """
    steps = Steps(study, in_its_own_past(study.scenarios[0], until), seed)
    problem = problem_of(study.scenarios[0], study.evidence)
    points = candidates(problem.n, budget.points[0], seed, 0)
    log = steps.weigh("wave-1", problem, points, budget.draws[0])
    screened = _screen(problem, points, log, budget.factors)
    waves = [_wave(points, log, budget.draws[0], 0.0)]
    problem, points = _narrowed(problem, points, screened)
    for number, (n, particles) in enumerate(zip(budget.points[1:], budget.draws[1:], strict=True)):
        surface = emulator.Surface(points, clipped(log)[None])
        wave, _, _ = _posterior(surface, problem, seed, number + 1, n)
        found = steps.weigh(f"wave-{number + 2}", problem, wave, particles)
        points, log = np.concatenate([points, wave]), np.concatenate([log, found])
        skill = float(emulator.skill(points, clipped(log)[None], seed)[0])
        waves.append(_wave(wave, found, particles, skill))
    surface = emulator.Surface(points, clipped(log)[None])
    accepted, power, left = _posterior(surface, problem, seed, len(waves), budget.accepted)
    made = _made(steps, problem, budget, power, left)
    records = problem.records(accepted, study.evidence, is_paired=False, made=made)
    records.write(study.folder / f"{study.evidence}.json")
    best, given = [dict[str, float]()] * records.n, [records.of(i) for i in range(records.n)]
    before, after = (steps.test(values, budget.test_draws) for values in (best, given))
    about = (tuple(waves), power, left, before, after, marginals_of(problem, accepted))
    return Posterior(until, records, screened, *about)


@dataclass(frozen=True)
class Steps:
    """Weighs points step by step, and keeps what the filters find.

    Attributes:
        study: Folder and means.
        scenario: What is weighed.
        seed: Of luck.
    """

    study: Study
    scenario: Scenario
    seed: int

    def weigh(self, step: str, problem: Problem, points: np.ndarray, particles: int) -> np.ndarray:
        """Log evidence of points, each by a filter of its own, shape (point,).

        Errors:
            BatchError if the folder holds another calibration.
        """
        path, identity = self.study.folder / f"{step}.npz", self._identity(points, particles)
        if path.exists():
            with np.load(path) as stored:
                if str(stored["identity"]) == identity:
                    return np.asarray(stored["log_evidence"])
            raise BatchError(
                f"{path} belongs to another calibration. Give another folder (--out), or delete "
                f"{self.study.folder}."
            )
        if self.study.means.say is not None:
            self.study.means.say(f"{step}: {len(points)} filters of {particles} particles")
        values = problem.values(points)
        rows = [dict(zip(problem.names, map(float, row), strict=True)) for row in values]
        number = int(step.removeprefix("wave-"))
        found = self._all([([row], particles, (number, i)) for i, row in enumerate(rows)])
        sink = io.BytesIO()
        np.savez_compressed(sink, identity=np.array(identity), log_evidence=found)
        write_whole(path, sink.getvalue())
        return found

    def test(self, values: Sequence[dict[str, float]], n: int) -> tuple[float, float]:
        """Log evidence of particles that take values in turn, two of each, by `n` filters."""
        logs = self._all([(values, 2 * len(values), (TEST, k)) for k in range(n)])
        return jackknife(pooled(logs[:, None]).sum(axis=1))

    def _all(self, tasks: Sequence[tuple[Sequence[dict[str, float]], int, Any]]) -> np.ndarray:
        """Log evidence of filters: values that their particles take, how many, whose luck."""
        register = facts.load().parameters
        best = {name: one.known(self.study.evidence)[1] for name, one in register.items()}
        looks, own = looks_at(self.scenario), self.scenario.parameters

        def one(task: tuple[Sequence[dict[str, float]], int, Any]) -> float:
            values, n, address = task
            rows = [{**best, **row, **own} for row in values]
            scenario = self.scenario.model_copy(update={"parameters": rows[0]})
            given = [rows[i % len(rows)] for i in range(n)] if len(rows) > 1 else None
            luck = luck_of(self.seed, *address)
            return estimate(scenario, looks, n, luck, given).log_evidence

        with ThreadPoolExecutor(self.study.means.workers or os.cpu_count() or 1) as pool:
            return np.array(list(pool.map(one, tasks)))

    def _identity(self, points: np.ndarray, particles: int) -> str:
        what = [self.scenario.digest(), particles, self.seed, facts.load().digest, code_digest()]
        rows = np.ascontiguousarray(points, "<f8").tobytes()
        return hashlib.sha256(json.dumps(what).encode() + rows).hexdigest()


def clipped(log: np.ndarray) -> np.ndarray:
    """Estimates of which the worst and the luckiest are set to the `CLIPPED` quantiles."""
    low, high = np.quantile(log, CLIPPED)
    return np.asarray(np.clip(log, low, high))


def weights_of(log: np.ndarray, least: float) -> tuple[np.ndarray, float]:
    """Weights by log evidence, and the power, at most 1, that leaves so many effective points.

    Args:
        log: Shape (point,).
        least: Effective number that is to be left, below the number of points.
    """

    def weights(power: float) -> np.ndarray:
        return weights_by(power * log)

    low, high = 0.0, 1.0
    if effective_number(weights(1.0)) >= least:
        return weights(1.0), 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if effective_number(weights(middle)) >= least else (low, middle)
    return weights(low), low


def _posterior(
    surface: emulator.Surface, problem: Problem, seed: int, number: int, n: int
) -> tuple[np.ndarray, float, float]:
    """Points drawn from the posterior that a surface tells, the power, and the effective number."""
    among = candidates(problem.n, CANDIDATES, seed, number)
    weights, power = weights_of(surface(among)[0][0], n)
    rng = np.random.default_rng([seed, TEST, number])
    at = (np.arange(n) + rng.random()) / n
    chosen = np.minimum(np.searchsorted(np.cumsum(weights), at), len(among) - 1)
    return among[rng.permutation(chosen)], power, effective_number(weights)


def _screen(problem: Problem, points: np.ndarray, log: np.ndarray, n: int) -> dict[str, float]:
    """The factors that move the log evidence most, each with how far: the standard deviation of
    its line and square in a ridge regression on those of all."""
    from sklearn.linear_model import BayesianRidge

    centred = points - 0.5
    columns = np.concatenate([centred, centred**2 - (centred**2).mean(axis=0)], axis=1)
    scale = columns.std(axis=0)
    model = BayesianRidge().fit(columns / scale, clipped(log))
    moves = np.hypot(*np.split(model.coef_, 2))
    order = np.argsort(-moves, kind="stable")[:n]
    return {problem.names[i]: float(moves[i]) for i in order}


def _narrowed(
    problem: Problem, points: np.ndarray, screened: dict[str, float]
) -> tuple[Problem, np.ndarray]:
    """The problem of some factors, and what points are in it."""
    chosen = [i for i, name in enumerate(problem.names) if name in screened]
    factors = tuple(problem.parameters[i] for i in chosen)
    return Problem(problem.evidence, factors), points[:, chosen]


def _wave(points: np.ndarray, log: np.ndarray, particles: int, skill: float) -> Drawn:
    low, middle, high = (float(q) for q in np.quantile(log, (0.05, 0.5, 0.95)))
    left = effective_number(weights_of(log, 0.0)[0])
    return Drawn(len(points), particles, (low, middle, high), left, skill)


def _made(
    steps: Steps, problem: Problem, budget: Budget, power: float, left: float
) -> dict[str, Any]:
    """How a set was made: JSON values that its file keeps."""
    until = steps.scenario.known.until
    return {
        "rule": (
            f"{budget.accepted} draws from the posterior of the parameters, given the record until "
            f"{until}, by a response surface of the log evidence that filters estimate; the "
            f"evidence to the power {power:.3f} leaves {left:.0f} effective points of {CANDIDATES}"
        ),
        "by": "filter",
        "until": str(until),
        "scenarios": {steps.scenario.name: steps.scenario.digest()},
        "seed": steps.seed,
        "budget": {
            name: getattr(budget, name) for name in ("factors", "points", "draws", "accepted")
        },
        "uncertain": problem.names,
        "others": "the best values of the set",
        "core": code_digest(),
        "theatre": facts.load().digest,
    }
