"""What the stream guard lets through, and what it says about the rest."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, DamageReport, SensorSize
from eventvision.io._guard import StreamGuard

SENSOR = SensorSize(20, 10)
HOUR_US = 3_600_000_000


def events_at(*times_us, x=1, y=2):
    data = np.zeros(len(times_us), EVENT_DTYPE)
    data["t"], data["x"], data["y"] = times_us, x, y
    return data


def run_at(first_us, count, step_us=10):
    return np.arange(count) * step_us + first_us


def admitted(data, cuts=()):
    """Times that come out, and the report, for a stream cut into batches."""
    damage = DamageReport()
    guard = StreamGuard(SENSOR, damage)
    parts = [guard.admit(part) for part in np.split(data, cuts)]
    return np.concatenate([*parts, guard.flush()]), damage


def test_clean_events_pass_as_the_same_array():
    damage = DamageReport()
    data = events_at(0, 0, 5, *run_at(900_000, 100))
    assert StreamGuard(SENSOR, damage).admit(data) is data
    assert not damage


def test_an_empty_batch_passes():
    out, damage = admitted(events_at())
    assert out.size == 0
    assert not damage


@pytest.mark.parametrize("cuts", [(), (1,), (1, 2, 3), (40,)])
@pytest.mark.parametrize("by_us", [1_500, 500_000, 30_000_000, 1 << 40])
@pytest.mark.parametrize("count", [1, 5])
def test_wrong_times_at_the_beginning_are_dropped_and_shift_nothing(by_us, cuts, count):
    right = run_at(5_000_000, 3_000)
    out, damage = admitted(events_at(*(right[:count] + by_us), *right), cuts)
    assert out["t"].tolist() == right.tolist()
    assert (damage.kinds, damage.events_skipped) == ({"time-jump": 1}, count)


def test_a_first_event_long_before_the_clock_was_set_is_dropped():
    right = run_at(1_700_000_000_000_000, 300)
    out, damage = admitted(events_at(0, *right))
    assert out["t"].tolist() == right.tolist()
    assert damage.events_skipped == 1


def test_a_clock_that_is_set_soon_after_the_beginning_is_a_step_and_loses_nothing():
    before, after = run_at(5_000_000, 20), run_at(40, 200)
    out, damage = admitted(events_at(*before, *after))
    assert out.size == 220
    assert (damage.kinds, damage.events_skipped) == ({"time-jump": 1}, 0)


@pytest.mark.parametrize("cuts", [(), (500,), (501,), (502,), (499, 500, 501, 502)])
@pytest.mark.parametrize("by_us", [1_500, 40_000, 999_000])
def test_a_wrong_time_up_to_a_second_ahead_is_dropped_and_shifts_nothing(by_us, cuts):
    right = run_at(5_000_000, 2_000)
    times = np.insert(right, 500, right[500] + by_us)
    out, damage = admitted(events_at(*times), cuts)
    assert out["t"].tolist() == right.tolist()
    assert (damage.kinds, damage.events_skipped) == ({"time-jump": 1}, 1)


def test_events_after_a_pause_all_pass():
    right = np.concatenate([run_at(0, 100), run_at(50_000, 1), run_at(90_000, 100)])
    for cuts in ((), (100,), (101,)):
        out, damage = admitted(events_at(*right), cuts)
        assert out["t"].tolist() == right.tolist()
        assert not damage


def test_live_events_do_not_wait_for_others():
    damage = DamageReport()
    guard = StreamGuard(SENSOR, damage, is_live=True)
    assert guard.admit(events_at(10))["t"].tolist() == [10]
    assert guard.admit(events_at(50_000))["t"].tolist() == [50_000]
    assert guard.admit(events_at(50_010, 90_000, 50_020))["t"].tolist() == [50_010, 50_020]
    assert guard.flush().size == 0
    assert damage.events_skipped == 1


def test_a_state_that_was_packed_goes_on_the_same():
    data = events_at(*run_at(0, 100), 5_000, *run_at(120_000, 100))
    guard = StreamGuard(SENSOR, DamageReport())
    begun = guard.admit(data[:101])
    assert not guard.is_in_doubt
    twin = guard.unpack(guard.pack())
    rest = [np.concatenate([one.admit(data[101:]), one.flush()]) for one in (guard, twin)]
    assert np.array_equal(rest[0], rest[1])
    assert np.array_equal(np.concatenate([begun, rest[0]])["t"], data["t"])


@pytest.mark.parametrize(("x", "y"), [(20, 0), (0, 10), (65_535, 0), (0, 65_535)])
def test_an_event_outside_the_sensor_is_dropped_and_counted(x, y):
    data = events_at(1, 2, 3)
    data["x"][1], data["y"][1] = x, y
    out, damage = admitted(data)
    assert out["t"].tolist() == [1, 3]
    assert damage.kinds == {"outside-sensor": 1}
    assert damage.events_skipped == 1


def test_events_before_time_zero_are_dropped_and_counted():
    out, damage = admitted(events_at(-5, -4, 0, 1))
    assert out["t"].tolist() == [0, 1]
    assert damage.kinds == {"negative-time": 1}
    assert damage.events_skipped == 2


def test_jitter_moves_events_forward_and_loses_none():
    out, damage = admitted(events_at(100, 140, 120, 130, 150))
    assert out["t"].tolist() == [100, 140, 140, 140, 150]
    assert damage.kinds == {"time-backwards": 1}
    assert damage.events_skipped == 0
    assert "2 events moved forward by up to 20 us" in str(damage)


@pytest.mark.parametrize(
    ("outliers", "kind"),
    [
        ([4_000], "time-backwards"),
        ([10, 20, 30], "time-backwards"),
        ([10_000_000], "time-jump"),
        ([1 << 62], "time-jump"),
        ([1 << 40, 1 << 41, 1 << 42], "time-jump"),
    ],
)
def test_outliers_in_time_are_dropped_and_counted(outliers, kind):
    out, damage = admitted(events_at(9_000, *outliers, 9_001, 9_002))
    assert out["t"].tolist() == [9_000, 9_001, 9_002]
    assert damage.kinds == {kind: 1}
    assert damage.events_skipped == len(outliers)


def test_a_clock_reset_is_closed_up():
    before, after = run_at(5_000_000, 100), run_at(40, 200)
    out, damage = admitted(events_at(*before, *after))
    assert out["t"].tolist() == [*before, *(before[-1] + 1 + after - after[0])]
    assert damage.kinds == {"time-jump": 1}
    assert damage.events_skipped == 0


def test_a_quiet_hour_passes_as_it_is():
    times = [*run_at(0, 10), *run_at(HOUR_US, 100)]
    out, damage = admitted(events_at(*times))
    assert out["t"].tolist() == times
    assert not damage


def test_a_gap_of_more_than_an_hour_is_closed_up():
    before, after = run_at(0, 10), run_at(HOUR_US + 1_000, 100)
    out, damage = admitted(events_at(*before, *after))
    assert out["t"].tolist() == [*before, *(before[-1] + 1 + after - after[0])]
    assert damage.kinds == {"time-jump": 1}


def test_sparse_events_all_pass():
    times = [0, 5_000_000, 9_000_000, 9_000_001, 60_000_000]
    out, damage = admitted(events_at(*times))
    assert out["t"].tolist() == times
    assert not damage


def test_the_shift_of_the_clock_can_be_asked_for():
    guard = StreamGuard(SENSOR, DamageReport())
    guard.admit(events_at(*run_at(5_000_000, 10, step_us=0)))
    assert guard.shift_us == 0
    guard.admit(events_at(*run_at(100, 64)))
    assert guard.shift_us == 5_000_001 - 100
    assert guard.last_us == 5_000_001 + 63 * 10


def test_damage_names_the_bytes_of_its_batch():
    damage = DamageReport()
    guard = StreamGuard(SENSOR, damage)
    guard.admit(events_at(1, x=20), byte_start=64, byte_end=80)
    guard.flush()
    assert (damage.items[0].byte_start, damage.items[0].byte_end) == (64, 80)


def test_a_copy_goes_on_alone_and_reports_elsewhere():
    first, second = DamageReport(), DamageReport()
    guard = StreamGuard(SENSOR, first)
    guard.admit(events_at(*run_at(6_999_300, 70), 7_000_000, 10))
    twin = guard.copy(second)
    assert guard.admit(events_at(7_000_001)).size == 1
    assert first.events_skipped == 1
    assert not second
    assert twin.admit(events_at(*run_at(20, 63))).size == 64


@pytest.mark.parametrize("seed", range(6))
def test_the_result_does_not_depend_on_the_cut_into_batches(seed):
    random = np.random.default_rng(seed)
    steps = random.integers(0, 60, 2_000)
    steps[random.integers(0, 2_000, 12)] += random.integers(-3_000_000, 3_000_000, 12)
    data = events_at(*(50_000_000 + np.cumsum(steps)), x=random.integers(0, 21, 2_000))
    whole, damage = admitted(data)
    for pieces in (2, 7, 700):
        cuts = np.sort(random.integers(0, 2_000, pieces))
        parts, damage_of_parts = admitted(data, cuts)
        assert np.array_equal(parts, whole)
        assert damage_of_parts.events_skipped == damage.events_skipped
        assert set(damage_of_parts.kinds) == set(damage.kinds)
    assert np.all(np.diff(whole["t"]) >= 0)
