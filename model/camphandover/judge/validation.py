"""What holds the model to the record on the page of validation: figures and verdicts, no words.

The page asks two scenarios with two sets of parameters, and variants without one mechanism each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from camphandover import facts
from camphandover.batch.batch import Batch, open_batch
from camphandover.batch.cubes import SLOTS
from camphandover.errors import BatchError
from camphandover.facts import Change
from camphandover.facts.checks import RECORD
from camphandover.facts.holders import slot_objects
from camphandover.judge.aims import HALF, PatternCount, pattern_count
from camphandover.judge.patterns.met import WHOLE
from camphandover.judge.patterns.patterns import Patterns, patterns
from camphandover.judge.score.baselines import TITLES
from camphandover.judge.score.rules import N_BINS
from camphandover.judge.score.score import HORIZONS, PATH, About, Score, score
from camphandover.judge.score.scored import MODEL
from camphandover.known.record import WEIGHTS, read_record
from camphandover.libraries import pd
from camphandover.measure.claims_record import CLAIMS, ClaimOnRecord, claim_values, claims_on_record
from camphandover.measure.intervals import LEVEL, Interval, mean_interval, share_interval
from camphandover.measure.notation import interval_of
from camphandover.measure.patterns.data import Pattern
from camphandover.measure.shares import control_shares

FORECAST = "on-schedule"
"""The scenario that is a forecast: the runs are told no day of an exit but that of the plan."""
GIVEN = "full-model"
"""The scenario that is given the days on which the UN really left, and the base of the variants."""
SCENARIOS = (FORECAST, GIVEN)
SETS = ("hindcast", "prior")
SPLITS = ("all", "changed", "kidal")
"""The groups of places in the order of the page."""
RAID_DAYS = 3
"""Days within which a change that is undone counts as a raid. Judgement: those of the record are
undone on the next day."""
TAKERS = ("separatists", "gsim")
PART_OF_LOSS = 0.03
"""Part of the model's log loss from which on a place is listed."""
SHOWN = 0.02
"""Chance from which on a holder of the model is named."""

Row = dict[str, Any]
NO_INTERVAL = Interval(math.nan, math.nan, math.nan)


