"""The page: Mesa's view of the live model, the form beside it, pair and file below.

The live model takes the scenario of the form when it is reset, and at once while no day has been
played. All state belongs to one visitor; nothing here decides anything about the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, get_args

import solara
import solara.lab
from mesa.visualization import SolaraViz
from mesa.visualization.utils import update_counter

from camphandover.app import edit as editing
from camphandover.app import figures, live, settings
from camphandover.app.edit import Draft, Edit, Parent
from camphandover.app.pair import MAX_RUNS, Pair, run_pair
from camphandover.errors import BatchError, ScenarioError
from camphandover.measure.events import long_day
from camphandover.say.document import Column, Paragraph, Table
from camphandover.say.writers import html
from camphandover.scenario import Scenario
from camphandover.scenario.schema import Receiver

PLAY_INTERVAL = 200
NOTHING_YET = "Nothing has happened yet: press Step."
LEDGER = tuple(Column(name, "text") for name in ("When", "What happened", "Because of"))
WHEN = "a date, or days later or earlier: +15, -30"
KNOWN = f"a date, from which runs go on; or {editing.NOTHING}"
NOTHING_TO_RUN = "Change something in the form first, and mend its faults."
LINES = 60
RECEIVERS = {
    "army": "army, if it is there first",
    "race": "race: who is there first",
    "separatists": "separatists",
    "joint": "joint: a mixed unit",
    "empty": "empty: nobody",
}
Set = Callable[[Edit], None]


class Current:
    """The last right scenario of the form whose past was ready: what a reset plays."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def __call__(self) -> tuple[Scenario, int]:
        """The scenario and the seed of a new live model."""
        return self.scenario, settings.SEED


# --- the live model, as Mesa shows it -----------------------------------------------------


@solara.component
def MapView(model: live.LiveModel) -> None:
    """Who holds which base, on the map; drawn again only when that changes."""
    update_counter.get()
    now = [model.state.places["camp_holder"].tobytes(), live.is_at_origin(model)]
    solara.Image(solara.use_memo(lambda: figures.map_png(model), now), width="100%")


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
    rows = [
        (line.when, line.what, line.why) for line in live.ledger(model, LINES, changes_only.value)
    ]
    shown = Table(LEDGER, tuple(rows)) if rows else Paragraph(NOTHING_YET)
    with solara.Row(justify="space-between", classes=["ch-ledger-head"]):
        solara.HTML("div", "<b>Ledger</b>, the latest first")
        solara.Checkbox(label="Changes of control only", value=changes_only)
    solara.HTML("div", html([shown]), classes=["ch-ledger"])


@solara.component
def Status(model: live.LiveModel, draft: Draft) -> None:
    """Which run is shown, what the form changes, and whether that is played already."""
    update_counter.get()
    lines = [f"<b>{escape(live.status(model))}</b>"]
    if draft.scenario is None:
        lines.append("The form has faults: see there.")
    else:
        changes = map(str, editing.changes(draft.scenario, draft.parent.scenario))
        text = f"{draft.parent.name} with {'; '.join(changes) or 'nothing changed'}"
        is_played = draft.scenario.digest() == model.scenario_spec.digest()
        when = "" if is_played else " <b>Reset plays it from its beginning.</b>"
        lines.append(f"Form: {escape(text)}.{when}")
    solara.HTML("div", "<br>".join(lines), classes=["ch-status"])


@solara.component
def Weighing(task: solara.lab.Task[[], None], draft: Draft) -> None:
    """That runs are being weighed by the record, or why they cannot be."""
    if task.pending and draft.scenario is not None and draft.scenario.known.until is not None:
        until = long_day(draft.scenario.known.until)
        n = live.few(draft.scenario).known.particles
        solara.HTML("div", f"Weighing {n} runs by the record until {until} ...")
        solara.ProgressLinear(True)
    elif task.error:
        solara.Error(f"The past cannot be weighed: {task.exception}")


# --- the form ----------------------------------------------------------------------------


