"""The simulated camera as a live source."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest

from eventvision.core import GAP_SOURCE, SeekError, SensorSize, SourceError
from eventvision.io import open_source
from eventvision.pipeline import SimulatedCamera
from eventvision.pipeline import _simulated_feed as feed_module
from eventvision.pipeline._simulated_feed import SimulatedFeed
from eventvision.simulation import EventCamera, Movers, PixelModel

SENSOR = SensorSize(48, 36)
NAME = "sim:shapes?sensor=48x36&seed=3"


def packets_for(source, seconds):
    """Return what a source says within a time, and how long that took in truth."""
    began_s = time.monotonic()
    return list(itertools.takewhile(lambda _: time.monotonic() - began_s < seconds, source))


def test_a_simulated_camera_is_a_live_source_that_says_what_it_is():
    with open_source(NAME) as source:
        assert isinstance(source, SimulatedCamera)
        assert source.is_live
        assert source.progress is None
        assert source.info.sensor == SENSOR
        assert source.info.camera == "simulated davis346"
        assert "shapes" in source.info.notes[0]
        with pytest.raises(SeekError):
            source.seek(5)


def test_events_come_at_the_pace_of_the_wall_clock():
    with open_source(NAME) as source:
        packets = packets_for(source, 0.6)
    filled = [packet for packet in packets if packet.until_us]
    times_us = np.concatenate([packet.events.t for packet in filled])
    assert times_us.size > 100
    assert np.all(np.diff(times_us) >= 0)
    assert all(early.until_us <= late.events.t[0] for early, late in itertools.pairwise(filled)
               if len(late))  # fmt: skip
    # Nothing comes before its time: what a packet holds lies before the moment it arrived.
    ages_us = [packet.arrived_ns / 1000 - packet.until_us for packet in filled]
    assert max(ages_us) - min(ages_us) < 500_000
    assert filled[-1].until_us <= 700_000


def test_the_same_name_gives_the_same_scene():
    counts = []
    for _ in range(2):
        with open_source(NAME) as source:
            packet = next(packet for packet in source if packet.until_us and len(packet) > 5)
            counts.append(packet.sensor)
    assert counts[0] == counts[1] == SENSOR


@pytest.mark.parametrize(
    ("name", "sensor", "camera"),
    [
        ("sim:?sensor=48x36", SENSOR, "davis346"),
        ("sim:shapes?sensor=48x36&camera=ideal", SENSOR, "ideal"),
        ("sim:shapes?sensor=48x36&flicker=100", SENSOR, "davis346"),
        ("sim:shapes?sensor=48x36&camera=randomised&seed=4", SENSOR, "randomised"),
    ],
)
def test_names_choose_scene_camera_and_sensor(name, sensor, camera):
    with open_source(name) as source:
        assert source.info.sensor == sensor
        assert source.info.camera == f"simulated {camera}"


def test_a_given_sensor_wins():
    with open_source("sim:shapes?sensor=64x64", sensor=SENSOR) as source:
        assert source.info.sensor == SENSOR


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sim:nowhere", "one of"),
        ("sim:shapes?camera=dvs", "no camera 'dvs'"),
        ("sim:shapes?sensor=large", "346x260"),
        ("sim:shapes?seed=x", "seed=1"),
        ("sim:shapes?colour=1", "no option 'colour'"),
        ("sim:shapes?fps=30", "fps"),
        ("sim:shapes?flicker=-1", "hz"),
    ],
)
def test_names_that_mean_nothing_give_one_clear_error(name, message):
    with pytest.raises(SourceError, match=message):
        open_source(name)


def test_closing_from_another_thread_ends_iteration():
    source = open_source(NAME)
    threading.Timer(0.2, source.close).start()
    seen = sum(len(packet.events) for packet in source)
    source.close()
    assert seen > 0


def test_closing_before_iteration_ends_it_at_once():
    source = open_source(NAME)
    source.close()
    assert list(source) == []


class Slow(Movers):
    """A scene that takes long to render."""

    def render(self, t_us):
        time.sleep(0.05)
        return super().render(t_us)


def test_where_rendering_cannot_keep_up_sub_frames_are_left_out_and_time_is_kept():
    feed = SimulatedFeed(Slow(SENSOR, seed=1), EventCamera(SENSOR, PixelModel(), seed=1))
    began_s = time.monotonic()
    feed.start()
    late_us = []
    while time.monotonic() - began_s < 0.8:
        packet = feed.take(0.1)
        if packet is not None:
            late_us.append((packet.arrived_ns / 1e9 - began_s) * 1e6 - packet.until_us)
    feed.close()
    assert feed.left_out >= 5
    assert max(late_us) < 400_000


def test_whoever_reads_too_slowly_loses_the_oldest_events_and_is_told(monkeypatch):
    monkeypatch.setattr(feed_module, "MOST_BEHIND_US", 100_000)
    feed = SimulatedFeed(Movers(SENSOR, seed=1), EventCamera(SENSOR, PixelModel(), seed=1))
    feed.start()
    time.sleep(0.5)
    first = feed.take(0.1)
    feed.close()
    assert feed.dropped_events > 0
    assert first.until_us > 200_000
    assert (first.triggers["source"] == GAP_SOURCE).sum() == 1 or not len(first)


class Failing(Movers):
    """A scene that breaks after a while."""

    def render(self, t_us):
        if t_us > 50_000:
            raise SourceError("scene", "is broken", "mend it")
        return super().render(t_us)


def test_a_scene_that_breaks_ends_the_stream_with_its_error():
    feed = SimulatedFeed(Failing(SENSOR, seed=1), EventCamera(SENSOR, PixelModel(), seed=1))
    feed.start()
    with pytest.raises(SourceError, match="is broken"):
        list(iter(lambda: feed.take(0.1), "the end"))
