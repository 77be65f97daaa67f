"""People, sides and politics as Mesa agents, and what a commander can see and hear."""

from __future__ import annotations

import math
from datetime import timedelta

import mesa
import numpy as np
import pytest

from camphandover.agents.commanders import SAID, Commander, SeparatistCommander
from camphandover.agents.model import NorthernMali
from camphandover.agents.views import People, SideBooks
from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.errors import TheatreError

SEED = 9


@pytest.fixture(scope="module")
def autumn() -> NorthernMali:
    """The model on 28 November, after a hundred and twenty days."""
    model = NorthernMali("historical", SEED)
    model.run_for(120)
    return model


# --- people, sides, politics


def test_people_of_the_places_are_an_agent_set(autumn: NorthernMali) -> None:
    populations = autumn.populations
    assert len(populations) == 36
    assert populations.get("name") == list(autumn.world.places)
    table = autumn.state.people
    assert sum(populations.get("residents")) == pytest.approx(table["residents"].sum())
    fled = populations.select(lambda people: people.away > 0.3 * people.residents)
    assert 0 < len(fled) < 36
    kidal = autumn.people("Kidal")
    assert isinstance(kidal, People)
    assert kidal.residents < 0.8 * table["start"][kidal.row]
    assert kidal.harm_by_army == table["harm_army"][kidal.row]
    assert (kidal.killed, kidal.recruited) == (table["dead"][0], table["recruited"][0])
    with pytest.raises(TheatreError, match="Kidal"):
        autumn.people("Kidall")


def test_fuel_is_dear_under_a_blockade_only() -> None:
    model = NorthernMali("on-schedule", SEED)
    model.run_for(20)
    assert model.people("Timbuktu").fuel_price > 1.1
    assert model.people("Gao").fuel_price == 1.0


def test_sides_show_their_books(autumn: NorthernMali) -> None:
    army, books = autumn.side("army"), autumn.state.sides[st.ARMY]
    assert isinstance(army, SideBooks)
    assert (army.dead, army.claimed_dead, army.strikes) == (
        books.dead,
        books.claimed,
        books.strikes,
    )
    assert army.dead > 0
    assert army.strikes > 0
    assert 0.0 < army.morale < 1.0
    assert autumn.sides.get("name") == [side.name.lower() for side in st.Side]
    assert army.aircraft + army.drones <= autumn.params.planes_army + autumn.params.drones_army + 6
    with pytest.raises(ValueError, match="no side is named 'rebels': army"):
        autumn.side("rebels")


@pytest.mark.parametrize("name", ["residents", "away", "hosted", "active"])
def test_people_cannot_be_assigned(autumn: NorthernMali, name: str) -> None:
    with pytest.raises(AttributeError, match="is a view on the state"):
        setattr(autumn.people("Gao"), name, 3.0)


def test_politics_is_an_agent_of_its_own(autumn: NorthernMali) -> None:
    politics = autumn.politics
    assert politics.rung == autumn.state.conflict["rung"][0] >= 3
    assert politics.relations in ("clash", "tacit", "coordinated")
    assert politics.truce is False
    assert 0.0 <= politics.legitimacy <= 1.0
    assert autumn.agents.select(agent_type=type(politics)).to_list() == [politics]


def raids_ordered(model: NorthernMali) -> int:
    rows = model.record().events
    mine = (rows["kind"] == log.ORDER) & (rows["mission"] == st.RAID)
    return int((mine & (rows["side"] == st.SEPARATISTS)).sum())


def test_a_truce_between_days_thins_raids_and_is_in_the_ledger() -> None:
    ordered = []
    for imposed in (False, True):
        raids = 0
        for replicate in range(12):
            model = NorthernMali("on-schedule", SEED, replicate)
            model.params.perimeter_breach = 0.0
            model.run_for(45)
            if imposed:
                model.politics.set_truce(True)
            model.run()
            assert model.politics.truce == imposed or not imposed
            raids += raids_ordered(model)
            if imposed:
                assert log.TRUCE in model.record().events["kind"]
        ordered.append(raids)
    assert ordered[1] < 0.6 * ordered[0]


def test_relations_can_be_changed_between_days() -> None:
    model = NorthernMali("on-schedule", SEED)
    model.run_for(10)
    model.politics.set_relations("clash")
    assert model.politics.relations == "clash"
    rows = model.record().events
    row = rows[rows["kind"] == log.RELATION][-1]
    assert (row["amount"], row["cause"]) == (st.CLASH, -1)
    with pytest.raises(ValueError, match="relations is 'friends': clash, tacit"):
        model.politics.set_relations("friends")