# --- the runs ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of one set of parameters, `FORECAST` and `GIVEN`.

    Attributes:
        name: `hindcast` or `prior`.
        batch: Where they are.
        score: Held to the record, days by its confidence.
        unweighted: The same with all days alike; of `FORECAST` only.
        patterns: Held to P1-P14.
    """

    name: str
    batch: Batch
    score: Score
    unweighted: Score
    patterns: Patterns

    def about(self, scenario: str) -> About:
        """What was scored of a scenario."""
        return next(one for one in self.score.about if one.scenario == scenario)


@dataclass(frozen=True, eq=False)
class Sources:
    """All runs of the page.

    Attributes:
        hindcast, prior: Of the two sets of parameters.
        variants: Runs of `GIVEN` without one mechanism each, if there are any.
        needs: Their patterns beside those of `GIVEN`.
    """

    hindcast: Runs
    prior: Runs
    variants: Batch | None
    needs: Patterns | None

    @property
    def sets(self) -> tuple[Runs, Runs]:
        """Both sets."""
        return self.hindcast, self.prior

    @property
    def columns(self) -> list[tuple[Runs, str]]:
        """Both sets with both scenarios."""
        return [(runs, scenario) for runs in self.sets for scenario in SCENARIOS]

    @property
    def batches(self) -> dict[str, Batch]:
        """All batches by what they are to the page."""
        both = {runs.name: runs.batch for runs in self.sets}
        return both if self.variants is None else both | {"variants": self.variants}


def sources(
    hindcast: Batch | str | Path,
    prior: Batch | str | Path,
    variants: Batch | str | Path | None = None,
) -> Sources:
    """Open the batches and refuse those of which the page cannot be made.

    Errors:
        BatchError if a batch is of another set, of other code or facts than the others, without
        its full ledger, or without a scenario that the page needs.
    """
    opened = [
        one if isinstance(one, Batch) else open_batch(one)
        for one in (hindcast, prior, variants)
        if one is not None
    ]
    for batch, name in zip(opened, SETS, strict=False):
        _check_set(batch, name)
    if variants is not None:
        _check_variants(opened[2])
    for batch in opened:
        if batch.ledger != "full":
            raise BatchError(
                f"{batch.folder} was run with --ledger {batch.ledger}: patterns and claims need "
                "the full ledger. Run it into another folder with --ledger full."
            )
        for what in ("core", "theatre", "model"):
            if batch.manifest[what] != opened[0].manifest[what]:
                raise BatchError(
                    f"{batch.folder} was run with other rules or facts than {opened[0].folder}: "
                    "run both anew with one version."
                )
    both = []
    for batch, name in zip(opened, SETS, strict=False):
        scored = score(batch, scenario=SCENARIOS)
        if any(one.n_given for one in scored.about if one.scenario == FORECAST):
            raise BatchError(
                f"{batch.folder}: {FORECAST} gives the dates of exits, so it is no forecast. "
                f"Run the {FORECAST} of the library."
            )
        alike = score(batch, scenario=FORECAST, confidence=False)
        both.append(Runs(name, batch, scored, alike, patterns(batch, list(SCENARIOS))))
    third = None if variants is None else opened[2]
    needs = None if third is None else patterns(third, against=GIVEN)
    return Sources(both[0], both[1], third, needs)


def _check_set(batch: Batch, name: str) -> None:
    evidence = batch.manifest["evidence"]
    if evidence != name:
        raise BatchError(
            f"{batch.folder} was run with the set {evidence}, but --{name} needs one of the set "
            f"{name}: `camphandover run {GIVEN} {FORECAST} --parameters {name}` makes it."
        )
    for scenario in SCENARIOS:
        if scenario not in batch.scenarios:
            raise BatchError(
                f"{batch.folder} holds no scenario {scenario}; it holds "
                f"{', '.join(batch.scenarios)}. Both {GIVEN} and {FORECAST} are needed."
            )


def _check_variants(batch: Batch) -> None:
    if GIVEN not in batch.scenarios or len(batch.scenarios) == 1:
        raise BatchError(
            f"{batch.folder} holds {', '.join(batch.scenarios)}: variants need {GIVEN} and at "
            "least one scenario that lacks something of it."
        )


def is_of_library(batch: Batch) -> bool:
    """Whether the scenarios, as they were run, are those of the library with nothing set anew."""
    from camphandover.batch.batch import make_plan
    from camphandover.batch.settings import RunSettings
    from camphandover.errors import ScenarioError

    manifest = batch.manifest
    is_varied = manifest["sampled"] or manifest["records"] is not None
    try:
        plan = make_plan(RunSettings(
            batch.scenarios, batch.runs, batch.seed, model=manifest["model"],
            evidence=manifest["evidence"], sample_parameters=is_varied,
        ))  # fmt: skip
    except (BatchError, ScenarioError):
        return False
    ran = {entry["name"]: entry["digest"] for entry in manifest["scenarios"]}
    return {one.name: one.digest() for one in plan.scenarios} == ran


def is_current(batch: Batch) -> bool:
    """Whether rules and facts are still those with which a batch was run."""
    from camphandover.core.sources import code_digest

    ours = (code_digest(), facts.load().digest)
    return ours == (batch.manifest["core"], batch.manifest["theatre"])


# --- scores ------------------------------------------------------------------------------


def by(table: pd.DataFrame, *labels: str, value: str) -> dict[tuple[str, ...], Row]:
    """The rows of a table by their labels; a value with its bounds is an interval."""
    return {
        tuple(one[label] for label in labels): one | {value: interval_of(one, value)}
        for one in table.to_dict("records")
    }


@lru_cache(maxsize=8)
def rows(score: Score) -> Mapping[tuple[str, ...], Row]:
    """The table of scores; `score` and `skill` are intervals."""
    labels = ("scenario", "split", "forecast", "horizon", "measure")
    found = by(score.table, *labels, value="score")
    skill = ("skill", "skill_low", "skill_high")
    return {key: one | {"skill": interval_of(one, *skill)} for key, one in found.items()}


def row(
    score: Score,
    scenario: str,
    split: str,
    forecast: str = MODEL,
    horizon: str = PATH,
    measure: str = "log",
) -> Row | None:
    """One row of the table of scores; None if nothing like it was scored."""
    return rows(score).get((scenario, split, forecast, horizon, measure))


def skills(
    score: Score, scenario: str, split: str = "kidal", horizon: str = PATH
) -> dict[str, Interval]:
    """The model's skill over each baseline, log score."""
    return {name: rows(score)[scenario, split, name, horizon, "log"]["skill"] for name in TITLES}


def least_sure(found: Mapping[str, Interval]) -> str:
    """The baseline over which a skill is least: by its lower bound, or its value if there is
    none."""
    return min(found, key=lambda n: found[n].value if math.isnan(found[n].low) else found[n].low)


