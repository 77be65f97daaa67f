"""The page of validation: what the model gets right and wrong, made from stored runs.

What is said of the figures stands in `page.md`, the tables in `page_*.py`, the reasons of failures
in `explanations.yaml`. The same batches give the same page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover import facts
from camphandover.facts.checks import ORIGIN, RECORD
from camphandover.judge.score.baselines import TITLES
from camphandover.known.record import WEIGHTS
from camphandover.say.validation import claims as page_claims
from camphandover.say.validation import failures as page_failures
from camphandover.say.validation import patterns as page_patterns
from camphandover.say.validation import scores as page_scores
from camphandover.say.validation.aims import in_short
from camphandover.say.validation.events import (
    RAID_DAYS,
    confidence_shares,
    kinds_of_turns,
    turn_table,
)
from camphandover.say.validation.sources import (
    FORECAST,
    GIVEN,
    Runs,
    Sources,
    command,
    in_lines,
    is_current,
    is_of_library,
    parameters_told,
    quoted,
    records_of,
)
from camphandover.say.validation.text import code, day, listed, literal, wrapped

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch
    from camphandover.judge.patterns.patterns import Patterns

TEMPLATE = Path(__file__).with_name("page.md")
P_FALSE = 0.05
"""Share of intervals of 95 % that leave out 0 although nothing differs."""


def page(
    found: Sources,
    out: str = "model/VALIDATION.md",
    pictures: Mapping[str, str] | None = None,
    picture_folder: str | None = None,
) -> str:
    """The page as Markdown.

    Args:
        found: The runs, from `page_sources.sources`.
        out: Name of the file, for the command that makes it again.
        pictures: Charts to show: by title, the path from the page's folder.
        picture_folder: Where they are, likewise for the command.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=False, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    content = {
        **_what_was_run(found, out, picture_folder),
        **in_short(found),
        **_events(found.prior),
        **_scores(found),
        **_dates(found),
        **_patterns(found),
        **_failures(found),
        "pictures": [{"title": t, "path": p} for t, p in (pictures or {}).items()],
    }
    return wrapped(template.render(content))


# --- section 1 ---------------------------------------------------------------------------


def _what_was_run(found: Sources, out: str, picture_folder: str | None) -> dict[str, Any]:
    first = found.hindcast.batch
    names = ("hindcast", "prior", "variants")
    again = [
        f"--{name} {quoted(b.folder.as_posix())}"
        for name, b in zip(names, found.batches, strict=False)
    ]
    again.append(f"--out {quoted(out)}")
    again += [f"--pictures {quoted(picture_folder)}"] if picture_folder else []
    theatre = facts.load()
    commands = [command(batch) for batch in found.batches]
    commands.append(f"uv run camphandover validation {' '.join(again)}")
    return {
        "forecast": FORECAST,
        "given": GIVEN,
        "batches": [_batch(n, b) for n, b in zip(names, found.batches, strict=False)],
        "package": first.manifest["package"],
        "core": first.manifest["core"][:12],
        "theatre": first.manifest["theatre"][:12],
        "is_current": is_current(first),
        "record_rows": len(theatre.history),
        "record_last": day(RECORD[1]),
        "commands": [line for one in commands for line in in_lines(one)],
        "n_given": found.hindcast.about(GIVEN).n_given,
        "origin": day(ORIGIN),
        "shared_records": any(_shares_records(batch) for batch in found.batches),
    }


def _batch(name: str, batch: Batch) -> dict[str, Any]:
    records = records_of(batch)
    return {
        "name": name,
        "scenarios": listed(map(code, batch.scenarios)),
        "n": batch.runs,
        "seed": batch.seed,
        "parameters": parameters_told(batch),
        "made": "" if records is None else _made(records.made),
        "failed": len(batch.failures),
        "is_of_library": is_of_library(batch),
    }


def _made(made: Mapping[str, Any]) -> str:
    """What the file of records says in words and numbers of how they were made."""
    plain = {k: v for k, v in made.items() if isinstance(v, (str, int, float)) and v != ""}
    digests = ("core", "theatre")
    told = (
        f"{literal(k)}: {literal(str(v)[:12] if k in digests else str(v))}"
        for k, v in plain.items()
    )
    return "; ".join(told) or "its file does not say"


def _shares_records(batch: Batch) -> bool:
    given = batch.manifest["records"]
    return given is not None and given["n"] < batch.runs


# --- sections 3 to 6 ---------------------------------------------------------------------


