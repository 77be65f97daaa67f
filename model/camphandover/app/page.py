"""The page: Mesa's view of the live model, the form beside it, pair and file below.

The live model takes the scenario of the form when it is reset, and at once while no day has been
played. All state belongs to one visitor; nothing here decides anything about the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Any, get_args

import solara
import solara.lab
from mesa.visualization import SolaraViz
from mesa.visualization.utils import update_counter

from camphandover.app import edit as editing
from camphandover.app import figures, live, settings
from camphandover.app.edit import CampEdit, Edit, Parent
from camphandover.app.pair import MAX_RUNS, Pair, run_pair
from camphandover.errors import BatchError, ScenarioError
from camphandover.scenario import Scenario
from camphandover.scenario.schema import Receiver

PLAY_INTERVAL = 200
NOTHING_TO_RUN = "Change something in the form first, and mend its faults."
LINES = 60
RECEIVERS = {
    "army": "army, if it is there first",
    "race": "race: who is there first",
    "separatists": "separatists",
    "joint": "joint: a mixed unit",
    "empty": "empty: nobody",
}
# Mesa's panels become a plain grid, its single tab goes, and so does its switch for threads, with
# which a pause hangs the page.
STYLE = """
.v-tabs, .vue-resizable-handle, .v-navigation-drawer .v-input--checkbox { display: none; }
.vue-grid-layout { height: auto !important; display: grid; gap: 4px 12px;
    grid-template-columns: repeat(2, minmax(0, 1fr)); }
@media (max-width: 1000px) { .vue-grid-layout { grid-template-columns: minmax(0, 1fr); } }
.vue-grid-layout > .vue-grid-item { position: static !important; transform: none !important;
    width: auto !important; height: auto !important; min-width: 0; user-select: text;
    touch-action: auto !important; }
