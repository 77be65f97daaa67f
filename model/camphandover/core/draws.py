"""Random draws addressed by what they decide.

A draw is a pure function of (seed, replicate, decision, entity, time): Philox4x32-10 keyed by the
seed. There is no stream, so nothing that happens elsewhere can change the luck of this decision
(common random numbers by construction), and every distribution is the inverse of its CDF at one
uniform, so a better chance never gives a worse result.

Source: Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3; RULES I4.
"""

import hashlib
import math
from enum import IntEnum
from typing import NamedTuple, NewType

import numpy as np

from camphandover.core.compiled import compiled, declare
from camphandover.inputs import whole

MAX_SEED, MAX_REPLICATE = 2**64 - 1, 2**32 - 1


class Key(NamedTuple):
    """What all draws of one run share: the seed's two halves and the replicate."""

    low: int
    high: int
    replicate: int


Word = np.uint64
"""A 32-bit number in 64 bits: what Philox works on."""
Table = NewType("Table", np.ndarray)
"""A quantile table, shape (point,)."""

declare(Key, Key(0, 0, 0))
declare(Word, np.uint64(0))
declare(Table, np.zeros(2))


class Decision(IntEnum):
    """What a draw decides. Numbers never change meaning; new decisions take new numbers."""

    ACTOR_ORDER = 1
    EXIT_ERROR = 2
    EARLY_EXIT = 3
    CLEAR_TRUCKS = 4
    CLEAR_FLIGHT = 5
    JOINT_LEAVE = 8
    TRUCE_BREACH = 9
    TRAVEL_SPEED = 10
    TRAVEL_IEDS = 11
    TRAVEL_IED_DELAY = 12
    TRAVEL_HALTS = 13
    IED_PLACE = 14
    IED_WOUNDED = 15
    IED_DEAD = 16
    BREAKDOWN = 17
    SHIPMENT_PASSAGE = 18
    SORTIE = 19
    DESERTION = 20
    SURPRISE = 21
    VBIED = 22
    LOSS_ATTACKER = 23
    LOSS_DEFENDER = 24
    NOISE_ATTACKER = 25
    NOISE_DEFENDER = 26
    BREAK_ATTACKER = 27
    BREAK_DEFENDER = 28
    DOUBLE_BREAK = 29
    KILLED = 30
    ROUT = 31
    HOLD_HOURS = 33
    REENTRY = 34
    REFUSE = 35
    PERCEPTION = 36
    CHOICE = 37
    TEMPO = 38
    TEMPO_THINNING = 39
    PAUSE = 40
    AIRLIFT = 41
    AMBUSH = 42
    ATTACK_HOUR = 43
    BUFFER = 45
    TEMPO_START = 46
    PERCEPTION_HOLD = 47
    PERCEPTION_REFUSE = 48
    SORTIES = 49
    SORTIES_AWAY = 50
    DETECT = 51
    STRIKE_CHOICE = 52
    STRIKE_VEHICLES = 53
    STRIKE_FIGHTERS = 54
    STRIKE_CIVILIANS = 55
    AIRCRAFT_LOSS = 56
    LANDING = 57
    ABUSE_EVENTS = 58
    ABUSE_PLACE = 59
    ABUSE_DEATHS = 60
    RELATION = 61
    JOINT_ASSAULT = 62
    COORDINATED_DAY = 63
    SKIRMISH = 64
    SIEGE_EASE = 65
    CORE_SIEGE = 66
    GUERRILLA_THINNING = 67
    OUTSIDE_RAID = 68
    LADDER = 69
    SHARE_OFFER = 70
    TALKS = 71
    HELP = 72
    HELP_DELAY = 73
    HELP_SIZE = 74
    CRISIS = 75
    CLAIM_OWN = 76
    CLAIM_ENEMY = 77
    SILENCE = 78
    REVISION = 79
    REVISION_SIZE = 80
    CLAIM_HOUR = 81
    DENIAL = 82
    CONFIRM = 83
    NEVER_SEEN = 84
    MISPLACED = 85
    TRUCE_MADE = 86
    STRIKE = 87
    ABUSE_KIND = 88
    DELAY = 89


FAR = 300.0
"""Mean from which a sequential search does not begin at zero."""

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


@compiled
def philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word):
    """Philox4x32-10: four 32-bit numbers (as uint64) from a counter of four and a key of two.

    Source: Salmon et al. 2011; checked against the published known-answer vectors.
    """
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@compiled
def uniform(key: Key, decision: int, entity: int, time: int):
    """The uniform number in the open interval (0, 1), 52 bits, of one decision.

    Args:
        key: Key of the run.
        decision: Code of `Decision`.
        entity: Stable id of what it is decided for, 0 <= entity < 2**32.
        time: Day or hour since 1970, or a count, 0 <= time < 2**32.
    """
    x0, x1, _, _ = philox(
        np.uint64(key.replicate),
        np.uint64(decision),
        np.uint64(entity),
        np.uint64(time),
        np.uint64(key.low),
        np.uint64(key.high),
    )
    return (float(x0 >> np.uint64(6)) * 67108864.0 + float(x1 >> np.uint64(6)) + 0.5) / 2.0**52


