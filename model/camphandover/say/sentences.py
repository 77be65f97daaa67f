"""Plain English for the rows of the ledger: a dated sentence for each kind, and short names.

A sentence says no more than the rule that wrote the row: what `amount` and `p` mean differs from
kind to kind, and some rows can be told only with the rows that caused them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple


class Event(NamedTuple):
    """A row of the ledger as a batch stores it; what a row has not is None."""

    row: int
    time: datetime
    kind: str
    side: str | None = None
    about: str | None = None
    place: str | None = None
    slot: str | None = None
    before: str | None = None
    after: str | None = None
    mission: str | None = None
    entity: int | None = None
    amount: float = 0.0
    p: float | None = None
    cause: int | None = None


Causes = Sequence[Event]
"""What led to an event: its cause, the cause of that, and so on to the root."""

ARMED = ("army", "separatists", "gsim")
"""Holders that fight for bases."""
SIDES = {
    "army": "the army",
    "wagner": "Wagner",
    "separatists": "the separatists",
    "gsim": "GSIM",
    "minusma": "the UN",
    "partners": "the partners",
}
OUTSIDERS = "the Islamic State"
"""Who acts where a row of violence has no side."""
JOINT = "a joint unit"
HOLDERS = {**SIDES, "nobody": "nobody", "joint": JOINT, "other": f"{JOINT} or nobody"}
"""Holders in words; batches of format 4 tell the last two by one name, `other`."""
PARTNERS = {"burkina": "Burkina Faso", "niger": "Niger"}
RUNGS = (
    "the accord works",
    "talks are frozen",
    "clashes",
    "declared war",
    "the army's offensive",
    "the accord has ended",
)
"""Rungs of the ladder of escalation (R7.1)."""
RELATIONS = ("fight each other", "avoid each other", "coordinate their attacks")
"""How separatists and GSIM stand to each other (R5.5)."""


def event_of(cells: Mapping[str, Any]) -> Event:
    """The event of a stored row, by column; other columns are left out."""
    return Event(**{name: cells[name] for name in Event._fields})


# --- what decides an event ---------------------------------------------------------------

NATURES = {
    "clause": "a clause of the scenario",
    "chance": "a chance draw",
    "choice": "a commander's choice",
    "known": "an event known from the calendar",
    "start": "how things stood on the first day",
    "unnamed": "something that the ledger does not name",
    "": "what went before",
}
"""What decides an event, and how that is said of a root."""
SCENARIO = ("clause", "truce", "repatriated", "crisis")
"""Kinds that the scenario itself decides where nothing was drawn and no row led to them."""
CALENDAR = ("rung", "blockade", "aid", "charter")
"""Kinds that the calendar of known events decides where nothing was drawn."""


def nature(event: Event, causes: Causes = (), own_commanders: bool = False) -> str:
    """What decided an event, a key of `NATURES`; empty where it follows from its cause by rule.

    Args:
        event: A row.
        causes: Rows that led to it, the direct cause first.
        own_commanders: Whether commanders written in Python may have given the run's orders.
    """
    if event.p is not None and event.kind == "order":
        return "chance" if _is_joined(event, causes) else "choice"
    if event.p is not None and event.p < 1:
        return "chance"
    if event.cause is not None:
        return ""
    if event.kind in SCENARIO:
        return "clause"
    if event.kind in CALENDAR:
        return "known"
    if event.kind == "control":
        return "unnamed"
    return "choice" if event.kind == "order" and own_commanders else "start"


def _is_joined(event: Event, causes: Causes) -> bool:
    """Whether an order is one of a group that joins the attack of the other one (R5.5)."""
    return (event.kind, event.mission, _by(causes)) == ("order", "raid", "order")


def _by(causes: Causes) -> str | None:
    """Kind of the direct cause."""
    return causes[0].kind if causes else None


# --- words -------------------------------------------------------------------------------

DAY_ENDS = (23, 59)
"""Hour and minute of what the rules do as they close a day."""


def when(time: datetime) -> str:
    """`On 31 October 2023 at 08:00`; without the hour at midnight, where days begin and end."""
    if ends_a_day(time):
        return f"At the end of {day(time)}"
    return f"On {day(time)}" + (f" at {time:%H:%M}" if time.hour or time.minute else "")


def ends_a_day(time: datetime) -> bool:
    """Whether something happened as the rules closed a day."""
    return (time.hour, time.minute) >= DAY_ENDS


def day(time: Any) -> str:
    """`31 October 2023`."""
    return f"{time.day} {time:%B %Y}"


def percent(p: float) -> str:
    """A chance as it is read: two digits, and never 0 % or 100 % of what is only nearly so."""
    share = 100 * p
    if 0 < share < 0.01:
        return "under 0.01 %"
    if 99.9 < share < 100:
        return "over 99.9 %"
    if 99.5 <= share < 100:
        return f"{share:.1f} %"
    return f"{share:.0f} %" if share >= 9.95 or share == 0 else f"{share:.2g} %"


def base_name(place: str | None, slot: str | None) -> str:
    """`the camp at Kidal` or `the town of Kidal`."""
    return f"the {slot} {'at' if slot == 'camp' else 'of'} {place}"


def holder_name(holder: str | None) -> str:
    """`the army`, `nobody`."""
    return HOLDERS.get(holder or "nobody", str(holder))


def wrapped(text: str, width: int, first: str = "", then: str = "") -> list[str]:
    """The lines of a text; a number and its per cent sign stay together.

    Args:
        text: One paragraph.
        width: Columns, those of the indents included.
        first: Indent of the first line.
        then: Indent of the others.
    """
    bound = text.replace(" %", "\N{NO-BREAK SPACE}%")
    lines = textwrap.wrap(
        bound, width, initial_indent=first, subsequent_indent=then, break_on_hyphens=False
    )
    return [line.replace("\N{NO-BREAK SPACE}%", " %") for line in lines]


def _who(side: str | None) -> str:
    return OUTSIDERS if side is None else SIDES.get(side, side)


def _count(number: float, one: str, many: str = "") -> str:
    return f"{number:.0f} {one if round(number) == 1 else many or one + 's'}"


def _named(names: Sequence[str], number: float) -> str:
    n = round(number)
    return names[n] if 0 <= n < len(names) else f"stand as {n}"


# --- sentences ---------------------------------------------------------------------------


def sentence(event: Event, causes: Causes = ()) -> str:
    """An event as a dated sentence.

    Args:
        event: A row.
        causes: Rows that led to it, the direct cause first; some rows are told better with them.
    Errors:
        ValueError if there is no sentence for the event's kind.
    """
    if event.kind not in SENTENCES:
        raise ValueError(f"there is no sentence for events of kind {event.kind!r}")
    told = SENTENCES[event.kind]
    template = told if isinstance(told, str) else told(event, causes)
    chance = ""
    if event.p is not None:
        what = CHANCES.get(event.kind, "chance of it that day")
        if _is_joined(event, causes):
            what = "chance that they attack together"
        chance = f" ({what}: {percent(event.p)})"
    return f"{when(event.time)} {template.format_map(_Parts(event))}{chance}."


class _Parts(dict[str, str]):
    """What stands in the braces of a template, made when it is asked for."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event

    def __missing__(self, name: str) -> str:
        event, n = self.event, self.event.amount
        parts: dict[str, Callable[[], str]] = {
            "place": lambda: str(event.place),
            "base": lambda: base_name(event.place, event.slot),
            "who": lambda: _who(event.side),
            "about": lambda: _who(event.about),
            "after": lambda: holder_name(event.after),
            "n": lambda: f"{n:.0f}",
            "men": lambda: f"{_count(n, 'man', 'men')} of {_who(event.side)}",
            "of_men": lambda: _count(n, "man", "men"),
            "vehicles": lambda: _count(n, "vehicle"),
            "days": lambda: _count(n, "day"),
            "share": lambda: percent(n),
            "partner": lambda: _partner(event.entity),
        }
        return parts[name]()


