"""The JSON Schema of scenario files, for editors that complete and check as one types."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from camphandover.scenario import schema as form
from camphandover.scenario.sweep import KEY, MAX_POINTS, OWN

_CLOSED = {"additionalProperties": False, "minProperties": 1}


def json_schema() -> dict[str, Any]:
    """The schema of one file, with the names of camps and parameters.

    Returns:
        A JSON Schema (2020-12). No top-level key is required, because a file that extends
        another one holds only what differs.
    """
    root = form.ScenarioForm.model_json_schema()
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    properties, parts = root["properties"], root["$defs"]
    for key in ("title", "question"):
        del properties[key]["default"]
    for home, key in ((parts["HandoverForm"]["properties"], "camps"), (properties, "parameters")):
        home[key] = parts.pop(home[key].pop("$ref").rsplit("/", 1)[1]) | home[key]
    meanings = _meanings()
    for name, part in {form.ScenarioForm.__name__: root, **parts}.items():
        for key, value in part["properties"].items():
            kinds = (kind.__name__ for kind in getattr(form, name).__mro__)
            value["description"] = next(meanings[k, key] for k in kinds if (k, key) in meanings)
    properties[KEY] = {"description": properties[KEY]["description"], **_sweep(root)}
    return root


def _meanings() -> dict[tuple[str, str], str]:
    """What the text below each key of the form says, by class and key."""
    found = {}
    for kind in ast.parse(inspect.getsource(form)).body:
        if isinstance(kind, ast.ClassDef):
            for field, below in pairwise(kind.body):
                if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                    text = ast.literal_eval(below.value)
                    found[kind.name, ast.unparse(field.target)] = " ".join(text.split())
    return found


def _sweep(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a sweep: every path that a point can set, with the schema of its value."""
    swept = {key: child for key, child in schema["properties"].items() if key not in OWN}
    values = dict(_values(schema, swept, "#/properties", ()))
    lists = {
        path: {"type": "array", "items": value, "minItems": 1, "uniqueItems": True}
        for path, value in values.items()
    }
    point = {"type": "object", "properties": values} | _CLOSED
    grid = {"type": "object", "properties": lists} | _CLOSED
    points = {"type": "array", "items": point, "minItems": 1, "maxItems": MAX_POINTS}
    return {
        "type": "object",
        "properties": {
            "grid": {"description": "All combinations of the listed values.", **grid},
            "list": {"description": "Points, each with the values that it sets.", **points},
        },
        "additionalProperties": False,
        "oneOf": [{"required": ["grid"]}, {"required": ["list"]}],
    }


def _values(
    schema: dict[str, Any], properties: dict[str, Any], pointer: str, above: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Dotted path and schema of each single value at or below some properties.

    Args:
        schema: The whole schema.
        properties: Schemas by key.
        pointer: Where they stand in the whole schema.
        above: The keys that lead to them.
    """
    for key, child in properties.items():
        path, place = (*above, key), f"{pointer}/{key}"
        choices = child.get("anyOf", [child])
        model = next((choice["$ref"] for choice in choices if "$ref" in choice), None)
        if model is not None:
            inner = schema["$defs"][model.rsplit("/", 1)[1]]["properties"]
            yield from _values(schema, inner, f"{model}/properties", path)
        elif "properties" in child:
            yield from _values(schema, child["properties"], f"{place}/properties", path)
        else:
            yield ".".join(path), {"$ref": place}
        if model is not None and {"type": "null"} in choices:
            yield ".".join(path), {"type": "null"}
