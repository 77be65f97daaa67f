"""What must be known before two scenarios are compared: unlike windows, and one not yet begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from camphandover.batch.batch import Batch
from camphandover.facts.codes import Holder
from camphandover.measure.past import pasts_of
from camphandover.measure.runs import Window, known_until, scenario_window
from camphandover.scenario import Scenario, differences


@dataclass(frozen=True)
class Unbegun:
    """A scenario that has not handed over what it hands over differently by a date judged.

    Attributes:
        scenario: Its name.
        day: The date.
        camps: Those that the two scenarios hand over differently.
        n_left: How many of them the UN has left in at least half of the runs; `None` if it has
            left none in any run.
        due: The day on which the first of them is due.
    """

    scenario: str
    day: date
    camps: tuple[str, ...]
    n_left: int | None
    due: date


@dataclass(frozen=True)
class Pasts:
    """What is known of the past of two scenarios of which one, at least, goes on from it.

    Attributes:
        until: Day until which all is known in A, and in B; None if nothing is.
        is_shared: Whether both go on from the same particles, so that run r of both is one run
            until the day.
    """

    until: tuple[date | None, date | None]
    is_shared: bool


@dataclass(frozen=True)
class Cautions:
    """What a reader of a comparison must know first.

    Attributes:
        instead: Of unlike windows, a scenario of the batch that could stand in, the one that it is
            but for the window, and the one whose window it has.
        unbegun: Scenarios that have not begun, or are not done.
        is_one_scenario: Whether nothing but the window differs in effect.
        pasts: What is known of their past; None if nothing is.
    """

    instead: tuple[str, str, str] | None
    unbegun: tuple[Unbegun, ...]
    is_one_scenario: bool
    pasts: Pasts | None = None


def cautions_of(batch: Batch, a: str, b: str, window: Window, day: date) -> Cautions:
    """What must be known of the comparison of A and B.

    Args:
        batch: Holds both.
        a: Name of A.
        b: Name of B.
        window: The dates compared.
        day: The date of the holders, within the window.
    """
    pairs = ((a, b), (b, a)) if scenario_window(batch, a) != scenario_window(batch, b) else ()
    found = ((twin(batch, name, like), name, like) for name, like in pairs)
    instead = next(((other, name, like) for other, name, like in found if other is not None), None)
    is_one = differ_in_window_only(batch.scenario(a), batch.scenario(b))
    return Cautions(
        instead, tuple(_unbegun(batch, a, b, window, day)), is_one, pasts_between(batch, a, b)
    )


def pasts_between(batch: Batch, a: str, b: str) -> Pasts | None:
    """What is known of the past of two scenarios; None if nothing is."""
    until = (known_until(batch, a), known_until(batch, b))
    if until == (None, None):
        return None
    return Pasts(until, any({a, b} <= set(past.scenarios) for past in pasts_of(batch)))


def differ_in_window_only(one: Scenario, other: Scenario) -> bool:
    """Whether nothing but the window differs in effect, if that does."""
    return all(change.path.startswith("window.") for change in differences(one, other))


def twin(batch: Batch, name: str, like: str) -> str | None:
    """The scenario of a batch that is another one, but for the window, which is that of a third.

    Args:
        batch: A batch.
        name: The scenario that is looked for with another window.
        like: The scenario whose window it shall have.
    Returns:
        Its name, `name` itself if the window is right; `None` if there is none.
    """
    wanted = scenario_window(batch, like)
    for other in dict.fromkeys([name, *batch.scenarios]):
        if other != like and scenario_window(batch, other) == wanted:
            if differ_in_window_only(batch.scenario(name), batch.scenario(other)):
                return other
    return None


def _unbegun(batch: Batch, a: str, b: str, window: Window, day: date) -> Iterator[Unbegun]:
    """Of each scenario whose own handovers lie after the dates compared, how far it is.

    The camps are those whose clauses differ; whether the UN has left them is what the runs say.
    """
    changes = differences(batch.scenario(a), batch.scenario(b))
    camps = tuple(dict.fromkeys(change.place for change in changes if change.place))
    for name in (a, b) if camps else ():
        is_cut = scenario_window(batch, name).last > window.last
        due = min(batch.scenario(name).camps[place].exit for place in camps)
        for on in dict.fromkeys((window.last, day)):
            left = _left(batch, name, camps, on)
            n_left = int((left >= 0.5).sum()) if left.any() else None
            if n_left is None or (is_cut and n_left < len(camps)):
                yield Unbegun(name, on, camps, n_left, due)
                break


def _left(batch: Batch, name: str, camps: tuple[str, ...], on: date) -> np.ndarray:
    """By camp, the share of the runs in which the UN has left it by a date; failed ones apart."""
    control = batch.control.sel(scenario=name, slot="camp", place=list(camps), date=on.isoformat())
    codes = control.transpose("place", "replicate").to_numpy()
    valid = codes >= 0
    n_left = (valid & (codes != Holder.MINUSMA)).sum(axis=1)
    return np.asarray(n_left / np.maximum(valid.sum(axis=1), 1))
