"""What can vary in a search, its range, and how a condition on it reads in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from camphandover.facts import Parameter


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
WORDS = {"army": "the army", "separatists": "the separatists"}


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

    @classmethod
    def timing(cls, name: str, camp: str, planned: date, low: int, high: int) -> Factor:
        """Days by which the exit from a camp is moved."""
        return cls(name, TIMING, low, high, of=camp, planned=planned)

    @classmethod
    def receiver(cls, name: str, camp: str, options: tuple[str, ...]) -> Factor:
        """Who gets a camp."""
        return cls(name, RECEIVER, options=options, of=camp, unit="")

    @classmethod
    def notice(cls, name: str, side: str, low: int, high: int) -> Factor:
        """Days of notice that a side has."""
        return cls(name, NOTICE, low, high, of=side)

    @classmethod
    def order(cls, one: Factor, other: Factor) -> Factor:
        """Days by which a camp is left after another one."""
        assert one.planned is not None
        assert other.planned is not None
        apart = (one.planned - other.planned).days
        low, high = one.low - other.high + apart, one.high - other.low + apart
        return cls(f"{one.of} after {other.of}", ORDER, low, high, of=one.of, other=other.of)

    @classmethod
    def parameter(cls, known: Parameter, values: tuple[float, float, float]) -> Factor:
        """An uncertain parameter with (low, best, high)."""
        low, best, high = values
        return cls(known.name, PARAMETER, low, high, best, unit=known.unit, rule=known.rule)

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
        import numpy as np

        from camphandover.batch.sampling import quantile

        if self.is_category:
            n = len(self.options)
            return np.array(self.options)[np.minimum((u * n).astype(int), n - 1)]
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
        if self.kind == RECEIVER:
            return f"the camp of {self.of} {_either([GOES[name] for name in among])}"
        if self.kind == TIMING:
            return self._timing(low, high)
        if self.kind == ORDER:
            return self._order(low, high)
        if self.kind == NOTICE:
            return f"{WORDS[self.of]} have {_bounds(low, high)} days of notice".replace(
                "the army have", "the army has"
            )
        words = self.name.replace("_", " ")
        return f"{words} ({self.unit}, {self.rule}) is {_bounds(low, high)}"

    @property
    def label(self) -> str:
        """For the axis of a chart."""
        if self.kind == TIMING:
            return f"exit from {self.of}, days after its plan"
        if self.kind == ORDER:
            return f"days by which {self.of} is left after {self.other}"
        if self.kind == NOTICE:
            return f"days of notice for {WORDS[self.of]}"
        if self.kind == RECEIVER:
            return f"receiver of {self.of}"
        return f"{self.name.replace('_', ' ')}, {self.unit}"

    def _timing(self, low: float, high: float) -> str:
        who = f"the UN is to leave {self.of}"
        if math.isinf(low):
            return f"{who} {_late_at_most(high)} (by {self._day(high)})"
        if math.isinf(high):
            return f"{who} {_late_at_least(low)} (from {self._day(low)})"
        return (
            f"{who} {_from_plan(low)} to {_from_plan(high)} ({self._day(low)} to {self._day(high)})"
        )

    def _day(self, shift: float) -> str:
        assert self.planned is not None
        day = self.planned + timedelta(int(shift))
        return f"{day.day} {day:%B}"

    def _order(self, low: float, high: float) -> str:
        who = f"the UN is to leave {self.of}"
        other = self.other
        if math.isinf(low):
            if high < 0:
                return f"{who} at least {_days(-high)} before {other}"
            return f"{who} before {other} or at most {_days(high)} after it"
        if math.isinf(high):
            if low > 0:
                return f"{who} at least {_days(low)} after {other}"
            return f"{who} after {other} or at most {_days(-low)} before it"
        return f"{who} {low:g} to {high:g} days after {other} (below 0: before it)"


def _days(n: float) -> str:
    return f"{n:g} day{'s' * (n != 1)}"


def _late_at_most(shift: float) -> str:
    if shift < 0:
        return f"at least {_days(-shift)} before its plan"
    return f"at most {_days(shift)} after its plan" if shift else "by its plan"


def _late_at_least(shift: float) -> str:
    if shift > 0:
        return f"at least {_days(shift)} after its plan"
    return f"at most {_days(-shift)} before its plan" if shift else "not before its plan"


def _from_plan(shift: float) -> str:
    return (
        f"{_days(abs(shift))} {'before' if shift < 0 else 'after'} its plan"
        if shift
        else "its plan"
    )


def _bounds(low: float, high: float) -> str:
    """`at most 4.1`, `at least 2`, `2 to 4.1`."""
    if math.isinf(low):
        return f"at most {_number(high)}"
    return f"at least {_number(low)}" if math.isinf(high) else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    """Three figures that count: `0.0748`, `4.1`, `4,630`."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:g}"


def _either(texts: list[str]) -> str:
    *first, last = texts
    return f"{', '.join(first)} or {last}" if first else last
