"""Opening and closing sources."""

from __future__ import annotations

from pathlib import Path

from ..history import History
from ..player import Player
from ..state import AppState, PlaybackPart, RecordingPart, SourcePart
from .problems import Problems

MOST_RECENT = 12


class Sources:
    """Opens recordings, cameras, streams and simulated scenes by name, as `open_source` does."""

    def __init__(self, state: AppState, player: Player, problems: Problems) -> None:
        self._state, self._player, self._problems = state, player, problems

    def open(self, name: str | Path, *, settings: str | Path | None = None) -> None:
        """Open a source in place of the present one, and play it.

        What goes wrong is told among the problems, under `source`.

        Args:
            name: A path, `camera:…`, `sim:SCENE`, `tcp://…`, `tls://…` or `udp://…`.
            settings: File with the settings of a camera.
        """
        text = str(name)
        self.close()
        for place in ("source", "playback", "device"):
            self._problems.clear(place)
        self._state.source.change(name=text)
        speed, loops = self._state.playback.value.speed, self._state.playback.value.loops
        self._state.playback.set(PlaybackPart(phase="opening", speed=speed, loops=loops))
        self._player.open(text, settings=None if settings is None else str(settings))

    def close(self) -> None:
        """Close the source, if there is one."""
        state = self._state
        if not state.source.value.name:
            return
        self._player.close_source()
        state.recording.set(RecordingPart())
        state.source.set(SourcePart(recent=state.source.value.recent))
        playback = state.playback.value
        state.playback.set(PlaybackPart(speed=playback.speed, loops=playback.loops))
        state.status.set(None)
        state.overview.set(None)
        state.history.set(History())

    def remember(self, name: str) -> None:
        """Put a name first among those used recently."""
        others = [each for each in self._state.source.value.recent if each != name]
        self._state.source.change(recent=(name, *others)[:MOST_RECENT])
