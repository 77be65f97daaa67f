"""What changed in the record on the days scored, and on how sure rows it rests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover import facts
from camphandover.facts.holders import slot_objects
from camphandover.judge.score.scored import MODEL
from camphandover.known.record import WEIGHTS, read_record
from camphandover.say.validation.text import Table, day

if TYPE_CHECKING:
    from datetime import date

    from camphandover.facts import Change
    from camphandover.judge.score.score import Score

RAID_DAYS = 3
"""Days within which a change that is undone counts as a raid. Judgement: those of the record are
undone on the next day."""
TAKERS = ("separatists", "gsim")
WORDS = {"exit": "UN's exit", "raid": "raid", "undone": "end of a raid", "other": ""}


def kinds_of_turns(score: Score, scenario: str) -> list[str]:
    """Of each change: `exit` of the UN, `raid` on the army, `undone` again, or `other`.

    The order is that of `turns`.
    """
    rows = turns(score, scenario)
    kinds = ["exit" if one["before"] == "minusma" else "other" for one in rows]
    for i, one in enumerate(rows):
        if one["before"] != "army" or one["after"] not in TAKERS:
            continue
        back = _undone(rows, i)
        if back is not None:
            kinds[i], kinds[back] = "raid", "undone"
    return kinds


def turns(score: Score, scenario: str) -> list[dict[str, Any]]:
    """The changes of holder in the record, in the order of their dates."""
    table = score.turns[score.turns["scenario"] == scenario]
    ordered = table.sort_values(["date", "place", "after"], kind="stable")
    found: list[dict[str, Any]] = ordered.to_dict("records")
    return found


def _undone(rows: Sequence[dict[str, Any]], i: int) -> int | None:
    """The change that gives the army back its base within `RAID_DAYS`."""
    raid = rows[i]
    for j, one in enumerate(rows):
        same = (one["place"], one["slot"]) == (raid["place"], raid["slot"])
        if same and one["after"] == "army" and 0 < (one["date"] - raid["date"]).days <= RAID_DAYS:
            return j
    return None


def turn_table(score: Score, scenario: str) -> Table:
    """The changes with their kind and the confidence of the record."""
    kinds = kinds_of_turns(score, scenario)
    body = []
    for one, kind in zip(turns(score, scenario), kinds, strict=True):
        row = record_row(one["place"], one["slot"], one["date"].date())
        cells = [day(one["date"]), one["place"], one["region"], one["before"], one["after"]]
        body.append([*cells, WORDS[kind], row.confidence])
    header = ["Date", "Place", "Region", "From", "To", "Kind", "Confidence"]
    return Table(header, body, len(header))


def confidence_shares(score: Score, scenario: str) -> dict[str, float]:
    """Of the place-days scored, the share that rests on rows of each confidence."""
    about = next(one for one in score.about if one.scenario == scenario)
    rows = score.places[
        (score.places["scenario"] == scenario) & (score.places["forecast"] == MODEL)
    ]
    record = read_record()
    inside = slice(record.index(about.window.first), record.index(about.window.last) + 1)
    where = [record.places.index(name) for name in rows["place"]]
    weights = record.weights[where, [("camp", "town").index(s) for s in rows["slot"]], inside]
    return {name: float(np.isclose(weights, weight).mean()) for name, weight in WEIGHTS.items()}


def record_row(place: str, slot: str, when: date) -> Change:
    """The row of the record that tells who holds a slot on a day."""
    history = facts.load().history
    told_by = slot_objects(history)[place][("camp", "town").index(slot)]
    rows = [c for c in history if c.place == place and c.object == told_by and c.date <= when]
    return rows[-1]
