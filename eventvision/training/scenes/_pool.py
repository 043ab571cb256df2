"""Batches on disk, each learned from a few times.

Simulating a batch takes half as long as learning from it, one of named scenes longer than that, so
batches are kept and used again, flipped and begun at another slice. What a number of a draw gives
depends on the seed only, not on what is on the disk: a pool that was removed is made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from eventvision.core import complete_file
from eventvision.simulation.batched import Part, SceneMix
from eventvision.training import (
    SequenceGenerator,
    Sequences,
    SequenceSettings,
    StagedGenerator,
)

from ._recipe import ClipSettings, SceneRecipe

_VALIDATION_SEED = 0x5EED
_STAGED_SEED = 0x57A6E
_LIGHT_LEVELS = 200.0
"""Light is kept as the root of it in as many levels: eyes and pictures see roots."""
_MOST_LIGHT = 1.27
_MOST_EVENTS = 60.0


class Generator(Protocol):
    """Makes batches."""

    def batch(self, number: int) -> Sequences:
        """Return the batch of a number, always the same."""


class MixedGenerator:
    """Takes batches of one generator or of another, as their number says.

    Args:
        batched: Clips of the batched simulator.
        staged: Clips of the named scenes.
        share: Of the batches that are staged.
        seed: Decides which ones.
    """

    def __init__(self, batched: Generator, staged: Generator, share: float, seed: int) -> None:
        self._batched, self._staged, self._share, self._seed = batched, staged, share, seed

    def batch(self, number: int) -> Sequences:
        """Return the batch of a number, always the same."""
        return (self._staged if self.is_staged(number) else self._batched).batch(number)

    def is_staged(self, number: int) -> bool:
        """Return whether a batch shows named scenes."""
        draw = np.random.default_rng([_STAGED_SEED, self._seed, number])
        return bool(draw.random() < self._share)


class SequencePool:
    """Draws batches, some fresh, most known.

    Args:
        generator: Makes batches.
        folder: Where to keep them.
        clips: How many to keep and how often to use them.
        seed: Decides which batch a draw gives, and how it is changed.
    """

    def __init__(self, generator: Generator, folder: Path, clips: ClipSettings, seed: int) -> None:
        self._generator, self._folder, self._clips, self._seed = generator, folder, clips, seed
        folder.mkdir(parents=True, exist_ok=True)

    def draw(self, index: int) -> Sequences:
        """Return the batch of a draw; draws are numbered from 0."""
        random = np.random.default_rng([self._seed, index])
        known = self._clips.fresh + index // self._clips.reuse
        oldest = max(0, known - self._clips.keep)
        self._path(oldest - 1).unlink(missing_ok=True)
        return changed(self.batch(int(random.integers(oldest, known))), random, self._clips)

    def batch(self, number: int) -> Sequences:
        """Return a batch as it was generated, but for the rounding of what is kept."""
        path = self._path(number)
        if not path.is_file():
            with complete_file(path) as part:
                save_file(packed(self._generator.batch(number)), part)
        return unpacked(load_file(path))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.safetensors"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some slices of clips.

    Attributes:
        clips: The slices.
        first: Whether clips begin with them.
        seen: float32, (T, B, N): events on each object since its clip began.
    """

    clips: Sequences
    first: bool
    seen: Tensor


def chunks_of(clips: Sequences, settings: ClipSettings) -> Iterator[Chunk]:
    """Yield the chunks of clips, in order of time."""
    seen = clips.box_events.cumsum(dim=0)
    for first in range(0, settings.chunks * settings.chunk, settings.chunk):
        part = part_of_time(clips, first, settings.chunk)
        yield Chunk(part, first == 0, seen[first : first + settings.chunk])