@solara.component
def Form(known: dict[str, Parent], draft: Draft, set_form: Set) -> None:
    """Choice of the parent, and the clauses of one camp at a time."""
    parent, form = draft.parent, draft.edit
    places = editing.camps(parent.scenario)
    place, set_place = solara.use_state("Kidal")
    refused: solara.Reactive[list[str]] = solara.use_reactive([])

    def choose(name: str) -> None:
        """Take another parent, unless its file is faulty."""
        try:
            _ = known[name].scenario
        except ScenarioError as error:
            refused.value = editing.messages(error)
            return
        refused.value = []
        set_form(Edit(name))

    def undo(label: str, undone: Edit) -> None:
        solara.Button(
            label, on_click=lambda: set_form(undone), text=True, small=True, disabled=undone == form
        )

    with solara.Card("Scenario"):
        solara.Select("Start from", values=list(known), value=form.parent, on_value=choose)
        _faults(refused.value)
        solara.HTML("div", escape(parent.scenario.question), style="font-size: 13px")
        solara.InputText(
            "Known until", value=form.known_until, message=KNOWN,
            placeholder=f"{parent.scenario.known.until or 'nothing known'} (parent)",
            on_value=lambda text: set_form(form.with_text("known_until", text)),
        )  # fmt: skip
        solara.Select("UN camp", values=places, value=place, on_value=set_place)
        CampForm(draft, place, set_form).key(f"{form.parent}/{place}")
        _faults(draft.faults)
        with solara.Row(gap="0px"):
            undo(f"Undo {place}", form.without(place))
            undo("Undo all", replace(form, camps={}, known_until=""))


def _faults(messages: Sequence[str]) -> None:
    for message in messages:
        solara.Error(message, dense=True)


@solara.component
def CampForm(draft: Draft, place: str, set_form: Set) -> None:
    """The clause of one camp; what is empty is as in the parent."""
    before, form = draft.parent.scenario.camps[place], draft.edit
    texts = form.camp(place)

    def text(name: str, label: str, of_parent: str, message: str | None = None) -> None:
        solara.InputText(
            label, value=texts.get(name, ""), placeholder=of_parent, message=message,
            on_value=lambda text: set_form(form.with_camp(place, **{name: text})),
        )  # fmt: skip

    text("when", "UN leaves on", f"{before.exit} (parent)", message=WHEN)
    names = {f"as in the parent: {before.receiver}": ""}
    names |= {RECEIVERS.get(name, name): name for name in get_args(Receiver)}
    solara.Select(
        "Receiver",
        values=list(names),
        value=next(label for label, name in names.items() if name == texts.get("receiver", "")),
        on_value=lambda label: set_form(form.with_camp(place, receiver=names[label])),
    )
    with solara.Columns([1, 1]):
        text("notice_army", "Notice, army", f"{before.notice_army} days")
        text("notice_separatists", "separatists", f"{before.notice_separatists} days")


# --- the pair ----------------------------------------------------------------------------


@solara.component
def PairCard(draft: Draft) -> None:
    """Runs the edited scenario beside its parent and shows the difference."""
    runs, set_runs = solara.use_state(settings.RUNS)
    progress = solara.use_reactive(0.0)

    def tell(done: int, total: int) -> None:
        progress.value = 100 * done / total

    def compute() -> Pair:
        assert draft.scenario is not None
        progress.value = 0.0
        return run_pair(draft.scenario, draft.parent.scenario, runs, settings.SEED, progress=tell)

    task = solara.lab.use_task(compute, dependencies=None, raise_error=False)
    with solara.Card("Compare with the parent", classes=["ch-pair", "ch-card"]):
        same_luck = "with the same luck, and takes the difference run by run."
        solara.HTML(
            "div", f"Runs the edit and {escape(draft.parent.name)} {same_luck}{_from(draft)}"
        )
        with solara.Row(style="align-items: center"):
            solara.InputInt(
                f"Runs of each, 1 to {MAX_RUNS}", value=runs, on_value=set_runs,
                style="max-width: 240px",
            )  # fmt: skip
            _act("Run the pair", task, draft, is_busy=task.pending)
        if task.pending:
            solara.ProgressLinear(progress.value or True)
        elif isinstance(task.exception, BatchError | ScenarioError):
            solara.Error(str(task.exception))
        elif task.error:
            solara.Error(f"The pair failed: {type(task.exception).__name__}: {task.exception}")
        elif task.value is not None:
            PairView(task.value, draft.scenario)


def _from(draft: Draft) -> str:
    """From which day a pair differs."""
    until = None if draft.scenario is None else draft.scenario.known.until
    return "" if until is None else f" Both go on from what was known on {long_day(until)}."


