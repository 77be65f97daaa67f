"""Charts show users' texts as they are, whatever style the user has, and leave that style alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import rcParams, style
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from PIL import Image

import camphandover as ch
from batches import made
from camphandover import plots
from camphandover.plots.figures import base_figure, heatmap_figure
from camphandover.plots.style import Chart
from camphandover.results.charts import chart_files
from camphandover.validation.score import score
from test_charts import Told

MARKUP = "_$5 or $10 <b>&amp;</b> *a_b*| [red]x[/red] {x} 100% \\alpha $\\frac$ \u0162\u2d5c"
FOREIGN = [
    "dark_background",
    {
        "font.size": 21,
        "font.family": ["serif"],
        "text.parse_math": True,
        "axes.grid": True,
        "axes.xmargin": 0.3,
        "axes.unicode_minus": False,
        "axes.spines.left": False,
        "figure.dpi": 37,
        "figure.subplot.left": 0.4,
        "hatch.linewidth": 9,
        "image.cmap": "jet",
        "legend.frameon": True,
        "legend.loc": "center",
        "lines.linewidth": 9,
        "savefig.bbox": "tight",
        "savefig.dpi": 31,
        "xtick.direction": "in",
        "xtick.minor.visible": True,
    },
]
"""A style sheet and settings in which nothing is as the charts have it."""


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    scenarios = [made(MARKUP, title=MARKUP, question=MARKUP), made("$plain")]
    out = tmp_path_factory.mktemp("style") / "b"
    return ch.run(scenarios, runs=4, seed=5, out=out, model=Told)


Draw = Callable[..., Any]


def kinds(batch: ch.Batch, name: str) -> dict[str, Draw]:
    """Every chart of a batch; those that take axes do so by `ax=`."""
    shares = ch.control_shares(batch)
    return {
        "control": lambda **o: plots.control_over_time(batch, "Kidal", scenario=name, **o),
        "heatmap": lambda **o: plots.control_heatmap(batch, name, **o),
        "difference": lambda **o: plots.difference(batch, name, batch.scenarios[1], **o),
        "map": lambda **o: plots.control_map(batch, "2023-08-01", name, **o),
        "losses": lambda **o: plots.losses(batch, name, **o),
        "forces": lambda **o: plots.forces(batch, scenario=name, **o),
        "falls": lambda **o: plots.fall_dates(batch, "Gao", "army", name, **o),
        "grid": lambda: plots.control_grid(batch),
        "maps": lambda: plots.map_sequence(batch, scenario=name),
        "losses of both": lambda: plots.losses_grid(batch, name),
        "base": lambda: base_figure(shares, "Kidal"),
        "heatmap of the batch": lambda: heatmap_figure(shares, name),
        "reliability": lambda **o: plots.plot_reliability(score(batch), scenario=name, **o),
        "score by day": lambda **o: plots.plot_score_by_day(score(batch), scenario=name, **o),
    }


TAKES_AXES = ("control", "heatmap", "difference", "map", "losses", "forces", "falls")
TAKES_AXES += ("reliability", "score by day")


def figure_of(drawn: Any) -> Figure:
    return getattr(drawn, "figure", drawn)


def shown(artist: Any) -> list[Text]:
    """Texts with something in them."""
    return [text for text in artist.findobj(Text) if text.get_text()]


def as_png(figure: Figure) -> bytes:
    sink = BytesIO()
    figure.savefig(sink, format="png", metadata={"Software": None})
    return sink.getvalue()


@contextmanager
def foreign() -> Iterator[None]:
    """A user's style, that must be the same afterwards."""
    with style.context(FOREIGN):
        before = dict(rcParams)
        yield
        assert dict(rcParams) == before


@pytest.fixture(scope="module")
def drawings(batch):
    return kinds(batch, batch.scenarios[0])


