"""A folder of images as a scene."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError, SensorSize, SourceNotFoundError

from ._light import covering, luminance, middle
from ._pictures import PictureScene

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm")


class ImagesScene(PictureScene):
    """A folder of images, in the natural order of their names (`9.png` before `10.png`).

    Images are scaled to cover the sensor, cut to its size around the middle, and turned into
    luminance.

    Args:
        folder: Where the images lie; other files there are left alone.
        sensor: Size of the images that the camera sees.
        fps: Images a second.
        gamma: Light is an image's value to this power; 1 for linear images, None for sRGB.

    Raises:
        SourceNotFoundError: If there is no such folder, or no image in it.
        FormatError: If an image cannot be read; later ones raise it when they are looked at.
        ValueError: If `fps` or `gamma` is not positive.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        sensor: SensorSize,
        fps: float,
        gamma: float | None = None,
    ) -> None:
        check_rate(fps)
        check_gamma(gamma)
        self._paths = _images_in(Path(folder))
        self._gamma = gamma
        times_us = np.rint(np.arange(len(self._paths)) * (1e6 / fps))
        super().__init__(times_us.astype(np.int64).tolist(), self._read, sensor)
        self._light(0)

    def _read(self, number: int) -> NDArray[np.float32]:
        import cv2

        path = self._paths[number]
        flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR_RGB
        data = np.fromfile(path, np.uint8)
        image: Any = cv2.imdecode(data, flags) if data.size else None
        if image is None or image.dtype not in {np.dtype(np.uint8), np.dtype(np.uint16)}:
            raise FormatError(path, "is no image that can be read", "remove it, or save it again")
        size = covering(image.shape[1], image.shape[0], self.sensor)
        smaller = size[0] < image.shape[1]
        way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        return luminance(
            middle(cv2.resize(image, size, interpolation=way), self.sensor), self._gamma
        )


def check_rate(fps: float) -> None:
    """Check a number of pictures a second.

    Raises:
        ValueError: If it does not lie in 0.01 to 100000.
    """
    if not 0.01 <= fps <= 1e5:
        raise ValueError(f"fps must lie in 0.01 to 100000, got {fps}")


def check_gamma(gamma: float | None) -> None:
    """Check an exponent.

    Raises:
        ValueError: If it does not lie in 0.1 to 10.
    """
    if gamma is not None and not 0.1 <= gamma <= 10:
        raise ValueError(f"gamma must lie in 0.1 to 10, got {gamma}")


def _images_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise SourceNotFoundError(folder, "is no folder", "name a folder of images")
    found = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    if not found:
        raise SourceNotFoundError(folder, "holds no images", f"use {' '.join(IMAGE_SUFFIXES)}")
    return sorted(found, key=lambda path: _natural(path.name))


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key by which numbers in names are compared as numbers."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), part) if part.isdigit() else (1, 0, part) for part in parts]
