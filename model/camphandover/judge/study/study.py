"""A study: what varies in some scenarios, at which points they are run, and the runs.

A point is a row of probabilities, one for each factor; its values are the quantiles of the
factors' distributions. Sensitivity, discovery and calibration differ in how they choose points
and in what they make of the runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from camphandover.batch.batch import Batch
from camphandover.batch.names import check_known
from camphandover.batch.progress import Progress
from camphandover.batch.records import EVIDENCE, Records
from camphandover.batch.settings import Means
from camphandover.errors import BatchError
from camphandover.facts import Parameter
from camphandover.inputs import whole
from camphandover.judge.study.settings import MOST_OF_STEP
from camphandover.scenario import Scenario

LEVELS = 4
"""Levels of a factor in trajectories. Source: Morris 1991; four are usual since Campolongo 2007."""
STREAM = 0x5E45
"""Keeps the choice of points apart from every other use of the seed."""
WAVES = 0xCA11
"""The same of the points of a calibration."""
TOLD = (0.05, 0.5, 0.95)
"""Quantiles that are told."""
TIMED = 6
"""Runs by which the time of a study is guessed."""
OVERHEAD = 1.25
"""Time of a stored run on several threads over its share of one thread's time (measured on two)."""


def check_extra(message: str, *modules: str) -> None:
    """Find out whether libraries of the extra `analysis` are there.

    Errors:
        BatchError with the message, which tells how to install them.
    """
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in modules):
        raise BatchError(message)


