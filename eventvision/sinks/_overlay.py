"""The annotated picture of a slice, for video and for screens.

`OverlayState.update` takes what happened; `compose` draws it and changes nothing, so that a
screen may draw the same slice again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Counts,
    Depth,
    Detections,
    Image,
    Segmentation,
    SensorSize,
    SliceResult,
    Tracks,
)

from ._footer import draw_footer
from ._gates import draw_counts
from ._layout import PANELS, Layout, Panel
from ._marks import draw_detections, draw_tracks, draw_trail
from ._memory import DepthRange, EventMemory, TrailMemory
from ._palette import FRAME, TEXT
from ._panels import (
    EVENT_LEGEND,
    TITLES,
    Legend,
    depth_legend,
    depth_picture,
    draw_legend,
    events_picture,
    image_picture,
    mask_legend,
    mask_picture,
)
from ._results import last_of
from ._text import BOLD, draw_text, text_width


class OverlayState:
    """What a picture shows beyond one slice: fading events, trails, the latest of each result.

    Args:
        sensor: Size of the pixel array that slices and results refer to.
        panels: What to show, in reading order: `events`, `image`, `mask`, `depth`.

    Attributes:
        sensor: As given.
        layout: Where everything lies; `layout.width` and `layout.height` are the picture's size.

    Raises:
        ValueError: If there is no panel, or an unknown one.
    """

    def __init__(self, sensor: SensorSize, panels: Sequence[Panel] = ("events",)) -> None:
        if not panels or not set(panels) <= set(PANELS):
            raise ValueError(f"panels must be some of {', '.join(PANELS)}, got {panels!r}")
        self.sensor = sensor
        self.layout = Layout.fit(sensor, tuple(panels))
        self.events = EventMemory(sensor)
        self.trails = TrailMemory()
        self.depth_range = DepthRange()
        self.detections: Detections | None = None
        self.tracks: Tracks | None = None
        self.image: Image | None = None
        self.segmentation: Segmentation | None = None
        self.depth: Depth | None = None
        self.counts: Counts | None = None
        self.start_us: int | None = None
        self.blank = _blank(self.layout)

    def update(self, result: SliceResult) -> None:
        """Take the next slice and what tasks said about it; what they did not say anew stays.

        Raises:
            ValueError: If the slice is of another sensor.
        """
        slice_ = result.slice
        if slice_.events.sensor != self.sensor:
            raise ValueError(f"expected slices of {self.sensor}, got {slice_.events.sensor}")
        if self.start_us is None:
            self.start_us = slice_.t0_us
        self.events.add(slice_)
        if (detections := last_of(result, Detections)) is not None:
            self.detections = detections
        if (image := last_of(result, Image)) is not None:
            self.image = image
        if (segmentation := last_of(result, Segmentation)) is not None:
            self.segmentation = segmentation
        if (tracks := last_of(result, Tracks)) is not None:
            self.tracks = tracks
            self.trails.add(tracks, slice_.t1_us)
        if (counts := last_of(result, Counts)) is not None:
            self.counts = counts
        if (depth := last_of(result, Depth)) is not None:
            self.depth = depth
            self.depth_range.add(depth.depth)
        self.trails.forget(slice_.t1_us)


def panels_for(result: SliceResult) -> tuple[Panel, ...]:
    """Return the panels that show everything a result has: the events, and what tasks gave."""
    kinds: dict[Panel, type[Image | Segmentation | Depth]] = {
        "image": Image,
        "mask": Segmentation,
        "depth": Depth,
    }
    given = tuple(type(value) for value in result.results.values())
    return ("events", *(panel for panel, kind in kinds.items() if kind in given))


def compose(
    result: SliceResult, state: OverlayState, out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Draw a slice that `state` was updated with.

    Args:
        result: The slice.
        state: What is to be seen of it and of those before.
        out: Written over and returned, where given: an earlier picture of the same state.

    Returns:
        BGR picture, shape (state.layout.height, state.layout.width, 3).
    """
    layout = state.layout
    picture = np.empty_like(state.blank) if out is None else out
    picture[:] = state.blank
    for index, name in enumerate(layout.panels):
        left, top = layout.origin(index)
        panel = picture[top : top + layout.panel_h, left : left + layout.panel_w]
        _fill(panel, _sensor_picture(name, state), smooth=name == "image")
        _mark(panel, name, state, result.slice.t1_us)
        _draw_title(picture, name, left, top, state)
    tracks = None if state.tracks is None else len(state.tracks)
    start_us = result.slice.t0_us if state.start_us is None else state.start_us
    draw_footer(picture, result.slice, start_us, tracks, layout)
    return picture


def _blank(layout: Layout) -> NDArray[np.uint8]:
    return np.full((layout.height, layout.width, 3), FRAME, np.uint8)


def _sensor_picture(name: Panel, state: OverlayState) -> NDArray[np.uint8]:
    shape = state.sensor.shape
    if name == "events":
        return events_picture(state.events.cells)
    if name == "image":
        return image_picture(state.image, shape)
    if name == "depth":
        return depth_picture(state.depth, state.depth_range, shape)
    return mask_picture(state.segmentation, _under_mask(state))


def _under_mask(state: OverlayState) -> NDArray[np.uint8]:
    import cv2

    if state.image is None:
        return events_picture(state.events.cells)
    grey = image_picture(state.image, state.sensor.shape)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def _fill(panel: NDArray[np.uint8], picture: NDArray[np.uint8], *, smooth: bool) -> None:
    """Bring a picture, grey or BGR, to the size of its panel and write it there."""
    import cv2

    height, width = panel.shape[:2]
    shrinks = width < picture.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    if picture.ndim == 3:
        cv2.resize(picture, (width, height), panel, interpolation=how)
    else:
        grey = cv2.resize(picture, (width, height), interpolation=how)
        cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR, panel)


def _mark(panel: NDArray[np.uint8], name: Panel, state: OverlayState, now_us: int) -> None:
    if name == "events":
        for id_, path in state.trails.paths(now_us):
            draw_trail(panel, path, id_, state.layout)
    if state.detections is not None:
        is_followed = state.tracks is not None
        draw_detections(panel, state.detections, state.layout, is_followed=is_followed)
    if state.tracks is not None:
        draw_tracks(panel, state.tracks, state.layout, outlined=name != "events")
    if state.counts is not None:
        draw_counts(panel, state.counts, state.layout)


def _draw_title(
    picture: NDArray[np.uint8], name: Panel, left: int, top: int, state: OverlayState
) -> None:
    layout = state.layout
    baseline = top - layout.px(9)
    margin, size_px = layout.px(12), layout.px(13)
    draw_text(
        picture,
        TITLES[name],
        left + margin,
        baseline,
        size_px=size_px,
        colour=TEXT,
        weight=BOLD,
    )
    draw_legend(
        picture,
        _legend(name, state),
        left + 2 * margin + text_width(TITLES[name], size_px, BOLD),
        left + layout.panel_w - margin,
        baseline,
        layout,
    )


def _legend(name: Panel, state: OverlayState) -> Legend:
    if name == "events":
        return EVENT_LEGEND
    if name == "mask":
        return mask_legend(state.segmentation)
    if name == "depth":
        return depth_legend(state.depth, state.depth_range)
    return ()
