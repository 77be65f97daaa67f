"""Given records of parameters: of a calibrated set, or the points of a design.

Replicate r of a batch takes record r modulo their number, so any number of runs can be made of
them. The file is JSON, to be read by people and kept under version control.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from camphandover import facts, inputs
from camphandover.batch.files import write_json
from camphandover.errors import BatchError, close_matches

FORMAT = 1
EVIDENCE = ("hindcast", "prior")
_ABOUT = f"a name and an evidence ({' or '.join(EVIDENCE)}) are needed."
_NOTES = "made is a mapping and paired true or false."
SHIPPED = Path(__file__).resolve().with_name("calibrated")
"""Sets that come with the package: `hindcast.json` and `prior.json`."""


class Records(BaseModel):
    """Records of parameters that replicates take in turn, as the file has them.

    Attributes:
        name: What they are called, such as `hindcast`.
        evidence: The set of parameters whose best values all others have: `prior`, `hindcast`.
        is_paired: Whether replicate r has the luck of draw r // records, so that all records meet
            the same draws; otherwise each replicate has luck of its own.
        made: How they were made, such as the acceptance rule: JSON values by name.
        names: The parameters that they give.
        values: Their values, float64, shape (record, parameter).
    """

    model_config = ConfigDict(strict=True, frozen=True)

    name: str = Field(description=_ABOUT)
    evidence: str = Field(pattern="^(hindcast|prior)$", description=_ABOUT)
    is_paired: bool = Field(False, alias="paired", description=_NOTES)
    made: dict[str, Any] = Field(description=_NOTES)
    names: tuple[str, ...] = Field(
        alias="parameters", strict=False, description="parameters is a list of names, each once."
    )
    values: Any = Field(alias="records", description="records is a list with at least one record.")

    @field_validator("names")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError
        check_names(names)
        return names

    @field_validator("values")
    @classmethod
    def _in_range(cls, records: Any, info: ValidationInfo) -> np.ndarray:
        if isinstance(records, np.ndarray):
            records = records.tolist()
        if not isinstance(records, list) or not records:
            raise ValueError
        names = info.data.get("names", ())
        for n, row in enumerate(records, start=1):
            if not isinstance(row, list) or len(row) != len(names):
                raise BatchError(f"record {n} has not one value for each parameter.")
            checked_values(dict(zip(names, row, strict=True)), f"record {n}: ")
        return np.array(records, dtype=float).reshape(len(records), len(names))

    @property
    def n(self) -> int:
        """Number of records, at least 1."""
        return len(self.values)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of what decides the runs: evidence, names, values, pairing."""
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
        content = {"format": FORMAT, **self.model_dump(by_alias=True)}
        write_json(path, {**content, "records": self.values.tolist()})


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
    return _checked(path, content)


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
    return _checked(name, {
        "name": name, "evidence": evidence, "paired": is_paired, "made": dict(made or {}),
        "parameters": names, "records": [[row[key] for key in names] for row in rows],
    })  # fmt: skip


def _checked(where: str | Path, content: dict[str, Any]) -> Records:
    """Records of the file's form; what is wrong with them is told after `where`."""
    try:
        return Records.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        told = first.get("ctx", {}).get("error")
        if not isinstance(told, BatchError):
            by_key = {one.alias or name: one for name, one in Records.model_fields.items()}
            told = by_key[str(first["loc"][0])].description
        raise BatchError(f"{where}: {told}") from None


def check_names(names: Iterable[str]) -> None:
    """Refuse a name that no parameter has, with those that are meant."""
    register = facts.load().parameters
    for name in names:
        if name not in register:
            raise BatchError(f"there is no parameter {name!r}: {close_matches(name, register)}.")


def checked_values(values: Mapping[str, Any], where: str = "") -> dict[str, float]:
    """Values of parameters, held to the register's names and ranges.

    Args:
        where: Begins what is told of a value.
    Errors:
        BatchError that names the parameter and what would be right.
    """
    check_names(values)
    register = facts.load().parameters
    return {
        name: inputs.number(where + name, value, *register[name].widest, unit=register[name].unit)
        for name, value in values.items()
    }
