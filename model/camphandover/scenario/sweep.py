"""Sweeps: the `sweep:` of a scenario file, read as points that each set some of its values.

A point is a list of settings. A setting is a value at a path of the scenario's own form, such as
`handover.camps.Kidal.shift`; laid over the file's tree it counts as if the file held it there,
and keeps the place that it has in the sweep.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from camphandover.errors import Mark, Problem, suggestion
from camphandover.scenario.check import check, named, short
from camphandover.scenario.read import EMPTY, MAX_DEPTH, Node, placed, written
from camphandover.scenario.schema import MAX_TEXT, ScenarioForm

KEY = "sweep"
KINDS = ("grid", "list")
MAX_POINTS = 200
MAX_LABEL = 100
"""Characters of a point's label; with a longer one the point is called by its number."""
OWN = ("title", "question", "extends", KEY)
"""Keys of a file that no point can set."""

_WITHIN = tuple(key for key in ScenarioForm.model_fields if key not in OWN)
_PATH = "handover.camps.Kidal.shift"
_FORMS = {
    "sweep": "write `grid:` and lists of values below it, or `list:` and points below it",
    "grid": f"write paths with lists of values, such as `{_PATH}: [0, 15]`",
    "list": f"write a point on each line, such as `- {{{_PATH}: 15}}`",
    "point": f"write paths with a value each, such as `{_PATH}: 15`",
}


@dataclass(frozen=True)
class Setting:
    """A value that a point sets.

    Attributes:
        path: Keys of the scenario's form.
        node: The value; its marks are those of the sweep.
    """

    path: tuple[str, ...]
    node: Node

    def __str__(self) -> str:
        """`handover.camps.Kidal.shift=-30`."""
        return f"{'.'.join(self.path)}={written(self.node.value)}"

    @property
    def label(self) -> str:
        """`Kidal.shift=-30`: without the keys that go without saying."""
        path = self.path[1:] if self.path[0] in ("handover", "parameters") else self.path
        path = path[1:] if self.path[:2] == ("handover", "camps") else path
        return f"{'.'.join(path)}={written(self.node.value)}"


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Attributes:
        number: Its number within the sweep, from 1.
        settings: What it sets, in the order of the sweep.
        mark: Where the point stands: its entry of the list, or the key `grid`.
    """

    number: int
    settings: tuple[Setting, ...]
    mark: Mark

    @property
    def label(self) -> str:
        """`Kidal.shift=-30,ied_rate=0.5`, or `point-7` if that were too long."""
        return self._joined(",")

    def name(self, stem: str) -> str:
        """The name of the point's scenario, `stem[Kidal.shift=-30,ied_rate=0.5]`."""
        return f"{stem}[{self.label}]"

    def title(self, base: str) -> str:
        """The title of the point's scenario; a title without room for the label is cut."""
        tail = f" [{self._joined(', ')}]"
        room = MAX_TEXT - len(tail)
        return (base if len(base) <= room else base[: room - 3].rstrip() + "...") + tail

    def over(self, tree: Node) -> Node:
        """A file's tree with the point's values in it."""
        for setting in self.settings:
            tree = placed(tree, setting.path, setting.node)
        return tree

    def _joined(self, comma: str) -> str:
        labels = [setting.label for setting in self.settings]
        return comma.join(labels) if len(",".join(labels)) <= MAX_LABEL else f"point-{self.number}"


def split(tree: Node) -> tuple[Node, Node | None]:
    """A file's tree without its sweep, and the sweep, if there is one."""
    node = tree.get(KEY)
    return (tree, None) if node is None else (placed(tree, (KEY,), None), node)


def read_points(node: Node) -> tuple[list[Point], list[Problem]]:
    """The points of a sweep.

    Args:
        node: The value of the key `sweep`.
    Returns:
        The points whose values are each right in themselves, in order (in a grid the last key
        varies fastest), and the faults. Whether the values fit each other is not yet known.
    """
    reader = _Reader()
    return reader.points(node), reader.problems


