"""An edit of a scenario: what differs from its parent, as a minimal file that extends it.

The fields of an edit are the texts of a form. What they may hold is decided by the scenario
package, whose messages the page shows.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from camphandover.batch.files import write_whole
from camphandover.batch.plan import file_name
from camphandover.errors import BatchError, Problem, ScenarioError
from camphandover.scenario import Difference, Scenario, differences, load
from camphandover.scenario import library as library_files
from camphandover.scenario.library import ORDER
from camphandover.scenario.resolve import Resolution, resolution
from camphandover.scenario.schema import MAX_TEXT, ClauseForm

DEFAULT_PARENT = "on-schedule"
MAX_NAME = 60
NOTHING = "none"
"""What a form says for a day if nothing is to be known."""
SAME = {
    "receiver": ("receiver",),
    "notice_army": ("notice", "army"),
    "notice_separatists": ("notice", "separatists"),
}
"""Values of a camp that a form holds as a file does, with their keys in the file."""
_CAMP = "scenario.handover.camps."
_KNOWN = "scenario.known."


@dataclass(frozen=True)
class Edit:
    """A parent and what differs from it.

    Attributes:
        parent: Name of the scenario that is edited.
        camps: By place, the texts of a camp's form: `when` (a date, `plan`, `actual`, or days
            after the parent's date, such as `+15` or `-30`), and values of `SAME` by name. What
            is not there is as in the parent.
        known_until: Day from which runs go on, `none`, or empty: as in the parent.
        title, question: Texts of the edited scenario; if empty, a title that tells the changes,
            and the parent's question.
    """

    parent: str = DEFAULT_PARENT
    camps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    known_until: str = ""
    title: str = ""
    question: str = ""

    def with_camp(self, place: str, **texts: str) -> Edit:
        """The same with other texts of one camp; an empty one leaves it as in the parent."""
        camp = {name: text for name, text in {**self.camp(place), **texts}.items() if text}
        camps = {**self.camps, place: camp}
        return replace(self, camps={place: texts for place, texts in camps.items() if texts})

    def with_text(self, name: str, text: str) -> Edit:
        """The same with another `known_until`, `title` or `question`."""
        texts: dict[str, Any] = {name: text}
        return replace(self, **texts)

    def without(self, *places: str) -> Edit:
        """The same with some camps as in the parent."""
        camps = {place: texts for place, texts in self.camps.items() if place not in places}
        return replace(self, camps=camps)

    def camp(self, place: str) -> Mapping[str, str]:
        """What the form says of a camp."""
        return self.camps.get(place, {})


class Parent:
    """A scenario that can be edited.

    Attributes:
        name: By which it is extended.
        path: Its file.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path

    @cached_property
    def _found(self) -> Resolution:
        return resolution(self.path, self.name)

    @property
    def scenario(self) -> Scenario:
        """The parent itself, resolved; that of its file without a sweep, which no child inherits.

        Errors:
            ScenarioError if its file is faulty.
        """
        return self._found.scenario

    @property
    def files(self) -> set[Path]:
        """Its file and all that it extends."""
        return {Path(shown).resolve() for shown in self._found.chain}

    def clause(self, place: str) -> ClauseForm:
        """A camp's clause in the words of the files: exit and shift apart."""
        return self._found.merged.terms[place]


