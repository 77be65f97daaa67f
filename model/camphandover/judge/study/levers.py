"""Levers of a handover and uncertain parameters: drawn together, and made into scenarios.

A point is one setting of all levers with one record of parameters. Each point becomes a scenario
of its own that fixes both, so that as many records are met as there are points, and each point has
luck of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

from camphandover.batch.names import check_known
from camphandover.batch.plan import Model, Runner
from camphandover.batch.records import EVIDENCE
from camphandover.errors import BatchError
from camphandover.facts import Camp
from camphandover.inputs import shown, whole
from camphandover.judge.study.factors import Factor, Kind
from camphandover.judge.study.settings import DiscoverSettings
from camphandover.judge.study.study import ranged
from camphandover.libraries import np, pd
from camphandover.scenario import Scenario
from camphandover.scenario.schema import MAX_SHIFT, Receiver

MOST_NOTICE = 365
MOST_CAMPS = 6
"""With more camps there are more levers than a search of some hundred points can tell apart."""
RECEIVERS: tuple[str, ...] = get_args(Receiver)
SIDES = ("army", "separatists")
"""Those who get notice."""
STREAM = 0xD15C
"""Keeps the points apart from every other use of a seed."""


@dataclass(frozen=True)
class Design:
    """What is varied in a search.

    Attributes:
        name: Name of the scenario.
        source: That scenario, as a dict of the file's form or the path of its file.
        base: The same, resolved.
        camps: Camps whose handover is a lever.
        factors: All that varies: the drawn ones first, then what follows from them.
        fixed: Levers that have a single value, by the name of their factor.
        evidence: The set of parameters, `prior` or `hindcast`.
        notes: What of the ranges asked for could not be, in sentences.
    """

    name: str
    source: Path | Mapping[str, Any]
    base: Scenario
    camps: tuple[Camp, ...]
    factors: tuple[Factor, ...]
    fixed: dict[str, Any]
    evidence: str
    notes: tuple[str, ...]

    @property
    def drawn(self) -> list[Factor]:
        """Factors that have draws of their own."""
        return [factor for factor in self.factors if factor.kind != Kind.ORDER]

    def draw(self, n: int, seed: int, part: int = 0) -> pd.DataFrame:
        """Draw points: a Latin hypercube over levers and parameters.

        Levers are uniform over their range, parameters have the distribution of the register.

        Args:
            n: Number of points.
            seed: Of the draws.
            part: Number of the hypercube, if more than one is drawn from a seed.
        Returns:
            A column for each factor and each fixed lever, a row for each point.
        Source: McKay, Beckman & Conover 1979, three methods for selecting values of input
        variables.
        """
        from scipy.stats import qmc

        drawn = self.drawn
        rng = np.random.default_rng([seed, STREAM, part])
        u = qmc.LatinHypercube(len(drawn), rng=rng).random(n)
        columns = {factor.name: factor.quantile(u[:, i]) for i, factor in enumerate(drawn)}
        frame = pd.DataFrame(columns)
        for name, value in self.fixed.items():
            frame[name] = value
        for factor in self.factors:
            if factor.kind == Kind.ORDER:
                one, other = (lever(Kind.TIMING, camp) for camp in (factor.of, factor.other))
                apart = _apart(self.camps, factor.of, factor.other)
                frame[factor.name] = frame[one] - frame[other] + apart
        return frame

    def exits(self, frame: pd.DataFrame, camp: str) -> list[date]:
        """The day on which the UN is to leave a camp, for each point."""
        planned = next(one.planned for one in self.camps if one.place == camp)
        return [planned + timedelta(int(days)) for days in frame[lever(Kind.TIMING, camp)]]

    def form(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The scenario of a point as a dict of the file's form."""
        notice = {side: int(row[lever(Kind.NOTICE, side)]) for side in SIDES}
        camps = {
            camp.place: {
                "exit": "plan",
                "shift": int(row[lever(Kind.TIMING, camp.place)]),
                "receiver": str(row[lever(Kind.RECEIVER, camp.place)]),
                "notice": dict(notice),
            }
            for camp in self.camps
        }
        names = [factor.name for factor in self.factors if factor.kind == Kind.PARAMETER]
        own = {
            "handover": {"camps": camps},
            "parameters": {name: float(row[name]) for name in names},
        }
        if isinstance(self.source, Path):
            return {"extends": str(self.source), **own}
        return _merged(self.source, own)

    def scenarios(self, frame: pd.DataFrame, stem: str) -> list[Scenario]:
        """The scenarios of some points, called `stem0001` and so on.

        Errors:
            ScenarioError if a setting does not fit the scenario.
        """
        from camphandover import scenario

        rows = frame.to_dict("records")
        names = [f"{stem}{number:04d}" for number in range(1, len(rows) + 1)]
        return [
            scenario.load(self.form({str(key): value for key, value in row.items()}), name)
            for name, row in zip(names, rows, strict=True)
        ]


