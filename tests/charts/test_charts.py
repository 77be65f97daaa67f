"""What the further charts show: numbers, colours, places, words; the main ones as images.

`uv run python tests/test_charts.py` draws the images of `tests/baseline` anew.
"""

from __future__ import annotations

import inspect
import math
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import xarray as xr
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.testing.compare import compare_images
from PIL import Image
from typer.testing import CliRunner

import camphandover as ch
from batches import FIRST_EXIT, Scripted, Unlucky, made, short
from camphandover import facts
from camphandover.batch.cubes import HOLDERS, SIDES
from camphandover.charts import falls as falls_module
from camphandover.charts import geography, labels, registry, style
from camphandover.charts import series as series_module
from camphandover.charts.keydates import key_dates
from camphandover.charts.style import COLOURS
from camphandover.cli import plot as cli_plot
from camphandover.cli.main import Commands
from camphandover.core.state import Side
from camphandover.errors import BatchError
from camphandover.measure.intervals import wilson

BASELINE = Path(__file__).parents[1] / "baseline"
FIRST = date2num(np.datetime64("2023-08-01"))
RUNS = 5


class Told(Scripted):
    """Its sides lose and tell so many dead a day that all is easily counted.

    On day d of run r the army has lost 10 d + r, Wagner 2 d, separatists 20 d, GSIM 5 d; the army
    tells of 4 d + r own and 60 d enemies, separatists of 7 d and 30 d + r, GSIM of d and 9 d.
    """

    def run(self, replicate: int) -> Any:
        record = super().run(replicate)
        day, r = np.arange(len(record.series)), replicate
        figures = {
            Side.ARMY: (10 * day + r, 4 * day + r, 60 * day),
            Side.WAGNER: (2 * day, 0 * day, 0 * day),
            Side.SEPARATISTS: (20 * day, 7 * day, 30 * day + r),
            Side.GSIM: (5 * day, 1 * day, 9 * day),
        }
        for side, columns in figures.items():
            for name, values in zip(("dead", "claimed_dead", "charged_dead"), columns, strict=True):
                record.series[name][:, side] = values
        record.series["morale"] = 0.5 + 0.01 * replicate
        return record


class UnluckyTold(Told, Unlucky):
    """The same, but for replicate 3 of `one`, which fails."""


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    out = tmp_path_factory.mktemp("batch") / "b"
    return ch.run([made("one"), short("brief")], runs=RUNS, seed=5, out=out, model=Told)


@pytest.fixture(scope="module")
def unlucky(tmp_path_factory):
    out = tmp_path_factory.mktemp("unlucky") / "b"
    return ch.run([made("one"), short("brief")], runs=RUNS, seed=5, out=out, model=UnluckyTold)


def legend_texts(artist) -> list[str]:
    legends = artist.findobj(lambda one: type(one).__name__ == "Legend")
    return [text.get_text() for legend in legends for text in legend.get_texts()]


def texts(artist) -> list[str]:
    return [text.get_text() for text in artist.findobj(lambda one: hasattr(one, "get_text"))]


def by_gid(artist, gid: str) -> list[Any]:
    return artist.findobj(lambda one: one.get_gid() == gid)


def drawn(figure: Figure) -> Figure:
    """The figure with everything at its place."""
    figure.draw_without_rendering()
    return figure


def sticks_out(figure: Figure) -> bool:
    box = drawn(figure).get_tightbbox()
    wide, high = figure.get_size_inches()
    return bool(box.x0 < 0 or box.y0 < 0 or box.x1 > wide or box.y1 > high)


def heights(ax) -> dict[str, np.ndarray]:
    """Heights of the stack, by holder."""
    found = {}
    for patch in ax.findobj(StepPatch):
        top, _, bottom = patch.get_data()
        found[to_hex(patch.get_facecolor()).upper()] = top - bottom
    return {holder: found[colour] for holder, colour in COLOURS.items() if colour in found}


# --- colours -----------------------------------------------------------------------------


def test_every_chart_is_registered_as_it_is():
    for one in registry.charts():
        module = import_module(f"camphandover.charts.{one.module}")
        taken = list(inspect.signature(getattr(module, one.name)).parameters.values())[1:]
        assert one.parameters == tuple(each.name for each in taken)
        assert set(one.needed) == {each.name for each in taken if each.default is each.empty}
    assert set(ch.plots.__all__) == set(registry.public()) <= set(dir(ch.plots))
    assert all(callable(getattr(ch.plots, name)) for name in ch.plots.__all__)
    with pytest.raises(AttributeError, match="pie"):
        _ = ch.plots.pie


def test_what_a_kind_takes():
    kinds = registry.kinds()
    assert [name for name, one in kinds.items() if one.takes_many("scenario")] == [
        "control",
        "grid",
    ]
    assert kinds["control"].needs("place")
    assert not kinds["control"].needs("scenario")
    assert kinds["difference"].needs("scenario")
    assert kinds["difference"].needs("against")
    assert kinds["map"].needs("date")
    assert not kinds["maps"].needs("date")
    assert kinds["losses"].fills("slot") == ""