def scene_pool(
    recipe: SceneRecipe, images: tuple[Path, ...], out: Path, part: Part
) -> SequencePool:
    """Return the clips of a recipe: those to learn from, or those to validate with.

    Args:
        recipe: What clips are like.
        images: Folders of images that they show.
        out: Folder of the training; the clips are kept in it.
        part: Of the images.
    """
    learns = part != "val"
    folder = out / ("pool" if learns else "validation")
    seed = recipe.seed if learns else _VALIDATION_SEED
    clips = recipe.clips
    mix = SceneMix(
        images=images,
        part=part,
        street=clips.street,
        world=clips.world,
        still_camera=clips.still_camera,
        path_px=clips.path_px,
    )
    settings = SequenceSettings(
        mix=mix,
        slices=clips.slices,
        batch=clips.batch,
        height=clips.height,
        width=clips.width,
        seed=seed,
    )
    generator: Generator = SequenceGenerator(settings)
    if clips.staged:
        generator = MixedGenerator(generator, StagedGenerator(settings), clips.staged, seed)
    return SequencePool(generator, folder, clips, seed)


def packed(batch: Sequences) -> dict[str, Tensor]:
    """Return a batch in few bytes."""
    light = batch.intensity.clamp(0, _MOST_LIGHT**2).sqrt() * _LIGHT_LEVELS
    kept = {field.name: getattr(batch, field.name) for field in fields(batch)}
    kept |= {
        "events": batch.events.clamp(-_MOST_EVENTS, _MOST_EVENTS).half(),
        "activity": batch.activity.clamp(max=255).to(torch.uint8),
        "intensity": light.round().to(torch.uint8),
        "depth_m": batch.depth_m.clamp(max=6e4).half(),
        "flow_px": batch.flow_px.half(),
        "box_classes": batch.box_classes.to(torch.int8),
        "box_ids": batch.box_ids.to(torch.int16),
    }
    return {name: value.contiguous() for name, value in kept.items()}


def unpacked(kept: dict[str, Tensor]) -> Sequences:
    """Return what `packed` packed."""
    values = dict(kept)
    for name in ("events", "activity", "depth_m", "flow_px"):
        values[name] = kept[name].float()
    values["intensity"] = (kept["intensity"].float() / _LIGHT_LEVELS).square()
    for name in ("box_classes", "box_ids"):
        values[name] = kept[name].long()
    return Sequences(**values)


def changed(batch: Sequences, random: np.random.Generator, clips: ClipSettings) -> Sequences:
    """Mirror clips, turn them upside down, or begin them later, by chance."""
    if random.random() < 0.5:
        batch = mirrored(batch)
    if random.random() < clips.upside_down:
        batch = turned(batch)
    spare = clips.slices - clips.chunks * clips.chunk
    return part_of_time(batch, int(random.integers(spare + 1)), clips.chunks * clips.chunk)


def part_of_time(batch: Sequences, first: int, count: int) -> Sequences:
    """Return some of the slices."""
    return Sequences(
        *(getattr(batch, field.name)[first : first + count] for field in fields(batch))
    )


def mirrored(batch: Sequences) -> Sequences:
    """Swap left and right."""
    flow, boxes = batch.flow_px.flip(-1), batch.boxes.clone()
    boxes[..., 0] = batch.events.shape[-1] - boxes[..., 0] - boxes[..., 2]
    return _flipped(batch, -1, torch.stack([-flow[:, :, 0], flow[:, :, 1]], dim=2), boxes)


def turned(batch: Sequences) -> Sequences:
    """Swap top and bottom."""
    flow, boxes = batch.flow_px.flip(-2), batch.boxes.clone()
    boxes[..., 1] = batch.events.shape[-2] - boxes[..., 1] - boxes[..., 3]
    return _flipped(batch, -2, torch.stack([flow[:, :, 0], -flow[:, :, 1]], dim=2), boxes)


def _flipped(batch: Sequences, axis: int, flow_px: Tensor, boxes: Tensor) -> Sequences:
    names = (
        "events", "activity", "intensity", "classes", "instances", "depth_m", "depth_valid",
    )  # fmt: skip
    flipped = {name: getattr(batch, name).flip(axis) for name in names}
    there = (batch.box_classes >= 0)[..., None]
    return replace(batch, **flipped, flow_px=flow_px, boxes=torch.where(there, boxes, 0.0))