def _apart(camps: Sequence[Camp], one: str, other: str) -> int:
    """Days between the plans of two camps."""
    planned = {camp.place: camp.planned for camp in camps}
    return (planned[one] - planned[other]).days


def lever(kind: Kind, of: str) -> str:
    """The name of a lever, such as `Kidal: shift`, `Kidal: receiver`, `notice: army`."""
    return f"notice: {of}" if kind == Kind.NOTICE else f"{of}: {kind.value}"


def make_design(settings: DiscoverSettings) -> Design:
    """What is varied around a scenario.

    Args:
        settings: Of the search. Without `camps`, the UN camps whose handover is a lever are those
            that close after phase 1 in the region of the place, or in the separatists' core if
            there is none. The range of a camp's exit ends where the window begins, or the mandate
            ends; for the place itself so many days earlier that the window holds `after`.
    Errors:
        BatchError or ScenarioError that says what cannot be.
    """
    from camphandover import facts
    from camphandover import scenario as scenarios

    source, name = _source(settings.scenario)
    base = scenarios.load(source, name)
    place, evidence = settings.place, settings.evidence
    check_known("place", place, [one.name for one in facts.load().places])
    check_known("set of parameters", evidence, EVIDENCE)
    chosen = _camps(place, settings.camps)
    levers, notes = _levers(settings, base, chosen)
    unknown = [
        Factor(key, Kind.PARAMETER, low, high, best, unit=one.unit, rule=one.rule)
        for key, one in ranged(evidence).items()
        for low, best, high in [one.known(evidence)]
        if key not in base.parameters
    ]
    varied = [one for one in levers if one.is_varied]
    order = _order(place, chosen, [one for one in varied if one.kind == Kind.TIMING])
    fixed = {one.name: one.only for one in levers if not one.is_varied}
    return Design(
        name=name, source=source, base=base, camps=chosen,
        factors=(*varied, *unknown, *order), fixed=fixed, evidence=evidence, notes=tuple(notes),
    )  # fmt: skip


def _levers(
    settings: DiscoverSettings, base: Scenario, camps: Sequence[Camp]
) -> tuple[list[Factor], list[str]]:
    """Exit and receiver of each camp, and the notice of each side; what could not be as asked."""
    options = _receivers(settings.receivers)
    notice = _range("notice", settings.notice, 0, MOST_NOTICE)
    shift = _range("shift", settings.shift, -MAX_SHIFT, MAX_SHIFT)
    levers: list[Factor] = []
    notes: list[str] = []
    for camp in camps:
        name, planned = camp.place, camp.planned
        room = (settings.after or 0) if name == settings.place else 0
        timing, receiver = (lever(kind, name) for kind in (Kind.TIMING, Kind.RECEIVER))
        low, high = _shifts(camp, shift, base, room, notes)
        levers.append(Factor(timing, Kind.TIMING, low, high, of=name, planned=planned))
        levers.append(Factor(receiver, Kind.RECEIVER, options=options, of=name, unit=""))
    levers += [Factor(lever(Kind.NOTICE, s), Kind.NOTICE, *notice, of=s) for s in SIDES]
    return levers, notes


def luck_of_its_own(model: Model | None) -> Model:
    """A model whose seed is one for each scenario.

    All scenarios of a batch share their luck, run by run, which is right where two are compared.
    Here it would mean that a thousand points meet the same few draws.

    Args:
        model: Makes a replicate, as `camphandover.run` takes it; `NorthernMali` if not given.
    """
    from camphandover.batch.plan import northern_mali

    return partial(own_luck, northern_mali if model is None else model)


