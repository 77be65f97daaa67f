"""What the model gets wrong, found in the figures, beside what people know of the reason.

The reasons are prose in explanations.yaml, by place, event, pattern and part, claim and horizon.
One is shown only where the figures have the failure; a failure without one says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover.batch.cubes import HOLDERS
from camphandover.errors import BatchError
from camphandover.judge.aims import HALF
from camphandover.judge.patterns.met import WHOLE
from camphandover.judge.score.baselines import TITLES
from camphandover.judge.score.scored import MODEL
from camphandover.judge.score.tables import PATH
from camphandover.measure.intervals import Interval, share_interval
from camphandover.measure.shares import control_shares
from camphandover.say.validation.claims import ClaimRow, dead
from camphandover.say.validation.events import record_row
from camphandover.say.validation.scores import SHORT, horizons, skill, span, splits
from camphandover.say.validation.sources import FORECAST, SCENARIOS, Runs
from camphandover.say.validation.text import Table, bounded, counted, day, interval_of, percent

if TYPE_CHECKING:
    from camphandover.measure.patterns.data import Pattern

FILE = Path(__file__).with_name("explanations.yaml")
KINDS = ("places", "dates", "patterns", "claims", "horizons")
PART_OF_LOSS = 0.03
"""Part of the model's log loss from which on a place is listed."""
NOT_EXPLAINED = "Not explained yet."
SHOWN = 0.02
"""Chance from which on a holder of the model is named."""

Reasons = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Failure:
    """Something that the model gets wrong.

    Attributes:
        name: Of the place, event, pattern or claim.
        said: What the figures say, in sentences.
        why: The reason, or that there is none yet.
    """

    name: str
    said: str
    why: str


def reasons(path: Path = FILE) -> Reasons:
    """The explanations, by kind and name; those of patterns also by part.

    Errors:
        BatchError if the file has a kind that is not one of `KINDS`, or a text that is none.
    """
    import yaml

    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or set(content) != set(KINDS):
        raise BatchError(f"{path}: the kinds of explanations are {', '.join(KINDS)}.")
    for kind, by_name in content.items():
        for name, text in (by_name or {}).items():
            texts = text.values() if kind == "patterns" else [text]
            if not all(isinstance(one, str) and one.strip() for one in texts):
                raise BatchError(f"{path}: {kind}, {name}: an explanation is a text.")
    return {kind: by_name or {} for kind, by_name in content.items()}


# --- places ------------------------------------------------------------------------------


def places(sets: Iterable[Runs], known: Reasons) -> list[Failure]:
    """The places from which most of the model's log loss comes."""
    worst: dict[str, list[tuple[float, Runs, str, dict[str, Any]]]] = {}
    for runs in sets:
        table = runs.score.places
        for one in table[table["forecast"] == MODEL].to_dict("records"):
            if one["part_of_log"] >= PART_OF_LOSS and one["days_wrong"]:
                found = (one["part_of_log"], runs, one["scenario"], one)
                worst.setdefault(one["place"], []).append(found)
    failures = []
    for name, cases in worst.items():
        top = max(cases, key=lambda case: case[0])
        parts = "; ".join(
            f"{100 * part:.0f} % in {scenario}, {runs.name}" for part, runs, scenario, _ in cases
        )
        said = f"Part of the model's log loss: {parts}. {_beside(*top[1:])}"
        why = known["places"].get(name, NOT_EXPLAINED)
        failures.append((top[0], Failure(name, said, why)))
    return [failure for _, failure in sorted(failures, key=lambda pair: -pair[0])]


def _beside(runs: Runs, scenario: str, one: dict[str, Any]) -> str:
    """What record and model say on the last day on which the model gave the truth less than 1/2."""
    when = one["wrong_to"].date()
    change = record_row(one["place"], one["slot"], when)
    holders = ", ".join(
        f"{name} {percent(share)} %"
        for name, share in _holders(runs, scenario, one["place"], one["slot"], when)
    )
    days = counted(int(one["days_wrong"]), "day")
    return (
        f"The record: {_holder_told(change.after)} since {day(change.date)} (confidence "
        f"{change.confidence}). The model in {scenario}, {runs.name}, on {day(when)}, the last of "
        f"{days} on which it gives that less than one half: {holders}."
    )


def _holder_told(controller: str) -> str:
    is_none = controller not in HOLDERS
    return f"{controller}, which counts as nobody," if is_none else controller


def _holders(
    runs: Runs, scenario: str, place: str, slot: str, when: date
) -> Iterator[tuple[str, Interval]]:
    """The model's chances of the holders, from the likeliest on."""
    control = runs.batch.control.sel(scenario=scenario, place=[place], slot=[slot])
    shares = control_shares(control.sel(date=[when.isoformat()])).squeeze()
    found = [
        (
            str(name),
            Interval(*(float(shares[v].sel(holder=name)) for v in ("share", "low", "high"))),
        )
        for name in shares["holder"].to_numpy()
    ]
    for name, share in sorted(found, key=lambda pair: -pair[1].value):
        if share.value >= SHOWN:
            yield name, share


# --- dates -------------------------------------------------------------------------------


