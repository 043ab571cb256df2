"""AEDAT4 recordings of real cameras, beside dv-processing and the manifest."""

from __future__ import annotations

import json
import re
import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eventvision.core import Events, FormatError, Frame, Packet, SensorSize
from eventvision.io import Aedat4Source

NAMES = ("person_dvxplorer", "ring_davis346", "road_davis346", "robot_bench_davis346")
EXTERNAL_INPUT, FRAME, EXPOSURE = 0, 6, 8


def events_of(packets: list[Packet]) -> np.ndarray:
    return np.concatenate([packet.events.data for packet in packets])


def all_of(packets: list[Packet]) -> tuple[np.ndarray, list[Frame], np.ndarray, np.ndarray]:
    return (
        events_of(packets),
        [frame for packet in packets for frame in packet.frames],
        np.concatenate([packet.imu for packet in packets]),
        np.concatenate([packet.triggers for packet in packets]),
    )


def batches(read: Any) -> list[Any]:
    found = []
    while (batch := read()) is not None:
        found.append(batch)
    return found


@pytest.fixture(params=NAMES)
def path(request, shared_recordings) -> Path:
    return shared_recordings / "aedat4" / f"{request.param}.aedat4"


@pytest.fixture
def bench(shared_recordings) -> Path:
    return shared_recordings / "aedat4" / "robot_bench_davis346.aedat4"


def test_a_recording_holds_what_the_manifest_says(path, shared_recordings):
    rows = json.loads((shared_recordings / "manifest.json").read_text())
    row = next(row for row in rows if row["file"] == f"aedat4/{path.name}")
    source = Aedat4Source(path)
    events, frames, imu, triggers = all_of(list(source))
    assert len(events) == row["events"]
    assert events["t"][-1] - events["t"][0] == round(row["duration_s"] * 1e6)
    assert source.info.sensor == SensorSize(row["width"], row["height"])
    truth = row["ground_truth"]
    said = [int(n) for n in re.findall(r"(\d+) (?:APS frames|IMU samples|triggers)", truth)]
    assert [len(frames), len(imu), len(triggers)] == said
    assert not source.damage
    assert source.progress == 1.0


def test_values_are_those_of_dv_processing(path):
    dv = pytest.importorskip("dv_processing")
    reader = dv.io.MonoCameraRecording(str(path))
    source = Aedat4Source(path)
    events, frames, imu, triggers = all_of(list(source))
    theirs = np.concatenate([batch.numpy() for batch in batches(reader.getNextEventBatch)])
    for ours, name in (("t", "timestamp"), ("x", "x"), ("y", "y"), ("on", "polarity")):
        np.testing.assert_array_equal(events[ours], theirs[name])
    has = reader.isFrameStreamAvailable()
    their_frames = batches(reader.getNextFrame) if has else []
    assert len(frames) == len(their_frames)
    for frame, other in zip(frames, their_frames, strict=True):
        np.testing.assert_array_equal(frame.pixels, other.image)
        exposure_us = other.exposure.total_seconds() * 1e6
        assert frame.exposure_us == round(exposure_us)
        assert frame.t_us == other.timestamp + int(exposure_us) // 2
        assert (frame.x, frame.y) == (other.positionX, other.positionY)
    samples = [sample for batch in batches(reader.getNextImuBatch) for sample in batch]
    np.testing.assert_array_equal(imu["t"], [sample.timestamp for sample in samples])
    np.testing.assert_array_equal(imu["temperature"], [one.temperature for one in samples])
    accelerations = [sample.getAccelerations() for sample in samples]
    np.testing.assert_allclose(imu["accelerometer"] * 9.81, accelerations, rtol=1e-3)
    turns = [sample.getAngularVelocities() for sample in samples]
    np.testing.assert_allclose(np.deg2rad(imu["gyroscope"]), turns, rtol=1e-3, atol=1e-6)
    marks = [mark for batch in batches(reader.getNextTriggerBatch) for mark in batch]
    np.testing.assert_array_equal(triggers["t"], sorted(mark.timestamp for mark in marks))
    assert source.info.camera == reader.getCameraName()


