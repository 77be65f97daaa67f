"""A resolved scenario as text: every value, and the file and line that it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from camphandover import facts
from camphandover.scenario.read import Node, shown
from camphandover.scenario.resolve import Resolution, Source, base_exit, resolution
from camphandover.scenario.resolved import Scenario

_PATHS = (
    *("exit", "shift", "spread", "early_exit", "receiver", "notice.army", "notice.separatists"),
    *("equipment", "destroyed", "buffer", "perimeter", "joint_unit.p_leave"),
)
"""The values of a clause, in the words of the file."""
_COLUMNS = {"exit": "exit", "spread": "sd", "early_exit": "early", "receiver": "receiver"} | {
    key: key for key in ("notice", "equipment", "destroyed", "buffer", "perimeter", "p_leave")
}
"""Head of each column of the table of camps."""


def explain(source: Source) -> str:
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
    title, question = (_origin(found.merged.tree, key) for key in ("title", "question"))
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
    rows = []
    for (place, name), value in found.scenario.values().items():
        if not place:
            path = "handover.mandate_end" if name == "mandate_end" else name
            rows.append([path, shown(value), _origin(found.merged.tree, path)])
    return rows


def _camp_rows(scenario: Scenario) -> list[list[str]]:
    """The table of camps: the effective clause of each."""
    rows = [["camp", "planned", *_COLUMNS.values()]]
    for camp in facts.load().camps:
        clause = scenario.camps[camp.place]
        told = clause.model_dump()
        told["notice"] = f"{clause.notice_army}/{clause.notice_separatists}"
        rows.append([camp.place, str(camp.planned), *(shown(told[key]) for key in _COLUMNS)])
    return rows


def _clause_origins(found: Resolution) -> list[list[str]]:
    """[name, value, origin, camps] of the clauses' values, camps with the same ones together."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for path in _PATHS:
        for place, terms in found.merged.terms.items():
            value: Any = terms
            for part in path.split("."):
                value = getattr(value, part, None)
            origin = _origin(found.merged.clauses[place], path)
            grouped.setdefault((path, shown(value), origin), []).append(place)
    n_camps = len(found.merged.terms)
    return [
        [*what, "all" if len(places) == n_camps else ", ".join(places)]
        for what, places in grouped.items()
    ]


def _notes(found: Resolution) -> list[str]:
    """What the tables alone would not tell."""
    notes = []
    if any(clause.spread is None for clause in found.scenario.camps.values()):
        notes.append("sd -: the parameter exit_error_sd.")
    joint = [clause for clause in found.scenario.camps.values() if clause.receiver == "joint"]
    if any(clause.p_leave is None for clause in joint):
        notes.append("p_leave -: at a joint unit, the parameter joint_leave.")
    for camp in facts.load().camps:
        clause = found.merged.terms[camp.place]
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


def _origin(tree: Node, path: str) -> str:
    node = tree.get(*path.split("."))
    return str(node.mark) if node is not None else "default"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns; the first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)
