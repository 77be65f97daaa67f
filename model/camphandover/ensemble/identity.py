"""What a user's model is: a hash of its code and of all that the code can reach.

A batch is reused only if the model that made it is the one that is asked for. A name does not tell
that: a cell of a notebook is edited, a factory closes over a number, a module of the project
changes. So the hash covers the code as it is in memory (not the text of a file, which may have
changed since), default and closed-over values, the globals that a function names, and the modules
of the project that it imports. What comes from a library or from this package is known by its name.
"""

from __future__ import annotations

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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

OURS = ("camphandover", "mesa")
"""Known by name: a batch holds the digest of this package's rules, and Mesa's version is pinned."""
LIBRARIES = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib"))
PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), range)
HARMLESS = ("_thread", "_weakref", "weakref", "logging")
"""Modules of what holds nothing that a result could depend on: locks, references, loggers."""
OF_EVERY_CLASS = re.compile(
    "__(dict|weakref|module|qualname|doc|annotations|annotate|slots|firstlineno|static_attributes"
    "|abstractmethods|parameters|orig_bases|type_params|annotations_cache|annotate_func)__|_abc_impl"
)
"""Names in a class that Python puts there, and that no result depends on."""
_UNTOLD = secrets.token_hex(8)
"""Stands, in this process, for what cannot be told: it equals nothing that was stored."""


def identity_of(model: Any) -> str:
    """What a model is: its name, and a hash of the user's own code and values that decide it.

    A model that holds something whose content cannot be told (an open file, a generator) has
    another identity in each process, so that its batch is never reused.
    """
    name = name_of(model)
    if _is_library(model) and not getattr(model, "__closure__", None):
        return name
    try:
        told = "\n".join(_Told().of(model))
    except RecursionError:
        told = _UNTOLD
    return f"{name}#{hashlib.sha256(told.encode()).hexdigest()[:16]}"


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
    if package in OURS or package in sys.stdlib_module_names:
        return package != "__main__"
    place = _file(name)
    return place is not None and any(place.is_relative_to(library) for library in LIBRARIES)


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
    if package in OURS or package in sys.stdlib_module_names:
        return ""
    version = getattr(sys.modules.get(package), "__version__", None)
    place = _file(name)
    if version is None and place is not None and place.is_file():
        return hashlib.sha256(place.read_bytes()).hexdigest()
    return str(version)


