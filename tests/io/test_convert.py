"""Converting, cutting and repairing: what comes along, what is told, what is never overwritten."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    IMU_DTYPE,
    TRIGGER_DTYPE,
    ConfigError,
    DamageReport,
    Events,
    FormatError,
    Frame,
    OutputError,
    Packet,
    SensorSize,
    SourceError,
    SourceInfo,
    SourceNotFoundError,
)
from eventvision.io import (
    convert,
    cut,
    find_recordings,
    may_be_many,
    open_source,
    open_writer,
    repair,
    scan,
)

SENSOR = SensorSize(64, 48)
NONE = np.empty(0, EVENT_DTYPE)


def some_events(count=5000, start_us=0):
    random = np.random.default_rng(3)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = start_us + np.cumsum(random.integers(0, 200, count))
    events["x"], events["y"] = random.integers(0, 64, count), random.integers(0, 48, count)
    events["on"] = random.integers(0, 2, count)
    return events


def stored(path, events=None, **options):
    writer = open_writer(path, SENSOR, **options)
    writer.write(Packet(Events(some_events() if events is None else events, SENSOR)))
    writer.close()
    return path


def read(path):
    with open_source(path, sensor=SENSOR) as source:
        events = np.concatenate([NONE, *(packet.events.data for packet in source)])
    assert not source.damage
    return events


def same(a, b):
    return a.size == b.size and all((a[name] == b[name]).all() for name in EVENT_DTYPE.names)


class Made:
    """A source of given packets."""

    is_live = False
    progress = 0.5

    def __init__(self, *packets, error=None):
        self.info = SourceInfo(name="made", format="made", sensor=SENSOR, sensor_from="header")
        self.damage = DamageReport()
        self._packets, self._error = packets, error

    def __iter__(self):
        yield from self._packets
        if self._error is not None:
            raise self._error


def full_packet():
    imu = np.zeros(3, IMU_DTYPE)
    imu["t"] = [1, 2, 3]
    triggers = np.array([(5, 1, True), (80, 2, False)], TRIGGER_DTYPE)
    frame = Frame(100, 10, np.zeros((48, 64), np.uint8))
    return Packet(Events(some_events(), SENSOR), (frame,), imu, triggers)


@pytest.mark.parametrize("source", ["a.raw", "a.dat", "a.npz", "a.txt"])
@pytest.mark.parametrize("target", ["b.raw", "b.dat", "b.npz", "b.npy", "b.csv", "b.txt"])
def test_events_stay_the_same_from_format_to_format(tmp_path, source, target):
    report = convert(stored(tmp_path / source), tmp_path / target)
    assert same(read(tmp_path / target), some_events())
    assert (report.events, report.sensor, report.dropped) == (5000, SENSOR, {})
    assert not report.damage
    assert {path.name for path in tmp_path.iterdir()} == {source, target}


def test_what_the_target_cannot_hold_is_counted_and_told(tmp_path):
    report = convert(Made(full_packet(), full_packet_later()), tmp_path / "a.raw")
    assert report.written == {"events": 10_000, "frames": 0, "imu": 0, "triggers": 4}
    assert report.dropped == {"frames": 2, "imu": 6}
    assert report.notes == (
        "Left out: 2 frames, 6 IMU samples; EVT3 holds events and triggers only.",
    )
    report = convert(Made(full_packet()), tmp_path / "a.csv")
    assert report.dropped == {"frames": 1, "imu": 3, "triggers": 2}
    assert "Left out: 1 frame, 3 IMU samples, 2 triggers; CSV holds events only." in report.notes


def full_packet_later():
    packet = full_packet()
    for array in (packet.events.data, packet.imu, packet.triggers):
        array["t"] += 10_000_000
    return packet


def test_times_beyond_the_format_are_kept_and_the_origin_is_told(tmp_path):
    late = some_events(start_us=1_700_000_000_000_000)
    source = stored(tmp_path / "a.npz", late)
    for target in ("b.raw", "b.dat"):
        report = convert(source, tmp_path / target)
        assert same(read(tmp_path / target), late)
        assert any(f"{late['t'][0]} us" in note for note in report.notes)


def test_the_report_is_plain_enough_for_json(tmp_path):
    report = convert(Made(full_packet()), tmp_path / "a.csv").as_dict()
    assert (report["source"], report["read_as"], report["written_as"]) == ("made", "made", "CSV")
    assert (report["events"], report["dropped"]["frames"]) == (5000, 1)
    assert report["damage"]["places"] == 0


def test_progress_is_told_after_each_packet(tmp_path):
    seen = []
    convert(Made(full_packet(), full_packet_later()), tmp_path / "a.raw",
            on_progress=lambda *told: seen.append(told))  # fmt: skip
    assert seen == [(0.5, 5000), (0.5, 10_000)]


def test_a_sensor_size_may_be_given(tmp_path):
    convert(stored(tmp_path / "a.npy"), tmp_path / "a.npz", sensor=SensorSize(640, 480))
    assert open_source(tmp_path / "a.npz").info.sensor == SensorSize(640, 480)


def test_what_is_there_stays_until_the_new_recording_is_complete(tmp_path):
    source, target = stored(tmp_path / "a.npz"), tmp_path / "b.csv"
    target.write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        convert(source, target)
    broken = Made(full_packet(), error=FormatError("made", "breaks off", "none"))
    with pytest.raises(FormatError):
        convert(broken, target, force=True)
    assert target.read_text() == "precious"
    convert(source, target, force=True)
    assert same(read(target), some_events())
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "b.csv"}


def test_a_recording_is_never_its_own_target(tmp_path):
    source = stored(tmp_path / "a.npz")
    (tmp_path / "link.npz").symlink_to(source)
    for work in (convert, cut, repair):
        for target in (source, tmp_path / "link.npz", tmp_path / "." / "a.npz"):
            with pytest.raises(OutputError, match="is the recording to be read"):
                work(source, target, force=True)
    assert same(read(source), some_events())


def test_an_event_that_the_format_cannot_hold_is_told_about_the_target(tmp_path):
    events = some_events()
    events["t"][-1] = 2**32
    with pytest.raises(OutputError, match="4294967295 us") as caught:
        convert(Made(Packet(Events(events, SENSOR))), tmp_path / "a.dat")
    assert caught.value.path == str(tmp_path / "a.dat")
    assert list(tmp_path.iterdir()) == []


def test_live_streams_are_refused(tmp_path):
    live = Made(full_packet())
    live.is_live = True
    with pytest.raises(ConfigError, match="live streams are recorded"):
        convert(live, tmp_path / "a.raw")


def test_an_unknown_target_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigError, match=r"\.mp4"):
        convert(stored(tmp_path / "a.npz"), tmp_path / "a.mp4")
    with pytest.raises(SourceNotFoundError):
        convert(tmp_path / "none.raw", tmp_path / "a.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize(("start_s", "end_s"), [(0, None), (0.1, 0.2), (0.05, None), (0, 0.3)])
def test_a_cut_is_half_open_and_keeps_its_times(tmp_path, start_s, end_s):
    events = some_events(start_us=70_000)
    cut(stored(tmp_path / "a.raw", events), tmp_path / "b.npz", start_s, end_s)
    since = events["t"] - events["t"][0]
    kept = (since >= start_s * 1e6) & (since < (end_s or 1e9) * 1e6)
    assert same(read(tmp_path / "b.npz"), events[kept])


@pytest.mark.parametrize(("start_s", "end_s"), [(-1, None), (2, 1), (1, 1), (float("nan"), None)])
def test_a_stretch_that_is_none_is_refused(tmp_path, start_s, end_s):
    with pytest.raises(ConfigError):
        cut(stored(tmp_path / "a.raw"), tmp_path / "b.npz", start_s, end_s)


@pytest.mark.parametrize(("start_s", "end_s"), [(1e3, None), (1e3, 2e3)])
def test_a_stretch_in_which_there_is_nothing_is_refused(tmp_path, start_s, end_s):
    with pytest.raises(SourceError, match="holds nothing from 1000 s"):
        cut(stored(tmp_path / "a.raw"), tmp_path / "b.npz", start_s, end_s)
    assert not (tmp_path / "b.npz").exists()


@pytest.mark.parametrize("encoding", ["EVT2", "EVT2.1", "EVT3"])
def test_cut_and_repair_keep_the_encoding_where_the_extension_allows_it(tmp_path, encoding):
    source = stored(tmp_path / "a.raw", format=encoding)
    for work in (cut, repair):
        work(source, tmp_path / "b.raw", force=True)
        assert open_source(tmp_path / "b.raw").info.format == encoding
        work(source, tmp_path / "b.npz", force=True)
        assert open_source(tmp_path / "b.npz").info.format == "NPZ"
    convert(source, tmp_path / "b.raw", force=True)
    assert open_source(tmp_path / "b.raw").info.format == "EVT3"


@pytest.mark.parametrize("package", ["prophesee_event_msgs", "event_camera_msgs", "dvs_msgs"])
@pytest.mark.parametrize("suffix", [".bag", ".mcap", ".db3"])
def test_cut_and_repair_keep_the_messages_of_a_bag(tmp_path, suffix, package):
    pytest.importorskip("rosbags")
    source = stored(tmp_path / f"a{suffix}", format=f"{suffix[1:]}:{package}")
    for work, name in ((cut, "b"), (repair, "c")):
        report = work(source, tmp_path / f"{name}{suffix}")
        assert report.written_as.endswith(f":{package}")
        assert np.array_equal(read(tmp_path / f"{name}{suffix}"), read(source))


@pytest.mark.parametrize("suffix", [".raw", ".dat", ".npy", ".txt"])
def test_a_repaired_recording_is_sound_and_the_damage_told(tmp_path, suffix):
    source = stored(tmp_path / f"a{suffix}")
    content = bytearray(source.read_bytes())
    random = np.random.default_rng(1)
    for place in random.integers(300, len(content), 12):
        content[place] ^= 0x80
    source.write_bytes(content[: len(content) * 9 // 10 + 1])
    report = repair(source, tmp_path / f"b{suffix}", sensor=SENSOR)
    summary = scan(open_source(tmp_path / f"b{suffix}", sensor=SENSOR))
    assert report.damage
    assert not summary.damage
    assert summary.events == report.events > 3000


@pytest.mark.parametrize("suffix", [".aedat4", ".npz", ".bag", ".mcap", ".db3", ".csv"])
def test_what_is_left_of_a_cut_recording_is_repaired(tmp_path, suffix):
    pytest.importorskip("rosbags")
    many, parts = some_events(60_000), 40
    source = tmp_path / f"a{suffix}"
    writer = open_writer(source, SENSOR)
    for part in np.array_split(many, parts):
        writer.write(Packet(Events(part, SENSOR)))
    writer.close()
    source.write_bytes(source.read_bytes()[: source.stat().st_size * 97 // 100])
    report = repair(source, tmp_path / f"b{suffix}", sensor=SENSOR)
    found = read(tmp_path / f"b{suffix}")
    assert report.damage
    assert found.size == report.events > 0.5 * many.size
    assert set(found["t"].tolist()) <= set(many["t"].tolist())


def test_a_report_says_what_was_written(tmp_path):
    report = convert(stored(tmp_path / "a.npz"), tmp_path / "b.raw")
    assert str(report) == "5,000 events as EVT3"


def test_strict_takes_damage_for_a_failure(tmp_path):
    source = stored(tmp_path / "a.dat")
    source.write_bytes(source.read_bytes()[:-3])
    with pytest.raises(FormatError, match=r"is damaged .*truncated"):
        convert(source, tmp_path / "b.npz", strict=True)
    assert not (tmp_path / "b.npz").exists()
    assert convert(source, tmp_path / "b.npz").damage.kinds == {"truncated": 1}


def test_a_source_of_which_nothing_can_be_read_leaves_no_target(tmp_path):
    (tmp_path / "a.txt").write_text("# sensor 64x48\n# t_us x y p\n" + "?? ?? ?? ??\n" * 9)
    with pytest.raises(FormatError, match="nothing in it can be read"):
        repair(tmp_path / "a.txt", tmp_path / "b.txt")
    assert not (tmp_path / "b.txt").exists()


class TestFinding:
    def test_a_folder_is_searched_and_places_are_below_it(self, tmp_path):
        for name in ("b.raw", "deep/er/a.NPZ", "deep/c.txt.bak", "notes.md"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("")
        found = find_recordings(str(tmp_path))
        assert [one.place.as_posix() for one in found] == ["b.raw", "deep/er/a.NPZ"]
        assert [one.name for one in found] == [str(tmp_path / one.place) for one in found]
        assert len(find_recordings(str(tmp_path), skip=tmp_path / "deep")) == 1

    def test_wildcards_are_files_and_folders_by_name(self, tmp_path):
        for name in ("b.raw", "a.raw", "c.dat", "folder/d.raw"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("")
        names = [one.place.as_posix() for one in find_recordings(f"{tmp_path}/*.raw")]
        assert names == ["a.raw", "b.raw"]
        deep = [one.place.as_posix() for one in find_recordings(f"{tmp_path}/**/*.raw")]
        assert deep == ["a.raw", "b.raw", "d.raw"]

    def test_a_single_name_is_not_looked_for(self):
        assert [one.name for one in find_recordings("none.raw")] == ["none.raw"]
        assert find_recordings("none.npz#3")[0].place.as_posix() == "none-3.npz"

    def test_nothing_found_is_told(self, tmp_path):
        for name in (str(tmp_path), f"{tmp_path}/*.raw"):
            with pytest.raises(SourceNotFoundError, match="no recording"):
                find_recordings(name)

    def test_names_that_may_be_many(self, tmp_path):
        (tmp_path / "a[1].raw").write_text("")
        assert may_be_many(str(tmp_path))
        assert may_be_many("a*.raw")
        assert not may_be_many("a.raw")
        assert not may_be_many(str(tmp_path / "a[1].raw"))
