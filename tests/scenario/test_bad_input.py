"""Bad scenario files: one clear report with its place, exit status 2, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from camphandover import facts
from camphandover.cli.main import app
from camphandover.scenario import ScenarioError, load

ROOT = Path(__file__).parents[2]
HEAD = "title: T\nquestion: Q\n"
RANGED = next(p for p in facts.load().parameters.values() if p.low < p.high)
TOO_HIGH = RANGED.high * 2 + 1

# name: (text below HEAD, line, column, width of the caret, message, hint)
CASES: dict[str, tuple[str, int, int, int, str, str]] = {
    "unknown key": ("handover: {all: {reciever: army}}", 3, 18, 8, "'reciever'", "'receiver'"),
    "unknown top key": ("windows: {}", 3, 1, 7, "unknown key 'windows'", "mean 'window'"),
    "unknown key in a part": (
        "handover: {all: {joint_unit: {p_leave: 0.1, leave: 1}}}",
        *(3, 45, 5, "unknown key 'leave'", "'p_leave'"),
    ),
    "misplaced key": ("receiver: army", 3, 1, 8, "unknown key", "belongs into a clause"),
    "duplicate key": ("forces: {}\nforces: {}", 4, 1, 6, "stands twice (first on line 3)", "one"),
    "not a bool": ("handover:\n  all:\n    buffer: yes", 5, 13, 3, "'yes'", "true or false"),
    "bool for int": ("handover: {all: {shift: true}}", 3, 25, 4, "true has the wrong", "whole"),
    "octal for int": ("handover: {all: {shift: 010}}", 3, 25, 3, "'010'", "whole number"),
    "float for int": ("handover: {all: {shift: 1.5}}", 3, 25, 3, "1.5", "whole number"),
    "bool for float": ("forces: {army: true}", 3, 16, 4, "true", "a number"),
    "text for float": ('forces: {army: "1"}', 3, 16, 3, "'1'", "a number"),
    "infinite": ("forces: {army: 1e999}", 3, 16, 5, "army", "finite"),
    "negative": ("forces: {army: -1}", 3, 16, 2, "too small", "at least 0"),
    "too large": ("handover: {all: {destroyed: 1.5}}", 3, 29, 3, "too large", "at most 1"),
    "list for mapping": ("handover: [1]", 3, 11, 1, "a list", "a mapping"),
    "nothing for mapping": ("handover:", 3, 10, 1, "an empty value", "a mapping"),
    "key missing": ("handover: {all: {joint_unit: {}}}", 3, 18, 10, "'p_leave' is", "add"),
    "choice": ("handover: {all: {receiver: armee}}", 3, 28, 5, "'armee'", "mean 'army'"),
    "bad exit": ("handover: {all: {exit: never}}", 3, 24, 5, "not an exit", "plan, actual"),
    "no such date": ("window: {end: 2023-13-01}", 3, 15, 10, "month must be in 1..12", "YYYY"),
    "no such day": ("window: {end: 2023-11-31}", 3, 15, 10, "day is out of range", "YYYY"),
    "number as date": ("window: {end: 20231101}", 3, 15, 8, "not a date", "YYYY-MM-DD"),
    "window too early": ("window: {start: 2023-07-31}", 3, 17, 10, "outside", "from 2023-08-01"),
    "window too late": ("window: {end: 2025-01-01}", 3, 15, 10, "outside", "to 2024-12-31"),
    "end before start": (
        "window:\n  start: 2023-11-01\n  end: 2023-10-01",
        *(5, 8, 10, "before its start on 2023-11-01", "not before"),
    ),
    "mandate end": ("handover: {mandate_end: 2025-01-01}", 3, 25, 10, "outside", "2024-12-31"),
    "exit outside": (
        "handover: {camps: {Gao: {exit: 2024-06-01}}}",
        *(3, 32, 10, "Gao on 2024-06-01, after the window ends on 2023-12-31"),
        "an exit from 2023-08-01 to 2023-12-31",
    ),
    "exit after the file's own window": (
        "window: {end: 2023-10-31}\nhandover: {camps: {Kidal: {exit: 2023-11-02}}}",
        *(4, 34, 10, "Kidal on 2023-11-02, after the window ends on 2023-10-31"),
        "an exit from 2023-08-01 to 2023-10-31",
    ),
    "shift beyond the calendar": (
        "handover: {camps: {Kidal: {exit: 9999-12-31, shift: 9}}}",
        *(3, 53, 1, "Kidal on 9999-12-31", "no shift is right for"),
    ),
    "exit after the mandate": (
        "window: {end: 2024-06-30}\nhandover: {camps: {Kidal: {exit: 2024-02-01}}}",
        *(4, 34, 10, "Kidal on 2024-02-01, after the mandate ends on 2023-12-31"),
        "an exit from 2023-08-01 to 2023-12-31",
    ),
    "shift before the window": (
        "handover: {camps: {Ber: {shift: -30}}}",
        *(3, 33, 3, "Ber on 2023-07-16, before the window starts on 2023-08-01"),
        "a shift from -14 to 138 days",
    ),
    "shift after the window": (
        "handover: {camps: {Kidal: {shift: 200}}}",
        *(3, 35, 3, "Kidal on 2024-06-02, after the window ends on 2023-12-31"),
        "a shift from -106 to 46 days",
    ),
    "shift of all after the window": (
        "handover: {later: {shift: 45}, camps: {Kidal: {receiver: joint}}}",
        *(3, 27, 2, "leave Ansongo on 2024-01-14, Mopti-Sevare on 2024-01-29, Bamako on"),
        "a shift from -91 to 0 days",
    ),
    "shift of a date after the window": (
        "handover: {later: {shift: 20}, camps: {Bamako: {shift: 0}, Mopti-Sevare: {shift: 0},"
        " Timbuktu: {shift: 0}, Gao: {shift: 0}, Kidal: {exit: 2023-12-20}}}",
        *(3, 27, 2, "Kidal on 2024-01-09 (2023-12-20 and 20 days), after", "from -91 to 11 days"),
    ),
    "sanctions end": ("alliance: {sanctions_end: 2203-08-01}", 3, 27, 10, "outside", "2024-12-31"),
    "truce after the file's window": (
        "window: {end: 2023-10-31}\npolitics: {truce: 2023-11-01}",
        *(4, 19, 10, "outside the window", "from 2023-08-01 to 2023-10-31"),
    ),
    "merge key": ("handover: {all: {<<: {shift: 3}}}", 3, 18, 2, "merge key <<", "`extends: `"),
    "merge key of aliases": (
        "forces: &f {army: 1}\nairpower:\n  <<: [*f]",
        *(5, 3, 2, "merge key <<", "`extends: `"),
    ),
    "merge key at the top": ("<<: {forces: {army: 1}}", 3, 1, 2, "merge key <<", "`extends: `"),
    "merge key in a sweep": (
        "sweep: {grid: {<<: {forces.army: [1]}, forces.gsim: [1]}}",
        *(3, 16, 2, "merge key <<", "`extends: `"),
    ),
    "merge key in a point": (
        "sweep: {list: [{<<: {forces.army: 1}, forces.gsim: 1}]}",
        *(3, 17, 2, "merge key <<", "`extends: `"),
    ),
    "truce outside": ("politics: {truce: 2024-01-01}", 3, 19, 10, "outside", "to 2023-12-31"),
    "unknown place": ("handover: {camps: {Kidall: {}}}", 3, 20, 6, "unknown place", "'Kidal'"),
    "no camp": ("handover: {camps: {Bourem: {}}}", 3, 20, 6, "Bourem has no UN camp", "Kidal"),
    "unknown parameter": (f"parameters: {{{RANGED.name}x: 1}}", 3, 14, 0, "unknown", RANGED.name),
    "parameter range": (
        f"parameters: {{{RANGED.name}: {TOO_HIGH}}}",
        *(3, 16 + len(RANGED.name), len(str(TOO_HIGH)), "outside its range"),
        f"from {RANGED.low:g} to {RANGED.high:g} ({RANGED.unit})",
    ),
    "tab": ("handover:\n\tall: {}", 4, 1, 1, "a tab in the indentation", "spaces"),
    "syntax": ("handover: {all: ", 0, 0, 1, "not YAML", "check the colon"),
    "tag": ("window: !!python/object:os.system {}", 3, 9, 0, "the tag", "remove it"),
    "anchor": ("forces: *nothing", 3, 9, 8, "names no anchor", "&nothing"),
    "recursion": ("forces: &a {army: *a}", 3, 19, 2, "names no anchor", "&a"),
    "second document": ("---\ntitle: X", 3, 1, 1, "second document", "one scenario"),
    "key that is a list": ("? [a]\n: 1", 3, 3, 0, "a key must be a word", "key: value"),
    "control character": ("forces: \x01", 3, 9, 1, "control character U+0001", "UTF-8"),
    "missing parent": ("extends: on-schedul", 3, 10, 10, "there is no file", "'on-schedule'"),
}


def report(path: Path | str) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        load(path)
    return caught.value


def validate(*arguments: str) -> str:
    """The report of `camphandover validate`, which must end with status 2."""
    result = CliRunner().invoke(app, ["validate", *arguments])
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert result.stdout == ""
    return result.stderr


@pytest.mark.parametrize("case", CASES)
def test_report_names_line_column_text_and_remedy(case: str, tmp_path: Path) -> None:
    body, line, column, width, message, hint = CASES[case]
    path = tmp_path / "bad.yaml"
    path.write_text(HEAD + body + "\n", encoding="utf-8")
    (problem,) = report(path).problems
    assert message in problem.message
    assert hint in problem.hint
    assert problem.file == str(path)
    text = validate(str(path))
    assert text.startswith(f"{path}:{problem.line}:{problem.column}: {problem.message}\n")
    assert problem.hint in text
    if line:
        assert (problem.line, problem.column) == (line, column)
        assert problem.text == (HEAD + body).splitlines()[line - 1]
        caret = text.splitlines()[2].split("| ", 1)[1]
        assert caret.index("^") == column - 1
        assert width in (0, caret.count("^"))


def test_all_faults_of_a_file_stand_together_in_order(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text(
        "titel: x\ntitle: 1\nquestion: Q\nwindow: {end: 2025-01-01, start: x}\n"
        "handover:\n  all: {shift: 0, shift: 2}\n  camps: {Kidall: {}, Gao: {receiver: x}}\n"
    )
    places = [(problem.line, problem.column) for problem in report(path).problems]
    assert places == [(1, 1), (2, 8), (4, 15), (4, 34), (6, 19), (7, 11), (7, 39)]


def test_a_fault_in_the_parent_points_to_the_parent(tmp_path: Path) -> None:
    (tmp_path / "child.yaml").write_text("extends: parent\nforces: {wagner: two}\n")
    (tmp_path / "parent.yaml").write_text(HEAD + "forces: {wagner: one, armee: 1}\n")
    problems = report(tmp_path / "child.yaml").problems
    found = [(Path(problem.file).name, problem.line, problem.column) for problem in problems]
    assert found == [("child.yaml", 2, 18), ("parent.yaml", 3, 18), ("parent.yaml", 3, 23)]


def test_an_inherited_date_outside_the_childs_window_points_to_the_parent(tmp_path: Path) -> None:
    child = tmp_path / "child.yaml"
    child.write_text("extends: parent\nwindow: {start: 2023-10-01}\n")
    (tmp_path / "parent.yaml").write_text(HEAD + "politics:\n  truce: 2023-09-17\n")
    load(tmp_path / "parent.yaml")
    (problem,) = report(child).problems
    assert (Path(problem.file).name, problem.line, problem.column) == ("parent.yaml", 4, 10)


def test_title_and_question_are_needed_once_in_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text("forces: {wagner: 0}\n")
    messages = [problem.message for problem in report(path).problems]
    assert messages == ["'title' is missing", "'question' is missing"]


@pytest.mark.parametrize(
    ("title", "message", "hint"),
    [
        ("x" * 301, "is too long", "at most 300 characters"),
        ('" "', "the text is empty", "write a sentence"),
        ('"\\a"', "unprintable characters", "remove them"),
        ("2023", "2023 has the wrong type", "put quotes around it"),
        ("", "an empty value has the wrong type", "needs text"),
    ],
)
def test_titles_are_one_line_of_text(title: str, message: str, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(f"question: Q\ntitle: {title}\n")
    (problem,) = report(path).problems
    assert (problem.line, message in problem.message, hint in problem.hint) == (2, True, True)


def test_extends_loop_shows_the_chain(tmp_path: Path) -> None:
    for name, above in ("a", "b"), ("b", "c"), ("c", "a"):
        (tmp_path / f"{name}.yaml").write_text(f"extends: {above}\n")
    (problem,) = report(tmp_path / "a.yaml").problems
    assert "a.yaml -> b.yaml -> c.yaml -> a.yaml" in problem.message
    assert (Path(problem.file).name, problem.line, problem.column) == ("c.yaml", 1, 10)
    (tmp_path / "own.yaml").write_text("extends: own\n")
    assert "own.yaml -> own.yaml" in validate(str(tmp_path / "own.yaml"))


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        (b"", 1, 1, "the file is empty"),
        (b"# a comment\n", 1, 1, "the file is empty"),
        (b"{}\n", 1, 1, "the file is empty"),
        (b"- a\n- b\n", 1, 1, "the file holds a list"),
        (b"hello\n", 1, 1, "the file holds a single value"),
        (b"\x7fELF\x00\x01", 1, 1, "a binary file"),
        (b"title: x\nquestion: \xff\x00\n", 2, 11, "a binary file"),
        (b"title: caf\xe9\n", 1, 11, "byte 0xe9 is not UTF-8"),
        ("title: x".encode("utf-16"), 1, 1, "a binary file"),
        (b"[" * 500, 1, 22, "more than 20 levels"),
        (b"[" * 50_000, 0, 0, "more than 20 levels"),
        (b"a: {" * 30 + b"}" * 30, 1, 81, "more than 20 levels"),
        (b"a: [" + b"1," * 6_000 + b"]", 0, 0, "more than 5000 values"),
        (b"#" * 1_000_001, 0, 0, "1000001 bytes"),
    ],
)
def test_files_that_are_no_scenario(
    content: bytes, line: int, column: int, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    problem = report(path).problems[0]
    assert message in problem.message
    if line:
        assert (problem.line, problem.column) == (line, column)
    assert message in validate(str(path))


def test_alias_bomb_is_refused_quickly(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for below, name in zip("abcdefg", "bcdefgh", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]")
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines))
    assert "aliases unfold to more than" in report(path).problems[0].message


def test_missing_file_folder_device_and_unknown_name(tmp_path: Path) -> None:
    (tmp_path / "here.yaml").write_text(HEAD)
    text = validate(str(tmp_path / "hear.yaml"))
    assert "there is no such file" in text
    assert "here.yaml" in text
    assert "a folder" in validate(str(tmp_path))
    assert "there is no scenario of this name" in validate("on-schedul")
    fifo = tmp_path / "pipe.yaml"
    os.mkfifo(fifo)
    assert "not a regular file" in validate(str(fifo))


def test_long_lines_are_cut_around_the_caret(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text(HEAD + "handover: {all: {" + " " * 5_000 + "shift: x" + " " * 5_000 + "}}\n")
    shown, caret = validate(str(path)).splitlines()[1:3]
    assert len(shown) < 130
    assert shown[caret.index("^")] == "x"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"forces": {"army": "x"}}, "scenario.forces.army"),
        ({"handover": {"all": {"recever": 1}}}, "scenario.handover.all.recever"),
        ({"forces": {1: 2}}, "scenario.forces"),
        ({"forces": {"army": object()}}, "scenario.forces.army"),
        ({"forces": {"army": float("nan")}}, "scenario.forces.army"),
        ({"extends": "nowhere"}, "scenario.extends"),
        ({"title": "\ud800"}, "scenario.title"),
        ({"parameters": {"\ud800": 1}}, "scenario.parameters.\ud800"),
    ],
)
def test_a_dict_names_the_key_path(data: dict[str, Any], place: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load({"title": "T", "question": "Q", **data})
    assert place in {problem.file for problem in caught.value.problems}
    assert str(caught.value).startswith(f"{place}: ")


def test_an_empty_and_a_recursive_dict_are_refused() -> None:
    loop: dict[str, Any] = {}
    loop["forces"] = loop
    for data, message in ({}, "empty"), (loop, "nested deeper"):
        with pytest.raises(ScenarioError, match=message):
            load(data)


def test_validate_checks_all_files_and_prints_ok_for_the_good(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(HEAD + "forces: 1\n")
    result = CliRunner().invoke(app, ["validate", "early", str(bad), "delayed", "nope.yaml"])
    assert result.exit_code == 2
    assert result.stdout == "ok early\nok delayed\n"
    assert f"{bad}:3:9: forces: 1 has the wrong type" in result.stderr
    assert "nope.yaml: there is no such file" in result.stderr


@pytest.mark.parametrize("command", [["explain", "{}"], ["diff", "{}", "early"]])
def test_the_other_commands_report_as_well(command: list[str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(HEAD + "forces: 1\n")
    result = CliRunner().invoke(app, [part.format(bad) for part in command])
    assert result.exit_code == 2
    assert f"{bad}:3:9: forces: 1 has the wrong type" in result.stderr


def test_the_good_commands_end_with_0() -> None:
    for arguments, expected in (
        (["explain", "early"], "early.yaml:"),
        (["diff", "on-schedule", "kidal-only-to-separatists"], "Kidal: receiver army -> separ"),
        (["diff", "early", "early"], "no difference in effect"),
        (["schema"], '"$schema": "https://json-schema.org'),
        (["--version"], "camphandover "),
        (["--help"], "validate"),
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        assert expected in result.stdout


def test_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("camphandover.scenario.load_points", interrupted)
    result = CliRunner().invoke(app, ["validate", "early"])
    assert result.exit_code == 130
    assert "Traceback" not in result.output


def test_the_real_command_reports_without_traceback(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"title: T\nquestion: Q\nhandover:\n  all: {exit: 2023-13-01}\n")
    done = subprocess.run(
        [sys.executable, "-c", "from camphandover.cli.main import main; main()", "validate", bad],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"{bad}:4:15: exit: '2023-13-01' is not an exit: month must be in 1..12\n"
        "  4 |   all: {exit: 2023-13-01}\n"
        "    |               ^^^^^^^^^^\n"
        "  an exit is plan, actual, or a date such as 2023-10-31\n"
    )


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom camphandover.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'numba', 'pandas', 'xarray', 'mesa', 'matplotlib', 'pydantic'}\n"
        "heavy |= {f'camphandover.{name}' for name in ('batch.batch', 'batch.store', 'charts')}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def outcome(source: Path | dict[str, Any]) -> str:
    """`ok` or the report; anything but a ScenarioError passes through and fails the test."""
    try:
        load(source)
    except ScenarioError as error:
        return str(error)
    return "ok"


LINES = st.sampled_from(
    [
        *("title: T", "question: Q", "extends: on-schedule", "extends: x", "window:", "handover:"),
        *("  all:", "    exit: plan", "    shift: 3", "  camps:", "    Kidal:", "\tx: 1", "- a"),
        *("forces: {army: 1}", "parameters: {}", "? a", ": b", "&a x", "*a", "<<: *a", "---"),
        *("...", "!!int 3", "'", '"', "[", "{", "  start: 2023-09-01", "  end: 0", "a: |", "%YAML"),
    ]
)


@settings(max_examples=150, deadline=None)
@example(content=b"\xef\xbb\xbf")
@example(content=b'extends: "\\0"\n')
@example(content=b"title: [\n" * 200)
@example(content="extends: \U0010ffff\n".encode())
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8")))
def test_fuzz_bytes(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "fuzz.yaml"
    path.write_bytes(content)
    assert outcome(path).startswith(f"{path}:")


@settings(max_examples=200, deadline=None)
@given(lines=st.lists(LINES | st.text(max_size=12), max_size=12))
def test_fuzz_lines(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "fuzz.yaml"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    assert outcome(path) == "ok" or outcome(path).startswith("/")


KEYS = st.sampled_from(
    [
        *("title", "question", "extends", "window", "start", "end", "handover", "all", "later"),
        *("camps", "Kidal", "exit", "shift", "notice", "army", "forces", "parameters"),
        *("politics", "truce", "joint_unit", "p_leave", "receiver"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@example(data={"handover": {"camps": {"title": {"title": None}}}})
@given(data=st.dictionaries(KEYS, VALUES, max_size=5))
def test_fuzz_dicts(data: dict[str, Any]) -> None:
    assert outcome(data) == "ok" or outcome(data).startswith("scenario")


@pytest.mark.parametrize("below", [{}, {"sweep": {"list": [{"<<": {}, "forces.army": 1}]}}])
def test_a_merge_key_of_a_dict_is_refused_by_name(below: dict[str, Any]) -> None:
    data = {"title": "T", "question": "Q", "forces": {"<<": {"army": 1}}, **below}
    with pytest.raises(ScenarioError) as caught:
        load(data)
    assert "scenario.forces.<<" in [problem.file for problem in caught.value.problems]
    assert all("merge key <<" in problem.message for problem in caught.value.problems)
