"""The ground of the maps: borders, river, roads, scale. All of it comes with the package."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from camphandover import facts
from camphandover.charts.axis import Key, line_key
from camphandover.charts.style import INK

WEST, EAST, SOUTH, NORTH = -6.05, 3.55, 13.7, 21.65
"""Edges of the maps, degrees: northern Mali, without Bamako."""
MIDDLE = math.radians((SOUTH + NORTH) / 2)
KM_PER_DEGREE = 111.2
"""Of latitude; of longitude that times the cosine of the latitude."""
COUNTRY = "Mali"
LAND, ABROAD, BORDER = "#FBF8F1", "#EAEAE6", "#9A9A94"
WATER = "#8FA9BD"
ROAD = "#B9AFA0"
GROUND_SIZE = 7.5
"""Of the names of countries, points."""
NAMES = {
    "ALGERIA": (2.75, 21.25, 0),
    "NIGER": (2.75, 14.75, 0),
    "BURKINA FASO": (-1.1, 13.93, 0),
    "MAURITANIA": (-5.82, 17.6, 90),
    "MALI": (-3.6, 18.9, 0),
}
"""Names of countries: where they stand, longitude and latitude, and their slope, degrees."""
SCALE_AT = (1.35, 14.05)
"""Left end of the scale, longitude and latitude."""
SCALE_KM = 200
ROADS: dict[str, dict[str, Any]] = {
    "paved": {"linewidths": 1.6, "linestyles": "-"},
    "track": {"linewidths": 0.9, "linestyles": "-"},
    "piste": {"linewidths": 0.9, "linestyles": (0, (3, 2))},
}
"""How the kinds of road are drawn; river legs lie along the river."""


@cache
def lines_of(name: str) -> list[tuple[str, np.ndarray]]:
    """The lines of a file of the theatre's map.

    Args:
        name: `borders` or `rivers`.
    Returns:
        For each line its country, empty for a river, and its points, longitude and latitude, shape
        (point, 2).
    """
    text = (facts.FOLDER / "map" / f"{name}.geojson").read_text(encoding="utf-8")
    found = []
    for feature in json.loads(text)["features"]:
        lines = feature["geometry"]["coordinates"]
        if feature["geometry"]["type"] == "LineString":
            lines = [lines]
        country = feature["properties"].get("name", "")
        found += [(country, np.array(line, dtype=float)) for line in lines]
    return found


def draw_ground(ax: Axes, *, detailed: bool = True) -> None:
    """Countries, river, roads, a scale, on axes of longitude and latitude.

    A degree of longitude is as long as it is in the middle of the map.

    Args:
        ax: The axes; their ticks go.
        detailed: Whether there is room for the names of the countries and the scale.
    """
    ax.set(xlim=(WEST, EAST), ylim=(SOUTH, NORTH), aspect=1 / math.cos(MIDDLE))
    ax.set(xticks=[], yticks=[], facecolor=ABROAD)
    ax.spines[:].set_color(BORDER)
    _draw_borders(ax)
    rivers = [line for _, line in lines_of("rivers")]
    water = LineCollection(rivers, colors=WATER, linewidths=1.3, capstyle="round", gid="river")
    ax.add_collection(water, autolim=False)
    _draw_roads(ax)
    if detailed:
        for name, (lon, lat, slope) in NAMES.items():
            ax.text(
                lon, lat, name, rotation=slope, ha="center", va="center",
                fontsize=GROUND_SIZE, color=BORDER, clip_on=True,
            )  # fmt: skip
        _draw_scale(ax)


def _draw_borders(ax: Axes) -> None:
    for country, line in lines_of("borders"):
        is_home = country == COUNTRY
        area = PolyCollection(
            [line],
            facecolors=LAND if is_home else ABROAD,
            edgecolors=BORDER,
            linewidths=1.0 if is_home else 0.6,
            zorder=0.6 if is_home else 0.5,
            gid=f"country/{country}",
        )
        ax.add_collection(area, autolim=False)


def _draw_roads(ax: Axes) -> None:
    """Straight lines between places, by kind."""
    theatre = facts.load()
    at = {place.name: (place.lon, place.lat) for place in theatre.places}
    for kind, style in ROADS.items():
        legs = [np.array([at[road.a], at[road.b]]) for road in theatre.roads if road.kind == kind]
        roads = LineCollection(legs, colors=ROAD, gid=f"road/{kind}", **style)
        ax.add_collection(roads, autolim=False)


def _draw_scale(ax: Axes) -> None:
    """A bar of `SCALE_KM`, and where north is."""
    lon, lat = SCALE_AT
    end = lon + SCALE_KM / (KM_PER_DEGREE * math.cos(MIDDLE))
    ax.plot([lon, end], [lat, lat], color=INK, linewidth=2, solid_capstyle="butt", gid="scale")
    label = f"{SCALE_KM} km, north is up"
    ax.annotate(
        label, (lon, lat), xytext=(0, -3), textcoords="offset points", va="top", fontsize=7,
        color=INK,
    )  # fmt: skip


def ground_keys() -> list[Key]:
    """Keys of the legend for roads, river and border."""
    kinds = zip(("paved road", "track", "desert track"), ROADS.values(), strict=True)
    return [
        *(
            line_key(label, ROAD, linewidth=style["linewidths"], linestyle=style["linestyles"])
            for label, style in kinds
        ),
        line_key("river, the Niger", WATER, linewidth=1.3),
        line_key("border", BORDER, linewidth=1.0),
    ]


def is_on_map(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Whether positions lie within the edges of the maps."""
    return (lon > WEST) & (lon < EAST) & (lat > SOUTH) & (lat < NORTH)
