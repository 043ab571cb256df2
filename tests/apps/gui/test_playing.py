"""Sources are opened and played without a window; the controller is ticked as a window would."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from eventvision_apps.daemon.install import sample
from eventvision_apps.daemon.settings import load_daemon_config
from eventvision_apps.gui.controller import Controller
from eventvision_apps.gui.state import AppState

from eventvision.core import Events, Packet, SensorSize
from eventvision.io import open_source as opened
from eventvision.io import open_writer, scan

SENSOR = SensorSize(48, 32)
LAST_US = 399_999


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Four tenths of a second: noise, and a square that moves."""
    draw = np.random.default_rng(3)
    t = np.sort(draw.integers(1, LAST_US, 40_000))
    t[0], t[-1] = 0, LAST_US
    left = 4 + 30 * t // LAST_US
    x, y = left + draw.integers(0, 8, t.size), 10 + draw.integers(0, 8, t.size)
    path = tmp_path_factory.mktemp("playing") / "square.aedat4"
    with_events = Events.from_columns(t, x, y, draw.integers(0, 2, t.size), sensor=SENSOR)
    writer = open_writer(path, SENSOR)
    writer.write(Packet(with_events))
    writer.close()
    return path


def events_in(path: Path) -> int:
    with opened(path) as copy:
        return scan(copy).events


class Bench:
    """A controller, ticked until something is so."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        self.state, self.controller = state, controller

    def until(self, is_so: Callable[[], object], seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < end, self.told()
            self.controller.tick()
            time.sleep(0.002)

    def told(self) -> str:
        problems = [problem.text for problem in self.state.problems.value]
        return f"never came: {self.state.playback.value}, {problems}"

    @property
    def phase(self) -> str:
        return self.state.playback.value.phase

    @property
    def position_us(self) -> int:
        return self.state.playback.value.position_us

    def is_on(self, task: str) -> bool:
        """Return whether a task runs, as the pipeline says."""
        status = self.state.status.value
        return status is not None and task in status.tasks and status.tasks[task].on

    def open_paused(self, path) -> None:
        """Open a recording and hold at its first slices."""
        self.controller.playback.set_speed(0.05)
        self.controller.source.open(path)
        self.until(lambda: self.phase == "playing" and self.controller.shown is not None)
        self.controller.playback.pause()
        self.controller.playback.set_speed(None)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing moves any more, looked at so often that every thread had its turn."""
        self.until(lambda: not self.state.playback.value.is_seeking)
        at, quiet_ticks = self.position_us, 0
        while quiet_ticks < 120:
            self.controller.tick()
            time.sleep(0.002)
            quiet_ticks += 1
            if self.position_us != at or self._is_busy:
                at, quiet_ticks = self.position_us, 0

    @property
    def _is_busy(self) -> bool:
        pipeline = self.controller.player._runner.pipeline
        return pipeline is not None and any(pipeline.busy_s().values())


@pytest.fixture
def bench(application) -> Bench:
    state, controller = application
    controller.pipeline.set_filters(())
    return Bench(state, controller)


def test_a_recording_plays_to_its_end(bench, recording):
    bench.controller.playback.set_speed(None)
    bench.controller.source.open(recording)
    assert bench.phase == "opening"
    bench.until(lambda: bench.phase == "ended")
    bench.until(lambda: bench.position_us >= LAST_US)
    assert bench.state.source.value.info.sensor == SENSOR
    assert bench.state.source.value.recent == (str(recording),)
    assert not bench.state.problems.value
    rows = bench.state.history.value.rows
    assert int((rows["on"] + rows["off"]).sum()) == 40_000


def test_the_whole_recording_is_looked_through(bench, recording):
    bench.controller.source.open(recording)
    bench.until(lambda: bench.state.playback.value.last_us is not None)
    overview = bench.state.overview.value
    assert (overview.first_us, overview.last_us, overview.share) == (0, LAST_US, 1.0)
    assert overview.counts.sum() == 40_000


def test_pictures_are_drawn_for_every_view(bench, recording):
    bench.controller.views.set_count(3)
    bench.controller.playback.set_speed(None)
    bench.controller.source.open(recording)
    bench.until(lambda: bench.phase == "ended" and bench.position_us >= LAST_US)
    shown = bench.controller.shown
    assert [picture.shape for picture in shown.pictures] == [SENSOR.shape] * 3
    assert all(np.unique(picture).size > 2 for picture in shown.pictures[:2])
    assert bench.state.sensor.value == SENSOR


