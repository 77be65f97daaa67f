"""Every error that a user can meet, and the faults of facts and scenario files that they carry.

All are a `CamphandoverError`; its text says what is wrong, where, and what would be right.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

SHOWN_WIDTH = 100
LISTED = 16
REPORTED = 40


class CamphandoverError(ValueError):
    """What a user gave cannot be used."""


class BatchError(CamphandoverError):
    """An argument is not what is needed, or a batch cannot be planned, stored or opened.

    The text says what, where, and what to do.
    """


class CannotWrite(BatchError, OSError):
    """A file cannot be written; the text names it, tells why, and what to do."""


@dataclass(frozen=True)
class Fault:
    """One fault of the package data.

    Attributes:
        file: Name of the file in the theatre's folder.
        where: Row (`row 7`, the header is row 1) or key of the fault; empty for the whole file.
        what: What is wrong.
        right: What would be right.
    """

    file: str
    where: str
    what: str
    right: str

    def __str__(self) -> str:
        """`roads.csv, row 7: what is wrong (what would be right)`."""
        place = f"{self.file}, {self.where}" if self.where else self.file
        return f"{place}: {self.what} ({self.right})"


class FaultsError(CamphandoverError):
    """Data of the package contradict themselves or cannot be read; the text reports all faults.

    Attributes:
        faults: All faults found, in the order of the files.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Gather the faults into one error."""
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        """One line for each fault, up to a page of them."""
        return "\n".join(_reported(self.faults))


class TheatreError(FaultsError):
    """The facts contradict themselves or cannot be read."""


class UnknownPlaceError(TheatreError, KeyError):
    """No place of the theatre has this name."""


class PatternError(FaultsError):
    """patterns.yaml contradicts itself or the theatre."""


@dataclass(frozen=True)
class Mark:
    """Place of a key or a value.

    Attributes:
        file: Path as shown to the user; `None` for a scenario given as a Python dict.
        line: Line, counted from 1; 0 where there is no line.
        column: Column in characters, counted from 1.
        text: The whole line.
        width: Characters that the caret underlines, at least 1.
        path: Key path, such as `handover.all.exit`.
    """

    file: str | None
    line: int = 0
    column: int = 0
    text: str = ""
    width: int = 1
    path: str = ""

    def __str__(self) -> str:
        """`file.yaml:7`, or `argument` for a value of a dict."""
        if self.file is None:
            return "argument"
        return f"{Path(self.file).name}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """One fault of a scenario.

    Attributes:
        file: Path of the file as shown to the user; for a dict, its key path.
        line: Line, counted from 1; 0 where the fault has no line (a missing file).
        column: Column in characters, counted from 1; 0 as above.
        text: The offending line.
        message: What is wrong.
        hint: What would be right; empty if there is nothing to add.
        width: Characters that the caret underlines.
    """

    file: str
    line: int
    column: int
    text: str
    message: str
    hint: str = ""
    width: int = 1

    @classmethod
    def at(cls, mark: Mark, message: str, hint: str = "") -> Problem:
        """A problem at a mark; for a dict the key path stands in place of the file."""
        file = mark.file
        if file is None:
            file = f"scenario.{mark.path}" if mark.path else "scenario"
        return cls(file, mark.line, mark.column, mark.text, message, hint, mark.width)

    @property
    def place(self) -> tuple[str, int, int]:
        """File, line and column."""
        return self.file, self.line, self.column

    def __str__(self) -> str:
        """The report: place and message, the line, a caret, and what would be right."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        lines = [f"{place}: {self.message}"]
        if self.line:
            text, column = _excerpt(self.text, self.column)
            number = str(self.line)
            width = max(1, min(self.width, len(text) - column + 1))
            lines.append(f"  {number} | {text}".rstrip())
            lines.append(f"  {' ' * len(number)} | {' ' * (column - 1)}{'^' * width}")
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)


class ScenarioError(CamphandoverError):
    """A scenario cannot be used; `problems` holds every fault, `str()` is the report."""

    @classmethod
    def at(cls, mark: Mark, message: str, hint: str = "") -> ScenarioError:
        """The error of one problem at a mark."""
        return cls([Problem.at(mark, message, hint)])

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems, each once, file by file in the order of their lines."""
        once = list(dict.fromkeys(problems))
        rank = {file: i for i, file in enumerate(dict.fromkeys(p.file for p in once))}
        once.sort(key=lambda problem: (rank[problem.file], problem.line, problem.column))
        self.problems: tuple[Problem, ...] = tuple(once)
        super().__init__(str(self))

    def __str__(self) -> str:
        """The problems, a blank line between them; of very many only the first."""
        return "\n\n".join(_reported(self.problems))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        """Pickle by the problems, so that the error survives a trip between processes."""
        return type(self), (self.problems,)


def _reported(faults: Sequence[Fault | Problem]) -> list[str]:
    """The first faults as text, and how many more there are."""
    more = len(faults) - REPORTED
    return [*map(str, faults[:REPORTED]), *([f"... and {more} more"] if more > 0 else [])]


def _excerpt(text: str, column: int) -> tuple[str, int]:
    """The part of a long line around a column, unprintable characters made visible."""
    shown = "".join("→" if c == "\t" else c if c.isprintable() else "�" for c in text)
    if len(shown) <= SHOWN_WIDTH:
        return shown, column
    start = max(0, column - 1 - SHOWN_WIDTH // 2)
    part = shown[start : start + SHOWN_WIDTH]
    lead = "..." if start else ""
    tail = "..." if start + SHOWN_WIDTH < len(shown) else ""
    return lead + part + tail, column - start + len(lead)


def close_matches(name: str, known: Iterable[str]) -> str:
    """What to say about an unknown name: the closest known ones, or some of them."""
    names = sorted(known)
    close = _closest(name, names, 3, 0.5)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    return "known: " + ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def suggestion(word: str, allowed: Sequence[str], listed: str = "allowed here") -> str:
    """`did you mean 'receiver'?` and the list of what is allowed."""
    close = _closest(word, allowed, 1, 0.6)
    guess = f"did you mean '{close[0]}'? " if close else ""
    more = ", ..." if len(allowed) > LISTED else ""
    return f"{guess}{listed}: {', '.join(allowed[:LISTED])}{more}"


def _closest(word: str, names: Iterable[str], n: int, cutoff: float) -> list[str]:
    lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower()[:80], list(lower), n=n, cutoff=cutoff)
    return [lower[name] for name in close]


def shown_path(path: Path) -> str:
    """A path relative to the working directory if it lies below it, else absolute."""
    try:
        absolute = Path(os.path.abspath(path))
        return str(absolute.relative_to(Path.cwd()))
    except (OSError, ValueError):
        return str(path)
