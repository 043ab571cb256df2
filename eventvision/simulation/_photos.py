"""Images of the user's own, read when a scene is made and never kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ConfigError, FormatError

from ._images import IMAGE_SUFFIXES
from ._light import luminance
from ._textures import Texture

_LABELS = "_labels"
_LEAST_PX = 8


def photo_files(folder: Path, *, labelled: bool = False) -> list[Path]:
    """Return the images in a folder, by name.

    Args:
        folder: Where they are.
        labelled: Only those with a label image beside them, NAME_labels.png for NAME.jpg.

    Raises:
        ConfigError: If there is no such folder or none of them in it.
    """
    if not folder.is_dir():
        raise ConfigError("images", str(folder), "a folder of images")
    files = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not path.stem.endswith(_LABELS)
        and (not labelled or _labels_of(path).is_file())
    )
    if not files:
        wanted = "images with NAME_labels.png beside NAME.jpg" if labelled else "images"
        raise ConfigError("images", str(folder), f"a folder that holds {wanted}")
    return files


def photo(folder: Path, random: np.random.Generator) -> Texture:
    """Return one image of a folder as linear intensity.

    Raises:
        ConfigError: If the folder holds none.
        FormatError: If it cannot be read.
    """
    files = photo_files(folder)
    return read_photo(files[int(len(files) * random.random())])


def read_photo(path: Path) -> Texture:
    """Return an image as linear intensity, float32, shape (height, width), 0 to 1.

    Raises:
        FormatError: If it cannot be read.
    """
    return luminance(_decoded(path), None)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Return the label image of an image, shape (height, width).

    Raises:
        FormatError: If it cannot be read.
    """
    return _decoded(_labels_of(path))


def _labels_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}{_LABELS}.png")


def _decoded(path: Path) -> NDArray[np.uint8]:
    import cv2

    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise FormatError(path, str(error.strerror or error), "leave it out") from error
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    if image is None or min(image.shape) < _LEAST_PX:
        problem = f"not an image of at least {_LEAST_PX}x{_LEAST_PX} pixels"
        raise FormatError(path, problem, "remove it from the folder")
    return np.asarray(image, np.uint8)
