"""The filter in a world whose answer can be enumerated, and its resampling."""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import pairwise, product

import numpy as np
import pytest

from camphandover.known.filter import HARDLY, RESAMPLE_BELOW, Filter, resampled
from camphandover.known.news import Look, Seen, Told

FIRST = date(2023, 8, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(6)]
SAID = (0, 1, 1, 2, 0, 1)
"""What the record says of the chain's state at the end of each day."""
ERROR = 0.1
START = np.array([0.6, 0.3, 0.1])
STEP = np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.1, 0.3, 0.6]])
HOLDERS = 6
"""How many the record may name: of one that is wrong each other has the same chance."""


class Chain:
    """A Markov chain of three states, many times: a swarm."""

    def __init__(self, n: int, seed: int) -> None:
        self.n, self.draws = n, np.random.default_rng(seed)
        self.states = self.draws.choice(3, n, p=START)
        self.day = 0

    def play(self, last: int) -> None:
        """Move to the end of a day."""
        for _ in range(self.day, last - Look(FIRST, 1, 0, ()).number):
            ups = self.draws.random(self.n)
            self.states = (ups[:, None] > STEP[self.states].cumsum(axis=1)).sum(axis=1)
            self.day += 1

    def see(self) -> Seen:
        """The state is who holds the one slot."""
        holders = self.states.reshape(self.n, 1, 1).astype(np.int8)
        told = np.zeros((self.n, 6, 2))
        errors = {"record_error_high": np.full(self.n, ERROR)}
        return Seen(holders, np.zeros(holders.shape), told, errors)

    def copy(self, parents: np.ndarray, stage: int) -> None:
        """Copies draw on from the one generator, so each has luck of its own."""
        self.states = self.states[parents]


def looks() -> list[Look]:
    return [
        Look(day, 1, 0, (Told(0, 0, said, day, "high"),))
        for day, said in zip(DAYS, SAID, strict=True)
    ]


def enumerated() -> tuple[float, np.ndarray]:
    """The evidence of all that is said, and the chances of the last state given it."""
    joint = np.zeros(3)
    for path in product(range(3), repeat=len(SAID)):
        chance = START[path[0]] * math.prod(STEP[a, b] for a, b in pairwise(path))
        for state, said in zip(path, SAID, strict=True):
            chance *= 1.0 - ERROR if state == said else ERROR / (HOLDERS - 1)
        joint[path[-1]] += chance
    return float(joint.sum()), joint / joint.sum()


def filtered(n: int, seed: int) -> tuple[Filter, np.ndarray]:
    """A filter that has seen all looks, and the weights of the chain's states then."""
    swarm = Chain(n, seed)
    found, shares = Filter(swarm, seed), np.zeros(3)
    for _ in found.run(looks()):
        shares = np.bincount(swarm.states, found.weights, minlength=3)
    return found, shares


def test_the_evidence_is_unbiased_and_the_states_are_those_of_an_enumeration():
    evidence, chances = enumerated()
    filters = [filtered(20, seed) for seed in range(200)]
    estimates = np.array([math.exp(one.log_evidence) for one, _ in filters])
    resamplings = [sum(stage.parents is not None for stage in one.stages) for one, _ in filters]
    assert min(resamplings) >= 1
    assert np.mean(resamplings) > 2
    error = estimates.std(ddof=1) / math.sqrt(len(estimates))
    assert error < 0.1 * evidence
    assert abs(estimates.mean() - evidence) < 2 * error
    _, shares = filtered(20_000, 7)
    assert shares == pytest.approx(chances, abs=0.015)


def test_the_last_look_leaves_equal_weights_and_the_same_answer():
    _, chances = enumerated()
    swarm = Chain(20_000, 3)
    found = Filter(swarm, 3)
    list(found.run(looks(), looks()[-1]))
    assert found.weights == pytest.approx(np.full(swarm.n, 1 / swarm.n))
    assert np.bincount(swarm.states) / swarm.n == pytest.approx(chances, abs=0.015)
    assert set(found.roots) < set(range(swarm.n))


def test_what_hardly_any_particle_meets_is_told_with_its_share():
    swarm = Chain(1000, 5)
    told = (Told(0, 0, 5, FIRST, "high"), Told(0, 0, 0, FIRST, "high"))
    swarm.states[:] = 1
    swarm.states[:3] = 0
    found = Filter(swarm, 5)
    list(found.run([Look(FIRST, 1, 0, told)]))
    assert [(one.n, one.share) for one in found.unmet] == [(0, 0.0), (3, pytest.approx(0.003))]
    assert HARDLY > 0.003
    assert found.unmet[1].what == "Kidal camp: army since 2023-08-01 (high)"
    assert found.stages[0].agreement == pytest.approx(0.0015)


WEIGHTS = np.array([0.6, 0.3, *[0.1 / 8] * 8])


def test_resampling_keeps_survivors_in_their_slots_and_counts_near_their_shares():
    n = len(WEIGHTS)
    counts = []
    for seed in range(2000):
        parents = resampled(WEIGHTS, [seed])
        count = np.bincount(parents, minlength=n)
        assert np.abs(count - n * WEIGHTS).max() < 1
        survivors = np.flatnonzero(count)
        assert (parents[survivors] == survivors).all()
        counts.append(count)
    spread = np.std(counts, axis=0) / math.sqrt(len(counts))
    assert (np.abs(np.mean(counts, axis=0) - n * WEIGHTS) < 3 * spread + 1e-12).all()


def test_the_first_slots_are_as_good_a_sample_as_all():
    draws = np.random.default_rng(1)
    heavy = []
    for seed in range(6000):
        order = draws.permutation(len(WEIGHTS))
        heavy.append((order[resampled(WEIGHTS[order], [seed])[:3]] == 0).mean())
    error = np.std(heavy) / math.sqrt(len(heavy))
    assert np.mean(heavy) == pytest.approx(WEIGHTS[0], abs=3 * error)
    assert error < 0.005


def test_even_weights_are_never_resampled():
    swarm = Chain(50, 1)
    found = Filter(swarm, 1)
    list(found.run([Look(day, 1, 0, ()) for day in DAYS], Look(DAYS[-1], 1, 0, ())))
    assert all(stage.parents is None for stage in found.stages)
    assert found.log_evidence == pytest.approx(0.0, abs=1e-12)
    assert found.effective == pytest.approx(50)
    assert RESAMPLE_BELOW < 1
