"""A scenario with nothing left to look up: what the model runs and a batch stores."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

from camphandover import facts
from camphandover.scenario.read import written
from camphandover.scenario.schema import (
    GROUPS,
    MAX_SHIFT,
    Day,
    Notice,
    Scale,
    Settings,
    Share,
    Terms,
)


class Clause(Terms):
    """What happens to one camp."""

    exit: Day
    """Day on which the UN means to leave, shift included."""
    notice_army: Notice
    """Days of notice for the army."""
    notice_separatists: Notice
    """Days of notice for the separatists."""
    p_leave: Share | None
    """Chance that the joint unit's non-army members leave; null: joint_leave."""


class Scenario(Settings):
    """A resolved scenario; frozen, equal in effect to another one of the same digest.

    Attributes:
        name: Stem of the file.
        title: Short name for charts and tables.
        question: What the scenario asks.
        window: First and last day, both included.
        mandate_end: The day by which the UN must be gone.
        camps: Clause of every UN camp, by place, in the order of the theatre's camps.
        forces: Scale of strength by side: army, wagner, separatists, gsim.
        airpower, foreign, politics, population, blockade, alliance, reporting, structure: As in
            the file, with the defaults filled in.
        parameters: Values that replace the best value of a parameter.
    """

    name: str
    mandate_end: Day
    camps: dict[str, Clause]
    forces: dict[str, Scale]
    parameters: dict[str, float]

    def digest(self) -> str:
        """Sha256 of everything that decides results: all but name, title and question."""
        content = self.model_dump(mode="json", exclude={"name", "title", "question"})
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def to_yaml(self) -> str:
        """A complete scenario file without `extends` that loads to the same digest."""
        clauses = {place: self._clause_form(place) for place in self.camps}
        common = _most_common(list(clauses.values()))
        camps = {
            place: {key: value for key, value in clause.items() if common[key] != value}
            for place, clause in clauses.items()
        }
        content = {
            "title": self.title,
            "question": self.question,
            "window": self.window.model_dump(),
            "handover": {
                "mandate_end": self.mandate_end,
                "all": common,
                "camps": {place: clause for place, clause in camps.items() if clause},
            },
            **self.groups(),
            "parameters": self.parameters,
        }
        return "\n".join(_block(content, 0)) + "\n"

    def groups(self) -> dict[str, dict[str, Any]]:
        """The settings of the whole scenario, by group and name."""
        content = self.model_dump(include=set(GROUPS))
        return {name: content[name] for name in GROUPS}

    def values(self) -> dict[tuple[str, str], Any]:
        """All values that decide results, by (camp, name); of the whole scenario by ("", name)."""
        values = {f"window.{key}": day for key, day in self.window.model_dump().items()}
        values["mandate_end"] = self.mandate_end
        for group, items in {**self.groups(), "parameters": self.parameters}.items():
            values |= {f"{group}.{key}": value for key, value in items.items()}
        found = {("", name): value for name, value in values.items()}
        for place, clause in self.camps.items():
            found |= {(place, key): value for key, value in clause.model_dump().items()}
        return found

    def _repr_html_(self) -> str:
        """The scenario for a notebook: what it asks, and what happens to each camp."""
        from html import escape

        head = f"<b>{escape(self.name)}</b>: {escape(self.title)}<br><i>{escape(self.question)}</i>"
        days = f"{self.window.start} to {self.window.end}; the mandate ends on {self.mandate_end}"
        rows = "".join(
            f"<tr><td>{escape(place)}</td><td>{clause.exit}</td><td>{clause.receiver}</td>"
            f"<td>{clause.notice_army} / {clause.notice_separatists}</td></tr>"
            for place, clause in self.camps.items()
        )
        return (
            f'<div class="tex2jax_ignore mathjax_ignore"><p>{head}</p>'
            f"<p>{days}</p><table><thead><tr><th>camp</th><th>the UN leaves</th>"
            "<th>to</th><th>notice to army / separatists, days</th></tr></thead>"
            f"<tbody>{rows}</tbody></table></div>"
        )

    def _clause_form(self, place: str) -> dict[str, Any]:
        """A camp's clause in the words of the file."""
        clause = self.camps[place].model_dump()
        notice = {side: clause.pop(f"notice_{side}") for side in ("army", "separatists")}
        p_leave = clause.pop("p_leave")
        exit_, shift = self._exit_form(place)
        joint = None if p_leave is None else {"p_leave": p_leave}
        return {**clause, "exit": exit_, "shift": shift, "notice": notice, "joint_unit": joint}

    def _exit_form(self, place: str) -> tuple[date | str, int]:
        """(exit, shift): the date itself; outside the dates that a file may set, by the plan."""
        exit_, start, end = self.camps[place].exit, self.window.start, self.window.end
        if start <= exit_ <= min(end, self.mandate_end):
            return exit_, 0
        camp = next(camp for camp in facts.load().camps if camp.place == place)
        if camp.actual is not None and (exit_ == camp.actual or exit_ < start <= camp.planned):
            return "actual", (exit_ - camp.actual).days
        shift = (exit_ - camp.planned).days
        return ("plan", shift) if shift <= MAX_SHIFT else (end, (exit_ - end).days)


def _most_common(clauses: list[dict[str, Any]]) -> dict[str, Any]:
    """The value of each key that most clauses share; the first one among equals."""
    common = {}
    for key in clauses[0]:
        texts = [repr(clause[key]) for clause in clauses]
        common[key] = clauses[texts.index(max(texts, key=texts.count))][key]
    return common


def _block(content: dict[str, Any], indent: int) -> list[str]:
    """A mapping as lines of block YAML; text stands in double quotes."""
    lines = []
    for key, value in content.items():
        head = f"{' ' * indent}{key}:"
        if isinstance(value, dict) and value:
            lines += [head, *_block(value, indent + 2)]
        else:
            quoted = isinstance(value, str)
            text = json.dumps(value, ensure_ascii=False) if quoted else written(value)
            lines.append(f"{head} {text}")
    return lines
