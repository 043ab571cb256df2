"""The settings of one camera while somebody turns its knobs: kept in its file, tried at once.

A camera may take its time to change a setting, so that a thread of its own asks it; of changes
that come meanwhile, only the latest counts.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, runtime_checkable

from eventvision.core import ConfigError, EventVisionError, SourceNotFoundError
from eventvision.io import CameraSettings, default_settings, load_settings, save_settings

from .camera_form import changed_settings

Tell = Callable[[str], None]


@runtime_checkable
class Adjustable(Protocol):
    """An open camera."""

    @property
    def settings(self) -> CameraSettings:
        """The settings in force."""

    def apply(self, settings: CameraSettings) -> None:
        """Change them."""


class CameraDesk:
    """Holds the settings of the camera that was chosen, and brings changes to it if it is open.

    Args:
        folder: Where each camera has its file of settings.
        opened: Returns the source that is open; None if there is none.
        tell: Hears, from any thread, what the camera refused.
    """

    def __init__(self, folder: Path, opened: Callable[[], object], tell: Tell) -> None:
        self._folder, self._opened, self._tell = folder, opened, tell
        self._path = folder / "none.json"
        self._settings: CameraSettings | None = None
        self._wanted: CameraSettings | None = None
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="eventvision-camera-desk")

    @property
    def settings(self) -> CameraSettings | None:
        """The settings; None as long as nothing was chosen."""
        return self._settings

    @property
    def path(self) -> Path:
        """The file that keeps them, which `open_source` takes as well."""
        return self._path

    def choose(self, model: str, serial: str = "") -> CameraSettings:
        """Begin with the settings that a camera had last; with those of its model if it is new.

        Raises:
            ConfigError: If there is no such model.
        """
        settings = default_settings(model)
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", f"{settings.model}-{serial}".strip("-"))
        self._path = self._folder / f"{name}.json"
        try:
            known = load_settings(self._path)
            settings = known if known.model == settings.model else settings
        except SourceNotFoundError:
            pass
        except ConfigError as error:
            self._tell(f"{error}; the usual settings are used")
        self._settings = settings
        return settings

    def change(self, name: str, value: object) -> CameraSettings:
        """Set one setting, keep it, and let an open camera of this model use it.

        Raises:
            ConfigError: If the model does not have it, or not with this value.
        """
        if self._settings is None:
            raise ConfigError(name, value, "a camera to be chosen first")
        self._use(changed_settings(self._settings, {name: value}))
        return self._settings

    def reset(self) -> CameraSettings | None:
        """Go back to the usual settings of the model."""
        if self._settings is not None:
            self._use(default_settings(self._settings.model))
        return self._settings

    def load(self, path: Path) -> CameraSettings:
        """Use the settings of a file.

        Raises:
            SourceNotFoundError: If it cannot be read.
            ConfigError: If it holds no settings, or those of another model.
        """
        loaded = load_settings(path)
        if self._settings is not None and loaded.model != self._settings.model:
            expected = f"settings of a {self._settings.model}"
            raise ConfigError(str(path), f"settings of a {loaded.model}", expected)
        self._use(loaded)
        return loaded

    def save(self, path: Path) -> None:
        """Write the settings to a file of the user's choice.

        Raises:
            OutputError: If it cannot be written.
        """
        if self._settings is not None:
            save_settings(self._settings, path)

    def close(self) -> None:
        """End the thread; what was changed last reaches the camera before."""
        self._worker.shutdown(wait=True)

    def _use(self, settings: CameraSettings) -> None:
        self._settings = settings
        with self._lock:
            self._wanted = settings
        self._worker.submit(self._bring)

    def _bring(self) -> None:
        with self._lock:
            wanted, self._wanted = self._wanted, None
        if wanted is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            save_settings(wanted, self._path)
            camera = self._opened()
            if isinstance(camera, Adjustable) and camera.settings.model == wanted.model:
                camera.apply(wanted)
        except (EventVisionError, OSError) as error:
            self._tell(str(error))
