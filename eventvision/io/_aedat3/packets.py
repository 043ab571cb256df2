"""Packets of AEDAT3: a header of 28 bytes that says what follows, then events of one kind.

All numbers are little-endian. A packet states how often the 31 bits of its times have overflowed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, IMU_DTYPE, TRIGGER_DTYPE, Frame
from eventvision.io._file_bytes import Bytes
from eventvision.kernels.aedat3 import decode_polarity

HEADER_BYTES = 28
SEARCH_BYTES = 1 << 20
"""How far ahead a packet is looked for at a time."""

SPECIAL, POLARITY, FRAME, IMU6, IMU9 = range(5)

_HEADER = struct.Struct("<hhiiiiii")
_KINDS = 14
_EVENT_BYTES = {SPECIAL: 8, POLARITY: 8, IMU6: 36, IMU9: 48}
_FRAME_HEAD = struct.Struct("<I8i")
_MOST_EVENT_BYTES = 1 << 28
_LARGEST_SIDE_PX = 8192
_EDGES = {2: (0, True), 3: (0, False), 4: (0, True), 6: (1, True), 7: (1, False), 8: (1, True),
          9: (2, True), 10: (2, False), 11: (2, True), 12: (3, True), 13: (3, False)}  # fmt: skip
"""Special events that are triggers: which input, and whether it rose; a pulse counts as rising."""

_IMU = np.dtype(
    [("info", "<u4"), ("t", "<i4"), ("accelerometer", "<f4", 3), ("gyroscope", "<f4", 3),
     ("temperature", "<f4")]
)  # fmt: skip
_IMU_WITH_COMPASS = np.dtype([*_IMU.descr, ("magnetometer", "<f4", 3)])


@dataclass(frozen=True, slots=True)
class PacketHeader:
    """What a packet says about itself.

    Attributes:
        kind: Type of its events.
        source: Number of the device that sent them.
        event_bytes: Length of an event.
        base_us: Time to add to those of the events.
        events: How many there are.
    """

    kind: int
    source: int
    event_bytes: int
    base_us: int
    events: int


def parse_header(data: Bytes, at: int) -> PacketHeader | None:
    """Return the packet header at an offset; None if there is none that makes sense."""
    if at + HEADER_BYTES > data.size:
        return None
    kind, source, size, ts_offset, overflow, capacity, number, valid = _HEADER.unpack(
        data[at : at + HEADER_BYTES].tobytes()
    )
    sound = (
        0 <= kind < _KINDS
        and 0 <= source < 1024
        and 8 <= size <= _MOST_EVENT_BYTES
        and size == _EVENT_BYTES.get(kind, size)
        and 0 <= ts_offset < size
        and 0 <= overflow < 1 << 20
        and 0 <= valid <= number <= capacity
    )
    return PacketHeader(kind, source, size, overflow << 31, number) if sound else None


def next_header(data: Bytes, start: int, stop: int) -> int | None:
    """Return the first offset in `[start, stop)` at which a packet header makes sense."""
    stop = min(stop, data.size - HEADER_BYTES + 1)
    if start >= stop:
        return None
    low, high = data[start:stop], data[start + 1 : stop + 1]
    for offset in np.flatnonzero((low < _KINDS) & (high == 0)).tolist():
        header = parse_header(data, start + offset)
        if header is not None and header.events and _follows(data, start + offset, header):
            return int(start + offset)
    return None


def events_present(data: Bytes, at: int, header: PacketHeader) -> int:
    """Return how many events come before the next packet, at most as many as the header says."""
    if _follows(data, at, header):
        return header.events
    first = at + HEADER_BYTES
    following = next_header(data, first, first + SEARCH_BYTES)
    if following is None:
        return header.events
    return min(header.events, (following - first) // header.event_bytes)


def _follows(data: Bytes, at: int, header: PacketHeader) -> bool:
    """Whether another header, or the end, comes where this packet says that it ends."""
    after = at + HEADER_BYTES + header.events * header.event_bytes
    return after >= data.size - HEADER_BYTES or parse_header(data, after) is not None


def polarity_events(
    data: Bytes, start: int, count: int, base_us: int, bottom: int
) -> NDArray[np.void]:
    """Return the valid ones of `count` polarity events."""
    events = np.empty(count, EVENT_DTYPE)
    part = data[start : start + _EVENT_BYTES[POLARITY] * count]
    return events[: decode_polarity(part, 0, count, base_us, bottom, events.view(np.int64))]


def triggers(data: Bytes, start: int, count: int, base_us: int) -> NDArray[np.void]:
    """Return those of `count` special events that tell of an external signal."""
    words = data[start : start + 8 * count].view("<u4").reshape(-1, 2).astype(np.int64)
    found = [
        (int(t) + base_us, *_EDGES[int(info >> 1) & 0x7F])
        for info, t in words
        if info & 1 and int(info >> 1) & 0x7F in _EDGES
    ]
    return np.array(found, TRIGGER_DTYPE)


def imu_samples(data: Bytes, start: int, count: int, header: PacketHeader) -> NDArray[np.void]:
    """Return the valid ones of `count` inertial samples."""
    dtype = _IMU if header.kind == IMU6 else _IMU_WITH_COMPASS
    rows = data[start : start + dtype.itemsize * count].view(dtype)
    rows = rows[rows["info"] & 1 == 1]
    out = np.zeros(rows.size, IMU_DTYPE)
    for name in dtype.names[2:]:  # type: ignore[index]
        out[name] = rows[name]
    out["t"] = rows["t"] + np.int64(header.base_us)
    return out


def frame(data: Bytes, start: int, header: PacketHeader, bottom: int) -> Frame | None:
    """Return the frame at an offset; None if it is not valid or contradicts itself.

    `bottom` is the number of the last row if rows count from the bottom, else -1.
    """
    head = data[start : start + _FRAME_HEAD.size].tobytes()
    info, begin, end, exposed, done, width, height, x, y = _FRAME_HEAD.unpack(head)
    channels = (info >> 1) & 7
    pixels = width * height * channels
    sides_fit = 0 < width <= _LARGEST_SIDE_PX and 0 < height <= _LARGEST_SIDE_PX
    if not info & 1 or channels not in (1, 3, 4) or not sides_fit or min(x, y) < 0:
        return None
    if _FRAME_HEAD.size + 2 * pixels > header.event_bytes:
        return None
    if not 0 <= exposed <= done:
        exposed, done = begin, end
    first = start + _FRAME_HEAD.size
    values = (data[first : first + 2 * pixels].view("<u2") >> 8).astype(np.uint8)
    image = (
        values.reshape(height, width, channels) if channels > 1 else values.reshape(height, width)
    )
    image = image[:, :, 2::-1] if channels > 1 else image
    if bottom >= 0:
        image, y = image[::-1], max(0, bottom + 1 - y - height)
    image = np.ascontiguousarray(image)
    return Frame(header.base_us + (exposed + done) // 2, max(0, done - exposed), image, x, y)
