"""Old files make room for new ones: by age, by how much they take, by how full the disk is."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that may go.

    Attributes:
        path: Where it is.
        bytes: The room it takes.
        changed_s: When it was written last, as `time.time()` tells it.
    """

    path: Path
    bytes: int
    changed_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """Rules by which the oldest files of a folder are removed.

    Attributes:
        folder: Where they are; folders in it are left alone.
        suffixes: Ends of the names of files that belong to us; others are never touched.
        most_age_s: Older files go; None keeps them.
        most_bytes: Together they take at most this; None for any.
        least_free_bytes: So much of the disk stays free, as far as removing our files helps.

    Raises:
        ValueError: If there are no suffixes, or a limit is negative.
    """

    folder: Path
    suffixes: tuple[str, ...]
    most_age_s: float | None = None
    most_bytes: int | None = None
    least_free_bytes: int = 0

    def __post_init__(self) -> None:
        if not self.suffixes or not all(self.suffixes):
            raise ValueError("retention needs the ends of the names of files that may go")
        limits = (self.most_age_s, self.most_bytes, self.least_free_bytes)
        if any(limit is not None and limit < 0 for limit in limits):
            raise ValueError(f"limits must not be negative, got {limits}")

    def sweep(
        self, *, keep: Collection[Path] = (), by_age: bool = True, now_s: float | None = None
    ) -> list[KeptFile]:
        """Remove what the rules do not let stay, the oldest first.

        Args:
            keep: Files that stay whatever the rules say, such as those being written.
            by_age: Whether age counts; it should not while the clock is in doubt.
            now_s: The time, as `time.time()` tells it.

        Returns:
            What was removed.
        """
        now_s = time.time() if now_s is None else now_s
        files = self.files()
        held = sum(file.bytes for file in files)
        protected = {path.resolve() for path in keep}
        removed = []
        for file in files:
            too_old = by_age and self.most_age_s is not None
            too_old = too_old and now_s - file.changed_s > (self.most_age_s or 0)
            too_much = self.most_bytes is not None and held > self.most_bytes
            if not (too_old or too_much or self.lacks_room()):
                continue
            if file.path.resolve() in protected:
                continue
            with suppress(OSError):  # somebody else's file, or gone already
                file.path.unlink()
                held -= file.bytes
                removed.append(file)
        return removed

    def files(self) -> Sequence[KeptFile]:
        """Return the files that belong to us, the oldest first."""
        found = []
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                if not entry.name.endswith(self.suffixes):
                    continue
                with suppress(OSError):
                    if entry.is_file(follow_symlinks=False):
                        known = entry.stat(follow_symlinks=False)
                        found.append(KeptFile(Path(entry.path), known.st_size, known.st_mtime))
        return sorted(found, key=lambda file: (file.changed_s, file.path.name))

    def lacks_room(self) -> bool:
        """Tell whether less of the disk is free than should be."""
        if not self.least_free_bytes:
            return False
        try:
            return shutil.disk_usage(self.folder).free < self.least_free_bytes
        except OSError:
            return False
