"""The effective difference of two scenarios: what the model would see differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from camphandover.scenario.known import exits_known
from camphandover.scenario.read import shown
from camphandover.scenario.resolve import Source, load
from camphandover.scenario.resolved import Scenario


@dataclass(frozen=True)
class Difference:
    """One value that differs.

    Attributes:
        place: The camp, or an empty string for a value of the whole scenario.
        path: Name of the value, such as `receiver` or `window.end`.
        before: Value in the first scenario; `None` if it is not set there.
        after: Value in the second one.
    """

    place: str
    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """`Kidal: receiver army -> separatists`."""
        return _line(self.place, self.path, self.before, self.after)


def differences(first: Scenario, second: Scenario) -> list[Difference]:
    """All values that decide results and differ, global ones first, then camp by camp.

    Clauses of camps that the UN had left by the day until which all is known decide nothing.
    """
    one, two = first.values(), second.values()
    past = [{} if of.known.own_past else exits_known(of.known) for of in (first, second)]
    gone = past[0].keys() & past[1].keys()
    found = [
        Difference(*key, one.get(key), two.get(key))
        for key in dict.fromkeys([*one, *two])
        if one.get(key) != two.get(key) and key[0] not in gone
    ]
    return sorted(found, key=lambda change: change.place != "")


def diff(first: Source, second: Source) -> str:
    """The differences of two scenarios as text, one change a line.

    Args:
        first: A path, a name of the library, or a dict; likewise `second`.
    Returns:
        Lines such as `Kidal: receiver army -> separatists`; camps with the same change share
        a line. Empty if the two have the same effect.
    Errors:
        ScenarioError if one of them is faulty.
    """
    return "\n".join(grouped(differences(load(first), load(second))))


def grouped(changes: list[Difference]) -> list[str]:
    """Differences as lines; camps with the same change share one."""
    places: dict[tuple[str, Any, Any], list[str]] = {}
    for change in changes:
        places.setdefault((change.path, change.before, change.after), []).append(change.place)
    return [
        _line(", ".join(place for place in where if place), *change)
        for change, where in places.items()
    ]


def _line(place: str, path: str, before: Any, after: Any) -> str:
    change = f"{shown(before)} -> {shown(after)}"
    return f"{place}: {path} {change}" if place else f"{path}: {change}"
