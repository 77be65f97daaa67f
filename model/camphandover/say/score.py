"""Scores as text for the terminal and as HTML for a notebook."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from camphandover.judge.score.baselines import TITLES
from camphandover.judge.score.scored import MODEL, SPLITS
from camphandover.judge.score.scores import MEASURES
from camphandover.judge.score.tables import ALL_DATES, DATES, HORIZONS, PATH
from camphandover.known.record import WEIGHTS
from camphandover.say.tabular import aligned, for_notebook, html_table

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.judge.score.score import About, Score

WIDTH = 120
WORST = 8
"""Slots shown of those from which the losses come."""
DAY, SHORT_DAY, YEAR_DAY = "%d %B %Y", "%d %b", "%d %b %y"
NAMES = {"brier": "Brier", "log": "log", "rps": "RPS"}


@dataclass(frozen=True)
class Section:
    """A table of the text.

    Attributes:
        title: What it shows.
        header: Names of the columns.
        body: Cells of the rows.
        n_names: Columns at the left that hold words; figures follow.
    """

    title: str
    header: list[str]
    body: list[list[str]]
    n_names: int = 1


def as_text(score: Score) -> str:
    """Plain text of at most 120 columns."""
    lines = []
    for paragraph in _preface(score):
        lines += textwrap.wrap(paragraph, WIDTH)
    for about in score.about:
        lines += ["", *textwrap.wrap(_heading(score, about), WIDTH)]
        for section in _sections(score, about):
            lines += ["", *textwrap.wrap(section.title, WIDTH)]
            lines += aligned([section.header, *section.body], section.n_names, WIDTH)
    return "\n".join(lines)


def as_html(score: Score) -> str:
    """The same as paragraphs and tables."""
    parts = [f"<p>{escape(paragraph)}</p>" for paragraph in _preface(score)]
    for about in score.about:
        parts.append(f"<p>{escape(_heading(score, about))}</p>")
        for section in _sections(score, about):
            parts.append(html_table(section.title, section.header, section.body))
    return for_notebook(parts)


def _preface(score: Score) -> list[str]:
    """What is scored, and what the figures mean."""
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


def _heading(score: Score, about: About) -> str:
    agreed = (
        "the scenario begins after the origin"
        if math.isnan(about.agreement)
        else f"{100 * about.agreement:.0f} % of runs and slots are as in the record there"
    )
    given = (
        f" The scenario gives the dates of {_counted(about.n_given, 'event')} that come with the "
        "UN's exits (* below): they are no forecast and are left out of CRPS and intervals, but "
        "the scores of days gain by them."
        if about.n_given
        else ""
    )
    return (
        f"Scenario {about.scenario}: {_counted(about.n, 'run')}, {about.window.first:{DAY}} to "
        f"{about.window.last:{DAY}}, forecast origin {about.origin:{DAY}} ({agreed}). The record "
        f"has {_counted(about.n_turns, 'change')} at {_counted(about.n_places, 'place')} in "
        f"{_counted(about.n_regions, 'region')}: so few events are independent, however many days "
        f"are scored.{given}"
    )


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _sections(score: Score, about: About) -> Iterator[Section]:
    own = score.table[score.table["scenario"] == about.scenario]
    for split, words in SPLITS.items():
        table = own[own["split"] == split]
        if len(table):
            yield _path_section(table, words)
            yield _horizon_section(table, words)
    dates = score.dates[score.dates["scenario"] == about.scenario]
    dates = dates[dates["record"].notna()]
    if len(dates):
        yield _event_section(dates, about)
    yield _coverage_section(score, about)
    yield _reliability_section(score, about)
    yield _place_section(score, about)


def _path_section(table: pd.DataFrame, words: str) -> Section:
    """Mean scores over all days, with skill."""
    path = table[table["horizon"] == PATH]
    first = path.iloc[0]
    body = []
    for name in path["forecast"].unique():
        rows = path[path["forecast"] == name].set_index("measure")
        body.append([name, *(_number(rows["score"][m], 3) for m in MEASURES)])
        body[-1] += ["" if name == MODEL else _skill(rows.loc[m]) for m in MEASURES]
    title = f"{words[0].upper()}{words[1:]} ({_counted(first['n'], 'slot')}): mean over all days"
    header = ["Forecast", *NAMES.values(), *(f"skill {name}" for name in NAMES.values())]
    return Section(f"{title}{_resampled(first)}", header, body)


def _resampled(row: Any) -> str:
    """What to say of blocks other than regions."""
    if row["blocks"] == "region":
        return f"; {row['n_blocks']} regions resampled"
    if row["blocks"] == "place":
        return f"; {row['n_blocks']} places of too few regions resampled: intervals too narrow"
    return "; too few places for intervals"


def _horizon_section(table: pd.DataFrame, words: str) -> Section:
    """Brier and log score so many days after the origin; CRPS of dates."""
    horizons = [f"{h} d" for h in HORIZONS if f"{h} d" in set(table["horizon"])]
    dates = {h: table[table["horizon"] == h].set_index("forecast") for h in (DATES, ALL_DATES)}
    body = []
    for name in table["forecast"].unique():
        own = table[table["forecast"] == name].set_index(["measure", "horizon"])["score"]
        cells = [name, *(_number(own[m, h], 2) for m in ("brier", "log") for h in horizons)]
        for rows in dates.values():
            cells.append(_number(rows["score"][name], 1) if name in rows.index else "-")
        with_skill = name in dates[DATES].index and name != MODEL
        body.append([*cells, _skill(dates[DATES].loc[name]) if with_skill else ""])
    after = [f"+{h.removesuffix(' d')}" for h in horizons]
    header = ["Forecast"]
    for measure in ("Brier", "log"):
        header += [f"{measure} {day}" if day == after[0] else day for day in after]
    n = [int(rows["n"].iloc[0]) if len(rows) else 0 for rows in dates.values()]
    title = (
        f"{words[0].upper()}{words[1:]}: so many days after the origin; CRPS of the dates of "
        f"{_counted(n[0], 'event')} that happened, and of all {n[1]} that might have"
    )
    return Section(title, [*header, "CRPS", "all", "skill CRPS"], body)


def _event_section(dates: pd.DataFrame, about: About) -> Section:
    crps = [name for name in dates.columns if name.startswith("crps_")]
    body = []
    for row in dates.sort_values("record", kind="stable").to_dict("records"):
        record, median, low, high = (
            _day(row[name], about) for name in ("record", "median", "low_90", "high_90")
        )
        cells = [row["place"], row["event"], record + "*" * row["given"]]
        cells.append(f"{median} [{low}, {high}]")
        cells += [f"{100 * row['p_happens']:.0f}", _number(row["pit"], 2)]
        body.append([*cells, *(_number(row[name], 1) for name in crps)])
    header = ["Place", "Event", "Record", "Median [90 %]", "Ever %", "PIT"]
    header += [_short(name.removeprefix("crps_")) for name in crps]
    title = "Events in the record, with the model's dates and the CRPS of each forecast, days (* "
    return Section(f"{title}given by the scenario, - after the last day)", header, body, 4)


def _short(name: str) -> str:
    """A forecast in a narrow column."""
    return {"persistence": "persist.", "army on plan": "plan"}.get(name, name.split()[0][:8])


def _coverage_section(score: Score, about: About) -> Section:
    body = []
    rows = score.coverage[score.coverage["scenario"] == about.scenario]
    for row in rows.to_dict("records"):
        what = "happened" if row["events"] == "happened" else "all that might"
        share = _bounded(100 * row["share"], 100 * row["low"], 100 * row["high"], 0)
        body.append([what, f"{100 * row['level']:.0f}", f"{row['inside']} of {row['n']}", share])
    title = (
        "Dates inside the model's central intervals (of whole days, bounds included: a right "
        "forecast has somewhat more inside) [Wilson 95 %, as if independent, which they are not]"
    )
    return Section(title, ["Events", "Interval %", "Inside", "Inside %"], body)


def _reliability_section(score: Score, about: About) -> Section:
    table = score.reliability[score.reliability["scenario"] == about.scenario]
    body = []
    for row in table[(table["split"] == "all") & (table["n"] > 0)].to_dict("records"):
        edges = f"{row['bin_low']:.1f} to {row['bin_high']:.1f}"
        came = _bounded(row["came"], row["low"], row["high"], 2)
        body.append([edges, str(row["n"]), str(row["n_slots"]), _number(row["p"], 2), came])
    header = ["Probability", "n", "slots", "mean", "came true"]
    return Section("Reliability of the model: how often what it gave a chance came true",
                   header, body)  # fmt: skip


def _place_section(score: Score, about: About) -> Section:
    """The slots from which the model's log loss comes."""
    table = score.places[score.places["scenario"] == about.scenario]
    models = table[table["forecast"] == MODEL].sort_values("part_of_log", ascending=False)
    keys = ["place", "slot"]
    others = table.pivot_table(index=keys, columns="forecast", values="log")
    body = []
    for row in models.head(WORST).to_dict("records"):
        log = others.loc[(row["place"], row["slot"])]
        ends = (_day(row[name], about) for name in ("wrong_from", "wrong_to"))
        span = " to ".join(ends) if row["days_wrong"] else "-"
        cells = [
            row["place"],
            row["slot"],
            f"{100 * row['part_of_log']:.0f}",
            _number(row["log"], 2),
        ]
        cells += [_number(log["persistence"], 2), _number(log["army on plan"], 2)]
        body.append([*cells, str(int(row["days_wrong"])), span])
    header = ["Place", "Slot", "% of all", "log", "persist.", "plan", "days p < .5", "from, to"]
    return Section("Where the model's log loss comes from", header, body, 2)


def _skill(row: Any) -> str:
    return _bounded(row["skill"], row["skill_low"], row["skill_high"], 2)


def _bounded(value: float, low: float, high: float, digits: int) -> str:
    """`0.31 [0.12, 0.55]`; the bounds are left out if there are none."""
    if math.isnan(value):
        return "-"
    if math.isnan(low):
        return _number(value, digits)
    return f"{_number(value, digits)} [{_number(low, digits)}, {_number(high, digits)}]"


def _number(value: float, digits: int) -> str:
    if math.isnan(value):
        return "-"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _day(value: Any, about: About) -> str:
    """A date, with its year if those scored are not of one; `-` if there is none."""
    import pandas as pd

    if pd.isna(value):
        return "-"
    one_year = about.window.first.year == about.window.last.year
    return f"{value:{SHORT_DAY if one_year else YEAR_DAY}}"
