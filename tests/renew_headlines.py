"""Writes the headline shares anew: `uv run python tests/renew_headlines.py`, some minutes.

Do it when a rule, a fact or a scenario was meant to change what happens, and read the difference
first: `git diff tests/golden/headlines.json` shows by how much the chances of each base change.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import camphandover as ch
from camphandover.measure.intervals import spread
from camphandover.measure.outcomes import KEY_BASES, REGISTRY, measure
from camphandover.measure.runs import Scope, scenario_window
from camphandover.scenario import library

FILE = Path(__file__).parent / "golden" / "headlines.json"
HOW = "uv run python tests/renew_headlines.py"
RUNS, SEED = 1000, 1
HOLDER, DAYS_AT = "army", "Kidal"


def mean_and_sd(values: np.ndarray) -> list[float]:
    """Mean and standard deviation of some runs."""
    return [round(float(number), 6) for number in (values.mean(), spread(values))]


def plain() -> list[ch.Scenario]:
    """The library, but for scenarios whose runs share particles and so are not independent."""
    return [one for one in map(ch.load_scenario, library()) if one.known.until is None]


def headlines(runs: int, seed: int, out: Path) -> dict[str, Any]:
    """The headline figures of the whole library, of `runs` new runs of each scenario.

    Returns:
        For each scenario its `last` day and its `window` (days), by key base the runs in which its
        camp is the army's on that day, and mean and standard deviation of the days on which
        Kidal's was. `library`: mean and standard deviation over replicates of the same figures as
        the mean over all scenarios has them; the bases as shares.
    """
    batch = ch.run(plain(), runs=runs, seed=seed, out=out, ledger="none", progress=False)
    assert not batch.failures
    found, army, days = {}, [], []
    for name in sorted(batch.scenarios):
        window = scenario_window(batch, name)
        wanted = [(REGISTRY[outcome], window.last) for outcome in ("holds", "held")]
        _, values = measure(batch, name, wanted, Scope(window, KEY_BASES))
        holds, held = (one[:, :, batch.holders.index(HOLDER)] for one in values)
        army.append(holds)
        days.append(held[:, KEY_BASES.index(DAYS_AT)])
        found[name] = {
            "last": window.last.isoformat(),
            "window": window.n_days,
            "army": dict(zip(KEY_BASES, map(int, holds.sum(axis=0)), strict=True)),
            "days": mean_and_sd(days[-1]),
        }
    shares = np.mean(army, axis=0).T
    library = {
        "army": dict(zip(KEY_BASES, map(mean_and_sd, shares), strict=True)),
        "days": mean_and_sd(np.mean(days, axis=0)),
    }
    return {"runs": runs, "seed": seed, "scenarios": found, "library": library}


if __name__ == "__main__":
    what = f"headline figures of the library, {RUNS} runs of each, seed {SEED}; renew with: {HOW}"
    with tempfile.TemporaryDirectory() as folder:
        made = {"what": what, **headlines(RUNS, SEED, Path(folder) / "library")}
    FILE.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(FILE)
