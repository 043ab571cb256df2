"""What every slicer promises, however a source packs its events."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, Events, Frame, Packet, SensorSize
from eventvision.slicing import (
    SliceByActivity,
    SliceByCount,
    SliceByTime,
    SliceByTrigger,
    TriggerSettings,
)

SENSOR = SensorSize(40, 24)
PIXEL = np.zeros((1, 1), np.uint8)


class Summing:
    """A network of one layer: events since the reset, the recent ones more."""

    def __init__(self):
        self.reset()

    def step(self, inputs):
        self.sum = 0.5 * self.sum + float(inputs["cell"].sum())
        return {"current": np.array([[self.sum]], np.float32)}

    def reset(self):
        self.sum = 0.0

    def close(self):
        pass


TRIGGER = TriggerSettings(
    rate_hz=500, threshold=1.5, cell_us=200, shortest_us=400, longest_us=8_000, most_events=40
)
SLICERS = {
    "time": lambda: SliceByTime(SENSOR, window_us=1_000),
    "short-time": lambda: SliceByTime(SENSOR, window_us=60),
    "count": lambda: SliceByCount(SENSOR, events=50),
    "single-events": lambda: SliceByCount(SENSOR, events=1),
    "activity": lambda: SliceByActivity(
        SENSOR, share=0.4, events_per_cell=3, cell_px=8, shortest_us=100, longest_us=5_000
    ),
    "trigger": lambda: SliceByTrigger(SENSOR, Summing(), TRIGGER),
    "limited-activity": lambda: SliceByActivity(
        SENSOR, share=1, events_per_cell=9, cell_px=7, longest_us=3_000, most_events=40
    ),
}


def random_stream(seed, count, start_us):
    """Return events with bursts of equal times, gaps and a jump, and a frame now and then."""
    rng = np.random.default_rng(seed)
    data = np.zeros(count, EVENT_DTYPE)
    gaps = rng.choice([0, 0, 1, 30, 900, 20_000], count, p=[0.3, 0.2, 0.2, 0.25, 0.04, 0.01])
    data["t"] = start_us + np.cumsum(gaps)
    data["x"], data["y"] = rng.integers(0, 40, count), rng.integers(0, 24, count)
    frames = [Frame(int(t), 0, PIXEL) for t in data["t"][rng.random(count) < 0.05]]
    return data, frames


def pack(data, frames, cuts, seed):
    """Cut a stream into packets that say, or do not say, how far they reach."""
    rng = np.random.default_rng(seed)
    edges = sorted({0, *(min(cut, data.size) for cut in cuts), data.size})
    for a, b in itertools.pairwise(edges):
        until_us = int(data["t"][min(b, data.size - 1)]) if rng.random() < 0.5 else None
        inside = [f for f in frames if a == 0 or f.t_us > data["t"][a - 1]]
        inside = tuple(f for f in inside if f.t_us <= data["t"][b - 1])
        yield Packet(Events(data[a:b], SENSOR), frames=inside, until_us=until_us)
        if rng.random() < 0.2:
            yield Packet(Events.empty(SENSOR), until_us=until_us)


def cut(slicer, packets):
    out = [slice_ for packet in packets for slice_ in slicer.push(packet)]
    return [*out, *slicer.flush()]


def essence(slices):
    return [
        (s.index, s.t0_us, s.t1_us, s.ended_by, [f.t_us for f in s.frames], s.events.data.tolist())
        for s in slices
    ]


def joined(slices):
    return np.concatenate([s.events.data for s in slices] or [np.empty(0, EVENT_DTYPE)])


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 500),
    cuts=st.lists(st.integers(0, 500), max_size=12),
    start_us=st.sampled_from([0, -5_000, 2**31 - 3_000, 1_605_537_493_718_345]),
)
@pytest.mark.parametrize("make", SLICERS.values(), ids=SLICERS)
def test_slices_do_not_depend_on_how_a_source_packs_its_events(make, seed, count, cuts, start_us):
    data, frames = random_stream(seed, count, start_us)
    whole = cut(make(), pack(data, frames, [], 0))
    pieces = cut(make(), pack(data, frames, cuts, seed))
    assert essence(pieces) == essence(whole)
    np.testing.assert_array_equal(joined(whole), data)
    assert [s.index for s in whole] == list(range(len(whole)))
    assert sum(len(s.frames) for s in whole) == len(frames)
    for s in whole:
        assert s.t0_us < s.t1_us
        assert ((s.events.t >= s.t0_us) & (s.events.t < s.t1_us)).all()


@pytest.mark.parametrize("make", SLICERS.values(), ids=SLICERS)
def test_one_event_at_a_time_gives_the_same_slices(make):
    data, frames = random_stream(7, 300, 0)
    whole = cut(make(), pack(data, frames, [], 0))
    assert essence(cut(make(), pack(data, frames, range(300), 1))) == essence(whole)


@pytest.mark.parametrize("make", SLICERS.values(), ids=SLICERS)
def test_a_flushed_slicer_starts_anew(make):
    data, frames = random_stream(3, 200, 500)
    slicer = make()
    first = essence(cut(slicer, pack(data, frames, [50], 0)))
    assert essence(cut(slicer, pack(data, frames, [50], 0))) == first


@pytest.mark.parametrize("make", SLICERS.values(), ids=SLICERS)
def test_nothing_in_gives_nothing_out(make):
    assert cut(make(), [Packet(Events.empty(SENSOR))]) == []


@pytest.mark.parametrize("make", SLICERS.values(), ids=SLICERS)
def test_a_packet_of_another_sensor_is_refused(make):
    with pytest.raises(ValueError, match=r"40x24.*24x40"):
        list(make().push(Packet(Events.empty(SensorSize(24, 40)))))
