"""What a training says about itself: a line per validation, curves, pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn as torch_nn

from eventvision.core import output_errors
from eventvision.training import Sequences
from eventvision.training._tiles import (
    Picture,
    classes_tile,
    depth_tile,
    draw_boxes,
    events_tile,
    framed,
    grey_tile,
    light_tile,
    write_picture,
)
from eventvision.training.losses import boxes_at, places_of
from eventvision.training.networks import STRIDES

from ._running import IMAGE, answers, forget
from ._train import Progress

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

_SHOWN_SCORE = 0.3
_MOST_BOXES = 12


class Journal:
    """Keeps `progress.jsonl`, `pictures/NNNNNN.png` and TensorBoard's event files in a folder.

    Without the package tensorboard the event files are left out.

    Args:
        folder: Where to write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with output_errors(folder):
            (folder / "pictures").mkdir(parents=True, exist_ok=True)
        self._curves = _curves(folder / "curves")

    def write(self, progress: Progress, network: torch_nn.Module, clips: Sequences) -> None:
        """Add what a validation found, and a picture of what the network answers.

        Raises:
            OutputError: If it cannot be written.
        """
        line = {
            "batch": progress.batch,
            "learned": progress.learned,
            "validated": progress.validated,
            "best": progress.is_best,
        }
        with output_errors(self._folder), (self._folder / "progress.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        write_picture(
            self._folder / "pictures" / f"{progress.batch:06d}.png", draw_answers(network, clips)
        )
        if self._curves is not None:
            for kind, values in (("learned", progress.learned), ("validated", progress.validated)):
                for name, value in values.items():
                    self._curves.add_scalar(f"{kind}/{name}", value, progress.batch)
            self._curves.flush()


def _curves(folder: Path) -> SummaryWriter | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))


@torch.no_grad()
def draw_answers(network: torch_nn.Module, clips: Sequences) -> Picture:
    """Draw what a network answers to the last slice of clips, one clip a line, truth beside it."""
    forget(network)
    found = {name: value[-1].cpu() for name, value in answers(network, clips.events).items()}
    draw = _picture_tiles if IMAGE in found else _perceived_tiles
    lines = [draw(clips, clip, found) for clip in range(clips.events.shape[1])]
    forget(network)
    return np.vstack([np.hstack([framed(tile) for tile in tiles]) for tiles in lines])


def _picture_tiles(clips: Sequences, clip: int, found: dict[str, torch.Tensor]) -> list[Picture]:
    return [
        events_tile(clips.events[-1, clip].cpu().numpy()),
        grey_tile(found[IMAGE][clip, 0].numpy()),
        light_tile(clips.intensity[-1, clip, 0].cpu().numpy()),
    ]


def _perceived_tiles(clips: Sequences, clip: int, found: dict[str, torch.Tensor]) -> list[Picture]:
    height, width = clips.events.shape[-2:]
    right = light_tile(clips.intensity[-1, clip, 0].cpu().numpy())
    draw_boxes(
        right, clips.boxes[-1, clip].cpu().numpy(), clips.box_classes[-1, clip].cpu().numpy()
    )
    ours = events_tile(clips.events[-1, clip].cpu().numpy())
    answers, places = found["detection"][clip], places_of(height, width, STRIDES)
    score = answers[:, 4].sigmoid() * answers[:, 5:].sigmoid().amax(dim=1)
    best = score.topk(_MOST_BOXES).indices
    best = best[score[best] > _SHOWN_SCORE]
    kinds = answers[best, 5:].argmax(dim=1).numpy()
    draw_boxes(ours, boxes_at(answers, places)[best].numpy(), kinds)
    depth_m = torch.exp(-found["depth"][clip, 0]).numpy()
    return [
        right,
        ours,
        classes_tile(clips.classes[-1, clip].cpu().numpy()),
        _enlarged(classes_tile(found["segmentation"][clip].argmax(dim=0).numpy()), height, width),
        depth_tile(
            clips.depth_m[-1, clip].cpu().numpy(), clips.depth_valid[-1, clip].cpu().numpy()
        ),
        _enlarged(depth_tile(depth_m), height, width),
    ]


def _enlarged(tile: Picture, height: int, width: int) -> Picture:
    rows, columns = np.arange(height) * len(tile) // height, np.arange(width)
    return tile[rows][:, columns * tile.shape[1] // width]
