"""What can vary in a search, its range, and how a condition on it is labelled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from camphandover.libraries import np
from camphandover.measure.notation import counted, listed, named


class Kind(StrEnum):
    """Kinds of factors; the values are shown to users."""

    TIMING = "shift"
    RECEIVER = "receiver"
    NOTICE = "notice"
    ORDER = "order"
    PARAMETER = "parameter"


TIMING, RECEIVER, NOTICE, ORDER, PARAMETER = Kind
GOES = {
    "army": "goes to the army",
    "race": "is left to a race",
    "separatists": "goes to the separatists",
    "joint": "goes to a joint unit",
    "empty": "is left empty",
}
"""What a receiver means for a camp."""


@dataclass(frozen=True)
class Factor:
    """Something that varies: a lever, what follows from levers, or an uncertain parameter.

    Attributes:
        name: Its column in the points.
        kind: What it is.
        low, high: Its range; nan for a receiver.
        best: Mode of a parameter's distribution; nan for all others.
        options: Of a receiver.
        of: The camp or side that it is about.
        other: Of an order, the camp that it is compared with.
        planned: Of a timing, the camp's plan.
        unit, rule: Of a parameter.
    """

    name: str
    kind: Kind
    low: float = math.nan
    high: float = math.nan
    best: float = math.nan
    options: tuple[str, ...] = ()
    of: str = ""
    other: str = ""
    planned: date | None = None
    unit: str = "days"
    rule: str = ""

    @property
    def is_category(self) -> bool:
        """Whether it takes names, not numbers."""
        return self.kind == RECEIVER

    @property
    def is_whole(self) -> bool:
        """Whether it takes whole numbers of days."""
        return self.kind in (TIMING, NOTICE, ORDER)

    @property
    def is_varied(self) -> bool:
        """Whether it has more than one value."""
        return len(self.options) > 1 if self.is_category else self.low < self.high

    @property
    def only(self) -> Any:
        """The value of one that does not vary."""
        return self.options[0] if self.is_category else self.low

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Values for probabilities: uniform levers, the register's distribution of parameters.

        Args:
            u: Probabilities from 0 up to, not including, 1.
        """

        from camphandover.batch.sampling import quantile

        if self.is_category:
            n = len(self.options)
            return np.asarray(np.array(self.options)[np.minimum((u * n).astype(int), n - 1)])
        if self.kind == PARAMETER:
            return quantile(u, self.low, self.best, self.high)
        span = self.high - self.low + 1
        return np.minimum(self.low + np.floor(u * span), self.high)

    def told(self, low: float, high: float, among: tuple[str, ...]) -> str:
        """A condition on it in words.

        Args:
            low, high: Bounds, both included; infinite where there is none.
            among: Receivers that are allowed.
        """
        match self.kind:
            case Kind.RECEIVER:
                goes = listed([GOES[name] for name in among], "or")
                return f"the camp of {self.of} {goes}"
            case Kind.TIMING:
                return f"the UN is to leave {self.of} {self._timing(low, high)}"
            case Kind.ORDER:
                return f"the UN is to leave {self.of} {self._order(low, high)}"
            case Kind.NOTICE:
                have = "has" if self.of == "army" else "have"
                return f"{named(self.of)} {have} {_bounds(low, high)} days of notice"
        words = self.name.replace("_", " ")
        return f"{words} ({self.unit}, {self.rule}) is {_bounds(low, high)}"

    @property
    def label(self) -> str:
        """For the axis of a chart."""
        return {
            Kind.TIMING: f"exit from {self.of}, days after its plan",
            Kind.ORDER: f"days by which {self.of} is left after {self.other}",
            Kind.NOTICE: f"days of notice for {named(self.of)}",
            Kind.RECEIVER: f"receiver of {self.of}",
            Kind.PARAMETER: f"{self.name.replace('_', ' ')}, {self.unit}",
        }[self.kind]

    def _timing(self, low: float, high: float) -> str:
        """When a camp is left: `at most 3 days after its plan (by 18 November)`."""
        first, last = (self._day(shift) for shift in (low, high))
        if math.isinf(low):
            bound = "at least" if high < 0 else "at most"
            return f"{_from_plan(high, bound, 'by')} (by {last})"
        if math.isinf(high):
            bound = "at least" if low > 0 else "at most"
            return f"{_from_plan(low, bound, 'not before')} (from {first})"
        return f"{_from_plan(low)} to {_from_plan(high)} ({first} to {last})"

    def _day(self, shift: float) -> str:
        assert self.planned is not None
        if math.isinf(shift):
            return ""
        day = self.planned + timedelta(int(shift))
        return f"{day.day} {day:%B}"

    def _order(self, low: float, high: float) -> str:
        """After which other camp it is left: `at least 3 days after Tessalit`."""
        other = self.other
        if math.isinf(low):
            if high < 0:
                return f"at least {counted(-high, 'day')} before {other}"
            return f"before {other} or at most {counted(high, 'day')} after it"
        if math.isinf(high):
            if low > 0:
                return f"at least {counted(low, 'day')} after {other}"
            return f"after {other} or at most {counted(-low, 'day')} before it"
        return f"{low:g} to {high:g} days after {other} (below 0: before it)"


def _from_plan(shift: float, bound: str = "", none: str = "") -> str:
    """`at most 3 days after its plan`; with no shift `by its plan`."""
    if not shift:
        return f"{none} its plan".lstrip()
    side = "before" if shift < 0 else "after"
    return f"{bound} {counted(abs(shift), 'day')} {side} its plan".lstrip()


def _bounds(low: float, high: float) -> str:
    """`at most 4.1`, `at least 2`, `2 to 4.1`."""
    if math.isinf(low):
        return f"at most {_number(high)}"
    return f"at least {_number(low)}" if math.isinf(high) else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    """Three figures that count: `0.0748`, `4.1`, `4,630`."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:g}"
