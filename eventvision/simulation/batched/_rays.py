"""Sees worlds by casting a ray through every pixel: light, classes and exact distances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ._casting import Sprite
from ._painter import SpritePainter
from ._rooms import Flight, Room
from ._tracks import FloatArray
from ._truths import Truths
from ._worlds import Seen, Worlds, see_by_kernel, see_tensors

_FARTHEST_M, _NEAREST_M = 1e5, 0.05


class WorldScene:
    """A batch of worlds, each seen by a camera that moves.

    Args:
        rooms: One per clip.
        flights: Ways of the cameras.
        casts: Sprites of each clip, from back to front, with distances.
        places: Shape (steps + 1, clips): edges of the steps as shares of the clip's duration.
        shape: Height and width of the images.
        device: Where to render.
    """

    def __init__(
        self,
        rooms: Sequence[Room],
        flights: Sequence[Flight],
        casts: Sequence[Sequence[Sprite]],
        places: FloatArray,
        shape: tuple[int, int],
        device: torch.device,
    ) -> None:
        self._shape, self._device = shape, device

        self._worlds = Worlds.of(rooms, device)
        kinds = np.array([[*room.box_kinds, -1] for room in rooms])
        numbers = np.where(kinds >= 0, np.cumsum(kinds >= 0, axis=1), 0)
        self._box_numbers = torch.from_numpy(numbers.astype(np.uint8)).to(device)
        routes = list(zip(flights, places.T, strict=True))
        place = np.stack([flight.places(at) for flight, at in routes], axis=1)
        rotation = np.stack([flight.rotations(at) for flight, at in routes], axis=1)
        self._place = torch.from_numpy(place.astype(np.float32)).to(device)
        self._rotation = torch.from_numpy(rotation.astype(np.float32)).to(device)
        self._sprites = SpritePainter(casts, places, shape, device)
        self._x = torch.arange(shape[1], device=device) - (shape[1] - 1) / 2
        self._y = torch.arange(shape[0], device=device) - (shape[0] - 1) / 2

    def intensity(self, steps: Tensor) -> Tensor:
        """Return what is seen at edges of the steps (times, clips): (times, clips, h, w)."""
        size = (*steps.shape, *self._shape)
        seen = self._see(steps)
        image = seen.image.view(size)
        self._sprites.paint(steps, image, seen.depth_m.view(size))
        return image

    def truths(self, steps: Tensor, before: Tensor) -> Truths:
        """Return what is true at some edges of the steps, with flow since the edges `before`."""
        size = (*steps.shape, *self._shape)
        truths = Truths.blank(steps.shape[0], steps.shape[1], self._shape, self._device)
        seen, clip = self._see(steps), self._clips(steps)
        truths.intensity = seen.image.view(size)
        truths.classes = seen.classes.view(size)
        truths.instances = self._box_numbers[clip.view(-1, 1, 1), seen.boxes.long()].view(size)
        truths.depth_m = seen.depth_m.view(size)
        flow = self._flow(steps, before, seen.depth_m)
        truths.flow_px = flow.view(*steps.shape, 2, *self._shape)
        self._sprites.paint_truth(steps, before, truths, deep=True)
        return truths

    def flow_px(self, steps: Tensor) -> Tensor:
        """Return how the picture has moved since the step before: (times, clips, 2, h, w)."""
        before = torch.cat([steps[:1], steps[:-1]])
        flow = self._flow(steps, before, self._see(steps).depth_m)
        return flow.view(*steps.shape, 2, *self._shape)

    def _clips(self, steps: Tensor) -> Tensor:
        """Return the clip of each image, shape (m,)."""
        return torch.arange(steps.shape[1], device=self._device).expand_as(steps).flatten()

    def _see(self, steps: Tensor) -> Seen:
        clip = self._clips(steps)
        edges = steps.flatten()
        worlds = self._worlds
        if self._device.type == "cpu":
            return see_by_kernel(
                worlds, self._place[edges, clip], self._rotation[edges, clip], clip, self._shape
            )
        return see_tensors(
            worlds, self._place[edges, clip], self._rotation[edges, clip], clip, self._shape
        )

    def _flow(self, steps: Tensor, before: Tensor, depth_m: Tensor) -> Tensor:
        """Return by how much what is seen has moved since, shape (m, 2, height, width)."""
        clip = self._clips(steps)
        focal = self._worlds.focal_px[clip].view(-1, 1, 1)
        now, then = steps.flatten(), before.flatten()
        turn, origin = self._rotation[now, clip], self._place[now, clip]
        back = self._rotation[then, clip].transpose(1, 2)
        relative = back @ turn
        shift = (back @ (origin - self._place[then, clip])[:, :, None]).view(-1, 3, 1, 1)
        depth = depth_m.clamp(max=_FARTHEST_M)
        x, y = self._x[None, None, :] / focal, self._y[None, :, None] / focal
        entry = relative.reshape(-1, 9, 1, 1).unbind(1)
        was = [
            (entry[3 * i] * x + entry[3 * i + 1] * y + entry[3 * i + 2]) * depth + shift[:, i]
            for i in range(3)
        ]
        scale = focal / was[2].clamp(min=_NEAREST_M)
        return torch.stack([self._x - was[0] * scale, self._y[:, None] - was[1] * scale], dim=1)
