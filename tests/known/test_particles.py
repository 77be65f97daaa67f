"""Particles: they are runs, copies go on with luck of their own, and any can be played again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from camphandover import facts
from camphandover.agents.model import NorthernMali
from camphandover.core import state as st
from camphandover.core.draws import Turn
from camphandover.facts import Change
from camphandover.facts.holders import slot_objects
from camphandover.known.filter import RESAMPLE_BELOW, Filter
from camphandover.known.news import Look, Told, agrees, log_likelihood, looks
from camphandover.known.particles import Particles, Scratch
from camphandover.scenario import Scenario, load
from worlds import compiled_only

FIRST = date(2023, 8, 1)
TEXTS = {"title": "A test", "question": "Are particles runs?"}
SEED = 11
pytestmark = compiled_only


def number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def own_past(until: str, rows: Sequence[Change]) -> Scenario:
    """A scenario whose past is that of plain runs, save for what its record tells of exits."""
    known = {"until": until, "record": facts.as_text(rows), "own_past": True}
    return load({**TEXTS, "known": known, "politics": {"record": False}})


def plain() -> NorthernMali:
    """The same without anything known."""
    return NorthernMali(load({**TEXTS, "politics": {"record": False}}), seed=SEED)


def of_model(state: st.State) -> dict[str, bytes]:
    """The bytes of each column, but for those that say what is known."""
    known = {"exit_known", "known_until", "calendar_until"}
    return {
        f"{name}.{column}": table[column].tobytes()
        for name, table in zip(st.State._fields, state, strict=True)
        for column in table.dtype.names
        if column not in known
    }


def same(one: st.State, other: st.State) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


# --- without news


def test_without_news_particles_are_the_plain_runs():
    rows = [row for row in facts.load().history if row.object != "un_camp" and not row.before]
    until = date(2023, 9, 5)
    bamako = facts.load().index("Bamako")
    told = (Told(bamako, 1, int(st.Holder.ARMY), FIRST, "high"),)  # all particles meet it
    days = [FIRST + timedelta(days=n) for n in range(0, 36, 5)]
    swarm = Particles(own_past(str(until), rows), 6, SEED, workers=2)
    found = Filter(swarm, SEED)
    list(found.run([Look(day, 1, 0, told if n % 2 else ()) for n, day in enumerate(days)]))
    assert days[-1] == until
    assert all(stage.parents is None for stage in found.stages)
    model = plain()
    for i in range(swarm.n):
        model.reset(i)
        while model.day <= number(until):
            model.step()
        assert of_model(swarm.fork(i).state) == of_model(model.state)
        assert swarm.used[i] == model.ledger.used[0]


def test_what_particles_do_depends_on_no_number_of_threads():
    spec = load({**TEXTS, "known": {"until": "2023-08-25"}})
    one, three = (Particles(spec, 7, SEED, workers=workers) for workers in (1, 3))
    for swarm in (one, three):
        swarm.play(number(date(2023, 8, 10)))
        swarm.copy(np.array([0, 0, 2, 2, 4, 5, 4]), 3)
        swarm.play(number(date(2023, 8, 25)))
    assert same(one.states, three.states)
    assert (one.used == three.used).all()
    ends = [one.fork(i).state for i in range(7)]
    assert not any(same(ends[a], ends[b]) for a in range(7) for b in range(a))


# --- a record made by a run


@cache
def recorded(replicate: int, until: date) -> list[Change]:
    """Rows of a record of a plain run until a day, as the form of control_history.csv has them."""
    control = plain().run(replicate).control
    history = facts.load().history
    about = {"how": "observed", "confidence": "high"}
    names = [holder.name.lower().replace("nobody", "none") for holder in st.Holder]
    rows = []
    for place, objects in slot_objects(history).items():
        for slot, of in enumerate(objects):
            if slot and of == objects[0]:
                continue
            held = control[facts.load().index(place), slot]
            initial = next(r for r in history if (r.place, r.object) == (place, of))
            rows.append(initial)
            before = initial.after
            for n in range((until - FIRST).days + 1):
                after = names[held[n]]
                if after != (before if before in names else "none"):
                    told = {"before": before, "after": after, **about}
                    day = FIRST + timedelta(days=n)
                    rows.append(Change(date=day, place=place, object=of, **told))
                    before = after
    return sorted(rows, key=lambda row: row.date)


def wrong_slots(swarm: Particles, look: Look) -> np.ndarray:
    """How many of the slots that a look tells each particle has otherwise."""
    seen = swarm.see()
    return np.sum([~agrees(one, look, seen) for one in look.told], axis=0)


def test_a_record_of_a_run_is_followed_and_that_run_is_the_likeliest():
    until = date(2023, 10, 3)
    rows = recorded(2, until)
    assert any(row.object == "un_camp" and row.before == "minusma" for row in rows)
    assert sum(row.before is not None for row in rows) > 5
    days = list(looks(rows, FIRST, [until], 7))
    weighed, loose = (Particles(own_past(str(until), rows), 60, SEED) for _ in range(2))
    found, total, is_all = Filter(weighed, SEED), np.zeros(60), True
    with_filter, without = 0.0, 0.0
    for look in found.run(days):
        loose.play(look.number)
        if is_all:
            total += log_likelihood(look, weighed.see()).sum(axis=0)
            is_all = found.effective >= RESAMPLE_BELOW * weighed.n
            n_before = len(found.stages)
        if look.day.month >= 9:
            with_filter += float((wrong_slots(weighed, look) * found.weights).sum())
            without += float(wrong_slots(loose, look).mean())
    assert 1 < n_before < len(found.stages)
    assert total.max() - total[2] < 0.2  # a raid that was undone within the week may go untold
    assert (total < total[2]).sum() > 30
    assert (found.roots == 2).sum() > 1  # of 60 that began
    assert with_filter < 0.4 * without, (with_filter, without)


def test_the_run_that_a_record_tells_meets_all_of_it():
    until = date(2023, 10, 3)
    swarm = Particles(own_past(str(until), recorded(2, until)), 3, SEED)
    for look in looks(recorded(2, until), FIRST, [until], 7):
        swarm.play(look.number)
        assert all(agrees(one, look, swarm.see())[2] for one in look.told)


# --- forks and turns


def turns_of(found: Filter, slot: int) -> list[Turn]:
    """Whose luck a slot's particle had from which day on, read from what the filter did."""
    turns = []
    for stage in reversed(found.stages):
        if stage.parents is not None and stage.parents[slot] != slot:
            day = number(stage.day)
            turns.append(Turn(day + 1, slot, day))
            slot = int(stage.parents[slot])
    return [Turn(number(FIRST), slot, 0), *reversed(turns)]


