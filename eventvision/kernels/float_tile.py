"""The heart of a small float convolution: a tile of sums that stays in registers.

A tile is a few neighbouring pixels of one row by 16 or 32 channels: eight by two are sixteen sums,
enough for additions that take four cycles, two in each cycle, never to wait for one another. Images
have channels last, so that what a window of 3x3 covers of one row is one run of numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils

from .lanes import LANES, load, operation, splatted, store

_ROWS = 3
_BYTES = 4
_VECTOR_BYTES = _BYTES * LANES
_F32, _I64 = ir.FloatType(), ir.IntType(64)
_VECTOR = ir.VectorType(_F32, LANES)

Tile = Callable[[int, int, int, int, int, int, int, int], None]


def _tile(pixels: int, vectors: int) -> Tile:
    """Return a tile of `pixels` by `16 * vectors` channels, which stores what is positive.

    Its arguments are the address of the first window, bytes from one window to the next, bytes from
    one row to the next, numbers of a window's row, address of the weights (row by row, number by
    number, channel by channel), bytes of all channels, address of the bias, address of the result.
    """

    def generate(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> None:
        start, step, row_bytes, numbers, weights, pitch, bias, out = values
        multiply_add = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), "llvm.fmuladd.v16f32"
        )
        columns = [_I64(_VECTOR_BYTES * number) for number in range(vectors)]
        biases = [load(builder, builder.add(bias, column), _VECTOR) for column in columns]
        sums = [_place(builder, biases[number % vectors]) for number in range(pixels * vectors)]
        next_weights = _place(builder, weights)
        with cgutils.for_range(builder, _I64(_ROWS)) as row:
            first = builder.add(start, builder.mul(row.index, row_bytes))
            with cgutils.for_range(builder, numbers) as number:
                address = builder.add(first, builder.mul(number.index, _I64(_BYTES)))
                place = builder.load(next_weights)
                factors = [load(builder, builder.add(place, column), _VECTOR) for column in columns]
                for pixel in range(pixels):
                    window = builder.add(address, builder.mul(step, _I64(pixel)))
                    value = splatted(builder, load(builder, window, _F32), _VECTOR)
                    for vector, factor in enumerate(factors):
                        total = sums[pixel * vectors + vector]
                        added = builder.call(multiply_add, [value, factor, builder.load(total)])
                        builder.store(added, total)
                builder.store(builder.add(place, pitch), next_weights)
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        for pixel in range(pixels):
            base = builder.add(out, builder.mul(pitch, _I64(pixel)))
            for vector, column in enumerate(columns):
                total = builder.load(sums[pixel * vectors + vector])
                positive = builder.select(builder.fcmp_ordered(">", total, zero), total, zero)
                store(builder, positive, builder.add(base, column))

    return cast("Tile", operation(types.none, (types.int64,) * 8, generate))


def _place(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """Return a local variable that holds a value; LLVM turns it into a register."""
    place = cgutils.alloca_once(builder, value.type)  # type: ignore[no-untyped-call]
    builder.store(value, place)
    return place


PIXELS = 8
"""Pixels of a wide tile."""

wide_tile_1, wide_tile_2 = _tile(PIXELS, 1), _tile(PIXELS, 2)
narrow_tile_1, narrow_tile_2 = _tile(1, 1), _tile(1, 2)
