"""One colour for each holder, everywhere. From Okabe and Ito's colour-blind safe palette.

Source: Okabe & Ito 2008, Color universal design. The five stay apart when they are paled, as
the heat maps do: no two are shades of one hue.
"""

COLOURS = {
    "army": "#009E73",
    "separatists": "#E69F00",
    "gsim": "#000000",
    "minusma": "#56B4E9",
    "other": "#CC79A7",
}
LABELS = {
    "army": "army",
    "separatists": "separatists",
    "gsim": "GSIM",
    "minusma": "MINUSMA",
    "other": "joint unit or nobody",
}
STACK = ("army", "minusma", "other", "gsim", "separatists")
"""Holders from the bottom of a stack to its top: the two rivals for a camp at the edges."""
INK = "#222222"
FAINT = "#777777"
PAPER = "#FFFFFF"
NO_DATA = "#EEEEEE"
