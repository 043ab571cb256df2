"""ROS1 bags hold exactly the events that are written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, Events, OutputError, Packet, SensorSize
from eventvision.io._rosbag.ros1 import RosbagSource

rosbag1 = pytest.importorskip("rosbags.rosbag1")

from eventvision.io._rosbag.writer import RosbagWriter  # noqa: E402

SENSOR = SensorSize(346, 260)
LAST_US = (1 << 32) * 10**6 - 1


@st.composite
def streams(draw):
    steps = draw(st.lists(st.sampled_from([0, 1, 999, 10**6, 3 * 10**9]), max_size=40))
    events = np.zeros(len(steps), EVENT_DTYPE)
    start = draw(st.sampled_from([0, 1, 999_999, 2**34 + 5, LAST_US - 40 * 3 * 10**9]))
    events["t"] = start + np.cumsum(np.array(steps, np.int64))
    events["x"] = draw(
        st.lists(st.sampled_from([0, 7, 345]), min_size=len(steps), max_size=len(steps))
    )
    events["y"] = draw(
        st.lists(st.sampled_from([0, 9, 259]), min_size=len(steps), max_size=len(steps))
    )
    events["on"] = draw(st.lists(st.booleans(), min_size=len(steps), max_size=len(steps)))
    return events


def written(path, *parts, **options):
    writer = RosbagWriter(path, SENSOR, **options)
    for part in parts:
        writer.write(Packet(Events(part, SENSOR)))
    writer.close()
    writer.close()
    return path


def read(path):
    with RosbagSource(path) as source:
        parts = [packet.events.data for packet in source]
        assert not source.damage
        assert source.info.sensor == SENSOR
    return np.concatenate([np.empty(0, EVENT_DTYPE), *parts])


@given(events=streams(), cut=st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(tmp_path_factory, events, cut):
    path = tmp_path_factory.mktemp("bag") / "a.bag"
    assert np.array_equal(read(written(path, events[:cut], events[cut:])), events)


def test_large_packets_are_split_into_messages(tmp_path):
    events = np.zeros(200_000, EVENT_DTYPE)
    events["t"] = np.arange(200_000) * 3
    events["x"] = np.arange(200_000) % 346
    path = written(tmp_path / "a.bag", events)
    assert np.array_equal(read(path), events)
    with rosbag1.Reader(path) as bag:
        assert bag.message_count == 4
        assert bag.connections[0].msgtype == "dvs_msgs/msg/EventArray"


def test_the_library_reads_the_same_events(tmp_path):
    from rosbags.highlevel import AnyReader

    events = np.zeros(3, EVENT_DTYPE)
    events["t"], events["x"], events["on"] = [5, 1_000_001, 2**40], [0, 1, 345], [1, 0, 1]
    path = written(tmp_path / "a.bag", events, camera="DAVIS346")
    with AnyReader([path]) as bag:
        (message,) = [bag.deserialize(raw, c.msgtype) for c, _, raw in bag.messages()]
    found = [(e.ts.sec * 10**9 + e.ts.nanosec, e.x, e.y, bool(e.polarity)) for e in message.events]
    assert found == [(int(t) * 1000, int(x), int(y), bool(on)) for t, x, y, on in events.tolist()]
    assert (message.width, message.height, message.header.frame_id) == (346, 260, "DAVIS346")


@pytest.mark.parametrize("t_us", [-1, LAST_US + 1])
def test_times_that_ros_cannot_express_are_refused(tmp_path, t_us):
    events = np.zeros(1, EVENT_DTYPE)
    events["t"] = t_us
    writer = RosbagWriter(tmp_path / "a.bag", SENSOR)
    with pytest.raises(OutputError, match="hold times from 0 to"):
        writer.write(Packet(Events(events, SENSOR)))
    writer.close()
    assert read(tmp_path / "a.bag").size == 0


def test_a_path_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(OutputError):
        RosbagWriter(tmp_path / "missing" / "a.bag", SENSOR)
    with pytest.raises(OutputError, match="not a file"):
        RosbagWriter(tmp_path, SENSOR)
