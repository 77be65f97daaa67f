"""The command `discover`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camphandover.cli.batch import (
    MAX_SEED,
    Json,
    Workers,
    check_writable,
    progress_of,
    tell_nothing,
    tell_user,
    to_json,
    write_all,
)

if TYPE_CHECKING:
    from camphandover.judge.study.discover.discover import Discovery


def discover(
    scenario: Annotated[
        str, typer.Argument(help="A scenario file, or a name of the library, that is varied.")
    ],
    place: Annotated[str, typer.Option(help="The base that is asked about.")],
    lost_to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOLDER",
            help="Holder to whom it is lost; may be repeated. [default: all but --unless and the "
            "UN]",
        ),
    ] = None,
    unless: Annotated[
        str, typer.Option(metavar="HOLDER", help="The holder who keeps it.")
    ] = "army",
    slot: Annotated[str, typer.Option(help="camp or town.")] = "camp",
    date: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="Date at whose end it is asked. [default: last]"),
    ] = None,
    after: Annotated[
        int | None,
        typer.Option(metavar="DAYS", help="Ask so many days after the exit instead of at a date."),
    ] = None,
    camp: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLACE",
            help="UN camp whose handover is a lever; may be repeated. [default: those that close "
            "after phase 1 in the region of the place]",
        ),
    ] = None,
    shift: Annotated[
        tuple[int, int],
        typer.Option(metavar="LOW HIGH", help="Range of days added to the plan of each camp."),
    ] = (-30, 60),
    receiver: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHO",
            help="Who may get a camp: army, race, separatists, joint, empty; may be repeated. "
            "[default: all]",
        ),
    ] = None,
    notice: Annotated[
        tuple[int, int], typer.Option(metavar="LOW HIGH", help="Range of days of notice.")
    ] = (0, 60),
    evidence: Annotated[
        str, typer.Option(metavar="SET", help="Set of parameters: hindcast or prior.")
    ] = "hindcast",
    points: Annotated[
        int, typer.Option(metavar="N", help="Points: settings of levers and parameters.")
    ] = 1000,
    runs: Annotated[int, typer.Option(metavar="N", help="Runs of each point.")] = 4,
    retest: Annotated[
        int,
        typer.Option(metavar="N", help="Fresh points inside each box, and as many outside all."),
    ] = 150,
    boxes: Annotated[int, typer.Option(metavar="N", help="Boxes at most.")] = 2,
    density: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Share of losses that a box must reach. [default: the box that tells losses best]",
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(help="prim, or tree for the leaves of a small decision tree.")
    ] = "prim",
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Seed; the re-test has the next one.")
    ] = 2023,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder. [default: runs/discover-<scenario>-<place>]"),
    ] = None,
    workers: Workers = None,
    json: Json = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the findings only.")] = False,
) -> None:
    """Search when, in what order and to whom camps may be handed over before a base is lost.

    Levers and all uncertain parameters are drawn together; readable conditions under which the
    base is lost are re-tested on fresh points and seeds. The same command again computes nothing.
    """
    from camphandover.judge.study.discover.discover import discover as search

    check_writable(json, "--json")
    with progress_of(quiet, tell_nothing if quiet else tell_user) as progress:
        found = search(
            scenario, place, lost_to=lost_to or None, unless=unless, slot=slot, date=date,
            after=after, camps=camp or None, shift=shift, receivers=receiver or None,
            notice=notice, evidence=evidence, points=points, runs=runs, retest=retest,
            boxes=boxes, density=density, method=method, seed=seed, out=out, workers=workers,
            progress=progress, say=tell_user,
        )  # fmt: skip
    typer.echo(str(found))
    write_all(to_json(found, json), lambda: _draw(found, tell_nothing if quiet else tell_user))


def _draw(found: Discovery, say: Callable[[str], None]) -> None:
    from camphandover.charts import draw_discovery

    charts = draw_discovery(found)
    where = charts[0].parent if charts else found.out
    reused = "; nothing was computed" if found.reused else ""
    say(f"Charts: {where} ({len(charts)} drawn). Data: {found.out}{reused}")
