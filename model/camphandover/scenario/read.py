"""YAML with places: a scenario file as a tree of nodes that know their line and column.

The tree is built from PyYAML's event stream, so that duplicate keys are seen and deep nesting
costs no recursion in C. Scalars are read by the rules of this file and not by those of
YAML 1.1, in which `no` is false, `12:30` is 750, and 2023-13-01 is an error without a place:
only `true` and `false` are booleans, numbers are decimal, everything else is text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from camphandover import inputs
from camphandover.errors import Mark, Problem, ScenarioError, shown_path

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 5_000
MERGE = "<<"

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_TAB = re.compile(r" *\t(?=[ \t]*[^\s#])")
_BINARY = "a binary file"
_TEXT_HINT = "a scenario is a text file in UTF-8"
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+")
_MERGE_KEY = (
    "YAML's merge key << is not taken here",
    "write the keys out, or put what is shared into a file of its own and name it in `extends: `",
)
_SMALLEST = "the smallest scenario has two lines, `title:` and `question:`"

_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True)
class Node:
    """A value of a scenario file with its place.

    Attributes:
        value: None, bool, int, float, str or date; or a dict of nodes; or a list of nodes.
        mark: Where the value stands.
        key: Where its key stands; the same as `mark` for a value without a key.
    """

    value: Any
    mark: Mark
    key: Mark

    def get(self, *path: str) -> Node | None:
        """The node below a path of keys, or `None` if a key is absent."""
        node: Node | None = self
        for part in path:
            if node is None or not isinstance(node.value, dict):
                return None
            node = node.value.get(part)
        return node


EMPTY = Node({}, Mark(None), Mark(None))


def plain(node: Node) -> Any:
    """The tree as ordinary Python data."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def merge(below: Node, above: Node) -> Node:
    """Two trees as one: mappings key by key, everything else from `above`."""
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    value = dict(below.value)
    for key, child in above.value.items():
        value[key] = merge(value[key], child) if key in value else child
    return replace(above, value=value)


def placed(node: Node, path: Sequence[str], value: Node | None) -> Node:
    """The tree with a value at a path; with `None` without what stands there.

    A mapping that has to be made on the way stands where the value's key stands.
    """
    if not path:
        return value or replace(node, value={})
    key, *rest = path
    if rest:
        below = node.value.get(key)
        if below is None or not isinstance(below.value, dict):
            mark = (value or node).key
            below = Node({}, mark, mark)
        value = placed(below, rest, value)
    children = {**node.value, key: value}
    if value is None:
        del children[key]
    return replace(node, value=children)


def read(path: Path) -> tuple[Node, list[Problem]]:
    """Read one scenario file.

    Args:
        path: The file; at most 1 MB of UTF-8.
    Returns:
        The top-level mapping, and the faults that do not keep it from being read on.
    Errors:
        ScenarioError if the text is no YAML, or no mapping.
    """
    name = shown_path(path)
    return from_text(_decoded(_content(path, Mark(name)), name), name)


def from_text(text: str, name: str) -> tuple[Node, list[Problem]]:
    """As `read`, for the text of a file; `name` is what reports call it."""
    composer = _Composer(text, name)
    return composer.document(text), composer.problems


def _content(path: Path, place: Mark) -> bytes:
    """The bytes of a file.

    Errors:
        ScenarioError if it is missing, a folder, no regular file, too large or unreadable.
    """
    try:
        if path.is_file():
            size = path.stat().st_size
            if size <= MAX_BYTES:
                return path.read_bytes()
            what = f"the file has {size} bytes", f"a scenario file has at most {MAX_BYTES}"
        elif path.is_dir():
            files = _files_in(path)
            hint = f"name a file in it: {files}" if files else "name a YAML file"
            what = "this is a folder, not a scenario file", hint
        elif path.exists():
            what = "this is not a regular file", "name a YAML file"
        else:
            files = _files_in(path.parent)
            what = "there is no such file", f"the folder holds {files}" if files else ""
    except (OSError, ValueError) as error:
        what = f"the file cannot be read: {error}", ""
    raise ScenarioError.at(place, *what)


def _files_in(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.glob("*.yaml"))[:12])


