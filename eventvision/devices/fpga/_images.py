"""Memory images: words as hexadecimal text, one to a line, as `$readmemh` reads them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ._plan import NO_LEAK, Layer
from ._windows import Windows


def images_of(layer: Layer, prefix: str) -> dict[str, str]:
    """Return the memory images of a layer by file name.

    Args:
        layer: The layer.
        prefix: What file names begin with.
    """
    groups = layer.groups
    _, _, height, width = layer.weight.shape
    planes = np.arange(layer.source.channels) * (height * width * groups)
    return {
        f"{prefix}_rows.hex": _table(layer, layer.rows, layer.plane.width * groups, width * groups),
        f"{prefix}_columns.hex": _table(layer, layer.columns, groups, groups),
        f"{prefix}_planes.hex": _hex([int(plane) for plane in planes], weight_address(layer)),
        f"{prefix}_weights.hex": _hex(list(_weights(layer)), 8 * layer.lanes),
        f"{prefix}_constants.hex": _hex(list(_constants(layer)), constant_bits(layer)),
    }


def sum_address(layer: Layer) -> int:
    """Return how many bits name a word of sums."""
    return address_bits(layer.words)


def weight_address(layer: Layer) -> int:
    """Return how many bits name a word of weights."""
    return address_bits(layer.weight_words)


def constant_bits(layer: Layer) -> int:
    """Return the width of a word of constants."""
    return layer.lanes * sum(_widths(layer))


def address_bits(depth: int) -> int:
    """Return how many bits name a word of a memory.

    >>> [address_bits(depth) for depth in (1, 2, 3, 4, 5)]
    [1, 1, 2, 2, 3]
    """
    return max(1, (depth - 1).bit_length())


def _table(layer: Layer, windows: Windows, sum_step: int, weight_step: int) -> str:
    entries = [
        _packed(
            (count, layer.count_bits),
            (first * sum_step, sum_address(layer)),
            (kernel * weight_step, weight_address(layer)),
        )
        for count, first, kernel in zip(*(each.tolist() for each in windows), strict=True)
    ]
    return _hex(entries, layer.count_bits + sum_address(layer) + weight_address(layer))


def _weights(layer: Layer) -> Iterator[int]:
    """Yield words in the order in channel, row, column, group."""
    weight = _in_lanes(layer, layer.weight)
    for word in weight.transpose(2, 3, 4, 0, 1).reshape(-1, layer.lanes):
        yield _word(word, 8)


def _constants(layer: Layer) -> Iterator[int]:
    """Yield a word for each group; the first lane lies lowest."""
    columns = [
        _in_lanes(layer, values)
        for values in (
            layer.neurons.initial,
            layer.neurons.threshold,
            layer.shift_right,
            *np.where(layer.neurons.leaks < 0, NO_LEAK, layer.neurons.leaks),
            layer.offset,
        )
    ]
    widths = _widths(layer)
    for group in range(layer.groups):
        lanes = [
            _packed(*((int(c[group, lane]), w) for c, w in zip(columns, widths, strict=True)))
            for lane in range(layer.lanes)
        ]
        yield sum(lane << (i * sum(widths)) for i, lane in enumerate(lanes))


def _widths(layer: Layer) -> tuple[int, ...]:
    """Widths of the constants of a lane, the highest first; `ev_scan.sv` takes them apart."""
    return 16, 16, 6, 5, 5, layer.wide_bits


def _in_lanes(layer: Layer, values: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return values with their first axis, channels, parted into groups and lanes."""
    padded = np.zeros((layer.groups * layer.lanes, *values.shape[1:]), values.dtype)
    padded[: len(values)] = values
    return padded.reshape(layer.groups, layer.lanes, *values.shape[1:])


def _word(lanes: NDArray[np.integer], bits: int) -> int:
    return sum((int(value) & (1 << bits) - 1) << (i * bits) for i, value in enumerate(lanes))


def _packed(*fields: tuple[int, int]) -> int:
    """Pack values, each with its width in bits, the first one highest."""
    word = 0
    for value, bits in fields:
        word = word << bits | value & (1 << bits) - 1
    return word


def _hex(words: list[int], bits: int) -> str:
    digits = -(-bits // 4)
    return "".join(f"{word:0{digits}x}\n" for word in words)
