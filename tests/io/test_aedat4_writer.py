"""What the AEDAT4 writer writes, read back by us and by dv-processing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lz4.frame
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import (
    EVENT_DTYPE,
    GAP_SOURCE,
    IMU_DTYPE,
    TRIGGER_DTYPE,
    Events,
    Frame,
    OutputError,
    Packet,
    SensorSize,
)
from eventvision.io import Aedat4Source
from eventvision.io._aedat4.tables import TRIGGER_KINDS, Table
from eventvision.io._aedat4.writer import Aedat4Writer

SENSOR = SensorSize(640, 480)
RNG = np.random.default_rng(0)


def some_events(count: int, begin_us: int = 10**15) -> np.ndarray:
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = begin_us + np.cumsum(RNG.integers(0, 9, count))
    events["x"], events["y"] = RNG.integers(0, 640, count), RNG.integers(0, 480, count)
    events["on"] = RNG.random(count) < 0.5
    return events


def some_imu(times: np.ndarray) -> np.ndarray:
    imu = np.zeros(times.size, IMU_DTYPE)
    imu["t"], imu["temperature"] = times, 31.25
    for name in ("accelerometer", "gyroscope", "magnetometer"):
        imu[name] = RNG.normal(size=(times.size, 3))
    return imu


def packets() -> list[Packet]:
    """Three packets, of which the second has everything and the third no events."""
    events = some_events(50_000)
    times = events["t"][20_000::3_000]
    triggers = np.zeros(len(TRIGGER_KINDS), TRIGGER_DTYPE)
    triggers["t"] = times[0] + np.arange(len(TRIGGER_KINDS))
    triggers["source"], triggers["rising"] = zip(*TRIGGER_KINDS, strict=True)
    frames = (
        Frame(int(times[1]), 900, RNG.integers(0, 256, (480, 640), np.uint8)),
        Frame(int(times[2]), 0, RNG.integers(0, 256, (37, 21, 3), np.uint8), x=5, y=7),
    )
    late = int(events["t"][-1]) + 1000
    return [
        Packet(Events(events[:20_000], SENSOR)),
        Packet(Events(events[20_000:], SENSOR), frames, some_imu(times), triggers),
        Packet(Events.empty(SENSOR), imu=some_imu(np.array([late]))),
    ]


def write(path: Path, stream: list[Packet], **options: str) -> None:
    writer = Aedat4Writer(path, SENSOR, **options)
    for packet in stream:
        writer.write(packet)
    writer.close()


def joined(stream: list[Packet], name: str) -> np.ndarray:
    return np.concatenate([getattr(packet, name) for packet in stream])


READ_WITH_DV = """
import sys
import dv_processing as dv, numpy as np
def batches(read):
    while (batch := read()) is not None:
        yield batch
