"""What all file readers have in common: a path, damage, progress, a start time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from eventvision.core import DamageReport, FormatError, Packet, SourceInfo, SourceNotFoundError


class FileSource:
    """Base of the file readers; a reader adds `_packets` and its own way to seek.

    A reader may be iterated again; each iteration starts at the position last sought (the
    beginning, unless `seek` was called) with a fresh damage report.
    """

    def __init__(self, path: Path, info: SourceInfo) -> None:
        self._path = path
        self._info = info
        self._damage = DamageReport()
        self._bytes_total = path.stat().st_size
        self._bytes_read = 0
        self._start_us: int | None = None

    @property
    def info(self) -> SourceInfo:
        """What the file is."""
        return self._info

    @property
    def is_live(self) -> bool:
        """A file is never live."""
        return False

    @property
    def damage(self) -> DamageReport:
        """What was wrong so far; complete once iteration has ended."""
        return self._damage

    @property
    def progress(self) -> float | None:
        """Share of the file read so far, 0 to 1."""
        return min(1.0, self._bytes_read / max(1, self._bytes_total))

    def add_note(self, note: str) -> None:
        """Add a sentence to what the source says about itself."""
        self._info = replace(self._info, notes=(*self._info.notes, note))

    def seek(self, t_us: int) -> None:
        """Let the next iteration start with the first event at or after `t_us`."""
        self._start_us = t_us

    def __iter__(self) -> Iterator[Packet]:
        """Yield packets from the sought position to the end."""
        self._damage = DamageReport()
        self._bytes_read = 0
        yield from self._packets()

    def _packets(self) -> Iterator[Packet]:
        raise NotImplementedError

    def close(self) -> None:
        """Release the file; may be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def checked_path(path: str | Path) -> Path:
    """Return the path of a readable, non-empty file.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it is a folder, empty or may not be read.
    """
    found = Path(path)
    if not found.exists():
        raise SourceNotFoundError(path, "no such file", "check the path")
    if found.is_dir():
        raise FormatError(path, "is a folder", "name a recording inside it")
    try:
        with found.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise FormatError(
            path, f"cannot be read ({error.strerror})", "check its permissions"
        ) from error
    if empty:
        raise FormatError(path, "is empty (0 bytes)", "record or copy it again")
    return found