def test_kinds_are_known_without_matplotlib():
    code = (
        "import sys\n"
        "from camphandover.cli.main import main\n"
        "try:\n    main(['plot', '--help'])\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'matplotlib', 'xarray', 'pandas'} & set(sys.modules)\n"
        "sys.exit(f'{heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name, one in registry.kinds().items():
        assert re.search(rf"^  {name} +{re.escape(one.tells[:40])}", done.stdout, re.MULTILINE)
    assert "for grid and difference it may be given" in " ".join(done.stdout.split())


def test_an_actor_has_one_colour_and_no_two_the_same():
    now = set(style.ACTORS) - {"other"}  # which older batches have for joint unit and nobody
    assert {*HOLDERS, *SIDES} == now
    assert len({style.ACTORS[actor] for actor in now}) == len(now) == 8
    assert all(style.colour_of(holder) == colour for holder, colour in COLOURS.items())
    assert style.colour_of("civilians") == style.FAINT


BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
               [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
"""Machado, Oliveira & Fernandes 2009, severity 1, linear RGB."""


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", BLIND)
def test_holders_stay_apart_to_colour_blind_eyes(kind):
    # A difference of 10 is seen at a glance; 2.3 is just noticeable.
    linear = {
        name: np.array(to_rgb(colour)) ** 2.2 for name, colour in COLOURS.items() if name in HOLDERS
    }
    seen = {name: lab(np.array(BLIND[kind]) @ rgb) for name, rgb in linear.items()}
    names = list(seen)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert np.linalg.norm(seen[one] - seen[other]) > 10, (one, other)


# --- key dates ---------------------------------------------------------------------------


def test_key_dates_of_a_scenario():
    found = key_dates(made("one"), "Timbuktu")
    assert [(one.day, one.what) for one in found] == [
        (date(2023, 8, 8), "blockade"),
        (date(2023, 9, 11), "war declared"),
        (date(2023, 9, 16), "charter"),
        (date(2023, 12, 31), "mandate's end"),
    ]
    assert (date(2023, 11, 15), "UN's plan") in key_dates(made("one"), "Kidal")
    assert "UN's plan" not in [one.what for one in key_dates(made("one"), "Kidal", "town")]
    assert [one.what for one in key_dates(short("one"), "Kidal")] == ["war declared", "charter"]


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ({"politics": {"record": False}}, "war declared"),
        ({"politics": {"rung": 1}}, "war declared"),
        ({"alliance": {"charter": False}}, "charter"),
        ({"blockade": {"active": False}}, "blockade"),
    ],
)
def test_what_does_not_count_in_a_scenario_is_no_key_date(form, what):
    assert what not in [one.what for one in key_dates(made("one", **form), "Timbuktu")]


def test_a_truce_is_a_key_date():
    found = key_dates(made("one", politics={"truce": "2023-10-01"}), "Gao")
    assert (date(2023, 10, 1), "truce") in found


def test_key_dates_are_marked(batch):
    ax = ch.plots.control_over_time(batch, "Kidal", scenario="one")
    lines = [at for one in ax.findobj(LineCollection) for at in one.get_segments()]
    marked = {segment[0][0] for segment in lines}
    days = ["2023-09-11", "2023-09-16", "2023-11-15", "2023-12-31"]
    assert marked == {date2num(np.datetime64(day)) for day in days}
    words = {"war declared 11 Sep", "charter 16 Sep", "UN's plan 15 Nov", "mandate's end 31 Dec"}
    assert words <= set(texts(ax))
    drawn(ax.figure)
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text() in words]
    boxes.append(ax._left_title.get_window_extent())
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[i + 1 :])
    assert not sticks_out(ax.figure)


def test_shares_know_no_key_dates(batch):
    ax = ch.plots.control_over_time(ch.control_shares(batch), "Kidal", scenario="one")
    assert not ax.findobj(LineCollection)


# --- the grid ----------------------------------------------------------------------------


def test_grid_of_scenarios_and_bases(batch):
    figure = ch.plots.control_grid(batch, places=["Gao", "Kidal"])
    panels = {ax.get_gid(): ax for ax in figure.axes}
    assert list(panels) == ["one/Gao", "one/Kidal", "brief/Gao", "brief/Kidal"]
    kidal = heights(panels["one/Kidal"])
    assert set(kidal) == {"army", "separatists", "minusma"}
    assert kidal["army"][[0, 10, 12, 152]] == pytest.approx([0, 0.2, 0.4, 0.6])
    assert heights(panels["one/Gao"])["army"] == pytest.approx(np.ones(153))
    # The second scenario begins ten days later and ends earlier, on the same axis of dates.
    (step,) = panels["brief/Gao"].findobj(StepPatch)
    assert step.get_data().edges[[0, -1]] == pytest.approx([FIRST + 10, FIRST + 61])
    assert len({ax.get_xlim() for ax in figure.axes}) == 1
    assert [panels[f"one/{base}"].get_title(loc="left") for base in ("Gao", "Kidal")] == [
        "Gao",
        "Kidal",
    ]
    assert {"one", "brief", "5 runs of each scenario, seed 5"} <= set(texts(figure))
    assert legend_texts(figure) == ["separatists", "MINUSMA", "army", "UN gone in half of the runs"]
    assert not sticks_out(figure)


def test_grid_of_what_is_asked_for(batch):
    assert len(ch.plots.control_grid(batch).axes) == 2 * 6
    one = ch.plots.control_grid(ch.control_shares(batch), ["Ber"], ["brief"])
    assert [ax.get_gid() for ax in one.axes] == ["brief/Ber"]
    assert not sticks_out(one)
    single = ch.plots.control_grid(batch.control.sel(scenario="one"), ["Kidal"])
    assert [ax.get_gid() for ax in single.axes] == ["one/Kidal"]
    with pytest.raises(ValueError, match="place 'Paris' is not in the data"):
        ch.plots.control_grid(batch, ["Paris"])
    with pytest.raises(ValueError, match="scenario 'two' is not in the data; there is one, brief"):
        ch.plots.control_grid(batch, scenarios=["two"])
    with pytest.raises(ValueError, match="no place to draw"):
        ch.plots.control_grid(batch, [])
    with pytest.raises(TypeError, match="str"):
        ch.plots.control_grid("runs/library")


