"""A calibration in words: what the accepted records retell, and what they are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from camphandover.judge.study.calibration import Calibration
from camphandover.judge.study.posterior import Posterior
from camphandover.judge.study.targets import Measured
from camphandover.measure.intervals import Interval, share_interval
from camphandover.measure.notation import number, with_interval
from camphandover.say.document import Block, Column, Document, Items, Paragraph, table

MET = 0.5
"""Share of runs that is to meet a pattern (RULES section 10)."""
CLAIMS = (
    "Claims of raids on the army's bases: dead told, geometric mean of 1 + dead less one, with the "
    "number of raids that have such a claim in the record. Claims are held against claims."
)
CLAIM_HEAD = ("Claim", "Raids", "Record", "Best values", "Accepted records")
SHARE = with_interval(2)


def document(found: Calibration) -> Document:
    """The preface and the tables of patterns, claims and parameters."""
    shares = [Column(name, form=SHARE) for name in ("Best values", "Accepted records")]
    surface = Column("R2 of the surface", form=lambda value: number(value, 2))
    patterns: list[Block] = [
        table("", ["Pattern", Column("", "text"), *shares, surface], _pattern_rows(found))
    ]
    if found.targets.claims:
        patterns += [Paragraph(CLAIMS), table("", CLAIM_HEAD, _claim_rows(found))]
    return [Paragraph(_preface(found)), *patterns, Items(_waves(found)), parameters(found)]


def _preface(found: Calibration) -> str:
    target, records = found.targets, found.records
    n = target.n_patterns
    before, after = (
        int((values.hits.sum(axis=1) >= MET * values.n.sum(axis=1)).sum())
        for values in (found.before, found.after)
    )
    return (
        f"Set {target.evidence}: {records.n} records of {len(records.names)} parameters, held to "
        f"{n} patterns and {len(target.claims)} kinds of claim of the record until {target.until}. "
        f"Tested with luck that chose none of them, by {found.after.n.max(axis=1).max():.0f} runs "
        f"of each record: at least half of the runs meet {after} of {n} patterns; with the best "
        f"values {before}. Intervals are 95 % Wilson, as if all runs were independent."
    )


def _pattern_rows(found: Calibration) -> list[tuple[str, str, Interval, Interval, float]]:
    """A row for each pattern: name, title, share before and after, cross-validated R2."""
    skill = found.waves[-1].skill if found.waves else {}
    return [
        (name, pattern.title, _share(found.before, i), _share(found.after, i),
         skill.get(name, math.nan))
        for i, (name, (pattern, _)) in enumerate(
            zip(found.targets.names, found.targets.patterns, strict=False)
        )
    ]  # fmt: skip


def _share(values: Measured, i: int) -> Interval:
    return share_interval(int(values.hits[i].sum()), int(values.n[i].sum()))


def _claim_rows(found: Calibration) -> list[tuple[str, ...]]:
    """A row for each kind of claim: name, raids on record, dead on record, before and after."""
    return [
        (
            claim.name.replace("_", " "),
            str(claim.n),
            f"{math.expm1(claim.mean):.1f}",
            *(_dead(values, i) for values in (found.before, found.after)),
        )
        for i, claim in enumerate(found.targets.claims)
    ]


def _dead(values: Measured, i: int) -> str:
    n = values.claim_n[i]
    known = n > 0
    if not known.any():
        return "-"
    return f"{math.expm1(np.average(values.claim_mean[i][known], weights=n[known])):.1f}"


def _waves(found: Calibration) -> tuple[str, ...]:
    return (
        *(
            f"Wave {i}: {wave.n_points} points x {wave.draws} draws, fit (5, 50, 95 %) "
            + ", ".join(f"{q:.1f}" for q in wave.fit)
            for i, wave in enumerate(found.waves, start=1)
        ),
        f"Rule: {found.records.made.get('rule', '')}.",
    )


def parameters(found: Calibration | Posterior) -> Block:
    """A row for each uncertain parameter: how far it moves the targets, its range before and after.

    `Shift` is where the accepted median lies in the range's distribution, in percent.
    """
    heads = ("Parameter", "Moves", "Range 5, 50, 95 %", "Accepted 5, 50, 95 %", "Shift")
    rows = []
    for name, moves in found.screened.items():
        at = found.marginals[name]
        three = (", ".join(f"{q:.3g}" for q in at[key]) for key in ("range", "accepted"))
        rows.append((name, f"{moves:.2f}", *three, f"{100 * at['probability'][1]:.0f} %"))
    return table("", heads, rows)


def data(found: Calibration) -> dict[str, Any]:
    """Everything that the text tells, by the names that JSON has."""
    return {
        "made": found.records.made,
        "records": found.records.n,
        "patterns": [
            {"name": name, "title": title, "best_values": SHARE(before), "accepted": SHARE(after)}
            for name, title, before, after, _ in _pattern_rows(found)
        ],
        "claims": [dict(zip(CLAIM_HEAD, row, strict=True)) for row in _claim_rows(found)],
        "parameters": {
            name: {"moves": moves, **found.marginals[name]}
            for name, moves in found.screened.items()
        },
        "waves": [
            {"points": w.n_points, "draws": w.draws, "fit": w.fit, "skill": w.skill}
            for w in found.waves
        ],
    }
