"""The form of a scenario file: every key, its type, its bounds and what it means.

All keys are optional here, because a file that extends another one holds only what differs;
what a complete scenario needs is checked after inheritance (`resolve`). The defaults are the
values that hold when no file of the chain sets a key.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from camphandover import facts, inputs

FIRST_DAY = date(2023, 8, 1)
LAST_DAY = date(2024, 12, 31)
MAX_SHIFT = 365
MAX_TEXT = 300

Receiver = Literal["army", "race", "separatists", "joint", "empty"]
Equipment = Literal["orderly", "accelerated"]
Relations = Literal["tacit", "clash", "coordinated", "merged"]
Harm = Literal["positive", "nil", "negative"]


def _to_date(value: Any, what: str, hint: str) -> date:
    """A date from `2023-10-31`; a date given from Python passes."""
    if isinstance(value, date):
        return value
    try:
        return inputs.day_of(value if isinstance(value, str) else "")
    except ValueError as error:
        reason = f": {error}" if str(error) else ""
    context = {"what": what, "hint": hint, "reason": reason}
    raise PydanticCustomError("date", "{value} is not {what}{reason}", context)


def _of_the_model(day: date) -> date:
    """A day that the model knows."""
    if not FIRST_DAY <= day <= LAST_DAY:
        context = {"hint": f"from {FIRST_DAY} to {LAST_DAY}"}
        message = f"{day} is outside the days that the model knows"
        raise PydanticCustomError("day", message, context)
    return day


def _read_date(value: Any) -> date:
    """A date."""
    return _to_date(value, "a date", "a date is written YYYY-MM-DD, such as 2023-10-31")


def _read_exit(value: Any) -> date | str:
    """`plan`, `actual`, or a date."""
    if value in ("plan", "actual"):
        return str(value)
    return _to_date(value, "an exit", "an exit is plan, actual, or a date such as 2023-10-31")


def _one_line(value: str) -> str:
    """Text on one line, without control characters and not empty."""
    text = " ".join(value.split())
    if not text:
        raise PydanticCustomError("text", "the text is empty", {"hint": "write a sentence"})
    if not text.isprintable():
        raise PydanticCustomError(
            "text", "the text holds unprintable characters", {"hint": "remove them"}
        )
    return text


Day = Annotated[date, BeforeValidator(_read_date)]
ModelDay = Annotated[Day, AfterValidator(_of_the_model)]
Exit = Annotated[
    date | str,
    BeforeValidator(_read_exit),
    Field(
        json_schema_extra={
            "anyOf": [{"enum": ["plan", "actual"]}, {"type": "string", "format": "date"}]
        }
    ),
]
Text = Annotated[
    str,
    Field(max_length=MAX_TEXT, json_schema_extra={"minLength": 1}),
    AfterValidator(_one_line),
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Notice = Annotated[int, Field(ge=0, le=365)]
Spread = Annotated[float, Field(ge=0, le=180, allow_inf_nan=False)]
Distance = Annotated[float, Field(ge=0, le=500, allow_inf_nan=False)]
Rung = Annotated[int, Field(ge=0, le=5)]
Scale = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Form(BaseModel):
    """Strict: no unknown key, no value of another type (`true` is not 1).

    The text below a key says what it means: the JSON Schema takes it from here.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


class Window(Form):
    """The days that are simulated, both included."""

    start: ModelDay = FIRST_DAY
    """First day; not before 2023-08-01."""
    end: ModelDay = date(2023, 12, 31)
    """Last day; not after 2024-12-31."""


class NoticeForm(Form):
    """How long before the exit a side learns what happens to the camp."""

    army: Notice = 45
    """Days of notice for the army."""
    separatists: Notice = 45
    """Days of notice for the separatists."""


class JointUnitForm(Form):
    """The mixed unit that takes a camp whose receiver is `joint`."""

    p_leave: Share
    """Chance that the non-army members have left ten days after renewed war."""


