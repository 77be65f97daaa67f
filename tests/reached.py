"""Plugin of pytest for `mutate.py`: over which lines of the rules each test passes, and how long.

`pytest -p reached` writes to the file `REACHED` names. A test that computes longer than `SLOW`
seconds is given up and counts as one that does not pass.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

RULES = os.environ["RULES"]
SLOW = float(os.environ["SLOW"])
TOOL = 4
"""A number of `sys.monitoring` that neither coverage, debuggers nor Hypothesis take."""

tests: dict[str, dict[str, Any]] = {}
lines: dict[str, set[int]] = {}


def pass_over(code: CodeType, line: int) -> object:
    """Called the first time in a test that a line is executed."""
    if code.co_filename.startswith(RULES):
        lines[Path(code.co_filename).name].add(line)
    return sys.monitoring.DISABLE


def give_up(*_: object) -> None:
    pytest.skip("takes too long")


def pytest_configure() -> None:
    sys.monitoring.use_tool_id(TOOL, "reached")
    sys.monitoring.register_callback(TOOL, sys.monitoring.events.LINE, pass_over)
    signal.signal(signal.SIGVTALRM, give_up)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    """Watch a test with its fixtures."""
    global lines
    lines, began = defaultdict(set), time.process_time()
    sys.monitoring.restart_events()
    sys.monitoring.set_events(TOOL, sys.monitoring.events.LINE)
    yield_value = yield
    sys.monitoring.set_events(TOOL, 0)
    tests[item.nodeid] |= {
        "seconds": time.process_time() - began,
        "lines": {name: sorted(numbers) for name, numbers in lines.items()},
    }
    return yield_value


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Any:
    signal.setitimer(signal.ITIMER_VIRTUAL, SLOW)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What became of it: the worst of set-up, call and tear-down."""
    before = tests.setdefault(report.nodeid, {"outcome": "passed"})
    if report.outcome != "passed" and before["outcome"] != "failed":
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        before["outcome"] = "slow" if "takes too long" in why else report.outcome


def pytest_sessionfinish() -> None:
    Path(os.environ["REACHED"]).write_text(json.dumps(tests), encoding="utf-8")
