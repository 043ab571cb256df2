"""What readers of data sets have in common: looking for files, and reading windows of events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Events,
    FormatError,
    Frame,
    SensorSize,
    Source,
    SourceError,
    SourceNotFoundError,
)
from eventvision.io import open_source

from ._sample import Sample


class FolderDataset:
    """A data set in a folder; subclasses list their items and read one.

    Args:
        root: The folder.
        window_us: How much time of events a sample has before its instant.
    """

    title = ""
    origin = ""
    class_names: tuple[str, ...] = ()
    shared_classes: tuple[int, ...] = ()

    def __init__(self, root: str | Path, *, window_us: int) -> None:
        if window_us < 1:
            raise ValueError(f"window_us must be positive, got {window_us}")
        self.root, self.window_us = Path(root), window_us
        self._windows = WindowReader()
        if not self.root.is_dir():
            raise SourceNotFoundError(self.root, "is no folder", f"name that of {self.title}")

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, number: int) -> Sample:
        """Read a sample.

        Raises:
            IndexError: If there is none of that number.
            SourceError: If its files are missing or damaged.
        """
        count = len(self)
        if not -count <= number < count:
            raise IndexError(f"{self.title} has samples 0 to {count - 1}, not {number}")
        return self._sample(number % count)

    def __iter__(self) -> Iterator[Sample]:
        return (self[number] for number in range(len(self)))

    def _sample(self, number: int) -> Sample:
        raise NotImplementedError

    def _found(self, folder: Path, pattern: str) -> list[Path]:
        """Return the files of a pattern in a folder, sorted.

        Raises:
            SourceNotFoundError: If there is none; says what is missing and where to get it.
        """
        found = sorted(folder.glob(pattern))
        if not found:
            raise self._missing(folder, pattern)
        return found

    def _missing(self, folder: Path, what: str) -> SourceNotFoundError:
        problem = f"does not look like {self.title}: {what} is missing"
        return SourceNotFoundError(folder, problem, f"get the data set from {self.origin}")

    def _split_folder(self, split: str | None, *names: str) -> Path:
        """Return the folder of a split, which may have one of several names.

        Raises:
            SourceNotFoundError: If there is none.
        """
        if split is None:
            return self.root
        wanted = names or (split,)
        for name in wanted:
            if (self.root / name).is_dir():
                return self.root / name
        raise self._missing(self.root, " or ".join(f"{name}/" for name in wanted))


class WindowReader:
    """Reads windows of events out of recordings, keeping the last recording open."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._source: Source | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the open recording behind: another process opens its own."""
        return {"_path": None, "_source": None}

    def sensor(self, path: Path, size: SensorSize | None = None) -> SensorSize:
        """Return the size of the recording's sensor."""
        return self._opened(path, size).info.sensor

    def events(self, path: Path, t0_us: int, t1_us: int, size: SensorSize | None = None) -> Events:
        """Return the events of `[t0_us, t1_us)`."""
        return self.window(path, t0_us, t1_us, size)[0]

    def window(
        self, path: Path, t0_us: int, t1_us: int, size: SensorSize | None = None
    ) -> tuple[Events, list[Frame]]:
        """Return the events of `[t0_us, t1_us)`, and the images that lie among them."""
        source = self._opened(path, size)
        source.seek(t0_us)
        parts, frames = [], []
        for packet in source:
            frames += [frame for frame in packet.frames if t0_us <= frame.t_us < t1_us]
            part = packet.events.between(t0_us, t1_us)
            if len(part):
                parts.append(part)
            if len(packet.events) and packet.events.t[-1] >= t1_us:
                break
        return (Events.join(parts) if parts else Events.empty(source.info.sensor)), frames

    def whole(self, path: Path, size: SensorSize | None = None) -> Events:
        """Return all events of a short recording."""
        source = self._opened(path, size)
        source.seek(0)
        parts = [packet.events for packet in source if len(packet.events)]
        return Events.join(parts) if parts else Events.empty(source.info.sensor)

    def _opened(self, path: Path, size: SensorSize | None) -> Source:
        if self._path != path or self._source is None:
            if self._source is not None:
                self._source.close()
            self._source, self._path = open_source(path, sensor=size), path
        return self._source


def read_image(path: Path, *, raw: bool = False) -> NDArray[Any]:
    """Read an image: grey in uint8, or as stored.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it is no image.
    """
    import cv2

    if not path.is_file():
        raise SourceNotFoundError(path, "is missing", "complete the data set")
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED if raw else cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise FormatError(path, "is no image that can be read", "get it again")
    return np.asarray(image)


def read_array(path: Path, fields: tuple[str, ...] = ()) -> NDArray[Any]:
    """Read a .npy file, as a view of the file.

    Raises:
        FormatError: If it is none, or lacks a field.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FormatError(path, "is no array that can be read", "get it again") from error
    missing = [name for name in fields if name not in (array.dtype.names or ())]
    if missing:
        raise FormatError(path, f"lacks the column {missing[0]}", "get it again")
    return np.asarray(array)


def read_table(path: Path, columns: int) -> NDArray[np.float64]:
    """Read a text of numbers, shape (N, columns); lines that begin with # or letters are skipped.

    Raises:
        SourceError: If it cannot be read or a line has other than `columns` numbers.
    """
    rows = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(path, "cannot be read", "complete the data set") from error
    for number, line in enumerate(lines, start=1):
        tokens = line.replace(",", " ").split()
        if not tokens or not (tokens[0][0].isdigit() or tokens[0][0] in "-+."):
            continue
        try:
            rows.append([float(token) for token in tokens[:columns]])
        except ValueError as error:
            raise FormatError(path, f"line {number} holds no numbers", "get it again") from error
        if len(tokens) < columns:
            raise FormatError(path, f"line {number} has {len(tokens)} columns", "get it again")
    return np.array(rows, np.float64).reshape(-1, columns)