def splits(score: Score, scenario: str) -> list[str]:
    """The groups of places that were scored."""
    return [split for split in SPLITS if row(score, scenario, split)]


def horizons(score: Score, scenario: str) -> list[str]:
    """The single days that were scored."""
    days = [f"{h} d" for h in HORIZONS]
    return [day for day in days if row(score, scenario, "all", horizon=day)]


def beaten(sets: Iterable[Runs]) -> list[Row]:
    """Where a baseline has the better log score than the model in `FORECAST`: `runs`, `split`,
    `horizon`, and the `skills` below 0 by baseline."""
    found = []
    for runs in sets:
        for split in splits(runs.score, FORECAST):
            for horizon in (PATH, *horizons(runs.score, FORECAST)):
                skill = skills(runs.score, FORECAST, split, horizon).items()
                if worse := {name: one for name, one in skill if one.value < 0}:
                    found.append(
                        {"runs": runs, "split": split, "horizon": horizon, "skills": worse}
                    )
    return found


# --- the record, places and dates --------------------------------------------------------


def record_row(place: str, slot: str, when: date) -> Change:
    """The row of the record that tells who holds a slot on a day."""
    history = facts.load().history
    told_by = slot_objects(history)[place][SLOTS.index(slot)]
    return [c for c in history if c.place == place and c.object == told_by and c.date <= when][-1]


def turns(score: Score, scenario: str) -> list[Row]:
    """The changes of holder in the record, in the order of their dates.

    Each has, beside the columns of `Score.turns`, its `confidence` and its `kind`: `exit` of the
    UN, `raid` on the army, `undone` again within `RAID_DAYS`, or `other`.
    """
    table = score.turns[score.turns["scenario"] == scenario]
    ordered = table.sort_values(["date", "place", "after"], kind="stable")
    found: list[Row] = ordered.to_dict("records")
    for one in found:
        one["kind"] = "exit" if one["before"] == "minusma" else "other"
        one["confidence"] = record_row(one["place"], one["slot"], one["date"].date()).confidence
    for raid in found:
        for one in found if raid["before"] == "army" and raid["after"] in TAKERS else ():
            same = (one["place"], one["slot"], "army") == (
                raid["place"],
                raid["slot"],
                one["after"],
            )
            if same and 0 < (one["date"] - raid["date"]).days <= RAID_DAYS:
                raid["kind"], one["kind"] = "raid", "undone"
                break
    return found


def confidence_shares(score: Score, scenario: str) -> dict[str, float]:
    """Of the place-days scored, the share that rests on rows of each confidence."""
    window = next(one.window for one in score.about if one.scenario == scenario)
    scored = score.places.query("scenario == @scenario and forecast == @MODEL")
    record = read_record()
    inside = slice(record.index(window.first), record.index(window.last) + 1)
    where = [record.places.index(name) for name in scored["place"]]
    weights = record.weights[where, [SLOTS.index(slot) for slot in scored["slot"]], inside]
    return {name: float(np.isclose(weights, weight).mean()) for name, weight in WEIGHTS.items()}


def places(sets: Iterable[Runs]) -> list[Row]:
    """The places from which most of the model's log loss comes, the worst first.

    Each has the columns of `Score.places` of the case in which it is worst, that case's `runs`,
    all `cases`, the `change` of the record that told the truth on the last day on which the model
    gave that less than one half, and the `holders` whom it gave more than `SHOWN` on that day.
    """
    found: dict[str, list[Row]] = {}
    for runs in sets:
        for one in runs.score.places.query("forecast == @MODEL").to_dict("records"):
            if one["part_of_log"] >= PART_OF_LOSS and one["days_wrong"]:
                found.setdefault(one["place"], []).append({"runs": runs, **one})
    worst = [_worst(cases) for cases in found.values()]
    return sorted(worst, key=lambda one: -one["part_of_log"])


def _worst(cases: Sequence[Row]) -> Row:
    top = max(cases, key=lambda one: one["part_of_log"])
    day = top["wrong_to"].date()
    control = top["runs"].batch.control.sel(scenario=top["scenario"], date=[day.isoformat()])
    shares = control_shares(control.sel(place=[top["place"]], slot=[top["slot"]])).squeeze()
    table = shares.to_dataframe().query("share >= @SHOWN")
    table = table.sort_values("share", ascending=False, kind="stable")
    holders = {str(name): interval_of(one, "share") for name, one in table.iterrows()}
    change = record_row(top["place"], top["slot"], day)
    return top | {"cases": cases, "change": change, "holders": holders}


