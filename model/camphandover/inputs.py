"""What all public functions take alike: whole numbers, numbers, days, paths, words.

Single values of NumPy, pandas and xarray are as good as Python's own. A truth value is no number.
"""

import math
import operator
import os
import re
import sys
from collections.abc import Iterable
from datetime import date, datetime
from numbers import Real
from pathlib import Path
from typing import Any

from camphandover.errors import BatchError

MOST_SHOWN = 80
"""Characters of a faulty value that a message repeats."""


def whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number from `low` to `high`, of any integer type.

    Errors:
        BatchError that names the value, what it is, and the range.
    """
    plain = _number(value)
    try:
        if not isinstance(plain, bool) and low <= operator.index(plain) <= high:
            return operator.index(plain)
    except TypeError:
        pass
    raise BatchError(f"{name} is {shown(value)}: a whole number from {low} to {high} is needed.")


def number(
    name: str, value: Any, low: float, high: float, unit: str = "", *, above: bool = False
) -> float:
    """A number from `low`, or above it, to `high`, of any real type.

    Errors:
        BatchError that names the value, what it is, and the range.
    """
    plain = _number(value)
    is_real = isinstance(plain, Real) and not isinstance(plain, bool)
    if is_real and low <= plain <= min(high, sys.float_info.max) and not (above and plain == low):
        return float(plain)
    right = f"{'above' if above else 'from'} {low:g}"
    right += f" to {high:g}" if math.isfinite(high) else ""
    right += f" ({unit})" if unit else ""
    raise BatchError(f"{name} is {shown(value)}: a number {right} is needed.")


def day(name: str, value: Any, first: date | None = None, last: date | None = None) -> date:
    """A day from `first` to `last`: text such as 2023-11-15, a date, or a time, whose day counts.

    Errors:
        BatchError that names the value and what would be right.
    """
    found = _day(value)
    low, high = first or date.min, last or date.max
    if found is not None and low <= found <= high:
        return found
    right = f"from {low} to {high}" if first or last else "such as 2023-11-15"
    raise BatchError(f"{name} is {found or shown(value)}: a day {right} is needed.")


def day_of(text: str) -> date:
    """The day that a text such as 2023-11-15 names.

    Errors:
        ValueError; its text tells what is wrong with a date of that form, and is empty for a text
        of another form.
    """
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError
    return date.fromisoformat(text)


def path(name: str, value: Any) -> Path:
    """A path from text or a path, `~` being the user's home.

    Errors:
        BatchError if it is neither, or empty, or there is no such home.
    """
    try:
        text = os.fspath(value)
        if isinstance(text, str) and text:
            return Path(text).expanduser()
    except (TypeError, RuntimeError):
        pass
    raise BatchError(f"{name} is {shown(value)}: the path of a file or folder is needed.")


def choice(name: str, value: Any, known: Iterable[str]) -> str:
    """One of some words.

    Errors:
        BatchError that names the value and all that is known.
    """
    words = list(known)
    if isinstance(value, str) and value in words:
        return value
    raise BatchError(f"{name} is {shown(value)}: one of {', '.join(words)} is needed.")


def _number(value: Any) -> Any:
    """Python's own number or truth value for a single one of NumPy or xarray."""
    return value.item() if _kind(value) in tuple("biuf") and value.ndim == 0 else value


def _kind(value: Any) -> str:
    """NumPy's letter for the type of a value; empty if it has none."""
    return str(getattr(getattr(value, "dtype", None), "kind", ""))


def plain(value: Any) -> Any:
    """Python's own number, day, text or list for a value of a library, a time, a path or a range.

    Anything else stays what it is.
    """
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, range) or getattr(value, "ndim", 0) == 1:
        return list(value)
    return _day(value) if isinstance(value, datetime) or _kind(value) == "M" else _number(value)


def shown(value: Any) -> str:
    """What was given, on one line of a message, cut off if it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _day(value: Any) -> date | None:
    """The day of a value; `None` if it has none."""
    if _kind(value) == "M" and value.ndim == 0:
        import numpy as np

        value = np.asarray(value).astype("datetime64[D]").item()
    try:
        if isinstance(value, str):
            return day_of(value)
        if isinstance(value, datetime):
            return value.date() if value == value else None  # pandas's NaT is a datetime, too
    except ValueError:
        return None
    return value if isinstance(value, date) else None
