"""Bad input in every format: one clear error, or what is readable with a damage report; no hang."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    DamageReport,
    EventVisionError,
    FormatError,
    SensorSize,
    SourceNotFoundError,
)
from eventvision.io import open_source

SENSOR = SensorSize(240, 180)
REAL = {
    "aedat4": "aedat4/road_davis346.aedat4",
    "evt2": "evt2/sparklers.raw",
    "evt3": "evt3/sparse_hd.raw",
}
SUFFIX = {
    "aedat4": ".aedat4", "evt2": ".raw", "evt3": ".raw", "npz": ".npz", "npy": ".npy",
    "text": ".txt", "csv": ".csv",
}  # fmt: skip
KINDS = tuple(SUFFIX)
FAMILY = {suffix: {".npz", ".npy"} for suffix in (".npz", ".npy")} | {".csv": {".txt", ".csv"}}


def some_events(count=20_000):
    random = np.random.default_rng(5)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = 10_000 + np.cumsum(random.integers(0, 100, count))
    events["x"], events["y"] = random.integers(0, 240, count), random.integers(0, 180, count)
    events["on"] = random.integers(0, 2, count)
    return events


def as_text(t, x, y, p, head="", separator=" "):
    rows = zip(t.tolist(), x.tolist(), y.tolist(), p.tolist(), strict=True)
    return (head + "".join(separator.join(map(str, row)) + "\n" for row in rows)).encode()


def as_npz(t, x, y, p):
    file = io.BytesIO()
    np.savez_compressed(file, t=t, x=x, y=y, p=p, sensor=[240, 180])
    return file.getvalue()


def as_npy(t, x, y, p):
    file = io.BytesIO()
    np.save(file, np.stack([t, x, y, p], axis=1))
    return file.getvalue()


def as_evt2(t, x, y, p):
    highs = t >> 6
    words = []
    last = None
    for at, high, column, row, on in zip(t, highs, x, y, p, strict=True):
        if high != last:
            words.append(8 << 28 | int(high) & 0xFFF_FFFF)
            last = high
        words.append(int(on) << 28 | (int(at) & 63) << 22 | int(column) << 11 | int(row))
    return b"% evt 2.0\n% geometry 240x180\n" + np.array(words, "<u4").tobytes()


WRITERS = {
    "npz": as_npz,
    "npy": as_npy,
    "text": as_text,
    "csv": lambda *columns: as_text(*columns, head="t,x,y,p\n", separator=","),
    "evt2": as_evt2,
}


def columns_of(events):
    return [events[name].astype(np.int64) for name in ("t", "x", "y", "on")]


@pytest.fixture
def content(request):
    """Bytes of an intact recording of a kind: a real one where only cameras write the format."""

    def of(kind):
        if kind not in REAL:
            return WRITERS[kind](*columns_of(some_events()))
        return (request.getfixturevalue("shared_recordings") / REAL[kind]).read_bytes()

    return of


def put(folder, data, suffix):
    path = folder / f"recording{suffix}"
    path.write_bytes(data)
    return path


def outcome(path, sensor=None):
    """Events read, the damage report and the error; the error is one line that names the file."""
    events, damage, error = 0, DamageReport(), None
    try:
        with open_source(path, sensor=sensor) as source:
            for packet in source:
                t = packet.events.t
                assert (np.diff(t) >= 0).all()
                assert t.size == 0 or t[0] >= 0
                events += t.size
            damage = source.damage
    except EventVisionError as raised:
        error = raised
    assert error is None or (str(path) in str(error) and "\n" not in str(error))
    return events, damage, error


def is_told(damage, error):
    return bool(damage) or error is not None


@pytest.mark.parametrize("kind", KINDS)
def test_intact_recordings_show_no_damage(tmp_path, content, kind):
    events, damage, error = outcome(put(tmp_path, content(kind), SUFFIX[kind]))
    assert events > 1000
    assert not is_told(damage, error)


@pytest.mark.parametrize("suffix", sorted({*SUFFIX.values(), ".xyz", ""}))
class TestNothingThere:
    def test_a_missing_file_is_named(self, tmp_path, suffix):
        with pytest.raises(SourceNotFoundError, match=f"missing{suffix}: no such file"):
            open_source(tmp_path / f"missing{suffix}")

    def test_an_empty_file_is_refused(self, tmp_path, suffix):
        with pytest.raises(FormatError, match="empty"):
            open_source(put(tmp_path, b"", suffix))

    def test_a_folder_is_refused(self, tmp_path, suffix):
        (tmp_path / f"folder{suffix}").mkdir()
        with pytest.raises(FormatError, match="folder"):
            open_source(tmp_path / f"folder{suffix}")

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs file permissions")
    def test_a_file_that_may_not_be_read_is_refused(self, tmp_path, suffix):
        path = put(tmp_path, b"1 2 3 1\n", suffix)
        path.chmod(0)
        with pytest.raises(FormatError, match="permission"):
            open_source(path)

    @pytest.mark.parametrize("seed", range(3))
    def test_garbage_is_refused_or_told(self, tmp_path, suffix, seed):
        data = np.random.default_rng(seed).bytes(50_000)
        assert is_told(*outcome(put(tmp_path, data, suffix))[1:])

    @pytest.mark.parametrize("byte", [b"\0", b"\xff", b"7", b"\n", b" ", b"%"])
    def test_one_byte_over_and_over_is_refused_or_told(self, tmp_path, suffix, byte):
        events, damage, error = outcome(put(tmp_path, byte * 100_000, suffix))
        assert events == 0
        assert is_told(damage, error) or suffix == ".raw"


@pytest.mark.parametrize("kind", KINDS)
class TestDamaged:
    @pytest.mark.parametrize("wrong", [".dat", ".jpg", ".txt", ".raw", ".aedat4", ".npz"])
    def test_a_wrong_extension_does_not_matter_but_is_told(self, tmp_path, content, kind, wrong):
        data = content(kind)
        path = put(tmp_path, data, wrong)
        events, damage, error = outcome(path)
        assert not is_told(damage, error)
        assert events == outcome(put(tmp_path, data, SUFFIX[kind]))[0]
        with open_source(path) as source:
            told = any("because of its content" in note for note in source.info.notes)
        assert told == (wrong not in FAMILY.get(SUFFIX[kind], {SUFFIX[kind]}))

    @pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
    def test_a_cut_file_gives_its_beginning_or_is_refused(self, tmp_path, content, kind, share):
        data = content(kind)
        whole = outcome(put(tmp_path, data, SUFFIX[kind]))[0]
        cut = int(len(data) * share) // 2 * 2 + 1
        events, damage, error = outcome(put(tmp_path, data[:cut], SUFFIX[kind]))
        assert is_told(damage, error)
        assert events < whole
        if kind != "npz" and share >= 0.5:
            assert events > 0.3 * share * whole

    @pytest.mark.parametrize("seed", range(8))
    def test_fifty_flipped_bytes_are_told_or_leave_events(self, tmp_path, content, kind, seed):
        data = np.frombuffer(content(kind), np.uint8).copy()
        random = np.random.default_rng(seed)
        places = random.choice(data.size, 50, replace=False)
        data[places] ^= random.integers(1, 256, 50, np.uint8)
        events, damage, error = outcome(put(tmp_path, data.tobytes(), SUFFIX[kind]))
        assert is_told(damage, error) or (kind != "npz" and events > 0)

    def test_events_outside_the_sensor_are_dropped_and_counted(self, tmp_path, content, kind):
        path = put(tmp_path, content(kind), SUFFIX[kind])
        whole = outcome(path)[0]
        events, damage, error = outcome(path, SensorSize(120, 90))
        assert error is None
        assert events + damage.events_skipped == whole
        assert events < whole
        assert damage.kinds.keys() == {"outside-sensor"}


@pytest.mark.parametrize("kind", WRITERS)
class TestBrokenRules:
    def test_times_that_only_decrease_are_told(self, tmp_path, kind):
        t, *others = columns_of(some_events())
        data = WRITERS[kind](t[::-1], *others)
        _, damage, error = outcome(put(tmp_path, data, SUFFIX[kind]), SENSOR)
        assert is_told(damage, error)

    def test_times_that_step_back_once_are_told(self, tmp_path, kind):
        t, *others = columns_of(some_events())
        t[10_000:] -= 300_000
        data = WRITERS[kind](t, *others)
        events, damage, error = outcome(put(tmp_path, data, SUFFIX[kind]), SENSOR)
        assert error is None
        assert events > 10_000
        assert damage

    def test_negative_times_are_dropped_and_counted(self, tmp_path, kind):
        if kind == "evt2":
            pytest.skip("its times have no sign")
        t, *others = columns_of(some_events())
        t[:50] -= 1_000_000
        data = WRITERS[kind](t, *others)
        events, damage, error = outcome(put(tmp_path, data, SUFFIX[kind]), SENSOR)
        assert error is None
        assert (events, damage.events_skipped) == (19_950, 50)
        assert damage.kinds == {"negative-time": 1}

    def test_coordinates_outside_the_sensor_are_dropped_and_counted(self, tmp_path, kind):
        t, x, y, p = columns_of(some_events())
        x[7], y[11], x[13] = 240, 180, 2000
        data = WRITERS[kind](t, x, y, p)
        events, damage, error = outcome(put(tmp_path, data, SUFFIX[kind]), SENSOR)
        assert error is None
        assert (events, damage.events_skipped) == (19_997, 3)
        assert damage.kinds == {"outside-sensor": 1}
