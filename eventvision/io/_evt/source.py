"""Prophesee RAW recordings: EVT2, EVT2.1 and EVT3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError, SensorSize, SourceInfo
from eventvision.io._base import checked_path
from eventvision.io._file_bytes import FileBytes
from eventvision.io._geometry import KNOWN_SENSORS, PixelCounts, smallest_known_sensor
from eventvision.io._indexed import IndexedSource

from .header import EvtHeader, read_evt_header
from .steps import EvtSteps


class EvtSource(IndexedSource):
    """A RAW recording, read as a stream in constant memory.

    Times are those of the camera's clock, wraps undone, plus `t0` of the header if there is one.
    A recording whose header does not state the size of the sensor is scanned once for the pixels
    used, and `info` says so.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sensor: SensorSize | None = None,
        packet_events: int = 65_536,
    ) -> None:
        """Open a recording.

        Args:
            path: The file.
            sensor: Size of the pixel array, in place of what the file says.
            packet_events: How many events a packet may have at most, 64 or more.

        Raises:
            SourceNotFoundError: If there is no such file.
            FormatError: If it is not a RAW recording in a known encoding, or if neither its
                header nor its events tell the size of the sensor.
            ValueError: If `packet_events` is less.
        """
        found = checked_path(path)
        header = read_evt_header(found)
        steps = EvtSteps(header, packet_events=packet_events)
        super().__init__(found, _info(found, header, sensor), steps, header.size)


def _info(path: Path, header: EvtHeader, sensor: SensorSize | None) -> SourceInfo:
    origin: Literal["header", "data", "user"] = "header"
    notes: tuple[str, ...] = ()
    size = header.sensor
    if sensor is not None:
        size, origin = sensor, "user"
    elif size is None:
        size, origin = _size_from_data(path, header), "data"
        notes = (f"The header states no sensor size; {size} is inferred from the pixels used.",)
    return SourceInfo(
        name=str(path),
        format=header.encoding,
        sensor=size,
        sensor_from=origin,
        camera=header.camera,
        notes=notes,
    )


def _size_from_data(path: Path, header: EvtHeader) -> SensorSize:
    """Find the pixels used; counted, not only bounded, if no common sensor has them all.

    Raises:
        FormatError: If they fit no sensor at all.
    """
    max_x = max_y = 0
    for events in _all_events(path, header):
        max_x = max(max_x, int(events["x"].max(initial=0)))
        max_y = max(max_y, int(events["y"].max(initial=0)))
    size = smallest_known_sensor(max_x, max_y)
    if size in KNOWN_SENSORS:
        return size
    counts = PixelCounts()
    for events in _all_events(path, header):
        counts.add(events["x"], events["y"])
    try:
        return counts.sensor()
    except ValueError as error:
        problem = f"states no sensor size, and its {error}"
        raise FormatError(path, problem, "name the size, such as --sensor 1280x720") from error


def _all_events(path: Path, header: EvtHeader) -> Iterator[NDArray[np.void]]:
    steps, at = EvtSteps(header), header.size
    with closing(FileBytes(path)) as data:
        while at < data.size:
            step = steps.step(data, at)
            at = step.after
            yield step.events
