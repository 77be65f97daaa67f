"""The command `plot`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from camphandover.cli.options import Folder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from camphandover.batch.batch import Batch

Names = list[str] | None
MAPS = ("map", "maps", "animation")
SERIES = ("losses", "forces", "morale")
KINDS: tuple[str, ...] = ("control", "heatmap", "grid", "difference", *MAPS, *SERIES, "falls")
NEEDED = {
    "scenario": tuple(kind for kind in KINDS if kind not in ("control", "grid")),
    "place": ("control", "falls"),
    "date": ("map",),
    "against": ("difference",),
}
"""By option, the kinds that need it once; a scenario need not be named if there is only one."""
USED = {
    "scenario": KINDS,
    "place": ("control", "falls", "grid", "difference"),
    "date": ("map", "maps"),
    "against": ("difference",),
    "slot": tuple(kind for kind in KINDS if kind not in SERIES),
    "outcome": ("difference",),
}
"""By option, the kinds that make something of it."""
MANY = {"scenario": ("grid",), "place": ("grid", "difference"), "date": ("maps",)}
"""By option, the kinds for which it may be given again."""
IMAGES = (".png", ".pdf", ".svg")
FILMS = (".gif", ".mp4")
DPI = 130


@dataclass(frozen=True)
class Asked:
    """What a chart is asked to show; None or empty where nothing is said."""

    scenario: Sequence[str]
    place: Sequence[str]
    date: Sequence[str]
    against: str | None
    slot: str | None
    outcome: str | None


def plot(
    folder: Folder,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="A single chart, one of those above."),
    ] = None,
    scenario: Annotated[
        Names, typer.Option(help="Scenario of the batch; for grid it may be given again.")
    ] = None,
    place: Annotated[
        Names, typer.Option(help="Base; for grid and difference it may be given again.")
    ] = None,
    date: Annotated[
        Names, typer.Option(metavar="YYYY-MM-DD", help="Date; for maps it may be given again.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="SCENARIO", help="For difference, the scenario that is subtracted."),
    ] = None,
    slot: Annotated[str | None, typer.Option(help="camp or town. [default: camp]")] = None,
    outcome: Annotated[
        str | None,
        typer.Option(
            help="For difference: days_held, holds, days_to_fall, fell, dead, displaced. "
            "[default: days_held]"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the charts, or with --kind a file. [default: DIR/charts]"),
    ] = None,
) -> None:
    """Draw the charts of a batch again, or with --kind a single one.

    A single chart is drawn into one file, whose name is printed:

    \b
    control     who holds a base over time; a panel for each scenario if none is named
    heatmap     who most probably holds each base, by date
    grid        who holds each base over time, scenarios by bases
    difference  a scenario against another one, run by run, with intervals
    map, maps   who most probably holds each base at a date, at several dates
    animation   the map from week to week: a GIF, or with ffmpeg an MP4
    losses      the dead, as they are and as each side tells
    forces      men of each side over time
    morale      morale of each side over time
    falls       when a base falls, and to whom
    """
    from camphandover.batch.batch import open_batch

    asked = Asked(scenario or [], place or [], date or [], against, slot, outcome)
    if kind is None:
        _check_nothing_asked(asked)
        _draw_all(open_batch(folder), out)
        return
    _check_options(kind, asked)
    batch = open_batch(folder)
    _check_names(batch, kind, asked)
    path = _file(batch, kind, asked, out)
    if kind == "animation":
        _animate(batch, asked, path)
    else:
        from camphandover.charts.files import save

        save(DRAWN[kind](batch, asked), path, DPI)
    typer.echo(str(path))


# --- what is asked for -------------------------------------------------------------------


def _fault(text: str) -> Exception:
    from camphandover.errors import BatchError

    return BatchError(text)


def _given(asked: Asked) -> list[str]:
    """Options that say something."""
    return [field.name for field in fields(asked) if getattr(asked, field.name)]


def _check_nothing_asked(asked: Asked) -> None:
    given = _given(asked)
    if given:
        raise _fault(f"--{given[0]} needs --kind, one of {', '.join(KINDS)}.")


def _check_options(kind: str, asked: Asked) -> None:
    """Refuse an unknown kind, and options that it does not use, or not so often."""
    from camphandover.batch.names import check_known

    check_known("kind", kind, KINDS)
    for option in _given(asked):
        if kind not in USED[option]:
            raise _fault(
                f"--{option} says nothing to --kind {kind}: it is for {', '.join(USED[option])}."
            )
        value = getattr(asked, option)
        if not isinstance(value, str) and len(value) > 1 and kind not in MANY[option]:
            raise _fault(f"--{option} stands {len(value)} times: --kind {kind} takes one.")


def _check_names(batch: Batch, kind: str, asked: Asked) -> None:
    """Hold what is asked to what the batch has, and find what is missing."""
    from camphandover.batch.cubes import SLOTS
    from camphandover.batch.names import check_known
    from camphandover.measure.outcomes import by_label

    for name in [*asked.scenario, *([asked.against] if asked.against else [])]:
        check_known("scenario", name, batch.scenarios)
    places = [str(place) for place in batch.control["place"].to_numpy()]
    for name in asked.place:
        check_known("place", name, places)
    check_known("slot", asked.slot or "camp", SLOTS)
    check_known("outcome", asked.outcome or "days_held", tuple(by_label()))
    for option, kinds in NEEDED.items():
        is_clear = option == "scenario" and len(batch.scenarios) == 1
        if kind in kinds and not getattr(asked, option) and not is_clear:
            raise _fault(f"--kind {kind} needs --{option}, {_right(batch, option, asked)}.")
    for day in asked.date:
        _check_date(batch, _scenario(batch, asked), day)


def _right(batch: Batch, option: str, asked: Asked) -> str:
    """What would be right for an option that is missing."""
    from camphandover.charts.planned import KEY_BASES
    from camphandover.measure.outcomes import scenario_window

    if option == "place":
        return f"such as {', '.join(KEY_BASES)}"
    if option == "date":
        return f"of {scenario_window(batch, _scenario(batch, asked))}"
    return f"one of {', '.join(batch.scenarios)}"


def _check_date(batch: Batch, scenario: str, day: str) -> None:
    """Hold a date to the window of a scenario."""
    from camphandover import inputs
    from camphandover.measure.outcomes import scenario_window

    inputs.day("--date", day, *scenario_window(batch, scenario))


def _scenario(batch: Batch, asked: Asked) -> str:
    """The scenario named, or the only one."""
    return asked.scenario[0] if asked.scenario else batch.scenarios[0]


def _file(batch: Batch, kind: str, asked: Asked, out: Path | None) -> Path:
    """Where the chart lands: the file given, or one with a telling name in a folder."""
    from camphandover.batch.plan import file_name

    suffixes = FILMS if kind == "animation" else IMAGES
    if out is not None and out.suffix and not out.is_dir():
        if out.suffix.lower() not in suffixes:
            raise _fault(f"--out {out}: a folder, or a file {', '.join(suffixes)}, is needed.")
        return out
    one = _one_scenario(batch, kind, asked)
    place = asked.place[0].lower() if len(asked.place) == 1 else None
    day = asked.date[0] if kind == "map" else None
    names = [name for name in (one, asked.against) if name]
    words = [word for word in (place, day, asked.slot, asked.outcome) if word]
    told = file_name(*names, *words) if names or words else ""
    join = "+" if kind == "grid" and not names else "-"  # a base is not taken for a scenario
    folder = batch.folder / "charts" if out is None else out
    return folder / f"{kind}{join * bool(told)}{told}{suffixes[0]}"


def _one_scenario(batch: Batch, kind: str, asked: Asked) -> str | None:
    """The scenario of a chart that is of one."""
    if kind == "grid" or (kind == "control" and not asked.scenario):
        return asked.scenario[0] if len(asked.scenario) == 1 else None
    return _scenario(batch, asked)


def _draw_all(batch: Batch, out: Path | None) -> None:
    """The charts that a batch leaves in its folder."""
    from camphandover.charts import draw_batch

    n_drawn = len(draw_batch(batch, out))
    charts = out or batch.folder / "charts"
    typer.echo(f"Charts: {charts} ({n_drawn} drawn). Data: {batch.folder}", err=True)


# --- the charts --------------------------------------------------------------------------


def _control(batch: Batch, asked: Asked) -> Axes | Figure:
    from camphandover import charts as plots

    slot, place = asked.slot or "camp", asked.place[0]
    if asked.scenario or len(batch.scenarios) == 1:
        return plots.control_over_time(batch, place, slot, _scenario(batch, asked))
    from camphandover.charts.figures import base_figure
    from camphandover.measure.shares import control_shares

    return base_figure(control_shares(batch.control.sel(place=[place], slot=[slot])), place, slot)


def _heatmap(batch: Batch, asked: Asked) -> Axes:
    from camphandover import charts as plots

    return plots.control_heatmap(batch, _scenario(batch, asked), asked.slot or "camp")


def _grid(batch: Batch, asked: Asked) -> Figure:
    from camphandover import charts as plots

    places, scenarios = asked.place or None, asked.scenario or None
    return plots.control_grid(batch, places, scenarios, asked.slot or "camp")


def _difference(batch: Batch, asked: Asked) -> Axes:
    from camphandover import charts as plots
    from camphandover.judge.compare import compare

    assert asked.against is not None
    a, slot = _scenario(batch, asked), asked.slot or "camp"
    comparison = compare(batch, a, asked.against, places=asked.place or None, slot=slot)
    return plots.difference(comparison, outcome=asked.outcome or "days_held")


def _map(batch: Batch, asked: Asked) -> Axes:
    from camphandover import charts as plots

    scenario = _scenario(batch, asked)
    day = Date.fromisoformat(asked.date[0])
    return plots.control_map(batch, day, scenario, asked.slot or "camp")


def _maps(batch: Batch, asked: Asked) -> Figure:
    from camphandover import charts as plots

    scenario = _scenario(batch, asked)
    dates = [Date.fromisoformat(day) for day in asked.date]
    return plots.map_sequence(batch, dates or None, scenario, asked.slot or "camp")


def _losses(batch: Batch, asked: Asked) -> Figure:
    from camphandover import charts as plots

    return plots.losses_grid(batch, _scenario(batch, asked))


def _forces(batch: Batch, asked: Asked) -> Axes:
    from camphandover import charts as plots

    return plots.forces(batch, "men", _scenario(batch, asked))


def _morale(batch: Batch, asked: Asked) -> Axes:
    from camphandover import charts as plots

    return plots.forces(batch, "morale", _scenario(batch, asked))


def _falls(batch: Batch, asked: Asked) -> Axes:
    from camphandover import charts as plots

    place, scenario = asked.place[0], _scenario(batch, asked)
    return plots.fall_dates(batch, place, scenario=scenario, slot=asked.slot or "camp")


DRAWN: dict[str, Callable[[Batch, Asked], Any]] = {
    "control": _control,
    "heatmap": _heatmap,
    "grid": _grid,
    "difference": _difference,
    "map": _map,
    "maps": _maps,
    "losses": _losses,
    "forces": _forces,
    "morale": _morale,
    "falls": _falls,
}
"""What draws each kind of chart; an animation is written, not drawn."""


def _animate(batch: Batch, asked: Asked, path: Path) -> None:
    from camphandover import charts as plots

    plots.animate_map(batch, path, _scenario(batch, asked), slot=asked.slot or "camp")
