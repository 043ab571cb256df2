"""AEDAT3 recordings of cAER and DV: version 3.1, and 3.0, whose rows count from the bottom."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from eventvision.core import EVENT_DTYPE, Damage, FormatError, SensorSize, SourceInfo
from eventvision.io._base import checked_path
from eventvision.io._decoder import Decoder, Step
from eventvision.io._file_bytes import Bytes, FileBytes
from eventvision.io._indexed import IndexedSource, pixels_used

from . import packets

MAGIC = b"#!AER-DAT3"

_MOST_HEADER_BYTES = 1 << 20
_LINE = re.compile(rb"#[\t\x20-\x7e\x80-\xff]*\r?\n")
_END = b"#!END-HEADER"
_STEP_EVENTS = 65_536
_STEP_FRAME_BYTES = 1 << 22
_SENSORS = (
    ("DVS128", SensorSize(128, 128)),
    ("EDVS", SensorSize(128, 128)),
    ("DAVIS240", SensorSize(240, 180)),
    ("DAVIS208", SensorSize(208, 192)),
    ("DAVIS346", SensorSize(346, 260)),
    ("DAVIS640", SensorSize(640, 480)),
    ("DVS132S", SensorSize(132, 104)),
    ("DVXPLORER_LITE", SensorSize(320, 240)),
    ("DVXPLORER", SensorSize(640, 480)),
)


class Aedat3Source(IndexedSource):
    """An AEDAT3 recording, read as a stream in constant memory.

    Where a file mixes several devices, the one with the lowest number is read.

    Args:
        path: The file.
        sensor: Size of the pixel array; overrides what the file says.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it is not an AEDAT3 recording, or its packets are stored in a way that
            cannot be read.
    """

    def __init__(self, path: str | Path, *, sensor: SensorSize | None = None) -> None:
        found = checked_path(path)
        header = _read_header(found)
        with closing(FileBytes(found)) as data:
            decoder = Aedat3Decoder(_first_source(header, data))
        size, notes = sensor or header.sensor, []
        if size is None:
            size = _inferred(found, decoder, header)
            notes.append(f"The header names no known camera; {size} holds the pixels seen.")
        if header.from_bottom:
            notes.append("AEDAT 3.0 counts rows from the bottom; they are turned.")
            decoder.bottom = size.height - 1
        if header.sources > 1:
            notes.append(f"Of {header.sources} devices, only the first is read.")
        info = SourceInfo(
            name=str(path),
            format=header.version,
            sensor=size,
            sensor_from="user" if sensor else "header" if header.sensor else "data",
            camera=header.camera,
            notes=tuple(notes),
        )
        super().__init__(found, info, decoder, header.size)


@dataclass(frozen=True, kw_only=True, slots=True)
class Aedat3Header:
    """What the text says.

    Attributes:
        version: `AEDAT3.1` or `AEDAT3.0`.
        from_bottom: Whether rows count from the bottom.
        source: Number of the first device; None if none is listed.
        sources: How many devices are listed.
        camera: Name of the first.
        sensor: Size of its pixel array; None if it is not known.
        size: Length of the text in bytes.
    """

    version: str
    from_bottom: bool
    source: int | None
    sources: int
    camera: str
    sensor: SensorSize | None
    size: int


class Aedat3Decoder(Decoder):
    """Decodes packets, at most `_STEP_EVENTS` events of one at a time.

    Attributes:
        bottom: Number of the last row if rows count from the bottom, else -1.
    """

    def __init__(self, source: int) -> None:
        self.bottom = -1
        self._source = source
        self._open: packets.PacketHeader | None = None
        self._left = 0

    def copy(self) -> Self:
        """Return a decoder in the same state."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def step(self, data: Bytes, start: int) -> Step:
        """Decode a stretch that begins at an offset."""
        if self._open is None or self._left == 0:
            return self._begin(data, start)
        header = self._open
        present = (data.size - start) // header.event_bytes
        count = min(self._left, present, _most_at_once(header))
        self._left -= count
        after = start + count * header.event_bytes
        if not count or header.source != self._source:
            step = Step.of_nothing(after)
        else:
            step = self._decoded(data, start, count, header)
        if count < present or not self._left:
            return step
        cut = self._cut(after, data.size, self._left)
        return replace(step, after=cut.after, damage=cut.damage)

    def _begin(self, data: Bytes, start: int) -> Step:
        """Read the header of the next packet, or look for one."""
        header = packets.parse_header(data, start)
        if header is not None:
            self._open, self._left = header, packets.events_present(data, start, header)
            first = start + packets.HEADER_BYTES
            if self._left and first == data.size:
                return self._cut(first, first, self._left)
            if self._left == header.events:
                return Step.of_nothing(first)
            end = first + self._left * header.event_bytes
            message = "a packet promises more than comes before the next one"
            return Step.of_nothing(first, _damage("corrupt-packet", message, start, end, 0))
        if data.size - start < packets.HEADER_BYTES:
            return self._cut(start, data.size, 0)
        stop = min(start + 1 + packets.SEARCH_BYTES, data.size)
        found = packets.next_header(data, start + 1, stop)
        after = stop if found is None else found
        message = "bytes that are no packet"
        return Step.of_nothing(after, _damage("corrupt-packet", message, start, after, 0))

    def _cut(self, start: int, size: int, events: int) -> Step:
        self._open = None
        return Step.of_nothing(
            size, _damage("truncated", "the last packet is cut", start, size, events)
        )

    def _decoded(self, data: Bytes, start: int, count: int, header: packets.PacketHeader) -> Step:
        after = start + count * header.event_bytes
        none = np.empty(0, EVENT_DTYPE)
        if header.kind == packets.POLARITY:
            found = packets.polarity_events(data, start, count, header.base_us, self.bottom)
            return Step(events=found, after=after)
        if header.kind == packets.SPECIAL:
            edges = packets.triggers(data, start, count, header.base_us)
            return Step(events=none, after=after, triggers=edges)
        if header.kind in (packets.IMU6, packets.IMU9):
            imu = packets.imu_samples(data, start, count, header)
            return Step(events=none, after=after, imu=imu)
        if header.kind == packets.FRAME:
            places = range(start, after, header.event_bytes)
            read = [packets.frame(data, at, header, self.bottom) for at in places]
            frames = tuple(frame for frame in read if frame is not None)
            return Step(events=none, after=after, frames=frames)
        return Step.of_nothing(after)


