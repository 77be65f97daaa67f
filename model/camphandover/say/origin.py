"""What was known on the day from which runs go on, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from camphandover.known.filter import HARDLY
from camphandover.known.origin import Origin
from camphandover.measure.notation import counted, listed, number, percent
from camphandover.measure.past import Past
from camphandover.say.document import Block, Column, Document, Items, Paragraph, table

WEEKS = 28
"""Days before the day of which it is told how many particles have descendants."""
SHOWN = 3
"""Rows of the record that no particle met, of which a sentence names so many."""
HARDLY_ANY = f"no particle, or less than {percent(HARDLY)} % of them,"
HEADER = [
    Column("Look", "name"),
    Column("Told"),
    Column("As told %", form=percent),
    Column("Log evidence", form=lambda value: number(value, 2)),
    Column("Effective", form=lambda value: number(value, 0)),
    Column("Resampled", "name", form=lambda is_so: "yes" if is_so else ""),
    Column("Ancestors"),
]


def document(origin: Origin) -> Document:
    """In sentences, the looks at the record, and all that no particle met, or hardly any."""
    rows = [
        (
            stage.day,
            stage.told,
            stage.agreement,
            stage.log_evidence,
            stage.effective,
            stage.parents is not None,
            left,
        )
        for stage, left in zip(origin.stages, origin.lineages, strict=False)
    ]
    notes = [
        "Told: how much the record says. As told: of it, what a particle was as, on average. "
        "Effective: number of particles that would tell as much if all weighed the same; below "
        "half of all, copies of the likely replace the others. Ancestors: particles of that day "
        f"that have descendants on {origin.until}."
    ]
    unmet = [_missed(origin, what) for what in origin.hardly_met]
    blocks: list[Block] = [Paragraph(sentence(origin)), table("", HEADER, rows, notes=notes)]
    return [*blocks, Items(tuple(unmet), f"What {HARDLY_ANY} met:")] if unmet else blocks


def data(origin: Origin) -> dict[str, Any]:
    """The numbers by their names in JSON."""
    return {
        "name": origin.name,
        "first": origin.first,
        "until": origin.until,
        "particles": origin.n,
        "effective": origin.effective,
        "narrowest": dict(zip(("effective", "day"), origin.narrowest, strict=True)),
        "log_evidence": origin.log_evidence,
        "ancestors_of_four_weeks_before": origin.ancestors(WEEKS),
        "stages": [
            {
                "day": stage.day,
                "told": stage.told,
                "agreement": stage.agreement,
                "log_evidence": stage.log_evidence,
                "effective": stage.effective,
                "resampled": stage.parents is not None,
                "ancestors": left,
            }
            for stage, left in zip(origin.stages, origin.lineages, strict=False)
        ],
        "unmet": [
            {"what": what, "is_impossible": what in origin.impossible}
            | {name: [getattr(look, name) for look in looks] for name in ("day", "n", "share")}
            for what, looks in origin.hardly_met.items()
        ],
    }


def sentence(origin: Origin, scenarios: Sequence[str] = ()) -> str:
    """From what runs go on, and what of the record no particle met.

    Args:
        scenarios: Names of those that are told of, if they must be named.
    """
    who = f"{listed(scenarios)} {'go' if len(scenarios) > 1 else 'goes'}" if scenarios else "Goes"
    told = (
        f"{who} on from what was known on {origin.until}: {origin.n:,} particles, effective "
        f"number {origin.effective:.0f} before the last resampling, "
        f"{counted(origin.ancestors(WEEKS), 'ancestor')} of four weeks before. The record left an "
        f"effective number of {origin.narrowest[0]:.0f} on {origin.narrowest[1]}: what "
        "follows is about as sure as so many independent runs that meet the record. Intervals "
        "count runs and may be too narrow for that."
    )
    none = origin.impossible
    few = [what for what in origin.hardly_met if what not in none]
    told += " Each row of the record was met by some particle." * (not none)
    if none:
        told += (
            f" The record is impossible for the model in {counted(len(none), 'row')}: no particle "
            f"met them, and the errors of the record (R10.1) bridged them: {_some(origin, none)}."
        )
    if few:
        told += (
            f" Less than {percent(HARDLY)} % of the particles met "
            f"{counted(len(few), 'row')}: {_some(origin, few)}."
        )
    return told


def _some(origin: Origin, rows: Sequence[str]) -> str:
    """The first of some rows of the record; the others are counted."""
    more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    return "; ".join([*(_missed(origin, what) for what in rows[:SHOWN]), *more])


def _missed(origin: Origin, what: str) -> str:
    """A row of the record, when it was looked at, and how many particles met it, if some did."""
    looks = origin.hardly_met[what]
    days = f"{what}, on {looks[0].day}"
    days += f" to {looks[-1].day}, {len(looks)} looks" if len(looks) > 1 else ""
    n = max(look.n for look in looks)
    return f"{days}, met by {n}" if n else days


def told(pasts: Sequence[Past], of: int) -> list[Paragraph]:
    """A paragraph for each past of a batch of so many scenarios; of one that all share no names."""
    return [
        Paragraph(sentence(past.origin, past.scenarios if len(past.scenarios) < of else ()))
        for past in pasts
    ]


def pasts_data(pasts: Sequence[Past]) -> list[dict[str, Any]]:
    """The pasts of a batch by their names in JSON."""
    return [{"scenarios": list(past.scenarios), **data(past.origin)} for past in pasts]
