"""Tables of a terminal's width: scenarios side by side, with long names broken into lines."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

WIDTH = 120
GAP = 2
HEAD = 10
"""Letters of a line of a column's head."""
NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Section:
    """A table: its title, the heads of its columns (the first is of the labels), its rows."""

    title: str
    header: list[str]
    body: list[list[str]]
    notes: list[str]
    is_text: bool = False


def tables(
    names: tuple[str, ...],
    fixed: Callable[[bool], dict[str, list[str]]],
    column: Callable[[str, bool], list[str]],
    width: int | None,
) -> Iterator[tuple[bool, tuple[str, ...], list[str], list[list[str]]]]:
    """The scenarios beside each other, if need be without their intervals or in several tables.

    Args:
        names: Of the scenarios.
        fixed: Columns that stand at the left of each table by their heads, with intervals or brief.
        column: The cells of a scenario, likewise.
        width: Of the text; all beside each other if there is none.
    Returns:
        Whether it is brief, the names of each table, its header and its body.
    """
    brief, at_once = False, len(names)
    if width is not None:
        for brief in (False, True):
            gap = GAP - brief
            left = sum(_width(head, cells) + gap for head, cells in fixed(brief).items())
            wide = [_width(name, column(name, brief)) + gap for name in names]
            if left + sum(wide) <= width + gap:
                break
        else:
            at_once = max(1, (width + gap - left) // max(wide))
    for i in range(0, len(names), at_once):
        some = names[i : i + at_once]
        columns = fixed(brief) | {name: column(name, brief) for name in some}
        body = [list(row) for row in zip(*columns.values(), strict=True)]
        yield brief, some, list(columns), body


def _width(head: str, cells: list[str]) -> int:
    return max(map(len, [*broken(head), *cells]))


def broken(name: str) -> list[str]:
    """A name in lines of at most `HEAD` letters, broken after hyphens and commas."""
    pieces = name.replace("-", "-\0").replace(",", ",\0").replace("=", "=\0").split("\0")
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(lines[-1] + piece) > HEAD:
            lines.append("")
        lines[-1] += piece
    return [part for line in lines for part in textwrap.wrap(line.rstrip("-"), HEAD) or [""]]


def aligned(header: list[str], body: list[list[str]], is_text: bool = False) -> list[str]:
    """Labels to the left, figures to the right, heads in lines, a rule below them."""
    if is_text:
        body = [line for row in body for line in _wrapped(row)]
    heads = [[name] for name in header] if is_text else [broken(name) for name in header]
    heads[0] = [header[0]]
    height = max(map(len, heads))
    tops = [[""] * (height - len(head)) + head for head in heads]
    rows = [list(row) for row in zip(*tops, strict=True)] + body
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    gap = GAP if sum(widths) + GAP * (len(widths) - 1) <= WIDTH else 1
    lines = [
        (" " * gap)
        .join(
            cell.ljust(width) if i == 0 or is_text else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in rows
    ]
    lines.insert(height, "-" * max(map(len, lines)))
    return lines


def _wrapped(row: list[str]) -> list[list[str]]:
    """A row of texts as several lines, none wider than the terminal."""
    room = (WIDTH - len(row[0])) // (len(row) - 1) - GAP
    cells = [[row[0]], *(_lines(cell, room) for cell in row[1:])]
    height = max(map(len, cells))
    filled = [cell + [""] * (height - len(cell)) for cell in cells]
    return [list(line) for line in zip(*filled, strict=True)]


def _lines(text: str, room: int) -> list[str]:
    """A text in lines; what a comma does not part stays together."""
    whole = text.replace(" ", NO_BREAK).replace(f",{NO_BREAK}", ", ")
    lines = textwrap.wrap(whole, room, break_on_hyphens=False)
    return [line.replace(NO_BREAK, " ") for line in lines]
