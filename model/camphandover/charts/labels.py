"""Where the names of places stand on a map, so that none covers another or a disc."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

NEAR, FAR = 1.5, 6.0
"""Points between a disc and its label; the second for labels that must stand somewhere."""
DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
"""Where a label may stand from its disc, in the order of preference: right, left, above, ..."""
DIAGONAL = 0.7


class Box(NamedTuple):
    """A rectangle on the paper, points."""

    left: float
    low: float
    right: float
    high: float

    def overlap(self, other: Box) -> float:
        """Area that two rectangles share, square points."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        tall = min(self.high, other.high) - max(self.low, other.low)
        return max(wide, 0.0) * max(tall, 0.0)

    def inside(self, other: Box) -> bool:
        """Whether it lies within another one."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.low >= other.low
            and self.high <= other.high
        )


class Label(NamedTuple):
    """A label that looks for its place.

    Attributes:
        x, y: Middle of the disc, points.
        radius: Of the disc.
        width, height: Of the text.
        must: Whether it stands somewhere even if it covers something.
    """

    x: float
    y: float
    radius: float
    width: float
    height: float
    must: bool

    @property
    def disc(self) -> Box:
        """What its disc covers."""
        r = self.radius
        return Box(self.x - r, self.y - r, self.x + r, self.y + r)


def place_labels(
    labels: Sequence[Label], edge: Box, taken: Sequence[Box] = ()
) -> list[tuple[float, float] | None]:
    """Find a place for each label, the first ones first.

    Args:
        labels: In the order of their importance.
        edge: The map; no label sticks out of it.
        taken: What else must not be covered.
    Returns:
        For each label the left lower corner of its text, points from the middle of its disc;
        None if there is no place for it.
    """
    full = [*(label.disc for label in labels), *taken]
    found: list[tuple[float, float] | None] = []
    for label in labels:
        best = _best(label, edge, full)
        if best is None:
            found.append(None)
            continue
        full.append(best)
        found.append((best.left - label.x, best.low - label.y))
    return found


def _best(label: Label, edge: Box, full: list[Box]) -> Box | None:
    """The first free place; if it must stand somewhere, the one that covers least."""
    boxes = [
        _box(label, direction, gap)
        for gap in ((NEAR, FAR) if label.must else (NEAR,))
        for direction in DIRECTIONS
    ]
    boxes = [box for box in boxes if box.inside(edge)]
    covered = [sum(box.overlap(other) for other in full) for box in boxes]
    if not boxes or (min(covered) > 0 and not label.must):
        return None
    return boxes[covered.index(min(covered))]


def _box(label: Label, direction: tuple[int, int], gap: float) -> Box:
    """The text in a direction from its disc."""
    east, north = direction
    away = (label.radius + gap) * (DIAGONAL if east and north else 1.0)
    left = label.x + east * away - {1: 0.0, 0: label.width / 2, -1: label.width}[east]
    low = label.y + north * away - {1: 0.0, 0: label.height / 2, -1: label.height}[north]
    return Box(left, low, left + label.width, low + label.height)
