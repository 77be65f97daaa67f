"""The JSON Schema of scenario files, for editors that complete and check as one types."""

from __future__ import annotations

from typing import Any

from camphandover import theatre
from camphandover.scenario.schema import ScenarioForm


def json_schema() -> dict[str, Any]:
    """The schema of one file, with the names of camps and parameters.

    Returns:
        A JSON Schema (2020-12). No top-level key is required, because a file that extends
        another one holds only what differs.
    """
    schema = ScenarioForm.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    properties = schema["properties"]
    for key in ("title", "question"):
        del properties[key]["default"]
    facts = theatre.load()
    camps = schema["$defs"]["HandoverForm"]["properties"]["camps"]
    clause = camps["additionalProperties"]
    camps["properties"] = {camp.place: clause for camp in facts.camps}
    camps["additionalProperties"] = False
    parameters = properties["parameters"]
    parameters["properties"] = {
        name: {
            "type": "number",
            "minimum": parameter.low,
            "maximum": parameter.high,
            "description": f"{parameter.unit}; best value {parameter.best:g} ({parameter.rule})",
        }
        for name, parameter in facts.parameters.items()
    }
    parameters["additionalProperties"] = False
    return schema