class Terms(Form):
    """What happens to a camp, as a file and a resolved scenario tell it alike."""

    exit: Exit = "plan"
    """Day on which the UN leaves: `plan`, `actual`, or a date."""
    spread: Spread | None = None
    """Standard deviation of the exit date in days; absent or null: the parameter exit_error_sd."""
    early_exit: bool = True
    """Whether fighting nearby may bring the exit forward (R6.3)."""
    receiver: Receiver = "army"
    """Who gets the camp: `army` (if it is there first, else a race), `race` (who is first),
    `separatists`, `joint` (a mixed unit), `empty` (nobody)."""
    equipment: Equipment = "orderly"
    """How the UN clears its equipment: `orderly` or `accelerated` (R6.5)."""
    destroyed: Share | None = None
    """Share of the equipment destroyed, 0 to 1; overrides `equipment`."""
    buffer: bool = False
    """Whether the UN is a buffer: attacks near the camp are rarer while it stays."""
    perimeter: Distance = 0.0
    """Radius of a disarmed perimeter around the camp, km; 0: none."""


class ClauseForm(Terms):
    """What happens to a camp (RULES R6.1-R6.6)."""

    shift: Annotated[int, Field(ge=-MAX_SHIFT, le=MAX_SHIFT)] = 0
    """Days added to the exit."""
    notice: NoticeForm = NoticeForm()
    """Days before the exit at which a side learns what happens."""
    joint_unit: JointUnitForm | None = None
    """The mixed unit, if the receiver is `joint`; absent or null: the parameter joint_leave."""


def _keyed(name: str, types: dict[str, Any]) -> Any:
    """A mapping of which each key has a type of its own, and which may lack any."""
    kind: Any = TypedDict(name, types, total=False)  # type: ignore[misc]
    return with_config(Form.model_config)(kind)


def _ranged(parameter: facts.Parameter) -> Any:
    low, high = parameter.widest
    what = f"{parameter.unit}; best value {parameter.best:g} ({parameter.rule})"
    return Annotated[float, Field(ge=low, le=high, allow_inf_nan=False, description=what)]


if TYPE_CHECKING:
    Camps = dict[str, ClauseForm]
    Parameters = dict[str, float]
else:
    Camps = _keyed("Camps", {camp.place: ClauseForm for camp in facts.load().camps})
    Parameters = _keyed(
        "Parameters", {name: _ranged(item) for name, item in facts.load().parameters.items()}
    )


class HandoverForm(Form):
    """How the UN camps are handed over.

    A camp's clause is put together from `all`, over it `later`, over it the camp's own entry.
    """

    mandate_end: ModelDay = date(2023, 12, 31)
    """The day by which the UN must be gone."""
    all: ClauseForm = ClauseForm()
    """Clause of every camp."""
    later: ClauseForm = ClauseForm()
    """Clause, over `all`, of every camp that closes after phase 1 (August 2023): phase 2 and
    the sites kept for the liquidation."""
    camps: Camps = {}
    """Clauses of single camps, by place, over `all` and `later`."""


class ForcesForm(Form):
    """Scale of each side's strength: 1 as known, 0 absent."""

    army: Scale = 1.0
    """Malian army."""
    wagner: Scale = 1.0
    """Wagner."""
    separatists: Scale = 1.0
    """Separatist movements (CMA, CSP)."""
    gsim: Scale = 1.0
    """GSIM (JNIM)."""


class Airpower(Form):
    """Airpower of the army and its partners."""

    scale: Scale = 1.0
    """Scale of all sorties: 1 as known, 0 none."""


class Foreign(Form):
    """Foreign forces beside the state, apart from the UN and the partners of the charter."""

    wagner: bool = True
    """Whether Wagner is there: its men, its hand in airpower and in abuse."""
    french: bool = False
    """Whether French support stayed: a battle group, aircraft, restraint."""


class Politics(Form):
    """Escalation, and what is agreed beyond the camps."""

    truce: Day | None = None
    """First day of a truce that is imposed; absent or null: none."""
    rung: Rung | None = None
    """Rung of the escalation ladder on the first day: 0 the accord works, 1 talks are frozen, 2
    clashes, 3 declared war, 4 offensive, 5 the accord has ended. A rung given here also turns
    `record` off; absent or null: that of the record."""
    record: bool = True
    """Whether the ladder follows the rungs known by 17 September 2023; false: only the model's
    own hazards move it."""
    relations: Relations = "tacit"
    """How separatists and GSIM stand to each other at first: `tacit` (they avoid each other),
    `clash`, `coordinated`, or `merged` (one movement, and it stays so)."""
    relations_fixed: bool = False
    """Whether their relations stay as they are at first."""
    victim_aid: bool = True
    """Whether the money of the cancelled celebrations goes to victims (R7.4)."""