def _partner(entity: int | None) -> str:
    """A partner's name by its row in the facts."""
    from camphandover import facts

    partners = facts.load().partners
    if entity is None or not 0 <= entity < len(partners):
        return "a partner"
    return PARTNERS.get(partners[entity].name, partners[entity].name)


# Each function below gives the template of one kind, where that depends on more than the kind.


def _clause(event: Event, causes: Causes) -> str:
    planned = day(event.time + timedelta(days=event.amount))
    meant = {
        None: "leave it to whoever is there first",
        "nobody": "leave it empty",
    }.get(event.after, "hand it to {after}")
    return (
        f"it became known that the UN was to leave its camp at {{place}} on {planned} and {meant}"
    )


def _exit(event: Event, causes: Causes) -> str:
    days = round(event.amount)
    off = "on the day of the plan"
    if days:
        off = f"{_count(abs(days), 'day')} {'before' if days < 0 else 'after'} the plan"
    return f"the UN left its camp at {{place}}, {off}"


_ORDERS = {
    "occupy": "{who} ordered up to {of_men} to stand in {place}",
    "relief": "{who} ordered up to {of_men} to win {place} back",
    "transfer": "{who} ordered up to {of_men} to move to {place}",
    "withdraw": "{who} ordered up to {of_men} back to {place}",
    "gather": "{who} ordered mobile companies with {vehicles} to {place}, to join its column",
    "raid": "{who} ordered a raid on {place} with up to {of_men}",
}


