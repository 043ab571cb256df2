"""One picture of the sensor per result: events, image, classes, depth."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Depth, Image, Segmentation

from ._layout import Layout, Panel
from ._memory import DepthRange
from ._palette import (
    GROUND,
    OFF,
    ON,
    TEXT,
    TEXT_DIM,
    Colour,
    class_colour,
    event_colours,
    mixed,
)
from ._text import draw_text, text_width

TITLES: dict[Panel, str] = {
    "events": "Events",
    "image": "Reconstruction",
    "mask": "Segmentation",
    "depth": "Depth",
}
_EVENT_COLOURS = event_colours()
_CLASS_SHARE = 0.55
_STEPS, _SURENESSES = 255, 63
_DEPTH_ENDS = (30, 230)
"""Of the colour map: what is far and what is near; beyond, it is nearly black."""

Legend = tuple[tuple[str, Colour], ...]
EVENT_LEGEND: Legend = (("ON", ON), ("OFF", OFF))


def events_picture(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour event cells; BGR, shape (height, width, 3)."""
    import cv2

    return _uint8(cv2.applyColorMap(cells, _EVENT_COLOURS))


def image_picture(image: Image | None, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring an image to 8 bits, shape (height, width); black where there is none yet."""
    import cv2

    if image is None:
        return np.zeros(shape, np.uint8)
    return _uint8(cv2.convertScaleAbs(image.pixels, alpha=255))


def mask_picture(segmentation: Segmentation | None, under: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Tint a picture by class; where the first class is the background, that is left as it is."""
    import cv2

    if segmentation is None:
        return under
    tints = np.zeros((256, 1, 3), np.uint8)
    first = _first_tinted(segmentation)
    for class_, name in enumerate(segmentation.class_names[:256]):
        tints[class_] = class_colour(name, class_)
    tint = cv2.applyColorMap(segmentation.mask, tints)
    tinted = _uint8(cv2.addWeighted(under, 1 - _CLASS_SHARE, tint, _CLASS_SHARE, 0))
    if first == 0:
        return tinted
    return np.where(segmentation.mask[..., None] >= first, tinted, under)


def depth_picture(
    depth: Depth | None, range_: DepthRange, shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Colour depth on a logarithmic scale, near red, far blue, unsure dark."""
    if depth is None:
        return _blank(shape)
    far = (_STEPS * range_.share(depth.depth)).astype(np.uint16)
    sure = (_SURENESSES * np.clip(depth.confidence, 0, 1)).astype(np.uint16)
    return _uint8(np.take(_depth_colours(), sure * np.uint16(_STEPS + 1) + far, axis=0))


@lru_cache(maxsize=1)
def _depth_colours() -> NDArray[np.uint8]:
    """Return a colour for each sureness and each distance, near to far, one after the other."""
    import cv2

    far, near = _DEPTH_ENDS
    ramp = np.linspace(near, far, _STEPS + 1).round().astype(np.uint8)[:, None]
    coloured = _uint8(cv2.applyColorMap(ramp, cv2.COLORMAP_TURBO))[None, :, 0]
    sure = np.linspace(0, 1, _SURENESSES + 1)[:, None, None]
    mixed_colours = coloured * sure + np.array(GROUND) * (1 - sure)
    return mixed_colours.reshape(-1, 3).astype(np.uint8)


def mask_legend(segmentation: Segmentation | None) -> Legend:
    """Name the classes that are tinted."""
    if segmentation is None:
        return ()
    first = _first_tinted(segmentation)
    return tuple(
        (name, class_colour(name, class_))
        for class_, name in enumerate(segmentation.class_names)
        if class_ >= first
    )


def depth_legend(depth: Depth | None, range_: DepthRange) -> Legend:
    """Say how far what is nearest and what is farthest is, where the scale is known."""
    if depth is None or not depth.metric:
        return ()
    near, far = _depth_ends()
    return ((f"{range_.near:.1f} m", near), ("to", TEXT_DIM), (f"{range_.far:.1f} m", far))


def _first_tinted(segmentation: Segmentation) -> int:
    return 1 if segmentation.class_names[:1] == ("background",) else 0


@lru_cache(maxsize=1)
def _depth_ends() -> tuple[Colour, Colour]:
    """Return the colours of what is near and far, as light as text should be."""
    import cv2

    ends = cv2.applyColorMap(np.array(_DEPTH_ENDS[::-1], np.uint8)[:, None], cv2.COLORMAP_TURBO)
    near, far = ((int(b), int(g), int(r)) for ((b, g, r),) in ends)
    return mixed(near, TEXT, 0.7), mixed(far, TEXT, 0.7)


def draw_legend(
    picture: NDArray[np.uint8], legend: Legend, left: int, right: int, baseline: int, layout: Layout
) -> None:
    """Write a legend that ends at `right`; entries that would pass `left` are left out."""
    size_px = layout.px(11)
    x = right
    for name, colour in reversed(legend):
        x -= text_width(name, size_px)
        if x < left:
            return
        draw_text(picture, name, x, baseline, size_px=size_px, colour=colour)
        x -= layout.px(12)


def _blank(shape: tuple[int, int]) -> NDArray[np.uint8]:
    return np.full((*shape, 3), GROUND, np.uint8)


def _uint8(picture: object) -> NDArray[np.uint8]:
    return np.asarray(picture, np.uint8)
