"""The supervisor keeps perception going, whatever happens to it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import threading
from pathlib import Path

import pytest
from eventvision_apps.daemon.supervisor import DONE, FAILED, MISTAKEN
from live_sources import LiveSource
from supervised import WAIT_S, Daemon, status_of, wait_until

from eventvision.core import SourceError, SourceNotFoundError
from eventvision.devices import Recovery


@pytest.fixture
def daemon(tmp_path, monkeypatch):
    return lambda *sources, **values: Daemon(tmp_path, monkeypatch, sources, **values)


def test_it_runs_until_it_is_told_to_stop_and_leaves_whole_results(daemon):
    one = daemon(LiveSource())
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 5)
        wait_until(supervisor.state.ready)
        assert supervisor.state.results().slice.index >= 0
        supervisor.stop()
        wait_until(lambda: bool(one.codes))
    assert one.codes == [DONE]
    assert one.opened[0].closed.is_set()
    assert len(one.results()) > 5
    assert status_of(supervisor, "daemon", "phase") == "stopping"


def test_a_camera_that_is_not_there_is_waited_for(daemon, caplog):
    away = [SourceNotFoundError("camera:test", "not attached", "plug it in") for _ in range(3)]
    one = daemon(*away, LiveSource())
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        assert status_of(supervisor, "daemon", "faults") == {"source": 1}
        assert status_of(supervisor, "daemon", "lasting") == []
        assert status_of(supervisor, "daemon", "restarts") == {}
    assert sum("waiting for it" in record.message for record in caplog.records) == 1


def test_a_camera_that_goes_away_is_opened_again(daemon):
    def unplugged(number: int) -> None:
        if number == 20:
            raise SourceError("camera:test", "unplugged", "plug it in")

    one = daemon(LiveSource(unplugged), LiveSource())
    with one.running() as supervisor:
        wait_until(lambda: len(one.opened) == 2)
        wait_until(lambda: status_of(supervisor, "daemon", "phase") == "running")
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        assert status_of(supervisor, "daemon", "faults") == {"source": 1}


def test_a_run_that_crashes_is_started_again_but_not_for_ever(daemon, caplog):
    def crash(number: int) -> None:
        raise RuntimeError("a bug")

    one = daemon(*(LiveSource(crash) for _ in range(9)))
    with one.running() as supervisor:
        wait_until(lambda: bool(one.codes))
    assert one.codes == [FAILED]
    assert len(one.opened) == 4
    assert status_of(supervisor, "daemon", "restarts") == {"run": 4}
    assert any("giving up" in record.message for record in caplog.records)


def test_no_memory_is_counted_and_survived(daemon):
    def starve(number: int) -> None:
        if number == 5:
            raise MemoryError("no room for an array")

    one = daemon(LiveSource(starve), LiveSource())
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "daemon", "restarts") == {"memory": 1})
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        assert status_of(supervisor, "daemon", "faults")["out of memory"] == 1


def test_settings_that_change_tasks_are_followed_without_a_stop(daemon):
    one = daemon(LiveSource())
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        one.edit("tasks: [detection]", "tasks: [detection, tracking]")
        one.edit("slicer: time:20ms", "slicer: time:10ms")
        supervisor.reload()
        wait_until(lambda: "tracking" in status_of(supervisor, "tasks"))
        wait_until(lambda: "tracking" in supervisor.state.results().results)
        one.edit("tasks: [detection, tracking]", "tasks: none")
        supervisor.reload()
        wait_until(lambda: not supervisor.state.results().results)
        assert supervisor.state.config()["slicer"] == "time:10ms"
    assert len(one.opened) == 1
    numbers = [json.loads(line)["slice"] for line in one.results()]
    dropped = status_of(supervisor, "dropped", "slices: results too slow")
    assert numbers == sorted(set(numbers))
    assert numbers[-1] + 1 - len(numbers) == dropped


def test_thresholds_and_places_change_without_a_stop_and_no_event_is_lost(daemon):
    one = daemon(LiveSource(events=300))
    far, near = "region=9x9+50+30", "region=64x48+0+0"
    tasks = f"['detection:spots=10', tracking, 'alarm:{far}', 'counting:line=30x0-30x48']"
    one.edit("tasks: [detection]", f"tasks: {tasks}")
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 5)
        before = supervisor.state.results().results
        assert not len(before["alarm"].objects)
        assert before["counting"].lines[0].end == (30.0, 48.0)
        one.edit(far, f"{near}:score=0.01")
        one.edit("line=30x0-30x48", "line=5x0-5x48")
        supervisor.reload()
        wait_until(lambda: len(supervisor.state.results().results["alarm"].objects) > 0)
        now = supervisor.state.results().results
        assert now["counting"].lines[0].end == (5.0, 48.0)
        one.edit("score=0.01", "score=1.0")
        supervisor.reload()
        wait_until(lambda: not len(supervisor.state.results().results["alarm"].objects))
    assert len(one.opened) == 1
    lines = [json.loads(line) for line in one.results()]
    dropped = status_of(supervisor, "dropped", "slices: results too slow")
    assert lines[-1]["slice"] + 1 - len(lines) == dropped
    if not dropped:
        assert sum(line["events"] for line in lines) == status_of(supervisor, "events")


def test_another_model_for_a_task_begins_a_new_run(daemon, toy_models):
    one = daemon(LiveSource(), LiveSource())
    one.edit("tasks: [detection]", "tasks: [detection:clusters]")
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        one.edit("detection:clusters", f"'detection:model={toy_models.perception}'")
        supervisor.reload()
        wait_until(lambda: len(one.opened) == 2)
        wait_until(supervisor.state.ready)


def test_other_settings_begin_a_new_run(daemon):
    one = daemon(LiveSource(), LiveSource())
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        one.edit("source: camera:test", "source: camera:other")
        supervisor.reload()
        wait_until(lambda: len(one.opened) == 2)
        wait_until(supervisor.state.ready)
    assert one.opened[0].closed.is_set()
    assert one.codes == [DONE]


def test_settings_that_cannot_be_used_change_nothing_and_are_told(daemon, caplog):
    one = daemon(LiveSource())
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        one.edit("slicer: time:20ms", "slicer: tyme\nspede: 1")
        supervisor.reload()
        wait_until(lambda: "bad settings" in status_of(supervisor, "daemon", "faults"))
        seen = status_of(supervisor, "slices")
        wait_until(lambda: status_of(supervisor, "slices") > seen)
        assert supervisor.state.config()["slicer"] == "time:20ms"
    told = "\n".join(record.message for record in caplog.records)
    assert ":3: slicer: 'tyme' cannot be used" in told
    assert "spede: is no setting" in told
    assert len(one.opened) == 1


def test_a_run_that_new_settings_make_impossible_goes_back_to_the_old_ones(daemon):
    one = daemon(LiveSource(), LiveSource(), LiveSource())
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        one.edit("source: camera:test", "source: camera:other")
        one.edit("filters: none", "filters: crop:999x999+0+0")
        supervisor.reload()
        wait_until(lambda: len(one.opened) == 3)
        wait_until(supervisor.state.ready)
        assert supervisor.state.config()["source"] == "camera:test"
        assert status_of(supervisor, "daemon", "faults")["bad settings"] == 1


def test_settings_that_no_sensor_fits_end_it_at_once(daemon):
    one = daemon(LiveSource())
    one.edit("filters: none", "filters: crop:999x999+0+0")
    with one.running():
        wait_until(lambda: bool(one.codes))
    assert one.codes == [MISTAKEN]


@pytest.mark.parametrize("harm", ["missing", "cut off", "another file"])
def test_a_task_whose_model_is_damaged_is_left_out_and_the_others_run(
    daemon, tmp_path, toy_models, harm
):
    model = tmp_path / "model"
    if harm != "missing":
        shutil.copytree(toy_models.reconstruction, model)
        whole = (model / "model.onnx").read_bytes()
        harmed = whole[: len(whole) // 2] if harm == "cut off" else b"x" * 10_000
        (model / "model.onnx").write_bytes(harmed)
    one = daemon(LiveSource())
    one.edit("tasks: [detection]", f"tasks: [detection, 'reconstruction:model={model}']")
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        wait_until(lambda: set(supervisor.state.results().results) == {"detection"})
        assert any("reconstruction" in kind for kind in status_of(supervisor, "daemon", "faults"))


def test_a_device_that_is_killed_comes_back_while_everything_else_goes_on(
    daemon, toy_models, monkeypatch
):
    monkeypatch.setitem(Recovery.__init__.__kwdefaults__, "step_timeout_s", float(WAIT_S))
    one = daemon(LiveSource())
    model = f"'reconstruction:model={toy_models.reconstruction}'"
    one.edit("tasks: [detection]", f"tasks: [detection, {model}]\ndevice: process:onnx")
    before = children()
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        wait_until(lambda: len(children() - before) == 1)
        (device,) = children() - before
        os.kill(device, signal.SIGKILL)
        wait_until(lambda: status_of(supervisor, "networks")[0]["failures"] == 1)
        seen = status_of(supervisor, "slices")
        wait_until(lambda: status_of(supervisor, "slices") > seen)
        wait_until(lambda: "detection" in supervisor.state.results().results)
        wait_until(lambda: status_of(supervisor, "networks")[0]["restarts"] == 1)
        wait_until(lambda: "reconstruction" in supervisor.state.results().results)
        (network,) = status_of(supervisor, "networks")
        assert network["dropped"] > 0
        assert network["is_running"]
        wait_until(
            lambda: status_of(supervisor, "tasks", "reconstruction", "missed") >= network["dropped"]
        )
    assert status_of(supervisor, "daemon", "restarts") == {}


def children() -> set[int]:
    """Return the processes that this one has started."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


