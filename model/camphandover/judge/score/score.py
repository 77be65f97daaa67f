"""Forecasts of who holds each base, scored against the dated record, beside plain baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from camphandover import inputs
from camphandover.batch.batch import Batch, open_batch
from camphandover.batch.cubes import HOLDERS, SLOTS
from camphandover.batch.names import check_holders, check_known
from camphandover.errors import BatchError
from camphandover.facts.checks import ORIGIN
from camphandover.judge.score import rules
from camphandover.judge.score.scored import MODEL, Scored
from camphandover.known.record import SHIPPED, Record, read_record
from camphandover.libraries import pd
from camphandover.measure.intervals import Interval
from camphandover.measure.runs import Window, known_until, scenario_window
from camphandover.told import Told

BOTH = "both"
HORIZONS = (7, 30, 60, 90)
"""Days after the origin (RULES, section 10)."""
PATH = "path"
DATES, ALL_DATES = "event dates", "all dates"
"""Horizons of the CRPS: of events that happened, and of all that could have."""
LOG = rules.MEASURES.index("log")
COLUMNS = (
    "scenario", "split", "horizon", "measure", "forecast", "score", "low", "high",
    "skill", "skill_low", "skill_high", "n", "blocks", "n_blocks",
)  # fmt: skip
TURNS = ("scenario", "date", "place", "slot", "region", "before", "after", "kidal")
Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class About:
    """What was scored of one scenario.

    Attributes:
        scenario: Its name.
        window: The days scored; the forecast origin is the day before the first one.
        n: Runs that did not fail.
        n_slots: Slots scored.
        agreement: Share of runs and slots that are as the record has them on the origin: the
            runs begin earlier and do not see it, or it has chosen them (`known_until`). nan if the
            scenario begins after the origin.
        n_turns: Changes of holder in the record on those days.
        n_places: Places at which they are.
        n_regions: Regions in which they are: what is nearly independent in the record.
        n_given: Events whose date the scenario gives; no forecast.
        known_until: Day until which the runs know the record, at most the origin; None if they
            never look at it.
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
    known_until: date | None = None

    @property
    def origin(self) -> date:
        """The last day that the baselines know."""
        return self.window.first - timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Score(Told):
    """Scores of the scenarios of a batch against a record.

    The record counts from the day after the forecast origin. The baselines know it until the
    origin and start from its state there. The ensemble does not: it runs from the first day of
    its scenario without looking at the record again, so it has to find that state by itself
    (`About.agreement`). Runs are neither chosen nor weighted by that: hardly any agrees at every
    place, and to choose some places to agree on is to tune. Runs of a scenario that goes on from
    what was known are chosen by the record until that day, whose days are told, not forecast. All
    forecasts are of the holder at the end of a day.

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

    words = "camphandover.say.score"

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
            check_known("column", column, list(table))
            check_known(column, label, [str(one) for one in self.table[column].unique()])
            table = table[table[column] == label]
        return table

    @property
    def scenarios(self) -> list[str]:
        """Names of the scenarios, in the order of the batch."""
        return [one.scenario for one in self.about]


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
        first: First day that is scored, the one after the forecast origin; if not given
            18 September 2023, or the day after all that a scenario knows.
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
    begin = None if first is None else inputs.day("first", first)
    end = None if last is None else inputs.day("last", last)
    record = read_record(history, end)
    slots = SLOTS if slot == BOTH else (slot,)
    found = [
        Scored(batch, name, record, _window(batch, name, record, begin, end), slots, confidence)
        for name in names
    ]
    return Score(
        table=_frame(found, _scores),
        days=_frame(found, _days),
        places=_frame(found, _places),
        reliability=_frame(found, _reliability),
        dates=_frame(found, _events),
        coverage=_frame(found, _coverage),
        turns=_frame(found, _turns, TURNS),
        about=tuple(map(_about, found)),
        source=record.source,
        slot=slot,
        confidence=confidence,
        seed=batch.seed,
        runs=batch.runs,
    )


def _window(
    batch: Batch, scenario: str, record: Record, begin: date | None, last: date | None
) -> Window:
    """The days that are scored of a scenario, from a day on if it is given.

    Errors:
        BatchError if record or scenario do not have them.
    """
    runs, until = scenario_window(batch, scenario), known_until(batch, scenario)
    first = (until or ORIGIN) + timedelta(days=1) if begin is None else begin
    if until is not None and first <= until:
        raise BatchError(
            f"the first day is {first}, but {scenario} knows the record until {until}: what is "
            f"told is no forecast. Choose a day from {until + timedelta(days=1)} on."
        )
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


def _about(s: Scored) -> About:
    turned = list(_turns(s))
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
        known_until=known_until(s.batch, s.scenario),
    )


# --- rows of the tables ------------------------------------------------------------------


def _frame(
    found: Sequence[Scored], rows: Callable[[Scored], Rows], columns: Sequence[str] | None = None
) -> pd.DataFrame:

    made = pd.DataFrame([row for one in found for row in rows(one)], columns=columns)
    for name in made.columns:
        is_date = name in ("date", "record", "median", "wrong_from", "wrong_to")
        if is_date or name.startswith(("low_", "high_")):
            made[name] = pd.to_datetime(made[name])
    return made


def _scores(s: Scored) -> Rows:
    """Mean losses by group of places, horizon, forecast and measure, and the model's skill."""
    n_days = s.window.n_days
    horizons = {PATH: slice(None)} | {f"{h} d": slice(h - 1, h) for h in HORIZONS if h <= n_days}
    dates = {name: rules.crps(mass, s.dates) for name, mass in s.masses.items()}
    for split, mask in s.splits.items():
        units = np.flatnonzero(mask)
        if len(units) == 0:
            continue
        for horizon, days in horizons.items():
            weight = s.weights[units, days]
            loss = {
                name: (values[units, days] * weight[..., None]).sum(axis=1)
                for name, values in s.losses.items()
            }
            for i, measure in enumerate(rules.MEASURES):
                by_name = {name: values[:, i] for name, values in loss.items()}
                about = {"split": split, "horizon": horizon, "measure": measure}
                yield from _compared(s, units, by_name, weight.sum(axis=1), about)
        is_open = mask[s.event_units] & ~s.given  # not those that the scenario gives
        for horizon, chosen in ((DATES, is_open & s.happened), (ALL_DATES, is_open)):
            if chosen.any():
                weight = s.event_weights[chosen]
                by_name = {name: values[chosen] * weight for name, values in dates.items()}
                about = {"split": split, "horizon": horizon, "measure": "crps"}
                yield from _compared(s, s.event_units[chosen], by_name, weight, about)


