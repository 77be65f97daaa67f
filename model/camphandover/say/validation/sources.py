"""The batches from which the page of validation is made: checked, scored, and how they were run."""

from __future__ import annotations

import shlex
import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover.batch.batch import Batch, open_batch
from camphandover.errors import BatchError
from camphandover.judge.patterns.patterns import Patterns, patterns
from camphandover.judge.score.score import About, Score, score
from camphandover.say.validation.text import WIDTH, literal

if TYPE_CHECKING:
    from camphandover.batch.records import Records

FORECAST = "on-schedule"
"""The scenario that is a forecast: the runs are told no day of an exit but that of the plan."""
GIVEN = "full-model"
"""The scenario that is given the days on which the UN really left, and the base of the variants."""
SETS = ("hindcast", "prior")
UNBROKEN = "\0"
"""Stands for a space within a word of a command."""
GOES_ON = " \\"
"""What a shell needs at the end of a line that goes on."""
SCENARIOS = (FORECAST, GIVEN)


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of one set of parameters, `FORECAST` and `GIVEN`.

    Attributes:
        name: `hindcast` or `prior`.
        batch: Where they are.
    """

    name: str
    batch: Batch

    @cached_property
    def score(self) -> Score:
        """Held to the record, days by its confidence."""
        return score(self.batch, scenario=SCENARIOS)

    @cached_property
    def unweighted(self) -> Score:
        """The same with all days alike; of `FORECAST` only."""
        return score(self.batch, scenario=FORECAST, confidence=False)

    @cached_property
    def patterns(self) -> Patterns:
        """Held to P1-P14."""
        return patterns(self.batch, scenario=list(SCENARIOS))

    def about(self, scenario: str) -> About:
        """What was scored of a scenario."""
        return next(one for one in self.score.about if one.scenario == scenario)


@dataclass(frozen=True, eq=False)
class Sources:
    """All runs of the page.

    Attributes:
        hindcast, prior: Of the two sets of parameters.
        variants: Runs of `GIVEN` without one mechanism each, if there are any.
    """

    hindcast: Runs
    prior: Runs
    variants: Batch | None

    @property
    def sets(self) -> tuple[Runs, Runs]:
        """Both sets."""
        return self.hindcast, self.prior

    @property
    def batches(self) -> list[Batch]:
        """All batches."""
        found = [self.hindcast.batch, self.prior.batch]
        return found if self.variants is None else [*found, self.variants]

    @cached_property
    def needs(self) -> Patterns | None:
        """The patterns of the variants beside `GIVEN`."""
        return None if self.variants is None else patterns(self.variants, against=GIVEN)


def sources(
    hindcast: Batch | str | Path,
    prior: Batch | str | Path,
    variants: Batch | str | Path | None = None,
) -> Sources:
    """Open the batches and refuse those of which the page cannot be made.

    Errors:
        BatchError if a batch is of another set, of other code or facts than the others, without
        its full ledger, or without a scenario that the page needs.
    """
    opened = [
        one if isinstance(one, Batch) else open_batch(one)
        for one in (hindcast, prior, variants)
        if one is not None
    ]
    for batch, name in zip(opened, SETS, strict=False):
        _check_set(batch, name)
    if variants is not None:
        _check_variants(opened[2])
    for batch in opened:
        if batch.ledger != "full":
            raise BatchError(
                f"{batch.folder} was run with --ledger {batch.ledger}: patterns and claims need "
                "the full ledger. Run it into another folder with --ledger full."
            )
        for what in ("core", "theatre", "model"):
            if batch.manifest[what] != opened[0].manifest[what]:
                raise BatchError(
                    f"{batch.folder} was run with other rules or facts than {opened[0].folder}: "
                    "run both anew with one version."
                )
    both = [Runs(name, batch) for name, batch in zip(SETS, opened, strict=False)]
    found = Sources(both[0], both[1], opened[2] if variants is not None else None)
    for runs in found.sets:
        if runs.about(FORECAST).n_given:
            raise BatchError(
                f"{runs.batch.folder}: {FORECAST} gives the dates of exits, so it is no forecast. "
                f"Run the {FORECAST} of the library."
            )
    return found


def _check_set(batch: Batch, name: str) -> None:
    evidence = batch.manifest["evidence"]
    if evidence != name:
        raise BatchError(
            f"{batch.folder} was run with the set {evidence}, but --{name} needs one of the set "
            f"{name}: `camphandover run {GIVEN} {FORECAST} --parameters {name}` makes it."
        )
    for scenario in SCENARIOS:
        if scenario not in batch.scenarios:
            raise BatchError(
                f"{batch.folder} holds no scenario {scenario}; it holds "
                f"{', '.join(batch.scenarios)}. Both {GIVEN} and {FORECAST} are needed."
            )


def _check_variants(batch: Batch) -> None:
    if GIVEN not in batch.scenarios or len(batch.scenarios) == 1:
        raise BatchError(
            f"{batch.folder} holds {', '.join(batch.scenarios)}: variants need {GIVEN} and at "
            "least one scenario that lacks something of it."
        )


# --- how they were run -------------------------------------------------------------------


def command(batch: Batch) -> str:
    """The command that makes a batch."""
    manifest = batch.manifest
    words = ["uv run camphandover run", *map(quoted, batch.scenarios)]
    words += [f"--runs {batch.runs} --seed {batch.seed}", *_source(batch)]
    if manifest["sampled"]:
        words.append("--sample-parameters")
    return " ".join([*words, f"--out {quoted(batch.folder.as_posix())}"])


def quoted(word: str) -> str:
    """A word of a command that a shell takes as it is, and that `in_lines` leaves whole."""
    return shlex.quote(word).replace(" ", UNBROKEN)


def in_lines(command: str) -> list[str]:
    """A command in lines that a shell takes as one."""
    lines = textwrap.wrap(
        command, WIDTH - len(GOES_ON), subsequent_indent="    ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    lines = [line + GOES_ON * (line != lines[-1]) for line in lines]
    return [line.replace(UNBROKEN, " ") for line in lines]


def _source(batch: Batch) -> list[str]:
    """The options that choose the parameters."""
    given = batch.manifest["records"]
    if given is None:
        return ["--evidence prior"] if batch.manifest["evidence"] == "prior" else []
    if _is_shipped(given):
        return [f"--parameters {given['name']}"]
    return [f"--parameters {quoted((batch.folder / 'records.json').as_posix())}"]


def _is_shipped(given: dict[str, Any]) -> bool:
    """Whether records are those that come with the package under their name."""
    from camphandover.batch.records import find_records

    try:
        return find_records(given["name"]).digest == given["digest"]
    except BatchError:
        return False


def parameters_told(batch: Batch) -> str:
    """Which parameters the runs had, in a phrase."""
    given = batch.manifest["records"]
    evidence = batch.manifest["evidence"]
    if given is not None:
        return (
            f"{given['n']} records of the set {literal(given['name'])} "
            f"(digest {given['digest'][:12]}), taken in turn"
        )
    if batch.manifest["sampled"]:
        return f"drawn for each run from the ranges of the set {evidence}"
    return f"the best values of the set {evidence}; all runs have the same"


def records_of(batch: Batch) -> Records | None:
    """The given records that the runs took in turn, if they did."""
    from camphandover.batch.records import read_records
    from camphandover.batch.store import RECORDS

    if batch.manifest["records"] is None:
        return None
    return read_records(batch.folder / RECORDS)


def is_of_library(batch: Batch) -> bool:
    """Whether the scenarios, as they were run, are those of the library with nothing set anew."""
    from camphandover.batch.batch import load_all
    from camphandover.batch.plan import make_plan
    from camphandover.errors import ScenarioError

    manifest = batch.manifest
    is_varied = manifest["sampled"] or manifest["records"] is not None
    try:
        plan = make_plan(
            load_all(batch.scenarios), batch.runs, batch.seed, manifest["model"],
            evidence=manifest["evidence"], sampled=is_varied,
        )  # fmt: skip
    except (BatchError, ScenarioError):
        return False
    ran = {entry["name"]: entry["digest"] for entry in manifest["scenarios"]}
    return {one.name: one.digest() for one in plan.scenarios} == ran


def is_current(batch: Batch) -> bool:
    """Whether rules and facts are still those with which a batch was run."""
    from camphandover import facts
    from camphandover.batch.plan import code_digest

    ours = (code_digest(), facts.load().digest)
    return ours == (batch.manifest["core"], batch.manifest["theatre"])