reader = dv.io.MonoCameraRecording(sys.argv[1])
events = np.concatenate([batch.numpy() for batch in batches(reader.getNextEventBatch)])
samples = [sample for batch in batches(reader.getNextImuBatch) for sample in batch]
marks = [mark for batch in batches(reader.getNextTriggerBatch) for mark in batch]
frames = list(batches(reader.getNextFrame))
np.savez(
    sys.argv[2], camera=reader.getCameraName(), size=reader.getEventResolution(),
    imu_t=[sample.timestamp for sample in samples],
    gyroscope=[[s.gyroscopeX, s.gyroscopeY, s.gyroscopeZ] for s in samples],
    marks=[(mark.timestamp, int(mark.type)) for mark in marks],
    frame_t=[frame.timestamp for frame in frames],
    frame_at=[(frame.positionX, frame.positionY) for frame in frames],
    exposure=[frame.exposure.total_seconds() for frame in frames],
    **{f"frame_{n}": frame.image for n, frame in enumerate(frames)},
    **{name: events[name] for name in events.dtype.names},
)
"""


def read_with_dv(path: Path) -> dict[str, np.ndarray]:
    """Read a file in a process of its own: dv-processing hangs on some files."""
    pytest.importorskip("dv_processing")
    out = path.with_suffix(".npz")
    script = [sys.executable, "-c", READ_WITH_DV, str(path), str(out)]
    subprocess.run(script, check=True, timeout=600)
    return dict(np.load(out))


def assert_same_events(found: dict[str, np.ndarray], events: np.ndarray) -> None:
    for ours, theirs in (("t", "timestamp"), ("x", "x"), ("y", "y"), ("on", "polarity")):
        np.testing.assert_array_equal(found[theirs], events[ours])


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "a.aedat4"


@pytest.mark.parametrize("compression", ["lz4", "zstd", "none"])
def test_everything_comes_back_as_it_was_written(file, compression):
    stream = packets()
    write(file, stream, compression=compression, camera='DAVIS "1" <&>')
    source = Aedat4Source(file)
    found = list(source)
    np.testing.assert_array_equal(
        np.concatenate([packet.events.data for packet in found]),
        np.concatenate([packet.events.data for packet in stream]),
    )
    np.testing.assert_array_equal(joined(found, "imu"), joined(stream, "imu"))
    np.testing.assert_array_equal(joined(found, "triggers"), joined(stream, "triggers"))
    frames = [frame for packet in found for frame in packet.frames]
    for frame, other in zip(frames, stream[1].frames, strict=True):
        np.testing.assert_array_equal(frame.pixels, other.pixels)
        assert (frame.t_us, frame.exposure_us) == (other.t_us, other.exposure_us)
        assert (frame.x, frame.y) == (other.x, other.y)
    assert (source.info.sensor, source.info.camera) == (SENSOR, 'DAVIS "1" <&>')
    assert not source.damage


@pytest.mark.parametrize("compression", ["lz4", "zstd", "none"])
def test_a_recording_of_many_packets_is_whole_to_its_end(file, compression):
    sensor, rows = SensorSize(346, 260), some_events(2000)
    stream = [Packet(Events(rows[i : i + 1], sensor)) for i in range(len(rows))]
    write(file, stream, compression=compression)
    with Aedat4Source(file) as source:
        assert sum(len(packet.events) for packet in source) == len(rows)
        assert not source.damage, str(source.damage)


@pytest.mark.parametrize("compression", ["lz4", "zstd", "none"])
def test_dv_processing_reads_the_same(file, compression):
    stream = packets()
    write(file, stream, compression=compression, camera="DAVIS346_1")
    found = read_with_dv(file)
    assert_same_events(found, np.concatenate([packet.events.data for packet in stream]))
    assert (str(found["camera"]), tuple(found["size"])) == ("DAVIS346_1", (640, 480))
    imu, frames = joined(stream, "imu"), stream[1].frames
    np.testing.assert_array_equal(found["imu_t"], imu["t"])
    np.testing.assert_allclose(found["gyroscope"], imu["gyroscope"], rtol=1e-6)
    expected = [(mark["t"], code) for code, mark in enumerate(stream[1].triggers)]
    np.testing.assert_array_equal(found["marks"], expected)
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(found[f"frame_{number}"], frame.pixels)
        assert tuple(found["frame_at"][number]) == (frame.x, frame.y)
        assert found["exposure"][number] == pytest.approx(frame.exposure_us / 1e6)
        assert found["frame_t"][number] == frame.t_us - frame.exposure_us // 2


KILLED = """
import os, signal, sys
import numpy as np
from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize
from eventvision.io._aedat4.writer import Aedat4Writer
sensor = SensorSize(640, 480)
writer = Aedat4Writer(sys.argv[1], sensor)
for n in range(5):
    events = np.zeros(1000, EVENT_DTYPE)
    events["t"] = 1_000_000 * n + np.arange(1000)
    events["x"] = n
    writer.write(Packet(Events(events, sensor)))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_all_that_was_written_survives_a_killed_process(file):
    script = [sys.executable, "-c", KILLED, str(file)]
    assert subprocess.run(script, check=False, timeout=600).returncode < 0
    source = Aedat4Source(file)
    events = np.concatenate([packet.events.data for packet in source])
    assert np.bincount(events["x"]).tolist() == [1000] * 5
    assert not source.damage


def test_dv_processing_reads_what_a_killed_writer_left(file):
    stream = packets()
    writer = Aedat4Writer(file, SENSOR)
    for packet in stream:
        writer.write(packet)
    left = file.read_bytes()
    writer.close()
    file.write_bytes(left)
    assert_same_events(
        read_with_dv(file), np.concatenate([packet.events.data for packet in stream])
    )