def test_data_collector_takes_people_and_politics() -> None:
    model = NorthernMali("on-schedule", SEED)
    collector = mesa.DataCollector(
        model_reporters={
            "Rung": lambda m: m.politics.rung,
            "Displaced": lambda m: m.populations.agg("away", sum),
        },
        agenttype_reporters={People: {"Place": "name", "At home": "residents"}},
    )
    assert len(model.populations) == 36
    for _ in range(12):
        model.step()
        collector.collect(model)
    told = collector.get_model_vars_dataframe()
    assert told["Rung"].tolist() == model.war_series["rung"][:12].tolist()
    away = model.war_series["displaced"][:12] + model.war_series["abroad"][:12]
    assert told["Displaced"].to_numpy() == pytest.approx(away, rel=1e-5)
    people = collector.get_agenttype_vars_dataframe(People)
    assert people["At home"].to_numpy() == pytest.approx(
        model.people_series["residents"][:12].ravel(), rel=1e-5
    )


# --- what a commander sees and hears


def commander(model: NorthernMali, side: str) -> Commander:
    return model.commanders[side]


def test_enemies_are_seen_with_the_error_of_r5_1(autumn: NorthernMali) -> None:
    seen = commander(autumn, "separatists").sees("Gao")
    truth = autumn.state.presence["power"][0, autumn.theatre.index("Gao")]
    assert set(seen) == {"army"}
    assert seen["army"] != pytest.approx(truth, rel=1e-3)
    ratios = []
    for name in autumn.world.places:
        here = autumn.theatre.index(name)
        for bloc, power in commander(autumn, "army").sees(name).items():
            code = int(st.Holder[bloc.upper()])
            ratios.append(math.log(power / autumn.state.presence["power"][code, here]))
    # log-normal with sd .35: the mean and spread of these few, within three standard errors
    n = len(ratios)
    assert n > 15
    assert abs(np.mean(ratios)) < 3 * 0.35 / math.sqrt(n)
    assert np.std(ratios) == pytest.approx(0.35, abs=3 * 0.35 / math.sqrt(2 * n))


def test_a_look_changes_nothing_and_lasts_a_day(autumn: NorthernMali) -> None:
    army = commander(autumn, "army")
    assert army.sees("Kidal") == army.sees("Kidal")
    other = autumn.fork()
    before = commander(other, "separatists").sees("Gao")
    other.step()
    assert commander(other, "separatists").sees("Gao") != before


def test_the_groups_see_each_other_as_enemies_only_while_they_clash() -> None:
    model = NorthernMali("on-schedule", SEED)
    model.step()
    assert "gsim" not in commander(model, "separatists").sees("Ber")
    model.politics.set_relations("clash")
    assert "gsim" in commander(model, "separatists").sees("Ber")
    assert "army" not in commander(model, "wagner").sees("Gao")


def test_a_commander_hears_claims_and_never_the_truth(autumn: NorthernMali) -> None:
    heard = commander(autumn, "army").hears(days=60)
    assert heard
    labels = {kind.label for kind in SAID}
    assert {claim.kind for claim in heard} <= labels
    assert "claim_losses" in {claim.kind for claim in heard}
    times = [claim.time for claim in heard]
    assert times == sorted(times)
    morning = autumn.date + timedelta(days=1)
    assert times[0] >= morning - timedelta(days=60)
    assert times[-1] < morning
    for claim in heard:
        assert claim.place in autumn.world.places
        assert (claim.kind in ("claim_losses", "revision")) == (not math.isnan(claim.amount))


class Listener(SeparatistCommander):
    """Raids only while it hears of no army claim of separatist dead in the last week."""

    def decide(self) -> None:
        told = [c for c in self.hears() if c.kind == "claim_losses" and c.side == "army"]
        if self.escalation >= 3 and not any(c.about == "separatists" for c in told):
            seen = self.sees("Bourem").get("army", 0.0)
            if seen:
                self.order_raid("Almoustarat", "Bourem", men=200)


def test_a_commander_can_decide_by_what_it_hears() -> None:
    model = NorthernMali("historical", SEED, commanders={"separatists": Listener})
    model.run()
    assert raids_ordered(model) > 0
