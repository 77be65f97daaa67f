"""Files that are either there with all their bytes or not there, and what says which bytes."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from camphandover.errors import BatchError, CannotWrite
from camphandover.libraries import pa, pq

CHANGED = "is not what was written (checksum)"


class Stamp(NamedTuple):
    """What a file must be: its length in bytes and the SHA-256 (hex) of its content."""

    size: int
    sha256: str


MISSING = Stamp(0, "")
"""Of a file that no block knows of."""


def stamp(data: bytes) -> Stamp:
    """The stamp of some bytes."""
    return Stamp(len(data), hashlib.sha256(data).hexdigest())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name for a file, which gets its own name if all goes well; else it goes.

    Two writers of one path do not meet: each has a temporary name of its own.

    Errors:
        CannotWrite if the disk is full, there is no right to write there, or the like.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and not isinstance(error, CannotWrite):
            raise CannotWrite(
                f"{path} cannot be written: {error.strerror or error}. Make room or get the right "
                "to write there, or name another place (--out, --json; path=, out= in Python)."
            ) from error
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it.

    Errors:
        CannotWrite that names the file.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, content: Any) -> None:
    """Write a value as JSON, whole."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_whole(path, (text + "\n").encode())


def parquet(table: pa.Table, **options: Any) -> bytes:
    """A table as the bytes of a Parquet file, the same whenever it is written."""

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", version="2.6", **options)
    return bytes(sink.getvalue().to_pybytes())


def read(path: Path, expected: Stamp) -> bytes:
    """The bytes of a file of a block, checked.

    Errors:
        BatchError if it is damaged or missing.
    """
    data = path.read_bytes() if path.is_file() else None
    check(path, data, expected)
    return data or b""


def check(path: Path, data: bytes | None, expected: Stamp) -> None:
    """Hold what was read to what was written.

    Args:
        data: The file's bytes, `None` if it is not there.
    Errors:
        BatchError that names the file.
    """
    if data is None or stamp(data) != expected:
        what = "is missing" if data is None else CHANGED
        raise BatchError(
            f"{path} {what}. Run the batch's command again: it computes that block anew and "
            "nothing else."
        )


def fault_of(path: Path, expected: Stamp) -> str | None:
    """What is wrong with a file: missing, too short or long, changed; `None` if nothing."""
    try:
        size = path.stat().st_size
        if size != expected.size:
            return f"has {size} bytes, not {expected.size}"
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
    return None if found == expected.sha256 else CHANGED
