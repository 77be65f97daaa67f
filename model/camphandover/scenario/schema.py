"""The form of a scenario file: every key, its type, its bounds and what it means.

All keys are optional here, because a file that extends another one holds only what differs;
what a complete scenario needs is checked after inheritance (`resolve`). The defaults are the
values that hold when no file of the chain sets a key.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

FIRST_DAY = date(2023, 8, 1)
LAST_DAY = date(2024, 12, 31)
MAX_SHIFT = 365
MAX_TEXT = 300

Receiver = Literal["army", "race", "separatists", "joint", "empty"]
Equipment = Literal["orderly", "accelerated"]
Relations = Literal["tacit", "clash", "coordinated", "merged"]
Harm = Literal["positive", "nil", "negative"]
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _to_date(value: Any, what: str, hint: str) -> date:
    """A date from `2023-10-31`; a date given from Python passes."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    reason = ""
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            reason = f": {error}"
    context = {"what": what, "hint": hint, "reason": reason}
    raise PydanticCustomError("date", "{value} is not {what}{reason}", context)


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
Exit = Annotated[
    date | str,
    BeforeValidator(_read_exit),
    Field(
        json_schema_extra={
            "anyOf": [{"enum": ["plan", "actual"]}, {"type": "string", "format": "date"}]
        }
    ),
]
Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_one_line)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Notice = Annotated[int, Field(ge=0, le=365)]
Spread = Annotated[float, Field(ge=0, le=180, allow_inf_nan=False)]
Distance = Annotated[float, Field(ge=0, le=500, allow_inf_nan=False)]
Rung = Annotated[int, Field(ge=0, le=5)]
Scale = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Form(BaseModel):
    """Strict: no unknown key, no value of another type (`true` is not 1)."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Window(Form):
    """The days that are simulated, both included."""

    start: Day = Field(default=FIRST_DAY, description="First day; not before 2023-08-01.")
    end: Day = Field(default=date(2023, 12, 31), description="Last day; not after 2024-12-31.")


class NoticeForm(Form):
    """How long before the exit a side learns what happens to the camp."""

    army: Notice = Field(default=45, description="Days of notice for the army.")
    separatists: Notice = Field(default=45, description="Days of notice for the separatists.")


class JointUnitForm(Form):
    """The mixed unit that takes a camp whose receiver is `joint`."""

    p_leave: Share = Field(
        description="Chance that the non-army members have left ten days after renewed war."
    )


class ClauseForm(Form):
    """What happens to a camp (RULES R6.1-R6.6)."""

    exit: Exit = Field(
        default="plan", description="Day on which the UN leaves: `plan`, `actual`, or a date."
    )
    shift: int = Field(
        default=0, ge=-MAX_SHIFT, le=MAX_SHIFT, description="Days added to the exit."
    )
    spread: Spread | None = Field(
        default=None,
        description="Standard deviation of the exit date in days; absent or null: the "
        "parameter exit_error_sd.",
    )
    early_exit: bool = Field(
        default=True, description="Whether fighting nearby may bring the exit forward (R6.3)."
    )
    receiver: Receiver = Field(
        default="army",
        description="Who gets the camp: `army` (if it is there first, else a race), `race` "
        "(who is first), `separatists`, `joint` (a mixed unit), `empty` (nobody).",
    )
    notice: NoticeForm = Field(
        default=NoticeForm(),
        description="Days before the exit at which a side learns what happens.",
    )
    equipment: Equipment = Field(
        default="orderly",
        description="How the UN clears its equipment: `orderly` or `accelerated` (R6.5).",
    )
    destroyed: Share | None = Field(
        default=None, description="Share of the equipment destroyed, 0 to 1; overrides `equipment`."
    )
    buffer: bool = Field(
        default=False,
        description="Whether the UN is a buffer: attacks near the camp are rarer while it stays.",
    )
    perimeter: Distance = Field(
        default=0.0, description="Radius of a disarmed perimeter around the camp, km; 0: none."
    )
    joint_unit: JointUnitForm | None = Field(
        default=None,
        description="The mixed unit, if the receiver is `joint`; absent or null: the parameter "
        "joint_leave.",
    )


class HandoverForm(Form):
    """How the UN camps are handed over.

    A camp's clause is put together from `all`, over it `later`, over it the camp's own entry.
    """

    mandate_end: Day = Field(
        default=date(2023, 12, 31), description="The day by which the UN must be gone."
    )
    all: ClauseForm = Field(default=ClauseForm(), description="Clause of every camp.")
    later: ClauseForm = Field(
        default=ClauseForm(),
        description="Clause, over `all`, of every camp that closes after phase 1 (August 2023): "
        "phase 2 and the sites kept for the liquidation.",
    )
    camps: dict[str, ClauseForm] = Field(
        default={}, description="Clauses of single camps, by place, over `all` and `later`."
    )


class ForcesForm(Form):
    """Scale of each side's strength: 1 as known, 0 absent."""

    army: Scale = Field(default=1.0, description="Malian army.")
    wagner: Scale = Field(default=1.0, description="Wagner.")
    separatists: Scale = Field(default=1.0, description="Separatist movements (CMA, CSP).")
    gsim: Scale = Field(default=1.0, description="GSIM (JNIM).")


