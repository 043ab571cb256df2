"""Scenes in two and a half dimensions: a backdrop before a moving camera, sprites in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from ._casting import Sprite
from ._painter import SpritePainter
from ._pictures import Backdrop
from ._tracks import KNOTS, FloatArray, Track
from ._truths import Truths

TEXELS_PER_PX = 2.0
"""Finer than the view, so that reading a backdrop bilinearly does not make its contrast flicker."""


def screen_track(camera: Track, way: Track, nearness: float) -> Track:
    """Return where something that moves before the backdrop is on the screen.

    Args:
        camera: Way of the camera along the backdrop.
        way: Way of the object, in pixels of the backdrop.
        nearness: How many times faster than the backdrop it slides by.
    """
    x, y = way.x - nearness * camera.x, way.y - nearness * camera.y
    cos, sin, grown = np.cos(camera.angle), np.sin(camera.angle), np.exp(camera.log_scale)
    return Track(
        grown * (cos * x + sin * y),
        grown * (cos * y - sin * x),
        way.angle - camera.angle,
        way.log_scale + camera.log_scale,
    )


class LayeredScene:
    """A batch of layered scenes.

    Args:
        backdrops: One per clip, all of one size.
        cameras: Ways of the cameras along them.
        tilts: Shape (clips, 2): slant of the backdrops, per pixel to the right and down.
        casts: Sprites of each clip, from back to front.
        places: Shape (steps + 1, clips): edges of the steps as shares of the clip's duration.
        shape: Height and width of the images.
        device: Where to render.
    """

    def __init__(
        self,
        backdrops: Sequence[Backdrop],
        cameras: Sequence[Track],
        tilts: FloatArray,
        casts: Sequence[Sequence[Sprite]],
        places: FloatArray,
        shape: tuple[int, int],
        device: torch.device,
    ) -> None:
        self._shape, self._device = shape, device
        shades = np.stack([backdrop.shade for backdrop in backdrops])[:, None]
        self._shade = torch.from_numpy(shades).to(device)
        marks = [256.0 * backdrop.labels + backdrop.instances for backdrop in backdrops]
        self._marks = torch.from_numpy(np.stack(marks)[:, None].astype(np.float32)).to(device)
        side = shades.shape[-1]
        self._view = _view_matrices(cameras, tilts, places, 2 * TEXELS_PER_PX / side)
        self._matrices = torch.from_numpy(self._view.astype(np.float32)).to(device)
        self._sprites = SpritePainter(casts, places, shape, device)
        self._x = torch.arange(shape[1], device=device) - (shape[1] - 1) / 2
        self._y = torch.arange(shape[0], device=device) - (shape[0] - 1) / 2

    def intensity(self, steps: Tensor) -> Tensor:
        """Return what is seen at some edges of the steps.

        Args:
            steps: int64, shape (times, clips).

        Returns:
            float32, shape (times, clips, height, width).
        """
        times, clips = steps.shape
        parts = [
            grid_sample(self._shade, grid, padding_mode="reflection", align_corners=False)
            for grid in self._grid(steps).chunk(times)
        ]
        image = torch.cat(parts).view(times, clips, *self._shape)
        self._sprites.paint(steps, image)
        return image

    def truths(self, steps: Tensor, before: Tensor) -> Truths:
        """Return what is true at some edges of the steps, with flow since the edges `before`."""
        times, clips = steps.shape
        truths = Truths.blank(times, clips, self._shape, self._device)
        for time in range(times):
            grid = self._grid(steps[time : time + 1])
            seen = grid_sample(self._shade, grid, padding_mode="reflection", align_corners=False)
            marks = grid_sample(
                self._marks, grid, mode="nearest", padding_mode="reflection",
                align_corners=False,
            )  # fmt: skip
            truths.intensity[time] = seen[:, 0]
            both = marks[:, 0].to(torch.int32)
            truths.classes[time], truths.instances[time] = both // 256, both % 256
        clip = np.arange(clips)
        now, then = (self._view[edges.cpu().numpy(), clip] for edges in (steps, before))
        back = torch.from_numpy((np.linalg.inv(then) @ now).astype(np.float32)).to(self._device)
        x, y = self._mapped(back.flatten(0, 1))
        truths.flow_px[:, :, 0] = (self._x - x).view(times, clips, *self._shape)
        truths.flow_px[:, :, 1] = (self._y[:, None] - y).view(times, clips, *self._shape)
        self._sprites.paint_truth(steps, before, truths, deep=False)
        return truths

    def _grid(self, steps: Tensor) -> Tensor:
        clip = torch.arange(steps.shape[1], device=self._device)
        matrix = self._matrices[steps, clip].flatten(0, 1)
        grid = torch.empty((matrix.shape[0], *self._shape, 2), device=self._device)
        grid[..., 0], grid[..., 1] = self._mapped(matrix)
        return grid

    def _mapped(self, matrix: Tensor) -> tuple[Tensor, Tensor]:
        """Apply homographies, shape (m, 3, 3), to all pixels; return two of (m, height, width)."""
        entry = matrix.view(-1, 9, 1, 1).unbind(1)
        x, y = self._x[None, None, :], self._y[None, :, None]
        u, v, w = (
            (entry[3 * row] * x + entry[3 * row + 2]) + entry[3 * row + 1] * y for row in range(3)
        )
        return u / w, v / w


def _view_matrices(
    cameras: Sequence[Track], tilts: FloatArray, places: FloatArray, per_px: float
) -> FloatArray:
    """Return homographies from pixels, counted from the middle, to the backdrop's -1 to 1.

    Returns:
        float64, shape (steps + 1, clips, 3, 3).
    """
    matrices = np.zeros((*places.shape, 3, 3))
    knots = np.linspace(0, 1, KNOTS)
    for clip, camera in enumerate(cameras):
        x, y, angle, log_scale = (
            np.interp(places[:, clip], knots, values)
            for values in (camera.x, camera.y, camera.angle, camera.log_scale)
        )
        shrink = per_px * np.exp(-log_scale)
        cos, sin = shrink * np.cos(angle), shrink * np.sin(angle)
        matrix = matrices[:, clip]
        slant = tilts[clip]
        matrix[:, 2] = *slant, 1.0
        for row, (a, b, middle) in enumerate(((cos, -sin, x), (sin, cos, y))):
            matrix[:, row] = np.stack(
                [a + per_px * middle * slant[0], b + per_px * middle * slant[1], per_px * middle],
                -1,
            )
    return matrices
