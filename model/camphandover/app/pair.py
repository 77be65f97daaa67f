"""An edited scenario beside its parent: a paired ensemble of the two, and the difference."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from camphandover.app.live import ORIGINS, few
from camphandover.batch.batch import run
from camphandover.batch.files import write_whole
from camphandover.batch.origins import FOLDER
from camphandover.errors import BatchError
from camphandover.inputs import whole
from camphandover.judge.compare import Comparison, compare
from camphandover.measure.outcomes import KEY_BASES
from camphandover.scenario import Scenario, differences, with_known

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_RUNS = 2000
"""More runs than that are a batch's business and not a page's."""


@dataclass(frozen=True, eq=False)
class Pair:
    """What a paired ensemble tells.

    Attributes:
        edited: The edited scenario.
        comparison: It (A) beside its parent (B), run by run; the places are those whose camp
            is held otherwise in any run.
        figure: Days for which each holder has those camps: the differences with their intervals;
            None if there is no such place.
    """

    edited: Scenario
    comparison: Comparison
    figure: Figure | None


def run_pair(
    edited: Scenario,
    parent: Scenario,
    runs: int = 50,
    seed: int = 2023,
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Pair:
    """Run both scenarios with the same luck and compare them run by run.

    If the edited one goes on from what was known, so does its parent: they differ after the day.

    Args:
        edited: Scenario A.
        parent: Scenario B.
        runs: Runs of each.
        seed: Seed of all draws.
        folder: Folder for the batch; a temporary one, which is removed, if not given.
        progress: Told the runs done and those of the batch.
    Errors:
        BatchError if the two do not differ, share a name, or the number of runs is wrong;
        ScenarioError if the parent changes what was known.
    """
    runs = whole("runs", runs, 1, MAX_RUNS)
    changes, until = differences(parent, edited), edited.known.until
    if edited.known != parent.known:
        parent = with_known(parent, edited.known.model_dump())
        changes = differences(parent, edited)
    if not changes:
        since = "" if until is None else f" after {until}"
        raise BatchError(f"Nothing to compare: the edit differs from {parent.name} nowhere{since}.")
    wanted = dict.fromkeys([*KEY_BASES, *(change.place for change in changes if change.place)])
    with _folder(folder) as where:
        if ORIGINS.has(edited, seed) and (origin := ORIGINS.of(edited, seed)) is not None:
            lent = where.parent / "page" / FOLDER  # a batch takes it from a folder beside it
            write_whole(lent / f"{origin.name}.json", origin.to_bytes())
        both = [few(edited), few(parent)]
        batch = run(both, runs, seed, where, progress=progress or False)
        comparison = compare(batch, edited.name, parent.name, places=list(wanted))
    comparison = replace(comparison, places=_differing(comparison))
    return Pair(edited, comparison, _figure(comparison))


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="camphandover-pair-") as made:
        yield Path(made) / "batch"


def _differing(comparison: Comparison) -> tuple[str, ...]:
    """The places whose camp is not held for the same days in all pairs of runs."""
    held = comparison.select("days_held")
    differ = set(held.loc[held["ties"] < 1, "place"])
    return tuple(place for place in comparison.places if place in differ)


def _figure(comparison: Comparison) -> Figure | None:
    from camphandover.charts import difference

    if not comparison.places:
        return None
    figure = difference(comparison).get_figure(root=True)
    assert figure is not None
    return figure
