"""What must be known before two scenarios are compared: unlike windows, and one not yet begun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from camphandover.facts.codes import Holder
from camphandover.measure.outcomes import Window, scenario_window
from camphandover.scenario import differences

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.batch.batch import Batch
    from camphandover.scenario import Scenario

DAY = "%d %B %Y"
NAMED = 3
"""Camps that are named; of more it is told how many they are."""


def warnings_of(
    batch: Batch, a: str, b: str, window: Window, day: date, table: pd.DataFrame
) -> tuple[str, ...]:
    """What a reader of the comparison of A and B must know first, in sentences.

    Args:
        batch: Holds both.
        a: Name of A.
        b: Name of B.
        window: The dates compared.
        day: The date of the holders, within the window.
        table: Of the comparison.
    """
    found = [*_windows(batch, a, b, window), *_not_begun(batch, a, b, window, day)]
    if (table["ties"] == 1).all():
        found.append(_all_the_same(batch.scenario(a), batch.scenario(b), window))
    return tuple(found)


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


def _windows(batch: Batch, a: str, b: str, window: Window) -> Iterator[str]:
    """That the windows differ, up to when both are judged, and what to compare instead."""
    windows = {name: scenario_window(batch, name) for name in (a, b)}
    if windows[a] == windows[b]:
        return
    told = f"the windows differ: {a} is {windows[a]}, {b} is {windows[b]}, and only the dates of "
    told += f"both are compared: both are judged up to {window.last:{DAY}}"
    for name, own in windows.items():
        left = (own.last - window.last).days
        if left:
            told += f", {name} {left} days before its last one"
    yield f"{told}.{_instead(batch, a, b)}"


def _instead(batch: Batch, a: str, b: str) -> str:
    """A scenario of the batch that could stand in for one of the two; empty if there is none."""
    for name, like in ((a, b), (b, a)):
        other = twin(batch, name, like)
        if other is not None:
            return f" {other} is {name} with the window of {like}: compare these two."
    return ""


def _not_begun(batch: Batch, a: str, b: str, window: Window, day: date) -> Iterator[str]:
    """Of each scenario whose own handovers lie after the dates compared: that, and how far it is.

    The camps are those whose clauses differ; whether the UN has left them is what the runs say.
    """
    changes = differences(batch.scenario(a), batch.scenario(b))
    camps = list(dict.fromkeys(change.place for change in changes if change.place))
    if not camps:
        return
    for name in (a, b):
        is_cut = scenario_window(batch, name).last > window.last
        for on in dict.fromkeys((window.last, day)):
            left = _left(batch, name, camps, on)
            if not left.any():
                due = min(batch.scenario(name).camps[place].exit for place in camps)
                yield (
                    f"{name} has not begun by {on:{DAY}}: in no run has the UN left {_any(camps)} "
                    f"by then; the first of them is due on {due:{DAY}}."
                )
                break
            done = int((left >= 0.5).sum())
            if is_cut and done < len(camps):
                yield (
                    f"{name} is not done by {on:{DAY}}: in at least half of its runs the UN has "
                    f"left {done} of the {len(camps)} camps that {a} and {b} hand over differently."
                )
                break


def _any(camps: list[str]) -> str:
    if len(camps) == 1:
        return f"{camps[0]}, the one camp that the two hand over differently,"
    if len(camps) <= NAMED:
        return f"any of the camps that the two hand over differently, {', '.join(camps)},"
    return f"any of the {len(camps)} camps that the two hand over differently"


def _left(batch: Batch, name: str, camps: list[str], on: date) -> np.ndarray:
    """By camp, the share of the runs in which the UN has left it by a date; failed ones apart."""
    control = batch.control.sel(scenario=name, slot="camp", place=camps, date=on.isoformat())
    codes = control.transpose("place", "replicate").to_numpy()
    valid = codes >= 0
    n_left = (valid & (codes != Holder.MINUSMA)).sum(axis=1)
    return np.asarray(n_left / np.maximum(valid.sum(axis=1), 1))


def _all_the_same(one: Scenario, other: Scenario, window: Window) -> str:
    """That no pair differs, and whether it could."""
    told = f"nothing that is compared differs in any pair of runs up to {window.last:{DAY}}"
    if differ_in_window_only(one, other):
        return f"{told}: but for the window the two are one scenario in effect."
    return f"{told}: what the two set differently has not begun by then, or changes none of it."
