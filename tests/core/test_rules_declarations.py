"""Every rule writes only the columns that it declares, and a day is every rule, in order.

The states are those of real runs: each day of several scenarios is played rule by rule, so every
rule meets the states that it meets in `day.advance`; and states pushed to where runs seldom go.
"""

import ast
import inspect
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import camphandover
from camphandover.agents.model import LEDGER_ROWS, NorthernMali
from camphandover.core import day as core
from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import interpreted
from camphandover.core.draws import key_of
from camphandover.core.now import at
from camphandover.core.parameters import Params
from camphandover.core.rules import REGISTRY

PACKAGE = Path(camphandover.__file__).parent
SCENARIOS = ("on-schedule", "to-separatists", "joint-unit", "abandoned", "negotiated", "delayed")
WHOLE = (
    "columns",
    "presence",
    "shipments",
    "orders",
    "queue",
    "conflict",
    "recent",
    "away",
    "tellings",
)
"""Tables that a rule may declare as a whole."""


def order_of_the_day() -> list[str]:
    """Names of the rules in the order in which `day.advance` calls them."""
    tree = ast.parse(Path(core.__file__).read_text(encoding="utf-8"))
    parts = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}

    def rules_of(part: str) -> list[str]:
        calls = [node.value for node in parts[part].body if isinstance(node, ast.Expr)]
        names = [
            call.func.id
            for call in calls
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        ]
        return [rule for name in names for rule in (rules_of(name) if name in parts else [name])]

    return rules_of("advance")


@cache
def any_rule() -> Callable[..., None]:
    """`play(i, now)` plays rule number `i` of the registry.

    One compiled function for all rules: a trampoline for each would compile for a minute.
    """
    lines = ["def play(i, now):"]
    for i, name in enumerate(REGISTRY):
        lines += [f"    if i == {i}:", f"        {name}(now)"]
    space = {name: rule.function for name, rule in REGISTRY.items()}
    exec("\n".join(lines), space)
    if interpreted():
        return space["play"]
    import numba

    return numba.njit(space["play"])


NUMBER = {name: i for i, name in enumerate(REGISTRY)}


def changed(before: st.State, after: st.State) -> Iterator[str]:
    """Columns that differ, as `table.column`; bytes count, so nan equals nan."""
    for name, old, new in zip(st.State._fields, before, after, strict=True):
        if old.tobytes() == new.tobytes():
            continue
        for column in old.dtype.names:
            if old[column].tobytes() != new[column].tobytes():
                yield f"{name}.{column}"


def undeclared(name: str, columns: set[str]) -> set[str]:
    """Of the columns that a rule wrote, those that it does not declare."""
    writes = REGISTRY[name].writes
    return {c for c in columns if c not in writes and c.split(".")[0] not in writes}


class Player:
    """Plays days rule by rule and notes the columns that each rule wrote."""

    def __init__(self, name: str, replicate: int) -> None:
        model = NorthernMali(name, seed=31)
        self.state, self.params = model.state, model.params
        self.first, self.last = model.world.first, model.world.last
        self.key = key_of(31, replicate)
        self.ledger = log.new_ledger(4 * LEDGER_ROWS)
        self.kept = st.copy_state(self.state)
        self.wrote: dict[str, set[str]] = defaultdict(set)

    def play(self, rule: str, day: int) -> None:
        st.restore(self.kept, self.state)
        window = self.first, self.last
        now = at(self.state, self.params, self.key, self.ledger, *window, day)
        any_rule()(NUMBER[rule], now)
        self.wrote[rule].update(changed(self.kept, self.state))

    def advance(self, day: int) -> None:
        for rule in order_of_the_day():
            self.play(rule, day)


@cache
def window_by_rules(name: str) -> tuple[Player, st.State]:
    """A whole window played rule by rule, and the state at its end."""
    player = Player(name, 2)
    for day in range(player.first, player.last + 1):
        player.advance(day)
    return player, st.copy_state(player.state)


def push(state: st.State, rng: np.random.Generator, day: int) -> None:
    """Move a state to where runs seldom go: open war, hunger, short of men, other holders."""
    units, places, war = state.units, state.places, state.conflict[0]
    war.rung = int(rng.integers(0, 6))
    war.truce = int(rng.integers(0, 3))
    war.talks = int(rng.integers(0, 2))
    war.relation = int(rng.integers(0, 3))
    war.crisis = int(rng.integers(0, 2))
    war.charter = war.aid = 1
    war.siege_hour = day * 24.0 + float(rng.integers(0, 48))
    state.partners["ground_hour"] = day * 24.0 + 30.0
    state.partners["companies"] = 2
    state.switches["intervention"] = int(rng.integers(0, 2))
    war.mandate_end = day + int(rng.integers(-2, 60))
    free = units["men"] > 0
    units["supply"] = np.where(free, rng.uniform(0, 30, len(units)), units["supply"])
    units["low_days"] = rng.integers(0, 8, len(units))
    units["men"] = np.where(free, rng.integers(1, 200, len(units)), 0)
    units["missing"] = np.where(rng.random(len(units)) < 0.1, 3, 0)
    units["return_day"] = day + rng.integers(-1, 3, len(units))
    some = rng.random(len(places)) < 0.3
    places["camp_holder"] = np.where(
        some, rng.integers(0, len(st.Holder), len(places)), places["camp_holder"]
    )
    places["town_holder"] = np.where(
        rng.random(len(places)) < 0.3, rng.integers(0, 3, len(places)), places["town_holder"]
    )
    empty = places["camp_holder"] == st.NOBODY
    places["p_leave"] = 1.0
    places["claimant"] = np.where(empty, rng.integers(1, 3, len(places)), -1)
    places["enter_hour"] = np.where(empty, day * 24.0 + 5.0, st.NEVER)
    places["reenter_hour"] = np.where(rng.random(len(places)) < 0.2, day * 24.0 + 9.0, st.NEVER)
    places["lost_hour"] = np.where(empty, day * 24.0 - 30.0, st.NEVER)
    places["fights"] |= rng.integers(0, 2, len(places))
    state.sides["morale"] = rng.uniform(0.5, 1.2, len(state.sides))
    state.sides["air"] = rng.integers(0, 2, len(state.sides))


