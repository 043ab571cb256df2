"""Settings that change while a camera runs: its file is looked at again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from eventvision.core import EventVisionError, Source

if TYPE_CHECKING:
    from .settings import CameraSettings
    from .source import CameraSource

LOOK_EVERY_S = 0.25

Tell = Callable[[str], None]
"""Takes one line for the user, from any thread."""

_Stamp = tuple[int, int, int] | None


@contextmanager
def follow_settings(source: Source, tell: Tell | None = None) -> Iterator[None]:
    """Meanwhile, let changes to the file of a camera's settings take effect.

    A file that cannot be used is told, and the settings stay as they are. Does nothing for sources
    other than cameras, and for cameras that were opened without a file.

    Args:
        source: An open source.
        tell: Hears what has changed, and why something could not; nobody if None.
    """
    path = getattr(source, "settings_file", None)
    if path is None:
        yield
        return
    stop = threading.Event()
    follower = _Follower(cast("CameraSource", source), path, tell)
    thread = threading.Thread(
        target=follower.run, args=(stop,), name="eventvision-settings", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Follower:
    def __init__(self, source: CameraSource, path: Path, tell: Tell | None) -> None:
        self._source, self._path, self._tell = source, path, tell

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop; a file is read once it has stayed the same for a while."""
        used: _Stamp = None
        seen: _Stamp = None
        while not stop.wait(LOOK_EVERY_S):
            before, seen = seen, _stamp(self._path)
            if seen is not None and seen == before and seen != used:
                used = seen
                self._use()

    def _use(self) -> None:
        from .settings import load_settings

        before = self._source.settings
        try:
            wanted = load_settings(self._path)
            if wanted == before:
                return
            self._source.apply(wanted)
        except EventVisionError as error:
            self._say(f"{error}; the settings stay as they were")
        else:
            self._say(f"{self._source.info.name}: {changes(before, wanted)}")

    def _say(self, line: str) -> None:
        if self._tell is not None:
            self._tell(line)


def changes(before: CameraSettings, now: CameraSettings) -> str:
    """Say what differs between two settings of a model.

    >>> from .settings import Evk4Settings
    >>> changes(Evk4Settings(), Evk4Settings(bias_fo=10))
    'bias_fo 0 -> 10'
    """
    old, new = before.model_dump(), now.model_dump()
    return ", ".join(f"{name} {old[name]} -> {new[name]}" for name in new if new[name] != old[name])


def _stamp(path: Path) -> _Stamp:
    """Return what changes with a file; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
