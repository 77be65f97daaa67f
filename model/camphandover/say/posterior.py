"""A calibration by the filter in words: what the record says of the parameters, and how surely."""

from __future__ import annotations

from typing import Any

from camphandover.judge.study.posterior import Posterior
from camphandover.say.calibration import parameters
from camphandover.say.document import Document, Items, Paragraph


def document(found: Posterior) -> Document:
    """The preface, the waves, and the table of parameters."""
    waves = tuple(
        f"Wave {i}: {wave.n_points} points, each by a filter of {wave.particles} particles; log "
        "evidence (5, 50, 95 %) "
        + ", ".join(f"{q:.1f}" for q in wave.log_evidence)
        + f"; weighed by their own estimates {wave.left:.1f} points would be left; R2 of the "
        f"surface {wave.skill:.2f}"
        for i, wave in enumerate(found.waves, start=1)
    )
    rule = f"Rule: {found.records.made['rule']}."
    return [Paragraph(_preface(found)), Items((*waves, rule)), parameters(found)]


def data(found: Posterior) -> dict[str, Any]:
    """Its figures by name; of the records how they were made, as they have a file of their own."""
    told = {
        name: one
        for name, one in vars(found).items()
        if name not in ("records", "screened", "marginals")
    }
    return {
        "made": found.records.made,
        "records": found.records.n,
        **told,
        "parameters": {
            name: {"moves": moves, **found.marginals[name]}
            for name, moves in found.screened.items()
        },
    }


def _preface(found: Posterior) -> str:
    before, after = (f"{value:.1f} (se {se:.1f})" for value, se in (found.before, found.after))
    return (
        f"Set {found.records.evidence}: {found.records.n} records of {len(found.records.names)} "
        f"parameters, drawn from what the record until {found.until} says of them. Log evidence by "
        f"filters of luck that chose none of them: {after}; with the best values {before}. "
        f"Evidence counts to the power {found.power:.2f}; {found.left:.0f} effective points are "
        "left."
    )
