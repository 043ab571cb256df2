"""Backdrops: pictures to look at, drawn by chance or cut from a folder of images.

A folder may hold any images. Where `NAME_labels.png` lies beside `NAME.jpg`, its values are taken
as CamVid's twelve classes: the picture then says what is where, and its vehicles, pedestrians and
cyclists can be cut out to move on their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SourceError, SourceNotFoundError
from eventvision.simulation import (
    CAMVID_CLASSES,
    CAMVID_MOVERS,
    DETECTION_CLASSES,
    SEGMENTATION_CLASSES,
)

from ._figures import pattern
from ._sheets import SHEET_PX, Array, Sheet, smooth_noise
from ._tracks import log_uniform

UNLABELLED = 255
_UNLABELLED_IN_CAMVID = 11
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}
_LEAST_OBJECT_PX = 60
_LEAST_CUT_PX = {8: 24, 9: 28, 10: 28}
_MOST_INSTANCES = 16
_DRAWN, _DRAWN_SEED = 128, 2026
_ONE_IN_VAL = 6

Part = Literal["all", "train", "val"]


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A square picture.

    Attributes:
        shade: float32, shape (side, side): linear intensity, 0 to 1.
        labels: uint8, same shape: index into `SEGMENTATION_CLASSES`, or `UNLABELLED`.
        instances: uint8, same shape: number of an object in the picture, from 1, else 0.
        kinds: Index into `DETECTION_CLASSES` of each of these objects.
    """

    shade: Array
    labels: NDArray[np.uint8]
    instances: NDArray[np.uint8]
    kinds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Street:
    """A labelled image, with its objects numbered and listed: label and box x, y, w, h."""

    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    objects: NDArray[np.int32]
    found: tuple[tuple[int, int, int, int, int], ...]


class PictureLibrary:
    """Images of some folders, read when needed and kept.

    Args:
        folders: Where to look, with everything below; none for a library without images.
        part: Which of the images, see `part_of`; "all" for all.

    Raises:
        SourceNotFoundError: If a folder does not exist or holds no image of the part.
    """

    def __init__(self, folders: Sequence[str | Path] = (), part: Part = "all") -> None:
        self.pictures: list[Path] = []
        self.streets: list[Path] = []
        for folder in map(Path, folders):
            paths = sorted(
                path for path in folder.rglob("*")
                if path.suffix.lower() in _SUFFIXES and not path.stem.endswith("_labels")
                and part in ("all", part_of(path))
            )  # fmt: skip
            if not paths:
                raise SourceNotFoundError(folder, "holds no images", "name a folder of images")
            labelled = [path for path in paths if _labels_of(path).is_file()]
            self.streets += labelled
            self.pictures += [path for path in paths if path not in set(labelled)]
        self._read = lru_cache(maxsize=None)(_read_grey)
        self._drawn = lru_cache(maxsize=None)(_draw)
        self._street = lru_cache(maxsize=None)(_read_street)

    def picture(self, random: np.random.Generator, side: int) -> Backdrop:
        """Draw a part of an unlabelled image, or of a made-up one where there is none."""
        if self.pictures:
            image = self._read(self.pictures[int(random.integers(len(self.pictures)))])
            least = 0.35
        else:
            image, least = self._drawn(int(random.integers(_DRAWN))), 0.6
        crop = _Crop.draw(random, (image.shape[0], image.shape[1]), (least, 1.0))
        shade = crop.cut(_linear(image, random), side, smooth=True)
        blank = np.full(shade.shape, UNLABELLED, np.uint8)
        return Backdrop(shade, blank, np.zeros_like(blank))

    def street(self, random: np.random.Generator, side: int) -> Backdrop:
        """Draw a part of a labelled image.

        Raises:
            ValueError: If the library has none.
        """
        if not self.streets:
            raise ValueError("the library holds no labelled images")
        street = self._street(self.streets[int(random.integers(len(self.streets)))])
        height, width = street.image.shape
        crop = _Crop.draw(random, (height, width), (0.45, 1.0))
        shade = crop.cut(_linear(street.image, random), side, smooth=True)
        labels = crop.cut(_CLASS_OF[street.labels], side, smooth=False)
        inside = crop.cut(street.objects, side, smooth=False)
        numbers = np.unique(inside[inside > 0])[:_MOST_INSTANCES]
        renumbered = np.zeros(len(street.found) + 1, np.uint8)
        renumbered[numbers] = np.arange(1, numbers.size + 1)
        kinds = tuple(_KIND_OF[street.found[number - 1][0]] for number in numbers)
        return Backdrop(shade, labels, renumbered[inside], kinds)

    def cut_out(self, random: np.random.Generator, kind: int) -> Sheet | None:
        """Cut an object of a class out of a labelled image; None if a few tries find none."""
        label = next(label for label, known in _KIND_OF.items() if known == kind)
        for _ in range(8 if self.streets else 0):
            street = self._street(self.streets[int(random.integers(len(self.streets)))])
            least = _LEAST_CUT_PX[label]
            width, height = street.image.shape[::-1]
            fit = [
                (number, box)
                for number, (found, *box) in enumerate(street.found, start=1)
                if found == label and box[3] >= least and box[2] >= least // 3
                and box[0] > 1 and box[0] + box[2] < width - 1 and box[1] + box[3] < height - 1
            ]  # fmt: skip
            if fit:
                number, box = fit[int(random.integers(len(fit)))]
                return _sheet_of(street, number, box, kind, random)
        return None


