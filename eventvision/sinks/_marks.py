"""Objects drawn over a panel: boxes, labels, trails."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Detections, Tracks

from ._layout import Layout
from ._palette import DETECTION, GROUND, INK, Colour, class_colour, mixed, number_colour
from ._text import BOLD, draw_text, text_width

Point = tuple[int, int]
Rectangle = tuple[int, int, int, int]

_FADES = (0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 0.9, 1.0)
_SUBPIXEL_BITS = 4


def draw_detections(
    panel: NDArray[np.uint8], found: Detections, layout: Layout, *, is_followed: bool
) -> None:
    """Draw a thin box around everything detected.

    Where there are several classes, boxes have the colour of their class, and a label with class
    and score. Where tracks are drawn as well, boxes are dim and have none.
    """
    import cv2

    is_labelled = len(found.class_names) > 1 and not is_followed
    labels: list[Rectangle] = []
    for box, class_ in zip(found.boxes, found.classes.tolist(), strict=True):
        left, top, right, bottom = _corners(box, layout.zoom)
        colour = class_colour(found.class_names[class_], class_) if is_labelled else DETECTION
        if is_followed:
            colour = mixed(DETECTION, GROUND, 0.45)
        cv2.rectangle(panel, (left, top), (right, bottom), colour, layout.px(1))
    if not is_labelled:
        return
    for box, class_, score in zip(
        found.boxes, found.classes.tolist(), found.scores.tolist(), strict=True
    ):
        around = _around(_corners(box, layout.zoom), 0)
        name = found.class_names[class_]
        text = f"{name} {score:.2f}"
        place = _label_place(around, text, panel.shape, labels, layout)
        labels.append(place)
        _draw_label(panel, text, place, class_colour(name, class_), layout)


def draw_tracks(
    panel: NDArray[np.uint8], tracks: Tracks, layout: Layout, *, outlined: bool
) -> None:
    """Draw a box around every object followed, and a label, in a colour of its own.

    Args:
        panel: Drawn on.
        tracks: The label is the number and, where there are several classes, class and score.
        layout: Gives the scale.
        outlined: Whether boxes have a dark rim, to stand out from a bright picture.
    """
    import cv2

    rings = layout.px(1.6)
    labels: list[Rectangle] = []
    for id_, box in zip(tracks.ids, tracks.boxes, strict=True):
        corners = _corners(box, layout.zoom)
        colours = [number_colour(int(id_))] * rings + [INK] * outlined
        for distance, colour in enumerate(colours, start=1):
            cv2.rectangle(panel, *_around(corners, distance), colour)
    for id_, box, class_, score in zip(
        tracks.ids, tracks.boxes, tracks.classes, tracks.scores, strict=True
    ):
        text = f"#{id_}"
        if len(tracks.class_names) > 1:
            text += f" {tracks.class_names[class_]} {score:.2f}"
        around = _around(_corners(box, layout.zoom), rings)
        place = _label_place(around, text, panel.shape, labels, layout)
        labels.append(place)
        _draw_label(panel, text, place, number_colour(int(id_)), layout)


def draw_trail(
    panel: NDArray[np.uint8], path: NDArray[np.float64], id_: int, layout: Layout
) -> None:
    """Draw where a centre has been, fading with age.

    Args:
        panel: Drawn on.
        path: Shape (N, 3), oldest first: age 0 to 1, x and y in sensor pixels.
        id_: Number of the track.
        layout: Gives the scale.
    """
    import cv2

    points = np.rint(path[:, 1:] * layout.zoom * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    bounds = np.linspace(0, 1, len(_FADES) + 1)[1:-1]
    starts = [0, *np.searchsorted(-path[:, 0], -bounds[::-1])]
    for fade, first, end in zip(_FADES, starts, [*starts[1:], len(points)], strict=True):
        cv2.polylines(
            panel,
            [points[max(0, first - 1) : end]],
            isClosed=False,
            color=mixed(number_colour(id_), GROUND, fade),
            thickness=layout.px(1.4),
            lineType=cv2.LINE_AA,
            shift=_SUBPIXEL_BITS,
        )


def _corners(box: NDArray[np.float32], zoom: float) -> Rectangle:
    """Return left, top, right, bottom of a box in panel pixels, all inclusive."""
    x, y, w, h = (float(value) for value in box)
    left, top = round(x * zoom), round(y * zoom)
    return (
        left,
        top,
        max(left, round((x + w) * zoom) - 1),
        max(top, round((y + h) * zoom) - 1),
    )


def _around(corners: Rectangle, distance: int) -> tuple[Point, Point]:
    """Return the top-left and bottom-right corner of the ring so many pixels outside."""
    left, top, right, bottom = corners
    return (left - distance, top - distance), (right + distance, bottom + distance)


def _label_place(
    box: tuple[Point, Point],
    text: str,
    shape: tuple[int, ...],
    taken: Iterable[Rectangle],
    layout: Layout,
) -> Rectangle:
    """Put a label above its box, else below, else inside: within the panel, beside the others."""
    (left, top), (_, bottom) = box
    width, height = text_width(text, layout.px(12), BOLD) + layout.px(8), layout.px(17)
    x = max(0, min(left, shape[1] - width))
    rows = [
        max(0, min(row, shape[0] - height)) for row in (top - height, bottom + 1, top, bottom // 2)
    ]
    places = [(x, y, x + width, y + height) for y in rows]
    free = (place for place in places if not any(_overlap(place, other) for other in taken))
    return next(free, places[0])


def _draw_label(
    panel: NDArray[np.uint8], text: str, place: Rectangle, colour: Colour, layout: Layout
) -> None:
    left, top, right, bottom = place
    panel[top:bottom, left:right] = colour
    draw_text(
        panel,
        text,
        left + layout.px(4),
        bottom - layout.px(5),
        size_px=layout.px(12),
        colour=INK,
        weight=BOLD,
    )


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
