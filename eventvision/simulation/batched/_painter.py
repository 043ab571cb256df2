"""Paints the sprites of a batch of clips, at any steps, into images and into truth.

Sprites are painted rank by rank: the hindmost of all clips at once, then the next. Each rank has a
window that holds its largest sprite, so that small ones cost little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from ._casting import Sprite
from ._sheets import SHEET_PX
from ._tracks import KNOTS, FloatArray
from ._truths import Truths

_TEXELS_PER_PX = 2.0


@dataclass(frozen=True, slots=True)
class _Rank:
    """Sprites of different clips; n of them.

    Attributes:
        clips: int64, shape (n,).
        sheets: float32, shape (F, 2, SHEET_PX, SHEET_PX): all their frames.
        frame: int64, shape (steps + 1, n): the frame shown at each edge of a step.
        pose: float32, shape (steps + 1, n, 6): x, y from the top left pixel, cosine and sine of
            the angle, half the side of the frame, distance in metres.
        corner: int64, shape (steps + 1, n, 2): left and top of the window.
        facing: float32, shape (n,): -1 where mirrored, else 1.
        window: Width and height.
        numbers: uint8, shape (n,): ids.
        segments: uint8, shape (n,): classes of their pixels.
    """

    clips: Tensor
    sheets: Tensor
    frame: Tensor
    pose: Tensor
    corner: Tensor
    facing: Tensor
    window: tuple[int, int]
    numbers: Tensor
    segments: Tensor


class SpritePainter:
    """The sprites of a batch of clips.

    Args:
        casts: Sprites of each clip, from back to front.
        places: Shape (steps + 1, clips): edges of the steps as shares of the clip's duration.
        shape: Height and width of the images.
        device: Where to paint.
    """

    def __init__(
        self,
        casts: Sequence[Sequence[Sprite]],
        places: FloatArray,
        shape: tuple[int, int],
        device: torch.device,
    ) -> None:
        self._shape = shape
        self._device = device
        deepest = max((len(cast) for cast in casts), default=0)
        ranks = [[(k, cast[r]) for k, cast in enumerate(casts) if r < len(cast)]
                 for r in range(deepest)]  # fmt: skip
        self._ranks = [self._rank(members, places) for members in ranks]
        self._all = _joined(self._ranks) if self._ranks else None

    def paint(self, steps: Tensor, image: Tensor, depth_m: Tensor | None = None) -> None:
        """Paint into images.

        Args:
            steps: int64, shape (times, clips): which edges of the steps to show.
            image: float32, shape (times, clips, height, width), contiguous; painted over.
            depth_m: Distance of what is there already, same shape; it hides what is behind it.
        """
        if self._device.type == "cpu":
            self._paint_by_kernel(steps, image, depth_m)
        else:
            self._paint_tensors(steps, image, depth_m)

    def _paint_tensors(self, steps: Tensor, image: Tensor, depth_m: Tensor | None) -> None:
        flat = image.view(-1)
        for rank in self._ranks:
            looks = self._looks(rank, steps)
            shade, opacity = looks.shade, looks.opacity
            if depth_m is not None:
                seen = depth_m.view(-1)[looks.index] > looks.depth_m
                shade, opacity = shade * seen, opacity * seen
            flat[looks.index] = torch.addcmul(shade, flat[looks.index], 1 - opacity)

    def _paint_by_kernel(self, steps: Tensor, image: Tensor, depth_m: Tensor | None) -> None:
        from eventvision.kernels.sheets import paint_sheets

        times, clips = steps.shape
        known = depth_m if depth_m is not None else image.new_empty(0, 0, 0)
        if self._all is None:
            return
        which = steps[:, self._all.clips]
        one = torch.arange(len(self._all.clips)).expand_as(which)
        paint_sheets(
            self._all.sheets.numpy(),
            self._all.frame[which, one].flatten().numpy(),
            (torch.arange(times)[:, None] * clips + self._all.clips).flatten().numpy(),
            self._all.pose[which, one].flatten(0, 1).numpy(),
            self._all.facing.repeat(times).numpy(),
            known.flatten(0, -3).numpy(),
            image.flatten(0, 1).numpy(),
        )

    def paint_truth(self, steps: Tensor, before: Tensor, truths: Truths, *, deep: bool) -> None:
        """Paint into truth: intensity, classes, ids, flow, and depth where it is known.

        Args:
            steps: int64, shape (times, clips): which edges of the steps to show.
            before: The edges since which flow counts, same shape.
            truths: Painted over.
            deep: Whether distances are known; then they hide what is behind.
        """
        if self._device.type == "cpu":
            self._paint_truth_by_kernel(steps, before, truths, deep)
        else:
            self._paint_truth_tensors(steps, before, truths, deep)

    def _paint_truth_by_kernel(
        self, steps: Tensor, before: Tensor, truths: Truths, deep: bool
    ) -> None:
        from eventvision.kernels.sheets import paint_sheet_truths

        every = self._all
        if every is None:
            return
        times, clips = steps.shape
        which = steps[:, every.clips]
        one = torch.arange(len(every.clips)).expand_as(which)
        paint_sheet_truths(
            every.sheets.numpy(),
            every.frame[which, one].flatten().numpy(),
            (torch.arange(times)[:, None] * clips + every.clips).flatten().numpy(),
            every.pose[which, one].flatten(0, 1).numpy(),
            every.pose[before[:, every.clips], one].flatten(0, 1).numpy(),
            every.facing.repeat(times).numpy(),
            torch.stack([every.numbers, every.segments], 1).repeat(times, 1).numpy(),
            deep,
            truths.depth_m.flatten(0, 1).numpy(),
            truths.intensity.flatten(0, 1).numpy(),
            truths.classes.flatten(0, 1).numpy(),
            truths.instances.flatten(0, 1).numpy(),
            truths.flow_px.flatten(0, 1).numpy(),
        )

    def _paint_truth_tensors(
        self, steps: Tensor, before: Tensor, truths: Truths, deep: bool
    ) -> None:
        pixels = self._shape[0] * self._shape[1]
        for rank in self._ranks:
            looks = self._looks(rank, steps, before)
            index, opacity, shade = looks.index, looks.opacity, looks.shade
            if deep:
                seen = truths.depth_m.view(-1)[index] > looks.depth_m
                shade, opacity = shade * seen, opacity * seen
            light = truths.intensity.view(-1)
            light[index] = torch.addcmul(shade, light[index], 1 - opacity)
            hit = opacity > 0.5
            where = index[hit]
            times = steps.shape[0]
            many = (times, len(rank.clips), *hit.shape[1:])
            truths.instances.view(-1)[where] = _spread(rank.numbers, many)[hit]
            truths.classes.view(-1)[where] = _spread(rank.segments, many)[hit]
            if deep:
                depth = looks.depth_m.expand(hit.shape)[hit]
                truths.depth_m.view(-1)[where] = depth
            flow = truths.flow_px.view(-1)
            first = where // pixels * (2 * pixels) + where % pixels
            for axis, moved in enumerate(looks.moved):
                flow[first + axis * pixels] = moved[hit]

    def _looks(self, rank: _Rank, steps: Tensor, before: Tensor | None = None) -> _Looks:
        height, width = self._shape
        clips = steps.shape[1]
        which = steps[:, rank.clips]
        one = torch.arange(len(rank.clips), device=self._device).expand_as(which)
        pose = rank.pose[which, one].flatten(0, 1)
        corner = rank.corner[which, one].flatten(0, 1)
        x, y, cos, sin, half, depth = (v.view(-1, 1, 1) for v in pose.unbind(1))
        columns = torch.arange(rank.window[0], device=self._device) + corner[:, :1]
        rows = torch.arange(rank.window[1], device=self._device) + corner[:, 1:]
        dx, dy = columns[:, None, :] - x, rows[:, :, None] - y
        grid = torch.empty((pose.shape[0], *dy.shape[1:2], dx.shape[2], 2), device=self._device)
        facing = rank.facing.repeat(steps.shape[0]).view(-1, 1, 1)
        torch.add(dx * (cos / half * facing), dy * (sin / half * facing), out=grid[..., 0])
        torch.add(dy * (cos / half), dx * (-sin / half), out=grid[..., 1])
        frames = rank.sheets[rank.frame[which, one].flatten()]
        sampled = grid_sample(frames, grid, align_corners=False)
        time = torch.arange(steps.shape[0], device=self._device)[:, None]
        first = ((time * clips + rank.clips) * (height * width)).view(-1, 1, 1)
        index = first + rows[:, :, None] * width + columns[:, None, :]
        moved: tuple[Tensor, ...] = ()
        if before is not None:
            earlier = rank.pose[before[:, rank.clips], one].flatten(0, 1)
            x0, y0, cos0, sin0, half0, _ = (v.view(-1, 1, 1) for v in earlier.unbind(1))
            u, v = grid[..., 0] * facing * half0, grid[..., 1] * half0
            was = x0 + cos0 * u - sin0 * v, y0 + sin0 * u + cos0 * v
            moved = columns[:, None, :] - was[0], rows[:, :, None] - was[1]
        return _Looks(sampled[:, 0], sampled[:, 1], index, depth, moved)

    def _rank(self, members: list[tuple[int, Sprite]], places: FloatArray) -> _Rank:
        height, width = self._shape
        knots = np.linspace(0, 1, KNOTS)
        poses, frames, sheets, first = [], [], [], 0
        for clip, sprite in members:
            at = places[:, clip]

            def shown(values: FloatArray, at: FloatArray = at) -> FloatArray:
                return np.interp(at, knots, values)

            track = sprite.track
            angle = shown(track.angle)
            depth = shown(sprite.depth_m) if sprite.depth_m is not None else np.zeros(len(at))
            half = 0.5 * sprite.size_px * np.exp(shown(track.log_scale))
            x, y = shown(track.x) + (width - 1) / 2, shown(track.y) + (height - 1) / 2
            poses.append(np.stack([x, y, np.cos(angle), np.sin(angle), half, depth], axis=1))
            count = sprite.sheet.frames.shape[0]
            turns = shown(sprite.phases)
            frames.append(first + (np.floor(turns * count).astype(np.int64) % count))
            sheets.append(self._sheet(sprite, float(half.mean())))
            first += count
        pose = np.stack(poses, axis=1)
        reach = pose[..., 4] * (np.abs(pose[..., 2]) + np.abs(pose[..., 3])) + 1
        needed = math.ceil(2 * float(reach.max())) + 2
        window = min(width, needed), min(height, needed)
        corner = [
            np.clip(np.floor(pose[..., axis] - window[axis] / 2), 0, size - window[axis])
            for axis, size in enumerate((width, height))
        ]

        def on_device(array: NDArray[Any], kind: torch.dtype) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(self._device, kind)

        return _Rank(
            on_device(np.array([clip for clip, _ in members]), torch.int64),
            torch.cat(sheets),
            on_device(np.stack(frames, axis=1), torch.int64),
            on_device(pose, torch.float32),
            on_device(np.stack(corner, axis=-1), torch.int64),
            on_device(np.array([-1 if s.mirrored else 1 for _, s in members]), torch.float32),
            window,
            on_device(np.array([s.number for _, s in members]), torch.uint8),
            on_device(np.array([s.sheet.segmentation for _, s in members]), torch.uint8),
        )

    def _sheet(self, sprite: Sprite, half_px: float) -> Tensor:
        """Return the frames with their brightness, without detail too fine for their size."""
        frames = torch.from_numpy(sprite.sheet.frames).to(self._device).float().mul_(1 / 255)
        side = max(4, round(_TEXELS_PER_PX * 2 * half_px))
        if side < SHEET_PX / 1.3:
            small = interpolate(frames, size=(side, side), mode="area")
            frames = interpolate(small, size=(SHEET_PX, SHEET_PX), mode="bilinear")
        frames[:, 0] *= sprite.gain
        return frames


def _joined(ranks: Sequence[_Rank]) -> _Rank:
    """Return all sprites as one rank, the hindmost first."""
    counts = [0, *(len(rank.sheets) for rank in ranks[:-1])]
    first = np.cumsum(counts).tolist()
    return _Rank(
        torch.cat([rank.clips for rank in ranks]),
        torch.cat([rank.sheets for rank in ranks]),
        torch.cat([rank.frame + start for rank, start in zip(ranks, first, strict=True)], dim=1),
        torch.cat([rank.pose for rank in ranks], dim=1),
        torch.cat([rank.corner for rank in ranks], dim=1),
        torch.cat([rank.facing for rank in ranks]),
        (max(rank.window[0] for rank in ranks), max(rank.window[1] for rank in ranks)),
        torch.cat([rank.numbers for rank in ranks]),
        torch.cat([rank.segments for rank in ranks]),
    )


@dataclass(frozen=True, slots=True)
class _Looks:
    """How a rank looks in its windows, m = times * n of them.

    Attributes:
        shade: float32, shape (m, rows, columns): intensity times opacity.
        opacity: Same shape.
        index: int64, same shape: pixels in the flattened images.
        depth_m: float32, shape (m, 1, 1).
        moved: Flow along columns and rows, each of the same shape; empty if not asked for.
    """

    shade: Tensor
    opacity: Tensor
    index: Tensor
    depth_m: Tensor
    moved: tuple[Tensor, ...]


def _spread(values: Tensor, size: tuple[int, ...]) -> Tensor:
    """Repeat one value per sprite over times and windows, shape (times * n, rows, columns)."""
    return values.view(1, -1, 1, 1).expand(size).flatten(0, 1)
