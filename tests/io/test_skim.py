"""Skimming: what is got over without decoding is what decoding finds nothing wrong in."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize
from eventvision.io import open_source, open_writer
from eventvision.kernels import guard

SENSOR = SensorSize(240, 180)
COUNT = 6_000
STEP_EVENTS = 500
MUTATIONS = 150
WRITTEN = {"EVT3": ".raw", "EVT2": ".raw", "EVT2.1": ".raw", "DAT": ".dat"}
KINDS = (*WRITTEN, "ES", "DVS128", "DAVIS")
COUNTERS = {"EVT3": (7, 8), "EVT2": (1, 2), "EVT2.1": (1, 2), "ES": (1, 2, 3)}
COUNTERS |= {"DVS128": (1, 2, 3), "DAVIS": (1, 2, 3)}


def made(sensor, longest_step_us, count=COUNT):
    random = np.random.default_rng(1)
    events = np.zeros(count, EVENT_DTYPE)
    steps = random.integers(0, 30, count)
    steps[random.integers(count // 3, count, 20)] = longest_step_us
    events["t"] = 16_000_000 + np.cumsum(steps)
    events["x"] = random.integers(0, sensor.width, count)
    events["y"] = random.integers(0, sensor.height, count)
    runs = random.integers(0, count - 40, 15)
    for first in runs:  # neighbours in a row, which become vectors
        few = events[first : first + random.integers(2, 40)]
        few["t"], few["y"], few["on"] = few["t"][0], few["y"][0], True
        few["x"] = few["x"][0] % (sensor.width - 40) + np.arange(few.size)
    events["t"] = np.maximum.accumulate(events["t"])
    return events


def stored(folder, kind, events, sensor):
    path = folder / f"{kind}{WRITTEN.get(kind, '.aedat')}"
    if kind in WRITTEN:
        with closing(open_writer(path, sensor, format=kind)) as writer:
            writer.write(Packet(Events(events, sensor)))
    elif kind == "ES":
        path.write_bytes(es_of(events, sensor))
    else:
        path.write_bytes(aedat2_of(events, sensor, kind))
    return path


def es_of(events, sensor):
    out = bytearray(b"Event Stream\x02\x00\x00\x01")
    out += np.array([sensor.width, sensor.height], "<u2").tobytes()
    for event, step in zip(events, np.diff(events["t"], prepend=events["t"][0]), strict=True):
        out += b"\xff" * (step // 127)
        out.append(int(step % 127) << 1 | int(event["on"]))
        out += np.array([event["x"], sensor.height - 1 - event["y"]], "<u2").tobytes()
    return bytes(out)


def aedat2_of(events, sensor, kind):
    x = sensor.width - 1 - events["x"].astype(np.uint32)
    y = sensor.height - 1 - events["y"].astype(np.uint32)
    on = events["on"].astype(np.uint32)
    words = np.empty((events.size, 2), ">u4")
    words[:, 0] = x << 1 | y << 8 | 1 - on if kind == "DVS128" else x << 12 | y << 22 | on << 11
    words[:, 1] = events["t"]
    chip = "DVS128" if kind == "DVS128" else "davis.DAVIS240C"
    head = f"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.{chip}\r\n"
    return head.encode() + words.tobytes()


@pytest.fixture(autouse=True)
def _short_steps(monkeypatch):
    monkeypatch.setattr("eventvision.io._records.PACKET_RECORDS", STEP_EVENTS)
    monkeypatch.setattr("eventvision.io._es._STEP_BYTES", 5 * STEP_EVENTS)
    monkeypatch.setattr("eventvision.io._evt.steps._LEAST_STEP_BYTES", 4 * STEP_EVENTS)
    monkeypatch.setattr("eventvision.io._evt.steps._STEP_BYTES_PER_EVENT", 0)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


class Bench:
    """A recording in memory, and what decodes it."""

    def __init__(self, folder, kind, longest_step_us=40_000):
        self.sensor = SensorSize(128, 128) if kind == "DVS128" else SENSOR
        self.events = made(self.sensor, longest_step_us)
        path = stored(folder, kind, self.events, self.sensor)
        self.source = open_source(path)
        self.data = np.fromfile(path, np.uint8)
        self.counters = COUNTERS.get(kind, ())

    def after_a_step(self, data):
        """Return a decoder after its first step, where that ended, and its last time."""
        decoder = self.source._origin.copy()
        step = decoder.step(data, self.source._begin)
        return decoder, step.after, int(step.events["t"][-1])

    def memory(self, decoder):
        """Return what a decoder remembers, without what only tells of its last step."""
        packed = decoder._state if decoder.pack() is None else decoder.pack()
        return [n for i, n in enumerate(packed.tolist()) if i not in self.counters]

    def decoded(self, decoder, data, start):
        """Return all events that decoding finds from an offset on, and all damage."""
        found, damage = [np.empty(0, EVENT_DTYPE)], []
        while start < data.size:
            step = decoder.step(data, start)
            found.append(step.events)
            damage += step.damage
            start = step.after
        return np.concatenate(found), damage


def test_skimming_gets_to_the_end_of_a_sound_recording_and_remembers_what_decoding_would(
    tmp_path, kind
):
    bench = Bench(tmp_path, kind)
    decoder, start, last_us = bench.after_a_step(bench.data)
    skimming = decoder.copy()
    end, last_us = skimming.skim(bench.data, start, bench.data.size, last_us, bench.sensor)
    assert end > bench.data.size - 8 * STEP_EVENTS
    events, damage = bench.decoded(decoder, bench.data[:end], start)
    assert not damage
    assert last_us == events["t"][-1]
    assert bench.memory(skimming) == bench.memory(decoder)


def test_events_that_are_skimmed_are_those_that_a_guard_lets_pass(tmp_path, kind):
    bench, random = Bench(tmp_path, kind), np.random.default_rng(3)
    width, height = bench.sensor.width, bench.sensor.height
    stopped = 0
    for _ in range(MUTATIONS):
        data = bench.data.copy()
        decoder, start, last_us = bench.after_a_step(data)
        places = random.integers(start, data.size, random.integers(1, 4))
        data[places] = random.integers(0, 256, places.size)
        skimming = decoder.copy()
        end, reached_us = skimming.skim(data, start, data.size, last_us, bench.sensor)
        events, damage = bench.decoded(decoder, data[:end], start)
        assert not damage
        if events.size:
            words = events.view(np.int64).reshape(-1, 2)
            assert guard.is_clean(words, last_us, width, height)
            assert reached_us == events["t"][-1]
        assert bench.memory(skimming) == bench.memory(decoder)
        stopped += end < data.size - 8 * STEP_EVENTS
    assert stopped > MUTATIONS / 10


def test_nothing_is_skimmed_where_a_guard_knows_another_last_event(tmp_path, kind):
    bench = Bench(tmp_path, kind)
    decoder, start, last_us = bench.after_a_step(bench.data)
    before = bench.memory(decoder)
    later_us = last_us + 10_000_000
    assert decoder.skim(bench.data, start, bench.data.size, later_us, bench.sensor)[0] == start
    assert bench.memory(decoder) == before


def test_skimming_stops_before_a_silence_that_a_guard_doubts(tmp_path, kind):
    bench = Bench(tmp_path, kind, longest_step_us=1_500_000)
    decoder, start, last_us = bench.after_a_step(bench.data)
    end, last_us = decoder.skim(bench.data, start, bench.data.size, last_us, bench.sensor)
    steps_us = np.diff(bench.events["t"])
    first_long = bench.events["t"][np.argmax(steps_us > 1_000_000)]
    assert last_us <= first_long
    assert end < bench.data.size / 2


def test_skimming_stops_before_a_pixel_outside_the_sensor_of_the_user(tmp_path, kind):
    bench = Bench(tmp_path, kind)
    decoder, start, last_us = bench.after_a_step(bench.data)
    narrow = SensorSize(bench.sensor.width - 1, bench.sensor.height)
    end, _ = decoder.skim(bench.data, start, bench.data.size, last_us, narrow)
    assert end < bench.data.size / 2


def test_seeking_first_decodes_little_of_a_sound_recording(tmp_path, kind, monkeypatch):
    monkeypatch.setattr("eventvision.io._marks.MARK_BYTES", 12_000)
    monkeypatch.setattr("eventvision.io._skim._PIECE_BYTES", 5_000)
    bench = Bench(tmp_path, kind)
    decode, decoded = type(bench.source._origin).step, []

    def step(decoder, data, start):
        decoded.append(start)
        return decode(decoder, data, start)

    with bench.source as source:
        whole = np.concatenate([packet.events.data for packet in source])
        source._marks = type(source._marks)(source._marks._positions[0])
        monkeypatch.setattr(type(source._origin), "step", step)
        source.seek(int(whole["t"][-STEP_EVENTS]))
        found = next(iter(source)).events.data
    first = np.searchsorted(whole["t"], whole["t"][-STEP_EVENTS])
    assert np.array_equal(found, whole[first : first + found.size])
    assert source._marks.is_complete
    assert len(set(decoded)) < 0.7 * bench.data.size / (4 * STEP_EVENTS)
