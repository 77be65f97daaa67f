"""Charts: labelled data in, axes out. Matplotlib without its global state."""

from camphandover.plots.control import control_heatmap, control_over_time
from camphandover.plots.figures import draw_batch

__all__ = ["control_heatmap", "control_over_time", "draw_batch"]
