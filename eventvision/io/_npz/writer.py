"""Writes NumPy recordings: `.npz` with columns t, x, y, on, or `.npy` with a structured array."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Packet, SensorSize, output_errors

_COPY_BYTES = 1 << 20


_COLUMNS = {"t": ("t", "<i8"), "x": ("x", "<u2"), "y": ("y", "<u2"), "p": ("on", "u1")}
"""Field and type by column; polarity is a number since not every reader takes truth values."""


class NpzWriter:
    """Writes columns t (us), x, y, p (1 is brighter), `sensor` (width, height) and `time_unit`.

    An archive holds one column after the other, so until `close` the columns are kept in files
    without names in the same folder: memory stays small, the disk needs room for both, and
    nothing is left of a recording that was not closed.

    Attributes:
        carries: What is stored besides events: nothing.
    """

    carries: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        path: str | Path,
        sensor: SensorSize,
        *,
        compressed: bool = False,
        camera: str = "",
    ) -> None:
        """Create the file.

        Args:
            path: The file; replaced if it exists.
            sensor: Size of the pixel array.
            compressed: Whether to deflate the columns: about half the size, many times slower.
            camera: Name of the camera; the format has no place for it.

        Raises:
            OutputError: If the file cannot be written.
        """
        del camera
        self._path, self._sensor, self._events = path, sensor, 0
        self._method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        self._columns: dict[str, IO[bytes]] = {}
        with output_errors(path):
            self._file = Path(path).open("wb")  # noqa: SIM115
            folder = Path(path).resolve().parent
            for name in _COLUMNS:
                self._columns[name] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115

    def write(self, packet: Packet) -> None:
        """Append the events of a packet.

        Raises:
            OutputError: If the file cannot be written.
        """
        data = packet.events.data
        with output_errors(self._path):
            for name, column in self._columns.items():
                field, kind = _COLUMNS[name]
                column.write(np.ascontiguousarray(data[field]).view(kind).data)
        self._events += data.size

    def close(self) -> None:
        """Finish the file; may be called twice."""
        if self._file.closed:
            return
        try:
            with (
                output_errors(self._path),
                zipfile.ZipFile(self._file, "w", self._method) as archive,
            ):
                # What is small comes first, so that a cut file still says it.
                _add(archive, "sensor", np.array([self._sensor.width, self._sensor.height]))
                _add(archive, "time_unit", np.array("us"))
                for name, column in self._columns.items():
                    self._add_column(archive, name, column)
        finally:
            with output_errors(self._path):
                for column in self._columns.values():
                    column.close()
                self._file.close()

    def _add_column(self, archive: zipfile.ZipFile, name: str, column: IO[bytes]) -> None:
        column.seek(0)
        with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            member.write(_header(np.dtype(_COLUMNS[name][1]), self._events))
            shutil.copyfileobj(column, member, _COPY_BYTES)


class NpyWriter:
    """Writes one structured array of `EVENT_DTYPE`; the number of events is filled in by `close`.

    Attributes:
        carries: What is stored besides events: nothing, not even the size of the sensor.
    """

    carries: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, path: str | Path, sensor: SensorSize, *, camera: str = "") -> None:
        """Create the file.

        Args:
            path: The file; replaced if it exists.
            sensor: Size of the pixel array; the format has no place for it.
            camera: Name of the camera; likewise.

        Raises:
            OutputError: If the file cannot be written.
        """
        del sensor, camera
        self._path, self._events = path, 0
        with output_errors(path):
            self._file = Path(path).open("wb")  # noqa: SIM115
            self._file.write(_header(EVENT_DTYPE, 0))

    def write(self, packet: Packet) -> None:
        """Append the events of a packet.

        Raises:
            OutputError: If the file cannot be written.
        """
        data = packet.events.data
        clean = np.zeros(data.size, EVENT_DTYPE)
        for name in EVENT_DTYPE.names or ():
            clean[name] = data[name]
        with output_errors(self._path):
            self._file.write(clean.view(np.uint8).data)
        self._events += data.size

    def close(self) -> None:
        """Finish the file; may be called twice."""
        if self._file.closed:
            return
        with output_errors(self._path), self._file:
            self._file.seek(0)
            self._file.write(_header(EVENT_DTYPE, self._events))


def _header(dtype: np.dtype[Any], items: int) -> bytes:
    """Return the header of an array; its length does not depend on the number of items."""
    text = io.BytesIO()
    fields = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": (items,)}
    npy.write_array_header_1_0(text, fields)
    return text.getvalue()


def _add(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    with archive.open(f"{name}.npy", "w") as member:
        npy.write_array(member, array, allow_pickle=False)
