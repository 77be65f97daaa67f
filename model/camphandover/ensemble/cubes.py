"""The cubes of a batch on disk: Zarr groups with one chunk for each block.

The groups are described by zarr itself; a chunk is written here as the one file that the Zarr
format says it is, under a temporary name and then renamed, so that no half-written chunk is ever
seen and no two threads share a file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.ensemble.plan import BLOCK, Block, Plan
from camphandover.state import Holder, Side, Slot

if TYPE_CHECKING:
    import zarr

    from camphandover.theatre import Place

HOLDERS = tuple(holder.name.lower() for holder in Holder)
SLOTS = tuple(slot.name.lower() for slot in (Slot.CAMP, Slot.TOWN))
SIDES = tuple(side.name.lower() for side in Side)
UNKNOWN = -1
"""Code of a day outside a scenario's window, or of a replicate that failed."""
SERIES = {
    "men": ("persons", "fit men at the end of the day"),
    "vehicles": ("vehicles", "vehicles at the end of the day"),
    "dead": ("persons", "men dead since the first day"),
    "wounded": ("persons", "men wounded since the first day"),
    "captured": ("persons", "men captured since the first day"),
    "missing": ("persons", "men missing since the first day"),
    "deserted": ("persons", "men deserted since the first day"),
    "recruited": ("persons", "men recruited since the first day"),
    "claimed_dead": ("persons", "own dead since the first day, as the side tells"),
    "charged_dead": ("persons", "enemies' dead since the first day, as the side tells"),
    "civilians_killed": ("persons", "civilians that the side has killed since the first day"),
    "strikes": ("strikes", "air strikes flown since the first day"),
    "aircraft_lost": ("aircraft", "aircraft and drones lost since the first day"),
    "aircraft_hit": ("aircraft", "aircraft damaged since the first day"),
    "morale": ("1", "morale, 0 to 1"),
    "supply": ("days", "mean stock of supply"),
    "places_held": ("camps", "camps that the side and its allies hold"),
}
"""Daily figures of each side: unit and meaning."""
WAR = {
    "rung": ("1", "rung of escalation, 0 the accord works to 5 it has ended"),
    "truce": ("1", "1 while a truce holds"),
    "relation": ("1", "separatists and GSIM: 0 clash, 1 tacit, 2 coordinated, 3 merged"),
    "guerrilla": ("1", "1 while the separatists have lost their core"),
    "blockaded": ("places", "places under blockade"),
    "civilians_killed": ("persons", "civilians killed by anybody since the first day"),
    "legitimacy": ("1", "legitimacy of the state in the north, 0 to 1"),
    "displaced": ("persons", "displaced people in Mali"),
    "abroad": ("persons", "displaced people abroad"),
}
"""Daily figures of the conflict: unit and meaning. Stored under these names after `war_`."""
PEOPLE = {
    "residents": ("persons", "people of the place who are at home"),
    "hosted": ("persons", "displaced people of other places"),
    "fuel": ("1", "price of fuel over that before a blockade"),
}
"""Daily figures of each place: unit and meaning."""
CONTROL_DIMS = ("scenario", "replicate", "place", "slot", "date")
SERIES_DIMS = ("scenario", "replicate", "date", "side")
WAR_DIMS = ("scenario", "replicate", "date")
PEOPLE_DIMS = ("scenario", "replicate", "date", "place")
ZSTD_LEVEL = 1


def create(path: Path, plan: Plan, variables: Mapping[str, Any]) -> None:
    """Make an empty group with its coordinates; see `control_variables`, `series_variables`."""
    import zarr

    group = zarr.open_group(path, mode="w", zarr_format=3)
    first = date.isoformat(plan.start)
    _coordinate(group, "scenario", plan.names, ("scenario",))
    _coordinate(group, "replicate", np.arange(plan.runs), ("replicate",))
    units = {"units": f"days since {first}", "calendar": "proleptic_gregorian"}
    _coordinate(group, "date", np.arange(plan.n_days), ("date",), units)
    for name, options in variables.items():
        if "values" in options:
            _coordinate(group, name, **options)
        else:
            group.create_array(name, compressors=_codec(), **options)


