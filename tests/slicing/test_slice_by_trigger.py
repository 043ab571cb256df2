"""Slices that a network ends: its limits, its trace, and a rate that is held."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    ConfigError,
    DeviceError,
    Events,
    ModelError,
    Packet,
    SensorSize,
    TensorSpec,
)
from eventvision.slicing import SliceByTrigger, TriggerSettings, parse_slicer

SENSOR = SensorSize(44, 20)
BLOCKS = 6 * 3


class Network:
    """Answers with the number of events in a cell, times a gain; remembers what it saw."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain, self.seen, self.resets = gain, [], 0

    def step(self, inputs):
        (cell,) = inputs.values()
        self.seen.append(cell.copy())
        return {"current": self.gain * cell.sum(axis=1, keepdims=True)}

    def reset(self):
        self.resets += 1

    def close(self):
        pass


def events(t_us, x=3, y=5, on=True):
    data = np.zeros(len(t_us), EVENT_DTYPE)
    data["t"], data["x"], data["y"], data["on"] = t_us, x, y, on
    return data


def sliced(data, network=None, **settings):
    given = {"cell_us": 1_000, "shortest_us": 1_000, "longest_us": 10_000, "adapts": False}
    slicer = SliceByTrigger(SENSOR, network or Network(), TriggerSettings(**given | settings))
    return [*slicer.push(Packet(Events(data, SENSOR))), *slicer.flush()]


def poisson(rate_hz, seconds, seed=0):
    random = np.random.default_rng(seed)
    count = random.poisson(rate_hz * seconds)
    t_us = np.sort(random.integers(0, int(seconds * 1e6), count))
    return events(t_us, random.integers(0, 44, count), random.integers(0, 20, count))


def test_the_network_sees_events_by_polarity_and_block_and_no_more_than_fifteen():
    data = np.concatenate(
        [
            events([0, 10], 43, 19),
            events([20], 0, 8, on=False),
            events(range(100, 130), 16, 0),
            events([2_000]),
        ]
    )
    network = Network(0)
    sliced(data, network)
    first = network.seen[0]
    wanted = np.zeros((1, 2, 3, 6), np.float32)
    wanted[0, 1, 2, 5], wanted[0, 0, 1, 0], wanted[0, 1, 0, 2] = 2, 1, 15
    np.testing.assert_array_equal(first, wanted)


def test_a_slice_ends_with_the_cell_in_which_the_potential_reaches_the_threshold():
    data = events([100, 500, 1_200, 2_300, 2_400, 7_000])
    first, last = sliced(data, threshold=4 / BLOCKS)
    assert (first.t0_us, first.t1_us, first.ended_by) == (100, 3_100, "spike")
    np.testing.assert_allclose(first.potential, [0.5, 0.75, 1.25])
    assert (last.t0_us, last.t1_us, last.ended_by) == (7_000, 7_001, "flush")
    assert last.potential.size == 0


def test_a_negative_current_holds_the_potential_at_zero():
    data = events(range(0, 9_000, 100))
    (slice_,) = sliced(data, Network(-1))
    assert slice_.ended_by == "flush"
    assert not slice_.potential.any()


@pytest.mark.parametrize("gain", [0.0, 1.0, 1e6])
def test_limits_hold_whatever_the_network_says(gain):
    data = poisson(200_000, 0.3)
    limits = {"shortest_us": 3_000, "longest_us": 7_000, "most_events": 900}
    slices = sliced(data, Network(gain), **limits)
    for slice_ in slices[:-1]:
        assert len(slice_) <= 900
        assert slice_.duration_us <= 7_000
        if slice_.ended_by in ("spike", "time"):
            assert len(slice_.potential) >= 3
    reasons = {slice_.ended_by for slice_ in slices[:-1]}
    assert reasons == ({"spike"} if gain else {"event_limit"})


def test_silence_inside_a_slice_ends_it_by_time_and_silence_between_slices_is_none():
    data = events([0, 5, 1_000_000, 1_000_010])
    first, second = sliced(data, Network(0))
    assert (first.t0_us, first.t1_us, first.ended_by) == (0, 10_000, "time")
    assert second.t0_us == 1_000_000
    network = Network(0)
    sliced(data, network)
    assert len(network.seen) == 10


def test_slices_go_on_while_the_device_is_away():
    class Away(Network):
        def step(self, inputs):
            raise DeviceError("chip", "was unplugged", "plug it in")

    slices = sliced(poisson(50_000, 0.1), Away())
    assert {slice_.ended_by for slice_ in slices[:-1]} == {"time"}
    assert sum(map(len, slices)) == len(poisson(50_000, 0.1))


def test_the_network_begins_every_slice_anew():
    network = Network(1e6)
    slices = sliced(poisson(100_000, 0.05), network)
    assert network.resets == len(slices) + 1


def test_a_recording_shifted_in_time_has_the_same_slices_shifted():
    data = poisson(60_000, 0.4)
    shifted = data.copy()
    shifted["t"] += 1_605_537_493_718_347
    for adapts in (False, True):
        plain, later = (sliced(d, threshold=0.7, adapts=adapts) for d in (data, shifted))
        assert len(plain) > 5
        for a, b in zip(plain, later, strict=True):
            assert (b.t0_us - a.t0_us, b.t1_us - a.t1_us) == (1_605_537_493_718_347,) * 2
            np.testing.assert_array_equal(a.potential, b.potential)


