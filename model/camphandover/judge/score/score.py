"""Forecasts of who holds each base, scored against the dated record, beside plain baselines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover import inputs
from camphandover.batch.batch import Batch, open_batch
from camphandover.batch.cubes import SLOTS
from camphandover.batch.files import write_json
from camphandover.batch.names import check_holders, check_known
from camphandover.errors import BatchError
from camphandover.facts.checks import ORIGIN
from camphandover.judge.score import tables
from camphandover.judge.score.scored import Scored, scored
from camphandover.known.record import SHIPPED, Record, read_record
from camphandover.measure.outcomes import Window, scenario_window

if TYPE_CHECKING:
    import pandas as pd

BOTH = "both"
COLUMNS = (
    "scenario", "split", "horizon", "measure", "forecast", "score", "low", "high",
    "skill", "skill_low", "skill_high", "n", "blocks", "n_blocks",
)  # fmt: skip


@dataclass(frozen=True)
class About:
    """What was scored of one scenario.

    Attributes:
        scenario: Its name.
        window: The days scored; the forecast origin is the day before the first one.
        n: Runs that did not fail.
        n_slots: Slots scored.
        agreement: Share of runs and slots that are as the record has them on the origin: the
            runs begin earlier and do not see it. nan if the scenario begins after the origin.
        n_turns: Changes of holder in the record on those days.
        n_places: Places at which they are.
        n_regions: Regions in which they are: what is nearly independent in the record.
        n_given: Events whose date the scenario gives; no forecast.
    """

    scenario: str
    window: Window
    n: int
    n_slots: int
    agreement: float
    n_turns: int
    n_places: int
    n_regions: int
    n_given: int

    @property
    def origin(self) -> date:
        """The last day that the baselines know."""
        return self.window.first - timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Score:
    """Scores of the scenarios of a batch against a record.

    The record counts from the day after the forecast origin. The baselines know it until the
    origin and start from its state there. The ensemble does not: it runs from the first day of
    its scenario without looking at the record again, so it has to find that state by itself
    (`About.agreement`). Runs are neither chosen nor weighted by that: hardly any agrees at every
    place, and to choose some places to agree on is to tune. All forecasts are of the holder at
    the end of a day.

    `table`, a row for each `scenario`, `split` (group of places: `all`, `changed` in the record,
    `kidal` region), `horizon`, `measure` and `forecast` (`model` or a baseline):

    - `horizon`: `path`, the mean over all days; `7 d`, ..., the state so many days after the
      origin; `event dates`, of events that happened; `all dates`, also of those that did not.
    - `measure`: `brier`, multiclass, 0 to 2; `log`, nats; `rps`, on army < UN, joint unit,
      nobody < separatists, GSIM, 0 to 2; `crps` of dates, days. Smaller is better.
    - `score` with `low` and `high`, 95 % interval by resampling blocks of places; `skill`, of the
      model over the baseline of the row, 1 - S / S_ref, with `skill_low` and `skill_high`.
    - `n`: slots, or events; `blocks`: what is resampled, `region`, or `place` where there are too
      few regions, which makes intervals too narrow; `n_blocks`: how many of them.

    Attributes:
        table: See above.
        days: Mean losses of each day, by scenario, split, forecast and date.
        places: Mean losses of each slot, and its part of the model's log loss.
        reliability: By scenario, split and bin of probability, the mean probability `p` and how
            often it `came` true, with its interval.
        dates: Each event that may happen: its date in the record and in the model (missing: not
            within the window), 50 and 90 % central intervals, `pit`, the CRPS of each forecast.
            Dates are clipped at the window's end, in record and forecasts alike.
        coverage: How many dates lie in the central intervals.
        turns: The changes of holder in the record.
        about: What was scored, by scenario.
        source: Which record.
        slot: `camp`, `town` or `both`.
        confidence: Whether days count by the confidence of the record.
        seed: Of the batch.
        runs: Runs of each scenario.
    """

    table: pd.DataFrame
    days: pd.DataFrame
    places: pd.DataFrame
    reliability: pd.DataFrame
    dates: pd.DataFrame
    coverage: pd.DataFrame
    turns: pd.DataFrame
    about: tuple[About, ...]
    source: str
    slot: str
    confidence: bool
    seed: int
    runs: int

    def select(self, **labels: str) -> pd.DataFrame:
        """Rows of the table, `select(split="kidal", horizon="path", measure="log")`.

        Errors:
            BatchError if a column or a label is not in the table.
        """
        table = self.table
        for column, label in labels.items():
            check_known("column", column, COLUMNS)
            check_known(column, label, [str(one) for one in self.table[column].unique()])
            table = table[table[column] == label]
        return table

    @property
    def scenarios(self) -> list[str]:
        """Names of the scenarios, in the order of the batch."""
        return [one.scenario for one in self.about]

    def __str__(self) -> str:
        """Plain text of at most 120 columns."""
        from camphandover.say.score import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from camphandover.say.score import as_html

        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """All numbers as JSON holds them; what cannot be estimated or did not happen is null."""
        frames = ("table", "dates", "coverage", "reliability", "places", "days", "turns")
        return {
            "record": self.source,
            "slot": self.slot,
            "confidence": self.confidence,
            "runs": self.runs,
            "seed": self.seed,
            "scenarios": [_about_dict(one) for one in self.about],
            **{name: _records(getattr(self, name)) for name in frames},
        }

    def write_json(self, path: str | Path) -> None:
        """Write the numbers to a file."""
        write_json(inputs.path("path", path), self.to_dict())


def score(
    batch: Batch | str | Path,
    *,
    history: str | Path | None = None,
    first: date | str | None = None,
    last: date | str | None = None,
    slot: str = "camp",
    scenario: str | Sequence[str] | None = None,
    confidence: bool = True,
) -> Score:
    """Score the forecasts of a batch against the dated record.

    Args:
        batch: A batch, or its folder.
        history: A record of the form of control_history.csv; that of the package if not given,
            which runs to 31 December 2023.
        first: First day that is scored, the one after the forecast origin; 18 September 2023 if
            not given.
        last: Last day that is scored, and until which `history` is complete; the last that
            record and scenario have, and in another record that of its last row, if not given.
        slot: `camp`, `town` or `both`.
        scenario: Name of a scenario, or of some; all if not given.
        confidence: Whether days count by the confidence of the record (`record.WEIGHTS`).
    Errors:
        BatchError for names and days that batch or record do not have; TheatreError with all
        faults of `history`.
    Source: RULES, section 10.
    """
    batch = batch if isinstance(batch, Batch) else open_batch(batch)
    check_holders(batch)
    check_known("slot", slot, [*SLOTS, BOTH])
    names = [scenario] if isinstance(scenario, str) else list(scenario or batch.scenarios)
    for name in names:
        check_known("scenario", name, batch.scenarios)
    begin = ORIGIN + timedelta(days=1) if first is None else inputs.day("first", first)
    end = None if last is None else inputs.day("last", last)
    record = read_record(history, end)
    slots = list(SLOTS) if slot == BOTH else [slot]
    found = [
        scored(batch, name, record, _window(batch, name, record, begin, end), slots, confidence)
        for name in names
    ]
    return _as_score(batch, found, record, slot, confidence)


def _as_score(
    batch: Batch, found: list[Scored], record: Record, slot: str, confidence: bool
) -> Score:
    import pandas as pd

    def frame(rows: Any, columns: Sequence[str] | None = None) -> pd.DataFrame:
        made = pd.DataFrame([row for one in found for row in rows(one)], columns=columns)
        for name in made.columns:
            if name in _DATES or name.startswith(("low_", "high_")):
                made[name] = pd.to_datetime(made[name])
        return made

    return Score(
        table=frame(tables.score_rows, COLUMNS),
        days=frame(tables.day_rows),
        places=frame(tables.place_rows),
        reliability=frame(tables.reliability_rows),
        dates=frame(tables.event_rows),
        coverage=frame(tables.coverage_rows),
        turns=frame(tables.turn_rows, tables.TURN_COLUMNS),
        about=tuple(_about(one) for one in found),
        source=record.source,
        slot=slot,
        confidence=confidence,
        seed=batch.seed,
        runs=batch.runs,
    )


_DATES = ("date", "record", "median", "wrong_from", "wrong_to")
"""Columns of dates."""


def _about(s: Scored) -> About:
    turned = list(tables.turn_rows(s))
    return About(
        scenario=s.scenario,
        window=s.window,
        n=s.n,
        n_slots=len(s.units.places),
        agreement=s.agreement,
        n_turns=len(turned),
        n_places=len({row["place"] for row in turned}),
        n_regions=len({row["region"] for row in turned}),
        n_given=int(s.given.sum()),
    )


def _window(batch: Batch, scenario: str, record: Record, first: date, last: date | None) -> Window:
    """The days that are scored of a scenario.

    Errors:
        BatchError if record or scenario do not have them.
    """
    runs = scenario_window(batch, scenario)
    if record.source.startswith(SHIPPED) and last is not None and last > record.last:
        raise BatchError(
            f"the last day is {last}, but {record.source} ends on {record.last}: choose an "
            "earlier one, or give a record that goes on."
        )
    known = Window(record.first + timedelta(days=1), record.last)
    window = Window(first, min(day for day in (record.last, runs.last, last) if day is not None))
    for what, there in (("the record can be scored", known), (f"{scenario} runs", runs)):
        if not there.first <= first <= there.last:
            raise BatchError(f"the first day is {first}, but {what} from {there}.")
    if window.n_days < 1:
        raise BatchError(f"the last day, {window.last}, is before the first one, {first}.")
    return window


def _about_dict(one: About) -> dict[str, Any]:
    return {
        "scenario": one.scenario,
        "origin": one.origin.isoformat(),
        "window": [one.window.first.isoformat(), one.window.last.isoformat()],
        "runs": one.n,
        "slots": one.n_slots,
        "agreement_on_origin": None if math.isnan(one.agreement) else one.agreement,
        "changes": one.n_turns,
        "changed_places": one.n_places,
        "changed_regions": one.n_regions,
        "events_given": one.n_given,
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    """A cell as JSON holds it."""
    import pandas as pd

    if isinstance(value, str):
        return value
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return value.item() if hasattr(value, "item") else value
