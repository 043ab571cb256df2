"""AEDAT3: packets of every kind, both versions, damage. All files are composed here."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, Events, FormatError, SensorSize
from eventvision.io._aedat3.source import Aedat3Source

HEAD = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DAVIS240C\r\n#!END-HEADER\r\n"


def made(count, seed=0, start_us=0, step_us=60):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = start_us + np.cumsum(random.integers(0, step_us, count))
    events["x"], events["y"] = random.integers(0, 240, count), random.integers(0, 180, count)
    events["on"] = random.integers(0, 2, count)
    return events


def packet(kind, size, rows, overflow=0, source=1, ts_offset=4):
    count = len(rows)
    head = struct.pack("<hhiiiiii", kind, source, size, ts_offset, overflow, count, count, count)
    return head + b"".join(rows)


def polarity(events, *, valid=True, from_bottom=False, **header):
    """The specification of polarity events; times beyond 31 bits need `overflow`."""
    rows = []
    for t, x, y, on in events.tolist():
        row = 179 - y if from_bottom else y
        rows.append(struct.pack("<II", x << 17 | row << 2 | on << 1 | valid, t & 0x7FFFFFFF))
    return packet(1, 8, rows, **header)


def polarity_packets(events, count, **header):
    starts = range(0, len(events), count)
    return [polarity(events[start : start + count], **header) for start in starts]


def frame_row(pixels, x=0, y=0, times=(10, 40, 15, 35)):
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    info = 1 | channels << 1
    values = (pixels.astype("<u2") << 8).tobytes()
    return struct.pack("<I8i", info, *times, width, height, x, y) + values


def stored(folder, *content, head=HEAD, name="test.aedat"):
    path = folder / name
    path.write_bytes(head + b"".join(content))
    return path


def read(source):
    return np.concatenate([np.empty(0, EVENT_DTYPE), *(packet.events.data for packet in source)])


@pytest.mark.parametrize("per_packet", [1, 700, 100_000])
def test_polarity_events_come_back_exactly(tmp_path, per_packet):
    events = made(2000 if per_packet == 1 else 150_000)
    source = Aedat3Source(stored(tmp_path, *polarity_packets(events, per_packet)))
    assert source.info.format == "AEDAT3.1"
    assert source.info.sensor == SensorSize(240, 180)
    assert source.info.sensor_from == "header"
    assert source.info.camera == "DAVIS240C"
    assert np.array_equal(read(source), events)
    assert not source.damage
    assert source.progress == 1.0


def test_times_go_on_where_31_bits_end(tmp_path):
    events = made(4000, start_us=2**31 - 60_000)
    parts = events[events["t"] < 2**31], events[events["t"] >= 2**31]
    assert len(parts[1])
    content = (polarity(parts[0]), polarity(parts[1], overflow=1))
    assert np.array_equal(read(Aedat3Source(stored(tmp_path, *content))), events)


def test_events_marked_as_invalid_are_left_out(tmp_path):
    events = made(10)
    content = polarity(events[:4]), polarity(events[4:7], valid=False), polarity(events[7:])
    source = Aedat3Source(stored(tmp_path, *content))
    assert np.array_equal(read(source), np.delete(events, slice(4, 7)))
    assert not source.damage


def test_version_three_zero_counts_rows_from_the_bottom(tmp_path):
    events = made(100)
    pixels = np.arange(180 * 240).reshape(180, 240).astype(np.uint8)
    head = b"#!AER-DAT3.0\r\n#Format: RAW\r\n#Source 1: DAVIS240C\r\n"
    row = frame_row(pixels[::-1])
    content = polarity(events, from_bottom=True), packet(2, len(row), [row])
    source = Aedat3Source(stored(tmp_path, *content, head=head))
    packets = list(source)
    assert np.array_equal(packets[0].events.data, events)
    assert np.array_equal(packets[1].frames[0].pixels, pixels)
    assert any("from the bottom" in note for note in source.info.notes)


def test_an_unknown_camera_has_its_size_inferred(tmp_path):
    events = made(3000)
    head = HEAD.replace(b"DAVIS240C", b"Novelty")
    source = Aedat3Source(stored(tmp_path, polarity(events), head=head))
    assert source.info.sensor == SensorSize(240, 180)
    assert source.info.sensor_from == "data"


def test_grey_and_colour_frames_arrive_with_exposure_and_place(tmp_path):
    random = np.random.default_rng(0)
    grey = random.integers(0, 256, (18, 24)).astype(np.uint8)
    colour = random.integers(0, 256, (10, 12, 3)).astype(np.uint8)
    with_alpha = np.dstack([colour, np.full((10, 12), 255)])
    size = len(frame_row(with_alpha))
    rows = [frame_row(grey, 3, 4), frame_row(colour), frame_row(with_alpha)]
    rows = [row.ljust(size, b"\0") for row in rows]
    source = Aedat3Source(stored(tmp_path, packet(2, size, rows, overflow=1)))
    frames = [frame for packet_ in source for frame in packet_.frames]
    assert [(f.t_us - 2**31, f.exposure_us, f.x, f.y) for f in frames] == [
        (25, 20, 3, 4), (25, 20, 0, 0), (25, 20, 0, 0),
    ]  # fmt: skip
    assert np.array_equal(frames[0].pixels, grey)
    assert np.array_equal(frames[1].pixels, colour[:, :, ::-1])
    assert np.array_equal(frames[2].pixels, colour[:, :, ::-1])


@pytest.mark.parametrize(
    "row",
    [
        struct.pack("<I8i", 0 | 1 << 1, 1, 2, 3, 4, 2, 2, 0, 0) + bytes(8),
        struct.pack("<I8i", 1 | 2 << 1, 1, 2, 3, 4, 2, 2, 0, 0) + bytes(8),
        struct.pack("<I8i", 1 | 1 << 1, 1, 2, 3, 4, 2**30, 2**30, 0, 0) + bytes(8),
        struct.pack("<I8i", 1 | 1 << 1, 1, 2, 3, 4, -2, 2, 0, 0) + bytes(8),
        struct.pack("<I8i", 1 | 1 << 1, 1, 2, 3, 4, 3, 2, 0, 0) + bytes(8),
    ],
)
def test_frames_that_contradict_themselves_are_left_out(tmp_path, row):
    source = Aedat3Source(stored(tmp_path, packet(2, len(row), [row])))
    assert not [frame for packet_ in source for frame in packet_.frames]


def test_inertial_samples_with_and_without_compass(tmp_path):
    six = struct.pack("<Ii7f", 1, 100, 0.1, -1.0, 0.2, 10, -20, 30, 25.5)
    nine = struct.pack("<Ii10f", 1, 200, 0.1, -1.0, 0.2, 10, -20, 30, 26.5, 7, 8, 9)
    invalid = struct.pack("<Ii7f", 0, 150, *range(7))
    content = packet(3, 36, [six, invalid]), packet(4, 48, [nine])
    imu = np.concatenate([p.imu for p in Aedat3Source(stored(tmp_path, *content))])
    assert imu["t"].tolist() == [100, 200]
    assert imu["temperature"].tolist() == [25.5, 26.5]
    assert imu["accelerometer"][0].tolist() == pytest.approx([0.1, -1.0, 0.2])
    assert imu["gyroscope"][1].tolist() == [10, -20, 30]
    assert imu["magnetometer"].tolist() == [[0, 0, 0], [7, 8, 9]]


def test_external_signals_become_triggers(tmp_path):
    kinds = [(1, 0), (2, 10), (3, 20), (4, 30), (0, 40), (9, 50), (10, 60)]
    rows = [struct.pack("<II", kind << 1 | 1, t) for kind, t in kinds]
    edges = np.concatenate([p.triggers for p in Aedat3Source(stored(tmp_path, packet(0, 8, rows)))])
    assert edges.tolist() == [
        (10, 0, True), (20, 0, False), (30, 0, True), (50, 2, True), (60, 2, False),
    ]  # fmt: skip


def test_only_the_first_of_several_devices_is_read(tmp_path):
    events = made(100)
    head = HEAD.replace(b"#!END", b"#Source 2: DVS128\r\n#!END")
    content = polarity(events[:50]), polarity(made(30), source=2), polarity(events[50:])
    source = Aedat3Source(stored(tmp_path, *content, head=head))
    assert np.array_equal(read(source), events)
    assert any("Of 2 devices" in note for note in source.info.notes)


def test_seeking_gives_what_reading_on_would_have_given(tmp_path):
    events = made(600_000, step_us=20)
    source = Aedat3Source(stored(tmp_path, *polarity_packets(events, 4000)))
    for t_us in (5_500_000, 0, 5_999_000, 10**9):
        source.seek(t_us)
        assert np.array_equal(read(source), events[np.searchsorted(events["t"], t_us) :])


@pytest.mark.parametrize("cut", [1, 7, 8, 8 * 99 + 3, 8 * 100 + 5, 8 * 100 + 28])
def test_a_cut_packet_is_told_and_what_is_there_is_read(tmp_path, cut):
    events = made(1000)
    content = b"".join(polarity_packets(events, 100))
    found = read(source := Aedat3Source(stored(tmp_path, content[:-cut])))
    expected = 1000 - min(100, -(-cut // 8))
    assert np.array_equal(found, events[:expected])
    assert source.damage.kinds.get("truncated", 0) == int(cut % (8 * 100 + 28) != 0)


@pytest.mark.parametrize(
    ("offset", "value"), [(0, 77), (4, 99), (20, 0xFF), (23, 0x7F), (12, 0xFF)]
)
def test_packets_after_a_broken_header_are_read(tmp_path, offset, value):
    events = made(1000)
    parts = [bytearray(part) for part in polarity_packets(events, 100)]
    parts[4][offset] = value
    parts[4][offset + 1] ^= 0x55
    source = Aedat3Source(stored(tmp_path, *parts))
    found = read(source)
    assert source.damage
    assert len(found) >= 900
    assert np.array_equal(found[:400], events[:400])
    assert np.array_equal(found[-500:]["x"], events[-500:]["x"])


def test_a_packet_that_promises_too_much_does_not_swallow_the_next(tmp_path):
    events = made(1000)
    parts = [bytearray(part) for part in polarity_packets(events, 100)]
    parts[4][16:28] = struct.pack("<iii", 350, 350, 350)
    source = Aedat3Source(stored(tmp_path, *parts))
    assert np.array_equal(read(source), events)
    assert source.damage.kinds == {"corrupt-packet": 1}


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"#!AER-DAT2.0\r\n", "AEDAT3 header"),
        (HEAD.replace(b"RAW", b"Serialized-TS"), "'Serialized-TS'"),
        (HEAD.replace(b"DAVIS240C", b"Novelty"), "no pixel was seen"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, head, problem):
    with pytest.raises(FormatError, match=problem):
        Aedat3Source(stored(tmp_path, head=head))


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=600), edits=st.lists(st.integers(0, 2000), max_size=8))
def test_what_lies_before_damage_is_read(tmp_path_factory, data, edits):
    sound, events = made(200), made(80, start_us=10_000)
    parts = polarity(events[:40]), packet(2, 44, [bytes(44)]), polarity(events[40:]), data
    content = bytearray(b"".join(parts))
    for at in edits:
        content[at % len(content)] ^= 0x81
    whole = polarity(sound) + bytes(content)
    source = Aedat3Source(stored(tmp_path_factory.mktemp("damage"), whole))
    found = read(source)
    assert np.array_equal(found[:200], sound)
    assert found.size <= 280 + len(data) // 8
    Events(found, source.info.sensor).check_order()
    if edits == [] and data == b"":
        assert found.size == 280
