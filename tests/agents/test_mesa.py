"""The model as a Mesa user knows it: steps, commanders, events, agent sets, data collection."""

import inspect
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest

import camphandover
from camphandover.agents.commanders import Commander, GsimCommander, SeparatistCommander
from camphandover.agents.model import NorthernMali, Record
from camphandover.agents.views import Base, Unit
from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.errors import TheatreError
from camphandover.scenario import load as load_scenario

SEED = 9
RUNS = 12
DAYS = 153


def same(a: Record, b: Record) -> bool:
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


# --- steps and Mesa's clock


def test_steps_equal_a_run() -> None:
    stepped = NorthernMali("on-schedule", SEED)
    while not stepped.finished:
        stepped.step()
    assert same(stepped.record(), NorthernMali("on-schedule", SEED).run())


def test_a_step_is_a_day_of_mesas_clock() -> None:
    model = NorthernMali("on-schedule", SEED)
    assert isinstance(model, mesa.Model)
    assert (model.steps, model.time, model.date) == (0, 0.0, datetime(2023, 8, 1))
    for n in range(1, 4):
        model.step()
        assert (model.steps, model.time) == (n, float(n))
        assert model.date == datetime(2023, 8, n)
    assert (model.control[:, :, 2] >= 0).all()
    assert (model.control[:, :, 3] == -1).all()


def test_mesas_run_for_and_run_until_play_days() -> None:
    model = NorthernMali("on-schedule", SEED)
    model.run_for(10)
    model.run_until(25.0)
    assert (model.steps, model.date) == (25, datetime(2023, 8, 25))


def test_run_model_stops_at_the_end_of_the_window() -> None:
    model = NorthernMali("on-schedule", SEED)
    assert model.running
    model.run_model()
    assert model.finished
    assert not model.running
    assert model.steps == DAYS
    with pytest.raises(RuntimeError, match=re.escape("2023-12-31: call reset()")):
        model.step()
    model.reset()
    assert model.running
    model.step()


def test_a_run_goes_on_from_the_step_it_is_at() -> None:
    model = NorthernMali("on-schedule", SEED)
    model.run_for(50)
    assert same(model.run(), NorthernMali("on-schedule", SEED).run())


def test_mesas_own_random_numbers_change_nothing() -> None:
    model = NorthernMali("on-schedule", SEED)
    model.random.random()
    model.rng.random(100)
    model.bases.shuffle_do(lambda base: base.camp_holder)
    assert same(model.run(), NorthernMali("on-schedule", SEED).run())


# --- commanders in plain Python


class Homebody(SeparatistCommander):
    """Calls every group to Kidal on the first day and never leaves it again."""

    asked = 0

    def decide(self) -> None:
        self.asked += 1
        if self.asked > 1:
            return
        for place in sorted({unit.place for unit in self.own_units()} - {"Kidal"}):
            self.order_transfer(place, "Kidal", men=10_000)


class Silent(GsimCommander):
    """Gives no orders."""

    def decide(self) -> None:
        """Nothing."""


def taken_from_the_army(record: Record) -> int:
    """Camps and towns that the separatists took by breaking the army's garrison."""
    events = record.events
    rows = events[(events["kind"] == log.CONTROL) & (events["before"] == st.Holder.ARMY)]
    mine = rows[(rows["side"] == st.SEPARATISTS) & (rows["cause"] >= 0)]
    return int((events["kind"][mine["cause"]] == log.BROKEN).sum())


def unasked_departures(record: Record) -> int:
    """Columns of the separatists that nobody ordered: a camp elsewhere stood open, and they went.

    (Those who are driven out of a place set out from there.)
    """
    events = record.events
    rows = events[(events["kind"] == log.DEPART) & (events["side"] == st.SEPARATISTS)]
    causes = events[rows["cause"]]
    return int(((causes["kind"] == log.CONTROL) & (causes["place"] != rows["place"])).sum())


def raids(side: int, record: Record) -> int:
    rows = record.events
    return int(((rows["kind"] == log.BATTLE) & (rows["side"] == side)).sum())


