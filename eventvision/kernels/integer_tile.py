"""The heart of an integer convolution: a tile of sums that stays in registers.

A tile is a few neighbouring pixels of one row by 16, 32 or 64 channels. For each group of four
input bytes its weights are loaded once for all pixels and its values once for all channels. Inputs
lie row by row, pixel by pixel, channel by channel, so that what a window covers of one row is one
run of bytes, whatever the width of the kernel.

Weights are laid out as they are read: for each run, for each word of four bytes, for each of the
tile's vectors of 16 channels, for each channel, four signed bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils

from .lanes import LANES, dot_of_bytes, load, operation, splatted, store

VECTOR_BYTES = 4 * LANES
_I32, _I64 = ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_I32, LANES)

Tile = Callable[[int, int, int, int, int, int, int, int], None]


def _tile(pixels: int, vectors: int) -> Tile:
    """Return a tile of `pixels` by `16 * vectors` channels.

    Its arguments are the address of the first window, bytes from one window to the next, number
    of runs, bytes from one run to the next, words in a run, address of the weights, address of the
    sums, bytes from one pixel's sums to the next.
    """

    def generate(target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> None:
        start, step, runs, run_pitch, words, weights, out, out_pitch = values
        zero = ir.Constant(_VECTOR, [0] * LANES)
        sums = [_place(builder, zero) for _ in range(pixels * vectors)]
        next_weights = _place(builder, weights)
        with cgutils.for_range(builder, runs) as run:
            first = builder.add(start, builder.mul(run.index, run_pitch))
            with cgutils.for_range(builder, words) as word:
                address = builder.add(first, builder.mul(word.index, _I64(4)))
                place = builder.load(next_weights)
                signed = [
                    load(builder, builder.add(place, _I64(VECTOR_BYTES * number)), _VECTOR)
                    for number in range(vectors)
                ]
                for pixel in range(pixels):
                    window = builder.add(address, builder.mul(step, _I64(pixel)))
                    unsigned = splatted(builder, load(builder, window, _I32), _VECTOR)
                    for number in range(vectors):
                        total = sums[pixel * vectors + number]
                        builder.store(
                            dot_of_bytes(
                                target, builder, builder.load(total), unsigned, signed[number]
                            ),
                            total,
                        )
                builder.store(builder.add(place, _I64(VECTOR_BYTES * vectors)), next_weights)
        for pixel in range(pixels):
            base = builder.add(out, builder.mul(out_pitch, _I64(pixel)))
            for number in range(vectors):
                total = builder.load(sums[pixel * vectors + number])
                store(builder, total, builder.add(base, _I64(VECTOR_BYTES * number)))

    return cast("Tile", operation(types.none, (types.int64,) * 8, generate))


def _place(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """Return a local variable that holds a value; LLVM turns it into a register."""
    place = cgutils.alloca_once(builder, value.type)  # type: ignore[no-untyped-call]
    builder.store(value, place)
    return place


WIDE_1, WIDE_2, WIDE_4 = 12, 12, 6
"""Pixels of the wide tiles of 16, 32 and 64 channels: as many as 32 registers hold."""

wide_tile_1, wide_tile_2, wide_tile_4 = _tile(WIDE_1, 1), _tile(WIDE_2, 2), _tile(WIDE_4, 4)
narrow_tile_1, narrow_tile_2, narrow_tile_4 = _tile(1, 1), _tile(1, 2), _tile(1, 4)
