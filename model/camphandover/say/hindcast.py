"""The words of scores from rolling origins."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from camphandover.judge.score.hindcast import Hindcast
from camphandover.judge.score.score import ALL_DATES, DATES
from camphandover.judge.score.scored import MODEL, SPLITS
from camphandover.measure import notation
from camphandover.measure.notation import counted, interval_of
from camphandover.say.document import Document, Paragraph, Table, table
from camphandover.say.prose import paragraphs

WORDS = Path(__file__).with_name("hindcast.md")
DAY = "%d %B %Y"
OTHERS = {"brier": "Brier score", "rps": "RPS"}
WORST = 8
"""Slots shown of those from which the losses come."""


def document(found: Hindcast) -> Document:
    """What was forecast from where, and the tables."""
    return [
        *map(Paragraph, paragraphs(WORDS, found=found, DAY=DAY)),
        *(made for split in SPLITS for made in _scores(found, split)),
        _reliability(found),
        _places(found),
        _origins(found),
        _unmet(found),
    ]


def _scores(found: Hindcast, split: str) -> Iterator[Table]:
    """Mean scores by horizon: log scores and CRPS of dates with the model's skill, then others."""
    rows = found.table[found.table["split"] == split]
    for measure, words, digits in (
        ("log", "Log score, nats", 3),
        ("crps", "CRPS of dates, days", 1),
    ):
        own = rows[rows["measure"] == measure]
        if len(own):
            yield _by_horizon(own, f"{words}, {SPLITS[split]}", digits)
    own = rows[rows["measure"].isin(list(OTHERS))]
    if len(own):
        yield _plain(own, f"{' and '.join(OTHERS.values())}, {SPLITS[split]}")


def _plain(rows: Any, title: str) -> Table:
    """Scores of several measures without skill."""
    scores = rows.set_index(["forecast", "measure", "horizon"])["score"]
    wanted = [(m, h) for m in OTHERS for h in dict.fromkeys(rows["horizon"])]
    heads = [f"{OTHERS[m].split()[0]} {_after(h)}" for m, h in wanted]
    body = [
        [name, *(notation.number(scores[name, m, h], 3) for m, h in wanted)]
        for name in dict.fromkeys(rows["forecast"])
    ]
    return table(title, ["Forecast", *heads], body)


def _by_horizon(rows: Any, title: str, digits: int) -> Table:
    own = {(row["forecast"], row["horizon"]): row for row in rows.to_dict("records")}
    horizons = list(dict.fromkeys(rows["horizon"]))
    heads = {DATES: "happened", ALL_DATES: "all"}
    body = []
    for name in dict.fromkeys(rows["forecast"]):
        scores = [notation.number(own[name, h]["score"], digits) for h in horizons]
        body.append([name, *scores, *(_skill(own[name, h]) for h in horizons)])
    names = [heads.get(h, _after(h)) for h in horizons]
    n = {h: own[MODEL, h] for h in horizons}
    about = "; ".join(
        f"{name}: {counted(one['n'], 'forecast')}, {counted(one['n_origins'], 'origin')}"
        for name, one in zip(names, n.values(), strict=True)
    )
    return table(title, ["Forecast", *names, *(f"skill {one}" for one in names)], body, 1, [about])


def _after(horizon: str) -> str:
    """`+7` for `7 d`."""
    return f"+{horizon.removesuffix(' d')}"


def _skill(row: Any) -> str:
    skill = interval_of(row, "skill", "skill_low", "skill_high")
    return "" if row["forecast"] == MODEL else notation.with_interval()(skill)


def _reliability(found: Hindcast) -> Table:
    """How often what was given a probability came true, by horizon."""
    rows = found.reliability[found.reliability["split"] == "all"]
    horizons = list(dict.fromkeys(rows["horizon"]))
    bins = {row["bin_low"]: row["bin_high"] for row in rows.to_dict("records")}
    own = {(row["bin_low"], row["horizon"]): row for row in rows.to_dict("records")}
    body = [
        [f"{low:.1f} to {high:.1f}", *(_came(own[low, h]) for h in horizons)]
        for low, high in bins.items()
    ]
    title = "Reliability of the model, all places: mean probability: share that came true"
    return table(title, ["Probability", *map(_after, horizons)], body)


def _came(row: Any) -> str:
    """`0.25: 0.18 [0.00, 0.48]`."""
    if not row["n"]:
        return notation.NONE
    came = notation.with_interval()(interval_of(row, "came"))
    return f"{notation.number(row['p'], 2)}: {came}"


def _places(found: Hindcast) -> Table:
    """The slots from which the model's log loss comes."""
    models = found.places[found.places["forecast"] == MODEL]
    part = models.pivot_table(index=["place", "slot"], columns="horizon", values="part_of_log")
    log = models.pivot_table(index=["place", "slot"], columns="horizon", values="log")
    horizons = list(dict.fromkeys(models["horizon"]))
    worst = part.mean(axis=1).sort_values(ascending=False, kind="stable").index[:WORST]
    body = [
        [
            *key,
            *(notation.percent(part.loc[key, h]) for h in horizons),
            *(notation.number(log.loc[key, h], 2) for h in horizons),
        ]
        for key in worst
    ]
    heads = [*(f"% at {_after(h)}" for h in horizons), *(f"log {_after(h)}" for h in horizons)]
    return table("Where the model's log loss comes from", ["Place", "Slot", *heads], body, 2)


def _origins(found: Hindcast) -> Table:
    day = partial(notation.day, form="%b")
    shown = [h for h in found.horizons if f"log_{h}" in found.origins]
    body = [
        [
            day(row["origin"]), f"{row['effective']:.0f}", str(row["ancestors"]),
            str(row["roots"]), notation.percent(row["agreement"]),
            notation.number(row["log_evidence"], 1),
            *(notation.number(row[f"log_{h}"], 3) for h in shown),
        ]
        for row in found.origins.to_dict("records")
    ]  # fmt: skip
    title = (
        "The filter on each origin: effective number of particles, distinct ancestors of those "
        "that go on, what of the record particles are as, log evidence so far; the model's log loss"
    )
    heads = ["Origin", "effective", "28 d before", "first day", "as record %", "log evidence"]
    return table(title, [*heads, *(f"+{h}" for h in shown)], body)


def _unmet(found: Hindcast) -> Table:
    body = [
        [row["what"], str(row["looks"]), notation.day(row["first"]), notation.day(row["last"])]
        for row in found.unmet.to_dict("records")
    ]
    title = "What the record says that no particle met" + (": nothing" if not body else "")
    return table(title, ["Record", "looks", "first", "last"], body)