@dataclass(frozen=True)
class Draft:
    """What a form holds and what comes of it.

    Attributes:
        edit, parent: What the form says, and of which scenario.
        scenario: The edited scenario, the parent's own if nothing differs; None if it is faulty.
        faults: What is wrong with the form.
    """

    edit: Edit
    parent: Parent
    scenario: Scenario | None
    faults: tuple[str, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether it is a scenario that differs from the parent."""
        return self.scenario not in (None, self.parent.scenario)


def draft(edit: Edit, parent: Parent) -> Draft:
    """What comes of a form."""
    try:
        edited = resolve(edit, parent)
    except ScenarioError as error:
        return Draft(edit, parent, None, tuple(messages(error)))
    is_new = bool(changes(edited, parent.scenario))
    return Draft(edit, parent, edited if is_new else parent.scenario)


def parents(folder: Path) -> dict[str, Parent]:
    """The scenarios that can be edited: the base, then users' own files, then the library.

    A file of the folder hides one of the library of the same name, as it does for `extends`.

    Errors:
        ScenarioError if there is no library.
    """
    files = {path.stem: path for path in library_files()}
    files |= {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    names = sorted(files, key=lambda name: (name != DEFAULT_PARENT, name in ORDER))
    return {name: Parent(name, files[name]) for name in names}


def camps(scenario: Scenario) -> list[str]:
    """The UN camps in the order in which the scenario has the UN leave them."""
    return sorted(scenario.camps, key=lambda place: scenario.camps[place].exit)


# --- from the form to the file -----------------------------------------------------------


def to_yaml(edit: Edit, parent: Parent) -> str:
    """The file of an edit: what differs from the parent, and nothing else."""
    text: str = yaml.safe_dump(
        _content(edit, parent, parent.name), sort_keys=False, allow_unicode=True, width=1000
    )
    return text


def resolve(edit: Edit, parent: Parent, name: str = "") -> Scenario:
    """The edited scenario.

    Args:
        edit: What differs.
        parent: The scenario of that name.
        name: What to call the edited one; by the parent's name if not given.
    Errors:
        ScenarioError with every fault of the edit and of its parent.
    """
    # A path, because a name is looked up beside the file, and there is no file yet.
    return load(_content(edit, parent, str(parent.path.resolve())), name or f"{parent.name}-edited")


def changes(edited: Scenario, parent: Scenario) -> list[Difference]:
    """What differs in effect."""
    return differences(parent, edited)


def messages(error: ScenarioError) -> list[str]:
    """The faults as a form shows them: the camp or the key, what is wrong, what would be right."""
    return [_message(problem) for problem in error.problems]


def _message(problem: Problem) -> str:
    if problem.line:
        where = f"{problem.file}, line {problem.line}"
    elif problem.file.startswith((_CAMP, _KNOWN)):
        path = problem.file.removeprefix(_CAMP).removeprefix("scenario.")
        where = ", ".join(path.split(".")[:-1])
    else:
        where = problem.file.removeprefix("scenario.").removeprefix("scenario")
    text = f"{where}: {problem.message}" if where else problem.message
    return f"{text} ({problem.hint})" if problem.hint else text


def _content(edit: Edit, parent: Parent, extends: str) -> dict[str, Any]:
    """The file's form as data."""
    camps = {place: _clause(texts, parent, place) for place, texts in edit.camps.items()}
    camps = {place: clause for place, clause in camps.items() if clause}
    known = _known(edit.known_until.strip(), parent.scenario.known.until)
    content: dict[str, Any] = {"title": edit.title.strip() or _title(parent.name, known, camps)}
    if edit.question.strip():
        content["question"] = edit.question.strip()
    content["extends"] = extends
    if known:
        content["known"] = known
    if camps:
        content["handover"] = {"camps": camps}
    return content


def _known(text: str, before: date | None) -> dict[str, Any]:
    """What the file says of what is known, over the parent's."""
    until = None if text == NOTHING else _value(text)
    return {"until": until} if text and until != before else {}


def _clause(texts: Mapping[str, str], parent: Parent, place: str) -> dict[str, Any]:
    """What a camp's clause holds over the parent's."""
    if place not in parent.scenario.camps:
        # refused by the schema, with the names of the camps
        return {"receiver": texts.get("receiver", "")}
    before = parent.scenario.camps[place]
    own = _exit(texts.get("when", "").strip(), before.exit, parent.clause(place))
    for name, (key, *inner) in SAME.items():
        value = _value(texts.get(name, ""))
        if value not in ("", getattr(before, name)):
            own[key] = {**own.get(key, {}), **dict.fromkeys(inner, value)} if inner else value
    return own


def _exit(text: str, before: date, clause: ClauseForm) -> dict[str, Any]:
    """The keys `exit` and `shift` of a text; none if the date stays as it is."""
    if not text:
        return {}
    if re.fullmatch(r"[+-][0-9]{1,4}", text):
        return {"shift": clause.shift + int(text)} if int(text) else {}
    value = _value(text)
    if value == before:
        return {}
    own: dict[str, Any] = {} if value == clause.exit else {"exit": value}
    return own | ({"shift": 0} if clause.shift else {})


def _value(text: str) -> date | int | str:
    """The date or the number of a text; the text itself if it is none."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        with suppress(ValueError):
            return date.fromisoformat(text)
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text, re.ASCII) else text


def _title(parent: str, known: Mapping[str, Any], camps: Mapping[str, Mapping[str, Any]]) -> str:
    """A title that tells the changes."""
    if not known and not camps:
        return f"{parent}, unchanged"
    parts = [f"known until {known['until'] or 'no day'}"] if known else []
    for place, clause in camps.items():
        told = {key: value for key, value in clause.items() if key != "notice"}
        if "exit" in told:
            told.pop("shift", None)
        words = [f"{key} {value}" for key, value in told.items()]
        words += [f"notice {days} ({side})" for side, days in clause.get("notice", {}).items()]
        parts.append(f"{place} {', '.join(words)}")
    return textwrap.shorten(f"{parent}, but {'; '.join(parts)}", MAX_TEXT, placeholder="...")


# --- saving ------------------------------------------------------------------------------


def target(folder: Path, name: str, parent: Parent) -> Path:
    """The file that a name means in a folder.

    Errors:
        BatchError if it is no name, or that of a file which an edit must not replace.
    """
    stem = name.strip().removesuffix(".yaml")
    small = stem.lower()  # where capitals do not count, the file is that of the small name
    if (
        not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", stem)
        or len(stem) > MAX_NAME
        or file_name(small) != small
    ):
        raise BatchError(
            f"{name!r} is no name for a file: letters, digits, - and _ are right, "
            f"at most {MAX_NAME}."
        )
    path = folder / f"{stem}.yaml"
    if small == parent.name.lower() or path.resolve() in parent.files:
        raise BatchError(f"{path} is what the edit extends: give it another name.")
    if small in ORDER:
        raise BatchError(f"{stem} is a scenario of the library: give the edit another name.")
    return path


def save(
    edit: Edit, parent: Parent, folder: Path, name: str, *, replace: bool = False
) -> tuple[Path, Scenario]:
    """Write an edit into a folder, which is made if it is not there.

    Args:
        edit: What differs.
        parent: The scenario of that name.
        folder: Where to.
        name: Name of the file, with or without `.yaml`.
        replace: Whether a file of this name may be replaced.
    Returns:
        The file, and the scenario that it holds.
    Errors:
        ScenarioError if the edit is faulty; BatchError if it changes nothing, if the name is
        wrong or taken, or if the file cannot be written.
    """
    path = target(folder, name, parent)
    edited = resolve(edit, parent, path.stem)
    if edited.digest() == parent.scenario.digest():
        raise BatchError(f"Nothing to save: the edit differs from {parent.name} nowhere.")
    if path.exists() and not replace:
        raise BatchError(f"{path} is there already: allow it to be replaced, or rename.")
    try:
        write_whole(path, to_yaml(edit, parent).encode())
    except OSError as error:
        raise BatchError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path, load(path)
