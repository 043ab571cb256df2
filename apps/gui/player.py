"""Plays sources, and changes what happens to them meanwhile.

Everything here is called from the thread of the windows, and nothing waits: the runner has a thread
of its own, and so has what may load a model or finish a file.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from eventvision.core import ConfigError, EventVisionError, Source

from .messages import Message, Notice, RecordingEnded
from .renderer import Renderer
from .runner import Job, Runner
from .state import PipelinePart

if TYPE_CHECKING:
    from eventvision.pipeline import Status, Steering

REWOUND_SLICES = 16
"""Stepping back over more than is remembered begins so many slices earlier."""


class Player:
    """What can be done with a source.

    Args:
        renderer: Takes every result.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._runner = Runner(renderer)
        self._behind = 0
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="steering")

    @property
    def source(self) -> Source | None:
        """The source that is open, for settings of cameras."""
        return self._runner.source

    @property
    def settings(self) -> PipelinePart:
        """What the next run does."""
        return self._runner.settings

    @settings.setter
    def settings(self, settings: PipelinePart) -> None:
        self._runner.settings = settings

    @property
    def pre_roll_s(self) -> float:
        """How much of the past live sources keep for recordings that begin later."""
        return self._runner.pre_roll_s

    @pre_roll_s.setter
    def pre_roll_s(self, seconds: float) -> None:
        self._runner.pre_roll_s = seconds

    def take(self) -> list[Message]:
        """Return what has happened since the last call."""
        return self._runner.take()

    def tell(self, message: Message) -> None:
        """Leave a message, from any thread."""
        self._runner.tell(message)

    def status(self) -> Status | None:
        """Return what the pipeline does now; None between runs."""
        pipeline = self._runner.pipeline
        return None if pipeline is None else pipeline.status()

    def open(self, name: str, *, settings: str | None = None) -> None:
        """Open a source and play it."""
        runner = self._runner
        runner.marks, runner.pauses, self._behind = (None, None), False, 0
        runner.want(Job("open", name, settings))

    def close_source(self) -> None:
        """Close the source."""
        self._runner.want(Job("close"))

    def quit(self) -> None:
        """End all threads, and wait for that."""
        self._runner.want(Job("quit"))
        self._runner.join()
        self._hands.shutdown(cancel_futures=True)

    def pause(self) -> None:
        """Hold."""
        self._runner.pauses = True
        self._runner.set_tempo()
        if self._runner.pipeline is not None:
            self._runner.pipeline.steer.pause()

    def resume(self) -> None:
        """Go on."""
        self._runner.pauses, self._behind = False, 0
        self._runner.set_tempo()
        if self._runner.pipeline is not None:
            self._runner.pipeline.steer.resume()

    def step(self, slices: int) -> None:
        """Hold, and go a slice on (1) or back (-1)."""
        self.pause()
        if slices < 0:
            self._step_back()
        elif self._behind:
            self._behind -= 1
            self._renderer.show_again(self._behind)
        elif self._runner.pipeline is not None:
            self._runner.pipeline.steer.step()

    def seek(self, t_us: int, *, then_plays: bool) -> None:
        """Go to a time of the recording; if it does not play then, one slice is shown."""
        self._runner.pauses, self._behind = not then_plays, 0
        self._runner.set_tempo()
        self._runner.want(Job("run", from_us=t_us))

    def restart(self) -> None:
        """Begin another run at the present position, with the present settings."""
        if self._runner.source is not None:
            self._runner.want(Job("run", from_us=self._runner.position_us))

    def set_speed(self, speed: float | None) -> None:
        """Play faster or slower."""
        self._runner.speed = speed
        self._runner.set_tempo()
        if self._runner.pipeline is not None:
            self._runner.pipeline.steer.set_speed(speed)

    def set_loops(self, *, loops: bool) -> None:
        """Begin again at the end, or not."""
        self._runner.loops = loops

    def set_marks(self, in_us: int | None, out_us: int | None) -> None:
        """Play a part of the recording only."""
        self._runner.marks = (in_us, out_us)
        self.restart()

    def set_filters(self, text: str) -> None:
        """Filter in another way from the next packet on; begin again for another sensor size."""

        def change(steer: Steering) -> None:
            try:
                steer.set_filters(text)
            except ConfigError:
                self.restart()  # `check` found nothing wrong but the size behind the filters

        self._change(change)

    def set_slicer(self, text: str) -> None:
        """Cut in another way from the next packet on."""
        self._change(lambda steer: steer.set_slicer(text))

    def set_task(self, text: str, *, on: bool) -> None:
        """Let a task run from the next slice on, or not."""
        name = text.partition(":")[0]

        def change(steer: Steering) -> None:
            try:
                steer.set_task(name, on)
            except ConfigError:
                if on:
                    steer.set_task(text, on)  # the run has none yet, and does it in this way

        self._change(change)

    def start_recording(self, path: Path, pre_roll_us: int) -> None:
        """Record; a message tells if that cannot be done."""
        if self._runner.pipeline is None:
            self.tell(RecordingEnded())
        self._record(lambda steer: steer.start_recording(path, pre_roll_us))

    def stop_recording(self) -> None:
        """Finish the recording."""
        self._record(lambda steer: steer.stop_recording())

    def check(self, settings: PipelinePart) -> None:
        """Say what is wrong with settings.

        Raises:
            ConfigError: If they cannot be used on the open source.
        """
        source = self._runner.source
        if source is None:
            return
        from eventvision.filters import parse_filters
        from eventvision.slicing import parse_slicer
        from eventvision.tasks import parse_tasks

        parse_filters(",".join(settings.filters), source.info.sensor)
        if settings.slicer.partition(":")[0] != "trigger":  # its network is opened by the run
            parse_slicer(settings.slicer, source.info.sensor)
        parse_tasks(task.text for task in settings.tasks if task.on)

    def _change(self, change: Callable[[Steering], object]) -> None:
        """Change the present run; if that fails, go back to the settings before."""
        runner, before, wanted = self._runner, self._runner.good, self._runner.settings

        def use(steer: Steering) -> None:
            change(steer)
            runner.good = wanted

        def failed(error: Exception) -> None:
            if before is not None:
                runner.go_back(before, error)

        self._steer(use, failed)

    def _record(self, change: Callable[[Steering], object]) -> None:
        def failed(error: Exception) -> None:
            self.tell(Notice("recording", str(error), "error"))
            self.tell(RecordingEnded())

        self._steer(change, failed)

    def _steer(
        self, change: Callable[[Steering], object], failed: Callable[[Exception], None]
    ) -> None:
        """Do something to the present run, in the thread for what may take long."""
        pipeline = self._runner.pipeline
        if pipeline is None:
            return

        def attempt() -> None:
            try:
                change(pipeline.steer)
            except (EventVisionError, ValueError) as error:
                if self._runner.pipeline is pipeline:  # else another run has the settings already
                    failed(error)

        self._hands.submit(attempt)

    def _step_back(self) -> None:
        """Show a slice before; those that are no longer remembered are made again."""
        if self._renderer.show_again(self._behind + 1):
            self._behind += 1
            return
        shown = self._renderer.recent()
        if not shown:
            return
        first = shown[0]
        earlier_us = first.t0_us - REWOUND_SLICES * first.duration_us
        from_us = max(self._runner.first_us, earlier_us)
        if from_us < first.t0_us:
            self._behind = 0
            self._runner.want(Job("run", from_us=from_us, until_us=first.t0_us))
