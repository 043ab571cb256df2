"""RAW recordings: headers, events, seeking, damage."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    TRIGGER_DTYPE,
    FormatError,
    SensorSize,
    SourceNotFoundError,
)
from eventvision.io._evt.source import EvtSource

REAL = ("evt2/sparklers.raw", "evt3/sparse_hd.raw")


def evt3_words(count, seed=0, start_us=0, width=640, height=480):
    """Events in EVT3 and what they are: (words, events, triggers)."""
    random = np.random.default_rng(seed)
    t = start_us + np.cumsum(random.integers(0, 60, count))
    events = np.zeros(count, EVENT_DTYPE)
    events["t"], events["on"] = t, random.integers(0, 2, count)
    events["x"], events["y"] = random.integers(0, width, count), random.integers(0, height, count)
    words, triggers, high = [], [], None
    for index, (at, x, y, on) in enumerate(events.tolist()):
        if at >> 12 != high:
            high = at >> 12
            words.append(0x8000 | high & 0xFFF)
        words += [0x6000 | at & 0xFFF, y, 0x2000 | on << 11 | x]
        if index % 100 == 99:
            words.append(0xA000 | 3 << 8 | index // 100 & 1)
            triggers.append((at, 3, bool(index // 100 & 1)))
    return np.array(words, "<u2"), events, np.array(triggers, TRIGGER_DTYPE)


def evt2_words(events):
    """The same events as EVT2."""
    words, high = [], None
    for at, x, y, on in events.tolist():
        if at >> 6 != high:
            high = at >> 6
            words.append(8 << 28 | high)
        words.append(on << 28 | (at & 0x3F) << 22 | x << 11 | y)
    return np.array(words, "<u4")


def evt21_words(events, *, legacy):
    """The same events as EVT2.1, one to a word."""
    heads = evt2_words(events)
    valid = (heads >> 28 <= 1).astype("<u4")
    return np.stack([heads, valid] if legacy else [valid, heads], axis=1)


def recorded(folder, words, header="% evt 3.0\n% geometry 640x480\n", name="test.raw"):
    path = folder / name
    path.write_bytes(header.encode() + words.tobytes())
    return path


def read(source):
    packets = list(source)
    events = [packet.events.data for packet in packets]
    triggers = [packet.triggers for packet in packets]
    return np.concatenate([np.empty(0, EVENT_DTYPE), *events]), np.concatenate(
        [np.empty(0, TRIGGER_DTYPE), *triggers]
    )


@pytest.mark.parametrize("name", REAL)
def test_real_recordings_give_the_events_of_the_manifest(shared_recordings, name):
    manifest = json.loads((shared_recordings / "manifest.json").read_text())
    truth = next(entry for entry in manifest if entry["file"] == name)
    source = EvtSource(shared_recordings / name)
    events, _ = read(source)
    assert len(events) == truth["events"]
    assert int(events["t"][-1] - events["t"][0]) == round(truth["duration_s"] * 1e6)
    assert source.info.sensor == SensorSize(truth["width"], truth["height"])
    assert source.info.sensor_from == "data"
    assert source.info.camera.startswith("Prophesee hal_plugin_gen")
    assert not source.damage
    assert source.progress == 1.0


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("% evt 3.0\n% geometry 640x480\n", "EVT3"),
        ("% Date 2024-01-01\n% evt 3.0\n% geometry 640x480\n% end\n", "EVT3"),
        ("% format EVT3;height=480;width=640\n% end\n", "EVT3"),
        ("% evt 3.0\r\n% format EVT3;width=640;height=480\r\n", "EVT3"),
        ("% evt 2.0\n% geometry 640x480\n", "EVT2"),
        ("% format EVT2;width=640;height=480\n% evt 2.0\n", "EVT2"),
        ("% evt 2.1\n% geometry 640x480\n", "EVT2.1"),
        ("% evt 2.1\n% geometry 640x480\n", "EVT2.1 legacy"),
        ("% format EVT21;height=480;width=640\n% end\n", "EVT2.1"),
        ("% format EVT21;endianness=little;height=480;width=640\n", "EVT2.1"),
        ("% format EVT21;endianness=legacy;height=480;width=640\n", "EVT2.1 legacy"),
    ],
)
def test_every_way_to_state_encoding_and_size_is_understood(tmp_path, header, encoding):
    words, events, _ = evt3_words(300)
    if encoding == "EVT2":
        words = evt2_words(events)
    elif encoding != "EVT3":
        words = evt21_words(events, legacy=encoding.endswith("legacy"))
    source = EvtSource(recorded(tmp_path, words, header))
    assert source.info.format == encoding
    assert source.info.sensor == SensorSize(640, 480)
    assert source.info.sensor_from == "header"
    assert np.array_equal(read(source)[0], events)
    assert not source.damage


def test_camera_and_serial_come_from_the_header(tmp_path):
    header = "% evt 3.0\n% integrator_name Prophesee\n% sensor_name IMX636\n% serial_number 00051\n"
    source = EvtSource(recorded(tmp_path, evt3_words(10)[0], header))
    assert source.info.camera == "Prophesee IMX636 00051"


def test_a_missing_size_is_inferred_and_said(tmp_path):
    words, _, _ = evt3_words(2_000)
    source = EvtSource(recorded(tmp_path, words, "% evt 3.0\n% geometry oddx0\n"))
    assert source.info.sensor == SensorSize(640, 480)
    assert source.info.sensor_from == "data"
    assert "inferred" in source.info.notes[0]


def test_the_user_may_overrule_the_size(tmp_path):
    words, events, _ = evt3_words(2_000)
    source = EvtSource(recorded(tmp_path, words), sensor=SensorSize(320, 480))
    assert source.info.sensor_from == "user"
    assert np.array_equal(read(source)[0], events[events["x"] < 320])
    assert source.damage.kinds == {"outside-sensor": 1}


def test_triggers_travel_along(tmp_path):
    words, events, triggers = evt3_words(5_000)
    found_events, found_triggers = read(EvtSource(recorded(tmp_path, words), packet_events=64))
    assert np.array_equal(found_events, events)
    assert np.array_equal(found_triggers, triggers)


def test_the_time_of_the_first_event_in_the_header_is_added(tmp_path):
    words, events, triggers = evt3_words(200)
    header = "% evt 3.0\n% geometry 640x480\n% t0 1000000\n"
    found_events, found_triggers = read(EvtSource(recorded(tmp_path, words, header)))
    assert np.array_equal(found_events["t"], events["t"] + 1_000_000)
    assert np.array_equal(found_triggers["t"], triggers["t"] + 1_000_000)


def test_packets_are_no_larger_than_asked_and_their_size_changes_nothing(tmp_path):
    words, events, _ = evt3_words(3_000)
    path = recorded(tmp_path, words)
    for size in (64, 100, 65_536):
        packets = list(EvtSource(path, packet_events=size))
        assert max(len(packet) for packet in packets) <= size + 64
        assert np.array_equal(np.concatenate([p.events.data for p in packets]), events)


def test_a_recording_can_be_read_twice(tmp_path):
    words, events, _ = evt3_words(500)
    with EvtSource(recorded(tmp_path, words)) as source:
        assert np.array_equal(read(source)[0], events)
        assert np.array_equal(read(source)[0], events)


@pytest.mark.parametrize("encoding", ["EVT2", "EVT3"])
@pytest.mark.parametrize("order", ["forwards", "backwards", "after reading"])
def test_seeking_starts_with_the_first_event_at_or_after_the_time(
    tmp_path, monkeypatch, encoding, order
):
    monkeypatch.setattr("eventvision.io._marks.MARK_BYTES", 1_000)
    words, events, triggers = evt3_words(4_000, start_us=(1 << 24) - 30_000)
    if encoding == "EVT2":
        words, triggers = evt2_words(events), triggers[:0]
    header = f"% evt {encoding[3:]}.0\n% geometry 640x480\n"
    source = EvtSource(recorded(tmp_path, words, header), packet_events=100)
    if order == "after reading":
        read(source)
    times = np.linspace(-5, int(events["t"][-1]) + 5, 40).astype(int).tolist()
    times += events["t"][::400].tolist()
    for t_us in sorted(times, reverse=order == "backwards"):
        source.seek(t_us)
        found_events, found_triggers = read(source)
        assert np.array_equal(found_events, events[events["t"] >= t_us])
        assert np.array_equal(found_triggers, triggers[triggers["t"] >= t_us])
        assert not source.damage


def test_seeking_finds_triggers_in_silence(tmp_path, monkeypatch):
    monkeypatch.setattr("eventvision.io._marks.MARK_BYTES", 100)
    words = [0x8000, 5, 0x6001, 0x2001]
    for t_us in range(2, 400):
        words += [0x6000 | t_us, 0xA000 | t_us & 1]
    monkeypatch.setattr("eventvision.io._evt.steps._LEAST_STEP_BYTES", 64)
    monkeypatch.setattr("eventvision.io._evt.steps._STEP_BYTES_PER_EVENT", 1)
    source = EvtSource(recorded(tmp_path, np.array(words, "<u2")), packet_events=64)
    for t_us in (398, 200, 150, 1):
        source.seek(t_us)
        assert read(source)[1]["t"].tolist() == list(range(max(2, t_us), 400))


def test_a_few_damaged_words_do_not_blow_up_the_inferred_size(tmp_path):
    words, _, _ = evt3_words(5_000)
    words[np.flatnonzero(words >> 12 == 2)[2_000]] = 0x2000 | 2_000
    source = EvtSource(recorded(tmp_path, words, "% evt 3.0\n"))
    assert source.info.sensor == SensorSize(640, 480)


def test_pixels_on_no_sensor_ask_for_the_size(tmp_path):
    words = np.array([0x8000, 0x6000, 5, 0x3000, *[0x4FFF] * 3_000], "<u2")
    path = recorded(tmp_path, words, "% evt 3.0\n")
    with pytest.raises(FormatError, match="name the size"):
        EvtSource(path)
    assert len(read(EvtSource(path, sensor=SensorSize(640, 480)))[0]) == 640


def test_seeking_counts_in_the_times_that_are_delivered(tmp_path):
    first, before, _ = evt3_words(2_000, start_us=4_000_000)
    second, _, _ = evt3_words(2_000, seed=1, start_us=50_000)
    source = EvtSource(recorded(tmp_path, np.concatenate([first, second])), packet_events=100)
    events, _ = read(source)
    assert source.damage.kinds == {"time-jump": 1}
    assert len(events) == 4_000
    middle = int(events["t"][3_000])
    assert middle > before["t"][-1]
    source.seek(middle)
    assert np.array_equal(read(source)[0], events[events["t"] >= middle])


def test_a_file_cut_at_any_byte_gives_all_events_before_the_cut(tmp_path):
    words, events, _ = evt3_words(30)
    whole = recorded(tmp_path, words).read_bytes()
    header = len(whole) - words.nbytes
    for cut in range(header, len(whole)):
        path = tmp_path / "cut.raw"
        path.write_bytes(whole[:cut])
        source = EvtSource(path)
        found, _ = read(source)
        assert np.array_equal(found, events[: len(found)])
        assert len(found) == np.sum(words[: (cut - header) // 2] >> 12 == 2)
        assert source.damage.kinds == ({"truncated": 1} if (cut - header) % 2 else {})


def test_events_before_the_first_time_are_counted(tmp_path):
    words, _, _ = evt3_words(30)
    source = EvtSource(recorded(tmp_path, words[1:]))
    assert len(read(source)[0]) == 0
    assert source.damage.kinds == {"no-time-base": 1}
    assert source.damage.events_skipped == 30
    assert source.damage.items[0].byte_start == len("% evt 3.0\n% geometry 640x480\n")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("version", ["2.0", "2.1", "3.0"])
def test_noise_gives_ordered_events_on_the_sensor_and_a_report(tmp_path, version, seed):
    noise = np.random.default_rng(seed).integers(0, 256, 20_003).astype(np.uint8)
    source = EvtSource(recorded(tmp_path, noise, f"% evt {version}\n% geometry 640x480\n"))
    events, _ = read(source)
    assert np.all(np.diff(events["t"]) >= 0)
    assert np.all((events["x"] < 640) & (events["y"] < 480))
    assert {"reserved-words", "truncated", "outside-sensor"} <= set(source.damage.kinds)


def test_good_events_return_after_damage(tmp_path):
    words, events, _ = evt3_words(3_000)
    broken = words.copy()
    broken[4_000:4_050] = np.random.default_rng(0).integers(0, 1 << 16, 50)
    source = EvtSource(recorded(tmp_path, broken))
    found, _ = read(source)
    assert source.damage
    assert np.array_equal(found[:1_200], events[:1_200])
    assert np.array_equal(found[-1_500:], events[-1_500:])


def test_a_header_without_words_is_a_recording_without_events(tmp_path):
    source = EvtSource(recorded(tmp_path, np.empty(0, "<u2")))
    assert list(source) == []
    assert not source.damage
    source.seek(1_000)
    assert list(source) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"not a recording at all", "does not begin with a RAW header"),
        (b"% ", "does not begin with a RAW header"),
        (b"% Date 2024-01-01\n% end\n", "names no encoding"),
        (b"% evt 4.0\n% end\n", "EVT4.0"),
        (b"% format EVT9;width=3;height=3\n", "EVT9"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_recording_is_refused_with_a_remedy(tmp_path, content, problem):
    path = tmp_path / "odd.raw"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=problem) as caught:
        EvtSource(path)
    assert caught.value.remedy


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceNotFoundError, match=r"gone\.raw: no such file"):
        EvtSource(tmp_path / "gone.raw")


def test_packets_too_small_to_hold_a_vector_are_refused(tmp_path):
    with pytest.raises(ValueError, match="64 or more"):
        EvtSource(recorded(tmp_path, evt3_words(10)[0]), packet_events=63)


def test_stopping_early_and_seeking_again_is_clean(tmp_path):
    words, events, _ = evt3_words(3_000)
    source = EvtSource(recorded(tmp_path, words), packet_events=64)
    list(itertools.islice(source, 3))
    source.seek(int(events["t"][10]))
    list(itertools.islice(source, 2))
    source.seek(0)
    assert np.array_equal(read(source)[0], events)
