"""Recording what the source says."""

from __future__ import annotations

from pathlib import Path

from ..player import Player
from ..state import AppState, RecordingPart


class Recording:
    """Starts and stops recording."""

    def __init__(self, state: AppState, player: Player) -> None:
        self._cell, self._player = state.recording, player

    @property
    def is_on(self) -> bool:
        """Whether something is being recorded."""
        return bool(self._cell.value.path)

    def start(self, path: str | Path, pre_roll_us: int = 0) -> None:
        """Record to a new .aedat4 or .raw file, beginning so long before now.

        What goes wrong is told among the problems, under `recording`.
        """
        if not self.is_on:
            self._cell.set(RecordingPart(path=str(path)))
            self._player.start_recording(Path(path), pre_roll_us)

    def stop(self) -> None:
        """Finish the file."""
        if self.is_on:
            self._player.stop_recording()
            self._cell.set(RecordingPart())