FULL_DISK = """
import resource, signal, sys
import numpy as np
from eventvision.core import EVENT_DTYPE, Events, OutputError, Packet, SensorSize
from eventvision.io._aedat4.writer import Aedat4Writer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sensor = SensorSize(640, 480)
writer = Aedat4Writer(sys.argv[1], sensor, compression="none")
events = np.zeros(1000, EVENT_DTYPE)
for n in range(9):
    events["t"] = 1_000 * n + np.arange(1000)
    try:
        writer.write(Packet(Events(events, sensor)))
    except OutputError as error:
        print(n, error)
        break
try:
    writer.close()
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits")
def test_a_full_disk_leaves_what_was_written_and_is_told(file):
    script = [sys.executable, "-c", FULL_DISK, str(file)]
    done = subprocess.run(script, check=True, capture_output=True, text=True, timeout=600)
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"6 {file}: ")
    source = Aedat4Source(file)
    assert sum(len(packet) for packet in source) == 6000
    assert not source.damage


def test_the_table_of_packets_tells_where_they_are(file):
    write(file, packets())
    data = file.read_bytes()
    position = int.from_bytes(data[54:62], "little")
    buffer = memoryview(lz4.frame.decompress(data[position:]))
    rows = [
        [table.scalar(field, "q", 0) for field in range(5)]
        for table in Table.root(buffer, b"FTAB").tables(0)
    ]
    assert sum(count for _, info, count, *_ in rows if info & 0xFFFFFFFF == 0) == 50_000
    for offset, info, count, first_us, last_us in rows:
        assert data[offset - 8 : offset] == info.to_bytes(8, "little")
        assert data[offset : offset + 4] == b"\x04\x22\x4d\x18"
        assert count > 0
        assert first_us <= last_us
    ends = [offset + (info >> 32) for offset, info, *_ in rows]
    assert [offset - 8 for offset, *_ in rows[1:]] + [position] == ends


triggers = st.lists(st.tuples(st.integers(-5, 40), st.booleans()), min_size=1, max_size=9)


@settings(deadline=None, max_examples=40)
@given(triggers)
def test_triggers_of_unknown_sources_become_edges_of_the_external_input(tmp_path_factory, kinds):
    path = tmp_path_factory.mktemp("triggers") / "a.aedat4"
    given_ = np.array([(n, *kind) for n, kind in enumerate(kinds)], TRIGGER_DTYPE)
    write(path, [Packet(Events.empty(SENSOR), triggers=given_)])
    found = joined(list(Aedat4Source(path)), "triggers")
    expected = [kind if kind in TRIGGER_KINDS else (0, kind[1]) for kind in kinds]
    assert list(zip(found["source"], found["rising"], strict=True)) == expected


def test_a_gap_is_stored_as_a_time_stamp_reset(file):
    gap = np.array([(7, GAP_SOURCE, True)], TRIGGER_DTYPE)
    write(file, [Packet(Events.empty(SENSOR), triggers=gap)])
    np.testing.assert_array_equal(joined(list(Aedat4Source(file)), "triggers"), gap)
    assert TRIGGER_KINDS.index((GAP_SOURCE, True)) == 0


def test_nothing_written_is_a_recording_of_nothing(file):
    write(file, [])
    source = Aedat4Source(file)
    assert list(source) == []
    assert not source.damage


def test_closing_twice_changes_nothing(file):
    writer = Aedat4Writer(file, SENSOR)
    writer.write(packets()[0])
    writer.close()
    data = file.read_bytes()
    writer.close()
    assert file.read_bytes() == data


def test_what_cannot_be_written_is_refused_at_once(tmp_path):
    with pytest.raises(OutputError, match="32767"):
        Aedat4Writer(tmp_path / "a.aedat4", SensorSize(40_000, 10))
    with pytest.raises(OutputError, match=r"no/a\.aedat4"):
        Aedat4Writer(tmp_path / "no" / "a.aedat4", SENSOR)
    with pytest.raises(ValueError, match="compression"):
        Aedat4Writer(tmp_path / "a.aedat4", SENSOR, compression="zip")


def test_padding_in_memory_does_not_reach_the_file(file, tmp_path):
    events = some_events(3000)
    dirty = events.copy()
    dirty.view(np.uint8).reshape(-1, 16)[:, 13:] = 0xEE
    write(file, [Packet(Events(events, SENSOR))])
    write(tmp_path / "b.aedat4", [Packet(Events(dirty, SENSOR))])
    assert file.read_bytes() == (tmp_path / "b.aedat4").read_bytes()
