"""Marks of large recordings, kept between runs.

They lie in the user's cache folder (`eventvision.core.cache_folder`), one small file per recording:

- a magic word, then 64-bit numbers: size and time of the last change of the recording, whether the
  marks reach its end, how many marks there are and how many numbers each has;
- digests of what the recording is called, how it is read and how it begins and ends;
- the marks, row by row, and a digest of all that stands before it.

What does not fit the recording as it is now, or is damaged in any way, is as good as absent.
"""

from __future__ import annotations

import hashlib
import os
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np

from eventvision.core import EventVisionError, PartFile, SourceInfo, cache_folder

from ._marks import MOST_MARKS, Marks

PLACE_VARIABLE = "EVENTVISION_INDEX"
"""Environment variable: `beside` keeps the index of `NAME` in `.NAME.index`, `off` nowhere."""

LEAST_BYTES = 32 << 20
"""Smaller recordings are indexed faster than it is worth keeping."""
MOST_KEPT_BYTES = 64 << 20
"""All indexes together; the oldest give way."""

_MAGIC = b"EVINDEX1"
_HEAD = struct.Struct("<8s5q")
_DIGEST_BYTES = 16
_MOST_NUMBERS = 64
_MOST_FILE_BYTES = 128 + 8 * _MOST_NUMBERS * MOST_MARKS
_SAMPLE_BYTES = 4096


class IndexCache:
    """Where the marks of one recording are kept, as it is now.

    Args:
        path: The recording.
        info: How it is read.
    """

    def __init__(self, path: Path, info: SourceInfo) -> None:
        self._path, self._info = path, info
        self._place: Path | None = None
        with suppress(OSError):
            place = _place(path)
            if place is not None:
                self._identity = _identity(path, info)
                self._place = place

    def load(self, marks: Marks) -> Marks:
        """Return the marks that are kept; those given, which need only the first, if none are."""
        if self._place is not None:
            with suppress(OSError, ValueError, struct.error):
                if self._place.stat().st_size <= _MOST_FILE_BYTES:
                    return _unpacked(self._place.read_bytes(), self._identity, marks)
        return marks

    def store(self, marks: Marks) -> None:
        """Keep marks if they are worth it, can be written, and the recording is still the same."""
        if self._place is None:
            return
        with suppress(OSError, ValueError, EventVisionError):
            content = _packed(self._identity, marks)
            if self._identity != _identity(self._path, self._info):
                return
            part = PartFile(self._place)
            try:
                part.path.write_bytes(content)
                part.keep()
            except BaseException:
                part.discard()
                raise
            if self._place.parent == _folder():
                _make_room(self._place)


def _folder() -> Path:
    return cache_folder() / "index"


def _place(path: Path) -> Path | None:
    """Return where the marks of a recording are kept; None if nowhere."""
    where = os.environ.get(PLACE_VARIABLE, "")
    if where == "off" or path.stat().st_size < LEAST_BYTES:
        return None
    if where == "beside":
        return path.with_name(f".{path.name}.index")
    return _folder() / f"{_digest(os.fsencode(path.resolve())).hex()}.index"


def _packed(identity: Identity, marks: Marks) -> bytes:
    rows = marks.pack()
    if rows is None or rows.shape[1] > _MOST_NUMBERS:
        raise ValueError("such marks cannot be kept")
    size, changed_ns, digest = identity
    head = _HEAD.pack(_MAGIC, size, changed_ns, marks.is_complete, *rows.shape)
    content = head + digest + rows.astype("<i8").tobytes()
    return content + _digest(content)


def _unpacked(kept: bytes, identity: Identity, marks: Marks) -> Marks:
    content, digest = kept[:-_DIGEST_BYTES], kept[-_DIGEST_BYTES:]
    magic, size, changed_ns, is_complete, count, numbers = _HEAD.unpack_from(content)
    first = _HEAD.size + _DIGEST_BYTES
    if magic != _MAGIC or digest != _digest(content):
        raise ValueError("is damaged")
    if (size, changed_ns, content[_HEAD.size : first]) != identity:
        raise ValueError("is of another recording")
    begin = marks.pack()
    if begin is None or numbers != begin.shape[1] or len(content) != first + 8 * count * numbers:
        raise ValueError("has marks of another kind")
    rows = np.frombuffer(content, "<i8", offset=first).reshape(count, numbers)
    return marks.unpack(rows, size=size, is_complete=bool(is_complete))


Identity = tuple[int, int, bytes]


def _identity(path: Path, info: SourceInfo) -> Identity:
    """Return size, time of the last change, and a digest of all else that must be the same."""
    with path.open("rb") as file:
        state = os.fstat(file.fileno())
        ends = file.read(_SAMPLE_BYTES)
        file.seek(max(0, state.st_size - _SAMPLE_BYTES))
        ends += file.read(_SAMPLE_BYTES)
    said = f"{path.resolve()}\n{info.format}\n{info.sensor}\n"
    return state.st_size, state.st_mtime_ns, _digest(os.fsencode(said) + ends)


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()


def _make_room(newest: Path) -> None:
    """Delete the oldest indexes while all together are too large."""
    found = [(each.stat(), each) for each in newest.parent.glob("*.index") if each != newest]
    found.sort(key=lambda pair: pair[0].st_mtime_ns)
    total = newest.stat().st_size + sum(state.st_size for state, _ in found)
    for state, place in found:
        if total <= MOST_KEPT_BYTES:
            break
        place.unlink(missing_ok=True)
        total -= state.st_size
