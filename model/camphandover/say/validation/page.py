"""The page of validation: what the model gets right and wrong, made from stored runs.

What is said stands in `page.md`, the figures come from `camphandover.judge.validation`, the reasons
of failures from `explanations.yaml`. The same batches give the same page.
"""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from camphandover import facts, inputs
from camphandover.batch import records, store
from camphandover.batch.batch import Batch
from camphandover.batch.cubes import HOLDERS
from camphandover.batch.files import write_whole
from camphandover.errors import BatchError
from camphandover.facts.checks import ORIGIN
from camphandover.judge import aims, validation
from camphandover.judge.score.hindcast import Hindcast
from camphandover.judge.score.hindcast import hindcast as hindcast_made
from camphandover.judge.validation import FORECAST, Sources
from camphandover.measure import notation
from camphandover.say import writers
from camphandover.say.hindcast import lead
from camphandover.say.patterns import P_FALSE, bounds, points
from camphandover.say.prose import rendered

OUT = "model/VALIDATION.md"
TEMPLATE = Path(__file__).with_name("page.md")
EXPLANATIONS = Path(__file__).with_name("explanations.yaml")
KINDS = ("places", "dates", "patterns", "claims", "horizons")
NOT_EXPLAINED = "Not explained yet."
DPI = 110
CHARTS = {"reliability": "Reliability", "by-day": "Log score by day in the Kidal region"}
GOES_ON = " \\"
"""What a shell needs at the end of a line that goes on."""
AS_IT_IS = re.compile(r"^(\||#|```|!\[|<)")
"""Begins of blocks that are not filled: tables, headings, commands, pictures, HTML."""


def write_validation(
    hindcast: Batch | str | Path,
    prior: Batch | str | Path,
    variants: Batch | str | Path | None = None,
    out: str | Path = OUT,
    pictures: str | Path | None = None,
    rolling: bool = False,
) -> Path:
    """Write the page that holds the model to the record: scores, patterns, claims, failures.

    Args:
        hindcast, prior: Batches of `full-model` and `on-schedule` with these sets of parameters
            and full ledgers, or their folders.
        variants: A batch of `full-model` and variants of it.
        out: The page, Markdown.
        pictures: Folder for its charts; none are drawn if not given.
        rolling: Whether the page begins with forecasts from rolling origins, which are made anew.
    Returns:
        The page's file.
    Errors:
        BatchError if a batch is not what is needed; nothing is written then.
    """
    found = validation.sources(hindcast, prior, variants)
    target = inputs.path("out", out)
    shown, folder = {}, None
    if pictures is not None:
        folder = inputs.path("pictures", pictures)
        shown = _draw(found, folder, target)
    where = None if folder is None else folder.as_posix()
    text = page(found, target.as_posix(), shown, where, hindcast_made() if rolling else None)
    write_whole(target, text.encode())
    return target


def _draw(found: Sources, folder: Path, out: Path) -> dict[str, str]:
    """The charts: by title, the path from the page."""
    from camphandover.charts.axis import save
    from camphandover.charts.scores import both_charts

    shown = {}
    for runs in found.sets:
        for kind, drawn in both_charts(runs.score, FORECAST).items():
            file = save(drawn, folder / f"validation-{kind}-{runs.name}.png", DPI)
            path = os.path.relpath(file.absolute(), out.absolute().parent)
            shown[f"{CHARTS[kind]}, {FORECAST}, set {runs.name}"] = Path(path).as_posix()
    return shown


def page(
    found: Sources,
    out: str = OUT,
    pictures: Mapping[str, str] | None = None,
    picture_folder: str | None = None,
    rolling: Hindcast | None = None,
) -> str:
    """The page as Markdown.

    Args:
        found: The runs, from `validation.sources`.
        out: Name of the file, for the command that makes it again.
        pictures: Charts to show: by title, the path from the page's folder.
        picture_folder: Where they are, likewise for the command.
        rolling: Forecasts from rolling origins, with which it begins if they are given.
    """
    filters = {
        "interval": lambda value, digits=2: notation.with_interval(digits)(value),
        "points": lambda value: notation.bounded(value, points),
        "literal": writers.literal,
        "code": writers.code,
        "verdict": aims.skill_verdict,
        "quote": shlex.quote,
        "shell": in_lines,
    }
    content = {
        "found": found, "judge": validation, "aims": aims, "facts": facts.load(), "ORIGIN": ORIGIN,
        "HOLDERS": HOLDERS, "is_shipped": is_shipped, "records_made": records_made,
        "bounds": bounds, "by_chance": lambda n: math.ceil(P_FALSE * n), "known": reasons(),
        "NOT_EXPLAINED": NOT_EXPLAINED, "pictures": pictures or {}, "out": out,
        "picture_folder": picture_folder,
        "rolling": writers.markdown(lead(rolling)) if rolling else "",
    }  # fmt: skip
    return wrapped(rendered(TEMPLATE, filters, **content))


def wrapped(text: str) -> str:
    """Markdown with its paragraphs and items filled; all else stays as it is.

    Blocks are parted by empty lines; what is between fences is one of them.
    """
    blocks: list[str] = []
    fenced = False
    for block in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text.strip("\n")):
        is_code = fenced or block.startswith("```")
        fenced ^= block.count("```") % 2 == 1
        blocks.append(block if is_code or AS_IT_IS.match(block) else "\n".join(_filled(block)))
    return "\n\n".join(blocks) + "\n"


def _filled(block: str) -> Iterator[str]:
    """A paragraph, or a list whose items begin with `- `, in lines."""
    for item in re.split(r"\n(?=- )", block):
        yield writers.filled(item, "  " * item.startswith("- "))


def reasons(path: Path = EXPLANATIONS) -> Mapping[str, Mapping[str, Any]]:
    """The explanations, by kind and name; those of patterns also by part.

    One is shown only where the figures have the failure; a failure without one says so.

    Errors:
        BatchError if the file has a kind that is not one of `KINDS`, or a text that is none.
    """
    import yaml

    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or set(content) != set(KINDS):
        raise BatchError(f"{path}: the kinds of explanations are {', '.join(KINDS)}.")
    for kind, by_name in content.items():
        for name, text in (by_name or {}).items():
            texts = text.values() if kind == "patterns" else [text]
            if not all(isinstance(one, str) and one.strip() for one in texts):
                raise BatchError(f"{path}: {kind}, {name}: an explanation is a text.")
    return {kind: by_name or {} for kind, by_name in content.items()}


# --- how the batches were made -----------------------------------------------------------


def is_shipped(given: Mapping[str, Any]) -> bool:
    """Whether records are those that come with the package under their name."""
    try:
        return bool(records.find_records(given["name"]).digest == given["digest"])
    except BatchError:
        return False


def records_made(batch: Batch) -> dict[str, str]:
    """What the file of given records says in words and numbers of how they were made."""
    made = records.read_records(batch.folder / store.RECORDS).made
    plain = {k: v for k, v in made.items() if isinstance(v, (str, int, float)) and v != ""}
    return {k: str(v)[: 12 if k in ("core", "theatre") else None] for k, v in plain.items()}


def in_lines(command: str) -> str:
    """A command of this program in lines that a shell takes as one."""
    lines = ["uv run camphandover"]
    for word in map(shlex.quote, shlex.split(command)):
        if len(lines[-1]) + 1 + len(word) + len(GOES_ON) > writers.PAGE:
            lines.append("   ")
        lines[-1] += f" {word}"
    return f"{GOES_ON}\n".join(lines)