def dates(sets: Iterable[Runs], known: Reasons) -> list[Failure]:
    """The dates of the record outside the model's 90 % interval."""
    said: dict[str, list[str]] = {}
    for runs in sets:
        table = runs.score.dates
        for one in table[table["record"].notna() & ~table["given"]].to_dict("records"):
            if _is_inside(one):
                continue
            n = runs.about(one["scenario"]).n
            ever = percent(share_interval(round(one["p_happens"] * n), n))
            said.setdefault(f"{one['place']} {one['event']}", []).append(
                f"In {one['scenario']}, {runs.name}: record {day(one['record'])}, model's 90 % "
                f"interval {span(one, 90)}, it happens in {ever} % of the runs."
            )
    return [
        Failure(name, " ".join(lines), known["dates"].get(name, NOT_EXPLAINED))
        for name, lines in said.items()
    ]


def _is_inside(one: dict[str, Any]) -> bool:
    """Whether the record's date, which there is, lies in the 90 % interval; never is late."""
    import pandas as pd

    low, high = one["low_90"], one["high_90"]
    return bool(
        not pd.isna(low) and low <= one["record"] and (pd.isna(high) or one["record"] <= high)
    )


# --- patterns ----------------------------------------------------------------------------


def pattern_failures(sets: Iterable[Runs], known: Reasons) -> list[Failure]:
    """The patterns that fewer runs meet than one half, or than the rule book asks."""
    columns = [(runs, scenario) for runs in sets for scenario in SCENARIOS]
    failures = []
    for pattern in columns[0][0].patterns.definitions:
        said, weak = [], []
        for runs, scenario in columns:
            share = _share(runs, scenario, pattern)
            if not share.value < max(HALF, pattern.needed):
                continue
            parts = weakest(runs, scenario, pattern)
            weak += parts
            named = ", ".join(part.replace("_", " ") for part in parts)
            within = ", its interval reaches that" * (share.high >= max(HALF, pattern.needed))
            said.append(
                f"{percent(share)} % in {scenario}, {runs.name}{within}; most often failed: "
                f"{named}."
            )
        if said:
            texts = known["patterns"].get(pattern.name, {})
            why = [
                f"{part.replace('_', ' ')}: {texts.get(part, NOT_EXPLAINED)}"
                for part in dict.fromkeys(weak)
            ]
            failures.append(
                Failure(f"{pattern.name} {pattern.title}", " ".join(said), " ".join(why))
            )
    return failures


def _share(runs: Runs, scenario: str, pattern: Pattern) -> Interval:
    rows = runs.patterns.shares
    rows = rows[(rows["scenario"] == scenario) & (rows["pattern"] == pattern.name)]
    return interval_of(rows[rows["part"] == WHOLE].iloc[0], "share")


def weakest(runs: Runs, scenario: str, pattern: Pattern) -> list[str]:
    """The parts that at least half of the runs that fail a pattern fail; at least the worst one."""
    met = runs.patterns.met.loc[[scenario], pattern.name]
    failing = met[~met[WHOLE].fillna(True).astype(bool)]
    set_by = runs.patterns.shares.query("scenario == @scenario and is_set")
    own = set(set_by.loc[set_by["pattern"] == pattern.name, "part"])
    failed = {
        part.name: float((~failing[part.name].fillna(True).astype(bool)).mean())
        for part in pattern.parts
        if part.name not in own
    }
    top = max(failed.values())
    return [name for name, share in failed.items() if share >= min(HALF, top)]


# --- claims and baselines ----------------------------------------------------------------


def claim_failures(rows: Iterable[ClaimRow], known: Reasons) -> list[Failure]:
    """The claims whose mean in the runs lies outside the record's interval."""
    failures = []
    for one in rows:
        outside = [
            f"{dead(mean)} in {FORECAST}, {name}"
            for name, (_, mean) in one.runs.items()
            if one.is_outside(name)
        ]
        if outside:
            said = f"Record {dead(one.on_record)} of {one.record.n} raids; {'; '.join(outside)}."
            failures.append(
                Failure(one.title, said, known["claims"].get(one.record.name, NOT_EXPLAINED))
            )
    return failures


def beaten(sets: Iterable[Runs]) -> Table:
    """Where a baseline has the better log score than the model in `FORECAST`."""
    body = []
    for runs in sets:
        for split in splits(runs.score, FORECAST):
            for horizon in (PATH, *horizons(runs.score, FORECAST)):
                skills = {
                    name: skill(runs.score, FORECAST, split, name, horizon) for name in TITLES
                }
                worse = [f"{name} {bounded(s)}" for name, s in skills.items() if s.value < 0]
                if worse:
                    body.append([runs.name, SHORT[split], horizon_told(horizon), "; ".join(worse)])
    return Table(["Set", "Places", "When", "Skill of the model over it, log"], body, 4)


def horizon_told(horizon: str) -> str:
    """`all days`, or `+7 days`."""
    return "all days" if horizon == PATH else f"+{horizon}ays"


def horizon_failures(sets: Iterable[Runs], known: Reasons) -> list[Failure]:
    """The horizons on which a baseline is better than the model, each with its reason."""
    shown = {cells[2] for cells in beaten(sets).body}
    return [
        Failure(told, "", known["horizons"].get(name, NOT_EXPLAINED))
        for name in (PATH, *horizons(next(iter(sets)).score, FORECAST))
        if (told := horizon_told(name)) in shown
    ]
