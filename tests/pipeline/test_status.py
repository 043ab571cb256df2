"""What a run says about itself while it runs."""

from __future__ import annotations

import json
import threading

import pytest
from streams import SENSOR, MemorySource, cut_at, random_events

from eventvision.core import Events, Slice, SliceDroppedError
from eventvision.pipeline import LATENCY_BOUNDS_MS, Pipeline, Status
from eventvision.pipeline._latency import Histogram, Latencies
from eventvision.pipeline._meter import Meter
from eventvision.pipeline._task_runner import TaskRunner
from eventvision.slicing import SliceByCount
from eventvision.tasks import build_tasks

HOUR_NS = 3600 * 1_000_000_000


class Watching:
    """Asks for the status after every slice."""

    def __init__(self) -> None:
        self.seen: list[Status] = []
        self.pipeline: Pipeline | None = None

    def write(self, result) -> None:
        self.seen.append(self.pipeline.status())

    def close(self) -> None:
        pass


@pytest.fixture
def statuses():
    events = random_events(5_000)
    watching = Watching()
    pipeline = Pipeline(
        source=MemorySource(cut_at(events, range(50, 5_000, 50))),
        slicer=SliceByCount(SENSOR, events=500),
        tasks=build_tasks(["tracking"], SENSOR),
        sinks=[watching],
    )
    watching.pipeline = pipeline
    before = pipeline.status()
    pipeline.run()
    return before, watching.seen, pipeline.status(), events


def test_it_is_known_before_a_run_during_and_after(statuses):
    before, during, after, _ = statuses
    assert not before.running
    assert not after.running
    assert all(status.running for status in during)
    assert before.position_us is None


def test_it_counts_what_came_and_what_was_looked_at(statuses):
    _, during, after, events = statuses
    assert (after.events, after.on_events) == (5_000, int(events.on.sum()))
    assert [status.slices for status in during] == list(range(10))
    assert after.slices_by_reason == {"count": 10}
    assert after.position_us == int(events.t[-1]) + 1


def test_rates_are_those_of_the_stream(statuses):
    _, _, after, events = statuses
    span_s = (int(events.t[-1]) - int(events.t[0])) / 1e6
    assert after.event_rate_hz == pytest.approx(5_000 / span_s, rel=0.1)
    assert 0 < after.on_rate_hz < after.event_rate_hz


def test_stages_and_tasks_tell_their_times(statuses):
    _, _, after, _ = statuses
    assert {"detection", "tracking", "total", "write"} <= set(after.stages)
    total = after.stages["total"]
    assert total.count == 10
    assert 0 < total.p50_ms <= total.p99_ms
    assert len(total.counts) == len(LATENCY_BOUNDS_MS)
    assert total.counts[-1] == 10
    assert after.tasks["tracking"].on
    assert after.tasks["tracking"].share == 1.0


class Numbered:
    """A task that gives no result of some slices."""

    def __init__(self, name, needs=(), fails=()) -> None:
        self.name, self.needs, self._fails = name, needs, fails

    def step(self, slice_, given):
        if slice_.index in self._fails:
            raise SliceDroppedError("onnx", "unplugged", "plug it in")
        return object()

    def reset(self) -> None:
        pass


def test_a_task_misses_slices_of_which_it_gives_no_result_while_it_is_on():
    tasks = [Numbered("first", fails={1, 4}), Numbered("second", needs=("first",))]
    runner = TaskRunner(tasks, Latencies(), None)
    for index in range(6):
        runner.want("first", on=index != 4)
        runner.perceive(Slice(index, Events.empty(SENSOR), index, index + 1, "time"))
    assert runner.missed == {"first": 1, "second": 2}


def test_json_can_hold_it(statuses):
    _, during, _, _ = statuses
    assert json.loads(json.dumps(during[-1].as_dict()))["slices"] == 9


def test_any_thread_may_ask_at_any_time():
    events = random_events(20_000)
    pipeline = Pipeline(
        source=MemorySource(cut_at(events, range(100, 20_000, 100))),
        slicer=SliceByCount(SENSOR, events=100),
        tasks=build_tasks(["tracking"], SENSOR),
    )
    runner = threading.Thread(target=pipeline.run)
    runner.start()
    seen = []
    while runner.is_alive():
        seen.append(pipeline.status().events)
        runner.join(0.002)
    runner.join()
    assert seen == sorted(seen)


def test_late_percentiles_forget_what_was_long_ago():
    histogram = Histogram()
    for duration_ms in [1000] * 600 + [1] * 600:
        histogram.add(duration_ms * 1_000_000)
    assert histogram.percentile_ms(99) > 900
    assert histogram.recent_percentiles_ms(50, 99)[1] < 2


def test_counts_up_to_a_bound_are_cumulative():
    histogram = Histogram()
    for duration_ms in (0.5, 1.5, 3, 3, 400):
        histogram.add(round(duration_ms * 1e6))
    assert histogram.counts_up_to((1, 2, 5, 100, 1000)) == (1, 2, 4, 4, 5)


def test_a_meter_tells_the_rate_of_late_and_nothing_after_a_silence():
    meter = Meter(1_000_000)
    for t_us in range(0, 3_000_000, 1_000):
        meter.add(t_us, 1 if t_us < 1_000_000 else 10)
    assert meter.total == 21_000
    assert meter.per_second(3_000_000) == pytest.approx(10_000, rel=0.05)
    assert meter.per_second(60_000_000) == 0.0


@pytest.mark.parametrize(
    ("duration_ns", "like_ns"), [(0, 1), (10 * HOUR_NS, int(1.02**1399.5)), (-5, 1)]
)
def test_durations_off_the_scale_count_as_the_shortest_or_the_longest(duration_ns, like_ns):
    found, expected = Histogram(), Histogram()
    found.add(duration_ns)
    expected.add(like_ns)
    assert found.percentile_ms(50) == expected.percentile_ms(50)
