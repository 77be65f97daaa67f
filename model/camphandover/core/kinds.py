"""Kinds of ledger row: one table of their codes and of the words in which their rows are told.

A new kind is a new row here; `measure.events` tells the rows. Words are a template, or cases:
templates, each after the marks that an event must have for it, of which the first that fits
counts. In a template `{who}` is a part of the event, `{n:man|men}` counts, and `{mark:yes|no}`
chooses.
"""

from dataclasses import dataclass
from enum import IntEnum

Words = str | tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Row:
    """What is known of a kind.

    Attributes:
        code: Its number, which never changes meaning.
        sentence: What happened, without date and chance: no more than what the rule does that
            writes the row.
        chance: What the probability of a row is the chance of.
        short: A short name of such an event as a cause, alike in all runs; that of the kind and
            the side if empty.
        root: What decides it where nothing was drawn and no row led to it: a `clause`, what was
            `known` from the calendar, how things stood at the `start`, or what is `unnamed`.
        is_said: Whether it tells what was said, which is no event of the world.
        is_weighed: Whether its amount is a weight, a plan or a report: rows that differ in it
            alone tell the same.
    """

    code: int
    sentence: Words
    chance: Words = "chance of it that day"
    short: Words = ""
    root: str = "start"
    is_said: bool = False
    is_weighed: bool = False


_PLAN = "it became known that the UN was to leave its camp at {place} on {planned} and "
_ORDER = "{who} ordered up to {n:man|men} "
_AHEAD = "{by clause:, before the UN leaves its camp|}"
_OUT = "{men} set out from {place}"
_LOST = "at {place}{about nobody:| by {about}}"
_TIE = "both broke at once; chance that it ended so"
_ABUSE = "chance of this kind"


