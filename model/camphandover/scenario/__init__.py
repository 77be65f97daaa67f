"""Scenario files: read, checked with places, inherited, resolved, explained and compared."""

from camphandover.errors import Problem, ScenarioError
from camphandover.scenario.diff import Difference, diff, differences
from camphandover.scenario.explain import explain
from camphandover.scenario.library import library
from camphandover.scenario.resolve import load, load_points, load_stored
from camphandover.scenario.resolved import Clause, Scenario

load_scenario = load

__all__ = [
    "Clause",
    "Difference",
    "Problem",
    "Scenario",
    "ScenarioError",
    "diff",
    "differences",
    "explain",
    "library",
    "load",
    "load_points",
    "load_scenario",
    "load_stored",
]
