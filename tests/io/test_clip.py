"""Packets cut at a time: each thing lies on one side, and nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    IMU_DTYPE,
    TRIGGER_DTYPE,
    Events,
    Frame,
    Packet,
    SensorSize,
)
from eventvision.io import split

SENSOR = SensorSize(4, 3)
TIMES_US = [10, 20, 20, 30]


def at_times(dtype: np.dtype) -> np.ndarray:
    data = np.zeros(len(TIMES_US), dtype)
    data["t"] = TIMES_US
    return data


@pytest.fixture
def packet() -> Packet:
    return Packet(
        Events(at_times(EVENT_DTYPE), SENSOR),
        frames=tuple(Frame(t, 0, np.zeros((3, 4), np.uint8)) for t in TIMES_US),
        imu=at_times(IMU_DTYPE),
        triggers=at_times(TRIGGER_DTYPE),
        until_us=31,
    )


def times_in(packet: Packet) -> list[list[int]]:
    """Return the times of events, frames, IMU samples and triggers."""
    arrays = (packet.events.t, packet.imu["t"], packet.triggers["t"])
    return [array.tolist() for array in arrays] + [[frame.t_us for frame in packet.frames]]


@pytest.mark.parametrize("t_us", [0, 10, 11, 20, 21, 30, 31, 99])
def test_what_lies_at_the_cut_comes_after_it(packet, t_us):
    before, rest = split(packet, t_us)
    assert times_in(before) == [[t for t in TIMES_US if t < t_us]] * 4
    assert times_in(rest) == [[t for t in TIMES_US if t >= t_us]] * 4


@pytest.mark.parametrize(("t_us", "promised_us"), [(20, 20), (99, 31)])
def test_the_first_part_promises_no_more_than_it_holds(packet, t_us, promised_us):
    before, rest = split(packet, t_us)
    assert (before.until_us, rest.until_us) == (promised_us, 31)