def test_a_still_camera_feels_one_g(bench):
    imu = all_of(list(Aedat4Source(bench)))[2]
    assert np.median(np.linalg.norm(imu["accelerometer"], axis=1)) == pytest.approx(1, abs=0.05)
    assert np.abs(np.median(imu["gyroscope"], axis=0)).max() < 10


def test_marks_of_frames_and_exposures_are_edges(bench):
    triggers = all_of(list(Aedat4Source(bench)))[3]
    assert set(triggers["source"]) == {FRAME, EXPOSURE}
    exposures = triggers[triggers["source"] == EXPOSURE]
    assert exposures["rising"].tolist() == [True, False] * (len(exposures) // 2)
    assert set(np.diff(exposures["t"])[::2]) == {4773}


@pytest.mark.parametrize("packet_events", [1, 777, 65_536, 10**6])
@pytest.mark.parametrize("threads", [1, 2])
def test_packets_and_threads_change_nothing_about_the_stream(
    shared_recordings, packet_events, threads
):
    path = shared_recordings / "aedat4" / "road_davis346.aedat4"
    expected = all_of(list(Aedat4Source(path)))
    packets = list(Aedat4Source(path, packet_events=packet_events, threads=threads))
    found = all_of(packets)
    for index in (0, 2, 3):
        np.testing.assert_array_equal(found[index], expected[index])
    assert [frame.t_us for frame in found[1]] == [frame.t_us for frame in expected[1]]
    assert max(len(packet) for packet in packets) <= packet_events


def test_frames_and_samples_never_run_ahead_of_the_events(path):
    packets = [packet for packet in Aedat4Source(path, packet_events=2000) if len(packet)]
    for packet in packets:
        until_us = packet.events.t[-1]
        assert all(frame.t_us <= until_us for frame in packet.frames)
        assert (packet.imu["t"] <= until_us).all()
        assert (np.diff(packet.imu["t"]) >= 0).all()
        assert (packet.triggers["t"] <= until_us).all()
    assert len(packets) > 3


@pytest.mark.parametrize("threads", [1, 3])
def test_a_reader_may_be_left_and_started_again(bench, threads):
    before = set(threading.enumerate())
    source = Aedat4Source(bench, packet_events=1000, threads=threads)
    iterator = iter(source)
    first = next(iterator)
    iterator.close()
    again = next(iter(source))
    np.testing.assert_array_equal(first.events.data, again.events.data)
    left = set(threading.enumerate()) - before
    assert not [one for one in left if one.name.startswith("aedat4")]


@pytest.mark.parametrize("threads", [1, 2])
def test_after_a_seek_events_begin_exactly_there(path, threads):
    events, frames, imu, triggers = all_of(list(Aedat4Source(path)))
    first, last = int(events["t"][0]), int(events["t"][-1])
    source = Aedat4Source(path, threads=threads)
    times = [first - 10**9, first, first + 1, (first + last) // 2, last, last + 1]
    for t_us in times + np.random.default_rng(0).integers(first, last, 6).tolist():
        source.seek(t_us)
        found = all_of([*source, Packet(Events.empty(source.info.sensor))])
        np.testing.assert_array_equal(found[0], events[events["t"] >= t_us])
        np.testing.assert_array_equal(found[2], imu[imu["t"] >= t_us])
        np.testing.assert_array_equal(found[3], triggers[triggers["t"] >= t_us])
        assert len(found[1]) == sum(frame.t_us >= t_us for frame in frames)


def test_the_sensor_may_be_overridden(bench):
    source = Aedat4Source(bench, sensor=SensorSize(400, 300))
    assert (source.info.sensor, source.info.sensor_from) == (SensorSize(400, 300), "user")
    narrow = Aedat4Source(bench, sensor=SensorSize(100, 260))
    kept = events_of(list(narrow))
    assert kept["x"].max() < 100
    assert narrow.damage.kinds == {"outside-sensor": pytest.approx(3, abs=3)}


def rewritten(path: Path, target: Path, old: bytes, new: bytes) -> Path:
    """Copy a recording with something in its header replaced by something of equal length."""
    assert len(old) == len(new)
    data = path.read_bytes()
    assert old in data[:4000]
    target.write_bytes(data[:4000].replace(old, new) + data[4000:])
    return target


def test_a_sensor_that_the_header_does_not_give_is_inferred(bench, tmp_path):
    source = Aedat4Source(rewritten(bench, tmp_path / "a.aedat4", b"sizeX", b"sizeZ"))
    events = events_of(list(source))
    assert source.info.sensor_from == "data"
    assert source.info.sensor == SensorSize(1 + events["x"].max(), 1 + events["y"].max())


def test_streams_of_another_camera_are_left_out_and_named(bench, tmp_path):
    data = bench.read_bytes()
    place = data.rfind(b"DAVIS346_00000104", 0, 4000)
    other = data[:place] + b"DAVIS346_00000999" + data[place + 17 :]
    (tmp_path / "a.aedat4").write_bytes(other)
    source = Aedat4Source(tmp_path / "a.aedat4")
    assert [len(part) for part in all_of(list(source))] == [117_667, 3, 130, 0]
    assert source.info.notes == ("The streams of DAVIS346_00000999 are left out.",)


def headed(xml: bytes) -> bytes:
    body = (
        struct.pack("<I4s5H6xiiIqI", 24, b"IOHE", 10, 20, 4, 12, 8, 16, 1, 12, -1, len(xml)) + xml
    )
    return b"#!AER-DAT4.0\r\n" + struct.pack("<I", len(body)) + body


STREAM = b'<node name="0"><attr key="typeIdentifier">EVTS</attr></node>'
BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>'
UNREADABLE = {
    "another version": (b"#!AER-DAT3.1\r\n" + bytes(100), "AEDAT 3.1"),
    "no version": (b"hello" * 20, "is not AEDAT4"),
    "nothing after the version": (b"#!AER-DAT4.0\r\n", "header"),
    "half a header": (headed(b"<dv>" + STREAM + b"</dv>")[:60], "header"),
    "giant header": (b"#!AER-DAT4.0\r\n\xff\xff\xff\xff" + bytes(50), "header"),
    "another flatbuffer": (headed(STREAM).replace(b"IOHE", b"EVTS"), "header"),
    "broken XML": (headed(b"<dv>" + STREAM), "header"),
    "entities": (headed(BOMB + b"<a>&c;" + STREAM + b"</a>"), "document type"),
    "no stream": (headed(b"<dv></dv>"), "no stream"),
}


@pytest.mark.parametrize(("content", "word"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_unreadable_header_is_refused_in_one_line(tmp_path, content, word):
    (tmp_path / "a.aedat4").write_bytes(content)
    with pytest.raises(FormatError, match=word) as caught:
        Aedat4Source(tmp_path / "a.aedat4")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


VAST = {
    "deep": b"<node>" * 150_000 + b"</node>" * 150_000,
    "wide": b'<attr key="a"></attr>' * 100_000,
    "long text": b'<attr key="a">' + b"\n" * 2_000_000 + b"</attr>",
    "long name": b'<attr key="' + b"a" * 2_000_000 + b'"></attr>',
}


@pytest.mark.parametrize("xml", VAST.values(), ids=VAST.keys())
def test_the_time_for_a_vast_header_grows_with_its_length_alone(tmp_path, xml):
    (tmp_path / "a.aedat4").write_bytes(headed(b"<dv>" + STREAM + xml + b"</dv>"))
    assert list(Aedat4Source(tmp_path / "a.aedat4")) == []


def test_a_header_larger_than_any_recorder_writes_is_refused(tmp_path):
    padding = b" " * (1 << 22)
    (tmp_path / "a.aedat4").write_bytes(headed(b"<dv>" + STREAM + padding + b"</dv>"))
    with pytest.raises(FormatError, match="header"):
        Aedat4Source(tmp_path / "a.aedat4")


def test_a_header_without_packets_is_an_empty_recording(tmp_path):
    (tmp_path / "a.aedat4").write_bytes(headed(b"<dv>" + STREAM + b"</dv>"))
    source = Aedat4Source(tmp_path / "a.aedat4")
    assert list(source) == []
    assert not source.damage


@pytest.mark.parametrize("options", [{"packet_events": 0}, {"threads": 0}, {"threads": 1000}])
def test_settings_out_of_range_are_refused(bench, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Aedat4Source(bench, **options)
