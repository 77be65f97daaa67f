"""The definitions of the patterns P1-P14: their form, what they measure, and where they are read.

Source: RULES section 10.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
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
from camphandover.measure.outcomes import Window

FILE = Path(__file__).with_name("patterns.yaml")
HOLDERS = Literal["army", "separatists", "gsim", "minusma", "nobody", "joint"]
MAX_TITLE = 26
"""Letters, so that ten scenarios stand side by side in a terminal."""
VALUES: dict[str, tuple[str, str]] = {
    "P1_day_off": ("days", "day on which the army has the camp of Ber, from the record's"),
    "P1_army_dead": ("persons", "dead of army and Wagner at Ber until a week after that day"),
    "P2_eased_day": ("days", "first easing of Timbuktu's blockade, since its declaration"),
    "P2_army_share": ("1", "share of days from then on at whose end the army has the town"),
    "P3_day_off": ("days", "day on which separatists enter the base of Bourem, from the record's; "
                   "of several the nearest"),
    "P3_hours_lost": ("hours", "from that entry until the army has the base again"),
    "P3_hours_held": ("hours", "from that entry until the separatists lose or leave it"),
    "P3_same_day": ("bases", "of the army entered by separatists around that day and the army's "
                    "again on the day of the entry"),
    "P4_raids": ("attacks", "of separatists on bases of the river and the west"),
    "P4_entered": ("bases", "that they enter there"),
    "P4_entered_share": ("1", "of the attacks"),
    "P4_held": ("bases", "of those entered that they keep for 72 hours"),
    "P4_held_share": ("1", "of those entered; 0 if none is"),
    "P5_aircraft": ("aircraft", "manned ones of the army lost, or hit as they landed"),
    "P5_aircraft_and_drones": ("aircraft", "the same with drones"),
    "P6_departs": ("days", "day on which the first column leaves Gao, from the record's"),
    "P6_days": ("days", "from then until the army has Anefis, camp or town"),
    "P7_halt": ("days", "from Anefis to the army's arrival before Kidal"),
    "P7_to_capture": ("days", "from Anefis until the army has Kidal, camp or town"),
    "P8_Tessalit": ("holder", "code of who has the UN's camp after its exit (codes.Holder)"),
    "P8_Aguelhok": ("holder", "the same of Aguelhok"),
    "P8_Kidal": ("holder", "the same of Kidal"),
    "P9_early": ("days", "of the UN's exit from Kidal ahead of the announced plan"),
    "P9_convoy_days": ("days", "on the road to Gao"),
    "P9_ieds": ("hits", "of mines on that convoy"),
    "P9_convoy_dead": ("persons", "of the UN in it; if another convoy is hit on the same day, at "
                       "most so many"),
    "P10_day_off": ("days", "day on which the army has the camp of Kidal, from the record's"),
    "P10_hold": ("days", "for which the separatists had it before; 0 if they never had"),
    "P10_kept": ("1", "fit men of the separatists on that day over those of the first day"),
    "P11_emptied": ("1", "share of the people of four towns who are not at home"),
    "P12_attacks": ("attacks", "of GSIM on bases"),
    "P12_held": ("bases", "lost by the army that GSIM enters on these dates and has for 72 hours"),
    "P12_held_ever": ("bases", "the same on any date"),
    "P13_day_off": ("days", "day on which the army has the camp of Aguelhok, from the record's"),
    "P13_blockade_day": ("days", "first blockade declared by separatists, from the record's"),
    "P14_capitals_lost": ("places", "capitals of regions whose town is not the army's"),
    "P14_posts_lost": ("places", "bases of the river and the west that the separatists have"),
    "P14_partner_units": ("units", "of partners' troops that have come to the north"),
    "P14_un_camps_lost": ("places", "former camps of the UN that the separatists have"),
}  # fmt: skip
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
            wanted = [spec]
        case [*wanted]:
            pass
        case {"convoy": camp, **rest} if not rest:
            wanted = [c.convoy_destination for c in theatre.camps if c.place == camp]
            if wanted in ([], [None]):
                raise _wrong(f"no convoy of {camp!r} is known", "a camp that has one")
        case {"group": group, **rest} if rest.keys() <= {"region"}:
            return _group(group, rest.get("region"))
        case _:
            raise _wrong(f"{spec!r} are no places", "a name, a list, a group, or a convoy's camp")
    return tuple(names.index(_known(name, names, "there is no place")) for name in wanted)


def _group(group: Any, region: str | None) -> tuple[int, ...]:
    """Positions of the places of a group."""
    places = facts.load().places
    if (region is not None) != (group == "army bases outside"):
        raise _wrong("region is given or missing", "only `army bases outside` has one")
    if region is not None:
        _known(region, {place.region for place in places}, "no region")
    groups = {
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
SetBy = dict[Literal["exit", "receiver"], Annotated[str, AfterValidator(_camp)]]
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
        clause: What of a camp's clause may set it: `exit`, `receiver`, or None.
        camp: Of that clause, else None.
    """

    pattern: str
    name: str
    value: Measured
    lowest: float = Field(default=-math.inf, alias="low")
    highest: float = Field(default=math.inf, alias="high")
    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="to")
    since: str | None = None
    start: int | None
    holder: HOLDERS | None = None
    needed: float | None = Field(default=None, ge=0, le=1)
    set_by: SetBy | None = Field(default=None, min_length=1, max_length=1)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        given = [self.since is not None, self.first is not None, self.last is not None]
        if any(given) and not all(given):
            raise _wrong("from, to and since belong together", "all three, or none")
        if self.since is not None and self.start is None:
            raise _wrong(f"since {self.since!r}", "one of the pattern's dates")
        if self.low > self.high or (math.isinf(self.low) and math.isinf(self.high)):
            raise _wrong(f"bounds {self.low} to {self.high}", "low, high, or both, in order")
        return self

    @cached_property
    def low(self) -> float:
        """Lower bound."""
        return self._bound(self.first, self.lowest)

    @cached_property
    def high(self) -> float:
        """Upper bound."""
        return self._bound(self.last, self.highest)

    def _bound(self, day: date | None, number: float) -> float:
        if self.holder is not None:
            return float(Holder[self.holder.upper()])
        return number if day is None or self.start is None else day_number(day) - self.start

    @property
    def dates(self) -> tuple[date, date] | None:
        """The bounds as dates."""
        return None if self.first is None or self.last is None else (self.first, self.last)

    @property
    def clause(self) -> str | None:
        """What of a camp's clause may set it."""
        return next(iter(self.set_by), None) if self.set_by else None

    @property
    def camp(self) -> str | None:
        """Of that clause."""
        return next(iter(self.set_by.values()), None) if self.set_by else None


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

    @property
    def values(self) -> tuple[str, ...]:
        """Columns of the values that it looks at, each once."""
        own = [part.value for part in self.parts]
        more = [value for bounds in self.readings.values() for value in bounds]
        return tuple(dict.fromkeys([*own, *more]))

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
    import yaml

    content = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
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
