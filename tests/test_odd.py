"""`model/ODD.md` is in the ODD 2020 order and true to the registry, the facts and the code."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path

import pytest

import renew_odd as odd
from camphandover import facts
from camphandover.agents.commanders import Commander
from camphandover.batch.records import EVIDENCE
from camphandover.core import now
from camphandover.core import state as st
from camphandover.core.rules import REGISTRY, politics, road
from camphandover.facts.registry import LAST_RULE, RULES, WIDE
from camphandover.scenario.library import VARIANTS, folder
from camphandover.scenario.schema import (
    FIRST_DAY,
    GROUPS,
    LAST_DAY,
    ClauseForm,
    ScenarioForm,
    Window,
)

TEXT = odd.FILE.read_text(encoding="utf-8")
PROSE = "\n".join(line for line in TEXT.splitlines() if not line.startswith("|"))
WIDTH = 116
SECTIONS = (
    "1. Purpose and patterns",
    "2. Entities, state variables, and scales",
    "3. Process overview and scheduling",
    "4. Design concepts",
    "5. Initialization",
    "6. Input data",
    "7. Submodels",
)
"""The seven elements of ODD. Source: Grimm et al. 2020."""
CONCEPTS = (
    "Basic principles",
    "Emergence",
    "Adaptation",
    "Objectives",
    "Learning",
    "Prediction",
    "Sensing",
    "Interaction",
    "Stochasticity",
    "Collectives",
    "Observation",
)
"""The eleven design concepts. Source: Grimm et al. 2020."""
PHASES = (
    "what the day brings",
    *("orders", "moves", "air", "fights", "control", "supply", "people", "politics", "reports"),
)
"""The phases of a day. Source: RULES R1.1."""
FREE_WORDS = {"phi_b", "phi_army", "renew_odd"}
"""Words in code type that are symbols of formulas, or files of the tests."""
RULE_OF_HOLDERS = {"I2": "R5.7"}
"""Where a rule without a number of its own is told."""


def in_order(rule: str) -> tuple[int, ...]:
    """Chapter and number of a rule, to sort by."""
    return tuple(int(part) for part in rule[1:].split("."))


def parts(text: str, mark: str) -> dict[str, str]:
    """The text under each heading of a level, by heading."""
    pieces = re.split(rf"^{mark} (.+)$", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


@cache
def section(number: int) -> str:
    """The text of one of the seven sections."""
    return parts(TEXT, "##")[SECTIONS[number - 1]]


@cache
def submodels() -> dict[str, str]:
    """The text of each submodel, by its rule's number."""
    found = re.split(r"^#### (R\d+\.\d) .+$", section(7), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def rows_of(text: str) -> list[list[str]]:
    """The cells of all tables in a text, heads and rules apart."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = {i - 1 for i, row in enumerate(cells) if set("".join(row)) == {"-"}}
    return [row for i, row in enumerate(cells) if i not in heads and i - 1 not in heads]


def codes(text: str) -> list[str]:
    """What stands in code type on one line."""
    return re.findall(r"`([^`\n]+)`", text)


# --- what is made


def test_the_marked_regions_are_up_to_date() -> None:
    assert odd.renewed(TEXT) == TEXT, f"renew it with: {odd.HOW}"


def test_an_old_number_in_a_region_is_seen_and_mended() -> None:
    wrong = TEXT.replace("| `refuse_p` |", "| `refuse_q` |")
    assert wrong != TEXT
    assert odd.renewed(wrong) == TEXT


def test_a_region_of_no_known_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no region is named 'weather'"):
        odd.renewed("<!-- weather -->\n<!-- end -->\n")


def test_every_region_that_can_be_made_is_there() -> None:
    assert {found["name"] for found in odd.REGION.finditer(TEXT)} == set(odd.MAKERS)
    assert TEXT.count("<!-- end -->") == len(list(odd.REGION.finditer(TEXT)))


def test_every_parameter_stands_once_and_under_its_rule() -> None:
    registry = facts.load().parameters
    times: Counter[str] = Counter()
    for rule, text in submodels().items():
        for found in odd.REGION.finditer(text):
            if found["name"] != "parameters":
                continue
            assert found["argument"] == rule
            for row in rows_of(found["body"]):
                name = row[0].strip("`")
                times[name] += 1
                assert registry[name].rule == rule
                assert row[3] == odd.number(registry[name].best)
    assert times == Counter(dict.fromkeys(registry, 1))


def test_every_parameter_is_told_in_the_prose_of_a_submodel() -> None:
    prose = "\n".join(re.sub(r"^\|.*$", "", t, flags=re.MULTILINE) for t in submodels().values())
    told = re.findall(r"[a-z][a-z0-9_]*_\.\.\.[a-z_]*|[a-z][a-z0-9]*(?:_[a-z0-9]+)*", prose)
    forms = [re.compile(form.replace("...", ".+")) for form in set(told) if "..." in form]
    names = set(facts.load().parameters)
    untold = {n for n in names - set(told) if not any(form.fullmatch(n) for form in forms)}
    assert untold == set()


# --- the order of ODD


def test_the_seven_sections_stand_in_their_order() -> None:
    headings = re.findall(r"^## (.+)$", TEXT, flags=re.MULTILINE)
    assert headings == [*SECTIONS, "References"]


def test_the_eleven_design_concepts_are_headed_in_their_order() -> None:
    assert re.findall(r"^\*\*(.+?)\.\*\*", section(4), flags=re.MULTILINE) == list(CONCEPTS)


def test_the_patterns_stand_in_section_1() -> None:
    rows = [row for row in rows_of(section(1)) if row[0].startswith("P")]
    assert [row[0] for row in rows] == [f"P{i}" for i in range(1, 15)]


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"low": -5, "high": 5}, "-5 to 5"),
        ({"low": 0.6}, "at least 0.6"),
        ({"high": 3}, "at most 3"),
        ({"high": 0}, "0"),
        ({"holder": "army"}, "army"),
        ({"low": 1, "needed": 0.97}, "at least 1 (in 0.97 of runs)"),
        ({"from": date(2023, 12, 1), "to": date(2024, 1, 15)}, "2023-12-01 to 2024-01-15"),
    ],
)
def test_bounds_are_told_in_words(part: dict[str, object], told: str) -> None:
    assert odd.bounds(part) == told


def test_lines_are_short_outside_tables() -> None:
    marks = ("|", "<!--")
    long = [x for x in TEXT.splitlines() if len(x) > WIDTH and not x.startswith(marks)]
    assert long == []


# --- the state


def told_tables() -> dict[str, dict[str, str]]:
    """By table, its variables in order and what section 2 says of them: static or dynamic."""
    told: dict[str, dict[str, str]] = {}
    for heading, text in parts(section(2), "###").items():
        text = text.split("\n**Scales.**")[0]
        table = re.search(r"\(`(\w+)`", heading)
        for row in rows_of(text):
            if table:
                told.setdefault(table[1], {}).update(dict.fromkeys(codes(row[0]), row[1]))
            else:
                told[codes(row[0])[0]] = dict.fromkeys(codes(row[1]), "")
    return told


def assigned_in_rules() -> set[str]:
    """Names of all columns to which some function in rules/, or one for all rules, assigns."""
    names: set[str] = set()
    for path in [*odd.modules_of_rules().values(), Path(now.__file__)]:
        for node in ast.walk(odd.syntax(path)):
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AugAssign):
                targets = [node.target]
            else:
                continue
            inner = [part for target in targets for part in ast.walk(target)]
            names |= {part.attr for part in inner if isinstance(part, ast.Attribute)}
    return names


def test_section_2_names_every_variable_of_the_state() -> None:
    state = st.empty_state()
    told = told_tables()
    assert set(told) == set(st.State._fields)
    for name, table in zip(st.State._fields, state, strict=True):
        assert sorted(told[name]) == sorted(table.dtype.names), name


def test_static_variables_are_those_that_no_rule_writes() -> None:
    writes = {column for rule in REGISTRY.values() for column in rule.writes}
    assigned = assigned_in_rules()
    for table, variables in told_tables().items():
        for name, kind in variables.items():
            declared = f"{table}.{name}" in writes or table in writes
            right = "dynamic" if declared and name in assigned else "static"
            assert kind in (right, ""), f"{table}.{name} is {right}"


def test_the_scales_are_those_of_the_schema() -> None:
    start, end = date(2023, 8, 1), date(2023, 12, 31)
    window = Window()
    assert (window.start, window.end, FIRST_DAY) == (start, end, start)
    assert date(2024, 12, 31) == LAST_DAY
    scales = " ".join(section(2).split("**Scales.**")[1].split())
    assert "1 August to 31 December 2023" in scales
    assert "31 December 2024" in scales


# --- the day


def test_the_pseudo_code_is_the_order_of_the_day() -> None:
    code = section(3).split("```")[1]
    told = [word for word in re.findall(r"\w+", code) if word in REGISTRY]
    assert told == [rule for _, rule in odd.days_work()]
    assert {rule for _, rule in odd.days_work()} == set(REGISTRY)


def test_the_phases_stand_in_the_order_of_the_rule_book() -> None:
    assert tuple(dict.fromkeys(phase for phase, _ in odd.days_work())) == PHASES
    code = section(3).split("```")[1]
    told = re.findall(rf"^    ({'|'.join(PHASES)})  ", code, flags=re.MULTILINE)
    assert tuple(told) == PHASES


# --- the submodels


def test_every_rule_of_the_rule_book_has_its_heading() -> None:
    assert list(submodels()) == sorted(RULES, key=in_order)
    chapters = re.findall(r"^### 7\.(\d+)", section(7), flags=re.MULTILINE)
    assert [int(n) for n in chapters] == list(LAST_RULE)


def test_every_rule_number_is_one_of_the_rule_book() -> None:
    assert set(re.findall(r"\bR\d+\.\d+\b", TEXT)) <= RULES
    assert {int(n) for n in re.findall(r"\bR(\d+)\b(?!\.\d)", TEXT)} <= set(LAST_RULE)


def test_every_rule_of_the_day_is_named_in_its_submodel() -> None:
    for name, rule in REGISTRY.items():
        number = RULE_OF_HOLDERS.get(rule.number, rule.number)
        assert f"`{odd.home_of()[name]}.{name}`" in submodels()[number], f"{name}, {number}"


def test_every_module_of_rules_is_named() -> None:
    for module in odd.modules_of_rules():
        assert f"`rules/{module}.py`" in section(7)


def test_each_submodel_says_what_it_decides_and_where() -> None:
    for rule, text in submodels().items():
        assert re.search(r"^\*Code:\* `\w+\.\w+`", text, flags=re.MULTILINE), rule
        assert "Decides" in text or rule == "R1.3", rule


def test_every_function_that_is_named_exists() -> None:
    """`module.function` in code type is a function of that module."""
    known = {*odd.modules_of_rules(), "deploy", "day"}
    named = {tuple(c.split(".")) for c in codes(PROSE) if re.fullmatch(r"[a-z]+\.[a-z_]+", c)}
    keys = {tuple(key.split(".")) for key in scenario_keys()}
    named = {(module, name) for module, name in named - keys if module in known and name != "py"}
    assert len(named) > 100
    for module, name in named:
        package = "camphandover.core" if module in ("deploy", "day") else "camphandover.core.rules"
        assert hasattr(importlib.import_module(f"{package}.{module}"), name), f"{module}.{name}"


def test_every_name_in_code_type_is_known() -> None:
    """A parameter, a column, a function, a key of a scenario, a file's column."""
    state = st.empty_state()
    known = set(facts.load().parameters) | {n for t in state for n in t.dtype.names}
    for path in odd.modules_of_rules().values():
        known |= set(odd.functions_of(path))
    known |= set(ClauseForm.model_fields) | {"p_leave"}
    known |= set(codes("\n".join(f["body"] for f in odd.REGION.finditer(TEXT))))
    words = {word for code in codes(TEXT) for word in re.findall(r"[a-z]+(?:_[a-z0-9]+)+", code)}
    dotted = {key.split(".")[1] for key in scenario_keys()}
    files = {path.stem for path in facts.FOLDER.glob("*.csv")}
    assert words - known - dotted - files - FREE_WORDS == set()


def scenario_keys() -> set[str]:
    """All keys of a scenario file that hold a setting, as `group.key`."""
    content = ScenarioForm().model_dump(include={"window", "handover", *GROUPS})
    return {f"{group}.{name}" for group, settings in content.items() for name in settings}


def test_every_key_of_a_scenario_is_told() -> None:
    told = " ".join(codes(TEXT))
    assert {key for key in scenario_keys() if key not in told} == set()
    clause = set(re.findall(r"\w+", " ".join(codes(section(5)))))
    assert set(ClauseForm.model_fields) <= clause


def test_the_variants_are_told() -> None:
    """Each structural variant of the library, by its number."""
    stems = [path.stem for path in (folder() / VARIANTS).glob("v*.yaml")]
    numbers = {stem.split("-")[0].upper() for stem in stems}
    assert len(numbers) == 8
    assert numbers <= set(re.findall(r"\bV\d\b", section(7)))


# --- numbers in the text that are constants of the code


def test_constants_in_the_text_are_those_of_the_code() -> None:
    text = " ".join(TEXT.split())
    assert f"a month is {politics.MONTH:g} days" in text
    assert f"From rung {politics.QUIET_RUNG} on talks begin" in text
    assert f"a fight here i days ago, {st.MEMORY_DAYS} days" in text
    assert (road.RAIN_FROM, road.RAIN_TO) == (7, 9)
    assert "from July to September times `rain_factor`" in text
    assert f"log-triangular where high/low > {WIDE:g}" in text
    assert all(f"`{name}`" in section(5) for name in EVIDENCE)


def test_what_a_commander_can_do_is_told_by_its_name() -> None:
    for name in re.findall(r"`(\w+)\(\)`", section(4)):
        assert hasattr(Commander, name)


# --- sources


def test_every_tag_of_a_source_has_its_reference() -> None:
    references = set(re.findall(r"\[([A-Za-z0-9-]+)\]", parts(TEXT, "##")["References"]))
    cited = set()
    for parameter in facts.load().parameters.values():
        cited |= set(re.findall(r"\[([A-Za-z0-9-]+)\]", f"{parameter.source} {parameter.note}"))
    assert len(cited) > 20
    assert cited <= references


def test_every_file_of_the_theatre_is_told() -> None:
    told = set(codes(section(6)))
    for path in [*facts.FOLDER.glob("*.csv"), *facts.FOLDER.glob("*.yaml")]:
        assert path.name in told
    for path in facts.FOLDER.glob("map/*.geojson"):
        assert f"map/{path.name}" in told
    assert "public domain" in section(6)
