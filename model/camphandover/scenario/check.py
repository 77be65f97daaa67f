"""Checks one file's tree against the schema, the places and the parameters.

Every fault comes back as a `Problem` at its line, in the words of the file's format.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from camphandover import facts
from camphandover.errors import Mark, Problem, suggestion
from camphandover.scenario.read import Node, plain, without
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
        The faults; dates are not yet held to the window.
    """
    found = [_translate(tree, detail) for detail in _details(tree)]
    found += _place_faults(tree)
    found += _parameter_faults(tree)
    return [Problem.at(*fault) for fault in found]


def without_refused(tree: Node) -> Node:
    """The tree without the values that the schema refuses; itself if there are none."""
    while details := _details(tree):
        before = tree
        for path in {_refused(detail) for detail in details}:
            if tree.get(*path) is not None:
                tree = without(tree, path)
        if tree is before:
            return without(tree, ())
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
        return node.key, f"unknown key '{short(path[-1])}'", _key_hint(path)
    value, name = shown(node.value), path[-1]
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


def shown(value: Any) -> str:
    """A value, or what kind of value it is, as a report calls it."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"'{short(value)}'" if isinstance(value, str) else str(value)


def short(text: str) -> str:
    """A text of at most 60 characters; a longer one is cut."""
    return text if len(text) <= 60 else text[:57] + "..."


def _key_hint(path: Sequence[str]) -> str:
    """What an unknown key could have meant; a clause's key in the wrong place is told so."""
    model: Any = ScenarioForm
    for part in path[:-1]:
        model = _below(model, part)
    allowed = list(model.model_fields)
    near = difflib.get_close_matches(path[-1], allowed, n=1, cutoff=0.6)
    if not near and path[-1] in ClauseForm.model_fields:
        return f"'{path[-1]}' belongs into a clause: handover: all:, later:, or camps: <place>:"
    return suggestion(path[-1], allowed)


def _below(annotation: Any, key: str) -> Any:
    """The model or dict type that stands at a key of a model or dict type."""
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    inner = annotation.model_fields[key].annotation
    return get_args(inner)[0] if isinstance(inner, UnionType) else inner


def _place_faults(tree: Node) -> Iterator[tuple[Mark, str, str]]:
    """Entries of `handover.camps` that are no UN camp."""
    node = tree.get("handover", "camps")
    if node is None or not isinstance(node.value, dict):
        return
    camps = [camp.place for camp in facts.load().camps]
    places = [place.name for place in facts.load().places]
    for name, child in node.value.items():
        if name in camps:
            continue
        if name in places:
            message = f"{name} has no UN camp"
            yield child.key, message, f"UN camps: {', '.join(camps)}"
        else:
            yield child.key, f"unknown place '{short(name)}'", suggestion(name, camps, "UN camps")


def _parameter_faults(tree: Node) -> Iterator[tuple[Mark, str, str]]:
    """Parameters that do not exist, or whose value lies outside their range."""
    node = tree.get("parameters")
    if node is None or not isinstance(node.value, dict):
        return
    known = facts.load().parameters
    for name, child in node.value.items():
        if name not in known:
            near = difflib.get_close_matches(name.lower()[:80], list(known), n=3, cutoff=0.5)
            guess = f"did you mean {' or '.join(near)}? " if near else ""
            hint = f"{guess}The names stand in facts/parameters.yaml"
            yield child.key, f"unknown parameter '{short(name)}'", hint
            continue
        value, parameter = child.value, known[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        low, high = parameter.widest
        if is_number and not low <= value <= high:
            unit = parameter.unit
            message = f"{name}: {value} is outside its range"
            yield child.mark, message, f"from {low:g} to {high:g} ({unit})"
