"""The outcomes: one number of each run, by name, unit, what is better, and over what it is asked.

Whatever reads outcomes of runs asks this registry: comparisons, the end table, analyses of
sensitivity, charts, the report, the command line. To add one, write a function at the end of this
file, or decorate one of your own in a script or notebook.
"""

from __future__ import annotations

import importlib.util
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import inf
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from camphandover import inputs
from camphandover.batch.names import check_known
from camphandover.errors import BatchError, CamphandoverError
from camphandover.facts.codes import HOLDERS, Side
from camphandover.libraries import np
from camphandover.measure.notation import named
from camphandover.measure.runs import (
    NO_TAKER,
    Runs,
    Scope,
    Window,
    common_window,
    first_day,
    runs_of,
    scenario_window,
)

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch

__all__ = ["Window", "common_window", "scenario_window"]

CIVILIANS = "civilians"
SIDES = tuple(side.name.lower() for side in Side)
LOSERS = (*SIDES, CIVILIANS)
"""Whose dead are counted: the men of each side, and civilians killed by anybody."""
LABELS = {
    "holder": HOLDERS,
    "taker": tuple(name for name in HOLDERS if name != NO_TAKER),
    "side": SIDES,
    "loser": LOSERS,
}
"""Over what an outcome is asked, apart from `place` and `date`, and the names that there are."""
WORDS_OVER = {"taker": "holder", "loser": "side"}
"""What some of them are called to users."""
OVER = ("place", *LABELS, "date")
OPTIONAL = ("loser", "date")
"""What need not be named: all losers together, the last date."""
KEY_BASES = ("Kidal", "Tessalit", "Aguelhok", "Ber", "Gao", "Timbuktu")
"""Places of which there is a chart, and a column in the table at the end of a batch."""


class Unit(NamedTuple):
    """A unit of outcomes.

    Attributes:
        half_width: Of an interval, for which the runs needed are told.
        nearly_nil: The mean below which there is nearly none of it.
        digits: Behind the point.
    """

    half_width: float
    nearly_nil: float
    digits: int


UNITS = {
    "days": Unit(1.0, 0.5, 1),
    "share": Unit(0.02, 0.005, 1),
    "dead": Unit(5.0, 0.5, 1),
    "people": Unit(1000.0, 0.5, 0),
    "number": Unit(1.0, -inf, 1),
}
"""Of `share`, a run's value is whether something happens; `number` is anything else."""
BETTER = {"more": "more", "fewer": "less", "less": "less"}
DEFAULT = ("held:Kidal:army", "held:Tessalit:army", "dead")
ALIASES = {CIVILIANS: f"dead:{CIVILIANS}"}


