"""Two scenarios compared run by run: what differs, how surely, and how many runs it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover import inputs
from camphandover.batch.cubes import SLOTS
from camphandover.batch.files import write_json
from camphandover.batch.names import check_known
from camphandover.errors import BatchError
from camphandover.judge.compare_warnings import warnings_of
from camphandover.judge.end_table import KEY_BASES
from camphandover.judge.paired import Paired, paired_means, paired_shares
from camphandover.measure.outcomes import (
    LOSERS,
    Outcomes,
    Window,
    common_window,
    outcomes,
    scenario_window,
)

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.batch.batch import Batch

HALF_WIDTH = {"days": 1.0, "share": 0.02, "dead": 5.0, "people": 1000.0}
"""By unit, the half-width of an interval for which `runs_needed` is told if none is wanted."""
OUTCOMES = {
    "days_held": "days",
    "holds": "share",
    "days_to_fall": "days",
    "fell": "share",
    "dead": "dead",
    "displaced": "people",
}
"""Outcomes and their units."""
NO_TAKER = "minusma"
"""The holder to whom no base falls: the UN takes none."""
LESS_IS_BETTER = ("days_to_fall", "dead", "displaced")
PEOPLE = "people"


@dataclass(frozen=True, eq=False)
class Comparison:
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
        window: The dates that both scenarios have; nothing else is compared.
        windows: The dates of A and those of B.
        date: Date of `holds`.
        slot: `camp` or `town`.
        places: Places that the text shows.
        half_width: Half-width by unit.
        table: See above.
        warnings: What must be known first: unlike windows, a scenario that has not begun.
    """

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
    warnings: tuple[str, ...] = ()

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

    def __str__(self) -> str:
        """Plain text of at most 120 columns; it leaves out rows that say nothing."""
        from camphandover.say.compare import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from camphandover.say.compare import as_html

        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """The same numbers as JSON holds them.

        What cannot be estimated is null, and so is a variance reduction that is infinite.
        """
        return {
            "a": self.a,
            "b": self.b,
            "runs": self.runs,
            "pairs": self.n,
            "seed": self.seed,
            "warnings": list(self.warnings),
            "window": _dates(self.window),
            "windows": {"a": _dates(self.windows[0]), "b": _dates(self.windows[1])},
            "date": self.date.isoformat(),
            "slot": self.slot,
            "half_width": dict(self.half_width),
            "outcomes": [
                {str(key): _plain(value) for key, value in row.items()}
                for row in self.table.to_dict("records")
            ],
        }

    def write_json(self, path: str | Path) -> None:
        """Write the numbers to a file."""
        write_json(inputs.path("path", path), self.to_dict())


