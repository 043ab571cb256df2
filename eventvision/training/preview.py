"""Draws training sequences to look at: `python -m eventvision.training.preview OUT.png`.

Each line is one sequence: at a few slices the image (scaled by percentiles) with boxes, and the
events; then, of the last of these, classes, objects, inverse depth and flow.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from eventvision.core import EventVisionError
from eventvision.simulation.batched import SceneMix

from ._generator import SequenceGenerator, SequenceSettings
from ._sequences import Sequences
from ._tiles import (
    Picture,
    classes_tile,
    depth_tile,
    draw_boxes,
    events_tile,
    flow_tile,
    framed,
    instances_tile,
    light_tile,
    write_picture,
)


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
        write_picture(options.out, draw_sequences(batch, columns=options.columns))
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
        tiles = [
            tile
            for t in shown
            for tile in (_image(batch, t, clip), events_tile(batch.events[t, clip].numpy()))
        ]
        at = int(shown[-1]), clip
        tiles += [
            classes_tile(batch.classes[at].numpy()),
            instances_tile(batch.instances[at].numpy()),
            depth_tile(batch.depth_m[at].numpy(), batch.depth_valid[at].numpy()),
            flow_tile(batch.flow_px[at].numpy()),
        ]
        lines.append(np.hstack([framed(tile) for tile in tiles]))
    return np.vstack(lines)


def _image(batch: Sequences, t: int, clip: int) -> Picture:
    picture = light_tile(batch.intensity[t, clip, 0].numpy())
    draw_boxes(picture, batch.boxes[t, clip].numpy(), batch.box_classes[t, clip].numpy())
    return picture


if __name__ == "__main__":
    sys.exit(main())
