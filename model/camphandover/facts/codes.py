"""The codes by which tables and results tell sides, holders, slots, kinds of unit and missions.

Plain enums that need no library: what reads or stores results takes them from here.
"""

from enum import IntEnum


class Side(IntEnum):
    """The sides of the conflict; also the row of the table `sides`."""

    ARMY = 0
    WAGNER = 1
    SEPARATISTS = 2
    GSIM = 3
    MINUSMA = 4
    PARTNERS = 5


class Holder(IntEnum):
    """Who holds a slot. The army's holds cover Wagner and partners; nobody of these holds what is
    empty, contested or the Islamic State's; a joint unit holds camps only."""

    ARMY = 0
    SEPARATISTS = 1
    GSIM = 2
    MINUSMA = 3
    NOBODY = 4
    JOINT = 5


class Slot(IntEnum):
    """Where at a place: its camp, its town, or hidden in the country around it."""

    CAMP = 0
    TOWN = 1
    COUNTRY = 2


class Kind(IntEnum):
    """Kinds of unit (R1.2)."""

    GARRISON = 0
    MANOEUVRE = 1
    WAGNER = 2
    GROUP = 3
    UN = 4
    PARTNER = 5


class Mission(IntEnum):
    """What a column of units is out for."""

    NONE = 0
    RAID = 1
    OFFENSIVE = 2
    OCCUPY = 3
    RELIEF = 4
    TRANSFER = 5
    WITHDRAW = 6
    CONVOY = 7
    GATHER = 8


class Status(IntEnum):
    """What a column is doing."""

    FREE = 0
    MOVING = 1
    ENGAGED = 2
    HOLDING = 3
    PAUSED = 4


class Relation(IntEnum):
    """How separatists and GSIM stand to each other (R5.5); MERGED is a structural variant (V5)."""

    CLASH = 0
    TACIT = 1
    COORDINATED = 2
    MERGED = 3


class Known(IntEnum):
    """What the calendar of known events holds."""

    RUNG = 0
    BLOCKADE = 1
    VICTIM_AID = 2
    CHARTER = 3


class Receiver(IntEnum):
    """Who is to have a camp when the UN leaves it (R6.6)."""

    ARMY = 0
    SEPARATISTS = 1
    JOINT = 2
    EMPTY = 3
    RACE = 4


HOLDERS = tuple(holder.name.lower() for holder in Holder)
"""Names of the holders by code."""
SLOTS = tuple(slot.name.lower() for slot in (Slot.CAMP, Slot.TOWN))
"""Names of the slots that have a holder, by code."""
