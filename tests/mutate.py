"""Mutation tests of the rules, not in CI: does any test notice if a rule is wrong in one place?

    uv run --group mutation python tests/mutate.py --sample 60 --seed 1

Draws places of `core/rules/` at random, changes each in one of the ways that Cosmic Ray knows (a
number by one, an operator, a comparison, a condition, a loop), and runs the tests that pass over
the changed line, until one fails. The mutants that no test notices are shown with their change, to
be judged: some do not change what the rule does, the others want a test.

The rules run as plain Python, on a copy of the tree. Only tests of `test_rules_*.py` count that
pass unchanged within `--slow` seconds of computing: tests of whole compiled runs and the golden
files, which notice more, do not, and what only these pass over is `unreached`. Each place has the
same chance to be drawn, however many ways there are to change it. Decorators, which declare, are
left alone. Needs a POSIX system; about 10 seconds of computing for a mutant, after some minutes
once for all; Ctrl-C ends it and tells what is known by then.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from camphandover.measure.intervals import share_interval
from camphandover.measure.notation import counted, percent_interval

ROOT = Path(__file__).parents[1]
PACKAGE = Path("model", "camphandover")
RULES = PACKAGE / "core" / "rules"
COPIED = ("model", "tests", "scenarios", "pyproject.toml")
LEFT_ALONE = ("RemoveDecorator",)
START, FACTOR = 60, 5
"""Seconds of computing that a mutant has beside this multiple of what its tests took."""


class Copy:
    """A copy of the tree, in which the tests run interpreted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            if (ROOT / name).is_dir():
                leave = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, folder / name, ignore=leave)
            else:
                shutil.copy(ROOT / name, folder / name)

    def test(self, arguments: list[str], limit: int | None = None, **env: Any) -> int:
        """Exit status of pytest; negative if it was ended after `limit` seconds of computing."""
        paths = os.pathsep.join(str(self.folder / name) for name in ("model", "tests"))
        # A changed file of the same second and size would be taken for its compiled bytes.
        own = {"NUMBA_DISABLE_JIT": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": paths}
        own |= {name: str(value) for name, value in env.items()}
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0"]

        def limited() -> None:
            if limit:
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))

        return subprocess.run(
            [sys.executable, "-m", "pytest", *options, *arguments],
            cwd=self.folder,
            env={**os.environ, **own},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=limited,
        ).returncode

    def reached(self, slow: float) -> dict[str, dict[str, Any]]:
        """For each test of the rules its outcome, seconds, and the lines that it passes over."""
        found = self.folder / "reached.json"
        files = sorted(
            str(path) for path in (self.folder / "tests" / "core").glob("test_rules_*.py")
        )
        self.test(
            ["-p", "reached", *files], REACHED=found, SLOW=slow, RULES=self.folder.resolve() / RULES
        )
        return json.loads(found.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Source:
    """A file of the rules."""

    name: str
    text: str

    def places(self) -> dict[tuple[str, int, int], list[tuple[str, int]]]:
        """Ways to change it, (operator, occurrence), by family of operators, line and column."""
        found = defaultdict(list)
        nodes = list(ast_nodes(get_ast(self.text)))
        for name in operator_names():
            operator, family = get_operator(name), name.split("/")[1].split("_")[0]
            if family in LEFT_ALONE or operator.arguments():
                continue
            at = [start for node in nodes for start, _ in operator().mutation_positions(node)]
            for occurrence, (line, column) in enumerate(at):
                found[family, line, column].append((name, occurrence))
        return found

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """All statements, outer ones first."""
        return [node for node in ast.walk(ast.parse(self.text)) if isinstance(node, ast.stmt)]

    def executed(self, line: int) -> range:
        """Lines of the statement on a line; all lines, if it is executed on import."""
        *_, inner = [s for s in self.statements if s.lineno <= line <= (s.end_lineno or 0)]
        outside = not any(
            isinstance(s, ast.FunctionDef) and s.body[0].lineno <= line <= (s.end_lineno or 0)
            for s in self.statements
        )
        if outside:
            return range(1, len(self.text.splitlines()) + 1)
        body = getattr(inner, "body", None)
        last = body[0].lineno - 1 if body else inner.end_lineno or line
        return range(inner.lineno, max(last, line) + 1)


@dataclass(frozen=True)
class Mutant:
    """A file of the rules with one change."""

    source: Source
    line: int
    operator: str
    text: str

    @property
    def change(self) -> list[str]:
        """The lines taken out and put in."""
        before, after = self.source.text.splitlines(), self.text.splitlines()
        rows = list(difflib.unified_diff(before, after, n=0, lineterm=""))[3:]
        return [f"{row[0]} {row[1:].strip()}" for row in rows]

    def __str__(self) -> str:
        return f"{RULES / self.source.name}:{self.line} {self.operator.split('/')[1]}"


def drawn(sources: list[Source], rng: random.Random) -> Iterator[Mutant]:
    """Mutants at places in random order, one at each."""
    places = [(source, *place) for source in sources for place in source.places().items()]
    rng.shuffle(places)
    for source, (_, line, _), ways in places:
        name, occurrence = rng.choice(ways)
        text = mutate_code(source.text, get_operator(name)(), occurrence)
        if text not in (None, source.text) and is_python(text):
            yield Mutant(source, line, name, text)


def is_python(text: str) -> bool:
    """Whether it can be compiled."""
    with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
        try:
            compile(text, "mutant", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
        return True


def fate(mutant: Mutant, copy: Copy, tests: dict[str, dict[str, Any]]) -> str:
    """`killed`, `killed by time`, `survived`, or `unreached` by any test."""
    lines = mutant.source.executed(mutant.line)
    reach = {
        name: test["seconds"]
        for name, test in tests.items()
        if not set(lines).isdisjoint(test["lines"].get(mutant.source.name, ()))
    }
    if not reach:
        return "unreached"
    file = copy.folder / RULES / mutant.source.name
    file.write_text(mutant.text, encoding="utf-8")
    limit = START + int(FACTOR * sum(reach.values()))
    status = copy.test(["-x", *sorted(reach, key=lambda name: reach[name])], limit)
    file.write_text(mutant.source.text, encoding="utf-8")
    return "survived" if status == 0 else "killed" if status > 0 else "killed by time"


def main() -> None:
    parser = argparse.ArgumentParser(description="Mutation tests of the rules.")
    parser.add_argument("--sample", type=int, default=60, help="mutants")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--slow", type=float, default=3.0, help="seconds that a test may compute")
    parser.add_argument("--only", nargs="*", help="files of the rules, such as combat; or all")
    given = parser.parse_args()
    files = sorted(path for path in (ROOT / RULES).glob("*.py"))
    sources = [
        Source(path.name, path.read_text(encoding="utf-8"))
        for path in files
        if not given.only or path.stem in given.only
    ]
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        known = copy.reached(given.slow)
        counts = Counter(test["outcome"] for test in known.values())
        print("tests:", ", ".join(f"{n} {outcome}" for outcome, n in counts.items()), flush=True)
        tests = {name: test for name, test in known.items() if test["outcome"] == "passed"}
        for name in (name for name, test in known.items() if test["outcome"] == "failed"):
            print(f"fails unchanged, left out: {name}", flush=True)
        fates: list[tuple[str, Mutant]] = []
        with suppress(KeyboardInterrupt):  # what is known by then is told
            for mutant in islice(drawn(sources, random.Random(given.seed)), given.sample):
                fates.append((fate(mutant, copy, tests), mutant))
                print(f"{len(fates)} of {given.sample}: {fates[-1][0]}: {mutant}", flush=True)
    tell(fates)


def tell(fates: list[tuple[str, Mutant]]) -> None:
    """The score, of all and of those that a test reaches, and what was not noticed."""
    killed = sum(word.startswith("killed") for word, _ in fates)
    reached = sum(word != "unreached" for word, _ in fates)
    for n, which in ((len(fates), ""), (reached, " that a test reaches")):
        share = percent_interval(share_interval(killed, n))
        print(f"\nscore: {killed} of {counted(n, 'mutant')}{which} killed, {share} %")
    for word, mutant in fates:
        if not word.startswith("killed"):
            print(f"\n{word}: {mutant}", *mutant.change, sep="\n  ")


if __name__ == "__main__":
    main()