def test_paused_nothing_moves_and_steps_go_both_ways(bench, recording):
    bench.open_paused(recording)
    start_us = bench.position_us
    bench.controller.playback.step(1)
    bench.until(lambda: bench.position_us == start_us + 10_000)
    bench.controller.playback.step(1)
    bench.until(lambda: bench.position_us == start_us + 20_000)
    bench.controller.playback.step(-1)
    bench.until(lambda: bench.position_us == start_us + 10_000)
    bench.controller.playback.step(1)
    bench.until(lambda: bench.position_us == start_us + 20_000)
    bench.settle()
    assert bench.position_us == start_us + 20_000
    assert bench.phase == "paused"


def test_a_step_back_over_what_is_remembered_shows_the_slice_before(bench, recording):
    bench.open_paused(recording)
    bench.controller.playback.seek(300_000)
    bench.until(lambda: bench.position_us > 300_000)
    bench.settle()
    shown_us = bench.position_us
    assert 300_000 < shown_us <= 310_100
    bench.controller.playback.step(-1)
    bench.until(lambda: bench.position_us < shown_us)
    bench.settle()
    assert shown_us - 10_000 <= bench.position_us < shown_us
    bench.controller.playback.step(-1)
    bench.settle()
    assert bench.position_us < shown_us - 9_000


def test_seeking_goes_there_and_playing_goes_on(bench, recording):
    bench.open_paused(recording)
    bench.controller.playback.play()
    bench.controller.playback.seek(250_000)
    bench.until(lambda: bench.phase == "ended")
    rows = bench.state.history.value.rows
    assert int(rows["t1"][-1]) >= LAST_US
    assert 250_000 in rows["t0"] // 10_000 * 10_000


@pytest.mark.parametrize(("asked_us", "got_us"), [(-5, 0), (10**9, LAST_US)])
def test_seeking_is_bounded_by_the_recording(bench, recording, asked_us, got_us):
    bench.open_paused(recording)
    bench.until(lambda: bench.state.playback.value.last_us is not None)
    bench.controller.playback.seek(asked_us)
    assert bench.position_us == got_us


def test_dragging_shows_a_window_without_the_pipeline(bench, recording):
    bench.open_paused(recording)
    slices = bench.state.history.value.rows.size
    bench.controller.playback.scrub(200_000)
    bench.until(lambda: bench.controller.shown.now_us == 200_000)
    assert np.unique(bench.controller.shown.pictures[0]).size > 2
    assert bench.state.history.value.rows.size == slices
    bench.controller.playback.seek(200_000)
    bench.settle()
    assert 200_000 < bench.position_us <= 210_100


def test_marks_bound_what_is_played(bench, recording):
    bench.open_paused(recording)
    bench.controller.playback.mark_in(100_000)
    bench.controller.playback.mark_out(150_000)
    bench.controller.playback.seek(100_000)
    bench.controller.playback.play()
    bench.until(lambda: bench.phase == "ended")
    bench.settle()
    assert 149_000 <= bench.position_us <= 150_000
    bench.controller.playback.clear_marks()
    assert bench.state.playback.value.mark_in_us is None


@pytest.mark.parametrize(("first", "then", "kept"), [("in", "out", "out"), ("out", "in", "in")])
def test_a_mark_on_the_wrong_side_takes_the_other_away(bench, recording, first, then, kept):
    bench.open_paused(recording)
    playback = bench.controller.playback
    marks = {"in": playback.mark_in, "out": playback.mark_out}
    marks[first](200_000)
    marks[then](100_000 if then == "out" else 300_000)
    part = bench.state.playback.value
    assert (part.mark_in_us is None) == (kept == "out")
    assert (part.mark_out_us is None) == (kept == "in")


def test_a_loop_begins_again(bench, recording):
    bench.open_paused(recording)
    bench.controller.playback.set_loops(loops=True)
    bench.controller.playback.play()
    bench.until(lambda: bench.position_us > 300_000)
    bench.until(lambda: bench.position_us < 200_000)
    assert bench.phase == "playing"


