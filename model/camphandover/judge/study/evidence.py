"""Evidence: how likely the record is in each of some scenarios, or with each set of parameters.

Filters of a few hundred particles, each with luck of its own, estimate it (`known.evidence`). All
cases meet the same luck, filter by filter, so that their differences are taken in pairs.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from camphandover import facts, inputs
from camphandover.batch.batch import load_all, make_plan
from camphandover.batch.plan import Plan
from camphandover.batch.progress import shown
from camphandover.batch.records import Records, find_records
from camphandover.batch.settings import RunSettings, takes
from camphandover.errors import BatchError
from camphandover.facts.records import RECORD
from camphandover.judge.study.settings import EvidenceSettings
from camphandover.known.evidence import (
    Estimate,
    estimate,
    in_its_own_past,
    jackknife,
    looks_at,
    luck_of,
    pooled,
)
from camphandover.known.news import KINDS, Look
from camphandover.known.record import SHIPPED
from camphandover.libraries import pd
from camphandover.scenario import Scenario
from camphandover.told import Warned

ALL = "all"
"""Month, or kind of news, of a row that is of all of them."""
UNSURE = 1.0
"""Standard error, nats, above which an estimate is called unsure."""


@dataclass(frozen=True, eq=False)
class Evidence(Warned):
    """Log evidence of the record, in nats, for each case: a scenario with a set of parameters.

    `table`, a row for each `case`, the first of which the others are held against:

    - `log_evidence` with its standard error `se` (jackknife over the filters) and `low`, `high`,
      95 % by Student's t; `effective`: by how many filters the mean of the estimates is carried,
      1 / sum of squared shares; `needed`: particles a filter that would bring `se` to `UNSURE` at
      best, since the variance falls as 1 / particles.
    - `difference` from the first case, its log Bayes factor, in pairs of filters of the same luck,
      with `difference_se`, `difference_low`, `difference_high`; nan of the first.

    `news`, the same of each `month` and `kind` of news (`rows` of the record, `changes` of holder
    in runs of which it says nothing, `all`), given all news before: single months and kinds add
    up. `unmet`: what the record says, how often it is looked at, and the share of the filters and
    looks in which no particle was so.

    Attributes:
        table, news, unmet: See above.
        filters: Estimate of each filter, by `case` and `filter`.
        first, until: First and last day of the record that count.
        source: Which record.
        looks: How often it is looked at.
        n_particles, n_filters, seed: Of the filters.
    """

    words = "camphandover.say.evidence"

    table: pd.DataFrame
    news: pd.DataFrame
    unmet: pd.DataFrame
    filters: pd.DataFrame
    first: date
    until: date
    source: str
    looks: int
    n_particles: int
    n_filters: int
    seed: int


@dataclass(frozen=True, eq=False)
class Case:
    """What is weighed: a scenario of a plan, which says the parameters, and its looks."""

    name: str
    plan: Plan
    number: int
    scenario: Scenario
    looks: Sequence[Look]

    def estimate(self, k: int, n: int, seed: int) -> Estimate:
        """What filter `k` of `n` particles finds."""
        values = None
        if self.plan.is_varied:
            values = self.plan.parameters(self.number, k * n, (k + 1) * n)
        return estimate(self.scenario, self.looks, n, luck_of(seed, k), values)


@takes(EvidenceSettings)
def evidence(settings: EvidenceSettings) -> Evidence:
    """How likely the record is in each scenario, and with each set of parameters.

    A scenario holds with its own settings from the first day of its window; exits of the UN and
    rungs of escalation are those of the record in all of them.

    Args:
        scenarios: Paths, names, dicts or scenarios; the others are held against the first.
        until, first: Days of the record that count; news before `first` only lead to that day.
        particles, filters, seed, workers: Of the filters.
        history: A record of one's own, of the form of control_history.csv.
        claims: Whether captures of hours and what the sides said of the dead count, too.
        evidence: Set of parameters, `prior` or `hindcast`, whose best values are taken.
        parameters: Records of parameters, or some of them: each scenario is weighed with each.
        sample_parameters: Whether each particle draws its parameters.
        fixed: Parameters by name.
        progress: Called with the particles done and all of them.
    Errors:
        BatchError for faulty arguments, windows that do not begin together or end before `until`;
        TheatreError with all faults of `history`.
    Source: R10.1; Kass, Raftery 1995.
    """
    s = settings
    scenarios = load_all(s.scenarios or [])
    plans = dict(_plans(s, scenarios))
    record = None
    if s.history is not None and s.claims:
        raise BatchError("claims are those of the package's record: leave claims or history out.")
    if s.history is not None:
        record = facts.as_text(facts.read_changes(inputs.path("history", s.history)))
    first, until = _days(s, scenarios, record)
    cases = list(_cases(plans, first, until, record, s.claims))
    found = _estimates(cases, s)
    parts = np.array([[one.parts for one in of_case] for of_case in found])
    looks = [look for look in cases[0].looks if look.day >= first]
    names = [case.name for case in cases]
    counted = parts.shape[2] - len(looks)
    by_case = [pooled(one.reshape(len(one), -1)) for one in parts]
    shaped = np.array([one.reshape(len(one), -1, len(KINDS))[:, counted:] for one in by_case])
    return Evidence(
        table=_table(names, shaped, parts[:, :, counted:].sum(axis=(2, 3)), s.particles),
        news=pd.DataFrame(_news(names, shaped, looks)),
        unmet=_unmet(names, found, looks),
        filters=_filters(names, parts[:, :, counted:]),
        first=first,
        until=until,
        source=SHIPPED if s.history is None else str(s.history),
        looks=len(looks),
        n_particles=s.particles,
        n_filters=s.filters,
        seed=s.seed,
    )


def _plans(s: EvidenceSettings, scenarios: list[Scenario]) -> Iterator[tuple[str, Plan]]:
    """A plan for each source of parameters, by its name."""
    given = s.parameters
    sources = [given] if isinstance(given, (str, Path, Records)) else list(given or ())
    sets = [one if isinstance(one, Records) else find_records(one) for one in sources]
    shared = Counter(one.name for one in sets)
    asked = RunSettings(
        scenarios, s.particles * s.filters, s.seed, evidence=s.evidence,
        sample_parameters=s.sample_parameters, fixed=s.fixed,
    )  # fmt: skip
    if not sets:
        yield "", make_plan(asked)
    for i, (source, records) in enumerate(zip(sources, sets, strict=True), start=1):
        place = f"{records.name} ({i})" if isinstance(source, Records) else str(source)
        name = records.name if shared[records.name] == 1 else place
        yield name, make_plan(replace(asked, parameters=records))


def _days(s: EvidenceSettings, scenarios: list[Scenario], record: str | None) -> tuple[date, date]:
    """First and last day of the record that count.

    Errors:
        BatchError if the scenarios do not have them.
    """
    start, ends = scenarios[0].window.start, min(one.window.end for one in scenarios)
    for one in scenarios:
        if one.window.start != start:
            raise BatchError(
                f"{one.name} starts on {one.window.start} and {scenarios[0].name} on {start}: "
                "scenarios are held to the same days of the record."
            )
        if one.known.record is not None:
            raise BatchError(
                f"{one.name} has a record of its own: give it for all scenarios, with history "
                "(--history FILE), and leave it out there."
            )
    known = RECORD[1] if record is None else facts.changes_of(record)[-1].date
    last = ends if record is not None and s.until is not None else min(ends, known)
    until = last if s.until is None else inputs.day("until", s.until, start, last)
    return start if s.first is None else inputs.day("first", s.first, start, until), until


def _cases(
    plans: dict[str, Plan], first: date, until: date, record: str | None, claims: bool
) -> Iterator[Case]:
    for label, plan in plans.items():
        for number, one in enumerate(plan.scenarios):
            has_label = len(plans) > 1
            name = ", ".join([one.name] * (len(plan.scenarios) > 1 or not has_label)
                             + [label] * has_label)  # fmt: skip
            scenario = in_its_own_past(one, until, record, claims)
            yield Case(name, plan, number, scenario, looks_at(scenario, first))


def _estimates(cases: Sequence[Case], s: EvidenceSettings) -> list[list[Estimate]]:
    """What each filter of each case finds, on threads: a filter is one task."""
    tasks = [(case, k) for k in range(s.filters) for case in cases]
    workers = s.workers or os.cpu_count() or 1
    found: dict[str, list[Estimate]] = {case.name: [] for case in cases}
    with shown(s.progress) as tell, ThreadPoolExecutor(workers) as pool:
        tell(0, len(tasks) * s.particles)
        done = pool.map(lambda task: task[0].estimate(task[1], s.particles, s.seed), tasks)
        for i, ((case, _), one) in enumerate(zip(tasks, done, strict=True), start=1):
            found[case.name].append(one)
            tell(i * s.particles, len(tasks) * s.particles)
    return [found[case.name] for case in cases]


def _told(values: np.ndarray, name: str, prefix: str = "") -> dict[str, float]:
    """A value with its error and interval, as columns.

    Args:
        values: Of all filters, then without each, shape (filter + 1,).
    """
    from scipy.special import stdtrit

    value, se = jackknife(values)
    half = float(stdtrit(len(values) - 2, 0.975)) * se
    bounds = {f"{prefix}se": se, f"{prefix}low": value - half, f"{prefix}high": value + half}
    return {name: value, **bounds}


def _table(
    names: Sequence[str], shaped: np.ndarray, logs: np.ndarray, particles: int
) -> pd.DataFrame:
    """A row for each case.

    Args:
        shaped: As `pooled` gives them, shape (case, filter + 1, look, kind).
        logs: Log evidence by each filter, shape (case, filter).
        particles: Of each filter.
    """
    rows, totals = [], shaped.sum(axis=(2, 3))
    for i, (name, total) in enumerate(zip(names, totals, strict=True)):
        shares = np.exp(logs[i] - logs[i].max())
        own = _told(total, "log_evidence")
        about = {
            "effective": float(shares.sum() ** 2 / (shares**2).sum()),
            "needed": int(np.ceil(particles * max(1.0, own["se"] / UNSURE) ** 2)),
        }
        rows.append({"case": name, **own, **about, **_difference(total, totals[0], i == 0)})
    return pd.DataFrame(rows)


def _difference(values: np.ndarray, first: np.ndarray, is_first: bool) -> dict[str, float]:
    against = np.full(len(values), np.nan) if is_first else values - first
    return _told(against, "difference", "difference_")


def _news(
    names: Sequence[str], shaped: np.ndarray, looks: Sequence[Look]
) -> Iterator[dict[str, Any]]:
    """A row for each case, month and kind of news."""
    months = np.array([f"{look.day:%Y-%m}" for look in looks])
    for month in (*dict.fromkeys(months), ALL):
        in_month = shaped[:, :, (months == month) | (month == ALL)].sum(axis=2)
        for k, kind in enumerate((*KINDS, ALL)):
            values = in_month.sum(axis=2) if kind == ALL else in_month[..., k]
            for i, name in enumerate(names):
                row = {"case": name, "month": month, "kind": kind}
                own = _told(values[i], "log_evidence")
                yield {**row, **own, **_difference(values[i], values[0], i == 0)}


def _unmet(
    names: Sequence[str], found: Sequence[Sequence[Estimate]], looks: Sequence[Look]
) -> pd.DataFrame:
    """What no particle met, a row for each case and thing told, those of most looks first."""
    asked = Counter(str(one) for look in looks for one in look.told)
    rows = []
    for name, of_case in zip(names, found, strict=True):
        unmet = [one for each in of_case for one in each.unmet]
        days = [(one.what, one.day) for one in unmet if one.day >= looks[0].day]
        missed = Counter(what for what, _ in days)
        for what, n in missed.items():
            share = n / (len(of_case) * asked[what])
            begin = min(day for told, day in days if told == what)
            row = {"case": name, "what": what, "first": begin, "looks": asked[what]}
            rows.append({**row, "share": share})
    made = pd.DataFrame(rows, columns=["case", "what", "first", "looks", "share"])
    made["weight"] = made["share"] * made["looks"]
    order = {name: i for i, name in enumerate(names)}
    made["order"] = made["case"].map(order)
    made = made.sort_values(["order", "weight"], ascending=[True, False], kind="stable")
    return made.drop(columns=["weight", "order"]).reset_index(drop=True)


def _filters(names: Sequence[str], parts: np.ndarray) -> pd.DataFrame:
    """Estimate of each filter."""
    logs = parts.sum(axis=(2, 3))
    index = pd.MultiIndex.from_product([names, range(logs.shape[1])], names=["case", "filter"])
    return pd.DataFrame({"log_evidence": logs.ravel()}, index=index).reset_index()
