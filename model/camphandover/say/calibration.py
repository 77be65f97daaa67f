"""A calibration as text: what the accepted records retell, and what they are."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.measure.intervals import share_interval
from camphandover.say.tabular import aligned

if TYPE_CHECKING:
    from camphandover.judge.study.calibration import Calibration
    from camphandover.judge.study.targets import Measured

Rows = list[tuple[str, ...]]
WIDTH = 120
MET = 0.5
"""Share of runs that is to meet a pattern (RULES section 10)."""


def text_of(found: Calibration) -> str:
    """Plain text of at most 120 columns."""
    parts = [_preface(found), _table(PATTERN_HEAD, pattern_rows(found))]
    if found.targets.claims:
        parts += [CLAIMS, _table(CLAIM_HEAD, claim_rows(found))]
    parts += [_waves(found), _table(PARAMETER_HEAD, parameter_rows(found))]
    return "\n\n".join(parts)


PATTERN_HEAD = ("Pattern", "", "Best values", "Accepted records", "R2 of the surface")
CLAIM_HEAD = ("Claim", "Raids", "Record", "Best values", "Accepted records")
PARAMETER_HEAD = ("Parameter", "Moves", "Range 5, 50, 95 %", "Accepted 5, 50, 95 %", "Shift")
CLAIMS = textwrap.fill(
    "Claims of raids on the army's bases: dead told, geometric mean of 1 + dead less one, with the "
    "number of raids that have such a claim in the record. Claims are held against claims.",
    WIDTH,
)


def _preface(found: Calibration) -> str:
    target, records = found.targets, found.records
    n = target.n_patterns
    before, after = (int(_is_met(values).sum()) for values in (found.before, found.after))
    return textwrap.fill(
        f"Set {target.evidence}: {records.n} records of {len(records.names)} parameters, held to "
        f"{n} patterns and {len(target.claims)} kinds of claim of the record until {target.until}. "
        f"Tested with luck that chose none of them, by {found.after.n.max(axis=1).max():.0f} runs "
        f"of each record: at least half of the runs meet {after} of {n} patterns; with the best "
        f"values {before}. Intervals are 95 % Wilson, as if all runs were independent.",
        WIDTH,
    )


def _is_met(values: Measured) -> np.ndarray:
    return values.hits.sum(axis=1) >= MET * values.n.sum(axis=1)


def pattern_rows(found: Calibration) -> Rows:
    """A row for each pattern: name, title, share before and after, cross-validated R2."""
    rows: Rows = []
    skill = found.waves[-1].skill if found.waves else {}
    for i, (pattern, _) in enumerate(found.targets.patterns):
        shares = (_share(values, i) for values in (found.before, found.after))
        name = found.targets.names[i]
        rows.append((name, pattern.title, *shares, _number(skill.get(name))))
    return rows


def _share(values: Measured, i: int) -> str:
    share = share_interval(int(values.hits[i].sum()), int(values.n[i].sum()))
    return f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}]"


def claim_rows(found: Calibration) -> Rows:
    """A row for each kind of claim: name, raids on record, dead on record, before and after."""
    rows: Rows = []
    for i, claim in enumerate(found.targets.claims):
        before, after = (_dead(values, i) for values in (found.before, found.after))
        name = claim.name.replace("_", " ")
        rows.append((name, str(claim.n), f"{math.expm1(claim.mean):.1f}", before, after))
    return rows


def _dead(values: Measured, i: int) -> str:
    n = values.claim_n[i]
    known = n > 0
    if not known.any():
        return "-"
    return f"{math.expm1(np.average(values.claim_mean[i][known], weights=n[known])):.1f}"


def _waves(found: Calibration) -> str:
    lines = [
        f"Wave {number}: {wave.n_points} points x {wave.draws} draws, fit (5, 50, 95 %) "
        + ", ".join(f"{q:.1f}" for q in wave.fit)
        for number, wave in enumerate(found.waves, start=1)
    ]
    rule = textwrap.fill(f"Rule: {found.records.made.get('rule', '')}.", WIDTH)
    return "\n".join([*lines, rule])


def parameter_rows(found: Calibration) -> Rows:
    """A row for each uncertain parameter: how far it moves the targets, its range before and after.

    `Shift` is where the accepted median lies in the range's distribution, in percent.
    """
    rows: Rows = []
    for name, moves in found.screened.items():
        at = found.marginals[name]
        shift = f"{100 * at['probability'][1]:.0f} %"
        rows.append((name, f"{moves:.2f}", _three(at["range"]), _three(at["accepted"]), shift))
    return rows


def _three(values: tuple[float, float, float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)


def _number(value: Any) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.2f}"


def _table(head: tuple[str, ...], rows: Rows) -> str:
    return "\n".join(aligned([head, *rows]))


def as_json(found: Calibration) -> dict[str, Any]:
    """Everything that the text tells, as JSON values."""
    return {
        "made": dict(found.records.made),
        "records": found.records.n,
        "patterns": [
            {"name": row[0], "title": row[1], "best_values": row[2], "accepted": row[3]}
            for row in pattern_rows(found)
        ],
        "claims": [dict(zip(CLAIM_HEAD, row, strict=True)) for row in claim_rows(found)],
        "parameters": {
            name: {"moves": moves, **found.marginals[name]}
            for name, moves in found.screened.items()
        },
        "waves": [
            {"points": w.n_points, "draws": w.draws, "fit": w.fit, "skill": w.skill}
            for w in found.waves
        ],
    }