def test_grid_leaves_failed_runs_out(unlucky):
    figure = ch.plots.control_grid(unlucky, ["Kidal"])
    assert "4 to 5 runs of each scenario, seed 5" in texts(figure)
    # Of replicates 0, 1, 2 and 4, three end with the army.
    assert heights(figure.axes[0])["army"][-1] == 0.75
    assert heights(figure.axes[1])["army"][-1] == 0.6


# --- differences -------------------------------------------------------------------------


class Longer(Scripted):
    """In `late` the UN leaves Kidal three days later, and five in every third run."""

    def run(self, replicate: int) -> Any:
        record = super().run(replicate)
        if self.of.name == "late":
            kidal = [place.name for place in facts.load().places].index("Kidal")
            day = FIRST_EXIT + replicate
            more = 5 if replicate % 3 == 0 else 3
            record.control[kidal, 0, day : day + more] = 3
        return record


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    out = tmp_path_factory.mktemp("pair") / "b"
    return ch.run([made("late"), made("one")], runs=12, seed=8, out=out, model=Longer)


def test_differences_are_those_of_compare(pair):
    comparison = ch.compare(pair, "late", "one")
    ax = ch.plots.difference(pair, "late", "one")
    rows = comparison.select("days_held", "Kidal").set_index("who")
    for who in ("army", "separatists", "minusma"):
        (dot,) = by_gid(ax, f"difference/Kidal/{who}")
        (bar,) = by_gid(ax, f"interval/Kidal/{who}")
        assert dot.get_xdata() == [rows["difference"][who]]
        assert list(bar.get_xdata()) == [rows["low"][who], rows["high"][who]]
        assert dot.get_color() == bar.get_color() == COLOURS[who]
        # All intervals leave out nil: the dots are filled.
        assert dot.get_markerfacecolor() == COLOURS[who]
    assert rows["difference"]["minusma"] == pytest.approx((4 * 5 + 8 * 3) / 12)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "army",
        "separatists",
        "MINUSMA",
    ]
    words = texts(ax)
    low, high = (f"{rows[name]['minusma']:.1f}" for name in ("low", "high"))
    assert f"3.7 [{low}, {high}]" in words
    assert {"Kidal", "← more in one", "more in late →"} <= set(words)
    assert ax.get_title(loc="left") == "late minus one:\ndays with the camp"
    assert ax.get_xlabel() == "mean difference of the pairs, days of 153"
    assert legend_texts(ax) == ["95 % interval without 0", "95 % interval with 0"]
    assert "12 pairs, seed 8; 2023-08-01 to 2023-12-31" in words
    assert not sticks_out(ax.figure)


def test_a_comparison_may_be_given(pair):
    comparison = ch.compare(pair, "late", "one", places="Kidal")
    ax = ch.plots.difference(comparison, outcome="days_to_fall")
    rows = comparison.select("days_to_fall", "Kidal", "army")
    (dot,) = by_gid(ax, "difference/Kidal/army")
    assert dot.get_xdata() == [rows["difference"].iloc[0]]
    assert "less is better" in ax.get_xlabel()
    figure = Figure()
    given = figure.add_subplot()
    assert ch.plots.difference(comparison, "late", "one", ax=given) is given
    with pytest.raises(ValueError, match="of late and one, not of one and late"):
        ch.plots.difference(comparison, "one", "late")
    with pytest.raises(ValueError, match=r"ch\.compare"):
        ch.plots.difference(comparison, places=["Kidal"])


def test_long_names_are_told_once(pair):
    a, b = "my-sweep[Kidal.shift=-30,ied_rate=0.5]", "my-sweep[Kidal.shift=0,ied_rate=1]"
    ax = ch.plots.difference(replace(ch.compare(pair, "late", "one"), a=a, b=b))
    assert ax.get_title(loc="left") == f"A = {a}\nB = {b}\nA minus B:\ndays with the camp"
    assert {"← more in B", "more in A →"} <= set(texts(ax))
    assert not sticks_out(ax.figure)


def test_shares_differ_in_points(pair):
    comparison = ch.compare(pair, "late", "one", places="Kidal", date="2023-08-20")
    ax = ch.plots.difference(comparison, outcome="holds")
    row = comparison.select("holds", "Kidal", "minusma").iloc[0]
    (bar,) = by_gid(ax, "interval/Kidal/minusma")
    assert list(bar.get_xdata()) == pytest.approx([100 * row["low"], 100 * row["high"]])
    assert "percentage points" in ax.get_xlabel()
    assert "20 August 2023" in ax.get_title(loc="left")


def test_where_nothing_differs(batch, pair):
    ax = ch.plots.difference(batch, "one", "brief", places="Gao")
    assert "no difference to show" in texts(ax)
    ax = ch.plots.difference(pair, "late", "one", outcome="displaced")
    assert "no difference to show" in texts(ax)


def test_differences_leave_failed_runs_out(unlucky):
    ax = ch.plots.difference(unlucky, "one", "brief", places="Kidal")
    assert "4 pairs, seed 5, 1 left out that failed; 2023-08-11 to 2023-09-30" in texts(ax)


