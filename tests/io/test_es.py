"""Event Stream: DVS and ATIS bytes, rows from the top, damage."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, Events, FormatError, SensorSize
from eventvision.io._dat.source import DatSource
from eventvision.io._es import EsSource

VGA = SensorSize(640, 480)


def header(kind=1, sensor=VGA, version=(2, 0, 0)):
    size = np.array([sensor.width, sensor.height], "<u2").tobytes()
    return b"Event Stream" + bytes((*version, kind)) + size


def made(count, seed=0, step_us=300):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = np.cumsum(random.integers(0, step_us, count))
    events["x"], events["y"] = random.integers(0, 640, count), random.integers(0, 480, count)
    events["on"] = random.integers(0, 2, count)
    return events


def dvs_bytes(events, height=480):
    """The specification: overflows of 127 us, then 5 bytes an event, rows from the bottom."""
    out, before = bytearray(), 0
    for t, x, y, on in events.tolist():
        overflows, rest = divmod(t - before, 127)
        row = height - 1 - y
        out += b"\xff" * overflows + bytes((rest << 1 | on, x & 255, x >> 8, row & 255, row >> 8))
        before = t
    return bytes(out)


def stored(folder, content, name="test.es"):
    path = folder / name
    path.write_bytes(content)
    return path


def read(source):
    return np.concatenate([np.empty(0, EVENT_DTYPE), *(packet.events.data for packet in source)])


def test_the_real_recording_holds_the_events_of_its_dat_twin(shared_recordings):
    manifest = json.loads((shared_recordings / "manifest.json").read_text())
    truth = next(entry for entry in manifest if entry["file"] == "es/ncars_car.es")
    source = EsSource(shared_recordings / truth["file"])
    events, twin = read(source), read(DatSource(shared_recordings / "dat/ncars_car.dat"))
    assert len(events) == truth["events"]
    assert int(events["t"][-1] - events["t"][0]) == round(truth["duration_s"] * 1e6)
    assert source.info.sensor == SensorSize(truth["width"], truth["height"])
    assert not source.damage
    for name in ("t", "x", "on"):
        assert np.array_equal(events[name], twin[name])
    stored_rows = source.info.sensor.height - 1 - events["y"].astype(np.int64)
    assert np.array_equal(stored_rows, 239 - twin["y"].astype(np.int64))
    assert "y = 238 - stored y" in source.info.notes[0]


def test_dvs_events_come_back_exactly(tmp_path):
    events = made(5000)
    source = EsSource(stored(tmp_path, header() + dvs_bytes(events)))
    assert source.info.format == "ES DVS"
    assert source.info.sensor == VGA
    assert np.array_equal(read(source), events)
    assert not source.damage
    assert source.progress == 1.0


def test_bytes_that_only_reset_add_no_time(tmp_path):
    events = made(10, step_us=100)
    content = b"\xfe\xfe\xfe".join(dvs_bytes(events)[i : i + 5] for i in range(0, 50, 5))
    assert np.array_equal(read(EsSource(stored(tmp_path, header() + content))), events)


def test_atis_exposures_are_left_out_and_their_time_counts(tmp_path):
    rows = [
        (5 << 2 | 0b10, 3, 4),  # ON after 5 us
        (7 << 2 | 0b01, 3, 4),  # exposure starts 7 us later
        (0xFD, None, None),  # 63 us
        (0xFF, None, None),  # 3 * 63 us
        (1 << 2 | 0b11, 3, 4),  # exposure ends
        (2 << 2 | 0b00, 300, 479),  # OFF
    ]
    content = b""
    for byte, x, y in rows:
        content += bytes((byte,))
        content += b"" if x is None else bytes((x & 255, x >> 8, y & 255, y >> 8))
    source = EsSource(stored(tmp_path, header(kind=2) + content))
    assert read(source).tolist() == [(5, 3, 475, True), (5 + 7 + 252 + 1 + 2, 300, 0, False)]
    assert source.info.format == "ES ATIS"
    assert any("Exposure" in note for note in source.info.notes)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"Event Strudel" + bytes(20), "does not begin with an ES header"),
        (header()[:17], "cut within its header"),
        (header(version=(1, 0, 0)), "ES version 1.0.0"),
        (header(kind=4), "colour events"),
        (header(kind=0), "generic events"),
        (header(kind=9), "type 9"),
        (b"Event Stream" + bytes((2, 0, 0, 1, 0, 0, 5, 0)), "sensor of 0x5"),
    ],
)
def test_what_holds_no_contrast_events_is_refused(tmp_path, content, problem):
    with pytest.raises(FormatError, match=problem):
        EsSource(stored(tmp_path, content))


def test_a_recording_without_events_is_empty_not_an_error(tmp_path):
    assert read(EsSource(stored(tmp_path, header()))).size == 0


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_cut_event_is_told_and_the_rest_read(tmp_path, cut):
    events = made(100, step_us=100)
    source = EsSource(stored(tmp_path, header() + dvs_bytes(events)[:-cut]))
    assert np.array_equal(read(source), events[:-1])
    assert source.damage.kinds == {"truncated": 1}


@pytest.mark.parametrize("missing", [1, 2, 3, 4, 6, 501])
def test_events_are_found_again_where_bytes_are_missing(tmp_path, missing):
    events = made(20_000, step_us=100)
    content = dvs_bytes(events)
    at = 5 * 10_000 + 2
    source = EsSource(stored(tmp_path, header() + content[:at] + content[at + missing :]))
    found = read(source)
    assert source.damage.kinds["corrupt-bytes"] >= 1
    assert np.array_equal(found[:10_000], events[:10_000])
    after = found[-9_500:]
    for name in ("x", "y", "on"):
        assert np.array_equal(after[name], events[-9_500:][name])
    assert len(set((events[-9_500:]["t"] - after["t"]).tolist())) == 1


def test_an_event_off_the_sensor_costs_only_itself(tmp_path):
    events = made(1000, step_us=100)
    content = bytearray(dvs_bytes(events))
    content[5 * 400 + 2] = 0x80
    source = EsSource(stored(tmp_path, header() + content))
    found = read(source)
    assert source.damage.events_skipped == 1
    assert np.array_equal(found["x"], np.delete(events, 400)["x"])
    assert source.damage.items[0].byte_start == 20 + 5 * 400


def test_seeking_gives_what_reading_on_would_have_given(tmp_path):
    events = made(1_000_000, step_us=50)
    source = EsSource(stored(tmp_path, header() + dvs_bytes(events)))
    for t_us in (20_000_000, 0, 5_000_000, 10**9):
        source.seek(t_us)
        assert np.array_equal(read(source), events[np.searchsorted(events["t"], t_us) :])


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=600), keep=st.integers(0, 20))
def test_garbage_is_refused_or_gives_events_in_order(tmp_path_factory, data, keep):
    path = stored(tmp_path_factory.mktemp("garbage"), header()[:keep] + data + b"x")
    with contextlib.suppress(FormatError):
        source = EsSource(path)
        found = read(source)
        Events(found, source.info.sensor).check_order()
        assert found.size <= len(data) // 5 + 1


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=600))
def test_what_lies_before_garbage_is_read(tmp_path_factory, data):
    events = made(400)
    path = stored(tmp_path_factory.mktemp("garbage"), header() + dvs_bytes(events) + data)
    found = read(EsSource(path))
    assert np.array_equal(found[:380], events[:380])
    assert found.size <= 400 + len(data) // 5 + 1