def test_a_recording_ends_with_the_round_that_it_began_in(bench, recording, tmp_path):
    target = tmp_path / "round.aedat4"
    bench.open_paused(recording)
    bench.controller.playback.set_loops(loops=True)
    bench.controller.recording.start(target)
    bench.controller.playback.play()
    bench.until(target.is_file)
    bench.until(lambda: not bench.controller.recording.is_on)
    assert bench.phase == "playing"


def test_tasks_switch_on_and_off_while_it_plays(bench, recording):
    bench.open_paused(recording)
    bench.controller.playback.set_loops(loops=True)
    bench.controller.playback.play()
    pipeline = bench.controller.pipeline
    pipeline.set_task("reconstruction", on=True)
    bench.until(lambda: bench.state.status.value is not None)
    bench.until(lambda: bench.is_on("reconstruction"))
    pipeline.set_task("reconstruction", on=False)
    bench.until(lambda: not bench.is_on("reconstruction"))
    assert not bench.state.problems.value


def test_filters_change_while_it_plays_and_another_sensor_begins_anew(bench, recording):
    bench.open_paused(recording)
    bench.controller.playback.set_loops(loops=True)
    bench.controller.playback.play()
    pipeline = bench.controller.pipeline
    assert pipeline.add_filter("background:2ms")
    bench.until(lambda: "BackgroundActivity" in (bench.state.status.value or NO).filtered)
    assert pipeline.add_filter("rotate:90")
    bench.until(lambda: bench.state.sensor.value == SensorSize(32, 48))
    pipeline.move_filter(1, -1)
    assert bench.state.pipeline.value.filters == ("rotate:90", "background:2ms")
    pipeline.remove_filter(0)
    bench.until(lambda: bench.state.sensor.value == SENSOR)


class NO:
    """Stands for a status that has not come yet."""

    filtered: tuple[str, ...] = ()


@pytest.mark.parametrize(
    "change",
    [
        lambda pipeline: pipeline.add_filter("nonsense"),
        lambda pipeline: pipeline.set_filters(["roi:999x999+0+0", "background:-1"]),
        lambda pipeline: pipeline.set_slicer("time:-5"),
        lambda pipeline: pipeline.set_slicer("nonsense"),
        lambda pipeline: pipeline.set_method("detection", "nonsense"),
    ],
)
def test_settings_that_cannot_be_used_change_nothing_and_are_told(bench, recording, change):
    bench.open_paused(recording)
    before = bench.state.pipeline.value
    assert not change(bench.controller.pipeline)
    assert bench.state.pipeline.value == before
    assert [problem.where for problem in bench.state.problems.value] == ["pipeline"]


def test_a_model_that_is_missing_is_told_and_settings_go_back(bench, recording):
    bench.open_paused(recording)
    before = bench.state.pipeline.value
    bench.controller.pipeline.set_slicer("trigger:model=no-such-model")
    bench.until(lambda: bench.state.problems.value and bench.state.pipeline.value == before)
    bench.controller.pipeline.set_method("detection", "model=no-other-model")
    bench.until(lambda: len(bench.state.problems.value) > 1 or bench.phase == "failed")
    bench.until(lambda: bench.phase == "paused" and bench.state.pipeline.value == before)


def test_what_is_played_can_be_recorded(bench, recording, tmp_path):
    bench.open_paused(recording)
    target = tmp_path / "copy.aedat4"
    bench.controller.playback.set_speed(0.02)
    bench.controller.recording.start(target)
    bench.controller.playback.play()
    bench.until(lambda: bench.state.recording.value.seconds > 0)
    bench.controller.recording.stop()
    assert not bench.controller.recording.is_on
    bench.controller.source.close()
    bench.until(target.is_file)
    bench.until(lambda: events_in(target) > 0)  # a thread finishes it


def test_a_recording_that_exists_is_not_overwritten(bench, recording, tmp_path):
    target = tmp_path / "there.aedat4"
    target.write_bytes(b"precious")
    bench.open_paused(recording)
    bench.controller.recording.start(target)
    bench.until(lambda: bench.state.problems.value)
    bench.until(lambda: not bench.controller.recording.is_on)
    assert target.read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["/nowhere/gone.raw", "nonsense:thing", ""])
def test_what_cannot_be_opened_is_told_in_one_line(bench, name):
    bench.controller.source.open(name)
    bench.until(lambda: bench.phase == "failed" or name == "")
    if name:
        (problem,) = bench.state.problems.value
        assert problem.where == "source"
        assert "\n" not in problem.text