@cache
def pushed() -> dict[str, set[str]]:
    """Columns that each rule wrote in pushed states, and in the two days that followed each."""
    wrote: dict[str, set[str]] = defaultdict(set)
    rng = np.random.default_rng(41)
    for name in SCENARIOS:
        for start in (5, 35, 60, 90, 120):
            player = Player(name, start)
            model = NorthernMali(name, seed=31, replicate=start)
            for _ in range(start):
                model.step()
            st.restore(player.state, model.state)
            push(player.state, rng, model.day)
            player.params = Params(player.params.copy())
            for rare in ("talks_start", "truce_start", "share_offer", "skirmish", "is_raid"):
                player.params[rare] = 0.99
            for day in (model.day, model.day + 1, model.day + 2):
                player.advance(day)
            for rule, columns in player.wrote.items():
                wrote[rule] |= columns
    return wrote


# --- the declarations


@pytest.mark.parametrize("name", SCENARIOS)
def test_rules_write_only_what_they_declare(name: str) -> None:
    player, _ = window_by_rules(name)
    faults = {rule: undeclared(rule, columns) for rule, columns in player.wrote.items()}
    assert {rule: sorted(columns) for rule, columns in faults.items() if columns} == {}


def test_rules_write_only_what_they_declare_in_pushed_states() -> None:
    faults = {rule: undeclared(rule, columns) for rule, columns in pushed().items()}
    assert {rule: sorted(columns) for rule, columns in faults.items() if columns} == {}


def test_declarations_name_columns_that_exist() -> None:
    columns = {
        f"{name}.{column}"
        for name, table in zip(st.State._fields, st.empty_state(), strict=True)
        for column in table.dtype.names
    }
    for name, rule in REGISTRY.items():
        assert rule.writes, f"{name} declares nothing"
        assert rule.writes <= columns | set(WHOLE), name


def test_every_rule_writes_something_in_the_states_that_are_tried() -> None:
    """Else the tests above would hold for a rule that is never reached."""
    wrote = {rule: set(columns) for rule, columns in pushed().items()}
    for name in SCENARIOS:
        for rule, columns in window_by_rules(name)[0].wrote.items():
            wrote[rule] |= columns
    assert {rule for rule in REGISTRY if not wrote[rule]} == set()


def test_an_undeclared_write_is_found() -> None:
    before = NorthernMali("on-schedule").state
    after = st.copy_state(before)
    after.units["men"][3] += 1
    after.places["spread"][0] = 0.5
    assert set(changed(before, after)) == {"units.men", "places.spread"}
    assert undeclared("close_day", {"units.men", "places.fights"}) == {"units.men"}
    assert undeclared("count_presence", {"presence.men"}) == set()


# --- the day


def test_every_rule_is_called_in_the_day() -> None:
    assert set(order_of_the_day()) == set(REGISTRY)
    again = {rule for rule in REGISTRY if order_of_the_day().count(rule) > 1}
    assert again == {"count_presence"}, "all others are played once a day"


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_window_is_its_rules_in_order(name: str) -> None:
    player, end = window_by_rules(name)
    straight = NorthernMali(name, seed=31)
    record = straight.run(2)
    for table, one, other in zip(st.State._fields, end, straight.state, strict=True):
        assert one.tobytes() == other.tobytes(), table
    rows = player.ledger.rows[: int(player.ledger.used[0])]
    assert rows.tobytes() == record.events.tobytes()


# --- the form of a rule


@pytest.mark.parametrize("name", REGISTRY)
def test_rules_have_one_signature_a_number_and_a_source(name: str) -> None:
    rule = REGISTRY[name]
    function = getattr(rule.function, "py_func", rule.function)
    assert list(inspect.signature(function).parameters) == ["now"]
    assert re.fullmatch(r"R[1-9]\.[1-9]|I[1-6]", rule.number)
    assert re.search(r"Source: .*(RULES|\bR\d\.\d)", function.__doc__, re.S)


def test_core_imports_nothing_heavy() -> None:
    modules = ["camphandover.core.day", "camphandover.scenario", "camphandover.facts"]
    heavy = ["mesa", "pandas", "matplotlib", "xarray", "zarr", "pyarrow", "typer"]
    code = (
        f"import sys\nfrom importlib import import_module\nfor name in {modules}:\n"
        f"    import_module(name)\nprint([name for name in {heavy} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_phases_stand_in_the_order_of_r1_1() -> None:
    day = order_of_the_day()
    phases = ["order_raids", "carry_out_orders", "engage_columns", "enter_vacated", "eat_stock"]
    assert all(day.index(a) < day.index(b) for a, b in pairwise(phases))
