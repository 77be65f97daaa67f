"""Files that are either there with all their bytes or not there, and what says which bytes."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple


class Stamp(NamedTuple):
    """What a file must be: its length in bytes and the SHA-256 (hex) of its content."""

    size: int
    sha256: str


def stamp(data: bytes) -> Stamp:
    """The stamp of some bytes."""
    return Stamp(len(data), hashlib.sha256(data).hexdigest())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it.

    Two writers of one path do not meet: each has a temporary name of its own.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_json(path: Path, content: Any) -> None:
    """Write a value as JSON, whole."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_whole(path, (text + "\n").encode())


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
    return None if found == expected.sha256 else "is not what was written (checksum)"
