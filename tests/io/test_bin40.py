"""Events of 40 bits: N-MNIST, N-Caltech101 and gesture recordings."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, Events, FormatError, SensorSize
from eventvision.io._bin40 import Bin40Source


def made(count, seed=0, step_us=60, side=34):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = np.cumsum(random.integers(0, step_us, count))
    events["x"], events["y"] = random.integers(0, side, (2, count))
    events["on"] = random.integers(0, 2, count)
    return events


def records(events):
    """The specification: x, y, then polarity and 23 bits of time, the highest byte first."""
    out = bytearray()
    for t, x, y, on in events.tolist():
        out += bytes((x, y)) + (on << 23 | t & 0x7FFFFF).to_bytes(3, "big")
    return bytes(out)


def stored(folder, content, name="test.bin"):
    path = folder / name
    path.write_bytes(content)
    return path


def read(source):
    return np.concatenate([np.empty(0, EVENT_DTYPE), *(packet.events.data for packet in source)])


@pytest.mark.parametrize("folder", ["nmnist", "gesture"])
def test_real_recordings_give_the_events_of_the_manifest(shared_recordings, folder):
    manifest = json.loads((shared_recordings / "manifest.json").read_text())
    truths = [e for e in manifest if e["file"].startswith(folder) and "npz" not in e["file"]]
    assert truths
    for truth in truths:
        source = Bin40Source(shared_recordings / truth["file"])
        events = read(source)
        assert len(events) == truth["events"]
        duration_s = (events["t"][-1] - events["t"][0]) / 1e6
        assert duration_s == pytest.approx(truth["duration_s"], abs=1e-4)
        assert source.info.sensor == SensorSize(truth["width"], truth["height"])
        assert not source.damage


def test_events_come_back_exactly_beyond_the_end_of_23_bits(tmp_path):
    events = made(400_000)
    assert events["t"][-1] > 2**23
    source = Bin40Source(stored(tmp_path, records(events)))
    assert np.array_equal(read(source), events)
    assert source.info.sensor_from == "data"
    assert not source.damage


def test_a_row_of_240_stands_for_time_that_passed(tmp_path):
    content = records(made(20))
    events = made(20)
    mark = bytes((0, 240)) + int(events["t"][-1]).to_bytes(3, "big")
    found = read(Bin40Source(stored(tmp_path, content + mark + mark + content[-5:])))
    assert len(found) == 21
    assert found["t"][-1] - found["t"][-2] == 2 * 8192


def test_seeking_gives_what_reading_on_would_have_given(tmp_path):
    events = made(1_000_000, step_us=20)
    source = Bin40Source(stored(tmp_path, records(events)))
    for t_us in (8_000_000, 0, 9_500_000, 2_000_000, 10**9):
        source.seek(t_us)
        assert np.array_equal(read(source), events[np.searchsorted(events["t"], t_us) :])


@pytest.mark.parametrize("missing", [1, 2, 3, 4, 502])
def test_records_are_found_again_where_bytes_are_missing(tmp_path, missing):
    events = made(20_000)
    content = records(events)
    at = 5 * 10_000 + 2
    path = stored(tmp_path, content[:at] + content[at + missing :])
    source = Bin40Source(path, sensor=SensorSize(34, 34))
    found = read(source)
    assert source.damage.kinds["misaligned"] == 1
    assert np.array_equal(found[:9_990], events[:9_990])
    assert np.array_equal(found[-9_500:], events[-9_500:])


def test_a_cut_record_is_told(tmp_path):
    events = made(100)
    source = Bin40Source(stored(tmp_path, records(events)[:-2]))
    assert np.array_equal(read(source), events[:-1])
    assert source.damage.kinds == {"truncated": 1}


def test_bytes_whose_times_jump_about_are_refused(tmp_path):
    content = np.random.default_rng(0).bytes(5000)
    with pytest.raises(FormatError, match="times do not run forward"):
        Bin40Source(stored(tmp_path, content))


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=600))
def test_garbage_is_refused_or_gives_events_in_order(tmp_path_factory, data):
    with contextlib.suppress(FormatError):
        source = Bin40Source(stored(tmp_path_factory.mktemp("garbage"), data))
        found = read(source)
        Events(found, source.info.sensor).check_order()
        assert found.size <= len(data) // 5


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=400))
def test_what_lies_before_garbage_is_read(tmp_path_factory, data):
    events = made(2_000)
    path = stored(tmp_path_factory.mktemp("garbage"), records(events) + data)
    found = read(Bin40Source(path, sensor=SensorSize(34, 34)))
    assert np.array_equal(found[:1_980], events[:1_980])
    assert found.size <= 2_000 + len(data) // 5