# --- what varies -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Problem:
    """The factors of an analysis.

    Attributes:
        evidence: Set of parameters whose ranges are meant, `prior` or `hindcast`.
        parameters: Parameters that have a range, in the order of the register.
        left_out: Parameters that have one but are fixed by the scenario.
    """

    evidence: str
    parameters: tuple[Parameter, ...]
    left_out: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the factors."""
        return [parameter.name for parameter in self.parameters]

    @property
    def n(self) -> int:
        """Number of factors, at least 1."""
        return len(self.parameters)

    @property
    def ranges(self) -> list[tuple[float, float, float]]:
        """Of each factor low, best and high."""
        return [parameter.known(self.evidence) for parameter in self.parameters]

    def salib(self) -> dict[str, Any]:
        """The problem as SALib takes it: factors in the unit cube."""
        return {"num_vars": self.n, "names": self.names, "bounds": [[0.0, 1.0]] * self.n}

    def values(self, points: np.ndarray) -> np.ndarray:
        """Values of the factors for probabilities, both of shape (point, factor)."""
        from camphandover.batch.sampling import quantile

        columns = [quantile(points[:, i], *known) for i, known in enumerate(self.ranges)]
        return np.stack(columns, axis=1)

    def records(
        self, points: np.ndarray, name: str, *, is_paired: bool = True, made: Any = None
    ) -> Records:
        """The parameter records of points.

        Args:
            points: Probabilities, shape (point, factor).
            name: What the records are called.
            is_paired: Whether all of them meet the same draws.
            made: How they were made: JSON values by name.
        """
        values = self.values(points)
        return Records(
            name=name, evidence=self.evidence, parameters=tuple(self.names), records=values,
            paired=is_paired, made=dict(made or {}),
        )  # fmt: skip


def ranged(evidence: str) -> dict[str, Parameter]:
    """The parameters that have a range in a set, by name.

    Errors:
        BatchError if there is no such set.
    """
    from camphandover import facts

    if evidence not in EVIDENCE:
        raise BatchError(f"evidence is {evidence!r}: one of {', '.join(EVIDENCE)} is needed.")
    register = facts.load().parameters.items()
    return {
        name: one
        for name, one in register
        if not one.is_of_record and one.known(evidence)[0] < one.known(evidence)[2]
    }


def problem_of(
    scenario: Scenario,
    evidence: str = "hindcast",
    names: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> Problem:
    """The uncertain parameters of a scenario.

    Args:
        scenario: What it fixes itself is no factor.
        evidence: Set of parameters, `prior` or `hindcast`.
        names: Parameters to vary; with `groups` empty too, all that have a range.
        groups: Rules whose parameters vary, too: `R1.5`, or a whole chapter, `R1`.
    Errors:
        BatchError for an unknown name, rule or evidence, and if no factor is left.
    """
    known = ranged(evidence)
    for name in names:
        _check_factor(name, known, scenario)
    wanted = set(names) | _of_groups(groups, known)
    if not names and not groups:
        wanted = set(known)
    chosen = {name: one for name, one in known.items() if name in wanted}
    factors = tuple(one for name, one in chosen.items() if name not in scenario.parameters)
    if not factors:
        raise BatchError(f"{scenario.name} fixes all the parameters asked for: nothing varies.")
    return Problem(evidence, factors, tuple(n for n in chosen if n in scenario.parameters))


def _check_factor(name: str, known: Mapping[str, Parameter], scenario: Scenario) -> None:
    """Refuse a parameter that cannot be varied, and say why."""
    from camphandover import facts
    from camphandover.errors import close_matches

    if name not in facts.load().parameters:
        raise BatchError(f"There is no parameter {name!r}: {close_matches(name, list(known))}")
    if name not in known:
        raise BatchError(f"{name} has no range in which it could vary: leave it out.")
    if name in scenario.parameters:
        raise BatchError(
            f"{scenario.name} fixes {name} at {scenario.parameters[name]:g}: leave it out, or "
            "take a scenario that does not set it."
        )


def _of_groups(groups: Iterable[str], known: Mapping[str, Parameter]) -> set[str]:
    """Names of the parameters with a range that belong to some rules or chapters."""
    from camphandover import facts

    rules = {parameter.rule for parameter in facts.load().parameters.values()}
    chapters = {rule.partition(".")[0] for rule in rules}
    names: set[str] = set()
    for group in groups:
        check_known("rule", group, [*sorted(chapters), *sorted(rules)])
        found = {n for n, p in known.items() if f"{p.rule}.".startswith(f"{group}.")}
        if not found:
            raise BatchError(f"no parameter of {group} has a range in which it could vary.")
        names |= found
    return names


# --- points ------------------------------------------------------------------------------


def morris_design(problem: Problem, trajectories: int, seed: int) -> np.ndarray:
    """Points of Morris' trajectories: each changes one factor after the other, in a random order.

    The four levels are the middles of the four quarters of a factor's distribution (12.5, 37.5,
    62.5 and 87.5 %): its least and greatest value, which have no probability of their own, are
    never taken. A larger design begins with the trajectories of a smaller one.

    Args:
        problem: The factors.
        trajectories: Number of trajectories, at least 2.
        seed: Decides the points.
    Returns:
        Probabilities, shape (trajectories * (factors + 1), factors), trajectory by trajectory.
    Source: Morris 1991, Factorial sampling plans for preliminary computational experiments.
    """
    from SALib.sample import morris

    grid = morris.sample(problem.salib(), trajectories, num_levels=LEVELS, seed=derived(seed))
    return (np.asarray(grid, dtype=float) * (LEVELS - 1) + 0.5) / LEVELS


def sobol_design(problem: Problem, points: int, seed: int) -> np.ndarray:
    """Points from which indices of first order and total indices can be told.

    Args:
        problem: The factors.
        points: Base points, a power of two of at least 4; a larger design begins with the points
            of a smaller one.
        seed: Decides the points.
    Returns:
        Probabilities, shape (points * (factors + 2), factors): for each base point A, then A with
        one factor of B, then B.
    Errors:
        BatchError if `points` is no power of two.
    Source: Saltelli et al. 2010, Variance based sensitivity analysis of model output.
    """
    points = whole("points", points, 4, MOST_OF_STEP)
    if points & (points - 1):
        right = 1 << points.bit_length()
        raise BatchError(f"points is {points}: a power of two is needed, such as {right}.")
    from SALib.sample import sobol

    seed = derived(seed)
    made = sobol.sample(problem.salib(), points, calc_second_order=False, seed=seed)
    return np.asarray(made, dtype=float)


def derived(seed: int) -> int:
    """A seed of SALib's from one of ours, never 0, which SALib takes for none."""
    return int(np.random.SeedSequence([seed, STREAM]).generate_state(1)[0]) or 1


