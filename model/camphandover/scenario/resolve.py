"""From files to a resolved scenario: `extends`, merging, the clauses of each camp, the dates.

What counts, weakest first: the defaults of the schema, the file that is extended, the file
itself, a point of its sweep. Inside `handover`, after that merge: `all`, `later`, the camp's own
entry. The sweep of a file that is extended does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache, reduce
from pathlib import Path
from typing import Any, NamedTuple

from camphandover import facts
from camphandover.errors import Mark, Problem, ScenarioError
from camphandover.scenario import library
from camphandover.scenario.check import check, without_refused
from camphandover.scenario.known import faults_known, with_record
from camphandover.scenario.read import EMPTY, Node, from_data, from_text, merge, plain, read
from camphandover.scenario.resolved import Clause, Scenario
from camphandover.scenario.schema import (
    LAST_DAY,
    MAX_SHIFT,
    ClauseForm,
    HandoverForm,
    KnownForm,
    ScenarioForm,
    Settings,
)
from camphandover.scenario.sweep import Point, read_points, same_effect, split

Source = str | Path | Mapping[str, Any]


class Merged:
    """A merged tree, as the schema reads it.

    Attributes:
        tree: The tree; each node's mark is the place of the value that won.
        form: The whole of it.
        clauses: The merged tree of each camp's clause, by place.
        terms: The same as the schema reads it.
    """

    def __init__(self, tree: Node) -> None:
        """Read a tree without faults of form."""
        self.tree = tree
        self.form = ScenarioForm.model_validate(plain(tree))
        self.clauses = {camp.place: clause_tree(tree, camp) for camp in facts.load().camps}
        self.terms = {
            place: ClauseForm.model_validate(plain(clause))
            for place, clause in self.clauses.items()
        }

    def scenario(self, name: str) -> Scenario:
        """The resolved scenario; of a tree whose dates fit each other."""
        camps = {}
        for camp in facts.load().camps:
            clause = self.terms[camp.place]
            joint = clause.joint_unit if clause.receiver == "joint" else None
            camps[camp.place] = Clause(
                exit=base_exit(clause, camp) + timedelta(clause.shift),
                notice_army=clause.notice.army,
                notice_separatists=clause.notice.separatists,
                p_leave=joint.p_leave if joint else None,
                **clause.model_dump(exclude={"exit", "shift", "notice", "joint_unit"}),
            )
        return Scenario(
            name=name,
            mandate_end=self.form.handover.mandate_end,
            camps=camps,
            forces=self.form.forces.model_dump(),
            **{key: getattr(self.form, key) for key in Settings.model_fields},
        )


@dataclass
class Resolution:
    """A scenario and where its values come from.

    Attributes:
        chain: The files, the given one first, then what each extends, as shown to the user.
        trees: Their trees without sweeps.
        problems: The faults of each file by itself.
        sweep: Where the sweep of the given one stands; `None` if it holds none.
        settings: The points of that sweep.
        merged: The files as one, without the sweep.
        scenario: What they resolve to.
        points: The points of the sweep, each with its scenario.
    """

    chain: list[str] = field(default_factory=list)
    trees: list[Node] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    sweep: Mark | None = None
    settings: list[Point] = field(default_factory=list)
    merged: Merged = field(init=False)
    scenario: Scenario = field(init=False)
    points: list[tuple[Point, Scenario]] = field(default_factory=list)


def load(source: Source, name: str | None = None) -> Scenario:
    """Read, check and resolve a scenario.

    Args:
        source: A path, a name of the library (`on-schedule`), or a dict of the file's form.
        name: Name of the scenario; the file's stem, or `scenario` for a dict, if not given.
    Returns:
        The resolved scenario.
    Errors:
        ScenarioError with every fault of the file and of those that it extends, or if the file
        holds a sweep and is thus more than one scenario.
    """
    found = resolution(source, name)
    if found.sweep is not None:
        n_points = len(found.points)
        message = f"a sweep of {n_points} point{'s' * (n_points != 1)}, not a single scenario"
        hint = "`run` and `validate` take a sweep, and so does load_points in Python"
        raise ScenarioError.at(found.sweep, message, hint)
    return found.scenario


def load_points(
    source: Source, name: str | None = None, known: Mapping[str, Any] | None = None
) -> list[Scenario]:
    """Read, check and resolve a scenario, or all points of its sweep.

    Args:
        source: As `load` takes it.
        name: As `load` takes it; the points of a sweep are called `name[Kidal.shift=-30]`.
        known: What replaces the file's `known:`, in its words.
    Returns:
        The scenario alone if it holds no sweep; else one scenario for each point, in the order
        of the list, or of the grid with the last key varying fastest.
    Errors:
        ScenarioError with every fault of the file, of those that it extends and of the points.
    """
    found = resolution(source, name, known)
    if found.sweep is None:
        return [found.scenario]
    return [scenario for _, scenario in found.points]


def with_known(scenario: Scenario, known: Mapping[str, Any]) -> Scenario:
    """A resolved scenario that goes on from what was known.

    Args:
        known: As a file says it.
    Errors:
        ScenarioError if the scenario changes something before the day.
    """
    tree, _ = from_text(scenario.to_yaml(), scenario.name)
    over, found = _known_tree(known)
    merged = Merged(merge(tree, over))
    for path, message, hint in faults_known(merged.scenario(scenario.name), full_model(), set()):
        found.append(Problem.at(Mark(scenario.name, path=".".join(path)), message, hint))
    if found:
        raise ScenarioError(found)
    return merged.scenario(scenario.name)


def _known_tree(known: Mapping[str, Any] | None) -> tuple[Node, list[Problem]]:
    """What is given as `known:` beside the file, with the faults of its form."""
    if not known:
        return EMPTY, []
    tree, found = from_data({"known": dict(known)})
    tree, of_record = with_record(tree, None)
    return tree, [*found, *of_record, *check(tree)]


def _given_twice(points: list[Point], over: Node) -> list[Problem]:
    """What a sweep sets and is given beside the file, once each."""
    first = {one.path: one.node.mark for point in reversed(points) for one in point.settings}
    hint = "leave out one of the two"
    return [
        Problem.at(mark, f"{path[-1]}: the sweep sets it, and it is given beside the file", hint)
        for path, mark in first.items()
        if over.get(*path) is not None
    ]


def load_stored(text: str, name: str) -> Scenario:
    """Resolve a scenario as a batch keeps it.

    Args:
        text: What `Scenario.to_yaml` gave. Exits that a file may no longer have are taken: they
            have been run.
        name: Name of the scenario.
    Errors:
        ScenarioError with every other fault.
    """
    tree, found = from_text(text, name)
    found += check(tree)
    if found:
        raise ScenarioError(found)
    return Merged(tree).scenario(name)


def resolution(
    source: Source, name: str | None = None, known: Mapping[str, Any] | None = None
) -> Resolution:
    """As `load` and `load_points`, together with the origin of every value."""
    start = source if isinstance(source, Mapping) else library.locate(source)
    stem = name or (start.stem if isinstance(start, Path) else "scenario")
    if not stem.isprintable():  # a terminal, a table or a chart could not show it as it is
        message, hint = "the name holds unprintable characters", "rename the file or the scenario"
        raise ScenarioError.at(Mark(ascii(stem)), message, hint)
    found = _files(start)
    over, faults = _known_tree(known)
    found.problems += [*faults, *_given_twice(found.settings, over)]
    if known:
        found.trees[0] = merge(found.trees[0], over)
    own, *others = [without_refused(tree) for tree in found.trees]
    above = reduce(merge, reversed(others), EMPTY)
    found.merged = Merged(merge(above, own))
    faults = list(_faults(found.merged, found.chain))
    points = [(point, Merged(merge(above, point.over(own)))) for point in found.settings]
    of_points = _resolve_points(found, stem, points, faults)
    problems = [*found.problems, *_missing_texts(found.trees), *faults, *of_points]
    if problems:
        raise ScenarioError(problems)
    found.scenario = found.merged.scenario(stem)
    return found


@cache
def full_model() -> Scenario:
    """The scenario of a file that sets nothing."""
    texts = {"title": "The past", "question": "What had happened by then?"}
    return Merged(from_data(texts)[0]).scenario("past")


def clause_tree(tree: Node, camp: facts.Camp) -> Node:
    """The merged clause of one camp: `all`, then `later` (not in phase 1), then its own."""
    layers = [("all",), *([("later",)] if is_later(camp) else []), ("camps", camp.place)]
    nodes = [tree.get("handover", *layer) for layer in layers]
    return reduce(merge, [node for node in nodes if node is not None], EMPTY)


def is_later(camp: facts.Camp) -> bool:
    """Whether a camp closes after phase 1: in phase 2, or as a site of the liquidation."""
    return camp.phase != 1


def base_exit(clause: ClauseForm, camp: facts.Camp) -> date:
    """The exit before the shift; `actual` of a camp without a known date is the plan."""
    if isinstance(clause.exit, date):
        return clause.exit
    if clause.exit == "actual" and camp.actual is not None:
        return camp.actual
    return camp.planned


def _resolve_points(
    found: Resolution, stem: str, points: list[tuple[Point, Merged]], told: list[Problem]
) -> list[Problem]:
    """Resolve the points of a sweep; the faults of values that do not fit each other.

    Args:
        found: Takes the points with their scenarios.
        stem: Name of the file.
        points: Each point with its merged tree.
        told: Faults of the file without its sweep, which are not told again. A place with a
            fault in many points is told once, with the first of them, and so are faults on one
            line for which the same is right.
    """
    places = {fault.place for fault in told}
    kinds: dict[tuple[Any, ...], list[Problem]] = {}
    for point, merged in points:
        faults = list(_faults(merged, found.chain))
        new = [fault for fault in faults if fault.place not in places]
        places.update(fault.place for fault in new)
        for fault in new:
            kind = fault.file, fault.line, fault.message.split(":")[0], fault.hint
            labelled = replace(fault, message=f"{fault.message} ({point.label}")
            kinds.setdefault(kind, []).append(labelled)
        if not faults and merged.form.title and merged.form.question:
            title = point.title(merged.form.title)
            scenario = merged.scenario(point.name(stem)).model_copy(update={"title": title})
            found.points.append((point, scenario))
    first = []
    for fault, *alike in kinds.values():
        more = f"; {len(alike)} more are wrong alike" if alike else ""
        first.append(replace(fault, message=f"{fault.message}{more})"))
    return first + same_effect((point, scenario.digest()) for point, scenario in found.points)


def _files(source: Path | Mapping[str, Any]) -> Resolution:
    """A scenario and all that it extends, each file read by itself.

    Errors:
        ScenarioError with all faults so far if a file of the chain cannot be read.
    """
    found = Resolution()
    seen: list[Path] = []
    current: Path | Mapping[str, Any] | None = source
    try:
        while current is not None:
            if isinstance(current, Path):
                tree, faults = read(current)
                seen.append(current.resolve())
            else:
                tree, faults = from_data(current)
            found.chain.append(tree.mark.file or "argument")
            tree, sweep = split(tree)
            tree, of_record = with_record(tree, current if isinstance(current, Path) else None)
            found.problems += [*faults, *of_record, *check(tree)]
            if sweep is not None and not found.trees:
                found.sweep = sweep.key
                found.settings, faults = read_points(sweep)
                found.problems += faults
            found.trees.append(tree)
            current = _parent(tree, current if isinstance(current, Path) else None, seen)
    except ScenarioError as error:
        raise ScenarioError([*found.problems, *error.problems]) from None
    return found


def _parent(tree: Node, path: Path | None, seen: list[Path]) -> Path | None:
    """The file that a tree extends, if any and if it is not already in the chain."""
    node = tree.get("extends")
    if node is None or not isinstance(node.value, str):
        return None
    above = library.parent(node.value, node.mark, path)
    if above.resolve() in seen:
        names = [*(file.name for file in seen), above.name]
        message = f"extends: a loop, {' -> '.join(names)}"
        hint = "let one file of the loop extend nothing"
        raise ScenarioError.at(node.mark, message, hint)
    return above


def _missing_texts(trees: list[Node]) -> Iterator[Problem]:
    """A title or a question that no file of the chain gives."""
    for key in ("title", "question"):
        if all(tree.get(key) is None for tree in trees):
            yield Problem.at(trees[0].mark, f"'{key}' is missing", f"add `{key}: ` and a text")


def _faults(merged: Merged, files: Sequence[str]) -> Iterator[Problem]:
    """Dates of a merged scenario that do not fit each other.

    Args:
        files: The files it was merged from: its own, then what each extends.
    """
    form, tree, window = merged.form, merged.tree, merged.form.window
    if window.end < window.start:
        mark = _mark(tree, "window", "end" if tree.get("window", "end") else "start")
        message = f"the window ends on {window.end}, before its start on {window.start}"
        yield Problem.at(mark, message, "give an `end` that is not before `start`")
        return
    known = "the days that the model knows from the window's start on"
    for path, day, last, what in (
        (("handover", "mandate_end"), form.handover.mandate_end, LAST_DAY, known),
        (("politics", "truce"), form.politics.truce, window.end, "the window"),
    ):
        if day is not None and not window.start <= day <= last:
            message = f"{path[-1]}: {day} is outside {what}"
            yield Problem.at(_mark(tree, *path), message, f"from {window.start} to {last}")
    if form.known != KnownForm() and form.title and form.question:
        own = tree.get("handover", "camps")
        camps = set(own.value) if own is not None else set[str]()
        yield from _known_faults(merged, camps)
    bounds = [("window", "start"), ("window", "end"), ("handover", "mandate_end")]
    nodes = [tree.get(*path) for path in bounds]
    ages = [files.index(_file(node.mark)) for node in nodes if node is not None]
    yield from _exit_faults(merged, files[: min(ages, default=len(files)) + 1])


def _known_faults(merged: Merged, own: set[str]) -> Iterator[Problem]:
    """What would change something before the day until which all is known.

    Camps that are wrong by one line are told once.

    Args:
        own: Camps that have an entry of their own.
    """
    told: dict[tuple[Mark, str], list[str]] = {}
    for where, message, hint in faults_known(merged.scenario(""), full_model(), own):
        mark = _mark(merged.tree, *where)
        if where[-1] == "exit":  # which may stand in a clause of many camps
            place = where[-2]
            mark = _mark(merged.clauses[place], "shift" if merged.terms[place].shift else "exit")
        told.setdefault((mark, hint), []).append(message)
    for (mark, hint), (message, *alike) in told.items():
        more = f"; {len(alike)} more are wrong alike" if alike else ""
        yield Problem.at(mark, message + more, hint)


def _file(mark: Mark) -> str:
    return mark.file or "argument"


class _Set(NamedTuple):
    """An exit that a file sets.

    Attributes:
        exit: The day, shift included.
        when: The camp and that day in words.
        wrong: Why the UN cannot leave on that day; empty if it can.
        least, most: Days that the shift may have.
    """

    exit: date
    when: str
    wrong: str
    least: int
    most: int


def _exit_faults(merged: Merged, files: Sequence[str]) -> Iterator[Problem]:
    """Exits that a file sets, by a date or a shift, outside the window or after the mandate.

    A plan or an actual date may lie outside: the schedule is not the file's. So may what was set
    before another file that extends it chose the window.

    Args:
        files: Whose exits are held to the window.
    """
    told: dict[tuple[Mark, str], list[_Set]] = {}
    for camp in facts.load().camps:
        clause = merged.terms[camp.place]
        if isinstance(clause.exit, date) or clause.shift:
            key = "shift" if clause.shift else "exit"
            mark = _mark(merged.clauses[camp.place], key)
            if _file(mark) in files:
                told.setdefault((mark, key), []).append(_set(camp, clause, merged.form))
    for (mark, key), exits in told.items():
        wrong: dict[str, list[str]] = {}
        for one in exits:
            wrong.setdefault(one.wrong, []).append(one.when)
        wrong.pop("", None)
        if wrong:
            camps = "; ".join(f"{', '.join(when)}, {why}" for why, when in wrong.items())
            yield Problem.at(mark, f"{key}: the UN would leave {camps}", _right(key, exits))


def _right(key: str, exits: list[_Set]) -> str:
    """Between which values all exits that a key sets would be right."""
    least, most = max(one.least for one in exits), min(one.most for one in exits)
    longer = "for a later one let `window` and `mandate_end` end later"
    if key == "shift":
        least, most = max(least, -MAX_SHIFT), min(most, MAX_SHIFT)
    if least > most:
        return f"no {key} is right for each of these camps and its exit; {longer}"
    if key == "shift":
        return f"a shift from {least} to {most} days would be right; {longer}"
    first, last = (exits[0].exit + timedelta(days) for days in (least, most))
    return f"an exit from {first} to {last} would be right; {longer}"


def _set(camp: facts.Camp, clause: ClauseForm, form: ScenarioForm) -> _Set:
    """The exit that a clause sets, held to the window and, but for guards, to the mandate.

    Where the plan itself is some days after the mission's end, as many after the mandate are right.
    """
    window, mandate_end = form.window, form.handover.mandate_end
    base, is_date = base_exit(clause, camp), isinstance(clause.exit, date)
    over = max(camp.planned - HandoverForm().mandate_end, timedelta(0))
    last = window.end if camp.liquidation else min(window.end, mandate_end + over)
    ordinal = max(1, min(base.toordinal() + clause.shift, date.max.toordinal()))
    exit_, wrong = date.fromordinal(ordinal), ""
    if exit_ < window.start and (is_date or base >= window.start):
        wrong = f"before the window starts on {window.start}"
    elif exit_ > last and (is_date or clause.shift > 0):
        end = f"window ends on {window.end}"
        wrong = f"after the {end if last == window.end else f'mandate ends on {mandate_end}'}"
    least, most = (window.start - base).days, (last - base).days
    if not is_date:  # what the schedule has outside may stay there, or move further out
        least, most = least if base >= window.start else -MAX_SHIFT, max(most, 0)
    added = f" ({base} and {clause.shift} days)" if is_date and clause.shift else ""
    return _Set(exit_, f"{camp.place} on {exit_}{added}", wrong, least, most)


def _mark(tree: Node, *path: str) -> Mark:
    """The mark of a value, or of the nearest mapping above it that is written down."""
    for length in range(len(path), 0, -1):
        node = tree.get(*path[:length])
        if node is not None:
            return node.mark
    return tree.mark
