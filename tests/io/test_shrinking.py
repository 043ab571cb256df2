"""Recordings that somebody cuts short, or that are too large for memory, while they are read."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize, SourceError
from eventvision.io import Aedat4Source, open_source, open_writer
from eventvision.io._evt.decoder import EvtDecoder

SENSOR = SensorSize(640, 480)
COUNT, PART = 600_000, 20_000
WRITTEN = {
    "EVT3": ".raw",
    "EVT2": ".raw",
    "EVT2.1": ".raw",
    "DAT": ".dat",
    "AEDAT4": ".aedat4",
    "BAG": ".bag",
    "CSV": ".csv",
    "NPY": ".npy",
    "HDF5": ".h5",
}


def made():
    random = np.random.default_rng(0)
    events = np.zeros(COUNT, EVENT_DTYPE)
    events["t"] = np.cumsum(random.integers(0, 3, COUNT))
    events["x"], events["y"] = random.integers(0, 640, COUNT), random.integers(0, 480, COUNT)
    events["on"] = random.integers(0, 2, COUNT)
    return events


def stored(path, name):
    if name in ("BAG", "HDF5"):
        pytest.importorskip({"BAG": "rosbags", "HDF5": "h5py"}[name])
    events = made()
    with closing(open_writer(path, SENSOR, format=name)) as writer:
        for start in range(0, COUNT, PART):
            writer.write(Packet(Events(events[start : start + PART], SENSOR)))
    return events


def read_while_cut(source, path):
    """Read one packet, cut the file to 60 %, and read the rest."""
    packets = iter(source)
    found = [next(packets).events.data]
    os.truncate(path, path.stat().st_size * 6 // 10)
    found += [packet.events.data for packet in packets]
    return np.concatenate(found)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_cut_short_while_it_is_read_ends_with_a_damage_report(tmp_path, name):
    path = tmp_path / f"a{WRITTEN[name]}"
    events = stored(path, name)
    with open_source(path) as source:
        found = read_while_cut(source, path)
        assert source.damage
    assert PART < len(found) < COUNT
    if name == "HDF5":  # which keeps some parts of the file in memory, also from behind the cut
        assert set(found.tolist()) <= set(events.tolist())
    else:
        np.testing.assert_array_equal(found, events[: len(found)])


@pytest.mark.parametrize("threads", [1, 2])
def test_aedat4_cut_short_is_read_up_to_the_cut_by_any_number_of_threads(tmp_path, threads):
    path = tmp_path / "a.aedat4"
    events = stored(path, "AEDAT4")
    with Aedat4Source(path, packet_events=10_000, threads=threads) as source:
        found = read_while_cut(source, path)
        assert source.damage.kinds["truncated"]
    assert COUNT / 2 < len(found) < COUNT
    np.testing.assert_array_equal(found, events[: len(found)])


def test_seeking_in_a_file_cut_short_neither_fails_nor_invents_events(tmp_path):
    path = tmp_path / "a.dat"
    events = stored(path, "DAT")
    with open_source(path) as source:
        source.seek(int(events["t"][-1]))
        assert next(iter(source)).events.data["t"][0] == events["t"][-1]
        os.truncate(path, 1000)
        assert list(source) == []


def test_a_file_cut_short_while_its_sensor_is_looked_for_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "a.raw"
    path.write_bytes(b"% evt 3.0\n" + bytes(3 << 20))
    step = EvtDecoder.step

    def cutting(self, *arguments):
        os.truncate(path, 1 << 20)
        return step(self, *arguments)

    monkeypatch.setattr(EvtDecoder, "step", cutting)
    with pytest.raises(SourceError, match="was cut to 1048576 bytes"):
        open_source(path)


MEASURE = """
import sys
from eventvision.io import open_source
def megabytes(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 1024
with open_source(sys.argv[1]) as source:
    events = 0
    for number, packet in enumerate(source):
        events += len(packet)
        if number == 20:
            before = megabytes("VmRSS")
    print(events, megabytes("VmHWM") - before)
"""
BIG = 25_000_000
"""Events of the large recordings: 200 MB of DAT."""


def dat_bytes(first):
    words = np.empty((1_000_000, 2), "<u4")
    words[:, 0] = np.arange(first, first + len(words))
    words[:, 1] = words[:, 0] % 640
    return words.tobytes()


def es_bytes(_):
    return bytes([3, 5, 0, 7, 0]) * 1_000_000


def evt3_bytes(first):
    words = np.full((1_000_000, 4), 0x2005, "<u2")
    t_us = np.arange(first, first + len(words))
    words[:, 0], words[:, 1], words[:, 2] = 0x8000 | t_us >> 12 & 0xFFF, 7, 0x6000 | t_us & 0xFFF
    return words.tobytes()


LARGE = {
    "a.dat": (b"% Version 2\n% Width 640\n% Height 480\n\x0c\x08", dat_bytes),
    "a.es": (b"Event Stream\x02\x00\x00\x01\x80\x02\xe0\x01", es_bytes),
    "a.raw": (b"% evt 3.0\n% geometry 640x480\n", evt3_bytes),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told by /proc")
@pytest.mark.parametrize("name", LARGE)
def test_memory_does_not_grow_with_the_file(tmp_path, name, monkeypatch):
    monkeypatch.setenv("EVENTVISION_INDEX", "off")
    head, part = LARGE[name]
    with (tmp_path / name).open("wb") as file:
        file.write(head)
        for first in range(0, BIG, 1_000_000):
            file.write(part(first))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path / name],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (tmp_path / name).unlink()
    events, grown_mb = done.stdout.split()
    assert int(events) == BIG
    assert float(grown_mb) < 16