def control_variables(plan: Plan, places: tuple[Place, ...]) -> dict[str, Any]:
    """The cube of holders and the coordinates of places, as `create` takes them."""
    shape = (len(plan.scenarios), plan.runs, len(places), len(SLOTS), plan.n_days)
    attributes = {
        "long_name": "holder of the slot at the end of the day",
        "units": "1",
        "flag_values": list(range(len(HOLDERS))),
        "flag_meanings": " ".join(HOLDERS),
        "comment": "-1: outside the scenario's window, or the replicate failed",
        "_FillValue": UNKNOWN,
        "coordinates": "lat lon region",
        "seed": plan.seed,
    }
    degrees = {"lat": "degrees_north", "lon": "degrees_east"}
    coordinates: dict[str, Any] = {
        name: {
            "values": np.array([getattr(place, name) for place in places]),
            "dims": ("place",),
            "attributes": {"units": unit},
        }
        for name, unit in degrees.items()
    }
    for name, attribute in {"place": "name", "region": "region"}.items():
        values = [getattr(place, attribute) for place in places]
        coordinates[name] = {"values": values, "dims": ("place",)}
    coordinates["slot"] = {"values": SLOTS, "dims": ("slot",)}
    cube = _cube(shape, CONTROL_DIMS, np.int8, UNKNOWN, attributes)
    return {"control": cube, **coordinates}


def series_variables(plan: Plan) -> dict[str, Any]:
    """The daily figures of the sides and of the conflict, as `create` takes them."""
    shape = (len(plan.scenarios), plan.runs, plan.n_days)
    variables: dict[str, Any] = {"side": {"values": SIDES, "dims": ("side",)}}
    variables |= _figures(SERIES, (*shape, len(SIDES)), SERIES_DIMS)
    return variables | _figures(war_names(), shape, WAR_DIMS)


def people_variables(plan: Plan, places: tuple[Place, ...]) -> dict[str, Any]:
    """The daily figures of the places, as `create` takes them."""
    shape = (len(plan.scenarios), plan.runs, plan.n_days, len(places))
    names = {"values": [place.name for place in places], "dims": ("place",)}
    return {"place": names, **_figures(PEOPLE, shape, PEOPLE_DIMS)}


def war_names() -> dict[str, tuple[str, str]]:
    """Figures of the conflict by the name under which they are stored."""
    return {f"war_{name}": what for name, what in WAR.items()}


def _figures(
    meanings: Mapping[str, tuple[str, str]], shape: tuple[int, ...], dims: tuple[str, ...]
) -> dict[str, Any]:
    return {
        name: _cube(shape, dims, np.float32, np.nan, {"units": units, "long_name": meaning})
        for name, (units, meaning) in meanings.items()
    }


def _cube(
    shape: tuple[int, ...], dims: tuple[str, ...], dtype: Any, fill: Any, attributes: dict[str, Any]
) -> dict[str, Any]:
    """Options of an array of which one chunk holds one block."""
    return {
        "shape": shape,
        "chunks": (1, min(BLOCK, shape[1]), *shape[2:]),
        "dtype": dtype,
        "fill_value": fill,
        "dimension_names": dims,
        "attributes": attributes,
    }


def _coordinate(
    group: zarr.Group,
    name: str,
    values: Any,
    dims: tuple[str, ...],
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """Write a coordinate; texts are stored as texts, whole numbers as 64 bits."""
    data = np.asarray(values)
    text = data.dtype.kind in "UO"
    array = group.create_array(
        name,
        shape=data.shape,
        dtype="str" if text else data.dtype,
        dimension_names=dims,
        attributes=dict(attributes or {}),
    )
    array[:] = data.astype(object) if text else data


def _codec() -> list[Any]:
    from zarr.codecs import ZstdCodec

    return [ZstdCodec(level=ZSTD_LEVEL)]


def write_chunk(group: Path, variable: str, block: Block, values: np.ndarray) -> None:
    """Write the one chunk of a block.

    Args:
        group: The Zarr group.
        variable: Name of the array.
        block: Its scenario and replicates say which chunk.
        values: The whole chunk, shape (replicate, ...), the fill value past the last replicate.
    """
    from numcodecs.zstd import Zstd

    rest = ["0"] * (values.ndim - 1)
    path = group.joinpath(variable, "c", str(block.scenario), str(block.first // BLOCK), *rest)
    path.parent.mkdir(parents=True, exist_ok=True)
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    write_whole(path, Zstd(level=ZSTD_LEVEL).encode(little.tobytes()))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is either there with all its bytes, or not there."""
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(data)
    os.replace(temporary, path)
