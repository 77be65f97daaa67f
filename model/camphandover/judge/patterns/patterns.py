"""Patterns P1-P14: what history did, and which runs retell it.

A pattern is a function of measured values and of bounds: `pattern_values` measures, patterns.yaml
bounds, `pattern_table` tells which run meets what, `patterns` how many do.

Source: RULES section 10; the joint filter is that of pattern-oriented modelling (Grimm et al. 2005,
Pattern-oriented modeling of agent-based complex systems, Science 310).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover import inputs
from camphandover.batch.files import write_json
from camphandover.batch.names import check_known
from camphandover.errors import BatchError
from camphandover.facts.checks import ORIGIN
from camphandover.judge.patterns.met import WHOLE, Set, met
from camphandover.judge.patterns.set import parts_set
from camphandover.judge.patterns.shares import differences_of, joint_of, readings_of, shares_of
from camphandover.measure.patterns.data import Pattern
from camphandover.measure.patterns.data import patterns as definitions
from camphandover.measure.patterns.runs import check_full, read_runs
from camphandover.measure.patterns.values import VALUES, measure

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.batch.batch import Batch

INDEX = ["scenario", "replicate"]
Names = str | Sequence[str] | None


@dataclass(frozen=True, eq=False)
class Patterns:
    """How many runs of each scenario meet each pattern.

    Attributes:
        scenarios: Names, in the order of the columns of the text.
        against: That from which the others differ; None if there is only one.
        runs: Runs of each scenario.
        seed: Seed of all draws.
        definitions: The patterns.
        values: What was measured; see `pattern_values`.
        met: Which run meets which part; see `part_table`.
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
    """

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

    def __str__(self) -> str:
        """Plain text of at most 120 columns."""
        from camphandover.say.patterns import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from camphandover.say.patterns import as_html

        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Definitions and numbers as JSON holds them; what cannot be told is null."""
        tables = ("shares", "joint", "counts", "readings", "differences")
        return {
            "scenarios": list(self.scenarios),
            "against": self.against,
            "runs": self.runs,
            "seed": self.seed,
            "origin": ORIGIN.isoformat(),
            "patterns": [_described(pattern) for pattern in self.definitions],
            **{name: _records(getattr(self, name)) for name in tables},
        }

    def write_json(self, path: str | Path) -> None:
        """Write the numbers to a file."""
        write_json(inputs.path("path", path), self.to_dict())


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
    known = definitions()
    is_set = {name: parts_set(batch.scenario(name), known) for name in names}
    values = pattern_values(batch, names)
    table = _parts(batch, values, known, is_set)
    joint, counts = joint_of(table)
    return Patterns(
        scenarios=tuple(names),
        against=base if len(names) > 1 else None,
        runs=batch.runs,
        seed=batch.seed,
        definitions=known,
        values=values,
        met=table,
        shares=shares_of(batch, values, table, known, is_set),
        joint=joint,
        counts=counts,
        readings=readings_of(batch, values, known),
        differences=differences_of(batch, values, known, is_set, base),
    )


def pattern_values(batch: Batch, scenario: Names = None) -> pd.DataFrame:
    """What the patterns measure, run by run.

    The ledgers are read block by block: memory does not grow with the runs, but for the result.

    Args:
        batch: A finished batch with full ledgers.
        scenario: One of its scenarios, or several; all if not given.
    Returns:
        Index (scenario, replicate), a float column for each quantity of
        `camphandover.measure.patterns.values.VALUES`, which gives unit and meaning, as do
        `attrs["units"]` and `attrs["long_names"]`. nan: it did not happen, its dates are outside
        the scenario's window, or the run failed. Hours are infinite for what lasts to the end.
    Errors:
        BatchError if a scenario is not there or the batch did not keep the full ledger.
    """
    import pandas as pd

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


def pattern_table(
    batch: Batch, scenario: Names = None, values: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Which run meets which pattern.

    A part that the scenario sets itself (`pattern_set.parts_set`) earns it nothing: the pattern is
    met by its other parts, if what the part measures happened at all.

    Args:
        batch: A finished batch with full ledgers.
        scenario: One of its scenarios, or several; all if not given.
        values: Of these scenarios, from `pattern_values`, if they are at hand.
    Returns:
        Index (scenario, replicate), columns P1 to P14, nullable booleans; missing where the
        scenario's window does not hold the pattern's dates, it sets all parts of it, or the run
        failed.
    Errors:
        BatchError as of `pattern_values`.
    """
    table = part_table(batch, scenario, values).xs(WHOLE, axis="columns", level="part")
    table.columns.name = None
    return table


def part_table(
    batch: Batch, scenario: Names = None, values: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Which run meets which pattern and which part of it; see `pattern_table`.

    Returns:
        Index (scenario, replicate), columns (pattern, part), of each pattern first `all`.
    """
    names = _scenarios(batch, scenario)
    if values is None:
        values = pattern_values(batch, names)
    known = definitions()
    is_set = {name: parts_set(batch.scenario(name), known) for name in names}
    return _parts(batch, values, known, is_set)


def _parts(
    batch: Batch, values: pd.DataFrame, known: tuple[Pattern, ...], is_set: Mapping[str, Set]
) -> pd.DataFrame:
    import pandas as pd

    parts = (met(values.loc[[name]], batch, name, known, own) for name, own in is_set.items())
    return pd.concat(list(parts))


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


def _described(pattern: Pattern) -> dict[str, Any]:
    """What a reader of the numbers has to know of a pattern."""
    return {
        "name": pattern.name,
        "title": pattern.title,
        "history": pattern.history,
        "source": pattern.source,
        "known_at_origin": pattern.known,
        "needed": pattern.needed,
        "window": [pattern.first.isoformat(), pattern.last.isoformat()],
        "parts": [
            {
                "name": part.name,
                "value": part.value,
                "unit": VALUES[part.value][0],
                "meaning": VALUES[part.value][1],
                "low": _plain(part.low),
                "high": _plain(part.high),
            }
            for part in pattern.parts
        ],
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    """A cell as JSON holds it."""
    import pandas as pd

    if isinstance(value, (str, bool)):
        return value
    if pd.isna(value) or (isinstance(value, float) and math.isinf(value)):
        return None
    return value
