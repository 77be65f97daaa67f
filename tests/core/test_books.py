"""The daily figures are what the ledger says by the end of the day, and know no day to come.

Each figure of the series is summed anew from the rows of the ledger, on whole runs; what no row
tells is named, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from camphandover.agents.model import NorthernMali, Record
from camphandover.core import state as st
from camphandover.core.ledger import Kind
from camphandover.core.rules.books import PLACES, SERIES, WAR
from worlds import compiled_only

pytestmark = compiled_only

NAMES = ("on-schedule", "negotiated", "separatists-fight-gsim", "reliable-alliance", "no-wagner")
REPLICATES = range(4)


class Run(NamedTuple):
    """A run, the state that it began with, and its first day."""

    record: Record
    start: st.State
    first: int

    def rows(self, *kinds: Kind) -> np.ndarray:
        """Rows of the ledger of these kinds."""
        return self.record.events[np.isin(self.record.events["kind"], kinds)]

    def by_side(self, rows: np.ndarray, amounts: np.ndarray | float) -> np.ndarray:
        """Sums of amounts by the end of each day, by the side of their rows, shape (day, side)."""
        days = np.zeros((len(self.record.war), len(st.Side)))
        of_a_side = rows["side"] >= 0
        days_of = (rows["hour"] // st.HOURS).astype(int) - self.first
        amounts = np.broadcast_to(amounts, rows.shape)
        np.add.at(days, (days_of[of_a_side], rows["side"][of_a_side]), amounts[of_a_side])
        return days.cumsum(axis=0)

    def total(self, rows: np.ndarray, amounts: np.ndarray | float) -> np.ndarray:
        """Sums of amounts by the end of each day, shape (day,)."""
        days = (rows["hour"] // st.HOURS).astype(int) - self.first
        amounts = np.broadcast_to(amounts, rows.shape)
        return np.bincount(days, amounts, len(self.record.war)).cumsum()

    def last(self, start: float, *kinds: Kind) -> np.ndarray:
        """The last amount told by the end of each day, shape (day,)."""
        rows = self.rows(*kinds)
        midnights = (self.first + 1 + np.arange(len(self.record.war))) * st.HOURS
        return np.array([start, *rows["amount"]])[np.searchsorted(rows["hour"], midnights)]


def amounts(kind: Kind) -> Callable[[Run], np.ndarray]:
    """Amounts of the rows of a kind, by side."""
    return lambda run: run.by_side(run.rows(kind), run.rows(kind)["amount"])


def number(kind: Kind) -> Callable[[Run], np.ndarray]:
    """How many rows of a kind, by side."""
    return lambda run: run.by_side(run.rows(kind), 1.0)


def missing(run: Run) -> np.ndarray:
    return amounts(Kind.MISSING)(run) - amounts(Kind.RETURNED)(run)


def men(run: Run) -> np.ndarray:
    """Men at the start, who came, and who went; deserters are not in the ledger."""
    help_by_land = run.rows(Kind.HELP_ARRIVES)
    help_by_land = help_by_land[help_by_land["entity"] >= 0]
    came = amounts(Kind.RECRUITED)(run) + run.by_side(help_by_land, help_by_land["amount"])
    went = (Kind.LOSSES, Kind.WOUNDED, Kind.CAPTURED, Kind.REPATRIATED)
    gone = sum(amounts(kind)(run) for kind in went) + missing(run)
    return run.start.sides["mustered"] + came - gone - run.record.series["deserted"]


def claimed(run: Run) -> np.ndarray:
    rows = run.rows(Kind.CLAIM_LOSSES)
    return run.by_side(rows, np.where(rows["side"] == rows["about"], rows["amount"], 0.0))


def charged(run: Run) -> np.ndarray:
    """What the sides said of their enemies' dead, as they corrected it."""
    claims, revised = run.rows(Kind.CLAIM_LOSSES), run.rows(Kind.REVISION)
    before = run.record.events["amount"][revised["cause"]]
    of_enemies = np.where(claims["side"] == claims["about"], 0.0, claims["amount"])
    return run.by_side(claims, of_enemies) + run.by_side(revised, revised["amount"] - before)


def places_held(run: Run) -> np.ndarray:
    changes = run.rows(Kind.CONTROL)
    changes = changes[changes["slot"] == st.CAMP]
    at_first = run.start.places["camp_holder"]
    held = []
    for bloc in st.BLOC_OF_SIDE:
        won, lost = changes["after"] == bloc, changes["before"] == bloc
        held.append((at_first == bloc).sum() + run.total(changes, won * 1.0 - lost))
    return np.stack(held, axis=1)


def blockaded(run: Run) -> np.ndarray:
    rows = run.rows(Kind.BLOCKADE, Kind.BLOCKADE_ENDED)
    change = np.where(rows["kind"] == Kind.BLOCKADE, 1.0, -1.0)
    return (run.start.places["siege"] >= 0).sum() + run.total(rows, change)


def of_the_conflict(name: str, *kinds: Kind) -> Callable[[Run], np.ndarray]:
    """The last amount told, from that of the first day on."""
    return lambda run: run.last(float(run.start.conflict[name][0]), *kinds)


def civilians(run: Run) -> np.ndarray:
    rows = run.rows(Kind.CIVILIANS)
    return run.total(rows, rows["amount"])


