"""The records of a ROS1 bag, version 2.0.

A record is a header (its length, then fields `name=value`, each behind its length) and data
behind their length. The field `op` tells what it is. Messages and the connections that they
belong to lie in chunks, which may be compressed; behind each chunk follows its index, and at the
end of the bag all connections once more. The indices are not needed: whoever walks the records
in order meets each message, also in a bag whose recording was broken off. An uncompressed chunk
is simply entered, as if its records were those of the bag.
"""

from __future__ import annotations

import bz2
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from eventvision.io._file_bytes import Bytes

MAGIC = b"#ROSBAG V2.0\n"

_MOST_HEADER_BYTES = 1 << 16
_MOST_CHUNK_BYTES = 1 << 28
_SEARCH_BYTES = 1 << 20
_SEARCH_BACK_BYTES = 256
_PIECE_BYTES = 1 << 16


class Op(IntEnum):
    """What a record is."""

    MESSAGE = 2
    BAG = 3
    INDEX = 4
    CHUNK = 5
    CHUNK_INFO = 6
    CONNECTION = 7


_FIELDS: dict[Op, dict[bytes, int | None]] = {
    Op.MESSAGE: {b"conn": 4, b"time": 8},
    Op.BAG: {b"index_pos": 8},
    Op.INDEX: {b"conn": 4, b"count": 4},
    Op.CHUNK: {b"compression": None, b"size": 4},
    Op.CHUNK_INFO: {b"chunk_pos": 8},
    Op.CONNECTION: {b"conn": 4, b"topic": None},
}
"""Fields that each must have, and how many bytes long they are."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record; its data may reach beyond the end of the bag.

    Attributes:
        op: What it is.
        fields: Its header.
        start: Offset of its data.
        stop: Offset of the record behind it, as it says.
    """

    op: Op
    fields: Mapping[bytes, bytes]
    start: int
    stop: int

    def number(self, name: bytes) -> int:
        """Return a field of four bytes."""
        return int(struct.unpack("<I", self.fields[name])[0])


def read_record(data: Bytes, at: int) -> Record | None:
    """Return the record that begins at an offset; None if none does."""
    size = _length(data, at)
    if not 0 < size <= _MOST_HEADER_BYTES:
        return None
    start = at + 4 + size
    fields = read_fields(data[at + 4 : start].tobytes())
    code = fields.get(b"op", b"\0")
    if len(code) != 1 or code[0] not in set(Op):
        return None
    op, length = Op(code[0]), _length(data, start)
    for name, expected in _FIELDS[op].items():
        if name not in fields or expected not in (None, len(fields[name])):
            return None
    return None if length < 0 else Record(op, fields, start + 4, start + 4 + length)


def read_fields(header: bytes) -> dict[bytes, bytes]:
    """Return the fields of a header; none if it is not one."""
    fields, at = {}, 0
    while at < len(header):
        if at + 4 > len(header):
            return {}
        (size,) = struct.unpack_from("<I", header, at)
        name, mark, value = header[at + 4 : at + 4 + size].partition(b"=")
        at += 4 + size
        if not mark or at > len(header):
            return {}
        fields[name] = value
    return fields


def find_record(data: Bytes, at: int) -> int:
    """Return the offset of the first record at or after an offset; that of the end if none."""
    while at < data.size:
        window = data[at : at + _SEARCH_BYTES + _SEARCH_BACK_BYTES].tobytes()
        hit = window.find(b"\x04\0\0\0op=")
        while hit >= 0:
            for back in range(4, min(hit + at, _SEARCH_BACK_BYTES) + 1):
                if at + hit - back >= at and read_record(data, at + hit - back) is not None:
                    return at + hit - back
            hit = window.find(b"\x04\0\0\0op=", hit + 1)
        at += _SEARCH_BYTES
    return data.size


def inflate(data: NDArray[np.uint8], compression: bytes, size: int) -> tuple[bytes, str]:
    """Decompress a chunk as far as it is sound.

    Args:
        data: What there is of it.
        compression: `lz4`, `bz2` or `zstd`.
        size: Its stated size.

    Returns:
        What came out, and what was wrong; empty if nothing.
    """
    if size > _MOST_CHUNK_BYTES:
        return b"", f"a chunk claims {size} bytes"
    from eventvision.io._zstd import zstd

    if compression == b"lz4":
        import lz4.frame

        step = lz4.frame.LZ4FrameDecompressor()
    elif compression == b"bz2":
        step = bz2.BZ2Decompressor()
    elif compression == b"zstd":
        step = zstd.ZstdDecompressor()
    else:
        return b"", f"compression {compression[:20]!r} is not known"
    out = bytearray()
    try:
        for at in range(0, data.size, _PIECE_BYTES):
            piece = data[at : at + _PIECE_BYTES].tobytes()
            out += step.decompress(piece, size - len(out) + 1)
            if step.eof or len(out) >= size:
                break
    except (OSError, RuntimeError, EOFError, zstd.ZstdError) as error:
        return bytes(out[:size]), f"a chunk cannot be decompressed ({error})"
    return bytes(out[:size]), _shortage(size, out)


def _shortage(size: int, out: bytearray) -> str:
    return "" if len(out) == size else f"a chunk is {size - len(out)} bytes short"


def _length(data: Bytes, at: int) -> int:
    raw = data[at : at + 4].tobytes()
    return int(struct.unpack("<I", raw)[0]) if len(raw) == 4 else -1
