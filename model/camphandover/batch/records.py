"""Given records of parameters: of a calibrated set, or the points of a design.

Replicate r of a batch takes record r modulo their number, so any number of runs can be made of
them. The file is JSON, to be read by people and kept under version control.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover import inputs
from camphandover.batch.files import write_json
from camphandover.errors import BatchError

if TYPE_CHECKING:
    import numpy as np

    from camphandover.facts import Parameter

FORMAT = 1
EVIDENCE = ("hindcast", "prior")
SHIPPED = Path(__file__).resolve().with_name("calibrated")
"""Sets that come with the package: `hindcast.json` and `prior.json`."""


@dataclass(frozen=True, eq=False)
class Records:
    """Records of parameters that replicates take in turn.

    Attributes:
        name: What they are called, such as `hindcast`.
        evidence: The set of parameters whose best values all others have: `prior`, `hindcast`.
        names: The parameters that they give.
        values: Their values, float64, shape (record, parameter).
        is_paired: Whether replicate r has the luck of draw r // records, so that all records meet
            the same draws; otherwise each replicate has luck of its own.
        made: How they were made, such as the acceptance rule: JSON values by name.
    """

    name: str
    evidence: str
    names: tuple[str, ...]
    values: np.ndarray
    is_paired: bool = False
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of records, at least 1."""
        return len(self.values)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of what decides the runs: evidence, names, values, pairing."""
        import numpy as np

        head = json.dumps([self.evidence, self.names, self.n, self.is_paired])
        data = np.ascontiguousarray(self.values, dtype="<f8").tobytes()
        return hashlib.sha256(head.encode() + data).hexdigest()

    def of(self, replicate: int) -> dict[str, float]:
        """The values that a replicate takes."""
        row = self.values[replicate % self.n]
        return dict(zip(self.names, map(float, row), strict=True))

    def draw(self, replicate: int) -> int:
        """The number whose luck a replicate has."""
        return replicate // self.n if self.is_paired else replicate

    def told(self) -> dict[str, Any]:
        """What a batch keeps of them in its identity."""
        return {"name": self.name, "n": self.n, "digest": self.digest, "paired": self.is_paired}

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        content = {
            "format": FORMAT,
            "name": self.name,
            "evidence": self.evidence,
            "paired": self.is_paired,
            "made": dict(self.made),
            "parameters": list(self.names),
            "records": [[float(value) for value in row] for row in self.values],
        }
        write_json(path, content)


def find_records(name: str | Path) -> Records:
    """The records of a file, or of a set that comes with the package.

    Args:
        name: Path of the file, or `hindcast` or `prior`.
    Errors:
        BatchError that says what of the file is wrong.
    """
    path = inputs.path("parameters", name)
    shipped = {file.stem: file for file in sorted(SHIPPED.glob("*.json"))}
    if not path.exists() and str(name) in shipped:
        path = shipped[str(name)]
    if not path.is_file():
        known = f", or the name of a shipped set: {', '.join(shipped)}" if shipped else ""
        raise BatchError(f"--parameters {path}: a file of parameter records is needed{known}.")
    return read_records(path)


def read_records(path: Path) -> Records:
    """Read a file of records and hold each to the register of parameters.

    Errors:
        BatchError that names the file, the record, the parameter and what would be right.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BatchError(f"{path} is not a file of parameter records: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BatchError(
            f"{path} is not a file of parameter records of format {FORMAT}; "
            "`camphandover calibrate` makes one."
        )
    name, evidence = content.get("name"), content.get("evidence")
    if not isinstance(name, str) or evidence not in EVIDENCE:
        raise BatchError(f"{path}: a name and an evidence ({' or '.join(EVIDENCE)}) are needed.")
    names = _names(path, content.get("parameters"))
    values = _values(path, names, content.get("records"))
    made = content.get("made")
    is_paired = content.get("paired", False)
    if not isinstance(made, dict) or not isinstance(is_paired, bool):
        raise BatchError(f"{path}: made is a mapping and paired true or false.")
    return Records(name, evidence, names, values, is_paired, made)


def records_of(
    name: str,
    evidence: str,
    records: Sequence[Mapping[str, float]],
    is_paired: bool = False,
    made: Mapping[str, Any] | None = None,
) -> Records:
    """Records from mappings that all name the same parameters.

    Errors:
        BatchError if there is none, they differ in what they name, or a value is out of range.
    """
    rows = [dict(record) for record in records]
    names = list(rows[0]) if rows else []
    if any(set(row) != set(names) for row in rows):
        raise BatchError(f"the records of {name} do not all name the same parameters.")
    checked = _names(Path(name), names)
    values = _values(Path(name), checked, [[row[key] for key in names] for row in rows])
    return Records(name, evidence, checked, values, is_paired, dict(made or {}))


def _names(path: Path, names: Any) -> tuple[str, ...]:
    from camphandover import facts
    from camphandover.errors import close_matches

    register = facts.load().parameters
    if not isinstance(names, list) or len(set(map(str, names))) != len(names):
        raise BatchError(f"{path}: parameters is a list of names, each once.")
    for name in names:
        if name not in register:
            hint = close_matches(str(name), list(register))
            raise BatchError(f"{path}: there is no parameter {name!r}: {hint}.")
    return tuple(names)


def _values(path: Path, names: tuple[str, ...], records: Any) -> np.ndarray:
    import numpy as np

    from camphandover import facts

    if not isinstance(records, list) or not records:
        raise BatchError(f"{path}: records is a list with at least one record.")
    register = facts.load().parameters
    for number, row in enumerate(records, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            raise BatchError(f"{path}: record {number} has not one value for each parameter.")
        for name, value in zip(names, row, strict=True):
            _check_value(f"{path}: record {number}", register[name], value)
    return np.array(records, dtype=float).reshape(len(records), len(names))


def _check_value(where: str, parameter: Parameter, value: Any) -> None:
    inputs.number(f"{where}: {parameter.name}", value, *parameter.widest, unit=parameter.unit)