def _order(event: Event, causes: Causes) -> str:
    if event.mission == "offensive":
        # as it sets out the column is counted in vehicles, later in men
        sets_out = event.entity is None and event.p is not None
        return f"{{who}} sent its column of {{{'vehicles' if sets_out else 'of_men'}}} to {{place}}"
    if _is_joined(event, causes):
        other = _who(causes[0].side)
        return f"{{who}} joined the attack of {other} on {{place}} with up to {{of_men}}"
    ahead = ", before the UN leaves its camp" if _by(causes) == "clause" else ""
    return _ORDERS.get(event.mission or "", "{who} ordered up to {of_men} to {place}") + ahead


_MARCHES = {
    "raid": " to raid {target}",
    "offensive": " with the army's column, bound for {target}",
    "occupy": " to stand in {target}",
    "relief": " to win {target} back",
    "transfer": " for {target}",
    "withdraw": " for {target}",
    "gather": " to join the army's column at {target}",
}
_AIMLESS = {"withdraw": ", to withdraw", "convoy": " with the UN's convoy"}


def _depart(event: Event, causes: Causes) -> str:
    mission, target = event.mission or "", None
    if causes and (causes[0].kind == "order" or mission == "occupy"):
        target = causes[0].place
    if target is None or target == event.place or mission not in _MARCHES:
        return "{men} set out from {place}" + _AIMLESS.get(mission, "")
    return "{men} set out from {place}" + _MARCHES[mission].format(target=target)


_Teller = Callable[[Event, Causes], str]


def _ied(event: Event, causes: Causes) -> str:
    hurt = "{of_men} killed or wounded" if event.amount >= 1 else "nobody was hurt"
    return f"an IED hit a column of {{who}} near {{place}}: {hurt}"


def _repulse(event: Event, causes: Causes) -> str:
    lost = "" if event.side is None else ", after {of_men} killed or wounded"
    return f"the attack of {{who}} on {{place}} failed{lost}"


def _lost(how: str) -> _Teller:
    """A teller of men who were lost in a way."""

    def teller(event: Event, causes: Causes) -> str:
        were = "was" if round(event.amount) == 1 else "were"
        by = "" if event.about is None else " by {about}"
        return f"{{men}} {were} {how} at {{place}}{by}"

    return teller


def _withdraw(event: Event, causes: Causes) -> str:
    if event.p is not None:
        if _by(causes) == "battle":
            return "{who} left {place} after fighting for time"
        return "{who} left {place} rather than fight"
    if _by(causes) == "leave":
        return "a column of {who} set out from {place} for its base"
    return "a column of {who} turned back at {place}"


def _skirmish(event: Event, causes: Causes) -> str:
    prey = {"gsim": "the separatists", "separatists": "GSIM"}.get(event.side or "", "the others")
    return f"{{men}} lay in wait for {prey} at {{place}}"


def _control(event: Event, causes: Causes) -> str:
    return _to_nobody(event, causes) if event.after == "nobody" else _to_holder(event, causes)


