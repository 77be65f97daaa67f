"""How the core is compiled: nothing when it is imported, everything before the first run."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, InTreeCacheLocator
from numba.core.compiler_lock import global_compiler_lock
from numba.core.typeinfer import register_dispatcher

from camphandover.core.sources import PACKAGE, SETTING, cache_dir, cache_roots

OPTIONS = {
    "nogil": True,
    "error_model": "numpy",  # a division by zero gives inf or nan, not a Python error
    "no_cfunc_wrapper": True,
    "_nrt": False,  # no reference counts: rules allocate nothing (decisions/0002)
}
ENTRIES = frozenset(
    f"camphandover.core.{name}"
    for name in (
        "day.run",
        "day.run_each",
        "rules.combat.perceived",
        "rules.strategy.place_order",
        "rules.strategy.garrison_need",
    )
)
"""Compiled functions that plain Python calls."""

TYPES: dict[object, Any] = {}
"""Numba's type of each annotation that a compiled function may use; see `declare`."""
_WAITING: list[tuple[Any, tuple[Any, ...]]] = []
"""Functions that are not compiled yet, with their types, each after those that it calls."""


def interpreted() -> bool:
    """Whether the rules run as plain Python (`NUMBA_DISABLE_JIT=1`)."""
    return bool(vars(numba.config)["DISABLE_JIT"])


def declare(annotation: object, example: object) -> None:
    """Say which compiled type an annotation stands for, by an example value.

    Functions of the core are compiled once, for the types that their annotations name.
    """
    TYPES[annotation] = numba.typeof(example)


def compiled[F: Callable[..., Any]](function: F) -> F:
    """A function of the core as `make_ready` compiles it: no GIL, no Python objects.

    Its annotations are its compiled types. With `NUMBA_DISABLE_JIT=1` it stays plain Python.
    Only the functions in `ENTRIES` can be called from Python when compiled (a way in costs as
    much to compile as a small rule); tests reach the others through `callable_from_python`.
    """
    if interpreted():
        return function
    named = function.__annotations__.items()
    types = tuple(TYPES[annotation] for name, annotation in named if name != "return")
    entry = f"{function.__module__}.{function.__name__}" in ENTRIES
    options: dict[str, Any] = {**OPTIONS, "no_cpython_wrapper": not entry}
    dispatcher = numba.njit(**options)(function)
    if function.__defaults__:
        _know_defaults(dispatcher, types)
    _WAITING.append((dispatcher, types))
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
    options: dict[str, Any] = {"inline": "always", "nogil": True, "_nrt": False}
    return function if interpreted() else cast(F, numba.njit(**options)(function))


def callable_from_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the core that plain Python can call, compiled or not (for tests)."""
    if interpreted():
        return function
    make_ready()

    def call(*args: Any) -> Any:
        return function(*args)

    return numba.njit(call)


def make_ready() -> None:
    """Compile all functions that have been imported, or load them from the cache.

    Whatever is about to run the rules calls this; importing them starts nothing.
    """
    if not _WAITING:
        return
    with global_compiler_lock:
        if is_cold():
            announce()
            with helper_process() if (os.cpu_count() or 1) > 1 else nullcontext():
                _compile_waiting()
        _compile_waiting()


def _compile_waiting() -> None:
    """Compile what waits, in the order of its definition."""
    with _quick_optimiser(numba.config):
        while _WAITING:
            dispatcher, types = _WAITING[0]
            dispatcher._cache = _Cache(dispatcher.py_func)
            with register_dispatcher(dispatcher):
                dispatcher.compile(types)
            dispatcher.disable_compile()
            del _WAITING[0]


class _Locator(InTreeCacheLocator):
    """The folder of the cache for the functions of the core, and for nobody else's."""

    def __init__(self, function: Any, file: str) -> None:
        super().__init__(function, file)
        self._cache_path = str(cache_dir() / Path(file).parent.name)


class _CacheOfResults(CompileResultCacheImpl):
    _locator_classes: Any = (_Locator,)


class _Cache(FunctionCache):
    _impl_class = _CacheOfResults


@contextmanager
def _quick_optimiser(config: Any) -> Iterator[None]:
    """LLVM at level 1 for the core alone: as fast a run, in four fifths of the compile time.

    The lock of the compiler is held meanwhile, so that no other function is compiled so.
    """
    settings = vars(config)
    before = settings["OPT"]
    settings["OPT"] = type(before)(1)
    try:
        yield
    finally:
        settings["OPT"] = before


@contextmanager
def helper_process() -> Iterator[None]:
    """A second process that compiles the rules from the last one on, into the same cache.

    This process finds what the other has compiled when it comes to it, so that a first compile
    takes two thirds of the time. Nothing depends on it: what is not there is compiled here.
    """
    code = f"from {__name__} import compile_backwards; compile_backwards()"
    quiet = subprocess.DEVNULL
    helper = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, SETTING: str(cache_dir().parent)},
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
    )
    try:
        yield
    finally:  # it writes nothing any more
        helper.kill()
        helper.wait()


def compile_backwards() -> None:
    """Compile the modules of the rules from the last name to the first."""
    for path in sorted((PACKAGE / "core" / "rules").glob("[a-z]*.py"), reverse=True):
        import_module(f"camphandover.core.rules.{path.stem}")
        _compile_waiting()


def is_cold() -> bool:
    """Whether the next run has to compile first, which takes about half a minute."""
    return not interpreted() and not any((cache_dir() / "core").glob("day.run-*.nbc"))


_SAID: list[str] = []


def announce(say: Callable[[str], None] | None = None) -> None:
    """Say, once per process, if the next run has to compile first, and what of it is kept.

    Args:
        say: Told the sentence; it is written to stderr if not given.
    """
    if not _SAID and is_cold():
        _SAID.append(_announcement())
        (say or _write)(_SAID[0])


def _write(text: str) -> None:
    print(f"camphandover: {text}", file=sys.stderr, flush=True)


def _announcement() -> str:
    """What is said of a first compile."""
    roots = cache_roots()
    if cache_dir().parent in roots:
        return "compiling the model, about half a minute, once per version ..."
    tried = " and ".join(map(str, roots)) or "a home folder"
    return (
        "compiling the model, about half a minute, at each start: the compiled code is not kept, "
        f"since {tried} cannot be written. Set {SETTING} to a folder that can be ..."
    )


if not interpreted():
    declare(int, 0)
    declare(float, 0.0)
    declare(bool, True)
