"""A camera that plugs, unplugs, hangs, floods and talks nonsense, and what becomes of that."""

from __future__ import annotations

import itertools
import queue
import threading
import time

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    ConfigError,
    SeekError,
    SensorSize,
    SourceError,
    SourceNotFoundError,
)
from eventvision.io._cameras import buffer, feed
from eventvision.io._cameras.driver import Batch, CameraDescription, CameraLostError
from eventvision.io._cameras.settings import Evk4Settings
from eventvision.io._cameras.source import CameraSource
from eventvision.pipeline import Pipeline
from eventvision.slicing import SliceByTime

SENSOR = SensorSize(64, 48)
SOON_S = 120.0


def events(*times_us: int, x: int = 3) -> np.ndarray:
    data = np.zeros(len(times_us), EVENT_DTYPE)
    data["t"], data["x"] = times_us, x
    return data


class FakeSession:
    """Hands out what the test puts in; an exception put in is raised."""

    def __init__(self, driver: FakeDriver, settings) -> None:
        self.driver, self.settings, self.sensor = driver, [settings], SENSOR
        self.said: queue.Queue = queue.Queue()
        self.may_read = threading.Event()
        self.may_read.set()
        self.closed = False
        self.reads = 0

    def say(self, *times_us: int, **others) -> None:
        self.said.put(Batch(events=events(*times_us), **others))

    def read(self, timeout_s: float) -> Batch | None:
        self.reads += 1
        self.may_read.wait()
        if not self.driver.plugged:
            raise CameraLostError("it was unplugged")
        try:
            said = self.said.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(said, Exception):
            raise said
        return said

    def apply(self, settings) -> None:
        if settings.bias_fo == 55:
            raise ConfigError("bias_fo", 55, "less than that")
        self.settings.append(settings)

    def close(self) -> None:
        self.closed = True


class FakeDriver:
    """Up to one camera, which the test plugs and unplugs."""

    name, models, missing = "fake", ("evk4",), ""

    def __init__(self) -> None:
        self.plugged = True
        self.refusals = 0
        self.sessions: list[FakeSession] = []

    def discover(self) -> list[CameraDescription]:
        if not self.plugged:
            return []
        return [CameraDescription(driver="fake", model="evk4", title="Fake", serial="7")]

    def open(self, camera: CameraDescription, settings) -> FakeSession:
        if self.refusals:
            self.refusals -= 1
            raise SourceError(camera.name, "is not ready", "wait")
        self.sessions.append(FakeSession(self, settings))
        return self.sessions[-1]


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver()


@pytest.fixture
def source(driver, monkeypatch):
    monkeypatch.setattr(feed, "RETRY_S", (0.01, 0.05))
    # A machine that is busy is no camera that hangs.
    monkeypatch.setattr(feed, "STALL_S", SOON_S)
    monkeypatch.setattr(feed, "APPLY_S", SOON_S)
    monkeypatch.setattr(buffer, "MOST_BEHIND_S", SOON_S)
    with CameraSource("camera:", drivers=[driver]) as opened:
        yield opened


def until(condition, packets) -> list:
    """Return the packets up to the first for which the condition holds."""
    taken = []
    give_up_s = time.monotonic() + SOON_S
    for packet in packets:
        taken.append(packet)
        if condition(packet):
            return taken
        if time.monotonic() > give_up_s:
            break
    pytest.fail("the condition was never met")


def wait_for(condition) -> None:
    give_up_s = time.monotonic() + SOON_S
    while not condition():
        if time.monotonic() > give_up_s:
            pytest.fail("the condition was never met")
        time.sleep(0.005)


def wait_until_heard(session) -> None:
    """Wait until all that a session said has been taken from it, and put where it belongs."""
    wait_for(session.said.empty)
    reads = session.reads
    wait_for(lambda: session.reads > reads)


def started(source):
    """Return the packets of a source that has begun to listen."""
    packets = iter(source)
    next(packets)
    return packets


def has_events(packet) -> bool:
    return len(packet) > 0


