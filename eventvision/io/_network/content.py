"""What is inside the packets of a stream of dv-processing: events, frames, IMU samples, triggers.

A `NetworkWriter` of dv-processing sends one kind, and its `NetworkReader` takes whatever comes for
that kind. Streams of several kinds, which the format allows, are sent only where asked for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    EVENT_DTYPE,
    IMU_DTYPE,
    TRIGGER_DTYPE,
    Frame,
    Packet,
    SensorSize,
)
from eventvision.io._aedat4 import build
from eventvision.io._aedat4.header import KINDS
from eventvision.io._aedat4.payload import PayloadError, form_of, unpack
from eventvision.io._aedat4.tables import Table, TableError, read_frame, read_imu, read_triggers
from eventvision.kernels.event_copies import PIXEL_AND_POLARITY
from eventvision.kernels.guard import LATEST_US

FRAME_EVENTS = 1 << 16
"""Most events that are sent in one packet."""

MOST_SAMPLES = 1 << 14
"""Most IMU samples, or triggers, that are sent in one packet."""

Kind = Literal["events", "frames", "imu", "triggers"]
EVERY_KIND: tuple[Kind, ...] = get_args(Kind)

_HEADER = struct.Struct("<ii")
_EVENTS = struct.Struct("<II4s2xHHHiII")
_MEANINGFUL: NDArray[np.int64] = np.array([-1, PIXEL_AND_POLARITY])

Message = tuple[bytes, int]
"""A packet as it is sent, and how many events it holds."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """Turns packets into messages of some kinds.

    Attributes:
        kinds: What is sent; their places are the numbers of their streams.
    """

    kinds: tuple[Kind, ...] = ("events",)

    def hello(self, sensor: SensorSize, camera: str) -> bytes:
        """Return the header with which a stream begins."""
        shown = "".join(letter for letter in camera if letter.isprintable())
        streams = [stream for stream in build.STREAMS if stream[0] in self.kinds]
        return build.header_buffer("NONE", sensor, shown, streams)

    def messages(self, packet: Packet) -> Iterator[Message]:
        """Yield what a packet holds of these kinds."""
        for number, kind in enumerate(self.kinds):
            for content, events in _ENCODERS[kind](packet):
                yield _HEADER.pack(number, len(content)) + content, events


def chosen_kinds(wanted: Sequence[str]) -> tuple[Kind, ...]:
    """Return kinds in the order in which streams are numbered.

    Raises:
        ValueError: If one is not known, or there is none.
    """
    unknown = [kind for kind in wanted if kind not in EVERY_KIND]
    if unknown or not wanted:
        raise ValueError(f"some of {', '.join(EVERY_KIND)}")
    return tuple(kind for kind in EVERY_KIND if kind in wanted)


def _encode_events(packet: Packet) -> Iterator[Message]:
    every_word = np.ascontiguousarray(packet.events.data).view(np.int64).reshape(-1, 2)
    for start in range(0, len(every_word), FRAME_EVENTS):
        words = (every_word[start : start + FRAME_EVENTS] & _MEANINGFUL).astype("<i8", copy=False)
        size = _EVENTS.size + words.nbytes
        head = _EVENTS.pack(size - 4, 16, b"EVTS", 6, 8, 4, 6, 4, len(words))
        yield head + words.tobytes(), len(words)


def _encode_frames(packet: Packet) -> Iterator[Message]:
    for frame in packet.frames:
        yield build.frame_buffer(frame), 0


def _encode_imu(packet: Packet) -> Iterator[Message]:
    for start in range(0, packet.imu.size, MOST_SAMPLES):
        yield build.imu_buffer(packet.imu[start : start + MOST_SAMPLES]), 0


def _encode_triggers(packet: Packet) -> Iterator[Message]:
    for start in range(0, packet.triggers.size, MOST_SAMPLES):
        yield build.trigger_buffer(packet.triggers[start : start + MOST_SAMPLES]), 0


_ENCODERS: dict[Kind, Callable[[Packet], Iterator[Message]]] = {
    "events": _encode_events,
    "frames": _encode_frames,
    "imu": _encode_imu,
    "triggers": _encode_triggers,
}
NAMES: dict[int, Kind] = {
    KINDS["EVTS"]: "events",
    KINDS["FRME"]: "frames",
    KINDS["IMUS"]: "imu",
    KINDS["TRIG"]: "triggers",
}
"""What the kinds of streams are called."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a message holds, all but one of them empty.

    Attributes:
        events: Shape (N,), dtype `EVENT_DTYPE`; unchecked.
        frames: Images.
        imu: Shape (N,), dtype `IMU_DTYPE`, in order of time.
        triggers: Shape (N,), dtype `TRIGGER_DTYPE`, in order of time.
    """

    events: NDArray[np.void] = field(default_factory=lambda: np.empty(0, EVENT_DTYPE))
    frames: tuple[Frame, ...] = ()
    imu: NDArray[np.void] = field(default_factory=lambda: np.empty(0, IMU_DTYPE))
    triggers: NDArray[np.void] = field(default_factory=lambda: np.empty(0, TRIGGER_DTYPE))

    def beside(self, shift_us: int) -> tuple[tuple[Frame, ...], NDArray[np.void], NDArray[np.void]]:
        """Return frames, IMU samples and triggers, their times moved."""
        self.imu["t"] += shift_us
        self.triggers["t"] += shift_us
        frames = self.frames
        if shift_us:
            frames = tuple(replace(frame, t_us=frame.t_us + shift_us) for frame in frames)
        return frames, self.imu, self.triggers


def decode(payload: NDArray[np.uint8], kind: Kind) -> Content:
    """Return what a message of a kind holds.

    Raises:
        PayloadError: If it cannot be decompressed, or does not hold what it should.
    """
    content, _ = unpack(payload, form_of(payload))
    try:
        return _DECODERS[kind](memoryview(content.data))
    except TableError as error:
        raise PayloadError(f"its flatbuffer is malformed ({error})") from None


def _decode_events(buffer: memoryview) -> Content:
    found = Table.root(buffer, b"EVTS").vector(0, EVENT_DTYPE.itemsize)
    words: NDArray[np.int64] = np.frombuffer(found, "<i8").reshape(-1, 2) & _MEANINGFUL
    return Content(events=words.reshape(-1).view(EVENT_DTYPE))


def _decode_frames(buffer: memoryview) -> Content:
    frame = read_frame(buffer)
    if not 0 <= frame.t_us <= LATEST_US:
        raise TableError(f"time {frame.t_us} us is not plausible")
    return Content(frames=(frame,))


def _decode_imu(buffer: memoryview) -> Content:
    return Content(imu=_in_order(read_imu(buffer)))


def _decode_triggers(buffer: memoryview) -> Content:
    return Content(triggers=_in_order(read_triggers(buffer)))


def _in_order(samples: NDArray[np.void]) -> NDArray[np.void]:
    t = samples["t"]
    if samples.size and not 0 <= t.min() <= t.max() <= LATEST_US:
        raise TableError(f"times from {t.min()} to {t.max()} us are not plausible")
    return samples[np.argsort(t, kind="stable")]


_DECODERS: dict[Kind, Callable[[memoryview], Content]] = {
    "events": _decode_events,
    "frames": _decode_frames,
    "imu": _decode_imu,
    "triggers": _decode_triggers,
}