@dataclass(frozen=True)
class Outcome:
    """What makes a function an outcome, which comparisons and analyses then know by its name.

    The function takes some runs of one scenario and gives a value for each of them:

        @ch.outcome(unit="days", better="fewer", title="days until Gao is lost")
        def gao_lost(runs):
            return runs.held_by("army", "Gao").argmin(axis=1)

    `runs` has `n`, `n_days`, `control`, `series`, `people` (labelled, as those of a batch),
    `held_by(holder, place)` and `grown(figure)`; the function is called for at most 200 runs at a
    time, never for one that failed.

    Attributes:
        unit: `days`, `share` (of runs; each run's value is true or false), `dead`, `people` or
            `number`.
        better: `more` or `fewer` of it (`less`, once it is registered).
        over: Over what it is asked, if not once for each run: `place`, then `holder`, `taker`
            (holders but the UN), `side` or `loser` (sides and civilians), then `date`. The array
            then has an axis for each, in this order, after that of the runs; the date is a second
            argument.
        title: What it is, in words; its name if not given.
        heading: What it is of all places and holders; the title if not given.
        label: What rows of a comparison call it; its name if not given.
        who: Whose it is, if it is asked over no holder or side.
        is_date: Whether the days are those before a date, the whole window if there is none: a
            comparison then tells the median dates.
        name: As it is asked for: that of the function.
        function: The function.
    Errors:
        BatchError if a word is not known, or the name is taken.
    """

    unit: str
    better: str
    over: str | Sequence[str] = ()
    title: str = ""
    heading: str = ""
    label: str = ""
    who: str = ""
    is_date: bool = False
    name: str = ""
    function: Any = None

    def __post_init__(self) -> None:
        """Hold the words to those that are known."""
        check_known("unit", self.unit, tuple(UNITS))
        check_known("direction (better=)", self.better, tuple(BETTER))
        dims = self._dims()
        for dim in dims:
            check_known("dimension (over=)", dim, OVER)
        if dims != tuple(dim for dim in OVER if dim in dims):
            raise BatchError(f"over={dims}: the order {', '.join(OVER)} is needed.")

    def _dims(self) -> tuple[str, ...]:
        return (self.over,) if isinstance(self.over, str) else tuple(self.over)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Register a function, which stays what it is."""
        if not isinstance(function, FunctionType):
            raise BatchError(f"outcome: a function is needed, not {inputs.shown(function)}.")
        name = function.__name__
        title = self.title or name.replace("_", " ")
        made = replace(
            self, name=name, function=function, better=BETTER[self.better], over=self._dims(),
            title=title, heading=self.heading or title, label=self.label or name,
        )  # fmt: skip
        for other in REGISTRY.values():
            is_again = other.name == name and other.function.__module__ == function.__module__
            if name in (other.name, other.label, *ALIASES) and not is_again:
                raise BatchError(
                    f"outcome {name} ({made.where}): there is one of this name already "
                    f"({other.where}); give the function another name."
                )
        REGISTRY[name] = made
        return function

    @property
    def axes(self) -> tuple[str, ...]:
        """What it is asked over, apart from the date."""
        return tuple(dim for dim in self.over if dim != "date")

    @property
    def form(self) -> str:
        """`holds:PLACE:HOLDER[:YYYY-MM-DD]`."""
        form = self.name
        for dim in self.over:
            word = "YYYY-MM-DD" if dim == "date" else WORDS_OVER.get(dim, dim).upper()
            form += f"[:{word}]" if dim in OPTIONAL else f":{word}"
        return form

    def headed(self, **words: Any) -> str:
        """The heading with words for `days`, `slot`, `date`, `last`; of all places and holders."""
        each = {dim: f"the {WORDS_OVER.get(dim, dim)}" for dim in OVER}
        text = filled(self.heading, **{**each, **words})
        return f"{text[:1].upper()}{text[1:]}"

    @property
    def where(self) -> str:
        """File and line of its function."""
        code = self.function.__code__
        return f"{code.co_filename}:{code.co_firstlineno}"

    def labels(self, places: Sequence[str], holders: Sequence[str] = HOLDERS) -> list[list[str]]:
        """The names along each of `axes`."""
        known = {**LABELS, "place": places, "holder": holders}
        known["taker"] = [name for name in holders if name != NO_TAKER]
        return [list(known[dim]) for dim in self.axes]

    def of(self, runs: Runs, day: date) -> np.ndarray:
        """Its values of some runs, shape (replicate, *axes).

        Errors:
            BatchError if its function fails, or gives what cannot be.
        """

        shape = (runs.n, *map(len, self.labels(runs.places, runs.holders)))
        if not runs.n:
            return np.zeros(shape)
        given = (runs, day) if "date" in self.over else (runs,)
        try:
            found = np.asarray(self.function(*given))
        except CamphandoverError:
            raise
        except Exception as error:
            raise BatchError(f"outcome {self.name} {_failed(error, self.where)}") from error
        what = f"outcome {self.name} ({self.where}) gives"
        if found.shape != shape:
            each = " and ".join(["run", *(WORDS_OVER.get(dim, dim) for dim in self.axes)])
            raise BatchError(
                f"{what} an array of shape {found.shape}: a value for each {each} is needed, "
                f"shape {shape}."
            )
        if found.dtype.kind not in "biuf" or not np.isfinite(found).all():
            raise BatchError(f"{what} what is no number: finite numbers are needed.")
        if self.unit == "share" and not np.isin(found, (0, 1)).all():
            raise BatchError(f"{what} other values than 0 and 1: of a share, each run has or not.")
        return found


def filled(text: str, **words: Any) -> str:
    """A title with words for what stands in braces; other braces stay."""
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", str(word))
    return text


REGISTRY: dict[str, Outcome] = {}
"""All outcomes by name."""
outcome = Outcome


def load_outcomes(path: str | Path) -> None:
    """Run a Python file that decorates functions with `outcome`.

    Errors:
        BatchError if it cannot be read, fails, or defines no outcome.
    """
    file = inputs.path("outcomes", path).resolve()
    spec = importlib.util.spec_from_file_location(f"outcomes of {file}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise BatchError(f"outcomes {path}: a Python file (.py) is needed, and there is none.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except CamphandoverError as error:
        raise BatchError(f"outcomes {path}: {error}") from error
    except Exception as error:
        raise BatchError(f"outcomes {path} {_failed(error, str(file))}") from error
    if not any(one.function.__module__ == module.__name__ for one in REGISTRY.values()):
        raise BatchError(
            f"outcomes {path} defines none: decorate a function with "
            '@ch.outcome(unit="days", better="fewer").'
        )


def _failed(error: Exception, where: str) -> str:
    """`failed in late.py, line 7: KeyError: 'Gaoo'`."""
    file = where.rpartition(":")[0] or where
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    at = f", line {lines[-1]}" if lines else ""
    return f"failed in {Path(file).name}{at}: {type(error).__name__}: {error}"


# --- what is asked for -------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """An outcome of one place, holder, side or date.

    Attributes:
        name: As it was asked for, such as `held:Kidal:army`.
        outcome: Its kind.
        place, who: Empty where it is not asked over them, or over all together.
        day: The date, if it is asked at one.
    """

    name: str
    outcome: Outcome
    place: str = ""
    who: str = ""
    day: date | None = None

    @property
    def unit(self) -> str:
        """Unit of the mean over runs."""
        return "share of runs" if self.outcome.unit == "share" else self.outcome.unit

    @property
    def title(self) -> str:
        """What it is, in words."""
        who = named(self.who) if self.who else "all sides and civilians"
        words = {**dict.fromkeys(LABELS, who), "place": self.place, "date": self.day}
        return filled(self.outcome.title, slot="camp", **words)


def forms() -> list[str]:
    """How each outcome is asked for."""
    return [one.form for one in REGISTRY.values()] + list(ALIASES)


def by_label() -> dict[str, Outcome]:
    """The outcomes by the names that rows of a comparison have."""
    return {one.label: one for one in REGISTRY.values()}


def parse(text: str, window: Window, places: Sequence[str]) -> Asked:
    """The outcome that a text names.

    Args:
        text: In one of `forms()`.
        window: Of the scenario.
        places: Those that there are.
    Errors:
        BatchError for one that cannot be, with what is right.
    """
    kind, *parts = str(ALIASES.get(text, text)).split(":")
    found = REGISTRY.get(kind)
    needed = [] if found is None else [dim for dim in found.over if dim not in OPTIONAL]
    if found is None or not len(needed) <= len(parts) <= len(found.over):
        raise BatchError(f"outcome {text!r} is not known; there is {', '.join(forms())}.")
    known = dict(zip(found.axes, found.labels(places), strict=True))
    at: dict[str, Any] = {"date": window.last} if "date" in found.over else {}
    for dim, part in zip(found.over, parts, strict=False):
        if dim == "date":
            at[dim] = inputs.day(f"outcome {text!r}: the date", part, *window)
        else:
            check_known(WORDS_OVER.get(dim, dim), part, known[dim])
            at[dim] = part
    place, day = at.pop("place", ""), at.pop("date", None)
    return Asked(text, found, place, next(iter(at.values()), ""), day)


def parse_all(texts: str | Iterable[str], window: Window, places: Sequence[str]) -> list[Asked]:
    """The outcomes that some texts name, each once; those of `DEFAULT` if there is no text."""
    asked = [texts] if isinstance(texts, str) else list(texts)
    return [parse(text, window, places) for text in dict.fromkeys(asked or DEFAULT)]


# --- their values ------------------------------------------------------------------------


class Measured(NamedTuple):
    """Values of some outcomes.

    Attributes:
        is_valid: False for a replicate that failed, whose values mean nothing; (replicate,).
        values: Of each outcome, shape (replicate, *axes).
    """

    is_valid: np.ndarray
    values: list[np.ndarray]


def measure(
    batch: Batch, scenario: str, wanted: Sequence[tuple[Outcome, date]], scope: Scope
) -> Measured:
    """Outcomes of all replicates of a scenario, read some at a time.

    Args:
        batch: Where they are stored.
        scenario: Its name.
        wanted: The outcomes, each with the date that counts if it is asked at one.
        scope: Dates of the scenario, places and slot.
    """

    valid, parts = [], []
    for runs in runs_of(batch, scenario, scope):
        valid.append(runs.is_valid)
        found = [one.of(runs, day) for one, day in wanted]
        whole = [np.zeros((len(runs.is_valid), *part.shape[1:]), part.dtype) for part in found]
        for into, part in zip(whole, found, strict=True):
            into[runs.is_valid] = part
        parts.append(whole)
    return Measured(np.concatenate(valid), [np.concatenate(of) for of in zip(*parts, strict=True)])


def values(batch: Batch, scenario: str, asked: Sequence[Asked], window: Window) -> np.ndarray:
    """Outcomes run by run, of camps.

    Args:
        batch: Where the runs are stored.
        scenario: Its name.
        asked: The outcomes.
        window: Of the scenario.
    Returns:
        Shape (outcome, replicate); nan for a run that failed.
    """

    places = tuple(dict.fromkeys(one.place for one in asked if one.place))
    wanted = list(dict.fromkeys((one.outcome, one.day or window.last) for one in asked))
    is_valid, found = measure(batch, scenario, wanted, Scope(window, places))
    of = dict(zip(wanted, found, strict=True))
    rows = [_picked(one, of[one.outcome, one.day or window.last], places, batch) for one in asked]
    return np.where(is_valid, np.array(rows, dtype=float), np.nan)


def _picked(one: Asked, found: np.ndarray, places: Sequence[str], batch: Batch) -> np.ndarray:
    """The values of one place, holder or side; the sum over all of what is not named."""
    labels = one.outcome.labels(places, batch.holders)
    names = [one.place if dim == "place" else one.who for dim in one.outcome.axes]
    for known, name in zip(labels, names, strict=True):
        found = found[:, known.index(name)] if name else found.sum(axis=1)
    return found


def without_failures(values: np.ndarray) -> np.ndarray:
    """Values with the mean of the point's other draws in place of runs that failed.

    Args:
        values: Shape (..., point, draw), nan for runs that failed.
    Errors:
        BatchError if all draws of a point failed.
    """

    is_known = np.isfinite(values)
    if not is_known.any(axis=-1).all():
        raise BatchError("all runs of a point of the design failed: see failures in manifest.json.")
    means = np.where(is_known, values, 0.0).sum(-1, keepdims=True) / is_known.sum(-1, keepdims=True)
    return np.where(is_known, values, means)


# --- the outcomes themselves -------------------------------------------------------------

OF_HOLDERS, OF_TAKERS = ("place", "holder"), ("place", "taker")


@outcome(
    "days", "more", OF_HOLDERS, "days on which the {slot} of {place} is held by {holder}",
    heading="Days of {days} on which the holder has the {slot}", label="days_held",
)  # fmt: skip
def held(runs: Runs) -> Any:
    """Days of the window at whose end the holder has the slot."""
    return runs.is_held.sum(axis=-1, dtype="int32")


@outcome(
    "share", "more", (*OF_HOLDERS, "date"),
    "chance that the {slot} of {place} is held by {holder} on {date}",
    heading="Chance in % that it has the {slot} on {date}",
)  # fmt: skip
def holds(runs: Runs, day: date) -> Any:
    """Whether the holder has the slot at the end of a date."""
    return runs.is_held[..., (day - runs.scope.window.first).days]


@outcome(
    "days", "fewer", OF_TAKERS, "days until the {slot} of {place} first falls to {taker}",
    heading="Days until it first has the {slot}, {days} if never",
    label="days_to_fall", is_date=True,
)  # fmt: skip
def fall(runs: Runs) -> Any:
    """Days before the first one at whose end the holder has it; all of the window if never."""
    return first_day(runs.is_taken).astype("int32")


@outcome(
    "share", "more", OF_TAKERS, "chance that the {slot} of {place} ever falls to {taker}",
    heading="Chance in % that it ever has the {slot}",
)  # fmt: skip
def fell(runs: Runs) -> Any:
    """Whether the holder has the slot at the end of any day of the window."""
    return runs.is_taken.any(axis=-1)


@outcome("dead", "fewer", "loser", "dead of {loser}", heading="Dead to {last}")
def dead(runs: Runs) -> Any:
    """Dead within the window: men of each side, and civilians killed by anybody."""

    return np.column_stack([runs.grown("dead"), runs.grown("war_civilians_killed")])


@outcome(
    "people", "fewer", title="number of displaced people on the last day", who="people",
    heading="Displaced people, in Mali and abroad, on {last}",
)  # fmt: skip
def displaced(runs: Runs) -> Any:
    """Displaced people, in Mali and abroad, on the last day."""
    last = runs.series[["war_displaced", "war_abroad"]].isel(date=-1).load()
    return last["war_displaced"].astype(float) + last["war_abroad"]
