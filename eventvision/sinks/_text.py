"""Text in pictures: one anti-aliased sans-serif face in two weights."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ._palette import Colour

if TYPE_CHECKING:
    import cv2

REGULAR, BOLD = 400, 600


def draw_text(
    picture: NDArray[np.uint8],
    text: str,
    x: int,
    y: int,
    *,
    size_px: int,
    colour: Colour,
    weight: int = REGULAR,
) -> None:
    """Write text whose baseline starts at (x, y); what lies outside the picture is cut off."""
    import cv2

    cv2.putText(picture, text, (x, y), colour, _face(), size_px, weight)


@cache
def text_width(text: str, size_px: int, weight: int = REGULAR) -> int:
    """Return how many pixels wide a text is."""
    import cv2

    _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _face(), size_px, weight)
    return width


@cache
def _face() -> cv2.FontFace:
    import cv2

    return cv2.FontFace("sans")
