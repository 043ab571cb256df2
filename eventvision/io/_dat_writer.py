"""Writes DAT version 2, which Prophesee's tools and others read."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from eventvision.core import OutputError, Packet, SensorSize
from eventvision.kernels.dat import encode_dat

_KIND, _RECORD_BYTES = 0x0C, 8
_LARGEST_SIDE_PX = 1 << 14
_LATEST_US = (1 << 32) - 1


class DatWriter:
    """Writes events to a file; the format has no place for anything else.

    Attributes:
        carries: What is stored besides events: nothing.
    """

    carries: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, path: str | Path, sensor: SensorSize, *, camera: str = "") -> None:
        """Create the file and write its header.

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
            raise OutputError(path, problem, "write AEDAT4 instead")
        self._path = path
        header = f"% Version 2\n% Width {sensor.width}\n% Height {sensor.height}\n"
        try:
            self._file = Path(path).open("wb")  # noqa: SIM115
            self._file.write(header.encode() + bytes((_KIND, _RECORD_BYTES)))
        except OSError as error:
            raise self._failed(error) from error

    def write(self, packet: Packet) -> None:
        """Append the events of a packet.

        Raises:
            OutputError: If a time or a pixel does not fit the format, or the file cannot be
                written; nothing of the packet is stored then.
        """
        data = packet.events.data
        if not data.size:
            return
        words = np.empty(2 * data.size, np.uint32)
        if encode_dat(np.ascontiguousarray(data).view(np.int64), words):
            raise OutputError(self._path, self._misfit(packet), "write AEDAT4 instead")
        try:
            self._file.write(words.data)
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Finish the file; may be called twice."""
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error

    def _misfit(self, packet: Packet) -> str:
        latest, earliest = int(packet.events.t.max()), int(packet.events.t.min())
        if latest > _LATEST_US or earliest < 0:
            found = latest if latest > _LATEST_US else earliest
            return f"DAT holds times from 0 to {_LATEST_US} us (71 minutes), not {found} us"
        return f"DAT holds pixels below {_LARGEST_SIDE_PX}"

    def _failed(self, error: OSError) -> OutputError:
        problem = f"cannot be written ({error.strerror or error})"
        return OutputError(self._path, problem, "check permissions and free space")