def test_a_camera_is_a_live_source_that_says_what_it_is(source):
    assert source.is_live
    assert source.progress is None
    assert source.info.sensor == SENSOR
    assert source.info.camera == "Fake 7"
    assert source.state == "open"
    with pytest.raises(SeekError):
        source.seek(0)


def test_events_come_as_they_were_said_with_the_time_of_their_arrival(driver, source):
    packets = started(source)
    before_ns = time.monotonic_ns()
    driver.sessions[0].say(10, 20, 30)
    packet = until(has_events, packets)[-1]
    assert packet.events.t.tolist() == [10, 20, 30]
    assert before_ns < packet.arrived_ns < time.monotonic_ns()
    assert not source.damage


def test_what_was_said_before_anybody_listened_is_forgotten(driver, source):
    driver.sessions[0].say(10)
    wait_until_heard(driver.sessions[0])
    packets = started(source)
    driver.sessions[0].say(20)
    assert until(has_events, packets)[-1].events.t.tolist() == [20]


def test_silence_tells_how_far_time_has_come_so_that_slices_end(driver, source):
    slicer = SliceByTime(SENSOR, window_us=20_000)
    packets = started(source)
    driver.sessions[0].say(1_000)
    slices = []
    until(lambda packet: slices.extend(slicer.push(packet)) or len(slices) >= 2, packets)
    assert [len(slice_) for slice_ in slices[:2]] == [1, 0]


def test_events_never_come_before_a_time_that_silence_has_told(driver, source):
    packets = started(source)
    driver.sessions[0].say(1_000)
    told = until(lambda packet: (packet.until_us or 0) > 2_000, packets)[-1].until_us
    driver.sessions[0].say(1_500, 1_501, 1_502)
    assert (until(has_events, packets)[-1].events.t >= told).all()
    assert source.damage.kinds == {"time-backwards": 1}


def test_the_clock_of_the_camera_tells_the_time_where_the_driver_knows_it(driver, source):
    packets = started(source)
    driver.sessions[0].say(1_000, until_us=4_000)
    assert until(has_events, packets)[-1].until_us == 4_000


def test_rare_events_are_not_held_back(driver, source):
    packets = started(source)
    driver.sessions[0].say(0)
    began_ns = until(has_events, packets)[-1].arrived_ns
    time.sleep(1.1)
    now_us = (time.monotonic_ns() - began_ns) // 1000
    driver.sessions[0].say(now_us)
    assert until(has_events, packets)[-1].events.t.tolist() == [now_us]


def test_an_unplugged_camera_is_waited_for_and_opened_with_the_same_settings(driver, source):
    wanted = Evk4Settings(bias_fo=-7)
    packets = started(source)
    source.apply(wanted)
    driver.sessions[0].say(50_000)
    until(has_events, packets)
    driver.plugged = False
    until(lambda _: source.state == "waiting", packets)
    assert driver.sessions[0].closed
    driver.refusals = 2
    driver.plugged = True
    until(lambda _: source.state == "open", packets)
    assert driver.sessions[1].settings == [wanted]
    wait_for(lambda: source.reconnects or next(packets) is None)
    assert source.reconnects == 1


def test_a_gap_is_told_marked_and_as_long_as_it_was(driver, source):
    packets = started(source)
    driver.sessions[0].say(50_000)
    until(has_events, packets)
    driver.plugged = False
    until(lambda _: source.state == "waiting", packets)
    began_s = time.monotonic()
    until(lambda _: time.monotonic() - began_s > 0.3, packets)
    driver.plugged = True
    wait_for(lambda: len(driver.sessions) == 2)
    driver.sessions[1].say(5, 15)
    packet = until(has_events, packets)[-1]
    first_us, second_us = packet.events.t.tolist()
    assert second_us - first_us == 10
    assert 350_000 < first_us < 50_000 + SOON_S * 1e6
    assert [(int(mark["t"]), int(mark["source"])) for mark in packet.triggers] == [(first_us, -1)]
    assert source.damage.kinds == {"disconnected": 1}


