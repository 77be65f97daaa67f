"""Two scenarios compared run by run: what differs, how surely, and how many runs it takes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import numpy as np

from camphandover import inputs
from camphandover.batch.batch import Batch
from camphandover.batch.cubes import SLOTS
from camphandover.batch.names import check_known
from camphandover.errors import BatchError
from camphandover.judge.cautions import Cautions, cautions_of
from camphandover.judge.paired import paired
from camphandover.libraries import pd
from camphandover.measure.outcomes import (
    KEY_BASES,
    UNITS,
    Measured,
    Outcome,
    by_label,
    measure,
)
from camphandover.measure.runs import Scope, Window, judged_window, scenario_window
from camphandover.told import Warned

Rows = dict[str, Any]
DECIDES = {"days_to_fall": "fell"}
"""The outcome whose rows tell whether those of another one say anything."""


@dataclass(frozen=True, eq=False)
class Comparison(Warned):
    """Scenario A beside scenario B, run by run.

    `table` has one row for each outcome:

    - `outcome`: `days_held`, days at whose end the holder has the slot; `holds`, whether it has
      it at the end of `date`; `days_to_fall`, days of the window before it first has it: 0 if it
      has it on the first day already, the whole window if it never does (a mean restricted to
      the window); `fell`, whether it ever has it; both not for the UN, which takes nothing;
      `dead` within the window; `displaced`, in Mali and abroad, on the last day.
    - `place`, empty for the last two; `who`: the holder, the side or `civilians`, or `people`.
    - `unit`: `days`, `share` (of runs), `dead` or `people`.
    - `mean_a`, `mean_b`; `difference`, the mean of A - B, with the bounds `low` and `high` of its
      95 % interval: Student's t, for shares the score interval.
    - `better`: whether `more` or `less` of it is better for `who`; `p_a_better`: chance that A is
      the better one of a pair, half of the ties counted, with the bounds `p_low` and `p_high` of
      its 95 % score interval; `ties`: share of pairs in which both are equal.
    - `sd_a`, `sd_b`, `sd_difference`: standard deviations over runs; `correlation` of A and B.
    - `variance_reduction`: how many times as many runs two independent batches would need;
      inf if the difference is the same in all pairs.
    - `runs_needed`, `runs_needed_unpaired`: runs of each scenario for an interval of the
      half-width of the unit, in pairs and in independent batches.
    - `median_a`, `median_b`: for `days_to_fall`, the first date by which it has fallen in half of
      the runs; missing if there is none.
    - `n`: pairs.

    What a single pair leaves unknown is nan or missing.

    Attributes:
        a: Name of the first scenario.
        b: Name of the second one.
        runs: Runs of each scenario of the batch.
        n: Pairs: runs that failed in neither.
        seed: Seed of all draws.
        window: The dates that both scenarios have, after what is known of either; nothing else
            is compared.
        windows: The dates of A and those of B.
        date: Date of `holds`.
        slot: `camp` or `town`.
        places: Places that the text shows.
        half_width: Half-width by unit.
        table: See above.
        cautions: What must be known first: unlike windows or pasts, a scenario that has not
            begun; in sentences, `warnings`.
    """

    words: ClassVar[str] = "camphandover.say.compare"

    a: str
    b: str
    runs: int
    n: int
    seed: int
    window: Window
    windows: tuple[Window, Window]
    date: date
    slot: str
    places: tuple[str, ...]
    half_width: dict[str, float]
    table: pd.DataFrame
    cautions: Cautions

    def select(
        self, outcome: str | None = None, place: str | None = None, who: str | None = None
    ) -> pd.DataFrame:
        """Rows of the table, `select("days_held", "Kidal", "army")`; all of what is left out.

        Errors:
            BatchError if a name is not in the table.
        """
        table = self.table
        for column, name in {"outcome": outcome, "place": place, "who": who}.items():
            if name is not None:
                known = [known for known in dict.fromkeys(self.table[column]) if known]
                check_known(column, name, known)
                table = table[table[column] == name]
        return table

    def telling(self, outcome: str) -> pd.DataFrame:
        """Rows of an outcome that say something, in the order of the places shown.

        Left out is what is one and the same number in A and B, or nearly nil in both; of
        `days_to_fall`, what falls in nearly no run.
        """
        rows, judged = (
            table[table["place"].isin([*self.places, ""])].reset_index(drop=True)
            for table in map(self.select, (outcome, DECIDES.get(outcome, outcome)))
        )
        is_same = (rows["ties"] == 1) & ~((rows["sd_a"] > 0) | (rows["sd_b"] > 0))
        means = judged[["mean_a", "mean_b"]].max(axis=1)
        nil = judged["unit"].map({unit: of.nearly_nil for unit, of in UNITS.items()})
        return rows[~is_same & (means >= nil)]


def compare(
    batch: Batch,
    a: str,
    b: str,
    *,
    places: str | Sequence[str] | None = None,
    slot: str = "camp",
    date: date | str | None = None,
    half_width: float | Mapping[str, float] | None = None,
    outcomes: str | Sequence[str] | None = None,
) -> Comparison:
    """Compare two scenarios of a batch run by run.

    Run r of both shares all random draws, so what the scenarios do not change cancels in the
    difference of the two. Only the dates that both have are compared, those until which all is
    known left out, and only the runs that failed in neither.

    Args:
        batch: A finished batch that holds both.
        a: Name of scenario A; differences are A - B.
        b: Name of scenario B.
        places: Places to compare; all if not given, of which the text shows the key bases.
        slot: `camp` or `town`.
        date: Date at whose end it is asked who holds; the last common one if not given.
        half_width: Half-width for which the runs needed are told: a number of days, or numbers by
            unit (`days`, `share`, `dead`, `people`), whose defaults count for units not given.
        outcomes: Those that the table has, such as `days_held`; all if not given, your own ones
            (`ch.outcome`) too.
    Returns:
        The comparison; `print` shows it, `table` holds all of it.
    Errors:
        BatchError if a name, date, outcome or half-width cannot be, the scenarios have no date in
        common, or no run is left.
    """
    for name in (a, b):
        check_known("scenario", name, batch.scenarios)
    if a == b:
        known = ", ".join(batch.scenarios)
        raise BatchError(f"A and B are both {a!r}: name two scenarios of {known}.")
    check_known("slot", slot, SLOTS)
    wanted = _places(places, [str(place) for place in batch.control["place"].to_numpy()])
    window = judged_window(batch, a, b)
    day = window.last if date is None else inputs.day("date", date, *window)
    compared = _outcomes(outcomes)
    widths = _half_widths(half_width, compared)
    scope = Scope(window, tuple(wanted), slot)
    asked = [(one, day) for one in compared]
    measured = [measure(batch, name, asked, scope) for name in (a, b)]
    n = int((measured[0].is_valid & measured[1].is_valid).sum())
    if not n:
        raise BatchError(f"No run is left to compare: each of {batch.runs} failed in {a} or {b}.")
    table = _table(compared, measured, scope, batch.holders, widths)
    return Comparison(
        a=a,
        b=b,
        runs=batch.runs,
        n=n,
        seed=batch.seed,
        window=window,
        windows=(scenario_window(batch, a), scenario_window(batch, b)),
        date=day,
        slot=slot,
        places=tuple(place for place in wanted if places is not None or place in KEY_BASES),
        half_width=widths,
        table=table,
        cautions=cautions_of(batch, a, b, window, day),
    )


# --- what is asked for -------------------------------------------------------------------


def _places(places: str | Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """The places asked for, each once; all if none is, key bases first."""
    if places is None:
        keys = [place for place in KEY_BASES if place in known]
        return [*keys, *(place for place in known if place not in keys)]
    wanted = list(dict.fromkeys([places] if isinstance(places, str) else places))
    if not wanted:
        raise BatchError("there is no place to compare: name at least one, or leave places out.")
    for place in wanted:
        check_known("place", place, known)
    return wanted


def _outcomes(wanted: str | Sequence[str] | None) -> list[Outcome]:
    """The outcomes asked for, in the order of the registry; all if none is."""
    known = by_label()
    labels = [wanted] if isinstance(wanted, str) else list(wanted or known)
    for label in labels:
        check_known("outcome", label, tuple(known))
    labels += [DECIDES[label] for label in labels if label in DECIDES]
    return [one for label, one in known.items() if label in labels]


def _half_widths(
    wanted: float | Mapping[str, float] | None, outcomes: Sequence[Outcome]
) -> dict[str, float]:
    """Half-width by unit of the outcomes; a number alone is one of days."""
    given: dict[str, Any] = {} if wanted is None else {"days": wanted}
    if isinstance(wanted, Mapping):
        given = dict(wanted)
    for unit, value in given.items():
        check_known("unit", unit, tuple(UNITS))
        given[unit] = inputs.number(f"half-width of {unit}", value, 0, math.inf, above=True)
    units = {one.unit for one in outcomes}
    return {name: given.get(name, of.half_width) for name, of in UNITS.items() if name in units}


# --- the table ---------------------------------------------------------------------------


def _rows(outcome: Outcome, a: np.ndarray, b: np.ndarray, scope: Scope, width: float) -> Rows:
    """The columns of the table that tell of one outcome, but for its names.

    Args:
        outcome: What is compared.
        a: Values of A, shape (row, pair). b: Of B.
        scope: What is asked of them.
        width: Half-width for which the runs needed are told.
    """

    pair = paired(a, b, less_is_better=outcome.better == "less", is_share=outcome.unit == "share")
    columns: Rows = {"unit": outcome.unit, "mean_a": pair.mean_a, "mean_b": pair.mean_b}
    columns |= dict(zip(("difference", "low", "high"), pair.difference, strict=True))
    columns["better"] = outcome.better
    columns |= dict(zip(("p_a_better", "p_low", "p_high"), pair.p_a_better, strict=True))
    names = ("ties", "sd_a", "sd_b", "sd_difference", "correlation", "variance_reduction")
    columns |= {name: getattr(pair, name) for name in names}
    for name in ("runs_needed", "runs_needed_unpaired"):
        needed = pd.Series(getattr(pair, name)(width), dtype="Int64")
        columns[name] = needed.mask(needed == 0)
    for name, values in {"median_a": a, "median_b": b}.items():
        columns[name] = _median_dates(values, scope.window) if outcome.is_date else pd.NaT
    return columns | {"n": pair.n}


def _table(
    outcomes: Sequence[Outcome],
    measured: Sequence[Measured],
    scope: Scope,
    holders: Sequence[str],
    half_width: Mapping[str, float],
) -> pd.DataFrame:
    """A row for each outcome, place and holder or side; see `Comparison`."""

    is_pair = np.logical_and(*(of.is_valid for of in measured))
    parts = []
    for i, outcome in enumerate(outcomes):
        names = list(itertools.product(*outcome.labels(scope.places, holders)))
        at = [dict(zip(outcome.axes, one, strict=True)) for one in names]
        a, b = (of.values[i][is_pair].reshape(is_pair.sum(), -1).T.copy() for of in measured)
        head = {
            "outcome": outcome.label,
            "place": [one.pop("place", "") for one in at],
            "who": [next(iter(one.values()), outcome.who) for one in at],
        }
        rows = _rows(outcome, a, b, scope, half_width[outcome.unit])
        parts.append(pd.DataFrame(head | rows))
    dates = dict.fromkeys(("median_a", "median_b"), "datetime64[s]")
    return pd.concat([part.astype(dates) for part in parts], ignore_index=True)


def _median_dates(days: np.ndarray, window: Window) -> np.ndarray:
    """By row, the first date by which it is so in at least half of the runs; NaT if none is."""
    middle = np.sort(days, axis=-1)[:, (days.shape[-1] - 1) // 2].astype("timedelta64[D]")
    dates = np.datetime64(window.first, "D") + middle
    return np.where(dates > np.datetime64(window.last, "D"), np.datetime64("NaT", "D"), dates)