@pytest.mark.parametrize("rate_hz", [20, 60, 200])
@pytest.mark.parametrize("gain", [0.02, 1.0, 5.0])
def test_the_mean_rate_is_held_whatever_the_bias_of_the_camera(rate_hz, gain):
    slices = sliced(
        poisson(50_000, 6.0), Network(gain), rate_hz=rate_hz, adapts=True, longest_us=200_000
    )
    settled = [slice_ for slice_ in slices[:-1] if slice_.t0_us > 3_000_000]
    rate = len(settled) / (settled[-1].t1_us - settled[0].t0_us) * 1e6
    assert rate == pytest.approx(rate_hz, rel=0.15)


def test_without_adaptation_the_rate_follows_the_scene():
    calm, busy = (len(sliced(poisson(rate, 1.0), threshold=3.0)) for rate in (10_000, 20_000))
    assert busy / calm == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        (events(np.repeat(np.arange(400_000, 420_000, 4), 4), 7, 3), "one pixel gone mad"),
        (poisson(3_000_000, 0.02, seed=3), "a burst of noise"),
    ],
)
def test_a_short_disturbance_makes_no_storm_of_slices(extra, what):
    data = poisson(30_000, 1.0)
    extra = extra.copy()
    extra["t"] += 400_000 - extra["t"].min()
    both = np.concatenate([data, extra])
    both = both[np.argsort(both["t"], kind="stable")]
    quiet, loud = (sliced(d, rate_hz=50, adapts=True, longest_us=50_000) for d in (data, both))
    assert len(loud) <= len(quiet) + 25, what
    gaps = [b.t0_us - a.t1_us for a, b in itertools.pairwise(loud)]
    assert max(gaps) < 5_000


def hot_row(seconds):
    t_us = np.arange(0, int(seconds * 1e6), 10)
    return events(t_us, np.arange(t_us.size) % 44, 7)


def flicker(seconds, rate_hz=100):
    """Let every pixel fire within the first fifth of every period."""
    random = np.random.default_rng(5)
    begin_us = np.repeat(np.arange(0, int(seconds * 1e6), 1_000_000 // rate_hz), 44 * 20)
    pixel = np.tile(np.arange(44 * 20), begin_us.size // (44 * 20))
    t_us = begin_us + random.integers(0, 200_000 // rate_hz, begin_us.size)
    return events(t_us, pixel % 44, pixel // 44)


@pytest.mark.parametrize("lasting", [hot_row, flicker])
def test_a_lasting_disturbance_neither_storms_nor_holds_slices_up(lasting):
    both = np.concatenate([poisson(30_000, 2.0), lasting(2.0)])
    both = both[np.argsort(both["t"], kind="stable")]
    slices = sliced(both, rate_hz=50, adapts=True, longest_us=50_000)
    settled = [slice_ for slice_ in slices if slice_.t0_us > 1_000_000]
    assert 30 <= len(settled) <= 70
    assert max(slice_.duration_us for slice_ in slices) <= 50_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_hz": 0},
        {"rate_hz": float("nan")},
        {"threshold": -1},
        {"cell_us": 0},
        {"cell_us": 200_000},
        {"shortest_us": 200_000},
        {"most_events": 0},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        TriggerSettings(**wrong)


def card(slicer="trigger:threshold=0.5,rate=40,cell=1ms", outputs="current"):
    spec = TensorSpec((1,), np.dtype(np.float32))
    return SimpleNamespace(
        name="t", task="slicing", slicer=slicer, inputs={"cell": spec}, outputs={outputs: spec}
    )


def test_a_trigger_is_written_as_text_and_its_card_says_the_rest():
    asked = []

    def open_trigger(model, sizes):
        asked.append((model, dict(sizes)))
        return card(), Network()

    slicer = parse_slicer("trigger:adapt=off,longest=5ms", SENSOR, open_trigger=open_trigger)
    assert asked == [("trigger-nano", {"rows": 3, "columns": 6})]
    assert slicer.threshold == 0.5
    slices = [*slicer.push(Packet(Events(events([0, 7, 20_000]), SENSOR))), *slicer.flush()]
    assert [(s.t0_us, s.t1_us, s.ended_by) for s in slices] == [
        (0, 5_000, "time"),
        (20_000, 20_001, "flush"),
    ]
    parse_slicer("trigger:model=./mine,threshold=2", SENSOR, open_trigger=open_trigger)
    assert asked[-1][0] == "./mine"


@pytest.mark.parametrize("text", ["rate=fast", "rate", "speed=3", "adapt=maybe", "rate=-1"])
def test_a_setting_that_cannot_be_used_is_refused_before_the_network_is_opened(text):
    with pytest.raises(ConfigError, match="trigger"):
        parse_slicer(f"trigger:{text}", SENSOR, open_trigger=lambda *_: pytest.fail("opened"))
    with pytest.raises(ConfigError, match="without a network"):
        parse_slicer("trigger", SENSOR)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (card(slicer="time:20ms"), "is no trigger"),
        (card(outputs="image"), "is no trigger"),
        (card(slicer="trigger:threshold=low"), "slicer of its card"),
    ],
)
def test_a_model_that_is_no_trigger_is_refused(wrong, complaint):
    with pytest.raises(ModelError, match=complaint):
        parse_slicer("trigger", SENSOR, open_trigger=lambda *_: (wrong, Network()))