def _act(label: str, act: Callable[[], Any], draft: Draft, is_busy: bool = False) -> None:
    """A button that needs an edit without faults, and what is missing."""
    is_off = is_busy or not draft.is_new
    solara.Button(label, color="primary", on_click=lambda: act(), disabled=is_off)
    solara.HTML("div", "" if draft.is_new else NOTHING_TO_RUN, classes=["ch-hint"])


@solara.component
def PairView(pair: Pair, edited: Scenario | None) -> None:
    """The difference, and whether it is that of the form as it is now."""
    if edited is None or pair.edited.digest() != edited.digest():
        solara.Warning("This is the difference of an earlier edit.")
    data = solara.use_memo(lambda: pair.figure and figures.png(pair.figure), [pair])
    if data:
        solara.Image(data, width="100%", classes=["ch-difference"])
    else:
        solara.Info(f"In {pair.comparison.n} pairs of runs no camp is held for other days.")
    with solara.Details("All figures"):
        solara.HTML("div", pair.comparison._repr_html_(), classes=["ch-scroll"])


# --- the file ----------------------------------------------------------------------------


@solara.component
def FileCard(draft: Draft, set_form: Set, saved: Callable[[], None]) -> None:
    """The edit as a file, and saving it."""
    form, parent = draft.edit, draft.parent
    name = solara.use_reactive(f"{parent.name}-edited")
    may_replace = solara.use_reactive(False)
    nothing: tuple[Callable[[str], Any], str] = (solara.Success, "")
    (show, what), tell = solara.use_state(nothing)

    def save() -> None:
        try:
            path, _ = editing.save(
                form, parent, settings.folder, name.value, replace=may_replace.value
            )
        except (BatchError, ScenarioError) as error:
            tell((solara.Error, str(error)))
            return
        may_replace.value = False
        tell((solara.Success, f"Saved as {path}."))
        saved()

    def text(key: str, label: str, otherwise: str) -> None:
        solara.InputText(
            label, value=getattr(form, key), placeholder=f"{otherwise} if empty",
            on_value=lambda text: set_form(form.with_text(key, text)),
        )  # fmt: skip

    with solara.Card("Save as a scenario file", classes=["ch-file", "ch-card"]):
        text("title", "Title", "tells the changes")
        text("question", "Question", "that of the parent")
        if draft.scenario is not None:
            solara.Preformatted(editing.to_yaml(form, parent))
        with solara.Row(style="align-items: center"):
            where = f"Name of the file in {settings.folder}"
            solara.InputText(where, value=name, style="max-width: 480px")
            _act("Save", save, draft)
        solara.Checkbox(label="Replace a file of this name", value=may_replace)
        if what:
            show(what)


# --- all of it ---------------------------------------------------------------------------


@solara.component
def Page() -> None:
    """What the browser shows."""
    solara.Title("camphandover")
    solara.Style(Path(__file__).with_name("page.css"))
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
    draft = editing.draft(form, known[form.parent])
    current = solara.use_memo(lambda: Current(draft.parent.scenario), [])
    model = solara.use_memo(lambda: solara.reactive(live.LiveModel(current)), [])

    def weigh() -> None:
        if draft.scenario is not None:
            live.ORIGINS.of(draft.scenario, settings.SEED)

    weighed = solara.lab.use_task(weigh, dependencies=[draft.scenario], raise_error=False)

    def follow() -> None:
        """Hand a right form to the live model, at once if no day of its own has been played."""
        if draft.scenario is None or not live.ORIGINS.has(draft.scenario, settings.SEED):
            return
        current.scenario = draft.scenario
        if draft.scenario != model.value.scenario_spec and live.is_new(model.value):
            model.value = live.LiveModel(current, model.value.number)

    solara.use_effect(follow, [draft.scenario, weighed.finished])
    with solara.Sidebar():
        Form(known, draft, set_form)
    Status(model.value, draft)
    Weighing(weighed, draft)
    SolaraViz(
        model,
        components=[(MapView, 0), (ControlView, 0), (LedgerView, 0)],
        model_params=solara.use_memo(lambda: _model_params(current), []),
        name="camphandover",
        play_interval=PLAY_INTERVAL,
    )
    PairCard(draft)
    FileCard(draft, set_form, lambda: set_version(version + 1)).key(f"file/{form.parent}")


def _model_params(start: Current) -> dict[str, Any]:
    """What Mesa makes a new model of at a reset."""
    run = {
        "type": "Select", "label": "Run to play next", "value": 0,
        "values": list(range(settings.RUNS)),
    }  # fmt: skip
    return {"start": start, "replicate": run}