def test_a_difference_has_two_scenarios(batch):
    with pytest.raises(ValueError, match="a= and b= are needed, two of one, brief"):
        ch.plots.difference(batch, "one")
    with pytest.raises(ValueError, match="outcome 'joy' is not known; there is days_held"):
        ch.plots.difference(batch, "one", "brief", outcome="joy")
    with pytest.raises(BatchError, match="did you mean 'brief'"):
        ch.plots.difference(batch, "one", "brif")
    with pytest.raises(TypeError, match="Dataset"):
        ch.plots.difference(batch.series, "one", "brief")


# --- maps --------------------------------------------------------------------------------


def discs(ax) -> dict[tuple[float, float], tuple[str, str]]:
    """By position, inside and rim of each disc."""
    (found,) = by_gid(ax, "bases")
    at = [(round(float(x), 4), round(float(y), 4)) for x, y in found.get_offsets()]
    faces, rims = (
        [to_hex(c).upper() for c in cs] for cs in (found.get_facecolor(), found.get_edgecolor())
    )
    return dict(zip(at, zip(faces, rims, strict=True), strict=True))


def position(place: str) -> tuple[float, float]:
    row = facts.load().places[facts.load().index(place)]
    return round(row.lon, 4), round(row.lat, 4)


def paled(holder: str, strength: float) -> str:
    return to_hex(np.array(to_rgb(COLOURS[holder])) * strength + 1 - strength).upper()


def test_bases_have_the_colour_of_their_holder(batch):
    # On day 12 (13 August) the UN is gone in runs 0, 1, 2: 2 with the army, 1 separatists.
    ax = ch.plots.control_map(batch, "2023-08-13", "one")
    found = discs(ax)
    assert found[position("Gao")] == (COLOURS["army"], COLOURS["army"])
    assert found[position("Kidal")][1] in (COLOURS["army"], COLOURS["minusma"])
    last = discs(ch.plots.control_map(batch, date(2023, 12, 31), "one"))
    # 3 of 5 runs with the army: 60 %, the second weakest strength.
    assert last[position("Kidal")] == (paled("army", 0.42), COLOURS["army"])
    first = discs(ch.plots.control_map(batch, np.datetime64("2023-08-01"), "one"))
    assert first[position("Kidal")] == (COLOURS["minusma"], COLOURS["minusma"])
    assert len(first) == len(facts.load().places) - 1


def test_words_of_the_map(batch):
    ax = ch.plots.control_map(batch, "2023-12-31", "one")
    title = "one: who most probably holds each camp on 31 December 2023?"
    assert ax.get_title(loc="left") == title
    words = texts(ax)
    assert {"Kidal 60 %", "Gao 100 %", "Gossi", "ALGERIA", "200 km, north is up"} <= set(words)
    assert "off the map: Bamako; 5 runs, seed 5" in words
    keys = legend_texts(ax)
    assert keys[:2] == ["likeliest holder:", "army"]
    assert {"95 % or more", "under 50 %", "paved road", "river, the Niger", "border"} <= set(keys)
    assert "separatists" not in keys
    assert not sticks_out(ax.figure)


def test_names_on_the_map_cover_nothing(batch):
    ax = ch.plots.control_map(batch, "2023-12-31", "one")
    drawn(ax.figure)
    (found,) = by_gid(ax, "bases")
    names = {place.name for place in facts.load().places}
    named = [text for text in ax.texts if re.sub(r" \d+ %", "", text.get_text()) in names]
    assert len(named) >= 30
    boxes = [text.get_window_extent() for text in named]
    at = ax.transData.transform(found.get_offsets())
    frame = ax.get_window_extent()
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :]), named[i]
        assert not any(box.contains(*middle) for middle in at), named[i]
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1


def test_ground_of_the_map(batch):
    ax = ch.plots.control_map(batch, "2023-12-31", "one")
    (bar,) = by_gid(ax, "scale")
    west, east = bar.get_xdata()
    # Along the middle parallel of the map, in whose measure it is drawn.
    middle = (geography.SOUTH + geography.NORTH) / 2
    assert kilometres((west, middle), (east, middle)) == pytest.approx(200, rel=0.01)
    assert ax.get_aspect() == pytest.approx(1 / math.cos(math.radians(middle)))
    theatre = facts.load()
    for kind in ("paved", "track", "piste"):
        (roads,) = by_gid(ax, f"road/{kind}")
        ends = {frozenset((road.a, road.b)) for road in theatre.roads if road.kind == kind}
        assert len(roads.get_segments()) == len(ends)
    gao, gossi = position("Gao"), position("Gossi")
    paved = by_gid(ax, "road/paved")[0].get_segments()
    assert any({tuple(np.round(p, 4)) for p in leg} == {gao, gossi} for leg in paved)
    (mali,) = by_gid(ax, "country/Mali")
    (outline,) = mali.get_paths()
    for place in theatre.places:
        if place.name not in ("Bamako", "Tinzaouaten", "In-Khalil", "Labbezanga"):
            assert outline.contains_point((place.lon, place.lat)), place.name
    (river,) = by_gid(ax, "river")
    # The Niger passes Gao and Timbuktu.
    points = np.concatenate(river.get_segments())
    assert min(kilometres(position("Gao"), point) for point in points) < 15
    assert min(kilometres(position("Timbuktu"), point) for point in points) < 25


def kilometres(a, b) -> float:
    """Length of the great circle between longitudes and latitudes."""
    (x, y), (u, v) = np.radians(a), np.radians(b)
    h = np.sin((v - y) / 2) ** 2 + np.cos(y) * np.cos(v) * np.sin((u - x) / 2) ** 2
    return float(2 * 6371 * np.arcsin(np.sqrt(h)))


