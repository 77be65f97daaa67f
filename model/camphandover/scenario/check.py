"""Checks one file's tree against the schema.

Every fault comes back as a `Problem` at its line, in the words of the file's format.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import UnionType
from typing import Any, get_args

from pydantic import ValidationError

from camphandover import facts
from camphandover.errors import Mark, Problem, close_matches, suggestion
from camphandover.scenario.read import Node, placed, plain, written
from camphandover.scenario.schema import ClauseForm, ScenarioForm

_WANTED = {
    "int_type": "a whole number, such as 30",
    "float_type": "a number, such as 0.5",
    "bool_type": "true or false",
    "string_type": "text (put quotes around it if it looks like a number)",
    "model_type": "a mapping of keys, such as `key: value`",
    "dict_type": "a mapping of keys, such as `key: value`",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than_equal": ("too small", "at least {ge}"),
    "less_than_equal": ("too large", "at most {le}"),
    "string_too_long": ("too long", "at most {max_length} characters"),
}


def check(tree: Node) -> list[Problem]:
    """All faults of one file's tree, before inheritance.

    Args:
        tree: The file as `read.read` returns it.
    Returns:
        The faults; how dates fit each other is not yet known.
    """
    return [Problem.at(*_translate(tree, detail)) for detail in _details(tree)]


def without_refused(tree: Node) -> Node:
    """The tree without the values that the schema refuses; itself if there are none."""
    while details := _details(tree):
        before = tree
        for path in {_refused(detail) for detail in details}:
            if tree.get(*path) is not None:
                tree = placed(tree, path, None)
        if tree is before:
            return placed(tree, (), None)
    return tree


def _details(tree: Node) -> list[dict[str, Any]]:
    """Pydantic's errors."""
    try:
        ScenarioForm.model_validate(plain(tree))
    except ValidationError as error:
        return [dict(detail) for detail in error.errors()]
    return []


def _refused(detail: dict[str, Any]) -> tuple[str, ...]:
    """The path of the value to drop; where a key is missing, that of the mapping it lacks."""
    path = tuple(str(part) for part in detail["loc"])
    return path[:-1] if detail["type"] == "missing" else path


def _translate(tree: Node, detail: dict[str, Any]) -> tuple[Mark, str, str]:
    """A pydantic error as (mark, message, hint)."""
    path = [str(part) for part in detail["loc"]]
    node = tree.get(*path)
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind == "missing" or node is None:
        above = tree.get(*path[:-1]) or tree
        return above.key, f"'{path[-1]}' is missing", f"add `{path[-1]}: `"
    if kind == "extra_forbidden":
        return node.key, *_unknown(path)
    value = named(node.value)
    name = ".".join(path) if path[0] == "window" else path[-1]
    if kind in _BOUNDS and path[0] == "parameters":
        parameter = facts.load().parameters[name]
        low, high = parameter.widest
        right = f"from {low:g} to {high:g} ({parameter.unit})"
        return node.mark, f"{name}: {value} is outside its range", right
    if kind in _BOUNDS:
        what, bound = _BOUNDS[kind]
        return node.mark, f"{name}: {value} is {what}", bound.format(**context)
    if kind == "literal_error":
        allowed = context["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        hint = suggestion(str(node.value), allowed, listed="allowed")
        return node.mark, f"{name}: {value} is not allowed", hint
    if kind in _WANTED:
        return node.mark, f"{name}: {value} has the wrong type", f"needs {_WANTED[kind]}"
    message = detail["msg"].replace("{value}", value)
    return node.mark, f"{name}: {message}", context.get("hint", "")


def named(value: Any) -> str:
    """A value, or what kind of value it is, as a report calls it."""
    if value is None:
        return "an empty value"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f"'{short(value)}'" if isinstance(value, str) else written(value)


def short(text: str) -> str:
    """A text of at most 60 characters; a longer one is cut."""
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown(path: Sequence[str]) -> tuple[str, str]:
    """Message and hint for a key that is not known; one in the wrong place is told so."""
    key, allowed = path[-1], list(_keys(path[:-1]))
    if path[0] == "parameters":
        hint = f"{close_matches(key, allowed)} The names stand in facts/parameters.yaml"
        return f"unknown parameter '{short(key)}'", hint
    if path[:2] == ["handover", "camps"] and len(path) == 3:
        if key in (place.name for place in facts.load().places):
            return f"{key} has no UN camp", f"UN camps: {', '.join(allowed)}"
        return f"unknown place '{short(key)}'", suggestion(key, allowed, "UN camps")
    hint = suggestion(key, allowed)
    if not hint.startswith("did you mean") and key in ClauseForm.model_fields:
        hint = f"'{key}' belongs into a clause: handover: all:, later:, or camps: <place>:"
    return f"unknown key '{short(key)}'", hint


def _keys(path: Sequence[str]) -> dict[str, Any]:
    """The keys that may stand in the mapping at a path, each with the type of its value."""
    kind: Any = ScenarioForm
    for part in path:
        below = _keys_of(kind)[part]
        kind = get_args(below)[0] if isinstance(below, UnionType) else below
    return _keys_of(kind)


def _keys_of(kind: Any) -> dict[str, Any]:
    fields = getattr(kind, "model_fields", None)
    if fields is None:
        return dict(kind.__annotations__)
    return {key: field.annotation for key, field in fields.items()}
