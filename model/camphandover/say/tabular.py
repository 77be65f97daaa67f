"""Small tables as text and as HTML: what comparisons, scores and analyses show themselves with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def aligned(
    rows: Sequence[Sequence[str]], n_names: int | None = None, width: int | None = None
) -> list[str]:
    """Columns below each other, with a rule below the header.

    Args:
        rows: Cells, all rows of one length; the first row is the header.
        n_names: Columns of names, to the left; the others are figures, to the right. All to the
            left if not given.
        width: Where the columns do not fit into so many letters they stand closer.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    is_wide = width is not None and sum(widths) + 2 * len(widths) - 2 > width
    gap = " " if is_wide else "  "
    lines = [
        gap.join(
            cell.ljust(size) if n_names is None or i < n_names else cell.rjust(size)
            for i, (cell, size) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return lines


def html_table(caption: str, header: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """A table with its caption; all texts are escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>" for cells in body
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def for_notebook(parts: Iterable[str]) -> str:
    """HTML below each other, in which a notebook takes no `$` for the begin of a formula."""
    return '<div class="tex2jax_ignore mathjax_ignore">' + "\n".join(parts) + "</div>"
