"""What each study takes: one dataclass for Python and for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date as Date
from pathlib import Path
from typing import Any, Literal

from camphandover.batch.settings import Means, Settings, setting
from camphandover.errors import BatchError
from camphandover.inputs import MAX_SEED, whole
from camphandover.measure.outcomes import DEFAULT, forms

MOST_RUNS = 2**31 - 1
MOST_OF_STEP = 2**24
"""Points, or draws, of a step."""
MOST_POINTS = 100_000
"""Of a search."""
SETS = "Set of parameters: hindcast or prior."
SHIFT, NOTICE = (-30, 60), (0, 60)
"""Days added to a camp's plan, and of notice, if no range is given."""


@dataclass(frozen=True)
class SensitivitySettings(Means):
    """What `camphandover.sensitivity` takes, which tells what it means."""

    scenario: Any = setting(
        ..., "A scenario file, or a name of the library.", str, metavar="SCENARIO", is_argument=True
    )
    outcomes: str | Sequence[str] = setting(
        (),
        f"{', '.join(forms())}, or one of --outcomes; may be repeated. "
        f"[default: {', '.join(DEFAULT)}]",
        name="outcome",
        metavar="FORM",
    )
    method: str = setting(
        "morris",
        "morris finds the few that matter; sobol tells shares of variance.",
        Literal["morris", "sobol"],
    )
    _: KW_ONLY
    trajectories: int = setting(
        20, "Of morris: each takes a point more than parameters.", within=(2, MOST_OF_STEP)
    )
    points: int = setting(
        256, "Base points of sobol, a power of two: each takes two more.", within=(4, MOST_OF_STEP)
    )
    draws: int = setting(
        5, "Runs of each point; the same luck at all points.", within=(1, MOST_RUNS)
    )
    seed: int = setting(2023, "Seed of the design and of all draws.", within=(0, MAX_SEED))
    evidence: str = setting("hindcast", SETS, metavar="SET")
    parameters: Sequence[str] = setting(
        (), "Parameter to vary; may be repeated. [default: all that have a range]", name="parameter"
    )
    groups: Sequence[str] = setting(
        (), "Rule whose parameters vary, such as R1.5 or R1.", name="group", metavar="RULE"
    )
    out: str | Path | None = setting(
        None, "Folder of the runs. [default: runs/sensitivity-SCENARIO-METHOD]", Path
    )


@dataclass(frozen=True)
class DiscoverSettings(Means):
    """What `camphandover.discover` takes, which tells what it means."""

    scenario: str | Path | Mapping[str, Any] = setting(
        ..., "A scenario file, or a name of the library, that is varied.", str, is_argument=True
    )
    place: str = setting(..., "The base that is asked about.", str)
    _: KW_ONLY
    lost_to: Sequence[str] | None = setting(
        None,
        "Holder to whom it is lost; may be repeated. [default: all but --unless and the UN]",
        list[str],
        metavar="HOLDER",
    )
    unless: str = setting("army", "The holder who keeps it.", metavar="HOLDER")
    slot: str = setting("camp", "camp or town.")
    date: Date | str | None = setting(
        None, "Date at whose end it is asked. [default: last]", str, metavar="YYYY-MM-DD"
    )
    after: int | None = setting(
        None,
        "Ask so many days after the exit instead of at a date.",
        int,
        metavar="DAYS",
        within=(0, 365),
    )
    camps: Sequence[str] | None = setting(
        None,
        "UN camp whose handover is a lever; may be repeated. [default: those that close after "
        "phase 1 in the region of the place]",
        list[str],
        name="camp",
        metavar="PLACE",
    )
    shift: tuple[int, int] = setting(
        SHIFT, "Range of days added to the plan of each camp.", tuple[int, int], metavar="LOW HIGH"
    )
    receivers: Sequence[str] | None = setting(
        None,
        "Who may get a camp: army, race, separatists, joint, empty; may be repeated. [default: "
        "all]",
        list[str],
        name="receiver",
        metavar="WHO",
    )
    notice: tuple[int, int] = setting(
        NOTICE, "Range of days of notice.", tuple[int, int], metavar="LOW HIGH"
    )
    evidence: str = setting("hindcast", SETS, metavar="SET")
    points: int = setting(
        1000, "Points: settings of levers and parameters.", metavar="N", within=(40, MOST_POINTS)
    )
    runs: int = setting(4, "Runs of each point.", metavar="N", within=(1, 1000))
    retest: int = setting(
        150,
        "Fresh points inside each box, and as many outside all.",
        metavar="N",
        within=(10, MOST_POINTS),
    )
    boxes: int = setting(2, "Boxes at most.", metavar="N", within=(1, 5))
    density: float | None = setting(
        None,
        "Share of losses that a box must reach. [default: the box that tells losses best]",
        float,
        metavar="SHARE",
        within=(0, 1),
        above=True,
    )
    method: str = setting("prim", "prim, or tree for the leaves of a small decision tree.")
    seed: int = setting(2023, "Seed; the re-test has the next one.", within=(0, MAX_SEED))
    out: str | Path | None = setting(
        None, "Folder. [default: runs/discover-<scenario>-<place>]", Path
    )


@dataclass(frozen=True)
class Budget(Settings):
    """How much a calibration computes.

    Attributes:
        trajectories, screening_draws: Of the screening, and runs of each of its points.
        factors: Parameters that stay uncertain after it.
        points: Points of each wave, the last one's among them.
        draws: Runs of each of these points; as many entries as waves.
        accepted: Records that are accepted.
        test_draws: Runs of each accepted record in the test.
    """

    trajectories: int = setting(8, within=(2, 10_000))
    screening_draws: int = setting(4, within=(1, MOST_OF_STEP))
    factors: int = setting(
        30, "Parameters that stay uncertain after the screening.", within=(1, 1000)
    )
    points: tuple[int, ...] = setting((1024, 512, 384, 384), within=(1, MOST_OF_STEP))
    draws: tuple[int, ...] = setting((6, 10, 12, 24), within=(1, MOST_OF_STEP))
    accepted: int = setting(100, "Records that are accepted.", within=(1, MOST_OF_STEP))
    test_draws: int = setting(10, within=(1, MOST_OF_STEP))

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
        return Budget(2, 3, self.factors, points, self.draws, accepted, 4)


@dataclass(frozen=True)
class CalibrateSettings(Means):
    """What `camphandover.calibrate` takes, which tells what it means."""

    scenarios: Sequence[Any] | None = setting(
        None,
        "Scenarios in which the targets are measured, the first one first. [default: full-model "
        "on-schedule; for prior on-schedule]",
        list[str],
        metavar="[SCENARIO]...",
        is_argument=True,
    )
    evidence: str = setting(
        "hindcast",
        "hindcast may use the whole record; prior nothing after 17 September 2023, and its runs "
        "end there.",
        Literal["hindcast", "prior"],
    )
    seed: int = setting(2023, "Seed of points and luck.", within=(0, MAX_SEED - 1))
    out: str | Path | None = setting(
        None, "Folder of the steps. [default: runs/calibrate-EVIDENCE]", Path
    )
    budget: Budget | None = None
    _: KW_ONLY
    keep: bool = setting(False, "Keep the batches of all steps (about 50 kB a run).")
