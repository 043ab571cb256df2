"""What is kept from one start to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..player import Player
from ..preferences import Preferences, load_preferences, save_preferences
from ..state import AppState, SourcePart


class Keeper:
    """Loads preferences, changes them, and saves them with every change.

    Args:
        state: Holds them.
        player: Is told how much of the past to keep for recordings.
        path: File that keeps them; None keeps nothing.
    """

    def __init__(self, state: AppState, player: Player, path: Path | None) -> None:
        self._cell, self._path, self._player = state.preferences, path, player
        if path is not None:
            self._cell.set(load_preferences(path))
            state.source.change(recent=self._cell.value.recent)
        player.pre_roll_s = self._cell.value.pre_roll_s
        self._forget = state.source.observe(self._remember)

    def change(self, **fields: Any) -> None:
        """Replace some of them, see `Preferences`; a pre-roll holds from the next source on."""
        self._cell.change(**fields)
        self._player.pre_roll_s = self._cell.value.pre_roll_s
        self._save(self._cell.value)

    def quit(self) -> None:
        """Look at the state no more."""
        self._forget()

    def _remember(self, part: SourcePart) -> None:
        known = self._cell.value
        wanted = known.with_recent(part.recent)
        if wanted != known:
            self._cell.set(wanted)
            self._save(wanted)

    def _save(self, preferences: Preferences) -> None:
        if self._path is not None:
            save_preferences(self._path, preferences)
