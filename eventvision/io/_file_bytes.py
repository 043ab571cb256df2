"""The bytes of a file, read as they are looked at."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SourceError

CHUNK_BYTES = 1 << 20
"""Read at once: fits the second cache of a core, so that decoding finds the bytes there."""
PEEK_BYTES = 1 << 12
"""So few bytes that lie elsewhere are fetched on their own."""

_OWN_REFERENCES = 4
"""References to the buffer while it is moved, if nobody else looks at it."""


class FileShrankError(SourceError):
    """The file ends earlier than it did when it was opened.

    Attributes:
        size: Where it ends now.
    """

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(path, f"was cut to {size} bytes while it was read", "copy it again")
        self.size = size


class FileBytes:
    """The bytes of a file that stays as it is, sliced like an array.

    Memory is a chunk, not the file. The file is read rather than mapped, because a process that
    touches a mapped page beyond the end of a file that somebody has cut short is killed.

    Attributes:
        size: Length of the file, as it was when it was opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb", buffering=0)
        self.size = os.fstat(self._file.fileno()).st_size
        self._buffer: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._base, self._filled = 0, 0

    def __getitem__(self, place: slice) -> NDArray[np.uint8]:
        """Return the bytes of `[place.start, place.stop)` as far as the file has them.

        What was returned stays as it is when more is asked for.

        Raises:
            FileShrankError: If the file has become shorter.
            SourceError: If it cannot be read.
        """
        start, stop, _ = place.indices(self.size)
        stop = max(start, stop)
        if self._base <= start and stop <= self._base + self._filled:
            return self._buffer[start - self._base : stop - self._base]
        is_near = self._base <= start < self._base + self._filled
        if stop - start <= PEEK_BYTES and not is_near:
            part: NDArray[np.uint8] = np.empty(stop - start, np.uint8)
            self._check_end(start + self._read(part, start), stop)
            return part
        self._move_to(start, min(max(stop - start, CHUNK_BYTES), self.size - start))
        self._check_end(start + self._filled, stop)
        return self._buffer[: stop - start]

    def close(self) -> None:
        """Close the file; what was returned stays valid."""
        self._file.close()

    def _move_to(self, start: int, count: int) -> None:
        """Hold `count` bytes from `start` on; those that are at hand already are moved."""
        first, last = start - self._base, self._filled
        at_hand = self._buffer[first:last] if 0 <= first < last else self._buffer[:0]
        at_hand = at_hand[:count]
        buffer = self._buffer
        # Memory that is new costs more time than reading. Views are counted as references.
        if sys.getrefcount(buffer) > _OWN_REFERENCES or buffer.size < count:
            buffer = np.empty(max(count, CHUNK_BYTES), np.uint8)
        buffer[: at_hand.size] = at_hand
        self._filled = 0
        got = self._read(buffer[at_hand.size : count], start + at_hand.size)
        self._buffer, self._base, self._filled = buffer, start, at_hand.size + got

    def _check_end(self, reached: int, stop: int) -> None:
        if reached < stop:
            raise FileShrankError(self._path, os.fstat(self._file.fileno()).st_size)

    def _read(self, target: NDArray[np.uint8], start: int) -> int:
        """Fill `target` and return how many bytes there were."""
        filled = 0
        try:
            self._file.seek(start)
            while filled < target.size and (got := self._file.readinto(target[filled:].data)):
                filled += got
        except OSError as error:
            problem = f"cannot be read at byte {start + filled} ({error.strerror})"
            raise SourceError(self._path, problem, "copy it again, or check the disk") from error
        return filled


Bytes = NDArray[np.uint8] | FileBytes
"""Bytes that decoders look at: all in memory, or those of a file."""
