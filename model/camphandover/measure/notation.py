"""How numbers, intervals, dates and lists read: one notation of each for all that is said."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from camphandover.libraries import pd
from camphandover.measure.intervals import Interval

NONE = "-"
SET = "*"
"""What marks a part of a pattern that the scenario sets itself."""
HEAD = 10
"""Letters of a line of a column's head, where heads must be broken."""
NEVER = "never"
NAMES = {
    "army": "the army",
    "wagner": "Wagner",
    "separatists": "the separatists",
    "gsim": "GSIM",
    "minusma": "the UN",
    "partners": "the partners",
    "burkina": "Burkina Faso",
    "niger": "Niger",
    "nobody": "nobody",
    "joint": "a joint unit",
    "other": "a joint unit or nobody",
}
"""Holders, sides and partners in words; batches of format 4 tell a joint unit and nobody by one
name, `other`."""


def named(who: str) -> str:
    """A holder, side or partner as it stands in a sentence: `the army`, `nobody`."""
    return NAMES.get(who, who)


def number(value: float, digits: int = 0) -> str:
    """A number without a sign if it is nothing; `-` if there is none."""
    if math.isnan(value):
        return NONE
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def percent(share: float) -> str:
    """A share as `66`, in %, halves up."""
    return NONE if math.isnan(share) else number(math.floor(100 * share + 0.5))


def chance(p: float) -> str:
    """A chance as `0.42 %`: two digits, and never 0 % or 100 % of what is only nearly so."""
    share = 100 * p
    if 0 < share < 0.01:
        return "under 0.01 %"
    if 99.9 < share < 100:
        return "over 99.9 %"
    if 99.5 <= share < 100:
        return f"{share:.1f} %"
    return f"{share:.0f} %" if share >= 9.95 or share == 0 else f"{share:.2g} %"


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


def day(value: Any, none: str = NEVER, form: str = "%b %Y") -> str:
    """A date as `7 Oct 2023`, or with month and year in another form; `none` if there is none."""

    if value is None or pd.isna(value):
        return none
    return f"{value.day} {value:{form}}" if isinstance(value, date) else str(value)


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


def broken_name(name: str) -> list[str]:
    """A name in lines of at most `HEAD` letters, broken after hyphens and commas."""
    pieces = re.sub(r"([-,=])", "\\1\0", name).split("\0")
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(lines[-1] + piece) > HEAD:
            lines.append("")
        lines[-1] += piece
    return [part for line in lines for part in textwrap.wrap(line.rstrip("-"), HEAD) or [""]]
