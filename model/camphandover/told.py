"""What results share: each is told by a module of `say`, as text, HTML, Markdown and JSON.

A result knows figures and no words. Which module has its words stands in `words`; that is the one
upward link of the package, by name, and followed only when somebody wants to read or write.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from camphandover import inputs


class Told:
    """A result that shows itself.

    Attributes:
        words: Module whose `document(result)` tells it, and whose `data(result)`, if there is
            one, names its numbers as JSON holds them; else they are its fields.
        width: Columns of its plain text, at most.
    """

    words: ClassVar[str]
    width: ClassVar[int] = 120

    def document(self) -> Any:
        """The result as headings, paragraphs and tables (`say.document.Document`)."""
        return import_module(self.words).document(self)

    def __str__(self) -> str:
        """Plain text of at most `width` columns."""
        return str(_writers().text(self.document(), self.width))

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        return str(_writers().notebook(self.document()))

    def to_markdown(self) -> str:
        """The same as Markdown."""
        return str(_writers().markdown(self.document()))

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON holds them; what cannot be estimated is null."""
        module = import_module(self.words)
        plain = import_module("camphandover.say.plain")
        data = module.data(self) if hasattr(module, "data") else plain.fields(self)
        found: dict[str, Any] = plain.plain(data)
        return found

    def write_json(self, path: str | Path) -> None:
        """Write the numbers to a file.

        Errors:
            CannotWrite that names the file.
        """
        files = import_module("camphandover.batch.files")
        files.write_json(inputs.path("path", path), self.to_dict())


class Warned(Told):
    """A result of which something must be known first: its `words` have `warnings(result)`, too."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be known first, in sentences."""
        return tuple(import_module(self.words).warnings(self))


def _writers() -> Any:
    return import_module("camphandover.say.writers")
