"""The scores of one scenario as rows of tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np

from camphandover.batch.cubes import HOLDERS
from camphandover.judge.score.dates import central, coverage, crps, pit, quantiles
from camphandover.judge.score.scored import MODEL, Scored
from camphandover.judge.score.scores import MEASURES, N_BINS, reliability

HORIZONS = (7, 30, 60, 90)
"""Days after the origin (RULES, section 10)."""
PATH = "path"
DATES, ALL_DATES = "event dates", "all dates"
"""Horizons of the CRPS: of events that happened, and of all that could have."""
TURN_COLUMNS = ("scenario", "date", "place", "slot", "region", "before", "after", "kidal")
LOG = MEASURES.index("log")

Rows = Iterator[dict[str, Any]]


def score_rows(s: Scored) -> Rows:
    """Mean losses by group of places, horizon, forecast and measure, and the model's skill."""
    for split, mask in s.splits.items():
        units = np.flatnonzero(mask)
        if len(units) == 0:
            continue
        for horizon, days in _horizons(s.window.n_days).items():
            weight = s.weights[units, days]
            loss = {
                name: (values[units, days] * weight[..., None]).sum(axis=1)
                for name, values in s.losses.items()
            }
            for i, measure in enumerate(MEASURES):
                by_name = {name: values[:, i] for name, values in loss.items()}
                about = {"split": split, "horizon": horizon, "measure": measure}
                yield from _rows(s, units, by_name, weight.sum(axis=1), about)
        yield from _date_rows(s, split, mask)


def _horizons(n_days: int) -> dict[str, slice]:
    """By name, the days that are scored: all, or the one so many days after the origin."""
    single = {f"{h} d": slice(h - 1, h) for h in HORIZONS if h <= n_days}
    return {PATH: slice(None), **single}


def _date_rows(s: Scored, split: str, mask: np.ndarray) -> Rows:
    """The same for dates of events, those left out that the scenario gives."""
    scored = {name: crps(mass, s.dates) for name, mass in s.masses.items()}
    open_ = mask[s.event_units] & ~s.given
    for horizon, chosen in ((DATES, open_ & s.happened), (ALL_DATES, open_)):
        events = np.flatnonzero(chosen)
        if len(events):
            weight = s.event_weights[events]
            by_name = {name: values[events] * weight for name, values in scored.items()}
            about = {"split": split, "horizon": horizon, "measure": "crps"}
            yield from _rows(s, s.event_units[events], by_name, weight, about)


def _rows(
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
        skill = drawn.skill(loss[MODEL], values)
        row: dict[str, Any] = {"scenario": s.scenario, **about, "forecast": name}
        row |= {"score": mean.value, "low": mean.low, "high": mean.high}
        if name != MODEL:
            row |= {"skill": skill.value, "skill_low": skill.low, "skill_high": skill.high}
        yield row | {"n": len(units), "blocks": drawn.kind, "n_blocks": drawn.n}


def day_rows(s: Scored) -> Rows:
    """Mean losses of each day, by group of places and forecast."""
    for split, mask in s.splits.items():
        total = s.weights[mask].sum(axis=0)
        for name, values in s.losses.items() if mask.any() else ():
            means = (values[mask] * s.weights[mask][..., None]).sum(axis=0) / total[:, None]
            for day, mean in enumerate(means):
                about = {"scenario": s.scenario, "split": split, "forecast": name}
                yield about | {"date": _date(s, day)} | _measures(mean)


def place_rows(s: Scored) -> Rows:
    """Where the losses come from: mean losses of each slot, and its part of the model's log loss;
    the days on which the model gave the truth less than one half, and the span of those."""
    total = (s.losses[MODEL][..., LOG] * s.weights).sum()
    for unit, (place, slot) in enumerate(zip(s.units.places, s.units.slots, strict=True)):
        wrong = np.flatnonzero(s.losses[MODEL][unit, :, LOG] > np.log(2))
        for name, values in s.losses.items():
            weighted = (values[unit] * s.weights[unit][:, None]).sum(axis=0)
            row: dict[str, Any] = {"scenario": s.scenario, "place": place.name, "slot": slot}
            row |= {"forecast": name} | _measures(weighted / s.weights[unit].sum())
            row["part_of_log"] = weighted[LOG] / total if name == MODEL else np.nan
            if name == MODEL:
                row["days_wrong"] = len(wrong)
                row["wrong_from"] = _date(s, wrong[0]) if len(wrong) else None
                row["wrong_to"] = _date(s, wrong[-1]) if len(wrong) else None
            yield row


def _measures(mean: np.ndarray) -> dict[str, float]:
    return {name: float(value) for name, value in zip(MEASURES, mean, strict=True)}


def reliability_rows(s: Scored) -> Rows:
    """How often what the model gave a probability came true, by five bins of the probability."""
    for split, mask in s.splits.items():
        if not mask.any():
            continue
        drawn = s.blocks(np.flatnonzero(mask))
        bins = reliability(s.p[MODEL][mask], s.truth[mask], s.weights[mask])
        for i in range(N_BINS):
            weight = bins.weight[:, i]
            came = drawn.ratio(bins.came[:, i], weight)
            mean = bins.p[:, i].sum() / weight.sum() if weight.sum() > 0 else np.nan
            yield {
                "scenario": s.scenario, "split": split,
                "bin_low": bins.edges[i], "bin_high": bins.edges[i + 1], "n": int(bins.n[i]),
                "n_slots": int((weight > 0).sum()), "p": float(mean),
                "came": came.value, "low": came.low, "high": came.high,
            }  # fmt: skip


def event_rows(s: Scored) -> Rows:
    """The date of each event that may happen: in the record, of the model, and what is lost."""
    mass = s.masses[MODEL]
    bounds = {level: central(mass, level) for level in (0.5, 0.9)}
    scored = {name: crps(values, s.dates) for name, values in s.masses.items()}
    ranks, middle = pit(mass, s.dates), quantiles(mass, 0.5)
    for i, event in enumerate(s.events):
        row: dict[str, Any] = {
            "scenario": s.scenario,
            "place": s.units.places[event.unit].name,
            "slot": s.units.slots[event.unit],
            "event": event.what,
            "record": _date(s, s.dates[i]),
            "given": bool(s.given[i]),
            "p_happens": float(1 - mass[i, -1]),
            "median": _date(s, middle[i]),
        }
        for level, (low, high) in bounds.items():
            row[f"low_{level * 100:.0f}"] = _date(s, low[i])
            row[f"high_{level * 100:.0f}"] = _date(s, high[i])
        row |= {"pit": float(ranks[i]), "weight": float(s.event_weights[i])}
        yield row | {f"crps_{name}": float(values[i]) for name, values in scored.items()}


def coverage_rows(s: Scored) -> Rows:
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
        for row in coverage(s.masses[MODEL][chosen], s.dates[chosen]):
            yield {"scenario": s.scenario, "events": which, **row}


def turn_rows(s: Scored) -> Rows:
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


def _date(s: Scored, day: int) -> Any:
    """A day of the window as a date; None if it is past it: the event does not happen."""
    if day >= s.window.n_days:
        return None
    return s.window.first + timedelta(days=int(day))
