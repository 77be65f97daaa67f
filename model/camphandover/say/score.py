"""The words of scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from camphandover.judge.score.baselines import TITLES
from camphandover.judge.score.score import ALL_DATES, DATES, HORIZONS, PATH, About, Score
from camphandover.judge.score.scored import MODEL, SPLITS
from camphandover.known.record import WEIGHTS
from camphandover.libraries import pd
from camphandover.measure import notation
from camphandover.measure.notation import NONE, counted, interval_of
from camphandover.say.document import Document, Paragraph, Table, table
from camphandover.say.prose import paragraphs

WORDS = Path(__file__).with_name("score.md")
WORST = 8
"""Slots shown of those from which the losses come."""
DAY = "%d %B %Y"
NAMES = {"brier": "Brier", "log": "log", "rps": "RPS"}
SHORT = {"persistence": "persist.", "army on plan": "plan"}
"""Forecasts in a narrow column."""
Cell = Callable[[Any], str]
FRAMES = ("table", "dates", "coverage", "reliability", "places", "days", "turns")


def data(score: Score) -> dict[str, Any]:
    """All numbers as JSON names them."""
    scenarios = [
        {
            "scenario": one.scenario,
            "origin": one.origin,
            "known_until": one.known_until,
            "window": list(one.window),
            "runs": one.n,
            "slots": one.n_slots,
            "agreement_on_origin": one.agreement,
            "changes": one.n_turns,
            "changed_places": one.n_places,
            "changed_regions": one.n_regions,
            "events_given": one.n_given,
        }
        for one in score.about
    ]
    about = {name: getattr(score, name) for name in ("slot", "confidence", "runs", "seed")}
    frames = {name: getattr(score, name) for name in FRAMES}
    return {"record": score.source, **about, "scenarios": scenarios, **frames}


def document(score: Score) -> Document:
    """What is scored and what the figures mean, and the tables of each scenario."""
    content = {"score": score, "TITLES": TITLES, "WEIGHTS": WEIGHTS, "DAY": DAY}
    blocks: list[Paragraph | Table] = []
    for about in (None, *score.about):
        blocks += map(Paragraph, paragraphs(WORDS, about=about, **content))
        blocks += [] if about is None else _tables(score, about)
    return blocks


def _tables(score: Score, about: About) -> Iterator[Table]:
    frames = {name: getattr(score, name) for name in FRAMES}
    own = {name: table[table["scenario"] == about.scenario] for name, table in frames.items()}
    for split, words in SPLITS.items():
        rows = own["table"][own["table"]["split"] == split]
        if len(rows):
            words = words[0].upper() + words[1:]
            yield _all_days(rows, words)
            yield _horizons(rows, words)
    dates = own["dates"][own["dates"]["record"].notna()]
    if len(dates):
        yield _events(dates, about)
    yield _told(
        "Dates inside the model's central intervals (of whole days, bounds included: a right "
        "forecast has somewhat more inside) [Wilson 95 %, as if independent, which they are not]",
        own["coverage"],
        {
            "Events": lambda r: r["events"] if r["events"] == "happened" else "all that might",
            "Interval %": lambda r: notation.percent(r["level"]),
            "Inside": lambda r: f"{r['inside']} of {r['n']}",
            "Inside %": lambda r: notation.percent_interval(interval_of(r, "share")),
        },
    )
    yield _told(
        "Reliability of the model: how often what it gave a chance came true",
        own["reliability"].query("split == 'all' and n > 0"),
        {
            "Probability": lambda r: f"{r['bin_low']:.1f} to {r['bin_high']:.1f}",
            "n": lambda r: str(r["n"]),
            "slots": lambda r: str(r["n_slots"]),
            "mean": _number("p", 2),
            "came true": lambda r: notation.with_interval()(interval_of(r, "came")),
        },
    )
    yield _places(own["places"], about)


def _told(title: str, rows: pd.DataFrame, cells: dict[str, Cell], names: int = 1) -> Table:
    """A line for each row; columns by what they tell of it."""
    body = [[cell(row) for cell in cells.values()] for row in rows.to_dict("records")]
    return table(title, list(cells), body, names)


def _number(name: str, digits: int) -> Cell:
    return lambda row: notation.number(row[name], digits)


def _skill(row: Any) -> str:
    """The skill with its interval; nothing for the model, which has none over itself."""
    skill = interval_of(row, "skill", "skill_low", "skill_high")
    return "" if row["forecast"] == MODEL else notation.with_interval()(skill)


def _by_forecast(rows: pd.DataFrame) -> dict[tuple[str, str, str], dict[str, Any]]:
    keys = ["forecast", "measure", "horizon"]
    return {tuple(row[key] for key in keys): row for row in rows.to_dict("records")}


def _all_days(rows: pd.DataFrame, words: str) -> Table:
    """Mean scores over all days, with skill."""
    found = _by_forecast(rows)
    body = []
    for name in rows["forecast"].unique():
        own = [found[name, measure, PATH] for measure in NAMES]
        body.append([name, *(notation.number(r["score"], 3) for r in own), *map(_skill, own)])
    first = found[MODEL, "log", PATH]
    resampled = {
        "region": f"{first['n_blocks']} regions resampled",
        "place": f"{first['n_blocks']} places of too few regions resampled: intervals too narrow",
        "none": "too few places for intervals",
    }[first["blocks"]]
    title = f"{words} ({counted(first['n'], 'slot')}): mean over all days; {resampled}"
    names = NAMES.values()
    return table(title, ["Forecast", *names, *(f"skill {name}" for name in names)], body)


def _horizons(rows: pd.DataFrame, words: str) -> Table:
    """Brier and log score so many days after the origin; CRPS of dates."""
    found = _by_forecast(rows)
    days = [day for h in HORIZONS if (MODEL, "log", day := f"{h} d") in found]
    wanted = {(measure, day): 2 for measure in ("brier", "log") for day in days}
    wanted |= {("crps", DATES): 1, ("crps", ALL_DATES): 1}
    none = {"score": math.nan, "forecast": MODEL, "n": 0}
    body = []
    for name in rows["forecast"].unique():
        own = {key: found.get((name, *key), none)["score"] for key in wanted}
        cells = [notation.number(own[key], digits) for key, digits in wanted.items()]
        dated = found.get((name, "crps", DATES))
        body.append([name, *cells, _skill(dated) if dated else ""])
    after = [f"+{day.removesuffix(' d')}" for day in days]
    heads = [f"{m} {d}" if d == after[0] else d for m in ("Brier", "log") for d in after]
    n = [found.get((MODEL, "crps", which), none)["n"] for which in (DATES, ALL_DATES)]
    title = (
        f"{words}: so many days after the origin; CRPS of the dates of "
        f"{counted(n[0], 'event')} that happened, and of all {n[1]} that might have"
    )
    return table(title, ["Forecast", *heads, "CRPS", "all", "skill CRPS"], body)


def _events(dates: pd.DataFrame, about: About) -> Table:
    day = partial(_short, about)
    cells: dict[str, Cell] = {
        "Place": itemgetter("place"),
        "Event": itemgetter("event"),
        "Record": lambda r: day(r["record"]) + "*" * r["given"],
        "Median [90 %]": lambda r: f"{day(r['median'])} [{day(r['low_90'])}, {day(r['high_90'])}]",
        "Ever %": lambda r: notation.percent(r["p_happens"]),
        "PIT": _number("pit", 2),
    }
    for column in dates.columns:
        if column.startswith("crps_"):
            name = column.removeprefix("crps_")
            cells[SHORT.get(name, name.split()[0][:8])] = _number(column, 1)
    title = "Events in the record, with the model's dates and the CRPS of each forecast, days (* "
    title += f"given by the scenario, {NONE} after the last day)"
    return _told(title, dates.sort_values("record", kind="stable"), cells, 4)


def _short(about: About, value: Any) -> str:
    """A date, without its year if those scored are of one; `-` if there is none."""
    first, last = about.window
    return notation.day(value, NONE).removesuffix(f" {last.year}" * (first.year == last.year))


def _places(rows: pd.DataFrame, about: About) -> Table:
    """The slots from which the model's log loss comes."""
    models = rows[rows["forecast"] == MODEL].sort_values("part_of_log", ascending=False)
    log = rows.pivot_table(index=["place", "slot"], columns="forecast", values="log")
    models = models.merge(log, on=["place", "slot"])
    day = partial(_short, about)
    ends = ("wrong_from", "wrong_to")
    cells: dict[str, Cell] = {
        "Place": itemgetter("place"),
        "Slot": itemgetter("slot"),
        "% of all": lambda r: notation.percent(r["part_of_log"]),
        "log": _number("log", 2),
        **{short: _number(name, 2) for name, short in SHORT.items()},
        "days p < .5": lambda r: f"{r['days_wrong']:.0f}",
        "from, to": lambda r: " to ".join(day(r[e]) for e in ends) if r["days_wrong"] else NONE,
    }
    return _told("Where the model's log loss comes from", models.head(WORST), cells, 2)
