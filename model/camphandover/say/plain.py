"""Results as JSON holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from camphandover.libraries import np, pd


def fields(result: Any) -> dict[str, Any]:
    """The public fields of a dataclass by their names."""
    names = (field.name for field in fields_of(result))
    return {name: getattr(result, name) for name in names if not name.startswith("_")}


def plain(value: Any) -> Any:
    """A value as JSON holds it: tables as lists of rows, dates as texts.

    What cannot be estimated (nan, infinite, missing) is null.
    """

    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset, pd.Series)):
        return [plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return plain(fields(value))
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (str, bool, Path)):
        return str(value) if isinstance(value, Path) else value
    item = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(item, float) and not math.isfinite(item) else item
