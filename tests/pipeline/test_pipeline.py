from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from streams import SENSOR, MemorySource, cut_at, random_events

from eventvision.core import (
    Events,
    Image,
    OutputError,
    Packet,
    Result,
    Slice,
    SliceResult,
    SourceError,
)
from eventvision.pipeline import Pipeline, Progress


class EveryHundred:
    """A slicer of 100 events, as small as can be."""

    def __init__(self) -> None:
        self._waiting = np.empty(0, random_events(1).data.dtype)
        self._index = 0
        self._arrived_ns = 0

    def push(self, packet: Packet) -> Iterator[Slice]:
        self._waiting = np.concatenate([self._waiting, packet.events.data])
        self._arrived_ns = packet.arrived_ns
        while self._waiting.size >= 100:
            yield self._cut(100)

    def flush(self) -> Iterator[Slice]:
        if self._waiting.size:
            yield self._cut(self._waiting.size)
        self._index = 0

    def _cut(self, count: int) -> Slice:
        data, self._waiting = self._waiting[:count], self._waiting[count:]
        self._index += 1
        t0_us, t1_us = int(data["t"][0]), int(data["t"][-1]) + 1
        return Slice(
            self._index - 1,
            Events(data, SENSOR),
            t0_us,
            t1_us,
            "count",
            arrived_ns=self._arrived_ns,
        )


class OnOnly:
    """A filter that keeps ON events."""

    sensor = SENSOR

    def __init__(self) -> None:
        self.removed = 0

    def process(self, packet: Packet) -> Packet:
        kept = packet.events.data[packet.events.on]
        self.removed += len(packet) - kept.size
        return Packet(Events(kept, packet.sensor), arrived_ns=packet.arrived_ns)

    def reset(self) -> None:
        self.removed = 0


class CountPerPixel:
    name = "reconstruction"
    needs: tuple[str, ...] = ()

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Result:
        pixels = np.zeros(SENSOR.shape, np.float32)
        np.add.at(pixels, (slice_.events.y, slice_.events.x), 1)
        return Image(pixels)

    def reset(self) -> None:
        pass


class Collect:
    def __init__(self, fail_at: int | None = None) -> None:
        self.results: list[SliceResult] = []
        self.closed = 0
        self._fail_at = fail_at

    def write(self, result: SliceResult) -> None:
        if self._fail_at == len(self.results):
            raise OutputError("out.jsonl", "disk full", "free some space")
        self.results.append(result)

    def close(self) -> None:
        self.closed += 1


def digest(sink: Collect) -> list[bytes]:
    return [
        b"".join(result.slice.events.data[name].tobytes() for name in ("t", "x", "y", "on"))
        + result.results["reconstruction"].pixels.tobytes()  # type: ignore[union-attr]
        for result in sink.results
    ]


def run(packets: list[Packet], **options: object) -> tuple[Collect, object]:
    sink = Collect()
    pipeline = Pipeline(
        source=MemorySource(packets),
        slicer=EveryHundred(),
        tasks=[CountPerPixel()],
        sinks=[sink],
        **options,  # type: ignore[arg-type]
    )
    return sink, pipeline.run()


@pytest.fixture
def left_threads():
    """Return what tells the names of threads of ours that were not there before."""
    before = set(threading.enumerate())

    def left() -> list[str]:
        names = [thread.name for thread in set(threading.enumerate()) - before]
        return [name for name in names if name.startswith("eventvision-")]

    return left


def test_every_event_reaches_a_sink_and_is_counted():
    events = random_events(1050)
    sink, summary = run(cut_at(events, (3, 500)))
    seen = np.concatenate([result.slice.events.data for result in sink.results])
    assert np.array_equal(seen, events.data)
    assert (summary.events, summary.slices) == (1050, 11)
    assert summary.recording_us == int(events.t[-1] - events.t[0])
    assert sum(summary.dropped.values()) == 0
    assert sink.closed == 1


