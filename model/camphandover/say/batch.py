"""What a batch holds, in words and a table."""

from __future__ import annotations

from typing import Any

from camphandover.batch.batch import Batch
from camphandover.measure.past import pasts_of
from camphandover.say import origin as say_origin
from camphandover.say.document import Column, Document, Paragraph, table


def document(batch: Batch) -> Document:
    """The batch in a line, from what its runs go on, and a row for each scenario."""
    header = [Column("scenario", "name"), Column("title", "text"), Column("days", "text")]
    rows = [(e["name"], e["title"], " to ".join(e["window"])) for e in batch.manifest["scenarios"]]
    told = say_origin.told(pasts_of(batch), len(rows))
    return [Paragraph(repr(batch)), *told, table("", header, rows)]


def data(batch: Batch) -> dict[str, Any]:
    """Its manifest, and from what its runs go on."""
    pasts = say_origin.pasts_data(pasts_of(batch))
    return batch.manifest | ({"known": pasts} if pasts else {})
