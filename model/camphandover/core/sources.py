"""The sources that decide results, and the folder, named by them, of what is compiled from them.

Numba's own cache checks the file of a function, not the files of what it calls, and so can serve
stale code. Here the cache lies in a folder named by the hash of *all* sources of the core, of
numba and of NumPy: code that changed is never found.
"""

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

PACKAGE = Path(__file__).resolve().parents[1]
CORE = ("core/", "facts/codes.py")
"""What decides how the compiled rules act: how the paths of the sources begin."""
DECIDES = (*CORE, "agents/", "errors.py", "facts/", "inputs.py", "known/", "scenario/")
"""What decides the results of a run: all that stands below the batches."""

SETTING = "CAMPHANDOVER_CACHE"
"""Names the folder in which compiled code is kept."""


def _digest(parts: tuple[str, ...]) -> str:
    """SHA-256 (hex) of the package's sources whose paths begin so."""
    sources = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    digest = hashlib.sha256()
    for name in sorted(name for name in sources if name.startswith(parts)):
        digest.update(name.encode() + b"\0" + sources[name].read_bytes() + b"\0")
    return digest.hexdigest()


def code_digest() -> str:
    """Digest of the sources that decide what a run gives."""
    return _digest(DECIDES)


@cache
def cache_dir() -> Path:
    """Folder of the compiled code of these very sources, made if it is not there.

    `CAMPHANDOVER_CACHE` moves it; else it is in the user's cache folder, else one that goes with
    this process.
    """
    of = (_digest(CORE), version("numba"), version("numpy"), sys.version_info[:3])
    name = hashlib.sha256(repr(of).encode()).hexdigest()[:20]
    kept = (root / name for root in cache_roots() if _writable(root / name))
    return next(kept, None) or _passing_folder(name)


def cache_roots() -> list[Path]:
    """Where compiled code may be kept, the first choice first."""
    named = (os.environ.get(SETTING, ""), str(user_cache_path("camphandover", appauthor=False)))
    known = [os.path.expanduser(root) for root in named if root]
    return [Path(root).absolute() for root in known if not root.startswith("~")]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _passing_folder(name: str) -> Path:
    """A temporary folder that is taken away when this process ends, not when a fork of it does."""
    root, owner = tempfile.mkdtemp(prefix="camphandover-"), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(root, ignore_errors=True)

    atexit.register(remove)
    (Path(root) / name).mkdir()
    return Path(root) / name