.vue-grid-layout > .vue-grid-item:nth-child(3) { grid-column: 1 / -1; }
.ch-status { line-height: 1.6; font-size: 15px; }
.ch-hint { font-size: 13px; opacity: 0.65; }
.ch-card { margin: 8px 0 !important; }
.ch-ledger { max-height: 260px; overflow: auto; border: 1px solid #ddd; }
.ch-ledger table { border-collapse: collapse; width: 100%; font-size: 13px; }
.ch-ledger-head { align-items: center; margin: 0 !important; }
.ch-ledger-head .v-input--checkbox { margin: 0; padding: 0; }
.ch-ledger th { position: sticky; top: 0; z-index: 1; background: #f4f4f4; color: #222; }
.ch-ledger th, .ch-ledger td { text-align: left; padding: 2px 8px; vertical-align: top; }
.ch-ledger td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
.ch-ledger td:last-child { opacity: 0.65; }
.ch-difference { max-width: 800px; }
.ch-file pre { font-size: 13px; white-space: pre-wrap; padding: 8px;
    background: #f4f4f4; color: #222; }
.ch-scroll { overflow: auto; }
.ch-scroll table { border-collapse: collapse; font-size: 13px; margin-bottom: 12px; }
.ch-scroll caption { text-align: left; font-weight: bold; white-space: nowrap; }
.ch-scroll th, .ch-scroll td { padding: 1px 8px; text-align: right; white-space: nowrap; }
.ch-scroll th:nth-child(-n+2), .ch-scroll td:nth-child(-n+2) { text-align: left; }
"""

Set = Callable[[Edit], None]


class Current:
    """The scenario that the form holds, or the last one that was right: what a reset plays."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def __call__(self) -> tuple[Scenario, int]:
        """The scenario and the seed of a new live model."""
        return self.scenario, settings.SEED


def _resolve(form: Edit, parent: Parent) -> tuple[Scenario | None, list[str]]:
    """The edited scenario, the parent itself if nothing differs, or what is wrong with the form."""
    try:
        edited = editing.resolve(form, parent)
    except ScenarioError as error:
        return None, editing.messages(error)
    return (edited if editing.changes(edited, parent.scenario) else parent.scenario), []


# --- the live model, as Mesa shows it -----------------------------------------------------


@solara.component
def MapView(model: live.LiveModel) -> None:
    """Who holds which base, on the map; drawn again only when that changes."""
    update_counter.get()
    now = tuple(live.holders(model).values())
    solara.Image(solara.use_memo(lambda: figures.map_png(model), [now]), width="100%")


@solara.component
def ControlView(model: live.LiveModel) -> None:
    """Who held what so far."""
    update_counter.get()
    day = [model, int(model.day)]
    solara.Image(solara.use_memo(lambda: figures.control_png(model), day), width="100%")


@solara.component
def LedgerView(model: live.LiveModel) -> None:
    """The last rows of the ledger."""
    update_counter.get()
    changes_only = solara.use_reactive(False)
    lines = live.ledger(model, LINES, changes_only.value)
    with solara.Row(justify="space-between", classes=["ch-ledger-head"]):
        solara.HTML("div", "<b>Ledger</b>, the latest first")
        solara.Checkbox(label="Changes of control only", value=changes_only)
    solara.HTML("div", _ledger_table(lines), classes=["ch-ledger"])


def _ledger_table(lines: list[live.Line]) -> str:
    """The ledger as an HTML table."""
    if not lines:
        return "<table><tr><td>Nothing has happened yet: press Step.</td></tr></table>"
    rows = [
        f"<tr><td>{line.when}</td><td>{escape(line.what)}</td><td>{escape(line.why)}</td></tr>"
        for line in lines
    ]
    head = "<tr><th>When</th><th>What happened</th><th>Because of</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


@solara.component
def Status(model: live.LiveModel, parent: Parent, edited: Scenario | None) -> None:
    """Which run is shown, what the form changes, and whether that is played already."""
    update_counter.get()
    lines = [f"<b>{escape(live.status(model))}</b>"]
    if edited is None:
        lines.append("The form has faults: see there.")
    else:
        changes = [str(change) for change in editing.changes(edited, parent.scenario)]
        text = f"{parent.name} with {'; '.join(changes) if changes else 'nothing changed'}"
        is_played = edited.digest() == model.scenario_spec.digest()
        when = "" if is_played else " <b>Reset plays it from the first day.</b>"
        lines.append(f"Form: {escape(text)}.{when}")
    solara.HTML("div", "<br>".join(lines), classes=["ch-status"])


# --- the form ----------------------------------------------------------------------------


@solara.component
def Form(known: dict[str, Parent], form: Edit, set_form: Set, faults: list[str]) -> None:
    """Choice of the parent, and the clauses of one camp at a time."""
    parent = known[form.parent]
    places = editing.camps(parent.scenario)
    place, set_place = solara.use_state("Kidal")
    nothing: tuple[str, ...] = ()
    refused, set_refused = solara.use_state(nothing)

    def choose(name: str) -> None:
        """Take another parent, unless its file is faulty."""
        try:
            _ = known[name].scenario
        except ScenarioError as error:
            set_refused(tuple(editing.messages(error)))
            return
        set_refused(nothing)
        set_form(Edit(name))

    with solara.Card("Scenario"):
        solara.Select("Start from", values=list(known), value=form.parent, on_value=choose)
        for fault in refused:
            solara.Error(fault, dense=True)
        solara.HTML("div", escape(parent.scenario.question), style="font-size: 13px")
        solara.Select("UN camp", values=places, value=place, on_value=set_place)
        CampForm(parent, place, form, set_form).key(f"{form.parent}/{place}")
        for fault in faults:
            solara.Error(fault, dense=True)
        with solara.Row(gap="0px"):
            none = Edit(form.parent, {}, form.title, form.question)
            here = form.with_camp(place, **CampEdit().__dict__)
            solara.Button(
                f"Undo {place}", on_click=lambda: set_form(here), text=True, small=True,
                disabled=place not in form.camps,
            )  # fmt: skip
            solara.Button(
                "Undo all", on_click=lambda: set_form(none), text=True, small=True,
                disabled=not form.camps,
            )  # fmt: skip


@solara.component
def CampForm(parent: Parent, place: str, form: Edit, set_form: Set) -> None:
    """The clause of one camp; what is empty is as in the parent."""
    before, texts = parent.scenario.camps[place], form.camp(place)

    def change(**own: str) -> None:
        set_form(form.with_camp(place, **own))

    solara.InputText(
        "UN leaves on",
        value=texts.when,
        on_value=lambda text: change(when=text),
        placeholder=f"{before.exit} (parent)",
        message="a date, or days later or earlier: +15, -30",
    )
    receivers = {"": f"as in the parent: {before.receiver}"}
    receivers |= {name: RECEIVERS.get(name, name) for name in get_args(Receiver)}
    names = {text: name for name, text in receivers.items()}
    solara.Select(
        "Receiver",
        values=list(names),
        value=receivers[texts.receiver],
        on_value=lambda text: change(receiver=names[text]),
    )
    with solara.Columns([1, 1]):
        solara.InputText(
            "Notice, army",
            value=texts.notice_army,
            on_value=lambda text: change(notice_army=text),
            placeholder=f"{before.notice_army} days",
        )
        solara.InputText(
            "separatists",
            value=texts.notice_separatists,
            on_value=lambda text: change(notice_separatists=text),
            placeholder=f"{before.notice_separatists} days",
        )


# --- the pair ----------------------------------------------------------------------------


@solara.component
def PairCard(parent: Parent, edited: Scenario | None) -> None:
    """Runs the edited scenario beside its parent and shows the difference."""
    runs, set_runs = solara.use_state(settings.RUNS)
    progress = solara.use_reactive(0.0)

    def compute() -> Pair | str:
        assert edited is not None
        progress.value = 0.0

        def tell(done: int, total: int) -> None:
            progress.value = 100 * done / total

        try:
            return run_pair(edited, parent.scenario, runs, settings.SEED, progress=tell)
        except BatchError as error:
            return str(error)

    task = solara.lab.use_task(compute, dependencies=None, raise_error=False)
    is_same = edited is None or edited is parent.scenario
    with solara.Card("Compare with the parent", classes=["ch-pair", "ch-card"]):
        solara.HTML(
            "div",
            f"Runs the edit and {escape(parent.name)} with the same luck, and takes the "
            "difference run by run.",
        )
        with solara.Row(style="align-items: center"):
            solara.InputInt(
                f"Runs of each, 1 to {MAX_RUNS}", value=runs, on_value=set_runs,
                style="max-width: 240px",
            )  # fmt: skip
            solara.Button(
                "Run the pair", color="primary", on_click=lambda: task(),
                disabled=task.pending or is_same,
            )  # fmt: skip
            solara.HTML("div", NOTHING_TO_RUN if is_same else "", classes=["ch-hint"])
        if task.pending:
            solara.ProgressLinear(progress.value or True)
        elif task.error:
            solara.Error(f"The pair failed: {type(task.exception).__name__}: {task.exception}")
        elif isinstance(task.value, Pair):
            PairView(task.value, edited)
        elif task.value is not None:
            solara.Error(task.value)


@solara.component
def PairView(pair: Pair, edited: Scenario | None) -> None:
    """The difference, and whether it is that of the form as it is now."""
    if edited is None or pair.edited.digest() != edited.digest():
        solara.Warning("This is the difference of an earlier edit.")
    data = solara.use_memo(lambda: figures.png(pair.figure), [pair])
    solara.Image(data, width="100%", classes=["ch-difference"])
    with solara.Details("All figures"):
        solara.HTML("div", pair.comparison._repr_html_(), classes=["ch-scroll"])


# --- the file ----------------------------------------------------------------------------


@solara.component
def FileCard(
    parent: Parent, form: Edit, set_form: Set, edited: Scenario | None, saved: Callable[[], None]
) -> None:
    """The edit as a file, and saving it."""
    name = solara.use_reactive(f"{parent.name}-edited")
    may_replace = solara.use_reactive(False)
    told, tell = solara.use_state(("", ""))

    def save() -> None:
        try:
            path, _ = editing.save(
                form, parent, settings.folder, name.value, replace=may_replace.value
            )
        except (BatchError, ScenarioError) as error:
            tell(("error", str(error)))
            return
        may_replace.value = False
        tell(("success", f"Saved as {path}."))
        saved()

    with solara.Card("Save as a scenario file", classes=["ch-file", "ch-card"]):
        solara.InputText(
            "Title", value=form.title, on_value=lambda text: set_form(replace(form, title=text)),
            placeholder="tells the changes if empty",
        )  # fmt: skip
        solara.InputText(
            "Question",
            value=form.question,
            on_value=lambda text: set_form(replace(form, question=text)),
            placeholder="that of the parent if empty",
        )
        if edited is not None:
            solara.Preformatted(editing.to_yaml(form, parent))
        with solara.Row(style="align-items: center"):
            solara.InputText(
                f"Name of the file in {settings.folder}", value=name, style="max-width: 480px"
            )
            is_same = edited is None or edited is parent.scenario
            solara.Button("Save", color="primary", on_click=save, disabled=is_same)
            solara.HTML("div", NOTHING_TO_RUN if is_same else "", classes=["ch-hint"])
        solara.Checkbox(label="Replace a file of this name", value=may_replace)
        if told[0] == "error":
            solara.Error(told[1])
        elif told[0] == "success":
            solara.Success(told[1])


# --- all of it ---------------------------------------------------------------------------


@solara.component
def Page() -> None:
    """What the browser shows."""
    solara.Title("camphandover")
    solara.Style(STYLE)
    try:
        _ = editing.parents(settings.folder)[editing.DEFAULT_PARENT].scenario
    except ScenarioError as error:
        solara.Error(str(error))
        return
    Workbench()


@solara.component
def Workbench() -> None:
    """The live model, the form, the pair and the file."""
    version, set_version = solara.use_state(0)
    known = solara.use_memo(lambda: editing.parents(settings.folder), [version])
    form, set_form = solara.use_state(Edit())
    parent = known[form.parent]
    edited, faults = _resolve(form, parent)
    current = solara.use_memo(lambda: Current(parent.scenario), [])
    model = solara.use_memo(lambda: solara.reactive(live.LiveModel(current)), [])

    def follow() -> None:
        """Hand a right form to the live model, at once if no day has been played."""
        if edited is None:
            return
        current.scenario = edited
        if edited != model.value.scenario_spec and model.value.steps == 0:
            model.value = live.LiveModel(current, model.value.replicate)

    solara.use_effect(follow, [edited])
    with solara.Sidebar():
        Form(known, form, set_form, faults)
    Status(model.value, parent, edited)
    SolaraViz(
        model,
        components=[(MapView, 0), (ControlView, 0), (LedgerView, 0)],
        model_params=solara.use_memo(lambda: _model_params(current), []),
        name="camphandover",
        play_interval=PLAY_INTERVAL,
    )
    PairCard(parent, edited)
    FileCard(parent, form, set_form, edited, lambda: set_version(version + 1)).key(
        f"file/{parent.name}"
    )


def _model_params(start: Current) -> dict[str, Any]:
    """What Mesa makes a new model of at a reset."""
    run = {
        "type": "Select", "label": "Run to play next", "value": 0,
        "values": list(range(settings.RUNS)),
    }  # fmt: skip
    return {"start": start, "replicate": run}
