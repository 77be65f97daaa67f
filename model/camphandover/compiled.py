"""How the core is compiled, and where the compiled code is kept.

Numba's own cache checks the file of a function, not the files of what it calls, and so can serve
stale code. Here the cache lies in a folder named by the hash of *all* sources of the core, of
numba and of NumPy: code that changed is never found.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent
CORE = ("compiled.py", "day.py", "draws.py", "ledger.py", "rules", "state.py")


def core_sources() -> list[Path]:
    """Every source file that decides what the compiled core does, in a fixed order."""
    files: list[Path] = []
    for name in CORE:
        path = PACKAGE / name
        files.extend(sorted(path.rglob("*.py")) if path.is_dir() else [path])
    return files


@cache
def source_digest() -> str:
    """SHA-256 (hex) of the core's sources: equal digests mean equal rules."""
    digest = hashlib.sha256()
    for path in core_sources():
        digest.update(path.relative_to(PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def cache_dir() -> Path:
    """Folder of the compiled code of these very sources, made if it is not there.

    `CAMPHANDOVER_CACHE` moves it; else the user's cache folder, else a temporary one.
    """
    import numba
    import numpy

    tag = f"{source_digest()}-{numba.__version__}-{numpy.__version__}-{sys.version_info[:3]}"
    name = hashlib.sha256(tag.encode()).hexdigest()[:20]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for root in (os.environ.get("CAMPHANDOVER_CACHE"), home / "camphandover"):
        if root and _writable(Path(root) / name):
            return Path(root) / name
    return Path(tempfile.mkdtemp(prefix="camphandover-"))


def interpreted() -> bool:
    """Whether the rules run as plain Python (`NUMBA_DISABLE_JIT=1`)."""
    import numba

    return bool(numba.config.DISABLE_JIT)


def is_cold() -> bool:
    """Whether the next run has to compile first (about half a minute, once per version)."""
    return not interpreted() and not any(cache_dir().rglob("day.run-*.nbc"))


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function of the core: no GIL, no Python objects, cached by the sources' hash."""
    import numba

    numba.config.CACHE_DIR = str(cache_dir())
    return numba.njit(cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=function.__name__!="run", no_cfunc_wrapper=True)(function)