class _Reader:
    """Reads the points of one sweep and gathers its faults."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def points(self, sweep: Node) -> list[Point]:
        """The points of the sweep, `grid` or `list`."""
        if not self._filled(sweep, dict, KEY):
            return []
        for key, child in sweep.value.items():
            if key not in KINDS:
                self._fault(child.key, f"unknown key '{short(key)}'", suggestion(key, KINDS))
        held = [key for key in sweep.value if key in KINDS]
        if len(held) > 1:
            mark = sweep.value[held[1]].key
            self._fault(mark, "a sweep holds a grid or a list, not both", "keep one of the two")
        grid, entries = sweep.get("grid"), sweep.get("list")
        points = self._grid(grid) if grid is not None else []
        points += self._list(entries) if entries is not None else []
        return points if len(held) == 1 else []

    def _fault(self, mark: Mark, message: str, hint: str = "") -> None:
        self.problems.append(Problem.at(mark, message, hint))

    def _filled(self, node: Node, kind: type, name: str) -> bool:
        """Whether a node is a mapping or a list, as it should be, and not empty; else a fault."""
        if not isinstance(node.value, kind):
            self._fault(node.mark, f"{name}: {named(node.value)} has the wrong type", _FORMS[name])
        elif not node.value:
            self._fault(node.mark, f"{name}: it is empty", _FORMS[name])
        return isinstance(node.value, kind) and bool(node.value)

    def _grid(self, grid: Node) -> list[Point]:
        """All combinations of the values of a grid."""
        if not self._filled(grid, dict, "grid"):
            return []
        axes = [self._axis(key, child) for key, child in grid.value.items()]
        n_points = math.prod(len(axis) for axis in axes)
        good = [[setting for setting in axis if setting is not None] for axis in axes]
        apart = self._apart([axis[0] for axis in good if axis])
        if not (self._within_limit(grid, n_points) and apart):
            return []
        rows = itertools.product(*good)
        return [Point(number, row, grid.key) for number, row in enumerate(rows, 1)]

    def _axis(self, key: str, values: Node) -> list[Setting | None]:
        """The settings of one key of a grid; `None` for a faulty one."""
        if not isinstance(values.value, list):
            message = f"{short(key)}: {named(values.value)} is not a list of values"
            hint = f"write a list, such as `{short(key)}: [..., ...]`"
            if isinstance(values.value, dict):
                hint = f"write the whole path as one key, such as `{_PATH}: [0, 15]`"
            self._fault(values.mark, message, hint)
            return []
        if not values.value:
            self._fault(values.mark, f"{short(key)}: the list is empty", "give it a value")
        axis: dict[str, Setting | None] = {}
        for item in values.value:
            text = written(item.value)
            if text in axis and not isinstance(item.value, dict | list):
                message = f"{short(key)}: {named(item.value)} stands twice"
                self._fault(item.mark, message, "keep one of the two")
            else:
                axis[text] = self._setting(key, replace(item, key=values.key))
        return list(axis.values())

    def _list(self, entries: Node) -> list[Point]:
        """The points of a list."""
        if not self._filled(entries, list, "list"):
            return []
        points = []
        for number, entry in enumerate(entries.value, 1):
            if self._filled(entry, dict, "point"):
                settings = [self._setting(key, child) for key, child in entry.value.items()]
                good = tuple(setting for setting in settings if setting is not None)
                if self._apart(good) and len(good) == len(settings):
                    points.append(Point(number, good, entry.mark))
        return points if self._within_limit(entries, len(entries.value)) else []

    def _setting(self, key: str, node: Node) -> Setting | None:
        """A value at a dotted path, or `None` and its faults."""
        path, name = tuple(key.split(".")), short(key)
        if path[0] in OWN:
            hint = f"it sets values below {', '.join(_WITHIN)}"
            self._fault(node.key, f"{name}: a sweep cannot set this", hint)
        elif not all(path) or len(path) > MAX_DEPTH:
            hint = f"write keys with dots between them, such as {_PATH}"
            self._fault(node.key, f"'{name}' is not a path", hint)
        elif isinstance(node.value, dict | list):
            hint = f"a point sets single values; write the whole path, such as {_PATH}"
            message = f"{short(path[-1])}: {named(node.value)} has the wrong type"
            self._fault(node.mark, message, hint)
        elif faults := check(placed(EMPTY, path, node)):
            self.problems += faults
        else:
            return Setting(path, node)
        return None

    def _apart(self, settings: Sequence[Setting]) -> bool:
        """Whether no path of one point lies below another one; else a fault for each that does."""
        paths = {setting.path for setting in settings}
        apart = True
        for path, node in ((setting.path, setting.node) for setting in settings):
            above = next((path[:n] for n in range(1, len(path)) if path[:n] in paths), None)
            if above is not None:
                message = f"{'.'.join(path)} lies below {'.'.join(above)}"
                self._fault(node.key, message, "one point cannot set both; keep one of the two")
                apart = False
        return apart

    def _within_limit(self, node: Node, n_points: int) -> bool:
        if n_points > MAX_POINTS:
            message = f"the sweep has {n_points} points"
            self._fault(node.key, message, f"at most {MAX_POINTS}; leave some values out")
        return n_points <= MAX_POINTS


def same_effect(points: Iterable[tuple[Point, str]]) -> list[Problem]:
    """Points that are the same scenario as an earlier one.

    Args:
        points: Each point with the digest of its scenario.
    Returns:
        A fault for each entry of a list that repeats another one; one for a whole grid.
    """
    first: dict[str, Point] = {}
    found: dict[Mark, Problem] = {}
    for point, digest in points:
        other = first.setdefault(digest, point)
        if other is not point and point.mark not in found:
            message = f"the points {other.label} and {point.label} are one scenario in effect"
            hint = "leave one of the two out; a `list` sets each point by itself"
            found[point.mark] = Problem.at(point.mark, message, hint)
    return list(found.values())
