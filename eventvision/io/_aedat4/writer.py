"""Writes AEDAT4 recordings that stay readable whatever happens to the writer.

Every packet goes to the operating system at once. Until `close` adds the table of packets and
states its position in the header, the position is -1, which readers take for a recording whose
writer was stopped: they read the packets one after the other.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from eventvision.core import OutputError, Packet, SensorSize, output_errors
from eventvision.kernels import aedat4_encode as kernel

from . import build
from .header import VERSION_LINE

_LARGEST_SIDE_PX = (1 << 15) - 1
_MOST_ROWS = 1 << 20
_EVENTS, _FRAMES, _IMU, _TRIGGERS = range(4)
_COMPRESSIONS = ("lz4", "zstd", "none")
_ZSTD_LEVEL = 19

Compression = Literal["lz4", "zstd", "none"]


class Aedat4Writer:
    """Writes events, frames, IMU samples and triggers to an AEDAT4 file as they come.

    Every compressed packet carries a checksum of its content, so that a reader notices a single
    flipped bit. Recordings of more than a million packets go without the table of packets.

    Attributes:
        carries: What is stored besides events: everything.
    """

    carries: ClassVar[frozenset[str]] = frozenset({"frames", "imu", "triggers"})

    def __init__(
        self,
        path: str | Path,
        sensor: SensorSize,
        *,
        compression: Compression = "lz4",
        camera: str = "",
    ) -> None:
        """Create the file and write its header.

        Args:
            path: The file; replaced if it exists.
            sensor: Size of the pixel array.
            compression: `lz4`; `zstd` for files of half the size that are slow to write; or `none`
                for larger ones that cost less.
            camera: Name of the camera.

        Raises:
            OutputError: If the sensor is too large for the format or the file cannot be written.
            ValueError: If there is no such compression.
        """
        if compression not in _COMPRESSIONS:
            raise ValueError(f"compression must be lz4, zstd or none, got {compression!r}")
        if max(sensor.width, sensor.height) > _LARGEST_SIDE_PX:
            limit = f"sensors up to {_LARGEST_SIDE_PX} pixels wide and high"
            raise OutputError(path, f"AEDAT4 holds {limit}, not {sensor}", "write HDF5 instead")
        self._path, self._compression = path, compression
        self._rows: list[NDArray[np.void]] = []
        self._row_count, self._position = 0, 0
        self._out = np.empty(kernel.CALL_PACKETS * kernel.PACKET_ROOM, np.uint8)
        self._encoded = np.empty((kernel.CALL_PACKETS, kernel.ROW_WORDS), np.int64)
        header = build.header_buffer(compression.upper(), sensor, camera or "eventvision")
        with output_errors(path):
            self._file = Path(path).open("wb", buffering=0)  # noqa: SIM115
        self._append(VERSION_LINE + header)

    def write(self, packet: Packet) -> None:
        """Append a packet; it has reached the operating system when this returns.

        Raises:
            OutputError: If it cannot be stored; the file is then as it was before.
        """
        before, rows = self._position, len(self._rows)
        try:
            self._write_packet(packet)
        except OutputError:
            self._position = before
            del self._rows[rows:]
            self._cut()
            raise

    def _write_packet(self, packet: Packet) -> None:
        words = np.ascontiguousarray(packet.events.data).view(np.int64).reshape(-1, 2)
        for start in range(0, len(words), kernel.CALL_EVENTS):
            self._write_events(words[start : start + kernel.CALL_EVENTS])
        for frame in packet.frames:
            self._write_one(_FRAMES, build.frame_buffer(frame), [frame.t_us])
        if packet.imu.size:
            self._write_one(_IMU, build.imu_buffer(packet.imu), packet.imu["t"])
        if packet.triggers.size:
            self._write_one(_TRIGGERS, build.trigger_buffer(packet.triggers), packet.triggers["t"])

    def close(self) -> None:
        """Finish the file; may be called twice."""
        if self._file.closed:
            return
        try:
            if self._row_count <= _MOST_ROWS:
                position = self._position
                rows = np.concatenate([np.empty(0, build.ROWS_DTYPE), *self._rows])
                self._append(self._packed(build.table_buffer(rows)))
                with output_errors(self._path):
                    self._file.seek(len(VERSION_LINE) + build.POSITION_AT)
                    self._file.write(position.to_bytes(8, "little"))
        finally:
            with output_errors(self._path):
                self._file.close()

    def _write_events(self, words: NDArray[np.int64]) -> None:
        compressed = self._compression == "lz4"
        size, count = kernel.encode_events(words, _EVENTS, compressed, self._out, self._encoded)
        rows = np.zeros(count, build.ROWS_DTYPE)
        encoded = self._encoded[:count].T
        if self._compression == "zstd":
            self._write_anew(encoded)
            return
        for name, column in zip(
            ("offset", "size", "count", "first_us", "last_us"), encoded, strict=True
        ):
            rows[name] = column
        rows["offset"] += self._position
        self._append(self._out[:size].data)
        self._note(rows)

    def _write_anew(self, encoded: NDArray[np.int64]) -> None:
        """Compress packets of events that lie uncompressed in the buffer, and write them."""
        for offset, size, count, first_us, last_us in encoded.T.tolist():
            self._write_payload(
                _EVENTS, self._out[offset : offset + size].tobytes(), (count, first_us, last_us)
            )

    def _write_one(self, stream: int, buffer: bytes, times: NDArray[np.int64] | list[int]) -> None:
        self._write_payload(stream, buffer, (len(times), min(times), max(times)))

    def _write_payload(self, stream: int, buffer: bytes, span: tuple[int, int, int]) -> None:
        """Append one packet; `span` is its number of elements, its first and its last time."""
        payload = self._packed(buffer)
        header = stream.to_bytes(4, "little") + len(payload).to_bytes(4, "little")
        row = (self._position + len(header), stream, len(payload), *span)
        self._append(header + payload)
        self._note(np.array([row], build.ROWS_DTYPE))

    def _packed(self, buffer: bytes) -> bytes:
        if self._compression == "none":
            return buffer
        if self._compression == "zstd":
            from eventvision.io._zstd import zstd

            parameter = zstd.CompressionParameter
            options: dict[int, int] = {
                parameter.compression_level: _ZSTD_LEVEL,
                parameter.checksum_flag: 1,
            }
            return zstd.compress(buffer, options=options)
        import lz4.frame

        packed: bytes = lz4.frame.compress(buffer, content_checksum=True, store_size=False)
        return packed

    def _note(self, rows: NDArray[np.void]) -> None:
        self._row_count += rows.size
        if self._row_count <= _MOST_ROWS:
            self._rows.append(rows)

    def _append(self, data: bytes | memoryview) -> None:
        """Write all of it, or leave the file as it was."""
        try:
            with output_errors(self._path):
                done = 0
                while done < len(data):
                    done += self._file.write(data[done:]) or 0
        except OutputError:
            self._cut()
            raise
        self._position += len(data)

    def _cut(self) -> None:
        """Cut off what lies behind the last packet that is to stay."""
        with suppress(OSError):
            self._file.seek(self._position)
            self._file.truncate()
