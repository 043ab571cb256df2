"""A device that fails is started again, and its fall-back takes over; nothing is kept quiet."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from eventvision.core import DeviceError, DeviceInfo, Fit, SliceDroppedError, load_card
from eventvision.devices import Recovery, open_session
from eventvision.devices import _registry as registry

CARD = load_card("digits-nano")
EVENTS = {"events": np.zeros((1, 2, 34, 34), np.float32)}
GOOD = np.full((1, 10), 7, np.float32)
AT_ONCE = Recovery(first_wait_s=0.0, attempts=3)


class Moody:
    """A device that does in each step what it was told to."""

    def __init__(self, moods):
        self.moods = moods
        self.opened = self.closed = 0
        self.may_open = threading.Event()

    def __call__(self):
        return self

    def probe(self):
        return DeviceInfo(name="moody", summary="", formats=("onnx",))

    def fits(self, card, options):
        return Fit(artifact="onnx")

    def open(self, card, options):
        self.opened += 1
        mood = self.moods.pop(0) if self.moods and self.moods[0] in {"absent", "slow"} else None
        if mood == "slow":
            self.may_open.wait(120)
        if mood == "absent":
            raise DeviceError("moody", "is unplugged", "plug it in")
        return self

    def step(self, inputs):
        mood = self.moods.pop(0) if self.moods else "good"
        if mood == "crash":
            raise OSError("cable pulled")
        if mood == "memory":
            raise MemoryError
        if mood == "missing":
            return {}
        return {"output": {"nan": GOOD * np.nan, "shape": GOOD[0]}.get(mood, GOOD)}

    def reset(self):
        pass

    def close(self):
        self.closed += 1


@pytest.fixture
def moody(monkeypatch):
    """Return a function that makes a device `moody` of some moods known."""

    def known(*moods):
        device = Moody(list(moods))
        made = registry._factory
        monkeypatch.setattr(registry, "_BUILT_IN", {**registry._BUILT_IN, "moody": ""})
        monkeypatch.setattr(
            registry, "_factory", lambda name: device if name == "moody" else made(name)
        )
        return device

    return known


def run(session, steps):
    """Step until so many results came; return what happened, each a result or `dropped`."""
    happened = []
    end = time.monotonic() + 120
    while happened.count("result") < steps and time.monotonic() < end:
        try:
            session.step(EVENTS)
        except SliceDroppedError:
            happened.append("dropped")
            time.sleep(0.001)
        else:
            happened.append("result")
    return happened


@pytest.mark.parametrize("mood", ["crash", "memory", "missing", "nan", "shape"])
def test_after_a_failure_the_device_is_opened_again_and_what_was_lost_is_counted(moody, mood):
    device, told = moody("good", mood), []
    with open_session(CARD, "moody", recovery=AT_ONCE, report=told.append) as session:
        happened = run(session, 3)
        health = session.health
    assert happened[:2] == ["result", "dropped"]
    assert (device.opened, device.closed) == (2, 2)
    assert (health.failures, health.restarts) == (1, 1)
    assert health.dropped == happened.count("dropped")
    assert "moody: failed" in told[0]
    assert "runs again" in told[1]


@pytest.mark.parametrize(
    ("mood", "reason"),
    [("crash", "OSError: cable pulled"), ("nan", "not finite"), ("shape", "(10,)")],
)
def test_the_reason_is_told(moody, mood, reason):
    moody("good", mood)
    told = []
    with open_session(CARD, "moody", recovery=AT_ONCE, report=told.append) as session:
        run(session, 2)
        assert reason in session.health.last_failure
    assert reason in told[0]


def test_a_device_that_cannot_be_opened_again_is_tried_again(moody):
    moody("good", "crash", "absent", "absent", "absent", "absent", "good")
    with open_session(CARD, "moody", recovery=AT_ONCE, report=lambda _: None) as session:
        run(session, 2)
        assert (session.health.failures, session.health.restarts) == (5, 1)


def test_a_device_that_does_not_open_in_time_is_left_behind(moody):
    device, told = moody("good", "crash", "slow", "good"), []
    impatient = Recovery(first_wait_s=0.0, start_timeout_s=0.5)
    with open_session(CARD, "moody", recovery=impatient, report=told.append) as session:
        run(session, 2)
    device.may_open.set()
    assert "did not open in time" in told[1]
    assert "runs again" in told[-1]


def test_the_fall_back_takes_over_after_some_failures(moody):
    moody("good", *["crash"] * 9)
    told = []
    with open_session(CARD, "moody+null", recovery=AT_ONCE, report=told.append) as session:
        run(session, 4)
        assert session.device == "null"
        assert session.health.failures == AT_ONCE.attempts
        assert not session.step(EVENTS)["output"].any()
    assert any("moody: given up" in line and "null takes over" in line for line in told)


def test_the_fall_back_takes_over_from_a_device_that_is_absent(moody):
    moody("absent")
    told = []
    with open_session(CARD, "moody+null", report=told.append) as session:
        assert session.device == "null"
    assert "unplugged" in told[0]


def test_an_absent_device_without_a_fall_back_is_an_error(moody):
    moody("absent")
    with pytest.raises(DeviceError, match="unplugged"):
        open_session(CARD, "moody")


def test_a_device_that_never_gives_a_result_is_given_up(moody):
    moody(*["nan"] * 9)
    session = open_session(CARD, "moody", recovery=AT_ONCE, report=lambda _: None)
    with pytest.raises(DeviceError, match="gave no result in 3 starts") as caught:
        run(session, 1)
    assert not isinstance(caught.value, SliceDroppedError)
    with pytest.raises(DeviceError, match="gave no result"):
        session.step(EVENTS)


def test_slices_are_dropped_at_once_while_the_device_waits(moody):
    device = moody("good", "crash")
    patient = Recovery(first_wait_s=3600.0, longest_wait_s=3600.0)
    with open_session(CARD, "moody", recovery=patient, report=lambda _: None) as session:
        session.step(EVENTS)
        for _ in range(50):
            with pytest.raises(SliceDroppedError, match="started again"):
                session.step(EVENTS)
        assert session.health.dropped == 50
        assert not session.health.is_running
    assert device.opened == 1


def test_failures_are_logged_where_nobody_asked_to_be_told(moody, caplog):
    moody("good", "crash")
    with open_session(CARD, "moody", recovery=AT_ONCE) as session:
        run(session, 2)
    assert "moody: failed" in caplog.text


def test_waits_double_up_to_the_longest():
    recovery = Recovery(first_wait_s=0.5, longest_wait_s=3.0)
    assert [recovery.wait_s(failures) for failures in (1, 2, 3, 4, 2000)] == [0.5, 1, 2, 3, 3]


@pytest.mark.parametrize(
    "settings", [{"attempts": 0}, {"first_wait_s": -1}, {"longest_wait_s": 0.1}, {"steady_s": -1}]
)
def test_settings_without_sense_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Recovery(**settings)
