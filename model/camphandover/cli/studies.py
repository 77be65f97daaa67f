"""The commands `sensitivity`, `discover`, `calibrate` and `evidence`: studies of the unknown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from camphandover.cli.options import Json, OutcomeFiles, Quiet, fixed_of, takes
from camphandover.cli.telling import tell, tell_nothing, tell_user
from camphandover.judge.study.settings import (
    BUDGETS,
    Budget,
    CalibrateSettings,
    DiscoverSettings,
    EvidenceSettings,
    SensitivitySettings,
    folder_of,
)

EVIDENCE_CHARTS = Path("runs", "evidence")
EvidenceFolder = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help=f"Folder of the chart. [default: {EVIDENCE_CHARTS}]"),
]
QUICK = 8
"""How many times less than usual `--quick` computes, at every step."""


@takes(SensitivitySettings)
def sensitivity(
    settings: SensitivitySettings,
    files: OutcomeFiles = None,
    top: Annotated[int, typer.Option(min=1, help="How many parameters are shown.")] = 15,
    json: Json = None,
    quiet: Quiet = False,
) -> None:
    """Which parameters decide an outcome of a scenario: a ranked table and charts.

    All parameters vary together over their ranges, and every point meets the same draws. What was
    cut off goes on where it was, more --draws add to it, and the same command again computes
    nothing.
    """
    from camphandover.judge.study.sensitivity import sensitivity as analyse
    from camphandover.say.sensitivity import document
    from camphandover.say.writers import text

    say = tell_nothing if quiet else tell_user
    with _means(quiet) as means:
        found = analyse(**{**vars(settings), **means})
    if found.reused:
        say(f"{found.folder} holds these runs already: nothing was computed.")

    def draw() -> None:
        from camphandover.charts import draw_sensitivity

        say(_drawn(draw_sensitivity(found, top=top), found.folder))

    tell(found, json, draw, text=text(document(found, top)))


@takes(DiscoverSettings)
def discover(settings: DiscoverSettings, json: Json = None, quiet: Quiet = False) -> None:
    """Search when, in what order and to whom camps may be handed over before a base is lost.

    Levers and all uncertain parameters are drawn together; readable conditions under which the
    base is lost are re-tested on fresh points and seeds. The same command again computes nothing.
    """
    from camphandover.judge.study.discover.discover import discover as search

    with _means(quiet) as means:
        found = search(**{**vars(settings), **means})
    say = tell_nothing if quiet else tell_user

    def draw() -> None:
        from camphandover.charts import draw_discovery

        reused = "; nothing was computed" * found.reused
        say(_drawn(draw_discovery(found), found.out) + reused)

    tell(found, json, draw)


@takes(CalibrateSettings, Budget)
def calibrate(
    settings: CalibrateSettings,
    budget: Budget,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"A {QUICK}th of the points: to try it.")
    ] = False,
    json: Json = None,
) -> None:
    """Find the parameters that retell the record: a set for `run --parameters FILE`.

    Screening, waves of points guided by a response surface, acceptance of the best, and a test with
    fresh luck. About 70,000 runs, a quarter of an hour on two cores; what was cut off goes on where
    it was. By filter, records are drawn from the posterior that the evidence of the record tells.
    """
    from camphandover.judge.study.calibration import calibrate as find

    folder = Path(settings.out or folder_of(settings))
    budget = replace(BUDGETS[settings.by], factors=budget.factors, accepted=budget.accepted)
    budget = budget.part(QUICK) if quick else budget
    records = folder / f"{settings.evidence}.json"
    found = find(**vars(replace(settings, budget=budget, out=folder, say=tell_user)))

    def draw() -> None:
        from camphandover.charts import draw_calibration

        tell_user(f"\nSet: {records}\ncamphandover run --parameters {records} uses it.")
        tell_user(f"Chart: {draw_calibration(found, folder / 'charts')}")

    tell(found, json, draw)


@takes(EvidenceSettings)
def evidence(
    settings: EvidenceSettings, out: EvidenceFolder = None, json: Json = None, quiet: Quiet = False
) -> None:
    """How likely the record is in each scenario, as log evidence with its standard error.

    Filters of particles estimate it; months and kinds of news tell what speaks for a scenario or
    against it. With the variants, which mechanisms the record wants:

    camphandover evidence full-model scenarios/variants/v*.yaml
    """
    from camphandover.judge.study.evidence import evidence as estimate

    with _means(quiet) as means:
        asked = {"fixed": fixed_of(settings.fixed or ()), "progress": means["progress"]}
        found = estimate(**{**vars(settings), **asked})

    def draw() -> None:
        from camphandover.charts import draw_evidence

        tell_user(f"Chart: {draw_evidence(found, out or EVIDENCE_CHARTS)}")

    tell(found, json, *([draw] if len(found.table) > 1 else []))


@contextmanager
def _means(quiet: bool) -> Iterator[dict[str, Any]]:
    """Progress and what is told of a study."""
    from camphandover.batch.progress import shown

    with shown(None) as bar:
        yield {"progress": False if quiet else bar, "say": tell_user}


def _drawn(files: Sequence[Path], folder: Path) -> str:
    """Where charts and data are."""
    return f"Charts: {files[0].parent} ({len(files)} drawn). Data: {folder}"
