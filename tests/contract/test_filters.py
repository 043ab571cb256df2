"""What every filter promises, whatever it removes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, IMU_DTYPE, Events, Packet, SensorSize
from eventvision.filters import parse_filters

SENSOR = SensorSize(24, 16)
FILTERS = [
    "background:300us", "refractory:700us", "hot_pixels:2", "roi:10x8+3+4", "crop:10x8+3+4",
    "flip:x", "flip:y", "rotate:90", "rotate:180", "rotate:270",
]  # fmt: skip


def random_stream(seed, count, start_us):
    rng = np.random.default_rng(seed)
    data = np.zeros(count, EVENT_DTYPE)
    gaps = np.where(rng.random(count) < 0.02, 60_000, rng.integers(0, 40, count))
    data["t"] = start_us + np.cumsum(gaps)
    data["x"] = np.clip(rng.normal(8, 3, count), 0, SENSOR.width - 1)
    data["y"] = np.clip(rng.normal(8, 3, count), 0, SENSOR.height - 1)
    data["on"] = rng.random(count) < 0.5
    return Events(data, SENSOR)


def run(stage, events, cuts):
    edges = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    packets = [Packet(Events(events.data[a:b], SENSOR)) for a, b in itertools.pairwise(edges)]
    return np.concatenate([stage.process(packet).events.data for packet in packets])


@pytest.fixture(params=FILTERS)
def stage(request):
    return parse_filters(request.param, SENSOR)[0]


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 600),
    cuts=st.lists(st.integers(0, 600), max_size=8),
    start_us=st.sampled_from([0, -70_000, 2**31 - 2_000, 1_605_537_493_718_345]),
)
@pytest.mark.parametrize("text", FILTERS)
def test_the_outcome_does_not_depend_on_how_the_stream_is_packed(text, seed, count, cuts, start_us):
    stage, twin = (parse_filters(text, SENSOR)[0] for _ in range(2))
    events = random_stream(seed, count, start_us)
    whole = stage.process(Packet(events)).events
    np.testing.assert_array_equal(run(twin, events, cuts), whole.data)
    assert twin.removed == stage.removed == count - len(whole)
    assert whole.sensor == stage.sensor
    size = stage.sensor
    assert not len(whole) or (whole.x.max() < size.width and whole.y.max() < size.height)
    whole.check_order()


def test_what_is_not_an_event_goes_along(stage):
    packet = Packet(
        random_stream(1, 50, 0), imu=np.zeros(2, IMU_DTYPE), until_us=10**7, arrived_ns=5
    )
    out = stage.process(packet)
    assert (out.imu is packet.imu, out.until_us, out.arrived_ns) == (True, 10**7, 5)


def test_the_packet_that_came_in_is_left_as_it_was(stage):
    events = random_stream(2, 300, 0)
    before = events.data.copy()
    stage.process(Packet(events))
    np.testing.assert_array_equal(events.data, before)


def test_a_reset_filter_is_like_a_new_one(stage):
    events = random_stream(3, 400, 0)
    first = stage.process(Packet(events)).events.data
    stage.reset()
    assert stage.removed == 0
    np.testing.assert_array_equal(stage.process(Packet(events)).events.data, first)


def test_read_only_and_strided_events_are_taken(stage):
    events = random_stream(4, 300, 0)
    first = stage.process(Packet(events)).events.data
    stage.reset()
    spread = np.zeros(600, EVENT_DTYPE)
    spread[::2] = events.data
    spread.flags.writeable = False
    packet = replace(Packet(events), events=Events(spread[::2], SENSOR))
    np.testing.assert_array_equal(stage.process(packet).events.data, first)


def test_a_packet_of_another_sensor_is_refused(stage):
    with pytest.raises(ValueError, match=r"24x16.*25x16"):
        stage.process(Packet(Events.empty(SensorSize(25, 16))))