def _compared(
    s: Scored,
    units: np.ndarray,
    loss: dict[str, np.ndarray],
    weight: np.ndarray,
    about: dict[str, str],
) -> Rows:
    """One measure of all forecasts, the model first.

    Args:
        s: Whose.
        units: Slot of each entry, shape (entry,).
        loss: By forecast, sums of weighted losses, shape (entry,).
        weight: Sums of the weights, same shape.
        about: What the rows are about.
    """
    drawn = s.blocks(units)
    for name, values in loss.items():
        mean = drawn.ratio(values, weight)
        skill = Interval(*[np.nan] * 3) if name == MODEL else drawn.skill(loss[MODEL], values)
        row: dict[str, Any] = {"scenario": s.scenario, **about, "forecast": name}
        row |= {"score": mean.value, "low": mean.low, "high": mean.high}
        row |= {"skill": skill.value, "skill_low": skill.low, "skill_high": skill.high}
        yield row | {"n": len(units), "blocks": drawn.kind, "n_blocks": drawn.n}


def _days(s: Scored) -> Rows:
    """Mean losses of each day, by group of places and forecast."""
    for split, mask in s.splits.items():
        total = s.weights[mask].sum(axis=0)
        for name, values in s.losses.items() if mask.any() else ():
            means = (values[mask] * s.weights[mask][..., None]).sum(axis=0) / total[:, None]
            for day, mean in enumerate(means.tolist()):
                row = {"scenario": s.scenario, "split": split, "forecast": name}
                yield row | {"date": _date(s, day)} | dict(zip(rules.MEASURES, mean, strict=True))


