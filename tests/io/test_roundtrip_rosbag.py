"""ROS bags hold exactly the events that are written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, ConfigError, Events, OutputError, Packet, SensorSize
from eventvision.io._rosbag.encode import KINDS
from eventvision.io._rosbag.ros1 import RosbagSource
from eventvision.io._rosbag.ros2 import Rosbag2Source

rosbag1 = pytest.importorskip("rosbags.rosbag1")

from eventvision.io._rosbag.writer import Rosbag2Writer, RosbagWriter  # noqa: E402

SENSOR = SensorSize(346, 260)
LAST_US = (1 << 32) * 10**6 - 1
LAST2_US = (1 << 31) * 10**6 - 1
BAGS = {
    ".bag": (RosbagWriter, RosbagSource, {}),
    ".mcap": (Rosbag2Writer, Rosbag2Source, {}),
    ".db3": (Rosbag2Writer, Rosbag2Source, {"storage": "sqlite3"}),
}


@st.composite
def streams(draw):
    steps = draw(st.lists(st.sampled_from([0, 1, 999, 10**6, 3 * 10**9]), max_size=40))
    events = np.zeros(len(steps), EVENT_DTYPE)
    start = draw(st.sampled_from([0, 1, 999_999, 2**34 + 5, LAST2_US - 40 * 3 * 10**9]))
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
    kind, _, given = BAGS[path.suffix]
    writer = kind(path, SENSOR, **given, **options)
    for part in parts:
        writer.write(Packet(Events(part, SENSOR)))
    writer.close()
    writer.close()
    return path


def read(path):
    with BAGS[path.suffix][1](path) as source:
        parts = [packet.events.data for packet in source]
        assert not source.damage
        assert source.info.sensor == SENSOR
    return np.concatenate([np.empty(0, EVENT_DTYPE), *parts])


@pytest.mark.parametrize("message", KINDS)
@pytest.mark.parametrize("suffix", BAGS)
@given(events=streams(), cut=st.integers(0, 40))
@settings(max_examples=20, deadline=None)
def test_what_is_written_is_read(tmp_path_factory, suffix, message, events, cut):
    path = tmp_path_factory.mktemp("bag") / f"a{suffix}"
    parts = events[:cut], events[cut:]
    assert np.array_equal(read(written(path, *parts, message=message)), events)
    assert list(path.parent.iterdir()) == [path]


def many_events(step_us=3):
    events = np.zeros(200_000, EVENT_DTYPE)
    events["t"] = np.arange(200_000) * step_us
    events["x"] = np.arange(200_000) % 346
    return events


@pytest.mark.parametrize("step_us", [3, 1_000])
@pytest.mark.parametrize("suffix", BAGS)
def test_large_packets_are_split_into_messages(tmp_path, suffix, step_us):
    events = many_events(step_us)
    path = written(tmp_path / f"a{suffix}", events, message="event_camera_msgs")
    assert np.array_equal(read(path), events)


def test_an_array_message_holds_65536_events_at_most(tmp_path):
    path = written(tmp_path / "a.bag", many_events())
    assert np.array_equal(read(path), many_events())
    with rosbag1.Reader(path) as bag:
        assert bag.message_count == 4
        assert bag.connections[0].msgtype == "dvs_msgs/msg/EventArray"


@pytest.mark.parametrize("message", ["dvs_msgs", "prophesee_event_msgs"])
@pytest.mark.parametrize("suffix", BAGS)
def test_the_library_reads_the_same_listed_events(tmp_path, suffix, message):
    events = np.zeros(3, EVENT_DTYPE)
    events["t"], events["x"], events["on"] = [5, 1_000_001, 2**40], [0, 1, 345], [1, 0, 1]
    path = written(tmp_path / f"a{suffix}", events, camera="DAVIS346", message=message)
    (found,) = in_library(path)
    listed = [(e.ts.sec * 10**9 + e.ts.nanosec, e.x, e.y, bool(e.polarity)) for e in found.events]
    assert listed == [(int(t) * 1000, int(x), int(y), bool(on)) for t, x, y, on in events.tolist()]
    assert (found.width, found.height, found.header.frame_id) == (346, 260, "DAVIS346")
    assert found.header.stamp.sec == 2**40 // 10**6


@pytest.mark.parametrize("suffix", BAGS)
def test_the_library_reads_packets_of_mono_events(tmp_path, suffix):
    events = np.zeros(3, EVENT_DTYPE)
    events["t"], events["x"], events["y"] = [2**40, 2**40 + 7, 2**40 + 9_000_000], 345, [0, 9, 259]
    events["on"] = [1, 0, 1]
    path = written(tmp_path / f"a{suffix}", events, camera="cam", message="event_camera_msgs")
    first, second = in_library(path)
    assert (first.encoding, first.is_bigendian, first.header.frame_id) == ("mono", False, "cam")
    assert (first.width, first.height, first.seq, second.seq) == (346, 260, 0, 1)
    assert (first.time_base, second.time_base) == (2**40 * 1000, (2**40 + 9_000_000) * 1000)
    words = [int(word) for word in np.asarray(first.events).view("<u8")]
    assert words == [1 << 63 | 345 << 32, 9 << 48 | 345 << 32 | 7_000]


def in_library(path):
    from rosbags.highlevel import AnyReader

    with AnyReader([path]) as bag:
        return [bag.deserialize(raw, c.msgtype) for c, _, raw in bag.messages()]


@pytest.mark.parametrize(
    ("suffix", "t_us"), [(".bag", -1), (".bag", LAST_US + 1), (".mcap", LAST2_US + 1)]
)
def test_times_that_ros_cannot_express_are_refused(tmp_path, suffix, t_us):
    events = np.zeros(1, EVENT_DTYPE)
    events["t"] = t_us
    kind, _, _ = BAGS[suffix]
    writer = kind(tmp_path / f"a{suffix}", SENSOR)
    with pytest.raises(OutputError, match="hold times from 0 to"):
        writer.write(Packet(Events(events, SENSOR)))
    writer.close()
    assert read(tmp_path / f"a{suffix}").size == 0


@pytest.mark.parametrize("kind", [RosbagWriter, Rosbag2Writer])
def test_a_path_that_cannot_be_written_is_refused(tmp_path, kind):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        kind(tmp_path / "file" / "a.bag", SENSOR)
    with pytest.raises(OutputError, match="not a file"):
        kind(tmp_path, SENSOR)


@pytest.mark.parametrize("suffix", BAGS)
def test_what_cannot_be_chosen_is_refused(tmp_path, suffix):
    with pytest.raises(ConfigError, match=r"message.*dvs_msgs"):
        written(tmp_path / f"a{suffix}", message="sensor_msgs")
    if suffix != ".bag":
        with pytest.raises(ConfigError, match="mcap or sqlite3"):
            Rosbag2Writer(tmp_path / "a.mcap", SENSOR, storage="paper")
    tall = SensorSize(10, 40_000)
    with pytest.raises(OutputError, match="32768 rows"):
        BAGS[suffix][0](tmp_path / f"a{suffix}", tall, message="event_camera_msgs")
    assert not list(tmp_path.iterdir())
