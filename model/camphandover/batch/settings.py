"""Settings: what a public function takes, and the command of the same name, as one dataclass.

A field says with `setting` what the command's help tells of it and which numbers it may hold.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

from camphandover.inputs import number, whole

if TYPE_CHECKING:
    from camphandover.batch.plan import Model
    from camphandover.batch.run import Progress, Say


@dataclass(frozen=True)
class Setting:
    """What is told of a field of settings beside its type and default.

    Attributes:
        help: What it is, as the command's help tells it.
        kind: Its type on the command line; that of the default if not given.
        name: Of the option, if it is not that of the field.
        metavar: What the help writes for its value.
        low, high: Its range, both included.
        above: Whether `low` itself is left out.
        is_argument: Whether the command takes it without a name.
    """

    help: str
    kind: Any = None
    name: str = ""
    metavar: str | None = None
    low: float | None = None
    high: float | None = None
    above: bool = False
    is_argument: bool = False

    @staticmethod
    def of(field: Field[Any]) -> Setting | None:
        """What is told of a field; nothing of one that only Python can give."""
        return field.metadata.get(Setting)

    def checked(self, name: str, value: Any) -> Any:
        """The value within the range, as Python's own number.

        Errors:
            BatchError that names the value and the range.
        """
        if self.low is None or self.high is None or value is None:
            return value
        if self.kind is float:
            return number(name, value, self.low, self.high, above=self.above)
        return whole(name, value, int(self.low), int(self.high))


def setting(default: Any, help: str, kind: Any = None, **about: Any) -> Any:
    """A field of `Settings`; `...` for the default if it must be given.

    Args:
        default: Its default.
        help, kind, about: As `Setting` has them.
    """
    told = {Setting: Setting(help, kind, **about)}
    return field(metadata=told) if default is ... else field(default=default, metadata=told)


@dataclass(frozen=True)
class Settings:
    """What a public function takes, and the command of the same name.

    Numbers are held to the ranges of their fields.
    """

    def __post_init__(self) -> None:
        """Errors: BatchError that names the field, its value and the range."""
        for one in fields(self):
            about = Setting.of(one)
            if about is not None:
                value = about.checked(one.name, getattr(self, one.name))
                object.__setattr__(self, one.name, value)


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

    workers: int | None = setting(None, "Threads. [default: all cores]", int, low=1, high=4096)
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
            return run(settings(*args, **kwargs))

        taken = inspect.signature(settings)
        returned = inspect.signature(run).return_annotation
        told = taken.replace(return_annotation=returned)
        function.__signature__ = told  # type: ignore[attr-defined]
        return function

    return decorate
