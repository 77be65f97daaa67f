"""Scenarios made from the exported JSON Schema: taken and run, or refused at a line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from camphandover.agents.model import NorthernMali
from camphandover.scenario import Scenario, ScenarioError, load, load_points
from camphandover.scenario.jsonschema import json_schema
from camphandover.scenario.schema import FIRST_DAY, LAST_DAY, Window
from worlds import compiled_only

SCHEMA = json_schema()
TEXTS = {"title": "T", "question": "Q"}
OF_FORM = re.compile("unknown|wrong type|not allowed|too (small|large|long)|outside its range|miss")
"""What no report of a file may say that the schema takes."""
BREAK = re.compile("[\n\x85\u2028\u2029]")
"""Line breaks of YAML; the JSON of a file writes `\\r` as an escape."""


def made(examples: int) -> settings:
    """So many examples, the same in each session."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def valid(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a part of the schema takes; days are those that the model knows."""
    if "$ref" in schema:
        part: Any = SCHEMA
        for key in schema["$ref"].removeprefix("#/").split("/"):
            part = part[key]
        return valid(part)
    if "anyOf" in schema:
        return st.one_of([valid(choice) for choice in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    low, high = schema.get("minimum"), schema.get("maximum")
    match schema["type"]:
        case "object":
            return objects(schema)
        case "array":
            unique = repr if schema.get("uniqueItems") else None
            least = schema["minItems"]
            return st.lists(valid(schema["items"]), min_size=least, max_size=3, unique_by=unique)
        case "integer":
            return st.integers(low, high)
        case "number":
            whole = st.integers(math.ceil(low), math.floor(high))
            return st.floats(low, high) | (whole if math.ceil(low) <= high else st.nothing())
        case "string" if schema.get("format") == "date":
            return st.dates(FIRST_DAY, LAST_DAY).map(str)
        case "string" if "minLength" not in schema:  # a path, whose file is not there
            return st.text(st.characters(exclude_categories=("C",)), max_size=20)
        case "string":
            return st.text(min_size=schema.get("minLength", 0), max_size=20)
        case kind:
            return {"boolean": st.booleans(), "null": st.none()}[kind]


def objects(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of up to three of the keys, or of all that one of the choices requires."""
    choices = [one["required"] for one in schema.get("oneOf", ())]
    names = list(schema["properties"])
    keys = st.lists(st.sampled_from(names), max_size=3, unique=True)
    keys = st.sampled_from(choices) if choices else keys
    least, always = schema.get("minProperties", 0), schema.get("required", [])
    return keys.filter(lambda held: len(held) >= least).flatmap(
        lambda held: st.fixed_dictionaries(
            {key: valid(schema["properties"][key]) for key in dict.fromkeys([*always, *held])}
        )
    )


PARENTS = st.sampled_from([None, "on-schedule", "negotiated", "v4-no-race", "nowhere"])
BODY = {key: part for key, part in SCHEMA["properties"].items() if key not in ("extends", *TEXTS)}


def bodies(*without: str) -> st.SearchStrategy[dict[str, Any]]:
    """Whole files, but for their texts and what they extend."""
    keys = {key: part for key, part in BODY.items() if key not in without}
    return objects({"properties": keys})


sweeps = valid(BODY["sweep"]).map(lambda sweep: {"sweep": sweep})
titles = st.just("T") | st.just("Why?") | valid(SCHEMA["properties"]["title"])


def written(folder: Path, form: dict[str, Any]) -> Path:
    """A file with a value on each line."""
    path = folder / "made.yaml"
    path.write_text(json.dumps(form, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def points(path: Path) -> list[Scenario] | ScenarioError:
    """The scenarios of a file, or its report, each fault of which names a line."""
    try:
        return load_points(path)
    except ScenarioError as error:
        for problem in error.problems:
            assert problem.message
            assert problem.line > 0, str(problem)
            if problem.file == str(path):
                lines = BREAK.split(path.read_text(encoding="utf-8"))
                assert problem.text == lines[problem.line - 1]
        return error


@made(150)
@given(body=bodies() | sweeps, parent=PARENTS, title=titles)
def test_what_the_schema_takes_is_taken_or_does_not_fit_together(
    body: dict[str, Any], parent: str | None, title: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    form = {**TEXTS, "title": title, "extends": parent, **body}
    found = points(written(tmp_path_factory.mktemp("made"), form))
    if isinstance(found, ScenarioError):
        texts = [p.message for p in found.problems]
        assert not any(OF_FORM.search(text) for text in texts), str(found)
    else:
        assert len({scenario.digest() for scenario in found}) == len(found)


def mappings(node: Any) -> Iterator[dict[str, Any]]:
    """All mappings of a form that are not empty."""
    if isinstance(node, dict) and node:
        yield node
    for below in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from mappings(below)


@made(100)
@given(body=bodies(), choose=st.data())
def test_a_misspelt_key_is_named_at_its_line(
    body: dict[str, Any], choose: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    form = {**TEXTS, **body}
    home = choose.draw(st.sampled_from(list(mappings(form))))
    key = choose.draw(st.sampled_from(list(home)))
    home[f"{key}x"] = home.pop(key)
    found = points(written(tmp_path_factory.mktemp("made"), form))
    assert isinstance(found, ScenarioError)
    told = [p for p in found.problems if f'"{key}x"' in p.text]
    assert any("unknown" in p.message or "no UN camp" in p.message for p in told), str(found)


@compiled_only
@made(40)
@given(body=bodies("sweep", "window"))
def test_what_is_taken_runs_for_a_week(body: dict[str, Any]) -> None:
    try:
        scenario = load({**TEXTS, **body})
    except ScenarioError:
        return
    start = scenario.window.start
    week = Window(start=start, end=start + timedelta(6))
    model = NorthernMali(scenario.model_copy(update={"window": week}), seed=5)
    assert model.run().control.shape[-1] == 7
