"""The register of parameters: every number of the rules, read from parameters.yaml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from camphandover.errors import Fault, close_matches
from camphandover.facts.records import Evidence, wrong
from camphandover.facts.tables import told

FILE = "parameters.yaml"
LAST_RULE = {1: 7, 2: 7, 3: 4, 4: 6, 5: 8, 6: 6, 7: 4, 8: 2, 9: 3, 10: 1}
"""Number of rules in each chapter: 1 to 9 of RULES, 10 of ODD (what the record says of a run)."""
RULES = frozenset(f"R{chapter}.{n}" for chapter, k in LAST_RULE.items() for n in range(1, k + 1))
WIDE = 5.0
"""A positive range wider than this ratio is sampled on the log scale (RULES, section 0)."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


def is_wide(low: float, high: float) -> bool:
    """Whether a range is sampled on the log scale. Source: RULES, section 0."""
    return low > 0.0 and high > WIDE * low * (1.0 + 1e-9)


def _name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise wrong("is not a name in snake_case", "such as ied_rate")
    return name


def _rule(rule: str) -> str:
    if rule not in RULES:
        raise wrong(f"rule is {rule!r}", close_matches(rule, RULES))
    return rule


Words = Annotated[str, Field(min_length=1, description="say what it is")]


class Parameter(BaseModel):
    """A number of the rules with its range and where it comes from.

    Attributes:
        unit: What the number counts.
        low, best, high: The range to sample, and the value of a run that samples nothing.
        prior: The same three as they were set without events after 17 September 2023; `None` if
            they are the same. A hindsight value has them.
        distribution: `fixed`, `triangular`, or `log-triangular` (if high/low > 5).
        evidence: L literature, E event known on 17 Sep 2023, H hindsight, J judgement.
        rule: Number of its rule in RULES.
        source: Reference; tags in brackets are those of RULES.
        note: More to know; may be empty.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_name)]
    unit: Words
    low: float
    best: float
    high: float
    distribution: Literal["fixed", "triangular", "log-triangular"]
    evidence: Evidence
    rule: Annotated[str, AfterValidator(_rule)]
    source: Words
    note: str = ""
    prior: tuple[float, float, float] | None = Field(
        default=None, description="three numbers: prior: [low, best, high]"
    )

    @model_validator(mode="after")
    def _range(self) -> Parameter:
        """Order of the ranges, the distribution that belongs to them, chances within 0 and 1."""
        for of, (low, best, high) in (("", self.known("")), ("prior: ", self.known("prior"))):
            if not low <= best <= high:
                what = f"{of}low {low:g}, best {best:g}, high {high:g}"
                raise wrong(what, "low <= best <= high")
        low, high = self.low, self.high
        wide = is_wide(low, high)
        wanted = "fixed" if low == high else "log-triangular" if wide else "triangular"
        if self.distribution != wanted:
            what = f"distribution is {self.distribution} for {low:g} to {high:g}"
            right = f"{wanted}: fixed without a range, log-triangular if high/low > {WIDE:g}"
            raise wrong(what, right)
        if self.unit.startswith(("chance", "share")) and not (low >= 0.0 and high <= 1.0):
            raise wrong(f"a {self.unit.split()[0]} from {low:g} to {high:g}", "within 0 and 1")
        if (self.evidence == "H") != (self.prior is not None):
            what = f"evidence {self.evidence} and {'a' if self.prior else 'no'} prior"
            right = "a hindsight value (H), and no other, has prior: [low, best, high]"
            raise wrong(what, right)
        return self

    @property
    def is_of_record(self) -> bool:
        """Whether it is of the record and not of a run: no run is changed by it."""
        return self.rule.startswith("R10.")

    def known(self, evidence: str) -> tuple[float, float, float]:
        """(low, best, high) of a set of parameters: `prior` or `hindcast`."""
        if evidence == "prior" and self.prior is not None:
            return self.prior
        return self.low, self.best, self.high

    @property
    def widest(self) -> tuple[float, float]:
        """Least and greatest value in either set."""
        values = (self.low, self.high, *(self.prior or ()))
        return min(values), max(values)


def read_parameters(folder: Path, faults: list[Fault]) -> dict[str, Parameter]:
    """All parameters by name, in the file's order.

    Numbers are taken as written (`010` is ten, not eight). A name or key that stands twice is a
    fault.

    Args:
        folder: The theatre's folder.
        faults: Takes what is wrong.
    """

    def fault(where: str, what: str, right: str) -> None:
        faults.append(Fault(FILE, where, what, right))

    def pairs(node: yaml.MappingNode, owner: str = "") -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                where = f"{owner or name}, line {key.start_mark.line + 1}"
                fault(where, f"{name} stands twice", "each name and key once")
            found.setdefault(name, value)
        return found

    try:
        root = yaml.compose((folder / FILE).read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as error:
        fault("", f"cannot be read: {error.strerror}", "it has to be there")
        return {}
    except yaml.YAMLError as error:
        fault("", f"is not YAML: {' '.join(str(error).split())}", "one line for each parameter")
        return {}
    if not isinstance(root, yaml.MappingNode):
        fault("", "has no parameters", "name: {unit: ..., low: ..., ...}")
        return {}
    parameters: dict[str, Parameter] = {}
    for name, node in pairs(root).items():
        if not isinstance(node, yaml.MappingNode):
            fault(name, "is not a mapping", "{unit: ..., low: ..., best: ..., high: ..., ...}")
            continue
        values = {key: _plain(value) for key, value in pairs(node, name).items()}
        try:
            parameters[name] = Parameter.model_validate({**values, "name": name})
        except ValidationError as error:
            for detail in error.errors():
                fault(name, *told(Parameter, dict(detail), "missing"))
    return parameters


def _plain(node: yaml.Node) -> Any:
    """A number, text or tuple; a mapping as a list."""
    if isinstance(node, yaml.ScalarNode):
        is_number = not node.style and _NUMBER.fullmatch(node.value)
        return float(node.value) if is_number else node.value
    return tuple(map(_plain, node.value)) if isinstance(node, yaml.SequenceNode) else node.value