def candidates(dimensions: int, n: int, seed: int, number: int) -> np.ndarray:
    """Scrambled Sobol points of the unit cube, other ones for each wave, shape (n, dimension)."""
    from scipy.stats import qmc

    rng = np.random.default_rng([seed, WAVES, number])
    engine = qmc.Sobol(dimensions, scramble=True, rng=rng)
    return np.asarray(engine.random_base2(max(0, (n - 1).bit_length())))[:n]


def marginals_of(
    problem: Problem, accepted: np.ndarray
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """By factor, quantiles over the accepted records, over the range, and their probabilities."""
    levels = np.tile(TOLD, (problem.n, 1)).T
    at = np.quantile(accepted, TOLD, axis=0)
    told = {"accepted": problem.values(at), "range": problem.values(levels), "probability": at}
    return {
        name: {key: (float(q[0, i]), float(q[1, i]), float(q[2, i])) for key, q in told.items()}
        for i, name in enumerate(problem.names)
    }


def by_point(values: np.ndarray, n_points: int) -> np.ndarray:
    """Values of replicates as those of points.

    Args:
        values: Shape (..., replicate), all draws of all points.
        n_points: Number of points.
    Returns:
        The same, shape (..., point, draw).
    """
    shaped = values.reshape(*values.shape[:-1], -1, n_points)
    return np.moveaxis(shaped, -1, -2)


# --- runs --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Study:
    """Where the runs of points land, and who computes them.

    Attributes:
        scenarios: Resolved; the points of records are run in all of them.
        evidence: Set of parameters that all others have the best values of.
        folder: Takes the batches; what is stored there is not computed again.
        means: Who computes, and what is told meanwhile.
        ledger: How much of it is kept.
    """

    scenarios: Sequence[Scenario]
    evidence: str
    folder: Path
    means: Means
    ledger: str = "none"

    def run(
        self, points: Records | Sequence[Scenario], draws: int, seed: int, step: str = ""
    ) -> Batch:
        """Run points, each as many times; more draws add to a stored batch.

        Args:
            points: Records of parameters, or a scenario for each point.
            draws: Runs of each point.
            seed: Of all draws.
            step: Folder of this batch within that of the study; the same if there is one only.
        Returns:
            The batch; replicate r of records is a run of point r % points.
        Errors:
            BatchError if the folder holds something else.
        """
        from camphandover.batch.batch import run

        records = points if isinstance(points, Records) else None
        scenarios, runs = (self.scenarios, records.n * draws) if records else (points, draws)
        means = {one.name: getattr(self.means, one.name) for one in fields(Means)}
        return run(
            scenarios, runs, seed, self.folder / step, parameters=records, evidence=self.evidence,
            ledger=self.ledger, **{**means, "progress": self._progress(points, seed)},
        )  # fmt: skip

    def _progress(self, points: Records | Sequence[Scenario], seed: int) -> Progress | bool | None:
        """The progress asked for, which first says how many runs there are and how long they
        take."""
        from camphandover.core import compiled

        say, progress = self.means.say, self.means.progress
        if say is None or not callable(progress):
            return progress
        told = False

        def tell(done: int, total: int) -> None:
            nonlocal told
            if not told and done < total:
                compiled.announce(say)
                seconds = (total - done) * self._seconds_a_run(points, seed)
                of = f", {done:,} of {total:,} are there" if done else ""
                say(f"{total - done:,} runs to make{of}: about {_duration(seconds)}.")
                told = True
            progress(done, total)

        return tell

    def _seconds_a_run(self, points: Records | Sequence[Scenario], seed: int) -> float:
        """Time of a run that takes other parameters than the last, from a few of them."""
        from camphandover.batch.plan import northern_mali
        from camphandover.batch.replicates import Replicates
        from camphandover.scenario.schema import KnownForm

        model, whole = self.means.model or northern_mali, {"known": KnownForm()}
        plays = Replicates(model, self.scenarios[0].model_copy(update=whole), seed)

        def play(row: int) -> None:
            if isinstance(points, Records):
                plays.run(0, {**points.of(row), **self.scenarios[0].parameters})
            else:
                point = points[row % len(points)].model_copy(update=whole)
                Replicates(model, point, seed).run(0)

        play(0)
        began = time.perf_counter()
        for row in range(TIMED):
            play(row)
        one = (time.perf_counter() - began) / TIMED
        return one * OVERHEAD / (self.means.workers or os.cpu_count() or 1)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{round(minutes)} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
