"""NumPy recordings written: what `np.load` finds in them, exact round trips, failures."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, Events, OutputError, Packet, SensorSize
from eventvision.io import open_source
from eventvision.io._npz.writer import NpyWriter, NpzWriter

VGA = SensorSize(640, 480)
WRITERS = {".npz": NpzWriter, ".npy": NpyWriter}
FULL = Path("/dev/full")


def events_of(*rows):
    return np.array(list(rows), EVENT_DTYPE)


def written(path, parts, **options):
    writer = WRITERS[path.suffix](path, VGA, **options)
    for part in parts:
        writer.write(Packet(Events(part, VGA)))
    writer.close()
    writer.close()


def read(path):
    with open_source(path, sensor=VGA) as source:
        parts = [packet.events.data for packet in source]
    assert not source.damage
    return np.concatenate([np.empty(0, EVENT_DTYPE), *parts])


def same(a, b):
    return a.size == b.size and all((a[name] == b[name]).all() for name in EVENT_DTYPE.names)


FEW = events_of((5, 1, 2, True), (5, 3, 4, False), (2**40, 639, 479, True))


@pytest.mark.parametrize("compressed", [False, True])
def test_an_archive_holds_columns_sensor_and_unit(tmp_path, compressed):
    written(tmp_path / "a.npz", [FEW[:1], FEW[1:]], compressed=compressed)
    with np.load(tmp_path / "a.npz") as arrays:
        assert {name: arrays[name].dtype for name in "txyp"} == {
            "t": np.int64, "x": np.uint16, "y": np.uint16, "p": np.uint8,
        }  # fmt: skip
        assert all(np.array_equal(arrays[name], FEW[name]) for name in "txy")
        assert np.array_equal(arrays["p"], FEW["on"])
        assert (arrays["sensor"].tolist(), str(arrays["time_unit"])) == ([640, 480], "us")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.npz"]
    assert open_source(tmp_path / "a.npz").info.sensor == VGA


def test_an_array_has_the_layout_of_events_and_maps_into_memory(tmp_path):
    written(tmp_path / "a.npy", [FEW[:2], FEW[2:]])
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert mapped.dtype == EVENT_DTYPE
    assert same(mapped, FEW)


def test_what_padding_held_is_not_stored(tmp_path):
    dirty = np.full(16 * 50, 0xEE, np.uint8).view(EVENT_DTYPE)
    for name in EVENT_DTYPE.names:
        dirty[name] = 1
    written(tmp_path / "a.npy", [dirty])
    assert b"\xee" not in (tmp_path / "a.npy").read_bytes()


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("step_us", [1000, 1_000_000])
def test_times_in_round_numbers_stay_microseconds(tmp_path, suffix, step_us):
    events = np.zeros(200, EVENT_DTYPE)
    events["t"] = np.arange(200) * step_us
    written(tmp_path / f"a{suffix}", [events])
    assert same(read(tmp_path / f"a{suffix}"), events)


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_folder_that_is_not_there_is_told(tmp_path, suffix):
    with pytest.raises(OutputError, match="cannot be written"):
        written(tmp_path / "none" / f"a{suffix}", [])


@pytest.mark.skipif(not FULL.exists(), reason=f"{FULL} does not exist")
def test_a_full_disk_is_told():
    writer = NpyWriter(FULL, VGA)
    with pytest.raises(OutputError, match="disk is full"):
        writer.write(Packet(Events(np.zeros(9_000, EVENT_DTYPE), VGA)))
    with contextlib.suppress(OutputError):
        writer.close()


STEP = st.one_of(st.just(0), st.integers(0, 2000), st.integers(0, 3_000_000_000))
PLACE = st.tuples(st.sampled_from([0, 1, 639]), st.sampled_from([0, 200, 479]), st.booleans())


@settings(max_examples=60, deadline=None)
@given(
    suffix=st.sampled_from([*WRITERS]),
    start=st.sampled_from([0, 7, 2**34 + 1, 1_700_000_000_000_000]),
    rows=st.lists(st.tuples(STEP, PLACE), max_size=70),
    cut=st.integers(0, 70),
)
def test_what_was_written_is_read_back(tmp_path_factory, suffix, start, rows, cut):
    times = start + np.cumsum(np.array([step for step, _ in rows], np.int64))
    events = events_of(*((t, *place) for t, (_, place) in zip(times.tolist(), rows, strict=True)))
    path = tmp_path_factory.mktemp("round") / f"a{suffix}"
    written(path, [events[:cut], events[cut:]])
    assert same(read(path), events)
