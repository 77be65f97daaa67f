"""The dated record of control, coded into the two slots of the model."""

from __future__ import annotations

from collections.abc import Iterable

from camphandover.facts.codes import HOLDERS
from camphandover.facts.records import Change

CAMP_OBJECTS = ("un_camp", "army_camp", "separatist_camp", "town")
"""Which object of the record tells the camp slot: the first that the place has."""


def coded(controller: str) -> str:
    """The model's holder for a controller of the record: contested, none, isgs are nobody."""
    return controller if controller in HOLDERS else "nobody"


def slot_objects(history: Iterable[Change]) -> dict[str, tuple[str, str]]:
    """For each place the objects of the record that tell its camp slot and its town slot."""
    objects: dict[str, set[str]] = {}
    for change in history:
        objects.setdefault(change.place, set()).add(change.object)
    coding = {}
    for place, known in objects.items():
        camp = next(name for name in CAMP_OBJECTS if name in known)
        coding[place] = (camp, "town" if "town" in known else camp)
    return coding


def initial_holders(history: Iterable[Change]) -> dict[str, tuple[str, str]]:
    """Holders of the camp slot and of the town slot of each place in the initial rows."""
    history = list(history)
    first: dict[tuple[str, str], str] = {
        (c.place, c.object): coded(c.after) for c in history if c.before is None
    }
    return {
        place: (first[place, camp], first[place, town])
        for place, (camp, town) in slot_objects(history).items()
    }
