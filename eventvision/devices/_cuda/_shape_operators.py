"""Operators of ONNX that move numbers about without changing them."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ._attributes import Attributes, refused, text


def constant(a: Attributes) -> Tensor:
    if "value" in a:
        value: Tensor = a["value"]
        return value
    (name, value), *_ = a.items()
    return torch.tensor(value, dtype=torch.int64 if "int" in name else torch.float32)


def constant_of_shape(a: Attributes, shape: Tensor) -> Tensor:
    value: Tensor = a.get("value", torch.zeros(1))
    return value.reshape(()).expand(shape.tolist())


def shape(a: Attributes, x: Tensor) -> Tensor:
    return torch.tensor(x.shape[a.get("start", 0) : a.get("end")], dtype=torch.int64)


def reshape(a: Attributes, x: Tensor, shape: Tensor) -> Tensor:
    keep_zeros = a.get("allowzero", 0)
    sizes = [
        x.shape[i] if size == 0 and not keep_zeros else size
        for i, size in enumerate(shape.tolist())
    ]
    return x.reshape(sizes)


def expand(_: Attributes, x: Tensor, shape: Tensor) -> Tensor:
    target = np.broadcast_shapes(tuple(x.shape), tuple(shape.tolist()))
    return x.expand(target)


def squeeze(a: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    chosen = a.get("axes") if axes is None else axes.tolist()
    return x.squeeze(tuple(chosen)) if chosen else x.squeeze()


def unsqueeze(a: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    chosen = list(a["axes"]) if axes is None else axes.tolist()
    rank = x.ndim + len(chosen)
    for axis in sorted(axis % rank for axis in chosen):
        x = x.unsqueeze(axis)
    return x


def flatten(a: Attributes, x: Tensor) -> Tensor:
    axis = a.get("axis", 1) % (x.ndim + 1)
    return x.reshape(math.prod(x.shape[:axis]), -1)


def transpose(a: Attributes, x: Tensor) -> Tensor:
    return x.permute(*a.get("perm", range(x.ndim)[::-1]))


def concat(a: Attributes, *values: Tensor) -> Tensor:
    return torch.cat(values, a["axis"])


def split(a: Attributes, x: Tensor, sizes: Tensor | None = None) -> tuple[Tensor, ...]:
    axis = a.get("axis", 0)
    if sizes is not None:
        return torch.split_with_sizes(x, sizes.tolist(), axis)
    if "num_outputs" not in a:
        raise refused("Split without sizes")
    return torch.tensor_split(x, _edges(x.shape[axis], a["num_outputs"]), axis)


def _edges(length: int, count: int) -> list[int]:
    """Return where parts of equal size begin, the first left out; the last may be smaller."""
    size = -(-length // count)
    return [size * part for part in range(1, count)]


def cut(
    _: Attributes,
    x: Tensor,
    starts: Tensor,
    ends: Tensor,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    chosen = range(starts.numel()) if axes is None else axes.tolist()
    strides = [1] * starts.numel() if steps is None else steps.tolist()
    parts = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), chosen, strides, strict=True):
        if step < 1:
            raise refused("Slice backwards")
        parts[axis % x.ndim] = slice(start, end, step)
    return x[tuple(parts)]


def gather(a: Attributes, x: Tensor, indices: Tensor) -> Tensor:
    axis = a.get("axis", 0) % x.ndim
    if indices.ndim == 0:
        return x.select(axis, int(indices))
    flat = torch.stack([x.select(axis, index) for index in indices.reshape(-1).tolist()], axis)
    return flat.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def count(_: Attributes, start: Tensor, end: Tensor, step: Tensor) -> Tensor:
    return torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype)


def pad(
    a: Attributes,
    x: Tensor,
    pads: Tensor,
    value: Tensor | None = None,
    axes: Tensor | None = None,
) -> Tensor:
    mode = text(a, "mode", "constant")
    if mode != "constant":
        raise refused(f"Pad by {mode}")
    sizes = pads.tolist()
    count = len(sizes) // 2
    chosen = range(x.ndim) if axes is None else [axis % x.ndim for axis in axes.tolist()]
    both = {axis: (sizes[i], sizes[i + count]) for i, axis in enumerate(chosen)}
    flat = [size for axis in reversed(range(x.ndim)) for size in both.get(axis, (0, 0))]
    return functional.pad(x, flat, value=0.0 if value is None else float(value))


def depth_to_space(a: Attributes, x: Tensor) -> Tensor:
    block = a["blocksize"]
    if text(a, "mode", "DCR") == "CRD":
        return functional.pixel_shuffle(x, block)
    n, c, h, w = x.shape
    parts = x.reshape(n, block, block, c // block**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return parts.reshape(n, c // block**2, h * block, w * block)


def space_to_depth(a: Attributes, x: Tensor) -> Tensor:
    block = a["blocksize"]
    n, c, h, w = x.shape
    parts = x.reshape(n, c, h // block, block, w // block, block).permute(0, 3, 5, 1, 2, 4)
    return parts.reshape(n, c * block**2, h // block, w // block)
