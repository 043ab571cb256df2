"""Opening by name: content before extension, clear refusals, quick imports; real recordings."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from eventvision.core import ConfigError, FormatError, SensorSize, SourceError, SourceNotFoundError
from eventvision.io import FORMATS, open_source, scan

REAL = {
    "aedat2/boxes_translating_davis240_imu.aedat": "AEDAT2",
    "aedat2/person_walking_dvs128.aedat": "AEDAT2",
    "aedat2/reveal_dvs128.aedat": "AEDAT2",
    "aedat4/person_dvxplorer.aedat4": "AEDAT4",
    "aedat4/ring_davis346.aedat4": "AEDAT4",
    "aedat4/road_davis346.aedat4": "AEDAT4",
    "aedat4/robot_bench_davis346.aedat4": "AEDAT4",
    "dat/ncars_car.dat": "DAT v2",
    "es/ncars_car.es": "ES DVS",
    "evt2/sparklers.raw": "EVT2",
    "evt3/sparse_hd.raw": "EVT3",
    "gesture/1_hand_clap_dvs128.bs2": "BIN40",
    "gesture/2_right_hand_wave_dvs128.bs2": "BIN40",
    "gesture/3_left_hand_wave_dvs128.bs2": "BIN40",
    "gesture/6_left_arm_clockwise_dvs128.bs2": "BIN40",
    "mat/boxes_translating_oracle.mat": "MATLAB",
    "mat/car_atis_with_grey_levels.mat": "MATLAB",
    "mat/garfield_dvs128.mat": "MATLAB",
    "mnist_dvs/mnist_dvs_60.npz": "NPZ",
    "nmnist/nmnist_400.npz": "NPZ",
    "nmnist/sample_nmnist.bin": "BIN40",
    "person_boxes/frame0000009.npy": "NPY",
    "person_boxes/frame0000092.npy": "NPY",
    "person_boxes/frame0001566.npy": "NPY",
    "person_boxes/frame0013230.npy": "NPY",
    "person_boxes/frame0017525.npy": "NPY",
    "rosbag/vga_evt3.bag": "ROS1 bag, event_camera_msgs/EventPacket (evt3)",
    "txt/boxes_rotation/events.txt": "text",
    "txt/poster_rotation/events.txt": "text",
    "txt/slider_depth/events_chunk.txt": "text",
}


def manifest_of(folder):
    return {entry["file"]: entry for entry in json.loads((folder / "manifest.json").read_text())}


def test_every_real_recording_in_a_known_format_is_tested(shared_recordings):
    suffixes = tuple(suffix for known in FORMATS if known.reader for suffix in known.suffixes)
    assert {name for name in manifest_of(shared_recordings) if name.endswith(suffixes)} == set(REAL)


@pytest.mark.parametrize("name", REAL)
def test_real_recordings_agree_with_their_manifest(shared_recordings, name):
    expected = manifest_of(shared_recordings)[name]
    with open_source(shared_recordings / name) as source:
        summary = scan(source).as_dict()
    assert summary["format"] == REAL[name]
    assert summary["events"] == expected["events"]
    assert summary["damage"]["places"] == 0
    for key in {"width", "height", "duration_s"} & expected.keys():
        if expected[key] is not None:
            near = 1e-4 if name.endswith(".bs2") else 1e-9  # their durations are stated rounded
            assert summary[key] == pytest.approx(expected[key], abs=near), key


@pytest.mark.parametrize(
    ("name", "size", "samples"),
    [("nmnist/nmnist_400.npz", "34x34", 400), ("mnist_dvs/mnist_dvs_60.npz", "128x128", 60)],
)
def test_real_collections_open_whole_and_by_sample(shared_recordings, name, size, samples):
    path = shared_recordings / name
    arrays = np.load(path)
    number = samples // 2
    first, stop = arrays["offsets"][number : number + 2]
    with open_source(f"{path}#{number}") as source:
        t = np.concatenate([packet.events.t for packet in source])
    assert str(source.info.sensor) == size
    assert np.array_equal(t, arrays["t"][first:stop])
    assert f"label {arrays['label'][number]}" in " ".join(source.info.notes)


CONTENTS = {
    "text": (b"1 2 3 1\n2 3 4 0\n", ".txt"),
    "EVT2": (b"% evt 2.0\n" + np.array([0x80000000, 0x00400803], "<u4").tobytes(), ".raw"),
}


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("suffix", [".txt", ".raw", ".aedat4", ".npz", ".dat", ""])
def test_content_comes_before_the_extension(tmp_path, kind, suffix):
    content, usual = CONTENTS[kind]
    path = tmp_path / f"recording{suffix}"
    path.write_bytes(content)
    with open_source(path) as source:
        events = scan(source).events
    assert source.info.format == kind
    assert events == (2 if kind == "text" else 1)
    notes = [note for note in source.info.notes if note.startswith("Opened as")]
    assert len(notes) == (suffix != usual)


def test_numpy_content_is_recognised_under_any_name(tmp_path):
    with (tmp_path / "events.raw").open("wb") as file:
        np.savez(file, t=[1, 2], x=[3, 4], y=[5, 6], p=[0, 1])
    assert open_source(tmp_path / "events.raw").info.format == "NPZ"


def test_a_given_sensor_size_reaches_the_reader(tmp_path):
    path = tmp_path / "events.txt"
    path.write_text("1 2 3 1\n")
    info = open_source(str(path), sensor=SensorSize(640, 480)).info
    assert (info.sensor, info.sensor_from) == (SensorSize(640, 480), "user")


@pytest.mark.parametrize("name", ["sims:street", "http://localhost:7777"])
def test_names_that_are_no_files_are_refused_with_what_can_be_opened(name):
    with pytest.raises(SourceError, match=r"camera: sim: tcp: tls: udp:") as caught:
        open_source(name)
    assert caught.value.source == name


def test_a_stream_that_nobody_serves_is_told():
    with pytest.raises(SourceNotFoundError, match=r"tcp://127\.0\.0\.1:1"):
        open_source("tcp://127.0.0.1:1")


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"#!AER-DAT1.0\r\n", "AEDAT1"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\xff\xfet\x00", "UTF-16"),
        (b"\x00\x01\x02\x03", "no known format"),
    ],
)
def test_other_formats_are_named_and_the_known_ones_listed(tmp_path, head, what):
    path = tmp_path / "recording.xyz"
    path.write_bytes(head + bytes(100))
    with pytest.raises(FormatError, match=what) as caught:
        open_source(path)
    assert all(known.name in caught.value.remedy for known in FORMATS if known.reader)


def test_a_sample_number_belongs_to_collections_only(tmp_path):
    path = tmp_path / "events.txt"
    path.write_text("1 2 3 1\n")
    with pytest.raises(FormatError, match="no numbered samples"):
        open_source(f"{path}#3")


def test_a_number_sign_may_be_part_of_a_name(tmp_path):
    path = tmp_path / "take#3"
    path.write_text("1 2 3 1\n")
    assert scan(open_source(path)).events == 1


def test_a_missing_sample_file_is_named_without_its_number(tmp_path):
    with pytest.raises(SourceNotFoundError, match=r"none\.npz: no such file"):
        open_source(f"{tmp_path}/none.npz#3")


def test_importing_the_room_loads_no_compiler():
    script = "import sys, eventvision.io; print('numba' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_strict_reading_ends_at_the_first_damage(tmp_path):
    path = tmp_path / "a.txt"
    lines = [f"{t} {t % 60} {t % 40} {t % 2}" for t in range(100_000)]
    lines[50_000] = "?? ?? ?? ??"
    path.write_text("\n".join(lines) + "\n")
    with open_source(path, sensor=SensorSize(64, 48)) as source:
        assert sum(len(packet) for packet in source) == 99_999
    with open_source(path, sensor=SensorSize(64, 48), strict=True) as source:
        with pytest.raises(FormatError, match=r"a\.txt: is damaged \(.*bytes.*repair"):
            list(source)
        assert source.damage.places == 1


def test_what_a_reader_cannot_guess_can_be_told(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{t % 2} {t % 60} {t % 40} {t}\n" for t in range(1000)))
    read = {"columns": "pyxt", "time_unit": "ms"}
    with open_source(path, read=read) as source:
        (packet,) = source
    assert packet.events.t[-1] == 999_000
    assert packet.events.data["y"][59] == 59
    assert packet.events.data["x"][59] == 19


@pytest.mark.parametrize(
    ("name", "read", "match"),
    [
        ("a.txt", {"topic": "/events"}, "options of TXT: columns, time_unit"),
        ("a.txt", {"columns": "xyz"}, "t, x, y, p once each"),
        ("a.txt", {"time_unit": "min"}, "one of s, ms, us, ns"),
        ("tcp://127.0.0.1:1", {"columns": "txyp"}, "is no recording"),
    ],
)
def test_what_a_reader_does_not_know_is_refused(tmp_path, monkeypatch, name, read, match):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("1 2 3 1\n2 2 3 0\n")
    with pytest.raises(ConfigError, match=match):
        open_source(name, read=read)
