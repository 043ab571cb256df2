"""What rays through the pixels of cameras meet in worlds: as tensor code, and by a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from eventvision.simulation import SEGMENTATION_CLASSES

from ._rooms import BLOCKS, BOXES, TILE, Room

_SKY, _BUILDING, _VEGETATION, _ROAD, _PAVEMENT, _OTHER = _NAMES = tuple(
    SEGMENTATION_CLASSES.index(name)
    for name in ("sky", "building", "vegetation", "road", "pavement", "other")
)
_FLOOR, _SIDE, _ABOVE, _CRATE = range(4)


@dataclass(frozen=True, slots=True)
class Worlds:
    """Rooms as tensors; `eventvision.kernels.rays.see_worlds` describes each."""

    focal_px: Tensor
    bounds: Tensor
    boxes: Tensor
    box_classes: Tensor
    atlas: Tensor
    means: Tensor
    tile_m: Tensor
    road_half_m: Tensor
    sides: Tensor
    trees: Tensor
    block_m: Tensor
    outdoors: Tensor
    glow: Tensor

    @classmethod
    def of(cls, rooms: Sequence[Room], device: torch.device) -> Worlds:
        """Move rooms to a device."""

        def column(values: Sequence[object]) -> Tensor:
            stacked = np.stack([np.asarray(value) for value in values])
            kept = stacked if stacked.dtype.kind in "bi" else stacked.astype(np.float32)
            return torch.from_numpy(kept).to(device)

        atlas = column([room.atlas for room in rooms])
        means = atlas.view(len(rooms), 2, TILE, 2, TILE).mean((2, 4)).view(-1, 4)
        return cls(
            column([room.focal_px for room in rooms]),
            column([room.bounds for room in rooms]),
            column([room.boxes for room in rooms]),
            column([np.append(room.box_classes, 0) for room in rooms]),
            atlas,
            means,
            column([room.tile_m for room in rooms]),
            column([room.floor_half_m for room in rooms]),
            column([room.sides for room in rooms]),
            column([room.trees for room in rooms]),
            column([room.block_m for room in rooms]),
            column([room.outdoors for room in rooms]),
            column([room.glow for room in rooms]),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen; all of shape (m, height, width).

    Attributes:
        image: float32: intensity.
        depth_m: float32: distance along the optical axis, infinite for the sky.
        classes: uint8: index into `SEGMENTATION_CLASSES`.
        boxes: uint8: which box is seen, or `BOXES` for none.
    """

    image: Tensor
    depth_m: Tensor
    classes: Tensor
    boxes: Tensor


@dataclass(frozen=True, slots=True)
class _Hits:
    """What rays meet; all of shape (m, height, width), places in metres in the world."""

    depth_m: Tensor
    x: Tensor
    y: Tensor
    z: Tensor
    axis: Tensor
    box: Tensor
    steepness: Tensor


def see_by_kernel(
    worlds: Worlds, place: Tensor, rotation: Tensor, clip: Tensor, shape: tuple[int, int]
) -> Seen:
    """Do what `see_tensors` does, on a CPU."""
    from eventvision.kernels.rays import see_worlds

    size = len(clip), *shape
    seen = Seen(
        torch.empty(size), torch.empty(size), torch.empty(size, dtype=torch.uint8),
        torch.empty(size, dtype=torch.uint8),
    )  # fmt: skip
    see_worlds(
        place.contiguous().numpy(), rotation.contiguous().numpy(), clip.contiguous().numpy(),
        worlds.focal_px.numpy(), worlds.bounds.numpy(), worlds.boxes.numpy(),
        worlds.box_classes.numpy(), worlds.atlas.numpy(), worlds.means.numpy(),
        worlds.tile_m.numpy(), worlds.road_half_m.numpy(), worlds.sides.numpy(),
        worlds.trees.numpy(), worlds.block_m.numpy(), worlds.outdoors.numpy(),
        worlds.glow.numpy(), np.array(_NAMES), seen.image.numpy(), seen.depth_m.numpy(),
        seen.classes.numpy(), seen.boxes.numpy(),
    )  # fmt: skip
    return seen


def see_tensors(
    worlds: Worlds, place: Tensor, rotation: Tensor, clip: Tensor, shape: tuple[int, int]
) -> Seen:
    """See m images of worlds.

    Args:
        worlds: The worlds.
        place: float32, shape (m, 3): cameras in their worlds.
        rotation: float32, shape (m, 3, 3): from camera to world.
        clip: int64, shape (m,): which world each image shows.
        shape: Height and width of the images.
    """
    device = place.device
    focal = worlds.focal_px[clip].view(-1, 1, 1)
    x = (torch.arange(shape[1], device=device) - (shape[1] - 1) / 2)[None, None, :] / focal
    y = (torch.arange(shape[0], device=device) - (shape[0] - 1) / 2)[None, :, None] / focal
    turn = rotation.reshape(-1, 9, 1, 1).unbind(1)
    rays = [turn[3 * i] * x + turn[3 * i + 1] * y + turn[3 * i + 2] for i in range(3)]
    rays = [torch.where(ray.abs() < 1e-6, 1e-6, ray) for ray in rays]
    hits = _meet(worlds, rays, place.view(-1, 3, 1, 1).unbind(1), clip)
    classes, sky = _surface(worlds, hits, clip)
    image = _light(worlds, hits, clip, classes, sky)
    depth = torch.where(sky, torch.inf, hits.depth_m)
    return Seen(image, depth, classes.to(torch.uint8), hits.box.to(torch.uint8))


