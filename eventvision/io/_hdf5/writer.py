"""Writes HDF5 in the layout of DSEC, compressed and check-summed with filters that all HDF5 has."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, OutputError, Packet, SensorSize, output_errors
from eventvision.kernels.words import joined

_CHUNK_ROWS = 65_536
_BUFFER_EVENTS = 4 * _CHUNK_ROWS
_LONGEST_US = 24 * 3600 * 1_000_000
_NO_OFFSET_US = 3_600_000_000
"""Times that begin earlier are written as they are: not every reader adds `t_offset`."""
_INDEX_STEP = 1 << 20
_COLUMNS = {"p": ("on", "u1"), "t": ("t", "<i8"), "x": ("x", "<u2"), "y": ("y", "<u2")}


class Hdf5Writer:
    """Writes `/events/{p,t,x,y}`, `/t_offset` and `/ms_to_idx`, and the sensor as `geometry`.

    Times are stored in 64 bits: the 32 of the data set's own files would end after 71 minutes.

    Attributes:
        carries: What is stored besides events: nothing.
    """

    carries: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, path: str | Path, sensor: SensorSize, *, camera: str = "") -> None:
        """Create the file.

        Args:
            path: The file; replaced if it exists.
            sensor: Size of the pixel array.
            camera: Name of the camera.

        Raises:
            OutputError: If the file cannot be written, or the library for it is missing.
        """
        try:
            import h5py
        except ImportError as error:
            remedy = "install it with: pip install eventvision[hdf5]"
            raise OutputError(path, "needs the library h5py", remedy) from error
        self._path = path
        self._offset_us: int | None = None
        self._rows = self._indexed_ms = 0
        self._waiting: list[NDArray[np.void]] = []
        self._waiting_events = 0
        with output_errors(path):
            # HDF5 explains less well what is wrong with a path than the system does.
            Path(path).open("wb").close()
            self._file = h5py.File(path, "w")
            for name, (_, kind) in _COLUMNS.items():
                self._create(f"events/{name}", kind)
            self._create("ms_to_idx", "<u8")
            self._file.attrs["geometry"] = np.bytes_(str(sensor))
            self._file.attrs["camera"] = np.bytes_(camera.encode())

    def write(self, packet: Packet) -> None:
        """Append the events of a packet.

        Raises:
            OutputError: If the recording becomes longer than a day, or the file cannot be
                written.
        """
        data = packet.events.data
        if not data.size:
            return
        if self._offset_us is None:
            first_us = int(data["t"][0])
            self._offset_us = 0 if first_us < _NO_OFFSET_US else first_us // 1000 * 1000
        if not 0 <= data["t"][-1] - self._offset_us < _LONGEST_US:
            problem = "the layout of DSEC, with an index entry a millisecond, is for up to 24 hours"
            raise OutputError(self._path, problem, "cut the recording or write AEDAT4 instead")
        self._waiting.append(data.copy())
        self._waiting_events += data.size
        if self._waiting_events >= _BUFFER_EVENTS:
            self._flush()

    def close(self) -> None:
        """Finish the file; may be called twice."""
        if not self._file:
            return
        try:
            self._flush()
            with output_errors(self._path):
                self._file["t_offset"] = np.int64(self._offset_us or 0)
        finally:
            with output_errors(self._path):
                self._file.close()

    def _create(self, name: str, kind: str) -> None:
        self._file.create_dataset(
            name,
            (0,),
            kind,
            chunks=(_CHUNK_ROWS,),
            maxshape=(None,),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
            fletcher32=True,
        )

    def _flush(self) -> None:
        if not self._waiting:
            return
        events = joined(self._waiting) if len(self._waiting) > 1 else self._waiting[0]
        self._waiting, self._waiting_events = [], 0
        moved = np.empty(events.size, EVENT_DTYPE)
        moved[:] = events
        moved["t"] -= self._offset_us or 0
        with output_errors(self._path):
            self._index(moved["t"])
            for name, (field, kind) in _COLUMNS.items():
                self._append(f"events/{name}", moved[field].astype(kind))
        self._rows += events.size

    def _index(self, t_us: NDArray[np.int64]) -> None:
        """Add the milliseconds up to the last event; long gaps go in steps, to spare memory."""
        end_ms = int(t_us[-1]) // 1000 + 1
        for first in range(self._indexed_ms, end_ms, _INDEX_STEP):
            edges_us = np.arange(first, min(end_ms, first + _INDEX_STEP), dtype=np.int64) * 1000
            self._append(
                "ms_to_idx", np.searchsorted(t_us, edges_us).astype(np.uint64) + self._rows
            )
        self._indexed_ms = max(self._indexed_ms, end_ms)

    def _append(self, name: str, rows: NDArray[np.generic]) -> None:
        dataset = self._file[name]
        before = dataset.shape[0]
        dataset.resize((before + rows.size,))
        dataset[before:] = rows
