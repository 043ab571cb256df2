"""RAW recordings written: words, headers, times beyond the range of the words, triggers, limits."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import (
    EVENT_DTYPE,
    TRIGGER_DTYPE,
    Events,
    OutputError,
    Packet,
    SensorSize,
)
from eventvision.io._evt.source import EvtSource
from eventvision.io._evt.writer import EvtWriter

VGA = SensorSize(640, 480)
ENCODINGS = ("EVT2", "EVT2.1", "EVT3")
FULL = Path("/dev/full")
NONE = np.empty(0, EVENT_DTYPE)
NO_EDGES = np.empty(0, TRIGGER_DTYPE)


def events_of(*rows):
    return np.array(list(rows), EVENT_DTYPE)


def triggers_of(*rows):
    return np.array(list(rows), TRIGGER_DTYPE)


def written(path, parts, encoding="EVT3", sensor=VGA, camera=""):
    """Write events, or (events, triggers); return the writer."""
    writer = EvtWriter(path, sensor, encoding=encoding, camera=camera)
    for part in parts:
        events, triggers = part if isinstance(part, tuple) else (part, NO_EDGES)
        writer.write(Packet(Events(events, sensor), triggers=triggers))
    writer.close()
    writer.close()
    return writer


def read(path):
    source = EvtSource(path)
    packets = list(source)
    assert not source.damage
    return (
        np.concatenate([NONE, *(packet.events.data for packet in packets)]),
        np.concatenate([NO_EDGES, *(packet.triggers for packet in packets)]),
    )


def words_of(path, dtype):
    content = path.read_bytes()
    return np.frombuffer(content[content.index(b"% end\n") + 6 :], dtype).tolist()


def same(a, b):
    return a.size == b.size and all((a[name] == b[name]).all() for name in a.dtype.names)


def plainly_decoded(words):
    """Events of EVT3 words, as the format says; times never wrap."""
    events, high, low, row, column, on = [], 0, 0, 0, 0, 0
    for word in words:
        kind, value = word >> 12, word & 0xFFF
        if kind == 0:
            row = value
        elif kind == 2:
            events.append((high << 12 | low, value & 0x7FF, row, value >> 11))
        elif kind == 3:
            column, on = value & 0x7FF, value >> 11
        elif kind == 4:
            bits = [bit for bit in range(12) if value >> bit & 1]
            events += [(high << 12 | low, column + bit, row, on) for bit in bits]
            column += 12
        elif kind == 6:
            low = value
        elif kind == 8:
            high = value
    return events


FEW = [(5, 1, 2, 1), (5, 3, 2, 1), (5, 3, 2, 0), (4096, 3, 2, 0), (4097, 639, 479, 1)]


def test_evt3_words_state_only_what_changed(tmp_path):
    written(tmp_path / "a.raw", [events_of(*FEW)])
    assert words_of(tmp_path / "a.raw", "<u2") == [
        0x8000, 0x6005, 0x0002, 0x2801, 0x2803, 0x2003,
        0x8001, 0x6000, 0x2003, 0x6001, 0x01DF, 0x2A7F,
    ]  # fmt: skip


def test_evt2_words_carry_whole_events(tmp_path):
    written(tmp_path / "a.raw", [events_of(*FEW[:4])], "EVT2")
    highs = [0x80000000 | high for high in range(1, 65)]
    assert words_of(tmp_path / "a.raw", "<u4") == [
        0x80000000, *(on << 28 | 5 << 22 | x << 11 | 2 for _, x, _, on in FEW[:3]),
        *highs, 3 << 11 | 2,
    ]  # fmt: skip


def test_neighbours_become_vectors(tmp_path):
    row = events_of(*((7, x, 9, 1) for x in (40, 41, 43, 51, 52, 75, 76, 77)))
    written(tmp_path / "a.raw", [row])
    words = words_of(tmp_path / "a.raw", "<u2")
    assert words[3:] == [0x3828, 0x480B, 0x4001, 0x4800, 0x4003]
    written(tmp_path / "b.raw", [row], "EVT2.1")
    halves = np.array(words_of(tmp_path / "b.raw", "<u4")).reshape(-1, 2)
    assert halves[1:, 0].tolist() == [1 << 8 | 1 << 9 | 1 << 11 | 3 << 19, 7 << 11]
    assert (halves[1:, 1] >> 11 & 0x7FF).tolist() == [32, 64]


def test_order_is_kept_where_columns_fall_or_repeat(tmp_path):
    rows = events_of(*((7, x, 9, 1) for x in (5, 4, 3, 3, 3, 4, 5, 5, 6, 7, 30, 20)))
    for encoding in ENCODINGS:
        written(tmp_path / "a.raw", [rows], encoding)
        assert same(read(tmp_path / "a.raw")[0], rows)


@pytest.mark.parametrize(
    ("encoding", "evt", "form"),
    [
        ("EVT2", "2.0", "EVT2;height=480;width=640"),
        ("EVT2.1", "2.1", "EVT21;endianness=little;height=480;width=640"),
        ("EVT3", "3.0", "EVT3;height=480;width=640"),
    ],
)
def test_the_header_names_encoding_size_and_camera(tmp_path, encoding, evt, form):
    written(tmp_path / "a.raw", [], encoding, camera="EVK4 00042\nsecond line")
    assert (tmp_path / "a.raw").read_text().splitlines() == [
        f"% evt {evt}", f"% format {form}", "% geometry 640x480",
        "% camera_integrator_name EVK4 00042", "% end",
    ]  # fmt: skip
    info = EvtSource(tmp_path / "a.raw").info
    assert (info.sensor, info.camera) == (VGA, "EVK4 00042")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("start_us", [0, 2**24 - 1, 2**24, 2**34 - 1, 2**34, 1_700_000_000_000_000])
def test_a_recording_may_begin_at_any_time(tmp_path, encoding, start_us):
    events = events_of(*((start_us + 1000 * i, i, i, i % 2) for i in range(100)))
    writer = written(tmp_path / "a.raw", [events[:50], events[50:]], encoding)
    assert same(read(tmp_path / "a.raw")[0], events)
    fits = start_us < 2 ** (24 if encoding == "EVT3" else 34)
    assert [str(start_us) in note for note in writer.notes] == ([] if fits else [True])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("silence_us", [4096, 2**23, 2**24, 2**24 + 1, 60_000_000, 3_000_000_000])
def test_silence_and_wraps_are_unambiguous(tmp_path, encoding, silence_us):
    first = events_of(*((3 * i, i, i, 1) for i in range(70)))
    later = first.copy()
    later["t"] += silence_us
    written(tmp_path / "a.raw", [first, later], encoding)
    assert same(read(tmp_path / "a.raw")[0], np.concatenate([first, later]))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_triggers_are_stored_in_order_of_time(tmp_path, encoding):
    events = events_of(*((100 * i, i, i, 1) for i in range(100)))
    edges = triggers_of((0, 0, True), (50, 3, False), (9_900, 15, True), (9_950, 0, False))
    written(tmp_path / "a.raw", [(events[:50], edges), events[50:]], encoding)
    found, triggers = read(tmp_path / "a.raw")
    assert same(found, events)
    assert same(triggers, edges)


def test_triggers_that_come_late_are_moved_and_those_without_a_number_left_out_and_told(tmp_path):
    events = events_of(*((100 * i, i, i, 1) for i in range(100)))
    edges = triggers_of((4_700, 1, True), (4_999, 40, False), (5_010, 2, True))
    writer = written(tmp_path / "a.raw", [events[:50], (events[50:], edges)])
    assert [trigger.tolist() for trigger in read(tmp_path / "a.raw")[1]] == [
        (4_900, 1, True), (5_010, 2, True),
    ]  # fmt: skip
    assert [note.split()[0] for note in writer.notes] == ["1", "1"]
    assert "up to 200 us" in writer.notes[0]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_recording_of_triggers_alone_is_stored(tmp_path, encoding):
    edges = triggers_of(*((2**40 + 10_000 * i, 1, i % 2 == 0) for i in range(20)))
    written(tmp_path / "a.raw", [(NONE, edges[:7]), (NONE, edges[7:])], encoding)
    assert same(read(tmp_path / "a.raw")[1], edges)


def test_what_does_not_fit_is_refused_with_the_limit(tmp_path):
    with pytest.raises(OutputError, match="2048 pixels"):
        EvtWriter(tmp_path / "a.raw", SensorSize(2049, 10))
    with pytest.raises(OutputError, match="cannot be written"):
        EvtWriter(tmp_path / "no" / "a.raw", VGA)
    with pytest.raises(ValueError, match="EVT4"):
        EvtWriter(tmp_path / "a.raw", VGA, encoding="EVT4")
    writer = EvtWriter(tmp_path / "a.raw", VGA)
    good = events_of(*FEW)
    writer.write(Packet(Events(good, VGA)))
    for bad, words in [((1, 1, 1, 1), "comes after"), ((2**50, 1, 1, 1), "silence"),
                       ((9_000, 2048, 1, 1), "below 2048")]:  # fmt: skip
        with pytest.raises(OutputError, match=words):
            writer.write(Packet(Events(events_of(bad), VGA)))
    writer.close()
    assert same(read(tmp_path / "a.raw")[0], good)


def test_a_full_disk_is_told(tmp_path):
    if not FULL.exists():
        pytest.skip(f"{FULL} does not exist")
    writer = EvtWriter(FULL, VGA)
    with pytest.raises(OutputError, match="disk is full"):
        writer.write(Packet(Events(events_of(*((i, 1, 1, 1) for i in range(9_000))), VGA)))
    with contextlib.suppress(OutputError):
        writer.close()


STEP = st.one_of(st.integers(0, 3), st.integers(0, 5000), st.integers(0, 40_000_000))
PLACE = st.tuples(st.integers(0, 40), st.integers(0, 3), st.booleans())


@st.composite
def recordings(draw):
    places = draw(st.lists(PLACE, max_size=60))
    steps = draw(st.lists(STEP, min_size=len(places), max_size=len(places)))
    start = draw(st.sampled_from([0, 1, 2**24 - 5, 2**24, 2**34 + 7, 1_700_000_000_000_000]))
    times = start + np.cumsum(np.array(steps, np.int64))
    rows = zip(times.tolist(), places, strict=True)
    events = events_of(*((t, 30 * x % 640, 159 * y, on) for t, (x, y, on) in rows))
    edges = np.zeros(draw(st.integers(0, min(5, len(places)))), TRIGGER_DTYPE)
    edges["t"] = times[: edges.size]
    edges["source"], edges["rising"] = np.arange(edges.size), np.arange(edges.size) % 2
    return events, edges, draw(st.integers(0, 60))


@settings(max_examples=80, deadline=None)
@given(recording=recordings(), encoding=st.sampled_from(ENCODINGS))
def test_what_was_written_is_read_back(tmp_path_factory, recording, encoding):
    events, edges, cut = recording
    path = tmp_path_factory.mktemp("round") / "a.raw"
    parts = [(part, edges[np.isin(edges["t"], part["t"])]) for part in (events[:cut], events[cut:])]
    edges = np.concatenate([part[1] for part in parts])
    edges = edges[np.argsort(edges["t"], kind="stable")]
    written(path, parts, encoding)
    found, triggers = read(path)
    assert same(found, events)
    assert same(triggers, edges)


@settings(max_examples=60, deadline=None)
@given(places=st.lists(PLACE, max_size=80), steps=st.lists(st.integers(0, 2), max_size=80))
def test_evt3_words_mean_what_the_format_says(tmp_path_factory, places, steps):
    times = np.cumsum(np.array(steps, np.int64) * 700).tolist()
    rows = [(t, *place) for t, place in zip(times, places, strict=False)]
    path = tmp_path_factory.mktemp("words") / "a.raw"
    written(path, [events_of(*rows)] if rows else [])
    assert plainly_decoded(words_of(path, "<u2")) == rows
