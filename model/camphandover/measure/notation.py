"""How numbers, intervals, dates and lists read: one notation of each for all that is said."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from camphandover.measure.intervals import Interval

NONE = "-"
NEVER = "never"


def number(value: float, digits: int = 0) -> str:
    """A number without a sign if it is nothing; `-` if there is none."""
    if math.isnan(value):
        return NONE
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def percent(share: float) -> str:
    """A share as `66`, in %, halves up."""
    return NONE if math.isnan(share) else number(math.floor(100 * share + 0.5))


def bounded(interval: Iterable[float], form: Callable[[float], str]) -> str:
    """`0.31 [0.12, 0.55]`; without the bounds if there are none, `-` without a value."""
    value, low, high = interval
    if math.isnan(value) or math.isnan(low):
        return form(value)
    return f"{form(value)} [{form(low)}, {form(high)}]"


def with_interval(digits: int = 2) -> Callable[[Iterable[float]], str]:
    """How an interval of numbers reads, as the form of a column."""
    return lambda interval: bounded(interval, lambda value: number(value, digits))


def percent_interval(interval: Iterable[float]) -> str:
    """A share with its interval as `66 [60, 71]`, in %."""
    return bounded(interval, percent)


def interval_of(row: Any, value: str, low: str = "low", high: str = "high") -> Interval:
    """The interval that stands in three columns of a row."""
    return Interval(float(row[value]), float(row[low]), float(row[high]))


def day(value: Any, none: str = NEVER) -> str:
    """A date as `7 Oct 2023`; `none` if there is none."""
    import pandas as pd

    if value is None or pd.isna(value):
        return none
    return f"{value.day} {value:%b %Y}" if isinstance(value, date) else str(value)


def counted(n: float, what: str) -> str:
    """`1 place`, `3 places`."""
    return f"{n:g} {what}" if n == 1 else f"{n:g} {what}s"


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a, b and c`; `none` of nothing."""
    found = list(words)
    if len(found) < 2:
        return "".join(found) or "none"
    return f"{', '.join(found[:-1])} {last} {found[-1]}"


def signed(days: int) -> str:
    """`-30`, `0`, `+15`."""
    return f"{days:+d}" if days else "0"