def part_of(path: Path) -> Part:
    """Return whether an image is to learn from ("train") or to test with ("val").

    The nearest folder named so decides; without any, the name of the image does: one in six is to
    test with, always the same ones.
    """
    for folder in path.parts[-2::-1]:
        if folder in ("train", "val"):
            return "train" if folder == "train" else "val"
    return "train" if crc32(path.stem.encode()) % _ONE_IN_VAL else "val"


_KIND_OF = {label: DETECTION_CLASSES.index(name) for label, name in CAMVID_MOVERS.items()}
_CLASS_OF = np.full(256, UNLABELLED, np.uint8)
for _label, _name in CAMVID_CLASSES.items():
    if _label != _UNLABELLED_IN_CAMVID:
        _CLASS_OF[_label] = SEGMENTATION_CLASSES.index(_name)


@dataclass(frozen=True, slots=True)
class _Crop:
    """A square part of an image, mirrored or not."""

    left: int
    top: int
    size: int
    mirrored: bool

    @classmethod
    def draw(
        cls, random: np.random.Generator, shape: tuple[int, int], shares: tuple[float, float]
    ) -> _Crop:
        height, width = shape
        size = max(2, int(min(shape) * random.uniform(*shares)))
        left, top = (int(random.integers(0, length - size + 1)) for length in (width, height))
        return cls(left, top, size, bool(random.random() < 0.5))

    def cut(self, image: NDArray[Any], side: int, *, smooth: bool) -> NDArray[Any]:
        import cv2

        part = image[self.top : self.top + self.size, self.left : self.left + self.size]
        if self.mirrored:
            part = part[:, ::-1]
        way = cv2.INTER_NEAREST
        if smooth:
            way = cv2.INTER_LINEAR if self.size <= side else cv2.INTER_AREA
        return cv2.resize(np.ascontiguousarray(part), (side, side), interpolation=way)


def _linear(image: NDArray[np.uint8], random: np.random.Generator) -> Array:
    """Undo the gamma of a photograph, about."""
    gamma = random.uniform(1.6, 2.4)
    table: Array = ((np.arange(256) / 255) ** gamma).astype(np.float32)
    linear: Array = table[image]
    return linear


def _labels_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}_labels.png")


def _read_grey(path: Path) -> NDArray[np.uint8]:
    import cv2

    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None or min(image.shape) < 32:
        raise SourceError(path, "is no image of 32 pixels or more a side", "remove or replace it")
    return image.astype(np.uint8)


def _read_street(path: Path) -> _Street:
    """Read a labelled image and number the connected regions of its movers."""
    import cv2

    image, labels = _read_grey(path), _read_grey(_labels_of(path))
    if image.shape != labels.shape:
        problem = f"is not of the size of its labels, {labels.shape[1]}x{labels.shape[0]}"
        raise SourceError(path, problem, "make both the same size")
    objects = np.zeros(image.shape, np.int32)
    found: list[tuple[int, int, int, int, int]] = []
    for label in CAMVID_MOVERS:
        count, regions, facts, _ = cv2.connectedComponentsWithStats(
            (labels == label).view(np.uint8)
        )
        for region in range(1, count):
            x, y, w, h, area = (int(fact) for fact in facts[region])
            if area >= _LEAST_OBJECT_PX:
                found.append((label, x, y, w, h))
                window = np.s_[y : y + h, x : x + w]
                objects[window][regions[window] == region] = len(found)
    return _Street(image, labels, objects, tuple(found))


