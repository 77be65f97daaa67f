"""What each study takes: one dataclass for Python and for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import date as Date
from pathlib import Path
from typing import Any, Literal

from camphandover.batch.progress import Progress
from camphandover.batch.settings import Means, Settings, setting
from camphandover.errors import BatchError
from camphandover.inputs import MAX_SEED, whole
from camphandover.measure.outcomes import DEFAULT, forms

MOST_RUNS = 2**31 - 1
MOST_OF_STEP = 2**24
"""Points, or draws, of a step."""
MOST_POINTS = 100_000
"""Of a search."""
FORMS = (
    f"{', '.join(forms())}, or one of --outcomes; may be repeated. [default: {', '.join(DEFAULT)}]"
)
"""How outcomes are asked for on the command line."""


@dataclass(frozen=True)
class SensitivitySettings(Means):
    """What `camphandover.sensitivity` takes.

    Attributes:
        scenario: A scenario file, or a name of the library.
        outcomes: Those of the registry, or of a file of one's own.
        method: morris finds the few that matter; sobol tells shares of variance.
        trajectories: Of morris: each takes a point more than parameters.
        points: Base points of sobol, a power of two: each takes two more.
        draws: Runs of each point; the same luck at all points.
        seed: Seed of the design and of all draws.
        evidence: Set of parameters: hindcast or prior.
        parameters: Parameter to vary; may be repeated. [default: all that have a range]
        groups: Rule whose parameters vary, such as R1.5 or R1.
        out: Folder of the runs. [default: runs/sensitivity-SCENARIO-METHOD]
    """

    scenario: Any = setting(..., str, metavar="SCENARIO", is_argument=True)
    outcomes: str | Sequence[str] = setting((), name="outcome", metavar="FORM", help=FORMS)
    method: str = setting("morris", Literal["morris", "sobol"])
    _: KW_ONLY
    trajectories: int = setting(20, within=(2, MOST_OF_STEP))
    points: int = setting(256, within=(4, MOST_OF_STEP))
    draws: int = setting(5, within=(1, MOST_RUNS))
    seed: int = setting(2023, within=(0, MAX_SEED))
    evidence: str = setting("hindcast", metavar="SET")
    parameters: Sequence[str] = setting((), name="parameter")
    groups: Sequence[str] = setting((), name="group", metavar="RULE")
    out: str | Path | None = setting(None, Path)


@dataclass(frozen=True)
class DiscoverSettings(Means):
    """What `camphandover.discover` takes.

    Attributes:
        scenario: A scenario file, or a name of the library, that is varied.
        place: The base that is asked about.
        lost_to: Holder to whom it is lost; may be repeated. [default: all but --unless and the UN]
        unless: The holder who keeps it.
        slot: camp or town.
        date: Date at whose end it is asked. [default: last]
        after: Ask so many days after the exit instead of at a date.
        camps: UN camp whose handover is a lever; may be repeated. [default: those that close after
            phase 1 in the region of the place]
        shift: Range of days added to the plan of each camp.
        receivers: Who may get a camp: army, race, separatists, joint, empty; may be repeated.
            [default: all]
        notice: Range of days of notice.
        evidence: Set of parameters: hindcast or prior.
        points: Points: settings of levers and parameters.
        runs: Runs of each point.
        retest: Fresh points inside each box, and as many outside all.
        boxes: Boxes at most.
        density: Share of losses that a box must reach. [default: the box that tells losses best]
        method: prim, or tree for the leaves of a small decision tree.
        seed: Seed; the re-test has the next one.
        out: Folder. [default: runs/discover-<scenario>-<place>]
    """

    scenario: str | Path | Mapping[str, Any] = setting(..., str, is_argument=True)
    place: str = setting(..., str)
    _: KW_ONLY
    lost_to: Sequence[str] | None = setting(None, list[str], metavar="HOLDER")
    unless: str = setting("army", metavar="HOLDER")
    slot: str = setting("camp")
    date: Date | str | None = setting(None, str, metavar="YYYY-MM-DD")
    after: int | None = setting(None, int, metavar="DAYS", within=(0, 365))
    camps: Sequence[str] | None = setting(None, list[str], name="camp", metavar="PLACE")
    shift: tuple[int, int] = setting((-30, 60), tuple[int, int], metavar="LOW HIGH")
    receivers: Sequence[str] | None = setting(None, list[str], name="receiver", metavar="WHO")
    notice: tuple[int, int] = setting((0, 60), tuple[int, int], metavar="LOW HIGH")
    evidence: str = setting("hindcast", metavar="SET")
    points: int = setting(1000, metavar="N", within=(40, MOST_POINTS))
    runs: int = setting(4, metavar="N", within=(1, 1000))
    retest: int = setting(150, metavar="N", within=(10, MOST_POINTS))
    boxes: int = setting(2, metavar="N", within=(1, 5))
    density: float | None = setting(None, float, metavar="SHARE", within=(0, 1), above=True)
    method: str = setting("prim")
    seed: int = setting(2023, within=(0, MAX_SEED))
    out: str | Path | None = setting(None, Path)


@dataclass(frozen=True)
class Budget(Settings):
    """How much a calibration computes.

    Attributes:
        trajectories, screening_draws: Of the screening, and runs of each of its points.
        factors: Parameters that stay uncertain after the screening.
        points: Points of each wave, the last one's among them.
        draws: Runs, or particles, of each of these points; as many entries as waves.
        accepted: Records that are accepted.
        test_draws: Runs of each accepted record in the test, or filters of all of them.
    """

    trajectories: int = setting(8, within=(2, 10_000), is_option=False)
    screening_draws: int = setting(4, within=(1, MOST_OF_STEP), is_option=False)
    factors: int = setting(30, within=(1, 1000))
    points: tuple[int, ...] = setting(
        (1024, 512, 384, 384), within=(1, MOST_OF_STEP), is_option=False
    )
    draws: tuple[int, ...] = setting((6, 10, 12, 24), within=(1, MOST_OF_STEP), is_option=False)
    accepted: int = setting(100, within=(1, MOST_OF_STEP))
    test_draws: int = setting(10, within=(1, MOST_OF_STEP), is_option=False)

    def checked(self) -> Budget:
        """The same in Python's own whole numbers, held to what makes sense.

        Errors:
            BatchError that names the number.
        """
        if len(self.points) != len(self.draws) or len(self.points) == 0:
            raise BatchError(
                f"{len(self.points)} numbers of points and {len(self.draws)} of draws: one of "
                "each is needed for every wave."
            )
        right = super().checked()
        whole("accepted", right.accepted, 1, right.points[-1])
        return right

    def part(self, times: int) -> Budget:
        """A budget of so many times fewer points, with short tests: to try it."""
        points = tuple(n // times for n in self.points)
        accepted = min(self.accepted, points[-1] // 2)
        less = replace(self, trajectories=2, screening_draws=3, test_draws=4)
        return replace(less, points=points, accepted=accepted)


BUDGETS = {
    "patterns": Budget(),
    "filter": Budget(points=(768, 384, 384), draws=(40, 40, 40), test_draws=8),
}
"""How much each way of calibration computes, if nothing else is said."""


@dataclass(frozen=True)
class CalibrateSettings(Means):
    """What `camphandover.calibrate` takes.

    Attributes:
        scenarios: Scenarios in which the targets are measured, the first one first. [default:
            full-model on-schedule; for prior on-schedule]
        evidence: hindcast may use the whole record; prior nothing after 17 September 2023, and its
            runs end there.
        by: patterns, or filter for the evidence of the record, in one scenario.
        seed: Seed of points and luck.
        out: Folder of the steps. [default: runs/calibrate-EVIDENCE, or with -filter]
        budget: How much is computed.
        keep: Keep the batches of all steps (about 50 kB a run).
    """

    scenarios: Sequence[Any] | None = setting(
        None, list[str], metavar="[SCENARIO]...", is_argument=True
    )
    evidence: str = setting("hindcast", Literal["hindcast", "prior"])
    seed: int = setting(2023, within=(0, MAX_SEED - 1))
    out: str | Path | None = setting(None, Path)
    budget: Budget | None = None
    _: KW_ONLY
    by: str = setting("patterns", Literal["patterns", "filter"])
    keep: bool = setting(False)


def folder_of(settings: CalibrateSettings) -> str:
    """Where a calibration lands if no folder is given."""
    return f"runs/calibrate-{settings.evidence}" + "-filter" * (settings.by == "filter")


@dataclass(frozen=True)
class EvidenceSettings(Settings):
    """What `camphandover.evidence` takes.

    Attributes:
        scenarios: Scenario files, or names of the library; the others are held against the first.
        until: Last day of the record that counts. [default: its last one, or that of the windows]
        first: First day of the record that counts; what it says before only leads to that day.
            [default: the first of the windows]
        particles: Of each filter.
        filters: Filters of their own luck, from which the standard error comes.
        seed: Seed of all draws.
        history: A record of the form of control_history.csv. [default: that of the package]
        evidence: Set of parameters: hindcast or prior. [default: hindcast, or that of the file]
        parameters: Records of parameters that the particles take in turn, or the shipped set
            hindcast or prior; may be given again, and the sets are compared.
        sample_parameters: Each particle draws its parameters from their ranges.
        fixed: Fix a parameter; may be given again.
        workers: Threads. [default: all cores]
    """

    scenarios: Any = setting(..., list[str], metavar="SCENARIO...", is_argument=True)
    until: Date | str | None = setting(None, str, metavar="YYYY-MM-DD")
    first: Date | str | None = setting(None, str, metavar="YYYY-MM-DD")
    particles: int = setting(400, within=(2, 100_000))
    filters: int = setting(8, within=(2, 10_000))
    seed: int = setting(2023, within=(0, MAX_SEED))
    history: str | Path | None = setting(None, Path, metavar="FILE")
    _: KW_ONLY
    evidence: str | None = setting(None, str, metavar="SET")
    parameters: Any = setting((), list[str], metavar="FILE")
    sample_parameters: bool = setting(False)
    fixed: Mapping[str, float] | None = setting(None, list[str], name="set", metavar="NAME=VALUE")
    workers: int | None = setting(None, int, within=(1, 4096))
    progress: Progress | bool | None = None
