"""Charts of a batch; each takes a batch, or shares, and draws on axes or makes files.

What is named here is loaded when it is first used: matplotlib is not needed to know which charts
are there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from camphandover.plots.control import control_heatmap, control_over_time
    from camphandover.plots.figures import draw_batch

__all__ = ["control_heatmap", "control_over_time", "draw_batch"]

_HOMES = {
    "control_heatmap": "control",
    "control_over_time": "control",
    "draw_batch": "figures",
}


def __getattr__(name: str) -> Any:
    """Load a chart from where it lives."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
