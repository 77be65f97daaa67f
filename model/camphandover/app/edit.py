"""An edit of a scenario: what differs from its parent, as a minimal file that extends it.

The fields of an edit are the texts of a form. What they may hold is decided by the scenario
package, whose messages the page shows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_MOVED = re.compile(r"[+-][0-9]{1,4}")
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_CAMP = "scenario.handover.camps."


@dataclass(frozen=True)
class CampEdit:
    """What a form says of one camp; an empty text leaves it as in the parent.

    Attributes:
        when: A date, `plan`, `actual`, or days after the parent's date, such as `+15` or `-30`.
        receiver: Who gets the camp.
        notice_army: Days of notice for the army.
        notice_separatists: Days of notice for the separatists.
    """

    when: str = ""
    receiver: str = ""
    notice_army: str = ""
    notice_separatists: str = ""


@dataclass(frozen=True)
class Edit:
    """A parent and what differs from it.

    Attributes:
        parent: Name of the scenario that is edited.
        camps: By place, what the form says of a camp.
        title, question: Texts of the edited scenario; if empty, a title that tells the changes,
            and the parent's question.
    """

    parent: str = DEFAULT_PARENT
    camps: Mapping[str, CampEdit] = field(default_factory=dict)
    title: str = ""
    question: str = ""

    def with_camp(self, place: str, **texts: str) -> Edit:
        """The same with other texts of one camp."""
        camp = CampEdit(**{**self.camp(place).__dict__, **texts})
        camps = {**self.camps, place: camp}
        return Edit(self.parent, _without_empty(camps), self.title, self.question)

    def camp(self, place: str) -> CampEdit:
        """What the form says of a camp."""
        return self.camps.get(place, CampEdit())


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
    elif problem.file.startswith(_CAMP):
        where = ", ".join(problem.file.removeprefix(_CAMP).split(".")[:-1])
    else:
        where = problem.file.removeprefix("scenario.").removeprefix("scenario")
    text = f"{where}: {problem.message}" if where else problem.message
    return f"{text} ({problem.hint})" if problem.hint else text


def _content(edit: Edit, parent: Parent, extends: str) -> dict[str, Any]:
    """The file's form as data."""
    camps = {place: _clause(texts, parent, place) for place, texts in edit.camps.items()}
    camps = {place: clause for place, clause in camps.items() if clause}
    content: dict[str, Any] = {"title": edit.title.strip() or _title(parent.name, camps)}
    if edit.question.strip():
        content["question"] = edit.question.strip()
    content["extends"] = extends
    if camps:
        content["handover"] = {"camps": camps}
    return content


def _clause(texts: CampEdit, parent: Parent, place: str) -> dict[str, Any]:
    """What a camp's clause holds over the parent's."""
    own: dict[str, Any] = {}
    if place not in parent.scenario.camps:
        return {"receiver": texts.receiver}  # refused by the schema, with the names of the camps
    before = parent.scenario.camps[place]
    own |= _exit(texts.when.strip(), before.exit, parent.clause(place))
    if texts.receiver and texts.receiver != before.receiver:
        own["receiver"] = texts.receiver
    told = {"army": texts.notice_army, "separatists": texts.notice_separatists}
    known = {"army": before.notice_army, "separatists": before.notice_separatists}
    notice = {side: _whole(text) for side, text in told.items() if text.strip()}
    notice = {side: days for side, days in notice.items() if days != known[side]}
    if notice:
        own["notice"] = notice
    return own


def _exit(text: str, before: date, clause: ClauseForm) -> dict[str, Any]:
    """The keys `exit` and `shift` of a text; none if the date stays as it is."""
    if not text:
        return {}
    if _MOVED.fullmatch(text):
        return {"shift": clause.shift + int(text)} if int(text) else {}
    value = _date(text)
    if value == before:
        return {}
    own: dict[str, Any] = {} if value == clause.exit else {"exit": value}
    return own | ({"shift": 0} if clause.shift else {})


def _date(text: str) -> date | str:
    """The date of a text; the text itself if it is none."""
    try:
        return date.fromisoformat(text) if len(text) == len("2023-10-31") else text
    except ValueError:
        return text


def _whole(text: str) -> int | str:
    """The number of a text; the text itself if it is none."""
    return int(text) if _WHOLE.fullmatch(text.strip()) else text.strip()


def _title(parent: str, camps: Mapping[str, Mapping[str, Any]]) -> str:
    """A title that tells the changes."""
    if not camps:
        return f"{parent}, unchanged"
    parts = []
    for place, clause in camps.items():
        told = {key: value for key, value in clause.items() if key != "notice"}
        if "exit" in told:
            told.pop("shift", None)
        words = [f"{key} {value}" for key, value in told.items()]
        words += [f"notice {days} ({side})" for side, days in clause.get("notice", {}).items()]
        parts.append(f"{place} {', '.join(words)}")
    text = f"{parent}, but {'; '.join(parts)}"
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 3]}..."


def _without_empty(camps: Mapping[str, CampEdit]) -> dict[str, CampEdit]:
    return {place: texts for place, texts in camps.items() if texts != CampEdit()}


# --- saving ------------------------------------------------------------------------------


def target(folder: Path, name: str, parent: Parent) -> Path:
    """The file that a name means in a folder.

    Errors:
        BatchError if it is no name, or that of a file which an edit must not replace.
    """
    stem = name.strip().removesuffix(".yaml")
    small = stem.lower()  # where capitals do not count, the file is that of the small name
    if not _NAME.fullmatch(stem) or len(stem) > MAX_NAME or file_name(small) != small:
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
