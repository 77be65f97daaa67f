"""The register of parameters: every number of the rules, read from parameters.yaml."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from camphandover.errors import Fault, close_matches
from camphandover.facts.records import DISTRIBUTIONS, WIDE, Parameter, is_wide

FILE = "parameters.yaml"
EVIDENCE = ("L", "E", "H", "J")
LAST_RULE = {1: 7, 2: 7, 3: 4, 4: 6, 5: 8, 6: 6, 7: 4, 8: 2, 9: 3}
"""Number of rules in each chapter of RULES."""
RULES = frozenset(f"R{chapter}.{n}" for chapter, k in LAST_RULE.items() for n in range(1, k + 1))
TEXTS = ("unit", "distribution", "evidence", "rule", "source")
NUMBERS = ("low", "best", "high")
Say = Callable[[str, str], None]
"""Notes a fault of one parameter: what is wrong, what would be right."""
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
OPTIONAL = ("note", "prior")


def read_parameters(folder: Path, faults: list[Fault]) -> dict[str, Parameter]:
    """All parameters by name, in the file's order.

    Values are taken as written (`010` is ten, not eight). A name or key that stands twice is a
    fault.

    Args:
        folder: The theatre's folder.
        faults: Takes what is wrong.
    """
    try:
        root = yaml.compose((folder / FILE).read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as error:
        faults.append(Fault(FILE, "", f"cannot be read: {error.strerror}", "it has to be there"))
        return {}
    except yaml.YAMLError as error:
        what = " ".join(str(error).split())
        faults.append(Fault(FILE, "", f"is not YAML: {what}", "one line for each parameter"))
        return {}
    if not isinstance(root, yaml.MappingNode):
        faults.append(Fault(FILE, "", "has no parameters", "name: {unit: ..., low: ..., ...}"))
        return {}
    parameters: dict[str, Parameter] = {}
    for key, value in root.value:
        name = str(key.value)
        if name in parameters:
            where = f"{name}, line {key.start_mark.line + 1}"
            faults.append(Fault(FILE, where, "the name stands twice", "one name, one parameter"))
            continue
        parameters[name] = _parameter(name, value, faults)
    return parameters


def _parameter(name: str, node: yaml.Node, faults: list[Fault]) -> Parameter:
    """One parameter; NaN and empty texts stand where a fault was noted."""

    def fault(what: str, right: str) -> None:
        faults.append(Fault(FILE, name, what, right))

    if not _NAME.fullmatch(name):
        fault("is not a name in snake_case", "such as ied_rate")
    fields = _fields(node, fault)
    texts = {key: fields[key].value if key in fields else "" for key in (*TEXTS, "note")}
    prior = _prior(fields["prior"], fault) if "prior" in fields else None
    numbers = {key: _number(key, fields[key], fault) for key in NUMBERS if key in fields}
    for key in (*TEXTS, *NUMBERS):
        if key not in fields:
            fault(f"{key} is missing", "each has " + ", ".join((*TEXTS, *NUMBERS)))
        elif key in TEXTS and not texts[key]:
            fault(f"{key} is empty", "say what it is")
    low, best, high = (numbers.get(key, math.nan) for key in NUMBERS)
    parameter = Parameter(name=name, low=low, best=best, high=high, **texts, prior=prior)
    if not math.isnan(low + best + high):
        _check_range(parameter, fault)
    if (texts["evidence"] == "H") != ("prior" in fields):
        what = f"evidence {texts['evidence']} and {'a' if 'prior' in fields else 'no'} prior"
        fault(what, "a hindsight value (H), and no other, has prior: [low, best, high]")
    for key, known in (("evidence", EVIDENCE), ("rule", RULES), ("distribution", DISTRIBUTIONS)):
        if texts[key] and texts[key] not in known:
            fault(f"{key} is {texts[key]!r}", close_matches(texts[key], known))
    return parameter


def _fields(node: yaml.Node, fault: Say) -> dict[str, Any]:
    """The keys of one parameter with their scalars; `prior` is a sequence."""
    if not isinstance(node, yaml.MappingNode):
        fault("is not a mapping", "{unit: ..., low: ..., best: ..., high: ..., ...}")
        return {}
    fields: dict[str, Any] = {}
    for node_key, value in node.value:
        key = str(node_key.value)
        if key in fields:
            fault(f"{key} stands twice", "each key once")
        elif key not in (*TEXTS, *NUMBERS, *OPTIONAL):
            fault(f"there is no key {key!r}", close_matches(key, (*TEXTS, *NUMBERS, *OPTIONAL)))
        elif key == "prior":
            fields[key] = value
        elif not isinstance(value, yaml.ScalarNode):
            fault(f"{key} is not one value", "a text or a number")
        else:
            fields[key] = value
    return fields


def _prior(node: yaml.Node, fault: Say) -> tuple[float, float, float] | None:
    """The three values of the prior set; `None` where a fault was noted."""
    items = node.value if isinstance(node, yaml.SequenceNode) else []
    if len(items) != len(NUMBERS) or not all(isinstance(n, yaml.ScalarNode) for n in items):
        fault("prior is not three numbers", "prior: [low, best, high]")
        return None
    low, best, high = (_number("prior", item, fault) for item in items)
    if not (math.isnan(low + best + high) or low <= best <= high):
        fault(f"prior: low {low:g}, best {best:g}, high {high:g}", "low <= best <= high")
    return low, best, high


def _number(key: str, node: yaml.ScalarNode, fault: Say) -> float:
    if node.style or not _NUMBER.fullmatch(node.value):
        fault(f"{key} is {node.value!r}", "a number such as 0.35")
        return math.nan
    return float(node.value)


def _check_range(parameter: Parameter, fault: Say) -> None:
    """Order of the range, the distribution that belongs to it, and chances within 0 and 1."""
    low, best, high = parameter.low, parameter.best, parameter.high
    if not low <= best <= high:
        fault(f"low {low:g}, best {best:g}, high {high:g}", "low <= best <= high")
        return
    wide = is_wide(low, high)
    wanted = "fixed" if low == high else "log-triangular" if wide else "triangular"
    if parameter.distribution in DISTRIBUTIONS and parameter.distribution != wanted:
        what = f"distribution is {parameter.distribution} for {low:g} to {high:g}"
        fault(what, f"{wanted}: fixed without a range, log-triangular if high/low > {WIDE:g}")
    if parameter.unit.startswith(("chance", "share")) and not (low >= 0.0 and high <= 1.0):
        fault(f"a {parameter.unit.split()[0]} from {low:g} to {high:g}", "within 0 and 1")
