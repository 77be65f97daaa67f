"""Fills the marked regions of model/ODD.md anew: `uv run python tests/renew_odd.py`.

A region stands between `<!-- name -->`, or `<!-- name: argument -->`, and `<!-- end -->`. What is
in it is made from the registry of parameters, the facts, and the code; the text around it is
written by hand. `tests/test_odd.py` fails while a region is not up to date.
"""

import ast
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import camphandover
from camphandover import facts
from camphandover.core import day as core
from camphandover.core import rules
from camphandover.core.rules import REGISTRY
from camphandover.facts import Parameter, Theatre

PACKAGE = Path(camphandover.__file__).parent
FILE = PACKAGE.parent / "ODD.md"
PATTERNS = PACKAGE / "measure" / "patterns" / "patterns.yaml"
HOW = "uv run python tests/renew_odd.py"
END = "<!-- end -->"
REGION = re.compile(
    rf"(?P<mark><!-- (?P<name>[a-z ]+)(?:: (?P<argument>[^\n]+?))? -->)\n(?P<body>.*?){END}",
    re.DOTALL,
)
EVIDENCE = {"L": "literature", "E": "known event", "H": "hindsight", "J": "judgement"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; cells are text on one line."""
    lines = [head, ["-"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in lines
    )


def number(x: float) -> str:
    """A number as short as it can be told."""
    return f"{x:.10g}"


def yes(flag: object) -> str:
    """A flag as a cell."""
    return "yes" if flag else ""


# --- patterns


def bounds(part: dict[str, Any]) -> str:
    """What a part of a pattern allows, in words."""
    if "holder" in part:
        told = str(part["holder"])
    else:
        low, high = (part.get(a, part.get(b)) for a, b in (("low", "from"), ("high", "to")))
        if low == high:
            told = str(low)
        elif low is None:
            told = f"at most {high}" if high else "0"
        else:
            told = f"at least {low}" if high is None else f"{low} to {high}"
    return f"{told} (in {part['needed']} of runs)" if "needed" in part else told


def patterns(_: Theatre, __: str) -> str:
    """The patterns by which the model is judged, with the bounds of their parts."""
    rows = []
    for name, pattern in yaml.safe_load(PATTERNS.read_text(encoding="utf-8")).items():
        known = {True: "yes", False: "no"}.get(pattern["known"], str(pattern["known"]))
        parts = (
            f"{part.replace('_', ' ')}: {bounds(allowed)}"
            for part, allowed in pattern["parts"].items()
        )
        share = number(pattern["needed"])
        rows.append([name, pattern["history"].strip(), "; ".join(parts), share, known])
    return table(["", "Pattern of the record", "Accepted", "Share needed", "Known"], rows)


# --- parameters


def parameter_row(parameter: Parameter) -> list[str]:
    """One parameter as cells; a fixed one has no range, one of a single value no prior set."""
    fixed = parameter.low == parameter.high
    prior = " / ".join(number(x) for x in parameter.prior) if parameter.prior else ""
    told = f"{parameter.source}; {parameter.note}" if parameter.note else parameter.source
    return [
        f"`{parameter.name}`",
        parameter.unit,
        "" if fixed else number(parameter.low),
        number(parameter.best),
        "" if fixed else number(parameter.high),
        parameter.distribution,
        prior,
        parameter.evidence,
        told,
    ]


def parameters(world: Theatre, rule: str) -> str:
    """The parameters that the registry gives to a rule, in the registry's order."""
    mine = [p for p in world.parameters.values() if p.rule == rule]
    if not mine:
        raise ValueError(f"no parameter belongs to {rule}: take its region out of {FILE.name}")
    head = ["Parameter", "Unit", "Low", "Best", "High", "Distribution", "Prior set"]
    return table([*head, "Evidence", "Source; note"], [parameter_row(p) for p in mine])


def evidence(world: Theatre, _: str) -> str:
    """How many parameters there are, by class of evidence and kind of range."""
    rows = []
    for code, name in EVIDENCE.items():
        mine = [p for p in world.parameters.values() if p.evidence == code]
        kinds = Counter(p.distribution for p in mine)
        cells = (str(kinds[kind]) for kind in ("fixed", "triangular", "log-triangular"))
        rows.append([f"{code} {name}", str(len(mine)), *cells])
    rows.append(["all", str(len(world.parameters)), *_kinds(world)])
    return table(["Evidence", "Parameters", "fixed", "triangular", "log-triangular"], rows)


def _kinds(world: Theatre) -> list[str]:
    kinds = Counter(p.distribution for p in world.parameters.values())
    return [str(kinds[kind]) for kind in ("fixed", "triangular", "log-triangular")]


# --- facts


def counts(world: Theatre, _: str) -> str:
    """How many entities there are on the first day, and how far the map reaches."""
    rivers = sum(road.kind == "river" for road in world.roads)
    there = [group for group in world.units if not group.when]
    land = [road.km for road in world.roads if road.kind != "river"]
    lat, lon = ([getattr(p, axis) for p in world.places] for axis in ("lat", "lon"))
    return table(
        ["Entity", "Number", "More"],
        [
            [
                "places",
                str(len(world.places)),
                f"{sum(p.airstrip for p in world.places)} airstrips",
            ],
            [
                "roads",
                str(len(world.roads)),
                f"{rivers} are river legs, which no rule uses; {min(land):g} to {max(land):g} km",
            ],
            [
                "UN camps",
                str(len(world.camps)),
                f"guards stay at {_guards(world)}",
            ],
            ["units", str(sum(group.units for group in there)), "in the field on the first day"],
            ["depots", str(len(world.depots)), _by_side(depot.side for depot in world.depots)],
            ["partners", str(len(world.partners)), ", ".join(p.name for p in world.partners)],
            [
                "extent",
                "",
                f"{min(lat):.1f} to {max(lat):.1f} N, {min(lon):.1f} to {max(lon):.1f} E",
            ],
        ],
    )


def _guards(world: Theatre) -> str:
    return ", ".join(camp.place for camp in world.camps if camp.liquidation)


def _by_side(sides: Iterable[str]) -> str:
    return ", ".join(f"{side} {n}" for side, n in Counter(sides).items())


def places(world: Theatre, _: str) -> str:
    """The places with what is theirs and does not change, and their first holders."""
    head = ["Place", "Sym", "Route", "Strip", "Core", "Corridor", "Centre", "IS"]
    head += ["Support army / separatists / GSIM", "Residents", "Camp", "Town"]
    rows = []
    for place in world.places:
        flags = (place.airstrip, place.separatist_core, place.corridor, place.centre)
        support = (place.support_army, place.support_separatists, place.support_gsim)
        rows.append(
            [
                place.name,
                number(place.symbolic),
                number(place.route_value),
                *(yes(flag) for flag in (*flags, place.islamic_state)),
                " / ".join(number(share) for share in support),
                f"{place.residents:,}",
                place.camp_holder,
                place.town_holder,
            ]
        )
    return table(head, rows)


def order_of_battle(world: Theatre, _: str) -> str:
    """Units by side and kind, with the strength to which they are scaled."""
    rows = []
    for side, kind, when in dict.fromkeys((g.side, g.kind, g.when) for g in world.units):
        mine = [g for g in world.units if (g.side, g.kind, g.when) == (side, kind, when)]
        rows.append(
            [
                side,
                kind,
                str(sum(g.units for g in mine)),
                str(sum(g.units * g.men for g in mine)),
                str(sum(g.units * g.vehicles for g in mine)),
                ", ".join(f"{g.place} {g.units}" for g in mine),
                f"only with `foreign.{when}`" if when else "",
            ]
        )
    return table(["Side", "Kind", "Units", "Men", "Vehicles", "Units at", "When"], rows)


def camps(world: Theatre, _: str) -> str:
    """The UN camps in closing order."""
    rows = [
        [
            camp.place,
            str(camp.phase or "end"),
            camp.planned.isoformat(),
            camp.actual.isoformat() if camp.actual else "not known",
            camp.convoy_destination or "",
            yes(camp.liquidation),
        ]
        for camp in world.camps
    ]
    return table(["Camp", "Phase", "Plan", "Left", "Convoy to", "Guards stay"], rows)


def calendar(world: Theatre, _: str) -> str:
    """What drives the model from outside."""
    rows = [
        [
            known.date.isoformat(),
            known.what,
            known.side or "",
            known.place or "",
            "" if known.rung is None else str(known.rung),
        ]
        for known in world.calendar
    ]
    return table(["Date", "What", "Who", "Place", "Rung"], rows)


def partners(world: Theatre, _: str) -> str:
    """The states of the charter."""
    rows = [
        [
            partner.name,
            number(partner.own_threat),
            yes(partner.ecowas),
            partner.crisis_until.isoformat() if partner.crisis_until else "",
            partner.arrives_at,
        ]
        for partner in world.partners
    ]
    head = ["Partner", "Own threat", "ECOWAS threatens", "Crisis may flare until", "Enters at"]
    return table(head, rows)


def files(_: Theatre, __: str) -> str:
    """The files of the theatre with their rows and columns."""
    rows = []
    for path in sorted(facts.FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            head, *body = csv.reader(stream)
        columns = ", ".join(f"`{name}`" for name in head)
        rows.append([f"`{path.name}`", str(len(body)), columns])
    return table(["File", "Rows", "Columns"], rows)


# --- code


@cache
def syntax(path: Path) -> ast.Module:
    """A source file as a tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def modules_of_rules() -> dict[str, Path]:
    """The files of rules/, by name."""
    paths = sorted(Path(rules.__file__).parent.glob("*.py"))
    return {path.stem: path for path in paths if path.stem != "__init__"}


def functions_of(path: Path) -> dict[str, ast.FunctionDef]:
    """The functions at the top of a source file, by name."""
    return {node.name: node for node in syntax(path).body if isinstance(node, ast.FunctionDef)}


@cache
def home_of() -> dict[str, str]:
    """The module of each rule in the registry."""
    return {
        name: module
        for module, path in modules_of_rules().items()
        for name in functions_of(path)
        if name in REGISTRY
    }


@cache
def days_work() -> list[tuple[str, str]]:
    """(phase, rule) in the order in which `day.advance` calls the rules."""
    path = Path(core.__file__)
    parts, lines = functions_of(path), path.read_text(encoding="utf-8").splitlines()
    work: list[tuple[str, str]] = []

    def walk(part: str, phase: str) -> str:
        node = parts[part]
        for line in lines[node.lineno : node.end_lineno]:
            if comment := re.match(r"    # ([^:,]+)", line):
                phase = comment.group(1)
            elif call := re.fullmatch(r"    (\w+)\(now\)", line):
                if call.group(1) in parts:
                    phase = walk(call.group(1), phase)
                else:
                    work.append((phase, call.group(1)))
        return phase

    walk("advance", "")
    return work


def first_sentence(text: str) -> str:
    """The first sentence of a docstring, on one line, without its stop."""
    first = " ".join(text.split("\n\n")[0].split())
    return first.split(" Source:")[0].split(". ")[0].rstrip(".")


def schedule(_: Theatre, __: str) -> str:
    """The rules of a day in their order."""
    rows, last = [], ""
    for phase, name in days_work():
        module = home_of()[name]
        told = ast.get_docstring(functions_of(modules_of_rules()[module])[name]) or ""
        shown = "" if phase == last else phase
        rows.append([shown, f"`{module}.{name}`", REGISTRY[name].number, first_sentence(told)])
        last = phase
    return table(["Phase", "Rule", "Number", "What it does"], rows)


def modules(_: Theatre, __: str) -> str:
    """The files of rules/ and the rules that each of them declares."""
    rows = []
    for module, path in modules_of_rules().items():
        told = first_sentence(ast.get_docstring(syntax(path)) or "")
        mine = [f"`{name}`" for name, home in home_of().items() if home == module]
        rows.append([f"`rules/{module}.py`", told, ", ".join(mine)])
    return table(["File", "What it holds", "Rules of the day"], rows)


MAKERS: dict[str, Callable[[Theatre, str], str]] = {
    "patterns": patterns,
    "parameters": parameters,
    "evidence": evidence,
    "counts": counts,
    "places": places,
    "order of battle": order_of_battle,
    "camps": camps,
    "calendar": calendar,
    "partners": partners,
    "files": files,
    "schedule": schedule,
    "modules": modules,
}


def renewed(text: str) -> str:
    """The text with every region filled anew.

    Raises:
        ValueError: a region of an unknown name, or of a rule without parameters.
    """
    world = facts.load()

    def fill(found: re.Match[str]) -> str:
        maker = MAKERS.get(found["name"])
        if maker is None:
            raise ValueError(f"no region is named {found['name']!r}: {', '.join(MAKERS)} are right")
        return f"{found['mark']}\n\n{maker(world, found['argument'] or '')}\n\n{END}"

    return REGION.sub(fill, text)


if __name__ == "__main__":
    FILE.write_text(renewed(FILE.read_text(encoding="utf-8")), encoding="utf-8")
    print(FILE)
