"""The cubes of a batch on disk: Zarr groups of which one chunk holds one block.

The groups are described by zarr itself; a chunk is made here as the one file that the Zarr format
says it is, so that a block is written whole or not at all and no two threads share a file. The
figures of the sides lie in one array, `sides`, with a dimension `figure`; those of the conflict
and of the places likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from camphandover.batch.files import write_whole
from camphandover.batch.plan import BLOCK, Block, Plan
from camphandover.facts.codes import HOLDERS as HOLDERS
from camphandover.facts.codes import SLOTS as SLOTS
from camphandover.facts.codes import Side
from camphandover.libraries import xr

if TYPE_CHECKING:
    import zarr

    from camphandover.facts import Place

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


@dataclass(frozen=True, eq=False)
class Cube:
    """An array of a batch of which one chunk holds one block.

    Attributes:
        group: Zarr group that it lies in. name: Its name there.
        rest: Dimensions after scenario and replicate.
        figures: Its daily figures, unit and meaning by name, if it has a dimension of them.
        unknown: What stands where nothing is known.
    """

    group: str
    name: str
    rest: tuple[str, ...]
    figures: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unknown: float = np.nan

    @property
    def dtype(self) -> type:
        """Of its values."""
        return np.float32 if self.figures else np.int8

    def shape(self, plan: Plan, n_places: int) -> tuple[int, ...]:
        """Of one replicate."""
        sizes = {"place": n_places, "slot": len(SLOTS), "date": plan.n_days, "side": len(SIDES)}
        return tuple(sizes.get(name, len(self.figures)) for name in self.rest)

    def path(self, block: Block) -> str:
        """Path, in the folder of a batch, of the one chunk of a block."""
        where = [block.scenario, block.first // BLOCK, *[0] * len(self.rest)]
        return "/".join([self.group, self.name, "c", *map(str, where)])


CONTROL = Cube("control.zarr", "control", ("place", "slot", "date"), unknown=UNKNOWN)
OF_SIDES = Cube("series.zarr", "sides", ("figure", "date", "side"), SERIES)
OF_WAR = Cube("series.zarr", "war", ("war_figure", "date"), WAR)
OF_PEOPLE = Cube("people.zarr", "people", ("figure", "date", "place"), PEOPLE)
CUBES = (CONTROL, OF_SIDES, OF_WAR, OF_PEOPLE)
COMPRESSOR: Literal["zstd"] = "zstd"
LEVEL = 1
"""Of Blosc, with bytes shuffled: four fifths of plain Zstandard's size here, and as quick."""


def holders_of(control: xr.DataArray) -> tuple[str, ...]:
    """Names of the holders of a cube by code, as it says itself; `HOLDERS` if it does not.

    Batches of format 4 tell a joint unit and nobody by one code: `other`.
    """
    return tuple(str(control.attrs.get("flag_meanings", " ".join(HOLDERS))).split())


def create(folder: Path, plan: Plan, places: tuple[Place, ...]) -> None:
    """Write the descriptions of all groups and their coordinates.

    A group that is there is described anew, for more replicates; its chunks stay.
    """
    for group in dict.fromkeys(cube.group for cube in CUBES):
        _describe(folder, group, plan, places)


def _describe(folder: Path, name: str, plan: Plan, places: tuple[Place, ...]) -> None:
    import zarr

    described: dict[str, Any] = {}
    group = zarr.open_group(zarr.storage.MemoryStore(described), mode="w", zarr_format=3)
    cubes = [cube for cube in CUBES if cube.group == name]
    _coordinate(group, "scenario", plan.names)
    _coordinate(group, "replicate", np.arange(plan.runs))
    units = {"units": f"days since {plan.start}", "calendar": "proleptic_gregorian"}
    _coordinate(group, "date", np.arange(plan.n_days), attributes=units)
    known = {"side": SIDES, "slot": SLOTS, "place": [place.name for place in places]}
    for cube in cubes:
        for dimension in cube.rest:
            if dimension != "date" and dimension not in group:
                _coordinate(group, dimension, known.get(dimension, list(cube.figures)))
    if CONTROL in cubes:
        for key, unit in {"lat": "degrees_north", "lon": "degrees_east", "region": None}.items():
            values = [getattr(place, key) for place in places]
            _coordinate(group, key, values, "place", {"units": unit} if unit else {})
    for cube in cubes:
        shape = cube.shape(plan, len(places))
        group.create_array(
            cube.name,
            shape=(len(plan.scenarios), plan.runs, *shape),
            chunks=(1, BLOCK, *shape),
            dtype=cube.dtype,
            fill_value=cube.unknown,
            dimension_names=("scenario", "replicate", *cube.rest),
            attributes=_meaning(plan) if cube is CONTROL else {},
            compressors=_codec(np.dtype(cube.dtype).itemsize),
        )
    for key, data in described.items():
        write_whole(folder / name / key, data.to_bytes())


def _meaning(plan: Plan) -> dict[str, Any]:
    """What the codes of holders mean."""
    return {
        "long_name": "holder of the slot at the end of the day",
        "units": "1",
        "flag_values": list(range(len(HOLDERS))),
        "flag_meanings": " ".join(HOLDERS),
        "comment": "-1: outside the scenario's window, or the replicate failed",
        "_FillValue": UNKNOWN,
        "coordinates": "lat lon region",
        "seed": plan.seed,
    }


def _coordinate(
    group: zarr.Group,
    name: str,
    values: Any,
    dimension: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """Write a coordinate; texts are stored as texts, whole numbers as 64 bits."""
    data = np.asarray(values)
    text = data.dtype.kind in "UO"
    array = group.create_array(
        name,
        shape=data.shape,
        dtype="str" if text else data.dtype,
        dimension_names=(dimension or name,),
        attributes=dict(attributes or {}),
    )
    array[:] = data.astype(object) if text else data


def _codec(itemsize: int) -> list[Any]:
    from zarr.codecs import BloscCodec

    return [BloscCodec(cname=COMPRESSOR, clevel=LEVEL, shuffle="shuffle", typesize=itemsize)]


def chunk(values: np.ndarray) -> bytes:
    """A whole chunk as the bytes of its file.

    Args:
        values: Shape (replicate, ...), the fill value past the last replicate.
    """
    from numcodecs import Blosc, blosc

    blosc.use_threads = False  # with threads of its own its bytes depend on who is first
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return bytes(Blosc(COMPRESSOR, LEVEL, Blosc.SHUFFLE).encode(little))