def test_separatists_who_never_leave_kidal_change_the_outcome() -> None:
    doctrine = NorthernMali("on-schedule", SEED)
    homebody = NorthernMali("on-schedule", SEED, commanders={"separatists": Homebody})
    usual, quiet = [], []
    for replicate in range(RUNS):
        usual.append(doctrine.run(replicate))
        quiet.append(homebody.run(replicate))
        assert homebody.commanders["separatists"].asked == DAYS
        at = homebody.state.units[homebody.state.units["side"] == st.SEPARATISTS]
        assert np.bincount(at["place"], at["men"], 36)[homebody.theatre.index("Kidal")] > 0
    assert sum(raids(st.SEPARATISTS, record) for record in usual) >= RUNS
    assert sum(raids(st.SEPARATISTS, record) for record in quiet) == 0
    assert sum(taken_from_the_army(record) for record in usual) > 0
    assert sum(taken_from_the_army(record) for record in quiet) == 0
    assert sum(unasked_departures(record) for record in quiet) == 0
    held = [sum(int((r.control == 0).sum()) for r in records) for records in (usual, quiet)]
    assert held[1] > held[0], "the army holds more slot-days when nobody raids it"


def test_a_commander_changes_nothing_but_its_own_sides_orders() -> None:
    """GSIM's silence leaves the first weeks of the others alone, until its first attack was due."""
    doctrine = NorthernMali("on-schedule", SEED).run(3)
    silent = NorthernMali("on-schedule", SEED, commanders={"gsim": Silent}).run(3)
    mine = doctrine.events["side"] == st.GSIM
    assert mine.any()
    first = int(np.flatnonzero(mine)[0])
    assert silent.events[:first].tobytes() == doctrine.events[:first].tobytes()
    gsim = silent.events[silent.events["side"] == st.GSIM]
    assert not np.isin(gsim["kind"], [log.ORDER, log.BATTLE]).any()


class Everything(SeparatistCommander):
    """Gives each kind of order that the documentation names."""

    def decide(self) -> None:
        if self.model.steps != 1:
            return
        assert self.escalation == 2
        assert self.need_at("Kidal") == 240.0
        self.order_raid("Kidal", "Bourem", men=200)
        self.order_assault("Tessalit", "Anefis", men=100)
        self.order_occupation("Tinzaouaten", "Boughessa", men=100)
        self.order_transfer("Kidal", "Tessalit", men=60)


def test_each_order_becomes_a_column() -> None:
    model = NorthernMali("on-schedule", SEED, commanders={"separatists": Everything})
    model.step()
    events = model.record().events
    mine = events[events["side"] == st.SEPARATISTS]
    orders = mine[mine["kind"] == log.ORDER]
    assert orders["amount"].tolist() == [200.0, 100.0, 100.0, 60.0]
    departs = mine[mine["kind"] == log.DEPART]
    names = [model.world.places[row] for row in departs["place"]]
    assert set(names) <= {"Kidal", "Tessalit", "Tinzaouaten"}
    assert "Kidal" in names
    missions = set(model.state.columns["mission"][model.state.columns["side"] == st.SEPARATISTS])
    assert st.RAID in missions
    for row in departs:
        assert events[row["cause"]]["kind"] == log.ORDER


def test_orders_name_places_that_exist() -> None:
    commander = NorthernMali("on-schedule", SEED).commanders["separatists"]
    with pytest.raises(TheatreError, match="Kidal"):
        commander.order_raid("Kidall", "Bourem", men=10)
    with pytest.raises(TheatreError, match="Bourem"):
        commander.order_transfer("Kidal", "Burem", men=10)


def test_an_unknown_side_is_named_with_what_is_right() -> None:
    with pytest.raises(ValueError, match=r"'rebels': army, wagner, separatists, gsim"):
        NorthernMali("on-schedule", commanders={"rebels": Homebody})


def test_every_side_has_a_commander_that_is_an_agent() -> None:
    model = NorthernMali("on-schedule", SEED)
    assert list(model.commanders) == [side.name.lower() for side in st.Side]
    for name, commander in model.commanders.items():
        assert isinstance(commander, Commander)
        assert commander in model.agents
        assert commander.name == name
        assert not commander.writes_orders


# --- events between days


