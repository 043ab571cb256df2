"""Events as messages of ROS, serialised: packed for ROS1, as CDR for ROS2.

`messages` explains the messages themselves. CDR puts numbers at multiples of their size, counted
from behind the first four bytes, and ends texts with a zero.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

from .messages import CDR_EVENT, ROS1_EVENT

MONO_SPAN_US = 4_294_967
"""Longest time in a packet of `mono` events: 32 bits of nanoseconds."""

MONO_ROWS = 1 << 15
"""A `mono` event has 15 bits for its row."""

_HEADER = "std_msgs/Header header\nuint32 height\nuint32 width\n"
_EVENT_TEXT = "uint16 x\nuint16 y\n{time} ts\nbool polarity\n"
_TIMES = {False: "time", True: "builtin_interfaces/Time"}
_PACKET_TEXT = (
    _HEADER + "uint64 seq\nuint64 time_base\nstring encoding\nbool is_bigendian\nuint8[] events\n"
)


@dataclass(frozen=True, slots=True)
class MessageKind:
    """A kind of message.

    Attributes:
        package: Its package, which names it.
        name: Its name as ROS2 writes it.
        listed: Whether events are listed one by one, rather than packed as `mono`.
    """

    package: str
    name: str
    listed: bool

    def definitions(self, *, cdr: bool) -> dict[str, str]:
        """Return the definitions that ROS itself does not have, by name."""
        if not self.listed:
            return {self.name: _PACKET_TEXT}
        event = _EVENT_TEXT.format(time=_TIMES[cdr])
        listed = f"{_HEADER}{self.package}/Event[] events\n"
        return {f"{self.package}/msg/Event": event, self.name: listed}


KINDS = {
    kind.package: kind
    for kind in (
        MessageKind("dvs_msgs", "dvs_msgs/msg/EventArray", listed=True),
        MessageKind("prophesee_event_msgs", "prophesee_event_msgs/msg/EventArray", listed=True),
        MessageKind("event_camera_msgs", "event_camera_msgs/msg/EventPacket", listed=False),
    )
}
"""Kinds of messages that are written, by package."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageEncoder:
    """Serialises messages of one kind.

    Attributes:
        kind: What is written.
        sensor: Size of the pixel array.
        frame_id: Name of the camera's coordinate frame.
        cdr: Whether messages are CDR (ROS2) rather than ROS1.
    """

    kind: MessageKind
    sensor: SensorSize
    frame_id: str
    cdr: bool

    def encode(self, events: NDArray[np.void], number: int) -> bytes:
        """Return a message, stamped with the time of its last event.

        Args:
            events: Shape (N,), dtype `EVENT_DTYPE`; `mono` spans up to `MONO_SPAN_US`.
            number: Number of the message.
        """
        fields = _CdrFields() if self.cdr else _Fields()
        fields.header(number, int(events["t"][-1]) if events.size else 0, self.frame_id)
        fields.number("I", self.sensor.height)
        fields.number("I", self.sensor.width)
        if self.kind.listed:
            fields.number("I", events.size)
            fields.data += _cdr_events(events) if self.cdr else _rows(events, ROS1_EVENT).tobytes()
        else:
            base_us = int(events["t"][0]) if events.size else 0
            fields.number("Q", number)
            fields.number("Q", base_us * 1000)
            fields.text("mono")
            fields.number("B", 0)
            fields.number("I", 8 * events.size)
            fields.data += _mono(events, base_us)
        return bytes(fields.data)


class _Fields:
    """Fields of ROS1, one behind the other."""

    def __init__(self) -> None:
        self.data = bytearray()

    def header(self, number: int, stamp_us: int, frame_id: str) -> None:
        self.number("I", number)
        self.stamp(stamp_us)
        self.text(frame_id)

    def stamp(self, t_us: int) -> None:
        seconds, us = divmod(t_us, 1_000_000)
        self.number("I", seconds)
        self.number("I", us * 1000)

    def number(self, code: str, value: int) -> None:
        self.data += struct.pack("<" + code, value)

    def text(self, value: str) -> None:
        raw = value.encode()
        self.number("I", len(raw))
        self.data += raw


class _CdrFields(_Fields):
    """Fields of ROS2."""

    def __init__(self) -> None:
        self.data = bytearray(b"\0\1\0\0")

    def header(self, number: int, stamp_us: int, frame_id: str) -> None:
        del number
        self.stamp(stamp_us)
        self.text(frame_id)

    def number(self, code: str, value: int) -> None:
        self.data += bytes((4 - len(self.data)) % struct.calcsize(code))
        super().number(code, value)

    def text(self, value: str) -> None:
        raw = value.encode() + b"\0"
        self.number("I", len(raw))
        self.data += raw


def _rows(events: NDArray[np.void], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    rows = np.zeros(events.size, dtype)
    rows["s"], us = np.divmod(events["t"], 1_000_000)
    rows["ns"] = us * 1000
    rows["x"], rows["y"], rows["on"] = events["x"], events["y"], events["on"]
    return rows


def _cdr_events(events: NDArray[np.void]) -> bytes:
    """Return events 16 bytes apart, but for the first, whose pixel lies two bytes closer."""
    raw = _rows(events, CDR_EVENT).tobytes()
    return raw[:4] + raw[6:-1]


def _mono(events: NDArray[np.void], base_us: int) -> bytes:
    words = ((events["t"] - base_us) * 1000).astype(np.uint64)
    words |= events["x"].astype(np.uint64) << np.uint64(32)
    words |= events["y"].astype(np.uint64) << np.uint64(48)
    words |= events["on"].astype(np.uint64) << np.uint64(63)
    return words.astype("<u8").tobytes()
