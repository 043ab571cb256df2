"""Arrays as pictures of Qt, without a copy."""

from __future__ import annotations

from typing import cast

from numpy import uint32
from numpy.typing import NDArray
from PyQt6 import sip
from PyQt6.QtGui import QImage


def image_over(picture: NDArray[uint32]) -> QImage:
    """Return an image that lies where the array does; keep the array for as long as it is used.

    Args:
        picture: Shape (height, width), contiguous, 0xFFRRGGBB.
    """
    height, width = picture.shape
    data = sip.voidptr(picture.ctypes.data, picture.nbytes)
    return QImage(cast("bytes", data), width, height, 4 * width, QImage.Format.Format_RGB32)
