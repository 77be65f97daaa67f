"""Scenario files: read, checked with places, inherited, resolved, explained and compared."""

from camphandover.errors import Problem as Problem
from camphandover.errors import ScenarioError as ScenarioError
from camphandover.scenario.diff import Difference as Difference
from camphandover.scenario.diff import diff as diff
from camphandover.scenario.diff import differences as differences
from camphandover.scenario.explain import explain as explain
from camphandover.scenario.library import library as library
from camphandover.scenario.resolve import load as load
from camphandover.scenario.resolve import load_points as load_points
from camphandover.scenario.resolve import load_stored as load_stored
from camphandover.scenario.resolve import with_known as with_known
from camphandover.scenario.resolved import Clause as Clause
from camphandover.scenario.resolved import Scenario as Scenario

load_scenario = load
