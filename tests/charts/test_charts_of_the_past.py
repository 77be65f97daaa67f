"""Charts of runs that go on from what was known: the past by the record, the day, the fan after."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.dates import date2num
from matplotlib.patches import StepPatch

import camphandover as ch
from batches import UNTIL, going_on
from camphandover.charts.control import WEAKEST
from camphandover.charts.keydates import key_dates
from camphandover.charts.style import COLOURS, LABELS
from worlds import compiled_only

pytestmark = compiled_only

AFTER = date2num(UNTIL) + 1.0
PAST = slice("2023-08-01", str(UNTIL))


@pytest.fixture(scope="module")
def batch(tmp_path_factory) -> ch.Batch:
    return going_on(tmp_path_factory.mktemp("known") / "b")


def lines(ax: Axes) -> set[float]:
    """Where the days are marked until which all is known."""
    return {float(line.get_xdata()[0]) for line in ax.lines if line.get_gid() == "known"}


def texts(drawn: Axes) -> str:
    found = drawn.figure.findobj(match=lambda artist: hasattr(artist, "get_text"))
    return "\n".join(one.get_text() for one in found)


def height(ax: Axes, holder: str) -> np.ndarray:
    """Share of a holder by day in a stack."""
    patches = [one for one in ax.findobj(StepPatch) if one.get_label() == LABELS[holder]]
    if not patches:
        return np.zeros(61)
    ((top, _, bottom),) = [one.get_data() for one in patches]
    return top - bottom


def test_the_past_is_drawn_by_the_record_and_what_differs_is_hatched(batch):
    ax = ch.plots.control_over_time(batch, "Ber", scenario="base")
    share = ch.control_shares(batch.control).sel(scenario="base", place="Ber", slot="camp")["share"]
    army = share.sel(holder="army").to_numpy()
    until = (UNTIL - date(2023, 8, 1)).days + 1
    left = (date(2023, 8, 13) - date(2023, 8, 1)).days
    by_record = np.arange(until) >= left
    assert np.array_equal(height(ax, "army")[:until], by_record)
    assert np.array_equal(height(ax, "minusma")[:until], ~by_record)
    assert np.allclose(height(ax, "army")[until:], army[until:])
    (hatched,) = [one for one in ax.findobj(StepPatch) if one.get_gid() == "differ"]
    assert np.allclose(hatched.get_data()[0][left:until], 1 - army[left:until])
    assert not hatched.get_data()[0][until:].any()
    assert hatched.get_data()[0].any()
    assert lines(ax) == {AFTER}
    assert "known until 5 September 2023" in texts(ax)
    assert "runs that differ from the record" in texts(ax)


def test_drawing_leaves_the_shares_as_they_are(batch):
    shares = ch.control_shares(batch)
    before = shares.copy(deep=True)
    ch.plots.control_over_time(shares, "Foita", scenario="base")
    assert shares.identical(before)


def test_nothing_is_hatched_where_all_runs_are_as_the_record(batch):
    ax = ch.plots.control_over_time(batch, "Gao", scenario="base")
    assert not [one for one in ax.findobj(StepPatch) if one.get_gid() == "differ"]
    assert "differ from the record" not in texts(ax)


def test_each_panel_has_the_day_of_its_scenario(batch):
    figure = ch.plots.control_grid(batch, places=["Ber"])
    marked = {ax.get_gid(): lines(ax) for ax in figure.axes}
    sooner = date2num(date(2023, 8, 26))
    assert marked == {"base/Ber": {AFTER}, "joint/Ber": {AFTER}, "sooner/Ber": {sooner},
                      "free/Ber": set()}  # fmt: skip
    assert "known until the day marked" in texts(figure.axes[0])
    figure.draw_without_rendering()
    low = min(text.get_window_extent().y0 for text in figure.findobj(match=is_key))
    assert low > 0


def is_key(artist: object) -> bool:
    return hasattr(artist, "get_text") and "known until" in artist.get_text()


def test_of_the_past_a_heat_map_has_the_record_the_paler_the_more_runs_differ(batch):
    ax = ch.plots.control_heatmap(batch, "base")
    rows = [label.get_text() for label in ax.get_yticklabels()]
    colours = np.asarray(ax.images[0].get_array())[rows.index("Foita")]
    nobody = WEAKEST[0] * np.array(to_rgb(COLOURS["nobody"])) + 1 - WEAKEST[0]
    until = (UNTIL - date(2023, 8, 1)).days
    assert np.allclose(colours[4 : until + 1], nobody)
    assert np.allclose(colours[until + 1], to_rgb(COLOURS["separatists"]))
    assert lines(ax) == {AFTER}


def test_a_map_says_of_the_past_that_it_is_the_record(batch):
    share = ch.control_shares(batch).sel(scenario="base", slot="camp", place="Ber", holder="army")
    held = share["share"].sel(date=slice("2023-08-13", str(UNTIL)))
    day = held["date"].to_numpy()[held.to_numpy().argmin()].astype("M8[D]")
    past = ch.plots.control_map(batch, day, scenario="base")
    assert past.get_title("left").startswith("base: who held each camp on")
    assert past.get_title("left").endswith(" 2023, by the record?")
    assert "Ber 95 %" in texts(past)  # of runs in which it is so
    assert "holder by the record:" in texts(past)
    after = ch.plots.control_map(batch, "2023-09-06", scenario="base")
    assert "most probably" in after.get_title("left")
    free = ch.plots.control_map(batch, UNTIL, scenario="free")
    assert "most probably" in free.get_title("left")
    maps = ch.plots.map_sequence(batch, ["2023-09-05", "2023-09-06"], scenario="base")
    titles = [ax.get_title("left") for ax in maps.axes]
    assert titles == ["5 September 2023, by the record", "6 September 2023"]


@pytest.mark.parametrize("name", ["losses", "forces", "fall_dates"])
def test_other_charts_with_dates_have_the_line(batch, name):
    options = {"place": "Ber"} if name == "fall_dates" else {}
    chart = getattr(ch.plots, name)
    assert lines(chart(batch, scenario="joint", **options)) == {AFTER}
    assert not lines(chart(batch, scenario="free", **options))


def test_rows_of_many_scenarios_each_have_their_day(batch):
    from camphandover.charts.control import _points

    figure = _points(ch.control_shares(batch).sel(slot="camp"), ["Ber"], "Who?")
    (marks,) = [one for one in figure.axes[0].collections if one.get_gid() == "known"]
    at = [(segment[0][0], segment[:, 1].mean()) for segment in marks.get_segments()]
    assert at == [(AFTER, 0.0), (AFTER, 1.0), (date2num(date(2023, 8, 26)), 2.0)]


def test_what_is_known_of_the_calendar_goes_on_to_the_day(batch):
    later = ch.load_scenario({"title": "a", "question": "b", "known": {"until": "2023-10-20"}})
    told = {(one.day, one.what) for one in key_dates(later, "Kidal")}
    assert (date(2023, 10, 2), "offensive") in told
    assert not any(one.what == "offensive" for one in key_dates(batch.scenario("free"), "Kidal"))


def test_the_report_tells_the_past_and_what_no_run_met(batch):
    from camphandover.say.report import page

    text = page(batch)
    assert "base and joint go on from what was known on 2023-09-05: 24 particles" in text
    assert "sooner goes on from what was known on 2023-08-25" in text
    assert "Foita camp: nobody since 2023-08-05 (low)" in text
    assert "Up to the full line all is as the record has it" in text
    assert "Days are those after 05 September 2023" in text
