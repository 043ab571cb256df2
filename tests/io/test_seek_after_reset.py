"""Seeking in recordings whose clock was set: the same events as a reading from the beginning."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize
from eventvision.io import open_source, open_writer

SENSOR = SensorSize(64, 48)
COUNT = 120_000
HOUR_US = 3_600_000_000
CLOCKS = {
    "reset": (50_000_000, 1_000),
    "reset to a little earlier": (50_000_000, 51_000_000),
    "set two hours ahead": (50_000_000, 2 * HOUR_US),
}


def part(start_us):
    events = np.zeros(COUNT, EVENT_DTYPE)
    events["t"] = start_us + np.arange(COUNT) * 20
    events["x"] = np.arange(COUNT) % 64
    return events


def read(source):
    return np.concatenate([np.empty(0, EVENT_DTYPE), *(packet.events.data for packet in source)])


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("suffix", [".aedat4", ".h5", ".npz", ".npy"])
def test_seeking_gives_what_reading_on_gives(tmp_path, suffix, clock):
    if suffix == ".h5":
        pytest.importorskip("h5py")
    path = tmp_path / f"a{suffix}"
    writer = open_writer(path, SENSOR)
    for start_us in clock:
        for piece in np.array_split(part(start_us), 30):
            writer.write(Packet(Events(piece, SENSOR)))
    writer.close()
    with open_source(path, sensor=SENSOR) as source:
        whole = read(source)
        assert whole.size == 2 * COUNT
        assert (np.diff(whole["t"]) >= 0).all()
        for t_us in (50_000_000, 51_000_000, 52_400_007, 53_000_000, 60_000_000):
            source.seek(t_us)
            assert np.array_equal(read(source), whole[np.searchsorted(whole["t"], t_us) :])
