"""Settings: what a public function takes, and the command of the same name, as one dataclass.

A field says with `setting` which numbers it may hold, and how the command takes it; the docstring
of the class is the command's help.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, Field, dataclass, field, fields, replace
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from camphandover.inputs import MAX_SEED, number, whole

if TYPE_CHECKING:
    from camphandover.batch.plan import Model
    from camphandover.batch.progress import Progress, Say
    from camphandover.batch.records import Records


@dataclass(frozen=True)
class Setting:
    """What is told of a field of settings beside its name, type and default.

    Attributes:
        kind: Its type on the command line; that of the default if not given.
        name: Of the option, if it is not that of the field.
        metavar: What the help writes for its value.
        within: Its range, both ends included.
        above: Whether the lower end is left out.
        is_option, is_argument: Whether the command has it, and takes it without a name.
        help: What the docstring of the class says of it, if nothing else is given.
    """

    kind: Any = None
    name: str = ""
    metavar: str | None = None
    within: tuple[float, float] | None = None
    above: bool = False
    is_option: bool = True
    is_argument: bool = False
    help: str = ""

    def checked(self, name: str, value: Any) -> Any:
        """The value within the range, as Python's own number; of a tuple, each of them.

        Errors:
            BatchError that names the value and the range.
        """
        if self.within is None or value is None:
            return value
        if isinstance(value, tuple):
            return tuple(self.checked(name, one) for one in value)
        low, high = self.within
        if self.kind is float:
            return number(name, value, low, high, above=self.above)
        return whole(name, value, int(low), int(high))


def setting(default: Any, kind: Any = None, **about: Any) -> Any:
    """A field of `Settings`; `...` for the default if it must be given.

    Args:
        default: Its default.
        kind, about: As `Setting` has them.
    """
    told = {"setting": Setting(kind, **about)}
    return field(metadata=told) if default is ... else field(default=default, metadata=told)


@dataclass(frozen=True)
class Settings:
    """What a public function takes, and the command of the same name.

    The docstring of a subclass tells its fields below `Attributes:`, a name and its help each.
    """

    @classmethod
    def told(cls) -> list[tuple[Field[Any], Setting]]:
        """Fields of which something is told, own ones before those that others have, too."""
        docs = "\n".join(inspect.cleandoc(one.__doc__ or "") for one in cls.__mro__)
        entries = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", docs, re.MULTILINE)
        helps = {name: " ".join(text.split()) for name, text in reversed(entries)}
        found = [
            (one, replace(about, help=about.help or helps.get(one.name, "")))
            for one in fields(cls)
            if (about := one.metadata.get("setting")) is not None
        ]
        return sorted(found, key=lambda one: one[0].name not in cls.__annotations__)

    def checked(self) -> Self:
        """The same with numbers of Python's own, held to the ranges of their fields.

        Errors:
            BatchError that names the field, its value and the range.
        """
        told = self.told()
        return replace(self, **{f.name: s.checked(f.name, getattr(self, f.name)) for f, s in told})


@dataclass(frozen=True, kw_only=True)
class Means(Settings):
    """Who computes runs, and what is told meanwhile, as `camphandover.run` takes it.

    Attributes:
        workers: Threads. [default: all cores]
        cluster: A Dask scheduler, whose workers compute.
        model: Makes each replicate; `NorthernMali` if not given.
        progress: Called with the replicates done and those of the batch; a bar if not given, none
            if False.
        say: Called with what should be read.
    """

    workers: int | None = setting(None, int, within=(1, 4096))
    cluster: Any = setting(None, str, metavar="ADDRESS")
    model: Model | None = None
    progress: Progress | bool | None = None
    say: Say | None = None


@dataclass(frozen=True)
class RunSettings(Settings):
    """What `camphandover.run` takes, which tells what it means.

    Attributes:
        scenarios: Scenario files, or names of the library; the whole library if none.
        runs: Runs of each scenario.
        seed: Seed of all draws.
        out: Folder of the batch. [default: runs/library, or by the names]
        workers: Threads. [default: all cores]
        cluster: A Dask scheduler, whose workers compute.
        sample_parameters: Each run draws its parameters from their ranges.
        parameters: Records of parameters that the runs take in turn, or the shipped set hindcast or
            prior.
        fixed: Fix a parameter; may be given again.
        evidence: Set of parameters: hindcast or prior. [default: hindcast, or that of the file]
        ledger: How much of the ledger is kept: full, changes, none.
        known_until: Last day of which the record is known: runs go on from there.
        history: A record of your own, of the form of control_history.csv.
        particles: Runs that the record weighs. [default: 2000]
    """

    scenarios: Any = setting(None, list[str], metavar="files", is_argument=True)
    runs: int = setting(200, within=(1, 2**31 - 1))
    seed: int = setting(2023, within=(0, MAX_SEED))
    out: str | Path | None = setting(None, Path)
    workers: int | None = setting(None, int, within=(1, 4096))
    progress: Progress | bool | None = None
    model: Model | None = None
    _: KW_ONLY
    cluster: Any = setting(None, str, metavar="ADDRESS")
    sample_parameters: bool = setting(False)
    parameters: Records | str | Path | None = setting(None, str, metavar="FILE")
    fixed: Mapping[str, float] | None = setting(None, list[str], name="set", metavar="NAME=VALUE")
    evidence: str | None = setting(None, str, metavar="SET")
    ledger: str = setting("full", metavar="HOW")
    known_until: date | str | None = setting(None, str, metavar="DATE")
    history: str | Path | None = setting(None, str, metavar="FILE")
    particles: int | None = setting(None, int, within=(2, 100_000))
    say: Say | None = None


def takes[**P, S: Settings, R](
    settings: Callable[P, S],
) -> Callable[[Callable[[S], R]], Callable[P, R]]:
    """A function of settings as a function of their fields: what users call, and `help` shows."""

    def decorate(run: Callable[[S], R]) -> Callable[P, R]:
        taken = inspect.signature(settings)

        @wraps(run)
        def function(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                taken.bind(*args, **kwargs)
            except TypeError as error:  # in the name of what was called
                raise TypeError(f"{run.__name__}() {error}") from None
            return run(settings(*args, **kwargs).checked())

        returned = inspect.signature(run).return_annotation
        told = taken.replace(return_annotation=returned)
        function.__signature__ = told  # type: ignore[attr-defined]
        return function

    return decorate
