"""The benchmark of readers times everybody on the same work, and notices who does less of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import _readers_ours, _readers_peers, readers
from benchmarks._calls import (
    Call,
    events_per_us,
    peak_memory_mb,
    rows_of_calls,
    with_versions,
)
from benchmarks._harness import Absent, Row
from benchmarks._worker import PEERS_PYTHON, Outcome
from benchmarks.recordings import SUFFIXES, Recording, moving_rings
from eventvision.core import Events, Packet, SensorSize
from eventvision.io import open_writer

SMALL = Recording("small", 346, 260, events=20_000, duration_us=10_000)
OURS, PEERS = readers.OURS, readers.PEERS


@pytest.fixture(autouse=True)
def peers_of_this_environment(monkeypatch):
    monkeypatch.delenv(PEERS_PYTHON, raising=False)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Writes the small recording in one of the formats."""

    def write(file_format):
        path = tmp_path_factory.mktemp("small") / f"small.{SUFFIXES[file_format]}"
        size = SensorSize(SMALL.width, SMALL.height)
        options = {"format": "evt2"} if file_format == "EVT2" else {}
        if "uncompressed" in file_format:
            options["compression"] = "none"
        writer = open_writer(path, size, **options)
        writer.write(Packet(Events(moving_rings(SMALL), size)))
        writer.close()
        return path

    return write


def outcome(value, seconds=2.0):
    return Outcome(value, seconds, peak_mb=1.0)


def test_speed_is_that_of_the_events_and_of_all_of_them():
    assert events_per_us(8_000_000)(outcome(8_000_000)) == 4.0
    with pytest.raises(Absent, match="lost events: 7 of 8"):
        events_per_us(8)(outcome(7))


@pytest.mark.parametrize("file_format", ["AEDAT4", "AEDAT4 uncompressed", "EVT3", "EVT2", "DAT"])
def test_we_read_and_find_every_event(file_format, recording):
    calls = readers.readers(file_format, recording(file_format)).values()
    found = [
        getattr(_readers_ours, call.function)(**call.arguments)
        for call in calls
        if call.script == OURS
    ]
    assert found == [SMALL.events] * (2 if file_format == "AEDAT4" else 1)


def test_every_format_is_read_by_us_first_and_by_a_peer():
    for file_format in SUFFIXES:
        (_, ours), *peers = readers.readers(file_format, Path(SUFFIXES[file_format])).items()
        assert ours.script == OURS
        assert any(peer.script == PEERS for _, peer in peers)


def test_the_lz4_library_decompresses_every_event_packet(recording):
    assert _readers_peers.lz4_library(str(recording("AEDAT4"))) == SMALL.events


def test_rows_with_two_threads_stand_apart_and_the_library_stays_on_one_core(recording):
    rows = readers.reading(SMALL, "AEDAT4", recording("AEDAT4"), repeat=1)
    labels = list(dict.fromkeys(row.label for row in rows))
    assert labels == ["read AEDAT4, 346x260", "read AEDAT4, 346x260, 2 threads"]
    for label in labels:
        peers = {row.peer_name for row in rows if row.label == label}
        assert peers == {"faery", "dv-processing", "dv-processing to numpy", "lz4 alone", "eventcv"}
    (library,) = (row for row in rows if row.label == labels[0] and row.peer_name == "lz4 alone")
    assert library.peer is not None, library.remark


def test_what_was_written_is_not_left_behind(recording):
    path = recording("AEDAT4")
    (row,) = readers.writing(SMALL, path, repeat=1)
    assert row.ours > 0
    assert list(path.parent.iterdir()) == [path]


def test_first_and_later_seeks_are_told_apart(recording):
    rows = readers.seeking(SMALL, "AEDAT4", recording("AEDAT4"), repeat=1)
    assert [row.label.split(",")[0] for row in rows] == ["open and first seek", "next seeks"]
    assert all(row.ours > 0 and row.less_is_better for row in rows)


@pytest.mark.parametrize("file_format", ["AEDAT4", "EVT3", "DAT"])
def test_each_seek_has_its_time(file_format, recording):
    waits_ms = _readers_ours.seek(str(recording(file_format)), [9_000, 0, 5_000])
    assert len(waits_ms) == 3
    assert min(waits_ms) > 0


def test_a_seek_that_ends_elsewhere_is_no_result(recording):
    with pytest.raises(ValueError, match="sought -5000 us, found"):
        _readers_ours.seek(str(recording("AEDAT4")), [-5_000])


def test_every_call_has_its_memory_measured_in_a_process_of_its_own(tmp_path):
    script = tmp_path / "hungry_ours.py"
    script.write_text("def take(megabytes):\n    return len(b'x' * int(megabytes * 1e6))\n")
    calls = {f"{size} MB": Call(str(script), "take", {"megabytes": size}) for size in (90, 1)}
    much, little = peak_memory_mb(calls).values()
    assert much > little + 60


def test_ours_alone_has_a_row_without_a_peer():
    (row,) = rows_of_calls("seek", "ms", {"ours": 3.0}, less_is_better=True)
    assert (row.ours, row.peer_name, row.ratio) == (3.0, "", None)


def test_peers_are_named_with_the_version_of_their_package():
    names = ["numpy to numpy", "nobody-has-this", ""]
    rows = [Row(label="read", unit="Mev/s", ours=1.0, peer_name=name) for name in names]
    named = [row.peer_name for row in with_versions(rows, PEERS)]
    assert named == [f"numpy {np.__version__} to numpy", "nobody-has-this", ""]
