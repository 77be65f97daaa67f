"""Patterns P1-P14: what history did, and which runs retell it.

A pattern is a function of measured values and of bounds: `pattern_values` measures, patterns.yaml
bounds, `patterns` tells which run meets what, and how many do.

Source: RULES section 10; the joint filter is that of pattern-oriented modelling (Grimm et al. 2005,
Pattern-oriented modeling of agent-based complex systems, Science 310).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from camphandover.batch.batch import Batch
from camphandover.batch.names import check_known
from camphandover.errors import BatchError
from camphandover.judge.paired import paired
from camphandover.judge.patterns.met import (
    WHOLE,
    Set,
    is_most_frequent,
    met,
    parts_set,
    readings_met,
)
from camphandover.libraries import pd
from camphandover.measure.intervals import share_interval
from camphandover.measure.patterns.data import VALUES, Pattern
from camphandover.measure.patterns.data import patterns as definitions
from camphandover.measure.patterns.runs import check_full, read_runs
from camphandover.measure.patterns.values import measure
from camphandover.measure.runs import known_until
from camphandover.told import Told

INDEX = ["scenario", "replicate"]
Names = str | Sequence[str] | None


@dataclass(frozen=True, eq=False)
class Patterns(Told):
    """How many runs of each scenario meet each pattern.

    Attributes:
        scenarios: Names, in the order of the columns of the text.
        against: That from which the others differ; None if there is only one.
        runs: Runs of each scenario.
        seed: Seed of all draws.
        definitions: The patterns.
        values: What was measured; see `pattern_values`.
        met: Which run meets which pattern, and which part of it: index (scenario, replicate),
            columns (pattern, part), of each pattern first `all`; nullable booleans, missing where
            the scenario's window does not hold the pattern's dates, it sets all parts of it, or
            the run failed. A part that the scenario sets itself (`met.parts_set`) earns it
            nothing: the pattern is met by its other parts, if what the part measures happened at
            all.
        shares: `scenario`, `pattern`, `part` (first `all`, the pattern as a whole), `share` of the
            runs that meet it with the bounds `low` and `high` of its 95 % Wilson interval, `n` runs
            (0: its dates are outside the window, or nothing of it is counted), `needed` share,
            `is_set`: whether the scenario sets it itself, and of a pattern some part of it;
            `is_modal`: whether the record's outcome is the most frequent one, where that is asked.
        joint: By scenario `n_patterns` that are asked of it, `share` of the runs that meet them all
            with `low` and `high`, `n`, and `mean_met`, patterns met by a run.
        counts: By scenario and `n_met`, the `runs` that meet so many patterns.
        readings: Shares of the patterns read in another way: `scenario`, `pattern`, `reading`,
            `share`, `low`, `high`, `n`.
        differences: `share` of a `scenario` minus `share_against` of `against`, run by run:
            `difference` with the bounds `low` and `high` of its 95 % score interval for pairs,
            `n` pairs, and `is_clear`, whether the interval leaves out 0. Parts that either of the
            two sets are counted in neither.
        known: By scenario that goes on from what was known, the day until which it is told.
    """

    words = "camphandover.say.patterns"

    scenarios: tuple[str, ...]
    against: str | None
    runs: int
    seed: int
    definitions: tuple[Pattern, ...]
    values: pd.DataFrame
    met: pd.DataFrame
    shares: pd.DataFrame
    joint: pd.DataFrame
    counts: pd.DataFrame
    readings: pd.DataFrame
    differences: pd.DataFrame
    known: Mapping[str, date]


def patterns(batch: Batch, scenario: Names = None, against: str | None = None) -> Patterns:
    """Hold the runs of a batch to P1-P14, its scenarios side by side.

    Args:
        batch: A finished batch with full ledgers.
        scenario: One of its scenarios, or several; all if not given.
        against: The one that the differences are to; the first one if not given.
    Returns:
        The shares; `print` shows them.
    Errors:
        BatchError if a scenario is not there or the batch did not keep the full ledger.
    """
    names = _scenarios(batch, scenario)
    if against is not None:
        check_known("scenario", against, batch.scenarios)
        if against not in names:
            raise BatchError(f"against {against}: it is not among {', '.join(names)}.")
    base = against or names[0]
    names = [base, *(name for name in names if name != base)]
    values = pattern_values(batch, names)
    is_set = {name: parts_set(batch.scenario(name), definitions()) for name in names}
    found = _Held(batch, values, is_set)
    table = found.met()
    joint, counts = joint_of(table)
    return Patterns(
        scenarios=tuple(names),
        against=base if len(names) > 1 else None,
        runs=batch.runs,
        seed=batch.seed,
        definitions=definitions(),
        values=values,
        met=table,
        shares=found.shares(table),
        joint=joint,
        counts=counts,
        readings=found.readings(),
        differences=found.differences(base),
        known={name: day for name in names if (day := known_until(batch, name)) is not None},
    )


def pattern_values(batch: Batch, scenario: Names = None) -> pd.DataFrame:
    """What the patterns measure, run by run.

    The ledgers are read block by block: memory does not grow with the runs, but for the result.

    Args:
        batch: A finished batch with full ledgers.
        scenario: One of its scenarios, or several; all if not given.
    Returns:
        Index (scenario, replicate), a float column for each quantity of
        `camphandover.measure.patterns.data.VALUES`, which gives unit and meaning, as do
        `attrs["units"]` and `attrs["long_names"]`. nan: it did not happen, its dates are outside
        the scenario's window, or the run failed. Hours are infinite for what lasts to the end.
    Errors:
        BatchError if a scenario is not there or the batch did not keep the full ledger.
    """

    check_full(batch)
    by_name = {pattern.name: pattern for pattern in definitions()}
    frames = []
    for name in _scenarios(batch, scenario):
        for runs in read_runs(batch, name):
            labels = [[name], range(runs.first, runs.first + runs.n)]
            index = pd.MultiIndex.from_product(labels, names=INDEX)
            frames.append(pd.DataFrame(measure(runs, by_name), index=index))
    table = pd.concat(frames)
    table.attrs = {
        "units": {name: unit for name, (unit, _) in VALUES.items()},
        "long_names": {name: meaning for name, (_, meaning) in VALUES.items()},
    }
    return table


def _scenarios(batch: Batch, scenario: Names) -> list[str]:
    """The scenarios asked for, each once; all if none is."""
    if scenario is None:
        return list(batch.scenarios)
    names = list(dict.fromkeys([scenario] if isinstance(scenario, str) else scenario))
    if not names:
        raise BatchError("there is no scenario to hold to the patterns: name at least one.")
    for name in names:
        check_known("scenario", name, batch.scenarios)
    return names


# --- the tables of `Patterns` ------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Held:
    """Values of some scenarios of a batch, with the parts that each of them sets."""

    batch: Batch
    values: pd.DataFrame
    is_set: Mapping[str, Set]

    def of(self, scenario: str, is_set: Set) -> pd.DataFrame:
        return met(self.values.loc[[scenario]], self.batch, scenario, definitions(), is_set)

    def met(self) -> pd.DataFrame:

        return pd.concat([self.of(name, own) for name, own in self.is_set.items()])

    def shares(self, table: pd.DataFrame) -> pd.DataFrame:

        rows = []
        for name, is_set in self.is_set.items():
            for pattern in definitions():
                own = self.values.loc[[name]]
                modal = is_most_frequent(own, self.batch, name, pattern)
                parts = {part.name: part.needed for part in pattern.parts}
                for part, needed in {WHOLE: pattern.needed, **parts}.items():
                    known = table.loc[name, (pattern.name, part)].dropna()
                    row: dict[str, Any] = {"scenario": name, "pattern": pattern.name, "part": part}
                    row |= _share(int(known.sum()), len(known))
                    row["value"] = row["share"]  # what users of the JSON may read
                    row["needed"] = np.nan if needed is None else needed
                    taken = parts if part == WHOLE else (part,)
                    row["is_set"] = any((pattern.name, one) in is_set for one in taken)
                    rows.append(row | {"is_modal": modal if part == WHOLE else None})
        return pd.DataFrame(rows).astype({"is_modal": "boolean"})

    def readings(self) -> pd.DataFrame:

        rows = []
        for name in self.is_set:
            read = readings_met(self.values.loc[[name]], self.batch, name, definitions())
            for (pattern, reading), is_met in read.items():
                row = {"scenario": name, "pattern": pattern, "reading": reading}
                rows.append(row | _share(int(is_met.sum()), len(is_met)))
        columns = ["scenario", "pattern", "reading", "share", "low", "high", "n"]
        return pd.DataFrame(rows, columns=columns)

    def differences(self, against: str) -> pd.DataFrame:
        """Each other scenario minus one, run by run.

        A part that either of the two sets is counted in neither, so that like is compared with
        like.
        """

        columns = ["scenario", "against", "pattern", "part", "share", "share_against"]
        columns += ["difference", "low", "high", "n", "is_clear"]
        rows = []
        for name in self.is_set:
            left_out = {*self.is_set[name], *self.is_set[against]}
            names = (name, against) if name != against else ()
            pairs = [self.of(one, left_out).droplevel("scenario") for one in names]
            for key in pairs[0].columns if pairs else ():
                pair = pd.concat([table[key] for table in pairs], axis=1).dropna()
                if pair.empty:
                    continue
                found = paired(*pair.to_numpy(dtype=float).T, is_share=True)
                low, high = found.difference.low, found.difference.high
                row = [name, against, *key, found.mean_a, found.mean_b]
                row += [found.difference.value, low, high, found.n, bool(low > 0 or high < 0)]
                rows.append(row)
        return pd.DataFrame(rows, columns=columns)


def _share(successes: int, trials: int) -> dict[str, Any]:
    share, low, high = share_interval(successes, trials)
    return {"share": share, "low": low, "high": high, "n": trials}


def joint_of(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How many patterns a run meets: see `Patterns.joint` and `Patterns.counts`."""

    wholes = table.xs(WHOLE, axis="columns", level="part")
    rows, counts = [], []
    for name, of_name in wholes.groupby(level="scenario", sort=False):
        asked = of_name.dropna(axis="columns", how="all").dropna(axis="index", how="any")
        n_asked = asked.shape[1]
        n_met = asked.to_numpy(dtype=bool).sum(axis=1) if n_asked else np.empty(0, np.int64)
        row = {"scenario": name, "n_patterns": n_asked}
        row |= _share(int((n_met == n_asked).sum()), len(n_met))
        rows.append(row | {"mean_met": n_met.mean() if len(n_met) else np.nan})
        for k, runs in enumerate(np.bincount(n_met, minlength=n_asked + 1)):
            counts.append({"scenario": name, "n_met": k, "runs": int(runs)})
    return pd.DataFrame(rows), pd.DataFrame(counts)
