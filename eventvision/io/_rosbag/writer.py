"""Writes ROS1 bags with `dvs_msgs/EventArray`, which rpg_dvs_ros and most ROS tools read.

A bag consists of chunks; the library `rosbags` writes them and the index. Times are kept exactly:
a microsecond is a thousand of the nanoseconds that ROS counts.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from eventvision.core import OutputError, Packet, SensorSize, output_errors

_TYPE = "dvs_msgs/msg/EventArray"
_DEFINITION = """\
std_msgs/Header header
uint32 height
uint32 width
dvs_msgs/Event[] events
================================================================================
MSG: dvs_msgs/Event
uint16 x
uint16 y
time ts
bool polarity
================================================================================
MSG: std_msgs/Header
uint32 seq
time stamp
string frame_id
"""
_MD5 = "5e8beee5a6c107e504c2e78903c224b8"
_EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("s", "<u4"), ("ns", "<u4"), ("on", "?")])
_MESSAGE_EVENTS = 65_536
_END_US = (1 << 32) * 1_000_000


class RosbagWriter:
    """Writes a ROS1 bag with one topic.

    Attributes:
        carries: What is stored besides events: nothing.
    """

    carries: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self, path: str | Path, sensor: SensorSize, *, camera: str = "", topic: str = "/dvs/events"
    ) -> None:
        """Create the file.

        Args:
            path: The file; replaced if it exists.
            sensor: Size of the pixel array.
            camera: Name of the camera; becomes the `frame_id` of the messages.
            topic: Name of the topic.

        Raises:
            OutputError: If the file cannot be written, or the library for it is missing.
        """
        try:
            from rosbags.rosbag1 import Writer
        except ImportError as error:
            remedy = "install it with: pip install eventvision[rosbag]"
            raise OutputError(path, "needs the library rosbags", remedy) from error
        self._path, self._sensor, self._messages = path, sensor, 0
        self._frame_id = camera.encode()
        self._is_open = True
        with output_errors(path):
            if Path(path).exists() and not Path(path).is_file():
                raise OutputError(path, "is not a file", "write the bag to a file")
            Path(path).unlink(missing_ok=True)
            self._bag = Writer(path)
            self._bag.open()
        self._connection = self._bag.add_connection(topic, _TYPE, msgdef=_DEFINITION, md5sum=_MD5)

    def write(self, packet: Packet) -> None:
        """Append the events of a packet.

        Raises:
            OutputError: If a time does not fit the format, or the file cannot be written.
        """
        data = packet.events.data
        if data.size and not 0 <= data["t"].min() <= data["t"].max() < _END_US:
            problem = f"ROS1 bags hold times from 0 to {_END_US - 1} us"
            raise OutputError(self._path, problem, "write AEDAT4 instead")
        for first in range(0, data.size, _MESSAGE_EVENTS):
            self._write(data[first : first + _MESSAGE_EVENTS])

    def close(self) -> None:
        """Finish the file; may be called twice."""
        if not self._is_open:
            return
        self._is_open = False
        if self._messages == 0:
            self._write(np.empty(0, [("t", "<i8"), ("x", "<u2"), ("y", "<u2"), ("on", "?")]))
        with output_errors(self._path):
            self._bag.close()

    def _write(self, events: NDArray[np.void]) -> None:
        """Write a message; its stamp is the time of its last event, at which it was complete."""
        last_us = int(events["t"][-1]) if events.size else 0
        message = self._header(last_us) + struct.pack("<I", events.size) + _listed(events)
        # Time 0 is not valid for a message in a bag, though it is for an event.
        received_ns = max(1, last_us * 1000)
        with output_errors(self._path):
            self._bag.write(self._connection, received_ns, message)
        self._messages += 1

    def _header(self, stamp_us: int) -> bytes:
        seconds, us = divmod(stamp_us, 1_000_000)
        fixed = struct.pack("<IIII", self._messages, seconds, us * 1000, len(self._frame_id))
        size = struct.pack("<II", self._sensor.height, self._sensor.width)
        return fixed + self._frame_id + size


def _listed(events: NDArray[np.void]) -> bytes:
    rows = np.empty(events.size, _EVENT)
    rows["s"], us = np.divmod(events["t"], 1_000_000)
    rows["ns"] = us * 1000
    rows["x"], rows["y"], rows["on"] = events["x"], events["y"], events["on"]
    return rows.tobytes()