class Population(Form):
    """What violence does to people, and people to the war."""

    harm: Harm = "positive"
    """Effect of harm by army and Wagner on later attacks: `positive` (more), `nil`, or
    `negative` (fewer) (R4.4)."""
    loop: bool = True
    """Whether what people suffer feeds back: fear, recruits, tempo of attacks."""


class Blockade(Form):
    """The closing of roads around towns (R5.6, R5.8)."""

    active: bool = True
    """Whether there are blockades at all."""


class Alliance(Form):
    """The charter of Liptako-Gourma (R8)."""

    charter: bool = True
    """Whether the charter is signed, so that Mali can ask for help."""
    reliable: bool = False
    """Whether Burkina Faso and Niger honour every request."""
    joint_force: bool = False
    """Whether the partners have a joint force, which helps sooner."""
    sanctions_end: ModelDay = date(2024, 2, 24)
    """Day on which ECOWAS ends its threat against Niger."""
    intervention: bool = False
    """Whether ECOWAS intervenes in Niger by force."""


class Reporting(Form):
    """Who sees what happens (R9)."""

    perfect: bool = False
    """Whether observers see everything at once and the sides tell the truth."""


class Structure(Form):
    """Mechanisms that can be switched off to see what they do (RULES section 10, V1-V8)."""

    hold_or_leave: bool = True
    """Whether a captor weighs if it stays; false: it always stays."""
    symbolic_utility: bool = True
    """Whether symbolic value counts in the choice of targets."""
    race: bool = True
    """Whether a camp goes to who is there first; false: always to the army."""


class KnownForm(Form):
    """What had happened by a day, from which the runs go on (R10.1)."""

    until: ModelDay | None = None
    """Last day of which the record is known; absent or null: none, and runs never look at it."""
    record: str | None = None
    """A record of your own, of the form of control_history.csv: a path relative to the file, or
    its text; absent or null: the record of the package."""
    particles: Annotated[int, Field(ge=2, le=100_000)] = 2000
    """Runs that are weighed by the record; replicate r goes on from particle r."""
    claims: bool = False
    """Whether captures that lasted hours, and what the sides said of the dead, weigh, too; runs
    that they chose were no better at what came next (decision 0012)."""
    own_past: bool = False
    """Whether the scenario's own settings hold in the past, too, which is then its own; false:
    they hold from the day after, and the past is that of the library's full model."""


class Settings(Form):
    """What is asked, and the settings of the whole scenario."""

    title: Text = ""
    """Short name for charts and tables."""
    question: Text = ""
    """The question that the scenario answers."""
    window: Window = Window()
    """The days that are simulated."""
    known: KnownForm = KnownForm()
    """What had happened by a day, from which the runs go on."""
    airpower: Airpower = Airpower()
    """Airpower."""
    foreign: Foreign = Foreign()
    """Foreign forces."""
    politics: Politics = Politics()
    """Escalation, truce, relations of the armed groups, aid."""
    population: Population = Population()
    """People and the war."""
    blockade: Blockade = Blockade()
    """Blockades."""
    alliance: Alliance = Alliance()
    """The charter of Liptako-Gourma."""
    reporting: Reporting = Reporting()
    """Who sees what happens."""
    structure: Structure = Structure()
    """Mechanisms that can be switched off."""
    parameters: Parameters = {}
    """Values of model parameters in this scenario, within their ranges."""


class ScenarioForm(Settings):
    """A camp-handover scenario: what is asked, and only what differs from what it extends."""

    extends: str | None = None
    """The scenario this one differs from: the stem of a file in the same folder or in the
    library, or a relative path that ends in .yaml."""
    handover: HandoverForm = HandoverForm()
    """The camps."""
    forces: ForcesForm = ForcesForm()
    """Strength of the sides."""
    sweep: dict[str, Any] | None = None
    """Values that vary: each point of the sweep is a scenario of its own, with its values in
    place of the file's. Files that extend this one do not inherit it."""


_FORMS = (key for key, field in Settings.model_fields.items() if isinstance(field.default, Form))
GROUPS = ("forces", *(key for key in _FORMS if key != "window"))
"""Keys of a scenario that hold settings of the whole scenario, parameters apart."""
