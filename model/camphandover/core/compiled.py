"""How the core is compiled, and where the compiled code is kept.

Numba's own cache checks the file of a function, not the files of what it calls, and so can serve
stale code. Here the cache lies in a folder named by the hash of *all* sources of the core, of
numba and of NumPy: code that changed is never found.
"""

import atexit
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from camphandover.core.sources import PACKAGE, source_digest

SETTING = "CAMPHANDOVER_CACHE"
"""Names the folder in which compiled code is kept."""
HELPS = "CAMPHANDOVER_HELPS"
"""Set in the process that helps with a first compile: the folder of the compiled code."""


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

    `CAMPHANDOVER_CACHE` moves it; else the user's cache folder, else one that goes with this
    process.
    """
    if HELPS in os.environ:
        return Path(os.environ[HELPS])
    import numba
    import numpy

    tag = f"{source_digest()}-{numba.__version__}-{numpy.__version__}-{sys.version_info[:3]}"
    name = hashlib.sha256(tag.encode()).hexdigest()[:20]
    kept = (root / name for root in _roots() if _writable(root / name))
    return next(kept, None) or _passing_folder()


def _roots() -> list[Path]:
    """Where compiled code may be kept, the first choice first."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    named = [os.environ.get(SETTING) or "", os.path.join(home, "camphandover")]
    known = [os.path.expanduser(root) for root in named if root]
    return [Path(root).absolute() for root in known if not root.startswith("~")]


def _passing_folder() -> Path:
    """A temporary folder that is taken away when this process ends, not when a fork of it does."""
    folder, owner = tempfile.mkdtemp(prefix="camphandover-"), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return Path(folder)


def interpreted() -> bool:
    """Whether the rules run as plain Python (`NUMBA_DISABLE_JIT=1`)."""
    import numba

    return bool(vars(numba.config)["DISABLE_JIT"])


def is_cold() -> bool:
    """Whether the next run has to compile first, which takes about half a minute."""
    return not interpreted() and not any(cache_dir().rglob("day.run-*.nbc"))


TYPES: dict[object, Any] = {}
"""Numba's type of each annotation that a compiled function may use; see `declare`."""


def declare(annotation: object, example: object) -> None:
    """Say which compiled type an annotation stands for, by an example value.

    Functions of the core are compiled once, for the types that their annotations name.
    """
    import numba

    TYPES[annotation] = numba.typeof(example)


def announce(say: Callable[[str], None] | None = None) -> None:
    """Say, once per process, if the next run has to compile first, and what of it is kept.

    Args:
        say: Told the sentence; it is written to stderr if not given.
    """
    if is_cold() and HELPS not in os.environ and not _SAID:
        _SAID.append(announcement())
        (say or _write)(_SAID[0])


_SAID: list[str] = []


def _write(text: str) -> None:
    print(f"camphandover: {text}", file=sys.stderr, flush=True)


def announcement() -> str:
    """What is said of a first compile."""
    roots = _roots()
    if any(root in cache_dir().parents for root in roots):
        return "compiling the model, about half a minute, once per version ..."
    tried = " and ".join(map(str, roots)) or "a home folder"
    return (
        "compiling the model, about half a minute, at each start: the compiled code is not kept, "
        f"since {tried} cannot be written. Set {SETTING} to a folder that can be ..."
    )


@cache
def _begin() -> None:
    """What goes before the first compile of a process."""
    announce()
    if is_cold() and HELPS not in os.environ and (os.cpu_count() or 1) > 1:
        _call_a_helper()


def _call_a_helper() -> None:
    """Start a second process that compiles the rules from the last one on, into the same cache.

    This process finds what the other has compiled when it comes to it, so that a first compile
    takes two thirds of the time. Nothing depends on it: what is not there is compiled here.
    """
    code = f"from {__name__} import compile_backwards; compile_backwards()"
    quiet = subprocess.DEVNULL
    helper = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, HELPS: str(cache_dir())},
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
    )
    atexit.register(_end, helper)


