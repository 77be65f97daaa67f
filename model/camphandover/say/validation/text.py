"""Markdown: tables, wrapped paragraphs, and numbers that carry their interval."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from camphandover.measure.intervals import Interval

WIDTH = 116
"""Columns of a line of text; tables and commands may be wider."""
NEVER = "never"
NONE = "-"
STROKE, SLASHED = re.compile(r"(?<!\\)\|"), r"\\|"
"""A stroke that would end a cell of a table, and what stands for it."""
_BARE = re.compile(r"^(\||#|```|!\[|<)")
"""Begins of blocks that are left as they are: tables, headings, commands, pictures, HTML."""


@dataclass(frozen=True)
class Table:
    """A table of Markdown.

    Attributes:
        header: Names of the columns.
        body: Cells of the rows.
        n_names: Columns at the left that hold words; figures follow.
    """

    header: list[str]
    body: list[list[str]]
    n_names: int = 1

    def __str__(self) -> str:
        """The table as Markdown, words to the left and figures to the right."""
        rule = ["-" if i < self.n_names else "-:" for i in range(len(self.header))]
        return "\n".join(_row(cells) for cells in [self.header, rule, *self.body])


def _row(cells: Sequence[str]) -> str:
    """A row of a table; a stroke in a cell, unless it is escaped, becomes one."""
    return f"| {' | '.join(re.sub(STROKE, SLASHED, cell) for cell in cells)} |"


def literal(text: str) -> str:
    """A text of a user in Markdown: signs that it would take for its own are letters."""
    return re.sub(r"([\\`*{}\[\]<>#|$~&]|\b_|_\b)", r"\\\1", text)


def code(text: str) -> str:
    """A text of a user as code, between more backticks than it holds in a row."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence, gap = "`" * (longest + 1), " " * (longest > 0)
    return f"{fence}{gap}{text}{gap}{fence}"


def wrapped(text: str) -> str:
    """Markdown with its paragraphs and items in lines of at most `WIDTH` columns.

    Blocks are parted by empty lines; what is between fences stays as it is.
    """
    blocks: list[str] = []
    fenced = False
    for block in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text.strip("\n")):
        is_code = fenced or block.startswith("```")
        fenced ^= block.count("```") % 2 == 1
        blocks.append(block if is_code or _BARE.match(block) else _filled(block))
    return "\n\n".join(blocks) + "\n"


def _filled(block: str) -> str:
    """A paragraph, or a list whose items begin with `- `, in lines."""
    items: list[str] = []
    for line in block.split("\n"):
        if line.startswith("- ") or not items:
            items.append(line)
        else:
            items[-1] += " " + line.strip()
    return "\n".join(_lines(" ".join(item.split())) for item in items)


def _lines(item: str) -> str:
    indent = "  " * item.startswith("- ")
    return textwrap.fill(
        item, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def number(value: float, digits: int) -> str:
    """A number without a sign if it is nothing; `-` if there is none."""
    if math.isnan(value):
        return NONE
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def bounded(interval: Interval, digits: int = 2) -> str:
    """`0.31 [0.12, 0.55]`; says so if there is no interval."""
    value, low, high = interval
    if math.isnan(value):
        return NONE
    if math.isnan(low):
        return f"{number(value, digits)} [no interval]"
    return f"{number(value, digits)} [{number(low, digits)}, {number(high, digits)}]"


def percent(interval: Interval) -> str:
    """A share as `66 [60, 71]`, in %."""
    value, low, high = (100 * part for part in interval)
    if math.isnan(value):
        return NONE
    low, value, high = (math.floor(part + 0.5) for part in (low, value, high))
    return f"{value:.0f} [{low:.0f}, {high:.0f}]"


def interval_of(row: Any, value: str, low: str = "low", high: str = "high") -> Interval:
    """The interval that stands in three columns of a row."""
    return Interval(float(row[value]), float(row[low]), float(row[high]))


def day(value: Any, none: str = NEVER) -> str:
    """A date as `7 Oct 2023`; `none` if there is none."""
    import pandas as pd

    if value is None or pd.isna(value):
        return none
    return f"{value.day} {value:%b %Y}" if isinstance(value, date) else str(value)


def counted(n: int, what: str) -> str:
    """`1 place`, `3 places`."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def listed(words: Iterable[str]) -> str:
    """`a, b and c`; `none` of nothing."""
    found = list(words)
    if len(found) < 2:
        return "".join(found) or "none"
    return f"{', '.join(found[:-1])} and {found[-1]}"
