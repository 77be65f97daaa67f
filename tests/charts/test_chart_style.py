"""Users' texts are shown as they are; charts do not depend on a user's style."""

from __future__ import annotations

import inspect
import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from html.parser import HTMLParser
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
from test_charts import Told
from typer.testing import CliRunner

import camphandover as ch
from batches import made
from camphandover import charts as plots
from camphandover.charts.control import base_figure, heatmap_figure
from camphandover.charts.planned import chart_files
from camphandover.charts.style import Chart
from camphandover.cli.main import app
from camphandover.judge.score.score import score
from camphandover.say.document import table
from camphandover.say.report import page
from camphandover.say.validation.page import in_lines
from camphandover.say.writers import code, literal, markdown

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
    for file in files:
        with Image.open(file) as image:
            assert round(image.info["dpi"][0]) == 130


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


# --- other places where users' texts stand -----------------------------------------------


class Words(HTMLParser):
    """The words of a page, and the tags between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self.tags = "", set()
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags |= {tag, *(f"{name}={value}" for name, value in attrs if name == "class")}


def test_html_shows_texts_as_they_are(batch):
    comparison = ch.compare(batch, MARKUP, "$plain")
    for shown_in_notebook in (batch, batch.scenario(MARKUP), comparison):
        found = Words(shown_in_notebook._repr_html_())
        assert MARKUP in found.words
        assert "class=tex2jax_ignore mathjax_ignore" in found.tags
        assert "red" not in found.tags
    raw = page(batch)
    found = Words(raw)
    assert found.words.count(MARKUP) > 8
    assert "<b>&amp;" not in raw
    assert 'alt="_$5 or $10 &lt;b&gt;' in raw


def test_markdown_shows_texts_as_they_are():
    render = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table").render
    for text in (MARKUP, "_a_b_ c|d", "``x`` [y](z)", "a_b # 1"):
        assert unescape(render(literal(text))) == f"<p>{text}</p>\n"
        assert unescape(render(code(text))) == f"<p><code>{text}</code></p>\n"
        cells = Words(
            render(markdown([table("", ["x", literal(text)], [["p|q", "2"]])]))
        ).words.split("\n")
        assert {text, "p|q"} <= set(cells)


def test_commands_of_the_page_are_whole():
    names = ["it's $5 or 10", *(f"name-{i}" for i in range(30))]
    lines = in_lines(shlex.join(["run", *names]))
    assert len(lines.splitlines()) > 2
    told = shlex.split(lines.replace("\\\n", ""))
    assert told == ["uv", "run", "camphandover", "run", *names]


def test_terminals_show_texts_as_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("camphandover.batch.batch.northern_mali", Told)
    name = MARKUP.replace("/", "!")
    file = tmp_path / f"{name}.yaml"
    file.write_text(json.dumps({"title": MARKUP, "question": MARKUP}))
    other = tmp_path / "plain.yaml"
    other.write_text(json.dumps({"title": "-", "question": "-"}))
    result = CliRunner().invoke(app, ["explain", str(file)])
    assert result.stdout.count(MARKUP) >= 2
    arguments = [str(file), str(other), "--runs", "3", "--out", "[red]x"]
    result = CliRunner().invoke(app, ["run", *arguments])
    assert result.exit_code == 0, result.output
    assert "3 runs into [red]x" in result.stderr
    assert name[-10:] in result.stdout
    result = CliRunner().invoke(app, ["compare", "[red]x", name, "plain"])
    assert f"A = {name}, B = plain" in " ".join(result.stdout.split())
    missing = CliRunner().invoke(app, ["run", "[red]none[!red].yaml"])
    assert "[red]none[!red].yaml" in missing.stderr


def test_names_that_cannot_be_shown_are_refused(tmp_path):
    file = tmp_path / "a\x1b[31mred.yaml"
    file.write_text("title: t\nquestion: q\n")
    result = CliRunner().invoke(app, ["run", str(file)])
    assert result.exit_code == 2
    assert "the name holds unprintable characters" in result.stderr
    assert "\x1b" not in result.stderr
    for name in ("a\nb", "a\u202eb"):
        with pytest.raises(ch.ScenarioError, match="unprintable"):
            made(name)
