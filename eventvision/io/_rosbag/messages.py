"""Messages of event cameras in ROS bags, as bytes; ROS itself is not needed.

Two families. Arrays list their events one by one (`dvs_msgs/EventArray` and, alike,
`prophesee_event_msgs/EventArray`): x, y, seconds, nanoseconds, polarity; ROS1 packs an event into
13 bytes, the CDR of ROS2 aligns it. Packets (`event_camera_msgs/EventPacket`, at first called
`event_array_msgs/EventArray`) carry what the camera said: EVT2 or EVT3 words, or `mono`, 64 bits
an event: 32 bits of nanoseconds after the packet's base, 16 of x, 15 of y, 1 of polarity
(`trigger` has the same bits without a pixel).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, TRIGGER_DTYPE
from eventvision.io._evt.decoder import EvtDecoder
from eventvision.io._evt.header import Encoding

ARRAYS = frozenset({"dvs_msgs/EventArray", "prophesee_event_msgs/EventArray"})
PACKETS = frozenset({"event_camera_msgs/EventPacket", "event_array_msgs/EventArray"})

_EVT: dict[str, Encoding] = {"evt2": "EVT2", "evt3": "EVT3"}
_LISTED, _MONO, _TRIGGER = "array", "mono", "trigger"
ROS1_EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("s", "<u4"), ("ns", "<u4"), ("on", "?")])
CDR_EVENT = np.dtype(
    {
        "names": ["x", "y", "s", "ns", "on"],
        "formats": ["<u2", "<u2", "<u4", "<u4", "?"],
        "offsets": [0, 2, 6, 10, 14],
        "itemsize": 16,
    }
)
CDR_LITTLE_ENDIAN = b"\x00\x01"

Decoded = tuple[NDArray[np.void], NDArray[np.void]]
"""Events and triggers."""


def plain_type(name: str) -> str:
    """Return a message type as ROS1 writes it.

    >>> plain_type("dvs_msgs/msg/EventArray")
    'dvs_msgs/EventArray'
    """
    return name.replace("/msg/", "/")


@dataclass(frozen=True, kw_only=True, slots=True)
class EventMessage:
    """A message, its events not yet decoded.

    Attributes:
        frame_id: Name of the camera's coordinate frame.
        width: Of the sensor in pixels; 0 if not stated.
        height: Likewise.
        encoding: `array`, or the encoding that a packet states.
        base_ns: What the times of `mono` and `trigger` count from.
        big_endian: Byte order of the words of a packet.
        body: The encoded events.
    """

    frame_id: str
    width: int
    height: int
    encoding: str
    base_ns: int
    big_endian: bool
    body: bytes


def read_message(message: bytes, kind: str, *, cdr: bool) -> EventMessage:
    """Take a message apart.

    Args:
        message: The serialised message.
        kind: Its type, one of `ARRAYS` or `PACKETS`.
        cdr: Whether it is CDR (ROS2) rather than ROS1.

    Raises:
        ValueError: If the message contradicts its type.
    """
    cursor = _CdrCursor(message) if cdr else _Cursor(message)
    try:
        cursor.skip_header()
        frame_id = cursor.text()
        height, width = cursor.number("I"), cursor.number("I")
        encoding, base_ns, big_endian = _LISTED, 0, False
        if kind in PACKETS:
            cursor.number("Q")
            base_ns, encoding = cursor.number("Q"), cursor.text()
            big_endian = bool(cursor.number("B"))
        count = cursor.number("I")
    except struct.error as error:
        raise ValueError("the message is cut") from error
    if kind not in PACKETS:
        count = cursor.events_bytes(count)
    body = message[cursor.at : cursor.at + count]
    if len(body) != count:
        raise ValueError(f"the message ends {count - len(body)} bytes early")
    return EventMessage(
        frame_id=frame_id,
        width=width,
        height=height,
        encoding=encoding,
        base_ns=base_ns,
        big_endian=big_endian,
        body=body,
    )


class _Cursor:
    """Reads ROS1 fields: little-endian, without gaps."""

    header_bytes = 12
    origin = 0
    terminators = 0

    def __init__(self, message: bytes) -> None:
        self._message = message
        self.at = self.origin

    def skip_header(self) -> None:
        self.at += self.header_bytes

    def number(self, code: str) -> int:
        self._align(struct.calcsize(code))
        (value,) = struct.unpack_from("<" + code, self._message, self.at)
        self.at += struct.calcsize(code)
        return int(value)

    def text(self) -> str:
        length = self.number("I")
        text = self._message[self.at : self.at + max(0, length - self.terminators)]
        self.at += length
        return text.decode("utf-8", "replace")

    def events_bytes(self, count: int) -> int:
        return count * ROS1_EVENT.itemsize

    def _align(self, size: int) -> None:
        """Fields follow one another at once."""


class _CdrCursor(_Cursor):
    """Reads CDR fields: aligned to their size, counted from behind the first four bytes."""

    header_bytes = 8
    origin = 4
    terminators = 1

    def __init__(self, message: bytes) -> None:
        super().__init__(message)
        if message[:2] != CDR_LITTLE_ENDIAN:
            raise ValueError(f"the message begins with {message[:2]!r}, not as little-endian CDR")

    def events_bytes(self, count: int) -> int:
        return count * CDR_EVENT.itemsize - 3 if count else 0

    def _align(self, size: int) -> None:
        self.at += (self.origin - self.at) % size


class MessageDecoder:
    """Decodes the messages of one topic; EVT words keep their state from packet to packet."""

    def __init__(self, encoding: str, *, cdr: bool, evt: EvtDecoder | None = None) -> None:
        """Prepare for an encoding.

        Args:
            encoding: Of the messages, as `EventMessage` has it.
            cdr: Whether arrays are laid out as in CDR.
            evt: State to continue from; is not copied.

        Raises:
            ValueError: If the encoding is not known.
        """
        known = (_LISTED, _MONO, _TRIGGER, *_EVT)
        if encoding not in known:
            raise ValueError(f"encoding {encoding[:20]!r} is not known, only {', '.join(known)}")
        self._encoding, self._cdr = encoding, cdr
        self._evt = evt
        if evt is None and encoding in _EVT:
            self._evt = EvtDecoder(_EVT[encoding])

    def copy(self) -> Self:
        """Return a decoder in the same state."""
        evt = None if self._evt is None else self._evt.copy()
        return type(self)(self._encoding, cdr=self._cdr, evt=evt)

    def take_findings(self) -> dict[str, int]:
        """Return what was odd since the last call, by kind of damage, and forget it."""
        return {} if self._evt is None else self._evt.take_findings()

    def decode(self, message: EventMessage) -> list[Decoded]:
        """Return the events and triggers of a message, in pieces of bounded size.

        Raises:
            ValueError: If the message has another encoding than those before.
        """
        if message.encoding != self._encoding:
            was = message.encoding[:20]
            raise ValueError(f"the encoding changes from {self._encoding} to {was!r}")
        if self._evt is not None:
            return self._words(self._evt, message)
        if self._encoding == _LISTED:
            return [(self._listed(message.body), np.empty(0, TRIGGER_DTYPE))]
        return [_mono(message, is_trigger=self._encoding == _TRIGGER)]

    @staticmethod
    def _words(evt: EvtDecoder, message: EventMessage) -> list[Decoded]:
        if message.big_endian:
            raise ValueError("big-endian words cannot be read")
        data, found, at = np.frombuffer(message.body, np.uint8), [], 0
        while at <= data.size - evt.word_bytes:
            events, triggers, at = evt.step(data, at, data.size)
            found.append((events, triggers))
        return found

    def _listed(self, body: bytes) -> NDArray[np.void]:
        rows = _cdr_rows(body) if self._cdr else np.frombuffer(body, ROS1_EVENT)
        events = np.zeros(rows.size, EVENT_DTYPE)
        events["t"] = rows["s"].astype(np.int64) * 1_000_000 + rows["ns"] // 1000
        events["x"], events["y"], events["on"] = rows["x"], rows["y"], rows["on"]
        return events


def _cdr_rows(body: bytes) -> NDArray[np.void]:
    """Give the first event, which alone begins aligned, the layout of the others.

    Two bytes are inserted before its seconds... in effect: its pixel moves two bytes ahead, so
    that all events lie 16 bytes apart.
    """
    if not body:
        return np.empty(0, CDR_EVENT)
    shifted = body[:4] + b"\0\0" + body[4:] + b"\0"
    return np.frombuffer(shifted, CDR_EVENT)


def _mono(message: EventMessage, *, is_trigger: bool) -> Decoded:
    words = np.frombuffer(
        message.body, ">u8" if message.big_endian else "<u8", len(message.body) // 8
    ).astype(np.uint64)
    base_us, rest_ns = divmod(message.base_ns, 1000)
    t = base_us + (rest_ns + (words & np.uint64(0xFFFF_FFFF)).astype(np.int64)) // 1000
    on = (words >> np.uint64(63)).astype(bool)
    events = np.zeros(0 if is_trigger else words.size, EVENT_DTYPE)
    triggers = np.zeros(words.size if is_trigger else 0, TRIGGER_DTYPE)
    if is_trigger:
        triggers["t"], triggers["rising"] = t, on
    else:
        events["t"], events["on"] = t, on
        events["x"] = (words >> np.uint64(32)) & np.uint64(0xFFFF)
        events["y"] = (words >> np.uint64(48)) & np.uint64(0x7FFF)
    return events, triggers