OF_SIDES: dict[str, Callable[[Run], np.ndarray]] = {
    "men": men,
    "dead": amounts(Kind.LOSSES),
    "wounded": amounts(Kind.WOUNDED),
    "captured": amounts(Kind.CAPTURED),
    "missing": missing,
    "recruited": amounts(Kind.RECRUITED),
    "claimed_dead": claimed,
    "charged_dead": charged,
    "civilians_killed": amounts(Kind.CIVILIANS),
    "strikes": number(Kind.STRIKE),
    "aircraft_lost": number(Kind.AIRCRAFT_LOST),
    "aircraft_hit": number(Kind.AIRCRAFT_HIT),
    "places_held": places_held,
}
OF_THE_WAR: dict[str, Callable[[Run], np.ndarray]] = {
    "rung": of_the_conflict("rung", Kind.RUNG),
    "truce": of_the_conflict("truce", Kind.TRUCE, Kind.BREACH),
    "relation": of_the_conflict("relation", Kind.RELATION),
    "guerrilla": of_the_conflict("guerrilla", Kind.GUERRILLA),
    "blockaded": blockaded,
    "civilians_killed": civilians,
}
UNTOLD = {
    "deserted": "a trickle from all units on all days (R1.7), no event",
    "vehicles": "those that mines, breakdowns and fire take are in no row",
    "morale": "moves a little on each day",
    "supply": "eaten and brought on each day",
    "legitimacy": "moves a little on each day",
    "displaced": "people leave and return on each day; a row tells each quarter of a place",
    "abroad": "as displaced",
    "residents": "as displaced; on the days of such rows they agree, which a test checks",
    "hosted": "as displaced",
    "fuel": "a price, which moves a little on each day",
}
"""Figures that no row tells, and why."""


@cache
def run_of(name: str, replicate: int) -> Run:
    model = NorthernMali(name, seed=21)
    return Run(model.run(replicate), model.world.state, model.world.first)


def all_runs() -> Iterator[tuple[str, Run]]:
    for name in NAMES:
        for replicate in REPLICATES:
            yield f"{name}, replicate {replicate}", run_of(name, replicate)


def test_every_daily_figure_is_told_by_the_ledger_or_named() -> None:
    figures = {*SERIES.names, *WAR.names, *PLACES.names}
    assert figures == {*OF_SIDES, *OF_THE_WAR, *UNTOLD}
    assert not UNTOLD.keys() & {*OF_SIDES, *OF_THE_WAR}


@pytest.mark.parametrize("figure", OF_SIDES)
def test_a_figure_of_a_side_is_what_the_ledger_says_by_the_day(figure: str) -> None:
    moved = 0
    for where, run in all_runs():
        series = run.record.series[figure]
        assert np.array_equal(series, OF_SIDES[figure](run)), where
        moved += (series != series[0]).any()
    assert moved > 0


@pytest.mark.parametrize("figure", OF_THE_WAR)
def test_a_figure_of_the_conflict_is_what_the_ledger_says_by_the_day(figure: str) -> None:
    moved = 0
    for where, run in all_runs():
        series = run.record.war[figure]
        assert np.array_equal(series, OF_THE_WAR[figure](run)), where
        moved += (series != series[0]).any()
    assert moved > 0


def test_every_side_that_loses_men_has_rows_of_its_own() -> None:
    dead = sum(run.record.series["dead"][-1] for _, run in all_runs())
    assert (dead > 0).all()  # Wagner, the UN and the partners too


def test_a_row_is_written_on_the_day_of_its_hour() -> None:
    for where, run in all_runs():
        days = run.record.events["hour"] // st.HOURS - run.first
        assert (np.diff(days) >= 0).all(), where
        assert days.min() >= 0, where
        assert days.max() < len(run.record.war), where


def test_people_told_to_be_displaced_are_those_who_are_not_at_home() -> None:
    told = 0
    for where, run in all_runs():
        gone = run.rows(Kind.CIVILIANS, Kind.RECRUITED)
        for row in run.rows(Kind.DISPLACED):
            place, day = row["place"], int(row["hour"] // st.HOURS) - run.first
            lost = gone["amount"][(gone["place"] == place) & (gone["hour"] <= row["hour"])].sum()
            home = run.record.people["residents"][day, place]
            start = run.start.people["start"][place]
            assert start - home - lost == pytest.approx(row["amount"], abs=0.1), where
            told += 1
    assert told > 0


def test_more_claims_than_there_is_room_for_are_an_error_and_not_lost() -> None:
    model = NorthernMali("on-schedule", seed=21)
    model.state.queue["waiting"] = len(model.state.tellings)
    model.state.tellings["hour"] = np.inf
    with pytest.raises(RuntimeError, match="claims wait to be said"):
        model.run()


# --- a longer window


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", ["2023-09-30", "2024-03-31"])
def test_another_end_of_the_window_changes_nothing_before_it(name: str, end: str) -> None:
    content = {"title": "T", "question": "Q?", "extends": name, "window": {"end": end}}
    model = NorthernMali(content, seed=21)
    for replicate in REPLICATES:
        short, long = sorted(
            (model.run(replicate), run_of(name, replicate).record), key=lambda one: len(one.war)
        )
        days = len(short.war)
        assert np.array_equal(long.control[:, :, :days], short.control)
        for one, other in ((long.series, short.series), (long.war, short.war),
                           (long.people, short.people)):  # fmt: skip
            assert one[:days].tobytes() == other.tobytes()
        n = len(short.events)
        assert long.events[:n].tobytes() == short.events.tobytes()
        assert (long.events["hour"][n:] >= (model.world.first + days) * st.HOURS).all()
