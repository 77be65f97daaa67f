"""Names that users give, held to those that are there."""

from __future__ import annotations

from collections.abc import Sequence

from camphandover.ensemble.plan import BatchError


def check_known(what: str, name: str, known: Sequence[str]) -> None:
    """Refuse a name that is not among those known, with a guess at what was meant."""
    if not isinstance(name, str) or name not in known:
        from camphandover.scenario.errors import suggestion

        raise BatchError(f"no {what} is named {name!r}: {suggestion(str(name), known, 'there is')}")
