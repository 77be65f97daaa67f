"""The headline figures of the library stay as they are stored, within the error of sampling.

`golden/headlines.json` holds, of 1000 runs of each scenario with seed 1, in how many the army has
the camp of each key base on the last day, and the days on which it had Kidal's. Here 150 fresh runs
of each with another seed are held against them: 23 scenarios and the mean over all of them, 6 bases
and the days each, 168 comparisons. When a rule, a fact or a scenario was meant to change what
happens, renew the file with `uv run python tests/renew_headlines.py`.

Error: a change of the draws alone turns this red in at most 1 case of 1000, however the figures
depend on each other (Bonferroni: 0.001 / 168 for each). With the seeds fixed, the same model always
gives the same answer.

Power: a change is found in 9 cases of 10 if it moves the share of a base in one scenario by 26
points from 50 %, or by 13 from 2 %; in the mean over the library by 17 points (Kidal); or the days
at Kidal in one scenario by 0.8 of their standard deviation, 18 days in on-schedule. What is smaller
passes: the golden run and the tests of the rules are for that.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact

import renew_headlines
from renew_headlines import headlines
from worlds import compiled_only

RUNS, SEED = 150, 2
FAMILY_ERROR = 1e-3
"""Chance that any comparison of the same model with itself fails."""
STORED: dict[str, Any] = json.loads(renew_headlines.FILE.read_text(encoding="utf-8"))


def p_of_shares(k: int, n: int, k_new: int, n_new: int) -> float:
    """Chance of a difference as large between two samples of the same share (Fisher's test)."""
    return float(fisher_exact([[k, n - k], [k_new, n_new - k_new]]).pvalue)


def p_of_means(
    old: tuple[float, float], n: int, new: tuple[float, float], n_new: int, limit: float
) -> float:
    """At most the chance of a difference as large between two means of the same distribution.

    By Bernstein's inequality, which holds for any distribution between 0 and `limit`, as skewed as
    it may be; its spread is that of both samples together.

    Args:
        old: Mean and standard deviation of `n` values.
    """
    difference = abs(old[0] - new[0])
    if difference == 0.0:
        return 1.0
    variance = ((n - 1) * old[1] ** 2 + (n_new - 1) * new[1] ** 2) / (n + n_new - 2)
    largest = limit / min(n, n_new)
    spread = variance * (1 / n + 1 / n_new) + largest * difference / 3
    return min(1.0, 2 * math.exp(-(difference**2) / (2 * spread)))


def against(old: dict[str, Any], new: dict[str, Any], n: int, n_new: int) -> dict[str, float]:
    """Chances of the differences of one scenario, by base and `days`."""
    found = {base: p_of_shares(k, n, new["army"][base], n_new) for base, k in old["army"].items()}
    return found | {"days": p_of_means(old["days"], n, new["days"], n_new, old["window"])}


def differences(old: dict[str, Any], new: dict[str, Any]) -> dict[str, float]:
    """Chance of each difference between two samples of the library, if nothing has changed."""
    n, n_new = old["runs"], new["runs"]
    chances = {
        f"{name}: {what}": p
        for name, stored in old["scenarios"].items()
        for what, p in against(stored, new["scenarios"][name], n, n_new).items()
    }
    mean, mean_new = old["library"], new["library"]
    for base, stored in mean["army"].items():
        p = p_of_means(stored, n, mean_new["army"][base], n_new, 1.0)
        chances[f"library: {base}"] = p
    longest = max(stored["window"] for stored in old["scenarios"].values())
    chances["library: days"] = p_of_means(mean["days"], n, mean_new["days"], n_new, longest)
    return chances


def too_large(chances: dict[str, float], family_error: float = FAMILY_ERROR) -> dict[str, float]:
    """The differences that the error of sampling does not account for."""
    return {what: p for what, p in chances.items() if p < family_error / len(chances)}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> dict[str, Any]:
    return headlines(RUNS, SEED, tmp_path_factory.mktemp("headlines") / "library")


# --- the model


@compiled_only
def test_the_headlines_are_those_stored(fresh):
    assert STORED["seed"] != SEED
    windows = [
        {name: (each["last"], each["window"]) for name, each in of["scenarios"].items()}
        for of in (STORED, fresh)
    ]
    assert windows[0] == windows[1], f"renew the file: {renew_headlines.HOW}"
    chances = differences(STORED, fresh)
    assert len(chances) == 7 * (len(STORED["scenarios"]) + 1)
    assert too_large(chances) == {}


@compiled_only
@pytest.mark.parametrize(
    ("held_to", "runs_of", "what"),
    [
        ("on-schedule", "no-airpower", "Tessalit"),
        ("no-airpower", "on-schedule", "Tessalit"),
        ("on-schedule", "to-separatists", "Tessalit"),
    ],
)
def test_a_scenario_held_to_the_figures_of_another_is_found(fresh, held_to, runs_of, what):
    mixed = {**fresh["scenarios"], held_to: fresh["scenarios"][runs_of]}
    found = too_large(differences(STORED, {**fresh, "scenarios": mixed}))
    assert f"{held_to}: {what}" in found
    assert all(one.startswith(f"{held_to}: ") for one in found)


# --- the comparison


@pytest.mark.parametrize("share", [0.005, 0.03, 0.3, 0.5])
def test_the_comparison_errs_no_more_often_than_it_says(share: float):
    """Of 300 pairs of samples of the same share, and of days that are nearly always none, at
    most 5 % seem to differ (by 3 standard errors of that at most)."""
    rng, pairs, error, n, n_new = np.random.default_rng(5), 300, 0.05, STORED["runs"], RUNS
    wrong_shares = wrong_means = 0
    for _ in range(pairs):
        old, new = rng.random(n) < share, rng.random(n_new) < share
        wrong_shares += p_of_shares(int(old.sum()), n, int(new.sum()), n_new) < error
        old, new = old * rng.integers(1, 150, n), new * rng.integers(1, 150, n_new)
        sums = [(float(one.mean()), float(one.std(ddof=1))) for one in (old, new)]
        wrong_means += p_of_means(sums[0], n, sums[1], n_new, 150.0) < error
    most = pairs * error + 3 * math.sqrt(pairs * error * (1 - error))
    assert max(wrong_shares, wrong_means) <= most


@pytest.mark.parametrize(("share", "moved"), [(0.5, 0.76), (0.02, 0.15)])
def test_a_share_that_moves_as_far_as_is_said_is_found(share: float, moved: float):
    rng, n_compared = np.random.default_rng(6), 7 * (len(STORED["scenarios"]) + 1)
    n, trials, found = STORED["runs"], 300, 0
    for _ in range(trials):
        k, k_new = rng.binomial(n, share), rng.binomial(RUNS, moved)
        found += p_of_shares(k, n, k_new, RUNS) < FAMILY_ERROR / n_compared
    assert found / trials >= 0.9 - 3 * math.sqrt(0.9 * 0.1 / trials)
