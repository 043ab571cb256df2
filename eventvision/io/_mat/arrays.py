"""MATLAB files of version 5 to 7, read as streams: numbers and structures of them.

A header of 128 bytes, then elements: a tag (type, length) and data, padded to 8 bytes; up to four
bytes of data fit into the tag itself. A matrix is an element that holds others: flags, sizes, name,
and the numbers, in the smallest type that holds them, the first index varying fastest. Version 7
compresses each variable by itself with zlib. Reading never trusts a length: damaged files crash
less careful readers.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError
from eventvision.io._npz.arrays import READ_ERRORS, StoredArray

MAGIC = b"MATLAB 5.0"

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_STRUCT = 2
_NUMBERS = range(6, 16)
_STORED = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_MOST_FIELDS = 256
_MOST_VARIABLES = 1024
_LONGEST_TEXT = 1 << 16
_CHUNK_BYTES = 1 << 16

Opener = Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class MatVariable:
    """A variable of a file.

    Attributes:
        name: Its name.
        arrays: Its fields if it is a structure, else itself alone, under its own name.
    """

    name: str
    arrays: dict[str, StoredArray]


def read_variables(path: Path) -> list[MatVariable]:
    """List the numeric variables of a file, and structures of such; what is damaged is left out.

    Raises:
        FormatError: If it is not a MATLAB file of version 5 to 7.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    if head.startswith(b"MATLAB 7.3"):
        raise FormatError(path, "is of MATLAB version 7.3", "save it with -v7 in MATLAB")
    order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
    if not head.startswith(MAGIC) or order is None:
        raise FormatError(path, "does not begin with a MATLAB 5 header", "save it with -v7")
    found = []
    for opener, start, stop in _elements(path, order):
        with opener() as stream:
            try:
                found.append(_Parser(stream, opener, order).variable(start, stop))
            except (*READ_ERRORS, _DamagedError):
                continue
    return [variable for variable in found if variable.arrays]


class _DamagedError(Exception):
    """An element contradicts itself."""


@dataclass(frozen=True, slots=True)
class _Tag:
    kind: int
    start: int
    size: int
    after: int


