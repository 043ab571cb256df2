"""DAT recordings of Prophesee and Chronocam, versions 1 and 2.

Text lines that begin with `%`, then two bytes (kind and length of a record), then records of 8
bytes: the time in us, 32 bits that wrap, and the pixel. Version 1 has 9 bits for x and 8 for y,
version 2 has 14 for each.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, FormatError, SensorSize, SourceInfo
from eventvision.io._base import checked_path
from eventvision.io._decoder import Step, checked
from eventvision.io._file_bytes import Bytes, FileBytes
from eventvision.io._indexed import IndexedSource, pixels_used
from eventvision.io._records import RecordDecoder
from eventvision.kernels.clock import REFERENCES, first_reference
from eventvision.kernels.dat import RECORD_BYTES, decode_dat, skim_dat

EVENT_KINDS = (0x00, 0x0C)
"""Record types that are events: the old and the new number."""

_MOST_HEADER_BYTES = 1 << 16
_LAYOUTS = {1: (9, 8, 1 << 17), 2: (14, 14, 0xF << 28)}
_SMALLEST_SENSOR = SensorSize(304, 240)
_REMEDY = "check that it is a DAT recording of contrast events"


class DatSource(IndexedSource):
    """A DAT recording, read as a stream in constant memory.

    Args:
        path: The file.
        sensor: Size of the pixel array; overrides what the file says.

    A recording whose header does not state the size of the sensor is read once for the pixels
    used, and `info` says so.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it is not a DAT recording of events, or of unknown version.
    """

    def __init__(self, path: str | Path, *, sensor: SensorSize | None = None) -> None:
        found = checked_path(path)
        header = _read_header(found)
        with closing(FileBytes(found)) as data:
            decoder = DatDecoder(header, data)
        size, origin, note = _size(found, header, decoder, sensor)
        decoder.sensor = size
        info = SourceInfo(
            name=str(path),
            format=f"DAT v{header.version}",
            sensor=size,
            sensor_from=origin,
            notes=tuple(note for note in (header.note, note) if note),
        )
        super().__init__(found, info, decoder, header.size)


@dataclass(frozen=True, kw_only=True, slots=True)
class DatHeader:
    """What stands before the records.

    Attributes:
        version: 1 or 2.
        sensor: Size of the pixel array; None where it is not stated.
        t0_us: Time to add to those in the records.
        size: Offset of the first record.
        note: What was assumed; empty if nothing.
    """

    version: int
    sensor: SensorSize | None
    t0_us: int
    size: int
    note: str


class DatDecoder(RecordDecoder):
    """Decodes records of one version."""

    record_bytes = RECORD_BYTES
    clock_bits = 32

    def __init__(self, header: DatHeader, data: Bytes) -> None:
        super().__init__()
        self._header = header
        self._layout = _LAYOUTS[header.version]
        count = min(REFERENCES, (data.size - header.size) // RECORD_BYTES)
        begin = self._records(data, header.size, count)
        self._reference = first_reference(self.peek(begin)[0], self.clock_bits)

    def copy(self) -> Self:
        """Return a decoder in the same state."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def pack(self) -> NDArray[np.int64]:
        """Return the reference."""
        return np.array([self._reference], np.int64)

    def unpack(self, numbers: NDArray[np.int64]) -> Self:
        """Return a decoder with that reference."""
        twin = self.copy()
        twin.__dict__.update(_reference=checked(numbers, count=1)[0])
        return twin

    def decode(self, data: Bytes, start: int, count: int) -> Step:
        """Decode `count` records that begin at `start`."""
        events = np.empty(count, EVENT_DTYPE)
        records = self._bytes(data, start, count)
        self._reference, self.breaks = decode_dat(
            records, 0, events.view(np.int64), self._reference, *self._layout
        )
        if self._header.t0_us:
            events["t"] += self._header.t0_us
        return Step(events=events, after=start + count * RECORD_BYTES)

    def skim_records(
        self, records: NDArray[np.uint8], last_us: int, sensor: SensorSize
    ) -> int | None:
        """Get over records in which all is well; see `RecordDecoder`."""
        if last_us != self._reference + self._header.t0_us:
            return None
        x_bits, y_bits, _ = self._layout
        size = sensor.width, sensor.height
        reference, odd = skim_dat(records, self._reference, x_bits, y_bits, *size)
        if odd:
            return None
        self._reference = reference
        return reference + self._header.t0_us

    def peek(
        self, records: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return times modulo 2**32, x and y."""
        words = np.ascontiguousarray(records).view("<u4").astype(np.int64)
        x_bits, y_bits, _ = self._layout
        pixels = words[:, 1]
        y = (pixels >> x_bits) & ((1 << y_bits) - 1)
        return words[:, 0], pixels & ((1 << x_bits) - 1), y


def _read_header(path: Path) -> DatHeader:
    with path.open("rb") as file:
        text = file.read(_MOST_HEADER_BYTES)
    fields, at = _fields(text)
    if not fields and path.suffix.lower() != ".dat":
        raise FormatError(path, "does not begin with a DAT header", _REMEDY)
    note = "" if fields else "There is no header; records are read as those of version 1."
    kind, length = (0, RECORD_BYTES) if not fields else (*text[at : at + 2], 0, 0)[:2]
    if fields and len(text) < at + 2:
        raise FormatError(path, "is cut within its header", "copy it again")
    if kind not in EVENT_KINDS or length != RECORD_BYTES:
        problem = f"holds records of type {kind} and {length} bytes, which are not events"
        raise FormatError(path, problem, _REMEDY)
    stated = fields.get("version", "1")
    version = {"0": 1, "1": 1, "2": 2}.get(stated)
    if version is None:
        raise FormatError(path, f"is of version {stated[:20]!r}, which is unknown", _REMEDY)
    return DatHeader(
        version=version,
        sensor=_stated_sensor(fields),
        t0_us=int(fields["t0"]) if re.fullmatch(r"\d{1,16}", fields.get("t0", "")) else 0,
        size=at + 2 if fields else 0,
        note=note,
    )


def _fields(text: bytes) -> tuple[dict[str, str], int]:
    """Return the header's keys (lower case) and values, and the offset of what follows."""
    fields: dict[str, str] = {}
    at = 0
    while text.startswith(b"%", at) and (end := text.find(b"\n", at)) >= 0:
        line = text[at + 1 : end].decode("ascii", "replace").strip()
        key, _, value = line.partition(" ")
        fields[key.lower()] = value.strip()
        at = end + 1
    return fields, at


def _stated_sensor(fields: dict[str, str]) -> SensorSize | None:
    try:
        return SensorSize.parse(f"{fields.get('width')}x{fields.get('height')}")
    except ValueError:
        return None


def _size(
    path: Path, header: DatHeader, decoder: DatDecoder, given: SensorSize | None
) -> tuple[SensorSize, Literal["header", "data", "user"], str]:
    if given is not None:
        return given, "user", ""
    if header.sensor is not None:
        return header.sensor, "header", ""
    counts = pixels_used(path, decoder, header.size)
    extent = counts.extent()
    if 2 * extent.width < _SMALLEST_SENSOR.width and 2 * extent.height < _SMALLEST_SENSOR.height:
        what = f"{extent} holds the pixels seen, too few for any sensor: a crop"
        return extent, "data", f"The header states no sensor size; {what}."
    try:
        size = counts.sensor()
    except ValueError as error:
        problem = f"its sensor size is unknown ({error})"
        raise FormatError(path, problem, "give it, such as 640x480") from error
    return size, "data", f"The header states no sensor size; {size} holds the pixels seen."