class Kind(IntEnum):
    """Kinds of ledger row; numbers never change meaning."""

    row: Row

    def __new__(cls, row: Row | int) -> "Kind":
        """A member, which is its code and knows its row; `Kind(code)` finds it."""
        assert isinstance(row, Row)
        kind = int.__new__(cls, row.code)
        kind._value_ = row.code
        kind.row = row
        return kind

    @property
    def label(self) -> str:
        """The name as users see it."""
        return self.name.lower()

    CLAUSE = Row(
        1,
        (
            ("to anyone", _PLAN + "leave it to whoever is there first"),
            ("to nobody", _PLAN + "leave it empty"),
            ("", _PLAN + "hand it to {after}"),
        ),
        short="clause on {place}: to {to anyone:whoever is first|{after}}",
        root="clause",
    )
    RUNG = Row(
        2,
        (
            ("by nothing, undrawn", "the conflict was known to stand on {rung}"),
            ("by order", "the army's offensive raised the conflict to {rung}"),
            ("by clause", "giving the camp to the separatists raised the conflict to {rung}"),
            ("by rung", "the conflict {lower:went down|climbed} to {rung}"),
            ("", "the conflict moved to {rung}"),  # from that of the first day, which no row tells
        ),
        short=(
            ("by order", "conflict on rung {n} (by the offensive)"),
            ("by clause", "conflict on rung {n} (by a clause)"),
            ("", "conflict on rung {n} ({undrawn:known|chance})"),
        ),
        root="known",
    )
    TRUCE = Row(
        3,
        "{undrawn:the truce began that the scenario imposes|talks brought a truce}",
        root="clause",
    )
    BREACH = Row(4, "the truce was broken")
    ORDER = Row(
        5,
        (
            # as it sets out the column is counted in vehicles, later in men
            ("for offensive, no unit, drawn", "{who} sent its column of {vehicles} to {place}"),
            ("for offensive", "{who} sent its column of {n:man|men} to {place}"),
            ("joined", "{who} joined the attack of {leader} on {place} with up to {n:man|men}"),
            ("for occupy", _ORDER + "to stand in {place}" + _AHEAD),
            ("for relief", _ORDER + "to win {place} back" + _AHEAD),
            ("for transfer", _ORDER + "to move to {place}" + _AHEAD),
            ("for withdraw", _ORDER + "back to {place}" + _AHEAD),
            ("for gather", "{who} ordered mobile companies with {vehicles} to {place}, to join its "
                "column" + _AHEAD),
            ("for raid", "{who} ordered a raid on {place} with up to {n:man|men}" + _AHEAD),
            ("", _ORDER + "to {place}" + _AHEAD),
        ),
        chance="{joined:chance that they attack together|chance of this choice among its targets}",
        short="order of {who}: {joined:join an attack|{mission}}",
    )  # fmt: skip
    DEPART = Row(
        6,
        (
            ("bound, for raid", _OUT + " to raid {target}"),
            ("bound, for offensive", _OUT + " with the army's column, bound for {target}"),
            ("bound, for occupy", _OUT + " to stand in {target}"),
            ("bound, for relief", _OUT + " to win {target} back"),
            ("bound, for transfer", _OUT + " for {target}"),
            ("bound, for withdraw", _OUT + " for {target}"),
            ("bound, for gather", _OUT + " to join the army's column at {target}"),
            ("for withdraw", _OUT + ", to withdraw"),
            ("", _OUT + "{for convoy: with the UN's convoy|}"),
        ),
        short="march of {who}: {mission}",
    )
    ARRIVE = Row(7, "{men} came to {place}")
    IED = Row(
        8,
        "an IED hit a column of {who} near {place}: "
        "{hurt:{n:man|men} killed or wounded|nobody was hurt}",
    )
    AMBUSH = Row(9, "{men} ambushed a column near {place}")
    PAUSE = Row(10, "the column of {who} halted at {place}, for {n:day|days} at least")
    BATTLE = Row(
        11,
        "{men} attacked {place}",
        "chance that the approach went as it did, seen or unseen",
        "attack of {who}",
    )
    BROKEN = Row(
        12,
        "{who} broke in the fight for {place}, after {n:man|men} killed or wounded",
        _TIE,
        "{who} broke in a fight{undrawn:|, both at once}",
    )
    ROUT = Row(
        13, "{who} lost {n:man|men} more, killed, captured or scattered in flight from {place}"
    )
    LOOT = Row(14, "{who} took {vehicles} at {place}")
    CONTROL = Row(
        15,
        (
            ("to nobody, by exit", "{base} stood empty: nobody took it over at once"),
            ("to nobody, by joint_end", "{base} stood empty: the joint unit had left it"),
            ("to nobody, by broken", "{before} was driven out of {base} by {outsiders}, which does "
                "not stay"),
            ("to nobody, by abandon", "{base} was left by {before} and stood empty"),
            ("to nobody, by leave", "{base} was left by {before} and stood empty"),
            ("to nobody, by control, town", "{base} was given up by {before} with its camp"),
            ("to nobody", "{base} stood empty: no men of {before} were left there"),
            ("by exit", "{after} took over {base} from the UN"),
            ("by joint_end", "{after} took over {base}, which the joint unit had left"),
            ("by broken", "{after} took {base} from {before}"),
            ("unled, evening", "{base} passed{from nobody:| from {before}} to {after}, the only "
                "armed side that stood there"),
            ("unled, from nobody", "scattered men of {after} came back into {base}, which nobody "
                "held"),
            ("from nobody", "{after} took {base}, which stood empty"),
            ("by withdraw", "{after} took {base}, which {before} had left "
                "{earlier battle:after fighting for time|without a fight}"),
            ("", "{after} took {base} from {before} unopposed"),
        ),
        short="{slot} of {place}: {before} to {after}",
        root="unnamed",
    )  # fmt: skip
    STAY = Row(
        16,
        "{who} came to stay in {place}{some: (worth of holding it: {n:.2f}; above 0 it is held)|}",
        short="{who} came to stay",
        is_weighed=True,
    )
    LEAVE = Row(
        17,
        (("by control, later", "{who} left {place}, {hours} after taking it"),
         ("", "{who} left {place}")),
        short="{who} left a captured base",
    )  # fmt: skip
    WITHDRAW = Row(
        18,
        (
            ("undrawn, by leave", "a column of {who} set out from {place} for its base"),
            ("undrawn", "a column of {who} turned back at {place}"),
            ("", "{who} left {place} {by battle:after fighting for time|rather than fight}"),
        ),
        "chance of it",
        (
            ("undrawn", "{who} turned back"),
            ("", "{who} left {by battle:after a delay|rather than fight}"),
        ),
    )
    ABANDON = Row(
        19,
        "{who} gave up its post at {place}, "
        "{some:whose men had run short of supply|which it did not expect to hold}",
        short="{who} gave up a post",
    )
    EXIT = Row(
        20,
        (
            ("nil", "the UN left its camp at {place}, on the day of the plan"),
            ("", "the UN left its camp at {place}, {size:day|days} {some:after|before} the plan"),
        ),
        short="UN exit from {place}{undrawn:|, hastened}",
        is_weighed=True,
    )
    REFUSAL = Row(
        21,
        "the state refused the UN's trucks at {place}, on {n:day|days} so far",
        "chance of a refusal that day",
    )
    EQUIPMENT = Row(22, "the UN destroyed {share} of its equipment at {place}")
    SHIPMENT_LOST = Row(
        23, "a shipment for {who}, {n} man-days of supply, was lost on its way at {place}"
    )
    AIRLIFT = Row(24, "{who} flew {n:man|men} to {place}")
    JOINT_END = Row(25, "the joint unit at {place} came apart", short="a joint unit came apart")
    REPATRIATED = Row(26, "{men} left the country from {place}", root="clause")
    ENTER = Row(
        27,
        "{of army:the army came back into {place}|{who} entered the empty camp at {place}}",
        "chance of a return",
        "{who} entered an empty base",
    )
    ABORT = Row(
        28,
        "{men} called off their attack on {place}, which looked too strong",
        "chance that they were expected",
        "{who} called off an attack",
    )
    REPULSE = Row(
        29,
        "the attack of {who} on {place} failed{of nobody:|, after {n:man|men} killed or wounded}",
        _TIE,
        "failed attack of {who}{undrawn:|, both at once}",
    )
    REINFORCED = Row(30, "{men} reinforced {place}")
    LOSSES = Row(31, "{men} {were} killed " + _LOST)
    SPOTTED = Row(
        32,
        "aircraft of the army saw a raid of {vehicles} near {place}: no surprise was left",
        "chance that it was seen that day",
    )
    STRIKE = Row(
        33,
        "aircraft of the army struck {about} at {place} and destroyed {vehicles}",
        "chance of this strike",
    )
    CIVILIANS = Row(34, "{n:civilian was|civilians were} killed at {place} by {who}")
    AIRCRAFT_LOST = Row(
        35,
        "the army lost {some:an aircraft|a drone}{about nobody:| to {about}} at {place}",
        "chance of it",
    )
    AIRCRAFT_HIT = Row(
        36, "an aircraft of the army was hit as it landed at {place}", "chance of it"
    )
    SORTIES_AWAY = Row(37, "the army flew {n} of the day's sorties to Niamey", "chance of each")
    ABUSE = Row(
        38, "violence of {who} against civilians at {place}, indiscriminate: {n} killed", _ABUSE
    )
    RECRUITED = Row(39, "{n:man|men} of {place} joined {who}")
    DISPLACED = Row(40, "{n} of the people of {place} were displaced")
    RELATION = Row(
        41, "separatists and GSIM began to {relation}", short="separatists and GSIM {relation}"
    )
    SKIRMISH = Row(
        42,
        (
            ("of gsim", "{men} lay in wait for the separatists at {place}"),
            ("", "{men} lay in wait for {of separatists:GSIM|the others} at {place}"),
        ),
    )
    BLOCKADE = Row(
        43,
        "{root:it was known that {who}|{who} declared a blockade that} bars {share} of the traffic "
        "to {place}",
        root="known",
    )
    BLOCKADE_TIGHTER = Row(44, "the blockade of {place} by {who} closed its river and air, too")
    BLOCKADE_EASED = Row(45, "{who} eased the blockade of {place} to {share} of the traffic")
    BLOCKADE_ENDED = Row(
        46,
        "the blockade of {place} by {who} ended{undrawn:: the town was not the army's any more|}",
    )
    GUERRILLA = Row(
        47,
        "the separatists, {some:{place} lost, turned to the roads and to small raids|"
        "back in {place}, fought in large groups again}",
    )
    TALKS = Row(48, "mediated talks began")
    OFFER = Row(49, "the state offered to share camps in the separatists' towns by joint units")
    AID = Row(50, "the state turned {n} million CFA francs to aid for victims", root="known")
    CHARTER = Row(51, "the charter of Liptako-Gourma was known to be signed", root="known")
    REQUEST = Row(
        52,
        "Mali asked its partners for help, after lost bases or {n} reported dead",
        is_weighed=True,
    )
    PROMISE = Row(  # the row does not tell which of the two
        53, "{partner} promised {n:company or drone|companies or drones}", "chance of it"
    )
    REFUSED_HELP = Row(
        54, "{partner} refused Mali's request for {some:drones|troops}", "chance of a refusal"
    )
    HELP_ARRIVES = Row(
        55,
        "{no unit:{n:drone|drones} of the partners arrived for the army|{men} came to {place}}",
    )
    CRISIS = Row(56, "the crisis around Niger {some:flared|was over}", root="clause")
    CLAIM_LOSSES = Row(
        57,
        "{who} {own:gave {n} as the number of own dead|claimed {n} dead of {about}} at {place}",
        is_said=True,
    )
    SILENCE = Row(
        58, "{who} gave no number of own dead at {place}", "chance of silence", is_said=True
    )
    REVISION = Row(
        59,
        "{who} corrected the claim to {n} dead of {about} at {place}",
        "chance of a correction",
        is_said=True,
    )
    CLAIM_CONTROL = Row(60, "{who} claimed to have taken {base}", is_said=True)
    DENIAL = Row(61, "{who} denied the loss of {base}", "chance of a denial", is_said=True)
    CONFIRMED = Row(
        62,
        "observers confirmed that {base} had passed to {after}",
        "chance a day that it is seen",
        is_said=True,
    )
    UNCONFIRMED = Row(
        63,
        "{base} passed to {after} so briefly that no observer ever confirms it",
        "chance of that",
        is_said=True,
    )
    RAID_FROM_OUTSIDE = Row(64, "{men} raided the army at {place}", short="raid of {outsiders}")
    ABUSE_SELECTIVE = Row(
        65, "violence of {who} against chosen civilians at {place}: {n} killed", _ABUSE
    )
    WOUNDED = Row(66, "{men} {were} wounded " + _LOST)
    CAPTURED = Row(67, "{men} {were} captured " + _LOST)
    MISSING = Row(68, "{men} {were} scattered " + _LOST)
    RETURNED = Row(69, "{men}, scattered before, came back at {place}")
