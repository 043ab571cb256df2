"""HDF5 files in the layout of DSEC hold exactly the events that are written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, Events, OutputError, Packet, SensorSize
from eventvision.io._hdf5.source import Hdf5Source
from eventvision.io._hdf5.writer import Hdf5Writer

h5py = pytest.importorskip("h5py")

SENSOR = SensorSize(1280, 720)
HOUR_US = 3600 * 10**6


@st.composite
def streams(draw):
    steps = draw(st.lists(st.sampled_from([0, 1, 999, 1000, 10**6, 600 * 10**6]), max_size=40))
    count = len(steps)
    events = np.zeros(count, EVENT_DTYPE)
    start = draw(st.sampled_from([0, 1, 999_999, 2**34 + 5, 2**52]))
    events["t"] = start + np.cumsum(np.array(steps, np.int64))
    for name, values in (("x", [0, 7, 1279]), ("y", [0, 9, 719]), ("on", [False, True])):
        events[name] = draw(st.lists(st.sampled_from(values), min_size=count, max_size=count))
    return events


def written(path, *parts, camera=""):
    writer = Hdf5Writer(path, SENSOR, camera=camera)
    for part in parts:
        writer.write(Packet(Events(part, SENSOR)))
    writer.close()
    writer.close()
    return path


def read(path):
    with Hdf5Source(path) as source:
        parts = [packet.events.data for packet in source]
        assert not source.damage
        assert (source.info.sensor, source.info.sensor_from) == (SENSOR, "header")
    return np.concatenate([np.empty(0, EVENT_DTYPE), *parts])


def dense_events(count):
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = 5_000_123 + np.arange(count) * 7
    events["x"], events["y"], events["on"] = (
        np.arange(count) % 1280,
        np.arange(count) % 720,
        np.arange(count) % 3 == 0,
    )
    return events


@given(events=streams(), cut=st.integers(0, 40))
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read(tmp_path_factory, events, cut):
    path = tmp_path_factory.mktemp("h5") / "a.h5"
    assert np.array_equal(read(written(path, events[:cut], events[cut:])), events)


@pytest.mark.parametrize("size", [1, 999, 100_000, 400_000])
def test_packets_of_any_size_give_the_same_file(tmp_path, size):
    events = dense_events(min(400_000, 2000 * size))
    parts = [events[at : at + size] for at in range(0, events.size, size)]
    path = written(tmp_path / "a.h5", *parts)
    assert np.array_equal(read(path), events)


def test_the_index_names_the_first_event_of_each_millisecond(tmp_path):
    events = dense_events(300_000)
    events["t"][150_000:] += 90_000
    path = written(tmp_path / "a.h5", events[:100_000], events[100_000:])
    with h5py.File(path) as file:
        t, index = file["events/t"][:], file["ms_to_idx"][:]
        assert index.size == t[-1] // 1000 + 1
        assert np.array_equal(index, np.searchsorted(t, np.arange(index.size) * 1000))
        assert np.array_equal(t + file["t_offset"][()], events["t"])
        assert sorted(file["events"]) == ["p", "t", "x", "y"]


def test_the_camera_is_kept(tmp_path):
    path = written(tmp_path / "a.h5", camera="EVK4 00042")
    assert Hdf5Source(path).info.camera == "EVK4 00042"


def test_a_flipped_bit_in_the_events_is_found(tmp_path):
    path = written(tmp_path / "a.h5", dense_events(100_000))
    with h5py.File(path) as file:
        place = file["events/y"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place + 100] ^= 4
    path.write_bytes(content)
    source = Hdf5Source(path)
    assert sum(len(packet) for packet in source) == 100_000 - 65_536
    assert source.damage.events_skipped == 65_536


def test_recordings_of_more_than_a_day_are_refused(tmp_path):
    events = np.zeros(2, EVENT_DTYPE)
    events["t"][1] = 24 * HOUR_US
    writer = Hdf5Writer(tmp_path / "a.h5", SENSOR)
    with pytest.raises(OutputError, match="24 hours"):
        writer.write(Packet(Events(events, SENSOR)))
    writer.close()


def test_a_path_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(OutputError):
        Hdf5Writer(tmp_path / "missing" / "a.h5", SENSOR)
