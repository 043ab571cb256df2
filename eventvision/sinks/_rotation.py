"""Results in a folder of files, each begun anew after a while: none grows without bounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from eventvision.core import OutputError, Sink, SliceResult, output_errors

_LOOK_EVERY_S = 1.0
_MOST_NAMES = 10_000


def fresh_path(folder: Path, suffix: str, *, now_s: float | None = None) -> Path:
    """Return a path that is not taken, named by the time in UTC.

    Two files of one second, or a clock that went back, give names with a number.

    Raises:
        OutputError: If the folder cannot be made.
    """
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.fromtimestamp(time.time() if now_s is None else now_s, UTC)
    stem = moment.strftime("%Y%m%dT%H%M%SZ")
    for number in range(_MOST_NAMES):
        path = folder / (f"{stem}-{number}{suffix}" if number else f"{stem}{suffix}")
        if not path.exists() and not path.with_name(f"{path.name}.part").exists():
            return path
    raise OutputError(folder, "has no free name for this second", "check the clock")


class RotatingSink:
    """Hands results to one sink after the other, each with a file of its own.

    A file is begun with the first result for it, so that silence leaves nothing behind.

    Args:
        open_sink: Opens a sink for a path.
        folder: Where files go, named by the time at which they begin.
        suffix: End of their names, such as `.jsonl`.
        most_s: A file is ended after so much time.
        most_bytes: A file is ended when it has about this size.

    Attributes:
        files: How many were begun.

    Raises:
        ValueError: If a limit is not positive.
    """

    def __init__(
        self,
        open_sink: Callable[[Path], Sink],
        folder: Path,
        suffix: str,
        *,
        most_s: float,
        most_bytes: int,
    ) -> None:
        if not (most_s > 0 and most_bytes > 0):
            raise ValueError(f"limits must be positive, got {most_s} s and {most_bytes} bytes")
        self._open_sink, self._folder, self._suffix = open_sink, Path(folder), suffix
        self._most_s, self._most_bytes = most_s, most_bytes
        self._sink: Sink | None = None
        self._path: Path | None = None
        self._began_s = self._look_at_s = 0.0
        self.files = 0

    @property
    def path(self) -> Path | None:
        """The file that is being written; None between two."""
        return self._path

    def write(self, result: SliceResult) -> None:
        """Hand a result on.

        Raises:
            OutputError: If it cannot be written; the next result begins a new file.
        """
        if self._sink is not None and self._is_full():
            self.close()
        if self._sink is None:
            self._begin()
        try:
            if self._sink is not None:
                self._sink.write(result)
        except OutputError:
            with suppress(OutputError):
                self.close()
            raise

    def close(self) -> None:
        """End the file; may be called twice."""
        sink, self._sink, self._path = self._sink, None, None
        if sink is not None:
            sink.close()

    def _begin(self) -> None:
        path = fresh_path(self._folder, self._suffix)
        self._sink, self._path = self._open_sink(path), path
        self._began_s = self._look_at_s = time.monotonic()
        self.files += 1

    def _is_full(self) -> bool:
        now_s = time.monotonic()
        if now_s - self._began_s >= self._most_s:
            return True
        if self._path is None or now_s < self._look_at_s:
            return False
        self._look_at_s = now_s + _LOOK_EVERY_S
        for path in (self._path.with_name(f"{self._path.name}.part"), self._path):
            with suppress(OSError):
                return path.stat().st_size >= self._most_bytes
        return False


def recover_parts(folder: Path, suffix: str) -> list[Path]:
    """Give files that a killed run left behind as `NAME.part` their names.

    Only for formats of which every line stands by itself, such as JSON lines.

    Returns:
        Their new paths.
    """
    found = []
    for part in sorted(folder.glob(f"*{suffix}.part")):
        target = part.with_name(part.name.removesuffix(".part"))
        with suppress(OSError):
            if part.stat().st_size == 0:
                part.unlink()
            elif not target.exists():
                part.rename(target)
                found.append(target)
    return found
