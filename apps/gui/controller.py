"""The one place where views ask for something to happen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from eventvision.core import Slice

from .controllers.pipeline import PipelineSettings
from .controllers.playback import Playback
from .controllers.preferences import Keeper
from .controllers.problems import Problems
from .controllers.recording import Recording
from .controllers.source import Sources
from .controllers.views import Views
from .drawing import Shown
from .history import History, extended
from .messages import (
    Began,
    Damaged,
    Ended,
    Failed,
    Message,
    Notice,
    Opened,
    OverviewGrew,
    RecordingEnded,
    Refused,
)
from .player import Player
from .preload import Preload
from .presets import preset_source
from .renderer import Renderer
from .scrubber import Scrubber
from .state import AppState, RecordingPart
from .surveyor import Surveyor

STATUS_EVERY_TICKS = 20


class Controller:
    """Takes wishes from views to the threads that do the work, and what those tell to the state.

    Attributes:
        source: Opens and closes sources.
        playback: Plays them.
        pipeline: Sets filters, slicer, tasks, devices, presets.
        views: Sets what is seen.
        recording: Records.
        preferences: Keeps what is kept from one start to the next.
        problems: Collects what is wrong.
        player: What runs the pipeline.
        renderer: What draws.
        shown: What was drawn last; None before anything was.
        preload: Loads what takes long, from the beginning.
    """

    def __init__(self, state: AppState, preferences: Path | None = None) -> None:
        self._state = state
        self._ticks = 0
        self._surveyors: list[Surveyor] = []
        self._last_acts: list[Callable[[], None]] = []
        self.shown: Shown | None = None
        self.preload = Preload()
        self.renderer = Renderer()
        self.player = Player(self.renderer)
        self.scrubber = Scrubber(self.renderer.show_window)
        self.problems = Problems(state)
        self.source = Sources(state, self.player, self.problems)
        self.playback = Playback(state, self.player, self.scrubber)
        self.pipeline = PipelineSettings(state, self.player, self.problems)
        self.views = Views(state)
        self.recording = Recording(state, self.player)
        self.preferences = Keeper(state, self.player, preferences)
        self.at_quit(self.preferences.quit)
        self._forget = state.views.observe(self.renderer.configure)
        self.at_quit(state.pipeline.observe(lambda part: self.renderer.show_tasks(part.on)))

    def start(self, source: str | None = None, config: str | Path | None = None) -> None:
        """Use what was named on the command line; the configuration's source if none was."""
        settings = None
        if config is not None and self.pipeline.load_preset(config) and source is None:
            source, settings = preset_source(Path(config))
        if source is not None:
            self.source.open(source, settings=settings)

    def recent_slices(self) -> tuple[Slice, ...]:
        """Return the slices of the last two seconds, the latest last."""
        return self.renderer.recent()

    def tick(self) -> None:
        """Take what other threads have told to the state; called at the display rate."""
        for message in self.player.take():
            self._take(message)
        self._take_entries()
        self._ticks += 1
        if self._ticks % STATUS_EVERY_TICKS == 0:
            self._take_status()
        shown = self.renderer.take()
        if shown is not None:
            self._show(shown)

    def at_quit(self, act: Callable[[], None]) -> None:
        """Let something be done at the end, such as ending a thread."""
        self._last_acts.append(act)

    def quit(self) -> None:
        """End all threads."""
        self._forget()
        for act in self._last_acts:
            act()
        for surveyor in self._surveyors:
            surveyor.stop()
        self.preload.join()
        self.player.quit()
        self.scrubber.quit()
        self.renderer.quit()
        for surveyor in self._surveyors:
            surveyor.join()

    def _show(self, shown: Shown) -> None:
        self.shown = shown
        state = self._state
        state.sensor.set(shown.sensor)
        state.pointer.set(shown.pointer)
        playback = state.playback.value
        if not (playback.is_scrubbing or playback.is_seeking):
            state.playback.change(position_us=shown.now_us)
        state.tick.set(self._ticks)

    def _take_entries(self) -> None:
        entries = self.renderer.take_entries()
        if entries:
            self._state.history.set(extended(self._state.history.value, entries))

    def _take_status(self) -> None:
        status = self.player.status()
        if status is None:
            return
        state = self._state
        state.status.set(status)
        waiting = "the camera is away; it is opened again when it is back"
        state.source.change(waiting=waiting if status.waiting else "")
        recorder = status.recorder
        if recorder is not None:
            dropped = sum(recorder.dropped.values())
            state.recording.set(
                RecordingPart(
                    path=recorder.path,
                    seconds=recorder.seconds,
                    bytes=recorder.bytes,
                    dropped=dropped,
                )
            )

    def _take(self, message: Message) -> None:
        state = self._state
        match message:
            case Opened():
                self._take_source(message)
            case Began():
                phase = state.playback.value.phase
                came = "playing" if phase in ("opening", "failed") else phase
                state.playback.change(phase=came, is_seeking=False)
                state.history.set(History())
                state.recording.set(RecordingPart())  # the run before has finished its file
            case Ended():
                state.playback.change(phase="ended")
                state.recording.set(RecordingPart())
            case Failed(where, text):
                self.problems.add(where, text)
                state.source.change(failed=True)
                state.status.set(None)
                state.playback.change(phase="failed", is_seeking=False)
                state.recording.set(RecordingPart())
            case Notice(where, text, severity):
                self.problems.add(where, text, severity)
            case Refused(settings, where, text):
                self.problems.add(where, text)
                state.pipeline.set(settings)
            case Damaged(text):
                state.source.change(damage=text)
            case RecordingEnded():
                state.recording.set(RecordingPart())
            case OverviewGrew(name, overview):
                if name == state.source.value.name:
                    state.overview.set(overview)
                    if overview.share >= 1:
                        state.playback.change(last_us=overview.last_us)

    def _take_source(self, opened: Opened) -> None:
        state, name = self._state, self._state.source.value.name
        state.source.change(info=opened.info, is_live=opened.is_live)
        state.playback.change(first_us=opened.first_us, position_us=opened.first_us)
        state.history.set(History())
        self.source.remember(name)
        for surveyor in self._surveyors:
            surveyor.stop()
        self.scrubber.use("" if opened.is_live else name)
        if not opened.is_live:
            tell = self.player.tell
            self._surveyors.append(
                Surveyor(name, lambda overview: tell(OverviewGrew(name, overview)))
            )
