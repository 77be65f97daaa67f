"""A resolved scenario as text: every value, and the file and line that it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from camphandover import facts
from camphandover.scenario.diff import shown
from camphandover.scenario.read import Node, plain
from camphandover.scenario.resolve import Resolution, base_exit, resolution
from camphandover.scenario.resolved import Scenario
from camphandover.scenario.schema import ClauseForm

_CLAUSE_PATHS = (
    "exit",
    "shift",
    "spread",
    "early_exit",
    "receiver",
    "notice.army",
    "notice.separatists",
    "equipment",
    "destroyed",
    "buffer",
    "perimeter",
    "joint_unit.p_leave",
)


def explain(source: str | Path | Mapping[str, Any]) -> str:
    """Tell what a scenario means and where each value was set.

    Args:
        source: A path, a name of the library, or a dict of the file's form.
    Returns:
        Text: title and question, the general settings with their origins, the table of camps,
        and the origins of the camps' values. An origin is `file.yaml:line` or `default`. Of a
        scenario with a sweep, all this without the sweep, then the points and what they set.
    Errors:
        ScenarioError if the scenario is faulty.
    """
    found = resolution(source)
    scenario = found.scenario
    title, question = (_origin(found.tree.get(key)) for key in ("title", "question"))
    head = [
        f"{scenario.name}: {scenario.title}  [{title}]",
        f"{scenario.question}  [{question}]",
        "From " + ", which extends ".join(found.chain),
    ]
    parts = [
        "\n".join(head),
        _table([["setting", "value", "from"], *_settings(found)]),
        _table(_camp_rows(scenario)),
        _table([["camps' clauses", "value", "from", "camps"], *_clause_origins(found)]),
        *_notes(found),
        *_sweep(found),
    ]
    return "\n\n".join(parts)


def _settings(found: Resolution) -> list[list[str]]:
    """[name, value, origin] of every value that is not a camp's."""
    form = found.form
    values: dict[tuple[str, ...], Any] = {
        ("window", "start"): form.window.start,
        ("window", "end"): form.window.end,
        ("handover", "mandate_end"): form.handover.mandate_end,
        **{
            (group, name): value
            for group, items in found.scenario.groups().items()
            for name, value in items.items()
        },
        **{("parameters", name): value for name, value in form.parameters.items()},
    }
    return [
        [".".join(path), shown(value), _origin(found.tree.get(*path))]
        for path, value in values.items()
    ]


def _camp_rows(scenario: Scenario) -> list[list[str]]:
    """The table of camps: the effective clause of each."""
    head = "camp planned exit sd early receiver notice equipment destroyed buffer perimeter p_leave"
    rows = [head.split()]
    for camp in facts.load().camps:
        clause = scenario.camps[camp.place]
        values: list[Any] = [
            camp.planned,
            clause.exit,
            clause.spread,
            clause.early_exit,
            clause.receiver,
        ]
        values.append(f"{clause.notice_army}/{clause.notice_separatists}")
        values += [clause.equipment, clause.destroyed, clause.buffer, clause.perimeter]
        rows.append([camp.place, *(shown(value) for value in [*values, clause.p_leave])])
    return rows


def _clause_origins(found: Resolution) -> list[list[str]]:
    """[name, value, origin, camps] of the clauses' values, camps with the same ones together."""
    rows = []
    n_camps = len(found.clauses)
    for path in _CLAUSE_PATHS:
        grouped: dict[tuple[str, str], list[str]] = {}
        for place, tree in found.clauses.items():
            value: Any = ClauseForm.model_validate(plain(tree)).model_dump()
            for part in path.split("."):
                value = value[part] if value is not None else None
            key = (shown(value), _origin(tree.get(*path.split("."))))
            grouped.setdefault(key, []).append(place)
        for (text, origin), places in grouped.items():
            listed = "all" if len(places) == n_camps else ", ".join(places)
            rows.append([path, text, origin, listed])
    return rows


def _notes(found: Resolution) -> list[str]:
    """What the tables alone would not tell."""
    notes = []
    if any(clause.spread is None for clause in found.scenario.camps.values()):
        notes.append("sd -: the parameter exit_error_sd.")
    joint = [clause for clause in found.scenario.camps.values() if clause.receiver == "joint"]
    if any(clause.p_leave is None for clause in joint):
        notes.append("p_leave -: at a joint unit, the parameter joint_leave.")
    for camp in facts.load().camps:
        clause = ClauseForm.model_validate(plain(found.clauses[camp.place]))
        if clause.exit == "actual" and camp.actual is None:
            day = base_exit(clause, camp)
            notes.append(f"{camp.place}: the actual exit is not known; the plan counts, {day}.")
    return ["\n".join(notes)] if notes else []


def _sweep(found: Resolution) -> list[str]:
    """The points of the sweep, if there is one: their names and what each sets."""
    if found.sweep is None:
        return []
    rows = [["point", "sets", "from"]]
    for point, scenario in found.points:
        sets = ", ".join(map(str, point.settings))
        origins = dict.fromkeys(str(setting.node.mark) for setting in point.settings)
        rows.append([scenario.name, sets, ", ".join(origins)])
    n_points = len(found.points)
    head = f"A sweep of {n_points} point{'s' * (n_points != 1)} over this  [{found.sweep}]"
    return [head, _table(rows)]


def _origin(node: Node | None) -> str:
    return str(node.mark) if node is not None else "default"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns; the first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)
