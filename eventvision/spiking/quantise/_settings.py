"""Settings of torch layers, as integers have them."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn

Pair = tuple[int, int]
"""(vertical, horizontal)."""


class Window(NamedTuple):
    """How a layer pools.

    Attributes:
        size: Height and width; None for the whole plane.
        stride: None for windows side by side.
        padding: Zeros at each side.
        is_max: Largest values.
        is_mean: Means, which are sums to be divided.
    """

    size: Pair | None
    stride: Pair | None = None
    padding: Pair = (0, 0)
    is_max: bool = False
    is_mean: bool = False


def conv_settings(path: str, layer: torch_nn.Conv2d) -> dict[str, Any]:
    """Return stride, padding and groups of a convolution.

    Raises:
        ConfigError: If it has dilation or pads with anything but given numbers of zeros.
    """
    if pair(layer.dilation) != (1, 1):
        raise ConfigError(f"layer {path}", f"dilation {layer.dilation}", "dilation 1")
    if isinstance(layer.padding, str) or layer.padding_mode != "zeros":
        raise ConfigError(f"layer {path}", f"padding {layer.padding}", "a number of zeros")
    return {
        "stride": pair(layer.stride), "padding": pair(layer.padding), "groups": layer.groups,
    }  # fmt: skip


def unshuffled_settings(
    path: str, weight: Tensor, settings: dict[str, Any], factor: int
) -> tuple[Tensor, dict[str, Any]]:
    """Return a convolution of a finer picture, for one of its pixels as channels.

    Args:
        path: Of the layer.
        weight: Shape (out channels, in channels * factor ** 2, height, width).
        settings: What `conv_settings` gave.
        factor: By which the picture was unshuffled; 1 changes nothing.

    Raises:
        ConfigError: If it has groups.
    """
    if factor == 1:
        return weight, settings
    if settings["groups"] != 1:
        raise ConfigError(f"layer {path}", "groups of unshuffled pixels", "groups=1")
    outs, ins, height, width = weight.shape
    cells = weight.reshape(outs, ins // factor**2, factor, factor, height, width)
    finer = cells.permute(0, 1, 4, 2, 5, 3).reshape(outs, -1, height * factor, width * factor)
    changed = {name: tuple(factor * n for n in settings[name]) for name in ("stride", "padding")}
    return finer, {**settings, **changed}


def window_of(path: str, module: torch_nn.Module) -> Window:
    """Return how a layer pools.

    Raises:
        ConfigError: If it is no pooling that integers have.
    """
    if isinstance(module, nn.SumPool2d):
        return Window(pair(module.kernel_size))
    if isinstance(module, torch_nn.AdaptiveAvgPool2d) and module.output_size in {1, (1, 1)}:
        return Window(None, is_mean=True)
    if isinstance(module, torch_nn.MaxPool2d | torch_nn.AvgPool2d):
        if module.ceil_mode or getattr(module, "dilation", 1) not in {1, (1, 1)}:
            raise ConfigError(f"layer {path}", "ceil_mode or dilation", "neither of them")
        is_max = isinstance(module, torch_nn.MaxPool2d)
        padding = pair(module.padding)
        if isinstance(module, torch_nn.AvgPool2d) and (
            module.divisor_override is not None
            or not (module.count_include_pad or padding == (0, 0))
        ):
            raise ConfigError(f"layer {path}", "its divisor", "the size of the window")
        size, stride = pair(module.kernel_size), pair(module.stride)
        return Window(size, stride, padding, is_max, not is_max)
    raise ConfigError(f"layer {path}", type(module).__name__, "a layer that integers have")


def pair(value: Any) -> Pair:
    """Return a number twice, or two numbers."""
    if isinstance(value, int):
        return value, value
    first, second = value
    return int(first), int(second)
