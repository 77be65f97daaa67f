"""The invariants I1-I6 of RULES, section 0, on every scenario of the library."""

import re
from datetime import date, timedelta
from functools import cache
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from camphandover import facts, scenario
from camphandover.agents.model import NorthernMali, Record
from camphandover.batch.batch import origin as origin_of
from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.deploy import day_number
from camphandover.known.origin import Origin

FILES = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
NAMES = [file.stem for file in FILES]
REPLICATES = range(4)
ORIGIN = date(2023, 9, 17)
"""T0 of RULES, section 0: what happened later is hindsight."""

MEN_BOOKS = ("dead", "wounded", "captured", "missing", "deserted", "departed")
VEHICLE_BOOKS = ("vehicles_lost", "vehicles_broken", "vehicles_departed")


@cache
def model(name: str) -> NorthernMali:
    return NorthernMali(name, seed=11)


@cache
def origin(name: str) -> Origin | None:
    """Particles of the past of a scenario that goes on from what was known, a few."""
    if scenario.load(name).known.until is None:
        return None
    return origin_of(name, 11, particles=20)


def run_of(of: NorthernMali, name: str, replicate: int) -> Record:
    """A replicate of a scenario; of one with a past along the turns of its particle."""
    past = origin(name)
    if past is None:
        return of.run(replicate)
    return of.run(past.root(replicate), past.turns(replicate))


@cache
def played(name: str, replicate: int) -> tuple[NorthernMali, st.State, Record]:
    """The model, the state at the window's end, and the record of one run."""
    played_model = model(name)
    record = run_of(played_model, name, replicate)
    return played_model, st.copy_state(played_model.state), record


def in_units(state: st.State, column: str) -> np.ndarray:
    """Sum of a column of `units` by side."""
    return np.bincount(state.units["side"], state.units[column], len(st.Side)).astype(int)


def assert_conserved(state: st.State, when: str) -> None:
    """I1: every man and vehicle is somewhere, side by side."""
    books = state.sides
    men = in_units(state, "men") + sum(books[name] for name in MEN_BOOKS)
    assert np.array_equal(men, books["mustered"] + books["recruited"]), f"men, {when}"
    vehicles = in_units(state, "vehicles") + sum(books[name] for name in VEHICLE_BOOKS)
    total = books["vehicles_mustered"] + books["vehicles_looted"]
    assert np.array_equal(vehicles, total), f"vehicles, {when}"
    for table, columns in ((state.sides, (*MEN_BOOKS, *VEHICLE_BOOKS)), (state.units, UNIT_COUNTS)):
        for column in columns:
            assert table[column].min() >= 0, f"{column} is negative, {when}"


UNIT_COUNTS = ("men", "vehicles", "supply", "missing", "loot")


# --- I1: men and vehicles are conserved


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("replicate", REPLICATES)
def test_i1_men_and_vehicles_are_conserved(name: str, replicate: int) -> None:
    _, state, _ = played(name, replicate)
    assert_conserved(state, f"{name}, replicate {replicate}")
    mustered = state.sides["mustered"]
    assert (mustered[st.WAGNER] > 0) == scenario.load(name).foreign.wagner
    assert mustered[[st.ARMY, st.SEPARATISTS, st.GSIM, st.MINUSMA]].min() > 0


@pytest.mark.parametrize("name", ["to-separatists"])
def test_i1_men_and_vehicles_are_conserved_every_day(name: str) -> None:
    daily = NorthernMali(name, seed=12)
    while not daily.finished:
        daily.step()
        assert_conserved(daily.state, f"{name}, {daily.date:%Y-%m-%d}")
    assert daily.state.sides["dead"].sum() > 0
    assert daily.state.sides["vehicles_lost"].sum() > 0


@pytest.mark.parametrize("name", NAMES)
def test_i1_loot_comes_from_what_others_lost(name: str) -> None:
    for replicate in REPLICATES:
        _, state, _ = played(name, replicate)
        assert state.sides["vehicles_looted"].sum() <= state.sides["vehicles_lost"].sum()


@pytest.mark.parametrize("name", NAMES)
def test_i1_series_agree_with_the_books(name: str) -> None:
    _, state, record = played(name, 0)
    for column in ("men", "vehicles"):
        assert np.array_equal(record.series[column][-1], in_units(state, column))
    for column in ("dead", "wounded", "captured", "deserted"):
        assert np.array_equal(record.series[column][-1], state.sides[column])
        assert np.diff(record.series[column], axis=0).min() >= 0


# --- I2: one holder per slot and hour


