"""Indexes of recordings: what seeking reads, and what is kept between runs and trusted."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import closing

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, DamageReport, Events, Packet, SensorSize
from eventvision.io import Aedat4Source, _index_cache, open_source, open_writer
from eventvision.io._aedat4.packets import PacketWalk
from eventvision.io._dat.source import DatSource
from eventvision.io._file_bytes import FileBytes
from eventvision.kernels import guard

SENSOR = SensorSize(640, 480)
COUNT = 60_000
FORMATS = {"EVT3": ".raw", "EVT2": ".raw", "EVT2.1": ".raw", "DAT": ".dat"}


def made(seed=0, count=COUNT):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = 16_000_000 + np.cumsum(random.integers(0, 60, count))
    events["x"], events["y"] = random.integers(0, 640, count), random.integers(0, 480, count)
    events["on"] = random.integers(0, 2, count)
    return events


def stored(folder, name, events):
    path = folder / f"{name}{FORMATS[name]}"
    with closing(open_writer(path, SENSOR, format=name, force=True)) as writer:
        writer.write(Packet(Events(events, SENSOR)))
    return path


def stored_es(folder, events):
    steps = np.minimum(np.diff(events["t"], prepend=events["t"][0]), 60).astype(np.uint8)
    records = np.zeros((events.size, 5), np.uint8)
    records[:, 0] = steps << 1 | events["on"]
    records[:, 1:3] = events["x"].astype("<u2").view(np.uint8).reshape(-1, 2)
    records[:, 3:5] = (479 - events["y"]).astype("<u2").view(np.uint8).reshape(-1, 2)
    path = folder / "ES.es"
    head = b"Event Stream\x02\x00\x00\x01" + np.array([640, 480], "<u2").tobytes()
    path.write_bytes(head + records.tobytes())
    return path


@pytest.fixture(autouse=True)
def _small_indexes(monkeypatch, tmp_path):
    monkeypatch.setenv("EVENTVISION_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EVENTVISION_INDEX", raising=False)
    monkeypatch.setattr(_index_cache, "LEAST_BYTES", 0)
    monkeypatch.setattr("eventvision.io._marks.MARK_BYTES", 20_000)
    monkeypatch.setattr("eventvision.io._file_bytes.CHUNK_BYTES", 20_000)
    monkeypatch.setattr("eventvision.io._records.PACKET_RECORDS", 2_000)
    monkeypatch.setattr("eventvision.io._es._STEP_BYTES", 10_000)
    monkeypatch.setattr("eventvision.kernels.es.LOOKAHEAD_BYTES", 1_000)
    monkeypatch.setattr("eventvision.io._evt.steps._STEP_BYTES_PER_EVENT", 0)
    monkeypatch.setattr("eventvision.io._evt.steps._LEAST_STEP_BYTES", 10_000)
    monkeypatch.setattr("eventvision.io._evt.steps._LOOKAHEAD_BYTES", 1_000)


@pytest.fixture(params=[*FORMATS, "ES"])
def path(request, tmp_path):
    if request.param == "ES":
        return stored_es(tmp_path, made())
    return stored(tmp_path, request.param, made())


@pytest.fixture
def dat(tmp_path):
    return stored(tmp_path, "DAT", made())


@pytest.fixture
def bytes_read(monkeypatch):
    """Number of bytes that decoders have read from files; set to 0 to count anew."""
    counted = {"bytes": 0}
    read = FileBytes._read

    def counting(self, target, start):
        counted["bytes"] += target.size
        return read(self, target, start)

    monkeypatch.setattr(FileBytes, "_read", counting)
    return counted


def all_events(source):
    return np.concatenate([np.empty(0, EVENT_DTYPE), *(p.events.data for p in source)])


def sought(path, t_us):
    with open_source(path) as source:
        source.seek(t_us)
        return all_events(source)


def index_of(tmp_path):
    (found,) = (tmp_path / "cache" / "index").iterdir()
    return found


def resealed(content):
    """Give changed content the digest that it should have."""
    return content[:-16] + hashlib.blake2b(content[:-16], digest_size=16).digest()


def test_a_later_run_finds_any_time_without_reading_what_lies_before(path, tmp_path, bytes_read):
    with open_source(path) as source:
        everything = all_events(source)
    assert index_of(tmp_path).stat().st_size < path.stat().st_size / 50
    times = everything["t"][:: COUNT // 13]
    for t_us in [0, *times.tolist(), int(everything["t"][-1]), int(everything["t"][-1]) + 1]:
        bytes_read["bytes"] = 0
        expected = everything[everything["t"] >= t_us]
        with open_source(path) as source:
            source.seek(t_us)
            first = next(iter(source), None)
        if len(expected):
            assert first is not None
            np.testing.assert_array_equal(first.events.data, expected[: len(first)])
        assert bytes_read["bytes"] < 90_000 < path.stat().st_size / 2
        np.testing.assert_array_equal(sought(path, t_us), expected)


def test_the_first_seek_indexes_the_recording_and_the_next_does_not(path, bytes_read):
    with open_source(path) as source:
        everything = all_events(source)
        late_us = int(everything["t"][-100])
    shutil.rmtree(os.environ["EVENTVISION_CACHE"])
    for least, most in [(0.99, 2), (0, 0.5)]:
        bytes_read["bytes"] = 0
        np.testing.assert_array_equal(sought(path, late_us), everything[everything["t"] >= late_us])
        assert least <= bytes_read["bytes"] / path.stat().st_size < most


def test_of_a_large_recording_only_what_lies_before_is_indexed(dat, bytes_read, monkeypatch):
    monkeypatch.setattr("eventvision.io._indexed.BUILD_BYTES", 1000)
    events = made()
    with open_source(dat) as source:
        bytes_read["bytes"] = 0
        source.seek(int(events["t"][COUNT // 4]))
        next(iter(source))
    assert bytes_read["bytes"] < 0.6 * dat.stat().st_size
    t_us = int(events["t"][COUNT // 2])
    np.testing.assert_array_equal(sought(dat, t_us), events[events["t"] >= t_us])


@pytest.mark.parametrize("seed", [1, 2])
def test_a_recording_that_changed_is_indexed_anew(path, dat, tmp_path, seed):
    with open_source(dat) as source:
        all_events(source)
    others = made(seed)
    state = dat.stat()
    stored(tmp_path, "DAT", others)
    if seed == 2:
        os.utime(dat, ns=(state.st_atime_ns, state.st_mtime_ns))
    for t_us in others["t"][:: COUNT // 5].tolist():
        np.testing.assert_array_equal(sought(dat, t_us), others[others["t"] >= t_us])


def test_an_index_made_for_another_sensor_is_not_used(dat):
    with DatSource(dat) as source:
        all_events(source)
    with DatSource(dat, sensor=SensorSize(300, 300)) as source:
        events = all_events(source)
        t_us = int(events["t"][-1])
        source.seek(t_us)
        np.testing.assert_array_equal(all_events(source), events[events["t"] >= t_us])


def test_a_damaged_index_is_as_good_as_none(dat, tmp_path):
    events = made()
    t_us = int(events["t"][-2000])
    with open_source(dat) as source:
        all_events(source)
    index = index_of(tmp_path)
    content = index.read_bytes()
    random = np.random.default_rng(0)
    spoiled = [content[: int(cut)] for cut in random.integers(0, len(content), 10)]
    spoiled += [
        content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]
        for at in random.integers(0, len(content), 30).tolist()
    ]
    spoiled += [b"", bytes(100), content + content, random.bytes(len(content))]
    for each in spoiled:
        index.write_bytes(each)
        np.testing.assert_array_equal(sought(dat, t_us), events[events["t"] >= t_us])
        assert index.read_bytes() == content


MARKS, NUMBERS, ROWS = 32, 40, 64
"""Where an index says how many marks there are, how many numbers each has, and where they begin."""

HOSTILE = {
    "no marks": (MARKS, 0),
    "endless marks": (MARKS, 1 << 62),
    "negative marks": (MARKS, -5),
    "endless numbers": (NUMBERS, 1 << 62),
    "a first place elsewhere": (ROWS, 1 << 20),
    "a place beyond the end": ("of the last mark", 0, 1 << 60),
    "a place before the one before": ("of the last mark", 0, 3),
    "a time of the past": ("of the last mark", 1, 5),
    "a guard that holds events": ("of the last mark", 2 + guard.HELD, 1),
    "a guard out of time": ("of the last mark", 2 + guard.LAST, -1),
    "a clock out of range": ("of the last mark", -1, -(1 << 63)),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_index_that_cannot_be_is_not_used_though_its_digest_is_right(dat, tmp_path, change):
    events = made()
    with open_source(dat) as source:
        all_events(source)
    index = index_of(tmp_path)
    content = bytearray(index.read_bytes())
    *where, value = change
    numbers = int.from_bytes(content[NUMBERS : NUMBERS + 8], "little")
    at = where[0] if len(where) == 1 else len(content) - 16 - 8 * (numbers - where[1] % numbers)
    content[at : at + 8] = int(value).to_bytes(8, "little", signed=True)
    hostile = resealed(bytes(content))
    index.write_bytes(hostile)
    with DatSource(dat) as source:
        source.seek(int(events["t"][-1]))
        found = all_events(source)
    np.testing.assert_array_equal(found, events[events["t"] >= events["t"][-1]])
    assert index.read_bytes() != hostile


@pytest.mark.parametrize(("asked", "places"), [("beside", [".DAT.dat.index"]), ("off", [])])
def test_where_an_index_is_kept_can_be_chosen(dat, tmp_path, monkeypatch, asked, places):
    monkeypatch.setenv("EVENTVISION_INDEX", asked)
    for _ in range(2):
        assert sought(dat, 0).size == COUNT
    assert not (tmp_path / "cache").exists()
    assert [each.name for each in tmp_path.glob(".*")] == places


def test_nothing_is_kept_of_small_recordings(dat, tmp_path, monkeypatch):
    monkeypatch.setattr(_index_cache, "LEAST_BYTES", dat.stat().st_size + 1)
    sought(dat, 0)
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_does_no_harm(dat, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("EVENTVISION_CACHE", str(tmp_path / "file" / "below"))
    events = made()
    assert sought(dat, int(events["t"][-1])).size


def test_a_recording_that_vanishes_before_it_is_indexed_does_no_harm(dat, monkeypatch):
    def gone(*_):
        raise FileNotFoundError(2, "No such file")

    monkeypatch.setattr(_index_cache, "_identity", gone)
    assert sought(dat, 0).size == COUNT


def test_the_oldest_indexes_give_way(tmp_path, monkeypatch):
    folder = tmp_path / "cache" / "index"
    sizes = []
    for seed in range(4):
        (tmp_path / str(seed)).mkdir()
        sought(stored(tmp_path / str(seed), "DAT", made(seed)), 0)
        sizes.append(sum(each.stat().st_size for each in folder.iterdir()))
        newest = max(folder.iterdir(), key=lambda each: each.stat().st_mtime_ns)
        os.utime(newest, (seed, seed))
    assert len(list(folder.iterdir())) == 4
    monkeypatch.setattr(_index_cache, "MOST_KEPT_BYTES", sizes[1] + 100)
    (tmp_path / "last").mkdir()
    sought(stored(tmp_path / "last", "DAT", made(9)), 0)
    times = sorted(int(each.stat().st_mtime) for each in folder.iterdir())
    assert len(times) == 2
    assert times[0] == 3


def test_marks_are_thinned_where_there_are_too_many(dat, monkeypatch):
    monkeypatch.setattr("eventvision.io._marks.MOST_MARKS", 8)
    events = made()
    with DatSource(dat) as source:
        all_events(source)
        assert 4 <= len(source._marks) <= 8
        for t_us in events["t"][:: COUNT // 9].tolist():
            source.seek(t_us)
            np.testing.assert_array_equal(all_events(source), events[events["t"] >= t_us])


def test_no_mark_is_set_while_events_are_in_doubt(dat):
    with DatSource(dat) as source:
        marks, position = source._marks, source._start(DamageReport())
        position.offset = 10**9
        behind = made(count=3)
        position.guard.admit(behind)
        behind["t"] -= 10_000_000
        position.guard.admit(behind)
        marks.note(position)
        assert len(marks) == 1
        position.guard.flush()
        marks.note(position)
        assert len(marks) == 2


def test_aedat4_needs_no_index_to_find_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("eventvision.io._aedat4.seek.CLOSE_BYTES", 10_000)
    monkeypatch.setattr("eventvision.io._aedat4.seek.MARGIN_US", 100)
    events, path = made(count=600_000), tmp_path / "a.aedat4"
    with closing(open_writer(path, SENSOR)) as writer:
        for start in range(0, events.size, 1000):
            writer.write(Packet(Events(events[start : start + 1000], SENSOR)))
    wanted = []
    read = PacketWalk._read_into

    def counted(self, data, at):
        wanted.append(data.size)
        return read(self, data, at)

    monkeypatch.setattr(PacketWalk, "_read_into", counted)
    for t_us in events["t"][:: events.size // 9].tolist():
        wanted.clear()
        with Aedat4Source(path, packet_events=1000) as source:
            source.seek(t_us)
            assert next(iter(source)).events.data["t"][0] == t_us
        assert sum(wanted) < path.stat().st_size / 3
    assert not (tmp_path / "cache").exists()