def test_another_source_takes_the_place_of_the_first(bench, recording, tmp_path):
    bench.controller.source.open(tmp_path / "gone.raw")
    bench.controller.source.open(recording)
    bench.until(lambda: bench.phase == "playing")
    bench.controller.source.close()
    assert bench.phase == "empty"
    assert bench.state.source.value.name == ""
    bench.settle()
    assert bench.phase == "empty"


def test_slow_motion_is_shown_at_the_display_rate(bench, recording):
    bench.controller.playback.set_speed(0.02)
    bench.controller.source.open(recording)
    bench.until(lambda: bench.position_us > 12_000)
    seen = set()
    bench.until(lambda: seen.add(bench.position_us) or len(seen) > 8)
    within = [at for at in seen if 1_000 < at % 10_000 < 9_000]
    assert len(within) > 2  # slices are 10 ms long: it does not jump from one to the next


def test_a_preset_is_saved_and_loaded(bench, tmp_path):
    pipeline = bench.controller.pipeline
    pipeline.set_filters(("refractory:1ms", "background"))
    pipeline.set_slicer("count:5000")
    pipeline.set_task("depth", on=True)
    pipeline.set_device("cpu", "depth")
    wanted = bench.state.pipeline.value
    path = tmp_path / "preset.yaml"
    assert pipeline.save_preset(path)
    pipeline.set_filters(())
    pipeline.set_slicer("time:5ms")
    pipeline.set_task("depth", on=False)
    assert pipeline.load_preset(path)
    now = bench.state.pipeline.value
    assert (now.filters, now.slicer, now.device) == (wanted.filters, wanted.slicer, wanted.device)
    chosen = {task.name: (task.on, task.device) for task in now.tasks}
    assert chosen["depth"] == (True, "cpu")
    assert not chosen["graph"][0]
    assert now.preset == str(path)


def test_a_graph_watches_a_region(bench, recording):
    pipeline = bench.controller.pipeline
    for name in ("tracking", "detection"):
        assert pipeline.set_task(name, on=False)
    assert pipeline.set_method("graph", "score=0")
    assert pipeline.set_task("graph", on=True)
    assert pipeline.set_method("alarm", "region=48x32+0+0:score=0")
    assert pipeline.set_task("alarm", on=True)
    bench.controller.playback.set_speed(0.05)
    bench.controller.source.open(recording)
    bench.until(lambda: bench.is_on("graph") and bench.is_on("alarm"), seconds=200)
    bench.controller.playback.set_speed(None)
    bench.until(lambda: any(bench.state.history.value.rows["alarm"]), seconds=200)
    rows = bench.state.history.value.rows
    np.testing.assert_array_equal(rows["alarm"], rows["objects"] > 0)


def test_the_file_of_the_daemon_is_a_preset_and_keeps_what_else_it_says(bench, tmp_path):
    path = tmp_path / "eventvision.yaml"
    path.write_text(f"speed: 2\npre_roll_s: 3\n{sample('eventvision.yaml')}")
    before = load_daemon_config(path)
    pipeline = bench.controller.pipeline
    assert pipeline.load_preset(path)
    assert bench.state.pipeline.value.on == {"detection", "tracking", "alarm"}
    assert bench.state.pipeline.value.regions == ((110, 70, 120, 120),)
    assert pipeline.set_slicer("count:5000")
    assert pipeline.save_preset(path)
    after = load_daemon_config(path)
    assert after.slicer == "count:5000"
    changed = {"slicer"}
    assert after.model_dump(exclude=changed) == before.model_dump(exclude=changed)


def test_a_configuration_opens_the_source_that_it_names_unless_another_is_named(bench, tmp_path):
    path = tmp_path / "preset.yaml"
    path.write_text("source: sim:shapes\nslicer: count:5000\n")
    bench.controller.start(None, path)
    assert bench.state.source.value.name == "sim:shapes"
    assert bench.state.pipeline.value.slicer == "count:5000"
    bench.controller.start("sim:street", path)
    assert bench.state.source.value.name == "sim:street"
    bench.controller.source.close()


def test_a_preset_that_cannot_be_used_is_told(bench, tmp_path):
    path = tmp_path / "preset.yaml"
    path.write_text("slicer: nonsense\n")
    before = bench.state.pipeline.value
    assert not bench.controller.pipeline.load_preset(path)
    assert bench.state.pipeline.value == before
    assert bench.state.problems.value