def test_a_fork_is_its_particle_and_an_ordinary_run_along_its_turns():
    until = date(2023, 9, 30)
    spec = load({**TEXTS, "known": {"until": str(until)}})
    swarm = Particles(spec, 24, SEED, workers=2)
    found = Filter(swarm, SEED)
    history = [row for row in facts.load().history if row.date <= until]
    days = list(looks(history, FIRST, [until], 7, with_claims=True))
    list(found.run(days, days[-1]))
    chains = [turns_of(found, slot) for slot in range(swarm.n)]
    assert max(len(chain) for chain in chains) > 2
    assert min(len(chain) for chain in chains) < max(len(chain) for chain in chains)
    assert len(set(map(tuple, chains))) == swarm.n, "each particle has luck of its own"
    chosen = [int(np.argmax([len(chain) for chain in chains])), 0, swarm.n - 1]
    forks = {slot: swarm.fork(slot) for slot in chosen}
    last = swarm.last
    model = NorthernMali(spec, seed=SEED)
    scratch = Scratch(swarm.last - swarm.first + 1)
    ends = {}
    for slot, fork in forks.items():
        record = model.run(chains[slot][0].replicate, chains[slot])
        swarm.play_one(fork, number(until) + 1, last, scratch)
        n_known = (until - FIRST).days + 1
        assert (scratch.control[:, :, n_known:] == record.control[:, :, n_known:]).all()
        assert same(fork.state, model.state)
        assert fork.used == len(record.events)
        assert list(found.roots)[slot] == chains[slot][0].replicate
        ends[slot] = fork.state
    swarm.play(last)
    assert all(same(swarm.fork(slot).state, end) for slot, end in ends.items())


def test_a_fork_leaves_its_particle_alone():
    swarm = Particles(load({**TEXTS, "known": {"until": "2023-08-25"}}), 2, SEED)
    swarm.play(swarm.first + 3)
    before = [table.tobytes() for table in swarm.states]
    fork = swarm.fork(1)
    swarm.play_one(fork, swarm.day, swarm.day + 9, Scratch(swarm.last - swarm.first + 1))
    assert [table.tobytes() for table in swarm.states] == before
    assert not same(fork.state, swarm.fork(1).state)


# --- what travels with a particle


def test_parameters_are_each_particles_own_and_travel_with_its_copies():
    values = [{"record_error_low": 0.1 + 0.1 * i, "ladder_up": 0.01 * (i + 1)} for i in range(3)]
    swarm = Particles(load({**TEXTS, "known": {"until": "2023-08-25"}}), 3, SEED, values)
    assert swarm.see().parameters["record_error_low"] == pytest.approx([0.1, 0.2, 0.3])
    swarm.play(swarm.first + 2)
    swarm.copy(np.array([2, 1, 2]), 5)
    assert swarm.see().parameters["record_error_low"] == pytest.approx([0.3, 0.2, 0.3])
    assert swarm.fork(0).params["ladder_up"] == pytest.approx(0.03)
    assert same(swarm.fork(0).state, swarm.fork(2).state)
    swarm.play(swarm.first + 20)
    assert not same(swarm.fork(0).state, swarm.fork(2).state)


def test_claims_are_those_of_the_days_played_last():
    swarm = Particles(load({**TEXTS, "known": {"until": "2023-09-30"}}), 8, SEED)
    swarm.play(swarm.first + 40)
    first = swarm.see().said
    assert first.shape == (8, 6, 2)
    assert (first[:, 0].sum(axis=0) > 0).all()
    assert (swarm.see().said == first).all()
    swarm.play(swarm.first + 55)
    after = swarm.see().said
    whole = Particles(load({**TEXTS, "known": {"until": "2023-09-30"}}), 8, SEED)
    whole.play(whole.first + 55)
    assert (first + after == whole.see().said).all()
    swarm.copy(np.array([0, 1, 2, 3, 4, 5, 6, 0]), 9)
    assert (swarm.see().said[7] == after[0]).all()
    assert (swarm.see().said[:7] == after[:7]).all()


def test_a_look_sees_the_slots_of_each_particle():
    swarm = Particles(load({**TEXTS, "known": {"until": "2023-09-30"}}), 4, SEED)
    swarm.play(swarm.first + 45)
    seen = swarm.see()
    for i in range(4):
        places = swarm.fork(i).state.places
        assert (seen.holders[i, :, 0] == places["camp_holder"]).all()
        assert (seen.holders[i, :, 1] == places["town_holder"]).all()
        assert (seen.changed[i, :, 1] == places["town_since"]).all()
