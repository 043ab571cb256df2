"""What a stretch of an AEDAT4 file holds, decompressed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Damage, Frame, SensorSize
from eventvision.kernels import aedat4 as kernels
from eventvision.kernels.aedat4_decode import GROUP_BYTES, copy_events, decode_events
from eventvision.kernels.event_copies import EVENT_BYTES
from eventvision.kernels.words import joined

from .packets import Stretch
from .payload import PROBLEMS, PayloadError, unpack
from .tables import TableError, read_frame, read_imu, read_triggers

LARGEST_SENSOR = SensorSize(65_535, 65_535)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Contents of a stretch.

    Attributes:
        events: Shape (N,), dtype `EVENT_DTYPE`, as the file has them.
        frames: Images, in the order of the file.
        imu: Arrays of dtype `IMU_DTYPE`, one per packet.
        triggers: Arrays of dtype `TRIGGER_DTYPE`, one per packet.
        damage: What was wrong.
        start: Where in the file it begins.
        end: Where it ends.
        is_clean: Whether `kernels.guard.is_clean` is known to hold for the events.
    """

    events: NDArray[np.void]
    frames: list[Frame]
    imu: list[NDArray[np.void]]
    triggers: list[NDArray[np.void]]
    damage: list[Damage]
    start: int
    end: int
    is_clean: bool = False


def room_for(stretch: Stretch) -> NDArray[np.void]:
    """Return room for the events of which the number is known, shape (N,), `EVENT_DTYPE`.

    Where none are compressed, that is the memory of the stretch itself.
    """
    packets = stretch.packets
    events = packets[(packets["kind"] == kernels.EVENTS) & (packets["count"] > 0)]
    expected = int(events["count"].sum())
    if (events["form"] == kernels.RAW).all():
        return stretch.data[: EVENT_BYTES * expected].view(EVENT_DTYPE)
    return np.empty(expected, EVENT_DTYPE)


def decode(
    stretch: Stretch, sensor: SensorSize = LARGEST_SENSOR, room: NDArray[np.void] | None = None
) -> Decoded:
    """Decompress a stretch; other threads run while most of it happens.

    Args:
        stretch: The stretch; what it holds is no longer valid afterwards.
        sensor: What lies outside is not clean.
        room: From `room_for`. Memory that another thread has made is dear to give back.
    """
    damage = list(stretch.damage)
    kinds, counts = stretch.packets["kind"], stretch.packets["count"]
    start = stretch.base + int(stretch.packets["start"][0]) if kinds.size else stretch.base
    decoded = Decoded(np.empty(0, EVENT_DTYPE), [], [], [], damage, start, stretch.end)
    if (kinds != kernels.EVENTS).any():
        _add_others(stretch, decoded)
    if ((kinds == kernels.EVENTS) & (counts < 0)).any():
        return replace(decoded, events=_events_one_by_one(stretch, damage))
    events, is_clean = _events(stretch, sensor, room_for(stretch) if room is None else room, damage)
    return replace(decoded, events=events, is_clean=is_clean)


def _add_others(stretch: Stretch, decoded: Decoded) -> None:
    """Add frames, IMU samples and triggers."""
    kinds = stretch.packets["kind"]
    for index in np.flatnonzero((kinds != kernels.EVENTS) & (kinds != kernels.OTHER)):
        try:
            buffer = _payload(stretch, index).data
            if kinds[index] == kernels.FRAMES:
                decoded.frames.append(read_frame(buffer))
            elif kinds[index] == kernels.IMU:
                decoded.imu.append(read_imu(buffer))
            else:
                decoded.triggers.append(read_triggers(buffer))
        except (PayloadError, TableError) as error:
            decoded.damage.append(_damage(stretch, index, str(error)))


def _events(
    stretch: Stretch, sensor: SensorSize, room: NDArray[np.void], damage: list[Damage]
) -> tuple[NDArray[np.void], bool]:
    """Return the events and whether they are clean."""
    if not room.size:
        return room, True
    packets = stretch.packets
    codes = np.zeros(packets.size, np.int64)
    words = room.view(np.int64).reshape(-1, 2)
    kept, is_clean = decode_events(
        stretch.data, packets, words, codes, _scratch(), sensor.width, sensor.height
    )
    damage += [
        _damage(stretch, index, PROBLEMS[int(codes[index])]) for index in np.flatnonzero(codes < 0)
    ]
    return room[:kept], is_clean


_of_thread = threading.local()


def _scratch() -> NDArray[np.uint8]:
    """Return memory to decompress into, of this thread's own."""
    if not hasattr(_of_thread, "scratch"):
        _of_thread.scratch = np.empty(GROUP_BYTES, np.uint8)
    scratch: NDArray[np.uint8] = _of_thread.scratch
    return scratch


def _events_one_by_one(stretch: Stretch, damage: list[Damage]) -> NDArray[np.void]:
    """Decode packets of which it is not known beforehand how many events they hold."""
    parts = []
    for index in np.flatnonzero(stretch.packets["kind"] == kernels.EVENTS):
        try:
            content = _payload(stretch, index)
        except PayloadError as error:
            damage.append(_damage(stretch, index, str(error)))
            continue
        first, count = kernels.event_vector(content, 0, content.size, content.size)
        if count < 0:
            damage.append(_damage(stretch, index, PROBLEMS[kernels.MALFORMED]))
            continue
        events = np.empty(count, EVENT_DTYPE)
        copy_events(content, first, count, events.view(np.int64).reshape(-1, 2), 0)
        parts.append(events)
    return joined(parts)


def _payload(stretch: Stretch, index: int | np.intp) -> NDArray[np.uint8]:
    packet = stretch.packets[index]
    return unpack(stretch.data[packet["start"] : packet["end"]], packet["form"])[0]


def _damage(stretch: Stretch, index: int | np.intp, problem: str) -> Damage:
    packet = stretch.packets[index]
    is_event = packet["kind"] == kernels.EVENTS
    return Damage(
        kind="corrupt-packet",
        message=f"a packet of {NAMES[int(packet['kind'])]} is damaged: {problem}",
        byte_start=stretch.base + int(packet["start"]) - kernels.HEADER_BYTES,
        byte_end=stretch.base + int(packet["end"]),
        events_skipped=max(0, int(packet["count"])) if is_event else 0,
    )


NAMES = {
    kernels.EVENTS: "events",
    kernels.FRAMES: "frames",
    kernels.IMU: "IMU samples",
    kernels.TRIGGERS: "triggers",
}
