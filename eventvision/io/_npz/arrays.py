"""Arrays as NumPy stores them, read as streams: never whole, never pickled.

A `.npy` file is a magic, a version, a header that is a Python literal (dtype, shape, order) and
the bare data; an `.npz` file is a zip archive of them.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from eventvision.core import FormatError

from .salvage import find_members

READ_ERRORS = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError
)  # fmt: skip
"""What reading a damaged, encrypted or exotic archive raises."""

_HEADER_ERRORS = (ValueError, TypeError, SyntaxError, TokenError, RecursionError, Warning)
"""What NumPy raises on a damaged header, which it parses as Python source."""

_LONGEST_HEADER = 1 << 16
_LARGEST_ITEM = 4096
_MOST_INFLATED = 1 << 62
"""Size of what is inflated, which is known only at its end."""


@dataclass(frozen=True, slots=True)
class StoredArray:
    """An array in a file, not read yet.

    Attributes:
        name: Its name in the archive; empty for a lone `.npy`.
        dtype: Type of its items.
        shape: Its shape.
        fortran: Whether the first index varies fastest.
        start: Where its data begins in the stream that `open` gives.
        stored_bytes: How many bytes of data there are; fewer than promised in a cut file.
        open: Opens the stream.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    start: int
    stored_bytes: int
    open: Callable[[], IO[bytes]]

    def load(self, most_bytes: int = 1 << 26) -> NDArray[Any]:
        """Return a small array whole.

        Raises:
            ValueError: If it is larger than `most_bytes` or cut.
        """
        size = math.prod(self.shape) * self.dtype.itemsize
        if size > min(most_bytes, self.stored_bytes):
            raise ValueError(f"array {self.name!r} of {size} bytes is too large or cut")
        with self.open() as stream:
            stream.seek(self.start)
            flat = np.frombuffer(stream.read(size), self.dtype)
        return flat.reshape(self.shape, order="F" if self.fortran else "C")


@dataclass(frozen=True, slots=True)
class Run:
    """Items that follow one another in a stored array.

    Attributes:
        array: Where they are.
        dtype: Type of an item.
        first: Index of the first item.
        count: How many are promised.
    """

    array: StoredArray
    dtype: np.dtype[Any]
    first: int
    count: int

    @property
    def stored(self) -> int:
        """How many are there."""
        bytes_left = self.array.stored_bytes - self.first * self.dtype.itemsize
        return min(self.count, max(0, bytes_left) // self.dtype.itemsize)

    def blocks(self, items: int, start: int, stop: int) -> Iterator[NDArray[Any]]:
        """Yield items `[start, stop)` in blocks of `items`, the last one shorter.

        Raises:
            EOFError: If the array ends early, after its last whole items have been yielded.
        """
        size = self.dtype.itemsize
        with self.array.open() as stream:
            stream.seek(self.array.start + (self.first + start) * size)
            for at in range(start, stop, items):
                wanted = min(items, stop - at) * size
                block = stream.read(wanted)
                yield np.frombuffer(block, self.dtype, len(block) // size)
                if len(block) < wanted:
                    raise EOFError(f"array {self.array.name!r} ends early")


@dataclass(frozen=True, slots=True)
class StoredArrays:
    """The arrays of a file.

    Attributes:
        arrays: By name.
        problem: Why only those are listed that could be found; empty if all is well.
    """

    arrays: dict[str, StoredArray]
    problem: str = ""


def read_arrays(path: Path, stack: ExitStack) -> StoredArrays:
    """List the arrays of a `.npz` or `.npy` file; the file stays open as long as `stack`.

    Raises:
        FormatError: If it is neither, or an array in it cannot be read safely.
    """
    with path.open("rb") as file:
        magic = file.read(6)
    if magic == npy.MAGIC_PREFIX:
        lone = _array(path, "", path.stat().st_size, lambda: path.open("rb"))
        return StoredArrays({"": lone})
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
    except (*READ_ERRORS, ValueError) as error:
        return _salvaged(path, str(error))
    members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
    if not members:
        raise FormatError(
            path, "is a zip archive without NumPy arrays", "open a recording that lies inside it"
        )
    return StoredArrays({m.filename[:-4]: _member(path, archive, m) for m in members})


def _salvaged(path: Path, problem: str) -> StoredArrays:
    """List the arrays that can be found in an archive whose directory cannot be read."""
    found: dict[str, StoredArray] = {}
    for member in find_members(path):
        name = member.name.removesuffix(".npy")
        if name == member.name or name in found:
            continue
        size = _MOST_INFLATED if member.is_deflated else member.stored_bytes
        with suppress(FormatError):
            found[name] = _array(path, name, size, member.open)
    if not found:
        problem = f"is no complete .npz archive ({problem})"
        raise FormatError(path, problem, "copy or export it again")
    return StoredArrays(found, problem)


def _member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> StoredArray:
    def opened() -> IO[bytes]:
        return archive.open(member)

    return _array(path, member.filename[:-4], member.file_size, opened)


def _array(path: Path, name: str, size: int, opened: Callable[[], IO[bytes]]) -> StoredArray:
    place = f"array {name!r}" if name else "its header"
    try:
        with opened() as stream:
            head = io.BytesIO(stream.read(_LONGEST_HEADER))
        shape, fortran, dtype = _header(head)
    except (*READ_ERRORS, *_HEADER_ERRORS) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(path, f"{place} cannot be read ({text})", "export it again") from error
    if dtype.hasobject:
        raise FormatError(
            path, f"{place} holds Python objects, which are not safe to load", "export numbers"
        )
    if not 0 < dtype.itemsize <= _LARGEST_ITEM or any(side < 0 for side in shape):
        raise FormatError(path, f"{place} has absurd items or shape", "export it again")
    start = head.tell()
    return StoredArray(name, dtype, shape, fortran, start, max(0, size - start), opened)


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"version {version} of the format is unknown")
    shape, fortran, dtype = readers[version](stream)
    return shape, fortran, dtype
