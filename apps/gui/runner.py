"""The thread that opens sources and runs pipelines over them, one run after the other.

A recording that is sought in, begun again or cut in another way is another run of the pipeline over
the same open source.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Literal

from eventvision.core import (
    ConfigError,
    DeviceError,
    EventVisionError,
    ModelError,
    SliceResult,
    Source,
)

from .building import built
from .excerpt import Excerpt
from .messages import Began, Damaged, Ended, Failed, Message, Notice, Opened, Refused
from .renderer import Renderer
from .state import PipelinePart
from .threads import WORKING, stand_back
from .trouble import place_of

if TYPE_CHECKING:
    from eventvision.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Job:
    """What the thread is to do next; a later job takes the place of one not begun.

    Attributes:
        kind: What to do.
        name: Of the source to open.
        camera_settings: File with the settings of a camera.
        from_us: Where to begin; None is the IN mark, or the beginning.
        until_us: Paused, step until a slice ends here or later.
    """

    kind: Literal["open", "run", "close", "quit"]
    name: str = ""
    camera_settings: str | None = None
    from_us: int | None = None
    until_us: int | None = None


class Runner:
    """Opens sources and runs pipelines.

    Plain attributes are written in the thread of the windows and read here, each as a whole.

    Args:
        renderer: Takes every result.

    Attributes:
        settings: What the next run does.
        good: Settings that worked last; None before any did.
        pre_roll_s: How much of the past live sources keep for recordings that begin later.
        speed: How fast the next run plays.
        loops: Whether the end is followed by the beginning.
        pauses: Whether the next run shows one slice and holds.
        marks: Which part is played.
        source: The source that is open.
        pipeline: The present run.
        first_us: Time of the first event.
        position_us: End of the latest slice.
    """

    def __init__(self, renderer: Renderer) -> None:
        self.settings = PipelinePart()
        self.good: PipelinePart | None = None
        self.pre_roll_s = 0.0
        self.speed: float | None = 1.0
        self.loops = self.pauses = False
        self.marks: tuple[int | None, int | None] = (None, None)
        self.source: Source | None = None
        self.pipeline: Pipeline | None = None
        self.first_us = self.position_us = 0
        self._renderer = renderer
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._wake = threading.Condition()
        self._job: Job | None = None
        self._until_us: int | None = None
        self._thread = threading.Thread(target=self._work, name="player", daemon=True)
        self._thread.start()

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

    def want(self, job: Job) -> None:
        """Let the thread do something else, as soon as the present run has stopped."""
        with self._wake:
            if job.kind == "run" and self._job is not None and self._job.kind != "run":
                return
            self._job = job
            if self.pipeline is not None:
                self.pipeline.stop()
            self._wake.notify()

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()

    def go_back(self, settings: PipelinePart, error: Exception) -> None:
        """Use settings that worked instead of those that did not."""
        self.settings = self.good = settings
        self.tell(Refused(settings, place_of(error), str(error)))

    def set_tempo(self) -> None:
        """Tell the renderer how fast slices come."""
        live = self.source is not None and self.source.is_live
        self._renderer.set_tempo(None if self.pauses or live else self.speed)

    def _next_job(self) -> Job:
        with self._wake:
            while self._job is None:
                self._wake.wait()
            job, self._job = self._job, None
            return job

    def _work(self) -> None:
        stand_back(WORKING)
        while True:
            job = self._next_job()
            if job.kind != "run":
                self._close()
            if job.kind == "quit":
                return
            try:
                if job.kind == "open":
                    self._open(job)
                if job.kind in ("open", "run") and self.source is not None:
                    self._play(self.source, job)
            except EventVisionError as error:
                self.tell(Failed(place_of(error), str(error)))
            except Exception as error:  # whatever a device or a driver raises must be told
                self.tell(Failed("playback", f"{type(error).__name__}: {error}"))

    def _open(self, job: Job) -> None:
        from eventvision.io import open_source

        self.source = source = open_source(job.name, settings=job.camera_settings)
        self.first_us = 0 if source.is_live else _first_us(source)
        self.position_us = self.first_us
        self.set_tempo()
        self.tell(Opened(source.info, source.is_live, self.first_us))

    def _close(self) -> None:
        source, self.source = self.source, None
        if source is not None:
            source.close()

    def _play(self, source: Source, job: Job) -> None:
        """Run from a time to the end, and again from the beginning as long as it loops."""
        start_us, self._until_us = job.from_us, job.until_us
        while True:
            in_us, out_us = self.marks
            if start_us is None:
                start_us = self.first_us if in_us is None else in_us
            end_us = None if out_us is not None and out_us <= start_us else out_us
            if not self._run(source, start_us, end_us):
                return
            if not self.loops or source.is_live:
                self.tell(Ended())
                return
            start_us = None

    def _run(self, source: Source, start_us: int, end_us: int | None) -> bool:
        """Run the pipeline; returns whether it came to the end."""
        pipeline = self._built(source, start_us, end_us)
        if self.pauses:
            pipeline.steer.step()
        with self._wake:
            if self._job is not None:
                pipeline.stop()
            self.pipeline = pipeline
        self._renderer.cut()
        self.tell(Began())
        try:
            summary = pipeline.run()
        finally:
            with self._wake:
                self.pipeline = None
        if summary.damage:
            self.tell(Damaged(str(summary.damage)))
        with self._wake:
            return self._job is None

    def _built(self, source: Source, start_us: int, end_us: int | None) -> Pipeline:
        """Return a pipeline with the settings, or with those that worked before."""

        def build() -> Pipeline:
            return built(
                Excerpt(source, start_us, end_us),
                self.settings,
                speed=self.speed,
                pre_roll_s=self.pre_roll_s if source.is_live else 0.0,
                deliver=self._deliver,
                notice=self._notice,
            )

        try:
            pipeline = build()
        except (ConfigError, ModelError, DeviceError) as error:
            if self.good is None or self.good == self.settings:
                raise
            self.go_back(self.good, error)
            pipeline = build()
        self.good = self.settings
        return pipeline

    def _deliver(self, result: SliceResult) -> None:
        if self._job is not None:
            return  # what is still on its way when something else is wanted is not looked at
        self.position_us = result.slice.t1_us
        self._renderer.deliver(result)
        if not self.pauses:
            self._until_us = None
        until_us, pipeline = self._until_us, self.pipeline
        if until_us is not None and pipeline is not None:
            if result.slice.t1_us < until_us:
                pipeline.steer.step()
            else:
                self._until_us = None

    def _notice(self, text: str) -> None:
        is_load = text.startswith("load:")
        where = "load" if is_load else "device"
        self.tell(Notice(where, text, "info" if is_load else "warning"))


def _first_us(source: Source) -> int:
    for packet in source:
        if len(packet):
            return int(packet.events.t[0])
    return 0