class _Inflated(io.RawIOBase):
    """A compressed variable as a stream; going back begins anew."""

    def __init__(self, path: Path, start: int, stop: int) -> None:
        self._file = path.open("rb")
        self._start, self._stop = start, stop
        self._rewind()

    def _rewind(self) -> None:
        self._file.seek(self._start)
        self._inflate = zlib.decompressobj()
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only positions from the beginning")
        if offset < self._at:
            self._rewind()
        while self._at < offset:
            if not self._some(min(_CHUNK_BYTES, offset - self._at)):
                break
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        piece = self._some(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def _some(self, most: int) -> bytes:
        """Return up to `most` bytes, none at the end."""
        while not self._inflate.eof:
            source = self._inflate.unconsumed_tail
            if not source:
                left = self._stop - self._file.tell()
                source = self._file.read(min(_CHUNK_BYTES, max(0, left)))
            piece = self._inflate.decompress(source, most)
            self._at += len(piece)
            if piece:
                return piece
            if not source:
                raise EOFError("a compressed variable ends early")
        return b""

    def close(self) -> None:
        self._file.close()
        super().close()


def _elements(path: Path, order: str) -> Iterator[tuple[Opener, int, int]]:
    """Yield how to open each variable, and where in that stream its content begins and ends."""
    size = path.stat().st_size
    at = _HEADER_BYTES
    for _ in range(_MOST_VARIABLES):
        with path.open("rb") as file:
            file.seek(at)
            words = _words(file.read(8), order)
        if words.size < 2:
            return
        kind, length = (int(word) for word in words)
        start, stop = at + 8, min(at + 8 + length, size)
        if kind == _COMPRESSED:
            opener = _inflating(path, start, stop)
            with opener() as stream:
                try:
                    inner = _words(stream.read(8), order)
                except READ_ERRORS:
                    inner = np.empty(0, np.uint32)
            if inner.size == 2 and inner[0] == _MATRIX:
                yield opener, 8, 8 + int(inner[1])
        elif kind == _MATRIX:
            yield (lambda: path.open("rb")), start, stop
        at = start + length


def _inflating(path: Path, start: int, stop: int) -> Opener:
    def opened() -> IO[bytes]:
        return io.BufferedReader(_Inflated(path, start, stop), _CHUNK_BYTES)

    return opened


class _Parser:
    """Reads the elements within one variable."""

    def __init__(self, stream: IO[bytes], opener: Opener, order: str) -> None:
        self._stream, self._opener, self._order = stream, opener, order

    def variable(self, start: int, stop: int) -> MatVariable:
        """Return a variable; without arrays if it is neither numbers nor a structure of them."""
        kind, shape, name, at = self._matrix_head(start, stop)
        if kind in _NUMBERS:
            return MatVariable(name, {name: self._numbers(name, shape, at, stop)})
        if kind == _STRUCT and math.prod(shape) == 1:
            return MatVariable(name, dict(self._fields(at, stop)))
        return MatVariable(name, {})

    def _fields(self, at: int, stop: int) -> Iterator[tuple[str, StoredArray]]:
        """Yield the numeric fields of a structure, as far as they are sound."""
        length = self._tag(at, stop)
        longest = int.from_bytes(self._bytes(length)[:4], _byte_order(self._order))
        names = self._tag(length.after, stop)
        if not 0 < longest <= 64 or names.size > longest * _MOST_FIELDS:
            raise _DamagedError
        text = self._bytes(names)
        at = names.after
        for index in range(names.size // longest):
            name = _text(text[index * longest : (index + 1) * longest])
            try:
                tag = self._tag(at, stop)
                kind, shape, _, inner = self._matrix_head(tag.start, tag.start + tag.size)
                if kind in _NUMBERS and max(shape) == math.prod(shape):
                    length_only = (math.prod(shape),)
                    yield name, self._numbers(name, length_only, inner, tag.start + tag.size)
            except (*READ_ERRORS, _DamagedError):
                return
            at = tag.after

    def _matrix_head(self, at: int, stop: int) -> tuple[int, tuple[int, ...], str, int]:
        """Return class, shape, name, and the offset of what follows."""
        flags = self._tag(at, stop)
        sizes = self._tag(flags.after, stop)
        name = self._tag(sizes.after, stop)
        if flags.size != 8 or not 8 <= sizes.size <= 64:
            raise _DamagedError
        kind = _words(self._bytes(flags), self._order)[0] & 0xFF
        shape = _words(self._bytes(sizes), self._order).view(f"{self._order}i4")
        if (shape < 0).any():
            raise _DamagedError
        sides = tuple(int(side) for side in shape)
        return int(kind), sides, _text(self._bytes(name)), name.after

    def _numbers(self, name: str, shape: tuple[int, ...], at: int, stop: int) -> StoredArray:
        tag = self._tag(at, stop)
        if tag.kind not in _STORED:
            raise _DamagedError
        dtype = np.dtype(self._order + _STORED[tag.kind])
        if math.prod(shape) * dtype.itemsize != tag.size:
            raise _DamagedError
        stored = max(0, min(tag.size, stop - tag.start))
        return StoredArray(
            name,
            dtype,
            shape,
            fortran=True,
            start=tag.start,
            stored_bytes=stored,
            open=self._opener,
        )

    def _tag(self, at: int, stop: int) -> _Tag:
        if at + 8 > stop:
            raise _DamagedError
        self._stream.seek(at)
        raw = self._stream.read(8)
        if len(raw) < 8:
            raise _DamagedError
        kind, size = (int(word) for word in _words(raw, self._order))
        if kind >> 16:
            if kind >> 16 > 4:
                raise _DamagedError
            return _Tag(kind & 0xFFFF, at + 4, kind >> 16, at + 8)
        return _Tag(kind, at + 8, size, at + 8 + -(-size // 8) * 8)

    def _bytes(self, tag: _Tag) -> bytes:
        if tag.size > _LONGEST_TEXT:
            raise _DamagedError
        self._stream.seek(tag.start)
        content = self._stream.read(tag.size)
        if len(content) < tag.size:
            raise _DamagedError
        return content


def _words(raw: bytes, order: str) -> NDArray[np.uint32]:
    """Return the whole 32-bit words of some bytes."""
    return np.frombuffer(raw, f"{order}u4", len(raw) // 4)


def _byte_order(order: str) -> Any:
    return "little" if order == "<" else "big"


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("ascii", "replace")