def _to_nobody(event: Event, causes: Causes) -> str:
    before, by = holder_name(event.before), _by(causes)
    if by == "exit":
        return "{base} stood empty: nobody took it over at once"
    if by == "joint_end":
        return "{base} stood empty: the joint unit had left it"
    if by == "broken":
        return f"{before} was driven out of {{base}} by {OUTSIDERS}, which does not stay"
    if by in ("abandon", "leave"):
        return f"{{base}} was left by {before} and stood empty"
    if by == "control" and event.slot == "town":
        return f"{{base}} was given up by {before} with its camp"
    return f"{{base}} stood empty: no men of {before} were left there"


def _to_holder(event: Event, causes: Causes) -> str:
    before, empty, by = holder_name(event.before), event.before == "nobody", _by(causes)
    if by == "exit":
        return "{after} took over {base} from the UN"
    if by == "joint_end":
        return "{after} took over {base}, which the joint unit had left"
    if by == "broken":
        return f"{{after}} took {{base}} from {before}"
    if by == "withdraw" and not empty:
        fought = "after fighting for time" if _by(causes[1:]) == "battle" else "without a fight"
        return f"{{after}} took {{base}}, which {before} had left {fought}"
    if by in (None, "control") and ends_a_day(event.time):
        lost = "" if empty else f" from {before}"
        return f"{{base}} passed{lost} to {{after}}, the only armed side that stood there"
    if by in (None, "control") and empty:
        return "scattered men of {after} came back into {base}, which nobody held"
    return "{after} took {base}" + (", which stood empty" if empty else f" from {before} unopposed")


def _stay(event: Event, causes: Causes) -> str:
    worth = f" (worth of holding it: {event.amount:.2f}; above 0 it is held)"
    return "{who} came to stay in {place}" + (worth if event.amount > 0 else "")


def _leave(event: Event, causes: Causes) -> str:
    after = ""
    if _by(causes) == "control" and event.time > causes[0].time:
        hours = (event.time - causes[0].time) / timedelta(hours=1)
        after = f", {_count(hours, 'hour')} after taking it"
    return f"{{who}} left {{place}}{after}"


def _enter(event: Event, causes: Causes) -> str:
    if event.side == "army":
        return "the army came back into {place}"
    return "{who} entered the empty camp at {place}"


def _abandon(event: Event, causes: Causes) -> str:
    starved = "whose men had run short of supply"
    return "{who} gave up its post at {place}, " + (
        starved if event.amount > 0 else "which it did not expect to hold"
    )


def _aircraft_lost(event: Event, causes: Causes) -> str:
    to = "" if event.about is None else " to {about}"
    return f"the army lost {'an aircraft' if event.amount > 0 else 'a drone'}{to} at {{place}}"


def _civilians(event: Event, causes: Causes) -> str:
    n = _count(event.amount, "civilian was", "civilians were")
    return f"{n} killed at {{place}} by {{who}}"


def _rung(event: Event, causes: Causes) -> str:
    n, by = round(event.amount), _by(causes)
    rung = f"rung {n}" + (f", {RUNGS[n]}" if 0 <= n < len(RUNGS) else "")
    if event.p is None and by is None:
        return f"the conflict was known to stand on {rung}"
    if by == "order":
        return f"the army's offensive raised the conflict to {rung}"
    if by == "clause":
        return f"giving the camp to the separatists raised the conflict to {rung}"
    moved = "moved"  # from the rung of the first day, which no row tells
    if by == "rung":
        moved = "went down" if causes[0].amount > event.amount else "climbed"
    return f"the conflict {moved} to {rung}"


def _truce(event: Event, causes: Causes) -> str:
    imposed = "the truce began that the scenario imposes"
    return imposed if event.p is None else "talks brought a truce"


def _relation(event: Event, causes: Causes) -> str:
    return f"separatists and GSIM began to {_named(RELATIONS, event.amount)}"


def _guerrilla(event: Event, causes: Causes) -> str:
    if event.amount > 0:
        return "the separatists, {place} lost, turned to the roads and to small raids"
    return "the separatists, back in {place}, fought in large groups again"


def _blockade(event: Event, causes: Causes) -> str:
    bars = "bars {share} of the traffic to {place}"
    if event.cause is None:
        return f"it was known that {{who}} {bars}"
    return f"{{who}} declared a blockade that {bars}"


def _blockade_ended(event: Event, causes: Causes) -> str:
    lost = ": the town was not the army's any more" if event.p is None else ""
    return f"the blockade of {{place}} by {{who}} ended{lost}"


