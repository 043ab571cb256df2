"""Damaged recordings: seeking, and how they are cut into chunks, changes nothing about a stream."""

from __future__ import annotations

from random import Random

import fuzz
import numpy as np
import pytest

from eventvision.core import EventVisionError, Packet
from eventvision.io import open_source
from eventvision.io._indexed import IndexedSource

pytest.importorskip("h5py")
pytest.importorskip("rosbags")

INPUTS = 600
FEWEST_COMPARED = 150


@pytest.fixture
def bench(tmp_path):
    return fuzz.Bench(fuzz.Work(tmp_path, 3, 0, 1, 1))


@pytest.fixture(params=[150, 900], ids=["decoded", "skimmed"])
def _short_steps(monkeypatch, request):
    """Let recordings of some hundred bytes have many steps and marks, and skimming between them."""
    monkeypatch.setattr("eventvision.io._marks.MARK_BYTES", request.param)
    monkeypatch.setattr("eventvision.io._skim._PIECE_BYTES", 301)
    monkeypatch.setattr("eventvision.io._records.PACKET_RECORDS", 17)
    monkeypatch.setattr("eventvision.io._es._STEP_BYTES", 85)
    monkeypatch.setattr("eventvision.io._evt.steps._LEAST_STEP_BYTES", 128)
    monkeypatch.setattr("eventvision.io._evt.steps._STEP_BYTES_PER_EVENT", 0)


def told(packets: list[Packet], from_us: int = -(1 << 63)) -> tuple:
    """Return all that packets say from a time on, so that it can be compared."""
    events = [row for packet in packets for row in packet.events.data.tolist()]
    triggers = [row for packet in packets for row in packet.triggers.tolist()]
    imu_us = [row["t"] for packet in packets for row in packet.imu]
    frames_us = [frame.t_us for packet in packets for frame in packet.frames]
    return (
        [row for row in events if row[0] >= from_us],
        [row for row in triggers if row[0] >= from_us],
        [t_us for t_us in imu_us if t_us >= from_us],
        [t_us for t_us in frames_us if t_us >= from_us],
    )


@pytest.mark.usefixtures("_short_steps")
def test_neither_seeking_nor_chunks_change_what_a_damaged_recording_holds(bench, monkeypatch):
    random, compared = Random(1), 0
    for number in range(INPUTS):
        seed, data = bench.input(number)
        path = bench.laid_out(seed, data)
        monkeypatch.setattr("eventvision.io._file_bytes.CHUNK_BYTES", 1 << 20)
        try:
            source = open_source(path)
        except EventVisionError:
            continue
        if not isinstance(source, IndexedSource):
            continue
        packets = list(source)
        damage = list(map(str, source.damage.items))
        monkeypatch.setattr("eventvision.io._file_bytes.CHUNK_BYTES", 100)
        monkeypatch.setattr("eventvision.io._file_bytes.PEEK_BYTES", 16)
        assert told(list(source)) == told(packets), (seed.name, number)
        assert list(map(str, source.damage.items)) == damage, (seed.name, number)
        times = np.concatenate([[0], *(packet.events.t for packet in packets)]).tolist()
        for t_us in [*random.choices(times, k=2), times[-1]]:
            source.seek(t_us)
            assert told(list(source)) == told(packets, t_us), (seed.name, number, t_us)
        compared += 1
    assert compared > FEWEST_COMPARED
