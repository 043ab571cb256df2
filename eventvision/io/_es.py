"""Event Stream recordings (`.es`), version 2: contrast events, also those of ATIS."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Damage, FormatError, SensorSize, SourceInfo
from eventvision.kernels import es as kernel

from ._base import checked_path
from ._decoder import Decoder, Step, checked
from ._file_bytes import Bytes
from ._indexed import IndexedSource

MAGIC = b"Event Stream"

_HEADER_BYTES = 20
_PACKET_EVENTS = 65_536
_STEP_BYTES = _PACKET_EVENTS * kernel.EVENT_BYTES
_MOST_PLACES = 256
_KINDS = {0: "generic", 1: "DVS", 2: "ATIS", 3: "display", 4: "colour"}
_REMEDY = "only ES version 2 with DVS or ATIS events can be read"


class EsSource(IndexedSource):
    """An ES recording of DVS or ATIS events, read as a stream in constant memory.

    Rows, which the format counts from the bottom, are turned to count from the top. Exposure
    measurements of ATIS are left out.

    Args:
        path: The file.
        sensor: Size of the pixel array; overrides what the file says.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it is not an ES recording of contrast events.
    """

    def __init__(self, path: str | Path, *, sensor: SensorSize | None = None) -> None:
        found = checked_path(path)
        stated, kind = _read_header(found)
        note = (
            "ES counts rows from the bottom; they are turned to count from the top: "
            f"y = {stated.height - 1} - stored y."
        )
        notes = [note]
        if kind == kernel.ATIS:
            notes.append("Exposure measurements are left out.")
        info = SourceInfo(
            name=str(path),
            format=f"ES {_KINDS[kind]}",
            sensor=sensor or stated,
            sensor_from="user" if sensor else "header",
            notes=tuple(notes),
        )
        super().__init__(found, info, EsDecoder(kind, stated), _HEADER_BYTES)


class EsDecoder(Decoder):
    """Decodes the bytes of one stream.

    Args:
        kind: `kernel.DVS` or `kernel.ATIS`.
        sensor: Size of the pixel array as the file states it; what lies outside is damage.
        state: That of another decoder, to go on from; is copied.
    """

    def __init__(
        self, kind: int, sensor: SensorSize, state: NDArray[np.int64] | None = None
    ) -> None:
        self._kind, self._sensor = kind, sensor
        self._state = np.zeros(kernel.STATE_WORDS, np.int64) if state is None else state.copy()

    def copy(self) -> Self:
        """Return a decoder in the same state."""
        return type(self)(self._kind, self._sensor, self._state)

    def pack(self) -> NDArray[np.int64]:
        """Return the time of the last event and counts of no further use."""
        return self._state.copy()

    def unpack(self, numbers: NDArray[np.int64]) -> Self:
        """Return a decoder with that time."""
        state = np.array(checked(numbers, count=kernel.STATE_WORDS))
        return type(self)(self._kind, self._sensor, state)

    def step(self, data: Bytes, start: int) -> Step:
        """Decode a stretch that begins at an offset."""
        part = data[start : start + _STEP_BYTES + kernel.LOOKAHEAD_BYTES]
        stop = min(part.size, _STEP_BYTES)
        events = np.empty(min(_PACKET_EVENTS, stop // kernel.EVENT_BYTES + 1), EVENT_DTYPE)
        places = np.empty((_MOST_PLACES, 2), np.int64)
        used = kernel.decode_es(
            part,
            stop,
            self._kind,
            self._sensor.width,
            self._sensor.height,
            events.view(np.int64),
            places,
            self._state,
        )
        after = start + used
        lost = [
            _lost(start + first, start + last)
            for first, last in places[: self._state[kernel.PLACES]].tolist()
        ]
        if not used:
            lost.append(_cut(start, data.size))
            after = data.size
        return Step(events=events[: self._state[kernel.EVENTS]], after=after, damage=(*lost,))

    def skim(
        self, data: Bytes, start: int, stop: int, last_us: int, sensor: SensorSize
    ) -> tuple[int, int]:
        """Get over bytes in which all is well; see `Decoder`. Only DVS."""
        if self._kind != kernel.DVS or sensor != self._sensor:
            return start, last_us
        t_us, size = int(self._state[kernel.TIME_US]), (sensor.width, sensor.height)
        used, t_us, last_us = kernel.skim_dvs(data[start:stop], t_us, last_us, *size)
        self._state[kernel.TIME_US] = t_us
        return start + used, last_us


def _lost(start: int, stop: int) -> Damage:
    skipped = -(-(stop - start) // kernel.EVENT_BYTES)
    message = "bytes that are not events on this sensor"
    return Damage(
        kind="corrupt-bytes",
        message=message,
        byte_start=start,
        byte_end=stop,
        events_skipped=skipped,
    )


def _cut(start: int, size: int) -> Damage:
    message = f"the last event has {size - start} of {kernel.EVENT_BYTES} bytes"
    return Damage(kind="truncated", message=message, byte_start=start, byte_end=size)


def _read_header(path: Path) -> tuple[SensorSize, int]:
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    if not head.startswith(MAGIC):
        raise FormatError(path, "does not begin with an ES header", _REMEDY)
    if len(head) < _HEADER_BYTES:
        raise FormatError(path, "is cut within its header", "copy it again")
    major, minor, patch, kind = head[12:16]
    if major != 2:
        raise FormatError(path, f"is of ES version {major}.{minor}.{patch}", _REMEDY)
    if kind not in (kernel.DVS, kernel.ATIS):
        what = _KINDS.get(kind, f"type {kind}")
        raise FormatError(path, f"holds {what} events, which are not contrast events", _REMEDY)
    width, height = (int(side) for side in np.frombuffer(head[16:20], "<u2"))
    try:
        return SensorSize(width, height), kind
    except ValueError as error:
        raise FormatError(path, f"states a sensor of {width}x{height}", _REMEDY) from error
