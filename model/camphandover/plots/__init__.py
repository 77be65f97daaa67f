"""Charts of a batch; each takes a batch, or shares, and draws on axes or makes figures and files.

What is named here is loaded when it is first used: matplotlib is not needed to know which charts
are there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from camphandover.plots.animation import animate_map
    from camphandover.plots.calibration import draw_calibration, plot_calibration
    from camphandover.plots.casualties import losses, losses_grid
    from camphandover.plots.control import control_heatmap, control_over_time
    from camphandover.plots.discovery import box_scatter, draw_discovery, robust_grid, trade_off
    from camphandover.plots.falls import fall_dates
    from camphandover.plots.figures import draw_batch
    from camphandover.plots.grid import control_grid
    from camphandover.plots.maps import control_map, map_sequence
    from camphandover.plots.pairs import difference
    from camphandover.plots.patterns import plot_patterns
    from camphandover.plots.scores import plot_reliability, plot_score_by_day
    from camphandover.plots.sensitivity import (
        draw_sensitivity,
        plot_convergence,
        plot_sensitivity,
    )
    from camphandover.plots.strengths import forces

__all__ = [
    "animate_map",
    "box_scatter",
    "control_grid",
    "control_heatmap",
    "control_map",
    "control_over_time",
    "difference",
    "draw_batch",
    "draw_calibration",
    "draw_discovery",
    "draw_sensitivity",
    "fall_dates",
    "forces",
    "losses",
    "losses_grid",
    "map_sequence",
    "plot_calibration",
    "plot_convergence",
    "plot_patterns",
    "plot_reliability",
    "plot_score_by_day",
    "plot_sensitivity",
    "robust_grid",
    "trade_off",
]

_HOMES = {
    "animate_map": "animation",
    "box_scatter": "discovery",
    "control_grid": "grid",
    "control_heatmap": "control",
    "control_map": "maps",
    "control_over_time": "control",
    "difference": "pairs",
    "draw_batch": "figures",
    "draw_calibration": "calibration",
    "draw_discovery": "discovery",
    "draw_sensitivity": "sensitivity",
    "fall_dates": "falls",
    "forces": "strengths",
    "losses": "casualties",
    "losses_grid": "casualties",
    "map_sequence": "maps",
    "plot_calibration": "calibration",
    "plot_convergence": "sensitivity",
    "plot_patterns": "patterns",
    "plot_reliability": "scores",
    "plot_score_by_day": "scores",
    "plot_sensitivity": "sensitivity",
    "robust_grid": "discovery",
    "trade_off": "discovery",
}


def __getattr__(name: str) -> Any:
    """Load a chart from where it lives."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted({*globals(), *__all__})