def control_rows(events: np.ndarray, place: int, slot: int) -> np.ndarray:
    """The CONTROL rows of one slot, as written."""
    mine = (events["kind"] == log.CONTROL) & (events["place"] == place) & (events["slot"] == slot)
    return events[mine]


@pytest.mark.parametrize("name", NAMES)
def test_i2_changes_of_control_chain(name: str) -> None:
    start = {st.CAMP: model(name).world.state.places["camp_holder"]}
    start[st.TOWN] = model(name).world.state.places["town_holder"]
    changes = 0
    for replicate in REPLICATES:
        _, _, record = played(name, replicate)
        for slot, holders in start.items():
            for place, holder in enumerate(holders):
                rows = control_rows(record.events, place, slot)
                changes += len(rows)
                assert (
                    rows["before"].tolist()
                    == [int(holder), *rows["after"][:-1].tolist()][: len(rows)]
                )
                assert (rows["before"] != rows["after"]).all()
    assert changes > 0


@pytest.mark.parametrize("name", NAMES)
def test_i2_changes_of_one_slot_are_in_the_order_of_their_hours(name: str) -> None:
    late = []
    for replicate in REPLICATES:
        world, _, record = played(name, replicate)
        for place, called in enumerate(world.world.places):
            for slot in (st.CAMP, st.TOWN):
                hours = control_rows(record.events, place, slot)["hour"]
                late += [(replicate, called, slot, h) for h in hours[1:][np.diff(hours) < 0]]
    assert late == []


@pytest.mark.parametrize("name", NAMES)
def test_i2_ledger_and_cube_agree_at_midnight(name: str) -> None:
    for replicate in REPLICATES:
        played_model, _, record = played(name, replicate)
        world = played_model.world
        start = np.stack([world.state.places["camp_holder"], world.state.places["town_holder"]], 1)
        midnights = (world.first + 1 + np.arange(record.control.shape[2])) * 24.0
        for place in range(len(world.places)):
            for slot in (st.CAMP, st.TOWN):
                rows = control_rows(record.events, place, slot)
                held = np.concatenate([[start[place, slot]], rows["after"]])
                told = held[np.searchsorted(rows["hour"], midnights)]
                where = f"{world.places[place]}, slot {slot}, replicate {replicate}"
                assert np.array_equal(told, record.control[place, slot]), where


@pytest.mark.parametrize("name", NAMES)
def test_i2_holders_have_codes_and_the_cube_is_full(name: str) -> None:
    for replicate in REPLICATES:
        control = played(name, replicate)[2].control
        assert control.min() >= 0
        assert control.max() < len(st.Holder)


@pytest.mark.parametrize("name", NAMES)
def test_i2_causes_point_to_earlier_rows(name: str) -> None:
    for replicate in REPLICATES:
        events = played(name, replicate)[2].events
        assert (events["cause"] >= -1).all()
        assert (events["cause"] < np.arange(len(events))).all()
        changes = events[events["kind"] == log.CONTROL]
        assert (changes["cause"] >= 0).any()


@pytest.mark.parametrize("name", NAMES)
def test_i2_rows_fall_into_the_window(name: str) -> None:
    world = model(name).world
    for replicate in REPLICATES:
        hours = played(name, replicate)[2].events["hour"]
        assert hours.min() >= world.first * 24
        assert hours.max() <= (world.last + 1) * 24 + model(name).params.fight_hours_max


# --- I3: probabilities and shares


@pytest.mark.parametrize("name", NAMES)
def test_i3_probabilities_of_the_ledger(name: str) -> None:
    for replicate in REPLICATES:
        p = played(name, replicate)[2].events["p"]
        drawn = p[~np.isnan(p)]
        assert len(drawn) > 0
        assert drawn.min() >= 0.0
        assert drawn.max() <= 1.0


def test_i3_influence_shares_sum_to_one_every_day() -> None:
    daily = NorthernMali("negotiated", seed=13)
    while not daily.finished:
        daily.step()
        phi = daily.state.presence["phi"][: st.MINUSMA - 1]
        assert phi.min() >= 0.0
        total = phi.sum(axis=0)
        assert np.isclose(total, 1.0, atol=1e-12).all()


def test_i3_parameters_that_are_chances_or_shares_lie_in_0_1() -> None:
    checked = 0
    for parameter in facts.load().parameters.values():
        if re.match(r"(mean )?(chance|share)\b(?! per 100)", parameter.unit):
            checked += 1
            assert 0.0 <= parameter.low <= parameter.best <= parameter.high <= 1.0, parameter.name
    assert checked > 20


