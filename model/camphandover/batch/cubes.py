"""The cubes of a batch on disk: Zarr groups of which one chunk holds one block.

The groups are described by zarr itself; a chunk is made here as the one file that the Zarr format
says it is, so that a block is written whole or not at all and no two threads share a file. The
figures of the sides lie in one array, `sides`, with a dimension `figure`; those of the conflict
and of the places likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from camphandover.batch.files import write_whole
from camphandover.batch.plan import BLOCK, Block, Plan
from camphandover.facts.codes import Holder, Side, Slot

if TYPE_CHECKING:
    import xarray as xr
    import zarr

    from camphandover.facts import Place

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
SIDES_ARRAY, WAR_ARRAY, PEOPLE_ARRAY = "sides", "war", "people"
"""Arrays that hold the figures above."""
CONTROL_DIMS = ("scenario", "replicate", "place", "slot", "date")
SIDES_DIMS = ("scenario", "replicate", "figure", "date", "side")
WAR_DIMS = ("scenario", "replicate", "war_figure", "date")
PEOPLE_DIMS = ("scenario", "replicate", "figure", "date", "place")
COMPRESSOR: Literal["zstd"] = "zstd"
LEVEL = 1
"""Of Blosc, with bytes shuffled: four fifths of plain Zstandard's size here, and as quick."""


def holders_of(control: xr.DataArray) -> tuple[str, ...]:
    """Names of the holders of a cube by code, as it says itself; `HOLDERS` if it does not.

    Batches of format 4 tell a joint unit and nobody by one code: `other`.
    """
    return tuple(str(control.attrs.get("flag_meanings", " ".join(HOLDERS))).split())


def create(path: Path, plan: Plan, variables: Mapping[str, Any]) -> None:
    """Write the description of a group and its coordinates; see `control_variables` and others.

    A group that is there is described anew, for more replicates; its chunks stay.
    """
    import zarr

    described: dict[str, Any] = {}
    group = zarr.open_group(zarr.storage.MemoryStore(described), mode="w", zarr_format=3)
    first = date.isoformat(plan.start)
    _coordinate(group, "scenario", plan.names, ("scenario",))
    _coordinate(group, "replicate", np.arange(plan.runs), ("replicate",))
    units = {"units": f"days since {first}", "calendar": "proleptic_gregorian"}
    _coordinate(group, "date", np.arange(plan.n_days), ("date",), units)
    for name, options in variables.items():
        if "values" in options:
            _coordinate(group, name, **options)
        else:
            codec = _codec(np.dtype(options["dtype"]).itemsize)
            group.create_array(name, compressors=codec, **options)
    for key, data in described.items():
        write_whole(path / key, data.to_bytes())


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
    shape = (len(plan.scenarios), plan.runs)
    sides = (*shape, len(SERIES), plan.n_days, len(SIDES))
    war = (*shape, len(WAR), plan.n_days)
    return {
        "side": {"values": SIDES, "dims": ("side",)},
        "figure": {"values": list(SERIES), "dims": ("figure",)},
        "war_figure": {"values": list(WAR), "dims": ("war_figure",)},
        SIDES_ARRAY: _cube(sides, SIDES_DIMS, np.float32, np.nan, {}),
        WAR_ARRAY: _cube(war, WAR_DIMS, np.float32, np.nan, {}),
    }


def people_variables(plan: Plan, places: tuple[Place, ...]) -> dict[str, Any]:
    """The daily figures of the places, as `create` takes them."""
    shape = (len(plan.scenarios), plan.runs, len(PEOPLE), plan.n_days, len(places))
    return {
        "place": {"values": [place.name for place in places], "dims": ("place",)},
        "figure": {"values": list(PEOPLE), "dims": ("figure",)},
        PEOPLE_ARRAY: _cube(shape, PEOPLE_DIMS, np.float32, np.nan, {}),
    }


def _cube(
    shape: tuple[int, ...], dims: tuple[str, ...], dtype: Any, fill: Any, attributes: dict[str, Any]
) -> dict[str, Any]:
    """Options of an array of which one chunk holds one block."""
    return {
        "shape": shape,
        "chunks": (1, BLOCK, *shape[2:]),
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


def _codec(itemsize: int) -> list[Any]:
    from zarr.codecs import BloscCodec

    return [BloscCodec(cname=COMPRESSOR, clevel=LEVEL, shuffle="shuffle", typesize=itemsize)]


def chunk_path(group: str, array: str, block: Block, dimensions: int) -> str:
    """Path, in the folder of a batch, of the one chunk of a block.

    Args:
        group: Name of the Zarr group. array: Name of the array. dimensions: Of the array.
    """
    rest = ["0"] * (dimensions - 2)
    return "/".join([group, array, "c", str(block.scenario), str(block.first // BLOCK), *rest])


def chunk(values: np.ndarray) -> bytes:
    """A whole chunk as the bytes of its file.

    Args:
        values: Shape (replicate, ...), the fill value past the last replicate.
    """
    from numcodecs import Blosc, blosc

    blosc.use_threads = False  # with threads of its own its bytes depend on who is first
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return bytes(Blosc(COMPRESSOR, LEVEL, Blosc.SHUFFLE).encode(little))
