"""One colour for each actor, everywhere. From Okabe and Ito's colour-blind safe palette.

Source: Okabe & Ito 2008, Color universal design. The six holders stay apart when they are paled,
as the heat maps and the maps do: no two are shades of one hue. Batches of
format 4 tell a joint unit and nobody by one name, `other`.
"""

from collections.abc import Sequence

COLOURS = {
    "army": "#009E73",
    "separatists": "#E69F00",
    "gsim": "#000000",
    "minusma": "#56B4E9",
    "joint": "#CC79A7",
    "nobody": "#F0E442",
    "other": "#CC79A7",
}
LABELS = {
    "army": "army",
    "separatists": "separatists",
    "gsim": "GSIM",
    "minusma": "MINUSMA",
    "joint": "joint unit",
    "nobody": "nobody",
    "other": "joint unit or nobody",
}
STACK = ("army", "minusma", "joint", "other", "nobody", "gsim", "separatists")
"""Holders from the bottom of a stack to its top: the two rivals for a camp at the edges."""
INK = "#222222"
FAINT = "#777777"
PAPER = "#FFFFFF"
NO_DATA = "#EEEEEE"
ACTORS = {**COLOURS, "wagner": "#0072B2", "partners": "#D55E00"}
"""Colours of holders and sides; civilians and people at large have none of their own."""
NAMES = {**LABELS, "wagner": "Wagner", "partners": "partners"}


def colour_of(actor: str) -> str:
    """Colour of a holder or a side; grey for people who are neither."""
    return ACTORS.get(actor, FAINT)


def name_of(actor: str) -> str:
    """A holder or a side in words."""
    return NAMES.get(actor, actor)


def listed(names: Sequence[str]) -> str:
    """`army, Wagner and partners`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