def test_dates_without_runs_have_no_map(batch):
    with pytest.raises(ValueError, match="there is 2023-08-11 to 2023-09-30"):
        ch.plots.control_map(batch, "2023-12-31", "brief")
    with pytest.raises(ValueError, match="date is 'soon': a day such as"):
        ch.plots.control_map(batch, "soon", "one")
    with pytest.raises(ValueError, match="scenario= is needed"):
        ch.plots.control_map(batch, "2023-12-31")
    nowhere = ch.control_shares(batch).drop_vars(["lat", "lon"])
    with pytest.raises(ValueError, match="no lat and lon"):
        ch.plots.control_map(nowhere, "2023-12-31", "one")


def test_map_on_given_axes(batch):
    ax = Figure(figsize=(6, 5)).add_subplot()
    assert ch.plots.control_map(batch, "2023-12-31", "one", ax=ax) is ax
    assert discs(ax)[position("Kidal")][1] == COLOURS["army"]


def test_sequence_of_maps(batch):
    figure = ch.plots.map_sequence(batch, scenario="brief")
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert len(titles) == 6
    assert (titles[0], titles[-1]) == ("11 August 2023", "30 September 2023")
    assert discs(figure.axes[0])[position("Kidal")][0] == COLOURS["minusma"]
    assert discs(figure.axes[-1])[position("Kidal")] == (paled("army", 0.42), COLOURS["army"])
    assert {"5 runs, seed 5", "brief: who most probably holds each camp?"} <= set(texts(figure))
    assert {"MINUSMA", "army"} <= set(legend_texts(figure))
    assert not sticks_out(figure)
    two = ch.plots.map_sequence(batch, ["2023-08-12", date(2023, 8, 20)], "brief")
    assert [ax.get_title(loc="left") for ax in two.axes] == ["12 August 2023", "20 August 2023"]
    assert not sticks_out(two)
    with pytest.raises(ValueError, match="no date"):
        ch.plots.map_sequence(batch, [], "brief")


def test_animation(batch, tmp_path):
    path = ch.plots.animate_map(batch, tmp_path / "new" / "a.gif", "brief", step=10)
    assert [one.name for one in path.parent.iterdir()] == ["a.gif"]
    with Image.open(path) as film:
        # 51 days: days 0, 10, ... 40, and the last one, which stays longer.
        assert film.n_frames == 6
        lengths = []
        for i in range(film.n_frames):
            film.seek(i)
            lengths.append(film.info["duration"])
        assert lengths[-1] > lengths[0]


def test_what_cannot_be_an_animation(batch, tmp_path, monkeypatch):
    from matplotlib.animation import FFMpegWriter

    monkeypatch.setattr(FFMpegWriter, "isAvailable", lambda: False)
    with pytest.raises(BatchError, match=r"needs ffmpeg.*\.gif"):
        ch.plots.animate_map(batch, tmp_path / "a.mp4", "one")
    with pytest.raises(BatchError, match=r"ends in \.gif or \.mp4"):
        ch.plots.animate_map(batch, tmp_path / "a.avi", "one")
    with pytest.raises(ValueError, match="step is 0"):
        ch.plots.animate_map(batch, tmp_path / "a.gif", "one", step=0)
    assert not list(tmp_path.iterdir())


def test_labels_go_where_there_is_room():
    edge = labels.Box(0, 0, 100, 100)
    one = labels.Label(50, 50, 5, 20, 10, must=True)
    left = labels.Label(95, 80, 5, 20, 10, must=False)
    assert labels.place_labels([one, left], edge) == [(6.5, -5), (-26.5, -5)]
    # Nothing is free around the first one: the label that must stand does, the other does not.
    full = [labels.Box(20, 20, 80, 80)]
    assert labels.place_labels([one._replace(must=False)], edge, full) == [None]
    (where,) = labels.place_labels([one], edge, full)
    assert where is not None


# --- losses and forces -------------------------------------------------------------------


