"""What a user's model is: a hash of its code and of all that the code can reach.

A batch is reused only if the model that made it is the one that is asked for. A name does not tell
that: a cell of a notebook is edited, a factory closes over a number, a module of the project
changes. So the hash covers the code as it is in memory (not the text of a file, which may have
changed since), default and closed-over values, the globals that a function names, and the modules
of the project that it imports. What comes from a library or from this package is known by its name.
"""

from __future__ import annotations

import dataclasses
import dis
import hashlib
import importlib.util
import io
import pickle
import re
import secrets
import sys
import sysconfig
import types
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

OURS = ("camphandover", "mesa")
"""Known by name: a batch holds the digest of this package's rules, and Mesa's version is pinned."""
INSTALLED = ("site-packages", "dist-packages")
STANDARD = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), range)
HARMLESS = ("_thread", "threading", "_weakref", "weakref", "logging")
"""Modules of what holds nothing that a result could depend on: locks, references, loggers."""
OF_EVERY_CLASS = re.compile(
    "__(dict|weakref|module|qualname|doc|annotations|annotate|slots|firstlineno|static_attributes"
    "|abstractmethods|parameters|orig_bases|type_params|annotations_cache|annotate_func)__|_abc_impl"
)
"""Names in a class that Python puts there, and that no result depends on."""


def identity_of(model: Any) -> str:
    """What a model is: its name, and a hash of the user's own code and values that decide it.

    A model that holds something whose content cannot be told (an open file, a generator) is
    another one each time it is asked for, so that its batch is never reused.
    """
    name = name_of(model)
    if _is_library(model) and not getattr(model, "__closure__", None):
        return name
    n_modules = -1
    while n_modules != len(sys.modules):  # what was imported on the way is told, too
        n_modules = len(sys.modules)
        try:
            told = "\n".join(_Told().of(model))
        except RecursionError:
            told = _untold()
    return f"{name}#{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _untold() -> str:
    """Stands for what cannot be told: it equals nothing."""
    return secrets.token_hex(16)


def is_ours(model: Any) -> bool:
    """Whether a model is this package's own, with no code of a user in it."""
    if isinstance(model, partial):
        return all(
            isinstance(part, PLAIN) or is_ours(part)
            for part in (model.func, *model.args, *model.keywords.values())
        )
    is_named = isinstance(model, (type, types.FunctionType))
    return is_named and model.__module__.split(".")[0] == OURS[0] and "<" not in model.__qualname__


def name_of(model: Any) -> str:
    """How a model is called in messages."""
    if isinstance(model, partial):
        return f"{name_of(model.func)}(...)"
    named = model if hasattr(model, "__qualname__") else type(model)
    return f"{named.__module__}:{named.__qualname__}"


def _is_library(value: Any) -> bool:
    """Whether a class, function or module is no user's: it is known by its name and version."""
    if isinstance(value, types.ModuleType):
        return _is_library_module(value.__name__)
    is_named = isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType))
    return is_named and _is_library_module(value.__module__ or "builtins")


@cache
def _is_library_module(name: str) -> bool:
    package = name.split(".")[0]
    if package in OURS or package == "__main__":
        return package in OURS
    place = _file(name)
    if place is None:
        return package in sys.stdlib_module_names
    return _is_installed(place) or _is_standard(place)


def _is_installed(place: Path) -> bool:
    return not {*INSTALLED}.isdisjoint(place.parts)


def _is_standard(place: Path) -> bool:
    return any(place.is_relative_to(folder) for folder in STANDARD)


def _file(name: str) -> Path | None:
    """The file of a module that is loaded or could be."""
    place = getattr(sys.modules.get(name), "__file__", None)
    if place is None and name not in sys.modules:
        with suppress(ImportError, ValueError, AttributeError):
            place = getattr(importlib.util.find_spec(name), "origin", None)
    return None if place is None else Path(place).resolve()


@cache
def _version(name: str) -> str:
    """What tells one version of a library's module from another; nothing for Python and Mesa."""
    package = name.split(".")[0]
    place = _file(name)
    if package in OURS or place is None or (_is_standard(place) and not _is_installed(place)):
        return ""
    version = getattr(sys.modules.get(package), "__version__", None)
    if version is None and place.is_file():
        return hashlib.sha256(place.read_bytes()).hexdigest()
    return str(version)


