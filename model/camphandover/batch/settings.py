"""Settings: what a public function takes, and the command of the same name, as one dataclass.

A field says with `setting` what the command's help tells of it and which numbers it may hold.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Self

from camphandover.inputs import number, whole

if TYPE_CHECKING:
    from camphandover.batch.plan import Model
    from camphandover.batch.run import Progress, Say


@dataclass(frozen=True)
class Setting:
    """What is told of a field of settings beside its type and default.

    Attributes:
        help: What it is, as the command's help tells it; empty if only Python can give it.
        kind: Its type on the command line; that of the default if not given.
        name: Of the option, if it is not that of the field.
        metavar: What the help writes for its value.
        within: Its range, both ends included.
        above: Whether the lower end is left out.
        is_argument: Whether the command takes it without a name.
    """

    help: str
    kind: Any = None
    name: str = ""
    metavar: str | None = None
    within: tuple[float, float] | None = None
    above: bool = False
    is_argument: bool = False

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


def setting(default: Any, help: str = "", kind: Any = None, **about: Any) -> Any:
    """A field of `Settings`; `...` for the default if it must be given.

    Args:
        default: Its default.
        help, kind, about: As `Setting` has them.
    """
    told = {"setting": Setting(help, kind, **about)}
    return field(metadata=told) if default is ... else field(default=default, metadata=told)


@dataclass(frozen=True)
class Settings:
    """What a public function takes, and the command of the same name."""

    @classmethod
    def told(cls) -> list[tuple[Field[Any], Setting]]:
        """Fields of which something is told, own ones before those that others have, too."""
        found = [(one, one.metadata["setting"]) for one in fields(cls) if "setting" in one.metadata]
        return sorted(found, key=lambda one: one[0].name not in cls.__annotations__)

    def checked(self) -> Self:
        """The same with numbers of Python's own, held to the ranges of their fields.

        Errors:
            BatchError that names the field, its value and the range.
        """
        given = {one.name: about.checked(one.name, getattr(self, one.name))
                 for one, about in self.told()}  # fmt: skip
        return replace(self, **given)


@dataclass(frozen=True, kw_only=True)
class Means(Settings):
    """Who computes runs, and what is told meanwhile, as `camphandover.run` takes it.

    Attributes:
        workers: Threads; all cores if not given.
        cluster: Address of a Dask scheduler, or a `distributed.Client`: its workers compute.
        model: Makes each replicate; `NorthernMali` if not given.
        progress: Called with the replicates done and those of the batch; a bar if not given, none
            if False.
        say: Called with what should be read.
    """

    workers: int | None = setting(None, "Threads. [default: all cores]", int, within=(1, 4096))
    cluster: Any = setting(None, "A Dask scheduler, whose workers compute.", str, metavar="ADDRESS")
    model: Model | None = None
    progress: Progress | bool | None = None
    say: Say | None = None


def takes[**P, S: Settings, R](
    settings: Callable[P, S],
) -> Callable[[Callable[[S], R]], Callable[P, R]]:
    """A function of settings as a function of their fields: what users call, and `help` shows."""

    def decorate(run: Callable[[S], R]) -> Callable[P, R]:
        @wraps(run)
        def function(*args: P.args, **kwargs: P.kwargs) -> R:
            return run(settings(*args, **kwargs).checked())

        taken = inspect.signature(settings)
        returned = inspect.signature(run).return_annotation
        told = taken.replace(return_annotation=returned)
        function.__signature__ = told  # type: ignore[attr-defined]
        return function

    return decorate
