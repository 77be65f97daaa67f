"""From files to a resolved scenario: `extends`, merging, the clauses of each camp, the dates.

What counts, weakest first: the defaults of the schema, the file that is extended, the file
itself, a point of its sweep. Inside `handover`, after that merge: `all`, `later`, the camp's own
entry. The sweep of a file that is extended does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

from camphandover import facts
from camphandover.errors import Mark, Problem, ScenarioError, shown_path
from camphandover.scenario import library
from camphandover.scenario.check import check, without_refused
from camphandover.scenario.read import EMPTY, Node, from_data, from_text, merge, plain, read
from camphandover.scenario.resolved import Clause, Scenario
from camphandover.scenario.schema import (
    FIRST_DAY,
    LAST_DAY,
    MAX_SHIFT,
    ClauseForm,
    HandoverForm,
    ScenarioForm,
    Window,
)
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
    return _scenario(name, *_read(tree))


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
    form, clauses, faults = _parts(tree, chain.shown)
    trees = [(point, merge(above, point.over(own))) for point in chain.points]
    points, of_points = _points(stem, trees, faults, chain.shown)
    found = [*chain.problems, *_missing_texts(chain.trees), *faults, *of_points]
    if found:
        raise ScenarioError(found)
    scenario = _scenario(stem, form, clauses)
    return Resolution(scenario, form, tree, clauses, tuple(chain.shown), chain.sweep, points)


def _parts(tree: Node, files: Sequence[str]) -> tuple[ScenarioForm, dict[str, Node], list[Problem]]:
    """A merged tree as the schema reads it, the clause of each camp, and the faults of both.

    Args:
        files: The files it was merged from, as shown to the user: its own, then what each extends.
    """
    form, clauses = _read(tree)
    return form, clauses, list(_faults(form, tree, clauses, files))


def _read(tree: Node) -> tuple[ScenarioForm, dict[str, Node]]:
    """A merged tree as the schema reads it, and the clause of each camp."""
    form = ScenarioForm.model_validate(plain(tree))
    return form, {camp.place: clause_tree(tree, camp) for camp in facts.load().camps}


def clause_tree(tree: Node, camp: facts.Camp) -> Node:
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


def _points(
    stem: str, trees: list[tuple[Point, Node]], told: list[Problem], files: Sequence[str]
) -> tuple[tuple[tuple[Point, Scenario], ...], list[Problem]]:
    """The scenarios of a sweep's points, and the faults of values that do not fit each other.

    Args:
        stem: Name of the file.
        trees: Each point with its merged tree.
        told: Faults of the file without its sweep, which are not told again. A place with a
            fault in many points is told once, with the first of them, and so are faults on one
            line for which the same is right.
    """
    places = {fault.place for fault in told}
    kinds: dict[tuple[Any, ...], list[Problem]] = {}
    points: list[tuple[Point, Scenario]] = []
    for point, tree in trees:
        form, clauses, faults = _parts(tree, files)
        new = [fault for fault in faults if fault.place not in places]
        places.update(fault.place for fault in new)
        for fault in new:
            kind = fault.file, fault.line, fault.message.split(":")[0], fault.hint
            kinds.setdefault(kind, []).append(
                replace(fault, message=f"{fault.message} ({point.label}")
            )
        if not faults and form.title and form.question:
            titled = form.model_copy(update={"title": point.title(form.title)})
            points.append((point, _scenario(point.name(stem), titled, clauses)))
    found = [_once(alike) for alike in kinds.values()]
    found += same_effect((point, scenario.digest()) for point, scenario in points)
    return tuple(points), found


def _once(alike: list[Problem]) -> Problem:
    """The first of some faults of points that are mended alike, with how many more there are."""
    more = f"; {len(alike) - 1} more are wrong alike" if len(alike) > 1 else ""
    return replace(alike[0], message=f"{alike[0].message}{more})")


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


def _faults(
    form: ScenarioForm, tree: Node, clauses: dict[str, Node], files: Sequence[str]
) -> Iterator[Problem]:
    """Dates of the merged scenario that do not fit each other."""
    window, mandate_end = form.window, form.handover.mandate_end
    start, end = (_mark(tree, "window", key) for key in ("start", "end"))
    known = "the days that the model knows"
    if not FIRST_DAY <= window.start <= LAST_DAY:
        yield _outside(start, "window.start", window.start, known, FIRST_DAY, LAST_DAY)
    if not FIRST_DAY <= window.end <= LAST_DAY:
        yield _outside(end, "window.end", window.end, known, FIRST_DAY, LAST_DAY)
    if window.end < window.start:
        mark = end if tree.get("window", "end") else start
        message = f"the window ends on {window.end}, before its start on {window.start}"
        yield Problem.at(mark, message, "give an `end` that is not before `start`")
        return
    if not window.start <= mandate_end <= LAST_DAY:
        what = f"{known} from the window's start on"
        mark = _mark(tree, "handover", "mandate_end")
        yield _outside(mark, "mandate_end", mandate_end, what, window.start, LAST_DAY)
    truce = form.politics.truce
    if truce is not None and not window.start <= truce <= window.end:
        mark = _mark(tree, "politics", "truce")
        yield _outside(mark, "truce", truce, "the window", window.start, window.end)
    sanctions_end = form.alliance.sanctions_end
    if not FIRST_DAY <= sanctions_end <= LAST_DAY:
        mark = _mark(tree, "alliance", "sanctions_end")
        yield _outside(mark, "sanctions_end", sanctions_end, known, FIRST_DAY, LAST_DAY)
    bounds = [("window", "start"), ("window", "end"), ("handover", "mandate_end")]
    ages = [_age(node.mark, files) for path in bounds if (node := tree.get(*path)) is not None]
    oldest = min(ages, default=len(files))
    yield from _exit_faults(window, mandate_end, clauses, files[: oldest + 1])


def _age(mark: Mark, files: Sequence[str]) -> int:
    """How many files before its own a value was written."""
    file = mark.file or "argument"
    return files.index(file) if file in files else 0


@dataclass(frozen=True)
class _Set:
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


def _exit_faults(
    window: Window, mandate_end: date, clauses: dict[str, Node], files: Sequence[str]
) -> Iterator[Problem]:
    """Exits that a file sets, by a date or a shift, outside the window or after the mandate.

    A plan or an actual date may lie outside: the schedule is not the file's. So may what was set
    before another file that extends it chose the window.

    Args:
        files: Whose exits are held to the window.
    """
    told: dict[tuple[Mark, str], list[_Set]] = {}
    for camp in facts.load().camps:
        clause = ClauseForm.model_validate(plain(clauses[camp.place]))
        if isinstance(clause.exit, date) or clause.shift:
            key = "shift" if clause.shift else "exit"
            mark = _mark(clauses[camp.place], key)
            if (mark.file or "argument") not in files:
                continue
            told.setdefault((mark, key), []).append(_set(camp, clause, window, mandate_end))
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


def _set(camp: facts.Camp, clause: ClauseForm, window: Window, mandate_end: date) -> _Set:
    """The exit that a clause sets, held to the window and, but for guards, to the mandate.

    Where the plan itself is some days after the mission's end, as many after the mandate are right.
    """
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


def _outside(mark: Mark, name: str, value: date, what: str, first: date, last: date) -> Problem:
    message = f"{name}: {value} is outside {what}"
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
    for camp in facts.load().camps:
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