@compiled
def normal(u: float):
    """Standard normal quantile at `u`. Source: Wichura 1988, AS 241 (PPND7), error under 1e-6."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
        return q * top / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0)
    r = math.sqrt(-math.log(min(u, 1.0 - u)))
    if r <= 5.0:
        r -= 1.6
        top = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
        value = top / ((0.12021132975 * r + 0.73700164250) * r + 1.0)
    else:
        r -= 5.0
        top = ((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150
        value = top / ((0.012258202635 * r + 0.24197894225) * r + 1.0)
    return -value if q < 0.0 else value


@compiled
def lognormal(median: float, sd: float, u: float):
    """Log-normal quantile with this median and standard deviation of the logarithm."""
    return median * math.exp(sd * normal(u))


@compiled
def exponential(mean: float, u: float):
    """Exponential quantile with this mean."""
    return -mean * math.log1p(-u)


@compiled
def gumbel(u: float):
    """Standard Gumbel quantile: the largest of utility + Gumbel is a logit choice."""
    return -math.log(-math.log(u))


@compiled
def search(u: float, first: int, top: int, mass: float, scale: float, size: float, slope: float):
    """Quantile at `u` of a count by sequential search from `first`, which has this mass, to `top`.

    Each mass is the one before times `scale * (size + slope * (k - 1)) / k`.
    """
    k = first
    total = mass
    while total < u and k < top:
        k += 1
        mass *= scale * (size + slope * (k - 1)) / k
        total += mass
    return k


@compiled
def poisson(mean: float, u: float):
    """Poisson quantile, a whole number.

    For a large mean the search begins twelve deviations below it, where less than 1e-30 is left.
    """
    if mean <= 0.0:
        return 0
    width = 12.0 * math.sqrt(mean) + 30.0
    k = 0
    p = math.exp(-mean)
    if mean > FAR:
        k = int(mean - width)
        p = math.exp(k * math.log(mean) - mean - math.lgamma(k + 1.0))
    return search(u, k, int(mean + width), p, mean, 1.0, 0.0)


@compiled
def binomial_low(n: int, p: float, u: float):
    """Binomial quantile for `p` up to one half, with the search of `poisson`."""
    mean = n * p
    k = 0
    mass = math.exp(n * math.log1p(-p))
    if mean > FAR:
        k = max(0, int(mean - 12.0 * math.sqrt(mean) - 30.0))
        ways = math.lgamma(n + 1.0) - math.lgamma(k + 1.0) - math.lgamma(n - k + 1.0)
        mass = math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))
    return search(u, k, n, mass, p / (1.0 - p), float(n), -1.0)


@compiled
def binomial(n: int, p: float, u: float):
    """Binomial quantile: successes among `n` trials of chance `p`."""
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    if p > 0.5:
        return n - binomial_low(n, 1.0 - p, 1.0 - u)
    return binomial_low(n, p, u)


@compiled
def negative_binomial(mean: float, shape: float, u: float):
    """Negative binomial quantile with this mean and dispersion (variance mean + mean^2/shape)."""
    if mean <= 0.0:
        return 0
    q = mean / (mean + shape)
    p = math.exp(shape * math.log1p(-q))
    return search(u, 0, int(60.0 * (mean + 5.0)), p, q, shape, 1.0)


@compiled
def erlang(shape: int, mean: float, u: float):
    """Gamma quantile for a whole `shape`, by bracketed Newton steps on its closed CDF."""
    low = 0.0
    high = shape + 12.0 * math.sqrt(shape) + 30.0
    root = 1.0 - 1.0 / (9.0 * shape) + normal(u) / (3.0 * math.sqrt(shape))
    x = max(0.05, shape * root * root * root)
    for _ in range(60):
        term = math.exp(-x)
        tail = term
        for k in range(1, shape):
            term *= x / k
            tail += term
        gap = 1.0 - tail - u
        if gap > 0.0:
            high = x
        else:
            low = x
        step = gap / term if term > 0.0 else math.inf
        nxt = x - step
        if not (low < nxt < high):
            nxt = 0.5 * (low + high)
        if abs(nxt - x) <= 1e-12 * (1.0 + x):
            x = nxt
            break
        x = nxt
    return x * mean / shape


@compiled
def from_table(table: Table, u: float):
    """Quantile at `u` from a table made by `quantile_grid`, by linear interpolation."""
    n = len(table) - 1
    t = math.asin(math.sqrt(u)) * (2.0 / math.pi) * n
    i = min(int(t), n - 1)
    return table[i] + (t - i) * (table[i + 1] - table[i])


def quantile_grid(points: int) -> np.ndarray:
    """Probabilities at which a quantile table is made: sin^2 spaced, so dense in both tails."""
    return np.sin(0.5 * np.pi * np.linspace(0.0, 1.0, points)) ** 2


class Turn(NamedTuple):
    """From a day on a run has the luck of an address: what follows a particle of a filter.

    Attributes:
        day: First day, days since 1970-01-01.
        replicate: Whose luck: a slot of the filter, or a replicate.
        stage: Day on which the slot was given to a copy; 0 for the plain luck of a replicate.
    """

    day: int
    replicate: int
    stage: int


def key_of(seed: int, replicate: int, stage: int = 0) -> Key:
    """Key of one run.

    Args:
        stage: Other luck for the same replicate; 0 for its own.

    Raises:
        BatchError: seed or replicate is no whole number from 0 to its maximum.
    """
    seed = whole("seed", seed, 0, MAX_SEED)
    replicate = whole("replicate", replicate, 0, MAX_REPLICATE)
    if stage:
        digest = hashlib.sha256(f"{seed} {stage}".encode()).digest()
        seed = int.from_bytes(digest[:8], "little")
    return Key(seed & 0xFFFFFFFF, seed >> 32, replicate)
