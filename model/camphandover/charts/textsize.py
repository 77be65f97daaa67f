"""How much room text takes, without drawing it."""

from __future__ import annotations

import textwrap
from functools import cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path


@cache
def text_size(text: str, size: float, weight: str = "normal") -> tuple[float, float]:
    """Width and height of a line of text, points.

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