def _promise(event: Event, causes: Causes) -> str:
    # the row does not tell which of the two
    return f"{{partner}} promised {_count(event.amount, 'company or drone', 'companies or drones')}"


def _refused_help(event: Event, causes: Causes) -> str:
    return f"{{partner}} refused Mali's request for {'drones' if event.amount > 0 else 'troops'}"


def _help_arrives(event: Event, causes: Causes) -> str:
    if event.entity is None:
        return f"{_count(event.amount, 'drone')} of the partners arrived for the army"
    return "{men} came to {place}"


def _crisis(event: Event, causes: Causes) -> str:
    return f"the crisis around Niger {'flared' if event.amount > 0 else 'was over'}"


def _claim_losses(event: Event, causes: Causes) -> str:
    if event.side == event.about:
        return "{who} gave {n} as the number of own dead at {place}"
    return "{who} claimed {n} dead of {about} at {place}"


SENTENCES: dict[str, str | _Teller] = {
    # the UN and its camps
    "clause": _clause,
    "exit": _exit,
    "refusal": "the state refused the UN's trucks at {place}, on {days} so far",
    "equipment": "the UN destroyed {share} of its equipment at {place}",
    "repatriated": "{men} left the country from {place}",
    "joint_end": "the joint unit at {place} came apart",
    # orders and marches
    "order": _order,
    "depart": _depart,
    "arrive": "{men} came to {place}",
    "ied": _ied,
    "ambush": "{men} ambushed a column near {place}",
    "pause": "the column of {who} halted at {place}, for {days} at least",
    "airlift": "{who} flew {of_men} to {place}",
    "shipment_lost": "a shipment for {who}, {n} man-days of supply, was lost on its way at {place}",
    "reinforced": "{men} reinforced {place}",
    # fights
    "battle": "{men} attacked {place}",
    "raid_from_outside": "{men} raided the army at {place}",
    "broken": "{who} broke in the fight for {place}, after {of_men} killed or wounded",
    "rout": "{who} lost {of_men} more, killed, captured or scattered in flight from {place}",
    "loot": "{who} took {vehicles} at {place}",
    "repulse": _repulse,
    "abort": "{men} called off their attack on {place}, which looked too strong",
    "losses": _lost("killed"),
    "wounded": _lost("wounded"),
    "captured": _lost("captured"),
    "missing": _lost("scattered"),
    "returned": "{men}, scattered before, came back at {place}",
    "withdraw": _withdraw,
    "skirmish": _skirmish,
    # control
    "control": _control,
    "stay": _stay,
    "leave": _leave,
    "enter": _enter,
    "abandon": _abandon,
    # the air
    "spotted": "aircraft of the army saw a raid of {vehicles} near {place}: no surprise was left",
    "strike": "aircraft of the army struck {about} at {place} and destroyed {vehicles}",
    "aircraft_lost": _aircraft_lost,
    "aircraft_hit": "an aircraft of the army was hit as it landed at {place}",
    "sorties_away": "the army flew {n} of the day's sorties to Niamey",
    # people
    "abuse": "violence of {who} against civilians at {place}, indiscriminate: {n} killed",
    "abuse_selective": "violence of {who} against chosen civilians at {place}: {n} killed",
    "civilians": _civilians,
    "recruited": "{of_men} of {place} joined {who}",
    "displaced": "{n} of the people of {place} were displaced",
    "aid": "the state turned {n} million CFA francs to aid for victims",
    # politics and partners
    "rung": _rung,
    "truce": _truce,
    "breach": "the truce was broken",
    "talks": "mediated talks began",
    "offer": "the state offered to share camps in the separatists' towns by joint units",
    "relation": _relation,
    "guerrilla": _guerrilla,
    "blockade": _blockade,
    "blockade_tighter": "the blockade of {place} by {who} closed its river and air, too",
    "blockade_eased": "{who} eased the blockade of {place} to {share} of the traffic",
    "blockade_ended": _blockade_ended,
    "charter": "the charter of Liptako-Gourma was known to be signed",
    "request": "Mali asked its partners for help, after lost bases or {n} reported dead",
    "promise": _promise,
    "refused_help": _refused_help,
    "help_arrives": _help_arrives,
    "crisis": _crisis,
    # what was said
    "claim_losses": _claim_losses,
    "silence": "{who} gave no number of own dead at {place}",
    "revision": "{who} corrected the claim to {n} dead of {about} at {place}",
    "claim_control": "{who} claimed to have taken {base}",
    "denial": "{who} denied the loss of {base}",
    "confirmed": "observers confirmed that {base} had passed to {after}",
    "unconfirmed": "{base} passed to {after} so briefly that no observer ever confirms it",
}
"""Templates of the sentences, without date and chance, by kind."""