def _events(runs: Runs) -> dict[str, Any]:
    about = runs.about(FORECAST)
    kinds = kinds_of_turns(runs.score, FORECAST)
    shares = confidence_shares(runs.score, FORECAST)
    return {
        "first": day(about.window.first),
        "last": day(about.window.last),
        "n_turns": about.n_turns,
        "n_places": about.n_places,
        "n_regions": about.n_regions,
        "n_slots": about.n_slots,
        "n_days": about.window.n_days,
        "n_exits": kinds.count("exit"),
        "n_raids": kinds.count("raid"),
        "n_raid_turns": kinds.count("raid") + kinds.count("undone"),
        "n_rest": kinds.count("other"),
        "raid_days": RAID_DAYS,
        "low_share": f"{100 * shares['low']:.0f}",
        "medium_share": f"{100 * shares['medium']:.0f}",
        "turns": turn_table(runs.score, FORECAST),
    }


def _scores(found: Sources) -> dict[str, Any]:
    sets = found.sets
    paths = [
        {
            "title": f"`{scenario}`, set `{runs.name}`",
            "intro": _intro(runs, scenario),
            "folded": scenario != FORECAST,
            "table": page_scores.path_table(runs, scenario),
        }
        for scenario in (FORECAST, GIVEN)
        for runs in sets
    ]
    return {
        "weights": listed(f"{name} {weight:g}" for name, weight in WEIGHTS.items()),
        "baselines": "; ".join(f"*{name}*, {told}" for name, told in TITLES.items()),
        "blocks": page_scores.blocks_told(found.prior.score, FORECAST),
        "paths": paths,
        "horizon_tables": [
            {
                "title": f"{page_scores.NAMES[measure]} score, set `{runs.name}`",
                "table": page_scores.horizon_table(runs, FORECAST, measure),
                "folded": measure != "log",
            }
            for measure in page_scores.NAMES
            for runs in sets
        ],
        "unweighted": page_scores.unweighted_table(sets),
        "reliability": [
            {
                "title": f"`{FORECAST}`, set `{runs.name}`",
                "table": page_scores.reliability_table(runs, FORECAST, ["all"]),
                "groups": page_scores.reliability_table(runs, FORECAST, ["changed", "kidal"]),
                "off": "; ".join(page_scores.unreliable(runs, FORECAST)),
            }
            for runs in sets
        ],
    }


def _intro(runs: Runs, scenario: str) -> str:
    about = runs.about(scenario)
    agreed = f"{100 * about.agreement:.0f} % of its {about.n} runs and {about.n_slots} places"
    told = (
        f" The days of {about.n_given} events are given: no forecast, and the scores gain by it."
        if about.n_given
        else " No day of an exit is given."
    )
    return (
        f"Mean over all days, {day(about.window.first)} to {day(about.window.last)}; on the origin "
        f"{agreed}, taken together, are as in the record.{told}"
    )


def _dates(found: Sources) -> dict[str, Any]:
    where = [(runs, scenario) for scenario in (FORECAST, GIVEN) for runs in found.sets]
    return {
        "crps": [
            {
                "title": f"`{scenario}`, set `{runs.name}`",
                "table": page_scores.crps_table(runs, scenario),
            }
            for runs, scenario in where
        ],
        "coverage": page_scores.coverage_table(found.sets, (FORECAST, GIVEN)),
        "pits": page_scores.pit_table(found.sets),
        "dates": [
            {
                "title": f"Events of the record, `{scenario}`, set `{runs.name}`",
                "table": page_scores.date_table(runs, scenario),
            }
            for runs, scenario in where
        ],
    }


# --- sections 7 to 9 ---------------------------------------------------------------------


def _patterns(found: Sources) -> dict[str, Any]:
    needs = found.needs
    return {
        "parts_set": "; ".join(page_patterns.set_parts(found.sets)) or "nothing here",
        "shares": page_patterns.share_table(found.sets),
        "readings": page_patterns.reading_table(found.hindcast),
        "variants": None if needs is None else _variants(found, needs),
    }


def _variants(found: Sources, needs: Patterns) -> dict[str, Any]:
    assert found.variants is not None
    n_all = page_patterns.n_differences(needs)
    return {
        "n": needs.runs,
        "parameters": parameters_told(found.variants),
        "n_all": n_all,
        "n_chance": math.ceil(P_FALSE * n_all),
        "table": page_patterns.variant_table(needs),
        "needs": page_patterns.mechanisms(needs),
    }


def _failures(found: Sources) -> dict[str, Any]:
    known = page_failures.reasons()
    claims = page_claims.claim_rows(found.sets, RECORD[1])
    beaten = page_failures.beaten(found.sets)
    return {
        "claims": page_claims.claim_table(claims),
        "part_of_loss": f"{100 * page_failures.PART_OF_LOSS:.0f}",
        "beaten": beaten if beaten.body else None,
        "failures": {
            "places": page_failures.places(found.sets, known),
            "horizons": page_failures.horizon_failures(found.sets, known),
            "dates": page_failures.dates(found.sets, known),
            "patterns": page_failures.pattern_failures(found.sets, known),
            "claims": page_failures.claim_failures(claims, known),
        },
    }
