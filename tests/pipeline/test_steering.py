"""A run can be changed while it runs, from any thread."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest
from streams import SENSOR, MemorySource, cut_at, random_events

from eventvision.core import ConfigError, Image, OutputError, Packet, Result, Slice, SliceResult
from eventvision.filters import parse_filters
from eventvision.io import open_source
from eventvision.pipeline import Pipeline, RunConfig, build_pipeline
from eventvision.slicing import SliceByCount, SliceByTime

WAIT_S = 120


class Asks(MemorySource):
    """Calls what it is given before the packet of that number."""

    def __init__(self, packets, before: Mapping[int, Callable[[], None]], **options) -> None:
        super().__init__(packets, **options)
        self.before = dict(before)

    def __iter__(self) -> Iterator[Packet]:
        for number, packet in enumerate(super().__iter__()):
            if number in self.before:
                self.before[number]()
            yield packet


class Counting:
    """A task that counts its steps since it was last reset."""

    def __init__(self, name: str = "reconstruction", needs: tuple[str, ...] = ()) -> None:
        self.name, self.needs = name, needs
        self.steps = self.resets = self.since_reset = 0

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Result:
        self.steps += 1
        self.since_reset += 1
        return Image(np.full(SENSOR.shape, self.since_reset, np.float32))

    def reset(self) -> None:
        self.resets += 1
        self.since_reset = 0


class Collect:
    def __init__(self, on_write: Callable[[int], None] = lambda count: None) -> None:
        self.results: list[SliceResult] = []
        self._on_write = on_write
        self._came = threading.Condition()

    def write(self, result: SliceResult) -> None:
        with self._came:
            self.results.append(result)
            self._came.notify_all()
        self._on_write(len(self.results))

    def wait_for(self, count: int) -> None:
        with self._came:
            assert self._came.wait_for(lambda: len(self.results) >= count, WAIT_S)

    def close(self) -> None:
        pass

    def events(self) -> np.ndarray:
        return np.concatenate([result.slice.events.data for result in self.results])


def hundreds(count: int, **options) -> list[Packet]:
    """Return packets of 100 events."""
    return cut_at(random_events(100 * count, **options), range(100, 100 * count, 100))


def by_hundreds() -> SliceByCount:
    return SliceByCount(SENSOR, events=100)


def steered(sink: Collect, packets: list[Packet], **options) -> Pipeline:
    values = {"source": MemorySource(packets), "slicer": by_hundreds(), "sinks": [sink]}
    return Pipeline(**{**values, **options})


def running(pipeline: Pipeline) -> threading.Thread:
    runner = threading.Thread(target=pipeline.run, daemon=True)
    runner.start()
    return runner


def ended(runner: threading.Thread) -> bool:
    runner.join(WAIT_S)
    return not runner.is_alive()


def test_a_task_that_is_off_takes_no_steps_and_starts_from_a_reset_when_on_again():
    task = Counting()

    def switch(count: int) -> None:
        if count in (3, 6):
            pipeline.steer.set_task("reconstruction", count == 6)

    sink = Collect(switch)
    pipeline = steered(sink, hundreds(10), tasks=[task])
    resets = []
    original = task.reset
    task.reset = lambda: (resets.append(len(sink.results)), original())[0]
    pipeline.run()
    had = [result.results.get("reconstruction") for result in sink.results]
    assert [result is not None for result in had] == [True] * 3 + [False] * 3 + [True] * 4
    assert had[6].pixels[0, 0] == 1
    assert resets == [0, 6]


def test_tasks_that_need_one_that_is_off_rest_and_are_reset_with_it():
    first, second = Counting("detection"), Counting("tracking", ("detection",))

    def switch(count: int) -> None:
        if count in (2, 4):
            pipeline.steer.set_task("detection", count == 4)

    sink = Collect(switch)
    pipeline = steered(sink, hundreds(6), tasks=[first, second])
    pipeline.run()
    assert [len(result.results) for result in sink.results] == [2, 2, 0, 0, 2, 2]
    assert sink.results[4].results["tracking"].pixels[0, 0] == 1


def test_a_task_that_is_switched_on_takes_along_what_it_needs():
    tasks = [Counting("detection"), Counting("tracking", ("detection",))]
    sink = Collect()
    pipeline = steered(sink, hundreds(3), tasks=tasks)
    pipeline.steer.set_task("detection", False)
    pipeline.steer.set_task("tracking", False)
    pipeline.steer.set_task("tracking", True)
    pipeline.run()
    assert [len(result.results) for result in sink.results] == [2, 2, 2]


def test_a_task_the_run_began_without_is_opened_by_name(tmp_path):
    path = tmp_path / "events.txt"
    path.write_text("".join(f"{t} {t % 40} {t % 30} {t % 2}\n" for t in range(0, 60_000, 7)))
    sink = Collect(lambda count: count == 2 and pipeline.steer.set_task("tracking", True))
    config = RunConfig.checked(source=str(path), tasks="none", filters="none", slicer="time:5ms")
    with open_source(path) as source:
        pipeline = build_pipeline(config, source, sinks=[sink])
        pipeline.run()
    names = [set(result.results) for result in sink.results]
    assert names[:2] == [set(), set()]
    assert names[2] == {"detection", "tracking"}


@pytest.mark.parametrize(
    ("steer", "option"),
    [
        (lambda steer: steer.set_task("detektion", True), "tasks"),
        (lambda steer: steer.set_task("detection:model=x", True), "tasks"),
        (lambda steer: steer.set_slicer("tyme:10ms"), "slicer"),
        (lambda steer: steer.set_filters("backround"), "filters"),
        (lambda steer: steer.set_filters("crop:10x10+0+0"), "filters"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(tmp_path, steer, option):
    path = tmp_path / "events.txt"
    path.write_text("".join(f"{t} {t % 40} {t % 30} {t % 2}\n" for t in range(0, 60_000, 7)))
    sink = Collect()
    config = RunConfig.checked(source=str(path), tasks="detection", slicer="count:1000")
    with open_source(path) as source:
        pipeline = build_pipeline(config, source, sinks=[sink])
        with pytest.raises(ConfigError) as refused:
            steer(pipeline.steer)
        summary = pipeline.run()
    assert refused.value.option == option
    assert {len(result.slice) for result in sink.results[:-1]} == {1000}
    assert all("detection" in result.results for result in sink.results)
    assert summary.filtered["BackgroundActivity"] > 0


@pytest.mark.parametrize("speed", [None, 20.0])
def test_another_slicer_loses_no_event_and_slices_stay_numbered(speed):
    packets = hundreds(60)
    by_time, by_count = SliceByTime(SENSOR, window_us=777), SliceByCount(SENSOR, events=64)
    source = Asks(
        packets,
        {
            20: lambda: pipeline.steer.set_slicer(by_time),
            40: lambda: pipeline.steer.set_slicer(by_count),
        },
    )
    sink = Collect()
    pipeline = steered(sink, packets, source=source, speed=speed)
    pipeline.run()
    expected = np.concatenate([packet.events.data for packet in packets])
    assert np.array_equal(sink.events(), expected)
    slices = [result.slice for result in sink.results]
    assert [slice_.index for slice_ in slices] == list(range(len(slices)))
    assert {slice_.ended_by for slice_ in slices} == {"count", "time", "flush"}
    assert all(a.t1_us <= b.t0_us + 1 for a, b in itertools.pairwise(slices))


def test_other_filters_account_for_every_event_removed_before_and_after():
    packets = hundreds(40)
    filters = parse_filters("background:1ms", SENSOR)
    source = Asks(packets, {20: lambda: pipeline.steer.set_filters(
        parse_filters("refractory:5ms,background:100us", SENSOR))})  # fmt: skip
    sink = Collect()
    pipeline = steered(sink, packets, source=source, filters=filters)
    summary = pipeline.run()
    assert set(summary.filtered) == {"BackgroundActivity", "Refractory"}
    assert sum(summary.filtered.values()) + sink.events().size == summary.events == 4000


def recorded(path) -> np.ndarray:
    with open_source(path) as source:
        return np.concatenate([packet.events.data for packet in source])


def test_a_recording_can_begin_and_end_in_the_middle_of_a_run(tmp_path):
    packets, out = hundreds(30), tmp_path / "middle.aedat4"
    reports = []
    source = Asks(
        packets,
        {
            10: lambda: pipeline.steer.start_recording(out),
            20: lambda: reports.append(pipeline.steer.stop_recording()),
        },
    )
    pipeline = steered(Collect(), packets, source=source)
    # Reading ahead would call from another thread than the one that records.
    source.is_live = True
    pipeline = steered(Collect(), packets, source=source, policy="block")
    pipeline.run()
    expected = np.concatenate([packet.events.data for packet in packets[10:20]])
    assert reports[0].events == expected.size
    assert np.array_equal(recorded(out), expected)


def test_a_recording_begins_with_what_was_kept_of_the_past(tmp_path):
    packets, out = hundreds(30), tmp_path / "late.aedat4"
    source = Asks(packets, {20: lambda: pipeline.steer.start_recording(out, 8_000)}, is_live=True)
    pipeline = steered(Collect(), packets, source=source, policy="block", keep_us=60_000_000)
    summary = pipeline.run()
    data = np.concatenate([packet.events.data for packet in packets])
    found = recorded(out)
    began_us = int(packets[19].events.t[-1]) - 8_000
    assert np.array_equal(found, data[data["t"] >= began_us])
    assert summary.dropped["events: not recorded, disk too slow"] == 0


def test_only_one_recording_is_made_at_a_time(tmp_path):
    pipeline = steered(Collect(), hundreds(1))
    pipeline.steer.start_recording(tmp_path / "a.aedat4")
    with pytest.raises(OutputError, match="another recording is being made"):
        pipeline.steer.start_recording(tmp_path / "b.aedat4")
    pipeline.run()
    assert not (tmp_path / "b.aedat4").exists()
    assert len(recorded(tmp_path / "a.aedat4")) == 100
    assert pipeline.steer.stop_recording() is None


def test_a_recording_that_fails_is_told_and_the_run_goes_on(tmp_path, monkeypatch):
    told: list[str] = []
    problem = OutputError(tmp_path / "x.raw", "the disk is full", "free some space")
    failed = threading.Event()

    def refuse(*_: object) -> None:
        failed.set()
        raise problem

    def late() -> None:
        failed.wait(WAIT_S)
        deadline_s = time.monotonic() + WAIT_S
        while not told and time.monotonic() < deadline_s:
            time.sleep(0.01)
            pipeline._recording.write(packets[0])

    before = set(threading.enumerate())
    monkeypatch.setattr("eventvision.io.EvtWriter.write", refuse)
    packets = hundreds(5)
    source = Asks(packets, {4: late}, is_live=True)
    sink = Collect()
    pipeline = steered(sink, packets, source=source, policy="block", on_notice=told.append)
    pipeline.steer.start_recording(tmp_path / "x.raw")
    summary = pipeline.run()
    assert len(told) == 1
    assert "the disk is full" in told[0]
    assert summary.slices == 5
    assert summary.dropped["events: not recorded, recording stopped"] >= 100
    left = set(threading.enumerate()) - before
    assert not any(thread.name == "eventvision-recorder" for thread in left)


def test_a_paused_run_looks_at_nothing_and_steps_one_by_one():
    sink = Collect()
    pipeline = steered(sink, hundreds(50))
    pipeline.steer.pause()
    runner = running(pipeline)
    for count in (1, 2, 3):
        pipeline.steer.step()
        sink.wait_for(count)
    assert len(sink.results) == 3
    assert pipeline.status().paused
    pipeline.steer.resume()
    assert ended(runner)
    assert [result.slice.index for result in sink.results] == list(range(50))


def test_a_step_does_not_wait_for_the_time_of_the_recording():
    sink = Collect()
    pipeline = steered(sink, hundreds(3, rate_us=10_000_000), speed=0.01)
    pipeline.steer.pause()
    runner = running(pipeline)
    pipeline.steer.step()
    sink.wait_for(1)
    pipeline.stop()
    assert ended(runner)


def test_a_paused_run_can_be_stopped():
    pipeline = steered(Collect(), hundreds(50), speed=1.0)
    pipeline.steer.pause()
    runner = running(pipeline)
    pipeline.stop()
    assert ended(runner)


def test_slices_that_make_room_while_a_live_run_is_paused_are_counted_as_such():
    sink = Collect()
    source = Asks(hundreds(40), {}, is_live=True)
    pipeline = steered(sink, [], source=source)
    source.before[39] = pipeline.steer.resume
    pipeline.steer.pause()
    summary = pipeline.run()
    paused = summary.dropped["slices: paused"]
    assert paused > 0
    assert summary.dropped["slices: results too slow"] + paused + summary.slices == 40


@pytest.mark.parametrize("first", [1e-6, None])
def test_the_speed_can_change_while_a_recording_plays(first):
    sink = Collect()
    packets = hundreds(20)
    pipeline = steered(sink, packets, speed=first)
    if first is None:
        pipeline.steer.pause()
    runner = running(pipeline)
    pipeline.steer.set_speed(100.0)
    pipeline.steer.resume()
    sink.wait_for(5)
    pipeline.steer.set_speed(None)
    assert ended(runner)
    expected = np.concatenate([packet.events.data for packet in packets])
    assert np.array_equal(sink.events(), expected)


def test_a_speed_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="speed must be positive"):
        steered(Collect(), []).steer.set_speed(0)
