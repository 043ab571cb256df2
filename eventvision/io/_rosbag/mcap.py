"""ROS2 bags in MCAP files, read without any library.

A record is a letter for its kind, 64 bits of length, and content. Messages (5) name a channel (4),
which names a schema (3); they lie in chunks (6), which may be compressed. Indices follow, and a
summary that repeats schemas and channels; its place stands in the footer (2) at the end. None of
these is needed: whoever walks the records in order meets each message, also in a file whose
recording was broken off. A chunk that is not compressed is simply entered.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from eventvision.io._file_bytes import Bytes

from .messages import CDR_LITTLE_ENDIAN, plain_type
from .records import inflate
from .stream import BagSource, Connections, Taken

MAGIC = b"\x89MCAP0\r\n"

_HEAD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
_CHUNK = struct.Struct("<QQQI")
_MOST_BYTES = 1 << 30
_LAST_KIND = 0x0F
_SEARCH_BYTES = 1 << 20
_LONGEST_HEAD = 64
_BEGINNINGS = re.compile(
    rb"\x06(?=.{36}(?:\0\0\0\0|\x03\0\0\0lz4|\x04\0\0\0zstd))"
    rb"|\x05(?=.{30}" + re.escape(CDR_LITTLE_ENDIAN) + rb"\0\0)",
    re.DOTALL,
)
"""What chunks and messages begin with, as far as that is the same for all."""


class _Kind(IntEnum):
    FOOTER = 2
    SCHEMA = 3
    CHANNEL = 4
    MESSAGE = 5
    CHUNK = 6


class McapSource(BagSource):
    """The events of one topic of an MCAP file as ROS2 writes it."""

    label = "ROS2 bag"
    expected = "an MCAP file"
    magic = MAGIC
    is_cdr = True

    @staticmethod
    def take(data: Bytes, at: int, connections: Connections, /) -> Taken:
        """Read what begins at an offset: a record, or a compressed chunk with all its messages."""
        return take(data, at, connections)

    def _listed_connections(self, data: Bytes) -> Connections:
        """Return the channels that the summary names."""
        connections: Connections = {}
        footer = _read(data, data.size - len(MAGIC) - _HEAD.size - 20)
        if footer is None or footer.kind != _Kind.FOOTER or footer.size != 20:
            return connections
        at = int.from_bytes(footer.content(data, 8), "little")
        while len(MAGIC) < at < data.size:
            record = _read(data, at)
            if record is None or record.kind not in (_Kind.SCHEMA, _Kind.CHANNEL):
                break
            _connect(record, data, connections)
            at = record.stop
        return connections


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    start: int
    size: int

    @property
    def stop(self) -> int:
        return self.start + self.size

    def content(self, data: Bytes, most: int = _MOST_BYTES) -> bytes:
        return data[self.start : min(self.stop, self.start + most)].tobytes()


def take(data: Bytes, at: int, connections: Connections) -> Taken:
    """Read what begins at an offset; schemas are kept as connections with negative numbers."""
    if data[at : at + len(MAGIC)].tobytes() == MAGIC and at + len(MAGIC) == data.size:
        return Taken(after=data.size)
    record = _read(data, at)
    if record is None or (record.stop > data.size and record.kind != _Kind.CHUNK):
        return Taken(after=_find(data, at + 1, connections), problem="there is no whole record")
    if record.kind == _Kind.CHUNK:
        return _take_chunk(data, at, record, connections)
    if record.kind in (_Kind.SCHEMA, _Kind.CHANNEL):
        _connect(record, data, connections)
    if record.kind == _Kind.MESSAGE and record.size >= _MESSAGE.size:
        content = record.content(data)
        channel, *_ = _MESSAGE.unpack_from(content)
        return Taken(after=record.stop, messages=((channel, content[_MESSAGE.size :]),))
    return Taken(after=record.stop)


def _read(data: Bytes, at: int) -> _Record | None:
    """Return the record whose head lies at an offset; None if none does."""
    head = data[at : at + _HEAD.size].tobytes() if at >= 0 else b""
    if len(head) < _HEAD.size:
        return None
    kind, size = _HEAD.unpack(head)
    plausible = (1 <= kind <= _LAST_KIND or kind >= 0x80) and size <= _MOST_BYTES
    return _Record(kind, at + _HEAD.size, size) if plausible else None


def _take_chunk(data: Bytes, at: int, record: _Record, connections: Connections) -> Taken:
    found = _chunk_content(record.content(data, _LONGEST_HEAD), record.size)
    if found is None:
        return Taken(after=_find(data, at + 1, connections), problem="there is no whole chunk")
    compression, begin, size = found
    if not compression:
        return Taken(after=record.start + begin)
    stop = record.stop
    if stop > data.size:
        stop = _find(data, record.start + begin, connections)
    raw, problem = inflate(data[record.start + begin : stop], compression, size)
    messages: list[tuple[int, bytes]] = []
    inner, place = np.frombuffer(raw, np.uint8), 0
    while place < inner.size:
        taken = take(inner, place, connections)
        messages.extend(taken.messages)
        problem = problem or (taken.problem and f"in a chunk {taken.problem}")
        place = taken.after
    return Taken(after=stop, messages=tuple(messages), problem=problem)


def _chunk_content(head: bytes, size: int) -> tuple[bytes, int, int] | None:
    """Return compression, place of the records and their size in a chunk; None if it is none."""
    if len(head) < _CHUNK.size + 12:
        return None
    first_ns, last_ns, whole, _ = _CHUNK.unpack_from(head)
    (letters,) = struct.unpack_from("<I", head, _CHUNK.size)
    begin = _CHUNK.size + 4 + letters + 8
    if letters > 4 or begin > len(head):
        return None
    (stored,) = struct.unpack_from("<Q", head, begin - 8)
    if begin + stored != size or (last_ns and first_ns > last_ns):
        return None
    return head[begin - 8 - letters : begin - 8], begin, whole


def _find(data: Bytes, at: int, connections: Connections) -> int:
    """Return where the next chunk or message of a known channel begins; the end if none does."""
    while at < data.size:
        window = data[at : at + _SEARCH_BYTES + _LONGEST_HEAD].tobytes()
        for hit in _BEGINNINGS.finditer(window):
            record = _read(data, at + hit.start())
            if record is not None and _is_sure(record, data, connections):
                return at + hit.start()
        at += _SEARCH_BYTES
    return data.size


def _is_sure(record: _Record, data: Bytes, connections: Connections) -> bool:
    head = record.content(data, _LONGEST_HEAD)
    if record.kind == _Kind.CHUNK:
        return _chunk_content(head, record.size) is not None
    if record.stop > data.size or record.size < _MESSAGE.size:
        return False
    channel, *_ = _MESSAGE.unpack_from(head)
    return channel in connections


def _connect(record: _Record, data: Bytes, connections: Connections) -> None:
    content = record.content(data)
    try:
        (number,) = struct.unpack_from("<H", content)
        if record.kind == _Kind.SCHEMA:
            connections[-1 - number] = "", plain_type(_text(content, 2))
        else:
            (schema,) = struct.unpack_from("<H", content, 2)
            connections[number] = _text(content, 4), connections.get(-1 - schema, ("", ""))[1]
    except struct.error:
        return


def _text(content: bytes, at: int) -> str:
    (size,) = struct.unpack_from("<I", content, at)
    return content[at + 4 : at + 4 + size].decode("utf-8", "replace")
