"""The report of a batch: one HTML file that needs no network.

What is said stands in `content.py`; how it looks, in `page.html`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from camphandover import inputs
from camphandover.batch.files import write_whole
from camphandover.say.report.content import content

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch

NAME = "report.html"
TEMPLATE = Path(__file__).with_name("page.html")


def write_report(batch: Batch, path: str | Path | None = None, against: str | None = None) -> Path:
    """Write the report of a batch.

    Args:
        batch: A finished batch.
        path: The file; `report.html` in the batch's folder if not given.
        against: Scenario with which the others are compared; the first one if not given.
    Returns:
        The file.
    Errors:
        BatchError if the batch is damaged or holds no such scenario.
    """
    target = batch.folder / NAME if path is None else inputs.path("path", path)
    write_whole(target, page(batch, against).encode())
    return target


def page(batch: Batch, against: str | None = None) -> str:
    """The report as HTML; see `write_report`."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(content(batch, against))
