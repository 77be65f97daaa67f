"""The effective difference of two scenarios: what the model would see differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from camphandover.scenario.resolve import load
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
    """All values that decide results and differ, global ones first, then camp by camp."""
    one, two = _values(first), _values(second)
    found = [
        Difference(*key, one.get(key), two.get(key))
        for key in dict.fromkeys([*one, *two])
        if one.get(key) != two.get(key)
    ]
    return sorted(found, key=lambda change: change.place != "")


def diff(first: str | Path | Mapping[str, Any], second: str | Path | Mapping[str, Any]) -> str:
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


def shown(value: Any) -> str:
    """A value as a reader of scenario files would write it; `-` if it is not set."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _values(scenario: Scenario) -> dict[tuple[str, str], Any]:
    """All values that decide results, by (camp, name)."""
    values: dict[tuple[str, str], Any] = {}
    values["", "window.start"] = scenario.window.start
    values["", "window.end"] = scenario.window.end
    values["", "mandate_end"] = scenario.mandate_end
    for group, items in {**scenario.groups(), "parameters": scenario.parameters}.items():
        values |= {("", f"{group}.{key}"): value for key, value in items.items()}
    for place, clause in scenario.camps.items():
        values |= {(place, key): value for key, value in clause.model_dump().items()}
    return values
