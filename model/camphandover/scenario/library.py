"""Where scenario files lie: the library, names, and what `extends:` points to."""

from __future__ import annotations

from pathlib import Path

from camphandover import inputs
from camphandover.errors import Mark, ScenarioError, shown_path, suggestion

ORDER = tuple(Path(__file__).with_name("library.txt").read_text(encoding="utf-8").split())
"""Names of the library's scenarios, in the order in which they are run and listed."""
VARIANTS = "variants"
"""Folder beside the library's files: structural variants, found by name but not run by default."""
SUFFIXES = (".yaml", ".yml")


def folder() -> Path:
    """The folder of the library: `scenarios` at or above the working directory, else the
    one beside the package.

    Errors:
        ScenarioError if there is none.
    """
    here = Path.cwd()
    beside = Path(__file__).resolve().parents[3]
    for base in (here, *here.parents, beside):
        if (base / "scenarios" / "on-schedule.yaml").is_file():
            return base / "scenarios"
    hint = "run this inside the project's folder, or name files instead of the library"
    message = "there is no scenario library (a folder `scenarios` with on-schedule.yaml)"
    raise ScenarioError.at(Mark("scenarios"), message, hint)


def library() -> list[Path]:
    """The files of the library: the known ones in fixed order, then others by name."""
    files = sorted(folder().glob("*.yaml"))
    return sorted(files, key=lambda file: (_rank(file.stem), file.stem))


def _rank(stem: str) -> int:
    return ORDER.index(stem) if stem in ORDER else len(ORDER)


def locate(source: str | Path) -> Path:
    """The file that a path or a bare name means; a name of the library comes first.

    Errors:
        ScenarioError if a bare name is neither in the library nor a path that exists.
    """
    text, path = str(source), inputs.path("scenario", source)
    is_name = path.suffix not in SUFFIXES and path.name == text
    if not is_name:
        return path
    found = _in_library(text)
    if found or _exists(path):
        return found or path
    names = [file.stem for file in library()]
    hint = suggestion(text, names, listed="the library holds")
    raise ScenarioError.at(Mark(text), "there is no scenario of this name", hint)


def parent(name: str, mark: Mark, child: Path | None) -> Path:
    """The file that `extends: name` points to.

    Args:
        name: A stem, or a relative path that ends in .yaml.
        mark: Where the value stands, for the report.
        child: The extending file; `None` for a dict, which looks from the working directory.
    Errors:
        ScenarioError at `mark` if there is no such file.
    """
    base = child.parent if child is not None else Path.cwd()
    is_path = name.endswith(SUFFIXES)
    candidate = base / Path(name if is_path else f"{name}.yaml").expanduser()
    if name and _exists(candidate):
        return candidate
    if not is_path and name == Path(name).name:
        found = _in_library(name)
        if found:
            return found
    stems = sorted({p.stem for p in base.glob("*.yaml")} | {p.stem for p in _library_or_none()})
    stems = [stem for stem in stems if child is None or stem != child.stem]
    message = f"extends: there is no file {shown_path(candidate)!r}"
    hint = suggestion(name, stems, listed="there is") if stems else "give a path ending in .yaml"
    raise ScenarioError.at(mark, message, hint)


def _library_or_none() -> list[Path]:
    try:
        return library()
    except ScenarioError:
        return []


def _in_library(name: str) -> Path | None:
    files = _library_or_none()
    variants = sorted(files[0].parent.glob(f"{VARIANTS}/*.yaml")) if files else []
    return next((file for file in [*files, *variants] if file.stem == name), None)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