def own_luck(model: Model, scenario: Scenario, seed: int, *replicate: int) -> Runner:
    """A replicate with a seed made from the batch's seed and the scenario's name."""
    from camphandover.batch.replicates import fresh

    made = hashlib.sha256(f"{seed}:{scenario.name}".encode()).digest()[:8]
    own = int.from_bytes(made)
    return fresh(model, scenario, own, *replicate) if replicate else model(scenario, own)


def _source(scenario: Any) -> tuple[Path | Mapping[str, Any], str]:
    """What points extend, and its name."""
    from camphandover.scenario.library import locate

    if isinstance(scenario, Mapping):
        return scenario, "scenario"
    if not isinstance(scenario, (str, Path)):
        raise BatchError(
            f"scenario {scenario!r}: a path, a name of the library or a dict is needed."
        )
    path = locate(scenario)
    return path.resolve(), path.stem


def _camps(place: str, wanted: Sequence[str] | None) -> tuple[Camp, ...]:
    """The camps asked for, in the order of the theatre."""
    from camphandover import facts
    from camphandover.scenario.resolve import is_later

    theatre = facts.load()
    places = {one.name: one for one in theatre.places}
    if wanted is None:
        later = [camp for camp in theatre.camps if is_later(camp)]
        near = [camp for camp in later if places[camp.place].region == places[place].region]
        return tuple(near or [camp for camp in later if places[camp.place].separatist_core])
    for name in wanted:
        check_known("UN camp", name, [camp.place for camp in theatre.camps])
    if not 1 <= len(set(wanted)) <= MOST_CAMPS:
        raise BatchError(f"{len(set(wanted))} camps are varied: 1 to {MOST_CAMPS} are right.")
    return tuple(camp for camp in theatre.camps if camp.place in wanted)


def _receivers(wanted: Sequence[str] | None) -> tuple[str, ...]:
    if wanted is None:
        return RECEIVERS
    for name in wanted:
        check_known("receiver", name, RECEIVERS)
    if not wanted:
        raise BatchError(f"no receiver is left: name one of {', '.join(RECEIVERS)}.")
    return tuple(name for name in RECEIVERS if name in wanted)


def _range(what: str, given: Any, least: int, most: int) -> tuple[int, int]:
    try:
        low, high = (whole(what, days, least, most) for days in given)
        if low <= high:
            return low, high
    except (TypeError, ValueError):
        pass
    raise BatchError(
        f"{what} is {shown(given)}: two numbers of days, the lower one first, from {least} to "
        f"{most} are needed."
    )


def _shifts(
    camp: Camp, shift: tuple[int, int], base: Scenario, room: int, notes: list[str]
) -> tuple[int, int]:
    """The range of a camp's shift within the window and the mandate."""
    last = base.window.end if camp.liquidation else min(base.window.end, base.mandate_end)
    last = min(last, base.window.end - timedelta(room))
    low = max(shift[0], (base.window.start - camp.planned).days)
    high = min(shift[1], (last - camp.planned).days)
    if low > high:
        raise BatchError(
            f"shift {shift[0]} to {shift[1]} of {camp.place}: its plan is {camp.planned}, and an "
            f"exit from {base.window.start} to {last} is needed."
        )
    if (low, high) != shift:
        notes.append(
            f"{camp.place} is shifted by {low} to {high} days only: the UN can leave it from "
            f"{camp.planned + timedelta(low)} to {camp.planned + timedelta(high)}."
        )
    return low, high


def _order(place: str, camps: Sequence[Camp], timings: list[Factor]) -> list[Factor]:
    """Who is left after whom: of the place's camp and each other one, or of all pairs."""
    by_camp = {timing.of: timing for timing in timings}
    if place in by_camp:
        pairs = [(place, other) for other in by_camp if other != place]
    else:
        pairs = [(b, a) for a, b in combinations(by_camp, 2)]
    found = []
    for one, other in ((by_camp[a], by_camp[b]) for a, b in pairs):
        apart = _apart(camps, one.of, other.of)
        low, high = one.low - other.high + apart, one.high - other.low + apart
        name = f"{one.of} after {other.of}"
        found.append(Factor(name, Kind.ORDER, low, high, of=one.of, other=other.of))
    return found


def _merged(form: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """A dict with another one laid over it, level by level."""
    merged = dict(form)
    for key, value in over.items():
        below = merged.get(key)
        is_both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(below, value) if is_both else value  # type: ignore[arg-type]
    return merged
