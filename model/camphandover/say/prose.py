"""Prose with figures in it: templates beside the modules that use them, with the one notation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from camphandover.measure import notation


def rendered(file: Path, filters: dict[str, Any] | None = None, **content: Any) -> str:
    """A template with its figures.

    Args:
        file: The template (Jinja); a name that it does not have is an error.
        filters: More of them than those of `measure.notation`.
        content: What it tells of.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=False, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= vars(notation) | (filters or {})
    return environment.from_string(file.read_text(encoding="utf-8")).render(content)


def paragraphs(file: Path, **content: Any) -> list[str]:
    """The same, paragraph by paragraph."""
    blocks = re.split(r"\n\s*\n", rendered(file, **content))
    told = (" ".join(map(str.strip, block.strip().splitlines())) for block in blocks)
    return [block for block in told if block]
