"""Plays sources: one thread that runs pipelines over them, one after the other.

A recording that is sought in, begun again or cut in another way is another run of the pipeline over
the same open source. Everything here may be called from the thread of the windows: nothing waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Literal

from eventvision.core import (
    ConfigError,
    DeviceError,
    EventVisionError,
    ModelError,
    OutputError,
    SliceResult,
    Source,
    SourceError,
)

from .messages import (
    Began,
    Damaged,
    Ended,
    Failed,
    Message,
    Notice,
    Opened,
    RecordingEnded,
    Refused,
)
from .presets import config_values
from .renderer import Renderer
from .state import PipelinePart

if TYPE_CHECKING:
    from eventvision.pipeline import Pipeline, RunConfig, Status, Steering

REWOUND_SLICES = 16
"""Stepping back over more than is remembered begins so many slices earlier."""

_WHERE: tuple[tuple[type[EventVisionError], str], ...] = (
    (SourceError, "source"),
    (ConfigError, "pipeline"),
    (ModelError, "device"),
    (DeviceError, "device"),
    (OutputError, "recording"),
)


@dataclass(frozen=True, slots=True)
class _Job:
    """What the thread is to do next; a later job takes the place of one not begun."""

    kind: Literal["open", "run", "close", "quit"]
    name: str = ""
    camera_settings: str | None = None
    from_us: int | None = None
    until_us: int | None = None


class Player:
    """Opens sources and runs them through pipelines.

    Args:
        renderer: Takes every result.

    Attributes:
        settings: What the next run does.
        pre_roll_s: How much of the past live sources keep for recordings that begin later.
    """

    def __init__(self, renderer: Renderer) -> None:
        self.settings = PipelinePart()
        self._good: PipelinePart | None = None
        self.pre_roll_s = 0.0
        self._renderer = renderer
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._wake = threading.Condition()
        self._job: _Job | None = None
        self._pipeline: Pipeline | None = None
        self._source: Source | None = None
        self._first_us = self._position_us = 0
        self._until_us: int | None = None
        self._marks: tuple[int | None, int | None] = (None, None)
        self._speed: float | None = 1.0
        self._loops = self._pauses = False
        self._behind = 0
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="steering")
        self._thread = threading.Thread(target=self._work, name="player", daemon=True)
        self._thread.start()

    @property
    def source(self) -> Source | None:
        """The source that is open, for settings of cameras."""
        return self._source

    @property
    def position_us(self) -> int:
        """End of the latest slice."""
        return self._position_us

    def take(self) -> list[Message]:
        """Return what has happened since the last call."""
        taken = []
        while True:
            try:
                taken.append(self._messages.get_nowait())
            except Empty:
                return taken

    def tell(self, message: Message) -> None:
        """Leave a message, from any thread."""
        self._messages.put(message)

    def status(self) -> Status | None:
        """Return what the pipeline does now; None between runs."""
        pipeline = self._pipeline
        return None if pipeline is None else pipeline.status()

    def open(self, name: str, *, settings: str | None = None) -> None:
        """Open a source and play it."""
        self._marks, self._pauses, self._behind = (None, None), False, 0
        self._want(_Job("open", name, settings))

    def close_source(self) -> None:
        """Close the source."""
        self._want(_Job("close"))

    def quit(self) -> None:
        """End all threads, and wait for that."""
        self._want(_Job("quit"))
        self._thread.join()
        self._hands.shutdown(cancel_futures=True)

    def pause(self) -> None:
        """Hold."""
        self._pauses = True
        self._set_tempo()
        if self._pipeline is not None:
            self._pipeline.steer.pause()

    def resume(self) -> None:
        """Go on."""
        self._pauses, self._behind, self._until_us = False, 0, None
        self._set_tempo()
        if self._pipeline is not None:
            self._pipeline.steer.resume()

    def step(self, slices: int) -> None:
        """Hold, and go a slice on (1) or back (-1)."""
        self.pause()
        if slices < 0:
            self._step_back()
        elif self._behind:
            self._behind -= 1
            self._renderer.show_again(self._behind)
        elif self._pipeline is not None:
            self._pipeline.steer.step()

    def seek(self, t_us: int, *, then_plays: bool) -> None:
        """Go to a time of the recording; if it does not play then, one slice is shown."""
        self._pauses, self._behind = not then_plays, 0
        self._want(_Job("run", from_us=t_us))

    def restart(self) -> None:
        """Begin another run at the present position, with the present settings."""
        if self._source is not None:
            self._want(_Job("run", from_us=self._position_us))

    def set_speed(self, speed: float | None) -> None:
        """Play faster or slower."""
        self._speed = speed
        self._set_tempo()
        if self._pipeline is not None:
            self._pipeline.steer.set_speed(speed)

    def set_loops(self, *, loops: bool) -> None:
        """Begin again at the end, or not."""
        self._loops = loops

    def set_marks(self, in_us: int | None, out_us: int | None) -> None:
        """Play a part of the recording only."""
        self._marks = (in_us, out_us)
        self.restart()

    def set_filters(self, text: str) -> None:
        """Filter in another way from the next packet on; begin again for another sensor size."""

        def change(steer: Steering) -> None:
            try:
                steer.set_filters(text)
            except ConfigError:
                self.restart()  # `check` found nothing wrong but the size behind the filters

        self._steer(change, self._good)

    def set_slicer(self, text: str) -> None:
        """Cut in another way from the next packet on."""
        self._steer(lambda steer: steer.set_slicer(text), self._good)

    def set_task(self, text: str, *, on: bool) -> None:
        """Let a task run from the next slice on, or not."""
        name = text.partition(":")[0]
        self._steer(lambda steer: steer.set_task(text if on else name, on), self._good)

    def start_recording(self, path: Path, pre_roll_us: int) -> None:
        """Record; a message tells if that cannot be done."""
        if self._pipeline is None:
            self.tell(RecordingEnded())
        self._steer(lambda steer: steer.start_recording(path, pre_roll_us))

    def stop_recording(self) -> None:
        """Finish the recording."""

        def stop(steer: Steering) -> None:
            steer.stop_recording()

        self._steer(stop)

    def check(self, settings: PipelinePart) -> None:
        """Say what is wrong with settings.

        Raises:
            ConfigError: If they cannot be used on the open source.
        """
        source = self._source
        if source is None:
            return
        from eventvision.filters import parse_filters
        from eventvision.slicing import SLICER_FORMS, parse_slicer
        from eventvision.tasks import parse_tasks

        parse_filters(",".join(settings.filters), source.info.sensor)
        kind = settings.slicer.partition(":")[0]
        if kind != "trigger":  # that needs its network, which is opened later
            parse_slicer(settings.slicer, source.info.sensor)
        elif kind not in SLICER_FORMS:
            raise ConfigError("slicer", settings.slicer, " or ".join(SLICER_FORMS.values()))
        parse_tasks(task.text for task in settings.tasks if task.on)

    def _steer(
        self, change: Callable[[Steering], None], before: PipelinePart | None = None
    ) -> None:
        """Change the present run in a thread of its own: models may be loaded, files finished.

        Args:
            change: Makes the change.
            before: Settings to go back to if that fails; None if it is about a recording.
        """
        pipeline, wanted = self._pipeline, self.settings
        if pipeline is None:
            return

        def attempt() -> None:
            try:
                change(pipeline.steer)
            except (EventVisionError, ValueError) as error:
                if before is None:
                    self.tell(Notice("recording", str(error), "error"))
                    self.tell(RecordingEnded())
                else:
                    self._go_back(before, error)
            else:
                if before is not None:
                    self._good = wanted

        self._hands.submit(attempt)

    def _go_back(self, settings: PipelinePart, error: Exception) -> None:
        """Use settings that worked instead of those that did not."""
        self.settings = self._good = settings
        self.tell(Refused(settings, _where(error), str(error)))

    def _step_back(self) -> None:
        """Show a slice before; those that are no longer remembered are made again."""
        if self._renderer.show_again(self._behind + 1):
            self._behind += 1
            return
        shown = self._renderer.recent()
        if not shown:
            return
        first = shown[0]
        from_us = max(self._first_us, first.t0_us - REWOUND_SLICES * first.duration_us)
        if from_us < first.t0_us:
            self._behind = 0
            self._want(_Job("run", from_us=from_us, until_us=first.t0_us))

    def _set_tempo(self) -> None:
        live = self._source is not None and self._source.is_live
        self._renderer.set_tempo(None if self._pauses or live else self._speed)

    def _want(self, job: _Job) -> None:
        """Let the thread do something else, as soon as the present run has stopped."""
        with self._wake:
            if job.kind == "run" and self._job is not None and self._job.kind != "run":
                return
            self._job = job
            if self._pipeline is not None:
                self._pipeline.stop()
            self._wake.notify()

    def _next_job(self) -> _Job:
        with self._wake:
            while self._job is None:
                self._wake.wait()
            job, self._job = self._job, None
            return job

    def _work(self) -> None:
        while True:
            job = self._next_job()
            if job.kind != "run":
                self._close()
            if job.kind == "quit":
                return
            try:
                if job.kind == "open":
                    self._open(job)
                if job.kind in ("open", "run") and self._source is not None:
                    self._play(self._source, job)
            except EventVisionError as error:
                self.tell(Failed(_where(error), str(error)))
            except Exception as error:  # whatever a device or a driver raises must be told
                self.tell(Failed("playback", f"{type(error).__name__}: {error}"))

    def _open(self, job: _Job) -> None:
        from eventvision.io import open_source

        self._source = source = open_source(job.name, settings=job.camera_settings)
        self._first_us = 0 if source.is_live else _first_us(source)
        self._position_us = self._first_us
        self._set_tempo()
        self.tell(Opened(source.info, source.is_live, self._first_us))

    def _close(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def _play(self, source: Source, job: _Job) -> None:
        """Run from a time to the end, and again from the beginning as long as it loops."""
        start_us, self._until_us = job.from_us, job.until_us
        while True:
            in_us, out_us = self._marks
            if start_us is None:
                start_us = self._first_us if in_us is None else in_us
            if not self._run(source, start_us, out_us):
                return
            if not self._loops or source.is_live:
                self.tell(Ended())
                return
            start_us = None

    def _run(self, source: Source, start_us: int, end_us: int | None) -> bool:
        """Run the pipeline; returns whether it came to the end."""
        from eventvision.pipeline import build_pipeline

        from .excerpt import Excerpt

        end_us = None if end_us is not None and end_us <= start_us else end_us
        excerpt = Excerpt(source, start_us, end_us)

        def build() -> Pipeline:
            config, sinks = self._config(source), [_ToScreen(self._deliver)]
            return build_pipeline(config, excerpt, on_notice=self._notice, sinks=sinks)

        try:
            pipeline = build()
        except (ConfigError, ModelError, DeviceError) as error:
            if self._good is None or self._good == self.settings:
                raise
            self._go_back(self._good, error)
            pipeline = build()
        self._good = self.settings
        if self._pauses:
            pipeline.steer.step()
        with self._wake:
            if self._job is not None:
                pipeline.stop()
            self._pipeline = pipeline
        self._renderer.cut()
        self.tell(Began())
        try:
            summary = pipeline.run()
        finally:
            with self._wake:
                self._pipeline = None
        if summary.damage:
            self.tell(Damaged(str(summary.damage)))
        with self._wake:
            return self._job is None

    def _deliver(self, result: SliceResult) -> None:
        if self._job is not None:
            return  # what is still on its way when something else is wanted is not looked at
        self._position_us = result.slice.t1_us
        self._renderer.deliver(result)
        until_us, pipeline = self._until_us, self._pipeline
        if until_us is not None and self._pauses and pipeline is not None:
            if result.slice.t1_us < until_us:
                pipeline.steer.step()
            else:
                self._until_us = None

    def _config(self, source: Source) -> RunConfig:
        from eventvision.pipeline import RunConfig

        speed: float | str = "max" if self._speed is None else self._speed
        return RunConfig.checked(
            source=source.info.name,
            speed=speed,
            pre_roll_s=self.pre_roll_s if source.is_live else 0.0,
            **config_values(self.settings),
        )

    def _notice(self, text: str) -> None:
        where = "load" if text.startswith("load:") else "device"
        self.tell(Notice(where, text, "warning" if where == "device" else "info"))


class _ToScreen:
    """A sink that hands results on and ends nothing."""

    def __init__(self, deliver: Callable[[SliceResult], None]) -> None:
        self._deliver = deliver

    def write(self, result: SliceResult) -> None:
        """Hand a result on."""
        self._deliver(result)

    def close(self) -> None:
        """Do nothing: another run may follow."""


def _where(error: Exception) -> str:
    return next((where for kind, where in _WHERE if isinstance(error, kind)), "playback")


def _first_us(source: Source) -> int:
    for packet in source:
        if len(packet):
            return int(packet.events.t[0])
    return 0
