"""The shipped triggers: alike everywhere, quicker where the scene is, steady when disturbed."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize, load_card, load_golden
from eventvision.devices import open_session
from eventvision.slicing import parse_slicer

SENSOR = SensorSize(120, 96)
DEVICES = ("cpu", "onnx", "reference")


@pytest.fixture(scope="module", params=["trigger-nano", "trigger-tasks"])
def card(request):
    return load_card(request.param)


@pytest.mark.parametrize("device", DEVICES)
def test_it_answers_as_its_golden_sample_says_to_the_last_bit(card, device):
    sample = load_golden(card)
    rows, columns = sample.inputs["cell"].shape[-2:]
    with open_session(card, device, sizes={"rows": rows, "columns": columns}) as session:
        found = [session.step({"cell": cell})["current"] for cell in sample.inputs["cell"]]
    np.testing.assert_array_equal(np.stack(found), sample.outputs["current"])


def events(t_us, x, y, on):
    data = np.zeros(len(t_us), EVENT_DTYPE)
    data["t"], data["x"], data["y"], data["on"] = t_us, x, y, on
    return data[np.argsort(data["t"], kind="stable")]


def edges(speeds_px_s, seconds):
    """Return events of five edges that cross the sensor, each speed for so many seconds."""
    random, found, begin_us, place = np.random.default_rng(0), [], 0, 0.0
    for speed in speeds_px_s:
        count = int(speed * seconds)
        steps = np.arange(count)
        t_us = begin_us + (steps + 0.5) / speed * 1e6
        x = (place + steps[:, None] + 24 * np.arange(5)) % 120
        shape = (count, 5, 96)
        jitter = random.integers(0, max(1, int(1e6 / speed)), shape)
        found.append(
            events(
                (t_us[:, None, None] + jitter).astype(np.int64).ravel(),
                np.broadcast_to(x[..., None], shape).ravel(),
                np.broadcast_to(np.arange(96), shape).ravel(),
                np.broadcast_to(np.arange(5)[:, None] % 2 == 0, shape).ravel(),
            )
        )
        begin_us, place = begin_us + int(seconds * 1e6), place + count
    data = np.concatenate(found)
    return data[np.argsort(data["t"], kind="stable")]


def cut(card, data, setting="", *, device="cpu", packet_events=None):
    with open_session(card, device, sizes={"rows": 12, "columns": 15}) as session:
        slicer = parse_slicer(f"trigger:{setting}", SENSOR, open_trigger=lambda *_: (card, session))
        step = packet_events or data.size
        parts = [Events(data[first : first + step], SENSOR) for first in range(0, data.size, step)]
        slices = [slice_ for part in parts for slice_ in slicer.push(Packet(part))]
        return [*slices, *slicer.flush()]


def told(slices, *, from_us=0):
    return [(s.t0_us - from_us, s.t1_us - from_us, len(s), s.ended_by) for s in slices]


def test_slices_are_shorter_where_the_scene_is_faster(card):
    slices = cut(card, edges([40, 400], 1.0), "adapt=off,threshold=8")
    slow, fast = (
        np.median([s.duration_us for s in slices if low < s.t1_us <= low + 1_000_000])
        for low in (0, 1_000_000)
    )
    assert fast < 0.8 * slow


def test_slices_hang_neither_on_devices_nor_on_packets_nor_on_when_a_recording_began(card):
    data, later_us = edges([60, 200], 0.5), 1_605_537_493_718_347
    expected = cut(card, data)
    assert [slice_.ended_by for slice_ in expected].count("spike") > 10
    for device in DEVICES:
        found = cut(card, data, device=device, packet_events=997)
        assert told(found) == told(expected)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.potential, other.potential)
    shifted = data.copy()
    shifted["t"] += later_us
    assert told(cut(card, shifted), from_us=later_us) == told(expected)


def disturbed(kind):
    """Return two seconds of moving edges, disturbed for half a second or throughout."""
    random, scene = np.random.default_rng(1), edges([60], 2.0)
    if kind == "a burst of noise":
        count, begin_us, lasts_us = 60_000, 1_000_000, 500_000
        t_us = random.integers(begin_us, begin_us + lasts_us, count)
        extra = events(
            t_us, random.integers(0, 120, count), random.integers(0, 96, count), t_us % 2 == 0
        )
    elif kind == "flicker":
        flash = np.repeat(np.arange(0, 2_000_000, 10_000), 3_000)
        t_us = flash + random.integers(0, 2_000, flash.size)
        extra = events(
            t_us, random.integers(0, 120, t_us.size), random.integers(0, 96, t_us.size),
            flash % 20_000 == 0,
        )  # fmt: skip
    elif kind == "a hot row":
        t_us = np.arange(0, 2_000_000, 20)
        extra = events(t_us, t_us // 20 % 120, np.full(t_us.size, 40), t_us % 40 == 0)
    else:
        kept = (scene["t"] < 700_000) | (scene["t"] > 1_200_000)
        return scene[kept]
    both = np.concatenate([scene, extra])
    return both[np.argsort(both["t"], kind="stable")]


@pytest.mark.parametrize("kind", ["a burst of noise", "flicker", "a hot row", "silence"])
def test_a_disturbance_neither_storms_nor_holds_slices_up(card, kind):
    slices = cut(card, disturbed(kind), "rate=30")
    assert 25 <= len(slices) <= 90
    assert max(slice_.duration_us for slice_ in slices) <= 100_000
