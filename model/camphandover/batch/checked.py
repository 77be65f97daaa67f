"""Reading the files of a batch so that a damaged or missing one is said and never served."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from zarr.storage import LocalStore

from camphandover.batch.files import MISSING, Stamp, check

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype


class CheckedStore(LocalStore):
    """A Zarr group of a batch whose chunks are held to their checksums when they are read.

    Args:
        folder: Of the batch. group: Name of the group.
        stamps: What each file of the batch's blocks must be, by path in the folder.
    """

    def __init__(self, folder: Path, group: str, stamps: Mapping[str, Stamp]) -> None:
        super().__init__(folder / group, read_only=True)
        self._stamps = {
            path.removeprefix(f"{group}/"): expected
            for path, expected in stamps.items()
            if path.startswith(f"{group}/")
        }
        self._cubes = {path.split("/c/")[0] for path in self._stamps}

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """The bytes under a key; BatchError if it is a chunk that is damaged or missing."""
        whole = await super().get(key, prototype)  # a part is as good as the whole
        await asyncio.to_thread(self._check, key, whole)
        return whole if byte_range is None else await super().get(key, prototype, byte_range)

    def get_sync(
        self,
        key: str,
        *,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """As `get`, for readers that do not wait."""
        whole = super().get_sync(key, prototype=prototype)
        self._check(key, whole)
        if byte_range is None:
            return whole
        return super().get_sync(key, prototype=prototype, byte_range=byte_range)

    def with_read_only(self, read_only: bool = True) -> CheckedStore:
        """Itself: nothing is written through it."""
        return self

    def _check(self, key: str, data: Buffer | None) -> None:
        expected = self._stamps.get(key)
        if expected is not None:
            check(self.root / key, None if data is None else data.to_bytes(), expected)
        elif data is None and key.split("/c/")[0] in self._cubes:
            check(self.root / key, None, MISSING)  # every chunk of a cube is written