class _Told:
    """Tells values as lines of text; what was told before is told by its number."""

    def __init__(self, seen: Mapping[int, int] | None = None) -> None:
        self.seen = dict(seen or {})
        self.kept: list[Any] = []  # so that no address is used again

    def of(self, value: Any) -> Iterator[str]:
        """The lines of a value and of all that it reaches."""
        kind = type(value)
        if kind in PLAIN:
            yield f"{kind.__name__} {value!r}"
            return
        if _is_library(value):
            is_module = isinstance(value, types.ModuleType)
            home = value.__name__ if is_module else value.__module__ or "builtins"
            yield f"library {home if is_module else name_of(value)} {_version(home)}"
            if not _holds(value):
                return
        if id(value) in self.seen:
            yield f"again {self.seen[id(value)]}"
            return
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        if _is_library(value):
            yield from self.all("holds", _holds(value))
        elif isinstance(value, type):
            yield from self._class(value)
        elif isinstance(value, types.ModuleType):
            yield from self._module(value)
        elif kind in _KNOWN:
            yield from self._content(kind, value)
        else:
            yield from self._instance(value)

    def all(self, name: str, values: Iterable[Any]) -> Iterator[str]:
        """A heading, then the lines of some values in their order."""
        yield f"[{name}"
        for value in values:
            yield from self.of(value)
        yield "]"

    def named(self, name: str, values: Mapping[str, Any]) -> Iterator[str]:
        """A heading, then the lines of some named values by name."""
        yield f"[{name}"
        for key in sorted(values):
            yield key
            yield from self.of(values[key])
        yield "]"

    def _content(self, kind: type, value: Any) -> Iterator[str]:
        """What a value holds as one of a kind that `_PARTS` knows, or a function or set."""
        if kind in _PARTS:
            heading, parts = _PARTS[kind]
            yield from self.all(heading or type(value).__name__, parts(value))
        else:
            yield from (self._function if kind is types.FunctionType else self._set)(value)

    def _set(self, value: Iterable[Any]) -> Iterator[str]:
        """What has no order: each element is told as if it were the next one."""
        yield f"[{type(value).__name__}"
        yield from sorted("\n".join(_Told(self.seen).of(part)) for part in value)
        yield "]"

    def _function(self, value: types.FunctionType) -> Iterator[str]:
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        yield f"function {value.__name__}"
        yield from self.all("defaults", [value.__defaults__, value.__kwdefaults__, vars(value)])
        yield from self.named("closure", {name: _content(cell) for name, cell in cells})
        yield from self._code(value.__code__, value.__globals__)

    def _code(self, code: types.CodeType, names: Mapping[str, Any]) -> Iterator[str]:
        """A code object with the globals that it names and the modules that it imports."""
        yield f"code {code.co_name} {code.co_code.hex()} {code.co_names} {code.co_varnames}"
        yield f"{code.co_argcount} {code.co_kwonlyargcount} {code.co_flags} {code.co_freevars}"
        for constant in code.co_consts:
            is_code = isinstance(constant, types.CodeType)
            yield from self._code(constant, names) if is_code else self.of(constant)
        used, stack = set(), [None, None]
        for step in dis.get_instructions(code):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval in names:
                used.add(step.argval)
            elif step.opname == "IMPORT_NAME":
                yield from self.all("imports", _imported(step.argval, stack[-2:], names))
            stack.append(step.argval)
        yield from self.named("globals", {name: names[name] for name in used})

    def _class(self, value: type) -> Iterator[str]:
        """A class: its bases, and all that stands in it."""
        yield f"class {value.__name__}"
        yield from self.all("bases", [type(value), *value.__bases__])
        own = {key: what for key, what in vars(value).items() if not OF_EVERY_CLASS.fullmatch(key)}
        members = {key: what for key, what in own.items() if not isinstance(what, SLOTS)}
        yield from self.named("members", members)

    def _module(self, value: types.ModuleType) -> Iterator[str]:
        """A module of the project: all its globals as they are in memory."""
        own = {key: what for key, what in vars(value).items() if not key.startswith("__")}
        yield from self.named(f"module {value.__name__}", own)

    def _instance(self, value: Any) -> Iterator[str]:
        """Something else: what its class is and what it holds."""
        kind = type(value)
        known = next((base for base in _KNOWN if isinstance(value, base)), None)
        if not _is_library(kind):
            yield from self.all("instance", [kind])
            yield from self.named("holds", {**_slots(value), **getattr(value, "__dict__", {})})
            plain = next((base for base in PLAIN[1:] if isinstance(value, base)), None)
            if plain is not None:
                yield f"{plain.__name__} {plain.__repr__(value)}"
        elif known is not None:
            factory = value.default_factory if isinstance(value, defaultdict) else None
            yield from self.all(name_of(kind), [factory])
        elif kind is _CACHED or kind.__module__.startswith("numba."):
            function = value.__wrapped__ if kind is _CACHED else getattr(value, "py_func", None)
            compiled = dict(getattr(value, "targetoptions", {}))  # how numba does it
            yield from self.all(name_of(kind), [function, compiled] if function else [_untold()])
        elif kind.__module__.split(".")[0] in HARMLESS:
            yield f"harmless {name_of(kind)}"
        else:
            yield f"pickled {name_of(kind)} {self._pickled(value)}"
        if known is not None:
            yield from self._content(known, value)

    def _pickled(self, value: Any) -> str:
        """Hash of a library's object by its pickle, and the user's code that it holds."""
        data, code = io.BytesIO(), list[str]()
        pickler = pickle.Pickler(data, protocol=4)

        def own(part: Any) -> int | None:
            if not isinstance(part, (type, types.FunctionType)) or _is_library(part):
                return None
            code.extend(self.of(part))
            return len(code)

        pickler.persistent_id = own  # type: ignore[method-assign]
        try:
            pickler.dump(value)
        except Exception:  # whatever a library raises for what it cannot pickle
            return _untold()
        return hashlib.sha256(data.getvalue() + "\n".join(code).encode()).hexdigest()


SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)
_CACHED = type(cache(len))
_PARTS: dict[type, tuple[str, Callable[[Any], Iterable[Any]]]] = {
    partial: ("partial", attrgetter("func", "args", "keywords")),
    types.MethodType: ("method", attrgetter("__func__", "__self__")),
    classmethod: ("", lambda wrapper: [wrapper.__func__]),
    staticmethod: ("", lambda wrapper: [wrapper.__func__]),
    property: ("property", attrgetter("fget", "fset", "fdel")),
    dataclasses.Field: ("field", attrgetter("name", "default", "default_factory", "init")),
    dict: ("", lambda mapping: chain.from_iterable(mapping.items())),  # code may depend on order
    types.MappingProxyType: ("", lambda mapping: chain.from_iterable(mapping.items())),
    list: ("", iter),
    tuple: ("", iter),
    deque: ("", iter),
}
"""What of things of these types, and of their subclasses besides, is told under which heading, that
of their type if it is empty."""
_KNOWN = (*_PARTS, types.FunctionType, set, frozenset)


def _holds(value: Any) -> list[Any]:
    """What a library's function closes over, or is bound to."""
    closed = [_content(cell) for cell in getattr(value, "__closure__", None) or ()]
    bound = getattr(value, "__self__", None) if isinstance(value, types.BuiltinMethodType) else None
    return closed if bound is None or isinstance(bound, types.ModuleType) else [*closed, bound]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return "an empty cell"


def _imported(name: str, stack: list[Any], names: Mapping[str, Any]) -> Iterator[Any]:
    """The modules of the project that an import in a function takes; a name if there is none.

    Args:
        stack: Its level, 0 if it is absolute, and the names that it takes from the module.
    """
    level, taken = stack
    package = names.get("__package__") or str(names.get("__name__", "")).rpartition(".")[0]
    whole = name
    with suppress(ImportError, TypeError, ValueError):
        whole = importlib.util.resolve_name("." * int(level or 0) + name, package)
    for module in (whole, *(f"{whole}.{part}" for part in taken or ())):
        if not _is_library_module(module):
            try:
                yield importlib.import_module(module)
            except Exception:  # it is no module, or raises where it is imported: so it will again
                yield module


def _slots(value: Any) -> dict[str, Any]:
    """What the slots of an object hold, those of its bases, too."""
    members = (item for base in type(value).__mro__ for item in vars(base).items())
    found = {}
    for key, what in members:
        if isinstance(what, types.MemberDescriptorType):
            with suppress(Exception):  # an empty slot, or a `__getattr__` of a user that raises
                found[key] = getattr(value, key)
    return found