def _meet(worlds: Worlds, rays: list[Tensor], start: Sequence[Tensor], clip: Tensor) -> _Hits:
    bounds = worlds.bounds[clip].view(-1, 6, 1, 1).unbind(1)
    inverse = [1 / ray for ray in rays]
    leave = torch.stack([
        torch.maximum((bounds[a] - start[a]) * inverse[a], (bounds[a + 3] - start[a]) * inverse[a])
        for a in range(3)
    ])  # fmt: skip
    depth, axis = leave.min(0)
    box = torch.full_like(axis, BOXES)
    limits = worlds.boxes[clip]
    for index in range(BOXES):
        edges = limits[:, index].view(-1, 6, 1, 1).unbind(1)
        sides = [
            ((edges[a] - start[a]) * inverse[a], (edges[a + 3] - start[a]) * inverse[a])
            for a in range(3)
        ]
        near = torch.stack([torch.minimum(*pair) for pair in sides])
        far = torch.stack([torch.maximum(*pair) for pair in sides])
        enter, face = near.max(0)
        met = (enter < far.amin(0)) & (enter > 0.05) & (enter < depth)
        depth = torch.where(met, enter, depth)
        axis = torch.where(met, face, axis)
        box = torch.where(met, index, box)
    x, y, z = (start[a] + rays[a] * depth for a in range(3))
    steep = torch.where(axis == 0, rays[0], torch.where(axis == 1, rays[1], rays[2])).abs()
    return _Hits(depth, x, y, z, axis, box, steep)


def _surface(worlds: Worlds, hits: _Hits, clip: Tensor) -> tuple[Tensor, Tensor]:
    """Return the class of what is met, and whether it is the sky."""
    at = clip.view(-1, 1, 1)
    block = (hits.z / worlds.block_m[at]).long().clamp(0, BLOCKS - 1)
    side = (hits.x > 0).long()
    height = worlds.bounds[at, 4] - hits.y
    upright, inside = hits.axis != 1, hits.box == BOXES
    above = torch.where(upright, height > worlds.sides[at, side, block], height > 0.01)
    outdoors = worlds.outdoors[at]
    sky = outdoors & inside & above
    wall = torch.where(worlds.trees[at, side, block], _VEGETATION, _BUILDING)
    ground = torch.where(hits.x.abs() < worlds.road_half_m[at], _ROAD, _PAVEMENT)
    classes = torch.where(outdoors, torch.where(upright, wall, ground), _OTHER)
    classes = torch.where(inside, classes, worlds.box_classes[at, hits.box])
    return torch.where(sky, _SKY, classes), sky


def _light(worlds: Worlds, hits: _Hits, clip: Tensor, classes: Tensor, sky: Tensor) -> Tensor:
    """Return intensity; detail too fine for a pixel fades to the mean, as it does in a lens."""
    at = clip.view(-1, 1, 1)
    flat, inside = hits.axis == 1, hits.box == BOXES
    tile = torch.where(flat, torch.where(hits.y > 0, _FLOOR, _ABOVE), _SIDE)
    tile = torch.where(inside & (classes == _VEGETATION), _ABOVE, tile)
    tile = torch.where(inside, tile, _CRATE)
    span = worlds.tile_m[at, tile]
    u = torch.where(hits.axis == 0, hits.z, hits.x) / span
    v = torch.where(flat, hits.z, hits.y) / span
    mean = worlds.means[at, tile]
    blur = 0.6 * hits.depth_m * TILE / (span * worlds.focal_px[at]) / hits.steepness.clamp(min=0.02)
    shade = mean + (_read(worlds.atlas[clip], tile, u, v) - mean) / blur.clamp(min=1)
    shade = shade * worlds.glow[at, hits.axis]
    shade = torch.where(inside, shade, shade * worlds.glow[at, 4])
    shade = torch.where(inside & (classes == _PAVEMENT), 1.6 * shade, shade)
    return torch.where(sky, worlds.glow[at, 3], shade).clamp_(0, 1)


def _read(atlas: Tensor, tile: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Read an atlas at places that count in tiles; tiles repeat as in facing mirrors."""
    margin = 1.5 / TILE
    grid = torch.empty((*u.shape, 2), device=u.device)
    for axis, (place, corner) in enumerate(((u, tile % 2), (v, tile // 2))):
        folded = (place - 2 * torch.floor(place / 2) - 1).abs()
        grid[..., axis] = corner + margin + folded * (1 - 2 * margin) - 1
    seen: Tensor = grid_sample(atlas[:, None], grid, align_corners=False)
    return seen[:, 0]