def compare(
    batch: Batch,
    a: str,
    b: str,
    *,
    places: str | Sequence[str] | None = None,
    slot: str = "camp",
    date: date | str | None = None,
    half_width: float | Mapping[str, float] | None = None,
) -> Comparison:
    """Compare two scenarios of a batch run by run.

    Run r of both shares all random draws, so what the scenarios do not change cancels in the
    difference of the two. Only the dates that both have are compared, and only the runs that
    failed in neither.

    Args:
        batch: A finished batch that holds both.
        a: Name of scenario A; differences are A - B.
        b: Name of scenario B.
        places: Places to compare; all if not given, of which the text shows the key bases.
        slot: `camp` or `town`.
        date: Date at whose end it is asked who holds; the last common one if not given.
        half_width: Half-width for which the runs needed are told: a number of days, or numbers by
            unit as in `HALF_WIDTH`, whose values count for units not given.
    Returns:
        The comparison; `print` shows it, `table` holds all of it.
    Errors:
        BatchError if a name, date or half-width cannot be, the scenarios have no date in common,
        or no run is left.
    """
    for name in (a, b):
        check_known("scenario", name, batch.scenarios)
    if a == b:
        known = ", ".join(batch.scenarios)
        raise BatchError(f"A and B are both {a!r}: name two scenarios of {known}.")
    check_known("slot", slot, SLOTS)
    wanted = _places(places, [str(place) for place in batch.control["place"].to_numpy()])
    window = common_window(batch, a, b)
    day = _day(date, window)
    widths = _half_widths(half_width)
    of_a, of_b = (outcomes(batch, name, window, wanted, slot, day) for name in (a, b))
    is_pair = of_a.is_valid & of_b.is_valid
    if not is_pair.any():
        raise BatchError(f"No run is left to compare: each of {batch.runs} failed in {a} or {b}.")
    table = _table(of_a, of_b, is_pair, wanted, batch.holders, window, widths)
    return Comparison(
        a=a,
        b=b,
        runs=batch.runs,
        n=int(is_pair.sum()),
        seed=batch.seed,
        window=window,
        windows=(scenario_window(batch, a), scenario_window(batch, b)),
        date=day,
        slot=slot,
        places=tuple(place for place in wanted if places is not None or place in KEY_BASES),
        half_width=widths,
        table=table,
        warnings=warnings_of(batch, a, b, window, day, table),
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


def _day(day: date | str | None, window: Window) -> date:
    """The date asked for, within the window; its last one if none is."""
    if day is None:
        return window.last
    return inputs.day("date", day, *window)


def _half_widths(wanted: float | Mapping[str, float] | None) -> dict[str, float]:
    """Half-width by unit; a number alone is one of days."""
    if wanted is None:
        return dict(HALF_WIDTH)
    given = dict(wanted) if isinstance(wanted, Mapping) else {"days": wanted}
    for unit, value in given.items():
        check_known("unit", unit, list(HALF_WIDTH))
        given[unit] = inputs.number(f"half-width of {unit}", value, 0, math.inf, above=True)
    return {**HALF_WIDTH, **given}


# --- the table ---------------------------------------------------------------------------


def _table(
    a: Outcomes,
    b: Outcomes,
    is_pair: np.ndarray,
    places: Sequence[str],
    holders: Sequence[str],
    window: Window,
    half_width: Mapping[str, float],
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for outcome, place, who, pair in _pairs(a, b, places, holders, window):
        values_a, values_b = (values[is_pair] for values in pair)
        medians = {"median_a": pd.NaT, "median_b": pd.NaT}
        if outcome == "days_to_fall":
            medians = {
                "median_a": _median_date(values_a, window),
                "median_b": _median_date(values_b, window),
            }
        compared = _compared(outcome, values_a, values_b)
        rows.append(_row(outcome, place, who, compared, half_width) | medians | {"n": compared.n})
    table = pd.DataFrame(rows)
    whole = {"runs_needed": "Int64", "runs_needed_unpaired": "Int64"}
    dates = dict.fromkeys(("median_a", "median_b"), "datetime64[s]")
    return table.astype({**whole, **dates})


def _pairs(
    a: Outcomes, b: Outcomes, places: Sequence[str], holders: Sequence[str], window: Window
) -> Iterator[tuple[str, str, str, tuple[np.ndarray, np.ndarray]]]:
    """Each outcome, its place and whose it is, with the values of A and of B by replicate."""
    for outcome in ("days_held", "holds", "days_to_fall", "fell"):
        for i, place in enumerate(places):
            for h, holder in enumerate(holders):
                if outcome in ("days_to_fall", "fell") and holder == NO_TAKER:
                    continue
                yield outcome, place, holder, _of_slot(outcome, a, b, (i, h), window)
    for i, loser in enumerate(LOSERS):
        yield "dead", "", loser, (a.dead[:, i], b.dead[:, i])
    yield "displaced", "", PEOPLE, (a.displaced, b.displaced)


def _of_slot(
    outcome: str, a: Outcomes, b: Outcomes, at: tuple[int, int], window: Window
) -> tuple[np.ndarray, np.ndarray]:
    """Values of A and of B of one place and holder."""
    if outcome == "fell":
        to_fall = _of_slot("days_to_fall", a, b, at, window)
        return to_fall[0] < window.n_days, to_fall[1] < window.n_days
    of_a, of_b = getattr(a, outcome), getattr(b, outcome)
    return of_a[:, *at], of_b[:, *at]


def _compared(outcome: str, a: np.ndarray, b: np.ndarray) -> Paired:
    statistics = paired_shares if OUTCOMES[outcome] == "share" else paired_means
    return statistics(a, b, less_is_better=outcome in LESS_IS_BETTER)


def _row(
    outcome: str, place: str, who: str, pair: Paired, half_width: Mapping[str, float]
) -> dict[str, Any]:
    unit = OUTCOMES[outcome]
    return {
        "outcome": outcome,
        "place": place,
        "who": who,
        "unit": unit,
        "mean_a": pair.mean_a,
        "mean_b": pair.mean_b,
        "difference": pair.difference.value,
        "low": pair.difference.low,
        "high": pair.difference.high,
        "better": "less" if outcome in LESS_IS_BETTER else "more",
        "p_a_better": pair.p_a_better.value,
        "p_low": pair.p_a_better.low,
        "p_high": pair.p_a_better.high,
        "ties": pair.ties,
        "sd_a": pair.sd_a,
        "sd_b": pair.sd_b,
        "sd_difference": pair.sd_difference,
        "correlation": pair.correlation,
        "variance_reduction": pair.variance_reduction,
        "runs_needed": pair.runs_needed(half_width[unit]),
        "runs_needed_unpaired": pair.runs_needed_unpaired(half_width[unit]),
    }


def _median_date(days_to_fall: np.ndarray, window: Window) -> date | None:
    """First date by which it has fallen in at least half of the runs; None if there is none."""
    middle = int(np.sort(days_to_fall)[(len(days_to_fall) - 1) // 2])
    return window.first + timedelta(days=middle) if middle < window.n_days else None


def _dates(window: Window) -> list[str]:
    return [day.isoformat() for day in window]


def _plain(value: Any) -> Any:
    """A cell as JSON holds it."""
    import pandas as pd

    if isinstance(value, str):
        return value
    if pd.isna(value) or (isinstance(value, float) and math.isinf(value)):
        return None
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else value