def _sheet_of(
    street: _Street, number: int, box: list[int], kind: int, random: np.random.Generator
) -> Sheet:
    """Cut an object out; it stands on the bottom of the sheet, in the middle."""
    import cv2

    x, y, w, h = box
    window = np.s_[y : y + h, x : x + w]
    opacity = (street.objects[window] == number).astype(np.float32)
    opacity = cv2.GaussianBlur(opacity, (3, 3), 0.6)
    shade = _linear(street.image[window], random)
    spread = 0.95 / max(float(shade.max()), 0.05)
    shade = shade * min(spread, random.uniform(1.0, 4.0))
    scale = (SHEET_PX - 4) / max(w, h)
    size = max(1, round(w * scale)), max(1, round(h * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    both = [cv2.resize(part, size, interpolation=way) for part in (shade * opacity, opacity)]
    frames = np.zeros((1, 2, SHEET_PX, SHEET_PX), np.uint8)
    left, top = (SHEET_PX - size[0]) // 2, SHEET_PX - 2 - size[1]
    for plane, part in enumerate(both):
        frames[0, plane, top : top + size[1], left : left + size[0]] = np.rint(255 * part)
    segment = "vehicle" if DETECTION_CLASSES[kind] == "vehicle" else "person"
    return Sheet(frames, kind, SEGMENTATION_CLASSES.index(segment))


def _draw(number: int) -> NDArray[np.uint8]:
    """Make up a picture: shapes of all sizes, lines, letters and patches of patterns, over shades.

    The sizes follow a power law, which gives the scale-free statistics of natural images. Shades
    are drawn as square roots, as photographs store them, so that dark ones keep their steps.
    """
    import cv2

    random, size = np.random.default_rng([_DRAWN_SEED, number]), 320
    ground = random.uniform(0.05, 0.6) * (0.4 + 1.2 * smooth_noise(random, 3, size))
    canvas = np.ascontiguousarray(255 * np.sqrt(np.clip(ground, 0, 1)), np.uint8)
    count = int(log_uniform(random, 20, 600))
    for _ in range(count):
        radius = min(2.0 / np.sqrt(random.uniform(2e-4, 1)), 90.0)
        shade = float(255 * random.random())
        place = tuple(int(v) for v in random.integers(0, size, 2))
        kind = random.random()
        if kind < 0.35:
            axes = (max(1, int(radius)), max(1, int(radius * random.uniform(0.3, 1))))
            cv2.ellipse(canvas, place, axes, random.uniform(0, 180), 0, 360, shade, -1, cv2.LINE_AA)
        elif kind < 0.75:
            corners = place + radius * random.normal(0, 1, (int(random.integers(3, 6)), 2))
            cv2.fillPoly(canvas, [cv2.convexHull(corners.astype(np.int32))], shade, cv2.LINE_AA)
        elif kind < 0.92:
            end = tuple(int(v) for v in place + 3 * radius * random.normal(0, 1, 2))
            cv2.line(canvas, place, end, shade, int(random.integers(1, 4)), cv2.LINE_AA)
        else:
            text = "".join(chr(int(c)) for c in random.integers(48, 91, int(random.integers(1, 8))))
            cv2.putText(canvas, text, place, 0, radius / 20 + 0.3, shade,
                        int(random.integers(1, 3)), cv2.LINE_AA)  # fmt: skip
    for _ in range(int(random.integers(0, 4))):
        w, h = (int(v) for v in random.integers(16, 110, 2))
        x, y = int(random.integers(0, size - w)), int(random.integers(0, size - h))
        patch = pattern(random, np.linspace(-3, 3, max(w, h), dtype=np.float32))
        canvas[y : y + h, x : x + w] = 255 * np.sqrt(patch[:h, :w])
    grain = 1 + random.uniform(0, 0.5) * (smooth_noise(random, 80, size) - 0.5)
    lit = (canvas / np.float32(255)) ** 2 * grain * (0.6 + 0.8 * smooth_noise(random, 2, size))
    soft = cv2.GaussianBlur(lit.astype(np.float32), (5, 5), random.uniform(0.5, 1.2))
    picture: NDArray[np.uint8] = np.rint(255 * np.sqrt(np.clip(soft, 0, 1))).astype(np.uint8)
    return picture
