"""Outcomes as the commands of an analysis name them, and their values run by run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from camphandover import inputs
from camphandover.batch.cubes import HOLDERS, SLOTS
from camphandover.batch.names import check_known
from camphandover.errors import BatchError
from camphandover.facts.codes import Slot
from camphandover.judge.compare import NO_TAKER
from camphandover.measure.outcomes import CIVILIANS, LOSERS, Outcomes, Window, outcomes

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch

FORMS = (
    "held:PLACE:HOLDER",
    "holds:PLACE:HOLDER",
    "holds:PLACE:HOLDER:YYYY-MM-DD",
    "fall:PLACE:HOLDER",
    "dead",
    "dead:SIDE",
    "civilians",
    "displaced",
)
DEFAULT = ("held:Kidal:army", "held:Tessalit:army", "dead")
SLOT = SLOTS[Slot.CAMP]
UNITS = {"held": "days", "holds": "share of runs", "fall": "days", "dead": "dead"}
OF_PLACES = ("held", "holds", "fall")
WORDS = {
    "army": "the army",
    "separatists": "the separatists",
    "gsim": "GSIM",
    "minusma": "the UN",
    "nobody": "nobody",
    "joint": "a joint unit",
    "wagner": "Wagner",
}
"""Holders and sides in words."""


@dataclass(frozen=True)
class Outcome:
    """One number of each run.

    Attributes:
        name: As it was asked for, such as `held:Kidal:army`.
        kind: `held`, days at whose end a holder has a camp; `holds`, whether it has it at the end
            of `day`; `fall`, days until it first has it, the whole window if never; `dead`, within
            the window; `displaced`, people on the last day, in Mali and abroad.
        place: Of the first three; else empty.
        who: Holder; for `dead` a side or `civilians`, empty for all together.
        day: Of `holds`.
    """

    name: str
    kind: str
    place: str = ""
    who: str = ""
    day: date | None = None

    @property
    def unit(self) -> str:
        """Unit of the mean over runs."""
        return UNITS.get(self.kind, "people")

    @property
    def title(self) -> str:
        """What it is, in words."""
        who = WORDS.get(self.who, self.who)
        return {
            "held": f"days on which the {SLOT} of {self.place} is held by {who}",
            "holds": f"chance that the {SLOT} of {self.place} is held by {who} on {self.day}",
            "fall": f"days until the {SLOT} of {self.place} first falls to {who}",
            "dead": f"dead of {who}" if who else "dead of all sides and civilians",
            "displaced": "number of displaced people on the last day",
        }[self.kind]


def outcomes_of(texts: Sequence[str], window: Window, places: Sequence[str]) -> list[Outcome]:
    """The outcomes that some texts name, each once.

    Args:
        texts: In the forms of `FORMS`; those of `DEFAULT` if there is none.
        window: Of the scenario.
        places: Those that there are.
    Errors:
        BatchError for one that cannot be, with what is right.
    """
    return [_outcome(text, window, places) for text in dict.fromkeys(texts or DEFAULT)]


def _outcome(text: str, window: Window, places: Sequence[str]) -> Outcome:
    kind, *rest = text.split(":")
    if kind in OF_PLACES and len(rest) in ((2, 3) if kind == "holds" else (2,)):
        place, who = rest[:2]
        check_known("place", place, places)
        takers = [name for name in HOLDERS if kind != "fall" or name != NO_TAKER]
        check_known("holder", who, takers)
        day = _day(text, rest[2] if len(rest) > 2 else None, window) if kind == "holds" else None
        return Outcome(text, kind, place, who, day)
    if kind == "dead" and len(rest) < 2:
        if rest:
            check_known("side", rest[0], LOSERS)
        return Outcome(text, kind, who=rest[0] if rest else "")
    if text == CIVILIANS:
        return Outcome(text, "dead", who=CIVILIANS)
    if text == "displaced":
        return Outcome(text, text)
    raise BatchError(f"outcome {text!r} is not known; there is {', '.join(FORMS)}.")


def _day(text: str, day: str | None, window: Window) -> date:
    """The date of `holds`, the last one if none is given."""
    if day is None:
        return window.last
    return inputs.day(f"outcome {text!r}: the date", day, *window)


def values_of(batch: Batch, scenario: str, wanted: Sequence[Outcome], window: Window) -> np.ndarray:
    """Outcomes run by run.

    Args:
        batch: Where the runs are stored.
        scenario: Its name.
        wanted: The outcomes.
        window: Of the scenario.
    Returns:
        Shape (outcome, replicate); nan for a run that failed.
    """
    places = list(dict.fromkeys(one.place for one in wanted if one.place)) or [
        str(batch.control["place"].to_numpy()[0])
    ]
    days = dict.fromkeys(one.day or window.last for one in wanted)
    read = {day: outcomes(batch, scenario, window, places, SLOT, day) for day in days}
    values = [_values(one, read[one.day or window.last], places) for one in wanted]
    is_valid = read[next(iter(days))].is_valid
    return np.where(is_valid, np.array(values, dtype=float), np.nan)


def _values(wanted: Outcome, read: Outcomes, places: Sequence[str]) -> np.ndarray:
    """One outcome of each replicate."""
    if wanted.kind in OF_PLACES:
        field = {"held": "days_held", "holds": "holds", "fall": "days_to_fall"}[wanted.kind]
        at = (places.index(wanted.place), HOLDERS.index(wanted.who))
        found: np.ndarray = getattr(read, field)[:, *at]
        return found
    if wanted.kind == "displaced":
        return read.displaced
    dead: np.ndarray = read.dead[:, LOSERS.index(wanted.who)] if wanted.who else read.dead.sum(1)
    return dead


def without_failures(values: np.ndarray) -> np.ndarray:
    """Values with the mean of the point's other draws in place of runs that failed.

    Args:
        values: Shape (..., point, draw), nan for runs that failed.
    Errors:
        BatchError if all draws of a point failed.
    """
    is_known = np.isfinite(values)
    if not is_known.any(axis=-1).all():
        raise BatchError("all runs of a point of the design failed: see failures in manifest.json.")
    n_known = is_known.sum(axis=-1, keepdims=True)
    means = np.where(is_known, values, 0.0).sum(axis=-1, keepdims=True) / n_known
    return np.where(is_known, values, means)
