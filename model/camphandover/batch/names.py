"""Names that users give, held to those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from camphandover.errors import BatchError, suggestion

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch


def check_known(what: str, name: str, known: Sequence[str]) -> None:
    """Refuse a name that is not among those known, with a guess at what was meant."""
    if not isinstance(name, str) or name not in known:
        raise BatchError(f"no {what} is named {name!r}: {suggestion(str(name), known, 'there is')}")


def check_holders(batch: Batch) -> None:
    """Refuse a batch of an older format, whose holders are not those of the record."""
    from camphandover.batch.cubes import HOLDERS

    if batch.holders != HOLDERS:
        raise BatchError(
            f"{batch.folder} was stored with the holders {', '.join(batch.holders)}; what is held "
            f"to the record needs {', '.join(HOLDERS)}. Run its scenarios into another folder."
        )