def events(runs: Runs, scenario: str) -> list[Row]:
    """The events of the record whose dates the scenario does not give, beside the model's dates.

    The columns of `Score.dates`, in how many runs it `ever` happens, and whether the record's date
    lies `inside` the 90 % interval; never is late.
    """

    n = runs.about(scenario).n
    table = runs.score.dates
    table = table[(table["scenario"] == scenario) & table["record"].notna() & ~table["given"]]
    found: list[Row] = table.to_dict("records")
    for one in found:
        high = one["high_90"]
        is_late = not pd.isna(high) and one["record"] > high
        one["ever"] = share_interval(round(one["p_happens"] * n), n)
        one["inside"] = one["low_90"] <= one["record"] and not is_late  # never before what is NaT
    return found


def dates(found: Sources) -> dict[str, list[Row]]:
    """The events whose dates are outside the model's 90 % interval, by name, with their `runs`."""
    outside: dict[str, list[Row]] = {}
    for runs, scenario in found.columns:
        for one in events(runs, scenario):
            if not one["inside"]:
                name = f"{one['place']} {one['event']}"
                outside.setdefault(name, []).append({"runs": runs, **one})
    return outside


def ranks(runs: Runs) -> list[Row]:
    """Number `n` and `share` of the dates of `FORECAST` that happened by where in the model's
    distribution they lie (PIT), in `N_BINS` bins.

    Who gets a camp on the day on which the UN leaves it is the same event once more.
    """
    once = {(e["place"], e["slot"], e["record"]): e["pit"] for e in events(runs, FORECAST)[::-1]}
    bins = np.clip((np.array([*once.values()]) * N_BINS).astype(int), 0, N_BINS - 1)
    counts = np.bincount(bins, minlength=N_BINS).tolist()
    return [{"n": n, "share": share_interval(n, len(bins))} for n in counts]


def bins(score: Score, scenario: str, *groups: str) -> list[Row]:
    """The bins of chances of some groups of places; how often they `came` is an interval."""
    table = score.reliability[(score.reliability["scenario"] == scenario)]
    return [
        one | {"came": interval_of(one, "came")}
        for split in groups
        for one in table[(table["split"] == split) & (table["n"] > 0)].to_dict("records")
    ]


# --- patterns ----------------------------------------------------------------------------


@lru_cache(maxsize=8)
def shares(found: Patterns, scenario: str) -> Mapping[tuple[str, ...], Row]:
    """The shares of runs of a scenario by pattern and part; `share` is an interval."""
    table = found.shares[found.shares["scenario"] == scenario]
    return by(table, "pattern", "part", value="share")


def count(found: Patterns, scenario: str) -> PatternCount:
    """How many patterns at least half of the runs of a scenario meet."""
    own = shares(found, scenario)
    return pattern_count([own[pattern.name, WHOLE]["share"] for pattern in found.definitions])


def not_half(found: Patterns, scenario: str) -> list[str]:
    """The patterns that fewer than half of the runs of a scenario meet."""
    own = shares(found, scenario)
    return [p.name for p in found.definitions if own[p.name, WHOLE]["share"].value < HALF]


def together(found: Patterns, scenario: str) -> Row:
    """All patterns: their number `n_patterns`, the `share` of runs that meets them all, and the
    `mean` number that a run meets; intervals."""
    one = found.joint.set_index("scenario").loc[scenario].to_dict()
    counts = found.counts[found.counts["scenario"] == scenario]
    met = np.repeat(counts["n_met"].to_numpy(), counts["runs"].to_numpy()).astype(float)
    made: dict[str, Any] = one | {"share": interval_of(one, "share"), "mean": mean_interval(met)}
    return made


def parts_set(sets: Iterable[Runs]) -> dict[tuple[str, ...], Row]:
    """The parts of patterns that a scenario sets itself, by pattern, part and scenario."""
    found: dict[tuple[str, ...], Row] = {}
    for runs in sets:
        table = runs.patterns.shares
        table = table[table["is_set"] & (table["part"] != WHOLE)]
        found |= by(table, "pattern", "part", "scenario", value="share")
    return found


def readings(found: Patterns) -> dict[tuple[str, ...], Row]:
    """Other readings by pattern, name and scenario; `share` is an interval."""
    return by(found.readings, "pattern", "reading", "scenario", value="share")


def differences(found: Patterns) -> dict[tuple[str, ...], Row]:
    """By scenario and pattern, how its share differs; `difference` is an interval."""
    table = found.differences[found.differences["part"] == WHOLE]
    return by(table, "scenario", "pattern", value="difference")


