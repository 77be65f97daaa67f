"""What there is to read, before it is text, HTML, Markdown or JSON.

A document is a sequence of blocks. Cells of tables are values; the column says how they read, so
that a number has one notation wherever it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is that of a page."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Prose; a warning is marked as one."""

    text: str
    kind: Literal["plain", "warning"] = "plain"


@dataclass(frozen=True)
class Items:
    """A list, with a line above it if it has a title."""

    items: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True)
class Code:
    """Lines that stay as they are, such as a command or a file, and what they are."""

    text: str
    title: str = ""


@dataclass(frozen=True)
class Picture:
    """A chart: what it shows in words, and its address (a path, or data)."""

    title: str
    source: str


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its head.
        kind: `name`, to the left and repeated where a table is cut; `label`, the same, but never
            shortened; `text`, to the left, broken into lines where it must; `prose`, sentences,
            which have the rest of the width, a line break between those that stand apart;
            `figure`, to the right.
        form: How a cell reads.
    """

    name: str
    kind: Literal["name", "label", "text", "prose", "figure"] = "figure"
    form: Callable[[Any], str] = str


@dataclass(frozen=True)
class Table:
    """Rows of values under columns.

    Attributes:
        columns: The columns; if none has a name, there is no head.
        rows: A value for each column.
        title: What it shows.
        notes: What its marks mean.
        brief: The same with less, for where it is too wide.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    brief: Table | None = None

    @property
    def header(self) -> list[str]:
        """The heads."""
        return [column.name for column in self.columns]

    def texts(self) -> list[list[str]]:
        """The cells as they read."""
        return [
            [column.form(cell) for column, cell in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]


Block = Heading | Paragraph | Items | Code | Picture | Table
Document = Sequence[Block]


def table(
    title: str,
    header: Sequence[str | Column],
    rows: Iterable[Sequence[Any]],
    names: int = 1,
    notes: Iterable[str] = (),
) -> Table:
    """A table of which the first `names` columns are names and the others figures."""
    columns = [
        head if isinstance(head, Column) else Column(head, "name" if i < names else "figure")
        for i, head in enumerate(header)
    ]
    return Table(tuple(columns), tuple(tuple(row) for row in rows), title, tuple(notes))
