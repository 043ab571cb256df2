"""Changes to a run while it runs: asked for from any thread, made between packets or slices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from eventvision.core import ConfigError, Filter, Slicer
from eventvision.sinks import Recorder, RecorderReport

from ._cutter import Cutter
from ._gate import Gate
from ._pacing import Pacer
from ._parts import Parts
from ._recording import Recording
from ._task_runner import TaskRunner
from ._warmup import warm_up


class Steering:
    """Steers a run. All methods may be called from any thread, before it begins as well.

    Each checks what it is given before anything changes: an error leaves the run as it was.

    Args:
        cutter: Filters and cuts.
        runner: Runs tasks.
        gate: Holds slices.
        pacer: Plays recordings.
        recording: Records.
        open_recorder: Opens a recorder for the run's source.
        parts: Builds what is asked for by its text; None if texts are not understood.
    """

    def __init__(
        self,
        *,
        cutter: Cutter,
        runner: TaskRunner,
        gate: Gate,
        pacer: Pacer,
        recording: Recording,
        open_recorder: Callable[[Path], Recorder],
        parts: Parts | None,
    ) -> None:
        self._cutter, self._runner = cutter, runner
        self._gate, self._pacer, self._recording = gate, pacer, recording
        self._open_recorder = open_recorder
        self._parts = parts

    def set_task(self, name: str, on: bool) -> None:
        """Switch a task, from the next slice on.

        A task that is off costs nothing, and those that need it give no results either. One that
        is switched on takes those along that it needs, and starts from a reset, like those that
        need it. A task that the run began without is opened first, which takes as long as loading
        its model does. One that is meant in another way than before, such as an alarm of another
        region, begins anew that way, between two slices.

        Args:
            name: `detection`, or with the way in which it is to be done, `alarm:region=9x9+0+0`.
            on: Whether it is to run.

        Raises:
            ConfigError: If there is no such task, or it would need another model than it has.
            ModelError: If its model is missing or does not do the task.
            DeviceError: If the model cannot run.
        """
        task = name.partition(":")[0].strip()
        if task not in self._runner.wanted:
            self._open_task(name, on=on)
        elif task != name:
            replacement = self._known_parts("tasks", name).replacement(name)
            if replacement is not None:
                self._runner.replace(replacement)
        self._runner.want(task, on=on)

    def set_filters(self, filters: str | Sequence[Filter]) -> None:
        """Use other filters, which have seen nothing, from the next packet on.

        Filters given as objects have to keep the size of the pixel array behind them.

        Raises:
            ConfigError: If there is no such filter, or events would come out on another sensor.
        """
        if isinstance(filters, str):
            self._cutter.replace_filters(self._known_parts("filters", filters).filters(filters))
        else:
            self._cutter.replace_filters(filters)

    def set_slicer(self, slicer: str | Slicer) -> None:
        """Cut by another rule from the next packet on; what waits ends there, as a slice.

        Raises:
            ConfigError: If there is no such slicer.
            ModelError: If the model of a trigger is missing or is none.
            DeviceError: If it cannot run.
        """
        if isinstance(slicer, str):
            parts = self._known_parts("slicer", slicer)
            built, retire = parts.next_slicer(slicer)
            warm_up(parts.sensor, (), built, None, ())
            self._cutter.replace_slicer(built, retire)
        else:
            self._cutter.replace_slicer(slicer, _nothing)

    def set_speed(self, speed: float | None) -> None:
        """Play a recording faster or slower from here on; None is as fast as possible.

        Raises:
            ValueError: If it is not positive.
        """
        self._pacer.set_speed(speed)

    def pause(self) -> None:
        """Hold slices. A recording waits; a live source goes on, and what is too old is dropped."""
        self._gate.pause()

    def resume(self) -> None:
        """Go on."""
        self._gate.resume()

    def step(self) -> None:
        """Look at one more slice, and hold."""
        self._gate.step()

    def start_recording(self, path: str | Path, pre_roll_us: int = 0) -> None:
        """Record what the source says from the next packet on, before filters.

        Args:
            path: New file that ends in `.aedat4` or `.raw`.
            pre_roll_us: How much of the time before to begin with, as far as it was kept: see
                `Pipeline(keep_us=…)`.

        Raises:
            ConfigError: If the file name ends otherwise.
            OutputError: If the file exists or cannot be written, or a recording is being made.
        """
        recorder = self._open_recorder(Path(path))
        try:
            self._recording.start(recorder, pre_roll_us)
        except BaseException:
            recorder.discard()
            raise

    def next_recording(self, path: str | Path) -> RecorderReport | None:
        """Go on recording in another file, without a gap, and return what the one before holds.

        Raises:
            ConfigError: If the file name ends otherwise than recordings do.
            OutputError: If the file exists or cannot be written, or the end of the one before.
        """
        return self._recording.go_on_in(self._open_recorder(Path(path)))

    def stop_recording(self) -> RecorderReport | None:
        """End the recording, wait until it is on the disk, and return what it holds.

        Returns:
            None if nothing was being recorded.

        Raises:
            OutputError: If its end could not be written.
        """
        return self._recording.stop()

    def _open_task(self, text: str, *, on: bool) -> None:
        if not on:
            raise ConfigError("tasks", text, f"one of {', '.join(self._runner.wanted) or 'none'}")
        built = self._known_parts("tasks", text).tasks([text])
        there = self._runner.wanted
        self._runner.add(task for task in built if task.name not in there)

    def _known_parts(self, option: str, text: str) -> Parts:
        if self._parts is None:
            raise ConfigError(option, text, "the object itself, since this run knows no texts")
        return self._parts


def _nothing() -> None:
    """Do nothing: there is no network to release."""
