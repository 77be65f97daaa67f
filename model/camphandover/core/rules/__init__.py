"""The rule book as plain functions over tables, one file for each system.

A rule has one signature, `rule(now)`, does one thing that RULES.md numbers, and declares the
columns that it writes. A test holds every rule to its declaration.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from camphandover.core.compiled import compiled

ALL = "*"
"""All columns of a table."""


class Rule(NamedTuple):
    """A rule's place in the rule book, the columns that it may write, and the function."""

    number: str
    writes: frozenset[str]
    function: Callable[..., Any]


REGISTRY: dict[str, Rule] = {}


def columns(*groups: frozenset[str], **tables: str) -> frozenset[str]:
    """Columns of the state, "units.men": those of the groups, and by table; ALL is the table."""
    own = (
        table if names == ALL else f"{table}.{name}"
        for table, names in tables.items()
        for name in names.split()
    )
    return frozenset(own).union(*groups)


def rule(
    number: str, *groups: frozenset[str], **tables: str
) -> Callable[[Callable[..., Any]], Any]:
    """Register and compile a rule.

    Args:
        number: Its number in RULES.md, "R2.2".
        groups, tables: The columns that it may change, see `columns`: `units="men supply"`.
    """

    def register(function: Callable[..., Any]) -> Any:
        ready = compiled(function)
        REGISTRY[function.__name__] = Rule(number, columns(*groups, **tables), ready)
        return ready

    return register


NOTED = columns(sides="noted_dead noted_wounded noted_captured noted_missing")
"""What noting losses in the ledger writes."""

LOSSES = columns(NOTED, units="men", sides="dead wounded captured missing")
"""What booking and noting a party's losses writes."""

KILLS = columns(
    people="residents dead harm_army harm_separatists harm_gsim harm_others", sides="civilians"
)
"""What the killing of civilians writes."""

MARCH = columns(units="place slot column since home supply", columns=ALL)
"""What setting a column on the march, or ending a march, writes."""

HOLD = columns(
    places="camp_holder town_holder camp_since town_since camp_cause town_cause lost_hour "
    "town_lost given_up reenter_hour claimant enter_hour open_cause garrisoned salvage",
    sides="given gained",
    recent="bases symbolic",
)
"""What a change of control writes."""

ORDERS = columns(orders=ALL, queue=ALL)
"""What giving an order writes."""
