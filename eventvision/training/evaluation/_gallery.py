"""Pictures of what was found, side by side with the truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Depth, Detections, Events, Image, Result, Segmentation
from eventvision.training._tiles import (
    Picture,
    classes_tile,
    depth_tile,
    draw_boxes,
    events_tile,
    framed,
    grey_tile,
    write_picture,
)

from ._box_scores import TrueObjects
from ._picture_scores import percentile_scaled
from ._sequence import Truth

_SHOWN_US = 30_000
_SHOWN_SCORE = 0.3
_TITLE_PX = 14

Found = Mapping[str, Mapping[str, Result]]
"""Results by method and task."""


class Gallery:
    """Collects lines of pictures and writes them into files.

    Args:
        folder: Where to; must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[str, list[Picture]] = {}

    def add(self, name: str, line: Picture | None) -> None:
        """Add a line to a file."""
        if line is not None:
            self._lines.setdefault(name, []).append(line)

    def write(self) -> list[Path]:
        """Write all files and return their paths.

        Raises:
            OutputError: If one cannot be written.
        """
        paths = []
        for name, lines in self._lines.items():
            width = max(line.shape[1] for line in lines)
            rims = [((0, 0), (0, width - line.shape[1]), (0, 0)) for line in lines]
            padded = [
                np.pad(line, r, constant_values=255) for line, r in zip(lines, rims, strict=True)
            ]
            paths.append(self._folder / f"{name}.png")
            write_picture(paths[-1], np.vstack(padded))
        return paths


def picture_line(events: Events, truth: Truth, found: Found) -> Picture | None:
    """Draw events, what is true, and the pictures of all methods that make any."""
    images = {
        name: results["reconstruction"]
        for name, results in found.items()
        if "reconstruction" in results
    }
    tiles = [("events", _events(events, truth.t_us)), ("truth", _scaled(truth.shade))]
    tiles += [(n, _scaled(i.pixels)) for n, i in images.items() if isinstance(i, Image)]
    return _line(tiles) if images else None


def perception_lines(events: Events, truth: Truth, found: Found) -> list[Picture]:
    """Draw, for each method that finds objects, surfaces or distances, these beside the truth."""
    lines = []
    for name, results in found.items():
        tiles = _found_tiles(name, events, truth, results)
        if tiles:
            lines.append(_line([("truth", _with_objects(truth)), *tiles]))
    return lines


def people_line(events: Events, truth: Truth, found: Found) -> Picture | None:
    """Draw the boxes that are true and those of each method over the events."""
    tiles = [("true boxes", _objects_drawn(_events(events, truth.t_us), truth.objects))]
    tiles += [
        (name, _detections_drawn(_events(events, truth.t_us), results["detection"]))
        for name, results in found.items()
        if "detection" in results
    ]
    return _line(tiles) if len(tiles) > 1 else None


def _found_tiles(
    name: str, events: Events, truth: Truth, results: Mapping[str, Result]
) -> list[tuple[str, Picture]]:
    tiles: list[tuple[str, Picture]] = []
    for result in results.values():
        if isinstance(result, Detections):
            over = _events(events, truth.t_us)
            tiles.append((name, _detections_drawn(over, result)))
        elif isinstance(result, Segmentation):
            tiles += [
                ("true classes", classes_tile(truth.classes)),
                (name, classes_tile(result.mask)),
            ]
        elif isinstance(result, Depth):
            known = ~np.isnan(truth.depth_m)
            true_m = np.nan_to_num(truth.depth_m, nan=1.0)
            factor = np.median(true_m[known]) / np.median(result.depth[known]) if known.any() else 1
            tiles += [
                ("true depth", depth_tile(true_m, known)),
                (name, depth_tile(result.depth * np.float32(factor))),
            ]
    return tiles


def _line(tiles: list[tuple[str, Picture]]) -> Picture:
    import cv2

    drawn = []
    for title, tile in tiles:
        strip: Any = np.full((_TITLE_PX, tile.shape[1], 3), 255, np.uint8)
        cv2.putText(strip, title, (2, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
        drawn.append(framed(np.vstack([strip, tile])))
    return np.hstack(drawn)


def _events(events: Events, t_us: int) -> Picture:
    recent = events.between(t_us - _SHOWN_US, t_us)
    plane = np.zeros((1, *events.sensor.shape), np.float32)
    np.add.at(plane[0], (recent.y, recent.x), np.where(recent.on, 1.0, -1.0))
    return events_tile(plane)


def _scaled(pixels: NDArray[np.float32]) -> Picture:
    known = ~np.isnan(pixels)
    if not known.any():
        return grey_tile(np.zeros(pixels.shape))
    return grey_tile(np.where(known, percentile_scaled(np.nan_to_num(pixels), known), 0))


def _with_objects(truth: Truth) -> Picture:
    return _objects_drawn(_scaled(truth.shade), truth.objects)


def _objects_drawn(picture: Picture, objects: TrueObjects) -> Picture:
    draw_boxes(picture, objects.boxes, np.where(objects.needed, objects.classes, -1))
    return picture


def _detections_drawn(picture: Picture, found: Result) -> Picture:
    if isinstance(found, Detections):
        sure = found.scores >= _SHOWN_SCORE
        draw_boxes(picture, found.boxes[sure], found.classes[sure])
    return picture
