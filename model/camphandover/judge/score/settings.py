"""What `hindcast` takes: one dataclass for Python and for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover.batch.settings import Settings, setting
from camphandover.inputs import MAX_SEED

if TYPE_CHECKING:
    from camphandover.batch.progress import Progress
    from camphandover.batch.records import Records

HORIZONS = (7, 14, 30, 60, 90)


@dataclass(frozen=True)
class HindcastSettings(Settings):
    """What `camphandover.hindcast` takes.

    Attributes:
        scenario: A scenario file, or a name of the library; its handover is as planned.
        every: Days from one origin to the next, such as 7d: whole weeks.
        horizon: Days after each origin; may be repeated. [default: 7 14 30 60 90]
        first: First origin.
        until: Last day that is scored, to which FILE is complete. [default: the last of the record]
        slot: camp, town or both.
        particles: Runs that are weighed, and that go on from each origin.
        seed: Seed of all draws.
        workers: Threads. [default: all cores]
        history: A record of the form of control_history.csv. [default: that of the package]
        evidence: Set of parameters: hindcast or prior. [default: prior, or that of FILE]
        parameters: Records of parameters that the particles take in turn, or the shipped set
            hindcast or prior.
    """

    scenario: Any = setting("full-model", str, metavar="SCENARIO", is_argument=True)
    _: KW_ONLY
    every: int | str = setting("7d", str, metavar="DAYS")
    horizon: Sequence[int] | None = setting(None, list[int], metavar="DAYS")
    first: date | str = setting("2023-09-17", str, metavar="YYYY-MM-DD")
    until: date | str | None = setting(None, str, metavar="YYYY-MM-DD")
    slot: str = setting("camp")
    particles: int = setting(1000, within=(2, 100_000))
    seed: int = setting(2023, within=(0, MAX_SEED))
    workers: int | None = setting(None, int, within=(1, 4096))
    history: str | Path | None = setting(None, Path, metavar="FILE")
    evidence: str | None = setting(None, str, metavar="SET")
    parameters: Records | str | Path | None = setting(None, str, metavar="FILE")
    progress: Progress | bool | None = None
