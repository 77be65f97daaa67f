"""The file of the patterns: its form, and how it is read and held to the theatre."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from camphandover import facts
from camphandover.errors import Fault, PatternError, close_matches
from camphandover.facts import Theatre
from camphandover.facts.codes import Holder
from camphandover.measure.patterns.data import Part, Pattern, Reading, day_number
from camphandover.measure.patterns.values import VALUES

HOLDERS = Literal["army", "separatists", "gsim", "minusma", "nobody", "joint"]
Bounds = Annotated[list[float], Field(min_length=2, max_length=2)]
MAX_TITLE = 26
"""Letters, so that ten scenarios stand side by side in a terminal."""
Numbers = dict[str, float]


class _Form(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Span(_Form):
    first: date = Field(alias="from")
    last: date = Field(alias="to")


class _SetBy(_Form):
    exit: str | None = None
    receiver: str | None = None

    @model_validator(mode="after")
    def _one(self) -> _SetBy:
        if (self.exit is None) == (self.receiver is None):
            raise ValueError("one of exit and receiver, with a camp")
        return self


class _PartForm(_Form):
    value: str
    low: float = -math.inf
    high: float = math.inf
    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="to")
    since: str | None = None
    holder: HOLDERS | None = None
    needed: float | None = Field(default=None, ge=0, le=1)
    set_by: _SetBy | None = None


class _Group(_Form):
    group: Literal["regional capitals", "army bases outside", "UN camps", "north"]
    region: str | None = None


class _Convoy(_Form):
    convoy: str


class _History(_Form):
    history: tuple[str, str, str]


class _Event(_Form):
    event: tuple[str, str]


class _Calendar(_Form):
    calendar: tuple[str, str]


class _Plan(_Form):
    plan: str


class _PatternForm(_Form):
    title: str = Field(min_length=1, max_length=MAX_TITLE)
    history: str = Field(min_length=1)
    source: str = Field(min_length=1)
    known: bool | Literal["partly"]
    needed: float = Field(ge=0, le=1)
    modal: bool = False
    window: _Span
    places: dict[str, str | list[str] | _Group | _Convoy] = {}
    dates: dict[str, date | _History | _Event | _Calendar | _Plan] = {}
    numbers: Numbers = {}
    parts: dict[str, _PartForm] = Field(min_length=1)
    readings: dict[str, dict[str, Bounds]] = {}


def read_patterns(path: Path) -> tuple[Pattern, ...]:
    """The patterns of a file; see `pattern_data.patterns`."""
    import yaml

    content = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    if not isinstance(content, dict) or not content:
        raise PatternError([Fault(path.name, "", "holds no patterns", "P1: {title: ..., ...}")])
    forms: dict[str, _PatternForm] = {}
    faults: list[Fault] = []
    for name, body in content.items():
        try:
            forms[name] = _PatternForm.model_validate(_tuples(body))
        except ValidationError as error:
            faults += _form_faults(path.name, str(name), error)
    if faults:
        raise PatternError(faults)
    read = tuple(_Reader(path.name, name, form, faults).pattern() for name, form in forms.items())
    if faults:
        raise PatternError(faults)
    return read


def _tuples(body: Any) -> Any:
    """Strict forms take tuples as tuples only, and YAML has none."""
    if not isinstance(body, dict) or not isinstance(body.get("dates"), dict):
        return body
    dates = {
        name: {k: tuple(v) if isinstance(v, list) else v for k, v in spec.items()}
        if isinstance(spec, dict)
        else spec
        for name, spec in body["dates"].items()
    }
    return body | {"dates": dates}


def _form_faults(file: str, name: str, error: ValidationError) -> Iterator[Fault]:
    for item in error.errors():
        where = ".".join([name, *map(str, item["loc"])])
        yield Fault(file, where, f"{item['msg']}", f"it is {item.get('input')!r}")


class _Reader:
    """One pattern of the file, held to the theatre."""

    def __init__(self, file: str, name: str, form: _PatternForm, faults: list[Fault]) -> None:
        self.file, self.name, self.form, self.faults = file, name, form, faults
        self.facts: Theatre = facts.load()
        self.names = [place.name for place in self.facts.places]

    def pattern(self) -> Pattern:
        form = self.form
        if form.window.last < form.window.first:
            self.fault("window", "ends before it begins", "from, then to")
        known = {True: "all", False: "none", "partly": "partly"}[form.known]
        dates = {name: self.day(name, spec) for name, spec in form.dates.items()}
        return Pattern(
            name=self.name,
            title=form.title,
            history=form.history,
            source=form.source,
            known=known,
            needed=form.needed,
            is_modal=form.modal,
            first=form.window.first,
            last=form.window.last,
            places={name: self.places(name, spec) for name, spec in form.places.items()},
            dates=dates,
            numbers=form.numbers,
            parts=tuple(self.part(name, part, dates) for name, part in form.parts.items()),
            readings=tuple(self.readings()),
        )

    def fault(self, where: str, what: str, right: str) -> None:
        self.faults.append(Fault(self.file, f"{self.name}.{where}", what, right))

    def place(self, where: str, name: str) -> tuple[int, ...]:
        if name in self.names:
            return (self.names.index(name),)
        self.fault(where, f"there is no place {name!r}", close_matches(name, self.names))
        return ()

    def places(self, where: str, spec: Any) -> tuple[int, ...]:
        """Positions of a name, of a list of names, or of a group of the theatre."""
        where = f"places.{where}"
        if isinstance(spec, str):
            return self.place(where, spec)
        if isinstance(spec, list):
            return tuple(p for name in spec for p in self.place(where, name))
        if isinstance(spec, _Convoy):
            goes = {camp.place: camp.convoy_destination for camp in self.facts.camps}
            to = goes.get(spec.convoy)
            if to is None:
                self.fault(where, f"no convoy of {spec.convoy!r} is known", "a camp that has one")
                return ()
            return self.place(where, to)
        return self.group(where, spec)

    def group(self, where: str, spec: _Group) -> tuple[int, ...]:
        """Positions of the places of a group."""
        regions = {place.region for place in self.facts.places}
        if (spec.region is not None) != (spec.group == "army bases outside"):
            self.fault(where, "region is given or missing", "only `army bases outside` has one")
        elif spec.region is not None and spec.region not in regions:
            self.fault(where, f"no region {spec.region!r}", close_matches(spec.region, regions))
        is_in = {
            # Mopti-Sevare is two towns in one, the capital of Mopti.
            "regional capitals": lambda p: p.name == p.region or p.name.startswith(f"{p.region}-"),
            "army bases outside": lambda p: p.army_base and p.region != spec.region,
            "UN camps": lambda p: p.un_camp,
            "north": lambda p: p.legitimacy == "north",
        }[spec.group]
        return tuple(i for i, place in enumerate(self.facts.places) if is_in(place))

    def day(self, where: str, spec: Any) -> int:
        """A date, or the first one on which the theatre has what is asked for."""
        if isinstance(spec, date):
            return day_number(spec)
        found = min(self.found(spec), default=None)
        if found is None:
            self.fault(f"dates.{where}", "the theatre has no such date", str(spec))
            return 0
        return day_number(found)

    def found(self, spec: Any) -> list[date]:
        """All dates of the theatre that fit."""
        facts = self.facts
        if isinstance(spec, _History):
            return [
                change.date
                for change in facts.history
                if change.before is not None
                and (change.place, change.object, change.after) == spec.history
            ]
        if isinstance(spec, _Event):
            return [
                date.fromisoformat(event["date"])
                for event in facts.events
                if (event["place"], event["kind"]) == spec.event
            ]
        if isinstance(spec, _Calendar):
            return [k.date for k in facts.calendar if (k.what, k.place) == spec.calendar]
        return [camp.planned for camp in facts.camps if camp.place == spec.plan]

    def part(self, name: str, form: _PartForm, dates: Mapping[str, int]) -> Part:
        """A part with its bounds as numbers."""
        where = f"parts.{name}"
        low, high = form.low, form.high
        given = [form.since is not None, form.first is not None, form.last is not None]
        if any(given) and not all(given):
            self.fault(where, "from, to and since belong together", "all three, or none")
        elif form.since is not None and form.since not in dates:
            self.fault(where, f"since {form.since!r}", close_matches(form.since, dates))
        elif form.since is not None and form.first is not None and form.last is not None:
            low = day_number(form.first) - dates[form.since]
            high = day_number(form.last) - dates[form.since]
        if form.holder is not None:
            low = high = float(Holder[form.holder.upper()])
        if low > high or (math.isinf(low) and math.isinf(high)):
            self.fault(where, f"bounds {low} to {high}", "low, high, or both, in order")
        self.column(where, form.value)
        by = form.set_by
        camp = None if by is None else by.exit or by.receiver
        if camp is not None and camp not in {c.place for c in self.facts.camps}:
            self.fault(where, f"{camp!r} has no camp of the UN", "a camp of camps.csv")
        clause = None if by is None else "exit" if by.exit else "receiver"
        span = None if form.first is None or form.last is None else (form.first, form.last)
        return Part(self.name, name, form.value, low, high, span, form.needed, clause, camp)

    def readings(self) -> Iterator[Reading]:
        for name, bounds in self.form.readings.items():
            for value, (low, high) in bounds.items():
                self.column(f"readings.{name}", value)
                if low > high:
                    self.fault(f"readings.{name}", f"{value} {low} to {high}", "low, then high")
            yield Reading(name, {value: (low, high) for value, (low, high) in bounds.items()})

    def column(self, where: str, value: str) -> None:
        """Hold the name of a column to those that are measured."""
        if value not in VALUES:
            self.fault(where, f"nothing measures {value!r}", close_matches(value, VALUES))