@pytest.mark.parametrize("said", [RuntimeError("USB"), "nonsense", Batch(events=np.zeros(3))])
def test_a_driver_that_fails_or_returns_nonsense_counts_as_unplugged(driver, source, said):
    packets = started(source)
    driver.sessions[0].said.put(said)
    until(lambda _: len(driver.sessions) == 2, packets)
    driver.sessions[1].say(10)
    until(has_events, packets)
    assert source.damage.kinds == {"disconnected": 1}


def test_garbage_never_breaks_the_rules_of_events(driver, source):
    random = np.random.default_rng(3)
    packets = started(source)
    for _ in range(30):
        garbage = np.frombuffer(random.bytes(500 * 16), EVENT_DTYPE).copy()
        garbage["on"] = False
        driver.sessions[0].said.put(Batch(events=garbage, until_us=int(random.integers(1 << 62))))
        driver.sessions[0].say(*range(1000, 1100))
    said = driver.sessions[0].said
    taken = until(lambda packet: said.empty() and not packet.arrived_ns, packets)
    times = np.concatenate([packet.events.t for packet in taken])
    assert times.size
    assert (np.diff(times) >= 0).all()
    assert times[0] >= 0
    assert all((packet.events.x < SENSOR.width).all() for packet in taken)
    assert source.damage.kinds["outside-sensor"] > 0


def test_a_flood_makes_room_from_the_old_end_and_every_event_is_counted(
    driver, source, monkeypatch
):
    monkeypatch.setattr(buffer, "MOST_BYTES", 64_000)
    packets = started(source)
    for start in range(0, 100_000, 1_000):
        driver.sessions[0].say(*range(start, start + 1_000))
    wait_until_heard(driver.sessions[0])
    driver.sessions[0].say(200_000)
    taken = until(lambda packet: len(packet) == 1, packets)
    delivered = sum(len(packet) for packet in taken)
    dropped = source.dropped["events: read too slowly"]
    assert dropped > 50_000
    assert delivered + dropped == 100_001
    marks = [packet for packet in taken if packet.triggers.size]
    assert [int(mark.triggers["source"][0]) for mark in marks] == [-1]
    assert marks[0] is next(packet for packet in taken if len(packet))


def test_what_waits_too_long_is_dropped(driver, source, monkeypatch):
    monkeypatch.setattr(buffer, "MOST_BEHIND_S", 0.05)
    packets = started(source)
    driver.sessions[0].say(1)
    wait_until_heard(driver.sessions[0])
    time.sleep(0.15)
    driver.sessions[0].say(2)
    wait_for(lambda: source.dropped["events: read too slowly"] == 1)
    assert until(has_events, packets)[-1].events.t.tolist() == [2]


def test_losses_inside_the_driver_are_counted_and_marked(driver, source):
    packets = started(source)
    driver.sessions[0].say(10, packets_lost=3)
    assert until(has_events, packets)[-1].triggers["source"].tolist() == [-1]
    assert source.dropped["packets: driver full"] == 3


def test_a_driver_that_hangs_is_told_and_used_again_when_it_answers(driver, source, monkeypatch):
    packets = started(source)
    driver.sessions[0].say(10)
    until(has_events, packets)
    driver.sessions[0].may_read.clear()
    monkeypatch.setattr(feed, "STALL_S", 0.1)
    until(lambda _: source.state == "waiting", packets)
    until(lambda _: source.damage.kinds == {"stalled": 1}, packets)
    monkeypatch.setattr(feed, "STALL_S", SOON_S)
    driver.sessions[0].may_read.set()
    until(lambda _: source.state == "open", packets)
    driver.sessions[0].say(400_000)
    assert until(has_events, packets)[-1].triggers["source"].tolist() == [-1]


