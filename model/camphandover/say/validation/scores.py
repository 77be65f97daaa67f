"""The tables of scores, dates and reliability on the page of validation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from camphandover.judge.score.baselines import TITLES
from camphandover.judge.score.scored import MODEL
from camphandover.judge.score.scores import N_BINS
from camphandover.judge.score.tables import ALL_DATES, DATES, HORIZONS, PATH
from camphandover.measure.intervals import Interval, share_interval
from camphandover.say.validation.sources import FORECAST, Runs
from camphandover.say.validation.text import (
    Table,
    bounded,
    counted,
    day,
    interval_of,
    number,
    percent,
)

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.judge.score.score import Score

SHORT = {"all": "all", "changed": "changed", "kidal": "Kidal region"}
"""The groups of places in a column."""
NAMES = {"log": "log", "brier": "Brier", "rps": "RPS"}
"""The measures in the order of the page, and what they are called."""
DATED = ("persistence", "markov", "army on plan", "separatists in Kidal")
"""Baselines that say something of dates."""


def skill(
    score: Score,
    scenario: str,
    split: str,
    baseline: str,
    horizon: str = PATH,
    measure: str = "log",
) -> Interval:
    """The model's skill over a baseline with its interval."""
    return interval_of(
        row(score, scenario, split, baseline, horizon, measure), "skill", "skill_low", "skill_high"
    )


def row(
    score: Score, scenario: str, split: str, forecast: str, horizon: str, measure: str
) -> dict[str, Any]:
    """One row of the table of scores."""
    return _rows(score)[scenario, split, forecast, horizon, measure]


@lru_cache(maxsize=8)
def _rows(score: Score) -> dict[tuple[str, ...], dict[str, Any]]:
    """The table of scores by its labels."""
    labels = ("scenario", "split", "forecast", "horizon", "measure")
    rows = score.table.to_dict("records")
    return {tuple(one[label] for label in labels): one for one in rows}


def splits(score: Score, scenario: str) -> list[str]:
    """The groups of places that were scored, in the order of the page."""
    there = set(score.table.loc[score.table["scenario"] == scenario, "split"])
    return [split for split in SHORT if split in there]


def horizons(score: Score, scenario: str) -> list[str]:
    """The single days that were scored."""
    there = set(score.table.loc[score.table["scenario"] == scenario, "horizon"])
    return [f"{h} d" for h in HORIZONS if f"{h} d" in there]


# --- who holds what ----------------------------------------------------------------------


def path_table(runs: Runs, scenario: str) -> Table:
    """Mean scores over all days and skill over each baseline, by group of places."""
    header = ["Places", "Forecast"]
    for name in NAMES.values():
        header += [name, f"skill, {name}"]
    body = []
    for split in splits(runs.score, scenario):
        for forecast in (MODEL, *TITLES):
            cells = [SHORT[split], forecast]
            for measure in NAMES:
                one = row(runs.score, scenario, split, forecast, PATH, measure)
                cells.append(bounded(interval_of(one, "score")))
                cells.append(_skill(one) if forecast != MODEL else "")
            body.append(cells)
    return Table(header, body, 2)


def _skill(one: dict[str, Any]) -> str:
    return bounded(interval_of(one, "skill", "skill_low", "skill_high"))


def blocks_told(score: Score, scenario: str) -> list[str]:
    """What was resampled for the intervals of each group of places."""
    found = []
    for split in splits(score, scenario):
        one = row(score, scenario, split, MODEL, PATH, "log")
        told = f"{SHORT[split]} ({counted(one['n'], 'place')}): "
        if one["blocks"] == "none":
            told += "no intervals, there are too few places"
        else:
            told += f"{counted(one['n_blocks'], one['blocks'])} resampled"
        if one["blocks"] == "place":
            told += ", because there are too few regions: these intervals are too narrow"
        found.append(told)
    return found


def horizon_table(runs: Runs, scenario: str, measure: str) -> Table:
    """The model's score so many days after the origin, and its skill over each baseline there."""
    days = horizons(runs.score, scenario)
    body = []
    for split in splits(runs.score, scenario):
        for forecast in (MODEL, *TITLES):
            cells = [SHORT[split], "score" if forecast == MODEL else f"skill over {forecast}"]
            for horizon in days:
                one = row(runs.score, scenario, split, forecast, horizon, measure)
                is_model = forecast == MODEL
                cells.append(bounded(interval_of(one, "score")) if is_model else _skill(one))
            body.append(cells)
    return Table(["Places", NAMES[measure], *(f"+{h}ays" for h in days)], body, 2)


def unweighted_table(sets: Iterable[Runs]) -> Table:
    """Log score over all days with all days alike."""
    body = []
    for runs in sets:
        score = runs.unweighted
        for split in splits(score, FORECAST):
            one = row(score, FORECAST, split, MODEL, PATH, "log")
            cells = [runs.name, SHORT[split], bounded(interval_of(one, "score"))]
            body.append([*cells, *(bounded(skill(score, FORECAST, split, b)) for b in TITLES)])
    header = ["Set", "Places", "log", *(f"skill over {name}" for name in TITLES)]
    return Table(header, body, 2)


# --- dates -------------------------------------------------------------------------------