def run_with(event: Callable[[NorthernMali], None], at: float, replicate: int) -> Record:
    """A run with one intervention at a time of Mesa's clock."""
    model = NorthernMali("on-schedule", SEED, replicate)

    def intervene() -> None:
        event(model)

    model.schedule_event(intervene, at=at)
    return model.run()


def holder_on_exit(record: Record, place: str) -> str:
    """Who has a camp at 24:00 of the day on which the UN leaves it."""
    model = NorthernMali("on-schedule", SEED)
    row = model.theatre.index(place)
    exits = record.events[(record.events["kind"] == log.EXIT) & (record.events["place"] == row)]
    day = int(exits["hour"][0] // st.HOURS) - model.world.first
    return st.Holder(int(record.control[row, st.CAMP, day])).name.lower()


def kidal_to_a_joint_unit(model: NorthernMali) -> None:
    model.base("Kidal").set_handover(receiver="joint")


def test_a_scheduled_event_changes_who_receives_kidal() -> None:
    """A joint unit has the camp on the day of the exit, if it lasts that long."""
    day, joint = 40, 0
    for replicate in range(RUNS):
        plain = NorthernMali("on-schedule", SEED, replicate).run()
        changed = run_with(kidal_to_a_joint_unit, float(day), replicate)
        assert changed.control[:, :, :day].tobytes() == plain.control[:, :, :day].tobytes()
        assert changed.series[:day].tobytes() == plain.series[:day].tobytes()
        assert holder_on_exit(plain, "Kidal") != "joint"
        joint += holder_on_exit(changed, "Kidal") == "joint"
    assert joint > RUNS / 2


def test_an_event_fires_after_the_step_of_its_time() -> None:
    model = NorthernMali("on-schedule", SEED)
    seen = []

    def look() -> None:
        seen.append((model.time, model.steps, model.date))

    model.schedule_event(look, at=5.0)
    model.schedule_event(look, after=7.5)
    model.run_for(10)
    assert seen == [(5.0, 5, datetime(2023, 8, 5)), (7.5, 7, datetime(2023, 8, 7))]


def test_an_event_that_only_looks_changes_nothing() -> None:
    def look(model: NorthernMali) -> None:
        assert model.base("Kidal").camp_holder in {h.name.lower() for h in st.Holder}

    assert same(run_with(look, 30.0, 1), NorthernMali("on-schedule", SEED, 1).run())


def test_an_exit_can_be_brought_forward_by_an_event() -> None:
    model = NorthernMali("on-schedule", SEED)
    model.run_for(20)
    model.base("Tessalit").set_handover(exit_day=model.day + 2)
    model.run_for(3)
    events = model.record().events
    exits = events[
        (events["kind"] == log.EXIT) & (events["place"] == model.theatre.index("Tessalit"))
    ]
    assert len(exits) == 1
    assert exits["hour"][0] // 24 == model.day - 1


def test_a_camp_that_the_un_has_left_cannot_be_handed_over_again() -> None:
    model = NorthernMali("on-schedule", SEED)
    with pytest.raises(ValueError, match="no camp at Bourem"):
        model.base("Bourem").set_handover(receiver="army")
    with pytest.raises(ValueError, match="'rebels': army, separatists, joint"):
        model.base("Kidal").set_handover(receiver="rebels")
    model.run()
    with pytest.raises(ValueError, match="no camp at Ber"):
        model.base("Ber").set_handover(receiver="army")


# --- agent sets


def test_bases_are_an_agent_set() -> None:
    model = NorthernMali("on-schedule", SEED)
    model.run_for(60)
    army = model.bases.select(lambda base: base.camp_holder == "army")
    assert 0 < len(army) < len(model.bases)
    assert len(army) == (model.state.places["camp_holder"] == 0).sum()
    assert "Gao" not in army.get("name")
    assert model.bases.get("name") == list(model.world.places)
    assert model.bases.agg("symbolic", max) == 1.0
    groups = model.bases.groupby("camp_holder", result_type="list").groups
    assert sum(len(bases) for bases in groups.values()) == len(model.bases)
    assert len(groups["army"]) == len(army)
    assert model.bases.select(at_most=3).agg("symbolic", sum) <= 3.0


def is_of(side: str, unit: Unit) -> bool:
    return unit.side == side


def test_units_are_an_agent_set() -> None:
    model = NorthernMali("on-schedule", SEED)
    model.run_for(90)
    units = model.units
    assert min(units.get("men")) > 0
    for side in st.Side:
        mine = units.select(partial(is_of, side.name.lower()))
        total = model.state.units["men"][model.state.units["side"] == side].sum()
        assert sum(mine.get("men")) == total
    assert units.select(agent_type=Base).to_list() == []
    marching = [unit for unit in units if unit.on_the_road]
    columns = model.state.columns["status"][[model.state.units["column"][u.row] for u in marching]]
    assert (columns == st.MOVING).all()


def test_attributes_show_the_state() -> None:
    model = NorthernMali("on-schedule", SEED)
    kidal = model.base("Kidal")
    assert (kidal.name, kidal.camp_holder, kidal.town_holder) == ("Kidal", "minusma", "separatists")
    assert (kidal.symbolic, kidal.un_camp, kidal.airstrip) == (1.0, 1, 1)
    assert kidal.men_of("separatists") > 0
    assert kidal.men_of("minusma") > 0
    model.state.places["camp_holder"][kidal.row] = st.Holder.GSIM
    assert kidal.camp_holder == "gsim"
    unit = next(unit for unit in model.units if unit.side == "wagner")
    row = model.state.units[unit.row]
    assert (unit.men, unit.vehicles, unit.quality) == (row.men, row.vehicles, row.quality)
    assert (unit.kind, unit.place, unit.home) == ("wagner", unit.home, unit.place)
    assert type(unit.men) is int
    assert type(unit.supply) is float


def views() -> list[tuple[Any, str]]:
    model = NorthernMali("on-schedule", SEED)
    unit = model.units.to_list()[0]
    base = model.base("Gao")
    names = [(unit, name) for name in ("men", "vehicles", "quality", "supply")]
    return [*names, *((base, name) for name in ("symbolic", "airstrip", "un_camp"))]


@pytest.mark.parametrize(("agent", "name"), views(), ids=lambda value: str(value)[:12])
def test_views_refuse_assignment(agent: Any, name: str) -> None:
    before = getattr(agent, name)
    with pytest.raises(AttributeError, match=f"{name} is a view on the state; use a method of"):
        setattr(agent, name, 5)
    assert getattr(agent, name) == before


def test_holders_cannot_be_assigned() -> None:
    base = NorthernMali("on-schedule", SEED).base("Gao")
    for name in ("camp_holder", "town_holder", "name"):
        with pytest.raises(AttributeError):
            setattr(base, name, "army")


def test_columns_carry_their_documentation() -> None:
    assert Unit.men.__doc__ == "Fit men."
    assert "Symbolic value" in inspect.getdoc(Base.symbolic)


def test_reinforcements_are_booked() -> None:
    model = NorthernMali("on-schedule", SEED)
    model.run_for(30)
    unit = next(unit for unit in model.units if unit.side == "army" and unit.place == "Gao")
    before = unit.men
    unit.reinforce(40)
    assert unit.men == before + 40
    model.run()
    books, units = model.state.sides[st.ARMY], model.state.units
    gone = books.dead + books.wounded + books.captured + books.missing + books.deserted
    men = units["men"][units["side"] == st.ARMY].sum()
    assert men + gone + books.departed == books.mustered + 40
    with pytest.raises(ValueError, match="men is -1"):
        unit.reinforce(-1)
    assert unit.men == units["men"][unit.row]


# --- data collection, as in the Mesa tutorial


def army_camps(model: NorthernMali) -> int:
    return len(model.bases.select(lambda base: base.camp_holder == "army"))


def camp_of(agent: mesa.Agent) -> str | None:
    """Holder of a base's camp; commanders and units have none."""
    return getattr(agent, "camp_holder", None)


def test_data_collector_takes_models_and_agents() -> None:
    model = NorthernMali("on-schedule", SEED)
    collector = mesa.DataCollector(
        model_reporters={"Army camps": army_camps, "Date": "date"},
        agent_reporters={"Camp": camp_of},
        agenttype_reporters={Base: {"Town": "town_holder", "Place": "name"}},
    )
    assert len(model.bases) == 36
    for _ in range(20):
        model.step()
        collector.collect(model)
    by_day = collector.get_model_vars_dataframe()
    assert by_day["Army camps"].tolist() == (model.control[:, 0, :20] == 0).sum(axis=0).tolist()
    assert by_day["Date"].iloc[-1] == pd.Timestamp("2023-08-20")
    camps = collector.get_agent_vars_dataframe()["Camp"].dropna()
    names = [holder.name.lower() for holder in st.Holder]
    told = camps.map(names.index).to_numpy().reshape(20, 36)
    assert np.array_equal(told, model.control[:, 0, :20].T)
    towns = collector.get_agenttype_vars_dataframe(Base)
    assert towns["Town"].map(names.index).tolist() == model.control[:, 1, :20].T.ravel().tolist()
    assert set(towns["Place"]) == set(model.world.places)


# --- Mesa's other habits


class Collecting(NorthernMali):
    """Takes whatever Mesa gives, and collects by itself."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.datacollector = mesa.DataCollector({"kidal": lambda m: m.base("Kidal").camp_holder})

    def step(self) -> None:
        super().step()
        self.datacollector.collect(self)


@pytest.mark.parametrize("kind", [NorthernMali, Collecting])
def test_mesas_batch_run(kind: type[NorthernMali]) -> None:
    """Seeds are those that Mesa gives; without one each run draws its own."""
    run = partial(mesa.batch_run, kind, max_steps=60, display_progress=False)
    rows = run({"scenario": ["on-schedule", "early"], "replicate": [0, 1]}, rng=[SEED, 2])
    assert len(rows) == 8
    name = "kidal" if kind is Collecting else "camp Kidal"
    for row in rows:
        seed = row.get("seed", row.get("rng"))
        model = NorthernMali(row["scenario"], seed, row["replicate"])
        model.run_for(60)
        assert row["Step"] == 60
        assert row[name] == model.base("Kidal").camp_holder
    drawn = run({"scenario": "on-schedule"}, rng=[None, None])
    if kind is NorthernMali:
        assert len({row["seed"] for row in drawn}) == 2
        assert None not in {row["seed"] for row in drawn}


def test_the_collector_tells_what_was_recorded() -> None:
    stepped, at_once = NorthernMali("on-schedule", SEED), NorthernMali("on-schedule", SEED)
    stepped.run_model()
    at_once.run()
    days = at_once.datacollector.get_model_vars_dataframe()
    assert days.equals(stepped.datacollector.get_model_vars_dataframe())
    assert len(days) == DAYS
    assert days["dead"].iloc[-1] == at_once.state.sides["dead"].sum() > 0
    assert days["camp Kidal"].iloc[-1] == at_once.base("Kidal").camp_holder


def test_a_model_says_which_run_it_is_and_how_far() -> None:
    model = NorthernMali("early", SEED, 3)
    model.run_for(31)
    said = f"NorthernMali('early', seed {SEED}, replicate 3: 2023-08-31, 31 of {DAYS} days played)"
    assert repr(model) == said
    agents = [model.base("Kidal"), model.units.to_list()[0], model.people("Ber")]
    agents += [model.side("gsim"), model.politics, model.commanders["army"]]
    told = [repr(agent) for agent in agents]
    assert told[0] == "Base(Kidal: camp_holder minusma, town_holder separatists)"
    assert not any("object at" in text for text in told)


def test_the_scenario_of_a_model_is_the_one_that_is_played() -> None:
    scenario = load_scenario("early")
    model = NorthernMali(scenario, SEED)
    assert model.scenario is scenario
    with pytest.raises(AttributeError, match="make another model"):
        model.scenario = load_scenario("delayed")


def test_the_date_is_that_of_the_day_that_is_or_was_played() -> None:
    """Also for a commander in the morning, an event in the evening, and after the last day."""
    told: list[tuple[str, datetime]] = []

    class Diarist(SeparatistCommander):
        def decide(self) -> None:
            told.append(("morning", self.model.date))

    model = NorthernMali("on-schedule", SEED, commanders={"separatists": Diarist})

    def note() -> None:
        told.append(("evening", model.date))

    model.schedule_event(note, at=2)
    model.run_for(2)
    assert told == [
        ("morning", datetime(2023, 8, 1)),
        ("morning", datetime(2023, 8, 2)),
        ("evening", datetime(2023, 8, 2)),
    ]
    with pytest.raises(RuntimeError, match="the window ended on 2023-12-31"):
        model.run_for(1000)
    assert (model.finished, model.date) == (True, datetime(2023, 12, 31))


def test_what_shows_the_state_cannot_be_removed() -> None:
    model = NorthernMali("on-schedule", SEED)
    before = len(model.agents)
    for agent in (*model.agents.to_list()[:40], model.politics, *model.commanders.values()):
        with pytest.raises(RuntimeError, match="cannot be removed"):
            agent.remove()
    assert len(model.agents) == before
    own = mesa.Agent(model)
    own.remove()
    assert len(model.agents) == before


@pytest.mark.parametrize(
    "day",
    [
        date(2023, 9, 5), "2023-09-05", datetime(2023, 9, 5, 12), pd.Timestamp("2023-09-05"),
        np.datetime64("2023-09-05"), 19605, np.int64(19605),
    ],
    ids=repr,
)  # fmt: skip
def test_an_exit_takes_a_day_in_any_form(day: Any) -> None:
    model = NorthernMali("on-schedule", SEED)
    model.base("Tessalit").set_handover(exit_day=day)
    assert model.state.places["exit_day"][model.theatre.index("Tessalit")] == 19605


@pytest.mark.parametrize("day", ["05.09.2023", "2023-13-01", "2023-07-31", 3, True, 2.5, "x"])
def test_an_exit_that_cannot_be_is_refused_and_changes_nothing(day: Any) -> None:
    model = NorthernMali("on-schedule", SEED)
    before = model.state.places.tobytes()
    with pytest.raises(ValueError, match=r"exit_day is .*: a day"):
        model.base("Tessalit").set_handover(receiver="joint", exit_day=day)
    assert model.state.places.tobytes() == before


class Absurd(SeparatistCommander):
    """Gives an order of a number that the test sets."""

    men: Any = 1

    def decide(self) -> None:
        self.order_raid("Kidal", "Bourem", men=self.men)


@pytest.mark.parametrize("men", [-1, 10**9, 2.5, "20", True, None, float("nan")])
def test_numbers_of_men_are_held_to_their_range(men: Any) -> None:
    model = NorthernMali("on-schedule", SEED, commanders={"separatists": Absurd})
    model.commanders["separatists"].men = men
    with pytest.raises(ValueError, match=r"men is .*: a whole number from 0 to 100000"):
        model.step()
    with pytest.raises(ValueError, match=r"men is .*: a whole number from 0 to 100000"):
        model.units.to_list()[0].reinforce(men)


def test_numbers_of_numpy_are_numbers() -> None:
    model = NorthernMali("on-schedule", np.int64(SEED), np.uint8(2))
    model.units.to_list()[0].reinforce(np.int32(5))
    assert same(model.run(np.int64(3)), NorthernMali("on-schedule", SEED, 3).run())
    for wrong in (1.5, True, "7", -1, 2**64):
        with pytest.raises(ValueError, match="seed is"):
            NorthernMali("on-schedule", wrong)
        with pytest.raises(ValueError, match="replicate is"):
            NorthernMali("on-schedule", SEED, wrong)


def test_sides_that_are_not_there_are_said() -> None:
    model = NorthernMali("on-schedule", SEED)
    for ask in (model.side, model.base("Kidal").men_of):
        with pytest.raises(ValueError, match="'rebels': army, wagner"):
            ask("rebels")
    with pytest.raises(TypeError, match=r"commanders\['army'\].*a class that makes a Commander"):
        NorthernMali("on-schedule", commanders={"army": object()})
    with pytest.raises(TypeError, match="no Commander"):
        NorthernMali("on-schedule", commanders={"army": lambda model, side: None})


@pytest.mark.parametrize("module", [camphandover, camphandover.plots])
def test_what_is_loaded_lazily_is_listed(module: Any) -> None:
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None
