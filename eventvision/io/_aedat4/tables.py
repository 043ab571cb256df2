"""Flatbuffers as AEDAT4 uses them, read with every access checked.

A table begins with the signed distance back to its vtable; the vtable holds its own size, the
table's size and a 16-bit offset per field, 0 where the field is absent. Vectors and strings are
reached through an unsigned distance and begin with their length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import IMU_DTYPE, TRIGGER_DTYPE, Frame
from eventvision.kernels import aedat4_tables as kernel


class TableError(Exception):
    """A flatbuffer points outside itself, or holds something else than was announced."""


class Table:
    """One table of a flatbuffer."""

    __slots__ = ("_at", "_buffer", "_vtable", "_vtable_size")

    def __init__(self, buffer: memoryview, at: int) -> None:
        self._buffer = buffer
        self._at = at
        self._vtable = at - _unpack("<i", buffer, at)
        self._vtable_size = _unpack("<H", buffer, self._vtable)

    @classmethod
    def root(cls, buffer: memoryview, identifier: bytes) -> Table:
        """Return the outermost table of a flatbuffer with its size in front.

        Raises:
            TableError: If it is not of that kind or is cut off.
        """
        if bytes(buffer[8:12]) != identifier:
            raise TableError(f"no {identifier.decode()} data")
        if _unpack("<I", buffer, 0) + 4 > len(buffer):
            raise TableError("cut off")
        return cls(buffer, 4 + _unpack("<I", buffer, 4))

    def scalar(self, field: int, code: str, default: Any) -> Any:
        """Return the number in a field; `code` is its `struct` format."""
        place = self._place(field)
        return default if place is None else _unpack("<" + code, self._buffer, place)

    def vector(self, field: int, item_bytes: int) -> memoryview:
        """Return the bytes of a vector or string, empty where the field is absent."""
        place = self._place(field)
        if place is None:
            return self._buffer[:0]
        start = place + _unpack("<I", self._buffer, place)
        count = _unpack("<I", self._buffer, start)
        end = start + 4 + count * item_bytes
        if end > len(self._buffer):
            raise TableError("a vector reaches beyond the end")
        return self._buffer[start + 4 : end]

    def tables(self, field: int) -> Iterator[Table]:
        """Yield the tables of a vector of tables."""
        place = self._place(field)
        if place is None:
            return
        start = place + _unpack("<I", self._buffer, place) + 4
        for index in range(len(self.vector(field, 4)) // 4):
            at = start + 4 * index
            yield Table(self._buffer, at + _unpack("<I", self._buffer, at))

    def _place(self, field: int) -> int | None:
        entry = 4 + 2 * field
        if entry + 2 > self._vtable_size:
            return None
        offset = _unpack("<H", self._buffer, self._vtable + entry)
        return self._at + offset if offset else None


def _unpack(code: str, buffer: memoryview, at: int) -> Any:
    if at < 0:
        raise TableError("a reference points before the beginning")
    try:
        return struct.unpack_from(code, buffer, at)[0]
    except struct.error:
        raise TableError("a reference points beyond the end") from None


MOST_TABLES_BYTES = 1 << 24
"""No packet of IMU samples or triggers is larger; what is read takes up to ten times as much."""


def read_imu(buffer: memoryview) -> NDArray[np.void]:
    """Return the samples of an IMU packet, in the units of `IMU_DTYPE`, which are the file's."""
    times, words = _columns(buffer, b"IMUS", fields=10, width=4)
    values = words.view(np.float32)
    found = np.zeros(times.size, IMU_DTYPE)
    found["t"], found["temperature"] = times, values[:, 0]
    for index, name in enumerate(("accelerometer", "gyroscope", "magnetometer")):
        found[name] = values[:, 1 + 3 * index : 4 + 3 * index]
    return found


def _columns(
    buffer: memoryview, identifier: bytes, *, fields: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return the times, and the fields after them as bits, of a vector of tables."""
    if len(buffer) > MOST_TABLES_BYTES:
        raise TableError(f"{len(buffer)} bytes are not plausible")
    data = np.frombuffer(buffer, np.uint8)
    first, count = kernel.find_tables(data, int.from_bytes(identifier, "little"))
    if count < 0:
        raise TableError(f"no {identifier.decode()} data")
    times, words = np.empty(count, np.int64), np.empty((count, fields), np.uint32)
    if not kernel.read_tables(data, first, width, times, words):
        raise TableError("a reference points outside")
    return times, words


TRIGGER_KINDS = (
    (-1, True),
    (0, True),
    (0, False),
    (3, True),
    (4, True),
    (4, False),
    (6, True),
    (6, False),
    (8, True),
    (8, False),
)
"""Source and edge by the file's code: -1 time stamp reset, 0 external input, 3 external pulse,
4 signal generator, 6 frame (start rising, end falling), 8 exposure (start rising, end falling)."""


_KINDS = np.array([(0, *kind) for kind in TRIGGER_KINDS], TRIGGER_DTYPE)


def read_triggers(buffer: memoryview) -> NDArray[np.void]:
    """Return the triggers of a packet; codes that the format does not know are left out."""
    times, codes = _columns(buffer, b"TRIG", fields=1, width=1)
    known = codes[:, 0] < _KINDS.size
    found: NDArray[np.void] = _KINDS[codes[known, 0]]
    found["t"] = times[known]
    return found


CHANNELS = {0: 1, 16: 3, 24: 4}
"""Bytes per pixel by the code of the format, which is OpenCV's: grey, BGR, BGRA."""


def read_frame(buffer: memoryview) -> Frame:
    """Return the image of a frame packet, its time the middle of the exposure."""
    table = Table.root(buffer, b"FRME")
    code = table.scalar(5, "b", 0)
    width, height = table.scalar(6, "h", 0), table.scalar(7, "h", 0)
    if code not in CHANNELS:
        raise TableError(f"pixel format {code} is not 8 bits grey, BGR or BGRA")
    channels = CHANNELS[code]
    pixels = np.frombuffer(table.vector(10, 1), np.uint8)
    if width <= 0 or height <= 0 or pixels.size != width * height * channels:
        raise TableError(f"{pixels.size} bytes do not make a frame of {width}x{height}")
    image = pixels.reshape((height, width) if channels == 1 else (height, width, channels))
    t_us, exposure_us = _exposure(table)
    return Frame(
        t_us=t_us,
        exposure_us=exposure_us,
        pixels=image.copy() if channels < 4 else np.ascontiguousarray(image[..., :3]),
        x=table.scalar(8, "h", 0),
        y=table.scalar(9, "h", 0),
    )


def _exposure(table: Table) -> tuple[int, int]:
    """Return the middle and the length of the exposure."""
    begin, end = table.scalar(3, "q", 0), table.scalar(4, "q", 0)
    if 0 < begin <= end:
        return (begin + end) // 2, end - begin
    length = max(0, table.scalar(11, "q", 0))
    return table.scalar(0, "q", 0), length
