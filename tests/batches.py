"""A stand-in for the model whose results are known, for tests of what surrounds the model."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from camphandover import Batch, facts, run, scenario
from camphandover.batch.cubes import PEOPLE, SERIES, WAR
from camphandover.core.ledger import ROW, Kind
from camphandover.core.state import Holder, Side, Slot

FIRST_EXIT = 10
SERIES_ROW = np.dtype([(name, "f8") for name in SERIES])
WAR_ROW = np.dtype([(name, "f8") for name in WAR])
PLACE_ROW = np.dtype([(name, "f8") for name in PEOPLE])
FORM = {"title": "A test", "question": "Does it store what was run?"}


class Scripted:
    """The UN leaves Kidal on day 10 + replicate: to the army if even, else to the separatists.

    The army has every other slot throughout. The vehicles of all sides are 100 times `ied_rate`.
    """

    def __init__(self, of: scenario.Scenario, seed: int) -> None:
        self.of, self.seed = of, seed
        self.use_parameters(of.parameters)

    def use_parameters(self, values: Any) -> None:
        self.rate = values.get("ied_rate", facts.load().parameters["ied_rate"].best)

    def run(self, replicate: int) -> Any:
        n_days = (self.of.window.end - self.of.window.start).days + 1
        places = [place.name for place in facts.load().places]
        kidal, day = places.index("Kidal"), FIRST_EXIT + replicate
        after = Holder.ARMY if replicate % 2 == 0 else Holder.SEPARATISTS
        control = np.zeros((len(places), 2, n_days), np.int8)
        control[kidal, Slot.CAMP, :day] = Holder.MINUSMA
        control[kidal, Slot.CAMP, day:] = after
        series = np.zeros((n_days, len(Side)), SERIES_ROW)
        series["men"] = 1000 * np.arange(len(Side)) + replicate
        series["supply"][:, Side.ARMY] = np.arange(n_days)
        series["vehicles"] = 100 * self.rate
        events = np.zeros(2, ROW)
        midnight = np.datetime64(self.of.window.start, "h").astype(float)
        clause = (midnight, 0, np.nan, -1, -1, Kind.CLAUSE, -1, -1, -1, -1, -1, -1, -1)
        leave = (midnight + 24 * day + 8.5, self.seed, 0.25, 0, 7, Kind.EXIT, kidal)
        events[0] = clause
        events[1] = (*leave, Side.MINUSMA, -1, Slot.CAMP, Holder.MINUSMA, after, -1)
        war = np.zeros(n_days, WAR_ROW)
        war["rung"] = 2
        people = np.zeros((n_days, len(places)), PLACE_ROW)
        people["residents"] = 1000.0 - replicate
        return SimpleNamespace(
            control=control, series=series, war=war, people=people, events=events
        )


class Sleepy(Scripted):
    """Takes longer for early replicates, so that blocks finish out of order."""

    def run(self, replicate: int) -> Any:
        time.sleep(0.002 if replicate < 50 else 0.0)
        return super().run(replicate)


class Slow(Scripted):
    """Takes a few milliseconds a run, so that a process can be killed in the middle."""

    def run(self, replicate: int) -> Any:
        time.sleep(0.005)
        return super().run(replicate)


class Deadly(Scripted):
    """Ends the process that runs replicate 3 of `one`."""

    def run(self, replicate: int) -> Any:
        if self.of.name == "one" and replicate == 3:
            os._exit(1)
        return super().run(replicate)


class Unlucky(Scripted):
    """Fails for replicate 3 of `one`, and is unusable afterwards."""

    broken = False

    def run(self, replicate: int) -> Any:
        if self.broken:
            raise AssertionError("a model that failed was used again")
        if self.of.name == "one" and replicate == 3:
            self.broken = True
            raise ZeroDivisionError("no men left")
        return super().run(replicate)


def made(name: str, **form: Any) -> scenario.Scenario:
    """A scenario of the schema's defaults."""
    return scenario.load({**FORM, **form}, name)


def short(name: str) -> scenario.Scenario:
    """A scenario from 11 August to 30 September 2023."""
    return made(name, window={"start": "2023-08-11", "end": "2023-09-30"})


RESULTS = ("control.zarr", "series.zarr", "people.zarr", "events", "parameters", "blocks")
RESULTS += ("parameters.parquet", "scenarios", "batch.json")


def contents(folder: Path) -> dict[str, bytes]:
    """Bytes of all results of a batch by path; the manifest, which holds times, is left out."""
    files = (path for part in RESULTS for path in [folder / part, *(folder / part).rglob("*")])
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files if p.is_file()}


UNTIL = date(2023, 9, 5)
"""Until when all is known in the scenarios of `going_on`."""
EXITS = {"Tessalit": {"exit": "2023-09-12"}, "Kidal": {"exit": "2023-09-15"}}


def going_on(folder: Path, runs: int = 20) -> Batch:
    """A batch of the model itself: `base` and `joint` go on from one past until `UNTIL`, `sooner`
    from that of 25 August, and `free` from nothing."""
    form = {"window": {"end": "2023-09-30"}, "handover": {"mandate_end": "2023-09-30"}}
    known = {"known": {"until": str(UNTIL), "particles": 24}}
    joint = {"Kidal": {"exit": "2023-09-15", "receiver": "joint"}}
    handover = {"mandate_end": "2023-09-30", "camps": {**EXITS, **joint}}
    same = {**form, "handover": {"mandate_end": "2023-09-30", "camps": EXITS}}
    scenarios = [
        made("base", **same, **known),
        made("joint", **form | {"handover": handover}, **known),
        made("sooner", **same, known={"until": "2023-08-25", "particles": 24}),
        made("free", **same),
    ]
    return run(scenarios, runs, 7, folder, progress=False)