def rarer(found: Patterns) -> dict[str, list[Row]]:
    """By pattern, the differences to scenarios in which it is clearly rarer, the largest first."""
    clear = [
        one
        for one in differences(found).values()
        if one["is_clear"] and one["difference"].value < 0
    ]
    clear.sort(key=lambda one: one["difference"].value)
    return {p.name: [one for one in clear if one["pattern"] == p.name] for p in found.definitions}


def weak(found: Sources) -> list[Row]:
    """The patterns that fewer runs meet than one half, or than the rule book asks.

    Each `pattern` with its `cases`, of which each has `runs`, `scenario`, `share`, the `parts`
    that are most often failed, and whether its interval `reaches` what is asked.
    """
    listed = []
    for pattern in found.hindcast.patterns.definitions:
        asked, cases = max(HALF, pattern.needed), []
        for runs, scenario in found.columns:
            share = shares(runs.patterns, scenario)[pattern.name, WHOLE]["share"]
            if share.value < asked:
                case = {"runs": runs, "scenario": scenario, "share": share}
                parts = weakest(runs, scenario, pattern)
                cases.append(case | {"parts": parts, "reaches": share.high >= asked})
        if cases:
            parts = list(dict.fromkeys(part for case in cases for part in case["parts"]))
            listed.append({"pattern": pattern, "cases": cases, "parts": parts})
    return listed


def weakest(runs: Runs, scenario: str, pattern: Pattern) -> list[str]:
    """The parts that at least half of the runs that fail a pattern fail; at least the worst one."""
    met = runs.patterns.met.loc[[scenario], pattern.name].fillna(True).astype(bool)
    own = shares(runs.patterns, scenario)
    failed = {
        part.name: float((~met.loc[~met[WHOLE], part.name]).mean())
        for part in pattern.parts
        if not own[pattern.name, part.name]["is_set"]
    }
    top = max(failed.values())
    return [name for name, share in failed.items() if share >= min(HALF, top)]


# --- claims ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """One of the four numbers that are claimed of raids, in the record and in the runs.

    Attributes:
        record: What the record says of it.
        runs: By set, raids with such a claim in a run, and the mean of ln(1 + dead) over raids.
    """

    record: ClaimOnRecord
    runs: Mapping[str, tuple[Interval, Interval]]

    @property
    def sides(self) -> tuple[str, str]:
        """Whose dead, and who tells."""
        return CLAIMS[self.record.name]

    @property
    def on_record(self) -> Interval:
        """Mean of ln(1 + dead) in the record with the interval of Student's t over its raids."""
        from scipy.special import stdtrit

        n, mean = self.record.n, self.record.mean
        if n < 2:
            return Interval(mean, math.nan, math.nan)
        half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * self.record.sd / math.sqrt(n)
        return Interval(mean, mean - half, mean + half)

    @property
    def outside(self) -> list[str]:
        """The sets whose mean lies outside the record's interval."""
        there = self.on_record
        return [
            name
            for name, (_, ours) in self.runs.items()
            if ours.value < there.low or ours.value > there.high
        ]


def claims(sets: Iterable[Runs]) -> list[Claim]:
    """The four claims of raids: in the record, and in the runs of `FORECAST` of each set.

    Claims are held against claims; the truth of the record is not known, and that of the model is
    not looked at.
    """
    values = {runs.name: claim_values(runs.batch, FORECAST) for runs in sets}
    return [
        Claim(one, {name: pooled(table, one.name) for name, table in values.items()})
        for one in claims_on_record(RECORD[1])
    ]


def pooled(table: pd.DataFrame, name: str) -> tuple[Interval, Interval]:
    """Raids with a claim in a run, and the mean of ln(1 + dead) over all raids of all runs.

    A ratio of sums over runs, since raids of one run hang together; its interval is that of
    linearisation (Cochran 1977, Sampling Techniques).
    """
    n, total = table[f"{name}_n"].to_numpy(), table[f"{name}_sum"].to_numpy()
    raids = mean_interval(n)
    if not n.sum() > 0:
        return raids, NO_INTERVAL
    mean = float(total.sum() / n.sum())
    error = mean_interval((total - mean * n) / n.mean())
    return raids, Interval(mean, mean + error.low, mean + error.high)


def dead(logs: Interval) -> Interval:
    """Geometric mean of (1 + dead), less 1; nobody dies fewer than 0."""
    return Interval(*(max(math.expm1(part), 0.0) for part in logs))