def _end(helper: subprocess.Popen[bytes]) -> None:
    """End the helper, so that it writes nothing any more."""
    helper.kill()
    helper.wait()


def compile_backwards() -> None:
    """Import, and so compile, the modules of the rules from the last name to the first."""
    for path in sorted((PACKAGE / "core" / "rules").glob("[a-z]*.py"), reverse=True):
        import_module(f"camphandover.core.rules.{path.stem}")


OPTIONS = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",  # a division by zero gives inf or nan, not a Python error
    "no_cfunc_wrapper": True,
    "_nrt": False,  # no reference counts: rules allocate nothing (decisions/0002)
}
ENTRIES = frozenset(
    f"camphandover.core.{name}"
    for name in (
        "day.run",
        "rules.combat.perceived",
        "rules.strategy.place_order",
        "rules.strategy.garrison_need",
    )
)
"""Compiled functions that plain Python calls."""


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function of the core: no GIL, no Python objects, cached by the sources' hash.

    Its annotations are its compiled types. With `NUMBA_DISABLE_JIT=1` it stays plain Python.
    Only the functions in `ENTRIES` can be called from Python when compiled (a way in costs as
    much to compile as a small rule); tests reach the others through `callable_from_python`.
    """
    import numba
    from numba.core.typeinfer import register_dispatcher

    if interpreted():
        return function
    _begin()
    types = tuple(
        TYPES[annotation]
        for name, annotation in function.__annotations__.items()
        if name != "return"
    )
    entry = f"{function.__module__}.{function.__name__}" in ENTRIES
    options: dict[str, Any] = {**OPTIONS, "no_cpython_wrapper": not entry}
    with _own_cache(numba.config):
        dispatcher = numba.njit(**options)(function)
    if function.__defaults__:
        _know_defaults(dispatcher, types)
    with _quick_optimiser(numba.config), register_dispatcher(dispatcher):
        dispatcher.compile(types)
    dispatcher.disable_compile()
    return cast(F, dispatcher)


def _know_defaults(dispatcher: Any, types: tuple[Any, ...]) -> None:
    """Let compiled callers leave out arguments that have a default.

    Numba gives such an argument a type of its own, for which it would compile the function anew.
    """
    from numba.core.types import Omitted

    fold = dispatcher._compiler.fold_argument_types

    def folded(args: Any, kws: Any) -> Any:
        signature, given = fold(args, kws)
        pairs = zip(types, given, strict=True)
        return signature, tuple(own if isinstance(one, Omitted) else one for own, one in pairs)

    dispatcher._compiler.fold_argument_types = folded


def inlined[F: Callable[..., Any]](function: F) -> F:
    """A function of the core that has one caller and is compiled as a part of it."""
    import numba

    if interpreted():
        return function
    options: dict[str, Any] = {"inline": "always", "nogil": True, "_nrt": False}
    return cast(F, numba.njit(**options)(function))


@contextmanager
def _own_cache(config: Any) -> Iterator[None]:
    """The folder of the cache for functions that are made here, and for nobody else's.

    A function finds its folder when it is made, before it is compiled.
    """
    settings = vars(config)
    with _MAKING:
        before = settings["CACHE_DIR"]
        settings["CACHE_DIR"] = str(cache_dir())
        try:
            yield
        finally:
            settings["CACHE_DIR"] = before


_MAKING = threading.Lock()


@contextmanager
def _quick_optimiser(config: Any) -> Iterator[None]:
    """LLVM at level 1 for the core alone: as fast a run, in four fifths of the compile time."""
    settings = vars(config)
    before = settings["OPT"]
    settings["OPT"] = type(before)(1)
    try:
        yield
    finally:
        settings["OPT"] = before


def callable_from_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the core that plain Python can call, compiled or not (for tests)."""
    import numba

    if interpreted():
        return function

    def call(*args: Any) -> Any:
        return function(*args)

    return numba.njit(call)


if not interpreted():
    declare(int, 0)
    declare(float, 0.0)
    declare(bool, True)
