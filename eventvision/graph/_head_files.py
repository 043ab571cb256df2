"""Heads as arrays and settings, to be kept in files."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._head import Head
from ._integer_head import ByteConvolution, IntegerHead

Arrays = dict[str, NDArray[Any]]


def head_to_arrays(head: Head | IntegerHead) -> tuple[Arrays, dict[str, Any]]:
    """Return a head's arrays and settings."""
    arrays: Arrays = {"head.weight": head.weight, "head.bias": head.bias}
    settings = {"convolutions": len(head.convolutions), "shows": head.shows, "inputs": head.inputs}
    if isinstance(head, IntegerHead):
        arrays |= {"head.gain": head.gain, "head.levels": head.levels, "head.worth": head.worth}
        for number, each in enumerate(head.convolutions):
            for name in ("weight", "bias", "shift"):
                arrays[f"head.{number}.{name}"] = getattr(each, name)
        strides = [each.stride for each in head.convolutions]
        return arrays, {**settings, "relative_to": "cell", "strides": strides}
    for number, (weight, bias) in enumerate(head.convolutions):
        arrays[f"head.{number}.weight"], arrays[f"head.{number}.bias"] = weight, bias
    return arrays, {**settings, "relative_to": head.relative_to, "strides": list(head.strides)}


def head_from_arrays(settings: dict[str, Any], arrays: Arrays) -> Head | IntegerHead:
    """Return the head, and take its arrays out.

    Raises:
        ValueError: If it is not valid.
        KeyError: If something is missing.
    """
    count, strides = whole(settings["convolutions"]), tuple(map(whole, settings["strides"]))
    if "head.gain" in arrays:
        return _integer_head(count, strides, arrays)
    convolutions = tuple(
        (arrays.pop(f"head.{number}.weight"), arrays.pop(f"head.{number}.bias"))
        for number in range(count)
    )
    return Head(
        convolutions=convolutions,
        weight=arrays.pop("head.weight"),
        bias=arrays.pop("head.bias"),
        shows=settings["shows"],
        relative_to=settings["relative_to"],
        inputs=whole(settings["inputs"]),
        strides=strides,
    )


def _integer_head(count: int, strides: tuple[int, ...], arrays: Arrays) -> IntegerHead:
    if len(strides) != count:
        raise ValueError(f"there must be a stride by convolution, got {strides}")
    convolutions = tuple(
        ByteConvolution(
            weight=_typed(arrays, f"head.{number}.weight", np.int8),
            bias=_typed(arrays, f"head.{number}.bias", np.int32),
            shift=_typed(arrays, f"head.{number}.shift", np.int32),
            stride=stride,
        )
        for number, stride in enumerate(strides)
    )
    return IntegerHead(
        gain=_typed(arrays, "head.gain", np.float32),
        levels=_typed(arrays, "head.levels", np.float32),
        convolutions=convolutions,
        weight=_typed(arrays, "head.weight", np.int8),
        bias=_typed(arrays, "head.bias", np.int32),
        worth=_typed(arrays, "head.worth", np.float32),
    )


def _typed(arrays: Arrays, name: str, kind: type[np.generic]) -> NDArray[Any]:
    """Take an array out; refuse another type than kernels trust it to have."""
    array = arrays.pop(name)
    if array.dtype != kind:
        raise ValueError(f"{name} is not {np.dtype(kind)}")
    return array


def whole(value: Any) -> int:
    """Return a whole number.

    Raises:
        ValueError: If it is something else.
    """
    if type(value) is not int:
        raise ValueError(f"{value!r} is no whole number")
    return value
