"""The definitions of the patterns P1-P14: their form, what they measure, and where they are read.

Source: RULES section 10.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from camphandover import facts
from camphandover.errors import Fault, PatternError, close_matches
from camphandover.facts.codes import Holder
from camphandover.measure.runs import Window

FILE = Path(__file__).with_name("patterns.yaml")
HOLDERS = Literal["army", "separatists", "gsim", "minusma", "nobody", "joint"]
MAX_TITLE = 26
"""Letters, so that ten scenarios stand side by side in a terminal."""


def _yaml(path: Path) -> Any:
    import yaml

    return yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)


VALUES: dict[str, tuple[str, str]] = {
    name: tuple(told) for name, told in _yaml(FILE.with_name("values.yaml")).items()
}
"""Columns of the values: unit and meaning."""


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


# --- cells of the file, held to the theatre ----------------------------------------------


def _wrong(what: str, right: str) -> PydanticCustomError:
    return PydanticCustomError("pattern", "{what}", {"what": what, "right": right})


def _known(name: Any, known: Any, what: str) -> Any:
    if name not in known:
        raise _wrong(f"{what} {name!r}", close_matches(str(name), known))
    return name


def _places(spec: Any) -> tuple[int, ...]:
    """Positions of a name, of a list of names, or of a group of the theatre."""
    theatre = facts.load()
    names = [place.name for place in theatre.places]
    match spec:
        case str():
            wanted: list[Any] = [spec]
        case [*wanted]:
            pass
        case {"convoy": camp, **rest} if not rest:
            goes = {one.place: one.convoy_destination for one in theatre.camps}
            wanted = [goes.get(camp)]
            if wanted == [None]:
                raise _wrong(f"no convoy of {camp!r} is known", "a camp that has one")
        case {"group": group, **rest} if rest.keys() <= {"region"}:
            return _group(group, rest.get("region"))
        case _:
            raise _wrong(f"{spec!r} are no places", "a name, a list, a group, or a convoy's camp")
    return tuple(names.index(_known(name, names, "there is no place")) for name in wanted)


def _group(group: Any, region: Any) -> tuple[int, ...]:
    """Positions of the places of a group."""
    places = facts.load().places
    if (region is not None) != (group == "army bases outside"):
        raise _wrong("region is given or missing", "only `army bases outside` has one")
    if region is not None:
        _known(region, {place.region for place in places}, "no region")
    groups: dict[str, Callable[[Any], bool]] = {
        # Mopti-Sevare is two towns in one, the capital of Mopti.
        "regional capitals": lambda p: p.name == p.region or p.name.startswith(f"{p.region}-"),
        "army bases outside": lambda p: p.army_base and p.region != region,
        "UN camps": lambda p: p.un_camp,
        "north": lambda p: p.legitimacy == "north",
    }
    is_in = groups[_known(group, groups, "there is no group")]
    return tuple(i for i, place in enumerate(places) if is_in(place))


def _day(spec: Any) -> int:
    """A date, or the first one on which the theatre has what is asked for."""
    theatre = facts.load()
    match spec:
        case date():
            found = [spec]
        case {"history": [*wanted]}:
            found = [
                change.date
                for change in theatre.history
                if change.before is not None
                and [change.place, change.object, change.after] == wanted
            ]
        case {"event": [place, kind]}:
            rows = (e for e in theatre.events if (e["place"], e["kind"]) == (place, kind))
            found = [date.fromisoformat(row["date"]) for row in rows]
        case {"calendar": [what, place]}:
            found = [k.date for k in theatre.calendar if (k.what, k.place) == (what, place)]
        case {"plan": camp}:
            found = [one.planned for one in theatre.camps if one.place == camp]
        case _:
            found = []
    if not found:
        raise _wrong("the theatre has no such date", str(spec))
    return day_number(min(found))


def _measured(value: str) -> str:
    """The name of a column, held to those that are measured."""
    return str(_known(value, VALUES, "nothing measures"))


def _camp(name: str) -> str:
    if name not in {camp.place for camp in facts.load().camps}:
        raise _wrong(f"{name!r} has no camp of the UN", "a camp of camps.csv")
    return name


def _in_order(bounds: list[float]) -> list[float]:
    if bounds[0] > bounds[1]:
        raise _wrong("{} to {}".format(*bounds), "low, then high")
    return bounds


Measured = Annotated[str, AfterValidator(_measured)]
Bounds = Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(_in_order)]
Camp = Annotated[str, AfterValidator(_camp)]
Known = {True: "all", False: "none"}


class _Form(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Span(_Form):
    first: date = Field(alias="from")
    last: date = Field(alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise _wrong("ends before it begins", "from, then to")
        return self


class Part(_Form):
    """A bound on one measured quantity; the keys of the file are told there.

    Attributes:
        pattern: Name of the pattern, `P1`.
        name: Of the part.
        value: Column of the values.
        low, high: Bounds, both allowed; infinite if there is none.
        dates: The bounds as dates, where the file gives them so.
        needed: Share of the runs that is to meet it; None if the pattern's counts.
        set_by: What of a camp's clause may set it, `exit` or `receiver`, with the camp.
    """

    pattern: str
    name: str
    value: Measured
    low: float = -math.inf
    high: float = math.inf
    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="to")
    since: str | None = None
    start: int | None
    holder: HOLDERS | None = None
    needed: float | None = Field(default=None, ge=0, le=1)
    set_by: dict[Literal["exit", "receiver"], Camp] = {}

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        """The bounds as numbers."""
        low, high, start = self.low, self.high, self.start
        given = (self.since, self.first, self.last)
        if None in given and any(given):
            raise _wrong("from, to and since belong together", "all three, or none")
        if self.since is not None and start is None:
            raise _wrong(f"since {self.since!r}", "one of the pattern's dates")
        if self.dates is not None and start is not None:
            low, high = (day_number(day) - start for day in self.dates)
        if self.holder is not None:
            low = high = float(Holder[self.holder.upper()])
        if low > high or (math.isinf(low) and math.isinf(high)):
            raise _wrong(f"bounds {low} to {high}", "low, high, or both, in order")
        return self.model_copy(update={"low": low, "high": high})

    @property
    def dates(self) -> tuple[date, date] | None:
        """The bounds as dates."""
        return None if self.first is None or self.last is None else (self.first, self.last)


class Pattern(_Form):
    """One of P1-P14.

    Attributes:
        name: `P1`.
        title: Short name for tables.
        history: What happened.
        source: Where it is told.
        known: Whether it was known at the forecast origin: `all`, `partly` or `none`.
        needed: Share of runs that is to meet it.
        is_modal: Whether what it measures is also to be the most frequent outcome.
        window: Dates that a scenario has to simulate, `first` and `last`.
        places: Positions in the theatre by what they are to the pattern.
        dates: Days since 1970 by what they are to the pattern.
        numbers: Other constants.
        parts: All of them are to be met.
        readings: Other ways to read it, shown beside it and counted nowhere: by what is different,
            low and high by column of the values.
    """

    name: str
    title: str = Field(min_length=1, max_length=MAX_TITLE)
    history: str = Field(min_length=1)
    source: str = Field(min_length=1)
    known: Annotated[
        Literal["all", "partly", "none"],
        BeforeValidator(lambda told: Known[told] if isinstance(told, bool) else told),
    ]
    needed: float = Field(ge=0, le=1)
    is_modal: bool = Field(default=False, alias="modal")
    window: _Span
    places: dict[str, Annotated[tuple[int, ...], BeforeValidator(_places)]] = {}
    dates: dict[str, Annotated[int, BeforeValidator(_day)]] = {}
    numbers: dict[str, float] = {}
    by_name: dict[str, Part] = Field(alias="parts", min_length=1)
    readings: dict[str, dict[Measured, Bounds]] = {}

    @field_validator("by_name", mode="before")
    @classmethod
    def _of_pattern(cls, parts: Any, info: ValidationInfo) -> Any:
        """Each part knows its names and the day from which its dates count."""
        if not isinstance(parts, dict):
            return parts
        pattern, dates = info.data.get("name"), info.data.get("dates", {})
        return {
            name: {"pattern": pattern, "name": name, "start": dates.get(part.get("since")), **part}
            if isinstance(part, dict)
            else part
            for name, part in parts.items()
        }

    @property
    def first(self) -> date:
        """First date that a scenario has to simulate."""
        return self.window.first

    @property
    def last(self) -> date:
        """Last one."""
        return self.window.last

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is measured, with its bounds."""
        return tuple(self.by_name.values())

    def is_within(self, window: Window) -> bool:
        """Whether a window holds its dates."""
        return window.first <= self.first and self.last <= window.last

    def place(self, name: str) -> int:
        """The one place that has this name in the pattern."""
        (only,) = self.places[name]
        return only


# --- the file ----------------------------------------------------------------------------


def patterns(path: Path | None = None) -> tuple[Pattern, ...]:
    """P1 to P14, read and checked; those of the package are read once.

    Args:
        path: Another file of the same form.
    Errors:
        PatternError with all faults.
    """
    return _packaged() if path is None else _read(path)


@cache
def _packaged() -> tuple[Pattern, ...]:
    return _read(FILE)


def _read(path: Path) -> tuple[Pattern, ...]:
    content = _yaml(path)
    if not isinstance(content, dict) or not content:
        raise PatternError([Fault(path.name, "", "holds no patterns", "P1: {title: ..., ...}")])
    named = {
        name: {"name": name, **body} if isinstance(body, Mapping) else body
        for name, body in content.items()
    }
    try:
        return tuple(TypeAdapter(dict[str, Pattern]).validate_python(named).values())
    except ValidationError as error:
        faults = []
        for item in error.errors():
            right = item.get("ctx", {}).get("right") or f"it is {item['input']!r}"
            where = ".".join(map(str, item["loc"]))
            faults.append(Fault(path.name, where, item["msg"], right))
        raise PatternError(faults) from None
