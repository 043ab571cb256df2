"""Recordings of 40-bit events without a header: N-MNIST and N-Caltech101 `.bin`, `.bs2`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, FormatError, SensorSize, SourceInfo
from eventvision.kernels import bin40 as kernel
from eventvision.kernels.clock import first_reference

from ._base import checked_path
from ._decoder import Step
from ._file_bytes import Bytes, FileBytes
from ._indexed import IndexedSource, pixels_used
from ._records import RecordDecoder

_PROBE_RECORDS = 1024
_FEW_RECORDS = 16
_LEAST_SENSE = 0.75


class Bin40Source(IndexedSource):
    """A recording of 40-bit events, read as a stream in constant memory.

    The format has neither header nor mark: a file is taken for one if the times in it run
    forward. The size of the sensor is inferred from the pixels used unless it is given.

    Args:
        path: The file.
        sensor: Size of the pixel array; inferred if not given.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If its content cannot be events of 40 bits.
    """

    def __init__(self, path: str | Path, *, sensor: SensorSize | None = None) -> None:
        found = checked_path(path)
        with closing(FileBytes(found)) as data:
            decoder = Bin40Decoder(data)
        if decoder.doubt > 1 - _LEAST_SENSE:
            problem = "is not a recording of 40-bit events: its times do not run forward"
            raise FormatError(path, problem, "check where it comes from")
        # Eight bits of x and y never reach beyond all sensors, so that the inference cannot fail.
        size = sensor or pixels_used(found, decoder, 0).sensor()
        decoder.sensor = size
        notes = ["Read as 40-bit events: x, y, polarity, 23 bits of time in us."]
        if sensor is None:
            notes.append(f"The format states no sensor size; {size} holds the pixels seen.")
        info = SourceInfo(
            name=str(path),
            format="BIN40",
            sensor=size,
            sensor_from="user" if sensor else "data",
            notes=tuple(notes),
        )
        super().__init__(found, info, decoder, 0)


class Bin40Decoder(RecordDecoder):
    """Decodes records of 40 bits.

    Attributes:
        doubt: Share of the first records whose times do not run forward; of the first few if that
            is less, since a file may be damaged soon after.
    """

    record_bytes = kernel.RECORD_BYTES
    clock_bits = 23

    def __init__(self, data: Bytes) -> None:
        super().__init__()
        count = min(_PROBE_RECORDS, data.size // self.record_bytes)
        begin = self._records(data, 0, count)
        sense = self._sense(begin)
        few = sense[:_FEW_RECORDS]
        self.doubt = 1 - max(float(sense.mean()), float(few.mean())) if count else 1.0
        self._state = np.zeros(kernel.STATE_WORDS, np.int64)
        self._state[kernel.REFERENCE] = first_reference(self.peek(begin)[0][:64], self.clock_bits)

    def copy(self) -> Self:
        """Return a decoder in the same state."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._state = self._state.copy()
        return twin

    def decode(self, data: Bytes, start: int, count: int) -> Step:
        """Decode `count` records that begin at `start`."""
        events = np.empty(count, EVENT_DTYPE)
        records = self._bytes(data, start, count)
        kernel.decode_bin40(records, 0, count, events.view(np.int64), self._state)
        self.breaks = int(self._state[kernel.BREAKS])
        events = events[: self._state[kernel.EVENTS]]
        return Step(events=events, after=start + count * self.record_bytes)

    def peek(
        self, records: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return times modulo 2**23, x and y; overflows count as pixels of the sensor."""
        columns = records.astype(np.int64)
        readings = (columns[:, 2] & 0x7F) << 16 | columns[:, 3] << 8 | columns[:, 4]
        y = np.where(columns[:, 1] == kernel.OVERFLOW_ROW, 0, columns[:, 1])
        return readings, columns[:, 0], y
