"""The rule book as plain functions over tables, one file for each system.

A rule has one signature, `rule(state, params, clock, key, ledger)`, does one thing that RULES.md
numbers, and declares the columns that it writes. A test holds every rule to its declaration.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from camphandover.core.compiled import compiled


class Rule(NamedTuple):
    """A rule's place in the rule book, the columns that it may write, and the function."""

    number: str
    writes: frozenset[str]
    function: Callable[..., Any]


REGISTRY: dict[str, Rule] = {}


def rule(number: str, writes: tuple[str, ...]) -> Callable[[Callable[..., Any]], Any]:
    """Register and compile a rule.

    Args:
        number: Its number in RULES.md, "R2.2".
        writes: Columns it may change, "units.men"; "presence" means the whole table.
    """

    def register(function: Callable[..., Any]) -> Any:
        ready = compiled(function)
        REGISTRY[function.__name__] = Rule(number, frozenset(writes), ready)
        return ready

    return register


NOTED = (
    "sides.noted_dead",
    "sides.noted_wounded",
    "sides.noted_captured",
    "sides.noted_missing",
)
"""What noting losses in the ledger writes."""

MARCH = (
    "units.place",
    "units.slot",
    "units.column",
    "units.since",
    "units.home",
    "units.supply",
    "columns",
)
"""What setting a column on the march, or ending a march, writes."""

HOLD = (
    "places.camp_holder",
    "places.town_holder",
    "places.camp_since",
    "places.town_since",
    "places.camp_cause",
    "places.town_cause",
    "places.lost_hour",
    "places.town_lost",
    "places.given_up",
    "places.reenter_hour",
    "places.claimant",
    "places.enter_hour",
    "places.open_cause",
    "places.garrisoned",
    "places.salvage",
    "sides.given",
    "sides.gained",
    "recent.bases",
    "recent.symbolic",
)
"""What a change of control writes."""
