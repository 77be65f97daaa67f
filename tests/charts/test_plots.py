"""What the charts show: heights, colours, labels, dates."""

from __future__ import annotations

import cProfile
import pstats

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex, to_rgb
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

import camphandover as ch
from batches import FIRST_EXIT, Scripted, made, short
from camphandover.batch.cubes import HOLDERS
from camphandover.charts.control import (
    base_figure,
    holder_colours,
    likeliest,
    strength,
    told_apart,
)
from camphandover.charts.given import inside_window, median_exit
from camphandover.charts.planned import chart_files
from camphandover.charts.style import COLOURS, LABELS


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    out = tmp_path_factory.mktemp("batch") / "b"
    return ch.run([made("one"), short("brief")], runs=5, seed=5, out=out, model=Scripted)


def areas(ax) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of each drawn holder, heights and edges."""
    found = {}
    for patch in ax.findobj(StepPatch):
        top, edges, bottom = patch.get_data()
        found[patch.get_label()] = (top - bottom, edges)
        holder = next(name for name, label in LABELS.items() if label == patch.get_label())
        assert to_hex(patch.get_facecolor()).upper() == COLOURS[holder]
    return found


def legend_texts(ax) -> list[str]:
    legends = ax.findobj(lambda artist: type(artist).__name__ == "Legend")
    return [text.get_text() for legend in legends for text in legend.get_texts()]


def test_heights_are_the_shares(batch):
    ax = ch.plots.control_over_time(batch, "Kidal", scenario="one")
    drawn = areas(ax)
    assert set(drawn) == {"army", "separatists", "MINUSMA"}
    share = ch.control_shares(batch).share.sel(scenario="one", place="Kidal", slot="camp")
    np.testing.assert_allclose(drawn["army"][0], share.sel(holder="army"), atol=1e-12)
    np.testing.assert_allclose(drawn["MINUSMA"][0], share.sel(holder="minusma"), atol=1e-12)
    assert drawn["army"][0][[0, 10, 12, 152]] == pytest.approx([0, 0.2, 0.4, 0.6])
    np.testing.assert_allclose(sum(height for height, _ in drawn.values()), 1)


def test_dates_and_words(batch):
    ax = ch.plots.control_over_time(batch, "Kidal", scenario="one")
    days = date2num(np.array(["2023-08-01", "2024-01-01"], "M8[D]"))
    assert ax.get_xlim() == pytest.approx(tuple(days))
    assert areas(ax)["army"][1][[0, -1]] == pytest.approx(days)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["Aug", "Sep", "Oct", "Nov", "Dec"]
    assert ax.get_xlabel() == "2023"
    assert ax.get_title(loc="left") == "one: who holds the camp of Kidal?"
    assert ax.get_ylabel() == "share of runs"
    assert "5 runs, seed 5" in [text.get_text() for text in ax.texts]
    words = ["separatists", "MINUSMA", "army", "UN gone in half of the runs"]
    assert legend_texts(ax) == words


def test_only_the_window_is_drawn(batch):
    ax = ch.plots.control_over_time(batch, "Kidal", scenario="brief")
    ends = date2num(np.array(["2023-08-11", "2023-10-01"], "M8[D]"))
    assert ax.get_xlim() == pytest.approx(tuple(ends))


def test_median_exit_is_marked(batch):
    # Exits on days 10 to 14: by day 12 the UN is gone in 3 of 5 runs.
    ax = ch.plots.control_over_time(batch, "Kidal", scenario="one")
    at = date2num(np.datetime64("2023-08-01")) + FIRST_EXIT + 2
    assert {line.get_xdata()[0] for line in ax.lines} == {at}
    shares = ch.control_shares(batch).sel(scenario="one", place="Gao", slot="camp")
    assert median_exit(shares) is None
    assert not ch.plots.control_over_time(batch, "Gao", scenario="one").lines


def test_data_may_be_a_batch_its_control_or_its_shares(batch):
    heights = [
        areas(ch.plots.control_over_time(data, "Kidal", scenario="one"))["army"][0]
        for data in (batch, batch.control, ch.control_shares(batch))
    ]
    np.testing.assert_array_equal(heights[0], heights[1])
    np.testing.assert_array_equal(heights[0], heights[2])


def test_given_axes_are_used(batch):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert ch.plots.control_over_time(batch, "Kidal", scenario="one", ax=left) is left
    assert ch.plots.control_heatmap(batch, "one", ax=right) is right
    assert figure.axes == [left, right]


def test_unknown_names_are_said(batch):
    with pytest.raises(ValueError, match="one, brief"):
        ch.plots.control_over_time(batch, "Kidal")
    with pytest.raises(ValueError, match="'Paris' is not in the data; there is Kidal"):
        ch.plots.control_over_time(batch, "Paris", scenario="one")
    with pytest.raises(ValueError, match="camp, town"):
        ch.plots.control_heatmap(batch, "one", slot="tower")
    with pytest.raises(ValueError, match="two"):
        ch.plots.control_heatmap(batch, "two")
    with pytest.raises(TypeError, match="str"):
        ch.plots.control_heatmap("runs/library", "one")
    with pytest.raises(ValueError, match="control_shares"):
        ch.plots.control_heatmap(batch.series, "one")


def test_heatmap_colours(batch):
    ax = ch.plots.control_heatmap(batch, "one")
    rows = [label.get_text() for label in ax.get_yticklabels()]
    (image,) = ax.images
    pixels = image.get_array()
    assert pixels.shape == (len(rows), 153, 3)
    kidal = pixels[rows.index("Kidal")]
    np.testing.assert_allclose(kidal[0], to_rgb(COLOURS["minusma"]))
    weak = strength(np.array([0.6]))[0]
    expected = np.array(to_rgb(COLOURS["army"])) * weak + 1 - weak
    np.testing.assert_allclose(kidal[-1], expected)
    np.testing.assert_allclose(pixels[rows.index("Gao"), 7], to_rgb(COLOURS["army"]))
    assert image.get_extent()[0] == date2num(np.datetime64("2023-08-01"))
    assert {"army", "MINUSMA", "95 % or more", "under 50 %"} <= set(legend_texts(ax))
    assert "separatists" not in legend_texts(ax)


def test_heatmap_runs_from_north_to_south_within_regions(batch):
    ax = ch.plots.control_heatmap(batch, "one")
    rows = [label.get_text() for label in ax.get_yticklabels()]
    coords = batch.control.coords
    assert sorted(rows) == sorted(str(name) for name in coords["place"].values)
    lat, region = coords["lat"].sel(place=rows).values, coords["region"].sel(place=rows).values
    blocks = [name for i, name in enumerate(region) if i == 0 or name != region[i - 1]]
    assert len(blocks) == len(set(region))
    assert all(np.diff(lat[region == name]).max(initial=-1) <= 0 for name in blocks)
    assert blocks[0] == "Kidal"
    assert blocks[-1] == "Bamako"


def test_likeliest_and_strength():
    share = [[[0.2, 0.5, 0.3, 0, 0], [np.nan] * 5]]
    shares = xr.Dataset({"share": (("place", "date", "holder"), share)})
    best, its_share = likeliest(shares)
    assert best.tolist() == [[1, -1]]
    assert its_share[0, 0] == 0.5
    assert np.isnan(its_share[0, 1])
    assert np.diff(strength(np.array([0.3, 0.5, 0.75, 0.95]))).min() > 0


def test_small_multiples_share_dates(batch):
    figure = base_figure(ch.control_shares(batch), "Kidal")
    panels = figure.axes
    assert [ax.get_title(loc="left") for ax in panels] == ["one", "brief"]
    assert panels[0].get_xlim() == panels[1].get_xlim()
    first = date2num(np.datetime64("2023-08-01"))
    assert panels[1].get_xlim() == (first, first + 153)
    for ax in panels:
        assert [t.get_text() for t in ax.get_xticklabels()] == ["Aug", "Sep", "Oct", "Nov", "Dec"]
    assert areas(panels[1])["army"][1][0] == first + 10
    texts = [text.get_text() for text in figure.texts]
    assert "Who holds the camp of Kidal?" in texts
    assert "5 runs of each scenario, seed 5" in texts


def invented(names: list[str]) -> xr.Dataset:
    """Shares of 60 days: until the 30th the UN has Kidal in most runs, later in a fifth of them.

    Each scenario is half a percentage point more the army's than the one before.
    """
    dims = ("scenario", "place", "slot", "date", "holder")
    share = np.full((len(names), 1, 1, 60, 6), 1 / 6)
    share[:, :, :, :30] = [0.08, 0.08, 0.08, 0.6, 0.08, 0.08]
    more = 0.005 * np.arange(len(names))[:, None, None, None]
    share[..., 0] += more
    share[..., 1] -= more
    coords = {
        "scenario": names,
        "place": ["Kidal"],
        "slot": ["camp"],
        "date": np.datetime64("2023-08-01", "ns") + np.arange(60) * np.timedelta64(1, "D"),
        "holder": list(HOLDERS),
    }
    runs = np.full(share.shape[:-1], 100)
    return xr.Dataset({"share": (dims, share), "n": (dims[:-1], runs)}, coords)


def assert_nothing_sticks_out(figure: Figure) -> None:
    figure.canvas.draw()
    box = figure.get_tightbbox()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= figure.get_figwidth()
    assert box.y1 <= figure.get_figheight()


@pytest.mark.parametrize("n_scenarios", [1, 2, 4])
def test_nothing_sticks_out_of_a_figure(n_scenarios):
    figure = base_figure(invented([f"scenario-{i}" for i in range(n_scenarios)]), "Kidal")
    assert len(legend_texts(figure)) == 7
    assert_nothing_sticks_out(figure)


# --- many scenarios ----------------------------------------------------------------------


def calls(n_scenarios: int) -> int:
    """Calls of functions that it takes to draw the chart of a base."""
    shares = invented([f"scenario-{i}" for i in range(n_scenarios)])
    profile = cProfile.Profile()
    profile.runcall(lambda: base_figure(shares, "Kidal").draw_without_rendering())
    return pstats.Stats(profile).total_calls


def test_the_work_grows_no_faster_than_the_scenarios():
    calls(3)
    few, some, most = (calls(n) for n in (6, 12, 24))
    assert most - some < 1.1 * 2 * (some - few)
    many, twice = calls(100), calls(200)
    assert twice < 1.2 * many < most


@pytest.mark.parametrize("n_scenarios", [25, 200])
def test_many_scenarios_are_rows(n_scenarios):
    names = [f"sweep[Kidal.shift={i - 10}]" for i in range(n_scenarios)]
    shares = invented(names)
    for figure in (base_figure(shares, "Kidal"), ch.plots.control_grid(shares)):
        (ax,) = figure.axes
        (image,) = ax.images
        assert image.get_array().shape == (n_scenarios, 60, 3)
        np.testing.assert_allclose(
            image.get_array(),
            holder_colours(shares.isel(place=0, slot=0, drop=True).rename(scenario="place")),
        )
        (exits,) = ax.collections
        first = date2num(np.datetime64("2023-08-01"))
        assert {line[0][0] for line in exits.get_segments()} == {first + 30}
        assert len(exits.get_segments()) == n_scenarios
        every = 1 if n_scenarios == 25 else 5
        assert list(ax.get_yticks()) == list(range(0, n_scenarios, every))
        labels = [text.get_text() for text in ax.get_yticklabels()]
        assert labels == [str(row - 10) for row in range(0, n_scenarios, every)]
        said = [text.get_text() for text in figure.texts]
        assert "rows: sweep[Kidal.shift=…]" in said
        assert "100 runs of each scenario" in said
        assert_nothing_sticks_out(figure)


def test_what_tells_names_apart():
    assert told_apart(["s[a=1,b=2]", "s[a=1,b=30]"]) == ("s[a=1,b=…]", ["2", "30"])
    assert told_apart(["s[a=1,b=2]", "s[a=10,b=2]"]) == ("s[a=…]", ["1,b=2", "10,b=2"])
    assert told_apart(["early", "earlier"]) == ("scenarios", ["early", "earlier"])
    assert told_apart(["s[a=1]", "s[a=1],late"]) == ("s[a=…", ["1]", "1],late"])


def test_rows_of_long_names_fit():
    names = [f"{'x' * 120} $ {i}" for i in range(30)]
    figure = base_figure(invented(names), "Kidal")
    assert figure.axes[0].get_yticklabels()[7].get_text().endswith("$ 7")
    assert_nothing_sticks_out(figure)


def test_many_scenarios_have_no_heat_map_each(tmp_path):
    few, many = (chart_files(tmp_path, [f"s{i}" for i in range(n)]) for n in (24, 25))
    assert len(few) == 6 + 24
    assert {chart.leaves for chart, _ in many.values()} == {"control-{base}"}


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (1, ["01 Aug"]),
        (3, ["01 Aug", "02 Aug", "03 Aug"]),
        (10, ["01 Aug", "03 Aug", "05 Aug", "07 Aug", "09 Aug"]),
        (14, ["07 Aug", "14 Aug"]),
        (100, ["Aug", "Sep", "Oct", "Nov"]),
        (170, ["Aug\n2023", "Sep\n2023", "Oct\n2023", "Nov\n2023", "Dec\n2023", "Jan\n2024"]),
        (400, ["Oct\n2023", "Jan\n2024", "Apr\n2024", "Jul\n2024"]),
    ],
)
def test_ticks(days, labels):
    from camphandover.charts.axis import dates

    ax = Figure().add_subplot()
    dates(ax, np.datetime64("2023-08-01", "ns") + np.arange(days) * np.timedelta64(1, "D"))
    assert [label.get_text() for label in ax.get_xticklabels()] == labels


def test_files_of_a_batch(batch, tmp_path):
    files = ch.plots.draw_batch(batch, tmp_path)
    names = {path.name for path in files}
    assert {"control-kidal.png", "control-timbuktu.png", "heatmap-one.png"} <= names
    assert names == {path.name for path in tmp_path.iterdir()}
    assert len(names) == 6 + 2
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in files)
    (tmp_path / "heatmap-one.png").unlink()
    again = ch.plots.draw_batch(batch, tmp_path, missing_only=True)
    assert [path.name for path in again] == ["heatmap-one.png"]


def test_windows_without_runs_are_empty(batch):
    shares = ch.control_shares(batch.control.sel(scenario="brief", date=["2023-08-02"]))
    assert inside_window(shares).sizes["date"] == 0
    ax = ch.plots.control_over_time(shares, "Kidal")
    assert next(text.get_text() for text in ax.texts) == "no runs"