class _Told:
    """Tells values as lines of text; what was told before is told by its number."""

    def __init__(self) -> None:
        self.seen: dict[int, int] = {}
        self.kept: list[Any] = []  # so that no address is used again

    def of(self, value: Any) -> Iterator[str]:
        """The lines of a value and of all that it reaches."""
        if isinstance(value, PLAIN):
            yield f"{type(value).__name__} {value!r}"
            return
        if _is_library(value):
            is_module = isinstance(value, types.ModuleType)
            home = value.__name__ if is_module else value.__module__ or "builtins"
            yield f"library {home if is_module else name_of(value)} {_version(home)}"
            if not getattr(value, "__closure__", None):
                return
        if id(value) in self.seen:
            yield f"again {self.seen[id(value)]}"
            return
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        if _is_library(value):
            yield from self.all("closure", [_content(cell) for cell in value.__closure__])
            return
        kind = next((kind for kind in _TELLERS if isinstance(value, kind)), None)
        yield from _TELLERS[kind](self, value) if kind else self._instance(value)

    def all(self, name: str, values: Iterable[Any]) -> Iterator[str]:
        """A heading, then the lines of some values in their order."""
        yield f"[{name}"
        for value in values:
            yield from self.of(value)
        yield "]"

    def unordered(self, name: str, values: Iterable[Any]) -> Iterator[str]:
        """The same of values that have no order; each is told as if it stood alone."""
        yield f"[{name}"
        yield from sorted("\n".join(_Told().of(value)) for value in values)
        yield "]"

    def named(self, name: str, values: Mapping[Any, Any]) -> Iterator[str]:
        """A heading, then the lines of some named values by name."""
        yield f"[{name}"
        keys = {"\n".join(_Told().of(key)): key for key in values}
        for told in sorted(keys):
            yield told
            yield from self.of(values[keys[told]])
        yield "]"

    def _partial(self, value: partial[Any]) -> Iterator[str]:
        yield from self.all("partial", [value.func, value.args, value.keywords])

    def _function(self, value: types.FunctionType) -> Iterator[str]:
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        yield f"function {value.__name__}"
        yield from self.all("defaults", [value.__defaults__, value.__kwdefaults__])
        yield from self.named("closure", {name: _content(cell) for name, cell in cells})
        yield from self._code(value.__code__, value.__globals__)

    def _code(self, code: types.CodeType, names: Mapping[str, Any]) -> Iterator[str]:
        """A code object with the globals that it names and the modules that it imports."""
        yield f"code {code.co_name} {code.co_code.hex()} {code.co_names} {code.co_varnames}"
        yield f"{code.co_argcount} {code.co_kwonlyargcount} {code.co_flags} {code.co_freevars}"
        for constant in code.co_consts:
            is_code = isinstance(constant, types.CodeType)
            yield from self._code(constant, names) if is_code else self.of(constant)
        used = set()
        for step in dis.get_instructions(code):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval in names:
                used.add(step.argval)
            elif step.opname == "IMPORT_NAME" and not _is_library_module(step.argval):
                yield from self.of(_imported(step.argval, names))
        yield from self.named("globals", {name: names[name] for name in used})

    def _class(self, value: type) -> Iterator[str]:
        """A class: its bases, and all that stands in it."""
        yield f"class {value.__name__}"
        yield from self.all("bases", [type(value), *value.__bases__])
        own = {key: what for key, what in vars(value).items() if not OF_EVERY_CLASS.fullmatch(key)}
        members = {key: what for key, what in own.items() if not _is_slot(what)}
        yield from self.named("members", members)

    def _method(self, value: types.MethodType) -> Iterator[str]:
        yield from self.all("method", [value.__func__, value.__self__])

    def _wrapper(self, value: Any) -> Iterator[str]:
        yield from self.all(type(value).__name__, [value.__func__])

    def _property(self, value: property) -> Iterator[str]:
        yield from self.all("property", [value.fget, value.fset, value.fdel])

    def _module(self, value: types.ModuleType) -> Iterator[str]:
        """A module of the project: all its globals as they are in memory."""
        own = {key: what for key, what in vars(value).items() if not key.startswith("__")}
        yield from self.named(f"module {value.__name__}", own)

    def _mapping(self, value: Mapping[Any, Any]) -> Iterator[str]:
        yield from self.named(type(value).__name__, value)

    def _sequence(self, value: Any) -> Iterator[str]:
        yield from self.all(type(value).__name__, value)

    def _set(self, value: Any) -> Iterator[str]:
        yield from self.unordered(type(value).__name__, value)

    def _instance(self, value: Any) -> Iterator[str]:
        """Something else: what its class is and what it holds."""
        kind = type(value)
        wrapped = getattr(value, "py_func", getattr(value, "__wrapped__", None))
        if isinstance(wrapped, types.FunctionType):
            yield from self.all(f"wrapped {name_of(kind)}", [wrapped])
        elif kind.__module__.split(".")[0] in HARMLESS:
            yield f"harmless {name_of(kind)}"
        elif not _is_library(kind):
            slots = {key: getattr(value, key) for key in _slots(kind) if hasattr(value, key)}
            yield from self.all("instance", [kind])
            yield from self.named("holds", {**slots, **getattr(value, "__dict__", {})})
        else:
            yield f"pickled {name_of(kind)} {self._pickled(value)}"

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
            return _UNTOLD
        return hashlib.sha256(data.getvalue() + "\n".join(code).encode()).hexdigest()


_TELLERS: dict[Any, Callable[[_Told, Any], Iterator[str]]] = {
    partial: _Told._partial,
    types.FunctionType: _Told._function,
    types.MethodType: _Told._method,
    (classmethod, staticmethod): _Told._wrapper,
    property: _Told._property,
    types.ModuleType: _Told._module,
    type: _Told._class,
    (dict, types.MappingProxyType): _Told._mapping,
    (list, tuple): _Told._sequence,
    (set, frozenset): _Told._set,
}


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return "an empty cell"


def _imported(name: str, names: Mapping[str, Any]) -> Any:
    """A module that a function imports when it runs; its name if it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError:
        package = names.get("__package__")
        try:
            return importlib.import_module(f".{name}", package) if package else name
        except ImportError:
            return name


def _is_slot(value: Any) -> bool:
    return isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType))


def _slots(kind: type) -> list[str]:
    """Names of the slots of a class and of its bases."""
    return [key for base in kind.__mro__ for key, what in vars(base).items() if _is_slot(what)]
