"""What a smaller batch or a writer that was cut off has left in the folder of a batch.

Other programs read the folder as it lies there: a file that the manifest does not name would be
counted by them. It goes once the manifest stands, so that nothing is lost by a kill at any time.
Only files of the form in which blocks are written go; charts and a user's own files stay.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from camphandover.batch import store
from camphandover.batch.cubes import CUBES
from camphandover.batch.plan import Block

_GROUPS = tuple(dict.fromkeys(cube.group for cube in CUBES))
_FOLDERS = (store.EVENTS, store.PARAMETERS, store.BLOCKS, store.SCENARIOS, *_GROUPS)
_FILES = (store.IDENTITY, store.MANIFEST, store.ONE_RECORD, store.RECORDS, store.OPEN)
_OF_A_BLOCK = re.compile(
    rf"({store.EVENTS}|{store.PARAMETERS})/[0-9a-f]{{16}}\.parquet|{store.BLOCKS}/[0-9a-f]{{16}}\.json|"
    + "|".join(rf"{re.escape(cube.group)}/{cube.name}/c(/[0-9]+)+" for cube in CUBES)
)
_UNFINISHED = re.compile(
    rf"(({'|'.join(map(re.escape, _FOLDERS))})/.+|{'|'.join(map(re.escape, _FILES))})"
    r"\.[0-9]+-[0-9]+\.part"
)


def tidy(folder: Path, held: Mapping[Block, store.Marker]) -> None:
    """Take away files of blocks that are no part of a finished batch, and unfinished ones.

    Args:
        folder: Of a batch whose manifest stands, held for this process (`store.writing`).
        held: All blocks of the manifest.
    """
    named = {path for marker in held.values() for path in marker.files}
    named |= {f"{store.BLOCKS}/{block.name}.json" for block in held}
    for path in _files(folder):
        inside = path.relative_to(folder).as_posix()
        is_left = _OF_A_BLOCK.fullmatch(inside) and inside not in named
        if is_left or _UNFINISHED.fullmatch(inside):
            with suppress(OSError):
                path.unlink()
                _prune(path.parent, folder)


def _files(folder: Path) -> Iterator[Path]:
    """Files in which leftovers may be, found before any is taken away."""
    yield from [path for path in folder.iterdir() if path.is_file()]
    for name in _FOLDERS:
        for where, _, files in [*os.walk(folder / name)]:
            yield from (Path(where, file) for file in files)


def _prune(emptied: Path, folder: Path) -> None:
    """Take away folders that are empty now, upwards."""
    while emptied != folder:
        emptied.rmdir()  # raises, and so ends it, at the first that holds something
        emptied = emptied.parent
