"""Writes text recordings, one event a line: time in us, x, y, polarity 0 or 1.

`.csv` has commas and begins with the names of its columns, as spreadsheets and data frames expect;
it cannot state the size of the sensor. Any other name gets blanks, and comments (`#`) that state
size and unit.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from eventvision.core import OutputError, Packet, SensorSize, output_errors
from eventvision.kernels import text_encode as kernel

TextStyle = Literal["csv", "txt"]

_BLOCK_EVENTS = 1 << 15


class TextWriter:
    """Writes events as text.

    Attributes:
        carries: What is stored besides events: nothing.
    """

    carries: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        path: str | Path,
        sensor: SensorSize,
        *,
        style: TextStyle = "txt",
        camera: str = "",
    ) -> None:
        """Create the file and write its first lines.

        Args:
            path: The file; replaced if it exists.
            sensor: Size of the pixel array.
            style: `csv` for commas and a line of names, `txt` for blanks and comments.
            camera: Name of the camera; is not stored.

        Raises:
            OutputError: If the file cannot be written.
            ValueError: If there is no such style.
        """
        del camera
        if style not in {"csv", "txt"}:
            raise ValueError(f"style must be csv or txt, got {style!r}")
        self._path = path
        self._separator = ord("," if style == "csv" else " ")
        self._text = np.empty(_BLOCK_EVENTS * kernel.LONGEST_LINE, np.uint8)
        head = "t_us,x,y,p\n" if style == "csv" else f"# sensor {sensor}\n# t_us x y p\n"
        with output_errors(path):
            self._file = Path(path).open("wb")  # noqa: SIM115
            self._file.write(head.encode())

    def write(self, packet: Packet) -> None:
        """Append the events of a packet.

        Raises:
            OutputError: If a time is negative or the file cannot be written.
        """
        if len(packet) and packet.events.t[0] < 0:
            problem = f"text recordings begin at 0 us or later, not {packet.events.t[0]} us"
            raise OutputError(self._path, problem, "shift the times")
        words = np.ascontiguousarray(packet.events.data).view(np.int64)
        for start in range(0, words.size, 2 * _BLOCK_EVENTS):
            part = words[start : start + 2 * _BLOCK_EVENTS]
            size = kernel.format_events(part, self._separator, self._text)
            with output_errors(self._path):
                self._file.write(self._text[:size].data)

    def close(self) -> None:
        """Finish the file; may be called twice."""
        with output_errors(self._path):
            self._file.close()