def test_more_memory_than_allowed_ends_it_to_be_started_afresh(daemon, caplog):
    one = daemon(LiveSource())
    one.edit("restarts: 3", "restarts: 3, memory_megabytes: 50")
    with one.running() as supervisor:
        wait_until(lambda: bool(one.codes))
    assert one.codes == [FAILED]
    assert status_of(supervisor, "daemon", "faults") == {"memory": 1}
    assert sum("more than 50 MB" in record.message for record in caplog.records) == 1


def test_results_are_shown_in_a_viewer(daemon):
    rerun = pytest.importorskip("rerun", reason="Rerun is not installed")
    viewer = rerun.RecordingStream("viewer")
    one = daemon(LiveSource())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    target = viewer.serve_grpc(grpc_port=port)
    with one.path.open("a") as settings:
        settings.write(f"rerun: {{viewer: '{target}', most_per_s: 1000}}\n")
    with one.running() as supervisor:
        wait_until(lambda: "rerun" in supervisor.state.status())
        wait_until(lambda: status_of(supervisor, "rerun", "shown") > 3)
        assert status_of(supervisor, "rerun", "connected")
    viewer.disconnect()
    assert status_of(supervisor, "daemon", "faults") == {}


def test_tasks_switched_by_hand_stay_so_when_the_run_begins_anew(daemon):
    def unplugged(number: int) -> None:
        if switched.is_set():
            raise SourceError("camera:test", "unplugged", "plug it in")

    switched = threading.Event()
    one = daemon(LiveSource(unplugged), LiveSource())
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "slices") > 2)
        supervisor.state.set_task("detection", on=False)
        switched.set()
        wait_until(lambda: len(one.opened) == 2 and one.opened[1].given > 20)
    lines = [json.loads(line) for line in one.results()]
    numbers = [line["slice"] for line in lines]
    second = next(at for at in range(1, len(lines)) if numbers[at] <= numbers[at - 1])
    assert "detections" in lines[0]
    assert not any("detections" in line for line in lines[second:])
