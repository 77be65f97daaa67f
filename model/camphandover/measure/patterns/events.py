"""Questions to the ledgers of many runs at once: first, how many, how long held."""

from __future__ import annotations

import numpy as np

from camphandover.core.ledger import Kind
from camphandover.facts.codes import Holder, Slot
from camphandover.measure.patterns.runs import Events

HOURS = 24.0
FOREVER = np.inf
MANY = 1_000_000
"""More than there are places, days, or rows in a ledger."""


def of(events: Events, kind: Kind) -> Events:
    """The rows of a kind, without a copy."""
    return events[slice(*np.searchsorted(events.kind, (int(kind), int(kind) + 1)))]


def earliest(events: Events, n: int) -> np.ndarray:
    """Hour of the first of the events of each run; nan if it has none; shape (run,)."""
    hours = np.full(n, np.inf)
    np.minimum.at(hours, events.run, events.hour)
    return np.where(np.isinf(hours), np.nan, hours)


def latest(events: Events, n: int) -> np.ndarray:
    """Hour of the last of the events of each run; nan if it has none; shape (run,)."""
    hours = np.full(n, -np.inf)
    np.maximum.at(hours, events.run, events.hour)
    return np.where(np.isinf(hours), np.nan, hours)


def how_many(events: Events, n: int) -> np.ndarray:
    """Events of each run, shape (run,)."""
    return np.bincount(events.run, minlength=n).astype(float)


def total(events: Events, n: int) -> np.ndarray:
    """Sum of the amounts of each run, shape (run,)."""
    return np.bincount(events.run, weights=events.amount, minlength=n)


def day_of(hour: np.ndarray) -> np.ndarray:
    """The calendar day of an hour, days since 1970; nan of nan."""
    return np.floor(hour / HOURS)


def between(events: Events, first: int, last: int) -> Events:
    """Events from one day to another one, both included."""
    return events[(events.hour >= first * HOURS) & (events.hour < (last + 1) * HOURS)]


def changes_of(events: Events) -> Events:
    """The changes of control, by run, place and slot, and within these by hour.

    Returns:
        The rows with more columns: `held`, hours until the slot changes again, infinite if it never
        does; `army_back`, hours until the army has the slot, likewise; `kept`, hours of the
        longest stay of the same holder in the slot until the army has it again; `is_entry`,
        whether it is a change of its own, not that of a town that follows its camp; `is_lost`,
        whether the army has had the slot before it.
    """
    e = of(events, Kind.CONTROL)
    e = e[np.lexsort((e.row, e.hour, e.slot, e.place, e.run))]
    group = (e.run * MANY + e.place) * len(Slot) + e.slot
    is_new = np.diff(group, prepend=-1) != 0
    hours = np.append(e.hour, FOREVER)
    held = np.where(np.append(is_new[1:], True), FOREVER, hours[1:]) - e.hour
    loss = np.cumsum(is_new | (e.before == Holder.ARMY)) - 1
    begins = np.flatnonzero(np.diff(loss, prepend=-1))
    more = {
        "held": held,
        "army_back": hours[_next_of(e.after == Holder.ARMY, group)] - e.hour,
        "kept": _longest(loss, e.after, held),
        "is_entry": ~np.isin(e.run * MANY + e.cause, e.run * MANY + e.row),
        "is_lost": (e.before[begins] == Holder.ARMY)[loss],
    }
    columns = {name: e[name] for name in e.dtype.names} | more
    return np.rec.fromarrays(list(columns.values()), names=list(columns))


def bases_lost_to(changes: Events, holder: Holder) -> Events:
    """Changes by which a holder enters bases of the army, each base once a day.

    A base is the camp, or the town as long as another one has the camp: the UN.
    """
    is_lost = (changes.before == Holder.ARMY) & (changes.after == holder) & changes.is_entry
    e = changes[is_lost]
    base = (e.run * MANY + e.place) * MANY + day_of(e.hour).astype(np.int64)
    order = np.lexsort((e.slot, base))
    is_first = np.diff(base[order], prepend=-1) != 0
    return e[np.sort(order[is_first])]


def gains(changes: Events, place: int, holder: Holder, slot: Slot | None = None) -> Events:
    """Changes that give a place to a holder: that slot, or either."""
    mask = (changes.place == place) & (changes.after == holder)
    return changes[mask if slot is None else mask & (changes.slot == slot)]


def _longest(loss: np.ndarray, holder: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Longest stay of the holder of each row between one loss of the army's and the next one."""
    longest = np.zeros((loss[-1] + 1 if len(loss) else 0, len(Holder)))
    np.maximum.at(longest, (loss, holder), held)
    return np.asarray(longest[loss, holder])


def _next_of(wanted: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Position of the next wanted row after each row of its group; the length if there is none."""
    n = len(wanted)
    positions = np.where(wanted, np.arange(n), n)
    upto = np.minimum.accumulate(positions[::-1])[::-1]
    after = np.append(upto[1:], n)[:n]
    return np.where(np.append(group, -1)[after] == group, after, n)


def holder_at(events: Events, hour: np.ndarray) -> np.ndarray:
    """Who has a slot at an hour of each run, by the changes until then.

    Args:
        events: Changes of one slot, by run and hour.
        hour: Of each run; nan: not asked.
    Returns:
        Codes of holders, shape (run,); nan where not asked, or nothing has changed before.
    """
    until = np.flatnonzero(events.hour <= hour[events.run])
    last = np.full(len(hour), -1)
    np.maximum.at(last, events.run[until], until)
    after = np.append(events.after, -1).astype(float)[last]
    return np.where(last >= 0, after, np.nan)


def nearest(events: Events, day: int, n: int) -> np.ndarray:
    """Position, in each run, of the event whose calendar day is nearest to a day; -1: none.

    Of two equally near ones the earlier one.
    """
    off = np.abs(day_of(events.hour) - day)
    order = np.lexsort((events.hour, off, events.run))
    found = np.full(n, -1)
    runs, firsts = np.unique(events.run[order], return_index=True)
    found[runs] = order[firsts]
    return found