def crps_table(runs: Runs, scenario: str) -> Table:
    """Mean CRPS of the dates that the scenario does not give, and skill over each baseline."""
    body = []
    table = runs.score.table[runs.score.table["scenario"] == scenario]
    for split in splits(runs.score, scenario):
        for horizon, what in ((DATES, "happened"), (ALL_DATES, "all that might")):
            own = table[(table["split"] == split) & (table["horizon"] == horizon)]
            if own.empty:
                continue
            by_name = own.set_index("forecast")
            model = by_name.loc[MODEL]
            cells = [SHORT[split], f"{what} ({int(model['n'])})"]
            cells.append(bounded(interval_of(model, "score"), 1))
            body.append([*cells, *(_skill(by_name.loc[name].to_dict()) for name in DATED)])
    header = ["Places", "Events", "CRPS, days", *(f"skill over {name}" for name in DATED)]
    return Table(header, body, 2)


def date_table(runs: Runs, scenario: str) -> Table:
    """The events of the record whose dates the scenario does not give, beside the model's dates."""
    n = runs.about(scenario).n
    body = []
    for one in _events(runs.score, scenario).to_dict("records"):
        cells = [f"{one['place']} {one['event']}", day(one["record"]), day(one["median"])]
        cells += [span(one, level) for level in (50, 90)]
        ever = share_interval(round(one["p_happens"] * n), n)
        cells += [percent(ever), number(one["pit"], 2), number(one[f"crps_{MODEL}"], 1)]
        body.append([*cells, *(number(one[f"crps_{name}"], 1) for name in DATED)])
    header = ["Event", "Record", "Median", "50 %", "90 %", "Runs in which it happens, %", "PIT"]
    header += ["CRPS", *(f"CRPS of {name}" for name in DATED)]
    return Table(header, body)


def span(one: dict[str, Any], level: int) -> str:
    """A central interval of dates, `13 Nov to 5 Dec 2023`."""
    low, high = (day(one[f"{side}_{level}"]) for side in ("low", "high"))
    if low == high:
        return low
    year = low[-len("2023") :]
    return f"{low.removesuffix(f' {year}') if high.endswith(year) else low} to {high}"


def _events(score: Score, scenario: str) -> pd.DataFrame:
    """Events of the record that the scenario does not give, in the order of their dates."""
    dates = score.dates
    dates = dates[(dates["scenario"] == scenario) & dates["record"].notna() & ~dates["given"]]
    return dates.sort_values(["record", "place"], kind="stable")


def coverage_table(sets: Iterable[Runs], scenarios: Iterable[str]) -> Table:
    """How many dates lie in the model's central intervals."""
    body = []
    names = list(scenarios)
    for runs in sets:
        rows = runs.score.coverage
        for scenario in names:
            for one in rows[rows["scenario"] == scenario].to_dict("records"):
                what = "happened" if one["events"] == "happened" else "all that might"
                cells = [runs.name, scenario, what, f"{100 * one['level']:.0f}"]
                cells.append(f"{one['inside']} of {one['n']}")
                body.append([*cells, percent(interval_of(one, "share"))])
    return Table(["Set", "Scenario", "Events", "Interval, %", "Inside", "Inside, %"], body, 3)


def pit_table(sets: Iterable[Runs]) -> Table:
    """Where in the model's distribution the dates that happened lie: a histogram of ranks."""
    header = [
        "Set",
        "Events",
        *(f"{i / N_BINS:.1f} to {(i + 1) / N_BINS:.1f}" for i in range(N_BINS)),
    ]
    body = []
    for runs in sets:
        # Who gets a camp on the day on which the UN leaves it is the same event once more.
        events = _events(runs.score, FORECAST).drop_duplicates(["place", "slot", "record"])
        bins = (events["pit"] * N_BINS).astype(int).clip(0, N_BINS - 1)
        counts = [int((bins == i).sum()) for i in range(N_BINS)]
        n = len(events)
        body.append([runs.name, str(n), *(f"{k}: {percent(share_interval(k, n))}" for k in counts)])
    return Table(header, body)


# --- reliability -------------------------------------------------------------------------


def reliability_table(runs: Runs, scenario: str, groups: Iterable[str]) -> Table:
    """How often what the model gave a chance came true, in five bins, by group of places."""
    body = []
    for one in _bins(runs.score, scenario, groups):
        cells = [SHORT[one["split"]], _bin(one), str(one["n"]), str(one["n_slots"])]
        body.append([*cells, number(one["p"], 2), bounded(interval_of(one, "came"))])
    header = ["Places", "Chance given", "n", "of places", "Mean chance", "Came true"]
    return Table(header, body, 2)


def unreliable(runs: Runs, scenario: str) -> list[str]:
    """The bins of all places whose mean chance lies outside the interval of how often it came
    true."""
    return [
        f"{_bin(one)}: {number(one['p'], 2)} was given, "
        f"{bounded(interval_of(one, 'came'))} came true"
        for one in _bins(runs.score, scenario, ["all"])
        if one["p"] < one["low"] or one["p"] > one["high"]
    ]


def _bins(score: Score, scenario: str, groups: Iterable[str]) -> Iterator[dict[str, Any]]:
    table = score.reliability[(score.reliability["scenario"] == scenario)]
    for split in groups:
        yield from table[(table["split"] == split) & (table["n"] > 0)].to_dict("records")


def _bin(one: dict[str, Any]) -> str:
    return f"{one['bin_low']:.1f} to {one['bin_high']:.1f}"
