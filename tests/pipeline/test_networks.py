"""Learned tasks in a pipeline: one network for all that share it, named in the summary."""

from __future__ import annotations

import pytest
from streams import SENSOR, MemorySource, cut_at, random_events

from eventvision.core import (
    ConfigError,
    Detections,
    DeviceError,
    ModelError,
    OutputError,
    Segmentation,
    SliceDroppedError,
)
from eventvision.devices import DeviceSession
from eventvision.pipeline import RunConfig, build_pipeline
from eventvision.pipeline._networks import Networks
from eventvision.tasks import parse_task

EVENTS = random_events(2_000)


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self):
        self.results = []

    def write(self, result):
        self.results.append(result)

    def close(self):
        pass


def tasks_of(models):
    return (
        "tracking",
        f"detection:model={models.perception}",
        f"segmentation:model={models.perception}",
        f"depth:model={models.perception}",
        f"reconstruction:model={models.reconstruction}",
    )


def run(tasks, *, source=None, device="auto", notices=None, **more):
    """Return the summary of a run, and its results."""
    config = RunConfig.checked(
        source="memory", tasks=tasks, device=device, filters="", slicer="count:200", **more
    )
    notices = [] if notices is None else notices
    source = source or MemorySource(cut_at(EVENTS, [700, 1400]))
    pipeline = build_pipeline(config, source, on_notice=notices.append)
    kept = Kept()
    pipeline._sinks.append(kept)
    return pipeline.run(), kept.results


def test_all_tasks_give_results_and_the_summary_names_their_networks(toy_models):
    summary, results = run(tasks_of(toy_models))
    assert len(results) == summary.slices == 10
    assert [sorted(result.results) for result in results] == [
        ["depth", "detection", "reconstruction", "segmentation", "tracking"]
    ] * 10
    found = results[-1].results
    assert found["detection"].class_names == found["tracking"].class_names
    assert found["segmentation"].mask.shape == SENSOR.shape
    perception, reconstruction = summary.networks
    assert perception.model == "toy-perception"
    assert perception.tasks == ("detection", "segmentation", "depth")
    assert (perception.device, perception.artifact, perception.binning) == ("onnx", "onnx", 1)
    assert perception.steps == reconstruction.steps == 10
    assert reconstruction.tasks == ("reconstruction",)
    stages = set(summary.latency_ms)
    assert {"toy-perception", "toy-reconstruction", "detection", "depth", "tracking"} <= stages
    assert summary.as_dict()["networks"][0]["model"] == "toy-perception"


def test_the_same_stream_gives_the_same_results(toy_models):
    (_, first), (_, again) = run(tasks_of(toy_models)), run(tasks_of(toy_models))
    for one, other in zip(first, again, strict=True):
        for name in ("detection", "tracking"):
            assert one.results[name].boxes.tobytes() == other.results[name].boxes.tobytes()
        assert one.results["depth"].depth.tobytes() == other.results["depth"].depth.tobytes()


def test_each_task_may_have_a_device_of_its_own(toy_models):
    summary, _ = run(tasks_of(toy_models), device="onnx,depth=null")
    assert [(network.device, network.tasks) for network in summary.networks] == [
        ("onnx", ("detection", "segmentation")),
        ("null", ("depth",)),
        ("onnx", ("reconstruction",)),
    ]


@pytest.mark.parametrize(
    ("tasks", "device", "error", "said"),
    [
        (("depth:model=./nothing",), "auto", ModelError, "holds a card"),
        (("depth",), "warp", ConfigError, "^device: 'warp'"),
        (("depth:model={models.reconstruction}",), "auto", ModelError, "no output depth"),
        (("depth:model={models.perception}",), "cpu", DeviceError, "takes integer"),
    ],
)
def test_what_cannot_run_is_told_before_the_first_event(toy_models, tasks, device, error, said):
    named = tuple(task.format(models=toy_models) for task in tasks)
    with pytest.raises(error, match=said):
        run(named, device=device)


def test_a_device_that_fails_costs_slices_and_the_run_goes_on(toy_models, monkeypatch):
    step, steps = DeviceSession.step, []

    def failing(self, inputs):
        steps.append(self)
        if len(steps) in {8, 9}:
            raise SliceDroppedError("onnx", "unplugged", "plug it in")
        return step(self, inputs)

    monkeypatch.setattr(DeviceSession, "step", failing)
    tasks = ("tracking", f"detection:model={toy_models.perception}", "reconstruction:fibar")
    summary, results = run(tasks)
    assert summary.slices == len(results) == 10
    without = [r.slice.index for r in results if "detection" not in r.results]
    assert without == [r.slice.index for r in results if "tracking" not in r.results] == [2, 3]
    assert all("reconstruction" in result.results for result in results)
    assert "results: toy-perception had no device" in summary.dropped


def test_sessions_are_closed_however_a_run_ends(toy_models, monkeypatch, tmp_path):
    closed = []

    def close(self):
        closed.append(self)

    monkeypatch.setattr(DeviceSession, "close", close)
    tasks = (f"depth:model={toy_models.perception}",)
    run(tasks)
    assert len(closed) == 1
    failing = MemorySource(cut_at(EVENTS, [700]), failure=RuntimeError("gone"))
    with pytest.raises(RuntimeError, match="gone"):
        run(tasks, source=failing)
    assert len(closed) == 2
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        run(tasks, arrays=tmp_path / "file")
    assert len(closed) == 3


def test_a_network_that_is_opened_too_late_is_closed_at_once(toy_models, monkeypatch):
    closed = []
    close = DeviceSession.close
    monkeypatch.setattr(DeviceSession, "close", lambda self: (closed.append(self), close(self)))
    networks = Networks(SENSOR)
    networks.close()
    with pytest.raises(DeviceError, match="ended"):
        networks.open(parse_task(f"depth:model={toy_models.perception}"))
    assert len(closed) == 1
    assert not networks.reports()


def test_a_live_source_tells_how_often_each_task_ran(toy_models):
    live = MemorySource(cut_at(EVENTS, [700]), is_live=True)
    summary, results = run(
        (f"depth:model={toy_models.perception}", "detection:clusters"), source=live
    )
    assert set(summary.task_shares) == {"depth", "detection"}
    assert summary.slices == len(results)
    recorded, _ = run(("detection:clusters",))
    assert recorded.task_shares == {}


def test_results_are_of_their_types(toy_models):
    _, results = run(tasks_of(toy_models))
    assert isinstance(results[0].results["detection"], Detections)
    assert isinstance(results[0].results["segmentation"], Segmentation)
