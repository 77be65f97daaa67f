"""Whether the aims are reached: the second section of the page of validation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from camphandover.judge import aims
from camphandover.judge.score.baselines import TITLES
from camphandover.judge.score.scored import MODEL
from camphandover.judge.score.tables import PATH
from camphandover.measure.intervals import Interval
from camphandover.say.validation import patterns as page_patterns
from camphandover.say.validation import scores as page_scores
from camphandover.say.validation.sources import FORECAST, GIVEN, Sources
from camphandover.say.validation.text import Table, bounded, listed


def in_short(found: Sources) -> dict[str, Any]:
    """The three aims with figure and verdict, and what lies beside the first and the third."""
    kidal = {
        name: page_scores.skill(found.hindcast.score, FORECAST, "kidal", name) for name in TITLES
    }
    least = min(kidal, key=lambda name: _least(kidal[name]))
    plain = page_scores.skill(found.prior.score, FORECAST, "all", "persistence")
    met = page_patterns.count(found.hindcast.patterns, GIVEN)
    one = page_scores.row(found.hindcast.score, FORECAST, "kidal", MODEL, PATH, "log")
    body = [
        [
            "1. Skill above 0 over every baseline, Kidal region, log score over all days",
            f"`hindcast`, `{FORECAST}`",
            f"least sure over {least}: {bounded(kidal[least])}",
            _if_independent(aims.worst(map(aims.skill_verdict, kidal.values())), one),
        ],
        [
            "2. Skill above 0 over persistence, all places, log score over all days",
            f"`prior`, `{FORECAST}`",
            bounded(plain),
            aims.skill_verdict(plain),
        ],
        [
            f"3. At least {aims.N_PATTERNS} of 14 patterns met by at least half of the runs",
            f"`hindcast`, `{GIVEN}`",
            page_patterns.count_told(met),
            met.verdict,
        ],
    ]
    body = [[*cells[:3], f"**{cells[3]}**"] for cells in body]
    return {
        "aims": Table(["Aim", "Judged on", "Figure", "Verdict"], body, 4),
        "aim_skills": _aim_skills(found),
        "aim_patterns": _aim_patterns(found),
        "is_narrow": one["blocks"] != "region",
        "n_kidal": one["n"],
    }


def _least(skill: Interval) -> float:
    """What a skill surely is: the lower bound, or its value if there is none."""
    return skill.value if math.isnan(skill.low) else skill.low


def _if_independent(verdict: str, row: Mapping[str, Any]) -> str:
    """A verdict with what it rests on, where places stand in for regions."""
    if verdict == aims.MET and row["blocks"] != "region":
        return f"{verdict}, if its {row['n_blocks']} places count as independent"
    return verdict


def _aim_skills(found: Sources) -> Table:
    columns = [(found.hindcast, FORECAST), (found.hindcast, GIVEN), (found.prior, FORECAST)]
    header = ["Over"]
    for runs, scenario in columns:
        header += [f"{runs.name}, {scenario}", "Verdict"]
    body = []
    for name in TITLES:
        cells = [name]
        for runs, scenario in columns:
            skill = page_scores.skill(runs.score, scenario, "kidal", name)
            cells += [bounded(skill), aims.skill_verdict(skill)]
        body.append(cells)
    return Table(header, body)


def _aim_patterns(found: Sources) -> Table:
    body = []
    for runs in found.sets:
        cells = [runs.name]
        for scenario in (GIVEN, FORECAST):
            met = page_patterns.count(runs.patterns, scenario)
            missed = listed(page_patterns.not_half(runs.patterns, scenario))
            cells.append(f"{page_patterns.count_told(met)}; not: {missed}")
        body.append(cells)
    return Table(["Set", GIVEN, FORECAST], body, 3)
