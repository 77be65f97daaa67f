"""Scenario model of the UN camp handovers in northern Mali, 2023.

    import camphandover as ch
    batch = ch.run("scenarios/on-schedule.yaml", runs=100, seed=2023)
    ch.control_shares(batch)
    ch.plots.control_over_time(batch, "Kidal")

Importing this is quick: what is named here is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from camphandover import plots
    from camphandover.analysis.calibration import Calibration, calibrate
    from camphandover.analysis.discover import Discovery, discover
    from camphandover.analysis.sensitivity import Sensitivity, sensitivity
    from camphandover.ensemble.plan import BatchError
    from camphandover.model import NorthernMali
    from camphandover.report import write_report
    from camphandover.report.validation import write_validation
    from camphandover.results.batch import Batch, open_batch, run, verify
    from camphandover.results.claims import claims, control_reports
    from camphandover.results.compare import Comparison, compare
    from camphandover.results.diverge import diverge
    from camphandover.results.shares import control_shares
    from camphandover.results.table import end_table
    from camphandover.results.why import why
    from camphandover.results.why_summary import why_summary
    from camphandover.scenario import Scenario, ScenarioError, load_points
    from camphandover.scenario import load as load_scenario
    from camphandover.validation.patterns import Patterns, patterns
    from camphandover.validation.score import Score, score

    __version__: str

__all__ = [
    "Batch",
    "BatchError",
    "Calibration",
    "Comparison",
    "Discovery",
    "NorthernMali",
    "Patterns",
    "Scenario",
    "ScenarioError",
    "Score",
    "Sensitivity",
    "__version__",
    "calibrate",
    "claims",
    "compare",
    "control_reports",
    "control_shares",
    "discover",
    "diverge",
    "end_table",
    "load_points",
    "load_scenario",
    "open_batch",
    "patterns",
    "plots",
    "run",
    "score",
    "sensitivity",
    "verify",
    "why",
    "why_summary",
    "write_report",
    "write_validation",
]

_HOMES = {
    "Batch": "results.batch:Batch",
    "BatchError": "ensemble.plan:BatchError",
    "Calibration": "analysis.calibration:Calibration",
    "Comparison": "results.compare:Comparison",
    "Discovery": "analysis.discover:Discovery",
    "NorthernMali": "model:NorthernMali",
    "Patterns": "validation.patterns:Patterns",
    "Scenario": "scenario:Scenario",
    "ScenarioError": "scenario:ScenarioError",
    "Score": "validation.score:Score",
    "Sensitivity": "analysis.sensitivity:Sensitivity",
    "calibrate": "analysis.calibration:calibrate",
    "claims": "results.claims:claims",
    "compare": "results.compare:compare",
    "control_reports": "results.claims:control_reports",
    "control_shares": "results.shares:control_shares",
    "discover": "analysis.discover:discover",
    "diverge": "results.diverge:diverge",
    "end_table": "results.table:end_table",
    "load_points": "scenario:load_points",
    "load_scenario": "scenario:load",
    "open_batch": "results.batch:open_batch",
    "patterns": "validation.patterns:patterns",
    "plots": "plots:",
    "run": "results.batch:run",
    "score": "validation.score:score",
    "sensitivity": "analysis.sensitivity:sensitivity",
    "verify": "results.batch:verify",
    "why": "results.why:why",
    "why_summary": "results.why_summary:why_summary",
    "write_report": "report:write_report",
    "write_validation": "report.validation:write_validation",
}


def __getattr__(name: str) -> Any:
    """Load a public name from where it lives."""
    if name == "__version__":
        from importlib.metadata import version

        return version("camphandover")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    loaded = import_module(f"{__name__}.{module}")
    value = getattr(loaded, attribute) if attribute else loaded
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted({*globals(), *__all__})
