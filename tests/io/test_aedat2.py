"""AEDAT2: chips, conventions, inertial samples, frames, external events, damage."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, Events, FormatError, SensorSize
from eventvision.io._aedat2.source import Aedat2Source

DVS128 = b"#!AER-DAT2.0\r\n# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n"
DAVIS240 = b"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.DAVIS240C\r\n"
REAL = (
    "aedat2/boxes_translating_davis240_imu.aedat",
    "aedat2/person_walking_dvs128.aedat",
    "aedat2/reveal_dvs128.aedat",
)


def made(count, sensor, seed=0, start_us=0, step_us=60):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = start_us + np.cumsum(random.integers(0, step_us, count))
    events["x"] = random.integers(0, sensor.width, count)
    events["y"] = random.integers(0, sensor.height, count)
    events["on"] = random.integers(0, 2, count)
    return events


def dvs128_words(events):
    """Time and address pairs: the specification for DVS128."""
    return [(t, (127 - y) << 8 | (127 - x) << 1 | (not on)) for t, x, y, on in events.tolist()]


def davis_words(events):
    """Time and address pairs: the specification for DAVIS."""
    return [(t, (179 - y) << 22 | (239 - x) << 12 | on << 11) for t, x, y, on in events.tolist()]


def imu_words(t, values):
    return [
        (t, 1 << 31 | code << 28 | (value & 0xFFFF) << 12 | 3 << 10)
        for code, value in enumerate(values)
    ]


def stored(folder, head, words, name="test.aedat"):
    path = folder / name
    pairs = np.array([(address, t & 0xFFFFFFFF) for t, address in words], ">u4")
    path.write_bytes(head + pairs.tobytes())
    return path


def read(source):
    return np.concatenate([np.empty(0, EVENT_DTYPE), *(packet.events.data for packet in source)])


@pytest.mark.parametrize("name", REAL)
def test_real_recordings_give_the_events_of_the_manifest(shared_recordings, name):
    manifest = json.loads((shared_recordings / "manifest.json").read_text())
    truth = next(entry for entry in manifest if entry["file"] == name)
    source = Aedat2Source(shared_recordings / name)
    events = read(source)
    assert len(events) == truth["events"]
    assert int(events["t"][-1] - events["t"][0]) == round(truth["duration_s"] * 1e6)
    assert source.info.sensor == SensorSize(truth["width"], truth["height"])
    assert not source.damage


def test_the_other_decoding_of_the_same_recording_differs_as_documented(shared_recordings):
    from scipy.io import loadmat

    oracle = loadmat(shared_recordings / "mat/boxes_translating_oracle.mat")["trans_boxes_real"]
    x, y, on, t = oracle.astype(np.int64).T
    events = read(Aedat2Source(shared_recordings / REAL[0]))
    assert np.array_equal(events["t"], t)
    assert np.array_equal(events["x"], x)
    assert np.array_equal(events["y"], 179 - y)
    assert np.array_equal(events["on"], on == 0)


def test_the_camera_at_rest_feels_gravity(shared_recordings):
    source = Aedat2Source(shared_recordings / REAL[0])
    imu = np.concatenate([packet.imu for packet in source])
    assert len(imu) == 33_837 // 7
    assert np.linalg.norm(imu["accelerometer"].mean(axis=0)) == pytest.approx(1.0, abs=0.02)
    assert 20 < imu["temperature"].mean() < 40
    assert (np.diff(imu["t"]) > 0).all()
    assert any("4096 steps per g, 32.8 per deg/s" in note for note in source.info.notes)


@pytest.mark.parametrize(
    ("head", "words", "sensor", "origin"),
    [
        (DVS128, dvs128_words, SensorSize(128, 128), "header"),
        (b"#!AER-DAT2.0\r\n", dvs128_words, SensorSize(128, 128), "data"),
        (DAVIS240, davis_words, SensorSize(240, 180), "header"),
        (b"#!AER-DAT2.0\r\n# AEChip: some.NewChip\r\n", davis_words, SensorSize(240, 180), "data"),
    ],
)
def test_events_come_back_exactly_whatever_the_header_says(tmp_path, head, words, sensor, origin):
    events = made(3000, sensor, start_us=2**32 - 50_000)
    source = Aedat2Source(stored(tmp_path, head, words(events)))
    assert source.info.sensor == sensor
    assert source.info.sensor_from == origin
    assert np.array_equal(read(source), events)
    assert any(f"x = {sensor.width - 1} - stored x" in note for note in source.info.notes)
    assert not source.damage


@pytest.mark.parametrize(
    ("chip", "sensor"),
    [
        ("eu.seebetter.ini.chips.davis.Davis346B", SensorSize(346, 260)),
        ("eu.seebetter.ini.chips.davis.Davis640", SensorSize(640, 480)),
        ("eu.seebetter.ini.chips.sbret10.SBret10", SensorSize(240, 180)),
        ("ch.unizh.ini.jaer.chip.retina.Tmpdiff128", SensorSize(128, 128)),
    ],
)
def test_chips_are_known_by_name(tmp_path, chip, sensor):
    head = b"#!AER-DAT2.0\r\n# AEChip: " + chip.encode() + b"\r\n"
    source = Aedat2Source(stored(tmp_path, head, [(1, 0)]))
    assert source.info.sensor == sensor
    assert source.info.camera == chip.rpartition(".")[2]


def test_a_first_record_that_begins_like_a_comment_is_no_header(tmp_path):
    events = made(500, SensorSize(240, 180))
    events["y"][0] = 179 - (0x23 << 24 >> 22)  # the first byte of the address is that of #
    source = Aedat2Source(stored(tmp_path, DAVIS240, davis_words(events)))
    assert np.array_equal(read(source), events)


def test_the_end_of_the_header_may_be_marked(tmp_path):
    events = made(50, SensorSize(128, 128))
    head = DVS128 + b"#End Of ASCII Header\r\n"
    assert np.array_equal(read(Aedat2Source(stored(tmp_path, head, dvs128_words(events)))), events)


def test_inertial_samples_are_scaled_and_torn_ones_told(tmp_path):
    whole = imu_words(100, [8192, -4096, 0, -1700, 655, -131, 0])
    words = [*whole, *imu_words(200, [1, 2, 3]), *imu_words(300, [0] * 7)]
    source = Aedat2Source(stored(tmp_path, DAVIS240, words))
    imu = np.concatenate([packet.imu for packet in source])
    assert imu["t"].tolist() == [100, 300]
    assert imu["accelerometer"][0].tolist() == [1.0, -0.5, 0.0]
    assert imu["gyroscope"][0].tolist() == pytest.approx([10.0, -2.0, 0.0])
    assert imu["temperature"][0] == pytest.approx(30.0)
    assert source.damage.kinds == {"torn-imu": 1}


def test_a_sample_may_lie_across_two_steps(tmp_path, monkeypatch):
    monkeypatch.setattr("eventvision.io._records.PACKET_RECORDS", 5)
    words = [word for t in (100, 200, 300) for word in imu_words(t, range(7))]
    source = Aedat2Source(stored(tmp_path, DAVIS240, words))
    assert [t for packet in source for t in packet.imu["t"].tolist()] == [100, 200, 300]
    assert not source.damage


def frame_words(image, begin_us, exposure_us):
    """A frame in global shutter: all reset reads, then all signal reads."""
    reads = []
    for cycle, t in ((0, begin_us), (1, begin_us + exposure_us)):
        for row in range(180):
            y = 179 - row
            for x in range(240):
                value = 900 if cycle == 0 else 900 - int(image[row, x])
                reads.append((t, 1 << 31 | y << 22 | x << 12 | cycle << 10 | value))
    return reads


def test_frames_are_reset_less_signal_upright(tmp_path):
    random = np.random.default_rng(0)
    images = [random.integers(0, 900, (180, 240)) for _ in range(2)]
    words = [*frame_words(images[0], 1000, 5000), *frame_words(images[1], 20_000, 3000)]
    source = Aedat2Source(stored(tmp_path, DAVIS240, words))
    frames = [frame for packet in source for frame in packet.frames]
    assert [(frame.t_us, frame.exposure_us) for frame in frames] == [(3500, 5000), (21_500, 3000)]
    for frame, image in zip(frames, images, strict=True):
        assert np.array_equal(frame.pixels, image >> 2)
    assert not source.damage


def test_a_frame_that_lost_a_tenth_is_left_out_and_told(tmp_path):
    image = np.full((180, 240), 400)
    torn = frame_words(image, 1000, 5000)[: -240 * 18]
    source = Aedat2Source(stored(tmp_path, DAVIS240, [*torn, *frame_words(image, 20_000, 5000)]))
    frames = [frame for packet in source for frame in packet.frames]
    assert [frame.t_us for frame in frames] == [22_500]
    assert source.damage.kinds == {"torn-frame": 1}


def test_external_events_become_triggers(tmp_path):
    davis = [(10, 1 << 10 | 2), (20, 1 << 10 | 3), (30, 1 << 10)]
    source = Aedat2Source(stored(tmp_path, DAVIS240, davis))
    edges = np.concatenate([packet.triggers for packet in source])
    assert edges.tolist() == [(10, 0, False), (20, 0, True), (30, 0, True)]
    source = Aedat2Source(stored(tmp_path, DVS128, [(7, 0x8000)]))
    assert [packet.triggers.tolist() for packet in source] == [[(7, 0, False)]]


def test_seeking_gives_what_reading_on_would_have_given(tmp_path):
    sensor = SensorSize(240, 180)
    events = made(600_000, sensor, step_us=20)
    words = davis_words(events)
    words[1000:1000] = imu_words(int(events["t"][1000]), range(7))
    words[590_000:590_000] = imu_words(int(events["t"][590_000 - 7]), range(7))
    source = Aedat2Source(stored(tmp_path, DAVIS240, words))
    for t_us in (5_500_000, 0, 5_599_000, 10**9):
        source.seek(t_us)
        packets = list(source)
        found = np.concatenate([np.empty(0, EVENT_DTYPE), *(p.events.data for p in packets)])
        assert np.array_equal(found, events[np.searchsorted(events["t"], t_us) :])
        samples = [int(events["t"][1000]), int(events["t"][590_000 - 7])]
        later = [t for packet in packets for t in packet.imu["t"].tolist()]
        assert later == [t for t in samples if t >= t_us]


@pytest.mark.parametrize("missing", [1, 3, 4, 7, 405])
def test_records_are_found_again_where_bytes_are_missing(tmp_path, missing):
    events = made(20_000, SensorSize(128, 128))
    content = stored(tmp_path, DVS128, dvs128_words(events)).read_bytes()
    at = len(DVS128) + 8 * 10_000 + 3
    path = tmp_path / "torn.aedat"
    path.write_bytes(content[:at] + content[at + missing :])
    source = Aedat2Source(path)
    found = read(source)
    assert source.damage.kinds["misaligned"] == 1
    assert np.array_equal(found[:9_990], events[:9_990])
    assert np.array_equal(found[-9_500:], events[-9_500:])


def test_what_has_no_aedat2_header_is_refused(tmp_path):
    path = tmp_path / "test.aedat"
    path.write_bytes(b"#!AER-DAT3.1\r\n")
    with pytest.raises(FormatError, match="AEDAT2 header"):
        Aedat2Source(path)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=600), head=st.sampled_from([DVS128, DAVIS240, DVS128[:14]]))
def test_garbage_is_refused_or_gives_events_in_order_on_the_sensor(tmp_path_factory, data, head):
    path = tmp_path_factory.mktemp("garbage") / "test.aedat"
    path.write_bytes(head + data)
    with contextlib.suppress(FormatError):
        source = Aedat2Source(path)
        found = read(source)
        Events(found, source.info.sensor).check_order()
        assert (found["x"] < source.info.sensor.width).all()
        assert (found["y"] < source.info.sensor.height).all()


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=600))
def test_what_lies_before_garbage_is_read(tmp_path_factory, data):
    events = made(300, SensorSize(128, 128))
    path = stored(tmp_path_factory.mktemp("garbage"), DVS128, dvs128_words(events))
    path.write_bytes(path.read_bytes() + data)
    found = read(Aedat2Source(path))
    assert np.array_equal(found[:280], events[:280])
    assert found.size <= 300 + len(data) // 8
