"""AEDAT2 recordings of jAER: DVS128 and the DAVIS family, with inertial samples and frames.

The format declares no convention for pixels. This reader follows the program that writes it: the
sensor is seen from the front as on jAER's screen, which counts rows from the bottom; they are
turned to count from the top.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, TRIGGER_DTYPE, SensorSize, SourceInfo
from eventvision.io._base import checked_path
from eventvision.io._decoder import Step, checked
from eventvision.io._file_bytes import Bytes, FileBytes
from eventvision.io._indexed import IndexedSource
from eventvision.io._records import RecordDecoder
from eventvision.kernels import aedat2 as kernel
from eventvision.kernels.clock import REFERENCES, first_reference

from .header import Aedat2Header, read_aedat2_header
from .side import DavisSide

_DVS128 = SensorSize(128, 128)
_DAVIS = (SensorSize(240, 180), SensorSize(346, 260), SensorSize(640, 480))
_PROBE_RECORDS = 1 << 20
_FEW = 0.001


class Aedat2Source(IndexedSource):
    """An AEDAT2 recording, read as a stream in constant memory.

    The chip is taken from the header; where that does not name a known one, it is inferred from
    the addresses used, and `info` says so.

    Args:
        path: The file.
        sensor: Size of the pixel array; overrides what the file says.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it is not an AEDAT2 recording.
    """

    def __init__(self, path: str | Path, *, sensor: SensorSize | None = None) -> None:
        found = checked_path(path)
        header = read_aedat2_header(found)
        with closing(FileBytes(found)) as data:
            is_dvs128, size, origin, note = _chip(header, data, sensor)
            decoder = Aedat2Decoder(header, is_dvs128, size, data)
        notes = [note, _convention(is_dvs128, size)]
        if not is_dvs128:
            notes.append(_scales(header))
        info = SourceInfo(
            name=str(path),
            format="AEDAT2",
            sensor=size,
            sensor_from=origin,
            camera=header.camera,
            notes=tuple(note for note in notes if note),
        )
        super().__init__(found, info, decoder, header.size)


class Aedat2Decoder(RecordDecoder):
    """Decodes records of one chip."""

    record_bytes = kernel.RECORD_BYTES
    clock_bits = 32

    def __init__(
        self,
        header: Aedat2Header,
        is_dvs128: bool,
        sensor: SensorSize,
        data: Bytes,
    ) -> None:
        super().__init__()
        self.sensor = sensor
        self._size = sensor
        self._chip = kernel.DVS128 if is_dvs128 else kernel.DAVIS
        self._side = None if is_dvs128 else DavisSide(header, sensor)
        self._state = np.zeros(kernel.STATE_WORDS, np.int64)
        count = min(REFERENCES, (data.size - header.size) // self.record_bytes)
        readings = self.peek(self._records(data, header.size, count))[0]
        self._state[kernel.REFERENCE] = first_reference(readings, self.clock_bits)

    def copy(self) -> Self:
        """Return a decoder in the same state."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._state = self._state.copy()
        twin._side = None if self._side is None else self._side.copy()
        return twin

    def pack(self) -> NDArray[np.int64] | None:
        """Return the state of the clock; None where samples and frames may be half read."""
        return self._state.copy() if self._side is None else None

    def unpack(self, numbers: NDArray[np.int64]) -> Self:
        """Return a decoder with that state."""
        twin = self.copy()
        state = np.array(checked(numbers, count=kernel.STATE_WORDS))
        twin.__dict__.update(_state=state)
        return twin

    def decode(self, data: Bytes, start: int, count: int) -> Step:
        """Decode `count` records that begin at `start`."""
        events = np.empty(count, EVENT_DTYPE)
        others = np.empty((count, 2), np.int64)
        width, height = self._size.width, self._size.height
        kernel.decode_aedat2(
            self._bytes(data, start, count),
            0,
            count,
            self._chip,
            width,
            height,
            events.view(np.int64),
            others,
            self._state,
        )
        self.breaks = int(self._state[kernel.BREAKS])
        events = events[: self._state[kernel.EVENTS]]
        words = others[: self._state[kernel.OTHERS]]
        after = start + count * self.record_bytes
        if self._side is None:
            return Step(events=events, after=after, triggers=_sync_edges(words))
        side = self._side.take(words, start, after)
        return Step(
            events=events,
            after=after,
            imu=side.imu,
            triggers=side.triggers,
            frames=side.frames,
            damage=side.damage,
        )

    def skim_records(
        self, records: NDArray[np.uint8], last_us: int, sensor: SensorSize
    ) -> int | None:
        """Get over contrast events in which all is well; see `RecordDecoder`."""
        reference = int(self._state[kernel.REFERENCE])
        if last_us != reference or sensor != self._size:
            return None
        size = sensor.width, sensor.height
        reference, odd = kernel.skim_aedat2(records, reference, self._chip, *size)
        if odd:
            return None
        self._state[kernel.REFERENCE] = reference
        return reference

    def peek(
        self, records: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return times modulo 2**32, x and y; all that is no contrast event counts as a pixel.

        That of addresses which DVS128 cannot send lies outside the sensor.
        """
        words = np.ascontiguousarray(records).view(">u4").astype(np.int64)
        address = words[:, 0]
        if self._chip == kernel.DVS128:
            x, y = (address >> 1) & 0x7F, (address >> 8) & 0x7F
            return words[:, 1], np.where(address >> 16 == 0, x, self._size.width), y
        x, y = (address >> 12) & 0x3FF, (address >> 22) & 0x1FF
        is_event = address & 0x80000400 == 0
        return words[:, 1], np.where(is_event, x, 0), np.where(is_event, y, 0)


def _sync_edges(words: NDArray[np.int64]) -> NDArray[np.void]:
    """Return the external events of DVS128, which answers falling edges."""
    edges = np.zeros(len(words), TRIGGER_DTYPE)
    edges["t"] = words[:, 0]
    return edges


def _chip(
    header: Aedat2Header, data: Bytes, given: SensorSize | None
) -> tuple[bool, SensorSize, Literal["header", "data", "user"], str]:
    """Return whether addresses are those of DVS128, the size, where it is from, and a note."""
    if header.is_dvs128 is not None and header.sensor is not None:
        return header.is_dvs128, given or header.sensor, "user" if given else "header", ""
    count = min(_PROBE_RECORDS, (data.size - header.size) // kernel.RECORD_BYTES)
    stop = header.size + count * kernel.RECORD_BYTES
    address = data[header.size : stop].view(">u4")[::2].astype(np.int64)
    is_dvs128 = bool((address >> 16 != 0).mean() <= _FEW) if count else given in (None, _DVS128)
    size = given or (_DVS128 if is_dvs128 else _davis_size(address))
    named = f"names {header.camera!r}" if header.camera else "names no chip"
    kind = "DVS128" if is_dvs128 else "DAVIS"
    note = f"The header {named}; addresses are read as those of {kind}, {size}."
    return is_dvs128, size, "user" if given else "data", note


def _davis_size(address: NDArray[np.int64]) -> SensorSize:
    pixels = address[address & 0x80000400 == 0]
    x, y = (pixels >> 12) & 0x3FF, (pixels >> 22) & 0x1FF
    for size in _DAVIS:
        if not pixels.size or ((x >= size.width) | (y >= size.height)).mean() <= _FEW:
            return size
    return _DAVIS[-1]


def _convention(is_dvs128: bool, size: SensorSize) -> str:
    polarity = "bit 0 clear is brighter" if is_dvs128 else "bit 11 set is brighter"
    return (
        f"Pixels as jAER shows them, rows from the top: x = {size.width - 1} - stored x, "
        f"y = {size.height - 1} - stored y; {polarity}."
    )


def _scales(header: Aedat2Header) -> str:
    origin = "as the header states" if header.scales_stated else "the usual, not stated"
    g, deg_s = header.lsb_per_g, header.lsb_per_deg_s
    return f"Inertial axes are those of the chip; {g:g} steps per g, {deg_s:g} per deg/s, {origin}."
