"""Scenario model of the UN camp handovers in northern Mali, 2023.

    import camphandover as ch
    batch = ch.run("scenarios/on-schedule.yaml", runs=100, seed=2023)
    ch.control_shares(batch)
    ch.plots.control_over_time(batch, "Kidal")

Importing this is quick: what is named here is loaded when it is first used.
"""

from importlib import import_module
from typing import Any

import lazy_loader

_load, _, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__", "plots"]


def __getattr__(name: str) -> Any:
    """Load a public name from where it lives."""
    if name == "__version__":
        from importlib.metadata import version

        return version("camphandover")
    return import_module(f"{__name__}.charts") if name == "plots" else _load(name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
