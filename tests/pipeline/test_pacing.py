from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from streams import SENSOR, cut_at, random_events

from eventvision.core import IMU_DTYPE, Events, Frame, Packet
from eventvision.io import split
from eventvision.pipeline._pacing import Pacer


def paced(packets: list[Packet], speed: float = 50.0) -> list[Packet]:
    return list(Pacer(speed, threading.Event())(packets))


@pytest.mark.parametrize("cuts", [(), (1,), (500, 501), (10, 400, 999)])
def test_pacing_keeps_every_event_in_order(cuts):
    events = random_events(1000)
    parts = paced(cut_at(events, cuts))
    assert np.array_equal(np.concatenate([part.events.data for part in parts]), events.data)


def test_a_paced_packet_never_holds_an_event_at_or_after_its_promise():
    events = random_events(2000)
    parts = paced(cut_at(events, (300, 1200)))
    promised_us = 0
    for part in parts:
        if len(part):
            assert part.events.t[0] >= promised_us
        if part.until_us is not None:
            assert not len(part) or part.events.t[-1] < part.until_us
            promised_us = part.until_us


def test_a_packet_comes_no_earlier_than_its_last_event():
    events = random_events(200, rate_us=200)
    speed = 4.0
    began_ns = time.monotonic_ns()
    for part in Pacer(speed, threading.Event())(cut_at(events, (77,))):
        if len(part):
            recording_us = int(part.events.t[-1]) - int(events.t[0])
            assert time.monotonic_ns() - began_ns >= recording_us * 1000 / speed


def test_silence_is_played_as_packets_that_say_how_far_it_has_come():
    sparse = Events.from_columns([0, 9_500], [1, 2], [1, 2], [1, 0], sensor=SENSOR)
    parts = paced([Packet(sparse)], speed=1.0)
    assert [part.until_us for part in parts] == [*range(1000, 10_000, 1000), None]
    assert sum(len(part) for part in parts) == 2


def test_stopping_ends_the_wait_at_once():
    stop = threading.Event()
    sparse = Events.from_columns([0, 3_600_000_000], [1, 2], [1, 2], [1, 0], sensor=SENSOR)

    def play() -> Iterator[Packet]:
        return Pacer(1.0, stop)([Packet(sparse)])

    player = threading.Thread(target=lambda: list(play()))
    player.start()
    stop.set()
    player.join(timeout=120)
    assert not player.is_alive()


def test_frames_and_imu_stay_with_their_time():
    imu = np.zeros(3, IMU_DTYPE)
    imu["t"] = [100, 200, 300]
    frames = tuple(Frame(t, 0, np.zeros((2, 2), np.uint8)) for t in (150, 250))
    packet = Packet(Events.empty(SENSOR), frames=frames, imu=imu)
    before, rest = split(packet, 200)
    assert [frame.t_us for frame in before.frames] == [150]
    assert [frame.t_us for frame in rest.frames] == [250]
    assert before.imu["t"].tolist() == [100]
    assert rest.imu["t"].tolist() == [200, 300]


def test_what_comes_after_the_last_event_is_not_waited_for():
    imu = np.zeros(1, IMU_DTYPE)
    imu["t"] = 3_600_000_000
    last = Packet(Events.empty(SENSOR), imu=imu)
    packets = [Packet(random_events(10)), last]
    player = threading.Thread(target=lambda: paced(packets, speed=1.0), daemon=True)
    player.start()
    player.join(timeout=120)
    assert not player.is_alive()


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_not_positive_is_refused(speed):
    with pytest.raises(ValueError, match="speed must be positive"):
        Pacer(speed, threading.Event())
