"""From files to a resolved scenario: `extends`, merging, the clauses of each camp, the dates.

What counts, weakest first: the defaults of the schema, the file that is extended, the file
itself, a point of its sweep. Inside `handover`, after that merge: `all`, `later`, the camp's own
entry. The sweep of a file that is extended does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

from camphandover import theatre
from camphandover.scenario import library
from camphandover.scenario.check import check, without_refused
from camphandover.scenario.errors import Mark, Problem, ScenarioError, shown_path
from camphandover.scenario.read import EMPTY, Node, from_data, merge, plain, read
from camphandover.scenario.resolved import Clause, Scenario
from camphandover.scenario.schema import FIRST_DAY, LAST_DAY, ClauseForm, ScenarioForm, Window
from camphandover.scenario.sweep import Point, read_points, same_effect, split


@dataclass(frozen=True)
class Resolution:
    """A scenario and where its values come from.

    Attributes:
        scenario: The resolved scenario.
        form: The merged file as the schema reads it.
        tree: The merged tree; each node's mark is the place of the value that won.
        clauses: The merged tree of each camp's clause, by place.
        chain: The files, the given one first, then what each extends, as shown to the user.
        sweep: Where the file's sweep stands; `None` if it holds none.
        points: The points of the sweep, each with its scenario; `scenario` is that of the file
            without the sweep.
    """

    scenario: Scenario
    form: ScenarioForm
    tree: Node
    clauses: dict[str, Node]
    chain: tuple[str, ...]
    sweep: Mark | None = None
    points: tuple[tuple[Point, Scenario], ...] = ()


@dataclass
class _Chain:
    """The files of a scenario as they were read.

    Attributes:
        trees: Their trees without sweeps, the given one first, then what each extends.
        shown: Their names as shown to the user.
        problems: The faults of each file by itself.
        sweep: Where the sweep of the given one stands; `None` if it holds none.
        points: The points of that sweep.
    """

    trees: list[Node] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    sweep: Mark | None = None
    points: list[Point] = field(default_factory=list)


def load(source: str | Path | Mapping[str, Any], name: str | None = None) -> Scenario:
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
        raise ScenarioError([Problem.at(found.sweep, message, hint)])
    return found.scenario


def load_points(source: str | Path | Mapping[str, Any], name: str | None = None) -> list[Scenario]:
    """Read, check and resolve a scenario, or all points of its sweep.

    Args:
        source: As `load` takes it.
        name: As `load` takes it; the points of a sweep are called `name[Kidal.shift=-30]`.
    Returns:
        The scenario alone if it holds no sweep; else one scenario for each point, in the order
        of the list, or of the grid with the last key varying fastest.
    Errors:
        ScenarioError with every fault of the file, of those that it extends and of the points.
    """
    found = resolution(source, name)
    if found.sweep is None:
        return [found.scenario]
    return [scenario for _, scenario in found.points]


def _check_name(name: str) -> None:
    """Refuse a name that a terminal, a table or a chart could not show as it is."""
    if not name.isprintable():
        message, hint = "the name holds unprintable characters", "rename the file or the scenario"
        raise ScenarioError([Problem(ascii(name), 0, 0, "", message, hint)])


def resolution(source: str | Path | Mapping[str, Any], name: str | None = None) -> Resolution:
    """As `load` and `load_points`, together with the origin of every value."""
    start = source if isinstance(source, Mapping) else library.locate(source)
    stem = name or (start.stem if isinstance(start, Path) else "scenario")
    _check_name(stem)
    chain = _chain(start)
    own, *others = [without_refused(tree) for tree in chain.trees]
    above = reduce(merge, reversed(others), EMPTY)
    tree = merge(above, own)
    form, clauses, faults = _parts(tree)
    trees = [(point, merge(above, point.over(own))) for point in chain.points]
    points, of_points = _points(stem, trees, faults)
    found = [*chain.problems, *_missing_texts(chain.trees), *faults, *of_points]
    if found:
        raise ScenarioError(found)
    scenario = _scenario(stem, form, clauses)
    return Resolution(scenario, form, tree, clauses, tuple(chain.shown), chain.sweep, points)


def _parts(tree: Node) -> tuple[ScenarioForm, dict[str, Node], list[Problem]]:
    """A merged tree as the schema reads it, the clause of each camp, and the faults of both."""
    form = ScenarioForm.model_validate(plain(tree))
    clauses = {camp.place: clause_tree(tree, camp) for camp in theatre.load().camps}
    return form, clauses, list(_faults(form, tree, clauses))


def clause_tree(tree: Node, camp: theatre.Camp) -> Node:
    """The merged clause of one camp: `all`, then `later` (not in phase 1), then its own."""
    layers = [tree.get("handover", "all")]
    if is_later(camp):
        layers.append(tree.get("handover", "later"))
    layers.append(tree.get("handover", "camps", camp.place))
    clause = EMPTY
    for layer in layers:
        if layer is not None:
            clause = merge(clause, layer)
    return clause


def is_later(camp: theatre.Camp) -> bool:
    """Whether a camp closes after phase 1: in phase 2, or as a site of the liquidation."""
    return camp.phase != 1


def base_exit(clause: ClauseForm, camp: theatre.Camp) -> date:
    """The exit before the shift; `actual` of a camp without a known date is the plan."""
    if isinstance(clause.exit, date):
        return clause.exit
    if clause.exit == "actual" and camp.actual is not None:
        return camp.actual
    return camp.planned


def _points(
    stem: str, trees: list[tuple[Point, Node]], told: list[Problem]
) -> tuple[tuple[tuple[Point, Scenario], ...], list[Problem]]:
    """The scenarios of a sweep's points, and the faults of values that do not fit each other.

    Args:
        stem: Name of the file.
        trees: Each point with its merged tree.
        told: Faults of the file without its sweep, which are not told again. A place with a
            fault in many points is told once, with the first of them.
    """
    places = {fault.place for fault in told}
    found: list[Problem] = []
    points: list[tuple[Point, Scenario]] = []
    for point, tree in trees:
        form, clauses, faults = _parts(tree)
        new = [fault for fault in faults if fault.place not in places]
        places.update(fault.place for fault in new)
        found += [replace(fault, message=f"{fault.message} ({point.label})") for fault in new]
        if not faults and form.title and form.question:
            titled = form.model_copy(update={"title": point.title(form.title)})
            points.append((point, _scenario(point.name(stem), titled, clauses)))
    found += same_effect((point, scenario.digest()) for point, scenario in points)
    return tuple(points), found


def _chain(source: Path | Mapping[str, Any]) -> _Chain:
    """A scenario and all that it extends.

    Errors:
        ScenarioError with all faults so far if a file of the chain cannot be read.
    """
    chain = _Chain()
    seen: list[Path] = []
    current: Path | Mapping[str, Any] | None = source
    try:
        while current is not None:
            if isinstance(current, Path):
                tree, faults = read(current)
                seen.append(current.resolve())
                chain.shown.append(shown_path(current))
            else:
                tree, faults = from_data(current)
                chain.shown.append("argument")
            tree, sweep = split(tree)
            chain.problems += [*faults, *check(tree)]
            if sweep is not None and not chain.trees:
                chain.sweep = sweep.key
                chain.points, faults = read_points(sweep)
                chain.problems += faults
            chain.trees.append(tree)
            current = _parent(tree, current if isinstance(current, Path) else None, seen)
    except ScenarioError as error:
        raise ScenarioError([*chain.problems, *error.problems]) from None
    return chain


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
        raise ScenarioError([Problem.at(node.mark, message, hint)])
    return above


def _missing_texts(trees: list[Node]) -> Iterator[Problem]:
    """A title or a question that no file of the chain gives."""
    for key in ("title", "question"):
        if all(tree.get(key) is None for tree in trees):
            yield Problem.at(trees[0].mark, f"'{key}' is missing", f"add `{key}: ` and a text")


def _faults(form: ScenarioForm, tree: Node, clauses: dict[str, Node]) -> Iterator[Problem]:
    """Dates of the merged scenario that do not fit each other."""
    window, mandate_end = form.window, form.handover.mandate_end
    start, end = (_mark(tree, "window", key) for key in ("start", "end"))
    if not FIRST_DAY <= window.start <= LAST_DAY:
        yield _outside(start, "window.start", window.start, FIRST_DAY, LAST_DAY)
    if not FIRST_DAY <= window.end <= LAST_DAY:
        yield _outside(end, "window.end", window.end, FIRST_DAY, LAST_DAY)
    if window.end < window.start:
        mark = end if tree.get("window", "end") else start
        message = f"the window ends on {window.end}, before its start on {window.start}"
        yield Problem.at(mark, message, "give an `end` that is not before `start`")
        return
    if not window.start <= mandate_end <= LAST_DAY:
        mark = _mark(tree, "handover", "mandate_end")
        yield _outside(mark, "mandate_end", mandate_end, window.start, LAST_DAY)
    last = max(window.end, mandate_end)
    truce = form.politics.truce
    if truce is not None and not window.start <= truce <= last:
        yield _outside(_mark(tree, "politics", "truce"), "truce", truce, window.start, last)
    yield from _exit_faults(window, last, clauses)


def _exit_faults(window: Window, last: date, clauses: dict[str, Node]) -> Iterator[Problem]:
    """Explicit exits outside [window.start, last], and shifts to before the window."""
    early: dict[Mark, list[str]] = {}
    for camp in theatre.load().camps:
        tree = clauses[camp.place]
        clause = ClauseForm.model_validate(plain(tree))
        exit_ = base_exit(clause, camp)
        if isinstance(clause.exit, date) and not window.start <= exit_ <= last:
            yield _outside(_mark(tree, "exit"), "exit", exit_, window.start, last)
        elif exit_ + timedelta(clause.shift) < window.start <= exit_:
            moved = f"{camp.place} on {exit_ + timedelta(clause.shift)}"
            early.setdefault(_mark(tree, "shift"), []).append(moved)
    for mark, moved_camps in early.items():
        message = f"shift: the UN would leave {', '.join(moved_camps)}, before the window starts"
        hint = f"shift less, or only some camps: the window starts on {window.start}"
        yield Problem.at(mark, message, hint)


def _outside(mark: Mark, name: str, value: date, first: date, last: date) -> Problem:
    message = f"{name}: {value} is outside the window"
    return Problem.at(mark, message, f"from {first} to {last}")


def _mark(tree: Node, *path: str) -> Mark:
    """The mark of a value, or of the nearest mapping above it that is written down."""
    for length in range(len(path), 0, -1):
        node = tree.get(*path[:length])
        if node is not None:
            return node.mark
    return tree.mark


def _scenario(name: str, form: ScenarioForm, clauses: dict[str, Node]) -> Scenario:
    """The resolved scenario of a form without faults."""
    camps = {}
    for camp in theatre.load().camps:
        clause = ClauseForm.model_validate(plain(clauses[camp.place]))
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
        title=form.title,
        question=form.question,
        window=form.window,
        mandate_end=form.handover.mandate_end,
        camps=camps,
        forces=form.forces.model_dump(),
        airpower=form.airpower,
        foreign=form.foreign,
        politics=form.politics,
        population=form.population,
        blockade=form.blockade,
        alliance=form.alliance,
        reporting=form.reporting,
        structure=form.structure,
        parameters=form.parameters,
    )
