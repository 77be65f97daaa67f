"""The ledger of one run, read from the file of its block."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from camphandover.batch.batch import Batch
from camphandover.batch.cubes import SLOTS
from camphandover.batch.names import check_known
from camphandover.errors import BatchError
from camphandover.inputs import whole
from camphandover.libraries import pa, pc
from camphandover.measure.events import Event, event_of


class RunLedger:
    """The ledger of one run.

    Attributes:
        events: The rows by their numbers, in the order in which they were written.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        """Keep the events by row."""
        self.events = {event.row: event for event in sorted(events, key=lambda event: event.row)}

    def causes(self, event: Event) -> list[Event]:
        """What led to an event: its cause, the cause of that, and so on to the root."""
        found: list[Event] = []
        while event.cause is not None and event.cause in self.events:
            cause = self.events[event.cause]
            if cause.row >= event.row:  # a row is written after its cause
                break
            found.append(cause)
            event = cause
        return found


def read_run(batch: Batch, scenario: str, replicate: int) -> RunLedger:
    """The ledger of one run, of which only the file of its block is read.

    Errors:
        BatchError if the batch has no such run or kept no ledger, or the run failed.
    """

    replicate = check_run(batch, scenario, replicate)
    block = next(
        block for block in blocks_of(batch, scenario) if block["first"] <= replicate < block["stop"]
    )
    table = block_table(batch, block)
    rows = table.filter(pc.equal(table["replicate"], replicate)).to_pylist()
    return RunLedger(event_of(row) for row in rows)


def check_run(batch: Batch, scenario: str, replicate: Any) -> int:
    """The number of a run; one that the batch does not have, or without a ledger, is refused."""
    check_known("scenario", scenario, batch.scenarios)
    replicate = whole("replicate", replicate, 0, batch.runs - 1)
    check_ledger(batch)
    for failure in batch.failures:
        if (failure["scenario"], failure["replicate"]) == (scenario, replicate):
            raise BatchError(
                f"replicate {replicate} of {scenario} failed ({failure['error']}) and tells "
                "nothing: name another one."
            )
    return int(replicate)


def check_ledger(batch: Batch) -> None:
    """Refuse a batch without a ledger."""
    if batch.ledger == "none":
        raise BatchError(
            f"{batch.folder} holds no events: it was run with --ledger none. Run it into another "
            "folder with --ledger changes, or full."
        )


def check_full(batch: Batch, what: str) -> None:
    """Refuse a batch whose ledger is not full, and say what needs it."""
    if batch.ledger != "full":
        raise BatchError(f"{batch.folder} was run with --ledger {batch.ledger}: {what}.")


def check_base(batch: Batch, place: str, slot: str) -> None:
    """Refuse a place or slot that the batch does not have."""
    check_known("slot", slot, SLOTS)
    check_known("place", place, [str(known) for known in batch.control["place"].to_numpy()])


def blocks_of(batch: Batch, scenario: str) -> list[dict[str, Any]]:
    """The blocks of a scenario as the manifest lists them."""
    return [block for block in batch.manifest["blocks"] if block["scenario"] == scenario]


def block_table(batch: Batch, block: dict[str, Any]) -> pa.Table:
    """The ledgers of a block, held to the checksum."""
    from camphandover.batch import store

    return batch._read_table(f"{store.EVENTS}/{block['name']}.parquet")
