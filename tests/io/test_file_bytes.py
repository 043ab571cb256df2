"""Files as bytes: sliced like arrays, read a chunk at a time, safe when they are cut short."""

from __future__ import annotations

import os
from contextlib import closing

import numpy as np
import pytest

from eventvision.core import SourceError
from eventvision.io import _file_bytes
from eventvision.io._file_bytes import FileBytes, FileShrankError

SIZE = 10_000


@pytest.fixture
def content():
    return np.random.default_rng(0).integers(0, 256, SIZE, np.uint8)


@pytest.fixture
def path(tmp_path, content, monkeypatch):
    monkeypatch.setattr(_file_bytes, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(_file_bytes, "PEEK_BYTES", 50)
    (tmp_path / "a.raw").write_bytes(content.tobytes())
    return tmp_path / "a.raw"


def test_slices_are_those_of_an_array_in_any_order(path, content):
    random = np.random.default_rng(1)
    with closing(FileBytes(path)) as data:
        assert data.size == SIZE
        for _ in range(2000):
            start, length = random.integers(0, SIZE + 100), random.integers(0, 3000)
            length = length if random.random() < 0.5 else length // 50
            found = data[int(start) : int(start + length)]
            np.testing.assert_array_equal(found, content[start : start + length])
        np.testing.assert_array_equal(data[20:10], content[20:10])
        np.testing.assert_array_equal(data[-30:], content[-30:])


def test_what_was_returned_stays_as_it_is(path, content):
    with closing(FileBytes(path)) as data:
        starts = range(0, SIZE, 300)
        found = [data[start : start + 500] for start in starts]
    for start, part in zip(starts, found, strict=True):
        np.testing.assert_array_equal(part, content[start : start + 500])


def test_reading_on_reads_every_byte_once(path, monkeypatch):
    wanted = []
    read = FileBytes._read

    def counted(self, target, start):
        wanted.append(target.size)
        return read(self, target, start)

    monkeypatch.setattr(FileBytes, "_read", counted)
    with closing(FileBytes(path)) as data:
        for start in range(0, SIZE, 90):
            data[start : start + 400]
    assert sum(wanted) == SIZE


def test_memory_is_used_again_while_nobody_looks_at_it(path):
    with closing(FileBytes(path)) as data:
        places = {data[start : start + 1000].ctypes.data for start in range(0, 9000, 1000)}
        assert len(places) == 1


def test_a_file_cut_short_is_an_error_that_says_where(path):
    with closing(FileBytes(path)) as data:
        assert data[:100].size == 100
        os.truncate(path, 4_321)
        assert data[900:1000].size == 100
        with pytest.raises(FileShrankError, match="cut to 4321 bytes") as caught:
            data[4_000:5_000]
        assert caught.value.size == 4_321
        assert data[4_000:4_300].size == 300


def test_a_file_that_cannot_be_read_is_an_error_with_a_remedy(path, monkeypatch):
    class Broken:
        def seek(self, _):
            raise OSError(5, "Input/output error")

        def close(self):
            pass

    with closing(FileBytes(path)) as data:
        data.close()
        monkeypatch.setattr(data, "_file", Broken())
        with pytest.raises(SourceError, match="at byte 0") as caught:
            data[:10]
        assert caught.value.remedy