def test_i3_support_shares_leave_room_for_nobody() -> None:
    for place in facts.load().places:
        shares = (place.support_army, place.support_separatists, place.support_gsim)
        assert min(shares) >= 0.0
        assert sum(shares) <= 1.0 + 1e-9, place.name


# --- I4: same seed, same bytes


def as_bytes(record: Record) -> tuple[bytes, bytes, bytes]:
    return record.control.tobytes(), record.series.tobytes(), record.events.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_i4_same_seed_same_bytes(name: str) -> None:
    again = NorthernMali(name, seed=11)
    for replicate in reversed(REPLICATES):
        assert as_bytes(run_of(again, name, replicate)) == as_bytes(played(name, replicate)[2])


def test_i4_seed_and_replicate_both_count() -> None:
    records = [NorthernMali("on-schedule", seed).run(r) for seed, r in ((1, 0), (2, 0), (1, 1))]
    assert len({as_bytes(record) for record in records}) == 3


# --- I5: nothing of the prior was known only after T0

LATER = re.compile(r"\b([Oo]ct|[Nn]ov|[Dd]ec)\w*\b|\b2024\b|\b(1[89]|2\d|30) Sep|hindsight|\(H\b")
"""Words that date something after T0, or call it hindsight."""


def test_i5_parameters_set_from_later_events_are_marked() -> None:
    unmarked = [
        parameter.name
        for parameter in facts.load().parameters.values()
        if parameter.evidence != "H"
        and LATER.search(f"{parameter.source} {parameter.note}")
        and "hindsight" not in parameter.note
    ]
    assert unmarked == []


PRIOR = {"exit_error_sd": 10.0, "pause_mean": 20.0, "clear_insurgent": 0.1, "joint_leave": 0.3}
"""Where RULES gives a prior and a hindsight value: R6.1, R5.3, R6.2, R6.6."""


def test_i5_best_values_are_the_prior_where_rules_gives_both() -> None:
    parameters = facts.load().parameters
    assert {name: parameters[name].known("prior")[1] for name in PRIOR} == PRIOR
    for name in ("clear_insurgent", "joint_leave", "claim_enemy"):
        assert parameters[name].known("hindcast")[1] != parameters[name].known("prior")[1]


def test_i5_what_later_events_have_set_has_a_prior_and_nothing_else_has() -> None:
    parameters = facts.load().parameters.values()
    assert {p.name for p in parameters if p.prior} == {
        p.name for p in parameters if p.evidence == "H"
    }
    for parameter in parameters:
        if parameter.prior is not None:
            assert parameter.prior != (parameter.low, parameter.best, parameter.high)
            low, best, high = parameter.prior
            assert low <= best <= high


@pytest.mark.parametrize("name", NAMES)
def test_i5_scenarios_do_not_set_hindsight_parameters(name: str) -> None:
    parameters = facts.load().parameters
    for parameter in scenario.load(name).parameters:
        assert parameters[parameter].evidence != "H"


def test_i5_what_is_known_from_outside_ends_before_the_forecast_begins() -> None:
    later = {event.date for event in facts.load().calendar if event.date >= ORIGIN}
    assert later, "rows for runs that go on from a later day"
    model = NorthernMali("on-schedule", seed=1)
    known = model.state.calendar["day"] <= model.state.conflict["calendar_until"][0]
    days = model.state.calendar["day"][~known]
    assert {date(1970, 1, 1) + timedelta(days=int(day)) for day in days} == later


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_i5_actual_dates_only_where_the_file_asks_for_them(file: Path) -> None:
    spec = scenario.load(file)
    chain = file.read_text(encoding="utf-8")
    while parent := re.search(r"extends: (\S+)", chain):
        chain = chain.replace(parent[0], (file.parent / f"{parent[1]}.yaml").read_text("utf-8"))
    asks = re.search(r"exit:\s*actual", chain) is not None
    told = {c.place: c for c in facts.load().camps if c.actual and c.actual != c.planned}
    shifts = {(spec.camps[p].exit - camp.planned).days for p, camp in told.items()}
    as_recorded = [spec.camps[p].exit == camp.actual for p, camp in told.items()]
    if asks:
        assert all(as_recorded)
    else:
        assert len(shifts) <= 2, "one shift for phase 1, one for later camps"
        assert not all(as_recorded)


# --- I6: relabelling identical actors relabels outcomes


