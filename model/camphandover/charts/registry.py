"""The charts there are: each is one function marked with `@chart`, found without loading it.

The marks are read from the sources of this package, so that names, and the help of `plot`, are
there without matplotlib.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

MARKED = re.compile(r'^@chart\(.*?(?=^    """)', re.MULTILINE | re.DOTALL)
"""A mark and the head of its function, up to the docstring that each of them has."""
COMPARED = {"scenario": "a", "against": "b"}
"""By option of `plot`, the parameter of a comparison that it fills."""


def chart[**P, R](
    kind: str = "", tells: str = "", *, leaves: str = "", title: str = ""
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a function of this package as a chart, drawn in the charts' own style.

    What it takes is told by its parameters. It is a name of `ch.plots`, unless that begins with
    an underscore. The arguments are literals, and the function has a docstring.

    Args:
        kind: Its name for `plot --kind`, if that offers it.
        tells: What it shows, for the help of the command.
        leaves: Name of the file that a batch leaves in its folder, if it does: of `{base}` for
            each key base, or of `{scenario}` for each scenario. It is drawn from shares.
        title: Of such a chart in a report.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        from camphandover.charts.style import styled

        return styled(function)

    return mark


@dataclass(frozen=True)
class Registered:
    """A chart as its mark and its parameters tell it, see `chart`.

    Attributes:
        name, module: Where its function is.
        parameters: Names of what it takes after the data.
        needed: Those that must be given.
    """

    name: str
    module: str
    parameters: tuple[str, ...]
    needed: tuple[str, ...]
    kind: str = ""
    tells: str = ""
    leaves: str = ""
    title: str = ""

    def fills(self, option: str) -> str:
        """The parameter that an option of `plot` fills; empty if there is none.

        It has the option's name, in the plural if the option may be given again.
        """
        names = (option, f"{option}s", COMPARED.get(option))
        return next((name for name in names if name in self.parameters), "")

    def needs(self, option: str) -> bool:
        """Whether an option must be given; a scenario need not be if there is only one."""
        return self.fills(option) in ("scenario", "a", "b", *self.needed)

    def takes_many(self, option: str) -> bool:
        """Whether an option may be given again."""
        return self.fills(option).endswith("s")

    def __call__(self, *data: Any, **options: Any) -> Any:
        """Draw it."""
        module = import_module(f"{__package__}.{self.module}")
        return getattr(module, self.name)(*data, **options)


@cache
def charts() -> tuple[Registered, ...]:
    """All charts, by module and in the order in which they stand there."""
    return tuple(
        _read(head, file.stem)
        for file in sorted(Path(__file__).parent.glob("*.py"))
        for head in MARKED.findall(file.read_text(encoding="utf-8"))
    )


def _read(head: str, module: str) -> Registered:
    """A chart from its mark and the head of its function."""
    function = ast.parse(f"{head}    ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    mark = function.decorator_list[0]
    assert isinstance(mark, ast.Call)
    told = {"kind": mark.args[0], "tells": mark.args[1]} if mark.args else {}
    told |= {one.arg: one.value for one in mark.keywords if one.arg}
    taken = [one.arg for one in function.args.args[1:]]
    needed = taken[: len(taken) - len(function.args.defaults)]
    taken += [one.arg for one in function.args.kwonlyargs]
    words = {name: ast.literal_eval(value) for name, value in told.items()}
    return Registered(function.name, module, tuple(taken), tuple(needed), **words)


def kinds() -> dict[str, Registered]:
    """The charts that `plot --kind` offers, by kind."""
    return {one.kind: one for one in charts() if one.kind}


def public() -> dict[str, Registered]:
    """The charts that are names of `ch.plots`."""
    return {one.name: one for one in charts() if not one.name.startswith("_")}
