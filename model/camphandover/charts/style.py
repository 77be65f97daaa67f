"""How charts look: one colour for each actor, the room that text takes, matplotlib's own style.

All figures are a `Chart`, and what draws on axes is `styled`: neither asks for the user's settings
(`matplotlibrc`, `rcParams`, style sheets) or changes them, and `$`, `\\` and `_` are letters.

Colours are from Okabe and Ito's colour-blind safe palette. The six holders stay apart when they
are paled, as the heat maps and the maps do: no two are shades of one hue. Batches of format 4 tell
a joint unit and nobody by one name, `other`.

Source: Okabe & Ito 2008, Color universal design.
"""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACTORS = {
    "army": ("#009E73", "army"),
    "minusma": ("#56B4E9", "MINUSMA"),
    "joint": ("#CC79A7", "joint unit"),
    "other": ("#CC79A7", "joint unit or nobody"),
    "nobody": ("#F0E442", "nobody"),
    "gsim": ("#000000", "GSIM"),
    "separatists": ("#E69F00", "separatists"),
    "wagner": ("#0072B2", "Wagner"),
    "partners": ("#D55E00", "partners"),
}
"""Colour and name of each holder, from the bottom of a stack to its top, the two rivals for a camp
at the edges, and of sides that hold nothing; civilians and people at large have no colour."""
STACK = tuple(ACTORS)[:7]
COLOURS, LABELS = ({holder: ACTORS[holder][i] for holder in STACK} for i in (0, 1))
INK, FAINT, PAPER, NO_DATA = "#222222", "#777777", "#FFFFFF", "#EEEEEE"
LUCK, SURE, UNSURE = "#D55E00", "#3B6A9C", "#C9D6E4"
"""Of what chance alone gives, and of what stands out from it or does not: dark and pale."""

FONT = "DejaVu Sans"
"""Comes with matplotlib."""
LITERAL: dict[str, Any] = {"parse_math": False, "usetex": False}
OWN = {
    "font.family": [FONT],
    "hatch.linewidth": 0.5,
    **{f"text.{name}": value for name, value in LITERAL.items()},
}
_drawing = threading.RLock()
"""Matplotlib's settings are those of the process, and it is not safe in several threads."""


def colour_of(actor: str) -> str:
    """Colour of a holder or a side; grey for people who are neither."""
    return ACTORS[actor][0] if actor in ACTORS else FAINT


def name_of(actor: str) -> str:
    """A holder or a side in words."""
    return ACTORS[actor][1] if actor in ACTORS else actor


# --- the room that text takes ------------------------------------------------------------


@cache
def text_size(text: str, size: float, weight: str = "normal") -> tuple[float, float]:
    """Width and height of a line of text, points, without drawing it.

    Args:
        text: The line.
        size: Of the font, points.
        weight: Of the font.
    """
    font = FontProperties(size=size, weight=weight)
    width, height, _ = text_to_path.get_text_width_height_descent(text, font, False)
    _, least, _ = text_to_path.get_text_width_height_descent("lp", font, False)
    return float(width), float(max(height, least))


def fitted(text: str, size: float, room: float) -> str:
    """A text, without its middle if it is wider than the room: names often differ at their end.

    Args:
        text: One line.
        size: Of the font, points.
        room: Points.
    """
    kept = len(text)
    found = text
    while kept > 1 and text_size(found, size)[0] > room:
        kept -= 1
        begin = kept // 3
        found = f"{text[:begin]}…{text[len(text) - (kept - begin) :]}"
    return found


def in_lines(text: str, size: float, room: float) -> str:
    """A text in as many lines as the room, points, asks for; broken at spaces where there are."""
    letters = int(len(text) * room / max(text_size(text, size)[0], 1.0))
    return textwrap.fill(text, max(letters, 10)) if letters < len(text) else text


# --- matplotlib's own style --------------------------------------------------------------


@contextmanager
def own_style() -> Iterator[None]:
    """The charts' style as long as it lasts, in one thread at a time."""
    with _drawing, style.context(["default", OWN]):
        yield


def styled[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """A function that draws in the charts' style."""

    @wraps(function)
    def drawing(*args: P.args, **options: P.kwargs) -> R:
        with own_style():
            return function(*args, **options)

    return drawing


class Chart(Figure):
    """A figure that is made, laid out, drawn and saved in the charts' style."""

    __init__ = styled(Figure.__init__)
    draw = styled(Figure.draw)
    get_tightbbox = styled(Figure.get_tightbbox)
    savefig = styled(Figure.savefig)


def adopted(ax: Axes) -> Axes:
    """A user's axes, with titles, labels and ground as those of charts are."""
    for text in ax.findobj(Text):
        text.set(fontfamily=FONT, **LITERAL)
    ax.set_facecolor(PAPER)
    ax.grid(visible=False)
    return ax
