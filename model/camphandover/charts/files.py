"""Charts as files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover.batch.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def save(drawn: Figure | Axes, path: Path, dpi: float, **options: Any) -> Path:
    """Write a chart whole or not at all, in the format that the file's name ends in.

    Args:
        drawn: A figure, or axes that stand for theirs.
        path: The file; its folder is made if it is not there.
        dpi: Dots per inch.
        options: As `savefig` takes them.
    Returns:
        The file.
    Errors:
        CannotWrite that names the file.
    """
    figure = drawn.get_figure(root=True)
    assert figure is not None
    data = BytesIO()
    figure.savefig(data, format=path.suffix[1:].lower(), dpi=dpi, **options)
    write_whole(path, data.getvalue())
    return path
