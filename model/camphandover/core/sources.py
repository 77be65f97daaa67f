"""The sources that decide what the core does, and what a run gives: one list, and their digests."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
CORE = ("core", "facts/codes.py")
"""What decides how the compiled rules act, as folders and files of the package."""
DECIDES = ("agents", "core", "errors.py", "facts", "inputs.py", "scenario")
"""What decides the results of a run: all that stands below the batches."""


def _digest(parts: Iterable[str]) -> str:
    """SHA-256 (hex) of the sources in some folders and files of the package."""
    roots = [PACKAGE / part for part in parts]
    files = {path for root in roots for path in (root.rglob("*.py") if root.is_dir() else [root])}
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.relative_to(PACKAGE).as_posix()):
        name = path.relative_to(PACKAGE).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def source_digest() -> str:
    """Digest of the core's sources: equal digests mean equal rules."""
    return _digest(CORE)


def code_digest() -> str:
    """Digest of the sources that decide what a run gives."""
    return _digest(DECIDES)
