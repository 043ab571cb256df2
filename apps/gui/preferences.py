"""What is kept from one start to the next: theme, recordings' folder, what was open lately."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from .recording_plan import PRE_ROLLS_S, SUFFIXES, RecordingPlan
from .theme import THEMES, ThemeName

MOST_RECENT = 12
_SECRETS = ("token=", "password=", "key=")


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """What the user has chosen once and for all.

    Attributes:
        theme: `light`, `dark`, or that of the desktop.
        welcome: Whether the welcome is shown at the start.
        record_folder: Where recordings go; empty for the usual place.
        record_suffix: `.aedat4` or `.raw`.
        pre_roll_s: So much from before the key was pressed is recorded as well.
        recent: Sources that were open lately, the latest first.
        layout: Where panels are, as the window says it; empty for the usual place.
        geometry: Where the window is and how large, likewise.
    """

    theme: ThemeName = "system"
    welcome: bool = True
    record_folder: str = ""
    record_suffix: str = SUFFIXES[0]
    pre_roll_s: float = 0.0
    recent: tuple[str, ...] = ()
    layout: str = ""
    geometry: str = ""

    @property
    def plan(self) -> RecordingPlan:
        """How recordings are made."""
        folder = Path(self.record_folder) if self.record_folder else recordings_folder()
        return RecordingPlan(folder=folder, suffix=self.record_suffix, pre_roll_s=self.pre_roll_s)

    def with_recent(self, names: Iterable[str]) -> Preferences:
        """Return them with other recent sources; names with secrets are left out."""
        kept = [name for name in names if not any(secret in name for secret in _SECRETS)]
        return replace(self, recent=tuple(kept[:MOST_RECENT]))


def settings_folder() -> Path:
    """Return where programs keep such files on this system."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "eventvision"


def recordings_folder() -> Path:
    """Return where recordings go if nothing else was chosen."""
    return Path.home() / "eventvision-recordings"


def load_preferences(path: Path) -> Preferences:
    """Return what a file holds; what is missing or makes no sense is as at the first start."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Preferences()
    return _sensible(values) if isinstance(values, dict) else Preferences()


def save_preferences(path: Path, preferences: Preferences) -> bool:
    """Write them; return whether that was possible."""
    text = json.dumps(asdict(preferences), indent=1)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(path)
    except OSError:
        return False
    return True


def _sensible(values: Mapping[str, Any]) -> Preferences:
    usual = Preferences()
    recent = values.get("recent")
    kept: dict[str, Any] = {
        field.name: values[field.name]
        for field in fields(Preferences)
        if type(values.get(field.name)) is type(getattr(usual, field.name))
    }
    names = recent if isinstance(recent, list) else []
    kept["recent"] = tuple(name for name in names if isinstance(name, str))
    if kept.get("theme") not in THEMES:
        kept["theme"] = usual.theme
    if kept.get("record_suffix") not in SUFFIXES:
        kept["record_suffix"] = usual.record_suffix
    if kept.get("pre_roll_s") not in PRE_ROLLS_S:
        kept["pre_roll_s"] = usual.pre_roll_s
    return Preferences(**kept).with_recent(kept["recent"])
