"""Draws training sequences to look at: `python -m eventvision.training.preview OUT.png`.

Each line is one sequence: at a few slices the image (scaled by percentiles) with boxes, and the
events; then, of the last of these, classes, objects, inverse depth and flow.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EventVisionError, OutputError
from eventvision.simulation import DETECTION_CLASSES
from eventvision.simulation.batched import UNLABELLED, SceneMix

from ._generator import SequenceGenerator, SequenceSettings
from ._sequences import Sequences

Picture = NDArray[np.uint8]

_GAP_PX = 2
_CLASS_COLOURS = np.array(
    [[230, 190, 130], [130, 130, 130], [70, 160, 70], [110, 70, 110], [190, 130, 190],
     [230, 90, 40], [60, 60, 230], [0, 210, 210], [220, 220, 220]], np.uint8,
)  # fmt: skip
_BOX_COLOURS = ((255, 120, 40), (60, 60, 255), (0, 220, 220), (60, 220, 60))


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code: 0, or 2 with one line about what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        settings = SequenceSettings(
            mix=SceneMix(images=tuple(options.images), world=options.world),
            seed=options.seed,
            batch=options.sequences,
        )
        batch = SequenceGenerator(settings).batch(options.number)
        _write(options.out, draw_sequences(batch, columns=options.columns))
    except (EventVisionError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eventvision.training.preview", description=__doc__
    )
    parser.add_argument("out", type=Path, help="picture to write, such as preview.png")
    parser.add_argument("--images", type=Path, action="append", default=[], metavar="FOLDER",
                        help="folder of images to move; may be given again")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, default=0, help="number of the batch")
    parser.add_argument("--sequences", type=int, default=8, help="lines of the picture")
    parser.add_argument("--columns", type=int, default=3, help="slices of each to show")
    parser.add_argument("--world", type=float, default=0.3, help="share of scenes in 3-D")
    return parser


def draw_sequences(batch: Sequences, *, columns: int = 3) -> Picture:
    """Draw a batch, one sequence a line.

    Returns:
        uint8, shape (height, width, 3): blue, green, red.
    """
    slices = batch.events.shape[0]
    shown = np.unique(np.linspace(slices // 3, slices - 1, columns).astype(int))
    lines = []
    for clip in range(batch.events.shape[1]):
        tiles = [tile for t in shown for tile in (_image(batch, t, clip), _events(batch, t, clip))]
        last = int(shown[-1])
        tiles += [
            _CLASS_LOOKS[batch.classes[last, clip].numpy()],
            _objects(batch, last, clip),
            _depth(batch, last, clip),
            _flow(batch, last, clip),
        ]
        lines.append(np.hstack([_framed(tile) for tile in tiles]))
    return np.vstack(lines)


_CLASS_LOOKS = np.zeros((256, 3), np.uint8)
_CLASS_LOOKS[: len(_CLASS_COLOURS)] = _CLASS_COLOURS
_CLASS_LOOKS[UNLABELLED] = 0


def _framed(tile: Picture) -> Picture:
    return np.pad(tile, ((0, _GAP_PX), (0, _GAP_PX), (0, 0)), constant_values=255)


def _image(batch: Sequences, t: int, clip: int) -> Picture:
    import cv2

    light = batch.intensity[t, clip, 0].numpy()
    low, high = np.percentile(light, (1, 99))
    grey = np.clip((light - low) / max(high - low, 1e-6), 0, 1) ** 0.5
    picture = np.repeat((255 * grey)[..., None].astype(np.uint8), 3, axis=2)
    for box, kind in zip(batch.boxes[t, clip], batch.box_classes[t, clip].tolist(), strict=True):
        if 0 <= kind < len(DETECTION_CLASSES):
            x, y, w, h = (int(v) for v in box)
            cv2.rectangle(picture, (x, y), (x + w - 1, y + h - 1), _BOX_COLOURS[kind], 1)
    return picture


def _events(batch: Sequences, t: int, clip: int) -> Picture:
    """Draw ON red and OFF blue on white, as deep as there are events."""
    total = batch.events[t, clip].sum(0).numpy()
    depth = np.clip(np.abs(total) / 2, 0, 1)
    picture = np.full((*total.shape, 3), 255.0)
    picture[..., 1] *= 1 - depth
    picture[..., 0] *= 1 - depth * (total > 0)
    picture[..., 2] *= 1 - depth * (total < 0)
    return picture.astype(np.uint8)


def _objects(batch: Sequences, t: int, clip: int) -> Picture:
    ids = batch.instances[t, clip].numpy().astype(int)
    hue = np.stack([ids * 47 % 180, 0 * ids + 200, 255 * (ids > 0)], axis=-1).astype(np.uint8)
    return _from_hsv(hue)


def _depth(batch: Sequences, t: int, clip: int) -> Picture:
    """Draw what is near bright, what is far dark; black where nobody knows."""
    valid = batch.depth_valid[t, clip].numpy()
    near = 1 / np.maximum(batch.depth_m[t, clip].numpy(), 0.5)
    bright = np.where(valid, 40 + 215 * np.sqrt(np.clip(near, 0, 1)), 0)
    return np.repeat(bright[..., None].astype(np.uint8), 3, axis=2)


def _flow(batch: Sequences, t: int, clip: int) -> Picture:
    """Draw directions as hues, speeds as brightness."""
    dx, dy = batch.flow_px[t, clip].numpy()
    hue = (np.arctan2(dy, dx) / np.pi + 1) * 89.5
    value = np.clip(50 * np.hypot(dx, dy), 0, 255)
    return _from_hsv(np.stack([hue, 0 * hue + 220, value], axis=-1).astype(np.uint8))


def _from_hsv(picture: NDArray[Any]) -> Picture:
    import cv2

    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_HSV2BGR), np.uint8)


def _write(path: Path, picture: Picture) -> None:
    import cv2

    ok, data = cv2.imencode(".png", picture)
    try:
        path.write_bytes(data.tobytes() if ok else b"")
    except OSError as error:
        raise OutputError(path, str(error.strerror), "choose another place") from error


if __name__ == "__main__":
    sys.exit(main())
