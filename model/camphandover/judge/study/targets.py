"""What parameters are calibrated on: patterns, and claims of raids held against claims.

The set `prior` may know nothing after the forecast origin, so it is held to what of the patterns
had happened by then, in runs that end on that day. The set `hindcast` may use the whole record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from camphandover.batch.batch import Batch
from camphandover.errors import BatchError
from camphandover.facts.checks import ORIGIN, RECORD
from camphandover.judge.patterns.met import WHOLE, met, parts_set
from camphandover.libraries import pd
from camphandover.measure.claims_record import ClaimOnRecord, claim_values, claims_on_record
from camphandover.measure.patterns.data import FILE, Pattern, patterns
from camphandover.measure.patterns.runs import read_runs
from camphandover.measure.patterns.values import measure
from camphandover.scenario import Scenario

AT_ORIGIN = FILE.with_name("patterns_at_origin.yaml")
SCENARIOS = {"hindcast": ("full-model", "on-schedule"), "prior": ("on-schedule",)}
"""Scenarios in which the targets of a set are measured, if no others are given."""
DISCREPANCY = 0.3
"""Standard deviation, in ln of the dead, of what the model's claims may miss for good. Judgement:
a factor of 1.35, well below what the claims of two sides differ by."""


@dataclass(frozen=True)
class Targets:
    """What the runs of a parameter record are held to.

    Attributes:
        evidence: The set of parameters.
        until: Last date of the record that may be used.
        patterns: The patterns, each with the position of the scenario in which it is measured; one
            may be measured in several.
        claims: The claims on record, measured in the first scenario.
        scenarios: Names of the scenarios.
    """

    evidence: str
    until: date
    patterns: tuple[tuple[Pattern, int], ...]
    claims: tuple[ClaimOnRecord, ...]
    scenarios: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of all targets, patterns first; with the scenario if it is not the first."""
        named = [
            pattern.name + (f" in {self.scenarios[where]}" if where else "")
            for pattern, where in self.patterns
        ]
        return named + [claim.name for claim in self.claims]

    @property
    def n_patterns(self) -> int:
        """Number of patterns."""
        return len(self.patterns)


