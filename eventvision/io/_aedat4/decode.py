"""What a stretch of an AEDAT4 file holds, decompressed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Damage, Frame
from eventvision.kernels import aedat4 as kernels
from eventvision.kernels.aedat4_decode import copy_events, decode_events

from .packets import Stretch
from .payload import PROBLEMS, PayloadError, unpack
from .tables import TableError, read_frame, read_imu, read_triggers


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
    """

    events: NDArray[np.void]
    frames: list[Frame]
    imu: list[NDArray[np.void]]
    triggers: list[NDArray[np.void]]
    damage: list[Damage]
    start: int
    end: int


def decode(stretch: Stretch) -> Decoded:
    """Decompress a stretch; other threads run while most of it happens."""
    damage = list(stretch.damage)
    kinds, counts = stretch.packets["kind"], stretch.packets["count"]
    if ((kinds == kernels.EVENTS) & (counts < 0)).any():
        events = _events_one_by_one(stretch, damage)
    else:
        events = _events(stretch, damage)
    start = stretch.base + int(stretch.packets["start"][0]) if kinds.size else stretch.base
    decoded = Decoded(events, [], [], [], damage, start, stretch.end)
    if (kinds != kernels.EVENTS).any():
        _add_others(stretch, decoded)
    return decoded


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


def _events(stretch: Stretch, damage: list[Damage]) -> NDArray[np.void]:
    packets = stretch.packets
    expected = int(packets["count"].sum(where=packets["kind"] == kernels.EVENTS))
    events = np.empty(expected, EVENT_DTYPE)
    if not expected:
        return events
    codes = np.zeros(packets.size, np.int64)
    words = events.view(np.int64).reshape(-1, 2)
    kept = decode_events(stretch.data, packets, words, codes)
    if kept == expected:
        return events
    damage += [
        _damage(stretch, index, PROBLEMS[int(codes[index])]) for index in np.flatnonzero(codes < 0)
    ]
    return events[:kept]


def _events_one_by_one(stretch: Stretch, damage: list[Damage]) -> NDArray[np.void]:
    """Decode packets of which it is not known beforehand how many events they hold."""
    parts = [np.empty(0, EVENT_DTYPE)]
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
    return np.concatenate(parts)


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
