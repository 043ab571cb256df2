"""DAT: headers, events, time wraps, seeking, damage, writing."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, Events, FormatError, OutputError, Packet, SensorSize
from eventvision.io._dat.source import DatSource
from eventvision.io._dat.writer import DatWriter
from eventvision.kernels.dat import decode_dat

VGA = SensorSize(640, 480)
HEADER = b"% Version 2\n% Width 640\n% Height 480\n\x0c\x08"


def made(count, seed=0, start_us=0, step_us=60, sensor=VGA):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = start_us + np.cumsum(random.integers(0, step_us, count))
    events["x"] = random.integers(0, sensor.width, count)
    events["y"] = random.integers(0, sensor.height, count)
    events["on"] = random.integers(0, 2, count)
    return events


def records(events, x_bits=14, y_bits=14):
    """The specification: little-endian time and pixel words."""
    words = np.zeros((events.size, 2), "<u4")
    words[:, 0] = events["t"] & 0xFFFFFFFF
    x, y, on = (events[name].astype(np.uint32) for name in ("x", "y", "on"))
    words[:, 1] = x | y << x_bits | on << (x_bits + y_bits)
    return words.tobytes()


def stored(folder, content, name="test.dat"):
    path = folder / name
    path.write_bytes(content)
    return path


def read(source):
    return np.concatenate([np.empty(0, EVENT_DTYPE), *(packet.events.data for packet in source)])


def test_the_real_recording_gives_the_events_of_the_manifest(shared_recordings):
    manifest = json.loads((shared_recordings / "manifest.json").read_text())
    truth = next(entry for entry in manifest if entry["file"] == "dat/ncars_car.dat")
    source = DatSource(shared_recordings / truth["file"])
    events = read(source)
    assert len(events) == truth["events"]
    assert int(events["t"][-1] - events["t"][0]) == round(truth["duration_s"] * 1e6)
    assert source.info.sensor == SensorSize(truth["width"], truth["height"])
    assert source.info.sensor_from == "data"
    assert "states no sensor size" in source.info.notes[0]
    assert not source.damage
    assert source.progress == 1.0


@pytest.mark.parametrize(
    ("head", "bits", "version"),
    [
        (HEADER, (14, 14), 2),
        (b"% Data file\r\n% Version 2\r\n% Height 480\r\n% Width 640\r\n\x00\x08", (14, 14), 2),
        (b"% Data file containing Event2d events.\n% Version 1\n\x00\x08", (9, 8), 1),
        (b"% Date 2014-01-01\n\x00\x08", (9, 8), 1),
        (b"", (9, 8), 1),
    ],
)
def test_every_version_of_the_header_is_understood(tmp_path, head, bits, version):
    events = made(500, sensor=SensorSize(304, 240))
    source = DatSource(stored(tmp_path, head + records(events, *bits)))
    assert source.info.format == f"DAT v{version}"
    stated = b"Width" in head
    assert source.info.sensor == (VGA if stated else SensorSize(304, 240))
    assert source.info.sensor_from == ("header" if stated else "data")
    assert np.array_equal(read(source), events)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"% Version 2\n% Width 640\n", "cut within its header"),
        (b"% Version 2\n\x0c", "cut within its header"),
        (b"% Version 2\n\x0e\x08" + bytes(8), "type 14 and 8 bytes"),
        (b"% Version 2\n\x0c\x10" + bytes(8), "type 12 and 16 bytes"),
        (b"% Version 7\n\x0c\x08" + bytes(8), "version '7'"),
        (b"% Version 2\n\x0c\x08", "no pixel was seen"),
    ],
)
def test_what_is_no_dat_recording_is_refused(tmp_path, content, problem):
    with pytest.raises(FormatError, match=problem):
        DatSource(stored(tmp_path, content))


def test_times_go_on_where_32_bits_end(tmp_path):
    events = made(200_000, start_us=2**32 - 1_000_000)
    assert events["t"][-1] > 2**32
    assert np.array_equal(read(DatSource(stored(tmp_path, HEADER + records(events)))), events)


def test_the_header_may_move_the_origin_of_time(tmp_path):
    events = made(100)
    head = b"% Version 2\n% Width 640\n% Height 480\n% T0 5000\n\x0c\x08"
    assert (
        read(DatSource(stored(tmp_path, head + records(events))))["t"][0] == 5000 + events["t"][0]
    )


def test_the_user_may_overrule_the_size(tmp_path):
    events = made(1000)
    path = stored(tmp_path, HEADER + records(events))
    source = DatSource(path, sensor=SensorSize(320, 480))
    assert source.info.sensor_from == "user"
    assert np.array_equal(read(source), events[events["x"] < 320])
    assert source.damage.kinds == {"outside-sensor": 1}


def test_seeking_gives_what_reading_on_would_have_given(tmp_path):
    events = made(1_200_000, step_us=20)
    source = DatSource(stored(tmp_path, HEADER + records(events)))
    for t_us in (9_000_000, 0, 11_999_999, 5_000_000, 10**9):
        source.seek(t_us)
        expected = events[np.searchsorted(events["t"], t_us) :]
        assert np.array_equal(read(source), expected)


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_cut_record_is_told_and_the_rest_read(tmp_path, cut):
    events = made(100)
    source = DatSource(stored(tmp_path, HEADER + records(events)[:-cut]))
    assert np.array_equal(read(source), events[:-1])
    assert source.damage.kinds == {"truncated": 1}
    assert source.damage.items[0].byte_end == (source._path).stat().st_size


@pytest.mark.parametrize("missing", [1, 2, 3, 5, 7, 801])
@pytest.mark.parametrize("at", [8 * 300, 8 * 300 + 3, 8 * 70_000 + 5])
def test_records_are_found_again_where_bytes_are_missing(tmp_path, missing, at):
    events = made(90_000)
    content = records(events)
    source = DatSource(stored(tmp_path, HEADER + content[:at] + content[at + missing :]))
    found = read(source)
    assert source.damage.kinds["misaligned"] == 1
    lost = len(events) - len(found)
    assert lost <= missing // 8 + 3
    assert np.array_equal(found[: at // 8 - 1], events[: at // 8 - 1])
    assert np.array_equal(found[-10_000:], events[-10_000:])


@pytest.mark.parametrize(
    ("index", "bit"), [(1, 31), (500, 31), (500, 14), (500, 18), (63, 28), (998, 22)]
)
def test_one_false_time_shifts_nothing(tmp_path, index, bit):
    events = made(1000)
    words = np.frombuffer(bytearray(records(events)), "<u4").reshape(-1, 2)
    words[index, 0] |= 1 << bit
    source = DatSource(stored(tmp_path, HEADER + words.tobytes()))
    assert np.array_equal(read(source), np.delete(events, index))
    assert source.damage.events_skipped == 1


def test_a_false_time_at_the_beginning_does_not_count_as_a_wrap(tmp_path):
    events = made(1000)
    words = np.frombuffer(bytearray(records(events)), "<u4").reshape(-1, 2)
    words[0, 0] = 0xF0000000
    source = DatSource(stored(tmp_path, HEADER + words.tobytes()))
    assert np.array_equal(read(source), events[1:])
    assert source.damage.kinds == {"negative-time": 1}


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400), cut=st.integers(0, 60))
def test_garbage_is_refused_or_gives_events_in_order(tmp_path_factory, data, cut):
    path = stored(tmp_path_factory.mktemp("garbage"), HEADER[:cut] + data + b"x")
    with contextlib.suppress(FormatError):
        source = DatSource(path)
        found = read(source)
        Events(found, source.info.sensor).check_order()
        assert found.size <= (cut + len(data) + 1) // 8


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=400))
def test_what_lies_before_garbage_is_read(tmp_path_factory, data):
    events = made(1000)
    path = stored(tmp_path_factory.mktemp("garbage"), HEADER + records(events) + data)
    found = read(DatSource(path))
    assert np.array_equal(found[:980], events[:980])
    assert found.size <= 1000 + len(data) // 8


def test_decoding_does_not_depend_on_how_many_records_a_call_takes():
    events = made(1000, start_us=2**32 - 10_000)
    data = np.frombuffer(records(events), np.uint8)
    whole, parts, reference = np.empty(2000, np.int64), [], int(events["t"][0])
    decode_dat(data, 0, whole, reference, 14, 14, 0xF << 28)
    for start in range(0, 1000, 192):
        part = np.empty(2 * min(192, 1000 - start), np.int64)
        reference, breaks = decode_dat(data, 8 * start, part, reference, 14, 14, 0xF << 28)
        parts.append(part)
        assert breaks == 0
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(whole.view(EVENT_DTYPE), events)


EVENT = st.tuples(
    st.integers(0, 2**32 - 1), st.integers(0, 639), st.integers(0, 479), st.booleans()
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(EVENT, max_size=50), cut=st.integers(0, 50))
def test_what_was_written_is_read_back(tmp_path_factory, rows, cut):
    rows.sort(key=lambda row: row[0])
    quiet = [row for i, row in enumerate(rows) if i == 0 or row[0] - rows[i - 1][0] < 10**9]
    events = np.array(quiet, EVENT_DTYPE) if quiet else np.empty(0, EVENT_DTYPE)
    if (np.diff(events["t"]) > 10**9).any():
        events = events[:1]
    path = tmp_path_factory.mktemp("round") / "out.dat"
    writer = DatWriter(path, VGA)
    for part in (events[:cut], events[cut:]):
        writer.write(Packet(Events(part, VGA)))
    writer.close()
    writer.close()
    source = DatSource(path)
    assert source.info.sensor == VGA
    assert np.array_equal(read(source), events)
    assert not source.damage


def test_corners_and_equal_times_survive_the_round_trip(tmp_path):
    sensor = SensorSize(1280, 720)
    events = np.zeros(8, EVENT_DTYPE)
    events["t"] = 2**32 - 1
    events["x"], events["y"] = [0, 1279, 0, 1279] * 2, [0, 0, 719, 719] * 2
    events["on"][4:] = True
    writer = DatWriter(tmp_path / "out.dat", sensor)
    writer.write(Packet(Events(events, sensor)))
    writer.close()
    assert np.array_equal(read(DatSource(tmp_path / "out.dat")), events)


@pytest.mark.parametrize("t_us", [2**32, 2**40, -1])
def test_a_time_that_does_not_fit_is_refused_with_the_limit(tmp_path, t_us):
    events = made(3)
    events["t"] = [0, 1, t_us] if t_us > 0 else [t_us, 0, 1]
    writer = DatWriter(tmp_path / "out.dat", VGA)
    with pytest.raises(OutputError, match=r"4294967295 us .*not " + str(t_us)):
        writer.write(Packet(Events(events, VGA)))
    writer.close()
    assert read(DatSource(tmp_path / "out.dat")).size == 0


def test_a_silence_that_readers_take_for_a_step_back_is_refused(tmp_path):
    events = made(100)
    later = events.copy()
    later["t"] += 2**31 + 10_000
    writer = DatWriter(tmp_path / "out.dat", VGA)
    writer.write(Packet(Events(events, VGA)))
    with pytest.raises(OutputError, match="over 35 minutes"):
        writer.write(Packet(Events(later, VGA)))
    writer.close()
    assert np.array_equal(read(DatSource(tmp_path / "out.dat")), events)


@pytest.mark.parametrize("start_us", [2**32, 2**40 + 5, 1_700_000_000_000_000])
def test_a_recording_that_begins_late_keeps_its_times(tmp_path, start_us):
    events = made(500, start_us=start_us)
    writer = DatWriter(tmp_path / "out.dat", VGA)
    for part in (events[:200], events[200:]):
        writer.write(Packet(Events(part, VGA)))
    writer.close()
    assert np.array_equal(read(DatSource(tmp_path / "out.dat")), events)
    assert str(events["t"][0]) in writer.notes[0]
    writer = DatWriter(tmp_path / "out.dat", VGA)
    writer.write(Packet(Events(events[:1], VGA)))
    events["t"][-1] += 2**32
    with pytest.raises(OutputError, match=f"after {events['t'][0]} us, not {events['t'][-1]} us"):
        writer.write(Packet(Events(events[1:], VGA)))
    writer.close()
    assert np.array_equal(read(DatSource(tmp_path / "out.dat")), events[:1])


def test_a_sensor_too_large_and_a_folder_missing_are_refused(tmp_path):
    with pytest.raises(OutputError, match="16384 pixels"):
        DatWriter(tmp_path / "out.dat", SensorSize(16_385, 1))
    with pytest.raises(OutputError, match="cannot be written"):
        DatWriter(tmp_path / "none" / "out.dat", VGA)
