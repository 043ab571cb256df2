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


class Clock:
    """A time that goes on while somebody waits for it, and while a scene is rendered slowly.

    It is the event, too, by which a feed is stopped: after `until_us`.
    """

    def __init__(self, until_us):
        self.now_us, self._until_us = 0.0, until_us

    def monotonic_ns(self):
        return round(self.now_us * 1000)

    def wait(self, seconds):
        self.now_us += max(1.0, seconds * 1e6)

    def is_set(self):
        return self.now_us >= self._until_us

    def set(self):
        self.now_us = self._until_us


@pytest.fixture
def played(monkeypatch):
    """Return what plays a scene by a clock of its own and returns the feed, nothing taken."""

    def play(scene, until_us, clock=None):
        clock = clock or Clock(until_us)
        feed = SimulatedFeed(scene, EventCamera(SENSOR, PixelModel(), seed=1))
        monkeypatch.setattr(feed_module, "time", clock)
        feed._stop = clock
        feed._play()
        return feed

    return play


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


def test_no_event_comes_before_its_time_nor_out_of_order():
    began_us = time.monotonic_ns() // 1000
    with open_source(NAME) as source:
        packets = list(itertools.takewhile(lambda one: (one.until_us or 0) < 300_000, source))
    filled = [packet for packet in packets if packet.until_us]
    times_us = np.concatenate([packet.events.t for packet in filled])
    assert times_us.size > 0
    assert np.all(np.diff(times_us) >= 0)
    assert all(early.until_us <= late.events.t[0] for early, late in itertools.pairwise(filled)
               if len(late))  # fmt: skip
    assert all(packet.arrived_ns / 1000 - began_us >= packet.until_us for packet in filled)


def test_events_come_at_the_pace_of_the_clock(played):
    feed = played(Movers(SENSOR, seed=1), 600_000)
    packets = list(feed._packets)
    assert sum(len(packet) for packet in packets) > 100
    assert packets[-1].until_us > 590_000
    assert max(packet.arrived_ns / 1000 - packet.until_us for packet in packets) < 10
    assert (feed.left_out, feed.dropped_events) == (0, 0)


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
    closing, seen = threading.Thread(target=source.close), 0
    for packet in source:
        if not seen and len(packet):
            closing.start()
        seen += len(packet)
    closing.join()
    assert seen > 0


def test_closing_before_iteration_ends_it_at_once():
    source = open_source(NAME)
    source.close()
    assert list(source) == []


class Slow(Movers):
    """A scene that takes 50 ms to render."""

    def __init__(self, clock):
        super().__init__(SENSOR, seed=1)
        self._clock = clock

    def render(self, t_us):
        self._clock.now_us += 50_000
        return super().render(t_us)


def test_where_rendering_cannot_keep_up_sub_frames_are_left_out_and_time_is_kept(played):
    clock = Clock(1_500_000)
    feed = played(Slow(clock), 1_500_000, clock)
    began_us = 3 * 50_000  # three pictures are taken before time runs
    late_us = [one.arrived_ns / 1000 - began_us - one.until_us for one in feed._packets]
    assert feed.left_out >= 20
    assert max(late_us) < 50_000 + feed_module.MOST_LATE_US + 50_000


def test_whoever_reads_too_slowly_loses_the_oldest_events_and_is_told(monkeypatch, played):
    monkeypatch.setattr(feed_module, "MOST_BEHIND_US", 100_000)
    feed = played(Movers(SENSOR, seed=1), 500_000)
    first = feed.take(0.1)
    assert feed.dropped_events > 0
    assert first.until_us > 390_000
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