def scenarios_of(evidence: str, given: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios in which a set is calibrated; those of `prior` end on the forecast origin."""
    if evidence != "prior":
        return list(given)
    cut = []
    for one in given:
        if one.window.start >= ORIGIN:
            raise BatchError(f"{one.name} starts after {ORIGIN}, where the set prior has to end.")
        window = one.window.model_copy(update={"end": ORIGIN})
        cut.append(one.model_copy(update={"window": window, "name": f"{one.name}-to-{ORIGIN}"}))
    return cut


def targets_of(evidence: str, scenarios: Sequence[Scenario]) -> Targets:
    """The targets of a set of parameters.

    A pattern is measured in the first scenario whose window holds it, by the parts that it does not
    set; if it sets some, once more in the first of the others that leaves them open.

    Args:
        evidence: `prior` or `hindcast`.
        scenarios: As of `scenarios_of`.
    Errors:
        BatchError if no pattern can be measured.
    """
    definitions = patterns(AT_ORIGIN) if evidence == "prior" else patterns()
    until = ORIGIN if evidence == "prior" else RECORD[1]
    asked = []
    for pattern in definitions:
        asked += [(pattern, where) for where in _where(pattern, scenarios)]
    if not asked:
        names = ", ".join(one.name for one in scenarios)
        raise BatchError(f"no pattern lies within the windows of {names}: give longer ones.")
    claims = tuple(claims_on_record(until))
    return Targets(evidence, until, tuple(asked), claims, tuple(one.name for one in scenarios))


def _where(pattern: Pattern, scenarios: Sequence[Scenario]) -> list[int]:
    """Positions of the scenarios in which a pattern is measured."""
    from camphandover.measure.runs import Window

    holds = [
        i
        for i, one in enumerate(scenarios)
        if pattern.is_within(Window(one.window.start, one.window.end))
    ]
    if not holds:
        return []
    is_set = parts_set(scenarios[holds[0]], [pattern])
    opens = [i for i in holds[1:] if is_set - parts_set(scenarios[i], [pattern])]
    return [holds[0], *opens[:1]]


@dataclass(frozen=True, eq=False)
class Measured:
    """What the runs of some points give, target by target.

    Attributes:
        hits: Draws that meet each pattern, shape (pattern, point).
        n: Draws that count, same shape.
        claim_n: Raids with such a claim in all draws, shape (claim, point).
        claim_mean: Mean of ln(1 + dead) over them; nan without one.
        claim_sd: Its standard deviation over raids; nan without two.
    """

    hits: np.ndarray
    n: np.ndarray
    claim_n: np.ndarray
    claim_mean: np.ndarray
    claim_sd: np.ndarray

    @property
    def n_points(self) -> int:
        """Number of points."""
        return int(self.hits.shape[1])

    @cached_property
    def shares(self) -> np.ndarray:
        """Share of the draws that meet each pattern, shape (pattern, point)."""
        with np.errstate(invalid="ignore"):
            shares: np.ndarray = self.hits / self.n
        return shares

    @staticmethod
    def joined(parts: Sequence[Measured]) -> Measured:
        """Several sets of points as one."""
        fields = Measured.__dataclass_fields__
        return Measured(
            *(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in fields)
        )

    def save(self, path: Path, identity: str) -> None:
        """Write them with what decides them."""
        import io

        from camphandover.batch.files import write_whole

        fields = {name: getattr(self, name) for name in Measured.__dataclass_fields__}
        sink = io.BytesIO()
        np.savez_compressed(sink, identity=np.array(identity), **fields)
        write_whole(path, sink.getvalue())

    @staticmethod
    def load(path: Path, identity: str) -> Measured | None:
        """Read them; `None` if they are not there, or were decided by something else."""
        try:
            with np.load(path) as stored:
                if str(stored["identity"]) != identity:
                    return None
                return Measured(*(stored[name] for name in Measured.__dataclass_fields__))
        except (OSError, ValueError, KeyError):
            return None


def measured(batch: Batch, targets: Targets, scenarios: Sequence[str], n_points: int) -> Measured:
    """Hold the runs of a batch of given records to the targets.

    Args:
        batch: With the full ledger; replicate r is a run of point r % n_points.
        targets: What is asked.
        scenarios: Names in the batch, in the order that the targets know.
        n_points: Number of records.
    """
    hits = np.zeros((targets.n_patterns, n_points))
    n = np.zeros_like(hits)
    for position, name in enumerate(scenarios):
        rows = [i for i, (_, where) in enumerate(targets.patterns) if where == position]
        asked = [targets.patterns[i][0] for i in rows]
        if asked:
            answers = _answers(batch, name, asked)
            by_point = answers.reshape(len(rows), -1, n_points)
            hits[rows] = np.nansum(by_point, axis=1)
            n[rows] = np.isfinite(by_point).sum(axis=1)
    count, total, squares = _claim_sums(batch, targets, scenarios[0], n_points)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        sd = np.sqrt(np.maximum(squares / count - mean**2, 0.0) * count / (count - 1))
    return Measured(hits, n, count, mean, np.where(count > 1, sd, np.nan))


def _answers(batch: Batch, scenario: str, asked: Sequence[Pattern]) -> np.ndarray:
    """Which replicates meet which pattern, shape (pattern, replicate): 1, 0, or nan."""

    by_name = {pattern.name: pattern for pattern in asked}
    is_set = parts_set(batch.scenario(scenario), asked)
    parts = []
    for runs in read_runs(batch, scenario):
        index = pd.MultiIndex.from_product(
            [[scenario], range(runs.first, runs.first + runs.n)], names=["scenario", "replicate"]
        )
        values = pd.DataFrame(measure(runs, by_name), index=index)
        table = met(values, batch, scenario, asked, is_set).xs(WHOLE, axis="columns", level="part")
        parts.append(table.astype("Float64").to_numpy(dtype=float, na_value=np.nan).T)
    return np.concatenate(parts, axis=1)


def _claim_sums(batch: Batch, targets: Targets, scenario: str, n_points: int) -> np.ndarray:
    """Number, sum and sum of squares of the claims, shape (3, claim, point)."""
    if not targets.claims:
        return np.zeros((3, 0, n_points))
    table = claim_values(batch, scenario)
    names = [[f"{one.name}_{what}" for one in targets.claims] for what in ("n", "sum", "squares")]
    by_run = np.array([table[of].to_numpy(dtype=float).T for of in names])
    sums: np.ndarray = by_run.reshape(3, len(targets.claims), -1, n_points).sum(axis=2)
    return sums


def log_fit(targets: Targets, values: Measured) -> np.ndarray:
    """How well each point retells the record: the sum of its terms, 0 at best.

    A pattern gives ln of the share of draws that meets it, (hits + 1/2) / (draws + 1); a claim
    gives minus half the square of the distance between the record's mean and the model's, in
    standard deviations of a mean over as many raids as the record has, with the discrepancy.

    Returns:
        Shape (point,).
    """
    return terms(targets, values).sum(axis=0)


def terms(targets: Targets, values: Measured) -> np.ndarray:
    """The terms of `log_fit`, shape (target, point)."""
    shares = np.log((values.hits + 0.5) / (values.n + 1.0))
    return np.concatenate([shares, -0.5 * claim_distances(targets, values) ** 2])


def claim_distances(targets: Targets, values: Measured) -> np.ndarray:
    """Distances of all claims (see `claim_distance`), shape (claim, point)."""
    rows = [claim_distance(claim, values, i) for i, claim in enumerate(targets.claims)]
    return np.array(rows).reshape(len(rows), values.n_points)


def claim_distance(claim: ClaimOnRecord, values: Measured, i: int) -> np.ndarray:
    """Distance of the model's mean claim from the record's, in standard deviations, (point,).

    Points without such a claim are as far as the farthest.
    """
    sd = np.where(
        np.isfinite(values.claim_sd[i]), values.claim_sd[i], np.nanmean(values.claim_sd[i])
    )
    spread = np.sqrt(sd**2 / claim.n + DISCREPANCY**2)
    distance = (values.claim_mean[i] - claim.mean) / spread
    worst = np.nanmax(np.abs(distance)) if np.isfinite(distance).any() else math.inf
    return np.where(np.isfinite(distance), distance, worst)


def told(targets: Targets) -> dict[str, Any]:
    """The targets as JSON values, for the record of how a set was made."""
    claims: list[Mapping[str, Any]] = [
        {"name": c.name, "mean_ln_1_dead": round(c.mean, 4), "raids": c.n, "last": str(c.last)}
        for c in targets.claims
    ]
    return {
        "until": str(targets.until),
        "patterns": dict(
            zip(targets.names, [pattern.title for pattern, _ in targets.patterns], strict=False)
        ),
        "claims": claims,
    }