class Airpower(Form):
    """Airpower of the army and its partners."""

    scale: Scale = Field(default=1.0, description="Scale of all sorties: 1 as known, 0 none.")


class Foreign(Form):
    """Foreign forces beside the state, apart from the UN and the partners of the charter."""

    wagner: bool = Field(
        default=True,
        description="Whether Wagner is there: its men, its hand in airpower and in abuse.",
    )
    french: bool = Field(
        default=False,
        description="Whether French support stayed: a battle group, aircraft, restraint.",
    )


class Politics(Form):
    """Escalation, and what is agreed beyond the camps."""

    truce: Day | None = Field(
        default=None, description="First day of a truce that is imposed; absent or null: none."
    )
    rung: Rung | None = Field(
        default=None,
        description="Rung of the escalation ladder on the first day: 0 the accord works, 1 talks "
        "are frozen, 2 clashes, 3 declared war, 4 offensive, 5 the accord has ended. A rung "
        "given here also turns `record` off; absent or null: that of the record.",
    )
    record: bool = Field(
        default=True,
        description="Whether the ladder follows the rungs known by 17 September 2023; false: "
        "only the model's own hazards move it.",
    )
    relations: Relations = Field(
        default="tacit",
        description="How separatists and GSIM stand to each other at first: `tacit` (they avoid "
        "each other), `clash`, `coordinated`, or `merged` (one movement, and it stays so).",
    )
    relations_fixed: bool = Field(
        default=False, description="Whether their relations stay as they are at first."
    )
    victim_aid: bool = Field(
        default=True,
        description="Whether the money of the cancelled celebrations goes to victims (R7.4).",
    )


class Population(Form):
    """What violence does to people, and people to the war."""

    harm: Harm = Field(
        default="positive",
        description="Effect of harm by army and Wagner on later attacks: `positive` (more), "
        "`nil`, or `negative` (fewer) (R4.4).",
    )
    loop: bool = Field(
        default=True,
        description="Whether what people suffer feeds back: fear, recruits, tempo of attacks.",
    )


class Blockade(Form):
    """The closing of roads around towns (R5.6, R5.8)."""

    active: bool = Field(default=True, description="Whether there are blockades at all.")


class Alliance(Form):
    """The charter of Liptako-Gourma (R8)."""

    charter: bool = Field(
        default=True, description="Whether the charter is signed, so that Mali can ask for help."
    )
    reliable: bool = Field(
        default=False, description="Whether Burkina Faso and Niger honour every request."
    )
    joint_force: bool = Field(
        default=False, description="Whether the partners have a joint force, which helps sooner."
    )
    sanctions_end: Day = Field(
        default=date(2024, 2, 24), description="Day on which ECOWAS ends its threat against Niger."
    )
    intervention: bool = Field(
        default=False, description="Whether ECOWAS intervenes in Niger by force."
    )


class Reporting(Form):
    """Who sees what happens (R9)."""

    perfect: bool = Field(
        default=False,
        description="Whether observers see everything at once and the sides tell the truth.",
    )


class Structure(Form):
    """Mechanisms that can be switched off to see what they do (RULES section 10, V1-V8)."""

    hold_or_leave: bool = Field(
        default=True, description="Whether a captor weighs if it stays; false: it always stays."
    )
    symbolic_utility: bool = Field(
        default=True, description="Whether symbolic value counts in the choice of targets."
    )
    race: bool = Field(
        default=True,
        description="Whether a camp goes to who is there first; false: always to the army.",
    )


GROUPS = (
    "forces",
    "airpower",
    "foreign",
    "politics",
    "population",
    "blockade",
    "alliance",
    "reporting",
    "structure",
)
"""Keys of a scenario that hold settings of the whole scenario, parameters apart."""


class ScenarioForm(Form):
    """A camp-handover scenario: what is asked, and only what differs from what it extends."""

    title: Text = Field(default="", description="Short name for charts and tables.")
    question: Text = Field(default="", description="The question that the scenario answers.")
    extends: str | None = Field(
        default=None,
        description="The scenario this one differs from: the stem of a file in the same folder "
        "or in the library, or a relative path that ends in .yaml.",
    )
    window: Window = Field(default=Window(), description="The days that are simulated.")
    handover: HandoverForm = Field(default=HandoverForm(), description="The camps.")
    forces: ForcesForm = Field(default=ForcesForm(), description="Strength of the sides.")
    airpower: Airpower = Field(default=Airpower(), description="Airpower.")
    foreign: Foreign = Field(default=Foreign(), description="Foreign forces.")
    politics: Politics = Field(
        default=Politics(), description="Escalation, truce, relations of the armed groups, aid."
    )
    population: Population = Field(default=Population(), description="People and the war.")
    blockade: Blockade = Field(default=Blockade(), description="Blockades.")
    alliance: Alliance = Field(default=Alliance(), description="The charter of Liptako-Gourma.")
    reporting: Reporting = Field(default=Reporting(), description="Who sees what happens.")
    structure: Structure = Field(
        default=Structure(), description="Mechanisms that can be switched off."
    )
    parameters: dict[str, Number] = Field(
        default={}, description="Values of model parameters in this scenario, within their ranges."
    )
    sweep: dict[str, Any] | None = Field(
        default=None,
        description="Values that vary: each point of the sweep is a scenario of its own, with "
        "its values in place of the file's. Files that extend this one do not inherit it.",
    )
