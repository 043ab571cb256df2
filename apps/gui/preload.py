"""Loads what the pipeline needs in the background, while the window is there already."""

from __future__ import annotations

import importlib
import threading

from .threads import WORKING, stand_back

MODULES = (
    "eventvision.io",
    "eventvision.pipeline",
    "eventvision.sinks",
    "eventvision.kernels.event_view",
    ".views.sources_panel",
    ".views.cloud_panel",
)
"""In this order; each takes long because of what it stands on."""


class Preload:
    """Imports modules in a thread of its own, from when it is made."""

    def __init__(self, modules: tuple[str, ...] = MODULES) -> None:
        self._modules = modules
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, name="preload", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether all has been loaded."""
        return self._done.is_set()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def _work(self) -> None:
        stand_back(WORKING)
        try:
            for name in self._modules:
                importlib.import_module(name, __package__)
        finally:
            self._done.set()  # what cannot be loaded is told where it is wanted
