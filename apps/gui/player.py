"""Plays sources: one thread that runs pipelines over them, one after the other.

A recording that is sought in, begun again or cut in another way is another run of the pipeline over
the same open source. Everything here may be called from the thread of the windows: nothing waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Literal

from eventvision.core import EventVisionError, OutputError, SliceResult, Source

from .messages import Damaged, Ended, Failed, Message, Notice, Opened
from .presets import config_values
from .state import PipelinePart

if TYPE_CHECKING:
    from eventvision.pipeline import Pipeline, RunConfig, Status

Deliver = Callable[[SliceResult], None]


@dataclass(frozen=True, slots=True)
class _Job:
    """What the thread is to do next; a later job takes the place of one not begun."""

    kind: Literal["open", "run", "close", "quit"]
    name: str = ""
    camera_settings: str | None = None
    from_us: int | None = None


class Player:
    """Opens sources and runs them through pipelines.

    Args:
        deliver: Takes every result, in the thread of the pipeline.
        cut: Called in that thread before results that do not follow those before.

    Attributes:
        settings: What the next run does.
    """

    def __init__(self, deliver: Deliver, cut: Callable[[], None]) -> None:
        self.settings = PipelinePart()
        self._deliver, self._cut = deliver, cut
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._wake = threading.Condition()
        self._job: _Job | None = None
        self._pipeline: Pipeline | None = None
        self._source: Source | None = None
        self._first_us = self._position_us = 0
        self._marks: tuple[int | None, int | None] = (None, None)
        self._speed: float | None = 1.0
        self._loops = self._pauses = False
        self._steps = 0
        self._thread = threading.Thread(target=self._work, name="player", daemon=True)
        self._thread.start()

    @property
    def source(self) -> Source | None:
        """The source that is open, for settings of cameras."""
        return self._source

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
        """Return what the pipeline does now."""
        pipeline = self._pipeline
        return None if pipeline is None else pipeline.status()

    def open(self, name: str, *, settings: str | None = None) -> None:
        """Open a source and play it."""
        self._marks, self._pauses, self._steps = (None, None), False, 0
        self._want(_Job("open", name, settings))

    def close_source(self) -> None:
        """Close the source."""
        self._want(_Job("close"))

    def quit(self) -> None:
        """End the thread, and wait for that."""
        self._want(_Job("quit"))
        self._thread.join()

    def pause(self) -> None:
        """Hold."""
        self._pauses = True
        if self._pipeline is not None:
            self._pipeline.steer.pause()

    def resume(self) -> None:
        """Go on."""
        self._pauses = False
        if self._pipeline is not None:
            self._pipeline.steer.resume()

    def step(self, slices: int) -> None:
        """Hold, and go a slice on or back."""
        self._pauses = True
        if self._pipeline is not None and slices > 0:
            self._pipeline.steer.pause()
            self._pipeline.steer.step()

    def seek(self, t_us: int, *, then_plays: bool) -> None:
        """Go to a time of the recording."""
        self._pauses, self._steps = not then_plays, 1
        self._want(_Job("run", from_us=t_us))

    def scrub(self, t_us: int) -> None:
        """Show what is there at a time."""

    def restart(self) -> None:
        """Begin another run at the present position, with the present settings."""
        self._steps = 1
        self._want(_Job("run", from_us=self._position_us))

    def set_speed(self, speed: float | None) -> None:
        """Play faster or slower."""
        self._speed = speed
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
        """Filter in another way from the next packet on."""
        if self._pipeline is not None:
            self._pipeline.steer.set_filters(text)

    def set_slicer(self, text: str) -> None:
        """Cut in another way from the next packet on."""
        if self._pipeline is not None:
            self._pipeline.steer.set_slicer(text)

    def set_task(self, text: str, *, on: bool) -> None:
        """Let a task run from the next slice on, or not."""
        if self._pipeline is not None:
            self._pipeline.steer.set_task(text, on)

    def start_recording(self, path: Path, pre_roll_us: int) -> bool:
        """Record; returns whether that has begun."""
        if self._pipeline is None:
            return False
        try:
            self._pipeline.steer.start_recording(path, pre_roll_us=pre_roll_us)
        except OutputError as error:
            self.tell(Notice("recording", str(error), "error"))
            return False
        return True

    def stop_recording(self) -> None:
        """Finish the recording."""
        if self._pipeline is not None:
            self._pipeline.steer.stop_recording()

    def check(self, settings: PipelinePart) -> None:
        """Say what is wrong with settings.

        Raises:
            ConfigError: If they cannot be used on the open source.
        """
        source = self._source
        if source is None:
            return
        from eventvision.filters import parse_filters
        from eventvision.tasks import parse_tasks

        parse_filters(",".join(settings.filters), source.info.sensor)
        parse_tasks(task.text for task in settings.tasks if task.on)

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
                    self._play(self._source, job.from_us)
            except EventVisionError as error:
                self.tell(Failed("source" if self._source is None else "playback", str(error)))

    def _open(self, job: _Job) -> None:
        from eventvision.io import open_source

        self._source = source = open_source(job.name, settings=job.camera_settings)
        self._first_us = 0 if source.is_live else _first_us(source)
        self._position_us = self._first_us
        self.tell(Opened(source.info, source.is_live, self._first_us))

    def _close(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def _play(self, source: Source, from_us: int | None) -> None:
        """Run from a time to the end, and again from the beginning as long as it loops."""
        start_us = from_us
        while True:
            in_us, out_us = self._marks
            if start_us is None:
                start_us = self._first_us if in_us is None else in_us
            self._cut()
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
        pipeline = build_pipeline(
            self._config(source), Excerpt(source, start_us, end_us), on_notice=self._notice
        )
        with self._wake:
            if self._job is not None:
                return False
            self._pipeline = pipeline
        try:
            summary = pipeline.run()
        finally:
            with self._wake:
                self._pipeline = None
        if summary.damage:
            self.tell(Damaged(str(summary.damage)))
        with self._wake:
            return self._job is None

    def _config(self, source: Source) -> RunConfig:
        from eventvision.pipeline import RunConfig

        speed: float | str = "max" if self._speed is None else self._speed
        return RunConfig.checked(
            source=source.info.name, speed=speed, **config_values(self.settings)
        )

    def _notice(self, text: str) -> None:
        self.tell(Notice("device", text, "warning"))


def _first_us(source: Source) -> int:
    for packet in source:
        if len(packet):
            return int(packet.events.t[0])
    return 0
