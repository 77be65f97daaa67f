"""Heavy libraries, imported when something of them is first used, so that a start is quick.

Their types stand in the stub beside this file.
"""

from importlib import import_module
from typing import Any


class _Later:
    """A module that is imported by the first look into it."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(import_module(self._name), attribute)
        setattr(self, attribute, found)
        return found


np, pd, xr = _Later("numpy"), _Later("pandas"), _Later("xarray")
pa, pc, pq = _Later("pyarrow"), _Later("pyarrow.compute"), _Later("pyarrow.parquet")