def places_relabelled(state: st.State, new: np.ndarray) -> st.State:
    """The same state with place `p` called `new[p]`."""
    out = st.copy_state(state)
    old = np.argsort(new)
    out.places[...] = state.places[old]
    out.presence[...] = state.presence[:, old]
    out.shipments[...] = state.shipments[:, old]
    out.routes[...] = state.routes[np.ix_(old, old)]
    out.routes["next"] = new[out.routes["next"]]
    for table, columns in (
        (out.units, ("home", "place")),
        (out.columns, ("origin", "target", "stop")),
    ):
        for column in columns:
            table[column] = new[table[column]]
    hubs = out.places["convoy_to"]
    out.places["convoy_to"] = np.where(hubs < 0, -1, new[hubs])
    return out


def units_relabelled(state: st.State, new: np.ndarray) -> st.State:
    """The same state with unit `u` in row `new[u]`; before any column has formed."""
    out = st.copy_state(state)
    out.units[...] = state.units[np.argsort(new)]
    return out


def swapped(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(n)


def swapped_within_sides(side: np.ndarray, seed: int) -> np.ndarray:
    """New rows for units, each among those of its side: rows tell who marches first."""
    rng = np.random.default_rng(seed)
    new = np.arange(len(side))
    for code in np.unique(side):
        mine = np.flatnonzero(side == code)
        new[mine] = rng.permutation(mine)
    return new


def final_holders(name: str, relabel: str, runs: int) -> np.ndarray:
    """Holder of every slot at the end, shape (run, place, slot), places in their usual order."""
    played_model = NorthernMali(name, seed=17 + len(relabel))
    world = played_model.world
    back = np.arange(len(world.places))
    if relabel == "places":
        back = swapped(len(world.places), 5)
        state = places_relabelled(world.state, back)
    elif relabel == "units":
        state = units_relabelled(world.state, swapped_within_sides(world.state.units["side"], 6))
    else:
        state = world.state
    played_model.world = world._replace(state=state)
    return np.stack([played_model.run(r).control[back, :, -1] for r in range(runs)])


RUNS = 300
LIMIT = 4.5
"""z of a difference of two shares: 36 places x 2 slots x 5 holders x 2 tests, all equal, exceed it
in fewer than 0.5 % of seeds; the seeds are fixed."""


@pytest.mark.parametrize("relabel", ["places", "units"])
def test_i6_relabelling_relabels_outcomes(relabel: str) -> None:
    plain = final_holders("on-schedule", "", RUNS)
    other = final_holders("on-schedule", relabel, RUNS)
    worst = 0.0
    for holder in range(len(st.Holder)):
        a, b = (plain == holder).sum(axis=0), (other == holder).sum(axis=0)
        pooled = (a + b) / (2 * RUNS)
        error = np.sqrt(pooled * (1 - pooled) * 2 / RUNS)
        z = np.abs(a - b) / RUNS / np.maximum(error, 1 / (RUNS * sqrt(RUNS)))
        worst = max(worst, float(z.max()))
    assert worst < LIMIT
    assert len(np.unique(plain[:, :, 0], axis=0)) > 10, "runs that never differ would show nothing"


@pytest.mark.parametrize("rule", ["count_presence", "spread_influence"])
def test_i6_presence_and_influence_are_relabelled_exactly(rule: str) -> None:
    from camphandover.core.compiled import callable_from_python
    from camphandover.core.now import at
    from camphandover.core.rules import REGISTRY

    play = callable_from_python(REGISTRY[rule].function)
    source = NorthernMali("on-schedule", seed=3)
    for _ in range(60):
        source.step()
    new = swapped(len(source.world.places), 7)
    window = source.world.first, source.world.last
    plain, other = st.copy_state(source.state), places_relabelled(source.state, new)
    for state in (plain, other):
        play(at(state, source.params, source.key, log.new_ledger(8), *window, int(source.day)))
    for column in plain.presence.dtype.names:
        moved = other.presence[column][:, new]
        assert np.allclose(moved, plain.presence[column], rtol=1e-12), column
    assert plain.presence["men"].sum() > 0


def test_i6_identical_units_change_places_without_a_trace() -> None:
    twins = NorthernMali("on-schedule", seed=19)
    units = twins.world.state.units
    gao = twins.theatre.index("Gao")
    mine = np.flatnonzero(
        (units["side"] == st.ARMY) & (units["place"] == gao) & (units["kind"] == 0)
    )
    assert len(mine) >= 2
    assert units[mine[0]] == units[mine[1]]
    first = as_bytes(twins.run(0))
    state = st.copy_state(twins.world.state)
    state.units[mine[[0, 1]]] = state.units[mine[[1, 0]]]
    twins.world = twins.world._replace(state=state)
    assert as_bytes(twins.run(0)) == first


def test_window_of_the_day_numbers() -> None:
    assert model("on-schedule").world.first == day_number(date(2023, 8, 1))