def test_what_a_driver_says_after_a_pause_keeps_its_times(driver, source):
    packets = started(source)
    driver.sessions[0].say(0)
    until(has_events, packets)
    driver.sessions[0].may_read.clear()
    paused_s = time.monotonic()
    until(lambda _: time.monotonic() - paused_s > 0.4, packets)
    driver.sessions[0].say(100_000, 200_000, 300_000)
    driver.sessions[0].may_read.set()
    assert until(has_events, packets)[-1].events.t.tolist() == [100_000, 200_000, 300_000]
    assert not source.damage


@pytest.mark.parametrize("trouble", ["none", "unplugged", "hanging"])
def test_closing_waits_for_no_driver_and_ends_the_iteration(driver, source, monkeypatch, trouble):
    monkeypatch.setattr(feed, "CLOSE_S", 0.1)
    packets = started(source)
    if trouble == "unplugged":
        driver.plugged = False
        until(lambda _: source.state == "waiting", packets)
    elif trouble == "hanging":
        driver.sessions[0].may_read.clear()
    source.close()
    source.close()
    assert len(list(packets)) <= 1
    assert source.state == "closed"
    driver.sessions[0].may_read.set()
    wait_for(lambda: driver.sessions[0].closed)


def test_settings_change_while_the_camera_runs(driver, source):
    source.apply(Evk4Settings(bias_hpf=20))
    assert driver.sessions[0].settings[-1].bias_hpf == 20
    assert source.settings.bias_hpf == 20


def test_refused_settings_are_an_error_and_change_nothing(driver, source):
    with pytest.raises(ConfigError, match="bias_fo"):
        source.apply(Evk4Settings(bias_fo=55))
    assert source.settings == Evk4Settings()
    assert source.state == "open"


def test_settings_for_a_camera_that_is_gone_wait_for_its_return(driver, source):
    packets = started(source)
    driver.plugged = False
    until(lambda _: source.state == "waiting", packets)
    source.apply(Evk4Settings(bias_hpf=20))
    driver.plugged = True
    until(lambda _: len(driver.sessions) == 2, packets)
    assert driver.sessions[1].settings[0].bias_hpf == 20


def test_a_camera_runs_through_the_pipeline_and_stops_when_asked(driver, source):
    pipeline = Pipeline(source=source, slicer=SliceByTime(SENSOR, window_us=10_000))
    times = itertools.count(0, 1_000)

    def talk() -> None:
        give_up_s = time.monotonic() + SOON_S
        while pipeline.status().slices <= 10 or not pipeline.status().events:
            driver.sessions[0].say(*itertools.islice(times, 20))
            time.sleep(0.01)
            if time.monotonic() > give_up_s:
                break
        pipeline.stop()

    talker = threading.Thread(target=talk)
    talker.start()
    summary = pipeline.run()
    talker.join()
    assert summary.slices > 10
    assert 0 < summary.events <= next(times) // 1_000


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("camera:evk5", SourceError, "unknown model 'evk5'"),
        ("camera:evk4?exposure=3", SourceError, "not the name of a camera"),
        ("camera:evk4?settings=", SourceError, "not the name of a camera"),
        ("camera:evk4/8", SourceNotFoundError, "attached: camera:evk4/7"),
        ("camera:dvs128", SourceNotFoundError, "no such camera is attached"),
        ("camera:?settings=/nowhere.json", SourceNotFoundError, "nowhere.json"),
    ],
)
def test_a_name_that_means_no_camera_is_one_clear_error(driver, name, kind, text):
    with pytest.raises(kind, match=text):
        CameraSource(name, drivers=[driver])


@pytest.mark.parametrize("name", ["camera:", "camera:evk4", "camera:EVK4/7", "camera:/7"])
def test_names_that_mean_the_camera(driver, name):
    with CameraSource(name, drivers=[driver]) as source:
        assert source.state == "open"


def test_a_camera_that_may_not_be_opened_says_why(driver, monkeypatch):
    locked = CameraDescription(
        driver="fake", model="evk4", title="Fake", serial="7", problem="access denied"
    )
    monkeypatch.setattr(driver, "discover", lambda: [locked])
    with pytest.raises(SourceError, match="access denied"):
        CameraSource("camera:", drivers=[driver])
