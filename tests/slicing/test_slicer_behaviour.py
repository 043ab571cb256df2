"""Where slices begin and end, and what they carry."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import Events, Frame, Packet, SensorSize
from eventvision.slicing import SliceByActivity, SliceByCount, SliceByTime

SENSOR = SensorSize(8, 4)
PIXEL = np.zeros((1, 1), np.uint8)


def packet(*times_us, frames=(), until_us=None, arrived_ns=0, x=0):
    columns = np.full(len(times_us), x)
    events = Events.from_columns(times_us, columns, columns * 0, columns, sensor=SENSOR)
    images = tuple(Frame(t_us, 0, PIXEL) for t_us in frames)
    return Packet(events, frames=images, until_us=until_us, arrived_ns=arrived_ns)


def cut(slicer, *packets):
    out = [slice_ for part in packets for slice_ in slicer.push(part)]
    return [*out, *slicer.flush()]


def bounds(slices):
    return [(s.t0_us, s.t1_us, len(s), s.ended_by) for s in slices]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SliceByTime(SENSOR, window_us=0), "window_us must be positive"),
        (lambda: SliceByCount(SENSOR, events=0), "events must be positive"),
        (lambda: SliceByActivity(SENSOR, share=0), "share must be above 0"),
        (lambda: SliceByActivity(SENSOR, share=1.1), "share must be above 0"),
        (lambda: SliceByActivity(SENSOR, events_per_cell=0), "must be positive, got 0, 16"),
        (lambda: SliceByActivity(SENSOR, cell_px=0), "must be positive"),
        (lambda: SliceByActivity(SENSOR, most_events=0), "must be positive"),
        (lambda: SliceByActivity(SENSOR, shortest_us=20, longest_us=10), "at most longest_us"),
    ],
)
def test_impossible_settings_are_refused_at_construction(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("start_us", [0, 3, -25, 2**31 - 5, 1_605_537_493_718_345])
def test_windows_lie_on_a_grid_from_the_first_event(start_us):
    times = [start_us + t for t in (0, 9, 10, 35)]
    assert bounds(cut(SliceByTime(SENSOR, window_us=10), packet(*times))) == [
        (start_us, start_us + 10, 2, "time"),
        (start_us + 10, start_us + 20, 1, "time"),
        (start_us + 20, start_us + 30, 0, "time"),
        (start_us + 30, start_us + 40, 1, "flush"),
    ]


def test_a_source_that_knows_how_far_it_got_closes_windows_without_an_event():
    slicer = SliceByTime(SENSOR, window_us=10)
    assert list(slicer.push(packet(until_us=500))) == []
    assert list(slicer.push(packet(0, 3, until_us=9))) == []
    assert bounds(slicer.push(packet(until_us=25))) == [(0, 10, 2, "time"), (10, 20, 0, "time")]
    assert bounds(slicer.flush()) == []


def test_the_present_may_be_time_zero():
    slicer = SliceByTime(SENSOR, window_us=10)
    assert bounds(slicer.push(packet(-10, until_us=0))) == [(-10, 0, 1, "time")]


@pytest.mark.parametrize("far_us", [10_000_003, 10**15 + 3, 2**62])
def test_a_jump_in_time_costs_at_most_a_thousand_empty_slices(far_us):
    slices = cut(SliceByTime(SENSOR, window_us=10), packet(0, far_us))
    assert len(slices) == 1_002
    assert [s.index for s in slices] == list(range(1_002))
    assert (slices[-2].t1_us, len(slices[-2])) == (10_010, 0)
    assert slices[-1].t0_us == far_us // 10 * 10


def test_the_empty_slices_of_a_gap_do_not_depend_on_when_it_became_known():
    eager = SliceByTime(SENSOR, window_us=10)
    steps = [packet(until_us=until) for until in range(0, 30_000, 70)]
    packets = [packet(0), *steps, packet(30_005)]
    at_once = cut(SliceByTime(SENSOR, window_us=10), packet(0, 30_005))
    assert bounds(cut(eager, *packets)) == bounds(at_once)


def test_a_window_with_a_frame_is_not_left_out_of_a_gap():
    slices = cut(SliceByTime(SENSOR, window_us=10), packet(0, 50_005, frames=(20_007,)))
    (shown,) = [s for s in slices if s.frames]
    assert (shown.t0_us, len(shown), len(slices)) == (20_000, 0, 1_000 + 1 + 1_000 + 2)


def test_counted_slices_reach_from_first_to_last_event():
    slices = cut(SliceByCount(SENSOR, events=2), packet(5, 7), packet(7, 7, 20))
    assert bounds(slices) == [(5, 8, 2, "count"), (7, 8, 2, "count"), (20, 21, 1, "flush")]


@pytest.mark.parametrize(
    "make",
    [
        lambda: SliceByTime(SENSOR, window_us=10),
        lambda: SliceByCount(SENSOR, events=2),
        lambda: SliceByActivity(SENSOR, events_per_cell=2, cell_px=8, shortest_us=1),
    ],
)
def test_every_frame_comes_with_exactly_one_slice(make):
    packets = [
        packet(frames=(-3,)),
        packet(0, 4, frames=(2, 5)),
        packet(12, frames=(1,)),
        packet(18, 19, 44, frames=(13, 60, 75)),
    ]
    frames = [frame.t_us for s in cut(make(), *packets) for frame in s.frames]
    assert sorted(frames) == [-3, 1, 2, 5, 13, 60, 75]


def test_frames_lie_in_their_window_and_late_ones_in_the_next():
    packets = [packet(0, 4, 12, frames=(2, 15)), packet(frames=(9,)), packet(31)]
    slices = cut(SliceByTime(SENSOR, window_us=10), *packets)
    assert [[f.t_us for f in s.frames] for s in slices] == [[2], [15, 9], [], []]


def test_frames_without_any_event_are_kept_in_bounded_number():
    for make in (SliceByTime(SENSOR, window_us=10), SliceByCount(SENSOR, events=5)):
        slices = cut(make, *[packet(frames=(t, t + 1)) for t in range(0, 2_000, 2)])
        assert sum(len(s.frames) for s in slices) == 256
        assert slices[-1].frames[-1].t_us == 1_999


@pytest.mark.parametrize(
    ("slicer", "expected"),
    [
        (SliceByTime(SENSOR, window_us=10), [2, 3, 3, 3]),
        (SliceByCount(SENSOR, events=2), [1, 3]),
    ],
    ids=["time", "count"],
)
def test_arrival_is_that_of_the_last_event_or_of_what_closed_an_empty_slice(slicer, expected):
    packets = [packet(0, 1, arrived_ns=1), packet(5, arrived_ns=2), packet(32, arrived_ns=3)]
    assert [s.arrived_ns for s in cut(slicer, *packets)] == expected


def test_activity_ends_a_slice_when_the_share_of_cells_is_reached():
    slicer = SliceByActivity(SENSOR, share=0.6, events_per_cell=2, cell_px=4, shortest_us=1)
    slices = cut(slicer, packet(0, 1, 2), packet(3, 4, x=7), packet(5, 6))
    assert bounds(slices) == [(0, 5, 5, "activity"), (5, 7, 2, "flush")]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"shortest_us": 4}, [(0, 4, 4, "activity"), (4, 10, 2, "activity")]),
        ({"longest_us": 6}, [(0, 2, 2, "activity"), (2, 4, 2, "activity"), (4, 10, 2, "activity")]),
        ({"most_events": 1}, [(t, t + 1, 1, "event_limit") for t in (0, 1, 2, 3, 4, 9, 10)]),
    ],
)
def test_activity_slices_keep_their_limits(settings, expected):
    settings = {"shortest_us": 1, "longest_us": 100, **settings}
    slicer = SliceByActivity(SENSOR, share=0.5, events_per_cell=2, cell_px=4, **settings)
    slices = cut(slicer, packet(0, 1, 2, 3, 4, 9, 10))
    assert bounds(slices)[: len(expected)] == expected


def test_quiet_scenes_end_by_time_even_without_another_event():
    slicer = SliceByActivity(SENSOR, longest_us=100, shortest_us=1)
    assert list(slicer.push(packet(0, 40))) == []
    assert list(slicer.push(packet(until_us=99))) == []
    assert bounds(slicer.push(packet(until_us=100))) == [(0, 100, 2, "time")]
    assert bounds(cut(slicer, packet(250, 360))) == [(250, 350, 1, "time"), (360, 361, 1, "flush")]


def test_a_slice_within_one_packet_shares_its_memory():
    part = packet(0, 5, 12)
    slices = cut(SliceByTime(SENSOR, window_us=10), part)
    assert all(np.shares_memory(s.events.data, part.events.data) for s in slices)
