"""Recordings that belong to a class as a whole: N-MNIST, N-Caltech101, N-Cars, DVS-Gesture."""

from __future__ import annotations

from pathlib import Path

from eventvision.core import Events, FormatError, SensorSize

from ._base import FolderDataset, read_table
from ._sample import Sample

GESTURES = (
    "hand clapping", "right hand wave", "left hand wave", "right arm clockwise",
    "right arm counter-clockwise", "left arm clockwise", "left arm counter-clockwise", "arm roll",
    "air drums", "air guitar", "other gestures",
)  # fmt: skip


class _FolderPerClass(FolderDataset):
    """One short recording per sample, in a folder that bears the name of its class."""

    sensor: SensorSize | None = None

    def __init__(self, folder: Path, root: str | Path, pattern: str) -> None:
        super().__init__(root, window_us=1)
        found = self._found(folder, f"*/{pattern}")
        if not self.class_names:
            self.class_names = tuple(sorted({path.parent.name for path in found}))
        number = {name: index for index, name in enumerate(self.class_names)}
        self._items = [(p, number[p.parent.name]) for p in found if p.parent.name in number]
        self.shared_classes = (-1,) * len(self.class_names)

    def __len__(self) -> int:
        return len(self._items)

    def _sample(self, number: int) -> Sample:
        path, label = self._items[number]
        events = self._windows.whole(path, self.sensor)
        t0_us, t1_us = _span(events)
        return Sample(f"{path.parent.name}/{path.stem}", events, t0_us, t1_us, label=label)


class NMnist(_FolderPerClass):
    """N-MNIST (Orchard et al., 2015): 34x34, ten digits; `Train/0/00002.bin` and so on.

    Args:
        root: Folder with `Train` and `Test`.
        split: `train` or `test`.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
    """

    title = "N-MNIST"
    origin = "garrickorchard.com/datasets/n-mnist"
    sensor = SensorSize(34, 34)
    class_names = tuple(str(digit) for digit in range(10))

    def __init__(self, root: str | Path, *, split: str = "train") -> None:
        FolderDataset.__init__(self, root, window_us=1)
        super().__init__(self._split_folder(split, split.capitalize(), split), root, "*.bin")


class NCaltech101(_FolderPerClass):
    """N-Caltech101 (Orchard et al., 2015): 101 kinds of things; `airplanes/image_0001.bin`.

    Args:
        root: Folder with `Caltech101`, or this folder.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
    """

    title = "N-Caltech101"
    origin = "garrickorchard.com/datasets/n-caltech101"
    sensor = SensorSize(240, 180)

    def __init__(self, root: str | Path) -> None:
        FolderDataset.__init__(self, root, window_us=1)
        inner = Path(root) / "Caltech101"
        super().__init__(inner if inner.is_dir() else Path(root), root, "image_*.bin")


class NCars(_FolderPerClass):
    """N-Cars (Sironi et al., CVPR 2018): up to 120x100; `n-cars_train/cars/obj_000000_td.dat`.

    Args:
        root: Folder with `n-cars_train` and `n-cars_test` (or `train` and `test`).
        split: `train` or `test`.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
    """

    title = "N-Cars"
    origin = "prophesee.ai, N-Cars dataset"
    sensor = SensorSize(120, 100)
    class_names = ("background", "cars")

    def __init__(self, root: str | Path, *, split: str = "train") -> None:
        FolderDataset.__init__(self, root, window_us=1)
        super().__init__(self._split_folder(split, f"n-cars_{split}", split), root, "*.dat")


class DvsGesture(FolderDataset):
    """DVS-Gesture (Amir et al., CVPR 2017): 128x128, eleven gestures.

    `user01_fluorescent.aedat` (AEDAT 3.1) holds many; `user01_fluorescent_labels.csv` says from
    when to when each lasts: class from 1, start and end in microseconds. `trials_to_train.txt` and
    `trials_to_test.txt` name the recordings of the splits.

    Args:
        root: Folder with all these files.
        split: `train` or `test`; None for all recordings.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
        FormatError: If a label is none of the eleven.
    """

    title = "DVS-Gesture (DvsGesture)"
    origin = "research.ibm.com/dvsgesture"
    sensor = SensorSize(128, 128)
    class_names = GESTURES
    shared_classes = (-1,) * len(GESTURES)

    def __init__(self, root: str | Path, *, split: str | None = "train") -> None:
        super().__init__(root, window_us=1)
        self._items: list[tuple[Path, int, int, int]] = []
        for path in self._trials(split):
            labels = path.with_name(f"{path.stem}_labels.csv")
            if not path.is_file() or not labels.is_file():
                raise self._missing(self.root, (labels if path.is_file() else path).name)
            for label, start_us, end_us in read_table(labels, 3).astype(int).tolist():
                if not 1 <= label <= len(GESTURES):
                    raise FormatError(labels, f"has the class {label}, not 1 to 11", "get it again")
                self._items.append((path, label - 1, start_us, end_us))

    def __len__(self) -> int:
        return len(self._items)

    def _sample(self, number: int) -> Sample:
        path, label, start_us, end_us = self._items[number]
        events = self._windows.events(path, start_us, end_us, self.sensor)
        return Sample(f"{path.stem}@{start_us}", events, start_us, end_us, label=label)

    def _trials(self, split: str | None) -> list[Path]:
        if split is None:
            return self._found(self.root, "user*.aedat")
        listing = self.root / f"trials_to_{split}.txt"
        if not listing.is_file():
            raise self._missing(self.root, listing.name)
        names = listing.read_text(encoding="utf-8").split()
        return [self.root / name for name in names]


def _span(events: Events) -> tuple[int, int]:
    return (int(events.t[0]), int(events.t[-1]) + 1) if len(events) else (0, 1)
