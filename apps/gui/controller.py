"""The one place where views ask for something to happen."""

from __future__ import annotations

from pathlib import Path

from eventvision.core import SliceResult

from .controllers.pipeline import PipelineSettings
from .controllers.playback import Playback
from .controllers.problems import Problems
from .controllers.recording import Recording
from .controllers.source import Sources
from .controllers.views import Views
from .messages import Damaged, Ended, Failed, Message, Notice, Opened, OverviewGrew
from .player import Player
from .state import AppState

STATUS_EVERY_TICKS = 8


class Controller:
    """Takes wishes from views to the player, and what the player tells to the state.

    Attributes:
        source: Opens and closes sources.
        playback: Plays them.
        pipeline: Sets filters, slicer, tasks, devices, presets.
        views: Sets what is seen.
        recording: Records.
        problems: Collects what is wrong.
        player: What runs the pipeline.
    """

    def __init__(self, state: AppState) -> None:
        self._state = state
        self._latest: SliceResult | None = None
        self._ticks = 0
        self.player = Player(self._deliver, lambda: None)
        self.problems = Problems(state)
        self.source = Sources(state, self.player, self.problems)
        self.playback = Playback(state, self.player)
        self.pipeline = PipelineSettings(state, self.player, self.problems)
        self.views = Views(state)
        self.recording = Recording(state, self.player, self.problems)

    @property
    def latest(self) -> SliceResult | None:
        """The latest result, whatever was drawn of it."""
        return self._latest

    def start(self, source: str | None = None, config: str | Path | None = None) -> None:
        """Use what was named on the command line."""
        if config is not None:
            self.pipeline.load_preset(config)
        if source is not None:
            self.source.open(source)

    def tick(self) -> None:
        """Take what other threads have told to the state; called at the display rate."""
        for message in self.player.take():
            self._take(message)
        self._ticks += 1
        if self._ticks % STATUS_EVERY_TICKS == 0:
            self._state.status.set(self.player.status())
        self._state.tick.set(self._ticks)

    def quit(self) -> None:
        """End all threads."""
        self.player.quit()

    def _deliver(self, result: SliceResult) -> None:
        self._latest = result

    def _take(self, message: Message) -> None:
        state = self._state
        match message:
            case Opened(info, is_live, first_us):
                state.source.change(info=info, is_live=is_live)
                state.playback.change(phase="playing", first_us=first_us, position_us=first_us)
                self.source.remember(state.source.value.name)
            case Ended():
                state.playback.change(phase="ended")
            case Failed(where, text):
                self.problems.add(where, text)
                state.playback.change(phase="failed")
            case Notice(where, text, severity):
                self.problems.add(where, text, severity)
            case Damaged(text):
                state.source.change(damage=text)
            case OverviewGrew(overview):
                state.overview.set(overview)
