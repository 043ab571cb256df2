"""Operators of ONNX that are layers: convolutions, pools, products, resizing."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor
from torch.nn import functional

from ._attributes import Attributes, refused, text


def conv(a: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if weight.ndim != 4:
        raise refused(f"Conv with {weight.ndim - 2} axes")
    x, padding = _padded(a, x, weight.shape[2:])
    return functional.conv2d(
        x, weight, bias, a.get("strides", 1), padding, a.get("dilations", 1), a.get("group", 1)
    )


def max_pool(a: Attributes, x: Tensor) -> Tensor:
    _without(a, "MaxPool", "storage_order")
    x, padding = _padded(a, x, a["kernel_shape"], fill=-math.inf)
    strides = a.get("strides", (1,) * len(padding))
    return functional.max_pool2d(
        x, a["kernel_shape"], strides, padding, a.get("dilations", 1), bool(a.get("ceil_mode"))
    )


def average_pool(a: Attributes, x: Tensor) -> Tensor:
    kernel = a["kernel_shape"]
    _, padding = _padded(a, x, kernel, even=True)
    return functional.avg_pool2d(
        x,
        kernel,
        a.get("strides", (1,) * len(kernel)),
        padding,
        bool(a.get("ceil_mode")),
        bool(a.get("count_include_pad")),
    )


def _padded(
    a: Attributes, x: Tensor, kernel: Any, *, fill: float = 0.0, even: bool = False
) -> tuple[Tensor, tuple[int, ...]]:
    """Return the input and what is left to pad evenly; uneven padding is done here."""
    rank = len(kernel)
    if text(a, "auto_pad", "NOTSET") not in {"NOTSET", "VALID"}:
        raise refused("auto_pad")
    pads = tuple(a.get("pads", (0,) * (2 * rank)))
    if pads[:rank] == pads[rank:]:
        return x, pads[:rank]
    if even:
        raise refused("uneven padding of an average")
    flat = [size for i in reversed(range(rank)) for size in (pads[i], pads[i + rank])]
    return functional.pad(x, flat, value=fill), (0,) * rank


def gemm(a: Attributes, x: Tensor, y: Tensor, z: Tensor | None = None) -> Tensor:
    x = x.T if a.get("transA") else x
    y = y.T if a.get("transB") else y
    product: Tensor = a.get("alpha", 1.0) * (x @ y)
    return product if z is None else product + a.get("beta", 1.0) * z


def resize(
    a: Attributes,
    x: Tensor,
    region: Tensor | None = None,  # noqa: ARG001 - for cropping only, which is refused
    scales: Tensor | None = None,
    sizes: Tensor | None = None,
) -> Tensor:
    mode, where = (
        text(a, "mode", "nearest"),
        text(a, "coordinate_transformation_mode", "half_pixel"),
    )
    if x.ndim != 4 or mode not in {"nearest", "linear"} or "axes" in a:
        raise refused(f"Resize by {mode}")
    if sizes is not None and sizes.numel():
        target = tuple(sizes.tolist())
    elif scales is not None and scales.numel():
        target = tuple(math.floor(n * s) for n, s in zip(x.shape, scales.tolist(), strict=True))
    else:
        raise refused("Resize without a size")
    if mode == "nearest":
        whole = all(big % small == 0 for big, small in zip(target, x.shape, strict=True))
        floor = where == "asymmetric" and text(a, "nearest_mode", "round_prefer_floor") == "floor"
        if not (floor or (whole and where in {"asymmetric", "half_pixel"})):
            raise refused(f"Resize of nearest pixels, {where}")
        return functional.interpolate(x, target[2:], mode="nearest")
    if where not in {"half_pixel", "pytorch_half_pixel", "align_corners"} or a.get("antialias"):
        raise refused(f"Resize by lines, {where}")
    return functional.interpolate(
        x, target[2:], mode="bilinear", align_corners=where == "align_corners"
    )


def _without(a: Attributes, operator: str, *names: str) -> None:
    for name in names:
        if a.get(name):
            raise refused(f"{operator} with {name}")