def _most_at_once(header: packets.PacketHeader) -> int:
    if header.kind == packets.FRAME:
        return max(1, _STEP_FRAME_BYTES // header.event_bytes)
    return _STEP_EVENTS


def _damage(kind: str, message: str, start: int, stop: int, events: int) -> Damage:
    return Damage(
        kind=kind, message=message, byte_start=start, byte_end=stop, events_skipped=events
    )


def _read_header(path: Path) -> Aedat3Header:
    with path.open("rb") as file:
        content = file.read(_MOST_HEADER_BYTES)
    if not content.startswith(MAGIC):
        remedy = "check that it is an AEDAT3 recording"
        raise FormatError(path, "does not begin with an AEDAT3 header", remedy)
    at = 0
    while match := _LINE.match(content, at):
        at = match.end()
        if match[0].startswith(_END):
            break
    text = content[:at].decode("ascii", "replace")
    stored = re.search(r"^#Format:\s*(\S+)", text, re.MULTILINE)
    if stored and stored[1] not in ("RAW", "0x00"):
        problem = f"stores its packets as {stored[1][:20]!r}"
        raise FormatError(path, problem, "only RAW can be read: export it again")
    listed = re.findall(r"^#Source\s+(\d{1,4}):\s*(.*?)\s*$", text, re.MULTILINE)
    first = min(listed, key=lambda row: int(row[0]), default=None)
    camera = first[1] if first else ""
    name = camera.upper()
    older = content.startswith(MAGIC + b".0")
    return Aedat3Header(
        version="AEDAT3.0" if older else "AEDAT3.1",
        from_bottom=older,
        source=int(first[0]) if first else None,
        sources=len(listed),
        camera=camera,
        sensor=next((size for known, size in _SENSORS if name.startswith(known)), None),
        size=at,
    )


def _first_source(header: Aedat3Header, data: Bytes) -> int:
    if header.source is not None:
        return header.source
    packet = packets.parse_header(data, header.size)
    return packet.source if packet is not None else 0


def _inferred(path: Path, decoder: Aedat3Decoder, header: Aedat3Header) -> SensorSize:
    try:
        return pixels_used(path, decoder, header.size).sensor()
    except ValueError as error:
        problem = f"its sensor size is unknown ({error})"
        raise FormatError(path, problem, "give it, such as 346x260") from error