def test_results_are_the_same_at_any_speed_and_packing():
    events = random_events(1000)
    expected = digest(run([Packet(events)])[0])
    assert digest(run(cut_at(events, (10, 11, 640)))[0]) == expected
    assert digest(run(cut_at(events, (200,)), speed=5.0)[0]) == expected


def test_latency_is_told_for_every_stage_and_in_total():
    _, summary = run([Packet(random_events(1000))], speed=20.0)
    assert {"slice", "reconstruction", "total", "write"} <= set(summary.latency_ms)
    assert all(0 <= stage["p50"] <= stage["p99"] for stage in summary.latency_ms.values())


def test_as_fast_as_possible_no_event_arrives_so_no_waiting_is_told():
    _, summary = run([Packet(random_events(1000))])
    assert "slice" not in summary.latency_ms
    assert summary.latency_ms["total"]["p50"] > 0


def test_filters_say_what_they_removed():
    events = random_events(1000)
    sink, summary = run([Packet(events)], filters=[OnOnly()])
    assert summary.filtered == {"OnOnly": int((~events.on).sum())}
    assert all(result.slice.events.on.all() for result in sink.results)


def test_a_clip_is_half_open_and_counts_from_the_first_event():
    events = random_events(1000)
    t = events.t - events.t[0]
    sink, _ = run(cut_at(events, (100, 400)), start_s=0.010, end_s=0.030)
    seen = np.concatenate([result.slice.events.t for result in sink.results]) - events.t[0]
    assert np.array_equal(seen, t[(t >= 10_000) & (t < 30_000)])


def test_a_failing_source_is_raised_after_what_came_before_was_processed(left_threads):
    failure = SourceError("camera", "unplugged", "plug it in again")
    sink = Collect()
    source = MemorySource([Packet(random_events(500))], failure=failure)
    with pytest.raises(SourceError, match="unplugged"):
        Pipeline(source=source, slicer=EveryHundred(), sinks=[sink]).run()
    assert len(sink.results) == 5
    assert sink.closed == 1
    assert left_threads() == []


def test_a_failing_sink_stops_all_threads_and_closes_all_sinks(left_threads):
    sinks = [Collect(), Collect(fail_at=2)]
    source = MemorySource(cut_at(random_events(100_000), range(100, 100_000, 100)))
    with pytest.raises(OutputError, match="disk full"):
        Pipeline(source=source, slicer=EveryHundred(), sinks=sinks).run()
    assert [sink.closed for sink in sinks] == [1, 1]
    assert left_threads() == []


def test_a_live_source_drops_the_oldest_slices_and_counts_every_one():
    release = threading.Event()

    class Slow(Collect):
        def write(self, result: SliceResult) -> None:
            release.wait(120)
            super().write(result)

    class ReleasesAtEnd(MemorySource):
        def __iter__(self) -> Iterator[Packet]:
            yield from super().__iter__()
            release.set()

    sink = Slow()
    source = ReleasesAtEnd(cut_at(random_events(10_000), range(100, 10_000, 100)), is_live=True)
    summary = Pipeline(source=source, slicer=EveryHundred(), sinks=[sink]).run()
    dropped = summary.dropped["slices: results too slow"]
    assert dropped > 0
    assert dropped + summary.slices == 100
    assert sink.results[-1].slice.index == 99


def test_stop_ends_a_run_early_from_another_thread():
    events = random_events(100_000, rate_us=1000)
    pipeline = Pipeline(source=MemorySource([Packet(events)]), slicer=EveryHundred(), speed=1.0)
    runner = threading.Thread(target=pipeline.run)
    runner.start()
    pipeline.stop()
    runner.join(timeout=120)
    assert not runner.is_alive()


def test_progress_is_told_after_every_slice():
    told: list[Progress] = []
    _, summary = run([Packet(random_events(1000))], on_progress=told.append)
    assert [progress.slices for progress in told] == list(range(1, 11))
    assert told[-1].events == summary.events


def test_a_source_without_events_gives_an_empty_summary():
    sink, summary = run([])
    assert (summary.events, summary.slices, summary.recording_us) == (0, 0, 0)
    assert sink.closed == 1