def _places(s: Scored) -> Rows:
    """Where the losses come from: mean losses of each slot, and its part of the model's log loss;
    the days on which the model gave the truth less than one half, and the span of those."""
    total = (s.losses[MODEL][..., LOG] * s.weights).sum()
    for unit, (place, slot) in enumerate(zip(s.units.places, s.units.slots, strict=True)):
        wrong = np.flatnonzero(s.losses[MODEL][unit, :, LOG] > np.log(2))
        for name, values in s.losses.items():
            weighted = (values[unit] * s.weights[unit][:, None]).sum(axis=0)
            means = (weighted / s.weights[unit].sum()).tolist()
            row: dict[str, Any] = {"scenario": s.scenario, "place": place.name, "slot": slot}
            row |= {"forecast": name, **dict(zip(rules.MEASURES, means, strict=True))}
            row["part_of_log"] = weighted[LOG] / total if name == MODEL else np.nan
            if name == MODEL:
                row["days_wrong"] = len(wrong)
                row["wrong_from"] = _date(s, wrong[0]) if len(wrong) else None
                row["wrong_to"] = _date(s, wrong[-1]) if len(wrong) else None
            yield row


def _reliability(s: Scored) -> Rows:
    """How often what the model gave a probability came true, by five bins of the probability."""
    for split, mask in s.splits.items():
        if not mask.any():
            continue
        drawn = s.blocks(np.flatnonzero(mask))
        bins = rules.reliability(s.p[MODEL][mask], s.truth[mask], s.weights[mask])
        for i in range(rules.N_BINS):
            weight = bins.weight[:, i]
            came = drawn.ratio(bins.came[:, i], weight)
            mean = bins.p[:, i].sum() / weight.sum() if weight.sum() > 0 else np.nan
            yield {
                "scenario": s.scenario, "split": split,
                "bin_low": bins.edges[i], "bin_high": bins.edges[i + 1], "n": int(bins.n[i]),
                "n_slots": int((weight > 0).sum()), "p": float(mean),
                "came": came.value, "low": came.low, "high": came.high,
            }  # fmt: skip


def _events(s: Scored) -> Rows:
    """The date of each event that may happen: in the record, of the model, and what is lost."""
    mass = s.masses[MODEL]
    dates = {"record": s.dates, "median": rules.quantiles(mass, 0.5)}
    for level in rules.CENTRAL:
        dates[f"low_{100 * level:.0f}"], dates[f"high_{100 * level:.0f}"] = rules.central(
            mass, level
        )
    scored = {f"crps_{name}": rules.crps(values, s.dates) for name, values in s.masses.items()}
    scored = {"pit": rules.pit(mass, s.dates), "weight": s.event_weights, **scored}
    for i, event in enumerate(s.events):
        row: dict[str, Any] = {
            "scenario": s.scenario,
            "place": s.units.places[event.unit].name,
            "slot": s.units.slots[event.unit],
            "event": event.what,
            "record": None,
            "given": bool(s.given[i]),
            "p_happens": float(1 - mass[i, -1]),
        }
        row |= {name: _date(s, days[i]) for name, days in dates.items()}
        yield row | {name: float(values[i]) for name, values in scored.items()}


def _coverage(s: Scored) -> Rows:
    """How many dates lie in the central intervals: of events that happened, and of all.

    Who gets a camp on the day on which the UN leaves it is the same event once more.
    """
    once = ~s.given
    seen: set[tuple[int, int]] = set()
    for i in np.flatnonzero(s.happened):
        key = (s.events[i].unit, int(s.dates[i]))
        once[i] &= key not in seen
        seen.add(key)
    for which, chosen in (("happened", s.happened & once), ("all", once)):
        for row in rules.coverage(s.masses[MODEL][chosen], s.dates[chosen]):
            yield {"scenario": s.scenario, "events": which, **row}


def _turns(s: Scored) -> Rows:
    """The changes of holder in the record on the days scored."""
    path = np.column_stack([s.units.now, s.truth])
    for unit, day in np.argwhere(np.diff(path, axis=1) != 0):
        place = s.units.places[unit]
        yield {
            "scenario": s.scenario, "date": _date(s, day), "place": place.name,
            "slot": s.units.slots[unit], "region": place.region,
            "before": HOLDERS[path[unit, day]], "after": HOLDERS[path[unit, day + 1]],
            "kidal": bool(s.splits["kidal"][unit]),
        }  # fmt: skip


def _date(s: Scored, day: int) -> date | None:
    """A day of the window; None if it is past it: the event does not happen."""
    is_within = day < s.window.n_days
    return s.window.first + timedelta(days=int(day)) if is_within else None
