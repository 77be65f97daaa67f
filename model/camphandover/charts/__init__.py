"""Charts of a batch; each takes a batch, or shares, and draws on axes or makes figures and files.

What is registered as a chart is loaded when it is first used: matplotlib is not needed to know
which charts are there.
"""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """Load a chart from where it lives."""
    from camphandover.charts.registry import public

    if name == "__all__":
        return sorted(public())
    if name not in public():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{public()[name].module}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__getattr__("__all__")]
