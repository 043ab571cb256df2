"""Threads that may hang: their turns, the sinks in them, and the clock of what is opened again."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from eventvision_apps.daemon import memory
from eventvision_apps.daemon.faults import Faults
from eventvision_apps.daemon.parts import memory_bytes
from eventvision_apps.daemon.renewed_source import RenewedSource
from eventvision_apps.daemon.sink_thread import MOST_WAITING, SinkThread
from eventvision_apps.daemon.time_line import TimeLine
from eventvision_apps.daemon.turns import OvertakenError, Turn
from live_sources import SENSOR, LiveSource

from eventvision.core import (
    GAP_SOURCE,
    IMU_DTYPE,
    Events,
    Frame,
    Packet,
    SensorSize,
    Slice,
    SliceResult,
    SourceError,
)


def test_only_a_thread_that_is_at_work_for_too_long_is_overtaken():
    turn = Turn()
    assert turn.busy_s == 0
    assert not turn.take(0.0)
    turn.begin()
    assert not turn.take(60.0)
    turn.end()
    turn.begin()
    assert turn.busy_s >= 0
    assert turn.take(-1.0)
    assert turn.is_over
    with pytest.raises(OvertakenError):
        turn.end()


def packet(*t: int, **others) -> Packet:
    zeros = np.zeros(len(t), np.int64)
    return Packet(Events.from_columns(np.array(t), zeros, zeros, zeros, sensor=SENSOR), **others)


def test_the_first_clock_is_kept_as_it_is():
    line, first = TimeLine(SENSOR), packet(7, 9, until_us=20)
    assert line.placed(first) is first
    assert line.silence().until_us is None


@pytest.mark.parametrize("first_us", [0, 5, 40_000_000], ids=["anew", "behind", "ahead"])
def test_another_clock_goes_on_where_the_wall_clock_is(first_us):
    line = TimeLine(SENSOR)
    line.placed(packet(1_000, 2_000, arrived_ns=10**9))
    line.interrupt()
    imu = np.zeros(1, IMU_DTYPE)
    imu["t"] = first_us + 4
    frame = Frame(first_us + 3, 0, np.zeros((1, 1), np.uint8))
    given = packet(
        first_us,
        first_us + 5,
        until_us=first_us + 9,
        frames=(frame,),
        imu=imu,
        arrived_ns=4 * 10**9,
    )
    moved = line.placed(given)
    begins_us = 2_000 + 3_000_000 + 1
    assert moved.events.t.tolist() == [begins_us, begins_us + 5]
    assert moved.until_us == begins_us + 9
    assert moved.frames[0].t_us == begins_us + 3
    assert moved.imu["t"].tolist() == [begins_us + 4]
    assert [tuple(mark) for mark in moved.triggers] == [(begins_us, GAP_SOURCE, True)]
    assert given.events.t[0] == first_us
    assert not line.placed(packet(first_us + 6)).triggers.size


def test_while_nothing_is_open_time_goes_on_and_nothing_comes_before_it():
    line = TimeLine(SENSOR)
    line.placed(packet(1_000, arrived_ns=time.monotonic_ns() - 10**9))
    line.interrupt()
    told = line.silence().until_us
    assert told >= 1_001_000
    assert line.placed(packet(3, arrived_ns=1)).events.t[0] > told


def test_a_source_that_never_said_anything_keeps_its_clock():
    line = TimeLine(SENSOR)
    line.placed(packet())
    line.interrupt()
    assert line.silence().until_us is None
    assert line.placed(packet(5)).events.t.tolist() == [5]


class Camera(LiveSource):
    """One that comes from a thread of its driver, and says itself when that hangs."""

    stalled_s = 0.0


def test_a_camera_whose_driver_does_not_answer_is_opened_again():
    hung, next_ = Camera(), Camera()
    source = RenewedSource(hung, lambda: next_, lambda _: None)
    packets = iter(source)
    before = next(packet for packet in packets if len(packet))
    assert not source.restart(60.0, 0.0)
    hung.stalled_s = 99.0
    assert source.busy_s > 60.0
    assert source.restart(60.0, 0.0)
    after = next(packet for packet in packets if packet.triggers.size)
    assert after.triggers["source"].tolist() == [GAP_SOURCE]
    assert after.events.t[0] > before.events.t[-1]
    assert source.state == "open"
    assert source.damage.kinds == {"stalled": 1}
    assert hung.closed.wait(120)
    source.close()
    assert next_.closed.wait(120)


def test_another_sensor_ends_the_run_that_knew_the_first():
    other = LiveSource()
    other.info = replace(other.info, sensor=SensorSize(8, 8))
    hung = Camera()
    source = RenewedSource(hung, lambda: other, lambda _: None)
    packets = iter(source)
    next(packets)
    hung.stalled_s = 99.0
    assert source.restart(1.0, 0.0)
    with pytest.raises(SourceError, match="has 8x8 now, and had 64x48"):
        list(packets)
    source.close()


def result(index: int) -> SliceResult:
    return SliceResult(Slice(index, Events.empty(SENSOR), 0, 1, "time"), {}, np.zeros(3))


class Kept:
    """A sink that keeps what it gets, and waits before each while it is told to."""

    def __init__(self) -> None:
        self.got: list[SliceResult] = []
        self.began, self.may_go_on = threading.Event(), threading.Event()
        self.may_go_on.set()
        self.is_closed = False

    def write(self, given: SliceResult) -> None:
        self.began.set()
        self.may_go_on.wait(120)
        self.got.append(given)

    def close(self) -> None:
        self.is_closed = True


def test_a_sink_gets_everything_in_order_and_without_pictures_that_will_be_drawn_over():
    sink, faults = Kept(), Faults()
    thread = SinkThread("files", lambda: sink, faults)
    for index in range(5 * MOST_WAITING):
        thread.write(result(index))
    thread.close()
    thread.close()
    assert [given.slice.index for given in sink.got] == list(range(5 * MOST_WAITING))
    assert all(given.representation is None for given in sink.got)
    assert sink.is_closed
    assert faults.lost == {}
    thread.write(result(0))
    assert faults.lost == {"results: files not written": 1}


def test_what_a_sink_that_hangs_does_not_get_is_counted(monkeypatch):
    monkeypatch.setattr("eventvision_apps.daemon.sink_thread.PATIENCE_S", 0.05)
    hung, next_, faults = Kept(), Kept(), Faults()
    hung.may_go_on.clear()
    sinks = iter([hung, next_])
    thread = SinkThread("files", lambda: next(sinks), faults)
    thread.write(result(0))
    assert hung.began.wait(120)
    for index in range(1, MOST_WAITING + 11):
        thread.write(result(index))
    assert faults.lost == {"results: files not written": 10}
    assert not thread.restart(3600.0, 0.0)
    assert thread.restart(0.0, 0.0)
    thread.close()
    assert [given.slice.index for given in next_.got] == list(range(1, MOST_WAITING + 1))
    assert next_.is_closed
    assert faults.lost == {"results: files not written": 11}
    hung.may_go_on.set()


def test_a_sink_that_fails_in_a_way_nobody_foresaw_fails_whoever_hands_over():
    class Broken(Kept):
        def write(self, given: SliceResult) -> None:
            raise RuntimeError("a bug")

    def hand_over() -> None:
        for _ in range(5 * MOST_WAITING):
            thread.write(result(0))

    thread = SinkThread("files", Broken, Faults())
    with pytest.raises(RuntimeError, match="a bug"):
        hand_over()
    thread.close()


@pytest.mark.skipif(memory._trim() is None, reason="this C library cannot be asked")
def test_memory_that_a_thread_has_freed_goes_back_to_the_system():
    kept = []

    def work() -> None:
        pieces = [np.ones(80_000, np.uint8) for _ in range(500)]
        kept.append(pieces[-1])  # so that what lies before it is not freed with the end of the heap

    memory.give_back_memory()
    before = memory_bytes()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    memory.give_back_memory()
    assert memory_bytes() - before < 20_000_000
    assert kept[0].all()
