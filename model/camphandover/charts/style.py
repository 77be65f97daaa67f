"""The style of all charts: matplotlib's own, whatever the user's is, with all texts as they are.

All figures are a `Chart`, and what draws on axes is `styled`: neither asks for the user's settings
(`matplotlibrc`, `rcParams`, style sheets) or changes them, and `$`, `\\` and `_` are letters.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.text import Text

from camphandover.charts.palette import PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONT = "DejaVu Sans"
"""Comes with matplotlib."""
LITERAL: dict[str, Any] = {"parse_math": False, "usetex": False}
OWN = {"font.family": [FONT], **{f"text.{name}": value for name, value in LITERAL.items()}}
_drawing = threading.RLock()
"""Matplotlib's settings are those of the process, and it is not safe in several threads."""


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

    @styled
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)

    @styled
    def draw(self, renderer: Any) -> None:
        """As a figure does."""
        super().draw(renderer)

    @styled
    def get_tightbbox(self, *args: Any, **options: Any) -> Any:
        """As a figure does."""
        return super().get_tightbbox(*args, **options)

    @styled
    def savefig(self, *args: Any, **options: Any) -> None:
        """As a figure does."""
        super().savefig(*args, **options)


def adopted(ax: Axes) -> Axes:
    """A user's axes, with titles, labels and ground as those of charts are."""
    for text in ax.findobj(Text):
        text.set(fontfamily=FONT, **LITERAL)
    ax.set_facecolor(PAPER)
    ax.grid(visible=False)
    return ax
