"""What sources have in common: what they say about themselves, damage, and how it is refused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from eventvision.core import DamageReport, FormatError, Packet, SourceInfo, SourceNotFoundError


class BaseSource(ABC):
    """Base of all sources; a source adds `_packets` and whatever else `Source` asks for."""

    def __init__(self, info: SourceInfo) -> None:
        self._info = info
        self._damage = DamageReport()
        self._refuses_damage = False

    @property
    def info(self) -> SourceInfo:
        """What the source is."""
        return self._info

    @property
    def damage(self) -> DamageReport:
        """What was wrong so far; complete once iteration has ended."""
        return self._damage

    def add_note(self, note: str) -> None:
        """Add a sentence to what the source says about itself."""
        self._info = replace(self._info, notes=(*self._info.notes, note))

    def refuse_damage(self) -> None:
        """Let iteration end with a `FormatError` as soon as damage is met."""
        self._refuses_damage = True

    def __iter__(self) -> Iterator[Packet]:
        """Yield packets from the present position to the end.

        Raises:
            FormatError: If damage is met that was to be refused.
        """
        for packet in self._packets():
            self._check_damage()
            yield packet
        self._check_damage()

    @abstractmethod
    def _packets(self) -> Iterator[Packet]:
        """Yield packets; what is wrong goes into the damage report first."""

    def _check_damage(self) -> None:
        if self._refuses_damage and self._damage:
            raise damage_refused(self._info.name, self._damage)

    @abstractmethod
    def close(self) -> None:
        """Release what the source holds; may be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class FileSource(BaseSource):
    """Base of the file readers.

    A reader may be iterated again; each iteration starts at the position last sought (the
    beginning, unless `seek` was called) with a fresh damage report.
    """

    def __init__(self, path: Path, info: SourceInfo) -> None:
        super().__init__(info)
        self._path = path
        self._bytes_total = path.stat().st_size
        self._bytes_read = 0
        self._start_us: int | None = None

    @property
    def is_live(self) -> bool:
        """A file is never live."""
        return False

    @property
    def progress(self) -> float | None:
        """Share of the file read so far, 0 to 1."""
        return min(1.0, self._bytes_read / max(1, self._bytes_total))

    def seek(self, t_us: int) -> None:
        """Let the next iteration start with the first event at or after `t_us`."""
        self._start_us = t_us

    def __iter__(self) -> Iterator[Packet]:
        """Yield packets from the sought position to the end.

        Raises:
            FormatError: If damage is met that was to be refused.
        """
        self._damage = DamageReport()
        self._bytes_read = 0
        yield from super().__iter__()

    def close(self) -> None:
        """Release the file; may be called twice."""


def damage_refused(name: str, damage: DamageReport) -> FormatError:
    """Return the error for damage where none is wanted."""
    remedy = "write a sound copy with `eventvision repair`, or do not ask for strict reading"
    return FormatError(name, f"is damaged ({damage})", remedy)


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
