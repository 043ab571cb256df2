"""Zip archives without their directory: members are found by the headers in front of them.

The directory lies at the end, so that a cut archive has none. What stands in front of a member:
a signature, flags, the method, sizes and the lengths of its name and of an extra field, which
holds the sizes where they are said to be 2^32 - 1. A size that a killed writer never filled in
is taken to reach to the next member.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

_SIGNATURE = b"PK\x03\x04"
_DIRECTORY = b"PK\x01\x02"
_HEADER = struct.Struct("<4s2xHHxxxxxxxxIIHH")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 1
_UNKNOWN = 0xFFFF_FFFF
_ZIP64 = 1
_SEARCH_BYTES = 1 << 20
_PIECE_BYTES = 1 << 16
_MOST_MEMBERS = 1_000
_MOST_NAME_BYTES = 200


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive.

    Attributes:
        name: Its name.
        path: The archive.
        start: First byte of its data.
        stored_bytes: How many bytes of data there are, compressed where it is.
        is_deflated: Whether it is.
    """

    name: str
    path: Path
    start: int
    stored_bytes: int
    is_deflated: bool

    def open(self) -> IO[bytes]:
        """Return its content as far as it is there."""
        part = _Part(self.path, self.start, self.stored_bytes)
        return io.BufferedReader(_Inflated(part) if self.is_deflated else part, _PIECE_BYTES)


def find_members(path: Path) -> Iterator[Member]:
    """Yield the members of an archive whose directory is missing or damaged."""
    size = path.stat().st_size
    with path.open("rb") as file:
        at = _next(file, 0, _SIGNATURE, size)
        for _ in range(_MOST_MEMBERS):
            if at >= size:
                return
            found = _member(file, path, at, size)
            if found is None:
                at = _next(file, at + 4, _SIGNATURE, size)
                continue
            yield found
            at = _next(file, found.start + found.stored_bytes, _SIGNATURE, size)


def _member(file: IO[bytes], path: Path, at: int, size: int) -> Member | None:
    """Return the member whose header lies at an offset; None if that is none that can be read."""
    file.seek(at)
    raw = file.read(_HEADER.size)
    if len(raw) < _HEADER.size:
        return None
    signature, flags, method, packed, whole, name_bytes, extra_bytes = _HEADER.unpack(raw)
    name = file.read(name_bytes)
    extra = file.read(extra_bytes)
    if signature != _SIGNATURE or flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
        return None
    if not 0 < name_bytes <= _MOST_NAME_BYTES or not name.isascii():
        return None
    start = at + _HEADER.size + name_bytes + extra_bytes
    if _UNKNOWN in (packed, whole):
        packed = _long_size(extra)
    if not packed:
        packed = min(_next(file, start, mark, size) for mark in (_SIGNATURE, _DIRECTORY)) - start
    stored = max(0, min(packed, size - start))
    return Member(name.decode(), path, start, stored, method == _DEFLATED)


def _long_size(extra: bytes) -> int:
    """Return the stored size in an extra field of 64-bit sizes; 0 if it is not there."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == _ZIP64 and length >= 16 and at + 20 <= len(extra):
            return int(struct.unpack_from("<8xQ", extra, at + 4)[0])
        at += 4 + length
    return 0


def _next(file: IO[bytes], at: int, mark: bytes, size: int) -> int:
    """Return where a mark occurs next; the end of the file if it does not."""
    while at < size:
        file.seek(at)
        window = file.read(_SEARCH_BYTES + len(mark) - 1)
        hit = window.find(mark)
        if hit >= 0:
            return at + hit
        at += _SEARCH_BYTES
    return size


class _Source(Protocol):
    def read(self, size: int, /) -> bytes | None: ...

    def seek(self, offset: int, /) -> int: ...

    def close(self) -> None: ...


class _Part(io.RawIOBase):
    """A stretch of a file."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._start, self._size, self._at = start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._start + self._at)
        count = max(0, min(len(buffer), self._size - self._at))
        taken = self._file.readinto(memoryview(buffer)[:count]) or 0
        self._at += taken
        return taken

    def close(self) -> None:
        self._file.close()
        super().close()


class _Inflated(io.RawIOBase):
    """What a deflated stretch decompresses to, up to where it is cut; seeking reads on."""

    def __init__(self, part: _Source) -> None:
        self._part = part
        self._rewind()

    def _rewind(self) -> None:
        self._part.seek(0)
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the end is not known")
        target = offset + (self._at if whence == io.SEEK_CUR else 0)
        if target < self._at:
            self._rewind()
        while self._at < target and self._take(min(_PIECE_BYTES, target - self._at)):
            pass
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._take(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def _take(self, most: int) -> bytes:
        piece = b""
        while not piece and not self._inflate.eof:
            data = self._inflate.unconsumed_tail or self._part.read(_PIECE_BYTES)
            if not data:
                break
            piece = self._inflate.decompress(data, most)
        self._at += len(piece)
        return piece

    def close(self) -> None:
        self._part.close()
        super().close()
