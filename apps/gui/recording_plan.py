"""Where recordings go, what they are called, and what is told while one is made."""

from __future__ import annotations

import re
import shutil
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .amounts import clock_text, size_text

if TYPE_CHECKING:
    from .state import RecordingPart

SUFFIXES = (".aedat4", ".raw")
PRE_ROLLS_S = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
_LONGEST_PRE_ROLL_S = 60.0
_FEW_SECONDS = 60.0
_ASK_EVERY_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingPlan:
    """How recordings are made.

    Attributes:
        folder: Where they go.
        suffix: `.aedat4` or `.raw`.
        pre_roll_s: So much from before the key was pressed goes into the file as well.
    """

    folder: Path
    suffix: str = SUFFIXES[0]
    pre_roll_s: float = 0.0

    def __post_init__(self) -> None:
        if self.suffix not in SUFFIXES:
            raise ValueError(f"suffix must be one of {', '.join(SUFFIXES)}, got {self.suffix!r}")
        if not 0 <= self.pre_roll_s <= _LONGEST_PRE_ROLL_S:
            raise ValueError(
                f"pre_roll_s must be 0 to {_LONGEST_PRE_ROLL_S:g}, got {self.pre_roll_s}"
            )

    @property
    def pre_roll_us(self) -> int:
        """The same in microseconds."""
        return round(self.pre_roll_s * 1e6)

    def new_file(self, source: str, now: datetime) -> Path:
        """Return a name that is still free: what is recorded, day and time."""
        stem = f"{short_name(source)}-{now:%Y%m%d-%H%M%S}"
        path = self.folder / f"{stem}{self.suffix}"
        number = 2
        while path.exists():
            path = self.folder / f"{stem}-{number}{self.suffix}"
            number += 1
        return path


def short_name(source: str) -> str:
    """Return what to call recordings of a source.

    >>> short_name("camera:evk4/00050423?settings=a.json"), short_name("sim:street?seed=1")
    ('evk4-00050423', 'street')
    """
    scheme, colon, rest = source.partition(":")
    name = Path(source.partition("#")[0]).stem
    if colon and len(scheme) > 1 and scheme.isalpha():
        name = rest.partition("?")[0].strip("/")
        name = Path(name).stem if scheme == "sim" else name
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-") or "recording"


def recording_text(part: RecordingPart) -> str:
    """Say how long and how large a recording is."""
    return f"{clock_text(part.seconds)} · {size_text(part.bytes)}" if part.path else ""


def recording_warning(part: RecordingPart, free: int | None) -> str:
    """Say what is wrong with a recording, or soon will be; empty if nothing is.

    Args:
        part: The recording.
        free: Bytes that are left on its disk; None if that is not known.
    """
    if part.dropped:
        return f"the disk is too slow: {part.dropped:,} events are missing in the recording"
    if free is None or part.seconds < 1 or not part.bytes:
        return ""
    left_s = free / (part.bytes / part.seconds)
    return f"the disk will be full in {left_s:.0f} s" if left_s < _FEW_SECONDS else ""


class FreeSpace:
    """What is free on a disk, asked in a thread now and then: a disk far away may take its time."""

    def __init__(self) -> None:
        self._free: int | None = None
        self._asked_s = -_ASK_EVERY_S
        self._thread: threading.Thread | None = None

    def of(self, path: Path) -> int | None:
        """Return what was free when the disk answered last; None if it has not yet."""
        now_s = time.monotonic()
        is_asking = self._thread is not None and self._thread.is_alive()
        if not is_asking and now_s - self._asked_s >= _ASK_EVERY_S:
            self._asked_s = now_s
            self._thread = threading.Thread(target=self._ask, args=(path,), daemon=True)
            self._thread.start()
        return self._free

    def _ask(self, path: Path) -> None:
        self._free = free_bytes(path)


def free_bytes(path: Path) -> int | None:
    """Return what is free on the disk of a path; None if that cannot be told."""
    try:
        return shutil.disk_usage(path if path.is_dir() else path.parent).free
    except OSError:
        return None