def _decoded(data: bytes, name: str) -> str:
    """UTF-8 text; a ScenarioError points at the first byte that is none."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        start = before.rfind(b"\n") + 1
        line = data[start:].split(b"\n", 1)[0].decode("utf-8", "replace")
        column = len(before[start:].decode("utf-8", "replace")) + 1
        mark = Mark(name, before.count(b"\n") + 1, column, line)
        code = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise ScenarioError.at(mark, _BINARY if b"\0" in data else code, _TEXT_HINT) from None


def from_data(data: Mapping[Any, Any]) -> tuple[Node, list[Problem]]:
    """As `read`, for a dict given from Python; its marks hold key paths and no lines."""
    problems: list[Problem] = []
    tree = _from_value(data, "", 0, problems)
    if not data:
        raise ScenarioError.at(tree.mark, "the scenario is empty", _SMALLEST)
    return tree, problems


def _from_value(value: Any, path: str, depth: int, problems: list[Problem]) -> Node:
    mark = Mark(None, path=path)
    value = inputs.plain(value)
    if depth > MAX_DEPTH:
        problems.append(Problem.at(mark, f"nested deeper than {MAX_DEPTH} levels"))
        return Node(None, mark, mark)
    if isinstance(value, Mapping):
        children = {}
        for key, child in value.items():
            below = f"{path}.{key}" if path else str(key)
            if key == MERGE:
                problems.append(Problem.at(Mark(None, path=below), *_MERGE_KEY))
            elif isinstance(key, str) and not key.isprintable():
                message = f"the key {key!r} holds unprintable characters"
                problems.append(Problem.at(Mark(None, path=below), message, "remove them"))
            elif isinstance(key, str):
                children[key] = _from_value(child, below, depth + 1, problems)
            else:
                problems.append(Problem.at(mark, f"the key {key!r} is not text"))
        return Node(children, mark, mark)
    if isinstance(value, list | tuple | range):
        items = [_from_value(v, f"{path}[{i}]", depth + 1, problems) for i, v in enumerate(value)]
        return Node(items, mark, mark)
    if value is None or isinstance(value, bool | int | float | str | date):
        return Node(value, mark, mark)
    problems.append(Problem.at(mark, f"a value of type {type(value).__name__} is not understood"))
    return Node(None, mark, mark)


class _Composer:
    """Builds the tree of one file from its events and gathers the faults of its form."""

    def __init__(self, text: str, name: str) -> None:
        """Split a text by YAML's line breaks.

        Errors:
            ScenarioError if a line holds a control character or a tab in its indentation.
        """
        self.name = name
        self.lines = _BREAK.split(text)
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.n_nodes = 0
        for number, line in enumerate(self.lines, 1):
            control, tab = _UNPRINTABLE.search(line), _TAB.match(line)
            if control:
                message = f"{_BINARY}: it holds the control character U+{ord(control[0]):04X}"
                self._fault(Mark(name, number, control.start() + 1, line), message, _TEXT_HINT)
                break
            if tab:
                message, hint = "a tab in the indentation", "YAML indents with spaces only"
                self._fault(Mark(name, number, tab.end(), line), message, hint)
        if self.problems:
            raise ScenarioError(self.problems)

    def _mark(self, start: Any, end: Any = None, path: str = "") -> Mark:
        """A mark from PyYAML's marks, which count from 0."""
        line = min(start.line, len(self.lines) - 1)
        text = self.lines[line]
        width = end.column - start.column if end is not None and end.line == start.line else 1
        column = min(start.column, len(text)) + 1
        return Mark(self.name, line + 1, column, text, max(1, width), path)

    def document(self, text: str) -> Node:
        """The single document of the file, a mapping with at least one key."""
        root = None
        try:
            events = yaml.parse(text, Loader=_Loader)
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if root is not None:
                        self._fault(self._mark(event.start_mark), *_SECOND_DOCUMENT)
                        break
                    root = self._node(next(events), events, "", 0)
        except yaml.YAMLError as error:
            raise ScenarioError([*self.problems, self._syntax(error)]) from None
        if root is not None and isinstance(root.value, dict) and root.value:
            return root
        if root is None or root.value is None or root.value == {}:
            mark = root.mark if root else Mark(self.name, 1, 1, self.lines[0])
            self._fault(mark, "the file is empty", _SMALLEST)
        else:
            kind = "a list" if isinstance(root.value, list) else "a single value"
            message = f"the file holds {kind}; a scenario is a mapping"
            self._fault(root.mark, message, _SMALLEST)
        raise ScenarioError(self.problems)

    def _fault(self, mark: Mark, message: str, hint: str = "") -> None:
        self.problems.append(Problem.at(mark, message, hint))

    def _syntax(self, error: yaml.YAMLError) -> Problem:
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        context = getattr(error, "context", None)
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = self._mark(mark) if mark else Mark(self.name, 1, 1)
        if "nesting depth" in what:  # libyaml has a limit of its own, and reads ahead
            message = f"the file is more than {MAX_DEPTH} levels deep"
            return Problem.at(place, message, "a scenario is short and flat")
        message = f"not YAML: {what}" + (f" ({context})" if context else "")
        return Problem.at(place, message, "check the colon, the quotes and the indentation here")

    def _node(self, event: Any, events: Iterator[Any], path: str, depth: int) -> Node | None:
        """The value that starts with an event; `None` for an alias that names nothing."""
        mark = self._mark(event.start_mark, event.end_mark, path)
        self.n_nodes += 1
        if depth > MAX_DEPTH or self.n_nodes > MAX_NODES:
            limit = f"{MAX_DEPTH} levels deep" if depth > MAX_DEPTH else f"{MAX_NODES} values"
            self._fault(mark, f"the file is more than {limit}", "a scenario is short and flat")
            raise ScenarioError(self.problems)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, mark)
        if event.tag is not None:
            self._fault(mark, f"the tag {event.tag} is not allowed", "remove it")
        before = self.n_nodes
        value: Any
        if isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(events, path, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(events, path, depth)
        else:
            value = _scalar(event.value) if event.implicit[0] else event.value
        node = Node(value, mark, mark)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, self.n_nodes - before + 1)
        return node

    def _alias(self, event: Any, mark: Mark) -> Node | None:
        if event.anchor not in self.anchors:
            message = f"*{event.anchor} names no anchor that is complete above it"
            self._fault(mark, message, f"write &{event.anchor} at the value that is meant")
            return None
        node, size = self.anchors[event.anchor]
        self.n_nodes += size
        if self.n_nodes > MAX_NODES:
            message = f"the aliases unfold to more than {MAX_NODES} values"
            self._fault(mark, message, "a scenario is short and flat")
            raise ScenarioError(self.problems)
        return node

    def _mapping(self, events: Iterator[Any], path: str, depth: int) -> dict[str, Node]:
        value: dict[str, Node] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            is_text = isinstance(event, yaml.ScalarEvent)
            key = event.value if is_text else "?"
            below = f"{path}.{key}" if path else key
            self._node(event, events, path, depth + 1)
            key_mark = self._mark(event.start_mark, event.end_mark, below)
            child = self._node(next(events), events, below, depth + 1)
            if not is_text:
                self._fault(key_mark, "a key must be a word", "write `key: value`")
            elif key == MERGE:
                self._fault(key_mark, *_MERGE_KEY)
            elif key in value:
                first = value[key].key.line
                message = f"the key '{key}' stands twice (first on line {first})"
                self._fault(key_mark, message, "keep one of the two")
            elif child is not None:
                value[key] = replace(child, key=key_mark)
        return value

    def _sequence(self, events: Iterator[Any], path: str, depth: int) -> list[Node]:
        value: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            item = self._node(event, events, f"{path}[{len(value)}]", depth + 1)
            if item is not None:
                value.append(item)
        return value


_SECOND_DOCUMENT = ("a second document starts here", "one file holds one scenario")


def _scalar(text: str) -> Any:
    """An unquoted scalar: nothing, true, false, a decimal number, or text."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def written(value: Any) -> str:
    """A single value as a file would hold it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(value: Any) -> str:
    """A single value for a reader of scenario files; `-` if it is not set.

    A text of several lines is told by their number and the start of its SHA-256.
    """
    if value is None:
        return "-"
    if isinstance(value, str) and "\n" in value:
        lines, digest = value.strip().splitlines(), hashlib.sha256(value.encode()).hexdigest()
        return f"text of {len(lines)} lines ({digest[:8]})"
    return f"{value:g}" if isinstance(value, float) else written(value)
