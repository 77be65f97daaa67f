"""How much room text takes, without drawing it."""

from __future__ import annotations

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
