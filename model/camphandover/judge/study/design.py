"""Designs over the register of parameters: which factors vary, and at which points.

A point is a row of probabilities, one for each factor; its values are the quantiles of the
factors' distributions. All points meet the same draws, so that what differs between them is what
their parameters do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.batch.plan import MAX_SEED, Model
from camphandover.batch.records import EVIDENCE, Records
from camphandover.errors import BatchError
from camphandover.inputs import whole

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch
    from camphandover.batch.run import Progress, Say
    from camphandover.facts import Parameter
    from camphandover.scenario import Scenario

LEVELS = 4
"""Levels of a factor in trajectories. Source: Morris 1991; four are usual since Campolongo 2007."""
NO_EXTRA = 'Sensitivity analysis needs SALib: pip install "camphandover[analysis]".'
STREAM = 0x5E45
"""Keeps the choice of points apart from every other use of the seed."""


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

    def salib(self) -> dict[str, Any]:
        """The problem as SALib takes it: factors in the unit cube."""
        return {"num_vars": self.n, "names": self.names, "bounds": [[0.0, 1.0]] * self.n}


def check_extra() -> None:
    """Find out whether SALib is there.

    Errors:
        BatchError that tells how to install it.
    """
    from importlib.util import find_spec

    if find_spec("SALib") is None:
        raise BatchError(NO_EXTRA)


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
    from camphandover import facts

    if evidence not in EVIDENCE:
        raise BatchError(f"evidence is {evidence!r}: one of {', '.join(EVIDENCE)} is needed.")
    register = facts.load().parameters
    ranged = {
        name: parameter
        for name, parameter in register.items()
        if parameter.known(evidence)[0] < parameter.known(evidence)[2]
    }
    for name in names:
        _check_factor(name, register, ranged, scenario)
    wanted = set(names) | _of_groups(groups, register, ranged)
    if not names and not groups:
        wanted = set(ranged)
    factors = tuple(
        parameter
        for name, parameter in ranged.items()
        if name in wanted and name not in scenario.parameters
    )
    if not factors:
        raise BatchError(f"{scenario.name} fixes all the parameters asked for: nothing varies.")
    left_out = tuple(name for name in ranged if name in wanted & set(scenario.parameters))
    return Problem(evidence, factors, left_out)


def _check_factor(
    name: str,
    register: Mapping[str, Parameter],
    ranged: Mapping[str, Parameter],
    scenario: Scenario,
) -> None:
    """Refuse a parameter that cannot be varied, and say why."""
    from camphandover.errors import close_matches

    if name not in register:
        raise BatchError(f"There is no parameter {name!r}: {close_matches(name, list(ranged))}")
    if name not in ranged:
        raise BatchError(f"{name} has no range in which it could vary: leave it out.")
    if name in scenario.parameters:
        raise BatchError(
            f"{scenario.name} fixes {name} at {scenario.parameters[name]:g}: leave it out, or "
            "take a scenario that does not set it."
        )


def _of_groups(
    groups: Iterable[str], register: Mapping[str, Parameter], ranged: Mapping[str, Parameter]
) -> set[str]:
    """Names of the parameters with a range that belong to some rules or chapters."""
    from camphandover.batch.names import check_known

    rules = {parameter.rule for parameter in register.values()}
    known = sorted({rule.partition(".")[0] for rule in rules}) + sorted(rules)
    names: set[str] = set()
    for group in groups:
        check_known("rule", group, known)
        found = {n for n, p in ranged.items() if p.rule == group or p.rule.startswith(f"{group}.")}
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
    check_extra()
    trajectories = whole("trajectories", trajectories, 2, 2**31 - 1)
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
    Source: Saltelli et al. 2010, Variance based sensitivity analysis of model output.
    """
    check_extra()
    points = whole("points", points, 4, 2**24)
    if points & (points - 1):
        raise BatchError(f"points is {points}: a power of two is needed, such as {_power(points)}.")
    from SALib.sample import sobol

    seed = derived(seed)
    made = sobol.sample(problem.salib(), points, calc_second_order=False, seed=seed)
    return np.asarray(made, dtype=float)


def _power(number: int) -> int:
    return 1 << number.bit_length()


def derived(seed: int) -> int:
    """A seed of SALib's from one of ours, never 0, which SALib takes for none."""
    return int(np.random.SeedSequence([seed, STREAM]).generate_state(1)[0]) or 1


def records_of_points(
    problem: Problem, points: np.ndarray, name: str, made: Mapping[str, Any] | None = None
) -> Records:
    """The parameter records of points, which all meet the same draws.

    Args:
        problem: The factors.
        points: Probabilities, shape (point, factor).
        name: What the records are called.
        made: How they were made: JSON values by name.
    """
    from camphandover.batch.sampling import quantile

    columns = [
        quantile(points[:, i], *parameter.known(problem.evidence))
        for i, parameter in enumerate(problem.parameters)
    ]
    values = np.stack(columns, axis=1)
    return Records(name, problem.evidence, tuple(problem.names), values, True, dict(made or {}))


# --- runs --------------------------------------------------------------------------------


def run_points(
    scenario: Scenario,
    records: Records,
    draws: int,
    seed: int,
    out: str | Path,
    *,
    workers: int | None = None,
    cluster: Any = None,
    model: Model | None = None,
    progress: Progress | bool | None = None,
    say: Say | None = None,
) -> Batch:
    """Run all points with the same draws; what is stored already is not computed again.

    Args:
        scenario: Resolved.
        records: Of the points, paired.
        draws: Runs of each point; more of them add to a stored batch.
        seed: Of all draws.
        out: Folder of the batch; no ledger is kept.
        workers, cluster, model, progress, say: As of `camphandover.run`.
    Errors:
        BatchError if the folder holds something else.
    """
    from camphandover.batch.batch import run

    draws = whole("draws", draws, 1, 2**31 - 1)
    seed = whole("seed", seed, 0, MAX_SEED)
    return run(
        scenario, records.n * draws, seed, out, workers, progress, model,
        cluster=cluster, parameters=records, ledger="none", say=say,
    )  # fmt: skip


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