KINDS = ["control", "heatmap", "difference", "map", "losses", "forces", "falls", "grid", "maps"]
CUT = ("grid", "base")
"""Kinds with panels in which a long name has no room."""
KINDS += ["losses of both", "base", "heatmap of the batch", "reliability", "score by day"]


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_users_are_shown_as_they_are(drawings, kind):
    with foreign():
        figure = figure_of(drawings[kind]())
    texts = shown(figure)
    assert not any(text.get_parse_math() or text.get_usetex() for text in texts)
    said = " ".join(" ".join(text.get_text().split()) for text in texts)
    assert (MARKUP[:9] if kind in CUT else MARKUP) in said
    for suffix in ("png", "svg", "pdf"):
        figure.savefig(BytesIO(), format=suffix)


@pytest.mark.parametrize("kind", KINDS)
def test_charts_are_the_same_in_any_style(drawings, kind):
    own = as_png(figure_of(drawings[kind]()))
    with foreign():
        figure = figure_of(drawings[kind]())
        assert as_png(figure) == own


@pytest.mark.parametrize("kind", TAKES_AXES)
def test_axes_of_a_user_show_the_same_texts(drawings, kind):
    with foreign():
        ax = Figure(figsize=(9, 5)).add_subplot()
        ax.set_title("$a$ user's own", loc="right")
        drawings[kind](ax=ax)
        ax.figure.savefig(BytesIO(), format="png")
    literal = [text for text in shown(ax) if not (text.get_parse_math() or text.get_usetex())]
    # Matplotlib makes some ticks with numbers only when the user's figure is drawn.
    assert not any(set("$\\_") & set(text.get_text()) for text in shown(ax) if text not in literal)
    assert {text.get_fontfamily()[0] for text in literal} == {"DejaVu Sans"}
    assert ax._left_title in literal
    assert np.mean(ax.get_facecolor()) > 0.9


def test_every_chart_is_in_the_own_style():
    for name in plots.__all__:
        if name != "draw_batch":  # which saves what others draw
            assert hasattr(getattr(plots, name), "__wrapped__"), name
    folder = Path(inspect.getfile(plots)).parent.parent
    sources = [path for path in folder.rglob("*.py") if path.name != "style.py"]
    assert [path.name for path in sources if "= Figure(" in path.read_text()] == []


def test_a_batch_of_such_names_has_its_charts(batch, tmp_path):
    with foreign():
        files = plots.draw_batch(batch, tmp_path)
    assert set(files) == set(chart_files(tmp_path, batch.scenarios))
    assert {round(Image.open(file).info["dpi"][0]) for file in files} == {130}


def test_a_chart_may_be_pickled(batch):
    import pickle

    figure = plots.forces(batch, scenario="$plain").figure
    again = pickle.loads(pickle.dumps(figure))
    assert isinstance(again, Chart)
    assert as_png(again) == as_png(figure)


# --- short windows -----------------------------------------------------------------------


@pytest.fixture(scope="module", params=[1, 2, 3])
def brief(tmp_path_factory, request):
    window = {"start": "2023-08-01", "end": f"2023-08-0{request.param}"}
    scenarios = [made(name, window=window) for name in ("one", "two")]
    out = tmp_path_factory.mktemp("brief") / "b"
    return ch.run(scenarios, runs=4, seed=5, out=out, model=Told)


DATED = ["control", "heatmap", "losses", "forces", "falls", "grid", "losses of both", "base"]
DRAWN = (AxesImage, FillBetweenPolyCollection, Line2D, StepPatch)


@pytest.mark.parametrize("kind", [*DATED, "heatmap of the batch"])
def test_a_short_window_shows_its_data(brief, kind):
    figure = figure_of(kinds(brief, "one")[kind]())
    figure.draw_without_rendering()
    assert figure.axes
    for ax in figure.axes:
        assert np.diff(ax.get_xlim()) == brief.control.sizes["date"]
        room = ax.get_window_extent()
        found = [
            artist
            for artist in ax.get_children()
            if isinstance(artist, DRAWN) and not isinstance(artist, Text)
        ]
        boxes = [box for box in (artist.get_window_extent() for artist in found) if box.width]
        wide = [box for box in boxes if box.x0 <= room.x0 + 1 and box.x1 >= room.x1 - 1]
        assert wide, "nothing is drawn from the first day to the last"
        assert all(room.y0 - 1 <= box.y0 <= box.y1 <= room.y1 + 1 for box in wide)
    assert "01 Aug" in [text.get_text() for text in shown(figure)]
