"""The text of a scenario file: read, decoded and held to what any YAML text may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from camphandover.errors import Problem, ScenarioError

MAX_BYTES = 1_000_000

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_TEXT_HINT = "a scenario is a text file in UTF-8"


def content(path: Path, name: str) -> bytes:
    """The bytes of a file.

    Args:
        path: The file; at most `MAX_BYTES` long.
        name: How reports call it.
    Errors:
        ScenarioError if it is missing, a folder, no regular file, too large or unreadable.
    """

    def refuse(message: str, hint: str = "") -> ScenarioError:
        return ScenarioError([Problem(name, 0, 0, "", message, hint)])

    try:
        if path.is_dir():
            inside = sorted(p.name for p in path.glob("*.yaml"))
            hint = f"name a file in it: {', '.join(inside[:12])}" if inside else "name a YAML file"
            raise refuse("this is a folder, not a scenario file", hint)
        if not path.exists():
            near = sorted(p.name for p in path.parent.glob("*.yaml"))
            hint = f"the folder holds {', '.join(near[:12])}" if near else ""
            raise refuse("there is no such file", hint)
        if not path.is_file():
            raise refuse("this is not a regular file", "name a YAML file")
        if path.stat().st_size > MAX_BYTES:
            size = path.stat().st_size
            raise refuse(f"the file has {size} bytes", f"a scenario file has at most {MAX_BYTES}")
        return path.read_bytes()
    except ScenarioError:
        raise
    except (OSError, ValueError) as error:
        raise refuse(f"the file cannot be read: {error}") from None


def decode(data: bytes, name: str) -> str:
    """UTF-8 text; a ScenarioError points at the first byte that is none."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line_start = before.rfind(b"\n") + 1
        line = data[line_start:].split(b"\n", 1)[0].decode("utf-8", "replace")
        column = len(before[line_start:].decode("utf-8", "replace")) + 1
        byte = data[error.start]
        kind = "a binary file" if b"\0" in data else f"byte 0x{byte:02x} is not UTF-8"
        problem = Problem(name, before.count(b"\n") + 1, column, line, kind, _TEXT_HINT)
        raise ScenarioError([problem]) from None


def _faults(lines: tuple[str, ...]) -> Iterator[tuple[int, int, str, str]]:
    """(line, column, message, hint) of what no YAML text may hold: controls, tabs as indent."""
    for number, line in enumerate(lines, 1):
        control = _UNPRINTABLE.search(line)
        if control:
            code = f"U+{ord(control.group()):04X}"
            message = f"a binary file: it holds the control character {code}"
            yield number, control.start() + 1, message, _TEXT_HINT
            return
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if "\t" in indent and line.strip() and not line.lstrip().startswith("#"):
            message = "a tab in the indentation"
            yield number, indent.index("\t") + 1, message, "YAML indents with spaces only"


def check_lines(text: str, name: str) -> tuple[str, ...]:
    """The lines of a text, by YAML's line breaks.

    Errors:
        ScenarioError if a line holds a control character or a tab in its indentation.
    """
    lines = tuple(_BREAK.split(text))
    found = [
        Problem(name, line, column, lines[line - 1], message, hint)
        for line, column, message, hint in _faults(lines)
    ]
    if found:
        raise ScenarioError(found)
    return lines
