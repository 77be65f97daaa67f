"""What a batch holds, in words and a table."""

from __future__ import annotations

from typing import Any

from camphandover.batch.batch import Batch
from camphandover.say.document import Column, Document, Paragraph, table


def document(batch: Batch) -> Document:
    """The batch in a line, and a row for each scenario."""
    header = [Column("scenario", "name"), Column("title", "text"), Column("days", "text")]
    rows = [(e["name"], e["title"], " to ".join(e["window"])) for e in batch.manifest["scenarios"]]
    return [Paragraph(repr(batch)), table("", header, rows)]


def data(batch: Batch) -> dict[str, Any]:
    """Its manifest."""
    return batch.manifest