def lines(ax, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the days and the figures then; a figure is held from the day's beginning."""
    (line,) = by_gid(ax, name)
    x, y = line.get_data()
    assert line.get_drawstyle() == "steps-pre"
    assert (x[0], y[0]) == (ax.get_xlim()[0], y[1])
    return x[1:], y[1:]


def test_losses_by_hand(batch):
    ax = ch.plots.losses(batch, "one")
    day = np.arange(153)
    # Medians over r = 0 ... 4: army and Wagner 12 d + 2, by its own word 4 d + 2, by its enemies'
    # 39 d + 2.
    for what, expected in {"truth": 12, "own": 4, "enemy": 39}.items():
        x, y = lines(ax, f"median/army/{what}")
        np.testing.assert_allclose(y, expected * day + 2, rtol=1e-6)
        assert x[[0, -1]] == pytest.approx([FIRST + 1, FIRST + 153])
    for what, expected in {"truth": 25, "own": 8, "enemy": 60}.items():
        _, y = lines(ch.plots.losses(batch, "one", "groups"), f"median/groups/{what}")
        np.testing.assert_allclose(y, expected * day, rtol=1e-6)
    assert ax.get_title(loc="left").startswith("one: dead of army, Wagner and partners")
    assert ax.get_ylabel() == "dead since the first day"
    assert {"truth", "as the army tells", "median", "90 % of runs"} <= set(legend_texts(ax))
    assert "5 runs, seed 5" in texts(ax)
    assert not sticks_out(ax.figure)


def test_colours_of_those_who_tell(batch):
    ax = ch.plots.losses(batch, "one")
    colours = {what: by_gid(ax, f"median/army/{what}")[0] for what in ("truth", "own", "enemy")}
    assert colours["own"].get_color() == COLOURS["army"]
    assert colours["enemy"].get_color() == COLOURS["separatists"]
    assert colours["enemy"].get_gapcolor() == COLOURS["gsim"]
    assert colours["truth"].get_color() not in style.ACTORS.values()


def test_losses_of_both_camps(batch):
    figure = ch.plots.losses_grid(batch, "brief")
    army, groups = figure.axes
    assert army.get_ylim() == groups.get_ylim()
    # 60 d of 50 days is the highest, and fits.
    assert army.get_ylim()[1] > 60 * 50
    assert "5 runs, seed 5" in texts(figure)
    assert not sticks_out(figure)
    with pytest.raises(ValueError, match="side 'gsim' is not known; there is army, groups"):
        ch.plots.losses(batch, "one", "gsim")


def test_forces_by_hand(batch):
    ax = ch.plots.forces(batch, "men", "one")
    # Men of side s in run r: 1000 s + r.
    for side in ("army", "wagner", "separatists", "gsim"):
        _, y = lines(ax, f"median/{side}")
        assert set(y) == {1000 * Side[side.upper()] + 2}
        outer, inner = by_gid(ax, f"band/{side}")
        for area, (low, high) in ((outer, (0.2, 3.8)), (inner, (1, 3))):
            reach = area.get_paths()[0].vertices[:, 1] - 1000 * Side[side.upper()]
            assert (reach.min(), reach.max()) == pytest.approx((low, high), abs=1e-3)
        assert by_gid(ax, f"median/{side}")[0].get_color() == style.colour_of(side)
    assert not by_gid(ax, "median/minusma")
    assert ax.get_ylabel() == "persons"
    assert ax.get_title(loc="left") == "one: fit men at the end of the day"
    assert {"army", "Wagner", "separatists", "GSIM", "50 % of runs"} <= set(legend_texts(ax))
    assert "5 runs, seed 5" in texts(ax)
    assert not sticks_out(ax.figure)


def test_morale_and_other_figures(batch):
    ax = ch.plots.forces(batch, "morale", "one")
    assert ax.get_ylim() == (0, 1)
    assert lines(ax, "median/gsim")[1] == pytest.approx(np.full(153, 0.52))
    assert not by_gid(ax, "median/wagner")
    assert ax.get_ylabel() == "0 to 1"
    ax = ch.plots.forces(batch.series, "supply", "brief", sides=["army"])
    assert lines(ax, "median/army")[1] == pytest.approx(np.arange(51))
    assert ax.get_ylabel() == "days"
    assert "5 runs" in texts(ax)
    with pytest.raises(ValueError, match="figure 'joy' is not in the data; there is men"):
        ch.plots.forces(batch, "joy", "one")
    with pytest.raises(ValueError, match="side 'un' is not in the data"):
        ch.plots.forces(batch, "men", "one", sides=["un"])
    with pytest.raises(TypeError, match="DataArray"):
        ch.plots.forces(batch.control, "men", "one")


def test_failed_runs_and_windows_leave_no_trace(unlucky):
    ax = ch.plots.forces(unlucky, "men", "one", sides=["army"])
    # Of runs 0, 1, 2 and 4.
    assert set(lines(ax, "median/army")[1]) == {1.5}
    assert "4 runs, seed 5" in texts(ax)
    brief = ch.plots.forces(unlucky, "men", "brief", sides=["army"])
    assert set(lines(brief, "median/army")[1]) == {2}
    assert brief.get_xlim() == pytest.approx((FIRST + 10, FIRST + 61))
    none = ch.plots.forces(unlucky.series.isel(replicate=[3]), "men", "one")
    assert "no runs" in texts(none)
    assert "no runs" in texts(ch.plots.losses(unlucky.series.isel(replicate=[3]), "one"))


def test_runs_are_read_in_parts(unlucky, monkeypatch):
    whole = lines(ch.plots.losses(unlucky, "one"), "median/army/truth")[1]
    fallen = ch.plots.fall_dates(unlucky, "Kidal", "army", "one")
    monkeypatch.setattr(series_module, "AT_ONCE", 2)
    monkeypatch.setattr(series_module, "CELLS", 15 * 7)
    monkeypatch.setattr(falls_module, "AT_ONCE", 2)
    parts = lines(ch.plots.losses(unlucky, "one"), "median/army/truth")[1]
    np.testing.assert_array_equal(whole, parts)
    again = ch.plots.fall_dates(unlucky, "Kidal", "army", "one")
    np.testing.assert_array_equal(steps(fallen, "army"), steps(again, "army"))


# --- when a base falls -------------------------------------------------------------------


def steps(ax, holder: str) -> np.ndarray:
    (found,) = by_gid(ax, f"fallen/{holder}")
    return found.get_data().values


def test_dates_of_fall_by_hand(batch):
    ax = ch.plots.fall_dates(batch, "Kidal", scenario="one")
    # The army has it from day 10, 12 and 14 on, separatists from 11 and 13.
    army = steps(ax, "army")
    assert army[[9, 10, 11, 12, 13, 14, 152]] == pytest.approx([0, 0.2, 0.2, 0.4, 0.4, 0.6, 0.6])
    assert steps(ax, "separatists")[[10, 11, 12, 13, 152]] == pytest.approx([0, 0.2, 0.2, 0.4, 0.4])
    (band,) = by_gid(ax, "interval/army")
    low, high = wilson(3, 5)
    reach = band.get_paths()[0].vertices
    at_end = reach[reach[:, 0] >= FIRST + 153 - 1e-9][:, 1]
    assert (at_end.min(), at_end.max()) == pytest.approx((float(low), float(high)))
    assert reach[:, 0].min() == pytest.approx(FIRST + 10)
    assert legend_texts(ax) == [
        "army: 3 of 5 runs by 31 Dec 2023, not in 2; median 15 Aug 2023",
        "separatists: 2 of 5 runs by 31 Dec 2023, not in 3",
        "95 % interval",
    ]
    assert ax.get_title(loc="left") == "one: when does the camp of Kidal fall?"
    assert "5 runs, seed 5" in texts(ax)
    assert not sticks_out(ax.figure)


def test_dates_of_fall_to_one_holder(batch, unlucky):
    ax = ch.plots.fall_dates(batch, "Gao", "army", "brief")
    assert steps(ax, "army") == pytest.approx(np.ones(51))
    # Nobody takes Gao: the army has it from the first day on.
    assert not by_gid(ch.plots.fall_dates(batch, "Gao", scenario="brief"), "fallen/army")
    failed = ch.plots.fall_dates(unlucky, "Kidal", "separatists", "one")
    assert steps(failed, "separatists")[-1] == 0.25
    assert "4 runs, seed 5" in texts(failed)
    nobody = ch.plots.fall_dates(batch, "Kidal", "gsim", "one")
    assert "GSIM: 0 of 5 runs by 31 Dec 2023, not in 5" in legend_texts(nobody)
    given = Figure().add_subplot()
    assert ch.plots.fall_dates(batch.control, "Kidal", scenario="one", ax=given) is given
    with pytest.raises(ValueError, match="holder 'minusma' takes no base"):
        ch.plots.fall_dates(batch, "Kidal", "minusma", "one")
    with pytest.raises(ValueError, match="'Paris'"):
        ch.plots.fall_dates(batch, "Paris", scenario="one")
    with pytest.raises(TypeError, match="Dataset"):
        ch.plots.fall_dates(ch.control_shares(batch), "Kidal")


def test_dates_of_fall_are_those_of_compare(pair):
    table = ch.compare(pair, "late", "one").select("fell", "Kidal")
    ax = ch.plots.fall_dates(pair, "Kidal", scenario="late")
    for who in ("army", "separatists"):
        assert steps(ax, who)[-1] == table[table["who"] == who]["mean_a"].iloc[0]


# --- the command -------------------------------------------------------------------------


def call(*arguments: object):
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.command()(cli_plot.plot)
    return CliRunner().invoke(app, ["plot", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ("--kind control --scenario one --place Kidal", "control-one+kidal.png"),
        ("--kind control --place Kidal", "control-kidal.png"),
        ("--kind control --place Kidal --scenario one --scenario brief", "control-kidal.png"),
        ("--kind heatmap --scenario one", "heatmap-one.png"),
        ("--kind grid", "grid.png"),
        ("--kind grid --place Gao", "grid+gao.png"),
        ("--kind grid --place Gao --place Ber --scenario one --slot town", "grid-one+town.png"),
        ("--kind difference --scenario one --against brief", "difference-one+brief.png"),
        (
            "--kind difference --scenario one --against brief --place Kidal --slot town",
            "difference-one+brief+kidal+town.png",
        ),
        ("--kind map --scenario one --date 2023-11-15", "map-one+2023-11-15.png"),
        ("--kind maps --scenario brief", "maps-brief.png"),
        ("--kind losses --scenario one", "losses-one.png"),
        ("--kind forces --scenario one", "forces-one.png"),
        ("--kind morale --scenario one", "morale-one.png"),
        ("--kind falls --scenario one --place Kidal", "falls-one+kidal.png"),
    ],
)
def test_kinds_of_the_command(batch, tmp_path, arguments, name):
    result = call(batch.folder, *arguments.split(), "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_animation_of_the_command(batch, tmp_path, monkeypatch):
    seen = []
    from camphandover.charts import maps

    monkeypatch.setattr(maps, "animate_map", lambda *a, **k: seen.append((a[1:], k)))
    result = call(batch.folder, "--kind", "animation", "--scenario", "one", "--out", tmp_path)
    assert result.stdout.strip() == str(tmp_path / "animation-one.gif")
    call(batch.folder, "--kind", "animation", "--scenario", "one", "--out", tmp_path / "x.mp4")
    assert seen == [
        ((), {"path": tmp_path / "animation-one.gif", "scenario": "one"}),
        ((), {"path": tmp_path / "x.mp4", "scenario": "one"}),
    ]


def test_file_and_form_of_the_command(batch, tmp_path):
    out = tmp_path / "deep" / "x.svg"
    result = call(batch.folder, "--kind", "forces", "--scenario", "one", "--out", out)
    assert result.stdout.strip() == str(out)
    assert "<svg" in out.read_text()


def test_forms_of_a_date(batch, tmp_path):
    ask = ["--kind", "map", "--scenario", "one", "--date"]
    assert call(batch.folder, *ask, "2023-11-15", "--out", tmp_path / "a.png").exit_code == 0
    result = call(batch.folder, *ask, "20231115", "--out", tmp_path / "b.png")
    assert result.exit_code == 2
    assert "--date is '20231115': a day from 2023-08-01 to 2023-12-31 is needed" in result.stderr


def test_the_command_without_a_kind(batch, tmp_path):
    result = call(batch.folder, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "(8 drawn)" in result.stderr
    assert len(list(tmp_path.glob("*.png"))) == 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--kind pie", "no kind is named 'pie'"),
        ("--kind mapp --scenario one", "did you mean 'map'"),
        ("--place Kidal", "--place needs --kind, one of control, grid, heatmap"),
        ("--kind control --place Kidall", "did you mean 'Kidal'"),
        ("--kind heatmap --scenario two", "no scenario is named 'two': there is: one, brief"),
        ("--kind heatmap", "needs --scenario, one of one, brief"),
        ("--kind control --scenario one", "--kind control needs --place, such as Kidal"),
        ("--kind map --scenario one", "needs --date, of 2023-08-01 to 2023-12-31"),
        ("--kind map --scenario one --date soon", "--date is 'soon': a day from 2023-08-01"),
        ("--kind map --scenario brief --date 2023-12-01", "2023-12-01: a day from 2023-08-11"),
        (
            "--kind maps --scenario brief --date 2023-08-12 --date 2023-10-01",
            "--date is 2023-10-01",
        ),
        ("--kind map --scenario one --date 2023-08-12 --date 2023-08-13", "--date stands 2 times"),
        ("--kind losses --scenario one --place Kidal", "--place says nothing to --kind losses"),
        ("--kind difference --scenario one", "needs --against"),
        ("--kind difference --scenario one --against one", "A and B are both"),
        ("--kind difference --scenario one --against brief --outcome joy", "named 'joy'"),
        ("--kind heatmap --scenario one --slot tower", "no slot is named 'tower'"),
        ("--kind heatmap --scenario one --out x.doc", ".png, .pdf, .svg"),
        ("--kind animation --scenario one --out x.png", ".gif, .mp4"),
    ],
)
def test_faults_of_the_command(batch, arguments, words):
    result = call(batch.folder, *arguments.split())
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_folder_without_a_batch(tmp_path):
    result = call(tmp_path, "--kind", "grid")
    assert result.exit_code == 2
    assert str(tmp_path) in result.stderr


# --- as images ---------------------------------------------------------------------------

SIZE = 50
"""Dots an inch of the images."""
TOLERANCE = 2.0
"""Root mean square difference of the pixels, of 255, that fonts may make."""
CURVES = {
    # By place: the last day of the UN, when the army and when separatists rise, and how far.
    "Kidal": (90, 110, 0.7, 80, 0.9),
    "Tessalit": (80, 85, 0.5, 100, 0.5),
    "Aguelhok": (80, 130, 0.3, 85, 1.0),
    "Ber": (12, 15, 0.85, 200, 0.0),
    "Gao": (200, 0, 0.0, 0, 0.0),
    "Timbuktu": (140, 141, 1.0, 200, 0.0),
    "Bourem": (0, 0, 0.95, 60, 0.3),
    "Anefis": (0, 70, 0.8, 0, 1.0),
}


def invented() -> xr.Dataset:
    """Shares of two scenarios as somebody might find them: what is not the others' is GSIM's."""
    day = np.arange(153.0)
    places = [place for place in facts.load().places if place.name in CURVES]
    share = np.zeros((2, len(places), 1, len(day), 6))
    for row, place in enumerate(places):
        gone, army, far, rising, most = CURVES[place.name]
        for later in (0, 1):
            un = 1 / (1 + np.exp((day - gone - 20 * later) / 4)) * (gone > 0)
            of_army = (1 - un) * far / (1 + np.exp((army - day) / 6))
            separatists = (1 - un - of_army) * most / (1 + np.exp((rising - day) / 6))
            rest = 1 - un - of_army - separatists
            share[later, row, 0] = np.stack(
                [of_army, separatists, 0.6 * rest, un, 0.2 * rest, 0.2 * rest], axis=-1
            )
    return xr.Dataset(
        {
            "share": (("scenario", "place", "slot", "date", "holder"), share),
            "n": (("scenario", "place", "slot", "date"), np.full(share.shape[:-1], 200)),
        },
        coords={
            "scenario": ["on-schedule", "delayed"],
            "place": [place.name for place in places],
            "slot": ["camp"],
            "date": np.datetime64("2023-08-01", "ns") + np.arange(153) * np.timedelta64(1, "D"),
            "holder": list(HOLDERS),
            "lat": ("place", [place.lat for place in places]),
            "lon": ("place", [place.lon for place in places]),
            "region": ("place", [place.region for place in places]),
        },
        attrs={"seed": 2023},
    )


def pictured() -> dict[str, Figure]:
    """The charts of which there is an image."""
    shares = invented()
    return {
        "control": ch.plots.control_over_time(shares, "Kidal", scenario="on-schedule").figure,
        "grid": ch.plots.control_grid(shares),
        "heatmap": ch.plots.control_heatmap(shares, "on-schedule").figure,
        "map": ch.plots.control_map(shares, "2023-11-15", "on-schedule").figure,
    }


def render(folder: Path) -> dict[str, Path]:
    """The images."""
    files = {}
    for name, figure in pictured().items():
        files[name] = folder / f"{name}.png"
        figure.savefig(files[name], dpi=SIZE)
    return files


def drawn_with(path: Path) -> str:
    """Matplotlib's version, but for the last number, by which an image was drawn."""
    with Image.open(path) as image:
        return re.search(r"(\d+\.\d+)", image.info["Software"]).group(1)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    return render(tmp_path_factory.mktemp("images"))


@pytest.mark.parametrize("name", ["control", "grid", "heatmap", "map"])
def test_images(rendered, name):
    baseline = BASELINE / f"{name}.png"
    if drawn_with(baseline) != drawn_with(rendered[name]):
        pytest.skip("another version of matplotlib lays out text otherwise")
    assert compare_images(str(baseline), str(rendered[name]), tol=TOLERANCE) is None


if __name__ == "__main__":
    BASELINE.mkdir(exist_ok=True)
    for file in render(BASELINE).values():
        print(file)
