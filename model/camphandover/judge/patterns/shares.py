"""Shares of runs that meet the patterns, jointly too, and their paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.judge.paired import paired_shares
from camphandover.judge.patterns.met import WHOLE, Set, is_most_frequent, met, readings_met
from camphandover.measure.intervals import share_interval
from camphandover.measure.patterns.data import Pattern

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.batch.batch import Batch


def shares_of(
    batch: Batch,
    values: pd.DataFrame,
    table: pd.DataFrame,
    patterns: Sequence[Pattern],
    is_set: Mapping[str, Set],
) -> pd.DataFrame:
    """One row for each scenario, pattern and part; see `Patterns.shares`."""
    import pandas as pd

    rows = []
    for name, of_name in table.groupby(level="scenario", sort=False):
        for pattern in patterns:
            modal = is_most_frequent(values.loc[[name]], batch, str(name), pattern)
            for part, needed in _rows_of(pattern):
                taken = [(pattern.name, p.name) for p in pattern.parts if part in (WHOLE, p.name)]
                row = {"scenario": name, "pattern": pattern.name, "part": part}
                row |= _share(of_name[pattern.name, part]) | {"needed": needed}
                row["is_set"] = any(key in is_set[str(name)] for key in taken)
                row["is_modal"] = modal if part == WHOLE else None
                rows.append(row)
    return pd.DataFrame(rows).astype({"is_modal": "boolean"})


def _rows_of(pattern: Pattern) -> list[tuple[str, float]]:
    """The pattern and its parts with the share that is to meet each; nan if none is told."""
    parts = [(part.name, np.nan if part.needed is None else part.needed) for part in pattern.parts]
    return [(WHOLE, pattern.needed), *parts]


def _share(is_met: pd.Series) -> dict[str, Any]:
    known = is_met.dropna()
    interval = share_interval(int(known.sum()), len(known))
    return {**interval._asdict(), "n": len(known)} | {"share": interval.value}


def joint_of(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How many patterns a run meets: see `Patterns.joint` and `Patterns.counts`."""
    import pandas as pd

    wholes = table.xs(WHOLE, axis="columns", level="part")
    rows, counts = [], []
    for name, of_name in wholes.groupby(level="scenario", sort=False):
        asked = of_name.dropna(axis="columns", how="all").dropna(axis="index", how="any")
        n_asked = asked.shape[1]
        n_met = asked.to_numpy(dtype=bool).sum(axis=1) if n_asked else np.empty(0, np.int64)
        interval = share_interval(int((n_met == n_asked).sum()), len(n_met))
        rows.append(
            {
                "scenario": name,
                "n_patterns": n_asked,
                "share": interval.value,
                "low": interval.low,
                "high": interval.high,
                "n": len(n_met),
                "mean_met": n_met.mean() if len(n_met) else np.nan,
            }
        )
        for k, runs in enumerate(np.bincount(n_met, minlength=n_asked + 1)):
            counts.append({"scenario": name, "n_met": k, "runs": int(runs)})
    return pd.DataFrame(rows), pd.DataFrame(counts)


def readings_of(batch: Batch, values: pd.DataFrame, patterns: Sequence[Pattern]) -> pd.DataFrame:
    """One row for each scenario and other reading; see `Patterns.readings`."""
    import pandas as pd

    rows = []
    for name in dict.fromkeys(values.index.get_level_values("scenario")):
        read = readings_met(values.loc[[name]], batch, name, patterns)
        for (pattern, reading), is_met in read.items():
            share, low, high = share_interval(int(is_met.sum()), len(is_met))
            row = {"scenario": name, "pattern": pattern, "reading": reading, "share": share}
            rows.append(row | {"low": low, "high": high, "n": len(is_met)})
    columns = ["scenario", "pattern", "reading", "share", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)


def differences_of(
    batch: Batch,
    values: pd.DataFrame,
    patterns: Sequence[Pattern],
    is_set: Mapping[str, Set],
    against: str,
) -> pd.DataFrame:
    """Each other scenario minus one, run by run; see `Patterns.differences`.

    A part that either of the two sets is counted in neither, so that like is compared with like.
    """
    import pandas as pd

    columns = ["scenario", "against", "pattern", "part", "share", "share_against"]
    columns += ["difference", "low", "high", "n", "is_clear"]
    rows = []
    for name in is_set:
        if name == against:
            continue
        left_out = {*is_set[name], *is_set[against]}
        one, other = (
            met(values.loc[[which]], batch, which, patterns, left_out).droplevel("scenario")
            for which in (name, against)
        )
        for pattern, part in one.columns:
            pair = pd.concat([one[pattern, part], other[pattern, part]], axis=1).dropna()
            if pair.empty:
                continue
            found = paired_shares(*(pair.iloc[:, i].to_numpy(dtype=float) for i in (0, 1)))
            low, high = found.difference.low, found.difference.high
            row = [name, against, pattern, part, found.mean_a, found.mean_b]
            row += [found.difference.value, low, high, found.n, bool(low > 0 or high < 0)]
            rows.append(row)
    return pd.DataFrame(rows, columns=columns)
