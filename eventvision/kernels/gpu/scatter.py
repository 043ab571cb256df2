# mypy: disable-error-code="no-untyped-def,untyped-decorator"
"""Events into pictures on a GPU, with atomic additions.

Events go up as they lie in memory: sixteen bytes each, a word of time and a word of address (see
`eventvision.kernels.words`), so a packet is one copy and nothing is unpacked on the way. One
program takes `BLOCK` neighbouring events, so that reading is coalesced; the additions meet in the
second-level cache. They come in no certain order: sums of counts are exact whatever the order,
voxel grids agree with those of the CPU to rounding.
"""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl

BLOCK = 1024
"""Events that one program takes."""


@triton.jit
def _pixel(address, width):
    x = (address & 0xFFFF).to(tl.int32)
    y = ((address >> 16) & 0xFFFF).to(tl.int32)
    return y * width + x


@triton.jit
def add_counts_kernel(
    words,
    planes,
    count,
    width,
    pixels,
    BLOCK: tl.constexpr,  # noqa: N803
):
    """Add one to plane 0 for each OFF event, to plane 1 for each ON event."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = i < count
    address = tl.load(words + 2 * i + 1, mask=there, other=0)
    on = ((address >> 32) & 1).to(tl.int32)
    tl.atomic_add(planes + on * pixels + _pixel(address, width), 1.0, mask=there, sem="relaxed")


@triton.jit
def add_voxels_kernel(
    words,
    planes,
    count,
    width,
    pixels,
    t0_us,
    scale,
    last,
    BLOCK: tl.constexpr,  # noqa: N803
):
    """Share the polarity of each event between the planes before and after it."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = i < count
    t_us = tl.load(words + 2 * i, mask=there, other=0)
    address = tl.load(words + 2 * i + 1, mask=there, other=0)
    position = (t_us - t0_us).to(tl.float32) * scale
    early = tl.minimum(position.to(tl.int32), last)
    share = position - early.to(tl.float32)
    polarity = tl.where((address >> 32) & 1 != 0, 1.0, -1.0)
    place = planes + early.to(tl.int64) * pixels + _pixel(address, width)
    tl.atomic_add(place, polarity - polarity * share, mask=there, sem="relaxed")
    tl.atomic_add(place + pixels, polarity * share, mask=there & (early < last), sem="relaxed")


def add_counts(words: Any, planes: Any) -> None:
    """Count OFF events in plane 0 and ON events in plane 1.

    Args:
        words: Events on the GPU, int64 tensor of shape (N, 2), contiguous: the bytes of an
            `EVENT_DTYPE` array. All lie within the sensor.
        planes: float32 tensor, shape (2, height, width), contiguous; grows by one per event.

    Raises:
        ValueError: If a tensor has another shape, type or layout.
    """
    _check(words, planes, 2)
    count, (_, height, width) = words.shape[0], planes.shape
    if count:
        grid = (triton.cdiv(count, BLOCK),)
        add_counts_kernel[grid](words, planes, count, width, height * width, BLOCK=BLOCK)


def add_voxels(words: Any, planes: Any, *, t0_us: int, duration_us: int) -> None:
    """Share the polarity of each event between the two planes around its time.

    The GPU twin of `eventvision.kernels.scatter.add_voxels` (Zhu et al., CVPR 2019).

    Args:
        words: Events on the GPU, as in `add_counts`, all in `[t0_us, t0_us + duration_us)`.
        planes: float32 tensor, shape (bins, height, width), contiguous; the first plane is that of
            `t0_us`, the last that of the end.
        t0_us: Time of the first plane.
        duration_us: Time from the first plane to the last one, at least 1.

    Raises:
        ValueError: If a tensor has another shape, type or layout, or the duration is not positive.
    """
    _check(words, planes, None)
    if duration_us < 1:
        raise ValueError(f"duration_us must be positive, got {duration_us}")
    count, (bins, height, width) = words.shape[0], planes.shape
    if count:
        grid = (triton.cdiv(count, BLOCK),)
        scale = (bins - 1) / duration_us
        add_voxels_kernel[grid](
            words, planes, count, width, height * width, t0_us, scale, bins - 1, BLOCK=BLOCK
        )


def _check(words: Any, planes: Any, bins: int | None) -> None:
    if str(words.dtype) != "torch.int64" or words.ndim != 2 or words.shape[1] != 2:
        raise ValueError(f"words must be int64, shape (N, 2), got {words.dtype} {words.shape}")
    if str(planes.dtype) != "torch.float32" or planes.ndim != 3:
        raise ValueError(f"planes must be float32, 3-D, got {planes.dtype} {planes.shape}")
    if bins is not None and planes.shape[0] != bins:
        raise ValueError(f"there must be {bins} planes, got {planes.shape[0]}")
    if not (words.is_contiguous() and planes.is_contiguous()):
        raise ValueError("words and planes must be contiguous: call .contiguous() first")
    if words.device != planes.device:
        raise ValueError(f"words are on {words.device}, planes on {planes.device}")