_TIE = "both broke at once; chance that it ended so"
_CHOICE = "chance of this choice among its targets"
CHANCES = {
    "refusal": "chance of a refusal that day",
    "order": _CHOICE,
    "battle": "chance that the approach went as it did, seen or unseen",
    "broken": _TIE,
    "repulse": _TIE,
    "abort": "chance that they were expected",
    "withdraw": "chance of it",
    "enter": "chance of a return",
    "spotted": "chance that it was seen that day",
    "strike": "chance of this strike",
    "aircraft_lost": "chance of it",
    "aircraft_hit": "chance of it",
    "sorties_away": "chance of each",
    "abuse": "chance of this kind",
    "abuse_selective": "chance of this kind",
    "promise": "chance of it",
    "refused_help": "chance of a refusal",
    "silence": "chance of silence",
    "revision": "chance of a correction",
    "denial": "chance of a denial",
    "confirmed": "chance a day that it is seen",
    "unconfirmed": "chance of that",
}
"""What a row's probability is the chance of, if not of the event on that day."""


# --- short names, for counting -----------------------------------------------------------


def cause_name(event: Event, causes: Causes = ()) -> str:
    """A short name of a cause, alike in all runs: without date and numbers of men.

    Args:
        event: A row.
        causes: Rows that led to it, the direct cause first.
    """
    if event.kind in NAMES:
        named = NAMES[event.kind]
        template = named if isinstance(named, str) else named(event, causes)
        return template.format_map(_Parts(event))
    of = "" if event.side is None else f" ({_who(event.side)})"
    return event.kind.replace("_", " ") + of


def _name_clause(event: Event, causes: Causes) -> str:
    to = "whoever is first" if event.after is None else "{after}"
    return f"clause on {{place}}: to {to}"


def _name_exit(event: Event, causes: Causes) -> str:
    return "UN exit from {place}" + ("" if event.p is None else ", hastened")


def _name_control(event: Event, causes: Causes) -> str:
    return f"{event.slot} of {{place}}: {holder_name(event.before)} to {{after}}"


def _name_order(event: Event, causes: Causes) -> str:
    return f"order of {{who}}: {'join an attack' if _is_joined(event, causes) else event.mission}"


def _name_rung(event: Event, causes: Causes) -> str:
    how = "known" if event.p is None else "chance"
    how = {"order": "by the offensive", "clause": "by a clause"}.get(_by(causes) or "", how)
    return f"conflict on rung {{n}} ({how})"


def _name_tie(event: Event) -> str:
    return "" if event.p is None else ", both at once"


def _name_withdrawal(event: Event, causes: Causes) -> str:
    return "{who} left " + ("after a delay" if _by(causes) == "battle" else "rather than fight")


NAMES: dict[str, str | _Teller] = {
    "clause": _name_clause,
    "exit": _name_exit,
    "control": _name_control,
    "order": _name_order,
    "depart": lambda event, causes: f"march of {{who}}: {event.mission}",
    "rung": _name_rung,
    "relation": lambda event, causes: f"separatists and GSIM {_named(RELATIONS, event.amount)}",
    "withdraw": lambda event, causes: (
        "{who} turned back" if event.p is None else _name_withdrawal(event, causes)
    ),
    "battle": "attack of {who}",
    "broken": lambda event, causes: "{who} broke in a fight" + _name_tie(event),
    "repulse": lambda event, causes: "failed attack of {who}" + _name_tie(event),
    "leave": "{who} left a captured base",
    "enter": "{who} entered an empty base",
    "abandon": "{who} gave up a post",
    "abort": "{who} called off an attack",
    "stay": "{who} came to stay",
    "joint_end": "a joint unit came apart",
    "raid_from_outside": f"raid of {OUTSIDERS}",
}
"""Templates of the short names; other kinds go by their own."""
