"""The summary of a recording."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    IMU_DTYPE,
    TRIGGER_DTYPE,
    Damage,
    DamageReport,
    Events,
    Frame,
    Packet,
    SensorSize,
    SourceInfo,
)
from eventvision.io import scan

SENSOR = SensorSize(346, 260)
KEYS = {
    "name", "format", "width", "height", "sensor_from", "camera", "events", "t_first_us",
    "t_last_us", "duration_s", "rate_mean_evps", "rate_peak_evps", "on_share", "frames", "imu",
    "triggers", "damage", "notes",
}  # fmt: skip


class Recorded:
    """A source that plays packets from a list."""

    def __init__(self, packets, damage=None):
        self.info = SourceInfo(
            name="a.test", format="TEST", sensor=SENSOR, sensor_from="header", notes=("Made up.",)
        )
        self.damage = damage or DamageReport()
        self._packets = packets

    def __iter__(self):
        return iter(self._packets)


def events_at(times, on=()):
    data = np.zeros(len(times), EVENT_DTYPE)
    data["t"] = times
    data["on"][: len(on)] = on
    return Events(data, SENSOR)


def packets_of(times, cuts=()):
    return [Packet(events_at(part)) for part in np.split(np.asarray(times), cuts)]


def test_everything_is_counted():
    frame = Frame(5, 0, np.zeros((2, 2), np.uint8))
    packets = [
        Packet(events_at([1_000_000, 1_500_000], [True, True])),
        Packet(events_at([]), frames=(frame, frame), imu=np.zeros(3, IMU_DTYPE)),
        Packet(events_at([1_500_000, 3_000_000], [True]), triggers=np.zeros(4, TRIGGER_DTYPE)),
    ]
    summary = scan(Recorded(packets))
    assert (summary.events, summary.t_first_us, summary.t_last_us) == (4, 1_000_000, 3_000_000)
    assert (summary.frames, summary.imu, summary.triggers) == (2, 3, 4)
    assert (summary.duration_s, summary.rate_mean_evps, summary.on_share) == (2.0, 2.0, 0.75)


@pytest.mark.parametrize("cuts", [(), (1,), (2, 4), (1, 2, 3, 4, 5, 6)])
def test_the_peak_is_that_of_the_fullest_bin_of_ten_milliseconds(cuts):
    times = [5, 10_004, 10_005, 10_006, 20_004, 20_005, 900_000]
    summary = scan(Recorded(packets_of(times, cuts)))
    assert summary.rate_peak_evps == 3 / 0.01


def test_the_peak_of_a_recording_shorter_than_a_bin_is_its_mean():
    summary = scan(Recorded(packets_of(np.arange(0, 5_001, 100))))
    assert summary.rate_peak_evps == summary.rate_mean_evps == 51 / 0.005


@pytest.mark.parametrize(
    ("times", "first", "last"), [([], None, None), ([7], 7, 7), ([7, 7], 7, 7)]
)
def test_a_recording_without_duration_has_no_mean_rate(times, first, last):
    summary = scan(Recorded(packets_of(np.array(times, np.int64))))
    assert (summary.t_first_us, summary.t_last_us) == (first, last)
    assert (summary.duration_s, summary.rate_mean_evps) == (0.0, 0.0)
    assert summary.on_share == 0.0


def test_the_summary_as_plain_values_has_the_documented_keys():
    damage = DamageReport()
    damage.add(Damage(kind="truncated", message="cut", byte_start=5, byte_end=9, events_skipped=2))
    plain = json.loads(json.dumps(scan(Recorded(packets_of([1, 2]), damage)).as_dict()))
    assert plain.keys() == KEYS
    assert (plain["name"], plain["format"], plain["notes"]) == ("a.test", "TEST", ["Made up."])
    assert (plain["width"], plain["height"], plain["sensor_from"]) == (346, 260, "header")
    assert plain["damage"] == {
        "places": 1,
        "events_skipped": 2,
        "kinds": {"truncated": 1},
        "items": [
            {
                "kind": "truncated",
                "message": "cut",
                "byte_start": 5,
                "byte_end": 9,
                "events_skipped": 2,
            }
        ],
    }
