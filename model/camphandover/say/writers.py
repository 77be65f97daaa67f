"""A document as text for the terminal, as HTML and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from html import escape

from camphandover.measure.notation import broken_name
from camphandover.say.document import (
    Block,
    Code,
    Document,
    Heading,
    Items,
    Paragraph,
    Picture,
    Table,
)

WIDTH = 120
"""Columns of a terminal."""
PAGE = 116
"""Columns of a line of Markdown; tables and commands may be wider."""
SHORTEST = 8
"""Letters that a name keeps where a table is too wide."""
LEAST = 40
"""Letters of a line of prose beside other columns, at least."""
NO_BREAK = "\N{NO-BREAK SPACE}"


# --- text --------------------------------------------------------------------------------


def text(document: Document, width: int = WIDTH) -> str:
    """Plain text of at most `width` columns; wide tables stand closer, or in parts."""
    blocks = ["\n".join(_text_of(block, width)) for block in document]
    return "\n\n".join(block for block in blocks if block)


def _text_of(block: Block, width: int) -> list[str]:
    match block:
        case Heading():
            return [*textwrap.wrap(block.text, width), "=" * min(len(block.text), width)]
        case Paragraph():
            lead = "WARNING: " * (block.kind == "warning")
            return _wrap(lead + block.text, width)
        case Items():
            items = [line for item in block.items for line in _wrap(f"- {item}", width, "  ")]
            return [*_wrap(block.title, width), *items]
        case Code():
            return [*[f"{block.title}:"] * bool(block.title), *block.text.splitlines()]
        case Picture():
            return [f"{block.title}: {block.source}"]
        case Table():
            return _text_table(block, width)


def _wrap(text: str, width: int, indent: str = "") -> list[str]:
    """The lines of a text; a number and its per cent sign stay together."""
    bound = text.replace(" %", f"{NO_BREAK}%")
    lines = textwrap.wrap(bound, width, subsequent_indent=indent, break_on_hyphens=False)
    return [line.replace(NO_BREAK, " ") for line in lines]


def _text_table(table: Table, width: int) -> list[str]:
    title = _wrap(table.title, width)
    if table.brief is not None and _needed(table, broken=True, gap=1) > width:
        return _text_table(table.brief, width)
    parts = [part for one in _cut(table, width) for part in ["", *aligned(one, width)]][1:]
    notes = [line for note in table.notes for line in _wrap(note, width, "  ")]
    return [*title, *parts, *notes]


def _needed(table: Table, *, broken: bool, gap: int) -> int:
    """How wide a table is."""
    sizes = _sizes(table, broken)
    return sum(sizes) + gap * (len(sizes) - 1)


def _sizes(table: Table, broken: bool) -> list[int]:
    columns = zip(*table.texts(), strict=True) if table.rows else ((),) * len(table.columns)
    most = [LEAST if column.kind == "prose" else 10**6 for column in table.columns]
    return [
        max([*map(len, head), min(max(map(len, cells), default=0), limit), 1])
        for head, cells, limit in zip(_heads(table, broken), columns, most, strict=True)
    ]


def _heads(table: Table, broken: bool) -> list[list[str]]:
    return [
        broken_name(column.name) if broken and column.kind == "figure" else [column.name]
        for column in table.columns
    ]


def _cut(table: Table, width: int) -> Iterator[Table]:
    """A table as several of which each fits, with the names at the left of each."""
    sizes = _sizes(table, broken=True)
    names = [i for i, column in enumerate(table.columns) if column.kind in ("name", "label")]
    others = [i for i in range(len(sizes)) if i not in names]
    if not others or any(table.columns[i].kind in ("text", "prose") for i in others):
        yield table
        return
    if table.columns[0].kind == "name":
        sizes[0] = min(sizes[0], SHORTEST)
    left = sum(sizes[i] + 1 for i in names) - bool(names)
    while others:
        used, taken = left, 0
        while taken < len(others) and (used := used + 1 + sizes[others[taken]]) <= width:
            taken += 1
        some, others = others[: max(taken, 1)], others[max(taken, 1) :]
        kept = [*names, *some]
        rows = tuple(tuple(row[i] for i in kept) for row in table.rows)
        yield Table(tuple(table.columns[i] for i in kept), rows)


def aligned(table: Table, width: int = WIDTH) -> list[str]:
    """The columns below each other, names to the left, figures to the right, a rule below heads.

    Where they do not fit, heads are broken into lines, columns stand closer, texts are broken
    into lines, and the first names lose their middle. Prose has the room that the others leave.
    """
    tries = ((False, 2), (True, 2), (True, 1))
    broken, gap = next(
        (one for one in tries if _needed(table, broken=one[0], gap=one[1]) <= width), tries[-1]
    )
    sizes, body = _sizes(table, broken), table.texts()
    excess = sum(sizes) + gap * (len(sizes) - 1) - width
    texts = [i for i, column in enumerate(table.columns) if column.kind == "text"]
    if excess > 0 and texts:
        kept = sum(size for i, size in enumerate(sizes) if i not in texts)
        room = (width - gap * (len(sizes) - 1) - kept) // len(texts)
        sizes = [min(size, room) if i in texts else size for i, size in enumerate(sizes)]
    elif excess > 0 and table.columns[0].kind == "name":
        sizes[0] = max(sizes[0] - excess, min(sizes[0], SHORTEST))
        body = [[shortened(row[0], sizes[0]), *row[1:]] for row in body]
    prose = [i for i, column in enumerate(table.columns) if column.kind == "prose"]
    for i in prose:
        sizes[i] += max(-excess, 0) // len(prose)
    lines = [line for row in body for line in _row(row, sizes, texts, prose)]
    heads = _heads(table, broken)
    height = max(map(len, heads))
    tops = zip(*([""] * (height - len(head)) + head for head in heads), strict=True)
    left = [column.kind != "figure" for column in table.columns]
    found = [_line(cells, sizes, left, gap) for cells in [*map(list, tops), *lines]]
    if not any(table.header):
        return found[height:]
    found.insert(height, "-" * max(map(len, found)))
    return found


def _row(
    row: Sequence[str], sizes: Sequence[int], texts: Sequence[int], prose: Sequence[int]
) -> list[list[str]]:
    """A row in lines: texts are broken where they are too long; a comma parts them first."""
    cells = [[cell] for cell in row]
    for i in prose:
        cells[i] = [line for part in row[i].splitlines() for line in _wrap(part, sizes[i])] or [""]
    for i in texts:
        whole = row[i].replace(" ", NO_BREAK).replace(f",{NO_BREAK}", ", ")
        lines = textwrap.wrap(whole, sizes[i], break_on_hyphens=False) or [""]
        cells[i] = [line.replace(NO_BREAK, " ") for line in lines]
    height = max(map(len, cells))
    filled = [cell + [""] * (height - len(cell)) for cell in cells]
    return [list(line) for line in zip(*filled, strict=True)]


def _line(cells: Sequence[str], sizes: Sequence[int], left: Sequence[bool], gap: int) -> str:
    put = (
        cell.ljust(size) if is_left else cell.rjust(size)
        for cell, size, is_left in zip(cells, sizes, left, strict=True)
    )
    return (" " * gap).join(put).rstrip()


def shortened(name: str, width: int) -> str:
    """A name without its middle, if it is too long: points of a sweep differ at their end."""
    if len(name) <= width:
        return name
    begin = (width - 3) // 3
    return f"{name[:begin]}...{name[len(name) - (width - 3 - begin) :]}"


# --- HTML --------------------------------------------------------------------------------


def html(document: Document) -> str:
    """HTML, all texts escaped."""
    return "\n".join(map(_html_of, document))


def notebook(document: Document) -> str:
    """HTML in which a notebook takes no `$` for the begin of a formula."""
    return f'<div class="tex2jax_ignore mathjax_ignore">{html(document)}</div>'


def _html_of(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
        case Paragraph(kind="warning"):
            return f"<p><b>Warning: {escape(block.text)}</b></p>"
        case Paragraph():
            return f"<p>{escape(block.text)}</p>"
        case Items():
            title = f"<p>{escape(block.title)}</p>" if block.title else ""
            return f"{title}<ul>{''.join(f'<li>{escape(item)}</li>' for item in block.items)}</ul>"
        case Code():
            code = f"<pre>{escape(block.text)}</pre>"
            title = f"<summary>{escape(block.title)}</summary>"
            return f"<details>{title}{code}</details>" if block.title else code
        case Picture():
            return f'<img src="{escape(block.source)}" alt="{escape(block.title)}">'
        case Table():
            return _html_table(block)


def _html_table(table: Table) -> str:
    kinds = ["" if column.kind != "figure" else ' class="figure"' for column in table.columns]

    def row(cells: Sequence[str], tag: str) -> str:
        put = zip(kinds, cells, strict=True)
        return f"<tr>{''.join(f'<{tag}{k}>{escape(cell)}</{tag}>' for k, cell in put)}</tr>"

    body = "".join(row(cells, "td") for cells in table.texts())
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    head = f"<thead>{row(table.header, 'th')}</thead>" if any(table.header) else ""
    return (
        f"<table><caption>{escape(table.title)}</caption>{head}<tbody>{body}</tbody></table>{notes}"
    )


# --- Markdown ----------------------------------------------------------------------------


def markdown(document: Document) -> str:
    """Markdown; the texts of paragraphs, items and cells may hold marks of their own."""
    return "\n\n".join(map(_markdown_of, document)) + "\n"


def _markdown_of(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {block.text}"
        case Paragraph():
            return filled("**Warning:** " * (block.kind == "warning") + block.text)
        case Items():
            items = "\n".join(filled(f"- {item}", "  ") for item in block.items)
            return f"{filled(block.title)}\n\n{items}" if block.title else items
        case Code():
            return f"{block.title}:\n\n" * bool(block.title) + f"```\n{block.text}\n```"
        case Picture():
            return f"![{block.title}]({block.source})"
        case Table():
            notes = [filled(note) for note in block.notes]
            title = [filled(block.title)] if block.title else []
            return "\n\n".join([*title, _markdown_table(block), *notes])


def _markdown_table(table: Table) -> str:
    rule = ["-:" if column.kind == "figure" else "-" for column in table.columns]
    rows = [table.header, rule, *table.texts()]
    return "\n".join(f"| {' | '.join(map(_cell, cells))} |" for cells in rows)


def _cell(text: str) -> str:
    """A cell on one line; a stroke that would end it is escaped, unless it is already."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.splitlines()))


def filled(line: str, indent: str = "") -> str:
    """A paragraph, or an item whose further lines are indented, in lines of `PAGE` columns."""
    return textwrap.fill(
        " ".join(line.split()),
        PAGE,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def literal(text: str) -> str:
    """A text of a user in Markdown: signs that it would take for its own are letters."""
    return re.sub(r"([\\`*{}\[\]<>#|$~&]|\b_|_\b)", r"\\\1", text)


def code(text: str) -> str:
    """A text of a user as code, between more backticks than it holds in a row."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence, gap = "`" * (longest + 1), " " * (longest > 0)
    return f"{fence}{gap}{text}{gap}{fence}"
