"""What is wrong with the facts: every fault with its file, its place in it, and what is right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

REPORTED = 40


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


class TheatreError(ValueError):
    """The facts contradict themselves or cannot be read; the text is a report of all faults.

    Attributes:
        faults: All faults found, in the order of the files.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Gather the faults into one error."""
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        """One line for each fault, up to a page of them."""
        lines = [str(fault) for fault in self.faults[:REPORTED]]
        if len(self.faults) > REPORTED:
            lines.append(f"... and {len(self.faults) - REPORTED} more")
        return "\n".join(lines)


class UnknownPlaceError(TheatreError, KeyError):
    """No place of the theatre has this name."""


def close_matches(name: str, known: Iterable[str]) -> str:
    """What to say about an unknown name: the closest known ones, or some of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    return "known: " + ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
