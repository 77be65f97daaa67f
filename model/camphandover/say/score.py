"""The words of scores."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from camphandover.judge.score.baselines import TITLES
from camphandover.judge.score.rules import MEASURES
from camphandover.judge.score.score import ALL_DATES, DATES, HORIZONS, PATH
from camphandover.judge.score.scored import MODEL, SPLITS
from camphandover.known.record import WEIGHTS
from camphandover.measure import notation
from camphandover.measure.notation import NONE, counted, interval_of
from camphandover.say.document import Column, Document, Paragraph, Table, table

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.judge.score.score import About, Score

WORST = 8
"""Slots shown of those from which the losses come."""
DAY = "%d %B %Y"
NAMES = {"brier": "Brier", "log": "log", "rps": "RPS"}
SHORT = {"persistence": "persist.", "army on plan": "plan"}
"""Forecasts in a narrow column."""
FRAMES = ("table", "dates", "coverage", "reliability", "places", "days", "turns")


def data(score: Score) -> dict[str, Any]:
    """All numbers as JSON names them."""
    scenarios = [
        {
            "scenario": one.scenario,
            "origin": one.origin,
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
    blocks: list[Paragraph | Table] = [*map(Paragraph, _preface(score))]
    for about in score.about:
        blocks += [Paragraph(_heading(about)), *_tables(score, about)]
    return blocks


def _preface(score: Score) -> list[str]:
    slots = "camps and towns" if score.slot == "both" else f"{score.slot}s"
    weights = ", ".join(f"{name} {weight:g}" for name, weight in WEIGHTS.items())
    weighted = (
        f"Days count by the confidence of the record ({weights})."
        if score.confidence
        else "All days count alike, whatever the confidence of the record."
    )
    said = "; ".join(f"{name}: {title}" for name, title in TITLES.items())
    return [
        f"Who holds the {slots}: forecasts against {score.source}, {score.runs} runs of each "
        f"scenario, seed {score.seed}. {weighted}",
        "Smaller scores are better: Brier 0 to 2, log in nats, RPS 0 to 2 on army < UN, joint "
        "unit or nobody < separatists or GSIM, CRPS in days. Skill is that of the model "
        "over the baseline: 1 is perfect, 0 no better, below 0 worse [95 % interval from "
        "resampling regions].",
        f"Baselines. {said}. They start from the record's state on the origin; the runs do not: "
        "they begin earlier and never look at the record.",
    ]


def _heading(about: About) -> str:
    agreed = (
        "the scenario begins after the origin"
        if math.isnan(about.agreement)
        else f"{100 * about.agreement:.0f} % of runs and slots are as in the record there"
    )
    given = (
        f" The scenario gives the dates of {counted(about.n_given, 'event')} that come with the "
        "UN's exits (* below): they are no forecast and are left out of CRPS and intervals, but "
        "the scores of days gain by them."
        if about.n_given
        else ""
    )
    return (
        f"Scenario {about.scenario}: {counted(about.n, 'run')}, {about.window.first:{DAY}} to "
        f"{about.window.last:{DAY}}, forecast origin {about.origin:{DAY}} ({agreed}). The record "
        f"has {counted(about.n_turns, 'change')} at {counted(about.n_places, 'place')} in "
        f"{counted(about.n_regions, 'region')}: so few events are independent, however many days "
        f"are scored.{given}"
    )


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
    yield _coverage(own["coverage"])
    yield _reliability(own["reliability"].query("split == 'all' and n > 0"))
    yield _places(own["places"], about)


def _figure(name: str, digits: int) -> Column:
    return Column(name, form=partial(notation.number, digits=digits))


def _skill(row: Any) -> str:
    """The skill with its interval; nothing for the model, which has none over itself."""
    is_model = row["forecast"] == MODEL
    return (
        ""
        if is_model
        else notation.with_interval()(interval_of(row, "skill", "skill_low", "skill_high"))
    )


def _all_days(rows: pd.DataFrame, words: str) -> Table:
    """Mean scores over all days, with skill."""
    path = rows[rows["horizon"] == PATH]
    first = path.iloc[0]
    body = []
    for name, own in path.groupby("forecast", sort=False):
        own = own.set_index("measure")
        body.append([name, *own["score"][list(MEASURES)], *map(_skill, own.to_dict("records"))])
    resampled = {
        "region": f"{first['n_blocks']} regions resampled",
        "place": f"{first['n_blocks']} places of too few regions resampled: intervals too narrow",
        "none": "too few places for intervals",
    }[first["blocks"]]
    title = f"{words} ({counted(first['n'], 'slot')}): mean over all days; {resampled}"
    scores = [_figure(name, 3) for name in NAMES.values()]
    return table(title, ["Forecast", *scores, *(f"skill {name}" for name in NAMES.values())], body)


def _horizons(rows: pd.DataFrame, words: str) -> Table:
    """Brier and log score so many days after the origin; CRPS of dates."""
    horizons = [f"{h} d" for h in HORIZONS if f"{h} d" in set(rows["horizon"])]
    by_key = {(r["forecast"], r["measure"], r["horizon"]): r for r in rows.to_dict("records")}
    wanted = [(measure, h) for measure in ("brier", "log") for h in horizons]
    wanted += [("crps", DATES), ("crps", ALL_DATES)]
    body = []
    for name in rows["forecast"].unique():
        cells = [by_key.get((name, *key), {"score": math.nan})["score"] for key in wanted]
        dated = by_key.get((name, "crps", DATES))
        body.append([name, *cells, "" if dated is None else _skill(dated)])
    after = [f"+{h.removesuffix(' d')}" for h in horizons]
    heads = [f"{m} {d}" if d == after[0] else d for m in ("Brier", "log") for d in after]
    n = [by_key.get((MODEL, "crps", which), {"n": 0})["n"] for which in (DATES, ALL_DATES)]
    title = (
        f"{words}: so many days after the origin; CRPS of the dates of "
        f"{counted(n[0], 'event')} that happened, and of all {n[1]} that might have"
    )
    columns = [_figure(head, 2) for head in heads] + [_figure("CRPS", 1), _figure("all", 1)]
    return table(title, ["Forecast", *columns, "skill CRPS"], body)


def _events(dates: pd.DataFrame, about: About) -> Table:
    crps = [name for name in dates.columns if name.startswith("crps_")]
    body = []
    for row in dates.sort_values("record", kind="stable").to_dict("records"):
        named = ("record", "median", "low_90", "high_90")
        record, median, low, high = (_short(row[name], about) for name in named)
        cells = [row["place"], row["event"], record + "*" * row["given"]]
        cells += [f"{median} [{low}, {high}]", row["p_happens"], row["pit"]]
        body.append([*cells, *(row[name] for name in crps)])
    names = (name.removeprefix("crps_") for name in crps)
    lost = [_figure(SHORT.get(name, name.split()[0][:8]), 1) for name in names]
    ever = Column("Ever %", form=notation.percent)
    title = "Events in the record, with the model's dates and the CRPS of each forecast, days (* "
    title += f"given by the scenario, {NONE} after the last day)"
    head = ["Place", "Event", "Record", "Median [90 %]"]
    return table(title, [*head, ever, _figure("PIT", 2), *lost], body, 4)


def _short(value: Any, about: About) -> str:
    """A date, without its year if those scored are of one; `-` if there is none."""
    window = about.window
    is_one = window.first.year == window.last.year
    return notation.day(value, NONE).removesuffix(f" {window.last.year}" if is_one else "")


def _coverage(rows: pd.DataFrame) -> Table:
    body = []
    for row in rows.to_dict("records"):
        what = "happened" if row["events"] == "happened" else "all that might"
        cells = [what, row["level"], f"{row['inside']} of {row['n']}", interval_of(row, "share")]
        body.append(cells)
    title = (
        "Dates inside the model's central intervals (of whole days, bounds included: a right "
        "forecast has somewhat more inside) [Wilson 95 %, as if independent, which they are not]"
    )
    level, share = (
        Column("Interval %", form=notation.percent),
        Column("Inside %", form=notation.percent_interval),
    )
    return table(title, ["Events", level, "Inside", share], body)


def _reliability(rows: pd.DataFrame) -> Table:
    body = []
    for row in rows.to_dict("records"):
        bounds = f"{row['bin_low']:.1f} to {row['bin_high']:.1f}"
        body.append([bounds, row["n"], row["n_slots"], row["p"], interval_of(row, "came")])
    came = Column("came true", form=notation.with_interval())
    title = "Reliability of the model: how often what it gave a chance came true"
    return table(title, ["Probability", "n", "slots", _figure("mean", 2), came], body)


def _places(rows: pd.DataFrame, about: About) -> Table:
    """The slots from which the model's log loss comes."""
    models = rows[rows["forecast"] == MODEL].sort_values("part_of_log", ascending=False)
    log = rows.pivot_table(index=["place", "slot"], columns="forecast", values="log")
    body = []
    for row in models.head(WORST).to_dict("records"):
        others = log.loc[(row["place"], row["slot"]), list(SHORT)]
        ends = [_short(row[name], about) for name in ("wrong_from", "wrong_to")]
        cells = [row["place"], row["slot"], row["part_of_log"], row["log"], *others]
        body.append(
            [*cells, int(row["days_wrong"]), " to ".join(ends) if ends[0] != NONE else NONE]
        )
    lost = [_figure(name, 2) for name in ("log", *SHORT.values())]
    part, wrong = Column("% of all", form=notation.percent), ["days p < .5", "from, to"]
    title = "Where the model's log loss comes from"
    return table(title, ["Place", "Slot", part, *lost, *wrong], body, 2)
