"""Forecasts from origins that roll through the record, scored by horizon beside plain baselines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from camphandover import facts, inputs
from camphandover.batch.batch import make_plan
from camphandover.batch.cubes import SLOTS
from camphandover.batch.names import check_known
from camphandover.batch.plan import Plan
from camphandover.batch.progress import shown
from camphandover.batch.settings import RunSettings, takes
from camphandover.errors import BatchError
from camphandover.facts import Change
from camphandover.judge.score import rules
from camphandover.judge.score.rolled import PLAIN, Ahead, Entries, Rolled, ahead
from camphandover.judge.score.score import ALL_DATES, BOTH, DATES
from camphandover.judge.score.scored import MODEL
from camphandover.judge.score.settings import HORIZONS, HindcastSettings
from camphandover.known.filter import Filter
from camphandover.known.news import LOOK_DAYS, looks_of
from camphandover.known.particles import Particles
from camphandover.known.record import Record, read_record
from camphandover.known.rolling import Fan, unweighed, weighed
from camphandover.libraries import pd
from camphandover.measure.intervals import Interval
from camphandover.scenario import Scenario
from camphandover.scenario.resolve import full_model
from camphandover.scenario.schema import LAST_DAY
from camphandover.told import Told

MOST_DAYS = 365
LINEAGE = timedelta(days=28)
"""How far back ancestors are counted."""
UNMET = ("what", "first", "last", "looks")
Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Hindcast(Told):
    """Scores of forecasts from rolling origins against a record.

    From each origin runs go on that were weighed by the record until that day, and nothing later
    is in them: neither the record nor the calendar nor claims; the parameters are of the set
    `evidence`, of which `prior` knows nothing after 17 September 2023.

    Forecasts: `model`, what the record would say of these runs (`known.rolling.retold`);
    `unconditioned`, the same of runs that were never weighed by it (UN exits until the origin are
    the record's in both); ` as it is` behind them: the holders of the runs themselves, whatever
    the record says on the origin; and the baselines, which start from it.

    `table`, a row for each `split` (as `ch.score` has them), `horizon`, `measure` and `forecast`:
    `horizon` is `7 d`, ..., so many days after the origin, `event dates` or `all dates`; `score`,
    the mean over slots and origins by the confidence of the record, `skill`, that of the model over
    the forecast of the row, both with 95 % intervals by resampling `blocks` (`n_blocks` regions, or
    places) and, crossed with them, runs of `length` of the `n_origins` origins; `n`, slots or
    events.

    Attributes:
        table: See above.
        reliability: Of the model, by split, horizon and bin of probability.
        places: Mean losses of each slot, by horizon and forecast, and its part of the model's.
        origins: By origin: effective number of particles, distinct ancestors 28 days before and on
            the first day, mean share of what the record says that a particle is as, log evidence
            so far, and the model's mean log loss by horizon.
        unmet: What the record says that no particle met: first and last day, looks.
        scenario, source, slot, seed, evidence: Of what, against which record, by which parameters.
        particles: How many.
        every: Days from one origin to the next.
        horizons: Days after them.
        until: Last day that is scored.
    """

    words = "camphandover.say.hindcast"

    table: pd.DataFrame
    reliability: pd.DataFrame
    places: pd.DataFrame
    origins: pd.DataFrame
    unmet: pd.DataFrame
    scenario: str
    source: str
    slot: str
    seed: int
    evidence: str
    particles: int
    every: int
    horizons: tuple[int, ...]
    until: date

    def select(self, **labels: str) -> pd.DataFrame:
        """Rows of the table, `select(split="kidal", horizon="14 d", measure="log")`.

        Errors:
            BatchError if a column or a label is not in the table.
        """
        table = self.table
        for column, label in labels.items():
            check_known("column", column, list(table))
            check_known(column, label, list(self.table[column].unique()))
            table = table[table[column] == label]
        return table


@dataclass(frozen=True)
class Course:
    """What is forecast from where.

    Attributes:
        record: What came true.
        origins: Ascending.
        horizons: Days after them, ascending.
        every: Days from one origin to the next.
    """

    record: Record
    origins: tuple[date, ...]
    horizons: tuple[int, ...]
    every: int

    @property
    def days(self) -> dict[date, int]:
        """By origin, for how many days it is scored: until the record ends, at most."""
        most = self.horizons[-1]
        return {day: min(most, (self.record.last - day).days) for day in self.origins}


@takes(HindcastSettings)
def hindcast(settings: HindcastSettings) -> Hindcast:
    """Score the model's forecasts from each of many origins against what came true.

    One pass of particles is weighed by the record as it goes, and from each origin as many runs
    go on as if nothing later were known. Beside it runs a pass that is never weighed.

    Args:
        scenario: A path, a name of the library, a dict of the file's form, or a resolved scenario;
            its settings hold all the time, but for its handover: exits of the UN until an origin
            are the record's, and then as the UN planned them in August 2023. To know when it
            really left is no forecast.
        every: Days from one origin to the next, a number or such as `7d`: whole weeks, since all
            places are looked at once a week.
        horizon: Days after each origin, 1 to 365; 7, 14, 30, 60 and 90 if not given. What is past
            the last day for all origins is left out.
        first: First origin.
        until: Last day that is scored, and until which `history` is complete; that of the record
            if not given.
        slot: `camp`, `town` or `both`.
        particles: How many runs.
        seed: Of all draws.
        workers: Threads; all cores if not given. They change no figure.
        history: A record of the form of control_history.csv; that of the package, which runs to
            31 December 2023, if not given.
        evidence: Set of parameters; `prior`, or that of `parameters`, if not given.
        parameters: Records of parameters, a file of them, or a set that comes with the package:
            particle i takes record i modulo their number.
        progress: As `ch.run` takes it.
    Errors:
        BatchError for values out of range, and if no origin is left; ScenarioError for a faulty
        scenario; TheatreError with all faults of `history`.
    Source: RULES, section 10; R10.1.
    """
    s = settings
    check_known("slot", s.slot, [*SLOTS, BOTH])
    evidence = "prior" if s.evidence is None and s.parameters is None else s.evidence
    plan = make_plan(
        RunSettings(s.scenario, s.particles, s.seed, evidence=evidence, parameters=s.parameters)
    )
    if len(plan.scenarios) > 1:
        raise BatchError(f"{len(plan.scenarios)} scenarios are given: one is needed.")
    course = _course(s, plan.scenarios[0])
    chosen, found, passed = _forecasts(course, plan, s)
    rolled = Rolled(course.record, found, course.every)
    return Hindcast(
        table=pd.DataFrame(_scores(rolled, course.horizons)),
        reliability=pd.DataFrame(_reliability(rolled, course.horizons)),
        places=pd.DataFrame(_places(rolled, course.horizons)),
        origins=pd.DataFrame(_origins(rolled, passed)),
        unmet=pd.DataFrame(_unmet(chosen), columns=UNMET),
        scenario=plan.names[0],
        source=course.record.source,
        slot=s.slot,
        seed=s.seed,
        evidence=plan.evidence,
        particles=s.particles,
        every=course.every,
        horizons=course.horizons,
        until=course.record.last,
    )


# --- what is forecast ----------------------------------------------------------------------


def _course(s: HindcastSettings, scenario: Scenario) -> Course:
    """The origins and horizons asked for.

    Errors:
        BatchError if they are none, or not of the record, the scenario or the model.
    """
    every = _every(s.every)
    asked = HORIZONS if s.horizon is None else s.horizon
    if isinstance(asked, str) or not isinstance(asked, Sequence) or not asked:
        raise BatchError(f"horizon is {inputs.shown(asked)}: some numbers of days are needed.")
    horizons = tuple(sorted({inputs.whole("horizon", one, 1, MOST_DAYS) for one in asked}))
    until = None if s.until is None else inputs.day("until", s.until)
    record = read_record(s.history, until)
    last = min(record.last, until or record.last, LAST_DAY)
    if until is not None and until > record.last:
        raise BatchError(
            f"until is {until}, but {record.source} ends on {record.last}: choose an earlier day, "
            "or give a record that goes on."
        )
    start = scenario.window.start
    first = inputs.day("first", s.first, start, LAST_DAY)
    n = (last - timedelta(days=horizons[0]) - first).days // every + 1
    if n < 1:
        raise BatchError(
            f"the first origin is {first}, and {horizons[0]} days after it nothing is scored any "
            f"more: the last day is {last}."
        )
    horizons = tuple(h for h in horizons if first + timedelta(days=h) <= last)
    origins = tuple(first + timedelta(days=every * i) for i in range(n))
    n_days = record.index(last) + 1
    arrays = {name: getattr(record, name)[..., :n_days] for name in ("holders", "weights")}
    return Course(replace(record, last=last, **arrays), origins, horizons, every)


def _every(value: int | str) -> int:
    """Days from one origin to the next: whole weeks.

    Errors:
        BatchError that says what is needed.
    """
    found = re.fullmatch(r"(\d{1,3})d?", str(value).strip(), re.ASCII)
    days = int(found[1]) if found else 0
    if days < 1 or days % LOOK_DAYS or days > MOST_DAYS or isinstance(value, bool):
        raise BatchError(
            f"every is {inputs.shown(value)}: whole weeks are needed, such as 7d or 14d, since all "
            "places are looked at once a week."
        )
    return days


def _known_until(plan: Plan, course: Course, changes: Sequence[Change]) -> Scenario:
    """The plan's scenario as the particles play it: exits are known until the last origin, and
    from a fan's origin on they are as planned, whatever the scenario knows of them."""
    scenario, planned = plan.scenarios[0], full_model()
    text = None if tuple(changes) == facts.load().history else facts.as_text(changes)
    known = {"until": course.origins[-1], "record": text, "own_past": True}
    update = {
        "camps": planned.camps,
        "mandate_end": planned.mandate_end,
        "known": scenario.known.model_copy(update=known),
        "window": scenario.window.model_copy(update={"end": course.record.last}),
    }
    return scenario.model_copy(update=update)


def _forecasts(
    course: Course, plan: Plan, s: HindcastSettings
) -> tuple[Filter, list[Ahead], list[dict[str, Any]]]:
    """The filter when it has passed all origins, the forecasts from each, and what it was there."""
    shipped = facts.load().history
    changes = shipped if s.history is None else facts.read_changes(Path(s.history).expanduser())
    scenario = _known_until(plan, course, changes)
    seen = looks_of(scenario, *course.origins)
    values = plan.parameters(0, 0, plan.runs) if plan.is_varied else None
    ours, plain = (Particles(scenario, plan.runs, plan.seed, values, s.workers) for _ in range(2))
    chosen, found, passed = Filter(ours, plan.seed), list[Ahead](), list[dict[str, Any]]()
    pairs = zip(
        weighed(chosen, ours, seen, course.days), unweighed(plain, seen, course.days), strict=True
    )
    with ours, plain, shown(s.progress) as tell:
        for one, other in pairs:
            fans = {MODEL: one, PLAIN: other}
            slots = SLOTS if s.slot == BOTH else (s.slot,)
            found.append(ahead(course.record, fans, course.horizons, slots))
            passed.append(_passed(chosen, one))
            tell(2 * plan.runs * len(found), 2 * plan.runs * len(course.origins))
    return chosen, found, passed


def in_days(horizon: int) -> str:
    """How a horizon is called in the tables: `7 d`."""
    return f"{horizon} d"


# --- rows of the tables ------------------------------------------------------------------


def _parts(
    rolled: Rolled, horizons: Sequence[int]
) -> Iterator[tuple[str, str, Entries, rules.Crossed]]:
    """Split, horizon, what is averaged there, and what of it is resampled together."""
    for horizon in horizons:
        entries = rolled.at(horizon)
        for split, mask in rolled.splits.items():
            own = entries.of(mask[entries.unit])
            if len(own.weights):
                yield split, in_days(horizon), own, rolled.blocks(own, horizon)


def _scores(rolled: Rolled, horizons: Sequence[int]) -> Rows:
    """Mean losses by group of places, horizon, measure and forecast, and the model's skill."""
    for split, horizon, entries, drawn in _parts(rolled, horizons):
        yield from _compared(split, horizon, entries, drawn)
    dated = rolled.of_dates()
    for split, mask in rolled.splits.items():
        for horizon, is_so in ((DATES, dated.happened), (ALL_DATES, dated.happened | True)):
            entries = dated.of(mask[dated.unit] & is_so)
            if len(entries.weights):
                yield from _compared(split, horizon, entries, rolled.blocks(entries, horizons[-1]))


def _compared(split: str, horizon: str, entries: Entries, drawn: rules.Crossed) -> Rows:
    """All forecasts by all measures, the model first."""
    for (name, measure), values in entries.losses.items():
        loss, models = values * entries.weights, entries.losses[MODEL, measure] * entries.weights
        mean = drawn.ratio(loss, entries.weights)
        skill = Interval(*[np.nan] * 3) if name == MODEL else drawn.skill(models, loss)
        yield {
            "split": split, "horizon": horizon, "measure": measure, "forecast": name,
            "score": mean.value, "low": mean.low, "high": mean.high,
            "skill": skill.value, "skill_low": skill.low, "skill_high": skill.high,
            "n": len(values), "n_origins": drawn.n_origins, "length": drawn.length,
            "blocks": drawn.kind, "n_blocks": drawn.n,
        }  # fmt: skip


def _reliability(rolled: Rolled, horizons: Sequence[int]) -> Rows:
    """How often what the model gave a probability came true, by five bins of the probability."""
    for split, horizon, entries, drawn in _parts(rolled, horizons):
        what = (entries.p[MODEL], entries.truth, entries.weights)
        bins = rules.reliability(*(one[:, None] for one in what))
        for i in range(rules.N_BINS):
            weight = bins.weight[:, i]
            came = drawn.ratio(bins.came[:, i], weight)
            yield {
                "split": split, "horizon": horizon,
                "bin_low": bins.edges[i], "bin_high": bins.edges[i + 1], "n": int(bins.n[i]),
                "p": float(bins.p[:, i].sum() / weight.sum()) if weight.sum() > 0 else np.nan,
                "came": came.value, "low": came.low, "high": came.high,
            }  # fmt: skip


def _places(rolled: Rolled, horizons: Sequence[int]) -> Rows:
    """Mean log losses of each slot by horizon and forecast, and its part of the model's."""
    for horizon in horizons:
        entries = rolled.at(horizon)
        n = len(rolled.units)
        weight = np.bincount(entries.unit, entries.weights, n)
        for name in rolled.names:
            loss = np.bincount(entries.unit, entries.losses[name, "log"] * entries.weights, n)
            for (place, slot), of_loss, of_weight in zip(rolled.units, loss, weight, strict=True):
                yield {
                    "horizon": in_days(horizon), "place": place, "slot": slot, "forecast": name,
                    "log": of_loss / of_weight if of_weight > 0 else np.nan,
                    "part_of_log": of_loss / loss.sum() if name == MODEL else np.nan,
                }  # fmt: skip


def _passed(chosen: Filter, made: Fan) -> dict[str, Any]:
    """What the filter is like on an origin."""
    before = chosen.ancestors(made.origin - LINEAGE)
    return {
        "origin": made.origin,
        "effective": chosen.effective,
        "ancestors": len(np.unique(before[made.parents])),
        "roots": len(np.unique(chosen.roots[made.parents])),
        "agreement": chosen.stages[-1].agreement,
        "log_evidence": chosen.log_evidence,
    }


def _origins(rolled: Rolled, passed: Sequence[dict[str, Any]]) -> Rows:
    """What the filter was like on each origin, and the model's log loss by horizon."""
    for one, row in zip(rolled.origins, passed, strict=True):
        for h, horizon in enumerate(one.horizons):
            weight = one.weights[:, h]
            loss = one.losses[MODEL][:, h, rules.MEASURES.index("log")]
            row |= {f"log_{horizon}": float((loss * weight).sum() / weight.sum())}
        yield row


def _unmet(chosen: Filter) -> Rows:
    """What the record says that no particle met, by when it was looked at."""
    unmet = [one for one in chosen.unmet if not one.n]
    for what in dict.fromkeys(one.what for one in unmet):
        days = [one.day for one in unmet if one.what == what]
        yield {"what": what, "first": days[0], "last": days[-1], "looks": len(days)}
