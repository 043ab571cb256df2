"""Writes DAT version 2, which Prophesee's tools and others read.

Records hold 32 bits of the time, 71 minutes. A recording that begins later than that says so in its
header: `% t0` is to be added to all times. Our reader and faery do; a reader that does not know the
key gets times that begin at 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from eventvision.core import OutputError, Packet, SensorSize, output_errors
from eventvision.kernels.dat import encode_dat

_KIND, _RECORD_BYTES = 0x0C, 8
_LARGEST_SIDE_PX = 1 << 14
_LATEST_US = (1 << 32) - 1
_LONGEST_SILENCE_US = (1 << 31) - 1
_REMEDY = "write AEDAT4 instead"


class DatWriter:
    """Writes events to a file; the format has no place for anything else.

    Attributes:
        carries: What is stored besides events: nothing.
    """

    carries: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, path: str | Path, sensor: SensorSize, *, camera: str = "") -> None:
        """Create the file; its header is written with the first events.

        Args:
            path: The file; replaced if it exists.
            sensor: Size of the pixel array.
            camera: Name of the camera; the format has no place for it.

        Raises:
            OutputError: If the sensor is too large for the format or the file cannot be written.
        """
        del camera
        if max(sensor.width, sensor.height) > _LARGEST_SIDE_PX:
            problem = (
                f"DAT holds sensors up to {_LARGEST_SIDE_PX} pixels wide and high, not {sensor}"
            )
            raise OutputError(path, problem, _REMEDY)
        self._path, self._sensor = path, sensor
        self._origin_us: int | None = None
        self._last_us = 0
        with output_errors(path):
            self._file = Path(path).open("wb")  # noqa: SIM115

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be stored as it was given, one sentence each."""
        if not self._origin_us:
            return ()
        return (f"Times begin at 0 in the records; the header adds {self._origin_us} us (`t0`).",)

    def write(self, packet: Packet) -> None:
        """Append the events of a packet.

        Raises:
            OutputError: If a time or a pixel does not fit the format, or the file cannot be
                written; nothing of the packet is stored then.
        """
        data = packet.events.data
        if not data.size:
            return
        if self._origin_us is None:
            first_us = int(data["t"][0])
            self._begin(first_us if first_us > _LATEST_US else 0)
            self._last_us = first_us - (self._origin_us or 0)
        if self._origin_us:
            data = data.copy()
            data["t"] -= self._origin_us
        words = np.empty(2 * data.size, np.uint32)
        if encode_dat(np.ascontiguousarray(data).view(np.int64), words):
            raise OutputError(self._path, self._misfit(data), _REMEDY)
        silence_us = int(np.diff(data["t"], prepend=self._last_us).max())
        if silence_us > _LONGEST_SILENCE_US:
            problem = f"DAT cannot bridge a silence of {silence_us / 1e6:.0f} s (over 35 minutes)"
            raise OutputError(self._path, problem, _REMEDY)
        with output_errors(self._path):
            self._file.write(words.data)
        self._last_us = int(data["t"][-1])

    def close(self) -> None:
        """Finish the file; may be called twice."""
        if self._file.closed:
            return
        with output_errors(self._path), self._file:
            if self._origin_us is None:
                self._begin(0)

    def _begin(self, origin_us: int) -> None:
        self._origin_us = origin_us
        lines = ["Version 2", f"Width {self._sensor.width}", f"Height {self._sensor.height}"]
        lines += [f"t0 {origin_us}"] if origin_us else []
        with output_errors(self._path):
            self._file.write("".join(f"% {line}\n" for line in lines).encode())
            self._file.write(bytes((_KIND, _RECORD_BYTES)))

    def _misfit(self, data: NDArray[np.void]) -> str:
        latest, earliest = int(data["t"].max()), int(data["t"].min())
        if latest > _LATEST_US or earliest < 0:
            found = (latest if latest > _LATEST_US else earliest) + (self._origin_us or 0)
            begin = f" after {self._origin_us} us" if self._origin_us else ""
            return f"DAT holds times from 0 to {_LATEST_US} us (71 minutes){begin}, not {found} us"
        return f"DAT holds pixels below {_LARGEST_SIDE_PX}"
